package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/templates"
	"tenure/templates/ui"
)

// statusOf maps the kinds of errors to HTTP.
func statusOf(err error) int {
	var big *http.MaxBytesError
	var many *auth.Wait
	var own *refused
	switch {
	case errors.As(err, &own):
		return own.status
	case errors.As(err, &big):
		return http.StatusRequestEntityTooLarge
	case errors.As(err, &many):
		return http.StatusTooManyRequests
	}
	switch errs.KindOf(err) {
	case errs.KindInvalid:
		return http.StatusBadRequest
	case errs.KindUnauthenticated:
		return http.StatusUnauthorized
	case errs.KindForbidden:
		return http.StatusForbidden
	case errs.KindNotFound:
		return http.StatusNotFound
	case errs.KindConflict:
		return http.StatusConflict
	}
	return http.StatusInternalServerError
}

// fail answers an error: the only place that does. What is not meant for people is logged with the reference that the answer
// shows, and nothing of it is sent.
func (s *server) fail(r *request, err error) {
	status := statusOf(err)
	if constraint := db.ConstraintName(err); status == http.StatusInternalServerError && constraint != "" {
		slog.Error("a rule of the database was broken", "constraint", constraint, "reference", r.reference())
	}
	var wait *auth.Wait
	if errors.As(err, &wait) {
		r.Header("Retry-After", strconv.Itoa(int(wait.For.Seconds())+1))
	}
	text, fields := r.words(err, status)
	if status == http.StatusInternalServerError {
		if errors.Is(err, context.Canceled) && r.Request.Context().Err() != nil {
			r.Abort() // the browser has gone away: nobody reads an answer
			return
		}
		slog.Error("internal error", "error", err, "route", r.FullPath(), "reference", r.reference())
	}
	if r.Writer.Written() {
		r.Abort()
		return
	}
	switch {
	case api(r.Request), wantsJSON(r.Request):
		r.sendProblem(r.problem(err, status, text, fields))
	case status == http.StatusUnauthorized && r.Request.Method == http.MethodGet && !polling(r.Request) && bearerOf(r.Request) == "":
		next := r.Request.URL.RequestURI()
		if next == "/" {
			next = ""
		}
		_ = r.goTo(link("/signin", "next", next))
		r.Abort()
	default:
		var e *errs.Error
		v := templates.ProblemView{Status: status, Text: text}
		if errors.As(err, &e) && e.By != nil {
			v = r.conflict(e.By)
		}
		s.failPage(r, v, fields)
		r.Abort()
	}
}

// conflict tells somebody who comes too late who was there before, when, and how it stands now.
func (r *request) conflict(by *errs.Act) templates.ProblemView {
	who := by.Who
	if who == "" {
		who = r.T("Somebody")
	}
	v := templates.ProblemView{Status: http.StatusConflict, When: r.at(by.At), Now: by.State, Title: who + " " + by.Did}
	if ago := r.ago(by.At); ago != "" {
		v.Title += " " + ago
	}
	return v
}

func (s *server) failPage(r *request, v templates.ProblemView, fields []errs.Field) {
	status := v.Status
	v.Bare = r.who == nil
	for _, f := range fields {
		v.Fields = append(v.Fields, ui.FieldError{Text: r.T("%s %s", r.T(f.Field), r.T(f.Rule))})
	}
	if status == http.StatusInternalServerError {
		v.Reference = r.reference()
	}
	switch {
	case status == http.StatusConflict && v.Title == "":
		v.Title = r.T("This is not possible now")
	case status == http.StatusRequestEntityTooLarge:
		v.Title = r.T("This is too large")
	case status == http.StatusTooManyRequests:
		v.Title = r.T("Please wait a little")
	case status == http.StatusMethodNotAllowed:
		v.Title = r.T("This address is used in another way")
	}
	switch {
	case status == http.StatusUnauthorized:
		v.Back = ui.Link{Text: r.T("Sign in"), URL: "/signin"}
	case r.who != nil && r.back.URL != "":
		v.Back = r.back
	case r.who != nil:
		v.Back = ui.Link{Text: r.T("Go to the first page"), URL: "/"}
	}
	if err := r.render(status, templates.Problem(r.shell(templates.ProblemTitle(r.Request.Context(), v)), v)); err != nil {
		slog.Error("the page of an error cannot be drawn", "error", err, "reference", r.reference())
		http.Error(r.Writer, "Something went wrong on our side. Reference "+r.reference(), status)
	}
}

// said gives the message of an error in the reader's language.
func (r *request) said(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.In(r.T)
	}
	return r.T(err.Error())
}

// words gives what a person may read of an error. A sentence begins with a capital letter and ends with a full stop.
func (r *request) words(err error, status int) (string, []errs.Field) {
	var e *errs.Error
	var own *refused
	switch {
	case errors.As(err, &e):
		return sentence(e.In(r.T)), e.Fields
	case errors.As(err, &own):
		return sentence(own.text), nil
	case api(r.Request) && status == http.StatusRequestEntityTooLarge:
		return "The body is larger than 256 KB.", nil
	case status == http.StatusRequestEntityTooLarge:
		return r.T("What was sent is larger than this page takes. A file may have %d MB.", maxUpload>>20), nil
	case status == http.StatusTooManyRequests:
		return sentence(err.Error()), nil
	}
	return "", nil
}

func sentence(text string) string {
	if text == "" {
		return ""
	}
	if _, size := utf8.DecodeRuneInString(text); size > 0 {
		text = strings.ToUpper(text[:size]) + text[size:]
	}
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}

// wantsJSON says whether a client asks for JSON rather than for a page.
func wantsJSON(h *http.Request) bool {
	accept := h.Header.Get("Accept")
	return strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
}

// noPage answers an address that does not exist.
func (s *server) noPage(r *request) error {
	if api(r.Request) {
		return errs.NotFound("the API has no such address; /api lists what there is")
	}
	return errs.NotFound("there is no such page; the address may be mistyped")
}

// noMethod answers an address that exists and is used in another way.
func (s *server) noMethod(r *request) error {
	if api(r.Request) {
		return refusal(http.StatusMethodNotAllowed, codeMethod, "it does not take %s", r.Request.Method)
	}
	s.failPage(r, templates.ProblemView{Status: http.StatusMethodNotAllowed, Text: r.T("Open the page and use its buttons.")}, nil)
	return nil
}

// nothing is for objects that do not exist or are not for this reader: nobody can tell which.
func nothing(what string) error {
	return errs.NotFound("there is no such %s, or it is not for you to see", what)
}

// escape makes a name part of a path.
func escape(name string) string { return url.PathEscape(name) }
