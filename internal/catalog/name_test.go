package catalog

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRenderName(t *testing.T) {
	for _, c := range []struct{ template, first, last, want string }{
		{DefaultName, "Ana", "Ruiz", "ana.ruiz"},
		{DefaultName, "José", "Núñez", "jose.nunez"},
		{DefaultName, "Zoë", "O'Brien-Smith", "zoe.obrien-smith"},
		{DefaultName, "Łukasz", "Żółć", "lukasz.zolc"},
		{DefaultName, "Дмитрий", "Шостакович", "dmitrii.shostakovich"},
		{DefaultName, "伟", "王", "wei.wang"},
		{DefaultName, "Madonna", "", "madonna"},
		{DefaultName, "", "Ruiz", "ruiz"},
		{DefaultName, "Jean  Luc", "de la Cruz", "jeanluc.delacruz"},
		{"{f}{last_name}", "Ægir", "Måns", "amans"},
		{"{f}{last_name}", "", "Måns", "mans"},
		{"{first_name}{l}", "Ana", "Ruiz", "anar"},
		{"e{number}", "Ana", "Ruiz", "e1007"},
		{"{email_local}", "Ana", "Ruiz", "a.ruiz"},
		{"{department}-{last_name}", "Ana", "Ruiz", "r-d-ruiz"},
		{DefaultName, "", "", "1007"},
		{DefaultName, "!!!", "؟", "1007"},
		{"{first_name}..{middle_name}..{last_name}", "Ana", "Ruiz", "ana.ruiz"},
	} {
		got := RenderName(c.template, map[string]string{"first_name": c.first, "last_name": c.last, "number": "1007",
			"email": "A.Ruiz@example.org", "department": "R-D"})
		if got != c.want {
			t.Errorf("%s of %q %q: got %q, want %q", c.template, c.first, c.last, got, c.want)
		}
	}
	long := RenderName(DefaultName, map[string]string{"first_name": strings.Repeat("a", 59), "last_name": "b"})
	if long != strings.Repeat("a", 59) {
		t.Errorf("a long name: %q", long)
	}
}

// Whatever HR sends, a login name is well formed.
func TestRenderNameIsWellFormed(t *testing.T) {
	good := regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,58}[a-z0-9])?$`)
	templates := rapid.SampledFrom([]string{DefaultName, "{f}{last_name}", "{email_local}", "{last_name}_{f}-{l}"})
	rapid.Check(t, func(t *rapid.T) {
		got := RenderName(templates.Draw(t, "template"), map[string]string{"first_name": rapid.String().Draw(t, "first"),
			"last_name": rapid.String().Draw(t, "last"), "email": rapid.String().Draw(t, "email"), "number": "7"})
		if !good.MatchString(got) {
			t.Fatalf("%q", got)
		}
	})
}

func TestCheckTemplate(t *testing.T) {
	for template, fine := range map[string]bool{DefaultName: true, "x{number}": true, "fixed": false, "{first_name": false, "{First}": false, "{a}}": false} {
		if rule := checkTemplate(template); (rule == "") != fine {
			t.Errorf("%s: %q", template, rule)
		}
	}
}

// serveAll is what ReserveNames does around the queues, with the names that exist in a map.
func serveAll(lines []*queue, wishes int, exist map[string]bool) (map[string]reserved, int) {
	given, rounds := map[string]reserved{}, 0
	for tries := 1; len(given) < wishes; tries *= 2 {
		rounds++
		for _, l := range lines {
			l.serve(tries, exist, given)
		}
	}
	return given, rounds
}

// Names are unique, new, and numbered without gaps other than names that are taken.
func TestQueuesGiveFreeNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.SampledFrom([]string{"a", "a2", "a22", "b", "b1"})
		exist := map[string]bool{}
		for _, n := range rapid.SliceOf(rapid.SampledFrom([]string{"a", "a2", "a3", "a22", "a23", "b", "b12"})).Draw(t, "exist") {
			exist[n] = true
		}
		byBase := map[string]*queue{}
		var lines []*queue
		wishes := rapid.SliceOfN(base, 1, 40).Draw(t, "wishes")
		for i, b := range wishes {
			if byBase[b] == nil {
				byBase[b] = &queue{base: b, next: 1}
				lines = append(lines, byBase[b])
			}
			byBase[b].accounts = append(byBase[b].accounts, i)
		}
		given, _ := serveAll(lines, len(wishes), exist)
		seen := map[int]bool{}
		for name, r := range given {
			if exist[name] || seen[r.account] || !strings.HasPrefix(name, r.base) || r.base != wishes[r.account] {
				t.Fatalf("%s: %+v", name, r)
			}
			seen[r.account] = true
			for n := 1; n < r.n; n++ {
				lower := (&queue{base: r.base}).name(n)
				if _, mine := given[lower]; !mine && !exist[lower] {
					t.Fatalf("%s is given and %s is free", name, lower)
				}
			}
		}
	})
}

func TestQueuesNeedFewRounds(t *testing.T) {
	exist := map[string]bool{}
	for n := 2; n < 5000; n++ {
		exist[fmt.Sprintf("ana%d", n)] = true // all wished for as such
	}
	given, rounds := serveAll([]*queue{{base: "ana", next: 1, accounts: []int{1, 2}}}, 2, exist)
	if _, ok := given["ana5000"]; !ok || rounds > 14 {
		t.Errorf("%d rounds: %v", rounds, given)
	}
}
