package web

import (
	"strconv"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/lifecycle"
	"tenure/templates"
	"tenure/templates/ui"
)

// signMost is how many removals the page before signing off names.
const signMost = 100

// reviewSignAsk shows all answers before they become final.
func (s *server) reviewSignAsk(r *request) error {
	var v templates.ReviewSignView
	err := r.read(func(tx *db.Tx) error {
		of, err := r.reviewOf(tx)
		if err != nil {
			return err
		}
		var st campaign.Standing
		var gone []*campaign.Item
		var rules []campaign.RuleLine
		if err := db.Together(tx, func(tx *db.Tx) (err error) { st, err = campaign.StandingOf(tx, of.ID); return err },
			func(tx *db.Tx) (err error) { gone, err = campaign.Drafts(tx, of.ID, signMost+1); return err },
			func(tx *db.Tx) (err error) { rules, err = campaign.Rules(tx, of.ID); return err }); err != nil {
			return err
		}
		w, err := r.reviewed(tx, of, gone)
		if err == nil {
			v = w.sign(&st, gone, rules)
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.ReviewSign(r.shell(r.T("Sign off")), v))
}

func (w *reviewing) sign(st *campaign.Standing, gone []*campaign.Item, rules []campaign.RuleLine) templates.ReviewSignView {
	r, at := w.r, reviewURL(w.v.ID)
	v := templates.ReviewSignView{Title: r.T("Sign off “%s”?", w.c.Title), Up: ui.Link{Text: w.c.Title, URL: at}, Figures: []ui.Figure{{Label: r.T("Keep"), Value: r.Int(st.Keep)}, {Label: r.T("Remove"), Value: r.Int(st.Remove)}, {Label: r.T("Narrow"), Value: r.Int(st.Narrow)},
		{Label: r.T("Ask for a change"), Value: r.Int(st.Change)}}}
	for n, i := range gone {
		if n == signMost {
			v.More = r.T("and %d more", st.Remove+st.Narrow-signMost)
			break
		}
		l := w.line([]*campaign.Item{i}, "flat")
		x := templates.ReviewGoing{What: ui.Link{Text: l.What, URL: l.URL}, Who: l.Person, App: l.App, Why: i.Decision.Comment, When: r.T("as soon as you have signed off")}
		if d := i.Decision; d.Outcome == campaign.Narrow {
			x.App = r.T("%s, narrowed to “%s”", l.App, d.Level)
		}
		from := r.now.AddDate(0, 0, w.c.Settings.Challenge)
		if i.Decision.Until != nil && i.Decision.Until.After(from) {
			from = *i.Decision.Until
		}
		if from.After(r.now) {
			x.When = r.day(r.inZone(from))
		}
		v.Removals = append(v.Removals, x)
	}
	for _, x := range rules {
		if x.Outcome == campaign.Change {
			v.Rules = append(v.Rules, templates.ReviewGoing{What: ui.Link{Text: w.ruleTitle(x.Unit)}, Who: r.Plural(x.People, "person", "people"), Why: x.Comment})
		}
	}
	v.Next = w.next(st)
	if n := st.Undecided(); n > 0 {
		v.Left = r.T("%s not decided yet", r.Plural(n, "line is", "lines are"))
		return v
	}
	if w.v.State == campaign.Reviewed && w.c.State == campaign.Open {
		v.Action, v.Version = at+"/sign", itoa(w.v.Version)
	}
	return v
}

// next says what happens after signing off.
func (w *reviewing) next(st *campaign.Standing) []string {
	r := w.r
	out := []string{r.T("Your answers become final: they can no longer be taken back.")}
	if st.Remove+st.Narrow > 0 {
		out = append(out, w.whenGone())
		out = append(out, r.T("If unusually many people would lose access on one day, a second person looks first."))
	}
	if st.Change > 0 {
		out = append(out, r.T("Whoever owns a rule that should change is told."))
	}
	set := &w.c.Settings
	switch {
	case w.v.Stage < len(w.c.Stages):
		out = append(out, r.T("What you keep goes on to the next reviewer."))
	case w.v.Stage == len(w.c.Stages) && set.Sample > 0 && st.Keep > 0:
		out = append(out, r.T("A second reviewer looks again at %d in a hundred of what you keep, drawn by lot.", set.Sample))
	}
	return out
}

// reviewSign makes the answers of a review final.
func (s *server) reviewSign(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	version := r.version()
	if version == 0 {
		return errs.Invalid("look at your answers before you sign off")
	}
	var id int
	if err := r.do(func(tx *db.Tx) error {
		v, err := r.reviewOf(tx)
		if err != nil {
			return err
		}
		id = v.ID
		_, err = lifecycle.Campaigns.SignOff(tx, id, version)
		return err
	}); err != nil {
		return err
	}
	return r.goWith(reviewURL(id), ui.Notice{Tone: ui.Good, Title: r.T("Signed off"), Text: r.T("Thank you. Nothing more is asked of you here."), Link: ui.Link{Text: r.T("What else is asked of you"), URL: reviewsURL}})
}

// batchSize is how many lines a page of the batch has.
const batchSize = 50

// reviewBatch lists what is likely fine, once it was opened.
func (s *server) reviewBatch(r *request) error {
	var page templates.ReviewBatchView
	err := r.read(func(tx *db.Tx) error {
		v, err := r.reviewOf(tx)
		if err != nil {
			return err
		}
		var st campaign.Standing
		var all []*campaign.Item
		if st, err = campaign.StandingOf(tx, v.ID); err != nil {
			return err
		}
		if v.Batch != nil || v.State != campaign.Reviewed {
			if all, err = campaign.Batch(tx, v.ID, r.longCursor("after"), batchSize+1); err != nil {
				return err
			}
		}
		w, err := r.reviewed(tx, v, all)
		if err == nil {
			page = w.batch(&st, all)
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.ReviewBatchPage(r.shell(page.Title), page))
}

func (w *reviewing) batch(st *campaign.Standing, all []*campaign.Item) templates.ReviewBatchView {
	r, at := w.r, reviewURL(w.v.ID)
	p := templates.ReviewBatchView{Title: r.T("Likely fine"), Up: ui.Link{Text: w.c.Title, URL: at}, Action: at, Version: itoa(w.v.Version), Opened: w.v.Batch != nil, Left: st.Fine - st.FineDecided,
		Lead: r.T("Unchanged, used, held by most peers, and of low or medium risk. Remove what should not stay; keep the rest at once.")}
	rp := templates.ReviewView{}
	w.over(&rp)
	p.Over = rp.Over
	if len(all) > batchSize {
		all = all[:batchSize]
		p.Pager.NextURL = link(at+"/batch", "after", strconv.FormatInt(all[batchSize-1].ID, 10))
	}
	if r.longCursor("after") > 0 {
		p.Pager.FirstURL = at + "/batch"
	}
	p.Pager.Text = r.T("%s of %d", r.Plural(len(all), "line", "lines"), st.Fine)
	for _, i := range all {
		l := w.line([]*campaign.Item{i}, "flat")
		if i.Decision != nil {
			l.State, l.Comment = w.said(i.Decision), i.Decision.Comment
		} else if l.RemoveURL != "" {
			l.RemoveURL += "&from=batch"
		}
		p.Lines = append(p.Lines, l)
	}
	return p
}

// reviewBatchOpen notes that the reviewer looks at what is likely fine.
func (s *server) reviewBatchOpen(r *request) error {
	var id int
	if err := r.do(func(tx *db.Tx) error {
		v, err := r.reviewOf(tx)
		if err != nil {
			return err
		}
		id = v.ID
		_, err = lifecycle.Campaigns.OpenBatch(tx, id)
		return err
	}); err != nil {
		return err
	}
	return r.goTo(reviewURL(id) + "/batch")
}

// reviewBatchKeep keeps what is left of the batch.
func (s *server) reviewBatchKeep(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	count, err := strconv.Atoi(r.field("count"))
	if err != nil || count <= 0 {
		return errs.Invalid("say how many lines you keep")
	}
	var id int
	if err := r.do(func(tx *db.Tx) error {
		v, err := r.reviewOf(tx)
		if err != nil {
			return err
		}
		id = v.ID
		_, err = lifecycle.Campaigns.KeepBatch(tx, id, count)
		return err
	}); err != nil {
		return err
	}
	return r.goWith(link(reviewURL(id), "at", "0"), ui.Notice{Tone: ui.Good, Title: r.T("Kept: %s that were likely fine", r.Plural(count, "line", "lines"))})
}
