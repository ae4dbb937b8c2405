package config

import (
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Mail is the server that takes letters, as smtp_url says it.
type Mail struct {
	Host     string
	Port     int
	Implicit bool // TLS from the first byte: smtps://
	Open     bool // without TLS where the server offers none: on the same machine, or with ?tls=optional
	User     string
	Password string
	From     mail.Address
}

// Mail gives the server that takes letters; nil for none.
func (c *Config) Mail() *Mail {
	if c.SMTPURL == "" {
		return nil
	}
	u, err := url.Parse(c.SMTPURL)
	if err != nil {
		return nil
	}
	from, err := mail.ParseAddress(c.MailFrom)
	if err != nil {
		return nil
	}
	m := &Mail{Host: u.Hostname(), Implicit: u.Scheme == "smtps", User: u.User.Username(), From: *from}
	m.Password, _ = u.User.Password()
	m.Open = !m.Implicit && (loopback(m.Host) || u.Query().Get("tls") == "optional")
	switch p, err := strconv.Atoi(u.Port()); {
	case err == nil:
		m.Port = p
	case m.Implicit:
		m.Port = 465
	default:
		m.Port = 587
	}
	return m
}

// Inside gives the networks of ours that webhooks may reach.
func (c *Config) Inside() (out []netip.Prefix) {
	for _, n := range c.WebhookAllow {
		if p, ok := network(n); ok {
			out = append(out, p)
		}
	}
	return out
}

// network reads a network, or one address.
func network(text string) (netip.Prefix, bool) {
	text = strings.TrimSpace(text)
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), true
}

// checkTelling checks what is said of mail, Slack and webhooks. No message repeats what may hold a password.
func (c *Config) checkTelling(add func(field, rule string, a ...any)) {
	if c.SMTPURL != "" {
		const rule = "must be smtp://user:password@host:port or smtps://..., with ?tls=optional where the server offers no TLS; special characters of the password are written as in addresses (%%40 for @)"
		u, err := url.Parse(c.SMTPURL)
		if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || u.Path != "" && u.Path != "/" ||
			u.RawQuery != "" && u.RawQuery != "tls=optional" {
			add("smtp_url (TENURE_SMTP_URL)", rule)
		}
		if from, err := mail.ParseAddress(c.MailFrom); err != nil || strings.ContainsAny(c.MailFrom, "\r\n") || !strings.Contains(from.Address, "@") {
			add("mail_from (TENURE_MAIL_FROM)", "must be whom letters come from, such as Access <access@example.com>")
		}
	}
	if some := c.SlackToken + c.SlackSecret + c.SlackTeam; some != "" {
		for name, v := range map[string]string{"slack_token (TENURE_SLACK_TOKEN)": c.SlackToken, "slack_signing_secret (TENURE_SLACK_SIGNING_SECRET)": c.SlackSecret,
			"slack_team (TENURE_SLACK_TEAM)": c.SlackTeam} {
			if v == "" {
				add(name, "is needed for Slack, too")
			}
		}
		if u, err := url.Parse(c.SlackURL); c.SlackURL != "" && (err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname()))) {
			add("slack_url (TENURE_SLACK_URL)", "must be an https address")
		}
	}
	for _, n := range c.WebhookAllow {
		p, ok := network(n)
		switch {
		case !ok:
			add("webhook_allow (TENURE_WEBHOOK_ALLOW)", "%q is neither an IP address nor a network", n)
		case p.Bits() == 0:
			add("webhook_allow (TENURE_WEBHOOK_ALLOW)", "%q would allow everything", n)
		case p.Contains(metadata):
			add("webhook_allow (TENURE_WEBHOOK_ALLOW)", "%q holds %s, where clouds keep the secrets of a machine", n, metadata)
		}
	}
}

// metadata is where a machine in a cloud asks for its own secrets.
var metadata = netip.AddrFrom4([4]byte{169, 254, 169, 254})
