package hr_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/app"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/hr"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// policyFiles is the source of these tests, with its limits, and rules that give everybody something in an application that
// is only proposed to: what must follow for people is real, and no target is needed.
const policyFiles = `kind: HRSource
name: hr
spec:
  type: file
  zone: UTC
  brake: {BRAKE}
  file:
    dates: YYYY-MM-DD
    trailer: {starts_with: TOTAL, count_column: 2}
    columns: {number: number, first_name: first_name, last_name: last_name, birth_date: birth_date, first_day: first_day,
      last_day: last_day, status: status, department: department, manager: manager}
---
kind: Application
name: box
spec:
  connector: scim
  mode: propose
  config: {base_url: "http://127.0.0.1:9", auth: none}
  entitlements: [{name: staff}, {name: sales}]
---
kind: BirthrightRule
name: everybody
spec: {when: 'true', entitlements: [box/staff]}
---
kind: BirthrightRule
name: sales
spec: {when: 'department == "Sales"', entitlements: [box/sales]}
`

// company is a database with people in it, as HR last stated them.
type company struct {
	t    *testing.T
	db   *db.DB
	hr   *hr.Service
	rows []*row
}

// row is one line of the file. The first row of a company stands in line 2.
type row struct{ number, first, last, birth, begins, ends, status, department, manager string }

const header = "number,first_name,last_name,birth_date,first_day,last_day,status,department,manager\n"

var start = time.Date(2024, 3, 1, 6, 0, 0, 0, time.UTC)

// text gives the file as HR writes it, with the trailer that counts its rows.
func text(rows []*row) string {
	var b strings.Builder
	b.WriteString(header)
	for _, r := range rows {
		fmt.Fprintf(&b, "%s,%s,%s,%s,%s,%s,%s,%s,%s\n", r.number, r.first, r.last, r.birth, r.begins, r.ends, r.status, r.department, r.manager)
	}
	fmt.Fprintf(&b, "TOTAL,%d\n", len(rows))
	return b.String()
}

// people makes n people of four departments; everybody but the first has a manager among those before.
func people(n int) []*row {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	out := make([]*row, n)
	for i := range out {
		out[i] = &row{number: fmt.Sprint(10000 + i), first: fmt.Sprintf("First%d", i), last: fmt.Sprintf("Last%d", rng.IntN(n)),
			birth:  fmt.Sprintf("%d-%02d-%02d", 1960+rng.IntN(40), 1+rng.IntN(12), 1+rng.IntN(28)),
			begins: fmt.Sprintf("%d-%02d-%02d", 2005+rng.IntN(19), 1+rng.IntN(12), 1+rng.IntN(28)), department: []string{"Sales", "Finance", "Logistics", "Design"}[i%4]}
		if i >= n*9/10 { // the last tenth are contractors
			out[i].ends = "2024-12-31"
		}
		if i > 0 {
			out[i].manager = out[rng.IntN(i)].number
		}
	}
	return out
}

// clone copies the rows, so that a test may change its own.
func clone(rows []*row) []*row {
	out := make([]*row, len(rows))
	for i, r := range rows {
		c := *r
		out[i] = &c
	}
	return out
}

// found makes a company of n people in a database, loaded at start.
func found(t *testing.T, d *db.DB, n int, brake string) *company {
	t.Helper()
	c := &company{t: t, db: d, hr: app.NewHR(d), rows: people(n)}
	c.apply(strings.Replace(policyFiles, "BRAKE", brake, 1))
	at := ""
	if d.Kind == db.Replay {
		at = start.Format(time.RFC3339)
	}
	r, err := c.sync(db.Operator, text(c.rows), at)
	if err != nil || r.Joiners != n || len(r.Rejected) > 0 {
		t.Fatalf("the company was not founded: %+v, %v", r, err)
	}
	return c
}

func (c *company) apply(files string) {
	c.t.Helper()
	dir := c.t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "all.yaml"), []byte(files), 0o600); err != nil {
		c.t.Fatal(err)
	}
	f, err := change.Read(dir)
	if err != nil {
		c.t.Fatal(err)
	}
	c.do(db.Operator, func(tx *db.Tx) error { _, err := change.Apply(tx, f, app.ChangeDeps()); return err })
}

func (c *company) do(actor db.Actor, fn func(*db.Tx) error) {
	c.t.Helper()
	if err := c.db.Do(c.t.Context(), actor, fn); err != nil {
		c.t.Fatal(err)
	}
}

func (c *company) sync(actor db.Actor, body, effective string) (*hr.Result, error) {
	return c.hr.Sync(context.Background(), actor, hr.Upload{Source: "hr", Name: "hr.csv", Effective: effective, Body: strings.NewReader(body)})
}

// load syncs a file that must be read; hours is business time after the start.
func (c *company) load(body string, hours int) *hr.Result {
	c.t.Helper()
	r, err := c.sync(db.Operator, body, start.Add(time.Duration(hours)*time.Hour).Format(time.RFC3339))
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// actor gives the actor of somebody of the company.
func (c *company) actor(i int) (a db.Actor) {
	c.t.Helper()
	c.do(db.System, func(tx *db.Tx) (err error) {
		a, err = tx.ActorOf(c.number(`select identity_id from employment where source_key = $1`, c.rows[i].number), "person", c.rows[i].first)
		return err
	})
	return a
}

func (c *company) number(sql string, args ...any) (n int) {
	c.t.Helper()
	if err := c.db.Pool.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		c.t.Fatal(err)
	}
	return n
}

func (c *company) left() int { return c.number(`select count(*) from identity where state = 'left'`) }

var tables sync.Map

// state gives, by table, the count and a hash of all rows, with the transaction that wrote each: whatever was written, even with
// the same values, shows. Only what a reading leaves behind whatever becomes of it is not looked at.
func (c *company) state() map[string]string {
	c.t.Helper()
	out := map[string]string{}
	for _, table := range c.watched() {
		var n int
		var sum string
		err := c.db.Pool.QueryRow(context.Background(), `select count(*), coalesce(md5(string_agg(t.xmin::text || t::text, '|' order by t.xmin::text || t::text)), '')
			from `+pgx.Identifier{table}.Sanitize()+` t`).Scan(&n, &sum)
		if err != nil {
			c.t.Fatal(table, err)
		}
		out[table] = fmt.Sprintf("%d rows %s", n, sum)
	}
	return out
}

func (c *company) watched() []string {
	if v, ok := tables.Load("watched"); ok {
		return v.([]string)
	}
	rows, err := c.db.Pool.Query(context.Background(), `select tablename from pg_tables where schemaname = 'public' and has_table_privilege(format('%I.%I', schemaname, tablename), 'select')
		and tablename !~ '^(river|goose|event)' and tablename not in ('snapshot', 'snapshot_body', 'quarantine', 'run_change', 'hold', 'clock', 'tally', 'actor', 'leaf', 'log_taken_over')`)
	if err != nil {
		c.t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(names) < 15 {
		c.t.Fatalf("tables are %v, %v", names, err)
	}
	tables.Store("watched", names)
	return names
}
