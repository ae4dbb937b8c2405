package lifecycle

import (
	"slices"
	"time"

	"tenure/internal/access"
	"tenure/internal/auth"
	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/internal/policy/sod"
	"tenure/internal/request"
)

// Requests is the request room with what must follow for people.
var Requests = &request.Service{
	Lock:   lockOne,
	Weigh:  weighRequests,
	Accept: acceptRequested,
	Settle: func(tx *db.Tx, who, item int) error {
		_, err := SettleIDs(tx, []int{who}, Cause{What: "request", Ref: item})
		return err
	},
	Acting: func(tx *db.Tx, who int) ([]request.Name, error) {
		acting, err := auth.ActingFor(tx, who)
		out := make([]request.Name, len(acting))
		for i, a := range acting {
			out[i] = request.Name{For: a.For, Team: a.Team(), Applications: a.Applications()}
		}
		return out, err
	},
}

// weighRequests gives for each of several accesses the SoD rules it would break. What breaks one beside what is held is a conflict; what
// does so only beside what is pending, or beside the others, is one, too, and says so.
func weighRequests(tx *db.Tx, who int, adds [][]sod.Holding, pending []sod.Holding, locked bool) ([][]request.Conflict, error) {
	out := make([][]request.Conflict, len(adds))
	pol, err := policy.Load(tx)
	if err != nil || pol.Duties() == nil {
		return out, err
	}
	load := access.Look
	if locked {
		load = access.Load
	}
	sub, cat, err := judged(tx, pol, who, load)
	if err != nil || sub == nil {
		return out, err
	}
	held, scope, engine := sub.Holdings(cat, tx.Now), pol.Duties().Scope(sub.Jobs), pol.Duties().Engine()
	excepted := func(rule int) bool { return sub.Excepted(rule) && pol.Duties().Reaction(rule) != policy.Refuse } // which allows none, nor what was accepted before it refused
	for i, add := range adds {
		for _, v := range engine.CheckAdd(held, add, scope) {
			if !excepted(v.Rule) {
				out[i] = append(out[i], conflictOf(pol, v, false))
			}
		}
		beside := slices.Concat(held, pending)
		for j := range adds {
			if j != i {
				beside = append(beside, adds[j]...)
			}
		}
		for _, v := range engine.CheckAdd(beside, add, scope) {
			if !excepted(v.Rule) && !slices.ContainsFunc(out[i], func(c request.Conflict) bool { return c.Rule == v.Rule }) {
				out[i] = append(out[i], conflictOf(pol, v, true))
			}
		}
	}
	return out, nil
}

func conflictOf(pol *policy.Snapshot, v sod.Violation, pending bool) request.Conflict {
	o := pol.Object(v.Rule)
	return request.Conflict{Rule: v.Rule, Title: o.Title, Severity: o.SoD.Severity, Reaction: o.SoD.Reaction, Duties: dutyNames(pol, v), Pending: pending}
}

// acceptRequested accepts a conflict for as long as what was asked for lasts, in the name of whoever decided it.
func acceptRequested(tx *db.Tx, who int, c request.Conflict, until time.Time, d *request.Decision) error {
	a := Acceptance{Rule: c.Rule, Control: d.Control, Reason: d.Reason, Until: until}
	if a.Control == "" {
		a.Control = "approved with the request"
	}
	if a.Reason == "" {
		a.Reason = "approved with the request"
	}
	if longest := tx.Now.Add(MaxException); a.Until.After(longest) {
		a.Until = longest
	}
	if err := a.storeBy(tx, who, d.MadeBy, d.Decider); err != nil {
		return err
	}
	return access.Due(tx, []time.Time{a.Until}, []int{who})
}

// giftsOf gives what requests give to people, now or later, by person.
func giftsOf(tx *db.Tx, pol *policy.Snapshot, people []int, now time.Time, into map[int][]access.Reason) error {
	gifts, err := request.Held(tx, people, now)
	if err != nil {
		return err
	}
	for _, g := range gifts {
		m := Membership{Item: g.Item, Param: g.Param, Entitlements: g.Entitlements, From: g.From, To: g.To}
		if g.Role != nil {
			m.Role = *g.Role
		}
		gives, err := m.gives(g.Who, pol)
		if err != nil {
			return err
		}
		into[g.Who] = append(into[g.Who], gives...)
	}
	return nil
}

// lockConcerned locks, in order, those for whom something falls due and those about whom a request or a review is.
func lockConcerned(tx *db.Tx, ids []int, refs map[string][]int) error {
	more, err := concerned(tx, refs)
	if err != nil || len(more) == 0 {
		return err
	}
	all := append(slices.Clone(ids), more...)
	slices.Sort(all)
	return identity.Lock(tx, slices.Compact(all))
}

// concerned gives those about whom the requests and reviews are that fall due.
func concerned(tx *db.Tx, refs map[string][]int) ([]int, error) {
	more, err := request.Concerned(tx, refs["request"], refs["request_item"])
	if err != nil {
		return nil, err
	}
	reviewed, err := campaign.Concerned(tx, refs["campaign_review"], refs["campaign"])
	return append(more, reviewed...), err
}
