package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// focusHad notes in each page whether anything had the focus; focusFault then says what is wrong with where it is: it may not go once it
// was there, and what has it must have a size, be in the window, be covered by nothing, and wear a mark.
const (
	focusHad   = `window.tenureHad = false; addEventListener('focusin', () => { window.tenureHad = true; }, true)`
	focusFault = `(() => {
		const e = document.activeElement;
		if (!e || e === document.body) return window.tenureHad ? 'nothing has the focus' : '';
		const name = e.tagName + (e.id ? '#' + e.id : '') + ' "' + (e.getAttribute('aria-label') || e.value || e.textContent || '').trim().slice(0, 40) + '"';
		const r = e.getBoundingClientRect(), box = {l: Math.max(0, r.left), t: Math.max(0, r.top), r: Math.min(innerWidth, r.right), b: Math.min(innerHeight, r.bottom)};
		if (r.width < 2 || r.height < 2) return name + ' has no size';
		if (box.r - box.l < 2 || box.b - box.t < 2) return name + ' is outside of the window';
		const seen = [[.5, .5], [.1, .2], [.9, .2], [.1, .8], [.9, .8], [.3, .5], [.7, .5]].some(([x, y]) => {
			const at = document.elementFromPoint(box.l + x * (box.r - box.l), box.t + y * (box.b - box.t));
			return at && (e.contains(at) || at.closest('label')?.control === e);
		});
		if (!seen) return name + ' is covered by something';
		const style = getComputedStyle(e);
		const marked = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1 || style.boxShadow !== 'none';
		return marked || e.matches('main, dialog, dialog h1') ? '' : name + ' does not show that it has the focus';
	})()`
)

// hands are a browser that is used with the keyboard alone.
type hands struct{ *story }

func (o *office) hands(t *testing.T) *hands {
	s := o.profile(t)
	_, err := chromedp.Call(s.ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: focusHad})
	o.w.must(err)
	return &hands{s}
}

// press presses keys, one after the other.
func (h *hands) press(keys ...string) {
	h.t.Helper()
	h.until("the page with its script is there", `document.readyState === 'complete'`)
	for _, k := range keys {
		if err := chromedp.Do(h.ctx, chromedp.KeyEvent(k)); err != nil {
			h.t.Fatal(err)
		}
		h.look(k)
	}
}

// look fails when the focus is lost or cannot be seen.
func (h *hands) look(after string) {
	h.t.Helper()
	fault, err := chromedp.Run(h.ctx, chromedp.Evaluate[string](focusFault))
	if err == nil && fault != "" { // an error is a page that is going away
		h.t.Errorf("after %q at %s: %s", after, h.ask(`location.pathname`), fault)
	}
}

// to presses Tab until what a selector finds has the focus, back presses Tab with Shift.
func (h *hands) to(selector string) { h.t.Helper(); h.tab(selector) }
func (h *hands) back(selector string) {
	h.t.Helper()
	h.tab(selector, chromedp.KeyModifiers(chromedp.ModifierShift))
}

func (h *hands) tab(selector string, with ...chromedp.KeyOption) {
	h.t.Helper()
	var seen []string
	for range 90 {
		if err := chromedp.Do(h.ctx, chromedp.KeyEvent(kb.Tab, with...)); err != nil {
			h.t.Fatal(err)
		}
		h.look("Tab")
		if h.ask(`String(document.activeElement.matches(`+quoted(selector)+`))`) == "true" {
			return
		}
		seen = append(seen, h.ask(`document.activeElement.tagName + ' ' + (document.activeElement.textContent || document.activeElement.name || '').trim().slice(0, 30)`))
	}
	h.t.Fatalf("the keyboard does not get to %s at %s; it came past:\n%s", selector, h.ask(`location.pathname`), strings.Join(seen, "\n"))
}

// enter goes to a link or button and presses Enter.
func (h *hands) enter(selector, path string) {
	h.t.Helper()
	h.to(selector)
	h.press(kb.Enter)
	h.at(path)
}

// stands fails when another row than the one that holds some words has the focus.
func (h *hands) stands(words string) {
	h.t.Helper()
	if got := h.ask(`document.activeElement.matches('tr[data-row]') ? document.activeElement.innerText : 'no row'`); !strings.Contains(got, words) {
		h.t.Errorf("at %s the focus is on %q, not on %s", h.ask(`location.pathname`), got, words)
	}
}

// The core tasks are done with the keyboard alone: not one click, and no script helps. The focus is never lost and never hidden.
func TestWithTheKeyboardAlone(t *testing.T) {
	o := newOffice(t)
	run := o.held()
	o.w.must(beside(o.w, `update operation set state = 'failed', error = 'the target said no', attempts = 3 where id in (select id from operation where kind = 'grant' and state = 'verified' order by id limit 2)`))
	h := o.hands(t)
	h.do("types the address", chromedp.Navigate(h.base+"/"), chromedp.WaitVisible(css(`.t-providers a`)))
	h.to(`.t-providers a`)
	h.press(kb.Enter)
	h.do("the provider's page", chromedp.WaitVisible(css(`button[name=subject]`)))
	h.to(`button[value="sub-` + itPerson + `"]`)
	h.press(kb.Enter)
	h.do("home", chromedp.WaitVisible(css(`.t-wide form[action="/signout"]`)))

	h.to(`a.t-skip`) // the first there is
	h.press(kb.Enter)
	h.until("the page itself has the focus", `document.activeElement.id === 'main'`)
	h.press("?")
	h.until("the keys are shown", `!!document.querySelector('dialog.t-keys[open]')`)
	h.look("?")
	h.press(kb.Escape)
	h.until("they are gone", `!document.querySelector('dialog')`)
	h.look("Escape")

	h.repairs(t)
	h.token(t)
	h.press("g", "i")
	h.at("/inbox")
	h.enter(`main a[href="`+run+`"]`, run)
	h.releases(t, run)
	h.press("g", "h")
	h.at("/")
	h.to(`.t-wide form[action="/signout"] button`)
	h.press(kb.Enter)
	h.do("out", chromedp.WaitVisible(css(`.t-providers a`)))
	if n := o.w.number(`select count(*) from identity where state = 'left'`); n != 20 {
		t.Errorf("%d people left, want the 20 of the run", n)
	}
	if n := o.w.number(`select count(*) from token where name = 'nightly' and revoked_at is not null`); n != 1 {
		t.Errorf("%d tokens were made and revoked, want 1", n)
	}
}

// held has HR load a file that is held, and gives its page.
func (o *office) held() (run string) {
	o.w.t.Helper()
	portal := o.w.server.URL
	o.w.server.URL = o.demo
	defer func() { o.w.server.URL = portal }()
	return o.w.as(hrPerson).upload("people", "people.csv", o.w.file(40)).want(o.w.t, http.StatusSeeOther).to
}

// repairs works a list: moves, ticks, a range, a drawer, and a letter that acts.
func (h *hands) repairs(t *testing.T) {
	h.back(`.t-wide a[href="/people"]`)
	h.press(kb.Enter)
	h.at("/people")
	h.until("the list listens", `document.documentElement.classList.contains('t-scripted') && !!document.querySelector('[data-bulk-head] input')`)
	h.press("j", "j", "k")
	first := h.ask(`document.querySelector('tr[data-row] th a').textContent`)
	h.stands(first)
	h.press("x", "j", "j", "X")
	if got := h.ask(`document.querySelector('[data-bulk-count]').textContent`); !strings.HasPrefix(got, "3 of") {
		t.Errorf("it says %q, want three rows", got)
	}
	h.press("k")
	name := h.ask(`document.activeElement.querySelector('th a').textContent`)
	h.press(kb.Enter)
	h.until("the person's page", `location.pathname.startsWith('/people/') && document.querySelector('h1').innerText.includes(`+quoted(name)+`)`)

	h.to(`.t-wide a[href="/operations"]`)
	h.press(kb.Enter)
	h.at("/operations")
	h.enter(`#board a[href*="state=failed"]`, "/operations")
	h.until("the list listens", `document.documentElement.classList.contains('t-scripted') && document.querySelectorAll('tr[data-row]').length === 2`)
	h.press("j", "a")
	h.says("It is tried again")
}

// token makes a token and revokes it.
func (h *hands) token(t *testing.T) {
	h.to(`.t-wide a[href="/me"]`)
	h.press(kb.Enter)
	h.at("/me")
	h.enter(`.t-wide a[href="/me/tokens"]`, "/me/tokens")
	h.to(`main [name=name]`)
	h.press(strings.Split("nightly", "")...)
	h.to(`main [name=days]`)
	h.press(kb.ArrowDown)
	h.to(`main [name=scope][value=hr]`)
	h.press(" ")
	h.to(`main form button[type=submit]`)
	h.press(kb.Enter)
	h.do("made", chromedp.WaitVisible(css("code.t-secret")))
	h.to(`.t-wide a[href="/me/tokens"]`)
	h.press(kb.Enter)
	h.do("the list", chromedp.WaitVisible(css(`tr[data-row]`)))
	h.until("the list listens", `document.documentElement.classList.contains('t-scripted')`)
	h.press("j")
	h.stands("nightly")
	h.press("r")
	h.says("You have no token")
}

// releases types a reason and the number of a held run.
func (h *hands) releases(t *testing.T, run string) {
	h.says("Held: nothing of this run has been applied")
	h.enter(`main a[href="#release"]`, run)
	h.to(`[name=reason]`)
	h.press(strings.Split("The site closes", "")...)
	h.to(`[name=count]`)
	h.press("1", "9")
	h.press(kb.Enter)
	h.says("not the number of leavers")
	h.look("a fault")
	h.to(`[name=count]`)
	h.press(kb.Backspace, kb.Backspace, "2", "0")
	h.to(fmt.Sprintf(`form[action="%s/release"] button`, run))
	h.press(kb.Enter)
	h.says("The run is released and applied")
}
