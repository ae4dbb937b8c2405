package hr_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/app"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/hr"
)

// staff is a source whose people name their managers in one of the three ways, in full files or in deltas.
func staff(t *testing.T, by, mode string) *company {
	t.Helper()
	c := &company{t: t, db: dbtest.Replay(t)}
	c.hr = app.NewHR(c.db)
	more := "manager_by: " + by + ", mode: " + mode
	if by == "name" {
		more += ", name_format: first last"
	}
	c.apply(`kind: HRSource
name: hr
spec:
  type: file
  brake: {leavers_count: 99, movers_count: 99, rows_percent: 101}
  file: {dates: YYYY-MM-DD, ` + more + `, columns: {number: number, first_name: first, last_name: last, email: email, first_day: begins, manager: manager, title: title, last_day: ends}}
`)
	return c
}

const staffHeader = "number,first,last,email,begins,manager,title,ends\n"

// managers gives everybody who is believed to have one, as "report < manager".
func (c *company) managers() string {
	c.t.Helper()
	var s string
	if err := c.db.Pool.QueryRow(c.t.Context(), `select coalesce(string_agg(i.number || ' < ' || m.number, ', ' order by i.number), '')
		from employment_version v join identity i on i.id = v.identity_id join identity m on m.id = v.manager_id
		where v.known_to = 'infinity' and v.valid_to = 'infinity'`).Scan(&s); err != nil {
		c.t.Fatal(err)
	}
	return s
}

func TestAManagerWhoComesLaterIsFound(t *testing.T) {
	for _, x := range []struct{ by, mode, ref string }{
		{"email", "delta", "BOSS@example.com"}, {"email", "full", "boss@example.com"}, {"name", "delta", "Bo Ss"}, {"name", "full", "bo ss"},
		{"number", "delta", "9"}, {"number", "full", "9"},
	} {
		t.Run(x.by+" "+x.mode, func(t *testing.T) {
			c := staff(t, x.by, x.mode)
			report := "1,Ana,Ruiz,ana@example.com,2020-01-01," + x.ref + ",Clerk,\n"
			other := "2,Omar,Diaz,omar@example.com,2020-01-01,,Clerk,\n"
			stray := "3,Jo,Lind,jo@example.com,2020-01-01,nobody@example.com,Clerk,\n"
			boss := "9,Bo,Ss,boss@example.com,2019-01-01,,Lead,\n"
			whole := func(rows ...string) string { return staffHeader + strings.Join(rows, "") }

			if r := c.load(whole(report, other, stray), 0); r.Joiners != 3 || r.Unmanaged != 2 || len(r.Rejected) != 0 {
				t.Fatalf("the report comes first: %+v", r)
			}
			next := whole(boss)
			if x.mode == "full" {
				next = whole(report, other, stray, boss)
			}
			r := c.load(next, 1)
			if r.Joiners != 1 || r.Updated != 1 || r.Unmanaged != 1 || x.mode == "full" && r.Unchanged != 2 {
				t.Errorf("the manager comes: %+v", r)
			}
			if got := c.managers(); got != "1 < 9" {
				t.Errorf("managers %q, want 1 < 9", got)
			}
			var left []hr.Unmanaged
			c.do(db.System, func(tx *db.Tx) error {
				src, err := hr.Find(tx, "hr")
				if err == nil {
					left, err = hr.Unresolved(tx, src, 10)
				}
				return err
			})
			if diff := cmp.Diff([]hr.Unmanaged{{Number: "3", Name: "Jo Lind", Manager: "nobody@example.com"}}, left); diff != "" {
				t.Errorf("who waits (-want +got):\n%s", diff)
			}
			// What was said again changes nothing, and a change of somebody else leaves those who still wait alone.
			before := c.number(`select count(*) from employment_version`)
			if r := c.load(next, 2); r.Updated+r.Joiners != 0 || r.Unmanaged != 1 {
				t.Errorf("the same again: %+v", r)
			}
			if r := c.load(strings.Replace(next, "Lead", "Head", 1), 3); r.Movers != 1 || r.Updated != 0 {
				t.Errorf("the manager's title changes: %+v", r)
			}
			if n := c.number(`select count(*) from employment_version`); n != before+2 {
				t.Errorf("%d rows more for one changed person, want 2", n-before)
			}
			if got := c.managers(); got != "1 < 9" {
				t.Errorf("managers %q at the end", got)
			}
		})
	}
}

// A name that fits several people means nobody, until one of them is called otherwise.
func TestANameOfSeveralPeopleWaits(t *testing.T) {
	c := staff(t, "name", "delta")
	if r := c.load(staffHeader+"1,Ana,Ruiz,a@example.com,2020-01-01,Bo Ss,Clerk,\n", 0); r.Unmanaged != 1 {
		t.Fatalf("%+v", r)
	}
	two := staffHeader
	for _, n := range []int{8, 9} {
		two += fmt.Sprintf("%d,Bo,Ss,bo%d@example.com,2020-01-01,,Lead,\n", n, n)
	}
	if r := c.load(two, 1); r.Joiners != 2 || r.Updated != 0 || r.Unmanaged != 1 || c.managers() != "" {
		t.Fatalf("two of one name: %+v, managers %q", r, c.managers())
	}
	// Stated anew while it is ambiguous, the row holds and says why.
	r := c.load(staffHeader+"1,Ana,Ruiz,a@example.com,2020-01-01,Bo Ss,Senior Clerk,\n", 2)
	if r.Movers != 1 || len(r.Rejected) != 1 || !strings.Contains(r.Rejected[0].Rule, "fits 2 people") || r.Unmanaged != 1 {
		t.Errorf("ambiguous: %+v", r)
	}
	if r := c.load(staffHeader+"8,Bo,Other,bo8@example.com,2020-01-01,,Lead,\n", 3); r.Unmanaged != 0 || c.managers() != "1 < 9" {
		t.Errorf("one is renamed: %+v, managers %q", r, c.managers())
	}
}

// References that would close a circle wait as well, and are not written again with every reading.
func TestACircleThatComesLaterIsNotMade(t *testing.T) {
	c := staff(t, "email", "delta")
	c.load(staffHeader+"1,Ana,Ruiz,ana@example.com,2020-01-01,boss@example.com,Clerk,\n", 0)
	c.load(staffHeader+"9,Bo,Ss,boss@example.com,2020-01-01,ana@example.com,Lead,\n", 1)
	if got := c.managers(); got != "" {
		t.Fatalf("managers %q", got)
	}
	before := c.number(`select count(*) from employment_version`)
	if r := c.load(staffHeader+"5,Eva,Alm,eva@example.com,2020-01-01,,Clerk,\n", 2); r.Joiners != 1 || r.Updated != 0 || r.Unmanaged != 2 {
		t.Errorf("%+v", r)
	}
	if n := c.number(`select count(*) from employment_version`); n != before+1 {
		t.Errorf("%d versions more for one joiner", n-before)
	}
}
