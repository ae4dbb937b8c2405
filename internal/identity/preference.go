package identity

import (
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// Preference is how a person likes the portal. The zero value but for Letters is what everybody starts with.
type Preference struct {
	Letters bool   // single letters act in lists (WCAG 2.1.4: they can be switched off)
	Dense   bool   // lists are dense
	Theme   string // light, dark, or "" for the system's
	Zone    string // IANA name; "" for that of the employment
	Start   string // the page that signing in leads to; "" for the home
}

// Preferences gives a person's preferences.
func Preferences(tx *db.Tx, who int) (Preference, error) {
	p := Preference{Letters: true}
	err := tx.QueryRow(`select letters, dense, theme, zone, start from preference where identity_id = $1`, who).
		Scan(&p.Letters, &p.Dense, &p.Theme, &p.Zone, &p.Start)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return p, err
}

// Prefer stores a person's preferences. A zone that nobody knows is refused.
func Prefer(tx *db.Tx, who int, p Preference) error {
	if p.Zone != "" {
		if _, err := time.LoadLocation(p.Zone); err != nil || p.Zone == "Local" {
			return errs.InvalidFields("your preferences", []errs.Field{{Field: "zone", Rule: "is not a time zone: write one such as Europe/Berlin"}})
		}
	}
	_, err := tx.Exec(`insert into preference (identity_id, letters, dense, theme, zone, start) values ($1, $2, $3, $4, $5, $6)
		on conflict (identity_id) do update set letters = excluded.letters, dense = excluded.dense, theme = excluded.theme,
		zone = excluded.zone, start = excluded.start, changed_at = clock_timestamp()`, who, p.Letters, p.Dense, p.Theme, p.Zone, p.Start)
	return err
}

// SavedView is a filter of a list that a person keeps under a name. Query is the address's query.
type SavedView struct {
	ID    int
	List  string
	Name  string
	Query string
}

// maxViews bounds how many views of one list a person keeps.
const maxViews = 30

// Views gives a person's saved views of a list by name.
func Views(tx *db.Tx, who int, list string) ([]SavedView, error) {
	rows, err := tx.Query(`select id, list, name, query from saved_view where identity_id = $1 and list = $2 order by lower(name), id`, who, list)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[SavedView])
}

// SaveView keeps a view; one of the same name is replaced.
func SaveView(tx *db.Tx, who int, v SavedView) error {
	v.Name = strings.TrimSpace(v.Name)
	if v.Name == "" || len([]rune(v.Name)) > 60 {
		return errs.Invalid("a view needs a name of up to 60 characters")
	}
	if len(v.Query) > 2000 {
		return errs.Invalid("this filter is too long to be saved")
	}
	var n int
	if err := tx.QueryRow(`select count(*) from saved_view where identity_id = $1 and list = $2 and name <> $3`, who, v.List, v.Name).Scan(&n); err != nil {
		return err
	}
	if n >= maxViews {
		return errs.Conflict("you have %d views of this list: delete one first", n)
	}
	_, err := tx.Exec(`insert into saved_view (identity_id, list, name, query) values ($1, $2, $3, $4)
		on conflict (identity_id, list, name) do update set query = excluded.query`, who, v.List, v.Name, v.Query)
	return err
}

// DropView deletes one of a person's own views and gives the list it was of.
func DropView(tx *db.Tx, who, id int) (list string, err error) {
	err = tx.QueryRow(`delete from saved_view where id = $1 and identity_id = $2 returning list`, id, who).Scan(&list)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", errs.NotFound("you have no such view")
	}
	return list, err
}
