package templates

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// opened lets axe look at a page with something open on it, in some looks, and leaves it in the first of them.
func opened(t *testing.T, ctx context.Context, what string, as ...look) {
	t.Helper()
	axe, err := os.ReadFile(axeFile)
	if err != nil {
		t.Fatalf("axe-core is not there (%v): run make test, which installs it", err)
	}
	must(t, chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](string(axe))))
	e := eye{t: t, ctx: ctx, axe: string(axe), name: what}
	for _, l := range append(as, as[0]) {
		must(t, e.see(l))
	}
}

// TestListKeys works a list with the keyboard alone: moving, ticking, a range, a drawer and back; and shows that letters do
// nothing where they are switched off or somebody is writing.
func TestListKeys(t *testing.T) {
	ctx := browser(t)
	server := serveGallery(t)
	ask := func(script string) string {
		t.Helper()
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
		if err != nil {
			t.Fatalf("%s: %v", script, err)
		}
		return got
	}
	press := func(keys ...string) {
		t.Helper()
		for _, k := range keys {
			if err := chromedp.Do(ctx, chromedp.KeyEvent(k)); err != nil {
				t.Fatal(err)
			}
		}
	}
	wait := func(script string) {
		t.Helper()
		waiting, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		if _, err := chromedp.Run(waiting, chromedp.Poll[bool](script)); err != nil {
			t.Fatalf("never so: %s: %v", script, err)
		}
	}
	want := func(script, is string) {
		t.Helper()
		if got := ask(script); got != is {
			t.Errorf("%s is %q, not %q", script, got, is)
		}
	}
	const (
		row   = `document.activeElement.querySelector?.('th a')?.textContent || ''`
		count = `document.querySelector('[data-bulk-count]').textContent`
	)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800), chromedp.Navigate(server.URL+"/kit-list")); err != nil {
		t.Fatal(err)
	}
	wait(`document.documentElement.classList.contains('t-scripted') && !!document.querySelector('[data-bulk-head] input')`)
	want(`getComputedStyle(document.querySelector('.t-bulk')).display`, "none")
	press("j")
	want(row, "Ana Ruiz")
	press("x")
	want(count, "1 of 3 on this page chosen")
	want(`String(document.querySelector('[data-bulk-head] input').indeterminate)`, "true")
	press("j", "j", "X")
	want(count, "3 of 3 on this page chosen")
	want(`String(document.querySelector('[data-bulk-head] input').checked)`, "true")
	press("k")
	want(row, "Omar Diaz")
	press("/")
	want(`document.activeElement.name`, "q")
	press("j")
	want(`document.activeElement.value.replace('/', '')`, "j") // the driver sends the character of "/" apart from its key
	if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](`document.activeElement.blur(), undefined`)); err != nil {
		t.Fatal(err)
	}
	press("k", kb.Enter)
	wait(`!!document.querySelector('dialog.t-sheet[open] #drawer-title')`)
	want(`document.activeElement.id`, "drawer-title")
	opened(t, ctx, "the-drawer", looks...)
	press(kb.Escape)
	wait(`!document.querySelector('dialog[open]') && document.activeElement.matches('tr[data-row]')`)
	want(row, "Ana Ruiz")

	if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](`document.body.removeAttribute('data-letters')`)); err != nil {
		t.Fatal(err)
	}
	press("j")
	want(row, "Ana Ruiz")
}

// TestKeysOfWhatIsAskedOfYou decides with the keyboard alone: a approves the row with the focus and no other, r leads to where the reason for a
// denial is written, u says that nothing can be undone. In rows that are decided one by one, a does nothing.
func TestKeysOfWhatIsAskedOfYou(t *testing.T) {
	ctx := browser(t)
	server := serveGallery(t)
	run := func(script string) string {
		t.Helper()
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
		if err != nil {
			t.Fatalf("%s: %v", script, err)
		}
		return got
	}
	// What would be sent, or where a link leads, is noted instead of done: the gallery only shows pages.
	fresh := func() {
		t.Helper()
		must(t, chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800), chromedp.Navigate(server.URL+"/approvals-full"),
			chromedp.Poll[chromedp.Void](`document.documentElement.classList.contains('t-scripted')`)))
		run(`window.said = ''; document.addEventListener('submit', e => { e.preventDefault(); window.said = 'sent ' + [...new FormData(e.target, e.submitter)].map(p => p.join('=')).filter(p => !p.startsWith('reason=')).join(' ') });
			document.addEventListener('click', e => { const a = e.target.closest('a'); if (a) { e.preventDefault(); window.said = 'to ' + a.getAttribute('href') } }); ''`)
	}
	press := func(keys ...string) string {
		t.Helper()
		for _, k := range keys {
			must(t, chromedp.Do(ctx, chromedp.KeyEvent(k)))
		}
		return run(`window.said`)
	}
	fresh()
	risky, low := run(`document.querySelector('#risk-conflict tr[data-row] th a').getAttribute('href')`), run(`document.querySelectorAll('#risk-low tr[data-row]')[1].querySelector('[data-key=a]').value`)
	if got := press("j", "a"); got != "" {
		t.Errorf("in a row that is decided one by one (%s), a does %q", risky, got)
	}
	if got, want := press("j", "j", "a"), "sent class=low only="+low; got != want {
		t.Errorf("a in the third row: %q, not %q", got, want)
	}
	fresh()
	if got, want := press("j", "j", "j", "r"), "to "+run(`document.querySelectorAll('#risk-low tr[data-row]')[1].querySelector('[data-key=r]').getAttribute('href')`); got != want {
		t.Errorf("r in the third row: %q, not %q", got, want)
	}
	if got := press("u"); got != "to #no-undo" {
		t.Errorf("u: %q", got)
	}
	run(`document.body.removeAttribute('data-letters'); window.said = ''`)
	if got := press("a", "r", "u"); got != "" {
		t.Errorf("where letters are switched off: %q", got)
	}
}
