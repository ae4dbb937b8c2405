package db

import (
	"encoding/binary"
	"math"

	"github.com/jackc/pgx/v5"
)

// Binary is one row of an answer in PostgreSQL's binary format. It is good until the next row. What is null, or of another length, is 0.
type Binary [][]byte

// Each runs a query and calls do for every row: for a million of them, where scanning values costs more than reading them.
func (t *Tx) Each(sql string, args []any, do func(Binary)) error {
	rows, err := t.Query(sql, append([]any{pgx.QueryResultFormats{pgx.BinaryFormatCode}}, args...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		do(rows.RawValues())
	}
	return rows.Err()
}

// Int gives an integer (int4).
func (r Binary) Int(i int) int32 {
	if len(r[i]) != 4 {
		return 0
	}
	return int32(binary.BigEndian.Uint32(r[i])) //nolint:gosec // the same bits
}

// Small gives a smallint (int2).
func (r Binary) Small(i int) int16 {
	if len(r[i]) != 2 {
		return 0
	}
	return int16(binary.BigEndian.Uint16(r[i])) //nolint:gosec // the same bits
}

// Big gives a bigint (int8).
func (r Binary) Big(i int) int64 {
	if len(r[i]) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(r[i])) //nolint:gosec // the same bits
}

// Bool gives a boolean.
func (r Binary) Bool(i int) bool { return len(r[i]) == 1 && r[i][0] != 0 }

// Text gives a text.
func (r Binary) Text(i int) string { return string(r[i]) }

// JSON gives the text of a jsonb, which lies in the row.
func (r Binary) JSON(i int) []byte {
	if len(r[i]) == 0 {
		return nil
	}
	return r[i][1:] // after the number of the format
}

// Micros gives a timestamptz in microseconds since 1970, the smallest number there is for null, as Row.Micros takes it.
func (r Binary) Micros(i int) int64 {
	if len(r[i]) != 8 {
		return math.MinInt64
	}
	return r.Big(i) + epoch.UnixMicro()
}
