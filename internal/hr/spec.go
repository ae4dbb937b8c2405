package hr

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/hr/source"
)

// Spec is what a YAML file declares about an HR source (kind: HRSource).
type Spec struct {
	Type   string         `yaml:"type" json:"type"`                         // "file"
	Title  string         `yaml:"title,omitempty" json:"title,omitempty"`   // as people call it
	Zone   string         `yaml:"zone,omitempty" json:"zone,omitempty"`     // IANA zone of people who have none of their own; default UTC
	File   source.Mapping `yaml:"file,omitempty" json:"file"`               // the mapping, for type file
	Movers []string       `yaml:"movers,omitempty" json:"movers,omitempty"` // attributes whose change makes a mover
	Brake  Limits         `yaml:"brake,omitempty" json:"brake"`
}

// Limits are the brake's. A zero number means the default.
type Limits struct {
	LeaversCount   int `yaml:"leavers_count,omitempty" json:"leavers_count,omitempty"`     // default 10
	LeaversPercent int `yaml:"leavers_percent,omitempty" json:"leavers_percent,omitempty"` // default 5
	MoversCount    int `yaml:"movers_count,omitempty" json:"movers_count,omitempty"`       // default 20
	MoversPercent  int `yaml:"movers_percent,omitempty" json:"movers_percent,omitempty"`   // default 20
	RowsPercent    int `yaml:"rows_percent,omitempty" json:"rows_percent,omitempty"`       // default 10: fewer rows than the last good snapshot
}

// Source is an HR source as declared.
type Source struct {
	ID      int
	Name    string
	Version int
	Spec    Spec
}

var defaultMovers = []string{"department", "department_id", "title", "location", "worker_type"}

// withDefaults fills in what the file left out.
func (s Spec) withDefaults() Spec {
	if s.Zone == "" {
		s.Zone = "UTC"
	}
	if s.File.Zone == "" {
		s.File.Zone = s.Zone
	}
	s.File = s.File.WithDefaults()
	if len(s.Movers) == 0 {
		s.Movers = defaultMovers
	}
	for p, d := range map[*int]int{&s.Brake.LeaversCount: 10, &s.Brake.LeaversPercent: 5, &s.Brake.MoversCount: 20,
		&s.Brake.MoversPercent: 20, &s.Brake.RowsPercent: 10} {
		if *p == 0 {
			*p = d
		}
	}
	return s
}

// Validate says what is wrong with a declaration, field by field.
func (s Spec) Validate() []errs.Field {
	var bad []errs.Field
	if s.Type != "file" {
		bad = append(bad, errs.Field{Field: "type", Rule: "must be file"})
	}
	if _, err := time.LoadLocation(s.Zone); err != nil {
		bad = append(bad, errs.Field{Field: "zone", Rule: fmt.Sprintf("%q is no IANA time zone, such as Europe/Berlin", s.Zone)})
	}
	for _, f := range s.File.Validate() {
		bad = append(bad, errs.Field{Field: "file." + f.Field, Rule: f.Rule})
	}
	for name, n := range map[string]int{"leavers_count": s.Brake.LeaversCount, "leavers_percent": s.Brake.LeaversPercent,
		"movers_count": s.Brake.MoversCount, "movers_percent": s.Brake.MoversPercent, "rows_percent": s.Brake.RowsPercent} {
		if n < 0 {
			bad = append(bad, errs.Field{Field: "brake." + name, Rule: "must not be negative"})
		}
	}
	slices.SortFunc(bad, func(a, b errs.Field) int { return compare(a.Field, b.Field) })
	return bad
}

// Declare writes a source's declaration; an unchanged one writes nothing.
func Declare(tx *db.Tx, name string, spec Spec) (changed bool, err error) {
	if bad := spec.Validate(); len(bad) > 0 {
		return false, errs.InvalidFields(fmt.Sprintf("HR source %s", name), bad)
	}
	body, err := json.Marshal(spec)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(`insert into hr_source (name, spec) values ($1, $2)
		on conflict (name) do update set spec = excluded.spec, version = hr_source.version + 1 where hr_source.spec <> excluded.spec`, name, body)
	if err != nil || n == 0 {
		return false, err
	}
	tx.Record(evidence.Event{Kind: "hr.source_declared", Touches: evidence.Touches{"hr_source": 1}, Facts: map[string]any{"name": name, "spec": spec}})
	return true, nil
}

// Find gives a source by name, with its defaults filled in.
func Find(tx *db.Tx, name string) (*Source, error) {
	s := &Source{Name: name}
	err := tx.QueryRow(`select id, version, spec from hr_source where name = $1`, name).Scan(&s.ID, &s.Version, &s.Spec)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound("there is no HR source %q; declare it in a file (kind: HRSource) and run `tenure apply -f DIR`", name)
	}
	s.Spec = s.Spec.withDefaults()
	return s, err
}

// Sources gives all sources, by name.
func Sources(tx *db.Tx) ([]*Source, error) {
	rows, err := tx.Query(`select id, name, version, spec from hr_source order by name`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (*Source, error) {
		s := &Source{}
		err := r.Scan(&s.ID, &s.Name, &s.Version, &s.Spec)
		s.Spec = s.Spec.withDefaults()
		return s, err
	})
}

// Movers gives, by employment, the attributes whose change makes its person a mover.
func Movers(tx *db.Tx, employments []int) (map[int][]string, error) {
	out := map[int][]string{}
	if len(employments) == 0 {
		return out, nil
	}
	by := map[int][]string{}
	return out, db.Together(tx, func(tx *db.Tx) error {
		all, err := Sources(tx)
		for _, s := range all {
			by[s.ID] = s.Spec.Movers
		}
		return err
	}, func(tx *db.Tx) error {
		rows, err := tx.Query(`select id, source_id from employment where id = any($1)`, employments)
		if err != nil {
			return err
		}
		var id, src int
		_, err = pgx.ForEachRow(rows, []any{&id, &src}, func() error { out[id] = by[src]; return nil })
		return err
	})
}

// AttributeNames gives the attributes that the declared sources send, for checking policy.
func AttributeNames(tx *db.Tx) ([]string, error) {
	all, err := Sources(tx)
	var out []string
	for _, s := range all {
		for _, n := range s.Spec.File.AttributeNames() {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return out, err
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
