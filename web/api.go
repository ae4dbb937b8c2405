package web

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/policy"
)

// The API is for programs: it speaks JSON, takes personal tokens and no cookies, and answers every error as an RFC 9457 problem. What
// it does is a table of operations, each with the types of what goes in and out; routes, checks of what is sent and the OpenAPI
// document are made of them. Rights, scopes and rules about single objects are those of the pages.

const (
	apiPath   = "/api/v1"
	jsonMedia = "application/json"
)

// api says whether a request is for the API.
func api(h *http.Request) bool {
	return h.URL.Path == apiPath || strings.HasPrefix(h.URL.Path, apiPath+"/")
}

// operation is one thing that the API does.
type operation struct {
	method, path string // as gin has it, below apiPath
	permission   string
	name         string // operationId
	tag, summary string
	doc          string // what the summary does not say

	query, body, answer reflect.Type // of structs; nil for none
	status              int          // of the answer; 200 when it is 0
	media               string       // of the answer where it is a file, and no JSON
	match               bool         // a change of something that must not have changed meanwhile: If-Match is required

	handler func(*request, *operation) error

	asked, sent *huma.Schema // of query and body
}

// nothingAsked is the query of an operation that has none.
type nothingAsked struct{}

// reads makes a reading operation of a function over one moment. What it gives is answered with a strong ETag.
func reads[Q, A any](o operation, fn func(*request, *db.Tx, Q) (A, error)) operation {
	o.method, o.query, o.answer = get, reflect.TypeFor[Q](), reflect.TypeFor[A]()
	o.handler = func(r *request, o *operation) error {
		var q Q
		if err := r.asked(o, &q); err != nil {
			return err
		}
		var a A
		if err := r.read(func(tx *db.Tx) (err error) { a, err = fn(r, tx, q); return err }); err != nil {
			return err
		}
		return r.tell(o, a)
	}
	return o
}

// acts makes an operation that changes something of a function over one transaction in the token's person's name. A call with an
// Idempotency-Key is done once: its answer is kept in the same transaction.
func acts[B, A any](o operation, fn func(*request, *db.Tx, B) (A, error)) operation {
	if o.method == "" {
		o.method = post
	}
	o.query, o.body, o.answer = reflect.TypeFor[nothingAsked](), reflect.TypeFor[B](), reflect.TypeFor[A]()
	o.handler = func(r *request, o *operation) error {
		if err := r.asked(o, &nothingAsked{}); err != nil {
			return err
		}
		var b B
		body, err := r.sentBody(o, &b)
		if err != nil {
			return err
		}
		call, err := r.call(body)
		if err != nil {
			return err
		}
		var out *auth.Answered
		replayed := false
		if err := r.do(func(tx *db.Tx) (err error) {
			out, replayed, err = once(tx, call, func() (*auth.Answered, error) {
				a, err := fn(r, tx, b)
				if err != nil {
					return nil, err
				}
				body, err := json.Marshal(a)
				return &auth.Answered{Status: o.code(), Tag: tagOf(a, body), Body: body}, err
			})
			return err
		}); err != nil {
			return err
		}
		if replayed {
			r.Header("Idempotency-Replayed", "true")
		}
		return r.sendJSON(out.Status, out.Body, out.Tag)
	}
	return o
}

// apiRoutes are the rows of the route table.
func (s *server) apiRoutes() []route {
	all := []route{{get, apiPath + "/openapi.json", Public, s.apiDocument}, {get, "/api", Public, s.apiPage}}
	for i := range s.ops {
		o := &s.ops[i]
		all = append(all, route{o.method, apiPath + o.path, o.permission, func(r *request) error { return o.handler(r, o) }})
	}
	return all
}

// serveAPI is serve for the API: a token and nothing else says who is there.
func (r *request) serveAPI(row route) error {
	if err := r.acceptable(r.s.mediaOf(row)); err != nil {
		return err
	}
	if row.permission == Public {
		return row.handler(r)
	}
	token := bearerOf(r.Request)
	if token == "" {
		r.Header("WWW-Authenticate", `Bearer realm="tenure"`)
		return errs.Unauthenticated("give a personal token in the header Authorization: Bearer; sessions of browsers do not count here")
	}
	if err := r.s.identifyBearer(r, token); err != nil {
		return err
	}
	if r.who == nil {
		return errs.Unauthenticated("the token's person does not work here at present")
	}
	if err := r.rated(); err != nil {
		return err
	}
	scope := policy.ScopeOf(row.permission, row.method == get)
	switch {
	case scope == "":
		return refusal(http.StatusForbidden, codeScope, "no token may be used for it")
	case !r.inScope(row.permission):
		return refusal(http.StatusForbidden, codeScope, "the token was not made for it: it would need the scope %q", scope)
	case !r.may(row.permission):
		return errs.Forbidden("your account does not have the right for it (%s); ask an administrator if you need it", row.permission)
	}
	if err := r.opened(row); err != nil {
		return err
	}
	return row.handler(r)
}

// mediaOf is the form of a route's answer where that is a file; else JSON.
func (s *server) mediaOf(row route) string {
	for i := range s.ops {
		if o := &s.ops[i]; o.media != "" && o.method == row.method && apiPath+o.path == row.path {
			return o.media
		}
	}
	return jsonMedia
}

// acceptable refuses who wants another form than the API has (RFC 9110, 12.5.1): JSON, and of a file that of the file. Who says nothing takes
// anything.
func (r *request) acceptable(media string) error {
	accept := r.GetHeader("Accept")
	if accept == "" {
		return nil
	}
	for part := range strings.SplitSeq(accept, ",") {
		kind, rest, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "*/*", "application/*", jsonMedia, "application/problem+json", "application/vnd.oai.openapi+json", media:
			if q := strings.ReplaceAll(rest, " ", ""); q != "q=0" && q != "q=0.0" {
				return nil
			}
		}
	}
	return refusal(http.StatusNotAcceptable, codeAccept, "the API answers in application/json only")
}

// tell answers with what an operation gave.
func (r *request) tell(o *operation, a any) error {
	body, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return r.sendJSON(o.code(), body, tagOf(a, body))
}

// sendJSON sends an answer, or says that the asker has it already.
func (r *request) sendJSON(status int, body []byte, tag string) error {
	if tag != "" {
		r.Header("ETag", tag)
		if r.Request.Method != http.MethodPost && named(r.GetHeader("If-None-Match"), tag, true) {
			r.Status(http.StatusNotModified)
			r.Writer.WriteHeaderNow()
			return nil
		}
	}
	r.Data(status, "application/json", body)
	return nil
}

func (o *operation) code() int {
	if o.status == 0 {
		return http.StatusOK
	}
	return o.status
}
