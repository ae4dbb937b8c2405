package campaign

import (
	"time"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// item is one line of the population with its context, before it is stored.
type item struct {
	account, identity, entitlement int32
	who                            int32 // is asked
	unit                           int64 // what is decided as one with it
	since, used                    int64
	reviewed                       int64 // when it was last
	rank, shown, kinds             int16 // shown: how many in a hundred of those compared with hold it; -1: too few to say
	alike                          int16 // the same of those to whom rules and roles give the same
	risk, class, advice, past      int8
	kept                           bool
	more                           *more
	review                         *share
}

// more is what few items have.
type more struct {
	param string
	rules []int32
}

// What is advised.
const (
	adviseKeep   = 1
	adviseRemove = 2
)

// seen is one row of what the readings show, with when it was last reviewed.
type seen struct {
	account, entitlement int32
	param                string
	reviewed             int64
	past                 int8
}

// readObserved reads what the last complete readings show, counts who holds what among those who are compared, and weighs what is in scope. It
// reads the rows once, and looks up what is known of one while the next ones come; what it keeps of one is an item of about a hundred bytes.
func (b *builder) readObserved() error {
	columns, join, reviewed := "", "", false
	if err := b.tx.QueryRow(`select exists (select from campaign_last)`).Scan(&reviewed); err != nil {
		return err
	}
	if reviewed {
		columns, join = ", b.at, case when b.answered then b.outcome else '' end", " left join campaign_last b on b.account_id = o.account_id and b.entitlement_id = o.entitlement_id and b.param = o.param"
	}
	some := []int32{}
	if !b.everybody() {
		some = append(some, b.accounts.ids...)
	}
	holders := make(map[pair]int32, b.reasons.n/2)
	b.items = make([]item, 0, b.reasons.n*5/4) // some is held without a reason
	next, end := behind(func(s *seen) {
		a, e := b.accounts.get(s.account), b.entitlements.get(s.entitlement)
		if a == nil || e == nil {
			return
		}
		if a.who.counts() {
			holders[pairOf(a.who.group, s.entitlement)]++
			if a.who.fellows >= enough {
				holders[pairOf(a.who.alike, s.entitlement)]++
			}
		}
		if a.of != 0 && (a.who == nil || !a.who.chosen) {
			return
		}
		if i, ok := b.take(s, a, e); ok {
			i.reviewed, i.past = s.reviewed, s.past
			b.items = append(b.items, i)
		}
	})
	err := b.tx.Each(`select o.account_id, o.entitlement_id, o.param`+columns+` from observed o
		join (select e.id, r.reading_id from campaign_reading r join entitlement e on e.application_id = r.application_id where r.campaign_id = $1 and (cardinality($2::int[]) = 0 or e.id = any($2))) e on e.id = o.entitlement_id`+join+`
		where o.seen_from <= e.reading_id and (o.seen_to is null or o.seen_to > e.reading_id) and ($3 or o.account_id = any($4))`,
		[]any{b.c.ID, list(b.c.Scope.Entitlements), b.everybody(), some}, func(r db.Binary) {
			s := seen{account: r.Int(0), entitlement: r.Int(1), param: r.Text(2), reviewed: never}
			if reviewed {
				s.reviewed, s.past = r.Micros(3), pastOf(r.Text(4))
			}
			next(s)
		})
	end()
	if err != nil {
		return err
	}
	if reviewed {
		if err := b.readPast(); err != nil {
			return err
		}
	}
	year := b.tx.Now.AddDate(-1, 0, 0).UnixMicro()
	onAll(len(b.items), func(n int) {
		i := &b.items[n]
		p := b.people.get(i.identity)
		if p != nil && p.peers >= enough {
			i.shown = share100(holders[pairOf(p.group, i.entitlement)], p.peers)
		}
		if p != nil && p.fellows >= enough && i.kinds&given == 0 {
			i.alike = share100(holders[pairOf(p.alike, i.entitlement)], p.fellows)
		}
		i.weigh(p, b.tx.Now, b.past[int(i.entitlement)].besides(int(i.past), i.reviewed, year), b.c.Settings.NoBatch)
	})
	return nil
}

// enough is how many there have to be to be compared with.
const enough = 5

// given is what rules and roles give: everybody to whom they give the same has it, so that says nothing about whether it is right.
const given = BitBirthright | BitMembership

// share100 is how many in a hundred of n people held are, rounded.
func share100(held, n int32) int16 {
	return int16(min(100, (200*int64(held)+int64(n))/(2*int64(n)))) //nolint:gosec // at most 100
}

// take makes an item of what is seen, when it is in scope. A login that is there because other access needs it (kinds BitOther) goes with that
// access and stays with it: it is nothing to decide line by line.
func (b *builder) take(s *seen, a *login, e *held) (item, bool) {
	scope := &b.c.Scope
	i := item{account: s.account, identity: a.of, entitlement: s.entitlement, used: a.used, since: never, reviewed: never, shown: -1, alike: -1, risk: int8(e.risk)} //nolint:gosec // 0 to 3
	at := pairOf(a.of, s.entitlement)
	w, rules := b.reasons.get(at), b.conflicts[at]
	switch {
	case w == nil && e.login && a.managed:
		i.kinds = BitOther
	case w != nil:
		i.kinds, i.since = w.kinds, w.since
		if w.kinds == BitBirthright || w.alone && (w.kinds == BitRequest || w.kinds == BitMembership) {
			i.unit = int64(w.kinds)<<32 | int64(w.ref)
		}
	}
	out := scope.Privileged && e.risk < 2 || scope.Conflicts && rules == nil || len(scope.Roles) > 0 && (w == nil || !w.role) ||
		scope.Dormant > 0 && (a.used == never || a.used >= days(b.tx.Now, scope.Dormant)) ||
		scope.Unreviewed > 0 && s.reviewed != never && s.reviewed >= days(b.tx.Now, scope.Unreviewed) ||
		scope.OutOfBand && i.kinds != 0 || scope.NotByRule && (i.kinds&BitBirthright != 0 || i.kinds == BitOther) || scope.Memberships && i.kinds&(BitRequest|BitMembership) == 0
	if s.param != "" || rules != nil {
		i.more = &more{s.param, rules}
	}
	return i, !out
}

// DormantAfter is after how many days without signing in an account is dormant, and how long access is there before it is settled.
const DormantAfter = 90

// days is the instant so many days before another.
func days(now time.Time, n int) int64 { return now.AddDate(0, 0, -n).UnixMicro() }

// weigh says what follows from the context of an item: its class, what is advised and what is looked at first. It is pure. others is what
// was decided about others who held it.
func (i *item) weigh(p *subject, now time.Time, others Verdicts, noBatch bool) {
	old, was := days(now, DormantAfter), i.before(p, others)
	best := i.best()
	dormant := i.used != never && i.used < old
	broken := i.more != nil && i.more.rules != nil
	settled := i.kinds == BitOther
	switch {
	case i.past != 0:
		settled = i.past == PastKept
	case i.since != never:
		settled = i.since < old
	}
	// From before the present job, and few of those compared with hold it: carried over.
	i.kept = i.kinds != BitBirthright && i.since != never && p != nil && i.since < p.moved && i.shown >= 0 && i.shown < 30
	ruled, carried := i.kinds == BitBirthright, i.kept && !was.kept
	switch { // that few hold it is known to whoever kept it in the present job
	case i.kinds == 0 && best < 50, !ruled && (dormant || broken || was.back || was.against || best < 10 && !was.kept), carried:
		i.advice = adviseRemove
	case i.kinds != 0 && !was.back && !was.again && !was.against && (best >= 50 || was.kept && best >= 10):
		i.advice = adviseKeep
	}
	switch {
	case ruled && !broken:
		i.class = ByRule
	case !noBatch && i.risk < 2 && !broken && i.kinds != 0 && i.kinds != BitHandover && !dormant && !was.against && best >= 50 && settled:
		i.class = Fine
	}
	rank := int16(i.risk)*200 + 100 - best
	for _, x := range []struct {
		so bool
		n  int16
	}{{broken, 150}, {i.kinds == 0, 100}, {dormant, 100}, {carried, 100}, {was.back, 100}, {was.again, 50}, {was.against, 50}, {was.kept, -50}} {
		if x.so {
			rank += x.n
		}
	}
	i.rank = max(0, min(1000, rank))
}

// best is how many in a hundred hold it of those whose part says more: the one further from half. Where there are too few to compare with, nothing
// speaks for it and nothing against.
func (i *item) best() int16 {
	far := func(share int16) int16 { return max(share-50, 50-share) }
	switch {
	case i.alike >= 0 && (i.shown < 0 || far(i.alike) > far(i.shown)):
		return i.alike
	case i.shown >= 0:
		return i.shown
	}
	return 50
}

// noReviewer says that some items have nobody who could be asked about them.
func noReviewer(n int) error {
	return errs.Conflict("nobody can be asked about %d of the items: name somebody else, or give compliance to another person", n)
}

// half is when half of a time is over.
func half(from, to time.Time) time.Time { return from.Add(to.Sub(from) / 2) }
