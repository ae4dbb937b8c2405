package audit

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// teller reads a part of an answer: with as many statements for one person as for hundreds.
type teller struct {
	*Ask
	tx  *db.Tx
	cat *catalog.Catalog
	pol *policy.Snapshot
	ids []int
}

// holding is what people held at one instant: person, entitlement, grant.
type holding map[int]map[int]*Grant

// tell gives these people in their order.
func (a *Ask) tell(tx *db.Tx, cat *catalog.Catalog, ids []int) ([]*Bearer, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	t := &teller{Ask: a, tx: tx, cat: cat, ids: ids}
	var err error
	if t.pol, err = policy.Load(tx); err != nil {
		return nil, err
	}
	people, err := identity.People(tx, ids)
	if err != nil {
		return nil, err
	}
	dates := a.dates()
	held := make([]holding, len(dates))
	for i, at := range dates {
		if held[i], err = t.held(at); err != nil {
			return nil, err
		}
	}
	if err := t.deeds(held); err != nil {
		return nil, err
	}
	work, err := t.standings(dates)
	if err != nil {
		return nil, err
	}
	out := make([]*Bearer, 0, len(ids))
	for _, id := range ids {
		if people[id] == nil {
			continue
		}
		b := &Bearer{Person: people[id], Then: work[len(dates)-1][id]}
		if len(dates) > 1 {
			before := work[0][id]
			b.Before = &before
		}
		b.Lines = t.lines(held, id)
		out = append(out, b)
	}
	return out, nil
}

// held reads what they held at one instant.
func (t *teller) held(at time.Time) (holding, error) {
	h := holding{}
	if err := t.reasons(at, h); err != nil {
		return nil, err
	}
	if err := t.shown(at, h); err != nil {
		return nil, err
	}
	read, err := t.readings(at)
	if err != nil {
		return nil, err
	}
	for _, by := range h {
		comeWith(by, t.cat)
		for _, g := range by {
			g.judgeAsOf(read[g.ApplicationID])
		}
	}
	return h, nil
}

func (h holding) grant(t *teller, who, e int) *Grant {
	if h[who] == nil {
		h[who] = map[int]*Grant{}
	}
	g := h[who][e]
	if g == nil {
		x := t.cat.Entitlements[e]
		app := t.cat.Apps[x.ApplicationID]
		g = &Grant{Application: app.Name, ApplicationID: app.ID, Entitlement: x.Name, Title: cmp.Or(x.Title, x.Name), Description: x.Description, Privileged: x.Privileged, entitlement: e, Reasons: []Reason{}}
		if x.Kind == catalog.AccountKind {
			g.Title = "Sign in to " + app.Title
		}
		h[who][e] = g
	}
	return g
}

// of is the condition that a row is about the people and entitlements of this part.
func (t *teller) of(f *filter, who, entitlement string) string {
	out := who + " = any(" + f.arg(t.ids) + ")"
	if only := t.entitlements(t.cat); only != nil {
		out += " and " + entitlement + " = any(" + f.arg(only) + ")"
	}
	return out
}

func (t *teller) reasons(at time.Time, h holding) error {
	f := &filter{}
	when := f.arg(at)
	rows, err := t.tx.Query(reasonsSQL+` where `+t.of(f, "r.identity_id", "r.entitlement_id")+` and r.state = 'live' and r.valid_from <= `+when+` and r.valid_to > `+when+
		` and `+t.believed(f, "r")+` order by r.identity_id, r.id`, f.args...)
	if err != nil {
		return err
	}
	return eachReason(rows, t.pol, func(who, e int, r Reason) {
		if t.cat.Entitlements[e] != nil {
			g := h.grant(t, who, e)
			g.Reasons = append(g.Reasons, r)
		}
	})
}

// shown reads what targets showed, as far as they had been read.
func (t *teller) shown(at time.Time, h holding) error {
	f := &filter{}
	rows, err := t.tx.Query(`select l.identity_id, o.entitlement_id, o.seen_from, d.started_at, c.name `+shownThen(f.arg(t.seen(at)))+
		` and `+t.of(f, "l.identity_id", "o.entitlement_id")+` order by l.identity_id, o.seen_from, c.id`, f.args...)
	if err != nil {
		return err
	}
	var who, e int
	var from int64
	var when time.Time
	var account string
	_, err = pgx.ForEachRow(rows, []any{&who, &e, &from, &when, &account}, func() error {
		if t.cat.Entitlements[e] == nil {
			return nil
		}
		g := h.grant(t, who, e)
		if !g.AtTarget {
			g.AtTarget, g.Reading, g.LastRead, g.LastReadAt = true, from, from, when
		}
		if !slices.Contains(g.Accounts, account) {
			g.Accounts = append(g.Accounts, account)
		}
		return nil
	})
	return err
}

// readThen is the last whole reading of an application up to an instant.
type readThen struct {
	id int64
	at time.Time
}

func (t *teller) readings(at time.Time) (map[int]readThen, error) {
	rows, err := t.tx.Query(`select a.id, d.id, d.started_at from application a cross join lateral (
			select id, started_at from reading d where d.application_id = a.id and d.account_id is null and d.complete and d.started_at <= $1 order by id desc limit 1) d`, t.seen(at))
	if err != nil {
		return nil, err
	}
	out := map[int]readThen{}
	var app int
	var d readThen
	_, err = pgx.ForEachRow(rows, []any{&app, &d.id, &d.at}, func() error { out[app] = d; return nil })
	return out, err
}

// judgeAsOf says how the target stood to the reasons: what it does not show counts as missing when it was read whole after a reason
// began.
func (g *Grant) judgeAsOf(whole readThen) {
	g.judgeThen()
	if whole.id > g.LastRead {
		g.LastRead, g.LastReadAt = whole.id, whole.at
	}
	if g.State == "not read" && whole.id > 0 && slices.ContainsFunc(g.Reasons, func(r Reason) bool { return r.Since.Before(whole.at) }) {
		g.State = "missing"
	}
}

// deeds adds to reasons who decided what they rest on.
func (t *teller) deeds(all []holding) error {
	var ids []int64
	for _, h := range all {
		for _, by := range h {
			for _, g := range by {
				for i := range g.Reasons {
					if g.Reasons[i].ID > 0 {
						ids = append(ids, g.Reasons[i].ID)
					}
				}
			}
		}
	}
	did, err := Deeds(t.tx, ids)
	if err != nil {
		return err
	}
	for _, h := range all {
		for _, by := range h {
			for _, g := range by {
				for i := range g.Reasons {
					g.Reasons[i].By = did[g.Reasons[i].ID]
				}
			}
		}
	}
	return nil
}

// Deeds tells who decided what reasons rest on, the first decision first: approvals of a request, who made somebody a member, who accepted what
// was found, who planned and applied the policy of a rule.
func Deeds(tx *db.Tx, reasons []int64) (map[int64][]Deed, error) {
	did := map[int64][]Deed{}
	if len(reasons) == 0 {
		return did, nil
	}
	rows, err := tx.Query(`with r as (select id, identity_id, kind, ref, policy_version, valid_from from reason where id = any($1::bigint[]))
		select r.id, p.name, '`+Approved+`', d.decided_at from r join request_step s on s.item_id = r.ref and s.by <> 'review'
			join request_decision d on d.step_id = s.id and d.outcome = 'approve' join identity p on p.id = d.decider_id where r.kind = 'request'
		union all select r.id, a.name, '`+MadeMember+`', m.made_at from r cross join lateral (select made_by, made_at from role_member m
			where m.role_id = r.ref and m.identity_id = r.identity_id and m.valid_from <= r.valid_from order by m.id desc limit 1) m join actor a on a.id = m.made_by where r.kind = 'assignment'
		union all select r.id, a.name, '`+Accepted+`', r.valid_from from r join actor a on a.id = r.ref where r.kind = 'found'
		union all select r.id, a.name, '`+PlannedPolicy+`', c.made_at from r join change_set c on c.applied_version = r.policy_version join actor a on a.id = c.made_by where r.kind in ('birthright', 'handover')
		union all select r.id, a.name, '`+AppliedPolicy+`', v.applied_at from r join policy_version v on v.id = r.policy_version join actor a on a.id = v.actor_id where r.kind in ('birthright', 'handover')
		order by 1, 4, 2`, reasons)
	if err != nil {
		return nil, err
	}
	var id int64
	var d Deed
	_, err = pgx.ForEachRow(rows, []any{&id, &d.Who, &d.Did, &d.At}, func() error { did[id] = append(did[id], d); return nil })
	return did, err
}

// standings reads their work at each of the dates.
func (t *teller) standings(dates []time.Time) ([]map[int]Work, error) {
	versions, err := identity.Versions(t.tx, t.ids)
	if !t.Known.IsZero() {
		versions, err = identity.VersionsKnown(t.tx, t.ids, t.Known)
	}
	if err != nil {
		return nil, err
	}
	out := make([]map[int]Work, len(dates))
	managers := map[int]bool{}
	for i, at := range dates {
		out[i] = make(map[int]Work, len(t.ids))
		for _, id := range t.ids {
			s := Work{State: identity.StateAt(versions[id], at)}
			if main := identity.Main(versions[id], at); main != nil && main.Valid(at) {
				s.Job = main
				if main.Manager != 0 {
					managers[main.Manager] = true
				}
			}
			out[i][id] = s
		}
	}
	if len(managers) == 0 {
		return out, nil
	}
	people, err := identity.People(t.tx, slices.Sorted(maps.Keys(managers)))
	for _, of := range out {
		for id, s := range of {
			if s.Job != nil {
				s.Manager = people[s.Job.Manager]
				of[id] = s
			}
		}
	}
	return out, err
}

// lines puts what somebody held at the dates side by side.
func (t *teller) lines(all []holding, who int) []Line {
	first, last := all[0][who], all[len(all)-1][who]
	var out []Line
	for e, g := range last {
		l := Line{Grant: *g}
		if len(all) > 1 {
			l.Change = Gained
			if first[e] != nil {
				l.Change = Kept
			}
		}
		out = append(out, l)
	}
	if len(all) > 1 {
		for e, g := range first {
			if last[e] == nil {
				out = append(out, Line{Change: Lost, Grant: *g})
			}
		}
	}
	if t.Entitlement != 0 {
		out = slices.DeleteFunc(out, func(l Line) bool { return l.entitlement != t.Entitlement })
	}
	slices.SortFunc(out, func(x, y Line) int {
		return cmp.Or(strings.Compare(x.Application, y.Application), strings.Compare(x.Entitlement, y.Entitlement), x.entitlement-y.entitlement)
	})
	return out
}
