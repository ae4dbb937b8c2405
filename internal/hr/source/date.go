package source

import (
	"fmt"
	"strings"
)

// DateFormat is a stated way of writing dates, such as DD.MM.YYYY. It reads only what is written exactly so: whether
// 03/04/2026 is in March or in April is decided by the mapping, never by looking at the data.
type DateFormat struct {
	text  string
	parts []datePart
}

type datePart struct {
	kind     byte // 'Y', 'M', 'D', or the separator itself
	min, max int  // digits
}

var isoDate = mustDateFormat("YYYY-MM-DD")

// NewDateFormat reads a format: YYYY (four digits), MM and DD (two digits) or M and D (one or two), each once, in any
// order, with one of . - / or a space between them. Only the two-digit forms may stand without a separator (YYYYMMDD).
func NewDateFormat(text string) (DateFormat, error) {
	f := DateFormat{text: text}
	seen := map[byte]bool{}
	for i := 0; i < len(text); {
		c := text[i]
		n := 1
		for i+n < len(text) && text[i+n] == c {
			n++
		}
		switch {
		case c == 'Y' && n == 4, (c == 'M' || c == 'D') && n == 2:
			f.parts = append(f.parts, datePart{c, n, n})
		case (c == 'M' || c == 'D') && n == 1:
			f.parts = append(f.parts, datePart{c, 1, 2})
		case strings.IndexByte(".-/ ", c) >= 0 && n == 1:
			f.parts = append(f.parts, datePart{kind: c})
			i++
			continue
		default:
			return DateFormat{}, fmt.Errorf("%q is not understood: write YYYY, MM or M, and DD or D, such as DD.MM.YYYY", text)
		}
		if seen[c] {
			return DateFormat{}, fmt.Errorf("%q names the same part twice", text)
		}
		seen[c] = true
		i += n
	}
	if len(seen) != 3 {
		return DateFormat{}, fmt.Errorf("%q must name year, month and day, such as DD.MM.YYYY", text)
	}
	for i := 1; i < len(f.parts); i++ {
		a, b := f.parts[i-1], f.parts[i]
		if a.max > 0 && b.max > 0 && (a.min != a.max || b.min != b.max) {
			return DateFormat{}, fmt.Errorf("%q needs a separator beside M or D: one digit or two cannot be told apart", text)
		}
	}
	return f, nil
}

func mustDateFormat(text string) DateFormat {
	f, err := NewDateFormat(text)
	if err != nil {
		panic(err)
	}
	return f
}

// String gives the format as it was stated.
func (f DateFormat) String() string { return f.text }

// Parse reads a date written in this format. When it is none, rule says why, as the rest of a sentence that begins with
// the value.
func (f DateFormat) Parse(s string) (d Day, rule string) {
	var year, month, day, i int
	for _, p := range f.parts {
		if p.max == 0 {
			if i >= len(s) || s[i] != p.kind {
				return Day{}, "is not a date written " + f.text
			}
			i++
			continue
		}
		v, n := 0, 0
		for n < p.max && i < len(s) && s[i] >= '0' && s[i] <= '9' {
			v, n, i = v*10+int(s[i]-'0'), n+1, i+1
		}
		if n < p.min {
			return Day{}, "is not a date written " + f.text
		}
		switch p.kind {
		case 'Y':
			year = v
		case 'M':
			month = v
		default:
			day = v
		}
	}
	if i != len(s) {
		return Day{}, "is not a date written " + f.text
	}
	if year < MinYear || year > MaxYear {
		return Day{}, fmt.Sprintf(`has a year outside %d-%d; if it stands for "no date", list it in null_values`, MinYear, MaxYear)
	}
	d, ok := NewDay(year, month, day)
	switch {
	case ok:
		return d, ""
	case month == 2 && day == 29:
		return Day{}, fmt.Sprintf("does not exist: %d is no leap year (dates are read as %s)", year, f.text)
	}
	return Day{}, "is no day of the calendar when read as " + f.text
}

// Format writes d in this format, so that Parse reads it back; no date is the empty string.
func (f DateFormat) Format(d Day) string {
	if d.IsZero() {
		return ""
	}
	y, m, day := d.Date()
	var b strings.Builder
	for _, p := range f.parts {
		switch p.kind {
		case 'Y':
			fmt.Fprintf(&b, "%04d", y)
		case 'M':
			fmt.Fprintf(&b, "%0*d", p.min, m)
		case 'D':
			fmt.Fprintf(&b, "%0*d", p.min, day)
		default:
			b.WriteByte(p.kind)
		}
	}
	return b.String()
}
