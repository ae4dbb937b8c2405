package config

import (
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"

	"tenure/internal/errs"
)

// Provider is an identity provider where people sign in (OpenID Connect Core 1.0, authorization code flow).
type Provider struct {
	Name       string   `yaml:"name" env:"NAME"`           // part of addresses: entra
	Title      string   `yaml:"title" env:"TITLE"`         // on the button: Acme Entra
	Issuer     string   `yaml:"issuer" env:"ISSUER"`       // exactly as the provider's discovery document says it
	ClientID   string   `yaml:"client_id" env:"CLIENT_ID"` // of the registration of this portal
	Secret     string   `yaml:"client_secret" env:"CLIENT_SECRET"`
	SecretFile string   `yaml:"client_secret_file" env:"CLIENT_SECRET_FILE"`
	Claim      string   `yaml:"claim" env:"CLAIM"`             // which claim finds the person at their first sign-in
	TrustEmail bool     `yaml:"trust_email" env:"TRUST_EMAIL"` // the provider's verified e-mail addresses are the organisation's
	Scopes     []string `yaml:"scopes" env:"SCOPES"`           // asked for besides openid
}

var providerName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)

// ready fills in what was left out and reads the secret.
func (p *Provider) ready(add func(field, rule string, a ...any)) {
	if p.Title == "" {
		p.Title = p.Name
	}
	if p.Claim == "" {
		p.Claim = "employee_number"
	}
	if p.Scopes == nil {
		p.Scopes = []string{"profile", "email"}
	}
	if !providerName.MatchString(p.Name) {
		add("name", "must be a short name of small letters, digits and hyphens, such as entra")
	}
	u, err := url.Parse(p.Issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		add("issuer", "must be the https address that the provider calls itself")
	}
	if p.ClientID == "" {
		add("client_id", "is required: the provider gives it when this portal is registered there")
	}
	switch {
	case p.Secret != "" && p.SecretFile != "":
		add("client_secret", "is given beside client_secret_file: keep one of them")
	case p.SecretFile != "":
		body, err := os.ReadFile(p.SecretFile)
		if err != nil {
			add("client_secret_file", "cannot be read: %v", err)
		}
		p.Secret = strings.TrimSpace(string(body))
	}
	if p.Claim == "email" && !p.TrustEmail {
		add("claim", "is email: say trust_email: true when this provider's addresses are the organisation's own")
	}
	for _, s := range p.Scopes {
		if s == "" || strings.ContainsAny(s, " \t\"\\") {
			add("scopes", "%q is not a scope", s)
		}
	}
}

func loopback(host string) bool { return host == "127.0.0.1" || host == "::1" || host == "localhost" }

// checkProviders checks them all; the one that the environment describes comes first.
func (c *Config) checkProviders(add func(field, rule string, a ...any)) {
	if e := c.OIDCEnv; e.Issuer != "" || e.ClientID != "" {
		if e.Name == "" {
			e.Name = "sso"
		}
		if e.Title == "" {
			e.Title = "single sign-on"
		}
		c.OIDC = append([]Provider{e}, c.OIDC...)
	}
	if len(c.OIDC) > 0 && c.PublicURL == "" {
		add("public_url (TENURE_PUBLIC_URL)", "is needed for oidc: providers send people back to it")
	}
	seen := map[string]bool{}
	for i := range c.OIDC {
		p := &c.OIDC[i]
		p.ready(func(field, rule string, a ...any) { add(fmt.Sprintf("oidc[%d].%s", i, field), rule, a...) })
		if seen[p.Name] {
			add(fmt.Sprintf("oidc[%d].name", i), "is another provider's, too")
		}
		seen[p.Name] = true
	}
}

// Check fills in and checks providers that do not come from a file: a test's.
func (p *Provider) Check() error {
	var bad []errs.Field
	p.ready(func(field, rule string, a ...any) {
		bad = append(bad, errs.Field{Field: field, Rule: fmt.Sprintf(rule, a...)})
	})
	if len(bad) > 0 {
		return errs.InvalidFields("the identity provider is not valid", bad)
	}
	return nil
}
