package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tenure/web"
)

// answer reads an answer of the API, which the document was held against on its way.
func (p page) answer(t testing.TB, status int, into any) page {
	t.Helper()
	if p.status != status {
		t.Fatalf("answered %d, want %d: %.500s", p.status, status, p.body)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(p.body), into); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// wrong is a problem.
type wrong struct {
	Type, Title, Detail, Code string
	RequestID                 string `json:"request_id"`
	Errors                    []struct{ Pointer, Parameter, Detail string }
}

// problem fails unless an answer is a problem of a status with a code.
func (p page) problem(t testing.TB, status int, code string) (w wrong) {
	t.Helper()
	p.answer(t, status, &w)
	if w.Code != code || w.Type != "/api#"+code || w.Title == "" || w.RequestID != p.header.Get("X-Request-Id") {
		t.Errorf("the problem is %+v, want the code %s", w, code)
	}
	return w
}

type peopleList struct {
	Items   []struct{ ID, Name, Number, State, Department string }
	HasMore bool   `json:"has_more"`
	Next    string `json:"next_cursor"`
}

func (l peopleList) numbers() (out []string) {
	for _, x := range l.Items {
		out = append(out, x.Number)
	}
	return out
}

// What holds of the whole API, in one world.
func TestAPI(t *testing.T) {
	w := newWorld(t)
	for _, holds := range []func(*testing.T, *world){apiProblems, apiShows, apiCursors, apiTags, apiRates} {
		holds(t, w)
	}
}

// A program speaks with a token, never with a session; what is wrong is told as a problem with a code.
func apiProblems(t *testing.T, w *world) {
	browser := w.as(itPerson)
	p := browser.get("/api/v1/me")
	p.problem(t, http.StatusUnauthorized, "unauthenticated")
	if got := p.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer") {
		t.Errorf("it asks for %q", got)
	}
	if len(p.header.Values("Set-Cookie")) > 0 {
		t.Error("the API sets a cookie")
	}
	c := w.program(itPerson, "read")
	nobody := w.anonymous()
	nobody.bearer = c.bearer + "x"
	nobody.get("/api/v1/me").problem(t, http.StatusUnauthorized, "unauthenticated")
	w.program(itPerson, "hr").get("/api/v1/people").problem(t, http.StatusForbidden, "wrong_scope")
	w.program(employee, "read").get("/api/v1/people").problem(t, http.StatusForbidden, "forbidden")
	w.program(employee, "read").get("/api/v1/applications").problem(t, http.StatusForbidden, "forbidden")
	c.get("/api/v1/nothing").problem(t, http.StatusNotFound, "not_found")
	c.get("/api/v1").problem(t, http.StatusNotFound, "not_found")
	c.get("/api/v1/people/x/access").problem(t, http.StatusNotFound, "not_found")
	p = c.send(http.MethodDelete, "/api/v1/me", nil)
	p.problem(t, http.StatusMethodNotAllowed, "method_not_allowed")
	if got := p.header.Get("Allow"); got != "GET, HEAD" {
		t.Errorf("allowed is %q", got)
	}
	c.get("/api/v1/me", "Accept", "text/html").problem(t, http.StatusNotAcceptable, "not_acceptable")
	c.get("/api/v1/me", "Accept", "text/html, application/*;q=0.5").answer(t, http.StatusOK, nil)
	c.get("/api/v1/openapi.json", "Accept", "text/html").problem(t, http.StatusNotAcceptable, "not_acceptable")

	bad := c.get("/api/v1/people?limit=101&colour=red&state=asleep").problem(t, http.StatusBadRequest, "invalid")
	if len(bad.Errors) != 1 || bad.Errors[0].Parameter != "colour" {
		t.Errorf("an unknown parameter: %+v", bad.Errors)
	}
	bad = c.get("/api/v1/people?limit=101&state=asleep").problem(t, http.StatusBadRequest, "invalid")
	if len(bad.Errors) != 2 || bad.Errors[0].Parameter != "limit" || bad.Errors[1].Parameter != "state" {
		t.Errorf("two wrong parameters: %+v", bad.Errors)
	}
	for _, query := range []string{"limit=0", "limit=-1", "limit=x", "limit=1&limit=2", "q=" + strings.Repeat("x", 201)} {
		c.get("/api/v1/people?"+query).problem(t, http.StatusBadRequest, "invalid")
	}
	c.get("/api/v1/people?q=%ff").problem(t, http.StatusBadRequest, "invalid")
}

// Everybody reads what they would on the pages, and what is somebody else's does not exist for them.
func apiShows(t *testing.T, w *world) {
	w.outOfBand("directory", "vault", "1030")
	w.read("directory")
	it, boss, me := w.program(itPerson, "read"), w.program(manager, "read"), w.program(employee, "read")
	var who struct {
		ID            string
		Roles, Scopes []string
	}
	boss.get("/api/v1/me").answer(t, http.StatusOK, &who)
	if who.ID != w.ref(manager) || !slices.Contains(who.Roles, "manager") || !slices.Equal(who.Scopes, []string{"read"}) {
		t.Errorf("the manager is %+v", who)
	}
	var all, team peopleList
	it.get("/api/v1/people?limit=100&state=active").answer(t, http.StatusOK, &all)
	boss.get("/api/v1/people?limit=100").answer(t, http.StatusOK, &team)
	if len(all.Items) != 60 || len(team.Items) != 53 || slices.Contains(team.numbers(), auditor) || !slices.Contains(team.numbers(), "1030") {
		t.Errorf("%d people and a team of %d", len(all.Items), len(team.Items))
	}
	boss.get("/api/v1/people/"+w.ref("1030")).answer(t, http.StatusOK, nil)
	boss.get("/api/v1/people/"+w.ref(auditor)).problem(t, http.StatusNotFound, "not_found")
	me.get("/api/v1/people/"+w.ref("1030")+"/access").problem(t, http.StatusNotFound, "not_found")
	me.get("/api/v1/people/"+w.ref(employee)+"/access").answer(t, http.StatusOK, nil)

	var held struct {
		Held []struct {
			Application, Entitlement, State string
			Reasons                         []struct{ Kind, Text string }
		}
	}
	it.get("/api/v1/people/"+w.ref("1030")+"/access").answer(t, http.StatusOK, &held)
	states := map[string]string{}
	for _, g := range held.Held {
		states[g.Application+"/"+g.Entitlement] = g.State
		if (len(g.Reasons) == 0) != (g.State == "out_of_band") {
			t.Errorf("%+v", g)
		}
	}
	if states["directory/vault"] != "out_of_band" || states["directory/staff"] != "verified" {
		t.Errorf("the person holds %v", states)
	}

	var apps struct {
		Items []struct {
			Name  string
			Owner struct{ ID string }
		}
	}
	it.get("/api/v1/applications").answer(t, http.StatusOK, &apps)
	if len(apps.Items) != 2 || apps.Items[0].Owner.ID != w.ref(owner) {
		t.Errorf("the applications are %+v", apps)
	}
	its := w.program(owner, "read")
	its.get("/api/v1/applications").answer(t, http.StatusOK, &apps)
	if len(apps.Items) != 1 || apps.Items[0].Name != "directory" {
		t.Errorf("the owner sees %+v", apps)
	}
	its.get("/api/v1/applications/ledger").problem(t, http.StatusNotFound, "not_found")
	var ents struct {
		Items []struct{ Application, Name, Title string }
	}
	its.get("/api/v1/entitlements").answer(t, http.StatusOK, &ents)
	if len(ents.Items) != 2 || ents.Items[0].Application != "directory" {
		t.Errorf("the owner's entitlements are %+v", ents)
	}
	it.get("/api/v1/entitlements?q=boo&application=ledger").answer(t, http.StatusOK, &ents)
	if len(ents.Items) != 1 || ents.Items[0].Name != "books" {
		t.Errorf("found are %+v", ents)
	}
}

// A list is read page by page to its end, each line once, while others come. A cursor is good for who got it and what they asked.
func apiCursors(t *testing.T, w *world) {
	it, hr := w.program(itPerson, "read"), w.program(hrPerson, "read")
	var seen []string
	next, pages := "", 0
	for {
		var l peopleList
		it.get("/api/v1/people?limit=25"+next).answer(t, http.StatusOK, &l)
		seen = append(seen, l.numbers()...)
		pages++
		if l.HasMore != (l.Next != "") {
			t.Fatalf("has_more is %t and the cursor %q", l.HasMore, l.Next)
		}
		if !l.HasMore {
			break
		}
		next = "&cursor=" + url.QueryEscape(l.Next)
	}
	slices.Sort(seen)
	if pages != 3 || len(seen) != 60 || len(slices.Compact(seen)) != 60 {
		t.Errorf("%d people on %d pages", len(seen), pages)
	}
	var l peopleList
	it.get("/api/v1/people?limit=1").answer(t, http.StatusOK, &l)
	for name, ask := range map[string]func() page{
		"of somebody else":   func() page { return hr.get("/api/v1/people?cursor=" + l.Next) },
		"of another filter":  func() page { return it.get("/api/v1/people?state=active&cursor=" + l.Next) },
		"of another list":    func() page { return it.get("/api/v1/applications?cursor=" + l.Next) },
		"changed":            func() page { return it.get("/api/v1/people?cursor=" + l.Next[:20] + "A" + l.Next[21:] + "A") },
		"made by themselves": func() page { return it.get("/api/v1/people?cursor=WyJhIiwiMSJd") },
		"no cursor":          func() page { return it.get("/api/v1/people?cursor=***") },
	} {
		if got := ask().problem(t, http.StatusBadRequest, "invalid_cursor"); len(got.Errors) != 1 || got.Errors[0].Parameter != "cursor" {
			t.Errorf("a cursor %s: %+v", name, got)
		}
	}
	it.get("/api/v1/people?limit=7&cursor="+l.Next).answer(t, http.StatusOK, &l) // another length is another page of the same list
	var ents struct {
		Items []struct{ Name string }
		Next  string `json:"next_cursor"`
	}
	it.get("/api/v1/entitlements?limit=2").answer(t, http.StatusOK, &ents)
	first := ents.Items[1].Name
	it.get("/api/v1/entitlements?limit=2&cursor="+ents.Next).answer(t, http.StatusOK, &ents)
	if len(ents.Items) != 1 || ents.Items[0].Name == first {
		t.Errorf("the second page has %+v", ents.Items)
	}
}

// Who has an answer already is told that it still holds, and that it does not once it changed.
func apiTags(t *testing.T, w *world) {
	c := w.program(itPerson, "read")
	at := "/api/v1/people/" + w.ref("1031") + "/access"
	tag := c.get(at).answer(t, http.StatusOK, nil).header.Get("ETag")
	if !strings.HasPrefix(tag, `"`) {
		t.Fatalf("the tag %s is not strong", tag)
	}
	for _, match := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		if p := c.get(at, "If-None-Match", match); p.status != http.StatusNotModified || p.body != "" || p.header.Get("ETag") != tag {
			t.Errorf("%s is answered %d with the tag %s", match, p.status, p.header.Get("ETag"))
		}
	}
	c.get(at, "If-None-Match", `"x"`).answer(t, http.StatusOK, nil)
	w.outOfBand("directory", "vault", "1031")
	w.read("directory")
	if p := c.get(at, "If-None-Match", tag).answer(t, http.StatusOK, nil); p.header.Get("ETag") == tag {
		t.Error("another answer has the same tag")
	}
	if c.get("/api/v1/people").answer(t, http.StatusOK, nil).header.Get("ETag") != "" {
		t.Error("a page of a list has a tag")
	}
}

// Each token has its share of requests; who has none left is told when to come again.
func apiRates(t *testing.T, w *world) {
	w.app.Config.APIRate = 3
	w.serve(web.Options{Demo: &web.Demo{Feed: w.feed}})
	c, other := w.program(itPerson, "read"), w.program(itPerson, "read")
	for _, left := range []string{"2", "1", "0"} {
		p := c.get("/api/v1/me").answer(t, http.StatusOK, nil)
		if p.header.Get("RateLimit-Policy") != `"token";q=3;w=60` || !strings.HasPrefix(p.header.Get("RateLimit"), `"token";r=`+left+";t=") {
			t.Errorf("with %s left it says %s, %s", left, p.header.Get("RateLimit-Policy"), p.header.Get("RateLimit"))
		}
	}
	p := c.get("/api/v1/me")
	p.problem(t, http.StatusTooManyRequests, "too_many_requests")
	if wait := p.header.Get("Retry-After"); wait != "20" && wait != "19" {
		t.Errorf("wait %s seconds", wait)
	}
	other.get("/api/v1/me").answer(t, http.StatusOK, nil)
	c.get("/me").want(t, http.StatusOK) // pages have no such limit
}
