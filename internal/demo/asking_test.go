package demo_test

import (
	"slices"
	"testing"

	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/demo"
	"tenure/internal/policy"
)

// asking looks at what can be asked for: everything has somebody who may have it and somebody who decides, and nothing about it is odd.
func asking(t *testing.T, d *demo.Demo) {
	t.Helper()
	var pol *policy.Snapshot
	var found []change.Finding
	err := d.App.DB.Read(t.Context(), func(tx *db.Tx) (err error) {
		if pol, err = policy.Load(tx); err != nil {
			return err
		}
		found, err = change.Lint(tx, nil, change.Deps{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	offers := pol.Offers()
	if n := len(offers); n < 12 || !slices.ContainsFunc(offers, func(o *policy.Offer) bool { return o.Offer.Activate != nil }) ||
		!slices.ContainsFunc(offers, func(o *policy.Offer) bool { return o.Offer.Emergency != nil }) {
		t.Errorf("there are %d offers", n)
	}
	for _, f := range found {
		if f.Kind == change.KindOffer || f.Kind == change.KindApproval || f.Name == "Guest at a site" {
			t.Errorf("%s %s: %s", f.Kind, f.Name, f.Text)
		}
	}
	for _, c := range []struct {
		request map[string]string
		want    string
	}{
		{map[string]string{"offer": "site-visit", "level": "guest", "days": "007", "risk": "low"}, "visits"},
		{map[string]string{"offer": "site-visit", "level": "guest", "days": "030", "risk": "low"}, "everything-else"},
		{map[string]string{"offer": "ledger", "level": "post", "days": "030", "risk": "high", "privileged": "true"}, "privileged"},
		{map[string]string{"offer": "payments", "level": "release", "days": "014", "risk": "high", "privileged": "true", "sod": "refuse"}, "conflicts"},
		{map[string]string{"offer": "ledger", "level": "read", "days": "090", "risk": "low"}, "figures"},
	} {
		if o, err := pol.Route(policy.Asked{Person: policy.MapAttrs{"worker_type": "employee"}, Request: c.request}); err != nil || o == nil || o.Name != c.want {
			t.Errorf("%v is decided by %+v, %v; not by %s", c.request, o, err, c.want)
		}
	}
	for _, o := range offers {
		if o.Name != "site-visit" {
			continue
		}
		if gives, err := pol.LevelGives(o.ID, "guest", "site=Osaka"); err != nil || len(gives) != 1 {
			t.Errorf("a guest in Osaka gets %v, %v", gives, err)
		}
	}
}
