package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/app"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/hr"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	"tenure/internal/request"
)

// Asking for access and deciding it, as the portal does it, with everything: locks, the policy's snapshot, SoD, the event, messages, what
// follows for the person. The floor sends the very statements of each act, copied rows included, in the same round trips to a twin of the
// database, made of the same files before the first act: so the same ids are free there, and every row it writes is as new as the product's.

// Requests is what was measured with one number of people.
type Requests struct {
	People int           `json:"people"`
	Acts   []*RequestAct `json:"acts"`
}

// RequestAct is one kind of act.
type RequestAct struct {
	Name    string  `json:"name"`
	Ratio   Spread  `json:"ratio"` // floor / product, over all acts of a repetition
	Product Spread  `json:"product_p95_seconds"`
	Median  Spread  `json:"product_p50_seconds"`
	Floor   Spread  `json:"floor_p95_seconds"`
	Bare    Spread  `json:"floor_p50_seconds"`
	Queries int     `json:"statements"` // of the act that asks most
	Trips   int     `json:"trips"`
	Goal    float64 `json:"goal,omitempty"` // 0: none at this size
	Met     bool    `json:"met"`

	product, floor           []float64 // of the repetition under way
	ratios, p95, p50, floors []float64
	bare                     []float64
}

// Goals of asking and deciding.
const (
	requestRatio   = 0.6
	requestSeconds = 0.015
	requestPeople  = 500_000 // from here on
)

// requestActs is how many requests one repetition makes, each by somebody else; each is decided twice. In a small company a tenth asks.
const requestActs = 200

// requestOffers is how many things are offered, each the duty of an SoD rule with another one.
const requestOffers = 40

const requestsDatabase, requestsTwin = "bench_requests", "bench_requests_twin"

// requestSet is the company, its twin, and who asks.
type requestSet struct {
	*stage
	ctx     context.Context
	record  *recorder
	db      *db.DB
	twin    *db.DB
	offers  []int
	askers  []db.Actor
	actors  map[int]db.Actor // by person
	granted int
}

// requests measures asking and deciding in a company of n people.
func (s *stage) requests(ctx context.Context, n int, o Options) (out *Requests, err error) {
	q := &requestSet{stage: s, ctx: ctx, record: &recorder{}, actors: map[int]db.Actor{}}
	defer func() { err = errors.Join(err, q.close()) }()
	start, acts := time.Now(), min(requestActs, n/10)
	if err := q.company(n, acts*(o.Repeat+1)); err != nil {
		return nil, err
	}
	if err := q.open(); err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintf(o.Log, "%d people who ask for access are there after %.1f s\n", n, time.Since(start).Seconds())
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	runtime.GC()
	out = &Requests{People: n, Acts: []*RequestAct{{Name: "submit"}, {Name: "approve, asked of the next"}, {Name: "approve, granted"}}}
	for i := range o.Repeat + 1 { // the first warms up
		if i == 1 {
			if err := q.analyze(); err != nil {
				return nil, err
			}
		}
		for k := range acts {
			if err := q.one(out.Acts, i*acts+k); err != nil {
				return nil, err
			}
		}
		for _, a := range out.Acts {
			a.repeated(i > 0)
		}
	}
	for _, a := range out.Acts {
		a.finish(n)
	}
	return out, q.same()
}

func (q *requestSet) close() error {
	for _, d := range []*db.DB{q.db, q.twin} {
		if d != nil {
			d.Close()
		}
	}
	return errors.Join(q.drop(q.ctx, requestsDatabase), q.drop(q.ctx, requestsTwin))
}

// company makes the people, who all hold four things by birthright, and as many who ask.
func (q *requestSet) company(n, askers int) error {
	if _, err := q.admin.Exec(q.ctx, `create database `+requestsDatabase); err != nil {
		return err
	}
	if err := db.Migrate(q.ctx, q.url(requestsDatabase), db.Live); err != nil {
		return err
	}
	files, err := q.requestsPolicy()
	if err != nil {
		return err
	}
	d, err := q.stage.open(q.ctx, requestsDatabase)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Do(q.ctx, db.Operator, func(tx *db.Tx) error { _, err := change.Apply(tx, files, app.ChangeDeps()); return err }); err != nil {
		return err
	}
	r, err := app.NewHR(d).Sync(q.ctx, db.Operator, hr.Upload{Source: "feed", Name: "feed.csv", Body: bytes.NewReader(Feed(People(n)))})
	if err != nil {
		return err
	}
	if err := answered("first load", r, hr.Result{Joiners: n}); err != nil {
		return err
	}
	return q.cast(askers)
}

// cast chooses who asks, who owns and who is compliance, and makes actors of all of them, as signing in would have.
func (q *requestSet) cast(askers int) error {
	conn, err := pgx.Connect(q.ctx, q.url(requestsDatabase))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(q.ctx) }()
	if _, err := conn.Exec(q.ctx, `set session_replication_role = replica`); err != nil {
		return err
	}
	for _, sql := range []string{
		`update application set owner_id = (select id from identity where number = '` + number(2) + `')`,
		`insert into portal_role (identity_id, role, given_by, reason) select id, 'compliance', 1, 'bench' from identity where number = '` + number(3) + `'`,
		`insert into actor (kind, name, identity_id) select 'person', name, id from identity where kind = 'person' and state = 'active'`,
		`vacuum analyze`,
	} {
		if _, err := conn.Exec(q.ctx, sql); err != nil {
			return fmt.Errorf("%.40s: %w", sql, err)
		}
	}
	rows, err := conn.Query(q.ctx, `select id, name, identity_id from actor where kind = 'person'`)
	if err != nil {
		return err
	}
	a := db.Actor{Kind: "person"}
	if _, err := pgx.ForEachRow(rows, []any{&a.ID, &a.Name, &a.Identity}, func() error { q.actors[a.Identity] = a; return nil }); err != nil {
		return err
	}
	// Spread over the whole company: people whose managers are here, and are neither the owner nor compliance, who answer the second step.
	rows, err = conn.Query(q.ctx, `select v.identity_id from employment_version v join identity i on i.id = v.identity_id and i.state = 'active' join identity m on m.id = v.manager_id and m.state = 'active'
		where v.known_to = 'infinity' and i.number > $1 and m.number > $3 order by md5(i.number) limit $2`, number(8), askers, number(3))
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return err
	}
	for i := range askers {
		q.askers = append(q.askers, q.actors[ids[i%len(ids)]])
	}
	rows, err = conn.Query(q.ctx, `select id from policy_object where kind = $1 order by id`, policy.KindOffer)
	if err != nil {
		return err
	}
	q.offers, err = pgx.CollectRows(rows, pgx.RowTo[int])
	return err
}

// open makes the twin and opens both.
func (q *requestSet) open() (err error) {
	if _, err := q.admin.Exec(q.ctx, `create database `+requestsTwin+` template `+requestsDatabase+` strategy file_copy`); err != nil {
		return err
	}
	key := bytes.Repeat([]byte{1}, 32)
	if q.db, err = db.Open(q.ctx, db.Config{URL: q.url(requestsDatabase), Key: key, Tracer: q.record}); err != nil {
		return err
	}
	q.twin, err = db.Open(q.ctx, db.Config{URL: q.url(requestsTwin), Key: key})
	return err
}

// analyze lets the planner know of the first requests, as autovacuum does within minutes: until then it takes these tables for empty, and reads them whole.
func (q *requestSet) analyze() error {
	for _, name := range []string{requestsDatabase, requestsTwin} {
		conn, err := pgx.Connect(q.ctx, q.url(name))
		if err != nil {
			return err
		}
		_, err = conn.Exec(q.ctx, `analyze`)
		if err := errors.Join(err, conn.Close(q.ctx)); err != nil {
			return err
		}
	}
	return q.settle(q.ctx)
}

// one asks for something, and lets the manager and the owner approve it.
func (q *requestSet) one(acts []*RequestAct, i int) error {
	who := q.askers[i]
	var r *request.Request
	if err := q.act(acts[0], who, func(tx *db.Tx) (err error) {
		r, err = lifecycle.Requests.Submit(tx, &request.Ask{For: who.Identity, Why: "the quarter ends", Via: "page",
			Wishes: []request.Wish{{Act: request.Grant, Offer: q.offers[(i+i/len(q.offers))%len(q.offers)]}}})
		return err
	}); err != nil {
		return fmt.Errorf("submit %d: %w", i, err)
	}
	it := r.Items[0]
	for n, a := range acts[1:] {
		at := slices.IndexFunc(it.Steps, func(s *request.Step) bool { return s.State == request.StepOpen })
		if at < 0 || len(it.Steps[at].Holders) == 0 {
			return fmt.Errorf("nobody is asked after %d answers of request %d, which is %s with %d steps", n, i, it.State, len(it.Steps))
		}
		st := it.Steps[at]
		if err := q.act(a, q.actors[st.Holders[0].Identity], func(tx *db.Tx) error {
			whole, _, _, err := request.OfStep(tx, st.ID)
			if err != nil {
				return err
			}
			if ok, err := lifecycle.Requests.Concerns(tx, whole, tx.Actor.Identity); err != nil || !ok {
				return errors.Join(err, errors.New("it is not theirs"))
			}
			it, err = lifecycle.Requests.Decide(tx, request.Answer{Step: st.ID, Outcome: request.Approve, Via: "page"})
			return err
		}); err != nil {
			return fmt.Errorf("approve %d of %d: %w", n+1, i, err)
		}
	}
	if it.State != request.Granted {
		return fmt.Errorf("request %d is %s", i, it.State)
	}
	q.granted++
	return nil
}

// act does something in the name of somebody, and lets the twin do the same.
func (q *requestSet) act(a *RequestAct, who db.Actor, fn func(*db.Tx) error) error {
	q.record.begin()
	start := time.Now()
	err := q.db.Do(q.ctx, who, fn)
	took := time.Since(start)
	trips := q.record.end()
	if err != nil {
		return err
	}
	a.product = append(a.product, took.Seconds())
	a.Queries, a.Trips = max(a.Queries, len(slices.Concat(trips...))), max(a.Trips, len(trips))
	start = time.Now()
	conn, err := q.twin.Pool.Acquire(q.ctx)
	if err != nil {
		return err
	}
	err = (&replay{trips: trips}).run(q.ctx, conn.Conn())
	conn.Release()
	a.floor = append(a.floor, time.Since(start).Seconds())
	if err != nil {
		return fmt.Errorf("the floor: %w", err)
	}
	return nil
}

// same refuses figures of acts that did not leave everything behind, or of a floor that left something else.
func (q *requestSet) same() error {
	const sql = `select (select count(*) from request_item where state = 'granted'), (select count(*) from reason where kind = 'request' and known_to = 'infinity'),
		(select count(*) from request_decision), (select count(*) from event), (select count(*) from operation), (select count(*) from message), (select count(*) from river_job), (select count(*) from due)`
	var got [2][8]int
	for i, d := range []*db.DB{q.db, q.twin} {
		v := &got[i]
		if err := d.Pool.QueryRow(q.ctx, sql).Scan(&v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]); err != nil {
			return err
		}
	}
	if got[0] != got[1] || got[0][0] != q.granted || got[0][1] < q.granted || got[0][2] != 2*q.granted || got[0][4] < q.granted {
		return fmt.Errorf("%d requests were granted; there are items, reasons, decisions, events, operations, messages, jobs and due times %v, and %v of the floor", q.granted, got[0], got[1])
	}
	return nil
}

func (a *RequestAct) repeated(counts bool) {
	if counts {
		sum := func(all []float64) (s float64) {
			for _, v := range all {
				s += v
			}
			return s
		}
		a.ratios, a.p95, a.p50 = append(a.ratios, sum(a.floor)/sum(a.product)), append(a.p95, at(a.product, 0.95)), append(a.p50, at(a.product, 0.5))
		a.floors, a.bare = append(a.floors, at(a.floor, 0.95)), append(a.bare, at(a.floor, 0.5))
	}
	a.product, a.floor = nil, nil
}

func (a *RequestAct) finish(people int) {
	a.Ratio, a.Product, a.Median, a.Floor, a.Bare = of(a.ratios), of(a.p95), of(a.p50), of(a.floors), of(a.bare)
	if a.Met = true; people >= requestPeople {
		a.Goal = requestRatio
		a.Met = a.Ratio.Median >= requestRatio && a.Product.Median <= requestSeconds
	}
}

// requestsPolicy writes and reads the policy: four things everybody holds, and what is offered, with SoD rules over it. Nobody's rule says
// who decides, so the manager and the owner are asked, one after the other.
func (q *requestSet) requestsPolicy() (*change.Files, error) {
	var b strings.Builder
	feed, _, _ := strings.Cut(string(policyFile), "---\n")
	b.WriteString(feed)
	named := func(prefix string, n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf("{name: %s-%02d}", prefix, i))
		}
		return strings.Join(all, ", ")
	}
	for _, x := range [][3]string{{"house", "observe", named("base", 4)}, {"tools", "enforce", named("tool", requestOffers)}} {
		fmt.Fprintf(&b, "---\nkind: Application\nname: %s\nspec:\n  title: The %[1]s\n  connector: scim\n  mode: %[2]s\n  config: {base_url: \"http://127.0.0.1:9/scim\", token: {file: SECRET}}\n"+
			"  accounts: {name: \"{first_name}.{last_name}\"}\n  entitlements: [%[3]s]\n", x[0], x[1], x[2])
	}
	b.WriteString("---\nkind: BirthrightRule\nname: everybody\nspec: {when: 'true', entitlements: [house/base-00, house/base-01, house/base-02, house/base-03]}\n")
	for i := range requestOffers {
		fmt.Fprintf(&b, "---\nkind: Offer\nname: tool-%02d\nspec: {title: Tool %02[1]d, levels: [{name: use, entitlements: [tools/tool-%02[1]d]}]}\n", i)
		fmt.Fprintf(&b, "---\nkind: Duty\nname: tool-%02d\nspec: {entitlements: [tools/tool-%02[1]d]}\n", i)
	}
	for i := range requestOffers / 2 {
		fmt.Fprintf(&b, "---\nkind: SoDRule\nname: pair-%02d\nspec: {duties: [tool-%02[1]d, tool-%02[2]d]}\n", i, i+requestOffers/2)
	}
	file, secret := filepath.Join(q.dir, "requests.yaml"), filepath.Join(q.dir, "secret")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(b.String(), "SECRET", secret)), 0o600); err != nil {
		return nil, err
	}
	return change.Read(file)
}

func (r *Report) printRequests(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	p := func(format string, a ...any) { _, _ = fmt.Fprintf(w, format, a...) }
	p("people\taccess\tratio\tmin\tmax\tp95\tp50\tfloor p95\tfloor p50\tgoal\tstatements\ttrips\t\n")
	for _, s := range r.Requests {
		for _, a := range s.Acts {
			goal := ""
			if a.Goal > 0 {
				if goal = fmt.Sprintf(">= %.1f, <= %s", requestRatio, millis(requestSeconds)); !a.Met {
					goal += " MISSED"
				}
			}
			p("%d\t%s\t%.2f\t%.2f\t%.2f\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t\n", s.People, a.Name, a.Ratio.Median, a.Ratio.Min, a.Ratio.Max, millis(a.Product.Median), millis(a.Median.Median),
				millis(a.Floor.Median), millis(a.Bare.Median), goal, a.Queries, a.Trips)
		}
	}
	_ = w.Flush()
	_, _ = fmt.Fprintf(out, "Asking for access and deciding it, up to %d of each a repetition; the floor sends the same statements and rows in the same round trips to a twin; ratio: floor / product.\n\n", requestActs)
}
