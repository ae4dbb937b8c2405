package web_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/provision"
)

// What the page of an application says is what a job counted, all of it the same as counting it now; the page itself counts
// nothing, and says when it was counted.
func TestAnApplicationShowsWhatWasCounted(t *testing.T) {
	w := newWorld(t)
	w.outOfBand("directory", "vault", "1030")
	c := w.as(itPerson)
	c.post("/applications/directory/check").want(t, http.StatusSeeOther) // who had it read sees what that showed
	p := c.get("/applications/directory").want(t, http.StatusOK)
	p.says(t, "Accounts and differences were counted today")
	p.says(t, "Person Nr1030 holds Vault without a reason")
	w.figures()

	var app *catalog.Application
	var counted *audit.Standing
	var logins map[string]int
	var kept, drift []provision.Difference
	var holdings map[int]audit.Holding
	var holders map[int]int
	w.must(w.app.DB.Read(t.Context(), func(tx *db.Tx) error {
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		app = cat.AppNamed["directory"]
		for _, step := range []func() error{
			func() error { counted, err = audit.StandingOf(tx, app.ID); return err },
			func() error { logins, err = catalog.CountLogins(tx, app.ID, app.DormantSince(tx.Now)); return err },
			func() error { kept, err = provision.Differences(tx, app.ID); return err },
			func() error { drift, err = provision.Drift(tx, app); return err },
			func() error { holdings, err = audit.Holdings(tx, app.ID); return err },
			func() error { holders, err = catalog.CountHolders(tx, app.ID); return err },
		} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	}))
	for state, n := range logins {
		if counted.Accounts[state] != n {
			t.Errorf("%d accounts are %q, and %d were counted", n, state, counted.Accounts[state])
		}
	}
	if len(kept) != len(drift) || len(drift) == 0 {
		t.Fatalf("%d differences were kept of %d", len(kept), len(drift))
	}
	for i := range drift {
		if drift[i] != kept[i] {
			t.Errorf("kept is %+v, found %+v", kept[i], drift[i])
		}
	}
	for id, n := range holders {
		h := holdings[id]
		if h.Accounts != n {
			t.Errorf("%d accounts hold entitlement %d, and %d were counted", n, id, h.Accounts)
		}
	}
	vault := w.number(`select e.id from entitlement e where e.name = 'vault'`)
	if h := holdings[vault]; h.Nothing != 1 {
		t.Errorf("%d hold the vault without a reason, want 1: %+v", h.Nothing, h)
	}
	list := c.get("/applications/directory?tab=entitlements").want(t, http.StatusOK)
	if text := strings.Join(strings.Fields(list.Find(`tr:has(code:contains("vault")) td[data-label="Holders"]`).Text()), " "); !strings.Contains(text, "1 without a reason") {
		t.Errorf("of the holders of the vault the catalogue says %q", text)
	}

	// The rows of the job are what is shown: no page counts for itself.
	_, err := w.owner().Exec(t.Context(), `update application_figure set accounts = jsonb_set(accounts, '{enabled}', '4711'), differences = '{"extra": 815}' where application_id = $1`, app.ID)
	w.must(err)
	_, err = w.owner().Exec(t.Context(), `update entitlement_figure set accounts = 2342 where entitlement_id = $1`, vault)
	w.must(err)
	for tab, says := range map[string]string{"": "These are the first " + strconv.Itoa(len(kept)) + " of 815", "accounts": "4\u202f711", "entitlements": "2\u202f342"} {
		if text := c.get("/applications/directory?tab="+tab).want(t, http.StatusOK).Find("main").Text(); !strings.Contains(text, says) {
			t.Errorf("the tab %q does not show %s, which a job counted", tab, says)
		}
	}
}

// An operation leads to what decided it: the HR run, or the entry of the person's timeline.
func TestAnOperationNamesItsCause(t *testing.T) {
	w := newWorld(t)
	c := w.as(itPerson)
	by := func(cause string) string {
		return "/operations/" + strconv.Itoa(w.number(`select max(id) from operation where cause = $1`, cause))
	}
	c.post("/people/"+w.ref("1020")+"/terminate", "reason", "gone", "confirm", "on").want(t, http.StatusSeeOther)
	p := c.get(by("terminate")).want(t, http.StatusOK)
	to := p.Find(`a:contains("a termination")`).AttrOr("href", "")
	if !strings.HasPrefix(to, personOf(w, "1020")+"?event=") {
		t.Fatalf("a termination leads to %q", to)
	}
	c.get(to[:strings.Index(to, "#")]).want(t, http.StatusOK).says(t, "Terminated")
	w.says("1031", "Department", "Finance")
	p = c.get(by("hr")).want(t, http.StatusOK)
	if to := p.Find(`a[href^="/hr/runs/"]`).AttrOr("href", ""); to == "" {
		t.Error("a change of HR leads to no run")
	} else {
		c.get(to).want(t, http.StatusOK)
	}
}
