package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"tenure/internal/app"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/errs"
)

type lintCmd struct {
	Files string `short:"f" name:"files" help:"Look at what these files (a folder, or one file) would make of the policy; without it, at the policy that holds." placeholder:"DIR"`
	Prune bool   `help:"With --files: as if roles, rules, duties and SoD rules that no file declares ended."`
}

// Run looks at the policy as a whole and changes nothing.
func (c *lintCmd) Run(r *run) error {
	var files *change.Files
	if c.Files != "" {
		var err error
		if files, err = change.Read(c.Files); err != nil {
			return err
		}
	}
	return r.with(func(a *app.App) error {
		var found []change.Finding
		look := func(tx *db.Tx) (err error) {
			deps := app.ChangeDeps()
			deps.Prune = c.Prune
			if found, err = change.Lint(tx, files, deps); err != nil || files == nil {
				return err
			}
			return db.ErrRollback
		}
		do := a.DB.Read
		if files != nil { // which are applied and undone
			do = func(ctx context.Context, fn func(*db.Tx) error) error { return a.DB.Do(ctx, db.Operator, fn) }
		}
		if err := do(r.ctx, look); err != nil {
			return err
		}
		wrong := change.LintErrors(found)
		if err := r.answer(map[string]any{"findings": append([]change.Finding{}, found...), "errors": wrong, "warnings": len(found) - wrong}, func() { showFindings(found, wrong) }); err != nil {
			return err
		}
		if wrong > 0 {
			return exit{exitDifferent, fmt.Sprintf("the policy has %d errors", wrong)}
		}
		return nil
	})
}

func showFindings(found []change.Finding, wrong int) {
	for _, x := range found {
		place := ""
		if x.File != "" {
			place = fmt.Sprintf("%s:%d: ", x.File, x.Line)
		}
		fmt.Printf("%s%s: %s %s: %s (%s)\n", place, x.Severity, x.Kind, x.Name, x.Text, x.Check)
	}
	if len(found) == 0 {
		fmt.Println("Nothing was found.")
		return
	}
	fmt.Printf("%d errors, %d warnings\n", wrong, len(found)-wrong)
}

type testCmd struct {
	Files string `short:"f" name:"files" required:"" help:"Folder with policy files and their tests (files ending in _test.yaml)." placeholder:"DIR"`
}

// Run tests policy files. It needs no database.
func (c *testCmd) Run(r *run) error {
	files, err := change.Read(c.Files)
	if err != nil {
		return err
	}
	result, err := change.Test(files, app.SourceAttributes)
	if err != nil {
		return err
	}
	if err := r.answer(result, func() { showTests(result) }); err != nil {
		return err
	}
	if n := len(result.Failures); n > 0 {
		return exit{exitDifferent, fmt.Sprintf("%d of %d expectations do not hold", n, result.Expectations)}
	}
	return nil
}

func showTests(t *change.TestResult) {
	for _, f := range t.Failures {
		why := ""
		if f.Why != "" {
			why = " (" + f.Why + ")"
		}
		fmt.Printf("%s:%d: %s: %s: %s: expected %s; is %s%s\n", f.File, f.Line, f.Test, f.Person, f.Field, f.Expected, f.Is, why)
	}
	fmt.Printf("%d tests, %d people, %d expectations: %d do not hold\n", t.Tests, t.People, t.Expectations, len(t.Failures))
}

// writeNew writes a file that is not there yet.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator says where
	if errors.Is(err, os.ErrExist) {
		return errs.Conflict("%s is there already; it was not overwritten", path)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
