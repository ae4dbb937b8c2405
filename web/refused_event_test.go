package web_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"tenure/internal/campaign"
)

// decided is one kind of decision: the event that it records, and how it is made.
type decided struct {
	kind  string
	do    func() int // gives the status of the answer
	ready func()     // what has to be so before; nil for nothing
}

// decisions are of many kinds, in an order in which one makes the next possible.
func decisions(w *world) []decided {
	day := func(n int) string { return time.Now().UTC().AddDate(0, 0, n).Format(time.DateOnly) }
	post := func(who *client, path func() string, fields ...string) func() int {
		return func() int { return who.post(path(), fields...).status }
	}
	// They are signed in before: that is recorded as well.
	clients := map[string]*client{}
	as := func(number string) *client {
		if clients[number] == nil {
			clients[number] = w.as(number)
		}
		return clients[number]
	}
	program := w.program("1025", "decide")
	at := func(path string) func() string { return func() string { return path } }
	newest := func(before, sql, after string) func() string {
		return func() string { return before + strconv.Itoa(w.number(sql)) + after }
	}
	keeper := func() string {
		return "/policy/roles/" + strconv.Itoa(w.number(`select id from policy_object where kind = 'role' and name = 'Keeper'`)) + "/members"
	}
	conflict := func() string {
		return "/people/" + w.ref("1015") + "/conflicts/" + strconv.Itoa(w.number(`select id from policy_object where name = 'guard-and-book'`))
	}
	run := w.as(hrPerson).upload("people", "people.csv", w.file(40)).want(w.t, http.StatusSeeOther).to
	asked := func(act string) func() int {
		return func() int {
			p := "/api/v1/requests"
			if act != "" {
				p += "/" + w.text(`select public_id::text from request order by id desc limit 1`) + act
			}
			body := `{"why":"To close the books","items":[{"offer":"books"}]}`
			if act != "" {
				body = `{}`
			}
			return program.json(http.MethodPost, p, body).status
		}
	}
	return []decided{
		{"hr.released", post(as(compliance), at(run+"/release"), "reason", "The site closes", "count", "20"), nil},
		{"person.locked", post(as(compliance), func() string { return personOf(w, "1033") + "/terminate" }, "reason", "Found selling the keys"), nil},
		{"person.unlocked", post(as(hrPerson), func() string { return personOf(w, "1033") + "/reinstate" }, "reason", "It was somebody else"), nil},
		{"role.joined", post(as(itPerson), keeper, "person", "1034", "reason", "Keeps the keys"), nil},
		{"role.left", post(as(itPerson), func() string {
			return keeper() + "/" + strconv.Itoa(w.number(`select max(id) from role_member`)) + "/end"
		}, "reason", "Keeps them no more"), nil},
		{"exception.accepted", post(as(compliance), conflict, "control", "Looked at each month", "reason", "Nobody else knows how", "until", day(30)), nil},
		{"exception.ended", post(as(compliance), func() string { return conflict() + "/end" }, "reason", "Somebody else knows now"), nil},
		{"portal_role.given", post(as(administrator), at("/portal/roles/give"), "person", "1034", "role", "hr", "reason", "Covers for Kim"), nil},
		{"portal_role.taken", post(as(administrator), newest("/portal/roles/", `select max(id) from portal_role`, "/take"), "reason", "Kim is back"), nil},
		{"delegation.made", post(as(manager), at("/me/delegations"), "to", itPerson, "from", day(0), "until", day(7), "scope", "team", "reason", "Away"), nil},
		{"delegation.ended", post(as(manager), newest("/me/delegations/", `select max(id) from delegation`, "/end")), nil},
		{"application.paused", post(as(itPerson), at("/applications/directory/connector/pause"), "reason", "Moving house"), nil},
		{"operation.retried", post(as(itPerson), newest("/operations/", `select max(id) from operation where state = 'failed'`, "/retry")), func() {
			w.must(beside(w, `update operation set state = 'failed' where id = (select max(id) from operation where state in ('pending', 'claimed') and identity_id is not null)`))
		}},
		{"token.issued", post(as(compliance), at("/me/tokens"), "name", "nightly", "days", "7", "scope", "read"), nil},
		{"change_set.planned", post(as(itPerson), at("/policy/changes"), "title", "Keepers", "body", "kind: Role\nname: Keeper\nspec: {entitlements: [directory/vault, ledger/books]}\n"), nil},
		{"request.asked", asked(""), func() { asked("")(); asked("/cancel")() }},
		{"request.cancelled", asked("/cancel"), nil},
		{"request.denied", post(as(manager), newest("/steps/", `select max(id) from request_step`, "/decide"), "outcome", "deny", "reason", "It is not needed"), func() { asked("")() }},
		{"request.decided", post(as(manager), newest("/steps/", `select max(id) from request_step`, "/decide"), "outcome", "approve", "reason", "It is right"), func() { asked("")() }},
		{"campaign.stopped", post(as(compliance), func() string {
			return "/campaigns/" + w.text(`select public_id::text from campaign order by id desc limit 1`) + "/stop"
		}, "reason", "It was a trial"), nil},
		{"retention.set", post(as(compliance), at("/evidence/privacy"), "kind", "message", "days", "30"), nil},
		{"legal_hold.placed", post(as(compliance), at("/evidence/privacy/hold"), "person", "1033", "reason", "A claim"), nil},
		{"legal_hold.lifted", post(as(administrator), newest("/evidence/privacy/holds/", `select max(id) from legal_hold`, ""), "reason", "It is settled"), nil},
		{"control.limit_set", post(as(compliance), at("/evidence/limits"), "limit", "joiner_ready", "hours", "12"), nil},
	}
}

// Where the event of a decision cannot be written, the decision does not happen: nothing of it is left, and nobody is told that it did. The very
// same act succeeds when the event can be written again.
func TestNoDecisionWithoutItsEvent(t *testing.T) {
	w := newWorld(t)
	w.declare(offered)
	w.campaign(func(c *campaign.Campaign) { c.Title, c.Scope.People = "Trial", w.only("1030") })
	w.refusesEach(decisions(w))
}

// refusesEach makes each decision twice: while its event cannot be written, and then.
func (w *world) refusesEach(all []decided) {
	t := w.t
	t.Helper()
	owner := w.owner()
	exec := func(sql string) {
		t.Helper()
		_, err := owner.Exec(t.Context(), sql)
		w.must(err)
	}
	exec(`create function refused() returns trigger language plpgsql as $$ begin if new.kind = tg_argv[0] then raise exception 'no more events'; end if; return new; end $$`)
	for _, d := range all {
		count := func() int { return w.number(`select count(*) from event where kind = $1`, d.kind) }
		if d.ready != nil {
			d.ready()
		}
		n := count()
		before := w.rowsOf()
		exec(`create trigger refused before insert on event for each row execute function refused('` + d.kind + `')`)
		status := d.do()
		exec(`drop trigger refused on event`)
		if status < 500 {
			t.Errorf("%s: answered %d although its event could not be written", d.kind, status)
		}
		after := w.rowsOf()
		after["token_use"] = before["token_use"] // that a program called is counted by itself
		if tables := changed(before, after); len(tables) > 0 {
			t.Errorf("%s: something is left in %v", d.kind, tables)
		}
		if status := d.do(); status >= 400 {
			t.Errorf("%s: answered %d with nothing in its way", d.kind, status)
		}
		if got := count() - n; got == 0 {
			t.Errorf("%s was not recorded: the test proves nothing of it", d.kind)
		}
	}
}
