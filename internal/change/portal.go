package change

import (
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// inPortal puts over the specs what people set in the portal since, so that a plan shows what a file takes back, with both values.
// What the file leaves out is the portal's before and after, and so no change.
func inPortal(tx *db.Tx, all map[string]object) error {
	rows, err := tx.Query(`select p.name, e.kind, e.name, e.portal, e.title, e.description, coalesce(e.risk, ''), coalesce(i.number, i.email, '')
		from entitlement e join application p on p.id = e.application_id left join identity i on i.id = e.owner_id where e.portal <> '[]'`)
	if err != nil {
		return err
	}
	var app, kind, name, title, text, risk, owner string
	var portal []byte
	if _, err := pgx.ForEachRow(rows, []any{&app, &kind, &name, &portal, &title, &text, &risk, &owner}, func() error {
		var fields []string
		if err := json.Unmarshal(portal, &fields); err != nil {
			return err
		}
		spec := entitlementIn(all["Application "+app], kind, name)
		if spec == nil {
			return nil
		}
		value := map[string]string{"title": title, "description": text, "risk": risk, "owner": owner}
		for _, f := range fields {
			spec[f] = value[f]
		}
		return nil
	}); err != nil {
		return err
	}
	return licences(tx, all)
}

// entitlementIn finds an entitlement in the spec of an application.
func entitlementIn(o object, kind, name string) map[string]any {
	spec, _ := o.spec.(map[string]any)
	list, _ := spec["entitlements"].([]any)
	for _, x := range list {
		if e, ok := x.(map[string]any); ok && e["kind"] == kind && e["name"] == name {
			return e
		}
	}
	return nil
}

func licences(tx *db.Tx, all map[string]object) error {
	rows, err := tx.Query(`select name, licence_cost_cents, licence_currency from application where licence_portal and licence_cost_cents is not null`)
	if err != nil {
		return err
	}
	var app, currency string
	var cents int
	_, err = pgx.ForEachRow(rows, []any{&app, &cents, &currency}, func() error {
		if spec, ok := all["Application "+app].spec.(map[string]any); ok {
			spec["licence"] = map[string]any{"monthly": float64(cents) / 100, "currency": currency}
		}
		return nil
	})
	return err
}
