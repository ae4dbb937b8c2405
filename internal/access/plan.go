package access

import (
	"bytes"
	"slices"
	"sort"
	"time"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
)

var forever = db.Forever

// Kinds of operations.
const (
	Create  = "create"
	Update  = "update"
	Enable  = "enable"
	Disable = "disable"
	Grant   = "grant"
	Revoke  = "revoke"
	Delete  = "delete"
)

// Urgencies: a smaller number goes first, at every application.
const (
	Urgent  = 1 // sudden termination
	Leaving = 2
	Normal  = 5
	Bulk    = 7 // many people at once
)

// Operation is one idempotent change at one target.
type Operation struct {
	ID          int64
	Application int
	Account     int
	Identity    int
	Kind        string
	Entitlement int
	Param       string
	Urgency     int
	State       string
	Attempts    int
}

// Holding is one account of a person: what the last reading showed and what is on its way.
type Holding struct {
	Account int
	App     int
	Name    string
	Slot    string
	Exists  bool         // the target had it at the last reading
	Enabled bool         // and it could sign in
	Held    map[int]bool // entitlements seen
	Open    []Operation  // proposed, pending, claimed or acknowledged and not yet verified, in the order of their ids
	Retired *time.Time   // since when nothing wants it
	Told    []byte       // the hash of the attributes it was last told to have
}

// Effects is what must be done for one person.
type Effects struct {
	New     []*Holding  // accounts to make; Account is 0 until it is written
	Ops     []Operation // Account is 0 for a new account: see On
	On      []*Holding  // the account of each operation, same index as Ops
	Cancel  []Operation // what is on its way and no longer wanted
	Retire  []*Holding  // accounts that nothing wants from now on
	Revive  []*Holding  // accounts that are wanted again
	Tell    map[*Holding][]byte
	Reviews []time.Time // when to look at the person again
}

// Plan computes the operations that make the targets hold what the live reasons give. In an application that is observed
// nothing is written, except the urgent disabling of a leaver's accounts. Pure: the same function makes previews.
func Plan(s *Subject, live []Reason, cat *catalog.Catalog, now time.Time, urgency int) *Effects {
	out := &Effects{Tell: map[*Holding][]byte{}}
	want := make(map[int][]int, 4) // application -> entitlements, ascending; empty for the account alone
	for _, e := range Entitlements(live, now) {
		ent := cat.Entitlements[e]
		if ent == nil {
			continue
		}
		if want[ent.ApplicationID] == nil {
			want[ent.ApplicationID] = make([]int, 0, 8)
		}
		if ent.Kind != "account" {
			want[ent.ApplicationID] = append(want[ent.ApplicationID], e)
		}
	}
	have := map[int]bool{}
	given := map[int]bool{} // applications in which the person ever had a reason for anything
	for e := range s.Once {
		if ent := cat.Entitlements[e]; ent != nil {
			given[ent.ApplicationID] = true
		}
	}
	for _, h := range s.Accounts {
		app := cat.Apps[h.App]
		if app == nil {
			continue
		}
		p := planner{s: s, h: h, app: app, now: now, urgency: urgency, out: out}
		p.want, p.wanted = want[h.App], h.Slot == "" && want[h.App] != nil
		have[h.App] = have[h.App] || h.Slot == ""
		p.outOfBand = s.holds() && (h.Slot != "" || !given[h.App] && app.Spec.Drift != catalog.Repair)
		p.plan()
	}
	apps := make([]int, 0, len(want))
	for id := range want {
		if !have[id] {
			apps = append(apps, id)
		}
	}
	sort.Ints(apps)
	for _, id := range apps {
		app := cat.Apps[id]
		if app == nil || app.Mode == catalog.Observe {
			continue
		}
		h := &Holding{App: id}
		out.New = append(out.New, h)
		p := planner{s: s, h: h, app: app, now: now, urgency: urgency, out: out, want: want[id], wanted: true}
		p.plan()
	}
	for i := range live {
		if r := &live[i]; r.ValidTo.After(now) && r.ValidTo.Before(forever) {
			out.Reviews = append(out.Reviews, r.ValidTo)
		}
	}
	return out
}

// planner plans one account.
type planner struct {
	s       *Subject
	h       *Holding
	app     *catalog.Application
	now     time.Time
	urgency int
	out     *Effects
	want    []int // ascending
	wanted  bool
	// outOfBand says that the person is here and Tenure never gave them this account: it is reported and left alone.
	outOfBand bool

	exists, enabled bool
	held            map[int]bool
}

func (p *planner) plan() {
	if p.app.Mode == catalog.Observe {
		p.watch()
		return
	}
	p.project()
	switch {
	case p.wanted:
		p.keep()
	case !p.outOfBand:
		p.drop()
	}
}

// watch is all that is done in an application that is observed: who left can sign in no longer, whoever made the account. Who
// comes back is not let in again: that is not ours to decide here.
func (p *planner) watch() {
	if p.s.State == identity.Left || p.s.Locked {
		if p.h.Exists && p.h.Enabled && !p.waits(Disable) {
			p.emit(Disable, 0)
		}
		return
	}
	for _, o := range p.h.Open {
		if o.Kind == Disable && o.State == "pending" {
			p.out.Cancel = append(p.out.Cancel, o)
		}
	}
}

// project brings what was read forward by what is on its way. An operation that is no longer wanted and that no worker holds
// is cancelled; if it was tried before, it may have been done, and counts as done so that its opposite follows.
func (p *planner) project() {
	p.exists, p.enabled = p.h.Exists, p.h.Exists && p.h.Enabled
	if len(p.h.Held)+len(p.h.Open) > 0 {
		p.held = make(map[int]bool, len(p.h.Held))
	}
	for e := range p.h.Held {
		p.held[e] = true
	}
	for _, o := range p.h.Open {
		if p.contrary(o) && (o.State == "pending" || o.State == "proposed") {
			p.out.Cancel = append(p.out.Cancel, o)
			if o.Attempts == 0 {
				continue
			}
		}
		switch o.Kind {
		case Create:
			p.exists, p.enabled = true, true
		case Enable:
			p.enabled = true
		case Disable:
			p.enabled = false
		case Grant:
			p.held[o.Entitlement] = true
		case Revoke:
			delete(p.held, o.Entitlement)
		case Delete:
			p.exists, p.enabled = false, false
			clear(p.held)
		}
	}
}

func (p *planner) contrary(o Operation) bool {
	on := p.wanted && p.s.State == identity.Active
	switch o.Kind {
	case Create:
		return !p.wanted
	case Update:
		return !p.wanted
	case Enable:
		return !on
	case Disable:
		return on
	case Grant:
		return !p.wanted || !p.wants(o.Entitlement)
	case Revoke:
		return p.wanted && p.wants(o.Entitlement)
	case Delete:
		return p.wanted
	}
	return false
}

// keep makes the account be what the person should have: there, signed in to unless on leave, told the right attributes,
// holding what is wanted. What it holds besides is taken away when it once had a reason, or when the application repairs
// drift; otherwise it is out of band and reported.
func (p *planner) keep() {
	on := p.s.State == identity.Active
	told := p.s.Intended(p.app)
	if p.h.Retired != nil {
		p.out.Revive = append(p.out.Revive, p.h)
	}
	switch {
	case !p.exists:
		p.out.Ops, p.out.On = slices.Grow(p.out.Ops, 1+len(p.want)), slices.Grow(p.out.On, 1+len(p.want))
		p.emit(Create, 0)
		p.out.Tell[p.h] = told
		if !on {
			p.emit(Disable, 0)
		}
	default:
		if !bytes.Equal(told, p.h.Told) {
			p.emit(Update, 0)
			p.out.Tell[p.h] = told
		}
		if on && !p.enabled {
			p.emit(Enable, 0)
		}
		if !on && p.enabled {
			p.emit(Disable, 0)
		}
	}
	for _, e := range sorted(p.held) {
		if !p.wants(e) && (p.s.Once[e] || p.app.Spec.Drift == catalog.Repair) {
			p.emit(Revoke, e)
		}
	}
	for _, e := range p.want {
		if !p.held[e] {
			p.emit(Grant, e)
		}
	}
}

// drop takes the account away: disabled at once, emptied, deleted when its retention is over.
func (p *planner) drop() {
	if !p.exists {
		return
	}
	if p.enabled {
		p.emit(Disable, 0)
	}
	for _, e := range sorted(p.held) {
		p.emit(Revoke, e)
	}
	retired := p.now
	if p.h.Retired == nil {
		p.out.Retire = append(p.out.Retire, p.h)
	} else {
		retired = *p.h.Retired
	}
	ends := retired.AddDate(0, 0, p.app.RetentionDays)
	if ends.After(p.now) {
		p.out.Reviews = append(p.out.Reviews, ends)
	} else {
		p.emit(Delete, 0)
	}
}

func (p *planner) wants(entitlement int) bool {
	_, found := slices.BinarySearch(p.want, entitlement)
	return found
}

func (p *planner) waits(kind string) bool {
	for _, o := range p.h.Open {
		if o.Kind == kind {
			return true
		}
	}
	return false
}

func (p *planner) emit(kind string, entitlement int) {
	o := Operation{Application: p.app.ID, Account: p.h.Account, Identity: p.s.Identity, Kind: kind, Entitlement: entitlement,
		Urgency: p.urgency, State: "pending"}
	if p.s.Locked {
		o.Urgency = Urgent
	} else if !p.wanted {
		o.Urgency = min(p.urgency, Leaving)
	}
	// A proposal waits for a person; a termination waits for nobody.
	if p.app.Mode == catalog.Propose && !p.s.Locked {
		o.State = "proposed"
	}
	p.out.Ops, p.out.On = append(p.out.Ops, o), append(p.out.On, p.h)
}

func sorted(m map[int]bool) []int {
	out := make([]int, 0, len(m))
	for e := range m {
		out = append(out, e)
	}
	sort.Ints(out)
	return out
}
