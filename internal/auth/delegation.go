package auth

import (
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

// Scopes of a delegation: what the delegate looks after.
const (
	ScopeTeam         = "team"
	ScopeApplications = "applications"
	ScopeAll          = "all"
)

// LongestDelegation is for how many days at most somebody may act for another: whoever is away for longer needs a successor.
const LongestDelegation = 90

// Delegation says that one person acts for another from one instant until before another, as the manager of their team or the owner
// of their applications. It passes on nothing else: no portal role that was given, and nothing that was delegated to the delegator.
type Delegation struct {
	ID              int
	From, To        int
	FromName        string
	ToName          string
	Begins, Ends    time.Time
	Scope           string
	Reason          string
	Made            time.Time
	Ended           *time.Time
	FromRef, ToRef  string
	MadeBy, EndedBy *string
}

// Running says whether the delegate acts at an instant; Over, whether they never will again.
func (d *Delegation) Running(now time.Time) bool {
	return d.Ended == nil && !now.Before(d.Begins) && now.Before(d.Ends)
}

// Over says that it has run out or was ended.
func (d *Delegation) Over(now time.Time) bool { return d.Ended != nil || !now.Before(d.Ends) }

// Delegate lets another person act for the actor. The days are the actor's own; ends is the instant after the last of them.
func Delegate(tx *db.Tx, to int, begins, ends time.Time, scope, reason string) (int, error) {
	from := tx.Actor.Identity
	switch {
	case from == 0 || tx.Actor.For != 0:
		return 0, errs.Forbidden("only a person lets another one act for them, and nobody does so in somebody else's name")
	case strings.TrimSpace(reason) == "":
		return 0, errs.InvalidFields("the delegation", []errs.Field{{Field: "reason", Rule: "is required"}})
	case !ends.After(tx.Now):
		return 0, errs.InvalidFields("the delegation", []errs.Field{{Field: "until", Rule: "must not be over already"}})
	}
	if err := identity.Lock(tx, []int{to}); err != nil {
		return 0, err
	}
	var id int
	err := tx.QueryRow(`insert into delegation (from_identity, to_identity, from_at, to_at, scope, reason, made_by)
		values ($1, $2, $3, $4, $5, $6, $7) returning id`, from, to, begins, ends, scope, reason, tx.Actor.ID).Scan(&id)
	if err != nil {
		return 0, delegationRule(err)
	}
	tx.Record(evidence.Event{Kind: "delegation.made", IdentityID: from, Touches: evidence.Touches{"delegation": 1},
		Facts: map[string]any{"delegation": id, "to": to, "from_at": begins.UTC(), "to_at": ends.UTC(), "scope": scope, "reason": reason}})
	return id, nil
}

// delegationRule gives the words for a rule of the table that was broken.
func delegationRule(err error) error {
	var field, rule string
	switch db.ConstraintName(err) {
	case "delegation_is_not_to_oneself":
		field, rule = "to", "must be somebody else: nobody acts for themselves"
	case "delegation_runs_forwards":
		field, rule = "until", "must not be before the first day"
	case "delegation_is_at_most_90_days":
		field, rule = "until", "must be at most 90 days after the first day"
	case "delegation_is_to_somebody_here":
		field, rule = "to", "must be somebody who works here at present"
	case "delegation_scope_is_known":
		field, rule = "scope", "must be the team, the applications, or both"
	default:
		return err
	}
	return errs.InvalidFields("the delegation", []errs.Field{{Field: field, Rule: rule}})
}

// EndDelegation ends one at once: the delegator or the delegate may. Nobody else learns that it exists.
func EndDelegation(tx *db.Tx, id int) (*Delegation, error) {
	if _, err := tx.Exec(`select from delegation where id = $1 for update`, id); err != nil {
		return nil, err
	}
	all, err := delegations(tx, `d.id = $1 and $2 in (d.from_identity, d.to_identity)`, id, tx.Actor.Identity)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 || tx.Actor.Identity == 0 {
		return nil, errs.NotFound("there is no such delegation")
	}
	d := all[0]
	if d.Ended != nil {
		return nil, errs.ConflictBy(errs.Act{Who: str(d.EndedBy), Did: "ended this delegation", At: *d.Ended})
	}
	if d.Over(tx.Now) {
		return nil, errs.Conflict("this delegation is over already")
	}
	if _, err := tx.Exec(`update delegation set ended_at = $2, ended_by = $3 where id = $1`, id, tx.Now, tx.Actor.ID); err != nil {
		return nil, err
	}
	tx.Record(evidence.Event{Kind: "delegation.ended", IdentityID: d.From, Touches: evidence.Touches{"delegation": 1},
		Facts: map[string]any{"delegation": id, "to": d.To}})
	return d, nil
}

func str(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// EndDelegationsOf ends what people gave and were given, when they have left. It is set-based, for whole companies at once.
func EndDelegationsOf(tx *db.Tx, people []int) error {
	if len(people) == 0 {
		return nil
	}
	rows, err := tx.Query(`update delegation set ended_at = $2, ended_by = $3 where ended_at is null and to_at > $2
		and (from_identity = any($1) or to_identity = any($1)) returning id, from_identity, to_identity`, people, tx.Now, tx.Actor.ID)
	if err != nil {
		return err
	}
	var id, from, to int
	_, err = pgx.ForEachRow(rows, []any{&id, &from, &to}, func() error {
		tx.Record(evidence.Event{Kind: "delegation.ended", IdentityID: from, Touches: evidence.Touches{"delegation": 1},
			Facts: map[string]any{"delegation": id, "to": to, "because": "left"}})
		return nil
	})
	return err
}

// Delegations gives those a person made and those given to them, the latest first, up to a hundred.
func Delegations(tx *db.Tx, who int) ([]*Delegation, error) {
	return delegations(tx, `(d.from_identity = $1 or d.to_identity = $1)`, who)
}

// OneDelegation gives one that a person made or was given.
func OneDelegation(tx *db.Tx, who, id int) (*Delegation, error) {
	all, err := delegations(tx, `d.id = $1 and $2 in (d.from_identity, d.to_identity)`, id, who)
	if err == nil && len(all) == 0 {
		err = errs.NotFound("there is no such delegation")
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

func delegations(tx *db.Tx, where string, args ...any) ([]*Delegation, error) {
	rows, err := tx.Query(`select d.id, d.from_identity, d.to_identity, f.name, t.name, d.from_at, d.to_at, d.scope, d.reason, d.made_at, d.ended_at,
			f.public_id::text, t.public_id::text, m.name, e.name
		from delegation d join identity f on f.id = d.from_identity join identity t on t.id = d.to_identity
		join actor m on m.id = d.made_by left join actor e on e.id = d.ended_by where `+where+` order by d.id desc limit 100`, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Delegation])
}
