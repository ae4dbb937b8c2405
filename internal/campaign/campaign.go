package campaign

import (
	"time"

	"tenure/internal/db"
	"tenure/internal/fsm"
)

// State is where a campaign is in its life.
type State string

// The states of a campaign.
const (
	Draft     State = "draft"
	Open      State = "open"
	Closing   State = "closing" // everything is decided; removals are not all verified
	Closed    State = "closed"
	Cancelled State = "cancelled"
)

// Life is the table of a campaign's moves.
var Life = fsm.Table[State]{
	{From: "", To: Draft, By: "built"},
	{From: Draft, To: Open, By: "started: the snapshot is taken"},
	{From: Draft, To: Cancelled, By: "thrown away"},
	{From: Open, To: Cancelled, By: "stopped; what is signed off stays decided"},
	{From: Open, To: Closing, By: "the last review is signed off"},
	{From: Closing, To: Closed, By: "the last removal is verified"},
}

// ReviewState is where a review is.
type ReviewState string

// The states of a review.
const (
	Waiting  ReviewState = "waiting" // of a later wave or stage
	Reviewed ReviewState = "open"
	Signed   ReviewState = "signed"
	PassedOn ReviewState = "passed_on"
)

// ReviewLife is the table of a review's moves.
var ReviewLife = fsm.Table[ReviewState]{
	{From: "", To: Waiting, By: "of a later wave"},
	{From: "", To: Reviewed, By: "the campaign starts, or the stage before is signed off"},
	{From: Waiting, To: Reviewed, By: "its wave begins"},
	{From: Reviewed, To: Signed, By: "signed off, or closed by the stated rule"},
	{From: Reviewed, To: PassedOn, By: "somebody else decides it"},
	{From: Waiting, To: PassedOn, By: "somebody else decides it"},
}

// Kinds of campaigns.
const (
	Once      = "once"
	Recurring = "recurring"
	Event     = "event"
)

// Events that open a review by themselves.
const (
	OnMove    = "move"
	OnManager = "manager"
	OnReturn  = "return"
	OnOrphan  = "orphan"
	OnUnused  = "unused"
)

// Ways to find who is asked.
const (
	ByManager    = "manager"    // of the person; the next one above who is here
	ByOwner      = "owner"      // of the entitlement, else of the application
	ByRoleOwner  = "role_owner" // of the role that gives it, else as owner
	ByNamed      = "named"
	ByCompliance = "compliance"
)

// Outcomes of a decision.
const (
	Keep   = "keep"
	Remove = "remove"
	Narrow = "narrow" // to a lower level of what was asked for: of what the level takes away; what it gives is kept
	Change = "change" // a rule gives it: its owner is asked to change the rule
)

// Rules for what nobody answered when a review's time is over.
const (
	LeaveOpen   = "owner" // the campaign's owner decides it
	KeepSilent  = "keep"
	CloseRemove = "remove"
)

// Campaign is one review of access.
type Campaign struct {
	ID       int
	PublicID string
	Title    string
	About    string // what reviewers are told
	Kind     string
	Scope    Scope
	Stages   []Stage
	Settings Settings
	State    State
	Owner    int
	Event    string
	Who      *int // whom an event review is about
	Follows  *int

	AsOf          *time.Time // the moment of the snapshot
	PolicyVersion *int
	Items         int
	DueAt         *time.Time
	StartedAt     *time.Time
	DecidedAt     *time.Time
	ClosedAt      *time.Time
	Version       int

	OwnerName, OwnerRef string
}

// Scope says what is reviewed: access for which everything that is said holds. Within one list one is enough. An empty scope is all access
// of people.
type Scope struct {
	People       []int    `json:"people,omitempty"`
	Departments  []string `json:"departments,omitempty"`
	Below        []int    `json:"below,omitempty"` // managers: whoever is below one at any level, not the managers themselves
	Locations    []string `json:"locations,omitempty"`
	WorkerTypes  []string `json:"worker_types,omitempty"`
	Applications []int    `json:"applications,omitempty"`
	Entitlements []int    `json:"entitlements,omitempty"`
	Roles        []int    `json:"roles,omitempty"`       // access that comes by these roles
	Privileged   bool     `json:"privileged,omitempty"`  // privileged, or of high or critical risk
	Conflicts    bool     `json:"conflicts,omitempty"`   // that takes part in breaking an SoD rule
	Orphans      bool     `json:"orphans,omitempty"`     // accounts of nobody, instead of people's
	Dormant      int      `json:"dormant,omitempty"`     // not signed in for so many days
	OutOfBand    bool     `json:"out_of_band,omitempty"` // held without any reason
	Unreviewed   int      `json:"unreviewed,omitempty"`  // not reviewed for so many days
	NotByRule    bool     `json:"not_by_rule,omitempty"` // that no birthright rule gives: what a mover carries over
	Memberships  bool     `json:"memberships,omitempty"` // decided by people: memberships and requests
	Definitions  bool     `json:"definitions,omitempty"` // what roles are, instead of access: all, or those of Roles
}

// Stage says who is asked.
type Stage struct {
	By    string `json:"by"`
	Named int    `json:"named,omitempty"` // identity, by named
	// Otherwise is who is asked where nobody is found: manager, owner, compliance or campaign_owner; empty: campaign_owner.
	Otherwise string `json:"otherwise,omitempty"`
}

// Settings are how a campaign runs.
type Settings struct {
	Days       int    `json:"days"`                // that a review has
	Budget     int    `json:"budget"`              // meaningful decisions of a review at most
	WaveDays   int    `json:"wave_days"`           // between the waves of what exceeds it
	Unanswered string `json:"unanswered"`          // LeaveOpen, KeepSilent or CloseRemove
	Comment    string `json:"comment"`             // required for: removals, risky (to keep what is of high risk, too), always, never
	Challenge  int    `json:"challenge,omitempty"` // days in which who loses access may object
	Sample     int    `json:"sample"`              // per cent of what is kept that a second reviewer decides again; disclosed
	Second     int    `json:"second,omitempty"`    // who that is; 0: the campaign's owner
	Pace       int    `json:"pace"`                // seconds for a decision: below, half of it is decided a second time
	Months     int    `json:"months,omitempty"`    // of a recurring one
	NoBatch    bool   `json:"no_batch,omitempty"`  // everything is decided line by line
}

// Defaults are the settings of a campaign about which nobody said anything else.
var Defaults = Settings{Days: 14, Budget: 40, WaveDays: 7, Unanswered: LeaveOpen, Comment: "removals", Sample: 5, Pace: 3}

// Review is one reviewer's part.
type Review struct {
	ID       int
	Campaign int
	Stage    int
	Wave     int
	Reviewer int
	Why      string
	State    ReviewState
	Load     int // meaningful decisions
	Items    int
	OpenedAt *time.Time
	DueAt    time.Time
	Clock    int
	NextAt   *time.Time
	Batch    *time.Time // when the likely fine were opened
	SignedAt *time.Time
	Quality  *Quality
	Version  int

	Name, Ref string // of the reviewer
	Here      bool
	Decided   int // items with a draft or a decision
	Title     string
	CampRef   string
}

// Classes of items.
const (
	Decide = 0 // line by line
	Fine   = 1 // likely fine: one batch
	ByRule = 2 // given by a rule alone: one line a rule
)

// Bits of Item.Kinds.
const (
	BitBirthright = 1 << iota
	BitHandover
	BitFound
	BitRequest
	BitMembership
	BitOther      // it comes with the account
	BitDefinition // no access: what a role is
)

// Item is one thing to decide, with its context as it was at the snapshot.
type Item struct {
	ID          int64
	Identity    int // 0 for an account of nobody
	Review      int
	Account     int
	Entitlement int
	Param       string
	Stage       int
	Class       int
	Risk        int // 0 low to 3 critical
	Rank        int
	Advice      int // 0 none, 1 keep, 2 remove
	Peers       *int
	Kinds       int
	Unit        int64
	Since       *time.Time
	LastUsed    *time.Time
	Kept        bool // it is from before the present job, and few peers hold it
	Alike       *int // in a hundred, of those to whom rules and roles give the same; nil: too few, or rules and roles give it
	Past        int  // what a person decided when it was last reviewed: PastKept, PastRemoved or PastChange; 0: never
	PastAt      *time.Time
	Reasons     []int64
	Conflicts   []int

	Decision *Decision // of its stage
	Before   *Decision // of the stage before
	Removal  *Removal
}

// UnitOf gives the object that a unit is about: a rule (kind 1), a request's item (8) or a role (16).
func UnitOf(unit int64) (kind, ref int) { return int(unit >> 32), int(unit & 0xffffffff) }

// Decision is what a reviewer says of an item.
type Decision struct {
	Item       int64
	Identity   int
	Stage      int
	Decider    int
	OnBehalfOf *int
	Outcome    string
	Level      string // to which the request is narrowed
	Until      *time.Time
	Comment    string
	Together   int
	DecidedAt  time.Time
	SignedAt   *time.Time
	Name       string // of the decider
}

// Answer is what a reviewer says of some items.
type Answer struct {
	Review  int
	Items   []int64
	Outcome string
	Level   string // of a narrowing
	Until   *time.Time
	Comment string
	Version int // of the review, 0 for whichever

	to *Lower // found by Decide; nil: there is no such level to narrow to
}

// RemovalState is where a removal is.
type RemovalState string

// The states of a removal.
const (
	RemovalWaiting  RemovalState = "waiting"  // for its date, or for the end of the challenge period
	RemovalHeld     RemovalState = "held"     // by the brake: a second person releases it
	RemovalCarried  RemovalState = "carried"  // the reasons are ended; the target is not read back yet
	RemovalByHand   RemovalState = "by_hand"  // Tenure does not change it there: its owner has to
	RemovalChanging RemovalState = "changing" // a rule gives it: its owner has to change the rule
	RemovalKept     RemovalState = "kept"     // after all: challenged with success, or the person left and came back otherwise
	RemovalVerified RemovalState = "verified" // a reading begun afterwards does not show it
	RemovalChanged  RemovalState = "changed"  // of a role: a later version of the policy changed its definition
)

// RemovalLife is the table of a removal's moves.
var RemovalLife = fsm.Table[RemovalState]{
	{From: "", To: RemovalWaiting, By: "signed off"},
	{From: "", To: RemovalChanging, By: "a rule gives it"},
	{From: RemovalWaiting, To: RemovalHeld, By: "the brake"},
	{From: RemovalWaiting, To: RemovalCarried, By: "its time has come"},
	{From: RemovalWaiting, To: RemovalByHand, By: "Tenure changes nothing there"},
	{From: RemovalWaiting, To: RemovalKept, By: "challenged with success"},
	{From: RemovalHeld, To: RemovalWaiting, By: "released by a second person"},
	{From: RemovalHeld, To: RemovalKept, By: "discarded by a second person"},
	{From: RemovalCarried, To: RemovalVerified, By: "read back"},
	{From: RemovalByHand, To: RemovalVerified, By: "read back"},
	{From: RemovalByHand, To: RemovalKept, By: "its owner says why it stays"},
	{From: RemovalChanging, To: RemovalVerified, By: "read back"},
	{From: RemovalChanging, To: RemovalChanged, By: "a later version of the policy"},
	{From: RemovalChanging, To: RemovalKept, By: "its owner says why the rule stays"},
}

// Removal is one item that is to be removed.
type Removal struct {
	Item        int64
	Campaign    int
	Review      int
	Identity    int
	Account     int
	Entitlement int
	Param       string
	Level       string // of the request, which is narrowed to it; "": what gives the access ends
	State       RemovalState
	At          time.Time
	Why         string
	Owner       *int
	CarriedAt   *time.Time
	VerifiedAt  *time.Time
	VerifiedBy  *int64

	Kinds     int
	Unit      int64
	Operation *int64 // the latest that takes it away, and how that stands
	OpState   string
	OpError   string
	OwnerName string
	Objected  bool // the person objects, and nobody has decided about it yet
}

// Name is somebody in whose name a person acts, as a delegate.
type Name struct {
	For                int
	Team, Applications bool
}

// Service decides and carries out.
type Service struct {
	Acting func(tx *db.Tx, who int) ([]Name, error)
	// Lock locks the policy and these people, in the order in which everybody locks: before any review.
	Lock func(tx *db.Tx, people []int) error
	// Accept gives a reason to what reviewers kept although nothing gives it one.
	Accept func(tx *db.Tx, c *Campaign, found []Found) error
	// Carry ends the reasons of these removals, whose people it locks, and settles them. It gives those that Tenure cannot carry out, with why
	// and who has to.
	Carry func(tx *db.Tx, c *Campaign, all []*Removal) (byHand map[int64]ByHand, err error)
	// Lower gives the lower levels of what was asked for, by the request's item, the lowest first.
	Lower func(tx *db.Tx, requests []int) (map[int][]Lower, error)
	// Calm says whether a mass effect on so many people may happen at once; otherwise a hold was opened.
	Calm func(tx *db.Tx, c *Campaign, people int) (bool, error)
}

// Found is access that is held without a reason and was kept.
type Found struct{ Identity, Entitlement int }

// ByHand says why Tenure does not carry out a removal.
type ByHand struct {
	Why   string
	Owner *int
}
