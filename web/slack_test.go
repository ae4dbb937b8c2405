package web_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/notify"
	"tenure/internal/notify/mailtest"
	"tenure/internal/notify/slacktest"
)

// sends lets Slack send something to the portal.
func (w *world) sends(s slacktest.Sent, head ...string) (int, string) {
	w.t.Helper()
	q := s.To(w.server.URL + "/hooks/slack")
	for i := 0; i+1 < len(head); i += 2 {
		q.Header.Set(head[i], head[i+1])
	}
	res, err := http.DefaultClient.Do(q)
	w.must(err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	w.must(err)
	return res.StatusCode, string(body)
}

// From Slack decides who is linked and here, once for each click that Slack signed just now; everybody else is refused, and told why.
func TestFromSlackDecidesOnlyWhoIsLinked(t *testing.T) {
	w := newWorld(t)
	k := slacktest.New(t)
	code, _ := w.sends(k.Click("U0MANAGER", "approve", "step/2"))
	if code != http.StatusNotFound {
		t.Errorf("without Slack: %d", code)
	}
	w.app.Notify.Slack = k.Slack()
	if code, _ := w.sends(k.Click("U0MANAGER", "approve", "step/2")); code != http.StatusOK || !whispered(k, "not linked") {
		t.Errorf("not linked: %d, %+v", code, k.Messages())
	}
	var who int
	var it db.Actor
	w.do(db.Operator, func(tx *db.Tx) error {
		p, err := identity.Find(tx, itPerson)
		if err == nil {
			it, err = tx.ActorOf(p.ID, "person", p.Name)
		}
		return err
	})
	w.do(it, func(tx *db.Tx) error {
		p, err := identity.Find(tx, manager)
		if err != nil {
			return err
		}
		who = p.ID
		return notify.LinkSlack(tx, k.Team, "U0MANAGER", p)
	})
	w.declare(offered)
	first, second, third := w.askedFor("1030"), w.askedFor("1031"), w.askedFor("1032")
	if code, _ := w.sends(k.Click("U0MANAGER", "approve", "step/999999")); code != http.StatusOK || !whispered(k, "no such step") {
		t.Errorf("of nothing: %d", code)
	}
	step := "step/" + first
	decided := func() int {
		return w.number(`select count(*) from request_decision where via = 'slack' and decider_id = $1`, who)
	}
	click := k.Click("U0MANAGER", "approve", step)
	if code, _ := w.sends(click); code != http.StatusOK || decided() != 1 || !whispered(k, "Approved.") {
		t.Errorf("the click: %d, %d", code, decided())
	}
	if state := w.text(`select state from request_step where id = ` + first); state != "approved" {
		t.Errorf("the step is %s", state)
	}
	// The same again, and everything that Slack did not sign so.
	old := k.Sign(k.Click("U0MANAGER", "approve", "step/"+second).Body, time.Now().Add(-6*time.Minute))
	forged := k.Click("U0MANAGER", "approve", step)
	forged.Body = strings.Replace(forged.Body, "step%2F"+first, "step%2F"+second, 1)
	other := slacktest.New(t)
	other.Team, other.Secret = "T0OTHER", k.Secret
	for name, x := range map[string]struct {
		sent slacktest.Sent
		code int
	}{"replay": {click, http.StatusUnauthorized}, "old": {old, http.StatusUnauthorized}, "another body": {forged, http.StatusUnauthorized}, "nothing signed": {slacktest.Sent{Body: click.Body}, http.StatusUnauthorized},
		"another team": {other.Click("U0MANAGER", "approve", "step/"+second), http.StatusForbidden}, "another act": {k.Click("U0MANAGER", "grant", "x"), http.StatusBadRequest}} {
		if code, _ := w.sends(x.sent); code != x.code {
			t.Errorf("%s: %d", name, code)
		}
	}
	if code, _ := w.sends(k.Click("U0STRANGER", "approve", "step/"+second), "Cookie", "x=y"); code != http.StatusOK {
		t.Errorf("a stranger: %d", code)
	}
	if decided() != 1 {
		t.Fatalf("decided was %d times", decided())
	}
	w.editsInPlace(k)
	w.deny(k, "step/"+second, step, decided)
	w.narrows(k, decided)
	// Who is not here any more decides nothing, linked or not.
	w.as(itPerson).post(personOf(w, manager)+"/terminate", "reason", "a test").want(t, http.StatusSeeOther)
	n := decided()
	if w.sends(k.Click("U0MANAGER", "approve", "step/"+third)); decided() != n || !whispered(k, "not active") {
		t.Error("somebody who was terminated decided")
	}
}

// askedFor lets somebody ask for the books, and gives the number of the step that waits for the manager.
func (w *world) askedFor(number string) string { return w.askedForLevel(number, "read") }

func (w *world) askedForLevel(number, level string) string {
	w.t.Helper()
	w.program(number, "decide").json(http.MethodPost, "/api/v1/requests", `{"why":"I close the month","items":[{"offer":"books","level":"`+level+`"}]}`).answer(w.t, http.StatusCreated, nil)
	return strconv.Itoa(w.number(`select max(id) from request_step`))
}

// editsInPlace decides in the portal what was asked in Slack: the decision rings for Slack as it commits, and the message says then who decided.
func (w *world) editsInPlace(k *slacktest.Server) {
	w.t.Helper()
	w.must(w.app.Notify.Deliver(w.t.Context(), "slack"))
	step := w.askedFor("1033")
	w.must(w.app.Notify.Deliver(w.t.Context(), "slack"))
	all := k.Messages()
	at := len(all) - 1
	if got := all[at].Buttons(); len(got) == 0 || all[at].Edits != 0 {
		w.t.Fatalf("asked is %+v", all[at])
	}
	bells := func() int {
		return w.number(`select count(*) from river_job where kind = 'notify.deliver' and args->>'channel' = 'slack'`)
	}
	n := bells()
	w.as(manager).post("/steps/"+step+"/decide", "outcome", "approve").want(w.t, http.StatusSeeOther)
	if bells() <= n {
		w.t.Error("the decision rings for nobody")
	}
	w.must(w.app.Notify.Deliver(w.t.Context(), "slack"))
	if m := k.Messages()[at]; m.Edits != 1 || len(m.Buttons()) != 0 || !strings.Contains(m.Blocks, "Approved by") {
		w.t.Errorf("after the decision it is %+v", m)
	}
}

// deny asks why before it denies, and says in the same window what is wrong.
func (w *world) deny(k *slacktest.Server, step, over string, decided func() int) {
	w.t.Helper()
	n := decided()
	if code, _ := w.sends(k.Click("U0MANAGER", "deny", step)); code != http.StatusOK || decided() != n || len(k.Windows()) != 1 || !strings.Contains(k.Windows()[0].View, `"private_metadata":"`+step+`"`) {
		w.t.Errorf("asking why: %d, %+v", code, k.Windows())
	}
	if code, body := w.sends(k.Submit("U0MANAGER", step, " ")); code != http.StatusOK || decided() != n || !strings.Contains(body, `"response_action":"errors"`) {
		w.t.Errorf("without a reason: %d %s", code, body)
	}
	if code, body := w.sends(k.Submit("U0MANAGER", over, "no need")); code != http.StatusOK || !strings.Contains(body, "approved this at 20") {
		w.t.Errorf("too late: %d %s", code, body)
	}
	if code, body := w.sends(k.Submit("U0MANAGER", step, "no need")); code != http.StatusOK || body != "" || decided() != n+1 {
		w.t.Errorf("with a reason: %d %s", code, body)
	}
	if n := decided(); w.clicked(k, "open") != http.StatusOK || decided() != n {
		w.t.Error("opening the page decided something")
	}
}

// narrows approves less: an earlier day and a lower level, in a window; what is risky is decided in the portal.
func (w *world) narrows(k *slacktest.Server, decided func() int) {
	w.t.Helper()
	step, n := w.askedForLevel("1034", "keep"), decided()
	w.must(w.app.Notify.Deliver(w.t.Context(), "slack"))
	if all := k.Messages(); !slices.Contains(all[len(all)-1].Buttons(), "narrow") {
		w.t.Errorf("asked is with %v", all[len(all)-1].Buttons())
	}
	if code, _ := w.sends(k.Click("U0MANAGER", "narrow", "step/"+step)); code != http.StatusOK || decided() != n {
		w.t.Fatalf("opening the window: %d, %d decisions", code, decided()-n)
	}
	view := k.Windows()[len(k.Windows())-1].View
	for _, has := range []string{`"callback_id":"narrow"`, `"private_metadata":"step/` + step + `"`, `"type":"datepicker"`, `"value":"read"`, `"value":"keep"`} {
		if !strings.Contains(view, has) {
			w.t.Errorf("the window has no %s: %s", has, view)
		}
	}
	day := func(n int) string { return time.Now().UTC().AddDate(0, 0, n).Format(time.DateOnly) }
	for name, x := range map[string][3]string{"nothing less": {"", "keep", `"until":`}, "too far": {day(400), "keep", `"until":`}, "gone by": {day(-1), "keep", `"until":`}, "no such level": {day(2), "all", `"level":`}} {
		if code, body := w.sends(k.Narrow("U0MANAGER", x[0], x[1])); code != http.StatusOK || decided() != n || !strings.Contains(body, `"response_action":"errors"`) || !strings.Contains(body, x[2]) {
			w.t.Errorf("%s: %d %s", name, code, body)
		}
	}
	forged := k.Narrow("U0MANAGER", day(5), "read")
	forged.Body += "&x=y"
	if code, _ := w.sends(forged); code != http.StatusUnauthorized {
		w.t.Errorf("forged: %d", code)
	}
	if code, body := w.sends(k.Narrow("U0MANAGER", day(5), "read")); code != http.StatusOK || body != "" || decided() != n+1 {
		w.t.Fatalf("narrowed: %d %s", code, body)
	}
	if got := w.text(`select i.state || ' ' || i.level || ' ' || (i.to_at at time zone 'UTC')::date from request_item i join request_step s on s.item_id = i.id where s.id = ` + step); got != "granted read "+day(6) {
		w.t.Errorf("it is %s", got)
	}
	risky := w.askedFor("1035")
	_, err := w.owner().Exec(w.t.Context(), `set session_replication_role = replica; update request_item set risk = 'high' where id = (select item_id from request_step where id = `+risky+`)`)
	w.must(err)
	windows := len(k.Windows())
	if code, _ := w.sends(k.Click("U0MANAGER", "narrow", "step/"+risky)); code != http.StatusOK || len(k.Windows()) != windows || !whispered(k, "decide it in the portal") {
		w.t.Errorf("risky: %d, %+v", code, k.Windows()[windows:])
	}
}

func (w *world) clicked(k *slacktest.Server, action string) int {
	code, _ := w.sends(k.Click("U0MANAGER", action, ""))
	return code
}

// whispered says whether the last thing that Slack was told says so, to its reader alone.
func whispered(k *slacktest.Server, words string) bool {
	all := k.Messages()
	return len(all) > 0 && all[len(all)-1].Whispers && strings.Contains(all[len(all)-1].Text, words)
}

// Scanners open the links of a letter before its reader does, with or without the reader's session: nothing changes.
func TestOpeningALinkOfALetterChangesNothing(t *testing.T) {
	w := newWorld(t)
	sink := mailtest.New(t)
	w.app.Notify.Mail, w.app.Notify.Public = sink.Mail(), w.server.URL
	w.do(db.Operator, func(tx *db.Tx) error {
		p, err := identity.Find(tx, manager)
		if err != nil {
			return err
		}
		for i, link := range []string{"/inbox", "/people/" + w.ref("1030"), "/me/profile"} {
			if err := notify.Send(tx, notify.Message{To: p.ID, Kind: notify.Approval, Thread: fmt.Sprintf("request/%d", i), Link: link, Subject: notify.Subject{Verb: "Approve", What: "Books"}}); err != nil {
				return err
			}
		}
		return nil
	})
	w.must(w.app.Notify.Deliver(t.Context(), "mail"))
	c, before := w.as(manager), w.rowsOf()
	links := 0
	for _, l := range sink.Letters() {
		for _, a := range regexp.MustCompile(`https?://[^\s"<>]+`).FindAllString(l.Text+l.HTML, -1) {
			u, err := url.Parse(a)
			w.must(err)
			links++
			for _, method := range []string{http.MethodHead, http.MethodGet} {
				if p := w.anonymous().send(method, u.RequestURI(), nil); p.status != http.StatusUnauthorized && !strings.HasPrefix(p.to, "/signin?next=") {
					t.Errorf("%s %s without a session: %d %s", method, u.Path, p.status, p.to)
				}
				c.send(method, u.RequestURI(), nil).want(t, http.StatusOK)
			}
		}
	}
	if links != 6 {
		t.Errorf("%d links in %d letters", links, len(sink.Letters()))
	}
	if tables := changed(before, w.rowsOf()); len(tables) > 0 {
		t.Errorf("opening them changed %v", tables)
	}
}
