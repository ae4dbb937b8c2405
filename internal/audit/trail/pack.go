package trail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// perRead is how many events are read and proven at a time: whole blocks of the tree.
const perRead = 16 * evidence.Width

// WritePack writes a pack of the events that the query holds for, up to the checkpoint of a size; 0 takes the last one that a witness signed,
// or the last one. It gives the size. The same query at the same size gives the same bytes, as long as no other witness signs it.
func WritePack(ctx context.Context, d *db.DB, w io.Writer, q evidence.Query, size int64) (int64, error) {
	var p evidence.Pack
	err := d.Read(ctx, func(tx *db.Tx) error {
		if err := packHead(tx, &p, size); err != nil {
			return err
		}
		p.Query = q
		if p.Query.From != nil {
			at := p.Query.From.UTC()
			p.Query.From = &at
		}
		if p.Query.To != nil {
			at := p.Query.To.UTC()
			p.Query.To = &at
		}
		sql, args := where(q, p.Checkpoint.Size)
		if err := tx.QueryRow(`select count(*) `+sql, args...).Scan(&p.Query.Events); err != nil {
			return err
		}
		return evidence.WritePack(w, p, func(do func(evidence.Entry) error) error { return entries(tx, q, p.Checkpoint.Size, do) })
	})
	return p.Checkpoint.Size, err
}

// Head is the head of the log that a pack leads to.
type Head struct {
	Origin string
	Size   int64
	Root   string
	Sealed time.Time
}

// WriteReport writes a pack with a report, up to the checkpoint of a size; 0 takes the last one. make gives the files for the head and the
// numbers of the events on which they rest; those after the head are left out.
func WriteReport(tx *db.Tx, w io.Writer, size int64, make func(Head) ([]evidence.ReportFile, []int64, error)) (Head, error) {
	var h Head
	if size == 0 {
		if err := tx.QueryRow(`select coalesce(max(size), -1) from checkpoint`).Scan(&size); err != nil {
			return h, err
		}
	}
	var p evidence.Pack
	if err := packHead(tx, &p, size); err != nil {
		return h, err
	}
	h = Head{Origin: p.Checkpoint.Origin, Size: p.Checkpoint.Size, Root: p.Checkpoint.Root.String()}
	if err := tx.QueryRow(`select sealed_at from checkpoint where size = $1`, size).Scan(&h.Sealed); err != nil {
		return h, err
	}
	files, numbers, err := make(h)
	if err != nil {
		return h, err
	}
	p.Reports, p.Query.Listed = files, true
	for _, n := range slices.Compact(slices.Sorted(slices.Values(numbers))) {
		if n >= 0 && n < h.Size {
			p.Query.Numbers = append(p.Query.Numbers, n)
		}
	}
	sql, args := where(p.Query, h.Size)
	if err := tx.QueryRow(`select count(*) `+sql, args...).Scan(&p.Query.Events); err != nil {
		return h, err
	}
	return h, evidence.WritePack(w, p, func(do func(evidence.Entry) error) error { return entries(tx, p.Query, h.Size, do) })
}

// packHead reads the checkpoint with what witnesses signed, and the keys.
func packHead(tx *db.Tx, p *evidence.Pack, size int64) error {
	if size == 0 {
		if err := tx.QueryRow(`select coalesce((select max(size) from anchor where signed is not null), (select max(size) from checkpoint), 0)`).Scan(&size); err != nil {
			return err
		}
	}
	err := tx.QueryRow(`select note from checkpoint where size = $1`, size).Scan(&p.Signed)
	if errors.Is(err, pgx.ErrNoRows) {
		return errs.NotFound("the log has no checkpoint of %d events; nothing may have been sealed yet", size)
	}
	if err != nil {
		return err
	}
	k, err := ReadKeys(tx)
	if err != nil {
		return err
	}
	p.Keys, p.Statements = k.Public, k.Statements
	if p.Checkpoint, err = evidence.ParseCheckpoint(beforeSignatures(p.Signed)); err != nil {
		return err
	}
	rows, err := tx.Query(`select sink, signed from anchor where size = $1 and signed is not null order by sink`, size)
	if err != nil {
		return err
	}
	var sink string
	var signed []byte
	_, err = pgx.ForEachRow(rows, []any{&sink, &signed}, func() error {
		p.Keys = append(p.Keys, sink) // a witness is named by its public key
		p.Signed = append(p.Signed, signed...)
		return nil
	})
	return err
}

// where gives what a query asks, in SQL.
func where(q evidence.Query, size int64) (string, []any) {
	sql, args := ` from leaf l join event e on e.id = l.event_id where l.log_index < $1`, []any{size}
	add := func(cond string, v any) {
		args = append(args, v)
		sql += fmt.Sprintf(" and "+cond, len(args))
	}
	if q.Listed {
		add("l.log_index = any($%d)", q.Numbers)
	}
	if q.From != nil {
		add("e.recorded_at >= $%d", *q.From)
	}
	if q.To != nil {
		add("e.recorded_at < $%d", *q.To)
	}
	if len(q.Kinds) > 0 {
		add("e.kind = any($%d)", q.Kinds)
	}
	if q.Person != 0 {
		add("e.identity_id = $%d", q.Person)
	}
	if q.Actor != 0 {
		add("e.actor_id = $%d", q.Actor)
	}
	return sql, args
}

// entries gives the events with their proofs, in the order of their numbers, a page at a time: memory stays the same however many there are.
func entries(tx *db.Tx, q evidence.Query, size int64, do func(evidence.Entry) error) error {
	p := &evidence.Prover{Store: Store(tx), Size: size}
	return pages(tx, p.Store, q, size, func(some []evidence.Entry) error {
		indexes := make([]int64, len(some))
		for i, e := range some {
			indexes[i] = e.Index
		}
		if err := p.Store.Prepare(indexes); err != nil {
			return err
		}
		for _, e := range some {
			var err error
			if e.Proof, err = p.Prove(e.Index); err != nil {
				return err
			}
			if err := do(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// pages gives the events without proofs. The whole log is read number by number; for a part of it the server decides how, once.
func pages(tx *db.Tx, store *evidence.Store, q evidence.Query, size int64, do func([]evidence.Entry) error) error {
	read := func(sql string, args ...any) (int, error) {
		rows, err := tx.Query(sql, args...)
		if err != nil {
			return 0, err
		}
		some, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (e evidence.Entry, err error) { return e, r.Scan(&e.Index, &e.Leaf) })
		if err != nil {
			return 0, err
		}
		return len(some), do(some)
	}
	sql, args := where(q, size)
	if whole := len(args) == 1; whole {
		for from := int64(0); from < size; from += perRead {
			some, err := numbered(tx, store, from, min(from+perRead, size))
			if err == nil {
				err = do(some)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	if _, err := tx.Exec(`set local cursor_tuple_fraction = 1`); err != nil { // all of it will be read
		return err
	}
	if _, err := tx.Exec(`declare packed no scroll cursor for select l.log_index, e.leaf `+sql+` order by l.log_index`, args...); err != nil {
		return err
	}
	for {
		if n, err := read(`fetch ` + strconv.Itoa(perRead) + ` from packed`); err != nil || n == 0 {
			return err
		}
	}
}

// numbered reads events by their numbers, from one up to before another. Ids rise with the numbers but for late commits, so that these events are
// a range of ids: two scans of an index, and no join. The hashes of their leaves, whole blocks, go to the store on the way.
func numbered(tx *db.Tx, store *evidence.Store, from, to int64) ([]evidence.Entry, error) {
	rows, err := tx.Query(`select log_index, event_id, hash from leaf where log_index >= $1 and log_index < $2 order by log_index`, from, to)
	if err != nil {
		return nil, err
	}
	all, at := make([]evidence.Entry, 0, to-from), make(map[int64]int, to-from)
	first, last := int64(math.MaxInt64), int64(0)
	hashes := make([]evidence.Hash, 0, to-from)
	var index, id int64
	var leaf, hash pgtype.DriverBytes
	if _, err := pgx.ForEachRow(rows, []any{&index, &id, &hash}, func() error {
		if len(hash) != len(evidence.Hash{}) {
			return fmt.Errorf("the stored hash of event %d has another length", index)
		}
		at[id] = len(all)
		all, hashes, first, last = append(all, evidence.Entry{Index: index}), append(hashes, evidence.Hash(hash)), min(first, id), max(last, id)
		return nil
	}); err != nil {
		return nil, err
	}
	if int64(len(all)) == to-from { // what is missing is told when something is to be proven
		store.Give(from/evidence.Width, hashes)
	}
	if rows, err = tx.Query(`select id, leaf from event where id >= $1 and id <= $2`, first, last); err != nil {
		return nil, err
	}
	var text []byte // of all: they are let go together
	if _, err := pgx.ForEachRow(rows, []any{&id, &leaf}, func() error {
		if i, ok := at[id]; ok {
			if cap(text)-len(text) < len(leaf) {
				text = make([]byte, 0, max(len(leaf), 256<<10))
			}
			text = append(text, leaf...)
			all[i].Leaf = text[len(text)-len(leaf) : len(text) : len(text)]
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(e evidence.Entry) bool { return e.Leaf == nil }), nil // of an event that was deleted
}

// Period reads the days of a period, both whole, in a time zone: 2026-01-01 and 2026-03-31.
func Period(from, to string, zone *time.Location) (a, b *time.Time, err error) {
	read := func(field, text string, days int) (*time.Time, error) {
		if text == "" {
			return nil, nil
		}
		t, err := time.ParseInLocation(time.DateOnly, text, zone)
		if err != nil {
			return nil, errs.InvalidFields(fmt.Sprintf("%q is no day such as 2026-03-31", text), []errs.Field{{Field: field, Rule: "must be a day such as 2026-03-31"}})
		}
		t = t.AddDate(0, 0, days).UTC()
		return &t, nil
	}
	if a, err = read("from", from, 0); err == nil {
		b, err = read("to", to, 1)
	}
	if err == nil && a != nil && b != nil && !a.Before(*b) {
		err = errs.InvalidFields("the last day is before the first", []errs.Field{{Field: "to", Rule: "must not be before the first day"}})
	}
	return a, b, err
}
