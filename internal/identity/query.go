package identity

import (
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// Lock locks people for a change, in ascending order so that no two transactions wait for each other. The lock lets rows
// that refer to them be inserted.
func Lock(tx *db.Tx, ids []int) error {
	kept := ""
	if len(ids) == 1 { // whoever decides about one person locks them, and what follows does so again
		if kept = "person " + strconv.Itoa(ids[0]); tx.Kept(kept) != nil {
			return nil
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if _, err := tx.Exec(`select 1 from identity where id = any($1) order by id for no key update`, ids); err != nil {
		return err
	}
	if kept != "" {
		tx.Keep(kept, true)
	}
	return nil
}

// Find gives a person by public id, number, e-mail or full name; a name must be one person's only.
func Find(tx *db.Tx, who string) (*Person, error) {
	who = strings.TrimSpace(who)
	if p, ok, err := ByRef(tx, who); err != nil || ok {
		return p, err
	}
	for _, by := range []string{"number = $1", "lower(email) = lower($1)", "lower(name) = lower($1)"} {
		found, err := some(tx, by+" order by id limit 2", who)
		if err != nil {
			return nil, err
		}
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return nil, errs.Conflict("%q is more than one person: use the number, the e-mail address or the id", who)
		}
	}
	return nil, errs.NotFound("no person has the id, number, e-mail address or name %q", who)
}

// Get gives a person by id.
func Get(tx *db.Tx, id int) (*Person, error) {
	found, err := some(tx, "id = $1", id)
	if err == nil && len(found) == 0 {
		return nil, errs.NotFound("no such person")
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// some gives the people of a condition.
func some(tx *db.Tx, where string, args ...any) ([]*Person, error) {
	rows, err := tx.Query(`select id, public_id::text, kind, state, since, name, email, number, locked_at, locked_by, unlocked_by, version, key_id, erased_at
		from identity where `+where, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Person])
}

// People gives the people with these ids, by id.
func People(tx *db.Tx, ids []int) (map[int]*Person, error) {
	list, err := some(tx, "id = any($1)", ids)
	if err != nil {
		return nil, err
	}
	out := make(map[int]*Person, len(list))
	for _, p := range list {
		out[p.ID] = p
	}
	return out, nil
}

// Everyone gives the ids of all people whom an HR source knows, ascending.
func Everyone(tx *db.Tx) ([]int, error) {
	rows, err := tx.Query(`select id from identity where kind = 'person' order by id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int])
}

const versionColumns = `select id, employment_id, identity_id, status, first_day, last_day, zone, starts_at, ends_at,
			coalesce(unit_id, 0), coalesce(manager_id, 0), attrs, coalesce(snapshot_id, 0), valid_from, valid_to from employment_version where identity_id = any($1) `

// Versions gives what is believed now about the employments of these people, by person, in the order of validity.
func Versions(tx *db.Tx, ids []int) (map[int][]Version, error) {
	return versions(tx, len(ids), `and known_to = 'infinity'`, ids)
}

// VersionsKnown gives what was believed at an instant of record time about the employments of these people.
func VersionsKnown(tx *db.Tx, ids []int, known time.Time) (map[int][]Version, error) {
	return versions(tx, len(ids), `and known_from <= $2 and known_to > $2`, ids, known)
}

func versions(tx *db.Tx, n int, where string, args ...any) (map[int][]Version, error) {
	rows, err := tx.Query(versionColumns+where+` order by identity_id, employment_id, valid_from`, args...)
	if err != nil {
		return nil, err
	}
	out := make(map[int][]Version, n)
	for rows.Next() {
		var v Version
		var ends, validTo pgtype.Timestamptz
		if err := rows.Scan(&v.ID, &v.Employment, &v.Identity, &v.Status, &v.FirstDay, &v.LastDay, &v.Zone, &v.StartsAt, &ends,
			&v.Unit, &v.Manager, &v.Attrs, &v.Snapshot, &v.ValidFrom, &validTo); err != nil {
			return nil, err
		}
		v.EndsAt, v.ValidTo = db.Time(ends), db.Time(validTo)
		out[v.Identity] = append(out[v.Identity], v)
	}
	return out, rows.Err()
}

// Alike is how many employments have these attributes.
type Alike struct {
	Attrs Attrs
	N     int
}

// Combinations gives the distinct combinations of these attributes among the employments that go on now, of people who are not
// locked out: as many as differ in them, however many people there are.
func Combinations(tx *db.Tx, names []string) ([]Alike, error) {
	rows, err := tx.Query(`select array(select coalesce(v.attrs->>n.name, '') from unnest($1::text[]) with ordinality n(name, nth) order by n.nth) vals, count(*)
		from employment_version v join identity i on i.id = v.identity_id and i.kind = 'person' and i.locked_at is null
		where `+goesOn+` group by vals order by vals`, names, tx.Now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (a Alike, err error) {
		var values []string
		err = r.Scan(&values, &a.N)
		a.Attrs = make(Attrs, len(names))
		for i, v := range values {
			a.Attrs[names[i]] = v
		}
		return a, err
	})
}
