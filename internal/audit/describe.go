package audit

import (
	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/db"
)

// Words gives reasons in plain words, in their order.
func Words(tx *db.Tx, reasons []access.Reason) ([]Reason, error) {
	var objects, actors []int
	for _, r := range reasons {
		if r.Kind == access.Found {
			actors = append(actors, r.Ref)
		} else {
			objects = append(objects, r.Ref, r.Via)
		}
	}
	names, err := texts(tx, `select id, name from policy_object where id = any($1)`, objects)
	if err != nil {
		return nil, err
	}
	people, err := texts(tx, `select id, name from actor where id = any($1)`, actors)
	if err != nil {
		return nil, err
	}
	out := make([]Reason, len(reasons))
	for i, r := range reasons {
		out[i] = Reason{ID: r.ID, Kind: r.Kind, Ref: r.Ref, Via: r.Via, Policy: r.PolicyVersion, Since: r.ValidFrom}
		if r.ValidTo.Before(db.Forever) {
			out[i].Until = &reasons[i].ValidTo
		}
		out[i].Text = words(&out[i], names[r.Ref], names[r.Via], people[r.Ref])
	}
	return out, nil
}

func texts(tx *db.Tx, sql string, ids []int) (map[int]string, error) {
	out := map[int]string{}
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := tx.Query(sql, ids)
	if err != nil {
		return nil, err
	}
	var id int
	var name string
	_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error { out[id] = name; return nil })
	return out, err
}
