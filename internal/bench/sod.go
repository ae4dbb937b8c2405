package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"tenure/internal/policy/sod"
)

// The size that the goals of segregation of duties speak of.
const (
	sodRules        = 200
	sodSide         = 5 // entitlements of each of a rule's two duties
	sodEntitlements = 5_000
	sodHeld         = 20 // by each person
	sodGoalPeople   = 500_000
	sodChecks       = 20_000 // in one repetition
)

// Goals, at most.
const (
	sodWarm  = 0.075 // seconds
	sodP50   = 3e-6
	sodP99   = 50e-6
	sodFlat  = 1.5 // p50 at this size / p50 at the first size
	sodBytes = 600e6
)

// SoD is what was measured of segregation of duties with one number of people.
type SoD struct {
	People     int       `json:"people"`
	Violations int       `json:"violations"`
	Warm       *Measure  `json:"warm"`
	Cold       *Measure  `json:"cold"`
	SQL        *Measure  `json:"sql"` // the floor is the SQL query, which is no floor but the other way to ask
	Figures    []*Figure `json:"figures"`
}

// Figure is a value that has a goal of its own.
type Figure struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value Spread  `json:"value"`
	Goal  float64 `json:"goal,omitempty"` // at most; 0: none at this size
	Met   bool    `json:"met"`
}

func (s *SoD) measures() []*Measure { return []*Measure{s.Warm, s.Cold, s.SQL} }

// Met says whether every goal was met.
func (s *SoD) Met() bool {
	return !slices.ContainsFunc(s.measures(), func(m *Measure) bool { return m.Met != nil && !*m.Met }) &&
		!slices.ContainsFunc(s.Figures, func(f *Figure) bool { return !f.Met })
}

func (s *SoD) figure(name, unit string, goal float64, values []float64) {
	f := &Figure{Name: name, Unit: unit, Value: of(values), Goal: goal}
	f.Met = goal == 0 || f.Value.Median <= goal
	s.Figures = append(s.Figures, f)
}

func newSoD(people int) *SoD {
	s := &SoD{People: people,
		Warm: &Measure{Name: "whole population, warm", Goal: 0.2},
		Cold: &Measure{Name: "cold, against streaming", Goal: 1.3, AtMost: true},
		SQL:  &Measure{Name: "cold, against SQL", Goal: 2}}
	if people < sodGoalPeople {
		for _, m := range s.measures() {
			m.Goal = 0
		}
	}
	return s
}

// sodTrial measures one size.
type sodTrial struct {
	*stage
	n      int
	held   []int32 // twenty a person
	sides  [sodRules][2][]int
	dense  [][]uint64 // by entitlement: who holds it; nil for those that stand in no rule
	engine *sod.Engine
	people *sod.Population
	want   findings
	out    *SoD
	rng    *rand.Rand
}

// findings are violations in a form that any order gives alike.
type findings struct {
	byRule [sodRules]int
	sum    uint64
}

func (f *findings) add(rule, person int) {
	f.byRule[rule-1]++
	x := uint64(rule)<<32 | uint64(person) //nolint:gosec // both are small
	x *= 0x9e3779b97f4a7c15
	f.sum += x ^ x>>29
}

// sod measures the engine with n people. first is the trial of the first size, nil for that one: the checks of both are measured
// in turn, to see whether they are flat.
func (s *stage) sod(ctx context.Context, n int, first *sodTrial, o Options) (*sodTrial, error) {
	t := &sodTrial{stage: s, n: n, out: newSoD(n), rng: rand.New(rand.NewPCG(1, uint64(n)))} //nolint:gosec // the same people every time
	if err := t.generate(); err != nil {
		return nil, err
	}
	t.build()
	var warm, p50, p99, flat []float64
	for i := range o.Repeat + 1 {
		m, err := t.warm()
		if err != nil {
			return nil, err
		}
		a, b := t.checks()
		c := a
		if first != nil {
			c, _ = first.checks()
		}
		if i > 0 {
			t.out.Warm.pairs = append(t.out.Warm.pairs, m)
			warm, p50, p99, flat = append(warm, m.product.Seconds()), append(p50, a), append(p99, b), append(flat, a/c)
		}
	}
	if err := t.cold(ctx, o); err != nil {
		return nil, err
	}
	for _, m := range t.out.measures() {
		m.finish()
	}
	if n >= sodGoalPeople {
		t.out.figure("whole population, warm", "ms", sodWarm*1e3, times(warm, 1e3))
	}
	t.out.figure("check of one request, p50", "µs", sodP50*1e6, times(p50, 1e6))
	t.out.figure("check of one request, p99", "µs", sodP99*1e6, times(p99, 1e6))
	if first != nil {
		t.out.figure("its p50 / that of the first size", "", sodFlat, flat)
	}
	return t, nil
}

func times(values []float64, by float64) (out []float64) {
	for _, v := range values {
		out = append(out, v*by)
	}
	return out
}

// generate draws the rules and what everybody holds.
func (t *sodTrial) generate() error {
	pick := func(n int) (out []int) {
		for len(out) < n {
			if e := 1 + t.rng.IntN(sodEntitlements); !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
		return out
	}
	var duties []sod.Duty
	var rules []sod.Rule
	for r := range t.sides {
		members := pick(2 * sodSide)
		t.sides[r] = [2][]int{members[:sodSide], members[sodSide:]}
		for side := range 2 {
			duties = append(duties, sod.Duty{ID: 2*r + side + 1, Entitlements: t.sides[r][side]})
		}
		rules = append(rules, sod.Rule{ID: r + 1, Duties: []int{2*r + 1, 2*r + 2}})
	}
	t.held = make([]int32, 0, t.n*sodHeld)
	for range t.n {
		mine := t.held[len(t.held):]
		for len(mine) < sodHeld {
			if e := 1 + t.rng.Int32N(sodEntitlements); !slices.Contains(mine, e) {
				mine = append(mine, e)
			}
		}
		t.held = t.held[:len(t.held)+sodHeld]
	}
	t.dense = make([][]uint64, sodEntitlements+1)
	for _, sides := range t.sides {
		for _, e := range slices.Concat(sides[0], sides[1]) {
			t.dense[e] = make([]uint64, (t.n+63)/64)
		}
	}
	for i, e := range t.held {
		if who := i / sodHeld; t.dense[e] != nil {
			t.dense[e][who/64] |= 1 << (who % 64)
		}
	}
	var err error
	t.engine, err = sod.Compile(duties, rules)
	return err
}

// build makes the population, and weighs it.
func (t *sodTrial) build() {
	before := heap()
	t.people = sod.NewPopulation(t.engine, t.n)
	for i, e := range t.held {
		t.people.Add(1+i/sodHeld, int(e))
	}
	grown := heap() - before
	goal := 0.0
	if t.n >= sodGoalPeople {
		goal = sodBytes / 1e6
	}
	t.out.figure("memory of the engine", "MB", goal, []float64{float64(grown) / 1e6})
}

func heap() int64 {
	runtime.GC()
	runtime.GC() // pools are emptied by the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // a size
}

// warm walks over everybody and every rule: the population, and the floor, which is dense bitmaps of the same entitlements, or-ed
// side by side, and-ed and counted.
func (t *sodTrial) warm() (pair, error) {
	var got findings
	product, _ := clock(func() error {
		t.people.Scan(got.add)
		return nil
	})
	var count [sodRules]int
	floor, _ := clock(func() error {
		for r := range t.sides {
			count[r] = t.both(r)
		}
		return nil
	})
	if got.byRule != count {
		return pair{}, errors.New("the engine and the bitmaps find different violations")
	}
	if t.want.sum != 0 && got != t.want {
		return pair{}, errors.New("a scan finds something else than the one before")
	}
	t.want, t.out.Violations = got, 0
	for _, n := range count {
		t.out.Violations += n
	}
	return pair{product, floor}, nil
}

// both counts who holds something of each side of a rule.
func (t *sodTrial) both(r int) (n int) {
	var a, b [sodSide][]uint64
	words := (t.n + 63) / 64
	for i := range sodSide {
		a[i], b[i] = t.dense[t.sides[r][0][i]][:words], t.dense[t.sides[r][1][i]][:words]
	}
	for w := range words {
		x := a[0][w] | a[1][w] | a[2][w] | a[3][w] | a[4][w]
		y := b[0][w] | b[1][w] | b[2][w] | b[3][w] | b[4][w]
		n += bits.OnesCount64(x & y)
	}
	return n
}

// checks asks for many people in turn what one more entitlement would bring, and gives the median and the 99th percentile.
func (t *sodTrial) checks() (p50, p99 float64) {
	type ask struct{ held, add []sod.Holding }
	asks := make([]ask, sodChecks)
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range asks {
		who := t.rng.IntN(t.n)
		for _, e := range t.held[who*sodHeld : (who+1)*sodHeld] {
			asks[i].held = append(asks[i].held, sod.Holding{Entitlement: int(e), From: from})
		}
		side := t.sides[t.rng.IntN(sodRules)][t.rng.IntN(2)]
		asks[i].add = []sod.Holding{{Entitlement: side[t.rng.IntN(sodSide)], From: from}} // of a duty: others cost nothing
	}
	took := make([]float64, len(asks))
	runtime.GC()
	for i, a := range asks {
		start := time.Now()
		t.engine.CheckAdd(a.held, a.add, nil)
		took[i] = time.Since(start).Seconds()
	}
	return at(took, 0.5), at(took, 0.99)
}

func (r *Report) printSoD(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	p := func(format string, a ...any) { _, _ = fmt.Fprintf(w, format, a...) }
	p("people\tsegregation of duties\tratio\tmin\tmax\tgoal\tproduct\tfloor\t\n")
	for _, s := range r.SoD {
		for _, m := range s.measures() {
			goal := ""
			if m.Met != nil {
				goal = fmt.Sprintf(">= %.2f", m.Goal)
				if m.AtMost {
					goal = fmt.Sprintf("<= %.2f", m.Goal)
				}
				if !*m.Met {
					goal += " MISSED"
				}
			}
			p("%d\t%s\t%.2f\t%.2f\t%.2f\t%s\t%.2f ms\t%.2f ms\t\n", s.People, m.Name, m.Ratio.Median, m.Ratio.Min, m.Ratio.Max, goal,
				m.Product.Median*1000, m.Floor.Median*1000)
		}
		for _, f := range s.Figures {
			goal := ""
			if f.Goal > 0 {
				goal = fmt.Sprintf("<= %.4g %s", f.Goal, f.Unit)
			}
			if !f.Met {
				goal += " MISSED"
			}
			p("%d\t%s\t\t\t\t%s\t%.3g %s\t\t\n", s.People, f.Name, goal, f.Value.Median, f.Unit)
		}
	}
	_ = w.Flush()
	_, _ = fmt.Fprintf(out, "%d rules of %d x %d entitlements, %d of %d entitlements a person. ratio: floor / product; against streaming: product / floor.\n\n",
		sodRules, sodSide, sodSide, sodHeld, sodEntitlements)
}
