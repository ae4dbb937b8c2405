package bench

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
)

// Person is one row of the generated feed. Days are written YYYY-MM-DD; LastDay is empty for most.
type Person struct {
	Number, First, Last, Email string
	FirstDay, LastDay          string
	Department                 int // index into departments
	Title                      int // index into titles
	Location                   int // index into locations
	Manager                    string
}

var departments = []string{"Engineering", "Laboratory", "Plant", "Quality", "Sales", "Customer Care", "Marketing", "Finance",
	"Purchasing", "People", "Legal", "Facilities"}

// titles are 30: ten trades in three grades.
var titles = func() []string {
	var out []string
	for _, grade := range []string{"", "Senior ", "Head "} {
		for _, trade := range []string{"Engineer", "Analyst", "Technician", "Planner", "Buyer", "Adviser", "Writer", "Clerk", "Tester", "Trainer"} {
			out = append(out, grade+trade)
		}
	}
	return out
}()

// locations have the zone of the people who work there.
var locations = []struct{ name, zone string }{{"Bremen", "Europe/Berlin"}, {"Porto", "Europe/Lisbon"}, {"Tampere", "Europe/Helsinki"},
	{"Leeds", "Europe/London"}, {"Denver", "America/Denver"}, {"Recife", "America/Recife"}, {"Nagoya", "Asia/Tokyo"}, {"Perth", "Australia/Perth"}}

// Days far enough away that the result does not depend on the day of the measurement.
const (
	futureStart = "2091-03-01" // of every hundredth person, who is not here yet
	contractEnd = "2092-06-30" // of every fiftieth person, who has a contract with an end
)

// People generates n people, the same at every call. Names are put together of syllables; about one in ten shares the name
// with somebody, as in a real company.
func People(n int) []Person {
	r := rand.New(rand.NewPCG(1, uint64(n))) //nolint:gosec // repeatable on purpose
	out := make([]Person, n)
	for i := range out {
		out[i] = person(r, i)
	}
	return out
}

var (
	heads = []string{"Al", "Be", "Cor", "Da", "El", "Fi", "Gor", "Ha", "Il", "Jo", "Ka", "Lu", "Mi", "No", "Or", "Pe", "Ro", "Sa", "Ti", "Va"}
	mids  = []string{"la", "ri", "no", "ve", "du", "mi", "sa", "to", "be", "ki", "ra", "lo"}
	tails = []string{"n", "ra", "s", "lia", "mar", "na", "do", "sk", "vic", "tt", "ne", "bor"}
)

func person(r *rand.Rand, i int) Person {
	pick := func(of []string) string { return of[r.IntN(len(of))] }
	p := Person{Number: number(i), First: pick(heads) + pick(mids) + pick(tails), Last: pick(heads) + pick(mids) + pick(mids) + pick(tails)}
	p.Email = fmt.Sprintf("%s.%s.%d@example.org", p.First, p.Last, i)
	p.FirstDay = fmt.Sprintf("%d-%02d-%02d", 1990+r.IntN(30), 1+r.IntN(12), 1+r.IntN(28))
	switch {
	case i%100 == 99:
		p.FirstDay = futureStart
	case i%50 == 25:
		p.LastDay = contractEnd
	}
	p.Department, p.Location = r.IntN(len(departments)), r.IntN(len(locations))
	switch grade := r.IntN(100); { // 70 % plain, 25 % senior, 5 % head
	case grade < 70:
		p.Title = r.IntN(10)
	case grade < 95:
		p.Title = 10 + r.IntN(10)
	default:
		p.Title = 20 + r.IntN(10)
	}
	if i > 0 {
		p.Manager = number(i / 8)
	}
	return p
}

func number(i int) string { return strconv.Itoa(100_000 + i) }

// here says whether the person works here on the day of the measurement.
func (p *Person) here() bool { return p.FirstDay != futureStart }

// Feed writes the people as the CSV file of an HR system.
func Feed(people []Person) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"no", "first", "last", "mail", "start", "end", "dept", "department", "title", "site", "zone", "boss", "center"})
	for i := range people {
		p := &people[i]
		l := locations[p.Location]
		_ = w.Write([]string{p.Number, p.First, p.Last, p.Email, p.FirstDay, p.LastDay, fmt.Sprintf("d%02d", p.Department+1),
			departments[p.Department], titles[p.Title], l.name, l.zone, p.Manager, fmt.Sprintf("C%d%d", p.Department, p.Location)})
	}
	w.Flush() // a buffer takes everything
	return b.Bytes()
}

// Shuffled gives the same people in another order, one for each seed.
func Shuffled(people []Person, seed int) []Person {
	out := slices.Clone(people)
	r := rand.New(rand.NewPCG(2, uint64(seed))) //nolint:gosec // repeatable on purpose
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// Delta is a later state of the people: about 1 % of them changed.
type Delta struct {
	People                            []Person
	Movers, Updated, Leavers, Joiners int
}

// Changed changes 1 % of at least 100 people: an eighth leaves, as many join, a quarter moves to another department, and the
// others have a new last name.
func Changed(people []Person) Delta {
	k := len(people) / 100
	d := Delta{Leavers: max(1, k/8), Joiners: max(1, k/8), Movers: max(1, k/4)}
	d.Updated = max(0, k-d.Leavers-d.Joiners-d.Movers)
	next := slices.Clone(people)
	r := rand.New(rand.NewPCG(3, uint64(len(people)))) //nolint:gosec // repeatable on purpose
	// Nobody reports to the second half, so that a leaver is nobody's manager.
	half := len(people) / 2
	chosen := r.Perm(half)
	chosen = slices.DeleteFunc(chosen, func(i int) bool { return !people[half+i].here() })[:d.Leavers+d.Updated+d.Movers]
	gone := map[string]bool{}
	for n, c := range chosen {
		p := &next[half+c]
		switch {
		case n < d.Leavers:
			gone[p.Number] = true
		case n < d.Leavers+d.Updated:
			p.Last += "son"
		default:
			p.Department = (p.Department + 5) % len(departments) // always another area as well
		}
	}
	next = slices.DeleteFunc(next, func(p Person) bool { return gone[p.Number] })
	for i := range d.Joiners {
		p := person(r, len(people)+i)
		p.FirstDay, p.LastDay = "2001-04-02", ""
		next = append(next, p)
	}
	d.People = next
	return d
}
