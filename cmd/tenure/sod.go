package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"tenure/internal/app"
	"tenure/internal/catalog"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/policy/sod"
)

type sodCmd struct {
	Import sodImportCmd `cmd:"" help:"Write a rule matrix (CSV, XLSX, JSON) as policy files."`
}

type sodImportCmd struct {
	File        string `arg:"" help:"The rule matrix."`
	Application string `help:"Application whose entitlements the matrix means where it names none; without it, all are searched." placeholder:"NAME"`
	Out         string `short:"o" help:"File to write, or folder to write a file into; standard output where it is left out." placeholder:"FILE"`
	Strict      bool   `help:"Write nothing when a row was rejected or a name is not in the catalogue."`
}

// Run turns the matrix into documents, for tenure plan or apply to read.
func (c *sodImportCmd) Run(r *run) error {
	raw, err := os.ReadFile(c.File)
	if errors.Is(err, os.ErrNotExist) {
		return errs.NotFound("there is no file %s", c.File)
	}
	if err != nil {
		return err
	}
	m, err := sod.ReadMatrix(c.File, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	for _, x := range m.Rejects {
		fmt.Fprintf(os.Stderr, "%s: row %d: %s: %s\n", c.File, x.Row, x.Field, x.Rule)
	}
	return r.with(func(a *app.App) error {
		var cat *catalog.Catalog
		if err := a.DB.Read(r.ctx, func(tx *db.Tx) (err error) { cat, err = catalog.Load(tx); return err }); err != nil {
			return err
		}
		found, err := change.ImportMatrix(m, cat, c.Application)
		if err != nil {
			return err
		}
		return c.write(r, found)
	})
}

func (c *sodImportCmd) write(r *run, found *change.Imported) error {
	for _, x := range found.Unresolved {
		fmt.Fprintf(os.Stderr, "%s: duty %s: %q %s\n", c.File, x.Duty, x.Name, x.Why)
	}
	counts := fmt.Sprintf("%d SoD rules and %d duties, %d rules as comments, %d names not found, %d rows rejected", found.Rules, found.Duties, found.Commented,
		len(found.Unresolved), len(found.Rejects))
	if c.Strict && len(found.Unresolved)+len(found.Rejects) > 0 {
		return exit{exitDifferent, "nothing was written (--strict): " + counts}
	}
	if c.Out == "" {
		fmt.Fprintln(os.Stderr, counts)
		return r.answer(found, func() { fmt.Print(found.Text) })
	}
	path := c.Out
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		base := filepath.Base(c.File)
		path = filepath.Join(path, strings.TrimSuffix(base, filepath.Ext(base))+".yaml")
	}
	if err := writeNew(path, found.Text); err != nil {
		return err
	}
	found.Text = ""
	return r.answer(found, func() { fmt.Printf("%s: %s\n", path, counts) })
}
