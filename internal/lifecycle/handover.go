package lifecycle

import (
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

// LongestHandover is how long after a move anything may be kept for a hand-over, in days.
const LongestHandover = 30

// KeepLonger lets somebody who moved keep an entitlement for their hand-over until the end of a day, as that day ends where they
// work: never beyond LongestHandover days after the move, never for what is privileged, and never decided by themselves.
func KeepLonger(tx *db.Tx, who, entitlement int, until time.Time, why string) error {
	switch {
	case tx.Actor.Identity == 0:
		return errs.Forbidden("keeping access for a hand-over needs a person: sign in, or give a personal token in TENURE_TOKEN")
	case tx.Actor.Is(who):
		return errs.Forbidden("nobody extends their own hand-over")
	case strings.TrimSpace(why) == "":
		return errs.InvalidFields("the hand-over", []errs.Field{{Field: "reason", Rule: "must say why it is needed for longer"}})
	}
	if err := lockOne(tx, who); err != nil {
		return err
	}
	known, err := tx.Known()
	if err != nil {
		return err
	}
	cat, err := catalog.Load(tx)
	if err != nil {
		return err
	}
	if e := cat.Entitlements[entitlement]; e == nil || e.Privileged {
		return errs.Forbidden("what is privileged is not kept for a hand-over")
	}
	end, moved, err := dayEnd(tx, who, entitlement, until)
	if err != nil {
		return err
	}
	return keep(tx, who, entitlement, moved, end, known, why)
}

// dayEnd gives the instant at which a day ends for the person, and when the hand-over began. The longest one is until the end of
// the thirtieth day after the move.
func dayEnd(tx *db.Tx, who, entitlement int, until time.Time) (end, moved time.Time, err error) {
	var was time.Time
	err = tx.QueryRow(`select min(valid_from), max(valid_to) from reason where identity_id = $1 and entitlement_id = $2 and kind = 'handover'
		and known_to = 'infinity' and state = 'live' and valid_from <= $3 and valid_to > $3 having count(*) > 0`, who, entitlement, tx.Now).Scan(&moved, &was)
	if errors.Is(err, pgx.ErrNoRows) {
		return end, moved, errs.Conflict("this is not kept for a hand-over any more")
	}
	if err != nil {
		return end, moved, err
	}
	versions, err := identity.Versions(tx, []int{who})
	if err != nil {
		return end, moved, err
	}
	zone := time.UTC
	if v := identity.Main(versions[who], tx.Now); v != nil {
		if l, err := time.LoadLocation(v.Zone); err == nil {
			zone = l
		}
	}
	end = time.Date(until.Year(), until.Month(), until.Day()+1, 0, 0, 0, 0, zone)
	m := moved.In(zone)
	latest := time.Date(m.Year(), m.Month(), m.Day()+LongestHandover, 0, 0, 0, 0, zone)
	switch {
	case !end.After(was):
		return end, moved, errs.InvalidFields("the hand-over", []errs.Field{{Field: "until", Rule: "must be later than it ends now"}})
	case end.After(latest):
		return end, moved, errs.InvalidFields("the hand-over", []errs.Field{{Field: "until",
			Rule: "must be " + latest.AddDate(0, 0, -1).Format("2 January 2006") + " at the latest: 30 days after the move"}})
	}
	return end, moved, nil
}

// keep writes the reason with its new end, and what follows.
func keep(tx *db.Tx, who, entitlement int, moved, end, known time.Time, why string) error {
	rows, err := tx.Query(`with closed as (
			update reason set known_to = $4 where identity_id = $1 and entitlement_id = $2 and kind = 'handover' and known_to = 'infinity' and state = 'live'
				and valid_from <= $5 and valid_to > $5 returning *),
		kept as (insert into reason (identity_id, entitlement_id, slot, param, state, kind, ref, via, policy_version, employment_id, valid_from, valid_to, known_from)
			select identity_id, entitlement_id, slot, param, state, kind, ref, via, policy_version, employment_id, valid_from, $3, $4 from closed)
		select ref, via, coalesce(policy_version, 0), coalesce(employment_id, 0), valid_to from closed`, who, entitlement, end, known, tx.Now)
	if err != nil {
		return err
	}
	var facts access.Facts
	f := access.ReasonFact{Entitlement: entitlement, Kind: access.Handover}
	var was time.Time
	if _, err := pgx.ForEachRow(rows, []any{&f.Ref, &f.Via, &f.Policy, &f.Employment, &was}, func() error {
		old, kept := f, f
		old.Until, kept.Until = was.UTC().Format(time.RFC3339), end.UTC().Format(time.RFC3339)
		facts.Ended, facts.Added = append(facts.Ended, old), append(facts.Added, kept)
		return nil
	}); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "access.handover_extended", IdentityID: who, Touches: evidence.Touches{"reason": 2 * len(facts.Added)},
		Facts: map[string]any{"access": facts, "since": moved.UTC().Format(time.RFC3339), "until": end.UTC().Format(time.RFC3339), "reason": why}})
	return access.Due(tx, []time.Time{end}, []int{who})
}
