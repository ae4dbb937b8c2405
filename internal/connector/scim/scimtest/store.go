package scimtest

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"
)

// record is one user or group. attrs are its SCIM attributes as decoded JSON, without id, meta and members; once stored they
// are never changed in place, so a reader may keep them after the lock is gone.
type record struct {
	id       string
	attrs    map[string]any
	version  int
	created  time.Time
	modified time.Time
	members  map[string]*member // of a group: by user id
}

// member is one membership. times is above 1 only on a server that lists a member as often as it was added.
type member struct {
	seq   uint64
	times int
}

func (r *record) text(name string) string { s, _ := r.attrs[name].(string); return s }

// table holds the resources of one type in the order of their creation, with the indexes that look-ups need.
type table struct {
	kind   string
	unique string // the attribute that may not occur twice
	fold   func(string) string
	byID   map[string]*record
	order  []string
	byName map[string]string              // folded unique attribute -> id
	byExt  map[string]map[string]struct{} // externalId -> ids
}

func newTable(kind string) *table {
	t := &table{
		kind: kind, unique: "userName", fold: strings.ToLower,
		byID: map[string]*record{}, byName: map[string]string{}, byExt: map[string]map[string]struct{}{},
	}
	if kind == "Group" {
		t.unique = "displayName"
	}
	return t
}

// taken says whether another resource than id has this name.
func (t *table) taken(name, id string) bool {
	other, ok := t.byName[t.fold(name)]
	return ok && other != id
}

// put stores a record, new or changed.
func (t *table) put(r *record) {
	if old, ok := t.byID[r.id]; ok {
		t.unindex(old)
	} else {
		t.order = append(t.order, r.id)
	}
	t.byID[r.id] = r
	t.byName[t.fold(r.text(t.unique))] = r.id
	if ext := r.text("externalId"); ext != "" {
		if t.byExt[ext] == nil {
			t.byExt[ext] = map[string]struct{}{}
		}
		t.byExt[ext][r.id] = struct{}{}
	}
}

func (t *table) unindex(r *record) {
	delete(t.byName, t.fold(r.text(t.unique)))
	ext := r.text("externalId")
	delete(t.byExt[ext], r.id)
	if len(t.byExt[ext]) == 0 {
		delete(t.byExt, ext)
	}
}

func (t *table) drop(r *record) {
	t.unindex(r)
	delete(t.byID, r.id)
	if i := slices.Index(t.order, r.id); i >= 0 {
		t.order = slices.Delete(t.order, i, i+1)
	}
}

// join and leave are the only ways in which a membership changes. They say whether anything did.
func (s *Server) join(g *record, user string) bool {
	m := g.members[user]
	if m != nil && !s.opts.DuplicateMembers {
		return false
	}
	if m == nil {
		s.nextSeq++
		m = &member{seq: s.nextSeq}
		g.members[user] = m
	}
	m.times++
	if s.of[user] == nil {
		s.of[user] = map[string]bool{}
	}
	s.of[user][g.id] = true
	return true
}

func (s *Server) leave(g *record, user string) bool {
	if g.members[user] == nil {
		return false
	}
	delete(g.members, user)
	delete(s.of[user], g.id)
	if len(s.of[user]) == 0 {
		delete(s.of, user)
	}
	return true
}

// dropUser and dropGroup remove a resource with its memberships.
func (s *Server) dropUser(u *record) {
	for id := range s.of[u.id] {
		s.leave(s.groups.byID[id], u.id)
	}
	s.users.drop(u)
}

func (s *Server) dropGroup(g *record) {
	for user := range g.members {
		s.leave(g, user)
	}
	s.groups.drop(g)
}

// memberIDs gives the members in the order in which they joined, as often as the server lists them.
func (r *record) memberIDs() []string {
	type joined struct {
		id string
		*member
	}
	all := make([]joined, 0, len(r.members))
	for id, m := range r.members {
		all = append(all, joined{id, m})
	}
	slices.SortFunc(all, func(a, b joined) int { return cmp.Compare(a.seq, b.seq) })
	ids := make([]string, 0, len(all))
	for _, j := range all {
		for range j.times {
			ids = append(ids, j.id)
		}
	}
	return ids
}

func newID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// User is a copy of one account, for tests and pages.
type User struct {
	ID, ExternalID, UserName, DisplayName string
	Active                                bool
	Attributes                            map[string]any // do not change
	Groups                                []string       // display names, sorted
}

// Group is a copy of one group, for tests and pages.
type Group struct {
	ID, DisplayName string
	Members         []string // user ids, in the order in which they joined
}

// Users gives all accounts in the order of their creation.
func (s *Server) Users() []User {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]User, 0, len(s.users.order))
	for _, id := range s.users.order {
		r := s.users.byID[id]
		u := User{ID: id, ExternalID: r.text("externalId"), UserName: r.text("userName"), DisplayName: r.text("displayName"), Attributes: r.attrs}
		u.Active, _ = r.attrs["active"].(bool)
		for g := range s.of[id] {
			u.Groups = append(u.Groups, s.groups.byID[g].text("displayName"))
		}
		slices.Sort(u.Groups)
		out = append(out, u)
	}
	return out
}

// Groups gives all groups in the order of their creation.
func (s *Server) Groups() []Group {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]Group, 0, len(s.groups.order))
	for _, id := range s.groups.order {
		g := s.groups.byID[id]
		out = append(out, Group{ID: id, DisplayName: g.text("displayName"), Members: g.memberIDs()})
	}
	return out
}

// AddUser makes an active account that nobody asked for over SCIM, and gives its id. The name must be free.
func (s *Server) AddUser(userName string) string {
	return s.add(s.users, map[string]any{"userName": userName, "active": true})
}

// SignIn lets the person of an account sign in at a time. It says whether there is such an account that may.
func (s *Server) SignIn(userName string, at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.users.byID[s.users.byName[s.users.fold(userName)]]
	if old == nil || old.attrs["active"] != true {
		return false
	}
	attrs := maps.Clone(old.attrs)
	attrs[signInSchema] = map[string]any{"lastLogin": at.UTC().Format(time.RFC3339)}
	s.store(s.users, old, attrs)
	return true
}

// AddGroup makes a group and gives its id. The name must be free.
func (s *Server) AddGroup(displayName string) string {
	return s.add(s.groups, map[string]any{"displayName": displayName})
}

func (s *Server) add(t *table, attrs map[string]any) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.fresh(t, attrs)
	t.put(r)
	s.log(entry{Put: t.kind, Record: r})
	return r.id
}

func (s *Server) fresh(t *table, attrs map[string]any) *record {
	now := time.Now().UTC()
	r := &record{id: newID(), attrs: attrs, version: 1, created: now, modified: now}
	if t == s.groups {
		r.members = map[string]*member{}
	}
	return r
}
