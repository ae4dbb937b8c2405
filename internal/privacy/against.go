package privacy

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
)

// Against says everything that stands against erasing somebody now, each in a sentence (errs.KindConflict); none: they may be erased.
func Against(tx *db.Tx, p *identity.Person) ([]error, error) {
	switch {
	case p.Kind != "person":
		return []error{errs.Conflict("this is a local account of the portal, not a person of an HR source")}, nil
	case p.ErasedAt != nil:
		return []error{errs.Conflict("this person was erased already, on %s", p.ErasedAt.UTC().Format(time.DateOnly))}, nil
	}
	var out []error
	if p.State != identity.Left {
		out = append(out, errs.Conflict("the person has not left"))
	}
	kept, err := keptUntil(tx, p)
	if err != nil {
		return nil, err
	}
	if p.State == identity.Left && kept.After(tx.Now) {
		out = append(out, errs.Conflict("people are kept after they left, this one until %s", kept.UTC().Format(time.DateOnly)))
	}
	holds, err := heldBy(tx, p.ID)
	if err != nil {
		return nil, err
	}
	for _, h := range holds {
		out = append(out, h.sentence())
	}
	v, err := valuesOf(tx, p)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(againstSQL, p.ID, tx.Now, pattern(v.strong, false), v.strong)
	if err != nil {
		return nil, err
	}
	var what, which string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&what, &n, &which}, func() error {
		out = append(out, sentenceOf(what, n, which))
		return nil
	})
	return out, err
}

// keptUntil is the end of the time for which somebody is kept after leaving.
func keptUntil(tx *db.Tx, p *identity.Person) (time.Time, error) {
	k, err := kindOf(tx, KindPerson)
	return p.Since.AddDate(0, 0, k.Days), err
}

// againstSQL counts what is open around a person. $1 is the person, $2 business time, $3 a pattern that names them, $4 the texts in it.
const againstSQL = `
select what, n, which from (
	select 1 nth, 'employment' what, count(distinct employment_id)::int n, '' which from employment_version where identity_id = $1 and known_to = 'infinity' and valid_to > $2 and status <> 'rescinded' and ends_at > $2
	union all select 2, 'account', count(*)::int, coalesce(string_agg(p.title, ', ' order by p.title), '') from account_link l join account a on a.id = l.account_id join application p on p.id = a.application_id
		where l.identity_id = $1 and l.known_to = 'infinity' and a.gone_at is null and a.native_id is not null
	union all select 3, 'orphan', count(*)::int, coalesce(string_agg(p.title, ', ' order by p.title), '') from account_seen s join account a on a.id = s.account_id join application p on p.id = a.application_id
		where a.gone_at is null and lower(s.email) = any(select lower(v) from unnest($4::text[]) v where v like '%@%')
		and not exists (select from account_link l where l.account_id = a.id and l.known_to = 'infinity')
	union all select 4, 'reason', count(*)::int, '' from reason where identity_id = $1 and known_to = 'infinity' and state = 'live' and valid_to > $2
	union all select 5, 'operation', count(*)::int, '' from operation o join account a on a.id = o.account_id where o.identity_id = $1 and (o.state in ('proposed', 'pending', 'claimed', 'acknowledged') or o.state = 'failed' and a.gone_at is null and a.native_id is not null)
	union all select 6, 'request', count(*)::int, '' from request_item where (beneficiary_id = $1 or requester_id = $1) and state in ('open', 'granted')
	union all select 7, 'asked', count(*)::int, '' from request_holder h join request_step s on s.id = h.step_id where h.identity_id = $1 and h.until is null and s.state = 'open'
	union all select 8, 'review', count(*)::int, coalesce(string_agg(title, ', ' order by id), '') from campaign c where c.state in ('open', 'closing') and (c.owner_id = $1 or c.about_id = $1
		or exists (select from campaign_review r where r.campaign_id = c.id and r.reviewer_id = $1 and r.state in ('waiting', 'open')) or exists (select from campaign_item i where i.campaign_id = c.id and i.identity_id = $1))
	union all select 9, 'removal', count(*)::int, '' from campaign_removal where identity_id = $1 and state in ('waiting', 'held', 'carried', 'by_hand', 'changing')
	union all select 10, 'violation', count(*)::int, '' from violation where identity_id = $1 and state <> 'resolved'
	union all select 11, 'run', count(*)::int, '' from run_change c join snapshot s on s.id = c.snapshot_id where c.identity_id = $1 and s.state = 'held'
	union all select 12, 'owner', count(*)::int, coalesce(string_agg(title, ', ' order by title), '') from (select title from application where owner_id = $1 union all select title from entitlement where owner_id = $1
		union all select name from account where owner_id = $1 and gone_at is null) o
	union all select 13, 'policy', count(*)::int, coalesce(string_agg(name, ', ' order by name), '') from (select o.name from policy_spec s join policy_object o on o.id = s.object_id where s.to_version is null and s.spec::text ~* $3
		union all select name from application where spec::text ~* $3 union all select name from hr_source where spec::text ~* $3) d
	union all select 14, 'right', count(*)::int, coalesce(string_agg(role, ', ' order by role), '') from portal_role where identity_id = $1
	union all select 15, 'delegation', count(*)::int, '' from delegation where (from_identity = $1 or to_identity = $1) and ended_at is null and to_at > $2
) x where n > 0 order by nth`

func sentenceOf(what string, n int, which string) error {
	switch what {
	case "employment":
		return errs.Conflict("HR says that they work here, or will: %d employments", n)
	case "account":
		return errs.Conflict("no reading has shown yet that their accounts are gone: %d, in %s", n, which)
	case "orphan":
		return errs.Conflict("accounts that nobody is known to hold bear their e-mail address: %d, in %s", n, which)
	case "reason":
		return errs.Conflict("they still have reasons for access: %d", n)
	case "operation":
		return errs.Conflict("changes at their accounts are not verified: %d", n)
	case "request":
		return errs.Conflict("requests by or for them are open, or what was granted has not ended: %d", n)
	case "asked":
		return errs.Conflict("decisions are asked of them: %d", n)
	case "review":
		return errs.Conflict("campaigns in which they take part are open: %s", which)
	case "removal":
		return errs.Conflict("removals that a review decided are not verified: %d", n)
	case "violation":
		return errs.Conflict("conflicts of theirs are open: %d", n)
	case "run":
		return errs.Conflict("they are in an HR run that is held: release or discard it first")
	case "owner":
		return errs.Conflict("they are the owner of %s: name somebody else first", which)
	case "policy":
		return errs.Conflict("what is declared names them: %s", which)
	case "right":
		return errs.Conflict("they have rights in the portal: %s", which)
	default:
		return errs.Conflict("a delegation from or to them has not ended")
	}
}
