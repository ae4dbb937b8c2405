package templates

import (
	"context"
	"github.com/a-h/templ"

	"tenure/templates/ui"
)

// Sample is one page in one state, with invented data.
type Sample struct {
	Name string // "people-full": noun, then state; a file name
	Page templ.Component
}

// Gallery renders every page in its states, for golden files, pictures and the accessibility test. A new page adds its
// states here: empty, one, full and error where it has them.
func Gallery(ctx context.Context) []Sample {
	var all []Sample
	for _, part := range [][]Sample{galleryKit(ctx), gallerySignIn(), galleryHome(ctx), galleryInbox(), galleryDashboard(), galleryPeople(ctx), galleryMine(), galleryHR(), galleryApplications(), galleryOperations(), galleryOwning(), galleryOrphans(), galleryOperationsMany(), galleryWebhooks(), galleryPolicy(), galleryDuties(), galleryChanges(), galleryBacktest(), galleryWorkbench(), galleryMining(), galleryAsOf(), galleryCampaigns(), galleryEvidence(), galleryEvidenceLog(), galleryEvidenceSchedules(), galleryPrivacy(), galleryRoles(), galleryHistory(), galleryAnswers(ctx), galleryPortal(ctx), galleryFactors(), galleryAsk(), galleryReview(), galleryDemo(), galleryTasks(), galleryStates(ctx)} {
		all = append(all, part...)
	}
	return all
}

// sampleShell is the shell around a sample. Current is the label of the page's line of navigation.
func sampleShell(title, current string) ui.Shell {
	nav := []ui.NavItem{
		{Label: "Home", URL: "/", Icon: "home"},
		{Label: "Inbox", URL: "/inbox", Icon: "inbox", Count: 3},
		{Label: "Dashboard", URL: "/dashboard", Icon: "chart-bar"},
		{Label: "People", URL: "/people", Icon: "users"},
		{Label: "My team", URL: "/team", Icon: "users"},
		{Label: "My access", URL: "/me", Icon: "key"},
		{Label: "HR", URL: "/hr/runs", Icon: "file-import", Sub: []ui.NavItem{
			{Label: "Runs", URL: "/hr/runs"}, {Label: "Sources", URL: "/hr/sources"}, {Label: "Planned changes", URL: "/hr/expect"}, {Label: "Demo feed", URL: "/demo/hr"}}},
		{Label: "Applications", URL: "/applications", Icon: "apps"},
		{Label: "Operations", URL: "/operations", Icon: "stack-2"},
		{Label: "Policy", URL: "/policy", Icon: "scale"},
	}
	for i := range nav {
		nav[i].Current = nav[i].Label == current
		nav[i].Open = nav[i].Current
		for j := range nav[i].Sub {
			if nav[i].Sub[j].Label == current {
				nav[i].Sub[j].Current, nav[i].Open = true, true
			}
		}
	}
	return ui.Shell{
		Title:        title,
		Organisation: "Halden & Frost",
		Nav:          nav,
		User:         ui.User{Name: "Jo Lind", Role: "IT", URL: "/people/jo", Profile: "/me/profile"},
		NeedsMe:      3,
		DemoBanner:   "A demo company: everybody here is invented.",
		DemoLink:     ui.Link{Text: "Play its HR department", URL: "/demo/hr"},
		Reference:    "7f3a-91c2",
		Path:         "/",
		SearchURL:    "/search",
		Letters:      true,
	}
}

func at(text, exact string) ui.Time { return ui.Time{Text: text, Exact: exact} }

func gallerySignIn() []Sample {
	bare := ui.Shell{Title: "Sign in", Organisation: "Halden & Frost"}
	wrong := bare
	wrong.Notice = &ui.Notice{Tone: ui.Bad, Title: "That did not work", Text: "E-mail address and password do not belong together."}
	gone := bare
	gone.Notice = &ui.Notice{Tone: ui.Info, Title: "You are signed out", Text: "Your session ended after 30 minutes without use."}
	personas := []Persona{
		{ID: "p1", Name: "Jo Lind", Does: "IT: connects applications, watches and repairs operations"},
		{ID: "p2", Name: "Maren Oduya", Does: "HR: loads files, cannot release the ones she loaded"},
		{ID: "p3", Name: "Tomás Rey", Does: "Compliance: releases held runs, reads the policy"},
		{ID: "p4", Name: "Ana Ruiz", Does: "Employee in Finance: sees what she holds and why"},
		{ID: "p5", Name: "Ida Szabó", Does: "Auditor: reads everything, changes nothing"},
	}
	return append(gallerySessions(), []Sample{
		{"signin-plain", SignIn(bare, SignInView{Action: "/signin"})},
		{"signin-wrong", SignIn(wrong, SignInView{Action: "/signin", Email: "admin@halden.example"})},
		{"signin-fields", SignIn(bare, SignInView{Action: "/signin", Errors: ui.Errors{{Field: "email", Text: "Enter your e-mail address"}, {Field: "password", Text: "Enter your password"}}})},
		{"signin-signedout", SignIn(gone, SignInView{Action: "/signin"})},
		{"signin-demo", SignIn(bare, SignInView{Action: "/signin", PersonaAction: "/signin/persona", Personas: personas})},
	}...)
}
