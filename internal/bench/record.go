package bench

import (
	"context"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
)

// statement is one that the product sent, with its arguments as the driver got them.
type statement struct {
	sql  string
	args []any
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
	r.note(trip{{data.SQL, slices.Clone(data.Args)}})
	return ctx
}

// TraceBatchStart is pgx.BatchTracer's.
func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	var t trip
	for _, q := range data.Batch.QueuedQueries {
		t = append(t, statement{q.SQL, slices.Clone(q.Arguments)})
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

// TraceBatchQuery is pgx.BatchTracer's.
func (*recorder) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd is pgx.BatchTracer's.
func (*recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TraceQueryEnd is pgx.QueryTracer's.
func (*recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
