package web

import (
	"errors"
	"slices"
	"strings"
	"time"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	asking "tenure/internal/request"
	"tenure/templates/lang"
)

// apiAskIn is what somebody asks for.
type apiAskIn struct {
	For   string      `json:"for,omitempty" format:"uuid" doc:"For whom: the id of somebody of one's team; for oneself when it is not there."`
	Why   string      `json:"why" minLength:"1" maxLength:"2000" doc:"Who decides reads it."`
	Items []apiWishIn `json:"items" minItems:"1" maxItems:"20" nullable:"false" doc:"What is asked for."`
}

// apiWishIn is one thing that somebody asks for.
type apiWishIn struct {
	Act        string            `json:"act,omitempty" enum:"grant,extend,level,activate,emergency" default:"grant" doc:"grant: for days. extend: the same for longer. level: another level instead. activate and emergency need a fresh proof of who somebody is, which a token is not: they are refused here."`
	Offer      string            `json:"offer" minLength:"1" maxLength:"200" doc:"The offer's name."`
	Level      string            `json:"level,omitempty" maxLength:"200" doc:"The level's name; the lowest when it is not there."`
	Parameters map[string]string `json:"parameters,omitempty" doc:"What the level wants to know."`
	Item       int               `json:"item,omitempty" minimum:"1" doc:"The item that is extended or changed."`
	From       *time.Time        `json:"from,omitempty" nullable:"false" doc:"From when; now when it is not there."`
	Days       int               `json:"days,omitempty" minimum:"1" maximum:"366" doc:"For how many days; as the offer proposes when it is not there."`
}

// apiCancelIn takes back what is not decided.
type apiCancelIn struct {
	Item   int    `json:"item,omitempty" minimum:"1" doc:"Only this item; all that are open when it is not there."`
	Reason string `json:"reason,omitempty" maxLength:"2000" doc:"Why."`
}

// apiRequest is a request with all that was decided about it.
type apiRequest struct {
	ID          string    `json:"id" format:"uuid" doc:"The request's id."`
	Number      int       `json:"number" doc:"By which people call it: R-12."`
	Requester   PersonRef `json:"requester" doc:"Who asked."`
	Beneficiary PersonRef `json:"beneficiary" doc:"Whom it is for."`
	Why         string    `json:"why" doc:"As it was asked."`
	Via         string    `json:"via" doc:"How it was asked: page, api, command and so on."`
	AskedAt     time.Time `json:"asked_at" doc:"When."`
	Items       []apiItem `json:"items" nullable:"false" doc:"What was asked for; each goes its own way."`
}

// apiItem is one thing that was asked for.
type apiItem struct {
	ID           int               `json:"id" doc:"The item's number."`
	Act          string            `json:"act" enum:"grant,extend,level,activate,emergency" doc:"What it does when it is granted."`
	Offer        string            `json:"offer" doc:"The offer's name."`
	Title        string            `json:"title" doc:"The offer in plain words."`
	Level        string            `json:"level" doc:"The level's name."`
	Parameters   map[string]string `json:"parameters,omitempty" doc:"What was said besides."`
	Risk         string            `json:"risk" enum:"low,medium,high,critical" doc:"The highest of what it gives."`
	State        string            `json:"state" enum:"open,granted,denied,cancelled,expired,ended" doc:"How it stands."`
	AskedFrom    time.Time         `json:"asked_from" doc:"From when it was asked for."`
	AskedTo      time.Time         `json:"asked_to" doc:"Until when."`
	From         *time.Time        `json:"from,omitempty" nullable:"false" doc:"From when it was granted."`
	To           *time.Time        `json:"to,omitempty" nullable:"false" doc:"Until when."`
	DecidedAt    *time.Time        `json:"decided_at,omitempty" nullable:"false" doc:"When it stopped being open."`
	EndedAt      *time.Time        `json:"ended_at,omitempty" nullable:"false" doc:"When the access ended."`
	EndedBecause string            `json:"ended_because,omitempty" doc:"Why."`
	Narrowed     string            `json:"narrowed_because,omitempty" doc:"Because of what it was narrowed to this level after it was granted."`
	Automatic    bool              `json:"automatic" doc:"Whether a stated rule granted it at once."`
	Conflicts    []apiConflict     `json:"conflicts" nullable:"false" doc:"SoD rules that it would break."`
	Steps        []apiStage        `json:"steps" nullable:"false" doc:"Who decides, in this order; those of one position together."`
}

// apiConflict is an SoD rule that something would break.
type apiConflict struct {
	Title    string `json:"title" doc:"The rule in plain words."`
	Severity string `json:"severity" doc:"How bad it would be."`
	Reaction string `json:"reaction" doc:"refuse, exception, approve or record."`
	Duties   string `json:"duties" doc:"The duties that come together."`
	Pending  bool   `json:"pending" doc:"Whether only beside what is not decided yet."`
}

// apiStage is one stage of a decision.
type apiStage struct {
	ID        int           `json:"id" doc:"What a decision names."`
	Position  int           `json:"position" doc:"Its place in the order."`
	By        string        `json:"by" enum:"manager,owner,role_owner,group,compliance,wait,outside,review" doc:"As what somebody decides it."`
	Named     string        `json:"named,omitempty" doc:"Which group, or what is owned."`
	State     string        `json:"state" enum:"waiting,open,approved,denied,cancelled,expired" doc:"How it stands."`
	Quorum    int           `json:"quorum" doc:"How many must approve."`
	DueAt     *time.Time    `json:"due_at,omitempty" nullable:"false" doc:"Until when it should be decided."`
	Holders   []PersonRef   `json:"holders" nullable:"false" doc:"Who is asked."`
	Decisions []apiDecision `json:"decisions" nullable:"false" doc:"What they said."`
}

// apiDecision is one person's answer to a step.
type apiDecision struct {
	By         PersonRef  `json:"by" doc:"Who decided."`
	OnBehalfOf *PersonRef `json:"on_behalf_of,omitempty" nullable:"false" doc:"In whose name."`
	Outcome    string     `json:"outcome" enum:"approve,deny" doc:"What they said."`
	Level      string     `json:"level,omitempty" doc:"The lower level that they granted."`
	To         *time.Time `json:"to,omitempty" nullable:"false" doc:"The earlier end that they granted."`
	Reason     string     `json:"reason,omitempty" doc:"Why."`
	Control    string     `json:"control,omitempty" doc:"What is done so that a conflict does no harm."`
	Via        string     `json:"via" doc:"How: page, bulk, api, command and so on."`
	At         time.Time  `json:"at" doc:"When."`
}

// requestsAsked are the filters of the list of requests.
type requestsAsked struct {
	Paging
	State string `json:"state,omitempty" enum:"open,granted,denied,cancelled,expired,ended" doc:"Only requests with an item of this state."`
	All   bool   `json:"all,omitempty" doc:"Everybody's, for those who may see them; else those that the token's person asked, or that are for them."`
}

func (s *server) ofRequests() []operation {
	return []operation{
		reads(operation{path: "/requests", permission: "request.mine", name: "listRequests", tag: "requests", summary: lang.Mark("List requests"),
			doc: "The latest first."}, s.apiRequests),
		acts(operation{path: "/requests", permission: "request.mine", name: "createRequest", tag: "requests", summary: lang.Mark("Ask for access"), status: 201,
			doc: "For oneself or somebody of one's team. What a stated rule grants is granted at once; else the answer says who is asked."}, s.apiAsk),
		acts(operation{path: "/requests/preview", permission: "request.mine", name: "previewRequest", tag: "requests", summary: lang.Mark("See what asking would do"),
			doc: "Takes what asking for access takes and asks for nothing: who would decide until when, and which SoD rules it would break. What is held or asked for already is an error here as it is there."}, s.apiPreviewed),
		reads(operation{path: "/approval-rules/trial", permission: "policy.read", name: "previewApprovalRules", tag: "requests", summary: lang.Mark("See who would approve something for somebody"),
			doc: "For whoever may open everybody's page: which approval rule decides, why those before it do not, who would be asked, and who instead. Nothing is asked for. Name an offer, a role or an entitlement."}, s.apiTrial),
		reads(operation{path: "/requests/:id", permission: "request.mine", name: "getRequest", tag: "requests", summary: lang.Mark("Read a request"),
			doc: "For whom it concerns: who asked, whom it is for and who is above them, and who is or was asked."}, s.apiRequest),
		acts(operation{path: "/requests/:id/cancel", permission: "request.mine", name: "cancelRequest", tag: "requests", summary: lang.Mark("Take a request back"),
			doc: "Who asked may, and whom it is for, for as long as it is not decided."}, s.apiCancel),
	}
}

// requestsOut puts requests into the form of the API.
type requestsOut struct {
	pol    *policy.Snapshot
	people map[int]*identity.Person
}

func showing(tx *db.Tx, all ...*asking.Request) (o *requestsOut, err error) {
	o = &requestsOut{}
	if o.pol, err = policy.Load(tx); err != nil {
		return nil, err
	}
	var ids []int
	for _, r := range all {
		ids = append(ids, r.Requester, r.Beneficiary)
		for _, it := range r.Items {
			for _, st := range it.Steps {
				for _, d := range st.Decisions {
					ids = append(ids, d.Decider)
					if d.OnBehalfOf != nil {
						ids = append(ids, *d.OnBehalfOf)
					}
				}
			}
		}
	}
	o.people, err = identity.People(tx, ids)
	return o, err
}

func (o *requestsOut) ref(id int) PersonRef {
	if p := o.people[id]; p != nil {
		return PersonRef{p.PublicID, p.Name}
	}
	return PersonRef{}
}

func (o *requestsOut) request(r *asking.Request) apiRequest {
	out := apiRequest{ID: r.PublicID, Number: r.ID, Requester: o.ref(r.Requester), Beneficiary: o.ref(r.Beneficiary), Why: r.Why, Via: r.Via, AskedAt: r.AskedAt.UTC(), Items: []apiItem{}}
	for _, it := range r.Items {
		out.Items = append(out.Items, o.item(it))
	}
	return out
}

func (o *requestsOut) item(it *asking.Item) apiItem {
	out := apiItem{ID: it.ID, Act: string(it.Act), Level: it.Level, Parameters: policy.ParseParam(it.Param), Risk: it.Risk, State: string(it.State), AskedFrom: it.AskedFrom.UTC(), AskedTo: it.AskedTo.UTC(),
		From: utc(it.From), To: utc(it.To), DecidedAt: utc(it.DecidedAt), EndedAt: utc(it.EndedAt), EndedBecause: deref(it.EndedBecause), Narrowed: deref(it.Narrowed), Automatic: it.Automatic, Conflicts: conflictsOut(it.Conflicts), Steps: []apiStage{}}
	out.Offer, out.Title = o.offer(it.Offer)
	for _, st := range it.Steps {
		out.Steps = append(out.Steps, o.stage(st))
	}
	return out
}

// offer names an offer, also one that is in the catalogue no more.
func (o *requestsOut) offer(id int) (name, title string) {
	if x := o.pol.Object(id); x != nil {
		return x.Name, x.Title
	}
	return "", ""
}

func conflictsOut(all []asking.Conflict) []apiConflict {
	out := []apiConflict{}
	for _, c := range all {
		out = append(out, apiConflict{c.Title, c.Severity, c.Reaction, c.Duties, c.Pending})
	}
	return out
}

func (o *requestsOut) stage(st *asking.Step) apiStage {
	out := apiStage{ID: st.ID, Position: st.Position, By: st.By, Named: st.Named, State: string(st.State), Quorum: st.Quorum, DueAt: utc(st.DueAt), Holders: []PersonRef{}, Decisions: []apiDecision{}}
	if st.By == asking.Outside {
		out.Named = "" // an address that is told is nobody's to read
	}
	for _, h := range st.Holders {
		out.Holders = append(out.Holders, PersonRef{h.Ref, h.Name})
	}
	for _, d := range st.Decisions {
		x := apiDecision{By: o.ref(d.Decider), Outcome: d.Outcome, Level: d.Level, To: utc(d.To), Reason: d.Reason, Control: d.Control, Via: d.Via, At: d.At.UTC()}
		if d.OnBehalfOf != nil {
			ref := o.ref(*d.OnBehalfOf)
			x.OnBehalfOf = &ref
		}
		out.Decisions = append(out.Decisions, x)
	}
	return out
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

func (s *server) apiRequests(r *request, tx *db.Tx, q requestsAsked) (out pageOf[apiRequest], err error) {
	if q.All && !r.may("request.read_any") {
		return out, errs.Forbidden("your account does not have the right to see everybody's requests (request.read_any)")
	}
	asked := q.Paging
	q.Paging = Paging{}
	page, err := r.dbPage(asked, q, "")
	if err != nil {
		return out, err
	}
	f := asking.Filter{Who: r.who.ID, State: asking.State(q.State)}
	if q.All {
		f.Who = 0
	}
	all, more, err := asking.Page(tx, f, page)
	if err != nil {
		return out, err
	}
	o, err := showing(tx, all...)
	if err != nil {
		return out, err
	}
	out.Items, out.HasMore = []apiRequest{}, more
	for _, x := range all {
		out.Items = append(out.Items, o.request(x))
	}
	if more {
		last := itoa(all[len(all)-1].ID)
		out.Next, err = r.next(q, last, last)
	}
	return out, err
}

// concerned gives a request to whom it concerns; for everybody else there is none.
func (r *request) concerned(tx *db.Tx, x *asking.Request) error {
	if r.may("request.read_any") {
		return nil
	}
	ok, err := lifecycle.Requests.Concerns(tx, x, r.who.ID)
	if err == nil && !ok {
		err = nothing("request")
	}
	return err
}

func (s *server) apiRequest(r *request, tx *db.Tx, _ nothingAsked) (out apiRequest, err error) {
	x, err := asking.Find(tx, r.Param("id"))
	if err != nil {
		return out, err
	}
	if err := r.concerned(tx, x); err != nil {
		return out, err
	}
	return requestOut(tx, x)
}

func requestOut(tx *db.Tx, x *asking.Request) (apiRequest, error) {
	o, err := showing(tx, x)
	if err != nil {
		return apiRequest{}, err
	}
	return o.request(x), nil
}

func (s *server) apiAsk(r *request, tx *db.Tx, in apiAskIn) (out apiRequest, err error) {
	ask, err := r.apiWishes(tx, in)
	if err != nil {
		return out, err
	}
	x, err := lifecycle.Requests.Submit(tx, ask)
	if err != nil {
		return out, inBody(err, "wishes", "items", "of", "item")
	}
	if x, err = asking.Get(tx, x.ID); err != nil {
		return out, err
	}
	return requestOut(tx, x)
}

// apiWishes makes what a body asks for.
func (r *request) apiWishes(tx *db.Tx, in apiAskIn) (*asking.Ask, error) {
	ask := &asking.Ask{For: r.who.ID, Why: in.Why, Via: "api"}
	if in.For != "" {
		p, ok, err := identity.ByRef(tx, in.For)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, nothing("person")
		}
		ask.For = p.ID
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	for _, w := range in.Items {
		wish := asking.Wish{Act: asking.Act(w.Act), Level: w.Level, Param: policy.Param(w.Parameters), Of: w.Item, Days: w.Days}
		if w.Act == "" {
			wish.Act = asking.Grant
		}
		if w.From != nil {
			wish.From = *w.From
		}
		if o := offerNamed(pol, w.Offer); o != nil {
			wish.Offer = o.ID
		}
		ask.Wishes = append(ask.Wishes, wish)
	}
	return ask, nil
}

func offerNamed(pol *policy.Snapshot, name string) *policy.Offer {
	all := pol.Offers()
	if i := slices.IndexFunc(all, func(o *policy.Offer) bool { return o.Name == name }); i >= 0 {
		return all[i]
	}
	return nil
}

// inBody calls the fields of an error as the body does.
func inBody(err error, names ...string) error {
	var e *errs.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	fields := slices.Clone(e.Fields)
	for i := range fields {
		for n := 0; n+1 < len(names); n += 2 {
			if rest, ok := strings.CutPrefix(fields[i].Field, names[n]); ok && (rest == "" || rest[0] == '[' || rest[0] == '.') {
				fields[i].Field = names[n+1] + rest
			}
		}
	}
	return errs.InvalidFields(e.Message, fields)
}

func (s *server) apiCancel(r *request, tx *db.Tx, in apiCancelIn) (out apiRequest, err error) {
	x, err := asking.Find(tx, r.Param("id"))
	if err != nil {
		return out, err
	}
	if err := r.concerned(tx, x); err != nil {
		return out, err
	}
	var items []int
	for _, it := range x.Items {
		if it.ID == in.Item || in.Item == 0 && it.State == asking.Open {
			items = append(items, it.ID)
		}
	}
	switch {
	case len(items) == 0 && in.Item != 0:
		return out, nothing("item")
	case len(items) == 0 && len(x.Items) > 0:
		items = []int{x.Items[0].ID} // which says how it was decided
	}
	for _, id := range items {
		if _, err := lifecycle.Requests.Cancel(tx, id, in.Reason, false); err != nil {
			return out, err
		}
	}
	if x, err = asking.Get(tx, x.ID); err != nil {
		return out, err
	}
	return requestOut(tx, x)
}
