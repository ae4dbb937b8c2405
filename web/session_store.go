package web

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/alexedwards/scs/pgxstore"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// sessionStore is the library's but for two things: a session is found in the round trip that begins the request's reading, and a page
// that does no more than extend its session writes nothing, and so waits for no disk, until the end has moved by sessionStep.
type sessionStore struct {
	*pgxstore.PostgresStore
	pool *pgxpool.Pool
}

// sessionStep is how exactly the end of a session that nobody uses is kept: it may come so much earlier, never later.
const sessionStep = time.Minute

func newSessionStore(pool *pgxpool.Pool) *sessionStore {
	return &sessionStore{pgxstore.NewWithCleanupInterval(pool, 0), pool} // its own cleanup could not be ended safely
}

// FindCtx finds a session, in the transaction that the request reads in if it has none yet.
func (s *sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	o := openingOf(ctx)
	if o == nil || o.tx != nil {
		return s.Find(token)
	}
	err := o.begin(ctx, func(b *pgx.Batch) {
		b.Queue(`select data, expiry from sessions where token = $1 and current_timestamp < expiry`, token).QueryRow(func(row pgx.Row) error {
			err := row.Scan(&o.data, &o.expiry)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			o.token = token
			return err
		})
	})
	return o.data, o.token != "", err
}

// CommitCtx stores a session unless all of it is what the request found.
func (s *sessionStore) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	if o := openingOf(ctx); o != nil && o.token == token && bytes.Equal(o.data, b) && !expiry.Before(o.expiry) && !expiry.After(o.expiry.Add(sessionStep)) {
		return nil
	}
	return s.Commit(token, b, expiry)
}

// DeleteCtx is the library's.
func (s *sessionStore) DeleteCtx(_ context.Context, token string) error { return s.Delete(token) }

// AllCtx is the library's.
func (s *sessionStore) AllCtx(context.Context) (map[string][]byte, error) { return s.All() }

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
