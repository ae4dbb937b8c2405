package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"tenure/internal/app"
	"tenure/internal/audit/trail"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

type verifyCmd struct {
	Pack       string   `arg:"" optional:"" help:"Evidence pack (zip): needs no database and no network."`
	Database   bool     `help:"Verify the whole log in the database, and employments, reasons and operations against it."`
	Key        []string `help:"Public key of the log, or of a witness, as you got it from elsewhere." placeholder:"KEY"`
	Checkpoint []string `help:"File with a signed head of the log that was kept outside; of several in it, the last." placeholder:"FILE"`
}

func (c *verifyCmd) Run(r *run) error {
	if c.Database == (c.Pack != "") {
		return errs.Invalid("say which: a pack, or --database")
	}
	out := trail.Outside{Keys: c.Key}
	for _, f := range c.Checkpoint {
		text, err := os.ReadFile(f)
		if err != nil {
			return errs.Invalid("cannot read the checkpoint: %v", err)
		}
		out.Checkpoints = append(out.Checkpoints, trail.LastOf(text))
	}
	if c.Database {
		return r.with(func(a *app.App) error { return c.database(r, a, out) })
	}
	f, err := os.Open(c.Pack)
	if err != nil {
		return errs.NotFound("cannot open the pack: %v", err)
	}
	defer func() { _ = f.Close() }()
	i, err := f.Stat()
	if err != nil {
		return err
	}
	v, err := evidence.VerifyPackAgainst(f, i.Size(), out.Keys, out.Checkpoints)
	if err != nil {
		return errs.Invalid("%v", err)
	}
	if err := r.answer(v, func() { tell(v) }); err != nil || len(v.Wrong) == 0 {
		return err
	}
	return exit{exitDifferent, "the pack is not what was sealed: " + v.Wrong[0]}
}

func tell(v *evidence.Verdict) {
	list := func(title string, lines []string) {
		if len(lines) > 0 {
			fmt.Println(title + "\n  " + strings.Join(lines, "\n  "))
		}
	}
	list("WRONG:", v.Wrong)
	list("Proven:", v.Proven)
	list("Not proven:", v.NotProven)
}

func (c *verifyCmd) database(r *run, a *app.App, out trail.Outside) error {
	began := time.Now()
	report, err := trail.Verify(r.ctx, a.DB, out)
	if err != nil {
		return err
	}
	if err := trail.Note(r.ctx, a.DB, report); err != nil {
		return err
	}
	if err := r.answer(report, func() {
		fmt.Printf("Log: %d events, root %s; %d newer than the last checkpoint. Rows held against it: %d. %.1f s.\n",
			report.Size, report.Root, report.Unsealed, report.Rows, time.Since(began).Seconds())
		for _, n := range report.External {
			fmt.Printf("Held against a checkpoint from outside, of %d events.\n", n)
		}
		for title, all := range map[string][]trail.Finding{"The log": report.Log, "The state": report.State} {
			if len(all) == 0 {
				fmt.Println(title + " is right.")
				continue
			}
			fmt.Println(title + " IS WRONG:")
			for _, f := range all[:min(len(all), 20)] {
				fmt.Printf("  event %d (id %d): %s\n", f.Index, f.Event, f.What)
			}
		}
	}); err != nil || report.Right() {
		return err
	}
	return exit{exitDifferent, fmt.Sprintf("%d differences in the log and %d in the state", len(report.Log), len(report.State))}
}

type witnessCmd struct {
	Dir    string   `required:"" help:"Folder of its key and of the heads that it signed; its own, not Tenure's." placeholder:"DIR"`
	Name   string   `default:"witness" help:"Its name, such as witness.example.com."`
	Log    []string `required:"" help:"Public key of a log that it signs heads of (tenure log-key)." placeholder:"KEY"`
	Listen string   `default:"127.0.0.1:8091" help:"Address to listen on."`
}

func (c *witnessCmd) Run(r *run) error {
	w, err := trail.OpenWitness(c.Dir, c.Name, c.Log)
	if err != nil {
		return err
	}
	l, err := listen(r.ctx, c.Listen)
	if err != nil {
		return err
	}
	fmt.Printf("Its public key is %s\nWITNESS http://%s\n", w.Public(), l.Addr())
	return portal(r.ctx, l, http.Handler(w))
}

type logKeyCmd struct {
	Rotate bool `help:"Give the log a new key, with a statement signed under the old one."`
}

func (c *logKeyCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		var k trail.Keys
		if c.Rotate {
			if _, err := trail.Rotate(r.ctx, a.DB, a.Config.LogKey()); err != nil {
				return err
			}
		} else if _, _, err := a.Sealer.Seal(r.ctx); err != nil { // makes the key at first use
			return err
		}
		if err := a.DB.Read(r.ctx, func(tx *db.Tx) (err error) { k, err = trail.ReadKeys(tx); return err }); err != nil {
			return err
		}
		return r.answer(map[string]any{"keys": k.Public}, func() { fmt.Println(strings.Join(k.Public, "\n")) })
	})
}
