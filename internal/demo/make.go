package demo

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/evidence"
	"tenure/internal/hr"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
)

// make builds the company in an empty database and plays its history.
func (d *Demo) make(ctx context.Context, steps []Step) error {
	d.say("Making the demo company %s: %d people, %d files of history. This takes about a minute.", Name, len(steps[len(steps)-1].Rows), len(steps))
	if err := d.declare(ctx); err != nil {
		return err
	}
	for i, s := range steps {
		began := time.Now()
		r, err := d.play(ctx, s, i == 0)
		if err != nil {
			return fmt.Errorf("%s: %w", s.File, err)
		}
		d.say("  %s  %3d people: %3d joined, %2d moved, %2d left%s  (%.1f s)", date(s.Day), len(s.Rows), r.Joiners+r.Returns, r.Movers, r.Leavers,
			map[bool]string{true: ", held and released"}[r.Held], time.Since(began).Seconds())
	}
	last := steps[len(steps)-1].Rows
	if err := d.disturb(ctx, steps[len(steps)-1].Day, steps[0].Rows, last); err != nil {
		return err
	}
	if err := d.readAll(ctx); err != nil {
		return err
	}
	if err := d.App.DB.Do(ctx, db.System, (*db.Tx).GoLive); err != nil {
		return err
	}
	if err := d.cutExport(ctx, last); err != nil {
		return err
	}
	return d.Feed.start(last)
}

// declare applies the policy and makes, at the targets, the groups and roles that it names.
func (d *Demo) declare(ctx context.Context) error {
	if err := d.openWarehouse(ctx); err != nil {
		return err
	}
	if err := d.writePolicy(false); err != nil {
		return err
	}
	files, err := d.apply(ctx, "the demo company's first policy")
	if err != nil {
		return err
	}
	for _, e := range files.Applications["directory"].Entitlements {
		d.Targets.Directory.AddGroup(e.Name)
	}
	for _, e := range files.Applications["desk"].Entitlements {
		d.Targets.Desk.AddGroup(e.Name)
	}
	var roles []string
	for _, e := range files.Applications["warehouse"].Entitlements {
		roles = append(roles, "create role "+pgx.Identifier{e.Name}.Sanitize())
	}
	if err := d.Targets.warehouse(ctx, roles...); err != nil {
		return err
	}
	return d.Targets.letGrant(ctx, files.Applications["warehouse"].Entitlements)
}

// openWarehouse makes the role that Tenure signs in as, and the machines' accounts.
func (d *Demo) openWarehouse(ctx context.Context) error {
	return d.Targets.warehouse(ctx,
		fmt.Sprintf("create role %s login createrole password '%s'", connectorRole, d.Targets.known.Password),
		"create role etl_nightly login", "create role dashboards login")
}

// play sends one file, at its day in the simulated clock, lets a second person release it where the brake holds it, and has
// every operation carried to the targets.
func (d *Demo) play(ctx context.Context, s Step, first bool) (*hr.Result, error) {
	who := db.Operator // before the first file there is nobody to act
	var err error
	if !first {
		if who, err = d.actor(ctx, loader); err != nil {
			return nil, err
		}
	}
	r, err := d.App.HR.Sync(ctx, who, hr.Upload{Source: Source, Name: s.File, Effective: date(s.Day), Body: bytes.NewReader(encode(append(s.Rows[:len(s.Rows):len(s.Rows)], s.Faulty...)))})
	if err != nil {
		return nil, err
	}
	if r.Held {
		if r, err = d.release(ctx, r.Run, s.Release); err != nil {
			return nil, err
		}
		r.Held = true
	}
	if first {
		if err := d.settleIn(ctx); err != nil {
			return nil, err
		}
	}
	if s.Terminate != "" {
		if err := d.terminate(ctx, s); err != nil {
			return nil, err
		}
	}
	open, err := d.App.Work(ctx, true)
	if err == nil && open.Now+open.Later+open.Failed > 0 {
		err = fmt.Errorf("operations are left: %+v", open)
	}
	return r, err
}

func (d *Demo) release(ctx context.Context, run int, reason string) (*hr.Result, error) {
	who, err := d.actor(ctx, releaser)
	if err != nil {
		return nil, err
	}
	return d.App.HR.Release(ctx, who, run, reason)
}

func (d *Demo) terminate(ctx context.Context, s Step) error {
	who, err := d.actor(ctx, releaser)
	if err != nil {
		return err
	}
	return d.App.DB.Do(ctx, who, func(tx *db.Tx) error {
		p, err := identity.Find(tx, s.Terminate)
		if err != nil {
			return err
		}
		_, err = lifecycle.Terminate(tx, p.ID, s.Dismissal)
		return err
	})
}

// settleIn is what becomes possible with the first people: portal roles, and owners in the policy.
func (d *Demo) settleIn(ctx context.Context) error {
	err := d.App.DB.Do(ctx, db.Operator, func(tx *db.Tx) error {
		for i, m := range cast {
			if m.role == "" {
				continue
			}
			p, err := identity.Find(tx, fmt.Sprint(1001+i))
			if err != nil {
				return err
			}
			if _, err := tx.Exec(`insert into portal_role (identity_id, role) values ($1, $2)`, p.ID, m.role); err != nil {
				return err
			}
			tx.Record(evidence.Event{Kind: "portal_role.given", IdentityID: p.ID, Touches: evidence.Touches{"portal_role": 1},
				Facts: map[string]any{"role": m.role}})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := d.writePolicy(true); err != nil {
		return err
	}
	_, err = d.apply(ctx, "owners named")
	return err
}

// actor gives a person of the cast, who acts on a page.
func (d *Demo) actor(ctx context.Context, number string) (a db.Actor, err error) {
	err = d.App.DB.Do(ctx, db.System, func(tx *db.Tx) error {
		p, err := identity.Find(tx, number)
		if err != nil {
			return err
		}
		a, err = tx.ActorOf(p.ID, "person", p.Name)
		return err
	})
	return a, err
}

// readAll reads every target whole.
func (d *Demo) readAll(ctx context.Context) error {
	var cat *catalog.Catalog
	if err := d.App.DB.Read(ctx, func(tx *db.Tx) (err error) { cat, err = catalog.Load(tx); return err }); err != nil {
		return err
	}
	for id, a := range cat.Apps {
		if _, err := d.App.Provision.ReadWhole(ctx, id); err != nil {
			return fmt.Errorf("reading %s: %w", a.Name, err)
		}
	}
	return nil
}

// cutExport sends a file that ends after four fifths of the people, as when an export breaks off: the brake holds it, and there it
// waits for the visitor.
func (d *Demo) cutExport(ctx context.Context, rows []Row) error {
	who, err := d.actor(ctx, loader)
	if err != nil {
		return err
	}
	cut := rows[:len(rows)*4/5]
	name := "people-" + d.Feed.Today() + "-again.csv"
	r, err := d.App.HR.Sync(ctx, who, hr.Upload{Source: Source, Name: name, Body: bytes.NewReader(encode(cut))})
	if err == nil && !r.Held {
		err = fmt.Errorf("the brake let a file that was cut through")
	}
	return err
}
