package web

import (
	"sync"
	"time"
)

// throttle counts failures by key over a window of time. It lives in one process: the count per account, which counts
// everywhere, stands in the database.
type throttle struct {
	most   int
	window time.Duration

	mu   sync.Mutex
	seen map[string]*failures
}

type failures struct {
	n     int
	until time.Time
}

// tracked bounds the memory of a throttle. When it is full, everybody starts anew: better than refusing everybody.
const tracked = 10000

func newThrottle(most int, window time.Duration) *throttle {
	return &throttle{most: most, window: window, seen: map[string]*failures{}}
}

// refused says whether a key has failed too often, and how long it must wait.
func (t *throttle) refused(key string, now time.Time) (time.Duration, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.seen[key]
	if f == nil || !now.Before(f.until) || f.n < t.most {
		return 0, false
	}
	return f.until.Sub(now), true
}

// failed notes one failure.
func (t *throttle) failed(key string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.seen[key]
	if f == nil || !now.Before(f.until) {
		if len(t.seen) >= tracked {
			clear(t.seen)
		}
		f = &failures{until: now.Add(t.window)}
		t.seen[key] = f
	}
	f.n++
}
