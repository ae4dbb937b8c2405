package web

import (
	"time"

	"tenure/internal/audit"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/templates"
	"tenure/templates/ui"
)

// teamMost is how many people the page of a team shows; the list of people has the rest.
const teamMost = pageSize

// team is a manager's people, one line each: who reports to them, or with everybody below, through others as well.
func (s *server) team(r *request) error {
	below := r.Query("scope") == "below"
	v := templates.TeamView{Scopes: []ui.Chip{{Text: r.T("Direct reports"), URL: "/team", Current: !below}, {Text: r.T("Everybody below"), URL: "/team?scope=below", Current: below}}}
	err := r.read(func(tx *db.Tx) error {
		var ids []int
		if err := db.Together(tx, func(tx *db.Tx) (err error) {
			if ids, err = r.people(tx, below, identity.Capped+1); err != nil {
				return err
			}
			lines, err := identity.Chosen(tx, ids, teamMost)
			if err != nil {
				return err
			}
			return r.teamRows(tx, lines, below, &v)
		}, func(tx *db.Tx) error { return r.teamGone(tx, &v) }); err != nil {
			return err
		}
		v.Lead = r.T("%s to you.", r.countWord(len(ids), "person reports", "people report"))
		if below {
			v.Lead = r.T("%s to you or to somebody below you.", r.countWord(len(ids), "person reports", "people report"))
		}
		if len(ids) > teamMost {
			v.More = r.T("These are the first %d by name.", teamMost)
			v.Full = ui.Link{Text: r.T("The whole list"), URL: r.to("person.list", "/people")}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.show(templates.Team(r.shell(r.T("My team")), v))
}

// goneMost is how many managers who left a team's page names.
const goneMost = 5

// teamGone says which managers of the team left while people still report to them. Those people are in nobody's team.
func (r *request) teamGone(tx *db.Tx, v *templates.TeamView) error {
	gone, err := identity.LeftBehind(tx, r.managers(), goneMost)
	for _, h := range gone {
		v.Gone = append(v.Gone, ui.Notice{Tone: ui.Warn, Title: r.T("%s left, and %s to them", h.Name, r.countWord(h.Reports, "person still reports", "people still report")),
			Text: r.T("They stand in nobody's team. Ask HR to name another manager."), Link: ui.Link{Text: r.T("Who they are"), URL: r.to("person.read_any", link("/people", "manager", h.PublicID))}})
	}
	return err
}

func (r *request) teamRows(tx *db.Tx, lines []*identity.Line, below bool, v *templates.TeamView) error {
	ids := make([]int, len(lines))
	for i, l := range lines {
		ids[i] = l.ID
	}
	var members map[int]*audit.Member
	var moves []identity.Step
	if err := db.Together(tx, func(tx *db.Tx) (err error) { members, err = audit.Members(tx, ids); return err }, func(tx *db.Tx) error {
		versions, err := identity.Versions(tx, ids)
		if err != nil {
			return err
		}
		var all []identity.Version
		for _, id := range ids {
			all = append(all, versions[id]...)
		}
		moves, err = lifecycle.Moves(tx, all)
		return err
	}); err != nil {
		return err
	}
	next := map[int]*identity.Step{}
	for i := range moves {
		if m := &moves[i]; m.At.After(tx.Now) && next[m.Is.Identity] == nil {
			next[m.Is.Identity] = m
		}
	}
	for _, l := range lines {
		m, page := members[l.ID], personURL(l.PublicID)
		row := templates.TeamRow{Name: l.Name, URL: page, Title: l.Title, State: string(l.State), OutOfBand: m.OutOfBand, Dormant: m.Dormant, Privileged: m.Privileged}
		if below && l.Manager != nil && l.Manager.ID != r.who.ID {
			row.Manager, row.ManagerAway = l.Manager.Name, awayState(l.Manager)
		}
		row.Next, row.NextURL = r.nextWords(l, next[l.ID])
		// Whoever joined this week, or still waits for an account.
		if l.State == identity.Active && m.Wanted > 0 && (m.Ready < m.Wanted || l.Since.After(tx.Now.AddDate(0, 0, -7))) {
			row.Ready = r.T("%d of %s ready", m.Ready, r.Plural(m.Wanted, "account", "accounts"))
		}
		if m.Handover != nil {
			row.Handover, row.HandoverURL = r.at(*m.Handover), page+"/move"
		}
		v.Rows = append(v.Rows, row)
	}
	return nil
}

// nextWords says what is known to come next for a person, and where to read more of it.
func (r *request) nextWords(l *identity.Line, move *identity.Step) (text, url string) {
	var at time.Time
	if l.LastDay != nil {
		text, at = r.T("leaves on %s", r.day(*l.LastDay)), *l.LastDay
	}
	if move != nil && (text == "" || move.At.Before(at)) {
		text, url, at = r.T("moves on %s", r.day(move.At.In(r.zoneOf(move.Is.Zone)))), moveURL(l.PublicID, move.Is.ID), move.At
	}
	switch {
	case l.Locked():
		return r.T("terminated"), ""
	case l.FirstDay != nil && (text == "" || l.FirstDay.Before(at)):
		return r.T("starts on %s", r.day(*l.FirstDay)), ""
	}
	return text, url
}
