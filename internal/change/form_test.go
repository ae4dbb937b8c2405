package change

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tenure/internal/policy"
)

// drawnForm is what somebody may have filled in.
func drawnForm(t *rapid.T, kind, name string) Form {
	text := rapid.SampledFrom([]string{"", "", "Leads", "a: b", "- x", "true", "12", `"`, "'", "#", "é", "null", "~", "[x]", "2026-03-01"})
	f := Form{Kind: kind, Name: name, Values: map[string]FormValue{}}
	for _, field := range FormFields(kind) {
		var v FormValue
		switch field.Ask {
		case AskLine:
			v.Text = text.Draw(t, field.Name)
		case AskText:
			v.Text = strings.TrimSpace(text.Draw(t, field.Name) + rapid.SampledFrom([]string{"", "\n\n  more\n- of it"}).Draw(t, "more"))
		case AskWord:
			v.Text = rapid.SampledFrom(append([]string{""}, field.Words...)).Draw(t, field.Name)
		case AskNumber:
			v.Text = rapid.SampledFrom([]string{"", "2", "0", "-7", "many"}).Draw(t, field.Name)
		case AskList:
			v.List = slices.DeleteFunc(rapid.SliceOfN(text, 0, 4).Draw(t, field.Name), func(s string) bool { return s == "" })
			if len(v.List) == 0 {
				v.List = nil
			}
		case AskCondition:
			if rapid.Bool().Draw(t, "by lines") {
				v.Lines = &policy.Lines{}
				for range rapid.IntRange(0, 3).Draw(t, "lines") {
					v.Lines.All = append(v.Lines.All, policy.Line{Attribute: rapid.SampledFrom([]string{"department", "Cost Code"}).Draw(t, "attribute"), Is: "is", Values: []string{text.Draw(t, "value")}})
				}
				v.Lines.Any = len(v.Lines.All) > 1 && rapid.Bool().Draw(t, "any")
			} else {
				v.Text = rapid.SampledFrom([]string{"size(title) > 3 &&\n  true", `department == "A" && (title == "B" || title == "C")`, "not yet ("}).Draw(t, field.Name)
			}
		}
		f.Values[field.Name] = v
	}
	return f
}

func sheet(t interface{ Fatalf(string, ...any) }, text, kind, name string) Sheet {
	s, err := ReadSheet(text, kind, name)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return s
}

// What the form has is what the text says: it is read back as the same form, a field that was not touched stays as it was written, and so
// does what the form cannot show.
func TestTheFormAndItsTextAreOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(slices.Sorted(maps.Keys(formFields))).Draw(t, "kind")
		before := sheet(t, "# why\nkind: Role\nname: other\nspec: {title: It}\n---\nkind: "+kind+"\nname: x\nspec:\n  title:   First # kept\n  odd: {a: [1, true]}\n", kind, "x")
		if before.Kind != kind || before.Name != "x" {
			t.Fatalf("%s %s is shown", before.Kind, before.Name)
		}
		same, rest := before.Form()
		if diff := cmp.Diff([]string{"odd"}, rest); diff != "" {
			t.Fatal(diff)
		}
		if text, both, err := Merge(before, before, same); err != nil || both != nil || text != before.Text {
			t.Fatalf("%v %v: nothing was changed, and the text is\n%s", err, both, text)
		}
		want := drawnForm(t, kind, "x")
		text, both, err := Merge(before, before, want)
		if err != nil || both != nil {
			t.Fatal(err, both)
		}
		after := sheet(t, text, kind, "x")
		got, rest := after.Form()
		if diff := cmp.Diff([]string{"odd"}, rest); diff != "" {
			t.Fatal(diff)
		}
		for _, field := range FormFields(kind) {
			if diff := cmp.Diff(field.value(want.Values[field.Name]), field.value(got.Values[field.Name])); diff != "" {
				t.Fatalf("%s comes back otherwise from\n%s\n%s", field.Name, text, diff)
			}
		}
		if diff := cmp.Diff(before.Spec["odd"], after.Spec["odd"]); diff != "" {
			t.Fatal(diff)
		}
		if !strings.HasPrefix(text, "# why\nkind: Role\nname: other\nspec: {title: It}\n---\n") {
			t.Fatalf("the other document is not as it was:\n%s", text)
		}
		if again, _, err := Merge(after, after, got); err != nil || again != text {
			t.Fatalf("%v: it is written anew as\n%s", err, again)
		}
	})
}

// Who changes the form and the text loses neither; where both say something else of one field, the text counts and it is told.
func TestFormAndTextAreChangedTogether(t *testing.T) {
	drawn := sheet(t, "kind: SoDRule\nname: x\nspec:\n  title: A\n  severity: high\n  duties: [p, q]\n", KindSoD, "x")
	now := sheet(t, "kind: SoDRule\nname: next\nspec:\n  title: A\n  severity: low\n  duties: [p, r]\n  owner: me\n", KindSoD, "x")
	f, _ := drawn.Form()
	f.Values["title"], f.Values["severity"], f.Values["duties"] = FormValue{Text: "B"}, FormValue{Text: "critical"}, FormValue{List: []string{"p", "r"}}
	text, both, err := Merge(drawn, now, f)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"severity"}, both); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("kind: SoDRule\nname: next\nspec:\n  title: B\n  owner: me\n  duties:\n  - p\n  - r\n  severity: low\n", text); diff != "" {
		t.Error(diff)
	}
	f, _ = drawn.Form()
	f.Name = "z"
	if text, both, err = Merge(drawn, drawn, f); err != nil || both != nil || !strings.Contains(text, "name: z\n") {
		t.Errorf("%v %v: %s", err, both, text)
	}
	if _, both, _ = Merge(drawn, now, f); !cmp.Equal(both, []string{"name"}) {
		t.Errorf("%v", both)
	}
}

// What is of another kind than a field of the form is not shown in it, and stays.
func TestWhatAFormCannotShow(t *testing.T) {
	s := sheet(t, "kind: BirthrightRule\nname: x\nspec:\n  title: [a]\n  description: \"a\\n\\nb\\n\"\n  when: department == \"A\" && (title == \"B\" || title == \"C\")\n  roles: [1]\n  entitlements: a\n  extra: 1\n", "", "")
	f, rest := s.Form()
	if diff := cmp.Diff([]string{"entitlements", "extra", "roles", "title"}, rest); diff != "" {
		t.Error(diff)
	}
	if f.Values["when"].Lines != nil || !strings.HasPrefix(f.Values["when"].Text, "department ==") {
		t.Errorf("%+v", f.Values["when"])
	}
	f.Values["roles"] = FormValue{List: []string{"no"}}
	f.Values["when"] = FormValue{Lines: &policy.Lines{}}
	text, _, err := Merge(s, s, f)
	if err != nil || !strings.Contains(text, "roles:\n  - 1\n") || !strings.Contains(text, "when: \"true\"") && !strings.Contains(text, "when: true") {
		t.Errorf("%v\n%s", err, text)
	}
	for _, bad := range []string{"kind: [", "kind: HRSource\nname: x\nspec: {type: file}\n", "", "kind: Role\nname: x\nspec: [a]\n", "kind: Role\nname: x\nends: true\n", "- a\n", "kind: !a *b\n"} {
		if s, err := ReadSheet(bad, KindRole, "x"); err == nil {
			t.Errorf("%q is read as %+v", bad, s)
		}
	}
}
