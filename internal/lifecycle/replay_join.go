package lifecycle

import (
	"slices"
	"time"

	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/internal/request"
)

// joined is a membership, or what a request gave, as it goes under one policy.
type joined struct {
	Joined
	there bool  // it was decided, and not refused
	rules []int // SoD rules that refused it
	none  bool  // or there is no such role or offer
	by    int   // index of what took its place in reality; -1 for nothing
}

// membersAt are those of a history at the instant at which a policy is put into force: what was decided before is there.
func membersAt(h *History, begins time.Time) []joined {
	out := make([]joined, len(h.Members))
	for i := range h.Members {
		out[i] = joined{Joined: h.Members[i], there: !h.Members[i].Made.After(begins), by: -1}
	}
	for i := range out {
		if before := replaced(out, i); before >= 0 {
			out[before].by = i
		}
	}
	return out
}

// replaced finds what ended because a request took its place; -1 for nothing.
func replaced(all []joined, i int) int {
	a := all[i].Asked
	if a == nil || a.Replaces == 0 {
		return -1
	}
	return slices.IndexFunc(all, func(m joined) bool { return m.Item == a.Replaces && m.Ended.Equal(all[i].Made) })
}

// end is when the end of something was decided. What was to take its place may not have come about, or not yet: then it lasts as long as it was
// to last, unless the other one was ended before.
func (r *Replay) end(i int) time.Time {
	m := &r.members[i]
	if m.by < 0 || r.members[m.by].there {
		return m.Ended
	}
	if end := r.end(m.by); end.Before(m.To) {
		return end
	}
	return m.To
}

// join weighs a membership as Join does, and what a request gives as its grant does. What takes the place of something that was refused is
// refused with it.
func (r *Replay) join(x Happening) (err error) {
	m := &r.members[x.Join]
	switch before := replaced(r.members, x.Join); {
	case before >= 0 && !r.members[before].there:
		m.rules, m.none = r.members[before].rules, r.members[before].none
	case !r.possible(m):
		m.none = true
	default:
		if m.rules, err = r.refusal(m, x.At); err != nil {
			return err
		}
		m.there = len(m.rules) == 0
	}
	r.Refused, r.NoRole = m.rules, m.none
	return nil
}

// possible says whether there is such a role. What was asked for under the policy has to be offered, and is what the offer gives under it.
func (r *Replay) possible(m *joined) bool {
	if a := m.Asked; a != nil && a.At.After(r.begins) {
		_, role, entitlements, ok := r.s.pol.Level(a.Offer, a.Level)
		if !ok || !r.offered(a) {
			return false
		}
		m.Role, m.Entitlements = role, entitlements
	}
	if m.Role == 0 {
		return len(policy.CheckParam(nil, m.Param)) == 0
	}
	o := r.s.pol.Object(m.Role)
	return o != nil && o.Role != nil && o.Role.State == policy.Active && len(policy.CheckParam(o.Role.Parameters, m.Param)) == 0
}

// offered says whether the person could ask for it when they did.
func (r *Replay) offered(a *Asked) bool {
	var jobs []policy.Attrs
	for _, v := range r.h.believed(a.At) {
		if v.Valid(a.At) && v.At(a.At) == identity.Active {
			jobs = append(jobs, v.Attrs)
		}
	}
	field, _ := request.Permits(r.s.pol.Offer(a.Offer), a.Act, jobs)
	return field == ""
}

// refusal gives the SoD rules that forbid something beside what the person holds.
func (r *Replay) refusal(m *joined, t time.Time) (rules []int, err error) {
	if r.s.pol.Duties() == nil {
		return nil, nil
	}
	sub, err := r.subject(t)
	if err != nil || sub.State == identity.Left {
		return nil, err
	}
	breaks, err := m.breaks(r.s.pol, sub.Holdings(r.s.cat, t), r.s.pol.Duties().Scope(sub.Jobs), sub.Excepted)
	for _, v := range breaks {
		rules = append(rules, v.Rule)
	}
	return rules, err
}

// believed gives the versions of the person's employments that are known at an instant.
func (h *History) believed(t time.Time) (out []identity.Version) {
	for i := range h.Versions {
		if v := &h.Versions[i]; !t.Before(v.From) && t.Before(v.To) {
			out = append(out, v.Version)
		}
	}
	return out
}
