// Package config reads Tenure's configuration: a YAML file, then the environment over it, into one Config that is validated
// once, at the start, with a message per field.
package config

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/caarlos0/env/v11"
	"github.com/goccy/go-yaml"

	"tenure/internal/errs"
)

// Config is everything an installation decides. docs/reference/configuration.md explains each field.
type Config struct {
	Organisation  string   `yaml:"organisation" env:"TENURE_ORGANISATION"`      // name of whose portal this is: on pages and evidence reports; empty: none
	Data          string   `yaml:"data" env:"TENURE_DATA"`                      // folder of the private database and the key
	DatabaseURL   string   `yaml:"database_url" env:"DATABASE_URL"`             // empty: a private PostgreSQL under Data
	OwnerURL      string   `yaml:"database_owner_url" env:"DATABASE_OWNER_URL"` // who owns the tables; empty: as DatabaseURL
	DatabaseConns int      `yaml:"database_conns" env:"TENURE_DATABASE_CONNS"`  // connections of this process at most
	PostgresBin   string   `yaml:"postgres_bin" env:"TENURE_PG_BIN"`            // folder of the private database's programs
	Listen        string   `yaml:"listen" env:"TENURE_LISTEN"`                  // address of the portal
	PublicURL     string   `yaml:"public_url" env:"TENURE_PUBLIC_URL"`          // as browsers reach it
	Proxies       []string `yaml:"trusted_proxies" env:"TENURE_TRUSTED_PROXIES" envSeparator:","`
	KeyFile       string   `yaml:"key_file" env:"TENURE_KEY_FILE"` // the installation's key; empty: Data/secret.key, made at first use
	Workers       int      `yaml:"workers" env:"TENURE_WORKERS"`   // operations carried at once by one process
	LogLevel      string   `yaml:"log_level" env:"TENURE_LOG_LEVEL"`
	APIRate       int      `yaml:"api_rate" env:"TENURE_API_RATE"` // requests to the API that one token may make in a minute; 0: any number

	LogKeyFile string   `yaml:"log_key_file" env:"TENURE_LOG_KEY_FILE"`            // the log's key; empty: Data/log.key, made at first start
	AnchorFile string   `yaml:"anchor_file" env:"TENURE_ANCHOR_FILE"`              // where signed heads of the log are added; empty: Data/anchors.txt; none: nowhere
	AnchorMail string   `yaml:"anchor_mail" env:"TENURE_ANCHOR_MAIL"`              // to whom they are sent once a day, an auditor; empty: nobody
	Witnesses  []string `yaml:"witnesses" env:"TENURE_WITNESSES" envSeparator:","` // URL and public key of each, with a space between

	Streams   []Stream `yaml:"streams"`                      // receivers outside that are told every event, such as a SIEM
	StreamEnv Stream   `yaml:"-" envPrefix:"TENURE_STREAM_"` // one more, from the environment

	SMTPURL      string   `yaml:"smtp_url" env:"TENURE_SMTP_URL"`   // smtp://user:password@host:port or smtps://; empty: no mail
	MailFrom     string   `yaml:"mail_from" env:"TENURE_MAIL_FROM"` // whom letters come from
	SlackToken   string   `yaml:"slack_token" env:"TENURE_SLACK_TOKEN"`
	SlackSecret  string   `yaml:"slack_signing_secret" env:"TENURE_SLACK_SIGNING_SECRET"`
	SlackTeam    string   `yaml:"slack_team" env:"TENURE_SLACK_TEAM"`
	SlackURL     string   `yaml:"slack_url" env:"TENURE_SLACK_URL"`                          // of the API; empty: Slack's own
	WebhookAllow []string `yaml:"webhook_allow" env:"TENURE_WEBHOOK_ALLOW" envSeparator:","` // networks inside which webhooks may reach

	OIDC    []Provider `yaml:"oidc"`                       // where people sign in
	OIDCEnv Provider   `yaml:"-" envPrefix:"TENURE_OIDC_"` // one more, from the environment
}

// Load reads the file (none for "") and the environment, and validates. data, when not empty, is the --data of the command line.
func Load(file, data string) (*Config, error) {
	c := &Config{Data: "./var", Listen: "127.0.0.1:8080", DatabaseConns: 40, Workers: 32, LogLevel: "info", APIRate: 600}
	if file != "" {
		body, err := os.ReadFile(file)
		if err != nil {
			return nil, errs.Invalid("cannot read the configuration file: %v", err)
		}
		if err := yaml.NewDecoder(bytes.NewReader(body), yaml.Strict()).Decode(c); err != nil {
			return nil, errs.Invalid("%s: %v", file, err)
		}
	}
	if err := env.Parse(c); err != nil {
		return nil, errs.Invalid("environment: %v", err)
	}
	if data != "" {
		c.Data = data
	}
	abs, err := filepath.Abs(c.Data)
	if err != nil {
		return nil, err
	}
	c.Data = abs
	if bad := c.check(); len(bad) > 0 {
		return nil, errs.InvalidFields("the configuration is not valid", bad)
	}
	return c, nil
}

func (c *Config) check() []errs.Field {
	var bad []errs.Field
	add := func(field, rule string, a ...any) {
		bad = append(bad, errs.Field{Field: field, Rule: fmt.Sprintf(rule, a...)})
	}
	for name, u := range map[string]string{"database_url (DATABASE_URL)": c.DatabaseURL, "database_owner_url (DATABASE_OWNER_URL)": c.OwnerURL} {
		if u != "" && !strings.HasPrefix(u, "postgres://") && !strings.HasPrefix(u, "postgresql://") {
			add(name, "must begin with postgres://")
		}
	}
	if c.OwnerURL != "" && c.DatabaseURL == "" {
		add("database_owner_url (DATABASE_OWNER_URL)", "needs database_url beside it")
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		add("listen (TENURE_LISTEN)", "must be host:port, such as 127.0.0.1:8080")
	}
	if c.PublicURL != "" {
		if u, err := url.Parse(c.PublicURL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			add("public_url (TENURE_PUBLIC_URL)", "must be an address such as https://access.example.com")
		}
	}
	for _, p := range c.Proxies {
		if _, _, err := net.ParseCIDR(p); err != nil && net.ParseIP(p) == nil {
			add("trusted_proxies (TENURE_TRUSTED_PROXIES)", "%q is neither an IP address nor a network", p)
		} else if strings.HasSuffix(p, "/0") {
			add("trusted_proxies (TENURE_TRUSTED_PROXIES)", "%q would trust everybody", p)
		}
	}
	if len([]rune(c.Organisation)) > 100 || strings.ContainsFunc(c.Organisation, unicode.IsControl) {
		add("organisation (TENURE_ORGANISATION)", "must be one line of at most 100 characters")
	}
	if c.Workers < 1 || c.Workers > 1000 {
		add("workers (TENURE_WORKERS)", "must be from 1 to 1000")
	}
	if c.APIRate < 0 || c.APIRate > 1_000_000 {
		add("api_rate (TENURE_API_RATE)", "must be from 0 to 1000000")
	}
	if c.DatabaseConns < 4 {
		add("database_conns (TENURE_DATABASE_CONNS)", "must be at least 4")
	}
	switch c.LogLevel {
	case "debug", "info", "warn", "error":
	default:
		add("log_level (TENURE_LOG_LEVEL)", "must be debug, info, warn or error")
	}
	c.checkProviders(add)
	c.checkTelling(add)
	c.checkAnchors(add)
	c.checkStreams(add)
	return bad
}

// Key reads the installation's key: 32 bytes in hexadecimal. Without key_file it lies in the data folder and is made there
// at first use, readable by its owner only.
func (c *Config) Key() ([]byte, error) {
	path := c.KeyFile
	if path == "" {
		path = filepath.Join(c.Data, "secret.key")
		if err := makeKey(path); err != nil {
			return nil, err
		}
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, errs.Invalid("cannot read the installation key: %v", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(body)))
	if err != nil || len(key) != 32 {
		return nil, errs.Invalid("%s must hold 32 bytes in hexadecimal (for example from `openssl rand -hex 32`)", path)
	}
	return key, nil
}

// makeKey writes a new key where there is none; of several processes that start together one wins.
func makeKey(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "key")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	if _, err := tmp.WriteString(hex.EncodeToString(key) + "\n"); err != nil {
		return err
	}
	if err := errors.Join(tmp.Chmod(0o600), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}
