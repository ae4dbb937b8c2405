package identity

import (
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// goesOn says of an employment v of a person i that it goes on at $2, and that the person is not locked out.
const goesOn = `v.known_to = 'infinity' and v.valid_from <= $2 and v.valid_to > $2 and v.status in ('active', 'leave') and v.starts_at <= $2 and v.ends_at > $2`

// Fitting gives how many people have an employment that goes on now with one of these combinations of values, and the ids of the first of
// them by name. The values are those of the attributes named, in their order.
func Fitting(tx *db.Tx, names []string, values [][]string, most int) (first []int, n int, err error) {
	keys := make([]string, len(values))
	for i, v := range values {
		keys[i] = strings.Join(v, "\x1f")
	}
	rows, err := tx.Query(`with those as materialized (select i.id, i.name from employment_version v join identity i on i.id = v.identity_id and i.kind = 'person' and i.locked_at is null
			where `+goesOn+` and array_to_string(array(select coalesce(v.attrs->>n.name, '') from unnest($1::text[]) with ordinality n(name, nth) order by n.nth), E'\x1f') = any($3::text[]))
		select id, (select count(distinct id) from those) from (select distinct name, id from those order by name, id limit $4) x order by name, id`, names, tx.Now, keys, most)
	if err != nil {
		return nil, 0, err
	}
	var id int
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error { first = append(first, id); return nil })
	return first, n, err
}

// Frequent gives the values that these attributes have in the employments that go on now, up to a number of each, the most frequent first.
func Frequent(tx *db.Tx, names []string, most int) (map[string][]string, error) {
	out := map[string][]string{}
	if len(names) == 0 {
		return out, nil
	}
	rows, err := tx.Query(`select n.name, x.value from unnest($1::text[]) n(name), lateral (select v.attrs->>n.name as value, count(*) many
			from employment_version v join identity i on i.id = v.identity_id and i.kind = 'person' and i.locked_at is null where `+goesOn+` group by 1 order by 2 desc, 1 limit $3) x
		where x.value <> '' order by n.name, x.many desc, x.value`, names, tx.Now, most+1)
	if err != nil {
		return nil, err
	}
	var name, value string
	_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error {
		if len(out[name]) < most {
			out[name] = append(out[name], value)
		}
		return nil
	})
	return out, err
}
