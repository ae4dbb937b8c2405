package static

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, url, encoding string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, url, nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w
}

func TestNamesCarryTheHashAndAreKeptForEver(t *testing.T) {
	url := Path("css/tenure.css")
	if !regexp.MustCompile(`^/static/css/tenure\.[0-9a-f]{12}\.css$`).MatchString(url) {
		t.Fatalf("address %s", url)
	}
	w := get(t, url, "")
	if w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") ||
		w.Header().Get("Content-Type") != "text/css; charset=utf-8" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	for _, wrong := range []string{"/static/css/tenure.css", "/static/css/tenure.000000000000.css", "/static/", "/static/static.go"} {
		if c := get(t, wrong, "").Code; c != http.StatusNotFound {
			t.Errorf("%s gives %d", wrong, c)
		}
	}
}

func TestSheetsNameFilesThatExist(t *testing.T) {
	found := 0
	for name, a := range byName {
		for _, m := range regexp.MustCompile(`url\((/static/[^)]+)\)`).FindAllSubmatch(a.body, -1) {
			found++
			if w := get(t, string(m[1]), ""); w.Code != 200 {
				t.Errorf("%s names %s: %d", name, m[1], w.Code)
			}
		}
		if strings.Contains(string(a.body), "sourceMappingURL") {
			t.Errorf("%s points to a source map that is not shipped", name)
		}
	}
	if found == 0 {
		t.Fatal("no sheet names a file: the typeface would be missing")
	}
}

func TestPackedAndPlainAreTheSame(t *testing.T) {
	url := Path("css/tabler.css")
	packed := get(t, url, "gzip, br")
	if packed.Header().Get("Content-Encoding") != "gzip" || packed.Header().Get("Vary") != "Accept-Encoding" {
		t.Fatalf("%v", packed.Header())
	}
	if n := packed.Body.Len(); n > 100_000 {
		t.Errorf("style sheet is %d bytes packed", n)
	}
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if plain := get(t, url, ""); plain.Body.String() != string(body) {
		t.Error("packed and plain differ")
	}
}

func TestOnlyReading(t *testing.T) {
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, Path("js/htmx.js"), nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Fatalf("POST gives %d", w.Code)
	}
}

func TestPathPanicsForANameThatDoesNotExist(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a slip in a name must be found at once")
		}
	}()
	Path("css/nothing.css")
}

// TestOurSheetsAreLogical keeps our style sheets free of sides that turn round with the direction of writing.
func TestOurSheetsAreLogical(t *testing.T) {
	physical := regexp.MustCompile(`[ {;]((margin|padding|border)-(left|right|top|bottom)[a-z-]*:|(left|right|top|bottom) *:|((min-|max-)?(width|height)) *:|(text-align|float): *(left|right)|clear: *(left|right))`)
	for name, a := range byName {
		if !strings.HasSuffix(name, ".css") || name == "css/tabler.css" {
			continue
		}
		for i, line := range strings.Split(string(a.body), "\n") {
			if m := physical.FindString(line); m != "" {
				t.Errorf("%s:%d has %q: write the logical property", name, i+1, m)
			}
		}
	}
}

// TestScriptsAreSmall keeps all scripts within 60 kB as they are sent, and ours within 12 kB as it is written.
func TestScriptsAreSmall(t *testing.T) {
	sum := 0
	for name, a := range byName {
		if strings.HasSuffix(name, ".js") {
			sum += len(a.zip)
		}
	}
	if sum == 0 || sum > 60_000 {
		t.Errorf("scripts are %d bytes packed", sum)
	}
	if n := len(byName["js/tenure.js"].body); n > 12_000 {
		t.Errorf("our script is %d bytes", n)
	}
	for _, bad := range []string{"eval(", "new Function", "innerHTML", "setTimeout('"} {
		if strings.Contains(string(byName["js/tenure.js"].body), bad) {
			t.Errorf("our script has %s", bad)
		}
	}
}
