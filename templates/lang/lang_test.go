package lang

import (
	"context"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestEnglishIsWhatTheCodeSays(t *testing.T) {
	var none *Language
	for _, l := range []*Language{none, english, From(context.Background())} {
		for _, x := range [][2]string{
			{l.T("95 % within"), "95 % within"},
			{l.T("%d %% complete", 7), "7 % complete"},
			{l.T(""), ""},
			{l.Plural(1, "person", "people"), "1 person"},
			{l.Plural(12345, "person", "people"), "12\u202f345 people"},
			{l.Int(-1000), "\u22121\u202f000"},
			{l.Int(999), "999"},
			{l.Date(time.Date(2026, 11, 22, 9, 5, 0, 0, time.UTC), "Monday 2 Jan 2006, 15:04"), "Sunday 22 Nov 2026, 09:05"},
			{l.Tag() + l.Dir(), "en"},
		} {
			if x[0] != x[1] {
				t.Errorf("said %q, want %q", x[0], x[1])
			}
		}
	}
}

func TestATranslationIsAFileOfTheSameForm(t *testing.T) {
	a, err := load(os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	pl := a.match("de;q=0.3, pl-PL")
	for _, x := range [][2]string{
		{pl.Tag(), "pl"},
		{pl.T("Starts on %s", "x"), "Zaczyna się x"},
		{pl.T("%s of %s", "3", "9"), "z 9: 3"},
		{pl.T("Not yet"), "Not yet"},
		{pl.T("Only in English, %d", 5), "Only in English, 5"},
		{pl.Plural(1, "person", "people"), "1 osoba"},
		{pl.Plural(3, "person", "people"), "3 osoby"},
		{pl.Plural(5, "person", "people"), "5 osób"},
		{pl.Plural(22, "person", "people"), "22 osoby"},
		{pl.Plural(2, "dog", "dogs"), "2 dogs"},
		{pl.Date(time.Date(2026, 11, 22, 9, 5, 0, 0, time.UTC), "2 January 2006"), "22 listopada 2026 r."},
		{pl.Dir(), ""},
	} {
		if x[0] != x[1] {
			t.Errorf("said %q, want %q", x[0], x[1])
		}
	}
	if ar := a.match("ar-EG"); ar.Dir() != "rtl" || ar.T("Home") != "الرئيسية" {
		t.Errorf("Arabic: %q, %q", ar.Dir(), ar.T("Home"))
	}
	for _, accept := range []string{"", "en-GB", "fr", "x;;q", "en-x-long"} {
		if got := a.match(accept); got != english {
			t.Errorf("%q got %s", accept, got.Tag())
		}
	}
}

func TestAWrongTranslationIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"messages.pl.yaml": `"Starts on %s": "Zaczyna się"`,                        // the value is lost
		"messages.de.yaml": `"%s people": {few: "%s Leute", other: "%s Personen"}`, // German has no such form
		"messages.??.yaml": `"Home": "x"`,
		"messages.fr.yaml": `"Home": [1]`,
	} {
		if _, err := load(fstest.MapFS{name: {Data: []byte(text)}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s %s: %v", name, text, err)
		}
	}
}

func TestEveryShippedLanguageIsRead(t *testing.T) {
	if _, err := load(files); err != nil {
		t.Fatal(err)
	}
}

func TestTheLongLanguageShowsWhatWasLookedUp(t *testing.T) {
	for _, x := range [][2]string{
		{Long.T("Name"), "[Ñåmé··]"},
		{Long.T("95 % within"), "[95 % wïthïñ·····]"},
		{Long.T("%s of %[2]d %%", "Ana", 4), "[Ana öf 4 %··]"},
		{Long.Plural(2, "person", "people"), "[2 péöplé···]"},
	} {
		if x[0] != x[1] {
			t.Errorf("said %q, want %q", x[0], x[1])
		}
	}
}
