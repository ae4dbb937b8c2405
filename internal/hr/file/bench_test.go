package file_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"testing"

	"tenure/internal/hr/file"
	"tenure/internal/hr/source"
)

// feed writes n rows of 10 columns as a payroll system would; letters says in which alphabet names are.
func feed(n int, letters string) []byte {
	var b bytes.Buffer
	b.WriteString("nr,first,last,mail,from,deptno,dept,title,site,boss\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,Ann%d,Ex%s%d,ann%d@example.org,%d-%02d-%02d,d%03d,Department %d,Engineer %d,Site %d,%d\n",
			10000+i, i, letters, i%977, i, 1990+i%30, 1+i%12, 1+i%28, i%40, i%40, i%12, i%7, 10000+i/10)
	}
	return b.Bytes()
}

func feedMapping() *source.Mapping {
	return &source.Mapping{Dates: "YYYY-MM-DD", Columns: map[string]string{"number": "nr", "first_name": "first", "last_name": "last",
		"email": "mail", "first_day": "from", "department_id": "deptno", "department": "dept", "title": "title", "location": "site",
		"manager": "boss"}}
}

// BenchmarkRead reads 50,000 rows; BenchmarkFloor only splits the same bytes into lines and hashes them.
func BenchmarkRead(b *testing.B) {
	for _, c := range []struct{ name, letters string }{{"ASCII", "ample"}, {"umlauts", "ämple"}} {
		raw := feed(50_000, c.letters)
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				got, err := file.Read(context.Background(), bytes.NewReader(raw), feedMapping(), file.ReadOptions{})
				if err != nil || len(got.Records) != 50_000 {
					b.Fatal(err, len(got.Records))
				}
			}
		})
	}
}

func BenchmarkFloor(b *testing.B) {
	raw := feed(50_000, "ample")
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		lines, whole := 0, sha256.New()
		for s := bufio.NewScanner(bytes.NewReader(raw)); s.Scan(); lines++ {
			whole.Write(s.Bytes())
			_ = sha256.Sum256(s.Bytes())
		}
		if lines != 50_001 {
			b.Fatal(lines)
		}
	}
}

func BenchmarkXLSX(b *testing.B) {
	rows := make([][]string, 0, 5001)
	for _, line := range bytes.Split(bytes.TrimSpace(feed(5000, "ample")), []byte("\n")) {
		var cells []string
		for _, c := range bytes.Split(line, []byte(",")) {
			cells = append(cells, string(c))
		}
		rows = append(rows, cells)
	}
	raw := workbook(b, rows)
	m := feedMapping()
	m.Format = source.XLSX
	for b.Loop() {
		if got, err := file.Read(context.Background(), bytes.NewReader(raw), m, file.ReadOptions{}); err != nil || len(got.Records) != 5000 {
			b.Fatal(err, got.Broken)
		}
	}
}
