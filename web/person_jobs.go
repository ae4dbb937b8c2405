package web

import (
	"strconv"

	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/templates"
	"tenure/templates/ui"
)

// personJobs is the history of a person's jobs, the newest first.
func (r *request) personJobs(tx *db.Tx, p *identity.Person, versions []identity.Version, v *templates.PersonView) error {
	moves, err := lifecycle.Moves(tx, versions)
	if err != nil {
		return err
	}
	moved := map[int64]bool{}
	for _, m := range moves {
		moved[m.Is.ID] = true
		if m.At.After(tx.Now) {
			v.Ahead = append(v.Ahead, ui.Notice{Tone: ui.Info, Title: r.T("Moves on %s", r.day(m.At.In(r.zoneOf(m.Is.Zone)))), Text: r.T("Becomes %s.", r.jobWords(m.Is.Attrs)),
				Link: ui.Link{Text: r.T("What is kept, gained and lost"), URL: moveURL(p.PublicID, m.Is.ID)}})
		}
	}
	steps := identity.Steps(versions)
	for i := len(steps) - 1; i >= 0 && len(v.Jobs) < 50; i-- {
		s := &steps[i]
		j := templates.JobStep{At: ui.Time{Text: r.day(s.At.In(r.zoneOf(s.Is.Zone))), Exact: r.at(s.At).Exact}, Text: r.stepWords(s), Future: s.At.After(tx.Now)}
		if j.Text == "" {
			continue
		}
		if moved[s.Is.ID] {
			j.Move = ui.Link{Text: r.T("What changed"), URL: moveURL(p.PublicID, s.Is.ID)}
		}
		v.Jobs = append(v.Jobs, j)
	}
	return nil
}

func moveURL(ref string, version int64) string {
	return link(personURL(ref)+"/move", "version", strconv.FormatInt(version, 10))
}

// stepWords says what a step changed; "" for what nobody wants to read, such as another phone number.
func (r *request) stepWords(s *identity.Step) string {
	if s.Was == nil {
		return r.T("Starts on %s as %s", r.day(s.Is.FirstDay), r.jobWords(s.Is.Attrs))
	}
	was, is := s.Was, s.Is
	switch {
	case r.jobWords(was.Attrs) != r.jobWords(is.Attrs):
		return r.T("Becomes %s", r.jobWords(is.Attrs))
	case was.Attrs["worker_type"] != is.Attrs["worker_type"]:
		return r.T("Worker type becomes %s", is.Attrs["worker_type"])
	case was.Status != is.Status && is.Status == identity.StatusLeave:
		return r.T("Goes on leave")
	case was.Status != is.Status && is.Status == identity.StatusRescinded:
		return r.T("The employment is called off")
	case was.Status != is.Status:
		return r.T("Comes back from leave")
	case is.LastDay != nil && (was.LastDay == nil || !was.LastDay.Equal(*is.LastDay)):
		return r.T("The last day becomes %s", r.day(*is.LastDay))
	case is.LastDay == nil && was.LastDay != nil:
		return r.T("The last day is taken back")
	case was.Attrs.Name() != is.Attrs.Name():
		return r.T("The name becomes %s", is.Attrs.Name())
	case was.Manager != is.Manager:
		return r.T("The manager changes")
	}
	return ""
}

// personReports names those who report to the person, and gives a notice when the person left.
func (r *request) personReports(tx *db.Tx, p *identity.Person, v *templates.PersonView) (headless []ui.Notice, err error) {
	n, err := identity.Reporting(tx, p.ID)
	if err != nil || n == 0 {
		return nil, err
	}
	v.Reports.Count = r.countWord(n, "person", "people")
	if p.State == identity.Left {
		headless = append(headless, ui.Notice{Tone: ui.Warn, Title: r.T("%s to somebody who left", r.countWord(n, "person still reports", "people still report")),
			Text: r.T("They stand in nobody's team until HR names another manager."), Link: ui.Link{Text: r.T("See who"), URL: "#reports"}})
	}
	const some = 12
	ids, err := identity.Team(tx, p.ID, false, identity.Capped)
	if err != nil {
		return nil, err
	}
	lines, err := identity.Chosen(tx, ids, some)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		v.Reports.First = append(v.Reports.First, ui.Link{Text: l.Name, URL: personURL(l.PublicID)})
	}
	if n > some {
		v.Reports.More = ui.Link{Text: r.T("All of them"), URL: r.to("person.read_any", link("/people", "manager", p.PublicID))}
	}
	return headless, nil
}

// countWord is a count of people that was stopped at identity.Capped.
func (r *request) countWord(n int, one, many string) string {
	if n > identity.Capped {
		return r.T("more than %s", r.Plural(identity.Capped, one, many))
	}
	return r.Plural(n, one, many)
}
