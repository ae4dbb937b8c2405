package control

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Figures of a population in a period: both counts, and how often its limits were kept.
type Figures struct {
	Counts   Counts
	Attained []Attainment
	Months   []Attainment
	Counted  time.Time // record time; zero where they were counted for whoever asks now
	Old      bool      // something happened since, or a while went by

	event int64
	asked bool // counting it anew was asked for a moment ago
}

// Beside a large log what was counted is kept: counting a quarter of a million items takes seconds, and pages have milliseconds.
const (
	keepFrom  = 20_000      // events of the log
	keepFresh = time.Minute // in which nobody counts anew though time goes by
	keepAgain = 5 * time.Minute
)

// Tally is what was counted for a page.
type Tally struct {
	Of      map[string]*Figures // by population
	Counted time.Time           // when the oldest of what was kept was counted; zero where all of it was counted now
	Old     bool                // something of it is old

	span Span
	ask  bool     // that it is counted anew is to be asked for
	now  []string // that were counted now and are to be kept
}

// FiguresOf gives the figures of populations in a period. Beside a small log they are counted now; beside a large one they were counted before,
// once for all who ask, and are told with their time until they are counted anew in the background.
func FiguresOf(tx *db.Tx, s Span, keys []string) (*Tally, error) {
	t := &Tally{Of: map[string]*Figures{}, span: s}
	newest, err := newestEvent(tx)
	if err != nil {
		return nil, err
	}
	if err := t.kept(tx, keys, newest); err != nil {
		return nil, err
	}
	for _, key := range keys { // at most those there are
		f := t.Of[key]
		if f == nil {
			if f, err = count(tx, s, key, newest); err != nil {
				return nil, err
			}
			if t.Of[key] = f; newest >= keepFrom {
				t.now = append(t.now, key)
			}
			continue
		}
		t.ask = t.ask || f.Old && !f.asked
		if t.Old = t.Old || f.Old; t.Counted.IsZero() || f.Counted.Before(t.Counted) {
			t.Counted = f.Counted
		}
	}
	return t, nil
}

// newestEvent is the newest event but for those that say what auditors do, which change no figure.
func newestEvent(tx *db.Tx) (id int64, err error) {
	err = tx.QueryRow(`select id from event where kind not in ('evidence.opened', 'evidence.sampled', 'evidence.packed') order by id desc limit 1`).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return id, err
}

// count counts a population now.
func count(tx *db.Tx, s Span, key string, newest int64) (*Figures, error) {
	p, err := PopulationOf(key)
	if err != nil {
		return nil, err
	}
	f := &Figures{event: newest}
	if f.Counts, err = p.Count(tx, s); err != nil {
		return nil, err
	}
	f.Attained, f.Months, err = Attained(tx, p, s)
	return f, err
}

// kept reads what was kept of the period.
func (t *Tally) kept(tx *db.Tx, keys []string, newest int64) error {
	rows, err := tx.Query(`select population, listed, at_source, attained, months, event_id, counted_at, coalesce(asked_at > counted_at and asked_at > $4::timestamptz - $5::interval, false) from evidence_figure where population = any($1) and from_at = $2 and to_at = $3`, keys, t.span.From, t.span.To, t.span.Known, keepAgain)
	if err != nil {
		return err
	}
	for rows.Next() {
		f := &Figures{}
		var key string
		var attained, months []byte
		if err := rows.Scan(&key, &f.Counts.Listed, &f.Counts.AtSource, &attained, &months, &f.event, &f.Counted, &f.asked); err != nil {
			return err
		}
		if err := errors.Join(json.Unmarshal(attained, &f.Attained), json.Unmarshal(months, &f.Months)); err != nil {
			return err
		}
		f.Old = f.event != newest || t.span.Known.Sub(f.Counted) > keepFresh
		t.Of[key] = f
	}
	return rows.Err()
}

// Due says whether something is to be noted: what was counted now and is to be kept, or that what was kept is old.
func (t *Tally) Due() bool { return t.ask || len(t.now) > 0 }

// Note keeps what was counted now, and asks that what is old is counted anew, unless somebody asked a moment ago.
func (t *Tally) Note(tx *db.Tx) error {
	if err := t.keep(tx, t.now); err != nil || !t.ask {
		return err
	}
	n, err := tx.Exec(`update evidence_figure set asked_at = clock_timestamp() where from_at = $1 and to_at = $2 and (asked_at is null or asked_at < counted_at or asked_at < clock_timestamp() - $3::interval)`, t.span.From, t.span.To, keepAgain)
	if err != nil || n == 0 {
		return err
	}
	return tx.Enqueue(RecountArgs{From: t.span.From, To: t.span.To}, nil)
}

func (t *Tally) keep(tx *db.Tx, keys []string) error {
	for _, key := range keys { // at most those there are
		f := t.Of[key]
		attained, err := json.Marshal(f.Attained)
		if err != nil {
			return err
		}
		months, err := json.Marshal(f.Months)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`insert into evidence_figure (population, from_at, to_at, listed, at_source, attained, months, event_id, counted_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			on conflict (population, from_at, to_at) do update set listed = excluded.listed, at_source = excluded.at_source, attained = excluded.attained, months = excluded.months,
				event_id = excluded.event_id, counted_at = excluded.counted_at where evidence_figure.counted_at < excluded.counted_at`,
			key, t.span.From, t.span.To, f.Counts.Listed, f.Counts.AtSource, attained, months, f.event, t.span.Known); err != nil {
			return err
		}
	}
	return nil
}

// Recount counts anew what was kept of a period, or everything, and keeps it.
func Recount(tx *db.Tx, a RecountArgs) error {
	s, err := NewSpan(tx, a.From, a.To)
	if err != nil {
		return err
	}
	rows, err := tx.Query(`select population from evidence_figure where from_at = $1 and to_at = $2 order by 1`, s.From, s.To)
	if err != nil {
		return err
	}
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if a.All {
		keys = nil
		for _, p := range Populations {
			keys = append(keys, p.Key)
		}
	}
	newest, err := newestEvent(tx)
	if err != nil {
		return err
	}
	t := &Tally{Of: map[string]*Figures{}, span: s}
	for _, key := range keys { // at most those there are
		if t.Of[key], err = count(tx, s, key, newest); err != nil {
			return err
		}
	}
	return t.keep(tx, keys)
}

// Ahead asks that beside a large log the figures of this quarter and the last one are counted before somebody looks at them.
func Ahead(tx *db.Tx) error {
	newest, err := newestEvent(tx)
	if err != nil || newest < keepFrom {
		return err
	}
	first, last := Quarter(tx.Now)
	for range 2 {
		if err := tx.Enqueue(RecountArgs{From: first, To: last.AddDate(0, 0, 1), All: true}, nil); err != nil {
			return err
		}
		first, last = Quarter(first.AddDate(0, 0, -1))
	}
	return nil
}

// Forget drops what nobody has asked for in a while.
func Forget(tx *db.Tx) error {
	_, err := tx.Exec(`delete from evidence_figure where counted_at < clock_timestamp() - interval '7 days'`)
	return err
}
