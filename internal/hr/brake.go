package hr

import (
	"encoding/json"
	"fmt"
	"time"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/hr/source"
	"tenure/internal/identity"
)

// Counts is what one reading does to people. Every person is counted once, as the strongest of these.
type Counts struct {
	Joiners   int `json:"joiners"`
	Movers    int `json:"movers"`
	Leavers   int `json:"leavers"`
	Returns   int `json:"returns"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	// Leaving and Moving are what the brake weighs: leavers and movers, with those whom the reading announces for a later day, and
	// among the leavers those who go on leave or whose first day is put off after they began.
	Leaving int `json:"leaving"`
	Moving  int `json:"moving"`
	Known   int `json:"known"` // people of the source before this reading
}

// Affected is one person in a held batch.
type Affected struct {
	Identity int    `json:"identity,omitempty"`
	Number   string `json:"number"`
	Name     string `json:"name"`
	What     string `json:"what"` // "leaves", "moves"
}

// weigh puts every person's change together and says what it is.
func (d *differ) weigh() {
	for _, p := range d.out.people {
		p.moved = map[int]bool{}
		mine := map[int]bool{}
		for _, t := range p.jobs {
			mine[t.id] = true
			for i := range t.fresh {
				t.fresh[i].Employment = t.id // a new one gets its id when it is written
			}
			old := of(p.old, t.id)
			kept, _, _ := splice(old, t.from)
			p.versions = append(append(append(p.versions, kept...), t.cut...), t.fresh...)
			d.compareJob(p, t, old)
		}
		for _, v := range p.old {
			if !mine[v.Employment] {
				p.versions = append(p.versions, v)
			}
		}
		p.is = identity.StateAt(p.versions, d.now)
		if p.row != nil && p.row.Locked() {
			p.is = identity.Left
		}
		// For the brake whoever is to work no longer leaves: also who goes on leave, or is said not to have begun.
		if p.id != 0 && p.is.Weaker(p.was) {
			p.leaves = true
		}
	}
}

// compareJob notes a move and a leave that the rows of one employment state, for now or for a later day.
func (d *differ) compareJob(p *person, t *touched, old []identity.Version) {
	if len(old) == 0 {
		return
	}
	before := at(old, d.now)
	for i := range t.fresh {
		v := &t.fresh[i]
		for _, a := range d.src.Spec.Movers {
			if v.Attrs[a] != before.Attrs[a] {
				p.movedNew = true
				if v.Valid(d.now) {
					p.moved[t.id] = true
				}
			}
		}
		if v.EndsAt.Before(before.EndsAt) {
			p.leaves = p.leaves || !stays(p, t, v.EndsAt)
		}
	}
}

// stays says whether another employment goes on when one ends.
func stays(p *person, t *touched, when time.Time) bool {
	for _, v := range p.old {
		if v.Employment != t.id && v.Valid(when) && v.At(when) != identity.Left {
			return true
		}
	}
	return false
}

func (d *diff) counts() Counts {
	c := Counts{Unchanged: d.unchanged, Known: d.known}
	for _, p := range d.people {
		switch d.class(p) {
		case "joiner":
			c.Joiners++
		case "leaver":
			c.Leavers++
		case "return":
			c.Returns++
		case "mover":
			c.Movers++
		default:
			c.Updated++
		}
		if p.id != 0 && p.leaves {
			c.Leaving++
		} else if p.id != 0 && p.movedNew {
			c.Moving++
		}
	}
	return c
}

// class says what a reading does to a person: the strongest of what it does.
func (*diff) class(p *person) string {
	switch {
	case p.id == 0:
		return "joiner"
	case p.is == identity.Left && p.was != identity.Left:
		return "leaver"
	case p.was == identity.Left && p.is != identity.Left, p.was == identity.Leave && p.is == identity.Active:
		return "return"
	case len(p.moved) > 0:
		return "mover"
	}
	return "updated"
}

func (d *diff) affected() []Affected {
	out := []Affected{}
	for _, p := range d.people {
		if p.id == 0 || !p.leaves && !p.movedNew {
			continue
		}
		a := Affected{Identity: p.id, Name: p.row.Name, What: "moves"}
		if p.row.Number != nil {
			a.Number = *p.row.Number
		}
		if p.leaves {
			a.What = "leaves"
		}
		out = append(out, a)
	}
	return out
}

// brake says why a reading must wait for a second person, nothing when it need not. What was applied without a release in
// the last 24 hours counts with it; what another person announced beforehand does not.
func (s *Service) brake(tx *db.Tx, src *Source, read *source.Reading, d *diff, now time.Time, last *Run) ([]string, error) {
	c := d.counts()
	spent, base, err := spent(tx, src.ID, now)
	if err != nil {
		return nil, err
	}
	if base == 0 {
		base = c.Known
	}
	expected, err := expected(tx, src, now)
	if err != nil {
		return nil, err
	}
	l := src.Spec.Brake
	var why []string
	weigh := func(what string, here, before, count, percent, announced int) {
		limit := access.Limit(count, percent, base)
		if n := here + before - announced; here > 0 && n >= limit {
			text := fmt.Sprintf("%d %s of %d people reach the limit of %d (the larger of %d and %d %%)", here+before, what, base, limit, count, percent)
			if before > 0 {
				text += fmt.Sprintf(", %d of them within the last 24 hours", before)
			}
			why = append(why, text)
		}
	}
	weigh("leavers", c.Leaving, spent.Leaving, l.LeaversCount, l.LeaversPercent, expected["leavers"])
	weigh("movers", c.Moving, spent.Moving, l.MoversCount, l.MoversPercent, expected["movers"])
	if src.Spec.File.Mode == source.Full && last != nil && last.Rows > 0 {
		if missing := last.Rows - read.Rows; missing-max(expected["rows"], expected["leavers"]) > 0 && (missing-max(expected["rows"], expected["leavers"]))*100 >= l.RowsPercent*last.Rows {
			why = append(why, fmt.Sprintf("the file has %d rows and the last good one had %d: %d %% fewer, the limit is %d %%",
				read.Rows, last.Rows, missing*100/last.Rows, l.RowsPercent))
		}
	}
	return why, nil
}

// spent counts what unreleased runs of the source did in the 24 hours of business time before now, and how many people
// there were before the first of them.
func spent(tx *db.Tx, src int, now time.Time) (Counts, int, error) {
	var c Counts
	var base int
	err := tx.QueryRow(`select coalesce(sum((counts->>'leaving')::int), 0), coalesce(sum((counts->>'moving')::int), 0),
			coalesce((array_agg((counts->>'known')::int order by id))[1], 0)
		from snapshot where source_id = $1 and state = 'applied' and hold_id is null and effective_at > $2::timestamptz - interval '24 hours'
		and effective_at <= $2`, src, now).Scan(&c.Leaving, &c.Moving, &base)
	return c, base, err
}

// expected gives what others announced for the day, per kind, not yet used.
func expected(tx *db.Tx, src *Source, now time.Time) (map[string]int, error) {
	out := map[string]int{}
	loc, err := time.LoadLocation(src.Spec.Zone)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(`select kind, sum(count)::int from expected_change where source_id = $1 and used_by is null
		and $2::date between from_day and to_day and announced_identity <> $3 group by kind`,
		src.ID, now.In(loc).Format(time.DateOnly), tx.Actor.Identity)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k string
		var n int
		if err := rows.Scan(&k, &n); err != nil {
			return nil, err
		}
		out[k] = n
	}
	return out, rows.Err()
}

func jsonOf(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("hr: a struct of ours has no JSON form: " + err.Error())
	}
	return b
}
