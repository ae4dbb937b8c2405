package campaign

import (
	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// Start takes the snapshot: what the last complete readings show of the scope becomes items, each with its context, in the reviews of those
// who are asked. It is set-based: a handful of statements, however many items.
func (s *Service) Start(tx *db.Tx, id int) (*Campaign, error) {
	if err := policy.Lock(tx, false); err != nil {
		return nil, err
	}
	c, err := lock(tx, id)
	if err != nil {
		return nil, err
	}
	if err := Life.Check(c.State, Open); err != nil {
		return nil, errs.Conflict("this campaign was started already, or is over")
	}
	b, err := begin(tx, c)
	if err != nil {
		return nil, err
	}
	if c.Items == 0 {
		return nil, errs.Conflict("nothing is in the scope of this campaign: no reading shows such access")
	}
	if err := b.finish(); err != nil {
		return nil, err
	}
	return c, tellOpened(tx, c, b.opened)
}

// begin makes the items and reviews of a campaign.
func begin(tx *db.Tx, c *Campaign) (*builder, error) {
	b, err := prepare(tx, c)
	if err != nil {
		return nil, err
	}
	return b, b.run(b.build)
}

// prepare gives a builder that has read nothing yet.
func prepare(tx *db.Tx, c *Campaign) (*builder, error) {
	if err := tx.Refresh(); err != nil {
		return nil, err
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	return &builder{tx: tx, c: c, pol: pol, touches: evidence.Touches{}}, nil
}

// run does something that reads what the scope speaks of.
func (b *builder) run(do func() error) error {
	if len(b.c.Scope.People) > 0 { // few people: what they hold is found by index
		return do()
	}
	return b.tx.Whole(do)
}

// builder takes the snapshot of one campaign: it reads what is known, puts the items together in memory, and stores them.
type builder struct {
	tx      *db.Tx
	c       *Campaign
	pol     *policy.Snapshot
	touches evidence.Touches
	opened  []*Review
	uncover []string         // applications in scope that were never read whole
	covered map[int64]string // rules that are covered by confirmed roles, and how they say so

	known
	asking
	items   []item
	order   []*item // as reviews show them
	reviews []*share
	digest  digest
}

func (b *builder) build() error { return b.steps(b.enter, b.plan, b.store, b.storeCovered) }

// enter picks the readings that are taken for the truth.
func (b *builder) enter() error {
	if err := identity.EnterWaiting(b.tx); err != nil { // who came a moment ago is in the population, too
		return err
	}
	// Everything is hashed once: in memory, as far as that goes.
	if _, err := b.tx.Exec(`set local work_mem = '128MB'`); err != nil {
		return err
	}
	if b.c.Scope.Definitions {
		return nil
	}
	return b.readings()
}

// plan makes the items and the reviews, and stores none of them.
func (b *builder) plan() error {
	if b.c.Scope.Definitions {
		return b.steps(b.readDefined, b.readRoles, b.readReviewers, b.ask)
	}
	return b.steps(b.readPeople, b.readEntitlements, b.readAccounts, b.readReasons, b.readConflicts, b.readObserved, b.cover, b.readReviewers, b.ask)
}

func (b *builder) steps(all ...func() error) error {
	for _, step := range all {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// exec runs a statement whose rows the campaign's event has to name.
func (b *builder) exec(table, sql string, args ...any) error {
	n, err := b.tx.Exec(sql, args...)
	if n > 0 && table != "" {
		b.touches[table] += int(n)
	}
	return err
}

// readings picks for every application in scope the last complete reading of all of it.
func (b *builder) readings() error {
	apps := b.c.Scope.Applications
	err := b.exec("campaign_reading", `insert into campaign_reading (campaign_id, application_id, reading_id, read_at, licence_cents, currency)
		select $1, a.id, r.id, r.started_at, a.licence_cost_cents, a.licence_currency from application a
			join lateral (select id, started_at from reading where application_id = a.id and account_id is null and complete order by id desc limit 1) r on true
		where (cardinality($2::int[]) = 0 or a.id = any($2))
		and (cardinality($3::int[]) = 0 or exists (select from entitlement e where e.application_id = a.id and e.id = any($3)))`, b.c.ID, list(apps), list(b.c.Scope.Entitlements))
	if err != nil {
		return err
	}
	rows, err := b.tx.Query(`select a.title from application a where (cardinality($2::int[]) = 0 or a.id = any($2)) and not exists (select from campaign_reading r where r.campaign_id = $1 and r.application_id = a.id)
		and cardinality($3::int[]) = 0 order by 1`, b.c.ID, list(apps), list(b.c.Scope.Entitlements))
	if err != nil {
		return err
	}
	b.uncover, err = pgx.CollectRows(rows, pgx.RowTo[string])
	return err
}
