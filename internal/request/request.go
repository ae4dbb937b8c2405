package request

import (
	"time"

	"tenure/internal/db"
	"tenure/internal/policy"
	"tenure/internal/policy/sod"
)

// Act is what an item does when it is granted.
type Act string

// The acts.
const (
	Grant     Act = "grant"     // access until an end
	Extend    Act = "extend"    // the same for longer, from now on
	Level     Act = "level"     // another level instead
	Activate  Act = "activate"  // what somebody is eligible for, for hours
	Emergency Act = "emergency" // at once and for hours; a second person looks at it afterwards
)

// Request is a cart of items.
type Request struct {
	ID          int
	PublicID    string
	Requester   int
	Beneficiary int
	OnBehalfOf  *int
	Why         string
	Via         string
	AskedAt     time.Time
	Items       []*Item
}

// Item is one thing asked for.
type Item struct {
	ID           int
	Request      int
	Requester    int
	Beneficiary  int
	Act          Act
	Offer        int
	Level        string
	Role         *int
	Param        string
	Entitlements []int
	Replaces     *int
	AskedFrom    time.Time
	AskedTo      time.Time
	Risk         string
	Conflicts    []Conflict
	Rule         *int // the approval rule; nil: the path of what no rule decides
	Automatic    bool
	Policy       int // version
	State        State
	From, To     *time.Time // as granted
	DecidedAt    *time.Time
	EndedAt      *time.Time
	EndedBecause *string
	Narrowed     *string // because of what, by a review after it was granted
	Version      int
	Steps        []*Step
}

// Running says whether the item gives access at an instant.
func (it *Item) Running(now time.Time) bool {
	return it.State == Granted && !now.Before(*it.From) && now.Before(*it.To)
}

// Step is one stage of the decision of an item. Steps of one position are asked together.
type Step struct {
	ID          int
	Item        int
	Requester   int
	Beneficiary int
	Position    int
	By          string
	Named       string
	Owner       *int
	Quorum      int
	Hours       int
	Otherwise   string
	State       StepState
	Stage       int
	OpenedAt    *time.Time
	DueAt       *time.Time
	NextAt      *time.Time
	DecidedAt   *time.Time
	Version     int
	Holders     []Holder
	Gave        []Gave // who was asked and is not any more
	Decisions   []Decision
}

// Holder is somebody who is asked at a step.
type Holder struct {
	Step     int
	Identity int
	Why      string
	Name     string
	Ref      string
	Since    time.Time
}

// Gave is somebody who was asked at a step until they gave it to another one, or were replaced.
type Gave struct {
	Identity int
	Until    time.Time
	To       string // whom; "" for nobody in particular
}

// Decision is one person's answer to a step.
type Decision struct {
	Step       int
	Decider    int
	Name       string
	OnBehalfOf *int
	Outcome    string
	Level      string
	To         *time.Time
	Reason     string
	Control    string
	Via        string
	At         time.Time // record time
	MadeBy     int       // actor
}

// Conflict is an SoD rule that an item would break.
type Conflict struct {
	Rule     int    `json:"rule"`
	Title    string `json:"title"`
	Severity string `json:"severity"`
	Reaction string `json:"reaction"`
	Duties   string `json:"duties"`  // "Create vendors and Pay vendors"
	Pending  bool   `json:"pending"` // only together with what was asked for and is not decided
}

// Name is somebody in whose name a person acts as a delegate, and as what.
type Name struct {
	For          int
	Team         bool // as the manager
	Applications bool // as the owner of applications
}

// Service is the room with what lifecycle and auth lend it.
type Service struct {
	// Lock locks the policy (shared) and a person and reads the clock behind the locks.
	Lock func(tx *db.Tx, who int) error
	// Weigh gives for each of several accesses the SoD rules that it would break beside what a person holds and beside pending,
	// exceptions that hold left out. With locked the person is locked and what is read cannot move, else it locks nothing.
	Weigh func(tx *db.Tx, who int, adds [][]sod.Holding, pending []sod.Holding, locked bool) ([][]Conflict, error)
	// Accept excepts a conflict until an instant, accepted by whoever made the decision.
	Accept func(tx *db.Tx, who int, c Conflict, until time.Time, d *Decision) error
	// Settle does what follows for a person.
	Settle func(tx *db.Tx, who, item int) error
	// Acting gives in whose name a person acts.
	Acting func(tx *db.Tx, who int) ([]Name, error)
}

// gives is what an item gives by a policy: the role or the entitlements it holds.
func (it *Item) gives(pol *policy.Snapshot) ([]policy.Give, error) {
	if it.Role != nil {
		return pol.RoleGives(*it.Role, it.Param)
	}
	out := make([]policy.Give, len(it.Entitlements))
	for n, e := range it.Entitlements {
		out[n] = policy.Give{Entitlement: e}
	}
	return out, nil
}

func holdings(gives []policy.Give, from, to time.Time) []sod.Holding {
	out := make([]sod.Holding, len(gives))
	for i, g := range gives {
		out[i] = sod.Holding{Entitlement: g.Entitlement, From: from, To: to}
	}
	return out
}
