package request_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/policy"
	"tenure/internal/request"
)

// attempts are the ways in which somebody might decide about their own access in this room. Each makes a request and says who tries to
// approve it.
var attempts = map[string]func(o *office) (who string, r *request.Request){
	"who asked for themselves": func(o *office) (string, *request.Request) { return "Ada", o.askCRM("Ada", "Ada") },
	"who asked for a report":   func(o *office) (string, *request.Request) { return "Max", o.askCRM("Max", "Ada") },
	"for whom the manager asked": func(o *office) (string, *request.Request) {
		return "Ada", o.askCRM("Max", "Ada")
	},
	"the owner for themselves":      func(o *office) (string, *request.Request) { return "Olga", o.askCRM("Olga", "Olga") },
	"compliance for themselves":     func(o *office) (string, *request.Request) { return "Cora", o.askCRM("Cora", "Cora") },
	"an administrator for itself":   func(o *office) (string, *request.Request) { return "Root", o.askCRM("Root", "Root") },
	"who is asked by being a group": func(o *office) (string, *request.Request) { return "Bob", o.askGroup("Bob") },
	"the delegate of who asked": func(o *office) (string, *request.Request) {
		o.delegate("Ada", "Olga")
		return "Olga", o.askCRM("Ada", "Ada")
	},
	"the delegate of whom it is for": func(o *office) (string, *request.Request) {
		o.delegate("Ada", "Dora")
		return "Dora", o.askCRM("Max", "Ada")
	},
	"who acts for the manager and asked": func(o *office) (string, *request.Request) {
		o.delegate("Max", "Bob")
		return "Bob", o.askCRM("Bob", "Bob")
	},
}

func (o *office) askCRM(by, whom string) *request.Request {
	o.t.Helper()
	r, err := o.tryAsk(by, whom, request.Wish{Act: request.Grant, Offer: o.of["CRM"]})
	if err != nil {
		o.t.Fatal(err)
	}
	return r
}

// askGroup asks for what the members of a role decide, as one of them.
func (o *office) askGroup(who string) *request.Request {
	o.t.Helper()
	o.system(func(tx *db.Tx) error {
		actor, err := tx.ActorOf(o.id["Root"], "person", "Root")
		if err != nil {
			return err
		}
		tx.Actor = actor
		for _, name := range []string{"Bob", "Rob", "Ada"} {
			if err := o.join(tx, name, "Four"); err != nil {
				return err
			}
		}
		return nil
	})
	r, err := o.tryAsk(who, who, request.Wish{Act: request.Grant, Offer: o.of["Enter"]})
	if err != nil {
		o.t.Fatal(err)
	}
	return r
}

func (o *office) delegate(from, to string) {
	o.t.Helper()
	if err := o.as(from, func(tx *db.Tx) error {
		_, err := auth.Delegate(tx, o.id[to], tx.Now, tx.Now.AddDate(0, 0, 30), auth.ScopeAll, "away")
		return err
	}); err != nil {
		o.t.Fatal(err)
	}
}

func fourEyes(s *policy.Set) {
	s.Approvals["enter"] = policy.ApprovalSpec{Order: 3, When: `request["offer"] == "Enter"`, Steps: []policy.StepSpec{{By: "group", Group: "Four", Quorum: 2}}}
}

func TestNobodyDecidesForThemselves(t *testing.T) {
	for name, attempt := range attempts {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, dbtest.Replay(t), fourEyes)
			who, r := attempt(o)
			o.refused(who, r)
			o.refusedByTheDatabase(who, r)
			if o.now(r).Items[0].State != request.Open {
				t.Error("it is decided")
			}
		})
	}
}

func (o *office) refused(who string, r *request.Request) {
	step := o.open(r)
	for _, h := range step.Holders {
		if h.Name == who {
			o.t.Errorf("%s is asked", who)
		}
	}
	for _, outcome := range []string{request.Approve, request.Deny} {
		if err := o.decide(who, request.Answer{Step: step.ID, Outcome: outcome, Reason: "because"}); errs.KindOf(err) != errs.KindForbidden {
			o.t.Errorf("%s: %v", outcome, err)
		}
	}
	if err := o.as(who, func(tx *db.Tx) error { _, err := o.Reassign(tx, step.ID, o.id[who], "mine", true); return err }); err == nil {
		o.t.Error("given to themselves")
	}
}

// refusedByTheDatabase takes away what the room checks, and then the room: the tables refuse by themselves, and say which rule.
func (o *office) refusedByTheDatabase(who string, r *request.Request) {
	defer request.Unjudged()()
	it, step := o.now(r).Items[0], o.open(r).ID
	if err := o.decide(who, request.Answer{Step: step, Outcome: request.Approve}); errs.KindOf(err) != errs.KindForbidden {
		o.t.Errorf("approved: %v", err)
	}
	if err := o.as(who, func(tx *db.Tx) error { tx.Record(evidence.Event{Kind: "test.here"}); return nil }); err != nil {
		o.t.Fatal(err)
	}
	owner := dbtest.Owner(o.t, o.d)
	insert := func(requester, beneficiary int, decider string) string {
		return fmt.Sprintf(`insert into request_decision (step_id, requester_id, beneficiary_id, decider_id, outcome, via, decided_at, made_by)
			select %d, %d, %d, %s, 'approve', 'hand', '%s', id from actor where identity_id = %d`, step, requester, beneficiary, decider, Monday.Format(time.RFC3339), o.id[who])
	}
	for what, sql := range map[string]string{
		"deciding":                insert(it.Requester, it.Beneficiary, "identity_id"),
		"in another's name":       insert(it.Requester, it.Beneficiary, fmt.Sprint(o.id["Vera"])),
		"as if it were another's": insert(o.id["Vera"], o.id["Vera"], "identity_id"),
		"granting":                fmt.Sprintf(`update request_item set state = 'granted', from_at = asked_from, to_at = asked_to, decided_at = now() where id = %d`, it.ID),
	} {
		_, err := owner.Exec(o.t.Context(), sql)
		if rule := db.ConstraintName(err); !strings.HasPrefix(rule, "decision_") && rule != "item_granted_was_decided" {
			o.t.Errorf("%s by hand: %v", what, err)
		}
	}
}

func TestAGroupNeedsItsQuorum(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t), fourEyes)
	r := o.askGroup("Bob")
	o.approve("Rob", r)
	if err := o.decide("Rob", request.Answer{Step: o.open(r).ID, Outcome: request.Approve}); errs.KindOf(err) != errs.KindConflict {
		t.Errorf("twice by one: %v", err)
	}
	o.approve("Ada", r)
	if !o.holds("Bob", "enter") {
		t.Error("two approved")
	}
}

// One person does not decide two steps, though both are asked of them.
func TestEveryStepNeedsSomebodyElse(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t), func(s *policy.Set) {
		s.Approvals["twice"] = policy.ApprovalSpec{Order: 3, When: `request["offer"] == "CRM"`, Steps: []policy.StepSpec{{By: "manager"}, {By: "manager", Otherwise: "administrator"}}}
	})
	r := o.askCRM("Ada", "Ada")
	o.approve("Max", r)
	if got := o.holders(r); len(got) != 1 || got[0] != "Vera" {
		t.Errorf("somebody else is asked: %v", got)
	}
}

func TestADelegateDecidesInTheManagersName(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t))
	o.delegate("Max", "Dora")
	r := o.askCRM("Ada", "Ada")
	o.approve("Dora", r)
	d := o.now(r).Items[0].Steps[0].Decisions[0]
	if d.Name != "Dora" || d.OnBehalfOf == nil || *d.OnBehalfOf != o.id["Max"] {
		t.Errorf("both names stand with the decision: %+v", d)
	}
}
