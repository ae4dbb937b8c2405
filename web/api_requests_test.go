package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// asked is a request as the API gives it.
type asked struct {
	ID          string
	Requester   struct{ ID string }
	Beneficiary struct{ ID string }
	Items       []struct {
		ID               int
		Offer, Level     string
		State, AskedFrom string
		To               string
		Steps            []stage
	}
}

type stage struct {
	ID        int
	By, State string
	Holders   []struct{ ID string }
	Decisions []struct {
		By      struct{ ID string }
		Outcome string
		Level   string
	}
}

func (a asked) step() stage { return a.Items[0].Steps[0] }

// ask asks for something as the person of a token.
func (c *client) ask1(t testing.TB, body string, head ...string) (a asked) {
	t.Helper()
	c.json(http.MethodPost, "/api/v1/requests", body, head...).answer(t, http.StatusCreated, &a)
	return a
}

const booksPlease = `{"why":"The quarter ends","items":[{"offer":"books","level":"keep","days":30}]}`

// What may be asked for is asked for, decided and granted by programs as on pages; nobody decides for themselves on any of the ways.
func TestAPIRequests(t *testing.T) {
	w := newWorld(t)
	w.declare(offered)
	for _, holds := range []func(*testing.T, *world){apiOffers, apiAsking, apiPreviewing, apiTrials, wishParameters, apiOnce, apiDeciding, apiSelf, apiMany, apiRequestLists, oneRow} {
		holds(t, w)
	}
}

func apiOffers(t *testing.T, w *world) {
	type offer struct {
		Name   string
		Acts   []string
		Levels []struct {
			Name, Risk string
			Privileged bool
			Gives      []struct{ Application, Entitlement string }
		}
	}
	var l struct{ Items []offer }
	names := func() (out []string) {
		for _, x := range l.Items {
			out = append(out, x.Name)
		}
		return out
	}
	me, boss := w.program(employee, "read"), w.program(manager, "read")
	me.get("/api/v1/offers").answer(t, http.StatusOK, &l)
	if got := names(); !slices.Equal(got, []string{"books", "vault"}) {
		t.Errorf("offered are %v", got)
	}
	me.get("/api/v1/offers?q=invoi").answer(t, http.StatusOK, &l)
	if got := names(); !slices.Equal(got, []string{"books"}) {
		t.Errorf("found by a task are %v", got)
	}
	boss.get("/api/v1/offers?for="+w.ref("1015")).answer(t, http.StatusOK, &l) // of another department
	if got := names(); !slices.Equal(got, []string{"books"}) {
		t.Errorf("offered to a report are %v", got)
	}
	boss.get("/api/v1/offers?for="+w.ref(auditor)).problem(t, http.StatusNotFound, "not_found")
	me.get("/api/v1/offers?for="+w.ref(manager)).problem(t, http.StatusNotFound, "not_found")
	var o offer
	me.get("/api/v1/offers/vault").answer(t, http.StatusOK, &o)
	if x := o.Levels[0]; x.Risk != "high" || !x.Privileged || len(x.Gives) == 0 || !slices.Equal(o.Acts, []string{"grant"}) {
		t.Errorf("the vault is %+v", o)
	}
	me.get("/api/v1/offers/locked").problem(t, http.StatusNotFound, "not_found")
	me.get("/api/v1/offers/nothing").problem(t, http.StatusNotFound, "not_found")
}

// What is sent is held against the document: every mistake is named by its place.
func apiAsking(t *testing.T, w *world) {
	c := w.program(employee, "decide")
	ask := func(body string, head ...string) page {
		return c.json(http.MethodPost, "/api/v1/requests", body, head...)
	}
	for body, want := range map[string]string{
		`{"why":"x","items":[{"offer":"books","colour":"red"}]}`:               "#/items/0/colour",
		`{"why":"x","items":[{"offer":"books","days":0}]}`:                     "#/items/0/days",
		`{"why":"x","items":[{"offer":"books"}],"~/x":1}`:                      "#/~0~1x",
		`{"items":[{"offer":"books"}]}`:                                        "#",
		`{"why":"x","items":[{"offer":"books","act":"steal"}]}`:                "#/items/0/act",
		`{"why":"x","items":[{"offer":"books","level":"all"}]}`:                "#/items/0/level",
		`{"why":"x","items":[{"offer":"books"},{"offer":"nothing"}]}`:          "#/items/1/offer",
		`{"why":"x","items":[{"offer":"vault","days":31}]}`:                    "#/items/0/days",
		`{"why":"x","items":[{"offer":"locked"}]}`:                             "#/items/0/offer",
		`{"why":"x\u0000","items":[{"offer":"books"}]}`:                        "#/why",
		`{"why":"x","items":[]}`:                                               "#/items",
		`{"why":"x","items":[{"offer":"books","parameters":{"centre":"10"}}]}`: "#/items/0/parameters/centre",
	} {
		got := ask(body).problem(t, http.StatusBadRequest, "invalid")
		if !slices.ContainsFunc(got.Errors, func(e struct{ Pointer, Parameter, Detail string }) bool { return e.Pointer == want }) {
			t.Errorf("%s: %+v, want %s", body, got.Errors, want)
		}
	}
	for _, body := range []string{"", "{", "[]", `"x"`, "null", `{"why":"x","items":[{"offer":"books"}]} {}`, "{\"why\":\"\xff\",\"items\":[{\"offer\":\"books\"}]}"} {
		if p := ask(body); p.status != http.StatusBadRequest {
			t.Errorf("%q is answered %d: %s", body, p.status, p.body)
		}
	}
	ask(booksPlease, "Content-Type", "text/plain").problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	ask(`{"why":"`+strings.Repeat("x", 300_000)+`","items":[]}`).problem(t, http.StatusRequestEntityTooLarge, "too_large")
	ask(`{"why":"x","for":"`+w.ref("1030")+`","items":[{"offer":"books"}]}`).problem(t, http.StatusNotFound, "not_found")
	w.program(employee, "read").json(http.MethodPost, "/api/v1/requests", booksPlease).problem(t, http.StatusForbidden, "wrong_scope")
	if n := w.number(`select count(*) from request`); n != 0 {
		t.Errorf("%d requests of mistakes", n)
	}
}

// What asking would do is told before, and nothing is asked.
func apiPreviewing(t *testing.T, w *world) {
	c, before := w.program(employee, "decide"), w.number(`select count(*) from request`)
	var seen struct {
		Beneficiary struct{ ID string }
		Items       []struct {
			Offer, Level, Risk string
			Latest             time.Time
			Conflicts          []struct{ Title string }
			Steps              []struct {
				By      string
				Hours   int
				Holders []struct{ ID string }
			}
		}
	}
	c.json(http.MethodPost, "/api/v1/requests/preview", `{"why":"x","items":[{"offer":"vault"},{"offer":"books","level":"keep"}]}`).answer(t, http.StatusOK, &seen)
	if len(seen.Items) != 2 || seen.Beneficiary.ID != w.ref(employee) {
		t.Fatalf("previewed is %+v", seen)
	}
	for _, it := range seen.Items {
		if len(it.Steps) != 1 || it.Steps[0].By != "manager" || len(it.Steps[0].Holders) != 1 || it.Steps[0].Holders[0].ID != w.ref(manager) || !it.Latest.After(time.Now().Add(15*time.Hour)) ||
			len(it.Conflicts) != 1 || it.Conflicts[0].Title != "Guard and book" {
			t.Errorf("of %s it tells %+v", it.Offer, it)
		}
	}
	if p := c.json(http.MethodPost, "/api/v1/requests/preview", `{"why":"x","items":[{"offer":"books","level":"all"}]}`).problem(t, http.StatusBadRequest, "invalid"); p.Errors[0].Pointer != "#/items/0/level" {
		t.Errorf("a mistake is told as %+v", p.Errors)
	}
	if n := w.number(`select count(*) from request`); n != before {
		t.Errorf("looking asked for %d", n-before)
	}
}

// The same call is done once, however often it is sent and by how many at once.
func apiOnce(t *testing.T, w *world) {
	c, other := w.program("1040", "decide"), w.program("1041", "decide")
	first := c.json(http.MethodPost, "/api/v1/requests", booksPlease, "Idempotency-Key", "k1").answer(t, http.StatusCreated, nil)
	if first.header.Get("Idempotency-Replayed") != "" {
		t.Error("the first call is a replay")
	}
	again := c.json(http.MethodPost, "/api/v1/requests", booksPlease, "Idempotency-Key", "k1").answer(t, http.StatusCreated, nil)
	if again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" || again.header.Get("ETag") != first.header.Get("ETag") {
		t.Errorf("the replay is %v %s", again.header, again.body)
	}
	c.json(http.MethodPost, "/api/v1/requests", strings.Replace(booksPlease, "30", "31", 1), "Idempotency-Key", "k1").problem(t, http.StatusUnprocessableEntity, "idempotency_key_used")
	c.json(http.MethodPost, "/api/v1/decisions", `{"decisions":[{"step":1,"outcome":"approve"}]}`, "Idempotency-Key", "k1").problem(t, http.StatusUnprocessableEntity, "idempotency_key_used")
	other.ask1(t, booksPlease, "Idempotency-Key", "k1") // keys are everybody's own
	for _, key := range []string{"", strings.Repeat("k", 201), "k\t"} {
		c.json(http.MethodPost, "/api/v1/requests", booksPlease, "Idempotency-Key", key).problem(t, http.StatusBadRequest, "invalid")
	}
	// What is refused is not kept: once the reason is gone, the same call is done.
	one := w.program("1042", "decide")
	a := one.ask1(t, booksPlease)
	one.json(http.MethodPost, "/api/v1/requests", booksPlease, "Idempotency-Key", "k2").answer(t, http.StatusBadRequest, nil)
	one.json(http.MethodPost, "/api/v1/requests/"+a.ID+"/cancel", `{"reason":"a mistake"}`).answer(t, http.StatusOK, &a)
	if a.Items[0].State != "cancelled" {
		t.Errorf("it is %s", a.Items[0].State)
	}
	one.ask1(t, booksPlease, "Idempotency-Key", "k2")
	// Many at once.
	many := w.program("1043", "decide")
	var wg sync.WaitGroup
	answers := make([]page, 8)
	for i := range answers {
		wg.Go(func() {
			answers[i] = many.json(http.MethodPost, "/api/v1/requests", booksPlease, "Idempotency-Key", "k3")
		})
	}
	wg.Wait()
	done := 0
	for _, p := range answers {
		switch {
		case p.status == http.StatusCreated && p.header.Get("Idempotency-Replayed") == "":
			done++
		case p.status != http.StatusCreated:
			p.problem(t, http.StatusConflict, "still_running")
		}
	}
	if n := w.number(`select count(*) from request r join identity i on i.id = r.requester_id where i.number = '1043'`); done != 1 || n != 1 {
		t.Errorf("%d answered as done, and %d requests", done, n)
	}
}

// A step is decided as it was seen, once; who comes too late is told who was faster.
func apiDeciding(t *testing.T, w *world) {
	me, boss := w.program("1050", "decide"), w.program(manager, "decide")
	reader := w.program(manager, "read")
	a := me.ask1(t, booksPlease)
	if a.step().By != "manager" || a.step().State != "open" || a.step().Holders[0].ID != w.ref(manager) {
		t.Fatalf("asked is %+v", a.step())
	}
	var inbox struct {
		Items []struct {
			Step    int
			Request string
			Version int
		}
	}
	reader.get("/api/v1/inbox?limit=100").answer(t, http.StatusOK, &inbox)
	if !slices.ContainsFunc(inbox.Items, func(x struct {
		Step    int
		Request string
		Version int
	}) bool {
		return x.Step == a.step().ID && x.Request == a.ID
	}) {
		t.Errorf("the manager's inbox is %+v", inbox)
	}
	at := fmt.Sprintf("/api/v1/steps/%d", a.step().ID)
	tag := reader.get(at).answer(t, http.StatusOK, nil).header.Get("ETag")
	const yes = `{"outcome":"approve","level":"read","days":7}`
	boss.json(http.MethodPost, at+"/decision", yes).problem(t, http.StatusPreconditionRequired, "if_match_required")
	p := boss.json(http.MethodPost, at+"/decision", yes, "If-Match", `"old"`)
	p.problem(t, http.StatusPreconditionFailed, "changed_meanwhile")
	if p.header.Get("ETag") != tag {
		t.Errorf("the tag is %s, and %s was told", tag, p.header.Get("ETag"))
	}
	if p := boss.json(http.MethodPost, at+"/decision", `{"outcome":"deny"}`, "If-Match", tag).problem(t, http.StatusBadRequest, "invalid"); p.Errors[0].Pointer != "#/reason" {
		t.Errorf("a denial without a reason: %+v", p)
	}
	if p := boss.json(http.MethodPost, at+"/decision", `{"outcome":"approve","days":60}`, "If-Match", tag).problem(t, http.StatusBadRequest, "invalid"); p.Errors[0].Pointer != "#/days" {
		t.Errorf("more than was asked for: %+v", p)
	}
	w.program("1051", "decide").json(http.MethodPost, at+"/decision", yes, "If-Match", tag).problem(t, http.StatusNotFound, "not_found")
	var decided struct {
		Step stage
		Item struct{ State, Level, From, To string }
	}
	boss.json(http.MethodPost, at+"/decision", yes, "If-Match", tag, "Idempotency-Key", "d1").answer(t, http.StatusOK, &decided)
	if decided.Step.State != "approved" || decided.Item.State != "granted" || decided.Step.Decisions[0].Level != "read" || decided.Step.Decisions[0].By.ID != w.ref(manager) {
		t.Errorf("decided is %+v", decided)
	}
	boss.json(http.MethodPost, at+"/decision", yes, "If-Match", tag, "Idempotency-Key", "d1").answer(t, http.StatusOK, nil) // a replay asks for no state
	late := boss.json(http.MethodPost, at+"/decision", yes, "If-Match", tag)
	late.problem(t, http.StatusConflict, "conflict")
	if !strings.Contains(late.body, `"who":"Person Nr1006"`) || !strings.Contains(late.body, `"at":`) {
		t.Errorf("who comes too late is told %s", late.body)
	}
	if n := w.number(`select count(*) from reason r join identity i on i.id = r.identity_id where i.number = '1050' and r.kind = 'request' and r.known_to = 'infinity'`); n != 1 {
		t.Errorf("%d reasons", n)
	}
	me.json(http.MethodPost, "/api/v1/requests/"+a.ID+"/cancel", `{}`).problem(t, http.StatusConflict, "conflict")
}

// Nobody decides for themselves: not what they asked for, not what is for them, one by one or many at once.
func apiSelf(t *testing.T, w *world) {
	boss := w.program(manager, "decide")
	a := boss.ask1(t, `{"why":"For the team","for":"`+w.ref("1052")+`","items":[{"offer":"books"}]}`)
	me := w.program("1052", "decide")
	for who, c := range map[string]*client{"who asked": boss, "whom it is for": me} {
		at := fmt.Sprintf("/api/v1/steps/%d", a.step().ID)
		tag := w.program(compliance, "read").get(at).answer(t, http.StatusOK, nil).header.Get("ETag")
		c.json(http.MethodPost, at+"/decision", `{"outcome":"approve"}`, "If-Match", tag).problem(t, http.StatusForbidden, "forbidden")
		var r results
		c.json(http.MethodPost, "/api/v1/decisions", fmt.Sprintf(`{"decisions":[{"step":%d,"outcome":"approve"}]}`, a.step().ID)).answer(t, http.StatusMultiStatus, &r)
		if r.Results[0].Status != http.StatusForbidden || r.Results[0].Problem.Code != "forbidden" {
			t.Errorf("%s decides many: %+v", who, r)
		}
	}
	if n := w.number(`select count(*) from request_decision where step_id = $1`, a.step().ID); n != 0 {
		t.Errorf("%d decisions", n)
	}
}

type results struct {
	Results []struct {
		Step, Status int
		State        string
		Problem      struct {
			Code   string
			Errors []struct{ Pointer string }
		}
	}
}

// Of many decisions each goes its own way.
func apiMany(t *testing.T, w *world) {
	boss := w.program(manager, "decide")
	var steps []any
	for _, number := range []string{"1053", "1054", "1055"} {
		steps = append(steps, w.program(number, "decide").ask1(t, booksPlease).step().ID)
	}
	body := fmt.Sprintf(`{"decisions":[{"step":%d,"outcome":"approve"},{"step":999999,"outcome":"approve"},{"step":%d,"outcome":"deny"},{"step":%d,"outcome":"deny","reason":"No need"},{"step":%[1]d,"outcome":"approve"}]}`, steps...)
	var r results
	boss.json(http.MethodPost, "/api/v1/decisions", body, "Idempotency-Key", "m1").answer(t, http.StatusMultiStatus, &r)
	var got []string
	for _, x := range r.Results {
		got = append(got, fmt.Sprint(x.Status, " ", x.State, x.Problem.Code))
	}
	if want := []string{"200 granted", "404 not_found", "400 invalid", "200 denied", "409 conflict"}; !slices.Equal(got, want) {
		t.Errorf("they went %q, want %q", got, want)
	}
	if x := r.Results[2].Problem.Errors; len(x) != 1 || x[0].Pointer != "#/decisions/2/reason" {
		t.Errorf("the third lacks %+v", x)
	}
	if again := boss.json(http.MethodPost, "/api/v1/decisions", body, "Idempotency-Key", "m1").answer(t, http.StatusMultiStatus, nil); again.header.Get("Idempotency-Replayed") != "true" {
		t.Error("many are not replayed")
	}
	if n := w.number(`select count(*) from request_decision where step_id = any($1::int[])`, steps2(steps)); n != 2 {
		t.Errorf("%d decisions", n)
	}
}

func steps2(all []any) (out []int) {
	for _, x := range all {
		out = append(out, x.(int))
	}
	return out
}

// Requests are listed for whom they concern, the latest first, page by page.
func apiRequestLists(t *testing.T, w *world) {
	type list struct {
		Items   []asked
		HasMore bool   `json:"has_more"`
		Next    string `json:"next_cursor"`
	}
	var mine, all list
	w.program("1042", "read").get("/api/v1/requests?limit=1").answer(t, http.StatusOK, &mine)
	if len(mine.Items) != 1 || !mine.HasMore || mine.Items[0].Items[0].State != "open" {
		t.Errorf("the first page is %+v", mine)
	}
	w.program("1042", "read").get("/api/v1/requests?limit=1&cursor="+mine.Next).answer(t, http.StatusOK, &mine)
	if len(mine.Items) != 1 || mine.HasMore || mine.Items[0].Items[0].State != "cancelled" {
		t.Errorf("the second page is %+v", mine)
	}
	w.program(compliance, "read").get("/api/v1/requests?all=true&limit=100").answer(t, http.StatusOK, &all)
	if n := w.number(`select count(*) from request`); len(all.Items) != n {
		t.Errorf("%d of %d requests", len(all.Items), n)
	}
	w.program(employee, "read").get("/api/v1/requests?all=true").problem(t, http.StatusForbidden, "forbidden")
	w.program(compliance, "read").get("/api/v1/requests?state=denied&all=true").answer(t, http.StatusOK, &all)
	if len(all.Items) != 1 {
		t.Errorf("%d denied", len(all.Items))
	}
	id := mine.Items[0].ID
	w.program(manager, "read").get("/api/v1/requests/"+id).answer(t, http.StatusOK, nil)
	w.program(employee, "read").get("/api/v1/requests/"+id).problem(t, http.StatusNotFound, "not_found")
}

// The button of one row of what is asked of somebody approves that row, whatever is ticked, and where rows may be ticked only.
func oneRow(t *testing.T, w *world) {
	one, other, m := w.askedFor("1056"), w.askedFor("1057"), w.as(manager)
	state := func(step string) string { return w.text(`select state from request_step where id = ` + step) }
	m.post("/approvals", "class", "low", "only", one, "step", other).want(t, http.StatusSeeOther)
	if a, b := state(one), state(other); a != "approved" || b != "open" {
		t.Errorf("the row is %s, one that was ticked %s", a, b)
	}
	_, err := w.owner().Exec(t.Context(), `set session_replication_role = replica; update request_item set risk = 'high' where id = (select item_id from request_step where id = `+other+`)`)
	w.must(err)
	m.post("/approvals", "class", "low", "only", other).want(t, http.StatusOK).says(t, "this is of another risk")
	if b := state(other); b != "open" {
		t.Errorf("what is risky is %s", b)
	}
}
