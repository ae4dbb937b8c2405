package web_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tenure/web"
)

// Whoever follows every link there is, and opens every address of the table, changes nothing: pages, parts that load themselves,
// exports and streams. And no page holds what somebody called themselves as anything but text. Of addresses that differ in a
// number or a name only, a few are looked at.
func TestFollowingLinksChangesNothing(t *testing.T) {
	th := things(newWorld(t))
	w := th.w
	table, _, err := web.Rows(w.app, web.Options{Demo: &web.Demo{Feed: w.feed}})
	w.must(err)
	files := map[string]int{}
	for _, who := range personas {
		c := w.by(who.number)
		before := w.governed()
		queue := []string{"/", "/people?state=active", "/policy?tab=rules", personOf(w, "1010")}
		for _, r := range table {
			if r.Method == http.MethodGet {
				queue = append(queue, th.at(r.Path))
			}
		}
		seen, shapes, pages := map[string]bool{}, map[string]int{}, 0
		for len(queue) > 0 && pages < 400 {
			path := queue[0]
			queue = queue[1:]
			if seen[path] || shapes[shape(path)] >= 3 {
				continue
			}
			seen[path] = true
			shapes[shape(path)]++
			p := c.get(path)
			if pages++; p.status >= 500 {
				t.Errorf("%s finds %s broken: %d", who.name, path, p.status)
			}
			harmless(t, path, p)
			if p.status == http.StatusOK {
				kind, _, _ := strings.Cut(p.header.Get("Content-Type"), ";")
				files[kind]++
			}
			queue = append(queue, addresses(p)...)
		}
		if after := w.governed(); after != before {
			t.Errorf("%s changed something by following %d links", who.name, pages)
		}
		if pages < 40 {
			t.Errorf("%s found only %d pages", who.name, pages)
		}
	}
	for _, kind := range []string{"text/html", "text/csv", "text/event-stream"} {
		if files[kind] == 0 {
			t.Errorf("nothing of the kind %s was opened", kind)
		}
	}
}

var parts = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|[0-9]+`)

// shape is an address without its numbers and ids, and without the values of its query.
func shape(path string) string {
	path, query, _ := strings.Cut(path, "?")
	path = parts.ReplaceAllString(path, "#")
	for _, pair := range strings.Split(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		path += " " + name
	}
	return path
}

// addresses are where a page leads: links, forms that only ask, and what its scripts load.
func addresses(p page) (out []string) {
	for _, attr := range []string{"href", "hx-get", "sse-connect", "data-live", "data-src", "data-url", "data-stream"} {
		p.Find("main [" + attr + "], body [" + attr + "]").Each(func(_ int, s *goquery.Selection) {
			v, _ := s.Attr(attr)
			out = append(out, v)
		})
	}
	p.Find("form:not([method=post]):not([method=POST])").Each(func(_ int, s *goquery.Selection) {
		v, _ := s.Attr("action")
		out = append(out, v)
	})
	if strings.HasPrefix(p.to, "/") {
		out = append(out, p.to)
	}
	inside := out[:0]
	for _, v := range out {
		if v, _, _ = strings.Cut(v, "#"); strings.HasPrefix(v, "/") && !strings.HasPrefix(v, "//") {
			inside = append(inside, v)
		}
	}
	return inside
}

// harmless fails when a page runs what somebody called themselves.
func harmless(t *testing.T, path string, p page) {
	t.Helper()
	kind := p.header.Get("Content-Type")
	if strings.HasPrefix(path, "/static/") || strings.HasPrefix(kind, "text/event-stream") || path == "/healthz" {
		return
	}
	if kind == "application/json" && p.header.Get("X-Content-Type-Options") == "nosniff" {
		return // of the API: no browser takes it for a page
	}
	if p.status == http.StatusOK && !strings.HasPrefix(kind, "text/html") {
		// What is taken along is no page: it is text as long as browsers believe what it says it is, and it is saved, not opened.
		media, _, _ := strings.Cut(kind, ";")
		if !slices.Contains([]string{"text/csv", "text/plain", "text/x-python"}, media) || !strings.HasPrefix(p.header.Get("Content-Disposition"), "attachment") || p.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s is %q and might be taken for a page", path, kind)
		}
		return
	}
	if n := p.Find("img:not([src^='data:image/png;base64,']), [onerror], [onmouseover], [onclick], [style], script:not([src]), iframe, object").Length(); n > 0 {
		t.Errorf("%s holds %d elements that no page of ours has", path, n)
	}
	p.Find("script").Each(func(_ int, s *goquery.Selection) {
		if src, _ := s.Attr("src"); !strings.HasPrefix(src, "/static/") {
			t.Errorf("%s runs %q", path, src)
		}
	})
}
