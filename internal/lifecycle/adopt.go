package lifecycle

import (
	"sort"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// Adopt accepts the access that people were found to hold in an application and that no reason covers: each gets a reason
// "found" with the named acceptor. Nobody accepts their own. It gives the number of reasons made.
func Adopt(tx *db.Tx, app *catalog.Application, reason string) (int, error) {
	if tx.Actor.Identity == 0 {
		return 0, errs.Forbidden("accepting found access needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	if strings.TrimSpace(reason) == "" {
		return 0, errs.Invalid("accepting found access needs a reason")
	}
	if err := policy.Lock(tx, false); err != nil {
		return 0, err
	}
	found, err := unexplained(tx, app.ID)
	if err != nil {
		return 0, err
	}
	ids := make([]int, 0, len(found))
	for id := range found {
		if !tx.Actor.Is(id) {
			ids = append(ids, id)
		}
	}
	sort.Ints(ids)
	if err := identity.Lock(tx, ids); err != nil {
		return 0, err
	}
	if found, err = unexplained(tx, app.ID); err != nil { // again, under the locks
		return 0, err
	}
	known, err := tx.Known()
	if err != nil {
		return 0, err
	}
	n := 0
	for _, id := range ids {
		n += len(found[id])
	}
	if n == 0 {
		return 0, nil
	}
	i, k := 0, 0
	_, err = tx.Copy("reason", []string{"identity_id", "entitlement_id", "kind", "ref", "valid_from", "known_from"}, func() ([]any, bool) {
		for i < len(ids) && k == len(found[ids[i]]) {
			i, k = i+1, 0
		}
		if i == len(ids) {
			return nil, false
		}
		k++
		return []any{ids[i], found[ids[i]][k-1], access.Found, tx.Actor.ID, tx.Now, known}, true
	})
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		if len(found[id]) > 0 {
			tx.Record(evidence.Event{Kind: "access.adopted", IdentityID: id, Touches: evidence.Touches{"reason": len(found[id])},
				Facts: map[string]any{"application": app.ID, "entitlements": found[id], "reason": reason}})
		}
	}
	_, err = SettleIDs(tx, ids, Cause{What: "adopt", Ref: app.ID})
	return n, err
}

// unexplained gives, by person, the entitlements seen at the person's first account without any live reason.
func unexplained(tx *db.Tx, app int) (map[int][]int, error) {
	rows, err := tx.Query(`select l.identity_id, o.entitlement_id from observed o
			join account a on a.id = o.account_id and a.application_id = $1 and a.slot = '' and a.kind = 'person'
			join account_link l on l.account_id = a.id and l.known_to = 'infinity'
			join identity i on i.id = l.identity_id and i.state in ('active', 'leave') and i.locked_at is null
			join entitlement e on e.id = o.entitlement_id
		where o.seen_to is null and not exists (select from reason r where r.identity_id = l.identity_id and r.entitlement_id = o.entitlement_id
			and r.known_to = 'infinity' and r.valid_to > $2 and r.kind <> 'handover')
		-- The login of an account that Tenure made comes with what is held there; only one that was found needs a reason of its own.
		and (e.kind <> 'account' or not exists (select from operation k where k.account_id = a.id and k.kind = 'create' and k.state = 'verified'))
		order by 1, 2`, app, tx.Now)
	if err != nil {
		return nil, err
	}
	out := map[int][]int{}
	var who, what int
	_, err = pgx.ForEachRow(rows, []any{&who, &what}, func() error {
		out[who] = append(out[who], what)
		return nil
	})
	return out, err
}

// Unexplained counts the grants that people are seen to hold in an application without a reason, and these people: what Adopt
// would accept.
func Unexplained(tx *db.Tx, app int) (grants, people int, err error) {
	found, err := unexplained(tx, app)
	delete(found, tx.Actor.Identity)
	delete(found, tx.Actor.For)
	for _, list := range found {
		grants += len(list)
	}
	return grants, len(found), err
}
