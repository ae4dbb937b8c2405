package audit

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/policy"
)

func heldReasons(tx *db.Tx, who int, m Moment, pol *policy.Snapshot, get func(int) *Grant) error {
	at, known := tx.Now, pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}
	believed := `r.known_to = $3`
	if m.past() {
		at, known = m.At, db.At(m.Known)
		believed = `r.known_from <= $3 and r.known_to > $3`
	}
	rows, err := tx.Query(reasonsSQL+`
		where r.identity_id = $1 and r.state = 'live' and r.valid_from <= $2 and r.valid_to > $2 and `+believed+` order by r.id`, who, at, known)
	if err != nil {
		return err
	}
	return eachReason(rows, pol, func(_, e int, r Reason) {
		g := get(e)
		g.Reasons = append(g.Reasons, r)
	})
}

// ReasonsByID gives reasons in words, whether they are still so or not.
func ReasonsByID(tx *db.Tx, pol *policy.Snapshot, ids []int64) (map[int64]Reason, error) {
	out := make(map[int64]Reason, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := tx.Query(reasonsSQL+` where r.id = any($1::bigint[])`, ids)
	if err != nil {
		return nil, err
	}
	return out, eachReason(rows, pol, func(_, _ int, r Reason) { out[r.ID] = r })
}

const reasonsSQL = `select r.id, r.identity_id, r.entitlement_id, r.kind, r.ref, r.via, coalesce(r.policy_version, 0), r.valid_from, r.valid_to, coalesce(a.name, ''),
		coalesce(o.name, ''), coalesce(v.name, ''), coalesce(q.request_id, 0), coalesce(q.offer_id, 0), coalesce(q.public_id::text, ''), coalesce(q.deciders, ''), coalesce(q.narrowed, '')
	from reason r left join actor a on r.kind = 'found' and a.id = r.ref left join policy_object o on r.kind in ('birthright', 'handover', 'assignment') and o.id = r.ref
		left join policy_object v on v.id = r.via
		left join lateral (select i.request_id, i.offer_id, t.public_id, 'the level ' || i.level || ' by ' || i.narrowed_because narrowed, (select string_agg(distinct p.name, ' and ') from request_decision d join request_step s on s.id = d.step_id join identity p on p.id = d.decider_id
				where s.item_id = i.id and s.by <> 'review' and d.outcome = 'approve') deciders from request_item i join request t on t.id = i.request_id where i.id = r.ref) q on r.kind = 'request'`

// eachReason reads the rows of reasonsSQL: each with whose it is and its entitlement.
func eachReason(rows pgx.Rows, pol *policy.Snapshot, each func(who, entitlement int, r Reason)) error {
	defer rows.Close()
	for rows.Next() {
		var who, e int
		var acceptor, rule, role, deciders, narrowed string
		var offer int
		var r Reason
		var until pgtype.Timestamptz
		if err := rows.Scan(&r.ID, &who, &e, &r.Kind, &r.Ref, &r.Via, &r.Policy, &r.Since, &until, &acceptor, &rule, &role, &r.Number, &offer, &r.Public, &deciders, &narrowed); err != nil {
			return err
		}
		if end := db.Time(until); end.Before(db.Forever) {
			r.Until = &end
		}
		titled := r.Ref
		switch r.Kind {
		case access.Requested:
			titled, acceptor = offer, deciders
		case access.Found:
			titled = 0
		}
		if o := pol.Object(titled); o != nil {
			r.Title = o.Title
		} else if rule != "" {
			rule += " (retired)"
		}
		r.Text = words(&r, rule, role, acceptor)
		if narrowed != "" {
			r.Text += ", narrowed to " + narrowed
		}
		each(who, e, r)
	}
	return rows.Err()
}

// comeWith gives the login itself its reason: it comes with whatever else is held in the application.
func comeWith(by map[int]*Grant, cat *catalog.Catalog) {
	needed := map[int]time.Time{}
	for _, g := range by {
		for _, r := range g.Reasons {
			if t, ok := needed[g.ApplicationID]; !ok || r.Since.Before(t) {
				needed[g.ApplicationID] = r.Since
			}
		}
	}
	for _, g := range by {
		if since, ok := needed[g.ApplicationID]; ok && g.Entitlement == "" && len(g.Reasons) == 0 {
			g.Reasons = append(g.Reasons, Reason{Kind: "needed", Text: "needed for what is held in " + cat.Apps[g.ApplicationID].Title, Since: since})
		}
	}
}

// words says a reason as a person would.
func words(r *Reason, rule, role, acceptor string) string {
	switch r.Kind {
	case access.Birthright:
		text := "rule " + rule
		if r.Policy != 0 {
			text += fmt.Sprintf(", policy version %d", r.Policy)
		}
		if r.Via != 0 {
			text += ", through role " + role
		}
		return text
	case access.Handover:
		return fmt.Sprintf("hand-over after a move: rule %s gave it before", rule)
	case access.Assignment:
		text := "member of the role " + rule
		if r.Via != 0 {
			text += ", which holds the role " + role
		}
		return text
	case access.Found:
		return "found in the application and accepted by " + acceptor
	case access.Requested:
		text := fmt.Sprintf("request R-%d", r.Number)
		if acceptor != "" {
			text += ", approved by " + acceptor
		}
		if r.Via != 0 {
			text += ", through role " + role
		}
		return text
	}
	return r.Kind
}
