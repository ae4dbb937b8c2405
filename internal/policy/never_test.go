package policy

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func conditionOf(t interface{ Fatal(...any) }, source string) *condition {
	env, err := newEnvironment(nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := env.compile(source)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNever(t *testing.T) {
	for source, want := range map[string]string{
		`department == "A" && department == "B"`:                           `department cannot be "A" and also "B"`,
		`department == "A" && "A" == department`:                           "",
		`department == "A" && (title == "x" && department == "B")`:         `department cannot be "A" and also "B"`,
		`department in ["A", "B"] && department in ["C", "D"]`:             `department cannot be "A" or "B" and also "C" or "D"`,
		`department in ["A", "B"] && department in ["B", "D"]`:             "",
		`department == "A" && department != "A"`:                           `department cannot be "A" and also something other`,
		`department != "A" && department == "A"`:                           `department cannot be "A" and also something other`,
		`department in ["A", "B"] && department != "A"`:                    "",
		`department == "A" || department == "B"`:                           "",
		`(title == "a" && title == "b") || (title == "c" && title == "d")`: `title cannot be "c" and also "d"`,
		`title == "a" && title == "b" || title == "c"`:                     "",
		`department.lower() == "a" && department == "A"`:                   "",
		`department.lower() == "a" && department.lower() == "b"`:           `department.lower() cannot be "a" and also "b"`,
		`department.lower() == "Sales"`:                                    `department.lower() is compared with "Sales", which has capitals`,
		`department.lower() in ["Sales", "sales"]`:                         "",
		`person["Cost Code"] == "1" && person["Cost Code"] == "2"`:         `Cost Code cannot be "1" and also "2"`,
		`false`: "it says false",
		`department == "A" && !(department == "A")`:                "", // not plain
		`department.startsWith("A") && department.startsWith("B")`: "",
	} {
		if got := never(conditionOf(t, source).ast.NativeRep().Expr()); got != want {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}

// What is said never to hold holds for no combination of values.
func TestNeverIsNever(t *testing.T) {
	values := []string{"", "a", "b", "A", "c"}
	part := rapid.SampledFrom([]string{`title == "a"`, `title != "a"`, `title in ["a", "b"]`, `"b" == title`, `title.lower() == "a"`, `title.lower() == "A"`, `country == "c"`,
		`country != "c"`, `true`, `false`, `title == country`, `title.lower() != "a"`})
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		source := part.Draw(t, "first")
		for range rapid.IntRange(1, 4).Draw(t, "more") {
			source = fmt.Sprintf(rapid.SampledFrom([]string{"%s && %s", "%s || %s", "(%s) && %s", "(%s) || %s"}).Draw(t, "form"), source, part.Draw(t, "part"))
		}
		c := conditionOf(t, source)
		why := never(c.ast.NativeRep().Expr())
		if why == "" {
			return
		}
		found++
		for _, title := range values {
			for _, country := range values {
				if ok, err := c.holds(MapAttrs{"title": title, "country": country}); err != nil || ok {
					t.Fatalf("%s: %s, and it holds for %q, %q (%v)", source, why, title, country, err)
				}
			}
		}
	})
	if found == 0 {
		t.Error("none of the conditions was said never to hold")
	}
}
