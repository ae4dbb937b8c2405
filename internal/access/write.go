package access

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/evidence"
)

// Change is what is to be written for one person. Name gives the login name's base in an application.
type Change struct {
	Identity int
	Desire   Desire
	Effects  *Effects
	Base     func(app *catalog.Application) string
	Duties   *DutyChange
	// Touches and Facts are filled by Write for the person's event.
	Touches evidence.Touches
	Facts   Facts
}

// Empty says whether nothing would be written.
func (c *Change) Empty() bool {
	e := c.Effects
	return c.Duties.Empty() && len(c.Desire.Add)+len(c.Desire.End)+len(e.New)+len(e.Ops)+len(e.Cancel)+len(e.Retire)+len(e.Revive)+len(e.Tell) == 0
}

// Write stores the changes of any number of people, set-based, and enqueues the bells for the applications that have work.
// known is the record time, read after the locks were taken.
func Write(tx *db.Tx, cat *catalog.Catalog, changes []*Change, cause string, policyVersion int, now, known time.Time) error {
	for _, c := range changes {
		c.Touches = evidence.Touches{}
		switch allowed, err := c.Desire.attempt.Allowed(); {
		case err != nil:
			return err
		case !allowed: // weigh should have held it back
			return fmt.Errorf("the last guard denies what was to be granted to person %d: it breaks an SoD rule", c.Identity)
		}
	}
	for _, step := range []func(*db.Tx, []*Change, time.Time, time.Time) error{endReasons, addReasons, cancelOperations} {
		if err := step(tx, changes, now, known); err != nil {
			return err
		}
	}
	if err := addAccounts(tx, cat, changes, known); err != nil {
		return err
	}
	if err := tellAccounts(tx, changes, now); err != nil {
		return err
	}
	if err := addOperations(tx, changes, cause, known); err != nil {
		return err
	}
	if err := writeDuties(tx, changes, policyVersion, now); err != nil {
		return err
	}
	return addDue(tx, changes)
}

// endReasons closes what was believed and says until when it was true.
func endReasons(tx *db.Tx, changes []*Change, now, known time.Time) error {
	var ids []int64
	for _, c := range changes {
		for i := range c.Desire.End {
			r := &c.Desire.End[i]
			ids = append(ids, r.ID)
			c.Facts.Ended = append(c.Facts.Ended, factOf(r))
			c.Touches["reason"]++
			if r.ValidFrom.Before(now) {
				c.Touches["reason"]++
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Exec(`with closed as (
			update reason set known_to = $3 where id = any($1) and known_to = 'infinity' returning *)
		insert into reason (identity_id, entitlement_id, slot, param, state, kind, ref, via, policy_version, employment_id,
			valid_from, valid_to, known_from)
		select identity_id, entitlement_id, slot, param, state, kind, ref, via, policy_version, employment_id, valid_from, $2, $3
		from closed where valid_from < $2`, ids, now, known)
	return err
}

func addReasons(tx *db.Tx, changes []*Change, _, known time.Time) error {
	n := 0
	for _, c := range changes {
		k := len(c.Desire.Add)
		if k == 0 {
			continue
		}
		c.Facts.Added = slices.Grow(c.Facts.Added, k)
		for i := range c.Desire.Add {
			c.Facts.Added = append(c.Facts.Added, factOf(&c.Desire.Add[i]))
		}
		c.Touches["reason"] += k
		n += k
	}
	ci, ri := 0, 0
	return tx.Bulk("reason", []string{"identity_id", "entitlement_id", "slot", "param", "kind", "ref", "via", "policy_version",
		"employment_id", "valid_from", "valid_to", "known_from"}, n, func(_ int, row *db.Row) error {
		for ri == len(changes[ci].Desire.Add) {
			ci, ri = ci+1, 0
		}
		r := &changes[ci].Desire.Add[ri]
		ri++
		row.Int(changes[ci].Identity)
		row.Int(r.Entitlement)
		row.Text(r.Slot)
		row.Text(r.Param)
		row.Text(r.Kind)
		row.Int(r.Ref)
		row.Int(r.Via)
		row.ID(r.PolicyVersion)
		row.ID(r.Employment)
		row.Time(r.ValidFrom)
		row.Time(r.ValidTo)
		row.Time(known)
		return nil
	})
}

func cancelOperations(tx *db.Tx, changes []*Change, _, _ time.Time) error {
	var ids []int64
	owner := map[int64]*Change{}
	for _, c := range changes {
		for _, o := range c.Effects.Cancel {
			ids = append(ids, o.ID)
			owner[o.ID] = c
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := tx.Query(`update operation set state = 'cancelled' where id = any($1) and state in ('pending', 'proposed') returning id`, ids)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		c := owner[id]
		c.Touches["operation"]++
		c.Facts.Cancelled = append(c.Facts.Cancelled, id)
	}
	return rows.Err()
}

// addAccounts makes the rows of new accounts, with names that nobody else has or had.
func addAccounts(tx *db.Tx, cat *catalog.Catalog, changes []*Change, known time.Time) error {
	type row struct {
		c *Change
		h *Holding
	}
	var rows []row
	for _, c := range changes {
		for _, h := range c.Effects.New {
			rows = append(rows, row{c, h})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	first, err := tx.IDs("account", len(rows))
	if err != nil {
		return err
	}
	wishes := map[int][]catalog.Wish{}
	for i, r := range rows {
		r.h.Account = first + i
		wishes[r.h.App] = append(wishes[r.h.App], catalog.Wish{Account: r.h.Account, Base: r.c.Base(cat.Apps[r.h.App])})
	}
	apps := make([]int, 0, len(wishes))
	for app := range wishes {
		apps = append(apps, app)
	}
	sort.Ints(apps)
	names := map[int]string{}
	for _, app := range apps { // a handful of applications, each set-based
		got, err := catalog.ReserveNames(tx, app, wishes[app])
		if err != nil {
			return err
		}
		for id, n := range got {
			names[id] = n
		}
	}
	// The external id is made here and not by the column's default: with a volatile default the server writes row by row.
	if err := tx.Bulk("account", []string{"id", "application_id", "external_id", "name", "slot", "intended"}, len(rows), func(i int, row *db.Row) error {
		c, h := rows[i].c, rows[i].h
		h.Name = names[h.Account]
		c.Touches["account"]++
		c.Touches["account_link"]++
		c.Facts.Accounts = append(c.Facts.Accounts, AccountFact{h.Account, h.App})
		row.Int(h.Account)
		row.Int(h.App)
		row.NewUUID()
		row.Text(h.Name)
		row.Text(h.Slot)
		row.Bytes(c.Effects.Tell[h])
		delete(c.Effects.Tell, h)
		return nil
	}); err != nil {
		return err
	}
	return tx.Bulk("account_link", []string{"account_id", "identity_id", "known_from"}, len(rows), func(i int, row *db.Row) error {
		row.Int(rows[i].h.Account)
		row.Int(rows[i].c.Identity)
		row.Time(known)
		return nil
	})
}

// tellAccounts stores what accounts are about to be told and since when nothing wants them.
func tellAccounts(tx *db.Tx, changes []*Change, now time.Time) error {
	type told struct {
		id      int
		hash    []byte
		retired *time.Time
	}
	var ids []int
	var hashes [][]byte
	var retired []*time.Time
	for _, c := range changes {
		all := map[*Holding]*told{}
		get := func(h *Holding) *told {
			if all[h] == nil {
				all[h] = &told{id: h.Account, hash: h.Told, retired: h.Retired}
			}
			return all[h]
		}
		for h, hash := range c.Effects.Tell {
			get(h).hash = hash
		}
		for _, h := range c.Effects.Retire {
			get(h).retired = &now
		}
		for _, h := range c.Effects.Revive {
			get(h).retired = nil
		}
		for _, t := range all {
			ids, hashes, retired = append(ids, t.id), append(hashes, t.hash), append(retired, t.retired)
			c.Touches["account"]++
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Exec(`update account a set intended = v.hash, retired_at = v.retired
		from unnest($1::int[], $2::bytea[], $3::timestamptz[]) v(id, hash, retired) where a.id = v.id`, ids, hashes, retired)
	return err
}

func addOperations(tx *db.Tx, changes []*Change, cause string, known time.Time) error {
	n := 0
	work := map[int]*bell{}
	for _, c := range changes {
		n += len(c.Effects.Ops)
	}
	if n == 0 {
		return nil
	}
	first, err := tx.IDs("operation", n)
	if err != nil {
		return err
	}
	ci, oi := 0, 0
	err = tx.Bulk("operation", []string{"id", "application_id", "account_id", "identity_id", "kind", "entitlement_id", "param",
		"urgency", "cause", "state", "next_attempt_at", "created_at"}, n, func(i int, row *db.Row) error {
		for oi == len(changes[ci].Effects.Ops) {
			ci, oi = ci+1, 0
		}
		c := changes[ci]
		o := &c.Effects.Ops[oi]
		o.ID, o.Account = int64(first+i), c.Effects.On[oi].Account
		if oi == 0 {
			c.Touches["operation"] += len(c.Effects.Ops)
			c.Facts.Planned = slices.Grow(c.Facts.Planned, len(c.Effects.Ops))
		}
		oi++
		c.Facts.Planned = append(c.Facts.Planned, OperationFact{o.ID, o.Account, o.Kind, o.Entitlement})
		if o.State == "pending" {
			ring(work, o)
		}
		row.Big(o.ID)
		row.Int(o.Application)
		row.Int(o.Account)
		row.Int(o.Identity)
		row.Text(o.Kind)
		row.ID(o.Entitlement)
		row.Text(o.Param)
		row.Small(o.Urgency)
		row.Text(cause)
		row.Text(o.State)
		row.Time(known)
		row.Time(known)
		return nil
	})
	if err != nil {
		return err
	}
	return enqueueBells(tx, work)
}

// addDue notes when these people must be looked at again.
func addDue(tx *db.Tx, changes []*Change) error {
	var at []time.Time
	var ids []int
	for _, c := range changes {
		for _, t := range c.Effects.Reviews {
			at, ids = append(at, t), append(ids, c.Identity)
		}
	}
	return Due(tx, at, ids)
}

// Due notes that people must be looked at again at the given instants (same index).
func Due(tx *db.Tx, at []time.Time, ids []int) error {
	if len(at) == 0 {
		return nil
	}
	_, err := tx.Exec(becomeDue, at, ids)
	return err
}

const becomeDue = `insert into due (at, what, ref) select a, 'person', r from unnest($1::timestamptz[], $2::int[]) v(a, r) on conflict do nothing`

// QueueDue is Due among other statements.
func QueueDue(b *pgx.Batch, at []time.Time, ids []int) { b.Queue(becomeDue, at, ids) }
