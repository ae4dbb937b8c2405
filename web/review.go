package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"tenure/internal/audit"
	"tenure/internal/campaign"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

const reviewsURL = "/reviews"

// reviewNames are the campaigns' words for whom the reader acts.
func (r *request) reviewNames() (out []campaign.Name) {
	for _, a := range r.who.acting {
		out = append(out, campaign.Name{For: a.For, Team: a.Team(), Applications: a.Applications()})
	}
	return out
}

// reviewing is a review with what its pages say of it: everything is read at once, however many lines it has.
type reviewing struct {
	r       *request
	v       *campaign.Review
	c       *campaign.Campaign
	cat     *catalog.Catalog
	pol     *policy.Snapshot
	people  map[int][2]string // name and public id
	then    map[int]campaign.Then
	past    map[int]campaign.Verdicts // by entitlement
	reasons map[int64]audit.Reason
	deeds   map[int64][]audit.Deed   // who decided what a reason rests on
	costs   map[int]campaign.Cost    // of an account, by application
	logins  map[int]string           // accounts of nobody
	lower   map[int][]campaign.Lower // of requests, while something is decided

	roles, before map[int]*campaign.Certificate // of a review of definitions: as they are, and as they were confirmed last
}

// reviewOf finds the review of the address. One that is not asked of the reader does not exist for them.
func (r *request) reviewOf(tx *db.Tx) (*campaign.Review, error) {
	id, err := r.number("id")
	if err != nil {
		return nil, nothing("review")
	}
	v, err := campaign.GetReview(tx, id)
	if err == nil && !v.AskedOf(r.who.ID, r.reviewNames()) {
		err = nothing("review")
	}
	return v, err
}

// reviewed reads a review and what its items are called.
func (r *request) reviewed(tx *db.Tx, v *campaign.Review, items []*campaign.Item) (*reviewing, error) {
	c, err := campaign.Find(tx, v.Campaign)
	if err != nil {
		return nil, err
	}
	return r.named(tx, v, c, items)
}

func (r *request) named(tx *db.Tx, v *campaign.Review, c *campaign.Campaign, items []*campaign.Item) (*reviewing, error) {
	w := &reviewing{r: r, v: v, c: c}
	var who, logins, held []int
	var reasons, decided []int64
	for _, i := range items {
		if who = append(who, i.Identity); i.Identity == 0 {
			logins = append(logins, i.Account)
		}
		held = append(held, i.Entitlement)
		if reasons = append(reasons, i.Reasons...); i.Kinds&(campaign.BitRequest|campaign.BitMembership) != 0 {
			decided = append(decided, i.Reasons...)
		}
	}
	if err := knowing(tx); err != nil {
		return nil, err
	}
	var err error
	if w.cat, err = catalog.Load(tx); err != nil {
		return nil, err
	}
	if w.pol, err = policy.Load(tx); err != nil {
		return nil, err
	}
	return w, db.Together(tx, func(tx *db.Tx) (err error) { w.people, err = audit.Names(tx, who); return err },
		func(tx *db.Tx) (err error) { w.then, err = campaign.People(tx, c.ID, who); return err },
		func(tx *db.Tx) (err error) { w.past, err = campaign.Past(tx, c.ID, held); return err },
		func(tx *db.Tx) (err error) { w.reasons, err = audit.ReasonsByID(tx, w.pol, reasons); return err },
		func(tx *db.Tx) (err error) { w.deeds, err = audit.Deeds(tx, decided); return err },
		func(tx *db.Tx) (err error) { w.costs, err = campaign.Costs(tx, c.ID); return err },
		func(tx *db.Tx) (err error) { w.logins, err = campaign.Accounts(tx, logins); return err },
		func(tx *db.Tx) (err error) {
			if !c.Scope.Definitions {
				return nil
			}
			if w.roles, err = campaign.Certificates(tx, c.ID); err == nil {
				w.before, err = campaign.Last(tx, c.ID)
			}
			return err
		},
		func(tx *db.Tx) (err error) {
			if v != nil && v.State == campaign.Reviewed && c.State == campaign.Open {
				w.lower, err = lifecycle.Campaigns.LowerOf(tx, items)
			}
			return err
		})
}

func reviewURL(id int) string { return reviewsURL + "/" + itoa(id) }

func reviewItemURL(id int64) string { return reviewsURL + "/items/" + strconv.FormatInt(id, 10) }

// reviewShow shows one review.
func (s *server) reviewShow(r *request) error {
	var page templates.ReviewView
	err := r.read(func(tx *db.Tx) error {
		v, err := r.reviewOf(tx)
		if err != nil {
			return err
		}
		var lines []*campaign.Item
		var rules []campaign.RuleLine
		var st campaign.Standing
		var last *campaign.Step
		if err := db.Together(tx, func(tx *db.Tx) (err error) { lines, err = campaign.Lines(tx, v.ID); return err },
			func(tx *db.Tx) (err error) { last, err = campaign.LastStep(tx, v.ID); return err },
			func(tx *db.Tx) (err error) { rules, err = campaign.Rules(tx, v.ID); return err },
			func(tx *db.Tx) (err error) { st, err = campaign.StandingOf(tx, v.ID); return err }); err != nil {
			return err
		}
		w, err := r.reviewed(tx, v, lines)
		if err != nil {
			return err
		}
		if page = w.page(lines, rules, &st); last != nil && page.Over == nil {
			page.Last = w.undoes(last, page.Done)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(http.StatusOK, templates.Review(r.shell(page.Title), page))
}

// reviewViews are the orders of a review.
var reviewViews = []string{"person", "application", "flat"}

func (w *reviewing) page(lines []*campaign.Item, rules []campaign.RuleLine, st *campaign.Standing) templates.ReviewView {
	r, v := w.r, w.v
	p := templates.ReviewView{Title: w.c.Title, About: w.c.About, Due: r.clockOf(v.DueAt), Action: reviewURL(v.ID), Version: itoa(v.Version), View: r.Query("view"), Definitions: w.c.Scope.Definitions}
	if !slices.Contains(reviewViews, p.View) {
		p.View = reviewViews[0]
	}
	if w.c.Scope.Definitions {
		p.View = "flat"
	}
	if v.Reviewer != r.who.ID {
		p.For = v.Name
	}
	if w.c.AsOf != nil {
		p.AsOf = r.T("as it was %s", r.at(*w.c.AsOf).Text)
	}
	w.over(&p)
	done, all := st.LinesDecided, st.Lines
	p.Progress = ui.Progress{Label: r.T("Decided"), Done: done + st.FineDecided, Total: all + st.Fine, Text: r.T("%d of %d, about %d min left", done, all, st.Minutes())}
	if st.Undecided() == 0 {
		p.Progress.Text = r.T("everything is decided")
		if p.Over == nil {
			p.SignURL = p.Action + "/sign"
		}
	}
	if p.Over == nil {
		p.ReassignURL = p.Action + "/reassign"
	}
	open, closed := split(campaign.Group(lines))
	p.Groups = w.groups(open, &p)
	w.done(closed, &p)
	for _, x := range rules {
		line := w.rule(&x)
		if x.Outcome == "" {
			p.Rules = append(p.Rules, line)
		} else {
			p.DoneRules = append(p.DoneRules, line)
		}
	}
	if st.Fine > 0 {
		p.Batch = &templates.ReviewBatch{Count: st.Fine - st.FineDecided, Total: st.Fine, Kept: st.FineDecided, Open: v.Batch != nil || p.Over != nil, URL: p.Action + "/batch"}
	}
	p.SignHere = r.Query("at") != "" && p.SignURL != ""
	for _, x := range slices.Backward(catalog.Risks) {
		if p.Over == nil && w.ticks(open, x) {
			p.Bars = append(p.Bars, templates.ReviewBar{Class: x, Risk: x})
		}
	}
	return p
}

// over says why nothing is decided in a review any more, or not yet.
func (w *reviewing) over(p *templates.ReviewView) {
	r, v := w.r, w.v
	switch {
	case v.State == campaign.Signed:
		p.Tag = ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: r.T("Signed off")}
		p.Over = &ui.Notice{Tone: ui.Good, Title: r.T("Signed off %s", r.at(*v.SignedAt).Text), Text: r.T("What was decided stands. What is to be removed is being removed.")}
	case v.State == campaign.PassedOn:
		p.Over = &ui.Notice{Tone: ui.Neutral, Title: r.T("Somebody else decides this review now")}
	case w.c.State != campaign.Open:
		p.Over = &ui.Notice{Tone: ui.Neutral, Title: r.T("This campaign is over"), Text: r.T("Nothing more is decided in it.")}
	case v.State == campaign.Waiting && v.NextAt != nil:
		p.Over = &ui.Notice{Tone: ui.Info, Title: r.T("This part begins %s", r.at(*v.NextAt).Text), Text: r.T("A review is never larger than what can be decided with care: the rest comes later.")}
	}
}

// split parts lines that are decided from those that are not.
func split(all [][]*campaign.Item) (open, done [][]*campaign.Item) {
	for _, l := range all {
		if l[0].Decision == nil {
			open = append(open, l)
		} else {
			done = append(done, l)
		}
	}
	return open, done
}

// ticks says whether some line of a risk can be decided together with others.
func (w *reviewing) ticks(lines [][]*campaign.Item, risk string) bool {
	return slices.ContainsFunc(lines, func(l []*campaign.Item) bool { return w.class(l) == risk && w.own(l[0]) == "" })
}

// groups puts open lines into the order that the reader chose.
func (w *reviewing) groups(open [][]*campaign.Item, p *templates.ReviewView) []templates.ReviewGroup {
	r := w.r
	for _, x := range reviewViews {
		if w.c.Scope.Definitions {
			break // there is nothing to order roles by but their risk
		}
		p.Views = append(p.Views, ui.Chip{Text: map[string]string{"person": r.T("By person"), "application": r.T("By application"), "flat": r.T("By risk")}[x], URL: link(p.Action, "view", x), Current: x == p.View})
	}
	at := map[int]int{}
	var out []templates.ReviewGroup
	for _, l := range open {
		key := w.keyOf(l[0], p.View)
		n, ok := at[key]
		if !ok {
			n = len(out)
			at[key] = n
			out = append(out, w.group(l[0], p.View, key))
		}
		out[n].Lines = append(out[n].Lines, w.line(l, p.View))
	}
	var all []*templates.ReviewLine
	for g := range out {
		for n := range out[g].Lines {
			all = append(all, &out[g].Lines[n])
		}
	}
	here := r.Query("at")
	for n, l := range all {
		if n+1 < len(all) {
			l.Next = all[n+1].ID
		} else if n > 0 {
			l.Next = all[0].ID
		} else {
			l.Next = "0"
		}
		l.Here = l.ID == here
		l.RemoveURL = onward(l.RemoveURL, l.Next, p.View)
		l.NarrowURL, l.CommentURL, l.ReassignURL = onward(l.NarrowURL, l.Next, p.View), onward(l.CommentURL, l.Next, p.View), onward(l.ReassignURL, l.Next, p.View)
		l.ChangeURL = onward(l.ChangeURL, l.Next, p.View)
	}
	if here != "" && len(all) > 0 && !slices.ContainsFunc(all, func(l *templates.ReviewLine) bool { return l.Here }) {
		all[0].Here = true
	}
	return out
}

func onward(url, next, view string) string {
	if url == "" {
		return ""
	}
	return url + "&next=" + next + "&view=" + view
}

func (w *reviewing) keyOf(i *campaign.Item, view string) int {
	switch view {
	case "person":
		return i.Identity
	case "application":
		if e := w.cat.Entitlements[i.Entitlement]; e != nil {
			return e.ApplicationID
		}
	}
	return 0
}

func (w *reviewing) group(i *campaign.Item, view string, key int) templates.ReviewGroup {
	r := w.r
	g := templates.ReviewGroup{ID: view + "-" + itoa(key), Title: r.T("Everything, the risky first")}
	switch view {
	case "person":
		g.Card, g.Title = true, w.person(i)
		t, ok := w.then[i.Identity]
		for _, f := range []string{t.Department, t.Location, t.WorkerType} {
			if f != "" {
				g.Facts = append(g.Facts, f)
			}
		}
		if ok && t.State == "left" {
			g.Facts = append(g.Facts, r.T("has left"))
		}
		if t.Peers > 1 {
			g.Note = r.T("Compared with %s", r.Plural(t.Peers-1, "colleague", "colleagues"))
		}
	case "application":
		g.Title = w.app(i)
	}
	return g
}

// done are the lines that are decided, the latest first.
func (w *reviewing) done(closed [][]*campaign.Item, p *templates.ReviewView) {
	slices.SortStableFunc(closed, func(a, b []*campaign.Item) int { return b[0].Decision.DecidedAt.Compare(a[0].Decision.DecidedAt) })
	for _, l := range closed {
		x := w.line(l, "flat")
		x.State, x.Comment = w.said(telling(l)), l[0].Decision.Comment
		p.Done = append(p.Done, x)
	}
}

// undoes names the last act, which one key takes back: a line, lines, a rule, or what is left of the batch.
func (w *reviewing) undoes(x *campaign.Step, done []templates.ReviewLine) *templates.ReviewUndo {
	r := w.r
	said := w.said(&campaign.Decision{Outcome: x.Outcome, Level: x.Level, Until: x.Until}).Text
	u := &templates.ReviewUndo{Step: strconv.FormatInt(x.At.UnixMicro(), 10), At: strconv.FormatInt(x.First, 10)}
	what := r.Plural(x.Lines, "line", "lines")
	switch {
	case x.Class == campaign.ByRule:
		what, u.At = w.ruleTitle(x.Unit), "0"
	case x.Lines == 1:
		if n := slices.IndexFunc(done, func(l templates.ReviewLine) bool { return l.ID == u.At }); n >= 0 {
			what = done[n].Name
		}
	}
	u.Text = r.T("%s: %s", said, what)
	return u
}

// telling is the decision that says what becomes of a line: of one that is narrowed, that of what goes.
func telling(l []*campaign.Item) *campaign.Decision {
	for _, i := range l {
		if i.Decision != nil && i.Decision.Outcome == campaign.Narrow {
			return i.Decision
		}
	}
	return l[0].Decision
}

// said is a decision as a state.
func (w *reviewing) said(d *campaign.Decision) ui.Tag {
	r := w.r
	switch {
	case d.Outcome == campaign.Keep && d.Level != "":
		return ui.Tag{Tone: ui.Good, Icon: "check", Text: r.T("Keep, at the level “%s”", d.Level)}
	case d.Outcome == campaign.Narrow:
		return ui.Tag{Tone: ui.Warn, Icon: "adjustments", Text: r.T("Narrow to “%s”", d.Level)}
	case d.Outcome == campaign.Keep && w.c.Scope.Definitions:
		return ui.Tag{Tone: ui.Good, Icon: "check", Text: r.T("Confirmed")}
	case d.Outcome == campaign.Keep:
		return ui.Tag{Tone: ui.Good, Icon: "check", Text: r.T("Keep")}
	case d.Outcome == campaign.Change:
		return ui.Tag{Tone: ui.Warn, Icon: "scale", Text: r.T("Ask for a change")}
	case d.Until != nil:
		return ui.Tag{Tone: ui.Bad, Icon: "x", Text: r.T("Remove on %s", r.day(r.inZone(*d.Until)))}
	}
	return ui.Tag{Tone: ui.Bad, Icon: "x", Text: r.T("Remove")}
}

// backTo leads to the review after something was decided: on to the line that is next.
func (r *request) backTo(id int) string {
	return link(reviewURL(id), "view", r.field("view"), "at", cmp.Or(r.field("next"), "0"))
}

// reviewDay reads the day on which something is removed; nil for at once.
func (r *request) reviewDay() (*time.Time, bool) {
	text := r.field("until")
	if text == "" {
		return nil, true
	}
	t, err := time.ParseInLocation(time.DateOnly, text, r.inZone(r.now).Location())
	return &t, err == nil
}
