package request_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
	"tenure/internal/policy"
	"tenure/internal/request"
)

func TestARequestGoesItsWay(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t))
	r := o.ask("Ada", request.Wish{Act: request.Grant, Offer: o.of["CRM"], Level: "edit"})
	if got := o.holders(r); !slices.Equal(got, []string{"Max"}) {
		t.Fatalf("the manager is asked first, not %v", got)
	}
	end := Monday.AddDate(0, 0, 30)
	if err := o.decide("Max", request.Answer{Step: o.open(r).ID, Outcome: request.Approve, Level: "read", To: &end}); err != nil {
		t.Fatal(err)
	}
	if o.holds("Ada", "read") {
		t.Error("what the owner has not approved is held")
	}
	if got := o.holders(r); !slices.Equal(got, []string{"Olga"}) {
		t.Fatalf("the owner is asked then, not %v", got)
	}
	o.approve("Olga", r)
	it := o.now(r).Items[0]
	if it.State != request.Granted || it.Level != "read" || !it.To.Equal(end) {
		t.Errorf("granted as narrowed: %s %s until %v", it.State, it.Level, it.To)
	}
	if !o.holds("Ada", "read") || o.holds("Ada", "edit") {
		t.Error("Ada holds read, and not edit")
	}
	o.until(end.Add(-time.Minute))
	if !o.holds("Ada", "read") {
		t.Error("it is held until its end")
	}
	o.until(end)
	if it = o.now(r).Items[0]; o.holds("Ada", "read") || it.State != request.Ended || *it.EndedBecause != "time" {
		t.Errorf("it ended by itself: %s", it.State)
	}
}

func TestDeniedNeedsAReasonAndEndsIt(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t))
	r := o.ask("Ada", request.Wish{Act: request.Grant, Offer: o.of["CRM"]})
	step := o.open(r).ID
	if err := o.decide("Max", request.Answer{Step: step, Outcome: request.Deny}); errs.KindOf(err) != errs.KindInvalid {
		t.Errorf("without a reason: %v", err)
	}
	if err := o.decide("Max", request.Answer{Step: step, Outcome: request.Deny, Reason: "not your job"}); err != nil {
		t.Fatal(err)
	}
	if got := o.now(r).Items[0]; got.State != request.Denied || got.Steps[1].State != request.StepCancelled {
		t.Errorf("denied: %s, %s", got.State, got.Steps[1].State)
	}
	if err := o.decide("Max", request.Answer{Step: step, Outcome: request.Approve}); errs.KindOf(err) != errs.KindConflict || !strings.Contains(err.Error(), "Max denied this") {
		t.Errorf("a second answer is told who was faster: %v", err)
	}
}

func TestAStatedRuleGrantsAtOnce(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t))
	r := o.ask("Ada", request.Wish{Act: request.Grant, Offer: o.of["Open"]})
	if it := o.now(r).Items[0]; it.State != request.Granted || !o.holds("Ada", "read") {
		t.Errorf("granted by the rule: %s", it.State)
	}
}

func TestWhatIsAskedForIsChecked(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t))
	for want, w := range map[string]request.Wish{
		"wishes[0].days":              {Act: request.Grant, Offer: o.of["CRM"], Days: 181},
		"wishes[0].level":             {Act: request.Grant, Offer: o.of["CRM"], Level: "own"},
		"wishes[0].offer":             {Act: request.Grant, Offer: 999},
		"wishes[0].act":               {Act: request.Grant, Offer: o.of["Admin"]},
		"wishes[0].hours":             {Act: request.Activate, Offer: o.of["Admin"], Hours: 5},
		"wishes[0].parameters.centre": {Act: request.Grant, Offer: o.of["Centre"], Param: policy.Param(map[string]string{"centre": "30"})},
		"wishes[0].parameters.colour": {Act: request.Grant, Offer: o.of["CRM"], Param: policy.Param(map[string]string{"colour": "red"})},
		"wishes[0].of":                {Act: request.Extend, Offer: o.of["CRM"]},
	} {
		if _, err := o.tryAsk("Ada", "Ada", w); err == nil || !strings.Contains(err.Error(), want+":") {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := o.tryAsk("Ada", "Bob", request.Wish{Act: request.Grant, Offer: o.of["CRM"]}); errs.KindOf(err) != errs.KindNotFound {
		t.Errorf("for a colleague: %v", err)
	}
	o.ask("Ada", request.Wish{Act: request.Grant, Offer: o.of["CRM"]})
	if _, err := o.tryAsk("Max", "Ada", request.Wish{Act: request.Grant, Offer: o.of["CRM"]}); err == nil || !strings.Contains(err.Error(), "was asked for already") {
		t.Errorf("twice: %v", err)
	}
	if _, err := o.tryAsk("Max", "Bob", request.Wish{Act: request.Grant, Offer: o.of["CRM"]}); err != nil {
		t.Errorf("for a report: %v", err)
	}
}

func TestLongerAndAnotherLevel(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t))
	r := o.ask("Ada", request.Wish{Act: request.Grant, Offer: o.of["CRM"]})
	o.approve("Max", r)
	o.approve("Olga", r)
	first := o.now(r).Items[0]
	longer := o.ask("Ada", request.Wish{Act: request.Extend, Offer: o.of["CRM"], Of: first.ID, Days: 120})
	o.approve("Max", longer)
	o.approve("Olga", longer)
	if a, b := o.now(r).Items[0], o.now(longer).Items[0]; a.State != request.Ended || *a.EndedBecause != "extended" || b.State != request.Granted || !b.To.Equal(Monday.AddDate(0, 0, 120)) {
		t.Errorf("extended: %s, %s until %v", a.State, b.State, b.To)
	}
	edit := o.ask("Ada", request.Wish{Act: request.Level, Offer: o.of["CRM"], Level: "edit", Of: o.now(longer).Items[0].ID})
	o.approve("Max", edit)
	o.approve("Olga", edit)
	if o.holds("Ada", "read") || !o.holds("Ada", "edit") {
		t.Error("another level takes the place of the one before")
	}
	it := o.now(edit).Items[0]
	if err := o.as("Bob", func(tx *db.Tx) error { _, err := o.End(tx, it.ID, "", false); return err }); errs.KindOf(err) != errs.KindNotFound {
		t.Errorf("a colleague ends it: %v", err)
	}
	if err := o.as("Ada", func(tx *db.Tx) error { _, err := o.End(tx, it.ID, "", false); return err }); err != nil {
		t.Fatal(err)
	}
	if it = o.now(edit).Items[0]; o.holds("Ada", "edit") || *it.EndedBecause != "given back" {
		t.Error("given back")
	}
}

// What was said about what is held stays with more time, and goes with a level that does not want to know it.
func TestParametersOfWhatIsHeld(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t), func(s *policy.Set) {
		s.Offers["Mixed"] = policy.OfferSpec{Title: "Cost centres", Levels: []policy.Level{{Name: "look", Entitlements: []string{"crm/read"}}, {Name: "approve", Role: "Approves"}}}
		s.Approvals["mixed"] = policy.ApprovalSpec{Order: 3, When: `request["offer"] == "Mixed"`, Automatic: true}
	})
	wish := request.Wish{Act: request.Grant, Offer: o.of["Mixed"], Level: "approve", Param: "centre=10"}
	held := o.ask("Ada", wish).Items[0]
	wish.Act, wish.Of, wish.Param = request.Extend, held.ID, "centre=20"
	if _, err := o.tryAsk("Ada", "Ada", wish); err == nil || !strings.Contains(err.Error(), "wishes[0].parameters: must stay as they are") {
		t.Errorf("longer, and of another cost centre: %v", err)
	}
	wish.Param = ""
	if held = o.ask("Ada", wish).Items[0]; held.Param != "centre=10" || !o.holds("Ada", "edit") {
		t.Errorf("extended with %q", held.Param)
	}
	wish.Act, wish.Of, wish.Level = request.Level, held.ID, "look"
	if held = o.ask("Ada", wish).Items[0]; held.Param != "" || !o.holds("Ada", "read") || o.holds("Ada", "edit") {
		t.Errorf("a level of entitlements has the parameter %q", held.Param)
	}
	wish.Of, wish.Level, wish.Param = held.ID, "approve", "centre=20"
	if held = o.ask("Ada", wish).Items[0]; held.Param != "centre=20" || !o.holds("Ada", "edit") {
		t.Errorf("a level with a parameter has %q", held.Param)
	}
}

func TestAConflictIsShownAndGoesToCompliance(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t))
	enter := o.ask("Ada", request.Wish{Act: request.Grant, Offer: o.of["Enter"]})
	o.approve("Max", enter)
	o.approve("Otto", enter)
	var shown *request.Request
	if err := o.as("Ada", func(tx *db.Tx) (err error) {
		shown, err = o.Preview(tx, &request.Ask{For: o.id["Ada"], Why: "x", Wishes: []request.Wish{{Act: request.Grant, Offer: o.of["Pay"]}}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if c := shown.Items[0].Conflicts; len(c) != 1 || c[0].Title != "Enter and pay" || shown.Items[0].Steps[2].By != request.Compliance {
		t.Fatalf("before anything is sent: %+v", c)
	}
	r := o.ask("Ada", request.Wish{Act: request.Grant, Offer: o.of["Pay"]})
	o.approve("Max", r)
	o.approve("Otto", r)
	if o.holds("Ada", "pay") {
		t.Error("held before compliance decided")
	}
	step := o.open(r).ID
	if err := o.decide("Cora", request.Answer{Step: step, Outcome: request.Approve}); errs.KindOf(err) != errs.KindInvalid {
		t.Errorf("without a control: %v", err)
	}
	if err := o.decide("Cora", request.Answer{Step: step, Outcome: request.Approve, Control: "Otto looks at every payment"}); err != nil {
		t.Fatal(err)
	}
	if !o.holds("Ada", "pay") {
		t.Error("granted with an exception")
	}
	var state string
	o.system(func(tx *db.Tx) error {
		return tx.QueryRow(`select state from violation where identity_id = $1`, o.id["Ada"]).Scan(&state)
	})
	if state != "accepted" {
		t.Errorf("the violation is %q", state)
	}
	// A rule that refuses allows no exception, nor one that was accepted before it did.
	if err := o.as("Ada", func(tx *db.Tx) error { _, err := o.End(tx, o.now(r).Items[0].ID, "", false); return err }); err != nil {
		t.Fatal(err)
	}
	o.system(func(tx *db.Tx) error {
		set := catalogue()
		set.SoD["enter and pay"] = policy.SoDSpec{Title: "Enter and pay", Duties: []string{"enter", "pay"}, Reaction: policy.Refuse}
		_, _, err := policy.Save(tx, set, "", false)
		return err
	})
	if _, err := o.tryAsk("Ada", "Ada", request.Wish{Act: request.Grant, Offer: o.of["Pay"]}); err == nil || !strings.Contains(err.Error(), "is refused by the SoD rule Enter and pay") {
		t.Errorf("asked for under a rule that refuses: %v", err)
	}
}

func TestTwoClockedConflictsMeetAtTheGrant(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t))
	enter := o.ask("Ada", request.Wish{Act: request.Grant, Offer: o.of["Enter"]})
	pay := o.ask("Ada", request.Wish{Act: request.Grant, Offer: o.of["Pay"]})
	if c := o.now(pay).Items[0].Conflicts; len(c) != 1 || !c[0].Pending {
		t.Fatalf("what is pending counts when asking: %+v", c)
	}
	for _, r := range []*request.Request{enter, pay} {
		o.approve("Max", r)
		o.approve("Otto", r)
	}
	if !o.holds("Ada", "enter") || o.holds("Ada", "pay") {
		t.Error("the first is granted; the second waits for compliance")
	}
}

func TestRemindedEscalatedExpired(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t))
	r := o.ask("Ada", request.Wish{Act: request.Grant, Offer: o.of["CRM"]})
	step := o.open(r)
	if want := Monday.Add(24 * time.Hour).Add(8 * time.Hour); !step.DueAt.Equal(want) { // two working days of eight hours
		t.Fatalf("due %v, not %v", step.DueAt, want)
	}
	o.until(step.DueAt.Add(-time.Minute))
	if got := o.open(r); got.Stage != 1 {
		t.Errorf("reminded at half time: stage %d", got.Stage)
	}
	o.until(*step.DueAt)
	if got := o.holders(r); !slices.Equal(got, []string{"Max", "Carl", "Cora"}) {
		t.Errorf("others are asked besides: %v", got)
	}
	o.until(step.DueAt.AddDate(0, 0, 7))
	if it := o.now(r).Items[0]; it.State != request.Expired || o.holds("Ada", "read") {
		t.Errorf("nothing is approved by time: %s", it.State)
	}
}

func TestWhoIsAwayIsReplaced(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t))
	r := o.ask("Ada", request.Wish{Act: request.Grant, Offer: o.of["CRM"]})
	o.terminate("Max")
	if got := o.holders(r); !slices.Equal(got, []string{"Vera"}) {
		t.Errorf("the next manager is asked: %v", got)
	}
	o.terminate("Ada")
	if it := o.now(r).Items[0]; it.State != request.Cancelled {
		t.Errorf("what somebody asked for who left: %s", it.State)
	}
}

func TestActivationForHours(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t))
	r := o.ask("Ada", request.Wish{Act: request.Activate, Offer: o.of["Admin"], Hours: 2})
	if !o.holds("Ada", "admin") {
		t.Fatal("not active")
	}
	o.until(Monday.Add(2 * time.Hour))
	if it := o.now(r).Items[0]; o.holds("Ada", "admin") || it.State != request.Ended {
		t.Errorf("active for two hours: %s", it.State)
	}
	if err := o.as("Ada", func(tx *db.Tx) error {
		_, err := o.Submit(tx, &request.Ask{For: o.id["Ada"], Why: "x", Wishes: []request.Wish{{Act: request.Activate, Offer: o.of["Admin"]}}})
		return err
	}); err == nil || !strings.Contains(err.Error(), "fresh proof") {
		t.Errorf("without a proof: %v", err)
	}
}

func TestBreakGlassIsReviewed(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t))
	r := o.ask("Cora", request.Wish{Act: request.Emergency, Offer: o.of["Admin"]})
	if !o.holds("Cora", "admin") {
		t.Fatal("not at once")
	}
	o.until(Monday.Add(2 * time.Hour))
	if o.holds("Cora", "admin") {
		t.Error("it ends by itself")
	}
	if got := o.holders(r); !slices.Equal(got, []string{"Carl"}) {
		t.Errorf("another one of compliance reviews it: %v", got)
	}
	if err := o.decide("Cora", request.Answer{Step: o.open(r).ID, Outcome: request.Approve}); errs.KindOf(err) != errs.KindForbidden {
		t.Errorf("nobody reviews their own: %v", err)
	}
	o.approve("Carl", r)
}
