package web_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/lifecycle"
)

// in does something as a person, without a page.
func (w *world) in(number string, fn func(*db.Tx) error) {
	w.t.Helper()
	id, name := w.number(`select id from identity where number = $1`, number), w.text(`select name from identity where number = $1`, number)
	w.do(db.System, func(tx *db.Tx) error {
		actor, err := tx.ActorOf(id, "person", name)
		if err != nil {
			return err
		}
		tx.Actor = actor
		return fn(tx)
	})
}

// campaign starts a review of what people hold, by their managers.
func (w *world) campaign(change func(*campaign.Campaign)) (c *campaign.Campaign) {
	w.t.Helper()
	w.in(compliance, func(tx *db.Tx) (err error) {
		c = &campaign.Campaign{Title: "Spring of Sales", About: "Look at what is privileged first.", Settings: campaign.Defaults, Stages: []campaign.Stage{{By: campaign.ByManager}}}
		c.Settings.Sample, c.Settings.Pace = 0, 0
		change(c)
		if err := lifecycle.Campaigns.Build(tx, c); err != nil {
			return err
		}
		c, err = lifecycle.Campaigns.Start(tx, c.ID)
		return err
	})
	return c
}

// only gives the people with these numbers.
func (w *world) only(numbers ...string) (out []int) {
	for _, n := range numbers {
		out = append(out, w.number(`select id from identity where number = $1`, n))
	}
	return out
}

func (w *world) reviewOf(c *campaign.Campaign, number string) string {
	w.t.Helper()
	return "/reviews/" + strconv.Itoa(w.number(`select v.id from campaign_review v join identity i on i.id = v.reviewer_id where v.campaign_id = $1 and i.number = $2 and v.state = 'open'`, c.ID, number))
}

// item gives the item of somebody for an entitlement.
func (w *world) item(c *campaign.Campaign, number, entitlement string) string {
	w.t.Helper()
	return strconv.Itoa(w.number(`select x.id from campaign_item x join identity i on i.id = x.identity_id join entitlement e on e.id = x.entitlement_id where x.campaign_id = $1 and i.number = $2 and e.name = $3`, c.ID, number, entitlement))
}

// A manager decides, takes back, cannot mix risks, keeps nothing unseen, and signs off; whoever else comes finds nothing.
func TestAManagerReviews(t *testing.T) {
	w := newWorld(t)
	w.post("directory", "archive")
	for _, n := range []string{"1030", "1031", "1032"} {
		w.outOfBand("directory", "vault", n)
		w.outOfBand("directory", "archive", n)
	}
	w.outOfBand("directory", "archive", "1033")
	w.read("directory")
	c := w.campaign(func(c *campaign.Campaign) {
		c.Scope.People, c.Settings.NoBatch = w.only("1030", "1031", "1032", "1033", "1034"), true
	})
	at := w.reviewOf(c, manager)
	m := w.as(manager)
	m.get("/inbox").want(t, http.StatusOK).says(t, "Review: Spring of Sales")
	m.get("/reviews").want(t, http.StatusOK).says(t, "12 decisions, about 5 min")
	m.get(at).want(t, http.StatusOK).says(t, "Nothing gives it: it was found there")
	vault, archive, other := w.item(c, "1030", "vault"), w.item(c, "1030", "archive"), w.item(c, "1031", "archive")

	for _, stranger := range []string{employee, compliance} {
		s := w.as(stranger)
		for _, path := range []string{at, at + "/decide?items=" + vault + "&outcome=remove", at + "/batch", at + "/sign", at + "/reassign", "/reviews/items/" + vault} {
			s.get(path).want(t, http.StatusNotFound)
		}
		s.post(at+"/decide", "items", vault, "outcome", "keep").want(t, http.StatusNotFound)
		s.post(at+"/sign", "version", "1").want(t, http.StatusNotFound)
	}
	m.post(at+"/decide", "items", vault, "outcome", "remove").want(t, http.StatusBadRequest).says(t, "is required: why")
	m.post(at+"/decide", "items", vault+","+archive, "outcome", "keep").want(t, http.StatusBadRequest).says(t, "must be of one risk")
	m.post(at+"/chosen", "pick", archive, "pick", other, "outcome", "keep").want(t, http.StatusOK).says(t, "Low risk: you keep 2 lines of 2 people.")
	m.post(at+"/batch/keep", "count", "5").want(t, http.StatusNotFound) // nothing here is likely fine, and nothing was opened
	m.post(at+"/decide", "items", archive+","+other, "outcome", "keep").want(t, http.StatusSeeOther)
	m.post(at+"/decide", "items", vault, "outcome", "remove", "comment", "=Moved on").want(t, http.StatusSeeOther)
	m.post(at+"/undo", "items", other).want(t, http.StatusSeeOther)
	if n := w.number(`select count(*) from campaign_decision`); n != 2 {
		t.Errorf("%d drafts, want 2", n)
	}
	m.get(at+"/sign").want(t, http.StatusOK).says(t, "10 lines are not decided yet")
	m.post(at+"/sign", "version", version(m.get(at))).want(t, http.StatusConflict)
	rows := m.get(at + "?view=flat").Find("tr[data-row] input[data-pick]")
	for i := range rows.Length() {
		id, _ := rows.Eq(i).Attr("value")
		m.post(at+"/decide", "items", id, "outcome", "keep").want(t, http.StatusSeeOther)
	}
	p := m.get(at+"/sign").want(t, http.StatusOK)
	p.says(t, "Moved on")
	m.post(at+"/sign", "version", version(p)).want(t, http.StatusSeeOther)
	m.get(at).want(t, http.StatusOK).says(t, "Signed off")
	m.post(at+"/undo", "items", vault).want(t, http.StatusConflict)
	w.carry()
	w.in(compliance, campaign.Verify)
	if s := w.text(`select state from campaign_removal`); s != "verified" {
		t.Errorf("the removal is %s", s)
	}
	report := w.as(compliance).get("/campaigns/"+c.PublicID+"/results").want(t, http.StatusOK)
	for _, text := range []string{"Counted once more from the readings", "=Moved on", "Verified", "Operation ", "reading "} {
		report.says(t, text)
	}
	file := w.as(auditor).get("/campaigns/"+c.PublicID+"/results.csv").want(t, http.StatusOK).body
	if n := strings.Count(file, ",'=Moved on,"); n != 1 || strings.Count(file, "\n") != c.Items+1 {
		t.Errorf("the file has %d lines for %d items, and %d that are no formula", strings.Count(file, "\n"), c.Items, n)
	}
	w.objects()
}

// objects lets two people object to what they are to lose: compliance keeps the one and removes the other, each once and with a reason.
func (w *world) objects() {
	t := w.t
	w.outOfBand("directory", "archive", employee)
	w.read("directory")
	archive := w.number(`select id from entitlement where name = 'archive'`)
	c := w.campaign(func(c *campaign.Campaign) {
		c.Title, c.Scope.People, c.Scope.Entitlements, c.Settings.Challenge, c.Settings.Comment = "Summer", w.only("1031", employee), []int{archive}, 3, "never"
	})
	at, m, home := w.reviewOf(c, manager), w.as(manager), "/campaigns/"+c.PublicID
	for _, number := range []string{"1031", employee} {
		m.post(at+"/decide", "items", w.item(c, number, "archive"), "outcome", "remove").want(t, http.StatusSeeOther)
	}
	m.post(at+"/sign", "version", version(m.get(at+"/sign"))).want(t, http.StatusSeeOther)
	w.in("1031", func(tx *db.Tx) error {
		return lifecycle.Campaigns.Challenge(tx, int64(w.number(`select item_id from campaign_removal where campaign_id = $1 and identity_id = $2`, c.ID, tx.Actor.Identity)), "I keep the archive")
	})
	s := w.as(employee)
	p := s.get("/me").want(t, http.StatusOK)
	p.says(t, "to be removed on")
	to, _ := p.Find(`#going a[href$="#object"]`).Attr("href")
	item := "/reviews/items/" + w.item(c, employee, "archive")
	if to != item+"#object" || s.get(item).Find(`form#object[action="`+item+`/object"]`).Length() != 1 {
		t.Fatalf("objecting leads to %q", to)
	}
	s.post(item+"/object", "body", "I keep the archive").want(t, http.StatusSeeOther)
	s.get("/me").want(t, http.StatusOK).says(t, "nothing is removed before it is decided")
	s.post(item+"/object", "body", "Once more").want(t, http.StatusConflict)
	keep, remove := home+"/objections/"+w.item(c, "1031", "archive")+"/keep", home+"/objections/"+w.item(c, employee, "archive")+"/remove"
	d := w.as(compliance)
	p = d.get(home).want(t, http.StatusOK)
	for _, to = range []string{keep, remove} {
		if p.Find(`#said a[href="`+to+`"]`).Length() != 1 {
			t.Errorf("nothing leads to %s", to)
		}
		if w.as(auditor).get(home).want(t, http.StatusOK).Find(`a[href="`+to+`"]`).Length() != 0 {
			t.Errorf("an auditor is led to %s", to)
		}
		d.get(to).want(t, http.StatusOK).says(t, "I keep the archive")
		d.post(to, "reason", " ").want(t, http.StatusBadRequest).says(t, "is required")
		m.post(to, "reason", "x").want(t, http.StatusForbidden)
		d.post(to, "reason", "There is =one archivist").want(t, http.StatusSeeOther)
		d.post(to, "reason", "x").want(t, http.StatusConflict)
	}
	if s := w.text(`select string_agg(state, ' ' order by item_id) from campaign_removal where campaign_id = $1`, c.ID); s != "kept waiting" && s != "waiting kept" {
		t.Errorf("the removals are %s", s)
	}
	s.get("/me").want(t, http.StatusOK).says(t, "Your objection is decided: There is =one archivist")
}
