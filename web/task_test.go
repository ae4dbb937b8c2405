package web_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"tenure/internal/app"
	"tenure/internal/db"
	"tenure/internal/task"
)

// begin puts a task of a person's down, to be worked by the test.
func (w *world) begin(number string, n task.New) string {
	w.t.Helper()
	var ref string
	id := w.number(`select id from identity where number = $1`, number)
	var actor db.Actor
	w.do(db.System, func(tx *db.Tx) (err error) { actor, err = tx.ActorOf(id, "person", "Person"); return err })
	w.do(actor, func(tx *db.Tx) (err error) { ref, err = task.Begin(tx, n); return err })
	return ref
}

// events is an open stream.
type events struct {
	scan  *bufio.Scanner
	close func()
	res   *http.Response
}

func (c *client) events(path, last string) *events {
	c.w.t.Helper()
	ctx, cancel := context.WithCancel(c.w.t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.w.server.URL+path, nil)
	c.w.must(err)
	r.Header.Set("Accept", "text/event-stream")
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	res, err := c.http.Do(r) //nolint:bodyclose // close does
	c.w.must(err)
	return &events{scan: bufio.NewScanner(res.Body), res: res, close: func() { cancel(); _ = res.Body.Close() }}
}

// next gives the next event, false at the end of the stream.
func (e *events) next() (id, name, data string, ok bool) {
	for e.scan.Scan() {
		line := e.scan.Text()
		switch {
		case strings.HasPrefix(line, "id: "):
			id = line[4:]
		case strings.HasPrefix(line, "event: "):
			name = line[7:]
		case strings.HasPrefix(line, "data: "):
			return id, name, line[6:], true
		}
	}
	return "", "", "", false
}

// A watcher whose stream is cut twenty times ends with what the server has, and is never told an old state for a new one.
func TestAStreamCutTwentyTimes(t *testing.T) {
	w := newWorld(t)
	c := w.as(employee)
	go1, stepped := make(chan struct{}), make(chan struct{})
	w.app.Tasks.Kinds["test.slow"] = func(ctx context.Context, k *task.Work) error {
		for i := range 20 {
			<-go1
			if err := k.Step(ctx, fmt.Sprintf("Step %d", i+1), i+1, 20); err != nil {
				return err
			}
			stepped <- struct{}{}
		}
		<-go1
		return k.Finish(ctx, app.Outcome{Text: "All is counted."}, nil)
	}
	ref := w.begin(employee, task.New{Kind: "test.slow", Title: "Count"})
	page, done := "/tasks/"+ref, make(chan error, 1)
	ctx := t.Context()
	go func() { done <- w.app.Tasks.DoRef(ctx, ref) }()
	last := ""
	for i := range 20 {
		go1 <- struct{}{}
		<-stepped
		e := c.events(page+"/events", last)
		if e.res.StatusCode != http.StatusOK || e.res.Header.Get("X-Accel-Buffering") != "no" || !strings.Contains(e.res.Header.Get("Cache-Control"), "no-store") {
			t.Fatalf("answered %d with %v", e.res.StatusCode, e.res.Header)
		}
		id, name, data, ok := e.next()
		if !ok || name != "change" || id == last || !strings.Contains(data, fmt.Sprintf("Step %d", i+1)) {
			t.Fatalf("cut %d: id %q after %q, %s, %s", i, id, last, name, data)
		}
		last = id
		e.close() // the line is cut
	}
	c.get(page).want(t, http.StatusOK).says(t, "Step 20")
	e := c.events(page+"/events", last)
	defer e.close()
	go1 <- struct{}{}
	w.must(<-done)
	id, name, _, ok := e.next()
	if !ok || name != "end" {
		t.Fatalf("the stream does not say the end: %s", name)
	}
	if n := w.number(`select seq from task where public_id::text = $1`, ref); fmt.Sprint(n) != id {
		t.Errorf("the end is event %s, the row is at %d", id, n)
	}
	if _, _, _, more := e.next(); more {
		t.Error("the stream goes on after its end")
	}
	p := c.get("/me").want(t, http.StatusOK)
	p.says(t, "Done: Count")
	c.get(page).want(t, http.StatusOK).says(t, "All is counted.")
	if c.get("/me").Find(".t-alert").Length() != 0 {
		t.Error("who has seen it is told again")
	}
	w.as(manager).get(page).want(t, http.StatusNotFound)
	w.as(manager).get(page+"/events").want(t, http.StatusNotFound)
	c.post(page+"/cancel").want(t, http.StatusConflict)
}

// A stream ends with the session of who watches.
func TestAStreamEndsWithTheSession(t *testing.T) {
	w := newWorld(t)
	c := w.as(employee)
	ref := w.begin(employee, task.New{Kind: "test.never", Title: "Wait"})
	e := c.events("/tasks/"+ref+"/events", "")
	defer e.close()
	if _, name, _, ok := e.next(); !ok || name != "change" {
		t.Fatal("nothing is told")
	}
	_, err := w.owner().Exec(t.Context(), `delete from sessions`)
	w.must(err)
	if _, name, _, more := e.next(); more {
		t.Errorf("told %q after the session ended", name)
	}
}

// A task whose worker died is taken over, and what the dead one says afterwards changes nothing.
func TestATaskIsTakenOver(t *testing.T) {
	w := newWorld(t)
	began, leave := make(chan struct{}), make(chan struct{})
	var old *task.Work
	var once sync.Once
	w.app.Tasks.Kinds["test.dies"] = func(ctx context.Context, k *task.Work) error {
		first := false
		once.Do(func() { first = true })
		if !first {
			return k.Finish(ctx, app.Outcome{Text: "second"}, nil)
		}
		old = k
		close(began)
		<-leave
		<-ctx.Done()
		return ctx.Err()
	}
	ref := w.begin(employee, task.New{Kind: "test.dies", Title: "Die"})
	ctx, kill := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.app.Tasks.DoRef(ctx, ref) }()
	<-began
	w.must(w.app.Tasks.DoRef(t.Context(), ref)) // while it lives nobody else takes it
	if n := w.number(`select epoch from task where public_id::text = $1`, ref); n != 1 {
		t.Fatalf("a living worker's task was taken over: epoch %d", n)
	}
	kill()
	close(leave)
	if err := <-done; err == nil {
		t.Fatal("the worker did not die")
	}
	w.must(w.app.Tasks.DoRef(t.Context(), ref))
	w.as(employee).get("/tasks/"+ref).want(t, http.StatusOK).says(t, "second")
	if err := old.Finish(t.Context(), app.Outcome{Text: "first"}, nil); err == nil {
		t.Error("the dead worker ended the task again")
	}
	w.as(employee).get("/tasks/"+ref).want(t, http.StatusOK).says(t, "second")
}

// Who cancels before the effect commits finds nothing done.
func TestACancelledTask(t *testing.T) {
	w := newWorld(t)
	c := w.as(hrPerson)
	ref := w.begin(hrPerson, task.New{Kind: app.TaskLoad, Title: "Load", Args: app.LoadArgs{Source: "people"}, In: &task.File{Name: "people.csv", Body: []byte(w.file(58))}})
	c.post("/tasks/"+ref+"/cancel").want(t, http.StatusSeeOther)
	w.must(w.app.Tasks.DoRef(t.Context(), ref))
	c.get("/tasks/"+ref).want(t, http.StatusOK).says(t, "It was cancelled")
	if n := w.number(`select count(*) from snapshot`); n != 1 {
		t.Errorf("%d runs", n)
	}
}

// Checking a file changes nothing and says the numbers that loading it then has.
func TestCheckingIsLoadingRolledBack(t *testing.T) {
	w := newWorld(t)
	c := w.as(hrPerson)
	for _, n := range []int{58, 40} { // two leavers are applied, eighteen more are held
		before := w.governed()
		p := c.upload("people", "people.csv", w.file(n), "do", "check").want(t, http.StatusSeeOther)
		p = c.get(p.to).want(t, http.StatusOK)
		p.says(t, "Checked; nothing was changed")
		counts := strings.Join(strings.Fields(p.Find(".t-figures").Text()), " ")
		if runs := w.number(`select count(*) from snapshot`); before == "" || runs != map[int]int{58: 1, 40: 2}[n] {
			t.Errorf("a check made a run: %d", runs)
		}
		run := c.upload("people", "people.csv", w.file(n)).want(t, http.StatusSeeOther).to
		c.get(run).want(t, http.StatusOK)
		var joiners, movers, leavers, returns, updated, unchanged int
		w.must(w.app.DB.Pool.QueryRow(t.Context(), `select (counts->>'joiners')::int, (counts->>'movers')::int, (counts->>'leavers')::int, (counts->>'returns')::int,
			(counts->>'updated')::int, (counts->>'unchanged')::int from snapshot order by id desc limit 1`).Scan(&joiners, &movers, &leavers, &returns, &updated, &unchanged))
		want := fmt.Sprintf("%d Joiners %d Movers %d Leavers %d Returns %d Updated %d Unchanged", joiners, movers, leavers, returns, updated, unchanged)
		if counts != want {
			t.Errorf("the check said %q, loading did %q", counts, want)
		}
	}
}

// Two people release at once: one does, the other is told who and when.
func TestTwoReleaseAtOnce(t *testing.T) {
	w := newWorld(t)
	run := w.as(hrPerson).upload("people", "people.csv", w.file(40)).want(t, http.StatusSeeOther).to
	var mu sync.Mutex
	got := map[int]int{}
	var wait sync.WaitGroup
	for _, c := range []*client{w.as(compliance), w.as(itPerson)} {
		wait.Go(func() {
			p := c.post(run+"/release", "reason", "The site closes", "count", "20")
			mu.Lock()
			defer mu.Unlock()
			got[p.status]++
			if p.status == http.StatusConflict && !strings.Contains(p.Find("main").Text(), "released this run, today") {
				t.Errorf("the slower one is not told who and when: %s", p.Find(".t-alert").Text())
			}
		})
	}
	wait.Wait()
	if got[http.StatusSeeOther] != 1 || got[http.StatusConflict] != 1 {
		t.Errorf("answers are %v", got)
	}
	if n := w.number(`select count(*) from event where kind = 'hr.released'`); n != 1 {
		t.Errorf("released %d times", n)
	}
}

// A release of something else than was looked at is refused, says what moved, and the next look is right.
func TestAReleaseThatMoved(t *testing.T) {
	w := newWorld(t)
	run := w.as(hrPerson).upload("people", "people.csv", w.file(40)).want(t, http.StatusSeeOther).to
	c := w.as(compliance)
	seen, _ := c.get(run).want(t, http.StatusOK).Find("input[name=seen]").Attr("value")
	c.post(personOf(w, "1059")+"/terminate", "reason", "Meanwhile").want(t, http.StatusSeeOther)
	p := c.post(run+"/release", "reason", "The site closes", "count", "20", "seen", seen).want(t, http.StatusConflict)
	p.says(t, "what it would do has changed since you looked")
	p.says(t, "Person Nr1059")
	if n := w.number(`select count(*) from identity where state = 'left'`); n != 1 {
		t.Fatalf("%d have left, only the terminated one should", n)
	}
	seen, _ = p.Find("input[name=seen]").Attr("value")
	count := w.number(`select (counts->>'leaving')::int from snapshot order by id desc limit 1`)
	c.post(run+"/release", "reason", "The site closes", "count", fmt.Sprint(count), "seen", seen).want(t, http.StatusSeeOther)
}

// A run tells what it does field by field, and lists everybody as a file.
func TestFieldsOfARun(t *testing.T) {
	w := newWorld(t)
	c := w.as(hrPerson)
	run := c.upload("people", "people.csv", strings.Replace(w.file(60), "Seller", "Head of Sales", 1)).want(t, http.StatusSeeOther).to
	p := c.get(run).want(t, http.StatusOK)
	if text := strings.Join(strings.Fields(p.Find("#affected .t-fields").Text()), " "); !strings.Contains(text, "title was Seller becomes Head of Sales") {
		t.Errorf("the fields are %q", text)
	}
	c.get(run+"/people?class=mover").want(t, http.StatusOK).says(t, "Head of Sales")
	if p := c.get(run+"/people?export=csv").want(t, http.StatusOK); !strings.Contains(p.body, "title,Seller,Head of Sales") {
		t.Errorf("the file is %q", p.body)
	}
	c.get(run+"/rejected").want(t, http.StatusOK)
}
