package web

import (
	"log/slog"
	"strconv"
	"time"

	"tenure/internal/access"
	"tenure/internal/app"
	"tenure/internal/catalog"
	"tenure/internal/connector"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/plug"
	"tenure/templates"
	"tenure/templates/ui"
)

func connectorURL(a *catalog.Application) string { return applicationURL(a.Name) + "/connector" }

// connectorShow is how Tenure reaches an application.
func (s *server) connectorShow(r *request) error {
	var v templates.ConnectorView
	var a *catalog.Application
	who := 0
	err := r.read(func(tx *db.Tx) (err error) {
		if _, a, err = r.application(tx, "application.read"); err != nil {
			return err
		}
		v = templates.ConnectorView{Name: a.Title, URL: applicationURL(a.Name), Mode: string(a.Mode), TestURL: r.to("connector.run", connectorURL(a)+"/test"),
			ReadURL: r.to("application.check_any", applicationURL(a.Name)+"/check"), PauseURL: r.to("connector.run", connectorURL(a)+"/pause")}
		if err := r.connectorState(tx, a, &v); err != nil {
			return err
		}
		if err := r.connectorSettings(tx, a, &v); err != nil {
			return err
		}
		v.Preview.Action = r.to("connector.run", connectorURL(a))
		if v.Preview.Who = r.Query("person"); v.Preview.Who != "" && v.Preview.Action != "" {
			who, err = r.previewPerson(tx, &v.Preview)
		}
		return err
	})
	if err != nil {
		return err
	}
	v.Facts = s.guards(r, a)
	if who != 0 {
		if err := s.connectorPreview(r, a, who, &v.Preview); err != nil {
			return err
		}
	}
	return r.show(templates.Connector(r.shell(r.T("How Tenure reaches %s", a.Title)), v))
}

// connectorState says how it stands, in words, and what waits.
func (r *request) connectorState(tx *db.Tx, a *catalog.Application, v *templates.ConnectorView) error {
	health, err := catalog.Health(tx)
	if err != nil {
		return err
	}
	readings, err := catalog.LastReadings(tx)
	if err != nil {
		return err
	}
	recent, err := access.LastTries(tx, a.ID)
	if err != nil {
		return err
	}
	pauses, err := catalog.Pauses(tx)
	if err != nil {
		return err
	}
	queues, err := access.Queues(tx)
	if err != nil {
		return err
	}
	h, last := health[a.ID], readings[a.ID]
	v.State, _ = healthOf(h)
	v.Words = r.healthWords(h, last, recent)
	v.Fault, v.FaultAt = h.Detail, ui.Time{}
	if h.Detail != "" {
		v.FaultAt = r.at(h.Since)
		v.FaultAt.Text = r.T("since %s", v.FaultAt.Text)
	} else if recent.LastAt != nil && recent.Last != "" {
		v.Fault, v.FaultAt = recent.Last, r.maybe(recent.LastAt)
	}
	waits, urgent := 0, 0
	for _, word := range []struct {
		urgent bool
		name   string
	}{{true, r.T("Leavers, before everything else")}, {false, r.T("Everything else")}} {
		row := templates.QueueRow{Name: word.name, WaitingURL: link("/operations", "state", "pending", "application", a.Name), UnreadURL: link("/operations", "state", "acknowledged", "application", a.Name)}
		for _, q := range queues {
			if q.Application == a.ID && q.Urgent == word.urgent {
				row.Waiting, row.Unread, row.Oldest = q.Waiting, q.Unread, r.maybe(q.Oldest)
				waits += q.Waiting
				if q.Urgent {
					urgent += q.Waiting
				}
			}
		}
		v.Queues = append(v.Queues, row)
	}
	if p, ok := pauses[a.ID]; ok {
		v.State, v.PauseURL = "paused", ""
		v.Words = r.T("Paused by %s.", p.By)
		v.Paused = &templates.PausedView{Reason: p.Reason, By: p.By, Since: r.at(p.At), Urgent: urgent > 0, ResumeURL: r.to("connector.run", connectorURL(a)+"/resume"), Waits: r.pauseWaits(waits, urgent)}
	}
	return nil
}

func (r *request) pauseWaits(all, urgent int) string {
	switch {
	case urgent > 0:
		return r.T("%s, and %s somebody's access away at once.", r.Plural(all, "operation waits", "operations wait"), r.Plural(urgent, "of them takes", "of them take"))
	case all > 0:
		return r.Plural(all, "operation waits.", "operations wait.")
	}
	return ""
}

// healthWords says in a sentence how the target answers.
func (r *request) healthWords(h catalog.ApplicationHealth, last catalog.Reading, t access.Recent) string {
	read := r.T("It was never read whole.")
	if last.ID != 0 {
		read = r.T("Last read %s: %s of accounts and grants", r.at(last.StartedAt).Text, r.Plural(last.Rows, "line", "lines"))
		if t := r.took(last.StartedAt, last.EndedAt); t != "" {
			read += r.T(" in %s", t)
		}
		read += "."
	}
	switch h.State {
	case "ok":
		return r.T("Healthy. %s", read)
	case "degraded":
		if t.Failed > 0 {
			return r.T("Degraded: %d of the last %d calls failed. %s", t.Failed, t.Tries, read)
		}
		return r.T("Degraded. %s", read)
	case "attention":
		return r.T("It needs a person: without new credentials or settings nothing will work. %s", read)
	}
	return r.T("It was not called yet.")
}

// guards are the limits around the connector, as they stand in this process.
func (s *server) guards(r *request, a *catalog.Application) []ui.Line {
	conn, err := s.app.Provision.Connector(a)
	if err != nil {
		return []ui.Line{{Name: r.T("Connector"), Text: r.T("It cannot be opened with these settings: %s", r.sentenceOf(err))}}
	}
	g, _ := connector.GuardsOf(conn)
	rate := r.T("no limit")
	if g.PerSecond > 0 {
		rate = r.T("%s calls a second", strconv.FormatFloat(g.PerSecond, 'f', -1, 64))
	}
	breaker := r.T("closed: calls go through")
	switch {
	case g.OpenFor > 0:
		breaker = r.T("open: the target is left alone for another %s", g.OpenFor.Round(time.Second))
	case g.WaitFor > 0:
		breaker = r.T("the target asked to be left alone for another %s", g.WaitFor.Round(time.Second))
	case g.Failures > 0:
		breaker = r.T("closed; %d of %d failures in a row that would open it", g.Failures, g.Limits.Failures)
	}
	return []ui.Line{{Name: r.T("Calls at once"), Text: r.T("%d of %d under way", g.Busy, g.Concurrent)}, {Name: r.T("Rate"), Text: rate},
		{Name: r.T("Patience"), Text: r.T("%s for a call, %s for a whole reading", g.Timeout, g.ListTimeout)}, {Name: r.T("Breaker"), Text: breaker}}
}

// sentenceOf gives what a person may read of an error, and no more.
func (r *request) sentenceOf(err error) string {
	if text, _ := r.words(err, statusOf(err)); text != "" {
		return text
	}
	return r.T("the log says why.")
}

func (r *request) connectorSettings(tx *db.Tx, a *catalog.Application, v *templates.ConnectorView) error {
	set, err := catalog.Secrets(tx, a.ID)
	if err != nil {
		return err
	}
	for _, f := range app.Connectors[a.Connector].Fields {
		row := templates.Setting{Label: f.Label, Help: f.Help, Value: a.Config[f.Name]}
		if f.Type == plug.Secret {
			row.Secret, row.Value = true, ""
			row.Set = r.secretWords(set, f.Name)
			row.ReplaceURL = r.to("connector.secret", connectorURL(a)+"/secrets/"+f.Name)
		}
		v.Settings = append(v.Settings, row)
	}
	return nil
}

func (r *request) secretWords(set map[string]catalog.SecretSet, field string) string {
	x, ok := set[field]
	if !ok {
		return ""
	}
	days := int(time.Since(x.At).Hours() / 24)
	if days < 1 {
		return r.T("Set today by %s", x.By)
	}
	return r.T("Set %s ago by %s", r.Plural(days, "day", "days"), x.By)
}

func (r *request) previewPerson(tx *db.Tx, p *templates.PreviewView) (int, error) {
	found, err := catalog.People(tx, []string{p.Who})
	if err != nil {
		return 0, err
	}
	id := found[p.Who]
	people, err := identity.People(tx, []int{id})
	if err != nil {
		return 0, err
	}
	if people[id] == nil {
		p.Fault = r.T("No single person has this number or e-mail address.")
		return 0, nil
	}
	p.Person = ui.Link{Text: people[id].Name, URL: r.to("person.read_any", personURL(people[id].PublicID))}
	return id, nil
}

func (s *server) connectorPreview(r *request, a *catalog.Application, who int, p *templates.PreviewView) error {
	got, err := s.app.Provision.Preview(r.Request.Context(), a.ID, who)
	if err != nil {
		return err
	}
	switch {
	case got.Account == 0:
		p.Lead = r.T("no account here yet. A first one would be made like this, with a number behind the name if it is taken.")
	case got.Err != nil:
		p.Lead = r.T("what would be sent. What is there now is not known.")
		p.Failed = r.classWords(got.Err)
	case got.Now == nil:
		p.Lead = r.T("the target does not have the account.")
	default:
		p.Lead, p.Read = r.T("what would be sent, and what is there now."), true
	}
	p.Rows = append(p.Rows, templates.PreviewRow{Name: r.T("login name"), From: a.Spec.Accounts.Name, Sent: got.Sent.Name, Now: got.NowName, Differs: p.Read && got.NowName != got.Sent.Name})
	for _, n := range got.Names() {
		p.Rows = append(p.Rows, templates.PreviewRow{Name: n, From: got.From[n], Sent: got.Sent.Attrs[n], Now: got.Now[n], Differs: p.Read && got.Now[n] != got.Sent.Attrs[n]})
	}
	return nil
}

// classWords says what a failed call means for whoever looks after it. The error's own words go to the log and to the health.
func (r *request) classWords(err error) string {
	switch connector.Classify(err) {
	case connector.ClassUnauthorized:
		return r.T("It answers and refuses the credentials. Replace the secret below, or correct it in the policy file.")
	case connector.ClassThrottled:
		return r.T("It asks to be left alone for a while, or failed so often that Tenure leaves it alone. Try again in a minute.")
	case connector.ClassPermanent, connector.ClassNotFound:
		return r.T("It answers, and not as this connector expects. Is the address right?")
	}
	return r.T("It does not answer. Is it running, and is the address right?")
}

// connectorTest calls the target once, outside any transaction.
func (s *server) connectorTest(r *request) error {
	var a *catalog.Application
	if err := r.read(func(tx *db.Tx) (err error) { _, a, err = r.application(tx, "application.read"); return err }); err != nil {
		return err
	}
	r.allow(patience)
	t, err := s.app.Provision.Try(r.Request.Context(), a)
	n := ui.Notice{Tone: ui.Good, Title: r.T("The connection works"), Text: r.T("%s answered in %d ms and takes the credentials.", a.Title, t.Milliseconds())}
	if err != nil {
		slog.Warn("a connection was tested and fails", "application", a.ID, "class", string(connector.Classify(err)), "reference", r.reference())
		n = ui.Notice{Tone: ui.Bad, Title: r.T("The connection does not work"), Text: r.classWords(err)}
	}
	return r.goWith(connectorURL(a), n)
}
