package trail

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

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
	// Step is told how many of the log's events were read; its error stops the verification. nil: nobody is told.
	Step func(done, total int64) error
}

// Verify computes the tree anew from the events, holds it against what is stored and signed, then folds what the events say of the rows they
// wrote and holds it against employments, reasons and operations. It reads one moment and keeps 40 bytes of each living row.
func Verify(ctx context.Context, d *db.DB, out Outside) (*Report, error) {
	r := &Report{Log: []Finding{}, State: []Finding{}, External: []int64{}}
	err := d.Read(ctx, func(tx *db.Tx) error { return verifyIn(tx, out, r) })
	return r, err
}

func verifyIn(tx *db.Tx, out Outside, r *Report) error {
	v := &verification{tx: tx, r: r, heads: map[int64][]evidence.Checkpoint{}, step: out.Step, origin: Origin(tx.DB)}
	for _, step := range []func() error{func() error { return v.known(out) }, v.stored, v.count, v.events, v.state} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// Answer says in a sentence what is wrong, "" for nothing.
func (r *Report) Answer() string {
	if r.Right() {
		return ""
	}
	first := slices.Concat(r.Log, r.State)[0]
	text := fmt.Sprintf("%d differences in the log, %d in the state; the first: ", len(r.Log), len(r.State))
	if first.Index >= 0 {
		text += fmt.Sprintf("event %d: ", first.Index)
	}
	return text + first.What
}

// Note notes that the log was verified, and what was found.
func Note(ctx context.Context, d *db.DB, r *Report) error {
	answer := r.Answer()
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
	step   func(done, total int64) error
	rows   map[string]int               // how many there are, by table
	folds  map[string]map[print]written // what stands, as the log says, by table; nil where it is too much to keep for all tables at once
	good   int64                        // events that a signed head was found right for
	named  bool                         // that a head is not right was told
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
