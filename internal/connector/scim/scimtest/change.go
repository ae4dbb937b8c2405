package scimtest

import (
	"net/http"
	"strings"
	"time"
)

func (s *Server) read(w http.ResponseWriter, r *http.Request, t *table) *fault {
	s.mu.RLock()
	defer s.mu.RUnlock()
	rec := t.byID[r.PathValue("id")]
	if rec == nil {
		return notFound(r)
	}
	s.tag(w, rec)
	answer(w, http.StatusOK, s.render(r, t, rec, selectionOf(r)))
	return nil
}

func notFound(r *http.Request) *fault {
	return refuse(http.StatusNotFound, "", "there is no resource "+r.PathValue("id"))
}

func (s *Server) tag(w http.ResponseWriter, rec *record) {
	if !s.opts.NoETag {
		w.Header().Set("ETag", rec.etag())
	}
}

func (s *Server) create(w http.ResponseWriter, r *http.Request, t *table) *fault {
	attrs, members, f := s.resource(r, t)
	if f != nil {
		return f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.admissible(t, attrs, "", members); f != nil {
		return f
	}
	rec := s.fresh(t, attrs)
	t.put(rec)
	s.log(entry{Put: t.kind, Record: rec})
	s.setMembers(rec, members)
	if f := s.broken(); f != nil {
		return f
	}
	out := s.render(r, t, rec, selection{})
	if meta := out["meta"].(map[string]any); meta["location"] != nil {
		w.Header().Set("Location", meta["location"].(string))
	}
	s.tag(w, rec)
	answer(w, http.StatusCreated, out)
	return nil
}

func (s *Server) replace(w http.ResponseWriter, r *http.Request, t *table) *fault {
	attrs, members, f := s.resource(r, t)
	if f != nil {
		return f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := t.byID[r.PathValue("id")]
	if old == nil {
		return notFound(r)
	}
	if f := s.unchanged(r, old); f != nil {
		return f
	}
	if f := s.admissible(t, attrs, old.id, members); f != nil {
		return f
	}
	rec := s.store(t, old, attrs)
	s.setMembers(rec, members)
	return s.answerChanged(w, r, t, rec, false)
}

func (s *Server) patch(w http.ResponseWriter, r *http.Request, t *table) *fault {
	if s.opts.NoPatch {
		return refuse(http.StatusNotImplemented, "", "PATCH is not supported")
	}
	ops, f := decodePatch(r)
	if f != nil {
		return f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := t.byID[r.PathValue("id")]
	if old == nil {
		return notFound(r)
	}
	if f := s.unchanged(r, old); f != nil {
		return f
	}
	attrs, change, f := s.applyPatch(t, old, ops)
	if f != nil {
		return f
	}
	if f := s.accept(t, attrs); f != nil {
		return f
	}
	if f := s.admissible(t, attrs, old.id, change.added()); f != nil {
		return f
	}
	rec := s.store(t, old, attrs)
	s.changeMembers(rec, change)
	return s.answerChanged(w, r, t, rec, s.opts.NoContent)
}

func (s *Server) remove(w http.ResponseWriter, r *http.Request, t *table) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := t.byID[r.PathValue("id")]
	if rec == nil {
		return notFound(r)
	}
	if f := s.unchanged(r, rec); f != nil {
		return f
	}
	if t == s.users {
		s.dropUser(rec)
	} else {
		s.dropGroup(rec)
	}
	s.log(entry{Delete: t.kind, ID: rec.id})
	if f := s.broken(); f != nil {
		return f
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// resource reads the body of a POST or PUT.
func (s *Server) resource(r *http.Request, t *table) (attrs map[string]any, members []string, f *fault) {
	var body map[string]any
	if f := decode(r, &body); f != nil {
		return nil, nil, f
	}
	attrs = canonical(body).(map[string]any)
	schema := map[string]string{"User": userSchema, "Group": groupSchema}[t.kind]
	listed, _ := attrs["schemas"].([]any)
	if !containsFold(listed, schema) {
		return nil, nil, invalid("invalidSyntax", "schemas must list "+schema)
	}
	if t == s.groups {
		if members, f = memberValues(attrs["members"]); f != nil {
			return nil, nil, f
		}
	}
	return attrs, members, s.accept(t, attrs)
}

func containsFold(list []any, want string) bool {
	for _, v := range list {
		if text, ok := v.(string); ok && strings.EqualFold(text, want) {
			return true
		}
	}
	return false
}

// admissible checks what needs the other resources: uniqueness, and members that exist.
func (s *Server) admissible(t *table, attrs map[string]any, id string, members []string) *fault {
	if name, _ := attrs[t.unique].(string); t.taken(name, id) {
		return refuse(http.StatusConflict, "uniqueness", t.unique+" is already used")
	}
	if s.opts.LaxMembers {
		return nil
	}
	for _, m := range members {
		if s.users.byID[m] == nil {
			return invalid("invalidValue", "a member is no user of this server")
		}
	}
	return nil
}

// unchanged answers If-Match (RFC 7644 section 3.14).
func (s *Server) unchanged(r *http.Request, rec *record) *fault {
	want := r.Header.Get("If-Match")
	if want == "" || want == "*" || s.opts.NoETag || want == rec.etag() {
		return nil
	}
	return refuse(http.StatusPreconditionFailed, "", "the resource has changed")
}

// store puts the next version of a record. What only the server sets stays.
func (s *Server) store(t *table, old *record, attrs map[string]any) *record {
	if seen, ok := old.attrs[signInSchema]; ok && attrs[signInSchema] == nil {
		attrs[signInSchema] = seen
	}
	rec := &record{
		id: old.id, attrs: attrs, version: old.version + 1, created: old.created, modified: time.Now().UTC(), members: old.members,
	}
	t.put(rec)
	s.log(entry{Put: t.kind, Record: rec})
	return rec
}

func (s *Server) answerChanged(w http.ResponseWriter, r *http.Request, t *table, rec *record, empty bool) *fault {
	if f := s.broken(); f != nil {
		return f
	}
	s.tag(w, rec)
	if empty {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	sel := selectionOf(r)
	if r.Method == http.MethodPatch && t == s.groups && sel.only == nil && len(rec.members) > 100 {
		// A change of one member must not cost the rendering of all; RFC 7644 section 3.5.2 leaves the choice to the server.
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	answer(w, http.StatusOK, s.render(r, t, rec, sel))
	return nil
}

// broken refuses service once a change could not be written to the state file.
func (s *Server) broken() *fault {
	if s.journal != nil && s.journal.err != nil {
		return refuse(http.StatusInternalServerError, "", "the state file cannot be written")
	}
	return nil
}

func (s *Server) setMembers(g *record, members []string) {
	if g.members == nil {
		return
	}
	s.changeMembers(g, memberChange{clear: true, steps: joins(members)})
}

// changeMembers applies a checked change of membership and journals each step.
func (s *Server) changeMembers(g *record, c memberChange) {
	if c.clear {
		keep := map[string]bool{}
		for _, st := range c.steps {
			keep[st.user] = st.join
		}
		for _, id := range g.memberIDs() {
			if !keep[id] && s.leave(g, id) {
				s.log(entry{Leave: g.id, ID: id})
			}
		}
	}
	for _, st := range c.steps {
		switch {
		case st.join && c.clear && g.members[st.user] != nil:
		case st.join && s.join(g, st.user):
			s.log(entry{Join: g.id, ID: st.user})
		case !st.join && s.leave(g, st.user):
			s.log(entry{Leave: g.id, ID: st.user})
		}
	}
}
