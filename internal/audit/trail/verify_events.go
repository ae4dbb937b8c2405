package trail

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"

	"tenure/internal/evidence"
)

// page is how many leaves are read at a time: whole blocks of the tree.
const page = 16 * evidence.Width

// events computes the tree anew. Leaves are read by their numbers, and with those of a page the events up to the highest id that any of them
// has: ids rise with the numbers but for late commits, so that every event is read once, and the few that are late once more. One goroutine
// reads, another judges what was read.
func (v *verification) events() (err error) {
	e := &eventReader{verification: v, strays: map[int64]bool{}}
	if e.nodes, err = v.nodes(); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(v.tx.Ctx)
	read, free := make(chan *leaves, 1), make(chan *leaves, 3)
	g.Go(func() error {
		for p := range read {
			e.check(p)
			e.judge(p)
			if v.step != nil {
				if err := v.step(e.tree.Size(), max(v.r.Size, e.tree.Size())); err != nil {
					return err
				}
			}
			if e.stopped {
				return errStopped
			}
			free <- p // there is always room: fewer are under way
		}
		return nil
	})
	err = v.pages(ctx, read, free)
	close(read)
	if judged := g.Wait(); judged != nil {
		err = judged // whoever reads only heard of it
	}
	if err != nil && !errors.Is(err, errStopped) {
		return err
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

// errStopped says that nothing that comes can be judged.
var errStopped = errors.New("an event is missing")

// eventReader judges the events in the order of their numbers.
type eventReader struct {
	*verification
	nodes map[node]evidence.Hash
	tree  evidence.Peaks
	skim  evidence.Skimmer

	highest       int64          // id of the events that were judged
	strays        map[int64]bool // ids up to there that no leaf spoke of yet
	before, batch int64          // the id before, and the number that the batch begins with
	stopped       bool           // nothing after this can be judged
}

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

// binaryFormat asks for PostgreSQL's binary formats.
var binaryFormat = pgx.QueryResultFormats{pgx.BinaryFormatCode}

// leaves reads a page of leaves.
func (v *verification) leaves(p *leaves, from int64) error {
	*p = leaves{index: p.index[:0], id: p.id[:0], hash: p.hash[:0], events: p.events[:0], text: p.text[:0], found: p.found[:0], wrong: map[int][]string{}}
	rows, err := v.tx.Query(`select log_index, event_id, hash from leaf where log_index >= $1 order by log_index limit $2`, binaryFormat, from, page)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		r := rows.RawValues()
		var h evidence.Hash
		copy(h[:], r[2])
		p.index, p.id, p.hash = append(p.index, big(r[0])), append(p.id, big(r[1])), append(p.hash, h)
	}
	p.found = append(p.found, make([]bool, len(p.id))...)
	return rows.Err()
}

// big and small read an int8 and an int4; what is not there, in a table that was tampered with, is a number that no event has.
func big(b []byte) int64 {
	if len(b) != 8 {
		return math.MinInt64 / 2
	}
	return int64(binary.BigEndian.Uint64(b)) //nolint:gosec // the same bits
}

func small(b []byte) int {
	if len(b) != 4 {
		return math.MinInt32
	}
	return int(int32(binary.BigEndian.Uint32(b))) //nolint:gosec // the same bits
}

// epoch is where PostgreSQL counts from, in microseconds.
const epoch = 946_684_800_000_000

// read reads events of a page.
func (v *verification) read(p *leaves, where string, args ...any) error {
	rows, err := v.tx.Query(`select id, kind, actor_id, coalesce(identity_id, 0), recorded_at, effective_at, touches, leaf, sealed from event `+where, append([]any{binaryFormat}, args...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		r := rows.RawValues()
		c := columns{id: big(r[0]), actor: small(r[2]), identity: small(r[3]),
			recorded: big(r[4]) + epoch, effective: big(r[5]) + epoch, from: len(p.text), kind: len(r[1]), leaf: len(r[7]), sealing: len(r[8])}
		if r[8] == nil {
			c.sealing = -1
		}
		touches := r[6]
		if len(touches) > 0 {
			touches = touches[1:] // after the number of jsonb's format
		}
		c.touches = len(touches)
		p.text = append(append(append(append(p.text, r[1]...), touches...), r[7]...), r[8]...)
		p.events = append(p.events, c)
	}
	return rows.Err()
}

// check says what is wrong with each event of a page.
func (e *eventReader) check(p *leaves) {
	for _, id := range p.late {
		delete(e.strays, id)
	}
	for i := range p.events {
		c := &p.events[i]
		at, ok := p.where(c.id)
		if !ok {
			e.strays[c.id] = true
			continue
		}
		p.found[at] = true
		kind, touches, leaf, sealed := c.cut(p.text)
		if evidence.LeafHash(leaf) != p.hash[at] {
			p.wrong[at] = append(p.wrong[at], fmt.Sprintf("the event is not the one that was sealed (%s)", kind))
		}
		l, err := e.skim.Glance(leaf)
		if what := c.differs(&l, err, kind, touches, sealed); what != "" {
			p.wrong[at] = append(p.wrong[at], fmt.Sprintf("the event's %s is not what its sealed text says (%s)", what, kind))
		}
		e.fold(l, written{index: p.index[at], event: c.id})
	}
	e.highest = p.highest
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

// differs names a column that is not what the sealed text says, "" for none.
func (c *columns) differs(l *evidence.Skimmed, unreadable error, kind, touches, sealed []byte) string {
	switch {
	case unreadable != nil:
		return "text"
	case !bytes.Equal(l.Kind, kind):
		return "kind"
	case l.Actor != c.actor:
		return "actor"
	case l.Identity != c.identity:
		return "person"
	case l.Recorded.UnixMicro() != c.recorded:
		return "record time"
	case l.Effective.UnixMicro() != c.effective:
		return "effective time"
	case !l.SameTouches(touches):
		return "count of rows"
	case !l.Seals(sealed):
		return "sealed part"
	}
	return ""
}

// judge says what is wrong with a page, number by number, and holds the tree against the checkpoints that end in it.
func (e *eventReader) judge(p *leaves) {
	for i, index := range p.index {
		if index != e.tree.Size() {
			e.log(e.tree.Size(), 0, "the event of this number is missing")
			e.stopped, e.folds = true, nil // what the events after it say of rows is read by itself
			return
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
		if note := p.notes[index+1]; note != nil || e.heads[index+1] != nil {
			e.head(note)
		}
	}
}

// told says whether something of these numbers was found wrong: what is computed of it is wrong, too, and names no other.
func (e *eventReader) told(from, to int64) bool {
	return slices.ContainsFunc(e.r.Log, func(f Finding) bool { return f.Index >= from && f.Index < to })
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
