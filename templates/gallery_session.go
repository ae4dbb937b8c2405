package templates

import "tenure/templates/ui"

var sampleScopes = []ScopeChoice{{Value: "read", Text: "Read what you may read", Chosen: true}, {Value: "hr", Text: "Load HR files and announce planned changes"},
	{Value: "decide", Text: "Change and decide in your name"}}

// samplePicture is the QR code of an invented key.
const samplePicture = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAMgAAADIEAAAAADYoy0BAAAFQ0lEQVR4nOyd23LbOgwAnTP5/1/OedJMyglMXCh3ne6+1ZYopTsQQwFgPr++HgLiv799A/InCoGhEBgKgaEQGAqBoRAYCoGhEBgKgaEQGAqBoRAYCoGhEBgKgaEQGJ+Zgz4+eoNf2cj1/PXzNWu5Oz66zso6/vTf0f1lyWRnjRAYCoGhEBipOeQiW6FSnQN214me5dH1ouvu5obd97v7jKjMOUYIDIXAUAiM0hxyMV0PZMe/jp+uE3bnRz9HNE50v9E4FYwQGAqBoRAYrTmkSnVdER3XXTesz/jdHJOdO+7ACIGhEBgKgfGSOeSim4/YzRGn1hXVd1l3YITAUAgMhcBozSHVZ+vuHdIuX1DNzUfjV99FZc8/OdcYITAUAkMhMEpzSLceKWJaL9Ulm1PPjnMSIwSGQmAoBEZqDpn+np1dH9w1V0T3E/17x53vuIwQGAqBoRAYpf6Qbg47mzuPrpc9r3u90++4qv9f3zFCYCgEhkJgfEx+pz7d81cdt9uHUs3BV3+e3X0/wwiBoRAYCoFxpD+kWke1e/Z2c+NTpnPfif4YIwSGQmAoBMYttb3Zdzvr8dn1Q/bz6Lhq3qXbG9nJ5xghMBQCQyEwRrW92Vrbbr1Td10wfed1qgeygxECQyEwFAJjVNubfYbvxqu+E5qON+1H2V0/Gi+DEQJDITAUAuOWd1nZZ2/3mdy9fnYOWpnWeZkPeWMUAkMhMEZzSLXOKpt779beVvdmjO4vGr9aR9bBCIGhEBgKgXHk74fsnrWn9gip5lm6/e/Vfo/uHi4/YYTAUAgMhcBo/f2QU3VW3Xqo7LuhaR9ItG6K7mO6d8rDCOGhEBgKgXHLu6zsO6Z1nOj49fPovOlei9W9Vzp96DuMEBgKgaEQGK39srp5jd341fVCt35rHTc6PzuXdfMwP2GEwFAIDIXAaOVDqn0T2TxBNz/SJfq5qu/oun0wP2GEwFAIDIXAKK1DujWs0/VClmyOPaJ6P9laAWt73xiFwFAIjCM59ZVqf0g3j1KlWkN8V03AM4wQGAqBoRAYrb3fq99Hx53qzcv2pXf7Rar9KpO5zgiBoRAYCoHR2vu9mieoPluz+ZLuOmK6F0t1HVa5rhECQyEwFAJjlFPf1WVVyebiu9eZ5ryn65cMRggMhcBQCIwjfz8k+rzbB5L9Prp+tddvNyd0+/Q7GCEwFAJDITBu2fv94lTvYPf7bG9jtp7sVL/LM4wQGAqBoRAYR/btne55ctGdc7L3Ex2XZXo/GYwQGAqBoRAYrf6Qah9IRPXd0+l8y/r57vrV8a3t/QUoBIZCYNyyb2+VXT6hms+o5lem79Kq+249wwiBoRAYCoHR2i8re3x1z8Lddaf1WNG/q/Ve9of8QygEhkJgpPpDqnmF6Z6Hu/vI7nHYXQ/ctQdLBiMEhkJgKARGq8ewfJFkr163N2/a7z6de0712z+MEB4KgaEQGEfyIRHZ9cl036rsedO5IRonun4HIwSGQmAoBEZrz8Ud3f6N6Px1nOj8U30e057EydxihMBQCAyFwDjapz7NM1TPz74Li2pus+ui3ecX3f3BvmOEwFAIDIXAONJj2OV0Dry7TqquX6rrGvMhb4xCYCgExkvmkGyvYPf3+Gp+o1rHleVEPZcRAkMhMBQCo1TbO90zff1+pbpHSbXeq9vXUe1ttD/kF6EQGAqBUVqHdH/PPrVnyek65NP99dN3cg8jhIdCYCgExkv6QySPEQJDITAUAkMhMBQCQyEwFAJDITAUAkMhMBQCQyEwFAJDITAUAkMhMBQC4/8AAAD//4xu++kl4LmSAAAAAElFTkSuQmCC"

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
