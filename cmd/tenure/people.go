package main

import (
	"fmt"
	"sort"

	"tenure/internal/app"
	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/provision"
)

type terminateCmd struct {
	Person string `arg:"" help:"Number, e-mail address, name or id."`
	Reason string `required:"" help:"Why."`
}

func (c *terminateCmd) Run(r *run) error {
	return r.person(c.Person, func(tx *db.Tx, p *identity.Person) (*lifecycle.Effect, error) {
		return lifecycle.Terminate(tx, p.ID, c.Reason)
	}, "is terminated")
}

type reinstateCmd struct {
	Person string `arg:"" help:"Number, e-mail address, name or id."`
	Reason string `required:"" help:"Why."`
}

func (c *reinstateCmd) Run(r *run) error {
	return r.person(c.Person, func(tx *db.Tx, p *identity.Person) (*lifecycle.Effect, error) {
		return lifecycle.Reinstate(tx, p.ID, c.Reason)
	}, "is reinstated")
}

// person does something to one person and says how many operations follow.
func (r *run) person(who string, act func(*db.Tx, *identity.Person) (*lifecycle.Effect, error), what string) error {
	return r.with(func(a *app.App) error {
		var p *identity.Person
		var e *lifecycle.Effect
		err := r.do(a, "person.terminate", func(tx *db.Tx) (err error) {
			if p, err = identity.Find(tx, who); err != nil {
				return err
			}
			e, err = act(tx, p)
			return err
		})
		if err != nil {
			return err
		}
		n := 0
		for _, k := range e.Operations {
			n += k
		}
		return r.answer(map[string]any{"person": p.PublicID, "operations": e.Operations}, func() {
			fmt.Printf("%s %s; %d operations are on their way.\n", p.Name, what, n)
		})
	})
}

type statusCmd struct{}

func (c *statusCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		var s *audit.Status
		if err := a.DB.Read(r.ctx, func(tx *db.Tx) (err error) { s, err = audit.ReadStatus(tx); return err }); err != nil {
			return err
		}
		return r.answer(s, func() {
			fmt.Println("People")
			for _, k := range keys(s.People) {
				fmt.Printf("  %-10s %7d\n", k, s.People[k])
			}
			fmt.Println("Applications         enabled disabled orphan dormant  grants  drift")
			for _, k := range keys(s.Applications) {
				x := s.Applications[k]
				fmt.Printf("  %-18s %7d %8d %6d %7d %7d %6d\n", k, x.Enabled, x.Disabled, x.Orphan, x.Dormant, x.Grants, x.Drift)
			}
			fmt.Println("Operations")
			for _, k := range keys(s.Operations) {
				fmt.Printf("  %-12s %7d\n", k, s.Operations[k])
			}
		})
	})
}

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

type checkCmd struct {
	Application string `arg:"" help:"Name of the application."`
}

func (c *checkCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		var target *catalog.Application
		if err := a.DB.Read(r.ctx, func(tx *db.Tx) (err error) { target, err = find(tx, c.Application); return err }); err != nil {
			return err
		}
		reading, err := a.Provision.ReadWhole(r.ctx, target.ID)
		if err != nil {
			return fmt.Errorf("%s could not be read: %w", target.Name, err)
		}
		var diff []provision.Difference
		var logins map[string]int
		if err := a.DB.Read(r.ctx, func(tx *db.Tx) (err error) {
			if logins, err = catalog.CountLogins(tx, target.ID, target.DormantSince(tx.Now)); err != nil {
				return err
			}
			diff, err = provision.Drift(tx, target)
			return err
		}); err != nil {
			return err
		}
		if diff == nil {
			diff = []provision.Difference{}
		}
		if err := r.answer(map[string]any{"application": target.Name, "reading": reading, "differences": diff, "dormant": logins["dormant"]}, func() {
			fmt.Printf("Reading %d of %s: %d differences, %d dormant accounts.\n", reading, target.Name, len(diff), logins["dormant"])
			for _, d := range diff {
				fmt.Println(" ", d.Text)
			}
		}); err != nil {
			return err
		}
		if len(diff) > 0 {
			return exit{exitDifferent, fmt.Sprintf("%s differs in %d things", target.Name, len(diff))}
		}
		return nil
	})
}

type adoptCmd struct {
	Application string `arg:"" help:"Name of the application."`
	Reason      string `required:"" help:"Why the access is right."`
}

func (c *adoptCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		n := 0
		err := r.do(a, "application.adopt_any", func(tx *db.Tx) error {
			target, err := find(tx, c.Application)
			if err != nil {
				return err
			}
			n, err = lifecycle.Adopt(tx, target, c.Reason)
			return err
		})
		if err != nil {
			return err
		}
		return r.answer(map[string]int{"reasons": n}, func() { fmt.Printf("%d accesses have a reason now: found, and accepted by you.\n", n) })
	})
}

func find(tx *db.Tx, name string) (*catalog.Application, error) {
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	if target := cat.AppNamed[name]; target != nil {
		return target, nil
	}
	return nil, errs.NotFound("there is no application %q", name)
}
