package web_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"tenure/internal/audit/control"
	"tenure/internal/db"
	"tenure/internal/evidence"
	"tenure/web"
)

// draws draws a sample of the present quarter and gives its address.
func (c *client) draws(name, population string, size int) string {
	first, last := control.Quarter(time.Now())
	return c.post("/evidence/controls/"+name+"/"+population+"/draw", "from", first.Format(time.DateOnly), "to", last.Format(time.DateOnly), "seed", "a die", "size", strconv.Itoa(size)).want(c.w.t, http.StatusSeeOther).to
}

func verdict(t *testing.T, pack []byte, keys ...string) *evidence.Verdict {
	t.Helper()
	v, err := evidence.VerifyPack(bytes.NewReader(pack), int64(len(pack)), keys)
	if err != nil {
		return &evidence.Verdict{Wrong: []string{err.Error()}}
	}
	return v
}

// python gives what the other verifier says of a pack, and whether it is good.
func python(t *testing.T, pack []byte, keys ...string) (string, bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pack.zip")
	if err := os.WriteFile(file, pack, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"../docs/verify.py", file}
	for _, k := range keys {
		args = append(args, "--key", k)
	}
	cmd := exec.Command("python3", args...)
	out, _ := cmd.CombinedOutput()
	return string(out), cmd.ProcessState.ExitCode() == 0
}

// part gives a file of a pack.
func part(t *testing.T, pack []byte, name string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	body, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// The pack of a sample verifies twice, holds the report in all its forms and the events on which it rests, is the same at the same head, and
// its hash is in the log afterwards. A changed letter of the report is found by both verifiers.
func TestThePackOfASample(t *testing.T) {
	w := newWorld(t)
	w.lived()
	c := w.as(auditor)
	at := c.draws("soc2-cc6.2", "leavers", 25)
	w.seal()
	c.get(at).want(t, http.StatusOK)
	p := c.post(at+"/pack").want(t, http.StatusOK)
	pack := []byte(p.body)
	key := w.text(`select public from log_key order by id limit 1`)
	v := verdict(t, pack, key)
	if len(v.Wrong) > 0 || v.Events == 0 || !strings.Contains(strings.Join(v.NotProven, " "), "That the report is true") {
		t.Fatalf("the pack is judged %+v", v)
	}
	if said, ok := python(t, pack, key); !ok || !strings.Contains(said, "it is Tenure's reading of its database") {
		t.Errorf("the other verifier says %s", said)
	}
	sum := sha256.Sum256(pack)
	if noted := w.text(`select convert_from(leaf, 'UTF8')::jsonb->'facts'->>'sha256' from event where kind = 'evidence.packed' order by id desc limit 1`); noted != hex.EncodeToString(sum[:]) {
		t.Error("the log notes another hash than the file has")
	}
	var again bytes.Buffer
	ref := at[strings.LastIndex(at, "/")+1:]
	w.seal()
	w.must(w.app.DB.Read(t.Context(), func(tx *db.Tx) error {
		drawn, err := control.SampleOf(tx, ref)
		if err == nil {
			_, err = control.WritePack(tx, &again, control.PackOrder{Of: []*control.Sample{drawn}, Size: v.Size, Organisation: organisation(t, pack)})
		}
		return err
	}))
	if !bytes.Equal(again.Bytes(), pack) {
		t.Error("the same sample at the same head gives other bytes")
	}
	for _, name := range evidence.ReportFiles {
		body := part(t, pack, name)
		bad := bytes.Replace(pack, body, append([]byte{body[0] ^ 1}, body[1:]...), 1)
		if v := verdict(t, bad, key); len(v.Wrong) == 0 {
			t.Errorf("%s can be changed", name)
		}
		if _, ok := python(t, bad, key); ok {
			t.Errorf("%s can be changed for the other verifier", name)
		}
		// Written anew with its frame in order, only the hash of the manifest is against it.
		anew := rewritten(t, pack, name, append([]byte{body[0] ^ 1}, body[1:]...))
		if v := verdict(t, anew, key); len(v.Wrong) != 1 || v.Wrong[0] != name+" is not the file that the manifest lists" {
			t.Errorf("%s written anew is judged %q", name, v.Wrong)
		}
		if said, ok := python(t, anew, key); ok || !strings.Contains(said, name+" is not the file that the manifest lists") {
			t.Errorf("%s written anew is judged %q by the other verifier", name, said)
		}
	}
	if !bytes.Contains(part(t, pack, "report/report.html"), []byte("Leaver certificate: Person Nr1031")) || !bytes.Contains(part(t, pack, "report/population.csv"), []byte("Person Nr1033")) {
		t.Error("the report does not hold the leavers")
	}
}

// rewritten writes a pack anew, in which one file has another body.
func rewritten(t *testing.T, pack []byte, name string, body []byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range z.File {
		to, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Store, ModifiedDate: f.ModifiedDate})
		if err != nil {
			t.Fatal(err)
		}
		text := part(t, pack, f.Name)
		if f.Name == name {
			text = body
		}
		if _, err := to.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A large pack is made as a task, with a page of its own where its file is fetched.
func TestALargePackIsATask(t *testing.T) {
	w := newWorld(t)
	c := w.as(auditor)
	at := c.draws("soc2-cc6.1", "access", 60)
	w.seal()
	to := c.post(at+"/pack").want(t, http.StatusSeeOther).to
	w.must(w.app.Tasks.DoRef(t.Context(), strings.TrimPrefix(to, "/tasks/")))
	c.get(to).want(t, http.StatusOK).says(t, "Its file is kept for a day")
	pack := []byte(c.get(to+"/file").want(t, http.StatusOK).body)
	if v := verdict(t, pack, w.text(`select public from log_key order by id limit 1`)); len(v.Wrong) > 0 {
		t.Errorf("the pack is judged %+v", v)
	}
	w.as(compliance).get(to+"/file").want(t, http.StatusNotFound)
}

func organisation(t *testing.T, pack []byte) string {
	var r struct{ Organisation string }
	if err := json.Unmarshal(part(t, pack, "report/report.json"), &r); err != nil {
		t.Fatal(err)
	}
	return r.Organisation
}

var space = regexp.MustCompile(`\s+`)

var word = regexp.MustCompile(`<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">([^<]*)</word>`)

// The printed report holds the text of every cell whole; no two words stand on one another, and none reaches over the edge.
func TestThePrintedReport(t *testing.T) {
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Fatal("pdftotext is not there: run make test, which installs it")
	}
	w := newWorld(t)
	w.lived()
	long := strings.Repeat("because of the move of the whole department to another building ", 60)
	w.must(beside(w, fmt.Sprintf(`update request set why = '%sEnd%s'`, long, strings.Repeat("x", 300))))
	c := w.as(auditor)
	for _, x := range [][2]string{{"soc2-cc6.2", "requests"}, {"soc2-cc6.2", "leavers"}, {"soc2-cc6.3", "movers"}, {"soc2-cc6.1", "access"}} {
		at := c.draws(x[0], x[1], 5)
		w.seal()
		pack := []byte(c.post(at+"/pack").want(t, http.StatusOK).body)
		file := filepath.Join(t.TempDir(), "report.pdf")
		w.must(os.WriteFile(file, part(t, pack, "report/report.pdf"), 0o600))
		raw, err := exec.Command("pdftotext", "-raw", file, "-").Output()
		w.must(err)
		page := regexp.MustCompile(`(?m)^.*\f`).ReplaceAllString(string(raw), "")
		text := space.ReplaceAllString(page, "")
		var r control.Report
		w.must(json.Unmarshal(part(t, pack, "report/report.json"), &r))
		cells := 0
		has := func(cell string) {
			cells++
			// A cell that goes on on the next page has the foot and head of pages in its middle: then its lines are looked for.
			if want := space.ReplaceAllString(cell, ""); !strings.Contains(text, want) && len(want) < 2000 {
				t.Errorf("%s: %q is not in the printed report", x[1], cell)
			} else if len(want) >= 2000 && strings.Count(text, "becauseofthemove") < 60 {
				t.Errorf("%s: a long cell is cut", x[1])
			}
		}
		for _, item := range r.Items {
			for _, cell := range item.Cells {
				has(cell)
			}
		}
		for _, s := range r.Sheets {
			for _, f := range s.Facts {
				has(f.Value)
			}
			for _, table := range s.Tables {
				for _, row := range table.Rows {
					for _, cell := range row {
						has(cell)
					}
				}
			}
		}
		if cells < 20 {
			t.Errorf("%s: only %d cells", x[1], cells)
		}
		apart(t, file)
	}
}

// apart fails where words of a page stand on one another, or outside of it.
func apart(t *testing.T, file string) {
	t.Helper()
	out, err := exec.Command("pdftotext", "-bbox", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	for n, page := range strings.Split(string(out), "<page ")[1:] {
		var words [][4]float64
		for _, m := range word.FindAllStringSubmatch(page, -1) {
			var b [4]float64
			for i := range b {
				b[i], _ = strconv.ParseFloat(m[i+1], 64)
			}
			if b[0] < 30 || b[2] > 842-30 || b[3] > 595-15 {
				t.Errorf("page %d: %q reaches over the edge", n+1, m[5])
			}
			for _, o := range words {
				if b[0] < o[2]-0.5 && o[0] < b[2]-0.5 && b[1] < o[3]-2.5 && o[1] < b[3]-2.5 {
					t.Errorf("page %d: %q stands on another word", n+1, m[5])
				}
			}
			words = append(words, b)
		}
	}
}

// What the API makes of a request is what the page makes of it, byte by byte: of a sample, and of a whole population. It is fetched by whoever
// asked for it, and by nobody else.
func TestAPackByTheAPI(t *testing.T) {
	w := newWorld(t)
	w.lived()
	first, last := control.Quarter(time.Now())
	from, to := first.Format(time.DateOnly), last.Format(time.DateOnly)
	c := w.as(auditor)
	program := w.program(auditor, "decide")
	at := c.draws("soc2-cc6.2", "leavers", 1)
	w.seal()
	head := w.number(`select max(size) from checkpoint`)
	every := c.post("/evidence/controls/soc2-cc6.2/pack", "from", from, "to", to).want(t, http.StatusOK).body
	whole := c.post("/evidence/controls/soc2-cc6.2/leavers/pack", "from", from, "to", to).want(t, http.StatusOK).body
	for body, page := range map[string]string{
		`{"control":"soc2:CC6.2","population":"leavers","from":"` + from + `","to":"` + to + `","draw":1,"seed":"a die"}`: c.post(at+"/pack").want(t, http.StatusOK).body,
		`{"control":"soc2-cc6.2","population":"leavers","from":"` + from + `","to":"` + to + `"}`:                         whole,
		`{"control":"soc2-cc6.2","from":"` + from + `","to":"` + to + `"}`:                                                every,
	} {
		var p struct {
			ID, State, SHA256 string
			Samples           []string
			Head, Done, Total int
		}
		program.json(http.MethodPost, "/api/v1/packs", body).answer(t, http.StatusAccepted, &p)
		if p.State != "queued" || (len(p.Samples) > 0) != strings.Contains(body, "draw") {
			t.Errorf("asked for, it is %+v", p)
		}
		program.get("/api/v1/packs/"+p.ID+"/file").problem(t, http.StatusNotFound, "not_found")
		w.must(w.app.Tasks.DoRef(t.Context(), p.ID))
		program.get("/api/v1/packs/"+p.ID).answer(t, http.StatusOK, &p)
		sum := sha256.Sum256([]byte(page))
		if p.State != "done" || p.Head != head || p.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("made, it is %+v; the page's has the head %d and the hash %x", p, head, sum)
		}
		file := program.get("/api/v1/packs/"+p.ID+"/file", "Accept", "application/zip").want(t, http.StatusOK)
		if file.body != page {
			t.Errorf("the API gives other bytes than the page for %s", body)
		}
		if v := verdict(t, []byte(file.body), w.text(`select public from log_key order by id limit 1`)); len(v.Wrong) > 0 || v.Events == 0 {
			t.Errorf("it is judged %+v", v)
		}
		w.program(compliance, "decide").get("/api/v1/packs/"+p.ID).problem(t, http.StatusNotFound, "not_found")
		w.program(compliance, "decide").get("/api/v1/packs/"+p.ID+"/file").problem(t, http.StatusNotFound, "not_found")
	}
	if n := w.number(`select count(*) from event where kind = 'evidence.packed'`); n != 6 {
		t.Errorf("%d packs are noted, want 6", n)
	}
	if html := string(part(t, []byte(whole), "report/report.html")); strings.Contains(html, "<h2>Sample</h2>") || !strings.Contains(html, "Leavers") {
		t.Error("the pack of a whole population speaks of a sample, or not of its population")
	}
	for _, text := range []string{"SOC 2 CC6.2, Joiners", "SOC 2 CC6.2, Requests for access", "SOC 2 CC6.2, Leavers"} {
		if !strings.Contains(string(part(t, []byte(every), "report/report.html")), text) {
			t.Errorf("the pack of a control does not hold %q", text)
		}
	}
	if csv := string(part(t, []byte(every), "report/population.csv")); !strings.Contains(csv, "Leavers,e") || !strings.Contains(csv, ",Person,Person Nr1033") {
		t.Errorf("the populations of a control for spreadsheets are %.400s", csv)
	}
	w.app.Config.Organisation = "Halden & Frost" // as it is configured where there is no demo
	w.serve(web.Options{})
	var p struct{ ID string }
	program = w.program(auditor, "decide")
	program.json(http.MethodPost, "/api/v1/packs", `{"control":"soc2:CC6.2","population":"joiners","from":"`+from+`","to":"`+to+`"}`).answer(t, http.StatusAccepted, &p)
	w.must(w.app.Tasks.DoRef(t.Context(), p.ID))
	if name := organisation(t, []byte(program.get("/api/v1/packs/"+p.ID+"/file").want(t, http.StatusOK).body)); name != "Halden & Frost" {
		t.Errorf("the report is of %q", name)
	}
	for body, field := range map[string]string{`{"control":"soc2-cc9","population":"leavers","from":"` + from + `","to":"` + to + `"}`: "/control", `{"control":"soc2-cc6.2","population":"orphans","from":"` + from + `","to":"` + to + `"}`: "/population"} {
		if p := program.json(http.MethodPost, "/api/v1/packs", body); p.status != http.StatusBadRequest || !strings.Contains(p.body, field) {
			t.Errorf("%s is answered %d: %s", body, p.status, p.body)
		}
	}
	program.json(http.MethodPost, "/api/v1/packs", `{"control":"soc2-cc6.2","population":"leavers","from":"2026-02-01","to":"2026-01-01"}`).problem(t, http.StatusBadRequest, "invalid")
	w.program(employee, "decide").json(http.MethodPost, "/api/v1/packs", `{"control":"soc2-cc6.2","population":"leavers","from":"2026-01-01","to":"2026-01-31"}`).problem(t, http.StatusForbidden, "forbidden")
}

// Where a period has several months, page and print draw how often limits were kept in each, with its numbers in words beside it.
func TestThePrintedMonths(t *testing.T) {
	w := newWorld(t)
	w.lived()
	w.program("1026", "decide").json(http.MethodPost, "/api/v1/requests", `{"why":"The audit asks again","items":[{"offer":"books"}]}`).answer(t, http.StatusCreated, nil)
	w.must(beside(w, `update request set asked_at = asked_at - interval '70 days' where id = (select min(id) from request)`))
	w.seal()
	from, to := time.Now().UTC().AddDate(-1, 0, 0).Format(time.DateOnly), time.Now().UTC().Format(time.DateOnly)
	c := w.as(auditor)
	p := c.get("/evidence/controls/soc2-cc6.2?from="+from+"&to="+to).want(t, http.StatusOK)
	chart := p.Find("#months-request_decided")
	if rows := chart.Find("tbody tr").Length(); rows != 2 || chart.Find("svg polyline").Length() != 1 {
		t.Errorf("the chart has %d months and %d lines", rows, chart.Find("svg polyline").Length())
	}
	file := filepath.Join(t.TempDir(), "report.pdf")
	pack := []byte(c.post("/evidence/controls/soc2-cc6.2/requests/pack", "from", from, "to", to).want(t, http.StatusOK).body)
	w.must(os.WriteFile(file, part(t, pack, "report/report.pdf"), 0o600))
	text, err := exec.Command("pdftotext", "-layout", file, "-").Output()
	w.must(err)
	var r control.Report
	w.must(json.Unmarshal(part(t, pack, "report/report.json"), &r))
	if len(r.Months) != 2 || len(r.Attained) != 1 {
		t.Fatalf("the report has %+v", r.Months)
	}
	for _, m := range r.Months {
		if !strings.Contains(string(part(t, pack, "report/report.html")), m.Month+" Request decided") {
			t.Errorf("the report does not draw %s", m.Month)
		}
		if !strings.Contains(string(text), m.Month+" Request decided") {
			t.Errorf("the print does not draw %s:\n%s", m.Month, text)
		}
	}
	apart(t, file)
}
