package notify_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/evidence"
	"tenure/internal/notify"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const portal = "https://access.corp.example"

// world is a database with people, and what tells them.
type world struct {
	*notify.Service
	t   testing.TB
	ids map[string]int
}

// newWorld makes Jo, who decides, and Ada, who asked, in Auckland.
func newWorld(t testing.TB) *world {
	w := &world{t: t, ids: map[string]int{}}
	w.Service = &notify.Service{DB: dbtest.New(t), Public: portal}
	for _, name := range []string{"Jo Lind", "Ada Khan"} {
		w.person(name, fmt.Sprintf("p%d@corp.example", len(w.ids)))
	}
	w.exec(`insert into preference (identity_id, zone) values ($1, 'Pacific/Auckland')`, w.ids["Ada Khan"])
	return w
}

func (w *world) person(name, email string) int {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		key, err := tx.IDs("identity_key", 1)
		if err != nil {
			return err
		}
		_, wrapped, err := tx.Wrapper().New(key)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`insert into identity_key (id, wrapped) values ($1, $2)`, key, wrapped); err != nil {
			return err
		}
		var id int
		err = tx.QueryRow(`insert into identity (state, since, name, email, key_id) values ('active', now(), $1, $2, $3) returning id`, name, email, key).Scan(&id)
		w.ids[name] = id
		tx.Record(evidence.Event{Kind: "test.made", Touches: evidence.Touches{"identity": 1}})
		return err
	})
	return w.ids[name]
}

func (w *world) do(fn func(*db.Tx) error) {
	w.t.Helper()
	if err := w.DB.Do(w.t.Context(), db.Operator, fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.DB.Pool.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) text(sql string, args ...any) (s string) {
	w.t.Helper()
	if err := w.DB.Pool.QueryRow(w.t.Context(), sql, args...).Scan(&s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) send(ms ...notify.Message) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error { return notify.Send(tx, ms...) })
}

// deliver works until nothing is due on a channel.
func (w *world) deliver(channel string) {
	w.t.Helper()
	if err := w.Deliver(w.t.Context(), channel); err != nil && w.t.Context().Err() == nil {
		w.t.Fatal(err)
	}
}

// later lets the time of everything that waits come.
func (w *world) later() {
	w.exec(`update delivery set next_at = clock_timestamp() where state = 'waiting'`)
}

// states gives the deliveries in the order in which they were made, and how often each was tried.
func (w *world) states() string {
	return w.text(`select coalesce(string_agg(channel || ' ' || state || ' ' || attempts, ', ' order by id), '') from delivery`)
}

func (w *world) to(name string) int { return w.ids[name] }

// due is a Tuesday in Europe and a Wednesday in Auckland.
var due = time.Date(2026, 12, 1, 16, 0, 0, 0, time.UTC)

// ask asks somebody to approve.
func (w *world) ask(name string) notify.Message {
	return notify.Message{To: w.to(name), Kind: notify.Approval, Thread: "request/9/step/2", Link: "/requests/9", Answer: "step/2",
		Subject: notify.Subject{Verb: "Approve", What: "CRM Edit", Whom: "A. Khan", Due: due},
		Lines:   []notify.Line{{Label: "Who", Value: "Ada Khan, Sales"}, {Label: "Why", Value: "Covers for Sam"}, {Label: "Risk", Value: "Medium"}}}
}

func ctxOf(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}
