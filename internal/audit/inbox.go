package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/policy"
)

// Kinds of what waits in an inbox.
const (
	HeldRun       = "held"         // an HR file held by the brake
	HeldDue       = "held_due"     // what is caught up after an outage, held by the brake
	Change        = "change"       // a planned change of the policy, for another person to approve
	Asked         = "request"      // steps of requests that are asked of the reader, or of those in whose name they act
	Reviewing     = "review"       // an open review of access that is asked of the reader, or of those in whose name they act
	ReviewAsk     = "review_ask"   // questions about access in a review
	ReviewHand    = "review_hand"  // access that reviews removed and the reader has to take away by hand, or a rule to change
	Erasing       = "erasure"      // people who are to be erased, asked for by others or proposed
	Violated      = "violation"    // open violations of one SoD rule
	FailedLeaver  = "leaver"       // failed operations that take access from who left, of one application
	Failed        = "failed"       // other failed operations of one application
	Proposal      = "proposal"     // proposed operations of one application
	Paused        = "paused"       // an application that is paused
	OwnPaused     = "own_paused"   // the same, told to an owner who cannot resume it
	Evidence      = "evidence"     // the evidence log cannot be sealed, or not brought to where it is kept outside
	Orphan        = "orphan"       // accounts of one application that belong to nobody
	NoDescription = "description"  // entitlements of one application without a description
	Password      = "password"     // first passwords: the reader's own, or those of their team
	Joining       = "joiner"       // somebody of the team begins soon, or began and is not ready
	Leaving       = "leaving"      // somebody of the team leaves soon
	HandOver      = "handover"     // what somebody of the team keeps after a move ends soon
	HandOverLate  = "handover_due" // and is still there although it ended
)

// Scope says who reads an inbox and for whom: themselves, and whoever they stand in for.
type Scope struct {
	Person   int
	Managers []int // as whose manager they see teams; themselves first
	Owners   []int // as whose they see applications
	May      func(permission string) bool
	Zone     *time.Location
}

// Item is one thing that waits for the reader. Which fields are filled depends on the kind.
type Item struct {
	Kind        string
	Ref         string // what addresses name it by: a run, an application, a person's public id
	Application string // title
	Person      string
	Text        string // the HR source; the first or last day of work, as in a calendar (2006-01-02); Leavers
	Count       int    // CountMost + 1 when there are more
	Own         bool   // about the reader themselves
	Since       *time.Time
	Due         *time.Time
	Holder      Holder
}

// Leavers is the text of a pause during which somebody who left keeps access.
const Leavers = "leavers"

// CountMost is up to where an inbox counts.
const CountMost = 1000

// Holder says who besides the reader could do it: how many people with which portal roles, or nobody else.
type Holder struct {
	As     string // manager, owner, self; told: only who has one of Roles can do it; "" for who has one of Roles
	Others int
	Roles  []string
}

// source is one kind of thing that waits: a query of its own, asked of who has the permission (or of everybody) and, if it
// asks about teams or applications, whoever has some.
//
// To add a source, add a line here and a query that gives, for $1 the reader, $2 now, $3 the managers and $4 the owners they
// stand for: ref, application, person, text, count, own, since, due. The query starts from an index that holds only what
// waits, and its count of one thing is a scalar sub-query with a limit, so that counting the inbox does not pay for it.
type source struct {
	kind       string
	permission string
	as         string // of Holder
	sql        string
}

// for says whether a reader is asked about.
func (s *source) concerns(q *Scope) bool {
	switch s.as {
	case "manager":
		return len(q.Managers) > 0
	case "owner":
		return len(q.Owners) > 0
	case "told":
		return len(q.Owners) > 0 && !q.May(s.permission)
	case "":
		return q.May(s.permission)
	}
	return true
}

// given gives the parameters their types, also in queries that do not use all of them.
const given = `with given as (select $1::int, $2::timestamptz, $3::int[], $4::int[]) `

// perSource is how many things of one kind an inbox holds at most. A list of more is a list page's.
const perSource = 100

// statements are the texts of the two queries for a set of sources: few sets exist, and a text that is the same is planned once.
var statements sync.Map

type statement struct{ list, count string }

func statementFor(q *Scope) statement {
	var key strings.Builder
	for i := range sources {
		if sources[i].concerns(q) {
			key.WriteString(sources[i].kind + " ")
		}
	}
	if s, ok := statements.Load(key.String()); ok {
		return s.(statement)
	}
	var list, count []string
	for i := range sources {
		if s := &sources[i]; s.concerns(q) {
			list = append(list, fmt.Sprintf("(select '%s' kind, s.* from (%s) s limit %d)", s.kind, s.sql, perSource))
			count = append(count, fmt.Sprintf("(select count(*) from (select 1 from (%s) s limit %d) c)", s.sql, perSource))
		}
	}
	s := statement{list: given + strings.Join(list, " union all "), count: given + "select " + strings.Join(count, " + ")}
	statements.Store(key.String(), s)
	return s
}

// Inbox gives everything that waits for a reader, the most urgent first: one query, whatever it asks about.
func Inbox(tx *db.Tx, q *Scope) ([]Item, error) {
	rows, err := tx.Query(statementFor(q).list, q.Person, tx.Now, q.Managers, q.Owners)
	if err != nil {
		return nil, err
	}
	items, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (it Item, err error) {
		err = r.Scan(&it.Kind, &it.Ref, &it.Application, &it.Person, &it.Text, &it.Count, &it.Own, &it.Since, &it.Due)
		return it, err
	})
	if err != nil {
		return nil, err
	}
	for i := range items {
		it := &items[i]
		if t, ok := Terms[it.Kind]; ok && it.Due == nil && it.Since != nil {
			due := t.Due(*it.Since, q.Zone)
			it.Due = &due
		}
	}
	slices.SortStableFunc(items, func(a, b Item) int {
		return cmp.Or(byTime(a.Due, b.Due), byTime(a.Since, b.Since), cmp.Compare(a.Ref, b.Ref))
	})
	return items, holders(tx, q, items)
}

// byTime puts the earlier first and what has no time last.
func byTime(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}

// CountInbox counts what Inbox would give: it is asked on every page.
func CountInbox(tx *db.Tx, q *Scope) (n int, err error) {
	err = tx.QueryRow(statementFor(q).count, q.Person, tx.Now, q.Managers, q.Owners).Scan(&n)
	return n, err
}

// holders says of every item who else could do it.
func holders(tx *db.Tx, q *Scope, items []Item) error {
	if len(items) == 0 {
		return nil
	}
	known := map[string]Holder{}
	for i := range items {
		it := &items[i]
		h, ok := known[it.Kind]
		if !ok {
			s := &sources[slices.IndexFunc(sources, func(s source) bool { return s.kind == it.Kind })]
			if s.permission != "" {
				var err error
				if h, err = whoMay(tx, q.Person, s.permission); err != nil {
					return err
				}
			}
			h.As = s.as
			known[it.Kind] = h
		}
		it.Holder = h
	}
	return nil
}

// whoMay counts the people besides one who have a permission by a portal role. It is asked once for each of a few kinds.
func whoMay(tx *db.Tx, who int, permission string) (Holder, error) {
	var h Holder
	rights, err := policy.RightsAt(tx)
	if err != nil {
		return h, err
	}
	for _, role := range []string{policy.HR, policy.IT, policy.Compliance, policy.Administrator} {
		if rights.Allowed([]string{role}, permission) {
			h.Roles = append(h.Roles, role)
		}
	}
	err = tx.QueryRow(`select count(distinct r.identity_id) from portal_role r join identity i on i.id = r.identity_id and i.state = 'active' and i.locked_at is null
		where r.role = any($1) and r.identity_id <> $2`, h.Roles, who).Scan(&h.Others)
	return h, err
}
