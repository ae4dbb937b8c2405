package hr_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/hr"
)

// size is how many people a company has: the limits of the brake are then 50 leavers, 200 movers and 100 rows.
const size = 1000

// gone gives the file without the n rows from an index on, as text.
func gone(rows []*row, from, n int) string {
	return text(slices.Delete(slices.Clone(rows), from, from+n))
}

// with gives the file with changes in n rows from an index on.
func with(rows []*row, from, n int, change func(*row)) string {
	c := clone(rows)
	for _, r := range c[from : from+n] {
		change(r)
	}
	return text(c)
}

func TestBadFilesAreHeldWholeAndChangeNobody(t *testing.T) {
	c := found(t, dbtest.Replay(t), size, "")
	before := c.state()
	hour := 0
	held := func(name, body, reason string) *hr.Result {
		t.Helper()
		hour++
		r := c.load(body, hour)
		if !r.Held || !strings.Contains(r.Reason, reason) {
			t.Errorf("%s: held is %v because %q, want %q", name, r.Held, r.Reason, reason)
		}
		return r
	}
	held("empty", "", "the file is empty")
	held("header only", header, "the file has a header and no rows")
	held("header and trailer", header+"TOTAL,0\n", "the file has a header and no rows")
	held("header cut", "number,first_name", "column")
	held("trailer missing", strings.TrimSuffix(text(c.rows), "TOTAL,1000\n"), "without the trailer")
	held("trailer of another file", strings.Replace(text(c.rows), "TOTAL,1000", "TOTAL,999", 1), "counts 999 rows and the file has 1000")
	leavers := held("everybody leaves", with(c.rows, 0, size, func(r *row) { r.ends = "2024-02-28" }), "1000 leavers of 1000 people reach the limit of 50")
	held("6 % leave", with(c.rows, 100, 60, func(r *row) { r.ends = "2024-02-28" }), "60 leavers of 1000 people reach the limit of 50")
	held("6 % will leave next week", with(c.rows, 100, 60, func(r *row) { r.ends = "2024-03-10" }), "60 leavers")
	held("6 % are absent", gone(c.rows, 100, 60), "60 leavers")
	held("6 % will leave sooner than they were to", with(c.rows, 940, 60, func(r *row) { r.ends = "2024-03-10" }), "60 leavers")
	held("5 % leave", gone(c.rows, 100, 50), "50 leavers")
	held("everybody goes on leave", with(c.rows, 0, size, func(r *row) { r.status = "leave" }), "1000 leavers")
	held("everybody begins next year", with(c.rows, 0, size, func(r *row) { r.begins = "2024-09-01" }), "1000 leavers")
	held("20 % move", with(c.rows, 0, 200, func(r *row) { r.department = "Post" }), "200 movers of 1000 people reach the limit of 200")
	rename := clone(c.rows)
	for _, r := range rename {
		if r.department == "Sales" {
			r.department = "Revenue"
		}
	}
	held("a department is renamed", text(rename), "250 movers")
	if diff := cmp.Diff(before, c.state()); diff != "" {
		t.Errorf("held files changed something (-before +after):\n%s", diff)
	}
	run := c.run(leavers.Run)
	if len(run.Hold.Affected) != size || run.Hold.Affected[0].What != "leaves" || run.Hold.Affected[0].Name == "" || run.Counts.Leaving != size {
		t.Errorf("the hold does not say who is in it: %d people, counts %+v", len(run.Hold.Affected), run.Counts)
	}
	// The control: without the brake the same file does take them away, so it was the brake that kept them.
	c.apply(strings.Replace(policyFiles, "BRAKE", "leavers_count: 9999, rows_percent: 101", 1))
	if r := c.load(gone(c.rows, 100, 60), hour+1); r.Held || r.Leavers != 60 || c.left() != 60 {
		t.Errorf("without the brake %+v, %d left", r, c.left())
	}
}

// run gives a run with its hold.
func (c *company) run(id int) (run *hr.Run) {
	c.t.Helper()
	c.do(db.System, func(tx *db.Tx) (err error) { run, err = hr.GetRun(tx, id); return err })
	return run
}

func TestAFileCutAnywhereChangesNobody(t *testing.T) {
	c := found(t, dbtest.Replay(t), size, "")
	before := c.state()
	whole := with(c.rows, 0, 20, func(r *row) { r.last += "x" }) // so that a file taken half would show
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	for i := range 200 {
		at := rng.IntN(len(whole) - 1) // at least the line break of the last row is missing
		r := c.load(whole[:at], 1)
		if !r.Held && at != len(whole)-1 {
			t.Fatalf("cut %d, at byte %d of %d (seed %d), was not held: %+v", i, at, len(whole), seed, r)
		}
	}
	if diff := cmp.Diff(before, c.state()); diff != "" {
		t.Errorf("seed %d: a cut file changed something (-before +after):\n%s", seed, diff)
	}
	if r := c.load(whole, 1); r.Held || r.Updated != 20 {
		t.Errorf("the whole file gives %+v", r)
	}
}

// The same where the file has no trailer and whoever sends it says how many rows it has. A cut within the last row alone can leave
// the number of rows right; then the row, which is shorter, must not be believed.
func TestAFileOfDeclaredRowsCutAnywhereChangesNobody(t *testing.T) {
	c := found(t, dbtest.Replay(t), size, "")
	c.apply(strings.Replace(strings.Replace(policyFiles, "BRAKE", "", 1), "    trailer: {starts_with: TOTAL, count_column: 2}\n", "", 1))
	before := c.state()
	changed := with(c.rows, 0, 20, func(r *row) { r.last += "x" })
	whole := strings.TrimSuffix(changed, fmt.Sprintf("TOTAL,%d\n", size))
	last := strings.LastIndex(strings.TrimSuffix(whole, "\n"), "\n") + 1 // where the last row begins
	at := start.Add(time.Hour).Format(time.RFC3339)
	load := func(body string, declared int) *hr.Result {
		t.Helper()
		r, err := c.hr.Sync(t.Context(), db.Operator, hr.Upload{Source: "hr", Name: "people.csv", Effective: at, DeclaredRows: declared, Body: strings.NewReader(body)})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	for i := range 200 {
		cut := rng.IntN(last)
		if r := load(whole[:cut], size); !r.Held {
			t.Fatalf("cut %d, at byte %d of %d (seed %d), was not held: %+v", i, cut, len(whole), seed, r)
		}
	}
	if diff := cmp.Diff(before, c.state()); diff != "" {
		t.Errorf("seed %d: a cut file changed something (-before +after):\n%s", seed, diff)
	}
	// The control: when nobody says how many rows there are, a file that lost its last ten is taken for what it is.
	short := strings.Join(strings.SplitAfter(whole, "\n")[:size-9], "")
	if r := load(short, size); !r.Held || !strings.Contains(r.Reason, "1000") {
		t.Errorf("ten rows fewer than declared: %+v", r)
	}
	if r := load(short, 0); r.Held || r.Leavers != 10 {
		t.Errorf("the control without a declared count: %+v", r)
	}
	if r := load(whole, size); r.Held || r.Returns != 10 {
		t.Errorf("the whole file gives %+v", r)
	}
}

func TestWhatStaysUnderTheLimitRuns(t *testing.T) {
	c := found(t, dbtest.Replay(t), size, "")
	if r := c.load(with(c.rows, 0, 199, func(r *row) { r.department = "Post" }), 1); r.Held || r.Movers != 199 {
		t.Errorf("19.9 %% movers: %+v", r)
	}
	if r := c.load(gone(c.rows, 300, 49), 30); r.Held || r.Leavers != 49 {
		t.Errorf("4.9 %% leavers: %+v", r)
	}
	if n := c.left(); n != 49 {
		t.Errorf("%d people left, want 49", n)
	}
}

func TestManySmallFilesOfADayAreWeighedTogether(t *testing.T) {
	c := found(t, dbtest.Replay(t), size, "")
	for i := 1; i <= 10; i++ {
		r := c.load(gone(c.rows, 100, 49*i), 30+i) // a day after the first load
		if r.Held != (i > 1) {
			t.Errorf("file %d of the day: %+v", i, r)
		}
		if i == 2 && !strings.Contains(r.Reason, "98 leavers of 1000 people reach the limit of 50") || i > 1 && !strings.Contains(r.Reason, "49 of them within the last 24 hours") {
			t.Errorf("file %d of the day is held because %q", i, r.Reason)
		}
	}
	if n := c.left(); n != 49 {
		t.Errorf("%d people left on the day, want 49", n)
	}
	if r := c.load(gone(c.rows, 100, 95), 56); r.Held || r.Leavers != 46 { // 951 people are left: the limit is 48
		t.Errorf("a day later: %+v", r)
	}

	free := found(t, dbtest.Replay(t), size, "leavers_count: 9999, rows_percent: 101")
	for i := 1; i <= 10; i++ {
		free.load(gone(free.rows, 100, 49*i), i)
	}
	if n := free.left(); n != 490 {
		t.Errorf("the control without the brake: %d people left, want 490", n)
	}
}

func TestFewerRowsAreHeldThoughNobodyLeaves(t *testing.T) {
	c := found(t, dbtest.Replay(t), size, "leavers_count: 9999")
	if r := c.load(with(c.rows, 0, 120, func(r *row) { r.ends = "2024-02-28" }), 1); r.Held || r.Leavers != 120 {
		t.Fatalf("%+v", r)
	}
	before := c.state()
	r := c.load(gone(c.rows, 0, 100), 48)
	if !r.Held || !strings.Contains(r.Reason, "the file has 900 rows and the last good one had 1000") || r.Leavers != 0 {
		t.Errorf("100 rows fewer: %+v", r)
	}
	if diff := cmp.Diff(before, c.state()); diff != "" {
		t.Error(diff)
	}
	if r := c.load(text(c.rows[99:]), 49); r.Held { // 99 rows fewer
		t.Errorf("99 rows fewer: %+v", r)
	}
}

func TestBadRowsStandAsideAndStopNobody(t *testing.T) {
	c := found(t, dbtest.Replay(t), size, "")
	rows := clone(c.rows)
	again := *rows[10]
	again.department = "Elsewhere"
	rows = append(rows, &again) // line 1002 and line 12 have one number
	rows[20].first, rows[20].last, rows[20].birth = "Somebody", "Else", "1999-09-09"
	rows[30].begins = "2023-02-29"
	rows[31].begins = "2024-02-29"
	rows[40].birth = "0000-00-00"
	rows[41].begins = "0000-00-00"
	rows[50].manager = rows[50].number
	rows[60].manager, rows[61].manager = rows[61].number, rows[60].number
	for i := range 50 {
		rows[200+i].manager = rows[200+(i+1)%50].number
	}
	rows[999].department = "Post"
	r := c.load(text(rows), 1)
	if r.Held || r.Movers != 1 || r.Leavers != 0 || r.Joiners != 0 {
		t.Fatalf("%+v", r)
	}
	got := map[string]string{}
	circle := 0
	for _, x := range r.Rejected {
		if x.Row >= 202 && x.Row < 252 && x.Field == "manager" && strings.Contains(x.Rule, "circle") && strings.Contains(x.Rule, "(50 people)") {
			circle++
			continue
		}
		got[fmt.Sprintf("%d %s", x.Row, x.Field)] = x.Rule
	}
	want := map[string]string{
		"12 number":     "number 10010 is also in row 1002",
		"1002 number":   "number 10010 is also in row 12",
		"22 number":     "number 10020 belongs to " + c.rows[20].first + " " + c.rows[20].last + "; this row looks like another person (two of first name, birth or hire date and last name differ)",
		"32 first_day":  `"2023-02-29" does not exist: 2023 is no leap year (dates are read as YYYY-MM-DD)`,
		"42 birth_date": `the date is no date; if it stands for "no date", list it in null_values`, // what is personal is not repeated
		"43 first_day":  `"0000-00-00" is no date; if it stands for "no date", list it in null_values`,
		"52 manager":    "the managers form a circle: 10050 > 10050",
	}
	for _, line := range []string{"62 manager", "63 manager"} { // where the circle is said to begin does not matter
		if s := got[line]; s != "the managers form a circle: 10060 > 10061 > 10060" && s != "the managers form a circle: 10061 > 10060 > 10061" {
			t.Errorf("line %s: %q", line, s)
		}
		delete(got, line)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what was set aside (-want +got):\n%s", diff)
	}
	if circle != 50 {
		t.Errorf("%d people of the circle of 50 were told", circle)
	}
	if n := c.number(`select count(*) from quarantine where snapshot_id = $1`, r.Run); n != len(r.Rejected) || n != 59 {
		t.Errorf("%d rows stand in quarantine, %d were answered, want 59", n, len(r.Rejected))
	}
	if n := c.number(`select count(*) from identity where state = 'active' and kind = 'person'`); n != size {
		t.Errorf("%d people are active, want all %d", n, size)
	}
	if n := c.number(`select count(*) from identity where name = 'Somebody Else'`) + c.number(`select count(*) from employment_version where attrs->>'department' = 'Elsewhere'`); n != 0 {
		t.Error("a row that was set aside was taken")
	}
	if n := c.number(`select count(*) from employment_version where known_to = 'infinity' and manager_id = identity_id`); n != 0 {
		t.Errorf("%d people are their own managers", n)
	}
	if n := c.number(`select count(*) from employment_version where known_to = 'infinity' and first_day = '2024-02-29'`); n != 1 {
		t.Errorf("29 February 2024 was believed %d times, want once", n)
	}
}

func TestTheSameFileTwiceWritesNothing(t *testing.T) {
	c := found(t, dbtest.Replay(t), size, "")
	body := with(c.rows, 0, 50, func(r *row) { r.department = "Post" })
	if r := c.load(body, 1); r.Movers == 0 {
		t.Fatalf("%+v", r)
	}
	before, events := c.state(), c.number(`select count(*) from event where kind not like 'hr.%'`)
	for _, hour := range []int{1, 2} {
		if r := c.load(body, hour); r.Held || r.Unchanged != size || r.Joiners+r.Movers+r.Leavers+r.Returns+r.Updated != 0 {
			t.Errorf("the same file again: %+v", r)
		}
	}
	if diff := cmp.Diff(before, c.state()); diff != "" {
		t.Errorf("the same file wrote something (-before +after):\n%s", diff)
	}
	if n := c.number(`select count(*) from event where kind not like 'hr.%'`); n != events {
		t.Errorf("%d events more", n-events)
	}
}

func TestAnOlderFileAfterANewerOneIsRefused(t *testing.T) {
	c := found(t, dbtest.Replay(t), 50, "")
	c.load(with(c.rows, 0, 2, func(r *row) { r.department = "Post" }), 48)
	before := c.state()
	for _, effective := range []string{"2024-03-02", start.Format(time.RFC3339), start.Add(47 * time.Hour).Format(time.RFC3339)} {
		if _, err := c.sync(db.Operator, text(c.rows), effective); err == nil || !strings.Contains(err.Error(), "a newer reading of hr is applied already") {
			t.Errorf("effective %s: %v", effective, err)
		}
	}
	if diff := cmp.Diff(before, c.state()); diff != "" {
		t.Error(diff)
	}
	live := found(t, dbtest.New(t), 20, "")
	if _, err := live.sync(db.Operator, text(live.rows), time.Now().AddDate(0, 0, 2).Format(time.DateOnly)); err == nil || !strings.Contains(err.Error(), "is in the future") {
		t.Errorf("a future file in a live database: %v", err)
	}
}
