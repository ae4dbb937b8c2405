package connector

import (
	"context"
	"io"
	"iter"
	"time"
)

// Limits is how hard and how long one target may be called. Zero fields take the default.
type Limits struct {
	Timeout     time.Duration // one look-up or change; default 20 s
	ListTimeout time.Duration // one whole listing, all its pages; default 15 min
	Concurrent  int           // calls under way at once, from this process; default 8
	PerSecond   float64       // calls begun in a second, from this process; default unlimited
	Failures    int           // transient failures in a row that open the breaker; default 5
	Rest        time.Duration // how long the breaker stays open; doubles up to 16 times while the trial fails; default 30 s
}

func (l Limits) withDefaults() Limits {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	set(&l.Timeout, 20*time.Second)
	set(&l.ListTimeout, 15*time.Minute)
	set(&l.Rest, 30*time.Second)
	if l.Concurrent <= 0 {
		l.Concurrent = 8
	}
	if l.Failures <= 0 {
		l.Failures = 5
	}
	return l
}

// Wrap puts the guards every target needs around a connector: a deadline for each call, a limit of calls at once and per
// second, respect for a target that asks to wait, and a circuit breaker.
//
// A call that the guards turn away never reaches the target and fails with an error of class throttled that says how long to wait
// (ErrPaused too, when it is the breaker). The result has Granter and Accounter exactly when c has them. Keep one wrapped
// connector per target and process: the guards count what goes through this value.
func Wrap(c Connector, l Limits) Connector {
	l = l.withDefaults()
	w := &wrapped{target: c, limits: l, gate: newGate(l)}
	g, grants := c.(Granter)
	a, accounts := c.(Accounter)
	switch {
	case grants && accounts:
		return struct {
			*wrapped
			wrappedGranter
			wrappedAccounter
		}{w, wrappedGranter{w, g}, wrappedAccounter{w, a}}
	case grants:
		return struct {
			*wrapped
			wrappedGranter
		}{w, wrappedGranter{w, g}}
	case accounts:
		return struct {
			*wrapped
			wrappedAccounter
		}{w, wrappedAccounter{w, a}}
	}
	return w
}

type wrapped struct {
	target Connector
	limits Limits
	gate   *gate
}

// call runs one call behind the gate, under a deadline.
func (w *wrapped) call(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	done, err := w.gate.enter(ctx)
	if err != nil {
		return err
	}
	inner, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	reported := false
	defer func() { // a panic below must not keep its place in the gate
		if !reported {
			done(context.Canceled, true)
		}
	}()
	err = do(inner)
	reported = true
	done(err, ctx.Err() != nil)
	return err
}

// Close closes the connector, if it has anything to close. Neither is used afterwards.
func (w *wrapped) Close() error {
	if c, ok := w.target.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

func (w *wrapped) Check(ctx context.Context) error {
	return w.call(ctx, w.limits.Timeout, w.target.Check)
}

func (w *wrapped) Account(ctx context.Context, k Key) (a Account, gs []Grant, err error) {
	err = w.call(ctx, w.limits.Timeout, func(ctx context.Context) error {
		a, gs, err = w.target.Account(ctx, k)
		return err
	})
	return a, gs, err
}

func (w *wrapped) Accounts(ctx context.Context) iter.Seq2[Account, error] {
	return wrapList(ctx, w, w.target.Accounts)
}

func (w *wrapped) Entitlements(ctx context.Context) iter.Seq2[Entitlement, error] {
	return wrapList(ctx, w, w.target.Entitlements)
}

func (w *wrapped) Grants(ctx context.Context) iter.Seq2[Grant, error] {
	return wrapList(ctx, w, w.target.Grants)
}

// wrapList guards a whole listing as one call. A reader that stops early has not seen a failure.
func wrapList[T any](ctx context.Context, w *wrapped, list func(context.Context) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		told := false
		err := w.call(ctx, w.limits.ListTimeout, func(ctx context.Context) error {
			for item, err := range list(ctx) {
				if err != nil {
					told = true
					yield(zero, err)
					return err
				}
				if !yield(item, nil) {
					return nil
				}
			}
			return nil
		})
		if err != nil && !told {
			yield(zero, err)
		}
	}
}

type wrappedGranter struct {
	w *wrapped
	g Granter
}

func (x wrappedGranter) Grant(ctx context.Context, idemKey string, g Grant) error {
	return x.w.call(ctx, x.w.limits.Timeout, func(ctx context.Context) error { return x.g.Grant(ctx, idemKey, g) })
}

func (x wrappedGranter) Revoke(ctx context.Context, idemKey string, g Grant) error {
	return x.w.call(ctx, x.w.limits.Timeout, func(ctx context.Context) error { return x.g.Revoke(ctx, idemKey, g) })
}

type wrappedAccounter struct {
	w *wrapped
	a Accounter
}

func (x wrappedAccounter) CreateAccount(ctx context.Context, idemKey string, a Account) (made Account, err error) {
	err = x.w.call(ctx, x.w.limits.Timeout, func(ctx context.Context) error {
		made, err = x.a.CreateAccount(ctx, idemKey, a)
		return err
	})
	return made, err
}

func (x wrappedAccounter) UpdateAccount(ctx context.Context, idemKey string, a Account) error {
	return x.w.call(ctx, x.w.limits.Timeout, func(ctx context.Context) error { return x.a.UpdateAccount(ctx, idemKey, a) })
}

func (x wrappedAccounter) DisableAccount(ctx context.Context, idemKey string, a Account) error {
	return x.w.call(ctx, x.w.limits.Timeout, func(ctx context.Context) error { return x.a.DisableAccount(ctx, idemKey, a) })
}

func (x wrappedAccounter) DeleteAccount(ctx context.Context, idemKey string, a Account) error {
	return x.w.call(ctx, x.w.limits.Timeout, func(ctx context.Context) error { return x.a.DeleteAccount(ctx, idemKey, a) })
}

// Guards is how the guards around a connector stand in this process, and their limits.
type Guards struct {
	Limits
	Busy     int           // calls under way
	Failures int           // transient failures in a row
	OpenFor  time.Duration // how long the breaker stays open; 0: closed
	WaitFor  time.Duration // how long the target asked to be left alone
}

// GuardsOf gives how the guards of a connector stand; false for one that was not wrapped.
func GuardsOf(c Connector) (Guards, bool) {
	w, ok := c.(interface{ guards() Guards })
	if !ok {
		return Guards{}, false
	}
	return w.guards(), true
}

func (w *wrapped) guards() Guards {
	g := w.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	out, now := Guards{Limits: w.limits, Busy: len(g.places), Failures: g.failed}, time.Now()
	out.WaitFor = max(0, g.waitTill.Sub(now))
	if g.failed >= g.limits.Failures {
		out.OpenFor = max(0, g.openTill.Sub(now))
	}
	return out
}
