package web

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/templates"
	"tenure/templates/ui"
)

// lives are the numbers of days for which a token may be made.
var lives = []int{1, 7, 30, 90}

// tokens lists the reader's own tokens.
func (s *server) tokens(r *request) error {
	return s.tokensPage(r, http.StatusOK, templates.TokensView{})
}

func (s *server) tokensPage(r *request, status int, v templates.TokensView) error {
	v.Action = "/me/tokens"
	for _, d := range lives {
		v.Valid = append(v.Valid, ui.Option{Value: strconv.Itoa(d), Text: plural(d, "day", "days"), Selected: d == 7})
	}
	err := r.read(func(tx *db.Tx) error {
		all, err := auth.Tokens(tx, r.who.ID)
		for _, t := range all {
			v.Tokens = append(v.Tokens, templates.TokenRow{Name: t.Name, Made: r.at(t.Made), Expires: r.at(t.Expires),
				RevokeURL: "/me/tokens/" + strconv.Itoa(t.ID) + "/revoke"})
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Tokens(r.shell("Personal tokens"), v))
}

// tokenMake makes one and shows it, this once.
func (s *server) tokenMake(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	v := templates.TokensView{Name: r.field("name")}
	days, _ := strconv.Atoi(r.field("days")) // 0 is not among lives
	if v.Name == "" || len(v.Name) > 80 {
		v.Errors = append(v.Errors, ui.FieldError{Field: "name", Text: "Say in up to 80 characters what it is for."})
	}
	if !slices.Contains(lives, days) {
		v.Errors = append(v.Errors, ui.FieldError{Field: "days", Text: "Choose how long it is valid."})
	}
	if len(v.Errors) > 0 {
		return s.tokensPage(r, http.StatusBadRequest, v)
	}
	out := templates.TokenView{Name: v.Name, Back: ui.Link{Text: "Personal tokens", URL: "/me/tokens"}}
	valid := time.Duration(days) * 24 * time.Hour
	err := r.do(func(tx *db.Tx) (err error) {
		out.Token, err = auth.Issue(tx, &r.who.Person, v.Name, valid)
		return err
	})
	if err != nil {
		return err
	}
	out.Until = r.at(time.Now().Add(valid))
	return r.show(templates.TokenMade(r.shell("New token"), out))
}

// tokenRevoke ends one.
func (s *server) tokenRevoke(r *request) error {
	id, err := r.number("id")
	if err != nil {
		return err
	}
	if err := r.do(func(tx *db.Tx) error { return auth.Revoke(tx, r.who.ID, id) }); err != nil {
		return err
	}
	return r.goWith("/me/tokens", ui.Notice{Tone: ui.Good, Title: "The token is revoked", Text: "It is refused from now on."})
}
