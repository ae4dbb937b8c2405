package main

import (
	"fmt"

	"tenure/internal/app"
	"tenure/internal/db"
	"tenure/internal/lifecycle"
)

type holdCmd struct {
	List    holdListCmd    `cmd:"" default:"1" help:"List what the brake holds."`
	Release holdReleaseCmd `cmd:"" help:"Release what fell due during an outage; HR runs are released with hr release."`
}

type holdListCmd struct{}

func (c *holdListCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		var holds []lifecycle.Hold
		if err := a.DB.Read(r.ctx, func(tx *db.Tx) (err error) { holds, err = lifecycle.OpenHolds(tx); return err }); err != nil {
			return err
		}
		return r.answer(holds, func() {
			if len(holds) == 0 {
				fmt.Println("Nothing is held.")
			}
			for _, h := range holds {
				fmt.Printf("hold %d, %s %d, since %s: %d people\n", h.ID, h.Kind, h.Ref, h.OpenedAt.Format("2006-01-02 15:04 MST"), h.People)
				for _, why := range h.Reasons {
					fmt.Println("  ", why)
				}
			}
		})
	})
}

type holdReleaseCmd struct {
	ID     int    `arg:"" help:"Number of the hold."`
	Reason string `required:"" help:"Why."`
}

func (c *holdReleaseCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		if err := r.do(a, "hr.release", func(tx *db.Tx) error { return lifecycle.ReleaseHold(tx, c.ID, c.Reason) }); err != nil {
			return err
		}
		return r.answer(map[string]any{"hold": c.ID, "state": "released"}, func() { fmt.Printf("Hold %d is released.\n", c.ID) })
	})
}
