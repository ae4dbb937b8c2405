package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"tenure/internal/access"
	"tenure/internal/audit"
	"tenure/internal/audit/control"
	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/notify"
	"tenure/internal/privacy"
	"tenure/internal/provision"
	"tenure/internal/task"
)

// schedule is what is rung from time to time, by whichever process leads.
func schedule() []*river.PeriodicJob {
	every := func(d time.Duration, args river.JobArgs, start bool) *river.PeriodicJob {
		return river.NewPeriodicJob(river.PeriodicInterval(d), func() (river.JobArgs, *river.InsertOpts) { return args, nil },
			&river.PeriodicJobOpts{RunOnStart: start})
	}
	return []*river.PeriodicJob{
		every(10*time.Second, provision.SweepArgs{}, true),
		every(30*time.Second, lifecycle.DueArgs{}, true),
		every(time.Minute, identity.EntryArgs{}, true),
		every(10*time.Second, lifecycle.VerifyArgs{}, true),
		every(5*time.Minute, audit.MarkArgs{}, true),
		every(5*time.Second, task.SweepArgs{}, true),
		every(10*time.Second, notify.SweepArgs{}, true),
		every(time.Hour, HousekeepArgs{}, true),
		every(time.Minute, audit.FiguresArgs{}, true),
		every(time.Minute, control.SendArgs{}, true),
	}
}

// HousekeepArgs asks for the hourly care: partitions made ahead, what is kept no longer deleted, all applications read.
type HousekeepArgs struct{}

// Kind names the job.
func (HousekeepArgs) Kind() string { return "app.housekeep" }

func (a *App) housekeep(ctx context.Context) error {
	if err := a.DB.Do(ctx, db.System, func(tx *db.Tx) error {
		if _, err := tx.Exec(`select event_partitions(3)`); err != nil {
			return err
		}
		if _, err := tx.Exec(`delete from task_file where expires_at < clock_timestamp()`); err != nil {
			return err
		}
		for _, care := range []func(*db.Tx) error{auth.Forget, notify.Forget, control.Forget, control.Ahead} {
			if err := care(tx); err != nil {
				return err
			}
		}
		return provision.RingReadings(tx)
	}); err != nil {
		return err
	}
	return privacy.CarryOut(ctx, a.DB)
}

// workers makes the client that works jobs in this process.
func (a *App) workers() (client, error) {
	w := river.NewWorkers()
	a.Provision.Workers(w)
	a.Lifecycle.Workers(w)
	a.Tasks.Workers(w)
	a.Notify.Workers(w)
	identity.Workers(a.DB, w)
	audit.Workers(a.DB, w)
	control.Workers(a.DB, w)
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, _ *river.Job[HousekeepArgs]) error { return a.housekeep(ctx) }))
	return a.DB.Workers(&river.Config{
		Workers: w, PeriodicJobs: schedule(), Logger: slog.New(slog.NewTextHandler(discard{}, nil)), Queues: a.queues(),
		// A bell may ring for as long as an application has work. Claims have leases of their own.
		JobTimeout: 30 * time.Minute, RescueStuckJobsAfter: 35 * time.Minute,
	})
}

// queues are what a worker listens to.
func (a *App) queues() map[string]river.QueueConfig {
	queues := map[string]river.QueueConfig{
		// A termination is picked up within milliseconds and has workers of its own.
		access.QueueUrgent: {MaxWorkers: 16, FetchCooldown: 2 * time.Millisecond, FetchPollInterval: 500 * time.Millisecond},
		access.QueueWork:   {MaxWorkers: a.Config.Workers, FetchCooldown: 20 * time.Millisecond},
		task.Queue:         {MaxWorkers: 4, FetchCooldown: 20 * time.Millisecond},
		river.QueueDefault: {MaxWorkers: 8, FetchCooldown: 50 * time.Millisecond},
	}
	for _, q := range notify.Queues { // a commit wakes them; where the bell is lost they look by themselves
		queues[q] = river.QueueConfig{MaxWorkers: 4, FetchCooldown: 50 * time.Millisecond, FetchPollInterval: time.Second}
	}
	return queues
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

type client interface {
	Start(context.Context) error
	Stop(context.Context) error
}

// Work works jobs until ctx ends, or, with untilIdle, until nothing is left to do. Then it lets what is under way finish, for
// half a minute at most. It gives what is left open.
func (a *App) Work(ctx context.Context, untilIdle bool) (access.Open, error) {
	c, err := a.workers()
	if err != nil {
		return access.Open{}, err
	}
	if err := c.Start(context.WithoutCancel(ctx)); err != nil {
		return access.Open{}, err
	}
	sealing, sealed := context.WithCancel(context.WithoutCancel(ctx))
	var ended sync.WaitGroup
	if a.Sealer != nil {
		ended.Go(func() { a.Sealer.Run(sealing) })
		ended.Go(func() { a.Anchor.Run(sealing) })
		for _, s := range a.Streams {
			ended.Go(func() { s.Run(sealing) })
		}
	}
	var open access.Open
	if untilIdle {
		open, err = a.untilIdle(ctx)
	} else {
		<-ctx.Done()
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if stopErr := c.Stop(stop); err == nil {
		err = stopErr
	}
	sealed() // after the last job: what it wrote is sealed, too
	ended.Wait()
	if err == nil && a.Sealer != nil {
		_, _, err = a.Sealer.Seal(stop)
	}
	return open, err
}

// untilIdle asks the tables, again and again, whether anything is left that could be done now.
func (a *App) untilIdle(ctx context.Context) (access.Open, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		var open access.Open
		var due, jobs int
		err := a.DB.Read(ctx, func(tx *db.Tx) (err error) {
			if open, err = access.CountOpen(tx); err != nil {
				return err
			}
			if due, err = lifecycle.CountDue(tx); err != nil {
				return err
			}
			return tx.QueryRow(`select count(*) from river_job where state in ('available', 'running')
				and kind in ('provision.work', 'provision.read', 'lifecycle.repair')`).Scan(&jobs)
		})
		if err != nil || open.Now+due+jobs == 0 {
			return open, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return open, ctx.Err()
		}
	}
}
