package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tenure/internal/errs"
	"tenure/templates/lang"
)

// The codes of problems: what a program may branch on. The page of the API has a line for each, to which the problem's type leads.
const (
	codeInvalid      = "invalid"
	codeCursor       = "invalid_cursor"
	codeSignIn       = "unauthenticated"
	codeForbidden    = "forbidden"
	codeScope        = "wrong_scope"
	codeNotFound     = "not_found"
	codeMethod       = "method_not_allowed"
	codeAccept       = "not_acceptable"
	codeConflict     = "conflict"
	codeRunning      = "still_running"
	codeChanged      = "changed_meanwhile"
	codeTooLarge     = "too_large"
	codeMedia        = "unsupported_media_type"
	codeKeyUsed      = "idempotency_key_used"
	codeMatchMissing = "if_match_required"
	codeTooMany      = "too_many_requests"
	codeInternal     = "internal"
)

// problemCode is one code with its status and its words.
type problemCode struct {
	code   string
	status int
	title  string
	text   string
}

// problemCodes are all codes. The first of a status is the one that an error of that status has unless it says another.
var problemCodes = []problemCode{
	{codeInvalid, 400, lang.Mark("Something that was sent is not valid"), lang.Mark("The member errors says what, by JSON pointer or parameter. Nothing was done.")},
	{codeCursor, 400, lang.Mark("The cursor is not of this list"), lang.Mark("A cursor goes on in the list it came from, with the same filters and the same person. Begin at the first page.")},
	{codeSignIn, 401, lang.Mark("A token is missing or does not work"), lang.Mark("It is unknown, expired or revoked, or its person does not work here at present.")},
	{codeForbidden, 403, lang.Mark("The right for it is missing"), lang.Mark("The token's person may not do it, whatever the token.")},
	{codeScope, 403, lang.Mark("The token is not for it"), lang.Mark("Make a token with the scope that the operation names.")},
	{codeNotFound, 404, lang.Mark("There is no such thing"), lang.Mark("It does not exist, or not for this person: nobody can tell which.")},
	{codeMethod, 405, lang.Mark("The address is used in another way"), lang.Mark("The header Allow says how.")},
	{codeAccept, 406, lang.Mark("The answer has another form"), lang.Mark("Answers are application/json, problems application/problem+json.")},
	{codeConflict, 409, lang.Mark("It is in another state"), lang.Mark("Somebody else was faster, or it is over. The member by says who and when, where that is known.")},
	{codeRunning, 409, lang.Mark("The same call is still running"), lang.Mark("Send it again with the same key a little later: the answer is replayed.")},
	{codeChanged, 412, lang.Mark("It was changed meanwhile"), lang.Mark("Read it again; the header ETag says how it is now.")},
	{codeTooLarge, 413, lang.Mark("The body is too large"), lang.Mark("A body may have 256 KB.")},
	{codeMedia, 415, lang.Mark("The body has another form"), lang.Mark("Bodies are application/json in UTF-8.")},
	{codeKeyUsed, 422, lang.Mark("The Idempotency-Key was used for another call"), lang.Mark("A key stands for one call: the same address and the same body. Make a new key for each.")},
	{codeMatchMissing, 428, lang.Mark("The header If-Match is missing"), lang.Mark("It holds the ETag of what you read, so that nobody's change is overwritten unseen.")},
	{codeTooMany, 429, lang.Mark("Too many requests"), lang.Mark("The header Retry-After says how many seconds to wait.")},
	{codeInternal, 500, lang.Mark("Something went wrong on our side"), lang.Mark("The log has more under the request_id.")},
}

// problem is RFC 9457's, the answer to a client that asks for JSON.
type problem struct {
	Type      string         `json:"type" format:"uri-reference" doc:"Leads to what the code means."`
	Title     string         `json:"title" doc:"What the code means, in a few words."`
	Status    int            `json:"status" minimum:"400" maximum:"599" doc:"As in the status line."`
	Detail    string         `json:"detail,omitempty" doc:"What happened this time, for people."`
	Instance  string         `json:"instance" format:"uri" doc:"Names this answer."`
	Code      string         `json:"code" doc:"What a program may branch on."`
	RequestID string         `json:"request_id" doc:"By which the log knows the request; also in the header X-Request-Id."`
	Errors    []problemField `json:"errors,omitempty" nullable:"false" doc:"What is not valid, one by one."`
	By        *problemBy     `json:"by,omitempty" nullable:"false" doc:"Who was faster."`
}

// problemField is one thing that is not valid: in the body, or a parameter of the address or header.
type problemField struct {
	Pointer   string `json:"pointer,omitempty" doc:"Where in the body: a JSON pointer (RFC 6901) as part of an address."`
	Parameter string `json:"parameter,omitempty" doc:"The parameter's name."`
	Detail    string `json:"detail" doc:"What is wrong with it."`
}

// problemBy is who did before what somebody wanted to do.
type problemBy struct {
	Who string     `json:"who,omitempty" doc:"The person's name."`
	Did string     `json:"did" doc:"What they did, to be read after the name."`
	At  *time.Time `json:"at,omitempty" nullable:"false" doc:"When."`
}

// refused is an error with a status and a code of its own.
type refused struct {
	status int
	code   string
	text   string
	fields []problemField
}

func (e *refused) Error() string { return e.text }

// refusal makes one.
func refusal(status int, code, format string, a ...any) *refused {
	return &refused{status: status, code: code, text: fmt.Sprintf(format, a...)}
}

func (e *refused) with(fields ...problemField) *refused {
	e.fields = append(e.fields, fields...)
	return e
}

// pointer makes a JSON pointer of a path such as items[0].reason or spec.columns.number.
func pointer(path string) string {
	if path == "" {
		return "#"
	}
	path = strings.NewReplacer("~", "~0", "/", "~1").Replace(path)
	return "#/" + strings.NewReplacer("[", ".", "]", "", ".", "/").Replace(strings.ReplaceAll(path, "[", "."))
}

// problem puts an error into the form of the API.
func (r *request) problem(err error, status int, text string, fields []errs.Field) problem {
	p := problem{Status: status, Detail: strings.Replace(text, ":.", ".", 1), RequestID: r.reference(), Instance: "urn:tenure:request:" + r.reference()}
	var e *refused
	if errors.As(err, &e) {
		p.Code, p.Errors = e.code, e.fields
	}
	for _, f := range fields {
		p.Errors = append(p.Errors, problemField{Pointer: pointer(f.Field), Detail: sentence(r.T(f.Rule))})
	}
	var known *errs.Error
	if errors.As(err, &known) && known.By != nil {
		p.By = &problemBy{Who: known.By.Who, Did: known.By.Did}
		if at := known.By.At.UTC(); !at.IsZero() {
			p.By.At = &at
		}
	}
	for _, c := range problemCodes {
		if c.code == p.Code || p.Code == "" && c.status == status {
			p.Code, p.Title = c.code, r.T(c.title)
			break
		}
	}
	if p.Title == "" {
		p.Code, p.Title = "http_"+strconv.Itoa(status), http.StatusText(status)
	}
	p.Type = r.s.public + "/api#" + p.Code
	return p
}

// sendProblem answers with one.
func (r *request) sendProblem(p problem) {
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte("{}") // it is made of texts and numbers
	}
	r.Data(p.Status, "application/problem+json", body)
	r.Abort()
}
