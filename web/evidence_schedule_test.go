package web_test

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"tenure/internal/audit/control"
	"tenure/internal/notify/mailtest"
)

// arranges sets a schedule up and gives its address.
func (c *client) arranges(what string, to ...string) string {
	pairs := []string{"what", what, "every", "month", "day", "1", "hour", "8"}
	for _, number := range to {
		pairs = append(pairs, "recipients", c.w.ref(number))
	}
	return c.post("/evidence/schedules", pairs...).want(c.w.t, http.StatusSeeOther).to
}

// falls makes what is arranged due since a time ago, sends it, and gives the letters that came besides those before.
func (w *world) falls(sink *mailtest.Sink, ago string) []mailtest.Letter {
	w.t.Helper()
	w.must(w.app.Notify.Deliver(w.t.Context(), "mail")) // what others were told
	before := len(sink.Letters())
	w.must(beside(w, `update evidence_schedule set next_at = clock_timestamp() - interval '`+ago+`'`))
	var all errgroup.Group // several processes are rung at once
	for range 4 {
		all.Go(func() error { return control.SendDue(w.t.Context(), w.app.DB) })
	}
	w.must(all.Wait())
	w.must(w.app.Notify.Deliver(w.t.Context(), "mail"))
	w.must(control.SendDue(w.t.Context(), w.app.DB)) // nothing is due any more
	w.must(w.app.Notify.Deliver(w.t.Context(), "mail"))
	return sink.Letters()[before:]
}

// An auditor arranges figures for two people. When they are due each gets one letter with counts, a link and nobody's name, also when they were
// due several times meanwhile. Who lost the right gets nothing, and the auditor is told.
func TestFiguresByMail(t *testing.T) {
	w := newWorld(t)
	w.lived()
	sink := mailtest.New(t)
	w.app.Notify.Mail, w.app.Notify.Public = sink.Mail(), w.server.URL
	c := w.as(auditor)
	c.get("/evidence/schedules").want(t, http.StatusOK).says(t, "Nothing is sent by itself")
	at := c.arranges("nist-ps-4", auditor, compliance)
	p := c.get(at).want(t, http.StatusOK)
	p.says(t, "not sent yet")
	p.says(t, "On day 1 of every month at 08:00")
	w.must(beside(w, `update event set effective_at = date_trunc('month', effective_at) - interval '10 days' where kind in ('person.left', 'person.terminated')`)) // in the month that ended
	letters := w.falls(sink, "100 days")
	var to []string
	for _, l := range letters {
		to = append(to, l.To...)
		for _, text := range []string{"Leavers: 2, and ", "counted at the source", "Leaver without access: kept by ", "Orphans: ", "/evidence/controls/nist-ps-4?from="} {
			if !strings.Contains(l.Text, text) {
				t.Errorf("the letter does not say %q:\n%s", text, l.Text)
			}
		}
		for _, number := range []string{"1031", "1033", "1025"} {
			if strings.Contains(l.Text+l.HTML, "Nr"+number) || strings.Contains(l.Text+l.HTML, number+"@") {
				t.Errorf("the letter names somebody:\n%s", l.Text)
			}
		}
	}
	if len(letters) != 2 || !strings.Contains(strings.Join(to, " "), "p"+auditor+"@") || !strings.Contains(strings.Join(to, " "), "p"+compliance+"@") {
		t.Fatalf("letters went to %v, want one to each of the two", to)
	}
	if n := w.number(`select (convert_from(leaf, 'UTF8')::jsonb->'facts'->>'missed')::int from event where kind = 'evidence.schedule_sent'`); n < 3 || n > 4 {
		t.Errorf("%d were missed in 100 days besides the one that was sent, want 3 or 4", n)
	}
	if w.number(`select count(*) from evidence_schedule where sent = 1 and next_at > clock_timestamp()`) != 1 {
		t.Error("it was not noted, or is due again")
	}

	w.must(beside(w, `delete from portal_role where role = 'compliance' and identity_id = (select id from identity where number = '`+compliance+`')`))
	letters = w.falls(sink, "1 minute")
	if len(letters) != 2 || !strings.Contains(letters[0].Subject+letters[1].Subject, "Not sent to everybody") || strings.Contains(strings.Join(append(letters[0].To, letters[1].To...), " "), "p"+compliance+"@") {
		t.Errorf("after one lost the right: %d letters, %+v", len(letters), letters)
	}
	c.get(at).want(t, http.StatusOK).says(t, "may not read the evidence any more")
}

// A schedule ends with the role of whoever set it up: nothing more is sent, and it says why.
func TestFiguresEndWithTheRole(t *testing.T) {
	w := newWorld(t)
	sink := mailtest.New(t)
	w.app.Notify.Mail, w.app.Notify.Public = sink.Mail(), w.server.URL
	at := w.as(auditor).arranges("soc2-cc6.2/leavers", compliance)
	w.must(beside(w, `update portal_role set until = clock_timestamp() where role = 'auditor' and identity_id = (select id from identity where number = '`+auditor+`')`))
	letters := w.falls(sink, "1 minute")
	if len(letters) != 1 {
		t.Errorf("%d letters, want one to whom it belonged", len(letters))
	}
	for _, l := range letters {
		if !strings.Contains(l.Subject, "Stopped") || len(l.To) != 1 || !strings.Contains(l.To[0], "p"+auditor+"@") {
			t.Errorf("a letter to %v: %s", l.To, l.Subject)
		}
	}
	c := w.as(compliance)
	c.get("/evidence/schedules").want(t, http.StatusOK).says(t, "Stopped by itself")
	c.get(at).want(t, http.StatusOK).says(t, "It stopped by itself")
	c.post(at, "act", "resume").want(t, http.StatusConflict)
	c.post(at, "act", "delete").want(t, http.StatusSeeOther)
	c.get(at).want(t, http.StatusNotFound)
	if n := w.number(`select count(*) from event where kind in ('evidence.schedule_made', 'evidence.schedule_stopped', 'evidence.schedule_deleted')`); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
}

// A schedule is paused, changed and goes on; what does not hold is said at its field, and somebody else's is none.
func TestASchedulesLife(t *testing.T) {
	w := newWorld(t)
	c, other := w.as(auditor), w.as(compliance)
	for field, pairs := range map[string][]string{
		"must be from 1, Monday, to 7": {"what", "soc2-cc6.2", "every", "week", "day", "8", "hour", "8", "recipients", w.ref(auditor)},
		"must be from 1 to 28":         {"what", "soc2-cc6.2", "every", "month", "day", "29", "hour", "8", "recipients", w.ref(auditor)},
		"must be an hour":              {"what", "soc2-cc6.2", "every", "month", "day", "1", "hour", "", "recipients", w.ref(auditor)},
		"must be a control":            {"what", "soc2-cc6.2/orphans", "every", "month", "day", "1", "hour", "8", "recipients", w.ref(auditor)},
		"must be from 1 to 20 people":  {"what", "soc2-cc6.2", "every", "month", "day", "1", "hour", "8"},
		"who may read the evidence":    {"what", "soc2-cc6.2", "every", "month", "day", "1", "hour", "8", "recipients", w.ref(employee)},
	} {
		c.post("/evidence/schedules", pairs...).want(t, http.StatusBadRequest).says(t, field)
	}
	theirs := other.arranges("soc2-cc6.2", compliance)
	c.get(theirs).want(t, http.StatusNotFound)
	c.post(theirs, "act", "delete").want(t, http.StatusNotFound)
	at := c.arranges("soc2-cc6.2/leavers", auditor)
	if text := c.get("/evidence/schedules").want(t, http.StatusOK).Find("main").Text(); strings.Contains(text, "Person Nr"+compliance) {
		t.Error("an auditor sees what somebody else arranged")
	}
	other.get(at).want(t, http.StatusOK)
	c.post(at, "act", "pause").want(t, http.StatusSeeOther)
	c.get(at).want(t, http.StatusOK).says(t, "Paused")
	c.post(at, "act", "pause").want(t, http.StatusConflict)
	sent := w.number(`select count(*) from message`)
	w.must(beside(w, `update evidence_schedule set next_at = clock_timestamp() - interval '1 day' where population = 'leavers'`))
	w.must(control.SendDue(t.Context(), w.app.DB))
	if n := w.number(`select count(*) from message`); n != sent {
		t.Errorf("a paused one sent %d messages", n-sent)
	}
	c.get(at+"/edit").want(t, http.StatusOK).says(t, "Change what is sent")
	c.post(at+"/edit", "what", "soc2-cc6.2/joiners", "every", "week", "day", "2", "hour", "7", "recipients", w.ref(compliance)).want(t, http.StatusSeeOther)
	c.get(at).want(t, http.StatusOK).says(t, "Every Tuesday at 07:00")
	c.post(at, "act", "resume").want(t, http.StatusSeeOther)
	if n := w.number(`select count(*) from evidence_schedule where state = 'active' and next_at > clock_timestamp()`); n != 2 {
		t.Errorf("%d are to be sent later, want both", n)
	}
	if n := w.number(`select count(*) from event where kind like 'evidence.schedule\_%'`); n != 5 {
		t.Errorf("%d events, want 5", n)
	}
}
