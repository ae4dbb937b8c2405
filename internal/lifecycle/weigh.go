package lifecycle

import (
	"github.com/jackc/pgx/v5"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/policy"
)

// Weigh holds what an application's last reading showed against the SoD rules: it settles the people who were seen to hold something
// of a duty without a reason, and those of whom a violation says so. Whoever's access has reasons was weighed when it got them.
func Weigh(tx *db.Tx, app int) error {
	pol, err := policy.Load(tx)
	if err != nil || pol.Duties() == nil {
		return err
	}
	cat, err := catalog.Load(tx)
	if err != nil {
		return err
	}
	var weighed []int
	for _, e := range pol.Duties().Engine().Entitlements() {
		if x := cat.Entitlements[e]; x != nil && x.ApplicationID == app {
			weighed = append(weighed, e)
		}
	}
	if len(weighed) == 0 {
		return nil
	}
	var ids []int
	err = tx.Whole(func() error {
		rows, err := tx.Query(`select l.identity_id from observed o join account_link l on l.account_id = o.account_id and l.known_to = 'infinity'
				left join reason r on r.identity_id = l.identity_id and r.entitlement_id = o.entitlement_id and r.known_to = 'infinity' and r.state = 'live' and r.valid_to > $2
				where o.entitlement_id = any($1) and o.seen_to is null and r.id is null
			union select identity_id from violation where state <> 'resolved' and path @? '$[*].entitlements[*] ? (!exists(@.why))' order by 1`, weighed, tx.Now)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[int])
		return err
	})
	if err != nil || len(ids) == 0 {
		return err
	}
	_, err = SettleIDs(tx, ids, Cause{What: "reading", Ref: app})
	return err
}
