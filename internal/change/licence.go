package change

import (
	"cmp"
	"slices"

	"github.com/jackc/pgx/v5"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
)

// LicenceChange is what a change does to the accounts of an application that cost something, and what that costs.
type LicenceChange struct {
	Application string `json:"application"`
	Accounts    int    `json:"accounts"`                // enabled ones more or, negative, fewer, when everything that is planned is done
	Cents       int    `json:"monthly_cents,omitempty"` // more a month or, negative, less
	Currency    string `json:"currency,omitempty"`      // ISO 4217; "" where nobody stated what an account costs
}

// cost says how many more accounts can be signed in to when what is planned is done, and what that costs a month. It follows from the
// operations: an account that is made or enabled costs from then on, one that is disabled or deleted does not any more, and one whose
// disabling is on its way already costs nothing. A change of the price counts for every account that can be signed in to, whoever's it is.
func (p *Plan) cost(tx *db.Tx, before *catalog.Catalog) error {
	now, err := catalog.Load(tx)
	if err != nil {
		return err
	}
	prices := map[int][2]price{}
	for id, a := range now.Apps {
		was, is := priceOf(before.Apps[id]), priceOf(a)
		if is != was || p.Effect.Accounts[id] != 0 {
			prices[id] = [2]price{was, is}
		}
	}
	enabled, err := enabledAccounts(tx, prices)
	if err != nil {
		return err
	}
	p.Monthly = map[string]int{}
	for id, x := range prices {
		was, is, more := x[0], x[1], p.Effect.Accounts[id]
		name := now.Apps[id].Name
		cost := LicenceChange{Application: name, Accounts: more, Cents: more * is.cents, Currency: is.currency}
		switch {
		case was == is:
		case was.currency == is.currency:
			cost.Cents += enabled[id] * (is.cents - was.cents)
		default: // what it cost is saved, in its own currency
			cost.Cents += enabled[id] * is.cents
			if was.currency != "" {
				p.licence(LicenceChange{Application: name, Cents: -enabled[id] * was.cents, Currency: was.currency})
			}
		}
		p.licence(cost)
	}
	slices.SortFunc(p.Licences, func(a, b LicenceChange) int {
		return cmp.Or(cmp.Compare(a.Application, b.Application), cmp.Compare(b.Accounts, a.Accounts), cmp.Compare(a.Currency, b.Currency))
	})
	return nil
}

func (p *Plan) licence(c LicenceChange) {
	if c.Accounts == 0 && c.Cents == 0 {
		return
	}
	p.Licences = append(p.Licences, c)
	if c.Currency != "" {
		p.Monthly[c.Currency] += c.Cents
	}
}

type price struct {
	cents    int
	currency string
}

func priceOf(a *catalog.Application) price {
	if a == nil || a.LicenceCostCents == nil || a.LicenceCurrency == nil {
		return price{}
	}
	return price{*a.LicenceCostCents, *a.LicenceCurrency}
}

// enabledAccounts counts the accounts that the last reading saw enabled, in the applications whose price changes.
func enabledAccounts(tx *db.Tx, prices map[int][2]price) (map[int]int, error) {
	var changed []int
	for id, x := range prices {
		if x[0] != x[1] {
			changed = append(changed, id)
		}
	}
	out := map[int]int{}
	if len(changed) == 0 {
		return out, nil
	}
	rows, err := tx.Query(`select a.application_id, count(*) from account a join account_seen s on s.account_id = a.id and s.enabled
		where a.application_id = any($1) and a.native_id is not null and a.gone_at is null group by 1`, changed)
	if err != nil {
		return nil, err
	}
	var app, n int
	_, err = pgx.ForEachRow(rows, []any{&app, &n}, func() error { out[app] = n; return nil })
	return out, err
}

// SensitiveEffect is whom a change gives or takes something privileged.
type SensitiveEffect struct {
	People int               `json:"people"`
	First  []SensitivePerson `json:"first"` // by id
}

// SensitivePerson is one of them. The name is not kept with the plan: see Meet.
type SensitivePerson struct {
	Identity int      `json:"identity"`
	Name     string   `json:"person,omitempty"`
	Gains    []string `json:"gains,omitempty"`
	Loses    []string `json:"loses,omitempty"`
}

// sensitiveMost is how many people with a privileged change a plan tells one by one.
const sensitiveMost = 100

func (p *Plan) sensitive(cat *catalog.Catalog) {
	privileged := func(ids []int) []string {
		var out []string
		for _, id := range ids {
			if e := cat.Entitlements[id]; e != nil && e.Privileged {
				out = append(out, cat.Ref(id))
			}
		}
		slices.Sort(out)
		return out
	}
	var all SensitiveEffect
	for i := range p.Effect.Each {
		e := &p.Effect.Each[i]
		one := SensitivePerson{Identity: e.Identity, Gains: privileged(e.Gains), Loses: privileged(e.Loses)}
		if len(one.Gains)+len(one.Loses) == 0 {
			continue
		}
		if all.People++; all.People <= sensitiveMost {
			all.First = append(all.First, one)
		}
	}
	if all.People > 0 {
		p.Sensitive = &all
	}
}

// Meet puts the names to the people whose privileged access changes, for whoever is shown the plan.
func (p *Plan) Meet(tx *db.Tx) error {
	if p.Sensitive == nil {
		return nil
	}
	var ids []int
	for _, x := range p.Sensitive.First {
		ids = append(ids, x.Identity)
	}
	people, err := identity.People(tx, ids)
	if err != nil {
		return err
	}
	for i := range p.Sensitive.First {
		if x := people[p.Sensitive.First[i].Identity]; x != nil {
			p.Sensitive.First[i].Name = x.Name
		}
	}
	return nil
}
