package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/connector"
)

// write changes roles in one transaction. Whatever fails before COMMIT has surely not happened. A conflict with another
// change of the same role is tried again.
func (t *target) write(ctx context.Context, do func(pgx.Tx) error) error {
	var err error
	for range 5 {
		if err = t.writeOnce(ctx, do); !conflict(err) {
			break
		}
	}
	return reading(err)
}

func (t *target) writeOnce(ctx context.Context, do func(pgx.Tx) error) error {
	tx, err := t.pool.Begin(ctx)
	if err != nil {
		return err
	}
	// The rollback must reach the server also when ctx is over; after a commit it does nothing.
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if err := do(tx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err // nothing is committed
	}
	return committing(tx.Commit(ctx))
}

func exec(ctx context.Context, tx pgx.Tx, statements ...string) error {
	for _, s := range statements {
		if _, err := tx.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// CreateAccount makes a login role with the marker, or returns the one that already carries the external id. Of the attributes it keeps
// display_name. Secret is sent as a SCRAM verifier.
func (t *target) CreateAccount(ctx context.Context, _ string, a connector.Account) (connector.Account, error) {
	if err := checkName(a.Name); err != nil {
		return connector.Account{}, err
	}
	if strings.ContainsAny(a.ExternalID, " \x00") || a.ExternalID == "-" {
		return connector.Account{}, fmt.Errorf("%w: an external id is one word", connector.ErrRefused)
	}
	create := "create role " + ident(a.Name) + " " + login(a.Enabled)
	if a.Secret != "" {
		v, err := verifier(a.Secret)
		if err != nil {
			return connector.Account{}, err
		}
		create += " password " + literal(v)
	}
	mark := comment{marked: true, id: a.ExternalID, text: oneLine(a.Attrs["display_name"])}
	var made connector.Account
	err := t.write(ctx, func(tx pgx.Tx) error {
		if a.ExternalID != "" {
			// Two attempts at the same account must not both find that it is not there.
			if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, t.marker+":"+a.ExternalID); err != nil {
				return err
			}
			r, err := t.find(ctx, tx, connector.Key{ExternalID: a.ExternalID})
			if err == nil {
				made = r.account()
			}
			if !notFound(err) {
				return err
			}
		}
		if err := exec(ctx, tx, create, "comment on role "+ident(a.Name)+" is "+literal(mark.String(t.marker))); err != nil {
			return err
		}
		r, err := t.find(ctx, tx, connector.Key{Name: a.Name})
		made = r.account()
		return err
	})
	return made, err
}

func login(enabled bool) string {
	if enabled {
		return "login"
	}
	return "nologin"
}

func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "\x00", "")), " ")
}

// UpdateAccount sets the name, when one is given, whether the account may log in, and display_name on an account with an
// external id. Sessions of an account that may not log in are ended.
func (t *target) UpdateAccount(ctx context.Context, _ string, a connector.Account) error {
	if a.Name != "" {
		if err := checkName(a.Name); err != nil {
			return err
		}
	}
	var r role
	err := t.write(ctx, func(tx pgx.Tx) (err error) {
		if r, err = t.find(ctx, tx, connector.Key{NativeID: a.NativeID, ExternalID: a.ExternalID, Name: a.Name}); err != nil {
			return err
		}
		if err := t.enable(ctx, tx, r, a.Enabled); err != nil {
			return err
		}
		mark := r.comment
		if name, given := a.Attrs["display_name"]; given && mark.id != "" && oneLine(name) != mark.text {
			mark.text = oneLine(name)
			if err := exec(ctx, tx, "comment on role "+ident(r.name)+" is "+literal(mark.String(t.marker))); err != nil {
				return err
			}
		}
		if a.Name == "" || a.Name == r.name {
			return nil
		}
		if err := t.notSelf(ctx, tx, r); err != nil {
			return err
		}
		return exec(ctx, tx, "alter role "+ident(r.name)+" rename to "+ident(a.Name))
	})
	if err != nil || a.Enabled {
		return err
	}
	return t.end(ctx, r)
}

// DisableAccount takes the right to log in and ends the open sessions, where the connector's role may.
func (t *target) DisableAccount(ctx context.Context, _ string, a connector.Account) error {
	var r role
	err := t.write(ctx, func(tx pgx.Tx) (err error) {
		if r, err = t.find(ctx, tx, connector.Key{NativeID: a.NativeID, ExternalID: a.ExternalID, Name: a.Name}); err != nil {
			return err
		}
		return t.enable(ctx, tx, r, false)
	})
	if notFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return t.end(ctx, r)
}

// enable gives or takes the right to log in. An adopted account carries the marker while it is disabled.
func (t *target) enable(ctx context.Context, tx pgx.Tx, r role, on bool) error {
	if r.login == on {
		return nil
	}
	if err := t.notSelf(ctx, tx, r); err != nil {
		return err
	}
	statements := []string{"alter role " + ident(r.name) + " " + login(on)}
	if r.comment.id == "" {
		mark := comment{marked: !on, text: r.comment.text}
		statements = append(statements, "comment on role "+ident(r.name)+" is "+literal(mark.String(t.marker)))
	}
	return exec(ctx, tx, statements...)
}

// notSelf refuses to lock the connector out.
func (t *target) notSelf(ctx context.Context, tx pgx.Tx, r role) error {
	var self bool
	if err := tx.QueryRow(ctx, `select $1::text in (current_user, session_user)`, r.name).Scan(&self); err != nil {
		return err
	}
	if self {
		return fmt.Errorf("%w: this is the role that Tenure itself connects as", connector.ErrRefused)
	}
	return nil
}

// end ends the sessions of a role. Without the right to (pg_signal_backend, or being a member of the role) they stay, and
// show as open_sessions when the account is read.
func (t *target) end(ctx context.Context, r role) error {
	if !t.endSessions {
		return nil
	}
	_, err := t.pool.Exec(ctx, `select pg_terminate_backend(pid) from pg_stat_activity where usesysid = $1 and pid <> pg_backend_pid()`, r.oid)
	if err = reading(err); connector.Classify(err) == connector.ClassPermanent {
		return nil
	}
	return err
}

// DeleteAccount drops the role and its memberships. A role that owns objects or holds privileges of its own is refused.
func (t *target) DeleteAccount(ctx context.Context, _ string, a connector.Account) error {
	var r role
	err := t.write(ctx, func(tx pgx.Tx) (err error) {
		if r, err = t.find(ctx, tx, connector.Key{NativeID: a.NativeID, ExternalID: a.ExternalID, Name: a.Name}); err != nil {
			return err
		}
		if err := t.notSelf(ctx, tx, r); err != nil {
			return err
		}
		return exec(ctx, tx, "drop role "+ident(r.name))
	})
	if notFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return t.end(ctx, r)
}

// Grant makes an account a member of a group role.
func (t *target) Grant(ctx context.Context, _ string, g connector.Grant) error {
	return t.write(ctx, func(tx pgx.Tx) error {
		m, group, err := t.both(ctx, tx, g)
		if err != nil {
			return err
		}
		grantors, err := t.grantors(ctx, tx, group, m)
		if err != nil || len(grantors) > 0 {
			return err
		}
		return exec(ctx, tx, "grant "+ident(group.name)+" to "+ident(m.name))
	})
}

// Revoke ends a membership, whoever granted it.
func (t *target) Revoke(ctx context.Context, _ string, g connector.Grant) error {
	err := t.write(ctx, func(tx pgx.Tx) error {
		m, group, err := t.both(ctx, tx, g)
		if err != nil {
			return err
		}
		grantors, err := t.grantors(ctx, tx, group, m)
		if err != nil {
			return err
		}
		for _, by := range grantors {
			if err := exec(ctx, tx, "revoke "+ident(group.name)+" from "+ident(m.name)+by); err != nil {
				return err
			}
		}
		return nil
	})
	if notFound(err) {
		return nil
	}
	return err
}

func (t *target) both(ctx context.Context, tx pgx.Tx, g connector.Grant) (account, group role, err error) {
	if account, err = t.find(ctx, tx, g.Account); err == nil {
		group, err = t.findGroup(ctx, tx, g.Entitlement)
	}
	return account, group, err
}

// grantors gives one clause for each time a membership was granted: from PostgreSQL 16 on a role can be granted by several
// others, and each grant has to be revoked as its grantor's.
func (t *target) grantors(ctx context.Context, tx pgx.Tx, group, member role) ([]string, error) {
	rows, err := tx.Query(ctx, `select case when current_setting('server_version_num')::int >= 160000 then ' granted by ' || quote_ident(r.rolname) else '' end
		from pg_auth_members m left join pg_roles r on r.oid = m.grantor where m.roleid = $1 and m.member = $2`, group.oid, member.oid)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
