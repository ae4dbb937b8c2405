package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// written is what one transaction of the product left in a table, as PostgreSQL's binary COPY writes it.
type written struct {
	table, columns string
	rows           int64
	data           []byte
}

// readBack takes out of a database every row that a transaction from xid on wrote, whatever the table.
func readBack(ctx context.Context, conn *pgx.Conn, xid int64) ([]written, error) {
	rows, err := conn.Query(ctx, `select c.relname, string_agg(quote_ident(a.attname), ', ' order by a.attnum)
		from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition group by c.relname order by 1`)
	if err != nil {
		return nil, err
	}
	tables, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (w written, err error) {
		err = r.Scan(&w.table, &w.columns)
		return w, err
	})
	if err != nil {
		return nil, err
	}
	var out []written
	for _, w := range tables {
		var b bytes.Buffer
		tag, err := conn.PgConn().CopyTo(ctx, &b, fmt.Sprintf(`copy (select %s from %s where xmin::text::bigint >= %d) to stdout binary`,
			w.columns, pgx.Identifier{w.table}.Sanitize(), xid))
		if err != nil {
			return nil, fmt.Errorf("reading back %s: %w", w.table, err)
		}
		if w.rows, w.data = tag.RowsAffected(), b.Bytes(); w.rows > 0 {
			out = append(out, w)
		}
	}
	return out, nil
}

// counts gives the rows by table.
func counts(all []written) map[string]int64 {
	out := map[string]int64{}
	for _, w := range all {
		out[w.table] = w.rows
	}
	return out
}

// floorTables makes, in a schema of their own, tables just like those that are to be filled: columns, defaults, checks and
// indexes, without triggers and without partitions.
func floorTables(ctx context.Context, conn *pgx.Conn, all []written) error {
	sql := `create schema floor;`
	for _, w := range all {
		sql += fmt.Sprintf(`create table floor.%[1]s (like public.%[1]s including all);`, pgx.Identifier{w.table}.Sanitize())
	}
	_, err := conn.Exec(ctx, sql)
	return err
}

// load is the floor of the first load: the same rows, ready in memory in the server's own format, by COPY in one transaction.
func load(ctx context.Context, conn *pgx.Conn, all []written) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	for _, w := range all {
		tag, err := conn.PgConn().CopyFrom(ctx, bytes.NewReader(w.data), fmt.Sprintf(`copy floor.%s (%s) from stdin binary`,
			pgx.Identifier{w.table}.Sanitize(), w.columns))
		if err != nil {
			return fmt.Errorf("copying %s: %w", w.table, err)
		}
		if tag.RowsAffected() != w.rows {
			return fmt.Errorf("copying %s: %d rows of %d", w.table, tag.RowsAffected(), w.rows)
		}
	}
	return tx.Commit(ctx)
}

// floorLoad measures load in a fresh database.
func (s *stage) floorLoad(ctx context.Context, all []written) (took time.Duration, err error) {
	name, err := s.clone(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, name)) }()
	conn, err := pgx.Connect(ctx, s.url(name))
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if err := floorTables(ctx, conn, all); err != nil {
		return 0, err
	}
	if err := s.settle(ctx); err != nil {
		return 0, err
	}
	return clock(func() error { return load(ctx, conn, all) })
}

// reread is the floor of an unchanged sync: parse the feed with Go's own CSV reader, hash the bytes and every row, read what
// the database has of every key and compare. It writes nothing. It gives the number of rows that are known by key.
func reread(ctx context.Context, conn *pgx.Conn, feed []byte) (int, error) {
	file := sha256.New()
	r := csv.NewReader(io.TeeReader(bytes.NewReader(feed), file))
	r.ReuseRecord = true
	if _, err := r.Read(); err != nil { // the header
		return 0, err
	}
	hashes := make(map[string][sha256.Size]byte, bytes.Count(feed, []byte{'\n'}))
	var line []byte
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		line = line[:0]
		for _, c := range cells {
			line = append(append(line, c...), 0)
		}
		hashes[strings.Clone(cells[0])] = sha256.Sum256(line)
	}
	_ = file.Sum(nil)
	rows, err := conn.Query(ctx, `select source_key, row_hash from employment where source_id = 1`)
	if err != nil {
		return 0, err
	}
	known, differ := 0, 0
	var key string
	var hash []byte
	_, err = pgx.ForEachRow(rows, []any{&key, &hash}, func() error {
		if have, ok := hashes[key]; ok {
			known++
			if !bytes.Equal(have[:], hash) { // the product's hash is made of other bytes, so this says yes: the work is the same
				differ++
			}
		}
		return nil
	})
	if known != differ {
		return 0, fmt.Errorf("the floor found %d equal hashes and the two are made of different bytes", known-differ)
	}
	return known, err
}
