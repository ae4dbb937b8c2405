package lifecycle

import (
	"fmt"
	"strings"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// Claim says whose an orphan is, on a person's word: the account is linked, what it holds without a reason gets the reason
// "found" as an adoption gives it, and what follows is settled. Nobody claims an account for themselves. The account of somebody who
// left gets no reason: settling takes it away.
func Claim(tx *db.Tx, app *catalog.Application, account, who int, reason string) error {
	if tx.Actor.Identity == 0 {
		return errs.Forbidden("claiming an account needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	if tx.Actor.Identity == who {
		return errs.Forbidden("nobody claims an account for themselves; another person can")
	}
	if strings.TrimSpace(reason) == "" {
		return errs.Invalid("a claim needs a reason")
	}
	if err := policy.Lock(tx, false); err != nil {
		return err
	}
	if err := identity.Lock(tx, []int{who}); err != nil {
		return err
	}
	p, err := identity.Get(tx, who)
	if err != nil {
		return err
	}
	if p.Kind != "person" {
		return errs.Invalid("%s is a local account of the portal, not a person of an HR source", p.Name)
	}
	taken, err := catalog.LockOrphan(tx, app.ID, account)
	if err != nil {
		return err
	}
	second, err := taken(who)
	if err != nil {
		return err
	}
	known, err := tx.Known()
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`insert into account_link (account_id, identity_id, known_from) values ($1, $2, $3)`, account, who, known); err != nil {
		return err
	}
	touches := evidence.Touches{"account_link": 1}
	if second { // policy speaks of the first account; a second one is theirs and left as it is until they leave
		if _, err := tx.Exec(`update account set slot = $2 where id = $1`, account, fmt.Sprintf("extra-%d", account)); err != nil {
			return err
		}
		touches["account"] = 1
	}
	tx.Record(evidence.Event{Kind: "account.claimed", IdentityID: who, Touches: touches, Facts: map[string]any{"application": app.ID, "account": account, "reason": reason}})
	if !second {
		if err := found(tx, app.ID, who, reason); err != nil {
			return err
		}
	}
	_, err = SettleIDs(tx, []int{who}, Cause{What: "adopt", Ref: app.ID})
	return err
}

// found gives what a person's first account holds without a reason the reason "found".
func found(tx *db.Tx, app, who int, reason string) error {
	all, err := unexplained(tx, app)
	if err != nil || len(all[who]) == 0 {
		return err
	}
	known, err := tx.Known()
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`insert into reason (identity_id, entitlement_id, kind, ref, valid_from, known_from) select $1, e, $3, $4, $5, $6 from unnest($2::int[]) e`,
		who, all[who], access.Found, tx.Actor.ID, tx.Now, known); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "access.adopted", IdentityID: who, Touches: evidence.Touches{"reason": len(all[who])},
		Facts: map[string]any{"application": app, "entitlements": all[who], "reason": reason}})
	return nil
}

// ProposeDisabling proposes that an orphan be disabled: somebody releases it. An application that is observed is told nothing.
func ProposeDisabling(tx *db.Tx, app *catalog.Application, account int, reason string) error {
	if app.Mode == catalog.Observe {
		return errs.Conflict("%s is only observed: Tenure changes nothing there", app.Title)
	}
	if strings.TrimSpace(reason) == "" {
		return errs.Invalid("a proposal needs a reason")
	}
	if _, err := catalog.LockOrphan(tx, app.ID, account); err != nil {
		return err
	}
	known, err := tx.Known()
	if err != nil {
		return err
	}
	var id int64
	n, err := tx.Exec(`insert into operation (application_id, account_id, kind, cause, state, next_attempt_at, created_at) select $1, $2, 'disable', 'orphan', 'proposed', $3, $3
		where not exists (select from operation where account_id = $2 and kind = 'disable' and state in ('proposed', 'pending', 'claimed', 'acknowledged'))`, app.ID, account, known)
	if err != nil {
		return err
	}
	if n == 0 {
		return errs.Conflict("its disabling is proposed already")
	}
	if err := tx.QueryRow(`select max(id) from operation where account_id = $1`, account).Scan(&id); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "operation.proposed", Touches: evidence.Touches{"operation": 1},
		Facts: map[string]any{"application": app.ID, "account": account, "operation": id, "kind": "disable", "reason": reason}})
	return nil
}
