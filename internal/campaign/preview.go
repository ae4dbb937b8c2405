package campaign

import (
	"slices"

	"tenure/internal/db"
)

// Minutes that things are taken to need: a line, and a batch that is looked through.
const (
	minutesOfLine  = 0.4
	minutesOfBatch = 1.0
)

// Preview is what starting a campaign would do.
type Preview struct {
	Items     int
	Classes   [3]int // items: to decide, likely fine, by rule
	Covered   int    // of those by rule: by roles whose definition was confirmed
	Reviewers []Load // the busiest first
	NotRead   []string
	Median    int // meaningful decisions of a reviewer
	Worst     int
	Lines     []*Item // of the reviewer who was asked for, in their first review
	Batch     []*Item
	Rules     []RuleLine
}

// Load is what is asked of one reviewer.
type Load struct {
	Reviewer  int
	Name, Ref string
	Why       string
	Items     int // before anything is put together
	Lines     int // meaningful decisions
	Waves     int
	Most      int // of one wave
}

// Minutes is about how long the reviewer needs.
func (l *Load) Minutes() int { return minutes(l.Lines, l.Items > l.Lines) }

// Minutes is about how long the rest of a review needs.
func (s *Standing) Minutes() int { return minutes(s.Lines-s.LinesDecided, s.Fine > s.FineDecided) }

func minutes(lines int, batch bool) int {
	m := float64(lines) * minutesOfLine
	if batch {
		m += minutesOfBatch
	}
	return max(1, int(m+0.5))
}

// Preview shows what starting a draft would do: it starts it and takes everything back. reviewer, when not 0, is whose first review is shown.
func (s *Service) Preview(tx *db.Tx, id, reviewer int) (*Preview, error) {
	var p Preview
	err := tx.Try(func() error {
		c, err := lock(tx, id)
		if err != nil {
			return err
		}
		if err := p.of(tx, c, reviewer); err != nil {
			return err
		}
		return db.ErrRollback
	})
	return &p, err
}

func (p *Preview) of(tx *db.Tx, c *Campaign, reviewer int) error {
	b, err := begin(tx, c)
	if err != nil {
		return err
	}
	p.Items, p.NotRead = c.Items, b.uncover
	if err := tx.QueryRow(`select count(*) filter (where class = 0), count(*) filter (where class = 1), count(*) filter (where class = 2) from campaign_item where campaign_id = $1`, c.ID).Scan(&p.Classes[0], &p.Classes[1], &p.Classes[2]); err != nil {
		return err
	}
	if err := tx.QueryRow(`select count(*) from campaign_decision d join campaign_item i on i.id = d.item_id where i.campaign_id = $1 and d.together = 0`, c.ID).Scan(&p.Covered); err != nil {
		return err
	}
	all, err := Reviews(tx, c.ID)
	if err != nil {
		return err
	}
	p.Reviewers = Loads(all)
	if n := len(p.Reviewers); n > 0 {
		p.Worst, p.Median = p.Reviewers[0].Lines, p.Reviewers[n/2].Lines
	}
	for _, v := range all {
		if v.Reviewer == reviewer && v.Wave == 1 {
			if p.Lines, err = Lines(tx, v.ID); err != nil {
				return err
			}
			if p.Batch, err = Batch(tx, v.ID, 0, 50); err != nil {
				return err
			}
			p.Rules, err = Rules(tx, v.ID)
			return err
		}
	}
	return nil
}

// Loads gives what reviews ask of each reviewer, the busiest first.
func Loads(all []*Review) []Load {
	at := map[int]int{}
	var out []Load
	for _, v := range all {
		n, ok := at[v.Reviewer]
		if !ok {
			n = len(out)
			at[v.Reviewer] = n
			out = append(out, Load{Reviewer: v.Reviewer, Name: v.Name, Ref: v.Ref, Why: v.Why})
		}
		l := &out[n]
		l.Items += v.Items
		l.Lines += v.Load
		l.Waves = max(l.Waves, v.Wave)
		l.Most = max(l.Most, v.Load)
	}
	slices.SortStableFunc(out, func(a, b Load) int { return b.Lines - a.Lines })
	return out
}
