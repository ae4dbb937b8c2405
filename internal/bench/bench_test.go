package bench

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"tenure/internal/db/pgserver"
	"tenure/internal/hr"
)

func TestMain(m *testing.M) {
	pgserver.KeepIfAsked()
	WeighIfAsked()
	os.Exit(m.Run())
}

// TestRun measures a small company for real: its own server, both sides of every pair, all checks of the results.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	report, err := Run(t.Context(), Options{Sizes: []int{200}, SoD: []int{300, 5000}, Requests: []int{200}, Repeat: 2, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s := report.Sizes[0]
	for _, m := range s.measures() {
		if m.Ratio.Min <= 0 || m.Ratio.Min > m.Ratio.Median || m.Ratio.Median > m.Ratio.Max || m.Floor.Min <= 0 || m.Product.Min <= 0 {
			t.Errorf("%s: %+v", m.Name, m)
		}
		if m.Met != nil {
			t.Errorf("%s has a goal at 200 people, where the fixed cost of a transaction weighs more than the rows", m.Name)
		}
	}
	if n := len(s.FirstLoad.pairs); n != 2 {
		t.Errorf("%d pairs of the first load for 2 repetitions", n)
	}
	if n := len(s.Unchanged.pairs); n != 2*rereads {
		t.Errorf("%d pairs of the unchanged sync", n)
	}
	if s.Rows["river_job"] == 0 || s.Rows["event"] != 201 {
		t.Errorf("the floor leaves something out: %v", s.Rows)
	}
	for _, s := range report.SoD {
		for _, m := range s.measures() {
			if len(m.pairs) != 2 || m.Ratio.Min <= 0 || m.Floor.Min <= 0 || m.Product.Min <= 0 || m.Met != nil {
				t.Errorf("%d people, %s: %+v", s.People, m.Name, m)
			}
		}
		if s.Violations == 0 || len(s.Figures) < 3 {
			t.Errorf("%d people: %+v", s.People, s)
		}
	}
	if len(report.SoD) != 2 {
		t.Errorf("%d sizes of segregation of duties", len(report.SoD))
	}
	if len(report.Requests) != 1 || len(report.Requests[0].Acts) != 3 {
		t.Fatalf("%+v", report.Requests)
	}
	for _, a := range report.Requests[0].Acts { // that as much was granted on both sides the measurement checks by itself
		if a.Ratio.Min <= 0 || a.Product.Min <= 0 || a.Floor.Min <= 0 || a.Trips == 0 || a.Trips > a.Queries || a.Goal != 0 {
			t.Errorf("%s: %+v", a.Name, a)
		}
	}
	var text bytes.Buffer
	if report.Print(&text); !strings.Contains(text.String(), "first load") || !strings.Contains(text.String(), "cold, against SQL") {
		t.Error(text.String())
	}
	if _, err := json.Marshal(report); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestLog measures a small log for real, and checks what each side made.
func TestLog(t *testing.T) {
	report, err := Run(t.Context(), Options{Events: 2000, Repeat: 2, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	l := report.Evidence
	for _, m := range l.Measures {
		if len(m.pairs) != 2 || m.Ratio.Min <= 0 || m.Floor.Min <= 0 || m.Product.Min <= 0 {
			t.Errorf("%s: %+v", m.Name, m)
		}
	}
	if len(l.Measures) != 5 || len(l.Figures) != 9 {
		t.Errorf("%d measures, %d figures", len(l.Measures), len(l.Figures))
	}
	for _, f := range l.Figures {
		if f.Value.Min <= 0 {
			t.Errorf("%+v", f)
		}
	}
	var text bytes.Buffer
	if report.Print(&text); !strings.Contains(text.String(), "Evidence log of 2000 events") {
		t.Error(text.String())
	}
}

func TestRefusesOddOptions(t *testing.T) {
	for _, o := range []Options{{Sizes: []int{99}, Repeat: 1}, {SoD: []int{99}, Repeat: 1}, {Requests: []int{99}, Repeat: 1}, {Events: 999, Repeat: 1}, {Sizes: []int{500}}} {
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

func TestRefusesAServerThatDoesNotWaitForTheDisk(t *testing.T) {
	s, err := newStage(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if err := s.durable(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.admin.Exec(t.Context(), `set synchronous_commit = off`); err != nil {
		t.Fatal(err)
	}
	if s.durable(t.Context()) == nil {
		t.Error("synchronous_commit is off and nobody minds")
	}
}

func TestPeopleAreTheSameEveryTime(t *testing.T) {
	a, b := People(1000), People(1000)
	if !slices.Equal(a, b) {
		t.Error("two calls give two companies")
	}
	numbers := map[string]bool{}
	for i := range a {
		p := &a[i]
		numbers[p.Number] = true
		if i > 0 && !numbers[p.Manager] {
			t.Errorf("%s reports to %q, who comes later or never", p.Number, p.Manager)
		}
	}
	if len(numbers) != len(a) {
		t.Errorf("%d numbers for %d people", len(numbers), len(a))
	}
	rows, err := csv.NewReader(bytes.NewReader(Feed(a))).ReadAll()
	if err != nil || len(rows) != 1001 {
		t.Errorf("%d rows: %v", len(rows), err)
	}
	c := Shuffled(a, 1)
	if slices.Equal(a, c) || slices.Equal(c, Shuffled(a, 2)) {
		t.Error("not shuffled")
	}
	slices.SortFunc(c, func(x, y Person) int { return strings.Compare(x.Number, y.Number) })
	if !slices.Equal(a, c) {
		t.Error("shuffling changed somebody")
	}
}

func TestChangedChangesWhatItSays(t *testing.T) {
	for _, n := range []int{100, 500, 5000} {
		people := People(n)
		d := Changed(people)
		before := map[string]Person{}
		for _, p := range people {
			before[p.Number] = p
		}
		got := Delta{People: d.People}
		for _, p := range d.People {
			old, known := before[p.Number]
			switch {
			case !known:
				got.Joiners++
			case old.Department != p.Department:
				got.Movers++
				if area[old.Department] == area[p.Department] {
					t.Errorf("%s moves inside an area, which moves no access", p.Number)
				}
			case old != p:
				got.Updated++
			}
			delete(before, p.Number)
		}
		got.Leavers = len(before)
		if got.Joiners != d.Joiners || got.Movers != d.Movers || got.Updated != d.Updated || got.Leavers != d.Leavers {
			t.Errorf("%d people: %d %d %d %d changed, said %d %d %d %d", n, got.Joiners, got.Movers, got.Updated, got.Leavers,
				d.Joiners, d.Movers, d.Updated, d.Leavers)
		}
		if sum := d.Joiners + d.Movers + d.Updated + d.Leavers; n > 100 && sum != n/100 {
			t.Errorf("%d people: %d changes", n, sum)
		}
		for _, p := range d.People {
			if _, left := before[p.Manager]; left {
				t.Errorf("%s reports to a leaver", p.Number)
			}
		}
	}
}

// TestWrongResultsAreErrors is the control of the checks: each must see a single difference.
func TestWrongResultsAreErrors(t *testing.T) {
	people := People(300)
	want := firstLoad(people)
	got := map[string]int64{}
	for table, n := range want {
		got[table] = int64(n)
	}
	if err := wrote(want, got); err != nil {
		t.Fatal(err)
	}
	for table := range want {
		got[table]--
		if wrote(want, got) == nil {
			t.Errorf("a missing row of %s is not seen", table)
		}
		got[table]++
	}
	good := hr.Result{Joiners: 3, Unchanged: 4}
	if err := answered("x", &good, good); err != nil {
		t.Error(err)
	}
	for _, bad := range []hr.Result{{Joiners: 2, Unchanged: 4}, {Joiners: 3, Unchanged: 4, Held: true}, {Joiners: 3}, {Joiners: 3, Unchanged: 4, Returns: 1}} {
		if answered("x", &bad, good) == nil {
			t.Errorf("%+v passes for %+v", bad, good)
		}
	}
}

func TestMeasure(t *testing.T) {
	met := func(m *Measure, pairs ...[2]int) string {
		for _, p := range pairs {
			m.add(time.Duration(p[0])*time.Second, time.Duration(p[1])*time.Second)
		}
		m.finish()
		return fmt.Sprintf("%.2f %.2f %.2f %v", m.Ratio.Min, m.Ratio.Median, m.Ratio.Max, *m.Met)
	}
	for _, c := range []struct {
		got, want string
	}{
		{met(&Measure{Goal: 0.5}, [2]int{2, 1}, [2]int{4, 1}, [2]int{1, 1}), "0.25 0.50 1.00 true"},
		{met(&Measure{Goal: 0.5}, [2]int{4, 1}, [2]int{1, 1}, [2]int{5, 1}), "0.20 0.25 1.00 false"},
		{met(&Measure{Goal: 1.3, AtMost: true}, [2]int{6, 5}, [2]int{5, 5}), "1.00 1.10 1.20 true"},
		{met(&Measure{Goal: 1.3, AtMost: true}, [2]int{7, 5}, [2]int{2, 1}), "1.40 1.70 2.00 false"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
	r := Report{Sizes: []*Size{newSize(goalSize)}}
	for _, m := range r.Sizes[0].measures() {
		m.add(time.Second, time.Second)
	}
	r.Sizes[0].finish()
	if !r.Met() {
		t.Error("everything at the physical limit and yet not met")
	}
	*r.Sizes[0].Unchanged.Met = false
	if r.Met() {
		t.Error("a missed goal is not seen")
	}
}
