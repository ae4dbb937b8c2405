package notify_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"tenure/internal/db"
	"tenure/internal/notify"
	"tenure/internal/notify/mailtest"
)

// A letter says everything that is needed to decide, twice, and holds one link.
func TestALetterHoldsWhatIsNeededAndOneLink(t *testing.T) {
	w, sink := newWorld(t), mailtest.New(t)
	w.Mail = sink.Mail()
	w.send(w.ask("Jo Lind"), w.ask("Ada Khan"))
	w.deliver("mail")
	got := sink.Letters()
	if len(got) != 2 {
		t.Fatalf("%d letters: %s %s", len(got), w.states(), w.text(`select answer from delivery limit 1`))
	}
	l := got[0]
	if l.Subject != "[Access] Approve: CRM Edit for A. Khan - due Tue 1 Dec" {
		t.Errorf("the subject is %q", l.Subject)
	}
	if s := got[1].Subject; s != "[Access] Approve: CRM Edit for A. Khan - due Wed 2 Dec" {
		t.Errorf("in Auckland the subject is %q", s)
	}
	for name, want := range map[string]string{"From": `"Access" <access@corp.example>`, "To": `"Jo Lind" <p0@corp.example>`, "List-Id": "Access <access.corp.example>",
		"Auto-Submitted": "auto-generated", "Message-Id": "<" + w.text(`select public_id::text from delivery order by id limit 1`) + "@corp.example>"} {
		if v := l.Header.Get(name); v != want {
			t.Errorf("%s is %q, not %q", name, v, want)
		}
	}
	if a, b := l.Header.Get("References"), got[1].Header.Get("References"); a == "" || a != b || l.Header.Get("In-Reply-To") != a {
		t.Errorf("two letters of one thread refer to %q and %q", a, b)
	}
	for part, body := range map[string]string{"text": l.Text, "html": l.HTML} {
		for _, word := range []string{"CRM Edit", "Ada Khan, Sales", "Covers for Sam", "Medium", "Tue 1 Dec", "request/9/step/2", portal + "/requests/9"} {
			if !strings.Contains(body, word) {
				t.Errorf("the %s part does not say %q", part, word)
			}
		}
		if n := strings.Count(body, "://"); n != 1 {
			t.Errorf("the %s part holds %d links", part, n)
		}
	}
	if sink.User != "tenure" || sink.Password != "s3cret" {
		t.Errorf("signed in as %q", sink.User)
	}
	if s := w.states(); s != "mail sent 1, mail sent 1" {
		t.Error(s)
	}
}

// What people wrote is text in every place of a letter: it makes no header, no recipient, no markup, no link, and no template.
func TestWhatPeopleWriteIsOnlyText(t *testing.T) {
	w, sink := newWorld(t), mailtest.New(t)
	w.Mail = sink.Mail()
	const evil = "Eve\r\nBcc: all@corp.example\r\n\r\n<script>alert(1)</script>{{.Footer}}{{template \"letter\"}} https://evil.example/?x \u202egpj\x00\x1b[31m"
	who := w.person("Eve\" <spy@evil.example>, \"Jo\r\nBcc: all@corp.example", "eve@corp.example")
	m := w.ask("Jo Lind")
	m.To, m.Subject.What, m.Subject.Whom, m.Subject.Verb = who, evil, evil, evil
	m.Lines = []notify.Line{{Label: evil, Value: evil}}
	w.do(func(tx *db.Tx) error {
		return notify.Send(tx, m)
	})
	w.deliver("mail")
	got := sink.Letters()
	if len(got) != 1 {
		t.Fatalf("%d letters: %s %s", len(got), w.states(), w.text(`select answer from delivery`))
	}
	l := got[0]
	if len(l.To) != 1 || l.To[0] != "eve@corp.example" {
		t.Errorf("it went to %q", l.To)
	}
	if l.Header.Get("Bcc") != "" || len(l.Header["Subject"]) != 1 {
		t.Errorf("the header was split: %v", l.Header)
	}
	if to, err := l.Header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != "eve@corp.example" {
		t.Errorf("To is %v, %v", to, err)
	}
	if strings.ContainsAny(l.Subject, "\r\n\x00\x1b\u202e") {
		t.Errorf("the subject is %q", l.Subject)
	}
	if strings.Contains(l.HTML, "<script>") || !strings.Contains(l.HTML, "&lt;script&gt;") {
		t.Error("markup was taken over")
	}
	for _, body := range []string{l.Text, l.HTML} {
		if strings.Count(body, "://") != 1 || !strings.Contains(body, "{{.Footer}}") {
			t.Errorf("a link or a template was taken over: %s", body)
		}
		if strings.ContainsAny(body, "\x00\x1b\u202e") {
			t.Error("what steers a terminal was taken over")
		}
	}
}

// A letter that was taken and not reported is sent again, as the same one: no letter is lost, and mail programs show one.
func TestAKillBetweenSendingAndReportingSendsTheSameLetterAgain(t *testing.T) {
	w, sink := newWorld(t), mailtest.New(t)
	w.Mail = sink.Mail()
	w.send(w.ask("Jo Lind"))
	ctx, kill := ctxOf(t)
	sink.Answer(func(mailtest.Letter) error { kill(); return nil })
	if err := w.Deliver(ctx, "mail"); err == nil {
		t.Fatal("the worker was not killed")
	}
	if s := w.states(); s != "mail waiting 1" {
		t.Fatalf("after the kill: %s", s)
	}
	sink.Answer(nil)
	w.deliver("mail")
	if n := len(sink.Letters()); n != 1 {
		t.Fatalf("another worker took over at once: %d letters", n)
	}
	w.later()
	w.deliver("mail")
	got := sink.Letters()
	if len(got) != 2 || got[0].Header.Get("Message-Id") != got[1].Header.Get("Message-Id") || got[0].Header.Get("Message-Id") == "" || got[0].Text != got[1].Text {
		t.Errorf("%d letters", len(got))
	}
	if s := w.states(); s != "mail sent 2" {
		t.Error(s)
	}
}

// What fails for a while is tried again, later each time, and at last dead; what is refused for good is dead at once.
func TestALetterThatIsNotTakenIsTriedAgainAndThenDead(t *testing.T) {
	w, sink := newWorld(t), mailtest.New(t)
	w.Mail = sink.Mail()
	sink.Answer(func(mailtest.Letter) error { return &smtp.SMTPError{Code: 451, Message: "busy"} })
	w.send(w.ask("Jo Lind"))
	w.deliver("mail")
	if s := w.states(); s != "mail waiting 1" {
		t.Fatal(s)
	}
	if late := w.text(`select (next_at > clock_timestamp() + interval '20 seconds')::text from delivery`); late != "true" {
		t.Error("it is tried again at once")
	}
	for range 20 {
		w.later()
		w.deliver("mail")
	}
	if s := w.states(); s != "mail dead 10" {
		t.Error(s)
	}
	sink.Answer(func(mailtest.Letter) error { return &smtp.SMTPError{Code: 550, Message: "no such mailbox"} })
	w.exec(`delete from delivery`)
	w.send(w.ask("Jo Lind"))
	w.deliver("mail")
	if s := w.states(); s != "mail dead 1" {
		t.Error(s)
	}
	if len(sink.Letters()) != 0 {
		t.Error("a letter was taken")
	}
}

// A digest collects what can wait into one letter at its hour; what is urgent, and a duty that is switched off, is told all the same.
func TestADigestCollectsWhatCanWait(t *testing.T) {
	w, sink := newWorld(t), mailtest.New(t)
	w.Mail = sink.Mail()
	w.do(func(tx *db.Tx) error {
		if err := notify.Prefer(tx, w.to("Ada Khan"), notify.Preference{Off: []string{notify.Approval}, Hour: 8}); err == nil {
			t.Error("a duty was switched off")
		}
		return notify.Prefer(tx, w.to("Ada Khan"), notify.Preference{Digest: true, Hour: 17, Off: []string{notify.Ended}})
	})
	one, other, over := w.ask("Ada Khan"), w.ask("Ada Khan"), w.ask("Ada Khan")
	other.Subject.What, other.Thread = "Payroll", "request/10"
	over.Subject.What, over.Thread = "Decided soon", "request/11"
	off := notify.Message{To: w.to("Ada Khan"), Kind: notify.Ended, Thread: "request/3", Subject: notify.Subject{Verb: "Ended", What: "Wiki"}}
	now := w.ask("Ada Khan")
	now.Urgent = true
	w.send(one, other, over, off, now)
	w.do(func(tx *db.Tx) error { return notify.Close(tx, "request/11", "Approved by Jo Lind") })
	w.deliver("mail")
	if n := len(sink.Letters()); n != 1 {
		t.Fatalf("%d letters at once: %s", n, w.states())
	}
	if at := w.text(`select (next_at at time zone 'Pacific/Auckland')::time::text from delivery where digest`); at != "17:00:00" {
		t.Errorf("the digest comes at %s", at)
	}
	w.later()
	w.deliver("mail")
	got := sink.Letters()
	if len(got) != 2 {
		t.Fatalf("%d letters: %s", len(got), w.states())
	}
	l := got[1]
	if l.Subject != "[Access] Digest: 2 messages - due Wed 2 Dec" || !strings.Contains(l.Text, "Payroll") || !strings.Contains(l.Text, "CRM Edit") ||
		strings.Contains(l.Text, "Decided soon") || strings.Contains(l.Text, "Wiki") || !strings.Contains(l.Text, portal+"/inbox") {
		t.Errorf("%s\n%s", l.Subject, l.Text)
	}
	w.send(one) // the next one is another letter
	if s := w.states(); s != "mail sent 1, mail sent 1, mail waiting 0" {
		t.Error(s)
	}
}

// Nobody is told who is not here any more, and nobody is asked for what was decided.
func TestNobodyIsToldInVain(t *testing.T) {
	w, sink := newWorld(t), mailtest.New(t)
	w.Mail = sink.Mail()
	w.send(w.ask("Jo Lind"), w.ask("Ada Khan"))
	w.do(func(tx *db.Tx) error { return notify.Close(tx, "request/9", "Denied by Jo Lind") })
	w.deliver("mail")
	if s := w.states(); s != "mail dropped 1, mail dropped 1" || len(sink.Letters()) != 0 {
		t.Errorf("%s, %d letters", s, len(sink.Letters()))
	}
	w.Mail = nil
	w.exec(`delete from delivery`)
	w.send(w.ask("Jo Lind"))
	w.deliver("mail")
	if s := w.text(`select state || ': ' || answer from delivery`); s != "dropped: mail is not set up" {
		t.Error(s)
	}
}

// A message and the act that causes it are stored together or not at all.
func TestNoActNoMessage(t *testing.T) {
	w := newWorld(t)
	err := w.DB.Do(t.Context(), db.Operator, func(tx *db.Tx) error {
		if err := notify.Send(tx, w.ask("Jo Lind")); err != nil {
			return err
		}
		return errors.New("the act fails")
	})
	if err == nil || w.text(`select (select count(*) from message) + (select count(*) from delivery) + (select count(*) from river_job where kind = 'notify.deliver') || ''`) != "0" {
		t.Error("something was left behind")
	}
	w.send(w.ask("Jo Lind"))
	if n := w.text(`select count(*)::text from river_job where kind = 'notify.deliver' and queue = 'notify_mail'`); n != "1" {
		t.Errorf("%s bells", n)
	}
}
