package templates

import "tenure/templates/ui"

var sampleScopes = []ScopeChoice{{Value: "read", Text: "Read what you may read", Chosen: true}, {Value: "hr", Text: "Load HR files and announce planned changes"},
	{Value: "decide", Text: "Change and decide in your name"}}

// samplePicture is a picture of the size and kind that a QR code has.
const samplePicture = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKAQAAAAClSfIQAAAAEUlEQVR4nGM4wHSAqQEIAQAUtQPFJk8Y4gAAAABJRU5ErkJggg=="

func gallerySessions() []Sample {
	bare := ui.Shell{Title: "Sign in", Organisation: "Halden & Frost"}
	s := sampleShell("My sessions", "/me/sessions")
	providers := []SignInProvider{{Title: "Halden Entra", URL: "/signin/with/entra"}, {Title: "Frost Okta", URL: "/signin/with/okta"}}
	down := bare
	down.Notice = &ui.Notice{Tone: ui.Bad, Title: "Halden Entra cannot be reached", Text: "Nobody can sign in through it at present. Try again in a moment, or tell IT."}
	this := SessionRow{Browser: "Firefox on Linux", Method: "Halden Entra", SignedIn: at("today 08:02", "2026-11-22T08:02:00Z"), Seen: at("just now", "2026-11-22T09:14:00Z"), This: true, EndURL: "/me/sessions/3/end"}
	other := SessionRow{Browser: "Safari on iPhone", Method: "Halden Entra", SignedIn: at("today 07:31", "2026-11-22T07:31:00Z"), Seen: at("today 09:02", "2026-11-22T09:02:00Z"), EndURL: "/me/sessions/2/end"}
	wrong := ui.Errors{{Field: "code", Text: "The code is not right, or was used already; wait for the next one."}}
	keys := `{"challenge":"AA"}`
	cancel := ui.Link{Text: "Cancel", URL: "/"}
	return []Sample{
		{"signin-providers", SignIn(bare, SignInView{Action: "/signin", Providers: providers})},
		{"signin-unreachable", SignIn(down, SignInView{Action: "/signin", Providers: providers[:1]})},
		{"signin-local", SignIn(bare, SignInView{Action: "/signin", Providers: providers, Local: true})},
		{"signin-second", Second(bare, SecondView{Action: "/signin/second", App: true, Passkey: keys, Back: ui.Link{Text: "Begin again", URL: "/signin"}})},
		{"signin-second-wrong", Second(bare, SecondView{Action: "/signin/second", App: true, Errors: wrong, Back: ui.Link{Text: "Begin again", URL: "/signin"}})},
		{"signin-second-passkey", Second(bare, SecondView{Action: "/signin/second", Passkey: keys, Back: ui.Link{Text: "Begin again", URL: "/signin"}})},
		{"signin-enrol", Enrol(bare, EnrolView{Action: "/signin/enrol", Key: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP", Image: samplePicture})},
		{"signin-recovery", Recovery(bare, RecoveryView{Codes: []string{"K3QX 7ABC PLM2 9ZRT", "Q7DN 2WSX EDC4 RFV5", "TGB6 YHN7 UJM2 IK3O"}, Next: ui.Link{Text: "I have stored them", URL: "/"}})},
		{"stepup-demo", StepUp(s, StepUpView{Action: "/stepup", Name: "Ana Ruiz", Demo: true, Cancel: cancel})},
		{"stepup-provider", StepUp(s, StepUpView{Action: "/signin/with/entra", Name: "Ana Ruiz", Provider: "Halden Entra", Cancel: cancel})},
		{"stepup-code", StepUp(s, StepUpView{Action: "/stepup", Name: "Ana Ruiz", Code: true, App: true, Passkey: keys, Errors: wrong, Cancel: cancel})},
		{"stepup-passkey", StepUp(s, StepUpView{Action: "/stepup", Name: "Ana Ruiz", Code: true, Passkey: keys, Cancel: cancel})},
		{"stepup-resume", Resume(s, ResumeView{Action: "/hr/held/3", Page: ui.Link{Text: "Back to the page", URL: "/hr/held/3"}, Fields: []ResumeField{{"count", "Count", "61"}, {"reason", "Reason", "Site in Kiel closes"}}})},
		{"sessions-full", Sessions(s, SessionsView{Sessions: []SessionRow{this, other}, EndOthersURL: "/me/sessions/end-others", FactorsURL: "/me/factors"})},
		{"sessions-one", Sessions(s, SessionsView{Sessions: []SessionRow{this}, EndOthersURL: "/me/sessions/end-others", FactorsURL: "/me/factors"})},
		{"sessions-empty", Sessions(s, SessionsView{EndOthersURL: "/me/sessions/end-others", FactorsURL: "/me/factors"})},
	}
}
