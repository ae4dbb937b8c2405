package notify

import (
	"context"

	"github.com/riverqueue/river"

	"tenure/internal/db"
)

// The channels.
const (
	mailChannel    = "mail"
	slackChannel   = "slack"
	webhookChannel = "webhook"
)

// Queues are the job queues of the channels: one that hangs does not hold up the others.
var Queues = []string{"notify_" + mailChannel, "notify_" + slackChannel, "notify_" + webhookChannel}

// DeliverArgs asks for what is due on a channel to be sent.
type DeliverArgs struct {
	Channel string `json:"channel"`
}

// Kind names the job.
func (DeliverArgs) Kind() string { return "notify.deliver" }

// InsertOpts puts it into its channel's queue.
func (a DeliverArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: "notify_" + a.Channel}
}

// SweepArgs asks for a look at what is due: digests, what is tried again, what a killed process left behind.
type SweepArgs struct{}

// Kind names the job.
func (SweepArgs) Kind() string { return "notify.sweep" }

func ring(tx *db.Tx, channels map[string]bool) error {
	for _, c := range []string{mailChannel, slackChannel, webhookChannel} {
		if channels[c] {
			if err := tx.Enqueue(DeliverArgs{Channel: c}, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// Workers adds the workers of this room.
func (s *Service) Workers(w *river.Workers) {
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[DeliverArgs]) error { return s.Deliver(ctx, j.Args.Channel) }))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, _ *river.Job[SweepArgs]) error {
		return s.DB.Do(ctx, db.System, Sweep)
	}))
}
