package trail

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"golang.org/x/mod/sumdb/tlog"

	"tenure/internal/evidence"
)

// page is how many leaves are read at a time: whole blocks of the tree.
const page = 64 * evidence.Width

// events computes the tree anew. Leaves are read by their numbers, and with those of a page the events up to the highest id that any of them
// has: ids rise with the numbers but for late commits, so that every event is read once, and the few that are late once more.
func (v *verification) events() (err error) {
	e := &eventReader{verification: v, strays: map[int64]bool{}}
	if e.nodes, err = v.nodes(); err != nil {
		return err
	}
	for from := int64(math.MinInt64); ; {
		p, err := e.leaves(from)
		if err != nil {
			return err
		}
		if err := errors.Join(e.read(p), e.judge(p)); err != nil {
			return err
		}
		if v.step != nil {
			if err := v.step(e.tree.Size(), max(v.r.Size, e.tree.Size())); err != nil {
				return err
			}
		}
		if e.stopped || len(p.index) < page {
			break
		}
		from = p.index[len(p.index)-1] + 1
	}
	last := v.r.Size
	for size := range v.heads {
		last = max(last, size)
	}
	if last > e.tree.Size() {
		whose := "a checkpoint"
		if v.heads[last] != nil {
			whose = "the checkpoint from outside"
		}
		v.log(e.tree.Size(), 0, "the log ends here, and %s says it has %d events: its tail was cut off, or an earlier state of the database was put back", whose, last)
	}
	return e.late()
}

// eventReader reads the events in the order of their numbers.
type eventReader struct {
	*verification
	nodes map[node]evidence.Hash
	tree  evidence.Peaks

	highest       int64          // id of the events that were read
	strays        map[int64]bool // ids up to there that no leaf spoke of yet
	before, batch int64          // the id before, and the number that the batch begins with
	stopped       bool           // nothing after this can be judged
}

// leaves is a page of the log.
type leaves struct {
	index, id []int64
	hash      []evidence.Hash
	at        map[int64]int // where an id is
	found     []bool        // its event is there
	wrong     map[int][]string
}

func (e *eventReader) leaves(from int64) (*leaves, error) {
	rows, err := e.tx.Query(`select log_index, event_id, hash from leaf where log_index >= $1 order by log_index limit $2`, from, page)
	if err != nil {
		return nil, err
	}
	p := &leaves{at: make(map[int64]int, page), wrong: map[int][]string{}}
	var index, id int64
	var hash pgtype.DriverBytes
	_, err = pgx.ForEachRow(rows, []any{&index, &id, &hash}, func() error {
		p.at[id] = len(p.id)
		p.index, p.id, p.hash = append(p.index, index), append(p.id, id), append(p.hash, evidence.Hash(hash))
		return nil
	})
	p.found = make([]bool, len(p.id))
	return p, err
}

const eventColumns = `select id, kind, actor_id, coalesce(identity_id, 0), recorded_at, effective_at, touches, leaf, sealed from event `

// read reads the events of a page and says what is wrong with each.
func (e *eventReader) read(p *leaves) error {
	upto := e.highest
	var late []int64
	for _, id := range p.id {
		if upto = max(upto, id); id <= e.highest {
			late = append(late, id)
			delete(e.strays, id)
		}
	}
	err := e.each(`where id > $1 and id <= $2 order by id`, []any{e.highest, upto}, p)
	if err == nil && len(late) > 0 {
		err = e.each(`where id = any($1) order by id`, []any{late}, p)
	}
	e.highest = upto
	return err
}

func (e *eventReader) each(where string, args []any, p *leaves) error {
	rows, err := e.tx.Query(eventColumns+where, args...)
	if err != nil {
		return err
	}
	var id int64
	var c columns
	_, err = pgx.ForEachRow(rows, []any{&id, &c.kind, &c.actor, &c.identity, &c.recorded, &c.effective, &c.touches, &c.leaf, &c.sealed}, func() error {
		at, ok := p.at[id]
		if !ok {
			e.strays[id] = true
			return nil
		}
		p.found[at] = true
		if evidence.LeafHash(c.leaf) != p.hash[at] {
			p.wrong[at] = append(p.wrong[at], fmt.Sprintf("the event is not the one that was sealed (%s)", c.kind))
		}
		l, what := c.differs()
		if what != "" {
			p.wrong[at] = append(p.wrong[at], fmt.Sprintf("the event's %s is not what its sealed text says (%s)", what, c.kind))
		}
		e.fold(l, written{index: p.index[at], event: id})
		return nil
	})
	return err
}

// judge says what is wrong with a page, number by number, and holds the tree against the checkpoints that end in it.
func (e *eventReader) judge(p *leaves) error {
	notes, err := e.notes(p)
	if err != nil {
		return err
	}
	for i, index := range p.index {
		if index != e.tree.Size() {
			e.log(e.tree.Size(), 0, "the event of this number is missing")
			e.stopped, e.folds = true, nil // what the events after it say of rows is read by itself
			return nil
		}
		if !p.found[i] {
			e.log(index, p.id[i], "the event was deleted") // what was sealed of it still stands: the events after it can be judged
		}
		for _, what := range p.wrong[i] {
			e.log(index, p.id[i], "%s", what)
		}
		if p.id[i] < e.before && index > e.batch && p.found[i] {
			e.log(index-1, e.before, "the event stands before an earlier one of its batch: they changed places") // a batch is in the order of ids
		}
		e.before = p.id[i]
		e.tree.Append(p.hash[i], func(height int, n int64, h evidence.Hash) {
			if height%8 == 0 && e.nodes[node{height / 8, n}] != h && !e.told(n<<height, (n+1)<<height) {
				e.log(n<<height, 0, "the stored hash over the events from here to %d is wrong", (n+1)<<height-1)
			}
		})
		if note := notes[index+1]; note != nil || e.heads[index+1] != nil {
			e.head(note)
		}
	}
	return nil
}

// told says whether something of these numbers was found wrong: what is computed of it is wrong, too, and names no other.
func (e *eventReader) told(from, to int64) bool {
	return slices.ContainsFunc(e.r.Log, func(f Finding) bool { return f.Index >= from && f.Index < to })
}

// notes gives the checkpoints in the database that end in a page, by size.
func (e *eventReader) notes(p *leaves) (map[int64][]byte, error) {
	if len(p.index) == 0 {
		return nil, nil
	}
	rows, err := e.tx.Query(`select size, note from checkpoint where size > $1 and size <= $2`, p.index[0], p.index[len(p.index)-1]+1)
	if err != nil {
		return nil, err
	}
	notes := map[int64][]byte{}
	var size int64
	var note []byte
	_, err = pgx.ForEachRow(rows, []any{&size, &note}, func() error { notes[size] = bytes.Clone(note); return nil })
	return notes, err
}

// head holds the tree against the checkpoints of its size.
func (e *eventReader) head(note []byte) {
	size, root, right := e.tree.Size(), e.tree.Root(), true
	whose := "the checkpoint from outside"
	for _, h := range e.heads[size] {
		right = right && h.Root == root
	}
	if note != nil {
		e.batch = size
		if h, ok := e.stands(size, note); ok && h.Root != root {
			if right {
				whose = "the checkpoint"
			}
			right = false
		}
	}
	switch {
	case right:
		e.good = size
	case !e.named:
		from := e.good
		for _, f := range e.r.Log {
			if f.Index >= e.good {
				from = f.Index // what is wrong is known already
				break
			}
		}
		e.log(from, 0, "the events from here to number %d are not those that %s of %d events was signed for", size-1, whose, size)
		e.named = true
	}
}

type node struct {
	level int
	n     int64
}

func (v *verification) nodes() (map[node]evidence.Hash, error) {
	rows, err := v.tx.Query(`select level, n, hash from log_node`)
	if err != nil {
		return nil, err
	}
	all := map[node]evidence.Hash{}
	var k node
	var h []byte
	_, err = pgx.ForEachRow(rows, []any{&k.level, &k.n, &h}, func() error { all[k] = tlog.Hash(h); return nil })
	return all, err
}

// columns are what the database says of an event beside its sealed text: what pages search by.
type columns struct {
	kind, touches, leaf, sealed pgtype.DriverBytes
	actor, identity             int
	recorded, effective         time.Time
}

// differs gives what the sealed text says, and names a column that is not what the sealed text says, "" for none.
func (c *columns) differs() (l evidence.Skimmed, what string) {
	l, err := evidence.Glance(c.leaf)
	switch {
	case err != nil:
		return l, "text"
	case !bytes.Equal(l.Kind, c.kind):
		return l, "kind"
	case l.Actor != c.actor:
		return l, "actor"
	case l.Identity != c.identity:
		return l, "person"
	case !l.Recorded.Equal(c.recorded):
		return l, "record time"
	case !l.Effective.Equal(c.effective):
		return l, "effective time"
	case !l.SameTouches(c.touches):
		return l, "count of rows"
	case !l.Seals(c.sealed):
		return l, "sealed part"
	}
	return l, ""
}

// late counts the events that are not sealed yet. One that the last batch should have seen was put in afterwards.
func (e *eventReader) late() error {
	rows, err := e.tx.Query(`select e.id, e.kind, e.leaf, coalesce(pg_visible_in_snapshot(e.xid, s.seen::pg_snapshot), false)
		from event e left join (select seen from checkpoint order by size desc limit 1) s on true
		where (e.id = any($1) or e.id > $2) and not exists (select from leaf l where l.event_id = e.id) order by e.id`, slices.Collect(maps.Keys(e.strays)), e.highest)
	if err != nil {
		return err
	}
	var id int64
	var kind string
	var leaf pgtype.DriverBytes
	var seen bool
	_, err = pgx.ForEachRow(rows, []any{&id, &kind, &leaf, &seen}, func() error {
		e.r.Unsealed++
		if seen {
			e.log(-1, id, "the event (%s) was put into the database after the events of its time were sealed", kind)
		}
		if l, err := evidence.Glance(leaf); err == nil {
			e.fold(l, written{index: -1, event: id})
		}
		return nil
	})
	return err
}
