package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"tenure/internal/db"
	"tenure/internal/notify"
)

// IT declares a webhook, sees what became of its calls, pauses it and sends a call again; compliance looks on.
func TestAWebhookIsDeclaredAndLookedAfter(t *testing.T) {
	w := newWorld(t)
	var calls atomic.Int32
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusGone)
		}
	}))
	t.Cleanup(receiver.Close)
	w.app.Notify.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	it, looker := w.as(itPerson), w.as(compliance)
	it.get("/webhooks").want(t, http.StatusOK).says(t, "nobody is told by mail")
	it.post("/webhooks", "name", "", "url", "gopher://x", "kinds", "nonsense").want(t, http.StatusBadRequest).says(t, "must be an address")
	p := it.post("/webhooks", "name", "SIEM", "url", receiver.URL, "kinds", "request.granted").want(t, http.StatusOK)
	secret := p.Find(".t-secret").Text()
	if !strings.HasPrefix(secret, "whsec_") || len(secret) < 40 {
		t.Errorf("the secret is %q", secret)
	}
	page := p.Find(".t-buttons a").AttrOr("href", "")
	if p := it.get(page).want(t, http.StatusOK); strings.Contains(p.body, secret) {
		t.Error("the secret is shown again")
	}
	w.do(db.Operator, func(tx *db.Tx) error { return notify.Hook(tx, "request.granted", map[string]int{"request": 1}) })
	w.must(w.app.Notify.Deliver(t.Context(), "webhook"))
	it.get(page).want(t, http.StatusOK).says(t, "answered 410 Gone")
	it.post(page, "act", "test").want(t, http.StatusSeeOther)
	it.post(page, "act", "pause").want(t, http.StatusSeeOther)
	it.post(page, "act", "pause").want(t, http.StatusConflict)
	w.must(w.app.Notify.Deliver(t.Context(), "webhook"))
	if n := calls.Load(); n != 1 {
		t.Errorf("a paused webhook was called: %d", n)
	}
	it.post(page, "act", "resume").want(t, http.StatusSeeOther)
	w.must(w.app.Notify.Deliver(t.Context(), "webhook"))
	p = looker.get(page).want(t, http.StatusOK)
	p.says(t, "answered 200 OK")
	if p.Find(`.t-do-cell form`).Length() != 0 {
		t.Error("compliance is offered to send again")
	}
	call := it.get(page).want(t, http.StatusOK).Find(`.t-do-cell input[name="call"]`).First().AttrOr("value", "")
	looker.post(page, "act", "replay", "call", call).want(t, http.StatusForbidden)
	it.post(page, "act", "replay", "call", "999999").want(t, http.StatusNotFound)
	it.post(page, "act", "replay", "call", call).want(t, http.StatusSeeOther)
	it.post(page, "act", "replay", "call", call).want(t, http.StatusConflict) // it waits already
	w.must(w.app.Notify.Deliver(t.Context(), "webhook"))
	if n := calls.Load(); n != 3 {
		t.Errorf("%d calls", n)
	}
}

// How somebody is told is theirs; what is a duty stays.
func TestHowSomebodyIsTold(t *testing.T) {
	w := newWorld(t)
	c := w.as(employee)
	c.get("/me/profile").want(t, http.StatusOK).says(t, "look into your inbox")
	save := func(pairs ...string) page {
		return c.post("/me/profile", append([]string{"telling", "yes", "density", "", "theme", ""}, pairs...)...)
	}
	save("when", "digest", "hour", "25").want(t, http.StatusBadRequest).says(t, "hour from 0 to 23")
	save("when", "digest", "hour", "17", "told", "ended", "told", "approval").want(t, http.StatusSeeOther)
	stored := func() string {
		return w.text(`select digest || ' ' || hour || ' ' || array_to_string(off, ',') from notify_preference n join identity i on i.id = n.identity_id where i.number = $1`, employee)
	}
	if s := stored(); s != "true 17 decided,granted,question,ending,expired,figures" {
		t.Error(s)
	}
	p := c.get("/me/profile").want(t, http.StatusOK)
	if p.Find(`[name="when"][value="digest"][checked]`).Length() != 1 || p.Find(`[name="hour"] option[value="17"][selected]`).Length() != 1 || p.Find(`[name="told"][checked]`).Length() != 1 {
		t.Error("the page does not show what is stored")
	}
	c.post("/me/profile", "density", "dense").want(t, http.StatusSeeOther) // a form that does not ask changes nothing of it
	if s := stored(); s != "true 17 decided,granted,question,ending,expired,figures" {
		t.Error(s)
	}
}
