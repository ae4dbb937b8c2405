package sod

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// scenario is one of testdata/semantics.yaml.
type scenario struct {
	Scenario string        `yaml:"scenario"`
	Duties   yaml.MapSlice `yaml:"duties"`
	Rules    map[string]struct {
		Duties  []string `yaml:"duties"`
		AtLeast int      `yaml:"at_least"`
	} `yaml:"rules"`
	People []struct {
		Who    string              `yaml:"who"`
		Holds  []string            `yaml:"holds"`
		Adds   []string            `yaml:"adds"`
		Broken map[string]*outcome `yaml:"broken"`
	} `yaml:"people"`
}

type outcome struct {
	By     []string `yaml:"by"`
	From   string   `yaml:"from"`
	Until  string   `yaml:"until"`
	Also   []string `yaml:"also"`
	Shared []string `yaml:"shared"`
}

// names gives ids to words.
type names struct {
	ids   map[string]int
	words []string
}

func (n *names) id(word string) int {
	if n.ids == nil {
		n.ids = map[string]int{}
	}
	if _, ok := n.ids[word]; !ok {
		n.words = append(n.words, word)
		n.ids[word] = len(n.words)
	}
	return n.ids[word]
}

func (n *names) word(id int) string { return n.words[id-1] }

// holding reads "pay by bank from 2026-03-01 until 2026-03-05".
func holding(t *testing.T, n *names, text string, tag int) Holding {
	h := Holding{Tag: tag}
	text, until, _ := strings.Cut(text, " until ")
	text, from, _ := strings.Cut(text, " from ")
	for at, s := range map[*time.Time]string{&h.From: from, &h.To: until} {
		if s == "" {
			continue
		}
		var err error
		if *at, err = time.Parse(time.DateOnly, s); err != nil {
			t.Fatal(err)
		}
	}
	h.Entitlement = n.id(text)
	return h
}

func scenarios(t *testing.T) (out []scenario) {
	raw, err := os.ReadFile("testdata/semantics.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalWithOptions(raw, &out, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestScenarios(t *testing.T) {
	for _, s := range scenarios(t) {
		t.Run(s.Scenario, func(t *testing.T) {
			var entitlements, duties, rules names
			var ds []Duty
			for _, item := range s.Duties {
				for kind, list := range item.Value.(map[string]any) {
					d := Duty{ID: duties.id(item.Key.(string)), Name: item.Key.(string), All: kind == "all"}
					for _, e := range list.([]any) {
						d.Entitlements = append(d.Entitlements, entitlements.id(e.(string)))
					}
					ds = append(ds, d)
				}
			}
			var rs []Rule
			for name, r := range s.Rules {
				out := Rule{ID: rules.id(name), Name: name, AtLeast: r.AtLeast}
				for _, d := range r.Duties {
					out.Duties = append(out.Duties, duties.id(d))
				}
				rs = append(rs, out)
			}
			e, err := Compile(ds, rs)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range s.People {
				var texts []string
				read := func(list []string) (out []Holding) {
					for _, text := range list {
						out = append(out, holding(t, &entitlements, text, len(texts)))
						texts = append(texts, text)
					}
					return out
				}
				held, add := read(p.Holds), read(p.Adds)
				found := e.CheckAdd(held, add, nil)
				if len(p.Adds) == 0 {
					found = e.Check(held, nil)
				}
				var got map[string]*outcome
				for _, v := range found {
					if got == nil {
						got = map[string]*outcome{}
					}
					got[rules.word(v.Rule)] = tell(v, texts, &entitlements, &duties)
				}
				if d := cmp.Diff(p.Broken, got); d != "" {
					t.Errorf("who %s: expected - got +\n%s", p.Who, d)
				}
			}
		})
	}
}

// tell says a violation in the words of the scenarios.
func tell(v Violation, texts []string, entitlements, duties *names) *outcome {
	out := &outcome{}
	for _, p := range v.Duties {
		for _, h := range p.By {
			if !slices.Contains(out.By, texts[h.Tag]) {
				out.By = append(out.By, texts[h.Tag])
			}
		}
	}
	for _, d := range v.Also {
		out.Also = append(out.Also, duties.word(d))
	}
	for _, id := range v.Shared() {
		out.Shared = append(out.Shared, entitlements.word(id))
	}
	if !v.From.IsZero() {
		out.From = v.From.Format(time.DateOnly)
	}
	if !v.To.IsZero() {
		out.Until = v.To.Format(time.DateOnly)
	}
	return out
}

// shared opens a file of the data that stands beside the repository, or skips.
func shared(t *testing.T, name string) *os.File {
	t.Helper()
	file := filepath.Join("../../../../shared/data/sod", name)
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not there", file)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// The truth table names four kinds of rule. Each is tried with every set of entitlements that somebody can hold, against the words
// of the table, and each has a scenario that people can read.
func TestTruthTable(t *testing.T) {
	var table struct{ Truth [][3]string }
	if err := json.NewDecoder(shared(t, "semantics.json")).Decode(&table); err != nil {
		t.Fatal(err)
	}
	if len(table.Truth) != 4 {
		t.Fatalf("%d lines", len(table.Truth))
	}
	all := scenarios(t)
	for _, line := range table.Truth {
		name := strings.ReplaceAll(line[0]+" and "+line[1], "Of", "")
		if !slices.ContainsFunc(all, func(s scenario) bool { return s.Scenario == name }) {
			t.Errorf("no scenario %q", name)
		}
		e, err := Compile([]Duty{{ID: 1, All: line[0] == "allOf", Entitlements: []int{1, 2, 3}}, {ID: 2, All: line[1] == "allOf", Entitlements: []int{4, 5, 6}}},
			[]Rule{{ID: 1, Duties: []int{1, 2}}})
		if err != nil {
			t.Fatal(err)
		}
		for set := range 1 << 6 {
			side := [2]int{}
			var held []Holding
			for i := range 6 {
				if set>>i&1 == 1 {
					side[i/3]++
					held = append(held, Holding{Entitlement: i + 1})
				}
			}
			want := true
			for i, kind := range line[:2] {
				want = want && side[i] >= map[string]int{"anyOf": 1, "allOf": 3}[kind]
			}
			if got := len(e.Check(held, nil)) == 1; got != want {
				t.Errorf("%s: with %06b: %v", name, set, got)
			}
		}
	}
}

// Every rule of the matrix is a scenario: who holds something of every side breaks it, in each way in which a side can be held,
// and who lacks one side does not. What is expected is read from the file here, apart from the import.
func TestRulesOfTheMatrix(t *testing.T) {
	rows, err := csv.NewReader(shared(t, "sod-rules.csv")).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	m, err := ReadMatrix("sod-rules.csv", shared(t, "sod-rules.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 114 || len(m.Rules) != 113 || len(m.Rejects) > 0 {
		t.Fatalf("%d rows, %d rules, rejects %v", len(rows), len(m.Rules), m.Rejects)
	}
	var entitlements, duties, ids names
	e := compileMatrix(t, m, &entitlements, &duties, &ids)
	broken := func(held []string, rule string) bool {
		var all []Holding
		for _, name := range held {
			all = append(all, Holding{Entitlement: entitlements.id(name)})
		}
		return slices.ContainsFunc(e.Check(all, nil), func(v Violation) bool { return ids.word(v.Rule) == rule })
	}
	tried, three, choices := 0, 0, 0
	for _, row := range rows[1:] {
		var sides [][]string
		for _, side := range strings.Split(row[2], " & ") {
			sides = append(sides, alternatives(side))
		}
		if n, _ := strconv.Atoi(row[3]); n != len(sides) {
			t.Fatal(row)
		}
		if len(sides) == 3 {
			three++
		}
		for at, side := range sides {
			for _, held := range side { // each way to hold this side, the others as they are written first
				person := []string{held}
				for other := range sides {
					if other != at {
						person = append(person, sides[other][0])
					}
				}
				if tried++; !broken(person, row[1]) {
					t.Errorf("%s: %q breaks nothing", row[1], person)
				}
			}
			if len(side) > 1 {
				choices++
			}
			var lacking []string
			for other := range sides {
				if other != at {
					lacking = append(lacking, sides[other]...)
				}
			}
			if tried++; broken(lacking, row[1]) {
				t.Errorf("%s: %q is a violation though a side is missing", row[1], lacking)
			}
		}
	}
	if three != 1 || choices != 3 || tried != 2*(112*2+3)+1+2+2 {
		t.Errorf("%d rules of three sides, %d sides with a choice, %d people tried", three, choices, tried)
	}
}

// alternatives reads a side by itself: "Workday:Auditor|Clerk" is of one application.
func alternatives(side string) (out []string) {
	app := ""
	if i := strings.Index(side, ":"); i >= 0 {
		app = side[:i+1]
	}
	for _, a := range strings.Split(strings.TrimPrefix(side, app), "|") {
		out = append(out, app+a)
	}
	return out
}

func compileMatrix(t *testing.T, m *Matrix, entitlements, duties, rules *names) *Engine {
	var ds []Duty
	for _, d := range m.Duties {
		out := Duty{ID: duties.id(d.Name), Name: d.Name}
		for _, name := range d.Entitlements {
			out.Entitlements = append(out.Entitlements, entitlements.id(name))
		}
		ds = append(ds, out)
	}
	var rs []Rule
	for _, r := range m.Rules {
		out := Rule{ID: rules.id(r.ID), Name: r.ID}
		for _, d := range r.Duties {
			out.Duties = append(out.Duties, duties.id(d))
		}
		rs = append(rs, out)
	}
	e, err := Compile(ds, rs)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
