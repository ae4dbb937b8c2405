package lifecycle

import (
	"time"

	"tenure/internal/access"
	"tenure/internal/identity"
)

// ahead asks policy what is prepared for the first day of each employment that will begin.
func (s *settling) ahead(sub *access.Subject, p *identity.Change) error {
	sub.Duties = s.pol.Duties()
	for i := range p.Versions {
		v := &p.Versions[i]
		if days, ok := s.until(v); ok {
			if err := sub.WantAhead(s.pol, v.Employment, v.Attrs, days); err != nil {
				return err
			}
		}
	}
	return nil
}

// until gives in how many days an employment begins, by the version that will be valid then; ok is false where that is further away
// than any rule looks ahead.
func (s *settling) until(v *identity.Version) (days int, ok bool) {
	leads := s.pol.Leads()
	if len(leads) == 0 || v.Status == identity.StatusRescinded || !v.StartsAt.After(s.now) || !v.Valid(v.StartsAt) {
		return 0, false
	}
	for _, days := range leads {
		if !s.now.Before(v.StartsAt.AddDate(0, 0, -days)) {
			return days, true
		}
	}
	return 0, false
}

// prepared gives the instants after one at which rules begin to give to somebody whose first day comes.
func prepared(versions []identity.Version, leads []int, now time.Time) []time.Time {
	var out []time.Time
	for i := range versions {
		v := &versions[i]
		if v.Status == identity.StatusRescinded || !v.StartsAt.After(now) {
			continue
		}
		for _, days := range leads {
			if t := v.StartsAt.AddDate(0, 0, -days); t.After(now) {
				out = append(out, t)
			}
		}
	}
	return out
}
