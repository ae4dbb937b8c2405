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
		outcome             string
		noBatch             bool
		class, advice, rank int
		kept                bool
	}{
		{name: "a membership that most peers have, settled", i: item{kinds: BitMembership, since: ago(20), shown: 80}, class: Decide, advice: adviseKeep, rank: 20},
		{name: "the same for long", i: item{kinds: BitMembership, since: ago(100), shown: 80}, class: Fine, advice: adviseKeep, rank: 20},
		{name: "the same, line by line", i: item{kinds: BitMembership, since: ago(100), shown: 80}, noBatch: true, class: Decide, advice: adviseKeep, rank: 20},
		{name: "the same, of high risk", i: item{kinds: BitMembership, since: ago(100), shown: 80, risk: 2}, class: Decide, advice: adviseKeep, rank: 420},
		{name: "kept when it was last reviewed", i: item{kinds: BitMembership, since: ago(20), shown: 80}, outcome: Keep, class: Fine, advice: adviseKeep, rank: 20},
		{name: "removed when it was last reviewed, and back", i: item{kinds: BitMembership, since: ago(100), shown: 80}, outcome: Remove, class: Decide, advice: adviseKeep, rank: 20},
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
		if i.weigh(person, now, c.outcome, c.noBatch); int(i.class) != c.class || int(i.advice) != c.advice || int(i.rank) != c.rank || i.kept != c.kept {
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
