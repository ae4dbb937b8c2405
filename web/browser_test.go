package web_test

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
)

var pictures = flag.String("pictures", "", "write pictures of the browser's story into this folder")

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
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800)); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return ctx
}

// watch runs before every page, so that it sees each violation of the policy and each dialog that a payload would open.
const watch = `window.tenureFaults = []; document.addEventListener('securitypolicyviolation', e => window.tenureFaults.push(e.violatedDirective + ' ' + e.blockedURI));
window.alert = x => window.tenureFaults.push('alert ' + x)`

// story is a browser on its way through the portal.
type story struct {
	t   *testing.T
	ctx context.Context
}

func (s *story) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	if err := chromedp.Do(s.ctx, steps...); err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	faults, err := chromedp.Run(s.ctx, chromedp.Evaluate[[]string](`window.tenureFaults`))
	if err != nil || len(faults) > 0 {
		s.t.Errorf("%s: %v %v", what, faults, err)
	}
	if *pictures == "" {
		return
	}
	body, err := chromedp.Run(s.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(*pictures, strings.ReplaceAll(what, " ", "-")+".png"), body, 0o600)
	}
	if err != nil {
		s.t.Error(err)
	}
}

func (s *story) text() string {
	s.t.Helper()
	text, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](`document.querySelector('main').innerText`))
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

func css(sel string) chromedp.CSS { return chromedp.CSS(sel) }

// TestStoryOfATermination goes from the sign-in page to a terminated person and the board, as a person would, with nothing that
// the content policy forbids on the way; the person's name is what an attacker would choose.
func TestStoryOfATermination(t *testing.T) {
	w := newWorld(t)
	s := &story{t: t, ctx: browser(t)}
	if _, err := chromedp.Call(s.ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: watch}); err != nil {
		t.Fatal(err)
	}
	victim := personOf(w, "1010")
	s.do("1 sign in", chromedp.Navigate(w.server.URL+victim), chromedp.WaitVisible(css(".t-personas")))
	s.do("2 person", chromedp.Click(css(`input[value="`+w.ref(compliance)+`"] ~ button`)), chromedp.WaitVisible(css(`a[href="`+victim+`/terminate"]`)))
	if !strings.Contains(s.text(), evilFirst) {
		t.Error("the page that was asked for before signing in is not opened after it, or does not show the name")
	}
	s.do("3 people", chromedp.Click(css(`.t-wide a[href="/people"]`)), chromedp.WaitVisible(css(`input#people-q`)))
	s.do("4 found", chromedp.SendKeys(css("input#people-q"), "script>alert"), chromedp.Submit(css("input#people-q")), chromedp.WaitVisible(css(`.t-chips`)),
		chromedp.Click(css(`th a[href="`+victim+`"]`)), chromedp.WaitVisible(css(`a[href="`+victim+`/terminate"]`)))
	s.do("5 asked", chromedp.Click(css(`a[href="`+victim+`/terminate"]`)), chromedp.WaitVisible(css(`textarea[name=reason]`)))
	s.do("6 done", chromedp.SendKeys(css(`textarea[name=reason]`), "Took the plans home"), chromedp.Click(css(`form[action$="/terminate"] button`)),
		chromedp.WaitVisible(css(`#ending .t-progress`)))
	w.carry() // the page is open, and follows
	s.do("6 verified", chromedp.WaitVisible(css(`#ending .t-alert.t-good`)))
	if text := s.text(); !strings.Contains(text, "0 enabled accounts, verified") {
		t.Errorf("the watched page does not end with what was verified:\n%s", text)
	}
	s.do("7 afterwards", chromedp.Click(css(`.t-up a[href="`+victim+`"]`)), chromedp.WaitVisible(css(`a[href="`+victim+`/reinstate"]`)))
	if text := s.text(); !strings.Contains(text, "account disabled") || !strings.Contains(text, "0 grants") {
		t.Errorf("the person's page does not show what happened:\n%s", text)
	}
	s.do("8 board", chromedp.Click(css(`.t-wide a[href="/operations"]`)), chromedp.WaitVisible(css(`#board`)))
	before := s.text()
	w.do(db.System, func(tx *db.Tx) error { // somebody else does something while the board is open
		p, err := identity.Find(tx, "1031")
		if err == nil {
			_, err = lifecycle.Terminate(tx, p.ID, "a test")
		}
		return err
	})
	wait, cancel := context.WithTimeout(s.ctx, 20*time.Second)
	defer cancel()
	if _, err := chromedp.Run(wait, chromedp.Poll[bool](`document.querySelector('#board tbody tr td[data-label="Leavers waiting"]').innerText.trim() !== '0'`)); err != nil {
		t.Errorf("the board does not refresh itself (%v):\n%s\n---\n%s", err, before, s.text())
	}
	s.do("9 refreshed")
	s.do("10 out", chromedp.Click(css(`.t-wide form[action="/signout"] button`)), chromedp.WaitVisible(css(".t-personas")))
}
