package audit

import (
	"fmt"
	"slices"
	"strings"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
)

// Told are the facts of a way out as they are told: an attribute stands with the access that it keeps, and a rule or membership is told
// only where no single entitlement of it would do.
func Told(all []access.Fact) []access.Fact {
	alone := func(kind string, ref int) bool { // the only way in which one of the entitlements is held
		return slices.ContainsFunc(all, func(f access.Fact) bool {
			return f.What == access.EndOfAccess && len(f.Ways) == 1 && f.Ways[0].Kind == kind && f.Ways[0].Ref == ref
		})
	}
	return slices.DeleteFunc(slices.Clone(all), func(f access.Fact) bool {
		switch f.What {
		case access.EndOfRule:
			return alone(access.Birthright, f.Ref)
		case access.EndOfMember:
			return alone(access.Assignment, f.Ref)
		case access.OtherAttribute:
			return f.Change.To == policy.Another && slices.ContainsFunc(f.Stops, func(rule int) bool { return alone(access.Birthright, rule) })
		}
		return false
	})
}

// Because gives the attributes of a job without any one of which a birthright rule would not apply and the goal be reached.
func Because(all []access.Fact, rule int) []policy.Change {
	var out []policy.Change
	for _, f := range all {
		if f.What == access.OtherAttribute && f.Change.To == policy.Another && slices.Contains(f.Stops, rule) {
			out = append(out, f.Change)
		}
	}
	return out
}

// frees says in plain words what would let something be granted that is withheld, each alone; where nothing is enough alone, what is together.
func frees(tx *db.Tx, cat *catalog.Catalog, pol *policy.Snapshot, who, entitlement int) ([]string, error) {
	out, err := lifecycle.WayOut(tx, who, access.Goal{Entitlement: entitlement})
	if err != nil {
		return nil, err
	}
	var words []string
	for _, f := range Told(out.One) {
		words = append(words, factText(cat, pol, &f, out.One))
	}
	var together []string
	for _, f := range out.Together {
		together = append(together, factText(cat, pol, &f, nil))
	}
	if len(together) > 0 {
		words = append(words, strings.Join(together, ", and also "))
	}
	return words, nil
}

func factText(cat *catalog.Catalog, pol *policy.Snapshot, f *access.Fact, all []access.Fact) string {
	name := func(id int) string {
		if o := pol.Object(id); o != nil {
			return o.Name
		}
		return "of which nothing is declared any more"
	}
	switch f.What {
	case access.EndOfAccess:
		var ways []string
		for _, w := range f.Ways {
			ways = append(ways, wayText(&w, name, all))
		}
		return fmt.Sprintf("when %s ends: %s", cat.Ref(f.Entitlement), strings.Join(ways, ", and "))
	case access.EndOfRule:
		return fmt.Sprintf("when rule %s does not apply any more", name(f.Ref))
	case access.EndOfMember:
		return fmt.Sprintf("when the membership in the role %s ends", name(f.Ref))
	case access.Accepting:
		return fmt.Sprintf("when somebody else accepts the conflict with the SoD rule %s", name(f.Ref))
	}
	if f.Change.To == policy.Another {
		return fmt.Sprintf("when %s is not %q any more", f.Change.Attribute, f.Change.From)
	}
	return fmt.Sprintf("when %s is %q instead of %q", f.Change.Attribute, f.Change.To, f.Change.From)
}

func wayText(w *access.Way, name func(int) string, all []access.Fact) string {
	switch w.Kind {
	case access.Birthright:
		var why []string
		for _, c := range Because(all, w.Ref) {
			why = append(why, fmt.Sprintf("%s is %q", c.Attribute, c.From))
		}
		if len(why) == 0 {
			return "given by rule " + name(w.Ref)
		}
		return "given by rule " + name(w.Ref) + " because " + strings.Join(why, " and ")
	case access.Handover:
		return "kept after a move, given before by rule " + name(w.Ref)
	case access.Assignment:
		return "given to members of the role " + name(w.Ref)
	case access.Found:
		return "found in the application and accepted"
	case access.Requested:
		return "asked for and approved"
	}
	return "seen in the application, without a reason"
}
