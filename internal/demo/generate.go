package demo

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// person is somebody of the invented company, with what HR knows and the file does not say.
type person struct {
	Row
	from     time.Time // not in files before this day
	gone     time.Time // not in files from this day on; zero while it is not known
	back     time.Time // end of a leave
	member   bool      // of the cast: never leaves or moves
	project  bool      // a contractor of the one large project
	returned bool      // came back once
}

// company changes month by month.
type company struct {
	size   Size
	rng    *rand.Rand
	names  *names
	day    time.Time // of the present file
	people []*person // by number
}

func newCompany(today time.Time, size Size) *company {
	rng := rand.New(rand.NewPCG(20, uint64(size.People)<<8|uint64(size.Months))) //nolint:gosec // a story, not a secret
	return &company{size: size, rng: rng, names: newNames(rng), day: day(today)}
}

// rate is how many of something happen in a month; per is for a company of 250.
func (c *company) rate(per int) int { return max(1, (per*c.size.People+125)/250) }

// found makes the people of the first file.
func (c *company) found(n int) {
	for i, m := range cast {
		p := c.add(m.first, m.last)
		p.Department, p.Title, p.member = m.department, m.title, true
		c.place(p, m.site)
		p.Start = date(c.day.AddDate(-9+i/3, -i, -3*i))
	}
	for len(c.people) < n {
		kind := employee
		if c.rng.IntN(12) == 0 {
			kind = contractor
		}
		p := c.hire(kind)
		p.Start = date(c.day.AddDate(0, 0, -40-c.rng.IntN(2600)))
		if kind == contractor {
			p.End = date(c.day.AddDate(0, 2+c.rng.IntN(12), 0))
		}
	}
	if c.projectStart() == 0 {
		c.startProject()
	}
}

func (c *company) add(first, last string) *person {
	p := &person{Row: Row{Number: fmt.Sprint(1001 + len(c.people)), First: first, Last: last, Type: employee, Status: "active"}}
	p.Email = c.names.mail(first, last)
	c.names.people[p.Name()] = true
	c.people = append(c.people, p)
	return p
}

func (c *company) place(p *person, name string) {
	i := slices.IndexFunc(sites, func(s site) bool { return s.name == name })
	p.Location, p.Zone = sites[i].name, sites[i].zone
}

// hire makes a new person in a department and with a title by weight.
func (c *company) hire(kind string) *person {
	first, last := c.names.person()
	p := c.add(first, last)
	p.Type = kind
	d := weighted(c.rng, departments[1:], func(d department) int { return d.weight })
	p.Department = d.name
	p.Title = weighted(c.rng, d.titles, func(j job) int { return j.weight }).title
	c.place(p, weighted(c.rng, sites, func(s site) int { return map[string]int{"Hamburg": 5, "Lisbon": 2, "Osaka": 2}[s.name] + 1 }).name)
	p.Start = date(c.day)
	return p
}

func weighted[T any](rng *rand.Rand, list []T, weight func(T) int) T {
	sum := 0
	for _, v := range list {
		sum += weight(v)
	}
	n := rng.IntN(sum)
	for _, v := range list {
		if n -= weight(v); n < 0 {
			return v
		}
	}
	panic("demo: weights do not add up")
}

// rows is the file of the day. Managers are set here, so that nobody reports to somebody who has left.
func (c *company) rows() []Row {
	var out []Row
	for _, p := range c.people {
		if p.from.After(c.day) || !p.gone.IsZero() && !p.gone.After(c.day) {
			continue
		}
		p.Manager = c.managerOf(p)
		out = append(out, p.Row)
	}
	return out
}

// managerOf gives the head of the department; support agents report to a lead of their site, if there is one.
func (c *company) managerOf(p *person) string {
	if p.Title == departments[0].head {
		return ""
	}
	for _, d := range departments {
		if d.name != p.Department || d.head == p.Title {
			continue
		}
		if p.Title == "Support Agent" || p.Title == "Field Technician" {
			for _, o := range c.people {
				if o.Title == "Support Lead" && o.Location == p.Location && c.works(o) {
					return o.Number
				}
			}
		}
		for _, m := range c.people[:len(cast)] {
			if m.Title == d.head {
				return m.Number
			}
		}
	}
	return c.people[0].Number
}

// works says whether somebody is in the file and no end is known.
func (c *company) works(p *person) bool {
	return p.End == "" && p.gone.IsZero() && p.Status == "active" && !p.from.After(c.day) && p.Start <= date(c.day)
}

// some draws n different people for whom ok holds, in an order of chance.
func (c *company) some(n int, ok func(*person) bool) []*person {
	var out []*person
	for _, p := range c.people {
		if !p.member && ok(p) {
			out = append(out, p)
		}
	}
	c.rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:min(n, len(out))]
}

// byName is an order for which nobody needs luck.
func byName(a, b Row) int { return cmp.Or(cmp.Compare(a.Last, b.Last), cmp.Compare(a.First, b.First)) }
