package main

import (
	"fmt"
	"time"

	"tenure/internal/app"
	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
)

type portalRoleCmd struct {
	List portalRoleListCmd `cmd:"" default:"1" help:"List who has which portal role."`
	Give portalRoleGiveCmd `cmd:"" help:"Give a portal role: the shell only while there is no administrator, afterwards an administrator's token."`
	Take portalRoleTakeCmd `cmd:"" help:"Take a portal role from somebody."`
}

// mostGiven bounds what is listed: portal roles are few.
const mostGiven = 10_000

type portalRoleListCmd struct{}

type givenRole struct {
	Person string `json:"person"`
	Name   string `json:"name"`
	Role   string `json:"role"`
	Since  string `json:"since"`
	By     string `json:"by"`
	Reason string `json:"reason"`
}

func (c *portalRoleListCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		out := []givenRole{}
		err := a.DB.Read(r.ctx, func(tx *db.Tx) error {
			all, err := auth.GivenRoles(tx, "", mostGiven)
			for _, g := range all {
				out = append(out, givenRole{Person: g.Ref, Name: g.Name, Role: g.Role, Since: g.At.UTC().Format("2006-01-02"), By: g.By, Reason: g.Reason})
			}
			return err
		})
		if err != nil {
			return err
		}
		return r.answer(out, func() {
			for _, g := range out {
				fmt.Printf("%-14s %-28s since %s, given by %s\n", g.Role, g.Name, g.Since, g.By)
			}
			if len(out) == 0 {
				fmt.Println("Nobody has a portal role yet. Make the first administrator with `tenure admin` or `tenure portal-role give`.")
			}
		})
	})
}

// portalRole is what both acts name.
type portalRole struct {
	Person string `arg:"" help:"Number, e-mail address, name or id."`
	Role   string `arg:"" help:"hr, it, compliance, auditor or administrator."`
	Reason string `required:"" help:"Why."`
}

type portalRoleGiveCmd struct {
	portalRole
	Until string `help:"Last day of an auditor's role, such as 2026-03-31 (UTC); it ends by itself." placeholder:"DAY"`
}

func (c *portalRoleGiveCmd) Run(r *run) error {
	var until *time.Time
	if c.Until != "" {
		day, err := time.Parse(time.DateOnly, c.Until)
		if err != nil {
			return errs.Invalid("--until must be a day such as 2026-03-31")
		}
		end := day.AddDate(0, 0, 1)
		until = &end
	}
	return c.act(r, "has the role now", func(tx *db.Tx, p *identity.Person) error { return auth.GiveRole(tx, p, c.Role, c.Reason, until) })
}

type portalRoleTakeCmd struct{ portalRole }

func (c *portalRoleTakeCmd) Run(r *run) error {
	return c.act(r, "does not have the role any more", func(tx *db.Tx, p *identity.Person) error {
		all, err := auth.GivenRoles(tx, c.Role, mostGiven)
		if err != nil {
			return err
		}
		for _, g := range all {
			if g.Person == p.ID {
				_, err := auth.TakeRole(tx, g.ID, c.Reason)
				return err
			}
		}
		return errs.NotFound("%s does not have the portal role %s", p.Name, c.Role)
	})
}

func (c *portalRole) act(r *run, what string, fn func(*db.Tx, *identity.Person) error) error {
	return r.with(func(a *app.App) error {
		var p *identity.Person
		err := r.do(a, "portal.give", func(tx *db.Tx) (err error) {
			if p, err = identity.Find(tx, c.Person); err != nil {
				return err
			}
			return fn(tx, p)
		})
		if err != nil {
			return err
		}
		return r.answer(map[string]string{"person": p.PublicID, "role": c.Role}, func() { fmt.Printf("%s %s: %s.\n", p.Name, what, c.Role) })
	})
}
