package notify_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/notify"
	"tenure/internal/notify/mailtest"
	"tenure/internal/notify/slacktest"
)

// slackWorld is one in which Jo is linked with a Slack user.
func slackWorld(t *testing.T) (*world, *slacktest.Server, *mailtest.Sink) {
	w, k, sink := newWorld(t), slacktest.New(t), mailtest.New(t)
	w.Slack, w.Mail = k.Slack(), sink.Mail()
	w.link("U0JOLIND", "Jo Lind")
	return w, k, sink
}

func (w *world) link(user, name string) {
	w.t.Helper()
	if err := w.DB.Do(w.t.Context(), w.it(), func(tx *db.Tx) error {
		p, err := identity.Get(tx, w.to(name))
		if err != nil {
			return err
		}
		return notify.LinkSlack(tx, "T0CORP", user, p)
	}); err != nil {
		w.t.Fatal(err)
	}
	w.exec(`delete from delivery`) // the letter about it, and about a link in TestALinkIsMadeBySomebodyElse
	w.exec(`delete from message`)
}

// it is somebody of IT.
func (w *world) it() (a db.Actor) {
	w.t.Helper()
	if w.to("Ivo Reis") == 0 {
		w.person("Ivo Reis", "ivo@corp.example")
	}
	w.do(func(tx *db.Tx) (err error) { a, err = tx.ActorOf(w.to("Ivo Reis"), "person", "Ivo Reis"); return err })
	return a
}

// A linked person is asked in a conversation of their own, and the message is edited in place once it is decided, wherever that was.
func TestAMessageInSlackIsEditedWhenItIsDecided(t *testing.T) {
	w, k, sink := slackWorld(t)
	risky := w.ask("Jo Lind")
	risky.Answer, risky.Thread, risky.Subject.What = "", "request/10/step/1", "Payroll <!channel> *bold* <https://evil.example|here>"
	w.send(w.ask("Jo Lind"), risky)
	w.deliver("slack")
	got := k.Messages()
	if len(got) != 2 || len(sink.Letters()) != 0 {
		t.Fatalf("%d messages, %s %s", len(got), w.states(), w.text(`select answer from delivery limit 1`))
	}
	if b := got[0].Buttons(); got[0].User != "U0JOLIND" || !slices.Equal(b, []string{"approve", "narrow", "deny", "open"}) {
		t.Errorf("%s got the buttons %v", got[0].User, b)
	}
	if b := got[1].Buttons(); !slices.Equal(b, []string{"open"}) {
		t.Errorf("what only the portal decides has the buttons %v", b)
	}
	for _, word := range []string{"CRM Edit for A. Khan", "Who: Ada Khan, Sales", "Why: Covers for Sam", "Risk: Medium", "Due Tue 1 Dec 16:00", `"value":"step/2"`, portal + "/requests/9"} {
		if !strings.Contains(got[0].Blocks, word) {
			t.Errorf("%q is missing in %s", word, got[0].Blocks)
		}
	}
	if strings.Contains(got[1].Blocks, "mrkdwn") || strings.Contains(got[1].Text, "<") {
		t.Errorf("Slack makes something of what people wrote: %s %s", got[1].Text, got[1].Blocks)
	}
	w.do(func(tx *db.Tx) error { return notify.Close(tx, "request/9", "Approved by Ada Khan") })
	w.deliver("slack")
	got = k.Messages()
	clock := w.text(`select to_char(closed_at at time zone 'UTC', 'HH24:MI') from message where closed_at is not null`)
	if len(got) != 2 || got[0].Edits != 1 || got[1].Edits != 0 || len(got[0].Buttons()) != 0 || !strings.Contains(got[0].Blocks, "Approved by Ada Khan "+clock) {
		t.Errorf("after the decision: %+v", got)
	}
	if s := w.states(); s != "slack sent 1, slack sent 1" {
		t.Error(s)
	}
}

// A decision while a message is on its way: the message is edited once it stands.
func TestADecisionWhileTheMessageIsOnItsWay(t *testing.T) {
	w, k, _ := slackWorld(t)
	k.Busy(30)
	w.send(w.ask("Jo Lind"))
	w.deliver("slack")
	if s := w.states(); s != "slack waiting 1" || w.text(`select (next_at > clock_timestamp() + interval '25 seconds')::text from delivery`) != "true" {
		t.Errorf("told to come back in 30 seconds: %s", s)
	}
	w.do(func(tx *db.Tx) error { return notify.Close(tx, "request/9/step/2", "Denied by Ada Khan") })
	w.later()
	w.deliver("slack")
	got := k.Messages()
	if len(got) != 1 || len(got[0].Buttons()) != 0 || !strings.Contains(got[0].Blocks, "Denied by Ada Khan") {
		t.Errorf("%+v", got)
	}
	w.send(w.ask("Jo Lind"))
	w.do(func(tx *db.Tx) error { return notify.Close(tx, "request/9/step/2", "Denied by Ada Khan") })
	w.deliver("slack")
	if n := len(k.Messages()); n != 1 {
		t.Errorf("what was decided before it was sent was sent: %d", n)
	}
}

// A decision in the very moment in which the message is sent: it is edited right after.
func TestADecisionWhileTheMessageIsSent(t *testing.T) {
	w, k, _ := slackWorld(t)
	k.During(func() {
		w.do(func(tx *db.Tx) error { return notify.Close(tx, "request/9", "Approved by Ada Khan") })
	})
	w.send(w.ask("Jo Lind"))
	w.deliver("slack")
	if got := k.Messages(); len(got) != 1 || got[0].Edits != 1 || !strings.Contains(got[0].Blocks, "Approved by Ada Khan") {
		t.Errorf("%+v, %s", got, w.states())
	}
}

// What Slack does not take comes by mail.
func TestWhatSlackDoesNotTakeComesByMail(t *testing.T) {
	w, k, sink := slackWorld(t)
	k.Fail("chat.postMessage", "user_disabled")
	w.send(w.ask("Jo Lind"))
	w.deliver("slack")
	w.deliver("mail")
	if s := w.states(); s != "slack dead 1, mail sent 1" || len(sink.Letters()) != 1 {
		t.Error(s)
	}
	k.Fail("chat.postMessage", "internal_error")
	w.exec(`delete from delivery`)
	w.send(w.ask("Jo Lind"))
	for range 10 {
		w.later()
		w.deliver("slack")
	}
	w.deliver("mail")
	if s := w.states(); s != "slack dead 6, mail sent 1" || len(sink.Letters()) != 2 {
		t.Error(s)
	}
	w.Slack = nil
	w.exec(`delete from delivery`)
	w.send(w.ask("Jo Lind"))
	w.deliver("slack")
	w.deliver("mail")
	if s := w.states(); s != "slack dropped 1, mail sent 1" {
		t.Error(s)
	}
}

// Only what Slack signed within five minutes counts, and once.
func TestOnlySlackIsBelieved(t *testing.T) {
	w, k, _ := slackWorld(t)
	now := time.Now()
	s := k.Sign("payload=x", now)
	for _, c := range []struct {
		name, secret, stamp, signature, body string
		at                                   time.Time
		ok                                   bool
	}{
		{"as it was signed", k.Secret, s.Timestamp, s.Signature, s.Body, now, true},
		{"nearly five minutes ago", k.Secret, s.Timestamp, s.Signature, s.Body, now.Add(4 * time.Minute), true},
		{"too old", k.Secret, s.Timestamp, s.Signature, s.Body, now.Add(6 * time.Minute), false},
		{"from the future", k.Secret, s.Timestamp, s.Signature, s.Body, now.Add(-6 * time.Minute), false},
		{"another body", k.Secret, s.Timestamp, s.Signature, s.Body + "y", now, false},
		{"another time", k.Secret, s.Timestamp + "0", s.Signature, s.Body, now, false},
		{"another secret", "other", s.Timestamp, s.Signature, s.Body, now, false},
		{"no secret", "", s.Timestamp, s.Signature, s.Body, now, false},
		{"no version", k.Secret, s.Timestamp, s.Signature[3:], s.Body, now, false},
		{"nothing", k.Secret, "", "", s.Body, now, false},
	} {
		err := notify.VerifySlack(c.secret, c.stamp, c.signature, []byte(c.body), c.at)
		if c.ok != (err == nil) || err != nil && errs.KindOf(err) != errs.KindUnauthenticated {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	seen := func(signature string) (err error) {
		_ = w.DB.Do(t.Context(), db.System, func(tx *db.Tx) error { err = notify.SeenSlack(tx, signature); return err })
		return err
	}
	if err := seen(s.Signature); err != nil {
		t.Fatal(err)
	}
	for _, again := range []string{s.Signature, "v0=" + strings.ToUpper(s.Signature[3:])} {
		if errs.KindOf(seen(again)) != errs.KindUnauthenticated {
			t.Errorf("%s counts twice", again)
		}
	}
}

// What Slack sends is read as what somebody did; everything else is refused.
func TestInteractionsAreRead(t *testing.T) {
	k := slacktest.New(t)
	in, err := notify.ParseSlack([]byte(k.Click("U0JOLIND", "approve", "step/2").Body))
	if err != nil || in.Team != "T0CORP" || in.User != "U0JOLIND" || in.Action != "approve" || in.Value != "step/2" || in.Trigger == "" {
		t.Errorf("%+v, %v", in, err)
	}
	in, err = notify.ParseSlack([]byte(k.Submit("U0JOLIND", "step/2", " not hers ").Body))
	if err != nil || in.Action != "deny" || in.Value != "step/2" || in.Reason != "not hers" || !in.Window {
		t.Errorf("%+v, %v", in, err)
	}
	for _, body := range []string{"", "payload=", "payload={}", "payload=%7B", "%zz", k.Click("U0JOLIND", "grant", "x").Body, `payload={"type":"block_actions","actions":[]}`,
		`payload={"type":"view_submission","view":{"callback_id":"other"}}`, `payload={"type":"shortcut"}`} {
		if in, err := notify.ParseSlack([]byte(body)); errs.KindOf(err) != errs.KindInvalid {
			t.Errorf("%q is read as %+v, %v", body, in, err)
		}
	}
}

// Whoever decides in somebody's name from Slack was linked by somebody else, who is told; the database holds to it, too.
func TestALinkIsMadeBySomebodyElse(t *testing.T) {
	w, _, sink := slackWorld(t)
	link := func(actor db.Actor, user, name string) error {
		return w.DB.Do(t.Context(), actor, func(tx *db.Tx) error {
			p, err := identity.Get(tx, w.to(name))
			if err != nil {
				return err
			}
			return notify.LinkSlack(tx, "T0CORP", user, p)
		})
	}
	var ada db.Actor
	w.do(func(tx *db.Tx) (err error) { ada, err = tx.ActorOf(w.to("Ada Khan"), "person", "Ada Khan"); return err })
	if err := link(ada, "U0ADAKHAN", "Ada Khan"); errs.KindOf(err) != errs.KindForbidden {
		t.Errorf("Ada links herself: %v", err)
	}
	err := w.DB.Do(t.Context(), ada, func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into slack_link (team, slack_user, identity_id, made_by, made_identity) values ('T0CORP', 'U0ADAKHAN', $1, $2, $1)`, w.to("Ada Khan"), ada.ID)
		return err
	})
	if db.ConstraintName(err) != "slack_linker_is_not_linked" {
		t.Errorf("the database lets Ada link herself: %v", err)
	}
	if err := link(db.Operator, "U0ADAKHAN", "Ada Khan"); errs.KindOf(err) != errs.KindForbidden {
		t.Errorf("a shell links: %v", err)
	}
	for _, c := range []struct{ user, name string }{{"U0JOLIND", "Ada Khan"}, {"U0OTHER", "Jo Lind"}} {
		if err := link(w.it(), c.user, c.name); errs.KindOf(err) != errs.KindConflict {
			t.Errorf("%s twice: %v", c.name, err)
		}
	}
	if err := link(w.it(), "jo.lind", "Ada Khan"); errs.KindOf(err) != errs.KindInvalid {
		t.Errorf("a name: %v", err)
	}
	if err := link(w.it(), "U0ADAKHAN", "Ada Khan"); err != nil {
		t.Fatal(err)
	}
	w.deliver("mail")
	if l := sink.Letters(); len(l) != 1 || !strings.Contains(l[0].Text, "U0ADAKHAN") {
		t.Errorf("Ada was told by %d letters", len(l))
	}
	for _, c := range []struct {
		team, user string
		who        int
	}{{"T0CORP", "U0ADAKHAN", w.to("Ada Khan")}, {"T0OTHER", "U0ADAKHAN", 0}, {"T0CORP", "U0NOBODY", 0}} {
		w.do(func(tx *db.Tx) error {
			if who, err := notify.SlackPerson(tx, c.team, c.user); who != c.who || (err == nil) != (c.who != 0) {
				t.Errorf("%s in %s is %d, %v", c.user, c.team, who, err)
			}
			return nil
		})
	}
	w.do(func(tx *db.Tx) error { return notify.UnlinkSlack(tx, "T0CORP", "U0ADAKHAN") })
	w.do(func(tx *db.Tx) error {
		if _, err := notify.SlackPerson(tx, "T0CORP", "U0ADAKHAN"); errs.KindOf(err) != errs.KindForbidden {
			t.Errorf("an ended link counts: %v", err)
		}
		return nil
	})
}
