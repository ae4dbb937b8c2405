package connectortest

import (
	"testing"

	"tenure/internal/connector"
)

func testCheck(t *testing.T, h Harness) {
	o := h.open(t)
	o.ok(t, "check", o.Connector.Check(t.Context()))
}

func testCreate(t *testing.T, h Harness) {
	o := h.open(t)
	want := o.fresh("ada")
	made, err := o.a.CreateAccount(t.Context(), "k", want)
	o.ok(t, "create", err)
	if made.NativeID == "" {
		t.Fatal("the created account has no native id")
	}
	got, grants := o.read(t, key(made))
	if got.NativeID != made.NativeID || got.ExternalID != want.ExternalID || got.Name != want.Name || !got.Enabled {
		t.Errorf("read back %+v, want %+v", got, want)
	}
	for _, attr := range h.Attrs {
		if got.Attrs[attr] != want.Attrs[attr] {
			t.Errorf("%s is %q, want %q", attr, got.Attrs[attr], want.Attrs[attr])
		}
	}
	if len(grants) != 0 {
		t.Errorf("a new account holds %v", grants)
	}
	if enabled, ok := o.Enabled(t, made.NativeID); !ok || !enabled {
		t.Errorf("the target itself: exists %v, enabled %v", ok, enabled)
	}

	disabled := o.fresh("bea")
	disabled.Enabled = false
	made, err = o.a.CreateAccount(t.Context(), "k2", disabled)
	o.ok(t, "create disabled", err)
	if enabled, ok := o.Enabled(t, made.NativeID); !ok || enabled {
		t.Errorf("created disabled, the target itself: exists %v, enabled %v", ok, enabled)
	}
}

func testCreateAgain(t *testing.T, h Harness) {
	o := h.open(t)
	want := o.fresh("ada")
	first, err := o.a.CreateAccount(t.Context(), "k", want)
	o.ok(t, "create", err)
	otherName := want // a name chosen again between two attempts
	otherName.Name = h.Name("ada-2")
	for _, want := range []connector.Account{want, want, otherName} {
		again, err := o.a.CreateAccount(t.Context(), "k", want)
		o.ok(t, "create again", err)
		if again.NativeID != first.NativeID {
			t.Errorf("created again as %s, first as %s", again.NativeID, first.NativeID)
		}
	}
	all, err := Collect(o.Connector.Accounts(t.Context()))
	o.ok(t, "list", err)
	if len(all) != h.Existing+1 {
		t.Errorf("%d accounts, want %d", len(all), h.Existing+1)
	}
}

func testTaken(t *testing.T, h Harness) {
	o := h.open(t)
	o.account(t, "ada")
	o.AddAccounts(t, h.Name("old"))
	for _, word := range []string{"ada", "old"} {
		_, err := o.a.CreateAccount(t.Context(), "k", o.fresh(word))
		o.class(t, "create over "+word, err, connector.ClassTaken)
	}
}

func testLookUp(t *testing.T, h Harness) {
	o := h.open(t)
	o.AddAccounts(t, h.Name("old"))
	a := o.account(t, "ada")
	o.account(t, "bea")
	for _, k := range []connector.Key{{NativeID: a.NativeID}, {ExternalID: a.ExternalID}, {Name: a.Name}} {
		if got, _ := o.read(t, k); got.NativeID != a.NativeID {
			t.Errorf("%+v finds %s, want %s", k, got.NativeID, a.NativeID)
		}
	}
	old, _ := o.read(t, connector.Key{Name: h.Name("old")})
	if old.ExternalID != "" {
		t.Errorf("an account that Tenure did not make has the external id %q", old.ExternalID)
	}
	for _, k := range missing(a) {
		_, _, err := o.Connector.Account(t.Context(), k)
		o.class(t, "look for nobody", err, connector.ClassNotFound)
	}
	// A stronger part of the key is never replaced by a weaker one.
	_, _, err := o.Connector.Account(t.Context(), connector.Key{NativeID: otherID(a.NativeID), Name: a.Name})
	o.class(t, "look for a gone id with a name", err, connector.ClassNotFound)
}

func testUpdate(t *testing.T, h Harness) {
	o := h.open(t)
	a := o.account(t, "ada")
	for round := range 2 { // the second changes nothing
		want := connector.Account{NativeID: a.NativeID, Name: a.Name, Enabled: false, Attrs: map[string]string{}}
		for _, attr := range h.Attrs {
			want.Attrs[attr] = sampleAttr(attr, "changed")
		}
		o.ok(t, "update", o.a.UpdateAccount(t.Context(), "k", want))
		got, _ := o.read(t, key(a))
		if got.Enabled || got.ExternalID != a.ExternalID || got.Name != a.Name {
			t.Errorf("round %d: %+v", round, got)
		}
		for _, attr := range h.Attrs {
			if got.Attrs[attr] != want.Attrs[attr] {
				t.Errorf("round %d: %s is %q, want %q", round, attr, got.Attrs[attr], want.Attrs[attr])
			}
		}
	}
	o.ok(t, "enable", o.a.UpdateAccount(t.Context(), "k", connector.Account{ExternalID: a.ExternalID, Name: a.Name, Enabled: true}))
	got, _ := o.read(t, key(a))
	if !got.Enabled {
		t.Error("the account is not enabled again")
	}
	for _, attr := range h.Attrs {
		if got.Attrs[attr] != sampleAttr(attr, "changed") {
			t.Errorf("%s, not given, became %q", attr, got.Attrs[attr])
		}
		gone := connector.Account{NativeID: a.NativeID, Enabled: true, Attrs: map[string]string{attr: ""}}
		o.ok(t, "remove "+attr, o.a.UpdateAccount(t.Context(), "k", gone))
		if got, _ := o.read(t, key(a)); got.Attrs[attr] != "" {
			t.Errorf("%s, given empty, is still %q", attr, got.Attrs[attr])
		}
	}
	for _, k := range missing(a) {
		err := o.a.UpdateAccount(t.Context(), "k", connector.Account{NativeID: k.NativeID, ExternalID: k.ExternalID, Name: k.Name})
		o.class(t, "update nobody", err, connector.ClassNotFound)
	}
}

func testRename(t *testing.T, h Harness) {
	o := h.open(t)
	a, e := o.account(t, "ada"), o.entitlement(t, "Readers")
	o.account(t, "bea")
	o.ok(t, "grant", o.g.Grant(t.Context(), "k", grantOf(a, e)))
	renamed := connector.Account{NativeID: a.NativeID, Name: h.Name("ada-byron"), Enabled: true}
	for range 2 {
		o.ok(t, "rename", o.a.UpdateAccount(t.Context(), "k", renamed))
	}
	got, grants := o.read(t, key(a))
	if got.Name != renamed.Name || got.ExternalID != a.ExternalID || len(grants) != 1 {
		t.Errorf("after the rename: %+v with %d grants", got, len(grants))
	}
	if byName, _ := o.read(t, connector.Key{Name: renamed.Name}); byName.NativeID != a.NativeID {
		t.Error("the new name finds another account")
	}
	_, _, err := o.Connector.Account(t.Context(), connector.Key{Name: a.Name})
	o.class(t, "look for the old name", err, connector.ClassNotFound)
	renamed.Name = h.Name("bea")
	o.class(t, "rename to a taken name", o.a.UpdateAccount(t.Context(), "k", renamed), connector.ClassTaken)
}

func testDisable(t *testing.T, h Harness) {
	o := h.open(t)
	a, e := o.account(t, "ada"), o.entitlement(t, "Readers")
	o.ok(t, "grant", o.g.Grant(t.Context(), "k", grantOf(a, e)))
	for range 2 {
		o.ok(t, "disable", o.a.DisableAccount(t.Context(), "k", a))
		got, _ := o.read(t, key(a))
		if enabled, ok := o.Enabled(t, a.NativeID); got.Enabled || enabled || !ok {
			t.Errorf("after disabling: the connector says enabled %v, the target %v (exists %v)", got.Enabled, enabled, ok)
		}
	}
	o.holders(t, e, a.NativeID) // disabling takes nothing else away
	for _, k := range missing(a) {
		nobody := connector.Account{NativeID: k.NativeID, ExternalID: k.ExternalID, Name: k.Name}
		o.ok(t, "disable nobody", o.a.DisableAccount(t.Context(), "k", nobody))
	}
}

func testDelete(t *testing.T, h Harness) {
	o := h.open(t)
	a, b, e := o.account(t, "ada"), o.account(t, "bea"), o.entitlement(t, "Readers")
	o.ok(t, "grant", o.g.Grant(t.Context(), "k", grantOf(a, e)))
	for range 2 {
		o.ok(t, "delete", o.a.DeleteAccount(t.Context(), "k", a))
		_, _, err := o.Connector.Account(t.Context(), key(a))
		o.class(t, "read the deleted account", err, connector.ClassNotFound)
	}
	if _, ok := o.Enabled(t, a.NativeID); ok {
		t.Error("the target still has the account")
	}
	for _, k := range missing(b) {
		nobody := connector.Account{NativeID: k.NativeID, ExternalID: k.ExternalID, Name: k.Name}
		o.ok(t, "delete nobody", o.a.DeleteAccount(t.Context(), "k", nobody))
	}
	if _, ok := o.Enabled(t, b.NativeID); !ok {
		t.Error("another account is gone")
	}
	// The name is free again, and the new account is another one.
	again := o.account(t, "ada")
	if again.NativeID == a.NativeID {
		t.Error("the new account has the deleted one's id")
	}
	o.holders(t, e)
}

func testUnicode(t *testing.T, h Harness) {
	o := h.open(t)
	for _, word := range []string{"žofie.ærø", "李小龍", "o'brien", "anna maria", "weiß+test", `back\slash`, `quo"te`, "percent%20"} {
		a := o.account(t, word)
		if got, _ := o.read(t, connector.Key{Name: a.Name}); got.NativeID != a.NativeID || got.Name != h.Name(word) {
			t.Errorf("%q is read as %q", word, got.Name)
		}
		e := o.entitlement(t, "Team "+word)
		g := connector.Grant{Account: connector.Key{Name: a.Name}, Entitlement: connector.Entitlement{Kind: h.Kind, Name: e.Name}}
		o.ok(t, "grant "+word, o.g.Grant(t.Context(), "k", g))
		o.holders(t, e, a.NativeID)
	}
}
