package change

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/fsm"
	"tenure/internal/policy"
)

// State is where a change set is in its life.
type State string

// The states of a change set.
const (
	Planned  State = "planned"
	Applied  State = "applied"
	Rejected State = "rejected"
	Stale    State = "stale" // the world had moved when it was to be applied
	Reversed State = "reversed"
)

// Life is the table of a change set's moves.
var Life = fsm.Table[State]{
	{From: "", To: Planned, By: "somebody plans a change of the policy"},
	{From: Planned, To: Applied, By: "another person approves it, and nothing has moved"},
	{From: Planned, To: Rejected, By: "somebody rejects or withdraws it"},
	{From: Planned, To: Stale, By: "it was to be applied, and what it rests on had moved"},
	{From: Applied, To: Reversed, By: "the change set that takes it back was applied"},
}

// Set is a planned change of the policy.
type Set struct {
	ID             int
	Title          string
	Body           string // the documents, as written
	Prune          bool
	State          State
	Plan           Plan
	Version        int // of the policy, against which it was planned
	Catalog        string
	Made           time.Time
	MadeBy         string
	MadeIdentity   int // 0: the command line
	Decided        *time.Time
	DecidedBy      string
	Note           string
	AppliedVersion int
	Undo           string
	Reverses       int // the set that this one takes back; 0 for none
}

const setColumns = `select c.id, c.title, c.body, c.prune, c.state, c.plan, c.policy_version, c.catalog, c.made_at, m.name, coalesce(c.made_identity, 0), c.decided_at,
		coalesce(d.name, ''), c.note, coalesce(c.applied_version, 0), coalesce(c.undo, ''), coalesce(c.reverses, 0)
	from change_set c join actor m on m.id = c.made_by left join actor d on d.id = c.decided_by `

// GetSet gives one change set.
func GetSet(tx *db.Tx, id int) (*Set, error) {
	return oneSet(tx, setColumns+`where c.id = $1`, id)
}

func oneSet(tx *db.Tx, sql string, id int) (*Set, error) {
	rows, err := tx.Query(sql, id)
	if err != nil {
		return nil, err
	}
	s, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[Set])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound("there is no change set %d", id)
	}
	return s, err
}

// Sets gives the newest change sets.
func Sets(tx *db.Tx, limit int) ([]*Set, error) {
	rows, err := tx.Query(setColumns+`order by c.id desc limit $1`, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Set])
}

// Proposal is what somebody wants to change.
type Proposal struct {
	Title    string
	Body     string
	Prune    bool
	Reverses int
}

// Draft plans a change and stores the plan: what it does is done, looked at and undone, and what the plan rests on is noted, for Approve
// to compare. What the brake would hold is stored as well: the approval releases it.
func Draft(tx *db.Tx, p Proposal, deps Deps) (*Set, error) {
	if p.Title = strings.TrimSpace(p.Title); p.Title == "" {
		return nil, errs.InvalidFields("the change is not planned:", []errs.Field{{Field: "title", Rule: "is required: what is changed, in a few words"}})
	}
	if err := policy.Lock(tx, true); err != nil {
		return nil, err
	}
	plan, err := rehearse(tx, p, deps)
	if err != nil {
		return nil, err
	}
	if len(plan.Changes) == 0 {
		return nil, errs.Conflict("the text says what is declared already: there is nothing to change")
	}
	version, cat, err := grounds(tx)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(plan)
	if err != nil {
		return nil, err
	}
	var id int
	if err := tx.QueryRow(`insert into change_set (title, body, prune, plan, policy_version, catalog, made_by, made_identity, reverses)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id`, p.Title, p.Body, p.Prune, body, version, cat, tx.Actor.ID, db.Null(tx.Actor.Identity), db.Null(p.Reverses)).Scan(&id); err != nil {
		return nil, err
	}
	if err := storePeople(tx, id, plan.People); err != nil {
		return nil, err
	}
	tx.Record(evidence.Event{Kind: "change_set.planned", Touches: evidence.Touches{"change_set": 1},
		Facts: map[string]any{"change_set": id, "title": p.Title, "version": version, "people": plan.Effect.People, "reverses": p.Reverses}})
	return GetSet(tx, id)
}

// Rehearse says what documents would do, as Draft would store it, and leaves nothing behind. It takes the locks that planning takes, so the
// transaction should end with it.
func Rehearse(tx *db.Tx, p Proposal, deps Deps) (*Plan, error) {
	if err := policy.Lock(tx, true); err != nil {
		return nil, err
	}
	return rehearse(tx, p, deps)
}

// rehearse applies documents and undoes it.
func rehearse(tx *db.Tx, p Proposal, deps Deps) (*Plan, error) {
	files, err := ReadText(p.Body)
	if err != nil {
		return nil, err
	}
	deps.Prune, deps.Override, deps.Reverses = p.Prune, &Override{Rehearsal: true}, p.Reverses
	var plan *Plan
	err = tx.Try(func() (err error) {
		if plan, err = Apply(tx, files, deps); err != nil {
			return err
		}
		return db.ErrRollback
	})
	if err == nil && plan.Effect == nil {
		plan.Effect = &Effect{}
	}
	return plan, err
}

// grounds are what a plan rests on besides the people it concerns.
func grounds(tx *db.Tx) (version int, catalogState string, err error) {
	pol, err := policy.Load(tx)
	if err != nil {
		return 0, "", err
	}
	catalogState, err = catalog.Standing(tx)
	return pol.Version, catalogState, err
}

// stands says, for each of the people in $1, what is known of them: their state, their employments, their reasons, what their accounts
// hold, and how they stand with the SoD rules.
const stands = `select i.id, md5(concat_ws('|', i.version, i.state, i.locked_at,
		(select string_agg(v.id::text, ',' order by v.id) from employment_version v where v.identity_id = i.id and v.known_to = 'infinity'),
		(select string_agg(r.id::text, ',' order by r.id) from reason r where r.identity_id = i.id and r.known_to = 'infinity'),
		(select string_agg(o.account_id || ':' || o.entitlement_id, ',' order by o.account_id, o.entitlement_id) from account_link l join observed o on o.account_id = l.account_id and o.seen_to is null
			where l.identity_id = i.id and l.known_to = 'infinity'),
		(select string_agg(x.id::text, ',' order by x.id) from exception x where x.identity_id = i.id and x.ended_at is null))) stands
	from identity i where i.id = any($1)`

func storePeople(tx *db.Tx, set int, each []PersonChange) error {
	if len(each) == 0 {
		return nil
	}
	known := map[int]string{}
	rows, err := tx.Query(stands, identities(each))
	if err != nil {
		return err
	}
	var who int
	var how string
	if _, err := pgx.ForEachRow(rows, []any{&who, &how}, func() error { known[who] = how; return nil }); err != nil {
		return err
	}
	i := 0
	_, err = tx.Copy("change_set_person", []string{"change_set_id", "identity_id", "gains", "loses", "opens", "resolves", "withheld", "operations", "stands"}, func() ([]any, bool) {
		if i++; i > len(each) {
			return nil, false
		}
		e := &each[i-1]
		return []any{set, e.Identity, e.Gains, e.Loses, e.Opens, e.Resolves, e.Withheld, e.Operations, known[e.Identity]}, true
	})
	return err
}

func identities(each []PersonChange) []int {
	out := make([]int, len(each))
	for i := range each {
		out[i] = each[i].Identity
	}
	return out
}

// People gives what a change set does to people: the first ones by id, after one.
func People(tx *db.Tx, set, after, limit int) ([]PersonChange, error) {
	rows, err := tx.Query(`select identity_id, gains, loses, opens, resolves, withheld, operations from change_set_person
		where change_set_id = $1 and identity_id > $2 order by identity_id limit $3`, set, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[PersonChange])
}

// undoing is what a change set did to people, for the settling that takes it back.
func undoing(tx *db.Tx, set int) (map[int]*access.Undo, error) {
	if set == 0 {
		return nil, nil
	}
	all, err := People(tx, set, 0, 1<<31-1)
	if err != nil {
		return nil, err
	}
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	ids := func(refs []string) map[int]bool {
		out := map[int]bool{}
		for _, ref := range refs {
			if e, err := cat.Find(ref); err == nil { // what is not declared any more cannot come back
				out[e.ID] = true
			}
		}
		return out
	}
	out := make(map[int]*access.Undo, len(all))
	for i := range all {
		out[all[i].Identity] = &access.Undo{Gave: ids(all[i].Gains), Took: ids(all[i].Loses)}
	}
	return out, nil
}

// Sensitive gives the first people to whom a set gives or takes something privileged, by id, and how many there are.
func Sensitive(tx *db.Tx, set, limit int) (first []int, all int, err error) {
	rows, err := tx.Query(`with privileged as (select array_agg(a.name || '/' || e.name) refs from entitlement e join application a on a.id = e.application_id where e.privileged),
			those as (select p.identity_id from change_set_person p, privileged v where p.change_set_id = $1 and (p.gains && v.refs or p.loses && v.refs))
		select identity_id, (select count(*) from those) from those order by 1 limit $2`, set, limit)
	if err != nil {
		return nil, 0, err
	}
	var who int
	_, err = pgx.ForEachRow(rows, []any{&who, &all}, func() error { first = append(first, who); return nil })
	return first, all, err
}
