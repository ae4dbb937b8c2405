package web

import (
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	asking "tenure/internal/request"
)

// trialAsked is what a trial of the approval rules is about.
type trialAsked struct {
	For         string `json:"for" format:"uuid" required:"true" doc:"For whom: the person's id."`
	By          string `json:"by,omitempty" format:"uuid" doc:"Who asks; the same person when it is not there."`
	Offer       string `json:"offer,omitempty" maxLength:"200" doc:"The offer's name; or name a role or an entitlement."`
	Role        string `json:"role,omitempty" maxLength:"200" doc:"The role's name."`
	Entitlement string `json:"entitlement,omitempty" maxLength:"400" doc:"As policy files write it: application/entitlement."`
	Level       string `json:"level,omitempty" maxLength:"200" doc:"Of the offer; the lowest when it is not there."`
	Parameters  string `json:"parameters,omitempty" maxLength:"2000" doc:"What the role wants to know: name=value, several joined by &, escaped as in an address."`
	Act         string `json:"act,omitempty" enum:"grant,activate,emergency" default:"grant" doc:"For days, for hours, or in an emergency."`
	Days        int    `json:"days,omitempty" minimum:"1" maximum:"366" doc:"For how many days; as the offer proposes when it is not there."`
}

// apiTrial is who would decide something.
type apiTrial struct {
	Requester   PersonRef       `json:"requester" doc:"Who would ask."`
	Beneficiary PersonRef       `json:"beneficiary" doc:"Whom it would be for."`
	Item        *apiPreviewItem `json:"item,omitempty" nullable:"false" doc:"What would be asked for, with who would be asked now."`
	Rule        string          `json:"rule,omitempty" doc:"The approval rule that decides; none: the manager is asked, and then the owner."`
	Rules       []apiTried      `json:"rules" nullable:"false" doc:"The approval rules in their order, up to the one that holds."`
	Fallbacks   []apiFallback   `json:"fallbacks" nullable:"false" doc:"One for each step: who is asked when nobody answers."`
	Problems    []apiFault      `json:"problems" nullable:"false" doc:"Why it could not be asked for at all."`
}

// apiTried is how one approval rule stands to it.
type apiTried struct {
	Name    string   `json:"name" doc:"The rule's name."`
	Title   string   `json:"title" doc:"In plain words."`
	Holds   bool     `json:"holds" doc:"Whether it holds."`
	Failing []string `json:"failing" nullable:"false" doc:"What of its condition does not."`
}

// apiFallback says of a step how its holders are found, and who is asked besides.
type apiFallback struct {
	Position int         `json:"position" doc:"The step's place in the order."`
	FoundAs  string      `json:"found_as,omitempty" doc:"As what those who would be asked are found: as the step says, or as which fallback."`
	Next     []PersonRef `json:"next" nullable:"false" doc:"Who is asked besides when they do not answer in time."`
}

// apiFault is one thing that is wrong.
type apiFault struct {
	Field string `json:"field" doc:"Which part of what is asked for."`
	Rule  string `json:"rule" doc:"What is wrong with it."`
}

func (s *server) apiTrial(r *request, tx *db.Tx, q trialAsked) (out apiTrial, err error) {
	if !r.may("person.read_any") {
		return out, errs.Forbidden("your account does not have the right to open everybody's page (person.read_any)")
	}
	c, err := r.apiCase(tx, q)
	if err != nil {
		return out, err
	}
	t, err := lifecycle.Requests.Try(tx, c)
	if err != nil {
		return out, err
	}
	x := &asking.Request{Requester: c.By, Beneficiary: c.For}
	o, err := showing(tx, x)
	if err != nil {
		return out, err
	}
	clock, err := asking.WorkingTime(tx)
	if err != nil {
		return out, err
	}
	out = apiTrial{Requester: o.ref(x.Requester), Beneficiary: o.ref(x.Beneficiary), Rules: []apiTried{}, Fallbacks: []apiFallback{}, Problems: []apiFault{}}
	for _, b := range t.Bad {
		out.Problems = append(out.Problems, apiFault{b.Field, b.Rule})
	}
	if rule := t.Rule(); rule != nil {
		out.Rule = rule.Name
	}
	for _, y := range t.Tried {
		out.Rules = append(out.Rules, apiTried{y.Rule.Name, y.Rule.Title, y.Holds, append([]string{}, y.Failing...)})
	}
	if t.Item != nil {
		item := o.preview(t.Item, clock, tx.Now)
		out.Item = &item
		for i, st := range t.Item.Steps {
			f := apiFallback{st.Position, t.Steps[i].Way, []PersonRef{}}
			for _, h := range t.Steps[i].Next {
				f.Next = append(f.Next, PersonRef{h.Ref, h.Name})
			}
			out.Fallbacks = append(out.Fallbacks, f)
		}
	}
	return out, nil
}

// apiCase finds what is named.
func (r *request) apiCase(tx *db.Tx, q trialAsked) (*asking.Case, error) {
	c := &asking.Case{Wish: asking.Wish{Act: asking.Act(q.Act), Level: q.Level, Days: q.Days, Param: policy.Param(policy.ParseParam(q.Parameters))}}
	if q.Act == "" {
		c.Wish.Act = asking.Grant
	}
	for _, x := range []struct {
		ref string
		to  *int
	}{{q.For, &c.For}, {q.By, &c.By}} {
		if x.ref == "" {
			continue
		}
		p, ok, err := identity.ByRef(tx, x.ref)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, nothing("person")
		}
		*x.to = p.ID
	}
	if c.By == 0 {
		c.By = c.For
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	for _, o := range pol.Offers() {
		if o.Name == q.Offer {
			c.Wish.Offer = o.ID
		}
	}
	for _, o := range pol.Objects(policy.KindRole) {
		if o.Name == q.Role {
			c.Role = o.ID
		}
	}
	if e, err := cat.Find(q.Entitlement); err == nil && e != nil && q.Entitlement != "" {
		c.Entitlement = e.ID
	}
	if c.Wish.Offer+c.Role+c.Entitlement == 0 {
		return nil, errs.NotFound("there is no such offer, role or entitlement")
	}
	return c, nil
}
