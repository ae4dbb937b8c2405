package web_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/web"
)

// Each persona signs in at a real OpenID provider with a real browser, finds the home that is theirs and does the work they came for,
// with nothing on the way that the content policy forbids.
func TestStories(t *testing.T) {
	o := newOffice(t)
	for _, story := range []struct {
		name string
		play func(*office, *testing.T)
	}{
		{"employee", (*office).employee}, {"owner", (*office).owner}, {"held batch", (*office).heldBatch}, {"compliance", (*office).compliance}, {"termination", (*office).termination},
		{"auditor", (*office).auditor}, {"administrator", (*office).administrator}, {"pages", (*office).pages}, {"second step", (*office).secondStep}, {"manager", (*office).manager},
	} {
		t.Run(story.name, func(t *testing.T) { story.play(o, t) })
	}
}

// An employee sees what they can use, in plain words, and why; and is not offered what is others' work.
func (o *office) employee(t *testing.T) {
	s := o.comes(t, employee, "/")
	s.home("inbox mine")
	s.lacks("", `.t-wide a[href="/people"], .t-wide a[href="/operations"], .t-wide a[href="/dashboard"]`)
	s.follow(`.t-wide a[href="/me"]`, "/me")
	s.says("All staff")
	s.says("Reads <b>everything</b> that is for all.")
	s.says("because: it comes with your job (Everybody)")
	s.says("Questions about it? Ask Person Nr1005, who answers for Company directory.")
	s.accessible()
}

// An owner describes an entitlement where it stands.
func (o *office) owner(t *testing.T) {
	s := o.comes(t, owner, "/")
	s.home("inbox mine owned")
	s.follow(`#owned a[href="/applications/directory"]`, "/applications/directory")
	s.click(`.t-tabs a[href*="entitlements"]`)
	at := o.w.entitlement("vault")
	s.do("the row becomes a form", chromedp.Click(css(`a[href="`+at+`"]`)), chromedp.WaitVisible(css(`tr.t-editing #describe`)))
	s.at("/applications/directory")
	s.accessible()
	s.write(`#describe [name=title]`, "The vault")
	s.write(`#describe [name=description]`, "Opens the vault.")
	s.do("risk", chromedp.SetValue(css(`#describe [name=risk]`), "critical"))
	s.click(`#describe button[type=submit]`)
	s.until("the row says it", `!document.querySelector('#describe') && [...document.querySelectorAll('tbody tr')].some(r => /The vault.*Opens the vault\..*Critical/s.test(r.innerText))`)
	if n := o.w.number(`select count(*) from entitlement where name = 'vault' and description = 'Opens the vault.' and risk = 'critical'`); n != 1 {
		t.Error("it is not so in the database")
	}
	s.do("somebody else's", chromedp.Navigate(s.base+"/applications/ledger"))
	s.says("There is no such application")
}

// HR loads a file that would remove a third of the people: it is held, and not theirs to release. IT is told, sees what it would do,
// and releases it by typing the number.
func (o *office) heldBatch(t *testing.T) {
	file := filepath.Join(t.TempDir(), "people.csv")
	o.w.must(os.WriteFile(file, []byte(o.w.file(40)), 0o600))
	first, second := o.comes(t, hrPerson, "/"), o.comes(t, itPerson, "/")
	first.home("hr inbox mine")
	second.home("inbox it mine")
	first.follow(`.t-wide a[href="/hr/runs"]`, "/hr/runs")
	first.follow(`.t-wide a[href="/hr/sources"]`, "/hr/sources")
	first.do("loads", chromedp.SetUploadFiles(css(`input[type=file]`), []string{file}), chromedp.Click(css(`button[value=load]`)))
	first.says("Held: nothing of this run has been applied")
	first.says("You loaded this; somebody else must release it")
	run := first.ask(`location.pathname`)
	first.lacks("", `form[action="`+run+`/release"]`)

	second.follow(`.t-wide a[href="/inbox"]`, "/inbox")
	second.says("is held: 20 people would leave or move")
	second.accessible()
	second.follow(`main a[href="`+run+`"]`, run)
	second.says("over the limit")
	second.accessible()
	second.write(`[name=reason]`, "The site closes")
	second.write(`[name=count]`, "19")
	second.click(`form[action="` + run + `/release"] button`)
	second.says("not the number of leavers")
	if n := o.w.number(`select count(*) from identity where state = 'left'`); n != 0 {
		t.Fatalf("%d people left with the wrong number", n)
	}
	second.write(`[name=count]`, "20")
	second.click(`form[action="` + run + `/release"] button`)
	second.says("The run is released and applied")
	if n := o.w.number(`select count(*) from identity where state = 'left'`); n != 20 {
		t.Errorf("%d people left, want 20", n)
	}
	first.do("looks again", chromedp.Navigate(first.base+run))
	first.says("Because The site closes")
	o.w.carry()
}

// Compliance finds a figure that should be nought, and goes down to the person behind it.
func (o *office) compliance(t *testing.T) {
	o.w.outOfBand("directory", "vault", "1030")
	o.w.read("directory")
	o.w.figures()
	s := o.comes(t, compliance, "/")
	s.home("compliance inbox mine")
	s.until("the figure", `[...document.querySelectorAll('#compliance .t-figures > *')].some(f => /Access without a reason/.test(f.innerText) && /\b1\b/.test(f.innerText))`)
	s.follow(`.t-wide a[href="/dashboard"]`, "/dashboard")
	s.says("Does access follow people?")
	s.accessible()
	s.follow(`#applications td[data-label="Without a reason"] a`, "/applications/directory")
	s.says("Person Nr1030 holds")
	s.follow(`tbody a[href="`+personOf(o.w, "1030")+`"]`, personOf(o.w, "1030"))
	s.says("no known reason; it was found in the target")
	s.accessible()
}

// A termination is watched live until the target, read again, shows no enabled account. The person's name is what an attacker would
// choose, and the page was asked for before signing in.
func (o *office) termination(t *testing.T) {
	victim := personOf(o.w, "1010")
	s := o.comes(t, compliance, victim)
	s.says(evilFirst)
	s.follow(`.t-wide a[href="/people"]`, "/people")
	s.do("found", chromedp.SendKeys(css("input#people-q"), "script>alert"), chromedp.Submit(css("input#people-q")), chromedp.WaitVisible(css(`a.t-clear`)))
	s.follow(`th a[href="`+victim+`"]`, victim)
	s.follow(`a[href="`+victim+`/terminate"]`, victim+"/terminate")
	s.write(`textarea[name=reason]`, "Took the plans home")
	s.follow(`form[action$="/terminate"] button`, victim+"/terminate/watch")
	s.says("1 enabled account")
	s.accessible()
	if !o.w.open("1010") {
		t.Fatal("the account is not open at the target: there is nothing to watch")
	}
	s.ask(`window.tenureSame = 'yes'`)
	o.w.carry() // a worker, while the page is open
	s.says("0 enabled accounts, verified")
	if s.ask(`window.tenureSame || 'no'`) != "yes" {
		t.Error("the page was loaded anew: it does not follow by itself")
	}
	if o.w.open("1010") {
		t.Error("the target has the account open still")
	}
	s.follow(`.t-up a[href="`+victim+`"]`, victim)
	s.says("account disabled")
	s.says("0 grants")
	s.follow(`.t-wide a[href="/operations"]`, "/operations")
	o.w.do(db.System, func(tx *db.Tx) error { // somebody else does something while the board is open
		p, err := identity.Find(tx, "1032")
		if err == nil {
			_, err = lifecycle.Terminate(tx, p.ID, "a test")
		}
		return err
	})
	s.until("the board refreshes itself", `[...document.querySelectorAll('#board tbody tr td[data-label="Leavers waiting"]')].some(c => c.innerText.trim() !== '0')`)
	s.do("signs out", chromedp.Click(css(`.t-wide form[action="/signout"] button`)), chromedp.WaitVisible(css(".t-providers a")))
}

// open says whether a person's account at the directory, asked itself, can be used.
func (w *world) open(number string) bool {
	w.t.Helper()
	var name string
	w.must(w.app.DB.Pool.QueryRow(w.t.Context(), `select a.name from account a join account_link l on l.account_id = a.id join identity i on i.id = l.identity_id
		join application p on p.id = a.application_id and p.name = 'directory' where i.number = $1`, number).Scan(&name))
	var list struct {
		Resources []struct {
			UserName string
			Active   bool
		}
	}
	w.fetch("directory", "/Users?count=500", &list)
	for _, u := range list.Resources {
		if u.UserName == name {
			return u.Active
		}
	}
	w.t.Fatalf("the target has no account %q", name)
	return false
}

// An auditor reads everything, is offered nothing that changes something, and is refused when they try all the same.
func (o *office) auditor(t *testing.T) {
	s, person := o.comes(t, auditor, "/"), personOf(o.w, "1030")
	s.home("audit inbox mine")
	s.follow(`#audit a[href="/people"]`, "/people")
	s.do("1030", chromedp.SendKeys(css("input#people-q"), "1030"), chromedp.Submit(css("input#people-q")), chromedp.WaitVisible(css(`a.t-clear`)))
	s.follow(`th a[href="`+person+`"]`, person)
	s.says("Timeline")
	s.click(`#timeline .t-chips a[href*="part=targets"]`)
	s.says("account created")
	s.accessible()
	for _, path := range []string{person, "/people", "/operations", "/operations?state=proposed", "/applications/ledger", "/applications/ledger?tab=operations", "/applications/directory/connector", "/hr/sources", "/hr/runs", "/hr/expect", "/policy", "/portal/roles", "/dashboard"} {
		s.do(path, chromedp.Navigate(s.base+path), chromedp.WaitVisible(css("main h1")))
		// Filters, views and exports are theirs.
		if got := s.ask(`[...document.querySelectorAll('main form')].filter(f => f.method === 'post').map(f => new URL(f.action).pathname).filter(p => !/^\/(views|people\/chosen)/.test(p)).join(' ')`); got != "" {
			t.Errorf("%s offers an auditor %s", path, got)
		}
		s.lacks("", `main a[href$="/terminate"], main a[href$="/take"], main a[href$="/give"], main a[href$="/adopt"], main a[href*="/secrets/"]`)
	}
	before := o.w.governed()
	for _, path := range []string{person + "/terminate", "/operations/chosen", "/portal/roles/give", "/applications/directory/check", "/hr/expect", "/applications/directory/connector/pause"} {
		got := s.ask(`fetch(` + quoted(path) + `, {method: 'POST', body: new URLSearchParams({reason: 'a test', person: '1031', role: 'hr', pick: '1', act: 'release'})}).then(r => String(r.status))`)
		if got != fmt.Sprint(http.StatusForbidden) {
			t.Errorf("an auditor posts to %s and is answered %s", path, got)
		}
	}
	if o.w.governed() != before {
		t.Error("an auditor changed something")
	}
}

// An administrator gives somebody a role and takes it again; the other's open browser follows.
func (o *office) administrator(t *testing.T) {
	s, other := o.comes(t, administrator, "/"), o.comes(t, "1031", "/me")
	s.home("compliance hr inbox it mine start")
	hears := func(words string) {
		t.Helper()
		other.do("looks", chromedp.Navigate(other.base+"/hr/runs"))
		other.says(words)
	}
	hears("does not have the right")
	s.follow(`.t-wide a[href="/portal/roles"]`, "/portal/roles")
	s.follow(`main a[href="/portal/roles/give"]`, "/portal/roles/give")
	s.write(`[name=person]`, "1031")
	s.click(`label:has([name=role][value=hr])`)
	s.write(`[name=reason]`, "Covers for Kim")
	s.accessible()
	s.follow(`form[action="/portal/roles/give"] button[type=submit]`, "/portal/roles")
	s.says("Person Nr1031 has the role HR")
	hears("HR runs")
	take := fmt.Sprintf("/portal/roles/%d/take", o.w.number(`select r.id from portal_role r join identity i on i.id = r.identity_id where i.number = '1031'`))
	s.follow(`a[href="`+take+`"]`, take)
	s.write(`[name=reason]`, "Kim is back")
	s.follow(`form[action="`+take+`"] button[type=submit]`, "/portal/roles")
	s.says("Person Nr1031 no longer has the role HR")
	hears("does not have the right")
}

// A manager clears the inbox, and sees of the team who has what and why.
func (o *office) manager(t *testing.T) {
	_, err := o.w.owner().Exec(t.Context(), `delete from handout where account_id not in (select l.account_id from account_link l join identity i on i.id = l.identity_id where i.number = '1033')`)
	o.w.must(err)
	s := o.comes(t, manager, "/team")
	s.says("report to you")
	s.accessible()
	s.follow(`.t-wide a[href="/"]`, "/")
	s.home("inbox mine team")
	s.follow(`.t-wide a[href="/inbox"]`, "/inbox")
	s.says("A first password waits to be handed over to Person Nr1033")
	s.follow(`main .t-inbox a[href="/me"]`, "/me")
	s.click(`#secrets a.btn`)
	s.says("for Person Nr1033")
	s.click(`main form[method=post] button`)
	s.says("This page cannot be opened again")
	s.follow(`.t-wide a[href="/inbox"]`, "/inbox")
	s.says("Nothing waits for you")
	s.follow(`.t-wide a[href="/team"]`, "/team")
	s.follow(`tbody a[href="`+personOf(o.w, "1033")+`"]`, personOf(o.w, "1033"))
	s.says("All staff")
	s.says("because: rule staff, policy version 1")
}

// pages opens every page that an address of the portal answers with, in the portal as it runs, and wants each to fit a phone; axe looks at
// all their states in the gallery.
func (o *office) pages(t *testing.T) {
	portal := o.w.server.URL
	o.w.server.URL = o.demo
	defer func() { o.w.server.URL = portal }()
	th := things(o.w)
	table, _, err := web.Rows(o.w.app, web.Options{Demo: &web.Demo{Feed: o.w.feed}})
	o.w.must(err)
	s, admin, looked := o.profile(t), o.w.as(administrator), map[string]bool{}
	s.do("a visitor", chromedp.Navigate(s.base+"/signin"), chromedp.WaitVisible(css(".t-personas")))
	s.accessible()
	s.do("the administrator", chromedp.Click(css(`input[value="`+o.w.ref(administrator)+`"] ~ button`)), chromedp.WaitVisible(css(`.t-wide form[action="/signout"]`)))
	for _, r := range table {
		path := th.at(r.Path)
		if r.Method != http.MethodGet || looked[path] || strings.HasSuffix(path, "/events") || strings.HasPrefix(path, "/sign") || strings.HasPrefix(path, "/gallery") || strings.HasPrefix(path, "/static") || path == "/healthz" {
			continue
		}
		looked[path] = true
		if !strings.HasPrefix(admin.get(path).header.Get("Content-Type"), "text/html") { // a file
			continue
		}
		s.do(path, chromedp.Navigate(s.base+path), chromedp.WaitVisible(css("main h1")))
		s.fits()
	}
	if len(looked) < 40 {
		t.Errorf("only %d pages were looked at", len(looked))
	}
}

// secondStep goes through the pages before the portal: the providers, the local administrator's password, setting up the second step
// and using it.
func (o *office) secondStep(t *testing.T) {
	o.w.do(db.Operator, func(tx *db.Tx) error { return auth.SetAdministrator(tx, "admin@example.com", "Admin", password) })
	s := o.profile(t)
	enter := func() {
		t.Helper()
		s.do("asked", chromedp.Navigate(s.base+"/signin"), chromedp.WaitVisible(css(".t-providers a")))
		s.click(`details.t-local summary`)
		s.accessible()
		s.write(`[name=email]`, "admin@example.com")
		s.write(`[name=password]`, password)
		s.click(`form[action="/signin"] button[type=submit]`)
	}
	enter()
	s.at("/signin/enrol")
	s.accessible()
	key := strings.ReplaceAll(s.ask(`document.querySelector('code.t-secret').textContent`), " ", "")
	s.write(`[name=code]`, codeAt(t, key, time.Now()))
	s.click(`form[action="/signin/enrol"] button[type=submit]`)
	s.do("recovery codes", chromedp.WaitVisible(css(".t-codes")))
	s.accessible()
	s.do("signs out", chromedp.Navigate(s.base+"/"), chromedp.Click(css(`.t-wide form[action="/signout"] button`)), chromedp.WaitVisible(css(".t-providers a")))
	enter()
	s.at("/signin/second")
	s.accessible()
	o.w.again()
	s.write(`[name=code]`, codeAt(t, key, time.Now()))
	s.click(`form[action="/signin/second"] button[type=submit]`)
	s.at("/")
}
