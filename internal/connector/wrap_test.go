package connector_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tenure/internal/connector"
)

// scripted is a target that does as it is told.
type scripted struct {
	calls  atomic.Int32
	answer func(ctx context.Context) error
}

func (s *scripted) do(ctx context.Context) error {
	s.calls.Add(1)
	return s.answer(ctx)
}

func (s *scripted) Check(ctx context.Context) error { return s.do(ctx) }

func (s *scripted) Account(ctx context.Context, k connector.Key) (connector.Account, []connector.Grant, error) {
	return connector.Account{Name: k.Name}, nil, s.do(ctx)
}

func (s *scripted) Accounts(ctx context.Context) iter.Seq2[connector.Account, error] {
	return func(yield func(connector.Account, error) bool) {
		if yield(connector.Account{Name: "ada"}, nil) {
			if err := s.do(ctx); err != nil {
				yield(connector.Account{}, err)
			}
		}
	}
}

func (s *scripted) Entitlements(context.Context) iter.Seq2[connector.Entitlement, error] { return nil }
func (s *scripted) Grants(context.Context) iter.Seq2[connector.Grant, error]             { return nil }

type granting struct{ *scripted }

func (s granting) Grant(ctx context.Context, _ string, _ connector.Grant) error  { return s.do(ctx) }
func (s granting) Revoke(ctx context.Context, _ string, _ connector.Grant) error { return s.do(ctx) }

type accounting struct{ *scripted }

func (s accounting) CreateAccount(ctx context.Context, _ string, a connector.Account) (connector.Account, error) {
	return a, s.do(ctx)
}
func (s accounting) UpdateAccount(ctx context.Context, _ string, _ connector.Account) error {
	return s.do(ctx)
}
func (s accounting) DisableAccount(ctx context.Context, _ string, _ connector.Account) error {
	return s.do(ctx)
}
func (s accounting) DeleteAccount(ctx context.Context, _ string, _ connector.Account) error {
	return s.do(ctx)
}

var errPassing = errors.New("connection reset")

func failing(err error) *scripted {
	return &scripted{answer: func(context.Context) error { return err }}
}

func TestWrapKeepsWhatAConnectorCan(t *testing.T) {
	s := failing(nil)
	for _, c := range []struct {
		conn            connector.Connector
		grant, accounts bool
	}{
		{s, false, false},
		{granting{s}, true, false},
		{struct {
			*scripted
			connector.Accounter
		}{s, accounting{s}}, false, true},
		{struct {
			*scripted
			connector.Granter
			connector.Accounter
		}{s, granting{s}, accounting{s}}, true, true},
	} {
		w := connector.Wrap(c.conn, connector.Limits{})
		g, grants := w.(connector.Granter)
		a, accounts := w.(connector.Accounter)
		if grants != c.grant || accounts != c.accounts {
			t.Errorf("%T wrapped: Granter %v, Accounter %v", c.conn, grants, accounts)
		}
		before := s.calls.Load()
		if grants {
			_ = errors.Join(g.Grant(t.Context(), "k", connector.Grant{}), g.Revoke(t.Context(), "k", connector.Grant{}))
		}
		if accounts {
			made, err := a.CreateAccount(t.Context(), "k", connector.Account{Name: "ada"})
			if err != nil || made.Name != "ada" {
				t.Errorf("created %+v, %v", made, err)
			}
			none := connector.Account{}
			_ = errors.Join(a.UpdateAccount(t.Context(), "k", none), a.DisableAccount(t.Context(), "k", none), a.DeleteAccount(t.Context(), "k", none))
		}
		want := before
		if grants {
			want += 2
		}
		if accounts {
			want += 4
		}
		if got := s.calls.Load(); got != want {
			t.Errorf("%d calls reached the target, want %d", got-before, want-before)
		}
	}
}

func TestWrapDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answer: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		w := connector.Wrap(s, connector.Limits{Timeout: 3 * time.Second, ListTimeout: time.Minute})
		begun := time.Now()
		if err := w.Check(t.Context()); connector.Classify(err) != connector.ClassTransient || time.Since(begun) != 3*time.Second {
			t.Errorf("a look-up ended after %s with %v", time.Since(begun), err)
		}
		begun = time.Now()
		var got []string
		var err error
		for a, e := range w.Accounts(t.Context()) {
			if e != nil {
				err = e
				break
			}
			got = append(got, a.Name)
		}
		if err == nil || len(got) != 1 || time.Since(begun) != time.Minute {
			t.Errorf("a listing gave %v and ended after %s with %v", got, time.Since(begun), err)
		}
	})
}

func TestWrapBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now error = errPassing
		s := &scripted{answer: func(context.Context) error { return now }}
		w := connector.Wrap(s, connector.Limits{Failures: 5, Rest: 30 * time.Second})
		check := func(want connector.Class, reached int32) {
			t.Helper()
			before := s.calls.Load()
			err := w.Check(t.Context())
			if got := connector.Classify(err); got != want || s.calls.Load()-before != reached {
				t.Errorf("%v is %s and reached the target %d times, want %s and %d", err, got, s.calls.Load()-before, want, reached)
			}
		}
		for range 5 {
			check(connector.ClassTransient, 1)
		}
		check(connector.ClassThrottled, 0) // open
		err := w.Check(t.Context())
		if !errors.Is(err, connector.ErrPaused) || connector.RetryAfter(err) != 30*time.Second {
			t.Errorf("open: %v", err)
		}
		time.Sleep(29 * time.Second)
		check(connector.ClassThrottled, 0)
		time.Sleep(time.Second)
		check(connector.ClassTransient, 1) // the trial fails
		check(connector.ClassThrottled, 0) // open for twice as long
		time.Sleep(59 * time.Second)
		check(connector.ClassThrottled, 0)
		time.Sleep(time.Second)
		now = nil
		check(connector.ClassOK, 1) // the trial succeeds
		now = errPassing
		for range 4 {
			check(connector.ClassTransient, 1)
		}
		now = connector.ErrRefused // a refusal shows that the target lives
		check(connector.ClassPermanent, 1)
		now = errPassing
		for range 5 {
			check(connector.ClassTransient, 1)
		}
		check(connector.ClassThrottled, 0)
	})
}

// TestWrapTrial lets one call through a half-open breaker, not a herd.
func TestWrapTrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := failing(errPassing)
		w := connector.Wrap(s, connector.Limits{Failures: 1, Rest: time.Second})
		_ = w.Check(t.Context())
		time.Sleep(time.Second)
		s.answer = func(context.Context) error { <-release; return nil }
		var wg sync.WaitGroup
		var turned atomic.Int32
		for range 5 {
			wg.Go(func() {
				if connector.Classify(w.Check(t.Context())) == connector.ClassThrottled {
					turned.Add(1)
				}
			})
		}
		synctest.Wait()
		close(release)
		wg.Wait()
		if s.calls.Load() != 2 || turned.Load() != 4 {
			t.Errorf("%d calls reached the target, %d were turned away", s.calls.Load()-1, turned.Load())
		}
	})
}

// TestWrapGivenUp: a caller that goes away says nothing about the target.
func TestWrapGivenUp(t *testing.T) {
	s := &scripted{answer: func(ctx context.Context) error { return ctx.Err() }}
	w := connector.Wrap(s, connector.Limits{Failures: 1})
	ctx, cancel := context.WithCancel(t.Context())
	s.answer = func(context.Context) error { cancel(); return context.Canceled }
	_ = w.Check(ctx)
	s.answer = func(context.Context) error { return nil }
	if err := w.Check(t.Context()); err != nil {
		t.Errorf("the breaker opened: %v", err)
	}
}

func TestWrapThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := failing(fmt.Errorf("busy: %w", &connector.Throttled{After: 7 * time.Second}))
		w := connector.Wrap(s, connector.Limits{})
		_ = w.Check(t.Context())
		s.answer = func(context.Context) error { return nil }
		time.Sleep(6 * time.Second)
		if err := w.Check(t.Context()); connector.RetryAfter(err) != time.Second || s.calls.Load() != 1 {
			t.Errorf("the target was called %d times; %v", s.calls.Load(), err)
		}
		time.Sleep(time.Second)
		if err := w.Check(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestWrapRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := failing(nil)
		w := connector.Wrap(s, connector.Limits{PerSecond: 10})
		begun := time.Now()
		for range 21 {
			if err := w.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun); took != 2*time.Second {
			t.Errorf("21 calls at 10 a second took %s", took)
		}
	})
}

func TestWrapConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		s := &scripted{answer: func(context.Context) error {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return nil
		}}
		w := connector.Wrap(s, connector.Limits{Concurrent: 3})
		begun := time.Now()
		var wg sync.WaitGroup
		for range 9 {
			wg.Go(func() { _ = w.Check(t.Context()) })
		}
		wg.Wait()
		if most.Load() != 3 || time.Since(begun) != 3*time.Second {
			t.Errorf("%d at once, %s in all", most.Load(), time.Since(begun))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		for range 3 {
			wg.Go(func() { _ = w.Check(t.Context()) })
		}
		synctest.Wait()
		if err := w.Check(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting for a place: %v", err)
		}
		wg.Wait()
	})
}

func TestClassify(t *testing.T) {
	both := fmt.Errorf("%w: %w", connector.ErrAmbiguous, context.DeadlineExceeded)
	for _, c := range []struct {
		err  error
		want connector.Class
	}{
		{nil, connector.ClassOK},
		{errPassing, connector.ClassTransient},
		{context.DeadlineExceeded, connector.ClassTransient},
		{both, connector.ClassAmbiguous},
		{fmt.Errorf("x: %w", &connector.Throttled{After: time.Second}), connector.ClassThrottled},
		{fmt.Errorf("x: %w", connector.ErrUnauthorized), connector.ClassUnauthorized},
		{fmt.Errorf("x: %w", connector.ErrNotFound), connector.ClassNotFound},
		{fmt.Errorf("x: %w", connector.ErrTaken), connector.ClassTaken},
		{fmt.Errorf("x: %w", connector.ErrRefused), connector.ClassPermanent},
		{fmt.Errorf("%w: %w", connector.ErrRefused, connector.ErrAmbiguous), connector.ClassAmbiguous},
	} {
		if got := connector.Classify(c.err); got != c.want {
			t.Errorf("%v is %s, want %s", c.err, got, c.want)
		}
	}
}
