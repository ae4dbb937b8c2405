package web

import (
	"net/http"
	"strings"
	"time"

	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/templates/lang"
)

// asOfAsked asks who held what at a moment of the past.
type asOfAsked struct {
	Paging
	At          string `json:"at,omitempty" maxLength:"40" doc:"A day, which stands for its end in UTC, or an instant; now when it is not there."`
	Known       string `json:"known,omitempty" maxLength:"40" doc:"As was known at the end of this day or at this instant; now when it is not there."`
	Compare     string `json:"compare,omitempty" maxLength:"40" doc:"A second date: every grant says then what became of it from the earlier to the later one."`
	Person      string `json:"person,omitempty" format:"uuid" doc:"Only this person's; people who left are people like the others."`
	Application string `json:"application,omitempty" maxLength:"200" doc:"Only what is held in this application, and who held it."`
	Entitlement string `json:"entitlement,omitempty" maxLength:"400" doc:"Only this, as policy files write it: application/entitlement."`
}

// apiThen is one person at that moment.
type apiThen struct {
	Person  PersonRef      `json:"person" doc:"Who, by the name they have now."`
	Number  string         `json:"number,omitempty" doc:"The number that HR gives."`
	Work    apiWork        `json:"work" doc:"What their work was; of two dates, at the later one."`
	Before  *apiWork       `json:"work_before,omitempty" nullable:"false" doc:"Of two dates, at the earlier one."`
	At      time.Time      `json:"at" doc:"The moment that is told of; of two, the later one."`
	Earlier *time.Time     `json:"compared_with,omitempty" nullable:"false" doc:"The earlier one of two."`
	Held    []apiThenGrant `json:"held" nullable:"false" doc:"By application and entitlement."`
}

// apiWork is what somebody's work was.
type apiWork struct {
	Told       bool       `json:"told" doc:"Whether HR had told of them: if not, nothing else is there."`
	State      string     `json:"state,omitempty" enum:"prehire,active,leave,left" doc:"Whether they worked here."`
	Title      string     `json:"title,omitempty" doc:"Of the employment that spoke for them."`
	Department string     `json:"department,omitempty" doc:"Likewise."`
	Location   string     `json:"location,omitempty" doc:"Likewise."`
	Manager    *PersonRef `json:"manager,omitempty" nullable:"false" doc:"To whom they reported."`
}

// apiThenGrant is one entitlement that somebody held.
type apiThenGrant struct {
	Change      string          `json:"change,omitempty" enum:"gained,lost,kept" doc:"Of two dates."`
	Application string          `json:"application" doc:"The application's name."`
	Entitlement string          `json:"entitlement,omitempty" doc:"Not there for the account itself."`
	Title       string          `json:"title" doc:"In plain words."`
	Privileged  bool            `json:"privileged" doc:"Whether it gives power over others or the system."`
	State       string          `json:"state" enum:"verified,missing,not_read,out_of_band" doc:"verified: the target showed it. missing: it had been read and did not show it. out_of_band: it showed it, and there was no reason."`
	Accounts    []string        `json:"accounts" nullable:"false" doc:"The accounts by which it was held, as far as the target had been read."`
	Reading     int64           `json:"reading,omitempty" doc:"The reading of the target that says so."`
	ReadAt      *time.Time      `json:"read_at,omitempty" nullable:"false" doc:"When it began."`
	Reasons     []apiThenReason `json:"reasons" nullable:"false" doc:"Why; none when it was out of band."`
}

// apiThenReason is one reason, with who decided what it rests on.
type apiThenReason struct {
	Kind  string     `json:"kind" doc:"birthright, assignment, request, handover, found and so on."`
	Text  string     `json:"text" doc:"In plain words."`
	Since time.Time  `json:"since" doc:"From when."`
	Until *time.Time `json:"until,omitempty" nullable:"false" doc:"Until when; not there when it has no end."`
	By    []apiDeed  `json:"by" nullable:"false" doc:"Who decided it."`
}

// apiDeed is what somebody decided.
type apiDeed struct {
	Who string    `json:"who" doc:"By name."`
	Did string    `json:"did" doc:"What they did: approved, made them a member, accepted it, planned or applied the policy."`
	At  time.Time `json:"at" doc:"When."`
}

func (s *server) ofEvidence() []operation {
	return []operation{
		reads(operation{path: "/access", permission: "evidence.read", name: "listAccessAsOf", tag: "evidence", summary: lang.Mark("Read who held what on a date"),
			doc: "Access at any moment of the past, as was known at another: of one person, of everybody who held something, or of everybody. With every reason, who decided it, and what the target showed. By name."}, s.apiAsOf),
	}
}

func (s *server) apiAsOf(r *request, tx *db.Tx, q asOfAsked) (out pageOf[apiThen], err error) {
	if !r.may("person.read_any") {
		return out, errs.Forbidden("your account does not have the right to open everybody's page (person.read_any)")
	}
	asked := q.Paging
	q.Paging = Paging{}
	page, err := r.dbPage(asked, q, "name")
	if err != nil {
		return out, err
	}
	ask, err := askOf(tx, q)
	if err != nil {
		return out, err
	}
	all, places, more, err := ask.Page(tx, page)
	if err != nil {
		return out, err
	}
	out.Items, out.HasMore = []apiThen{}, more
	for _, b := range all {
		out.Items = append(out.Items, thenOut(ask, b))
	}
	if more {
		out.Next, err = r.next(q, places[len(places)-1]...)
	}
	return out, err
}

// askOf reads the question. What is wrong is told of the parameter.
func askOf(tx *db.Tx, q asOfAsked) (*audit.Ask, error) {
	ask := &audit.Ask{}
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	known, err := tx.Known()
	if err != nil {
		return nil, err
	}
	ask.At = tx.Now
	if q.Person != "" {
		p, ok, err := identity.ByRef(tx, q.Person)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, nothing("person")
		}
		ask.People = []int{p.ID}
	}
	about := q.Entitlement
	if about == "" {
		about = q.Application
	} else if q.Application != "" && !strings.HasPrefix(about, q.Application+"/") {
		return nil, unasked("entitlement", "It is not of this application.")
	}
	if about != "" {
		if err := ask.About(cat, about); err != nil {
			return nil, err
		}
	}
	for _, d := range []struct {
		name, text string
		now        time.Time
		into       *time.Time
	}{{"at", q.At, tx.Now, &ask.At}, {"known", q.Known, known, &ask.Known}, {"compare", q.Compare, tx.Now, &ask.Than}} {
		if d.text == "" {
			continue
		}
		if *d.into, err = audit.When(d.text, time.UTC, d.now); err != nil {
			return nil, unasked(d.name, sentence(err.Error()))
		}
	}
	return ask, nil
}

func unasked(parameter, detail string) error {
	return refusal(http.StatusBadRequest, codeInvalid, "the address asks for something that is not valid").with(problemField{Parameter: parameter, Detail: detail})
}

func thenOut(ask *audit.Ask, b *audit.Bearer) apiThen {
	from, to := ask.At, ask.Than
	if to.IsZero() || to.Before(from) {
		from, to = to, from
	}
	out := apiThen{Person: PersonRef{b.Person.PublicID, b.Person.Name}, Number: deref(b.Person.Number), Work: workOut(&b.Then), At: to.UTC(), Held: []apiThenGrant{}}
	if b.Before != nil {
		before, earlier := workOut(b.Before), from.UTC()
		out.Before, out.Earlier = &before, &earlier
	}
	for i := range b.Lines {
		x := &b.Lines[i]
		g := apiThenGrant{Change: x.Change, Application: x.Application, Entitlement: x.Entitlement, Title: x.Title, Privileged: x.Privileged, State: strings.ReplaceAll(x.State, " ", "_"),
			Accounts: append([]string{}, x.Accounts...), Reading: x.LastRead, Reasons: []apiThenReason{}}
		if x.LastRead > 0 {
			read := x.LastReadAt.UTC()
			g.ReadAt = &read
		}
		for _, y := range x.Reasons {
			reason := apiThenReason{Kind: y.Kind, Text: y.Text, Since: y.Since.UTC(), By: []apiDeed{}}
			if y.Until != nil {
				until := y.Until.UTC()
				reason.Until = &until
			}
			for _, d := range y.By {
				reason.By = append(reason.By, apiDeed{d.Who, d.Did, d.At.UTC()})
			}
			g.Reasons = append(g.Reasons, reason)
		}
		out.Held = append(out.Held, g)
	}
	return out
}

func workOut(s *audit.Work) apiWork {
	if s.Job == nil {
		return apiWork{}
	}
	out := apiWork{Told: true, State: string(s.State), Title: s.Job.Attrs["title"], Department: s.Job.Attrs["department"], Location: s.Job.Attrs["location"]}
	if s.Manager != nil {
		out.Manager = &PersonRef{s.Manager.PublicID, s.Manager.Name}
	}
	return out
}
