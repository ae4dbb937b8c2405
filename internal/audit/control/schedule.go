package control

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/request"
)

// How often something is sent.
const (
	Weekly    = "week"
	Monthly   = "month"
	Quarterly = "quarter"
)

// The states of a schedule. One that stopped by itself goes on when somebody who may sets it up anew; a deleted one is only in the log.
const (
	Active  = "active"
	Paused  = "paused"
	Stopped = "stopped"
	deleted = "deleted"
)

// MostRecipients is to how many people one schedule sends.
const MostRecipients = 20

// Plan is what somebody wants to be sent: the figures of a control, or of one of its populations, for the week, month or quarter that just ended.
type Plan struct {
	Control    string
	Population string // "": every one of the control's
	Every      string
	Day        int // of the week, 1 is Monday; of the month, or of the first month of the quarter, 1 to 28
	Hour       int // in the organisation's time zone
	Recipients []int
}

// Schedule is a plan under way.
type Schedule struct {
	Plan
	ID      int
	Ref     string // public
	OwnerID int
	Owner   string
	State   string
	Why     string // it stopped by itself
	Made    time.Time
	Next    time.Time // when it is due
	Last    *time.Time
	Sent    int
}

// Zone is the organisation's time zone: that of its working time.
func Zone(tx *db.Tx) (*time.Location, error) {
	c, err := request.WorkingTime(tx)
	if err != nil {
		return nil, err
	}
	return c.Zone, nil
}

// after gives the first time after a moment at which it is due. An hour that the clock skips is the one after.
func (p *Plan) after(now time.Time, zone *time.Location) time.Time {
	t := now.In(zone)
	for i := 0; ; i++ {
		at := time.Date(t.Year(), t.Month()+time.Month(i), p.Day, p.Hour, 0, 0, 0, zone)
		switch p.Every {
		case Weekly:
			at = time.Date(t.Year(), t.Month(), mondayOf(t)+p.Day-1+7*i, p.Hour, 0, 0, 0, zone)
		case Quarterly:
			at = time.Date(t.Year(), quarterOf(t)+time.Month(3*i), p.Day, p.Hour, 0, 0, 0, zone)
		}
		if at.After(now) {
			return at.UTC()
		}
	}
}

// Ended gives the first and the last day of the period that ended last before a moment.
func (p *Plan) Ended(now time.Time, zone *time.Location) (first, last string) {
	t := now.In(zone)
	from, to := time.Date(t.Year(), t.Month()-1, 1, 0, 0, 0, 0, time.UTC), time.Date(t.Year(), t.Month(), 0, 0, 0, 0, 0, time.UTC)
	switch p.Every {
	case Weekly:
		from, to = time.Date(t.Year(), t.Month(), mondayOf(t)-7, 0, 0, 0, 0, time.UTC), time.Date(t.Year(), t.Month(), mondayOf(t)-1, 0, 0, 0, 0, time.UTC)
	case Quarterly:
		from, to = time.Date(t.Year(), quarterOf(t)-3, 1, 0, 0, 0, 0, time.UTC), time.Date(t.Year(), quarterOf(t), 0, 0, 0, 0, 0, time.UTC)
	}
	return from.Format(time.DateOnly), to.Format(time.DateOnly)
}

func mondayOf(t time.Time) int { return t.Day() - (int(t.Weekday())+6)%7 }

func quarterOf(t time.Time) time.Month { return t.Month() - (t.Month()-1)%3 }

// Reader is somebody who may read the evidence by a role that they were given, and so may be sent figures of it.
type Reader struct {
	ID         int
	Ref, Name  string
	Mail       bool // an address is known
	mayArrange bool
}

// check says what is wrong with a plan. Recipients must be among those who may read.
func (p *Plan) check(readers []Reader) error {
	var bad []errs.Field
	add := func(field, rule string, a ...any) {
		bad = append(bad, errs.Field{Field: field, Rule: fmt.Sprintf(rule, a...)})
	}
	if c, ok := Find(p.Control); !ok || p.Population != "" && !c.Has(p.Population) {
		add("what", "must be a control, or one of its populations")
	}
	switch {
	case !slices.Contains([]string{Weekly, Monthly, Quarterly}, p.Every):
		add("every", "must be week, month or quarter")
	case p.Every == Weekly && (p.Day < 1 || p.Day > 7):
		add("day", "must be from 1, Monday, to 7 of a week")
	case p.Day < 1 || p.Day > 28:
		add("day", "must be from 1 to 28")
	}
	if p.Hour < 0 || p.Hour > 23 {
		add("hour", "must be an hour from 0 to 23")
	}
	slices.Sort(p.Recipients)
	p.Recipients = slices.Compact(p.Recipients)
	if len(p.Recipients) == 0 || len(p.Recipients) > MostRecipients {
		add("recipients", "must be from 1 to %d people", MostRecipients)
	}
	for _, id := range p.Recipients {
		if !slices.ContainsFunc(readers, func(r Reader) bool { return r.ID == id }) {
			add("recipients", "must be people who may read the evidence")
			break
		}
	}
	if len(bad) > 0 {
		return errs.InvalidFields("nothing was set up", bad)
	}
	return nil
}

func (p *Plan) asFacts(id int) map[string]any {
	return map[string]any{"schedule": id, "control": p.Control, "population": p.Population, "every": p.Every, "day": p.Day, "hour": p.Hour, "recipients": p.Recipients}
}

var touchesOne = evidence.Touches{"evidence_schedule": 1}

// Arrange sets a plan up in the name of the actor, and gives its public id.
func Arrange(tx *db.Tx, p Plan) (ref string, err error) {
	if tx.Actor.Identity == 0 {
		return "", errs.Forbidden("a schedule belongs to a person: sign in first")
	}
	next, err := p.due(tx)
	if err != nil {
		return "", err
	}
	var id int
	if err := tx.QueryRow(`insert into evidence_schedule (control, population, every, day, hour, recipients, owner_id, next_at) values ($1, $2, $3, $4, $5, $6, $7, $8) returning id, public_id::text`,
		p.Control, p.Population, p.Every, p.Day, p.Hour, p.Recipients, tx.Actor.Identity, next).Scan(&id, &ref); err != nil {
		return "", err
	}
	tx.Record(evidence.Event{Kind: "evidence.schedule_made", Touches: touchesOne, Facts: p.asFacts(id)})
	return ref, nil
}

// due checks a plan and says when it is due first.
func (p *Plan) due(tx *db.Tx) (time.Time, error) {
	readers, err := Readers(tx)
	if err != nil {
		return time.Time{}, err
	}
	if err := p.check(readers); err != nil {
		return time.Time{}, err
	}
	zone, err := Zone(tx)
	if err != nil {
		return time.Time{}, err
	}
	return p.after(tx.Now, zone), nil
}

// Change changes a plan. One that stopped goes on with it, in its owner's name as before.
func (s *Schedule) Change(tx *db.Tx, p Plan) error {
	if err := s.owned(tx); err != nil {
		return err
	}
	next, err := p.due(tx)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`update evidence_schedule set control = $2, population = $3, every = $4, day = $5, hour = $6, recipients = $7, next_at = $8, state = case state when 'stopped' then 'active' else state end, why = '' where id = $1`,
		s.ID, p.Control, p.Population, p.Every, p.Day, p.Hour, p.Recipients, next); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "evidence.schedule_changed", Touches: touchesOne, Facts: p.asFacts(s.ID)})
	return nil
}

// owned refuses to go on in the name of somebody who may not arrange it any more.
func (s *Schedule) owned(tx *db.Tx) error {
	readers, err := Readers(tx)
	if err == nil && !mayArrange(readers, s.OwnerID) {
		err = errs.Conflict("%s, in whose name it is sent, may not arrange it any more: delete it, and set up one of your own", s.Owner)
	}
	return err
}

// Pause lets a schedule send nothing for a time.
func (s *Schedule) Pause(tx *db.Tx) error {
	if s.State != Active {
		return errs.Conflict("the schedule does not run: it is %s", s.State)
	}
	if _, err := tx.Exec(`update evidence_schedule set state = 'paused' where id = $1`, s.ID); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "evidence.schedule_paused", Touches: touchesOne, Facts: map[string]any{"schedule": s.ID}})
	return nil
}

// Resume lets it go on. What would have been sent meanwhile is not sent any more.
func (s *Schedule) Resume(tx *db.Tx) error {
	if s.State == Active {
		return errs.Conflict("the schedule runs already")
	}
	if err := s.owned(tx); err != nil {
		return err
	}
	zone, err := Zone(tx)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`update evidence_schedule set state = 'active', why = '', next_at = $2 where id = $1`, s.ID, s.after(tx.Now, zone)); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "evidence.schedule_resumed", Touches: touchesOne, Facts: map[string]any{"schedule": s.ID}})
	return nil
}

// Delete ends it for good.
func (s *Schedule) Delete(tx *db.Tx) error {
	if _, err := tx.Exec(`update evidence_schedule set state = 'deleted', why = '' where id = $1`, s.ID); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "evidence.schedule_deleted", Touches: touchesOne, Facts: map[string]any{"schedule": s.ID}})
	return nil
}

const scheduleColumns = `select s.id, s.public_id::text, s.control, s.population, s.every, s.day, s.hour, s.recipients, s.owner_id, i.name, s.state, s.why, s.made_at, s.next_at, s.sent_at, s.sent
	from evidence_schedule s join identity i on i.id = s.owner_id `

func scanSchedule(r pgx.CollectableRow) (s Schedule, err error) {
	return s, r.Scan(&s.ID, &s.Ref, &s.Control, &s.Population, &s.Every, &s.Day, &s.Hour, &s.Recipients, &s.OwnerID, &s.Owner, &s.State, &s.Why, &s.Made, &s.Next, &s.Last, &s.Sent)
}

// Schedules gives those there are, the newest first: of one owner, or of everybody for 0.
func Schedules(tx *db.Tx, owner int) ([]Schedule, error) {
	rows, err := tx.Query(scheduleColumns+`where s.state <> $1 and ($2 = 0 or s.owner_id = $2) order by s.id desc`, deleted, owner)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanSchedule)
}

// ScheduleOf finds one by its public id; somebody who may only see their own finds no other. In a writing transaction it stays locked.
func ScheduleOf(tx *db.Tx, ref string, owner int) (*Schedule, error) {
	none := errs.NotFound("there is no such schedule")
	id, err := uuid.Parse(ref)
	if err != nil {
		return nil, none
	}
	lock := ` for update of s`
	if tx.Actor.ID == 0 {
		lock = ``
	}
	rows, err := tx.Query(scheduleColumns+`where s.public_id = $1 and s.state <> $2 and ($3 = 0 or s.owner_id = $3)`+lock, id, deleted, owner)
	if err != nil {
		return nil, err
	}
	s, err := pgx.CollectExactlyOneRow(rows, scanSchedule)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, none
	}
	return &s, err
}
