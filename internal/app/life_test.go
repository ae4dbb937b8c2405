package app_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tenure/internal/app"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/lifecycle"
)

// deed is one thing that happens in a generated history, to one person.
type deed struct {
	who   string
	row   fields // of the HR file; nil with gone: not in it any more
	gone  bool
	what  string // terminate, reinstate, join, leave, accept, end, grant, extend, level, back
	role  string
	rule  string
	until int // days

	wish  wished
	rules []string // that compliance accepted with a request, in the first company
}

const (
	historyDays = 44
	replayed    = 24 // of them, the last
)

var historyStart = time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)

// midnight is the beginning of a day of the history.
func midnight(day int) time.Time { return historyStart.AddDate(0, 0, day) }

// deeds generates what happens: HR at midnight, people at noon. Index 2*day is midnight, 2*day+1 noon; never at the instant at which the
// time that is replayed begins. HR says nothing of somebody at the instant at which something falls due that it said before: a company lives
// through the one and then the other, and for the backtest an instant is one.
func deeds(r *rand.Rand) map[int]deed {
	names := []string{"ada", "ben", "cem", "dea", "eli", "fay", "gus"}
	out, left := map[int]deed{}, map[string]bool{}
	var asked []deed
	falls := map[string]bool{} // "ada 41": a date of hers that HR said
	dated := func(name string, row fields, field string, day int) {
		if key := fmt.Sprint(name, " ", day); !falls[key] {
			falls[key] = true
			row[field] = midnight(day).Format(time.DateOnly)
		}
	}
	person := func(n int) fields {
		f := fields{"number": strconv.Itoa(100 + n), "first_name": strings.ToUpper(names[n][:1]) + names[n][1:], "last_name": "Test", "first_day": "2020-01-01"}
		scramble(r, f)
		return f
	}
	for i, name := range names {
		at := 2 * i
		if r.IntN(4) == 0 {
			at = 2 * (historyDays - replayed + 1 + r.IntN(replayed-2))
		}
		for out[at].who != "" {
			at += 2
		}
		f := person(i)
		if at > 2*len(names) && r.IntN(2) == 0 {
			dated(name, f, "first_day", at/2+r.IntN(5))
		}
		out[at] = deed{who: name, row: f}
	}
	for at := 2 * len(names); at < 2*historyDays; at++ {
		if at == 2*(historyDays-replayed) || out[at].who != "" || r.IntN(4) >= 2+at%2 { // three of four noons
			continue
		}
		name := names[r.IntN(len(names))]
		if at%2 == 0 {
			if falls[fmt.Sprint(name, " ", at/2)] {
				continue
			}
			d := deed{who: name, row: fields{}}
			switch r.IntN(8) {
			case 0:
				d.gone = !left[name]
				left[name] = d.gone
			case 1:
				d.row["status"] = []string{"leave", "active"}[r.IntN(2)]
			case 2:
				dated(name, d.row, "last_day", at/2+r.IntN(6)-2)
			case 3:
				scramble(r, d.row)
				dated(name, d.row, "effective", at/2+r.IntN(7)-2)
			default:
				scramble(r, d.row)
			}
			out[at] = d
			continue
		}
		d := deed{who: name, what: []string{"terminate", "reinstate", "reinstate", "join", "join", "join", "leave", "accept", "accept", "end", "grant", "grant", "grant", "grant", "extend", "level", "back"}[r.IntN(17)],
			role: fmt.Sprintf("R%d", r.IntN(3)), rule: fmt.Sprintf("S%d", r.IntN(3)), until: 1 + r.IntN(20), wish: wished{offer: fmt.Sprintf("O%d", r.IntN(2)), level: fmt.Sprintf("l%d", r.IntN(2))}}
		switch {
		case d.what == "grant":
			asked = append(asked, d)
		case (asks[d.what] || d.what == "back") && len(asked) > 0: // by somebody who asked before
			of := asked[r.IntN(len(asked))]
			d.who, d.wish.offer = of.who, of.wish.offer
		}
		out[at] = d
	}
	return out
}

// scramble gives somebody another job.
func scramble(r *rand.Rand, f fields) {
	for _, name := range slices.Sorted(maps.Keys(vocabulary)) { // in order: a seed gives one history
		if values := vocabulary[name]; r.IntN(3) > 0 {
			f[name] = values[r.IntN(len(values))]
		}
	}
}

// life is a company that lives through a history.
type life struct {
	*world
	gone map[string]fields
}

func newLife(t *testing.T, o *organisation) *life {
	l := &life{world: &world{t: t, db: dbtest.Replay(t), zone: "UTC", file: map[string]fields{}, labels: map[string]int{}, started: true}, gone: map[string]fields{}}
	l.hr = app.NewHR(l.db)
	var ents [2][]string
	for i := range generatedEntitlements {
		ents[i%2] = append(ents[i%2], fmt.Sprintf("{name: e%d, handover_days: %d, privileged: %t, attributes: {of: %q}}", i, []int{0, 0, 7, 3}[i%4], i%4 == 0, of(i)))
	}
	text, err := os.ReadFile("testdata/sequences/policy/company.yaml")
	l.must(err)
	source, _, _ := strings.Cut(string(text), "---")
	source = strings.Replace(strings.Replace(source, "ZONE", "UTC", 1), "type: file", "type: file\n  brake: {rows_percent: 90, leavers_count: 50, movers_count: 50, leavers_percent: 90, movers_percent: 90}", 1)
	l.apply(source + "---\nkind: Application\nname: one\nspec: {connector: scim, config: {base_url: \"http://127.0.0.1:1\", auth: none}, entitlements: [" + strings.Join(ents[0], ", ") + "]}\n" +
		"---\nkind: Application\nname: two\nspec: {connector: scim, config: {base_url: \"http://127.0.0.1:1\", auth: none}, entitlements: [" + strings.Join(ents[1], ", ") + "]}\n---\n" + o.yaml())
	l.begin(historyStart.AddDate(0, 0, -1))
	l.tx(db.Operator, func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into portal_role (identity_id, role) values ($1, 'compliance')`, l.second.Identity)
		tx.Record(evidence.Event{Kind: "portal_role.given", IdentityID: l.second.Identity, Touches: evidence.Touches{"portal_role": 1}})
		return err
	})
	return l
}

// become makes another policy the one that holds.
func (l *life) become(body string) {
	l.t.Helper()
	l.tx(db.Operator, func(tx *db.Tx) error {
		f, err := change.ReadText(body)
		if err != nil {
			return err
		}
		deps := app.ChangeDeps()
		deps.Prune, deps.Override = true, &change.Override{Rehearsal: true}
		_, err = change.Apply(tx, f, deps)
		return err
	})
}

// stands is how everybody stands: "ada +one/e0", "ada !S1", "ada ?one/e2 S1".
func (l *life) stands() map[string]bool {
	l.t.Helper()
	out := map[string]bool{}
	rows, err := l.db.Pool.Query(l.t.Context(), `select i.number || ' +' || a.name || '/' || e.name from reason r join identity i on i.id = r.identity_id join entitlement e on e.id = r.entitlement_id
				join application a on a.id = e.application_id where r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= (select at from clock) and r.valid_to > (select at from clock)
		union select i.number || ' !' || o.name from violation v join identity i on i.id = v.identity_id join policy_object o on o.id = v.rule_id where v.state <> 'resolved'
		union select i.number || ' ?' || a.name || '/' || e.name || ' ' || o.name from withheld h join identity i on i.id = h.identity_id join entitlement e on e.id = h.entitlement_id
				join application a on a.id = e.application_id join policy_object o on o.id = h.rule_id`)
	l.must(err)
	for rows.Next() {
		var line string
		l.must(rows.Scan(&line))
		out[line] = true
	}
	l.must(rows.Err())
	return out
}

// live lets the instant of an index come, with what happens then, and says whether it did. What people did not do in the first company
// they do not do in the second, where really says that it happened in the first.
func (l *life) live(at int, d deed, second, really bool) bool {
	l.t.Helper()
	now := midnight(at / 2).Add(time.Duration(at%2) * 12 * time.Hour)
	if d.what == "" && d.who != "" && (d.row != nil || d.gone) {
		l.hire(d)
		l.upload(now)
		if l.labels[d.who] == 0 {
			l.labels[d.who] = l.find(l.file[d.who]["number"])
		}
		return true
	}
	l.tx(db.System, func(tx *db.Tx) error { _, err := lifecycle.RunDue(tx, now); return err })
	who := l.labels[d.who]
	if d.what == "" || who == 0 || second && !really {
		return false
	}
	if asks[d.what] {
		return l.ask(who, d, now, second)
	}
	return l.db.Do(l.t.Context(), l.admin, func(tx *db.Tx) error { return l.decide(tx, who, d, now, really) }) == nil
}

// hire changes the HR file.
func (l *life) hire(d deed) {
	switch {
	case d.gone:
		l.gone[d.who] = l.file[d.who]
		delete(l.file, d.who)
		return
	case l.gone[d.who] != nil && l.file[d.who] == nil:
		l.file[d.who] = l.gone[d.who]
	case l.file[d.who] == nil && d.row["number"] == "":
		return
	case l.file[d.who] == nil:
		l.file[d.who] = fields{}
	}
	delete(l.file[d.who], "effective")
	maps.Copy(l.file[d.who], d.row)
}

// decide does what a person decides. An exception for which there is no conflict here, and was in the first company, is written as it was
// there.
func (l *life) decide(tx *db.Tx, who int, d deed, now time.Time, really bool) error {
	id := func(kind, name string) (id int, err error) {
		err = tx.QueryRow(`select o.id from policy_object o where kind = $1 and name = $2`, kind, name).Scan(&id)
		return id, err
	}
	until := midnight(0).AddDate(0, 0, int(now.Sub(midnight(0)).Hours()/24)+d.until)
	switch d.what {
	case "terminate":
		_, err := lifecycle.Terminate(tx, who, "dismissed")
		return err
	case "reinstate":
		tx.Actor = l.second
		_, err := lifecycle.Reinstate(tx, who, "an error")
		return err
	case "back":
		return l.giveBack(tx, who, d.wish.offer)
	case "join", "leave":
		role, err := id("role", d.role)
		if err != nil {
			return errs.Forbidden("no role: %v", err)
		}
		if d.what == "leave" {
			_, err = lifecycle.Leave(tx, who, role, "", "the project is over")
			return err
		}
		m := lifecycle.Membership{Role: role, Reason: "the project needs it", To: until}
		if d.until%3 == 0 {
			m.From = now.AddDate(0, 0, 2).Add(-12 * time.Hour)
			m.To = m.To.AddDate(0, 0, 3)
		}
		_, err = lifecycle.Join(tx, who, m)
		return err
	}
	rule, err := id("sod", d.rule)
	if err != nil {
		return errs.Forbidden("no rule: %v", err)
	}
	if d.what == "end" {
		_, err := lifecycle.EndException(tx, who, rule, "not any more")
		return err
	}
	_, err = lifecycle.Accept(tx, who, lifecycle.Acceptance{Rule: rule, Control: "looked at", Reason: "needed", Until: until})
	if err == nil || !really {
		return err
	}
	return l.accepted(tx, who, rule, now, until)
}

// accepted writes an exception as it is in the first company.
func (l *life) accepted(tx *db.Tx, who, rule int, now, until time.Time) error {
	if _, err := tx.Exec(`update exception set ended_at = now(), ended_because = 'replaced' where identity_id = $1 and rule_id = $2 and ended_at is null`, who, rule); err != nil {
		return err
	}
	if _, err := tx.Exec(`insert into exception (identity_id, rule_id, control, reason, valid_from, valid_to, accepted_by, accepted_identity) values ($1, $2, 'x', 'x', $3, $4, $5, $6)`,
		who, rule, now, until, tx.Actor.ID, tx.Actor.Identity); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "exception.accepted", IdentityID: who, Touches: evidence.Touches{"exception": 1}, Facts: map[string]any{}})
	_, err := lifecycle.SettleIDs(tx, []int{who}, lifecycle.Cause{What: "exception", Ref: rule})
	return err
}

func (l *life) numberOf(label string) string {
	if f := l.file[label]; f != nil {
		return f["number"]
	}
	return l.gone[label]["number"]
}
