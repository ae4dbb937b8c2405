package access

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

// Lease is how long a worker may hold an operation before another takes it over.
const Lease = 3 * time.Minute

// Claim is an operation in the hands of one worker. Every report about it names the epoch: a worker whose claim was taken
// over changes nothing.
type Claim struct {
	Operation
	Epoch int
}

// ClaimHeads gives a worker up to n operations of an application: heads of lanes that are due, the urgent ones first, each
// of another account. Nobody else gets them while the lease lasts.
func ClaimHeads(tx *db.Tx, app int, urgentOnly bool, n int) ([]Claim, error) {
	rows, err := tx.Query(`with heads as (
			select o.id from operation o
			where o.application_id = $1 and o.state = 'pending' and o.next_attempt_at <= clock_timestamp() and (not $2 or o.urgency <= $3)
			and not exists (select from application_pause where application_id = $1 and resumed_at is null)
			and not exists (select from operation p where p.account_id = o.account_id and (p.id < o.id and p.state = 'pending' or p.state = 'claimed'))
			order by o.urgency, o.next_attempt_at, o.id limit $4 for no key update of o skip locked)
		update operation o set state = 'claimed', claim_epoch = claim_epoch + 1, attempts = attempts + 1, lease_until = clock_timestamp() + $5::interval
		from heads where o.id = heads.id
		returning o.id, o.application_id, o.account_id, coalesce(o.identity_id, 0), o.kind, coalesce(o.entitlement_id, 0), o.param, o.urgency,
			o.state, o.attempts, o.claim_epoch`, app, urgentOnly, Leaving, n, Lease)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (Claim, error) {
		var c Claim
		err := r.Scan(&c.ID, &c.Application, &c.Account, &c.Identity, &c.Kind, &c.Entitlement, &c.Param, &c.Urgency, &c.State, &c.Attempts, &c.Epoch)
		return c, err
	})
}

// Report is what became of one claim. To is Acknowledged, Pending (again after Wait) or Failed.
type Report struct {
	To      State
	Wait    time.Duration
	Free    bool   // the attempt does not count: the target was not asked, or asked to wait
	Detail  string // for people, without secrets
	Outcome string // the class, for the attempt's row
	Worker  string
	Started time.Time
}

// Finish reports about a claim. It answers false, and changes nothing, when the claim was taken over by another worker.
func Finish(tx *db.Tx, c Claim, r Report) (bool, error) {
	if err := Life.Check(Claimed, r.To); err != nil {
		return false, err
	}
	free := 0
	if r.Free {
		free = 1
	}
	n, err := tx.Exec(`update operation set state = $3, lease_until = null, attempts = attempts - $4, error = nullif($5, ''),
			next_attempt_at = clock_timestamp() + $6::interval, acknowledged_at = case when $3 = 'acknowledged' then clock_timestamp() end
		where id = $1 and claim_epoch = $2 and state = 'claimed'`, c.ID, c.Epoch, string(r.To), free, r.Detail, r.Wait)
	if err != nil || n == 0 {
		return false, err
	}
	if _, err := tx.Exec(`insert into attempt (operation_id, epoch, worker, started_at, ended_at, outcome, detail)
		values ($1, $2, $3, $4, clock_timestamp(), $5, $6)`, c.ID, c.Epoch, r.Worker, r.Started, r.Outcome, r.Detail); err != nil {
		return false, err
	}
	if r.To == Failed {
		e := evidence.Event{Kind: "operation.failed", IdentityID: c.Identity, Touches: evidence.Touches{"operation": 1},
			Facts: map[string]any{"operation": c.ID, "kind": c.Kind, "account": c.Account, "entitlement": c.Entitlement, "why": r.Outcome}}
		if c.Identity != 0 && r.Detail != "" { // what a target says may name the person
			e.Personal = map[string]any{"detail": r.Detail}
		}
		tx.Record(e)
	}
	return true, nil
}

// Sweep gives back what workers hold beyond their lease and rings for every application that has work now. It is built from
// the operations alone: it needs no job to have survived.
func Sweep(tx *db.Tx) error {
	if _, err := tx.Exec(`update operation set state = 'pending', lease_until = null where id in (
		select id from operation where state = 'claimed' and lease_until < clock_timestamp() for no key update skip locked)`); err != nil {
		return err
	}
	rows, err := tx.Query(`select application_id, bool_or(urgency <= $1) from operation
		where (state = 'pending' and next_attempt_at <= clock_timestamp() or state = 'acknowledged')
			and not exists (select from application_pause p where p.application_id = operation.application_id and p.resumed_at is null) group by 1`, Leaving)
	if err != nil {
		return err
	}
	type waiting struct {
		app    int
		urgent bool
	}
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (waiting, error) {
		var w waiting
		err := r.Scan(&w.app, &w.urgent)
		return w, err
	})
	if err != nil {
		return err
	}
	for _, w := range all {
		if err := Ring(tx, w.app, w.urgent); err != nil {
			return err
		}
	}
	return nil
}

// Retry gives a failed operation another round, on a person's word.
func Retry(tx *db.Tx, id int64) error {
	var app, who int
	err := tx.QueryRow(`update operation set state = 'pending', attempts = 0, error = null, next_attempt_at = clock_timestamp()
		where id = $1 and state = 'failed' returning application_id, coalesce(identity_id, 0)`, id).Scan(&app, &who)
	if errors.Is(err, pgx.ErrNoRows) {
		return notFailed(tx, id)
	}
	if err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "operation.retried", IdentityID: who, Touches: evidence.Touches{"operation": 1}, Facts: map[string]any{"operation": id}})
	return Ring(tx, app, false)
}

// notFailed says why there is nothing to retry: who was faster, where somebody was.
func notFailed(tx *db.Tx, id int64) error {
	var who int
	var verified bool
	err := tx.QueryRow(`select coalesce(identity_id, 0), state = 'verified' from operation where id = $1`, id).Scan(&who, &verified)
	if errors.Is(err, pgx.ErrNoRows) {
		return errs.NotFound("there is no operation %d", id)
	}
	if err != nil {
		return err
	}
	by, at, err := identity.LastAct(tx, who, "operation.retried", "operation", strconv.FormatInt(id, 10))
	switch {
	case err != nil:
		return err
	case at.IsZero():
		return errs.Conflict("operation %d is not failed: there is nothing to retry", id)
	}
	state := "It is not failed now; it is tried once, not twice."
	if verified {
		state = "It is done and was read back."
	}
	return errs.ConflictBy(errs.Act{Who: by, Did: "had this operation tried again", At: at, State: state})
}

// Release lets the proposed operations of an application go, or only those named, decided by a person with a reason.
func Release(tx *db.Tx, app int, reason string, only ...int64) (int, error) {
	if tx.Actor.Identity == 0 {
		return 0, errs.Forbidden("releasing proposals needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	if reason == "" {
		return 0, errs.Invalid("a release needs a reason")
	}
	// Nobody releases what is for themselves, or for whom they act for.
	n, err := tx.Exec(`with o as (select id from operation
			where application_id = $1 and state = 'proposed' and (identity_id is null or identity_id not in ($2, $4)) and ($3::bigint[] is null or id = any($3))
			order by id for no key update)
		update operation set state = 'pending', next_attempt_at = clock_timestamp() where id in (select id from o)`,
		app, tx.Actor.Identity, only, tx.Actor.For)
	if err != nil || n == 0 {
		return 0, err
	}
	tx.Record(evidence.Event{Kind: "operation.released", Touches: evidence.Touches{"operation": int(n)},
		Facts: map[string]any{"application": app, "operations": n, "reason": reason}})
	for i := int64(0); i < n && i < 2000; i += 500 {
		if err := Ring(tx, app, false); err != nil {
			return 0, err
		}
	}
	return int(n), nil
}

// Open counts what is not finished: waiting to be carried now, held by a worker, or waiting for a reading. Later is what
// waits for its next attempt, for longer than a moment.
type Open struct{ Now, Later, Failed, Proposed int }

// CountOpen counts the open operations of all applications.
func CountOpen(tx *db.Tx) (o Open, err error) {
	err = tx.QueryRow(`select
			count(*) filter (where state in ('claimed', 'acknowledged') or state = 'pending' and next_attempt_at <= clock_timestamp() + interval '20 seconds'),
			count(*) filter (where state = 'pending' and next_attempt_at > clock_timestamp() + interval '20 seconds'),
			count(*) filter (where state = 'failed'), count(*) filter (where state = 'proposed')
		from operation where state in ('proposed', 'pending', 'claimed', 'acknowledged', 'failed')`).Scan(&o.Now, &o.Later, &o.Failed, &o.Proposed)
	if err != nil {
		err = fmt.Errorf("counting operations: %w", err)
	}
	return o, err
}
