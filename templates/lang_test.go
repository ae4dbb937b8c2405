package templates

import (
	"bytes"
	"cmp"
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/PuerkitoBio/goquery"
	"tenure/templates/lang"
)

// shownAttributes are the attributes that people read or hear.
var shownAttributes = []string{"title", "aria-label", "placeholder", "alt", "label", "data-label", "data-words"}

// TestNoTextIsForgotten draws every sample in the long language and looks for words that were not looked up: letters outside of
// brackets that are not data of the samples.
func TestNoTextIsForgotten(t *testing.T) {
	data := sampleTexts(t)
	ctx := lang.With(context.Background(), lang.Long)
	for _, s := range Gallery(ctx) {
		var b bytes.Buffer
		if err := s.Page.Render(ctx, &b); err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		doc, err := goquery.NewDocumentFromReader(&b)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		look := func(where, text string) {
			if left := forgotten(text, data); left != "" && !seen[where+text] {
				seen[where+text] = true
				t.Errorf("%s: %s %q is not looked up (%q)", s.Name, where, text, left)
			}
		}
		doc.Find("script, noscript, title, style, code, kbd, pre, del, ins, textarea, .t-avatar, .t-brand-name, .t-foot > span:first-child").Remove()
		doc.Find("*").Each(func(_ int, n *goquery.Selection) {
			for _, a := range shownAttributes {
				look(a, n.AttrOr(a, ""))
			}
			n.Contents().Each(func(_ int, c *goquery.Selection) {
				if goquery.NodeName(c) == "#text" {
					look("<"+goquery.NodeName(n)+">", c.Text())
				}
			})
		})
	}
}

// inQuotes are pieces of text in a templ file: between quotes, between elements.
var inQuotes = regexp.MustCompile(`"([^"]*)"|>([^<>{}]+)[<{]`)

var inBrackets = regexp.MustCompile(`\[[^\[\]]*\]`)

// forgotten gives what is left of a text without what was looked up and without the samples' own data.
func forgotten(text string, data []string) string {
	for inBrackets.MatchString(text) {
		text = inBrackets.ReplaceAllString(text, " ")
	}
	for _, d := range data {
		if strings.IndexFunc(text, unicode.IsLetter) < 0 {
			return ""
		}
		text = without(text, d)
	}
	if strings.IndexFunc(text, unicode.IsLetter) < 0 {
		return ""
	}
	return strings.TrimSpace(text)
}

// without takes a piece of data out of a text, where it stands between words.
func without(text, data string) string {
	letter := func(r rune, _ int) bool { return unicode.IsLetter(r) }
	for at := 0; ; {
		i := strings.Index(text[at:], data)
		if i < 0 {
			return text
		}
		i += at
		if letter(utf8.DecodeLastRuneInString(text[:i])) || letter(utf8.DecodeRuneInString(text[i+len(data):])) {
			at = i + len(data)
			continue
		}
		text = text[:i] + " " + text[i+len(data):]
	}
}

// sampleTexts gives all that stands in quotes in the samples, the longest first.
func sampleTexts(t *testing.T) []string {
	files, err := filepath.Glob("gallery*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_templ.go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if b, ok := n.(*ast.BasicLit); ok && b.Kind == token.STRING {
				if s, err := strconv.Unquote(b.Value); err == nil && strings.IndexFunc(s, unicode.IsLetter) >= 0 {
					found[s] = true
				}
			}
			return true
		})
	}
	parts, err := os.ReadFile("kit.templ") // samples of parts of pages, with the words of no page
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(parts), "\n") {
		found[strings.TrimSpace(line)] = true
		for _, m := range inQuotes.FindAllStringSubmatch(line, -1) {
			found[strings.TrimSpace(m[1]+m[2])] = true
		}
	}
	delete(found, "")
	var all []string
	for s := range found {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return all
}
