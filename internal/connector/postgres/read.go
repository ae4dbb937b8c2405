package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/connector"
)

const roleKind = "role"

// role is one row of pg_roles with its comment.
type role struct {
	oid      uint32
	name     string
	login    bool
	super    bool
	creator  bool
	replica  bool
	bypass   bool
	until    *time.Time // nil: no end, or infinite
	comment  comment
	sessions int // open now; only read for one account
}

// selectRoles reads roles; a where clause follows. pg_get_userbyid and friends are not used: they hide what is missing.
const selectRoles = `select r.oid, r.rolname, r.rolcanlogin, r.rolsuper, r.rolcreaterole, r.rolreplication, r.rolbypassrls,
	case when isfinite(r.rolvaliduntil) then r.rolvaliduntil end, coalesce(d.description, '')
	from pg_roles r left join pg_shdescription d on d.objoid = r.oid and d.classoid = 'pg_authid'::regclass `

func (t *target) roles(ctx context.Context, tx pgx.Tx, where string, args ...any) ([]role, error) {
	rows, err := tx.Query(ctx, selectRoles+where, args...)
	if err != nil {
		return nil, reading(err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (role, error) {
		var r role
		var said string
		err := row.Scan(&r.oid, &r.name, &r.login, &r.super, &r.creator, &r.replica, &r.bypass, &r.until, &said)
		r.comment = parseComment(t.marker, said)
		return r, err
	})
	return out, reading(err)
}

func (r role) isAccount() bool { return r.login || r.comment.marked }

// isEntitlement says whether a role is offered as an entitlement.
func (t *target) isEntitlement(r role) bool {
	builtin := strings.HasPrefix(r.name, "pg_")
	return !r.isAccount() && (builtin && t.builtin || !builtin && strings.HasPrefix(r.name, t.prefix))
}

func (r role) account() connector.Account {
	attrs := map[string]string{}
	set := func(name, value string, yes bool) {
		if yes && value != "" {
			attrs[name] = value
		}
	}
	set("display_name", r.comment.text, r.comment.id != "")
	set("comment", r.comment.text, r.comment.id == "")
	set("open_sessions", strconv.Itoa(r.sessions), r.sessions > 0)
	if r.until != nil {
		attrs["valid_until"] = r.until.UTC().Format(time.RFC3339)
	}
	var powers []string
	for _, p := range []struct {
		has  bool
		name string
	}{{r.super, "superuser"}, {r.creator, "createrole"}, {r.replica, "replication"}, {r.bypass, "bypassrls"}} {
		if p.has {
			powers = append(powers, p.name)
		}
	}
	set("powers", strings.Join(powers, ", "), true)
	return connector.Account{
		NativeID: r.id(), ExternalID: r.comment.id, Name: r.name, Enabled: r.login, Attrs: attrs, Privileged: len(powers) > 0,
	}
}

func (r role) id() string { return strconv.FormatUint(uint64(r.oid), 10) }

func (r role) entitlement() connector.Entitlement {
	return connector.Entitlement{Kind: roleKind, NativeID: r.id(), Name: r.name, Description: r.comment.text}
}

// snapshot reads in one read-only snapshot, so that what is read belongs together.
func (t *target) snapshot(ctx context.Context, read func(pgx.Tx) error) error {
	err := pgx.BeginTxFunc(ctx, t.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, read)
	return reading(err)
}

// Accounts lists the login roles and the roles that carry the marker.
func (t *target) Accounts(ctx context.Context) iter.Seq2[connector.Account, error] {
	return list(ctx, t, func(tx pgx.Tx) (out []connector.Account, err error) {
		all, err := t.roles(ctx, tx, "order by r.oid")
		for _, r := range all {
			if r.isAccount() {
				out = append(out, r.account())
			}
		}
		return out, err
	})
}

// Entitlements lists the group roles.
func (t *target) Entitlements(ctx context.Context) iter.Seq2[connector.Entitlement, error] {
	return list(ctx, t, func(tx pgx.Tx) (out []connector.Entitlement, err error) {
		all, err := t.roles(ctx, tx, "order by r.oid")
		for _, r := range all {
			if t.isEntitlement(r) {
				out = append(out, r.entitlement())
			}
		}
		return out, err
	})
}

// Grants lists the memberships of accounts in group roles.
func (t *target) Grants(ctx context.Context) iter.Seq2[connector.Grant, error] {
	return list(ctx, t, func(tx pgx.Tx) ([]connector.Grant, error) {
		all, err := t.roles(ctx, tx, "")
		if err != nil {
			return nil, err
		}
		return t.memberships(ctx, tx, all, "")
	})
}

// list yields what one snapshot holds, or one error.
func list[T any](ctx context.Context, t *target, read func(pgx.Tx) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var all []T
		err := t.snapshot(ctx, func(tx pgx.Tx) (err error) {
			all, err = read(tx)
			return err
		})
		if err != nil {
			var zero T
			yield(zero, err)
			return
		}
		for _, item := range all {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// memberships gives the grants among roles, each once whoever granted it. where may narrow pg_auth_members m.
func (t *target) memberships(ctx context.Context, tx pgx.Tx, among []role, where string, args ...any) ([]connector.Grant, error) {
	byID := make(map[uint32]role, len(among))
	for _, r := range among {
		byID[r.oid] = r
	}
	rows, err := tx.Query(ctx, `select distinct m.roleid, m.member from pg_auth_members m `+where+` order by 1, 2`, args...)
	if err != nil {
		return nil, reading(err)
	}
	var out []connector.Grant
	var group, member uint32
	_, err = pgx.ForEachRow(rows, []any{&group, &member}, func() error {
		g, m := byID[group], byID[member]
		if g.oid != 0 && m.oid != 0 && t.isEntitlement(g) && m.isAccount() {
			out = append(out, connector.Grant{Account: m.key(), Entitlement: g.entitlement()})
		}
		return nil
	})
	return out, reading(err)
}

func (r role) key() connector.Key {
	return connector.Key{NativeID: r.id(), ExternalID: r.comment.id, Name: r.name}
}

// Account reads one account, the roles it is a member of, and how many sessions it has open.
func (t *target) Account(ctx context.Context, k connector.Key) (connector.Account, []connector.Grant, error) {
	var a connector.Account
	var grants []connector.Grant
	err := t.snapshot(ctx, func(tx pgx.Tx) error {
		r, err := t.find(ctx, tx, k)
		if err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `select count(*) from pg_stat_activity where usesysid = $1`, r.oid).Scan(&r.sessions); err != nil {
			return err
		}
		a = r.account()
		held, err := t.roles(ctx, tx, `where r.oid = $1 or r.oid in (select roleid from pg_auth_members where member = $1)`, r.oid)
		if err != nil {
			return err
		}
		grants, err = t.memberships(ctx, tx, held, "where m.member = $1", r.oid)
		return err
	})
	return a, grants, err
}

var errNoAccount = fmt.Errorf("%w: no such account", connector.ErrNotFound)

// find gives one account by the first part of the key that is given; never by a weaker part.
func (t *target) find(ctx context.Context, tx pgx.Tx, k connector.Key) (role, error) {
	var found []role
	var err error
	switch {
	case k.NativeID != "":
		oid, bad := parseOID(k.NativeID)
		if bad != nil {
			return role{}, errNoAccount
		}
		found, err = t.roles(ctx, tx, "where r.oid = $1", oid)
	case k.ExternalID != "":
		found, err = t.roles(ctx, tx, "where d.description = $1 or starts_with(d.description, $1 || ' ')", t.marker+":"+k.ExternalID)
	case k.Name != "":
		found, err = t.roles(ctx, tx, "where r.rolname = $1", k.Name)
	}
	switch {
	case err != nil:
		return role{}, err
	case len(found) > 1:
		return role{}, fmt.Errorf("%w: %d roles carry the same external id", connector.ErrRefused, len(found))
	case len(found) == 0 || !found[0].isAccount():
		return role{}, errNoAccount
	}
	return found[0], nil
}

// findGroup gives a group role by oid or name.
func (t *target) findGroup(ctx context.Context, tx pgx.Tx, e connector.Entitlement) (role, error) {
	where, arg := "where r.rolname = $1", any(e.Name)
	if e.NativeID != "" {
		oid, err := parseOID(e.NativeID)
		if err != nil {
			return role{}, err
		}
		where, arg = "where r.oid = $1", oid
	}
	found, err := t.roles(ctx, tx, where, arg)
	if err != nil {
		return role{}, err
	}
	if len(found) != 1 || !t.isEntitlement(found[0]) || e.Kind != "" && e.Kind != roleKind {
		return role{}, fmt.Errorf("%w: no such group role", connector.ErrNotFound)
	}
	return found[0], nil
}

func parseOID(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%w: an id of PostgreSQL is a number", connector.ErrNotFound)
	}
	return uint32(n), nil
}

func notFound(err error) bool { return errors.Is(err, connector.ErrNotFound) }
