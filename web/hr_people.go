package web

import (
	"iter"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"tenure/internal/db"
	"tenure/internal/hr"
	"tenure/templates"
	"tenure/templates/ui"
)

// runPeople lists everybody of a run, page by page, or all of them as CSV.
func (s *server) runPeople(r *request) error {
	id, err := r.number("id")
	if err != nil {
		return err
	}
	class := oneOf(r.Query("class"), hr.Classes...)
	base := runURL(id) + "/people"
	v := templates.RunListView{ID: "#" + strconv.Itoa(id), Run: ui.Link{Text: r.T("HR run #%s", strconv.Itoa(id)), URL: runURL(id)}}
	if r.Query("export") == "csv" {
		return s.runPeopleCSV(r, id, class)
	}
	err = r.read(func(tx *db.Tx) error {
		run, err := hr.GetRun(tx, id)
		if err != nil {
			return err
		}
		counts, err := hr.CountChanges(tx, id)
		if err != nil {
			return err
		}
		v.Grid = ui.Grid{Name: "run-people", Label: r.T("People of this run"), Columns: []ui.Col{{Key: "person", Text: r.T("Person")}, {Key: "class", Text: r.T("Change")}, {Key: "what", Text: r.T("What changes")}},
			Filtered: class != "", ExportURL: link(base, "class", class, "export", "csv"),
			Blank:   ui.Blank{Icon: "equal", Title: r.T("Nobody is kept one by one"), Text: r.T("The run changed nobody, or it was so large or so long ago that only the log tells.")},
			NoMatch: ui.Blank{Icon: "search", Title: r.T("Nobody is in this class"), Link: ui.Link{Text: r.T("Show everybody"), URL: base}}}
		total := 0
		for _, c := range hr.Classes {
			total += counts[c]
		}
		chips := []ui.Chip{{Text: r.T("All"), URL: base, Count: total, Counted: true, Current: class == ""}}
		for _, c := range hr.Classes {
			chips = append(chips, ui.Chip{Text: r.T(classTitles[c]), URL: link(base, "class", c), Count: counts[c], Counted: true, Current: class == c})
		}
		v.Grid.Filter.Chips = chips
		if class != "" {
			total = counts[class]
		}
		all, err := hr.Changes(tx, id, hr.ChangeFilter{Class: class, After: r.cursor("after"), Limit: pageSize})
		if err != nil {
			return err
		}
		rows, err := r.changeRows(tx, all, run.State == hr.Held)
		for i := range rows {
			x := &rows[i]
			v.Grid.Rows = append(v.Grid.Rows, ui.Row{Name: x.Name, URL: x.URL,
				Cells: []templ.Component{ui.Main(x.Name, x.URL, x.Number), ui.Words(strings.TrimSuffix(classTitles[x.Class], "s")), templates.ChangeWords(*x)}})
		}
		next, shown := "", r.cursor("n")
		if len(all) == pageSize {
			next = link(base, "class", class, "after", strconv.Itoa(all[len(all)-1].N), "n", strconv.Itoa(shown+len(all)))
		}
		v.Grid.Pager = r.pager(shown, len(all), total, link(base, "class", class), next)
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.RunList(r.shell(r.T("People of HR run %s", v.ID)), v))
}

// chunk is how many people are read at a time for a file.
const chunk = 1000

func (s *server) runPeopleCSV(r *request, id int, class string) error {
	if err := r.read(func(tx *db.Tx) error { _, err := hr.GetRun(tx, id); return err }); err != nil {
		return err
	}
	return r.sendCSV("hr-run-"+strconv.Itoa(id), []string{"number", "name", "change", "field", "was", "becomes", "from"}, r.runLines(id, class))
}

// runLines gives one line for each value that changes, read in chunks.
func (r *request) runLines(id int, class string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		after := 0
		for {
			var all []hr.PersonChange
			err := r.read(func(tx *db.Tx) (err error) {
				all, err = hr.Changes(tx, id, hr.ChangeFilter{Class: class, After: after, Limit: chunk})
				return err
			})
			if err != nil {
				yield(nil, err)
				return
			}
			for _, c := range all {
				fields := c.Fields
				if len(fields) == 0 {
					fields = []hr.FieldChange{{}}
				}
				for _, f := range fields {
					if !yield([]string{c.Number, c.Name, c.Class, f.Field, f.Old, f.New, f.From}, nil) {
						return
					}
				}
			}
			if len(all) < chunk {
				return
			}
			after = all[len(all)-1].N
		}
	}
}

// runRejected gives what a run set aside as a file, for who mends it in the HR system.
func (s *server) runRejected(r *request) error {
	id, err := r.number("id")
	if err != nil {
		return err
	}
	var lines [][]string
	err = r.read(func(tx *db.Tx) error {
		if _, err := hr.GetRun(tx, id); err != nil {
			return err
		}
		all, err := hr.Rejects(tx, id)
		for _, x := range all {
			lines = append(lines, []string{strconv.Itoa(x.Row), x.Key, x.Field, x.Rule})
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.sendCSV("hr-run-"+strconv.Itoa(id)+"-rejected", []string{"row", "number", "field", "rule"}, eachLine(lines, func(l *[]string) []string { return *l }))
}
