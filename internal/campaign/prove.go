package campaign

import (
	"fmt"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Proof says whether a campaign reviewed everything that was in its scope: counted once more from the readings, which nobody changes, and
// compared item by item.
type Proof struct {
	Items        int // that the campaign has
	Stated       int // that it said it had when it started
	Seen         int // that the readings show in scope, when the scope can be counted from the readings alone
	Countable    bool
	DigestHolds  bool // the items are those that were there at the start
	Missing      []Pair
	Added        []Pair
	Applications []Covered
}

// Pair is that an account holds an entitlement.
type Pair struct {
	Account, Entitlement int
	Param                string
}

// Covered is the part of one application.
type Covered struct {
	Application int
	Title       string
	Reading     int64
	Items       int // that the campaign has
	Seen        int // that the reading shows
}

// Complete says whether nothing is missing and nothing was added.
func (p *Proof) Complete() bool {
	return p.Items == p.Stated && p.DigestHolds && len(p.Missing)+len(p.Added) == 0
}

// proven is what a scope says in terms of the readings and of the catalogue alone. What depends on reasons or on people's jobs has changed since
// the snapshot; for it the digest stands.
func (s *Scope) countable() bool {
	return (len(s.People) == 0 || !s.Orphans) && len(s.Below)+len(s.Departments)+len(s.Locations)+len(s.WorkerTypes)+len(s.Roles)+s.Dormant+s.Unreviewed == 0 && !s.Privileged && !s.Conflicts && !s.OutOfBand && !s.NotByRule && !s.Memberships
}

// Prove counts the population of a campaign once more.
func Prove(tx *db.Tx, c *Campaign) (*Proof, error) {
	p := &Proof{Stated: c.Items, Countable: c.Scope.countable()}
	err := tx.QueryRow(`select count(*), `+digestSQL+` = (select digest from campaign where id = $1) from campaign_item where campaign_id = $1`, c.ID).Scan(&p.Items, &p.DigestHolds)
	if err != nil {
		return nil, err
	}
	linked := `exists`
	if c.Scope.Orphans {
		linked = `not exists`
	}
	if c.Scope.Definitions {
		return p, p.defined(tx, c)
	}
	// An account belongs to somebody if it did when the snapshot was taken.
	seen := fmt.Sprintf(`select o.account_id, o.entitlement_id, o.param, a.application_id from campaign_reading r join account a on a.application_id = r.application_id and a.kind = 'person' join observed o on o.account_id = a.id
			join campaign c on c.id = r.campaign_id
		where r.campaign_id = %d and o.seen_from <= r.reading_id and (o.seen_to is null or o.seen_to > r.reading_id) and (cardinality($1::int[]) = 0 or o.entitlement_id = any($1))
			and %s (select from account_link l where l.account_id = a.id and l.known_from <= c.started_at and l.known_to > c.started_at and (cardinality($2::int[]) = 0 or l.identity_id = any($2)))`, c.ID, linked)
	if p.Countable {
		if err := p.compare(tx, c, seen); err != nil {
			return nil, err
		}
	}
	rows, err := tx.Query(fmt.Sprintf(`select r.application_id, a.title, r.reading_id, (select count(*)::int from campaign_item i join account x on x.id = i.account_id where i.campaign_id = r.campaign_id and x.application_id = r.application_id), coalesce(n.n, 0)::int
		from campaign_reading r join application a on a.id = r.application_id left join (select s.application_id, count(*) n from (%s) s group by 1) n on n.application_id = r.application_id where r.campaign_id = %d order by lower(a.title), a.id`, seen, c.ID), list(c.Scope.Entitlements), list(c.Scope.People))
	if err != nil {
		return nil, err
	}
	p.Applications, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Covered])
	return p, err
}

// compare finds what is missing and what is too much, at most a hundred of each.
func (p *Proof) compare(tx *db.Tx, c *Campaign, seen string) error {
	return p.held(tx, c, seen, list(c.Scope.Entitlements), list(c.Scope.People))
}

// defined counts the roles of a review of definitions once more: those that were active in its version of the policy.
func (p *Proof) defined(tx *db.Tx, c *Campaign) error {
	p.Countable = true
	return p.held(tx, c, fmt.Sprintf(`select 0 account_id, 0 entitlement_id, 'role/' || o.id param from campaign c join policy_object o on o.kind = 'role' join policy_spec s on s.object_id = o.id and s.from_version <= c.policy_version and (s.to_version is null or s.to_version > c.policy_version)
		where c.id = %d and coalesce(nullif(s.spec->>'state', ''), 'active') = 'active' and (cardinality($1::int[]) = 0 or o.id = any($1)) and cardinality($2::int[]) = 0`, c.ID), list(c.Scope.Roles), []int{})
}

// held compares the items with what a query shows.
func (p *Proof) held(tx *db.Tx, c *Campaign, seen string, only ...any) error {
	if err := tx.QueryRow(`select count(*) from (`+seen+`) s`, only...).Scan(&p.Seen); err != nil {
		return err
	}
	items := fmt.Sprintf(`select account_id, entitlement_id, param from campaign_item where campaign_id = %d`, c.ID)
	for _, x := range []struct {
		into *[]Pair
		sql  string
	}{
		{&p.Missing, `select account_id, entitlement_id, param from (` + seen + `) s except all ` + items},
		{&p.Added, items + ` except all select account_id, entitlement_id, param from (` + seen + `) s`},
	} {
		rows, err := tx.Query(x.sql+` limit 100`, only...)
		if err != nil {
			return err
		}
		if *x.into, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Pair]); err != nil {
			return err
		}
	}
	return nil
}
