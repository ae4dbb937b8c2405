package file_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"tenure/internal/hr/file"
	"tenure/internal/hr/source"
)

// FuzzRead reads any bytes by any of a few mappings. Whatever the bytes are: every row is accounted for, nothing is stored
// that is not text, and a beginning of the file is broken or loses nothing.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		head + ann + bob + "TRAILER,2\n", head + ann + bob, "\ufeff" + head + "1,\"Ann\nx\",Lee,2020-01-31,\"a\"\"b\"\r\n",
		head + "1,\"Ann,Lee,2020-01-31,Sales\n" + bob + "TRAILER,2", replaceAll(head+ann, ",", ";"), head + "1,A\xffn,Lee,2020-02-30,S\n" + ann,
		"\xff\xfen\x00r\x00", head + "1,\"no\"te\nTRAILER,1,\"x\"y\nTRAILER,2\n", head + "\n\n,,,,\n" + ann + "\x00",
		utf16Seed(), head + "A1,Ann,Lee,2020-01-31,x\na 1,Ann,Lee,2020-01-31,\u202ex\n",
	} {
		f.Add(s, uint8(0), uint16(20))
		f.Add(s, uint8(1), uint16(70))
		f.Add(s, uint8(255), uint16(50))
	}
	f.Fuzz(func(t *testing.T, text string, settings uint8, cut uint16) {
		m, opt := settingsOf(settings)
		got := readWith(t, text, m, opt)
		account(t, got)
		again := readWith(t, text, m, opt)
		if !same(got, again) {
			t.Fatal("the same bytes are read in two ways")
		}
		proven := m.Trailer != nil || opt.DeclaredRows > 0
		if got.Broken != "" || !proven || int(cut) >= len(text) {
			return
		}
		if part := readWith(t, text[:cut], m, opt); part.Broken == "" && !same(got, part) {
			t.Errorf("cut at byte %d, %d of %d records are left and the file is taken for whole", cut, len(part.Records), len(got.Records))
		}
	})
}

func settingsOf(s uint8) (*source.Mapping, file.ReadOptions) {
	m := mapping(column("status", "dept"), column("manager", "last"))
	var opt file.ReadOptions
	m.Limits.MaxFieldBytes = 200
	m.Encoding = []string{"utf-8", "utf-16", "utf-16le", "windows-1252"}[s>>1&3]
	if s&1 != 0 {
		trailer(m)
	} else {
		opt.DeclaredRows = int(s >> 5)
	}
	if s&8 != 0 {
		m.Delimiter = ";"
	}
	if s&16 != 0 {
		m.Required = []string{}
	}
	return m, opt
}

func account(t *testing.T, r *source.Reading) {
	t.Helper()
	if r.Broken != "" {
		if len(r.Records)+len(r.Rejects)+r.UnreadableKeys > 0 {
			t.Fatalf("a broken file gives %v", shape(r))
		}
		return
	}
	if r.Rows == 0 || r.Rows != len(r.Records)+len(r.Rejects) {
		t.Fatalf("%d rows are %d records and %d rejects", r.Rows, len(r.Records), len(r.Rejects))
	}
	var h source.Hasher
	rows, unknown := map[int]bool{}, 0
	for _, rec := range r.Records {
		texts := []string{rec.Key, rec.Person, rec.ManagerRef, rec.Status, rec.Zone}
		for _, v := range rec.Attrs.All() {
			texts = append(texts, v)
		}
		for _, v := range texts {
			if !utf8.ValidString(v) || strings.ContainsAny(v, "\x00\ufffd") || v != strings.TrimSpace(v) || len(v) > 400 {
				t.Fatalf("row %d stores %q", rec.Row, v)
			}
		}
		if rec.Key == "" || rec.Hash != h.Sum(&rec) || rows[rec.Row] {
			t.Fatalf("a record without key or hash, or a row taken twice: %+v", rec)
		}
		rows[rec.Row] = true
	}
	for _, rej := range r.Rejects {
		if rej.Row < 2 || rej.Field == "" || rej.Rule == "" || !utf8.ValidString(rej.Field+rej.Rule) || rows[rej.Row] {
			t.Fatalf("a reject without row, field or rule, or a row taken twice: %+v", rej)
		}
		rows[rej.Row] = true
		if rej.Key == "" {
			unknown++
		}
	}
	if r.UnreadableKeys < unknown {
		t.Fatalf("%d rejects have no number and %d are counted", unknown, r.UnreadableKeys)
	}
	if !slices.IsSortedFunc(r.Rejects, func(a, b source.Reject) int { return a.Row - b.Row }) {
		t.Fatal("rejects are out of order")
	}
}

func same(a, b *source.Reading) bool {
	return a.Rows == b.Rows && slices.Equal(shape(a), shape(b)) &&
		slices.EqualFunc(a.Records, b.Records, func(x, y source.Record) bool { return x.Hash == y.Hash })
}

func utf16Seed() string {
	var b strings.Builder
	b.WriteString("\xff\xfe")
	for _, c := range head + ann + "TRAILER,1\n" {
		b.WriteByte(byte(c))
		b.WriteByte(0)
	}
	return b.String()
}
