package web_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tenure/internal/audit/trail"
	"tenure/internal/evidence"
)

// The page of the evidence log says how far it is sealed and outside, what stands in the way and what a verification found; whoever may takes
// a pack along, which verifies and is recorded.
func TestTheEvidenceLogHasAPage(t *testing.T) {
	w := newWorld(t)
	c := w.as(auditor)
	for _, text := range []string{"Nothing is sealed yet", "It was never verified"} {
		c.get("/evidence/log").want(t, http.StatusOK).says(t, text)
	}
	c.get("/evidence/log/head").want(t, http.StatusNotFound)
	if p := c.post("/evidence/log/pack"); p.status != http.StatusNotFound {
		t.Errorf("a pack of nothing is answered %d", p.status)
	}
	w.seal()
	for _, text := range []string{"nothing is anchored outside yet", w.text(`select public from log_key`)} {
		c.get("/evidence/log").want(t, http.StatusOK).says(t, text)
	}
	a := &trail.Anchor{DB: w.app.DB, File: filepath.Join(t.TempDir(), "anchors.txt")}
	w.must(a.Once(t.Context()))
	for _, text := range []string{"It is anchored outside up to event", "Up to date"} {
		c.get("/evidence/log").want(t, http.StatusOK).says(t, text)
	}
	w.must(beside(w, `insert into log_trouble (sink, error) values ('file', 'the disk is full')`))
	for _, text := range []string{"an anchor is blocked", "the disk is full"} {
		c.get("/evidence/log").want(t, http.StatusOK).says(t, text)
	}
	w.must(beside(w, `delete from log_trouble`))

	head := c.get("/evidence/log/head").want(t, http.StatusOK)
	if head.body != w.text(`select convert_from(note, 'UTF8') from checkpoint order by size desc limit 1`) {
		t.Error("the head is another")
	}
	file, err := os.ReadFile("../docs/verify.py")
	w.must(err)
	if c.get("/evidence/log/verify.py").want(t, http.StatusOK).body != string(file) {
		t.Error("verify.py is another")
	}

	for _, bad := range [][]string{{"from", "2026-13-01"}, {"from", "2026-02-01", "to", "2026-01-01"}, {"person", "Nobody at all"}} {
		c.post("/evidence/log/pack", bad...).want(t, http.StatusUnprocessableEntity).says(t, "Please look at")
	}
	before := w.number(`select count(*) from event where kind = 'evidence.packed'`)
	p := c.post("/evidence/log/pack", "kinds", "person.joined, person.hired").want(t, http.StatusOK)
	v, err := evidence.VerifyPackAgainst(strings.NewReader(p.body), int64(len(p.body)), []string{w.text(`select public from log_key`)}, [][]byte{[]byte(head.body)})
	w.must(err)
	if len(v.Wrong) > 0 || v.Events == 0 || v.Events != w.number(`select count(*) from event where kind in ('person.joined', 'person.hired')`) {
		t.Errorf("%+v", v)
	}
	if n := w.number(`select count(*) from event where kind = 'evidence.packed'`) - before; n != 1 {
		t.Errorf("%d packs are recorded", n)
	}
	if changed := bytes.Replace([]byte(p.body), []byte("person"), []byte("persom"), 1); bytes.Equal(changed, []byte(p.body)) {
		t.Error("the control changes nothing")
	} else if v, err := evidence.VerifyPack(bytes.NewReader(changed), int64(len(changed)), nil); err == nil && len(v.Wrong) == 0 {
		t.Error("a changed pack passes")
	}
}

// Whoever reads the evidence lets the database be verified: as a task, whose end says what was found, as the page does from then on.
func TestTheDatabaseIsVerifiedFromThePage(t *testing.T) {
	w := newWorld(t)
	w.seal()
	c := w.as(compliance)
	verified := func(says string) {
		t.Helper()
		to := c.post("/evidence/log/verify").want(t, http.StatusSeeOther).to
		w.must(w.app.Tasks.DoRef(t.Context(), to[strings.LastIndex(to, "/")+1:]))
		c.get(to).want(t, http.StatusOK).says(t, says)
	}
	verified("Nothing is wrong with the log")
	c.get("/evidence/log").want(t, http.StatusOK).says(t, "Nothing was wrong")
	w.must(beside(w, `update event set leaf = leaf || ' ' where id = (select event_id from leaf where log_index = 7)`))
	verified("event 7: the event is not the one that was sealed")
	for _, text := range []string{"The last verification found that something was changed", "event 7"} {
		c.get("/evidence/log").want(t, http.StatusOK).says(t, text)
	}
}

// The API gives the same head.
func TestTheAPIGivesTheHeadOfTheLog(t *testing.T) {
	w := newWorld(t)
	program := w.program(auditor, "read")
	program.get("/api/v1/log").problem(t, http.StatusNotFound, "not_found")
	w.seal()
	a := &trail.Anchor{DB: w.app.DB, File: filepath.Join(t.TempDir(), "anchors.txt")}
	w.must(a.Once(t.Context()))
	var got struct {
		Size    int    `json:"size"`
		Head    string `json:"signed_head"`
		Anchors []struct {
			Sink    string `json:"sink"`
			Size    int    `json:"size"`
			Blocked bool   `json:"blocked"`
		} `json:"anchors"`
	}
	program.get("/api/v1/log").answer(t, http.StatusOK, &got)
	if got.Size != w.number(`select max(size) from checkpoint`) || got.Head != w.text(`select convert_from(note, 'UTF8') from checkpoint order by size desc limit 1`) || len(got.Anchors) == 0 || got.Anchors[0].Sink != "file" || got.Anchors[0].Size != got.Size {
		t.Errorf("%+v", got)
	}
}
