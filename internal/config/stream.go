package config

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"os"
	"strings"
)

// Stream is a receiver outside, such as a SIEM, that is told every event of the sealed log.
type Stream struct {
	Name          string `yaml:"name" env:"NAME"`                   // how far it is told stands under it: siem
	URL           string `yaml:"url" env:"URL"`                     // https://host/path, or syslog+tls://host:6514
	Format        string `yaml:"format" env:"FORMAT"`               // json or cef
	Authorization string `yaml:"authorization" env:"AUTHORIZATION"` // the header of HTTP: Splunk 1234-…
	CA            string `yaml:"ca_file" env:"CA_FILE"`             // certificates that the receiver's is signed under; empty: the system's
	Cert          string `yaml:"cert_file" env:"CERT_FILE"`         // of this client, where the receiver asks for one
	Key           string `yaml:"cert_key_file" env:"CERT_KEY_FILE"`
}

// Forms of a stream.
const (
	StreamJSON = "json"
	StreamCEF  = "cef"
	SyslogTLS  = "syslog+tls" // scheme of an address
)

// StreamList gives the receivers; checkStreams has looked at them.
func (c *Config) StreamList() []Stream {
	out := make([]Stream, 0, len(c.Streams)+1)
	out = append(out, c.Streams...)
	if c.StreamEnv != (Stream{}) {
		out = append(out, c.StreamEnv)
	}
	for i := range out {
		if out[i].Format == "" {
			out[i].Format = StreamJSON
		}
		if out[i].Name == "" {
			out[i].Name = "siem"
		}
	}
	return out
}

// Trust gives how the receiver is known, and who this client is.
func (s *Stream) Trust() (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, err
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, os.ErrInvalid
		}
	}
	if s.Cert != "" {
		pair, err := tls.LoadX509KeyPair(s.Cert, s.Key)
		if err != nil {
			return nil, err
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}

func (c *Config) checkStreams(add func(field, rule string, a ...any)) {
	seen := map[string]bool{}
	for _, s := range c.StreamList() {
		field := "streams (TENURE_STREAM_…): " + s.Name + ": "
		if !providerName.MatchString(s.Name) {
			add(field+"name", "must be a short name of small letters, digits and hyphens, such as siem")
		}
		if seen[s.Name] {
			add(field+"name", "is given twice: how far each is told stands under its name")
		}
		seen[s.Name] = true
		if s.Format != StreamJSON && s.Format != StreamCEF {
			add(field+"format", "must be json or cef")
		}
		if strings.ContainsAny(s.Authorization, "\r\n") {
			add(field+"authorization", "must be one line")
		}
		u, err := url.Parse(s.URL)
		switch {
		case err != nil || u.Host == "" || u.User != nil:
			add(field+"url", "must be an address such as https://siem.example.com/events or syslog+tls://siem.example.com:6514")
		case u.Scheme == SyslogTLS:
			if _, _, err := net.SplitHostPort(u.Host); err != nil || strings.Trim(u.Path, "/") != "" {
				add(field+"url", "must be syslog+tls://host:port")
			}
			if s.Authorization != "" {
				add(field+"authorization", "is of HTTP: give a client certificate")
			}
		case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
			add(field+"url", "must begin with https:// or syslog+tls://; http:// is for receivers on this machine")
		}
		if _, err := s.Trust(); err != nil {
			add(field+"ca_file, cert_file", "cannot be read: %v", err)
		}
	}
}
