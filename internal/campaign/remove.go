package campaign

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

const removalColumns = `select r.item_id, r.campaign_id, r.review_id, r.identity_id, r.account_id, r.entitlement_id, r.param, r.level, r.state, r.at, r.why, r.owner_id, r.carried_at, r.verified_at, r.verified_by, i.kinds, i.unit,
		o.id, coalesce(o.state, ''), coalesce(o.error, ''), coalesce(w.name, ''), ` + objectedSQL + `
	from campaign_removal r join campaign_item i on i.id = r.item_id left join identity w on w.id = r.owner_id
		left join lateral (select o.id, o.state, o.error from operation o where o.account_id = r.account_id and r.carried_at is not null and o.created_at >= r.carried_at - interval '1 minute'
			and (o.kind = 'revoke' and o.entitlement_id = r.entitlement_id or o.kind in ('disable', 'delete')) order by o.kind <> 'revoke', o.id desc limit 1) o on true `

func removals(tx *db.Tx, where string, args ...any) ([]*Removal, error) {
	rows, err := tx.Query(removalColumns+where, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*Removal, error) {
		var r Removal
		return &r, row.Scan(&r.Item, &r.Campaign, &r.Review, &r.Identity, &r.Account, &r.Entitlement, &r.Param, &r.Level, &r.State, &r.At, &r.Why, &r.Owner, &r.CarriedAt, &r.VerifiedAt, &r.VerifiedBy, &r.Kinds, &r.Unit,
			&r.Operation, &r.OpState, &r.OpError, &r.OwnerName, &r.Objected)
	})
}

// Removals gives what is to be removed by a campaign: what is not verified first.
func Removals(tx *db.Tx, campaign int, after int64, limit int) ([]*Removal, error) {
	return removals(tx, `where r.campaign_id = $1 and r.item_id > $2 order by r.item_id limit $3`, campaign, after, limit)
}

// Unfinished gives what keeps a campaign open, with the operation that should do it and how that stands.
func Unfinished(tx *db.Tx, campaign, limit int) ([]*Removal, error) {
	return removals(tx, `where r.campaign_id = $1 and r.state not in ('verified', 'kept', 'changed') order by coalesce(o.state, '') <> 'failed', r.item_id limit $2`, campaign, limit)
}

// carryDue carries out the removals of a campaign whose time has come and to which nobody objects, unless they are so many that a second
// person looks first.
func (s *Service) carryDue(tx *db.Tx, c *Campaign, released bool) error {
	all, err := removals(tx, `where r.campaign_id = $1 and r.state = 'waiting' and r.at <= $2 and not `+objectedSQL+` order by r.identity_id, r.item_id for no key update of r`, c.ID, tx.Now)
	if err != nil || len(all) == 0 {
		return err
	}
	people := map[int]bool{}
	for _, r := range all {
		people[r.Identity] = true
	}
	delete(people, 0)
	if !released && len(people) > 0 {
		calm, err := s.Calm(tx, c, len(people))
		if err != nil {
			return err
		}
		if !calm {
			return setRemovals(tx, c, all, RemovalHeld, "campaign.held", nil)
		}
	}
	byHand, err := s.Carry(tx, c, all)
	if err != nil {
		return err
	}
	var done, hand []*Removal
	for _, r := range all {
		if h, ok := byHand[r.Item]; ok {
			r.Why, r.Owner = h.Why, h.Owner
			hand = append(hand, r)
		} else {
			done = append(done, r)
		}
	}
	if err := setRemovals(tx, c, done, RemovalCarried, "campaign.carried", nil); err != nil {
		return err
	}
	if err := setRemovals(tx, c, hand, RemovalByHand, "campaign.by_hand", nil); err != nil {
		return err
	}
	return tellByHand(tx, c, hand)
}

// setRemovals moves removals to a state, with one event.
func setRemovals(tx *db.Tx, c *Campaign, all []*Removal, to RemovalState, kind string, facts map[string]any) error {
	if len(all) == 0 {
		return nil
	}
	ids, why, owners := make([]int64, len(all)), make([]string, len(all)), make([]*int, len(all))
	for n, r := range all {
		if err := RemovalLife.Check(r.State, to); err != nil {
			return err
		}
		ids[n], why[n], owners[n] = r.Item, r.Why, r.Owner
	}
	n, err := tx.Exec(`update campaign_removal r set state = $4, why = x.why, owner_id = x.owner, carried_at = case when $4 in ('carried', 'by_hand') then clock_timestamp() else r.carried_at end
		from unnest($1::bigint[], $2::text[], $3::int[]) x(item, why, owner) where r.item_id = x.item`, ids, why, owners, to)
	if err != nil {
		return err
	}
	if facts == nil {
		facts = map[string]any{}
	}
	facts["campaign"], facts["items"] = c.ID, ids
	tx.Record(evidence.Event{Kind: kind, Touches: evidence.Touches{"campaign_removal": int(n)}, Facts: facts})
	for _, r := range all {
		r.State = to
	}
	if to == RemovalKept {
		return staysAfterAll(tx, ids)
	}
	return nil
}

// Release lets what the brake holds go on, decided by a second person with a reason.
func (s *Service) Release(tx *db.Tx, campaign int, reason string) error {
	return s.held(tx, campaign, reason, "released")
}

// Discard keeps what the brake holds: nothing of it is removed.
func (s *Service) Discard(tx *db.Tx, campaign int, reason string) error {
	return s.held(tx, campaign, reason, "discarded")
}

func (s *Service) held(tx *db.Tx, campaign int, reason, how string) error {
	if tx.Actor.Identity == 0 {
		return errs.Forbidden("releasing needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return errs.InvalidFields("nothing was released:", []errs.Field{{Field: "reason", Rule: "is required"}})
	}
	people, err := Concerned(tx, nil, []int{campaign})
	if err != nil {
		return err
	}
	if err := s.Lock(tx, people); err != nil {
		return err
	}
	c, err := lock(tx, campaign)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update hold set state = $2, decided_at = clock_timestamp(), decided_by = $3, decided_identity = $4, note = $5 where kind = 'campaign' and ref = $1 and state = 'open'`, campaign, how, tx.Actor.ID, tx.Actor.Identity, reason)
	switch {
	case db.ConstraintName(err) == "releaser_is_not_loader":
		return errs.Forbidden("whoever signed it off does not release it; another person can")
	case err != nil:
		return err
	case n == 0:
		return errs.Conflict("nothing of this campaign is held")
	}
	tx.Record(evidence.Event{Kind: "campaign." + how, Touches: evidence.Touches{"hold": int(n)}, Facts: map[string]any{"campaign": campaign, "reason": reason}})
	all, err := removals(tx, `where r.campaign_id = $1 and r.state = 'held' order by r.item_id for no key update of r`, campaign)
	if err != nil {
		return err
	}
	if how == "discarded" {
		for _, r := range all {
			r.Why = reason
		}
		if err := setRemovals(tx, c, all, RemovalKept, "campaign.kept", map[string]any{"reason": reason}); err != nil {
			return err
		}
		return progress(tx, campaign)
	}
	if err := setRemovals(tx, c, all, RemovalWaiting, "campaign.freed", nil); err != nil {
		return err
	}
	if err := s.carryDue(tx, c, true); err != nil {
		return err
	}
	return progress(tx, campaign)
}

// goneSQL says that a reading which began after a removal was carried out shows that the access is gone: the entitlement is not seen, or the
// login cannot be used. It gives that reading.
const goneSQL = `select r.item_id, g.id from campaign_removal r join account a on a.id = r.account_id join entitlement e on e.id = r.entitlement_id
	join lateral (select g.id from reading g where g.application_id = a.application_id and g.complete and (g.account_id is null or g.account_id = a.id) and g.started_at > coalesce(r.carried_at, '-infinity') order by g.id desc limit 1) g on true
	where r.state in ('carried', 'by_hand', 'changing') and (a.gone_at is not null or case when e.kind = 'account' then exists (select from account_seen s where s.account_id = a.id and not s.enabled)
		else not exists (select from observed o where o.account_id = r.account_id and o.entitlement_id = r.entitlement_id and o.param = r.param and o.seen_to is null) end)`

// Verify notes which removals the targets confirm, and closes the campaigns that wait for nothing else. It is set-based.
func Verify(tx *db.Tx) error {
	rows, err := tx.Query(`with gone as (`+goneSQL+`)
		update campaign_removal r set state = 'verified', verified_at = $1, verified_by = gone.id from gone where r.item_id = gone.item_id and r.state in ('carried', 'by_hand', 'changing') returning r.campaign_id, r.item_id`, tx.Now)
	if err != nil {
		return err
	}
	of := map[int][]int64{}
	var campaign int
	var item int64
	if _, err := pgx.ForEachRow(rows, []any{&campaign, &item}, func() error { of[campaign] = append(of[campaign], item); return nil }); err != nil {
		return err
	}
	ids, err := changed(tx)
	if err != nil {
		return err
	}
	for id, items := range of {
		ids = append(ids, id)
		tx.Record(evidence.Event{Kind: "campaign.verified", Touches: evidence.Touches{"campaign_removal": len(items)}, Facts: map[string]any{"campaign": id, "items": items}})
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) { // a campaign each, and few of them wait
		if err := progress(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// OwnedRemovals gives what somebody has to take away or change by hand.
func OwnedRemovals(tx *db.Tx, who int) ([]*Removal, error) {
	return removals(tx, `where r.owner_id = $1 and r.state in ('by_hand', 'changing') order by r.at, r.item_id limit 100`, who)
}

// Note is one line of the conversation about an item.
type Note struct {
	Author  int
	Name    string
	Kind    string
	Body    string
	SaidAt  time.Time
	Asked   *int
	AskedOf string
}

// Notes gives the conversation about an item.
func Notes(tx *db.Tx, item int64) ([]Note, error) {
	rows, err := tx.Query(`select n.author_id, i.name, n.kind, n.body, n.said_at, n.asked_id, coalesce(a.name, '') from campaign_note n join identity i on i.id = n.author_id left join identity a on a.id = n.asked_id where n.item_id = $1 order by n.id limit 100`, item)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Note])
}

// say keeps what was said. The log has its hash: what people say of one another does not stand there for good.
func say(tx *db.Tx, campaign int, item int64, kind, body string, asked *int) error {
	if _, err := tx.Exec(`insert into campaign_note (item_id, author_id, asked_id, kind, body, said_at, made_by) values ($1, $2, $3, $4, $5, $6, $7)`, item, tx.Actor.Identity, asked, kind, body, tx.Now, tx.Actor.ID); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "campaign." + kind, Touches: evidence.Touches{"campaign_note": 1}, Facts: map[string]any{"campaign": campaign, "item": item, "sha256": fmt.Sprintf("%x", sha256.Sum256([]byte(body))), "asked": asked}})
	return nil
}

// Ask asks somebody about an item before it is decided: the person whom it is about, or whoever else knows.
func (s *Service) Ask(tx *db.Tx, item int64, of int, question string) error {
	all, err := itemsOf(tx, `where i.id = $1`, item)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return errs.NotFound("there is no such item")
	}
	v, c, d, err := s.reviewer(tx, all[0].Review)
	if err != nil {
		return err
	}
	if err := may(v, d); err != nil {
		return err
	}
	question = strings.TrimSpace(question)
	here, err := identity.Here(tx, []int{of})
	if err != nil {
		return err
	}
	if question == "" || len(question) > 2000 || !here[of] {
		return errs.InvalidFields("nothing was asked:", []errs.Field{{Field: "question", Rule: "is required, with at most 2000 characters, and goes to somebody who works here"}})
	}
	if err := say(tx, c.ID, item, "question", question, &of); err != nil {
		return err
	}
	return tellQuestion(tx, c, v, all[0], of, question)
}

// Answered answers a question about an item: whoever was asked may.
func (s *Service) Answered(tx *db.Tx, item int64, answer string) error {
	answer = strings.TrimSpace(answer)
	if answer == "" || len(answer) > 2000 {
		return errs.InvalidFields("nothing was answered:", []errs.Field{{Field: "answer", Rule: "is required, with at most 2000 characters"}})
	}
	var campaign, review, author int
	err := tx.QueryRow(`select coalesce(max(i.campaign_id), 0), coalesce(max(i.review_id), 0), coalesce(max(n.author_id), 0) from campaign_note n join campaign_item i on i.id = n.item_id where n.item_id = $1 and n.asked_id = $2`, item, tx.Actor.Identity).Scan(&campaign, &review, &author)
	if err != nil {
		return err
	}
	if campaign == 0 {
		return errs.NotFound("nobody asked you about this")
	}
	if err := say(tx, campaign, item, "answer", answer, nil); err != nil {
		return err
	}
	return tellAnswer(tx, campaign, review, author, answer)
}

// Questions gives the items about which somebody was asked and has not answered.
func Questions(tx *db.Tx, who int) ([]int64, error) {
	rows, err := tx.Query(`select distinct n.item_id from campaign_note n join campaign_item i on i.id = n.item_id join campaign c on c.id = i.campaign_id and c.state = 'open'
		where n.asked_id = $1 and not exists (select from campaign_note a where a.item_id = n.item_id and a.author_id = $1 and a.id > n.id) order by 1 limit 50`, who)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}
