package app_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/app"
	"tenure/internal/catalog"
	"tenure/internal/change"
	"tenure/internal/connector/scim/scimtest"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/hr"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	"tenure/internal/provision"
)

// world is one company: a replay database, the real rooms, and two SCIM servers over HTTP.
type world struct {
	t       *testing.T
	db      *db.DB
	hr      *hr.Service
	work    *provision.Service
	zone    string
	admin   db.Actor
	second  db.Actor // lifts what admin decided
	targets map[string]*httptest.Server
	gates   map[string]*gate
	file    map[string]fields
	labels  map[string]int // who is known by a label, once seen
	seenOp  int64
	seenEv  int64
	started bool
}

var columns = []string{"number", "person", "first_name", "last_name", "birth_date", "first_day", "last_day", "status", "effective", "zone",
	"manager", "department", "title", "location", "worker_type", "phone"}

func newWorld(t *testing.T, zone string) *world {
	if zone == "" {
		zone = "UTC"
	}
	w := &world{t: t, db: dbtest.Replay(t), zone: zone, targets: map[string]*httptest.Server{}, gates: map[string]*gate{}, file: map[string]fields{}, labels: map[string]int{}}
	w.hr = app.NewHR(w.db)
	w.work = &provision.Service{DB: w.db, Kinds: app.Connectors}
	for name, env := range map[string]string{"directory": "DIRECTORY_URL", "chat": "CHAT_URL"} {
		s, err := scimtest.New(scimtest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		w.gates[name] = &gate{next: s, calls: map[string]int{}}
		w.targets[name] = httptest.NewServer(w.gates[name])
		t.Cleanup(w.targets[name].Close)
		t.Setenv(env, w.targets[name].URL+scimtest.Prefix)
	}
	text, err := os.ReadFile("testdata/sequences/policy/company.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w.apply(strings.Replace(string(text), "ZONE", zone, 1))
	for name := range w.targets {
		for _, group := range w.groups(name) {
			w.post(name, group)
		}
	}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) tx(actor db.Actor, fn func(*db.Tx) error) {
	w.t.Helper()
	w.must(w.db.Do(w.t.Context(), actor, fn))
}

func (w *world) apply(files string) {
	w.t.Helper()
	dir := w.t.TempDir()
	w.must(os.WriteFile(filepath.Join(dir, "policy.yaml"), []byte(files), 0o600))
	f, err := change.Read(dir)
	w.must(err)
	w.tx(db.Operator, func(tx *db.Tx) error {
		_, err := change.Apply(tx, f, app.ChangeDeps())
		return err
	})
}

// happened is what a step's sync answered.
type happened struct {
	counts   map[string]int
	rejected []string
}

// do lets the step happen: business time goes there, then HR, a person or a policy change acts, then the targets are worked.
func (w *world) do(st *step) happened {
	w.t.Helper()
	out := happened{counts: map[string]int{}}
	at := w.instant(st.On)
	if !w.started {
		w.started = true
		w.begin(at.AddDate(0, 0, -1))
	}
	w.note()
	if st.HR == nil && st.Gone == nil {
		w.tx(db.System, func(tx *db.Tx) error { _, err := lifecycle.RunDue(tx, at); return err })
	} else {
		out = w.sync(st, at)
	}
	if st.Terminate != "" {
		w.tx(w.admin, func(tx *db.Tx) error {
			_, err := lifecycle.Terminate(tx, w.person(st.Terminate), "dismissed")
			return err
		})
	}
	if st.Reinstate != "" {
		w.tx(w.second, func(tx *db.Tx) error {
			_, err := lifecycle.Reinstate(tx, w.person(st.Reinstate), "an error")
			return err
		})
	}
	if st.Policy != "" {
		w.apply(st.Policy)
	}
	if a := st.Accept; a != nil {
		w.tx(w.admin, func(tx *db.Tx) error {
			_, err := lifecycle.Accept(tx, w.person(a.Who), lifecycle.Acceptance{Rule: w.rule(tx, a.Rule), Control: "looked at each month", Reason: "nobody else is there", Until: w.instant(a.Until)})
			return err
		})
	}
	if st.Join != nil {
		w.join(st.Join)
	}
	if j := st.Leave; j != nil {
		w.tx(w.admin, func(tx *db.Tx) error {
			var role int
			if err := tx.QueryRow(`select id from policy_object where kind = 'role' and name = $1`, j.Role).Scan(&role); err != nil {
				return err
			}
			_, err := lifecycle.Leave(tx, w.person(j.Who), role, policy.Param(j.With), "the project is over")
			return err
		})
	}
	if a := st.End; a != nil {
		w.tx(w.admin, func(tx *db.Tx) error {
			_, err := lifecycle.EndException(tx, w.person(a.Who), w.rule(tx, a.Rule), "somebody else is there")
			return err
		})
	}
	for label, f := range w.file {
		if _, known := w.labels[label]; !known {
			w.labels[label] = w.find(f["number"])
		}
	}
	if st.Target != "down" {
		w.carry()
	}
	return out
}

// begin loads the people who are always there; one of them decides what a person must decide.
func (w *world) begin(at time.Time) {
	for i := range 20 {
		n := fmt.Sprint(900 + i)
		w.file["archive-"+n] = fields{"number": n, "first_name": "Archivist", "last_name": n, "first_day": "2000-01-01", "department": "Archive"}
	}
	r := w.upload(at)
	if r.Joiners != 20 {
		w.t.Fatalf("the archive was not loaded: %+v", r)
	}
	w.tx(db.System, func(tx *db.Tx) (err error) {
		if w.admin, err = tx.ActorOf(w.find("900"), "person", "Archivist 900"); err != nil {
			return err
		}
		w.second, err = tx.ActorOf(w.find("901"), "person", "Archivist 901")
		return err
	})
}

func (w *world) sync(st *step, at time.Time) happened {
	w.t.Helper()
	for label, f := range st.HR {
		if w.file[label] == nil {
			w.file[label] = fields{}
		}
		maps.Copy(w.file[label], f)
	}
	for _, label := range st.Gone {
		delete(w.file, label)
	}
	r := w.upload(at)
	if r.Held {
		w.t.Fatalf("the brake held the file: %s", r.Reason)
	}
	out := happened{counts: map[string]int{"joiners": r.Joiners, "movers": r.Movers, "leavers": r.Leavers, "returns": r.Returns, "updated": r.Updated}}
	maps.DeleteFunc(out.counts, func(_ string, n int) bool { return n == 0 })
	for _, x := range r.Rejected {
		out.rejected = append(out.rejected, x.Field+": "+x.Rule)
	}
	return out
}

func (w *world) upload(at time.Time) *hr.Result {
	w.t.Helper()
	var b strings.Builder
	c := csv.NewWriter(&b)
	_ = c.Write(columns)
	for _, label := range slices.Sorted(maps.Keys(w.file)) {
		row := make([]string, len(columns))
		for i, name := range columns {
			row[i] = w.file[label][name]
		}
		_ = c.Write(row)
	}
	c.Flush()
	r, err := w.hr.Sync(w.t.Context(), db.Operator, hr.Upload{Source: "hr", Name: "hr.csv", Effective: at.Format(time.RFC3339),
		Body: strings.NewReader(b.String())})
	w.must(err)
	return r
}

// carry lets a worker do all that is to be done at the targets, and reads it back.
func (w *world) carry() {
	w.t.Helper()
	for _, a := range w.catalog().Apps {
		w.must(w.work.Work(w.t.Context(), a.ID, false))
	}
	rows, err := w.db.Pool.Query(w.t.Context(), `select kind || ' ' || state || coalesce(': ' || error, '') from operation where state not in ('verified', 'cancelled')
		union all select o.kind || ' for an archivist' from operation o join identity i on i.id = o.identity_id where i.number like '9__'`)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		var what string
		w.must(rows.Scan(&what))
		w.t.Errorf("an operation was not carried out: %s", what)
	}
	w.must(rows.Err())
}

// instant reads "2024-03-01", "2024-03-01 10:00" or "2024-03-01 10:00 Pacific/Auckland".
func (w *world) instant(text string) time.Time {
	w.t.Helper()
	parts := strings.Fields(text)
	layout, zone := time.DateOnly, w.zone
	if len(parts) > 1 {
		layout = "2006-01-02 15:04"
		parts[0] += " " + parts[1]
	}
	if len(parts) > 2 {
		zone = parts[2]
	}
	loc, err := time.LoadLocation(zone)
	w.must(err)
	at, err := time.ParseInLocation(layout, parts[0], loc)
	w.must(err)
	return at
}

func (w *world) find(number string) int {
	var id int
	_ = w.db.Pool.QueryRow(w.t.Context(), `select identity_id from employment where source_key = $1`, number).Scan(&id)
	return id
}

func (w *world) person(label string) int {
	w.t.Helper()
	if w.labels[label] == 0 {
		w.t.Fatalf("nobody is known as %s", label)
	}
	return w.labels[label]
}

// join makes somebody a member of a role, or wants it to be refused.
func (w *world) join(j *joining) {
	w.t.Helper()
	err := w.db.Do(w.t.Context(), w.admin, func(tx *db.Tx) error {
		m := lifecycle.Membership{Reason: "the project needs it", Param: policy.Param(j.With)}
		if err := tx.QueryRow(`select id from policy_object where kind = 'role' and name = $1`, j.Role).Scan(&m.Role); err != nil {
			return err
		}
		if j.From != "" {
			m.From = w.instant(j.From)
		}
		if j.Until != "" {
			m.To = w.instant(j.Until)
		}
		_, err := lifecycle.Join(tx, w.person(j.Who), m)
		return err
	})
	if j.Refused == "" {
		w.must(err)
	} else if err == nil || !strings.Contains(err.Error(), j.Refused) {
		w.t.Errorf("it is not refused with %q: %v", j.Refused, err)
	}
}

// rule gives the id of an SoD rule.
func (w *world) rule(tx *db.Tx, name string) (id int) {
	w.t.Helper()
	w.must(tx.QueryRow(`select id from policy_object where kind = 'sod' and name = $1`, name).Scan(&id))
	return id
}

// note remembers what is in the tables before a step.
func (w *world) note() {
	w.must(w.db.Pool.QueryRow(w.t.Context(), `select (select coalesce(max(id), 0) from operation), (select coalesce(max(id), 0) from event)`).Scan(&w.seenOp, &w.seenEv))
}

func (w *world) catalog() (c *catalog.Catalog) {
	w.must(w.db.Read(w.t.Context(), func(tx *db.Tx) (err error) { c, err = catalog.Load(tx); return err }))
	return c
}

// outcomes gives what became of everybody who is named in the sequence.
func (w *world) outcomes() map[string]outcome {
	w.t.Helper()
	out := map[string]outcome{}
	w.must(w.db.Read(w.t.Context(), func(tx *db.Tx) error {
		pol, err := policy.Load(tx)
		if err != nil {
			return err
		}
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		done := map[int]bool{} // two rows of one person have two labels: the first speaks for both
		for _, label := range slices.Sorted(maps.Keys(w.labels)) {
			id := w.labels[label]
			if id == 0 || done[id] || strings.HasPrefix(label, "archive") {
				continue
			}
			done[id] = true
			o, err := w.outcome(tx, pol, cat, id)
			if err != nil {
				return err
			}
			out[label] = o
		}
		return nil
	}))
	return out
}

func (w *world) outcome(tx *db.Tx, pol *policy.Snapshot, cat *catalog.Catalog, id int) (o outcome, err error) {
	p, err := identity.Get(tx, id)
	if err != nil {
		return o, err
	}
	o.State = string(p.State)
	if p.Locked() {
		o.State += ", locked"
	}
	if o.Holds, err = w.holds(tx, pol, cat, id); err != nil {
		return o, err
	}
	if o.Breaks, err = w.pairs(tx, `select o.name, v.state from violation v join policy_object o on o.id = v.rule_id where v.identity_id = $1 and v.state <> 'resolved'`, id); err != nil {
		return o, err
	}
	if o.Lacks, err = w.pairs(tx, `select e.name, o.name from withheld h join policy_object o on o.id = h.rule_id join entitlement e on e.id = h.entitlement_id
		where h.identity_id = $1`, id); err != nil {
		return o, err
	}
	o.Account = map[string]string{}
	for _, a := range cat.Apps {
		if err := w.look(tx, a, id, &o); err != nil {
			return o, err
		}
	}
	err = tx.QueryRow(`select coalesce((select string_agg(kind, ', ' order by id) from event where identity_id = $1 and id > $2
		and kind not like 'operation.%' and kind not like 'account.%'), '')`, id, w.seenEv).Scan(&o.Event)
	if err != nil {
		return o, err
	}
	rows, err := tx.Query(`select o.kind, a.name, coalesce(e.name, ''), o.state = 'cancelled' and o.attempts = 0 from operation o join application a on a.id = o.application_id
		left join entitlement e on e.id = o.entitlement_id where o.identity_id = $1 and o.id > $2 order by o.id`, id, w.seenOp)
	if err != nil {
		return o, err
	}
	defer rows.Close()
	for rows.Next() {
		var kind, where, what string
		var off bool
		if err := rows.Scan(&kind, &where, &what, &off); err != nil {
			return o, err
		}
		if what == "" {
			what = where
		}
		o.Does = append(o.Does, kind+" "+what)
	}
	return o, rows.Err()
}

func (w *world) pairs(tx *db.Tx, sql string, id int) (map[string]string, error) {
	rows, err := tx.Query(sql, id)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	var key, value string
	_, err = pgx.ForEachRow(rows, []any{&key, &value}, func() error { out[key] = value; return nil })
	return out, err
}

// holds gives the live reasons in words.
func (w *world) holds(tx *db.Tx, pol *policy.Snapshot, cat *catalog.Catalog, id int) (map[string]string, error) {
	rows, err := tx.Query(`select entitlement_id, kind, ref, valid_to from reason where identity_id = $1 and known_to = 'infinity' and state = 'live'
		and valid_from <= $2 and valid_to > $2 order by entitlement_id, kind, id`, id, tx.Now)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]string{}
	loc, _ := time.LoadLocation(w.zone)
	for rows.Next() {
		var e, ref int
		var kind string
		var until any
		if err := rows.Scan(&e, &kind, &ref, &until); err != nil {
			return nil, err
		}
		words := kind
		if o := pol.Object(ref); o != nil {
			words += " " + o.Name
		}
		if at, ends := until.(time.Time); ends {
			words += " until " + strings.TrimSuffix(at.In(loc).Format("2006-01-02 15:04"), " 00:00")
		}
		name := cat.Entitlements[e].Name
		if out[name] != "" {
			words = out[name] + "; " + words
		}
		out[name] = words
	}
	return out, rows.Err()
}
