package access

import (
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"tenure/internal/db"
)

// Load reads the access side of these people, who must be locked: their reasons that have not ended at now, what they ever
// had a reason for, how they stand with the SoD rules, and their accounts with what was last read and what is on its way. Five queries in two round trips, however many people.
func Load(tx *db.Tx, ids []int, now time.Time) (map[int]*Subject, error) {
	return load(tx, ids, now, " for no key update")
}

// Look reads the same without locking anything, of people who are not locked: for questions, never for what is written afterwards.
func Look(tx *db.Tx, ids []int, now time.Time) (map[int]*Subject, error) {
	return load(tx, ids, now, "")
}

func load(tx *db.Tx, ids []int, now time.Time, lock string) (map[int]*Subject, error) {
	out := make(map[int]*Subject, len(ids))
	for _, id := range ids {
		out[id] = &Subject{Identity: id, Once: map[int]bool{}}
	}
	if len(ids) == 0 {
		return out, nil
	}
	var byAccount map[int]*Holding
	if err := db.Asking(tx, func(tx *db.Tx) error { return loadReasons(tx, ids, now, out) },
		func(tx *db.Tx) error { return loadStanding(tx, ids, now, out) },
		func(tx *db.Tx) (err error) { byAccount, err = loadAccounts(tx, ids, out, lock); return err }); err != nil {
		return nil, err
	}
	accounts := make([]int, 0, len(byAccount))
	for id := range byAccount {
		accounts = append(accounts, id)
	}
	return out, db.Asking(tx, func(tx *db.Tx) error { return loadObserved(tx, accounts, byAccount) },
		func(tx *db.Tx) error { return loadOpen(tx, accounts, byAccount, lock) })
}

// Reasons gives the reasons of one person that are believed and have not ended at an instant, without locking anything: for
// looking ahead. What must not change meanwhile is read by Load.
func Reasons(tx *db.Tx, who int, now time.Time) ([]Reason, error) {
	out := map[int]*Subject{who: {Identity: who, Once: map[int]bool{}}}
	err := loadReasons(tx, []int{who}, now, out)
	return out[who].Reasons, err
}

// ReasonsAt gives the reasons that a person had at an instant, as was known at another.
func ReasonsAt(tx *db.Tx, who int, at, known time.Time) ([]Reason, error) {
	rows, err := tx.Query(`select id, identity_id, entitlement_id, slot, param, kind, ref, via, coalesce(policy_version, 0), coalesce(employment_id, 0), valid_from, valid_to
		from reason where identity_id = $1 and state = 'live' and valid_from <= $2 and valid_to > $2 and known_from <= $3 and known_to > $3 order by id`, who, at, known)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r Reason, err error) {
		var to pgtype.Timestamptz
		err = row.Scan(&r.ID, &r.Identity, &r.Entitlement, &r.Slot, &r.Param, &r.Kind, &r.Ref, &r.Via, &r.PolicyVersion, &r.Employment, &r.ValidFrom, &to)
		r.ValidTo = db.Time(to)
		return r, err
	})
}

func loadReasons(tx *db.Tx, ids []int, now time.Time, out map[int]*Subject) error {
	rows, err := tx.Query(`select id, identity_id, entitlement_id, slot, param, kind, ref, via, coalesce(policy_version, 0),
			coalesce(employment_id, 0), valid_from, valid_to, known_to = 'infinity' and valid_to > $2
		from reason where identity_id = any($1) and state = 'live' order by id`, ids, now)
	if err != nil {
		return err
	}
	for rows.Next() {
		var r Reason
		var to pgtype.Timestamptz
		var current bool
		if err := rows.Scan(&r.ID, &r.Identity, &r.Entitlement, &r.Slot, &r.Param, &r.Kind, &r.Ref, &r.Via, &r.PolicyVersion,
			&r.Employment, &r.ValidFrom, &to, &current); err != nil {
			return err
		}
		r.ValidTo = db.Time(to)
		s := out[r.Identity]
		s.Once[r.Entitlement] = true
		if current {
			s.Reasons = append(s.Reasons, r)
		}
	}
	return rows.Err()
}

// loadAccounts locks what it reads: people first, then accounts, then operations, each by id, is the order for everybody.
func loadAccounts(tx *db.Tx, ids []int, out map[int]*Subject, lock string) (map[int]*Holding, error) {
	rows, err := tx.Query(`select l.identity_id, a.id, a.application_id, a.name, a.slot, a.native_id is not null and a.gone_at is null,
			coalesce(s.enabled, false), a.retired_at, a.intended
		from account_link l join account a on a.id = l.account_id left join account_seen s on s.account_id = a.id
		where l.identity_id = any($1) and l.known_to = 'infinity' and a.kind = 'person' order by a.id`+strings.Replace(lock, "update", "update of a", 1), ids)
	if err != nil {
		return nil, err
	}
	by := map[int]*Holding{}
	for rows.Next() {
		var who int
		h := &Holding{Held: map[int]bool{}}
		if err := rows.Scan(&who, &h.Account, &h.App, &h.Name, &h.Slot, &h.Exists, &h.Enabled, &h.Retired, &h.Told); err != nil {
			return nil, err
		}
		by[h.Account] = h
		out[who].Accounts = append(out[who].Accounts, h)
	}
	return by, rows.Err()
}

func loadObserved(tx *db.Tx, accounts []int, by map[int]*Holding) error {
	rows, err := tx.Query(`select o.account_id, o.entitlement_id from observed o join entitlement e on e.id = o.entitlement_id
		where o.account_id = any($1) and o.seen_to is null and e.kind <> 'account'`, accounts)
	if err != nil {
		return err
	}
	for rows.Next() {
		var a, e int
		if err := rows.Scan(&a, &e); err != nil {
			return err
		}
		by[a].Held[e] = true
	}
	return rows.Err()
}

// loadOpen locks what it reads: no worker claims an operation while it is decided whether it is still wanted.
func loadOpen(tx *db.Tx, accounts []int, by map[int]*Holding, lock string) error {
	rows, err := tx.Query(`select id, application_id, account_id, coalesce(identity_id, 0), kind, coalesce(entitlement_id, 0), param,
			urgency, state, attempts
		from operation where account_id = any($1) and state in ('proposed', 'pending', 'claimed', 'acknowledged') order by id`+lock, accounts)
	if err != nil {
		return err
	}
	for rows.Next() {
		var o Operation
		if err := rows.Scan(&o.ID, &o.Application, &o.Account, &o.Identity, &o.Kind, &o.Entitlement, &o.Param, &o.Urgency, &o.State,
			&o.Attempts); err != nil {
			return err
		}
		by[o.Account].Open = append(by[o.Account].Open, o)
	}
	return rows.Err()
}
