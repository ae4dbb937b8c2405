package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"tenure/internal/app"
	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
)

type asOfCmd struct {
	When        string   `arg:"" optional:"" help:"A day (2026-03-01: its end), or an instant (2026-03-01T12:00:00Z)." placeholder:"DATE"`
	Person      []string `help:"Number, e-mail address, name or id; also of people who left." placeholder:"PERSON"`
	Application string   `help:"Who held anything in this application." placeholder:"NAME"`
	Entitlement string   `help:"Who held this in the application." placeholder:"NAME"`
	Known       string   `help:"As was known at the end of this day, or at this instant; now when it is left out." placeholder:"DATE"`
	Compare     string   `help:"Compare with this date: what was gained, lost and kept from the earlier to the later one." placeholder:"DATE"`
	Zone        string   `default:"UTC" help:"Time zone in which days end." placeholder:"ZONE"`
	CSV         bool     `name:"csv" help:"Answer as CSV, a line for each grant."`
	Pairs       string   `help:"Answer for the persons and dates of this file instead (CSV without a head: number, date)." placeholder:"FILE"`
}

func (c *asOfCmd) Help() string {
	return "Without --person and --application it tells of everybody. With --json each person is one line."
}

func (c *asOfCmd) Run(r *run) error {
	zone, err := time.LoadLocation(c.Zone)
	switch {
	case err != nil:
		return errs.Invalid("--zone: %q is no IANA time zone, such as Europe/Berlin", c.Zone)
	case c.When == "" && c.Pairs == "":
		return errs.Invalid("say as of which date, such as 2026-03-01")
	case c.Entitlement != "" && c.Application == "":
		return errs.Invalid("--entitlement needs --application: names of entitlements are those of their application")
	case c.Pairs != "" && (c.When != "" || len(c.Person) > 0 || c.Compare != ""):
		return errs.Invalid("--pairs has the persons and dates: leave out the date, --person and --compare")
	case c.CSV && r.cli.JSON:
		return errs.Invalid("choose one of --csv and --json")
	}
	return r.with(func(a *app.App) error {
		if _, err := r.who(a, "evidence.read"); err != nil {
			return err
		}
		return a.DB.Read(r.ctx, func(tx *db.Tx) error {
			asks, err := c.asks(tx, zone)
			if err != nil {
				return err
			}
			out := c.writer(r)
			for i := range asks {
				if err := out.all(tx, &asks[i]); err != nil {
					return err
				}
			}
			return out.end()
		})
	})
}

// asks are the questions: one, or one for each date of a file.
func (c *asOfCmd) asks(tx *db.Tx, zone *time.Location) ([]audit.Ask, error) {
	ask := audit.Ask{}
	if c.Application != "" {
		cat, err := catalog.Load(tx)
		if err != nil {
			return nil, err
		}
		ref := c.Application
		if c.Entitlement != "" {
			ref += "/" + c.Entitlement
		}
		if err := ask.About(cat, ref); err != nil {
			return nil, err
		}
	}
	if c.Known != "" {
		now, err := tx.Known()
		if err != nil {
			return nil, err
		}
		if ask.Known, err = audit.When(c.Known, zone, now); err != nil {
			return nil, fmt.Errorf("--known: %w", err)
		}
	}
	if c.Pairs != "" {
		return c.pairs(tx, zone, ask)
	}
	var err error
	if ask.At, err = audit.When(c.When, zone, tx.Now); err != nil {
		return nil, err
	}
	if c.Compare != "" {
		if ask.Than, err = audit.When(c.Compare, zone, tx.Now); err != nil {
			return nil, fmt.Errorf("--compare: %w", err)
		}
	}
	for _, who := range c.Person {
		p, err := identity.Find(tx, who)
		if err != nil {
			return nil, err
		}
		ask.People = append(ask.People, p.ID)
	}
	return []audit.Ask{ask}, nil
}

// pairs reads the file of persons and dates: one question for each date, of all its persons.
func (c *asOfCmd) pairs(tx *db.Tx, zone *time.Location, ask audit.Ask) ([]audit.Ask, error) {
	f, err := os.Open(c.Pairs)
	if err != nil {
		return nil, errs.NotFound("cannot open the file of --pairs: %v", err)
	}
	defer func() { _ = f.Close() }()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, errs.Invalid("--pairs: %v", err)
	}
	by, numbers := map[string][]string{}, []string{}
	for i, l := range lines {
		if len(l) != 2 {
			return nil, errs.Invalid("--pairs: line %d has %d fields; write the number and the date", i+1, len(l))
		}
		by[l[1]], numbers = append(by[l[1]], l[0]), append(numbers, l[0])
	}
	slices.Sort(numbers)
	ids, err := identity.Named(tx, slices.Compact(numbers))
	if err != nil {
		return nil, err
	}
	var out []audit.Ask
	for _, day := range slices.Sorted(maps.Keys(by)) {
		if ask.At, err = audit.When(day, zone, tx.Now); err != nil {
			return nil, fmt.Errorf("--pairs: %w", err)
		}
		ask.People = nil
		for _, n := range by[day] {
			if ids[n] == 0 {
				return nil, errs.NotFound("--pairs: nobody, or more than one person, is %q", n)
			}
			ask.People = append(ask.People, ids[n])
		}
		out = append(out, ask)
	}
	return out, nil
}

// asOfWriter writes what is told, person by person.
type asOfWriter struct {
	json  *json.Encoder
	csv   *csv.Writer
	out   io.Writer
	began bool
}

func (c *asOfCmd) writer(r *run) *asOfWriter {
	w := &asOfWriter{out: os.Stdout}
	switch {
	case r.cli.JSON:
		w.json = json.NewEncoder(w.out)
	case c.CSV:
		w.csv = csv.NewWriter(w.out)
		w.csv.UseCRLF = true
	}
	return w
}

func (w *asOfWriter) all(tx *db.Tx, ask *audit.Ask) error {
	if w.csv != nil && !w.began {
		if err := w.csv.Write(audit.AsOfHead); err != nil {
			return err
		}
	}
	if w.json == nil && w.csv == nil && !w.began {
		if p, err := audit.PolicyAt(tx, ask.Moment); err != nil {
			return err
		} else if p != nil {
			_, _ = fmt.Fprintf(w.out, "Policy version %d was in force, applied %s by %s.\n", p.Version, p.Applied.Format(time.RFC3339), p.By)
		}
	}
	w.began = true
	n := 0
	for b, err := range ask.Each(tx) {
		if err == nil {
			err = w.one(ask, b)
		}
		if err != nil {
			return err
		}
		n++
	}
	if n == 0 && w.json == nil && w.csv == nil {
		_, _ = fmt.Fprintln(w.out, "Nobody held it then.")
	}
	return nil
}

func (w *asOfWriter) end() error {
	if w.csv == nil {
		return nil
	}
	w.csv.Flush()
	return w.csv.Error()
}

// asOfPerson is one person in JSON.
type asOfPerson struct {
	At       time.Time     `json:"at"`
	Than     *time.Time    `json:"compared_with,omitempty"`
	Known    *time.Time    `json:"known,omitempty"` // now when it is left out
	ID       string        `json:"id"`
	Number   string        `json:"number,omitempty"`
	Name     string        `json:"name"`
	Standing asOfStanding  `json:"work"`
	Before   *asOfStanding `json:"work_before,omitempty"`
	Held     []audit.Line  `json:"held"`
}

// asOfStanding is what their work was.
type asOfStanding struct {
	Told    bool           `json:"told"` // whether HR had told of them
	State   identity.State `json:"state,omitempty"`
	Attrs   identity.Attrs `json:"attributes,omitempty"`
	Manager string         `json:"manager,omitempty"` // the number, or the name of somebody without one
}

func standingOf(s audit.Work) asOfStanding {
	if s.Job == nil {
		return asOfStanding{}
	}
	out := asOfStanding{Told: true, State: s.State, Attrs: s.Job.Attrs}
	if m := s.Manager; m != nil {
		out.Manager = m.Name
		if m.Number != nil {
			out.Manager = *m.Number
		}
	}
	return out
}

func (w *asOfWriter) one(ask *audit.Ask, b *audit.Bearer) error {
	switch {
	case w.json != nil:
		out := asOfPerson{At: ask.At.UTC(), ID: b.Person.PublicID, Name: b.Person.Name, Standing: standingOf(b.Then), Held: b.Lines}
		if b.Person.Number != nil {
			out.Number = *b.Person.Number
		}
		if !ask.Than.IsZero() {
			out.Than = &ask.Than
		}
		if !ask.Known.IsZero() {
			out.Known = &ask.Known
		}
		if b.Before != nil {
			before := standingOf(*b.Before)
			out.Before = &before
		}
		if out.Held == nil {
			out.Held = []audit.Line{}
		}
		return w.json.Encode(out)
	case w.csv != nil:
		var all []error
		for _, line := range ask.AsOfCells(b) {
			for i := range line {
				line[i] = guarded(line[i])
			}
			all = append(all, w.csv.Write(line))
		}
		return errors.Join(all...)
	}
	w.print(b)
	return nil
}

func (w *asOfWriter) print(b *audit.Bearer) {
	job := "HR had not told of them"
	if s := standingOf(b.Then); s.Told {
		job = string(s.State) + ", " + strings.Join(slices.DeleteFunc([]string{s.Attrs["title"], s.Attrs["department"], s.Attrs["location"]}, func(t string) bool { return t == "" }), ", ")
	}
	_, _ = fmt.Fprintf(w.out, "%s: %s\n", b.Person.Name, job)
	for _, l := range b.Lines {
		_, _ = fmt.Fprintf(w.out, "  %-6s %-14s %-32s %s\n", l.Change, l.Application, l.Title, l.State)
		for _, why := range l.Reasons {
			_, _ = fmt.Fprintf(w.out, "      because: %s, since %s\n", why.Text, why.Since.UTC().Format(time.DateOnly))
			for _, d := range why.By {
				_, _ = fmt.Fprintf(w.out, "          %s %s, %s\n", d.Who, d.Did, d.At.UTC().Format(time.DateOnly))
			}
		}
	}
}
