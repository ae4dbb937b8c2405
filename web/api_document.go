package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/lang"
)

// The OpenAPI 3.1 document is made of the table of operations and the types that go in and out. docs/reference/openapi.json is a copy
// of it, which a test compares.

const apiAbout = `Identity governance for programs: people and what they hold with every reason, the catalogue, requests and decisions.

Every call but the one for this document carries a personal token (Authorization: Bearer), which never gives more than its person may do on
pages; cookies do not count. Times are RFC 3339 in UTC. Errors are problems of RFC 9457 with a code. Lists are read page by page with cursors.
Fields are added and never taken away within this version: programs overlook what they do not know.`

// newAPI makes the table of operations, and the document of it.
func (s *server) newAPI() error {
	s.schemas = schemas{huma.NewMapRegistry("#/components/schemas/", schemaName)}
	s.ops = slices.Concat(s.ofMe(), s.ofPeople(), s.ofCatalogue(), s.ofOffers(), s.ofRequests(), s.ofDecisions(), s.ofEvidence(), s.ofLog(), s.ofPacks())
	s.rates = newRates(s.app.Config.APIRate)
	doc := &huma.OpenAPI{OpenAPI: "3.1.0", Info: &huma.Info{Title: "Tenure", Version: "1", Description: apiAbout, License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		Contact: &huma.Contact{Name: "Who runs this installation"}},
		Servers: []*huma.Server{{URL: apiPath}},
		Components: &huma.Components{Schemas: s.schemas.Registry, Headers: s.documentHeaders(),
			Responses:       map[string]*huma.Response{"Problem": s.problemResponse()},
			SecuritySchemes: map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer", Description: "A personal token, made at /me/tokens for the scopes " + strings.Join(policy.Scopes, ", ") + "."}}}}
	tags := map[string]bool{}
	for i := range s.ops {
		o := &s.ops[i]
		doc.AddOperation(s.documented(o))
		if !tags[o.tag] {
			tags[o.tag] = true
			doc.Tags = append(doc.Tags, &huma.Tag{Name: o.tag, Description: tagWords[o.tag]})
		}
	}
	doc.AddOperation(s.aboutDocument())
	doc.Tags = append(doc.Tags, &huma.Tag{Name: "about", Description: tagWords["about"]})
	sort.Slice(doc.Tags, func(i, j int) bool { return doc.Tags[i].Name < doc.Tags[j].Name })
	for name, schema := range s.schemas.Map() {
		if !strings.HasSuffix(name, "In") { // what comes out may gain fields
			schema.AdditionalProperties = nil
		}
	}
	body, err := json.MarshalIndent(doc, "", "  ")
	s.document = append(body, '\n')
	return err
}

var tagWords = map[string]string{
	"about": lang.Mark("The API itself."), "me": lang.Mark("Who the token speaks for."), "people": lang.Mark("People and what they hold."), "catalogue": lang.Mark("Applications, what may be held in them, and what may be asked for."),
	"requests": lang.Mark("Asking for access, and deciding about it."), "evidence": lang.Mark("What was, and who decided it."),
}

// schemaName names the schema of a type as the document's readers would.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for _, prefix := range []string{"Api", "PageOfApi"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name = strings.TrimSuffix(prefix, "Api") + rest
			break
		}
	}
	return name
}

var inPath = regexp.MustCompile(`:(\w+)`)

// problemsOf are the statuses of problems that an operation may answer with.
func problemsOf(o *operation) []int {
	out := []int{400, 401, 403, 404, 406, 429, 500}
	if o.method != get {
		out = append(out, 409, 413, 415, 422)
	}
	if o.match {
		out = append(out, 412, 428)
	}
	return out
}

// documented is an operation as the document has it.
func (s *server) documented(o *operation) *huma.Operation {
	scope := policy.ScopeOf(o.permission, o.method == get)
	words := strings.TrimSpace(o.doc + fmt.Sprintf("\n\nNeeds the right `%s` and a token with the scope `%s`.", o.permission, scope))
	d := &huma.Operation{Method: o.method, Path: inPath.ReplaceAllString(o.path, "{$1}"), OperationID: o.name, Summary: o.summary, Description: words, Tags: []string{o.tag},
		Security: []map[string][]string{{"token": {}}}, Responses: map[string]*huma.Response{}}
	for _, m := range inPath.FindAllStringSubmatch(o.path, -1) {
		d.Parameters = append(d.Parameters, &huma.Param{Name: m[1], In: "path", Required: true, Description: pathWords[m[1]], Schema: pathSchema(m[1])})
	}
	o.asked = s.schemas.of(o.query)
	for _, name := range sortedKeys(o.asked.Properties) {
		p := *o.asked.Properties[name]
		words := p.Description
		p.Description = ""
		d.Parameters = append(d.Parameters, &huma.Param{Name: name, In: "query", Required: slices.Contains(o.asked.Required, name), Description: words, Schema: &p})
	}
	delete(s.schemas.Map(), schemaName(o.query, "")) // it stands with the operation
	ok := &huma.Response{Description: "What was asked for.", Headers: answerHeaders(o)}
	if o.media != "" {
		ok.Content = map[string]*huma.MediaType{o.media: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	} else {
		ok.Content = map[string]*huma.MediaType{jsonMedia: {Schema: s.schemas.Schema(o.answer, true, "")}}
	}
	d.Responses[strconv.Itoa(o.code())] = ok
	switch {
	case o.method != get:
		ok.Description, o.sent = "What was done.", s.schemas.of(o.body)
		d.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: s.schemas.Schema(o.body, true, "")}}}
		d.Parameters = append(d.Parameters, header("Idempotency-Key", "Names this call: sent again with the same body, it is answered as before and not done again. Good for 24 hours.", 1, 200, false))
		if o.match {
			d.Parameters = append(d.Parameters, header("If-Match", "The ETag of what was read.", 1, 200, true))
		}
	case ok.Headers["ETag"] != nil:
		d.Parameters = append(d.Parameters, header("If-None-Match", "The ETag of the answer that is at hand.", 1, 200, false))
		d.Responses["304"] = &huma.Response{Description: "It is as it was.", Headers: answerHeaders(o)}
	}
	for _, status := range problemsOf(o) {
		d.Responses[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/Problem"}
	}
	return d
}

func header(name, words string, least, most int, required bool) *huma.Param {
	return &huma.Param{Name: name, In: "header", Required: required, Description: words, Schema: &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &most}}
}

var pathWords = map[string]string{"id": "The id, as lists give it.", "name": "The name, as lists give it.", "number": "The step's number."}

func pathSchema(name string) *huma.Schema {
	switch name {
	case "id":
		return &huma.Schema{Type: huma.TypeString, Format: "uuid"}
	case "number":
		return &huma.Schema{Type: huma.TypeInteger}
	}
	return &huma.Schema{Type: huma.TypeString}
}

func (s *server) documentHeaders() map[string]*huma.Param {
	text, number := &huma.Schema{Type: huma.TypeString}, &huma.Schema{Type: huma.TypeInteger}
	all := map[string]*huma.Param{
		"ETag":                 {Description: "Names this state of it.", Schema: text},
		"X-Request-Id":         {Description: "By which the log knows the request.", Schema: text},
		"RateLimit":            {Description: "What is left of the token's share (draft-ietf-httpapi-ratelimit-headers).", Schema: text},
		"RateLimit-Policy":     {Description: "The token's share: requests in a minute.", Schema: text},
		"Retry-After":          {Description: "Seconds to wait, of 429.", Schema: number},
		"Idempotency-Replayed": {Description: "true: the call was done before and is answered again.", Schema: text},
	}
	if !slices.ContainsFunc(s.ops, func(o operation) bool { return o.method != get }) {
		delete(all, "Idempotency-Replayed")
	}
	return all
}

func answerHeaders(o *operation) map[string]*huma.Param {
	names := []string{"X-Request-Id", "RateLimit", "RateLimit-Policy"}
	if o.media == "" && !o.answer.Implements(reflect.TypeFor[listed]()) {
		names = append(names, "ETag")
	}
	if o.method != get {
		names = append(names, "Idempotency-Replayed")
	}
	out := map[string]*huma.Param{}
	for _, n := range names {
		out[n] = &huma.Param{Ref: "#/components/headers/" + n}
	}
	return out
}

func (s *server) problemResponse() *huma.Response {
	codes := make([]any, len(problemCodes))
	for i, c := range problemCodes {
		codes[i] = c.code
	}
	schema := s.schemas.Schema(reflect.TypeFor[problem](), true, "")
	s.schemas.of(reflect.TypeFor[problem]()).Properties["code"].Enum = codes
	headers := map[string]*huma.Param{"X-Request-Id": {Ref: "#/components/headers/X-Request-Id"}, "Retry-After": {Ref: "#/components/headers/Retry-After"}}
	return &huma.Response{Description: "What went wrong (RFC 9457).", Headers: headers, Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema}}}
}

func (s *server) aboutDocument() *huma.Operation {
	return &huma.Operation{Method: get, Path: "/openapi.json", OperationID: "getDocument", Summary: "Read this document", Description: "Needs no token.", Tags: []string{"about"},
		Security: []map[string][]string{}, Responses: map[string]*huma.Response{
			"200": {Description: "This document.", Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject}}}},
			"406": {Ref: "#/components/responses/Problem"}}}
}

// apiDocument publishes the document. It is the same for everybody.
func (s *server) apiDocument(r *request) error {
	return r.sendJSON(http.StatusOK, s.document, tagOf(nil, s.document))
}

// apiPage lists the operations and codes for people.
func (s *server) apiPage(r *request) error {
	v := templates.APIView{Document: apiPath + "/openapi.json"}
	for i := range s.ops {
		o := &s.ops[i]
		name := strings.TrimSuffix(r.T(tagWords[o.tag]), ".")
		if n := len(v.Groups); n == 0 || v.Groups[n-1].Name != name {
			v.Groups = append(v.Groups, templates.APIGroup{ID: "about-" + o.tag, Name: name})
		}
		g := &v.Groups[len(v.Groups)-1]
		g.Operations = append(g.Operations, templates.APIOperation{Method: o.method, Path: apiPath + inPath.ReplaceAllString(o.path, "{$1}"), Summary: r.T(o.summary),
			Right: o.permission, Scope: policy.ScopeOf(o.permission, o.method == get)})
	}
	for _, c := range problemCodes {
		v.Codes = append(v.Codes, templates.APICode{Code: c.code, Status: itoa(c.status), Title: r.T(c.title), Text: r.T(c.text)})
	}
	return r.show(templates.API(r.shell(r.T("The API")), v))
}
