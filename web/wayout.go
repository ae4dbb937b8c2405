package web

import (
	"cmp"
	"strings"

	"tenure/internal/access"
	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

// wayOut says what would end a violation, or let something be granted that is withheld: each single fact, tried.
func (r *request) wayOut(tx *db.Tx, who int, g access.Goal) (*templates.WayOut, error) {
	found, err := lifecycle.WayOut(tx, who, g)
	if err != nil {
		return nil, err
	}
	w := wording{request: r, all: found.One}
	if w.pol, err = policy.Load(tx); err != nil {
		return nil, err
	}
	if w.cat, err = catalog.Load(tx); err != nil {
		return nil, err
	}
	out := &templates.WayOut{}
	for _, f := range audit.Told(found.One) {
		out.One = append(out.One, w.fact(&f))
	}
	for _, f := range found.Together {
		out.Together = append(out.Together, w.fact(&f))
	}
	return out, nil
}

// wording puts facts in sentences.
type wording struct {
	*request
	pol *policy.Snapshot
	cat *catalog.Catalog
	all []access.Fact // that are enough alone
}

func (w *wording) title(id int) string {
	if o := w.pol.Object(id); o != nil {
		return o.Title
	}
	return w.T("something that is no longer declared")
}

func (w *wording) fact(f *access.Fact) ui.Link {
	switch f.What {
	case access.EndOfAccess:
		l := ui.Link{}
		var ways []string
		for _, x := range f.Ways {
			ways = append(ways, w.way(&x))
			if x.Kind == access.Birthright || x.Kind == access.Assignment {
				l.URL = cmp.Or(l.URL, w.objectURL(x.Ref, 0))
			}
		}
		l.Text = w.T("when %s ends: %s", w.entitlementWord(w.cat, f.Entitlement), w.and(ways, 6))
		return l
	case access.EndOfRule:
		return ui.Link{Text: w.T("when the rule “%s” does not apply any more", w.title(f.Ref)), URL: w.objectURL(f.Ref, 0)}
	case access.EndOfMember:
		return ui.Link{Text: w.T("when the membership in the role “%s” ends", w.title(f.Ref)), URL: w.to("policy.read", roleURL(f.Ref)+"#members")}
	case access.Accepting:
		return ui.Link{Text: w.T("when somebody else accepts the conflict “%s” for a time", w.title(f.Ref))}
	}
	if f.Change.To == policy.Another {
		return ui.Link{Text: w.T("when %s is not %s any more", w.attributeWord(f.Change.Attribute), w.quoted(f.Change.From))}
	}
	return ui.Link{Text: w.T("when %s is %s instead of %s", w.attributeWord(f.Change.Attribute), w.quoted(f.Change.To), w.quoted(f.Change.From))}
}

// way says what gives an entitlement, and the attributes of the job because of which it does.
func (w *wording) way(x *access.Way) string {
	switch x.Kind {
	case access.Birthright:
		var why []string
		for _, c := range audit.Because(w.all, x.Ref) {
			why = append(why, w.T("%s is %s", w.attributeWord(c.Attribute), w.quoted(c.From)))
		}
		if len(why) == 0 {
			return w.T("the rule “%s” gives it", w.title(x.Ref))
		}
		return w.T("the rule “%s” gives it because %s", w.title(x.Ref), strings.Join(why, ", "))
	case access.Handover:
		return w.T("it is kept for a while after a move")
	case access.Assignment:
		return w.T("members of the role “%s” have it", w.title(x.Ref))
	case access.Found:
		return w.T("it was found in the application and accepted")
	case access.Requested:
		return w.T("it was asked for and approved")
	}
	return w.T("it is seen in the application, without a reason")
}
