package campaign_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/lifecycle"
)

// planting is a generated organisation in which some access is wrong, and known to be.
type planting struct {
	r       *rand.Rand
	people  int
	held    map[[2]int]string // person and entitlement: how they came by it
	since   map[[2]int]int    // days ago
	wrong   map[[2]int]string // what was planted, and as what
	dormant map[[2]int]bool   // person and application: not signed in to for long
	moved   map[int]int       // days ago
}

const (
	departments, titles = 10, 3
	applications        = 4
	entitlements        = 240
)

// of is the department and title of a person: people come in sixteens of the same.
func of(person int) (department, title int) {
	return person % departments, person / departments % titles
}

// usual gives what a title has as a rule: company, department, title.
func usual(department, title int) (all, some []int) {
	for k := range 3 {
		all = append(all, k)
	}
	for k := range 4 {
		all = append(all, 10+department*4+k)
	}
	for k := range 6 {
		some = append(some, 60+(department*titles+title)*6+k)
	}
	return all, some
}

// grow makes an organisation: what rules give; what a title usually has, asked for, of which some miss some; rightful specialities that hardly
// anybody else has; people who moved, and who did not sign in for long; and beside it, one in fifty, what nobody should have.
func grow(seed uint64, people int) *planting {
	p := &planting{r: rand.New(rand.NewPCG(seed, 1)), people: people, held: map[[2]int]string{}, since: map[[2]int]int{}, wrong: map[[2]int]string{}, dormant: map[[2]int]bool{}, moved: map[int]int{}}
	give := func(who, what int, how string, days int) bool {
		key := [2]int{who, what}
		if p.held[key] != "" {
			return false
		}
		p.held[key], p.since[key] = how, days
		return true
	}
	for who := range people {
		d, t := of(who)
		all, some := usual(d, t)
		for _, e := range all {
			give(who, e, "birthright", 300)
		}
		for _, e := range some {
			if p.r.IntN(10) > 0 {
				give(who, e, []string{"request", "assignment", "found"}[p.r.IntN(3)], 20+p.r.IntN(700))
			}
		}
		if p.r.IntN(10) == 0 {
			p.moved[who] = 30 + p.r.IntN(300)
		}
		if p.r.IntN(10) < 7 {
			for range 1 + p.r.IntN(4) { // a fifth of those who moved still need what they had before
				days := 20 + p.r.IntN(700)
				if m := p.moved[who]; m > 0 && p.r.IntN(5) > 0 {
					days = p.r.IntN(m)
				}
				give(who, p.r.IntN(entitlements), []string{"request", "assignment", "found"}[p.r.IntN(3)], days)
			}
		}
		for a := range applications {
			p.dormant[[2]int{who, a}] = p.r.IntN(100) < 4
		}
	}
	for n := len(p.held) / 50; n > 0; {
		who := p.r.IntN(people)
		d, t := of(who)
		other, otherTitle := (d+1+p.r.IntN(departments-1))%departments, p.r.IntN(titles)
		_, theirs := usual(other, otherTitle)
		plant := func(e int, how, as string, days int) {
			if n > 0 && give(who, e, how, days) {
				p.wrong[[2]int{who, e}] = as
				n--
			}
		}
		switch p.r.IntN(6) {
		case 0: // moved, and kept it
			if p.moved[who] == 0 {
				p.moved[who] = 30 + p.r.IntN(300)
			}
			for _, e := range theirs[:1+p.r.IntN(4)] {
				plant(e, []string{"request", "found"}[p.r.IntN(2)], "kept from the job before", p.moved[who]+20+p.r.IntN(500))
			}
		case 4: // by hand, what the own title has, in place of asking for it
			_, own := usual(d, t)
			plant(own[p.r.IntN(len(own))], "", "out of band, usual here", 0)
		case 1: // put in by hand at the target
			plant(p.r.IntN(entitlements), "", "out of band", 0)
		case 2: // asked for once, and never used since
			e := p.r.IntN(entitlements)
			plant(e, "request", "asked for once, unused", 120+p.r.IntN(600))
			p.dormant[[2]int{who, e % applications}] = true
		case 3: // has what a colleague of another title has
			_, beside := usual(d, (t+1)%titles)
			for _, e := range beside[:2+p.r.IntN(4)] {
				plant(e, "request", "like a colleague of another title", 20+p.r.IntN(500))
			}
		default: // by hand, what a good part of the department has
			_, beside := usual(d, (t+2)%titles)
			plant(beside[p.r.IntN(len(beside))], "", "out of band, usual next door", 0)
		}
	}
	return p
}

// found gives the part of what was planted that is among the first of a list of persons and entitlements.
func (p *planting) found(list [][2]int, first int) (part float64, by map[string][2]int) {
	n := 0
	by = map[string][2]int{}
	for _, as := range p.wrong {
		x := by[as]
		by[as] = [2]int{x[0], x[1] + 1}
	}
	for _, key := range list[:min(first, len(list))] {
		if as := p.wrong[key]; as != "" {
			x := by[as]
			by[as] = [2]int{x[0] + 1, x[1]}
			n++
		}
	}
	return float64(n) / float64(len(p.wrong)), by
}

// keys gives what is held, in order: a seed gives one organisation.
func (p *planting) keys() [][2]int {
	return slices.SortedFunc(maps.Keys(p.held), func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
}

// baseline lists what fewer than 30 % of the people of the same department and title hold, the rarest first.
func (p *planting) baseline() [][2]int {
	peers, held := map[[2]int]int{}, map[[3]int]int{}
	for who := range p.people {
		d, t := of(who)
		peers[[2]int{d, t}]++
	}
	for key := range p.held {
		d, t := of(key[0])
		held[[3]int{d, t, key[1]}]++
	}
	share := func(key [2]int) float64 {
		d, t := of(key[0])
		return float64(held[[3]int{d, t, key[1]}]) / float64(peers[[2]int{d, t}])
	}
	out := slices.DeleteFunc(p.keys(), func(key [2]int) bool { return share(key) >= 0.3 })
	p.r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] }) // ties come by chance
	slices.SortStableFunc(out, func(a, b [2]int) int {
		switch x, y := share(a), share(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return out
}

// live puts the organisation into a database, as read once, and gives what a review of everybody shows, in its order.
func (p *planting) live(t *testing.T) (shown [][2]int) {
	d := dbtest.New(t)
	owner := dbtest.Owner(t, d)
	do := func(sql string, args ...any) {
		t.Helper()
		if _, err := owner.Exec(t.Context(), sql, args...); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	load := func(table string, columns []string, rows [][]any) {
		t.Helper()
		if _, err := owner.CopyFrom(t.Context(), pgx.Identifier{table}, columns, pgx.CopyFromRows(rows)); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
	}
	const boss, first, app, ent = 100000, 1, 1001, 10001 // ids; everybody reports to one who holds nothing
	do(`set session_replication_role = replica`)
	var people, entries, jobs, versions, accounts, links, seen, observed, reasons [][]any
	now := time.Now()
	for who := range p.people + 1 {
		id := who + first
		var manager any = boss
		if who == p.people {
			id, manager = boss, nil
		}
		department, title := of(who)
		people = append(people, []any{id, "active", now.AddDate(-3, 0, 0), fmt.Sprint("Person ", id), strconv.Itoa(id), 0})
		entries = append(entries, []any{id, "active", now.AddDate(-3, 0, 0), fmt.Sprint("person ", id), strconv.Itoa(id), fmt.Sprint("Department ", department), manager})
		jobs = append(jobs, []any{id, id, 1, strconv.Itoa(id)})
		job := func(department, title int, from time.Time, to any) {
			versions = append(versions, []any{id, id, "active", now.AddDate(-3, 0, 0), "UTC", now.AddDate(-3, 0, 0), map[string]string{"department": fmt.Sprint("Department ", department), "title": fmt.Sprint("Title ", title)}, from, to, now})
		}
		began := now.AddDate(-3, 0, 0)
		if m := p.moved[who]; m > 0 {
			job((department+1)%departments, title, began, now.AddDate(0, 0, -m))
			began = now.AddDate(0, 0, -m)
		}
		job(department, title, began, pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true})
		for a := 0; a < applications && who < p.people; a++ {
			acc := id*applications + a
			accounts = append(accounts, []any{acc, app + a, strconv.Itoa(acc), fmt.Sprint("person", id)})
			links = append(links, []any{acc, id, now.AddDate(-1, 0, 0)})
			last := now.AddDate(0, 0, -p.r.IntN(30))
			if p.dormant[[2]int{who, a}] {
				last = now.AddDate(0, 0, -100-p.r.IntN(200))
			}
			seen = append(seen, []any{acc, app + a, "x", true, last})
		}
	}
	keys := p.keys()
	p.r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] }) // what is alike comes by chance
	for _, key := range keys {
		how := p.held[key]
		observed = append(observed, []any{(key[0]+first)*applications + key[1]%applications, ent + key[1], app + key[1]%applications})
		if how != "" {
			from := now.AddDate(0, 0, -p.since[key])
			reasons = append(reasons, []any{key[0] + first, ent + key[1], how, 1, from, from})
		}
	}
	load("identity", []string{"id", "state", "since", "name", "number", "key_id"}, people)
	load("identity_entry", []string{"identity_id", "state", "since", "sort_name", "number", "department", "manager_id"}, entries)
	load("employment", []string{"id", "identity_id", "source_id", "source_key"}, jobs)
	load("employment_version", []string{"employment_id", "identity_id", "status", "first_day", "zone", "starts_at", "attrs", "valid_from", "valid_to", "known_from"}, versions)
	do(`insert into portal_role (identity_id, role) values (100000, 'compliance')`)
	do(`insert into application (id, name, title, connector, mode, config, spec) overriding system value select n, 'app' || n, 'Application ' || n, 'box', 'enforce', '{}', '{}' from generate_series(1001, 1000 + $1::int) n`, applications)
	do(`insert into entitlement (id, application_id, kind, name, title) overriding system value select 10001 + n, 1001 + n % $1, 'group', 'e' || n, 'Entitlement ' || n from generate_series(0, $2::int - 1) n`, applications, entitlements)
	do(`insert into reading (id, application_id, started_at, ended_at, complete) overriding system value select n, n, now(), now(), true from generate_series(1001, 1000 + $1::int) n`, applications)
	load("account", []string{"id", "application_id", "native_id", "name"}, accounts)
	load("account_link", []string{"account_id", "identity_id", "known_from"}, links)
	load("account_seen", []string{"account_id", "reading_id", "name", "enabled", "last_sign_in"}, seen)
	load("observed", []string{"account_id", "entitlement_id", "seen_from"}, observed)
	load("reason", []string{"identity_id", "entitlement_id", "kind", "ref", "valid_from", "known_from"}, reasons)
	var c *campaign.Campaign
	if err := as(t.Context(), d, boss, "Boss", func(tx *db.Tx) (err error) {
		c = &campaign.Campaign{Title: "Everybody", Settings: campaign.Defaults, Stages: []campaign.Stage{{By: campaign.ByManager}}}
		if err = lifecycle.Campaigns.Build(tx, c); err != nil {
			return err
		}
		c, err = lifecycle.Campaigns.Start(tx, c.ID)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if c.Items != len(p.held) {
		t.Fatalf("%d items of %d", c.Items, len(p.held))
	}
	rows, err := owner.Query(t.Context(), `select identity_id - 1, entitlement_id - 10001 from campaign_item where campaign_id = $1 order by class <> 0, rank desc, id`, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var key [2]int
		if err := rows.Scan(&key[0], &key[1]); err != nil {
			t.Fatal(err)
		}
		shown = append(shown, key)
	}
	return shown
}

// Of access that was planted in generated organisations, the first tenth of what a review shows holds more than what fewer than 30 % of peers
// hold does.
func TestReviewsShowPlantedAccessFirst(t *testing.T) {
	seeds, people := 1, 480
	if n, err := strconv.Atoi(os.Getenv("TENURE_ORGANISATIONS")); err == nil {
		seeds = n
	}
	var ours, theirs float64
	for seed := range seeds {
		p := grow(uint64(seed+1), people)
		tenth := len(p.held) / 10
		a, by := p.found(p.live(t), tenth)
		b, of := p.found(p.baseline(), tenth)
		ours, theirs = ours+a/float64(seeds), theirs+b/float64(seeds)
		if testing.Verbose() {
			t.Logf("organisation %d: %d items, %d wrong; of them in the first tenth %.2f, held by less than 30 %% of peers %.2f; by kind %v, %v", seed+1, len(p.held), len(p.wrong), a, b, by, of)
		}
	}
	t.Logf("%d organisations: %.3f of what was planted is in the first tenth, %.3f by what fewer than 30 %% of peers hold", seeds, ours, theirs)
	if ours < theirs+0.05 || ours < 0.75 {
		t.Errorf("%.3f, beside %.3f", ours, theirs)
	}
}
