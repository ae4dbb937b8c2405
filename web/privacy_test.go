package web_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/audit/trail"
	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/evidence"
	"tenure/internal/hr"
	"tenure/internal/lifecycle"
	"tenure/internal/privacy"
	"tenure/internal/task"
)

// known are the texts by which the person of these tests is known, now and before; the number counts where it stands alone.
var known = []string{`Person[ +]Nr1060`, `Person[ +]Vormals`, `p1060@example\.com`, `person\.nr1060\.1060`, `person\.vormals\.1060`}

// ciphertext are the columns in which nothing can be read.
var ciphertext = map[string]bool{"event.sealed": true, "snapshot_body.sealed": true, "task_file.sealed": true, "handout.sealed": true, "idempotency.answer": true, "application.secrets": true,
	"identity_key.wrapped": true, "second_factor.sealed": true, "webhook.secret": true}

// personal looks into every column of text, JSON or bytes of the whole database, as its owner, for what the person is known by.
func (w *world) personal() (out []string) {
	w.t.Helper()
	owner := w.owner()
	rows, err := owner.Query(w.t.Context(), `select c.table_name, c.column_name, c.data_type from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
		where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and not exists (select from pg_inherits where inhrelid = c.table_name::regclass) and c.data_type in ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY') order by 1, 2`)
	w.must(err)
	type column struct{ Table, Name, Type string }
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	w.must(err)
	if len(all) < 200 {
		w.t.Fatalf("only %d columns are looked at", len(all))
	}
	for _, c := range all {
		if ciphertext[c.Table+"."+c.Name] {
			continue
		}
		text := fmt.Sprintf("%q::text", c.Name)
		if c.Type == "bytea" {
			text = fmt.Sprintf("encode(%q, 'escape')", c.Name)
		}
		if c.Table+"."+c.Name == "event.leaf" { // what people wrote into events about others stands for good, and is counted below
			text = `case when coalesce(identity_id, 0) = (select coalesce(max(identity_id), -1) from erasure) then convert_from(leaf, 'UTF8') else '' end`
		}
		var n int
		w.must(owner.QueryRow(w.t.Context(), fmt.Sprintf(`select count(*) from %q where %s ~* $1 or %s = '1060' or %s ~ '"1060"'`, c.Table, text, text, text), strings.Join(known, "|")).Scan(&n))
		if n > 0 {
			out = append(out, fmt.Sprintf("%s.%s (%d)", c.Table, c.Name, n))
		}
	}
	return out
}

// unsealed gives how many events about the person can be read with a wrapped key, and whether they hold the name.
func (w *world) unsealed(who, key int, wrapped []byte) (events int, named bool) {
	w.t.Helper()
	k, err := w.app.DB.Keeper.Wrapper()
	w.must(err)
	mine, err := k.Open(key, wrapped)
	w.must(err)
	rows, err := w.owner().Query(w.t.Context(), `select sealed from event where identity_id = $1 and sealed is not null`, who)
	w.must(err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	w.must(err)
	for _, s := range all {
		if plain, err := mine.Open(s); err == nil {
			events++
			named = named || bytes.Contains(plain, []byte("Nr1060"))
		}
	}
	return events, named
}

// busy lets a person do and be told something of everything.
func (w *world) busy() {
	t := w.t
	t.Helper()
	w.rename(employee, "Person", "Vormals")
	w.declare(offered)
	c := w.as(employee)
	c.post("/me/tokens", "name", "Script of Person Nr1060", "days", "7", "scope", "read").want(t, http.StatusOK)
	c.post("/views", "list", "tokens", "name", "Mine", "query", "q=Person+Nr1060").want(t, http.StatusSeeOther)
	w.as(manager).post("/views", "list", "people", "name", "Hers", "query", "q=Person+Vormals").want(t, http.StatusSeeOther)
	w.program(employee, "decide").json(http.MethodPost, "/api/v1/requests", `{"why":"Person Vormals needs the books","items":[{"offer":"books"}]}`, "Idempotency-Key", "one").answer(t, http.StatusCreated, nil)
	ref := w.text(`select public_id::text from request order by id desc limit 1`)
	c.post("/requests/"+ref+"/say", "body", "Mail me at p1060@example.com").want(t, http.StatusSeeOther)
	w.as(manager).post("/steps/"+strconv.Itoa(w.number(`select max(id) from request_step`))+"/decide", "outcome", "approve", "reason", "Person Vormals is right").want(t, http.StatusSeeOther)
	w.as(manager).post("/me/delegations", "to", "1031", "from", time.Now().UTC().Format(time.DateOnly), "until", time.Now().UTC().AddDate(0, 0, 7).Format(time.DateOnly), "scope", "team", "reason", "While Person Vormals is trained").want(t, http.StatusSeeOther)
	review := w.campaign(func(c *campaign.Campaign) {
		c.Title, c.About, c.Scope.People = "Access of Person Vormals", "Ask her: p1060@example.com", w.only(employee)
	})
	item := strconv.Itoa(w.number(`select max(id) from campaign_item where campaign_id = $1`, review.ID))
	w.as(manager).post("/reviews/items/"+item+"/ask", "to", employee, "body", "Does Person Vormals use it?").want(t, http.StatusSeeOther)
	w.in(compliance, func(tx *db.Tx) error { return lifecycle.Campaigns.Stop(tx, review.ID, "It was a trial") })
	w.begin(employee, task.New{Kind: "test.nothing", Title: "Read the file of Person Vormals"})
	who := strconv.Itoa(w.number(`select id from identity where number = $1`, employee))
	w.must(beside(w, `insert into sign_in_link (issuer, subject, identity_id, provider, claim) values ('https://idp.example', 'p1060@example.com', `+who+`, 'idp', 'email');
		insert into slack_link (team, slack_user, identity_id, made_by) values ('T1', 'person.nr1060.1060', `+who+`, 1);
		insert into portal_session (identity_id, method, agent) values (`+who+`, 'persona', 'The browser of Person Vormals');
		insert into second_factor (identity_id, kind, name) values (`+who+`, 'passkey', 'Phone of Person Vormals');
		insert into attempt (operation_id, epoch, worker, started_at, outcome, detail) select max(id), 99, 'w', now(), 'permanent', 'person.nr1060.1060 is locked' from operation where identity_id = `+who+`;
		insert into webhook (name, url, secret, made_by) values ('siem', 'https://siem.example/', 'x', 1);
		insert into delivery (channel, webhook_id, kind, body) select 'webhook', max(id), 'x', '{"person": {"name": "Person Vormals", "number": "1060"}}' from webhook;
		insert into hold (kind, ref, reasons, affected, opened_by, state, decided_at, note) values ('hr', 1, '["a test"]', '[{"identity": `+who+`, "number": "1060", "name": "Person Vormals", "what": "leaves"}]', 1, 'discarded', now(), 'Person Vormals stays');
		insert into quarantine (snapshot_id, row, field, rule, key) values (1, 3, 'email', 'is no address', '1060')`))
}

// leaves lets HR say that the person has left, and the targets be emptied of them.
func (w *world) leaves() {
	w.t.Helper()
	text, err := os.ReadFile("testdata/policy.yaml")
	w.must(err)
	body := strings.NewReplacer(`credential: once}`, `credential: once, retention_days: 0}`, `accounts: {name: "{number}"}`, `accounts: {name: "{number}", retention_days: 0}`, `mode: propose`, `mode: enforce`).Replace(string(text))
	w.declare(body)
	c := w.as(hrPerson)
	c.post("/demo/hr/"+employee+"/end", "end", "2025-01-01").want(w.t, http.StatusSeeOther)
	c.post("/demo/hr/send").want(w.t, http.StatusSeeOther)
	for range 4 {
		w.carry()
		w.read("directory")
		w.read("ledger")
	}
}

// Somebody who left is erased by two people, when nothing stands against it any more. What was personal is nowhere in the database then, the
// sealed part of the log cannot be read, and the log, the rows and packs from before and after verify.
func TestErasingSomebody(t *testing.T) {
	w := newWorld(t)
	page := personOf(w, employee) + "/erasure"
	who := w.number(`select id from identity where number = $1`, employee)
	key := w.number(`select key_id from identity where id = $1`, who)
	mark := privacy.Mark(who)
	w.busy()
	first, second := w.as(compliance), w.as(administrator)
	first.get(page).want(t, http.StatusOK).says(t, "The person has not left")
	w.leaves()
	w.seal()
	var before bytes.Buffer
	_, err := trail.WritePack(t.Context(), w.app.DB, &before, evidence.Query{}, 0)
	w.must(err)

	p := first.get(page).want(t, http.StatusOK)
	p.says(t, "People are kept after they left")
	if text := p.Find("main").Text(); strings.Contains(text, "accounts are gone") || strings.Contains(text, "has not left") {
		t.Fatalf("more stands against it: %s", strings.Join(strings.Fields(text), " "))
	}
	first.post("/evidence/privacy", "kind", "person", "days", "0", "act", "propose").want(t, http.StatusSeeOther)
	first.post("/evidence/privacy/hold", "person", employee, "reason", "A claim", "until", "").want(t, http.StatusSeeOther)
	first.post(page, "reason", "Case 12").want(t, http.StatusConflict).says(t, "a legal hold stands: A claim")
	first.post("/evidence/privacy/holds/"+strconv.Itoa(w.number(`select max(id) from legal_hold`)), "reason", "It is settled").want(t, http.StatusSeeOther)

	first.post(page, "reason", "Person Vormals asked for it").want(t, http.StatusBadRequest).says(t, "must not name the person")
	w.as(hrPerson).post(page, "reason", "Case 12").want(t, http.StatusForbidden)
	first.post(page, "reason", "Case 12").want(t, http.StatusSeeOther)
	first.get(page).want(t, http.StatusOK).says(t, "Another person has to do it")
	first.post(page, "reason", "Case 12", "typed", "erase").want(t, http.StatusForbidden).says(t, "another person erases")
	second.post(page, "reason", "Case 12").want(t, http.StatusBadRequest).says(t, "Type the word erase to make sure")

	found := w.personal()
	if len(found) < 38 {
		t.Fatalf("the world holds too little of the person to prove anything: %v", found)
	}
	wrapped := []byte(nil)
	w.must(w.owner().QueryRow(t.Context(), `select wrapped from identity_key where id = $1`, key).Scan(&wrapped))
	read, named := w.unsealed(who, key, wrapped)
	if read == 0 || !named {
		t.Fatalf("%d events about the person can be read before", read)
	}
	second.post(page, "reason", "Case 12", "typed", "erase").want(t, http.StatusSeeOther)
	if left := w.personal(); len(left) > 0 {
		t.Errorf("the person still stands in %v", left)
	}
	if got := w.text(`select string_agg(kind, ' ' order by kind) from event where convert_from(leaf, 'UTF8') ~* $1`, strings.Join(known, "|")); got != "campaign.built campaign.started delegation.made" {
		t.Errorf("named in what was written into %s; want the title of a campaign and the reason of a delegation between others only", got)
	}
	if n := w.number(`select count(*) from identity_key where id = $1`, key); n != 0 {
		t.Error("the key is there")
	}
	// The guard off: with a key that somebody kept, every event can be read as before. It is the key that makes them unreadable.
	if again, named := w.unsealed(who, key, wrapped); again != read || !named {
		t.Errorf("with the key that was kept %d events of %d can be read", again, read)
	}
	w.seal()
	w.verifies(before.Bytes())
	w.showsErased(page, mark)
	w.comesBack(who, mark)
}

// verifies holds the database, a pack from before and one of now against the log.
func (w *world) verifies(before []byte) {
	t := w.t
	t.Helper()
	r, err := trail.Verify(t.Context(), w.app.DB, trail.Outside{})
	w.must(err)
	if !r.Right() || r.Rows == 0 || r.Unsealed != 0 {
		t.Errorf("the database does not verify: %s (%d rows, %d events not sealed)", r.Answer(), r.Rows, r.Unsealed)
	}
	var after bytes.Buffer
	_, err = trail.WritePack(t.Context(), w.app.DB, &after, evidence.Query{}, 0)
	w.must(err)
	for name, pack := range map[string][]byte{"from before": before, "of now": after.Bytes()} {
		if v := verdict(t.(*testing.T), pack); len(v.Wrong) > 0 {
			t.Errorf("the pack %s does not verify: %v", name, v.Wrong)
		}
		if out, ok := python(t.(*testing.T), pack); !ok {
			t.Errorf("verify.py finds the pack %s wrong: %s", name, out)
		}
	}
	if after.Len() <= len(before) || !bytes.Contains(part(t.(*testing.T), after.Bytes(), "events.jsonl"), part(t.(*testing.T), before, "events.jsonl")[:200]) {
		t.Error("the log does not go on from what it was")
	}
	// The erasure without its event, as somebody would do it behind Tenure's back, is found.
	w.must(beside(w, `update employment_version set attrs = attrs || '{"title": "other"}' where id = (select min(id) from employment_version)`))
	if r, err = trail.Verify(t.Context(), w.app.DB, trail.Outside{}); err != nil || len(r.State) == 0 {
		t.Errorf("a row that was changed without an event is not found: %v", err)
	}
}

// showsErased opens every page that tells of the person.
func (w *world) showsErased(page, mark string) {
	t := w.t
	t.Helper()
	a, person := w.as(auditor), strings.TrimSuffix(page, "/erasure")
	ref := strings.TrimPrefix(person, "/people/")
	who := w.number(`select id from identity where public_id = $1`, ref)
	old := regexp.MustCompile(`(?i)` + strings.Join(known, "|"))
	today := time.Now().UTC().Format(time.DateOnly)
	for path, says := range map[string]string{
		person: "Erased on", person + "/explain": mark, "/evidence/privacy": mark, "/people?state=left": mark,
		"/evidence/as-of?person=" + ref + "&at=2024-06-01": "erased on " + today,
		"/evidence/sheets/e" + strconv.Itoa(w.number(`select max(id) from event where identity_id = $1 and kind = 'person.left'`, who)): "erased on " + today,
		"/requests/" + w.text(`select public_id::text from request where beneficiary_id = $1 order by id desc limit 1`, who):            mark,
		"/campaigns/" + w.text(`select public_id::text from campaign order by id desc limit 1`):                                         mark,
		"/operations?person=" + ref: "",
		"/hr/runs/" + strconv.Itoa(w.number(`select max(id) from snapshot`)):  "",
		"/applications/directory?tab=accounts":                                "",
		"/evidence/controls/soc2-cc6.2/leavers?from=2020-01-01&to=2099-12-31": mark,
		"/search?q=erased": "",
	} {
		p := a.get(path)
		if p.status == http.StatusForbidden || p.status == http.StatusNotFound {
			p = w.as(administrator).get(path)
		}
		if p.status != http.StatusOK {
			t.Errorf("%s is answered %d", path, p.status)
			continue
		}
		if says != "" {
			p.says(t, says)
		}
		if hit := old.FindString(p.body); hit != "" {
			t.Errorf("%s still says %q", path, hit)
		}
	}
	w.as(compliance).get(page).want(t, http.StatusOK).says(t, "Erased on")
	w.as(compliance).post(page, "reason", "Case 12").want(t, http.StatusConflict).says(t, "was erased already")
}

// comesBack lets HR state the person once more: as past, which is passed over and said; and as working here, which is a new person with a new
// login name.
func (w *world) comesBack(who int, mark string) {
	t := w.t
	t.Helper()
	sync := func(edit func(body string) string) *hr.Result {
		t.Helper()
		body, err := os.ReadFile(w.dir + "/feed/people.csv")
		w.must(err)
		out, err := w.app.HR.Sync(t.Context(), db.Operator, hr.Upload{Source: "people", Name: "people.csv", Body: strings.NewReader(edit(string(body)))})
		w.must(err)
		return out
	}
	people := w.number(`select count(*) from identity`)
	out := sync(func(b string) string { return b })
	if len(out.Rejected) != 1 || out.Rejected[0].Rule != hr.RuleErased || out.Joiners+out.Leavers != 0 || w.number(`select count(*) from identity`) != people {
		t.Errorf("a full file that still has the person: %+v", out)
	}
	out = sync(func(b string) string { return strings.Replace(b, "2025-01-01", "", 1) })
	if len(out.Rejected) != 0 || out.Joiners != 1 {
		t.Fatalf("the person came back: %+v", out)
	}
	now := w.number(`select id from identity where number = $1`, employee)
	if now == who || w.text(`select name from identity where id = $1`, who) != mark {
		t.Error("who came back is not a new person")
	}
	if name := w.text(`select a.name from account a join account_link l on l.account_id = a.id join application p on p.id = a.application_id where l.identity_id = $1 and p.name = 'directory'`, now); name == "person.nr1060.1060" {
		t.Errorf("the login name %s was given again", name)
	}
}
