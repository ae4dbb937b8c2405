package identity

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// holds is the condition that a version v of an employment speaks of an instant, given as a parameter.
const holdsAt = ` v.known_to = 'infinity' and v.valid_from <= $2 and v.valid_to > $2 and v.ends_at > $2 `

// Reports says whether a person reports to a manager now, directly.
func Reports(tx *db.Tx, who, manager int) (yes bool, err error) {
	err = tx.QueryRow(`select exists (select from employment_version v where v.identity_id = $1 and v.manager_id = $3 and `+holdsAt+`)`, who, tx.Now, manager).Scan(&yes)
	return yes, err
}

// Below says whether a person reports to one of these managers now, directly or through others. A circle of managers is walked once.
func Below(tx *db.Tx, who int, managers ...int) (yes bool, err error) {
	if len(managers) == 0 {
		return false, nil
	}
	err = tx.QueryRow(`with recursive up(id) as (
			select v.manager_id from employment_version v where v.identity_id = $1 and v.manager_id is not null and `+holdsAt+`
			union select v.manager_id from up join employment_version v on v.identity_id = up.id and v.manager_id is not null and `+holdsAt+`)
		select exists (select from up where id = any($3) and id <> $1)`, who, tx.Now, managers).Scan(&yes)
	return yes, err
}

// Team gives who reports to a manager now, up to a number of people: directly, or with below through others as well. The
// manager is not of the team, even where managers form a circle.
func Team(tx *db.Tx, manager int, below bool, most int) ([]int, error) {
	sql := `select distinct v.identity_id from employment_version v where v.manager_id = $1 and v.identity_id <> $1 and ` + holdsAt + ` limit $3`
	if below {
		sql = `with recursive down(id) as (
			select v.identity_id from employment_version v where v.manager_id = $1 and ` + holdsAt + `
			union select v.identity_id from down join employment_version v on v.manager_id = down.id and ` + holdsAt + `)
			select id from (select id from down limit $3 + 1) d where id <> $1 limit $3`
	}
	rows, err := tx.Query(sql, manager, tx.Now, most)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int])
}

// Chosen gives lines of these people, by name.
func Chosen(tx *db.Tx, ids []int, limit int) ([]*Line, error) {
	if ids == nil {
		ids = []int{}
	}
	lines, _, err := List(tx, Filter{Among: ids}, db.Page{Limit: limit})
	return lines, err
}

// Reporting counts who reports to a person now, directly, up to Capped + 1.
func Reporting(tx *db.Tx, who int) (n int, err error) {
	err = tx.QueryRow(`select count(*) from (select from employment_version v where v.manager_id = $1 and `+holdsAt+` limit 1001) v`, who, tx.Now).Scan(&n)
	return n, err
}

// Step is a change of a person's job: what one employment was like before an instant and is like from then on.
type Step struct {
	At         time.Time
	Employment int
	Was, Is    *Version // nil before the first and after the last
}

// Steps gives the changes of the employments in these versions, in order. Versions come as Versions gives them.
func Steps(versions []Version) []Step {
	var out []Step
	for i := range versions {
		v := &versions[i]
		s := Step{At: v.ValidFrom, Employment: v.Employment, Is: v}
		if i > 0 && versions[i-1].Employment == v.Employment {
			s.Was = &versions[i-1]
		}
		out = append(out, s)
	}
	return out
}

// Headless is a manager who left while people still report to them: HR has named nobody else.
type Headless struct {
	Person
	Reports int // up to Capped + 1
}

// LeftBehind gives those who reported to one of these managers and left while people still report to them, by name.
func LeftBehind(tx *db.Tx, managers []int, limit int) ([]Headless, error) {
	rows, err := tx.Query(`select i.id, i.public_id::text, i.name, (select count(*) from (select from employment_version v where v.manager_id = i.id and v.identity_id <> i.id and `+holdsAt+` limit 1001) v)
		from (select distinct v.identity_id id from employment_version v where v.manager_id = any($1) and v.known_to = 'infinity' and v.valid_from <= $2 and v.valid_to > $2) m
			join identity i on i.id = m.id and i.state = 'left'
		where exists (select from employment_version v where v.manager_id = i.id and v.identity_id <> i.id and `+holdsAt+`) order by lower(i.name), i.id limit $3`,
		managers, tx.Now, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (h Headless, err error) {
		h.State = Left
		return h, r.Scan(&h.ID, &h.PublicID, &h.Name, &h.Reports)
	})
}

// Above is somebody in a person's line of managers.
type Above struct {
	ID    int
	Depth int // 1 is the manager
	Here  bool
}

// maxLine is how far up a line of managers is followed.
const maxLine = 10

// Lines gives the managers above people, the nearest first. A circle is walked until maxLine and nobody stands in a line twice.
func Lines(tx *db.Tx, people []int) (map[int][]Above, error) {
	rows, err := tx.Query(`with recursive up(who, id, depth) as (
			select v.identity_id, v.manager_id, 1 from employment_version v where v.identity_id = any($1) and v.manager_id is not null and `+holdsAt+`
			union select up.who, v.manager_id, depth + 1 from up join employment_version v on v.identity_id = up.id and v.manager_id is not null and depth < $3 and `+holdsAt+`)
		select up.who, up.id, min(up.depth), i.state = 'active' and i.locked_at is null from up join identity i on i.id = up.id group by 1, 2, 4 order by 1, 3, 2`,
		people, tx.Now, maxLine)
	if err != nil {
		return nil, err
	}
	out := map[int][]Above{}
	var who int
	var a Above
	_, err = pgx.ForEachRow(rows, []any{&who, &a.ID, &a.Depth, &a.Here}, func() error {
		if a.ID != who {
			out[who] = append(out[who], a)
		}
		return nil
	})
	return out, err
}

// Here gives those of some people who work here at present.
func Here(tx *db.Tx, people []int) (map[int]bool, error) {
	rows, err := tx.Query(`select id from identity where id = any($1) and state = 'active' and locked_at is null`, people)
	if err != nil {
		return nil, err
	}
	out := map[int]bool{}
	var id int
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error { out[id] = true; return nil })
	return out, err
}
