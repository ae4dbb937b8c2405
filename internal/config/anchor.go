package config

import (
	"net/mail"
	"net/url"
	"path/filepath"
	"strings"
)

// LogKey is the file of the log's key.
func (c *Config) LogKey() string {
	if c.LogKeyFile != "" {
		return c.LogKeyFile
	}
	return filepath.Join(c.Data, "log.key")
}

// Anchors is the file to which signed heads of the log are added, "" for none.
func (c *Config) Anchors() string {
	switch c.AnchorFile {
	case "none":
		return ""
	case "":
		return filepath.Join(c.Data, "anchors.txt")
	}
	return c.AnchorFile
}

// Witness is one to whom the heads of the log are shown.
type Witness struct{ URL, Key string }

// WitnessList gives the witnesses.
func (c *Config) WitnessList() []Witness {
	var out []Witness
	for _, w := range c.Witnesses {
		if f := strings.Fields(w); len(f) == 2 {
			out = append(out, Witness{strings.TrimSuffix(f[0], "/"), f[1]})
		}
	}
	return out
}

func (c *Config) checkAnchors(add func(field, rule string, a ...any)) {
	for _, w := range c.Witnesses {
		f := strings.Fields(w)
		if len(f) != 2 {
			add("witnesses (TENURE_WITNESSES)", "%q must be the address of a witness and its public key, with a space between", w)
			continue
		}
		if u, err := url.Parse(f[0]); err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" || strings.Count(f[1], "+") < 2 {
			add("witnesses (TENURE_WITNESSES)", "%q must be an https address and a public key such as witness.example+1a2b3c4d+AbCd…", w)
		}
	}
	if c.AnchorMail != "" {
		if _, err := mail.ParseAddress(c.AnchorMail); err != nil || strings.ContainsAny(c.AnchorMail, "\r\n") {
			add("anchor_mail (TENURE_ANCHOR_MAIL)", "must be an e-mail address")
		} else if c.SMTPURL == "" {
			add("anchor_mail (TENURE_ANCHOR_MAIL)", "needs smtp_url")
		}
	}
}
