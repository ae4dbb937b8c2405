package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

// Sensitive acts need a proof of who somebody is that is no older than ten minutes (auth.Fresh). A page that leads to one asks for it
// before it opens, so that nothing is typed in vain. When the proof grows old while a form is open, what was entered is kept in the
// session and shown after the proof: the reader sends it again themselves, nothing is sent for them.

// sessionKept is the form that was sent when the proof had grown old.
const sessionKept = "kept"

type keptForm struct {
	Path  string
	Page  string // where the form was
	Names []string
	Value url.Values
}

// fresh leads to the step-up page when a sensitive permission is used with an old proof. answered says that it did.
func (r *request) fresh(permission string) (answered bool, err error) {
	if !policy.Sensitive(permission) || !r.stale || r.bearer != nil {
		return false, nil
	}
	next := r.Request.URL.RequestURI()
	if r.Request.Method != http.MethodGet && r.Request.Method != http.MethodHead {
		next = r.keep()
	}
	if wantsJSON(r.Request) || polling(r.Request) {
		return true, errs.Forbidden("prove again who you are on the page of this act, and try again")
	}
	return true, r.goTo(link("/stepup", "next", next))
}

// keep puts a posted form aside and gives where to go after the proof. Secrets and files are not kept.
func (r *request) keep() string {
	page := "/"
	if u, err := url.Parse(r.Request.Referer()); err == nil && u.Path != "" {
		page = inside(u.RequestURI())
	}
	if strings.HasPrefix(r.ContentType(), "multipart/") || r.form() != nil {
		return page
	}
	k := keptForm{Path: r.Request.URL.RequestURI(), Page: page, Value: r.Request.PostForm}
	for name := range k.Value {
		for _, secret := range []string{"secret", "password", "token", "credential", "code"} {
			if strings.Contains(name, secret) {
				return page
			}
		}
		k.Names = append(k.Names, name)
	}
	slices.Sort(k.Names)
	body, err := json.Marshal(k)
	if err != nil || len(body) > 16<<10 {
		return page
	}
	r.s.sessions.Put(r.Request.Context(), sessionKept, string(body))
	return "/stepup/resume"
}

// stepUpAsk asks who is there once more.
func (s *server) stepUpAsk(r *request) error {
	return s.stepUpPage(r, http.StatusOK, inside(r.Query("next")), nil)
}

func (s *server) stepUpPage(r *request, status int, next string, bad ui.Errors) error {
	v := templates.StepUpView{Action: "/stepup", Next: next, Name: r.who.Name, Errors: bad, Cancel: ui.Link{Text: r.T("Cancel"), URL: "/"}}
	method := s.sessions.GetString(r.Request.Context(), sessionMethod)
	switch name, ok := strings.CutPrefix(method, "oidc:"); {
	case ok && s.providers[name] != nil:
		v.Provider, v.Action = s.providers[name].Title, link("/signin/with/"+name, "next", next)
	case method == "persona":
		v.Demo = true
	default:
		var err error
		v.Code = true
		if v.App, v.Passkey, err = s.secondWays(r, r.who.ID); err != nil {
			return err
		}
	}
	return r.render(status, templates.StepUp(r.shell(r.T("Is it you?")), v))
}

// stepUp takes the proof: a code or passkey of a local administrator, a click in a demo.
func (s *server) stepUp(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	method := s.sessions.GetString(r.Request.Context(), sessionMethod)
	next := inside(r.field("next"))
	switch {
	case strings.HasPrefix(method, "oidc:"):
		return errs.Invalid("prove who you are where you signed in")
	case method == "persona":
	default:
		m, refusal, err := s.secondFactor(r, r.who.ID)
		if err != nil {
			return err
		}
		if refusal != nil {
			return s.stepUpPage(r, http.StatusUnauthorized, next, ui.Errors{{Field: "code", Text: sentence(refusal.Error())}})
		}
		method = m
	}
	if err := s.proved(r, method); err != nil {
		return err
	}
	return r.goTo(next)
}

// proved notes a fresh proof in the reader's session and gives the session another token.
func (s *server) proved(r *request, method string) error {
	if err := r.do(func(tx *db.Tx) error { return auth.Proved(tx, r.session, r.who.ID, method) }); err != nil {
		return err
	}
	return s.sessions.RenewToken(r.Request.Context())
}

// stepUpResume shows what had been entered when the proof had grown old.
func (s *server) stepUpResume(r *request) error {
	var k keptForm
	if json.Unmarshal([]byte(s.sessions.GetString(r.Request.Context(), sessionKept)), &k) != nil || k.Path == "" {
		return r.goTo("/")
	}
	v := templates.ResumeView{Action: k.Path, Page: ui.Link{Text: r.T("Back to the page"), URL: k.Page}}
	for _, name := range k.Names {
		for _, value := range k.Value[name] {
			v.Fields = append(v.Fields, templates.ResumeField{Name: name, Label: sentenceCase(name), Value: value})
		}
	}
	return r.show(templates.Resume(r.shell(r.T("Go on where you were")), v))
}

func sentenceCase(name string) string {
	name = strings.ReplaceAll(name, "_", " ")
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}
