package mining

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Condition is an attribute that must have one of some values.
type Condition struct {
	Attribute string
	Values    []string // one or more, sorted
}

// Rule finds the members of a role by HR attributes: people who meet all conditions; without any, everybody.
type Rule struct {
	Conditions []Condition
	Text       string  // as a birthright rule is written: department == "Finance" && title in ["AP Lead", "AP Clerk"]
	Matches    int     // people who meet it
	Hits       int     // members among them
	Precision  float64 // Hits / Matches
	Recall     float64 // Hits / members, those included whom HR does not know
}

// Bounds of a rule; and what a further condition, a further value must add to its measure to be worth its place.
const (
	maxConditions = 3
	maxValues     = 8
	maxText       = 4000 // characters of a condition of a birthright rule
	conditionCost = 0.02
	valueCost     = 0.005
	leastMeasure  = 0.6 // below it a rule says too little to be suggested
	beam          = 8   // rules of each length that are extended
)

// measure is the F-measure with beta 1/2: how well matches and members agree, precision weighing twice as much as recall.
func measure(hits, matches, members int) float64 {
	if hits == 0 {
		return 0
	}
	return 1.25 * float64(hits) / (0.25*float64(members) + float64(matches))
}

// draft is a rule that is being built. Without conditions it is everybody.
type draft struct {
	attrs   []int
	values  [][]int32 // codes, sorted
	matches int
	hits    int
	score   float64 // measure less costs
	people  []int32 // who meet it; made when somebody asks, from those who meet what it extends
	from    []int32
}

// ruleSearch looks for the rule of one role.
type ruleSearch struct {
	*index
	member  []bool // by person
	known   []int32
	members int   // of the role, known to HR or not
	tot     []int // room by code
	hit     []int
}

// suggest gives the rule that finds the members best, nil if none does well enough.
func (x *index) suggest(members []int64) *Rule {
	s := &ruleSearch{index: x, member: make([]bool, len(x.ids)), known: x.in(members), members: len(members)}
	for _, i := range s.known {
		s.member[i] = true
	}
	most := 0
	for _, v := range x.values {
		most = max(most, len(v))
	}
	s.tot, s.hit = make([]int, most), make([]int, most)
	best := draft{matches: len(x.ids), hits: len(s.known), score: measure(len(s.known), len(x.ids), s.members)}
	level := []draft{best}
	for range maxConditions {
		var next []draft
		for _, d := range level {
			// With all of its hits and nobody else a longer rule has this at most.
			if measure(d.hits, d.hits, s.members)-conditionCost*float64(len(d.attrs)) <= best.score {
				continue
			}
			for a := range x.attributes {
				if !slices.Contains(d.attrs, a) {
					next = append(next, s.extend(&d, a)...)
				}
			}
		}
		slices.SortStableFunc(next, func(a, b draft) int { return cmp.Compare(b.score, a.score) })
		if level = next[:min(len(next), beam)]; len(level) == 0 {
			break
		}
		if level[0].score > best.score {
			best = level[0]
		}
	}
	return s.rule(s.refine(best))
}

// extend adds the condition on an attribute with the best list of values, and the one with the best value.
func (s *ruleSearch) extend(d *draft, a int) (out []draft) {
	values := s.counted(d, a)
	cost := conditionCost * float64(len(d.attrs))
	for _, v := range d.values {
		cost += valueCost * float64(len(v)-1)
	}
	score := func(hits, matches, n int) float64 {
		return measure(hits, matches, s.members) - cost - valueCost*float64(n-1)
	}
	prefix, single := 0, 0
	var list, one float64
	hits, matches := 0, 0
	for i, v := range values {
		hits, matches = hits+s.hit[v], matches+s.tot[v]
		if f := score(hits, matches, i+1); i < maxValues && (i == 0 || f > list) {
			prefix, list = i+1, f
		}
		if f := score(s.hit[v], s.tot[v], 1); i == 0 || f > one {
			single, one = i, f
		}
	}
	with := func(values []int32, score float64) {
		e := draft{attrs: append(slices.Clone(d.attrs), a), score: score, from: d.people}
		for _, v := range values {
			e.hits, e.matches = e.hits+s.hit[v], e.matches+s.tot[v]
		}
		e.values = append(slices.Clone(d.values), slices.Sorted(slices.Values(values)))
		out = append(out, e)
	}
	if prefix > 0 {
		with(values[:prefix], list)
	}
	if prefix > 1 || single > 0 {
		with(values[single:single+1], one)
	}
	return out
}

// counted fills tot and hit for those who meet a draft, and gives the values that members have, those with the greatest part of
// members first: the best list of k values by a measure such as this is the first k of them. A value that one person alone has is no
// rule.
func (s *ruleSearch) counted(d *draft, a int) (values []int32) {
	code := s.code[a]
	clear(s.hit[:len(s.values[a])])
	if len(d.attrs) == 0 {
		for v, people := range s.with[a] {
			s.tot[v] = len(people)
		}
		for _, i := range s.known {
			s.hit[code[i]]++
		}
	} else {
		clear(s.tot[:len(s.values[a])])
		for _, i := range s.meet(d) {
			s.tot[code[i]]++
			if s.member[i] {
				s.hit[code[i]]++
			}
		}
	}
	for v := 1; v < len(s.values[a]); v++ {
		if s.hit[v] > 0 && len(s.with[a][v]) > 1 && utf8.ValidString(s.values[a][v]) {
			values = append(values, int32(v))
		}
	}
	slices.SortFunc(values, func(v, w int32) int {
		return cmp.Or(cmp.Compare(s.hit[w]*s.tot[v], s.hit[v]*s.tot[w]), cmp.Compare(s.hit[w], s.hit[v]),
			strings.Compare(s.values[a][v], s.values[a][w]))
	})
	return values
}

// meet gives the people who meet a draft.
func (s *ruleSearch) meet(d *draft) []int32 {
	if d.people != nil {
		return d.people
	}
	d.people = make([]int32, 0, d.matches)
	last := len(d.attrs) - 1
	if last == 0 {
		for _, v := range d.values[0] {
			d.people = append(d.people, s.with[d.attrs[0]][v]...)
		}
		return d.people
	}
	for _, i := range d.from {
		if _, ok := slices.BinarySearch(d.values[last], s.code[d.attrs[last]][i]); ok {
			d.people = append(d.people, i)
		}
	}
	return d.people
}

// refine chooses the values of each condition anew beside the other conditions, as long as that makes the rule better.
func (s *ruleSearch) refine(d draft) draft {
	for better := len(d.attrs) > 1; better; {
		better = false
		for k, a := range d.attrs {
			rest := draft{}
			for i, b := range d.attrs {
				if i != k {
					rest = draft{attrs: append(rest.attrs, b), values: append(rest.values, d.values[i]), from: s.everybody(rest)}
				}
			}
			for _, e := range s.extend(&rest, a) {
				if e.score > d.score+1e-12 {
					d, better = e, true
				}
			}
			if better {
				break // the order of the conditions is another now
			}
		}
	}
	return d
}

// everybody gives the people who meet a draft, nil where it has no condition.
func (s *ruleSearch) everybody(d draft) []int32 {
	if len(d.attrs) == 0 {
		return nil
	}
	return s.meet(&d)
}

func (s *ruleSearch) rule(d draft) *Rule {
	if measure(d.hits, d.matches, s.members) < leastMeasure {
		return nil
	}
	r := &Rule{Matches: d.matches, Hits: d.hits, Precision: float64(d.hits) / float64(d.matches), Recall: float64(d.hits) / float64(s.members)}
	order := make([]int, len(d.attrs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(d.attrs[i], d.attrs[j]) })
	for _, i := range order {
		c := Condition{Attribute: s.attributes[d.attrs[i]]}
		for _, v := range d.values[i] {
			c.Values = append(c.Values, s.values[d.attrs[i]][v])
		}
		slices.Sort(c.Values)
		r.Conditions = append(r.Conditions, c)
	}
	if r.Text = expression(r.Conditions); len(r.Text) > maxText {
		return nil
	}
	return r
}

var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// reserved are words that CEL keeps for itself, and the map of all attributes.
var reserved = strings.Fields(`as break const continue else false for function if import in let loop namespace null package return
	true var void while bool bytes double dyn int list map null_type string type uint optional_type person`)

// expression writes conditions in CEL. Go's quoted form of valid UTF-8 uses only escapes that CEL has too.
func expression(conditions []Condition) string {
	var all []string
	for _, c := range conditions {
		name := c.Attribute
		if !identifier.MatchString(name) || slices.Contains(reserved, name) {
			name = "person[" + strconv.Quote(name) + "]"
		}
		if len(c.Values) == 1 {
			all = append(all, name+" == "+strconv.Quote(c.Values[0]))
			continue
		}
		var values []string
		for _, v := range c.Values {
			values = append(values, strconv.Quote(v))
		}
		all = append(all, name+" in ["+strings.Join(values, ", ")+"]")
	}
	if len(all) == 0 {
		return "true"
	}
	return strings.Join(all, " && ")
}
