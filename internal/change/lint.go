package change

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/internal/policy/sod"
)

// Severities of a finding: an error is a policy that does not do what it says, a warning one that may be meant.
const (
	LintError   = "error"
	LintWarning = "warning"
)

// Finding is one thing that is wrong, or odd, about the policy.
type Finding struct {
	Severity string `json:"severity"`
	Check    string `json:"check"` // which rule of the linter: see docs/reference/policy-files.md
	Kind     string `json:"kind"`  // as policy files call it
	Name     string `json:"name"`
	Field    string `json:"field,omitempty"` // "spec.owner"
	Text     string `json:"text"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
}

// LintErrors counts the findings that are errors.
func LintErrors(all []Finding) (n int) {
	for i := range all {
		if all[i].Severity == LintError {
			n++
		}
	}
	return n
}

// Lint looks at the policy as a whole, with the people and the access there is: what nobody owns, what nobody gets, what breaks its own SoD
// rules, what can never be. With files it looks at what they would make of the policy, and changes nothing; where they are not right, that
// is all it finds. It gives findings in the order of files and lines, and of names where there are none.
func Lint(tx *db.Tx, files *Files, deps Deps) ([]Finding, error) {
	if files == nil {
		return lint(tx, newFiles())
	}
	if err := policy.Lock(tx, true); err != nil {
		return nil, err
	}
	var out []Finding
	err := tx.Try(func() error {
		_, bad, err := files.store(tx, deps)
		if err != nil {
			return err
		}
		for _, m := range bad {
			kind, name, _ := strings.Cut(m.doc, " ")
			out = append(out, files.located(Finding{Severity: LintError, Check: "invalid", Kind: kind, Name: name, Field: m.path, Text: m.Rule}))
		}
		if len(bad) == 0 {
			if out, err = lint(tx, files); err != nil {
				return err
			}
		}
		return db.ErrRollback
	})
	sortFindings(out)
	return out, err
}

func sortFindings(all []Finding) {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line, slices.Index(kinds, a.Kind)-slices.Index(kinds, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Check, b.Check))
	})
}

// located adds file and line to a finding about an object that the files declare.
func (f *Files) located(x Finding) Finding {
	if p, ok := f.at[x.Kind+" "+x.Name]; ok {
		x.File, x.Line = p.file, p.lineOf(x.Field)
	}
	return x
}

// linting is one look at a policy.
type linting struct {
	tx    *db.Tx
	files *Files
	pol   *policy.Snapshot
	cat   *catalog.Catalog

	gone   map[int]string // owners who cannot act -> their names
	people []identity.Alike
	never  map[int]string
	byRule map[int][]int // what each gives, in entitlements
	byRole map[int][]int
	held   map[int]bool // entitlements that somebody holds otherwise than by birthright

	out []Finding
}

func lint(tx *db.Tx, files *Files) ([]Finding, error) {
	l := &linting{tx: tx, files: files}
	if err := l.load(); err != nil {
		return nil, err
	}
	for _, look := range []func() error{l.owners, l.roles, l.rules, l.duties, l.conflicts, l.offers, l.approvals} {
		if err := look(); err != nil {
			return nil, err
		}
	}
	sortFindings(l.out)
	return l.out, nil
}

func (l *linting) load() (err error) {
	if l.pol, err = policy.Load(l.tx); err != nil {
		return err
	}
	if l.cat, err = catalog.Load(l.tx); err != nil {
		return err
	}
	l.byRole, l.byRule, l.never = l.pol.RoleEntitlements(), l.pol.RuleEntitlements(), l.pol.Never()
	if l.people, err = identity.Combinations(l.tx, l.pol.Reads()); err != nil {
		return err
	}
	if l.held, err = l.holdings(); err != nil {
		return err
	}
	l.gone, err = l.goneOwners()
	return err
}

// say adds a finding about an object of the policy.
func (l *linting) say(severity, check string, o *policy.Object, field, format string, a ...any) {
	l.add(Finding{Severity: severity, Check: check, Kind: fileKinds[o.Kind], Name: o.Name, Field: field, Text: fmt.Sprintf(format, a...)})
}

func (l *linting) add(x Finding) { l.out = append(l.out, l.files.located(x)) }

// owners finds what has nobody to ask.
func (l *linting) owners() error {
	for _, kind := range []string{policy.KindRole, policy.KindSoD} {
		for _, o := range l.pol.Objects(kind) {
			what := map[string]string{policy.KindRole: "role", policy.KindSoD: "SoD rule"}[kind]
			switch {
			case o.OwnerID == 0 && o.Role != nil && o.Role.State != policy.Active: // it gives nothing: nobody need answer for it
			case o.OwnerID == 0:
				l.say(LintError, "unowned", o, "spec.owner", "the %s has no owner: nobody answers for it", what)
			case l.gone[o.OwnerID] != "":
				l.say(LintError, "owner-left", o, "spec.owner", "its owner %s does not work here any more: nobody can be asked", l.gone[o.OwnerID])
			}
		}
	}
	for _, a := range l.cat.Apps {
		l.applicationOwners(a)
	}
	return nil
}

func (l *linting) applicationOwners(a *catalog.Application) {
	app := Finding{Kind: KindApplication, Name: a.Name, Field: "spec.owner"}
	switch {
	case a.OwnerID == nil:
		app.Severity, app.Check, app.Text = LintWarning, "unowned", "the application has no owner: nobody answers for it"
		l.add(app)
	case l.gone[*a.OwnerID] != "":
		app.Severity, app.Check, app.Text = LintError, "owner-left", "its owner "+l.gone[*a.OwnerID]+" does not work here any more: nobody can be asked"
		l.add(app)
	}
	for _, e := range l.cat.Of(a.ID) {
		if !e.Declared {
			continue
		}
		x := Finding{Severity: LintError, Kind: KindApplication, Name: a.Name, Field: l.fieldOf(a.Name, e)}
		switch {
		case e.OwnerID != nil && l.gone[*e.OwnerID] != "":
			x.Check, x.Text = "owner-left", fmt.Sprintf("the owner of %s, %s, does not work here any more: nobody can be asked", l.cat.Ref(e.ID), l.gone[*e.OwnerID])
		case e.Privileged && e.OwnerID == nil && a.OwnerID == nil:
			x.Check, x.Text = "unowned", fmt.Sprintf("%s is privileged, and neither it nor its application has an owner", l.cat.Ref(e.ID))
		default:
			continue
		}
		l.add(x)
	}
}

// fieldOf gives the field of an entitlement's owner in the files.
func (l *linting) fieldOf(app string, e *catalog.Entitlement) string {
	for i, x := range l.files.Applications[app].Entitlements {
		if x.Name == e.Name && cmp.Or(x.Kind, catalog.DefaultKind) == e.Kind {
			return fmt.Sprintf("spec.entitlements[%d].owner", i)
		}
	}
	return fmt.Sprintf("spec.entitlements[%s].owner", e.Name)
}

// roles finds roles that nobody gets and roles that give nothing.
func (l *linting) roles() error {
	assigned, err := l.assigned()
	if err != nil {
		return err
	}
	roles := map[string]*policy.Object{}
	for _, o := range l.pol.Objects(policy.KindRole) {
		roles[o.Name] = o
	}
	reached, offered := map[string]bool{}, map[string]bool{}
	var reach func(names []string)
	reach = func(names []string) {
		for _, name := range names {
			if o := roles[name]; o != nil && !reached[name] {
				reached[name] = true
				reach(o.Role.Roles)
			}
		}
	}
	for _, o := range l.pol.Objects(policy.KindRule) {
		reach(o.Rule.Roles)
	}
	for _, o := range l.pol.Objects(policy.KindOffer) {
		for _, level := range o.Offer.Levels {
			offered[level.Role] = true
		}
	}
	for name, o := range roles {
		if assigned[o.ID] || offered[name] && o.Role.State == policy.Active { // of a level whose role is not, l.offers tells
			reach([]string{name})
		}
	}
	for _, o := range l.pol.Objects(policy.KindRole) {
		if o.Role.State != policy.Active {
			if reached[o.Name] {
				l.say(LintWarning, "role-idle", o, "spec.state", "a birthright rule or a membership leads to the role, which is %s and gives nothing", o.Role.State)
			}
			continue
		}
		if !reached[o.Name] {
			l.say(LintWarning, "role-unused", o, "name", "nobody gets the role: no birthright rule leads to it, no offer gives it and nobody was given it")
		}
		if len(l.byRole[o.ID]) == 0 {
			l.say(LintWarning, "role-empty", o, "spec.entitlements", "the role gives nothing, not through roles within it either")
		}
	}
	return nil
}

// duties finds duties that do nothing and SoD rules that are often a mistake.
func (l *linting) duties() error {
	used := map[string]bool{}
	for _, o := range l.pol.Objects(policy.KindSoD) {
		for _, name := range o.SoD.Duties {
			used[name] = true
		}
	}
	given := map[int]bool{}
	for _, all := range l.byRule {
		for _, e := range all {
			given[e] = true
		}
	}
	for _, o := range l.pol.Offers() {
		for _, e := range l.pol.OfferMost(o.ID) {
			given[e] = true
		}
	}
	within := l.pol.DutyEntitlements()
	for _, o := range l.pol.Objects(policy.KindDuty) {
		if !used[o.Name] {
			l.say(LintWarning, "duty-unused", o, "name", "the duty stands in no SoD rule")
		}
		var out []string // of reach
		for _, e := range within[o.ID] {
			if !given[e] && !l.held[e] {
				out = append(out, l.cat.Ref(e))
			}
		}
		switch {
		case o.Duty.Needs == policy.NeedsAll && len(out) > 0:
			l.say(LintWarning, "duty-unreachable", o, "spec.entitlements", "nobody can perform the duty, which needs all of its entitlements: nobody holds %s, and no rule or offer gives it", strings.Join(out, ", "))
		case len(out) == len(within[o.ID]):
			l.say(LintWarning, "duty-unreachable", o, "spec.entitlements", "nobody can perform the duty: nobody holds any of its entitlements, and no rule or offer gives one")
		}
	}
	if l.pol.Duties() == nil {
		return nil
	}
	for _, x := range l.pol.Duties().Engine().Overlaps() {
		l.overlap(x)
	}
	return nil
}

func (l *linting) overlap(x sod.Overlap) {
	var both []string
	for _, id := range x.Duties {
		both = append(both, l.pol.Object(id).Name)
	}
	o, ref := l.pol.Object(x.Rule), l.cat.Ref(x.Entitlement)
	if x.Alone {
		l.say(LintError, "duties-overlap", o, "spec.duties", "%s alone breaks the rule: it stands in %s", ref, strings.Join(both, " and in "))
		return
	}
	l.say(LintWarning, "duties-overlap", o, "spec.duties", "%s stands in %s: who holds it performs each of them", ref, strings.Join(both, " and in "))
}
