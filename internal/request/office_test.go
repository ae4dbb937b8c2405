package request_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tenure/internal/catalog"
	"tenure/internal/connector"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/evidence"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	"tenure/internal/request"
)

func TestMain(m *testing.M) {
	if again() {
		return
	}
	dbtest.Main(m)
}

// The people of an office. Ada, Bob and Rob report to Max, he to Vera. Olga owns the CRM, Otto the bank. Cora and Carl are compliance, Dora
// stands in for nobody at first.
var cast = []string{"Ada", "Bob", "Rob", "Max", "Vera", "Olga", "Otto", "Cora", "Carl", "Dora", "Root"}

// office is a small company with a catalogue.
type office struct {
	t  *testing.T
	d  *db.DB
	id map[string]int
	of map[string]int // object id by name
	*request.Service
}

// Monday is when an office begins to work.
var Monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func newOffice(t *testing.T, d *db.DB, extra ...func(*policy.Set)) *office {
	o := &office{t: t, d: d, id: map[string]int{}, of: map[string]int{}, Service: lifecycle.Requests}
	o.hire()
	o.system(func(tx *db.Tx) error {
		box := map[string]connector.Kind{"box": {Name: "box"}}
		for name, spec := range map[string]catalog.ApplicationSpec{
			"crm":  {Title: "CRM", Owner: "Olga", Entitlements: []catalog.EntitlementSpec{{Name: "read"}, {Name: "edit", Risk: "medium"}, {Name: "admin", Privileged: true}}},
			"bank": {Title: "Bank", Owner: "Otto", Entitlements: []catalog.EntitlementSpec{{Name: "enter"}, {Name: "pay", Risk: "high"}}},
		} {
			spec.Connector, spec.Mode, spec.Config = "box", "observe", map[string]any{}
			if _, err := catalog.Apply(tx, name, spec, box); err != nil {
				return err
			}
		}
		return nil
	})
	set := catalogue()
	for _, f := range extra {
		f(&set)
	}
	o.system(func(tx *db.Tx) error {
		_, _, err := policy.Save(tx, set, "", false)
		return err
	})
	o.system(func(tx *db.Tx) error {
		rows, err := tx.Query(`select name, id from policy_object`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			var id int
			if err := rows.Scan(&name, &id); err != nil {
				return err
			}
			o.of[name] = id
		}
		return rows.Err()
	})
	return o
}

func catalogue() policy.Set {
	return policy.Set{
		Roles: map[string]policy.RoleSpec{
			"Approves": {Title: "Cost centre approver", Owner: "Olga", Entitlements: []string{"crm/edit"}, Parameters: []policy.Parameter{{Name: "centre", Values: []string{"10", "20"}}}},
			"Four":     {Title: "Four eyes", Owner: "Olga", Entitlements: []string{"crm/read"}}},
		Offers: map[string]policy.OfferSpec{
			"CRM":    {Title: "Customer records", Tasks: []string{"look up a customer"}, Days: 60, LongestDays: 180, Levels: []policy.Level{{Name: "read", Entitlements: []string{"crm/read"}}, {Name: "edit", Entitlements: []string{"crm/edit"}}}},
			"Pay":    {Title: "Payments", Levels: []policy.Level{{Name: "pay", Entitlements: []string{"bank/pay"}}}},
			"Enter":  {Title: "Invoices", Levels: []policy.Level{{Name: "enter", Entitlements: []string{"bank/enter"}}}},
			"Centre": {Title: "Cost centre approver", Levels: []policy.Level{{Name: "approves", Role: "Approves"}}},
			"Open":   {Title: "Reading room", Levels: []policy.Level{{Name: "read", Entitlements: []string{"crm/read"}}}, For: `department == "Sales"`},
			"Admin": {Title: "CRM administration", Levels: []policy.Level{{Name: "admin", Entitlements: []string{"crm/admin"}}}, Activate: &policy.Hours{For: "true", Hours: 4},
				Emergency: &policy.Hours{For: `department == "Sales"`, Hours: 2}},
		},
		Approvals: map[string]policy.ApprovalSpec{
			"reading":  {Order: 1, When: `request["offer"] == "Open"`, Automatic: true},
			"activate": {Order: 2, When: `request["act"] == "activate"`, Automatic: true},
		},
		Duties: map[string]policy.DutySpec{"enter": {Title: "Enter invoices", Entitlements: []string{"bank/enter"}}, "pay": {Title: "Pay invoices", Entitlements: []string{"bank/pay"}}},
		SoD:    map[string]policy.SoDSpec{"enter and pay": {Title: "Enter and pay", Duties: []string{"enter", "pay"}, Reaction: policy.Exception}},
	}
}

// hire makes the people: HR is not what is tested here.
func (o *office) hire() {
	owner := dbtest.Owner(o.t, o.d)
	run := func(sql string) {
		if _, err := owner.Exec(o.t.Context(), sql); err != nil {
			o.t.Fatalf("%s: %v", sql, err)
		}
	}
	run(`set session_replication_role = replica`)
	for i, name := range cast {
		run(fmt.Sprintf(`insert into identity (state, since, name, number, key_id) values ('active', '2026-01-01', '%s', '%[1]s', 0)`, name))
		var id int
		if err := owner.QueryRow(o.t.Context(), `select id from identity where name = $1`, name).Scan(&id); err != nil {
			o.t.Fatal(err)
		}
		o.id[name] = id
		run(fmt.Sprintf(`insert into employment (id, identity_id, source_id, source_key) values (%d, %d, 1, '%[1]d')`, i+1, id))
	}
	boss := map[string]string{"Ada": "Max", "Bob": "Max", "Rob": "Max", "Max": "Vera"}
	for i, name := range cast {
		manager := "null"
		if b := boss[name]; b != "" {
			manager = fmt.Sprint(o.id[b])
		}
		run(fmt.Sprintf(`insert into employment_version (employment_id, identity_id, status, first_day, zone, starts_at, manager_id, attrs, valid_from, known_from)
			values (%d, %d, 'active', '2026-01-01', 'UTC', '2026-01-01', %s, '{"department": "Sales"}', '2026-01-01', now())`, i+1, o.id[name], manager))
	}
	run(fmt.Sprintf(`insert into portal_role (identity_id, role) values (%d, 'compliance'), (%d, 'compliance'), (%d, 'administrator')`, o.id["Cora"], o.id["Carl"], o.id["Root"]))
	run(`set session_replication_role = origin`)
	o.system(func(tx *db.Tx) error {
		if tx.Kind == db.Live {
			return nil
		}
		return tx.MoveClock(Monday)
	})
}

func (o *office) system(fn func(*db.Tx) error) {
	o.t.Helper()
	if err := o.d.Do(o.t.Context(), db.System, fn); err != nil {
		o.t.Fatal(err)
	}
}

// as does something as a person.
func (o *office) as(name string, fn func(*db.Tx) error) error {
	return as(o.t.Context(), o.d, o.id[name], name, fn)
}

func as(ctx context.Context, d *db.DB, id int, name string, fn func(*db.Tx) error) error {
	return d.Do(ctx, db.System, func(tx *db.Tx) error {
		actor, err := tx.ActorOf(id, "person", name)
		if err != nil {
			return err
		}
		tx.Actor = actor
		return fn(tx)
	})
}

// ask asks for something for oneself.
func (o *office) ask(name string, w ...request.Wish) *request.Request {
	o.t.Helper()
	r, err := o.tryAsk(name, name, w...)
	if err != nil {
		o.t.Fatal(err)
	}
	return r
}

func (o *office) tryAsk(name, whom string, w ...request.Wish) (r *request.Request, err error) {
	err = o.as(name, func(tx *db.Tx) error {
		r, err = o.Submit(tx, &request.Ask{For: o.id[whom], Why: "the quarter ends", Via: "page", Wishes: w, Proven: true})
		return err
	})
	return r, err
}

// now reads a request again.
func (o *office) now(r *request.Request) (out *request.Request) {
	o.t.Helper()
	if err := o.d.Read(o.t.Context(), func(tx *db.Tx) (err error) { out, err = request.Get(tx, r.ID); return err }); err != nil {
		o.t.Fatal(err)
	}
	return out
}

// open gives the open step of an item that waits for somebody.
func (o *office) open(r *request.Request) *request.Step {
	o.t.Helper()
	for _, it := range o.now(r).Items {
		for _, s := range it.Steps {
			if s.State == request.StepOpen {
				return s
			}
		}
	}
	o.t.Fatal("no step is open")
	return nil
}

func (o *office) decide(name string, a request.Answer) error {
	a.Via = "page"
	return o.as(name, func(tx *db.Tx) error {
		_, err := o.Decide(tx, a)
		return err
	})
}

func (o *office) approve(name string, r *request.Request) {
	o.t.Helper()
	if err := o.decide(name, request.Answer{Step: o.open(r).ID, Outcome: request.Approve}); err != nil {
		o.t.Fatalf("%s approves: %v", name, err)
	}
}

// until moves business time on, and with it what falls due.
func (o *office) until(t time.Time) {
	o.t.Helper()
	o.system(func(tx *db.Tx) error { _, err := lifecycle.RunDue(tx, t); return err })
}

// holds says whether somebody has a live reason for an entitlement.
func (o *office) holds(name, entitlement string) (yes bool) {
	o.t.Helper()
	o.system(func(tx *db.Tx) error {
		tx.Record(evidence.Event{Kind: "test.read"})
		return tx.QueryRow(`select exists (select from reason r join entitlement e on e.id = r.entitlement_id where r.identity_id = $1 and e.name = $2 and r.known_to = 'infinity' and r.valid_from <= $3 and r.valid_to > $3)`,
			o.id[name], entitlement, tx.Now).Scan(&yes)
	})
	return yes
}

// holders gives the names of who is asked at the open step.
func (o *office) holders(r *request.Request) (out []string) {
	for _, h := range o.open(r).Holders {
		out = append(out, h.Name)
	}
	return out
}

func (o *office) terminate(name string) {
	o.t.Helper()
	if err := o.as("Root", func(tx *db.Tx) error { _, err := lifecycle.Terminate(tx, o.id[name], "fraud"); return err }); err != nil {
		o.t.Fatal(err)
	}
}

// join makes somebody a member of a role, as the actor.
func (o *office) join(tx *db.Tx, name, role string) error {
	_, err := lifecycle.Join(tx, o.id[name], lifecycle.Membership{Role: o.of[role], Reason: "four eyes"})
	return err
}
