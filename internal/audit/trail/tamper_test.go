package trail_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tenure/internal/audit/trail"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/evidence"
)

// superuser runs SQL with triggers disabled.
func superuser(t testing.TB, d *db.DB, statements ...string) {
	t.Helper()
	owner := dbtest.Owner(t, d)
	for _, sql := range append([]string{`set session_replication_role = replica`}, statements...) {
		if _, err := owner.Exec(t.Context(), sql); err != nil {
			t.Fatal(sql, err)
		}
	}
}

// swapActor is the text of an event with another actor in it.
const swapActor = `update event set actor_id = 1, leaf = convert_to(replace(convert_from(leaf, 'UTF8'), '"actor":2', '"actor":1'), 'UTF8') where id = `

// rewrite changes event 1 and computes everything anew, with the log's own key: what an insider can do who has both.
func rewrite(t testing.TB, d *db.DB, key string) {
	t.Helper()
	superuser(t, d, swapActor+`(select event_id from leaf where log_index = 1)`, `delete from anchor`, `delete from checkpoint`, `delete from log_node`, `delete from leaf`)
	if err := os.Remove(key + ".signed"); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	s := &trail.Sealer{DB: d, File: key}
	seal(t, s)
}

// chain is the control: a plain hash chain over the events, as its last link.
func chain(t testing.TB, d *db.DB) (link [32]byte) {
	t.Helper()
	rows, err := d.Pool.Query(t.Context(), `select leaf from event order by id`)
	if err != nil {
		t.Fatal(err)
	}
	var leaf []byte
	if _, err := pgx.ForEachRow(rows, []any{&leaf}, func() error { link = sha256.Sum256(append(link[:], leaf...)); return nil }); err != nil {
		t.Fatal(err)
	}
	return link
}

const at = `(select event_id from leaf where log_index = %d)`

// tampering is what a superuser does to 40 sealed and anchored events, and the number of the first bad one.
var tampering = []struct {
	name  string
	do    func(t testing.TB, d *db.DB, key string)
	first int64
}{
	{"edit", sqls(`update event set leaf = leaf || ' ' where id = ` + fmt.Sprintf(at, 7)), 7},
	{"edit a column only", sqls(`update event set kind = 'test.other' where id = ` + fmt.Sprintf(at, 9)), 9},
	{"edit with its hash", sqls(`update event set leaf = convert_to('{"v":1}', 'UTF8') where id = `+fmt.Sprintf(at, 7), `update leaf set hash = sha256('\x00'::bytea || convert_to('{"v":1}', 'UTF8')) where log_index = 7`), 7},
	{"delete in the middle", sqls(`delete from event where id = ` + fmt.Sprintf(at, 12)), 12},
	{"delete with its leaf", sqls(`delete from event where id = `+fmt.Sprintf(at, 12), `delete from leaf where log_index = 12`), 12},
	{"cut the tail", sqls(`delete from event where id > `+fmt.Sprintf(at, 29), `delete from leaf where log_index > 29`, `delete from checkpoint where size > 30`), 30},
	{"edit a stored hash", sqls(`update leaf set hash = set_byte(hash, 31, get_byte(hash, 31) # 1) where log_index = 17`), 17},
	{"backdate", sqls(`insert into event (xid, recorded_at, effective_at, kind, actor_id, touches, leaf) select xid, recorded_at, effective_at, kind, actor_id, touches, leaf from event where id = ` + fmt.Sprintf(at, 3)), -1},
	{"reorder", sqls(`update leaf set log_index = -1 where log_index = 5; update leaf set log_index = 5 where log_index = 6; update leaf set log_index = 6 where log_index = -1`), 5},
	{"swap actor", sqls(swapActor + fmt.Sprintf(at, 21)), 21},
	{"rewrite everything", func(t testing.TB, d *db.DB, key string) { rewrite(t, d, key) }, 0},
	{"an old backup, and on", func(t testing.TB, d *db.DB, key string) {
		superuser(t, d, `delete from event where id > `+fmt.Sprintf(at, 29), `delete from leaf where log_index > 29`, `delete from checkpoint where size > 30`)
		if err := os.Remove(key + ".signed"); err != nil {
			t.Fatal(err)
		}
		record(t, d, 50)
		seal(t, &trail.Sealer{DB: d, File: key})
	}, 30},
	{"swap keys", func(t testing.TB, d *db.DB, _ string) {
		superuser(t, d, `delete from log_key`, `delete from checkpoint`, `delete from log_node`, `delete from leaf`)
		seal(t, sealer(t, d))
	}, -1},
}

func sqls(all ...string) func(testing.TB, *db.DB, string) {
	return func(t testing.TB, d *db.DB, _ string) { superuser(t, d, all...) }
}

// Whatever a superuser does to anchored events is found, with what somebody outside kept, and named at the first bad one.
func TestTamperingIsFound(t *testing.T) {
	for _, c := range tampering {
		t.Run(c.name, func(t *testing.T) {
			d := dbtest.New(t)
			s := sealer(t, d)
			for range 4 {
				record(t, d, 10)
				seal(t, s)
			}
			key := publicKey(t, d)
			kept := scan[[]byte](t, d, `select note from checkpoint order by size desc limit 1`)
			middle := scan[[]byte](t, d, `select note from checkpoint where size = 30`)
			out := trail.Outside{Keys: []string{key}, Checkpoints: [][]byte{middle, kept}}
			if r := verify(t, d, out); !r.Right() {
				t.Fatalf("before: %+v", r)
			}
			before := chain(t, d)
			c.do(t, d, s.File)
			r := verify(t, d, out)
			if r.Right() || c.first >= 0 && firstOf(r) != c.first {
				t.Errorf("want %d first: %+v", c.first, r.Log)
			}
			offline(t, d, c.name, key, kept)
			if c.name == "rewrite everything" && chain(t, d) == before {
				t.Error("nothing was rewritten")
			}
		})
	}
}

// firstOf is the lowest number that is named.
func firstOf(r *trail.Report) int64 {
	first := int64(-1)
	for _, f := range r.Log {
		if f.Index >= 0 && (first < 0 || f.Index < first) {
			first = f.Index
		}
	}
	return first
}

// offline: a pack made from what was tampered with does not verify against the key and the head that were kept.
func offline(t *testing.T, d *db.DB, name, key string, kept []byte) {
	t.Helper()
	var b bytes.Buffer
	if _, err := trail.WritePack(t.Context(), d, &b, evidence.Query{}, 0); err != nil {
		return // it cannot even be made
	}
	v, err := evidence.VerifyPackAgainst(bytes.NewReader(b.Bytes()), int64(b.Len()), []string{key}, [][]byte{kept})
	if err != nil {
		t.Fatal(err)
	}
	// What stands beside the sealed text, and what was put in and never sealed, is not in a pack.
	if good := len(v.Wrong) == 0; good != (name == "edit a column only" || name == "backdate") {
		t.Errorf("offline: %+v", v)
	}
}

// Every column beside the sealed text is held against it, each by itself.
func TestEveryColumnIsHeldAgainstItsText(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	record(t, d, 30)
	seal(t, s)
	for word, sets := range map[string][]string{
		"kind": {`kind = 'test.other'`, `kind = ''`}, "actor": {`actor_id = 1`}, "person": {`identity_id = 77`}, "record time": {`recorded_at = recorded_at + interval '1 microsecond'`},
		"effective time": {`effective_at = effective_at - interval '1 microsecond'`, `effective_at = 'infinity'`},
		"count of rows":  {`touches = '[]'`, `touches = '{"unit": 1}'`, `touches = '[{}]'`, `touches = 'null'`}, "sealed part": {`sealed = ''`, `sealed = 'x'`},
	} {
		for _, set := range sets {
			superuser(t, d, `create table kept as select * from event where id = `+fmt.Sprintf(at, 9), `update event set `+set+` where id = (select id from kept)`)
			if r := verify(t, d, trail.Outside{}); len(r.Log) != 1 || r.Log[0].Index != 9 || !strings.HasPrefix(r.Log[0].What, "the event's "+word+" is not") {
				t.Errorf("%s: %+v", set, r.Log)
			}
			superuser(t, d, `delete from event where id = (select id from kept)`, `insert into event select * from kept`, `drop table kept`)
		}
	}
	if r := verify(t, d, trail.Outside{}); !r.Right() {
		t.Errorf("put back: %+v", r.Log)
	}
}

// A plain hash chain, as control, misses the full rewrite: computed anew it is as right as before. So would the log be without what is
// kept outside.
func TestAPlainChainMissesTheRewrite(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	record(t, d, 10)
	seal(t, s)
	rewrite(t, d, s.File)
	stored := chain(t, d) // the attacker stores it anew
	if chain(t, d) != stored {
		t.Error("the chain sees the rewrite")
	}
	if r := verify(t, d, trail.Outside{}); !r.Right() {
		t.Errorf("%+v", r)
	}
}

// An old head shown for a new one, and heads of other logs, are refused.
func TestReplayedHeadsAreRefused(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	record(t, d, 10)
	seal(t, s)
	old := scan[[]byte](t, d, `select note from checkpoint where size = 10`)
	record(t, d, 10)
	seal(t, s)
	superuser(t, d, `update checkpoint set note = (select note from checkpoint where size = 10) where size = 20`)
	r := verify(t, d, trail.Outside{Checkpoints: [][]byte{old}})
	if r.Right() || !strings.Contains(r.Log[0].What, "says it is of 10") {
		t.Errorf("%+v", r)
	}
}

// A bit of a sealed event that is flipped in the database is found offline, with the key and the head that were kept, and its event is named
// first; so is the event whose stored hash is not its own any more. The verification of the database names the same.
func TestFlippedBitsOfEventsAreFound(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	record(t, d, 40)
	seal(t, s)
	key, kept := publicKey(t, d), scan[[]byte](t, d, `select note from checkpoint where size = 40`)
	owner := dbtest.Owner(t, d)
	flip := func(table, column, where string, bit int) {
		t.Helper()
		if tag, err := owner.Exec(t.Context(), fmt.Sprintf(`update %[1]s set %[2]s = set_bit(%[2]s, %[4]d, 1 - get_bit(%[2]s, %[4]d)) where %[3]s`, table, column, where, bit)); err != nil || tag.RowsAffected() != 1 {
			t.Fatal(tag, err)
		}
	}
	if _, err := owner.Exec(t.Context(), `set session_replication_role = replica`); err != nil {
		t.Fatal(err)
	}
	offline := func() *evidence.Verdict {
		t.Helper()
		p := pack(t, d, evidence.Query{}, 0)
		v, err := evidence.VerifyPackAgainst(bytes.NewReader(p), int64(len(p)), []string{key}, [][]byte{kept})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range times("TENURE_BITS", 40) {
		n := int64(r.IntN(40))
		table, column, where := "event", "leaf", "id = "+fmt.Sprintf(at, n)
		if i%10 == 9 {
			table, column, where = "leaf", "hash", fmt.Sprintf("log_index = %d", n)
		}
		bit := r.IntN(8 * scan[int](t, d, `select length(`+column+`) from `+table+` where `+where))
		flip(table, column, where, bit)
		if v := offline(); len(v.Wrong) == 0 || v.First != n {
			t.Errorf("bit %d of %s of event %d: %+v", bit, table, n, v)
		}
		if i%20 == 19 {
			if v := verify(t, d, trail.Outside{Keys: []string{key}, Checkpoints: [][]byte{kept}}); v.Right() || firstOf(v) != n {
				t.Errorf("bit %d of %s of event %d, by the verification of the database: %+v", bit, table, n, v.Log)
			}
		}
		flip(table, column, where, bit)
	}
	if v := offline(); len(v.Wrong) > 0 {
		t.Errorf("flipped back: %+v", v)
	}
}

// A stored hash that is wrong is named in a log of several blocks as well: of a leaf at its number, of a block at the number where it begins, by
// the verification of the database and by both verifiers of packs. The events themselves are right, and are not called wrong.
func TestAWrongStoredHashIsNamed(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	record(t, d, 699)
	seal(t, s)
	key := publicKey(t, d)
	for _, c := range []struct {
		name, flip string // twice is not at all
		first      int64
		says       string
	}{
		{"of a leaf", `update leaf set hash = set_byte(hash, 0, get_byte(hash, 0) # 64) where log_index = 300`, 300, "event 300: the hash that is stored for it is wrong"},
		{"of the last leaf, which has no other beside it", `update leaf set hash = set_byte(hash, 0, get_byte(hash, 0) # 64) where log_index = 698`, 698, "event 698: the hash that is stored for it is wrong"},
		{"of a block", `update log_node set hash = set_byte(hash, 9, get_byte(hash, 9) # 1) where level = 1 and n = 1`, 256, "event 256: the hash that is stored for the events from here to 511 is wrong"},
	} {
		superuser(t, d, c.flip)
		if r := verify(t, d, trail.Outside{Keys: []string{key}}); r.Right() || firstOf(r) != c.first {
			t.Errorf("%s, by the verification of the database: %+v", c.name, r.Log)
		}
		p := pack(t, d, evidence.Query{}, 0)
		v := judge(t, p, key)
		if len(v.Wrong) != 1 || v.First != c.first || !strings.HasPrefix(v.Wrong[0], c.says) {
			t.Errorf("%s, offline: %d, %.300q", c.name, v.First, v.Wrong)
		}
		if out, code := python(t, p, key); code == 0 || !strings.Contains(out, c.says) || strings.Contains(out, "is not the event of this number") {
			t.Errorf("%s, by the other verifier: %s", c.name, out)
		}
		superuser(t, d, c.flip)
	}
	if v := judge(t, pack(t, d, evidence.Query{}, 0), key); len(v.Wrong) > 0 {
		t.Errorf("put back: %q", v.Wrong)
	}
}
