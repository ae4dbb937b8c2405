package connectortest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tenure/internal/connector"
)

func testGrant(t *testing.T, h Harness) {
	o := h.open(t)
	a, b := o.account(t, "ada"), o.account(t, "bea")
	readers, writers := o.entitlement(t, "Readers"), o.entitlement(t, "Writers")
	for range 3 {
		o.ok(t, "grant", o.g.Grant(t.Context(), "k", grantOf(a, readers)))
	}
	o.ok(t, "grant", o.g.Grant(t.Context(), "k", grantOf(b, readers)))
	o.ok(t, "grant", o.g.Grant(t.Context(), "k", grantOf(a, writers)))
	o.holders(t, readers, a.NativeID, b.NativeID)
	o.holders(t, writers, a.NativeID)

	_, grants := o.read(t, key(a))
	var held []string
	for _, g := range grants {
		if g.Account.NativeID != a.NativeID || g.Entitlement.Kind != h.Kind {
			t.Errorf("a grant of %+v", g)
		}
		held = append(held, g.Entitlement.NativeID)
	}
	slices.Sort(held)
	want := []string{readers.NativeID, writers.NativeID}
	slices.Sort(want)
	if !slices.Equal(held, want) {
		t.Errorf("the account holds %v, want %v", held, want)
	}
}

func testGrantByName(t *testing.T, h Harness) {
	o := h.open(t)
	a, e := o.account(t, "ada"), o.entitlement(t, "Readers")
	byName := connector.Grant{
		Account:     connector.Key{ExternalID: a.ExternalID},
		Entitlement: connector.Entitlement{Kind: h.Kind, Name: e.Name},
	}
	o.ok(t, "grant", o.g.Grant(t.Context(), "k", byName))
	o.ok(t, "grant", o.g.Grant(t.Context(), "k", grantOf(a, e)))
	o.holders(t, e, a.NativeID)
	o.ok(t, "revoke", o.g.Revoke(t.Context(), "k", byName))
	o.holders(t, e)
}

func testGrantMissing(t *testing.T, h Harness) {
	o := h.open(t)
	a, e := o.account(t, "ada"), o.entitlement(t, "Readers")
	for _, k := range missing(a) {
		g := connector.Grant{Account: k, Entitlement: e}
		o.class(t, "grant to nobody", o.g.Grant(t.Context(), "k", g), connector.ClassNotFound)
		o.ok(t, "revoke from nobody", o.g.Revoke(t.Context(), "k", g))
	}
	for _, gone := range []connector.Entitlement{{Kind: h.Kind, NativeID: otherID(e.NativeID)}, {Kind: h.Kind, Name: "nothing"}} {
		o.class(t, "grant nothing", o.g.Grant(t.Context(), "k", grantOf(a, gone)), connector.ClassNotFound)
		o.ok(t, "revoke nothing", o.g.Revoke(t.Context(), "k", grantOf(a, gone)))
	}
	o.holders(t, e)
}

func testRevoke(t *testing.T, h Harness) {
	o := h.open(t)
	a, b, e := o.account(t, "ada"), o.account(t, "bea"), o.entitlement(t, "Readers")
	o.ok(t, "revoke what is not held", o.g.Revoke(t.Context(), "k", grantOf(a, e)))
	for _, x := range []connector.Account{a, b} {
		o.ok(t, "grant", o.g.Grant(t.Context(), "k", grantOf(x, e)))
	}
	for range 2 {
		o.ok(t, "revoke", o.g.Revoke(t.Context(), "k", grantOf(a, e)))
		o.holders(t, e, b.NativeID)
	}
	if _, grants := o.read(t, key(a)); len(grants) != 0 {
		t.Errorf("the account still holds %v", grants)
	}
	o.ok(t, "grant again", o.g.Grant(t.Context(), "k", grantOf(a, e)))
	o.holders(t, e, a.NativeID, b.NativeID)
}

func testConcurrent(t *testing.T, h Harness) {
	o := h.open(t)
	e := o.entitlement(t, "Everyone")
	var all []connector.Account
	var ids []string
	for i := range 8 {
		a := o.account(t, fmt.Sprintf("user%d", i))
		all, ids = append(all, a), append(ids, a.NativeID)
	}
	together := func(what string, do func(connector.Account) error) {
		errs := make([]error, len(all))
		var wg sync.WaitGroup
		for i, a := range all {
			wg.Go(func() { errs[i] = do(a) })
		}
		wg.Wait()
		for _, err := range errs {
			o.ok(t, what, err)
		}
	}
	together("grant", func(a connector.Account) error { return o.g.Grant(t.Context(), uuid.NewString(), grantOf(a, e)) })
	o.holders(t, e, ids...)
	together("revoke", func(a connector.Account) error { return o.g.Revoke(t.Context(), uuid.NewString(), grantOf(a, e)) })
	o.holders(t, e)
}

func testList(t *testing.T, h Harness) {
	o := h.open(t)
	foreign := names(h.Name("seed"), 3*max(h.PageSize, 10)+1)
	o.AddAccounts(t, foreign...)
	var mine []connector.Account
	for i := range 5 {
		mine = append(mine, o.account(t, fmt.Sprintf("mine%d", i)))
	}
	o.ok(t, "disable", o.a.DisableAccount(t.Context(), "k", mine[0]))
	var ents []connector.Entitlement
	for _, n := range names("Group", max(h.PageSize, 3)+1) {
		ents = append(ents, o.entitlement(t, n))
	}
	for i, a := range mine {
		o.ok(t, "grant", o.g.Grant(t.Context(), "k", grantOf(a, ents[0])))
		o.ok(t, "grant", o.g.Grant(t.Context(), "k", grantOf(a, ents[len(ents)-1-i%2])))
	}

	accounts, err := Collect(o.Connector.Accounts(t.Context()))
	o.ok(t, "list accounts", err)
	byName := map[string]connector.Account{}
	for _, a := range accounts {
		byName[a.Name] = a
	}
	if want := h.Existing + len(foreign) + len(mine); len(accounts) != len(byName) || len(accounts) != want {
		t.Errorf("%d accounts, %d different, want %d", len(accounts), len(byName), want)
	}
	for _, n := range foreign {
		if a := byName[n]; a.NativeID == "" || a.ExternalID != "" {
			t.Fatalf("%s is listed as %+v", n, a)
		}
	}
	for i, a := range mine {
		if got := byName[a.Name]; got.ExternalID != a.ExternalID || got.NativeID != a.NativeID || got.Enabled == (i == 0) {
			t.Errorf("%s is listed as %+v", a.Name, got)
		}
	}
	listed, err := Collect(o.Connector.Entitlements(t.Context()))
	o.ok(t, "list entitlements", err)
	for _, e := range ents {
		if !slices.ContainsFunc(listed, func(l connector.Entitlement) bool {
			return l.NativeID == e.NativeID && l.Name == e.Name && l.Kind == h.Kind
		}) {
			t.Errorf("%s is not listed", e.Name)
		}
	}
	if len(listed) != len(ents) {
		t.Errorf("%d entitlements, want %d", len(listed), len(ents))
	}
	grants, err := Collect(o.Connector.Grants(t.Context()))
	o.ok(t, "list grants", err)
	if len(grants) != 2*len(mine) {
		t.Errorf("%d grants, want %d", len(grants), 2*len(mine))
	}
	for range o.Connector.Accounts(t.Context()) { // a reader may stop early
		break
	}
}

func testCancelled(t *testing.T, h Harness) {
	o := h.open(t)
	a, e := o.account(t, "ada"), o.entitlement(t, "Readers")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	calls := map[string]func() error{
		"check":        func() error { return o.Connector.Check(ctx) },
		"accounts":     func() error { _, err := Collect(o.Connector.Accounts(ctx)); return err },
		"entitlements": func() error { _, err := Collect(o.Connector.Entitlements(ctx)); return err },
		"grants":       func() error { _, err := Collect(o.Connector.Grants(ctx)); return err },
		"account":      func() error { _, _, err := o.Connector.Account(ctx, key(a)); return err },
		"create":       func() error { _, err := o.a.CreateAccount(ctx, "k", o.fresh("bea")); return err },
		"update": func() error {
			return o.a.UpdateAccount(ctx, "k", connector.Account{NativeID: a.NativeID, Name: h.Name("zoe")})
		},
		"disable": func() error { return o.a.DisableAccount(ctx, "k", a) },
		"delete":  func() error { return o.a.DeleteAccount(ctx, "k", a) },
		"grant":   func() error { return o.g.Grant(ctx, "k", grantOf(a, e)) },
		"revoke":  func() error { return o.g.Revoke(ctx, "k", grantOf(a, e)) },
	}
	for name, call := range calls {
		within(t, 5*time.Second, name, func(context.Context) {
			o.class(t, "cancelled "+name, call(), connector.ClassTransient)
		})
	}
	if enabled, ok := o.Enabled(t, a.NativeID); !ok || !enabled {
		t.Error("a cancelled call has changed the account")
	}
	o.holders(t, e)
	if got, _ := o.read(t, key(a)); got.Name != a.Name {
		t.Error("a cancelled call has renamed the account")
	}
}
