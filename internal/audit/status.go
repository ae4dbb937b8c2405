package audit

import (
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/provision"
)

// Status counts what there is, in the shape of `tenure status --json`.
type Status struct {
	People       map[string]int       `json:"people"`
	Applications map[string]AppStatus `json:"applications"`
	Operations   map[string]int       `json:"operations"`
}

// AppStatus counts one application as last read. Grants are entitlements held by accounts, the login itself not counted.
type AppStatus struct {
	Enabled  int `json:"enabled"`
	Disabled int `json:"disabled"`
	Orphan   int `json:"orphan"`
	Dormant  int `json:"dormant"` // enabled, and nobody signed in for as long as the application says
	Grants   int `json:"grants"`
	Drift    int `json:"drift"`
}

// ReadStatus counts.
func ReadStatus(tx *db.Tx) (*Status, error) {
	s := &Status{Applications: map[string]AppStatus{}}
	var err error
	if s.People, err = counts(tx, `select state, count(*) from identity where kind = 'person' group by 1`); err != nil {
		return nil, err
	}
	if s.Operations, err = counts(tx, `select state, count(*) from operation group by 1`); err != nil {
		return nil, err
	}
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	for _, app := range cat.Apps { // a handful of applications, a few set-based queries each
		var a AppStatus
		err := tx.QueryRow(`select count(*) filter (where s.enabled and l.account_id is not null), count(*) filter (where not s.enabled and l.account_id is not null),
				count(*) filter (where l.account_id is null and a.kind = 'person'), count(*) filter (where s.enabled and s.last_sign_in < $2)
			from account a join account_seen s on s.account_id = a.id left join account_link l on l.account_id = a.id and l.known_to = 'infinity'
			where a.application_id = $1 and a.native_id is not null and a.gone_at is null`, app.ID, app.DormantSince(tx.Now)).
			Scan(&a.Enabled, &a.Disabled, &a.Orphan, &a.Dormant)
		if err != nil {
			return nil, err
		}
		if err := tx.QueryRow(`select count(*) from observed o join entitlement e on e.id = o.entitlement_id
			where e.application_id = $1 and e.kind <> 'account' and o.seen_to is null`, app.ID).Scan(&a.Grants); err != nil {
			return nil, err
		}
		drift, err := provision.Drift(tx, app)
		if err != nil {
			return nil, err
		}
		for _, d := range drift {
			if d.Kind != "orphan" {
				a.Drift++
			}
		}
		s.Applications[app.Name] = a
	}
	return s, nil
}

func counts(tx *db.Tx, sql string) (map[string]int, error) {
	rows, err := tx.Query(sql)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var k string
		var n int
		if err := rows.Scan(&k, &n); err != nil {
			return nil, err
		}
		out[k] = n
	}
	return out, rows.Err()
}
