package campaign_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/campaign"
	"tenure/internal/catalog"
	"tenure/internal/connector"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
)

// The people of an office. Ada, Bob, Rob, Tom and Uma report to Max, he to Vera; Olga owns the CRM, Otto the bank; Cora and Carl are
// compliance; Root administers.
var cast = []string{"Ada", "Bob", "Rob", "Tom", "Uma", "Max", "Vera", "Olga", "Otto", "Cora", "Carl", "Root"}

// office is a small company whose applications were read once.
type office struct {
	t       *testing.T
	d       *db.DB
	id      map[string]int
	ent     map[string]int
	account map[string]int // "Ada/crm"
	of      map[string]int // policy objects
	conn    *pgx.Conn
	*campaign.Service
}

// Monday is when an office begins to work.
var Monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// holds is what the readings show: who holds what. What the rule gives is the badge; Ada and Uma are members of Four eyes.
var holds = map[string][]string{
	"Ada": {"crm/read", "crm/edit", "crm/admin", "bank/pay"}, "Bob": {"crm/read", "crm/edit"}, "Rob": {"crm/read"}, "Tom": {"crm/read"}, "Uma": {"crm/read", "crm/edit", "bank/enter"},
	"Max": {"crm/read", "bank/pay"}, "Olga": {"crm/admin"}, "": {"crm/admin"},
}

func newOffice(t *testing.T) *office {
	o := &office{t: t, d: dbtest.Replay(t), id: map[string]int{}, ent: map[string]int{}, account: map[string]int{}, of: map[string]int{}, Service: lifecycle.Campaigns}
	o.hire()
	o.system(func(tx *db.Tx) error {
		box := map[string]connector.Kind{"box": {Name: "box"}}
		for name, spec := range map[string]catalog.ApplicationSpec{
			"crm":  {Title: "CRM", Owner: "Olga", Entitlements: []catalog.EntitlementSpec{{Name: "read"}, {Name: "edit", Risk: "medium"}, {Name: "admin", Privileged: true}, {Name: "badge"}}},
			"bank": {Title: "Bank", Owner: "Otto", Entitlements: []catalog.EntitlementSpec{{Name: "enter"}, {Name: "pay", Risk: "critical"}}},
		} {
			spec.Connector, spec.Mode, spec.Config = "box", "enforce", map[string]any{}
			if _, err := catalog.Apply(tx, name, spec, box); err != nil {
				return err
			}
		}
		return nil
	})
	o.names(`select p.name || '/' || e.name, e.id from entitlement e join application p on p.id = e.application_id`, o.ent)
	o.system(func(tx *db.Tx) error {
		_, _, err := policy.Save(tx, policy.Set{
			Roles: map[string]policy.RoleSpec{"Four": {Title: "Four eyes", Owner: "Olga", Entitlements: []string{"crm/edit"}}, "Staff": {Title: "Staff", Owner: "Otto", Entitlements: []string{"crm/badge"}}},
			Rules: map[string]policy.RuleSpec{"staff": {Title: "Everybody of Sales", When: `department == "Sales"`, Roles: []string{"Staff"}}},
		}, "", false)
		return err
	})
	o.names(`select name, id from policy_object`, o.of)
	o.see()
	o.system(func(tx *db.Tx) error {
		all := make([]int, 0, len(cast))
		for _, n := range cast {
			all = append(all, o.id[n])
		}
		_, err := lifecycle.SettleIDs(tx, all, lifecycle.Cause{What: "policy"})
		return err
	})
	for _, who := range []string{"Ada", "Uma"} {
		if err := o.as("Root", func(tx *db.Tx) error {
			_, err := lifecycle.Join(tx, o.id[who], lifecycle.Membership{Role: o.of["Four"], Reason: "four eyes"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	o.sql(`update operation set state = 'verified' where state <> 'verified'`)
	return o
}

func (o *office) names(sql string, into map[string]int) {
	o.t.Helper()
	rows, err := o.d.Pool.Query(o.t.Context(), sql)
	if err != nil {
		o.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n string
		var id int
		if err := rows.Scan(&n, &id); err != nil {
			o.t.Fatal(err)
		}
		into[n] = id
	}
}

// sql does something behind the product's back.
func (o *office) sql(sql string, args ...any) {
	o.t.Helper()
	if _, err := o.owner().Exec(o.t.Context(), sql, args...); err != nil {
		o.t.Fatalf("%s: %v", sql, err)
	}
}

// owner is whoever owns the tables: nothing of theirs is watched.
func (o *office) owner() *pgx.Conn {
	if o.conn == nil {
		o.conn = dbtest.Owner(o.t, o.d)
		if _, err := o.conn.Exec(o.t.Context(), `set session_replication_role = replica`); err != nil {
			o.t.Fatal(err)
		}
	}
	return o.conn
}

// see is the first reading of both applications.
func (o *office) see() {
	o.sql(`insert into reading (application_id, started_at, ended_at, complete) select id, now() - interval '1 minute', now(), true from application`)
	for who, list := range holds {
		for _, e := range append([]string{"crm/badge"}, list...) {
			if who == "" && e == "crm/badge" {
				continue
			}
			app := e[:len(e)-len(e[lastSlash(e):])]
			key := who + "/" + app
			if o.account[key] == 0 {
				var id int
				name := who
				if name == "" {
					name = "nobody"
				}
				if err := o.owner().QueryRow(o.t.Context(), `insert into account (application_id, native_id, name) select id, $2, $2 from application where name = $1 returning id`, app, name).Scan(&id); err != nil {
					o.t.Fatal(err)
				}
				o.account[key] = id
				if who != "" {
					o.sql(`insert into account_link (account_id, identity_id, known_from) values ($1, $2, now() - interval '1 day')`, id, o.id[who])
				}
				o.sql(`insert into account_seen (account_id, reading_id, name, enabled, last_sign_in) select $1, max(id), $2, true, now() from reading`, id, name)
			}
			o.sql(`insert into observed (account_id, entitlement_id, seen_from) select $1, $2, r.id from reading r join account a on a.application_id = r.application_id where a.id = $1`, o.account[key], o.ent[e])
		}
	}
}

func lastSlash(s string) int {
	for n := len(s) - 1; n >= 0; n-- {
		if s[n] == '/' {
			return n
		}
	}
	return len(s)
}

// hire makes the people: HR is not what is tested here.
func (o *office) hire() {
	boss := map[string]string{"Ada": "Max", "Bob": "Max", "Rob": "Max", "Tom": "Max", "Uma": "Max", "Max": "Vera"}
	key := 0 // one for all: what a target says about somebody is sealed
	o.system(func(tx *db.Tx) (err error) {
		if key, err = tx.IDs("identity_key", 1); err != nil {
			return err
		}
		_, wrapped, err := tx.Wrapper().New(key)
		if err == nil {
			_, err = tx.Exec(`insert into identity_key (id, wrapped) values ($1, $2)`, key, wrapped)
		}
		return err
	})
	for _, name := range cast {
		o.sql(`insert into identity (state, since, name, number, key_id) values ('active', '2026-01-01', $1, $1, $2)`, name, key)
	}
	o.names(`select name, id from identity`, o.id)
	for i, name := range cast {
		var m *int
		if b, ok := o.id[boss[name]]; ok {
			m = &b
		}
		o.sql(`insert into employment (id, identity_id, source_id, source_key) values ($1, $2, 1, $3)`, i+1, o.id[name], fmt.Sprint(i))
		o.sql(`insert into employment_version (employment_id, identity_id, status, first_day, zone, starts_at, manager_id, attrs, valid_from, known_from) values ($1, $2, 'active', '2026-01-01', 'UTC', '2026-01-01', $3, jsonb_build_object('department', 'Sales', 'title', 'Seller', 'first_name', $4::text, 'last_name', 'X'), '2026-01-01', now())`, i+1, o.id[name], m, name)
		o.sql(`insert into identity_entry (identity_id, state, since, sort_name, department, manager_id) values ($1, 'active', '2026-01-01', lower($2), 'Sales', $3)`, o.id[name], name, m)
	}
	for who, role := range map[string]string{"Cora": "compliance", "Carl": "compliance", "Root": "administrator"} {
		o.sql(`insert into portal_role (identity_id, role) values ($1, $2)`, o.id[who], role)
	}
	o.system(func(tx *db.Tx) error { return tx.MoveClock(Monday) })
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

// start builds a campaign of Cora's and starts it.
func (o *office) start(change ...func(*campaign.Campaign)) *campaign.Campaign {
	o.t.Helper()
	c, err := o.tryStart(change...)
	if err != nil {
		o.t.Fatal(err)
	}
	return c
}

func (o *office) tryStart(change ...func(*campaign.Campaign)) (c *campaign.Campaign, err error) {
	err = o.as("Cora", func(tx *db.Tx) error {
		c = &campaign.Campaign{Title: "Spring", Settings: campaign.Defaults, Stages: []campaign.Stage{{By: campaign.ByManager}}}
		c.Settings.Sample = 0
		for _, f := range change {
			f(c)
		}
		if err := o.Build(tx, c); err != nil {
			return err
		}
		c, err = o.Start(tx, c.ID)
		return err
	})
	return c, err
}

func (o *office) read(fn func(tx *db.Tx) error) {
	o.t.Helper()
	if err := o.d.Read(o.t.Context(), fn); err != nil {
		o.t.Fatal(err)
	}
}

// review gives the open review of somebody in a campaign.
func (o *office) review(c *campaign.Campaign, who string) (out *campaign.Review) {
	o.t.Helper()
	o.read(func(tx *db.Tx) error {
		all, err := campaign.Reviews(tx, c.ID)
		for _, v := range all {
			if v.Name == who && v.State == campaign.Reviewed {
				out = v
			}
		}
		return err
	})
	if out == nil {
		o.t.Fatalf("nothing is asked of %s", who)
	}
	return out
}

// items gives the items of a review by "person entitlement".
func (o *office) items(v *campaign.Review) map[string]*campaign.Item {
	o.t.Helper()
	names, ents := map[int]string{}, map[int]string{}
	for n, id := range o.id {
		names[id] = n
	}
	for n, id := range o.ent {
		ents[id] = n
	}
	out := map[string]*campaign.Item{}
	o.read(func(tx *db.Tx) error {
		lines, err := campaign.Lines(tx, v.ID)
		if err != nil {
			return err
		}
		batch, err := campaign.Batch(tx, v.ID, 0, 1000)
		for _, i := range append(lines, batch...) {
			out[names[i.Identity]+" "+ents[i.Entitlement]] = i
		}
		return err
	})
	return out
}

func (o *office) decide(who string, a campaign.Answer) error {
	return o.as(who, func(tx *db.Tx) error { _, err := o.Decide(tx, a); return err })
}

// keepRest keeps everything in a review that is not decided.
func (o *office) keepRest(who string, v *campaign.Review) {
	o.t.Helper()
	err := o.as(who, func(tx *db.Tx) error {
		st, err := campaign.StandingOf(tx, v.ID)
		if err != nil {
			return err
		}
		if st.Fine > st.FineDecided {
			if _, err := o.OpenBatch(tx, v.ID); err != nil {
				return err
			}
			if _, err := o.KeepBatch(tx, v.ID, st.Fine-st.FineDecided); err != nil {
				return err
			}
		}
		rules, err := campaign.Rules(tx, v.ID)
		if err != nil {
			return err
		}
		for _, r := range rules {
			if r.Outcome == "" {
				if _, err := o.Acknowledge(tx, v.ID, r.Unit, campaign.Keep, ""); err != nil {
					return err
				}
			}
		}
		lines, err := campaign.Lines(tx, v.ID)
		if err != nil {
			return err
		}
		for _, i := range lines {
			if i.Decision == nil {
				if _, err := o.Decide(tx, campaign.Answer{Review: v.ID, Items: []int64{i.ID}, Outcome: campaign.Keep}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) sign(who string, v *campaign.Review) error {
	return o.as(who, func(tx *db.Tx) error { _, err := o.SignOff(tx, v.ID, 0); return err })
}

// signAll decides and signs whatever is open in a campaign, as those who are asked.
func (o *office) signAll(c *campaign.Campaign) {
	o.t.Helper()
	for range 10 {
		var open []*campaign.Review
		o.read(func(tx *db.Tx) error {
			all, err := campaign.Reviews(tx, c.ID)
			for _, v := range all {
				if v.State == campaign.Reviewed {
					open = append(open, v)
				}
			}
			return err
		})
		if len(open) == 0 {
			return
		}
		for _, v := range open {
			o.keepRest(v.Name, v)
			if err := o.sign(v.Name, v); err != nil {
				o.t.Fatal(err)
			}
		}
	}
}

func (o *office) campaign(c *campaign.Campaign) (out *campaign.Campaign) {
	o.t.Helper()
	o.read(func(tx *db.Tx) (err error) { out, err = campaign.Find(tx, c.ID); return err })
	return out
}

// removals gives how the removals of a campaign stand, by "person entitlement".
func (o *office) removals(c *campaign.Campaign) map[string]*campaign.Removal {
	o.t.Helper()
	out := map[string]*campaign.Removal{}
	o.read(func(tx *db.Tx) error {
		all, err := campaign.Removals(tx, c.ID, 0, 1000)
		for _, r := range all {
			for n, id := range o.id {
				for e, x := range o.ent {
					if id == r.Identity && x == r.Entitlement {
						out[n+" "+e] = r
					}
				}
			}
		}
		return err
	})
	return out
}

// gone is a reading of an account that does not show an entitlement any more.
func (o *office) gone(who, entitlement string) {
	o.t.Helper()
	acc := o.account[who+"/"+entitlement[:lastSlash(entitlement)]]
	o.sql(`with r as (insert into reading (application_id, account_id, started_at, ended_at, complete) select application_id, id, clock_timestamp(), clock_timestamp(), true from account where id = $1 returning id)
		update observed o set seen_to = r.id from r where o.account_id = $1 and o.entitlement_id = $2 and o.seen_to is null`, acc, o.ent[entitlement])
	o.system(campaign.Verify)
}

// until moves business time on, and with it what falls due.
func (o *office) until(t time.Time) {
	o.t.Helper()
	o.system(func(tx *db.Tx) error { _, err := lifecycle.RunDue(tx, t); return err })
}
