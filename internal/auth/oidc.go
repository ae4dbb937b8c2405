package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"tenure/internal/config"
	"tenure/internal/errs"
)

// algorithms are the signatures taken on an ID token: those with a public key. "none" and HMAC, whose key would be the client's
// secret, never are, whatever the provider announces.
var algorithms = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}

// Provider is an identity provider where people sign in. It is asked for its addresses when it is first needed.
type Provider struct {
	config.Provider
	back   string // where it sends people back to
	client *http.Client

	mu    sync.Mutex
	found *discovered
	until time.Time
}

// discovered is what a provider's discovery document says (OpenID Connect Discovery 1.0).
type discovered struct {
	oidc     *oidc.Provider
	verifier *oidc.IDTokenVerifier
	oauth    oauth2.Config
	says     struct {
		Iss        bool     `json:"authorization_response_iss_parameter_supported"`
		Algorithms []string `json:"id_token_signing_alg_values_supported"`
		Auth       string   `json:"authorization_endpoint"`
		Token      string   `json:"token_endpoint"`
		Keys       string   `json:"jwks_uri"`
	}
}

// rediscover is how long a discovery document is believed.
const rediscover = time.Hour

// maxAnswer bounds what is read of a provider's answer.
const maxAnswer = 1 << 20

// NewProvider makes a provider that sends people back to an address of the portal.
func NewProvider(c config.Provider, back string) *Provider {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &bounded{http.DefaultTransport},
		// The documents of a provider are where it says they are: a redirect would let somebody else answer for it.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &Provider{Provider: c, back: back, client: client}
}

// bounded cuts answers off after maxAnswer.
type bounded struct{ next http.RoundTripper }

func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, maxAnswer), res.Body}
	}
	return res, err
}

// Refusal is why an answer of a provider lets nobody in. Why is a word for the log; the person reads that it did not work.
type Refusal struct {
	Why string
	Who int // whom it is about, where that is known
	err error
}

func (r *Refusal) Error() string { return fmt.Sprintf("sign-in refused (%s): %v", r.Why, r.err) }
func (r *Refusal) Unwrap() error { return r.err }

func refuse(why, format string, a ...any) *Refusal {
	return &Refusal{Why: why, err: fmt.Errorf(format, a...)}
}

// discover reads the discovery document, or gives the one read within the hour.
func (p *Provider) discover(ctx context.Context) (*discovered, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil && time.Now().Before(p.until) {
		return p.found, nil
	}
	// The key set outlives this request: its context carries the client only.
	keep := oidc.ClientContext(context.WithoutCancel(ctx), p.client)
	provider, err := oidc.NewProvider(keep, p.Issuer) // refuses another issuer than the one asked
	if err != nil {
		return nil, refuse(unreached(err, "discovery"), "%w", err)
	}
	d := &discovered{oidc: provider}
	if err := provider.Claims(&d.says); err != nil {
		return nil, refuse("discovery", "%w", err)
	}
	for _, address := range []string{d.says.Auth, d.says.Token, d.says.Keys} {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" && !(u.Scheme == "http" && strings.HasPrefix(p.Issuer, "http://")) {
			return nil, refuse("discovery", "%q is not an https address", address)
		}
	}
	var algs []string
	for _, a := range algorithms {
		if slices.Contains(d.says.Algorithms, a) {
			algs = append(algs, a)
		}
	}
	if len(algs) == 0 {
		return nil, refuse("algorithm", "the provider announces no signature that is taken: %v", d.says.Algorithms)
	}
	d.verifier = provider.VerifierContext(keep, &oidc.Config{ClientID: p.ClientID, SupportedSigningAlgs: algs})
	d.oauth = oauth2.Config{ClientID: p.ClientID, ClientSecret: p.Secret, Endpoint: provider.Endpoint(), RedirectURL: p.back,
		Scopes: append([]string{oidc.ScopeOpenID}, p.Scopes...)}
	p.found, p.until = d, time.Now().Add(rediscover)
	return d, nil
}

// Ask gives the provider's address to send a browser to, for a flow. Where somebody proves again who they are, the provider is told to
// ask them, whatever session it has.
func (p *Provider) Ask(ctx context.Context, f *Flow) (string, error) {
	d, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	o := []oauth2.AuthCodeOption{oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)}
	if f.StepUp != 0 {
		o = append(o, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return d.oauth.AuthCodeURL(f.State, o...), nil
}

// Claims are what a provider says about who signed in.
type Claims struct {
	Issuer, Subject string
	Value           string // of the claim that finds the person
	Email           string
	EmailVerified   bool
	Proved          time.Time // when they last proved to the provider who they are; zero where it does not say
}

// Answer checks what a provider sent back for a flow, fetches the ID token and gives its claims. Everything that does not fit is a
// *Refusal: OpenID Connect Core 3.1.3.7, RFC 9207 (issuer of the response), RFC 7636 (PKCE).
func (p *Provider) Answer(ctx context.Context, f *Flow, q url.Values) (*Claims, error) {
	d, err := p.discover(ctx)
	if err != nil {
		return nil, err
	}
	if iss := q.Get("iss"); iss != "" && iss != p.Issuer || iss == "" && d.says.Iss {
		return nil, refuse("issuer", "the response is of %q", iss)
	}
	if e := q.Get("error"); e != "" {
		return nil, refuse("provider_error", "the provider answers %q", e)
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := d.oauth.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return nil, refuse(unreached(err, "code"), "%w", err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return nil, refuse("no_id_token", "the answer has no ID token")
	}
	id, err := d.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, refuse(unreached(err, whyToken(err)), "%w", err)
	}
	return p.claims(ctx, d, f, token, id)
}

// unreachable is the refusal of a provider that did not answer at all.
const unreachable = "unreachable"

// unreached tells a provider that does not answer from one whose answer does not fit.
func unreached(err error, why string) string {
	var network *url.Error
	if errors.As(err, &network) {
		return unreachable
	}
	return why
}

// Unreachable says that the provider did not answer at all: nobody did anything wrong.
func (r *Refusal) Unreachable() bool { return r.Why == unreachable }

// whyToken puts a refusal of an ID token into a word.
func whyToken(err error) string {
	var expired *oidc.TokenExpiredError
	text := err.Error()
	switch {
	case errors.As(err, &expired):
		return "expired"
	case strings.Contains(text, "audience"):
		return "audience"
	case strings.Contains(text, "issued by"):
		return "token_issuer"
	case strings.Contains(text, "algorithm"):
		return "algorithm"
	}
	return "signature"
}

func (p *Provider) claims(ctx context.Context, d *discovered, f *Flow, token *oauth2.Token, id *oidc.IDToken) (*Claims, error) {
	if id.Nonce != f.Nonce {
		return nil, refuse("nonce", "the ID token answers another question")
	}
	var all map[string]any
	if err := id.Claims(&all); err != nil {
		return nil, refuse("claims", "%w", err)
	}
	azp, _ := all["azp"].(string)
	if azp != "" && azp != p.ClientID || azp == "" && len(id.Audience) > 1 {
		return nil, refuse("authorized_party", "the ID token is for %q", azp)
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			return nil, refuse("access_token", "%w", err)
		}
	}
	var proved time.Time
	if at, ok := all["auth_time"].(float64); ok {
		proved = time.Unix(int64(at), 0)
	}
	if f.StepUp != 0 && proved.Before(f.Began.Add(-30*time.Second)) {
		return nil, refuse("auth_time", "the provider did not ask anew")
	}
	if id.Subject == "" || len(id.Subject) > 255 {
		return nil, refuse("subject", "the ID token names nobody")
	}
	c := &Claims{Issuer: id.Issuer, Subject: id.Subject, Proved: proved}
	c.read(all, p.Claim)
	if c.Value == "" && d.oidc.UserInfoEndpoint() != "" {
		info, err := d.oidc.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return nil, refuse(unreached(err, "userinfo"), "%w", err)
		}
		if info.Subject != id.Subject { // OpenID Connect Core 5.3.2
			return nil, refuse("userinfo", "the user info is about somebody else")
		}
		more := map[string]any{}
		if err := info.Claims(&more); err != nil {
			return nil, refuse("userinfo", "%w", err)
		}
		c.read(more, p.Claim)
	}
	return c, nil
}

func (c *Claims) read(all map[string]any, claim string) {
	switch v := all[claim].(type) {
	case string:
		c.Value = strings.TrimSpace(v)
	case float64:
		c.Value = json.Number(fmt.Sprintf("%.0f", v)).String()
	}
	if v, ok := all["email"].(string); ok {
		c.Email = strings.TrimSpace(v)
	}
	// Some providers send the word rather than the value.
	c.EmailVerified = all["email_verified"] == true || all["email_verified"] == "true"
}

// Unreachable is what people read when a provider does not answer.
func (p *Provider) Unreachable() error {
	return errs.Conflict("%s cannot be reached at present, so nobody can sign in through it; try again in a moment", p.Title)
}

// Secret gives 256 random bits as text.
func Secret() string { return random(32) }

// Refuse makes a refusal out of a word, about somebody.
func Refuse(why string, who int) error {
	return &Refusal{Why: why, Who: who, err: errors.New(why)}
}

// NotActive makes a refusal of the error of SignIn for somebody who does not work here at present.
func NotActive(err error, who int) error {
	if errs.KindOf(err) == errs.KindUnauthenticated {
		return &Refusal{Why: "not_active", Who: who, err: err}
	}
	return err
}
