package scimtest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// list answers a query (RFC 7644 section 3.4.2): filter, then one page in the order of creation.
func (s *Server) list(w http.ResponseWriter, r *http.Request, t *table) *fault {
	q := r.URL.Query()
	var filter expr
	if text := q.Get("filter"); text != "" && !s.opts.SilentFilter {
		var f *fault
		if filter, f = s.filter(text); f != nil {
			return f
		}
	}
	start, count := number(q.Get("startIndex"), 1), number(q.Get("count"), s.opts.MaxPage)
	start, count = max(start, 1), min(max(count, 0), s.opts.MaxPage)
	if s.opts.IgnoreCount {
		count = s.opts.MaxPage
	}
	if s.opts.IgnoreStart {
		start = 1
	}
	sel := selectionOf(r)

	s.mu.RLock()
	defer s.mu.RUnlock()
	ids := t.order
	if filter != nil {
		ids = s.search(t, filter)
	}
	from := min(start-1, len(ids))
	page := ids[from:min(from+count, len(ids))]
	resources := make([]any, 0, len(page))
	for _, id := range page {
		resources = append(resources, s.render(r, t, t.byID[id], sel))
	}
	answer(w, http.StatusOK, map[string]any{
		"schemas": []string{listSchema}, "totalResults": len(ids), "startIndex": start, "itemsPerPage": len(resources), "Resources": resources,
	})
	return nil
}

func number(text string, otherwise int) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return otherwise
	}
	return n
}

func (s *Server) filter(text string) (expr, *fault) {
	if s.opts.NoFilter {
		return nil, invalid("invalidFilter", "filters are not supported")
	}
	e, err := parseFilter(text)
	if err != nil {
		return nil, invalid("invalidFilter", err.Error())
	}
	if s.opts.EqOnly && !eqOnly(e) {
		return nil, invalid("invalidFilter", "only eq and and are supported")
	}
	return s.sharpen(e), nil
}

func eqOnly(e expr) bool {
	switch e := e.(type) {
	case both:
		return eqOnly(e.a) && eqOnly(e.b)
	case compare:
		return e.op == "eq"
	}
	return false
}

// sharpen makes comparisons of userName case-sensitive on a server that is.
func (s *Server) sharpen(e expr) expr {
	switch e := e.(type) {
	case both:
		return both{s.sharpen(e.a), s.sharpen(e.b)}
	case either:
		return either{s.sharpen(e.a), s.sharpen(e.b)}
	case not:
		return not{s.sharpen(e.a)}
	case compare:
		e.exact = e.exact || (s.opts.CaseExact && e.path.attr == "userName")
		return e
	}
	return e
}

// search gives the matching ids in the order of creation; an eq on an indexed attribute looks at few resources.
func (s *Server) search(t *table, e expr) []string {
	ids, indexed := s.candidates(t, e)
	if !indexed {
		ids = t.order
	}
	out := []string{}
	for _, id := range ids {
		if rec := t.byID[id]; rec != nil && e.match(s.getter(t, rec)) {
			out = append(out, id)
		}
	}
	return out
}

func (s *Server) candidates(t *table, e expr) (ids []string, indexed bool) {
	switch e := e.(type) {
	case both:
		if ids, ok := s.candidates(t, e.a); ok {
			return ids, true
		}
		return s.candidates(t, e.b)
	case compare:
		want, text := e.value.(string)
		if !text || e.op != "eq" || e.path.ext != "" {
			return nil, false
		}
		switch {
		case e.path.attr == "id":
			return []string{want}, true
		case e.path.attr == t.unique:
			return []string{t.byName[t.fold(want)]}, true
		case e.path.attr == "externalId":
			return keys(t.byExt[want]), true
		case e.path.attr == "members":
			return keys(s.of[want]), true
		}
	}
	return nil, false
}

// keys gives the ids of an index, in one order every time: a listing that is read page by page must not shuffle in between.
func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// getter reads a stored resource for a filter, with the attributes that are kept beside it.
func (s *Server) getter(t *table, rec *record) getter {
	return func(p path) []any {
		switch {
		case p.ext != "" && s.opts.NoExtensionFilter,
			p.attr == "externalId" && s.opts.NoExternalFilter,
			p.attr == "members" && s.opts.NoMemberFilter:
			return nil
		case p.ext != "":
		case p.attr == "id":
			return []any{rec.id}
		case p.attr == "members":
			var out []any
			for id := range rec.members {
				out = append(out, id)
			}
			return out
		case p.attr == "groups" && t == s.users:
			var out []any
			for id := range s.of[rec.id] {
				out = append(out, id)
			}
			return out
		}
		return values(rec.attrs, p)
	}
}

func (s *Server) serviceProviderConfig(w http.ResponseWriter, _ *http.Request) *fault {
	if s.opts.NoConfig {
		return refuse(http.StatusNotFound, "", "there is no such endpoint")
	}
	supported := func(b bool) map[string]any { return map[string]any{"supported": b} }
	scheme := map[string]any{"type": "oauthbearertoken", "name": "Bearer token", "description": "a fixed token", "primary": true}
	answer(w, http.StatusOK, map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch":   supported(!s.opts.NoPatch), "etag": supported(!s.opts.NoETag), "sort": supported(false), "changePassword": supported(false),
		"filter":                map[string]any{"supported": !s.opts.NoFilter, "maxResults": s.opts.MaxPage},
		"bulk":                  map[string]any{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"authenticationSchemes": []any{scheme},
	})
	return nil
}

func (s *Server) resourceTypes(w http.ResponseWriter, _ *http.Request) *fault {
	kind := func(name, schema string, extensions ...any) map[string]any {
		return map[string]any{
			"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": name, "name": name,
			"endpoint": "/" + name + "s", "schema": schema, "schemaExtensions": append([]any{}, extensions...),
		}
	}
	enterprise := map[string]any{"schema": enterpriseSchema, "required": false}
	answerAll(w, kind("User", userSchema, enterprise), kind("Group", groupSchema))
	return nil
}

// schemas describes the attributes that this server gives a meaning; it keeps others as they are sent.
func (s *Server) schemas(w http.ResponseWriter, _ *http.Request) *fault {
	schema := func(id, name, attributes string) map[string]any {
		var list []any
		for _, a := range strings.Fields(attributes) {
			kind, multi := "string", false
			switch a {
			case "active":
				kind = "boolean"
			case "name", "manager":
				kind = "complex"
			case "emails", "members":
				kind, multi = "complex", true
			}
			list = append(list, map[string]any{
				"name": a, "type": kind, "multiValued": multi, "required": a == "userName", "caseExact": caseExact[a],
				"mutability": "readWrite", "returned": "default", "uniqueness": "none",
			})
		}
		return map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Schema"}, "id": id, "name": name, "attributes": list}
	}
	answerAll(w,
		schema(userSchema, "User", "userName externalId name displayName title emails active"),
		schema(groupSchema, "Group", "displayName externalId members"),
		schema(enterpriseSchema, "EnterpriseUser", "employeeNumber department manager"))
	return nil
}

func answerAll(w http.ResponseWriter, all ...any) {
	answer(w, http.StatusOK, map[string]any{
		"schemas": []string{listSchema}, "totalResults": len(all), "startIndex": 1, "itemsPerPage": len(all), "Resources": all,
	})
}
