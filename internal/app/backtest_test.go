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

	"github.com/google/go-cmp/cmp"

	"tenure/internal/app"
	"tenure/internal/backtest"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
)

// Histories are generated and lived through twice, in real databases: once under the policy that holds, once under a changed one that is
// applied when the time begins. What differs between the two, instant by instant, is what the backtest of the first must say.

// minus gives the lines of a that b does not have, with a sign.
func minus(a, b map[string]bool, sign string, into map[string]bool) {
	for line := range a {
		if !b[line] {
			into[sign+line] = true
		}
	}
}

// In generated histories the backtest says what differs between two companies that lived through them; under the same policy it says nothing.
func TestBacktestIsWhatTwoCompaniesLivedThrough(t *testing.T) {
	seed := rand.Uint64()
	if s, err := strconv.ParseUint(os.Getenv("TENURE_SEED"), 10, 64); err == nil {
		seed = s
	}
	found := 0
	for i := range max(2, organisations()/12) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			o, changed := generate(r), generate(r)
			changed.owner = "OWNER"
			o.grantAtOnce()
			changed.grantAtOnce()
			found += twoLives(t, o, changed.yaml(), deeds(r))
			if t.Failed() {
				t.Logf("TENURE_SEED=%d, organisation %d:\n%s\nand changed:\n%s", seed, i, o.yaml(), changed.yaml())
			}
		})
	}
	if found == 0 {
		t.Error("nothing differed at all")
	}
}

// twoLives lives through a history twice and compares with the backtest. It gives how many differences there were.
func twoLives(t *testing.T, o *organisation, changed string, history map[int]deed) int {
	now, then := newLife(t, o), newLife(t, o)
	want := map[int]map[string]bool{}
	before := map[string]bool{}
	for at := range 2*historyDays + 1 {
		d := history[at]
		d.wish = now.wish(d)
		really := now.live(at, d, false, false)
		if really && asks[d.what] {
			d.rules = now.acceptedWith(d)
		}
		also := then.live(at, d, true, really)
		if at == 2*(historyDays-replayed) {
			var owner string
			now.must(then.db.Pool.QueryRow(t.Context(), `select min(number) from identity where number <> ''`).Scan(&owner))
			changed = strings.ReplaceAll(changed, "OWNER", owner)
			then.become(changed)
		}
		a, b, differs := now.stands(), then.stands(), map[string]bool{}
		minus(b, a, ">", differs)
		minus(a, b, "<", differs)
		if at > 2*(historyDays-replayed) {
			want[at] = map[string]bool{}
			minus(differs, before, "", want[at])
			if (d.what == "join" || asks[d.what]) && really && !also {
				want[at][now.numberOf(d.who)+" refused "+map[bool]string{true: "request", false: "join"}[asks[d.what]]] = true
			}
		}
		before = differs
	}
	got, n := now.backtest(changed)
	for at, lines := range want {
		if len(lines)+len(got[at]) > 0 {
			if diff := cmp.Diff(slices.Sorted(maps.Keys(lines)), slices.Sorted(maps.Keys(got[at]))); diff != "" {
				t.Errorf("day %d.%d, %+v (-want +got):\n%s", at/2, at%2, history[at], diff)
			}
		}
	}
	if _, none := now.backtest(o.yaml()); none != 0 {
		t.Errorf("the policy that holds makes %d differences to itself", none)
	}
	kinds := map[string]int{}
	for _, lines := range want {
		for l := range lines {
			_, word, _ := strings.Cut(l, " ")
			if l[0] != '<' && l[0] != '>' {
				kinds[word]++
			} else {
				kinds[l[:1]+word[:1]]++
			}
		}
	}
	t.Logf("%d differences: %v; requests: %v", n, kinds, now.told())
	return n
}

// backtest gives what a backtest says, in the form of the oracle.
func (l *life) backtest(body string) (out map[int]map[string]bool, n int) {
	l.t.Helper()
	var c *change.Candidate
	l.tx(db.Operator, func(tx *db.Tx) (err error) {
		c, err = change.Suppose(tx, change.Proposal{Body: body, Prune: true}, app.ChangeDeps())
		return err
	})
	number := map[int]string{}
	for label, id := range l.labels {
		number[id] = l.numberOf(label)
	}
	out = map[int]map[string]bool{}
	sum, err := backtest.Run(l.t.Context(), l.db, c, replayed, func(string, int, int) error { return nil }, func(d *backtest.Difference) error {
		n++
		at := int(d.At.Sub(historyStart).Hours()) / 12
		if out[at] == nil {
			out[at] = map[string]bool{}
		}
		add := func(sign string, all []string) {
			for _, x := range all {
				out[at][sign[:1]+number[d.Identity]+" "+sign[1:]+x] = true
			}
		}
		add(">+", d.Gains)
		add("<+", d.Lacks)
		add(">!", d.Breaks)
		add("<!", d.Spares)
		for sign, all := range map[string][]backtest.Kept{">?": d.Withheld, "<?": d.Freed} {
			for _, k := range all {
				add(sign, []string{k.Entitlement + " " + k.Rule})
			}
		}
		if len(d.Refused) > 0 {
			out[at][number[d.Identity]+" refused "+map[bool]string{true: "request", false: "join"}[d.Request != 0]] = true
		}
		return nil
	})
	l.must(err)
	if sum.Differences != n {
		l.t.Errorf("%d differences were told and %d counted", n, sum.Differences)
	}
	return out, n
}

// A readable one: who sells keeps no books any more, and that would have blocked a membership and shortened a hand-over.
func TestBacktestOfAnSoDRule(t *testing.T) {
	w := staff(t)
	w.do(&step{On: "2024-03-10", HR: map[string]fields{"dea": {"number": "104", "first_name": "Dea", "last_name": "Fox", "first_day": "2024-03-10", "department": "Sales"}}})
	w.do(&step{On: "2024-03-12", HR: map[string]fields{"ben": {"department": "Sales"}}})
	w.do(&step{On: "2024-03-15", Join: &joining{Who: "ada", Role: "Finance"}})
	w.do(&step{On: "2024-03-20", HR: map[string]fields{"ada": {"location": "Berlin"}}}) // under either policy; the membership was never there under one
	w.do(&step{On: "2024-04-01"})
	body := `kind: Duty
name: sell
spec: {entitlements: [directory/crm]}
---
kind: Duty
name: book
spec: {entitlements: [directory/ledger]}
---
kind: SoDRule
name: sell and book
spec: {duties: [sell, book], reaction: refuse}
---
kind: BirthrightRule
name: newcomers
spec: {when: 'department == "Sales"', entitlements: [directory/vpn]}
`
	silent := func(string, int, int) error { return nil }
	res, err := app.Backtest(t.Context(), w.db, db.Operator, change.Proposal{Body: body}, 25, silent)
	w.must(err)
	var got []string
	for _, d := range res.Differences {
		name := ""
		for label, id := range w.labels {
			if id == d.Identity {
				name = label
			}
		}
		got = append(got, fmt.Sprintf("%s %s %s: %s", d.At.Format(time.DateOnly), name, d.What, strings.Join(d.Words(), "; ")))
	}
	slices.Sort(got)
	want := []string{
		"2024-03-10 dea joined: + directory/vpn",
		"2024-03-12 ben moved: + directory/vpn; - directory/ledger", // no hand-over of what must not be combined
		"2024-03-15 ada member: - directory/ledger; not a member of Finance because of sell and book",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s := res.Summary
	if s.Memberships != 1 || s.Refused["sell and book"] != 1 || s.People != 3 || s.Differing != 3 || s.Lacks["directory/ledger"] != 2 {
		t.Errorf("%+v", s)
	}
	if res, err = app.Backtest(t.Context(), w.db, db.Operator, change.Proposal{Body: body}, 10, silent); err != nil || len(res.Differences) != 0 {
		t.Errorf("nothing happened in the last ten days, and it finds %+v, %v", res.Differences, err)
	}
	var text string
	w.tx(db.System, func(tx *db.Tx) (err error) { text, err = change.Export(tx); return err })
	if _, err := app.Backtest(t.Context(), w.db, db.Operator, change.Proposal{Body: text}, 25, silent); errs.KindOf(err) != errs.KindConflict {
		t.Errorf("the policy that holds is compared with itself: %v", err)
	}
	if _, err := app.Backtest(t.Context(), w.db, db.Operator, change.Proposal{Body: body}, 400, silent); errs.KindOf(err) != errs.KindInvalid {
		t.Errorf("400 days are replayed: %v", err)
	}
	if n := w.number(`select count(*) from policy_object where name = 'sell and book'`); n != 0 {
		t.Error("a backtest changed the policy")
	}
}

// BenchmarkBacktest replays 90 days of 50,000 people who hold twenty entitlements each; two in five were moved once.
func BenchmarkBacktest(b *testing.B) {
	const people, departments = 50_000, 60
	d := dbtest.New(b)
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	var ents, docs []string
	for i := range 10 + 10*departments {
		ents = append(ents, fmt.Sprintf("{name: e%d}", i))
	}
	docs = append(docs, "kind: Application\nname: one\nspec: {connector: scim, config: {base_url: \"http://127.0.0.1:1\", auth: none}, entitlements: ["+strings.Join(ents, ", ")+"]}\n")
	rule := func(name, when string, first int) {
		var all []string
		for i := range 10 {
			all = append(all, fmt.Sprintf("one/e%d", first+i))
		}
		docs = append(docs, fmt.Sprintf("kind: BirthrightRule\nname: %s\nspec: {when: '%s', entitlements: [%s]}\n", name, when, strings.Join(all, ", ")))
	}
	rule("everybody", "true", 0)
	for n := range departments {
		rule(fmt.Sprintf("d%d", n), fmt.Sprintf(`department == "d%d"`, n), 10+10*n)
		docs = append(docs, fmt.Sprintf("kind: Duty\nname: duty%d\nspec: {entitlements: [one/e%d]}\n", n, 10+10*n))
	}
	for n := range departments - 1 {
		docs = append(docs, fmt.Sprintf("kind: SoDRule\nname: never%d\nspec: {duties: [duty%d, duty%d]}\n", n, n, n+1))
	}
	must(d.Do(b.Context(), db.Operator, func(tx *db.Tx) error {
		f, err := change.ReadText(strings.Join(docs, "---\n"))
		if err == nil {
			_, err = change.Apply(tx, f, app.ChangeDeps())
		}
		return err
	}))
	owner := dbtest.Owner(b, d)
	for _, sql := range []string{`set session_replication_role = replica`,
		fmt.Sprintf(`insert into identity (state, since, name, number, key_id) select 'active', now() - interval '1 year', 'P' || i, i::text, 0 from generate_series(1, %d) i`, people),
		`insert into employment (identity_id, source_id, source_key) select id, 1, id::text from identity`,
		fmt.Sprintf(`insert into employment_version (employment_id, identity_id, status, first_day, zone, starts_at, attrs, valid_from, valid_to, known_from, known_to)
			select e.id, e.identity_id, 'active', current_date - 365, 'UTC', now() - interval '1 year', jsonb_build_object('department', 'd' || (e.id + (x.n = 1)::int) %% %d), case when x.n = 1 then x.moved else now() - interval '1 year' end, case when x.n = 0 then x.moved else 'infinity' end, case x.n when 2 then now() - interval '1 year' else x.moved end,
				case x.n when 2 then x.moved else 'infinity' end
			from employment e, lateral (select n, now() - e.id %% 80 * interval '1 day' as moved from generate_series(0, 2) n) x where e.id %% 5 < 2`, departments),
		fmt.Sprintf(`insert into employment_version (employment_id, identity_id, status, first_day, zone, starts_at, attrs, valid_from, known_from)
			select e.id, e.identity_id, 'active', current_date - 365, 'UTC', now() - interval '1 year', jsonb_build_object('department', 'd' || e.id %% %d), now() - interval '1 year', now() - interval '1 year' from employment e where e.id %% 5 >= 2`, departments),
		`insert into reason (identity_id, entitlement_id, kind, ref, employment_id, valid_from, known_from)
			select v.identity_id, x::int, 'birthright', o.id, v.employment_id, v.valid_from, now() - interval '1 year' from employment_version v join policy_object o on o.kind = 'rule' and o.name in ('everybody', v.attrs->>'department')
				join policy_spec s on s.object_id = o.id and s.to_version is null, jsonb_array_elements_text(s.spec->'entitlement_ids') x where v.valid_from < now() - interval '200 days' and v.known_from < now() - interval '200 days'`,
		`analyze`} {
		_, err := owner.Exec(b.Context(), sql)
		must(err)
	}
	var c *change.Candidate
	must(d.Do(b.Context(), db.Operator, func(tx *db.Tx) (err error) {
		c, err = change.Suppose(tx, change.Proposal{Body: "kind: BirthrightRule\nname: d1\nspec: {when: 'department == \"d1\" || department == \"d2\"', entitlements: [one/e20]}\n"}, app.ChangeDeps())
		return err
	}))
	for b.Loop() {
		begun := time.Now()
		s, err := backtest.Run(b.Context(), d, c, 90, func(string, int, int) error { return nil }, func(*backtest.Difference) error { return nil })
		must(err)
		b.ReportMetric(float64(s.Instants)/time.Since(begun).Seconds(), "instants/s")
		b.ReportMetric(float64(s.People), "people")
		b.ReportMetric(float64(s.Differences), "differences")
	}
}
