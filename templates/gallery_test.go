package templates

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"tenure/static"
)

var (
	update  = flag.Bool("update", false, "write testdata/golden anew")
	gallery = flag.String("gallery", "", "write every page and its files below this folder, to open in a browser")
)

func render(t *testing.T, s Sample) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Page.Render(context.Background(), &b); err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	return b.Bytes()
}

// hashed takes the content hashes out of addresses, so that a change of a style sheet changes no golden file.
var hashed = regexp.MustCompile(`(/static/[a-z/.-]+)\.[0-9a-f]{12}\.`)

// readable breaks the one long line templ writes, so that a difference can be read.
func readable(page []byte) string {
	page = hashed.ReplaceAll(page, []byte("$1.HASH."))
	return strings.ReplaceAll(string(page), "><", ">\n<") + "\n"
}

func TestGolden(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Gallery(context.Background()) {
		if seen[s.Name] {
			t.Errorf("two samples are named %s", s.Name)
		}
		seen[s.Name] = true
		got, file := readable(render(t, s)), filepath.Join("testdata", "golden", s.Name+".html")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("%v; run: go test ./templates -update", err)
			continue
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s differs from its golden file (-want +got); if it is right, run go test ./templates -update\n%s", s.Name, d)
		}
	}
	files, err := filepath.Glob("testdata/golden/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !seen[strings.TrimSuffix(filepath.Base(f), ".html")] {
			t.Errorf("%s belongs to no sample: delete it", f)
		}
	}
}

// TestPagesKeepTheHouseRules checks what every page must hold, whatever it shows.
func TestPagesKeepTheHouseRules(t *testing.T) {
	for _, s := range Gallery(context.Background()) {
		t.Run(s.Name, func(t *testing.T) {
			doc, err := goquery.NewDocumentFromReader(bytes.NewReader(render(t, s)))
			if err != nil {
				t.Fatal(err)
			}
			none := func(selector, why string) {
				doc.Find(selector).Each(func(_ int, n *goquery.Selection) {
					html, _ := goquery.OuterHtml(n)
					t.Errorf("%s: %.200s", why, html)
				})
			}
			none("[style], style, script:not([src])", "the content security policy forbids inline style and script")
			none("[onclick], [onchange], [onsubmit], [onload]", "no inline handlers")
			none("svg.t-icon:not(:has(*))", "an icon that does not exist")
			none("a[href=''], a:not([href])", "a link without an address")
			none("form[method=get] input[type=password], form:not([method])", "a form says its method; secrets are posted")
			none("tbody td:not([data-label]):not(.t-do-cell)", "a cell without the words of its column")
			none("thead th:not([scope]), tbody th:not([scope])", "a head without scope")
			none("[src^=http], link[href^=http]", "a file from another host")
			if n := doc.Find("h1").Length(); n != 1 {
				t.Errorf("%d first headings", n)
			}
			if n := doc.Find("main#main").Length(); n != 1 {
				t.Errorf("%d mains", n)
			}
			if doc.Find(".t-wide [aria-current=page]").Length() > 1 {
				t.Error("two lines of the navigation say they are this page")
			}
			ids := map[string]bool{}
			doc.Find("[id]").Each(func(_ int, n *goquery.Selection) {
				id := n.AttrOr("id", "")
				if ids[id] || id == "" {
					t.Errorf("id %q stands twice or is empty", id)
				}
				ids[id] = true
			})
		})
	}
}

// TestWriteGallery writes the pages and their files as a browser opens them from a folder; to look at them:
// go test ./templates -run WriteGallery -gallery DIR.
func TestWriteGallery(t *testing.T) {
	if *gallery == "" {
		*gallery = t.TempDir()
	}
	write := func(name string, body []byte) {
		file := filepath.Join(*gallery, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for url, body := range static.Files() {
		write(url, body)
	}
	for _, s := range Gallery(context.Background()) {
		write(s.Name+".html", render(t, s))
	}
}
