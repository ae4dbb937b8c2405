package trail

import (
	"bytes"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/evidence"
)

// page is how many leaves are read at a time: whole blocks of the tree.
const page = 256 * evidence.Width

// leaves is a page of the log, and what was found of the events of the same ids.
type leaves struct {
	index, id []int64
	hash      []evidence.Hash
	late      []int64                 // ids of leaves that are no higher than those of pages before
	notes     map[int64][]byte        // the checkpoints in the database that end here, by size
	roots     map[int64]evidence.Hash // the tree's where a checkpoint ends
	nodes     []computed              // of the tree, that became complete
	missing   bool                    // the number after these is not there

	next  int           // where the next event's id is expected
	at    map[int64]int // where an id is; made when one is elsewhere
	found []bool        // its event is there
	wrong map[int][]string
}

// computed is a node of the tree above its leaves.
type computed struct {
	node
	from, to int64 // the events below it
	hash     evidence.Hash
}

// pages reads the log page by page, looks at each event while it comes, and judges each page.
func (e *eventReader) pages() error {
	p := &leaves{}
	for from := int64(math.MinInt64); ; from = e.tree.Size() {
		if err := e.leaves(p, from); err != nil {
			return err
		}
		upto := e.highest
		for _, id := range p.id {
			if upto = max(upto, id); id <= e.highest {
				p.late = append(p.late, id)
				delete(e.strays, id)
			}
		}
		err := e.read(p, `where id > $1 and id <= $2 order by id`, e.highest, upto)
		if err == nil && len(p.late) > 0 {
			err = e.read(p, `where id = any($1) order by id`, p.late)
		}
		if err != nil {
			return err
		}
		e.highest = upto
		if e.judge(p); e.step != nil {
			if err := e.step(e.tree.Size(), max(e.r.Size, e.tree.Size())); err != nil {
				return err
			}
		}
		if p.missing || len(p.index) < page {
			return nil
		}
	}
}

// leaves reads a page of leaves, up to the first number that is missing, and computes the tree over them.
func (e *eventReader) leaves(p *leaves, from int64) (err error) {
	*p = leaves{index: p.index[:0], id: p.id[:0], hash: p.hash[:0], late: p.late[:0], nodes: p.nodes[:0], found: p.found[:0],
		roots: map[int64]evidence.Hash{}, wrong: map[int][]string{}}
	if p.notes, err = e.notes(e.tree.Size()); err != nil {
		return err
	}
	err = e.tx.Each(`select log_index, event_id, hash from leaf where log_index >= $1 order by log_index limit $2`, []any{from, page}, func(r db.Binary) {
		index := r.Big(0)
		if p.missing = p.missing || index != e.tree.Size(); p.missing {
			return
		}
		var h evidence.Hash
		copy(h[:], r[2])
		p.index, p.id, p.hash = append(p.index, index), append(p.id, r.Big(1)), append(p.hash, h)
		e.tree.Append(h, func(height int, n int64, h evidence.Hash) {
			if height%8 == 0 {
				p.nodes = append(p.nodes, computed{node{height / 8, n}, n << height, (n + 1) << height, h})
			}
		})
		if size := index + 1; p.notes[size] != nil || e.heads[size] != nil {
			p.roots[size] = e.tree.Root()
		}
	})
	p.found = append(p.found, make([]bool, len(p.id))...)
	return err
}

// read reads events of a page, and says what is wrong with each.
func (e *eventReader) read(p *leaves, where string, args ...any) error {
	return e.tx.Each(`select id, kind, actor_id, identity_id, recorded_at, effective_at,
		case when pg_column_size(touches) <> 5 or jsonb_typeof(touches) <> 'object' then touches end, leaf, sealed from event `+where, args, func(r db.Binary) {
		id := r.Big(0)
		at, ok := p.where(id)
		if !ok {
			e.strays[id] = true
			return
		}
		p.found[at] = true
		if evidence.LeafHash(r[7]) != p.hash[at] {
			p.wrong[at] = append(p.wrong[at], fmt.Sprintf("the event is not the one that was sealed (%s)", r[1]))
		}
		l, err := e.skim.Glance(r[7])
		if what := differs(r, &l, err); what != "" {
			p.wrong[at] = append(p.wrong[at], fmt.Sprintf("the event's %s is not what its sealed text says (%s)", what, r[1]))
		}
		e.fold(l, written{index: p.index[at], event: id})
	})
}

// differs names a column, by which pages search, that is not what the sealed text says, "" for none.
func differs(r db.Binary, l *evidence.Skimmed, unreadable error) string {
	touches := none
	if r[6] != nil {
		touches = r.JSON(6)
	}
	switch {
	case unreadable != nil:
		return "text"
	case !bytes.Equal(l.Kind, r[1]):
		return "kind"
	case l.Actor != int(r.Int(2)):
		return "actor"
	case l.Identity != int(r.Int(3)):
		return "person"
	case l.Recorded.UnixMicro() != r.Micros(4):
		return "record time"
	case l.Effective.UnixMicro() != r.Micros(5):
		return "effective time"
	case !l.SameTouches(touches):
		return "count of rows"
	case !l.Seals(r[8]):
		return "sealed part"
	}
	return ""
}

// none is how an event that touches no row counts: an object of five bytes, which the server need not put into words.
var none = []byte("{}")

// notes gives the checkpoints in the database that end in a page after so many events, by size.
func (v *verification) notes(after int64) (map[int64][]byte, error) {
	rows, err := v.tx.Query(`select size, note from checkpoint where size > $1 and size <= $2`, after, after+page)
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
