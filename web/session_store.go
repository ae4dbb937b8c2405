package web

import (
	"bytes"
	"context"
	"encoding/gob"
	"maps"
	"slices"
	"time"

	"github.com/alexedwards/scs/pgxstore"
	"github.com/jackc/pgx/v5/pgxpool"
)

// sessionStore is the library's but for one thing: a page that does no more than extend its session writes nothing, and so waits for
// no disk, until the end has moved by sessionStep.
type sessionStore struct {
	*pgxstore.PostgresStore
	pool *pgxpool.Pool
}

// sessionStep is how exactly the end of a session that nobody uses is kept: it may come so much earlier, never later.
const sessionStep = time.Minute

func newSessionStore(pool *pgxpool.Pool) *sessionStore {
	return &sessionStore{pgxstore.NewWithCleanupInterval(pool, 0), pool} // its own cleanup could not be ended safely
}

// Commit stores a session unless all of it is stored already.
func (s *sessionStore) Commit(token string, b []byte, expiry time.Time) error {
	_, err := s.pool.Exec(context.Background(), `insert into sessions (token, data, expiry) select $1, $2, $3::timestamptz
		where not exists (select from sessions where token = $1 and data = $2 and expiry between $3::timestamptz - $4::interval and $3)
		on conflict (token) do update set data = excluded.data, expiry = excluded.expiry`, token, b, expiry, sessionStep)
	return err
}

// sessionCodec writes what a session remembers in the order of the names, so that the same is the same bytes; the library's own
// writes a map, whose order changes.
type sessionCodec struct{}

type sessionData struct {
	Deadline time.Time
	Names    []string
	Each     []any
}

// Encode is scs.Codec's.
func (sessionCodec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	d := sessionData{Deadline: deadline.UTC(), Names: slices.Sorted(maps.Keys(values))}
	for _, name := range d.Names {
		d.Each = append(d.Each, values[name])
	}
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(&d)
	return b.Bytes(), err
}

// Decode is scs.Codec's.
func (sessionCodec) Decode(b []byte) (time.Time, map[string]any, error) {
	var d sessionData
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&d); err != nil {
		return time.Time{}, nil, err
	}
	values := make(map[string]any, len(d.Names))
	for i, name := range d.Names {
		values[name] = d.Each[i]
	}
	return d.Deadline, values, nil
}
