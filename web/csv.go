package web

import (
	"encoding/csv"
	"iter"
	"net/http"
	"strings"
	"time"

	"tenure/internal/errs"
)

// maxExport is how many lines a file has at most, where a list is not streamed from the database.
const maxExport = 100_000

// guarded keeps a spreadsheet from running what a cell says: text that begins like a formula gets an apostrophe before it (OWASP,
// CSV injection).
func guarded(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return cell
	}
	return "'" + cell
}

// sendCSV streams lines as a file: UTF-8 with a byte order mark (spreadsheets ask for it), a header row, the name with the day.
// Whatever goes wrong before the first line is answered as usual; later, the transfer is broken off, so that half a list never
// looks like a whole one.
func (r *request) sendCSV(name string, head []string, lines iter.Seq2[[]string, error]) error {
	h := r.Writer.Header()
	w := csv.NewWriter(r.Writer)
	w.UseCRLF = true // RFC 4180
	begun := false
	begin := func() error {
		if begun {
			return nil
		}
		begun = true
		r.allow(10 * time.Minute)
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="`+name+"-"+r.inZone(r.now).Format(time.DateOnly)+`.csv"`)
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		r.Writer.WriteHeader(http.StatusOK)
		if _, err := r.Writer.WriteString("\ufeff"); err != nil {
			return err
		}
		return w.Write(head)
	}
	for line, err := range lines {
		if err == nil {
			err = begin()
		}
		if err == nil {
			for i := range line {
				line[i] = guarded(line[i])
			}
			err = w.Write(line)
		}
		if err == nil {
			continue
		}
		if !begun {
			return err
		}
		panic(http.ErrAbortHandler)
	}
	if err := begin(); err != nil {
		return err
	}
	w.Flush()
	if w.Error() != nil {
		return errs.Invalid("the file could not be sent")
	}
	return nil
}

// eachLine gives the lines of a slice, for sendCSV.
func eachLine[T any](all []T, line func(*T) []string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for i := range all {
			if !yield(line(&all[i]), nil) {
				return
			}
		}
	}
}
