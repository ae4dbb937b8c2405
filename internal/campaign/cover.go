package campaign

import (
	"fmt"
	"slices"

	"tenure/internal/policy"
)

// cover finds the rules that nobody has to be asked about: all that they give comes by roles of which whoever owns them confirmed the
// definition within a year, and which are as they were then. Their lines are kept beforehand, and say by what; a reviewer may take that back.
func (b *builder) cover() error {
	certified, err := certificates(b.tx, `join (select role_id, max(certified_at) at from campaign_role where certified_at > $1 group by 1) m on m.role_id = c.role_id and m.at = c.certified_at`, b.tx.Now.AddDate(0, 0, -CertifiedFor))
	if err != nil || len(certified) == 0 {
		return err
	}
	sure := map[string]*Certificate{}
	for role, c := range certified {
		d := define(b.pol, role)
		if d == nil {
			continue
		}
		digest, err := d.digest()
		if err != nil {
			return err
		}
		if digest == c.Digest {
			sure[b.pol.Object(role).Name] = c
		}
	}
	b.covered = map[int64]string{}
	for _, r := range b.pol.Objects(policy.KindRule) {
		if len(r.Rule.Roles) == 0 || len(r.Rule.Entitlements) > 0 || slices.ContainsFunc(r.Rule.Roles, func(name string) bool { return sure[name] == nil }) {
			continue
		}
		c := sure[r.Rule.Roles[0]]
		text := fmt.Sprintf("covered: the role %s was confirmed by %s on %s", c.Definition.Title, c.By, c.At.UTC().Format("2006-01-02"))
		if n := len(r.Rule.Roles) - 1; n > 0 {
			text += fmt.Sprintf(", and %d more", n)
		}
		b.covered[BitBirthright<<32|int64(r.ID)] = text
	}
	return nil
}

// covers says whether an item needs nobody's word.
func (b *builder) covers(i *item) bool { return i.class == ByRule && b.covered[i.unit] != "" }

// storeCovered keeps what is covered: a draft of nobody's, decided together with nothing.
func (b *builder) storeCovered() error {
	if len(b.covered) == 0 {
		return nil
	}
	var units []int64
	var texts []string
	for unit, text := range b.covered {
		units, texts = append(units, unit), append(texts, text)
	}
	return b.exec("campaign_decision", `insert into campaign_decision (item_id, identity_id, stage, review_id, outcome, comment, together, decided_at, made_by)
		select i.id, i.identity_id, i.stage, i.review_id, 'keep', x.text, 0, $2, $3 from campaign_item i join unnest($4::bigint[], $5::text[]) x(unit, text) on x.unit = i.unit where i.campaign_id = $1 and i.class = 2`,
		b.c.ID, b.tx.Now, b.tx.Actor.ID, units, texts)
}
