package web

import (
	"net/url"
	"strings"

	"tenure/internal/db"
	"tenure/internal/policy"
	"tenure/templates"
)

// policyAsking is what the policy says of asking.
func (r *request) policyAsking(tx *db.Tx, v *templates.PolicyView) error {
	pol, err := policy.Load(tx)
	if err != nil {
		return err
	}
	for _, o := range pol.Offers() {
		x := o.Offer
		row := templates.OfferedRow{Name: o.Title, What: x.Description, Version: r.versionLink(&o.Object), EditURL: r.benchTo(o.ID), For: x.For,
			Days: r.T("%s, at most %s", r.Plural(x.Days, "day", "days"), r.Plural(x.LongestDays, "day", "days"))}
		for _, l := range x.Levels {
			gives := r.gives(nil, l.Entitlements)
			if l.Role != "" {
				gives = r.gives([]string{l.Role}, nil)
			}
			row.Levels = append(row.Levels, r.T("%s: %s", l.Title, strings.Join(gives, ", ")))
		}
		if h := x.Activate; h != nil {
			row.More = append(row.More, r.T("Held for %s at a time", r.Plural(h.Hours, "hour", "hours")))
		}
		if h := x.Emergency; h != nil {
			row.More = append(row.More, r.T("In an emergency at once, for %s", r.Plural(h.Hours, "hour", "hours")))
		}
		v.Asking.Offers = append(v.Asking.Offers, row)
	}
	for _, o := range pol.Approvals() {
		v.Asking.Rules = append(v.Asking.Rules, templates.DecidedRow{Name: o.Title, What: o.Approval.Description, Version: r.versionLink(o), EditURL: r.benchTo(o.ID),
			When: o.Approval.When, Steps: r.approvalWords(o.Approval)})
	}
	return nil
}

// approvalWords says who is asked, step by step.
func (r *request) approvalWords(a *policy.ApprovalSpec) []string {
	if a.Automatic {
		return []string{r.T("nobody: it is granted at once")}
	}
	var out []string
	for i := range a.Steps {
		words := r.approvalWord(&a.Steps[i])
		if a.Steps[i].Beside {
			words = r.T("together with it: %s", words)
		}
		out = append(out, words)
	}
	return out
}

func (r *request) approvalWord(s *policy.StepSpec) string {
	switch s.By {
	case policy.ByManager:
		return r.T("the manager")
	case policy.ByOwner:
		return r.T("the owner")
	case policy.ByRoleOwner:
		return r.T("the owner of the role")
	case policy.ByCompliance:
		return r.T("compliance")
	case policy.ByWait:
		if s.Until == policy.UntilStart {
			return r.T("nobody: it waits until it is to begin")
		}
		return r.T("nobody: it waits until %s", s.Until)
	case policy.ByOutside:
		host := s.URL
		if u, err := url.Parse(s.URL); err == nil {
			host = u.Host
		}
		return r.T("another system: %s", host)
	}
	return r.T("%d of %s", s.Quorum, strings.TrimPrefix(s.Group, policy.PortalGroup))
}

// askingLabel is what the form calls the fields of offers and approval rules, "" for others.
func (r *request) askingLabel(name string) string {
	switch name {
	case "tasks":
		return r.T("What people want to do with it")
	case "days":
		return r.T("Days that are proposed")
	case "longest_days":
		return r.T("Days at most")
	case "levels":
		return r.T("Levels, and what each gives")
	case "activate":
		return r.T("For hours at a time")
	case "emergency":
		return r.T("In an emergency")
	case "order":
		return r.T("Order")
	case "automatic":
		return r.T("Granted at once")
	case "steps":
		return r.T("Steps, and who is asked in each")
	}
	return ""
}
