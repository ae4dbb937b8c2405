package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"

	"tenure/internal/access"
	"tenure/internal/app"
	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
)

type migrateCmd struct {
	Replay bool `help:"Make a database whose business time is moved by --effective, to replay history."`
}

func (c *migrateCmd) Run(r *run) error {
	cfg, err := r.config()
	if err != nil {
		return err
	}
	kind := db.Live
	if c.Replay {
		kind = db.Replay
	}
	if err := app.Migrate(r.ctx, cfg, kind); err != nil {
		return err
	}
	return r.answer(map[string]any{"migrated": true}, func() { fmt.Println("The database is at this version.") })
}

type workCmd struct {
	UntilIdle bool `help:"Stop when nothing is left to do."`
}

func (c *workCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		open, err := a.Work(r.ctx, c.UntilIdle)
		if err != nil || !c.UntilIdle {
			return err
		}
		if err := r.answer(map[string]int{"open": open.Now, "later": open.Later, "failed": open.Failed, "proposed": open.Proposed}, func() {
			fmt.Printf("Idle: %d operations wait for a later attempt, %d failed, %d are proposed.\n", open.Later, open.Failed, open.Proposed)
		}); err != nil {
			return err
		}
		if open.Later+open.Failed > 0 {
			return exit{exitDifferent, fmt.Sprintf("%d operations are left open: see `tenure status` and the operations page", open.Later+open.Failed)}
		}
		return nil
	})
}

type tokenCmd struct {
	As    string        `required:"" help:"The person: number, e-mail address, name or id." placeholder:"PERSON"`
	Scope []string      `default:"read,hr,decide" enum:"read,hr,decide" help:"What the token is for: ${enum}."`
	Valid time.Duration `default:"24h" help:"How long the token is valid."`
}

func (c *tokenCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		if a.DB.Kind == db.Live {
			return errs.Forbidden("tokens are made on a signed-in page; only demo and replay databases give them out here")
		}
		var token string
		err := a.DB.Do(r.ctx, db.Operator, func(tx *db.Tx) error {
			p, err := identity.Find(tx, c.As)
			if err != nil {
				return err
			}
			token, err = auth.Issue(tx, p, "command line", c.Scope, c.Valid)
			return err
		})
		if err != nil {
			return err
		}
		return r.answer(map[string]string{"token": token}, func() { fmt.Println(token) })
	})
}

type adminCmd struct {
	Email string `required:"" help:"E-mail address to sign in with."`
	Name  string `default:"Administrator" help:"Name shown on pages."`
}

func (c *adminCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		fmt.Fprint(os.Stderr, "Password: ")
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil && line == "" {
			return errs.Invalid("no password was given on standard input")
		}
		if err := a.DB.Do(r.ctx, db.Operator, func(tx *db.Tx) error {
			return auth.SetAdministrator(tx, c.Email, c.Name, strings.TrimRight(line, "\r\n"))
		}); err != nil {
			return err
		}
		return r.answer(map[string]any{"email": c.Email}, func() { fmt.Println("\nThe administrator can sign in.") })
	})
}

type releaseCmd struct {
	Application string `arg:"" help:"Name of the application."`
	Reason      string `required:"" help:"Why."`
}

func (c *releaseCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		n := 0
		err := r.do(a, "operation.release", func(tx *db.Tx) error {
			application, err := find(tx, c.Application)
			if err != nil {
				return err
			}
			n, err = access.Release(tx, application.ID, c.Reason)
			return err
		})
		if err != nil {
			return err
		}
		return r.answer(map[string]int{"released": n}, func() { fmt.Printf("%d operations are on their way.\n", n) })
	})
}
