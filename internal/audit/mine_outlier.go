package audit

import (
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/policy/mining"
)

// OutlierLine is access that few of a person's peers have, as a run found it, with how it stands now.
type OutlierLine struct {
	N           int // its rank, the rarest first
	Identity    int
	PersonRef   string
	PersonName  string
	Entitlement int
	Found       mining.Outlier
	Reasons     []Reason   // why it is held now
	Seen        *time.Time // without reasons: since when it is seen at the application; nil: it is not held any more
}

// Since gives from when on it is held: the oldest reason, or the first reading that showed it.
func (l *OutlierLine) Since() *time.Time {
	since := l.Seen
	for i := range l.Reasons {
		if r := &l.Reasons[i]; since == nil || r.Since.Before(*since) {
			since = &r.Since
		}
	}
	return since
}

var outlierKeys = map[string]db.Key{"rank": {Expr: "o.n", Type: "int"}}

// Outliers gives one page of what a run found, of one application or, where it is 0, of all.
func Outliers(tx *db.Tx, run, application int, p db.Page) ([]OutlierLine, bool, error) {
	where, tail, args := p.Keyset(outlierKeys, "o.n", 3)
	rows, err := tx.Query(`select o.n, o.identity_id, i.public_id::text, i.name, o.entitlement_id, o.body from mining_outlier o join identity i on i.id = o.identity_id
			join entitlement e on e.id = o.entitlement_id
		where o.run_id = $1 and ($2 = 0 or e.application_id = $2) and `+where+tail, append([]any{run, application}, args...)...)
	if err != nil {
		return nil, false, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l OutlierLine, err error) {
		var body []byte
		if err = row.Scan(&l.N, &l.Identity, &l.PersonRef, &l.PersonName, &l.Entitlement, &body); err == nil {
			err = json.Unmarshal(body, &l.Found)
		}
		return l, err
	})
	if err != nil {
		return nil, false, err
	}
	all, more := db.Cut(p, all)
	return all, more, whyNow(tx, all)
}

// Rarity is what the last run before a moment found of one thing that a person holds.
type Rarity struct {
	N, Holders, Peers int // its rank, the rarest first; of the peers, the person counted
	MadeAt            time.Time
}

// RarityOf gives it, nil where no run was made before, or the last did not find it rare.
func RarityOf(tx *db.Tx, identity, entitlement int, at time.Time) (*Rarity, error) {
	rows, err := tx.Query(`select o.n, (o.body->>'Holders')::int, (o.body->>'Peers')::int, m.made_at from mining_outlier o join mining_run m on m.id = o.run_id
		where o.run_id = (select max(id) from mining_run where made_at <= $3) and o.identity_id = $1 and o.entitlement_id = $2 order by o.n limit 1`, identity, entitlement, at)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Rarity])
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// CountOutliers counts what a run found, by application.
func CountOutliers(tx *db.Tx, run int) (map[int]int, error) {
	rows, err := tx.Query(`select e.application_id, count(*) from mining_outlier o join entitlement e on e.id = o.entitlement_id where o.run_id = $1 group by 1`, run)
	if err != nil {
		return nil, err
	}
	out := map[int]int{}
	var app, n int
	_, err = pgx.ForEachRow(rows, []any{&app, &n}, func() error { out[app] = n; return nil })
	return out, err
}

// whyNow adds how lines stand now, in two queries and those of Words.
func whyNow(tx *db.Tx, lines []OutlierLine) error {
	type key struct{ who, what int }
	place := make(map[key]int, len(lines))
	who, what := make([]int, len(lines)), make([]int, len(lines))
	for i := range lines {
		who[i], what[i] = lines[i].Identity, lines[i].Entitlement
		place[key{who[i], what[i]}] = i
	}
	rows, err := tx.Query(`select r.id, r.identity_id, r.entitlement_id, r.kind, r.ref, r.via, coalesce(r.policy_version, 0), r.valid_from, case when r.valid_to < 'infinity' then r.valid_to end
		from unnest($1::int[], $2::int[]) w(who, what) join reason r on r.identity_id = w.who and r.entitlement_id = w.what
		where r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= $3 and r.valid_to > $3 order by r.valid_from, r.id`, who, what, tx.Now)
	if err != nil {
		return err
	}
	reasons, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r access.Reason, err error) {
		var until *time.Time
		err = row.Scan(&r.ID, &r.Identity, &r.Entitlement, &r.Kind, &r.Ref, &r.Via, &r.PolicyVersion, &r.ValidFrom, &until)
		if r.ValidTo = db.Forever; until != nil {
			r.ValidTo = *until
		}
		return r, err
	})
	if err != nil {
		return err
	}
	said, err := Words(tx, reasons)
	if err != nil {
		return err
	}
	for i, r := range reasons {
		l := &lines[place[key{r.Identity, r.Entitlement}]]
		l.Reasons = append(l.Reasons, said[i])
	}
	rows, err = tx.Query(`select w.who, w.what, min(g.started_at) from unnest($1::int[], $2::int[]) w(who, what) join account_link l on l.identity_id = w.who and l.known_to = 'infinity'
			join account a on a.id = l.account_id and a.gone_at is null
			join observed o on o.account_id = l.account_id and o.entitlement_id = w.what and o.seen_to is null join reading g on g.id = o.seen_from group by 1, 2`, who, what)
	if err != nil {
		return err
	}
	var k key
	var seen time.Time
	_, err = pgx.ForEachRow(rows, []any{&k.who, &k.what, &seen}, func() error {
		if l := &lines[place[k]]; len(l.Reasons) == 0 {
			at := seen
			l.Seen = &at
		}
		return nil
	})
	return err
}
