package web_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// sends gives what a browser would send of a form: its fields as they stand, with some of them changed. A button is a field as well.
func sends(p page, changes ...string) []string {
	var out []string
	set := map[string]bool{}
	for i := 0; i+1 < len(changes); i += 2 {
		set[changes[i]] = true
	}
	p.Find("#bench input, #bench select, #bench textarea").Each(func(_ int, s *goquery.Selection) {
		name, _ := s.Attr("name")
		if name == "" || set[name] {
			return
		}
		value, _ := s.Attr("value")
		switch goquery.NodeName(s) {
		case "select":
			value = s.Find("option[selected]").Last().AttrOr("value", s.Find("option").First().AttrOr("value", ""))
		case "textarea":
			value = s.Text()
		}
		out = append(out, name, value)
	})
	return append(out, changes...)
}

func (p page) document() string { return p.Find("#bench textarea[name=text]").Text() }

const bench = "/policy/effect"

// A rule is written without a script: each button draws the page anew, the document says what the form says and the other way round,
// whatever cannot be shown stays, and nothing is changed before it is planned.
func TestARuleIsWrittenWithTheForm(t *testing.T) {
	w := newWorld(t)
	c := w.as(compliance)
	before := w.governed()
	p := c.get("/policy/new?kind=rule").want(t, http.StatusOK)
	if got := p.document(); got != "kind: BirthrightRule\nname: \"\"\nspec:\n  when: \"\"\n" {
		t.Errorf("it begins with\n%s", got)
	}
	p = c.post(bench, sends(p, "name", "sellers", "spec.when.0.attribute", "department", "spec.when.0.value", "Sales", "spec.entitlements", "ledger/books", "do", "add spec.when")...).want(t, http.StatusOK)
	if n := p.Find(".t-condition-line").Length(); n != 2 {
		t.Fatalf("%d lines, want a second one", n)
	}
	if p.Find("#spec\\.when\\.0\\.values, [id='spec.when.0.values'] option").FilterFunction(func(_ int, s *goquery.Selection) bool { return s.AttrOr("value", "") == "Sales" }).Length() == 0 {
		t.Error("the departments that people have are not suggested")
	}
	p = c.post(bench, sends(p, "spec.when.1.attribute", "title", "spec.when.1.is", "is one of", "spec.when.1.value", "Seller", "do", "more spec.when.1.value")...).want(t, http.StatusOK)
	p = c.post(bench, append(sends(p, "do", "effect"), "spec.when.1.value", "Clerk")...).want(t, http.StatusOK)
	want := "kind: BirthrightRule\nname: sellers\nspec:\n  when: department == \"Sales\" && title in [\"Seller\", \"Clerk\"]\n  entitlements:\n  - ledger/books\n"
	if got := p.document(); got != want {
		t.Errorf("the document is\n%s", got)
	}
	sellers := w.number(`select count(distinct v.identity_id) from employment_version v join identity i on i.id = v.identity_id where v.known_to = 'infinity' and v.attrs->>'department' = 'Sales' and v.attrs->>'title' = 'Seller' and i.state = 'active'`)
	p.says(t, "It means "+strconv.Itoa(sellers)+" people now")
	if got := strings.TrimSpace(p.Find("#access tbody td").First().Text()); got != strconv.Itoa(sellers) {
		t.Errorf("%s gain it, not %d", got, sellers)
	}

	// The text is changed by hand: the form follows, and what it cannot show stays.
	text := strings.Replace(want, `department == "Sales" && title in ["Seller", "Clerk"]`, `size(title) > 3 # long titles`, 1)
	p = c.post(bench, sends(p, "text", text)...).want(t, http.StatusOK)
	if got := p.document(); got != text {
		t.Errorf("the text did not stay:\n%s", got)
	}
	if got := p.Find("textarea[name='spec.when']").Text(); got != "size(title) > 3" {
		t.Errorf("the form has %q", got)
	}
	p = c.post(bench, sends(p, "do", "lines spec.when")...).want(t, http.StatusOK)
	p.says(t, "more than lines can show")
	p = c.post(bench, sends(p, "spec.when", `country != "XX"`, "do", "lines spec.when")...).want(t, http.StatusOK)
	if n := p.Find(".t-condition-line").Length(); n != 1 {
		t.Errorf("%d lines", n)
	}
	p = c.post(bench, sends(p, "text", "kind: [")...).want(t, http.StatusOK)
	p.says(t, "Line 1")
	if v := p.Find("input[name='spec.entitlements']").First().AttrOr("value", ""); v != "ledger/books" {
		t.Errorf("a text that cannot be read takes %q from the form", v)
	}
	if after := w.governed(); after != before {
		t.Error("something was changed before anything was planned")
	}
	if n := w.number(`select count(*) from change_set`); n != 0 {
		t.Errorf("%d changes were planned", n)
	}
}

// What is wrong is told at its field and at its line, and nothing is planned.
func TestWhatIsWrongInTheWorkbench(t *testing.T) {
	w := newWorld(t)
	c := w.as(compliance)
	p := c.get("/policy/new?kind=sod").want(t, http.StatusOK)
	p = c.post("/policy/new", sends(p, "name", "x", "spec.owner", "nobody@example.com", "spec.duties", "guard", "spec.at_least", "many", "change", "X")...).want(t, http.StatusBadRequest)
	p.says(t, "must be a whole number")
	p = c.post("/policy/new", sends(p, "spec.at_least", "5", "change", "X")...).want(t, http.StatusBadRequest)
	for field, says := range map[string]string{"spec.duties": "at least two duties", "spec.owner": "nobody@example.com"} {
		if got := p.Find(`[id="f-` + field + `"]`).Closest(".t-field, fieldset").Find(".t-fault").Text(); !strings.Contains(got, says) {
			t.Errorf("%s says %q", field, got)
		}
		if p.Find(`.t-faults a[href="#f-`+field+`"]`).Length() != 1 {
			t.Errorf("the summary does not lead to %s", field)
		}
	}
	line := 1 + strings.Count(p.document()[:strings.Index(p.document(), "duties:")], "\n")
	if got := p.Find("#f-text-error").Text(); !strings.Contains(got, "Line "+strconv.Itoa(line)+":") {
		t.Errorf("the text says %q, not line %d", got, line)
	}
	p = c.post("/policy/new", sends(c.get("/policy/new?kind=duty").want(t, http.StatusOK), "name", "x", "spec.entitlements", "ledger/books")...).want(t, http.StatusBadRequest)
	if got := p.Find(`[id="f-change"]`).Closest(".t-field").Find(".t-fault").Text(); !strings.Contains(got, "is required") {
		t.Errorf("without a title it says %q", got)
	}
	c.get("/policy/edit/999999").want(t, http.StatusNotFound)
	c.post(bench, "kind", "Application").want(t, http.StatusBadRequest)
	w.as(auditor).post(bench, sends(p)...).want(t, http.StatusForbidden)
	if n := w.number(`select count(*) from change_set`); n != 0 {
		t.Errorf("%d changes were planned", n)
	}
}

// Each kind that is declared is opened in the form and planned again as it is: there is nothing to change.
func TestWhatIsDeclaredIsShownInTheForm(t *testing.T) {
	w := newWorld(t)
	c := w.as(compliance)
	for _, name := range []string{"Keeper", "keepers", "guard", "guard-and-book"} {
		p := c.get("/policy/edit/"+strconv.Itoa(w.number(`select id from policy_object where name = $1`, name))).want(t, http.StatusOK)
		p.says(t, "Change "+name)
		was := p.document()
		p = c.post(bench, sends(p, "do", "effect")...).want(t, http.StatusOK)
		p.says(t, "The document says what is declared already")
		if p.document() != was {
			t.Errorf("drawn anew it is\n%s, and was\n%s", p.document(), was)
		}
		p = c.post(bench, sends(p, "spec.title", "Another", "do", "effect")...).want(t, http.StatusOK)
		if !strings.Contains(p.document(), "title: Another\n") || p.Find(".t-figures").Length() != 1 {
			t.Errorf("%s is not changed:\n%s", name, p.document())
		}
		c.post("/policy/new", sends(p, "change", "Call it otherwise")...).want(t, http.StatusSeeOther)
	}
}
