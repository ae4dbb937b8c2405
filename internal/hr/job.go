package hr

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// job is one employment as believed: the row of the table employment.
type job struct {
	id, identity int
	hash         []byte // nil: it ended by absence, or was never stated
	seen         bool
}

// loadJobs reads everything that the source ever said, as hashes.
func (d *differ) loadJobs() error {
	rows, err := d.tx.Query(`select id, identity_id, source_key, row_hash from employment where source_id = $1`, d.src.ID)
	if err != nil {
		return err
	}
	d.jobs = make(map[string]*job, len(d.read.Records))
	var id, who int
	var key string
	var hash pgtype.DriverBytes // read at once, so it need not be copied
	var jobs []job              // cut from blocks, as the hashes are: one allocation for many
	var hashes []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &who, &key, &hash}, func() error {
		if len(jobs) == cap(jobs) {
			jobs = make([]job, 0, 1024)
		}
		jobs = append(jobs, job{id: id, identity: who})
		j := &jobs[len(jobs)-1]
		if hash != nil {
			if len(hashes)+len(hash) > cap(hashes) {
				hashes = make([]byte, 0, 16<<10)
			}
			hashes = append(hashes, hash...)
			j.hash = hashes[len(hashes)-len(hash) : len(hashes) : len(hashes)]
			d.out.known++
		}
		d.jobs[key] = j
		return nil
	})
	return err
}

// present counts the people of the source who have not left: who left long ago may still stand in the file, and is no base for
// a percentage.
func (d *differ) present() (int, error) {
	rows, err := d.tx.Query(`select id from identity where state = 'left'`)
	if err != nil {
		return 0, err
	}
	top := 0 // ids are dense: a slice by id is faster than a map, and this runs over everybody
	for _, j := range d.jobs {
		top = max(top, j.identity)
	}
	counted := make([]bool, top+1)
	var id int
	if _, err := pgx.ForEachRow(rows, []any{&id}, func() error {
		if id <= top {
			counted[id] = true
		}
		return nil
	}); err != nil {
		return 0, err
	}
	n := 0
	for _, j := range d.jobs {
		if j.id != 0 && !counted[j.identity] {
			counted[j.identity] = true
			n++
		}
	}
	return n, nil
}
