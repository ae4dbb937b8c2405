// Package plug is what every plug of Tenure declares about itself: the fields of its configuration, which of them are
// secret, and how a configuration is checked. One generic form draws the fields, one jsonb column stores the values, one
// function seals the secrets. A plug never sees the database.
package plug

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tenure/internal/errs"
)

// Type is what a field holds.
type Type string

// The types of a field. A Duration is written as Go writes it ("30s"), a Bool as true or false.
const (
	String   Type = "string"
	Secret   Type = "secret" // write-only: sealed at rest and never shown again
	URL      Type = "url"
	Int      Type = "int"
	Bool     Type = "bool"
	Duration Type = "duration"
	Choice   Type = "choice"
)

// Field is one setting of a plug.
type Field struct {
	Name     string // as in the YAML file, snake_case
	Label    string // as a person reads it
	Help     string
	Type     Type
	Required bool
	Default  string
	Choices  []string
}

// Config is the decoded configuration of one plug: values by field name, secrets opened.
type Config map[string]string

// Check returns the configuration with defaults filled in, or one message per broken field.
// Unknown names are refused, so that a misspelt setting is not silently ignored.
func Check(fields []Field, in Config) (Config, []errs.Field) {
	out, bad := Config{}, []errs.Field(nil)
	known := map[string]bool{}
	for _, f := range fields {
		known[f.Name] = true
		v := strings.TrimSpace(in[f.Name])
		if v == "" {
			v = f.Default
		}
		if v == "" {
			if f.Required {
				bad = append(bad, errs.Field{Field: f.Name, Rule: "is required: " + f.Label})
			}
			continue
		}
		if rule := f.check(v); rule != "" {
			bad = append(bad, errs.Field{Field: f.Name, Rule: rule})
			continue
		}
		out[f.Name] = v
	}
	for name := range in {
		if !known[name] {
			bad = append(bad, errs.Field{Field: name, Rule: "is not a setting of this plug"})
		}
	}
	return out, bad
}

func (f Field) check(v string) string {
	switch f.Type {
	case URL:
		u, err := url.Parse(v)
		if err != nil || u.Scheme == "" || (u.Host == "" && u.Path == "") {
			return "must be an address with a scheme, such as https://host/path"
		}
	case Int:
		if _, err := strconv.Atoi(v); err != nil {
			return "must be a whole number"
		}
	case Bool:
		if _, err := strconv.ParseBool(v); err != nil {
			return "must be true or false"
		}
	case Duration:
		if _, err := time.ParseDuration(v); err != nil {
			return `must be a duration such as "30s" or "5m"`
		}
	case Choice:
		for _, c := range f.Choices {
			if c == v {
				return ""
			}
		}
		return fmt.Sprintf("must be one of %s", strings.Join(f.Choices, ", "))
	}
	return ""
}

// Int gives a checked Int field, 0 when it is not set.
func (c Config) Int(name string) int { n, _ := strconv.Atoi(c[name]); return n }

// Bool gives a checked Bool field, false when it is not set.
func (c Config) Bool(name string) bool { b, _ := strconv.ParseBool(c[name]); return b }

// Duration gives a checked Duration field, 0 when it is not set.
func (c Config) Duration(name string) time.Duration { d, _ := time.ParseDuration(c[name]); return d }
