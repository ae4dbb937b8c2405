package privacy

import (
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

// Hold is a legal hold: of a person, or of everybody.
type Hold struct {
	ID      int
	Person  int // 0: everybody
	Ref     string
	Name    string
	Reason  string
	Until   *time.Time // nil: until it is lifted
	Made    time.Time
	MadeBy  string
	Ended   *time.Time
	EndedBy string
	Because string
}

// live is the condition on a hold h that it stands at an instant.
func live(at string) string {
	return `h.ended_at is null and (h.until is null or h.until > ` + at + `)`
}

const holdColumns = `select h.id, coalesce(h.identity_id, 0), coalesce(i.public_id::text, ''), coalesce(i.name, ''), h.reason, h.until, h.made_at, a.name, h.ended_at, coalesce(e.name, ''), coalesce(h.ended_because, '')
	from legal_hold h left join identity i on i.id = h.identity_id join actor a on a.id = h.made_by left join actor e on e.id = h.ended_by `

// Holds gives the legal holds, those that stand first.
func Holds(tx *db.Tx, most int) ([]Hold, error) {
	rows, err := tx.Query(holdColumns+`order by (`+live(`$1::timestamptz`)+`) desc, h.id desc limit $2`, tx.Now, most)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Hold])
}

// Live says whether it stands at an instant.
func (h *Hold) Live(at time.Time) bool {
	return h.Ended == nil && (h.Until == nil || h.Until.After(at))
}

// heldBy gives the holds that stand and hold somebody.
func heldBy(tx *db.Tx, who int) ([]Hold, error) {
	rows, err := tx.Query(holdColumns+`where `+live(`$1`)+` and (h.identity_id is null or h.identity_id = $2) order by h.id`, tx.Now, who)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Hold])
}

func (h *Hold) sentence() error {
	switch {
	case h.Person == 0:
		return errs.Conflict("a legal hold on everybody stands: %s", h.Reason)
	case h.Until != nil:
		return errs.Conflict("a legal hold stands until %s: %s", h.Until.UTC().Format(time.DateOnly), h.Reason)
	}
	return errs.Conflict("a legal hold stands: %s", h.Reason)
}

// Place places a legal hold on a person, 0 for everybody. until is its last day (YYYY-MM-DD, UTC), "" for none.
func Place(tx *db.Tx, who int, reason, until string) (int, error) {
	if tx.Actor.Identity == 0 {
		return 0, errs.Forbidden("a legal hold is placed by a person: sign in")
	}
	var bad []errs.Field
	if strings.TrimSpace(reason) == "" {
		bad = append(bad, errs.Field{Field: "reason", Rule: "is required"})
	}
	var end *time.Time
	if until != "" {
		day, err := time.Parse(time.DateOnly, until)
		if err != nil {
			bad = append(bad, errs.Field{Field: "until", Rule: "must be a day (YYYY-MM-DD)"})
		} else if day = day.AddDate(0, 0, 1); !day.After(tx.Now) {
			bad = append(bad, errs.Field{Field: "until", Rule: "must not be past"})
		}
		end = &day
	}
	if len(bad) > 0 {
		return 0, errs.InvalidFields("nothing is held", bad)
	}
	if who != 0 {
		p, v, err := locked(tx, who)
		if err != nil {
			return 0, err
		}
		if p.ErasedAt != nil {
			return 0, errs.Conflict("this person was erased: nothing is left to hold")
		}
		if v.names(reason) {
			return 0, errs.InvalidFields("nothing is held", []errs.Field{{Field: "reason", Rule: "must not name the person: it stands in the log for good"}})
		}
	}
	var id int
	if err := tx.QueryRow(`insert into legal_hold (identity_id, reason, until, made_by) values ($1, $2, $3, $4) returning id`, db.Null(who), reason, end, tx.Actor.ID).Scan(&id); err != nil {
		return 0, err
	}
	tx.Record(evidence.Event{Kind: "legal_hold.placed", IdentityID: who, Touches: evidence.Touches{"legal_hold": 1}, Facts: map[string]any{"hold": id, "reason": reason, "until": until}})
	return id, nil
}

// Lift ends a legal hold.
func Lift(tx *db.Tx, id int, reason string) error {
	if tx.Actor.Identity == 0 {
		return errs.Forbidden("a legal hold is lifted by a person: sign in")
	}
	if strings.TrimSpace(reason) == "" {
		return errs.InvalidFields("the hold stands", []errs.Field{{Field: "reason", Rule: "is required"}})
	}
	h, err := HoldOf(tx, id)
	if err != nil {
		return err
	}
	if h.Person != 0 {
		if err := identity.Lock(tx, []int{h.Person}); err != nil {
			return err
		}
	}
	n, err := tx.Exec(`update legal_hold set ended_at = clock_timestamp(), ended_by = $2, ended_because = $3 where id = $1 and ended_at is null`, id, tx.Actor.ID, reason)
	if err == nil && n == 0 {
		err = errs.Conflict("the hold was lifted already")
	}
	tx.Record(evidence.Event{Kind: "legal_hold.lifted", IdentityID: h.Person, Touches: evidence.Touches{"legal_hold": 1}, Facts: map[string]any{"hold": id, "reason": reason}})
	return err
}

// HoldOf gives one legal hold.
func HoldOf(tx *db.Tx, id int) (*Hold, error) {
	rows, err := tx.Query(holdColumns+`where h.id = $1`, id)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Hold])
	if err == nil && len(all) == 0 {
		return nil, errs.NotFound("there is no such legal hold")
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}
