package evidence

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"
)

// readable writes the files of a pack that people read: a table for spreadsheets and a page.
type readable struct {
	csv   *csv.Writer
	html  io.Writer
	cells []string
	row   []byte
}

var csvHead = []string{"number", "recorded", "effective", "kind", "actor", "person", "facts"}

const htmlHead = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Evidence</title>
<style>body{font:14px system-ui,sans-serif;margin:2rem}table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #bbb;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}thead{display:table-header-group}tr{break-inside:avoid}</style></head><body><h1>Evidence</h1>
`

// newReadable begins both.
func newReadable(forCSV, forHTML io.Writer, p Pack) (*readable, error) {
	r := &readable{csv: csv.NewWriter(forCSV), html: forHTML, cells: make([]string, len(csvHead))}
	r.csv.UseCRLF = true
	if err := r.csv.Write(csvHead); err != nil {
		return nil, err
	}
	query, err := json.Marshal(p.Query)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(forHTML, "%s<p>Log <code>%s</code>, head of %d events, root <code>%s</code>.</p><p>Asked: <code>%s</code></p><p>This page is for reading. How to verify the events stands in README.txt.</p>\n<table><thead><tr><th>%s</th></tr></thead><tbody>\n",
		htmlHead, html.EscapeString(p.Checkpoint.Origin), p.Checkpoint.Size, p.Checkpoint.Root, html.EscapeString(string(query)), strings.Join(csvHead, "</th><th>"))
	return r, err
}

// add writes one event.
func (r *readable) add(e Entry) error {
	clear(r.cells)
	r.cells[0] = strconv.FormatInt(e.Index, 10)
	if l, err := Skim(e.Leaf); err != nil {
		r.cells[3] = "unreadable"
	} else {
		r.cells[1], r.cells[2], r.cells[3], r.cells[4] = string(l.recordedText), string(l.effectText), string(l.Kind), strconv.Itoa(l.Actor)
		if l.Identity != 0 {
			r.cells[5] = strconv.Itoa(l.Identity)
		}
		r.cells[6] = string(l.Facts)
	}
	r.row = append(r.row[:0], "<tr>"...)
	for _, c := range r.cells {
		r.row = append(appendHTML(append(r.row, "<td>"...), c), "</td>"...)
	}
	if _, err := r.html.Write(append(r.row, "</tr>\n"...)); err != nil {
		return err
	}
	for i, c := range r.cells {
		// What a spreadsheet would take for a formula begins with an apostrophe.
		if c != "" && strings.IndexByte("=+-@\t\r\n", c[0]) >= 0 {
			r.cells[i] = "'" + c
		}
	}
	return r.csv.Write(r.cells)
}

// end ends both.
func (r *readable) end() error {
	r.csv.Flush()
	_, err := io.WriteString(r.html, "</tbody></table></body></html>\n")
	return errors.Join(r.csv.Error(), err)
}

// appendHTML appends a text as html.EscapeString writes it.
func appendHTML(b []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		var as string
		switch s[i] {
		case '"':
			as = "&#34;"
		case '&':
			as = "&amp;"
		case '\'':
			as = "&#39;"
		case '<':
			as = "&lt;"
		case '>':
			as = "&gt;"
		default:
			continue
		}
		b = append(append(b, s[from:i]...), as...)
		from = i + 1
	}
	return append(b, s[from:]...)
}
