package main_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Who held what on a date is answered for one, for whoever held something, compared, and for a file of persons and dates; what
// is no question is refused.
func TestAsOfAnswersScripts(t *testing.T) {
	s := newShop(t, "--replay")
	s.want(0, "apply", "-f", s.file("policy.yaml", feedPolicy))
	s.want(0, "hr", "sync", "hr", "--file", s.file("one.csv", feed(40)), "--effective", "2024-01-01")
	s.want(0, "hr", "sync", "hr", "--file", s.file("two.csv", feed(39)+"41,=Eve,Number41,Sales,2020-01-01\n"), "--effective", "2024-02-01")
	type told struct {
		Name, Number string
		Work         struct {
			State   string
			Manager string
		}
		Held []struct {
			Change, Entitlement string
			Reasons             []struct {
				Text string
				By   []struct{ Who, Did string }
			}
		}
	}
	ask := func(args ...string) (all []told) {
		t.Helper()
		for line := range strings.Lines(s.want(0, append([]string{"as-of", "--json"}, args...)...)) {
			var x told
			if err := json.Unmarshal([]byte(line), &x); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			all = append(all, x)
		}
		return all
	}
	left := ask("2024-01-31", "--person", "40")
	if len(left) != 1 || left[0].Work.State != "active" || len(left[0].Held) != 1 || left[0].Held[0].Entitlement != "staff" || !strings.HasPrefix(left[0].Held[0].Reasons[0].Text, "rule staff") || left[0].Held[0].Reasons[0].By[0].Who != "operator" {
		t.Errorf("who left is %+v", left)
	}
	if now := ask("2024-02-01", "--person", "40"); now[0].Work.State != "left" || len(now[0].Held) != 0 {
		t.Errorf("afterwards they are %+v", now)
	}
	if d := ask("2024-01-31", "--person", "40", "--compare", "2024-02-01"); d[0].Held[0].Change != "lost" {
		t.Errorf("compared they are %+v", d)
	}
	if n := len(ask("2024-01-31", "--application", "files", "--entitlement", "staff")); n != 40 {
		t.Errorf("%d held it", n)
	}
	if all := ask("--pairs", s.file("pairs.csv", "40,2024-01-31\n40,2024-02-01\n41,2024-01-31\n")); len(all) != 3 || len(all[0].Held)+len(all[1].Held) != 1 {
		t.Errorf("the pairs are %+v", all)
	}
	lines, err := csv.NewReader(strings.NewReader(s.want(0, "as-of", "2024-02-01", "--csv", "--application", "files"))).ReadAll()
	if err != nil || len(lines) != 41 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
	if text := fmt.Sprint(lines); !strings.Contains(text, "'=Eve Number41") {
		t.Error("a name that is a formula is written as one")
	}
	if text := s.want(0, "as-of", "2024-01-31", "--person", "40"); !strings.Contains(text, "because: rule staff") {
		t.Errorf("people are told %s", text)
	}
	for code, args := range map[int][][]string{2: {{"yesterday"}, {"2999-01-01"}, {"2024-01-31", "--known", "x"}, {"2024-01-31", "--zone", "Mars"}, {"2024-01-31", "--entitlement", "staff"}, {}, {"2024-01-31", "--pairs", "x"}, {"2024-01-31", "--csv", "--json"},
		{"--pairs", s.file("bad.csv", "40\n")}}, 4: {{"2024-01-31", "--person", "77"}, {"2024-01-31", "--application", "moon"}, {"--pairs", s.file("nobody.csv", "77,2024-01-31\n")}}} {
		for _, a := range args {
			s.want(code, append([]string{"as-of"}, a...)...)
		}
	}
}
