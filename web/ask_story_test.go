package web_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/lifecycle"
)

// Asking for access takes at most so many taps and so long, from the first page until it is sent; what looks at each page meanwhile counts.
const (
	mostTaps   = 8
	longestAsk = time.Minute
)

// Somebody asks on a phone; the manager lets them have it for less long, the owner approves; the account gains it at the target, and loses it
// there by itself when the time is over.
func TestAccessIsAskedForAndGranted(t *testing.T) {
	o := newOffice(t)
	w := o.w
	w.declare(`{kind: Offer, name: safe, spec: {title: The safe, description: "Open the safe.", tasks: [Count the cash], levels: [{name: in, entitlements: [directory/vault]}], days: 60, longest_days: 90}}`)
	s := o.comes(t, employee, "/")
	s.do("a phone", chromedp.EmulateViewport(390, 844))
	began, taps := time.Now(), 0
	tap := func(selector, path string) {
		taps++
		s.follow(selector, path)
	}
	taps++
	s.click(`.t-narrow > summary`)
	tap(`.t-narrow a[href='/requests']`, "/requests")
	s.says("Nothing was asked for")
	s.accessible()
	tap(`main a[href='/catalogue']`, "/catalogue")
	s.says("The safe")
	s.says("Count the cash")
	s.accessible()
	s.fits()
	tap(`a[href^='/requests/new?offer=']`, "/requests/new")
	taps++ // into the field
	s.write(`[name=why]`, "I count the cash this quarter")
	s.accessible()
	s.fits()
	taps++
	s.click(`main form button[type=submit]`)
	s.says("Check and send")
	s.says("Owner of Company directory")
	s.accessible()
	s.fits()
	taps++
	s.click(`main form button[type=submit]`)
	s.says("Sent")
	s.says("Waits for a decision")
	s.accessible()
	s.fits()
	if taps > mostTaps {
		t.Errorf("asking takes %d taps, more than %d", taps, mostTaps)
	}
	if took := time.Since(began); took > longestAsk {
		t.Errorf("asking takes %s, more than %s", took, longestAsk)
	}
	at := s.ask(`location.pathname`)

	m := o.comes(t, manager, "/inbox")
	m.says("1 request waits for your decision")
	m.follow(`a[href='/approvals']`, "/approvals")
	m.accessible()
	m.follow(`a[href='`+at+`']`, at)
	until := time.Now().UTC().AddDate(0, 0, 20)
	m.do("until", chromedp.SetValue(css(`[name=until]`), until.Format(time.DateOnly)))
	m.click(`button[value=approve]`)
	m.says("Approved")
	m.lacks("", `button[value=approve]`)

	b := o.comes(t, owner, at)
	b.says("You are asked to decide")
	b.click(`button[value=approve]`)
	b.says("Approved")
	b.says("Granted")
	b.accessible()
	w.carry()
	item := w.number(`select max(id) from request_item`)
	if state := w.atVault("grant", employee); state != "verified" {
		t.Errorf("the grant is %s at the target", state)
	}
	s.do("my access", chromedp.Navigate(s.base+"/me"))
	s.says("it was asked for (“The safe”) and approved")

	w.passes(item)
	if state := w.atVault("revoke", employee); state != "verified" {
		t.Errorf("the end is %s at the target", state)
	}
	s.do("the request", chromedp.Navigate(s.base+at))
	s.says("Ended")
}

// atVault says how the last operation of a kind stands that carries the vault to the target for somebody.
func (w *world) atVault(kind, number string) string {
	w.t.Helper()
	return w.text(`select coalesce((select state from operation where kind = $1 and identity_id = (select id from identity where number = $2) and entitlement_id = (select id from entitlement where name = 'vault') order by id desc limit 1), 'missing')`, kind, number)
}

// passes lets three months go by for what an item gives, as business time of a live database is not moved, and carries what then follows.
func (w *world) passes(item int) {
	w.t.Helper()
	owned := dbtest.Owner(w.t, w.app.DB)
	for _, sql := range []string{`set session_replication_role = replica`,
		fmt.Sprintf(`update request_item set from_at = from_at - interval '3 months', to_at = to_at - interval '3 months' where id = %d`, item),
		fmt.Sprintf(`update reason set valid_from = valid_from - interval '3 months', valid_to = valid_to - interval '3 months' where kind = 'request' and ref = %d`, item),
		fmt.Sprintf(`update due set at = at - interval '3 months' where what = 'request_item' and ref = %d or what = 'person' and ref = (select beneficiary_id from request_item where id = %[1]d)`, item)} {
		_, err := owned.Exec(w.t.Context(), sql)
		w.must(err)
	}
	w.do(db.System, func(tx *db.Tx) error { _, err := lifecycle.RunDue(tx, tx.Now); return err })
	w.carry()
}
