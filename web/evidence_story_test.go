package web_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"tenure/internal/audit/control"
)

// longestAudit is how long an auditor's way to a verified pack may take, from the first page on.
const longestAudit = 5 * time.Minute

// saved gives the file that the browser saves when something is clicked.
func (s *story) saved(selector string) []byte {
	s.t.Helper()
	dir := s.t.TempDir()
	if _, err := chromedp.Call(s.ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir, BrowserContextID: chromedp.FromContext(s.ctx).BrowserContextID}); err != nil {
		s.t.Fatal(err)
	}
	s.click(selector)
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); <-tick.C {
		if found, _ := filepath.Glob(filepath.Join(dir, "*.zip")); len(found) == 1 {
			body, err := os.ReadFile(found[0])
			if err != nil {
				s.t.Fatal(err)
			}
			return body
		}
	}
	s.t.Fatal("the browser saved no file")
	return nil
}

// An auditor signs in for the first time, picks SOC 2 CC6.2 and a quarter, draws 25, opens three sheets, takes the pack along, and verifies it
// with both verifiers.
func TestAnAuditorsWay(t *testing.T) {
	o := newOffice(t)
	w := o.w
	w.declare(offered)
	for n := 1020; n < 1050; n++ {
		w.program(strconv.Itoa(n), "decide").json(http.MethodPost, "/api/v1/requests", `{"why":"The year's end","items":[{"offer":"books"}]}`).answer(t, http.StatusCreated, nil)
	}
	began := time.Now()
	s := o.comes(t, auditor, "/")
	s.follow(`.t-wide a[href='/evidence']`, "/evidence")
	s.says("SOC 2")
	s.accessible()
	first, last := control.Quarter(time.Now())
	period := "?from=" + first.Format(time.DateOnly) + "&to=" + last.Format(time.DateOnly)
	s.follow(`.t-chips a[href='/evidence`+period+`']`, "/evidence")
	s.follow(`a[href='/evidence/controls/soc2-cc6.2`+period+`']`, "/evidence/controls/soc2-cc6.2")
	s.says("Requests for access")
	s.accessible()
	s.follow(`a[href='/evidence/controls/soc2-cc6.2/requests`+period+`']`, "/evidence/controls/soc2-cc6.2/requests")
	s.says("Counted at the source")
	s.accessible()
	s.fits()
	s.click(`#draw button[type=submit]`)
	s.says("Drawn again, it is the same")
	s.says("25 of 30 items")
	s.accessible()
	sample := s.ask(`location.pathname`)
	for n := range 3 {
		s.click(`#items tbody tr:nth-child(` + strconv.Itoa(n+1) + `) th a`)
		s.says("Request for access: ")
		s.says("The year's end")
		if n == 0 {
			s.accessible()
			s.fits()
		}
		s.do("back", chromedp.Navigate(s.base+sample))
	}
	w.seal()
	pack := s.saved(`form[action='` + sample + `/pack'] button`)
	key := w.text(`select public from log_key order by id limit 1`)
	if v := verdict(t, pack, key); len(v.Wrong) > 0 || v.Events < 25 {
		t.Errorf("the pack is judged %+v", v)
	}
	if said, ok := python(t, pack, key); !ok {
		t.Errorf("the other verifier says %s", said)
	}
	if took := time.Since(began); took > longestAudit {
		t.Errorf("it took %s, more than %s", took, longestAudit)
	}
}
