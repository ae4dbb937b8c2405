package trail

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/evidence"
)

// Standing says how the log stands: how far it is sealed, how far outside, under which keys, and what the last verification found.
type Standing struct {
	Origin   string
	Size     int64  // events under the last signed head
	Root     string // of their tree, in base64
	Signed   []byte // that head
	SealedAt time.Time
	Through  time.Time // when the last of them was recorded
	Newer    int       // events that are not sealed yet
	Sinks    []SinkStanding
	Keys     []KeyStanding
	Check    *Check // nil before the first
}

// SinkStanding says how far the log is anchored somewhere outside.
type SinkStanding struct {
	Sink    string    // SinkLog, SinkFile, SinkMail or a witness's public key
	Size    int64     // 0: nothing yet
	At      time.Time // when it was brought there
	Through time.Time // when the last event of it was recorded
	Error   string    // what stands in the way; "" for nothing
	Since   time.Time // since when
}

// KeyStanding is a public key of the log.
type KeyStanding struct {
	Public      string
	Fingerprint string // SHA-256 of the text of the key, in hexadecimal
	Since       time.Time
}

// Check is a verification of the whole log.
type Check struct {
	At     time.Time
	Size   int64
	Answer string // what was found; "" for nothing
}

// Stand reads it. also names sinks that are set up, whether or not anything came to them.
func Stand(tx *db.Tx, also []string) (*Standing, error) {
	s := &Standing{Origin: Origin(tx.DB)}
	var seen string
	err := tx.QueryRow(`select c.size, c.note, c.seen, c.sealed_at, coalesce(e.recorded_at, c.sealed_at) from checkpoint c left join leaf l on l.log_index = c.size - 1
		left join event e on e.id = l.event_id order by c.size desc limit 1`).Scan(&s.Size, &s.Signed, &seen, &s.SealedAt, &s.Through)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		err = tx.QueryRow(`select count(*) from event`).Scan(&s.Newer)
	case err == nil:
		var c evidence.Checkpoint
		if c, err = evidence.ParseCheckpoint(beforeSignatures(s.Signed)); err == nil {
			s.Root = c.Root.String()
			err = tx.QueryRow(`select count(*) from event where xid >= pg_snapshot_xmin($1::text::pg_snapshot) and not pg_visible_in_snapshot(xid, $1::text::pg_snapshot)`, seen).Scan(&s.Newer)
		}
	}
	if err == nil {
		err = s.sinks(tx, also)
	}
	if err == nil {
		err = s.keys(tx)
	}
	if err != nil {
		return nil, err
	}
	var c Check
	err = tx.QueryRow(`select at, size, answer from log_check order by id desc limit 1`).Scan(&c.At, &c.Size, &c.Answer)
	if err == nil {
		s.Check = &c
	} else if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return s, err
}

func (s *Standing) sinks(tx *db.Tx, also []string) error {
	all := map[string]SinkStanding{}
	for _, name := range also {
		all[name] = SinkStanding{Sink: name}
	}
	rows, err := tx.Query(`select distinct on (a.sink) a.sink, a.size, a.at, coalesce(e.recorded_at, a.at) from anchor a left join leaf l on l.log_index = a.size - 1
		left join event e on e.id = l.event_id order by a.sink, a.size desc`)
	if err != nil {
		return err
	}
	var x SinkStanding
	if _, err := pgx.ForEachRow(rows, []any{&x.Sink, &x.Size, &x.At, &x.Through}, func() error { all[x.Sink] = x; return nil }); err != nil {
		return err
	}
	if rows, err = tx.Query(`select sink, error, since from log_trouble`); err != nil {
		return err
	}
	var sink, what string
	var since time.Time
	if _, err := pgx.ForEachRow(rows, []any{&sink, &what, &since}, func() error {
		x := all[sink]
		x.Sink, x.Error, x.Since = sink, what, since
		all[sink] = x
		return nil
	}); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s.Sinks = append(s.Sinks, all[name])
	}
	return nil
}

func (s *Standing) keys(tx *db.Tx) error {
	rows, err := tx.Query(`select public, since from log_key order by id`)
	if err != nil {
		return err
	}
	var k KeyStanding
	_, err = pgx.ForEachRow(rows, []any{&k.Public, &k.Since}, func() error {
		h := sha256.Sum256([]byte(k.Public))
		k.Fingerprint = hex.EncodeToString(h[:])
		s.Keys = append(s.Keys, k)
		return nil
	})
	return err
}

// Outside is the sink that holds the most of the log outside of the database; nil where nothing is outside.
func (s *Standing) Outside() (most *SinkStanding) {
	for i := range s.Sinks {
		if x := &s.Sinks[i]; x.Size > 0 && (most == nil || x.Size > most.Size) {
			most = x
		}
	}
	return most
}

// Names are the sinks that are set up; of no anchor none.
func (a *Anchor) Names() (out []string) {
	if a == nil {
		return nil
	}
	if a.File != "" {
		out = append(out, SinkFile)
	}
	if a.Mail != nil {
		out = append(out, SinkMail)
	}
	for _, w := range a.Witnesses {
		out = append(out, w.Key)
	}
	return out
}
