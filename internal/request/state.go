package request

import (
	"slices"
	"time"

	"tenure/internal/errs"
	"tenure/internal/fsm"
)

// State is where an item is in its life.
type State string

// The states of an item.
const (
	Open      State = "open"
	Granted   State = "granted"
	Denied    State = "denied"
	Cancelled State = "cancelled"
	Expired   State = "expired"
	Ended     State = "ended"
)

// Life is the table of an item's moves.
var Life = fsm.Table[State]{
	{From: "", To: Open, By: "asked for"},
	{From: "", To: Granted, By: "asked for, and granted at once by a stated rule or in an emergency"},
	{From: Open, To: Granted, By: "every step approved"},
	{From: Open, To: Denied, By: "a step denied"},
	{From: Open, To: Cancelled, By: "taken back, or the person left"},
	{From: Open, To: Expired, By: "nobody decided in time"},
	{From: Granted, To: Ended, By: "its end, given back, removed, replaced, or the person left"},
}

// StepState is where a step is.
type StepState string

// The states of a step.
const (
	StepWaiting   StepState = "waiting"
	StepOpen      StepState = "open"
	StepApproved  StepState = "approved"
	StepDenied    StepState = "denied"
	StepCancelled StepState = "cancelled"
	StepExpired   StepState = "expired"
)

// StepLife is the table of a step's moves.
var StepLife = fsm.Table[StepState]{
	{From: "", To: StepWaiting, By: "asked for"},
	{From: StepWaiting, To: StepOpen, By: "its turn"},
	{From: StepWaiting, To: StepCancelled, By: "the item is decided without it"},
	{From: StepOpen, To: StepApproved, By: "as many approve as it needs"},
	{From: StepOpen, To: StepDenied, By: "one denies"},
	{From: StepOpen, To: StepCancelled, By: "the item is decided without it"},
	{From: StepOpen, To: StepExpired, By: "its time is over"},
}

// Outcomes of a decision.
const (
	Approve = "approve"
	Deny    = "deny"
)

// Who asks for things and approves them by: the ways of a step.
const (
	Manager    = "manager"
	Owner      = "owner"
	RoleOwner  = "role_owner"
	Group      = "group"
	Compliance = "compliance"
	Wait       = "wait"
	Outside    = "outside"
	Review     = "review" // of an emergency, afterwards
)

// Answer is what somebody says to a step.
type Answer struct {
	Step    int
	Outcome string
	Level   string     // narrower: a lower level, "" for the one asked for
	To      *time.Time // narrower: an earlier end
	Reason  string
	Control string // what makes a conflict harmless
	Via     string // page, bulk, api, command, slack
	Version int    // of the step as the decider saw it; 0: any
}

// decider is whoever answers, with all that judge asks.
type decider struct {
	id      int
	inName  int // 0 for their own
	names   []Name
	barred  []int // those who stand in for requester or beneficiary now
	decided bool  // another step of the item
}

// judge says whether an answer may be given, and in whose name; it is pure. Errors are for people.
func judge(it *Item, st *Step, a *Answer, d *decider, levels []string, now time.Time) error {
	if err := apart(it, d); err != nil {
		return err
	}
	if st.State != StepOpen {
		return decidedAlready(it, st)
	}
	if a.Version != 0 && a.Version != st.Version {
		return errs.Conflict("this step has changed since you looked at it: look again")
	}
	if !st.asks(d) {
		return errs.Forbidden("this is asked of somebody else")
	}
	if d.decided {
		return errs.Conflict("you decided another step of this already: every step needs somebody else")
	}
	if slices.ContainsFunc(st.Decisions, func(x Decision) bool { return x.Decider == d.id }) {
		return errs.Conflict("you answered already; this step needs %d people", st.Quorum)
	}
	return narrower(it, st, a, levels, now)
}

// apart refuses requester, beneficiary and their delegates.
func apart(it *Item, d *decider) error {
	switch {
	case d.id == 0:
		return errs.Forbidden("deciding needs a person: sign in, or give a personal token in TENURE_TOKEN")
	case d.id == it.Beneficiary || d.inName == it.Beneficiary:
		return errs.Forbidden("nobody decides about their own access; another person can")
	case d.id == it.Requester || d.inName == it.Requester:
		return errs.Forbidden("nobody decides what they asked for themselves; another person can")
	case slices.Contains(d.barred, d.id):
		return errs.Forbidden("you stand in for the person who asked, or for whom it is: another person has to decide")
	}
	return nil
}

// AskedOf says whether a step is asked of somebody, or of one in whose name they act.
func (s *Step) AskedOf(who int, names []Name) bool { return s.asks(&decider{id: who, names: names}) }

// asks finds in whose name the step is asked of the decider.
func (s *Step) asks(d *decider) bool {
	for _, h := range s.Holders {
		if h.Identity == d.id {
			d.inName = 0
			return true
		}
	}
	for _, n := range d.names {
		for _, h := range s.Holders {
			if h.Identity == n.For && (h.Why == Manager && n.Team || h.Why == Owner && n.Applications) && n.For != s.Requester && n.For != s.Beneficiary {
				d.inName = n.For
				return true
			}
		}
	}
	return false
}

// narrower checks what an answer says besides yes and no.
func narrower(it *Item, st *Step, a *Answer, levels []string, now time.Time) error {
	var bad []errs.Field
	add := func(field, rule string) { bad = append(bad, errs.Field{Field: field, Rule: rule}) }
	switch a.Outcome {
	case Approve:
		if a.To != nil && (!a.To.After(now) || a.To.After(it.end())) {
			add("until", "must lie ahead and not after the end that was asked for")
		}
		if at := slices.Index(levels, a.Level); a.Level != "" && (at < 0 || at > slices.Index(levels, it.Level)) {
			add("level", "must be the level that was asked for or a lower one")
		}
		if st.By == Compliance && it.needsControl() && a.Control == "" {
			add("control", "is required: what is done so that the conflict does no harm")
		}
	case Deny:
		if a.Reason == "" {
			add("reason", "is required: who asked reads it")
		}
	default:
		add("outcome", "must be approve or deny")
	}
	if len(bad) > 0 {
		return errs.InvalidFields("nothing was decided:", bad)
	}
	return nil
}

// end is until when the item lasts when it is granted: as asked, or as narrowed already.
func (it *Item) end() time.Time {
	end := it.AskedTo
	for _, s := range it.Steps {
		for _, d := range s.Decisions {
			if d.Outcome == Approve && d.To != nil && d.To.Before(end) {
				end = *d.To
			}
		}
	}
	return end
}

// level is the lowest level that somebody narrowed the item to.
func (it *Item) level(levels []string) string {
	at := slices.Index(levels, it.Level)
	for _, s := range it.Steps {
		for _, d := range s.Decisions {
			if n := slices.Index(levels, d.Level); d.Outcome == Approve && n >= 0 && n < at {
				at = n
			}
		}
	}
	if at < 0 {
		return it.Level
	}
	return levels[at]
}

func (it *Item) needsControl() bool {
	return slices.ContainsFunc(it.Conflicts, func(c Conflict) bool { return c.Reaction == "exception" })
}

// decidedAlready says who was faster, and when.
func decidedAlready(it *Item, st *Step) error {
	if n := len(st.Decisions); n > 0 && (st.State == StepApproved || st.State == StepDenied) {
		d := st.Decisions[n-1]
		return errs.ConflictBy(errs.Act{Who: d.Name, Did: past[d.Outcome] + " this", At: d.At, State: states[it.State]})
	}
	if it.DecidedAt != nil {
		return errs.ConflictBy(errs.Act{Who: "", Did: "ended this request", At: *it.DecidedAt, State: states[it.State]})
	}
	return errs.Conflict("this is not waiting for a decision")
}

var past = map[string]string{Approve: "approved", Deny: "denied"}

var states = map[State]string{
	Open: "Other steps are still open.", Granted: "The access is granted.", Denied: "The request is denied.", Cancelled: "The request is taken back.",
	Expired: "The request has expired.", Ended: "The access has ended.",
}
