// Package ui holds the parts every page is made of: the shell with its navigation, tables, forms, badges, timelines, pagers,
// empty states and small charts.
//
// It knows nothing of governance: it is told words, numbers and addresses, and shows them accessibly, in both themes, on
// every width and without a script. It never decides who may do what: an action without an address is not drawn.
//
// The pages hold a strict content security policy: no inline script, no style attribute, nothing from another host.
package ui

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"tenure/templates/lang"
)

// Tone is what a colour means. A tone never stands alone: a word and an icon say the same.
type Tone string

// The tones.
const (
	Neutral Tone = "neutral"
	Good    Tone = "good"
	Info    Tone = "info"
	Warn    Tone = "warn"
	Bad     Tone = "bad"
)

// Time is a moment: Text as a reader of this page sees it ("14:02", "today 09:10"), Exact as it was (RFC 3339, shown on
// hover and to machines). A Time without Text is not drawn.
type Time struct {
	Text  string
	Exact string
}

// Link is an address with the words that stand for it. With no URL it is drawn as plain text.
type Link struct {
	Text string
	URL  string
}

// Option is one choice of a list.
type Option struct {
	Value    string
	Text     string
	Selected bool
}

// FieldError is what is wrong with one field, in a sentence that says what to write instead.
type FieldError struct {
	Field string // the name of the form field
	Text  string
}

// Errors are the faults of one form in the order of its fields.
type Errors []FieldError

// Of gives the sentence for a field, or nothing.
func (e Errors) Of(field string) string {
	for _, f := range e {
		if f.Field == field {
			return f.Text
		}
	}
	return ""
}

// Int writes a count with thin groups of three: 12 345.
func Int(n int) string {
	s := strconv.Itoa(n)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	if neg {
		return "\u2212" + s
	}
	return s
}

// scriptTexts are what the script says; %s stands for its values.
var scriptTexts = []string{lang.Mark("%s are chosen"), lang.Mark("%s of %s on this page chosen"), lang.Mark("Choose all rows of this page"), lang.Mark("Close"), lang.Mark("Details"),
	lang.Mark("Open as a page"), lang.Mark("Keys")}

// scriptWords gives the script its words in the reader's language, as JSON; nothing in English, which it knows.
func scriptWords(ctx context.Context) string {
	l := lang.From(ctx)
	if l.Plain() {
		return ""
	}
	words := map[string]string{}
	for _, text := range scriptTexts {
		words[text] = l.T(text)
	}
	said, _ := json.Marshal(words) // texts can always be written
	return string(said)
}

// Initials gives one or two letters for a name, for the small sign in the user menu.
func Initials(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return "?"
	}
	first := []rune(words[0])[:1]
	if len(words) > 1 {
		first = append(first, []rune(words[len(words)-1])[0])
	}
	return strings.ToUpper(string(first))
}

// Digits writes a number as addresses have it: without groups.
func Digits(n int) string { return strconv.Itoa(n) }
