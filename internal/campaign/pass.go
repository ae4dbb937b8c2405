package campaign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// whoSQL finds who is asked about items now: boss and owner are people who work here and are not the person themselves.
const whoSQL = ` from campaign_item i left join identity_entry e0 on e0.identity_id = i.identity_id
	left join identity_entry e1 on e1.identity_id = e0.manager_id left join identity_entry e2 on e2.identity_id = e1.manager_id left join identity_entry e3 on e3.identity_id = e2.manager_id
	left join entitlement e on e.id = i.entitlement_id left join application a on a.id = e.application_id left join policy_spec ro on i.account_id = 0 and ro.object_id = (i.unit & 4294967295)::int and ro.to_version is null
	left join identity o on o.id = coalesce(e.owner_id, a.owner_id, (ro.spec->>'owner_id')::int) and o.state = 'active' and o.locked_at is null and o.id <> i.identity_id `

const bossSQL = `case when e1.state = 'active' and e1.identity_id <> all(@not::int[]) and e1.identity_id <> i.identity_id then e1.identity_id
	when e2.state = 'active' and e2.identity_id <> all(@not::int[]) and e2.identity_id <> i.identity_id then e2.identity_id
	when e3.state = 'active' and e3.identity_id <> all(@not::int[]) and e3.identity_id <> i.identity_id then e3.identity_id end`

const complianceSQL = `(select min(r.identity_id) from portal_role r join identity m on m.id = r.identity_id and m.state = 'active' and m.locked_at is null where r.role = 'compliance' and r.identity_id <> i.identity_id and r.identity_id <> all(@not::int[]))`

// ways are the expressions for those who are asked at a stage, in order; not are those who may not be asked.
func (st *Stage) ways(owner int) []string {
	one := func(id int) string {
		return fmt.Sprintf("(select m.id from identity m where m.id = %d and m.state = 'active' and m.locked_at is null and m.id <> i.identity_id and m.id <> all(@not::int[]))", id)
	}
	way := map[string]string{ByManager: bossSQL, ByOwner: "case when o.id <> all(@not::int[]) then o.id end", ByCompliance: complianceSQL, "campaign_owner": one(owner), ByNamed: one(st.Named), ByRoleOwner: "case when o.id <> all(@not::int[]) then o.id end"}
	var out []string
	for _, by := range []string{st.By, st.Otherwise, "campaign_owner", ByManager, ByCompliance} {
		if w := way[by]; w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// move gives items to those whom the stage asks, in reviews that keep within the budget: the first of each reviewer opens now, the others in
// waves. which says which items (alias i, @of and @not are known to it). It gives what it touched, the reviews that opened, and how many items
// nobody can be asked about.
func move(tx *db.Tx, c *Campaign, st *Stage, stage int, why, which string, args pgx.NamedArgs) (evidence.Touches, []*Review, error) {
	if args["not"] == nil {
		args["not"] = []int{}
	}
	if _, err := tx.Exec(`drop table if exists cp_move`); err != nil {
		return nil, nil, err
	}
	if _, err := tx.Exec(`create temporary table cp_move (id bigint, reviewer int, line text, rank int, wave int) on commit drop`); err != nil {
		return nil, nil, err
	}
	n, err := tx.Exec(`insert into cp_move (id, reviewer, line, rank) select i.id, coalesce(`+strings.Join(st.ways(c.Owner), ", ")+`), `+lineSQL+`, i.rank `+whoSQL+` where `+which, args)
	if err != nil || n == 0 {
		return evidence.Touches{}, nil, err
	}
	var nobody int
	if err := tx.QueryRow(`select count(*) from cp_move where reviewer is null`).Scan(&nobody); err != nil {
		return nil, nil, err
	}
	if nobody > 0 {
		return nil, nil, noReviewer(nobody)
	}
	return distribute(tx, c, stage, why)
}

// distribute makes the reviews of cp_move.
func distribute(tx *db.Tx, c *Campaign, stage int, why string) (evidence.Touches, []*Review, error) {
	t := evidence.Touches{}
	exec := func(table, sql string, args ...any) error {
		n, err := tx.Exec(sql, args...)
		if n > 0 && table != "" {
			t[table] += int(n)
		}
		return err
	}
	due := tx.Now.AddDate(0, 0, c.Settings.Days)
	var first int
	if err := tx.QueryRow(`select coalesce(max(id), 0) from campaign_review where campaign_id = $1`, c.ID).Scan(&first); err != nil {
		return nil, nil, err
	}
	steps := []struct {
		table, sql string
		args       []any
	}{
		{"", `update cp_move m set wave = w.wave from (select reviewer, line, (row_number() over (partition by reviewer order by max(rank) desc, min(id)) - 1) / $1 + 1 wave from cp_move group by 1, 2) w
			where w.reviewer = m.reviewer and w.line = m.line`, []any{c.Settings.Budget}},
		{"campaign_review", `insert into campaign_review (campaign_id, stage, wave, reviewer_id, why, state, opened_at, due_at, next_at)
			select distinct $1::int, $2::smallint, wave, reviewer, $3::text, case wave when 1 then 'open' else 'waiting' end, case wave when 1 then $4::timestamptz end, $5::timestamptz + make_interval(days => (wave - 1) * $6),
				case wave when 1 then $7::timestamptz else $4::timestamptz + make_interval(days => (wave - 1) * $6) end from cp_move`,
			[]any{c.ID, stage, why, tx.Now, due, c.Settings.WaveDays, half(tx.Now, due)}},
		{"campaign_item", `update campaign_item i set review_id = v.id, stage = $3 from cp_move m join campaign_review v on v.campaign_id = $1 and v.id > $2 and v.reviewer_id = m.reviewer and v.wave = m.wave where i.id = m.id`,
			[]any{c.ID, first, stage}},
		{"campaign_decision", `update campaign_decision d set review_id = i.review_id from cp_move m join campaign_item i on i.id = m.id where d.item_id = i.id and d.stage = i.stage and d.signed_at is null`, nil},
		{"campaign_review", `update campaign_review v set items = n.items, load = n.load from (select i.review_id, count(*) items, count(distinct ` + lineSQL + `) filter (where i.class <> 1) load
			from campaign_item i where i.id in (select id from cp_move) group by 1) n where v.id = n.review_id`, nil},
	}
	for _, s := range steps {
		if err := exec(s.table, s.sql, s.args...); err != nil {
			return nil, nil, err
		}
	}
	opened, err := reviewsOf(tx, `where v.campaign_id = $1 and v.id > $2 and v.state = 'open'`, c.ID, first)
	if err != nil {
		return nil, nil, err
	}
	return t, opened, ring(tx, c.ID, first)
}

// passOn gives what is not decided in reviews to others and closes the reviews. Drafts go along.
func passOn(tx *db.Tx, c *Campaign, reviews []int, not []int, st *Stage, why, because string) error {
	t, opened, err := moveByStage(tx, c, reviews, not, st, why)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update campaign_review set state = 'passed_on', next_at = null, items = 0, load = 0, version = version + 1 where id = any($1)`, reviews)
	if err != nil {
		return err
	}
	t["campaign_review"] += int(n)
	tx.Record(evidence.Event{Kind: "campaign.passed_on", Touches: t, Facts: map[string]any{"campaign": c.ID, "reviews": reviews, "because": because, "to": reviewers(opened)}})
	return tellOpened(tx, c, opened)
}

// moveByStage moves what stands in reviews, stage by stage.
func moveByStage(tx *db.Tx, c *Campaign, reviews, not []int, st *Stage, why string) (evidence.Touches, []*Review, error) {
	rows, err := tx.Query(`select distinct stage from campaign_review where id = any($1) order by 1`, reviews)
	if err != nil {
		return nil, nil, err
	}
	stages, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return nil, nil, err
	}
	total, all := evidence.Touches{}, []*Review(nil)
	for _, stage := range stages {
		t, opened, err := move(tx, c, st, stage, why, `i.review_id in (select v.id from campaign_review v where v.id = any(@of) and v.stage = @stage)`, pgx.NamedArgs{"of": reviews, "not": list(not), "stage": stage})
		if err != nil {
			return nil, nil, err
		}
		for k, n := range t {
			total[k] += n
		}
		all = append(all, opened...)
	}
	return total, all, nil
}

func reviewers(all []*Review) []int {
	out := make([]int, 0, len(all))
	for _, v := range all {
		out = append(out, v.Reviewer)
	}
	return out
}

// Replace asks others in the reviews of people who are not here any more: whoever the stage asks now, else the campaign's owner, else
// compliance. What they decided and did not sign off goes along as drafts. Where nobody can be asked the review stays with whoever left, and the
// campaign's page says so: nobody's leaving waits for it.
func Replace(tx *db.Tx, away []int) error {
	if len(away) == 0 {
		return nil
	}
	all, err := reviewsOf(tx, `where v.reviewer_id = any($1) and v.state in ('waiting', 'open') and c.state = 'open' order by v.campaign_id, v.id for no key update of v`, away)
	if err != nil || len(all) == 0 {
		return err
	}
	of := map[int][]*Review{}
	var ids []int
	for _, v := range all {
		if of[v.Campaign] == nil {
			ids = append(ids, v.Campaign)
		}
		of[v.Campaign] = append(of[v.Campaign], v)
	}
	campaigns, err := some(tx, `where c.id = any($1)`, ids)
	if err != nil {
		return err
	}
	for _, c := range campaigns {
		var reviews []int
		for _, v := range of[c.ID] {
			reviews = append(reviews, v.ID)
		}
		st := c.stage(of[c.ID][0].Stage)
		err := tx.Try(func() error { return passOn(tx, c, reviews, away, &st, st.By, "left or away") })
		if err != nil && errs.KindOf(err) != errs.KindConflict {
			return err
		}
	}
	return nil
}

// stage gives who is asked at a stage; behind the last stands the second reviewer.
func (c *Campaign) stage(n int) Stage {
	if n <= len(c.Stages) {
		return c.Stages[n-1]
	}
	second := c.Settings.Second
	if second == 0 {
		second = c.Owner
	}
	return Stage{By: ByNamed, Named: second, Otherwise: ByCompliance}
}

// Reassign gives some lines of a review, or all of it, to another person: the reviewer may, and whoever runs campaigns.
func (s *Service) Reassign(tx *db.Tx, review int, items []int64, to int, reason string, whoever bool) error {
	v, c, d, err := s.reviewer(tx, review)
	if err != nil {
		return err
	}
	if err := may(v, d); err != nil && !(whoever && d.id != 0 && v.State != Signed && v.State != PassedOn) {
		return err
	}
	var bad []errs.Field
	if reason = strings.TrimSpace(reason); reason == "" {
		bad = append(bad, errs.Field{Field: "reason", Rule: "is required"})
	}
	var here bool
	if err := tx.QueryRow(`select exists (select from identity where id = $1 and state = 'active' and locked_at is null)`, to).Scan(&here); err != nil {
		return err
	}
	if !here || to == v.Reviewer {
		bad = append(bad, errs.Field{Field: "to", Rule: "must be somebody else who works here"})
	}
	if len(bad) > 0 {
		return errs.InvalidFields("nothing was reassigned:", bad)
	}
	which, args := `i.review_id = @review`, pgx.NamedArgs{"review": review}
	if len(items) > 0 {
		which += ` and (i.id = any(@items::bigint[]) or i.unit <> 0 and i.class = 0 and (i.identity_id, i.unit) in (select x.identity_id, x.unit from campaign_item x where x.id = any(@items::bigint[]) and x.review_id = @review and x.unit <> 0))`
		args["items"] = items
	}
	var own bool
	if err := tx.QueryRow(`select exists (select from campaign_item i where `+which+` and i.identity_id = @to)`, merge(args, pgx.NamedArgs{"to": to})).Scan(&own); err != nil {
		return err
	}
	if own {
		return errs.Forbidden("some of it is about that person: nobody decides about their own access")
	}
	t, opened, err := move(tx, c, &Stage{By: ByNamed, Named: to}, v.Stage, "reassigned", which, args)
	if err != nil {
		return err
	}
	state := "state"
	if err := emptied(tx, v, &state); err != nil {
		return err
	}
	if _, err := tx.Exec(`update campaign_review v set state = `+state+`, next_at = case when `+state+` = 'passed_on' then null else next_at end, version = version + 1,
		items = (select count(*) from campaign_item i where i.review_id = v.id), load = (select count(distinct `+lineSQL+`) from campaign_item i where i.review_id = v.id and i.class <> 1) where id = $1`, v.ID); err != nil {
		return err
	}
	t["campaign_review"]++
	v.record(tx, "campaign.reassigned", t, map[string]any{"to": to, "reason": reason, "items": len(items)})
	return tellOpened(tx, c, opened)
}

// emptied says that nothing is left of a review.
func emptied(tx *db.Tx, v *Review, state *string) error {
	var left bool
	err := tx.QueryRow(`select exists (select from campaign_item where review_id = $1)`, v.ID).Scan(&left)
	if !left {
		*state = "'passed_on'"
	}
	return err
}

func merge(a, b pgx.NamedArgs) pgx.NamedArgs {
	out := pgx.NamedArgs{}
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		out[k] = v
	}
	return out
}
