package web

import (
	"cmp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/hr"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

// searchTop is how many of each kind a search shows.
const searchTop = 8

// search finds people, accounts, applications, entitlements, roles and rules, HR runs and operations: what this reader may see of
// them. What is exactly somebody's or something's own sign leads straight there.
func (s *server) search(r *request) error {
	q := strings.TrimSpace(r.Query("q"))
	v := templates.SearchView{Action: "/search", Query: q, Scope: r.searchScope()}
	if len(q) > 200 {
		return errs.Invalid("a search may have 200 characters")
	}
	straight := ""
	err := r.read(func(tx *db.Tx) (err error) {
		if q == "" {
			return nil
		}
		if err := knowing(tx); err != nil {
			return err
		}
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		f := &finding{r: r, tx: tx, cat: cat, q: q}
		if straight, err = f.straight(); err != nil || straight != "" {
			return err
		}
		v.Groups, err = f.all(tx)
		return err
	})
	if err != nil {
		return err
	}
	if straight != "" && !polling(r.Request) {
		return r.goTo(straight)
	}
	return r.show(templates.Search(r.shell(r.T("Search")), v))
}

func (r *request) searchScope() string {
	switch {
	case r.may("person.read_any"):
		return r.T("Through people, accounts, applications, what may be held in them, and the policy.")
	case r.may("person.list"):
		return r.T("Through your team and what may be held in applications.")
	}
	return r.T("Through your own page and what may be held in applications.")
}

// finding is one search on its way.
type finding struct {
	r     *request
	tx    *db.Tx
	cat   *catalog.Catalog
	q     string
	found []templates.SearchGroup
	among []int
	read  bool // among was read
}

// all looks everywhere at once and gives what was found in the order in which it is shown.
func (f *finding) all(tx *db.Tx) ([]templates.SearchGroup, error) {
	if _, err := f.scope(); err != nil { // each would read it
		return nil, err
	}
	steps := []func(*finding) error{(*finding).numbered, (*finding).people, (*finding).accounts, (*finding).targets, (*finding).policy}
	parts := make([]finding, len(steps))
	var look []func(*db.Tx) error
	for i, step := range steps {
		parts[i] = *f
		look = append(look, func(tx *db.Tx) error { parts[i].tx = tx; return step(&parts[i]) })
	}
	err := db.Together(tx, look...)
	var out []templates.SearchGroup
	for i := range parts {
		out = append(out, parts[i].found...)
	}
	return out, err
}

// mayPerson says whether the reader may see a person.
func (f *finding) mayPerson(id int) (bool, error) {
	switch {
	case f.r.may("person.read_any"), id == f.r.who.ID:
		return f.r.may("person.read"), nil
	case !f.r.may("person.list"):
		return false, nil
	}
	return f.r.manages(f.tx, id)
}

// scope gives whom the reader's search looks through: nil for everybody.
func (f *finding) scope() ([]int, error) {
	if f.r.may("person.read_any") {
		return nil, nil
	}
	if f.read {
		return f.among, nil
	}
	f.read, f.among = true, []int{f.r.who.ID}
	if f.r.may("person.list") {
		team, err := f.r.people(f.tx, true, 5000)
		if err != nil {
			return nil, err
		}
		f.among = append(f.among, team...)
	}
	return f.among, nil
}

// straight gives the address of the one thing whose own sign was asked for: an id, an e-mail address, an account's name, #n.
// A number that is nothing but digits may be several things, so it is searched for.
func (f *finding) straight() (string, error) {
	if strings.TrimLeft(f.q, "0123456789") == "" {
		return "", nil
	}
	p, err := identity.Exact(f.tx, f.q)
	if err != nil {
		return "", err
	}
	if p != nil {
		ok, err := f.mayPerson(p.ID)
		if err != nil || ok {
			return personURL(p.PublicID), err
		}
		return "", nil
	}
	named, err := f.cat.AccountsNamed(f.tx, strings.ToLower(f.q), searchTop)
	if err != nil {
		return "", err
	}
	who := map[int]string{}
	for _, n := range named {
		who[n.PersonID] = n.Ref
	}
	if len(who) != 1 || len(named) == 0 || named[0].PersonID == 0 {
		return "", nil
	}
	ok, err := f.mayPerson(named[0].PersonID)
	if err != nil || !ok {
		return "", err
	}
	return personURL(named[0].Ref), nil
}

// numbered finds an HR run and an operation by number.
func (f *finding) numbered() error {
	n, err := strconv.ParseInt(strings.TrimPrefix(f.q, "#"), 10, 64)
	if err != nil || n <= 0 || n > 1<<53 {
		return nil //nolint:nilerr // not a number: nothing is found by it
	}
	if f.r.may("hr.read") && n < 1<<31 {
		if run, err := hr.GetRun(f.tx, int(n)); err == nil {
			f.group("runs", f.r.T("HR runs"), []templates.SearchHit{{URL: runURL(int(n)), Title: whole(f.r.T("HR run #%s", strconv.FormatInt(n, 10))),
				Text: whole(run.Name)}}, ui.Link{})
		} else if errs.KindOf(err) != errs.KindNotFound {
			return err
		}
	}
	if f.r.may("operation.read") {
		o, err := access.GetItem(f.tx, n)
		if errs.KindOf(err) == errs.KindNotFound {
			return nil
		}
		if err != nil {
			return err
		}
		f.group("operations", f.r.T("Operations"), []templates.SearchHit{{URL: operationURL(n), Title: whole(f.r.T("Operation #%s", strconv.FormatInt(n, 10))),
			Text: whole(f.r.T("%s in %s, %s", f.r.operationWord(o.Kind, o.Entitlement), o.ApplicationTitle, o.Person))}}, ui.Link{})
	}
	return nil
}

func (f *finding) group(id, title string, hits []templates.SearchHit, more ui.Link) {
	if len(hits) > 0 {
		f.found = append(f.found, templates.SearchGroup{ID: "found-" + id, Title: title, Hits: hits, More: more})
	}
}

func (f *finding) people() error {
	among, err := f.scope()
	if err != nil {
		return err
	}
	lines, err := identity.Search(f.tx, f.q, among, searchTop+1)
	if err != nil {
		return err
	}
	var hits []templates.SearchHit
	for _, l := range lines[:min(len(lines), searchTop)] {
		text := l.Title
		for _, t := range []string{l.Department, deref(l.Email)} {
			if t != "" {
				text += " · " + t
			}
		}
		hits = append(hits, templates.SearchHit{URL: personURL(l.PublicID), Title: marked(l.Name, f.q), Code: deref(l.Number), Text: marked(strings.TrimPrefix(text, " · "), f.q),
			Tag: templates.PersonTag(f.r.Request.Context(), string(l.State))})
	}
	more := ui.Link{}
	if len(lines) > searchTop {
		more = ui.Link{Text: f.r.T("All people who match"), URL: f.r.to("person.list", link("/people", "q", f.q))}
	}
	f.group("people", f.r.T("People"), hits, more)
	return nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (f *finding) accounts() error {
	named, err := f.cat.AccountsNamed(f.tx, strings.ToLower(f.q), searchTop)
	if err != nil {
		return err
	}
	var hits []templates.SearchHit
	for _, n := range named {
		app := f.cat.Apps[n.Application]
		if n.PersonID == 0 {
			if f.r.mayFor("application.read", f.r.owns(app)) {
				hits = append(hits, templates.SearchHit{URL: link(applicationURL(app.Name), "tab", "accounts", "state", "orphan"), Title: whole(n.Name), Text: whole(f.r.T("an orphan in %s", app.Title))})
			}
			continue
		}
		ok, err := f.mayPerson(n.PersonID)
		if err != nil {
			return err
		}
		if ok {
			hits = append(hits, templates.SearchHit{URL: personURL(n.Ref), Title: whole(n.Name), Text: whole(f.r.T("account of %s in %s", n.Person, app.Title))})
		}
	}
	f.group("accounts", f.r.T("Accounts"), hits, ui.Link{})
	return nil
}

// targets finds applications and what may be held in them. Their names and plain descriptions are for everybody; their pages are
// for those who may open them.
func (f *finding) targets() error {
	apps, ents := f.cat.Search(f.q, func(*catalog.Application) bool { return true }, searchTop)
	page := func(a *catalog.Application, tab string) string {
		if !f.r.mayFor("application.read", f.r.owns(a)) {
			return ""
		}
		return link(applicationURL(a.Name), "tab", tab)
	}
	var hits []templates.SearchHit
	for _, a := range apps {
		hits = append(hits, templates.SearchHit{URL: page(a, ""), Title: marked(a.Title, f.q), Code: a.Name})
	}
	f.group("applications", f.r.T("Applications"), hits, ui.Link{})
	hits = nil
	for _, e := range ents {
		a := f.cat.Apps[e.ApplicationID]
		h := templates.SearchHit{URL: cmp.Or(page(a, "entitlements"), f.why(e)), Title: marked(f.r.titleOf(e, f.cat), f.q), Code: e.Name, Text: whole(f.r.T("in %s", a.Title))}
		if e.Description != "" {
			h.Text = append(marked(e.Description, f.q), templates.Part{Text: f.r.T(" · in %s", a.Title)})
		}
		if e.Privileged {
			h.Tag = ui.Tag{Tone: ui.Warn, Icon: "flag", Text: f.r.T("Privileged")}
		}
		hits = append(hits, h)
	}
	f.group("entitlements", f.r.T("What may be held"), hits, ui.Link{})
	return nil
}

// why leads to the page that says why the reader holds something or not: where there is no page of the application for them.
func (f *finding) why(e *catalog.Entitlement) string {
	if f.r.who.Kind != "person" {
		return ""
	}
	return f.r.to("person.read", link(personURL(f.r.who.PublicID)+"/explain", "app", f.cat.Apps[e.ApplicationID].Name, "entitlement", f.cat.Ref(e.ID)))
}

func (f *finding) policy() error {
	words := strings.Fields(identity.Normal(f.q))
	if !f.r.may("policy.read") || len(words) == 0 {
		return nil
	}
	pol, err := policy.Load(f.tx)
	if err != nil {
		return err
	}
	for _, k := range []struct{ kind, id, title, tab string }{{policy.KindRole, "roles", f.r.T("Roles"), ""}, {policy.KindRule, "rules", f.r.T("Birthright rules"), "rules"}} {
		var hits []templates.SearchHit
		for _, o := range pol.Objects(k.kind) {
			in := " " + identity.Normal(o.Title+" "+o.Name)
			found := true
			for _, w := range words {
				found = found && strings.Contains(in, " "+w)
			}
			if found && len(hits) < searchTop {
				hits = append(hits, templates.SearchHit{URL: link("/policy", "tab", k.tab), Title: marked(o.Title, f.q), Code: o.Name})
			}
		}
		f.group(k.id, k.title, hits, ui.Link{})
	}
	return nil
}

func whole(s string) []templates.Part { return []templates.Part{{Text: s}} }

// marked cuts a text into pieces, those that a search found among them. A word is found by its beginning, whatever accents and
// capital letters it has: so many of its letters are marked as make the beginning.
func marked(text, q string) []templates.Part {
	words := strings.Fields(identity.Normal(q))
	var out []templates.Part
	plain := ""
	for len(text) > 0 {
		n := strings.IndexFunc(text, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c) })
		if n < 0 {
			n = len(text)
		}
		if n == 0 { // what is between words
			_, size := utf8.DecodeRuneInString(text)
			plain, text = plain+text[:size], text[size:]
			continue
		}
		word := text[:n]
		text = text[n:]
		k := begins(word, words)
		if k > 0 {
			if plain != "" {
				out, plain = append(out, templates.Part{Text: plain}), ""
			}
			out = append(out, templates.Part{Text: word[:k], Hit: true})
		}
		plain += word[k:]
	}
	if plain != "" {
		out = append(out, templates.Part{Text: plain})
	}
	return out
}

// begins gives how many bytes of a word make the longest of the beginnings that were asked for; 0 for none.
func begins(word string, asked []string) int {
	normal, best := identity.Normal(word), 0
	for _, a := range asked {
		if !strings.HasPrefix(normal, a) {
			continue
		}
		for i := range word + " " {
			if i > best && len(strings.ReplaceAll(identity.Normal(word[:i]), " ", "")) >= len(a) {
				best = i
				break
			}
		}
	}
	return best
}
