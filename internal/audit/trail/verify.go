package trail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"tenure/internal/db"
	"tenure/internal/evidence"
)

// Finding is one thing that is not as it was sealed.
type Finding struct {
	Index int64  `json:"index"` // of the event in the log; -1 where there is none
	Event int64  `json:"event"` // its id in the database; 0 where there is none
	What  string `json:"what"`
}

// Report is what a verification of the database found.
type Report struct {
	Size     int64     `json:"size"`     // of the last checkpoint
	Root     string    `json:"root"`     // of its tree, in base64
	Unsealed int       `json:"unsealed"` // events that are newer than it
	Rows     int       `json:"rows"`     // rows that were held against the log
	External []int64   `json:"external"` // sizes of the checkpoints from outside that were held against it
	Log      []Finding `json:"log"`      // what is wrong with the log, the first first
	State    []Finding `json:"state"`    // what is wrong with employments, reasons and operations, the first first
}

// Right says whether nothing is wrong.
func (r *Report) Right() bool { return len(r.Log)+len(r.State) == 0 }

// mostFindings is how many findings of a kind are told.
const mostFindings = 1000

// Outside is what somebody brings along who does not trust the database: public keys of the log or of witnesses, and checkpoints.
type Outside struct {
	Keys        []string
	Checkpoints [][]byte
}

// Verify computes the tree anew from the events, holds it against what is stored and signed, then folds what the events say of the rows they
// wrote and holds it against employments, reasons and operations. It reads one moment and keeps 40 bytes of each living row.
func Verify(ctx context.Context, d *db.DB, out Outside) (*Report, error) {
	r := &Report{Log: []Finding{}, State: []Finding{}, External: []int64{}}
	err := d.Read(ctx, func(tx *db.Tx) error { return verifyIn(tx, out, r) })
	return r, err
}

func verifyIn(tx *db.Tx, out Outside, r *Report) error {
	v := &verification{tx: tx, r: r, heads: map[int64][]evidence.Checkpoint{}, origin: Origin(tx.DB)}
	for _, step := range []func() error{func() error { return v.known(out) }, v.stored, v.events, v.late, v.state} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// Note notes that the log was verified, and what was found.
func Note(ctx context.Context, d *db.DB, r *Report) error {
	answer := ""
	if !r.Right() {
		answer = fmt.Sprintf("%d differences in the log, %d in the state", len(r.Log), len(r.State))
	}
	return d.Do(ctx, db.System, func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into log_check (size, answer) values ($1, $2)`, r.Size, answer)
		return err
	})
}

type verification struct {
	tx     *db.Tx
	r      *Report
	origin string
	keys   []note.Verifier
	heads  map[int64][]evidence.Checkpoint // from outside, by size
	good   int64                           // events that a signed head was found right for
	named  bool                            // that a head is not right was told
}

func (v *verification) log(index, event int64, text string, args ...any) {
	if len(v.r.Log) < mostFindings {
		v.r.Log = append(v.r.Log, Finding{index, event, fmt.Sprintf(text, args...)})
	}
}

// known reads the keys: who brings some along trusts those, and later ones only by a statement signed under them.
func (v *verification) known(out Outside) error {
	k, err := ReadKeys(v.tx)
	if err != nil {
		return err
	}
	var trusted []string
	for _, public := range out.Keys {
		if one, err := evidence.NewVerifier(public); err != nil {
			return err
		} else if one.Name() == v.origin {
			trusted = append(trusted, public)
		} else {
			v.keys = append(v.keys, one)
		}
	}
	if len(trusted) == 0 && len(k.Public) > 0 {
		trusted = k.Public[:1]
	}
	chain, err := evidence.Chain(trusted, k.Statements)
	if err != nil {
		v.log(-1, 0, "the keys of the log do not follow from one another: %v", err)
	}
	v.keys = append(v.keys, chain...)
	for _, signed := range out.Checkpoints {
		c, _, err := evidence.OpenCheckpoint(signed, v.keys...)
		switch {
		case err != nil:
			v.log(-1, 0, "the checkpoint from outside is not signed under a key of this log: %v", err)
		case c.Origin != v.origin:
			v.log(-1, 0, "the checkpoint from outside is of another log, %s", c.Origin)
		default:
			v.heads[c.Size] = append(v.heads[c.Size], c)
			v.r.External = append(v.r.External, c.Size)
		}
	}
	return nil
}

// stored reads the last checkpoint in the database. Its signature vouches for all events before it; the roots of earlier ones serve to say
// where the first difference is.
func (v *verification) stored() error {
	var size int64
	var signed []byte
	err := v.tx.QueryRow(`select size, note from checkpoint order by size desc limit 1`).Scan(&size, &signed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	c, _, err := evidence.OpenCheckpoint(signed, v.keys...)
	if err != nil {
		v.log(-1, 0, "the checkpoint of %d events is not signed under a key of this log: %v", size, err)
		return nil
	}
	v.r.Size, v.r.Root = size, c.Root.String()
	return nil
}

// stands reads a checkpoint of the database, which must be of the size under which it stands.
func (v *verification) stands(size int64, signed []byte) (evidence.Checkpoint, bool) {
	c, err := evidence.ParseCheckpoint(beforeSignatures(signed))
	if err != nil || c.Size != size || c.Origin != v.origin {
		v.log(-1, 0, "the checkpoint of %d events says it is of %d events of %s", size, c.Size, c.Origin)
		return c, false
	}
	return c, true
}

func beforeSignatures(signed []byte) string {
	for i := range len(signed) - 1 {
		if signed[i] == '\n' && signed[i+1] == '\n' {
			return string(signed[:i+1])
		}
	}
	return string(signed)
}

// page is how many events are read at a time: whole blocks of the tree.
const page = 16 * evidence.Width

// eventsOf reads events by their numbers, each with the checkpoint that it is the last one of.
var eventsOf = `with l as materialized (select log_index, event_id, hash from leaf where log_index >= $1 order by log_index limit ` + strconv.Itoa(page) + `)
	select l.log_index, l.event_id, l.hash, e.id is not null, e.kind, coalesce(e.actor_id, 0), coalesce(e.identity_id, 0),
		coalesce(e.recorded_at, 'epoch'), coalesce(e.effective_at, 'epoch'), e.touches, e.leaf, e.sealed, c.note
	from l left join event e on e.id = l.event_id and e.id >= (select min(event_id) from l) and e.id <= (select max(event_id) from l)
		left join checkpoint c on c.size = l.log_index + 1
	order by l.log_index`

// events computes the tree anew.
func (v *verification) events() (err error) {
	e := &eventReader{verification: v}
	if e.nodes, err = v.nodes(); err != nil {
		return err
	}
	for from, n := int64(math.MinInt64), page; n == page; from = e.index + 1 {
		if n, err = e.page(from); errors.Is(err, errStop) {
			break
		} else if err != nil {
			return err
		}
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
	return nil
}

var errStop = errors.New("nothing after this can be judged")

// eventReader reads the events in the order of their numbers.
type eventReader struct {
	*verification
	nodes map[node]evidence.Hash
	tree  evidence.Peaks

	index, id     int64
	before, batch int64 // the id before, and the number that the batch begins with
	there         bool
	c             columns
	hash, note    pgtype.DriverBytes
}

// page reads some and gives how many there were.
func (e *eventReader) page(from int64) (n int, err error) {
	rows, err := e.tx.Query(eventsOf, from)
	if err != nil {
		return 0, err
	}
	c := &e.c
	_, err = pgx.ForEachRow(rows, []any{&e.index, &e.id, &e.hash, &e.there, &c.kind, &c.actor, &c.identity, &c.recorded, &c.effective, &c.touches, &c.leaf, &c.sealed, &e.note}, func() error {
		n++
		return e.event()
	})
	return n, err
}

// event judges one, and the checkpoints that it is the last one of.
func (e *eventReader) event() error {
	if e.index != e.tree.Size() {
		e.log(e.tree.Size(), 0, "the event of this number is missing")
		return errStop
	}
	stored := evidence.Hash(e.hash)
	if !e.there {
		e.log(e.index, e.id, "the event was deleted") // what was sealed of it still stands: the events after it can be judged
	} else {
		if evidence.LeafHash(e.c.leaf) != stored {
			e.log(e.index, e.id, "the event is not the one that was sealed (%s)", e.c.kind)
		}
		if what := e.c.differs(); what != "" {
			e.log(e.index, e.id, "the event's %s is not what its sealed text says (%s)", what, e.c.kind)
		}
		if e.id < e.before && e.index > e.batch {
			e.log(e.index-1, e.before, "the event stands before an earlier one of its batch: they changed places") // a batch is in the order of ids
		}
		e.before = e.id
	}
	e.tree.Append(stored, func(height int, n int64, h evidence.Hash) {
		if height%8 == 0 && e.nodes[node{height / 8, n}] != h {
			e.log(n<<height, 0, "the stored hash over the events from here to %d is wrong", (n+1)<<height-1)
		}
	})
	return e.judge()
}

// judge holds the tree against the checkpoints of its size, if there are any.
func (e *eventReader) judge() error {
	size := e.tree.Size()
	heads := e.heads[size]
	whose := "the checkpoint from outside"
	if e.note == nil && heads == nil {
		return nil
	}
	root, right := e.tree.Root(), true
	for _, h := range heads {
		right = right && h.Root == root
	}
	if e.note != nil {
		e.batch = size
		if h, ok := e.stands(size, e.note); ok && h.Root != root {
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
	return nil
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

// differs names a column that is not what the sealed text says, "" for none.
func (c *columns) differs() string {
	l, err := evidence.Skim(c.leaf)
	switch {
	case err != nil:
		return "text"
	case !bytes.Equal(l.Kind, c.kind):
		return "kind"
	case l.Actor != c.actor:
		return "actor"
	case l.Identity != c.identity:
		return "person"
	case !l.Recorded.Equal(c.recorded):
		return "record time"
	case !l.Effective.Equal(c.effective):
		return "effective time"
	case !l.SameTouches(c.touches):
		return "count of rows"
	case !l.Seals(c.sealed):
		return "sealed part"
	}
	return ""
}

// late counts the events that are not sealed yet. One that the last batch should have seen was put in afterwards.
func (v *verification) late() error {
	rows, err := v.tx.Query(`select e.id, e.kind, coalesce(pg_visible_in_snapshot(e.xid, s.seen::pg_snapshot), false)
		from event e left join (select seen from checkpoint order by size desc limit 1) s on true
		where not exists (select from leaf l where l.event_id = e.id) order by e.id`)
	if err != nil {
		return err
	}
	var id int64
	var kind string
	var seen bool
	_, err = pgx.ForEachRow(rows, []any{&id, &kind, &seen}, func() error {
		v.r.Unsealed++
		if seen {
			v.log(-1, id, "the event (%s) was put into the database after the events of its time were sealed", kind)
		}
		return nil
	})
	return err
}
