package auth

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// Factor is one second step of a person.
type Factor struct {
	ID         int
	Kind, Name string
	Made       time.Time
	Used       *time.Time
	Copied     *time.Time // a passkey that answers no more, as there may be two of it
}

// Works says that it still lets its person in.
func (f Factor) Works() bool { return f.Copied == nil }

// Has says whether one of a kind among them works.
func Has(all []Factor, kind string) bool {
	return slices.ContainsFunc(all, func(f Factor) bool { return f.Kind == kind && f.Works() })
}

// Account gives the address with which a person signs in with a password, "" for who signs in elsewhere.
func Account(tx *db.Tx, who int) (email string, err error) {
	err = tx.QueryRow(`select email from login where identity_id = $1`, who).Scan(&email)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return email, err
}

// Factors gives a person's second steps, the oldest first.
func Factors(tx *db.Tx, who int) ([]Factor, error) {
	rows, err := tx.Query(`select f.id, f.kind, f.name, f.made_at, u.used_at, f.copied_at from second_factor f join second_factor_use u on u.factor_id = f.id
		where f.identity_id = $1 and f.removed_at is null order by f.id`, who)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Factor])
}

// OneFactor gives one of them.
func OneFactor(tx *db.Tx, who, id int) (*Factor, error) {
	all, err := Factors(tx, who)
	for i := range all {
		if all[i].ID == id {
			return &all[i], nil
		}
	}
	return nil, errors.Join(err, errs.NotFound("you have no such second step"))
}

// addFactor stores a second step; its event is the caller's.
func addFactor(tx *db.Tx, who int, kind, name string, sealed func(id int) ([]byte, error), step, count int64) (int, error) {
	id, err := tx.IDs("second_factor", 1)
	if err != nil {
		return 0, err
	}
	var secret []byte
	if sealed != nil {
		if secret, err = sealed(id); err != nil {
			return 0, err
		}
	}
	if _, err := tx.Exec(`insert into second_factor (id, identity_id, kind, name, sealed) values ($1, $2, $3, $4, $5)`, id, who, kind, name, secret); err != nil {
		return 0, err
	}
	_, err = tx.Exec(`insert into second_factor_use (factor_id, last_step, sign_count) values ($1, $2, $3)`, id, step, count)
	return id, err
}

// NameOf checks a name that somebody gives a second step.
func NameOf(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || len([]rune(name)) > 60 {
		return "", errs.InvalidFields("the second step", []errs.Field{{Field: "name", Rule: "must have 1 to 60 characters"}})
	}
	return name, nil
}

// RenameFactor gives one of a person's second steps another name.
func RenameFactor(tx *db.Tx, who, id int, name string) error {
	name, err := NameOf(name)
	if err != nil {
		return err
	}
	f, err := OneFactor(tx, who, id)
	if err != nil || f.Name == name {
		return err
	}
	n, err := tx.Exec(`update second_factor set name = $3 where id = $1 and identity_id = $2 and removed_at is null`, id, who, name)
	if err == nil && n == 0 {
		return errs.NotFound("you have no such second step")
	}
	tx.Record(evidence.Event{Kind: "auth.factor_renamed", IdentityID: who, Touches: evidence.Touches{"second_factor": 1}, Facts: map[string]any{"factor": id, "kind": f.Kind}})
	return err
}

// RemoveFactor ends one of a person's second steps. The last that works stays: a password alone opens nothing, and whoever lost the
// last one would never come back. Of two that are removed at once the second waits for the first, and is the last then.
func RemoveFactor(tx *db.Tx, who, id int) (*Factor, error) {
	if _, err := tx.Exec(`select from login where identity_id = $1 for update`, who); err != nil {
		return nil, err
	}
	all, err := Factors(tx, who)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, func(f Factor) bool { return f.ID == id })
	if at < 0 {
		return nil, errs.NotFound("you have no such second step")
	}
	f := all[at]
	if rest := slices.Delete(all, at, at+1); !slices.ContainsFunc(rest, Factor.Works) {
		return nil, errs.Conflict("this is the last second step of the account; add another one first")
	}
	if _, err := tx.Exec(`update second_factor set removed_at = clock_timestamp() where id = $1`, id); err != nil {
		return nil, err
	}
	tx.Record(evidence.Event{Kind: "auth.factor_removed", IdentityID: who, Touches: evidence.Touches{"second_factor": 1}, Facts: map[string]any{"factor": id, "kind": f.Kind}})
	return &f, nil
}

// RecoveryLeft says how many recovery codes a person has left, and since when.
func RecoveryLeft(tx *db.Tx, who int) (n int, made *time.Time, err error) {
	err = tx.QueryRow(`select count(*), max(made_at) from recovery_code where identity_id = $1 and used_at is null`, who).Scan(&n, &made)
	return n, made, err
}
