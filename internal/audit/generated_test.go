package audit_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// made is a generated world: the rows in memory, the same as in the database. Ids begin at 1.
type made struct {
	t        *testing.T
	db       *db.DB
	owner    *pgx.Conn
	batch    *pgx.Batch
	r        *rand.Rand
	now      time.Time
	people   []*human
	accounts []*login
	flows    []*flow
	ops      []*op
	reasons  []why
	priv     map[int]bool // entitlements
}

type human struct {
	state  string
	locked bool
	jobs   []job
}

type job struct {
	starts, ends time.Time // ends is zero for none
	rescinded    bool
	manager      int
}

type login struct {
	app, person                           int // person 0: nobody
	service, gone, there, enabled, isPriv bool
	signIn                                *time.Time
	holds                                 map[int]bool
}

type op struct {
	person, account   int
	kind, state       string
	urgency           int
	created, verified time.Time
}

type flow struct {
	person        int
	kind          string
	at            time.Time
	active, first bool // joined as active; by the first file
	ops           []int
}

type why struct {
	person, entitlement int
	kind                string
	from, to            time.Time
	proposed, closed    bool
}

const (
	apps       = 3
	perApp     = 6 // entitlements of an application, after the login itself
	population = 160
)

// entitlement gives the id of the n-th entitlement of an application; n = 0 is the login itself.
func entitlement(app, n int) int { return (app-1)*(perApp+1) + n + 1 }

// exec puts rows in: while the world is made, all at its end in one go.
func (m *made) exec(sql string, args ...any) {
	m.t.Helper()
	if m.batch != nil {
		m.batch.Queue(sql, args...)
		return
	}
	if _, err := m.owner.Exec(m.t.Context(), sql, args...); err != nil {
		m.t.Fatalf("%v\n%s %v", err, sql, args)
	}
}

// generate makes a world. The rows are put in as they should be found, past the rules that guard how they come about.
func generate(t *testing.T, seed uint64) *made {
	d := dbtest.New(t)
	m := &made{t: t, db: d, owner: dbtest.Owner(t, d), r: rand.New(rand.NewPCG(seed, 7)), priv: map[int]bool{}} //nolint:gosec // repeatable
	m.exec(`set session_replication_role = replica`)
	if err := m.owner.QueryRow(t.Context(), `select clock_timestamp()`).Scan(&m.now); err != nil {
		t.Fatal(err)
	}
	m.batch = &pgx.Batch{}
	m.exec(`insert into hr_source (id, name, spec) values (1, 'people', '{}')`)
	for i := range 3 {
		m.exec(`insert into snapshot (id, source_id, effective_at, sha256, rows, state, counts, loaded_by) values ($1, 1, $2, sha256('x'), 1, 'applied', '{}', 1)`,
			i+1, m.now.AddDate(0, 0, -500+i))
	}
	for app := 1; app <= apps; app++ {
		m.exec(`insert into application (id, name, title, connector, config, spec, owner_id) values ($1, $2, $2, 'scim', '{}', '{}', $1)`, app, fmt.Sprint("app", app))
		if app == 1 {
			m.exec(`update application set licence_cost_cents = 1250, licence_currency = 'EUR' where id = 1`)
		}
		for n := 0; n <= perApp; n++ {
			id, kind := entitlement(app, n), "group"
			if n == 0 {
				kind = "account"
			}
			m.priv[id] = n == 1
			m.exec(`insert into entitlement (id, application_id, kind, name, title, description, privileged) values ($1, $2, $3, $4, $4, $5, $6)`,
				id, app, kind, fmt.Sprint("e", n), map[bool]string{true: "says what it does"}[n%2 == 0], m.priv[id])
		}
	}
	for range population {
		m.person()
	}
	for i := range m.people {
		m.access(i + 1)
		m.flow(i + 1)
	}
	for range 20 {
		m.account(1+m.r.IntN(apps), 0)
	}
	b := m.batch
	m.batch = nil
	if err := m.owner.SendBatch(t.Context(), b).Close(); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *made) chance(percent int) bool { return m.r.IntN(100) < percent }

// ago gives an instant up to so many days ago (or, negative, ahead), never close to a boundary that is asked about.
func (m *made) ago(days int) time.Time {
	h := m.r.IntN(max(1, abs(days)*24))
	if days < 0 {
		h = -h
	}
	return m.now.Add(-time.Duration(h)*time.Hour - 30*time.Minute).Truncate(time.Second)
}

func abs(n int) int { return max(n, -n) }

func (m *made) person() {
	h := &human{state: []string{"active", "active", "active", "prehire", "leave", "left"}[m.r.IntN(6)], locked: m.chance(4)}
	m.people = append(m.people, h)
	id := len(m.people)
	var locked *time.Time
	if h.locked {
		locked = &m.now
	}
	m.exec(`insert into identity (id, state, since, name, key_id, locked_at) values ($1, $2, $3, $4, 0, $5)`, id, h.state, m.ago(300), fmt.Sprint("Person ", id), locked)
	for range 1 + m.r.IntN(2) {
		j := job{starts: m.ago(420), rescinded: m.chance(8), manager: 1 + m.r.IntN(8)}
		switch {
		case h.state == "prehire":
			j.starts = m.ago(-60).Add(time.Hour)
		case m.chance(60):
			j.ends = j.starts.Add(time.Duration(1+m.r.IntN(440*24)) * time.Hour)
		}
		h.jobs = append(h.jobs, j)
		status, ends := "active", "infinity"
		if j.rescinded {
			status = "rescinded"
		}
		var last *string
		if !j.ends.IsZero() {
			ends = j.ends.Format(time.RFC3339)
			d := j.ends.Format(time.DateOnly)
			last = &d
		}
		m.exec(`insert into employment_version (employment_id, identity_id, status, first_day, last_day, zone, starts_at, ends_at, manager_id, attrs, valid_from, known_from)
			values ($1, $2, $3, $4, $5, 'UTC', $6, $7::text::timestamptz, $8, '{}', '2000-01-01', '2000-01-01')`,
			1000*id+len(h.jobs), id, status, j.starts.Format(time.DateOnly), last, j.starts, ends, j.manager)
	}
}

// account makes an account of an application for a person, or for nobody, with what it holds.
func (m *made) account(app, person int) int {
	l := &login{app: app, person: person, service: m.chance(10), gone: m.chance(10), enabled: m.chance(70), isPriv: m.chance(10), holds: map[int]bool{}}
	l.there = !l.gone && m.chance(95)
	m.accounts = append(m.accounts, l)
	id, kind := len(m.accounts), "person"
	if l.service {
		kind = "service"
	}
	var native *string
	var gone *time.Time
	if l.there {
		n := fmt.Sprint(id)
		native = &n
	}
	if l.gone {
		gone = &m.now
	}
	if m.chance(60) {
		at := m.ago(200)
		l.signIn = &at
	}
	m.exec(`insert into account (id, application_id, native_id, name, kind, gone_at) values ($1, $2, $3, $4, $5, $6)`, id, app, native, fmt.Sprint("login", id), kind, gone)
	m.exec(`insert into account_seen (account_id, reading_id, name, enabled, privileged, last_sign_in) values ($1, 1, '', $2, $3, $4)`, id, l.enabled, l.isPriv, l.signIn)
	if person != 0 {
		m.exec(`insert into account_link (account_id, identity_id, known_from) values ($1, $2, '2000-01-01')`, id, person)
	}
	for n := 0; n <= perApp; n++ {
		if e := entitlement(app, n); m.chance(40) {
			l.holds[e] = m.chance(80)
			var to *int64
			if !l.holds[e] {
				two := int64(2)
				to = &two
			}
			m.exec(`insert into observed (account_id, entitlement_id, seen_from, seen_to) values ($1, $2, 1, $3)`, id, e, to)
		}
	}
	return id
}

// access gives a person accounts, reasons, and operations that are open.
func (m *made) access(person int) {
	for app := 1; app <= apps; app++ {
		if !m.chance(70) {
			continue
		}
		account := m.account(app, person)
		for n := 1; n <= perApp; n++ {
			for range m.r.IntN(3) {
				m.reason(person, entitlement(app, n))
			}
		}
		if m.chance(15) {
			m.operation(person, account, []string{"proposed", "pending", "acknowledged", "failed", "claimed"}[m.r.IntN(5)], []string{"create", "grant", "revoke"}[m.r.IntN(3)])
		}
	}
}

func (m *made) reason(person, e int) {
	y := why{person: person, entitlement: e, kind: []string{"birthright", "handover", "exception", "handover"}[m.r.IntN(4)], from: m.ago(100), proposed: m.chance(5), closed: m.chance(20)}
	y.to = y.from.Add(time.Duration(1+m.r.IntN(150*24)) * time.Hour)
	if y.kind == "birthright" {
		y.to = db.Forever
	}
	m.reasons = append(m.reasons, y)
	state, to, known := "live", "infinity", "infinity"
	if y.proposed {
		state = "proposed"
	}
	if y.to != db.Forever {
		to = y.to.Format(time.RFC3339)
	}
	if y.closed {
		known = m.now.Format(time.RFC3339)
	}
	m.exec(`insert into reason (identity_id, entitlement_id, state, kind, valid_from, valid_to, known_from, known_to)
		values ($1, $2, $3, $4, $5, $6::text::timestamptz, '2000-01-01', $7::text::timestamptz)`, person, e, state, y.kind, y.from, to, known)
}

func (m *made) operation(person, account int, state, kind string) int {
	o := &op{person: person, account: account, kind: kind, state: state, urgency: []int{1, 2, 5, 7}[m.r.IntN(4)], created: m.ago(30)}
	m.ops = append(m.ops, o)
	id := len(m.ops)
	var verified *time.Time
	if state == "verified" {
		o.verified = o.created.Add(time.Duration(m.r.IntN([]int{3600, 40 * 3600}[m.r.IntN(2)])) * time.Second)
		verified = &o.verified
	}
	app := m.accounts[account-1].app
	m.exec(`insert into operation (id, application_id, account_id, identity_id, kind, cause, state, urgency, next_attempt_at, created_at, verified_at)
		values ($1, $2, $3, $4, $5, 'hr', $6, $7, $8, $8, $9) on conflict do nothing`, id, app, account, person, kind, state, o.urgency, o.created, verified)
	return id
}

// flow lets a person leave or join, with the operations that followed. Some happened more than a year ago.
func (m *made) flow(person int) {
	for range m.r.IntN(3) {
		f := &flow{person: person, kind: []string{"person.left", "person.terminated", "person.joined", "person.rehired", "person.moved"}[m.r.IntN(5)],
			at: m.ago([]int{6, 29, 80, 360, 500}[m.r.IntN(5)]), active: m.chance(90), first: m.chance(20)}
		if j := m.people[person-1].jobs[0]; m.chance(50) && j.starts.Before(m.now.Add(-24*time.Hour)) {
			f.at, f.kind, f.first = j.starts.Add(time.Duration(m.r.IntN(3))*time.Hour), "person.joined", false
		}
		m.flows = append(m.flows, f)
		planned := ""
		if m.chance(85) {
			account := m.account(1+m.r.IntN(apps), person)
			for range 1 + m.r.IntN(4) {
				state := []string{"verified", "verified", "verified", "verified", "verified", "failed", "cancelled", "acknowledged"}[m.r.IntN(8)]
				kind := []string{"disable", "revoke", "create", "grant", "delete", "enable"}[m.r.IntN(6)]
				id := m.operation(person, account, state, kind)
				f.ops = append(f.ops, id)
				planned += fmt.Sprintf(`,{"id":%d,"a":%d,"k":%q}`, id, account, kind)
			}
			planned = `,"planned":[` + planned[1:] + `]`
		}
		state, ref := "left", 2
		if f.active {
			state = "active"
		}
		if f.first {
			ref = 1
		}
		leaf := fmt.Sprintf(`{"facts":{"state":["x",%q],"cause":"hr","ref":%d,"access":{"x":0%s}}}`, state, ref, planned)
		m.exec(`insert into event (effective_at, kind, actor_id, identity_id, touches, leaf) values ($1, $2, 1, $3, '{}', $4)`, f.at, f.kind, person, []byte(leaf))
	}
}
