package hr

import (
	"fmt"
	"slices"
	"time"

	"tenure/internal/db"
	"tenure/internal/hr/source"
	"tenure/internal/identity"
)

// timeline turns the rows of one employment into versions from a moment on.
type timeline struct {
	spec  *Spec
	now   time.Time // the snapshot's effective instant
	zones map[string]*time.Location
}

// build gives the versions that the rows of one employment state, in order, and from when they replace what was believed.
// Rows without an effective day hold from now. old is what was believed about the employment, empty for a new one.
func (t *timeline) build(rows []source.Record, old []identity.Version) ([]identity.Version, time.Time, *source.Reject) {
	slices.SortStableFunc(rows, func(a, b source.Record) int { return a.Effective.Compare(b.Effective) })
	out := make([]identity.Version, 0, len(rows))
	for i := range rows {
		v, rej := t.version(&rows[i])
		if rej != nil {
			return nil, t.now, rej
		}
		if n := len(out); n > 0 {
			if !out[n-1].ValidFrom.Before(v.ValidFrom) { // a row of an earlier day that holds no longer
				out = out[:n-1]
			} else {
				out[n-1].ValidTo = v.ValidFrom
			}
		}
		out = append(out, v)
	}
	// What is new is believed from its beginning: nothing else was, before.
	if len(old) == 0 && out[0].ValidFrom.After(earlier(t.now, out[0].StartsAt)) {
		out[0].ValidFrom = earlier(t.now, out[0].StartsAt)
	}
	return out, out[0].ValidFrom, nil
}

func (t *timeline) version(r *source.Record) (identity.Version, *source.Reject) {
	zone := r.Zone
	if zone == "" {
		zone = t.spec.File.Zone
	}
	loc, err := t.location(zone)
	if err != nil {
		return identity.Version{}, &source.Reject{Row: r.Row, Key: r.Key, Field: source.ColumnZone, Rule: fmt.Sprintf("%q is no IANA time zone", zone)}
	}
	v := identity.Version{Status: identity.StatusActive, FirstDay: day(r.FirstDay), Zone: zone, StartsAt: r.FirstDay.In(loc),
		EndsAt: db.Forever, ValidFrom: t.now, ValidTo: db.Forever, Attrs: identity.Attrs(r.Attrs.Map())}
	if v.StartsAt.IsZero() { // no first day stated: it began when it was first seen
		v.FirstDay, v.StartsAt = t.now, t.now
	}
	if !r.Effective.IsZero() {
		v.ValidFrom = r.Effective.In(loc)
	}
	if !r.LastDay.IsZero() && t.spec.File.Leavers != source.ByAbsence {
		last := day(r.LastDay)
		v.LastDay, v.EndsAt = &last, r.LastDay.EndIn(loc)
	}
	switch r.Status {
	case source.StatusLeave:
		v.Status = identity.StatusLeave
	case source.StatusRescinded:
		v.Status = identity.StatusRescinded
	case source.StatusLeft:
		if v.EndsAt.After(v.ValidFrom) {
			v.EndsAt = later(v.ValidFrom, v.StartsAt)
		}
	}
	v.Attrs["number"] = r.Key
	if r.Person != "" {
		v.Attrs["person"] = r.Person
	}
	if r.ManagerRef != "" {
		v.Attrs["manager"] = r.ManagerRef
	}
	if r.Status != "" {
		v.Attrs["status"] = r.Status
	}
	return v, nil
}

// absent gives what is believed about an employment that a full snapshot no longer names: it ended, or it never began.
func absent(old []identity.Version, now time.Time) []identity.Version {
	v := at(old, now)
	v.ValidFrom, v.ValidTo = now, db.Forever
	if v.StartsAt.After(now) {
		v.Status = identity.StatusRescinded
	} else if v.EndsAt.After(now) {
		last := now.AddDate(0, 0, -1)
		v.LastDay, v.EndsAt = &last, now
	}
	return []identity.Version{v}
}

// at gives the version that holds at an instant, or else the first one.
func at(versions []identity.Version, now time.Time) identity.Version {
	for i := range versions {
		if versions[i].Valid(now) {
			return versions[i]
		}
	}
	return versions[0]
}

// splice replaces what was believed from an instant on. kept is what stays untouched, cut what is to be written anew with
// an earlier end, closed the ids of what is believed no longer.
func splice(old []identity.Version, from time.Time) (kept, cut []identity.Version, closed []int64) {
	for _, v := range old {
		switch {
		case !v.ValidTo.After(from):
			kept = append(kept, v)
		case v.ValidFrom.Before(from):
			closed = append(closed, v.ID)
			v.ID, v.ValidTo = 0, from
			cut = append(cut, v)
		default:
			closed = append(closed, v.ID)
		}
	}
	return kept, cut, closed
}

func (t *timeline) location(name string) (*time.Location, error) {
	if l, ok := t.zones[name]; ok {
		return l, nil
	}
	l, err := time.LoadLocation(name)
	if err == nil {
		t.zones[name] = l
	}
	return l, err
}

// day is a civil date as the database's date type takes it: midnight UTC of that date.
func day(d source.Day) time.Time {
	y, m, n := d.Date()
	return time.Date(y, time.Month(m), n, 0, 0, 0, 0, time.UTC)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
