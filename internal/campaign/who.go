package campaign

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/policy"
)

// reviewers notes who may be asked, and as what.
func (b *builder) reviewers() error {
	units, owners := b.owners()
	for _, sql := range []string{`create temporary table cp_unit (unit bigint primary key, owner int not null) on commit drop`,
		`create temporary table cp_who (who int primary key, why text not null) on commit drop`} {
		if _, err := b.tx.Exec(sql); err != nil {
			return err
		}
	}
	if _, err := b.tx.Exec(`insert into cp_unit select u, o from unnest($1::bigint[], $2::int[]) t(u, o) join identity i on i.id = o and i.state = 'active' and i.locked_at is null`, units, owners); err != nil {
		return err
	}
	rows, err := b.tx.Query(`select r.identity_id from portal_role r join identity i on i.id = r.identity_id and i.state = 'active' and i.locked_at is null where r.role = 'compliance' order by 1 limit 2`)
	if err != nil {
		return err
	}
	if b.compliance, err = pgx.CollectRows(rows, pgx.RowTo[int]); err != nil {
		return err
	}
	_, err = b.tx.Exec(`insert into cp_who select distinct on (who) who, why from (
			select boss who, 'manager' why, 1 n from cp_person where boss is not null
			union all select owner, 'owner', 2 from cp_entitlement where owner is not null
			union all select owner, 'role_owner', 3 from cp_unit
			union all select id, 'named', 0 from identity where id = any($1)
			union all select $2, 'campaign_owner', 4
			union all select unnest($3::int[]), 'compliance', 5) x order by who, n`, list(b.named()), b.c.Owner, list(b.compliance))
	return err
}

func (b *builder) named() []int {
	var out []int
	for _, st := range b.c.Stages[:1] {
		if st.By == ByNamed {
			out = append(out, st.Named)
		}
	}
	return out
}

// owners gives who owns roles, as units name them, and rules: whoever owns the first role that a rule gives.
func (b *builder) owners() (units []int64, owners []int) {
	of := map[string]int{}
	for _, o := range b.pol.Objects(policy.KindRole) {
		if o.OwnerID != 0 {
			of[o.Name] = o.OwnerID
			units, owners = append(units, BitMembership<<32|int64(o.ID)), append(owners, o.OwnerID)
		}
	}
	for _, o := range b.pol.Objects(policy.KindRule) {
		for _, role := range o.Rule.Roles {
			if who := of[role]; who != 0 {
				units, owners = append(units, BitBirthright<<32|int64(o.ID)), append(owners, who)
				break
			}
		}
	}
	return units, owners
}

// asked says who is asked about an item: whoever owns the rule that gives it, else as the stage says, else otherwise; never the person
// themselves.
func (b *builder) asked() string {
	way := map[string]string{ByManager: "s.boss", ByOwner: "s.owner", ByRoleOwner: "u.owner", "campaign_owner": strconv.Itoa(b.c.Owner)}
	st := b.c.Stages[0]
	compliance := "null::int"
	for n := len(b.compliance) - 1; n >= 0; n-- { // the first, and for the first themselves the second
		compliance = fmt.Sprintf("case when s.identity_id <> %d then %[1]d else %s end", b.compliance[n], compliance)
	}
	ways := []string{"case when s.class = 2 then coalesce(nullif(u.owner, s.identity_id), " + compliance + ") end"}
	if st.By == ByNamed {
		ways = append(ways, strconv.Itoa(st.Named))
	}
	for _, by := range []string{st.By, st.Otherwise, "campaign_owner"} {
		if w := way[by]; w != "" {
			ways = append(ways, w)
		}
		if by == ByRoleOwner {
			ways = append(ways, "s.owner")
		}
	}
	for i, w := range ways {
		ways[i] = fmt.Sprintf("nullif(%s, s.identity_id)", w)
	}
	if st.By == ByCompliance {
		ways = append([]string{compliance}, ways...)
	}
	ways = append(ways, "s.boss", compliance)
	return "coalesce(" + strings.Join(ways, ", ") + ")"
}
