package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/lifecycle"
	"tenure/templates"
	"tenure/templates/ui"
)

// itemNumbers reads the items that a form, or an address, names.
func itemNumbers(all []string) ([]int64, error) {
	var out []int64
	for _, text := range all {
		for _, one := range strings.Split(text, ",") {
			n, err := strconv.ParseInt(one, 10, 64)
			if err != nil || n <= 0 {
				return nil, nothing("item")
			}
			out = append(out, n)
		}
	}
	if len(out) == 0 {
		return nil, errs.Invalid("tick what you decide about")
	}
	return out, nil
}

func numbersText(all []int64) string {
	out := make([]string, len(all))
	for i, n := range all {
		out[i] = strconv.FormatInt(n, 10)
	}
	return strings.Join(out, ",")
}

// reviewDecide takes an answer to lines of a review.
func (s *server) reviewDecide(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	items, err := r.picked(r.Request.PostForm["items"])
	if err != nil {
		return err
	}
	until, ok := r.reviewDay()
	var id int
	err = r.do(func(tx *db.Tx) error {
		v, err := r.reviewOf(tx)
		if err != nil {
			return err
		}
		if id = v.ID; !ok {
			return errs.InvalidFields("nothing was decided:", []errs.Field{{Field: "until", Rule: "must be a day such as 2026-12-31"}})
		}
		_, err = lifecycle.Campaigns.Decide(tx, campaign.Answer{Review: id, Items: items, Outcome: r.field("outcome"), Level: r.field("level"), Until: until, Comment: r.field("comment"), Version: r.version()})
		return err
	})
	if bad, ok := r.faults(err, nil); ok && errs.KindOf(err) == errs.KindInvalid {
		return s.reviewCheck(r, statusOf(err), items, r.field("outcome"), bad)
	}
	if err != nil {
		return err
	}
	if r.field("from") == "batch" {
		return r.goTo(reviewURL(id) + "/batch")
	}
	return r.goTo(r.backTo(id))
}

// reviewDecideAsk asks for the comment that a removal needs.
func (s *server) reviewDecideAsk(r *request) error {
	items, err := r.picked(r.Request.URL.Query()["items"])
	if err != nil {
		return err
	}
	return s.reviewCheck(r, http.StatusOK, items, r.Query("outcome"), nil)
}

// picked gives the items that were named. Who is not asked about the review is told nothing of its form.
func (r *request) picked(values []string) ([]int64, error) {
	if err := r.read(func(tx *db.Tx) error { _, err := r.reviewOf(tx); return err }); err != nil {
		return nil, err
	}
	return itemNumbers(values)
}

// reviewChosen asks once more about what was ticked: the sentence says how much it is.
func (s *server) reviewChosen(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	items, err := r.picked(r.Request.PostForm["pick"])
	if err != nil {
		return err
	}
	if r.field("outcome") == "reassign" {
		return s.reviewReassignPage(r, http.StatusOK, items, nil)
	}
	return s.reviewCheck(r, http.StatusOK, items, r.field("outcome"), nil)
}

// either gives a field of the form that was posted, or of the address.
func (r *request) either(name string) string {
	if r.Request.Method == http.MethodPost {
		return r.field(name)
	}
	return r.Query(name)
}

// reviewCheck asks before lines are decided: what they are, why, and from when.
func (s *server) reviewCheck(r *request, status int, ids []int64, outcome string, bad ui.Errors) error {
	var v templates.ReviewCheckView
	err := r.read(func(tx *db.Tx) error {
		of, err := r.reviewOf(tx)
		if err != nil {
			return err
		}
		items, err := campaign.Together(tx, of.ID, ids)
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return nothing("item")
		}
		w, err := r.reviewed(tx, of, items)
		if err != nil {
			return err
		}
		lines := campaign.Group(items)
		if v = w.check(lines, ids, outcome, bad); outcome == campaign.Narrow {
			return w.narrow(&v, lines)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.ReviewCheck(r.shell(v.Check.Title), v))
}

// answeredMost is how many lines the page before a decision names.
const answeredMost = 20

func (w *reviewing) check(lines [][]*campaign.Item, ids []int64, outcome string, bad ui.Errors) templates.ReviewCheckView {
	r := w.r
	back := link(reviewURL(w.v.ID), "view", r.either("view"))
	c := ui.Check{Action: reviewURL(w.v.ID) + "/decide", Errors: bad, Hidden: ui.Kept("items", numbersText(ids), "outcome", outcome, "version", itoa(w.v.Version), "view", r.either("view"), "next", r.either("next"), "from", r.either("from")),
		Button: ui.Buttons{Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: back}}}
	people := map[int]bool{}
	for n, l := range lines {
		x := w.line(l, "flat")
		people[l[0].Identity] = true
		if n < answeredMost {
			c.Facts = append(c.Facts, ui.Line{Name: x.Person, Text: x.What, Link: x.URL})
		}
	}
	if len(lines) > answeredMost {
		c.Facts = append(c.Facts, ui.Line{Name: r.T("And"), Text: r.T("%d more", len(lines)-answeredMost)})
	}
	one := w.line(lines[0], "flat")
	about := r.Plural(len(people), "person", "people")
	word := ui.Risk(r.Request.Context(), one.Risk).Text
	switch outcome {
	case campaign.Remove:
		c.Title, c.Button.Text, c.Button.Icon, c.Button.Danger = r.T("Remove %s?", one.Name), r.T("Remove it"), "x", true
		if len(lines) > 1 {
			c.Title, c.Lead, c.Button.Text = r.T("Remove %d?", len(lines)), r.T("%s: you remove %s of %s.", word, r.Plural(len(lines), "line", "lines"), about), r.T("Remove all %d", len(lines))
		}
		c.Will = []string{r.T("It is a draft: until you sign off, you can take it back."), w.whenGone()}
	case campaign.Change:
		if w.c.Scope.Definitions {
			c.Title, c.Button.Text, c.Button.Icon = r.T("Ask for a change of %s?", one.Name), r.T("Ask for it"), "scale"
			c.Will = []string{r.T("Whoever runs the campaign is asked to change it. The campaign stays open until a version of the policy does, or they say why it stays.")}
			break
		}
		c.Title, c.Button.Text, c.Button.Icon = r.T("Ask for a change of the rule?"), r.T("Ask for it"), "scale"
		c.Will = []string{r.T("A rule gives this, and would give it again. Its owner is asked to change the rule.")}
	default:
		c.Title, c.Button.Text, c.Button.Icon = r.T("Keep %s?", one.Name), r.T("Keep it"), "check"
		if len(lines) > 1 {
			c.Title, c.Lead, c.Button.Text = r.T("Keep %d?", len(lines)), r.T("%s: you keep %s of %s.", word, r.Plural(len(lines), "line", "lines"), about), r.T("Keep all %d", len(lines))
		}
	}
	v := templates.ReviewCheckView{Up: []ui.Link{{Text: w.c.Title, URL: back}}, Check: c}
	hint := r.T("Whoever carries it out, and whoever checks later, reads it.")
	v.Fields = append(v.Fields, ui.Field{Name: "comment", Label: r.T("Why"), Kind: "text", Value: r.field("comment"), Hint: hint, Required: w.wants(lines, outcome), Error: bad.Of("comment"), Auto: "off", Focus: true})
	if outcome == campaign.Remove {
		v.Fields = append(v.Fields, ui.Field{Name: "until", Label: r.T("On a later day"), Kind: "date", Value: r.field("until"), Short: true, Min: r.inZone(r.now).AddDate(0, 0, 1).Format(time.DateOnly), Hint: r.T("Empty: as soon as you have signed off."), Error: bad.Of("until")})
	}
	return v
}

// wants says whether a comment has to be written.
func (w *reviewing) wants(lines [][]*campaign.Item, outcome string) bool {
	risky := slices.ContainsFunc(lines, func(l []*campaign.Item) bool {
		return slices.ContainsFunc(l, func(i *campaign.Item) bool { return i.Risk >= 2 })
	})
	return w.c.Settings.Wants(outcome, risky)
}

// whenGone says when what is removed is gone.
func (w *reviewing) whenGone() string {
	if n := w.c.Settings.Challenge; n > 0 {
		return w.r.T("Who loses it is told and has %s to object.", w.r.Plural(n, "day", "days"))
	}
	return w.r.T("After you sign off it is taken away, and the target is read again to be sure.")
}

// reviewRuleAsk asks what is wrong with a rule.
func (s *server) reviewRuleAsk(r *request) error { return s.reviewRulePage(r, http.StatusOK, nil) }

func (s *server) reviewRulePage(r *request, status int, bad ui.Errors) error {
	unit, err := strconv.ParseInt(r.either("unit"), 10, 64)
	if err != nil {
		return nothing("rule")
	}
	var v templates.ReviewCheckView
	err = r.read(func(tx *db.Tx) error {
		of, err := r.reviewOf(tx)
		if err != nil {
			return err
		}
		x, err := campaign.OfRule(tx, of.ID, unit)
		if err != nil {
			return err
		}
		w, err := r.reviewed(tx, of, nil)
		if err != nil {
			return err
		}
		line := w.rule(x)
		back := link(reviewURL(of.ID), "view", r.either("view"))
		v = templates.ReviewCheckView{Up: []ui.Link{{Text: w.c.Title, URL: back}}, Check: ui.Check{Action: reviewURL(of.ID) + "/rules", Errors: bad, Title: r.T("Ask for a change of “%s”?", line.Title), Lead: line.Text + ".",
			Hidden: ui.Kept("unit", line.Unit, "outcome", campaign.Change, "view", r.either("view")), Facts: []ui.Line{{Name: r.T("It gives"), Text: line.Gives}},
			Will:   []string{r.T("Whoever owns the rule is asked to change it, once you sign off."), r.T("Until then people keep what it gives.")},
			Button: ui.Buttons{Text: r.T("Ask for it"), Icon: "scale", Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: back}}},
			Fields: []ui.Field{{Name: "comment", Label: r.T("What should change"), Kind: "text", Value: r.field("comment"), Required: true, Error: bad.Of("comment"), Auto: "off", Focus: true}}}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.ReviewCheck(r.shell(v.Check.Title), v))
}

// reviewRule keeps what a rule gives, asks for a change of it, or takes either back.
func (s *server) reviewRule(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	unit, err := strconv.ParseInt(r.field("unit"), 10, 64)
	if err != nil {
		return nothing("rule")
	}
	var id int
	err = r.do(func(tx *db.Tx) error {
		v, err := r.reviewOf(tx)
		if err != nil {
			return err
		}
		id = v.ID
		if r.field("outcome") == "undo" {
			_, err = lifecycle.Campaigns.UndoRule(tx, id, unit)
			return err
		}
		_, err = lifecycle.Campaigns.Acknowledge(tx, id, unit, r.field("outcome"), r.field("comment"))
		return err
	})
	if bad, ok := r.faults(err, nil); ok && errs.KindOf(err) == errs.KindInvalid {
		return s.reviewRulePage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	return r.goTo(link(reviewURL(id), "view", r.field("view"), "at", "0"))
}

// reviewReassignAsk asks to whom a review, or some of it, is given.
func (s *server) reviewReassignAsk(r *request) error {
	var items []int64
	if all := r.Request.URL.Query()["items"]; len(all) > 0 {
		var err error
		if items, err = itemNumbers(all); err != nil {
			return err
		}
	}
	return s.reviewReassignPage(r, http.StatusOK, items, nil)
}

func (s *server) reviewReassignPage(r *request, status int, items []int64, bad ui.Errors) error {
	var v templates.AskMoreView
	err := r.read(func(tx *db.Tx) error {
		of, err := r.reviewOf(tx)
		if err != nil {
			return err
		}
		back := link(reviewURL(of.ID), "view", r.either("view"))
		what := r.T("All of it")
		if len(items) > 0 {
			what = r.Plural(len(items), "line", "lines")
		}
		v = templates.AskMoreView{Up: []ui.Link{{Text: of.Title, URL: back}}, Check: ui.Check{Action: reviewURL(of.ID) + "/reassign", Title: r.T("Let somebody else decide"), Reason: r.T("Reason"), Value: r.field("reason"), Errors: bad,
			Hidden: ui.Kept("items", numbersText(items), "view", r.either("view")), Facts: []ui.Line{{Name: r.T("What"), Text: what}},
			Will: []string{r.T("They are asked instead of you, and told at once."), r.T("Your drafts go along: they can change them.")}, Not: []string{r.T("Nobody is asked about their own access.")},
			Button: ui.Buttons{Text: r.T("Give it to them"), Icon: "users", Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: back}}},
			Fields: []ui.Field{{Name: "to", Label: r.T("Who decides"), Kind: "text", Value: r.field("to"), Hint: r.T("Number, e-mail address or full name"), Required: true, Auto: "off", Error: bad.Of("to")}}}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.AskMore(r.shell(v.Check.Title), v))
}

// reviewReassign gives a review, or some of it, to somebody else.
func (s *server) reviewReassign(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	var items []int64
	if r.field("items") != "" {
		var err error
		if items, err = r.picked(r.Request.PostForm["items"]); err != nil {
			return err
		}
	}
	var name string
	var id int
	err := r.do(func(tx *db.Tx) error {
		v, err := r.reviewOf(tx)
		if err != nil {
			return err
		}
		id = v.ID
		p, err := here(tx, r.field("to"))
		if err != nil {
			return err
		}
		name = p.Name
		return lifecycle.Campaigns.Reassign(tx, id, items, p.ID, r.field("reason"), false)
	})
	if bad, ok := r.faults(err, map[string]string{"": "to"}); ok && (errs.KindOf(err) == errs.KindInvalid || errs.KindOf(err) == errs.KindForbidden) {
		return s.reviewReassignPage(r, statusOf(err), items, bad)
	}
	if err != nil {
		return err
	}
	to := reviewURL(id)
	if len(items) == 0 {
		to = reviewsURL
	}
	return r.goWith(to, ui.Notice{Tone: ui.Good, Title: r.T("%s decides now", name)})
}
