package backtest

import (
	"slices"
	"sort"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
)

// clocks tells the business time of what was recorded. In a live database the two are the same; where the clock is or was moved by hand,
// what was recorded belongs to the HR reading that was loaded last before.
type clocks struct{ loaded, effective []time.Time }

// skew is from how far apart on the two clocks of a reading are not the same.
const skew = time.Hour

func readClocks(tx *db.Tx) (*clocks, error) {
	c := &clocks{}
	if tx.Kind == "live" {
		return c, nil
	}
	rows, err := tx.Query(`select loaded_at, effective_at from snapshot where state = 'applied' order by loaded_at, id`)
	if err != nil {
		return nil, err
	}
	var loaded, effective time.Time
	_, err = pgx.ForEachRow(rows, []any{&loaded, &effective}, func() error {
		c.loaded, c.effective = append(c.loaded, loaded), append(c.effective, effective)
		return nil
	})
	return c, err
}

func (c *clocks) business(recorded time.Time) time.Time {
	i := sort.Search(len(c.loaded), func(i int) bool { return c.loaded[i].After(recorded) }) - 1
	if i < 0 || recorded.Equal(db.Forever) || c.loaded[i].Sub(c.effective[i]).Abs() < skew {
		return recorded
	}
	return c.effective[i]
}

// recorded gives an instant of record time before which nothing belongs to what came after a business time.
func (c *clocks) recorded(business time.Time) time.Time {
	out := business
	for i := range c.loaded {
		if c.effective[i].After(business) && c.loaded[i].Before(out) {
			out = c.loaded[i]
		}
	}
	return out
}

// concerned gives the people about whom something changed in the time, ascending.
func concerned(tx *db.Tx, c *clocks, since, until time.Time) ([]int, error) {
	var ids []int
	err := tx.Whole(func() error {
		rows, err := tx.Query(`select identity_id from employment_version where known_from > $3 or known_to > $3 and known_to < 'infinity'
				or valid_from > $1 and valid_from <= $2 or starts_at > $1 and starts_at <= $2 or ends_at > $1 and ends_at <= $2
			union select identity_id from role_member where coalesce(made_on, made_at) > $1 or coalesce(ended_on, ended_at) > $1 or valid_from > $1 and valid_from <= $2 or valid_to > $1 and valid_to <= $2
			union select beneficiary_id from request_item where from_at is not null and (decided_at > $1 or ended_on > $1 or from_at > $1 and from_at <= $2 or to_at > $1 and to_at <= $2)
			union select identity_id from exception where valid_from > $1 or coalesce(ended_on, ended_at) > $1 or valid_to > $1 and valid_to <= $2
			union select id from identity where kind = 'person' and (locked_at > $1 or unlocked_by is not null)
			union select identity_id from reason where kind = 'found' and (valid_from > $1 or valid_to > $1 and valid_to <= $2)`, since, until, c.recorded(since))
		if err != nil {
			return err
		}
		if ids, err = pgx.CollectRows(rows, pgx.RowTo[int]); err != nil {
			return err
		}
		ids, err = notErased(tx, ids)
		return err
	})
	slices.Sort(ids)
	return ids, err
}

// notErased leaves out people who were erased: what rules ask of is not known of them any more.
func notErased(tx *db.Tx, ids []int) ([]int, error) {
	rows, err := tx.Query(`select id from identity where id = any($1) and erased_at is null`, ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int])
}

// read gives the histories of these people, in their order. The number of queries does not depend on how many they are.
func read(tx *db.Tx, c *clocks, ids []int, since time.Time) ([]*lifecycle.History, error) {
	all, by := make([]*lifecycle.History, len(ids)), make(map[int]*lifecycle.History, len(ids))
	for i, id := range ids {
		all[i] = &lifecycle.History{Person: id}
		by[id] = all[i]
	}
	for _, part := range []func() error{
		func() error { return readVersions(tx, c, ids, by) },
		func() error { return readReasons(tx, ids, since, by) },
		func() error { return readDecisions(tx, ids, by) },
		func() error { return readRequests(tx, ids, by) },
		func() error { return readLocks(tx, ids, by) },
	} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func readVersions(tx *db.Tx, c *clocks, ids []int, by map[int]*lifecycle.History) error {
	rows, err := tx.Query(`select id, employment_id, identity_id, status, starts_at, ends_at, attrs, valid_from, valid_to, known_from, known_to
		from employment_version where identity_id = any($1) order by identity_id, employment_id, valid_from`, ids)
	if err != nil {
		return err
	}
	for rows.Next() {
		var v identity.Version
		var ends, validTo, knownTo pgtype.Timestamptz
		var from time.Time
		if err := rows.Scan(&v.ID, &v.Employment, &v.Identity, &v.Status, &v.StartsAt, &ends, &v.Attrs, &v.ValidFrom, &validTo, &from, &knownTo); err != nil {
			return err
		}
		v.EndsAt, v.ValidTo = db.Time(ends), db.Time(validTo)
		b := lifecycle.Believed{Version: v, From: c.business(from), To: c.business(db.Time(knownTo))}
		if b.To.After(b.From) { // what was corrected at once never counted
			by[v.Identity].Versions = append(by[v.Identity].Versions, b)
		}
	}
	return rows.Err()
}

// readReasons reads what people held when the time begins, with the ends that were known then: a reason begins when it is decided, and its
// first row says until when it was to last. What somebody accepted is read for the whole time.
func readReasons(tx *db.Tx, ids []int, since time.Time, by map[int]*lifecycle.History) error {
	rows, err := tx.Query(`select identity_id, entitlement_id, slot, param, kind, ref, via, coalesce(policy_version, 0), coalesce(employment_id, 0), valid_from,
			(array_agg(valid_to order by known_from, id))[1], max(valid_to) filter (where known_to = 'infinity')
		from reason where identity_id = any($1) and state = 'live' and (valid_from <= $2 or kind = 'found')
		group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 having max(valid_to) filter (where known_to = 'infinity') > $2 order by 1, min(id)`, ids, since)
	if err != nil {
		return err
	}
	for rows.Next() {
		var r access.Reason
		var planned, really pgtype.Timestamptz
		if err := rows.Scan(&r.Identity, &r.Entitlement, &r.Slot, &r.Param, &r.Kind, &r.Ref, &r.Via, &r.PolicyVersion, &r.Employment, &r.ValidFrom, &planned, &really); err != nil {
			return err
		}
		h := by[r.Identity]
		if r.Kind == access.Found {
			r.ID, r.ValidTo = -1, db.Time(really)
			h.Found = append(h.Found, r)
			continue
		}
		r.ValidTo = db.Time(planned)
		h.Reasons = append(h.Reasons, r)
	}
	return rows.Err()
}

// readDecisions reads memberships and exceptions.
func readDecisions(tx *db.Tx, ids []int, by map[int]*lifecycle.History) error {
	rows, err := tx.Query(`select true, identity_id, role_id, param, valid_from, valid_to, coalesce(made_on, least(made_at, valid_from)), coalesce(ended_on, ended_at, 'infinity') from role_member where identity_id = any($1)
		union all select false, identity_id, rule_id, '', valid_from, valid_to, valid_from, coalesce(ended_on, ended_at, 'infinity') from exception where identity_id = any($1)
		order by 2, 7, 3, 4`, ids)
	if err != nil {
		return err
	}
	for rows.Next() {
		var member bool
		var who, of int
		var param string
		var from, made time.Time
		var until, done pgtype.Timestamptz
		if err := rows.Scan(&member, &who, &of, &param, &from, &until, &made, &done); err != nil {
			return err
		}
		h, to, ended := by[who], db.Time(until), db.Time(done)
		if member {
			h.Members = append(h.Members, lifecycle.Joined{Membership: lifecycle.Membership{Role: of, Param: param, From: from, To: to}, Made: made, Ended: ended})
			continue
		}
		if ended.Before(to) {
			to = ended
		}
		h.Exceptions = append(h.Exceptions, lifecycle.Period{Rule: of, From: from, To: to})
	}
	return rows.Err()
}

// readRequests reads what was asked for and granted. What another request took the place of ended when that one was granted.
func readRequests(tx *db.Tx, ids []int, by map[int]*lifecycle.History) error {
	rows, err := tx.Query(`select i.beneficiary_id, i.id, coalesce(i.role_id, 0), i.param, i.entitlements, i.from_at, i.to_at, i.decided_at, least(i.ended_on, i.to_at),
			i.request_id, r.asked_at, i.act, i.offer_id, i.level, coalesce(i.replaces, 0)
		from request_item i join request r on r.id = i.request_id where i.beneficiary_id = any($1) and i.state in ('granted', 'ended') order by i.beneficiary_id, i.decided_at, i.id`, ids)
	if err != nil {
		return err
	}
	for rows.Next() {
		var who int
		var m lifecycle.Joined
		var a lifecycle.Asked
		if err := rows.Scan(&who, &m.Item, &m.Role, &m.Param, &m.Entitlements, &m.From, &m.To, &m.Made, &m.Ended, &a.Request, &a.At, &a.Act, &a.Offer, &a.Level, &a.Replaces); err != nil {
			return err
		}
		m.Asked = &a
		h := by[who]
		for i := range h.Members {
			if old := &h.Members[i]; old.Item == a.Replaces && old.Item != 0 && !old.Ended.Before(m.Made) {
				old.Ended = m.Made
			}
		}
		h.Members = append(h.Members, m)
	}
	return rows.Err()
}

// readLocks reads from the log while who was terminated: their rows say only whether they are now.
func readLocks(tx *db.Tx, ids []int, by map[int]*lifecycle.History) error {
	rows, err := tx.Query(`select e.identity_id, e.kind = 'person.locked', e.effective_at from identity i join event e on e.identity_id = i.id and e.kind in ('person.locked', 'person.unlocked')
		where i.id = any($1) and (i.locked_at is not null or i.unlocked_by is not null) order by e.identity_id, e.id`, ids)
	if err != nil {
		return err
	}
	var who int
	var locked bool
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&who, &locked, &at}, func() error {
		h := by[who]
		switch n := len(h.Locks); {
		case locked:
			h.Locks = append(h.Locks, lifecycle.Period{From: at, To: db.Forever})
		case n > 0:
			h.Locks[n-1].To = at
		}
		return nil
	})
	return err
}
