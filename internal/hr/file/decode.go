package file

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"tenure/internal/hr/source"
)

// undecodable stands in decoded text where the file has bytes that its encoding does not know. It is never valid in
// UTF-8, so that the check of each row finds it and rejects the row; nothing is replaced by a look-alike.
const undecodable = "\xff"

// decode gives the text of a file in UTF-8, without byte order mark. A byte order mark says for certain what a file is
// and wins over the stated encoding. broken is a sentence when the file as a whole cannot be text of that encoding.
func decode(raw, encoding string) (text, broken string) {
	switch {
	case strings.HasPrefix(raw, "\xef\xbb\xbf"):
		return raw[3:], ""
	case strings.HasPrefix(raw, "\xff\xfe"):
		return decodeUTF16(raw[2:], 0, 1)
	case strings.HasPrefix(raw, "\xfe\xff"):
		return decodeUTF16(raw[2:], 1, 0)
	}
	switch encoding {
	case source.UTF16LE:
		return decodeUTF16(raw, 0, 1)
	case source.UTF16BE:
		return decodeUTF16(raw, 1, 0)
	case source.UTF16:
		if raw == "" {
			return "", ""
		}
		return "", "the file has no byte order mark, so its UTF-16 can be read in two ways: state utf-16le or utf-16be as encoding"
	case source.Windows1252:
		return decodeWindows1252(raw), ""
	}
	return raw, ""
}

// decodeUTF16 reads pairs of bytes (RFC 2781) whose low and high byte stand at these offsets.
func decodeUTF16(raw string, low, high int) (text, broken string) {
	if len(raw)%2 != 0 {
		return "", "the file ends in the middle of a UTF-16 character: it is cut"
	}
	var b strings.Builder
	b.Grow(len(raw)/2 + len(raw)/8)
	unit := func(i int) rune { return rune(raw[i+low]) | rune(raw[i+high])<<8 }
	for i := 0; i < len(raw); i += 2 {
		c := unit(i)
		if utf16.IsSurrogate(c) {
			whole := utf8.RuneError
			if i+2 < len(raw) {
				whole = utf16.DecodeRune(c, unit(i+2))
			}
			if whole == utf8.RuneError { // half a pair
				b.WriteString(undecodable)
				continue
			}
			c = whole
			i += 2
		}
		b.WriteRune(c)
	}
	return b.String(), ""
}

// windows1252 has the UTF-8 of each byte; the five bytes that the code page leaves open are undecodable.
var windows1252 = func() (table [256]string) {
	for i := range table {
		r := charmap.Windows1252.DecodeByte(byte(i))
		if r == utf8.RuneError {
			table[i] = undecodable
			continue
		}
		table[i] = string(r)
	}
	return table
}()

func decodeWindows1252(raw string) string {
	var b strings.Builder
	b.Grow(len(raw) + len(raw)/8)
	for i := range len(raw) {
		b.WriteString(windows1252[raw[i]])
	}
	return b.String()
}
