package lifecycle

import (
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/policy"
)

// MaxException is the longest time for which a conflict may be accepted.
const MaxException = 366 * 24 * time.Hour

// Acceptance is what somebody says who accepts a conflict.
type Acceptance struct {
	Rule    int // the SoD rule
	Control string
	Reason  string
	Until   time.Time
}

// Accept accepts that a person breaks an SoD rule, until an instant and with a mitigating control: an open violation becomes an accepted
// one, and what was withheld because of the rule is granted. An exception that holds already is replaced. At its end the violation is
// open again. Nobody accepts a conflict of their own, and a rule that refuses has no exceptions.
func Accept(tx *db.Tx, who int, a Acceptance) (*Effect, error) {
	if tx.Actor.Identity == 0 {
		return nil, errs.Forbidden("accepting a conflict needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	if tx.Actor.Is(who) {
		return nil, errs.Forbidden("nobody accepts a conflict of their own; another person can")
	}
	if err := lockOne(tx, who); err != nil {
		return nil, err
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	if err := a.check(pol, tx.Now); err != nil {
		return nil, err
	}
	switch broken, err := access.Conflicts(tx, who, a.Rule); {
	case err != nil:
		return nil, err
	case !broken:
		return nil, errs.Conflict("there is nothing to accept any more: the person does not break this rule, and nothing is withheld because of it")
	}
	if err := a.store(tx, who); err != nil {
		return nil, err
	}
	if err := access.Due(tx, []time.Time{a.Until}, []int{who}); err != nil {
		return nil, err
	}
	return SettleIDs(tx, []int{who}, Cause{What: "exception", Ref: a.Rule})
}

func (a *Acceptance) check(pol *policy.Snapshot, now time.Time) error {
	o := pol.Object(a.Rule)
	if o == nil || o.SoD == nil {
		return errs.NotFound("there is no such SoD rule any more")
	}
	var bad []errs.Field
	add := func(field, rule string) { bad = append(bad, errs.Field{Field: field, Rule: rule}) }
	if o.SoD.Reaction == policy.Refuse {
		return errs.Forbidden("the rule %s allows no exception: one of the conflicting accesses has to go", o.Title)
	}
	if strings.TrimSpace(a.Control) == "" {
		add("control", "is required: what is done so that the conflict does no harm")
	}
	if strings.TrimSpace(a.Reason) == "" {
		add("reason", "is required")
	}
	switch {
	case !a.Until.After(now):
		add("until", "must lie ahead")
	case a.Until.Sub(now) > MaxException:
		add("until", "must be within a year")
	}
	if len(bad) > 0 {
		return errs.InvalidFields("the conflict is not accepted:", bad)
	}
	return nil
}

func (a *Acceptance) store(tx *db.Tx, who int) error {
	return a.storeBy(tx, who, tx.Actor.ID, tx.Actor.Identity)
}

// storeBy stores an acceptance in the name of who decided it.
func (a *Acceptance) storeBy(tx *db.Tx, who, actor, acceptor int) error {
	touches := evidence.Touches{"exception": 1}
	n, err := tx.Exec(`update exception set ended_at = clock_timestamp(), ended_on = business_now(), ended_by = $3, ended_because = 'replaced' where identity_id = $1 and rule_id = $2 and ended_at is null`,
		who, a.Rule, tx.Actor.ID)
	if err != nil {
		return err
	}
	touches["exception"] += int(n)
	var id int64
	if err := tx.QueryRow(`insert into exception (identity_id, rule_id, control, reason, valid_from, valid_to, accepted_by, accepted_identity)
		values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`, who, a.Rule, strings.TrimSpace(a.Control), strings.TrimSpace(a.Reason), tx.Now, a.Until,
		actor, acceptor).Scan(&id); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "exception.accepted", IdentityID: who, EffectiveAt: tx.Now, Touches: touches,
		Facts: map[string]any{"exception": id, "rule": a.Rule, "until": a.Until.UTC().Format(time.RFC3339), "control": a.Control, "reason": a.Reason}})
	return nil
}

// EndException ends an exception before its time: the violation is open again. What was granted because of it stays until somebody
// takes it away.
func EndException(tx *db.Tx, who, rule int, reason string) (*Effect, error) {
	if tx.Actor.Identity == 0 {
		return nil, errs.Forbidden("ending an exception needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	if strings.TrimSpace(reason) == "" {
		return nil, errs.Invalid("ending an exception needs a reason")
	}
	if err := lockOne(tx, who); err != nil {
		return nil, err
	}
	var id int64
	err := tx.QueryRow(`update exception set ended_at = clock_timestamp(), ended_on = business_now(), ended_by = $3, ended_because = $4 where identity_id = $1 and rule_id = $2 and ended_at is null
		returning id`, who, rule, tx.Actor.ID, strings.TrimSpace(reason)).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.Conflict("the exception has ended already")
	}
	if err != nil {
		return nil, err
	}
	tx.Record(evidence.Event{Kind: "exception.ended", IdentityID: who, Touches: evidence.Touches{"exception": 1},
		Facts: map[string]any{"exception": id, "rule": rule, "reason": reason}})
	return SettleIDs(tx, []int{who}, Cause{What: "exception", Ref: rule})
}
