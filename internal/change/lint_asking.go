package change

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/identity"
	"tenure/internal/policy"
)

// offers finds offers that give nothing, or that nobody may be given.
func (l *linting) offers() error {
	roles := map[string]*policy.Object{}
	for _, o := range l.pol.Objects(policy.KindRole) {
		roles[o.Name] = o
	}
	people, err := l.offered()
	if err != nil {
		return err
	}
	for _, o := range l.pol.Objects(policy.KindOffer) {
		for i, level := range o.Offer.Levels {
			if r := roles[level.Role]; r != nil && r.Role.State != policy.Active {
				l.say(LintError, "level-idle", o, fmt.Sprintf("spec.levels[%d].role", i), "whoever asks for %s gets nothing: the role %s is %s", level.Name, r.Name, r.Role.State)
			}
		}
		if l.gone[o.OwnerID] != "" {
			l.say(LintError, "owner-left", o, "spec.owner", "its owner %s does not work here any more: nobody can be asked", l.gone[o.OwnerID])
		}
		if l.never[o.ID] != "" {
			l.say(LintError, "offer-never", o, "spec.for", "the offer can be for nobody: %s", l.never[o.ID])
			continue
		}
		found := len(people) == 0
		for i := range people {
			may, err := l.pol.Offer(o.ID).May(people[i].Attrs)
			if err != nil {
				return err
			}
			if found = may; may {
				break
			}
		}
		if !found {
			l.say(LintWarning, "offer-nobody", o, "spec.for", "nobody who works here now may be given it")
		}
	}
	return nil
}

// conflictsOffered finds levels whose own entitlements break an SoD rule; of those that give a role it is told at the role.
func (l *linting) conflictsOffered() error {
	for _, o := range l.pol.Objects(policy.KindOffer) {
		for i, level := range o.Offer.Levels {
			_, _, entitlements, _ := l.pol.Level(o.ID, level.Name)
			broken := l.breaks(entitlements)
			for _, rule := range slices.Sorted(maps.Keys(broken)) {
				severity := LintError
				if l.pol.Duties().Reaction(rule) == policy.RecordSoD {
					severity = LintWarning
				}
				l.say(severity, "breaks-sod", o, fmt.Sprintf("spec.levels[%d]", i), "whoever gets %s breaks the SoD rule %q with %s", level.Name, l.pol.Object(rule).Name, strings.Join(broken[rule], " and "))
			}
		}
	}
	return nil
}

// offered gives every combination there is of the attributes by which offers are for somebody.
func (l *linting) offered() ([]identity.Alike, error) {
	reads := l.pol.OffersRead()
	if len(reads) == 0 {
		return nil, nil
	}
	return identity.Combinations(l.tx, reads)
}

// approvals finds approval rules that are never asked, or not in the order in which they are written, and steps at which nobody can be
// asked.
func (l *linting) approvals() error {
	members, err := l.deciders()
	if err != nil {
		return err
	}
	always, after := l.pol.Always(), false
	var before *policy.Object
	for _, o := range l.pol.Approvals() {
		a := o.Approval
		switch {
		case after:
			l.say(LintError, "approval-never", o, "spec.order", "the rule is never asked: %s comes before it and holds for everything", always.Name)
		case l.never[o.ID] != "":
			l.say(LintError, "approval-never", o, "spec.when", "the condition can be true of nothing: %s", l.never[o.ID])
		case before != nil && before.Approval.Order == a.Order:
			l.say(LintWarning, "approval-order", o, "spec.order", "%s has the order %d, too: they are asked by their names, %s first", before.Name, a.Order, before.Name)
		}
		asks := l.pol.Asks(o.ID)
		if a.Automatic && !slices.Contains(asks, "privileged") && !slices.Contains(asks, "risk") {
			l.say(LintWarning, "approval-automatic", o, "spec.when", `it grants privileged access as well, and nobody is asked: let the condition say request["privileged"] == "", or name a risk`)
		}
		for i := range a.Steps {
			l.step(o, i, members)
		}
		after, before = after || o == always, o
	}
	return nil
}

// step finds a step at which nobody can be asked now, so that it begins with whom it falls back to.
func (l *linting) step(o *policy.Object, i int, members map[string]int) {
	s := &o.Approval.Steps[i]
	at := fmt.Sprintf("spec.steps[%d].", i)
	switch s.By {
	case policy.ByGroup:
		l.group(o, s, at, members)
	case policy.ByCompliance:
		if members[policy.PortalGroup+policy.Compliance] == 0 {
			l.say(LintError, "approver-unreachable", o, at+"by", "nobody has the portal role compliance: nobody can be asked")
		}
	case policy.ByOwner:
		if what := l.unowned(); what != "" {
			l.say(LintWarning, "approver-unreachable", o, at+"by", "the owner is asked, and there is none of %s: %s is asked instead", what, s.Otherwise)
		}
	case policy.ByRoleOwner:
		if what := l.ownerless(); what != "" {
			l.say(LintWarning, "approver-unreachable", o, at+"by", "the owner of the role is asked, and there is none of %s: %s is asked instead", what, s.Otherwise)
		}
	}
}

func (l *linting) group(o *policy.Object, s *policy.StepSpec, at string, members map[string]int) {
	switch n := members[s.Group]; {
	case n == 0:
		l.say(LintError, "approver-unreachable", o, at+"group", "%s has no member: %s is asked instead", s.Group, s.Otherwise)
	case n < s.Quorum:
		l.say(LintError, "approval-quorum", o, at+"quorum", "%d of %s must approve, and it has %d now: %s is asked instead", s.Quorum, s.Group, n, s.Otherwise)
	}
}

// deciders counts who can decide for each group: a role by its name, a portal role with "portal:" before it.
func (l *linting) deciders() (map[string]int, error) {
	rows, err := l.tx.Query(`with here as (select id from identity where kind = 'person' and state = 'active' and locked_at is null)
		select $2 || role, count(*) from portal_role where identity_id in (select id from here) group by 1
		union all select o.name, count(distinct x.identity_id) from policy_object o join (
				select role_id, identity_id from role_member where ended_at is null and valid_from <= $1 and valid_to > $1
				union select via, identity_id from reason where via <> 0 and known_to = 'infinity' and state = 'live' and valid_from <= $1 and valid_to > $1) x
			on x.role_id = o.id and x.identity_id in (select id from here) where o.kind = 'role' group by 1`, l.tx.Now, policy.PortalGroup)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	var name string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&name, &n}, func() error { out[name] = n; return nil })
	return out, err
}

// unowned names what is offered and nobody owns: not the entitlement, nor its application, nor the offer.
func (l *linting) unowned() string {
	apps := map[string]bool{}
	for _, o := range l.pol.Offers() {
		if o.OwnerID != 0 {
			continue
		}
		for _, e := range l.pol.OfferMost(o.ID) {
			x := l.cat.Entitlements[e]
			if x == nil || x.OwnerID != nil {
				continue
			}
			if a := l.cat.Apps[x.ApplicationID]; a != nil && a.OwnerID == nil {
				apps["the application "+a.Name] = true
			}
		}
	}
	return these(apps)
}

// ownerless names the offers of which a level gives a role that nobody owns.
func (l *linting) ownerless() string {
	owner := map[string]int{}
	for _, o := range l.pol.Objects(policy.KindRole) {
		owner[o.Name] = o.OwnerID
	}
	out := map[string]bool{}
	for _, o := range l.pol.Offers() {
		if slices.ContainsFunc(o.Offer.Levels, func(x policy.Level) bool { return x.Role != "" && owner[x.Role] == 0 }) {
			out["the offer "+o.Name] = true
		}
	}
	return these(out)
}
