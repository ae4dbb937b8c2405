package provision

import (
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/evidence"
)

// store brings the catalog up to what the reading saw: entitlements that are new, accounts that are new (correlated to a
// person, or orphans), how every account looked, what each holds, and what is no longer there. Set-based over two staged tables.
func (v *view) store(tx *db.Tx) error {
	for _, step := range []func(*db.Tx) error{v.stage, v.lock, v.entitlements, v.identify, v.discover, v.services, v.correlate, v.seen, v.observed, v.vanished} {
		if err := step(tx); err != nil {
			return err
		}
	}
	return nil
}

func (v *view) stage(tx *db.Tx) error {
	if _, err := tx.Exec(`create temp table seen_account (native_id text, external_id text, name text, enabled boolean, email text, number text,
			last_sign_in timestamptz, privileged boolean, account_id int) on commit drop;
		create temp table seen_grant (account text, kind text, native_id text, name text, param text) on commit drop`); err != nil {
		return err
	}
	i := 0
	if _, err := tx.Copy("seen_account", []string{"native_id", "external_id", "name", "enabled", "email", "number", "last_sign_in", "privileged"},
		func() ([]any, bool) {
			if i == len(v.accounts) {
				return nil, false
			}
			a := &v.accounts[i]
			i++
			var last *time.Time
			if !a.LastSignIn.IsZero() {
				last = &a.LastSignIn
			}
			return []any{a.NativeID, a.ExternalID, a.Name, a.Enabled, a.Attrs["email"], a.Attrs["employee_number"], last, a.Privileged}, true
		}); err != nil {
		return err
	}
	i = 0
	if _, err := tx.Copy("seen_grant", []string{"account", "kind", "native_id", "name", "param"}, func() ([]any, bool) {
		if i == len(v.grants) {
			return nil, false
		}
		g := &v.grants[i]
		i++
		account := g.Account.NativeID
		if v.account != 0 && account == "" && len(v.accounts) == 1 {
			account = v.accounts[0].NativeID
		}
		return []any{account, g.Entitlement.Kind, g.Entitlement.NativeID, g.Entitlement.Name, g.Param}, true
	}); err != nil {
		return err
	}
	_, err := tx.Exec(`analyze seen_account; analyze seen_grant`)
	return err
}

// lock takes the accounts that the reading may change and the operations that it judges, in the order in which settling takes
// them. All of an application's accounts would do as well, but a leaver must not wait for a large reading.
func (v *view) lock(tx *db.Tx) error {
	if _, err := tx.Exec(`select 1 from account a where a.application_id = $1 and ($2 = 0 or a.id = $2) and (
			a.native_id is null or a.gone_at is not null
			or not exists (select from seen_account s where s.native_id = a.native_id)
			or a.kind = 'person' and not exists (select from account_link l where l.account_id = a.id and l.known_to = 'infinity'))
		order by a.id for no key update`, v.app.ID, v.account); err != nil {
		return err
	}
	_, err := tx.Exec(`select 1 from operation where application_id = $1 and state = 'acknowledged' and acknowledged_at < $2
		and ($3 = 0 or account_id = $3) order by id for no key update`, v.app.ID, v.started, v.account)
	return err
}

// entitlements notes those that are new and the native ids of those that were declared by name.
func (v *view) entitlements(tx *db.Tx) error {
	var kinds, natives, names, descriptions []string
	have := map[string]bool{}
	for _, e := range v.entitled {
		if k := e.Kind + "\x00" + e.NativeID; !have[k] {
			have[k] = true
			kinds, natives, names, descriptions = append(kinds, e.Kind), append(natives, e.NativeID), append(names, e.Name), append(descriptions, e.Description)
		}
	}
	for _, g := range v.grants {
		e := g.Entitlement
		if k := e.Kind + "\x00" + e.NativeID; !have[k] && e.Name != "" {
			have[k] = true
			kinds, natives, names, descriptions = append(kinds, e.Kind), append(natives, e.NativeID), append(names, e.Name), append(descriptions, e.Description)
		}
	}
	if len(kinds) == 0 {
		return nil
	}
	// A group that was deleted and made again has a new native id under the old name; one that was renamed keeps its id.
	n, err := tx.Exec(`insert into entitlement (application_id, kind, name, native_id, title, description)
		select distinct on (s.kind, s.name) $1, s.kind, s.name, s.native_id, s.name, s.description
		from unnest($2::text[], $3::text[], $4::text[], $5::text[]) s(kind, native_id, name, description)
		where not exists (select from entitlement e where e.application_id = $1 and e.kind = s.kind and e.native_id = s.native_id)
		order by s.kind, s.name, s.native_id
		on conflict (application_id, kind, name) do update set native_id = excluded.native_id where entitlement.native_id is distinct from excluded.native_id`,
		v.app.ID, kinds, natives, names, descriptions)
	if err != nil {
		return err
	}
	v.record(tx, "entitlement.discovered", evidence.Touches{"entitlement": int(n)})
	return nil
}

// identify finds the accounts we know: by native id, else by the external id we gave them.
func (v *view) identify(tx *db.Tx) error {
	if _, err := tx.Exec(`update seen_account s set account_id = a.id from account a
		where a.application_id = $1 and a.native_id = s.native_id and a.gone_at is null`, v.app.ID); err != nil {
		return err
	}
	n, err := tx.Exec(`with found as (
			update seen_account s set account_id = a.id from account a
			where s.account_id is null and a.application_id = $1 and s.external_id <> '' and a.external_id::text = lower(s.external_id)
			returning a.id, s.native_id)
		update account a set native_id = f.native_id, gone_at = null from found f where a.id = f.id`, v.app.ID)
	if err != nil {
		return err
	}
	v.record(tx, "account.recognised", evidence.Touches{"account": int(n)})
	return nil
}

// discover makes rows for accounts nobody knew, with their names reserved: they are orphans until somebody fits.
func (v *view) discover(tx *db.Tx) error {
	rows, err := tx.Query(`select native_id, name from seen_account where account_id is null order by native_id`)
	if err != nil {
		return err
	}
	type fresh struct{ native, name string }
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (f fresh, err error) { err = r.Scan(&f.native, &f.name); return f, err })
	if err != nil || len(list) == 0 {
		return err
	}
	first, err := tx.IDs("account", len(list))
	if err != nil {
		return err
	}
	ids, natives, names := make([]int, len(list)), make([]string, len(list)), make([]string, len(list))
	for i, f := range list {
		ids[i], natives[i], names[i] = first+i, f.native, f.name
	}
	if _, err := tx.Exec(`insert into account (id, application_id, native_id, name)
		select id, $1, native_id, name from unnest($2::int[], $3::text[], $4::text[]) f(id, native_id, name)`, v.app.ID, ids, natives, names); err != nil {
		return err
	}
	if _, err := tx.Exec(`insert into account_name (application_id, name, base, n, account_id)
		select distinct on (lower(name)) $1, lower(name), lower(name), 1, id from unnest($2::int[], $3::text[]) f(id, name)
		order by lower(name), id on conflict do nothing`, v.app.ID, ids, names); err != nil {
		return err
	}
	if _, err := tx.Exec(`update seen_account s set account_id = f.id from unnest($1::int[], $2::text[]) f(id, native_id)
		where s.native_id = f.native_id and s.account_id is null`, ids, natives); err != nil {
		return err
	}
	v.record(tx, "account.discovered", evidence.Touches{"account": len(list)})
	return nil
}

// services marks the accounts that the application declares to be machines'.
func (v *view) services(tx *db.Tx) error {
	n, err := tx.Exec(`update account a set kind = 'service' where a.application_id = $1 and a.kind = 'person' and lower(a.name) = any($2)
		and not exists (select from account_link l where l.account_id = a.id and l.known_to = 'infinity')`, v.app.ID, lower(v.app.Spec.Accounts.Service))
	if err == nil {
		v.record(tx, "account.declared_service", evidence.Touches{"account": int(n)})
	}
	return err
}

func lower(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = strings.ToLower(n)
	}
	return out
}

// correlate links accounts without a person to the one person whom they fit, by the rules of the application in their order.
func (v *view) correlate(tx *db.Tx) error {
	for _, by := range v.app.Spec.Accounts.Correlate {
		var fits []string // each an equality, so that it is a join of sets: one condition with "or" compares everybody with everything
		switch by {
		case "number":
			fits = []string{`i.number = f.number`}
		case "email":
			fits = []string{`lower(i.email) = lower(nullif(f.email, ''))`}
		case "name":
			fits = []string{`lower(i.email) = lower(f.name)`, `i.number = f.name`, `lower(split_part(i.email, '@', 1)) = lower(nullif(f.name, ''))`}
		default:
			continue
		}
		for n := range fits {
			fits[n] = `select f.account_id, i.id from free f join identity i on i.kind = 'person' and ` + fits[n]
		}
		n, err := tx.Exec(`with free as materialized (select s.account_id, s.name, s.email, s.number from seen_account s
				join account a on a.id = s.account_id and a.kind = 'person'
				where not exists (select from account_link l where l.account_id = s.account_id and l.known_to = 'infinity')),
			fit as (select account_id, min(id) identity_id from (` + strings.Join(append(fits, `select 0, 0 where false`), " union ") + `) f group by account_id having count(*) = 1)
			insert into account_link (account_id, identity_id, known_from) select account_id, identity_id, clock_timestamp() from fit`)
		if err != nil {
			return err
		}
		v.record(tx, "account.correlated", evidence.Touches{"account_link": int(n)})
	}
	// A person's second account at an application gets a slot of its own: policy speaks of the first.
	n, err := tx.Exec(`update account a set slot = 'extra-' || a.id from account_link l
		where l.account_id = a.id and l.known_to = 'infinity' and a.application_id = $1 and a.slot = '' and exists (
			select from account b join account_link m on m.account_id = b.id and m.known_to = 'infinity'
			where b.application_id = $1 and b.slot = '' and m.identity_id = l.identity_id and b.id < a.id)`, v.app.ID)
	if err == nil {
		v.record(tx, "account.slotted", evidence.Touches{"account": int(n)})
	}
	return err
}

func (v *view) seen(tx *db.Tx) error {
	_, err := tx.Exec(`insert into account_seen (account_id, reading_id, name, enabled, email, number, last_sign_in, privileged)
		select distinct on (account_id) account_id, $1, name, enabled, email, number, last_sign_in, privileged from seen_account order by account_id
		on conflict (account_id) do update set reading_id = excluded.reading_id, name = excluded.name, enabled = excluded.enabled,
			email = excluded.email, number = excluded.number, last_sign_in = coalesce(excluded.last_sign_in, account_seen.last_sign_in), privileged = excluded.privileged`, v.id)
	return err
}

// observed opens and closes the intervals of readings in which an account held something. Holding the login itself is the
// entitlement of kind account.
func (v *view) observed(tx *db.Tx) error {
	if _, err := tx.Exec(`create temp table held on commit drop as
		select distinct s.account_id, e.id entitlement_id, g.param from seen_grant g
			join seen_account s on s.native_id = g.account
			join entitlement e on e.application_id = $1 and e.kind = g.kind and e.native_id = g.native_id
		union select s.account_id, e.id, '' from seen_account s
			join entitlement e on e.application_id = $1 and e.kind = $2 where s.enabled`, v.app.ID, catalog.AccountKind); err != nil {
		return err
	}
	if _, err := tx.Exec(`create index on held (account_id, entitlement_id); analyze held`); err != nil {
		return err
	}
	if _, err := tx.Exec(`update observed o set seen_to = $1 from account a
		where a.id = o.account_id and a.application_id = $2 and o.seen_to is null and ($3 = 0 or o.account_id = $3)
		and not exists (select from held h where h.account_id = o.account_id and h.entitlement_id = o.entitlement_id and h.param = o.param)`,
		v.id, v.app.ID, v.account); err != nil {
		return err
	}
	_, err := tx.Exec(`insert into observed (account_id, entitlement_id, param, seen_from)
		select h.account_id, h.entitlement_id, h.param, $1 from held h
		where not exists (select from observed o where o.account_id = h.account_id and o.entitlement_id = h.entitlement_id and o.param = h.param
			and o.seen_to is null)`, v.id)
	return err
}

// vanished notes the accounts that the target no longer has.
func (v *view) vanished(tx *db.Tx) error {
	n, err := tx.Exec(`update account a set gone_at = clock_timestamp(), native_id = null
		where a.application_id = $1 and a.native_id is not null and a.gone_at is null and ($2 = 0 or a.id = $2)
		and not exists (select from seen_account s where s.account_id = a.id)
		and not exists (select from operation o where o.account_id = a.id and o.kind = 'create' and o.acknowledged_at > $3)`, v.app.ID, v.account, v.started)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`update account_seen s set enabled = false, reading_id = $1 from account a
		where a.id = s.account_id and a.application_id = $2 and a.gone_at is not null and s.enabled`, v.id, v.app.ID); err != nil {
		return err
	}
	v.record(tx, "account.vanished", evidence.Touches{"account": int(n)})
	return nil
}

// record notes what the reading changed, when it changed anything.
func (v *view) record(tx *db.Tx, kind string, t evidence.Touches) {
	for table, n := range t {
		if n > 0 {
			tx.Record(evidence.Event{Kind: kind, Touches: evidence.Touches{table: n},
				Facts: map[string]any{"application": v.app.ID, "reading": v.id, "count": n}})
		}
	}
}
