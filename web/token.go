package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

// lives are the numbers of days for which a token may be made.
var lives = []int{1, 7, 30, 90}

// tokenList declares the list of one's own tokens.
var tokenList = listSpec{name: "tokens", label: "Your tokens", path: "/me/tokens", search: "Search your tokens", hint: "What it is for", sort: "-made", columns: []listColumn{
	{key: "name", text: "Name", sorted: true}, {key: "scope", text: "May"}, {key: "made", text: "Made", sorted: true}, {key: "used", text: "Last used"}, {key: "expires", text: "Valid until", sorted: true}}}

// tokens lists the reader's own tokens.
func (s *server) tokens(r *request) error {
	return s.tokensPage(r, http.StatusOK, templates.TokensView{})
}

func (s *server) tokensPage(r *request, status int, v templates.TokensView) error {
	v.Action = "/me/tokens"
	for _, x := range policy.Scopes {
		v.Scopes = append(v.Scopes, templates.ScopeChoice{Value: x, Text: scopeWord[x], Chosen: slices.Contains(v.Scope, x) || v.Scope == nil && x == policy.ScopeRead})
	}
	for _, d := range lives {
		v.Valid = append(v.Valid, ui.Option{Value: strconv.Itoa(d), Text: plural(d, "day", "days"), Selected: d == 7})
	}
	l, err := r.list(&tokenList)
	if r.Request.Method == http.MethodPost { // a form that was refused shows the list from its beginning
		l, err = parseList(&tokenList, nil)
	}
	if err != nil {
		return err
	}
	v.List = l.grid()
	v.List.Blank = ui.Blank{Icon: "key", Title: "You have no token", Text: "Make one below when a command asks for it. It is shown once."}
	err = r.read(func(tx *db.Tx) error {
		if l.csv {
			return r.tokensCSV(tx, l)
		}
		all, more, n, err := auth.TokenPage(tx, r.who.ID, l.query, l.page())
		if err != nil {
			return err
		}
		for _, t := range all {
			v.List.Rows = append(v.List.Rows, ui.Row{Name: t.Name, Cells: []templ.Component{ui.Words(t.Name), ui.Words(scopesWord(t.Scope)), ui.When(r.at(t.Made), "unknown"), ui.When(usedAt(r, t.Used), "never"), ui.When(r.at(t.Expires), "no end")},
				Acts: []ui.Act{{Key: "r", Text: "Revoke", Icon: "ban", URL: "/me/tokens/" + strconv.Itoa(t.ID) + "/revoke"}}})
		}
		if len(all) > 0 {
			l.pages(&v.List, len(all), all[0].Place(l.sort), all[len(all)-1].Place(l.sort), more, upTo(n))
		}
		return r.views(tx, l, &v.List)
	})
	if err != nil || l.csv {
		return err
	}
	return r.render(status, templates.Tokens(r.shell("Personal tokens"), v))
}

// tokensCSV sends the same list as a file, all pages of it.
func (r *request) tokensCSV(tx *db.Tx, l *list) error {
	p := l.page()
	p.After, p.Back, p.Limit = nil, false, maxExport
	all, _, _, err := auth.TokenPage(tx, r.who.ID, l.query, p)
	if err != nil {
		return err
	}
	return r.sendCSV("tokens", []string{"Name", "May", "Made", "Last used", "Valid until"}, eachLine(all, func(t *auth.Token) []string {
		used := ""
		if t.Used != nil {
			used = t.Used.UTC().Format(time.RFC3339)
		}
		return []string{t.Name, scopesWord(t.Scope), t.Made.UTC().Format(time.RFC3339), used, t.Expires.UTC().Format(time.RFC3339)}
	}))
}

// tokenMake makes one and shows it, this once.
func (s *server) tokenMake(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	v := templates.TokensView{Name: r.field("name"), Scope: append([]string{}, r.PostFormArray("scope")...)}
	if len(v.Scope) == 0 {
		v.Errors = append(v.Errors, ui.FieldError{Field: "scope", Text: "Choose at least one thing the token may do."})
	}
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
		out.Token, err = auth.Issue(tx, &r.who.Person, v.Name, v.Scope, valid)
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

// scopeWord says what a scope lets a token do.
var scopeWord = map[string]string{
	policy.ScopeRead:   "Read what you may read",
	policy.ScopeHR:     "Load HR files and announce planned changes",
	policy.ScopeDecide: "Change and decide in your name",
}

func scopesWord(scope []string) string {
	short := map[string]string{policy.ScopeRead: "Read", policy.ScopeHR: "HR", policy.ScopeDecide: "Decide"}
	var out []string
	for _, s := range policy.Scopes {
		if slices.Contains(scope, s) {
			out = append(out, short[s])
		}
	}
	return strings.Join(out, ", ")
}

func usedAt(r *request, at *time.Time) ui.Time {
	if at == nil {
		return ui.Time{}
	}
	return r.at(*at)
}
