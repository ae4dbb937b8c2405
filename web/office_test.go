package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"tenure/internal/auth/oidctest"
)

// office is where the stories play: a world, the provider at which everybody signs in, and one Chromium in which each has a profile of
// their own, as on machines of their own.
type office struct {
	w       *world
	op      *oidctest.Provider
	browser context.Context
	demo    string // where the same portal lets visitors in as personas
}

func newOffice(t *testing.T) *office {
	o := &office{w: newWorld(t), browser: browser(t)}
	var users []oidctest.User
	for _, number := range []string{employee, manager, owner, hrPerson, itPerson, compliance, auditor, administrator, "1031"} {
		users = append(users, user(number))
	}
	o.op, o.demo = oidctest.New(t, "entra", users...), o.w.server.URL
	o.w.trusting(o.op.Config())
	o.op.Register(o.w.server.URL)
	return o
}

// profile opens a browser that knows nobody.
func (o *office) profile(t *testing.T) *story {
	t.Helper()
	ctx, cancel := chromedp.NewContext(o.browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	o.w.must(chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800)))
	_, err := chromedp.Call(ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: watch})
	o.w.must(err)
	return &story{t: t, ctx: ctx, base: o.w.server.URL}
}

// comes opens an address as somebody who works here. The portal sends them to the provider, they sign in on its own page, and are back
// where they wanted to go.
func (o *office) comes(t *testing.T, number, path string) *story {
	t.Helper()
	s := o.profile(t)
	s.do(number+" is asked", chromedp.Navigate(s.base+path), chromedp.WaitVisible(css(`.t-providers a`)))
	s.do(number+" at the provider", chromedp.Click(css(`.t-providers a`)), chromedp.WaitVisible(css(`button[name=subject]`)))
	if at := s.ask(`location.href`); !strings.HasPrefix(at, o.op.Issuer+"/login?") {
		t.Fatalf("the browser is at %s, not on the provider's page", at)
	}
	s.do(number+" is back", chromedp.Click(css(fmt.Sprintf(`button[value="sub-%s"]`, number))), chromedp.WaitVisible(css(`.t-wide form[action="/signout"]`)))
	if at := s.ask(`location.href`); at != s.base+path {
		t.Errorf("%s wanted to go to %s and is at %s", number, path, at)
	}
	return s
}

// ask gives what a script says of the page.
func (s *story) ask(script string) string {
	s.t.Helper()
	text, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		s.t.Fatalf("%s: %v", script, err)
	}
	return text
}

// until waits until something is so, on whatever page the browser is by then.
func (s *story) until(what, script string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, 40*time.Second)
	defer cancel()
	look, tick := chromedp.Poll[bool](script, chromedp.WithPollingInterval(40*time.Millisecond)), time.NewTicker(40*time.Millisecond)
	defer tick.Stop()
	if s.still { // a page without scripts polls nothing
		look = chromedp.Evaluate[bool](script)
	}
	for ; ; <-tick.C {
		ok, err := chromedp.Run(ctx, look)
		if err == nil && ok {
			return
		}
		if ctx.Err() != nil {
			s.t.Fatalf("%s: never so; the page at %s says:\n%s", what, s.ask(`location.pathname`), s.text())
		}
	}
}

// says waits until the page says something.
func (s *story) says(words string) {
	s.t.Helper()
	s.until(words, fmt.Sprintf(`!!document.querySelector('main') && document.querySelector('main').innerText.replace(/\s+/g, ' ').includes(%s)`, quoted(words)))
}

// lacks fails when the page says something, or has an element.
func (s *story) lacks(words, selector string) {
	s.t.Helper()
	if words != "" && strings.Contains(s.text(), words) {
		s.t.Errorf("the page at %s says %q", s.ask(`location.pathname`), words)
	}
	if selector != "" && s.ask(`String(document.querySelectorAll(`+quoted(selector)+`).length)`) != "0" {
		s.t.Errorf("the page at %s has %s", s.ask(`location.pathname`), selector)
	}
}

// at waits until the browser has arrived at a path.
func (s *story) at(path string) {
	s.t.Helper()
	s.until("at "+path, fmt.Sprintf(`document.readyState === 'complete' && location.pathname === %s`, quoted(path)))
}

// click presses what a selector finds.
func (s *story) click(selector string) {
	s.t.Helper()
	s.do(selector, chromedp.Click(css(selector)))
}

// follow presses a link and arrives.
func (s *story) follow(selector, path string) {
	s.t.Helper()
	s.click(selector)
	s.at(path)
	s.do(path)
}

// write replaces what stands in a field.
func (s *story) write(selector, text string) {
	s.t.Helper()
	s.do(selector, chromedp.WaitVisible(css(selector)), chromedp.Evaluate[chromedp.Void](`document.querySelector(`+quoted(selector)+`).value = ''`), chromedp.SendKeys(css(selector), text))
}

// home fails unless the page at / has these sections and no others.
func (s *story) home(sections string) {
	s.t.Helper()
	s.at("/")
	if got := s.ask(`[...document.querySelectorAll('main section.t-section')].map(x => x.id).sort().join(' ')`); got != sections {
		s.t.Errorf("the home has the sections %q, want %q", got, sections)
	}
}

func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always can
	}
	return string(b)
}

const axeFile = "../test/axe/node_modules/axe-core/axe.min.js"

// runAxe gives one line per fault against WCAG 2.0 to 2.2, A and AA, and good practice.
const runAxe = `axe.run(document, {runOnly: {type: 'tag', values: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']}, resultTypes: ['violations']})
	.then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.target.join(' ') + ': ' + (n.any[0]||n.all[0]||n.none[0]||{message:''}).message)))`

// accessible lets axe look at the page as it stands, and wants nothing wider than a phone.
func (s *story) accessible() {
	s.t.Helper()
	axe, err := os.ReadFile(axeFile)
	if err != nil {
		s.t.Fatalf("axe-core is not there (%v): run make test, which installs it", err)
	}
	s.finds(string(axe) + `; axe.reset(); ` + runAxe)
	s.fits()
}

// fits wants the page to be no wider than a phone.
func (s *story) fits() {
	s.t.Helper()
	s.do("a phone", chromedp.EmulateViewport(390, 844))
	s.finds(`document.documentElement.scrollWidth > innerWidth ? ['is ' + document.documentElement.scrollWidth + ' wide on a phone: ' + [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(-1).map(e => e.outerHTML.slice(0, 120))] : []`)
	s.do("wide again", chromedp.EmulateViewport(1280, 800))
}

// finds runs a script in the page that gives what is wrong.
func (s *story) finds(script string) {
	s.t.Helper()
	found, err := chromedp.Run(s.ctx, chromedp.Evaluate[[]string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		found = append(found, err.Error())
	}
	for _, f := range found {
		s.t.Errorf("%s: %s", s.ask(`location.pathname`), f)
	}
}
