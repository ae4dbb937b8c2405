package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"tenure/internal/policy"
	"tenure/templates/ui"
)

// render answers with a page. It is rendered whole before the first byte is sent, so a page is never half.
func (r *request) render(status int, page templ.Component) error {
	var b bytes.Buffer
	if err := page.Render(r.Request.Context(), &b); err != nil {
		return err
	}
	r.send(status, b.Bytes())
	return nil
}

// show answers a reading request.
func (r *request) show(page templ.Component) error { return r.render(http.StatusOK, page) }

// goTo leads to the page that shows what a change has done (303, RFC 9110 15.4.4).
func (r *request) goTo(address string) error {
	r.Redirect(http.StatusSeeOther, address)
	return nil
}

// goWith leads to a page and puts a sentence on top of it.
func (r *request) goWith(address string, n ui.Notice) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	r.s.sessions.Put(r.Request.Context(), sessionNotice, string(body))
	return r.goTo(address)
}

// notice takes the sentence that was put aside for the next page, if there is one.
func (r *request) notice() *ui.Notice {
	if polling(r.Request) {
		return nil
	}
	ctx := r.Request.Context()
	if !r.s.sessions.Exists(ctx, sessionNotice) {
		return nil
	}
	var n ui.Notice
	if json.Unmarshal([]byte(r.s.sessions.PopString(ctx, sessionNotice)), &n) != nil {
		return nil
	}
	return &n
}

// shell is everything around a page: the one place where it is made.
func (r *request) shell(title string) ui.Shell {
	s := ui.Shell{Title: title, Theme: r.theme(), Reference: r.reference(), Path: r.Request.URL.RequestURI(), Notice: r.notice()}
	if r.Request.Method != http.MethodGet {
		s.Path = "/"
	}
	s.Organisation = r.s.organisation()
	if r.who == nil {
		return s
	}
	if s.Notice == nil && !strings.HasPrefix(r.Request.URL.Path, "/tasks") {
		s.Notice = r.told()
	}
	s.Nav = r.navigation()
	s.SearchURL = r.to("search.use", "/search")
	s.NeedsMe = r.waits()
	s.User = ui.User{Name: r.who.Name, Role: r.roleWord(r.who.roles), Profile: "/me/profile"}
	s.Letters, s.At = r.prefs().Letters, r.at(r.now)
	if r.Request.URL.Path == "/search" {
		s.Query = r.Query("q")
	}
	s.Acting = r.actingLines()
	if r.who.Kind == "person" {
		s.User.URL = personURL(r.who.PublicID)
	}
	if r.s.demo != nil {
		s.DemoBanner = r.T("A demo company: everybody here is invented.")
		s.DemoLink = ui.Link{Text: r.T("Play its HR department"), URL: "/demo/hr"}
	}
	if r.simulated {
		s.BusinessTime = r.Date(r.now.UTC(), "2 January 2006, 15:04 MST")
	}
	return s
}

// organisation is the name of whose portal this is: the demo's, or as it is configured; "" for none.
func (s *server) organisation() string {
	if s.demo != nil {
		return s.demo.Organisation
	}
	return s.app.Config.Organisation
}

// navigation lists what this reader may open; at the inbox it says how much waits for them.
func (r *request) navigation() []ui.NavItem {
	mine := []ui.NavItem{{Label: r.T("Personal tokens"), URL: "/me/tokens"}, {Label: r.T("My sessions"), URL: "/me/sessions"}, {Label: r.T("Acting for others"), URL: delegationsURL}}
	if r.who.Kind == "local" {
		mine = slices.Insert(mine, 2, ui.NavItem{Label: r.T("Second step"), URL: factorsURL})
	}
	hr := []ui.NavItem{{Label: r.T("Runs"), URL: "/hr/runs"}, {Label: r.T("Sources"), URL: "/hr/sources"}, {Label: r.T("Planned changes"), URL: "/hr/expect"}}
	var telling []ui.NavItem
	if r.may("webhook.read") {
		telling = []ui.NavItem{{Label: r.T("Messages and webhooks"), URL: webhooksURL}}
	}
	policies := []ui.NavItem{{Label: r.T("Changes"), URL: changesURL}, {Label: r.T("Look for roles"), URL: miningURL}, {Label: r.T("Unusual access"), URL: outliersURL}}
	all := []struct {
		permission string
		item       ui.NavItem
	}{
		{"home.read", ui.NavItem{Label: r.T("Home"), URL: "/", Icon: "home"}},
		{"inbox.read", ui.NavItem{Label: r.T("Inbox"), URL: "/inbox", Icon: "inbox", Count: r.waits()}},
		{"dashboard.read", ui.NavItem{Label: r.T("Dashboard"), URL: "/dashboard", Icon: "chart-bar"}},
		{"person.list", ui.NavItem{Label: r.T("People"), URL: "/people", Icon: "users"}},
		{"team.read", ui.NavItem{Label: r.T("My team"), URL: "/team", Icon: "users"}},
		{"access.mine", ui.NavItem{Label: r.T("My access"), URL: "/me", Icon: "key", Sub: mine}},
		{"request.mine", ui.NavItem{Label: r.T("Requests"), URL: requestsURL, Icon: "send", Sub: []ui.NavItem{{Label: r.T("Ask for access"), URL: offersURL}, {Label: r.T("Asked of you"), URL: approvalsURL}}}},
		{"review.mine", ui.NavItem{Label: r.T("Reviews"), URL: reviewsURL, Icon: "scale"}},
		{"hr.read", ui.NavItem{Label: r.T("HR"), URL: "/hr/runs", Icon: "file-import", Sub: hr}},
		{"application.read", ui.NavItem{Label: r.T("Applications"), URL: "/applications", Icon: "apps"}},
		{"operation.read", ui.NavItem{Label: r.T("Operations"), URL: "/operations", Icon: "stack-2", Sub: telling}},
		{"policy.read", ui.NavItem{Label: r.T("Policy"), URL: "/policy", Icon: "scale", Sub: policies}},
		{"campaign.read", ui.NavItem{Label: r.T("Campaigns"), URL: campaignsURL, Icon: "rosette-check"}},
		{"evidence.read", ui.NavItem{Label: r.T("Evidence"), URL: evidenceURL, Icon: "shield-check", Sub: []ui.NavItem{{Label: r.T("Who held what"), URL: asOfURL}, {Label: r.T("Figures by mail"), URL: schedulesURL}, {Label: r.T("Privacy"), URL: privacyURL}}}},
		{"portal.read", ui.NavItem{Label: r.T("Portal"), URL: "/portal/roles", Icon: "shield-check", Sub: []ui.NavItem{{Label: r.T("Roles"), URL: "/portal/roles"}, {Label: r.T("Permissions"), URL: permissionsURL}}}},
	}
	if r.s.demo != nil {
		all = append(all, struct {
			permission string
			item       ui.NavItem
		}{"demo.use", ui.NavItem{Label: r.T("Demo HR feed"), URL: "/demo/hr", Icon: "beach"}})
	}
	var out []ui.NavItem
	for _, n := range all {
		if r.may(n.permission) {
			out = append(out, r.place(n.item))
		}
	}
	return out
}

// place marks where this page is in the navigation.
func (r *request) place(n ui.NavItem) ui.NavItem {
	path := r.Request.URL.Path
	under := func(base string) bool { return path == base || base != "/" && strings.HasPrefix(path, base+"/") }
	root := "/" + strings.SplitN(strings.TrimPrefix(n.URL, "/"), "/", 2)[0]
	n.Open = under(root) && (root == "/me" || root == "/hr" || root == "/portal" || under(n.URL))
	n.Current = path == n.URL
	for i := range n.Sub {
		if n.Sub[i].URL == path {
			n.Sub[i].Current, n.Current, n.Open = true, false, true
		}
	}
	return n
}

// roleWord says in a word or two what somebody is in the portal: the strongest of their roles.
func (r *request) roleWord(roles []string) string {
	for _, x := range []struct{ role, word string }{
		{policy.Administrator, r.T("Administrator")}, {policy.Compliance, r.T("Compliance")}, {policy.IT, r.T("IT")}, {policy.HR, r.T("HR")},
		{policy.Auditor, r.T("Auditor")}, {policy.Manager, r.T("Manager")}, {policy.Owner, r.T("Application owner")},
	} {
		if slices.Contains(roles, x.role) {
			return r.T(x.word)
		}
	}
	return r.T("Employee")
}
