package request

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/evidence"
	"tenure/internal/policy"
)

// LowerLevel is a level of what somebody was granted that gives less of it.
type LowerLevel struct {
	Name, Title string
	Gives       []int // entitlements, ascending
	Takes       []int // what is held by the item and this level does not give, ascending

	role int
}

// Lower gives for granted items that run the levels to which they can be narrowed, the lowest first: those that take the item's parameters as
// they are, and take something away. What is held for hours ends by itself and has none.
func Lower(tx *db.Tx, ids []int) (map[int][]LowerLevel, error) {
	out := map[int][]LowerLevel{}
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := tx.Query(`select id, offer_id, level, param, role_id, entitlements from request_item
		where id = any($1) and state = 'granted' and act in ('grant', 'extend', 'level') and from_at <= $2 and to_at > $2`, ids, tx.Now)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (it Item, err error) {
		return it, row.Scan(&it.ID, &it.Offer, &it.Level, &it.Param, &it.Role, &it.Entitlements)
	})
	if err != nil || len(all) == 0 {
		return out, err
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if out[all[i].ID], err = all[i].lower(pol); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// lower is Lower of one item by a policy.
func (it *Item) lower(pol *policy.Snapshot) ([]LowerLevel, error) {
	offer := pol.Offer(it.Offer)
	names := levelNames(offer)
	at := slices.Index(names, it.Level)
	if at <= 0 {
		return nil, nil // the lowest, or a level that is not offered any more
	}
	gives, err := it.gives(pol)
	if err != nil {
		return nil, err
	}
	held := given(gives)
	var out []LowerLevel
	for n, name := range names[:at] {
		_, role, _, _ := pol.Level(it.Offer, name)
		if !takes(pol, role, it.Param) {
			continue
		}
		gives, err := pol.LevelGives(it.Offer, name, it.Param)
		if err != nil {
			return nil, err
		}
		l := LowerLevel{Name: name, Title: offer.Object.Offer.Levels[n].Title, Gives: given(gives), role: role}
		l.Takes = slices.DeleteFunc(slices.Clone(held), func(e int) bool { return slices.Contains(l.Gives, e) })
		if len(l.Takes) > 0 {
			out = append(out, l)
		}
	}
	return out, nil
}

// takes says whether a level's role, 0 for entitlements, can be held with an item's parameters.
func takes(pol *policy.Snapshot, role int, param string) bool {
	if role == 0 {
		return param == ""
	}
	o := pol.Object(role)
	return o != nil && o.Role != nil && o.Role.State == policy.Active && len(policy.CheckParam(o.Role.Parameters, param)) == 0
}

func given(gives []policy.Give) []int {
	out := make([]int, len(gives))
	for n, g := range gives {
		out[n] = g.Entitlement
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Narrow makes granted items what a lower level of them gives, in place: end, approvals and number stay. The reasons follow when their people
// are settled, who are locked by whoever calls it: what both levels give goes on without an interruption. An item that cannot be narrowed to
// its level any more stays as it is; those that are narrowed are what it gives.
func Narrow(tx *db.Tx, to map[int]string, because string) (map[int]bool, error) {
	ids := make([]int, 0, len(to))
	for id := range to {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	lower, err := Lower(tx, ids)
	if err != nil {
		return nil, err
	}
	var items, roles []int
	var levels, gives []string
	for _, id := range ids {
		at := slices.IndexFunc(lower[id], func(l LowerLevel) bool { return l.Name == to[id] })
		if at < 0 {
			continue
		}
		l := lower[id][at]
		items, roles, levels, gives = append(items, id), append(roles, l.role), append(levels, l.Name), append(gives, l.named())
	}
	done := map[int]bool{}
	if len(items) == 0 {
		return done, nil
	}
	rows, err := tx.Query(`update request_item i set level = x.level, role_id = nullif(x.role, 0), entitlements = x.gives::int[], narrowed_at = $6, narrowed_because = $5, version = i.version + 1
		from unnest($1::int[], $2::int[], $3::text[], $4::text[]) x(id, role, level, gives) join request_item w on w.id = x.id where i.id = x.id and i.state = 'granted'
		returning i.id, i.request_id, i.requester_id, i.beneficiary_id, w.level, i.level`, items, roles, levels, gives, because, tx.Now)
	if err != nil {
		return nil, err
	}
	var id, req, requester, who int
	var was, now string
	_, err = pgx.ForEachRow(rows, []any{&id, &req, &requester, &who, &was, &now}, func() error {
		done[id] = true
		tx.Record(evidence.Event{Kind: "request.narrowed", IdentityID: who, Touches: evidence.Touches{"request_item": 1},
			Facts: map[string]any{"item": id, "request": req, "requester": requester, "was": was, "level": now, "because": because}})
		return nil
	})
	return done, err
}

// named is what the level names itself, as PostgreSQL writes a list: its entitlements, or nothing beside a role.
func (l *LowerLevel) named() string {
	if l.role != 0 {
		return "{}"
	}
	return "{" + strings.Trim(strings.ReplaceAll(fmt.Sprint(l.Gives), " ", ","), "[]") + "}"
}
