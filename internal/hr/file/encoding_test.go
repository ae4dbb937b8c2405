package file_test

import (
	"slices"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"tenure/internal/hr/source"
)

func in(encoding string) *source.Mapping {
	return mapping(func(m *source.Mapping) { m.Encoding = encoding })
}

func windows(t *testing.T, s string) string {
	t.Helper()
	out, err := charmap.Windows1252.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEveryEncodingGivesTheSameText(t *testing.T) {
	const text = head + "1,Zoë,Müller–Ōe,2020-01-31,Größe €\n2,李,😀,2020-01-31,Здоровье\n"
	const western = head + "1,Zoë,Müller–Œ,2020-01-31,Größe €\n2,Ann,Lee,2020-01-31,Sales\n"
	want, wantWestern := read(t, text, mapping()), read(t, western, mapping())
	if len(want.Records) != 2 || want.Records[1].Attrs.Get("last_name") != "😀" || len(wantWestern.Records) != 2 {
		t.Fatalf("UTF-8 is not read: %v", shape(want))
	}
	le, be := utf16(text, unicode.LittleEndian), utf16(text, unicode.BigEndian)
	for _, c := range []struct {
		name, bytes, encoding string
		want                  *source.Reading
	}{
		{"UTF-8 with BOM", "\ufeff" + text, "utf-8", want},
		{"UTF-16LE with BOM", "\xff\xfe" + le, "utf-16", want},
		{"UTF-16BE with BOM", "\xfe\xff" + be, "utf-16", want},
		{"UTF-16LE without BOM", le, "utf-16le", want},
		{"UTF-16BE without BOM", be, "utf-16be", want},
		{"UTF-16LE stated, with BOM", "\xff\xfe" + le, "utf-16le", want},
		{"BOM against the stated byte order", "\xfe\xff" + be, "utf-16le", want},
		{"BOM against stated UTF-8", "\xff\xfe" + le, "utf-8", want},
		{"BOM against stated Windows-1252", "\ufeff" + text, "windows-1252", want},
		{"Windows-1252", windows(t, western), "windows-1252", wantWestern},
	} {
		got := read(t, c.bytes, in(c.encoding))
		same := slices.EqualFunc(got.Records, c.want.Records, func(a, b source.Record) bool { return a.Hash == b.Hash && a.Row == b.Row })
		if got.Broken != "" || len(got.Rejects) > 0 || !same {
			t.Errorf("%s: %v %+v", c.name, shape(got), got.Records)
		}
	}
}

func TestBytesThatAreNoTextCostTheirRow(t *testing.T) {
	const bad = "holds bytes that are not "
	const check = " text: check the encoding of the export"
	half := "\x00\xd8" // half of a surrogate pair, little end first
	run(t, []rowCase{
		{"Latin-1 in UTF-8", head + "1,Zo\xeb,Lee,2020-01-31,Sales\n" + bob, nil, []string{"3 ok 2", "2 first_name [1]: " + bad + "utf-8" + check}},
		{"surrogates in UTF-8", head + "1,\xed\xa0\x80,Lee,2020-01-31,Sales\n" + bob, nil, []string{"3 ok 2", "2 first_name [1]: " + bad + "utf-8" + check}},
		{"in the number", head + "1\xeb,Ann,Lee,2020-01-31,Sales\n" + bob, nil, []string{"3 ok 2", "2 number []: " + bad + "utf-8" + check}},
		{"open code in Windows-1252", head + "1,A\x81nn,Lee,2020-01-31,Sales\n" + bob, in("windows-1252"),
			[]string{"3 ok 2", "2 first_name [1]: " + bad + "windows-1252" + check}},
		{"half a pair in UTF-16", utf16(head+"1,A", unicode.LittleEndian) + half + utf16(",Lee,2020-01-31,Sales\n"+bob, unicode.LittleEndian), in("utf-16le"),
			[]string{"3 ok 2", "2 first_name [1]: " + bad + "utf-16le" + check}},
	})
}

func TestWrongEncodingIsNotRead(t *testing.T) {
	run(t, []rowCase{
		{"UTF-16 without BOM, order not stated", utf16(head+ann, unicode.LittleEndian), in("utf-16"),
			[]string{"broken: the file has no byte order mark, so its UTF-16 can be read in two ways: state utf-16le or utf-16be as encoding"}},
		{"UTF-16 cut in the middle of a character", "\xff\xfe" + utf16(head+ann, unicode.LittleEndian)[:101], in("utf-16"),
			[]string{"broken: the file ends in the middle of a UTF-16 character: it is cut"}},
	})
	for name, got := range map[string]*source.Reading{
		"UTF-16 read as UTF-8":        read(t, utf16(head+ann, unicode.BigEndian), in("utf-8")),
		"UTF-8 read as UTF-16":        read(t, head+ann+" ", in("utf-16le")),
		"wrong order of UTF-16":       read(t, utf16(head+ann, unicode.BigEndian), in("utf-16le")),
		"UTF-32 taken for UTF-16":     read(t, "\xff\xfe\x00\x00n\x00\x00\x00r\x00\x00\x00", in("utf-16")),
		"workbook read as text":       read(t, string(workbook(t, [][]string{{"nr"}, {"1"}})), in("utf-8")),
		"workbook as Windows-1252":    read(t, string(workbook(t, [][]string{{"nr"}, {"1"}})), in("windows-1252")),
		"UTF-8 letters in the header": read(t, "nr,first,last,from,Größe\n"+ann, mapping(column("size", "Größe"), func(m *source.Mapping) { m.Encoding = "windows-1252" })),
	} {
		if got.Broken == "" || len(got.Records) > 0 {
			t.Errorf("%s gives %v", name, shape(got))
		}
	}
}

func TestTextIsKeptAsItIsMeant(t *testing.T) {
	for _, c := range []struct{ name, cell, want, rule string }{
		{"decomposed letters are composed", "Mu\u0308ller", "M\u00fcller", ""},
		{"outer white space goes", " \u00a0Lee\u3000 ", "Lee", ""},
		{"inner white space stays", "van  der Berg", "van  der Berg", ""},
		{"quoted delimiter, quote and line break", "\"a, \"\"b\"\"\r\nc\"", "a, \"b\"\r\nc", ""},
		{"quotes inside an unquoted cell", `Ann "Annie" Lee`, `Ann "Annie" Lee`, ""},
		{"formula", "=1+1", "=1+1", ""},
		{"tab before a formula", "\"\t=1+1\"", "=1+1", ""},
		{"HTML", "<b>Lee</b>", "<b>Lee</b>", ""},
		{"homoglyphs are other letters", "S\u0430les", "S\u0430les", ""},
		{"joiner between Persian letters", "می\u200cرود", "می\u200cرود", ""},
		{"joiner at the beginning", "\u200cSales", "", "begins or ends with the invisible character U+200C"},
		{"joiner at the end", "Sales\u200d", "", "begins or ends with the invisible character U+200D"},
		{"zero-width space", "Sa\u200bles", "", "holds the invisible character U+200B"},
		{"right-to-left mark", "Sales\u200f", "", "holds the invisible character U+200F"},
		{"right-to-left override", "Sa\u202eles", "", "holds the invisible character U+202E"},
		{"BOM inside", "Sa\ufeffles", "", "holds the invisible character U+FEFF"},
		{"line separator", "Sa\u2028les", "", "holds the invisible character U+2028"},
	} {
		got := read(t, head+"1,Ann,Lee,2020-01-31,"+c.cell+"\n", mapping())
		if c.rule != "" {
			if len(got.Rejects) != 1 || got.Rejects[0].Rule != c.rule || got.Rejects[0].Field != "department" {
				t.Errorf("%s: %v", c.name, shape(got))
			}
			continue
		}
		if len(got.Records) != 1 || got.Records[0].Attrs.Get("department") != c.want {
			t.Errorf("%s: %v %+v", c.name, shape(got), got.Records)
		}
	}
}

func TestDelimitersAndQuotes(t *testing.T) {
	for _, c := range []struct{ name, delimiter, quote, row, want string }{
		{"semicolon", ";", `"`, `1;Ann;"Lee; Jr";2020-01-31;a,b`, "Lee; Jr|a,b"},
		{"tab", "tab", `"`, "1\tAnn\t\"Lee\tJr\"\t2020-01-31\ta,b", "Lee\tJr|a,b"},
		{"pipe", "|", `"`, `1|Ann|Lee|2020-01-31|x`, "Lee|x"},
		{"single quote", ",", "'", `1,Ann,'O''Neil, Jr',2020-01-31,"x"`, `O'Neil, Jr|"x"`},
		{"no quote", ";", "none", `1;Ann;"Lee;2020-01-31;5" pipe`, `"Lee|5" pipe`},
	} {
		m := mapping(func(m *source.Mapping) { m.Delimiter, m.Quote = c.delimiter, c.quote })
		header := "nr,first,last,from,dept\n"
		sep := c.delimiter
		if sep == "tab" {
			sep = "\t"
		}
		got := read(t, replaceAll(header, ",", sep)+c.row+"\n", m)
		if len(got.Records) != 1 || got.Records[0].Attrs.Get("last_name")+"|"+got.Records[0].Attrs.Get("department") != c.want {
			t.Errorf("%s: %v %+v", c.name, shape(got), got.Records)
		}
	}
}
