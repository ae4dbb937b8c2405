// Package lang says the portal's words in the reader's language.
//
// The English text is the key: lang.T(ctx, "Starts on %s", day) looks the whole sentence up and falls back to it. All texts of the
// product stand in messages.yaml, which `make generate` writes from the code; a translation is a file of the same form beside it,
// messages.de.yaml. The package knows nothing of governance.
package lang

//go:generate go run ./collect ../..

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
	"golang.org/x/text/number"
)

// Language is what one reader reads. The nil Language is English.
type Language struct {
	tag    language.Tag
	words  catalog.Catalog  // nil: the texts of the code
	digits *message.Printer // nil: the house's own
	long   bool             // the language of tests
}

var english = &Language{tag: language.English}

type key struct{}

// With puts the reader's language into the context that pages are drawn with.
func With(ctx context.Context, l *Language) context.Context { return context.WithValue(ctx, key{}, l) }

// From gives the language of a context: English where nobody has put one.
func From(ctx context.Context) *Language {
	if l, _ := ctx.Value(key{}).(*Language); l != nil {
		return l
	}
	return english
}

// T says a text in the context's language.
func T(ctx context.Context, text string, a ...any) string { return From(ctx).T(text, a...) }

// Plural says a count with its noun in the context's language: "1 person", "2 people".
func Plural(ctx context.Context, n int, one, many string) string {
	return From(ctx).Plural(n, one, many)
}

// Int writes a count as the context's language does.
func Int(ctx context.Context, n int) string { return From(ctx).Int(n) }

// Date writes a moment by a layout of package time as the context's language does.
func Date(ctx context.Context, t time.Time, layout string) string { return From(ctx).Date(t, layout) }

// Mark notes a text that is said later, where it is drawn: one of a table that is made before there is a reader.
func Mark(text string) string { return text }

// T says a text. Without values it is no format: "95 % within" needs no doubled sign.
func (l *Language) T(text string, a ...any) string {
	switch {
	case text == "":
		return ""
	case l != nil && l.long:
		text = long(text, len(a) > 0)
	case l != nil && l.words != nil:
		if said, ok := l.look(text, nil, a); ok {
			return said
		}
	}
	if len(a) == 0 {
		return text
	}
	return fmt.Sprintf(text, a...)
}

// Plural says a count with its noun, which has as many forms as the language has. Its key is "%s people".
func (l *Language) Plural(n int, one, many string) string {
	if l != nil && l.words != nil {
		if said, ok := l.look("%s "+many, []any{n}, []any{l.Int(n)}); ok {
			return said
		}
	}
	if n == 1 {
		return l.T("%s "+one, "1")
	}
	return l.T("%s "+many, l.Int(n))
}

// Int writes a count with thin groups of three: 12 345; in other languages as they do.
func (l *Language) Int(n int) string {
	if l != nil && l.digits != nil {
		return l.digits.Sprint(number.Decimal(n))
	}
	s := strconv.Itoa(n)
	s, neg := strings.CutPrefix(s, "-")
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	if neg {
		return "\u2212" + s
	}
	return s
}

// Name is what the language calls itself: its word for "English", as the file of a translation says it.
func (l *Language) Name() string { return l.T("English") }

// Plain says that the texts of the code are the reader's.
func (l *Language) Plain() bool { return l == nil || l.words == nil && !l.long }

// Tag is the language as HTML names it (BCP 47).
func (l *Language) Tag() string {
	if l == nil {
		l = english
	}
	return l.tag.String()
}

// Dir is "rtl" for languages that are written from right to left, and "" for the others, as HTML takes it to be.
func (l *Language) Dir() string {
	if l == nil {
		return ""
	}
	script, _ := l.tag.Script()
	switch script.String() {
	case "Adlm", "Arab", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa":
		return "rtl"
	}
	return ""
}

// Date writes a moment by a layout of package time. The layout is a message, so that a language has its own order; so are the
// names of days and months.
func (l *Language) Date(t time.Time, layout string) string {
	if l == nil || l.words == nil {
		said := t.Format(layout)
		if l != nil && l.long {
			return open + said + shut
		}
		return said
	}
	layout = l.T(layout)
	out := strings.Builder{}
	for layout != "" {
		at, name := len(layout), ""
		for _, n := range []string{"January", "Monday", "Jan", "Mon"} {
			if i := strings.Index(layout, n); i >= 0 && i < at {
				at, name = i, n
			}
		}
		out.WriteString(t.Format(layout[:at]))
		if name != "" {
			out.WriteString(l.T(t.Format(name)))
		}
		layout = layout[at+len(name):]
	}
	return out.String()
}

// names are the words in dates.
var _ = []string{
	Mark("January"), Mark("February"), Mark("March"), Mark("April"), Mark("May"), Mark("June"),
	Mark("July"), Mark("August"), Mark("September"), Mark("October"), Mark("November"), Mark("December"),
	Mark("Jan"), Mark("Feb"), Mark("Mar"), Mark("Apr"), Mark("Jun"), Mark("Jul"), Mark("Aug"), Mark("Sep"), Mark("Oct"), Mark("Nov"), Mark("Dec"),
	Mark("Monday"), Mark("Tuesday"), Mark("Wednesday"), Mark("Thursday"), Mark("Friday"), Mark("Saturday"), Mark("Sunday"),
	Mark("Mon"), Mark("Tue"), Mark("Wed"), Mark("Thu"), Mark("Fri"), Mark("Sat"), Mark("Sun"),
}

// said takes what the catalog gives: count chooses the form, values are what is written.
type said struct {
	count, values []any
	text          string
}

// Arg gives a value by which a form is chosen, counted from 1.
func (s *said) Arg(i int) any {
	if i > 0 && i <= len(s.count) {
		return s.count[i-1]
	}
	return nil
}

// Render writes the form that was chosen.
func (s *said) Render(format string) {
	if s.text = format; len(s.values) > 0 {
		s.text = fmt.Sprintf(format, s.values...)
	}
}

func (l *Language) look(text string, count, values []any) (string, bool) {
	s := &said{count: count, values: values}
	if err := l.words.Context(l.tag, s).Execute(text); err != nil || s.text == "" {
		return "", false
	}
	return s.text, true
}
