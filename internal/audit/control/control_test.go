package control

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/reference/controls.md")

const page = "../../../docs/reference/controls.md"

// reference is the table of controls as a page, with every query.
func reference() string {
	var b strings.Builder
	b.WriteString("# Controls and what evidences them\n\nMade from the table in `internal/audit/control` (`go test ./internal/audit/control -update`). Titles are Tenure's own words; read the frameworks for theirs.\n")
	for _, f := range Frameworks {
		fmt.Fprintf(&b, "\n## %s\n\n| control | what is to be seen | populations |\n|---|---|---|\n", f)
		for _, c := range Controls {
			if c.Framework == f {
				fmt.Fprintf(&b, "| **%s** %s | %s | %s |\n", c.Code, c.Title, c.About, strings.Join(c.Populations, ", "))
			}
		}
	}
	b.WriteString("\n## Time limits\n\n| limit | hours, unless compliance sets others | counted |\n|---|---|---|\n")
	for _, l := range limits {
		fmt.Fprintf(&b, "| %s (`%s`) | %d | %s |\n", l.Title, l.Name, l.Hours, l.About)
	}
	fmt.Fprintf(&b, "\n## Samples\n\n%s\n\n## Populations\n\n`$1` and `$2` are the period, `[from, to)`, in business time; `$3` and `$4` are record time and business time of the look. `id` is the item, `ord` its place in the list, `ev` the\nevent that made it, `lim` the time limit, `took` and `waited` are seconds.\n", Algorithm)
	for _, p := range Populations {
		fmt.Fprintf(&b, "\n### %s (`%s`)\n\nAn item is %s. Counted at the source: %s.\n\n```sql\n%s\n```\n\nat the source:\n\n```sql\n%s\n```\n", p.Title, p.Key, p.About, p.Source, p.Query(), strings.TrimSpace(strings.ReplaceAll(p.source, "\n\t", "\n")))
	}
	return b.String()
}

// docs/reference/controls.md says what the table says.
func TestTheReferenceIsUpToDate(t *testing.T) {
	want := reference()
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(page); err != nil || string(got) != want {
		t.Errorf("%s is not up to date (%v): run go test ./internal/audit/control -update", page, err)
	}
}

// Every control has a framework, a key of its own and populations there are; every population evidences something.
func TestControlsAreWhole(t *testing.T) {
	used, keys := map[string]bool{}, map[string]bool{}
	for _, c := range Controls {
		if !slices.Contains(Frameworks, c.Framework) || keys[c.Key] || len(c.Populations) == 0 || c.Code == "" || c.About == "" {
			t.Errorf("%+v is not whole", c)
		}
		keys[c.Key] = true
		for _, key := range c.Populations {
			if _, err := PopulationOf(key); err != nil {
				t.Errorf("%s: %s: %v", c.Key, key, err)
			}
			used[key] = true
		}
	}
	for _, p := range Populations {
		if !used[p.Key] {
			t.Errorf("%s evidences nothing", p.Key)
		}
	}
	for _, want := range []string{"soc2-cc6.1", "soc2-cc6.2", "soc2-cc6.3", "iso-a.5.15", "iso-a.5.16", "iso-a.5.17", "iso-a.5.18", "nist-ac-2", "nist-ac-5", "nist-ac-6", "nist-ps-4", "nist-ps-5", "sox-provisioning", "sox-removal", "sox-review", "sox-sod"} {
		if !keys[want] {
			t.Errorf("%s is missing", want)
		}
	}
}
