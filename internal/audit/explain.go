package audit

import (
	"fmt"
	"sort"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// Grant is one entitlement that a person holds or should hold, with every reason.
type Grant struct {
	Application   string   `json:"application"`
	ApplicationID int      `json:"-"`
	Entitlement   string   `json:"entitlement"` // "" for the login itself
	Title         string   `json:"title"`
	Description   string   `json:"description,omitempty"`
	Privileged    bool     `json:"privileged,omitempty"`
	Reasons       []Reason `json:"reasons"`         // none: out of band
	AtTarget      bool     `json:"at_target"`       // the last reading showed it
	Reading       int64    `json:"reading"`         // the reading that showed it first
	State         string   `json:"state"`           // verified, on its way, failed, out of band, missing
	Error         string   `json:"error,omitempty"` // of a failed or retried operation
	entitlement   int
}

// Reason is one reason in plain words.
type Reason struct {
	Kind  string     `json:"kind"`
	Text  string     `json:"text"`
	Since time.Time  `json:"since"`
	Until *time.Time `json:"until,omitempty"`
}

// Held gives what a person holds and why, and what they hold without a reason.
func Held(tx *db.Tx, p *identity.Person) ([]Grant, error) {
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	by := map[int]*Grant{}
	get := func(e int) *Grant {
		if by[e] == nil {
			x := cat.Entitlements[e]
			g := &Grant{Application: cat.Apps[x.ApplicationID].Name, ApplicationID: x.ApplicationID, Entitlement: x.Name, Title: x.Title,
				Description: x.Description, Privileged: x.Privileged, entitlement: e, Reasons: []Reason{}}
			if x.Kind == catalog.AccountKind {
				g.Title = "Sign in to " + cat.Apps[x.ApplicationID].Title
			}
			by[e] = g
		}
		return by[e]
	}
	if err := heldReasons(tx, p.ID, pol, get); err != nil {
		return nil, err
	}
	if err := heldAtTargets(tx, p.ID, get); err != nil {
		return nil, err
	}
	if err := heldOperations(tx, p.ID, by); err != nil {
		return nil, err
	}
	comeWith(by)
	out := make([]Grant, 0, len(by))
	for _, g := range by {
		g.judge(cat.Apps[g.ApplicationID].Mode)
		out = append(out, *g)
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := &out[i], &out[j]
		if a.Application != b.Application {
			return a.Application < b.Application
		}
		return a.Entitlement < b.Entitlement
	})
	return out, nil
}

func heldReasons(tx *db.Tx, who int, pol *policy.Snapshot, get func(int) *Grant) error {
	rows, err := tx.Query(`select r.entitlement_id, r.kind, r.ref, r.via, coalesce(r.policy_version, 0), r.valid_from, r.valid_to, coalesce(a.name, '')
		from reason r left join actor a on r.kind = 'found' and a.id = r.ref
		where r.identity_id = $1 and r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= $2 and r.valid_to > $2 order by r.id`, who, tx.Now)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var e, ref, via, version int
		var kind, acceptor string
		var r Reason
		var until pgtype.Timestamptz
		if err := rows.Scan(&e, &kind, &ref, &via, &version, &r.Since, &until, &acceptor); err != nil {
			return err
		}
		r.Kind = kind
		if end := db.Time(until); end.Before(db.Forever) {
			r.Until = &end
		}
		r.Text = words(pol, kind, ref, via, version, acceptor)
		g := get(e)
		g.Reasons = append(g.Reasons, r)
	}
	return rows.Err()
}

// comeWith gives the login itself its reason: it comes with whatever else is held in the application.
func comeWith(by map[int]*Grant) {
	needed := map[int]time.Time{}
	for _, g := range by {
		for _, r := range g.Reasons {
			if t, ok := needed[g.ApplicationID]; !ok || r.Since.Before(t) {
				needed[g.ApplicationID] = r.Since
			}
		}
	}
	for _, g := range by {
		if since, ok := needed[g.ApplicationID]; ok && g.Entitlement == "" && len(g.Reasons) == 0 {
			g.Reasons = append(g.Reasons, Reason{Kind: "needed", Text: "needed for what is held in " + g.Application, Since: since})
		}
	}
}

// words says a reason as a person would.
func words(pol *policy.Snapshot, kind string, ref, via, version int, acceptor string) string {
	name := func(id int) string {
		if o := pol.Object(id); o != nil {
			return o.Name
		}
		return fmt.Sprintf("#%d (retired)", id)
	}
	switch kind {
	case access.Birthright:
		text := fmt.Sprintf("rule %s, policy version %d", name(ref), version)
		if via != 0 {
			text += ", through role " + name(via)
		}
		return text
	case access.Handover:
		return fmt.Sprintf("hand-over after a move: rule %s gave it before", name(ref))
	case access.Found:
		return "found in the application and accepted by " + acceptor
	}
	return kind
}

func heldAtTargets(tx *db.Tx, who int, get func(int) *Grant) error {
	rows, err := tx.Query(`select o.entitlement_id, o.seen_from from observed o join account_link l on l.account_id = o.account_id and l.known_to = 'infinity'
		where l.identity_id = $1 and o.seen_to is null`, who)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var e int
		var reading int64
		if err := rows.Scan(&e, &reading); err != nil {
			return err
		}
		g := get(e)
		g.AtTarget, g.Reading = true, reading
	}
	return rows.Err()
}

func heldOperations(tx *db.Tx, who int, by map[int]*Grant) error {
	rows, err := tx.Query(`select application_id, coalesce(entitlement_id, 0), state, coalesce(error, '') from operation
		where identity_id = $1 and state in ('proposed', 'pending', 'claimed', 'acknowledged', 'failed') order by id`, who)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var app, e int
		var state, text string
		if err := rows.Scan(&app, &e, &state, &text); err != nil {
			return err
		}
		for _, g := range by {
			if g.entitlement == e || e == 0 && g.ApplicationID == app {
				g.State, g.Error = state, text
			}
		}
	}
	return rows.Err()
}

// judge says in one word how the target stands to the reasons.
func (g *Grant) judge(mode catalog.Mode) {
	switch {
	case g.State == "failed":
		g.State = "failed"
	case g.State == "proposed":
		g.State = "proposed"
	case len(g.Reasons) == 0 && g.State == "":
		g.State = "out of band"
	case g.State != "":
		g.State = "on its way"
	case g.AtTarget:
		g.State = "verified"
	case g.Entitlement == "" && mode != catalog.Observe:
		g.State = "missing"
	case mode == catalog.Observe:
		g.State = "observed only"
	default:
		g.State = "missing"
	}
}

// Why answers why a person holds one entitlement or not, and what single fact would change it.
type Why struct {
	Person      string             `json:"person"`
	Entitlement string             `json:"entitlement"`
	Holds       bool               `json:"holds"`
	Reasons     []Reason           `json:"reasons"`
	Policy      policy.Explanation `json:"policy"`
	Note        string             `json:"note,omitempty"`
}

// ExplainOne answers for one entitlement ("application/name").
func ExplainOne(tx *db.Tx, p *identity.Person, ref string) (*Why, error) {
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	e, err := cat.Find(ref)
	if err != nil {
		return nil, err
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	held, err := Held(tx, p)
	if err != nil {
		return nil, err
	}
	versions, err := identity.Versions(tx, []int{p.ID})
	if err != nil {
		return nil, err
	}
	v := identity.Main(versions[p.ID], tx.Now)
	if v == nil {
		return nil, errs.NotFound("%s has no employment", p.Name)
	}
	w := &Why{Person: p.Name, Entitlement: ref, Reasons: []Reason{}, Policy: pol.Explain(v.Attrs, e.ID)}
	for _, g := range held {
		if g.entitlement == e.ID {
			w.Reasons, w.Holds = g.Reasons, g.AtTarget
		}
	}
	switch {
	case p.Locked():
		w.Note = "terminated: nothing is given until somebody reinstates the person"
	case p.State == identity.Left || p.State == identity.Prehire:
		w.Note = fmt.Sprintf("the person is %s: nothing is held outside the employment", p.State)
	}
	return w, nil
}
