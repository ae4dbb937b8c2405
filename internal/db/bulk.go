package db

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// large is how many rows make it worth while to prepare for them.
const large = 10_000

// Bulk writes n rows at once: COPY in PostgreSQL's binary format, written by row straight into the buffer that is sent. Copy is
// for anything small; Bulk is for a first load, where boxing every value costs more than the rest. row is called with i from 0
// to n-1 and must write one value for each column, in order, with the method of the column's exact type: the server refuses any
// other. An error of row undoes the copy.
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
	f := &feed{n: n, columns: len(columns), row: row}
	sql := fmt.Sprintf(`copy %s (%s) from stdin binary`, pgx.Identifier{table}.Sanitize(), strings.Join(quoted, ", "))
	var data io.Reader = f
	if t.DB.copies != nil {
		data = t.DB.copies.TraceBulk(sql, f)
	}
	tag, err := t.Pgx.Conn().PgConn().CopyFrom(t.Ctx, data, sql)
	if f.err != nil {
		err = f.err // the server's own error only says that the client gave up
	}
	if err != nil {
		return fmt.Errorf("copying into %s: %w", table, err)
	}
	if tag.RowsAffected() != int64(n) {
		return fmt.Errorf("copying into %s: %d of %d rows", table, tag.RowsAffected(), n)
	}
	return nil
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
