package audit

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Ends is an access of a person that ends at a known time, because no reason for it goes on.
type Ends struct {
	Application, Title string
	At                 time.Time
	HandOver           bool
	Item               int // of a request that gives it; 0 for none
}

// EndingSoon gives what a person loses within days, the soonest first.
func EndingSoon(tx *db.Tx, who, days, limit int) ([]Ends, error) {
	rows, err := tx.Query(`select p.title, case e.kind when 'account' then '' else coalesce(nullif(e.title, ''), e.name) end, r.ends, r.handed, r.item
		from (select entitlement_id, max(valid_to) ends, bool_and(kind = 'handover') handed,
				coalesce(max(ref) filter (where kind = 'request'), 0)::int item from reason where identity_id = $1 and known_to = 'infinity'
				and state = 'live' and valid_from <= $2 and valid_to > $2 group by 1) r
			join entitlement e on e.id = r.entitlement_id join application p on p.id = e.application_id
		where r.ends <= $2::timestamptz + make_interval(days => $3) order by r.ends, 1, 2 limit $4`, who, tx.Now, days, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Ends])
}

// OnWay is what is under way for a person in one application.
type OnWay struct {
	Application string
	Count       int
	Failed      bool
	Proposed    bool // a person has to release it first
	Since       time.Time
}

// OnTheWay gives what is under way for a person, by application.
func OnTheWay(tx *db.Tx, who int) ([]OnWay, error) {
	rows, err := tx.Query(`select p.title, count(*), bool_or(o.state = 'failed'), bool_or(o.state = 'proposed'), min(o.created_at)
		from operation o join application p on p.id = o.application_id
		where o.identity_id = $1 and o.state in ('proposed', 'pending', 'claimed', 'acknowledged', 'failed') group by p.id order by 1`, who)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[OnWay])
}

// TeamChange is what changes for one person of a team: Joining, Leaving or HandOver, and when.
type TeamChange struct {
	Kind         string
	Person, Ref  string
	At           time.Time
	Entitlements int    // of a hand-over
	Day          string // the first or last day of work, as in a calendar; "" of a hand-over
}

// TeamChanges gives what changes in the teams of these managers within days, the soonest first.
func TeamChanges(tx *db.Tx, managers []int, days, limit int) ([]TeamChange, error) {
	rows, err := tx.Query(`with team as (select v.*, i.name, i.public_id::text ref, i.state from employment_version v join identity i on i.id = v.identity_id and i.locked_at is null
			where v.manager_id = any($1) and v.known_to = 'infinity' and v.status <> 'rescinded' and v.valid_to > $2 and v.ends_at > $2)
		select * from (
			select '`+Joining+`' kind, name, ref, min(starts_at) at, 0 n, min(first_day)::text from team where state = 'prehire' and starts_at > $2 group by 2, 3
			union all select '`+Leaving+`', name, ref, min(ends_at), 0, min(last_day)::text from team t where state in ('active', 'leave') and not exists (select from employment_version w
				where w.identity_id = t.identity_id and w.known_to = 'infinity' and w.status <> 'rescinded' and w.valid_to > $2 and w.ends_at > t.ends_at
				and w.starts_at <= t.ends_at) group by 2, 3
			union all select '`+HandOver+`', t.name, t.ref, min(r.valid_to), count(distinct r.entitlement_id)::int, '' from (select distinct identity_id, name, ref from team) t
				join reason r on r.identity_id = t.identity_id and r.kind = 'handover' and r.known_to = 'infinity' and r.state = 'live' and r.valid_to > $2 group by 2, 3) c
		where at <= $2::timestamptz + make_interval(days => $3) order by at, 2 limit $4`, managers, tx.Now, days, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[TeamChange])
}

// Start says how far a database is set up: what the checklist of the first days asks.
type Start struct {
	Sources, Files            int // HR sources, and files of theirs that were applied
	Applications, Read, Owned int
	Unowned                   string // the name of the first application without an owner
	Enforced                  int
	Administrators            int
}

// Done says whether nothing is left of the checklist.
func (s *Start) Done() bool {
	return s.Sources > 0 && s.Files > 0 && s.Read > 0 && s.Owned == s.Applications && s.Enforced > 0 && s.Administrators > 1
}

// ReadStart looks how far the database is set up. It counts small tables only.
func ReadStart(tx *db.Tx) (s Start, err error) {
	err = tx.QueryRow(`select (select count(*) from hr_source), (select count(*) from (select from snapshot where state = 'applied' limit 1) f), count(*),
			count(*) filter (where exists (select from reading r where r.application_id = p.id and r.account_id is null and r.complete)), count(p.owner_id),
			coalesce(min(p.name) filter (where p.owner_id is null), ''), count(*) filter (where p.mode = 'enforce'),
			(select count(*) from portal_role r join identity i on i.id = r.identity_id and i.state = 'active' and i.locked_at is null where r.role = 'administrator')
		from application p`).Scan(&s.Sources, &s.Files, &s.Applications, &s.Read, &s.Owned, &s.Unowned, &s.Enforced, &s.Administrators)
	return s, err
}

// Health counts the applications by how they answer, and what waits longest there.
func Health(tx *db.Tx) (map[string]int, error) {
	return counts(tx, `select coalesce(h.state, 'unknown'), count(*)::int from application p left join application_health h on h.application_id = p.id group by 1`)
}

// Owned is one application of an owner with what was counted of it; Counted is nil until the first count.
type Owned struct {
	Name, Title, Mode                                  string
	Orphans, Undescribed, Entitlements, Zombies, Extra int
	Counted                                            *time.Time
}

// OwnedBy gives the applications of these owners.
func OwnedBy(tx *db.Tx, owners []int) ([]Owned, error) {
	rows, err := tx.Query(`select p.name, p.title, p.mode, coalesce(f.orphans, 0), coalesce(f.undescribed, 0), coalesce(f.entitlements, 0), coalesce(f.zombies, 0),
			coalesce(f.out_of_band, 0), f.counted_at
		from application p left join application_figure f on f.application_id = p.id where p.owner_id = any($1) order by p.title limit 50`, owners)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Owned])
}

// Names gives the names and public ids of people.
func Names(tx *db.Tx, ids []int) (map[int][2]string, error) {
	rows, err := tx.Query(`select id, name, public_id::text from identity where id = any($1)`, ids)
	if err != nil {
		return nil, err
	}
	out := map[int][2]string{}
	var id int
	var n [2]string
	_, err = pgx.ForEachRow(rows, []any{&id, &n[0], &n[1]}, func() error { out[id] = n; return nil })
	return out, err
}
