package trail

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"tenure/internal/db"
	"tenure/internal/evidence"
)

// vouched are the tables whose rows the log vouches for, and what a print covers. It stands here once more, beside the triggers that take the
// prints (00035): a verification asks no function that lies in the database it does not trust.
var vouched = []struct{ table, word, fields string }{
	{"employment_version", "employment", `id, employment_id, identity_id, status, first_day, last_day, zone, starts_at, ends_at, unit_id, manager_id,
		attrs, snapshot_id, valid_from, valid_to, known_from, known_to`},
	{"reason", "reason", `id, identity_id, entitlement_id, slot, param, state, kind, ref, via, policy_version, employment_id,
		valid_from, valid_to, known_from, known_to`},
	{"operation", "operation", `id, application_id, account_id, identity_id, kind, entitlement_id, param, cause, created_at,
		case when state in ('pending', 'claimed', 'acknowledged') then 'open' else state end,
		case when state = 'verified' then verified_by end, case when state = 'verified' then verified_at end`},
}

func printSQL(fields string) string {
	return `int4send(coalesce(identity_id, 0)) || substring(sha256(record_send(row(` + fields + `))) for 16)`
}

// perPass is how many rows are held against the log at a time: about 60 bytes each.
const perPass = 1_500_000

type print [evidence.PrintSize]byte

// written says which event wrote a row that stands.
type written struct {
	index, event int64
	n            int // how often it came, less how often it went
}

// count counts the rows to be held against the log. Where they are few, what the log says of all of them is kept while it is read.
func (v *verification) count() error {
	v.rows = map[string]int{}
	for _, t := range vouched {
		var n int
		if err := v.tx.QueryRow(`select count(*) from ` + t.table).Scan(&n); err != nil {
			return err
		}
		v.rows[t.table] = n
		v.r.Rows += n
	}
	if v.r.Rows <= perPass {
		v.folds = map[string]map[print]written{}
		for _, t := range vouched {
			v.folds[t.table] = map[print]written{}
		}
	}
	return nil
}

// state folds the log: what the events wrote, less what they took away, must stand in the tables, and nothing else.
func (v *verification) state() error {
	for _, t := range vouched {
		if v.folds != nil {
			if err := v.hold(t.table, t.word, t.fields, v.folds[t.table], everybody); err != nil {
				return err
			}
			continue
		}
		passes := 1 + v.rows[t.table]/perPass
		for p := range passes {
			mine := func(who uint32) bool { return int(who)%passes == p }
			stands, err := v.says(t.table, mine)
			if err == nil {
				err = v.hold(t.table, t.word, t.fields, stands, mine)
			}
			if err != nil {
				return err
			}
		}
	}
	slices.SortStableFunc(v.r.State, func(a, b Finding) int { return cmp.Compare(uint64(a.Index), uint64(b.Index)) }) //nolint:gosec // -1 comes last
	return nil
}

func everybody(uint32) bool { return true }

// hold holds the rows of a table against what stands, as the log says.
func (v *verification) hold(table, word, fields string, stands map[print]written, mine func(uint32) bool) error {
	rows, err := v.tx.Query(`select id, ` + printSQL(fields) + ` from ` + table)
	if err != nil {
		return err
	}
	var id int64
	var p pgtype.DriverBytes
	other := map[uint32][]int64{} // rows that nobody wrote so, by person
	_, err = pgx.ForEachRow(rows, []any{&id, &p}, func() error {
		who := binary.BigEndian.Uint32(p)
		if !mine(who) {
			return nil
		}
		if _, ok := stands[print(p)]; ok {
			delete(stands, print(p))
		} else if len(other) < mostFindings {
			other[who] = append(other[who], id)
		}
		return nil
	})
	if err != nil {
		return err
	}
	v.differ(word, stands, other)
	return nil
}

// says gives what stands, as the log says.
func (v *verification) says(table string, mine func(uint32) bool) (map[print]written, error) {
	rows, err := v.tx.Query(`select e.id, coalesce(l.log_index, -1), e.leaf from event e left join leaf l on l.event_id = e.id
		where e.leaf like $1 order by l.log_index nulls last, e.id`, []byte(`%"`+table+`":{"%`))
	if err != nil {
		return nil, err
	}
	stands := map[print]written{}
	var w written
	var leaf pgtype.DriverBytes
	_, err = pgx.ForEachRow(rows, []any{&w.event, &w.index, &leaf}, func() error {
		if l, err := evidence.Glance(leaf); err == nil { // named already
			if rows, err := l.Prints(); err == nil {
				add(stands, rows[table], w, mine)
			}
		}
		return nil
	})
	return stands, err
}

// fold adds what an event says of rows, while the log is read.
func (v *verification) fold(l evidence.Skimmed, w written) {
	if v.folds == nil || l.Rows == nil {
		return
	}
	rows, err := l.Prints()
	if err != nil {
		return // rows that nobody can read vouch for nothing
	}
	for table, p := range rows {
		if stands := v.folds[table]; stands != nil {
			add(stands, p, w, everybody)
		}
	}
}

// add adds what an event wrote to what stands, and takes from it what the event took away. In comes before out: a row that came and went in
// one transaction is gone; one that became what it was is there.
func add(stands map[print]written, rows evidence.Prints, w written, mine func(uint32) bool) {
	each := func(all []byte, do func(print)) {
		for ; len(all) >= evidence.PrintSize; all = all[evidence.PrintSize:] {
			if mine(binary.BigEndian.Uint32(all)) {
				do(print(all[:evidence.PrintSize]))
			}
		}
	}
	each(rows.In, func(p print) { stands[p] = written{w.index, w.event, stands[p].n + 1} })
	each(rows.Out, func(p print) {
		if s := stands[p]; s.n > 1 {
			s.n--
			stands[p] = s
		} else {
			delete(stands, p)
		}
	})
}

// differ tells what the log says and the table does not, and the other way, person by person.
func (v *verification) differ(word string, stands map[print]written, other map[uint32][]int64) {
	first := map[uint32]written{}
	gone := map[uint32]int{}
	for p, w := range stands {
		who := binary.BigEndian.Uint32(p[:])
		if was, ok := first[who]; !ok || uint64(w.index) < uint64(was.index) { //nolint:gosec // -1 comes last
			first[who] = w
		}
		gone[who]++
	}
	for who, w := range first {
		v.stateFinding(w, word, who, other[who], gone[who])
		delete(other, who)
	}
	for who, ids := range other {
		v.stateFinding(written{index: -1}, word, who, ids, 0)
	}
}

func (v *verification) stateFinding(w written, word string, who uint32, ids []int64, gone int) {
	if len(v.r.State) >= mostFindings {
		return
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = fmt.Sprint(id)
	}
	of := fmt.Sprintf("of person %d ", who)
	if who == 0 {
		of = "of nobody "
	}
	var text string
	switch {
	case gone == 0:
		text = fmt.Sprintf("%s %s%s: no event wrote it so", word, of, strings.Join(names, ", "))
	case len(ids) == 0:
		text = fmt.Sprintf("%s %swritten by the event: not there any more (%d)", word, of, gone)
	default:
		text = fmt.Sprintf("%s %s%s: it is not what the log says, the event wrote it otherwise", word, of, strings.Join(names, ", "))
	}
	v.r.State = append(v.r.State, Finding{w.index, w.event, text})
}

// TakeOver lets an event vouch for rows that are older than the log's prints, as they are found, once.
func TakeOver(tx *db.Tx) error {
	var done bool
	if err := tx.QueryRow(`select exists (select from log_taken_over)`).Scan(&done); err != nil || done {
		return err
	}
	for _, t := range vouched {
		rows, err := tx.Query(`select ` + printSQL(t.fields) + ` from ` + t.table)
		if err != nil {
			return err
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
		if err != nil {
			return err
		}
		for some := range slices.Chunk(all, 2000) {
			tx.Record(evidence.Event{Kind: "log.taken_over", Facts: map[string]any{"table": t.table, "rows": len(some)},
				Rows: map[string]evidence.Prints{t.table: {In: slices.Concat(some...)}}})
		}
	}
	_, err := tx.Exec(`insert into log_taken_over default values`)
	return err
}
