// Package arch holds one test: who may know whom. The table is the one in ARCHITECTURE.md.
package arch

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// floors lists the packages from the ground up; a package may import what stands on a lower floor, and nothing beside itself.
var floors = [][]string{
	{"internal/errs", "internal/fsm", "internal/config", "internal/plug", "internal/connector", "internal/evidence", "migrations"},
	{"internal/db"},
	{"internal/identity", "internal/task"},
	{"internal/catalog"},
	{"internal/policy", "internal/notify"},
	{"internal/access"},
	{"internal/auth", "internal/hr", "internal/request", "internal/campaign", "internal/provision"},
	{"internal/lifecycle", "internal/change"},
	{"internal/audit", "internal/backtest", "internal/privacy"},
	{"internal/app"},
	{"internal/demo", "internal/bench"},
}

// also are the arrows that the floors alone would not allow.
var also = map[string][]string{
	"internal/plug":      {"internal/errs"},
	"internal/config":    {"internal/errs"},
	"internal/connector": {"internal/plug", "internal/errs"},
}

// libraries says which packages of ours may import a library.
var libraries = map[string][]string{
	"github.com/casbin/":            {"internal/policy"},
	"cel.dev/":                      {"internal/policy"},
	"github.com/gin-gonic/":         {"web"},
	"github.com/a-h/templ":          {"templates", "web", "internal/app"},
	"github.com/riverqueue/":        {"internal/db", "internal/app", "jobs.go"},
	"gorm.io/":                      {"internal/db", "internal/identity", "internal/catalog", "internal/policy", "internal/access", "internal/hr", "internal/auth"},
	"github.com/pressly/goose":      {"internal/db"},
	"github.com/alexedwards/scs":    {"web"},
	"github.com/coreos/go-oidc":     {"internal/auth"},
	"golang.org/x/oauth2":           {"internal/auth"},
	"github.com/zitadel/oidc":       {"internal/auth/oidctest"},
	"github.com/pquerna/otp":        {"internal/auth"},
	"github.com/go-webauthn/":       {"internal/auth"},
	"github.com/wneessen/go-mail":   {"internal/notify"},
	"github.com/slack-go/":          {"internal/notify"},
	"code.dny.dev/ssrf":             {"internal/notify"},
	"github.com/emersion/":          {"internal/notify/mailtest"},
	"github.com/danielgtaylor/huma": {"web"},
	"golang.org/x/time":             {"web"},
	"codeberg.org/go-pdf/":          {"internal/audit/control"},
	"golang.org/x/mod":              {"internal/evidence", "internal/audit/trail"},
	"github.com/xuri/excelize":      {"internal/hr/file", "internal/policy/sod"},
	"github.com/jackc/pgx/v5/pgxp":  {"internal/db", "internal/app", "internal/connector/postgres", "internal/provision", "internal/bench", "web"},
}

type pkg struct {
	ImportPath string
	GoFiles    []string
	Imports    []string
	Dir        string
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,GoFiles,Imports,Dir", "tenure/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// roomOf gives the room of one of our packages ("internal/hr" for internal/hr/file) and its floor, -1 outside the house.
func roomOf(importPath string) (string, int) {
	rel := strings.TrimPrefix(importPath, "tenure/")
	for i, rooms := range floors {
		for _, r := range rooms {
			if rel == r || strings.HasPrefix(rel, r+"/") {
				return r, i
			}
		}
	}
	return rel, -1
}

func TestArrowsGoDown(t *testing.T) {
	for _, p := range list(t) {
		room, floor := roomOf(p.ImportPath)
		for _, imp := range p.Imports {
			if !strings.HasPrefix(imp, "tenure/") {
				continue
			}
			if why := forbidden(room, floor, p.ImportPath, imp); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, imp, why)
			}
		}
	}
}

func forbidden(room string, floor int, from, imp string) string {
	other, below := roomOf(imp)
	rel := strings.TrimPrefix(from, "tenure/")
	switch {
	case other == room, slices.Contains(also[room], other):
		return ""
	case strings.HasPrefix(rel, "templates") || strings.HasPrefix(rel, "static"):
		if strings.HasPrefix(imp, "tenure/templates") || strings.HasPrefix(imp, "tenure/static") {
			return ""
		}
		return "pages know nothing of the rooms"
	case strings.HasPrefix(rel, "cmd/"), strings.HasPrefix(rel, "web"):
		if strings.HasPrefix(imp, "tenure/cmd") {
			return "nobody imports a command"
		}
		return ""
	case floor < 0:
		return "" // tools and tests outside the house
	case strings.HasPrefix(imp, "tenure/web"):
		if room == "internal/demo" || room == "internal/bench" {
			return ""
		}
		return "rooms do not know the web"
	case below < 0:
		return "rooms know only rooms"
	case below >= floor:
		return "arrows go down; this one goes sideways or up"
	}
	return ""
}

func TestLibrariesStayInTheirRooms(t *testing.T) {
	for _, p := range list(t) {
		rel := strings.TrimPrefix(p.ImportPath, "tenure/")
		for _, imp := range p.Imports {
			for lib, rooms := range libraries {
				if !strings.HasPrefix(imp, lib) {
					continue
				}
				ok := slices.ContainsFunc(rooms, func(r string) bool {
					if r == "jobs.go" {
						return onlyIn(t, p, imp, "jobs.go")
					}
					return rel == r || strings.HasPrefix(rel, r+"/")
				})
				if !ok {
					t.Errorf("%s imports %s, which belongs to %v", p.ImportPath, path.Base(imp), rooms)
				}
			}
		}
	}
}

// onlyIn says whether a library is imported in one file of a package only.
func onlyIn(t *testing.T, p pkg, imp, file string) bool {
	t.Helper()
	for _, f := range p.GoFiles {
		if f == file {
			continue
		}
		out, err := exec.Command("grep", "-l", `"`+imp+`"`, path.Join(p.Dir, f)).Output()
		if err == nil && len(out) > 0 {
			return false
		}
	}
	return true
}

// The test can fail: an arrow that goes up and one that goes sideways are found.
func TestForbiddenArrowsAreFound(t *testing.T) {
	for _, c := range []struct{ from, to string }{
		{"tenure/internal/identity", "tenure/internal/access"},
		{"tenure/internal/hr", "tenure/internal/provision"},
		{"tenure/internal/connector/scim", "tenure/internal/db"},
		{"tenure/templates", "tenure/internal/identity"},
		{"tenure/internal/access", "tenure/web"},
	} {
		room, floor := roomOf(c.from)
		if forbidden(room, floor, c.from, c.to) == "" {
			t.Errorf("%s may import %s", c.from, c.to)
		}
	}
}
