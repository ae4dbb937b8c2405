package provision

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/connector"
	"tenure/internal/db"
	"tenure/internal/identity"
)

// accountFacts is what a call needs to know about its account, read when it is claimed: always the newest.
type accountFacts struct {
	external, native, name string
	attrs                  identity.Attrs
	state                  identity.State
	locked                 bool
}

func loadFacts(tx *db.Tx, claims []access.Claim) (map[int]*accountFacts, error) {
	accounts := make([]int, len(claims))
	var people []int
	for i, c := range claims {
		accounts[i] = c.Account
		if c.Identity != 0 {
			people = append(people, c.Identity)
		}
	}
	versions, err := identity.Versions(tx, people)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(`select a.id, a.external_id::text, coalesce(a.native_id, ''), a.name, coalesce(l.identity_id, 0), coalesce(i.state, 'left'),
			i.locked_at is not null
		from account a left join account_link l on l.account_id = a.id and l.known_to = 'infinity' left join identity i on i.id = l.identity_id where a.id = any($1)`, accounts)
	if err != nil {
		return nil, err
	}
	out := map[int]*accountFacts{}
	var id, who int
	var f accountFacts
	_, err = pgx.ForEachRow(rows, []any{&id, &f.external, &f.native, &f.name, &who, &f.state, &f.locked}, func() error {
		g := f
		if v := identity.Main(versions[who], tx.Now); v != nil {
			g.attrs = v.Attrs
		}
		out[id] = &g
		return nil
	})
	return out, err
}

// caller is one operation on its way to the target.
type caller struct {
	conn   connector.Connector
	app    *catalog.Application
	cat    *catalog.Catalog
	c      access.Claim
	f      *accountFacts
	idem   string
	secret string
	made   connector.Account
}

func (k *caller) do(ctx context.Context) error {
	if k.f == nil {
		return fmt.Errorf("%w: the account is unknown to Tenure", connector.ErrRefused)
	}
	switch k.c.Kind {
	case access.Grant, access.Revoke:
		return k.member(ctx)
	}
	a, ok := k.conn.(connector.Accounter)
	if !ok {
		return fmt.Errorf("%w: this connector does not change accounts", connector.ErrRefused)
	}
	want := k.account()
	switch k.c.Kind {
	case access.Create:
		want.Enabled = k.f.state == identity.Active && !k.f.locked
		want.NativeID, want.Secret = "", k.secret
		var err error
		k.made, err = a.CreateAccount(ctx, k.idem, want)
		if err == nil && k.made.Enabled != want.Enabled { // it was there before: a rehire, or an attempt whose answer was lost
			want.NativeID = k.made.NativeID
			err = a.UpdateAccount(ctx, k.idem, want)
			k.made.Enabled = want.Enabled
		}
		return err
	case access.Update:
		now, _, err := k.conn.Account(ctx, k.key())
		if err != nil {
			return err
		}
		want.Enabled = now.Enabled // an update of attributes never changes whether the account may sign in
		return a.UpdateAccount(ctx, k.idem, want)
	case access.Enable:
		want.Enabled = true
		return a.UpdateAccount(ctx, k.idem, want)
	case access.Disable:
		return a.DisableAccount(ctx, k.idem, want)
	case access.Delete:
		return a.DeleteAccount(ctx, k.idem, want)
	}
	return fmt.Errorf("%w: unknown kind of operation %q", connector.ErrRefused, k.c.Kind)
}

// account is the account as it should be at the target.
func (k *caller) account() connector.Account {
	return connector.Account{NativeID: k.f.native, ExternalID: k.f.external, Name: k.f.name,
		Attrs: catalog.TargetAttrs(k.app, k.f.attrs)}
}

func (k *caller) key() connector.Key {
	return connector.Key{NativeID: k.f.native, ExternalID: k.f.external, Name: k.f.name}
}

func (k *caller) member(ctx context.Context) error {
	g, ok := k.conn.(connector.Granter)
	if !ok {
		return fmt.Errorf("%w: this connector does not change what accounts hold", connector.ErrRefused)
	}
	e := k.cat.Entitlements[k.c.Entitlement]
	if e == nil {
		return fmt.Errorf("%w: the entitlement is unknown to Tenure", connector.ErrRefused)
	}
	grant := connector.Grant{Account: k.key(), Entitlement: connector.Entitlement{Kind: e.Kind, Name: e.Name}, Param: k.c.Param}
	if e.NativeID != nil {
		grant.Entitlement.NativeID = *e.NativeID
	}
	if k.c.Kind == access.Grant {
		return g.Grant(ctx, k.idem, grant)
	}
	return g.Revoke(ctx, k.idem, grant)
}

// newSecret makes a first credential: 130 bits, in letters and digits that are not mistaken for one another.
func newSecret() string {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base32.NewEncoding("abcdefghjkmnpqrstuvwxyz23456789A").WithPadding(base32.NoPadding).EncodeToString(b)[:26]
}
