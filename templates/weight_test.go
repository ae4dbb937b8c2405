package templates

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tenure/static"
)

// What a page may weigh as it is sent, with all that a browser fetches for it the first time, and what its scripts may.
const (
	pageBudget   = 250_000
	scriptBudget = 60_000
)

// face is one face of the typeface in a style sheet: the file, and the characters for which a browser fetches it.
var face = regexp.MustCompile(`@font-face\s*{[^}]*url\((/static/fonts/[^)]+)\)[^}]*unicode-range:([^;}]+)`)

// TestWeight weighs every page with the style sheets, scripts, fonts and pictures it names, each as the portal sends it to a
// browser that takes gzip. The extended face of the typeface is fetched only for a page
// that has a letter of it.
func TestWeight(t *testing.T) {
	heaviest, name := 0, ""
	for _, s := range Gallery(context.Background()) {
		body := render(t, s)
		doc, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		page, scripts := packed(t, body), 0
		fetched := map[string]int{}
		fetch := func(url string) []byte {
			plain, size := sent(t, url)
			fetched[url] = size
			return plain
		}
		doc.Find("link[href^='/static/'], script[src], img[src^='/static/']").Each(func(_ int, n *goquery.Selection) {
			url := n.AttrOr("href", n.AttrOr("src", ""))
			plain := fetch(url)
			if n.Is("script") {
				scripts += fetched[url]
			}
			for _, f := range face.FindAllSubmatch(plain, -1) {
				if extended := strings.Contains(string(f[1]), "-ext."); !extended || strings.ContainsFunc(doc.Text(), func(r rune) bool { return r >= 0x100 && r < 0x2000 }) {
					fetch(string(f[1]))
				}
			}
		})
		for _, size := range fetched {
			page += size
		}
		if len(fetched) < 4 {
			t.Errorf("%s names %d files: a page has style sheets, a typeface and a mark", s.Name, len(fetched))
		}
		if page > pageBudget {
			t.Errorf("%s weighs %d bytes, more than %d: %v", s.Name, page, pageBudget, fetched)
		}
		if scripts > scriptBudget {
			t.Errorf("%s has %d bytes of scripts, more than %d", s.Name, scripts, scriptBudget)
		}
		if page > heaviest {
			heaviest, name = page, s.Name
		}
	}
	t.Logf("the heaviest page is %s with %d bytes", name, heaviest)
}

// packed is the size of a page as web packs it (web/pack.go).
func packed(t *testing.T, body []byte) int {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, 5)
	if err == nil {
		_, err = z.Write(body)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

// sent gives a file and how many bytes of it go over the line.
func sent(t *testing.T, url string) (plain []byte, size int) {
	t.Helper()
	for _, encoding := range []string{"", "gzip"} {
		r := httptest.NewRequest(http.MethodGet, url, nil)
		r.Header.Set("Accept-Encoding", encoding)
		w := httptest.NewRecorder()
		static.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("%s is answered %d", url, w.Code)
		}
		if encoding == "" {
			plain = w.Body.Bytes()
		}
		size = w.Body.Len()
	}
	return plain, size
}
