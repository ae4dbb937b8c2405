package app_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/app"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
)

// Generated organisations: a dozen people with attributes, two applications, and a policy that is another one in each round. What
// the product does is held against an interpreter of its own over the generated policy, and against plain SQL over the stored one.

// company is the database of the generated organisations.
type company struct {
	*world
	attrs map[int]map[string]string
}

// application declares one, whose entitlements say what they are about.
func application(name string, entitlements ...int) string {
	return fmt.Sprintf("kind: Application\nname: %s\nspec: {connector: scim, config: {base_url: \"http://127.0.0.1:1\", auth: none}, entitlements: %s}\n", name,
		listOf(entitlements, func(e int) string {
			if of(e) == "" {
				return fmt.Sprintf("{name: e%d}", e)
			}
			return fmt.Sprintf("{name: e%d, attributes: {of: %s}}", e, of(e))
		}))
}

func newCompany(t *testing.T, r *rand.Rand) *company {
	c := &company{world: &world{t: t, db: dbtest.New(t)}, attrs: map[int]map[string]string{}}
	c.apply(application("one", 0, 2, 4, 6) + "---\n" + application("two", 1, 3, 5, 7))
	owner := dbtest.Owner(t, c.db)
	for _, sql := range []string{`set session_replication_role = replica`,
		`insert into identity (state, since, name, number, key_id) select 'active', now() - interval '1 year', 'P' || i, i::text, 0 from generate_series(1, 14) i`,
		`insert into actor (kind, identity_id, name) select 'person', id, name from identity order by id limit 2`,
		`insert into employment (identity_id, source_id, source_key) select id, 1, id::text from identity`,
		`insert into employment_version (employment_id, identity_id, status, first_day, zone, starts_at, attrs, valid_from, known_from)
			select e.id, e.identity_id, 'active', current_date - 365, 'UTC', now() - interval '1 year', '{}', now() - interval '1 year', now() from employment e`} {
		_, err := owner.Exec(t.Context(), sql)
		w := c.world
		w.must(err)
	}
	var all []int
	c.tx(db.System, func(tx *db.Tx) (err error) {
		if all, err = identity.Everyone(tx); err != nil {
			return err
		}
		if c.admin, err = tx.ActorOf(all[0], "person", "P1"); err != nil {
			return err
		}
		c.second, err = tx.ActorOf(all[1], "person", "P2")
		return err
	})
	for _, id := range all {
		a := map[string]string{}
		for name, values := range vocabulary {
			if i := r.IntN(len(values) + 1); i < len(values) {
				a[name] = values[i]
			}
		}
		_, err := owner.Exec(t.Context(), `update employment_version set attrs = $2 where identity_id = $1`, id, a)
		c.must(err)
		c.attrs[id] = a
	}
	c.tx(db.System, func(tx *db.Tx) error {
		_, err := lifecycle.SettleIDs(tx, all, lifecycle.Cause{What: "policy", Urgency: access.Bulk})
		return err
	})
	return c
}

// sets reads pairs of a person and a word.
func (c *company) sets(sql string) map[int]map[string]bool {
	c.t.Helper()
	out := map[int]map[string]bool{}
	for id := range c.attrs {
		out[id] = map[string]bool{}
	}
	rows, err := c.db.Pool.Query(c.t.Context(), sql)
	c.must(err)
	var who int
	var word string
	_, err = pgx.ForEachRow(rows, []any{&who, &word}, func() error { out[who][word] = true; return nil })
	c.must(err)
	return out
}

func (c *company) held() map[int]map[string]bool {
	return c.sets(`select r.identity_id, a.name || '/' || e.name from reason r join entitlement e on e.id = r.entitlement_id join application a on a.id = e.application_id
		where r.known_to = 'infinity' and r.state = 'live' and r.valid_to > now()`)
}

func (c *company) withheld() map[int]map[string]bool {
	return c.sets(`select h.identity_id, a.name || '/' || e.name from withheld h join entitlement e on e.id = h.entitlement_id join application a on a.id = e.application_id`)
}

func (c *company) broken() map[int]map[string]bool {
	return c.sets(`select v.identity_id, o.name from violation v join policy_object o on o.id = v.rule_id where v.state <> 'resolved'`)
}

// wantedSQL asks the stored policy with plain SQL: the conditions are those of the generator, roles are followed recursively.
func (c *company) wantedSQL(o *organisation) map[int]map[string]bool {
	var rules []string
	for i, x := range o.rules {
		where := x.when.sql()
		if x.except != nil {
			where += " and not " + x.except.sql()
		}
		rules = append(rules, fmt.Sprintf("select v.identity_id, coalesce(v.attrs->>'location', '') at, 'B%d' rule from employment_version v where %s", i, where))
	}
	return c.sets(`with recursive spec as (select o.id, o.kind, o.name, s.spec from policy_spec s join policy_object o on o.id = s.object_id where s.to_version is null),
		holds as (select h.*, s.spec, s.spec->>'choice' choice, coalesce((s.spec->>'priority')::int, 0) priority from (` + strings.Join(rules, " union all ") + `) h join spec s on s.kind = 'rule' and s.name = h.rule),
		match as (select * from holds h where not exists (select from holds f where f.identity_id = h.identity_id and f.choice = h.choice and f.priority > h.priority)),
		role as (select m.identity_id, m.at, s.id, s.spec from match m, jsonb_array_elements_text(coalesce(m.spec->'role_ids', '[]')) x join spec s on s.id = x::int
				where s.spec->>'state' is null and (s.spec->'parameters' is null or m.at <> '')
			union select r.identity_id, r.at, s.id, s.spec from role r, jsonb_array_elements_text(coalesce(r.spec->'role_ids', '[]')) x join spec s on s.id = x::int where s.spec->>'state' is null),
		given as (select identity_id, x::int e from (select * from match union all select r.identity_id, r.at, '', r.spec, '', 0 from role r) g, jsonb_array_elements_text(coalesce(g.spec->'entitlement_ids', '[]')) x
			where case when g.spec->>'where' is null then true when g.spec->>'where' like '%"P"' then g.spec->'about'->x->>'of' = 'P' else coalesce(g.spec->'about'->x->>'of', '') = g.at end)
		select g.identity_id, a.name || '/' || e.name from given g join entitlement e on e.id = g.e join application a on a.id = e.application_id`)
}

// brokenSQL asks the stored duties and what is held with plain SQL.
func (c *company) brokenSQL(o *organisation) map[int]map[string]bool {
	scope := []string{"select identity_id, null::text rule from employment_version where false"}
	for i, x := range o.sod {
		sql := "true"
		if x.when != nil {
			sql = x.when.sql()
		}
		scope = append(scope, fmt.Sprintf("select identity_id, 'S%d' from employment_version where %s", i, sql))
	}
	return c.sets(`with spec as (select o.id, o.kind, o.name, s.spec from policy_spec s join policy_object o on o.id = s.object_id where s.to_version is null),
		held as (select distinct identity_id, entitlement_id e from reason where known_to = 'infinity' and state = 'live' and valid_to > now()),
		performed as (select h.identity_id, d.id from held h join (select s.id, s.spec, x::int e from spec s, jsonb_array_elements_text(s.spec->'entitlement_ids') x where s.kind = 'duty') d on d.e = h.e
			group by 1, 2, d.spec having count(*) >= case d.spec->>'needs' when 'all' then jsonb_array_length(d.spec->'entitlement_ids') else 1 end),
		scope as (` + strings.Join(scope, " union all ") + `)
		select p.identity_id, r.name from (select s.id, s.name, s.spec, x::int duty from spec s, jsonb_array_elements_text(s.spec->'duty_ids') x where s.kind = 'sod') r
			join performed p on p.id = r.duty join scope on scope.identity_id = p.identity_id and scope.rule = r.name
		group by 1, 2, r.spec having count(*) >= coalesce((r.spec->>'at_least')::int, jsonb_array_length(r.spec->'duty_ids'))`)
}

// organisations is how many are generated: make properties makes 1,000.
func organisations() int {
	if n, err := strconv.Atoi(os.Getenv("TENURE_ORGANISATIONS")); err == nil && n > 0 {
		return n
	}
	return 25
}

// In every generated organisation: what people hold and what is withheld together is what an interpreter and plain SQL say birthright
// gives; what they break is what both say; nothing is withheld that nothing forbids; a plan is its effect; what is written out and
// applied changes nothing; and what is taken back is as it was.
func TestGeneratedOrganisations(t *testing.T) {
	seed := rand.Uint64()
	if s, err := strconv.ParseUint(os.Getenv("TENURE_SEED"), 10, 64); err == nil {
		seed = s
	}
	r := rand.New(rand.NewPCG(seed, 1))
	var c *company
	for i := range organisations() {
		if i%25 == 0 {
			c = newCompany(t, r) // other people
		}
		o := generate(r)
		o.owner = "1"
		c.change(o)
		if t.Failed() {
			t.Fatalf("organisation %d of TENURE_SEED=%d:\n%s", i, seed, o.yaml())
		}
	}
}

// change makes an organisation's policy the one that holds, and looks at everything on the way.
func (c *company) change(o *organisation) {
	c.t.Helper()
	start, held, broken := c.picture(), c.held(), c.broken()
	var s *change.Set
	c.tx(c.admin, func(tx *db.Tx) (err error) {
		s, err = change.Draft(tx, change.Proposal{Title: "generated", Body: o.yaml(), Prune: true}, app.ChangeDeps())
		return err
	})
	c.same("planning", start, c.picture())
	s, err := c.approve(c.second, s.ID)
	c.must(err)
	if s.State != change.Applied {
		c.t.Fatalf("it is %s: %s", s.State, s.Note)
	}
	c.judge(o)
	c.asked(o)
	c.effect(s, held, broken)
	c.export()

	var back *change.Set
	c.tx(c.second, func(tx *db.Tx) (err error) { back, err = change.Reverse(tx, s.ID, app.ChangeDeps()); return err })
	back, err = c.approve(c.admin, back.ID)
	c.must(err)
	if back.State != change.Applied {
		c.t.Fatalf("the way back is %s: %s", back.State, back.Note)
	}
	c.same("taking back", start, c.picture())
	c.replace(o.yaml() + "---\nkind: Role\nname: Left\nspec: {owner: \"1\", entitlements: [one/e0]}\n") // and go on from here
}

// replace makes documents the whole policy.
func (c *company) replace(text string) {
	c.t.Helper()
	f, err := change.ReadText(text)
	c.must(err)
	deps := app.ChangeDeps()
	deps.Prune = true
	c.tx(db.Operator, func(tx *db.Tx) error { _, err := change.Apply(tx, f, deps); return err })
}

func (c *company) same(what string, want, got any) {
	c.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		c.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// judge compares what is stored with both oracles.
func (c *company) judge(o *organisation) {
	c.t.Helper()
	held, withheld, broken := c.held(), c.withheld(), c.broken()
	c.same("what SQL says that people break", c.brokenSQL(o), broken)
	sql := c.wantedSQL(o)
	for id, a := range c.attrs {
		want := o.wanted(a)
		c.same(fmt.Sprintf("what SQL gives person %d", id), want, sql[id])
		got := maps.Clone(held[id])
		maps.Copy(got, withheld[id])
		c.same(fmt.Sprintf("what person %d gets", id), want, got)
		c.same(fmt.Sprintf("what person %d breaks", id), o.breaks(a, held[id]), broken[id])
		for e := range withheld[id] {
			if held[id][e] {
				continue // by another rule
			}
			more := maps.Clone(held[id])
			more[e] = true
			if len(o.breaks(a, more)) == len(broken[id]) {
				c.t.Errorf("%s is withheld from person %d, and nothing forbids it", e, id)
			}
		}
	}
}

// effect compares what was planned for each person with what became of them.
func (c *company) effect(s *change.Set, held, broken map[int]map[string]bool) {
	c.t.Helper()
	planned := map[int][]string{}
	c.tx(db.System, func(tx *db.Tx) error {
		all, err := change.People(tx, s.ID, 0, 1000)
		for _, p := range all {
			for sign, words := range map[string][]string{"+": p.Gains, "-": p.Loses, "!": p.Opens, "*": p.Resolves} {
				for _, w := range words {
					planned[p.Identity] = append(planned[p.Identity], sign+w)
				}
			}
			slices.Sort(planned[p.Identity])
		}
		return err
	})
	after, now := c.held(), c.broken()
	did := map[int][]string{}
	for id := range c.attrs {
		differ := func(was, is map[string]bool, gone, come string) {
			for w := range was {
				if !is[w] {
					did[id] = append(did[id], gone+w)
				}
			}
			for w := range is {
				if !was[w] {
					did[id] = append(did[id], come+w)
				}
			}
		}
		differ(held[id], after[id], "-", "+")
		// A rule of the same name may be another one: what it is called ends and begins.
		differ(broken[id], now[id], "*", "!")
		slices.Sort(did[id])
	}
	for id := range c.attrs {
		if len(planned[id])+len(did[id]) > 0 {
			c.same(fmt.Sprintf("what was planned for person %d", id), planned[id], did[id])
		}
	}
}

func (c *company) export() {
	c.t.Helper()
	c.tx(db.Operator, func(tx *db.Tx) error {
		text, err := change.Export(tx)
		if err != nil {
			return err
		}
		f, err := change.ReadText(text)
		if err != nil {
			return err
		}
		deps := app.ChangeDeps()
		deps.Prune = true
		plan, err := change.Apply(tx, f, deps)
		if err == nil && len(plan.Changes) > 0 {
			c.t.Errorf("written out and applied, it changes %+v", plan.Changes)
		}
		return err
	})
}
