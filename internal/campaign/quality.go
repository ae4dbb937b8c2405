package campaign

import (
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Quality is how a review was done, measured from its decisions: for the campaign's owner and for the evidence, not to scold.
type Quality struct {
	Lines    int  `json:"lines"`     // decisions, a line each
	Kept     int  `json:"kept"`      // of them
	Together int  `json:"together"`  // lines decided in one act with others
	Pace     int  `json:"pace"`      // seconds for a line: the median
	Hasty    bool `json:"hasty"`     // faster than the campaign's threshold, or everything kept together
	Sampled  int  `json:"sampled"`   // items that a second reviewer decides again
	Differs  int  `json:"differs"`   // of those decided again: the second reviewer removes them
	Again    int  `json:"again"`     // decided again so far
	NoSecond bool `json:"no_second"` // there is nobody who could
}

// longestPause is what counts for one line at most: who goes for lunch is not slow.
const longestPause = 600

// hastyLines is how many lines a review must have before keeping all of them together says anything.
const hastyLines = 10

// act is what was decided at one instant.
type act struct {
	at                    time.Time
	lines, kept, together int
}

// measure computes the quality of a review from its drafts. Pure but for the one query.
func measure(tx *db.Tx, v *Review, set *Settings) (*Quality, error) {
	rows, err := tx.Query(`select d.made_at, count(distinct `+lineSQL+`)::int, count(distinct `+lineSQL+`) filter (where d.outcome = 'keep' and d.level = '')::int, max(d.together)::int
		from campaign_decision d join campaign_item i on i.id = d.item_id where d.review_id = $1 and d.stage = $2 and d.decider_id is not null and i.class <> 1 group by 1 order by 1`, v.ID, v.Stage)
	if err != nil {
		return nil, err
	}
	acts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a act, err error) {
		return a, row.Scan(&a.at, &a.lines, &a.kept, &a.together)
	})
	if err != nil {
		return nil, err
	}
	var began time.Time
	if v.OpenedAt != nil {
		began = *v.OpenedAt
	}
	return judgeActs(acts, began, set), nil
}

// judgeActs is measure without the database.
func judgeActs(acts []act, began time.Time, set *Settings) *Quality {
	var q Quality
	var paces []int
	last := began
	for _, a := range acts {
		q.Lines += a.lines
		q.Kept += a.kept
		if a.together > 1 {
			q.Together += a.lines
		}
		gap := min(int(a.at.Sub(last).Seconds()), longestPause)
		for range a.lines {
			paces = append(paces, max(0, gap/a.lines))
		}
		last = a.at
	}
	if len(paces) > 0 {
		slices.Sort(paces)
		q.Pace = paces[len(paces)/2]
		q.Hasty = q.Lines >= hastyLines && (q.Pace < set.Pace || q.Kept == q.Lines && q.Together*10 >= q.Lines*9)
	}
	return &q
}
