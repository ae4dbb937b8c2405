package control

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// Population is a query over a period that gives items.
//
// Its SQL has the parameters $1 and $2 (the period, business time), $3 (record time of the look) and $4 (business time of the look), and gives:
//
//	id     text       stays the same
//	ord    text       the order of the list
//	who    int        the person, null for none
//	cells  text[]     as Columns says
//	ev     bigint     the event that made the item, null for none
//	lim    text       the limit that applies, null for none
//	took   float8     seconds it took; null while it is not done, and where nothing is to be done
//	waited float8     seconds it has waited, while it is not done
type Population struct {
	Key     string
	Title   string
	About   string // what is an item
	Columns []string
	Source  string // how it is counted at the source
	AtEnd   bool   // as of the end of the period, and not within it
	Timed   bool   // items are held to limits

	sql, source string
	near        *near // nil for a list of which every page is found by all of it
}

// Keys of populations; they stand in addresses, samples and packs.
const (
	Joiners             = "joiners"
	Movers              = "movers"
	Leavers             = "leavers"
	Requests            = "requests"
	Reviews             = "reviews"
	Removals            = "removals"
	Violations          = "violations"
	Exceptions          = "exceptions"
	PrivilegedUse       = "privileged-use"
	PolicyChanges       = "policy-changes"
	Access              = "access"
	AccessByApplication = "access-by-application"
	Privileged          = "privileged-access"
	Orphans             = "orphans"
)

// Populations are those there are.
var Populations = slices.Concat(lifePopulations, decidedPopulations, heldPopulations)

// PopulationOf finds a population by its key.
func PopulationOf(key string) (*Population, error) {
	for i := range Populations {
		if Populations[i].Key == key {
			return &Populations[i], nil
		}
	}
	return nil, errs.NotFound("there is no such population")
}

// Query is the text of the query, for whoever wants to run it again: $1 and $2 are the period, $3 and $4 record and business time of the look.
func (p *Population) Query() string {
	return strings.TrimSpace(strings.ReplaceAll(p.sql, "\n\t", "\n"))
}

// Item is one thing of a population.
type Item struct {
	ID     string
	Order  string
	Person int
	Cells  []string
	Event  int64 // number in the log of the event that made it, -1 for none
}

// Counts are how many there are: as listed, and counted at the source another way.
type Counts struct{ Listed, AtSource int }

// Differ says whether the counts are not the same.
func (c Counts) Differ() bool { return c.Listed != c.AtSource }

// Count counts a population both ways.
func (p *Population) Count(tx *db.Tx, s Span) (c Counts, err error) {
	err = tx.QueryRow(fmt.Sprintf(`select (select count(*) from (%s) p), coalesce((%s), 0) where %s`, p.sql, p.source, typed), s.args()...).Scan(&c.Listed, &c.AtSource)
	return c, err
}

// Place is a place in the list: behind an item. Nil is the beginning.
type Place struct{ Order, ID string }

// List gives items after a place, or back before it with the nearest first, at most so many. Which ones they are is found first, and what is to
// be said of them only then: of a hundred thousand items a page shows fifty.
func (p *Population) List(tx *db.Tx, s Span, after *Place, back bool, limit int) ([]Item, error) {
	if p.near != nil {
		if all, found, err := p.nearest(tx, s, after, back, limit); found || err != nil {
			return all, err
		}
	}
	return p.list(tx, s, after, back, limit)
}

func (p *Population) list(tx *db.Tx, s Span, after *Place, back bool, limit int, more ...any) ([]Item, error) {
	place, order := `$5::text = '' or (q.ord, q.id) > ($6::text, $5)`, `%[1]s.ord, %[1]s.id`
	if back {
		place, order = `(q.ord, q.id) < ($6::text, $5::text)`, `%[1]s.ord desc, %[1]s.id desc`
	}
	at := Place{}
	if after != nil {
		at = *after
	}
	return p.items(tx, s, fmt.Sprintf(`with page as materialized (select q.id from (%s) q where %s and (%s) order by %s limit $7)`, p.sql, typed, place, fmt.Sprintf(order, "q")),
		`p.id = any(array(select id from page)) order by `+fmt.Sprintf(order, "p"), append([]any{at.ID, at.Order, limit}, more...)...)
}

// Some gives the items of some ids, in that order. One that is not in the population any more is left out.
func (p *Population) Some(tx *db.Tx, s Span, ids []string) ([]Item, error) {
	return p.items(tx, s, ``, `p.id = any($5::text[]) order by array_position($5::text[], p.id)`, ids)
}

func (p *Population) items(tx *db.Tx, s Span, first, where string, args ...any) ([]Item, error) {
	rows, err := p.rows(tx, s, first, where, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanItem)
}

func (p *Population) rows(tx *db.Tx, s Span, first, where string, args ...any) (pgx.Rows, error) {
	return tx.Query(fmt.Sprintf(`%s select p.id, p.ord, coalesce(p.who, 0), p.cells, coalesce((select l.log_index from leaf l where l.event_id = p.ev), -1) from (%s) p where %s and %s`, first, p.sql, typed, where), append(s.args(), args...)...)
}

func scanItem(r pgx.CollectableRow) (i Item, err error) {
	return i, r.Scan(&i.ID, &i.Order, &i.Person, &i.Cells, &i.Event)
}

// Each gives every item, in the order of the list, one by one. do asks nothing of the transaction.
func (p *Population) Each(tx *db.Tx, s Span, do func(Item) error) error {
	rows, err := p.rows(tx, s, ``, `true order by p.ord, p.id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		i, err := scanItem(rows)
		if err == nil {
			err = do(i)
		}
		if err != nil {
			return err
		}
	}
	return rows.Err()
}

// at writes an instant in SQL as evidence shows it: in UTC, to the second; "" for none.
func at(expr string) string {
	return `coalesce(to_char(nullif(` + expr + `, 'infinity') at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'), '')`
}

// order writes an instant in SQL so that it sorts.
func order(expr string) string {
	return `to_char(` + expr + ` at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`
}

// seconds writes a length of time in SQL as seconds.
func seconds(expr string) string { return `extract(epoch from ` + expr + `)::float8` }

// factsOf joins the facts of an event e.
const factsOf = ` cross join lateral (select convert_from(e.leaf, 'UTF8')::jsonb->'facts' facts) f `
