package campaign

import (
	"tenure/internal/db"
)

// countedMost is up to how many entries of the readings a count makes the items that they are; of more it counts the entries. countedFor is how
// long one of its statements lasts at most, in milliseconds.
var countedMost = 100_000

const countedFor = "5000"

// Count is what a campaign would ask that is not stored: enough to see while its scope is written whether it is the right one.
type Count struct {
	Items, People int
	// Fast says that the entries of the readings were counted: there are too many to make the items that they are, and so nothing is known of
	// reviewers. AtMost says that the scope narrows them further, by what the readings do not show: reasons, roles, SoD rules, reviews.
	Fast, AtMost bool
	TooLong      bool // it took too long: nothing is known
	Lines        int  // meaningful decisions
	Reviewers    int
	Worst        Load // of whoever has most
	NotRead      []string
}

// Count counts what starting a campaign would ask: it builds it, reads as the start does, stores none of its items, and takes everything back.
func (s *Service) Count(tx *db.Tx, c *Campaign) (*Count, error) {
	var n Count
	err := tx.Try(func() error {
		if _, err := tx.Exec(`select set_config('statement_timeout', $1, true)`, countedFor); err != nil {
			return err
		}
		draft := *c
		if draft.Title == "" {
			draft.Title = "counted" // it is asked for when it is stored
		}
		if err := s.Build(tx, &draft); err != nil {
			return err
		}
		b, err := prepare(tx, &draft)
		if err != nil {
			return err
		}
		if err := b.run(func() error { return n.of(b) }); err != nil {
			return err
		}
		return db.ErrRollback
	})
	if db.TooLong(err) && tx.Ctx.Err() == nil {
		return &Count{TooLong: true}, nil
	}
	return &n, err
}

func (n *Count) of(b *builder) error {
	if err := b.enter(); err != nil {
		return err
	}
	n.NotRead = b.uncover
	if !b.c.Scope.Definitions && b.everybody() {
		entries := 0
		if err := b.tx.QueryRow(`select count(*) from (select `+entriesSQL+` limit $3) x`, b.c.ID, list(b.c.Scope.Entitlements), countedMost+1).Scan(&entries); err != nil {
			return err
		}
		if entries > countedMost {
			return n.fast(b)
		}
	}
	if err := b.plan(); err != nil {
		return err
	}
	people := map[int32]bool{}
	for i := range b.items {
		if who := b.items[i].identity; who != 0 {
			people[who] = true
		}
	}
	n.Items, n.People = len(b.items), len(people)
	all := make([]*Review, len(b.reviews))
	for i, v := range b.reviews {
		n.Lines += v.load
		all[i] = &Review{Reviewer: int(v.who), Why: b.as[v.who], Wave: v.wave, Load: v.load, Items: v.items}
	}
	loads := Loads(all)
	if n.Reviewers = len(loads); n.Reviewers == 0 {
		return nil
	}
	n.Worst = loads[0]
	return b.tx.QueryRow(`select name, public_id::text from identity where id = $1`, n.Worst.Reviewer).Scan(&n.Worst.Name, &n.Worst.Ref)
}

// entriesSQL are the entries of the readings of a campaign ($1), of some entitlements ($2).
const entriesSQL = `from campaign_reading r join entitlement e on e.application_id = r.application_id and (cardinality($2::int[]) = 0 or e.id = any($2)) join observed o on o.entitlement_id = e.id
	where r.campaign_id = $1 and o.seen_from <= r.reading_id and (o.seen_to is null or o.seen_to > r.reading_id)`

// fast counts the entries of the readings, as far as the readings, the catalogue and the directory say what is in scope.
func (n *Count) fast(b *builder) error {
	s := &b.c.Scope
	n.Fast, n.AtMost = true, s.Conflicts || s.OutOfBand || s.NotByRule || s.Memberships || s.Unreviewed > 0 || len(s.Roles) > 0
	return b.tx.QueryRow(`with recursive `+belowSQL+` select count(*), count(distinct l.identity_id)
		from campaign_reading r join entitlement e on e.application_id = r.application_id and (cardinality($8::int[]) = 0 or e.id = any($8)) join observed o on o.entitlement_id = e.id
			join account a on a.id = o.account_id and a.kind = 'person' left join account_link l on l.account_id = a.id and l.known_to = 'infinity' left join account_seen n on n.account_id = a.id
			left join identity_entry p on p.identity_id = l.identity_id
		where r.campaign_id = $7 and o.seen_from <= r.reading_id and (o.seen_to is null or o.seen_to > r.reading_id)
			and case when $9 then l.identity_id is null else `+chosenSQL+` and p.identity_id is not null end
			and (not $10 or coalesce(array_position(array['low', 'medium', 'high', 'critical'], e.risk) - 1, case when e.privileged then 2 else 0 end) >= 2)
			and ($11::int = 0 or n.last_sign_in < $1::timestamptz - make_interval(days => $11))`,
		b.args(b.c.ID, list(s.Entitlements), s.Orphans, s.Privileged, s.Dormant)...).Scan(&n.Items, &n.People)
}
