package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/policy"
	req "tenure/internal/request"
	"tenure/templates"
	"tenure/templates/ui"
)

const (
	offersURL    = "/catalogue"
	requestsURL  = "/requests"
	wishURL      = "/requests/new"
	approvalsURL = "/approvals"
)

// browsing is what the catalogue is read for: somebody for whom things are asked, what they have and have asked for.
type browsing struct {
	who     *identity.Person
	pol     *policy.Snapshot
	cat     *catalog.Catalog
	jobs    []policy.Attrs
	there   map[int]req.Line // offer -> what runs or waits
	peers   int
	peersBy map[int]int  // entitlement -> how many peers hold it
	like    map[int]bool // what the colleague holds whose access is looked for; nil for nobody
}

// browse reads for whom the reader asks: themselves, or with for somebody of their team.
func (r *request) browse(tx *db.Tx) (b *browsing, err error) {
	b = &browsing{who: &r.who.Person, there: map[int]req.Line{}, peersBy: map[int]int{}}
	if ref := r.value("for"); ref != "" && ref != r.who.PublicID {
		p, ok, err := identity.ByRef(tx, ref)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, errs.NotFound("there is no such person, or not for you")
		}
		b.who = p
		theirs, err := r.manages(tx, b.who.ID)
		if err != nil {
			return nil, err
		}
		if !theirs {
			return nil, errs.NotFound("there is no such person, or not for you")
		}
	}
	if err := knowing(tx); err != nil {
		return nil, err
	}
	if b.pol, err = policy.Load(tx); err != nil {
		return nil, err
	}
	if b.cat, err = catalog.Load(tx); err != nil {
		return nil, err
	}
	return b, db.Together(tx, b.readJobs, b.readThere, b.readPeers, func(tx *db.Tx) error { return b.readLike(tx, r.value("like")) })
}

func (b *browsing) readJobs(tx *db.Tx) error {
	versions, err := identity.Versions(tx, []int{b.who.ID})
	for _, v := range versions[b.who.ID] {
		if v.Valid(tx.Now) && v.At(tx.Now) == identity.Active {
			b.jobs = append(b.jobs, v.Attrs)
		}
	}
	return err
}

func (b *browsing) readThere(tx *db.Tx) error {
	all, err := req.Standing(tx, b.who.ID)
	for _, l := range all {
		b.there[l.Offer] = l
	}
	return err
}

// peersSQL are those who have the same manager as $1 now.
const peersSQL = `select distinct w.identity_id id from employment_version v join employment_version w on w.manager_id = v.manager_id and w.identity_id <> $1
	and w.known_to = 'infinity' and w.valid_from <= $2 and w.valid_to > $2 and w.ends_at > $2
	where v.identity_id = $1 and v.manager_id is not null and v.known_to = 'infinity' and v.valid_from <= $2 and v.valid_to > $2 and v.ends_at > $2 limit 200`

// readPeers counts what the colleagues of the same manager hold.
func (b *browsing) readPeers(tx *db.Tx) error {
	rows, err := tx.Query(`with peer as (`+peersSQL+`)
		select 0, count(*) from peer union all
		select r.entitlement_id, count(distinct r.identity_id) from peer p join reason r on r.identity_id = p.id and r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= $2 and r.valid_to > $2 group by 1`, b.who.ID, tx.Now)
	if err != nil {
		return err
	}
	var e, n int
	_, err = pgx.ForEachRow(rows, []any{&e, &n}, func() error {
		if e == 0 {
			b.peers = n
		} else {
			b.peersBy[e] = n
		}
		return nil
	})
	return err
}

// readLike reads what a colleague holds, whose name, number or e-mail address is given: one of the same manager, and nobody else.
func (b *browsing) readLike(tx *db.Tx, text string) error {
	if text == "" {
		return nil
	}
	b.like = map[int]bool{}
	rows, err := tx.Query(`with peer as (`+peersSQL+`)
		select distinct r.entitlement_id from peer p join identity i on i.id = p.id and (lower(i.name) = lower($3) or i.number = $3 or lower(i.email) = lower($3))
			join reason r on r.identity_id = p.id and r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= $2 and r.valid_to > $2`, b.who.ID, tx.Now, text)
	if err != nil {
		return err
	}
	var e int
	_, err = pgx.ForEachRow(rows, []any{&e}, func() error { b.like[e] = true; return nil })
	return err
}

// value gives a field of the form that was posted, else of the address.
func (r *request) value(name string) string {
	if r.Request.Method == http.MethodPost {
		return r.field(name)
	}
	v := strings.TrimSpace(r.Query(name))
	return strings.ToValidUTF8(v[:min(len(v), longest)], "")
}

// may says in which ways the person may have an offer.
func (b *browsing) may(o *policy.Offer) (normal, hours, emergency bool) {
	for _, a := range b.jobs {
		if ok, err := o.May(a); err == nil && ok && o.Object.Offer.Activate == nil {
			normal = true
		}
		if ok, err := o.MayActivate(a); err == nil && ok {
			hours = true
		}
		if ok, err := o.MayBreakGlass(a); err == nil && ok {
			emergency = true
		}
	}
	return normal, hours, emergency
}

// reach gives the entitlements of a level.
func (b *browsing) reach(o *policy.Offer, level string) (out []*catalog.Entitlement) {
	gives, err := b.pol.LevelGives(o.ID, level, "")
	if err != nil {
		return nil
	}
	for _, g := range gives {
		if e := b.cat.Entitlements[g.Entitlement]; e != nil {
			out = append(out, e)
		}
	}
	return out
}

// risk is the highest risk of what a level gives.
func (b *browsing) risk(o *policy.Offer, level string) string {
	worst := 0
	for _, e := range b.reach(o, level) {
		worst = max(worst, slices.Index(catalog.Risks, e.RiskLevel()))
	}
	return catalog.Risks[worst]
}

// held counts the peers who hold everything of the lowest level; -1 where there is nothing to count.
func (b *browsing) held(o *policy.Offer) int {
	n := -1
	for _, e := range b.reach(o, o.Object.Offer.Levels[0].Name) {
		if at := b.peersBy[e.ID]; n < 0 || at < n {
			n = at
		}
	}
	return n
}

// matches says whether an offer has every word that is looked for, and what the colleague has.
func (b *browsing) matches(o *policy.Offer, words []string) bool {
	var text strings.Builder
	text.WriteString(o.Title + " " + o.Object.Offer.Description + " " + strings.Join(o.Object.Offer.Tasks, " "))
	has := false
	for _, l := range o.Object.Offer.Levels {
		text.WriteString(" " + l.Title)
		for _, e := range b.reach(o, l.Name) {
			has = has || b.like[e.ID]
			text.WriteString(" " + e.Title)
			if a := b.cat.Apps[e.ApplicationID]; a != nil {
				text.WriteString(" " + a.Title)
			}
		}
	}
	low := strings.ToLower(text.String())
	for _, w := range words {
		if !strings.Contains(low, w) {
			return false
		}
	}
	return b.like == nil || has
}

// offersMost is how many offers the catalogue shows at once: whoever looks for more looks for words.
const offersMost = 60

// offers shows what can be asked for.
func (s *server) offers(r *request) error {
	v := templates.OffersView{Action: offersURL, Query: r.value("q"), Like: r.value("like"), WishURL: wishURL}
	err := r.read(func(tx *db.Tx) error {
		b, err := r.browse(tx)
		if err != nil {
			return err
		}
		if b.who.ID != r.who.ID {
			v.For, v.ForRef = b.who.Name, b.who.PublicID
		}
		return r.offerRows(b, &v)
	})
	if err != nil {
		return err
	}
	return r.show(templates.Offers(r.shell(r.T("Ask for access")), v))
}

func (r *request) offerRows(b *browsing, v *templates.OffersView) error {
	words := strings.Fields(strings.ToLower(v.Query))
	all := 0
	for _, o := range b.pol.Offers() {
		normal, hours, emergency := b.may(o)
		if !normal && !hours && !emergency {
			continue
		}
		all++
		if !b.matches(o, words) {
			continue
		}
		if len(v.Rows) == offersMost {
			v.More = r.T("There is more. Write another word to find it.")
			break
		}
		v.Rows = append(v.Rows, r.offerRow(b, o, normal, hours, emergency && b.who.ID == r.who.ID))
	}
	v.Nothing = all == 0
	return nil
}

func (r *request) offerRow(b *browsing, o *policy.Offer, normal, hours, emergency bool) templates.OfferRow {
	spec := o.Object.Offer
	row := templates.OfferRow{ID: itoa(o.ID), Title: o.Title, What: spec.Description, Tasks: spec.Tasks, Risk: b.risk(o, spec.Levels[0].Name)}
	for _, l := range spec.Levels {
		if len(spec.Levels) > 1 {
			row.Levels = append(row.Levels, l.Title)
		}
	}
	if n := b.held(o); b.peers > 0 && n >= 0 {
		row.Peers = r.T("%d of %d in the team have it", n, b.peers)
		if b.who.ID == r.who.ID {
			row.Peers = r.T("%d of %d of your colleagues have it", n, b.peers)
		}
	}
	row.Longest = r.T("at most %s", r.Plural(spec.LongestDays, "day", "days"))
	if !normal {
		row.Longest = r.T("for hours at a time")
	}
	to := func(act req.Act) string {
		at := []string{"offer", itoa(o.ID)}
		if act != req.Grant {
			at = append(at, "act", string(act))
		}
		if b.who.ID != r.who.ID {
			at = append(at, "for", b.who.PublicID)
		}
		return link(wishURL, at...)
	}
	x, there := b.there[o.ID]
	switch {
	case there && x.State == req.Open:
		row.State, row.StateURL = ui.Tag{Tone: ui.Info, Icon: "hourglass", Text: r.T("Asked for")}, requestsURL+"/"+x.Ref
	case there:
		row.State, row.StateURL = ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: r.T("Held until %s", r.day(r.inZone(*x.To)))}, requestsURL+"/"+x.Ref
		if normal {
			row.ExtendURL = to(req.Extend) + "&of=" + itoa(x.Item)
			if len(spec.Levels) > 1 {
				row.LevelURL = to(req.Level) + "&of=" + itoa(x.Item)
			}
		}
	case normal:
		row.AskURL = to(req.Grant)
	}
	if hours && !(there && x.State == req.Open) {
		row.ActivateURL = to(req.Activate)
	}
	if emergency {
		row.EmergencyURL = to(req.Emergency)
	}
	if r.may("policy.read") {
		who := b.who.PublicID
		if b.who.Number != nil {
			who = *b.who.Number
		}
		row.TrialURL = r.to("person.read_any", link(trialURL, "for", who, "what", o.Name))
	}
	return row
}
