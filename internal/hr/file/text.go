package file

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// trim takes white space off both ends; texts that have none, nearly all, cost two comparisons.
func trim(s string) string {
	if s == "" {
		return s
	}
	if a, z := s[0], s[len(s)-1]; a > ' ' && a < utf8.RuneSelf && z > ' ' && z < utf8.RuneSelf {
		return s
	}
	return strings.TrimSpace(s)
}

// normal gives the text as it is kept: trimmed and in Unicode NFC, so that "é" is one text however it was typed.
func normal(s string) string { return norm.NFC.String(strings.TrimSpace(s)) }

// badBytes finds what no cell may hold, mapped or not: it shows that the file is not what the mapping says, or damaged.
// Tabs and line breaks inside quotes are text.
func badBytes(s, encoding string) (rule string) {
	if !utf8.ValidString(s) {
		return "holds bytes that are not " + encoding + " text: check the encoding of the export"
	}
	for _, c := range s {
		switch {
		case c == 0:
			return "holds a NUL byte: check the encoding of the export"
		case c == '\t' || c == '\n' || c == '\r':
		case unicode.IsControl(c):
			return "holds the control character " + codePoint(c)
		case c == utf8.RuneError:
			return "holds U+FFFD, the mark of a letter that was lost before this file was written"
		}
	}
	return ""
}

// badText finds what an attribute may not hold: characters that nobody sees but that make two texts differ, or show
// text in another order than it is stored. Zero-width joiners are letters' business in Persian and Hindi and stay,
// except at the ends.
func badText(s string) (rule string) {
	for i, c := range s {
		switch {
		case c == '\u200c' || c == '\u200d':
			if i == 0 || i+utf8.RuneLen(c) == len(s) {
				return "begins or ends with the invisible character " + codePoint(c)
			}
		case invisible(c):
			return "holds the invisible character " + codePoint(c)
		}
	}
	return ""
}

// invisible says whether c is a format character or a separator of lines; the Latin, Greek and Cyrillic letters have
// just one of these among them, the soft hyphen.
func invisible(c rune) bool {
	return c == '\u00ad' || c >= '\u0600' && unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp)
}

// printable says whether s is printable ASCII throughout.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// badName finds what a name of something may not hold: an employee number, an e-mail address, a time zone.
func badName(s string) (rule string) {
	for _, c := range s {
		switch {
		case c < ' ':
			return "holds a tab or a line break"
		case invisible(c), c != ' ' && unicode.IsSpace(c):
			return "holds the invisible character " + codePoint(c)
		}
	}
	return ""
}

// exponent is what a spreadsheet makes of a long number, or of one like 12E5; an E alone, as in 12E5, may be meant.
var exponent = regexp.MustCompile(`^[0-9]+([.,][0-9]+[eE][+-]?|[eE][+-])[0-9]+$`)

// badNumber finds why an employee number cannot be trusted. plain says that it is printable ASCII.
func badNumber(s string, plain bool) (rule string) {
	if last := s[len(s)-1]; last >= '0' && last <= '9' && strings.IndexByte(strings.ToLower(s), 'e') > 0 && exponent.MatchString(s) {
		return short(s) + " is a number in a spreadsheet's exponent form, its digits are lost: format the column as text and export again"
	}
	if plain {
		return ""
	}
	if rule = badName(s); rule != "" {
		return rule
	}
	if norm.NFKC.String(s) != s {
		return short(s) + " is written with special forms of characters, such as full-width digits, that look like others"
	}
	var latin, other bool
	for _, c := range s {
		latin = latin || unicode.Is(unicode.Latin, c)
		other = other || unicode.In(c, unicode.Cyrillic, unicode.Greek)
	}
	if latin && other {
		return short(s) + " mixes Latin letters with letters of another alphabet that look the same"
	}
	return ""
}

// spreadsheetErrors are what a spreadsheet writes into a cell whose formula failed.
var spreadsheetErrors = map[string]bool{"#N/A": true, "#REF!": true, "#VALUE!": true, "#NAME?": true, "#DIV/0!": true,
	"#NULL!": true, "#NUM!": true, "#SPILL!": true, "#CALC!": true}

// fold gives what two numbers have in common that differ only by case or spaces.
func fold(key string) string {
	plain := true
	for i := range len(key) {
		if c := key[i]; c >= utf8.RuneSelf || c == ' ' || c >= 'A' && c <= 'Z' {
			plain = false
			break
		}
	}
	if plain {
		return key
	}
	return strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return -1
		}
		return unicode.ToLower(unicode.ToUpper(c))
	}, key)
}

// short quotes a value for a message, at most 40 characters of it.
func short(s string) string {
	if utf8.RuneCountInString(s) > 40 {
		s = string([]rune(s)[:40]) + "…"
	}
	return strconv.Quote(s)
}

func codePoint(c rune) string {
	hex := strings.ToUpper(strconv.FormatInt(int64(c), 16))
	return "U+" + strings.Repeat("0", max(0, 4-len(hex))) + hex
}
