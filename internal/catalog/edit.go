package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/connector"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/plug"
)

// What a person writes in the portal. One writer per field: what the policy file states comes back with the next apply; what
// it leaves out stays as the portal has it.

// Description is what a person may say of an entitlement in the portal.
type Description struct {
	Title, Text string
	Risk        string // "" for not stated
	Owner       string // e-mail address or number; "" for the application's
}

// Editor is who changed something last, and when.
type Editor struct {
	Name string
	At   time.Time
}

// EditorOf gives who edited an entitlement last; nil for nobody.
func EditorOf(tx *db.Tx, e *Entitlement) (*Editor, error) {
	if e.EditedBy == nil || e.EditedAt == nil {
		return nil, nil
	}
	w := &Editor{At: *e.EditedAt}
	err := tx.QueryRow(`select name from actor where id = $1`, *e.EditedBy).Scan(&w.Name)
	return w, err
}

// Stale is the conflict of somebody who edited what another has changed meanwhile.
type Stale struct {
	By Editor
}

func (s *Stale) Error() string {
	return fmt.Sprintf("%s changed this entitlement at %s", s.By.Name, s.By.At.UTC().Format("2006-01-02 15:04 MST"))
}

// Describe writes what a person says of an entitlement whose version they saw. A Stale is given when it has changed since.
func Describe(tx *db.Tx, app *Application, id, version int, d Description) error {
	rows, err := tx.Query(`select id, application_id, kind, name, native_id, title, description, privileged, handover_days, owner_id, declared,
			risk, stated, portal, version, edited_at, edited_by from entitlement where id = $1 and application_id = $2 for no key update`, id, app.ID)
	if err != nil {
		return err
	}
	e, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[Entitlement])
	if errors.Is(err, pgx.ErrNoRows) {
		return errs.NotFound("there is no such entitlement")
	}
	if err != nil {
		return err
	}
	if e.Version != version {
		by, err := EditorOf(tx, e)
		if err == nil && by == nil {
			return errs.Conflict("the policy files were applied meanwhile and this entitlement changed; look at it again")
		}
		return errors.Join(err, &Stale{*by})
	}
	after, err := e.described(tx, d)
	if err != nil {
		return err
	}
	before, now := e.says(), after.says()
	if maps.Equal(before, now) {
		return nil
	}
	for _, f := range sortedFields(before, now) {
		if before[f] != now[f] && !slices.Contains(after.Portal, f) {
			after.Portal = append(after.Portal, f)
		}
	}
	_, err = tx.Exec(`update entitlement set title = $2, description = $3, risk = $4, owner_id = $5, portal = $6, version = version + 1,
		edited_at = clock_timestamp(), edited_by = $7 where id = $1`, id, after.Title, after.Description, after.Risk, after.OwnerID, jsonOf(after.Portal), tx.Actor.ID)
	tx.Record(evidence.Event{Kind: "entitlement.described", Touches: evidence.Touches{"entitlement": 1},
		Facts: map[string]any{"application": app.ID, "entitlement": id, "before": before, "after": now}})
	return err
}

// described checks what a person says and gives the entitlement as it would be.
func (e *Entitlement) described(tx *db.Tx, d Description) (*Entitlement, error) {
	out := *e
	out.Title, out.Description, out.Risk, out.OwnerID = strings.TrimSpace(d.Title), strings.TrimSpace(d.Text), nil, nil
	out.Portal = slices.Clone(e.Portal)
	var bad []errs.Field
	if n := len([]rune(out.Title)); n == 0 || n > 120 {
		bad = append(bad, errs.Field{Field: "title", Rule: "must have 1 to 120 characters"})
	}
	if len([]rune(out.Description)) > 300 || strings.ContainsAny(out.Description, "\r\n") {
		bad = append(bad, errs.Field{Field: "description", Rule: "must be one sentence of at most 300 characters"})
	}
	if d.Risk != "" {
		if !slices.Contains(Risks, d.Risk) {
			bad = append(bad, errs.Field{Field: "risk", Rule: "must be low, medium, high or critical"})
		}
		out.Risk = &d.Risk
	}
	if ref := strings.TrimSpace(d.Owner); ref != "" {
		found, err := People(tx, []string{ref})
		if err != nil {
			return nil, err
		}
		if id, ok := found[ref]; ok {
			out.OwnerID = &id
		} else {
			bad = append(bad, errs.Field{Field: "owner", Rule: "must be the number or e-mail address of one person"})
		}
	}
	if len(bad) > 0 {
		return nil, errs.InvalidFields("the entitlement is not described rightly:", bad)
	}
	return &out, nil
}

// says gives the fields that the portal may set, for the log. The owner stands there by id.
func (e *Entitlement) says() map[string]string {
	out := map[string]string{"title": e.Title, "description": e.Description, "risk": "", "owner": ""}
	if e.Risk != nil {
		out["risk"] = *e.Risk
	}
	if e.OwnerID != nil {
		out["owner"] = fmt.Sprint(*e.OwnerID)
	}
	return out
}

func sortedFields(a, b map[string]string) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

func jsonOf(v any) string {
	b, _ := json.Marshal(v) // of texts: never fails
	return string(b)
}

func validCurrency(s string) bool {
	return len(s) == 3 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// licence takes the cost from the file, or where it says none keeps what the portal set.
func (a *Application) licence(old *Application) {
	switch {
	case a.Spec.Licence != nil:
		cents, currency := a.Spec.Licence.cents(), a.Spec.Licence.Currency
		a.LicenceCostCents, a.LicenceCurrency = &cents, &currency
	case old != nil && old.LicencePortal:
		a.LicenceCostCents, a.LicenceCurrency, a.LicencePortal = old.LicenceCostCents, old.LicenceCurrency, true
	}
}

// SetLicence says in the portal what one enabled account of an application costs a month; nil is unknown.
func SetLicence(tx *db.Tx, app *Application, version int, cents *int, currency string) error {
	var cur *string
	if cents != nil {
		if *cents < 0 || *cents > 1e8 {
			return errs.InvalidFields("the cost is not right:", []errs.Field{{Field: "licence", Rule: "must be an amount from 0 to 1000000"}})
		}
		if !validCurrency(currency) {
			return errs.InvalidFields("the cost is not right:", []errs.Field{{Field: "currency", Rule: "must be three capital letters such as EUR"}})
		}
		cur = &currency
	}
	n, err := tx.Exec(`update application set licence_cost_cents = $3, licence_currency = $4, licence_portal = true, version = version + 1
		where id = $1 and version = $2`, app.ID, version, cents, cur)
	if err != nil {
		return err
	}
	if n == 0 {
		return errs.Conflict("the application was changed meanwhile; look at it again")
	}
	tx.Record(evidence.Event{Kind: "application.licence_set", Touches: evidence.Touches{"application": 1}, Facts: map[string]any{
		"application": app.ID, "before": map[string]any{"cents": app.LicenceCostCents, "currency": app.LicenceCurrency},
		"after": map[string]any{"cents": cents, "currency": cur}}})
	return nil
}

// SecretSet is when a secret was set last, and by whom. The secret itself is never given.
type SecretSet struct {
	Field string
	At    time.Time
	By    string
}

// Secrets gives, by field, when the secrets of an application were set.
func Secrets(tx *db.Tx, app int) (map[string]SecretSet, error) {
	rows, err := tx.Query(`select s.field, s.set_at, a.name from application_secret s join actor a on a.id = s.set_by where s.application_id = $1`, app)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[SecretSet])
	out := make(map[string]SecretSet, len(all))
	for _, s := range all {
		out[s.Field] = s
	}
	return out, err
}

// noteSecrets notes which secrets are new.
func noteSecrets(tx *db.Tx, app int, secrets, old map[string]string) error {
	var fields []string
	for f, v := range secrets {
		if old[f] != v {
			fields = append(fields, f)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	slices.Sort(fields)
	n, err := tx.Exec(`insert into application_secret (application_id, field, set_by) select $1, f, $3 from unnest($2::text[]) f
		on conflict (application_id, field) do update set set_at = clock_timestamp(), set_by = excluded.set_by`, app, fields, tx.Actor.ID)
	tx.Record(evidence.Event{Kind: "application.secret_set", Touches: evidence.Touches{"application_secret": int(n)},
		Facts: map[string]any{"application": app, "fields": fields}})
	return err
}

// ReplaceSecret seals a new value of one secret. The old one is gone; neither is ever shown.
func ReplaceSecret(tx *db.Tx, name, field, value string, kinds map[string]connector.Kind) error {
	app, err := named(tx, name)
	if err != nil {
		return err
	}
	if app == nil {
		return errs.NotFound("there is no application %q", name)
	}
	i := slices.IndexFunc(kinds[app.Connector].Fields, func(f plug.Field) bool { return f.Name == field && f.Type == plug.Secret })
	if i < 0 {
		return errs.NotFound("the connector has no secret %q", field)
	}
	if value == "" || len(value) > 4000 {
		return errs.InvalidFields("the secret is not right:", []errs.Field{{Field: "secret", Rule: "must have 1 to 4000 characters"}})
	}
	secrets, err := openSecrets(app, tx.DB.Keeper)
	if err != nil {
		return err
	}
	old := maps.Clone(secrets)
	secrets[field] = value
	config := plug.Config{}
	maps.Copy(config, app.Config)
	maps.Copy(config, secrets)
	if _, bad := plug.Check(kinds[app.Connector].Fields, config); len(bad) > 0 {
		return errs.InvalidFields("the secret does not fit the settings:", bad)
	}
	plain, err := json.Marshal(secrets)
	if err != nil {
		return err
	}
	sealed, err := tx.DB.Keeper.Seal(secretsPlace(app.ID), plain)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`update application set secrets = $2, version = version + 1 where id = $1`, app.ID, sealed); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "application.secret_replaced", Touches: evidence.Touches{"application": 1}, Facts: map[string]any{"application": app.ID, "field": field}})
	old[field] = "" // the same value anew counts as set anew
	return noteSecrets(tx, app.ID, map[string]string{field: value}, old)
}
