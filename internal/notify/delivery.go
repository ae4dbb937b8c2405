package notify

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Service sends what is to be sent.
type Service struct {
	DB     *db.DB
	Mail   *Mail          // nil: no letters
	Slack  *Slack         // nil: no Slack
	Public string         // address of the portal, without a slash at its end; empty: messages hold no link
	Allow  []netip.Prefix // networks inside which webhooks may reach
}

const (
	lease   = 2 * time.Minute // after which another worker takes over
	sendFor = 45 * time.Second
)

// attempts is how often a delivery is tried, and longest how long is waited between two attempts at most.
var (
	attempts = map[string]int{mailChannel: 10, slackChannel: 6, webhookChannel: 14}
	longest  = map[string]time.Duration{mailChannel: time.Hour, slackChannel: time.Hour, webhookChannel: 6 * time.Hour}
)

// wait is how long is waited after the nth attempt failed: twice as long each time, and not everybody at the same instant.
func wait(channel string, n int) time.Duration {
	d := longest[channel]
	if n < 20 {
		d = min(d, 30*time.Second<<(n-1))
	}
	return d - time.Duration(rand.Int64N(int64(d/10)))
}

// delivery is one that a worker claimed.
type delivery struct {
	id, epoch int64
	publicID  string
	channel   string
	attempts  int
	digest    bool
	edit      bool
	place, ts string
	made      time.Time
	tried     time.Time

	to       *person
	messages []stored

	webhook *hook
	kind    string
	body    []byte
}

// person is whom a delivery goes to, as they are now.
type person struct {
	id          int
	name, email string
	here        bool
	team, slack string
	zone        *time.Location
}

// stored is a message as it was told.
type stored struct {
	Message
	closed  time.Time
	closing string
}

// outcome is how an attempt ended. Without a state it is tried again.
type outcome struct {
	state     string
	answer    string
	after     time.Duration // the other side said when to come back
	place, ts string
	edited    bool // the message shows how it was decided
	instead   bool // by mail
}

// refusal is an error that another attempt does not change.
type refusal struct{ error }

// Deliver sends what is due on a channel until nothing is.
func (s *Service) Deliver(ctx context.Context, channel string) error {
	for {
		d, err := s.claim(ctx, channel)
		if err != nil || d == nil {
			return err
		}
		if err := s.report(ctx, d, s.attempt(ctx, d)); err != nil {
			return err
		}
	}
}

// attempt tries once and says what became of it.
func (s *Service) attempt(ctx context.Context, d *delivery) outcome {
	ctx, cancel := context.WithTimeout(ctx, sendFor)
	defer cancel()
	var o outcome
	var err error
	switch {
	case d.channel != webhookChannel && !d.to.here:
		return outcome{state: "dropped", answer: "the person is not here any more"}
	case d.channel == mailChannel:
		o, err = s.mail(ctx, d)
	case d.channel == slackChannel:
		o, err = s.slack(ctx, d)
	default:
		o, err = s.call(ctx, d)
	}
	if err == nil {
		return o
	}
	o.state, o.answer = "", err.Error()
	var final refusal
	if errors.As(err, &final) || d.attempts >= attempts[d.channel] {
		o.state = "dead"
		o.instead = d.channel == slackChannel && !d.edit
	}
	return o
}

// claim takes the delivery that has waited longest; nil when none is due.
func (s *Service) claim(ctx context.Context, channel string) (*delivery, error) {
	var d *delivery
	err := s.DB.Do(ctx, db.System, func(tx *db.Tx) error {
		var who, webhook int
		c := delivery{channel: channel}
		err := tx.QueryRow(`update delivery set attempts = attempts + 1, epoch = epoch + 1, tried_at = clock_timestamp(), next_at = clock_timestamp() + $2::interval
			where id = (select id from delivery d where channel = $1 and state = 'waiting' and next_at <= clock_timestamp()
				and (webhook_id is null or exists (select from webhook w where w.id = d.webhook_id and w.active)) order by next_at limit 1 for update skip locked)
			returning id, epoch, public_id::text, attempts, digest, edit, place, place_ts, made_at, tried_at, coalesce(identity_id, 0), coalesce(webhook_id, 0), kind, body`,
			channel, lease).Scan(&c.id, &c.epoch, &c.publicID, &c.attempts, &c.digest, &c.edit, &c.place, &c.ts, &c.made, &c.tried, &who, &webhook, &c.kind, &c.body)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		d = &c
		if webhook != 0 {
			d.webhook, err = openHook(tx, webhook)
			return err
		}
		return d.load(tx, who)
	})
	return d, err
}

// load reads whom it goes to, and what it says.
func (d *delivery) load(tx *db.Tx, who int) error {
	var zone string
	p := &person{id: who}
	err := tx.QueryRow(`select i.name, coalesce(i.email, ''), i.state <> 'left' and i.locked_at is null, coalesce(l.team, ''), coalesce(l.slack_user, ''), `+zoneOf+`
		from identity i left join slack_link l on l.identity_id = i.id and l.ended_at is null where i.id = $1 limit 1`, who).
		Scan(&p.name, &p.email, &p.here, &p.team, &p.slack, &zone)
	if err != nil {
		return err
	}
	p.zone, d.to = location(zone), p
	rows, err := tx.Query(`select m.kind, m.thread, m.verb, m.what, m.whom, m.due, m.lines, m.link, m.answer, m.closed_at, m.closing
		from delivery_message dm join message m on m.id = dm.message_id where dm.delivery_id = $1 order by m.id`, d.id)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var m stored
		var due, closed *time.Time
		var lines []byte
		if err := rows.Scan(&m.Kind, &m.Thread, &m.Subject.Verb, &m.Subject.What, &m.Subject.Whom, &due, &lines, &m.Link, &m.Answer, &closed, &m.closing); err != nil {
			return err
		}
		if err := json.Unmarshal(lines, &m.Lines); err != nil {
			return err
		}
		if due != nil {
			m.Subject.Due = *due
		}
		if closed != nil {
			m.closed = *closed
		}
		m.To = who
		d.messages = append(d.messages, m)
	}
	return rows.Err()
}

// report writes down how an attempt ended, unless another worker took over meanwhile. What was decided while it was being sent is
// still to be edited.
func (s *Service) report(ctx context.Context, d *delivery, o outcome) error {
	after := wait(d.channel, d.attempts)
	if o.after > 0 {
		after = o.after
	}
	return s.DB.Do(ctx, db.System, func(tx *db.Tx) error {
		n, err := tx.Exec(`update delivery set answer = left($3, 500),
				state = case when $4 = '' or $4 = 'sent' and edit and not $5 then 'waiting' else $4 end,
				next_at = case when $4 = '' then clock_timestamp() + $6::interval else clock_timestamp() end,
				attempts = case when $4 = 'sent' and edit and not $5 then 0 else attempts end,
				done_at = case when $4 = '' then null else clock_timestamp() end,
				edit = edit and not $5, place = case when $7 = '' then place else $7 end, place_ts = case when $8 = '' then place_ts else $8 end
			where id = $1 and epoch = $2 and state = 'waiting'`, d.id, d.epoch, o.answer, o.state, o.edited, after, o.place, o.ts)
		if err != nil || n == 0 || !o.instead {
			return err
		}
		return byMail(tx, d)
	})
}

// byMail sends by mail what Slack did not take.
func byMail(tx *db.Tx, d *delivery) error {
	if _, err := tx.Exec(`with n as (insert into delivery (channel, identity_id) values ('mail', $2) returning id)
		insert into delivery_message (delivery_id, message_id) select n.id, dm.message_id from n, delivery_message dm where dm.delivery_id = $1`, d.id, d.to.id); err != nil {
		return err
	}
	return ring(tx, map[string]bool{mailChannel: true})
}

// Sweep rings the channels on which something is due.
func Sweep(tx *db.Tx) error {
	rows, err := tx.Query(`select distinct channel from delivery where state = 'waiting' and next_at <= clock_timestamp()`)
	if err != nil {
		return err
	}
	channels, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	due := map[string]bool{}
	for _, c := range channels {
		due[c] = true
	}
	return ring(tx, due)
}

// Forget deletes what nobody needs any more. How long messages are kept is a setting (privacy).
func Forget(tx *db.Tx) error {
	_, err := tx.Exec(`delete from slack_seen where at < clock_timestamp() - $1::interval`, 2*slackWindow)
	return err
}
