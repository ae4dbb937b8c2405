package change_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/evidence"
)

// tidyFiles are a policy about which there is nothing to say, for the people of staffed.
const tidyFiles = `kind: Application
name: crm
spec:
  connector: box
  config: {url: "https://crm.example"}
  owner: "1"
  entitlements:
    - {name: staff}
    - {name: lead, privileged: true}
    - {name: pay}
    - {name: enter}
    - {name: rare}
---
kind: Role
name: Base
spec:
  owner: "1"
  entitlements: [crm/staff]
---
kind: Role
name: Lead
spec:
  owner: "1"
  entitlements: [crm/lead]
  roles: [Base]
---
kind: BirthrightRule
name: leads
spec:
  when: department == "A"
  roles: [Lead]
---
kind: BirthrightRule
name: payers
spec:
  when: department == "B"
  entitlements: [crm/pay]
---
kind: BirthrightRule
name: enterers
spec:
  when: department == "C"
  entitlements: [crm/enter]
---
kind: Duty
name: Pay
spec:
  entitlements: [crm/pay]
---
kind: Duty
name: Enter
spec:
  entitlements: [crm/enter]
---
kind: SoDRule
name: Enter and pay
spec:
  owner: "1"
  duties: [Pay, Enter]
  when: department != "Z"
`

// staffed is a database with four people: 1 to 3 work in the departments A to C, 4 left.
func staffed(t *testing.T) *db.DB {
	t.Helper()
	d := dbtest.New(t)
	staff(t, d)
	return d
}

func staff(t *testing.T, d *db.DB) {
	t.Helper()
	err := d.Do(t.Context(), db.System, func(tx *db.Tx) error {
		tx.Record(evidence.Event{Kind: "test.people", Touches: evidence.Touches{"identity": 4, "employment_version": 4}})
		if _, err := tx.Exec(`insert into identity (state, since, name, number, key_id) select case when i = 4 then 'left' else 'active' end, $1, 'p' || i, i::text, 0 from generate_series(1, 4) i`, time.Now()); err != nil {
			return err
		}
		_, err := tx.Exec(`insert into employment_version (employment_id, identity_id, status, first_day, zone, starts_at, ends_at, attrs, valid_from, known_from)
			select i.id, i.id, 'active', '2020-01-01', 'UTC', '2020-01-01', case i.state when 'left' then '2021-01-01'::timestamptz else 'infinity' end,
				jsonb_build_object('department', chr(64 + i.number::int)), '2020-01-01', now() from identity i`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// found lints a text, or what holds where it is "", and gives each finding in one line with the line of the file that it points at.
func found(t *testing.T, d *db.DB, text string, first func(*db.Tx) error) []string {
	t.Helper()
	var files *change.Files
	var lines []string
	if text != "" {
		var err error
		dir := folder(t, "all.yaml", text)
		if files, err = change.Read(dir); err != nil {
			t.Fatal(err)
		}
		body, _ := os.ReadFile(dir + "/all.yaml")
		lines = strings.Split(string(body), "\n")
	}
	var all []change.Finding
	err := d.Do(t.Context(), db.System, func(tx *db.Tx) (err error) {
		if first != nil {
			if err := first(tx); err != nil {
				return err
			}
		}
		if all, err = change.Lint(tx, files, deps(0)); err == nil && first != nil {
			err = db.ErrRollback // else what Lint left would stay
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, f := range all {
		line := fmt.Sprintf("%s %s: %s %s", f.Severity, f.Check, f.Kind, f.Name)
		if f.Line > 0 {
			line += " @ " + strings.TrimSpace(lines[f.Line-1])
		}
		out = append(out, line)
	}
	return out
}

func TestLintFindsWhatIsWrong(t *testing.T) {
	d := staffed(t)
	const also = "---\nkind: Role\nname: Both\nspec:\n  owner: \"1\"\n  entitlements: [crm/pay, crm/enter]\n"
	const outer = "---\nkind: Role\nname: Outer\nspec: {owner: \"1\", roles: [Both]}\n"
	const gives = "---\nkind: BirthrightRule\nname: gives\nspec:\n  when: department == \"A\"\n  roles: [%s]\n"
	for what, c := range map[string]struct {
		from, to string // in the files; more is added at the end where from is ""
		want     []string
	}{
		"nothing": {"", "", []string{}},
		"a role without owner": {"  owner: \"1\"\n  entitlements: [crm/lead]", "  entitlements: [crm/lead]",
			[]string{"error invalid: Role Lead @ entitlements: [crm/lead]"}},
		"a role that is retired": {"  owner: \"1\"\n  entitlements: [crm/lead]", "  state: retired\n  entitlements: [crm/lead]",
			[]string{"warning role-idle: Role Lead @ state: retired"}},
		"a role of somebody who left":         {"  owner: \"1\"\n  entitlements: [crm/lead]", "  owner: \"4\"\n  entitlements: [crm/lead]", []string{`error owner-left: Role Lead @ owner: "4"`}},
		"an SoD rule without owner":           {"  owner: \"1\"\n  duties", "  duties", []string{"error unowned: SoDRule Enter and pay @ duties: [Pay, Enter]"}},
		"an SoD rule of somebody who left":    {"  owner: \"1\"\n  duties", "  owner: \"4\"\n  duties", []string{`error owner-left: SoDRule Enter and pay @ owner: "4"`}},
		"an application of somebody who left": {"  owner: \"1\"\n  entitlements:\n", "  owner: \"4\"\n  entitlements:\n", []string{`error owner-left: Application crm @ owner: "4"`}},
		"an entitlement of somebody who left": {"{name: pay}", "{name: pay, owner: \"4\"}", []string{`error owner-left: Application crm @ - {name: pay, owner: "4"}`}},
		"an application without owner": {"  owner: \"1\"\n  entitlements:\n", "  entitlements:\n",
			[]string{"warning unowned: Application crm @ connector: box", "error unowned: Application crm @ - {name: lead, privileged: true}"}},
		"a privileged entitlement with an owner": {"  owner: \"1\"\n  entitlements:\n    - {name: staff}\n    - {name: lead, ", "  entitlements:\n    - {name: staff}\n    - {name: lead, owner: \"2\", ",
			[]string{"warning unowned: Application crm @ connector: box"}},
		"roles that nobody gets":    {"roles: [Lead]", "entitlements: [crm/lead]", []string{"warning role-unused: Role Base @ kind: Role", "warning role-unused: Role Lead @ kind: Role"}},
		"a role that gives nothing": {"[crm/staff]", "[]", []string{"warning role-empty: Role Base @ entitlements: []"}},
		"a role that contains itself": {"  entitlements: [crm/staff]", "  entitlements: [crm/staff]\n  roles: [Lead]",
			[]string{"error invalid: Role Base @ roles: [Lead]"}},
		"names that are not there":     {"[crm/pay]\n---\nkind: Duty\nname: Enter", "[crm/play]\n---\nkind: Duty\nname: Enter", []string{"error invalid: Duty Pay @ entitlements: [crm/play]"}},
		"a rule for nobody":            {`department == "A"`, `department == "Q"`, []string{`warning rule-nobody: BirthrightRule leads @ when: department == "Q"`}},
		"a rule for somebody who left": {`department == "A"`, `department == "D"`, []string{`warning rule-nobody: BirthrightRule leads @ when: department == "D"`}},
		"a rule for nobody, ever":      {`department == "A"`, `department == "A" && department == "B"`, []string{`error rule-never: BirthrightRule leads @ when: department == "A" && department == "B"`}},
		"a rule that adds nothing": {"", "---\nkind: BirthrightRule\nname: all\nspec: {when: 'department < \"C\"', entitlements: [crm/pay, crm/rare]}\n",
			[]string{"warning rule-shadowed: BirthrightRule payers @ kind: BirthrightRule"}},
		"a rule that adds nothing for some": {"", "---\nkind: BirthrightRule\nname: all\nspec: {when: 'department == \"A\"', entitlements: [crm/pay, crm/rare]}\n", []string{}},
		"an SoD rule for nobody":            {`department != "Z"`, `department == "Z"`, []string{`warning scope-empty: SoDRule Enter and pay @ when: department == "Z"`}},
		"an SoD rule for nobody, ever":      {`department != "Z"`, `department == "Z" && department != "Z"`, []string{`error scope-never: SoDRule Enter and pay @ when: department == "Z" && department != "Z"`}},
		"a duty of no rule":                 {"", "---\nkind: Duty\nname: Idle\nspec: {entitlements: [crm/pay]}\n", []string{"warning duty-unused: Duty Idle @ kind: Duty"}},
		"a duty for which nobody has the means": {"entitlements: [crm/enter]\n---\nkind: SoDRule", "entitlements: [crm/rare]\n---\nkind: SoDRule",
			[]string{"warning duty-unreachable: Duty Enter @ entitlements: [crm/rare]"}},
		"a duty with one of two means": {"entitlements: [crm/enter]\n---\nkind: SoDRule", "entitlements: [crm/enter, crm/rare]\n---\nkind: SoDRule", []string{}},
		"a duty that needs two and has one": {"entitlements: [crm/enter]\n---\nkind: SoDRule", "entitlements: [crm/enter, crm/rare]\n  needs: all\n---\nkind: SoDRule",
			[]string{"warning duty-unreachable: Duty Enter @ entitlements: [crm/enter, crm/rare]"}},
		"an entitlement in two duties": {"[crm/enter]\n---\nkind: SoDRule", "[crm/enter, crm/pay]\n---\nkind: SoDRule",
			[]string{"error breaks-sod: BirthrightRule payers @ entitlements: [crm/pay]", "error duties-overlap: SoDRule Enter and pay @ duties: [Pay, Enter]"}},
		"an entitlement in two duties of three": {"  duties: [Pay, Enter]", "  duties: [Pay, Enter, Third]\n---\nkind: Duty\nname: Third\nspec:\n  entitlements: [crm/pay, crm/lead]",
			nil}, // below: `when` moves to the duty
		"a role that breaks a rule":               {"", also + fmt.Sprintf(gives, "Both"), []string{"error breaks-sod: Role Both @ entitlements: [crm/pay, crm/enter]"}},
		"a role within a role that breaks a rule": {"", also + outer + fmt.Sprintf(gives, "Outer"), []string{"error breaks-sod: Role Both @ entitlements: [crm/pay, crm/enter]"}},
		"roles that break a rule together": {"", strings.ReplaceAll(also, ", crm/enter", "") + strings.ReplaceAll(strings.ReplaceAll(also, "crm/pay, ", ""), "Both", "Other") + fmt.Sprintf(gives, "Both, Other"),
			[]string{"error breaks-sod: BirthrightRule gives @ roles: [Both, Other]"}},
		"a rule that breaks one": {"entitlements: [crm/pay]\n---\nkind: BirthrightRule", "entitlements: [crm/pay, crm/enter]\n---\nkind: BirthrightRule", []string{"error breaks-sod: BirthrightRule payers @ entitlements: [crm/pay, crm/enter]"}},
		"a rule that breaks one for nobody": {`  when: department != "Z"`, `  when: department == "A"` + "\n---\nkind: BirthrightRule\nname: two\nspec: {when: 'department == \"B\"', entitlements: [crm/pay, crm/enter, crm/rare]}",
			[]string{"warning rule-shadowed: BirthrightRule payers @ kind: BirthrightRule"}},
		"a rule that breaks one that records": {`  when: department != "Z"`, "  reaction: record\n---\nkind: BirthrightRule\nname: two\nspec:\n  when: department == \"A\"\n  entitlements: [crm/pay, crm/enter]",
			[]string{"warning breaks-sod: BirthrightRule two @ entitlements: [crm/pay, crm/enter]"}},
	} {
		if c.want == nil {
			c.from, c.to = c.from+"\n  when: department != \"Z\"\n", c.to+"\n"
			c.want = []string{"warning duties-overlap: SoDRule Enter and pay @ duties: [Pay, Enter, Third]"}
		}
		text := tidyFiles
		if c.from != "" {
			if strings.Count(text, c.from) != 1 {
				t.Fatalf("%s: %q stands %d times in the files", what, c.from, strings.Count(text, c.from))
			}
			text = strings.Replace(text, c.from, c.to, 1)
		} else {
			text += c.to
		}
		if diff := cmp.Diff(c.want, found(t, d, text, nil)); diff != "" {
			t.Errorf("%s: expected - got +\n%s", what, diff)
		}
	}
	if n := count(t, d, `select (select count(*) from policy_version) + (select count(*) from application)`); n != 0 {
		t.Errorf("looking left %d rows", n)
	}
}

// asked adds an offer and an approval rule about which there is nothing to say to tidyFiles.
const asked = tidyFiles + `---
kind: Offer
name: pay
spec:
  levels:
    - {name: some, entitlements: [crm/pay]}
    - {name: more, role: Lead}
  for: department == "A"
---
kind: ApprovalRule
name: first
spec:
  order: 1
  when: request["risk"] == "low"
  automatic: true
---
kind: ApprovalRule
name: second
spec:
  order: 2
  when: "true"
  steps:
    - by: manager
    - {by: owner, beside: true}
    - {by: group, group: Lead, quorum: 1}
`

func TestLintFindsWhatIsWrongWithAsking(t *testing.T) {
	d := staffed(t)
	lead := func(tx *db.Tx) error { // so that the role has a member
		_, err := tx.Exec(`insert into reason (identity_id, entitlement_id, kind, ref, via, valid_from, known_from)
			select i.id, 1, 'birthright', 1, o.id, $1, $1 from identity i, policy_object o where i.number = '1' and o.kind = 'role' and o.name = 'Lead'`, time.Now().AddDate(0, 0, -1))
		return err
	}
	nobody := "error approver-unreachable: ApprovalRule second @ - {by: group, group: Lead, quorum: 1}"
	for what, c := range map[string]struct {
		from, to string
		want     []string
	}{
		"nothing":                       {"", "", []string{}},
		"a level of a retired role":     {"kind: BirthrightRule\nname: leads", "kind: Role\nname: Old\nspec: {state: retired, entitlements: [crm/lead]}\n---\nkind: BirthrightRule\nname: leads", nil},
		"an offer for nobody":           {`for: department == "A"`, `for: department == "Q"`, []string{`warning offer-nobody: Offer pay @ for: department == "Q"`}},
		"an offer for nobody, ever":     {`for: department == "A"`, `for: department == "A" && department == "B"`, []string{`error offer-never: Offer pay @ for: department == "A" && department == "B"`}},
		"an offer of somebody who left": {`for: department == "A"`, `owner: "4"`, []string{`error owner-left: Offer pay @ owner: "4"`}},
		"a level that breaks a rule":    {"entitlements: [crm/pay]}", "entitlements: [crm/pay, crm/enter]}", []string{"error breaks-sod: Offer pay @ - {name: some, entitlements: [crm/pay, crm/enter]}"}},
		"a rule after everything":       {"order: 2\n", "order: 0\n", []string{"error approval-never: ApprovalRule first @ order: 1"}},
		"a rule that can hold for nothing": {`when: request["risk"] == "low"`, `when: country == "ES" && country == "PT" && request["risk"] == ""`,
			[]string{`error approval-never: ApprovalRule first @ when: country == "ES" && country == "PT" && request["risk"] == ""`}},
		"two rules of one order":           {"order: 2\n", "order: 1\n", []string{"warning approval-order: ApprovalRule second @ order: 1"}},
		"what is granted by itself":        {`when: request["risk"] == "low"`, `when: request["days"] <= "030"`, []string{`warning approval-automatic: ApprovalRule first @ when: request["days"] <= "030"`}},
		"what is granted where privileged": {`when: request["risk"] == "low"`, `when: request["privileged"] == ""`, []string{}},
		"a quorum nobody can reach":        {"quorum: 1", "quorum: 2", []string{"error approval-quorum: ApprovalRule second @ - {by: group, group: Lead, quorum: 2}"}},
		"a group without members":          {"group: Lead", "group: Base", []string{strings.Replace(nobody, "Lead", "Base", 1)}},
		"a portal role that nobody has":    {"group: Lead", `group: "portal:it"`, []string{strings.Replace(nobody, "Lead", `"portal:it"`, 1)}},
		"compliance that is not there":     {"- by: manager", "- by: compliance", []string{"error approver-unreachable: ApprovalRule second @ - by: compliance"}},
		"an application without owner":     {"  owner: \"1\"\n  entitlements:\n    - {name: staff}\n    - {name: lead, ", "  entitlements:\n    - {name: staff}\n    - {name: lead, owner: \"1\", ", []string{"warning unowned: Application crm @ connector: box", "warning approver-unreachable: ApprovalRule second @ - {by: owner, beside: true}"}},
		"and an offer with one":            {"  owner: \"1\"\n  entitlements:\n    - {name: staff}\n    - {name: lead, ", "  entitlements:\n    - {name: staff}\n    - {name: lead, owner: \"1\", ", nil},
		"what can be had by asking only":   {"roles: [Lead]\n", "entitlements: [crm/lead]\n", []string{}},
	} {
		text := asked
		if strings.Count(text, c.from) != 1 && c.from != "" {
			t.Fatalf("%s: %q stands %d times in the files", what, c.from, strings.Count(text, c.from))
		}
		if c.from != "" {
			text = strings.Replace(text, c.from, c.to, 1)
		}
		switch what {
		case "a level of a retired role":
			text, c.want = strings.Replace(text, "role: Lead}", "role: Old}", 1), []string{"error level-idle: Offer pay @ - {name: more, role: Old}"}
		case "and an offer with one":
			text, c.want = strings.Replace(text, `for: department == "A"`, `owner: "1"`, 1), []string{"warning unowned: Application crm @ connector: box"}
		}
		if diff := cmp.Diff(c.want, foundAfter(t, d, text, lead)); diff != "" {
			t.Errorf("%s: expected - got +\n%s", what, diff)
		}
	}
}

// foundAfter lints a text where it is applied already and something else has happened since.
func foundAfter(t *testing.T, d *db.DB, text string, then func(*db.Tx) error) []string {
	t.Helper()
	f, err := change.ReadText(text)
	if err != nil {
		t.Fatal(err)
	}
	return found(t, d, text, func(tx *db.Tx) error {
		if _, err := change.Apply(tx, f, deps(0)); err != nil {
			return err
		}
		return then(tx)
	})
}

// What was declared before there was anybody to name has no owner still.
func TestLintFindsRolesWithoutOwner(t *testing.T) {
	d := dbtest.New(t)
	text := strings.Replace(strings.ReplaceAll(asked, "  owner: \"1\"\n", ""), "- by: manager", "- by: role_owner", 1)
	if _, err := run(t, d, text, deps(0), nil); err != nil {
		t.Fatal(err)
	}
	staff(t, d)
	want := []string{"warning unowned: Application crm", "error unowned: Application crm", "error unowned: Role Base", "error unowned: Role Lead", "error unowned: SoDRule Enter and pay",
		"warning approver-unreachable: ApprovalRule second", "warning approver-unreachable: ApprovalRule second", "error approver-unreachable: ApprovalRule second"}
	got := slices.DeleteFunc(found(t, d, "", nil), func(line string) bool {
		return !strings.Contains(line, "unowned") && !strings.Contains(line, "unreachable: A")
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("expected - got +\n%s", diff)
	}
}

// What holds is looked at without files, and what is true of people and targets counts.
func TestLintLooksAtWhatHolds(t *testing.T) {
	d := staffed(t)
	if got := found(t, d, "", nil); len(got) != 0 {
		t.Errorf("an empty policy: %v", got)
	}
	body := strings.Replace(strings.Replace(tidyFiles, "entitlements: [crm/enter]\n---\nkind: SoDRule", "entitlements: [crm/rare]\n---\nkind: SoDRule", 1), "roles: [Lead]", "entitlements: [crm/lead]", 1)
	if _, err := run(t, d, body, deps(0), nil); err != nil {
		t.Fatal(err)
	}
	unused := []string{"warning role-unused: Role Base", "warning role-unused: Role Lead"}
	exec := func(sql string) func(*db.Tx) error {
		return func(tx *db.Tx) error { _, err := tx.Exec(sql); return err }
	}
	const seen = `insert into account (application_id, native_id, name) select id, 'a', 'a' from application;
		insert into observed (account_id, entitlement_id, seen_from, seen_to) select a.id, e.id, 1, %s from account a, entitlement e where e.name = 'rare'`
	const reason = `insert into reason (identity_id, entitlement_id, kind, ref, valid_from, valid_to, known_from)
		select i.id, e.id, '%s', 1, now() - interval '2 days', %s, now() from identity i, entitlement e where e.name = 'rare' and i.number = '2'`
	const member = `insert into role_member (role_id, identity_id, reason, valid_from, valid_to, made_by, made_identity)
		select o.id, i.id, 'so', now() - interval '2 days', %s, a.id, b.id from policy_object o, identity i, identity b, (select min(id) id from actor) a where o.name = 'Lead' and i.number = '2' and b.number = '1';`
	for what, c := range map[string]struct {
		first func(*db.Tx) error
		want  []string
	}{
		"as it is":                     {nil, append([]string{}, append(unused, "warning duty-unreachable: Duty Enter")...)},
		"seen in the target":           {exec(fmt.Sprintf(seen, "null")), unused},
		"not seen any more":            {exec(fmt.Sprintf(seen, "2")), append([]string{}, append(unused, "warning duty-unreachable: Duty Enter")...)},
		"assigned":                     {exec(fmt.Sprintf(member+reason, "'infinity'", "assignment", "'infinity'")), []string{}},
		"assigned until yesterday":     {exec(fmt.Sprintf(member+reason, "now() - interval '1 day'", "assignment", "now() - interval '1 day'")), append([]string{}, append(unused, "warning duty-unreachable: Duty Enter")...)},
		"by a rule that was":           {exec(fmt.Sprintf(reason, "birthright", "'infinity'")), append([]string{}, append(unused, "warning duty-unreachable: Duty Enter")...)},
		"the owner leaves":             {exec(`update identity set state = 'left' where number = '1'`), []string{"error owner-left: Application crm", "error owner-left: Role Base", "warning role-unused: Role Base", "error owner-left: Role Lead", "warning role-unused: Role Lead", "warning duty-unreachable: Duty Enter", "error owner-left: SoDRule Enter and pay"}},
		"the owner is terminated":      {exec(`update identity set locked_at = now() where number = '1'`), nil},
		"nobody works here":            {exec(`update employment_version set status = 'rescinded'`), append([]string{}, append(unused, "warning duty-unreachable: Duty Enter")...)},
		"the only clerk is locked out": {exec(`update identity set locked_at = now() where number = '2'`), append([]string{}, unused[0], unused[1], "warning rule-nobody: BirthrightRule payers", "warning duty-unreachable: Duty Enter")},
	} {
		got := found(t, d, "", c.first)
		if c.want == nil { // and leads, whom the rule means no more, is told as well
			if len(got) != 8 || !strings.Contains(strings.Join(got, ","), "error owner-left: Application crm") || !strings.Contains(strings.Join(got, ","), "warning rule-nobody: BirthrightRule leads") {
				t.Errorf("%s: %v", what, got)
			}
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: expected - got +\n%s", what, diff)
		}
	}
}
