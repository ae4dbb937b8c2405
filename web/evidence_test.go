package web_test

import (
	"cmp"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tenure/internal/audit/control"
	"tenure/internal/audit/trail"
	"tenure/internal/campaign"
	"tenure/internal/db"
)

// seal gives every event its number in the log.
func (w *world) seal() {
	w.t.Helper()
	if w.app.Sealer == nil {
		w.app.Sealer = &trail.Sealer{DB: w.app.DB, File: filepath.Join(w.t.TempDir(), "log.key")}
	}
	_, _, err := w.app.Sealer.Seal(w.t.Context())
	w.must(err)
}

// lived lets something of everything happen to a world: a joiner, a mover, leavers, a request, a campaign.
func (w *world) lived() {
	w.t.Helper()
	hr := w.as(hrPerson)
	hr.post("/demo/hr/hire", "first", "Ada", "last", "Brandt", "department", "Finance", "title", "Controller", "start", "2026-01-01").want(w.t, http.StatusSeeOther)
	hr.post("/demo/hr/1030/move", "department", "Finance", "title", "Controller").want(w.t, http.StatusSeeOther)
	hr.post("/demo/hr/1031/end", "end", "2025-01-01").want(w.t, http.StatusSeeOther)
	hr.post("/demo/hr/send").want(w.t, http.StatusSeeOther)
	w.as(compliance).post(personOf(w, "1033")+"/terminate", "reason", "Found selling the keys").want(w.t, http.StatusSeeOther)
	w.declare(offered)
	w.program("1025", "decide").json(http.MethodPost, "/api/v1/requests", `{"why":"The audit asks","items":[{"offer":"books"}]}`).answer(w.t, http.StatusCreated, nil)
	w.as(manager).post("/steps/"+strconv.Itoa(w.number(`select max(id) from request_step`))+"/decide", "outcome", "approve", "reason", "It is right").want(w.t, http.StatusSeeOther)
	w.outOfBand("directory", "vault", "1034")
	w.carry()
	w.read("directory")
	w.campaign(func(c *campaign.Campaign) {
		c.Title, c.Scope.People = "Sales, this quarter", w.only("1034", "1035", "1036")
	})
	w.seal()
}

// span is the present quarter.
func (w *world) span(fn func(*db.Tx, control.Span) error) {
	w.t.Helper()
	w.must(w.app.DB.Read(w.t.Context(), func(tx *db.Tx) error {
		first, last := control.Quarter(tx.Now)
		s, err := control.NewSpan(tx, first, last.AddDate(0, 0, 1))
		if err != nil {
			return err
		}
		return fn(tx, s)
	}))
}

func (w *world) counts(key string) (c control.Counts) {
	w.t.Helper()
	w.span(func(tx *db.Tx, s control.Span) error {
		p, err := control.PopulationOf(key)
		if err == nil {
			c, err = p.Count(tx, s)
		}
		return err
	})
	return c
}

// Every population holds what happened, as many as the source counts in its own way. What somebody does behind Tenure's back shows as a
// difference.
func TestPopulationsAreCountedTwice(t *testing.T) {
	w := newWorld(t)
	w.lived()
	for key, want := range map[string]int{control.Joiners: 1, control.Movers: 1, control.Leavers: 2, control.Requests: 1, control.Reviews: w.number(`select items from campaign`), control.Exceptions: 0, control.PrivilegedUse: 0,
		control.Violations: w.number(`select count(*) from violation`), control.PolicyChanges: w.number(`select max(id) from policy_version`), control.Removals: w.number(`select count(*) from operation where kind in ('disable', 'revoke')`), control.Orphans: 0} {
		if c := w.counts(key); c.Listed != want || c.AtSource != want {
			t.Errorf("%s: %d listed, %d at the source, want %d", key, c.Listed, c.AtSource, want)
		}
	}
	// The vault was given to 1034 at the target itself: nothing gives a reason for it.
	if c := w.counts(control.Privileged); c.AtSource != c.Listed+1 {
		t.Errorf("privileged: %d listed, %d at the targets, want one more there", c.Listed, c.AtSource)
	}
	w.span(func(tx *db.Tx, s control.Span) error {
		for i := range control.Populations {
			p := &control.Populations[i]
			all, err := p.List(tx, s, nil, false, 1000)
			if err != nil {
				return err
			}
			for _, x := range all {
				if len(x.Cells) != len(p.Columns) {
					t.Errorf("%s: %s has %d cells for %d columns", p.Key, x.ID, len(x.Cells), len(p.Columns))
				}
				if _, err := control.SheetOf(tx, x.ID); err != nil {
					t.Errorf("the sheet of %s of %s: %v", x.ID, p.Key, err)
				}
			}
		}
		return nil
	})
	w.must(beside(w, `update employment_version set attrs = attrs || '{"title": "Thief"}', valid_from = now() - interval '1 minute' where id = (select max(v.id) from employment_version v join identity i on i.id = v.identity_id
		where i.number = '1040'); insert into employment_version (employment_id, identity_id, status, first_day, zone, starts_at, attrs, valid_from, valid_to, known_from) select employment_id, identity_id, status, first_day, zone, starts_at,
		attrs || '{"title": "Seller"}', starts_at, valid_from, known_from from employment_version where id = (select max(v.id) from employment_version v join identity i on i.id = v.identity_id where i.number = '1040')`))
	if c := w.counts(control.Movers); c.Listed != 1 || c.AtSource != 2 {
		t.Errorf("a move that was written into the table: %d listed, %d at the source", c.Listed, c.AtSource)
	}
	w.as(auditor).get("/evidence/controls/nist-ps-5/movers").want(t, http.StatusOK).says(t, "The two counts differ by 1")
}

// Page by page, forwards and backwards, a list is what it is as a whole: also where one name begins like another.
func TestPagesOfAPopulation(t *testing.T) {
	w := newWorld(t)
	for i, name := range []string{"Ann", "Ann (agency)", "ann lee", "Ann", "Ann 2"} {
		w.must(beside(w, fmt.Sprintf(`update identity set name = '%s' where id = (select min(r.identity_id) from reason r join identity i on i.id = r.identity_id where r.known_to = 'infinity' and r.state = 'live'
			and not (lower(i.name) like 'ann%%') and %d >= 0)`, name, i)))
	}
	w.span(func(tx *db.Tx, s control.Span) error {
		for _, key := range []string{control.Access, control.AccessByApplication, control.Privileged, control.Joiners} {
			p, err := control.PopulationOf(key)
			if err != nil {
				return err
			}
			var whole []string
			if err := p.Each(tx, s, func(x control.Item) error { whole = append(whole, x.ID); return nil }); err != nil {
				return err
			}
			for _, back := range []bool{false, true} {
				var paged []string
				var at *control.Place
				if back {
					at = &control.Place{Order: "\U0010ffff\t\U0010ffff\t2147483647\t\U0010ffff", ID: "z"}
					if key == control.Access {
						at.Order = "\U0010ffff\t2147483647\t\U0010ffff"
					}
				}
				for {
					all, err := p.List(tx, s, at, back, 3)
					if err != nil {
						return err
					}
					for i := range all {
						paged = append(paged, all[i].ID)
						at = &control.Place{Order: all[i].Order, ID: all[i].ID}
					}
					if len(all) < 3 {
						break
					}
				}
				if back {
					slices.Reverse(paged)
				}
				if len(whole) < 3 && key != control.Joiners || !slices.Equal(whole, paged) {
					t.Errorf("%s, back %v: %d in pages, %d as a whole\n%v\n%v", key, back, len(paged), len(whole), paged, whole)
				}
			}
		}
		return nil
	})
}

// What a seed draws is what anybody computes from the list, and drawing again is the same sample.
func TestASampleIsDrawnByItsSeed(t *testing.T) {
	w := newWorld(t)
	c := w.as(auditor)
	at := "/evidence/controls/soc2-cc6.1/access"
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(c.get(at+"?export=csv").want(t, http.StatusOK).body, "\ufeff"))).ReadAll()
	w.must(err)
	var ids []string
	for _, r := range rows[1:] {
		ids = append(ids, r[0])
	}
	if len(ids) < 60 {
		t.Fatalf("%d grants", len(ids))
	}
	seed := "ünïcode and a dice"
	slices.SortFunc(ids, func(a, b string) int {
		x, y := sha256.Sum256([]byte(seed+"\x00"+a)), sha256.Sum256([]byte(seed+"\x00"+b))
		return slices.Compare(x[:], y[:])
	})
	first, last := control.Quarter(time.Now())
	form := func(seed, size string) []string {
		return []string{"from", first.Format(time.DateOnly), "to", last.Format(time.DateOnly), "seed", seed, "size", size}
	}
	c.post(at+"/draw", form(seed, "0")...).want(t, http.StatusBadRequest).says(t, "must be from 1 to 500")
	c.post(at+"/draw", form("", "5")...).want(t, http.StatusBadRequest).says(t, "must be a line of text")
	c.post(at+"/draw", "from", "yesterday", "to", "", "seed", "x", "size", "5").want(t, http.StatusBadRequest)
	c.post("/evidence/controls/soc2-cc6.1/leavers/draw", form(seed, "5")...).want(t, http.StatusNotFound)
	to := c.post(at+"/draw", form(seed, "25")...).want(t, http.StatusSeeOther).to
	p := c.get(to).want(t, http.StatusOK)
	p.says(t, "Drawn again, it is the same")
	var drawn []string
	p.Find("#items tbody th").Each(func(_ int, s *goquery.Selection) { drawn = append(drawn, strings.TrimSpace(s.Text())) })
	if !slices.Equal(drawn, ids[:25]) {
		t.Errorf("drawn are %v, the seed draws %v", drawn, ids[:25])
	}
	if again := c.post(at+"/draw", form(seed, "25")...).want(t, http.StatusSeeOther).to; again != to {
		t.Error("asked twice, it is another sample")
	}
	if n := w.number(`select count(*) from event where kind = 'evidence.sampled'`); n != 1 {
		t.Errorf("%d events about it, want 1", n)
	}
	if other := c.post(at+"/draw", form("another", "25")...).want(t, http.StatusSeeOther).to; cmp.Or(strings.TrimSpace(c.get(other).want(t, http.StatusOK).Find("#items tbody th").First().Text()), drawn[0]) == drawn[0] {
		t.Error("another seed draws the same first item")
	}
	w.must(beside(w, `update reason set known_to = clock_timestamp() where id = `+strings.TrimPrefix(drawn[0], "g")))
	p = c.get(to).want(t, http.StatusOK)
	p.says(t, "Drawn again today, it would be another")
	p.says(t, "1 item is not in the population any more")
}

// The certificate of a leaver lists their account with when it was disabled and verified, by which reading and which event; while something is
// open, it says so.
func TestSheets(t *testing.T) {
	w := newWorld(t)
	w.lived()
	c := w.as(auditor)
	sheet := func(kind, number string) page {
		return c.get("/evidence/sheets/e"+strconv.Itoa(w.number(`select max(e.id) from event e join identity i on i.id = e.identity_id where e.kind = $1 and i.number = $2`, kind, number))).want(t, http.StatusOK)
	}
	p := sheet("person.left", "1031")
	p.says(t, "Leaver certificate: Person Nr1031")
	p.says(t, "Nothing is open")
	p.says(t, "From the HR event to the last verification")
	line := p.Find("#part-1 tbody tr").First().Text()
	if !strings.Contains(line, "person.nr1031.1031") || !strings.Contains(line, "disabled") || !strings.Contains(line, ", begun ") || !strings.Contains(line, "#") {
		t.Errorf("the account's line says %q", line)
	}
	w.must(beside(w, `update account_seen set enabled = true where name = 'person.nr1031.1031'`))
	p = sheet("person.left", "1031")
	p.says(t, "the account person.nr1031.1031 in Company directory is enabled")
	p.says(t, "Not at zero yet")
	p = sheet("person.joined", "1061")
	p.says(t, "Joiner: readiness on day one")
	p.says(t, "Not yet: 2 of 5 changes are not verified") // what is proposed at the ledger waits for somebody
	p = sheet("person.moved", "1030")
	p.says(t, "Mover: keeps, gains, loses")
	if gains := p.Find("section").FilterFunction(func(_ int, s *goquery.Selection) bool { return s.Find("h2").Text() == "Gains" }).Text(); !strings.Contains(gains, "Vault") {
		t.Errorf("gained is %q", gains)
	}
	p = c.get("/evidence/sheets/r"+strconv.Itoa(w.number(`select max(id) from request_item`))).want(t, http.StatusOK)
	p.says(t, "The audit asks")
	p.says(t, "It is right")
	for _, none := range []string{"e999999", "e1", "r0", "r01", "x", "q1", "g21474836472147483647", "e-1"} {
		c.get("/evidence/sheets/"+none).want(t, http.StatusNotFound)
	}
}

// Time limits are set by compliance, with an event, and count at once.
func TestTimeLimits(t *testing.T) {
	w := newWorld(t)
	w.lived()
	c := w.as(compliance)
	w.as(auditor).post("/evidence/limits", "limit", "leaver_disabled", "hours", "1").want(t, http.StatusForbidden)
	c.post("/evidence/limits", "limit", "leaver_disabled", "hours", "0").want(t, http.StatusBadRequest).says(t, "must be from 1 to 87600")
	c.post("/evidence/limits", "limit", "nothing", "hours", "5").want(t, http.StatusNotFound)
	kept := func() string {
		return c.get("/evidence/controls/nist-ps-4").want(t, http.StatusOK).Find("#attained tbody tr").FilterFunction(func(_ int, s *goquery.Selection) bool {
			return strings.Contains(s.Find("th").Text(), "Leaver without access")
		}).Text()
	}
	if got := kept(); !strings.Contains(got, "0 of 1") { // the last day of work was a long time before HR said so
		t.Errorf("with 24 hours: %q", got)
	}
	c.post("/evidence/limits", "limit", "leaver_disabled", "hours", "87600").want(t, http.StatusSeeOther)
	if got := kept(); !strings.Contains(got, "1 of 1") {
		t.Errorf("with ten years: %q", got)
	}
	if n := w.number(`select count(*) from event where kind = 'control.limit_set'`); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

// An auditor may be one until a day: then it ends by itself. What they open until then is in the log, without what they searched for.
func TestAnAuditorForATime(t *testing.T) {
	w := newWorld(t)
	admin, day := w.as(administrator), time.Now().UTC().AddDate(0, 0, 3).Format(time.DateOnly)
	admin.post("/portal/roles/give", "person", "1040", "role", "auditor", "reason", "The audit of 2026", "until", "2020-01-01").want(t, http.StatusBadRequest).says(t, "must be a day that is not over")
	admin.post("/portal/roles/give", "person", "1040", "role", "compliance", "reason", "x", "until", day).want(t, http.StatusBadRequest).says(t, "is for auditors only")
	admin.post("/portal/roles/give", "person", "1040", "role", "auditor", "reason", "The audit of 2026", "until", day).want(t, http.StatusSeeOther)
	c := w.as("1040")
	c.get("/evidence").want(t, http.StatusOK)
	c.get("/people?q=Nr1031").want(t, http.StatusOK)
	c.get(personOf(w, "1031")).want(t, http.StatusOK)
	w.as(compliance).get("/evidence").want(t, http.StatusOK)
	p := w.as(compliance).get("/evidence/opened").want(t, http.StatusOK)
	p.says(t, "Person Nr1040")
	p.says(t, personOf(w, "1031"))
	if strings.Contains(p.Find("main").Text(), "Nr1031") || strings.Contains(p.Find("main").Text(), "Nr1003") {
		t.Error("it shows what was searched for, or what compliance opened")
	}
	if n := w.number(`select count(*) from event where kind = 'evidence.opened' and convert_from(leaf, 'UTF8') like '%Nr1031%'`); n != 0 {
		t.Error("the log holds what was searched for")
	}
	w.must(beside(w, `update portal_role set until = clock_timestamp() where identity_id = (select id from identity where number = '1040')`))
	c.get("/evidence").want(t, http.StatusForbidden)
	admin.get("/portal/roles").want(t, http.StatusOK).says(t, "Not in force: its time is over")
	admin.post("/portal/roles/give", "person", "1040", "role", "auditor", "reason", "It goes on", "until", day).want(t, http.StatusSeeOther)
	c.get("/evidence").want(t, http.StatusOK)
	admin.post("/portal/roles/give", "person", "1040", "role", "auditor", "reason", "Twice").want(t, http.StatusConflict)
}
