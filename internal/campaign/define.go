package campaign

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// MaxScope is how many names a list of a scope holds at most.
const MaxScope = 1000

// check says what is wrong with a campaign, field by field.
func (c *Campaign) check() error {
	var bad []errs.Field
	add := func(field, rule string) { bad = append(bad, errs.Field{Field: field, Rule: rule}) }
	if c.Title = strings.TrimSpace(c.Title); c.Title == "" {
		add("title", "is required")
	}
	if len(c.Title) > 200 {
		add("title", "has at most 200 characters")
	}
	if len(c.Stages) == 0 || len(c.Stages) > 4 {
		add("stages", "are at least one and at most four")
	}
	for i := range c.Stages {
		st := &c.Stages[i]
		if !slices.Contains([]string{ByManager, ByOwner, ByRoleOwner, ByNamed, ByCompliance}, st.By) {
			add("reviewer", "must be manager, owner, role_owner, named or compliance")
		}
		if st.By == ByNamed && st.Named == 0 {
			add("named", "says who is asked")
		}
		if !slices.Contains([]string{"", "campaign_owner", ByManager, ByOwner, ByCompliance}, st.Otherwise) {
			add("otherwise", "must be manager, owner, compliance or campaign_owner")
		}
	}
	c.Settings.check(add)
	c.Scope.check(add)
	if c.Scope.Definitions && slices.ContainsFunc(c.Stages, func(st Stage) bool { return st.By == ByManager || st.By == ByOwner }) {
		add("reviewer", "must be role_owner, named or compliance where definitions of roles are reviewed")
	}
	if c.Kind == Recurring && c.Settings.Months == 0 {
		add("months", "says how often it recurs")
	}
	if len(bad) > 0 {
		return errs.InvalidFields("the campaign is as it was:", bad)
	}
	return nil
}

func (s *Settings) check(add func(field, rule string)) {
	between := func(field string, v, lo, hi int, rule string) {
		if v < lo || v > hi {
			add(field, rule)
		}
	}
	between("days", s.Days, 1, 180, "must be 1 to 180 days")
	between("budget", s.Budget, 1, 1000, "must be 1 to 1000 decisions")
	between("wave_days", s.WaveDays, 1, 90, "must be 1 to 90 days")
	between("challenge", s.Challenge, 0, 30, "must be 0 to 30 days")
	between("sample", s.Sample, 0, 100, "must be 0 to 100 per cent")
	between("pace", s.Pace, 0, 600, "must be 0 to 600 seconds")
	between("months", s.Months, 0, 24, "must be 1 to 24 months")
	if !slices.Contains([]string{LeaveOpen, KeepSilent, CloseRemove}, s.Unanswered) {
		add("unanswered", "must be owner, keep or remove")
	}
	if !slices.Contains([]string{"removals", "risky", "always", "never"}, s.Comment) {
		add("comment", "must be removals, risky, always or never")
	}
}

func (s *Scope) check(add func(field, rule string)) {
	for _, n := range []int{len(s.People), len(s.Below), len(s.Departments), len(s.Locations), len(s.WorkerTypes), len(s.Applications), len(s.Entitlements), len(s.Roles)} {
		if n > MaxScope {
			add("scope", "has at most 1000 names in a list")
			return
		}
	}
	if only := (Scope{Roles: s.bare().Roles, Definitions: true}); s.Definitions && !reflect.DeepEqual(only, s.bare()) {
		add("definitions", "are of roles: nothing else can be said of them")
	}
	if s.Dormant < 0 || s.Dormant > 3650 || s.Unreviewed < 0 || s.Unreviewed > 3650 {
		add("scope", "has days between 0 and 3650")
	}
	if s.Orphans && (len(s.People)+len(s.Below)+len(s.Departments)+len(s.Locations)+len(s.WorkerTypes)+len(s.Roles) > 0 || s.Memberships || s.Conflicts) {
		add("orphans", "belong to nobody: they have no person, organisation, role or SoD conflict")
	}
}

// bare is the scope without lists that say nothing.
func (s *Scope) bare() Scope {
	out := *s
	for _, l := range []*[]int{&out.People, &out.Below, &out.Applications, &out.Entitlements, &out.Roles} {
		if len(*l) == 0 {
			*l = nil
		}
	}
	for _, l := range []*[]string{&out.Departments, &out.Locations, &out.WorkerTypes} {
		if len(*l) == 0 {
			*l = nil
		}
	}
	return out
}

// Build stores a draft.
func (s *Service) Build(tx *db.Tx, c *Campaign) error {
	if tx.Actor.Identity == 0 && c.Kind != Event && c.Follows == nil {
		return errs.Forbidden("building a campaign needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	if c.Kind == "" {
		c.Kind = Once
	}
	if c.Owner == 0 {
		c.Owner = tx.Actor.Identity
	}
	if err := c.check(); err != nil {
		return err
	}
	c.State = Draft
	err := tx.QueryRow(`insert into campaign (title, about, kind, scope, stages, settings, owner_id, event, about_id, follows, made_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id, public_id::text, version`,
		c.Title, c.About, c.Kind, c.Scope, c.Stages, c.Settings, c.Owner, c.Event, c.Who, c.Follows, tx.Actor.ID).Scan(&c.ID, &c.PublicID, &c.Version)
	if err != nil {
		return err
	}
	c.record(tx, "campaign.built", map[string]any{"title": c.Title, "kind": c.Kind, "scope": c.Scope, "stages": c.Stages, "settings": c.Settings, "owner": c.Owner})
	return nil
}

// record writes an event about the campaign that touches its row.
func (c *Campaign) record(tx *db.Tx, kind string, facts map[string]any) {
	facts["campaign"] = c.ID
	e := evidence.Event{Kind: kind, Touches: evidence.Touches{"campaign": 1}, Facts: facts}
	if c.Who != nil {
		e.IdentityID = *c.Who
	}
	tx.Record(e)
}

// Rebuild changes a draft. version is the one that was read.
func (s *Service) Rebuild(tx *db.Tx, c *Campaign, version int) error {
	was, err := lock(tx, c.ID)
	if err != nil {
		return err
	}
	switch {
	case was.State != Draft:
		return errs.Conflict("this campaign was started already: what it asks does not change any more")
	case was.Version != version:
		return errs.Conflict("somebody changed this campaign since you looked at it: look again")
	}
	if err := c.check(); err != nil {
		return err
	}
	if _, err := tx.Exec(`update campaign set title = $2, about = $3, kind = $4, scope = $5, stages = $6, settings = $7, version = version + 1 where id = $1`, c.ID, c.Title, c.About, c.Kind, c.Scope, c.Stages, c.Settings); err != nil {
		return err
	}
	c.record(tx, "campaign.changed", map[string]any{"title": c.Title, "kind": c.Kind, "scope": c.Scope, "stages": c.Stages, "settings": c.Settings})
	return nil
}

// Stop throws a draft away, or ends a campaign that runs: what is signed off stays decided, the rest is not.
func (s *Service) Stop(tx *db.Tx, id int, reason string) error {
	// People, reviews, then campaigns: everybody locks in this order.
	if _, err := tx.Exec(`select from campaign_review where campaign_id = $1 and state in ('waiting', 'open') order by id for no key update`, id); err != nil {
		return err
	}
	c, err := lock(tx, id)
	if err != nil {
		return err
	}
	if err := Life.Check(c.State, Cancelled); err != nil {
		return errs.Conflict("this campaign is over, or everything in it is decided")
	}
	if reason = strings.TrimSpace(reason); reason == "" && c.State != Draft {
		return errs.InvalidFields("nothing was stopped:", []errs.Field{{Field: "reason", Rule: "is required"}})
	}
	n, err := tx.Exec(`update campaign_review set state = 'passed_on', next_at = null, version = version + 1 where campaign_id = $1 and state in ('waiting', 'open')`, id)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`update campaign set state = 'cancelled', version = version + 1 where id = $1`, id); err != nil {
		return err
	}
	t := evidence.Touches{"campaign": 1}
	if n > 0 {
		t["campaign_review"] = int(n)
	}
	tx.Record(evidence.Event{Kind: "campaign.stopped", Touches: t, Facts: map[string]any{"campaign": id, "reason": reason}})
	return tellStopped(tx, c)
}

const columns = `c.id, c.public_id::text, c.title, c.about, c.kind, c.scope, c.stages, c.settings, c.state, c.owner_id, c.event, c.about_id, c.follows, c.as_of, c.policy_version, c.items, c.due_at, c.started_at, c.decided_at, c.closed_at, c.version, o.name, o.public_id::text
	from campaign c join identity o on o.id = c.owner_id `

func scan(row pgx.CollectableRow) (*Campaign, error) {
	var c Campaign
	return &c, row.Scan(&c.ID, &c.PublicID, &c.Title, &c.About, &c.Kind, &c.Scope, &c.Stages, &c.Settings, &c.State, &c.Owner, &c.Event, &c.Who, &c.Follows, &c.AsOf, &c.PolicyVersion, &c.Items, &c.DueAt, &c.StartedAt,
		&c.DecidedAt, &c.ClosedAt, &c.Version, &c.OwnerName, &c.OwnerRef)
}

func some(tx *db.Tx, where string, args ...any) ([]*Campaign, error) {
	rows, err := tx.Query(`select `+columns+where, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

func one(tx *db.Tx, where string, args ...any) (*Campaign, error) {
	rows, err := tx.Query(`select `+columns+where, args...)
	if err != nil {
		return nil, err
	}
	c, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) || db.BadValue(err) {
		return nil, errs.NotFound("there is no such campaign")
	}
	return c, err
}

// lock locks a campaign against whoever else changes it.
func lock(tx *db.Tx, id int) (*Campaign, error) {
	return one(tx, `where c.id = $1 for no key update of c`, id)
}

// list is a list that a query can take: never null.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
