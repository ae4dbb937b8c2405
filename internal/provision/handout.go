package provision

import (
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// Handout is a first credential that waits to be shown once, to the account's person or that person's manager.
type Handout struct {
	Account     int
	Application string // title
	Login       string
	Person      string
	Identity    int
	Made        time.Time
}

// handouts are those that wait for $1, with business time in $2: their own, and those of the people who report to them now.
const handouts = `select h.account_id, p.title, a.name, i.name, i.id, h.made_at from handout h join account a on a.id = h.account_id
		join application p on p.id = a.application_id join account_link l on l.account_id = a.id and l.known_to = 'infinity'
		join identity i on i.id = l.identity_id and i.locked_at is null and i.state <> 'left'
	where h.sealed is not null and a.gone_at is null and (i.id = $1 or exists (select from employment_version v where v.identity_id = i.id
		and v.manager_id = $1 and v.known_to = 'infinity' and v.valid_from <= $2 and v.valid_to > $2 and v.ends_at > $2)) `

// Handouts gives the first credentials that a person may see, their own first.
func Handouts(tx *db.Tx, who int) ([]Handout, error) {
	rows, err := tx.Query(handouts+`order by i.id <> $1, i.name, p.title limit 100`, who, tx.Now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Handout])
}

// GetHandout gives one of them; one that is not for this person does not exist for them.
func GetHandout(tx *db.Tx, who, account int) (Handout, error) {
	rows, err := tx.Query(handouts+`and h.account_id = $3`, who, tx.Now, account)
	if err != nil {
		return Handout{}, err
	}
	h, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Handout])
	if errors.Is(err, pgx.ErrNoRows) {
		return h, errs.NotFound("no first password waits for you here; each is shown once")
	}
	return h, err
}

// ShowHandout gives a first credential to the actor, once: it is erased in the same transaction, and the log says who saw it.
func ShowHandout(tx *db.Tx, account int) (Handout, string, error) {
	if _, err := tx.Exec(`select 1 from handout where account_id = $1 for update`, account); err != nil {
		return Handout{}, "", err
	}
	h, err := GetHandout(tx, tx.Actor.Identity, account)
	if err != nil {
		return h, "", err
	}
	var sealed []byte
	if err := tx.QueryRow(`select sealed from handout where account_id = $1`, account).Scan(&sealed); err != nil {
		return h, "", err
	}
	secret, err := tx.DB.Keeper.Open(fmt.Sprintf("handout/%d", account), sealed)
	if err != nil {
		return h, "", err
	}
	_, err = tx.Exec(`update handout set sealed = null, shown_at = clock_timestamp(), shown_to = $2 where account_id = $1`, account, tx.Actor.Identity)
	tx.Record(evidence.Event{Kind: "handout.shown", IdentityID: h.Identity, Facts: map[string]any{"account": account}})
	return h, string(secret), err
}
