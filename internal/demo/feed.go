package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/hr"
)

// Source is the name of the demo's HR source.
const Source = "people"

// Feed is the HR system of the demo company: a CSV file that a visitor changes and sends. It is safe for use by several
// people and processes at once.
type Feed struct {
	dir string // has people.csv (as it is), sent.csv (as Tenure read it) and lock
	hr  *hr.Service
}

// Entry is one person of the feed, with what was changed since it was last sent ("" for nothing).
type Entry struct {
	Row
	Changed string
}

// Hire is what a visitor says of a new person. The rest is made up: number, mail address, site and manager.
type Hire struct{ First, Last, Department, Title, Start string }

// NewFeed makes an HR system in a folder, with these people in it, as sent.
func NewFeed(dir string, h *hr.Service, people []Row) (*Feed, error) {
	f := &Feed{dir: dir, hr: h}
	return f, f.start(people)
}

// List gives everybody in the file, by name.
func (f *Feed) List() ([]Entry, error) {
	var out []Entry
	err := f.locked(func(rows []Row) ([]Row, error) {
		sent, err := f.read("sent.csv")
		if err != nil {
			return nil, err
		}
		was := map[string]Row{}
		for _, r := range sent {
			was[r.Number] = r
		}
		for _, r := range rows {
			old, there := was[r.Number]
			out = append(out, Entry{Row: r, Changed: difference(old, r, there)})
		}
		return nil, nil
	})
	slices.SortStableFunc(out, func(a, b Entry) int { return byName(a.Row, b.Row) })
	return out, err
}

// difference says in words what was done to a person since the file was sent.
func difference(old, r Row, there bool) string {
	var what []string
	switch {
	case !there:
		return "hired, not sent yet"
	case old.Department != r.Department || old.Title != r.Title || old.Location != r.Location:
		what = append(what, "moved")
	}
	if old.End != r.End {
		what = append(what, "ends "+r.End)
	}
	if len(what) == 0 && old != r {
		what = append(what, "changed")
	}
	if len(what) == 0 {
		return ""
	}
	return strings.Join(what, " and ") + ", not sent yet"
}

// Pending says in words what was changed and not sent: "Hire Ada Brandt as Recruiter".
func (f *Feed) Pending() ([]string, error) {
	all, err := f.List()
	var out []string
	for _, e := range all {
		switch {
		case e.Changed == "":
		case strings.HasPrefix(e.Changed, "hired"):
			out = append(out, fmt.Sprintf("Hire %s as %s, from %s", e.Name(), e.Title, e.Start))
		case strings.HasPrefix(e.Changed, "ends"):
			out = append(out, fmt.Sprintf("%s leaves, last day %s", e.Name(), e.End))
		default:
			out = append(out, fmt.Sprintf("%s: %s, %s", e.Name(), e.Title, e.Department))
		}
	}
	return out, err
}

// Get gives one person of the file, and errs.KindNotFound if there is none of that number.
func (f *Feed) Get(number string) (Entry, error) {
	all, err := f.List()
	if err != nil {
		return Entry{}, err
	}
	for _, e := range all {
		if e.Number == number {
			return e, nil
		}
	}
	return Entry{}, unknown(number)
}

func unknown(number string) error {
	return errs.NotFound("nobody in the demo's HR feed has the number %q", number)
}

// Departments names the departments that a person may be in.
func (f *Feed) Departments() []string { return Departments() }

// Today is the day in the company's main time zone, in which the feed is sent.
func (f *Feed) Today() string { return date(here(time.Now())) }

// Hire adds a person. What is wrong is told per field: first, last, department, title, start.
func (f *Feed) Hire(h Hire) (Row, error) {
	var made Row
	err := f.locked(func(rows []Row) ([]Row, error) {
		var c check
		c.text("first", h.First)
		c.text("last", h.Last)
		c.post(h.Department, h.Title)
		c.day("start", h.Start)
		if err := c.err("this person cannot be hired yet:"); err != nil {
			return nil, err
		}
		made = Row{Number: nextNumber(rows), First: strings.TrimSpace(h.First), Last: strings.TrimSpace(h.Last), Department: h.Department,
			Title: strings.TrimSpace(h.Title), Location: sites[0].name, Zone: sites[0].zone, Type: employee, Start: h.Start, Status: "active",
			Manager: headOf(rows, h.Department)}
		n := newNames(nil)
		for _, r := range rows {
			n.mails[r.Email] = true
		}
		made.Email = n.mail(made.First, made.Last)
		return append(rows, made), nil
	})
	return made, err
}

// Move gives a person another department or title. Fields: department, title.
func (f *Feed) Move(number, department, title string) error {
	return f.change(number, func(r *Row, rows []Row) error {
		var c check
		c.post(department, title)
		if err := c.err("this person cannot be moved yet:"); err != nil {
			return err
		}
		if r.Department != department {
			if head := headOf(rows, department); head != r.Number {
				r.Manager = head
			}
		}
		r.Department, r.Title = department, strings.TrimSpace(title)
		return nil
	})
}

// End gives a person a last day, at whose midnight the employment ends; a day before today ends it at once. "" takes it back. Field: end.
func (f *Feed) End(number, last string) error {
	return f.change(number, func(r *Row, _ []Row) error {
		var c check
		if last != "" {
			c.day("end", last)
			if last < r.Start {
				c.bad = append(c.bad, errs.Field{Field: "end", Rule: "must not be before the first day, " + r.Start})
			}
		}
		if err := c.err("this employment cannot be ended like that:"); err != nil {
			return err
		}
		r.End = last
		return nil
	})
}

// Send lets Tenure read the file, loaded by the actor. What the brake holds counts as sent.
func (f *Feed) Send(ctx context.Context, who db.Actor) (*hr.Result, error) {
	var out *hr.Result
	err := f.locked(func(rows []Row) (_ []Row, err error) {
		body := encode(rows)
		out, err = f.hr.Sync(ctx, who, hr.Upload{Source: Source, Name: "people-" + f.Today() + ".csv", Body: bytes.NewReader(body)})
		if err != nil {
			return nil, err
		}
		return nil, f.write("sent.csv", body)
	})
	return out, err
}

func (f *Feed) change(number string, fn func(*Row, []Row) error) error {
	return f.locked(func(rows []Row) ([]Row, error) {
		i := slices.IndexFunc(rows, func(r Row) bool { return r.Number == number })
		if i < 0 {
			return nil, unknown(number)
		}
		return rows, fn(&rows[i], rows)
	})
}

// locked runs fn with the rows of the file and writes what it gives back, unless that is nil. One at a time, in all processes.
func (f *Feed) locked(fn func([]Row) ([]Row, error)) error {
	lock, err := os.OpenFile(filepath.Join(f.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }() // which lets go of the lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	rows, err := f.read("people.csv")
	if err != nil {
		return err
	}
	rows, err = fn(rows)
	if err != nil || rows == nil {
		return err
	}
	return f.write("people.csv", encode(rows))
}

func (f *Feed) read(name string) ([]Row, error) {
	body, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		return nil, err
	}
	rows, err := decode(body)
	if err != nil {
		return nil, errs.Conflict("the demo's HR file %s cannot be read: %v. Repair it, or start anew with `tenure demo --reset`", filepath.Join(f.dir, name), err)
	}
	return rows, nil
}

// write replaces a file whole, so that a crash leaves the old or the new one.
func (f *Feed) write(name string, body []byte) error {
	path := filepath.Join(f.dir, name)
	if err := os.WriteFile(path+".new", body, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func nextNumber(rows []Row) string {
	top := 1000
	for _, r := range rows {
		if n, err := strconv.Atoi(r.Number); err == nil {
			top = max(top, n)
		}
	}
	return strconv.Itoa(top + 1)
}

// headOf gives the number of who heads a department, "" if nobody does.
func headOf(rows []Row, department string) string {
	for _, d := range departments {
		i := slices.IndexFunc(rows, func(r Row) bool { return r.Title == d.head && r.Department == department })
		if d.name == department && i >= 0 {
			return rows[i].Number
		}
	}
	return ""
}

// check gathers what is wrong with a form.
type check struct{ bad []errs.Field }

const longest = 80 // characters of a name or title

func (c *check) text(field, v string) {
	switch v = strings.TrimSpace(v); {
	case v == "":
		c.bad = append(c.bad, errs.Field{Field: field, Rule: "is required"})
	case utf8.RuneCountInString(v) > longest:
		c.bad = append(c.bad, errs.Field{Field: field, Rule: fmt.Sprintf("must have at most %d characters", longest)})
	case strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == utf8.RuneError }):
		c.bad = append(c.bad, errs.Field{Field: field, Rule: "must be one line of text"})
	}
}

func (c *check) post(department, title string) {
	if !slices.Contains(Departments(), department) {
		c.bad = append(c.bad, errs.Field{Field: "department", Rule: "must be one of " + strings.Join(Departments(), ", ")})
	}
	c.text("title", title)
}

func (c *check) day(field, v string) {
	d, err := time.Parse(time.DateOnly, v)
	if err != nil {
		c.bad = append(c.bad, errs.Field{Field: field, Rule: "must be a day such as " + date(time.Now())})
	} else if off := time.Since(d).Abs(); off > 2*365*24*time.Hour {
		c.bad = append(c.bad, errs.Field{Field: field, Rule: "must be within two years of today"})
	}
}

func (c *check) err(message string) error {
	if len(c.bad) == 0 {
		return nil
	}
	return errs.InvalidFields(message, c.bad)
}

// start makes the files of the feed, as sent.
func (f *Feed) start(rows []Row) error {
	body := encode(rows)
	return errors.Join(os.MkdirAll(f.dir, 0o700), f.write("people.csv", body), f.write("sent.csv", body))
}

// here is the time in the company's main zone.
func here(t time.Time) time.Time {
	if loc, err := time.LoadLocation(sites[0].zone); err == nil {
		return t.In(loc)
	}
	return t.UTC()
}
