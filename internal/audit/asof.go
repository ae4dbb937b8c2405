package audit

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
)

// Ask says whose access is asked for, and to what, at a moment of the past. People who left are people like the others.
type Ask struct {
	Moment                // At is set; a zero Known is now
	Than        time.Time // compared with this date as well; zero for none
	People      []int     // nil for everybody, or whoever held what is asked for
	Application int       // 0 for all
	Entitlement int       // 0 for all; else Application is its application
}

// Bearer is one person at the moment that is asked for.
type Bearer struct {
	Person *identity.Person
	Then   Work
	Before *Work  // at the earlier of two dates; nil where one is asked for
	Lines  []Line // by application and entitlement
}

// Work is what somebody's work was at an instant, as was known.
type Work struct {
	State   identity.State
	Job     *identity.Version // the employment that spoke for them; nil where HR had not told of them
	Manager *identity.Person  // nil for none
}

// Line is one grant. Of two dates it says what became of it from the earlier to the later one.
type Line struct {
	Change string `json:"change,omitempty"` // Gained, Lost, Kept
	Grant
}

// What became of a grant between two dates.
const (
	Gained = "gained"
	Lost   = "lost"
	Kept   = "kept"
)

// Deed is what somebody decided that a reason rests on, and when.
type Deed struct {
	Who string    `json:"who"`
	Did string    `json:"did"`
	At  time.Time `json:"at"`
}

// What was done.
const (
	Approved      = "approved"
	MadeMember    = "made them a member"
	Accepted      = "accepted it"
	PlannedPolicy = "planned the policy"
	AppliedPolicy = "applied the policy"
)

// askedAtOnce is of how many people a part of a long answer tells.
const askedAtOnce = 500

// dates are the instants asked for, the later one last.
func (a *Ask) dates() []time.Time {
	switch {
	case a.Than.IsZero() || a.Than.Equal(a.At):
		return []time.Time{a.At}
	case a.Than.Before(a.At):
		return []time.Time{a.Than, a.At}
	}
	return []time.Time{a.At, a.Than}
}

// seen is up to when readings count: what was read later was not known.
func (a *Ask) seen(at time.Time) time.Time {
	if !a.Known.IsZero() && a.Known.Before(at) {
		return a.Known
	}
	return at
}

// filter is a condition on its way: arguments are numbered as they come.
type filter struct {
	where []string
	args  []any
}

func (f *filter) arg(v any) string {
	f.args = append(f.args, v)
	return fmt.Sprintf("$%d", len(f.args))
}

// believed is the condition on a bitemporal row of the table alias that it was believed when the asker wants to know.
func (a *Ask) believed(f *filter, alias string) string {
	if a.Known.IsZero() {
		return alias + ".known_to = 'infinity'"
	}
	k := f.arg(a.Known)
	return alias + ".known_from <= " + k + " and " + alias + ".known_to > " + k
}

// entitlements are those asked for with what explains them: the login comes with whatever else is held in its application.
func (a *Ask) entitlements(cat *catalog.Catalog) []int {
	if a.Application == 0 {
		return nil
	}
	var out []int
	for _, e := range cat.Of(a.Application) {
		out = append(out, e.ID)
	}
	return out
}

// among narrows to those who held what is asked for at one of the dates.
func (a *Ask) among(f *filter, cat *catalog.Catalog) {
	if a.People != nil {
		f.where = append(f.where, "i.id = any("+f.arg(a.People)+")")
		return
	}
	f.where = append(f.where, "i.kind = 'person'")
	if a.Application == 0 {
		return
	}
	of := []int{a.Entitlement}
	if a.Entitlement == 0 {
		of = a.entitlements(cat)
	}
	e := f.arg(of)
	var parts []string
	for _, at := range a.dates() {
		t := f.arg(at)
		parts = append(parts, `select r.identity_id from reason r where r.entitlement_id = any(`+e+`::int[]) and r.state = 'live' and r.valid_from <= `+t+` and r.valid_to > `+t+` and `+a.believed(f, "r"),
			`select l.identity_id `+shownThen(f.arg(a.seen(at)))+` and o.entitlement_id = any(`+e+`::int[])`)
	}
	f.where = append(f.where, "i.id in ("+strings.Join(parts, " union ")+")")
}

// shownThen is what readings up to an instant showed last, of accounts that belonged to somebody then.
func shownThen(at string) string {
	return `from account_link l join account c on c.id = l.account_id join observed o on o.account_id = l.account_id join reading d on d.id = o.seen_from
		left join reading t on t.id = o.seen_to
		where l.known_from <= ` + at + ` and l.known_to > ` + at + ` and d.started_at <= ` + at + ` and (t.id is null or t.started_at > ` + at + `)`
}

var bearerKeys = map[string]db.Key{"name": {Expr: "lower(i.name)", Type: "text"}}

// Page gives one page of people by name, and the place of each (for db.Page.After). more says whether there are others in the
// direction that was read.
func (a Ask) Page(tx *db.Tx, page db.Page) (all []*Bearer, places [][]string, more bool, err error) {
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, nil, false, err
	}
	f := &filter{}
	a.among(f, cat)
	page.Sort, page.Desc = "name", false
	where, tail, args := page.Keyset(bearerKeys, "i.id", len(f.args)+1)
	rows, err := tx.Query(`select i.id, lower(i.name) from identity i where `+strings.Join(f.where, " and ")+` and `+where+tail, append(f.args, args...)...)
	if err != nil {
		return nil, nil, false, err
	}
	var ids []int
	var id int
	var name string
	if _, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error {
		ids, places = append(ids, id), append(places, []string{name, db.PlaceID(id)})
		return nil
	}); err != nil {
		return nil, nil, false, err
	}
	places, more = db.Cut(page, places)
	if len(ids) > page.Limit {
		ids = ids[:page.Limit]
	}
	if page.Back {
		slices.Reverse(ids)
	}
	all, err = a.tell(tx, cat, ids)
	return all, places, more, err
}

// Each gives all of them by name, a part at a time: for files.
func (a Ask) Each(tx *db.Tx) iter.Seq2[*Bearer, error] {
	return func(yield func(*Bearer, error) bool) {
		cat, err := catalog.Load(tx)
		if err != nil {
			yield(nil, err)
			return
		}
		f := &filter{}
		a.among(f, cat)
		rows, err := tx.Query(`select i.id from identity i where `+strings.Join(f.where, " and ")+` order by lower(i.name), i.id`, f.args...)
		if err != nil {
			yield(nil, err)
			return
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int])
		if err != nil {
			yield(nil, err)
			return
		}
		for part := range slices.Chunk(ids, askedAtOnce) {
			all, err := a.tell(tx, cat, part)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, b := range all {
				if !yield(b, nil) {
					return
				}
			}
		}
	}
}

// PolicyThen is the version of the policy that was in force at a moment.
type PolicyThen struct {
	Version int       `json:"version"`
	Applied time.Time `json:"applied_at"`
	By      string    `json:"by"`
}

// PolicyAt gives it; nil where none had been applied. Versions have the time at which they were applied and no other, so that in a database
// whose business time was moved by hand there is none for most of its past.
func PolicyAt(tx *db.Tx, m Moment) (*PolicyThen, error) {
	a := Ask{Moment: m}
	rows, err := tx.Query(`select v.id, v.applied_at, a.name from policy_version v join actor a on a.id = v.actor_id where v.applied_at <= $1 order by v.id desc limit 1`, a.seen(m.At))
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[PolicyThen])
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// About narrows to an application ("crm") or to something in it, as a policy file calls it ("crm/staff").
func (a *Ask) About(cat *catalog.Catalog, ref string) error {
	if app := cat.AppNamed[ref]; app != nil {
		a.Application, a.Entitlement = app.ID, 0
		return nil
	}
	e, err := cat.Find(ref)
	if err == nil {
		a.Application, a.Entitlement = e.ApplicationID, e.ID
	}
	return err
}
