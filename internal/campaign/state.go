package campaign

import (
	"slices"
	"strings"
	"time"

	"tenure/internal/errs"
)

// decider is who answers, as judge sees them.
type decider struct {
	id     int
	names  []Name
	barred []int // those for whom the decider stands in
	inName int   // found by judge: in whose name the review is asked of them; 0: their own
}

// asks finds in whose name a review is asked of somebody.
func (v *Review) asks(d *decider) bool {
	if v.Reviewer == d.id {
		d.inName = 0
		return true
	}
	for _, n := range d.names {
		if n.For == v.Reviewer && (n.Team && v.Why == ByManager || n.Applications && (v.Why == ByOwner || v.Why == ByRoleOwner)) {
			d.inName = n.For
			return true
		}
	}
	return false
}

// AskedOf says whether a review is asked of somebody, or of one in whose name they act.
func (v *Review) AskedOf(who int, names []Name) bool { return v.asks(&decider{id: who, names: names}) }

// may says whether somebody may decide in a review now.
func may(v *Review, d *decider) error {
	switch {
	case d.id == 0:
		return errs.Forbidden("deciding needs a person: sign in, or give a personal token in TENURE_TOKEN")
	case !v.asks(d):
		return errs.Forbidden("this review is asked of somebody else")
	case v.State == Signed:
		return errs.ConflictBy(errs.Act{Who: v.Name, Did: "signed this review off", At: *v.SignedAt, State: "What was decided in it stands."})
	case v.State == PassedOn:
		return errs.Conflict("this review was given to somebody else")
	case v.State == Waiting:
		return errs.Conflict("this review begins on %s", v.DueAt.Format("2006-01-02"))
	}
	return nil
}

// judge says whether an answer to some items may be given. It is pure: what it needs to know it is told.
func judge(v *Review, set *Settings, d *decider, items []*Item, a *Answer, now time.Time) error {
	if err := may(v, d); err != nil {
		return err
	}
	if a.Version != 0 && a.Version != v.Version {
		return errs.Conflict("this review has changed since you looked at it: look again")
	}
	if len(items) == 0 {
		return errs.NotFound("there is no such item in this review")
	}
	for _, i := range items {
		if i.Identity != 0 && (i.Identity == d.id || i.Identity == d.inName) {
			return errs.Forbidden("nobody decides about their own access; another person can")
		}
		if i.Identity != 0 && slices.Contains(d.barred, i.Identity) {
			return errs.Forbidden("you stand in for the person whom this is about: another person has to decide")
		}
		if i.Class == Fine && v.Batch == nil {
			return errs.Conflict("open what is likely fine before you decide about it")
		}
	}
	return answers(set, items, a, now)
}

// answers checks what the answer says.
func answers(set *Settings, items []*Item, a *Answer, now time.Time) error {
	var bad []errs.Field
	add := func(field, rule string) { bad = append(bad, errs.Field{Field: field, Rule: rule}) }
	if !slices.Contains([]string{Keep, Remove, Narrow, Change}, a.Outcome) {
		add("outcome", "must be keep, remove, narrow or change")
	}
	ruled, risky, mixed := 0, false, false
	for _, i := range items {
		if i.Kinds&(BitBirthright|BitDefinition) != 0 {
			ruled++
		}
		risky = risky || i.Risk >= 2
		mixed = mixed || i.Risk != items[0].Risk
	}
	if mixed && lines(items) > 1 {
		add("items", "must be of one risk when they are decided together")
	}
	switch {
	case a.Outcome == Remove && ruled > 0 && items[0].Kinds == BitDefinition:
		add("outcome", "must be keep or change: a definition is confirmed, or its change is asked for")
	case a.Outcome == Remove && ruled > 0:
		add("outcome", "cannot be remove: a birthright rule gives this, and would give it again; ask for a change of the rule instead")
	case a.Outcome == Change && ruled < len(items):
		add("outcome", "is change only for what a birthright rule gives, and for the definition of a role")
	case a.Outcome == Narrow && lines(items) > 1:
		add("items", "are narrowed one line at a time")
	case a.Outcome == Narrow && a.to == nil:
		add("level", "must be a lower level of what was asked for, and take away nothing that is not in this line")
	case a.Outcome != Narrow && a.Level != "":
		add("level", "is said only where something is narrowed")
	}
	if a.Until != nil && (a.Outcome != Remove || !a.Until.After(now) || a.Until.After(now.AddDate(1, 0, 0))) {
		add("until", "must be a date within the next year, of a removal")
	}
	if a.Comment = strings.TrimSpace(a.Comment); a.Comment == "" && set.Wants(a.Outcome, risky) {
		add("comment", "is required: why")
	}
	if len(a.Comment) > 2000 {
		add("comment", "has at most 2000 characters")
	}
	if len(bad) > 0 {
		return errs.InvalidFields("nothing was decided:", bad)
	}
	return nil
}

// Wants says whether a comment is required.
func (s *Settings) Wants(outcome string, risky bool) bool {
	switch s.Comment {
	case "never":
		return outcome == Change // its owner has to know what is wrong
	case "always":
		return true
	case "risky":
		return outcome != Keep || risky
	}
	return outcome != Keep
}

// line says which decision an item belongs to.
type line struct {
	who  int
	unit int64
	item int64
}

// LineOf gives what is decided as one with an item: everything that one membership, request or rule gives.
func (i *Item) lineOf() line {
	switch {
	case i.Class == ByRule:
		return line{unit: i.Unit}
	case i.Unit != 0:
		return line{who: i.Identity, unit: i.Unit}
	}
	return line{item: i.ID}
}

// lines counts the decisions that items are.
func lines(items []*Item) int {
	seen := map[line]bool{}
	for _, i := range items {
		seen[i.lineOf()] = true
	}
	return len(seen)
}

// Group puts the items of a review together that are decided as one, in the order in which they come.
func Group(items []*Item) [][]*Item {
	at := map[line]int{}
	var out [][]*Item
	for _, i := range items {
		l := i.lineOf()
		n, ok := at[l]
		if !ok {
			n = len(out)
			at[l] = n
			out = append(out, nil)
		}
		out[n] = append(out[n], i)
	}
	return out
}
