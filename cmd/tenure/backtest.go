package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"strings"

	"tenure/internal/app"
	"tenure/internal/backtest"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
)

type backtestCmd struct {
	Set   int    `arg:"" optional:"" name:"change-set" help:"A planned change, by its number."`
	Files string `short:"f" name:"files" help:"Folder with YAML files (or one file) in place of a planned change." placeholder:"DIR"`
	Prune bool   `help:"With --files: as if roles, rules, duties and SoD rules that no file declares ended."`
	Days  int    `default:"90" help:"How many days are replayed."`
	CSV   string `name:"csv" help:"Write every difference into this file." placeholder:"FILE"`
}

// Run replays the last days against a changed policy. Nothing is changed.
func (c *backtestCmd) Run(r *run) error {
	if (c.Set == 0) == (c.Files == "") {
		return errs.Invalid("name a planned change by its number, or files with -f")
	}
	p := change.Proposal{Prune: c.Prune}
	if c.Files != "" {
		if _, err := change.Read(c.Files); err != nil { // which names files and lines
			return err
		}
		var err error
		if p.Body, err = change.Text(c.Files); err != nil {
			return err
		}
	}
	return r.with(func(a *app.App) error {
		if c.Set != 0 {
			if err := a.DB.Read(r.ctx, func(tx *db.Tx) (err error) { p, err = backtest.ProposalOf(tx, c.Set); return err }); err != nil {
				return err
			}
		}
		res, err := app.Backtest(r.ctx, a.DB, db.Operator, p, c.Days, func(string, int, int) error { return nil })
		if err != nil {
			return err
		}
		var people map[int]*identity.Person
		err = a.DB.Read(r.ctx, func(tx *db.Tx) (err error) {
			var ids []int
			for i := range res.Differences {
				ids = append(ids, res.Differences[i].Identity)
			}
			people, err = identity.People(tx, ids)
			return err
		})
		if err != nil {
			return err
		}
		for i := range res.Differences {
			if p := people[res.Differences[i].Identity]; p != nil {
				res.Differences[i].Person = p.Name
			}
		}
		if c.CSV != "" {
			if err := writeDifferences(c.CSV, res.Differences); err != nil {
				return err
			}
		}
		return r.answer(res, func() { showBacktest(res) })
	})
}

// shownMost is how many differences are printed; --json and --csv give all of them.
const shownMost = 50

func showBacktest(r *backtest.Result) {
	s := &r.Summary
	fmt.Printf("%s to %s, %d days: something changed for %d people, at %d instants.\n", s.Since.Format("2006-01-02"), s.Until.Format("2006-01-02"), s.Days, s.People, s.Instants)
	if s.Differences == 0 {
		fmt.Println("Nothing would have differed.")
		return
	}
	fmt.Printf("It would have differed for %d people, %d times.\n", s.Differing, s.Differences)
	for _, part := range []struct {
		sign, what string
		n          map[string]int
	}{{"+", "people would have got it", s.Gains}, {"-", "people would not have had it", s.Lacks}, {"!", "people would have lacked it because of an SoD rule", s.Withheld},
		{"!", "people would have broken this SoD rule", s.Breaks}, {"*", "people would not have broken it", s.Spares}} {
		for _, k := range keys(part.n) {
			fmt.Printf("  %s %-40s %6d %s\n", part.sign, k, part.n[k], part.what)
		}
	}
	if s.Memberships+s.Requests > 0 {
		fmt.Printf("It would have blocked %d memberships and %d requests:\n", s.Memberships, s.Requests)
	}
	for _, k := range keys(s.Refused) {
		fmt.Printf("  x %-40s %6d\n", orNoRole(k), s.Refused[k])
	}
	for _, k := range keys(s.Admitted) {
		fmt.Printf("  o %-40s %6d memberships and requests that the policy of today would refuse\n", orNoRole(k), s.Admitted[k])
	}
	for i := range r.Differences {
		if i == shownMost {
			fmt.Printf("and %d more; --json or --csv FILE gives all of them.\n", s.Differences-shownMost)
			break
		}
		d := &r.Differences[i]
		fmt.Printf("%s  %-28s %-10s %s\n", d.At.Format("2006-01-02 15:04"), d.Person, d.What, strings.Join(d.Words(), "; "))
	}
}

func orNoRole(rule string) string {
	if rule == "" {
		return "(there would be no such role or offer)"
	}
	return rule
}

func writeDifferences(path string, all []backtest.Difference) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return errs.Invalid("%s cannot be written: %v", path, err)
	}
	w := csv.NewWriter(f)
	w.UseCRLF = true
	_ = w.Write(backtest.Head)
	for i := range all {
		line := append([]string{all[i].Person}, all[i].Line()...)
		for k := range line {
			line[k] = guarded(line[k])
		}
		_ = w.Write(line)
	}
	w.Flush()
	if err := w.Error(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// guarded keeps a spreadsheet from running what a cell says: text that begins like a formula gets an apostrophe before it (OWASP, CSV
// injection).
func guarded(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return cell
	}
	return "'" + cell
}
