package policy

import (
	"strings"
	"testing"
)

func compiledCondition(t *testing.T, source string, custom ...string) *condition {
	t.Helper()
	e, err := newEnvironment(custom)
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.compile(source)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return c
}

func TestConditionHolds(t *testing.T) {
	ana := MapAttrs{"department": "Finance", "title": "Senior Accountant", "country": "ES", "birth_date": "1990-02-28",
		"cost_code": "F-12", "Cost Code": "X9", "manager": ""}
	for source, want := range map[string]bool{
		`true`:                                            true,
		`department == "Finance"`:                         true,
		`department != "Finance"`:                         false,
		`department in ["Sales", "Finance"]`:              true,
		`title.startsWith("Senior") && country == "ES"`:   true,
		`title.lower().contains("senior acc")`:            true,
		`title.matches("^Senior (Accountant|Auditor)$")`:  true,
		`birth_date < "2000-01-01"`:                       true,
		`["ES", "PT"].exists(c, c == country)`:            true,
		`["Fin", "Sal"].all(p, department.startsWith(p))`: false,
		`cost_code == "F-12"`:                             true,
		`person["Cost Code"] == "X9"`:                     true,
		`person.cost_code == "F-12"`:                      true,
		`person["unheard of"] == ""`:                      true,
		`location == ""`:                                  true, // missing is empty
		`size(manager) == 0`:                              true,
		`department + "/" + country == "Finance/ES"`:      true,
		`country == "ES" ? title != "" : false`:           true,
	} {
		if got, err := compiledCondition(t, source, "cost_code").holds(ana); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", source, got, err, want)
		}
	}
}

func TestConditionRefused(t *testing.T) {
	e, err := newEnvironment(nil)
	if err != nil {
		t.Fatal(err)
	}
	deep := `["a"].exists(a, ` + strings.Repeat(`["a","b","c","d","e","f","g","h"].exists(b, `, 5) + `title == "x"` + strings.Repeat(")", 6)
	for source, want := range map[string]string{
		``:                     "is required",
		`department`:           "gives a string and must give true or false",
		`departmnt == "Sales"`: "line 1, column 1: 'departmnt' is not known here (did you mean 'department'?)",
		"department == \"Sales\" &&\n  titl == 3": "line 2, column 3:",
		`department == 3`:                         "line 1, column 12: found no matching overload",
		`department == "Sales`:                    "line 1, column ",
		`title.matches("(")`:                      "line 1, column ",
		`title.matches(department)`:               "needs its pattern written out",
		`int(number) > 3`:                         "'int' is neither",
		`timestamp(birth_date) > timestamp("2000-01-01T00:00:00Z")`: "'timestamp' is neither",
		`size(number) / size(title) > 1`:                            "'_/_' is not known here",
		`person["x" + title] == "a"`:                                "person must be followed",
		`person.all(k, k != "")`:                                    "person must be followed",
		`[department][0] == "x"`:                                    "no matching overload",
		deep:                                                        "costs too much",
		`title == "` + strings.Repeat("x", MaxCondition) + `"`:      "is longer than",
	} {
		_, err := e.compile(source)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: got %v; want %q", source, err, want)
		}
	}
}

func TestConditionReads(t *testing.T) {
	c := compiledCondition(t, `department == "a" && (person["Cost Code"] == "b" || grade != "c") && person.desk == ""`, "grade", "unused")
	for what, got := range map[string][2]string{
		"all":    {strings.Join(c.attrs, "|"), "Cost Code|department|desk|grade"},
		"custom": {strings.Join(c.custom, "|"), "grade"},
		"mapped": {strings.Join(c.mapped[personVar], "|"), "Cost Code|desk"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: got %s, want %s", what, got[0], got[1])
		}
	}
}

// Whatever values the attributes have, a condition that was accepted gives an answer.
func TestConditionNeverFailsOnValues(t *testing.T) {
	sources := []string{`title.matches("^a+$") || birth_date > "x"`, `["a","b"].exists(x, title.contains(x)) && size(number) > 3`,
		`person["p q"].lower() in ["ä", ""] && department + title != location`}
	long := strings.Repeat("ä", maxAttribute)
	for _, s := range sources {
		c := compiledCondition(t, s)
		for _, v := range []string{"", "a", long, "\x00\xff", "0000-00-00"} {
			if _, err := c.holds(MapAttrs{"title": v, "number": v, "department": v, "birth_date": v, "p q": v, "location": v}); err != nil {
				t.Errorf("%s with %.5q: %v", s, v, err)
			}
		}
	}
}
