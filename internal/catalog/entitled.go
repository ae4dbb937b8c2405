package catalog

import (
	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/evidence"
)

// Risks are the risks an entitlement may have, the smallest first.
var Risks = []string{"low", "medium", "high", "critical"}

// RiskLevel is the risk as stated; where nobody stated it, what is privileged is high and the rest low.
func (e *Entitlement) RiskLevel() string {
	switch {
	case e.Risk != nil:
		return *e.Risk
	case e.Privileged:
		return "high"
	}
	return "low"
}

// Named says whether somebody gave the entitlement a plain name.
func (e *Entitlement) Named() bool { return e.Title != "" && e.Title != e.Name }

// Missing gives what nobody has stated of the entitlement yet: name, description, risk, owner. The owner of the application
// stands in for its entitlements'.
func (e *Entitlement) Missing(app *Application) []string {
	var out []string
	if !e.Named() && !e.states("title") {
		out = append(out, "name")
	}
	if e.Description == "" {
		out = append(out, "description")
	}
	if e.Risk == nil {
		out = append(out, "risk")
	}
	if e.OwnerID == nil && app.OwnerID == nil {
		out = append(out, "owner")
	}
	return out
}

func (e *Entitlement) states(field string) bool {
	for _, set := range [][]string{e.Stated, e.Portal} {
		for _, f := range set {
			if f == field {
				return true
			}
		}
	}
	return false
}

// entitlementFacts is what the log says of an entitlement.
type entitlementFacts struct {
	ID           int     `json:"id"`
	Kind         string  `json:"kind"`
	Name         string  `json:"name"`
	Title        string  `json:"title"`
	Description  string  `json:"description,omitempty"`
	Privileged   bool    `json:"privileged,omitempty"`
	HandoverDays int     `json:"handover_days"`
	Owner        *int    `json:"owner,omitempty"`
	Declared     bool    `json:"declared"`
	Risk         *string `json:"risk,omitempty"`
}

const entitlementReturns = ` returning e.id, e.kind, e.name, e.title, e.description, e.privileged, e.handover_days, e.owner_id, e.declared, e.risk`

// fields gives which of the fields that the portal may set a file states.
func (e *EntitlementSpec) fields() []string {
	out := []string{}
	for _, f := range []struct {
		name string
		set  bool
	}{{"title", e.Title != ""}, {"description", e.Description != ""}, {"risk", e.Risk != ""}, {"owner", e.Owner != ""}} {
		if f.set {
			out = append(out, f.name)
		}
	}
	return out
}

// storeEntitlements brings the entitlements to what the file says: one statement for those listed, one for those no longer
// listed. It gives the number of rows written. A field that a person set in the portal stays unless the file states it: then
// the file has it again. given is the spec without defaults.
func storeEntitlements(tx *db.Tx, app *Application, given *ApplicationSpec, owners map[string]*int) (int, error) {
	all := append([]EntitlementSpec{{Kind: AccountKind, Title: "Account", Description: "Having an account in " + app.Title + ".",
		HandoverDays: orDays(nil, DefaultHandoverDays)}}, app.Spec.Entitlements...)
	n := len(all)
	kinds, names, titles, texts, risks, stated := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]*string, n), make([][]string, n)
	privileged, days, owner, says := make([]bool, n), make([]int, n), make([]*int, n), make([]string, n)
	for i, e := range all {
		kinds[i], names[i], titles[i], texts[i] = e.Kind, e.Name, e.Title, e.Description
		privileged[i], days[i], owner[i] = e.Privileged, *e.HandoverDays, owners[e.Owner]
		if e.Risk != "" {
			risks[i] = &e.Risk
		}
		stated[i] = []string{}
		if i > 0 {
			stated[i] = given.Entitlements[i-1].fields()
		}
		says[i] = jsonOf(stated[i])
	}
	// The join leaves out what is right already: an insert that meets a conflict would use up an id each time.
	written, err := entitlementRows(tx, `with said as (
			select w.nth, w.kind, w.name, w.privileged, w.days, w.stated, h.id, (select coalesce(jsonb_agg(p), '[]') from jsonb_array_elements(h.portal) p
					where not w.stated @> p) portal, w.title, w.text, w.owner, w.risk
			from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::int[], $8::int[], $9::text[], $10::jsonb[]) with ordinality
				w(kind, name, title, text, privileged, days, owner, risk, stated, nth)
			left join entitlement h on h.application_id = $1 and h.kind = w.kind and h.name = w.name),
		want as (select s.nth, s.kind, s.name, s.privileged, s.days, s.stated, s.id, coalesce(s.portal, '[]') portal,
				case when s.portal ? 'title' then h.title else s.title end title, case when s.portal ? 'description' then h.description else s.text end description,
				case when s.portal ? 'owner' then h.owner_id else s.owner end owner_id, case when s.portal ? 'risk' then h.risk else s.risk end risk
			from said s left join entitlement h on h.id = s.id)
		insert into entitlement as e (application_id, kind, name, title, description, privileged, handover_days, owner_id, declared, risk, stated, portal)
		select $1::int, w.kind, w.name, w.title, w.description, w.privileged, w.days, w.owner_id, true, w.risk, w.stated, w.portal
		from want w left join entitlement h on h.id = w.id
		where h.id is null or (h.title, h.description, h.privileged, h.handover_days, h.owner_id, h.declared, h.risk, h.stated, h.portal)
			is distinct from (w.title, w.description, w.privileged, w.days, w.owner_id, true, w.risk, w.stated, w.portal)
		order by w.nth
		on conflict on constraint entitlement_name_is_unique do update set title = excluded.title, description = excluded.description,
			privileged = excluded.privileged, handover_days = excluded.handover_days, owner_id = excluded.owner_id, declared = true,
			risk = excluded.risk, stated = excluded.stated, portal = excluded.portal, version = e.version + 1`+entitlementReturns,
		app.ID, kinds, names, titles, texts, privileged, days, owner, risks, says)
	if err != nil {
		return 0, err
	}
	ended, err := entitlementRows(tx, `update entitlement e set declared = false, stated = '[]', version = e.version + 1
		where application_id = $1 and declared and not exists (select from unnest($2::text[], $3::text[]) w(kind, name) where w.kind = e.kind and w.name = e.name)`+
		entitlementReturns, app.ID, kinds, names)
	if err != nil {
		return 0, err
	}
	written = append(written, ended...)
	if len(written) == 0 {
		return 0, nil
	}
	tx.Record(evidence.Event{Kind: "entitlement.declared", Touches: evidence.Touches{"entitlement": len(written)},
		Facts: map[string]any{"application": app.ID, "entitlements": written}})
	return len(written), nil
}

func entitlementRows(tx *db.Tx, sql string, args ...any) ([]entitlementFacts, error) {
	rows, err := tx.Query(sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[entitlementFacts])
}
