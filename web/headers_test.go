package web_test

import (
	"net/http"
	"strings"
	"testing"

	"tenure/web"
)

// The headers are on every answer: pages and parts of them, exports, streams, what is refused, what there is not.
func TestHeadersAreOnEveryAnswer(t *testing.T) {
	th := things(newWorld(t))
	w := th.w
	table, _, err := web.Rows(w.app, web.Options{Demo: &web.Demo{Feed: w.feed}})
	w.must(err)
	for _, who := range []string{administrator, employee, ""} {
		c := w.by(who)
		for _, r := range table {
			if r.Path == "/signout" || who != administrator && r.Method == http.MethodHead {
				continue
			}
			protected(t, r.Method, r.Path, c.send(r.Method, reach(r.Path), nil))
			if who == administrator && r.Method == http.MethodGet {
				protected(t, r.Method, r.Path+" of something", c.get(th.at(r.Path)))
				protected(t, r.Method, r.Path+" as JSON", c.get(reach(r.Path), "Accept", "application/json"))
				protected(t, r.Method, r.Path+" as a part", c.get(reach(r.Path), "HX-Request", "true"))
			}
		}
		for _, method := range []string{http.MethodOptions, http.MethodDelete, http.MethodPut, http.MethodPatch, http.MethodTrace} {
			p := c.send(method, "/people", nil)
			if protected(t, method, "/people", p); p.status < 400 {
				t.Errorf("%s /people answers %d", method, p.status)
			}
		}
		for _, path := range []string{"/no/such/page", "/people/", "//people", "/people?export=csv", "/people?sort=nothing", "/me/tokens?export=csv", "/static/", "/%00"} {
			protected(t, "GET", path, c.get(path))
			protected(t, "HEAD", path, c.send(http.MethodHead, path, nil))
		}
		protected(t, "POST", "too much", c.post("/me/tokens", "name", strings.Repeat("x", 300<<10)))
		c.site = "cross-site"
		protected(t, "POST", "from another site", c.post("/theme", "theme", "dark"))
	}
	for path, kind := range map[string]string{"/people?export=csv": "text/csv", th.at("/tasks/:id/events"): "text/event-stream"} {
		p := w.as(manager).get(path)
		if protected(t, "GET", path, p); !strings.HasPrefix(p.header.Get("Content-Type"), kind) {
			t.Errorf("%s is answered %d as %s", path, p.status, p.header.Get("Content-Type"))
		}
	}
	w.app.Config.PublicURL = "https://access.example.com"
	w.serve(web.Options{})
	c := w.anonymous()
	for _, path := range []string{"/signin", "/no/such/page", "/people", "/healthz", "/static/nothing.css", "/%00"} {
		if p := c.get(path); p.header.Get("Strict-Transport-Security") != "max-age=63072000; includeSubDomains" {
			t.Errorf("%s (%d): browsers that come by https are not told to stay with it", path, p.status)
		}
	}
	c.site = "cross-site"
	if p := c.post("/theme", "theme", "dark"); p.status != http.StatusForbidden || p.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("what is refused (%d) does not say it", p.status)
	}
}

// protected fails when an answer lacks a header, or is an error of ours.
func protected(t *testing.T, method, path string, p page) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy":    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":     "nosniff",
		"Referrer-Policy":            "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Strict-Transport-Security":  "", // browsers come by http here
	} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s %s (%d): %s is %q", method, path, p.status, name, got)
		}
	}
	if got := p.header.Get("Cache-Control"); !strings.HasPrefix(path, "/static/") && !strings.HasPrefix(got, "no-store") {
		t.Errorf("%s %s (%d) may be stored: %q", method, path, p.status, got)
	}
	if p.status >= 500 {
		t.Errorf("%s %s answers %d", method, path, p.status)
	}
}
