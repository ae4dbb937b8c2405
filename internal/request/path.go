package request

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tenure/internal/catalog"
	"tenure/internal/errs"
	"tenure/internal/policy"
)

// defaultHours is how much working time a step has whose rule says nothing.
const defaultHours = 16

// baseline is the path of what no approval rule decides.
var baseline = []policy.StepSpec{{By: Manager}, {By: Owner}}

// route finds the approval rule for an item of somebody and fills in its steps, as they are now: later changes of the rule do not touch them.
func (it *Item) route(pol *policy.Snapshot, cat *catalog.Catalog, person policy.Attrs, offer *policy.Offer) error {
	rule, err := pol.Route(it.asked(cat, person, offer, pol))
	if err != nil {
		return err
	}
	specs := baseline
	if rule != nil {
		it.Rule, it.Automatic, specs = &rule.ID, rule.Approval.Automatic, rule.Approval.Steps
	}
	if it.Act == Emergency {
		it.Automatic = false
		it.Steps = []*Step{{Position: 1, By: Review, Quorum: 1, Hours: defaultHours, Otherwise: policy.Administrator, State: StepWaiting}}
		return nil
	}
	if it.Automatic && it.excepts() { // a stated policy does not accept a conflict
		it.Automatic, specs = false, nil
	}
	position := 0
	for i := range specs {
		if i == 0 || !specs[i].Beside {
			position++
		}
		it.Steps = append(it.Steps, it.steps(&specs[i], position, pol, cat, offer)...)
	}
	if it.excepts() && !slices.ContainsFunc(it.Steps, func(s *Step) bool { return s.By == Compliance }) {
		it.Steps = append(it.Steps, conflictStep(position+1))
	}
	return nil
}

// conflictStep asks compliance about an SoD conflict.
func conflictStep(position int) *Step {
	return &Step{Position: position, By: Compliance, Quorum: 1, Hours: defaultHours, Otherwise: policy.Administrator, State: StepWaiting}
}

// excepts says that the item needs an exception from an SoD rule.
func (it *Item) excepts() bool {
	return slices.ContainsFunc(it.Conflicts, func(c Conflict) bool { return c.Reaction == policy.Exception || c.Reaction == policy.Approve })
}

// asked is what approval rules are asked about.
func (it *Item) asked(cat *catalog.Catalog, person policy.Attrs, offer *policy.Offer, pol *policy.Snapshot) policy.Asked {
	q := policy.Asked{Person: person, Request: map[string]string{
		"act": string(it.Act), "offer": offer.Name, "level": it.Level, "risk": it.Risk,
		"days": fmt.Sprintf("%03d", int((it.AskedTo.Sub(it.AskedFrom)+24*time.Hour-1)/(24*time.Hour)))}}
	for _, e := range it.reach(pol, cat) {
		q.Entitlements = append(q.Entitlements, e.Attributes)
		if e.Privileged {
			q.Request["privileged"] = "true"
		}
		if a := cat.Apps[e.ApplicationID]; a != nil && q.Request["application"] == "" {
			q.Request["application"] = a.Name
		}
	}
	strictest := len(policy.Reactions)
	for _, c := range it.Conflicts {
		if at := slices.Index(policy.Reactions, c.Reaction); at >= 0 && at < strictest {
			strictest = at
			q.Request["sod"] = c.Reaction
		}
	}
	return q
}

// reach gives the entitlements of an item, as the catalogue has them.
func (it *Item) reach(pol *policy.Snapshot, cat *catalog.Catalog) []*catalog.Entitlement {
	gives, err := it.gives(pol)
	if err != nil {
		return nil
	}
	var out []*catalog.Entitlement
	for _, g := range gives {
		if e := cat.Entitlements[g.Entitlement]; e != nil {
			out = append(out, e)
		}
	}
	return out
}

// steps makes the steps of one line of a rule: an owner's line asks every owner of what is given, each in a step of its own.
func (it *Item) steps(spec *policy.StepSpec, position int, pol *policy.Snapshot, cat *catalog.Catalog, offer *policy.Offer) []*Step {
	s := Step{Position: position, By: spec.By, Named: spec.Group, Quorum: max(spec.Quorum, 1), Hours: spec.Hours, Otherwise: spec.Otherwise, State: StepWaiting}
	if s.Hours == 0 {
		s.Hours = defaultHours
	}
	if s.Otherwise == "" {
		s.Otherwise = Compliance
	}
	switch spec.By {
	case Group:
		if !strings.HasPrefix(spec.Group, policy.PortalGroup) {
			for _, o := range pol.Objects(policy.KindRole) {
				if o.Name == spec.Group {
					s.Named = strconv.Itoa(o.ID)
				}
			}
		}
	case Outside:
		s.Named = spec.URL
	case Wait:
		s.NextAt = it.waits(spec.Until)
	case Owner:
		return it.owners(s, pol, cat, offer)
	case RoleOwner:
		if it.Role != nil {
			if o := pol.Object(*it.Role); o != nil && o.OwnerID != 0 {
				s.Owner = &o.OwnerID
			}
		}
	}
	return []*Step{&s}
}

func (it *Item) waits(until string) *time.Time {
	at := it.AskedFrom
	if day, err := time.Parse(time.DateOnly, until); err == nil {
		at = day
	}
	return &at
}

// owners makes one step for each owner of what an item gives: of the entitlement, else of its application; where nobody owns any of it,
// of the offer.
func (it *Item) owners(s Step, pol *policy.Snapshot, cat *catalog.Catalog, offer *policy.Offer) []*Step {
	of := map[int]string{}
	var order []int
	for _, e := range it.reach(pol, cat) {
		owner, name := e.OwnerID, e.Title
		if app := cat.Apps[e.ApplicationID]; owner == nil && app != nil {
			owner, name = app.OwnerID, app.Title
		}
		if owner != nil && of[*owner] == "" {
			of[*owner] = name
			order = append(order, *owner)
		}
	}
	if len(order) == 0 {
		if offer.OwnerID != 0 {
			s.Owner = &offer.OwnerID
		}
		s.Named = offer.Title
		return []*Step{&s}
	}
	var out []*Step
	for _, id := range order {
		one := s
		one.Owner, one.Named = &id, of[id]
		out = append(out, &one)
	}
	return out
}

// risk is the highest risk of what an item gives.
func (it *Item) risk(pol *policy.Snapshot, cat *catalog.Catalog) string {
	worst := 0
	for _, e := range it.reach(pol, cat) {
		worst = max(worst, slices.Index(catalog.Risks, e.RiskLevel()))
	}
	return catalog.Risks[worst]
}

// reachable refuses a path that ends nowhere: nobody could ever decide it.
func reachable(it *Item, a *asking) error {
	for _, s := range it.Steps {
		if s.By != Wait && len(a.of(s)) == 0 {
			return errs.Conflict("nobody could decide this: there is nobody else who may approve it. Ask an administrator to name an approver")
		}
	}
	return nil
}
