package oidctest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"

	"tenure/internal/config"
)

// User is somebody who has an account at the provider.
type User struct {
	Subject, Name string
	Number        string // claim employee_number; "" for none
	Email         string
	Verified      bool // the e-mail address
}

// Provider is an honest OpenID provider. It has a page to sign in with a button for each user, and remembers a browser by a cookie as
// providers do, so that the next sign-in asks nothing unless it is told to.
type Provider struct {
	Issuer, ClientID, Secret string

	name     string
	server   *httptest.Server
	provider *op.Provider
	key      *rsa.PrivateKey

	mu       sync.Mutex
	back     string
	quiet    bool
	users    []User
	requests map[string]*authRequest
	codes    map[string]string
	tokens   map[string]string // token to subject
	browsers map[string]signedIn
	asked    []url.Values
}

type signedIn struct {
	subject string
	at      time.Time
}

// New starts a provider with users; it ends with the test.
func New(t testing.TB, name string, users ...User) *Provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{ClientID: "tenure", Secret: "secret of " + name, name: name, key: key, users: users, requests: map[string]*authRequest{}, codes: map[string]string{},
		tokens: map[string]string{}, browsers: map[string]signedIn{}}
	p.server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.Issuer = "http://" + p.server.Listener.Addr().String()
	c := &op.Config{CodeMethodS256: true, AuthMethodPost: true}
	if _, err := rand.Read(c.CryptoKey[:]); err != nil {
		t.Fatal(err)
	}
	if p.provider, err = op.NewProvider(c, &storage{p}, op.StaticIssuer(p.Issuer), op.WithAllowInsecure()); err != nil {
		t.Fatal(err)
	}
	p.server.Start()
	t.Cleanup(p.server.Close)
	return p
}

// Config is what an installation would write about the provider.
func (p *Provider) Config() config.Provider {
	return config.Provider{Name: p.name, Title: strings.ToUpper(p.name[:1]) + p.name[1:], Issuer: p.Issuer, ClientID: p.ClientID, Secret: p.Secret}
}

// Register says where the portal is, as an administrator of the provider would.
func (p *Provider) Register(public string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.back = public + "/signin/back/" + p.name
}

// Down stops the provider for good.
func (p *Provider) Down() { p.server.Close() }

// Set replaces the users.
func (p *Provider) Set(users ...User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users = users
}

// Quiet keeps what is known of users out of ID tokens: it is to be asked for at the user info endpoint.
func (p *Provider) Quiet() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.quiet = true
}

// Age lets everybody have signed in at the provider longer ago.
func (p *Provider) Age(by time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, b := range p.browsers {
		b.at = b.at.Add(-by)
		p.browsers[k] = b
	}
}

// Asked gives the parameters of the authorization requests so far.
func (p *Provider) Asked() []url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]url.Values(nil), p.asked...)
}

func (p *Provider) user(subject string) (User, bool) {
	for _, u := range p.users {
		if u.Subject == subject {
			return u, true
		}
	}
	return User{}, false
}

// serve adds to the library what it does not have: the page to sign in, and the issuer of a response (RFC 9207).
func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/login":
		p.login(w, r)
		return
	case "/authorize":
		p.mu.Lock()
		p.asked = append(p.asked, r.URL.Query())
		p.mu.Unlock()
	}
	rec := httptest.NewRecorder()
	p.provider.ServeHTTP(rec, r)
	body := rec.Body.Bytes()
	if r.URL.Path == "/.well-known/openid-configuration" {
		var doc map[string]any
		if json.Unmarshal(body, &doc) == nil {
			doc["authorization_response_iss_parameter_supported"] = true
			body, _ = json.Marshal(doc)
		}
	}
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	if u, err := url.Parse(rec.Header().Get("Location")); err == nil && p.back != "" && strings.HasPrefix(u.String(), p.back+"?") {
		q := u.Query()
		q.Set("iss", p.Issuer)
		u.RawQuery = q.Encode()
		w.Header().Set("Location", u.String())
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(body)
}

const browserCookie = "provider"

var page = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><title>{{.Name}}</title><main><h1>Sign in at {{.Name}}</h1>
{{range .Users}}<form method="post" action="/login"><input type="hidden" name="id" value="{{$.ID}}"><button name="subject" value="{{.Subject}}">{{.Name}}</button></form>
{{end}}</main></html>`))

// login asks who is there, unless the browser is known and the portal does not insist.
func (p *Provider) login(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	req := p.requests[r.FormValue("id")]
	if req == nil {
		http.Error(w, "no such request", http.StatusBadRequest)
		return
	}
	var who signedIn
	if r.Method == http.MethodPost {
		u, ok := p.user(r.FormValue("subject"))
		if !ok {
			http.Error(w, "no such user", http.StatusBadRequest)
			return
		}
		who = signedIn{subject: u.Subject, at: time.Now()}
		name := rand.Text()
		p.browsers[name] = who
		http.SetCookie(w, &http.Cookie{Name: browserCookie, Value: name, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	} else if c, err := r.Cookie(browserCookie); err == nil && !req.insists(p.browsers[c.Value].at) {
		who = p.browsers[c.Value]
	}
	if who.subject == "" {
		_ = page.Execute(w, map[string]any{"Name": p.name, "Users": p.users, "ID": req.GetID()})
		return
	}
	req.subject, req.at = who.subject, who.at
	// The library knows the issuer from the context of its own requests only.
	http.Redirect(w, r, op.AuthCallbackURL(p.provider)(op.ContextWithIssuer(context.WithoutCancel(r.Context()), p.Issuer), req.GetID()), http.StatusFound)
}
