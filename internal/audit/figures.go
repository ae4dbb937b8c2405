package audit

import (
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Figures are the few numbers that matter, as counted by Compute. docs/reference/figures.md says of each what it counts and
// what it does not. They hold ids and no names: a page looks names up when it shows them.
type Figures struct {
	Format  int               `json:"format"`
	At      time.Time         `json:"at"`   // business time of the count
	Flow    map[int]Flow      `json:"flow"` // by period in days
	Weeks   []Week            `json:"weeks"`
	Stock   Stock             `json:"stock"`
	Apps    map[int]AppFigure `json:"apps"` // by application
	Sources []SourceFigure    `json:"sources"`
}

// format is the shape of Figures: what an older program counted is counted anew.
const format = 4

// Periods are the lengths of time, in days back from now, for which flows are counted.
var Periods = []int{7, 30, 90, 365}

// Flow is what happened within a period.
type Flow struct {
	Leavers      Spread `json:"leavers"` // from the end of the job to no access left, verified
	Work         Spread `json:"work"`    // of that, from the moment Tenure knew
	Open         int    `json:"open"`    // leavers who are not at zero access yet
	Nothing      int    `json:"nothing"` // leavers from whom there was nothing to take
	Terminations int    `json:"terminations"`
	Worst        []Case `json:"worst"` // leavers: those not at zero first, then the longest
	Joiners      int    `json:"joiners"`
	Ready        int    `json:"ready"`
	ToldLate     int    `json:"told_late"` // joiners whom HR told of after ReadyBy on their first day
	Unready      []Case `json:"unready"`   // joiners who were not ready on day one, the latest first
}

// Spread is a set of times in seconds: median, 95th percentile, worst (nearest rank), and a sample for a drawing.
type Spread struct {
	N      int     `json:"n"`
	P50    int64   `json:"p50"`
	P95    int64   `json:"p95"`
	Worst  int64   `json:"worst"`
	Sample []int64 `json:"sample"`
}

// Case is one leaver or joiner behind a figure.
type Case struct {
	Identity int       `json:"identity"`
	Kind     string    `json:"kind"` // of the event
	At       time.Time `json:"at"`   // the end of the job, or its beginning
	Day      string    `json:"day"`  // the last day of work or the first, where they worked; "" when they were terminated
	Late     int64     `json:"late"` // seconds until Tenure knew
	Seconds  int64     `json:"seconds"`
	Open     int       `json:"open"`   // operations that are not verified
	Failed   int       `json:"failed"` // of these
}

// Week is one week of the trend, Monday to Sunday in UTC.
type Week struct {
	Monday  string `json:"monday"`
	Leavers Spread `json:"leavers"`
	Joiners int    `json:"joiners"`
	Ready   int    `json:"ready"`
}

// Stock is how things stand at the count.
type Stock struct {
	People          map[string]int `json:"people"` // by state
	Failed          int            `json:"failed"`
	Waiting         int            `json:"waiting"`
	Proposed        int            `json:"proposed"`
	OldestWaiting   *time.Time     `json:"oldest_waiting"`
	HandoverOverdue int            `json:"handover_overdue"` // people who still hold what their hand-over ended
	Overdue         []Overdue      `json:"overdue"`          // the longest overdue of them
	HandoverOpen    int            `json:"handover_open"`    // people within a hand-over period
	Dormant         int            `json:"dormant"`          // privileged accounts nobody signed in to for as long as their application says
	SignInUnknown   int            `json:"sign_in_unknown"`  // privileged accounts whose application states no sign-in
	Privileged      int            `json:"privileged"`       // enabled privileged accounts
	Exceptions      int            `json:"exceptions"`       // accepted SoD conflicts
	Violations      int            `json:"violations"`       // open ones
	Joining         int            `json:"joining"`          // first days within the next 30 days
	Leaving         int            `json:"leaving"`          // last days within the next 30 days
	Coming          []Soon         `json:"coming"`           // the first of those, by day
}

// Soon is somebody whose first or last day is near.
type Soon struct {
	Identity int       `json:"identity"`
	Kind     string    `json:"kind"` // Joining or Leaving
	At       time.Time `json:"at"`
	Day      string    `json:"day"` // the first or last day of work
}

// Overdue is a mover who still holds what should have gone with the hand-over.
type Overdue struct {
	Identity int       `json:"identity"`
	Since    time.Time `json:"since"`
	Grants   int       `json:"grants"`
}

// AppFigure is how one application stands. Licence is per account and month in hundredths of the currency, nil when nobody
// has stated it.
type AppFigure struct {
	Accounts     int    `json:"accounts"` // that exist and can sign in
	Orphans      int    `json:"orphans"`
	Zombies      int    `json:"zombies"` // enabled accounts of people who left
	OutOfBand    int    `json:"out_of_band"`
	Held         int    `json:"held"` // entitlements held by accounts, the login itself not counted
	Entitlements int    `json:"entitlements"`
	Undescribed  int    `json:"undescribed"`
	Failed       int    `json:"failed"`
	Dormant      int    `json:"dormant"` // of Stock.Dormant
	Licence      *int   `json:"licence"`
	Currency     string `json:"currency"`
}

// SourceFigure is how fresh an HR source is. Usual is the median time between its last good files, 0 when there are too few.
type SourceFigure struct {
	Source int           `json:"source"`
	Name   string        `json:"name"`
	Good   *time.Time    `json:"good"` // when its newest applied file was true
	Usual  time.Duration `json:"usual"`
	Late   bool          `json:"late"` // later than twice the usual time
}

// Computed is a set of figures with its date.
type Computed struct {
	Figures
	ComputedAt time.Time
	Took       time.Duration
}

// latest are the newest figures that this process has read, by database.
var latest sync.Map

// Latest gives the newest figures, nil when none were counted yet. They are read when they are others than last time; nobody changes
// what it gives.
func Latest(tx *db.Tx) (*Computed, error) {
	known, _ := latest.Load(tx.DB.ID)
	last, _ := known.(*Computed)
	var at *time.Time
	if last != nil {
		at = &last.ComputedAt
	}
	var c Computed
	var took int
	var data []byte
	err := tx.QueryRow(`select computed_at, took_ms, case when computed_at is distinct from $1 then data end from figure_set order by day desc limit 1`, at).
		Scan(&c.ComputedAt, &took, &data)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if data == nil {
		return last, nil
	}
	c.Took = time.Duration(took) * time.Millisecond
	if err := json.Unmarshal(data, &c.Figures); err != nil {
		return nil, err
	}
	latest.Store(tx.DB.ID, &c)
	return &c, nil
}

// Trend gives the stock of each day, the newest last.
func Trend(tx *db.Tx, days int) ([]Figures, error) {
	rows, err := tx.Query(`select jsonb_build_object('at', data->'at', 'stock', data->'stock', 'apps', data->'apps')::text from
		(select day, data from figure_set order by day desc limit $1) d order by day`, days)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (f Figures, err error) {
		var text string
		if err = r.Scan(&text); err == nil {
			err = json.Unmarshal([]byte(text), &f)
		}
		return f, err
	})
}

// Counting takes at most a twentieth of the time: after a count that took three seconds nothing is counted for a minute.
const restFactor = 20

// Compute counts the figures. Without force it does so only when something happened since, or an hour has passed, and the
// last count took so little that another is in order. It says whether it counted.
func Compute(tx *db.Tx, force bool) (bool, error) {
	// One count at a time; whoever comes second has nothing to do.
	var mine bool
	if err := tx.QueryRow(`select pg_try_advisory_xact_lock(7234516)`).Scan(&mine); err != nil || !mine {
		return false, err
	}
	var mark, last int64
	var shape int
	var age, rest float64
	err := tx.QueryRow(`select coalesce((select max(id) from event), 0), coalesce(max(mark), -1), coalesce(extract(epoch from clock_timestamp() - max(computed_at)), 1e9),
		coalesce(max(took_ms), 0) * $1 / 1000.0, coalesce(max((data->>'format')::int), 0) from (select * from figure_set order by day desc limit 1) f`, restFactor).Scan(&mark, &last, &age, &rest, &shape)
	if err != nil {
		return false, err
	}
	if !force && shape == format && (age < rest || mark == last && age < 3600) {
		return false, nil
	}
	began, err := tx.Known()
	if err != nil {
		return false, err
	}
	// Anti-joins over all grants would spill to the disk with the memory meant for pages.
	if _, err := tx.Exec(`select set_config('work_mem', '128MB', true)`); err != nil {
		return false, err
	}
	f := Figures{Format: format, At: tx.Now, Flow: map[int]Flow{}}
	if err := tx.Whole(func() error {
		for _, part := range []func(*db.Tx, *Figures) error{countFlows, countStock, countHandovers, countPrivileged, countApplications, countSources, recountAll} {
			if err := part(tx, &f); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return false, err
	}
	return true, keep(tx, &f, began, mark)
}

// keep stores the figures as those of their day, and what the inbox asks of every application.
func keep(tx *db.Tx, f *Figures, began time.Time, mark int64) error {
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`insert into figure_set (day, computed_at, took_ms, mark, data)
		values (($1::timestamptz at time zone 'UTC')::date, clock_timestamp(), extract(epoch from clock_timestamp() - $2::timestamptz) * 1000, $3, $4)
		on conflict (day) do update set computed_at = excluded.computed_at, took_ms = excluded.took_ms, mark = excluded.mark, data = excluded.data`,
		f.At, began, mark, data); err != nil {
		return err
	}
	if _, err := tx.Exec(`delete from figure_set where day < ($1::timestamptz at time zone 'UTC')::date - 800`, f.At); err != nil {
		return err
	}
	_, err = tx.Exec(`insert into application_figure as f (application_id, orphans, orphans_since, undescribed, undescribed_since, entitlements, zombies, out_of_band, counted_at)
		select key::int, (value->>'orphans')::int, case when (value->>'orphans')::int > 0 then $2::timestamptz end, (value->>'undescribed')::int,
			case when (value->>'undescribed')::int > 0 then $2::timestamptz end, (value->>'entitlements')::int, (value->>'zombies')::int,
			(value->>'out_of_band')::int, clock_timestamp() from jsonb_each($1::jsonb->'apps')
		on conflict (application_id) do update set orphans = excluded.orphans, undescribed = excluded.undescribed, entitlements = excluded.entitlements,
			zombies = excluded.zombies, out_of_band = excluded.out_of_band, counted_at = excluded.counted_at,
			orphans_since = case when excluded.orphans > 0 then coalesce(f.orphans_since, excluded.orphans_since) end,
			undescribed_since = case when excluded.undescribed > 0 then coalesce(f.undescribed_since, excluded.undescribed_since) end`, data, f.At)
	return err
}
