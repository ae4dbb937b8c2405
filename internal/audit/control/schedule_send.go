package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/evidence"
	"tenure/internal/notify"
	"tenure/internal/policy"
)

// Readers gives those who may read the evidence by a role that was given to them and that runs now, by name. Who left or was terminated is
// none of them.
func Readers(tx *db.Tx) ([]Reader, error) {
	rights, err := policy.RightsAt(tx)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(`select i.id, i.public_id::text, i.name, coalesce(i.email, '') <> '', array_agg(r.role) from identity i join portal_role r on r.identity_id = i.id and (r.until is null or r.until > $1)
		where i.state <> 'left' and i.locked_at is null group by i.id order by lower(i.name), i.id`, tx.Now)
	if err != nil {
		return nil, err
	}
	var out []Reader
	var r Reader
	var roles []string
	_, err = pgx.ForEachRow(rows, []any{&r.ID, &r.Ref, &r.Name, &r.Mail, &roles}, func() error {
		if r.mayArrange = rights.Allowed(roles, "evidence.pack"); rights.Allowed(roles, "evidence.read") {
			out = append(out, r)
		}
		return nil
	})
	return out, err
}

func mayArrange(readers []Reader, id int) bool {
	return slices.ContainsFunc(readers, func(r Reader) bool { return r.ID == id && r.mayArrange })
}

// SendDue sends what is due, each schedule in a transaction of its own: one that fails is tried at the next ring and holds up no other.
func SendDue(ctx context.Context, d *db.DB) error {
	var due []int
	if err := d.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`select id from evidence_schedule where state = 'active' and next_at <= $1 order by next_at, id`, tx.Now)
		if err == nil {
			due, err = pgx.CollectRows(rows, pgx.RowTo[int])
		}
		return err
	}); err != nil {
		return err
	}
	var failed []error
	for _, id := range due {
		if err := d.Do(ctx, db.System, func(tx *db.Tx) error { return send(tx, id) }); err != nil {
			failed = append(failed, fmt.Errorf("schedule %d: %w", id, err))
		}
	}
	return errors.Join(failed...)
}

// send sends one schedule, if it is still due and nobody else is at it: to each recipient who may read it the figures of the period that ended
// last, once, however often it was missed.
func send(tx *db.Tx, id int) error {
	rows, err := tx.Query(scheduleColumns+`where s.id = $1 and s.state = 'active' and s.next_at <= $2 for update of s skip locked`, id, tx.Now)
	if err != nil {
		return err
	}
	s, err := pgx.CollectExactlyOneRow(rows, scanSchedule)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	readers, err := Readers(tx)
	if err != nil {
		return err
	}
	if !mayArrange(readers, s.OwnerID) {
		return s.stop(tx, "its owner may not arrange it any more")
	}
	zone, err := Zone(tx)
	if err != nil {
		return err
	}
	return s.tell(tx, readers, zone)
}

// stop ends a schedule by itself, and tells its owner if they are still here.
func (s *Schedule) stop(tx *db.Tx, why string) error {
	if _, err := tx.Exec(`update evidence_schedule set state = 'stopped', why = $2 where id = $1`, s.ID, why); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "evidence.schedule_stopped", Touches: touchesOne, Facts: map[string]any{"schedule": s.ID, "why": why}})
	return notify.Send(tx, notify.Message{To: s.OwnerID, Kind: notify.Figures, Subject: notify.Subject{Verb: "Stopped", What: "Figures of " + s.Title()}, Thread: s.thread(),
		Lines: []notify.Line{{Label: "Why", Value: why}}, Link: "/"})
}

// tell sends the letters, and sets when the next ones are due.
func (s *Schedule) tell(tx *db.Tx, readers []Reader, zone *time.Location) error {
	first, last := s.Ended(tx.Now, zone)
	lines, counted, err := s.figures(tx, first, last)
	if err != nil {
		return err
	}
	link := "/evidence/controls/" + s.Control
	if s.Population != "" {
		link += "/" + s.Population
	}
	to, refused := []int{}, []int{}
	var letters []notify.Message
	for _, id := range s.Recipients {
		if !slices.ContainsFunc(readers, func(r Reader) bool { return r.ID == id }) {
			refused = append(refused, id)
			continue
		}
		to = append(to, id)
		letters = append(letters, notify.Message{To: id, Kind: notify.Figures, Subject: notify.Subject{Verb: "Figures", What: s.Title() + ", " + first + " to " + last}, Lines: lines,
			Link: link + "?from=" + first + "&to=" + last, Thread: s.thread()})
	}
	if len(refused) > 0 {
		letters = append(letters, notify.Message{To: s.OwnerID, Kind: notify.Figures, Subject: notify.Subject{Verb: "Not sent to everybody", What: "Figures of " + s.Title()},
			Lines: []notify.Line{{Label: "Not sent to", Value: fmt.Sprintf("%d of %d people: they may not read the evidence any more", len(refused), len(s.Recipients))}},
			Link:  "/evidence/schedules/" + s.Ref, Thread: s.thread()})
	}
	missed := 0
	for at := s.after(s.Next, zone); !at.After(tx.Now); at = s.after(at, zone) {
		missed++
	}
	if _, err := tx.Exec(`update evidence_schedule set next_at = $2, sent_at = $3, sent = sent + 1 where id = $1`, s.ID, s.after(tx.Now, zone), tx.Now); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "evidence.schedule_sent", Touches: touchesOne, Facts: map[string]any{"schedule": s.ID, "from": first, "to": last, "counted": counted, "recipients": to, "refused": refused, "missed": missed}})
	return notify.Send(tx, letters...)
}

// Title names what is sent.
func (s *Schedule) Title() string {
	c, _ := Find(s.Control)
	if p, err := PopulationOf(s.Population); err == nil {
		return c.Full() + ", " + p.Title
	}
	return c.Full()
}

func (s *Schedule) thread() string { return fmt.Sprintf("schedule/%d", s.ID) }

// figures says how many there are, and how often each limit was kept: counts, and nobody's name.
func (s *Schedule) figures(tx *db.Tx, first, last string) (lines []notify.Line, counted map[string]int, err error) {
	span, err := ParseSpan(tx, first, last)
	if err != nil {
		return nil, nil, err
	}
	keys := []string{s.Population}
	if s.Population == "" {
		c, _ := Find(s.Control)
		keys = c.Populations
	}
	counted = map[string]int{}
	for _, key := range keys { // at most seven
		p, err := PopulationOf(key)
		if err != nil {
			return nil, nil, err
		}
		counts, err := p.Count(tx, span)
		if err != nil {
			return nil, nil, err
		}
		counted[key] = counts.Listed
		text := fmt.Sprintf("%d, and as many counted at the source", counts.Listed)
		if counts.Differ() {
			text = fmt.Sprintf("%d, and %d counted at the source: they differ", counts.Listed, counts.AtSource)
		}
		lines = append(lines, notify.Line{Label: p.Title, Value: text})
		kept, _, err := Attained(tx, p, span)
		if err != nil {
			return nil, nil, err
		}
		for _, a := range kept {
			lines = append(lines, notify.Line{Label: a.Limit.Title, Value: a.words()})
		}
	}
	return lines, counted, nil
}

// Recipient is one to whom a schedule sends.
type Recipient struct {
	Ref, Name string
	May       bool // read the evidence; if not, they get nothing
	Mail      bool // an address is known
}

// RecipientsOf gives them by name, also those who may not read it any more.
func RecipientsOf(tx *db.Tx, s *Schedule, readers []Reader) ([]Recipient, error) {
	rows, err := tx.Query(`select id, public_id::text, name, coalesce(email, '') <> '' from identity where id = any($1) order by lower(name), id`, s.Recipients)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (out Recipient, err error) {
		var id int
		err = row.Scan(&id, &out.Ref, &out.Name, &out.Mail)
		out.May = slices.ContainsFunc(readers, func(r Reader) bool { return r.ID == id })
		return out, err
	})
}
