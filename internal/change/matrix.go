package change

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"tenure/internal/catalog"
	"tenure/internal/errs"
	"tenure/internal/policy"
	"tenure/internal/policy/sod"
)

// Imported is a rule matrix as policy files.
type Imported struct {
	Text       string       `json:"text,omitempty"` // documents of the kinds Duty and SoDRule
	Rules      int          `json:"rules"`          // that are written
	Commented  int          `json:"commented"`      // that are written as comments, because a duty has no entitlement that is known
	Duties     int          `json:"duties"`         // that are written
	Unresolved []Unresolved `json:"unresolved"`
	Rejects    []sod.Reject `json:"rejects"`
}

// Unresolved is a name of the matrix that the catalogue does not have, or has several times.
type Unresolved struct {
	Duty string `json:"duty"` // as the policy file calls it
	Name string `json:"name"` // as the matrix calls it
	Why  string `json:"why"`
}

// ImportMatrix writes a rule matrix as documents of the kinds Duty and SoDRule, in the file's order, with a comment that says where each comes
// from. What the sides name is looked up in the catalogue by the exact name or title of an entitlement, as "application:name", in the
// named application, or in all of them. A rule with a duty of which nothing is known is written as a comment, with its duties, so that
// nothing is lost. Severities other than ours are left out, which is high, and stand in the comment.
//
// The error, of the kind invalid, says that the matrix holds no rule.
func ImportMatrix(m *sod.Matrix, cat *catalog.Catalog, application string) (*Imported, error) {
	if len(m.Rules) == 0 {
		return nil, errs.Invalid("nothing was written: no rule of the file can be used")
	}
	w := &matrixWriter{m: m, find: newFinder(cat, application), out: &Imported{Unresolved: []Unresolved{}, Rejects: m.Rejects}, duties: map[string]*matrixDuty{}}
	if w.find.missing != "" {
		return nil, errs.NotFound("there is no application %q", w.find.missing)
	}
	w.resolve()
	docs := make([]string, 0, len(m.Rules)+len(m.Duties))
	for _, d := range m.Duties {
		doc, err := w.duty(w.duties[d.Name])
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	names := newNames()
	for i := range m.Rules {
		doc, err := w.rule(&m.Rules[i], names)
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	w.out.Text = strings.Join(docs, "---\n")
	return w.out, nil
}

type matrixWriter struct {
	m      *sod.Matrix
	find   *finder
	out    *Imported
	duties map[string]*matrixDuty // by the name in the matrix
}

// matrixDuty is a duty of the matrix on its way into a file.
type matrixDuty struct {
	sod.NamedDuty
	name string   // in the file
	refs []string // of entitlements that are known
	lost []Unresolved
	live bool // a rule that can be used names it
}

// usable says whether all duties of a rule can be performed with something that is known.
func (w *matrixWriter) usable(r *sod.NamedRule) bool {
	return !slices.ContainsFunc(r.Duties, func(name string) bool { return len(w.duties[name].refs) == 0 })
}

// resolve looks everything up.
func (w *matrixWriter) resolve() {
	names := newNames()
	for _, d := range w.m.Duties {
		x := &matrixDuty{NamedDuty: d, name: names.give(d.Name)}
		for _, e := range d.Entitlements {
			ref, why := w.find.one(e)
			if why != "" {
				x.lost = append(x.lost, Unresolved{Duty: x.name, Name: e, Why: why})
			} else if !slices.Contains(x.refs, ref) {
				x.refs = append(x.refs, ref)
			}
		}
		w.out.Unresolved = append(w.out.Unresolved, x.lost...)
		w.duties[d.Name] = x
	}
	for i := range w.m.Rules {
		if r := &w.m.Rules[i]; w.usable(r) {
			for _, name := range r.Duties {
				w.duties[name].live = true
			}
		}
	}
}

func (w *matrixWriter) duty(d *matrixDuty) (string, error) {
	spec := policy.DutySpec{Entitlements: d.refs}
	if d.Name != d.name {
		spec.Title = d.Name
	}
	spec.Description = d.Note
	about := ""
	for _, x := range d.lost {
		about += comment(fmt.Sprintf("%q %s", x.Name, x.Why))
	}
	if d.live {
		w.out.Duties++
	}
	if len(d.refs) == 0 {
		spec.Entitlements = []string{"application/entitlement"} // to be filled in by whoever takes the comment signs away
	}
	return document(KindDuty, d.name, spec, about, d.live)
}

func (w *matrixWriter) rule(r *sod.NamedRule, names *nameGiver) (string, error) {
	spec := policy.SoDSpec{Title: strings.Join(r.Duties, " & "), Description: r.Reason, Severity: r.Severity, Reaction: policy.Exception}
	for _, name := range r.Duties {
		spec.Duties = append(spec.Duties, w.duties[name].name)
	}
	about := comment(fmt.Sprintf("Rule %s, row %d", r.ID, r.Row))
	if r.Source != "" {
		about += comment("From " + r.Source)
	}
	if r.Note != "" {
		about += comment("Severity there: " + r.Note)
	}
	live := w.usable(r)
	if live {
		w.out.Rules++
	} else {
		w.out.Commented++
		about += comment("Not in force: the catalogue has nothing with which one of its duties is performed")
	}
	return document(KindSoD, names.give(r.ID), spec, about, live)
}

func comment(text string) string { return "# " + text + "\n" }

// document writes one document under comments; one that is not live is a comment itself.
func document(kind, name string, spec any, about string, live bool) (string, error) {
	body, err := yaml.MarshalWithOptions(yaml.MapSlice{{Key: "kind", Value: kind}, {Key: "name", Value: name}, {Key: "spec", Value: spec}}, yaml.Indent(2))
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", kind, name, err)
	}
	text := string(body)
	if !live {
		text = "# " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n# ") + "\n"
	}
	return about + text, nil
}

// nameGiver makes names that policy objects may have, each once.
type nameGiver struct{ taken map[string]bool }

func newNames() *nameGiver { return &nameGiver{map[string]bool{}} }

// maxName is how long the name of a policy object may be, in bytes.
const maxName = 80

func (n *nameGiver) give(wish string) string {
	wish = strings.Join(strings.Fields(strings.NewReplacer(":", " ", "/", "-", `"`, "'").Replace(wish)), " ")
	name := cut(wish, maxName)
	for i := 2; n.taken[name]; i++ {
		end := fmt.Sprintf(" %d", i)
		name = cut(wish, maxName-len(end)) + end
	}
	n.taken[name] = true
	return name
}

// cut shortens a text to so many bytes at most, between characters.
func cut(s string, most int) string {
	if len(s) <= most {
		return cmp.Or(s, "unnamed")
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return strings.TrimSpace(s[:most])
}

// finder finds entitlements by what a matrix calls them.
type finder struct {
	cat     *catalog.Catalog
	in      []int // applications that are searched for a name without one
	missing string
	by      map[int]map[string][]int // application -> name or title -> entitlements, each once
	apps    map[string][]int         // name or title -> applications
}

func newFinder(cat *catalog.Catalog, application string) *finder {
	f := &finder{cat: cat, by: map[int]map[string][]int{}, apps: map[string][]int{}}
	for id, a := range cat.Apps {
		f.by[id] = map[string][]int{}
		for _, name := range slices.Compact([]string{a.Name, a.Title}) {
			f.apps[name] = append(f.apps[name], id)
		}
		f.in = append(f.in, id)
	}
	for id, e := range cat.Entitlements {
		if e.Kind == catalog.AccountKind {
			continue
		}
		for _, name := range slices.Compact([]string{e.Name, e.Title}) {
			f.by[e.ApplicationID][name] = append(f.by[e.ApplicationID][name], id)
		}
	}
	if application != "" {
		if f.in = f.apps[application]; len(f.in) == 0 {
			f.missing = application
		}
	}
	return f
}

// one gives the reference of the only entitlement with this name or title, or why there is none.
func (f *finder) one(name string) (ref, why string) {
	if e := f.cat.ByName[name]; e != nil && strings.Contains(name, "/") { // as policy files call it
		return f.cat.Ref(e.ID), ""
	}
	found := f.search(f.in, name)
	for _, sign := range []string{":", "/"} {
		if app, rest, ok := strings.Cut(name, sign); ok && len(found) == 0 {
			found = f.search(f.apps[strings.TrimSpace(app)], strings.TrimSpace(rest))
		}
	}
	switch len(found) {
	case 0:
		return "", "is not in the catalogue"
	case 1:
		return f.cat.Ref(found[0]), ""
	}
	refs := names(found, f.cat.Ref)
	return "", "is several entitlements: " + strings.Join(refs[:min(len(refs), 5)], ", ")
}

func (f *finder) search(apps []int, name string) (out []int) {
	for _, a := range apps {
		out = append(out, f.by[a][name]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
