package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"tenure/internal/app"
	"tenure/internal/audit/control"
	"tenure/internal/audit/trail"
	"tenure/internal/db"
	"tenure/internal/demo"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

type packCmd struct {
	Out        string   `arg:"" help:"File to write (zip)." placeholder:"FILE"`
	From       string   `help:"First day, in UTC (2026-01-01): that events were recorded on, or of the period of a population." placeholder:"DAY"`
	To         string   `help:"Last day." placeholder:"DAY"`
	Kind       []string `help:"Kinds of events." placeholder:"KIND"`
	Person     string   `help:"Only what is about this person: number, e-mail address, name or id." placeholder:"PERSON"`
	Control    string   `help:"Instead of events: what evidences this control, such as soc2:CC6.2, with a report." placeholder:"CONTROL"`
	Population string   `help:"Only this one of its populations, such as leavers." placeholder:"NAME"`
	Draw       int      `help:"Draw a sample of so many of each, with their sheets (needs TENURE_TOKEN); without it, the populations alone." placeholder:"N"`
	Seed       string   `help:"By which it is drawn: any line of text; control, population and period when it is left out." placeholder:"TEXT"`
	Sample     string   `help:"Instead of events: a sample that was drawn, by the id in the address of its page." placeholder:"ID"`
	Size       int64    `help:"At the checkpoint of so many events; without it, the last one that a witness signed, or of a report the last one."`
}

// check refuses what does not go together.
func (c *packCmd) check() error {
	report := c.Control != "" || c.Sample != ""
	switch {
	case report && (len(c.Kind) > 0 || c.Person != ""):
		return errs.Invalid("--kind and --person choose events: leave them out with --control and --sample")
	case c.Sample != "" && (c.Control+c.Population+c.From+c.To+c.Seed != "" || c.Draw != 0):
		return errs.Invalid("--sample says all there is to say: leave out --control, --population, --from, --to, --draw and --seed")
	case c.Control == "" && (c.Population+c.Seed != "" || c.Draw != 0):
		return errs.Invalid("--population, --draw and --seed need --control")
	case c.Seed != "" && c.Draw == 0:
		return errs.Invalid("--seed needs --draw: how many are drawn")
	}
	return nil
}

func (c *packCmd) Run(r *run) (err error) {
	if err := c.check(); err != nil {
		return err
	}
	if c.Control != "" || c.Sample != "" {
		return r.with(func(a *app.App) error { return c.report(r, a) })
	}
	q := evidence.Query{Kinds: c.Kind}
	if q.From, q.To, err = trail.Period(c.From, c.To, time.UTC); err != nil {
		return err
	}
	return r.with(func(a *app.App) error {
		if err := r.do(a, "evidence.pack", func(tx *db.Tx) error {
			if c.Person != "" {
				p, err := identity.Find(tx, c.Person)
				if err != nil {
					return err
				}
				q.Person = p.ID
			}
			tx.Record(evidence.Event{Kind: "evidence.packed", Facts: map[string]any{"query": q, "size": c.Size}})
			return nil
		}); err != nil {
			return err
		}
		f, err := c.create()
		if err != nil {
			return err
		}
		size, err := trail.WritePack(r.ctx, a.DB, f, q, c.Size)
		if err := errors.Join(err, f.Close()); err != nil {
			return errors.Join(err, os.Remove(c.Out))
		}
		return r.answer(map[string]any{"file": c.Out, "size": size}, func() { fmt.Printf("%s holds what was asked of the log of %d events.\n", c.Out, size) })
	})
}

// create makes the file. One that is there is never written over.
func (c *packCmd) create() (*os.File, error) {
	f, err := os.OpenFile(c.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, errs.Conflict("cannot write the pack: %v", err)
	}
	return f, nil
}

// report writes the pack of a sample or a population: the same bytes as the page and the API give at the same head.
func (c *packCmd) report(r *run, a *app.App) error {
	o := control.PackOrder{Size: c.Size, Organisation: a.Config.Organisation, Step: progress()}
	if a.DB.Kind == db.Demo {
		o.Organisation = demo.Name
	}
	if err := r.do(a, "evidence.pack", func(tx *db.Tx) (err error) { o.Of, err = c.of(tx); return err }); err != nil {
		return err
	}
	f, err := c.create()
	if err != nil {
		return err
	}
	var packed control.Packed
	err = a.DB.Read(r.ctx, func(tx *db.Tx) (err error) { packed, err = control.WritePack(tx, f, o); return err })
	if err = errors.Join(err, f.Close()); err == nil {
		err = r.do(a, "evidence.pack", func(tx *db.Tx) error { packed.Given(tx, o.Of); return nil })
	}
	if err != nil {
		return errors.Join(err, os.Remove(c.Out))
	}
	samples, drawn := []string{}, 0
	for _, s := range o.Of {
		if s.Ref != "" {
			samples, drawn = append(samples, s.Ref), drawn+len(s.Items)
		}
	}
	return r.answer(map[string]any{"file": c.Out, "size": packed.Head, "sha256": packed.SHA256, "samples": samples, "drawn": drawn}, func() {
		fmt.Printf("%s holds the report and its events, up to the head of %d events.\nSHA-256 %s\n", c.Out, packed.Head, packed.SHA256)
	})
}

// of finds or draws what the pack is made of.
func (c *packCmd) of(tx *db.Tx) ([]*control.Sample, error) {
	if c.Sample != "" {
		s, err := control.SampleOf(tx, c.Sample)
		return []*control.Sample{s}, err
	}
	k, ok := control.Named(c.Control)
	if !ok {
		return nil, errs.NotFound("there is no control %q; docs/reference/controls.md lists them", c.Control)
	}
	if c.Population != "" && !k.Has(c.Population) {
		return nil, errs.Invalid("--population: those of %s are %s", k.Full(), strings.Join(k.Populations, ", "))
	}
	span, err := control.ParseSpan(tx, c.From, c.To)
	if err != nil {
		return nil, err
	}
	return control.Ask{Control: k.Key, Population: c.Population, Span: span, Size: c.Draw, Seed: c.Seed}.Made(tx)
}

// progressEvery is how often somebody who waits is told how far it is.
const progressEvery = time.Second

// progress tells on standard error how far long work is; what is quick is told by nobody.
func progress() control.Step {
	last := time.Now()
	return func(words string, done, total int) error {
		if time.Since(last) < progressEvery {
			return nil
		}
		last = time.Now()
		_, err := fmt.Fprintf(os.Stderr, "%s: %d of %d\n", words, done, total)
		return err
	}
}
