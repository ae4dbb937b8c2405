package main

import (
	"fmt"
	"time"

	"tenure/internal/app"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/privacy"
)

type retentionCmd struct {
	List retentionListCmd `cmd:"" default:"1" help:"List how long each kind of record is kept, and how much is over."`
	Keep retentionKeepCmd `cmd:"" help:"Set how long a kind of record is kept."`
}

type retentionListCmd struct{}

type keptKind struct {
	Kind  string `json:"kind"`
	Title string `json:"title"`
	Days  int    `json:"days"`
	Least int    `json:"least_days"`
	Act   string `json:"act"`
	Set   bool   `json:"set"`
	Over  int    `json:"over"`
	Last  string `json:"last_carried_out,omitempty"`
	Rows  int    `json:"rows_of_the_last"`
}

func (c *retentionListCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		out := []keptKind{}
		if err := a.DB.Read(r.ctx, func(tx *db.Tx) error {
			all, err := privacy.Dues(tx)
			for _, k := range all {
				line := keptKind{Kind: k.Name, Title: k.Title, Days: k.Days, Least: k.Least, Act: k.Act, Set: k.Set, Over: k.N, Rows: k.LastN}
				if k.Last != nil {
					line.Last = k.Last.UTC().Format(time.RFC3339)
				}
				out = append(out, line)
			}
			return err
		}); err != nil {
			return err
		}
		return r.answer(out, func() {
			for _, k := range out {
				fmt.Printf("%-10s %6d days, then %-8s %7d over  %s\n", k.Kind, k.Days, k.Act, k.Over, k.Title)
			}
		})
	})
}

type retentionKeepCmd struct {
	Kind string `arg:"" help:"person, hr_file, hr_run, message, sign_in, account or answer."`
	Days int    `required:"" help:"How many days."`
	Act  string `help:"What becomes of people whose time is over: propose (for a person to erase) or erase (two weeks later, by itself). Empty: as it is."`
}

func (c *retentionKeepCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		if err := r.do(a, "privacy.decide", func(tx *db.Tx) error { return privacy.Keep(tx, c.Kind, c.Days, c.Act) }); err != nil {
			return err
		}
		return r.answer(map[string]any{"kind": c.Kind, "days": c.Days}, func() { fmt.Printf("%s is kept for %d days.\n", c.Kind, c.Days) })
	})
}

type legalHoldCmd struct {
	List  legalHoldListCmd  `cmd:"" default:"1" help:"List the legal holds, those that stand first."`
	Place legalHoldPlaceCmd `cmd:"" help:"Place a legal hold on a person, or on everybody: nothing of whom it holds is deleted or erased."`
	Lift  legalHoldLiftCmd  `cmd:"" help:"Lift a legal hold."`
}

// mostHolds bounds what is listed: legal holds are few.
const mostHolds = 10_000

type legalHoldListCmd struct{}

type listedHold struct {
	ID      int    `json:"id"`
	Person  string `json:"person"` // "": everybody
	Name    string `json:"name"`
	Stands  bool   `json:"stands"`
	Reason  string `json:"reason"`
	Until   string `json:"until,omitempty"` // its last day
	Placed  string `json:"placed"`
	By      string `json:"by"`
	Lifted  string `json:"lifted,omitempty"`
	Because string `json:"because,omitempty"`
}

func (c *legalHoldListCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		out := []listedHold{}
		if err := a.DB.Read(r.ctx, func(tx *db.Tx) error {
			all, err := privacy.Holds(tx, mostHolds)
			for i := range all {
				h := &all[i]
				line := listedHold{ID: h.ID, Person: h.Ref, Name: h.Name, Stands: h.Live(tx.Now), Reason: h.Reason, Placed: day(h.Made), By: h.MadeBy, Because: h.Because}
				if h.Until != nil {
					line.Until = day(h.Until.AddDate(0, 0, -1))
				}
				if h.Ended != nil {
					line.Lifted = day(*h.Ended)
				}
				out = append(out, line)
			}
			return err
		}); err != nil {
			return err
		}
		return r.answer(out, func() {
			for _, h := range out {
				whom, how := "everybody", "until it is lifted"
				if h.Person != "" {
					whom = h.Name
				}
				switch {
				case h.Lifted != "":
					how = "lifted on " + h.Lifted
				case h.Until != "":
					how = "until " + h.Until
				}
				fmt.Printf("%5d  %-28s %-22s placed %s by %s: %s\n", h.ID, whom, how, h.Placed, h.By, h.Reason)
			}
			if len(out) == 0 {
				fmt.Println("There is no legal hold.")
			}
		})
	})
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

type legalHoldPlaceCmd struct {
	Person    string `arg:"" optional:"" help:"Number, e-mail address, name or id."`
	Everybody bool   `help:"On everybody."`
	Reason    string `required:"" help:"Why; it stands in the log for good and must not name the person."`
	Until     string `help:"Its last day, such as 2027-03-31 (UTC). Empty: until it is lifted." placeholder:"DAY"`
}

func (c *legalHoldPlaceCmd) Run(r *run) error {
	if c.Everybody == (c.Person != "") {
		return errs.Invalid("name a person, or say --everybody")
	}
	return r.with(func(a *app.App) error {
		var id int
		whom := "everybody"
		if err := r.do(a, "privacy.decide", func(tx *db.Tx) error {
			who := 0
			if !c.Everybody {
				p, err := identity.Find(tx, c.Person)
				if err != nil {
					return err
				}
				who, whom = p.ID, p.Name
			}
			var err error
			id, err = privacy.Place(tx, who, c.Reason, c.Until)
			return err
		}); err != nil {
			return err
		}
		return r.answer(map[string]any{"id": id}, func() { fmt.Printf("Legal hold %d stands on %s.\n", id, whom) })
	})
}

type legalHoldLiftCmd struct {
	ID     int    `arg:"" help:"Its number in the list."`
	Reason string `required:"" help:"Why."`
}

func (c *legalHoldLiftCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		if err := r.do(a, "privacy.decide", func(tx *db.Tx) error { return privacy.Lift(tx, c.ID, c.Reason) }); err != nil {
			return err
		}
		return r.answer(map[string]any{"id": c.ID}, func() { fmt.Printf("Legal hold %d is lifted.\n", c.ID) })
	})
}
