package control

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// MostDrawn is how many items one sample has at most.
const MostDrawn = 500

// Algorithm says in words how a sample is drawn, so that anybody can draw it again.
const Algorithm = "Items are ordered by SHA-256 of the seed, one byte 0x00 and the item's id, all in UTF-8, compared byte by byte; the first n are the sample."

// Ask is what somebody asks to be drawn.
type Ask struct {
	Control    string
	Population string
	Span       Span
	Seed       string
	Size       int
}

// Sample is what was drawn.
type Sample struct {
	ID         int
	Ref        string // public
	Control    string
	Population string
	From, To   time.Time
	Seed       string
	Size       int
	Counts     Counts
	Items      []string // ids, in the order of drawing
	Drawn      time.Time
	By         string
	Event      int64 // number in the log of the event about it, -1 while it is not sealed
}

// draw gives the ids that a seed draws from the population.
func (p *Population) draw(tx *db.Tx, s Span, seed string, n int) ([]string, error) {
	rows, err := tx.Query(fmt.Sprintf(`select p.id from (%s) p where %s order by sha256(convert_to($5::text, 'UTF8') || '\x00'::bytea || convert_to(p.id, 'UTF8')) limit $6`, p.sql, typed),
		append(s.args(), seed, n)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Draw draws a sample and stores it with an event. What was asked before and still draws the same is given again, so that asking twice is
// asking once.
func Draw(tx *db.Tx, a Ask) (*Sample, error) {
	p, err := a.check()
	if err != nil {
		return nil, err
	}
	if tx.Actor.Identity == 0 {
		return nil, errs.Forbidden("drawing a sample needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	counts, err := p.Count(tx, a.Span)
	if err != nil {
		return nil, err
	}
	items, err := p.draw(tx, a.Span, a.Seed, a.Size)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, errs.Invalid("there is nothing in this population to draw from; choose another period")
	}
	var ref string
	err = tx.QueryRow(`select public_id::text from sample where control = $1 and population = $2 and from_at = $3 and to_at = $4 and seed = $5 and size = $6 and items = $7 and counted = $8 and at_source = $9
		order by id limit 1`, a.Control, a.Population, a.Span.From, a.Span.To, a.Seed, a.Size, items, counts.Listed, counts.AtSource).Scan(&ref)
	if err == nil {
		return SampleOf(tx, ref)
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return nil, err
	}
	var id int
	if err := tx.QueryRow(`insert into sample (control, population, from_at, to_at, seed, size, counted, at_source, items, drawn_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		returning id, public_id::text`, a.Control, a.Population, a.Span.From, a.Span.To, a.Seed, a.Size, counts.Listed, counts.AtSource, items, tx.Actor.ID).Scan(&id, &ref); err != nil {
		return nil, err
	}
	list := sha256.Sum256([]byte(strings.Join(items, "\n")))
	tx.Record(evidence.Event{Kind: "evidence.sampled", Touches: evidence.Touches{"sample": 1}, Facts: map[string]any{"sample": id, "control": a.Control, "population": a.Population,
		"from": a.Span.From.UTC(), "to": a.Span.To.UTC(), "seed": a.Seed, "size": a.Size, "counted": counts.Listed, "at_source": counts.AtSource, "drawn": len(items), "items_sha256": hex.EncodeToString(list[:])}})
	return SampleOf(tx, ref)
}

// Made is what a pack of what was asked is made of: the population, or without one every population of the control; with a size a sample of
// each, else the whole. Without a seed each is drawn by the one that is proposed for it. Of several, one that holds nothing is taken whole.
func (a Ask) Made(tx *db.Tx) ([]*Sample, error) {
	c, ok := Find(a.Control)
	if !ok {
		return nil, errs.NotFound("there is no such control")
	}
	keys, seed := []string{a.Population}, a.Seed
	if a.Population == "" {
		keys = c.Populations
	}
	var out []*Sample
	for _, a.Population = range keys { // at most seven
		p, err := a.population()
		if err != nil {
			return nil, err
		}
		if a.Seed = seed; seed == "" {
			first, last := a.Span.Days()
			a.Seed = Seed(c, p, first, last)
		}
		of, err := a.made(tx, p, len(keys) > 1)
		if err != nil {
			return nil, err
		}
		out = append(out, of)
	}
	return out, nil
}

func (a Ask) made(tx *db.Tx, p *Population, several bool) (*Sample, error) {
	whole := a.Size == 0
	if !whole && several {
		counts, err := p.Count(tx, a.Span)
		if err != nil {
			return nil, err
		}
		whole = counts.Listed == 0
	}
	if whole {
		return Whole(a)
	}
	return Draw(tx, a)
}

// Whole is a population as a pack takes it along without a sample.
func Whole(a Ask) (*Sample, error) {
	if _, err := a.population(); err != nil {
		return nil, err
	}
	return &Sample{Control: a.Control, Population: a.Population, From: a.Span.From, To: a.Span.To, Event: -1}, nil
}

func (a *Ask) population() (*Population, error) {
	p, err := PopulationOf(a.Population)
	if err != nil {
		return nil, err
	}
	if c, ok := Find(a.Control); !ok || !c.Has(a.Population) {
		return nil, errs.NotFound("there is no such control, or the population is none of its")
	}
	return p, nil
}

// Seed is the seed that is proposed for a sample of a population in a period.
func Seed(c Control, p *Population, from, to string) string {
	return c.Key + " " + p.Key + " " + from + " " + to
}

func (a *Ask) check() (*Population, error) {
	p, err := a.population()
	if err != nil {
		return nil, err
	}
	var bad []errs.Field
	if a.Size < 1 || a.Size > MostDrawn {
		bad = append(bad, errs.Field{Field: "size", Rule: fmt.Sprintf("must be from 1 to %d", MostDrawn)})
	}
	if a.Seed == "" || len(a.Seed) > 200 || strings.ContainsFunc(a.Seed, func(r rune) bool { return r < ' ' }) {
		bad = append(bad, errs.Field{Field: "seed", Rule: "must be a line of text"})
	}
	if len(bad) > 0 {
		return nil, errs.InvalidFields("nothing was drawn", bad)
	}
	return p, nil
}

const sampleColumns = `select s.id, s.public_id::text, s.control, s.population, s.from_at, s.to_at, s.seed, s.size, s.counted, s.at_source, s.items, s.drawn_at, a.name,
	coalesce((select l.log_index from event e join leaf l on l.event_id = e.id where e.kind = 'evidence.sampled' and e.recorded_at between s.drawn_at - interval '1 hour' and s.drawn_at + interval '1 hour'
		and (convert_from(e.leaf, 'UTF8')::jsonb->'facts'->>'sample')::int = s.id limit 1), -1)
	from sample s join actor a on a.id = s.drawn_by `

func scanSample(r pgx.CollectableRow) (s Sample, err error) {
	err = r.Scan(&s.ID, &s.Ref, &s.Control, &s.Population, &s.From, &s.To, &s.Seed, &s.Size, &s.Counts.Listed, &s.Counts.AtSource, &s.Items, &s.Drawn, &s.By, &s.Event)
	s.From, s.To = s.From.UTC(), s.To.UTC()
	return s, err
}

// SampleOf finds a sample by its public id.
func SampleOf(tx *db.Tx, ref string) (*Sample, error) {
	id, err := uuid.Parse(ref)
	if err != nil {
		return nil, errs.NotFound("there is no such sample")
	}
	rows, err := tx.Query(sampleColumns+`where s.public_id = $1`, id)
	if err != nil {
		return nil, err
	}
	s, err := pgx.CollectExactlyOneRow(rows, scanSample)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound("there is no such sample")
	}
	return &s, err
}

// Samples gives the newest samples.
func Samples(tx *db.Tx, limit int) ([]Sample, error) {
	rows, err := tx.Query(sampleColumns+`order by s.id desc limit $1`, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanSample)
}

// Span is the sample's period, looked at now.
func (s *Sample) Span(tx *db.Tx) (Span, error) { return NewSpan(tx, s.From, s.To) }

// Again draws once more and says whether it is the same.
func (s *Sample) Again(tx *db.Tx) (same bool, err error) {
	p, err := PopulationOf(s.Population)
	if err != nil {
		return false, err
	}
	span, err := s.Span(tx)
	if err != nil {
		return false, err
	}
	items, err := p.draw(tx, span, s.Seed, s.Size)
	return slices.Equal(items, s.Items), err
}
