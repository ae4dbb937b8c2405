package templates

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tenure/static"
	"tenure/templates/ui"
)

// only narrows the browser to pages whose names begin with it, while they are being made.
var only = flag.String("only", "", "look only at pages whose names begin with this")

// all looks at every sample in every look: make looks.
var all = flag.Bool("all", false, "look at every sample in every look")

// policy is the content security policy the portal answers with; web has the same.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// look is a way of seeing a page. Looks change what the browser pretends, never the page: each page is opened once.
type look struct {
	name          string
	width, height int64
	theme         string
	rules         string // of axe; empty asks only that nothing is wider than the window and nothing breaks the policy
	text          int64  // the reader's own size of text, in pixels; 0 is the usual one
	forced        bool   // the reader's own colours (forced-colors)
	less          string // the rules for samples that are not seen in every look, beside those of colours; "" for the same
	full          bool   // asked of one sample of each page, its full one: other states of it differ in words and rows only
}

// In the dark only colours differ, and between 390 and 320 pixels only what depends on places, so only those rules are asked again.
var looks = []look{
	{name: "wide-light", width: 1280, height: 800, theme: "light", rules: allRules, less: plainRules},
	{name: "wide-dark", width: 1280, height: 800, theme: "dark", rules: colourRules, less: noRules},
	{name: "forced-colours", width: 1280, height: 800, theme: "dark", forced: true, full: true},
	{name: "text-200", width: 1280, height: 800, theme: "light", text: 32, full: true},
	{name: "zoom-200", width: 640, height: 400, theme: "light", full: true},
	{name: "phone-light", width: 390, height: 844, theme: "light", rules: allRules, less: narrowRules},
	{name: "phone-dark", width: 390, height: 844, theme: "dark", rules: colourRules, full: true},
	{name: "narrow-light", width: 320, height: 640, theme: "light", rules: placeRules, full: true},
}

const axeFile = "../test/axe/node_modules/axe-core/axe.min.js"

// allRules are those of WCAG 2.0 to 2.2, A and AA, and good practice. Target size is a 2.2 rule that axe keeps off unless
// its tag is named.
const (
	allRules    = `{type: 'tag', values: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']}`
	plainRules  = allRules + `, rules: {'color-contrast': {enabled: false}, 'link-in-text-block': {enabled: false}}`
	narrowRules = `{type: 'rule', values: ['target-size', 'scrollable-region-focusable']}`
	noRules     = "none"
	colourRules = `{type: 'rule', values: ['color-contrast', 'link-in-text-block']}`
	placeRules  = `{type: 'rule', values: ['color-contrast', 'target-size', 'scrollable-region-focusable']}`
)

// runAxe gives one line per fault.
const runAxe = `axe.run(document, {runOnly: %s, resultTypes: ['violations']})
	.then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.target.join(' ') + ': ' + (n.any[0]||n.all[0]||n.none[0]||{message:''}).message)))`

// ofColours gives how each text of the page is coloured: all that its contrast, and whether a link in it is told from it, depend on.
const ofColours = `(() => {
	const style = e => getComputedStyle(e), grounds = new Map();
	const ground = e => { // the colours behind an element, down to the page
		if (!e) return '';
		if (!grounds.has(e)) { const s = style(e); grounds.set(e, s.backgroundColor === 'rgba(0, 0, 0, 0)' && s.backgroundImage === 'none' && s.opacity === '1' && s.filter === 'none' ? ground(e.parentElement) : [s.backgroundColor, s.backgroundImage, s.opacity, s.filter, ground(e.parentElement)].join(' ')); }
		return grounds.get(e);
	};
	const inks = new Set();
	for (const e of ` + texts + `) {
		const s = style(e), link = e.closest('a'), around = link && style(link.parentElement);
		inks.add([s.color, s.fontSize, s.fontWeight, s.textShadow, s.webkitTextStroke, s.visibility, ground(e), link ? [around.color, style(link).textDecorationLine, around.fontWeight, style(link).display].join(' ') : ''].join('; '));
	}
	return [...inks];
})()`

// listenCSP runs before the page, so that it sees every violation of the policy.
const listenCSP = `window.tenureViolations = []; document.addEventListener('securitypolicyviolation', e => window.tenureViolations.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sourceFile))`

// noteText notes the size of every text, and twiceText gives those that are not twice as large, and what is cut off.
const (
	texts    = `[...document.querySelectorAll('body *')].filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && e.getClientRects().length)`
	textSize = `(e => parseFloat(getComputedStyle(e).fontSize) * (e.getScreenCTM ? e.getScreenCTM().a : 1))` // a picture that grows takes its text along
	noteText = `[window.tenureText = new Map(` + texts + `.map(e => [e, ` + textSize + `(e)])), 0].slice(2)`
	wideText = texts + `.flatMap(e => {
		const before = window.tenureText.get(e), now = ` + textSize + `(e), style = getComputedStyle(e), what = e.tagName + '.' + e.className + ' "' + e.textContent.trim().slice(0, 40) + '"';
		const cut = style.overflowX === 'hidden' && style.textOverflow !== 'ellipsis' && !e.closest('.visually-hidden') && (e.scrollWidth > e.clientWidth + 2 || e.scrollHeight > e.clientHeight + 4);
		return [...(before && now < 2 * before - 1 ? [what + ' stays at ' + now] : []), ...(cut ? [what + ' is cut off'] : [])];
	})`
)

// TestBrowser shows every page of the gallery in the light, the dark and on a phone, and one sample of each page in every look, under the portal's own policy, and wants no fault from axe,
// no violation of the policy, nothing wider than the window, and all text as large as its reader wants it. Two tabs share the pages.
func TestBrowser(t *testing.T) {
	axe, err := os.ReadFile(axeFile)
	if err != nil {
		t.Fatalf("axe-core is not there (%v): run make test, which installs it", err)
	}
	first, server := browser(t), serveGallery(t)
	whole := map[string]bool{}
	for _, sample := range shown() {
		whole[sample] = true
	}
	var inks sync.Map
	samples := make(chan Sample)
	var tabs sync.WaitGroup
	for _, url := range []string{server.URL, strings.Replace(server.URL, "127.0.0.1", "localhost", 1)} { // another site is another process
		ctx, cancel := chromedp.NewContext(first)
		t.Cleanup(cancel)
		must(t, chromedp.Do(ctx))
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: listenCSP})
		must(t, err)
		e := eye{t: t, ctx: ctx, axe: string(axe), whole: whole, inks: &inks}
		tabs.Go(func() {
			for s := range samples {
				e.examine(url, s.Name)
			}
		})
	}
	for _, s := range Gallery(context.Background()) {
		if strings.HasPrefix(s.Name, *only) {
			samples <- s
		}
	}
	close(samples)
	tabs.Wait()
}

// eye is a tab that looks at pages.
type eye struct {
	t    *testing.T
	ctx  context.Context
	axe  string
	name string

	whole map[string]bool // samples that are seen in every look
	inks  *sync.Map       // what axe has judged, by theme: other samples with the same colours need not be judged again
}

// examine opens a page and sees it in every look.
func (e *eye) examine(url, name string) {
	e.name = name
	if err := chromedp.Do(e.ctx, chromedp.Navigate(url+"/"+name), chromedp.Evaluate[chromedp.Void](e.axe)); err != nil {
		e.t.Errorf("%s: %v", name, err)
		return
	}
	for _, l := range looks {
		if l.full && !e.whole[name] && !*all {
			continue
		}
		if err := e.see(l); err != nil {
			e.t.Errorf("%s: %v", e.name, err)
			return
		}
	}
	e.ask("breaks the policy", `window.tenureViolations`)
}

func (e *eye) see(l look) error {
	e.name = strings.SplitN(e.name, " ", 2)[0] + " " + l.name
	if l.text > 0 {
		e.ask("", noteText)
	}
	if err := wear(e.ctx, l); err != nil {
		return err
	}
	e.ask("is too wide", `document.documentElement.scrollWidth > innerWidth ? [document.documentElement.scrollWidth + ' of ' + innerWidth] : []`)
	if l.text > 0 {
		e.ask("does not follow the reader's size of text", wideText)
	}
	if l.rules == "" {
		return nil
	}
	fresh, err := e.fresh(l)
	if err != nil {
		return err
	}
	if l.less != "" && !*all && !e.whole[strings.SplitN(e.name, " ", 2)[0]] && e.inks != nil {
		if fresh {
			e.ask("", fmt.Sprintf(runAxe, colourRules))
		}
		l.rules = l.less // the wide look has asked the others of this state, and the full sample of the page all of them on the phone
	}
	if l.rules != noRules {
		e.ask("", fmt.Sprintf(runAxe, l.rules))
	}
	return nil
}

// fresh says whether the page has colours that no page before it had.
func (e *eye) fresh(l look) (bool, error) {
	if e.inks == nil {
		return true, nil
	}
	inks, err := chromedp.Run(e.ctx, chromedp.Evaluate[[]string](ofColours))
	fresh := false
	for _, ink := range inks {
		_, judged := e.inks.LoadOrStore(l.theme+" "+ink, true)
		fresh = fresh || !judged
	}
	return fresh, err
}

// ask reports each fault that a script finds.
func (e *eye) ask(what, script string) {
	found, err := chromedp.Run(e.ctx, chromedp.Evaluate[[]string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		e.t.Errorf("%s: %v", e.name, err)
	}
	for _, f := range found {
		e.t.Errorf("%s: %s %s", e.name, what, f)
	}
}

// wear puts a look on, and waits until the page is drawn in it.
func wear(ctx context.Context, l look) error {
	colours, text := "none", int64(16)
	if l.forced {
		colours = "active"
	}
	if l.text > 0 {
		text = l.text
	}
	_, media := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: l.theme}, {Name: "prefers-reduced-motion", Value: "reduce"}, {Name: "forced-colors", Value: colours}}})
	_, sizes := chromedp.Call(ctx, page.SetFontSizes, page.SetFontSizesParams{FontSizes: &page.FontSizes{Standard: text}})
	return errors.Join(media, sizes, chromedp.Do(ctx, chromedp.EmulateViewport(l.width, l.height),
		chromedp.Evaluate[chromedp.Void](`new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))`, chromedp.EvalAwaitPromise)))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestPartsRefresh shows that a part of a page refreshes itself under the policy, survives a look that fails, and leaves
// focus where it was.
func TestPartsRefresh(t *testing.T) {
	ctx := browser(t)
	var asked atomic.Int64
	files := static.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, static.Prefix) {
			files.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		look := int(asked.Add(1))
		if look == 2 {
			http.Error(w, "<p>the second look fails</p>", http.StatusInternalServerError)
			return
		}
		v := OperationsView{
			Figures: []ui.Figure{{Label: "Waiting", Value: "look " + ui.Int(look), URL: "/operations?state=pending"}},
			Live:    ui.Live{ID: "board", URL: "/operations", Seconds: 1, Pause: "/operations?live=off"},
		}
		if err := Operations(ui.Shell{Title: "Operations", Refresh: true}, v).Render(r.Context(), w); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+"/operations"), chromedp.Focus(chromedp.CSS(".t-figures a"))); err != nil {
		t.Fatal(err)
	}
	const refreshed = `/look [3-9]/.test(document.querySelector('.t-figures')?.textContent) && document.activeElement.getAttribute('href')`
	waiting, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	seen, err := chromedp.Run(waiting, chromedp.Poll[string](refreshed))
	if err != nil {
		t.Fatalf("the part does not refresh: %v", err)
	}
	if seen != "/operations?state=pending" {
		t.Errorf("focus went to %q", seen)
	}
}

// TestMenuOnAPhone opens the menu with the keyboard alone and follows a line of it.
func TestMenuOnAPhone(t *testing.T) {
	ctx := browser(t)
	server := serveGallery(t)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(server.URL+"/home-full"),
		chromedp.Focus(chromedp.CSS(".t-narrow > summary")), chromedp.KeyEvent(kb.Enter),
		chromedp.WaitVisible(chromedp.CSS(".t-narrow a[href='/people']")), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab)); err != nil {
		t.Fatal(err)
	}
	at, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.activeElement.getAttribute('href')`))
	if err != nil {
		t.Fatal(err)
	}
	if at != "/inbox" {
		t.Errorf("after the menu, its search and two steps, focus is at %q", at)
	}
	phone := []look{}
	for _, l := range looks {
		if l.width <= 640 { // wider, there is no such menu
			phone = append(phone, l)
		}
	}
	opened(t, ctx, "the-menu", phone...)
}

// TestMenusOfAList opens the menus above a list: saved views, and columns.
func TestMenusOfAList(t *testing.T) {
	ctx := browser(t)
	server := serveGallery(t)
	must(t, chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800), chromedp.Navigate(server.URL+"/people-full")))
	for _, name := range []string{"Views", "Columns"} {
		must(t, chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll('details.t-menu').forEach(d => { d.open = d.querySelector('summary').textContent.includes('`+name+`') })`)))
		opened(t, ctx, "the-menu-"+name, looks...)
	}
}

// TestThemeOfTheReaderWins shows that a chosen theme goes before the system's.
func TestThemeOfTheReaderWins(t *testing.T) {
	ctx := browser(t)
	server := serveGallery(t)
	ground := func(system, chosen string) string {
		if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: system}},
		}); err != nil {
			t.Fatal(err)
		}
		if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+"/people-full")); err != nil {
			t.Fatal(err)
		}
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.documentElement.setAttribute('data-bs-theme', '`+chosen+`'); getComputedStyle(document.body).backgroundColor`))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	light, dark := ground("light", ""), ground("dark", "")
	if light == dark {
		t.Fatal("the system's choice changes nothing")
	}
	if got := ground("dark", "light"); got != light {
		t.Errorf("light chosen on a dark system gives %s, not %s", got, light)
	}
	if got := ground("light", "dark"); got != dark {
		t.Errorf("dark chosen on a light system gives %s, not %s", got, dark)
	}
}

// browser starts one Chromium for the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Fatal("no Chromium here: run make test, which installs it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-background-networking", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 25*time.Minute)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return ctx
}

func serveGallery(t *testing.T) *httptest.Server {
	pages := map[string][]byte{}
	for _, s := range Gallery(context.Background()) {
		pages["/"+s.Name] = render(t, s)
	}
	files := static.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, static.Prefix) {
			files.ServeHTTP(w, r)
			return
		}
		body, ok := pages[strings.TrimPrefix(r.URL.Path, "/gallery")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = bytes.NewReader(body).WriteTo(w)
	}))
	t.Cleanup(server.Close)
	return server
}
