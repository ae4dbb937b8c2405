package web_test

import (
	"net/http"
	"strings"
	"testing"

	"tenure/internal/audit"
	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	"tenure/internal/request"
)

// A manager narrows what somebody asked for to a lower level: at the target goes what the lower level does not give, and what it gives is not
// touched. A reading confirms it, the campaign closes, and whoever asks later is told.
func TestAReviewNarrowsWhatWasAskedFor(t *testing.T) {
	w := newWorld(t)
	w.post("directory", "archive")
	w.read("directory")
	w.declare(`{kind: Offer, name: safe, spec: {title: The safe, levels: [{name: look, title: Look into it, entitlements: [directory/archive]}, {name: open, title: Open it, entitlements: [directory/archive, directory/vault]}]}}
`)
	const who = "1030"
	w.program(who, "decide").json(http.MethodPost, "/api/v1/requests", `{"why":"I count the cash","items":[{"offer":"safe","level":"open"}]}`).answer(t, http.StatusCreated, nil)
	m := w.as(manager)
	for range w.number(`select count(*) from request_step`) { // the manager, and whoever owns the directory
		step := w.number(`select id from request_step where state = 'open'`)
		w.in(w.text(`select i.number from request_holder h join identity i on i.id = h.identity_id where h.step_id = $1 and h.until is null limit 1`, step), func(tx *db.Tx) error {
			_, err := lifecycle.Requests.Decide(tx, request.Answer{Step: step, Outcome: request.Approve, Via: "page"})
			return err
		})
	}
	w.carry()
	w.read("directory")
	if !w.members("vault")[who] || !w.members("archive")[who] {
		t.Fatalf("the target has %v and %v", w.members("vault"), w.members("archive"))
	}
	kept := w.number(`select r.id from reason r join entitlement e on e.id = r.entitlement_id where r.kind = 'request' and e.name = 'archive' and r.known_to = 'infinity'`)
	c := w.campaign(func(c *campaign.Campaign) { c.Scope.People, c.Settings.NoBatch = w.only(who), true })
	at, vault := w.reviewOf(c, manager), w.item(c, who, "vault")
	m.get(at).want(t, http.StatusOK).says(t, "Narrow")
	w.saysWhoApproved(m, at, vault)
	asks := m.get(at+"/decide?items="+vault+"&outcome=narrow").want(t, http.StatusOK)
	asks.says(t, "Look into it")
	asks.says(t, "takes away")
	m.post(at+"/decide", "items", vault, "outcome", "narrow", "level", "look").want(t, http.StatusBadRequest).says(t, "is required: why")
	for _, level := range []string{"", "open", "all"} {
		m.post(at+"/decide", "items", vault, "outcome", "narrow", "level", level, "comment", "x").want(t, http.StatusBadRequest).says(t, "must be a lower level")
	}
	m.post(at+"/decide", "items", vault, "outcome", "narrow", "level", "look", "comment", "Looking is enough").want(t, http.StatusSeeOther)
	m.get(at).want(t, http.StatusOK).says(t, "Narrow to “look”")
	m.post(at+"/undo", "items", vault).want(t, http.StatusSeeOther)
	if n := w.number(`select count(*) from campaign_decision`); n != 0 {
		t.Errorf("%d drafts are left of a line that was taken back", n)
	}
	m.post(at+"/decide", "items", vault, "outcome", "narrow", "level", "look", "comment", "Looking is enough").want(t, http.StatusSeeOther)
	rows := m.get(at + "?view=flat").Find("tr[data-row] input[data-pick]")
	for i := range rows.Length() {
		id, _ := rows.Eq(i).Attr("value")
		m.post(at+"/decide", "items", id, "outcome", "keep").want(t, http.StatusSeeOther)
	}
	sign := m.get(at+"/sign").want(t, http.StatusOK)
	sign.says(t, "narrowed to “look”")
	m.post(at+"/sign", "version", version(sign)).want(t, http.StatusSeeOther)
	w.signsRest(c)
	if s := w.text(`select r.state || ' ' || r.level || ' ' || (select count(*) from campaign_removal) from campaign_removal r`); s != "carried look 1" {
		t.Fatalf("the removal is %s", s)
	}
	if s := w.text(`select state from campaign where id = $1`, c.ID); s != "closing" {
		t.Errorf("before the target was read back the campaign is %s", s)
	}
	w.carry()
	w.read("directory")
	w.in(compliance, campaign.Verify)
	w.narrowed(c, who, kept)
}

// saysWhoApproved holds the line and the page of an item against who approved the request it rests on, and when: everybody who did, and nobody else.
func (w *world) saysWhoApproved(m *client, at, item string) {
	t := w.t
	t.Helper()
	want := "approved by " + w.text(`select string_agg(name, ' and ' order by at) from (select p.name, min(d.decided_at) at from request_decision d join identity p on p.id = d.decider_id where d.outcome = 'approve' group by 1) x`) +
		" on " + w.text(`select to_char(max(decided_at) at time zone 'UTC', 'FMDD FMMonth YYYY') from request_decision`)
	if n := w.number(`select count(distinct decider_id) from request_decision`); n < 2 {
		t.Errorf("%d people approved, want more than one", n)
	}
	for _, path := range []string{at, "/reviews/items/" + item} {
		m.get(path).want(t, http.StatusOK).says(t, want)
	}
}

// signsRest acknowledges and signs what is asked of others.
func (w *world) signsRest(c *campaign.Campaign) {
	w.t.Helper()
	var open []*campaign.Review
	w.do(db.System, func(tx *db.Tx) error {
		all, err := campaign.Reviews(tx, c.ID)
		for _, v := range all {
			if v.State == campaign.Reviewed {
				open = append(open, v)
			}
		}
		return err
	})
	for _, v := range open {
		w.in(w.text(`select number from identity where id = $1`, v.Reviewer), func(tx *db.Tx) error {
			rules, err := campaign.Rules(tx, v.ID)
			if err != nil {
				return err
			}
			for _, x := range rules {
				if _, err := lifecycle.Campaigns.Acknowledge(tx, v.ID, x.Unit, campaign.Keep, ""); err != nil {
					return err
				}
			}
			_, err = lifecycle.Campaigns.SignOff(tx, v.ID, 0)
			return err
		})
	}
}

// narrowed holds what must be true when somebody's request is narrowed and read back. kept is the reason for what stays.
func (w *world) narrowed(c *campaign.Campaign, who string, kept int) {
	t := w.t
	t.Helper()
	if s := w.text(`select state || ' ' || (verified_by is not null) from campaign_removal`); s != "verified true" {
		t.Errorf("the removal is %s", s)
	}
	if s := w.text(`select state from campaign where id = $1`, c.ID); s != "closed" {
		t.Errorf("the campaign is %s", s)
	}
	if w.members("vault")[who] || !w.members("archive")[who] {
		t.Errorf("the target has %v and %v", w.members("vault"), w.members("archive"))
	}
	if n := w.number(`select count(*) from operation o join entitlement e on e.id = o.entitlement_id where o.kind = 'revoke' and e.name = 'archive'`); n != 0 {
		t.Errorf("what stays was taken away %d times", n)
	}
	if n := w.number(`select count(*) from reason where id = $1 and known_to = 'infinity' and valid_to > now()`, kept); n != 1 {
		t.Error("the reason for what stays is not the one of before")
	}
	if s := w.text(`select state || ' ' || level from request_item`); s != "granted look" {
		t.Errorf("the request is %s", s)
	}
	report := w.as(compliance).get("/campaigns/"+c.PublicID+"/results").want(t, http.StatusOK)
	report.says(t, "narrowed to “look”")
	if file := w.as(compliance).get("/campaigns/"+c.PublicID+"/results.csv").want(t, http.StatusOK).body; !strings.Contains(file, ",narrow,look,") || !strings.Contains(file, ",keep,look,") {
		t.Errorf("the file is %s", file)
	}
	w.as(auditor).get("/evidence/sheets/i"+w.item(c, who, "vault")).want(t, http.StatusOK).says(t, "narrow to the level look")
	w.signed(who).get("/requests/"+w.text(`select public_id::text from request`)).want(t, http.StatusOK).says(t, "Narrowed to this level: review")
	w.do(db.System, func(tx *db.Tx) error {
		pol, err := policy.Load(tx)
		if err != nil {
			return err
		}
		all, err := audit.ReasonsByID(tx, pol, []int64{int64(kept)})
		if text := all[int64(kept)].Text; !strings.Contains(text, "narrowed to the level look by review") {
			t.Errorf("it is explained as %q", text)
		}
		return err
	})
	if n := w.number(`select count(*) from event where kind = 'request.narrowed'`); n != 1 {
		t.Errorf("%d events say so", n)
	}
}
