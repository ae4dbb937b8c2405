package request

import (
	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// Filter says which requests a list has.
type Filter struct {
	Who   int // only those that this person asked, or that are for them; 0 for everybody's
	State State
}

// Page gives one page of requests with everything about them, the latest first: six queries, however long the page.
func Page(tx *db.Tx, f Filter, page db.Page) (all []*Request, more bool, err error) {
	page.Sort, page.Desc = "id", true
	where, tail, args := page.Keyset(map[string]db.Key{"id": {Expr: "r.id", Type: "bigint"}}, "r.id", 3)
	rows, err := tx.Query(`select r.id, r.public_id::text, r.requester_id, r.beneficiary_id, r.on_behalf_of, r.why, r.via, r.asked_at from request r
		where ($1 = 0 or r.requester_id = $1 or r.beneficiary_id = $1) and ($2 = '' or exists (select from request_item i where i.request_id = r.id and i.state = $2)) and `+where+tail,
		append([]any{f.Who, f.State}, args...)...)
	if err != nil {
		return nil, false, err
	}
	all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (*Request, error) {
		var r Request
		return &r, row.Scan(&r.ID, &r.PublicID, &r.Requester, &r.Beneficiary, &r.OnBehalfOf, &r.Why, &r.Via, &r.AskedAt)
	})
	if err != nil || len(all) == 0 {
		return nil, false, err
	}
	all, more = db.Cut(page, all)
	of, ids := map[int]*Request{}, []int{}
	for _, r := range all {
		of[r.ID] = r
		ids = append(ids, r.ID)
	}
	list, err := items(tx, `where i.request_id = any($1) order by i.id`, ids)
	for _, it := range list {
		of[it.Request].Items = append(of[it.Request].Items, it)
	}
	return all, more, err
}

// OfStep gives the request that a step belongs to, the item, and the step.
func OfStep(tx *db.Tx, step int) (*Request, *Item, *Step, error) {
	r, err := one(tx, `id = (select i.request_id from request_step s join request_item i on i.id = s.item_id where s.id = $1)`, step)
	if errs.KindOf(err) == errs.KindNotFound {
		return nil, nil, nil, errs.NotFound("there is no such step")
	}
	if err != nil {
		return nil, nil, nil, err
	}
	for _, it := range r.Items {
		for _, st := range it.Steps {
			if st.ID == step {
				tx.Keep(aboutWhom(step), it.Beneficiary)
				return r, it, st, nil
			}
		}
	}
	return nil, nil, nil, errs.NotFound("there is no such step")
}
