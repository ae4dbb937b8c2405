package scim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"tenure/internal/connector"
	"tenure/internal/errs"
	"tenure/internal/plug"
)

// Kind is the SCIM connector as the map of connectors holds it.
var Kind = connector.Kind{Name: "scim", Label: "SCIM 2.0", Fields: fields, Open: Open}

var fields = []plug.Field{
	{Name: "base_url", Label: "Address", Type: plug.URL, Required: true,
		Help: "where /Users and /Groups stand, such as https://app.example.com/scim/v2"},
	{Name: "auth", Label: "Sign in with", Type: plug.Choice, Choices: []string{"bearer", "basic", "none"}, Default: "bearer"},
	{Name: "token", Label: "Bearer token", Type: plug.Secret, Help: "for bearer"},
	{Name: "user", Label: "User name", Type: plug.String, Help: "for basic"},
	{Name: "password", Label: "Password", Type: plug.Secret, Help: "for basic"},
	{Name: "header", Label: "Extra header", Type: plug.Secret, Help: `one header sent with every request, as "Name: value"`},
	{Name: "page_size", Label: "Resources a page", Type: plug.Int, Default: "100"},
	{Name: "timeout", Label: "Longest wait for one answer", Type: plug.Duration, Default: "20s"},
	{Name: "patch", Label: "Server has PATCH", Type: plug.Choice, Choices: []string{"auto", "yes", "no"}, Default: "auto",
		Help: "auto asks the server's configuration; no changes resources by PUT"},
	{Name: "filter", Label: "Server has filters", Type: plug.Choice, Choices: []string{"auto", "yes", "no"}, Default: "auto",
		Help: "auto believes a filter once it was seen to find something; yes always does; no reads whole lists"},
	{Name: "member_lookup", Label: "Memberships of one account", Type: plug.Choice, Choices: []string{"auto", "filter", "user", "list"}, Default: "auto",
		Help: "filter asks for the groups with this member; user believes the groups attribute of the user; list reads all groups; auto takes filter where it works, else list"},
	{Name: "last_sign_in", Label: "Attribute of the last sign-in", Type: plug.String,
		Help: `where a user holds the time of the last sign-in (RFC 3339): "lastLogin", "meta.lastLogin" or "urn:...:lastLogin"; left out, nobody counts as dormant`},
	{Name: "ca_file", Label: "Certificate authority", Type: plug.String, Help: "PEM file to trust besides the system's"},
}

// target is one SCIM server.
type target struct {
	base     *url.URL
	auth     func(*http.Request)
	secrets  []string // never let out in an error
	client   *http.Client
	timeout  time.Duration
	pageSize int
	members  string // member_lookup
	signIn   place  // last_sign_in
	features features
	writing  locks // one writer per resource, for changes by PUT
}

// Open makes a connector from a checked configuration. It reads ca_file and calls nobody.
func Open(c plug.Config) (connector.Connector, error) {
	base, err := url.Parse(strings.TrimRight(c["base_url"], "/"))
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, bad("base_url", "must be an http or https address")
	}
	if base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, bad("base_url", "must not contain credentials, a query or a fragment")
	}
	t := &target{
		base: base, timeout: c.Duration("timeout"), pageSize: c.Int("page_size"), members: c["member_lookup"],
		features: features{patchSetting: c["patch"], filterSetting: c["filter"]},
	}
	if t.signIn, err = placeOf(c["last_sign_in"]); err != nil {
		return nil, err
	}
	if t.timeout <= 0 {
		t.timeout = 20 * time.Second
	}
	if t.pageSize <= 0 {
		t.pageSize = 100
	}
	if t.auth, t.secrets, err = credentials(c); err != nil {
		return nil, err
	}
	if t.client, err = httpClient(c["ca_file"]); err != nil {
		return nil, err
	}
	return t, nil
}

func bad(field, rule string) error {
	return errs.InvalidFields("the SCIM connector's configuration is not complete", []errs.Field{{Field: field, Rule: rule}})
}

// credentials gives the function that signs a request and the strings that must never be shown.
func credentials(c plug.Config) (func(*http.Request), []string, error) {
	var header, value string
	if extra := c["header"]; extra != "" {
		var ok bool
		header, value, ok = strings.Cut(extra, ":")
		header, value = strings.TrimSpace(header), strings.TrimSpace(value)
		if !ok || header == "" || strings.ContainsAny(extra, "\r\n") || strings.ContainsAny(header, " \t") {
			return nil, nil, bad("header", `must be one header as "Name: value"`)
		}
	}
	var sign func(*http.Request)
	switch c["auth"] {
	case "none":
		sign = func(*http.Request) {}
	case "basic":
		if c["user"] == "" {
			return nil, nil, bad("user", "is required for basic")
		}
		sign = func(r *http.Request) { r.SetBasicAuth(c["user"], c["password"]) }
	default:
		if c["token"] == "" {
			return nil, nil, bad("token", "is required for bearer")
		}
		sign = func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+c["token"]) }
	}
	return func(r *http.Request) {
		sign(r)
		if header != "" {
			r.Header.Set(header, value)
		}
	}, []string{c["token"], c["password"], value}, nil
}

// httpClient follows no redirect: a redirect would carry the credentials to another address.
func httpClient(caFile string) (*http.Client, error) {
	tr := http.DefaultTransport.(*http.Transport).Clone()
	tr.MaxIdleConnsPerHost = 16
	tr.IdleConnTimeout = 30 * time.Second // before most servers close it: a change sent into a closing connection is ambiguous
	tr.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, bad("ca_file", "cannot be read")
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, bad("ca_file", "holds no certificate in PEM form")
		}
		tr.TLSClientConfig.RootCAs = pool
	}
	return &http.Client{
		Transport:     tr,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// Close ends the idle connections.
func (t *target) Close() error {
	t.client.CloseIdleConnections()
	return nil
}

// Check reads one user: the configuration endpoints of many servers answer without credentials, Users does not.
func (t *target) Check(ctx context.Context) error {
	_, err := t.page(ctx, "/Users", url.Values{}, 1, 1)
	var decoding *shapeError
	if errors.As(err, &decoding) || connector.Classify(err) == connector.ClassNotFound {
		return fmt.Errorf("%w: there is no SCIM server at this address (%w)", connector.ErrRefused, err)
	}
	return err
}

// locks gives one mutex per resource. It grows with the groups written by PUT and is never larger than their number.
type locks struct{ m sync.Map }

func (l *locks) lock(id string) (unlock func()) {
	m, _ := l.m.LoadOrStore(id, &sync.Mutex{})
	m.(*sync.Mutex).Lock()
	return m.(*sync.Mutex).Unlock
}
