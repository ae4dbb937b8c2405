package audit_test

import (
	"testing"
	"time"

	"tenure/internal/audit"
	"tenure/internal/db"
	"tenure/internal/policy"
)

// The number at the inbox is the number of lines in it, for everybody and whatever they may do.
func TestTheCountIsTheList(t *testing.T) {
	m := generate(t, 4)
	m.count()
	m.exec(`insert into hold (kind, ref, reasons, affected, opened_by) values ('hr', 2, '[]', '[]', 1), ('due', 0, '[]', '[1,2]', 1)`)
	m.exec(`insert into change_set (title, body, plan, policy_version, catalog, made_by) values ('a change', '', '{"effect": {"people": 3}}', 1, '', 1)`)
	m.exec(`insert into policy_object (kind, name) values ('sod', 'a rule')`)
	m.exec(`insert into violation (identity_id, rule_id, policy_version, path, broken_from, opened_at, changed_at) select 1, id, 1, '[]', now(), now(), now() from policy_object where name = 'a rule'`)
	m.exec(`insert into application_pause (application_id, paused_by, reason) select id, 1, 'repairs' from application where owner_id is not null`)
	m.exec(`insert into log_trouble (sink, since, error) values ('file', now() - interval '1 hour', 'the disk is full')`)
	m.exec(`insert into erasure (identity_id, reason, asked_by) values (1, 'their time is over', 1)`)
	m.exec(`insert into handout (account_id, sealed) select id, 'x' from account where id % 3 = 0`)
	reviewed(m)
	if err := m.db.Do(t.Context(), db.System, policy.FillPortal); err != nil { // who else could act stands in the tables of rights
		t.Fatal(err)
	}
	seen := map[string]int{}
	err := m.db.Read(t.Context(), func(tx *db.Tx) error {
		for who := 1; who <= 12; who++ {
			for _, all := range []bool{true, false} {
				q := &audit.Scope{Person: who, May: func(string) bool { return all }, Zone: time.UTC, Managers: []int{who}, Owners: []int{who}}
				if who > 8 {
					q.Managers, q.Owners = nil, nil
				}
				items, err := audit.Inbox(tx, q)
				if err != nil {
					return err
				}
				n, err := audit.CountInbox(tx, q)
				if err != nil {
					return err
				}
				if n != len(items) {
					t.Errorf("person %d: the count is %d, the list has %d", who, n, len(items))
				}
				for i, it := range items {
					seen[it.Kind]++
					if it.Ref == "" || it.Holder.As == "" && len(it.Holder.Roles) == 0 {
						t.Errorf("an item without a reference or a holder: %+v", it)
					}
					if i > 0 && it.Due != nil && (items[i-1].Due == nil || items[i-1].Due.After(*it.Due)) {
						t.Errorf("item %d is due before the one above it", i)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{audit.HeldRun, audit.HeldDue, audit.Change, audit.Erasing, audit.Violated, audit.FailedLeaver, audit.Failed, audit.Proposal, audit.Paused, audit.Evidence, audit.OwnPaused, audit.Orphan, audit.NoDescription, audit.Password,
		audit.Reviewing, audit.ReviewAsk, audit.ReviewHand, audit.Joining, audit.Leaving, audit.HandOver, audit.HandOverLate} {
		if seen[kind] == 0 {
			t.Errorf("nobody's inbox has a %s: the world shows nothing of it", kind)
		}
	}
}

// reviewed puts campaigns into the world: reviews of several people, some of which are over, questions with and without an answer, and what is
// to be taken away by hand, or was.
func reviewed(m *made) {
	m.exec(`insert into campaign (title, kind, scope, stages, settings, state, owner_id, as_of, policy_version, due_at, made_by)
		select 'campaign ' || s, 'once', '{}', '[]', '{}', s, 1, now(), 1, now(), 1 from unnest(array['open', 'closing']) s`)
	m.exec(`insert into campaign_review (campaign_id, stage, reviewer_id, why, state, opened_at, due_at) select c.id, 1, w, case w % 3 when 0 then 'owner' when 1 then 'manager' else 'named' end,
		case when w % 5 = 0 then 'waiting' else 'open' end, now(), now() + make_interval(days => w) from campaign c, generate_series(1, 10) w`)
	m.exec(`insert into campaign_item (identity_id, campaign_id, review_id, account_id, entitlement_id, stage, class, risk, rank, advice, kinds) select 3, v.campaign_id, v.id, a.id, 1, 1, 0, 0, 0, 0, 0
		from campaign_review v, (select min(id) id from account) a`)
	m.exec(`insert into campaign_note (item_id, author_id, asked_id, kind, body, said_at, made_by) select x.id, 1, 1 + x.id % 9, 'question', 'why', now(), 1 from campaign_item x`)
	m.exec(`insert into campaign_note (item_id, author_id, kind, body, said_at, made_by) select item_id, asked_id, 'answer', 'so', now(), 1 from campaign_note where item_id % 2 = 0`)
	m.exec(`insert into campaign_removal (item_id, campaign_id, review_id, identity_id, account_id, entitlement_id, param, state, at, owner_id) select x.id, x.campaign_id, x.review_id, 3, x.account_id, 1, '',
		(array['by_hand', 'changing', 'carried'])[1 + x.id % 3], now(), 1 + x.id % 4 from campaign_item x`)
}

// Working time stops at night and over the weekend, where the reader is.
func TestTerms(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ kind, since, due string }{
		{audit.HeldRun, "2026-11-27T10:00:00+01:00", "2026-11-27T14:00:00+01:00"},      // a Friday
		{audit.HeldRun, "2026-11-27T15:30:00+01:00", "2026-11-30T11:30:00+01:00"},      // over the weekend
		{audit.HeldRun, "2026-11-28T03:00:00+01:00", "2026-11-30T13:00:00+01:00"},      // on Saturday
		{audit.HeldRun, "2026-11-27T06:00:00+01:00", "2026-11-27T13:00:00+01:00"},      // before work
		{audit.HeldRun, "2026-11-27T13:00:00+01:00", "2026-11-27T17:00:00+01:00"},      // to the last minute
		{audit.HeldRun, "2026-10-23T16:00:00+02:00", "2026-10-26T12:00:00+01:00"},      // over the end of summer time
		{audit.Orphan, "2026-11-27T10:00:00+01:00", "2026-12-04T17:00:00+01:00"},       // the fifth working day after
		{audit.FailedLeaver, "2026-11-28T03:00:00+01:00", "2026-11-28T03:15:00+01:00"}, // at any hour
		{audit.NoDescription, "2026-11-01T00:00:00+01:00", "2026-12-01T00:00:00+01:00"},
	} {
		since, _ := time.Parse(time.RFC3339, c.since)
		want, _ := time.Parse(time.RFC3339, c.due)
		if got := audit.Terms[c.kind].Due(since, zone); !got.Equal(want) {
			t.Errorf("%s since %s is due %s, want %s", c.kind, c.since, got.Format(time.RFC3339), c.due)
		}
	}
}
