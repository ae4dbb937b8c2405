package templates

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

var (
	pictures = flag.String("pictures", "", "write pictures of the pages into this folder: make pictures")
	every    = flag.Bool("every", false, "with -pictures: of every sample, on the phone as well")
)

const (
	picturesDir  = "../docs/images/pages"
	picturesPage = "../docs/pages.md"
)

// readme are the samples that README shows, as much of them as a window does.
var readme = []string{"home-full", "person-full", "run-held"}

// picture takes a page as it stands: whole, or what the window shows of it.
func picture(t *testing.T, ctx context.Context, name string, beyond bool) {
	t.Helper()
	quality := int64(60)
	r, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: &quality, CaptureBeyondViewport: &beyond})
	if err == nil {
		err = os.WriteFile(filepath.Join(*pictures, name+".webp"), r.Data, 0o644)
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// shown are the samples that stand for their pages in the documentation.
func shown() map[string]string {
	out := map[string]string{}
	for name := range states {
		if sample, _ := stateOf(name, "full"); sample != "" {
			out[name] = sample
		}
	}
	return out
}

// TestPictures takes pictures of the pages in light and dark, if it is asked to; else it wants docs/pages.md to show every page there is.
func TestPictures(t *testing.T) {
	if *pictures == "" {
		doc, err := os.ReadFile(picturesPage)
		if err != nil {
			t.Fatal(err)
		}
		if string(doc) != picturesDoc(t) {
			t.Errorf("%s does not show the pages there are: run make pictures", picturesPage)
		}
		files, err := filepath.Glob(filepath.Join(picturesDir, "*.webp"))
		must(t, err)
		size, there := int64(0), map[string]bool{}
		for _, f := range files {
			is, err := os.Stat(f)
			must(t, err)
			size, there[strings.TrimSuffix(filepath.Base(f), ".webp")] = size+is.Size(), true
		}
		for _, sample := range shown() {
			for _, theme := range []string{"light", "dark"} {
				if !there[sample+"."+theme] {
					t.Errorf("there is no picture of %s in %s: run make pictures", sample, theme)
				}
				delete(there, sample+"."+theme)
			}
		}
		for _, name := range readme {
			if !there["window-"+name] {
				t.Errorf("README has no picture of %s: run make pictures", name)
			}
			delete(there, "window-"+name)
		}
		for name := range there {
			t.Errorf("the picture %s is of no page: run make pictures", name)
		}
		if size > 8<<20 {
			t.Errorf("the pictures have %d bytes: everybody who clones the repository gets them", size)
		}
		return
	}
	ctx, server := browser(t), serveGallery(t)
	names := slices.Collect(maps.Values(shown()))
	if *every {
		names = nil
		for _, s := range Gallery(context.Background()) {
			names = append(names, s.Name)
		}
	} else if err := os.WriteFile(picturesPage, []byte(picturesDoc(t)), 0o644); err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	for _, name := range names {
		if !strings.HasPrefix(name, *only) {
			continue
		}
		must(t, chromedp.Do(ctx, chromedp.Navigate(server.URL+"/"+name)))
		for _, theme := range []string{"light", "dark"} {
			must(t, wear(ctx, look{width: 1280, height: 800, theme: theme}))
			picture(t, ctx, name+"."+theme, true)
			if theme == "light" && !*every && slices.Contains(readme, name) {
				picture(t, ctx, "window-"+name, false)
			}
			if *every {
				must(t, wear(ctx, look{width: 390, height: 844, theme: theme}))
				picture(t, ctx, name+".phone."+theme, true)
			}
		}
	}
}

// picturesDoc is the page of the documentation that shows them, each under the title it has in the browser.
func picturesDoc(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("# The pages\n\nEvery page of the portal with invented data, in light and in dark, made by `make pictures`.\n\n| page | light | dark |\n|---|---|---|\n")
	samples := map[string]Sample{}
	for _, s := range Gallery(context.Background()) {
		samples[s.Name] = s
	}
	pages := shown()
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		doc, err := goquery.NewDocumentFromReader(bytes.NewReader(render(t, samples[pages[name]])))
		must(t, err)
		title := strings.TrimSuffix(doc.Find("title").Text(), " · Tenure")
		fmt.Fprintf(&b, "| %s | ![%[1]s, light](images/pages/%[2]s.light.webp) | ![%[1]s, dark](images/pages/%[2]s.dark.webp) |\n", title, pages[name])
	}
	return b.String()
}
