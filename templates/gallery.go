package templates

import (
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
func Gallery() []Sample {
	var all []Sample
	for _, part := range [][]Sample{gallerySignIn(), galleryHome(), galleryPeople(), galleryMine(), galleryHR(), galleryApplications(), galleryOperations(), galleryPolicy(), galleryAnswers(), galleryDemo()} {
		all = append(all, part...)
	}
	return all
}

// sampleShell is the shell around a sample. Current is the label of the page's line of navigation.
func sampleShell(title, current string) ui.Shell {
	nav := []ui.NavItem{
		{Label: "Home", URL: "/", Icon: "home"},
		{Label: "People", URL: "/people", Icon: "users"},
		{Label: "My access", URL: "/me", Icon: "key"},
		{Label: "HR", URL: "/hr/runs", Icon: "file-import", Sub: []ui.NavItem{
			{Label: "Runs", URL: "/hr/runs", Count: 1}, {Label: "Sources", URL: "/hr/sources"}, {Label: "Planned changes", URL: "/hr/expect"}, {Label: "Demo feed", URL: "/demo/hr"}}},
		{Label: "Applications", URL: "/applications", Icon: "apps"},
		{Label: "Operations", URL: "/operations", Icon: "stack-2", Count: 2},
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
		User:         ui.User{Name: "Jo Lind", Role: "IT administrator", URL: "/people/jo"},
		NeedsMe:      3,
		DemoBanner:   "A demo company: everybody here is invented.",
		DemoLink:     ui.Link{Text: "Play its HR department", URL: "/demo/hr"},
		Reference:    "7f3a-91c2",
		Path:         "/",
	}
}

func at(text, exact string) ui.Time { return ui.Time{Text: text, Exact: exact} }

func gallerySignIn() []Sample {
	bare := ui.Shell{Title: "Sign in", Organisation: "Halden & Frost"}
	wrong := bare
	wrong.Notice = &ui.Notice{Tone: ui.Bad, Title: "That did not work", Text: "E-mail and password do not belong together. After five tries the account rests for 15 minutes."}
	gone := bare
	gone.Notice = &ui.Notice{Tone: ui.Info, Title: "You are signed out", Text: "Your session ended after 8 hours without use."}
	personas := []Persona{
		{ID: "p1", Name: "Jo Lind", Does: "IT: connects applications, watches and repairs operations"},
		{ID: "p2", Name: "Maren Oduya", Does: "HR: loads files, cannot release the ones she loaded"},
		{ID: "p3", Name: "Tomás Rey", Does: "Compliance: releases held runs, reads the policy"},
		{ID: "p4", Name: "Ana Ruiz", Does: "Employee in Finance: sees what she holds and why"},
		{ID: "p5", Name: "Ida Szabó", Does: "Auditor: reads everything, changes nothing"},
	}
	return []Sample{
		{"signin-plain", SignIn(bare, SignInView{Action: "/signin"})},
		{"signin-wrong", SignIn(wrong, SignInView{Action: "/signin", Email: "admin@halden.example"})},
		{"signin-fields", SignIn(bare, SignInView{Action: "/signin", Errors: ui.Errors{{Field: "email", Text: "Enter your e-mail address"}, {Field: "password", Text: "Enter your password"}}})},
		{"signin-signedout", SignIn(gone, SignInView{Action: "/signin"})},
		{"signin-demo", SignIn(bare, SignInView{Action: "/signin", PersonaAction: "/signin/persona", Personas: personas})},
	}
}

func galleryHome() []Sample {
	fresh := sampleShell("Home", "Home")
	fresh.NeedsMe, fresh.DemoBanner = 0, ""
	replay := sampleShell("Home", "Home")
	replay.BusinessTime = "1 March 2014, 00:00 UTC"
	return []Sample{
		{"home-empty", Home(fresh, HomeView{Greeting: "Good morning, Jo", Lead: "This database is new.", Start: []Step{
			{Done: true, Text: "Sign in as the local administrator"},
			{Text: "Connect an HR source and load its first file", Link: ui.Link{Text: "HR sources", URL: "/hr/sources"}},
			{Text: "Connect the first application, to observe it", Link: ui.Link{Text: "Applications", URL: "/applications"}},
		}})},
		{"home-full", Home(replay, HomeView{
			Greeting: "Good morning, Jo",
			Lead:     "3 things wait for you.",
			Needs: []Need{
				{State: tag(runTags, "held"), Title: "HR run #41 is held: 31 leavers, the limit is 12", Text: "Loaded by Maren Oduya from people-2026-11-22.csv", Since: at("09:12", "2026-11-22T09:12:04Z"), Act: ui.Link{Text: "Look at it", URL: "/hr/runs/41"}},
				{State: tag(operationTags, "failed"), Title: "2 operations failed in Warehouse", Text: "The target refused: role “wh_admin” does not exist", Since: at("08:40", "2026-11-22T08:40:00Z"), Act: ui.Link{Text: "Look at them", URL: "/operations?state=failed"}},
				{State: tag(operationTags, "proposed"), Title: "14 proposals in Ledger", Text: "The application is in mode propose", Since: at("yesterday", "2026-11-21T17:03:00Z"), Act: ui.Link{Text: "Release them", URL: "/applications/ledger?tab=operations"}},
			},
			People: []ui.Figure{
				{Label: "Active", Value: "238", URL: "/people?state=active"}, {Label: "Not started", Value: "4", URL: "/people?state=prehire"},
				{Label: "On leave", Value: "6", URL: "/people?state=leave"}, {Label: "Left", Value: "41", URL: "/people?state=left"},
			},
			Access: []ui.Figure{
				{Label: "Applications", Value: "4", URL: "/applications"}, {Label: "Enabled accounts", Value: "702", URL: "/applications"},
				{Label: "Orphans", Value: "5", URL: "/applications", Tone: ui.Warn, Icon: "ghost"}, {Label: "Differences", Value: "7", URL: "/applications", Tone: ui.Warn, Icon: "alert-triangle"},
			},
			Operations: []ui.Figure{
				{Label: "Waiting", Value: "3", URL: "/operations?state=pending"}, {Label: "Failed", Value: "2", URL: "/operations?state=failed", Tone: ui.Bad, Icon: "circle-x"},
				{Label: "Verified today", Value: "118", URL: "/operations?state=verified"},
			},
		})},
	}
}
