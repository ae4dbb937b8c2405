package trail

import (
	"bytes"
	"context"
	"math"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/evidence"
)

// page is how many leaves are read at a time: whole blocks of the tree.
const page = 16 * evidence.Width

// leaves is a page of the log, with the events of the same ids as the database has them.
type leaves struct {
	index, id []int64
	hash      []evidence.Hash
	late      []int64 // ids of leaves that are no higher than those of pages before
	highest   int64   // id of any leaf up to here
	events    []columns
	text      []byte           // of the events, one after the other
	notes     map[int64][]byte // the checkpoints in the database that end here, by size

	next  int           // where the next event's id is expected
	at    map[int64]int // where an id is; made when one is elsewhere
	found []bool        // its event is there
	wrong map[int][]string
}

// columns are what the database says of an event beside its sealed text: what pages search by.
type columns struct {
	id, recorded, effective      int64 // microseconds
	actor, identity              int
	from                         int // in the text of the page
	kind, touches, leaf, sealing int // lengths; sealing -1 for no sealed part
}

// pages reads the log page by page.
func (v *verification) pages(ctx context.Context, to chan<- *leaves, free <-chan *leaves) error {
	highest := int64(0)
	for from := int64(math.MinInt64); ; {
		p := &leaves{}
		select {
		case p = <-free:
		default:
		}
		if err := v.leaves(p, from); err != nil {
			return err
		}
		upto := highest
		for _, id := range p.id {
			if upto = max(upto, id); id <= highest {
				p.late = append(p.late, id)
			}
		}
		err := v.read(p, `where id > $1 and id <= $2 order by id`, highest, upto)
		if err == nil && len(p.late) > 0 {
			err = v.read(p, `where id = any($1) order by id`, p.late)
		}
		if err == nil {
			p.notes, err = v.notes(p)
		}
		if err != nil {
			return err
		}
		highest, p.highest = upto, upto
		last := len(p.index) < page
		if !last {
			from = p.index[len(p.index)-1] + 1
		}
		select {
		case to <- p:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if last {
			return nil
		}
	}
}

// leaves reads a page of leaves.
func (v *verification) leaves(p *leaves, from int64) error {
	*p = leaves{index: p.index[:0], id: p.id[:0], hash: p.hash[:0], events: p.events[:0], text: p.text[:0], found: p.found[:0], wrong: map[int][]string{}}
	err := v.tx.Each(`select log_index, event_id, hash from leaf where log_index >= $1 order by log_index limit $2`, []any{from, page}, func(r db.Binary) {
		var h evidence.Hash
		copy(h[:], r[2])
		p.index, p.id, p.hash = append(p.index, r.Big(0)), append(p.id, r.Big(1)), append(p.hash, h)
	})
	p.found = append(p.found, make([]bool, len(p.id))...)
	return err
}

// read reads events of a page.
func (v *verification) read(p *leaves, where string, args ...any) error {
	return v.tx.Each(`select id, kind, actor_id, coalesce(identity_id, 0), recorded_at, effective_at, touches, leaf, sealed from event `+where, args, func(r db.Binary) {
		touches := r.JSON(6)
		c := columns{id: r.Big(0), actor: int(r.Int(2)), identity: int(r.Int(3)), recorded: r.Micros(4), effective: r.Micros(5),
			from: len(p.text), kind: len(r[1]), touches: len(touches), leaf: len(r[7]), sealing: len(r[8])}
		if r[8] == nil {
			c.sealing = -1
		}
		p.text = append(append(append(append(p.text, r[1]...), touches...), r[7]...), r[8]...)
		p.events = append(p.events, c)
	})
}

// notes gives the checkpoints in the database that end in a page, by size.
func (v *verification) notes(p *leaves) (map[int64][]byte, error) {
	if len(p.index) == 0 {
		return nil, nil
	}
	rows, err := v.tx.Query(`select size, note from checkpoint where size > $1 and size <= $2`, p.index[0], p.index[len(p.index)-1]+1)
	if err != nil {
		return nil, err
	}
	notes := map[int64][]byte{}
	var size int64
	var note []byte
	_, err = pgx.ForEachRow(rows, []any{&size, &note}, func() error { notes[size] = bytes.Clone(note); return nil })
	return notes, err
}

// where says where in a page an id is. Events come in the order of ids, and so do nearly all leaves.
func (p *leaves) where(id int64) (int, bool) {
	if p.next < len(p.id) && p.id[p.next] == id {
		p.next++
		return p.next - 1, true
	}
	if p.at == nil {
		p.at = make(map[int64]int, len(p.id))
		for i, id := range p.id {
			p.at[id] = i
		}
	}
	at, ok := p.at[id]
	if ok {
		p.next = at + 1
	}
	return at, ok
}

// cut gives the parts of an event's text.
func (c *columns) cut(text []byte) (kind, touches, leaf, sealed []byte) {
	text = text[c.from:]
	kind, text = text[:c.kind], text[c.kind:]
	touches, text = text[:c.touches], text[c.touches:]
	leaf, text = text[:c.leaf], text[c.leaf:]
	if c.sealing >= 0 {
		sealed = text[:c.sealing:c.sealing]
	}
	return kind, touches, leaf, sealed
}
