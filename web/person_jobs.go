package web

import (
	"strconv"

	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/templates"
	"tenure/templates/ui"
)

// personJobs is the history of a person's jobs, the newest first, and who reports to them.
func (r *request) personJobs(tx *db.Tx, p *identity.Person, versions []identity.Version, v *templates.PersonView) error {
	moves, err := lifecycle.Moves(tx, versions)
	if err != nil {
		return err
	}
	moved := map[int64]bool{}
	for _, m := range moves {
		moved[m.Is.ID] = true
		if m.At.After(tx.Now) {
			v.Ahead = append(v.Ahead, ui.Notice{Tone: ui.Info, Title: "Moves on " + day(m.At.In(r.zoneOf(m.Is.Zone))), Text: "Becomes " + jobWords(m.Is.Attrs) + ".",
				Link: ui.Link{Text: "What is kept, gained and lost", URL: moveURL(p.PublicID, m.Is.ID)}})
		}
	}
	steps := identity.Steps(versions)
	for i := len(steps) - 1; i >= 0 && len(v.Jobs) < 50; i-- {
		s := &steps[i]
		j := templates.JobStep{At: ui.Time{Text: day(s.At.In(r.zoneOf(s.Is.Zone))), Exact: r.at(s.At).Exact}, Text: stepWords(s), Future: s.At.After(tx.Now)}
		if j.Text == "" {
			continue
		}
		if moved[s.Is.ID] {
			j.Move = ui.Link{Text: "What changed", URL: moveURL(p.PublicID, s.Is.ID)}
		}
		v.Jobs = append(v.Jobs, j)
	}
	return r.personReports(tx, p, v)
}

func moveURL(ref string, version int64) string {
	return link(personURL(ref)+"/move", "version", strconv.FormatInt(version, 10))
}

// stepWords says what a step changed; "" for what nobody wants to read, such as another phone number.
func stepWords(s *identity.Step) string {
	if s.Was == nil {
		return "Starts on " + day(s.Is.FirstDay) + " as " + jobWords(s.Is.Attrs)
	}
	was, is := s.Was, s.Is
	switch {
	case jobWords(was.Attrs) != jobWords(is.Attrs):
		return "Becomes " + jobWords(is.Attrs)
	case was.Attrs["worker_type"] != is.Attrs["worker_type"]:
		return "Worker type becomes " + is.Attrs["worker_type"]
	case was.Status != is.Status && is.Status == identity.StatusLeave:
		return "Goes on leave"
	case was.Status != is.Status && is.Status == identity.StatusRescinded:
		return "The employment is called off"
	case was.Status != is.Status:
		return "Comes back from leave"
	case is.LastDay != nil && (was.LastDay == nil || !was.LastDay.Equal(*is.LastDay)):
		return "The last day becomes " + day(*is.LastDay)
	case is.LastDay == nil && was.LastDay != nil:
		return "The last day is taken back"
	case was.Attrs.Name() != is.Attrs.Name():
		return "The name becomes " + is.Attrs.Name()
	case was.Manager != is.Manager:
		return "The manager changes"
	}
	return ""
}

// personReports names those who report to the person.
func (r *request) personReports(tx *db.Tx, p *identity.Person, v *templates.PersonView) error {
	n, err := identity.Reporting(tx, p.ID)
	if err != nil || n == 0 {
		return err
	}
	v.Reports.Count = countWord(n, "person", "people")
	if p.State == identity.Left {
		v.Ahead = append(v.Ahead, ui.Notice{Tone: ui.Warn, Title: countWord(n, "person still reports", "people still report") + " to somebody who left",
			Text: "They stand in nobody's team until HR names another manager.", Link: ui.Link{Text: "See who", URL: "#reports"}})
	}
	const some = 12
	ids, err := identity.Team(tx, p.ID, false, identity.Capped)
	if err != nil {
		return err
	}
	lines, err := identity.Chosen(tx, ids, some)
	if err != nil {
		return err
	}
	for _, l := range lines {
		v.Reports.First = append(v.Reports.First, ui.Link{Text: l.Name, URL: personURL(l.PublicID)})
	}
	if n > some {
		v.Reports.More = ui.Link{Text: "All of them", URL: r.to("person.read_any", link("/people", "manager", p.PublicID))}
	}
	return nil
}

// countWord is a count of people that was stopped at identity.Capped.
func countWord(n int, one, many string) string {
	if n > identity.Capped {
		return "more than " + plural(identity.Capped, one, many)
	}
	return plural(n, one, many)
}
