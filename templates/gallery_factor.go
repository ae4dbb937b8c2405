package templates

import "tenure/templates/ui"

func galleryFactors() []Sample {
	s := sampleShell("Your second step", "/me/factors")
	up := []ui.Link{{Text: "My access", URL: "/me"}, {Text: "Your second step", URL: "/me/factors"}}
	cancel := ui.Link{Text: "Cancel", URL: "/me/factors"}
	row := func(id, name, kind string, used ui.Time) FactorRow {
		return FactorRow{Name: name, Kind: kind, Added: at("3 February", "2026-02-03T10:11:00Z"), Used: used, NameURL: "/me/factors/" + id + "/name", RemoveURL: "/me/factors/" + id + "/remove"}
	}
	full := FactorsView{Here: true, App: true, AppURL: "/me/factors/app", PasskeyURL: "/me/factors/passkey", RecoveryURL: "/me/factors/recovery", Codes: 8, CodesMade: at("3 February", "2026-02-03T10:11:00Z"),
		Factors: []FactorRow{row("1", "Authenticator app", "totp", at("today 08:02", "2026-11-22T08:02:00Z")), row("4", "Blue stick", "passkey", at("yesterday 17:20", "2026-11-21T17:20:00Z")), row("5", "Stick in the safe of the third floor, next to the printed recovery codes", "passkey", ui.Time{})}}
	one := full
	one.Factors, one.Codes = []FactorRow{full.Factors[0]}, 1
	one.Factors[0].RemoveURL = ""
	key := full
	key.App, key.Factors, key.PasskeyURL = false, []FactorRow{full.Factors[1]}, ""
	key.Factors[0].RemoveURL = ""
	odd := full
	odd.Factors, odd.Codes = []FactorRow{full.Factors[0], full.Factors[1]}, 0
	odd.Factors[0].RemoveURL, odd.Factors[1].Copied = "", at("today 09:01", "2026-11-22T09:01:00Z")
	codes := []string{"K3QX 7ABC PLM2 9ZRT", "Q7DN 2WSX EDC4 RFV5", "TGB6 YHN7 UJM2 IK3O"}
	enrol := EnrolView{Action: "/me/factors/app", Key: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP", Image: samplePicture}
	wrong := enrol
	wrong.Errors = ui.Errors{{Field: "code", Text: "The code is not the one the app shows now."}}
	ask := FactorPasskeyView{Up: up, Action: "/me/factors/passkey", Options: `{"challenge":"AA"}`, Cancel: cancel}
	again := ask
	again.Name, again.Refused = "Blue stick", true
	nameless := ask
	nameless.Errors = ui.Errors{{Field: "name", Text: "The name must have 1 to 60 characters."}}
	return []Sample{
		{"factors-full", Factors(s, full)},
		{"factors-one", Factors(s, one)},
		{"factors-passkey-only", Factors(s, key)},
		{"factors-copied", Factors(s, odd)},
		{"factors-elsewhere", Factors(s, FactorsView{Elsewhere: "Halden Entra"})},
		{"factors-none", Factors(s, FactorsView{})},
		{"factor-app", FactorApp(s, FactorAppView{Up: up, Enrol: enrol, Cancel: cancel})},
		{"factor-app-wrong", FactorApp(s, FactorAppView{Up: up, Enrol: wrong, Cancel: cancel})},
		{"factor-codes", NewCodes(s, NewCodesView{Up: up, Done: "The authenticator app is set up.", Codes: codes, Next: ui.Link{Text: "I have stored them", URL: "/me/factors"}})},
		{"factor-passkey", FactorPasskey(s, ask)},
		{"factor-passkey-error", FactorPasskey(s, again)},
		{"factor-passkey-nameless", FactorPasskey(s, nameless)},
		{"factor-name", FactorName(s, FactorNameView{Up: up, Action: "/me/factors/4/name", Was: "Blue stick", Name: "Blue stick", Cancel: cancel})},
		{"factor-name-error", FactorName(s, FactorNameView{Up: up, Action: "/me/factors/4/name", Was: "Blue stick", Errors: ui.Errors{{Field: "name", Text: "The name must have 1 to 60 characters."}}, Cancel: cancel})},
		{"factor-remove", Ask(s, AskView{Up: up, Title: "Remove Blue stick?", Will: []string{"It signs you in no more, here and everywhere", "Your other second steps and your recovery codes stay as they are", "Delete it on the device as well: the portal cannot"},
			Action: "/me/factors/4/remove", Button: "Remove", Icon: "circle-minus", Danger: true, Cancel: ui.Link{Text: "Keep it", URL: "/me/factors"}})},
		{"factor-recovery", Ask(s, AskView{Up: up, Title: "Make new recovery codes?", Will: []string{"The codes you have end at once", "Ten new ones are shown, this once"},
			Action: "/me/factors/recovery", Button: "Make new codes", Icon: "refresh", Cancel: ui.Link{Text: "Keep the old ones", URL: "/me/factors"}})},
	}
}
