package audit

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/policy/mining"
)

// Looking for roles stands in this room because it reads what no room of facts may read together: reasons, what was seen at
// applications, and employments. It changes nothing of them; its runs are its own, and what comes of them is a planned change.

// MiningScope says in what roles are looked for. Peers are compared in everything, whatever the scope.
type MiningScope struct {
	Department   string `json:"department,omitempty"`  // what its people hold; "" for everybody
	Application  string `json:"application,omitempty"` // by name: what is held there; "" for all
	WithoutRules bool   `json:"without_rules"`         // what birthright rules give already is left out
}

// Bounds of what a run keeps: candidates and outliers, the people of one candidate who would gain something, and runs.
const (
	maxCandidates = 40
	maxOutliers   = 2000
	maxGains      = 200
	maxRuns       = 10
)

// thoroughly is up to how many pairs a cover is looked for with all the effort that pays.
const thoroughly = 300_000

// clearly is from how many people on a role is worth its own lines when a rule finds exactly them.
const clearly = 5

// Candidate is a role that somebody might take on: see mining.Candidate.
type Candidate struct {
	N            int // its rank in the run, from 1
	Name         string
	Entitlements []int64
	Size         int // members
	Pairs        int
	Share        float64
	New, Alone   int
	Reach        float64
	Saved        int
	GainsNothing bool
	Rule         *mining.Rule
	Gains        []CandidateGain // whom the rule would give something new, the first of them
	Gaining      int             // all of them

	Members []int `json:"-"`
	ByName  []int `json:"-"` // members whom the rule does not find
}

// CandidateGain is somebody whom the rule of a candidate would give something new.
type CandidateGain struct {
	Person       int
	Entitlements []int64
}

// MiningRun is one look for roles and outliers.
type MiningRun struct {
	ID             int
	Made           time.Time
	By             string
	Identity       int // of who started it; 0 for the command line
	Scope          MiningScope
	People         int
	Entitlements   int
	Pairs          int
	Roles          int
	Judged         int
	NumCandidates  int
	NumOutliers    int
	Candidates     []Candidate      `json:"-"` // only of a run that was just made, see Candidates
	Outliers       []mining.Outlier `json:"-"` // likewise, see Outliers
	StarterNumber  string
	StarterAddress string
}

// Mine looks for roles in what people hold, and for access that their peers do not have. It reads at one moment and computes outside
// of any transaction; step is told how far it is, and may stop it. Store keeps what it gives.
func Mine(ctx context.Context, d *db.DB, scope MiningScope, step func(detail string, done, total int) error) (*MiningRun, error) {
	const steps = 4
	if err := step("Reading who holds what", 0, steps); err != nil {
		return nil, err
	}
	var m *matrices
	if err := d.Read(ctx, func(tx *db.Tx) (err error) { m, err = readMatrices(tx, scope); return err }); err != nil {
		return nil, err
	}
	if err := step("Looking for roles", 1, steps); err != nil {
		return nil, err
	}
	effort := mining.Thorough
	if m.mined.Pairs() > thoroughly {
		effort = 1
	}
	cover, err := mining.Mine(ctx, m.mined, mining.Options{Effort: effort})
	if errors.Is(err, mining.ErrTooLarge) {
		return nil, errs.Conflict("too many different people and entitlements at once: look in one department or one application")
	}
	if err != nil {
		return nil, err
	}
	if err := step("Judging them", 2, steps); err != nil {
		return nil, err
	}
	run := &MiningRun{Scope: scope, People: len(m.mined.People()), Entitlements: len(m.mined.Entitlements()), Pairs: m.mined.Pairs(), Roles: len(cover.Roles), Judged: len(m.all.People())}
	run.Candidates = m.candidates(cover.Roles)
	if err := step("Comparing people with their peers", 3, steps); err != nil {
		return nil, err
	}
	run.Outliers = mining.Outliers(m.all, m.organisation, mining.OutlierOptions{Attributes: []string{"department", "title", "location"}})
	run.Outliers = run.Outliers[:min(len(run.Outliers), maxOutliers)]
	return run, nil
}

// candidates judges roles and keeps the useful ones, with whom their rules would give something new: compared with all that is held, not
// only with what was looked in.
func (m *matrices) candidates(roles []mining.Role) []Candidate {
	judged := mining.Candidates(m.mined, roles, m.organisation)
	var places []int
	for i := range judged {
		c := &judged[i]
		exact := c.Rule != nil && c.Rule.Matches == c.Rule.Hits && c.Rule.Hits == len(c.Members)
		if len(places) < maxCandidates && c.New > 0 && (c.Saved > 0 || exact && len(c.Members) >= clearly) {
			places = append(places, i)
		}
	}
	w := mining.Adopt(m.all, m.organisation, judged, places...)
	out, at := make([]Candidate, len(places)), map[int]int{}
	for n, i := range places {
		c := &judged[i]
		at[i] = n
		out[n] = Candidate{N: n + 1, Name: c.Name, Entitlements: c.Entitlements, Size: len(c.Members), Pairs: c.Pairs, Share: c.Share, New: c.New, Alone: c.Alone,
			Reach: c.Reach, Saved: c.Saved, GainsNothing: c.GainsNothing, Rule: c.Rule, Members: small(c.Members), ByName: []int{}}
	}
	for _, g := range w.Gains {
		c := &out[at[g.Candidate]]
		if c.Gaining++; len(c.Gains) < maxGains {
			c.Gains = append(c.Gains, CandidateGain{int(g.Person), g.Entitlements})
		}
	}
	for _, x := range w.ByName {
		c := &out[at[x.Candidate]]
		c.ByName = append(c.ByName, int(x.Person))
	}
	return out
}

func small(ids []int64) []int {
	out := make([]int, len(ids))
	for i, id := range ids {
		out[i] = int(id)
	}
	return out
}

// Store keeps a run in the name of the actor, and forgets the oldest ones. It gives its id.
func (m *MiningRun) Store(tx *db.Tx) (int, error) {
	if err := tx.QueryRow(`insert into mining_run (made_by, made_identity, department, application, without_rules, people, entitlements, pairs, roles, judged)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id`, tx.Actor.ID, db.Null(tx.Actor.Identity), m.Scope.Department, m.Scope.Application, m.Scope.WithoutRules,
		m.People, m.Entitlements, m.Pairs, m.Roles, m.Judged).Scan(&m.ID); err != nil {
		return 0, err
	}
	for i := range m.Candidates {
		c := &m.Candidates[i]
		body, err := json.Marshal(c)
		if err != nil {
			return 0, err
		}
		if _, err := tx.Exec(`insert into mining_candidate (run_id, n, members, by_name, body) values ($1, $2, $3, $4, $5)`, m.ID, c.N, c.Members, c.ByName, body); err != nil {
			return 0, err // at most forty rows, some of them large
		}
	}
	i := 0
	if _, err := tx.Copy("mining_outlier", []string{"run_id", "n", "identity_id", "entitlement_id", "body"}, func() ([]any, bool) {
		if i++; i > len(m.Outliers) {
			return nil, false
		}
		o := m.Outliers[i-1]
		o.Reason = "" // pages say it in the reader's language
		body, _ := json.Marshal(o)
		return []any{m.ID, i, int(o.Person), int(o.Entitlement), body}, true
	}); err != nil {
		return 0, err
	}
	_, err := tx.Exec(`delete from mining_run where id not in (select id from mining_run order by id desc limit $1)`, maxRuns)
	return m.ID, err
}

const runSQL = `select m.id, m.made_at, a.name, coalesce(m.made_identity, 0), m.department, m.application, m.without_rules, m.people, m.entitlements, m.pairs, m.roles, m.judged,
		(select count(*) from mining_candidate c where c.run_id = m.id), (select count(*) from mining_outlier o where o.run_id = m.id), coalesce(i.number, ''), coalesce(i.email, '')
	from mining_run m join actor a on a.id = m.made_by left join identity i on i.id = m.made_identity `

// MiningRuns gives the runs that are kept, the newest first.
func MiningRuns(tx *db.Tx) ([]*MiningRun, error) { return runs(tx, runSQL+`order by m.id desc`) }

// GetMiningRun gives one of them.
func GetMiningRun(tx *db.Tx, id int) (*MiningRun, error) {
	all, err := runs(tx, runSQL+`where m.id = $1`, id)
	if err == nil && len(all) == 0 {
		return nil, errs.NotFound("there is no such look for roles; only the last %d are kept", maxRuns)
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

func runs(tx *db.Tx, sql string, args ...any) ([]*MiningRun, error) {
	rows, err := tx.Query(sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*MiningRun, error) {
		m := &MiningRun{}
		return m, row.Scan(&m.ID, &m.Made, &m.By, &m.Identity, &m.Scope.Department, &m.Scope.Application, &m.Scope.WithoutRules, &m.People, &m.Entitlements, &m.Pairs,
			&m.Roles, &m.Judged, &m.NumCandidates, &m.NumOutliers, &m.StarterNumber, &m.StarterAddress)
	})
}

// MiningCandidates gives the candidates of a run by rank; those that are chosen (by rank) with all their people.
func MiningCandidates(tx *db.Tx, run int, chosen ...int) ([]Candidate, error) {
	if chosen == nil {
		chosen = []int{}
	}
	rows, err := tx.Query(`select body, case when n = any($2) then members end, case when n = any($2) then by_name end from mining_candidate where run_id = $1 order by n`, run, chosen)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Candidate, err error) {
		var body []byte
		if err = row.Scan(&body, &c.Members, &c.ByName); err == nil {
			err = json.Unmarshal(body, &c)
		}
		return c, err
	})
}

// Adoption is what would follow if candidates were taken on together: see mining.WhatIf.
type Adoption struct {
	Given  int     // held pairs that the roles give from then on
	Share  float64 // Given / all pairs that were looked in
	ByRule int     // memberships that follow from a rule
	ByName int     // memberships that must be given one by one
	Before int     // items of a review of Given, pair by pair
	After  int     // items of the same review by role
}

// Adopt says what would follow if these candidates of the run, read with all their people, were taken on together.
func (m *MiningRun) Adopt(chosen []Candidate) Adoption {
	var a Adoption
	holders := map[int64][]int{} // by entitlement; a person may come twice
	for i := range chosen {
		c := &chosen[i]
		a.ByName += len(c.ByName)
		a.ByRule += c.Size - len(c.ByName)
		for _, e := range c.Entitlements {
			holders[e] = append(holders[e], c.Members...)
		}
	}
	for _, all := range holders {
		slices.Sort(all)
		a.Given += len(slices.Compact(all))
	}
	if m.Pairs > 0 {
		a.Share = float64(a.Given) / float64(m.Pairs)
	}
	a.Before, a.After = a.Given, len(chosen)+a.ByName
	return a
}
