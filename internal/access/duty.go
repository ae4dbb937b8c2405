package access

import (
	"cmp"
	"slices"
	"time"

	"tenure/internal/catalog"
	"tenure/internal/policy/sod"
)

// Withheld is what birthright would give and does not, because an SoD rule would be broken.
type Withheld struct {
	Entitlement int
	Rule        int // the SoD rule
	Ref         int // the birthright rule that would give it
}

// weigh holds what the person keeps and what is added against the SoD rules, in this order: what is kept, what is seen in the targets
// without a reason, what birthright adds, by rule. What would break a rule is withheld, unless the rule only records or an
// exception is accepted. A hand-over gives way to what the new job gives. Nothing that is held already is taken away here: it is a
// violation, for people to decide.
func (s *Subject) weigh(d *Desire, cat *catalog.Catalog, now time.Time) {
	if s.Duties == nil {
		return
	}
	w := weighing{s: s, d: d, engine: s.Duties.Engine(), scope: s.Duties.Scope(s.Jobs), now: now}
	w.split(cat, now)
	w.ahead(now)
	kept := len(w.base)
	if adds := w.holdings(w.adds); len(w.engine.CheckAdd(w.base, adds, w.scope)) > 0 {
		w.oneByOne()
	} else {
		w.base = append(w.base, adds...)
	}
	d.attempt = s.Duties.Attempt(w.base[:kept:kept], w.base[kept:], w.scope, s.Excepted)
	d.Broken = w.engine.Check(w.base, w.scope)
	d.weighed = w.all
}

// Holdings are everything a person holds, now or by decision later: what reasons give and what targets show without one.
func (s *Subject) Holdings(cat *catalog.Catalog, now time.Time) []sod.Holding {
	var out []sod.Holding
	covered := map[int]bool{}
	for i := range s.Reasons {
		covered[s.Reasons[i].Entitlement] = true
		out = append(out, holding(&s.Reasons[i], i, now))
	}
	for i := range s.Member {
		if s.Member[i].ValidFrom.After(now) {
			out = append(out, holding(&s.Member[i], -1, now))
		}
	}
	for _, h := range s.Accounts {
		for _, e := range sorted(h.Held) {
			if x := cat.Entitlements[e]; x != nil && !covered[e] && !h.leaves(e) && !s.goes(e, cat.Apps[x.ApplicationID]) {
				out = append(out, sod.Holding{Entitlement: e, From: now, Tag: -1})
			}
		}
	}
	return out
}

// weighing is one judgement on its way. all are the reasons that a holding's Tag points at; holdings without a reason have Tag -1.
type weighing struct {
	s      *Subject
	d      *Desire
	engine *sod.Engine
	scope  func(rule int) bool
	now    time.Time

	all  []Reason
	base []sod.Holding
	adds []int // indices into all
}

// split puts aside what is weighed one by one when something conflicts.
func (w *weighing) split(cat *catalog.Catalog, now time.Time) {
	w.all = append(w.all, w.d.Live...)
	covered, added := map[int]bool{}, len(w.d.Live)-len(w.d.Add)
	had := map[int]bool{} // who gets it for another reason goes on holding it
	for i := range w.s.Reasons {
		had[w.s.Reasons[i].Entitlement] = true
	}
	for i := range w.all {
		r := &w.all[i]
		covered[r.Entitlement] = true
		fresh := i >= added && !had[r.Entitlement] || r.Kind == Handover
		if (fresh || w.s.Undo.gave(r)) && !w.s.Undo.took(r) {
			w.adds = append(w.adds, i)
		} else {
			w.base = append(w.base, holding(&w.all[i], i, w.now))
		}
	}
	slices.SortStableFunc(w.adds, func(a, b int) int {
		x, y := &w.all[a], &w.all[b]
		return cmp.Or(w.rank(x)-w.rank(y), x.Ref-y.Ref, x.Entitlement-y.Entitlement, x.Via-y.Via)
	})
	for i := range w.d.End {
		covered[w.d.End[i].Entitlement] = true // it is on its way out
	}
	for _, h := range w.s.Accounts {
		for _, e := range sorted(h.Held) {
			if x := cat.Entitlements[e]; x != nil && !covered[e] && !h.leaves(e) && !w.s.goes(e, cat.Apps[x.ApplicationID]) {
				w.base = append(w.base, sod.Holding{Entitlement: e, From: now, To: forever, Tag: -1})
			}
		}
	}
}

// ahead adds what is decided and begins later.
func (w *weighing) ahead(now time.Time) {
	for _, m := range w.s.Member {
		if m.ID == 0 && m.ValidFrom.After(now) {
			w.base = append(w.base, holding(&m, len(w.all), w.now))
			w.all = append(w.all, m)
		}
	}
}

// rank puts hand-overs last, and before them what is there by a change that is taken back.
func (w *weighing) rank(r *Reason) int {
	switch {
	case r.Kind == Handover:
		return 2
	case w.s.Undo.gave(r):
		return 1
	}
	return 0
}

func (u *Undo) gave(r *Reason) bool { return u != nil && r.Kind == Birthright && u.Gave[r.Entitlement] }

func (u *Undo) took(r *Reason) bool { return u != nil && r.Kind == Birthright && u.Took[r.Entitlement] }

// goes says that what an account holds without a reason is about to be taken away: it had one, or the application repairs.
func (s *Subject) goes(entitlement int, app *catalog.Application) bool {
	return app != nil && app.Mode == catalog.Enforce && (s.Once[entitlement] || app.Spec.Drift == catalog.Repair)
}

// leaves says whether the taking away of an entitlement is on its way.
func (h *Holding) leaves(entitlement int) bool {
	return slices.ContainsFunc(h.Open, func(o Operation) bool { return o.Kind == Revoke && o.Entitlement == entitlement })
}

// holding is a reason as the engine sees it, from now on: what was together in the past is no conflict any more.
func holding(r *Reason, tag int, now time.Time) sod.Holding {
	from := r.ValidFrom
	if from.Before(now) {
		from = now
	}
	return sod.Holding{Entitlement: r.Entitlement, From: from, To: r.ValidTo, Tag: tag}
}

func (w *weighing) holdings(indices []int) []sod.Holding {
	out := make([]sod.Holding, len(indices))
	for i, at := range indices {
		out[i] = holding(&w.all[at], at, w.now)
	}
	return out
}

// oneByOne adds what may be added. What may not is withheld, because of every rule that forbids it beside what is held in the end.
func (w *weighing) oneByOne() {
	out := map[int]bool{}
	for _, i := range w.adds {
		if len(w.stops(i)) > 0 {
			out[i] = true
		} else {
			w.base = append(w.base, holding(&w.all[i], i, w.now))
		}
	}
	for _, i := range w.adds {
		if r := &w.all[i]; out[i] && r.Kind != Handover {
			for _, rule := range w.stops(i) {
				w.d.Withheld = append(w.d.Withheld, Withheld{Entitlement: r.Entitlement, Rule: rule, Ref: r.Ref})
			}
		}
	}
	w.d.drop(out)
}

// stops gives the rules that forbid a reason beside what is held.
func (w *weighing) stops(reason int) []int {
	return w.s.Duties.Stops(w.base, []sod.Holding{holding(&w.all[reason], reason, w.now)}, w.scope, w.s.Excepted)
}

// drop takes reasons, by their index in Live, out of what is desired: one that is new does not begin, one that is there ends.
func (d *Desire) drop(out map[int]bool) {
	var live []Reason
	for i := range d.Live {
		switch {
		case !out[i]:
			live = append(live, d.Live[i])
		case d.Live[i].ID != 0:
			d.End = append(d.End, d.Live[i])
		}
	}
	d.Live = live
	d.Add = slices.DeleteFunc(slices.Clone(d.Add), func(r Reason) bool {
		k := r.Key()
		return !slices.ContainsFunc(live, func(l Reason) bool { return l.ID == 0 && l.Key() == k && l.ValidTo.Equal(r.ValidTo) })
	})
}
