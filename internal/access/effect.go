package access

import "slices"

// Undo is what a change did to one person that is taken back, by entitlement: what it had given yields to what it had taken, which
// comes back even where it breaks an SoD rule, as it did before.
type Undo struct{ Gave, Took map[int]bool }

// PersonEffect is what a change does to one person: entitlements gained and lost, SoD rules broken and not broken any more, what is
// withheld because of a rule, and how many operations it makes. All ids ascending.
type PersonEffect struct {
	Identity        int
	Gains, Loses    []int
	Opens, Resolves []int // SoD rules
	Withheld        []int // entitlements, those that were withheld before not counted
	Operations      int
}

// Enabled tells, application by application, how many more of the subject's accounts can be signed in to when everything that is planned is
// done than when only what was on its way before had been. Negative is fewer.
func (e *Effects) Enabled(s *Subject, tell func(app, more int)) {
	for _, h := range s.Accounts {
		was, is := h.Exists && h.Enabled, h.Exists && h.Enabled
		for i := range h.Open {
			o := &h.Open[i]
			was = o.enables(was)
			if o.Attempts > 0 || !slices.ContainsFunc(e.Cancel, func(c Operation) bool { return c.ID == o.ID }) {
				is = o.enables(is)
			}
		}
		e.tell(h, was, is, tell)
	}
	for _, h := range e.New {
		e.tell(h, false, false, tell)
	}
}

func (e *Effects) tell(h *Holding, was, is bool, tell func(app, more int)) {
	for i := range e.Ops {
		if e.On[i] == h {
			is = e.Ops[i].enables(is)
		}
	}
	switch {
	case is && !was:
		tell(h.App, 1)
	case was && !is:
		tell(h.App, -1)
	}
}

// enables says whether an account can be signed in to after the operation.
func (o *Operation) enables(was bool) bool {
	switch o.Kind {
	case Create, Enable:
		return true
	case Disable, Delete:
		return false
	}
	return was
}
