package campaign

import (
	"iter"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Line is one item of a campaign with what was decided and what became of it: a line of its file.
type Line struct {
	Item                         int64
	Person, Number               string // "" for an account of nobody
	PersonRef                    string
	Account                      string
	Entitlement                  int
	Param                        string
	Class, Risk, Stage           int
	Kinds                        int
	Since, LastUsed              *time.Time
	Reviewer                     string
	Outcome, Level               string // "" where nobody decided; where nothing is narrowed
	Decider                      string // "" by the campaign's rule for what nobody answered
	Comment                      string
	DecidedAt, SignedAt, Until   *time.Time
	Removal                      RemovalState
	Operation                    *int64
	OpState                      string
	CarriedAt, VerifiedAt        *time.Time
	VerifiedBy                   *int64
	RemovalWhy, RemovalOwnerName string
}

const lineColumns = `select i.id, coalesce(p.name, ''), coalesce(p.number, ''), coalesce(p.public_id::text, ''), coalesce(a.name, ''), i.entitlement_id, i.param, i.class::int, i.risk::int, i.stage::int, i.kinds::int, i.since, i.last_used, v.name,
		coalesce(d.outcome, ''), coalesce(d.level, ''), coalesce(w.name, ''), coalesce(d.comment, ''), d.decided_at, d.signed_at, d.until, coalesce(r.state, ''), o.id, coalesce(o.state, ''), r.carried_at, r.verified_at, r.verified_by, coalesce(r.why, ''), coalesce(ro.name, '')
	from campaign_item i left join account a on a.id = i.account_id join campaign_review cv on cv.id = i.review_id join identity v on v.id = cv.reviewer_id
		left join identity p on p.id = i.identity_id left join campaign_decision d on d.item_id = i.id and d.stage = i.stage left join identity w on w.id = d.decider_id
		left join campaign_removal r on r.item_id = i.id left join identity ro on ro.id = r.owner_id
		left join lateral (select o.id, o.state from operation o where r.carried_at is not null and o.account_id = r.account_id and o.created_at >= r.carried_at - interval '1 minute'
			and (o.kind = 'revoke' and o.entitlement_id = r.entitlement_id or o.kind in ('disable', 'delete')) order by o.kind <> 'revoke', o.id desc limit 1) o on true `

func scanLine(row pgx.CollectableRow) (l Line, err error) {
	return l, row.Scan(&l.Item, &l.Person, &l.Number, &l.PersonRef, &l.Account, &l.Entitlement, &l.Param, &l.Class, &l.Risk, &l.Stage, &l.Kinds, &l.Since, &l.LastUsed, &l.Reviewer,
		&l.Outcome, &l.Level, &l.Decider, &l.Comment, &l.DecidedAt, &l.SignedAt, &l.Until, &l.Removal, &l.Operation, &l.OpState, &l.CarriedAt, &l.VerifiedAt, &l.VerifiedBy, &l.RemovalWhy, &l.RemovalOwnerName)
}

// Ledger streams every item of a campaign. It is read while it is sent.
func Ledger(tx *db.Tx, campaign int) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		rows, err := tx.Query(lineColumns+`where i.campaign_id = $1 order by i.id`, campaign)
		if err != nil {
			yield(Line{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			l, err := scanLine(rows)
			if !yield(l, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Line{}, err)
		}
	}
}

// Removed gives the lines of what was decided to be removed, at most limit of them; what is not verified comes first.
func Removed(tx *db.Tx, campaign, limit int) ([]Line, error) {
	rows, err := tx.Query(lineColumns+`where r.campaign_id = $1 order by r.state in ('verified', 'kept', 'changed'), i.id limit $2`, campaign, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanLine)
}
