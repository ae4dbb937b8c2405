package bench

import (
	"bytes"
	"context"
	"io"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
)

// statement is one that the product sent, with its arguments as the driver got them.
type statement struct {
	sql  string
	args []any

	bulk    *bytes.Buffer // what a COPY was given, as it went over the wire
	table   string        // of rows that were copied
	columns []string
	rows    [][]any

	few [][][]byte // of rows that were inserted one by one
}

// trip is what the product sent in one round trip.
type trip []statement

// recorder notes what is asked of the database between begin and end; it is the driver's own tracer.
type recorder struct {
	mu  sync.Mutex
	on  bool
	all []trip
}

func (r *recorder) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on, r.all = true, nil
}

func (r *recorder) end() []trip {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on = false
	return r.all
}

// TraceQueryStart is pgx.QueryTracer's.
func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	r.note(trip{{sql: data.SQL, args: slices.Clone(data.Args)}})
	return ctx
}

// TraceBatchStart is pgx.BatchTracer's.
func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	var t trip
	for _, q := range data.Batch.QueuedQueries {
		t = append(t, statement{sql: q.SQL, args: slices.Clone(q.Arguments)})
	}
	r.note(t)
	return ctx
}

func (r *recorder) note(t trip) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on {
		r.all = append(r.all, t)
	}
}

// TraceBulk is db.CopyTracer's.
func (r *recorder) TraceBulk(sql string, data io.Reader) io.Reader {
	b := &bytes.Buffer{}
	r.note(trip{{sql: sql, bulk: b}})
	return io.TeeReader(data, b)
}

// TraceInsert is db.CopyTracer's.
func (r *recorder) TraceInsert(sql string, rows [][][]byte) { r.note(trip{{sql: sql, few: rows}}) }

// TraceCopy is db.CopyTracer's.
func (r *recorder) TraceCopy(table string, columns []string, rows [][]any) {
	r.note(trip{{table: table, columns: columns, rows: rows}})
}

// TraceBatchQuery is pgx.BatchTracer's.
func (*recorder) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd is pgx.BatchTracer's.
func (*recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TraceQueryEnd is pgx.QueryTracer's.
func (*recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
