package notify

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	html "html/template"
	netmail "net/mail"
	"strings"
	text "text/template"
	"time"

	"github.com/wneessen/go-mail"
)

// Mail is the server that takes letters.
type Mail struct {
	Host     string
	Port     int
	Implicit bool // TLS from the first byte
	Open     bool // a server that offers no STARTTLS is spoken to without it
	User     string
	Password string
	From     netmail.Address
	Roots    *x509.CertPool // who signs its certificate; nil: whom the system trusts
}

// The templates have no logic but "for each" and "if there is one", and what people wrote only ever fills them in.
var (
	//go:embed letter/letter.txt
	letterText string
	//go:embed letter/letter.html
	letterHTML string

	asText = text.Must(text.New("letter").Parse(letterText))
	asHTML = html.Must(html.New("letter").Parse(letterHTML))
)

// letter is what fills the templates.
type letter struct {
	Title  string
	Items  []item
	Link   string
	Button string
	Footer string
}

type item struct {
	Subject string
	Lines   []fact
	Outcome string
}

type fact struct{ Label, Value string }

// due says whether a message is still to be told: nobody is asked for what was decided.
func (m *stored) due() bool { return m.closed.IsZero() }

// mail sends a letter.
func (s *Service) mail(ctx context.Context, d *delivery) (outcome, error) {
	var open []stored
	for _, m := range d.messages {
		if m.due() {
			open = append(open, m)
		}
	}
	switch {
	case s.Mail == nil:
		return outcome{state: "dropped", answer: "mail is not set up"}, nil
	case d.to.email == "":
		return outcome{state: "dropped", answer: "the person has no mail address"}, nil
	case len(open) == 0:
		return outcome{state: "dropped", answer: "it was decided before it was sent"}, nil
	}
	msg, err := s.compose(d, open)
	if err != nil {
		return outcome{}, err
	}
	c, err := s.Mail.client()
	if err != nil {
		return outcome{}, err
	}
	if err := c.DialAndSendWithContext(ctx, msg); err != nil {
		var se *mail.SendError
		if errors.As(err, &se) && !se.IsTemp() && se.ErrorCode() >= 500 {
			return outcome{}, refusal{err}
		}
		return outcome{}, err
	}
	return outcome{state: "sent", answer: "taken by " + s.Mail.Host}, nil
}

func (m *Mail) client() (*mail.Client, error) {
	o := []mail.Option{mail.WithPort(m.Port), mail.WithTimeout(20 * time.Second), mail.WithTLSPolicy(mail.TLSMandatory),
		mail.WithTLSConfig(&tls.Config{ServerName: m.Host, MinVersion: tls.VersionTLS12, RootCAs: m.Roots})}
	switch {
	case m.Implicit:
		o = append(o, mail.WithSSL())
	case m.Open:
		o = append(o, mail.WithTLSPolicy(mail.TLSOpportunistic))
	}
	if m.User != "" {
		o = append(o, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(m.User), mail.WithPassword(m.Password))
	}
	return mail.NewClient(m.Host, o...)
}

// compose writes a letter: the same bytes but for the date and the boundary, however often it is sent.
func (s *Service) compose(d *delivery, open []stored) (*mail.Msg, error) {
	domain := s.Mail.domain()
	l := s.letter(d, open)
	var plainBody, htmlBody strings.Builder
	if err := errors.Join(asText.Execute(&plainBody, l), asHTML.Execute(&htmlBody, l)); err != nil {
		return nil, refusal{err}
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	from := s.Mail.From
	msg.FromMailAddress(&from)
	to, err := netmail.ParseAddress((&netmail.Address{Name: plain(d.to.name), Address: d.to.email}).String())
	if err != nil {
		return nil, refusal{fmt.Errorf("the person's mail address is none: %w", err)}
	}
	msg.SetAddrHeaderFromMailAddress(mail.HeaderTo, to)
	msg.Subject("[Access] " + l.Title)
	msg.SetMessageIDWithValue(d.publicID + "@" + domain)
	if len(open) == 1 && !d.digest {
		root := "<" + threadID(s.DB.ID, open[0].Thread) + "@" + domain + ">"
		msg.SetGenHeader(mail.HeaderInReplyTo, root)
		msg.SetGenHeader(mail.HeaderReferences, root)
	}
	msg.SetGenHeader("List-Id", "Access <access."+domain+">")
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(mail.TypeTextPlain, plainBody.String())
	msg.AddAlternativeString(mail.TypeTextHTML, htmlBody.String())
	return msg, nil
}

func (s *Service) letter(d *delivery, open []stored) *letter {
	l := &letter{Button: "Open it in the portal"}
	var first time.Time
	for _, m := range open {
		it := item{Subject: m.Subject.In(d.to.zone)}
		for _, f := range m.Lines {
			it.Lines = append(it.Lines, fact{plain(f.Label), plain(f.Value)})
		}
		if due := m.Subject.Due; !due.IsZero() && (first.IsZero() || due.Before(first)) {
			first = due
		}
		l.Items = append(l.Items, it)
	}
	path := open[0].Link
	l.Title = l.Items[0].Subject
	l.Footer = "Thread " + open[0].Thread
	if d.digest {
		path, l.Footer = "/inbox", "Your daily letter"
		l.Title = Subject{Verb: "Digest", What: count(len(open)), Due: first}.In(d.to.zone)
	}
	if s.Public != "" && path != "" {
		l.Link = s.Public + path
	}
	l.Footer += ", message " + d.publicID + ". How you are told is set in your profile in the portal."
	return l
}

func count(n int) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}

func (m *Mail) domain() string {
	_, domain, _ := strings.Cut(m.From.Address, "@")
	return domain
}

// threadID names the conversation of a thread: its first two parts. It is that of this database alone.
func threadID(database, thread string) string {
	parts := strings.SplitN(thread, "/", 3)
	sum := sha256.Sum256([]byte(database + "\x00" + strings.Join(parts[:2], "/")))
	return "thread." + hex.EncodeToString(sum[:12])
}
