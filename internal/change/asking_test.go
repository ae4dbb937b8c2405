package change_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
)

const offered = `kind: Offer
name: customers
spec:
  title: Customers
  tasks:
  - Look up a customer
  levels:
  - name: read
    entitlements:
    - crm/staff
  - name: lead
    title: Lead a team
    role: Lead
  for: grade != "X"
  longest_days: 60
  activate:
    for: grade == "L"
    hours: 2
`

const ruled = `kind: ApprovalRule
name: rest
spec:
  order: 9
  when: "true"
  steps:
  - by: manager
    hours: 8
  - by: group
    group: portal:it
    quorum: 2
    beside: true
`

// What is offered and who decides is read, written out as it was declared, compared field by field, and taken back.
func TestOffersAndApprovalRulesAsDocuments(t *testing.T) {
	d := dbtest.New(t)
	plan, err := run(t, d, files+"---\n"+offered+"---\n"+ruled, deps(0), nil)
	if err != nil || !strings.HasSuffix(names(plan), "added BirthrightRule leads, added Offer customers, added ApprovalRule rest") {
		t.Fatalf("%v, %s", err, names(plan))
	}
	var text string
	err = d.Do(t.Context(), db.Operator, func(tx *db.Tx) (err error) {
		for kind, want := range map[string]string{"Offer customers": offered, "ApprovalRule rest": ruled} {
			kind, name, _ := strings.Cut(kind, " ")
			got, err := change.Document(tx, kind, name)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v: declared - written +\n%s", err, diff)
			}
		}
		text, err = change.Export(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = strings.Cut(text, "---\nkind: Application") // the sources of these tests are no documents
	if plan, err := run(t, d, "kind: Application"+text, deps(0), nil); err != nil || len(plan.Changes) != 0 {
		t.Errorf("written out and applied: %v, %s", err, names(plan))
	}

	second := strings.Replace(offered, "role: Lead", "entitlements: [crm/lead]", 1) + "---\n" + strings.Replace(ruled, "quorum: 2", "quorum: 3", 1)
	plan, err = run(t, d, second, deps(0), nil)
	want := []change.ObjectChange{
		{Kind: "Offer", Name: "customers", What: "changed", Fields: []change.FieldChange{
			{Field: "levels[lead].entitlements", To: []any{"crm/lead"}}, {Field: "levels[lead].role", From: "Lead"}}},
		{Kind: "ApprovalRule", Name: "rest", What: "changed", Fields: []change.FieldChange{{Field: "steps",
			From: []any{map[string]any{"by": "manager", "hours": 8.0}, map[string]any{"by": "group", "group": "portal:it", "quorum": 2.0, "beside": true}},
			To:   []any{map[string]any{"by": "manager", "hours": 8.0}, map[string]any{"by": "group", "group": "portal:it", "quorum": 3.0, "beside": true}}}}},
	}
	if diff := cmp.Diff(want, plan.Changes); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	err = d.Do(t.Context(), db.Operator, func(tx *db.Tx) error {
		h, err := change.HistoryOf(tx, count(t, d, `select id from policy_object where kind = 'offer'`))
		if err != nil {
			return err
		}
		if h.Kind != "Offer" || h.Title != "Customers" || len(h.Versions) != 2 {
			t.Errorf("%+v", h)
		}
		back, err := h.Back(1)
		if diff := cmp.Diff(offered, back.Body); diff != "" {
			t.Error(diff)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	plan, err = run(t, d, "kind: Offer\nname: customers\nends: true\n---\nkind: ApprovalRule\nname: rest\nends: true\n", deps(0), nil)
	if err != nil || names(plan) != "removed Offer customers, removed ApprovalRule rest" {
		t.Errorf("%v, %s", err, names(plan))
	}
}

// What is wrong is told with the line on which it stands.
func TestMistakesInOffersHaveTheirLines(t *testing.T) {
	d := dbtest.New(t)
	body := files + "---\n" + strings.NewReplacer("role: Lead", "role: Leed", "hours: 2", "hours: 25").Replace(offered) + "---\n" + strings.Replace(ruled, "portal:it", "portal:everybody", 1)
	_, err := run(t, d, body, deps(0), nil)
	at := func(text string) string {
		for i, line := range strings.Split(body, "\n") {
			if strings.Contains(line, text) {
				return "all.yaml:" + strconv.Itoa(i+1) + ": "
			}
		}
		t.Fatalf("%s does not stand there", text)
		return ""
	}
	for _, want := range []string{at("role: Leed") + `Offer customers: spec.levels[1].role: there is no role "Leed"`, at("hours: 25") + "Offer customers: spec.activate.hours: is 25",
		at("portal:everybody") + `ApprovalRule rest: spec.steps[1].group: is "portal:everybody"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing says %s in\n%v", want, err)
		}
	}
	if _, err := change.ReadText("kind: Offer\nname: x\nspec:\n  levels: [{nme: a}]\n"); err == nil || !strings.Contains(err.Error(), "line 4: Offer x: spec.levels[0].nme: is not a field here") {
		t.Error(err)
	}
}
