package identity

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Named finds the people whom texts name, by number, else by e-mail address, else by full name, as Find does for one. A text that names nobody,
// or more than one person, is not among the answers.
func Named(tx *db.Tx, texts []string) (map[string]int, error) {
	out := map[string]int{}
	if len(texts) == 0 {
		return out, nil
	}
	rows, err := tx.Query(`select t, min(id) from (
			select t, id, n, rank() over (partition by t order by n) r from unnest($1::text[]) t cross join lateral (
				select id, 1 n from identity where number = t
				union all select id, 2 from identity where lower(email) = lower(t)
				union all select id, 3 from identity where lower(name) = lower(t)) x) y
		where r = 1 group by t having count(*) = 1`, texts)
	if err != nil {
		return nil, err
	}
	var text string
	var id int
	_, err = pgx.ForEachRow(rows, []any{&text, &id}, func() error { out[text] = id; return nil })
	return out, err
}

// Unheld gives, for the columns department, location and worker_type, which of the values nobody has.
func Unheld(tx *db.Tx, values map[string][]string) (map[string][]string, error) {
	var parts []string
	var args []any
	for _, column := range []string{"department", "location", "worker_type"} {
		if len(values[column]) > 0 {
			args = append(args, values[column])
			parts = append(parts, fmt.Sprintf(`select '%[1]s', v from unnest($%[2]d::text[]) v where not exists (select from identity_entry e where e.%[1]s = v)`, column, len(args)))
		}
	}
	out := map[string][]string{}
	if len(parts) == 0 {
		return out, nil
	}
	rows, err := tx.Query(strings.Join(parts, " union all "), args...)
	if err != nil {
		return nil, err
	}
	var column, value string
	_, err = pgx.ForEachRow(rows, []any{&column, &value}, func() error { out[column] = append(out[column], value); return nil })
	return out, err
}
