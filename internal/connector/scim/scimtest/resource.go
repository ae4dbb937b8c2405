package scimtest

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The schemas this server speaks (RFC 7643 section 8.7, RFC 7644 section 3.1).
const (
	userSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	listSchema       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	patchSchema      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	errorSchema      = "urn:ietf:params:scim:api:messages:2.0:Error"
)

// SignInPath is where a user holds the time of the last sign-in, RFC 3339, as the setting last_sign_in of the connector takes it.
// Only SignIn sets it: what a client sends there is dropped.
const SignInPath = signInSchema + ":lastLogin"

const signInSchema = "urn:tenure:params:scim:schemas:extension:activity:2.0:User"

const maxRequest = 10 << 20

// fault is an answer in the form of RFC 7644 section 3.12.
type fault struct {
	status   int
	scimType string
	detail   string
}

func refuse(status int, scimType, detail string) *fault { return &fault{status, scimType, detail} }

func invalid(scimType, detail string) *fault {
	return refuse(http.StatusBadRequest, scimType, detail)
}

func fail(w http.ResponseWriter, f *fault) {
	body := map[string]any{"schemas": []string{errorSchema}, "status": strconv.Itoa(f.status), "detail": f.detail}
	if f.scimType != "" {
		body["scimType"] = f.scimType
	}
	answer(w, f.status, body)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/scim+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client went away
}

func decode(r *http.Request, into any) *fault {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if kind = strings.TrimSpace(strings.ToLower(kind)); kind != "application/scim+json" && kind != "application/json" {
		return refuse(http.StatusUnsupportedMediaType, "", "send application/scim+json")
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxRequest))
	if err != nil {
		return refuse(http.StatusRequestEntityTooLarge, "", "the body is too large")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return invalid("invalidSyntax", "the body is not the JSON asked for")
	}
	return nil
}

// known maps the lower-case form of attribute names to their spelling: names are case-insensitive (RFC 7643 section 2.1).
var known = func() map[string]string {
	m := map[string]string{}
	for _, n := range strings.Fields(`userName externalId displayName nickName profileUrl title userType preferredLanguage locale
		timezone active password name emails phoneNumbers ims photos addresses groups entitlements roles x509Certificates members
		formatted familyName givenName middleName honorificPrefix honorificSuffix value type primary display $ref schemas id meta
		employeeNumber costCenter organization division department manager streetAddress locality region postalCode country`) {
		m[strings.ToLower(n)] = n
	}
	m[strings.ToLower(enterpriseSchema)] = enterpriseSchema
	return m
}()

func canon(name string) string {
	if n, ok := known[strings.ToLower(name)]; ok {
		return n
	}
	return name
}

// canonical gives v with all attribute names in their canonical spelling, as a copy, without nulls (RFC 7643 section 2.5).
func canonical(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if e != nil {
				out[canon(k)] = canonical(e)
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, e := range v {
			if e != nil {
				out = append(out, canonical(e))
			}
		}
		return out
	}
	return v
}

// accept makes stored attributes of received ones: what only the server may set is dropped, active becomes a boolean.
func (s *Server) accept(t *table, attrs map[string]any) *fault {
	for _, readOnly := range []string{"id", "meta", "schemas", "groups", "members", "password", signInSchema} {
		delete(attrs, readOnly)
	}
	if name, _ := attrs[t.unique].(string); name == "" {
		return invalid("invalidValue", t.unique+" is required")
	}
	if t == s.groups {
		return nil
	}
	switch v := attrs["active"].(type) {
	case nil:
		attrs["active"] = true
	case bool:
	case string:
		b, err := strconv.ParseBool(strings.ToLower(v))
		if err != nil || s.opts.StrictBooleans {
			return invalid("invalidValue", "active is a boolean")
		}
		attrs["active"] = b
	default:
		return invalid("invalidValue", "active is a boolean")
	}
	return nil
}

// render gives the resource as it is answered. It is called under the lock. Members are left out when not asked for, because
// they are by far the largest part.
func (s *Server) render(r *http.Request, t *table, rec *record, sel selection) map[string]any {
	out := make(map[string]any, len(rec.attrs)+4)
	for k, v := range rec.attrs {
		out[k] = v
	}
	schemas, path := []string{userSchema}, "/Users/"
	if t == s.groups {
		schemas, path = []string{groupSchema}, "/Groups/"
		if sel.wants("members") {
			out["members"] = s.renderMembers(rec)
		}
	} else if sel.wants("groups") && !s.opts.NoGroupsOfUser {
		out["groups"] = s.renderGroups(rec.id)
	}
	for _, extension := range []string{enterpriseSchema, signInSchema} {
		if _, ok := rec.attrs[extension]; ok {
			schemas = append(schemas, extension)
		}
	}
	out["schemas"], out["id"] = schemas, rec.id
	meta := map[string]any{"resourceType": t.kind, "created": rec.created.Format(time.RFC3339Nano), "lastModified": rec.modified.Format(time.RFC3339Nano)}
	if !s.opts.NoLocation {
		meta["location"] = locationOf(r, path+rec.id)
	}
	if !s.opts.NoETag {
		meta["version"] = rec.etag()
	}
	out["meta"] = meta
	if active, ok := out["active"].(bool); ok && s.opts.TextBooleans {
		out["active"] = map[bool]string{true: "True", false: "False"}[active]
	}
	sel.trim(out)
	return out
}

func (s *Server) renderMembers(g *record) []any {
	members := make([]any, 0, len(g.members))
	for _, id := range g.memberIDs() {
		m := map[string]any{"value": id, "type": "User"}
		if u := s.users.byID[id]; u != nil {
			m["display"] = u.text("userName")
		}
		members = append(members, m)
	}
	return members
}

func (s *Server) renderGroups(user string) []any {
	groups := make([]any, 0, len(s.of[user]))
	for id := range s.of[user] {
		groups = append(groups, map[string]any{"value": id, "display": s.groups.byID[id].text("displayName"), "type": "direct"})
	}
	return groups
}

func (r *record) etag() string { return `W/"` + strconv.Itoa(r.version) + `"` }

func locationOf(r *http.Request, path string) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + Prefix + path
}

// selection is the attributes and excludedAttributes of a request (RFC 7644 section 3.9), by top-level attribute.
type selection struct {
	only map[string]bool
	drop map[string]bool
}

func selectionOf(r *http.Request) selection {
	set := func(list string) map[string]bool {
		if list == "" {
			return nil
		}
		m := map[string]bool{}
		for _, a := range strings.Split(list, ",") {
			if p, err := parsePath(strings.TrimSpace(a)); err == nil && p.ext != "" {
				m[p.ext] = true
			} else if err == nil {
				m[p.attr] = true
			}
		}
		return m
	}
	return selection{only: set(r.URL.Query().Get("attributes")), drop: set(r.URL.Query().Get("excludedAttributes"))}
}

func (s selection) wants(attr string) bool {
	return (s.only == nil || s.only[attr]) && !s.drop[attr]
}

// trim drops what was not asked for; id and schemas always stay.
func (s selection) trim(out map[string]any) {
	for k := range out {
		if k != "id" && k != "schemas" && !s.wants(k) {
			delete(out, k)
		}
	}
}
