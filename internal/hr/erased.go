package hr

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/evidence"
	"tenure/internal/hr/source"
)

// RuleErased is said of a row about somebody who was erased and whom the HR system still states.
const RuleErased = "this person left and was erased: the row is passed over; take it out of the HR system"

// LockAll waits until no upload and no release is under way in any source, and keeps others from beginning. The lock of policy comes before.
func LockAll(tx *db.Tx) error {
	_, err := tx.Exec(`select pg_advisory_xact_lock(7234514, id) from (select id from hr_source order by id) s`)
	return err
}

// passOver takes the rows about people who were erased out of the reading, where all that they state is over. A row of somebody who works
// here, or will, stays: who comes back after their erasure comes as a new person.
func (d *differ) passOver() error {
	rows, err := d.tx.Query(`select mark from erased_number where source_id = $1`, d.src.ID)
	if err != nil {
		return err
	}
	marks := map[string]bool{}
	var mark []byte
	if _, err := pgx.ForEachRow(rows, []any{&mark}, func() error { marks[string(mark)] = true; return nil }); err != nil || len(marks) == 0 {
		return err
	}
	marker, err := d.tx.DB.Keeper.Marker(evidence.PlaceErasedNumber)
	if err != nil {
		return err
	}
	erased := map[string]bool{} // by number: whether everything that is stated is over
	for i := range d.read.Records {
		r := &d.read.Records[i]
		if d.jobs[r.Key] != nil {
			continue // somebody has the number now
		}
		over, known := erased[r.Key]
		if !known && !marks[string(marker.Mark(d.src.ID, r.Key))] {
			continue
		}
		erased[r.Key] = (over || !known) && d.over(r)
	}
	if len(erased) == 0 {
		return nil
	}
	read := *d.read // the reading itself is compared again when somebody looks at a held run
	read.Records = make([]source.Record, 0, len(d.read.Records))
	for i := range d.read.Records {
		r := &d.read.Records[i]
		if erased[r.Key] {
			d.out.rejects = append(d.out.rejects, source.Reject{Row: r.Row, Field: source.WholeRow, Rule: RuleErased})
			continue
		}
		read.Records = append(read.Records, *r)
	}
	d.read = &read
	return nil
}

// over says whether what a row states of an employment is past.
func (d *differ) over(r *source.Record) bool {
	if r.Status == source.StatusLeft || r.Status == source.StatusRescinded {
		return true
	}
	if r.LastDay.IsZero() {
		return false
	}
	zone := d.src.Spec.Zone
	if r.Zone != "" {
		zone = r.Zone
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	return !r.LastDay.In(loc).AddDate(0, 0, 1).After(d.now)
}
