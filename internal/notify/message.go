package notify

import (
	"github.com/jackc/pgx/v5"

	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"tenure/internal/db"
)

// The kinds of messages to people.
const (
	Approval  = "approval"  // asked to decide
	Reminder  = "reminder"  // asked again
	Escalated = "escalated" // asked because somebody else did not answer
	Emergency = "emergency" // somebody took access at once
	Review    = "review"    // asked to look at how it was used
	Question  = "question"  // something is asked about one's request, or answered
	Decided   = "decided"
	Granted   = "granted"
	Ending    = "ending"
	Ended     = "ended"
	Expired   = "expired"
	Figures   = "figures"  // of the evidence, as somebody arranged it
	Security  = "security" // something about how one signs in or decides
)

// duties are told to everybody: they cannot be switched off. What is decided closes them.
var duties = []string{Approval, Reminder, Escalated, Emergency, Review}

// Optional are the kinds that a person can switch off, in the order in which a page shows them.
var Optional = []string{Decided, Granted, Question, Ending, Ended, Expired, Figures}

// Message is one thing told one person. What people wrote stands in Subject and Lines only, as text.
type Message struct {
	To      int    // identity
	Kind    string // one of those above
	Subject Subject
	Lines   []Line // what is needed to decide: who, what in plain words, why, risk, conflicts, how long
	Link    string // path of the page in the portal, such as /requests/9
	Thread  string // what it is about: request/9/step/2
	// Answer names what the buttons of Slack decide about, such as "step/17". It is empty where only the portal decides: high risk, SoD.
	Answer string
	Urgent bool // does not wait for a digest
	// Closes is a thread that is decided by the same act; Outcome says how. See Close.
	Closes, Outcome string
}

// Subject is what every message begins with, wherever it is shown: "Approve: CRM Edit for A. Khan - due Tue 1 Dec".
type Subject struct {
	Verb string // Approve, Reminder, Approved, Ends soon
	What string
	Whom string    // for whom; may be empty
	Due  time.Time // may be zero
}

// Line is one fact.
type Line struct {
	Label string `json:"l"`
	Value string `json:"v"`
}

// In gives the subject with its day in a zone.
func (s Subject) In(zone *time.Location) string {
	text := plain(s.Verb) + ": " + plain(s.What)
	if s.Whom != "" {
		text += " for " + plain(s.Whom)
	}
	if !s.Due.IsZero() {
		text += " - due " + s.Due.In(zone).Format("Mon 2 Jan")
	}
	return text
}

// plain makes one line of a text and takes out what steers a terminal or the direction of writing. An address in it is no link: a
// message holds one link, ours.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "://", "[:]//")
}

var threads = regexp.MustCompile(`^[a-z_]+(/[a-z0-9_-]+)+$`)

func (m *Message) check() error {
	switch {
	case !slices.Contains(duties, m.Kind) && !slices.Contains(Optional, m.Kind) && m.Kind != Security:
		return fmt.Errorf("a message of no known kind: %q", m.Kind)
	case m.To == 0 || m.Subject.Verb == "" || m.Subject.What == "":
		return fmt.Errorf("a message says to whom it goes, what is to be done and about what")
	case !threads.MatchString(m.Thread):
		return fmt.Errorf("%q is no thread: one is a path such as request/9/step/2", m.Thread)
	case m.Link != "" && (!strings.HasPrefix(m.Link, "/") || strings.HasPrefix(m.Link, "//")):
		return fmt.Errorf("%q is no page of the portal", m.Link)
	case (m.Closes == "") != (m.Outcome == ""):
		return fmt.Errorf("what closes a thread says how it ended")
	}
	return nil
}

// Send tells people, once the transaction commits. In-portal inboxes do not wait for it: they read what stands in the tables.
func Send(tx *db.Tx, ms ...Message) error {
	for i := range ms {
		if err := ms[i].check(); err != nil {
			return err
		}
		if ms[i].Closes != "" {
			if err := Close(tx, ms[i].Closes, ms[i].Outcome); err != nil {
				return err
			}
		}
	}
	if len(ms) == 0 {
		return nil
	}
	simulated, err := tx.Simulated()
	if err != nil {
		return err
	}
	var ids []int64
	var people map[int]*ways
	if err := db.Asking(tx, func(tx *db.Tx) (err error) { ids, err = store(tx, ms); return err }, func(tx *db.Tx) (err error) {
		if !simulated {
			people, err = waysOf(tx, ms)
		}
		return err
	}); err != nil || simulated {
		return err
	}
	return dispatch(tx, ms, ids, people)
}

// store writes the messages and gives their ids, in their order.
func store(tx *db.Tx, ms []Message) ([]int64, error) {
	n := len(ms)
	to, due := make([]int, n), make([]*time.Time, n)
	var texts [8][]string
	for i := range ms {
		m := &ms[i]
		if to[i] = m.To; !m.Subject.Due.IsZero() {
			due[i] = &m.Subject.Due
		}
		lines := make([]Line, len(m.Lines))
		for n, l := range m.Lines {
			lines[n] = Line{plain(l.Label), plain(l.Value)}
		}
		body, _ := json.Marshal(lines) // texts only: never fails
		for k, v := range []string{m.Kind, m.Thread, plain(m.Subject.Verb), plain(m.Subject.What), plain(m.Subject.Whom), string(body), m.Link, m.Answer} {
			texts[k] = append(texts[k], v)
		}
	}
	rows, err := tx.Query(`insert into message (identity_id, due, kind, thread, verb, what, whom, lines, link, answer)
		select i, d, k, t, v, w, m, l::jsonb, k2, a from unnest($1::int[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
			with ordinality x(i, d, k, t, v, w, m, l, k2, a, n) order by n returning id`, to, due, texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], texts[6], texts[7])
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// dispatch makes the deliveries: one for each message that goes out at once, and a person's open digest for all others.
func dispatch(tx *db.Tx, ms []Message, ids []int64, people map[int]*ways) error {
	rung := map[string]bool{}
	var channels []string
	var now, later []int // to whom
	var letters, collected []int64
	var next []time.Time
	for i := range ms {
		channel, digest := people[ms[i].To].of(&ms[i])
		switch {
		case channel == "":
		case digest:
			p := people[ms[i].To]
			later, next, collected = append(later, ms[i].To), append(next, nextAt(tx.Now, p.Hour, p.zone)), append(collected, ids[i])
		default:
			rung[channel] = true
			channels, now, letters = append(channels, channel), append(now, ms[i].To), append(letters, ids[i])
		}
	}
	if len(letters) > 0 {
		if _, err := tx.Exec(`with m as materialized (select nextval('delivery_id_seq') id, v.* from unnest($1::text[], $2::int[], $3::bigint[]) v(channel, who, message)),
				d as (insert into delivery (id, channel, identity_id) select id, channel, who from m)
			insert into delivery_message (delivery_id, message_id) select id, message from m`, channels, now, letters); err != nil {
			return err
		}
	}
	if len(collected) > 0 {
		if _, err := tx.Exec(`with m as (select * from unnest($1::int[], $2::timestamptz[], $3::bigint[]) v(who, next, message)),
				d as (insert into delivery (channel, identity_id, digest, next_at) select distinct on (who) 'mail', who, true, next from m order by who
					on conflict (identity_id) where digest and state = 'waiting' and attempts = 0 do update set digest = true returning id, identity_id)
			insert into delivery_message (delivery_id, message_id) select d.id, m.message from m join d on d.identity_id = m.who`, later, next, collected); err != nil {
			return err
		}
	}
	return ring(tx, rung)
}

// Close says how what a thread asks for was decided, such as "Approved by Jo Lind": nobody is asked for it any more, wherever they were
// asked. Slack messages are edited in place, with the time in the reader's zone after the text; letters that wait are not sent.
func Close(tx *db.Tx, thread, text string) error { return CloseAll(tx, []string{thread}, text) }

// CloseAll is Close for several threads at once.
func CloseAll(tx *db.Tx, all []string, text string) error {
	for _, thread := range all {
		if !threads.MatchString(thread) || plain(text) == "" {
			return fmt.Errorf("closing %q with %q: a thread is closed with a text", thread, text)
		}
	}
	if len(all) == 0 {
		return nil
	}
	// One that is being sent now is edited when that is reported.
	n, err := tx.Exec(`with closed as (update message m set closed_at = clock_timestamp(), closing = $2 from unnest($1::text[]) t(thread) where m.closed_at is null and m.kind = any($3)
		and (m.thread = t.thread or m.thread ~>=~ (t.thread || '/') and m.thread ~<~ (t.thread || '0')) returning m.id)
		update delivery set edit = true, state = 'waiting', attempts = case state when 'sent' then 0 else attempts end,
			next_at = case state when 'sent' then clock_timestamp() else next_at end
		where channel = 'slack' and state in ('waiting', 'sent') and id in (select delivery_id from delivery_message where message_id in (select id from closed))`, all, plain(text), duties)
	if err != nil || n == 0 {
		return err
	}
	return ring(tx, map[string]bool{slackChannel: true})
}
