package control

import (
	"time"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// Span is the period that is looked at, and from when.
type Span struct {
	From, To time.Time // business time, [From, To)
	Known    time.Time // record time of the look: what is open has waited until then
	Now      time.Time // business time of the look
}

// NewSpan gives a period looked at now.
func NewSpan(tx *db.Tx, from, to time.Time) (Span, error) {
	known, err := tx.Known()
	return Span{from.UTC(), to.UTC(), known, tx.Now}, err
}

// ParseSpan reads the first and the last day of a period, both whole, in UTC: 2026-01-01 and 2026-03-31.
func ParseSpan(tx *db.Tx, from, to string) (Span, error) {
	var bad []errs.Field
	day := func(name, text string) time.Time {
		t, err := time.Parse(time.DateOnly, text)
		if err != nil || t.Year() < 1900 || t.Year() > 9000 {
			bad = append(bad, errs.Field{Field: name, Rule: "must be a day such as 2026-03-31"})
		}
		return t
	}
	a, b := day("from", from), day("to", to).AddDate(0, 0, 1)
	if len(bad) == 0 && !a.Before(b) {
		bad = append(bad, errs.Field{Field: "to", Rule: "must not be before the first day"})
	}
	if len(bad) > 0 {
		return Span{}, errs.InvalidFields("the period cannot be read", bad)
	}
	return NewSpan(tx, a, b)
}

// Quarter gives the first and last day of the quarter that a day lies in.
func Quarter(t time.Time) (first, last time.Time) {
	t = t.UTC()
	first = time.Date(t.Year(), t.Month()-(t.Month()-1)%3, 1, 0, 0, 0, 0, time.UTC)
	return first, first.AddDate(0, 3, -1)
}

// Days gives the first and the last day of the period.
func (s Span) Days() (first, last string) {
	return s.From.Format(time.DateOnly), s.To.AddDate(0, 0, -1).Format(time.DateOnly)
}

func (s Span) args() []any { return []any{s.From, s.To, s.Known, s.Now} }

// typed says to PostgreSQL what the parameters are, whichever of them a query uses.
const typed = `$1::timestamptz is not null and $2::timestamptz is not null and $3::timestamptz is not null and $4::timestamptz is not null`
