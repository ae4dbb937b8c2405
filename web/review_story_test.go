package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tenure/internal/access"
	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/lifecycle"
)

// A manager clears 25 mixed items with the keyboard alone, takes acts back one after the other, signs off, and what was removed is gone at the
// target. A removal that the target refuses keeps its campaign open, whose page names the operation.
func TestAReviewWithTheKeyboardAlone(t *testing.T) {
	o := newOffice(t)
	w := o.w
	w.post("directory", "archive")
	var people []string
	for n := 1030; n < 1039; n++ {
		if number := fmt.Sprint(n); w.number(`select count(*) from identity_entry e join identity i on i.id = e.identity_id where i.number = $1 and e.department = 'Sales'`, number) == 1 {
			people = append(people, number)
			w.outOfBand("directory", "vault", number)
			w.outOfBand("directory", "archive", number)
		}
	}
	w.outOfBand("directory", "archive", "1039")
	w.read("directory")
	var what []int
	for _, name := range []string{"vault", "archive"} {
		what = append(what, w.number(`select id from entitlement where name = $1`, name))
	}
	what = append(what, w.number(`select e.id from entitlement e join application a on a.id = e.application_id where a.name = 'directory' and e.kind = 'account'`))
	c := w.campaign(func(c *campaign.Campaign) {
		c.Scope.People, c.Scope.Entitlements, c.Settings.NoBatch = w.only(append(people, "1039")...), what, true
	})
	if c.Items < 25 {
		t.Fatalf("%d items, want 25", c.Items)
	}
	h := o.hands(t)
	o.clears(t, h, c)
	w.carry()
	w.in(compliance, campaign.Verify)
	if in := w.members("vault"); len(in) == 0 || in["1030"] || in["1031"] {
		t.Errorf("the vault at the target has %v", in)
	}
	if s := w.text(`select state from campaign where id = $1`, c.ID); s != "closed" {
		t.Errorf("the campaign is %s", s)
	}
	o.refused(t)
}

// clears decides everything of a review.
func (o *office) clears(t *testing.T, h *hands, c *campaign.Campaign) {
	w, at := o.w, o.w.reviewOf(c, manager)
	h.do("types the address", chromedp.Navigate(h.base+at+"?view=flat"), chromedp.WaitVisible(css(`.t-providers a`)))
	h.to(`.t-providers a`)
	h.press(kb.Enter)
	h.do("the provider's page", chromedp.WaitVisible(css(`button[name=subject]`)))
	h.to(`button[value="sub-` + manager + `"]`)
	h.press(kb.Enter)
	ready := func(decided int) {
		t.Helper()
		h.at(at)
		h.until(fmt.Sprint(decided, " are decided"), fmt.Sprintf(`document.readyState === 'complete' && document.documentElement.classList.contains('t-scripted') && document.querySelector('.t-band').innerText.includes('%d of %d')`, decided, c.Items))
	}
	removes := func() {
		t.Helper()
		h.press("r")
		h.at(at + "/decide")
		h.until("the reason has the focus", `document.activeElement.name === 'comment'`)
		h.press(strings.Split("Moved", "")...)
		h.press(kb.Enter)
	}
	ready(0)
	risky := w.number(`select count(*) from campaign_item where campaign_id = $1 and risk = 2`, c.ID)
	h.press("j")
	first := h.ask(`document.activeElement.querySelector('th').innerText`)
	h.press("a")
	ready(1)
	if now := h.ask(`document.activeElement.closest('tr')?.querySelector('th').innerText || ''`); now == first || now == "" {
		t.Errorf("after a decision the focus is on %q, and was on %q", now, first)
	}
	removes()
	ready(2)
	o.opens(h, at)
	ready(2)
	for n := range 2 { // act after act
		h.press("u")
		ready(1 - n)
	}
	for n := range risky {
		h.until("a line has the focus", `document.activeElement.matches('tr[data-row]')`)
		if who := h.ask(`document.activeElement.innerText`); strings.Contains(who, "Nr1030") || strings.Contains(who, "Nr1031") {
			removes()
		} else {
			h.press("a")
		}
		ready(n + 1)
	}
	for again := range 2 {
		left := c.Items - risky
		h.until("a line has the focus", `document.activeElement.matches('tr[data-row]')`)
		for h.ask(`String(document.querySelector('tr[data-row]') === document.activeElement)`) != "true" {
			h.press("k")
		}
		h.press("x")
		for range left - 1 {
			h.press("j")
		}
		h.press("X")
		h.to(`#risk-low-bulk button[value=keep]`)
		h.press(kb.Enter)
		h.says(fmt.Sprintf("you keep %d lines", left))
		h.to(`main form button[type=submit]`)
		h.press(kb.Enter)
		h.says("everything is decided")
		if again == 0 {
			h.press("u")
			ready(risky)
		}
	}
	h.at(at)
	h.press("s")
	h.says("Check your answers")
	h.press("s")
	h.says("Signed off")
	if n := w.number(`select count(*) from campaign_removal where campaign_id = $1`, c.ID); n != 2 {
		t.Errorf("%d removals, want 2", n)
	}
}

// opens shows that `c` opens the comment of a line and `d` who decides it instead, that neither has decided anything, and comes back.
func (o *office) opens(h *hands, at string) {
	for key, to := range map[string][2]string{"c": {at + "/decide", "comment"}, "d": {at + "/reassign", "to"}} {
		h.until("a line has the focus", `document.activeElement.matches('tr[data-row]')`)
		item := h.ask(`document.activeElement.id.slice(1)`)
		h.press(key)
		h.at(to[0])
		h.until("its form is there", fmt.Sprintf(`document.querySelector('main form input[name=%s]') && document.querySelector('main form input[name=items]').value === '%s'`, to[1], item))
		h.do("types the address", chromedp.Navigate(h.base+at+"?view=flat&at="+item), chromedp.WaitVisible(css(`#i`+item)))
		h.until("the page is whole", `document.readyState === 'complete' && document.documentElement.classList.contains('t-scripted')`)
	}
}

// members gives the numbers of who is in a group at the target.
func (w *world) members(group string) map[string]bool {
	w.t.Helper()
	var list struct {
		Resources []struct {
			Members []struct{ Value string }
		}
	}
	w.fetch("directory", "/Groups?filter="+url.QueryEscape(fmt.Sprintf("displayName eq %q", group)), &list)
	out := map[string]bool{}
	for _, m := range list.Resources[0].Members {
		var user struct{ UserName string }
		w.fetch("directory", "/Users/"+m.Value, &user)
		out[user.UserName[strings.LastIndex(user.UserName, ".")+1:]] = true
	}
	return out
}

// refused signs off a removal that the target refuses, and looks at the page of the campaign until it is done all the same.
func (o *office) refused(t *testing.T) {
	w := o.w
	c := w.campaign(func(c *campaign.Campaign) {
		c.Title, c.Scope.People, c.Scope.Entitlements, c.Settings.Comment = "Autumn of Sales", w.only("1032"), []int{w.number(`select id from entitlement where name = 'vault'`)}, "never"
	})
	w.refuses.Store(true)
	w.in(manager, func(tx *db.Tx) error {
		id := w.number(`select id from campaign_review where campaign_id = $1`, c.ID)
		if _, err := lifecycle.Campaigns.Decide(tx, campaign.Answer{Review: id, Items: []int64{int64(w.number(`select id from campaign_item where campaign_id = $1`, c.ID))}, Outcome: campaign.Remove}); err != nil {
			return err
		}
		_, err := lifecycle.Campaigns.SignOff(tx, id, 0)
		return err
	})
	w.carry()
	w.in(compliance, campaign.Verify)
	operation := w.number(`select max(id) from operation where kind = 'revoke' and state = 'failed'`)
	s := o.comes(t, compliance, "/campaigns/"+c.PublicID)
	s.says("The operation failed")
	s.says("this group is locked")
	s.says(fmt.Sprint("Operation ", operation))
	s.says(w.text(`select i.name from application a join identity i on i.id = a.owner_id where a.name = 'directory'`) + " has to look")
	if !w.members("vault")["1032"] {
		t.Error("the target has taken it away")
	}
	if state := w.text(`select state from campaign where id = $1`, c.ID); state != "closing" {
		t.Errorf("the campaign is %s", state)
	}
	w.refuses.Store(false)
	w.in(itPerson, func(tx *db.Tx) error { return access.Retry(tx, int64(operation)) })
	w.carry()
	w.in(compliance, campaign.Verify)
	if w.members("vault")["1032"] {
		t.Error("the target still has it")
	}
	s.do("the campaign", chromedp.Navigate(s.base+"/campaigns/"+c.PublicID))
	s.says("Closed")
	o.counted(s)
}

// counted writes the scope of a campaign and sees what it would ask without pressing anything.
func (o *office) counted(s *story) {
	before := o.w.number(`select count(*) from campaign`)
	s.do("a new campaign", chromedp.Navigate(s.base+"/campaigns/new"))
	s.says("Nothing is counted yet")
	s.write("#f-people", "1032")
	s.until("one person is counted", `/items? of 1 person/.test(document.querySelector('#counted').innerText)`)
	s.do("another", chromedp.SendKeys(css("#f-people"), "\n1033"))
	s.until("two people are counted", `/items of 2 people/.test(document.querySelector('#counted').innerText)`)
	if s.ask(`document.querySelector('#f-people').value`) != "1032\n1033" || s.ask(`document.activeElement.id`) != "f-people" {
		s.t.Error("what was written, or where, is gone")
	}
	all := s.ask(`document.querySelector('#counted').innerText`)
	s.click(`input[name="applications"][value="directory"]`)
	s.until("the directory alone is counted", `/items of 2 people/.test(document.querySelector('#counted').innerText) && document.querySelector('#counted').innerText !== `+quoted(all))
	s.write("#f-people", "nobody")
	s.until("nobody is counted", `document.querySelector('#counted').innerText.includes('names nobody')`)
	s.accessible()
	if n := o.w.number(`select count(*) from campaign`); n != before {
		s.t.Errorf("counting stored %d campaigns", n-before)
	}
}
