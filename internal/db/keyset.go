package db

import (
	"fmt"
	"slices"
	"strconv"
)

// Page says which lines of a sorted list are wanted: those after a known line, or before it, never "from number 50 on", because
// lines come and go meanwhile and counting past them costs.
type Page struct {
	Sort  string   // one of the keys given to Keyset
	Desc  bool     // the other way round
	After []string // sort value and id of the known line; nil for the first page
	Back  bool     // the lines before the known one
	Limit int
}

// Key is what a list can be sorted by: an SQL expression that is never null, and its type, such as {"lower(i.name)", "text"}.
type Key struct{ Expr, Type string }

// Keyset gives the condition, the end of the statement and the arguments for one page. Arguments are numbered from n on. id is an
// int or bigint expression that tells lines with the same sort value apart. One line more than Limit is read, so that Cut
// knows whether there are more.
//
//	where, tail, more := page.Keyset(keys, "i.id", len(args)+1)
//	rows, err := tx.Query(`select ... where `+matches+` and `+where+tail, append(args, more...)...)
//	...
//	list, further := db.Cut(page, list)
func (p Page) Keyset(keys map[string]Key, id string, n int) (where, tail string, args []any) {
	k, ok := keys[p.Sort]
	if !ok {
		k = Key{id, "bigint"}
	}
	than, order := ">", ""
	if p.Desc != p.Back {
		than, order = "<", " desc"
	}
	where = "true"
	if len(p.After) == 2 {
		where = fmt.Sprintf("(%s, %s) %s ($%d::text::%s, $%d::text::bigint)", k.Expr, id, than, n, k.Type, n+1)
		args = []any{p.After[0], p.After[1]}
	}
	return where, fmt.Sprintf(" order by %s%s, %s%s limit %d", k.Expr, order, id, order, p.Limit+1), args
}

// Cut takes off the line too many, brings lines that were read backwards into the list's order, and says whether there are more
// in the direction that was read.
func Cut[T any](p Page, lines []T) (page []T, more bool) {
	if len(lines) > p.Limit {
		lines, more = lines[:p.Limit], true
	}
	if p.Back {
		slices.Reverse(lines)
	}
	return lines, more
}

// PlaceID writes an id as the second value of Page.After.
func PlaceID(id int) string { return strconv.Itoa(id) }
