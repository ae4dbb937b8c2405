package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What the form's lines write is read back as the same lines, whatever the attributes and values are, and means the same.
func TestLinesAreWrittenAndReadBack(t *testing.T) {
	name := rapid.OneOf(rapid.SampledFrom(StandardAttributes), rapid.SampledFrom([]string{"Cost Code", "in", "person", "badge_colour", `a"b\`, "größe"}))
	value := rapid.OneOf(rapid.SampledFrom([]string{"", "Sales", `"`, `\`, "a, b", "true", "2026-03-01", "\n", "Ä🙂\u00ad\u2028", "\x00\x7f", "${x}", "'"}), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		want := Lines{Any: rapid.Bool().Draw(t, "any")}
		for range rapid.IntRange(0, 5).Draw(t, "lines") {
			l := Line{Attribute: name.Draw(t, "attribute"), Is: rapid.SampledFrom(Comparisons).Draw(t, "is")}
			n := 1
			if Several(l.Is) {
				n = rapid.IntRange(1, 4).Draw(t, "values")
			}
			for range n {
				l.Values = append(l.Values, value.Draw(t, "value"))
			}
			want.All = append(want.All, l)
		}
		if len(want.All) < 2 {
			want.Any = false // one line, or none, is all and any
		}
		text := want.Text()
		if len(text) > MaxCondition {
			return // longer than a condition may be
		}
		got, ok := ReadLines(text)
		if !ok {
			t.Fatalf("%s is not read back", text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s is read back otherwise:\n%s", text, diff)
		}
		test, err := NewTest(text, []string{"badge_colour", "Cost Code", "größe", `a"b\`, "in"})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		a := MapAttrs{}
		for _, l := range want.All {
			a[l.Attribute] = rapid.SampledFrom(append([]string{"", "Sales", "zz"}, l.Values...)).Draw(t, "has")
		}
		if got, err := test.Holds(a); err != nil || got != meant(want, a) {
			t.Fatalf("%s of %v is %t (%v), and the lines mean %t", text, a, got, err, meant(want, a))
		}
	})
}

// meant is what the words of the form say.
func meant(l Lines, a Attrs) bool {
	for _, x := range l.All {
		if is := saidOf(x, a.Get(x.Attribute)); is == l.Any {
			return is
		}
	}
	return !l.Any
}

func saidOf(l Line, has string) bool {
	v := l.Values[0]
	switch l.Is {
	case "is":
		return has == v
	case "is not":
		return has != v
	case "is one of", "is none of":
		in := false
		for _, v := range l.Values {
			in = in || v == has
		}
		return in == (l.Is == "is one of")
	case "starts with":
		return len(has) >= len(v) && has[:len(v)] == v
	case "ends with":
		return len(has) >= len(v) && has[len(has)-len(v):] == v
	case "contains":
		for i := 0; i+len(v) <= len(has); i++ {
			if has[i:i+len(v)] == v {
				return true
			}
		}
		return false
	case "before":
		return has < v
	}
	return has > v
}

// Spaces and quotes do not matter; what says more than lines can, or the same in another way, is left as a text.
func TestWhatLinesCannotSayStaysText(t *testing.T) {
	for text, want := range map[string]Lines{
		"":     {},
		"true": {},
		` department=='Sales'&&( country in ["ES" , "PT"] )`:     {All: []Line{{"department", "is", []string{"Sales"}}, {"country", "is one of", []string{"ES", "PT"}}}},
		`title.startsWith("Head") || person["Cost Code"] != "7"`: {Any: true, All: []Line{{"title", "starts with", []string{"Head"}}, {"Cost Code", "is not", []string{"7"}}}},
		`!(country in ["ES"])`:                                   {All: []Line{{"country", "is none of", []string{"ES"}}}},
	} {
		if got, ok := ReadLines(text); !ok || !cmp.Equal(got, want) {
			t.Errorf("%s is read as %+v, %t", text, got, ok)
		}
	}
	for _, text := range []string{`department == "A" && (country == "ES" || country == "PT")`, `!(department == "A")`, `lower(department) == "a"`, `department.lower() == "a"`, `"A" == department`, `person.department == "A"`,
		`person["department"] == "A"`, `size(department) > 3`, `department == title`, `department in []`, `["A"].exists(x, x == department)`, `department <= "A"`, `title.matches("^A")`, `false`, `department`, `department ==`, `"a" in ["a"]`,
		`department == "A" ? true : false`, `department in "A"`, `department == ["A"]`, `true && department == "A"`} {
		if got, ok := ReadLines(text); ok {
			t.Errorf("%s is read as %+v", text, got)
		}
	}
}

// An unfinished line says nothing, and a condition of nothing else is none: it is not everybody.
func TestUnfinishedLinesAreNotEverybody(t *testing.T) {
	half := Lines{All: []Line{{}, {"department", "is", []string{"Sales"}}, {Is: "is"}, {Attribute: "title", Is: "is one of"}}}
	if got := half.Text(); got != `department == "Sales"` {
		t.Errorf("%s", got)
	}
	if got := (Lines{All: []Line{{Is: "is"}}}).Text(); got != "" {
		t.Errorf("%s", got)
	}
	if got := (Lines{}).Text(); got != "true" {
		t.Errorf("%s", got)
	}
}
