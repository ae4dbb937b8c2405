package lang

import (
	"strings"

	"golang.org/x/text/language"
)

// The signs around every text of the long language: what stands outside of them was not looked up.
const open, shut = "[", "]"

// Long is a language for tests and the gallery: English with accents, 40 % longer, in brackets. Where a page shows words without
// brackets, somebody forgot to look them up; where it breaks, German would break it.
var Long = &Language{tag: language.MustParse("en-x-long"), long: true}

var accents = strings.NewReplacer("a", "å", "e", "é", "i", "ï", "o", "ö", "u", "ü", "y", "ý", "c", "ç", "n", "ñ",
	"A", "Å", "E", "É", "I", "Ï", "O", "Ö", "U", "Ü", "Y", "Ý", "C", "Ç", "N", "Ñ")

func long(text string, format bool) string {
	if !format && strings.HasPrefix(text, open) && strings.HasSuffix(text, shut) {
		return text // said already: what a table names is looked up where it is drawn
	}
	var b strings.Builder
	b.WriteString(open)
	letters := 0
	for rest := text; rest != ""; {
		i := strings.IndexByte(rest, '%')
		if !format || i < 0 {
			i = len(rest)
		}
		b.WriteString(accents.Replace(rest[:i]))
		letters += i
		if rest = rest[i:]; rest == "" {
			break
		}
		end := 1
		for end < len(rest) && strings.IndexByte("0123456789.+-# []", rest[end]) >= 0 {
			end++
		}
		end = min(end+1, len(rest))
		b.WriteString(rest[:end])
		rest = rest[end:]
	}
	b.WriteString(strings.Repeat("·", (letters*2+4)/5))
	b.WriteString(shut)
	return b.String()
}
