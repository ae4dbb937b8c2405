package main

import (
	"fmt"
	"strings"
	"time"

	"tenure/internal/app"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/request"
)

// workingTimeCmd shows or says when the organisation works: the clock of approvals runs then and at no other time.
type workingTimeCmd struct {
	Days     []int    `help:"Days of the week: 1 is Monday." placeholder:"1,2,3,4,5"`
	Hours    string   `help:"From when until when." placeholder:"09:00-17:00"`
	Zone     string   `help:"The time zone." placeholder:"Europe/Berlin"`
	Holidays []string `help:"Days off, as 2026-12-25; together they replace those there are." placeholder:"DAY,..."`
}

type workingTime struct {
	Days     []int    `json:"days"`
	Hours    string   `json:"hours"`
	Zone     string   `json:"zone"`
	Holidays []string `json:"holidays"`
}

// Run shows it, and sets what is given.
func (c *workingTimeCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		var out workingTime
		show := func(tx *db.Tx) error {
			w, err := request.WorkingTime(tx)
			if err != nil {
				return err
			}
			out = workingTime{Days: w.Days, Hours: clockText(w.From) + "-" + clockText(w.To), Zone: w.Zone.String(), Holidays: []string{}}
			for _, h := range w.Holidays {
				out.Holidays = append(out.Holidays, h.Format(time.DateOnly))
			}
			return nil
		}
		var err error
		if c.Hours == "" && c.Zone == "" && len(c.Days)+len(c.Holidays) == 0 {
			err = a.DB.Read(r.ctx, show)
		} else {
			err = r.do(a, "portal.change", func(tx *db.Tx) error {
				if err := c.set(tx); err != nil {
					return err
				}
				return show(tx)
			})
		}
		if err != nil {
			return err
		}
		return r.answer(out, func() {
			fmt.Printf("Days %v, %s in %s, %d holidays.\n", out.Days, out.Hours, out.Zone, len(out.Holidays))
		})
	})
}

func (c *workingTimeCmd) set(tx *db.Tx) error {
	w, err := request.WorkingTime(tx)
	if err != nil {
		return err
	}
	set := *w
	if len(c.Days) > 0 {
		set.Days = c.Days
	}
	if c.Hours != "" {
		from, to, ok := strings.Cut(c.Hours, "-")
		a, errA := time.Parse("15:04", strings.TrimSpace(from))
		b, errB := time.Parse("15:04", strings.TrimSpace(to))
		if !ok || errA != nil || errB != nil {
			return errs.InvalidFields("the working time is as it was:", []errs.Field{{Field: "hours", Rule: "must be written as 09:00-17:00"}})
		}
		set.From, set.To = a.Hour()*60+a.Minute(), b.Hour()*60+b.Minute()
	}
	if c.Zone != "" {
		if set.Zone, err = time.LoadLocation(c.Zone); err != nil {
			return errs.InvalidFields("the working time is as it was:", []errs.Field{{Field: "zone", Rule: "must be an IANA time zone such as Europe/Berlin"}})
		}
	}
	if len(c.Holidays) > 0 {
		set.Holidays = nil
		for i, text := range c.Holidays {
			day, err := time.Parse(time.DateOnly, text)
			if err != nil {
				return errs.InvalidFields("the working time is as it was:", []errs.Field{{Field: fmt.Sprintf("holidays[%d]", i), Rule: fmt.Sprintf("is %q and must be a day such as 2026-12-25", text)}})
			}
			set.Holidays = append(set.Holidays, day)
		}
	}
	return request.SetWorkingTime(tx, &set)
}

func clockText(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }
