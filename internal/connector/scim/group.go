package scim

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"

	"tenure/internal/connector"
)

// Entitlements lists all groups.
func (t *target) Entitlements(ctx context.Context) iter.Seq2[connector.Entitlement, error] {
	return func(yield func(connector.Entitlement, error) bool) {
		all, err := listAll[group](ctx, t, "/Groups", withoutMembers())
		if err != nil {
			yield(connector.Entitlement{}, err)
			return
		}
		for _, g := range all {
			if !yield(g.entitlement(), nil) {
				return
			}
		}
	}
}

// Grants lists all memberships, each once.
func (t *target) Grants(ctx context.Context) iter.Seq2[connector.Grant, error] {
	return func(yield func(connector.Grant, error) bool) {
		all, err := listAll[group](ctx, t, "/Groups", nil)
		if err != nil {
			yield(connector.Grant{}, err)
			return
		}
		for _, g := range all {
			for _, id := range g.users() {
				if !yield(connector.Grant{Account: connector.Key{NativeID: id}, Entitlement: g.entitlement()}, nil) {
					return
				}
			}
		}
	}
}

const byMember = "/Groups members.value"

// groupsOf gives the groups a user is a member of, in the way member_lookup says.
func (t *target) groupsOf(ctx context.Context, u user) ([]group, error) {
	if t.members == "user" {
		var out []group
		for _, g := range u.Groups {
			if g.Type != "indirect" {
				out = append(out, group{ID: g.Value, DisplayName: g.Display})
			}
		}
		return out, nil
	}
	filters, err := t.filtersMembers(ctx)
	if err != nil {
		return nil, err
	}
	if filters {
		return listAll[group](ctx, t, "/Groups", merge(filterBy("members.value", string(u.ID)), withoutMembers()))
	}
	all, err := listAll[group](ctx, t, "/Groups", nil)
	if err != nil {
		return nil, err
	}
	for _, g := range all {
		if ids := g.users(); len(ids) > 0 {
			t.remember(byMember, known{ids[0], string(g.ID)})
			break
		}
	}
	return matching(all, "members.value", string(u.ID)), nil
}

// filtersMembers says whether groups may be asked for by a member.
func (t *target) filtersMembers(ctx context.Context) (bool, error) {
	if t.members == "filter" {
		return true, t.load(ctx)
	}
	if t.members == "list" {
		return false, t.load(ctx)
	}
	if err := t.load(ctx); err != nil {
		return false, err
	}
	v, err := t.judge(byMember), error(nil)
	if v == unproven {
		v, err = prove[group](ctx, t, "/Groups", "members.value")
	}
	return v == works, err
}

// Grant adds a member to a group, after a look whether it is one.
func (t *target) Grant(ctx context.Context, _ string, g connector.Grant) error {
	u, err := t.user(ctx, g.Account)
	if err != nil {
		return err
	}
	id, err := t.groupID(ctx, g.Entitlement)
	if err != nil {
		return err
	}
	if held, err := t.holds(ctx, u, id); err != nil || held {
		return err
	}
	patches, err := t.patches(ctx)
	if err != nil {
		return err
	}
	add := operation{Op: "add", Path: "members", Value: []any{map[string]any{"value": string(u.ID)}}}
	if patches {
		_, err := t.do(ctx, call{method: http.MethodPatch, path: groupPath(id), body: patchBody([]operation{add})})
		if err == nil {
			t.remember(byMember, known{string(u.ID), id})
			return nil
		}
		if !t.cannotPatch(err) {
			return err
		}
	}
	return t.rewriteMembers(ctx, id, string(u.ID), true)
}

// Revoke removes a member from a group. A group or an account that is gone has no such member.
func (t *target) Revoke(ctx context.Context, _ string, g connector.Grant) error {
	err := t.revoke(ctx, g)
	if errors.Is(err, connector.ErrNotFound) {
		return nil
	}
	return err
}

func (t *target) revoke(ctx context.Context, g connector.Grant) error {
	userID := g.Account.NativeID // the user may be gone and still be listed as a member
	if userID == "" {
		u, err := t.user(ctx, g.Account)
		if err != nil {
			return err
		}
		userID = string(u.ID)
	}
	id, err := t.groupID(ctx, g.Entitlement)
	if err != nil {
		return err
	}
	patches, err := t.patches(ctx)
	if err != nil {
		return err
	}
	if patches && plain(userID) {
		// Never remove with the members in value: a server that overlooks value would empty the group.
		op := operation{Op: "remove", Path: `members[value eq "` + userID + `"]`}
		_, err := t.do(ctx, call{method: http.MethodPatch, path: groupPath(id), body: patchBody([]operation{op})})
		if err == nil || statusOf(err) != http.StatusBadRequest && !t.cannotPatch(err) {
			return err
		}
		// 400 is how some servers say that there is no such member, and others that they do not know such paths. The
		// way by PUT sends nothing in the first case.
	}
	return t.rewriteMembers(ctx, id, userID, false)
}

// groupID gives the id of a group that may be given by name only.
func (t *target) groupID(ctx context.Context, e connector.Entitlement) (string, error) {
	if e.Kind != "" && e.Kind != groupKind {
		return "", fmt.Errorf("%w: SCIM has no entitlement of kind %q", connector.ErrNotFound, e.Kind)
	}
	if e.NativeID != "" {
		return e.NativeID, nil
	}
	found, err := find[group](ctx, t, "/Groups", "displayName", e.Name, withoutMembers())
	for _, g := range found {
		if g.DisplayName == e.Name {
			found = []group{g}
			break
		}
	}
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", fmt.Errorf("%w: no group has this name", connector.ErrNotFound)
	case len(found) > 1:
		return "", fmt.Errorf("%w: several groups have this name", connector.ErrRefused)
	}
	return string(found[0].ID), nil
}

// holds says whether a user is a member of a group that may not exist.
func (t *target) holds(ctx context.Context, u user, groupID string) (bool, error) {
	filters, err := t.filtersMembers(ctx)
	if err != nil {
		return false, err
	}
	if filters {
		groups, err := listAll[group](ctx, t, "/Groups", merge(filterBy("members.value", string(u.ID)), withoutMembers()))
		for _, g := range groups {
			if string(g.ID) == groupID {
				return true, nil
			}
		}
		return false, err
	}
	var g group
	if _, err := t.get(ctx, groupPath(groupID), nil, maxGroup, &g); err != nil {
		return false, err
	}
	return g.has("members.value", string(u.ID)), nil
}

// rewriteMembers adds or removes one member by PUT of the whole group.
func (t *target) rewriteMembers(ctx context.Context, groupID, userID string, want bool) error {
	is := func(whole map[string]any) bool {
		for _, m := range memberList(whole) {
			if memberID(m) == userID {
				return true
			}
		}
		return false
	}
	return t.rewrite(ctx, groupPath(groupID), func(whole map[string]any) bool {
		if is(whole) == want {
			return false
		}
		kept := []any{}
		for _, m := range memberList(whole) {
			if memberID(m) != userID {
				kept = append(kept, m)
			}
		}
		if want {
			kept = append(kept, map[string]any{"value": userID})
		}
		whole["members"] = kept
		return true
	}, func(whole map[string]any) bool { return is(whole) == want })
}

func memberList(whole map[string]any) []any {
	list, _ := whole["members"].([]any)
	return list
}

func memberID(m any) string {
	o, _ := m.(map[string]any)
	id, _ := o["value"].(string)
	return id
}
