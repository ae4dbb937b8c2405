package access

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
)

// Waiting is how many operations of one application are in which open state. Oldest is when the oldest that waits was decided.
type Waiting struct {
	Application                                int
	Proposed, Pending, Claimed, Unread, Failed int
	Oldest                                     *time.Time
}

// Board counts the open operations, by application.
func Board(tx *db.Tx) (map[int]Waiting, error) {
	rows, err := tx.Query(`select application_id, count(*) filter (where state = 'proposed'), count(*) filter (where state = 'pending'),
			count(*) filter (where state = 'claimed'), count(*) filter (where state = 'acknowledged'), count(*) filter (where state = 'failed'),
			min(created_at) filter (where state in ('pending', 'claimed'))
		from operation where state in ('proposed', 'pending', 'claimed', 'acknowledged', 'failed') group by 1`)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Waiting])
	out := make(map[int]Waiting, len(all))
	for _, w := range all {
		out[w.Application] = w
	}
	return out, err
}

// Item is one operation with the names of what it is about.
type Item struct {
	ID                int64
	Application       string // name
	ApplicationTitle  string
	Account           string
	Person, PersonRef string // "" for nobody
	PersonID          int
	Kind              string
	Entitlement       string // title, "" for the login itself
	State             State
	Urgency           int
	Cause             string
	Attempts          int
	NextAttempt       time.Time
	Created           time.Time
	Acknowledged      *time.Time
	VerifiedBy        *int64 // the reading
	Verified          *time.Time
	Error             string
	AccountID         int
	ApplicationID     int
}

const itemColumns = `select o.id, p.name, p.title, c.name, coalesce(i.name, ''), coalesce(i.public_id::text, ''), coalesce(i.id, 0), o.kind,
		coalesce(nullif(e.title, ''), e.name, ''), o.state, o.urgency, o.cause, o.attempts, o.next_attempt_at, o.created_at, o.acknowledged_at,
		o.verified_by, o.verified_at, coalesce(o.error, ''), o.account_id, o.application_id
	from operation o join application p on p.id = o.application_id join account c on c.id = o.account_id
		left join identity i on i.id = o.identity_id left join entitlement e on e.id = o.entitlement_id `

// Query says which operations a list shows, newest first. Zero fields do not filter.
type Query struct {
	States      []State
	Application int
	Person      int
	Before      int64 // the last operation of the page before
	Limit       int
}

// Items gives one page of operations.
func Items(tx *db.Tx, q Query) ([]Item, error) {
	where, args := []string{"true"}, []any{q.Limit}
	and := func(condition string, v any) {
		args = append(args, v)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if q.States != nil {
		and("o.state = any($%d)", q.States)
	}
	if q.Application != 0 {
		and("o.application_id = $%d", q.Application)
	}
	if q.Person != 0 {
		and("o.identity_id = $%d", q.Person)
	}
	if q.Before != 0 {
		and("o.id < $%d", q.Before)
	}
	rows, err := tx.Query(itemColumns+`where `+strings.Join(where, " and ")+` order by o.id desc limit $1`, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Item])
}

// GetItem gives one operation.
func GetItem(tx *db.Tx, id int64) (Item, error) {
	rows, err := tx.Query(itemColumns+`where o.id = $1`, id)
	if err != nil {
		return Item{}, err
	}
	it, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Item])
	if errors.Is(err, pgx.ErrNoRows) {
		return it, errs.NotFound("there is no operation %d", id)
	}
	return it, err
}

// Attempt is one try of an operation at its target.
type Attempt struct {
	Epoch   int
	Started time.Time
	Ended   *time.Time
	Outcome string // connector.Class
	Detail  string
}

// Attempts gives the tries of an operation, the newest first, a hundred at most.
func Attempts(tx *db.Tx, id int64) ([]Attempt, error) {
	rows, err := tx.Query(`select epoch, started_at, ended_at, outcome, detail from attempt where operation_id = $1 order by epoch desc limit 100`, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Attempt])
}

// Ahead gives the operation of the same account that must be done before this one, 0 when it is its turn.
func Ahead(tx *db.Tx, it Item) (id int64, err error) {
	err = tx.QueryRow(`select coalesce(min(id), 0) from operation where account_id = $1 and id < $2 and state in ('pending', 'claimed')`,
		it.AccountID, it.ID).Scan(&id)
	return id, err
}

// Held counts the accounts and the grants that a person has now.
type Held struct{ Accounts, Grants int }

// CountHeld counts, for each of these people, the accounts that exist at targets and the entitlements that a live reason gives,
// the logins themselves not counted.
func CountHeld(tx *db.Tx, people []int) (map[int]Held, error) {
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(`select id, (select count(*) from account_link l join account a on a.id = l.account_id and a.native_id is not null and a.gone_at is null
				where l.identity_id = p.id and l.known_to = 'infinity'),
			(select count(distinct r.entitlement_id) from reason r
				where r.identity_id = p.id and r.entitlement_id <> all($3::int[]) and r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= $2 and r.valid_to > $2)
		from unnest($1::int[]) p(id)`, people, tx.Now, cat.AccountEntitlements())
	if err != nil {
		return nil, err
	}
	out := map[int]Held{}
	var id int
	var h Held
	_, err = pgx.ForEachRow(rows, []any{&id, &h.Accounts, &h.Grants}, func() error { out[id] = h; return nil })
	return out, err
}

// CountGiven counts the people to whom each rule and each role gives something now, by the id of the policy object.
func CountGiven(tx *db.Tx) (map[int]int, error) {
	rows, err := tx.Query(`select g.object, count(distinct r.identity_id) from reason r cross join lateral (values (r.ref), (r.via)) g(object)
		where r.known_to = 'infinity' and r.state = 'live' and r.kind in ('birthright', 'assignment') and r.valid_from <= $1 and r.valid_to > $1 and g.object <> 0 group by 1`, tx.Now)
	if err != nil {
		return nil, err
	}
	out := map[int]int{}
	var id, n int
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error { out[id] = n; return nil })
	return out, err
}

// GivenTo gives the people to whom a rule or role gives something now. It is never nil.
func GivenTo(tx *db.Tx, object int) ([]int, error) {
	rows, err := tx.Query(`select distinct identity_id from reason where known_to = 'infinity' and state = 'live' and kind in ('birthright', 'assignment')
		and valid_from <= $2 and valid_to > $2 and (ref = $1 or via = $1)`, object, tx.Now)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	return append([]int{}, ids...), err
}

// Ending is a grant whose reason ends at a known instant.
type Ending struct {
	At          time.Time
	Entitlement int
	Kind        string // of the reason
}

// Endings gives what a person is known to lose, soonest first.
func Endings(tx *db.Tx, who int) ([]Ending, error) {
	rows, err := tx.Query(`select valid_to, entitlement_id, kind from reason where identity_id = $1 and known_to = 'infinity' and state = 'live'
		and valid_to > $2 and valid_to <> 'infinity' and valid_from <= $2 order by 1, 2`, who, tx.Now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Ending])
}
