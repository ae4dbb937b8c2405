package campaign_test

import (
	"testing"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/errs"
)

// TestUndoGoesStepByStep takes back act after act, whole ones, the last first; and none twice.
func TestUndoGoesStepByStep(t *testing.T) {
	o := newOffice(t)
	c := o.start(func(c *campaign.Campaign) { c.Settings.NoBatch = true })
	v := o.review(c, "Max")
	i := o.items(v)
	last := func() (s *campaign.Step) {
		t.Helper()
		o.read(func(tx *db.Tx) (err error) { s, err = campaign.LastStep(tx, v.ID); return err })
		return s
	}
	if last() != nil {
		t.Error("something is to be taken back before anything is decided")
	}
	acts := [][]string{{"Bob crm/read", "Rob crm/read", "Tom crm/read"}, {"Bob crm/edit"}, {"Ada crm/read", "Uma crm/read"}}
	var steps []*campaign.Step
	for _, names := range acts {
		a := campaign.Answer{Review: v.ID, Outcome: campaign.Keep}
		for _, n := range names {
			a.Items = append(a.Items, i[n].ID)
		}
		if err := o.decide("Max", a); err != nil {
			t.Fatal(err)
		}
		s := last()
		if s == nil || s.Lines != len(names) || s.Items != len(names) || s.Outcome != campaign.Keep {
			t.Fatalf("the last act is %+v, want %v", s, names)
		}
		steps = append(steps, s)
	}
	for n := len(steps) - 1; n >= 0; n-- {
		if s := last(); !s.At.Equal(steps[n].At) {
			t.Fatalf("the last act is of %s, want act %d", s.At, n)
		}
		undo := func() error {
			return o.as("Max", func(tx *db.Tx) error { _, err := o.UndoStep(tx, v.ID, steps[n].At); return err })
		}
		if err := undo(); err != nil {
			t.Fatal(err)
		}
		if err := undo(); errs.KindOf(err) != errs.KindConflict {
			t.Errorf("act %d is taken back twice: %v", n, err)
		}
	}
	if last() != nil {
		t.Error("something is left")
	}
}
