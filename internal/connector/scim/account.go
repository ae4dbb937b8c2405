package scim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"tenure/internal/connector"
)

func userPath(id string) string  { return "/Users/" + url.PathEscape(id) }
func groupPath(id string) string { return "/Groups/" + url.PathEscape(id) }

// Accounts lists all users. Nothing is yielded before the whole list was read.
func (t *target) Accounts(ctx context.Context) iter.Seq2[connector.Account, error] {
	return func(yield func(connector.Account, error) bool) {
		all, err := listAll[user](ctx, t, "/Users", nil)
		if err != nil {
			yield(connector.Account{}, err)
			return
		}
		for _, u := range all {
			if !yield(u.account(), nil) {
				return
			}
		}
	}
}

// Account reads one user and its groups.
func (t *target) Account(ctx context.Context, k connector.Key) (connector.Account, []connector.Grant, error) {
	u, err := t.user(ctx, k)
	if err != nil {
		return connector.Account{}, nil, err
	}
	groups, err := t.groupsOf(ctx, u)
	if err != nil {
		return connector.Account{}, nil, err
	}
	a := u.account()
	grants := make([]connector.Grant, 0, len(groups))
	for _, g := range groups {
		grants = append(grants, connector.Grant{Account: keyOf(a), Entitlement: g.entitlement()})
	}
	return a, grants, nil
}

func keyOf(a connector.Account) connector.Key {
	return connector.Key{NativeID: a.NativeID, ExternalID: a.ExternalID, Name: a.Name}
}

// user finds one user by the first part of the key that is given. It never falls back on a weaker part: the name of an account
// whose id is gone may by now be somebody else's.
func (t *target) user(ctx context.Context, k connector.Key) (user, error) {
	switch {
	case k.NativeID != "":
		return t.userByID(ctx, k.NativeID)
	case k.ExternalID != "":
		return one(t.users(ctx, "externalId", k.ExternalID))
	case k.Name != "":
		return t.userByName(ctx, k.Name)
	}
	return user{}, fmt.Errorf("%w: the account's key is empty", connector.ErrNotFound)
}

func (t *target) users(ctx context.Context, attr, value string) ([]user, error) {
	return find[user](ctx, t, "/Users", attr, value, nil)
}

func one(found []user, err error) (user, error) {
	switch {
	case err != nil:
		return user{}, err
	case len(found) == 0:
		return user{}, fmt.Errorf("%w: no such account", connector.ErrNotFound)
	case len(found) > 1:
		return user{}, fmt.Errorf("%w: %d accounts have the same external id", connector.ErrRefused, len(found))
	}
	return found[0], nil
}

// userByName prefers the same spelling, because some servers tell "Ann" from "ann".
func (t *target) userByName(ctx context.Context, name string) (user, error) {
	found, err := t.users(ctx, "userName", name)
	for _, u := range found {
		if u.UserName == name {
			return u, nil
		}
	}
	return one(found, err)
}

func (t *target) userByID(ctx context.Context, id string) (user, error) {
	var u user
	var raw json.RawMessage
	_, err := t.get(ctx, userPath(id), nil, 0, &raw)
	if err == nil {
		err = decode(call{method: http.MethodGet, path: userPath(id)}, raw, &u)
	}
	if err != nil {
		return u, err
	}
	u.lastSignIn = t.signIn.read(raw)
	if string(u.ID) != id {
		return u, &shapeError{"GET Users/…", "with another resource"}
	}
	t.remember("/Users externalId", known{string(u.ExternalID), id})
	return u, nil
}

// CreateAccount makes a user, or returns the one that already has the external id.
func (t *target) CreateAccount(ctx context.Context, _ string, a connector.Account) (connector.Account, error) {
	if a.ExternalID != "" {
		found, err := t.user(ctx, connector.Key{ExternalID: a.ExternalID})
		if err == nil {
			return found.account(), nil
		}
		if !errors.Is(err, connector.ErrNotFound) {
			return connector.Account{}, err
		}
	}
	c := call{method: http.MethodPost, path: "/Users", body: newUser(a), secrets: []string{a.Secret}}
	r, err := t.do(ctx, c)
	if err != nil {
		return t.notCreated(ctx, a, err)
	}
	var u user
	if r.late != nil || len(r.body) == 0 || json.Unmarshal(r.body, &u) != nil || u.ID == "" {
		return t.created(ctx, a, r)
	}
	t.remember("/Users externalId", known{string(u.ExternalID), string(u.ID)})
	return u.account(), nil
}

// created finds the new user of an answer that does not hold it: by the Location header, else by what was asked for.
func (t *target) created(ctx context.Context, a connector.Account, r *reply) (connector.Account, error) {
	k := connector.Key{ExternalID: a.ExternalID, Name: a.Name}
	if at := r.header.Get("Location"); at != "" {
		if id, err := url.PathUnescape(at[strings.LastIndexByte(at, '/')+1:]); err == nil {
			k.NativeID = id
		}
	}
	u, err := t.user(ctx, k)
	if err != nil {
		return connector.Account{}, fmt.Errorf("%w: the account was created and cannot be read: %w", connector.ErrAmbiguous, err)
	}
	return u.account(), nil
}

// notCreated tells a name that is taken from an account that another attempt has already made.
func (t *target) notCreated(ctx context.Context, a connector.Account, err error) (connector.Account, error) {
	var s *statusError
	if !errors.As(err, &s) || s.status != http.StatusConflict && s.scimType != "uniqueness" {
		return connector.Account{}, err
	}
	u, look := t.userByName(ctx, a.Name)
	switch {
	case errors.Is(look, connector.ErrNotFound):
		return connector.Account{}, err // something else is not unique; the server's detail says what
	case look != nil:
		return connector.Account{}, look
	case a.ExternalID != "" && string(u.ExternalID) == a.ExternalID:
		return u.account(), nil
	}
	return connector.Account{}, fmt.Errorf("%w: %w", connector.ErrTaken, s)
}

// UpdateAccount sets the name, when one is given, whether the account is enabled, and the attributes given; an attribute
// given empty is removed, one not given is left alone. Nothing is sent when all is already so.
func (t *target) UpdateAccount(ctx context.Context, _ string, a connector.Account) error {
	u, err := t.user(ctx, keyOf(a))
	if err != nil {
		return err
	}
	return t.changeUser(ctx, u, changes(u, a))
}

// DisableAccount sets active to false.
func (t *target) DisableAccount(ctx context.Context, _ string, a connector.Account) error {
	u, err := t.user(ctx, keyOf(a))
	if errors.Is(err, connector.ErrNotFound) {
		return nil
	}
	if err != nil || !u.Active.on() {
		return err
	}
	err = t.changeUser(ctx, u, []change{{path: "active", value: false, had: true}})
	if errors.Is(err, connector.ErrNotFound) {
		return nil
	}
	return err
}

// DeleteAccount deletes the user.
func (t *target) DeleteAccount(ctx context.Context, _ string, a connector.Account) error {
	id := a.NativeID
	if id == "" {
		u, err := t.user(ctx, keyOf(a))
		if errors.Is(err, connector.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		id = string(u.ID)
	}
	_, err := t.do(ctx, call{method: http.MethodDelete, path: userPath(id)})
	if errors.Is(err, connector.ErrNotFound) {
		return nil
	}
	return err
}

// changeUser carries changes out: by PATCH, or by PUT of the whole user with the changes in it.
func (t *target) changeUser(ctx context.Context, u user, list []change) error {
	if len(list) == 0 {
		return nil
	}
	path := userPath(string(u.ID))
	patches, err := t.patches(ctx)
	if err != nil {
		return err
	}
	if patches {
		ops := make([]operation, 0, len(list))
		for _, c := range list {
			ops = append(ops, c.operation())
		}
		_, err := t.do(ctx, call{method: http.MethodPatch, path: path, body: patchBody(ops)})
		if err == nil || !t.cannotPatch(err) {
			return taken(err)
		}
	}
	err = t.rewrite(ctx, path, func(whole map[string]any) bool {
		for _, c := range list {
			c.apply(whole)
		}
		delete(whole, "groups") // read-only; some servers refuse it in a PUT
		return true
	}, nil)
	return taken(err)
}

// taken tells a refused name from other refusals.
func taken(err error) error {
	var s *statusError
	if errors.As(err, &s) && (s.status == http.StatusConflict || s.scimType == "uniqueness") {
		return fmt.Errorf("%w: %w", connector.ErrTaken, s)
	}
	return err
}
