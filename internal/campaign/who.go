package campaign

import (
	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/policy"
)

// asking says who may be asked, and as what.
type asking struct {
	units      map[int64]int32 // who owns roles, as units name them, and rules: whoever owns the first role that a rule gives
	compliance []int32         // the first two
	as         map[int32]string
}

// readReviewers reads who may be asked.
func (b *builder) readReviewers() error {
	b.units, b.as = map[int64]int32{}, map[int32]string{}
	units, owners := b.owners()
	if err := b.tx.Each(`select u, o from unnest($1::bigint[], $2::int[]) t(u, o) join identity i on i.id = o and i.state = 'active' and i.locked_at is null`, []any{units, owners}, func(r db.Binary) {
		b.units[r.Big(0)] = r.Int(1)
	}); err != nil {
		return err
	}
	rows, err := b.tx.Query(`select r.identity_id from portal_role r join identity i on i.id = r.identity_id and i.state = 'active' and i.locked_at is null where r.role = 'compliance' order by 1 limit 2`)
	if err != nil {
		return err
	}
	if b.compliance, err = pgx.CollectRows(rows, pgx.RowTo[int32]); err != nil {
		return err
	}
	b.reasonsToAsk()
	return nil
}

// reasonsToAsk notes as what somebody is asked, who may be so in several ways: the later word counts.
func (b *builder) reasonsToAsk() {
	for _, id := range b.compliance {
		b.as[id] = ByCompliance
	}
	b.as[int32(b.c.Owner)] = "campaign_owner" //nolint:gosec // an id
	for _, id := range b.units {
		b.as[id] = ByRoleOwner
	}
	for _, e := range b.entitlements.all {
		if e.owner != 0 {
			b.as[e.owner] = ByOwner
		}
	}
	for _, p := range b.people.all {
		if p.boss != 0 {
			b.as[p.boss] = ByManager
		}
	}
	if st := b.c.Stages[0]; st.By == ByNamed {
		b.as[int32(st.Named)] = ByNamed //nolint:gosec // an id
	}
}

// owners gives who owns roles, as units name them, and rules.
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

// asked says who is asked about an item: whoever owns the rule that gives it, else as the stage says, else otherwise, else the campaign's owner,
// the manager, compliance; never the person themselves. 0: nobody.
func (b *builder) asked(i *item) int32 {
	st := &b.c.Stages[0]
	if st.By == ByCompliance {
		if who := b.complianceFor(i.identity); who != 0 {
			return who
		}
	}
	if i.class == ByRule {
		if owner := b.units[i.unit]; owner != 0 && owner != i.identity {
			return owner
		}
		if who := b.complianceFor(i.identity); who != 0 {
			return who
		}
	}
	if st.By == ByNamed && int32(st.Named) != i.identity { //nolint:gosec // an id
		return int32(st.Named) //nolint:gosec // an id
	}
	for _, by := range []string{st.By, st.Otherwise, "campaign_owner", ByManager} {
		if who := b.way(by, i); who != 0 && who != i.identity {
			return who
		}
	}
	return b.complianceFor(i.identity)
}

// way gives who is asked about an item in one way; 0: nobody. A role without an owner is answered for as its entitlement is.
func (b *builder) way(by string, i *item) int32 {
	switch by {
	case ByManager:
		if p := b.people.get(i.identity); p != nil {
			return p.boss
		}
	case ByRoleOwner:
		if owner := b.units[i.unit]; owner != 0 && owner != i.identity {
			return owner
		}
		return b.ownerOf(i)
	case ByOwner:
		return b.ownerOf(i)
	case ByCompliance:
		return b.complianceFor(i.identity)
	case "campaign_owner":
		return int32(b.c.Owner) //nolint:gosec // an id
	}
	return 0
}

// ownerOf gives who owns the entitlement of an item, or its application; 0: nobody.
func (b *builder) ownerOf(i *item) int32 {
	if e := b.entitlements.get(i.entitlement); e != nil {
		return e.owner
	}
	return 0
}

// complianceFor gives the first of compliance, and for the first themselves the second.
func (b *builder) complianceFor(identity int32) int32 {
	for _, id := range b.compliance {
		if id != identity {
			return id
		}
	}
	return 0
}
