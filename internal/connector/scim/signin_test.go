package scim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"tenure/internal/connector"
	"tenure/internal/connector/scim"
	"tenure/internal/connector/scim/scimtest"
	"tenure/internal/errs"
	"tenure/internal/plug"
)

// A server's last sign-in is read with the list and with one account, and survives a change by PUT and by PATCH.
func TestLastSignInIsReadWhereTheServerKeepsIt(t *testing.T) {
	seen := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, patch := range []string{"yes", "no"} {
		s, url := serve(t, scimtest.Quirks{})
		ana, id := s.AddUser("ana"), s.AddUser("omar")
		if !s.SignIn("ana", seen) || s.SignIn("nobody", seen) {
			t.Fatal("only an account can sign in")
		}
		c := open(t, plug.Config{"base_url": url + scimtest.Prefix, "token": token, "patch": patch, "last_sign_in": scimtest.SignInPath})
		if err := c.(connector.Accounter).UpdateAccount(t.Context(), "", connector.Account{NativeID: ana, Name: "ana", Enabled: true, Attrs: map[string]string{"title": "Lead"}}); err != nil {
			t.Fatal(err)
		}
		got := map[string]time.Time{}
		for a, err := range c.Accounts(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got[a.NativeID] = a.LastSignIn
		}
		if len(got) != 2 || !got[ana].Equal(seen) || !got[id].IsZero() {
			t.Errorf("patch %s: the list says %v, want %v for %s alone", patch, got, seen, ana)
		}
		for _, k := range []connector.Key{{NativeID: ana}, {Name: "ana"}} {
			if a, _, err := c.Account(t.Context(), k); err != nil || !a.LastSignIn.Equal(seen) || a.Attrs["title"] != "Lead" {
				t.Errorf("patch %s: %+v says %+v (%v)", patch, k, a, err)
			}
		}
		// The control: a connector that is not told where to look knows nothing.
		c = open(t, plug.Config{"base_url": url + scimtest.Prefix, "token": token})
		if a, _, err := c.Account(t.Context(), connector.Key{NativeID: ana}); err != nil || !a.LastSignIn.IsZero() {
			t.Errorf("without the setting: %+v (%v)", a, err)
		}
	}
}

func TestPlacesOfTheLastSignIn(t *testing.T) {
	const urn = "urn:example:params:scim:schemas:extension:2.0:User"
	read := func(place, extra string) (time.Time, error) {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/scim+json")
			_, _ = fmt.Fprintf(w, `{"id":"7","userName":"ana",%s}`, extra)
		}))
		defer web.Close()
		set, bad := plug.Check(scim.Kind.Fields, plug.Config{"base_url": web.URL, "auth": "none", "member_lookup": "user", "last_sign_in": place})
		if len(bad) > 0 {
			t.Fatal(bad)
		}
		c, err := scim.Open(set)
		if err != nil {
			return time.Time{}, err
		}
		a, _, err := c.Account(t.Context(), connector.Key{NativeID: "7"})
		if err != nil {
			t.Fatal(err)
		}
		return a.LastSignIn, nil
	}
	want := time.Date(2026, 3, 4, 4, 6, 7, 0, time.UTC)
	for _, x := range []struct {
		place, extra string
		want         time.Time
	}{
		{"lastLogin", `"lastLogin":"2026-03-04T05:06:07+01:00"`, want},
		{"lastlogin", `"LastLogin":"2026-03-04T04:06:07.000Z"`, want},
		{"meta.lastLogin", `"meta":{"lastLogin":"2026-03-04T04:06:07Z"}`, want},
		{urn + ":lastLogin", `"` + urn + `":{"lastLogin":"2026-03-04T04:06:07Z"}`, want},
		{"urn:ietf:params:scim:schemas:core:2.0:User:lastLogin", `"lastLogin":"2026-03-04T04:06:07Z"`, want},
		{"lastLogin", `"lastLogin":"never"`, time.Time{}},
		{"lastLogin", `"lastLogin":null`, time.Time{}},
		{"lastLogin", `"title":"Lead"`, time.Time{}},
		{"meta.lastLogin", `"meta":"none"`, time.Time{}},
	} {
		if got, err := read(x.place, x.extra); err != nil || !got.Equal(x.want) {
			t.Errorf("%s in %s: %v (%v), want %v", x.place, x.extra, got, err, x.want)
		}
	}
	for _, place := range []string{"meta.", "meta.a.b", "last login", urn + ":", ".x"} {
		if _, err := read(place, `"title":"Lead"`); errs.KindOf(err) != errs.KindInvalid {
			t.Errorf("the place %q: %v", place, err)
		}
	}
}
