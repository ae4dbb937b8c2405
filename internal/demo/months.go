package demo

import (
	"time"
)

// month lets happen what happens in the month before the file.
func (c *company) month(m int) {
	c.drop()
	c.leave()
	c.move()
	c.rename(m)
	c.join()
	if m >= 4 {
		c.rehire()
	}
	if m == c.projectStart() {
		c.startProject()
	}
	if m == c.projectEnd() {
		c.endProject()
	}
}

// drop takes people out of the file a month after their last day, as HR systems do.
func (c *company) drop() {
	for _, p := range c.people {
		if p.gone.IsZero() && p.End != "" && p.End < date(c.day.AddDate(0, 0, -25)) {
			p.gone = c.day
		}
		if !p.back.IsZero() && !p.back.After(c.day) {
			p.Status, p.back = "active", time.Time{}
		}
	}
}

// leave lets people resign, some with notice, some told of too late, some by vanishing from the file; and others go on leave.
func (c *company) leave() {
	for i, p := range c.some(c.rate(4), func(p *person) bool { return c.works(p) && p.Type != contractor }) {
		switch i % 4 {
		case 3:
			p.gone = c.day
		case 2:
			p.End = date(c.day.AddDate(0, 0, -3-c.rng.IntN(10)))
		default:
			p.End = date(c.day.AddDate(0, 0, 3+c.rng.IntN(24)))
		}
	}
	for _, p := range c.some(c.rate(2), func(p *person) bool { return c.works(p) && p.Type == employee }) {
		p.Status, p.back = "on leave", c.day.AddDate(0, 1+c.rng.IntN(4), 0)
	}
	for _, p := range c.some(1, func(p *person) bool { return p.Type == contractor && p.End > date(c.day) }) {
		p.End = date(c.day.AddDate(0, 6, 0)) // extended
	}
}

// careers says who may become what inside the department.
var careers = map[string]string{
	"Software Engineer": "Senior Software Engineer", "Account Manager": "Senior Account Manager", "Sales Analyst": "Account Manager",
	"Support Agent": "Support Lead", "Assembly Technician": "Quality Inspector", "Quality Inspector": "Production Planner",
	"Accountant": "Controller", "Recruiter": "HR Partner", "Service Desk Analyst": "System Administrator", "Hardware Engineer": "Product Manager",
}

// move promotes people, and moves others to another department or site.
func (c *company) move() {
	for i, p := range c.some(c.rate(6), func(p *person) bool { return c.works(p) && !p.project }) {
		switch {
		case i%3 == 0 && careers[p.Title] != "":
			p.Title = careers[p.Title]
		case i%3 == 1:
			c.place(p, pick(c.rng, sites).name)
		default:
			d := pick(c.rng, departments[1:])
			p.Department, p.Title = d.name, d.titles[0].title
		}
	}
}

// rename lets somebody take another family name, every other month.
func (c *company) rename(m int) {
	if m%2 == 0 {
		return
	}
	for _, p := range c.some(1, func(p *person) bool { return c.works(p) && p.Type == employee }) {
		other := pick(c.rng, c.people)
		p.Last = other.Last + "-" + p.Last
		p.Email = c.names.mail(p.First, p.Last)
	}
}

// join hires: most start between the files, some later.
func (c *company) join() {
	for i := range c.rate(8) {
		kind := employee
		switch i % 5 {
		case 3:
			kind = contractor
		case 4:
			kind = intern
		}
		p := c.hire(kind)
		start := c.day.AddDate(0, 0, -20+c.rng.IntN(32))
		p.Start = date(start)
		if kind != employee {
			p.End = date(start.AddDate(0, 3+c.rng.IntN(5), 0))
		}
	}
}

// rehire brings somebody back who left at least two months ago: the same number, hence the same person.
func (c *company) rehire() {
	for _, p := range c.some(1, func(p *person) bool {
		return !p.returned && !p.project && p.Type == employee && !p.gone.IsZero() && p.gone.Before(c.day.AddDate(0, -1, -15))
	}) {
		p.gone, p.End, p.Start, p.returned = time.Time{}, "", date(c.day.AddDate(0, 0, -2)), true
		p.Status, p.back = "active", time.Time{}
	}
}

// The one large project: contractors build a new line in Osaka, and leave together.
func (c *company) projectStart() int {
	if c.size.Months < 6 {
		return 0
	}
	return 1
}

func (c *company) projectEnd() int { return c.size.Months / 2 }

func (c *company) startProject() {
	for range max(16, c.size.People*6/100) {
		p := c.hire(contractor)
		p.Department, p.Title, p.project = "Production", "Assembly Technician", true
		p.Start = date(c.day.AddDate(0, 0, -c.rng.IntN(5)))
		c.place(p, "Osaka")
	}
}

func (c *company) endProject() {
	for _, p := range c.people {
		if p.project && p.gone.IsZero() {
			p.End = date(c.day.AddDate(0, 0, -1))
		}
	}
}

// dismiss picks who is dismissed at once. HR takes the line out only with the next file.
func (c *company) dismiss() string {
	for _, p := range c.some(1, func(p *person) bool { return c.works(p) && p.Department == "Sales" }) {
		p.End, p.returned = date(c.day.AddDate(0, 0, 20)), true
		return p.Number
	}
	return ""
}

// future adds what is known today of the weeks to come: two who will start, one who will leave.
func (c *company) future() {
	for i := range 2 {
		p := c.hire(employee)
		p.Start = date(c.day.AddDate(0, 0, 9+7*i))
	}
	for _, p := range c.some(1, func(p *person) bool { return c.works(p) && p.Title == "Senior Account Manager" }) {
		p.End = date(c.day.AddDate(0, 0, 12))
	}
}
