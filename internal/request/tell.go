package request

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/notify"
	"tenure/internal/policy"
)

// story is what messages about an item say.
type story struct {
	it              *Item
	ref, why        string
	requester, whom string
	offer, level    string
}

func tale(tx *db.Tx, it *Item) (*story, error) {
	all, err := tales(tx, []*Item{it})
	if err != nil {
		return nil, err
	}
	return all[it.ID], nil
}

// tales gives the stories of items, by item: one query.
func tales(tx *db.Tx, all []*Item) (map[int]*story, error) {
	requests := make([]int, len(all))
	for i, it := range all {
		requests[i] = it.Request
	}
	rows, err := tx.Query(`select r.id, r.public_id::text, r.why, q.name, b.name from request r join identity q on q.id = r.requester_id join identity b on b.id = r.beneficiary_id where r.id = any($1)`, requests)
	if err != nil {
		return nil, err
	}
	of := map[int]story{}
	var id int
	var st story
	if _, err := pgx.ForEachRow(rows, []any{&id, &st.ref, &st.why, &st.requester, &st.whom}, func() error { of[id] = st; return nil }); err != nil {
		return nil, err
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	out := map[int]*story{}
	for _, it := range all {
		st := of[it.Request]
		st.it = it
		st.name(pol.Offer(it.Offer))
		out[it.ID] = &st
	}
	return out, nil
}

// name fills in the offer and the level in plain words.
func (t *story) name(o *policy.Offer) {
	t.offer, t.level = fmt.Sprintf("offer %d", t.it.Offer), t.it.Level
	if o == nil {
		return
	}
	t.offer = o.Title
	for _, l := range o.Object.Offer.Levels {
		if l.Name == t.it.Level && len(o.Object.Offer.Levels) > 1 {
			t.level = l.Title
		}
	}
	if len(o.Object.Offer.Levels) == 1 {
		t.level = ""
	}
}

// what is the thing that was asked for, in plain words: "CRM, Edit".
func (t *story) what() string {
	if t.level == "" {
		return t.offer
	}
	return t.offer + ", " + t.level
}

func (t *story) thread() string { return fmt.Sprintf("request/%d", t.it.Request) }

func stepThread(it *Item, st *Step) string {
	return fmt.Sprintf("request/%d/step/%d", it.Request, st.ID)
}

// message is one message about an item.
func (t *story) message(to int, kind, verb string) notify.Message {
	m := notify.Message{To: to, Kind: kind, Subject: notify.Subject{Verb: verb, What: t.what(), Whom: t.whom}, Link: "/requests/" + t.ref, Thread: t.thread()}
	m.Lines = []notify.Line{{Label: "For", Value: t.whom}, {Label: "Asked by", Value: t.requester}, {Label: "Access", Value: t.what()}, {Label: "Risk", Value: t.it.Risk}, {Label: "Why", Value: t.why}}
	until := t.it.AskedTo
	if t.it.To != nil {
		until = *t.it.To
	}
	m.Lines = append(m.Lines, notify.Line{Label: "Until", Value: until.UTC().Format("2006-01-02 15:04 MST")})
	for _, c := range t.it.Conflicts {
		m.Lines = append(m.Lines, notify.Line{Label: "Conflict", Value: c.Title + ": " + c.Duties})
	}
	return m
}

// Plainly says that an item may be decided where there is no fresh proof of who decides: neither high risk nor a conflict.
func (it *Item) Plainly() bool {
	return len(it.Conflicts) == 0 && it.Risk != "high" && it.Risk != "critical" && it.Act != Emergency && it.Act != Activate
}

var verbs = map[string]string{notify.Approval: "Approve", notify.Reminder: "Reminder: approve", notify.Escalated: "Approve instead", notify.Review: "Review emergency access"}

// tellSteps tells those who are asked at steps.
func (s *Service) tellSteps(tx *db.Tx, it *Item, all []*Step, kind string) error {
	return tellSteps(tx, it, all, kind)
}

func tellSteps(tx *db.Tx, it *Item, all []*Step, kind string) error {
	return tellMany(tx, []*Item{it}, all, kind)
}

// tellMany tells those who are asked at steps of several items, at once.
func tellMany(tx *db.Tx, of []*Item, all []*Step, kind string) error {
	if len(all) == 0 {
		return nil
	}
	stories, err := tales(tx, of)
	if err != nil {
		return err
	}
	var out []notify.Message
	for _, st := range all {
		if st.By == Wait {
			continue
		}
		t := stories[st.Item]
		for _, h := range st.Holders {
			m := t.message(h.Identity, kind, verbs[kind])
			m.Thread, m.Subject.Due, m.Urgent = stepThread(t.it, st), *st.DueAt, kind != notify.Approval || t.it.Act == Activate
			if t.it.Plainly() && st.By != Review {
				m.Answer = fmt.Sprintf("step/%d", st.ID)
			}
			out = append(out, m)
		}
		if st.By == Outside && kind == notify.Approval {
			if err := notify.HookAddress(tx, st.Named, "request.outside", map[string]any{"step": st.ID, "request": t.ref, "url": st.Named, "due": st.DueAt}); err != nil {
				return err
			}
		}
	}
	return notify.Send(tx, out...)
}

// tellAsked tells everybody who is asked first. An emergency is told at once to all who should know.
func (s *Service) tellAsked(tx *db.Tx, r *Request) error {
	for _, it := range r.Items {
		if it.Act == Emergency {
			if err := s.alarm(tx, it); err != nil {
				return err
			}
			continue
		}
		var opened []*Step
		for _, st := range it.Steps {
			if st.State == StepOpen {
				opened = append(opened, st)
			}
		}
		if err := nameHolders(tx, opened); err != nil {
			return err
		}
		if err := s.tellSteps(tx, it, opened, notify.Approval); err != nil {
			return err
		}
	}
	return s.hook(tx, r.Items, "request.asked")
}

// alarm tells compliance, the manager and the owners that somebody takes access without approval.
func (s *Service) alarm(tx *db.Tx, it *Item) error {
	t, err := tale(tx, it)
	if err != nil {
		return err
	}
	owners, err := it.ownedBy(tx)
	if err != nil {
		return err
	}
	probe := &Step{Item: it.ID, Requester: it.Requester, Beneficiary: it.Beneficiary, By: Manager, Quorum: 1}
	a, err := newAsking(tx, []*Step{probe})
	if err != nil {
		return err
	}
	to := map[int]bool{}
	for id := range owners {
		to[id] = true
	}
	for _, by := range []string{Manager, Compliance} {
		for _, h := range a.by(probe, by) {
			to[h.Identity] = true
		}
	}
	delete(to, it.Beneficiary)
	var out []notify.Message
	for id := range to {
		m := t.message(id, notify.Emergency, "Emergency access taken")
		m.Urgent = true
		out = append(out, m)
	}
	return notify.Send(tx, out...)
}

// hook tells other systems about items.
func (s *Service) hook(tx *db.Tx, all []*Item, kind string) error {
	data := make([]any, len(all))
	for i, it := range all {
		data[i] = map[string]any{"item": it.ID, "request": it.Request, "act": it.Act, "offer": it.Offer, "level": it.Level, "state": it.State}
	}
	return notify.HookAll(tx, kind, data)
}

// both are those whom the fate of an item concerns, each once.
func (it *Item) both() []int {
	if it.Requester == it.Beneficiary {
		return []int{it.Beneficiary}
	}
	return []int{it.Requester, it.Beneficiary}
}

// tellBoth tells who asked and whom it is for.
func (s *Service) tellBoth(tx *db.Tx, it *Item, kind, verb string, more ...notify.Line) error {
	return s.tellAll(tx, []*Item{it}, kind, verb, more...)
}

// tellAll is tellBoth for several items, at once.
func (s *Service) tellAll(tx *db.Tx, all []*Item, kind, verb string, more ...notify.Line) error {
	return s.closeAndTell(tx, all, "", kind, verb, more...)
}

// closeAndTell edits in place, where there is an outcome, what still asks somebody about steps of items that are decided, and tells both.
func (s *Service) closeAndTell(tx *db.Tx, all []*Item, outcome, kind, verb string, more ...notify.Line) error {
	if len(all) == 0 {
		return nil
	}
	var threads []string
	for _, it := range all {
		if outcome != "" {
			threads = append(threads, decidedThreads(it, it.Steps)...)
		}
	}
	var stories map[int]*story
	if err := db.Asking(tx, func(tx *db.Tx) error { return notify.CloseAll(tx, threads, outcome) },
		func(tx *db.Tx) (err error) { stories, err = tales(tx, all); return err },
		func(tx *db.Tx) error { return s.hook(tx, all, "request."+strings.ToLower(kind)) }); err != nil {
		return err
	}
	var out []notify.Message
	for _, it := range all {
		for _, id := range it.both() {
			if id == tx.Actor.Identity {
				continue // whoever does it knows
			}
			m := stories[it.ID].message(id, kind, verb)
			m.Lines = append(m.Lines, more...)
			out = append(out, m)
		}
	}
	return notify.Send(tx, out...)
}

// closing edits in place what still asks somebody about steps that are decided.
func closing(tx *db.Tx, it *Item, all []*Step, outcome string) error {
	return notify.CloseAll(tx, decidedThreads(it, all), outcome)
}

func decidedThreads(it *Item, all []*Step) (out []string) {
	for _, st := range all {
		if st.State != StepOpen && st.State != StepWaiting && st.OpenedAt != nil {
			out = append(out, stepThread(it, st))
		}
	}
	return out
}

// by says who did something, as what is edited in place shows it: with the time beside it.
func by(tx *db.Tx, did string) string { return did + " by " + tx.Actor.Name }

// tellProgress closes what was asked of one who answered while others are still to answer.
func (s *Service) tellProgress(tx *db.Tx, it *Item, _ *Step) error {
	return s.hook(tx, []*Item{it}, "request.decided")
}

func (s *Service) tellReviewed(tx *db.Tx, it *Item, st *Step) error {
	if err := closing(tx, it, []*Step{st}, by(tx, "Reviewed")); err != nil {
		return err
	}
	d := st.Decisions[len(st.Decisions)-1]
	verb := "Emergency access reviewed, in order"
	if d.Outcome == Deny {
		verb = "Emergency access reviewed, not in order"
	}
	return s.tellBoth(tx, it, notify.Decided, verb, notify.Line{Label: "Reviewed by", Value: d.Name}, notify.Line{Label: "Reason", Value: d.Reason})
}

func (s *Service) tellFinished(tx *db.Tx, it *Item, why string) error {
	did := map[State]string{Denied: "Denied", Cancelled: "Taken back"}[it.State]
	return s.closeAndTell(tx, []*Item{it}, by(tx, did), notify.Decided, did, notify.Line{Label: "Decided by", Value: tx.Actor.Name}, notify.Line{Label: "Reason", Value: why})
}

// tellExpired tells that nobody decided in time.
func (s *Service) tellExpired(tx *db.Tx, all []*Item) error {
	return s.closeAndTell(tx, all, "Expired: nobody decided in time", notify.Expired, "Expired", notify.Line{Label: "Decided by", Value: tx.Actor.Name}, notify.Line{Label: "Reason"})
}

func (s *Service) tellGranted(tx *db.Tx, it *Item) error {
	return s.closeAndTell(tx, []*Item{it}, by(tx, "Approved"), notify.Granted, "Approved")
}

func (s *Service) tellEnding(tx *db.Tx, all []*Item) error {
	return s.tellAll(tx, slices.DeleteFunc(all, func(it *Item) bool { return it.Act == Activate || it.Act == Emergency }), notify.Ending, "Ends soon") // hours, and whoever has them knows
}

func (s *Service) tellEnded(tx *db.Tx, all []*Item, because string) error {
	return s.tellAll(tx, all, notify.Ended, "Ended", notify.Line{Label: "Because", Value: because})
}

// tellNote tells the other side of a conversation.
func (s *Service) tellNote(tx *db.Tx, r *Request, n *Note) error {
	to := map[int]bool{}
	for _, it := range r.Items {
		for _, st := range it.Steps {
			for _, h := range st.Holders {
				if st.State == StepOpen && n.Kind == Answered {
					to[h.Identity] = true
				}
			}
		}
	}
	if n.Kind == Question {
		to[r.Requester], to[r.Beneficiary] = true, true
	}
	delete(to, n.Author)
	if len(r.Items) == 0 || len(to) == 0 {
		return nil
	}
	t, err := tale(tx, r.Items[0])
	if err != nil {
		return err
	}
	var out []notify.Message
	for id := range to {
		m := t.message(id, notify.Question, map[string]string{Question: "Question about", Answered: "Answer about"}[n.Kind])
		m.Lines = append(m.Lines, notify.Line{Label: n.Name, Value: n.Body})
		out = append(out, m)
	}
	return notify.Send(tx, out...)
}
