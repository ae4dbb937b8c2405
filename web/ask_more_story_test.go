package web_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	cdpemulation "github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tenure/internal/notify/mailtest"
)

// Who keeps the books and asks for the vault sees the conflict before it is sent. It goes to compliance besides, who decides it with a control.
func TestAConflictGoesToCompliance(t *testing.T) {
	o := newOffice(t)
	w := o.w
	w.declare(`{kind: SoDRule, name: guard-and-book, spec: {title: Guard and book, description: Somebody could hide what is missing., duties: [guard, book], severity: critical, reaction: exception}}
---
{kind: Offer, name: books, spec: {title: The books, levels: [{name: keep, entitlements: [ledger/books]}]}}
---
{kind: Offer, name: safe, spec: {title: The safe, levels: [{name: in, entitlements: [directory/vault]}], days: 60, longest_days: 90}}
---
{kind: ApprovalRule, name: books, spec: {title: The books, order: 1, when: 'request["offer"] == "books"', automatic: true}}
---
{kind: ApprovalRule, name: all, spec: {title: The manager, order: 2, when: "true", steps: [{by: manager}]}}
`)
	w.program(employee, "decide").json("POST", "/api/v1/requests", `{"why":"I close the month","items":[{"offer":"books"}]}`).want(t, 201)

	s := o.comes(t, employee, "/catalogue?q=safe")
	s.follow(`a[href^='/requests/new?offer=']`, "/requests/new")
	s.write(`[name=why]`, "I count the cash this quarter")
	s.click(`main form button[type=submit]`)
	s.says("Check and send")
	s.says("Conflicts with “Guard and book”")
	s.says("Compliance has to agree.")
	s.accessible()
	if n := w.number(`select count(*) from request_item where offer_id = (select id from policy_object where kind = 'offer' and name = 'safe')`); n != 0 {
		t.Errorf("%d were asked for before it was sent", n)
	}
	s.click(`main form button[type=submit]`)
	s.says("Sent")
	at := s.ask(`location.pathname`)

	m := o.comes(t, manager, at)
	m.says("Conflicts with “Guard and book”")
	m.click(`button[value=approve]`)
	m.says("Approved")
	m.says("Waits for a decision")

	c := o.comes(t, compliance, "/inbox")
	c.follow(`a[href='/approvals']`, "/approvals")
	c.says("Conflicts and reviews: one by one")
	c.lacks("", `main input[name=step]`)
	c.until("the list listens", `document.documentElement.classList.contains('t-scripted')`)
	(&hands{c}).press("j", kb.Enter) // the first row, with the keyboard
	c.at(at)
	c.click(`button[value=approve]`)
	c.says("is required") // what makes it harmless
	c.write(`[name=control]`, "Two people open the vault")
	c.accessible()
	c.click(`button[value=approve]`)
	c.says("Granted")
	w.carry()
	if state := w.atVault("grant", employee); state != "verified" {
		t.Errorf("the grant is %s at the target", state)
	}
	if n := w.number(`select count(*) from exception x join identity i on i.id = x.identity_id where i.number = $1 and x.ended_at is null and x.control = 'Two people open the vault'`, employee); n != 1 {
		t.Errorf("%d exceptions stand for it, want 1", n)
	}
}

// What is held for hours needs a fresh proof, asked for before the form. Emergency access is there at once with a reason; compliance, the
// manager and the owner are told; it ends by itself, is verified gone at the target, and somebody else reviews it with what is known of its use.
func TestEmergencyAccess(t *testing.T) {
	o := newOffice(t)
	w := o.w
	sink := mailtest.New(t)
	w.app.Notify.Mail, w.app.Notify.Public = sink.Mail(), w.server.URL
	w.declare(`{kind: Offer, name: safe, spec: {title: The safe, levels: [{name: in, entitlements: [directory/vault]}], for: 'department == "Nobody"', activate: {for: 'title == "Seller"', hours: 4}, emergency: {for: 'title == "Seller"', hours: 2}}}
---
{kind: ApprovalRule, name: all, spec: {title: At once, order: 1, when: 'request["act"] == "activate"', automatic: true}}
`)
	s := o.comes(t, employee, "/catalogue")
	_, err := w.app.DB.Pool.Exec(t.Context(), `update portal_session set proved_at = clock_timestamp() - interval '1 hour'`)
	w.must(err)
	s.click(`a[href*='act=activate']`)
	s.at("/stepup") // before anything is typed
	s.do("proves it again", chromedp.Click(css(`main a[href^='/signin/with/'], main form[action^='/signin/with/'] button`)), chromedp.WaitVisible(css(`button[name=subject]`)))
	s.click(`button[value="sub-` + employee + `"]`)
	s.at("/requests/new")
	s.do("hours", chromedp.SetValue(css(`[name=hours]`), "1"))
	s.write(`[name=why]`, "The yearly inventory")
	s.click(`main form button[type=submit]`)
	s.says("nobody is asked")
	s.click(`main form button[type=submit]`)
	s.says("Granted at once")
	w.carry()
	if state := w.atVault("grant", employee); state != "verified" {
		t.Errorf("what was activated is %s at the target", state)
	}

	x := o.comes(t, "1031", "/catalogue")
	x.click(`a[href*='act=emergency']`)
	x.at("/requests/new")
	x.says("somebody else reviews afterwards what you did")
	x.accessible()
	x.write(`[name=why]`, "The key is lost and the cash has to go out")
	x.click(`main form button[type=submit]`)
	x.says("At once. It is reviewed afterwards.")
	x.click(`main form button[type=submit]`)
	x.says("Granted at once")
	at := x.ask(`location.pathname`)
	w.carry()
	if state := w.atVault("grant", "1031"); state != "verified" {
		t.Errorf("what was taken in an emergency is %s at the target", state)
	}
	w.must(w.app.Notify.Deliver(t.Context(), "mail"))
	var told []string
	for _, l := range sink.Letters() {
		if strings.Contains(l.Subject, "Emergency access taken") {
			told = append(told, l.To...)
		}
	}
	slices.Sort(told)
	if want := []string{"p" + compliance + "@example.com", "p" + owner + "@example.com", "p" + manager + "@example.com"}; !slices.Equal(told, want) {
		t.Errorf("told were %v, want %v", told, want)
	}

	w.passes(w.number(`select max(id) from request_item where act = 'emergency'`))
	if state := w.atVault("revoke", "1031"); state != "verified" {
		t.Errorf("its end is %s at the target", state)
	}
	x.do("the request", chromedp.Navigate(x.base+at))
	x.says("Ended")
	x.lacks("", `button[value=approve]`) // nobody reviews themselves

	c := o.comes(t, compliance, "/inbox")
	c.says("1 request waits for your decision")
	c.follow(`a[href='/approvals']`, "/approvals")
	c.follow(`a[href='`+at+`']`, at)
	c.says("Was the emergency access in order?")
	c.says("Vault in Company directory")
	c.says("gone at")
	c.says("The application does not tell when somebody signed in.")
	c.accessible()
	c.click(`button[value=approve]`)
	c.says("Approved")
	c.lacks("", `button[value=approve]`)
	if n := w.number(`select count(*) from request_decision d join request_step s on s.id = d.step_id where s.by = 'review' and d.outcome = 'approve'`); n != 1 {
		t.Errorf("%d reviews, want 1", n)
	}
}

// The core flows are plain forms: asking, narrowing, deciding several at once, giving back and delegating go with scripts switched off.
func TestWithScriptsSwitchedOff(t *testing.T) {
	o := newOffice(t)
	w := o.w
	w.declare(offered)
	s := o.comesStill(t, employee, "/catalogue?q=invoice")
	if s.ask(`document.documentElement.className`) != "" {
		t.Error("a script has run")
	}
	s.follow(`a[href^='/requests/new?offer=']`, "/requests/new")
	s.click(`input[type=radio][value=keep]`)
	s.write(`[name=why]`, "I close the month")
	s.click(`main form button[type=submit]`)
	s.says("Check and send")
	s.click(`main form button[type=submit]`)
	s.says("Sent")
	at := s.ask(`location.pathname`)
	for _, number := range []string{"1031", "1032"} {
		w.askedFor(number)
	}

	m := o.comesStill(t, manager, "/inbox")
	m.follow(`a[href='/approvals']`, "/approvals")
	m.follow(`a[href='`+at+`']`, at)
	m.do("lower", chromedp.SetValue(css(`select[name=level]`), "read"))
	m.do("shorter", chromedp.SetValue(css(`[name=until]`), time.Now().UTC().AddDate(0, 0, 20).Format(time.DateOnly)))
	m.click(`button[value=approve]`)
	m.says("Granted")
	if n := w.number(`select count(*) from request_item where state = 'granted' and level = 'read' and to_at < clock_timestamp() + interval '22 days'`); n != 1 {
		t.Errorf("%d are narrowed, want 1", n)
	}
	m.do("what else there is", chromedp.Navigate(m.base+"/approvals"))
	for _, box := range []string{`tr:nth-child(1) input[name=step]`, `tr:nth-child(2) input[name=step]`} {
		m.click(box)
	}
	m.click(`button[value=approve]`)
	m.says("Decided")
	if n := w.number(`select count(*) from request_decision where via = 'bulk'`); n != 2 {
		t.Errorf("%d were decided together, want 2", n)
	}

	s.do("my access", chromedp.Navigate(s.base+"/me"))
	s.says("in 20 days")
	s.click(`main a[href$='/end']`)
	s.says("End this access now?")
	s.click(`main form[action$='/end'] button[type=submit]`)
	s.says("The access has ended")

	m.do("away", chromedp.Navigate(m.base+"/me/delegations/new"))
	m.write(`[name=to]`, "1031")
	m.do("until", chromedp.SetValue(css(`[name=until]`), time.Now().UTC().AddDate(0, 0, 7).Format(time.DateOnly)))
	m.write(`[name=reason]`, "On holiday")
	m.click(`main form[action='/me/delegations'] button[type=submit]`)
	m.says("Person Nr1031")
	if n := w.number(`select count(*) from delegation where ended_at is null`); n != 1 {
		t.Errorf("%d delegations, want 1", n)
	}
}

// comesStill is comes in a browser that runs no scripts of pages.
func (o *office) comesStill(t *testing.T, number, path string) *story {
	t.Helper()
	s := o.comes(t, number, "/me/profile")
	_, err := chromedp.Call(s.ctx, cdpemulation.SetScriptExecutionDisabled, cdpemulation.SetScriptExecutionDisabledParams{Value: true})
	o.w.must(err)
	s.still = true
	s.do("without scripts", chromedp.Navigate(s.base+path))
	return s
}
