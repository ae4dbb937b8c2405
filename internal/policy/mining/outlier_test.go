package mining

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestOutlierInWords(t *testing.T) {
	m, o := office()
	got := Outliers(m, o, OutlierOptions{Attributes: []string{"department", "title"}, LeastPeers: 5, Rare: 0.15})
	if len(got) != 1 || got[0].Pair != (Pair{106, 10}) {
		t.Fatalf("%+v", got)
	}
	want := Outlier{Pair: Pair{106, 10}, Peers: 8, Holders: 1, Elsewhere: 6, Share: 0, Attributes: []string{"department", "title"}, Values: []string{"Finance", "Analyst"},
		Reason: "1 of 8 people in Finance with the title Analyst holds this"}
	if !reflect.DeepEqual(got[0], want) {
		t.Errorf("%+v", got[0])
	}
	// The only analyst of sales is compared with all of sales.
	if got := Outliers(m, o, OutlierOptions{Attributes: []string{"department", "title"}, LeastPeers: 5, Rare: 1, Common: 2, Own: 2}); !slices.ContainsFunc(got, func(x Outlier) bool {
		return x.Person == 126 && x.Peers == 13 && x.Reason == "13 of 13 people in Sales hold this"
	}) {
		t.Errorf("%+v", got)
	}
	// Without attributes peers are those with the most similar access.
	if got := Outliers(m, o, OutlierOptions{LeastPeers: 5, Nearest: 10, Rare: 1, Common: 2, Own: 2}); !slices.ContainsFunc(got, func(x Outlier) bool {
		return x.Person == 107 && x.Entitlement == 11 && x.Peers == 11 && len(x.Attributes) == 0 && x.Reason == "11 of 11 people with the most similar access hold this"
	}) {
		t.Errorf("%+v", got)
	}
}

// TestOutliersCount holds shares to their definition where attributes give enough peers.
func TestOutliersCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := drawPairs(t, 20)
		m := NewMatrix(pairs)
		o := drawOrganisation(t, m)
		options := OutlierOptions{Attributes: []string{"title", "department"}, LeastPeers: 2, Sole: rapid.Bool().Draw(t, "sole"), Rare: float64(rapid.IntRange(1, 8).Draw(t, "rare")) / 10}
		got := map[Pair]Outlier{}
		for _, x := range Outliers(m, o, options) {
			got[x.Pair] = x
		}
		person := map[int64]Person{}
		for _, p := range o.People {
			person[p.ID] = p
		}
		count := func(e int64, same func(Person) bool) (all, holding int) {
			for _, p := range o.People {
				if same(p) {
					all++
					if m.Holds(p.ID, e) {
						holding++
					}
				}
			}
			return all, holding
		}
		for _, p := range slices.CompactFunc(slices.SortedFunc(slices.Values(pairs), order), func(a, b Pair) bool { return a == b }) {
			me, known := person[p.Person]
			all, holding := 0, 0
			if known && me.Values[1] != "" {
				all, holding = count(p.Entitlement, func(x Person) bool {
					return x.Values[1] == me.Values[1] && x.Values[0] == me.Values[0] && me.Values[0] != ""
				})
				if all <= 2 {
					all, holding = count(p.Entitlement, func(x Person) bool { return x.Values[1] == me.Values[1] })
				}
			}
			if all <= 2 {
				continue // by access
			}
			common := false
			for a := range o.Attributes {
				n, h := count(p.Entitlement, func(x Person) bool { return me.Values[a] != "" && x.Values[a] == me.Values[a] })
				common = common || n > 2 && float64(h-1)/float64(n-1) >= 0.5
			}
			share := float64(holding-1) / float64(all-1)
			holders := 0
			for _, id := range m.People() {
				if m.Holds(id, p.Entitlement) {
					holders++
				}
			}
			own := holders > 1 && holding-1 >= holders-holding || holders == 1 && !options.Sole
			x, found := got[p]
			if want := share <= options.Rare && !common && !own; want != found {
				t.Fatalf("%+v: share %f of %d, common %v; reported %v", p, share, all, common, found)
			}
			if found && (x.Peers != all || x.Holders != holding || x.Elsewhere != holders-holding || x.Share != share) {
				t.Fatalf("%+v: %d of %d", x, holding, all)
			}
		}
	})
}

// seeded is a generated company in which access follows department, title and location, with some that not everybody in a job asks for,
// and in which some people got access of another job.
func seeded(seed uint64, people int) (*Matrix, *Organisation, map[Pair]bool) {
	random := rand.New(rand.NewPCG(seed, 1))
	o := &Organisation{Attributes: []string{"department", "title", "location"}}
	held := map[Pair]bool{}
	const departments, titles = 12, 5
	job := func(d, t, k int) int64 { return int64(10_000 + d*1000 + t*100 + k) }
	for i := range people {
		d, t, l := random.IntN(departments), random.IntN(titles), random.IntN(8)
		id := int64(i)
		o.People = append(o.People, Person{id, []string{fmt.Sprint("Department ", d), fmt.Sprint("Title ", t), fmt.Sprint("Site ", l)}})
		for k := range 4 {
			held[Pair{id, int64(k)}] = true                    // everybody
			held[Pair{id, int64(100 + d*10 + k)}] = true       // the department
			held[Pair{id, int64(1000 + l*10 + k%2)}] = true    // the site
			held[Pair{id, job(d, t, k)}] = random.IntN(20) > 0 // the job, now and then not yet
			held[Pair{id, job(d, t, 10+k)}] = random.IntN(3) == 0
		}
	}
	planted := map[Pair]bool{}
	for len(planted) < people/15 {
		p := Pair{int64(random.IntN(people)), job(random.IntN(departments), random.IntN(titles), random.IntN(4))}
		if !held[p] {
			held[p], planted[p] = true, true
		}
	}
	var pairs []Pair
	for p, yes := range held {
		if yes {
			pairs = append(pairs, p)
		}
	}
	// Who should have the access of a job and did not is no outlier when given it.
	for p := range planted {
		v := o.People[p.Person].Values
		if v[0] == fmt.Sprint("Department ", (p.Entitlement-10_000)/1000) && v[1] == fmt.Sprint("Title ", (p.Entitlement-10_000)%1000/100) {
			delete(planted, p)
		}
	}
	return NewMatrix(pairs), o, planted
}

func TestSeededOutliersAreFound(t *testing.T) {
	for _, c := range []struct {
		name       string
		people     int
		attributes []string
		options    OutlierOptions
		least      float64 // precision and recall; 0: the control, which must be worse
	}{
		{"by department and title", 3000, []string{"department", "title"}, OutlierOptions{}, 0.95},
		{"by department and title, few in a job", 600, []string{"department", "title"}, OutlierOptions{}, 0.8},
		{"by access", 3000, nil, OutlierOptions{}, 0.95},
		{"by access, few in a job", 600, nil, OutlierOptions{}, 0.8},
		{"few in a job, what is the peers' own counted", 600, []string{"department", "title"}, OutlierOptions{Own: 2}, 0},
		{"few in a job, what one person alone holds counted", 600, []string{"department", "title"}, OutlierOptions{Sole: true}, 0},
	} {
		m, o, planted := seeded(3, c.people)
		c.options.Attributes = c.attributes
		found, hits := Outliers(m, o, c.options), 0
		for _, x := range found {
			if planted[x.Pair] {
				hits++
			}
		}
		precision, recall := float64(hits)/float64(max(len(found), 1)), float64(hits)/float64(len(planted))
		t.Logf("%s: %d found, %d of %d planted: precision %.3f, recall %.3f", c.name, len(found), hits, len(planted), precision, recall)
		if precision < c.least || recall < c.least {
			t.Errorf("%s: precision %.3f, recall %.3f", c.name, precision, recall)
		}
		if c.least == 0 && precision > 0.8 {
			t.Errorf("the control is as good: precision %.3f", precision)
		}
	}
}
