package control

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// near finds a page of a list of millions without all of them: the list is in the order of people, or of entitlements, of which only the next
// can be on the page.
type near struct {
	keys []string // their order: texts, and a number at the end. The order of the list begins with the same, apart by tabs
	sql  string   // gives them
	only string   // what holds the list to some of them, the parameter $8
	list string   // the list's SQL, held to them
	few  int      // how many are looked at first; one entitlement may be everybody's
}

func (n near) of(ord, where string) *near {
	n.list = heldOf(ord, where, n.only)
	return &n
}

// nearest is List by the next people or entitlements. Of how many there have to be is not known: where they are too few, it asks for more. It has not
// found the page where the database does not compare texts byte by byte, or the place is not of this list.
func (p *Population) nearest(tx *db.Tx, s Span, after *Place, back bool, limit int) (all []Item, found bool, err error) {
	where, order, args := "", strings.Join(p.near.keys, ", "), []any{0}
	if back {
		order = strings.Join(p.near.keys, " desc, ") + " desc"
	}
	if after != nil {
		parts := strings.SplitN(after.Order, "\t", len(p.near.keys)+1)
		if len(parts) <= len(p.near.keys) {
			return nil, false, nil
		}
		last := len(p.near.keys) - 1
		id, err := strconv.ParseInt(parts[last], 10, 32)
		if err != nil {
			return nil, false, nil //nolint:nilerr // a place of another list
		}
		marks := make([]string, len(p.near.keys))
		for i := range marks {
			marks[i] = "$" + strconv.Itoa(i+2)
			if i < last {
				args = append(args, parts[i])
			}
		}
		args = append(args, id)
		where = fmt.Sprintf(" where (%s) %s (%s)", strings.Join(p.near.keys, ", "), map[bool]string{false: ">=", true: "<="}[back], strings.Join(marks, ", "))
	}
	of := *p
	of.sql = p.near.list
	for n := p.near.few; ; n *= 8 {
		args[0] = n
		rows, err := tx.Query(`select c.id, (select datcollate in ('C', 'POSIX') from pg_database where datname = current_database())
			from (`+p.near.sql+where+` order by `+order+` limit $1) c`, args...)
		if err != nil {
			return nil, false, err
		}
		var ids []int
		var id int
		bytewise := true
		if _, err := pgx.ForEachRow(rows, []any{&id, &bytewise}, func() error { ids = append(ids, id); return nil }); err != nil || !bytewise {
			return nil, false, err
		}
		if all, err = of.list(tx, s, after, back, limit, ids); err != nil || len(all) == limit || len(ids) < n {
			return all, err == nil, err
		}
	}
}
