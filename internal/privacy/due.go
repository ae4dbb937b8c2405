package privacy

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// Due is what is over of a kind, and what was carried out last.
type Due struct {
	Kind
	Through time.Time // everything up to then is over
	N       int       // rows, or people
	Last    *time.Time
	LastN   int
	LastTo  time.Time
}

// batch is how many rows are deleted or emptied in one transaction, and rounds how many of these follow one another.
const (
	batch  = 5000
	rounds = 200
	// most is how many people are proposed, or erased by themselves, in one hour.
	most = 50
)

// whereOver is the condition that a row x of a part is over and held by nobody.
func (p *part) whereOver() string {
	whom := `true`
	if p.held != "" {
		whom = `(h.identity_id is null or h.identity_id = ` + p.held + `)`
	}
	return p.where + ` and not exists (select from legal_hold h where ` + live(`$2`) + ` and ` + whom + `)`
}

func (p *part) sql() string {
	some := ` where ctid = any(array(select x.ctid from ` + p.table + ` x where ` + p.whereOver() + ` limit $3))`
	if p.empty != "" {
		return `update ` + p.table + ` set ` + p.empty + some
	}
	return `delete from ` + p.table + some
}

func (k *Kind) through(now time.Time) time.Time { return now.AddDate(0, 0, -k.Days) }

// overPeople are the people whose time is over: $1 the instant, $2 the present. Nobody is proposed twice, nor anew within a year of a withdrawal.
const overPeople = `from identity i where i.kind = 'person' and i.state = 'left' and i.erased_at is null and i.since < $1
	and not exists (select from erasure e where e.identity_id = i.id and (e.state = 'asked' or e.state = 'withdrawn' and e.decided_at > clock_timestamp() - interval '1 year'))
	and not exists (select from legal_hold h where `

// Dues says of every kind how much is over.
func Dues(tx *db.Tx) ([]Due, error) {
	all, err := Kinds(tx)
	if err != nil {
		return nil, err
	}
	known, err := tx.Known()
	if err != nil {
		return nil, err
	}
	out := make([]Due, len(all))
	for i, k := range all { // a handful of kinds
		out[i] = Due{Kind: k, Through: k.through(known)}
		if k.Name == KindPerson {
			out[i].Through = k.through(tx.Now) // somebody left in business time; rows were written in the other
			if err := tx.QueryRow(`select count(*) `+overPeople+live(`$2`)+` and (h.identity_id is null or h.identity_id = i.id))`, out[i].Through, tx.Now).Scan(&out[i].N); err != nil {
				return nil, err
			}
		}
		for _, p := range k.parts {
			var n int
			if err := tx.QueryRow(`select count(*) from `+p.table+` x where `+p.whereOver(), out[i].Through, tx.Now).Scan(&n); err != nil {
				return nil, err
			}
			out[i].N += n
		}
	}
	return out, lastCarried(tx, out)
}

// lastCarried reads from the log what was last carried out of each kind.
func lastCarried(tx *db.Tx, all []Due) error {
	rows, err := tx.Query(`select distinct on (f.facts->>'kind') f.facts->>'kind', f.recorded_at, (f.facts->>'rows')::int, (f.facts->>'through')::timestamptz
		from (select id, recorded_at, convert_from(leaf, 'UTF8')::jsonb->'facts' facts from event where kind = 'retention.carried_out') f order by f.facts->>'kind', f.id desc`)
	if err != nil {
		return err
	}
	var kind string
	var at, to time.Time
	var n int
	_, err = pgx.ForEachRow(rows, []any{&kind, &at, &n, &to}, func() error {
		for i := range all {
			if all[i].Name == kind {
				when := at
				all[i].Last, all[i].LastN, all[i].LastTo = &when, n, to
			}
		}
		return nil
	})
	return err
}

// CarryOut deletes and empties what is over, in batches with an event each, proposes people whose time is over, and erases those whom nobody
// withdrew where compliance set that it happens by itself.
func CarryOut(ctx context.Context, d *db.DB) error {
	var all []Kind
	if err := d.Read(ctx, func(tx *db.Tx) (err error) { all, err = Kinds(tx); return err }); err != nil {
		return err
	}
	for i := range all {
		for range rounds {
			n := 0
			if err := d.Do(ctx, db.System, func(tx *db.Tx) (err error) { n, err = carryOut(tx, &all[i]); return err }); err != nil {
				return err
			}
			if n < batch {
				break
			}
		}
	}
	if err := d.Do(ctx, db.System, propose); err != nil {
		return err
	}
	return eraseAnnounced(ctx, d)
}

// carryOut deletes or empties one batch of each part of a kind, and gives the most rows that a part had.
func carryOut(tx *db.Tx, k *Kind) (int, error) {
	known, err := tx.Known()
	if err != nil {
		return 0, err
	}
	through := k.through(known)
	sum, most := 0, 0
	tables := map[string]int{}
	for _, p := range k.parts {
		n, err := tx.Exec(p.sql(), through, tx.Now, batch)
		if err != nil {
			return 0, err
		}
		if n > 0 {
			tables[p.table] = int(n)
		}
		sum, most = sum+int(n), max(most, int(n))
	}
	if sum > 0 {
		tx.Record(evidence.Event{Kind: "retention.carried_out", Facts: map[string]any{"kind": k.Name, "through": through.UTC().Format(time.RFC3339), "days": k.Days, "rows": sum, "tables": tables}})
	}
	return most, nil
}

// propose asks for the erasure of people whose time is over.
func propose(tx *db.Tx) error {
	k, err := kindOf(tx, KindPerson)
	if err != nil {
		return err
	}
	var notBefore *time.Time
	if k.Act == ActErase {
		at, err := tx.Known()
		if err != nil {
			return err
		}
		at = at.Add(Notice)
		notBefore = &at
	}
	rows, err := tx.Query(`insert into erasure (identity_id, reason, automatic, not_before, asked_by)
		select i.id, 'The time for which people are kept after they left is over.', $3, $4::timestamptz, $5 `+overPeople+live(`$2`)+` and (h.identity_id is null or h.identity_id = i.id)) order by i.since, i.id limit $6
		on conflict do nothing returning id, identity_id`, k.through(tx.Now), tx.Now, notBefore != nil, notBefore, tx.Actor.ID, most)
	if err != nil {
		return err
	}
	var id, who int
	_, err = pgx.ForEachRow(rows, []any{&id, &who}, func() error {
		tx.Record(evidence.Event{Kind: "erasure.proposed", IdentityID: who, Touches: evidence.Touches{"erasure": 1}, Facts: map[string]any{"erasure": id, "days": k.Days, "automatic": notBefore != nil}})
		return nil
	})
	return err
}

// eraseAnnounced erases those who were announced for long enough, each in a transaction of their own: what stands against one keeps nobody else.
func eraseAnnounced(ctx context.Context, d *db.DB) error {
	var who []int
	if err := d.Read(ctx, func(tx *db.Tx) error {
		k, err := kindOf(tx, KindPerson)
		if err != nil || k.Act != ActErase {
			return err
		}
		rows, err := tx.Query(`select identity_id from erasure where state = 'asked' and automatic and not_before <= clock_timestamp() order by not_before, id limit $1`, most)
		if err == nil {
			who, err = pgx.CollectRows(rows, pgx.RowTo[int])
		}
		return err
	}); err != nil {
		return err
	}
	for _, id := range who {
		err := d.Do(ctx, db.System, func(tx *db.Tx) error {
			p, v, err := locked(tx, id)
			if err != nil {
				return err
			}
			open, err := Waiting(tx, id)
			if err != nil || open == nil {
				return err
			}
			if err := refuse(tx, p); err != nil {
				return err
			}
			_, err = carry(tx, p, v, open, open.Reason)
			return err
		})
		var said *errs.Error
		if err != nil && !errors.As(err, &said) { // what stands against it is shown on the page, beside what waits
			return err
		}
	}
	return nil
}
