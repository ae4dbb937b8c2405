package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"tenure/internal/connector"
)

const (
	maxBody   = 10 << 20 // of an answer
	maxGroup  = 64 << 20 // of an answer that is one group with all its members
	maxWait   = 15 * time.Minute
	someWait  = 5 * time.Second // when a server asks to wait and does not say how long
	maxDetail = 200             // runes of a server's explanation that are shown
)

// call is one request.
type call struct {
	method  string
	path    string // under the base address, ids escaped
	query   url.Values
	body    any
	ifMatch string
	limit   int64
	secrets []string // of this call, such as a first password
}

func (c call) writes() bool { return c.method != http.MethodGet }

// what names a call in an error: method and resource type, no ids and no values.
func (c call) what() string {
	part := strings.SplitN(strings.TrimPrefix(c.path, "/"), "/", 2)
	name := c.method + " " + part[0]
	if len(part) > 1 {
		name += "/…"
	}
	return name
}

// reply is an answer with status 2xx. late is set when the body did not arrive whole.
type reply struct {
	header http.Header
	body   []byte
	late   error
}

// statusError is an answer that says no.
type statusError struct {
	what     string
	status   int
	scimType string
	detail   string
}

func (e *statusError) Error() string {
	msg := fmt.Sprintf("%s answered %d", e.what, e.status)
	if e.scimType != "" {
		msg += " " + e.scimType
	}
	if e.detail != "" {
		msg += ": " + e.detail
	}
	return msg
}

// shapeError is an answer that is not what SCIM says.
type shapeError struct{ what, why string }

func (e *shapeError) Error() string { return e.what + " answered " + e.why }

var errTooLarge = errors.New("the answer is larger than allowed")

func statusOf(err error) int {
	var s *statusError
	if errors.As(err, &s) {
		return s.status
	}
	return 0
}

// do sends one request. An error of a write is ErrAmbiguous as soon as the server may have acted on it.
func (t *target) do(ctx context.Context, c call) (*reply, error) {
	inner, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	var sent atomic.Bool
	inner = httptrace.WithClientTrace(inner, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	req, err := t.request(inner, c)
	if err != nil {
		return nil, err
	}
	resp, err := t.client.Do(req)
	if err != nil {
		err = fmt.Errorf("%s failed: %w", c.what(), networkError(err))
		if c.writes() && sent.Load() {
			err = fmt.Errorf("%w: %w", connector.ErrAmbiguous, err)
		}
		return nil, err
	}
	defer resp.Body.Close()
	limit := int64(maxBody)
	if c.limit > 0 {
		limit = c.limit
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		err = fmt.Errorf("the answer to %s broke off: %w", c.what(), networkError(err))
	} else if int64(len(body)) > limit {
		err = fmt.Errorf("%s: %w", c.what(), errTooLarge)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, t.refusal(c, resp, body)
	}
	if err != nil && !c.writes() {
		return nil, err
	}
	return &reply{header: resp.Header, body: body, late: err}, nil
}

func (t *target) request(ctx context.Context, c call) (*http.Request, error) {
	var body io.Reader
	if c.body != nil {
		b, err := json.Marshal(c.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	address := t.base.String() + c.path
	if len(c.query) > 0 {
		// Some servers take "+" in a query literally; every server understands %20.
		address += "?" + strings.ReplaceAll(c.query.Encode(), "+", "%20")
	}
	req, err := http.NewRequestWithContext(ctx, c.method, address, body)
	if err != nil {
		return nil, fmt.Errorf("%s: the address cannot be built", c.what())
	}
	req.Header.Set("Accept", "application/scim+json, application/json")
	req.Header.Set("User-Agent", "tenure")
	if c.body != nil {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	if c.ifMatch != "" {
		req.Header.Set("If-Match", c.ifMatch)
	}
	t.auth(req)
	return req, nil
}

// networkError drops the address, whose query may name a person, and keeps the cause.
func networkError(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("%s: %w", op.Op, op.Err)
	}
	return err
}

// refusal makes an error of an answer outside 2xx (RFC 7644 section 3.12).
func (t *target) refusal(c call, resp *http.Response, body []byte) error {
	var scim struct{ ScimType, Detail string }
	_ = json.Unmarshal(body, &scim) // an answer that is not SCIM has no detail to show
	status := &statusError{what: c.what(), status: resp.StatusCode}
	status.scimType, status.detail = t.clean(scim.ScimType, c.secrets, 30), t.clean(scim.Detail, c.secrets, maxDetail)
	code := resp.StatusCode
	wait, asked := retryAfter(resp.Header)
	switch {
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable && asked:
		return fmt.Errorf("%w: %w", status, &connector.Throttled{After: wait})
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return fmt.Errorf("%w: %w", connector.ErrUnauthorized, status)
	case code == http.StatusNotFound:
		return fmt.Errorf("%w: %w", connector.ErrNotFound, status)
	case code == http.StatusNotImplemented:
		return fmt.Errorf("%w: %w", connector.ErrRefused, status)
	case code == http.StatusRequestTimeout, code >= 500:
		if c.writes() {
			return fmt.Errorf("%w: %w", connector.ErrAmbiguous, status)
		}
		return status
	}
	return fmt.Errorf("%w: %w", connector.ErrRefused, status)
}

// clean makes a server's text fit to show: one short line, without control characters and without anything secret.
func (t *target) clean(text string, more []string, limit int) string {
	for _, list := range [][]string{t.secrets, more} {
		for _, s := range list {
			if s != "" {
				text = strings.ReplaceAll(text, s, "…")
			}
		}
	}
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if r := []rune(text); len(r) > limit {
		text = string(r[:limit]) + "…"
	}
	return text
}

// retryAfter reads Retry-After as seconds or as a date (RFC 9110 section 10.2.3). A date is measured against the server's own
// clock, the Date header.
func retryAfter(h http.Header) (wait time.Duration, asked bool) {
	text := h.Get("Retry-After")
	wait = someWait
	if s, err := strconv.ParseFloat(text, 64); err == nil && s >= 0 {
		wait = time.Duration(min(s, maxWait.Seconds()) * float64(time.Second))
	} else if till, err := http.ParseTime(text); err == nil {
		if now, err := http.ParseTime(h.Get("Date")); err == nil {
			wait = till.Sub(now)
		}
	}
	return min(max(wait, time.Second), maxWait), text != ""
}

// get reads one resource into v.
func (t *target) get(ctx context.Context, path string, query url.Values, limit int64, v any) (*reply, error) {
	c := call{method: http.MethodGet, path: path, query: query, limit: limit}
	r, err := t.do(ctx, c)
	if err != nil {
		return nil, err
	}
	return r, decode(c, r.body, v)
}

func decode(c call, body []byte, v any) error {
	if err := json.Unmarshal(body, v); err != nil {
		return &shapeError{c.what(), "what is not the JSON asked for"}
	}
	return nil
}
