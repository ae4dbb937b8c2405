package catalog

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"

	"tenure/internal/connector"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// Apply stores an application as its file declares it, with its entitlements, and records events for what changed: an
// unchanged file writes nothing. An entitlement that the file no longer lists stays, undeclared, because reasons and readings
// refer to it. The caller holds the policy lock. Errors name fields of the file ("spec.config.url").
func Apply(tx *db.Tx, name string, s ApplicationSpec, kinds map[string]connector.Kind) (changed bool, err error) {
	given := s // before the defaults: which fields the file states
	s = s.withDefaults(name)
	bad := s.check(name, kinds)
	old, err := named(tx, name)
	if err != nil {
		return false, err
	}
	if old != nil && old.Connector != s.Connector {
		bad = append(bad, errs.Field{Field: "spec.connector", Rule: fmt.Sprintf("was %q and cannot change: its accounts live there; declare another application", old.Connector)})
	}
	owners, more, err := s.owners(tx)
	if err != nil {
		return false, err
	}
	bad = append(bad, more...)
	var oldSecrets map[string]string
	if old != nil {
		if oldSecrets, err = openSecrets(old, tx.DB.Keeper); err != nil {
			return false, err
		}
	}
	var set settings
	if kind, ok := kinds[s.Connector]; ok {
		set, more = resolve(tx, &s, kind, old, oldSecrets)
		bad = append(bad, more...)
	}
	if len(bad) > 0 {
		return false, errs.InvalidFields("application "+name+" is not right:", bad)
	}
	s.Config = set.spec
	app := &Application{Name: name, Title: s.Title, Connector: s.Connector, Mode: s.Mode, OwnerID: owners[s.Owner], Config: set.plain,
		Spec: s, RetentionDays: *s.Accounts.RetentionDays, Version: 1}
	app.licence(old)
	sealed := old != nil && maps.Equal(oldSecrets, set.secret)
	if sealed {
		app.Secrets = old.Secrets
	}
	wrote, err := store(tx, app, old, set.secret, sealed)
	if err != nil {
		return false, err
	}
	if !sealed && len(set.secret) > 0 {
		if err := noteSecrets(tx, app.ID, set.secret, oldSecrets); err != nil {
			return false, err
		}
	}
	n, err := storeEntitlements(tx, app, &given, owners)
	return wrote || n > 0, err
}

func named(tx *db.Tx, name string) (*Application, error) {
	rows, err := tx.Query(`select id, name, title, connector, mode, owner_id, config, secrets, spec, retention_days, version,
			licence_cost_cents, licence_currency, licence_portal
		from application where name = $1 for update`, name)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Application])
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// owners finds everybody whom the spec names. The answer has nil for "".
func (s *ApplicationSpec) owners(tx *db.Tx) (map[string]*int, []errs.Field, error) {
	where := map[string]string{} // reference -> first field
	var refs []string
	add := func(ref, field string) {
		if ref != "" && where[ref] == "" {
			where[ref] = field
			refs = append(refs, ref)
		}
	}
	add(s.Owner, "spec.owner")
	for i, e := range s.Entitlements {
		add(e.Owner, fmt.Sprintf("spec.entitlements[%d].owner", i))
	}
	found, err := People(tx, refs)
	if err != nil {
		return nil, nil, err
	}
	out := map[string]*int{}
	var bad []errs.Field
	for _, ref := range refs {
		if id, ok := found[ref]; ok {
			out[ref] = &id
		} else {
			bad = append(bad, errs.Field{Field: where[ref], Rule: NobodyRule(ref)})
		}
	}
	return out, bad, nil
}

// store inserts or updates the application's row and gives app its id.
func store(tx *db.Tx, app, old *Application, secrets map[string]string, sealed bool) (bool, error) {
	if old != nil {
		app.ID, app.Version = old.ID, old.Version+1
		if sealed && sameRow(app, old) {
			return false, nil
		}
	} else {
		id, err := tx.IDs("application", 1)
		if err != nil {
			return false, err
		}
		app.ID = id
	}
	if !sealed && len(secrets) > 0 {
		plain, err := json.Marshal(secrets)
		if err != nil {
			return false, err
		}
		if app.Secrets, err = tx.DB.Keeper.Seal(secretsPlace(app.ID), plain); err != nil {
			return false, err
		}
	}
	n, err := tx.Exec(`insert into application (id, name, title, connector, mode, owner_id, config, secrets, spec, retention_days, version,
			licence_cost_cents, licence_currency, licence_portal)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		on conflict (name) do update set title = excluded.title, mode = excluded.mode, owner_id = excluded.owner_id, config = excluded.config,
			secrets = excluded.secrets, spec = excluded.spec, retention_days = excluded.retention_days, version = excluded.version,
			licence_cost_cents = excluded.licence_cost_cents, licence_currency = excluded.licence_currency, licence_portal = excluded.licence_portal`,
		app.ID, app.Name, app.Title, app.Connector, app.Mode, app.OwnerID, app.Config, app.Secrets, app.Spec, app.RetentionDays, app.Version,
		app.LicenceCostCents, app.LicenceCurrency, app.LicencePortal)
	if err != nil {
		return false, err
	}
	tx.Record(evidence.Event{Kind: "application.declared", Touches: evidence.Touches{"application": int(n)}, Facts: factsOf(app, sealed)})
	return true, nil
}

func sameRow(a, b *Application) bool {
	return a.Title == b.Title && a.Mode == b.Mode && sameJSON(a.OwnerID, b.OwnerID) && sameJSON(a.Config, b.Config) &&
		sameJSON(a.Spec, b.Spec) && a.RetentionDays == b.RetentionDays &&
		sameJSON(a.LicenceCostCents, b.LicenceCostCents) && sameJSON(a.LicenceCurrency, b.LicenceCurrency)
}

// applicationFacts is what the log says of an application: no secrets, and its owner by id only.
type applicationFacts struct {
	ID         int               `json:"id"`
	Name       string            `json:"name"`
	Title      string            `json:"title"`
	Connector  string            `json:"connector"`
	Mode       Mode              `json:"mode"`
	Owner      *int              `json:"owner,omitempty"`
	Config     map[string]string `json:"config"`
	Accounts   AccountSpec       `json:"accounts"`
	Drift      Drift             `json:"drift"`
	NewSecrets bool              `json:"new_secrets,omitempty"`
	Version    int               `json:"version"`
}

func factsOf(a *Application, sealed bool) applicationFacts {
	return applicationFacts{ID: a.ID, Name: a.Name, Title: a.Title, Connector: a.Connector, Mode: a.Mode, Owner: a.OwnerID, Config: a.Config,
		Accounts: a.Spec.Accounts, Drift: a.Spec.Drift, NewSecrets: !sealed && len(a.Secrets) > 0, Version: a.Version}
}
