package db

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// EventBell is the channel (LISTEN) on which it is told that events were committed.
const EventBell = "tenure_event"

// bell tells whoever seals the log, in whichever process, that there are events. It rings after the commit and never within: NOTIFY in a
// transaction makes all commits of a database wait for one another. Many commits at once are one ring. Where a ring is lost, since a process
// was killed between its commit and the ring, the sealer looks by itself.
type bell struct {
	rung, stop, done chan struct{}
	once             sync.Once
}

// apart is how long the bell rests between two rings.
const apart = 20 * time.Millisecond

func newBell(pool *pgxpool.Pool) *bell {
	b := &bell{rung: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go b.run(pool)
	return b
}

func (b *bell) run(pool *pgxpool.Pool) {
	defer close(b.done)
	pull := func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_, _ = pool.Exec(ctx, `notify `+EventBell) // lost, the sealer looks by itself
	}
	rest := time.NewTimer(0)
	for {
		select {
		case <-rest.C:
		case <-b.stop:
		}
		select {
		case <-b.rung:
			pull()
			rest.Reset(apart)
		case <-b.stop:
			select {
			case <-b.rung:
				pull()
			default:
			}
			return
		}
	}
}

func (b *bell) ring() {
	select {
	case b.rung <- struct{}{}:
	default: // somebody rang already
	}
}

// close rings for the last time, if there is something to ring for.
func (b *bell) close() {
	b.once.Do(func() { close(b.stop) }) // a database may be closed twice
	<-b.done
}
