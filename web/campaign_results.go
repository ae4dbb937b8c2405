package web

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"time"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/templates"
	"tenure/templates/ui"
)

// removedShown is how many removals the report names; the file has all of them.
const removedShown = 1000

// campaignStarted is the campaign of the address, which has a snapshot.
func (r *request) campaignStarted(tx *db.Tx) (*campaign.Campaign, error) {
	c, err := r.campaignOf(tx)
	if err == nil && c.AsOf == nil {
		return nil, nothing("campaign")
	}
	return c, err
}

// campaignResults is the report: what was asked, that nothing is missing, and what came of it.
func (s *server) campaignResults(r *request) error {
	r.allow(slow)
	var v templates.CampaignResultsView
	err := r.read(func(tx *db.Tx) error {
		c, err := r.campaignStarted(tx)
		if err != nil {
			return err
		}
		w, err := r.wording(tx, c)
		if err != nil {
			return err
		}
		v = templates.CampaignResultsView{Title: c.Title, URL: campaignURL(c), State: r.campaignTag(c.State), Scope: w.scope(&c.Scope), Owner: c.OwnerName, About: c.About, Stages: w.stages(c.Stages), Settings: w.settings(c), FileURL: campaignURL(c) + "/results.csv",
			Taken: r.maybe(c.AsOf), Started: r.maybe(c.StartedAt), Decided: r.maybe(c.DecidedAt), Closed: r.maybe(c.ClosedAt), Printed: r.at(r.now)}
		if c.PolicyVersion != nil {
			v.Policy = strconv.Itoa(*c.PolicyVersion)
		}
		for _, step := range []func(*db.Tx, *campaign.Campaign, *templates.CampaignResultsView) error{w.proof, w.confirmed, w.outcomes, w.saved, w.reviewers, w.removed} {
			if err := step(tx, c, &v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.show(templates.CampaignResults(r.shell(r.T("Results: %s", v.Title)), v))
}

// proof counts the population once more.
func (w *campaignWords) proof(tx *db.Tx, c *campaign.Campaign, v *templates.CampaignResultsView) error {
	p, err := campaign.Prove(tx, c)
	if err != nil {
		return err
	}
	readings, err := campaign.Readings(tx, c.ID)
	if err != nil {
		return err
	}
	at := map[int]campaign.Reading{}
	for _, x := range readings {
		at[x.Application] = x
	}
	v.Complete = p.Complete()
	switch {
	case !v.Complete:
		v.Proof = w.T("%d items were taken down at the start, %d are there now; %s are missing and %s are too many.", p.Stated, p.Items, w.Plural(len(p.Missing), "item", "items"), w.Plural(len(p.Added), "item", "items"))
		if !p.DigestHolds {
			v.Proof = w.T("%s They are not the ones of the start: the digest differs.", v.Proof)
		}
	case c.Scope.Definitions:
		v.Proof = w.T("Counted once more from version %d of the policy: %s active in scope what the %s of this campaign are, one by one. The digest of the start holds.", *c.PolicyVersion, w.Plural(p.Seen, "role was", "roles were"), w.Plural(p.Items, "item", "items"))
	case p.Countable:
		v.Proof = w.T("Counted once more from the readings: %s show in scope what the %s of this campaign are, item by item. The digest of the start holds.", w.Plural(p.Seen, "entry", "entries"), w.Plural(p.Items, "item", "items"))
	default:
		v.Proof = w.T("The %s are those of the start: their digest holds. The scope depends on reasons or jobs, which have changed since, and cannot be counted from the readings alone.", w.Plural(p.Items, "item", "items"))
	}
	for _, x := range p.Applications {
		row := templates.CampaignCovered{Application: x.Title, Reading: strconv.FormatInt(x.Reading, 10), ReadAt: w.at(at[x.Application].ReadAt), Items: x.Items, Differs: p.Countable && x.Items != x.Seen}
		if p.Countable {
			row.Seen = w.Int(x.Seen)
		}
		v.Covered = append(v.Covered, row)
	}
	return nil
}

// confirmed says what roles are, and who confirmed it.
func (w *campaignWords) confirmed(tx *db.Tx, c *campaign.Campaign, v *templates.CampaignResultsView) error {
	if !c.Scope.Definitions {
		return nil
	}
	all, err := campaign.Certificates(tx, c.ID)
	if err != nil {
		return err
	}
	last, err := campaign.Last(tx, c.ID)
	if err != nil {
		return err
	}
	for _, x := range all {
		row := templates.CampaignConfirmed{Role: x.Definition.Title, Digest: x.Digest[:16], By: cmp.Or(x.By, w.T("not confirmed")), Members: x.Members, At: w.maybe(x.At)}
		if was := last[x.Role]; was == nil {
			row.Changes = []string{w.T("Never confirmed before")}
		} else {
			for _, change := range x.Definition.Differences(&was.Definition) {
				row.Changes = append(row.Changes, w.changeWord(change))
			}
		}
		v.Confirmed = append(v.Confirmed, row)
	}
	slices.SortFunc(v.Confirmed, func(a, b templates.CampaignConfirmed) int { return cmp.Compare(a.Role, b.Role) })
	return nil
}

// outcomes says what was decided, by class and by application.
func (w *campaignWords) outcomes(tx *db.Tx, c *campaign.Campaign, v *templates.CampaignResultsView) error {
	all, err := campaign.Outcomes(tx, c.ID)
	if err != nil {
		return err
	}
	classes, apps := make([]campaign.Outcome, len(classWords)), map[int]*campaign.Outcome{}
	sum := campaign.Outcome{}
	for _, x := range all {
		if apps[x.Application] == nil {
			apps[x.Application] = &campaign.Outcome{Application: x.Application}
		}
		for _, into := range []*campaign.Outcome{&classes[x.Class], apps[x.Application], &sum} {
			into.Keep, into.Remove, into.Narrow, into.Change, into.Open = into.Keep+x.Keep, into.Remove+x.Remove, into.Narrow+x.Narrow, into.Change+x.Change, into.Open+x.Open
		}
	}
	row := func(name string, o *campaign.Outcome) templates.CampaignOutcome {
		return templates.CampaignOutcome{Name: name, Items: o.Items(), Keep: o.Keep, Remove: o.Remove, Narrow: o.Narrow, Change: o.Change, Open: o.Open}
	}
	for i := range classes {
		v.Classes = append(v.Classes, row(w.T(classWords[i]), &classes[i]))
	}
	for id, o := range apps {
		v.Applications = append(v.Applications, row(w.covered(id), o))
	}
	slices.SortFunc(v.Applications, func(a, b templates.CampaignOutcome) int { return cmp.Compare(a.Name, b.Name) })
	v.Figures = []ui.Figure{{Label: w.T("Items"), Value: w.Int(sum.Items())}, {Label: w.T("Kept"), Value: w.Int(sum.Keep)}, {Label: w.T("To be removed"), Value: w.Int(sum.Remove)}, {Label: w.T("Narrowed"), Value: w.Int(sum.Narrow)}, {Label: w.T("The rule is to change"), Value: w.Int(sum.Change)}, {Label: w.T("Not decided"), Value: w.Int(sum.Open)}}
	if c.Scope.Definitions {
		v.Figures = []ui.Figure{{Label: w.T("Roles"), Value: w.Int(sum.Items())}, {Label: w.T("Confirmed"), Value: w.Int(sum.Keep)}, {Label: w.T("To be changed"), Value: w.Int(sum.Change)}, {Label: w.T("Not decided"), Value: w.Int(sum.Open)}}
	}
	return nil
}

// covered names an application; what is of none are roles.
func (w *campaignWords) covered(id int) string {
	if id == 0 {
		return w.T("Roles")
	}
	return w.application(id)
}

// nobody says whose an item is that is no person's.
func (w *campaignWords) nobody(entitlement int) string {
	if entitlement == 0 {
		return w.T("Roles")
	}
	return w.T("an account of nobody")
}

func (w *campaignWords) reviewers(tx *db.Tx, c *campaign.Campaign, v *templates.CampaignResultsView) error {
	all, err := campaign.Reviews(tx, c.ID)
	v.Quality = w.quality(all)
	return err
}

// removed names what was removed: who decided it, which operation did it, and which reading showed that it is gone.
func (w *campaignWords) removed(tx *db.Tx, c *campaign.Campaign, v *templates.CampaignResultsView) error {
	all, err := campaign.Removed(tx, c.ID, removedShown+1)
	if err == nil {
		err = w.answering(tx)
	}
	if err != nil {
		return err
	}
	for i := range all {
		if i == removedShown {
			v.More = w.T("The first %s; the file has all of them.", w.Int(removedShown))
			break
		}
		x := &all[i]
		row := templates.CampaignRemoved{Person: cmp.Or(x.Person, w.nobody(x.Entitlement)), What: w.thing(x.Entitlement, x.Param), Account: x.Account, By: cmp.Or(x.Decider, w.T("the rule for what nobody answered")), Comment: x.Comment,
			State: w.removalTag(x.Removal, x.OpState), Decided: w.maybe(x.DecidedAt), Why: x.RemovalWhy, Verified: w.maybe(x.VerifiedAt), Owner: w.looks(x.Entitlement, x.Removal, x.OpState, x.RemovalOwnerName)}
		if x.Outcome == campaign.Narrow {
			row.What = w.T("%s, narrowed to “%s”", row.What, x.Level)
		}
		if x.Operation != nil {
			id := strconv.FormatInt(*x.Operation, 10)
			row.Operation = ui.Link{Text: w.T("Operation %s", id), URL: w.to("operation.read", "/operations/"+id)}
		}
		if x.VerifiedBy != nil {
			row.Reading = w.T("reading %s", strconv.FormatInt(*x.VerifiedBy, 10))
		}
		v.Removed = append(v.Removed, row)
	}
	return nil
}

// campaignFile streams every item with what was decided and what became of it.
func (s *server) campaignFile(r *request) error {
	return r.read(func(tx *db.Tx) error {
		c, err := r.campaignStarted(tx)
		if err != nil {
			return err
		}
		w, err := r.wording(tx, c)
		if err == nil {
			err = w.answering(tx)
		}
		if err != nil {
			return err
		}
		head := []string{"item", "person", "number", "account", "application", "entitlement", "parameter", "class", "risk", "why held", "since", "last used", "stage", "reviewer", "outcome", "level", "decided by", "comment", "decided at", "signed off at", "removal", "operation", "operation state", "verified at", "verified by reading", "who has to look"}
		return r.sendCSV("campaign-"+strconv.Itoa(c.ID), head, w.fileLines(campaign.Ledger(tx, c.ID)))
	})
}

func (w *campaignWords) fileLines(all iter.Seq2[campaign.Line, error]) iter.Seq2[[]string, error] {
	stamp := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	number := func(n *int64) string {
		if n == nil {
			return ""
		}
		return strconv.FormatInt(*n, 10)
	}
	classes := []string{"line by line", "likely fine", "by rule"}
	return func(yield func([]string, error) bool) {
		for x, err := range all {
			if err != nil {
				yield(nil, err)
				return
			}
			app, name := "", ""
			if x.Entitlement == 0 {
				name = w.thing(0, x.Param)
			}
			if e := w.cat.Entitlements[x.Entitlement]; e != nil {
				app, name = w.cat.Apps[e.ApplicationID].Name, e.Name
			}
			if !yield([]string{strconv.FormatInt(x.Item, 10), x.Person, x.Number, x.Account, app, name, x.Param, classes[x.Class], riskNames[x.Risk], w.whyHeld(x.Kinds), stamp(x.Since), stamp(x.LastUsed), strconv.Itoa(x.Stage), x.Reviewer,
				x.Outcome, x.Level, x.Decider, x.Comment, stamp(x.DecidedAt), stamp(x.SignedAt), string(x.Removal), number(x.Operation), x.OpState, stamp(x.VerifiedAt), number(x.VerifiedBy), w.looksFile(&x)}, nil) {
				return
			}
		}
	}
}
