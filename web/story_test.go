package web_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"testing"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/identity"
)

// upload posts a file as the form of a source does.
func (c *client) upload(source, name, text string, fields ...string) page {
	c.w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	f, err := m.CreateFormFile("file", name)
	c.w.must(err)
	_, err = f.Write([]byte(text))
	c.w.must(err)
	c.w.must(m.WriteField("effective", ""))
	for i := 0; i+1 < len(fields); i += 2 {
		c.w.must(m.WriteField(fields[i], fields[i+1]))
	}
	c.w.must(m.Close())
	return c.send(http.MethodPost, "/hr/sources/"+source+"/upload", &b, "Content-Type", m.FormDataContentType())
}

// file is the feed as a file, with the first n lines of people, each changed by edit.
func (w *world) file(n int) string {
	w.t.Helper()
	body, err := os.ReadFile(w.dir + "/feed/people.csv")
	w.must(err)
	lines := strings.SplitAfter(string(body), "\n")
	return strings.Join(lines[:n+1], "")
}

// A file that would remove a third of the people is held, not released by who loaded it, and released by somebody else who
// says why and how many.
func TestABrakedFile(t *testing.T) {
	w := newWorld(t)
	loader, second := w.as(hrPerson), w.as(compliance)
	p := loader.upload("people", `..\..\people<b>.csv`, w.file(40)).want(t, http.StatusSeeOther)
	run := p.to
	p = loader.get(run).want(t, http.StatusOK)
	p.says(t, "Held: nothing of this run has been applied")
	p.says(t, "You loaded this; somebody else must release it")
	if p.Find(`form[action="`+run+`/release"]`).Length() != 0 {
		t.Error("who loaded it is shown the form to release it")
	}
	loader.post(run+"/release", "reason", "I am sure", "count", "20").want(t, http.StatusForbidden).says(t, "another person must release it")
	if got := loader.get("/").Find("#inbox").Text(); strings.Contains(got, "is held") {
		t.Error("it waits for who loaded it")
	}
	second.get("/").want(t, http.StatusOK).says(t, "HR file #2 is held: 20 people would leave or move")
	p = second.get(run).want(t, http.StatusOK)
	p.says(t, "over the limit")
	if n := p.Find("#affected tbody tr").Length(); n != 20 {
		t.Errorf("%d people are shown, want 20", n)
	}
	second.post(run+"/release", "reason", "", "count", "20").want(t, http.StatusBadRequest).says(t, "Say why these changes are right")
	second.post(run+"/release", "reason", "The site closes", "count", "19").want(t, http.StatusBadRequest).says(t, "not the number of leavers")
	if n := w.number(`select count(*) from identity where state = 'left'`); n != 0 {
		t.Fatalf("%d people left before the release", n)
	}
	p = second.post(run+"/release", "reason", "The site closes", "count", "20").want(t, http.StatusSeeOther)
	p = second.get(p.to).want(t, http.StatusOK)
	p.says(t, "The run is released and applied")
	p.says(t, "BecauseThe site closes")
	if n := w.number(`select count(*) from identity where state = 'left'`); n != 20 {
		t.Errorf("%d people left, want 20", n)
	}
	if n := p.Find("#affected tbody tr").Length(); n != 20 {
		t.Errorf("%d people are told of, want 20", n)
	}
	second.post(run+"/discard", "reason", "too late").want(t, http.StatusConflict)
	second.post(run+"/release", "reason", "again", "count", "20").want(t, http.StatusConflict).says(t, "Person Nr1003 released this run, today")
}

func TestADiscardedFile(t *testing.T) {
	w := newWorld(t)
	loader := w.as(hrPerson)
	run := loader.upload("people", "people.csv", w.file(40)).want(t, http.StatusSeeOther).to
	loader.get(run+"/discard").want(t, http.StatusOK).says(t, "Nothing of this file is applied, now or later")
	loader.post(run+"/discard").want(t, http.StatusBadRequest).says(t, "Say why it is dropped")
	loader.post(run+"/discard", "reason", "half of it is missing").want(t, http.StatusSeeOther)
	loader.get(run).want(t, http.StatusOK).says(t, "discarded: half of it is missing")
	loader.get("/hr/runs?state=discarded").want(t, http.StatusOK).says(t, "#2")
}

func TestFilesThatAreNone(t *testing.T) {
	w := newWorld(t)
	c := w.as(hrPerson)
	c.upload("people", "people.csv", "").want(t, http.StatusBadRequest).says(t, "Choose a file that is not empty")
	c.upload("nowhere", "people.csv", "a").want(t, http.StatusNotFound)
	if n := w.number(`select count(*) from snapshot`); n != 1 {
		t.Errorf("%d runs, want the first only", n)
	}
	run := c.upload("people", "people.csv", "a,b\n1,2\n").want(t, http.StatusSeeOther).to
	c.get(run).want(t, http.StatusOK).says(t, "Held")
	w.as(compliance).post(run+"/release", "reason", "It will be all right", "count", "0").want(t, http.StatusConflict).says(t, "cannot be released")
}

func TestAnAnnouncedChange(t *testing.T) {
	w := newWorld(t)
	c := w.as(compliance)
	c.post("/hr/expect", "source", "people", "kind", "leavers", "count", "0", "from", "2030-01-02", "to", "2030-01-01", "note", "").
		want(t, http.StatusBadRequest).says(t, "Please look at 3 fields")
	c.post("/hr/expect", "source", "nowhere").want(t, http.StatusBadRequest).says(t, "Choose one of the sources")
	c.post("/hr/expect", "source", "people", "kind", "leavers", "count", "40", "from", "2020-01-01", "to", "2090-01-01", "note", "The site closes").want(t, http.StatusSeeOther)
	c.post("/hr/expect", "source", "people", "kind", "rows", "count", "40", "from", "2020-01-01", "to", "2090-01-01", "note", "The site closes").want(t, http.StatusSeeOther)
	c.get("/hr/expect").want(t, http.StatusOK).says(t, "Up to 40 leavers")
	run := w.as(hrPerson).upload("people", "people.csv", w.file(40)).want(t, http.StatusSeeOther).to
	p := c.get(run).want(t, http.StatusOK)
	p.says(t, "Applied")
	p.says(t, "40 were announced")
	c.get("/hr/expect").want(t, http.StatusOK).says(t, "HR run #2")
}

// Terminating asks first, says what will happen, needs a reason, and is lifted by somebody else.
func TestATermination(t *testing.T) {
	w := newWorld(t)
	c, page := w.as(compliance), personOf(w, "1030")
	c.get(page).want(t, http.StatusOK).says(t, "rule staff, policy version 1")
	p := c.get(page+"/terminate").want(t, http.StatusOK)
	p.says(t, "1 account is disabled within seconds")
	c.post(page+"/terminate", "reason", " ").want(t, http.StatusBadRequest).says(t, "termination needs a reason")
	c.post(page+"/terminate", "reason", "Found selling the keys").want(t, http.StatusSeeOther)
	c.get(page+"/terminate/watch").want(t, http.StatusOK).says(t, "1 enabled account")
	c.post(page+"/terminate", "reason", "again").want(t, http.StatusConflict)
	c.post(personOf(w, compliance)+"/terminate", "reason", "me").want(t, http.StatusForbidden).says(t, "Nobody terminates themselves")
	p = c.get(page).want(t, http.StatusOK)
	p.says(t, "Termination decided")
	p.says(t, "Found selling the keys")
	w.carry()
	p = c.get(page+"/terminate/watch").want(t, http.StatusOK)
	p.says(t, "0 enabled accounts, verified")
	p.says(t, "by reading #")
	p = c.get(page).want(t, http.StatusOK)
	p.says(t, "account disabled")
	p.says(t, "Disabled")
	c.post(page+"/reinstate", "reason", "").want(t, http.StatusBadRequest)
	c.post(page+"/reinstate", "reason", "It was somebody else").want(t, http.StatusForbidden).says(t, "another person must lift it")
	w.as(hrPerson).post(page+"/reinstate", "reason", "It was somebody else").want(t, http.StatusSeeOther)
	w.carry()
	c.get(page).want(t, http.StatusOK).says(t, "Termination lifted")
	if n := w.number(`select count(*) from identity i join account_link l on l.identity_id = i.id join account_seen s on s.account_id = l.account_id and s.enabled
		where i.number = '1030'`); n != 1 {
		t.Errorf("%d accounts are enabled again, want 1", n)
	}
}

// A first password is asked for, shown once to the person or the manager, and to nobody else.
func TestAFirstPassword(t *testing.T) {
	w := newWorld(t)
	mine, theirs := w.account(employee), w.account("1030")
	e, m, other := w.as(employee), w.as(manager), w.as(hrPerson)
	e.get("/me").want(t, http.StatusOK).says(t, "First passwords waiting for you")
	e.get(mine).want(t, http.StatusOK).says(t, "It is shown once and then erased")
	other.get(mine).want(t, http.StatusNotFound)
	other.post(mine).want(t, http.StatusNotFound)
	e.get(theirs).want(t, http.StatusNotFound)
	m.get(theirs).want(t, http.StatusOK).says(t, "for Person Nr1030")
	p := e.post(mine).want(t, http.StatusOK)
	if secret := p.Find("code.t-secret").Text(); len(secret) < 20 || !strings.HasPrefix(p.header.Get("Cache-Control"), "no-store") {
		t.Errorf("shown %q, to be stored: %q", secret, p.header.Get("Cache-Control"))
	}
	e.post(mine).want(t, http.StatusNotFound)
	e.get(mine).want(t, http.StatusNotFound)
	if n := w.number(`select count(*) from handout where sealed is null and shown_to is not null`); n != 1 {
		t.Errorf("%d are erased, want 1", n)
	}
	e.get(personOf(w, employee)+"?part=targets").want(t, http.StatusOK).says(t, "First password shown, and erased")
}

// account is the address of a person's first password in the directory.
func (w *world) account(number string) string {
	return fmt.Sprintf("/me/secrets/%d", w.number(`select a.id from account a join account_link l on l.account_id = a.id join identity i on i.id = l.identity_id
		join application p on p.id = a.application_id and p.name = 'directory' where i.number = $1`, number))
}

// Proposals are ticked, asked back for a reason, and never released for oneself.
func TestProposals(t *testing.T) {
	w := newWorld(t)
	c := w.as(compliance)
	p := c.get("/applications/ledger?tab=operations").want(t, http.StatusOK)
	boxes := p.Find("input[name=operation]")
	if boxes.Length() == 0 || p.Find("input[name=operation][checked]").Length() != 0 {
		t.Fatalf("%d proposals to tick", boxes.Length())
	}
	id, _ := boxes.First().Attr("value")
	c.post("/applications/ledger/release").want(t, http.StatusSeeOther)
	p = c.post("/applications/ledger/release", "operation", id).want(t, http.StatusOK)
	p.says(t, "Release 1 operation in Ledger?")
	c.post("/applications/ledger/release", "operation", id, "reason", "").want(t, http.StatusBadRequest).says(t, "Say why they are right")
	c.post("/applications/ledger/release", "operation", id, "reason", "The books are theirs").want(t, http.StatusSeeOther)
	if n := w.number(`select count(*) from operation where state = 'pending' and id = $1`, id); n != 1 {
		t.Error("what was ticked does not wait for a worker")
	}
	if n := w.number(`select count(*) from operation where state = 'pending'`); n != 1 {
		t.Errorf("%d operations were released, only one was ticked", n)
	}
}

func TestAFailedOperation(t *testing.T) {
	w := newWorld(t)
	var failed int
	w.do(db.System, func(tx *db.Tx) error {
		p, err := identity.Find(tx, "1030")
		if err != nil {
			return err
		}
		all, err := access.Items(tx, access.Query{Person: p.ID, Limit: 1})
		failed = int(all[0].ID)
		return err
	})
	owner := w.owner()
	_, err := owner.Exec(t.Context(), `set session_replication_role = replica`) // no event for what the test makes up
	w.must(err)
	_, err = owner.Exec(t.Context(), `update operation set state = 'failed', error = 'the target said <no>' where id = $1`, failed)
	w.must(err)
	c, page := w.as(itPerson), fmt.Sprintf("/operations/%d", failed)
	c.get("/").want(t, http.StatusOK).says(t, "1 operation failed")
	c.get("/operations?state=failed").want(t, http.StatusOK).says(t, "the target said <no>")
	c.get(page).want(t, http.StatusOK).says(t, "The target did not do this")
	w.as(auditor).post(page+"/retry").want(t, http.StatusForbidden)
	c.post(page+"/retry").want(t, http.StatusSeeOther)
	c.get(page).want(t, http.StatusOK).says(t, "It is tried again")
	c.post(page+"/retry").want(t, http.StatusConflict)
	w.carry()
	c.get(page).want(t, http.StatusOK).says(t, "Verified")
}

// Checking reads the target at once, and found access is accepted by name.
func TestCheckAndAdopt(t *testing.T) {
	w := newWorld(t)
	c := w.as(itPerson)
	w.outOfBand("directory", "vault", "1030")
	c.post("/applications/directory/check").want(t, http.StatusSeeOther)
	p := c.get("/applications/directory").want(t, http.StatusOK)
	p.says(t, "Company directory was read")
	p.says(t, "Person Nr1030 holds Vault without a reason")
	c.get("/applications/directory/adopt").want(t, http.StatusOK).says(t, "1 grant of 1 person is there without a reason")
	c.post("/applications/directory/adopt").want(t, http.StatusBadRequest)
	c.post("/applications/directory/adopt", "reason", "It was always so").want(t, http.StatusSeeOther)
	c.get(personOf(w, "1030")).want(t, http.StatusOK).says(t, "found in the application and accepted by Person Nr1002")
	c.get("/applications/directory").want(t, http.StatusOK).says(t, "No difference")
	w.targets["ledger"].Close()
	c.post("/applications/ledger/check").want(t, http.StatusSeeOther)
	c.get("/applications/ledger").want(t, http.StatusOK).says(t, "Ledger could not be read")
}

func TestTokens(t *testing.T) {
	w := newWorld(t)
	c := w.as(employee)
	c.post("/me/tokens", "name", "", "days", "5000", "scope", "read").want(t, http.StatusBadRequest).says(t, "Please look at 2 fields")
	p := c.post("/me/tokens", "name", "nightly", "days", "7", "scope", "decide").want(t, http.StatusOK)
	if token := p.Find("code.t-secret").Text(); !strings.HasPrefix(token, "tenure_") {
		t.Errorf("the token is %q", token)
	}
	p = c.get("/me/tokens").want(t, http.StatusOK)
	p.says(t, "nightly")
	if strings.Contains(p.body, "tenure_") {
		t.Error("the token is shown again")
	}
	revoke, _ := p.Find(`form[action^="/me/tokens/"]`).Attr("action")
	w.as(manager).post(revoke).want(t, http.StatusNotFound)
	c.post(revoke).want(t, http.StatusSeeOther)
	c.get("/me/tokens").want(t, http.StatusOK).says(t, "You have no token")
}

// A visitor hires somebody, sends the feed, and the account is there.
func TestPlayingHR(t *testing.T) {
	w := newWorld(t)
	c := w.as(hrPerson)
	c.post("/demo/hr/hire", "first", "", "department", "Nowhere").want(t, http.StatusBadRequest).says(t, "Please look at")
	c.post("/demo/hr/hire", "first", "Ada", "last", "Brandt", "department", "Finance", "title", "Controller", "start", "2026-01-01").want(t, http.StatusSeeOther)
	c.get("/demo/hr").want(t, http.StatusOK).says(t, "Hire Ada Brandt as Controller")
	c.post("/demo/hr/1030/move", "department", "Finance", "title", "").want(t, http.StatusBadRequest)
	c.post("/demo/hr/1030/move", "department", "Finance", "title", "Controller").want(t, http.StatusSeeOther)
	c.post("/demo/hr/1031/end", "end", "2025-01-01").want(t, http.StatusSeeOther)
	c.post("/demo/hr/send").want(t, http.StatusSeeOther)
	c.get("/demo/hr").want(t, http.StatusOK).says(t, "1 joiner, 1 mover and 1 leaver")
	w.carry()
	c.get("/people?q=Ada+Brandt").want(t, http.StatusOK).says(t, "Ada Brandt")
	c.get(personOf(w, "1061")).want(t, http.StatusOK).says(t, "In place")
	c.get(personOf(w, "1030")).want(t, http.StatusOK).says(t, "Moved")
	p := c.get(personOf(w, "1031")).want(t, http.StatusOK)
	p.says(t, "0 grants")
	p.says(t, "Disabled")
}

// The owner of an application sees it and no other.
func TestOwnersSee(t *testing.T) {
	w := newWorld(t)
	w.password(owner, "owner@example.com")
	c := w.anonymous()
	c.local("owner@example.com")
	p := c.get("/applications").want(t, http.StatusOK)
	if n := p.Find("tbody tr").Length(); n != 1 {
		t.Errorf("the owner sees %d applications, want 1", n)
	}
	c.get("/applications/directory?tab=accounts").want(t, http.StatusOK)
	c.get("/applications/ledger").want(t, http.StatusNotFound)
	c.post("/applications/ledger/check").want(t, http.StatusNotFound)
	c.post("/applications/directory/check").want(t, http.StatusSeeOther)
}

// A list is walked by its cursors: everybody once.
func TestPagesOfAList(t *testing.T) {
	w := newWorld(t)
	c := w.as(administrator)
	seen := map[string]bool{}
	path, ok := "/people", true
	for ok {
		p := c.get(path).want(t, http.StatusOK)
		rows := p.Find("tbody th a")
		for i := range rows.Length() {
			href, _ := rows.Eq(i).Attr("href")
			if seen[href] {
				t.Errorf("%s is there twice", href)
			}
			seen[href] = true
		}
		path, ok = p.Find(`a[rel=next]`).Attr("href")
	}
	if len(seen) != 60 {
		t.Errorf("the pages have %d people, want 60", len(seen))
	}
}
