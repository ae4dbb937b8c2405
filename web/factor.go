package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"tenure/templates/lang"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/templates"
	"tenure/templates/ui"
)

// The second steps of whoever signs in with a password: what they have, and how to change it. Whoever comes from an identity provider
// has theirs there.

const factorsURL = "/me/factors"

var factorsUp = []ui.Link{{Text: lang.Mark("My access"), URL: "/me"}, {Text: lang.Mark("Your second step"), URL: factorsURL}}

// factors lists them.
func (s *server) factors(r *request) error {
	v := templates.FactorsView{AppURL: factorsURL + "/app", RecoveryURL: factorsURL + "/recovery", Elsewhere: s.signedInAt(r)}
	err := r.read(func(tx *db.Tx) error {
		account, err := auth.Account(tx, r.who.ID)
		if err != nil || account == "" {
			return err
		}
		v.Here = true
		all, err := auth.Factors(tx, r.who.ID)
		if err != nil {
			return err
		}
		works := 0
		for _, f := range all {
			if f.Works() {
				works++
			}
		}
		v.App = auth.Has(all, "totp")
		for _, f := range all {
			at := factorsURL + "/" + strconv.Itoa(f.ID)
			row := templates.FactorRow{Name: f.Name, Kind: f.Kind, Added: r.at(f.Made), Used: usedAt(r, f.Used), Copied: usedAt(r, f.Copied), NameURL: at + "/name"}
			if works > 1 || works == 1 && !f.Works() {
				row.RemoveURL = at + "/remove"
			}
			v.Factors = append(v.Factors, row)
		}
		n, made, err := auth.RecoveryLeft(tx, r.who.ID)
		v.Codes, v.CodesMade = n, usedAt(r, made)
		return err
	})
	if err != nil {
		return err
	}
	if s.passkeys != nil {
		v.PasskeyURL = factorsURL + "/passkey"
	}
	return r.show(templates.Factors(r.shell(r.T("Your second step")), v))
}

// signedInAt is where the reader came from, when that was not here.
func (s *server) signedInAt(r *request) string {
	if name, ok := strings.CutPrefix(s.sessions.GetString(r.Request.Context(), sessionMethod), "oidc:"); ok && s.providers[name] != nil {
		return s.providers[name].Title
	}
	return ""
}

// factorAccount gives the address with which the reader signs in; who signs in elsewhere has no second step here.
func (r *request) factorAccount() (account string, err error) {
	err = r.read(func(tx *db.Tx) (err error) { account, err = auth.Account(tx, r.who.ID); return err })
	if err == nil && account == "" {
		err = errs.Conflict("you sign in without a password here, so there is no second step to set up")
	}
	return account, err
}

// factorAppAsk sets up an authenticator app, in place of the one there may be.
func (s *server) factorAppAsk(r *request) error { return s.factorAppPage(r, http.StatusOK, nil) }

func (s *server) factorAppPage(r *request, status int, bad ui.Errors) error {
	account, err := r.factorAccount()
	if err != nil {
		return err
	}
	e, err := s.enrolment(r, account)
	if err != nil {
		return err
	}
	return r.render(status, templates.FactorApp(r.shell(r.T("Authenticator app")), templates.FactorAppView{Up: factorsUp,
		Enrol: templates.EnrolView{Action: factorsURL + "/app", Key: e.Key, Image: e.Image, Errors: bad}, Cancel: ui.Link{Text: r.T("Cancel"), URL: factorsURL}}))
}

// factorApp takes its first code and shows the recovery codes that come with it.
func (s *server) factorApp(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	if _, err := r.factorAccount(); err != nil {
		return err
	}
	var codes []string
	ctx := r.Request.Context()
	refusal, err := s.try(r, secondAccount(r.who.ID), func(tx *db.Tx) (err error) {
		tx.Actor = r.who.actor
		codes, err = auth.Confirm(tx, r.who.ID, s.sessions.GetString(ctx, sessionEnrolment), r.field("code"))
		return err
	})
	if err != nil {
		return err
	}
	if refusal != nil {
		return s.factorAppPage(r, http.StatusUnauthorized, ui.Errors{{Field: "code", Text: r.ruleOf(refusal, r.T("The code"))}})
	}
	s.sessions.Remove(ctx, sessionEnrolment)
	return r.newCodes(codes, r.T("The authenticator app is set up."))
}

// newCodes shows recovery codes, this once.
func (r *request) newCodes(codes []string, done string) error {
	return r.show(templates.NewCodes(r.shell(r.T("Recovery codes")), templates.NewCodesView{Up: factorsUp, Done: done, Codes: codes, Next: ui.Link{Text: r.T("I have stored them"), URL: factorsURL}}))
}

// ruleOf gives the broken rule of the first field as a sentence, or the error as one.
func (r *request) ruleOf(err error, field string) string {
	var e *errs.Error
	if errors.As(err, &e) && len(e.Fields) > 0 {
		return sentence(r.T("%s %s", field, r.T(e.Fields[0].Rule)))
	}
	return sentence(r.said(err))
}

// factorPasskeyAsk asks for a new passkey.
func (s *server) factorPasskeyAsk(r *request) error {
	return s.factorPasskeyPage(r, http.StatusOK, templates.FactorPasskeyView{})
}

func (s *server) factorPasskeyPage(r *request, status int, v templates.FactorPasskeyView) error {
	if _, err := r.factorAccount(); err != nil {
		return err
	}
	if s.passkeys == nil {
		return auth.NoPasskeys()
	}
	var q *auth.Question
	if err := r.read(func(tx *db.Tx) (err error) { q, err = s.passkeys.AskNew(tx, r.who.ID); return err }); err != nil {
		return err
	}
	s.sessions.Put(r.Request.Context(), sessionAskedNew, q.Kept)
	v.Up, v.Action, v.Options, v.Cancel = factorsUp, factorsURL+"/passkey", q.Options, ui.Link{Text: r.T("Cancel"), URL: factorsURL}
	return r.render(status, templates.FactorPasskey(r.shell(r.T("Add a passkey")), v))
}

// factorPasskey stores the one that answered.
func (s *server) factorPasskey(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	if _, err := r.factorAccount(); err != nil {
		return err
	}
	if s.passkeys == nil {
		return auth.NoPasskeys()
	}
	kept := s.sessions.PopString(r.Request.Context(), sessionAskedNew)
	v := templates.FactorPasskeyView{Name: r.field("name")}
	name, err := auth.NameOf(v.Name)
	if err != nil {
		v.Errors = ui.Errors{{Field: "name", Text: r.ruleOf(err, r.T("The name"))}}
		return s.factorPasskeyPage(r, http.StatusBadRequest, v)
	}
	refusal, err := s.try(r, secondAccount(r.who.ID), func(tx *db.Tx) error {
		tx.Actor = r.who.actor
		return s.passkeys.Add(tx, r.who.ID, kept, r.PostForm("credential"), name)
	})
	if err != nil {
		return err
	}
	if refusal != nil {
		v.Refused = true
		return s.factorPasskeyPage(r, http.StatusUnauthorized, v)
	}
	return r.goWith(factorsURL, ui.Notice{Tone: ui.Good, Title: r.T("The passkey is added"), Text: r.T("From now on it signs you in as your second step.")})
}

// factor gives the reader's second step that the address names.
func (r *request) factor() (f *auth.Factor, err error) {
	id, err := r.number("id")
	if err != nil {
		return nil, err
	}
	err = r.read(func(tx *db.Tx) (err error) { f, err = auth.OneFactor(tx, r.who.ID, id); return err })
	return f, err
}

// factorNameAsk asks for another name.
func (s *server) factorNameAsk(r *request) error {
	f, err := r.factor()
	if err != nil {
		return err
	}
	return r.factorNamePage(http.StatusOK, f, f.Name, nil)
}

func (r *request) factorNamePage(status int, f *auth.Factor, name string, bad ui.Errors) error {
	return r.render(status, templates.FactorName(r.shell(r.T("Name")), templates.FactorNameView{Up: factorsUp, Action: factorsURL + "/" + strconv.Itoa(f.ID) + "/name", Was: f.Name, Name: name, Errors: bad,
		Cancel: ui.Link{Text: r.T("Cancel"), URL: factorsURL}}))
}

// factorName gives it.
func (s *server) factorName(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	f, err := r.factor()
	if err != nil {
		return err
	}
	name := r.field("name")
	err = r.do(func(tx *db.Tx) error { return auth.RenameFactor(tx, r.who.ID, f.ID, name) })
	if errs.KindOf(err) == errs.KindInvalid {
		return r.factorNamePage(http.StatusBadRequest, f, name, ui.Errors{{Field: "name", Text: r.ruleOf(err, r.T("The name"))}})
	}
	if err != nil {
		return err
	}
	return r.goWith(factorsURL, ui.Notice{Tone: ui.Good, Title: r.T("The name is changed")})
}

// factorRemoveAsk asks before one is removed.
func (s *server) factorRemoveAsk(r *request) error {
	f, err := r.factor()
	if err != nil {
		return err
	}
	will := []string{r.T("It signs you in no more, here and everywhere"), r.T("Your other second steps and your recovery codes stay as they are")}
	if f.Kind == "passkey" {
		will = append(will, r.T("Delete it on the device as well: the portal cannot"))
	}
	return r.show(templates.Ask(r.shell(r.T("Remove")), templates.AskView{Up: factorsUp, Title: r.T("Remove %s?", f.Name), Will: will, Action: factorsURL + "/" + strconv.Itoa(f.ID) + "/remove",
		Button: r.T("Remove"), Icon: "circle-minus", Danger: true, Cancel: ui.Link{Text: r.T("Keep it"), URL: factorsURL}}))
}

// factorRemove removes it.
func (s *server) factorRemove(r *request) error {
	id, err := r.number("id")
	if err != nil {
		return err
	}
	var f *auth.Factor
	if err := r.do(func(tx *db.Tx) (err error) { f, err = auth.RemoveFactor(tx, r.who.ID, id); return err }); err != nil {
		return err
	}
	return r.goWith(factorsURL, ui.Notice{Tone: ui.Good, Title: r.T("%s is removed", f.Name), Text: r.T("It signs you in no more.")})
}

// recoveryAsk asks before the codes that somebody may have printed end.
func (s *server) recoveryAsk(r *request) error {
	if _, err := r.factorAccount(); err != nil {
		return err
	}
	return r.show(templates.Ask(r.shell(r.T("New recovery codes")), templates.AskView{Up: factorsUp, Title: r.T("Make new recovery codes?"), Will: []string{r.T("The codes you have end at once"), r.T("Ten new ones are shown, this once")},
		Action: factorsURL + "/recovery", Button: r.T("Make new codes"), Icon: "refresh", Cancel: ui.Link{Text: r.T("Keep the old ones"), URL: factorsURL}}))
}

// recovery makes new ones and shows them.
func (s *server) recovery(r *request) error {
	if _, err := r.factorAccount(); err != nil {
		return err
	}
	var codes []string
	if err := r.do(func(tx *db.Tx) (err error) { codes, err = auth.NewRecovery(tx, r.who.ID); return err }); err != nil {
		return err
	}
	return r.newCodes(codes, r.T("The codes from before have ended."))
}
