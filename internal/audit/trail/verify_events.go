package trail

import (
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"golang.org/x/mod/sumdb/tlog"

	"tenure/internal/evidence"
)

// events computes the tree anew. Leaves are read by their numbers, and with those of a page the events up to the highest id that any of them
// has: ids rise with the numbers but for late commits, so that every event is read once, and the few that are late once more.
func (v *verification) events() (err error) {
	e := &eventReader{verification: v, strays: map[int64]bool{}}
	if e.nodes, err = v.nodes(); err != nil {
		return err
	}
	if err := e.pages(); err != nil {
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

// eventReader judges the events in the order of their numbers.
type eventReader struct {
	*verification
	nodes map[node]evidence.Hash
	tree  evidence.Peaks
	skim  evidence.Skimmer

	highest       int64          // id of the events that were read
	strays        map[int64]bool // ids up to there that no leaf spoke of yet
	before, batch int64          // the id before, and the number that the batch begins with
}

// judge says what is wrong with a page, number by number, and holds the tree against the nodes that are stored and the checkpoints that end in it.
func (e *eventReader) judge(p *leaves) {
	nodes := p.nodes
	for i, index := range p.index {
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
		for ; len(nodes) > 0 && nodes[0].to == index+1; nodes = nodes[1:] {
			if n := nodes[0]; e.nodes[n.node] != n.hash && !e.told(n.from, n.to) {
				e.log(n.from, 0, "the stored hash over the events from here to %d is wrong", n.to-1)
			}
		}
		if root, ends := p.roots[index+1]; ends {
			e.head(index+1, root, p.notes[index+1])
		}
	}
	if p.missing {
		e.log(e.tree.Size(), 0, "the event of this number is missing")
		e.folds = nil // what the events after it say of rows is read by itself
	}
}

// told says whether something of these numbers was found wrong: what is computed of it is wrong, too, and names no other.
func (e *eventReader) told(from, to int64) bool {
	return slices.ContainsFunc(e.r.Log, func(f Finding) bool { return f.Index >= from && f.Index < to })
}

// head holds the tree against the checkpoints of its size.
func (e *eventReader) head(size int64, root evidence.Hash, note []byte) {
	right := true
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
