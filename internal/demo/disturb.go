package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/catalog"
	"tenure/internal/connector/scim/scimtest"
)

// letGrant lets the connector's role hand out the roles of the policy, which from PostgreSQL 16 on CREATEROLE alone does not.
func (t *Targets) letGrant(ctx context.Context, roles []catalog.EntitlementSpec) error {
	for _, e := range roles {
		sql := "grant " + pgx.Identifier{e.Name}.Sanitize() + " to " + connectorRole + " with admin option, inherit false"
		sql = fmt.Sprintf("do $$ begin if current_setting('server_version_num')::int >= 160000 then execute '%s'; end if; end $$", sql)
		if err := t.warehouse(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// disturb does at the targets what people do behind Tenure's back, so that the pages have orphans and differences to show; and
// it fills the service desk, which Tenure only looks at.
func (d *Demo) disturb(ctx context.Context, today time.Time, first, rows []Row) error {
	machine := func(a *Application, name, title string) error {
		return a.account(ctx, d.Targets.known.Token, name, title, "", nil)
	}
	for _, m := range []struct {
		at          *Application
		name, title string
	}{
		{d.Targets.Directory, "svc-badge-printer", "Badge printer"}, {d.Targets.Directory, "svc-meeting-rooms", "Meeting rooms"},
		{d.Targets.Directory, "trade.fair.2024", "Trade fair 2024"}, {d.Targets.Directory, "test.user", "Test User"},
		{d.Targets.Desk, "svc-mail-gateway", "Mail gateway"}, {d.Targets.Desk, "admin-old", "Administrator (old)"},
		{d.Targets.Desk, "agency.night", "Night shift of the agency"},
	} {
		if err := machine(m.at, m.name, m.title); err != nil {
			return err
		}
	}
	if err := d.drift(ctx, rows); err != nil {
		return err
	}
	if err := d.fillDesk(ctx, rows, leavers(first, rows)); err != nil {
		return err
	}
	for _, a := range []*Application{d.Targets.Directory, d.Targets.Desk} {
		a.signIns(today)
	}
	return nil
}

// signIns lets people have signed in: most of them lately, some not for months, a few never. Warehouse roles have no such time:
// PostgreSQL does not keep it.
func (a *Application) signIns(today time.Time) {
	for i, u := range a.Users() {
		at := today.Add(-time.Duration(i*37%(14*24*60)) * time.Minute)
		switch {
		case u.UserName == "admin-old", u.UserName == "trade.fair.2024", u.UserName == "test.user":
			at = today.AddDate(-1, -4, -i%30)
		case i%23 == 7:
			at = today.AddDate(0, -4, -i%60)
		case i%31 == 3:
			continue
		}
		a.SignIn(u.UserName, at)
	}
}

// drift gives somebody access at the directory that no rule gives, and leaves roles in the warehouse that are nobody's.
func (d *Demo) drift(ctx context.Context, rows []Row) error {
	analysts := map[string]bool{}
	for _, r := range rows {
		analysts[r.Email] = r.Title == "Service Desk Analyst"
	}
	users := d.Targets.Directory.Users()
	if i := slices.IndexFunc(users, func(u scimtest.User) bool { return u.Active && analysts[mailOf(u)] }); i >= 0 {
		if err := d.Targets.Directory.join(ctx, d.Targets.known.Token, "domain-admins", users[i].ID); err != nil {
			return err
		}
	}
	return d.Targets.warehouse(ctx, "create role quarterly_report login", "create role jsmith_tmp login",
		"grant ledger_read to jsmith_tmp", "grant sales_read to quarterly_report")
}

// leavers gives who was in the first file and is not in the last.
func leavers(first, last []Row) []Row {
	stays := map[string]bool{}
	for _, r := range last {
		stays[r.Number] = true
	}
	return slices.DeleteFunc(slices.Clone(first), func(r Row) bool { return stays[r.Number] })
}

// fillDesk makes the accounts that the service desk has had for years: most of Customer Care and IT, some who have moved on or left,
// and groups that nobody remembers the reason of.
func (d *Demo) fillDesk(ctx context.Context, rows, left []Row) error {
	for i, r := range left[:min(3, len(left))] {
		if err := d.deskAccount(ctx, r, []string{"agents", "leads", "reports"}[:1+i]); err != nil {
			return err
		}
	}
	for i, r := range rows {
		if groups := deskGroups(i, r); len(groups) > 0 {
			if err := d.deskAccount(ctx, r, groups); err != nil {
				return err
			}
		}
	}
	return nil
}

func deskGroups(i int, r Row) []string {
	switch {
	case r.Title == "System Administrator" || r.Title == "Head of IT":
		return []string{"agents", "desk-admins"}
	case r.Title == "Support Lead":
		return []string{"agents", "leads"}
	case (r.Department == "Customer Care" || r.Department == "IT") && i%9 != 0: // some were forgotten
		return []string{"agents"}
	case r.Department == "Sales" && i%5 == 0: // and some were never taken away
		return []string{"agents", "reports"}
	}
	return nil
}

func (d *Demo) deskAccount(ctx context.Context, r Row, groups []string) error {
	name, _, _ := strings.Cut(r.Email, "@")
	return d.Targets.Desk.account(ctx, d.Targets.known.Token, name, r.Name(), r.Email, groups)
}

func mailOf(u scimtest.User) string {
	list, _ := u.Attributes["emails"].([]any)
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			if s, ok := m["value"].(string); ok {
				return s
			}
		}
	}
	return ""
}

// account makes an account over SCIM, as an administrator of the application would.
func (a *Application) account(ctx context.Context, token, name, title, email string, groups []string) error {
	body := map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": name, "displayName": title, "active": true}
	if email != "" {
		body["emails"] = []any{map[string]any{"value": email, "type": "work", "primary": true}}
	}
	var made struct{ ID string }
	if err := a.call(ctx, token, http.MethodPost, "/Users", body, &made); err != nil {
		return fmt.Errorf("making the account %s: %w", name, err)
	}
	for _, g := range groups {
		if err := a.join(ctx, token, g, made.ID); err != nil {
			return err
		}
	}
	return nil
}

// join adds an account to a group.
func (a *Application) join(ctx context.Context, token, group, user string) error {
	for _, g := range a.Groups() {
		if g.DisplayName == group {
			return a.call(ctx, token, http.MethodPatch, "/Groups/"+g.ID, map[string]any{
				"schemas":    []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
				"Operations": []any{map[string]any{"op": "add", "path": "members", "value": []any{map[string]any{"value": user}}}},
			}, nil)
		}
	}
	return fmt.Errorf("there is no group %s", group)
}

func (a *Application) call(ctx context.Context, token, method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, a.URL+scimtest.Prefix+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/scim+json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s: %s", res.Status, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}
