package lifecycle

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/auth"
	"tenure/internal/campaign"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/evidence"
	"tenure/internal/identity"
	"tenure/internal/notify"
	"tenure/internal/policy"
	"tenure/internal/request"
)

// Campaigns is the room of reviews with what must follow for people.
var Campaigns = &campaign.Service{
	Acting: func(tx *db.Tx, who int) ([]campaign.Name, error) {
		acting, err := auth.ActingFor(tx, who)
		out := make([]campaign.Name, len(acting))
		for i, a := range acting {
			out[i] = campaign.Name{For: a.For, Team: a.Team(), Applications: a.Applications()}
		}
		return out, err
	},
	Lock:  lockReviewed,
	Carry: carryRemovals,
	Accept: func(tx *db.Tx, c *campaign.Campaign, found []campaign.Found) error {
		return acceptFound(tx, c, found)
	},
	Lower: lowerLevels,
	Calm:  calm,
}

// lockReviewed locks the policy and then people, as everybody does.
func lockReviewed(tx *db.Tx, people []int) error {
	if err := policy.Lock(tx, false); err != nil {
		return err
	}
	if err := identity.Lock(tx, people); err != nil {
		return err
	}
	return tx.Refresh()
}

// calm weighs what reviews take away: as many people in a day as the brake allows for leavers, and no more, until a second person looks.
func calm(tx *db.Tx, c *campaign.Campaign, people int) (bool, error) {
	var lately, active int
	if err := tx.QueryRow(`select (select count(distinct identity_id) from campaign_removal where identity_id <> 0 and carried_at > clock_timestamp() - interval '24 hours'), (select count(*) from identity where kind = 'person' and state <> 'left')`).Scan(&lately, &active); err != nil {
		return false, err
	}
	limit := access.Limit(10, 5, active)
	if lately+people < limit {
		return true, nil
	}
	why, err := json.Marshal([]string{fmt.Sprintf("%d people would lose access by reviews within a day, of %d; the limit is %d", lately+people, active, limit)})
	if err != nil {
		return false, err
	}
	var id int
	err = tx.QueryRow(`insert into hold (kind, ref, reasons, affected, opened_by, opened_identity) select 'campaign', $1, $2, (select coalesce(jsonb_agg(distinct identity_id), '[]') from campaign_removal where campaign_id = $1 and state = 'waiting' and at <= $5), $3, $4
		where not exists (select from hold where kind = 'campaign' and ref = $1 and state = 'open') returning id`, c.ID, why, tx.Actor.ID, person(tx), tx.Now).Scan(&id)
	if err == pgx.ErrNoRows { //nolint:errorlint // pgx gives it bare
		return false, nil
	}
	tx.Record(evidence.Event{Kind: "campaign.braked", Touches: evidence.Touches{"hold": 1}, Facts: map[string]any{"hold": id, "campaign": c.ID, "people": people, "lately": lately, "limit": limit}})
	return false, err
}

func person(tx *db.Tx) *int {
	if tx.Actor.Identity == 0 {
		return nil
	}
	return &tx.Actor.Identity
}

// carrying is what ends for people because a review decided it.
type carrying struct {
	tx      *db.Tx
	c       *campaign.Campaign
	cat     *catalog.Catalog
	pol     *policy.Snapshot
	byHand  map[int64]campaign.ByHand
	ends    map[int]map[int64]bool // person -> reasons
	roles   [][2]int               // person, role
	items   []int                  // of requests
	narrow  []narrowing
	never   [][2]int // person, entitlement: held without a reason
	orphans []int
	login   map[int]bool
	told    map[int]bool
}

// carryRemovals ends the reasons for what reviews remove and settles the people. What Tenure does not change at the target, or what something
// else gives as well, is by hand: it says why, and who has to.
func carryRemovals(tx *db.Tx, c *campaign.Campaign, all []*campaign.Removal) (map[int64]campaign.ByHand, error) {
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	k := carrying{tx: tx, c: c, cat: cat, pol: pol, byHand: map[int64]campaign.ByHand{}, ends: map[int]map[int64]bool{}, told: map[int]bool{}}
	var ids []int
	for _, r := range all {
		if r.Identity != 0 {
			ids = append(ids, r.Identity)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if err := lockReviewed(tx, ids); err != nil {
		return nil, err
	}
	if err := k.plan(all, ids); err != nil {
		return nil, err
	}
	for _, step := range []func() error{k.leaveRoles, k.endRequests, k.narrowRequests, k.neverHeld, k.disableOrphans} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if len(ids) > 0 {
		if _, err := SettleIDs(tx, ids, Cause{What: "campaign", Ref: c.ID, Ends: k.ends}); err != nil {
			return nil, err
		}
	}
	return k.byHand, k.tell()
}

// plan sorts the removals by what has to end.
func (k *carrying) plan(all []*campaign.Removal, ids []int) error {
	slots, err := k.slots(all)
	if err != nil {
		return err
	}
	held := map[[2]int][]access.Reason{}
	subjects, err := access.Look(k.tx, ids, k.tx.Now)
	if err != nil {
		return err
	}
	for _, s := range subjects {
		for _, r := range s.Reasons {
			at := [2]int{s.Identity, r.Entitlement}
			held[at] = append(held[at], r)
		}
	}
	for _, r := range all {
		ent := k.cat.Entitlements[r.Entitlement]
		if ent == nil {
			k.byHand[r.Item] = campaign.ByHand{Why: "the entitlement is not in the catalogue any more"}
			continue
		}
		app := k.cat.Apps[ent.ApplicationID]
		owner := ent.OwnerID
		if owner == nil {
			owner = app.OwnerID
		}
		hand := func(why string) { k.byHand[r.Item] = campaign.ByHand{Why: why, Owner: owner} }
		switch {
		case r.Identity == 0 && app.Mode == catalog.Observe:
			hand("Tenure only observes " + app.Title + ": somebody has to disable the account there")
			continue
		case r.Identity == 0:
			k.orphans = append(k.orphans, r.Account)
			continue
		}
		if reasons := held[[2]int{r.Identity, r.Entitlement}]; r.Level != "" {
			k.lower(r, reasons, hand)
		} else {
			k.person(r, reasons, hand)
		}
		switch {
		case app.Mode == catalog.Observe:
			hand("Tenure only observes " + app.Title + ": somebody has to take it away there")
		case slots[r.Account]:
			hand("this is a second account of the person, which Tenure does not change")
		case ent.Kind == "account" && r.Kinds&campaign.BitOther != 0:
			hand("the login comes with other access in " + app.Title + ": it goes when nothing else is held there")
		}
	}
	return nil
}

// slots says which of the accounts are not the first ones of their people.
func (k *carrying) slots(all []*campaign.Removal) (map[int]bool, error) {
	ids := make([]int, len(all))
	for n, r := range all {
		ids[n] = r.Account
	}
	rows, err := k.tx.Query(`select id, slot <> '' from account where id = any($1)`, ids)
	if err != nil {
		return nil, err
	}
	out := map[int]bool{}
	var id int
	var second bool
	_, err = pgx.ForEachRow(rows, []any{&id, &second}, func() error { out[id] = second; return nil })
	return out, err
}

// person notes what ends for one removal.
func (k *carrying) person(r *campaign.Removal, held []access.Reason, hand func(why string)) {
	k.told[r.Identity] = true
	for _, h := range held {
		switch h.Kind {
		case access.Found, access.Handover:
			if k.ends[r.Identity] == nil {
				k.ends[r.Identity] = map[int64]bool{}
			}
			k.ends[r.Identity][h.ID] = true
		case access.Assignment:
			if p := [2]int{r.Identity, h.Ref}; !slices.Contains(k.roles, p) {
				k.roles = append(k.roles, p)
			}
		case access.Requested:
			if !slices.Contains(k.items, h.Ref) {
				k.items = append(k.items, h.Ref)
			}
		case access.Birthright:
			name := fmt.Sprintf("rule %d", h.Ref)
			if o := k.pol.Object(h.Ref); o != nil {
				name = o.Title
			}
			hand("the birthright rule " + name + " gives it now: change the rule")
		}
	}
	if len(held) == 0 && r.Kinds&campaign.BitOther == 0 {
		k.never = append(k.never, [2]int{r.Identity, r.Entitlement})
	}
}

func (k *carrying) why() string {
	return fmt.Sprintf("review %d: %s", k.c.ID, k.c.Title)
}

func pairs(all [][2]int) (a, b []int) {
	for _, p := range all {
		a, b = append(a, p[0]), append(b, p[1])
	}
	return a, b
}

func (k *carrying) leaveRoles() error {
	if len(k.roles) == 0 {
		return nil
	}
	who, roles := pairs(k.roles)
	rows, err := k.tx.Query(`update role_member m set ended_at = clock_timestamp(), ended_on = business_now(), ended_by = $3, ended_because = $4 from unnest($1::int[], $2::int[]) x(who, role)
		where m.identity_id = x.who and m.role_id = x.role and m.ended_at is null returning m.id, m.identity_id, m.role_id`, who, roles, k.tx.Actor.ID, k.why())
	if err != nil {
		return err
	}
	var id, person, role int
	_, err = pgx.ForEachRow(rows, []any{&id, &person, &role}, func() error {
		k.tx.Record(evidence.Event{Kind: "role.left", IdentityID: person, Touches: evidence.Touches{"role_member": 1}, Facts: map[string]any{"member": id, "role_id": role, "campaign": k.c.ID}})
		return nil
	})
	return err
}

func (k *carrying) endRequests() error { return request.EndItems(k.tx, k.items, k.why()) }

// neverHeld says of access for which there never was a reason that it was found and ended at once: then settling takes it away.
func (k *carrying) neverHeld() error {
	if len(k.never) == 0 {
		return nil
	}
	known, err := k.tx.Known()
	if err != nil {
		return err
	}
	who, what := pairs(k.never)
	if _, err := k.tx.Exec(`insert into reason (identity_id, entitlement_id, kind, ref, valid_from, valid_to, known_from) select who, what, 'found', $3, $4, $4, $5 from unnest($1::int[], $2::int[]) x(who, what)`, who, what, k.tx.Actor.ID, k.tx.Now, known); err != nil {
		return err
	}
	of := map[int][]int{}
	for _, p := range k.never {
		of[p[0]] = append(of[p[0]], p[1])
	}
	for person, list := range of {
		k.tx.Record(evidence.Event{Kind: "access.refused", IdentityID: person, Touches: evidence.Touches{"reason": len(list)}, Facts: map[string]any{"entitlements": list, "campaign": k.c.ID}})
	}
	return nil
}

// disableOrphans orders that accounts of nobody be disabled; where Tenure only proposes, somebody releases it.
func (k *carrying) disableOrphans() error {
	if len(k.orphans) == 0 {
		return nil
	}
	known, err := k.tx.Known()
	if err != nil {
		return err
	}
	rows, err := k.tx.Query(`insert into operation (application_id, account_id, kind, cause, state, next_attempt_at, created_at)
		select a.application_id, a.id, 'disable', 'campaign', case p.mode when 'enforce' then 'pending' else 'proposed' end, $2, $2 from account a join application p on p.id = a.application_id
		where a.id = any($1) and a.gone_at is null and not exists (select from operation o where o.account_id = a.id and o.kind = 'disable' and o.state in ('proposed', 'pending', 'claimed', 'acknowledged')) returning id, application_id, account_id`, k.orphans, known)
	if err != nil {
		return err
	}
	apps := map[int]bool{}
	var id int64
	var app, account int
	if _, err := pgx.ForEachRow(rows, []any{&id, &app, &account}, func() error {
		apps[app] = true
		k.tx.Record(evidence.Event{Kind: "operation.decided", Touches: evidence.Touches{"operation": 1}, Facts: map[string]any{"application": app, "account": account, "operation": id, "kind": "disable", "campaign": k.c.ID}})
		return nil
	}); err != nil {
		return err
	}
	for app := range apps {
		if err := access.Ring(k.tx, app, false); err != nil {
			return err
		}
	}
	return nil
}

// tell tells people that a review ended, or narrowed, some of their access.
func (k *carrying) tell() error {
	out := make([]notify.Message, 0, len(k.told))
	say := func(who int, verb string) {
		out = append(out, notify.Message{To: who, Kind: notify.Ended, Subject: notify.Subject{Verb: verb, What: k.c.Title}, Link: "/access", Thread: fmt.Sprintf("campaign/%d/person/%d", k.c.ID, who)})
	}
	for who := range k.told {
		say(who, "Ended after a review")
	}
	for _, n := range k.narrow {
		if who := n.removal.Identity; !k.told[who] {
			k.told[who] = true
			say(who, "Narrowed after a review")
		}
	}
	return notify.Send(k.tx, out...)
}

// acceptFound gives what reviewers kept although nothing gives it a reason: found, and accepted by whoever signed the review off.
func acceptFound(tx *db.Tx, c *campaign.Campaign, found []campaign.Found) error {
	if len(found) == 0 || tx.Actor.Identity == 0 {
		return nil
	}
	known, err := tx.Known()
	if err != nil {
		return err
	}
	who, what := make([]int, len(found)), make([]int, len(found))
	for n, f := range found {
		who[n], what[n] = f.Identity, f.Entitlement
	}
	rows, err := tx.Query(`insert into reason (identity_id, entitlement_id, kind, ref, valid_from, known_from) select distinct x.who, x.what, 'found', $3::int, $4::timestamptz, $5::timestamptz from unnest($1::int[], $2::int[]) x(who, what)
		where x.who <> $6 and not exists (select from reason r where r.identity_id = x.who and r.entitlement_id = x.what and r.known_to = 'infinity' and r.valid_to > $4) returning identity_id, entitlement_id`, who, what, tx.Actor.ID, tx.Now, known, tx.Actor.Identity)
	if err != nil {
		return err
	}
	of := map[int][]int{}
	var p, e int
	if _, err := pgx.ForEachRow(rows, []any{&p, &e}, func() error { of[p] = append(of[p], e); return nil }); err != nil {
		return err
	}
	ids := make([]int, 0, len(of))
	for id, list := range of {
		ids = append(ids, id)
		tx.Record(evidence.Event{Kind: "access.adopted", IdentityID: id, Touches: evidence.Touches{"reason": len(list)}, Facts: map[string]any{"entitlements": list, "campaign": c.ID}})
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	_, err = SettleIDs(tx, ids, Cause{What: "campaign", Ref: c.ID})
	return err
}
