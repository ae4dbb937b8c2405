package web_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// document is what stands in the text beside the form.
const document = `document.querySelector('#f-text').value`

// shown gives a number that the page shows.
func (s *story) shown(script string) int {
	s.t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(s.ask(script)))
	if err != nil {
		s.t.Fatalf("%s is no number: %v", script, err)
	}
	return n
}

// planned waits for the page of a change, and gives its number.
func (s *story) planned() int {
	s.t.Helper()
	s.until("the change is planned", `/^\/policy\/changes\/\d+$/.test(location.pathname) && document.readyState === 'complete'`)
	n, err := strconv.Atoi(regexp.MustCompile(`\d+$`).FindString(s.ask(`location.pathname`)))
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// approves has another person look at a change and approve it.
func (s *story) approves(change int) {
	s.t.Helper()
	s.do("the change", chromedp.Navigate(fmt.Sprintf("%s/policy/changes/%d", s.base, change)))
	s.write(`[name=reason]`, "Agreed")
	s.click(`#decide .btn-primary`)
	s.says("What follows at the targets is on its way.")
}

// Compliance writes an SoD rule with the form and sees the document and the effect follow as they type; another person approves it, and what
// was shown is what is so then. A birthright rule is written with the keyboard alone.
func TestRulesAreWrittenAtTheWorkbench(t *testing.T) {
	o := newOffice(t)
	second := o.comes(t, administrator, "/")
	o.sodRule(t, second)
	o.ruleByKeys(t, second)
}

func (o *office) sodRule(t *testing.T, second *story) {
	s := o.comes(t, compliance, "/policy?tab=duties")
	s.click(`.t-actions .btn-primary`)
	s.at("/policy/new")
	s.write(`[name="name"]`, "two-eyes")
	s.write(`[name="spec.duties"]`, "guard")
	s.until("the document follows", document+`.includes('- guard')`)
	s.says("It means 60 people now")
	s.do("one more", chromedp.Click(css(`button[value="more spec.duties"]`)), chromedp.WaitVisible(css(`[id="f-spec.duties-1"]`)))
	s.until("the new field has the focus", `document.activeElement.id === 'f-spec.duties-1'`)
	s.write(`[id="f-spec.duties-1"]`, "book")
	s.do("the reaction", chromedp.SetValue(css(`[name="spec.reaction"]`), "record"), chromedp.Evaluate[chromedp.Void](`document.querySelector('[name="spec.reaction"]').dispatchEvent(new Event('input', {bubbles: true}))`))
	s.until("the document follows", document+`.includes('reaction: record') && `+document+`.includes('- book')`)
	s.until("the effect is worked out by itself", `!!document.querySelector('#bench-effect #rules tbody td')`)
	broken := s.shown(`document.querySelector('#bench-effect #rules tbody td').textContent`)
	if n := o.w.number(`select count(*) from change_set`); n != 0 {
		t.Errorf("%d changes are planned before they are", n)
	}
	s.accessible()

	// The other way round: what is written into the document stands in the form.
	s.do("by hand", chromedp.Evaluate[chromedp.Void](`(() => { const t = document.querySelector('#f-text'); t.focus(); t.value = t.value.replace('reaction: record', 'severity: low\n  reaction: record'); t.dispatchEvent(new Event('input', {bubbles: true})); })()`))
	s.until("the form follows", `document.querySelector('[name="spec.severity"]').value === 'low'`)
	if at := s.ask(`document.activeElement.id`); at != "f-text" {
		t.Errorf("the focus is on %q, no more on the text", at)
	}
	s.write(`[name="change"]`, "Two pairs of eyes")
	s.click(`.t-bench-plan .btn-primary`)
	change := s.planned()
	if n := s.shown(`document.querySelector('#rules tbody td').textContent`); n != broken {
		t.Errorf("the plan says %d, the workbench said %d", n, broken)
	}
	second.approves(change)
	is := o.w.number(`select count(*) from violation v join policy_object o on o.id = v.rule_id where o.name = 'two-eyes' and v.state = 'open'`)
	if is != broken || broken == 0 {
		t.Errorf("%d people break the rule, and %d were shown", is, broken)
	}
	if n := o.w.number(`select count(*) from policy_spec s join policy_object o on o.id = s.object_id where o.name = 'two-eyes' and s.spec->>'severity' = 'low' and s.to_version is null`); n != 1 {
		t.Error("the rule does not say what was written into the document")
	}
}

func (o *office) ruleByKeys(t *testing.T, second *story) {
	h := o.hands(t)
	typed := func(text string) { h.t.Helper(); h.press(strings.Split(text, "")...) }
	h.do("types the address", chromedp.Navigate(h.base+"/policy/new?kind=rule"), chromedp.WaitVisible(css(`.t-providers a`)))
	h.to(`.t-providers a`)
	h.press(kb.Enter)
	h.do("the provider's page", chromedp.WaitVisible(css(`button[name=subject]`)))
	h.to(`button[value="sub-` + compliance + `"]`)
	h.press(kb.Enter)
	h.do("the workbench", chromedp.WaitVisible(css(`#bench`)))
	h.to(`[name="name"]`)
	typed("sellers")
	h.to(`[name="spec.when.0.attribute"]`)
	typed("dep")
	h.to(`[name="spec.when.0.value"]`)
	typed("Sales")
	h.until("the document follows", document+`.includes('department == "Sales"')`)
	h.to(`button[value="add spec.when"]`)
	h.press(kb.Enter)
	h.until("the new line has the focus", `document.activeElement.name === 'spec.when.1.attribute'`)
	h.look("a new line")
	typed("tit")
	h.to(`[name="spec.when.1.value"]`)
	typed("Seller")
	h.to(`[name="spec.entitlements"]`)
	typed("ledger/books")
	h.until("the document follows", document+`.includes('department == "Sales" && title == "Seller"') && `+document+`.includes('- ledger/books')`)
	h.until("the effect is worked out by itself", `!!document.querySelector('#bench-effect #access tbody td')`)
	gain := h.shown(`document.querySelector('#bench-effect #access tbody td').textContent`)
	h.look("the effect")
	h.to(`[name="change"]`)
	typed("Sellers keep the books")
	h.to(`.t-bench-plan .btn-primary`)
	h.press(kb.Enter)
	change := h.planned()
	before := o.w.number(`select count(*) from reason where known_to = 'infinity'`)
	second.approves(change)
	is := o.w.number(`select count(*) from reason r join policy_object o on o.id = r.ref where o.name = 'sellers' and r.known_to = 'infinity'`)
	if is != gain || gain == 0 || o.w.number(`select count(*) from reason where known_to = 'infinity'`) != before+gain {
		t.Errorf("%d people have it by the rule, and %d were shown", is, gain)
	}
}
