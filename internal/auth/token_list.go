package auth

import (
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

var tokenKeys = map[string]db.Key{"name": {Expr: "lower(name)", Type: "text"}, "made": {Expr: "made_at", Type: "timestamptz"},
	"expires": {Expr: "expires_at", Type: "timestamptz"}}

// TokenPage gives one page of a person's tokens that still work, whether there are more, and how many match: nobody has so many
// that counting costs.
func TokenPage(tx *db.Tx, who int, text string, page db.Page) (all []Token, more bool, n int, err error) {
	const mine = ` from token where identity_id = $1 and revoked_at is null and expires_at > clock_timestamp()
		and ($2 = '' or strpos(lower(name), lower($2)) > 0)`
	if err := tx.QueryRow(`select count(*)`+mine, who, text).Scan(&n); err != nil {
		return nil, false, 0, err
	}
	where, tail, args := page.Keyset(tokenKeys, "id", 3)
	rows, err := tx.Query(`select id, name, made_at, expires_at, scope, (select u.used_at from token_use u where u.token_id = token.id)`+mine+` and `+where+tail, append([]any{who, text}, args...)...)
	if err != nil {
		return nil, false, 0, err
	}
	all, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Token])
	all, more = db.Cut(page, all)
	return all, more, n, err
}

// Place gives the sort value and the id of a token in a list sorted by a key: what the next page begins behind.
func (t Token) Place(sort string) []string {
	id := db.PlaceID(t.ID)
	switch sort {
	case "made":
		return []string{t.Made.Format(time.RFC3339Nano), id}
	case "expires":
		return []string{t.Expires.Format(time.RFC3339Nano), id}
	}
	return []string{strings.ToLower(t.Name), id}
}
