package web

import (
	"fmt"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

// policyShow is the policy as it is, to read: it is changed by files and by planned changes.
func (s *server) policyShow(r *request) error {
	v := templates.PolicyView{ChangesURL: changesURL, MiningURL: miningURL, OutliersURL: outliersURL, TrialURL: r.to("person.read_any", trialURL), Tab: oneOf(r.Query("tab"), "rules", "duties", "asking", "versions")}
	for _, t := range []struct{ tab, word string }{{"", r.T("Roles")}, {"rules", r.T("Birthright rules")}, {"duties", r.T("Segregation of duties")}, {"asking", r.T("Requests")},
		{"versions", r.T("Versions")}} {
		v.Tabs = append(v.Tabs, ui.Chip{Text: t.word, URL: link("/policy", "tab", t.tab), Current: t.tab == v.Tab})
	}
	for _, kind := range map[string][]string{"": {policy.KindRole}, "rules": {policy.KindRule}, "duties": {policy.KindDuty, policy.KindSoD},
		"asking": {policy.KindApproval, policy.KindOffer}}[v.Tab] {
		if url := r.to("policy.change", link(benchURL, "kind", kind)); url != "" {
			v.News = append(v.News, ui.Link{Text: r.benchTitle(benchKinds[kind]), URL: url})
		}
	}
	err := r.read(func(tx *db.Tx) error {
		versions, err := policy.Versions(tx, 200)
		if err != nil || len(versions) == 0 {
			return err
		}
		v.Version, v.Applied, v.By = fmt.Sprintf("v%d", versions[0].ID), r.at(versions[0].Applied), versions[0].Actor
		if v.Tab == "versions" {
			for _, x := range versions {
				v.Versions = append(v.Versions, templates.VersionRow{Version: fmt.Sprintf("v%d", x.ID), Applied: r.at(x.Applied), By: x.Actor, Note: x.Note,
					Changes: r.versionWords(&x)})
			}
			return nil
		}
		switch v.Tab {
		case "duties":
			return r.policyDuties(tx, &v)
		case "asking":
			return r.policyAsking(tx, &v)
		}
		return r.policyObjects(tx, &v)
	})
	if err != nil {
		return err
	}
	return r.show(templates.Policy(r.shell(r.T("Policy")), v))
}

// versionWords counts what a version changed: "1 role, 2 rules and 3 SoD rules".
func (r *request) versionWords(x *policy.Version) string {
	var out []string
	for _, c := range []struct {
		n    int
		word string
	}{{x.Roles, r.Plural(x.Roles, "role", "roles")}, {x.Rules, r.Plural(x.Rules, "rule", "rules")}, {x.Duties, r.Plural(x.Duties, "duty", "duties")},
		{x.SoD, r.Plural(x.SoD, "SoD rule", "SoD rules")}, {x.Offers, r.Plural(x.Offers, "offer", "offers")}, {x.Approvals, r.Plural(x.Approvals, "approval rule", "approval rules")}} {
		if c.n > 0 {
			out = append(out, c.word)
		}
	}
	return r.and(out, 6)
}

func (r *request) policyObjects(tx *db.Tx, v *templates.PolicyView) error {
	pol, err := policy.Load(tx)
	if err != nil {
		return err
	}
	given, err := access.CountGiven(tx)
	if err != nil {
		return err
	}
	if v.Tab == "rules" {
		for _, o := range pol.Objects(policy.KindRule) {
			v.Rules = append(v.Rules, templates.RuleRow{Name: o.Title, Version: r.versionLink(o), EditURL: r.benchTo(o.ID), When: o.Rule.When,
				Gives: r.gives(o.Rule.Roles, o.Rule.Entitlements), People: given[o.ID], URL: r.to("person.read_any", link("/people", "rule", o.Name))})
		}
		return nil
	}
	roles := pol.Objects(policy.KindRole)
	var owners []int
	for _, o := range roles {
		owners = append(owners, o.OwnerID)
	}
	people, err := identity.People(tx, owners)
	for _, o := range roles {
		row := templates.RoleRow{Name: o.Title, What: o.Role.Description, Holds: r.gives(o.Role.Roles, o.Role.Entitlements), Holders: given[o.ID], PageURL: roleURL(o.ID),
			URL: r.to("person.read_any", link("/people", "role", o.Name))}
		if p := people[o.OwnerID]; p != nil {
			row.Owner = p.Name
		}
		v.Roles = append(v.Roles, row)
	}
	return err
}

func (r *request) gives(roles, entitlements []string) []string {
	var out []string
	for _, x := range roles {
		out = append(out, r.T("role %s", x))
	}
	return append(out, entitlements...)
}
