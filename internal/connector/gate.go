package connector

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrPaused says that the target failed several times in a row and is left alone for a while. The error is also a *Throttled that says
// how long.
var ErrPaused = errors.New("the target failed repeatedly and is left alone for a while")

// gate lets calls through: so many at once, so many a second, none while the target asked to wait or the breaker is open.
//
// It measures elapsed time with the process's monotonic clock: a matter between this process and the target, neither business
// nor record time.
type gate struct {
	limits Limits
	places chan struct{}

	mu       sync.Mutex
	next     time.Time // when the next call may begin, by PerSecond
	waitTill time.Time // the target asked to wait till then
	openTill time.Time // the breaker is open till then; past it one trial is let through
	failed   int       // transient failures in a row
	opened   int       // times the breaker opened since the last success
	trial    bool      // the trial is under way
}

func newGate(l Limits) *gate {
	return &gate{limits: l, places: make(chan struct{}, l.Concurrent)}
}

// enter waits for a place and for the rate, and says no when the target must be left alone. The returned function reports the
// outcome; it must be called once. A call the caller gave up says nothing about the target.
func (g *gate) enter(ctx context.Context) (done func(err error, gaveUp bool), err error) {
	select {
	case g.places <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	trial, wait, err := g.admit()
	if err == nil {
		err = sleep(ctx, wait)
	}
	if err != nil {
		if trial {
			g.report(true, nil, true)
		}
		<-g.places
		return nil, err
	}
	return func(err error, gaveUp bool) {
		g.report(trial, err, gaveUp)
		<-g.places
	}, nil
}

// admit decides on one call: whether it is the trial of a half-open breaker, and how long it waits for the rate.
func (g *gate) admit() (trial bool, wait time.Duration, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if left := g.waitTill.Sub(now); left > 0 {
		return false, 0, &Throttled{After: left}
	}
	if g.failed >= g.limits.Failures {
		left := g.openTill.Sub(now)
		if left <= 0 && g.trial {
			left = time.Second // the trial will tell
		}
		if left > 0 {
			return false, 0, fmt.Errorf("%w: %w", ErrPaused, &Throttled{After: left})
		}
		g.trial, trial = true, true
	}
	if g.limits.PerSecond > 0 {
		if g.next.Before(now) {
			g.next = now
		}
		wait = g.next.Sub(now)
		g.next = g.next.Add(time.Duration(float64(time.Second) / g.limits.PerSecond))
	}
	return trial, wait, nil
}

// report learns from an outcome. Only failures that may pass by themselves count: a refusal shows that the target lives.
func (g *gate) report(trial bool, err error, gaveUp bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if trial {
		g.trial = false
	}
	if gaveUp {
		return
	}
	class := Classify(err)
	if class == ClassThrottled {
		if till := time.Now().Add(RetryAfter(err)); till.After(g.waitTill) {
			g.waitTill = till
		}
		return
	}
	if class != ClassTransient && class != ClassAmbiguous {
		g.failed, g.opened = 0, 0
		return
	}
	g.failed++
	if g.failed == g.limits.Failures || (trial && g.failed > g.limits.Failures) {
		g.openTill = time.Now().Add(g.limits.Rest << min(g.opened, 4))
		g.opened++
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
