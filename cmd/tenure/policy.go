package main

import (
	"errors"
	"fmt"
	"strings"

	"tenure/internal/app"
	"tenure/internal/audit"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
)

type applyCmd struct {
	Files    string `short:"f" name:"files" required:"" help:"Folder with YAML files (or one file)." placeholder:"DIR"`
	PlanOnly bool   `help:"Show the plan and change nothing."`
	Prune    bool   `help:"End roles and rules that no file declares."`
	Note     string `help:"Why, for the log."`
	Reason   string `help:"Releases a change that the brake holds; needs another person's token in TENURE_TOKEN."`
}

func (c *applyCmd) Run(r *run) error {
	files, err := change.Read(c.Files)
	if err != nil {
		return err
	}
	return r.with(func(a *app.App) error {
		deps := app.ChangeDeps()
		deps.Note, deps.Prune = c.Note, c.Prune
		var plan *change.Plan
		err := a.DB.Do(r.ctx, db.Operator, func(tx *db.Tx) (err error) {
			if c.Reason != "" {
				who, err := r.actor(tx, "policy.release")
				if err == nil && who.Identity == 0 {
					err = errs.Unauthenticated("releasing needs a person: give a personal token in TENURE_TOKEN")
				}
				if err != nil {
					return err
				}
				deps.Override = &change.Override{Identity: who.Identity, Reason: c.Reason}
			}
			plan, err = change.Apply(tx, files, deps)
			if plan != nil { // also what the brake holds is shown with its people
				err = errors.Join(err, plan.Meet(tx))
			}
			if err == nil && c.PlanOnly {
				return db.ErrRollback
			}
			return err
		})
		if plan == nil {
			return err
		}
		if shown := r.answer(plan, func() { showPlan(plan) }); shown != nil {
			return shown
		}
		var held *errs.Error
		if errors.As(err, &held) && plan.Brake != nil {
			return exit{exitHeld, held.Message}
		}
		if err == nil && !r.cli.JSON {
			switch {
			case c.PlanOnly:
				fmt.Println("Nothing was changed (--plan-only).")
			case len(plan.Changes) > 0:
				fmt.Println("Applied.")
			}
		}
		return err
	})
}

func showPlan(p *change.Plan) {
	if len(p.Changes) == 0 {
		fmt.Println("The files say what is declared already: nothing to do.")
		return
	}
	sign := map[string]string{"added": "+", "changed": "~", "removed": "-"}
	for _, c := range p.Changes {
		fmt.Printf("%s %s %s\n", sign[c.What], c.Kind, c.Name)
		if c.What != "changed" {
			continue
		}
		for _, f := range c.Fields {
			fmt.Printf("      %s: %v -> %v\n", f.Field, f.From, f.To)
		}
	}
	e := p.Effect
	fmt.Printf("People whose access changes: %d (%d lose something)\n", e.People, e.LosingPeople)
	for _, k := range keys(e.Gained) {
		fmt.Printf("  + %-40s %6d people\n", k, e.Gained[k])
	}
	for _, k := range keys(e.Lost) {
		fmt.Printf("  - %-40s %6d people\n", k, e.Lost[k])
	}
	for _, k := range keys(e.Withheld) {
		fmt.Printf("  ! %-40s %6d people do not get it because of an SoD rule\n", k, e.Withheld[k])
	}
	for _, k := range keys(p.Opened) {
		fmt.Printf("  ! %-40s %6d people break this SoD rule\n", k, p.Opened[k])
	}
	for _, k := range keys(p.Resolved) {
		fmt.Printf("  * %-40s %6d people do not break it any more\n", k, p.Resolved[k])
	}
	for _, k := range keys(e.Operations) {
		fmt.Printf("  > %-40s %6d operations\n", k, e.Operations[k])
	}
	showLicences(p)
	showSensitive(p)
}

func showLicences(p *change.Plan) {
	if len(p.Licences) == 0 {
		return
	}
	fmt.Println("Licences, a month:")
	for _, l := range p.Licences {
		cost := "not stated"
		if l.Currency != "" {
			cost = money(l.Cents, l.Currency)
		}
		fmt.Printf("    %-40s %+6d accounts  %s\n", l.Application, l.Accounts, cost)
	}
	for _, currency := range keys(p.Monthly) {
		fmt.Printf("    %-40s %16s %s\n", "together", "", money(p.Monthly[currency], currency))
	}
}

// money writes a difference: "+37.50 EUR".
func money(cents int, currency string) string {
	sign := "+"
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d %s", sign, cents/100, cents%100, currency)
}

func showSensitive(p *change.Plan) {
	if p.Sensitive == nil {
		return
	}
	fmt.Printf("Privileged access changes for %d people:\n", p.Sensitive.People)
	for _, x := range p.Sensitive.First {
		var what []string
		for _, ref := range x.Gains {
			what = append(what, "+ "+ref)
		}
		for _, ref := range x.Loses {
			what = append(what, "- "+ref)
		}
		fmt.Printf("    %-40s %s\n", x.Name, strings.Join(what, ", "))
	}
	if more := p.Sensitive.People - len(p.Sensitive.First); more > 0 {
		fmt.Printf("    and %d more\n", more)
	}
}

type explainCmd struct {
	Person      string `arg:"" help:"Number, e-mail address, name or id."`
	App         string `name:"app" help:"Application."`
	Entitlement string `help:"Entitlement of that application."`
}

func (c *explainCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		if c.App != "" {
			return c.one(r, a)
		}
		var p *identity.Person
		var held []audit.Grant
		err := a.DB.Read(r.ctx, func(tx *db.Tx) (err error) {
			if p, err = identity.Find(tx, c.Person); err != nil {
				return err
			}
			held, err = audit.Held(tx, p)
			return err
		})
		if err != nil {
			return err
		}
		return r.answer(map[string]any{"person": p.Name, "state": p.State, "grants": held}, func() {
			fmt.Printf("%s, %s: %d grants\n", p.Name, p.State, len(held))
			for _, g := range held {
				fmt.Printf("  %-14s %-32s %s\n", g.Application, g.Title, g.State)
				for _, why := range g.Reasons {
					fmt.Printf("      because: %s\n", why.Text)
					if why.Until != nil {
						fmt.Printf("      until: %s\n", why.Until.Format("2006-01-02 15:04 MST"))
					}
				}
			}
		})
	})
}

func (c *explainCmd) one(r *run, a *app.App) error {
	ref := c.App
	if c.Entitlement != "" {
		ref += "/" + c.Entitlement
	}
	var w *audit.Why
	err := a.DB.Read(r.ctx, func(tx *db.Tx) error {
		p, err := identity.Find(tx, c.Person)
		if err != nil {
			return err
		}
		w, err = audit.ExplainOne(tx, p, ref)
		return err
	})
	if err != nil {
		return err
	}
	return r.answer(w, func() {
		if len(w.Reasons) > 0 {
			fmt.Printf("%s has %s:\n", w.Person, w.Entitlement)
		} else {
			fmt.Printf("%s does not have %s.\n", w.Person, w.Entitlement)
		}
		for _, x := range w.Reasons {
			fmt.Printf("  because: %s\n", x.Text)
		}
		if w.Note != "" {
			fmt.Printf("  %s\n", w.Note)
		}
		for _, f := range w.Frees {
			fmt.Printf("  it comes %s\n", f)
		}
		for _, rule := range w.Policy.Rules {
			for _, path := range rule.Paths {
				fmt.Printf("  %s\n", path)
			}
			for _, f := range rule.Failing {
				fmt.Printf("    no: %s\n", f)
			}
			for _, ch := range rule.Changes {
				fmt.Printf("    would change with: %s %q instead of %q\n", ch.Attribute, ch.To, ch.From)
			}
		}
		if len(w.Policy.Rules) == 0 {
			fmt.Println("  no rule gives it to anybody")
		}
	})
}
