package web_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/templates/lang"
)

// campaignOf is what the form of a campaign sends when everything is said.
func campaignOf(title string, more ...string) []string {
	form := []string{"title", title, "kind", "once", "by1", "owner", "otherwise1", "compliance", "by2", "", "days", "14", "budget", "5", "wave_days", "7", "unanswered", "owner", "comment", "removals", "challenge", "0", "sample", "5", "pace", "3"}
	for i := 0; i+1 < len(more); i += 2 {
		if at := slices.Index(form, more[i]); at >= 0 && at%2 == 0 {
			form[at+1] = more[i+1]
		} else {
			form = append(form, more[i], more[i+1])
		}
	}
	return form
}

// built makes a draft and gives its address.
func (w *world) built(title string, more ...string) string {
	w.t.Helper()
	to := w.as(compliance).post("/campaigns", campaignOf(title, more...)...).want(w.t, http.StatusSeeOther).to
	if !strings.HasPrefix(to, "/campaigns/") {
		w.t.Fatalf("built, it leads to %s", to)
	}
	return to
}

// campaign is a draft, which compliance and auditors see.
func (th *belongings) campaign() {
	at := th.w.built("Campaign for Nr1003 alone")
	x := thing{map[string]string{"ref": at[strings.LastIndex(at, "/")+1:]}, "Campaign for", "compliance auditor administrator"}
	for _, act := range []string{"", "/edit", "/start", "/stop", "/release", "/discard"} {
		th.put(x, "/campaigns/:ref"+act)
	}
}

// A campaign is built, looked at, started and stopped by compliance; auditors look, others do not.
func TestACampaignIsBuiltLookedAtStartedAndStopped(t *testing.T) {
	w := newWorld(t)
	c, reads := w.as(compliance), w.as(auditor)
	w.read("directory")
	c.get("/campaigns").want(t, http.StatusOK).says(t, "No access was reviewed yet")
	for _, who := range []string{employee, itPerson, hrPerson} {
		w.as(who).get("/campaigns").want(t, http.StatusForbidden)
		w.as(who).post("/campaigns", campaignOf("x")...).want(t, http.StatusForbidden)
	}
	reads.post("/campaigns", campaignOf("x")...).want(t, http.StatusForbidden)

	p := c.post("/campaigns", campaignOf(" ", "budget", "0", "days", "many", "people", "1030\nZebedee", "applications", "nothing", "departments", "Atlantis", "by1", "named", "dormant", "-1")...).want(t, http.StatusBadRequest)
	for field, says := range map[string]string{"people": "Zebedee names nobody", "applications": "There is no application nothing.", "departments": "Nobody has Atlantis.", "named1": "Say who is asked.", "dormant": "Write a number of days"} {
		if got := p.Find(`[id="f-` + field + `"]`).Closest(".t-field").Find(".t-fault").Text(); !strings.Contains(got, says) {
			t.Errorf("%s says %q", field, got)
		}
	}
	p = c.post("/campaigns", campaignOf(" ", "budget", "0", "days", "many", "kind", "recurring")...).want(t, http.StatusBadRequest)
	for field, says := range map[string]string{"title": "The title is required", "budget": "must be 1 to 1000 decisions", "days": "must be 1 to 180 days", "months": "says how often it recurs"} {
		if got := p.Find(`[id="f-` + field + `"]`).Closest(".t-field").Find(".t-fault").Text(); !strings.Contains(got, says) {
			t.Errorf("%s says %q", field, got)
		}
	}
	if n := w.number(`select count(*) from campaign`); n != 0 {
		t.Fatalf("%d campaigns were built of nonsense", n)
	}

	at := w.built("The directory", "applications", "directory", "by2", "compliance", "otherwise2", "campaign_owner")
	p = c.get(at).want(t, http.StatusOK)
	p.says(t, "All access of everybody, in Company directory.")
	p.says(t, "the owner of the entitlement or application, otherwise compliance")
	items := w.number(`select count(*) from observed o join account a on a.id = o.account_id join application p on p.id = a.application_id join account_link l on l.account_id = a.id and l.known_to = 'infinity' where p.name = 'directory' and o.seen_to is null and a.kind = 'person'`)
	if items == 0 || !strings.Contains(p.Find(".t-figures").Text(), lang.From(t.Context()).Int(items)) {
		t.Errorf("the page does not count %d items: %s", items, p.Find(".t-figures").Text())
	}
	as, _ := p.Find("#reviewers td a").First().Attr("href")
	look, err := url.Parse(as)
	w.must(err)
	if p := c.get(look.Path+"?"+look.RawQuery).want(t, http.StatusOK); p.Find("#as tbody tr, #as li").Length() == 0 {
		t.Error("looking as a reviewer shows nothing")
	}
	if n := w.number(`select count(*) from campaign_item`) + w.number(`select count(*) from campaign_review`); n != 0 {
		t.Errorf("the preview left %d rows", n)
	}
	reads.get(at+"/results").want(t, http.StatusNotFound)
	reads.get(at+"/results.csv").want(t, http.StatusNotFound)
	if reads.get(at).want(t, http.StatusOK).Find(`form[action$="/start"], a[href$="/stop"], a[href$="/edit"]`).Length() != 0 {
		t.Error("an auditor is offered to start, stop or change it")
	}

	p = c.get(at+"/edit").want(t, http.StatusOK)
	if !p.Find(`input[name="applications"][value="directory"]`).Is("[checked]") {
		t.Error("the form has forgotten the application")
	}
	c.post(at+"/edit", campaignOf("The directory and more", "version", "1", "applications", "directory", "only", "privileged", "dormant", "3000")...).want(t, http.StatusSeeOther)
	c.post(at+"/edit", campaignOf("Somebody else's", "version", "1")...).want(t, http.StatusConflict)
	c.get(at).want(t, http.StatusOK).says(t, "only what is privileged or of high risk")
	c.post(at+"/start", "version", "2").want(t, http.StatusConflict).says(t, "Nothing is in the scope")
	c.post(at+"/edit", campaignOf("The directory", "version", "2", "applications", "directory")...).want(t, http.StatusSeeOther)
	c.post(at+"/start", "version", "2").want(t, http.StatusConflict)
	reads.post(at+"/start", "version", "3").want(t, http.StatusForbidden)
	if s := w.text(`select state from campaign`); s != "draft" {
		t.Fatalf("it is %s", s)
	}
	c.post(at+"/start", "version", "3").want(t, http.StatusSeeOther)
	if n := w.number(`select count(*) from campaign_item`); n != items {
		t.Errorf("%d items were started, %d were shown", n, items)
	}
	p = reads.get(at).want(t, http.StatusOK)
	p.says(t, "are left to decide")
	if open := w.number(`select count(*) from campaign_review`); p.Find("#open tbody tr").Length() != open || open == 0 {
		t.Errorf("the page has %d of %d open reviews", p.Find("#open tbody tr").Length(), open)
	}
	reads.get(at+"/results").want(t, http.StatusOK).says(t, "The population is complete")
	w.as(employee).get(at+"/results").want(t, http.StatusForbidden)
	if lines := strings.Count(reads.get(at+"/results.csv").want(t, http.StatusOK).body, "\n"); lines != items+1 {
		t.Errorf("the file has %d lines for %d items", lines, items)
	}
	conn := w.owner()
	for _, sql := range []string{`set session_replication_role = replica`, `delete from campaign_item where id = (select min(id) from campaign_item)`} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	reads.get(at+"/results").want(t, http.StatusOK).says(t, "The population is not what it was")
	c.get(at+"/edit").want(t, http.StatusConflict)
	c.get("/campaigns").want(t, http.StatusOK).says(t, "Being decided")

	c.get(at+"/stop").want(t, http.StatusOK).says(t, "What is signed off stays decided")
	c.post(at+"/stop", "reason", " ").want(t, http.StatusBadRequest).says(t, "is required")
	reads.post(at+"/stop", "reason", "x").want(t, http.StatusForbidden)
	c.post(at+"/stop", "reason", "It was the wrong one").want(t, http.StatusSeeOther)
	c.get(at+"/stop").want(t, http.StatusConflict)
	if s := w.text(`select state from campaign`); s != "cancelled" {
		t.Errorf("it is %s", s)
	}
}

// An event opens reviews by itself from when it is switched on.
func TestEventsAreSwitched(t *testing.T) {
	w := newWorld(t)
	c := w.as(compliance)
	w.as(auditor).post("/campaigns/events", "event", "unused", "active", "on", "days", "30").want(t, http.StatusForbidden)
	c.post("/campaigns/events", "event", "unused", "active", "on", "days", "0").want(t, http.StatusBadRequest).says(t, "must be 1 to 3650")
	c.post("/campaigns/events", "event", "flood", "active", "on", "days", "30").want(t, http.StatusNotFound)
	c.post("/campaigns/events", "event", "unused", "active", "on", "days", "30").want(t, http.StatusSeeOther)
	c.get("/campaigns").want(t, http.StatusOK).says(t, "after 30 days")
	c.post("/campaigns/events", "event", "unused", "active", "off", "days", "30").want(t, http.StatusSeeOther)
	if n := w.number(`select count(*) from campaign_event where event = 'unused' and not active and days = 30`); n != 1 {
		t.Error("it is not switched off")
	}
}

// What HR says opens the reviews that are wanted: of who moved, and of who has another manager; of nobody else.
func TestWhatHRSaysOpensReviews(t *testing.T) {
	w := newWorld(t)
	asked := func() (out map[string]int) {
		out = map[string]int{}
		rows, err := w.app.DB.Pool.Query(t.Context(), `select args->>'event', i.number from river_job j, jsonb_array_elements_text(args->'people') p join identity i on i.id = p::int where j.kind = 'lifecycle.event_review'`)
		w.must(err)
		var event, number string
		_, err = pgx.ForEachRow(rows, []any{&event, &number}, func() error { out[event+" "+number]++; return nil })
		w.must(err)
		return out
	}
	w.says("1031", "Manager", owner)
	if got := asked(); len(got) != 0 {
		t.Fatalf("another manager opens a review that nobody wants: %v", got)
	}
	w.do(db.System, func(tx *db.Tx) error {
		return campaign.SetEvent(tx, campaign.EventRule{Event: campaign.OnManager, Active: true, Days: 90})
	})
	w.says("1032", "Manager", owner)
	w.says("1030", "Department", "Finance")
	w.rename("1032", "Another", "Nr1032")
	if got := asked(); len(got) != 2 || got["manager 1032"] != 1 || got["move 1030"] != 1 {
		t.Fatalf("reviews are asked for: %v", got)
	}
}

// With the real workers a move by HR opens its review within a minute, and it holds what the new job does not give and nothing else.
func TestAMoveOpensItsReviewWithinAMinute(t *testing.T) {
	w := newWorld(t)
	w.post("directory", "archive")
	w.outOfBand("directory", "archive", "1015") // of Finance, which gives the vault
	w.outOfBand("directory", "archive", "1016")
	w.read("directory")
	ctx, stop := context.WithCancel(t.Context())
	worked := make(chan error, 1)
	w.app.Config.Workers = 2
	go func() { _, err := w.app.Work(ctx, false); worked <- err }()
	w.says("1015", "Department", "Sales")
	minute, tick := time.After(time.Minute), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for w.number(`select count(*) from campaign where event = 'move' and state = 'open'`) == 0 {
		select {
		case <-tick.C:
		case <-minute:
			t.Fatal("a minute after the move there is no review of it")
		}
	}
	stop()
	if err := <-worked; err != nil {
		t.Error(err)
	}
	got := w.text(`select string_agg(distinct i.number || ' ' || e.name, ', ' order by i.number || ' ' || e.name) from campaign_item x join entitlement e on e.id = x.entitlement_id left join identity i on i.id = x.identity_id`)
	if !strings.Contains(got, "1015 archive") || strings.Contains(got, "staff") || strings.Contains(got, "1016") {
		t.Errorf("the review holds %s", got)
	}
	if n := w.number(`select count(*) from campaign_item x join reason r on r.identity_id = x.identity_id and r.entitlement_id = x.entitlement_id and r.kind = 'birthright' and r.known_to = 'infinity' and r.valid_to > clock_timestamp()`); n != 0 {
		t.Errorf("%d items are given by the new job", n)
	}
	w.as(manager).get("/reviews").want(t, http.StatusOK).says(t, "Access after a move")
}
