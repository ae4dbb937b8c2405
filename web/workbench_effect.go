package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tenure/internal/catalog"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/hr"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

// What the workbench suggests at most of each kind, and up to how many people the effect is worked out without being asked for.
const (
	suggestMost = 500
	valuesMost  = 40
	soonMost    = 2000
)

// benchData is what the form offers.
type benchData struct {
	cat        *catalog.Catalog
	pol        *policy.Snapshot
	sent       []string // attributes that HR sources send besides the standard ones
	attributes []string
}

func (r *request) benchData(tx *db.Tx) (d *benchData, err error) {
	d = &benchData{}
	if d.cat, err = catalog.Load(tx); err != nil {
		return nil, err
	}
	if d.pol, err = policy.Load(tx); err != nil {
		return nil, err
	}
	if d.sent, err = hr.AttributeNames(tx); err != nil {
		return nil, err
	}
	d.attributes = append(slices.Clone(policy.StandardAttributes), d.sent...)
	slices.Sort(d.attributes)
	d.attributes = slices.Compact(d.attributes)
	return d, nil
}

// tasks are those of the offers there are.
func (d *benchData) tasks() []ui.Option {
	var all []string
	for _, o := range d.pol.Offers() {
		all = append(all, o.Offer.Tasks...)
	}
	slices.Sort(all)
	var out []ui.Option
	for _, t := range slices.Compact(all) {
		if len(out) < suggestMost {
			out = append(out, ui.Option{Value: t})
		}
	}
	return out
}

// suggestions are the lists that the fields of the form offer: what is declared, and the values that people have.
func (d *benchData) suggestions(tx *db.Tx, b *bench) ([]templates.Suggestion, error) {
	var ents []ui.Option
	for id, e := range d.cat.Entitlements {
		if ref := d.cat.Ref(id); ref != "" && e.Kind != catalog.AccountKind {
			ents = append(ents, ui.Option{Value: ref, Text: e.Title})
		}
	}
	slices.SortFunc(ents, func(a, b ui.Option) int { return cmp.Compare(a.Value, b.Value) })
	out := []templates.Suggestion{{ID: "all-entitlements", Options: ents[:min(len(ents), suggestMost)]}}
	for field, kind := range map[string]string{"roles": policy.KindRole, "duties": policy.KindDuty} {
		l := templates.Suggestion{ID: "all-" + field}
		for _, o := range d.pol.Objects(kind) {
			if len(l.Options) < suggestMost {
				l.Options = append(l.Options, ui.Option{Value: o.Name, Text: o.Title})
			}
		}
		out = append(out, l)
	}
	if b.kind == change.KindOffer {
		out = append(out, templates.Suggestion{ID: "all-tasks", Options: d.tasks()})
	}
	slices.SortFunc(out, func(a, b templates.Suggestion) int { return cmp.Compare(a.ID, b.ID) })
	var names []string
	for _, v := range b.form.Values {
		if v.Lines != nil {
			for _, l := range v.Lines.All {
				names = append(names, l.Attribute)
			}
		}
	}
	slices.Sort(names)
	values, err := identity.Frequent(tx, slices.Compact(names), valuesMost)
	for _, f := range change.FormFields(b.kind) {
		v := b.form.Values[f.Name]
		if v.Lines == nil {
			continue
		}
		for i, l := range v.Lines.All {
			s := templates.Suggestion{ID: fmt.Sprintf("spec.%s.%d.values", f.Name, i)}
			for _, x := range values[l.Attribute] {
				s.Options = append(s.Options, ui.Option{Value: x})
			}
			out = append(out, s)
		}
	}
	return out, err
}

// benchEffect says whom the condition means, and what the document would do when that was asked for.
func (r *request) benchEffect(tx *db.Tx, b *bench, d *benchData, v *templates.WorkbenchEffect) error {
	if b.unread != "" {
		v.Fault = r.T("The document cannot be read.")
		return nil
	}
	if err := r.benchMatch(tx, b, d, v); err != nil {
		return err
	}
	if len(b.faults) > 0 {
		v.Fault = r.T("Look at what is marked first.")
	}
	v.URL = effectURL
	if p := b.plan; p != nil && len(b.faults) == 0 {
		v.Took = r.T("Worked out for everybody in %s; nothing was changed.", fmt.Sprintf("%.1f s", b.took.Seconds()))
		if len(p.Changes) == 0 {
			v.Nothing = r.T("The document says what is declared already.")
			return nil
		}
		if err := r.planFigures(tx, p, &v.Of); err != nil {
			return err
		}
		var sensitive []int
		n := 0
		if p.Sensitive != nil {
			n = p.Sensitive.People
			for _, x := range p.Sensitive.First[:min(len(p.Sensitive.First), sensitiveMost)] {
				sensitive = append(sensitive, x.Identity)
			}
		}
		return r.planPeople(tx, p.People[:min(len(p.People), changeMost)], sensitive, n, p.Effect.People, &v.Of)
	}
	if _, err := change.ReadText(b.text); err != nil || b.form.Name == "" || len(b.faults) > 0 || v.Fault != "" {
		return nil //nolint:nilerr // it is told when the effect is asked for
	}
	few := 0
	err := tx.QueryRow(`select count(*) from (select from identity where kind = 'person' limit $1) x`, soonMost+1).Scan(&few)
	v.Soon = few <= soonMost
	return err
}

// matchMost is how many of the people are named whom a condition means.
const matchMost = 5

// benchMatch counts the people whom the condition of a rule means, and names a few.
func (r *request) benchMatch(tx *db.Tx, b *bench, d *benchData, v *templates.WorkbenchEffect) error {
	sheet, err := change.ReadSheet(b.text, b.kind, b.form.Name)
	if err != nil || b.kind == change.KindRole || b.kind == change.KindDuty || b.kind == change.KindApproval {
		return nil //nolint:nilerr // whoever reads the text is told elsewhere
	}
	field := "when"
	if b.kind == change.KindOffer {
		field = "for"
	}
	when, _ := sheet.Spec[field].(string)
	except, _ := sheet.Spec["except"].(string)
	if when == "" && b.kind != change.KindRule {
		when = "true"
	}
	if strings.TrimSpace(when) == "" {
		return nil
	}
	test, err := policy.NewTest(when, d.sent)
	if err != nil {
		v.Fault = sentence(r.T("%s %s", r.benchLabel(b.kind, field), err.Error()))
		return nil
	}
	but := (*policy.Test)(nil)
	if except != "" {
		if but, err = policy.NewTest(except, d.sent); err != nil {
			v.Fault = sentence(r.T("%s %s", r.benchLabel(b.kind, "except"), err.Error()))
			return nil
		}
	}
	first, n, err := fitting(tx, test, but)
	if err != nil {
		return err
	}
	people, err := identity.People(tx, first)
	if err != nil {
		return err
	}
	var names []string
	for _, id := range first {
		if p := people[id]; p != nil {
			names = append(names, p.Name)
		}
	}
	switch {
	case n == 0:
		v.Match = r.T("It means nobody who works here now.")
	case n > len(names):
		v.Match = r.T("It means %s now: %s and others.", r.Plural(n, "person", "people"), strings.Join(names, ", "))
	default:
		v.Match = r.T("It means %s now: %s.", r.Plural(n, "person", "people"), r.and(names, matchMost))
	}
	return nil
}

// fitting counts the people for whom a condition holds and another, if there is one, does not. Each combination of attributes is asked once.
func fitting(tx *db.Tx, when, except *policy.Test) (first []int, n int, err error) {
	names := when.Reads()
	if except != nil {
		names = append(names, except.Reads()...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	all, err := identity.Combinations(tx, names)
	if err != nil {
		return nil, 0, err
	}
	var values [][]string
	for _, c := range all {
		holds, err := when.Holds(c.Attrs)
		if err == nil && holds && except != nil {
			var not bool
			not, err = except.Holds(c.Attrs)
			holds = !not
		}
		if err != nil {
			return nil, 0, err
		}
		if holds {
			v := make([]string, len(names))
			for i, name := range names {
				v[i] = c.Attrs.Get(name)
			}
			values = append(values, v)
		}
	}
	return identity.Fitting(tx, names, values, matchMost)
}

// benchTo is the address of the workbench for what is declared, for those who may plan a change.
func (r *request) benchTo(id int) string { return r.to("policy.change", benchEditURL(id)) }
