package request

import (
	"slices"
	"strings"
	"time"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// mayEnd lets those end access whom it concerns; for everybody else there is no such request.
func (s *Service) mayEnd(tx *db.Tx, it *Item, whoever bool) error {
	who := tx.Actor.Identity
	if who == 0 {
		return errs.Forbidden("ending access needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	if whoever || who == it.Beneficiary || who == it.Requester {
		return nil
	}
	names, err := s.Acting(tx, who)
	if err != nil {
		return err
	}
	owners, err := it.ownedBy(tx)
	if err != nil {
		return err
	}
	if owners[who] || slices.ContainsFunc(names, func(n Name) bool { return n.Applications && owners[n.For] }) {
		return nil
	}
	below, err := identity.Below(tx, it.Beneficiary, teams(names, who)...)
	if err != nil || below {
		return err
	}
	return errs.NotFound("there is no such request")
}

// teams gives the managers that somebody acts as: themselves, and those in whose name they do.
func teams(names []Name, who int) []int {
	out := []int{who}
	for _, n := range names {
		if n.Team {
			out = append(out, n.For)
		}
	}
	return out
}

// ownedBy gives the owners of what an item gives.
func (it *Item) ownedBy(tx *db.Tx) (map[int]bool, error) {
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	out := map[int]bool{}
	for _, e := range it.reach(pol, cat) {
		if e.OwnerID != nil {
			out[*e.OwnerID] = true
		}
		if app := cat.Apps[e.ApplicationID]; app != nil && app.OwnerID != nil {
			out[*app.OwnerID] = true
		}
	}
	return out, nil
}

// Note is one line of the conversation about a request.
type Note struct {
	Author int
	Name   string
	Kind   string // question, answer, nudge
	Body   string
	At     time.Time
}

// Kinds of notes.
const (
	Question = "question"
	Answered = "answer"
	Nudge    = "nudge"
)

// maxNote is how long a note may be, in characters.
const maxNote = 2000

// Say adds to the conversation of a request: who is asked puts a question, who asked or for whom it is answers.
func (s *Service) Say(tx *db.Tx, ref, body string) (*Note, error) {
	r, err := s.mine(tx, ref)
	if err != nil {
		return nil, err
	}
	n := Note{Author: tx.Actor.Identity, Name: tx.Actor.Name, Kind: Question, Body: strings.TrimSpace(body)}
	if n.Author == r.Requester || n.Author == r.Beneficiary {
		n.Kind = Answered
	}
	if n.Body == "" || len([]rune(n.Body)) > maxNote {
		return nil, errs.InvalidFields("nothing was said:", []errs.Field{{Field: "body", Rule: "must be 1 to 2000 characters"}})
	}
	if err := store(tx, r, &n); err != nil {
		return nil, err
	}
	return &n, s.tellNote(tx, r, &n)
}

// Remind reminds those who are asked, once their time is half over and once a day at most.
func (s *Service) Remind(tx *db.Tx, ref string) error {
	r, err := s.mine(tx, ref)
	if err != nil {
		return err
	}
	if who := tx.Actor.Identity; who != r.Requester && who != r.Beneficiary {
		return errs.Forbidden("only who asked, or for whom it is, reminds")
	}
	var recent bool
	if err := tx.QueryRow(`select exists (select from request_note where request_id = $1 and kind = 'nudge' and said_at > $2)`, r.ID, tx.Now.Add(-24*time.Hour)).Scan(&recent); err != nil {
		return err
	}
	if recent {
		return errs.Conflict("they were reminded within the last day")
	}
	var waiting []*Step
	for _, it := range r.Items {
		for _, st := range it.Steps {
			if st.State == StepOpen && st.Stage > 0 {
				waiting = append(waiting, st)
			}
		}
	}
	if len(waiting) == 0 {
		return errs.Conflict("nobody is late: a reminder can be sent when half of the time is over")
	}
	if err := store(tx, r, &Note{Author: tx.Actor.Identity, Kind: Nudge, Body: "reminder"}); err != nil {
		return err
	}
	for _, it := range r.Items {
		var mine []*Step
		for _, st := range waiting {
			if st.Item == it.ID {
				mine = append(mine, st)
			}
		}
		if err := s.tellSteps(tx, it, mine, "reminder"); err != nil {
			return err
		}
	}
	return nil
}

// mine gives a request that concerns the actor, locked; for everybody else there is none.
func (s *Service) mine(tx *db.Tx, ref string) (*Request, error) {
	r, err := Find(tx, ref)
	if err != nil {
		return nil, err
	}
	if err := s.Lock(tx, r.Beneficiary); err != nil {
		return nil, err
	}
	if r, err = Find(tx, ref); err != nil {
		return nil, err
	}
	ok, err := s.Concerns(tx, r, tx.Actor.Identity)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errs.NotFound("there is no such request")
	}
	return r, nil
}

// Concerns says whether somebody may see a request: who asked, whom it is for, those above them, who is or was asked, and in whose name
// somebody acts.
func (s *Service) Concerns(tx *db.Tx, r *Request, who int) (bool, error) {
	if who == 0 {
		return false, nil
	}
	if who == r.Requester || who == r.Beneficiary {
		return true, nil
	}
	names, err := s.Acting(tx, who)
	if err != nil {
		return false, err
	}
	if r.asked(Name{For: who}) || slices.ContainsFunc(names, r.asked) {
		return true, nil
	}
	return identity.Below(tx, r.Beneficiary, teams(names, who)...)
}

// asked says whether somebody, or somebody in whose name they act, is or was asked.
func (r *Request) asked(n Name) bool {
	for _, it := range r.Items {
		for _, st := range it.Steps {
			for _, h := range st.Holders {
				if h.Identity == n.For {
					return true
				}
			}
			for _, g := range st.Gave {
				if g.Identity == n.For {
					return true
				}
			}
			for _, d := range st.Decisions {
				if d.Decider == n.For {
					return true
				}
			}
		}
	}
	return false
}

func store(tx *db.Tx, r *Request, n *Note) error {
	if _, err := tx.Exec(`insert into request_note (request_id, author_id, kind, body, said_at, made_by) values ($1, $2, $3, $4, $5, $6)`, r.ID, n.Author, n.Kind, n.Body, tx.Now, tx.Actor.ID); err != nil {
		return broken(err)
	}
	n.At = tx.Now
	tx.Record(evidence.Event{Kind: "request.noted", IdentityID: r.Beneficiary, Touches: evidence.Touches{"request_note": 1}, Facts: map[string]any{"request": r.ID, "kind": n.Kind}, Personal: map[string]any{"body": n.Body}})
	return nil
}
