package web_test

import (
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	specOf = regexp.MustCompile(`listSpec\{name: "(\w+)"`)
	pathOf = regexp.MustCompile(`listSpec\{name: "\w+"[^}\n]*? path: "([^"]+)"`)
)

// below are where lists stand whose address is set per request.
var below = map[string]string{"accounts": "/applications/ledger?tab=accounts", "violations": "/violations", "outliers": "/policy/outliers", "items": "/evidence/controls/soc2-cc6.1/access"}

// listPaths gives the address of every list that is declared, from the source: a new one is asked for, too.
func listPaths(t *testing.T) (out []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		for _, line := range strings.Split(string(text), "\n") {
			name := specOf.FindStringSubmatch(line)
			if name == nil {
				continue
			}
			path := below[name[1]]
			if p := pathOf.FindStringSubmatch(line); p != nil {
				path = p[1]
			}
			if path == "" {
				t.Errorf("%s declares the list %s without an address: say in below where it stands", f, name[1])
				continue
			}
			out = append(out, path)
		}
	}
	return out
}

// What a list does not know is refused, never dropped: a filter that somebody trusts must not be ignored. Nothing that an address
// says of a list makes an error of ours.
func TestListsRefuseWhatTheyDoNotKnow(t *testing.T) {
	w := newWorld(t)
	c := w.as(administrator)
	place := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	paths := listPaths(t)
	if len(paths) < 2 {
		t.Fatalf("only the lists %v were found", paths)
	}
	for _, path := range paths {
		c.get(path).want(t, http.StatusOK)
		if sep := "?"; !strings.Contains(path, sep) {
			path += sep
		} else {
			path += "&"
		}
		for _, q := range []string{"sort=password_hash", "sort=-secret", "sort=name%3Bdrop", "sort=", "col=password_hash", "col=", "password=x", "state'=x", "or=1", "cursor=x", "cursor=" + place(`{"s":"name","l":["a"]}`),
			"q=" + strings.Repeat("x", 201), "q=%00", "q=%ff", "export=pdf"} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				if p := c.send(method, path+q, nil); p.status != http.StatusBadRequest {
					t.Errorf("%s %s%.80s is answered %d, want 400", method, path, q, p.status)
				}
			}
		}
		for _, sort := range []string{"name", "-name", "made", "since", "number"} {
			for _, line := range []string{`["a","b"]`, `["a","999999999999"]`, `["","-1"]`, `["' or 1=1","1"]`, `["a\u0000","1"]`} {
				address := path + "sort=" + sort + "&cursor=" + place(`{"s":"`+sort+`","l":`+line+`}`)
				if p := c.get(address); p.status >= 500 {
					t.Errorf("%s with the place %s is answered %d", address, line, p.status)
				}
			}
		}
	}
	for _, q := range []string{"state=nothing", "has=nothing", "department=Nowhere", "location=Nowhere", "type=nothing", "manager=nobody", "manager=0b0e9a6e-0000-4000-8000-000000000000"} {
		c.get("/people?"+q).want(t, http.StatusBadRequest)
	}
	for _, path := range []string{"/operations", "/hr/runs", "/applications/ledger?tab=accounts", "/applications/ledger?tab=operations", "/applications/ledger/orphans", "/demo/hr", "/dashboard",
		"/inbox", "/team", "/policy", "/search", personOf(w, employee)} {
		for _, name := range []string{"before", "after", "n", "event", "days", "q", "state", "part", "as_of", "compare", "known", "tab", "kind", "live", "application"} {
			for _, v := range []string{"999999999999", "99999999999999999999", "-1", "%27%20or%201%3D1"} {
				sep := "?"
				if strings.Contains(path, "?") {
					sep = "&"
				}
				if p := c.get(path + sep + name + "=" + v); p.status >= 500 {
					t.Errorf("%s with %s=%s is answered %d", path, name, v, p.status)
				}
			}
		}
	}
}
