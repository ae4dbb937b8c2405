package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"

	"tenure/internal/app"
	"tenure/internal/errs"
)

// Options say what to measure.
type Options struct {
	Sizes   []int     // numbers of people, 100 or more each; 0: left out
	Repeat  int       // repetitions of each size that count, 1 or more
	Dir     string    // where the server's folder is made: the disk that is measured; "": where temporary files live
	Profile string    // file for a CPU profile of this process; what the product does has a label product=first, unchanged or delta
	Log     io.Writer // progress; nil for none

	SoD []int // numbers of people for segregation of duties, 100 or more each; 0: left out

	Requests []int // numbers of people who ask for access and decide, 100 or more each; 0: left out

	Pages  int // number of people of the pages' company; 0: pages are not measured
	Portal func(context.Context, *app.App) (http.Handler, error)

	Campaign int // number of items of a campaign, 2,000 or more; 0: campaigns are not measured

	Events int // number of events of the evidence log, 1,000 or more; 0: it is not measured

	Mining string // folder of the role-mining data sets of HP Labs; "": left out
}

// Run measures. It takes about a second for 500 people and half a minute for 50,000, each time. A wrong result of the product or
// of a floor is an error: no figure is given then.
func Run(ctx context.Context, o Options) (report *Report, err error) {
	o.Sizes, o.SoD, o.Requests = without(o.Sizes), without(o.SoD), without(o.Requests)
	for _, n := range slices.Concat(o.Sizes, o.SoD, o.Requests) {
		if n < 100 {
			return nil, errs.Invalid("a size must be 100 people or more, not %d", n)
		}
	}
	if o.Events != 0 && o.Events < 1000 {
		return nil, errs.Invalid("a log must have 1,000 events or more, not %d", o.Events)
	}
	if o.Repeat < 1 {
		return nil, errs.Invalid("repeat must be 1 or more, not %d", o.Repeat)
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	s, err := newStage(ctx, o.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if o.Profile != "" {
		stop, err := profile(o.Profile)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	report = &Report{Date: time.Now().UTC().Format(time.DateOnly), CPUs: runtime.NumCPU(), Go: runtime.Version(), Repeat: o.Repeat}
	if err := s.admin.QueryRow(ctx, `select current_setting('server_version')`).Scan(&report.PostgreSQL); err != nil {
		return nil, err
	}
	for _, n := range o.Sizes {
		size, err := s.measure(ctx, n, o)
		if err != nil {
			return nil, fmt.Errorf("%d people: %w", n, err)
		}
		report.Sizes = append(report.Sizes, size)
	}
	if err := s.duties(ctx, o, report); err != nil {
		return nil, err
	}
	if len(o.SoD) > 0 {
		if report.Portal, err = s.portal(ctx, o.Repeat); err != nil {
			return nil, fmt.Errorf("portal permissions: %w", err)
		}
	}
	for _, n := range o.Requests {
		r, err := s.requests(ctx, n, o)
		if err != nil {
			return nil, fmt.Errorf("requests, %d people: %w", n, err)
		}
		report.Requests = append(report.Requests, r)
	}
	if o.Pages > 0 {
		if report.Pages, report.Recompute, err = s.pages(ctx, o.Pages, o); err != nil {
			return nil, fmt.Errorf("pages: %w", err)
		}
		report.PagesPeople = o.Pages
	}
	if o.Campaign > 0 {
		if report.Campaigns, err = s.campaigns(ctx, o.Campaign, o); err != nil {
			return nil, fmt.Errorf("campaigns: %w", err)
		}
	}
	if o.Events > 0 {
		if report.Evidence, err = s.log(ctx, o.Events, o); err != nil {
			return nil, fmt.Errorf("evidence log: %w", err)
		}
	}
	if o.Mining != "" {
		if report.Mining, err = mine(ctx, o); err != nil {
			return nil, fmt.Errorf("role mining: %w", err)
		}
	}
	return report, nil
}

// without leaves out the sizes that are 0.
func without(sizes []int) []int {
	return slices.DeleteFunc(slices.Clone(sizes), func(n int) bool { return n == 0 })
}

// duties measures segregation of duties, each size against the first.
func (s *stage) duties(ctx context.Context, o Options, report *Report) error {
	var first *sodTrial
	for _, n := range o.SoD {
		t, err := s.sod(ctx, n, first, o)
		if err != nil {
			return fmt.Errorf("segregation of duties, %d people: %w", n, err)
		}
		report.SoD = append(report.SoD, t.out)
		first = cmp.Or(first, t)
	}
	return nil
}

// measure measures one size, with one repetition before that does not count.
func (s *stage) measure(ctx context.Context, n int, o Options) (*Size, error) {
	people := People(n)
	t := &trial{stage: s, people: people, feed: Feed(people), delta: Changed(people), state: map[string]string{}, out: newSize(n)}
	t.out.FeedBytes = len(t.feed)
	for i := range o.Repeat + 1 {
		start := time.Now()
		if err := t.repetition(ctx, i, i > 0); err != nil {
			return nil, err
		}
		_, _ = fmt.Fprintf(o.Log, "%d people: repetition %d of %d took %.1f s\n", n, i, o.Repeat, time.Since(start).Seconds())
	}
	t.out.finish()
	return t.out, nil
}

func profile(file string) (stop func() error, err error) {
	f, err := os.Create(file) //nolint:gosec // the operator says where
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}
