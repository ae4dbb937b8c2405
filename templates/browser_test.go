package templates

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

var pictures = flag.String("pictures", "", "write a picture of every page, width and theme into this folder")

// only narrows the browser to pages whose names begin with it, while they are being made.
var only = flag.String("only", "", "look only at pages whose names begin with this")

// policy is the content security policy the portal answers with; web has the same.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// look is a way of seeing a page. In the dark only colours differ, so only their rules are asked again; the phone is for
// pictures, because 320 pixels is the harder case of it.
type look struct {
	name          string
	width, height int64
	theme         string
	rules         string // of axe
	fits          bool   // without rules: only that nothing is wider than the window and nothing breaks the policy
	forced        bool   // the reader's own colours (forced-colors)
}

var looks = []look{
	{name: "wide-light", width: 1280, height: 800, theme: "light", rules: allRules}, {name: "wide-dark", width: 1280, height: 800, theme: "dark", rules: colourRules},
	{name: "narrow-light", width: 320, height: 640, theme: "light", rules: allRules}, {name: "zoom-200", width: 640, height: 400, theme: "light", fits: true},
	{name: "forced-colours", width: 1280, height: 800, theme: "dark", fits: true, forced: true},
	{name: "phone-light", width: 390, height: 844, theme: "light"}, {name: "phone-dark", width: 390, height: 844, theme: "dark"},
}

const axeFile = "../test/axe/node_modules/axe-core/axe.min.js"

// allRules are those of WCAG 2.0 to 2.2, A and AA, and good practice. Target size is a 2.2 rule that axe keeps off unless
// its tag is named.
const (
	allRules    = `{type: 'tag', values: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']}`
	colourRules = `{type: 'rule', values: ['color-contrast', 'link-in-text-block']}`
)

// runAxe gives one line per fault.
const runAxe = `axe.run(document, {runOnly: %s})
	.then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.target.join(' ') + ': ' + (n.any[0]||n.all[0]||n.none[0]||{message:''}).message)))`

// listenCSP runs before the page, so that it sees every violation of the policy.
const listenCSP = `window.tenureViolations = []; document.addEventListener('securitypolicyviolation', e => window.tenureViolations.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sourceFile))`

// TestBrowser shows every page of the gallery in every look, under the portal's own policy, and wants no fault from axe,
// no violation of the policy, and nothing wider than the window.
func TestBrowser(t *testing.T) {
	axe, err := os.ReadFile(axeFile)
	if err != nil {
		t.Fatalf("axe-core is not there (%v): run make test, which installs it", err)
	}
	ctx := browser(t)
	server := serveGallery(t)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800)); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: listenCSP}); err != nil {
		t.Fatal(err)
	}
	for _, l := range looks {
		if l.rules == "" && !l.fits && *pictures == "" {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.theme}, {Name: "prefers-reduced-motion", Value: "reduce"}, {Name: "forced-colors", Value: forced(l.forced)}},
			}); err != nil {
				t.Fatal(err)
			}
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(l.width, l.height)); err != nil {
				t.Fatal(err)
			}
			for _, s := range Gallery() {
				if !strings.HasPrefix(s.Name, *only) {
					continue
				}
				examine(t, ctx, server.URL+"/"+s.Name, string(axe), l.rules)
				if *pictures != "" {
					picture(t, ctx, s.Name+"."+l.name)
				}
			}
		})
	}
}

func forced(on bool) string {
	if on {
		return "active"
	}
	return "none"
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
		chromedp.WaitVisible(chromedp.CSS(".t-narrow a[href='/people']")), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab)); err != nil {
		t.Fatal(err)
	}
	at, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.activeElement.getAttribute('href')`))
	if err != nil {
		t.Fatal(err)
	}
	if at != "/inbox" {
		t.Errorf("after the menu and two steps, focus is at %q", at)
	}
	if *pictures != "" {
		picture(t, ctx, "menu.phone-light")
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
	for _, s := range Gallery() {
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

func examine(t *testing.T, ctx context.Context, url, axe, rules string) {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	name := url[strings.LastIndex(url, "/")+1:]
	ask := func(script string) []string {
		found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](script, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return found
	}
	for _, v := range ask(`window.tenureViolations`) {
		t.Errorf("%s breaks the policy: %s", name, v)
	}
	for _, v := range ask(`document.documentElement.scrollWidth > innerWidth ? [String(document.documentElement.scrollWidth)] : []`) {
		t.Errorf("%s is %s wide", name, v)
	}
	if rules == "" {
		return
	}
	if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](axe)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, v := range ask(fmt.Sprintf(runAxe, rules)) {
		t.Errorf("%s: %s", name, v)
	}
}

func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	body, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*pictures, fmt.Sprintf("%s.png", name)), body, 0o644); err != nil {
		t.Fatal(err)
	}
}
