package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tenure/internal/task"
	"tenure/web"
)

// One person has so many streams and no more: the next page is told to ask by itself. Others are not held up, and a stream that is
// closed makes room.
func TestStreamsOfOnePersonAreBounded(t *testing.T) {
	w := newWorld(t)
	c, other := w.as(employee), w.as(manager)
	path := "/tasks/" + w.begin(employee, task.New{Kind: "test.never", Title: "Wait"}) + "/events"
	theirs := "/tasks/" + w.begin(manager, task.New{Kind: "test.never", Title: "Wait"}) + "/events"
	var open []*events
	for i := range web.StreamMine {
		e := c.events(path, "")
		defer e.close()
		if _, _, _, ok := e.next(); !ok || e.res.StatusCode != http.StatusOK {
			t.Fatalf("stream %d is answered %d", i+1, e.res.StatusCode)
		}
		open = append(open, e)
	}
	more := c.events(path, "")
	more.close()
	if more.res.StatusCode != http.StatusServiceUnavailable || more.res.Header.Get("Retry-After") == "" {
		t.Errorf("one stream too many is answered %d, Retry-After %q", more.res.StatusCode, more.res.Header.Get("Retry-After"))
	}
	if again := w.as(employee).events(path, ""); again.res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("another session of the same person is answered %d", again.res.StatusCode)
	} else {
		again.close()
	}
	e := other.events(theirs, "")
	defer e.close()
	if e.res.StatusCode != http.StatusOK {
		t.Errorf("somebody else is answered %d", e.res.StatusCode)
	}
	open[0].close()
	for { // until the server has noticed; the test's own time limit ends this otherwise
		e := c.events(path, "")
		e.close()
		if e.res.StatusCode == http.StatusOK {
			return
		}
	}
}

// A stream on which nothing happens says that it is still there.
func TestAStreamGivesSignsOfLife(t *testing.T) {
	web.Beat(t, time.Millisecond)
	w := newWorld(t)
	c := w.as(employee)
	e := c.events("/tasks/"+w.begin(employee, task.New{Kind: "test.never", Title: "Wait"})+"/events", "")
	defer e.close()
	signs := 0
	for e.scan.Scan() && signs < 2 {
		if strings.HasPrefix(e.scan.Text(), ": ") { // a comment, which browsers pass over
			signs++
		}
	}
	if signs < 2 {
		t.Errorf("%d signs of life until the stream ended", signs)
	}
}

// Who plays the HR department watches accounts appear: the page has them, and the stream rings with each step.
func TestTheDemoFeedIsWatched(t *testing.T) {
	w := newWorld(t)
	c := w.as(employee)
	c.post("/demo/hr/hire", "first", "Ada", "last", "Brandt", "department", "Finance", "title", "Clerk", "start", time.Now().AddDate(0, -3, 0).Format(time.DateOnly)).want(t, http.StatusSeeOther)
	c.post("/demo/hr/send").want(t, http.StatusSeeOther)
	p := c.get("/demo/hr").want(t, http.StatusOK)
	rows := p.Find("#happening tbody tr:contains('Ada Brandt')")
	if rows.Length() == 0 || !strings.Contains(rows.Text(), "Create the account") {
		t.Fatalf("of the hired the page says %q", rows.Text())
	}
	e := c.events("/demo/hr/events", "")
	defer e.close()
	first, name, _, ok := e.next()
	if !ok || name != "change" {
		t.Fatal("nothing is told")
	}
	w.carry()
	second, name, _, ok := e.next()
	if !ok || name != "change" || second == first {
		t.Errorf("the stream does not ring when accounts are made: %s after %s, %s", second, first, name)
	}
	if n := w.number(`select count(*) from operation o join identity i on i.id = o.identity_id where i.name = 'Ada Brandt' and o.state in ('acknowledged', 'verified')`); n == 0 {
		t.Error("no account was made")
	}
}
