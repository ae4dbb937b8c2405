package campaign

import (
	"testing"
	"time"
)

// What follows from the context of an item, fact by fact: each line changes what is needed for its word and nothing else.
func TestWeigh(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ago := func(days int) int64 { return now.AddDate(0, 0, -days).UnixMicro() }
	person := &subject{moved: ago(30), peers: 10}
	for _, c := range []struct {
		name                string
		i                   item
		others              Verdicts
		noBatch             bool
		class, advice, rank int
		kept                bool
	}{
		{name: "a membership that most peers have, settled", i: item{kinds: BitMembership, since: ago(20), shown: 80}, class: Decide, advice: adviseKeep, rank: 20},
		{name: "the same for long", i: item{kinds: BitMembership, since: ago(100), shown: 80}, class: Fine, advice: adviseKeep, rank: 20},
		{name: "the same, line by line", i: item{kinds: BitMembership, since: ago(100), shown: 80}, noBatch: true, class: Decide, advice: adviseKeep, rank: 20},
		{name: "the same, of high risk", i: item{kinds: BitMembership, since: ago(100), shown: 80, risk: 2}, class: Decide, advice: adviseKeep, rank: 420},
		{name: "kept when it was last reviewed", i: item{kinds: BitMembership, since: ago(20), shown: 80, past: PastKept, reviewed: ago(10)}, class: Fine, advice: adviseKeep},
		{name: "the same, of what few hold", i: item{kinds: BitMembership, since: ago(20), shown: 9, past: PastKept, reviewed: ago(10)}, class: Decide, rank: 41},
		{name: "the same, of what some hold", i: item{kinds: BitMembership, since: ago(20), shown: 20, past: PastKept, reviewed: ago(10)}, class: Decide, advice: adviseKeep, rank: 30},
		{name: "kept, but in the job before", i: item{kinds: BitMembership, since: ago(100), shown: 20, past: PastKept, reviewed: ago(40)}, class: Decide, advice: adviseRemove, rank: 180, kept: true},
		{name: "kept in this job, and carried over", i: item{kinds: BitMembership, since: ago(100), shown: 20, past: PastKept, reviewed: ago(10)}, class: Decide, advice: adviseKeep, rank: 30, kept: true},
		{name: "kept, and not used since", i: item{kinds: BitMembership, since: ago(300), shown: 80, used: ago(91), past: PastKept, reviewed: ago(10)}, class: Decide, advice: adviseRemove, rank: 70},
		{name: "removed when it was last reviewed, and back", i: item{kinds: BitMembership, since: ago(100), shown: 80, past: PastRemoved, reviewed: ago(50)}, class: Decide, advice: adviseRemove, rank: 120},
		{name: "removed, and given anew", i: item{kinds: BitMembership, since: ago(100), shown: 80, past: PastRemoved, reviewed: ago(101)}, class: Decide, rank: 70},
		{name: "removed, and put in by hand as most", i: item{shown: 60, since: never, past: PastRemoved, reviewed: ago(50)}, class: Decide, advice: adviseRemove, rank: 240},
		{name: "a rule was to be changed", i: item{kinds: BitBirthright, since: ago(100), shown: 80, past: PastChange, reviewed: ago(50)}, class: ByRule, advice: adviseKeep, rank: 20},
		{name: "most others lost it", i: item{kinds: BitMembership, since: ago(100), shown: 80}, others: Verdicts{12, 40}, class: Decide, advice: adviseRemove, rank: 70},
		{name: "most others lost it, and by rule", i: item{kinds: BitBirthright, since: ago(100), shown: 80}, others: Verdicts{12, 40}, class: ByRule, rank: 70},
		{name: "most others lost it, this was kept", i: item{kinds: BitMembership, since: ago(100), shown: 80, past: PastKept, reviewed: ago(10)}, others: Verdicts{12, 40}, class: Fine, advice: adviseKeep},
		{name: "too few others to say", i: item{kinds: BitMembership, since: ago(100), shown: 80}, others: Verdicts{0, 9}, class: Fine, advice: adviseKeep, rank: 20},
		{name: "others, of two minds", i: item{kinds: BitMembership, since: ago(100), shown: 80}, others: Verdicts{16, 36}, class: Fine, advice: adviseKeep, rank: 20},
		{name: "few peers, most with the same roles", i: item{kinds: BitRequest, since: ago(20), shown: 6, alike: 97}, class: Decide, advice: adviseKeep, rank: 3},
		{name: "half of the peers, hardly any with the same roles", i: item{kinds: BitRequest, since: ago(100), shown: 52, alike: 4}, class: Decide, advice: adviseRemove, rank: 96},
		{name: "no peers, none with the same roles", i: item{kinds: BitRequest, since: ago(100), shown: -1, alike: 8}, class: Decide, advice: adviseRemove, rank: 92},
		{name: "both say as much: the job", i: item{kinds: BitRequest, since: ago(100), shown: 80, alike: 20}, class: Fine, advice: adviseKeep, rank: 20},
		{name: "not used for long", i: item{kinds: BitMembership, since: ago(100), shown: 80, used: ago(91)}, class: Decide, advice: adviseRemove, rank: 120},
		{name: "few peers, from before the present job", i: item{kinds: BitMembership, since: ago(100), shown: 29}, class: Decide, advice: adviseRemove, rank: 171, kept: true},
		{name: "few peers, from this job", i: item{kinds: BitMembership, since: ago(20), shown: 29}, class: Decide, rank: 71},
		{name: "hardly any peer", i: item{kinds: BitMembership, since: ago(20), shown: 9}, class: Decide, advice: adviseRemove, rank: 91},
		{name: "no peer at all", i: item{kinds: BitMembership, since: ago(20), shown: 0}, class: Decide, advice: adviseRemove, rank: 100},
		{name: "nobody to compare with", i: item{kinds: BitMembership, since: ago(100), shown: -1}, class: Fine, advice: adviseKeep, rank: 50},
		{name: "by rule", i: item{kinds: BitBirthright, since: ago(100), shown: 5}, class: ByRule, rank: 95},
		{name: "by rule, and in conflict", i: item{kinds: BitBirthright, since: ago(100), shown: 80, more: &more{rules: []int32{1}}}, class: Decide, advice: adviseKeep, rank: 170},
		{name: "by membership, and in conflict", i: item{kinds: BitMembership, since: ago(100), shown: 80, more: &more{rules: []int32{1}}}, class: Decide, advice: adviseRemove, rank: 170},
		{name: "without a reason", i: item{shown: 40, since: never}, class: Decide, advice: adviseRemove, rank: 160},
		{name: "without a reason, as most", i: item{shown: 60, since: never}, class: Decide, rank: 140},
		{name: "a hand-over", i: item{kinds: BitHandover, since: ago(100), shown: 80}, class: Decide, advice: adviseKeep, rank: 20},
		{name: "a login that other access needs", i: item{kinds: BitOther, since: never, shown: 80}, class: Fine, advice: adviseKeep, rank: 20},
		{name: "all at once", i: item{shown: 0, since: never, used: ago(200), risk: 3, more: &more{rules: []int32{1}}}, class: Decide, advice: adviseRemove, rank: 1000},
	} {
		i := c.i
		if i.used == 0 {
			i.used = never
		}
		if i.reviewed == 0 {
			i.reviewed = never
		}
		if i.alike == 0 {
			i.alike = -1
		}
		if i.weigh(person, now, c.others, c.noBatch); int(i.class) != c.class || int(i.advice) != c.advice || int(i.rank) != c.rank || i.kept != c.kept {
			t.Errorf("%s: class %d, advice %d, rank %d, kept %v; want %d, %d, %d, %v", c.name, i.class, i.advice, i.rank, i.kept, c.class, c.advice, c.rank, c.kept)
		}
	}
}

// Lines beyond the budget come in later waves, the risky first; what is one decision stays in one wave, and the batch is in the first.
func TestWaves(t *testing.T) {
	b := &builder{c: &Campaign{Settings: Settings{Budget: 2}}}
	items := []*item{
		{account: 1, entitlement: 1, rank: 10}, {account: 1, entitlement: 2, rank: 900},
		{account: 2, identity: 7, unit: 5, entitlement: 1, rank: 300}, {account: 3, identity: 7, unit: 5, entitlement: 9, rank: 20},
		{account: 4, entitlement: 1, class: Fine, rank: 5}, {account: 5, entitlement: 1, class: ByRule, unit: 8, rank: 15}, {account: 6, entitlement: 1, class: ByRule, unit: 8, rank: 950},
	}
	reviews := b.waves(items)
	want := []int{2, 1, 2, 2, 1, 1, 1}
	for n, w := range want {
		if got := items[n].review.wave; got != w {
			t.Errorf("item %d is in wave %d, want %d", n, got, w)
		}
	}
	if len(reviews) != 2 || reviews[0].load != 2 || reviews[0].items != 4 || reviews[1].load != 2 || reviews[1].items != 3 {
		t.Errorf("%+v %+v", reviews[0], reviews[1])
	}
}

func TestShare(t *testing.T) {
	for _, c := range [][3]int32{{0, 5, 0}, {1, 3, 33}, {2, 3, 67}, {1, 8, 13}, {7, 5, 100}} {
		if got := share100(c[0], c[1]); int32(got) != c[2] {
			t.Errorf("%d of %d: %d", c[0], c[1], got)
		}
	}
}

// What was decided about an item itself is not told as what happened to others, unless it is older than what is told.
func TestBesides(t *testing.T) {
	v := Verdicts{Kept: 12, Removed: 40}
	for _, c := range []struct {
		past int
		at   int64
		want Verdicts
	}{{0, never, v}, {PastKept, 200, Verdicts{11, 40}}, {PastRemoved, 200, Verdicts{12, 39}}, {PastChange, 200, v}, {PastKept, 99, v}} {
		if got := v.besides(c.past, c.at, 100); got != c.want {
			t.Errorf("%d at %d: %+v, want %+v", c.past, c.at, got, c.want)
		}
	}
}

// Those to whom rules and roles give the same are together, in whatever order it was read; who gets nothing, and who left, is with nobody.
func TestJoin(t *testing.T) {
	b := &builder{}
	b.groups = map[int64]int32{}
	give := func(n int32, state string, gets ...uint64) {
		p := subject{id: n, state: state}
		for _, x := range gets {
			p.gets += scatter(x)
		}
		b.people.put(n, p)
	}
	for n := range int32(3) {
		give(n, "active", 7, 8)
		give(10+n, "active", 8, 7)
		give(20+n, "active", 15)
		give(30+n, "active", 7, 8, 8)
		give(40+n, "active")
		give(50+n, "active")
	}
	give(60, "left", 7, 8)
	b.join()
	for n, want := range map[int32]int32{0: 6, 12: 6, 60: 6, 21: 3, 31: 3, 41: 0, 52: 0} {
		if got := b.people.get(n).fellows; got != want {
			t.Errorf("%d is with %d, want %d", n, got, want)
		}
	}
	if b.people.get(0).alike != b.people.get(11).alike || len(b.groups) != 1 {
		t.Errorf("%d and %d of %d groups", b.people.get(0).alike, b.people.get(11).alike, len(b.groups))
	}
}
