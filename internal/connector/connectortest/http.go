package connectortest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tenure/internal/connector"
)

// HTTPHarness is what RunHTTP needs besides the harness of Run.
type HTTPHarness struct {
	Harness // Open is not used
	// OpenThrough gives an empty target and a connector that reaches it through a proxy.
	OpenThrough func(t *testing.T) (Target, *Proxy)
	// Page says whether a request asks for a page of the listing of accounts, and for which, counting from 1.
	Page func(r *http.Request) (page int, ok bool)
}

// RunHTTP runs the part of the suite in which the network and the server misbehave.
func RunHTTP(t *testing.T, h HTTPHarness) {
	if h.Name == nil {
		h.Name = func(s string) string { return s }
	}
	for _, part := range []struct {
		name string
		run  func(*testing.T, chaos)
	}{
		{"broken listings", brokenListings},
		{"a list that shrinks", shrinkingList},
		{"lost replies", lostReplies},
		{"connection closed before the change", hungUp},
		{"half a reply to a change", halfReplies},
		{"asked to wait", throttled},
		{"credentials refused", unauthorized},
		{"server errors", serverErrors},
		{"redirects", redirects},
		{"nobody there", nobodyThere},
	} {
		t.Run(part.name, func(t *testing.T) {
			target, proxy := h.OpenThrough(t)
			part.run(t, chaos{opened: h.wrap(t, target), proxy: proxy, page: h.Page})
		})
	}
}

type chaos struct {
	opened
	proxy *Proxy
	page  func(*http.Request) (int, bool)
}

func (c chaos) onPage(n int) func(*http.Request) bool {
	return func(r *http.Request) bool {
		page, ok := c.page(r)
		return ok && page == n
	}
}

func writes(r *http.Request) bool { return r.Method != http.MethodGet }

func all(*http.Request) bool { return true }

// brokenListings: whatever is wrong with the second page, the listing fails; afterwards it is whole again.
func brokenListings(t *testing.T, c chaos) {
	n := 2*c.h.PageSize + c.h.PageSize/2
	c.AddAccounts(t, names(c.h.Name("seed"), n)...)
	first := make(chan Answer, 1)
	faults := map[string]Fault{
		"page 2 repeats page 1": func(w http.ResponseWriter, r *http.Request, pass func() Answer) bool {
			switch page, ok := c.page(r); {
			case ok && page == 1:
				a := pass()
				select {
				case first <- a:
				default:
				}
				a.write(w)
				return true
			case ok && page == 2:
				a := <-first
				first <- a
				a.write(w)
				return true
			}
			return false
		},
		"page 2 fails":         when(c.onPage(2), refuse(http.StatusInternalServerError)),
		"page 2 is not found":  when(c.onPage(2), refuse(http.StatusNotFound)),
		"page 2 breaks off":    when(c.onPage(2), cut),
		"page 2 hangs up":      when(c.onPage(2), hangUp),
		"page 2 never ends":    when(c.onPage(2), c.proxy.endless),
		"page 1 never ends":    when(c.onPage(1), c.proxy.endless),
		"page 2 is throttled":  when(c.onPage(2), refuse(http.StatusTooManyRequests, "Retry-After", "3")),
		"page 2 is half":       when(c.onPage(2), asFault(half)),
		"page 2 is empty":      when(c.onPage(2), answerWith(`{"totalResults":1000000,"startIndex":1,"itemsPerPage":0,"Resources":[]}`)),
		"page 2 is something":  when(c.onPage(2), answerWith(`{"hello":"world"}`)),
		"page 2 is no JSON":    when(c.onPage(2), answerWith(`<html>Bad gateway</html>`)),
		"page 1 is half":       when(c.onPage(1), asFault(half)),
		"page 1 is no list":    when(c.onPage(1), answerWith(`[]`)),
		"page 1 has no ids":    when(c.onPage(1), answerWith(`{"totalResults":1,"Resources":[{"userName":"x"}]}`)),
		"page 1 is an error":   when(c.onPage(1), refuse(http.StatusBadGateway)),
		"page 1 says too much": when(c.onPage(1), answerWith(`{"totalResults":-1,"Resources":[]}`)),
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			c.proxy.Misbehave(fault)
			within(t, 30*time.Second, "the listing", func(ctx context.Context) {
				got, err := Collect(c.Connector.Accounts(ctx))
				c.class(t, name, err, connector.ClassTransient, connector.ClassThrottled, connector.ClassPermanent, connector.ClassNotFound)
				if err == nil {
					t.Errorf("%d of %d accounts and no error", len(got), n)
				}
			})
			if sent := c.proxy.poured.Swap(0); sent > 64<<20 {
				t.Errorf("%d bytes of an endless answer were read", sent)
			}
			c.proxy.Misbehave(nil)
			if got, err := Collect(c.Connector.Accounts(t.Context())); err != nil || len(got) != n+c.h.Existing {
				t.Errorf("afterwards: %d accounts, want %d; %v", len(got), n+c.h.Existing, err)
			}
		})
	}
}

func asFault(change func(http.ResponseWriter, *http.Request, func() Answer) Answer) Fault {
	return func(w http.ResponseWriter, r *http.Request, pass func() Answer) bool {
		change(w, r, pass).write(w)
		return true
	}
}

func answerWith(body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ func() Answer) bool {
		Answer{http.StatusOK, http.Header{"Content-Type": {"application/scim+json"}}, []byte(body)}.write(w)
		return true
	}
}

// shrinkingList: an account that goes while the list is read moves another one across the border of two pages. The listing fails, or
// has every account that was there all the time.
func shrinkingList(t *testing.T, c chaos) {
	var mine []connector.Account
	for _, n := range names("user", 2*c.h.PageSize+3) {
		mine = append(mine, c.account(t, n))
	}
	var once atomic.Bool
	c.proxy.Misbehave(func(_ http.ResponseWriter, r *http.Request, _ func() Answer) bool {
		if c.onPage(2)(r) && once.CompareAndSwap(false, true) {
			if err := c.a.DeleteAccount(context.WithoutCancel(r.Context()), "k", mine[0]); err != nil {
				t.Error(err)
			}
		}
		return false
	})
	got, err := Collect(c.Connector.Accounts(t.Context()))
	if !once.Load() {
		t.Fatal("the second page was not read")
	}
	if err != nil {
		return
	}
	have := map[string]bool{}
	for _, a := range got {
		have[a.NativeID] = true
	}
	for _, a := range mine[1:] {
		if !have[a.NativeID] {
			t.Errorf("%s was there all the time and is not listed", a.Name)
		}
	}
}

// lostReplies: a change that was carried out and not answered is ambiguous; to do it again does it once.
func lostReplies(t *testing.T, c chaos) {
	e := c.entitlement(t, "Readers")
	want := c.fresh("ada")
	var made connector.Account
	twice := func(what string, do func() error) {
		t.Helper()
		c.proxy.Misbehave(when(writes, loseReply))
		c.class(t, what+" with the reply lost", do(), connector.ClassAmbiguous)
		c.proxy.Misbehave(nil)
		c.ok(t, what+" again", do())
	}
	twice("create", func() (err error) {
		made, err = c.a.CreateAccount(t.Context(), "k", want)
		return err
	})
	accounts, err := Collect(c.Connector.Accounts(t.Context()))
	c.ok(t, "list", err)
	if len(accounts) != c.h.Existing+1 {
		t.Errorf("%d accounts, want %d", len(accounts), c.h.Existing+1)
	}
	twice("grant", func() error { return c.g.Grant(t.Context(), "k", grantOf(made, e)) })
	c.holders(t, e, made.NativeID)
	twice("revoke", func() error { return c.g.Revoke(t.Context(), "k", grantOf(made, e)) })
	c.holders(t, e)
	twice("update", func() error {
		return c.a.UpdateAccount(t.Context(), "k", connector.Account{NativeID: made.NativeID, Name: c.h.Name("zoe"), Enabled: true})
	})
	c.ok(t, "enable", c.a.UpdateAccount(t.Context(), "k", connector.Account{NativeID: made.NativeID, Enabled: true}))
	twice("disable", func() error { return c.a.DisableAccount(t.Context(), "k", made) })
	if enabled, _ := c.Enabled(t, made.NativeID); enabled {
		t.Error("the account is enabled")
	}
	twice("delete", func() error { return c.a.DeleteAccount(t.Context(), "k", made) })
}

// hungUp: a connection that breaks without a word leaves open what happened, whether or not anything did.
func hungUp(t *testing.T, c chaos) {
	e, a := c.entitlement(t, "Readers"), c.account(t, "ada")
	c.proxy.Misbehave(when(writes, hangUp))
	c.class(t, "grant", c.g.Grant(t.Context(), "k", grantOf(a, e)), connector.ClassAmbiguous)
	_, err := c.a.CreateAccount(t.Context(), "k", c.fresh("bea"))
	c.class(t, "create", err, connector.ClassAmbiguous)
	c.proxy.Misbehave(when(all, hangUp))
	_, _, err = c.Connector.Account(t.Context(), key(a))
	c.class(t, "read", err, connector.ClassTransient)
	c.proxy.Misbehave(nil)
	c.holders(t, e)
}

// halfReplies: the change was carried out and said so; only the rest of the reply is missing.
func halfReplies(t *testing.T, c chaos) {
	for name, fault := range map[string]Fault{"half": asFault(half), "cut": cut} {
		want, e := c.fresh(name), c.entitlement(t, "Readers of "+name)
		c.proxy.Misbehave(when(writes, fault))
		made, err := c.a.CreateAccount(t.Context(), "k", want)
		c.class(t, "create, "+name, err, connector.ClassOK, connector.ClassAmbiguous)
		c.proxy.Misbehave(nil)
		again, err2 := c.a.CreateAccount(t.Context(), "k", want)
		c.ok(t, "create again", err2)
		if err == nil && made.NativeID != again.NativeID {
			t.Errorf("created as %q and again as %q", made.NativeID, again.NativeID)
		}
		c.proxy.Misbehave(when(writes, fault))
		c.class(t, "grant, "+name, c.g.Grant(t.Context(), "k", grantOf(again, e)), connector.ClassOK, connector.ClassAmbiguous)
		c.proxy.Misbehave(nil)
		c.holders(t, e, again.NativeID)
	}
}

// throttled: the time to wait is the server's, up to a quarter of an hour, and nothing was changed.
func throttled(t *testing.T, c chaos) {
	e, a := c.entitlement(t, "Readers"), c.account(t, "ada")
	now := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, w := range []struct {
		fault  Fault
		lo, hi time.Duration
	}{
		{refuse(http.StatusTooManyRequests, "Retry-After", "7"), 7 * time.Second, 7 * time.Second},
		{refuse(http.StatusTooManyRequests), time.Second, time.Minute},
		{refuse(http.StatusTooManyRequests, "Retry-After", "soon"), time.Second, time.Minute},
		{refuse(http.StatusServiceUnavailable, "Retry-After", "86400"), 15 * time.Minute, 15 * time.Minute},
		{refuse(http.StatusServiceUnavailable, "Date", now.Format(http.TimeFormat), "Retry-After", now.Add(90*time.Second).Format(http.TimeFormat)),
			90 * time.Second, 90 * time.Second},
		{refuse(http.StatusServiceUnavailable, "Date", now.Format(http.TimeFormat), "Retry-After", now.AddDate(0, 0, 1).Format(http.TimeFormat)),
			15 * time.Minute, 15 * time.Minute},
	} {
		for _, only := range []func(*http.Request) bool{writes, all} {
			c.proxy.Misbehave(when(only, w.fault))
			err := c.g.Grant(t.Context(), "k", grantOf(a, e))
			c.class(t, "grant", err, connector.ClassThrottled)
			if got := connector.RetryAfter(err); got < w.lo || got > w.hi {
				t.Errorf("wait %s, want %s to %s", got, w.lo, w.hi)
			}
			c.proxy.Misbehave(nil)
			c.holders(t, e)
		}
	}
}

func unauthorized(t *testing.T, c chaos) {
	e, a := c.entitlement(t, "Readers"), c.account(t, "ada")
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		for name, call := range everyCall(t, c, a, e) {
			c.proxy.Misbehave(when(all, refuse(status)))
			c.class(t, name, call(), connector.ClassUnauthorized)
			c.proxy.Misbehave(nil)
		}
	}
}

// serverErrors: a server that fails may have carried the change out.
func serverErrors(t *testing.T, c chaos) {
	e, a := c.entitlement(t, "Readers"), c.account(t, "ada")
	for _, status := range []int{500, 502, 503, 504} {
		for name, call := range everyCall(t, c, a, e) {
			c.proxy.Misbehave(when(all, refuse(status)))
			c.class(t, name, call(), connector.ClassTransient, connector.ClassAmbiguous)
			c.proxy.Misbehave(when(writes, refuse(status)))
			if err := call(); len(c.changes()) > 0 {
				c.class(t, name, err, connector.ClassAmbiguous)
			}
			c.proxy.Misbehave(nil)
		}
	}
}

// changes gives the requests since the last Misbehave that were meant to change something.
func (c chaos) changes() []string {
	return slices.DeleteFunc(c.proxy.Seen(), func(s string) bool { return strings.HasPrefix(s, "GET ") })
}

// redirects are not followed: they would carry the credentials away.
func redirects(t *testing.T, c chaos) {
	e, a := c.entitlement(t, "Readers"), c.account(t, "ada")
	var followed atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for name, call := range everyCall(t, c, a, e) {
			c.proxy.Misbehave(when(all, refuse(status, "Location", elsewhere.URL)))
			if connector.Classify(call()) == connector.ClassOK {
				t.Errorf("%s is redirected with %d and succeeds", name, status)
			}
		}
	}
	if n := followed.Load(); n > 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

// nobodyThere: a change that surely did not reach the target is not ambiguous.
func nobodyThere(t *testing.T, c chaos) {
	e, a := c.entitlement(t, "Readers"), c.account(t, "ada")
	calls := everyCall(t, c, a, e)
	c.proxy.Stop()
	// A read goes through the connections that are still believed to be open; a change sent into one of them is ambiguous.
	c.class(t, "check", c.Connector.Check(t.Context()), connector.ClassTransient)
	for name, call := range calls {
		c.class(t, name, call(), connector.ClassTransient)
	}
}

func everyCall(t *testing.T, c chaos, a connector.Account, e connector.Entitlement) map[string]func() error {
	ctx := t.Context()
	return map[string]func() error{
		"check":        func() error { return c.Connector.Check(ctx) },
		"accounts":     func() error { _, err := Collect(c.Connector.Accounts(ctx)); return err },
		"entitlements": func() error { _, err := Collect(c.Connector.Entitlements(ctx)); return err },
		"grants":       func() error { _, err := Collect(c.Connector.Grants(ctx)); return err },
		"account":      func() error { _, _, err := c.Connector.Account(ctx, key(a)); return err },
		"create":       func() error { _, err := c.a.CreateAccount(ctx, "k", c.fresh("bea")); return err },
		"update": func() error {
			return c.a.UpdateAccount(ctx, "k", connector.Account{NativeID: a.NativeID, Name: c.h.Name("zoe"), Enabled: true})
		},
		"disable": func() error { return c.a.DisableAccount(ctx, "k", a) },
		"delete":  func() error { return c.a.DeleteAccount(ctx, "k", a) },
		"grant":   func() error { return c.g.Grant(ctx, "k", grantOf(a, e)) },
		"revoke":  func() error { return c.g.Revoke(ctx, "k", grantOf(a, e)) },
	}
}
