package main

import (
	"fmt"
	"sort"

	"tenure/internal/app"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/privacy"
)

type eraseCmd struct {
	Person   string `arg:"" help:"Number, e-mail address, name or id."`
	Reason   string `help:"Why; it stands in the log for good and must not name the person." placeholder:"TEXT"`
	Plan     bool   `help:"Say what would be changed, or what stands against it, and change nothing." xor:"act"`
	Withdraw bool   `help:"Take back what was asked for or proposed." xor:"act"`
}

func (c *eraseCmd) Run(r *run) error {
	if !c.Plan && c.Reason == "" {
		return errs.Invalid("--reason is required")
	}
	return r.with(func(a *app.App) error {
		var out *privacy.Outcome
		var p *identity.Person
		err := r.do(a, "privacy.decide", func(tx *db.Tx) (err error) {
			if p, err = identity.Find(tx, c.Person); err != nil {
				return err
			}
			switch {
			case c.Plan:
				if out, err = privacy.Plan(tx, p.ID); err == nil {
					err = db.ErrRollback
				}
			case c.Withdraw:
				err = privacy.Withdraw(tx, p.ID, c.Reason)
			default:
				out, err = privacy.Erase(tx, p.ID, c.Reason)
			}
			return err
		})
		if err != nil {
			return err
		}
		if c.Withdraw {
			return r.answer(map[string]any{"person": p.PublicID, "state": privacy.Withdrawn}, func() { fmt.Printf("%s is not erased.\n", p.Name) })
		}
		return r.erased(out)
	})
}

// erased prints what was done, or would be.
func (r *run) erased(out *privacy.Outcome) error {
	return r.answer(map[string]any{"person": out.Person.PublicID, "state": out.State, "asked_by": out.By, "rows": out.Counts}, func() {
		switch out.State {
		case privacy.Asked:
			fmt.Printf("Asked for: another person erases %s with the same command, or on the page of the person.\n", out.Was)
			return
		case privacy.Done:
			fmt.Printf("Erased: %s, asked for by %s. The key is destroyed.\n", out.Person.Name, out.By)
		default:
			fmt.Printf("Nothing stands against erasing %s.\n", out.Was)
			if out.By != "" {
				fmt.Printf("%s asked for it.\n", out.By)
			}
		}
		tables := make([]string, 0, len(out.Counts))
		for t := range out.Counts {
			tables = append(tables, t)
		}
		sort.Strings(tables)
		for _, t := range tables {
			fmt.Printf("  %-20s %7d rows\n", t, out.Counts[t])
		}
	})
}
