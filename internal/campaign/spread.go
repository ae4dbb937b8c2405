package campaign

import (
	"cmp"
	"maps"
	"slices"
	"sync/atomic"

	"tenure/internal/db"
)

// share is one review to be: what one reviewer is asked about in one go.
type share struct {
	who         int32
	wave        int
	load, items int // meaningful decisions, and what they are about
	id, next    int // next: where its next item is put
}

// part is what is decided as one: everything that a unit gives a person, a rule, or one item.
type part struct{ a, b int64 }

func (i *item) part() part {
	switch {
	case i.class == ByRule:
		return part{0, i.unit}
	case i.unit != 0:
		return part{int64(i.identity), i.unit}
	}
	return part{int64(i.account), -int64(i.entitlement)}
}

// ask gives every item to a reviewer, and what exceeds the budget of one to their later waves: the risky come first. What is likely fine is one
// batch of the first wave, however large it is.
func (b *builder) ask() error {
	var without atomic.Int64
	onAll(len(b.items), func(n int) {
		i := &b.items[n]
		if i.who = b.asked(i); i.who == 0 {
			without.Add(1)
		}
	})
	if n := without.Load(); n > 0 {
		return noReviewer(int(n))
	}
	b.split()
	return nil
}

// place is an item on its way to its reviewer: how it is sorted, and where it was.
type place struct {
	shown, thing uint64
	at           int32
}

// split puts the items of each reviewer together, as reviews show them (by class, the highest rank first), and makes the reviews. Reviewers are
// independent of one another.
func (b *builder) split() {
	next := map[int32]int{} // where a reviewer's next item is put, and in the end where the next reviewer begins
	for n := range b.items {
		next[b.items[n].who]++
	}
	reviewers := slices.Sorted(maps.Keys(next))
	from := make([]int, len(reviewers))
	sum := 0
	for k, who := range reviewers {
		from[k], next[who], sum = sum, sum, sum+next[who]
	}
	places := make([]place, sum)
	b.order = make([]*item, sum)
	for n := range b.items {
		i := &b.items[n]
		places[next[i.who]] = place{uint64(i.class)<<16 | uint64(1000-i.rank), uint64(i.account)<<32 | uint64(i.entitlement), int32(n)} //nolint:gosec // ids, and a rank of at most 1000
		next[i.who]++
	}
	reviews := make([][]*share, len(reviewers))
	onAll(len(reviewers), func(k int) {
		some, of := places[from[k]:next[reviewers[k]]], b.order[from[k]:next[reviewers[k]]]
		slices.SortFunc(some, func(x, y place) int {
			return cmp.Or(cmp.Compare(x.shown, y.shown), cmp.Compare(x.thing, y.thing), cmp.Compare(x.at, y.at))
		})
		for n, p := range some {
			of[n] = &b.items[p.at]
		}
		reviews[k] = b.waves(of)
	})
	b.reviews = slices.Concat(reviews...)
}

// waves makes the reviews of one reviewer. Items that are decided as one stay together, at the place of the riskiest.
func (b *builder) waves(items []*item) []*share {
	type line struct {
		part
		rank int16
		at   *share
	}
	var reviews []*share
	review := func(wave int) *share {
		for len(reviews) < wave {
			reviews = append(reviews, &share{who: items[0].who, wave: len(reviews) + 1})
		}
		return reviews[wave-1]
	}
	at := map[part]*line{}
	var lines []*line
	for _, i := range items {
		if i.class == Fine || b.covers(i) {
			i.review = review(1)
			continue
		}
		p := i.part()
		if l := at[p]; l != nil {
			l.rank = max(l.rank, i.rank)
			continue
		}
		l := &line{part: p, rank: i.rank}
		at[p] = l
		lines = append(lines, l)
	}
	slices.SortFunc(lines, func(x, y *line) int {
		return cmp.Or(cmp.Compare(y.rank, x.rank), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
	})
	for n, l := range lines {
		l.at = review(n/b.c.Settings.Budget + 1)
		l.at.load++
	}
	for _, i := range items {
		if i.review == nil {
			i.review = at[i.part()].at
		}
		i.review.items++
	}
	return reviews
}

// store writes the reviews, and the population in the order in which reviews show it.
func (b *builder) store() error {
	c := b.c
	due := b.tx.Now.AddDate(0, 0, c.Settings.Days)
	c.DueAt, c.Items = &due, len(b.items)
	n := len(b.reviews)
	who, wave, load, items, why := make([]int32, n), make([]int, n), make([]int, n), make([]int, n), make([]string, n)
	at := make(map[[2]int]*share, n)
	for i, v := range b.reviews {
		who[i], wave[i], load[i], items[i], why[i] = v.who, v.wave, v.load, v.items, b.as[v.who]
		at[[2]int{int(v.who), v.wave}] = v
	}
	if err := b.tx.Each(`insert into campaign_review (campaign_id, stage, wave, reviewer_id, why, state, load, items, opened_at, due_at, next_at)
		select $1, 1, w.wave, w.who, w.why, case w.wave when 1 then 'open' else 'waiting' end, w.load, w.items, case w.wave when 1 then $2::timestamptz end, $3::timestamptz + make_interval(days => (w.wave - 1) * $4::int),
			case w.wave when 1 then $5::timestamptz else $2::timestamptz + make_interval(days => (w.wave - 1) * $4::int) end
		from unnest($6::int[], $7::int[], $8::int[], $9::int[], $10::text[]) w(who, wave, load, items, why) returning id, reviewer_id, wave`,
		[]any{c.ID, b.tx.Now, due, c.Settings.WaveDays, half(b.tx.Now, due), who, wave, load, items, why},
		func(r db.Binary) { at[[2]int{int(r.Int(1)), int(r.Small(2))}].id = int(r.Int(0)) }); err != nil {
		return err
	}
	b.touches["campaign_review"] += n
	return b.steps(b.storeItems, b.storePeople, b.storePast)
}

// apart is from how many items on a campaign's stand in a partition of their own; a test has few.
var apart = 50_000

// storeItems copies the population, and sums it up on the way. The items of a review stand together.
func (b *builder) storeItems() error {
	b.place()
	b.touches["campaign_item"] += len(b.items)
	if len(b.items) < apart {
		first, err := b.tx.IDs("campaign_item", len(b.items))
		if err != nil {
			return err
		}
		return b.copyItems("campaign_item", first)
	}
	var table string
	if err := b.tx.QueryRow(`select campaign_items_begin($1)`, b.c.ID).Scan(&table); err != nil {
		return err
	}
	if err := b.copyItems(table, b.c.ID<<32); err != nil {
		return err
	}
	_, err := b.tx.Exec(`select campaign_items_end($1)`, b.c.ID)
	return err
}

// place puts the items of each review together, in the order of the reviews' ids.
func (b *builder) place() {
	reviews := slices.Clone(b.reviews)
	slices.SortFunc(reviews, func(x, y *share) int { return cmp.Compare(x.id, y.id) })
	next := 0
	for _, v := range reviews {
		v.next, next = next, next+v.items
	}
	placed := make([]*item, len(b.order))
	for _, i := range b.order {
		placed[i.review.next] = i
		i.review.next++
	}
	b.order = placed
}

func (b *builder) copyItems(table string, first int) error {
	var text []byte
	return b.tx.Bulk(table, []string{"id", "identity_id", "campaign_id", "review_id", "account_id", "entitlement_id", "stage", "class", "risk", "rank", "advice", "peers", "kinds", "unit", "since", "last_used", "conflicts", "param", "kept", "past", "past_at", "alike"},
		len(b.order), func(n int, r *db.Row) error {
			i := b.order[n]
			text = i.print(text[:0])
			b.digest.add(text)
			r.Big(int64(first + n))
			r.Int(int(i.identity))
			r.Int(b.c.ID)
			r.Int(i.review.id)
			r.Int(int(i.account))
			r.Int(int(i.entitlement))
			r.Small(1)
			r.Small(int(i.class))
			r.Small(int(i.risk))
			r.Small(int(i.rank))
			r.Small(int(i.advice))
			if i.shown < 0 {
				r.Null()
			} else {
				r.Small(int(i.shown))
			}
			r.Small(int(i.kinds))
			r.Big(i.unit)
			r.Micros(i.since)
			r.Micros(i.used)
			if i.more == nil {
				r.Null()
				r.Text("")
			} else {
				r.Ints(i.more.rules)
				r.Text(i.more.param)
			}
			r.Bool(i.kept)
			if i.past == 0 {
				r.Null()
				r.Null()
			} else {
				r.Small(int(i.past))
				r.Micros(i.reviewed)
			}
			if i.alike < 0 {
				r.Null()
			} else {
				r.Small(int(i.alike))
			}
			return nil
		})
}

// storePeople keeps what was known of those whose access is reviewed, and how much each reading showed.
func (b *builder) storePeople() error {
	seen := map[int32]int{}
	var people []*subject
	for n := range b.items {
		i := &b.items[n]
		if e := b.entitlements.get(i.entitlement); e != nil {
			seen[e.application]++
		}
		if p := b.people.get(i.identity); p != nil && !p.listed {
			p.listed = true
			people = append(people, p)
		}
	}
	slices.SortFunc(people, func(x, y *subject) int { return cmp.Compare(x.id, y.id) })
	b.touches["campaign_person"] += len(people)
	if err := b.tx.Bulk("campaign_person", []string{"campaign_id", "identity_id", "state", "department", "location", "worker_type", "manager_id", "peers", "alike"}, len(people), func(n int, r *db.Row) error {
		p := people[n]
		r.Int(b.c.ID)
		r.Int(int(p.id))
		r.Text(p.state)
		r.Text(p.department)
		r.Text(p.location)
		r.Text(p.workerType)
		r.ID(int(p.manager))
		r.Int(int(p.peers))
		r.Int(int(p.fellows))
		return nil
	}); err != nil {
		return err
	}
	apps, counts := make([]int32, 0, len(seen)), make([]int, 0, len(seen))
	for a, n := range seen {
		apps, counts = append(apps, a), append(counts, n)
	}
	return b.exec("campaign_reading", `update campaign_reading r set items = n.n from unnest($2::int[], $3::int[]) n(application_id, n) where r.campaign_id = $1 and r.application_id = n.application_id`, b.c.ID, apps, counts)
}
