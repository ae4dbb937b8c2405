package audit

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

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
	Reasons       []Reason `json:"reasons"`            // none: out of band
	AtTarget      bool     `json:"at_target"`          // the last reading showed it
	Reading       int64    `json:"reading"`            // the reading that showed it first
	State         string   `json:"state"`              // verified, on its way, failed, out of band, missing; in the past: verified, missing, not read, out of band
	Error         string   `json:"error,omitempty"`    // of a failed or retried operation
	Accounts      []string `json:"accounts,omitempty"` // by which it is held; told of the past only
	entitlement   int

	Operation  int64     `json:"-"` // on its way or failed; 0 for none
	LastRead   int64     `json:"-"` // the last reading of the account
	LastReadAt time.Time `json:"-"`
}

// EntitlementID gives the id of the entitlement.
func (g *Grant) EntitlementID() int { return g.entitlement }

// Reason is one reason in plain words.
type Reason struct {
	Kind  string     `json:"kind"`
	Text  string     `json:"text"`
	Since time.Time  `json:"since"`
	Until *time.Time `json:"until,omitempty"`
	By    []Deed     `json:"by,omitempty"` // who decided it; told of the past only

	ID     int64  `json:"-"`
	Ref    int    `json:"-"` // the rule
	Via    int    `json:"-"` // the role on the way
	Policy int    `json:"-"` // the version of the policy that gave it
	Title  string `json:"-"` // the rule's own words; of a request, the offer's
	Number int    `json:"-"` // of the request; 0 for none
	Public string `json:"-"` // the request's public id
}

// Held gives what a person holds and why, and what they hold without a reason.
func Held(tx *db.Tx, p *identity.Person) ([]Grant, error) {
	return held(tx, p, Moment{})
}

// Moment is a past instant, and what was known at another: the zero Moment is now.
type Moment struct {
	At    time.Time // business time: what was true then
	Known time.Time // record time: as Tenure believed then
}

func (m Moment) past() bool { return !m.At.IsZero() }

// HeldAt gives what a person held at an instant, as was known at another, and why. What targets showed then is told as far as
// they had been read.
func HeldAt(tx *db.Tx, p *identity.Person, m Moment) ([]Grant, error) {
	if m.Known.IsZero() {
		known, err := tx.Known()
		if err != nil {
			return nil, err
		}
		m.Known = known
	}
	return held(tx, p, m)
}

func held(tx *db.Tx, p *identity.Person, m Moment) ([]Grant, error) {
	var cat *catalog.Catalog
	var pol *policy.Snapshot
	if err := db.Together(tx, func(tx *db.Tx) (err error) { cat, err = catalog.Load(tx); return err },
		func(tx *db.Tx) (err error) { pol, err = policy.Load(tx); return err }); err != nil {
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
	// Each asks once, so that what it finds is there when the next one gets its answer.
	if err := db.Together(tx, func(tx *db.Tx) error { return heldReasons(tx, p.ID, m, pol, get) },
		func(tx *db.Tx) error { return heldAtTargets(tx, p.ID, m, get) },
		func(tx *db.Tx) error {
			if m.past() {
				return nil
			}
			return heldOperations(tx, p.ID, by)
		}); err != nil {
		return nil, err
	}
	comeWith(by, cat)
	out := make([]Grant, 0, len(by))
	for _, g := range by {
		if m.past() {
			g.judgeThen()
		} else {
			g.judge(cat.Apps[g.ApplicationID].Mode)
		}
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

func heldAtTargets(tx *db.Tx, who int, m Moment, get func(int) *Grant) error {
	sql, args := `select o.entitlement_id, o.seen_from, coalesce(s.reading_id, 0), d.started_at
		from observed o join account_link l on l.account_id = o.account_id and l.known_to = 'infinity' left join account_seen s on s.account_id = o.account_id
			left join reading d on d.id = s.reading_id
		where l.identity_id = $1 and o.seen_to is null`, []any{who}
	if m.past() {
		sql = `select o.entitlement_id, o.seen_from, o.seen_from, f.started_at
			from account_link l join observed o on o.account_id = l.account_id join reading f on f.id = o.seen_from left join reading t on t.id = o.seen_to
			where l.identity_id = $1 and l.known_from <= $2 and l.known_to > $2 and f.started_at <= $2 and (t.id is null or t.started_at > $2)`
		at := m.At
		if m.Known.Before(at) {
			at = m.Known
		}
		args = append(args, at)
	}
	rows, err := tx.Query(sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var e int
		var from, last int64
		var at *time.Time
		if err := rows.Scan(&e, &from, &last, &at); err != nil {
			return err
		}
		g := get(e)
		g.AtTarget, g.Reading, g.LastRead = true, from, last
		if at != nil {
			g.LastReadAt = *at
		}
	}
	return rows.Err()
}

func heldOperations(tx *db.Tx, who int, by map[int]*Grant) error {
	rows, err := tx.Query(`select id, application_id, coalesce(entitlement_id, 0), state, coalesce(error, '') from operation
		where identity_id = $1 and state in ('proposed', 'pending', 'claimed', 'acknowledged', 'failed') order by id`, who)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var app, e int
		var state, text string
		if err := rows.Scan(&id, &app, &e, &state, &text); err != nil {
			return err
		}
		for _, g := range by {
			if g.entitlement == e || e == 0 && g.ApplicationID == app {
				g.State, g.Error, g.Operation = state, text, id
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

// judgeThen says how a target stood to the reasons in the past.
func (g *Grant) judgeThen() {
	switch {
	case len(g.Reasons) == 0:
		g.State = "out of band"
	case g.AtTarget:
		g.State = "verified"
	default:
		g.State = "not read"
	}
}

// withheldNote says which SoD rules keep somebody from getting something; "" for none.
func withheldNote(tx *db.Tx, pol *policy.Snapshot, who, entitlement int) (string, error) {
	all, err := access.WithheldFrom(tx, who, 0)
	if err != nil {
		return "", err
	}
	var rules []string
	for _, x := range all {
		if o := pol.Object(x.Rule); x.Entitlement == entitlement && o != nil && !slices.Contains(rules, o.Title) {
			rules = append(rules, o.Title)
		}
	}
	if len(rules) == 0 {
		return "", nil
	}
	return "not granted because it would break the SoD rule " + strings.Join(rules, " and the SoD rule "), nil
}

// Why answers why a person holds one entitlement or not, and what single fact would change it.
type Why struct {
	Person      string             `json:"person"`
	Entitlement string             `json:"entitlement"`
	Holds       bool               `json:"holds"`
	Reasons     []Reason           `json:"reasons"`
	Policy      policy.Explanation `json:"policy"`
	Note        string             `json:"note,omitempty"`
	Frees       []string           `json:"frees,omitempty"` // what alone would let it be granted, where SoD rules withhold it; each was tried
	ID          int                `json:"-"`               // of the entitlement
	Withheld    bool               `json:"-"`
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
	w := &Why{Person: p.Name, Entitlement: ref, Reasons: []Reason{}, Policy: pol.Explain(v.Attrs, e.ID), ID: e.ID}
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
	case len(w.Reasons) == 0:
		if w.Note, err = withheldNote(tx, pol, p.ID, e.ID); err != nil || w.Note == "" {
			return w, err
		}
		w.Withheld = true
		w.Frees, err = frees(tx, cat, pol, p.ID, e.ID)
	}
	return w, err
}
