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

	"github.com/chromedp/chromedp"
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
	ctx, cancel = context.WithTimeout(ctx, 10*time.Minute)
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
	t    *testing.T
	ctx  context.Context
	base string // of the portal

	still bool // pages run no scripts
}

func (s *story) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	if err := chromedp.Do(s.ctx, steps...); err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	look := chromedp.Evaluate[[]string](map[bool]string{true: `[]`, false: `window.tenureFaults`}[s.still])
	faults, err := chromedp.Run(s.ctx, look)
	for range 5 { // a step that leads to another page may take the page away under the question: then it is put to the next one
		if err == nil || !strings.Contains(err.Error(), "Inspected target navigated") {
			break
		}
		faults, err = chromedp.Run(s.ctx, look)
	}
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
