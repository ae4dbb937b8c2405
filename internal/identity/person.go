package identity

import (
	"time"

	"tenure/internal/db"
	"tenure/internal/evidence"
)

// State is where a person is in their life with the organisation.
type State string

// The states. A person who was terminated at once is left, whatever the HR feed says, until somebody lifts the lock.
const (
	Prehire State = "prehire"
	Active  State = "active"
	Leave   State = "leave"
	Left    State = "left"
)

// Person is one human known to Tenure. Kind is "person", or "local" for a portal administrator whom no HR source knows.
type Person struct {
	ID       int
	PublicID string
	Kind     string
	State    State
	Since    time.Time
	Name     string
	Email    *string
	Number   *string
	LockedAt *time.Time
	// LockedBy terminated the person last, UnlockedBy lifted it; nil is nobody, or a shell. The database keeps them apart.
	LockedBy   *int
	UnlockedBy *int
	Version    int
	KeyID      int
	ErasedAt   *time.Time // since then the name is a mark, and there is no address and no number
}

// TableName is the table of people.
func (Person) TableName() string { return "identity" }

// Locked says whether the person was terminated at once and the lock still stands.
func (p *Person) Locked() bool { return p.LockedAt != nil }

// Status is what HR says of an employment while it lasts.
type Status string

// The statuses. A rescinded employment never was one.
const (
	StatusActive    Status = "active"
	StatusLeave     Status = "leave"
	StatusRescinded Status = "rescinded"
)

// Version is what an employment is like in the interval [ValidFrom, ValidTo), as believed now. StartsAt and EndsAt are the
// instants of the employment itself: the start of its first day and the end of its last one, both in the person's zone.
type Version struct {
	ID         int64
	Employment int
	Identity   int
	Status     Status
	FirstDay   time.Time
	LastDay    *time.Time
	Zone       string
	StartsAt   time.Time
	EndsAt     time.Time
	Unit       int
	Manager    int
	Attrs      Attrs
	Snapshot   int
	ValidFrom  time.Time
	ValidTo    time.Time
}

// Attrs are the attributes of an employment by name: department, title, location, worker_type and whatever HR sends.
type Attrs map[string]string

// Get gives an attribute, "" when HR does not send it.
func (a Attrs) Get(name string) string { return a[name] }

// Erased says whether the person was erased: what stands there says so and nothing else.
func (a Attrs) Erased() bool { return a["erased_on"] != "" }

// AppendJSON appends the attributes as a JSON object, sorted by name, as encoding/json writes it.
func (a Attrs) AppendJSON(b []byte) []byte { return evidence.AppendStrings(b, a) }

// Name gives the person's name as people write it.
func (a Attrs) Name() string {
	switch {
	case a["display_name"] != "":
		return a["display_name"]
	case a["first_name"] == "":
		return a["last_name"]
	case a["last_name"] == "":
		return a["first_name"]
	}
	return a["first_name"] + " " + a["last_name"]
}

// At gives what an employment's state is at an instant, from the version that is valid then.
func (v *Version) At(t time.Time) State {
	switch {
	case v.Status == StatusRescinded, !t.Before(v.EndsAt):
		return Left
	case t.Before(v.StartsAt):
		return Prehire
	case v.Status == StatusLeave:
		return Leave
	}
	return Active
}

// Valid says whether the version holds at an instant.
func (v *Version) Valid(t time.Time) bool { return !t.Before(v.ValidFrom) && t.Before(v.ValidTo) }

// StateAt gives a person's state at an instant: the strongest state among the employments. Active beats leave, leave beats
// prehire, prehire beats left.
func StateAt(versions []Version, t time.Time) State {
	best := Left
	for i := range versions {
		if v := &versions[i]; v.Valid(t) {
			if s := v.At(t); rank[s] > rank[best] {
				best = s
			}
		}
	}
	return best
}

var rank = map[State]int{Left: 0, Prehire: 1, Leave: 2, Active: 3}

// Instants gives the times after t at which something about the person changes by itself: a first day, a last day, a
// version that begins to hold.
func Instants(versions []Version, t time.Time) []time.Time {
	var out []time.Time
	add := func(at time.Time) {
		if at.After(t) && at.Before(db.Forever) {
			out = append(out, at)
		}
	}
	for i := range versions {
		v := &versions[i]
		if !v.ValidTo.After(t) || v.Status == StatusRescinded {
			continue
		}
		add(v.ValidFrom)
		add(v.StartsAt)
		add(v.EndsAt)
	}
	return out
}

// Weaker says whether a person in state s can do less than one in state o.
func (s State) Weaker(o State) bool { return rank[s] < rank[o] }

// Main gives the version that speaks for the person at t (for pages and names): of the strongest state, the newest one.
func Main(versions []Version, t time.Time) *Version {
	var best *Version
	for i := range versions {
		v := &versions[i]
		if !v.Valid(t) && best != nil {
			continue
		}
		if best == nil || !best.Valid(t) || rank[v.At(t)] > rank[best.At(t)] ||
			rank[v.At(t)] == rank[best.At(t)] && v.StartsAt.After(best.StartsAt) {
			best = v
		}
	}
	return best
}
