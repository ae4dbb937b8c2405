package campaign

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/evidence"
	"tenure/internal/policy"
)

// CertifiedFor is how many days a confirmed definition covers what rules give by the role, when it stays as it is.
const CertifiedFor = 366

// Definition is what a role is: what whoever owns it confirms.
type Definition struct {
	Title        string             `json:"title"`
	Description  string             `json:"description,omitempty"`
	Owner        string             `json:"owner,omitempty"`
	Entitlements []string           `json:"entitlements,omitempty"`
	Roles        []string           `json:"roles,omitempty"` // that it includes
	Where        string             `json:"where,omitempty"`
	Parameters   []policy.Parameter `json:"parameters,omitempty"`
	Gives        []int              `json:"gives,omitempty"` // entitlements, those of the roles that it includes as well
	Rules        []Criterion        `json:"rules,omitempty"` // that give it
}

// Criterion is a birthright rule that gives a role.
type Criterion struct {
	Rule   int               `json:"rule"`
	Title  string            `json:"title"`
	When   string            `json:"when"`
	Except string            `json:"except,omitempty"`
	Where  string            `json:"where,omitempty"`
	With   map[string]string `json:"with,omitempty"`
}

// Certificate is a definition at the snapshot of a campaign.
type Certificate struct {
	Campaign, Role int
	Definition     Definition
	Digest         string
	Members        int
	Before         *int // the campaign in which it was confirmed last
	At             *time.Time
	By             string // who confirmed it; "" where nobody did
}

// define gives the definition of an active role; nil for what is none.
func define(pol *policy.Snapshot, role int) *Definition {
	o := pol.Object(role)
	if o == nil || o.Role == nil || o.Role.State != policy.Active {
		return nil
	}
	s := o.Role
	d := &Definition{Title: o.Title, Description: s.Description, Owner: s.Owner, Entitlements: slices.Sorted(slices.Values(s.Entitlements)), Roles: slices.Sorted(slices.Values(s.Roles)), Where: s.Where, Parameters: s.Parameters}
	for _, g := range pol.RoleMost(role) {
		d.Gives = append(d.Gives, g.Entitlement)
	}
	slices.Sort(d.Gives)
	d.Gives = slices.Compact(d.Gives)
	for _, r := range pol.Objects(policy.KindRule) {
		if slices.Contains(r.Rule.Roles, o.Name) {
			d.Rules = append(d.Rules, Criterion{Rule: r.ID, Title: r.Title, When: r.Rule.When, Except: r.Rule.Except, Where: r.Rule.Where, With: r.Rule.With})
		}
	}
	return d
}

// digest is the same for as long as a definition is.
func (d *Definition) digest() (string, error) {
	text, err := json.Marshal(d)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

// Difference is one difference between two definitions.
type Difference struct {
	What     string // title, description, owner, entitlement, role, gives, rule, where, parameters
	Was, Now string // "" for what was added, or taken away
}

// Differences gives what is different in a definition from an earlier one.
func (d *Definition) Differences(was *Definition) (out []Difference) {
	one := func(what, was, now string) {
		if was != now {
			out = append(out, Difference{what, was, now})
		}
	}
	many := func(what string, was, now []string) {
		for _, x := range was {
			if !slices.Contains(now, x) {
				out = append(out, Difference{what, x, ""})
			}
		}
		for _, x := range now {
			if !slices.Contains(was, x) {
				out = append(out, Difference{what, "", x})
			}
		}
	}
	one("title", was.Title, d.Title)
	one("description", was.Description, d.Description)
	one("owner", was.Owner, d.Owner)
	many("entitlement", was.Entitlements, d.Entitlements)
	many("role", was.Roles, d.Roles)
	many("rule", criteria(was.Rules), criteria(d.Rules))
	one("where", was.Where, d.Where)
	one("parameters", fmt.Sprint(was.Parameters), fmt.Sprint(d.Parameters))
	if len(out) == 0 && !slices.Equal(was.Gives, d.Gives) { // an included role, or what a star stands for
		out = append(out, Difference{"gives", fmt.Sprint(len(was.Gives)), fmt.Sprint(len(d.Gives))})
	}
	return out
}

// criteria says rules as one line each, so that whatever changes in one is seen.
func criteria(all []Criterion) []string {
	out := make([]string, len(all))
	for n, c := range all {
		out[n] = c.Title + ": " + c.When
		for _, more := range [][2]string{{"except", c.Except}, {"where", c.Where}} {
			if more[1] != "" {
				out[n] += ", " + more[0] + " " + more[1]
			}
		}
		if len(c.With) > 0 {
			out[n] += fmt.Sprintf(", with %v", c.With)
		}
	}
	return out
}

const certificateSQL = `select c.campaign_id, c.role_id, c.definition, c.digest, c.members, c.before, c.certified_at, coalesce(i.name, '') from campaign_role c left join identity i on i.id = c.certified_by `

func certificates(tx *db.Tx, where string, args ...any) (map[int]*Certificate, error) {
	rows, err := tx.Query(certificateSQL+where, args...)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Certificate])
	out := make(map[int]*Certificate, len(all))
	for _, c := range all {
		out[c.Role] = c
	}
	return out, err
}

// Certificates gives the definitions that a campaign is about, by role.
func Certificates(tx *db.Tx, campaign int) (map[int]*Certificate, error) {
	return certificates(tx, `where c.campaign_id = $1`, campaign)
}

// Last gives by role how it was when it was confirmed before a campaign.
func Last(tx *db.Tx, campaign int) (map[int]*Certificate, error) {
	return certificates(tx, `join campaign_role n on n.role_id = c.role_id and n.before = c.campaign_id where n.campaign_id = $1`, campaign)
}

// readRoles makes an item of every active role in scope, with its definition.
func (b *builder) readRoles() error {
	var roles, members []int
	var definitions [][]byte
	var digests []string
	last, err := certificates(b.tx, `join (select role_id, max(certified_at) at from campaign_role where certified_at is not null group by 1) m on m.role_id = c.role_id and m.at = c.certified_at`)
	if err != nil {
		return err
	}
	count, err := b.countMembers()
	if err != nil {
		return err
	}
	var before []*int
	for _, o := range b.pol.Objects(policy.KindRole) {
		d := define(b.pol, o.ID)
		if d == nil || len(b.c.Scope.Roles) > 0 && !slices.Contains(b.c.Scope.Roles, o.ID) {
			continue
		}
		digest, err := d.digest()
		if err != nil {
			return err
		}
		text, err := json.Marshal(d)
		if err != nil {
			return err
		}
		i := item{kinds: BitDefinition, unit: BitMembership<<32 | int64(o.ID), since: never, used: never, reviewed: never, shown: -1, alike: -1, more: &more{param: RoleParam(o.ID)}}
		for _, e := range d.Gives {
			if h := b.entitlements.get(int32(e)); h != nil { //nolint:gosec // an id
				i.risk = max(i.risk, int8(h.risk)) //nolint:gosec // 0 to 3
			}
		}
		i.rank = int16(i.risk) * 200
		var was *int
		if l := last[o.ID]; l != nil {
			i.since, was = l.At.UnixMicro(), &l.Campaign
		}
		if l := last[o.ID]; l == nil || l.Digest != digest {
			i.rank += 150
		}
		b.items = append(b.items, i)
		roles, members, definitions, digests, before = append(roles, o.ID), append(members, count[o.ID]), append(definitions, text), append(digests, digest), append(before, was)
	}
	return b.exec("campaign_role", `insert into campaign_role (campaign_id, role_id, definition, digest, members, before) select $1, r, convert_from(d, 'UTF8')::jsonb, g, m, w from unnest($2::int[], $3::bytea[], $4::text[], $5::int[], $6::int[]) x(r, d, g, m, w)`,
		b.c.ID, roles, definitions, digests, members, before)
}

// RoleParam is how an item about the definition of a role names it: it has no entitlement.
func RoleParam(role int) string { return fmt.Sprintf("role/%d", role) }

// countMembers counts by role who is a member, or gets it by a rule.
func (b *builder) countMembers() (map[int]int, error) {
	var roles, refs []int
	var kinds []string
	for _, o := range b.pol.Objects(policy.KindRole) {
		roles, refs, kinds = append(roles, o.ID), append(refs, o.ID), append(kinds, "assignment")
		for _, r := range b.pol.Objects(policy.KindRule) {
			if slices.Contains(r.Rule.Roles, o.Name) {
				roles, refs, kinds = append(roles, o.ID), append(refs, r.ID), append(kinds, "birthright")
			}
		}
	}
	out := map[int]int{}
	return out, b.tx.Each(`select x.role, count(distinct r.identity_id)::int from unnest($1::int[], $2::int[], $3::text[]) x(role, ref, kind) join reason r on r.kind = x.kind and r.ref = x.ref
		where r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= $4 and r.valid_to > $4 group by 1`, []any{roles, refs, kinds, b.tx.Now}, func(r db.Binary) { out[int(r.Int(0))] = int(r.Int(1)) })
}

// certify notes which definitions a review confirmed at the last stage, and which it did not: what nobody answered confirms nothing.
func certify(tx *db.Tx, c *Campaign, v *Review) (int64, error) {
	if !c.Scope.Definitions || v.Stage < len(c.Stages) {
		return 0, nil
	}
	return tx.Exec(`update campaign_role r set certified_at = case when x.sure then $2::timestamptz end, certified_by = case when x.sure then x.decider_id end
		from (select (i.unit & 4294967295)::int role, d.decider_id, d.outcome = 'keep' and d.decider_id is not null sure from campaign_decision d join campaign_item i on i.id = d.item_id and i.stage = d.stage where d.review_id = $1 and d.stage = $3) x
		where r.campaign_id = $4 and r.role_id = x.role and (x.sure or r.certified_at is not null)`, v.ID, tx.Now, v.Stage, c.ID)
}

// changed notes which definitions were changed since somebody asked for it.
func changed(tx *db.Tx) ([]int, error) {
	rows, err := tx.Query(`select r.item_id, r.campaign_id, c.role_id, c.digest from campaign_removal r join campaign_item i on i.id = r.item_id join campaign_role c on c.campaign_id = r.campaign_id and c.role_id = (i.unit & 4294967295)::int
		where r.state = 'changing' and r.account_id = 0 order by r.item_id`)
	if err != nil {
		return nil, err
	}
	type asked struct {
		Item           int64
		Campaign, Role int
		Digest         string
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[asked])
	if err != nil || len(all) == 0 {
		return nil, err
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	var items []int64
	var campaigns []int
	for _, x := range all {
		now := ""
		if d := define(pol, x.Role); d != nil {
			if now, err = d.digest(); err != nil {
				return nil, err
			}
		}
		if now != x.Digest {
			items, campaigns = append(items, x.Item), append(campaigns, x.Campaign)
		}
	}
	if len(items) == 0 {
		return nil, nil
	}
	n, err := tx.Exec(`update campaign_removal set state = 'changed', why = $2 where item_id = any($1) and state = 'changing'`, items, fmt.Sprintf("version %d of the policy changed it", pol.Version))
	slices.Sort(campaigns)
	campaigns = slices.Compact(campaigns)
	tx.Record(evidence.Event{Kind: "campaign.definition_changed", Touches: evidence.Touches{"campaign_removal": int(n)}, Facts: map[string]any{"items": items, "campaigns": campaigns, "policy": pol.Version}})
	return campaigns, err
}

// RoleOf gives the role whose definition an item is about, by its param; 0: it is about access.
func RoleOf(param string) int {
	role := 0
	if _, err := fmt.Sscanf(param, "role/%d", &role); err != nil {
		return 0
	}
	return role
}

// Role gives the role whose definition the item is about; 0: it is about access.
func (i *Item) Role() int {
	if i.Entitlement != 0 {
		return 0
	}
	return RoleOf(i.Param)
}

// readDefined reads the risk of what roles give.
func (b *builder) readDefined() error {
	b.entitlements = table[held]{}
	return b.tx.Each(`select e.id, e.application_id, coalesce(array_position(array['low', 'medium', 'high', 'critical'], e.risk) - 1, case when e.privileged then 2 else 0 end)::smallint from entitlement e`, nil,
		func(r db.Binary) { b.entitlements.put(r.Int(0), held{application: r.Int(1), risk: r.Small(2)}) })
}
