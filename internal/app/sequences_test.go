package app_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// sequence is one story of what HR says over time, with what must become of each person after every step. The
// company is that of testdata/sequences/policy.
type sequence struct {
	Title string `yaml:"title"`
	Why   string `yaml:"why"`
	Zone  string `yaml:"zone"`
	Steps []step `yaml:"steps"`
}

// step is one thing that happens at one instant of business time.
type step struct {
	On        string            `yaml:"on"`
	Note      string            `yaml:"note"`
	HR        map[string]fields `yaml:"hr"`   // rows that are new or have other values; the rest of the file stays
	Gone      []string          `yaml:"gone"` // rows that are no longer in the file
	Terminate string            `yaml:"terminate"`
	Reinstate string            `yaml:"reinstate"`
	Policy    string            `yaml:"policy"`
	Accept    *acceptance       `yaml:"accept"`
	End       *acceptance       `yaml:"end"` // of an exception
	Join      *joining          `yaml:"join"`
	Leave     *joining          `yaml:"leave"`
	Target    string            `yaml:"target"` // "down": nothing is carried in this step

	Sync     map[string]int     `yaml:"sync"` // only what is not 0; unchanged rows are not counted
	Rejected []string           `yaml:"rejected"`
	Expect   map[string]outcome `yaml:"expect"`
}

type fields map[string]string

// joining is a membership in a role, or its end.
type joining struct {
	Who     string `yaml:"who"`
	Role    string `yaml:"role"`
	From    string `yaml:"from"`
	Until   string `yaml:"until"`
	With    fields `yaml:"with"`    // the role's parameters
	Refused string `yaml:"refused"` // what must be said instead
}

// acceptance is an exception to an SoD rule.
type acceptance struct {
	Who   string `yaml:"who"`
	Rule  string `yaml:"rule"`
	Until string `yaml:"until"`
}

// outcome is what became of one person. Whoever a step does not mention must not have changed.
type outcome struct {
	State   string            `yaml:"state"`
	Event   string            `yaml:"event,omitempty"`   // the log's word for what happened, if anything did
	Holds   map[string]string `yaml:"holds,omitempty"`   // entitlement -> its reasons
	Breaks  map[string]string `yaml:"breaks,omitempty"`  // SoD rule -> open or accepted
	Lacks   map[string]string `yaml:"lacks,omitempty"`   // entitlement -> the SoD rule because of which it is withheld
	Does    []string          `yaml:"does,omitempty"`    // operations planned in this step, in order
	Account map[string]string `yaml:"account,omitempty"` // application -> what the target itself shows
}

func TestSequences(t *testing.T) {
	files, err := filepath.Glob("testdata/sequences/*.yaml")
	if err != nil || len(files) < 20 {
		t.Errorf("%d sequences found (%v), want at least 20", len(files), err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			var s sequence
			if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&s); err != nil {
				t.Fatal(err)
			}
			play(t, &s)
		})
	}
}

func play(t *testing.T, s *sequence) {
	w := newWorld(t, s.Zone)
	before := map[string]outcome{}
	for i := range s.Steps {
		st := &s.Steps[i]
		result := w.do(st)
		where := fmt.Sprintf("%s, step %d (%s)", s.Title, i+1, st.On)
		want := st.Sync
		if want == nil {
			want = map[string]int{}
		}
		if diff := cmp.Diff(want, result.counts); diff != "" {
			t.Errorf("%s: the sync counts differ (-want +got):\n%s", where, diff)
		}
		if diff := cmp.Diff(st.Rejected, result.rejected); diff != "" {
			t.Errorf("%s: what was set aside differs (-want +got):\n%s", where, diff)
		}
		after := w.outcomes()
		for _, who := range slices.Sorted(maps.Keys(after)) {
			want, stated := st.Expect[who]
			if !stated {
				want = before[who]
				want.Event, want.Does = "", nil
			}
			if diff := cmp.Diff(want, after[who], emptyIsNil); diff != "" {
				got, _ := yaml.Marshal(after[who])
				t.Errorf("%s: %s differs (-want +got):\n%s\nall of it:\n%s", where, who, diff, got)
			}
		}
		for who := range st.Expect {
			if _, there := after[who]; !there {
				t.Errorf("%s: nobody is known as %s", where, who)
			}
		}
		before = after
		if t.Failed() {
			return
		}
	}
}

var emptyIsNil = cmp.FilterValues(func(a, b any) bool { return empty(a) && empty(b) }, cmp.Ignore())

func empty(v any) bool {
	switch v := v.(type) {
	case []string:
		return len(v) == 0
	case map[string]string:
		return len(v) == 0
	}
	return false
}
