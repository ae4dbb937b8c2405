package web_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tenure/internal/app"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/evidence"
	"tenure/internal/lifecycle"
)

// conflict is the address of what a person combines.
func (w *world) conflict(number string) string {
	w.t.Helper()
	return fmt.Sprintf("/people/%s/conflicts/%d", w.ref(number), w.number(`select id from policy_object where name = 'guard-and-book'`))
}

// Who breaks an SoD rule stands in a list and on a page with the way in which it comes about; somebody else accepts it for a time,
// with a control, and ends it.
func TestViolations(t *testing.T) {
	w := newWorld(t)
	n := w.number(`select count(*) from violation where state = 'open'`)
	if n < 5 {
		t.Fatalf("%d violations are open: the rule is not weighed", n)
	}
	c := w.as(compliance)
	list := c.get("/violations").want(t, http.StatusOK)
	list.says(t, "Guard and book")
	if rows := list.Find("table tbody tr").Length(); rows != n {
		t.Errorf("%d lines are shown, not %d", rows, n)
	}
	c.get("/violations?state=accepted").want(t, http.StatusOK).says(t, "Nothing matches")
	c.get("/violations?severity=low").want(t, http.StatusOK).says(t, "Nothing matches")
	if lines := strings.Count(c.get("/violations?export=csv").want(t, http.StatusOK).body, "\n"); lines != n+1 {
		t.Errorf("the file has %d lines, not %d", lines, n+1)
	}
	policy := c.get("/policy?tab=duties").want(t, http.StatusOK)
	for _, word := range []string{"Guard the vault", "Keep the <b>books</b>"} {
		policy.says(t, word)
	}
	if got := strings.TrimSpace(policy.Find(".t-heat-critical a").Contents().First().Text()); got != fmt.Sprint(n) {
		t.Errorf("the square says %q, not %d", got, n)
	}

	page := w.conflict("1015")
	for _, word := range []string{"Somebody could hide what is missing.", "Vault (Company directory)", "Keeper"} {
		c.get(page).want(t, http.StatusOK).says(t, word)
	}
	until := time.Now().UTC().AddDate(0, 2, 0).Format(time.DateOnly)
	c.post(page, "control", " ", "reason", "Year end", "until", until).want(t, http.StatusBadRequest).says(t, "what is done so that the conflict does no harm")
	c.post(page, "control", "Two people open the vault", "reason", "Year end", "until", "2020-01-01").want(t, http.StatusBadRequest).says(t, "must lie ahead")
	c.post(page, "control", "Two people open the vault", "reason", "Year end", "until", "soon").want(t, http.StatusBadRequest)
	c.post(page, "control", "Two people open the vault", "reason", "Year end", "until", time.Now().AddDate(3, 0, 0).Format(time.DateOnly)).want(t, http.StatusBadRequest).says(t, "within a year")
	w.as(auditor).post(page, "control", "Two people open the vault", "reason", "Year end", "until", until).want(t, http.StatusForbidden)
	if left := w.number(`select count(*) from exception`); left != 0 {
		t.Errorf("%d exceptions came of what was refused", left)
	}
	c.post(page, "control", "Two people open the vault", "reason", "Year end", "until", until).want(t, http.StatusSeeOther)
	for _, word := range []string{"Two people open the vault", "Accepted"} {
		c.get(page).want(t, http.StatusOK).says(t, word)
	}
	c.get("/violations?state=accepted").want(t, http.StatusOK).says(t, "Nr1015")
	c.get("/people/"+w.ref("1015")).want(t, http.StatusOK).says(t, "SoD conflict accepted for a time")

	c.post(page+"/end", "reason", "").want(t, http.StatusBadRequest)
	c.post(page+"/end", "reason", "The year is closed").want(t, http.StatusSeeOther)
	c.post(page+"/end", "reason", "The year is closed").want(t, http.StatusConflict)
	if open := w.number(`select count(*) from violation where state = 'open'`); open != n {
		t.Errorf("%d violations are open, not %d again", open, n)
	}
	c.get("/people/"+w.ref("1030")+page[strings.LastIndex(page, "/conflicts"):]).want(t, http.StatusNotFound) // who breaks nothing
}

// Nobody accepts a conflict of their own: not by a page, and the database refuses it as well.
func TestNobodyAcceptsTheirOwnConflict(t *testing.T) {
	w := newWorld(t)
	who := w.number(`select id from identity where number = '1015'`)
	w.do(db.Operator, func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into portal_role (identity_id, role) values ($1, 'compliance')`, who)
		tx.Record(evidence.Event{Kind: "portal_role.given", IdentityID: who, Touches: evidence.Touches{"portal_role": 1}})
		return err
	})
	page, until := w.conflict("1015"), time.Now().UTC().AddDate(0, 2, 0).Format(time.DateOnly)
	me := w.signed("1015")
	me.get(page).want(t, http.StatusOK).says(t, "Nobody accepts a conflict of their own")
	me.post(page, "control", "I look myself", "reason", "So", "until", until).want(t, http.StatusForbidden)
	err := w.app.DB.Do(t.Context(), db.System, func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into exception (identity_id, rule_id, control, reason, valid_from, valid_to, accepted_by, accepted_identity)
			select $1, id, 'x', 'x', now(), now() + interval '1 day', 1, $1 from policy_object where name = 'guard-and-book'`, who)
		return err
	})
	if db.ConstraintName(err) != "exception_acceptor_is_not_beneficiary" {
		t.Errorf("the database says %v", err)
	}
}

// What an application shows without a reason is weighed as well, as soon as it was read.
func TestOutOfBandAccessBreaksRules(t *testing.T) {
	w := newWorld(t)
	before := w.number(`select count(*) from violation where state = 'open'`)
	w.duty("book", "spec: {title: Keep the books, entitlements: [directory/staff]}") // which everybody has
	w.outOfBand("directory", "vault", "1030")
	w.read("directory")
	weigh := func() {
		w.do(db.System, func(tx *db.Tx) error {
			return lifecycle.Weigh(tx, w.number(`select id from application where name = 'directory'`))
		})
	}
	weigh()
	if n := w.number(`select count(*) from violation v join identity i on i.id = v.identity_id where i.number = '1030' and v.state = 'open'`); n != 1 {
		t.Fatalf("%d violations of who got both behind Tenure's back (%d of others)", n, before)
	}
	w.as(compliance).get(w.conflict("1030")).want(t, http.StatusOK).says(t, "seen in the application, without a reason")
	weigh()
	if n := w.number(`select count(*) from violation`); n != before+1 {
		t.Errorf("%d violations, not %d", n, before+1)
	}
}

// duty replaces a duty of the policy.
func (w *world) duty(name, spec string) {
	w.t.Helper()
	dir := w.t.TempDir()
	w.must(os.WriteFile(filepath.Join(dir, "duty.yaml"), []byte("kind: Duty\nname: "+name+"\n"+spec+"\n"), 0o600))
	f, err := change.Read(dir)
	w.must(err)
	w.do(db.Operator, func(tx *db.Tx) error { _, err := change.Apply(tx, f, app.ChangeDeps()); return err })
}

// Where an SoD rule is the cause, the pages say the single facts that would change it, each tried: what gives the access and because of
// which attribute, and what somebody could accept.
func TestTheWayOutOfAConflict(t *testing.T) {
	w := newWorld(t)
	c := w.as(compliance)
	page := c.get(w.conflict("1015")).want(t, http.StatusOK)
	text := page.Find("#wayout").Text()
	for _, words := range []string{"when Vault (Company directory) ends", "because the department is “Finance”", "when somebody else accepts the conflict “Guard and book” for a time"} {
		if !strings.Contains(text, words) {
			t.Errorf("the page does not say %q: %s", words, strings.Join(strings.Fields(text), " "))
		}
	}
	w.plan("It is refused", "kind: SoDRule\nname: guard-and-book\nspec: {title: Guard and book, duties: [guard, book], reaction: refuse}\n---\nkind: Duty\nname: guard\nspec: {entitlements: [ledger/books]}\n---\n"+
		"kind: Duty\nname: book\nspec: {entitlements: [directory/staff]}\n---\nkind: BirthrightRule\nname: sellers\nspec: {title: Sellers, when: 'department == \"Sales\"', entitlements: [ledger/books]}\n")
	why := c.get("/people/"+w.ref("1030")+"/explain?app=ledger&entitlement=ledger/books").want(t, http.StatusOK)
	text = strings.Join(strings.Fields(why.Find("#answer").Text()), " ")
	for _, words := range []string{"it would break the SoD rule Guard and book", "It comes", "when All staff (Company directory) ends", "because the worker type is “employee”"} {
		if !strings.Contains(text, words) {
			t.Errorf("the answer does not say %q: %s", words, text)
		}
	}
	if strings.Contains(text, "accepts the conflict") {
		t.Error("a rule that refuses is said to have exceptions")
	}
}
