package web

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tenure/internal/audit/control"
	"tenure/internal/db"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

// opened records that an auditor opens a page, before they see it: what cannot be recorded is not shown. What refreshes itself was opened
// once; what somebody searches for is not kept.
func (r *request) opened(row route) error {
	if r.who == nil || !slices.Contains(r.who.roles, policy.Auditor) || r.Request.Method != http.MethodGet || polling(r.Request) || strings.HasSuffix(row.path, "/events") {
		return nil
	}
	at := map[string]string{}
	for _, p := range r.Params {
		at[p.Key] = p.Value
	}
	if strings.HasPrefix(row.path, evidenceURL) {
		for _, name := range []string{"from", "to"} {
			if v := r.Query(name); v != "" && len(v) <= 10 {
				at[name] = v
			}
		}
	}
	return r.do(func(tx *db.Tx) error { control.Opened(tx, row.path, at); return nil })
}

// evidenceOpened lists what auditors opened.
func (s *server) evidenceOpened(r *request) error {
	var v templates.EvidenceOpenedView
	err := r.read(func(tx *db.Tx) error {
		all, err := control.Openings(tx, r.longCursor("before"), pageSize)
		for _, o := range all {
			v.Rows = append(v.Rows, templates.EvidenceOpening{Who: ui.Link{Text: o.Name, URL: r.to("person.read_any", personURL(o.Ref))}, Page: openedPage(o), Event: eventNumber(o.Event), At: r.at(o.When)})
		}
		if len(all) == pageSize {
			v.MoreURL = link(evidenceURL+"/opened", "before", strconv.FormatInt(all[len(all)-1].ID, 10))
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.EvidenceOpened(r.shell(r.T("What auditors opened")), v))
}

// openedPage writes the address that was opened.
func openedPage(o control.Opening) string {
	parts := strings.Split(o.Page, "/")
	for i, p := range parts {
		if v, ok := o.At[strings.TrimPrefix(p, ":")]; ok && strings.HasPrefix(p, ":") {
			parts[i] = v
		}
	}
	path := strings.Join(parts, "/")
	var rest []string
	for _, name := range slices.Sorted(maps.Keys(o.At)) {
		if name == "from" || name == "to" {
			rest = append(rest, name, o.At[name])
		}
	}
	return link(path, rest...)
}
