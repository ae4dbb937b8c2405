package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"tenure/templates/lang"
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
var tokenList = listSpec{name: "tokens", label: lang.Mark("Your tokens"), path: "/me/tokens", search: lang.Mark("Search your tokens"), hint: lang.Mark("What it is for"), sort: "-made", columns: []listColumn{
	{key: "name", text: lang.Mark("Name"), sorted: true}, {key: "scope", text: lang.Mark("May")}, {key: "made", text: lang.Mark("Made"), sorted: true}, {key: "used", text: lang.Mark("Last used")}, {key: "expires", text: lang.Mark("Valid until"), sorted: true}}}

// tokens lists the reader's own tokens.
func (s *server) tokens(r *request) error {
	return s.tokensPage(r, http.StatusOK, templates.TokensView{})
}

func (s *server) tokensPage(r *request, status int, v templates.TokensView) error {
	v.Action = "/me/tokens"
	for _, x := range policy.Scopes {
		v.Scopes = append(v.Scopes, templates.ScopeChoice{Value: x, Text: r.T(scopeWord[x]), Chosen: slices.Contains(v.Scope, x) || v.Scope == nil && x == policy.ScopeRead})
	}
	for _, d := range lives {
		v.Valid = append(v.Valid, ui.Option{Value: strconv.Itoa(d), Text: r.Plural(d, "day", "days"), Selected: d == 7})
	}
	l, err := r.list(&tokenList)
	if r.Request.Method == http.MethodPost { // a form that was refused shows the list from its beginning
		if l, err = parseList(&tokenList, nil); err == nil {
			l.Language = r.Language
		}
	}
	if err != nil {
		return err
	}
	v.List = l.grid()
	v.List.Blank = ui.Blank{Icon: "key", Title: r.T("You have no token"), Text: r.T("Make one below when a command asks for it. It is shown once.")}
	err = r.read(func(tx *db.Tx) error {
		if l.csv {
			return r.tokensCSV(tx, l)
		}
		all, more, n, err := auth.TokenPage(tx, r.who.ID, l.query, l.page())
		if err != nil {
			return err
		}
		for _, t := range all {
			v.List.Rows = append(v.List.Rows, ui.Row{Name: t.Name, Cells: []templ.Component{ui.Words(t.Name), ui.Words(r.scopesWord(t.Scope)), ui.When(r.at(t.Made), r.T("unknown")), ui.When(usedAt(r, t.Used), r.T("never")), ui.When(r.at(t.Expires), r.T("no end"))},
				Acts: []ui.Act{{Key: "r", Text: r.T("Revoke"), Icon: "ban", URL: "/me/tokens/" + strconv.Itoa(t.ID) + "/revoke"}}})
		}
		if len(all) > 0 {
			l.pages(&v.List, len(all), all[0].Place(l.sort), all[len(all)-1].Place(l.sort), more, upTo(n))
		}
		return r.views(tx, l, &v.List)
	})
	if err != nil || l.csv {
		return err
	}
	return r.render(status, templates.Tokens(r.shell(r.T("Personal tokens")), v))
}

// tokensCSV sends the same list as a file, all pages of it.
func (r *request) tokensCSV(tx *db.Tx, l *list) error {
	p := l.page()
	p.After, p.Back, p.Limit = nil, false, maxExport
	all, _, _, err := auth.TokenPage(tx, r.who.ID, l.query, p)
	if err != nil {
		return err
	}
	return r.sendCSV("tokens", []string{r.T("Name"), r.T("May"), r.T("Made"), r.T("Last used"), r.T("Valid until")}, eachLine(all, func(t *auth.Token) []string {
		used := ""
		if t.Used != nil {
			used = t.Used.UTC().Format(time.RFC3339)
		}
		return []string{t.Name, r.scopesWord(t.Scope), t.Made.UTC().Format(time.RFC3339), used, t.Expires.UTC().Format(time.RFC3339)}
	}))
}

// tokenMake makes one and shows it, this once.
func (s *server) tokenMake(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	v := templates.TokensView{Name: r.field("name"), Scope: append([]string{}, r.PostFormArray("scope")...)}
	if len(v.Scope) == 0 {
		v.Errors = append(v.Errors, ui.FieldError{Field: "scope", Text: r.T("Choose at least one thing the token may do.")})
	}
	days, _ := strconv.Atoi(r.field("days")) // 0 is not among lives
	if v.Name == "" || len(v.Name) > 80 {
		v.Errors = append(v.Errors, ui.FieldError{Field: "name", Text: r.T("Say in up to 80 characters what it is for.")})
	}
	if !slices.Contains(lives, days) {
		v.Errors = append(v.Errors, ui.FieldError{Field: "days", Text: r.T("Choose how long it is valid.")})
	}
	if len(v.Errors) > 0 {
		return s.tokensPage(r, http.StatusBadRequest, v)
	}
	out := templates.TokenView{Name: v.Name, Back: ui.Link{Text: r.T("Personal tokens"), URL: "/me/tokens"}}
	valid := time.Duration(days) * 24 * time.Hour
	err := r.do(func(tx *db.Tx) (err error) {
		out.Token, err = auth.Issue(tx, &r.who.Person, v.Name, v.Scope, valid)
		return err
	})
	if err != nil {
		return err
	}
	out.Until = r.at(time.Now().Add(valid))
	return r.show(templates.TokenMade(r.shell(r.T("New token")), out))
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
	return r.goWith("/me/tokens", ui.Notice{Tone: ui.Good, Title: r.T("The token is revoked"), Text: r.T("It is refused from now on.")})
}

// scopeWord says what a scope lets a token do.
var scopeWord = map[string]string{
	policy.ScopeRead:   lang.Mark("Read what you may read"),
	policy.ScopeHR:     lang.Mark("Load HR files and announce planned changes"),
	policy.ScopeDecide: lang.Mark("Change and decide in your name"),
}

func (r *request) scopesWord(scope []string) string {
	short := map[string]string{policy.ScopeRead: r.T("Read"), policy.ScopeHR: r.T("HR"), policy.ScopeDecide: r.T("Decide")}
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
