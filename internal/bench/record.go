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

// recorder notes what is asked of the database between begin and end; it is the driver's own tracer.
type recorder struct {
	mu  sync.Mutex
	on  bool
	all []statement
}

func (r *recorder) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on, r.all = true, nil
}

func (r *recorder) end() []statement {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on = false
	return r.all
}

// TraceQueryStart is pgx.QueryTracer's.
func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on {
		r.all = append(r.all, statement{data.SQL, slices.Clone(data.Args)})
	}
	return ctx
}

// TraceQueryEnd is pgx.QueryTracer's.
func (*recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
