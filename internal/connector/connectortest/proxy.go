package connectortest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy stands between a connector and its target, over real HTTP, and misbehaves on demand.
type Proxy struct {
	URL     string
	backend string
	client  *http.Client
	server  *httptest.Server
	poured  atomic.Int64 // bytes that endless has written

	mu    sync.Mutex
	fault Fault
	seen  []string
}

// Fault answers a request in the target's place. pass carries it out at the target and gives the true answer. A fault that returns
// false has not answered; the request then goes through as if nothing had happened.
type Fault func(w http.ResponseWriter, r *http.Request, pass func() Answer) bool

// Answer is what the target answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// NewProxy starts a proxy before the server at an address; it ends with the test.
func NewProxy(t *testing.T, backend string) *Proxy {
	t.Helper()
	p := &Proxy{backend: backend, client: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 16},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	p.server = httptest.NewServer(p)
	p.URL = p.server.URL
	t.Cleanup(p.Stop)
	return p
}

// Stop closes the proxy's address.
func (p *Proxy) Stop() {
	p.server.CloseClientConnections()
	p.server.Close()
	p.client.CloseIdleConnections()
}

// Misbehave sets the fault; nil ends it.
func (p *Proxy) Misbehave(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.seen = f, nil
}

// Seen gives the method and path of every request since the last Misbehave.
func (p *Proxy) Seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.seen...)
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	fault := p.fault
	p.seen = append(p.seen, r.Method+" "+r.URL.Path)
	p.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	pass := func() Answer { return p.pass(r, body) }
	if fault != nil && fault(w, r, pass) {
		return
	}
	pass().write(w)
}

func (p *Proxy) pass(r *http.Request, body []byte) Answer {
	// The change must reach the target also when the client has gone: that is what a lost reply is.
	req, err := http.NewRequest(r.Method, p.backend+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	req.Header = r.Header.Clone()
	resp, err := p.client.Do(req)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return Answer{resp.StatusCode, resp.Header, answer}
}

func (a Answer) write(w http.ResponseWriter) {
	for k, v := range a.Header {
		if k != "Content-Length" {
			w.Header()[k] = v
		}
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // the client may have gone
}

// refuse answers with a status, a header and a body that shows the credentials, as careless servers do.
func refuse(status int, header ...string) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ func() Answer) bool {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.Header().Set("Content-Type", "application/scim+json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"%d","detail":%q}`, status,
			"You sent "+r.Header.Get("Authorization"))
		return true
	}
}

// loseReply carries the request out and breaks the connection instead of answering.
func loseReply(_ http.ResponseWriter, _ *http.Request, pass func() Answer) bool {
	pass()
	panic(http.ErrAbortHandler)
}

// hangUp breaks the connection without carrying the request out.
func hangUp(http.ResponseWriter, *http.Request, func() Answer) bool { panic(http.ErrAbortHandler) }

// cut announces the whole answer and breaks off in the middle.
func cut(w http.ResponseWriter, _ *http.Request, pass func() Answer) bool {
	a := pass()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body[:len(a.Body)/2])
	panic(http.ErrAbortHandler)
}

// half answers with the first half of the answer, as if it were all.
func half(_ http.ResponseWriter, _ *http.Request, pass func() Answer) Answer {
	a := pass()
	a.Body = a.Body[:len(a.Body)/2]
	return a
}

// endless never stops answering.
func (p *Proxy) endless(w http.ResponseWriter, r *http.Request, _ func() Answer) bool {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"totalResults":1,"Resources":[{"id":"`)
	chunk := bytes.Repeat([]byte("x"), 64<<10)
	for r.Context().Err() == nil {
		n, err := w.Write(chunk)
		p.poured.Add(int64(n))
		if err != nil {
			break
		}
	}
	return true
}

// when limits a fault to some requests.
func when(match func(*http.Request) bool, f Fault) Fault {
	return func(w http.ResponseWriter, r *http.Request, pass func() Answer) bool {
		return match(r) && f(w, r, pass)
	}
}
