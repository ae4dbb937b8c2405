package audit

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/provision"
)

// Standing is how an application stood when it was last counted: what its page says above the tabs. Pages read it and count
// nothing, however large the application is.
type Standing struct {
	At          time.Time
	Accounts    map[string]int // by what catalog.LoginFilter may ask for
	Differences map[string]int // by kind
}

// Amiss counts the differences of a standing. An account that belongs to nobody is counted by itself.
func (s *Standing) Amiss() int {
	n := 0
	for kind, k := range s.Differences {
		if kind != "orphan" {
			n += k
		}
	}
	return n
}

// Holding counts who has an entitlement: accounts as last read, and people by why they have it. Who has several reasons is counted
// for each of them.
type Holding struct {
	Accounts int // that hold it at the target
	Rule     int // by a birthright rule that names it
	Role     int // by a role that a rule gives
	Direct   int // each by a decision of its own: found and accepted, asked for, or given
	HandOver int // kept for a while after a move
	Nothing  int // accounts that hold it for no reason
}

// Recount counts an application anew and keeps what its page shows. It reads everything of the application.
func Recount(tx *db.Tx, app *catalog.Application) error {
	found, err := provision.Compare(tx, app)
	if err != nil {
		return err
	}
	differences, extra := map[string]int{}, map[int]int{}
	for _, f := range found {
		differences[f.Kind] += f.N
		if f.Kind == "extra" {
			extra[f.Entitlement] = f.N
		}
	}
	accounts, err := catalog.CountLogins(tx, app.ID, app.DormantSince(tx.Now))
	if err != nil {
		return err
	}
	a, err := json.Marshal(accounts)
	if err != nil {
		return err
	}
	d, err := json.Marshal(differences)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`insert into application_figure (application_id, counted_at, compared_at, accounts, differences) values ($1, clock_timestamp(), clock_timestamp(), $2, $3)
		on conflict (application_id) do update set compared_at = excluded.compared_at, accounts = excluded.accounts, differences = excluded.differences`, app.ID, a, d); err != nil {
		return err
	}
	return recountHoldings(tx, app.ID, extra)
}

func recountHoldings(tx *db.Tx, app int, extra map[int]int) error {
	var ids, counts []int
	for id, n := range extra {
		ids, counts = append(ids, id), append(counts, n)
	}
	if _, err := tx.Exec(`delete from entitlement_figure where application_id = $1`, app); err != nil {
		return err
	}
	_, err := tx.Exec(`insert into entitlement_figure (entitlement_id, application_id, accounts, by_rule, by_role, direct, handover, nothing)
		select e.id, $1, coalesce(o.n, 0), coalesce(r.rule, 0), coalesce(r.role, 0), coalesce(r.direct, 0), coalesce(r.handover, 0), coalesce(x.n, 0)
		from entitlement e
			left join (select o.entitlement_id, count(*) n from observed o join entitlement e on e.id = o.entitlement_id and e.application_id = $1 where o.seen_to is null group by 1) o
				on o.entitlement_id = e.id
			left join (select r.entitlement_id, count(distinct r.identity_id) filter (where r.kind = 'birthright' and r.via = 0) rule,
					count(distinct r.identity_id) filter (where r.kind = 'birthright' and r.via <> 0) role,
					count(distinct r.identity_id) filter (where r.kind = 'handover') handover,
					count(distinct r.identity_id) filter (where r.kind not in ('birthright', 'handover')) direct
				from reason r join entitlement e on e.id = r.entitlement_id and e.application_id = $1
				where r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= $2 and r.valid_to > $2 group by 1) r on r.entitlement_id = e.id
			left join unnest($3::int[], $4::int[]) x(id, n) on x.id = e.id
		where e.application_id = $1`, app, tx.Now, ids, counts)
	return err
}

// StandingOf gives how an application stood when it was last counted; nil before the first count.
func StandingOf(tx *db.Tx, app int) (*Standing, error) {
	var s Standing
	var accounts, differences []byte
	err := tx.QueryRow(`select compared_at, accounts, differences from application_figure where application_id = $1 and compared_at is not null`, app).Scan(&s.At, &accounts, &differences)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &s, errors.Join(json.Unmarshal(accounts, &s.Accounts), json.Unmarshal(differences, &s.Differences))
}

// Holdings gives the counts of an application's entitlements, by entitlement.
func Holdings(tx *db.Tx, app int) (map[int]Holding, error) {
	rows, err := tx.Query(`select entitlement_id, accounts, by_rule, by_role, direct, handover, nothing from entitlement_figure where application_id = $1`, app)
	if err != nil {
		return nil, err
	}
	out := map[int]Holding{}
	var id int
	var h Holding
	_, err = pgx.ForEachRow(rows, []any{&id, &h.Accounts, &h.Rule, &h.Role, &h.Direct, &h.HandOver, &h.Nothing}, func() error { out[id] = h; return nil })
	return out, err
}

// HeldOn is how many grants an application had on a day, the login itself not counted.
type HeldOn struct {
	Day  time.Time
	Held int
}

// HeldTrend gives the grants of an application day by day, the newest last; days on which they were not counted are left out.
func HeldTrend(tx *db.Tx, app, days int) ([]HeldOn, error) {
	rows, err := tx.Query(`select day, held from (select day, (data->'apps'->($1::int::text)->>'held')::int held from figure_set order by day desc limit $2) d
		where held is not null order by day`, app, days)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[HeldOn])
}
