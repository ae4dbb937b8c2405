package web_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

// Roles are given and taken by name, with a reason; nobody gives one to themselves, and the last administrator stays.
func TestPortalRolesAreGivenAndTaken(t *testing.T) {
	w := newWorld(t)
	admin, other := w.as(administrator), w.as(employee)
	admin.get("/portal/roles").want(t, http.StatusOK).says(t, "5 roles are given")
	p := w.as(auditor).get("/portal/roles").want(t, http.StatusOK)
	p.says(t, "Person Nr1007")
	if p.Find(`a[href="/portal/roles/give"], a[href$="/take"]`).Length() != 0 {
		t.Error("an auditor is offered to give or take roles")
	}
	admin.get("/portal/roles?role=hr").want(t, http.StatusOK).says(t, "1 role is given")
	admin.get("/portal/roles?role=owner").want(t, http.StatusBadRequest)

	give := "/portal/roles/give"
	admin.get(give).want(t, http.StatusOK).says(t, "You cannot give a role to yourself")
	admin.post(give).want(t, http.StatusBadRequest).says(t, "Person is required")
	admin.post(give, "person", "nobody@example.com", "role", "hr", "reason", "x").want(t, http.StatusBadRequest).says(t, "No person has the id, number, e-mail address or name")
	admin.post(give, "person", employee, "role", "manager", "reason", "").want(t, http.StatusBadRequest).says(t, "Please look at 2 fields")
	admin.post(give, "person", administrator, "role", "hr", "reason", "I may").want(t, http.StatusForbidden).says(t, "Nobody gives a portal role to themselves")
	other.post(give, "person", employee, "role", "hr", "reason", "I may").want(t, http.StatusForbidden)

	other.get("/hr/runs").want(t, http.StatusForbidden)
	p = admin.post(give, "person", employee, "role", "hr", "reason", "Covers for Kim").want(t, http.StatusSeeOther)
	admin.get(p.to).want(t, http.StatusOK).says(t, "Covers for Kim")
	other.get("/hr/runs").want(t, http.StatusOK)
	p = admin.post(give, "person", employee, "role", "hr", "reason", "again").want(t, http.StatusConflict)
	p.says(t, "Person Nr1007 gave Person Nr1060 this role just now")
	admin.get(personOf(w, employee)+"?part=portal").want(t, http.StatusOK).says(t, "Portal role given")

	take := func(number, role string) string {
		return "/portal/roles/" + strconv.Itoa(w.number(`select r.id from portal_role r join identity i on i.id = r.identity_id where i.number = $1 and r.role = $2`, number, role)) + "/take"
	}
	page := take(employee, "hr")
	admin.get(page).want(t, http.StatusOK).says(t, "Take the role HR from Person Nr1060?")
	admin.post(page).want(t, http.StatusBadRequest).says(t, "is required: auditors read it")
	admin.post(page, "reason", "Kim is back").want(t, http.StatusSeeOther)
	other.get("/hr/runs").want(t, http.StatusForbidden)
	admin.get(page).want(t, http.StatusNotFound)
	admin.get(personOf(w, employee)+"?part=portal").want(t, http.StatusOK).says(t, "Portal role taken")

	last := take(administrator, "administrator")
	admin.post(last, "reason", "enough").want(t, http.StatusBadRequest).says(t, "Person Nr1007 is the last administrator: give the role to somebody else first")
	if n := w.number(`select count(*) from portal_role where role = 'administrator'`); n != 1 {
		t.Errorf("%d administrators are left", n)
	}
}

// A manager names somebody who acts for them; both see it, and only they do; either ends it.
func TestSomebodyActsForAManager(t *testing.T) {
	w := newWorld(t)
	boss, deputy := w.as(manager), w.as(itPerson)
	day := func(n int) string { return time.Now().UTC().AddDate(0, 0, n).Format(time.DateOnly) }
	boss.get("/me/delegations").want(t, http.StatusOK).says(t, "Nobody acts for you")
	boss.get("/me/delegations/new").want(t, http.StatusOK)
	form := func(to, from, until, scope, reason string) page {
		return boss.post("/me/delegations", "to", to, "from", from, "until", until, "scope", scope, "reason", reason)
	}
	form("", "", "", "", "").want(t, http.StatusBadRequest).says(t, "Please look at 4 fields")
	form(manager, day(0), day(1), "team", "away").want(t, http.StatusBadRequest).says(t, "nobody acts for themselves")
	form(itPerson, day(0), day(91), "team", "away").want(t, http.StatusBadRequest).says(t, "at most 90 days")
	form(itPerson, day(2), day(1), "team", "away").want(t, http.StatusBadRequest).says(t, "must not be before the first day")
	form(itPerson, day(0), day(1), "world", "away").want(t, http.StatusBadRequest).says(t, "must be the team, the applications, or both")
	form("9999", day(0), day(1), "team", "away").want(t, http.StatusBadRequest).says(t, "Nobody who works here now")
	deputy.get("/team").want(t, http.StatusForbidden)

	p := form(itPerson, day(0), day(89), "team", "Holiday in Norway").want(t, http.StatusSeeOther)
	boss.get(p.to).want(t, http.StatusOK).says(t, "Holiday in Norway")
	deputy.get("/team").want(t, http.StatusOK).says(t, "Acting also for Person Nr1006 until")
	deputy.get("/me/delegations").want(t, http.StatusOK).says(t, "Holiday in Norway")
	end := "/me/delegations/" + strconv.Itoa(w.number(`select id from delegation`)) + "/end"
	w.as(hrPerson).get(end).want(t, http.StatusNotFound)
	w.as(hrPerson).post(end).want(t, http.StatusNotFound)
	boss.get(end).want(t, http.StatusOK).says(t, "Stop letting Person Nr1002 act for you?")
	deputy.get(end).want(t, http.StatusOK).says(t, "Stop acting for Person Nr1006?")
	deputy.post(end).want(t, http.StatusSeeOther)
	deputy.get("/team").want(t, http.StatusForbidden)
	boss.post(end).want(t, http.StatusConflict).says(t, "Person Nr1002 ended this delegation just now")
	boss.get("/me/delegations").want(t, http.StatusOK).says(t, "by Person Nr1002")
	w.as(auditor).get(personOf(w, manager)+"?part=portal").want(t, http.StatusOK).says(t, "Lets somebody act for them")
}

// Who comes too late reads who was faster and when, and where to look.
func TestWhoComesTooLateReadsWhoWasFaster(t *testing.T) {
	w := newWorld(t)
	second, third := w.as(compliance), w.as(administrator)
	run := w.as(hrPerson).upload("people", "people.csv", w.file(40)).want(t, http.StatusSeeOther).to
	second.post(run+"/release", "reason", "The site closes", "count", "20").want(t, http.StatusSeeOther)
	late := third.post(run+"/release", "reason", "Me too", "count", "20").want(t, http.StatusConflict) // on the run's own page
	late.says(t, "Person Nr1003 released this run, today")
	for _, p := range []page{third.post(run+"/discard", "reason", "no"), third.get(run + "/discard")} {
		p.want(t, http.StatusConflict).says(t, "Person Nr1003 released this run just now")
		p.says(t, "The run is applied; nothing was done twice.")
		if at, ok := p.Find("main time").Attr("datetime"); !ok || at[:4] != time.Now().UTC().Format("2006") {
			t.Errorf("the page does not say when: %q", at)
		}
		if p.Find(`main a[href="`+run+`"]`).Length() != 1 {
			t.Error("the page does not lead to the run")
		}
	}

	gone := personOf(w, "1011")
	second.post(gone+"/terminate", "reason", "Fraud").want(t, http.StatusSeeOther)
	third.post(gone+"/terminate", "reason", "Fraud").want(t, http.StatusConflict).says(t, "Person Nr1003 terminated Person Nr1011 just now")
	third.post(gone+"/reinstate", "reason", "A mistake").want(t, http.StatusSeeOther)
	w.as(hrPerson).post(gone+"/reinstate", "reason", "A mistake").want(t, http.StatusConflict).says(t, "Person Nr1007 lifted this termination just now")

	id := w.number(`select max(id) from operation where state in ('pending', 'claimed') and identity_id is not null`)
	page := "/operations/" + strconv.Itoa(id) + "/retry"
	w.as(itPerson).post(page).want(t, http.StatusConflict).says(t, "is not failed")
	owner := w.owner()
	_, err := owner.Exec(t.Context(), `set session_replication_role = replica`) // no event for what the test makes up
	w.must(err)
	_, err = owner.Exec(t.Context(), `update operation set state = 'failed' where id = $1`, id)
	w.must(err)
	w.as(itPerson).post(page).want(t, http.StatusSeeOther)
	third.post(page).want(t, http.StatusConflict).says(t, "Person Nr1002 had this operation tried again just now")
}
