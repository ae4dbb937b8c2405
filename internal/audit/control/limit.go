package control

import (
	"slices"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// Limit is a time limit: how long what it counts may take.
type Limit struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	About string `json:"about"` // from when to when
	Hours int    `json:"hours"`
}

// limits are those there are, with their hours where nobody has set others.
var limits = []Limit{
	{"joiner_ready", "Joiner ready", "from the beginning of the first day, midnight where they work, until all access is verified", 8},
	{"mover_done", "Move carried out", "from the move until what it gives and takes at once is verified; a hand-over has its own end", 72},
	{"leaver_disabled", "Leaver without access", "from the end of the last day of work until every removal is verified", 24},
	{"terminated_disabled", "Terminated without access", "from the decision until every removal is verified", 1},
	{"request_decided", "Request decided", "from asking until the last decision", 72},
	{"review_decided", "Review decided", "from the snapshot of the campaign until the decision is signed off", 336},
	{"removal_verified", "Removal verified", "from the decision to remove until a reading shows it", 72},
	{"violation_closed", "Conflict resolved or accepted", "from finding it", 168},
	{"exception_length", "Length of an exception", "from acceptance until its end", 2160},
	{"emergency_reviewed", "Emergency access reviewed", "from its beginning until somebody reviewed it", 72},
}

// Limits gives the limits as they are set now.
func Limits(tx *db.Tx) ([]Limit, error) {
	rows, err := tx.Query(`select name, hours from control_limit`)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(limits)
	var name string
	var hours int
	_, err = pgx.ForEachRow(rows, []any{&name, &hours}, func() error {
		for i := range all {
			if all[i].Name == name {
				all[i].Hours = hours
			}
		}
		return nil
	})
	return all, err
}

// SetLimit sets a limit, in hours.
func SetLimit(tx *db.Tx, name string, hours int) error {
	if !slices.ContainsFunc(limits, func(l Limit) bool { return l.Name == name }) {
		return errs.NotFound("there is no time limit %q", name)
	}
	if hours < 1 || hours > 87600 {
		return errs.InvalidFields("the limit is as it was", []errs.Field{{Field: "hours", Rule: "must be from 1 to 87600"}})
	}
	if _, err := tx.Exec(`insert into control_limit (name, hours) values ($1, $2) on conflict (name) do update set hours = excluded.hours`, name, hours); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "control.limit_set", Touches: evidence.Touches{"control_limit": 1}, Facts: map[string]any{"limit": name, "hours": hours}})
	return nil
}
