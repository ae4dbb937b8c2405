package web_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tenure/templates/lang"
)

// A scope is counted while it is written, by a button: nothing is stored, and what was typed stays.
func TestAScopeIsCountedWhileItIsWritten(t *testing.T) {
	w := newWorld(t)
	c := w.as(compliance)
	w.read("directory")
	const held = ` from observed o join account a on a.id = o.account_id and a.kind = 'person' join application p on p.id = a.application_id and p.name = 'directory' join account_link l on l.account_id = a.id and l.known_to = 'infinity' where o.seen_to is null`
	manager := w.text(`select m.number from identity_entry e join identity m on m.id = e.manager_id where e.identity_id in (select l.identity_id` + held + `) group by 1 having count(*) > 1 order by count(*) desc, 1 limit 1`)
	below := w.number(`with recursive down(id) as (select e.identity_id from identity_entry e join identity m on m.id = e.manager_id where m.number = '` + manager + `'
		union select e.identity_id from down d join identity_entry e on e.manager_id = d.id) select count(*)` + held + ` and l.identity_id in (select id from down)`)
	all := w.number(`select count(*)` + held)
	before := w.number(`select count(*) from campaign`) + w.number(`select count(*) from event where kind like 'campaign.%'`)
	for name, x := range map[string]struct {
		want int
		more []string
	}{"all": {all, nil}, "below": {below, []string{"below", manager}}} {
		p := c.post("/campaigns", campaignOf("", append([]string{"do", "count", "applications", "directory", "budget", "1", "about", "what was typed"}, x.more...)...)...).want(t, http.StatusOK)
		got := p.Find("#count #counted").Text()
		if x.want < 2 || !strings.Contains(got, lang.From(t.Context()).Plural(x.want, "item", "items")+" of ") {
			t.Errorf("%s: %d items are counted as %s", name, x.want, got)
		}
		if p.Find(`#f-about`).Text() != "what was typed" || !p.Find(`input[name="applications"][value="directory"]`).Is("[checked]") {
			t.Errorf("%s: what was typed is gone", name)
		}
		if !strings.Contains(got, "which the budget of 1 splits into") || p.Find(`#counted a[href="#f-budget"]`).Length() != 1 || p.Find(`#counted a[href="#f-by1"]`).Length() != 1 || p.Find("#f-budget, #f-by1").Length() != 2 {
			t.Errorf("%s: what splits it, and how to change that, is not said: %s", name, got)
		}
	}
	if below >= all {
		t.Fatalf("%d of %d are below %s: the test shows nothing", below, all, manager)
	}
	p := c.post("/campaigns", campaignOf("", "do", "count", "below", "Zebedee")...).want(t, http.StatusOK)
	if !strings.Contains(p.Find("#counted").Text(), "Nothing can be counted yet: Zebedee names nobody") || p.Find(`[id="f-below"]`).Closest(".t-field").Find(".t-fault").Length() != 1 {
		t.Errorf("what cannot be read is counted: %s", p.Find("#counted").Text())
	}
	c.post("/campaigns", campaignOf("", "do", "count", "days", "0")...).want(t, http.StatusOK).says(t, "must be 1 to 180 days")
	w.as(auditor).post("/campaigns", campaignOf("", "do", "count")...).want(t, http.StatusForbidden)
	if n := w.number(`select count(*) from campaign`) + w.number(`select count(*) from event where kind like 'campaign.%'`); n != before {
		t.Errorf("counting stored %d rows", n-before)
	}

	at := w.built("The branch", "below", manager)
	c.get(at).want(t, http.StatusOK).says(t, "of everybody below "+w.text(`select name from identity where number = '`+manager+`'`)+", at every level")
	if got := c.get(at+"/edit").want(t, http.StatusOK).Find("#f-below").Text(); got != manager {
		t.Errorf("the form says %q of who is below %s", got, manager)
	}
	// Counting a draft keeps the version that was read: whoever changes it meanwhile is not overwritten.
	c.post(at+"/edit", campaignOf("The branch, changed", "version", "1", "below", manager)...).want(t, http.StatusSeeOther)
	if v, _ := c.post(at+"/edit", campaignOf("The branch", "version", "1", "do", "count", "below", manager)...).want(t, http.StatusOK).Find(`input[name="version"]`).Attr("value"); v != "1" {
		t.Errorf("counting an old form gives version %s", v)
	}
}

// A form takes as many stages as a campaign may have, one by one, and keeps all of them.
func TestStagesAreAdded(t *testing.T) {
	w := newWorld(t)
	c := w.as(compliance)
	number := w.text(`select number from identity where number is not null order by id limit 1`)
	stages := func(p page) (n int) {
		for i := 1; i <= 5; i++ {
			n += p.Find("#f-by" + strconv.Itoa(i)).Length()
		}
		return n
	}
	more := []string{"by2", "compliance", "otherwise2", "campaign_owner"}
	for want := 3; want <= 4; want++ {
		p := c.post("/campaigns", campaignOf("Four eyes twice", append([]string{"do", "stage"}, more...)...)...).want(t, http.StatusOK)
		if got := stages(p); got != want || (p.Find(`button[name="do"][value="stage"]`).Length() == 1) != (want < 4) {
			t.Fatalf("%d stages are asked for, want %d", got, want)
		}
		n := strconv.Itoa(want)
		more = append(more, "by"+n, "named", "named"+n, number, "otherwise"+n, "manager")
	}
	if n := w.number(`select count(*) from campaign`); n != 0 {
		t.Fatal("to add a stage stores a campaign")
	}
	at := w.built("Four eyes twice", more...)
	p := c.get(at+"/edit").want(t, http.StatusOK)
	named, _ := p.Find("#f-named4").Attr("value")
	if stages(p) != 4 || named != number || w.number(`select jsonb_array_length(stages) from campaign`) != 4 {
		t.Errorf("%d of 4 stages are kept, the last with %q", stages(p), named)
	}
}
