package change_test

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tenure/internal/catalog"
	"tenure/internal/change"
	"tenure/internal/hr"
	"tenure/internal/policy"
)

const page = "../../docs/reference/policy-files.md"

// The examples of the reference page are read as they stand there.
func TestReferenceExamplesAreRight(t *testing.T) {
	body, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var examples []string
	for i, block := range strings.Split(string(body), "```") {
		if text, ok := strings.CutPrefix(block, "yaml\n"); ok && i%2 == 1 {
			examples = append(examples, text)
		}
	}
	f, err := change.Read(folder(t, "page.yaml", strings.Join(examples, "---\n")))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Sources) != 1 || len(f.Applications) != 1 || len(f.Roles) != 2 || len(f.Rules) != 2 || len(f.Offers) != 2 || len(f.Approvals) != 2 || len(f.Tests) != 1 {
		t.Errorf("an example per kind, two of roles, rules, offers and approval rules: %d, %d, %d, %d", len(f.Roles), len(f.Rules), len(f.Offers), len(f.Approvals))
	}
}

func TestHowToExampleIsRight(t *testing.T) {
	body, err := os.ReadFile("../../docs/how-to/policy-as-code.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(body), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	if f, err := change.Read(folder(t, "how_test.yaml", example)); err != nil || len(f.Tests) != 1 {
		t.Error(err)
	}
}

// The reference page names every field, and every attribute that is always there.
func TestReferenceIsWhole(t *testing.T) {
	body, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(body)
	var walk func(reflect.Type)
	walk = func(ty reflect.Type) {
		for i := range ty.NumField() {
			f := ty.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			group := f.Type.Kind() == reflect.Struct && name != "file" // its fields stand as group.field
			if !group && !strings.Contains(text, "`"+name+"`") && !strings.Contains(text, "."+name+"`") {
				t.Errorf("%s: the field %s is missing", ty.Name(), name)
			}
			inner := f.Type
			if inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct && name != "file" { // its fields are on a page of their own
				walk(inner)
			}
		}
	}
	for _, v := range []any{hr.Spec{}, catalog.ApplicationSpec{}, policy.RoleSpec{}, policy.RuleSpec{}, policy.DutySpec{}, policy.SoDSpec{}, policy.OfferSpec{},
		policy.ApprovalSpec{}, change.TestSpec{}} {
		walk(reflect.TypeOf(v))
	}
	for _, name := range append(append(slices.Clone(policy.RequestNames), policy.StepKinds...), policy.Fallbacks...) {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("%s is missing", name)
		}
	}
	for _, a := range policy.StandardAttributes {
		if !strings.Contains(text, "`"+a+"`") {
			t.Errorf("the attribute %s is missing", a)
		}
	}
}
