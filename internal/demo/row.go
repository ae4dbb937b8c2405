package demo

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
)

// Row is one line of the HR feed, as the file has it. Days are written YYYY-MM-DD.
type Row struct {
	Number, First, Last, Email  string
	Department, Title, Location string
	Zone, Type, Manager         string
	Start, End                  string // first and last day; no last day is open-ended
	Status                      string // "active" or "on leave"
}

var header = []string{"number", "first_name", "last_name", "email", "department", "title", "location", "zone", "worker_type", "manager", "start", "end", "status"}

func (r *Row) cells() []*string {
	return []*string{&r.Number, &r.First, &r.Last, &r.Email, &r.Department, &r.Title, &r.Location, &r.Zone, &r.Type, &r.Manager, &r.Start, &r.End, &r.Status}
}

// Name is first and last name.
func (r *Row) Name() string { return r.First + " " + r.Last }

// encode writes rows as the file of the feed.
func encode(rows []Row) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(header) // a bytes.Buffer takes everything
	line := make([]string, len(header))
	for i := range rows {
		for k, c := range rows[i].cells() {
			line[k] = *c
		}
		_ = w.Write(line)
	}
	w.Flush()
	return b.Bytes()
}

// decode reads what encode wrote. The file is the demo's own; somebody may have edited it by hand all the same.
func decode(body []byte) ([]Row, error) {
	lines, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 || !slices.Equal(lines[0], header) {
		return nil, fmt.Errorf("its first line must be %v", header)
	}
	rows := make([]Row, len(lines)-1)
	for i, line := range lines[1:] {
		for k, c := range rows[i].cells() {
			*c = line[k]
		}
	}
	return rows, nil
}
