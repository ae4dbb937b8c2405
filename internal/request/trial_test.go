package request_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/policy"
	"tenure/internal/request"
)

// try asks in a transaction that cannot write.
func (o *office) try(c request.Case) (t *request.Trial) {
	o.t.Helper()
	if err := o.d.Read(o.t.Context(), func(tx *db.Tx) (err error) { t, err = o.Try(tx, &c); return err }); err != nil {
		o.t.Fatal(err)
	}
	return t
}

// path is who is asked, step by step.
func path(it *request.Item) (out []string) {
	for _, s := range it.Steps {
		var names []string
		for _, h := range s.Holders {
			names = append(names, h.Name)
		}
		out = append(out, fmt.Sprintf("%d %s %s %dh of %d: %s", s.Position, s.By, s.Named, s.Hours, s.Quorum, strings.Join(names, ", ")))
	}
	return out
}

// What the trial says is what asking does, whoever asks, and why the rules before do not hold.
func TestTheTrialSaysWhatAskingDoes(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t), func(s *policy.Set) {
		s.Approvals["money"] = policy.ApprovalSpec{Order: 3, When: `department == "Sales" && request["risk"] == "high" && request["days"] <= "030"`,
			Steps: []policy.StepSpec{{By: policy.ByManager, Hours: 4}, {By: policy.ByGroup, Group: "portal:compliance", Quorum: 2}, {By: policy.ByOwner, Beside: true, Otherwise: policy.Administrator}}}
	})
	pay := request.Wish{Act: request.Grant, Offer: o.of["Pay"], Days: 20}
	enter := o.ask("Ada", request.Wish{Act: request.Grant, Offer: o.of["Enter"]})
	for _, c := range []struct {
		by, name string
		w        request.Wish
		rule     string
	}{{"Ada", "Ada", pay, "money"}, {"Max", "Bob", pay, "money"}, {"Bob", "Bob", request.Wish{Act: request.Grant, Offer: o.of["CRM"]}, ""},
		{"Rob", "Rob", request.Wish{Act: request.Grant, Offer: o.of["Open"]}, "reading"}, {"Rob", "Rob", request.Wish{Act: request.Activate, Offer: o.of["Admin"]}, "activate"}} {
		said := o.try(request.Case{For: o.id[c.name], By: o.id[c.by], Wish: c.w})
		if rule := said.Rule(); (rule == nil) != (c.rule == "") || rule != nil && rule.Name != c.rule || len(said.Bad) > 0 {
			t.Errorf("%s for %s: %+v, %v; want %q", c.by, c.name, rule, said.Bad, c.rule)
		}
		var shown *request.Request
		if err := o.as(c.by, func(tx *db.Tx) (err error) {
			shown, err = o.Preview(tx, &request.Ask{For: o.id[c.name], Why: "x", Proven: true, Wishes: []request.Wish{c.w}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(shown.Items[0], said.Item); diff != "" {
			t.Errorf("%s for %s (-asking +trial):\n%s", c.by, c.name, diff)
		}
		for _, x := range said.Tried {
			if !x.Holds && len(x.Failing) == 0 {
				t.Errorf("%s for %s: nothing says why %s does not hold", c.by, c.name, x.Rule.Name)
			}
		}
	}
	said := o.try(request.Case{For: o.id["Ada"], Wish: pay})
	want := []string{"1 manager  4h of 1: Max", "2 group portal:compliance 16h of 2: Cora, Carl", "2 owner Bank 16h of 1: Otto", "3 compliance  16h of 1: Cora, Carl"}
	if got := path(said.Item); !slices.Equal(got, want) || len(said.Item.Conflicts) != 1 || !said.Item.Conflicts[0].Pending || said.Tried[0].Failing[0] != `request["offer"] is "Pay", the rule wants "Open"` {
		t.Errorf("%q, %+v, %q", got, said.Item.Conflicts, said.Tried[0].Failing)
	}
	if x := said.Steps[2]; x.Way != request.Owner || len(x.Next) != 1 || x.Next[0].Name != "Root" {
		t.Errorf("of the owner's step it says %+v", x)
	}
	o.refusedAllTheSame(enter, pay)
}

// refusedAllTheSame: where asking is refused the trial says why, and who would decide it else.
func (o *office) refusedAllTheSame(enter *request.Request, pay request.Wish) {
	o.t.Helper()
	said := o.try(request.Case{For: o.id["Ada"], By: o.id["Otto"], Wish: pay})
	if len(said.Bad) != 1 || said.Bad[0].Field != "wishes[0].for" || said.Steps[2].Way != policy.Administrator || said.Item.Steps[2].Holders[0].Name != "Root" {
		o.t.Errorf("Otto asks for Ada: %+v, %+v, %q", said.Bad, said.Steps, path(said.Item))
	}
	again := o.try(request.Case{For: o.id["Ada"], Wish: request.Wish{Act: request.Grant, Offer: o.of["Enter"]}})
	if len(again.Bad) != 1 || !strings.Contains(again.Bad[0].Rule, fmt.Sprintf("(R-%d)", enter.ID)) || len(again.Item.Steps) != 2 {
		o.t.Errorf("asked for already: %+v, %q", again.Bad, path(again.Item))
	}
	var bank, nobody int
	o.system(func(tx *db.Tx) error {
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		for id := range cat.Entitlements {
			nobody = max(nobody, id+1)
			if cat.Ref(id) == "bank/pay" {
				bank = id
			}
		}
		return nil
	})
	bare := o.try(request.Case{For: o.id["Ada"], Wish: request.Wish{Act: request.Grant, Days: 20}, Entitlement: bank})
	if got := path(bare.Item); bare.Rule() == nil || bare.Rule().Name != "money" || len(got) != 4 || len(bare.Bad) != 0 {
		o.t.Errorf("an entitlement that nobody offers: %q, %+v", got, bare.Bad)
	}
	role := o.try(request.Case{For: o.id["Ada"], Wish: request.Wish{Act: request.Grant}, Role: o.of["Approves"]})
	if len(role.Bad) != 1 || role.Bad[0].Field != "wishes[0].parameters.centre" || len(role.Item.Steps) != 2 {
		o.t.Errorf("a role without its parameter: %+v, %q", role.Bad, path(role.Item))
	}
	if err := o.d.Read(o.t.Context(), func(tx *db.Tx) error {
		_, err := o.Try(tx, &request.Case{For: o.id["Ada"], Entitlement: nobody})
		return err
	}); err == nil {
		o.t.Error("nothing at all is decided by somebody")
	}
}
