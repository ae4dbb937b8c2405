package access

import (
	"tenure/internal/db"

	"github.com/riverqueue/river"
)

// Queues: terminations and leavers have their own, so that nothing waits in front of them.
const (
	QueueUrgent = "urgent"
	QueueWork   = "provision"
)

// WorkArgs is the doorbell of an application: it has operations to carry. The operations themselves are rows; a bell that is
// lost or rung twice does no harm.
type WorkArgs struct {
	Application int  `json:"application"`
	Urgent      bool `json:"urgent,omitempty"`
}

// Kind names the job.
func (WorkArgs) Kind() string { return "provision.work" }

// bell counts what waits at one application.
type bell struct{ urgent, normal int }

func ring(work map[int]*bell, o *Operation) {
	b := work[o.Application]
	if b == nil {
		b = &bell{}
		work[o.Application] = b
	}
	if o.Urgency <= Leaving {
		b.urgent++
	} else {
		b.normal++
	}
}

// enqueueBells rings once per application, and again for every 50 operations, so that several workers share a large job.
func enqueueBells(tx *db.Tx, work map[int]*bell) error {
	var all []river.InsertManyParams
	for app, b := range work {
		for n := b.urgent; n > 0 && n > b.urgent-8*10; n -= 10 {
			all = append(all, bellFor(app, true))
		}
		for n := b.normal; n > 0 && n > b.normal-12*50; n -= 50 {
			all = append(all, bellFor(app, false))
		}
	}
	return tx.EnqueueAll(all)
}

// Ring wakes a worker for an application after the commit.
func Ring(tx *db.Tx, app int, urgent bool) error {
	b := bellFor(app, urgent)
	return tx.Enqueue(b.Args, b.InsertOpts)
}

func bellFor(app int, urgent bool) river.InsertManyParams {
	o := &river.InsertOpts{Queue: QueueWork, MaxAttempts: 3}
	if urgent {
		o.Queue, o.Priority = QueueUrgent, 1
	}
	return river.InsertManyParams{Args: WorkArgs{Application: app, Urgent: urgent}, InsertOpts: o}
}
