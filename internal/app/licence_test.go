package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tenure/internal/app"
	"tenure/internal/change"
	"tenure/internal/db"
)

// paid are people in every state that matters to licences: at work, on leave, gone, not here yet, with an account already and without.
func paid(t *testing.T) *world {
	w := newWorld(t, "UTC")
	row := func(n, name, department string) fields {
		return fields{"number": n, "first_name": name, "last_name": "Test", "first_day": "2020-01-01", "department": department}
	}
	away, late := row("104", "Dea", "Finance"), row("106", "Fay", "Finance")
	away["status"], late["first_day"] = "leave", "2024-09-01"
	w.do(&step{On: "2024-03-01", HR: map[string]fields{"ada": row("101", "Ada", "Sales"), "ben": row("102", "Ben", "Finance"), "cem": row("103", "Cem", "Finance"), "dea": away,
		"eli": row("105", "Eli", "Finance"), "fay": late, "gus": row("107", "Gus", "Design")}})
	w.do(&step{On: "2024-03-02", Gone: []string{"eli"}}) // leaves, with an account that is kept disabled
	for name, price := range map[string]string{"directory": "12.50", "chat": "4"} {
		w.price(name, "{monthly: "+price+", currency: EUR}")
	}
	return w
}

// declaration gives an application's document as it is declared.
func (w *world) declaration(name string) (text string) {
	w.t.Helper()
	w.must(w.db.Read(w.t.Context(), func(tx *db.Tx) (err error) { text, err = change.Document(tx, change.KindApplication, name); return err }))
	return text
}

func (w *world) price(name, licence string) *change.Plan {
	w.t.Helper()
	var lines []string
	var plan *change.Plan
	for _, l := range strings.Split(strings.TrimSpace(w.declaration(name)), "\n") {
		switch {
		case strings.HasPrefix(l, "  licence:"), strings.HasPrefix(l, "    monthly:"), strings.HasPrefix(l, "    currency:"):
		case l == "spec:":
			lines = append(lines, l, "  licence: "+licence)
		default:
			lines = append(lines, l)
		}
	}
	w.tx(db.Operator, func(tx *db.Tx) error {
		f, err := change.ReadText(strings.Join(lines, "\n"))
		if err == nil {
			plan, err = change.Apply(tx, f, app.ChangeDeps())
		}
		return err
	})
	return plan
}

// enabled counts what the targets show.
func (w *world) enabled() map[string]int {
	w.t.Helper()
	out := map[string]int{}
	rows, err := w.db.Pool.Query(w.t.Context(), `select p.name, count(*) from account a join account_seen s on s.account_id = a.id and s.enabled join application p on p.id = a.application_id
		where a.gone_at is null group by 1`)
	w.must(err)
	var name string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&name, &n}, func() error { out[name] = n; return nil })
	w.must(err)
	return out
}

// What a plan says of accounts and their cost is what the targets show when it was carried out: who is on leave, has left, is not here
// yet or has the account already makes no difference.
func TestLicenceCostOfAPlan(t *testing.T) {
	for name, c := range map[string]struct {
		body    string
		want    []change.LicenceChange
		monthly map[string]int
	}{
		"accounts more": {"kind: BirthrightRule\nname: all\nspec: {when: 'department != \"Archive\"', entitlements: [chat/design]}\n",
			[]change.LicenceChange{{Application: "chat", Accounts: 3, Cents: 1200, Currency: "EUR"}}, map[string]int{"EUR": 1200}},
		"accounts fewer": {"kind: BirthrightRule\nname: everybody\nends: true\n---\nkind: BirthrightRule\nname: finance\nends: true\n",
			[]change.LicenceChange{{Application: "directory", Accounts: -3, Cents: -3750, Currency: "EUR"}}, map[string]int{"EUR": -3750}},
		"one against the other": {"kind: BirthrightRule\nname: everybody\nspec: {when: 'department == \"Sales\"', entitlements: [chat]}\n---\nkind: BirthrightRule\nname: finance\nends: true\n---\nkind: BirthrightRule\nname: designers\nends: true\n",
			[]change.LicenceChange{{Application: "directory", Accounts: -3, Cents: -3750, Currency: "EUR"}}, map[string]int{"EUR": -3750}},
		"no account": {"kind: BirthrightRule\nname: clerks\nspec: {when: 'department == \"Finance\"', entitlements: [directory/crm]}\n", nil, map[string]int{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := paid(t)
			before := w.enabled()
			s := w.draft(w.admin, c.body)
			if diff := cmp.Diff(c.want, s.Plan.Licences); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.monthly, s.Plan.Monthly); diff != "" && len(c.monthly)+len(s.Plan.Monthly) > 0 {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if s, err := w.approve(w.second, s.ID); err != nil || s.State != change.Applied {
				t.Fatal(err, s)
			}
			w.carry()
			after := w.enabled()
			for app, n := range after {
				before[app] -= n
			}
			for _, l := range s.Plan.Licences {
				before[l.Application] += l.Accounts
			}
			for app, n := range before {
				if n != 0 {
					t.Errorf("%s: the plan is off by %d from what the target shows, %d", app, n, after[app])
				}
			}
		})
	}
}

// A price that changes counts for every account that can be signed in to, and a plan tells nobody's account twice.
func TestLicenceCostOfAPrice(t *testing.T) {
	w := paid(t)
	n := w.enabled()["directory"]
	if n < 4 {
		t.Fatalf("%d accounts", n)
	}
	for _, c := range []struct {
		licence string
		want    map[string]int
	}{{"{monthly: 13, currency: EUR}", map[string]int{"EUR": n * 50}}, {"{monthly: 14.25, currency: USD}", map[string]int{"EUR": -n * 1300, "USD": n * 1425}},
		{"{monthly: 0, currency: USD}", map[string]int{"USD": -n * 1425}}} {
		if plan := w.price("directory", c.licence); !cmp.Equal(plan.Monthly, c.want) {
			t.Errorf("%s: %v, want %v", c.licence, plan.Monthly, c.want)
		}
	}
}

// Disabling that is on its way costs nothing already, and a plan that calls it off costs again.
func TestLicenceCostOfWhatIsOnItsWay(t *testing.T) {
	w := paid(t)
	w.apply("kind: BirthrightRule\nname: designers\nends: true\n") // not carried
	s := w.draft(w.admin, "kind: BirthrightRule\nname: designers\nspec: {when: 'department in [\"Design\", \"Sales\"]', entitlements: [chat/design]}\n")
	if got := fmt.Sprint(s.Plan.Licences); got != "[{chat 2 800 EUR}]" {
		t.Error(got)
	}
	if s.Plan.Sensitive != nil {
		t.Errorf("nothing of it is privileged: %+v", s.Plan.Sensitive)
	}
}

// Whose privileged access changes is told by name.
func TestAPlanNamesWhosePrivilegedAccessChanges(t *testing.T) {
	w := staff(t)
	s := w.draft(w.admin, twoDuties)
	w.must(w.db.Read(t.Context(), func(tx *db.Tx) error { return s.Plan.Meet(tx) }))
	if p := s.Plan.Sensitive; p == nil || p.People != 1 || p.First[0].Name != "Cem Kaya" || fmt.Sprint(p.First[0].Gains, p.First[0].Loses) != "[] [directory/ledger-admin]" {
		t.Errorf("%+v", p)
	}
}
