package web

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	req "tenure/internal/request"
	"tenure/templates"
	"tenure/templates/ui"
)

// wishAsk asks the four things: for whom, how much, how long, why.
func (s *server) wishAsk(r *request) error {
	if r.sendURL(r.act()) != requestsURL { // so that nothing is typed in vain
		if answered, err := r.fresh("request.activate"); answered || err != nil {
			return err
		}
	}
	return s.wishPage(r, http.StatusOK, nil)
}

func (s *server) wishPage(r *request, status int, bad ui.Errors) error {
	var v templates.WishView
	err := r.read(func(tx *db.Tx) error {
		b, err := r.browse(tx)
		if err != nil {
			return err
		}
		return r.wishView(b, bad, &v)
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Wish(r.shell(v.Title), v))
}

// offersOf are the offers that a form is about.
func (r *request) offersOf(pol *policy.Snapshot) (out []*policy.Offer, err error) {
	values := r.Request.URL.Query()["offer"]
	if r.Request.Method == http.MethodPost {
		values = r.Request.PostForm["offer"]
	}
	for _, text := range values {
		id, err := strconv.Atoi(text)
		o := pol.Offer(id)
		if err != nil || o == nil {
			return nil, errs.NotFound("this is not in the catalogue any more")
		}
		if !slices.Contains(out, o) && len(out) < req.MaxWishes {
			out = append(out, o)
		}
	}
	if len(out) == 0 {
		return nil, errs.Invalid("choose something in the catalogue first")
	}
	return out, nil
}

func (r *request) act() req.Act { return req.Act(cmp.Or(r.value("act"), string(req.Grant))) }

func (r *request) wishView(b *browsing, bad ui.Errors, v *templates.WishView) error {
	offers, err := r.offersOf(b.pol)
	if err != nil {
		return err
	}
	act := r.act()
	*v = templates.WishView{Action: r.sendURL(act), Title: r.T("Ask for access"), Errors: bad, Cancel: ui.Link{Text: r.T("Back to the catalogue"), URL: offersURL}, Act: string(act), Of: r.value("of"), Risky: act == req.Emergency}
	if b.who.ID != r.who.ID {
		v.For, v.ForRef = b.who.Name, b.who.PublicID
	}
	switch act {
	case req.Extend:
		v.Title = r.T("Ask for longer")
	case req.Level:
		v.Title = r.T("Ask for another level")
	case req.Activate:
		v.Title = r.T("Activate for a few hours")
	case req.Emergency:
		v.Title, v.Lead = r.T("Emergency access"), r.T("You get it at once. Compliance, your manager and the owner are told now, and somebody else reviews afterwards what you did.")
	}
	days, longest := 0, policy.MaxDays
	for _, o := range offers {
		spec := o.Object.Offer
		days, longest = max(days, spec.Days), min(longest, spec.LongestDays)
		v.Items = append(v.Items, r.wishItem(b, o, act, bad))
	}
	v.Fields = r.wishFields(act, offers, min(days, longest), longest, bad)
	return nil
}

// sendURL is where a form goes: what needs a fresh proof of who asks has an address of its own.
func (r *request) sendURL(act req.Act) string {
	if act == req.Activate || act == req.Emergency {
		return requestsURL + "/activate"
	}
	return requestsURL
}

func (r *request) wishItem(b *browsing, o *policy.Offer, act req.Act, bad ui.Errors) templates.WishItem {
	spec, id := o.Object.Offer, itoa(o.ID)
	it := templates.WishItem{ID: id, Title: o.Title, What: spec.Description}
	chosen := cmp.Or(r.field("level-"+id), spec.Levels[0].Name)
	if x, ok := b.there[o.ID]; ok && r.field("level-"+id) == "" && act != req.Grant {
		chosen = x.Level
	}
	levels := ui.Choices{Name: "level-" + id, Label: r.T("How much"), Required: true, Error: bad.Of("level-" + id)}
	for _, l := range spec.Levels {
		levels.Options = append(levels.Options, ui.Choice{Value: l.Name, Text: l.Title, Hint: r.levelHint(b, o, l.Name), Chosen: l.Name == chosen})
	}
	if act != req.Extend { // it stays as it is
		it.Fields = r.paramFields(b.pol, o, bad)
	}
	if len(spec.Levels) > 1 && act != req.Extend {
		it.Levels = &levels
	} else {
		it.Level, it.Hint = chosen, r.levelHint(b, o, chosen)
	}
	return it
}

// levelHint says what a level gives and how risky that is.
func (r *request) levelHint(b *browsing, o *policy.Offer, level string) string {
	var names []string
	for _, e := range b.reach(o, level) {
		name := r.titleOf(e, b.cat)
		if a := b.cat.Apps[e.ApplicationID]; a != nil {
			name = r.T("%s in %s", name, a.Title)
		}
		names = append(names, name)
	}
	return r.and(names, 4)
}

func (r *request) wishFields(act req.Act, offers []*policy.Offer, days, longest int, bad ui.Errors) (out []ui.Field) {
	switch act {
	case req.Activate, req.Emergency:
		most := policy.MaxHours
		for _, o := range offers {
			h := o.Object.Offer.Activate
			if act == req.Emergency {
				h = o.Object.Offer.Emergency
			}
			if h != nil {
				most = min(most, h.Hours)
			}
		}
		out = append(out, ui.Field{Name: "hours", Label: r.T("For how many hours"), Kind: "number", Value: cmp.Or(r.field("hours"), itoa(min(most, 2))), Min: "1", Max: itoa(most), Required: true, Short: true,
			Hint: r.T("At most %d. It ends by itself.", most), Error: bad.Of("hours")})
	default:
		out = append(out, ui.Field{Name: "days", Label: r.T("For how many days"), Kind: "number", Value: cmp.Or(r.field("days"), itoa(days)), Min: "1", Max: itoa(longest), Required: true, Short: true,
			Hint: r.T("At most %d. It ends by itself; you are asked before.", longest), Error: bad.Of("days")})
	}
	return append(out, ui.Field{Name: "why", Label: r.T("Why"), Kind: "textarea", Value: r.field("why"), Required: true, Hint: r.T("Whoever decides reads it: what you need it for."), Error: bad.Of("why")})
}

// asking makes what a form asks for.
func (r *request) asking(tx *db.Tx) (*req.Ask, *browsing, error) {
	b, err := r.browse(tx)
	if err != nil {
		return nil, nil, err
	}
	offers, err := r.offersOf(b.pol)
	if err != nil {
		return nil, nil, err
	}
	a := &req.Ask{For: b.who.ID, Why: r.field("why"), Via: "page", Proven: r.bearer == nil && !r.stale}
	for _, o := range offers {
		id := itoa(o.ID)
		w := req.Wish{Act: r.act(), Offer: o.ID, Level: r.field("level-" + id)}
		w.Days, _ = strconv.Atoi(r.field("days"))
		w.Hours, _ = strconv.Atoi(r.field("hours"))
		w.Of, _ = strconv.Atoi(r.value("of"))
		w.Param = r.params(b.pol, o, w.Level)
		a.Wishes = append(a.Wishes, w)
	}
	return a, b, nil
}

// wishSend shows what would be sent, or sends it.
func (s *server) wishSend(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	if r.field("step") != "send" {
		return s.wishCheck(r)
	}
	var sent *req.Request
	err := r.do(func(tx *db.Tx) error {
		a, b, err := r.asking(tx)
		if err != nil {
			return err
		}
		if b.who.ID != r.who.ID {
			if err := r.inManagersName(tx, b.who.ID); err != nil {
				return err
			}
		}
		sent, err = lifecycle.Requests.Submit(tx, a)
		return err
	})
	if bad, ok := r.wishFaults(err); ok {
		return s.wishPage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	n := ui.Notice{Tone: ui.Good, Title: r.T("Sent"), Text: r.T("You see here where it is. You are told when it is decided.")}
	if sent.Items[0].State == req.Granted {
		n = ui.Notice{Tone: ui.Good, Title: r.T("Granted at once"), Text: r.T("It is being set up now.")}
	}
	return r.goWith(requestsURL+"/"+sent.PublicID, n)
}

// wishCheck shows everything before it is sent: what is asked, who decides, how long that takes at most, and what it conflicts with.
func (s *server) wishCheck(r *request) error {
	var v templates.WishCheckView
	err := r.read(func(tx *db.Tx) error {
		tx.Actor = r.who.actor
		a, b, err := r.asking(tx)
		if err != nil {
			return err
		}
		p, err := lifecycle.Requests.Preview(tx, a)
		if err != nil {
			return err
		}
		return r.wishCheckView(tx, b, p, &v)
	})
	if bad, ok := r.wishFaults(err); ok {
		return s.wishPage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	return r.render(http.StatusOK, templates.WishCheck(r.shell(v.Title), v))
}

func (r *request) wishCheckView(tx *db.Tx, b *browsing, p *req.Request, v *templates.WishCheckView) error {
	act := r.act()
	*v = templates.WishCheckView{Action: r.sendURL(act), Title: r.T("Check and send"), Why: p.Why, For: b.who.Name}
	for name, values := range r.Request.PostForm {
		for _, value := range values {
			if name != "step" {
				v.Hidden = append(v.Hidden, ui.Option{Text: name, Value: value})
			}
		}
	}
	slices.SortFunc(v.Hidden, func(a, b ui.Option) int { return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.Value, b.Value)) })
	c, err := req.WorkingTime(tx)
	if err != nil {
		return err
	}
	for _, it := range p.Items {
		v.Items = append(v.Items, r.checkItem(b, it, c, tx.Now))
	}
	v.Button = r.T("Send")
	if act == req.Activate || act == req.Emergency {
		v.Button = r.T("Activate now")
	}
	return nil
}

func (r *request) checkItem(b *browsing, it *req.Item, c *req.Calendar, now time.Time) templates.CheckedItem {
	out := templates.CheckedItem{Title: r.itemTitle(b.pol, it.Offer, it.Level), Risk: it.Risk, Until: r.at(it.AskedTo).Text}
	for _, st := range it.Steps {
		out.Steps = append(out.Steps, ui.Stage{Name: r.stepName(st), State: "ahead", Holder: r.askedWords(st)})
	}
	switch {
	case it.Act == req.Emergency:
		out.Expect = r.T("At once. It is reviewed afterwards.")
	case len(it.Steps) == 0:
		out.Expect = r.T("At once: a stated rule grants it, and nobody is asked.")
	default:
		out.Expect = r.T("Decided by %s at the latest, or it expires.", r.at(it.Latest(c, now)).Text)
	}
	for _, x := range it.Conflicts {
		text := r.T("Conflicts with “%s”: %s. Compliance has to agree.", x.Title, x.Duties)
		switch {
		case x.Reaction == policy.RecordSoD:
			text = r.T("Conflicts with “%s”: %s. It is granted and noted as a conflict.", x.Title, x.Duties)
		case x.Pending:
			text = r.T("Conflicts with “%s” together with what is asked for already: %s. Compliance has to agree.", x.Title, x.Duties)
		}
		out.Conflicts = append(out.Conflicts, text)
	}
	return out
}

// itemTitle names what was asked for: "Customer records, Edit".
func (r *request) itemTitle(pol *policy.Snapshot, offer int, level string) string {
	o := pol.Offer(offer)
	if o == nil {
		if x := pol.Object(offer); x != nil {
			return x.Title
		}
		return r.T("something that is no longer offered")
	}
	if len(o.Object.Offer.Levels) == 1 {
		return o.Title
	}
	for _, l := range o.Object.Offer.Levels {
		if l.Name == level {
			return o.Title + ", " + l.Title
		}
	}
	return o.Title
}

// stepName says who decides a step.
func (r *request) stepName(st *req.Step) string {
	switch st.By {
	case req.Manager:
		return r.T("Manager")
	case req.Owner:
		if st.Named != "" {
			return r.T("Owner of %s", st.Named)
		}
		return r.T("Owner")
	case req.RoleOwner:
		return r.T("Owner of the role")
	case req.Group:
		return r.T("Group")
	case req.Compliance:
		return r.T("Compliance")
	case req.Wait:
		return r.T("Waits for its day")
	case req.Outside:
		return r.T("Another system")
	case req.Review:
		return r.T("Review afterwards")
	}
	return st.By
}

// askedWords names who is asked.
func (r *request) askedWords(st *req.Step) string {
	if st.By == req.Wait {
		return ""
	}
	var names []string
	for _, h := range st.Holders {
		names = append(names, h.Name)
	}
	if len(names) == 0 {
		return r.T("found when its turn comes")
	}
	text := r.or(names[:min(len(names), 3)])
	if len(names) > 3 {
		text = r.T("one of %d people", len(names))
	}
	if st.Quorum > 1 {
		return r.T("%d of %s", st.Quorum, r.Plural(len(names), "person", "people"))
	}
	return text
}

// wishFaults says what is wrong with a form, beside the fields of the page.
func (r *request) wishFaults(err error) (ui.Errors, bool) {
	if errs.KindOf(err) != errs.KindInvalid && errs.KindOf(err) != errs.KindConflict {
		return nil, false
	}
	bad, ok := r.faults(err, map[string]string{"": "why"})
	var e *errs.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return bad, ok
	}
	offers := r.Request.PostForm["offer"]
	for i := range bad {
		at, field, is := strings.Cut(strings.TrimPrefix(bad[i].Field, "wishes["), "].")
		n, wrong := strconv.Atoi(at)
		if !is || wrong != nil || n >= len(offers) {
			continue
		}
		field, param := strings.CutPrefix(field, "parameters.")
		bad[i].Text = sentence(r.T("%s %s", r.T(field), r.T(e.Fields[i].Rule)))
		if param {
			bad[i].Field = "param-" + offers[n] + "-" + field
			continue
		}
		switch field {
		case "days", "hours":
			bad[i].Field = field
		case "level":
			bad[i].Field = "level-" + offers[n]
		case "offer", "act", "of", "for", "from", "parameters":
			bad[i].Field = "why"
		}
	}
	return bad, ok
}
