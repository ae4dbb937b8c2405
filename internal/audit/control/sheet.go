package control

import (
	"errors"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// Sheet is what there is to say of one item of a population, on one page.
type Sheet struct {
	Item   string
	Kind   string // "Leaver certificate"
	Title  string // of whom or what
	Facts  []Fact
	Tables []Table
	Open   []string // what is not done yet; empty is the good case
	Events []int64  // numbers in the log of the events that it rests on, ascending
}

// Fact is a line of a sheet.
type Fact struct{ Name, Value string }

// Table is a part of a sheet. The last column of each row may name the number of an event in the log ("#12").
type Table struct {
	Title, Note string
	Columns     []string
	Rows        [][]string
	None        string // what it means that there is no row
}

// SheetOf gives the sheet of an item by its id. Each kind of item has its letter.
func SheetOf(tx *db.Tx, id string) (*Sheet, error) {
	none := errs.NotFound("there is no such item")
	if len(id) < 2 {
		return nil, none
	}
	n, err := strconv.ParseInt(id[1:], 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != id[1:] {
		return nil, none
	}
	of, ok := map[byte]func(*db.Tx, int64) (*Sheet, error){'e': eventSheet, 'r': requestSheet, 'i': reviewSheet, 'v': violationSheet, 'x': exceptionSheet, 'p': policySheet,
		'g': grantSheet, 'o': operationSheet, 'a': accountSheet}[id[0]]
	if !ok || n > 1<<31-1 && (id[0] != 'e' && id[0] != 'g' && id[0] != 'o' && id[0] != 'i' && id[0] != 'v' && id[0] != 'x') {
		return nil, none
	}
	s, err := of(tx, n)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, none
	}
	if err != nil {
		return nil, err
	}
	s.Item = id
	slices.Sort(s.Events)
	s.Events = slices.Compact(s.Events)
	return s, nil
}

// add reads rows of text, of which the last column is the number of an event in the log, -1 for none, as a table.
func (s *Sheet) add(tx *db.Tx, t Table, sql string, args ...any) error {
	rows, err := tx.Query(sql, args...)
	if err != nil {
		return err
	}
	n := len(t.Columns)
	t.Columns = append(slices.Clone(t.Columns), "Log")
	_, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (struct{}, error) {
		cells, event := make([]string, n+1), int64(-1)
		into := make([]any, 0, n+1)
		for i := range n {
			into = append(into, &cells[i])
		}
		if err := r.Scan(append(into, &event)...); err != nil {
			return struct{}{}, err
		}
		cells[n] = s.number(event)
		t.Rows = append(t.Rows, cells)
		return struct{}{}, nil
	})
	s.Tables = append(s.Tables, t)
	return err
}

// number notes that the sheet rests on an event, and writes its number.
func (s *Sheet) number(event int64) string {
	if event < 0 {
		return ""
	}
	s.Events = append(s.Events, event)
	return "#" + strconv.FormatInt(event, 10)
}

func (s *Sheet) fact(name, value string) {
	if value != "" {
		s.Facts = append(s.Facts, Fact{name, value})
	}
}

// verifiedIn is the number of the event that says that an operation o was verified.
const verifiedIn = `coalesce((select min(l.log_index) from event e join leaf l on l.event_id = e.id where e.kind = 'operation.verified' and e.identity_id = o.identity_id
	and e.recorded_at between o.verified_at - interval '1 hour' and o.verified_at + interval '1 hour' and convert_from(e.leaf, 'UTF8')::jsonb->'facts'->>'reading' = o.verified_by::text), -1)`

var changeColumns = []string{"Application", "Account", "What", "Entitlement", "State", "Decided", "Acknowledged", "Verified", "By reading"}

// changesSQL gives operations o as changeColumns has them.
const changesSQL = `select ap.title, a.name, o.kind, coalesce(en.title, ''), o.state, `

func changes(from string) string {
	return changesSQL + at(`o.created_at`) + `, ` + at(`o.acknowledged_at`) + `, ` + at(`o.verified_at`) + `,
		case when o.verified_by is not null then o.verified_by || ', begun ' || ` + at(`rd.started_at`) + ` else '' end, ` + verifiedIn + `
	from operation o join application ap on ap.id = o.application_id join account a on a.id = o.account_id left join entitlement en on en.id = o.entitlement_id left join reading rd on rd.id = o.verified_by ` + from
}

// openOf lists operations of a condition that are not verified.
func (s *Sheet) openOf(tx *db.Tx, where string, args ...any) error {
	rows, err := tx.Query(`select o.kind || case when en.title is null then ' the account ' || a.name else ' ' || en.title || ' of ' || a.name end || ' in ' || ap.title || ': ' || o.state || coalesce(', ' || o.error, '')
		from operation o join application ap on ap.id = o.application_id join account a on a.id = o.account_id left join entitlement en on en.id = o.entitlement_id
		where o.state not in ('verified', 'cancelled') and `+where+` order by o.id`, args...)
	if err != nil {
		return err
	}
	open, err := pgx.CollectRows(rows, pgx.RowTo[string])
	s.Open = append(s.Open, open...)
	return err
}
