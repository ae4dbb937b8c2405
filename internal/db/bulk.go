package db

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// large is how many rows make it worth while to prepare for them; up to few are inserted: a COPY takes two round trips and is planned anew
// each time.
const (
	large = 10_000
	few   = 4
)

// Bulk writes n rows at once: COPY in PostgreSQL's binary format, written by row straight into the buffer that is sent. Copy is
// for anything small; Bulk is for a first load, where boxing every value costs more than the rest. row is called with i from 0
// to n-1 and must write one value for each column, in order, with the method of the column's exact type: the server refuses any
// other. An error of row undoes the copy. A handful of rows goes as prepared inserts in one round trip.
func (t *Tx) Bulk(table string, columns []string, n int, row func(i int, r *Row) error) error {
	if n == 0 {
		return nil
	}
	if n >= large {
		// The triggers that count changed rows are shown all rows of the statement: they should stay in memory.
		if _, err := t.Exec(`set local work_mem = '128MB'`); err != nil {
			return err
		}
	}
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = pgx.Identifier{c}.Sanitize()
	}
	if n <= few {
		return t.insert(table, quoted, n, row)
	}
	f := &feed{n: n, columns: len(columns), row: row}
	f.r.buf = (*buffers.Get().(*[]byte))[:0]
	defer func() { buffers.Put(&f.r.buf) }()
	sql := fmt.Sprintf(`copy %s (%s) from stdin binary`, pgx.Identifier{table}.Sanitize(), strings.Join(quoted, ", "))
	var data io.Reader = f
	if t.DB.copies != nil {
		data = t.DB.copies.TraceBulk(sql, f)
	}
	if t.last {
		sql += "; commit"
	}
	tag, err := t.copyIn(sql, data, f)
	if f.err != nil {
		err = f.err // the server's own error only says that the client gave up
	}
	if err != nil {
		return fmt.Errorf("copying into %s: %w", table, err)
	}
	if t.ended = t.last; !t.ended && tag.RowsAffected() != int64(n) {
		return fmt.Errorf("copying into %s: %d of %d rows", table, tag.RowsAffected(), n)
	}
	return nil
}

// copyIn sends a copy. What fits into one buffer goes with its statement: the server takes data that came before it asked for them, and passes
// over those of a statement that failed (PostgreSQL manual, "Frontend/Backend Protocol", COPY Operations).
func (t *Tx) copyIn(sql string, data io.Reader, f *feed) (tag pgconn.CommandTag, err error) {
	conn := t.Pgx.Conn().PgConn()
	if t.DB.copies != nil {
		return conn.CopyFrom(t.Ctx, data, sql)
	}
	if err := f.fill(); err != nil {
		return tag, err
	}
	if !f.end {
		return conn.CopyFrom(t.Ctx, data, sql)
	}
	if err := t.Ctx.Err(); err != nil {
		return tag, err
	}
	front := conn.Frontend()
	front.SendQuery(&pgproto3.Query{String: sql})
	front.Send(&pgproto3.CopyData{Data: f.r.buf})
	front.Send(&pgproto3.CopyDone{})
	if err := front.Flush(); err != nil {
		return tag, errors.Join(err, conn.Conn().Close())
	}
	for {
		m, broken := conn.ReceiveMessage(t.Ctx)
		if broken != nil {
			return tag, errors.Join(broken, conn.Conn().Close()) // what comes is not the answer to what is asked next
		}
		switch m := m.(type) {
		case *pgproto3.CommandComplete:
			tag = pgconn.NewCommandTag(string(m.CommandTag))
		case *pgproto3.ErrorResponse:
			err = pgconn.ErrorResponseToPgError(m)
		case *pgproto3.ReadyForQuery:
			return tag, err
		}
	}
}

// insert is Bulk for few rows.
func (t *Tx) insert(table string, quoted []string, n int, row func(i int, r *Row) error) error {
	marks := make([]string, len(quoted))
	for i := range marks {
		marks[i] = "$" + strconv.Itoa(i+1)
	}
	sql := fmt.Sprintf(`insert into %s (%s) overriding system value values (%s)`, pgx.Identifier{table}.Sanitize(), strings.Join(quoted, ", "), strings.Join(marks, ", "))
	rows := make([][][]byte, n)
	for i := range rows {
		r := &Row{}
		if err := row(i, r); err != nil {
			return fmt.Errorf("copying into %s: %w", table, err)
		}
		if r.values != len(quoted) {
			return fmt.Errorf("copying into %s: row %d has %d values for %d columns", table, i, r.values, len(quoted))
		}
		rows[i] = r.cut()
	}
	if t.DB.copies != nil {
		t.DB.copies.TraceInsert(sql, rows)
	}
	if err := InsertRows(t.Ctx, t.Pgx.Conn(), sql, rows, t.last); err != nil {
		return fmt.Errorf("copying into %s: %w", table, err)
	}
	t.ended = t.last
	return nil
}

// InsertRows carries out an insert of one row once for each of some, in one round trip, and in the same one commits the transaction if asked
// to. Every value is in its column's binary format, nil for null.
func InsertRows(ctx context.Context, conn *pgx.Conn, sql string, rows [][][]byte, commit bool) error {
	prepared, err := conn.Prepare(ctx, sql, sql)
	if err != nil {
		return err
	}
	p := conn.PgConn().StartPipeline(ctx)
	binary := []int16{pgx.BinaryFormatCode}
	for _, values := range rows {
		p.SendQueryPrepared(prepared.Name, values, binary, nil)
	}
	if commit {
		p.SendQueryParams("commit", nil, nil, nil, nil)
	}
	err = p.Sync()
	for err == nil {
		var r any
		if r, err = p.GetResults(); r == nil {
			break
		}
		if reader, ok := r.(*pgconn.ResultReader); ok {
			_, err = reader.Close()
		}
	}
	return errors.Join(err, p.Close())
}

// cut gives the values, nil for null.
func (r *Row) cut() [][]byte {
	values, rest := make([][]byte, 0, r.values), r.buf
	for len(rest) > 0 {
		n := int32(binary.BigEndian.Uint32(rest)) //nolint:gosec // as size wrote it
		rest = rest[4:]
		if n < 0 {
			values = append(values, nil)
			continue
		}
		values, rest = append(values, rest[:n:n]), rest[n:]
	}
	return values
}

// Row takes the values of one row of Bulk, in the binary format of COPY (PostgreSQL manual, "COPY", Binary Format).
type Row struct {
	buf    []byte
	values int

	pool, random []byte // random bytes, and those not used yet
}

func (r *Row) size(n int) {
	r.values++
	r.buf = binary.BigEndian.AppendUint32(r.buf, uint32(n)) //nolint:gosec // -1 is null; a value is shorter than 1 GB
}

// Null writes null.
func (r *Row) Null() { r.size(-1) }

// Int writes an integer (int4).
func (r *Row) Int(v int) {
	r.size(4)
	r.buf = binary.BigEndian.AppendUint32(r.buf, uint32(v)) //nolint:gosec // ids of int4 columns
}

// ID writes an integer (int4), null for 0.
func (r *Row) ID(v int) {
	if v == 0 {
		r.Null()
		return
	}
	r.Int(v)
}

// Small writes a smallint (int2).
func (r *Row) Small(v int) {
	r.size(2)
	r.buf = binary.BigEndian.AppendUint16(r.buf, uint16(v)) //nolint:gosec // small by its type
}

// Big writes a bigint (int8).
func (r *Row) Big(v int64) {
	r.size(8)
	r.buf = binary.BigEndian.AppendUint64(r.buf, uint64(v)) //nolint:gosec // two's complement
}

// Text writes a text.
func (r *Row) Text(s string) {
	r.size(len(s))
	r.buf = append(r.buf, s...)
}

// TextOrNull writes a text, null for an empty one.
func (r *Row) TextOrNull(s string) {
	if s == "" {
		r.Null()
		return
	}
	r.Text(s)
}

// Bytes writes a bytea, null for nil.
func (r *Row) Bytes(b []byte) {
	if b == nil {
		r.Null()
		return
	}
	r.size(len(b))
	r.buf = append(r.buf, b...)
}

// UUID writes a uuid.
func (r *Row) UUID(u [16]byte) { r.Bytes(u[:]) }

// NewUUID writes a new random uuid (RFC 9562, version 4). A column whose default makes one is better filled with this: the server
// takes rows in batches only when no default is volatile.
func (r *Row) NewUUID() {
	if len(r.random) < 16 {
		if r.pool == nil {
			r.pool = make([]byte, 4096)
		}
		_, _ = rand.Read(r.pool) // never fails
		r.random = r.pool
	}
	u := [16]byte(r.random)
	r.random = r.random[16:]
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	r.UUID(u)
}

// JSON writes a jsonb from its text.
func (r *Row) JSON(text []byte) {
	r.size(len(text) + 1)
	r.buf = append(append(r.buf, 1), text...) // 1 is the version of the format
}

// epoch is where PostgreSQL counts from.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Time writes a timestamptz, infinity for Forever and later. Below a microsecond it is cut off.
func (r *Row) Time(t time.Time) {
	if !t.Before(Forever) {
		r.Big(math.MaxInt64)
		return
	}
	r.Big(t.UnixMicro() - epoch.UnixMicro())
}

// Micros writes a timestamptz from microseconds since 1970, null for the smallest there is.
func (r *Row) Micros(v int64) {
	if v == math.MinInt64 {
		r.Null()
		return
	}
	r.Big(v - epoch.UnixMicro())
}

// Bool writes a boolean.
func (r *Row) Bool(v bool) {
	r.size(1)
	if v {
		r.buf = append(r.buf, 1)
	} else {
		r.buf = append(r.buf, 0)
	}
}

// Ints writes an array of integers (int4[]), null for nil.
func (r *Row) Ints(all []int32) {
	if all == nil {
		r.Null()
		return
	}
	const int4 = 23 // the type's id
	r.size(20 + 8*len(all))
	for _, v := range []int{1, 0, int4, len(all), 1} { // dimensions, nulls, type, length, first index
		r.buf = binary.BigEndian.AppendUint32(r.buf, uint32(v)) //nolint:gosec // small
	}
	for _, v := range all {
		r.buf = binary.BigEndian.AppendUint32(r.buf, 4)
		r.buf = binary.BigEndian.AppendUint32(r.buf, uint32(v)) //nolint:gosec // two's complement
	}
}

// Date writes the day of t, as its location has it, as a date; null for nil.
func (r *Row) Date(t *time.Time) {
	if t == nil {
		r.Null()
		return
	}
	y, m, d := t.Date()
	r.Int(int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(epoch) / (24 * time.Hour)))
}

// feed is the stream of a Bulk.
type feed struct {
	row        func(i int, r *Row) error
	columns    int
	i, n       int
	r          Row
	sent       int // bytes of r.buf that were read
	began, end bool
	err        error
}

// enough is how many bytes are made at a time.
const enough = 64 << 10

// buffers are those that no copy uses: a row more than enough has room.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, enough+4096); return &b }}

// Read gives the next bytes, made as they are asked for.
func (f *feed) Read(p []byte) (int, error) {
	if f.sent == len(f.r.buf) {
		if err := f.fill(); err != nil {
			f.err = err
			return 0, err
		}
		if len(f.r.buf) == 0 {
			return 0, io.EOF
		}
	}
	n := copy(p, f.r.buf[f.sent:])
	f.sent += n
	return n, nil
}

func (f *feed) fill() error {
	f.r.buf, f.sent = f.r.buf[:0], 0
	if !f.began {
		f.began = true
		f.r.buf = append(f.r.buf, "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	}
	for ; f.i < f.n && len(f.r.buf) < enough; f.i++ {
		f.r.buf = binary.BigEndian.AppendUint16(f.r.buf, uint16(f.columns)) //nolint:gosec // a table has at most 1600
		f.r.values = 0
		if err := f.row(f.i, &f.r); err != nil {
			return err
		}
		if f.r.values != f.columns {
			return fmt.Errorf("row %d has %d values for %d columns", f.i, f.r.values, f.columns)
		}
	}
	if f.i == f.n && !f.end {
		f.end = true
		f.r.buf = append(f.r.buf, 0xff, 0xff)
	}
	return nil
}
