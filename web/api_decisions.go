package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"tenure/internal/db"
	"tenure/internal/lifecycle"
	asking "tenure/internal/request"
	"tenure/templates/lang"
)

// apiWaiting is a step that waits for somebody.
type apiWaiting struct {
	Step        int           `json:"step" doc:"What a decision names."`
	Request     string        `json:"request" format:"uuid" doc:"The request's id."`
	Item        int           `json:"item" doc:"The item's number."`
	Act         string        `json:"act" enum:"grant,extend,level,activate,emergency" doc:"What it does when it is granted."`
	Offer       string        `json:"offer" doc:"The offer's name."`
	Title       string        `json:"title" doc:"The offer in plain words."`
	Level       string        `json:"level" doc:"The level's name."`
	Risk        string        `json:"risk" enum:"low,medium,high,critical" doc:"The highest of what it gives."`
	Requester   string        `json:"requester" doc:"Who asked."`
	Beneficiary PersonRef     `json:"beneficiary" doc:"Whom it is for."`
	Why         string        `json:"why" doc:"As it was asked."`
	By          string        `json:"by" enum:"manager,owner,role_owner,group,compliance,wait,outside,review" doc:"As what somebody decides it."`
	AskedAt     time.Time     `json:"asked_at" doc:"When it was asked."`
	AskedTo     time.Time     `json:"asked_to" doc:"Until when it would last."`
	DueAt       *time.Time    `json:"due_at,omitempty" nullable:"false" doc:"Until when it should be decided."`
	Conflicts   []apiConflict `json:"conflicts" nullable:"false" doc:"SoD rules that it would break."`
	Version     int           `json:"version" doc:"Counts the step's changes; what a decision in bulk may name."`
}

// apiStep is a step with what it is about.
type apiStep struct {
	Step        apiStage  `json:"step" doc:"The step."`
	Request     string    `json:"request" format:"uuid" doc:"The request's id."`
	Requester   PersonRef `json:"requester" doc:"Who asked."`
	Beneficiary PersonRef `json:"beneficiary" doc:"Whom it is for."`
	Why         string    `json:"why" doc:"As it was asked."`
	Item        apiItem   `json:"item" doc:"What was asked for, with all its steps."`
}

// apiAnswerIn is somebody's answer to a step.
type apiAnswerIn struct {
	Outcome string `json:"outcome" enum:"approve,deny" doc:"Whether it is granted."`
	Reason  string `json:"reason,omitempty" maxLength:"2000" doc:"Why; required to deny. Who asked reads it."`
	Level   string `json:"level,omitempty" maxLength:"200" doc:"A lower level than was asked for."`
	Days    int    `json:"days,omitempty" minimum:"1" maximum:"366" doc:"Fewer days than were asked for."`
	Control string `json:"control,omitempty" maxLength:"2000" doc:"What is done so that a conflict does no harm; required to accept one."`
}

// apiDecisionsIn are answers to several steps.
type apiDecisionsIn struct {
	Decisions []apiOneIn `json:"decisions" minItems:"1" maxItems:"100" nullable:"false" doc:"Each is decided for itself, in this order."`
}

// apiOneIn is one of them.
type apiOneIn struct {
	Step    int    `json:"step" minimum:"1" doc:"The step."`
	Version int    `json:"version,omitempty" minimum:"1" doc:"Of the step as it was seen; any when it is not there."`
	Outcome string `json:"outcome" enum:"approve,deny" doc:"Whether it is granted."`
	Reason  string `json:"reason,omitempty" maxLength:"2000" doc:"Why; required to deny. Who asked reads it."`
	Level   string `json:"level,omitempty" maxLength:"200" doc:"A lower level than was asked for."`
	Days    int    `json:"days,omitempty" minimum:"1" maximum:"366" doc:"Fewer days than were asked for."`
	Control string `json:"control,omitempty" maxLength:"2000" doc:"What is done so that a conflict does no harm; required to accept one."`
}

// apiResults say how each of several decisions went.
type apiResults struct {
	Results []apiResult `json:"results" nullable:"false" doc:"In the order in which they were sent."`
}

// apiResult is how one of several decisions went.
type apiResult struct {
	Step    int      `json:"step" doc:"The step."`
	Status  int      `json:"status" doc:"200, or that of the problem."`
	State   string   `json:"state,omitempty" enum:"open,granted,denied,cancelled,expired,ended" doc:"How the item stands now."`
	Problem *problem `json:"problem,omitempty" nullable:"false" doc:"Why nothing was decided."`
}

// inboxAsked are the parameters of the inbox.
type inboxAsked struct{ Paging }

func (s *server) ofDecisions() []operation {
	return []operation{
		reads(operation{path: "/inbox", permission: "inbox.read", name: "listInbox", tag: "requests", summary: lang.Mark("List the steps that wait for the token's person"),
			doc: "Also those that wait for somebody for whom they act. The most urgent first."}, s.apiInbox),
		reads(operation{path: "/steps/:number", permission: "request.mine", name: "getStep", tag: "requests", summary: lang.Mark("Read a step"),
			doc: "For whom its request concerns. Its ETag is what a decision names in If-Match."}, s.apiStep),
		acts(operation{path: "/steps/:number/decision", permission: "request.decide", name: "decideStep", tag: "requests", summary: lang.Mark("Decide a step"), match: true,
			doc: "Approve, approve less, or deny. Nobody decides about what they asked for or what is for them."}, s.apiDecide),
		acts(operation{path: "/decisions", permission: "request.decide", name: "decideSteps", tag: "requests", summary: lang.Mark("Decide several steps"), status: http.StatusMultiStatus,
			doc: "Each is decided for itself: one that is refused does not keep the others from being decided. The answer says for each how it went."}, s.apiDecideMany),
	}
}

const inboxMost = 1000

func (s *server) apiInbox(r *request, tx *db.Tx, q inboxAsked) (out pageOf[apiWaiting], err error) {
	names, err := lifecycle.Requests.Acting(tx, r.who.ID)
	if err != nil {
		return out, err
	}
	lines, err := asking.Waiting(tx, r.who.ID, names, inboxMost)
	if err != nil {
		return out, err
	}
	o, err := showing(tx)
	if err != nil {
		return out, err
	}
	key := func(l asking.Line) string {
		due := ""
		if l.DueAt != nil {
			due = l.DueAt.UTC().Format("2006-01-02T15:04:05.000000")
		}
		return fmt.Sprintf("%s/%012d", due, l.Step)
	}
	return fromMemory(r, q.Paging, inboxAsked{}, lines, key, func(l asking.Line) apiWaiting {
		w := apiWaiting{Step: l.Step, Request: l.Ref, Item: l.Item, Act: string(l.Act), Level: l.Level, Risk: l.Risk, Requester: l.Requester, Beneficiary: PersonRef{l.ForRef, l.For},
			Why: l.Why, By: l.By, AskedAt: l.AskedAt.UTC(), AskedTo: l.AskedTo.UTC(), DueAt: utc(l.DueAt), Conflicts: conflictsOut(l.Conflicts), Version: l.Version}
		w.Offer, w.Title = o.offer(l.Offer)
		return w
	})
}

// step reads a step that concerns the token's person, with what it is about. With locked nobody else changes it meanwhile.
func (r *request) step(tx *db.Tx, locked bool) (out apiStep, it *asking.Item, st *asking.Step, err error) {
	id, err := r.number("number")
	if err != nil {
		return out, nil, nil, nothing("step")
	}
	x, it, st, err := asking.OfStep(tx, id)
	if err != nil {
		return out, nil, nil, err
	}
	if err := r.concerned(tx, x); err != nil {
		return out, nil, nil, err
	}
	if locked {
		if err := lifecycle.Requests.Lock(tx, x.Beneficiary); err != nil {
			return out, nil, nil, err
		}
		if x, it, st, err = asking.OfStep(tx, id); err != nil {
			return out, nil, nil, err
		}
	}
	o, err := showing(tx, x)
	if err != nil {
		return out, nil, nil, err
	}
	return apiStep{Step: o.stage(st), Request: x.PublicID, Requester: o.ref(x.Requester), Beneficiary: o.ref(x.Beneficiary), Why: x.Why, Item: o.item(it)}, it, st, nil
}

func (s *server) apiStep(r *request, tx *db.Tx, _ nothingAsked) (apiStep, error) {
	out, _, _, err := r.step(tx, false)
	return out, err
}

func (s *server) apiDecide(r *request, tx *db.Tx, in apiAnswerIn) (out apiStep, err error) {
	seen, it, st, err := r.step(tx, true)
	if err != nil {
		return out, err
	}
	body, err := json.Marshal(seen)
	if err != nil {
		return out, err
	}
	// Who comes too late is told who was faster; the room refuses what is not open.
	if err := r.unchanged(tagOf(seen, body)); err != nil && (st.State == asking.StepOpen || r.GetHeader("If-Match") == "") {
		return out, err
	}
	a := asking.Answer{Step: st.ID, Outcome: in.Outcome, Reason: in.Reason, Level: in.Level, Control: in.Control, Via: "api"}
	if in.Days > 0 {
		to := it.AskedFrom.AddDate(0, 0, in.Days)
		a.To = &to
	}
	if _, err := lifecycle.Requests.Decide(tx, a); err != nil {
		return out, inBody(err, "until", "days")
	}
	out, _, _, err = r.step(tx, false)
	return out, err
}

func (s *server) apiDecideMany(r *request, tx *db.Tx, in apiDecisionsIn) (out apiResults, err error) {
	for i, d := range in.Decisions {
		result := apiResult{Step: d.Step, Status: http.StatusOK}
		tx.Actor.For = 0 // the one before may have been in somebody's name
		err := tx.Try(func() error {
			state, err := r.decideOne(tx, d)
			result.State = state
			return err
		})
		if err != nil {
			status := statusOf(err)
			if status == http.StatusInternalServerError {
				return out, err
			}
			text, fields := r.words(inBody(err, "until", "days"), status)
			for n := range fields {
				fields[n].Field = fmt.Sprintf("decisions[%d].%s", i, fields[n].Field)
			}
			p := r.problem(err, status, text, fields)
			result.State, result.Status, result.Problem = "", status, &p
		}
		out.Results = append(out.Results, result)
	}
	return out, nil
}

// decideOne decides one step of several that concerns the token's person, and says how its item stands then.
func (r *request) decideOne(tx *db.Tx, d apiOneIn) (string, error) {
	x, it, st, err := asking.OfStep(tx, d.Step)
	if err != nil {
		return "", err
	}
	if err := r.concerned(tx, x); err != nil {
		return "", err
	}
	a := asking.Answer{Step: st.ID, Outcome: d.Outcome, Reason: d.Reason, Level: d.Level, Control: d.Control, Version: d.Version, Via: "api"}
	if d.Days > 0 {
		to := it.AskedFrom.AddDate(0, 0, d.Days)
		a.To = &to
	}
	if it, err = lifecycle.Requests.Decide(tx, a); err != nil {
		return "", err
	}
	return string(it.State), nil
}
