// Package mailtest has an SMTP server for tests, on 127.0.0.1: that of github.com/emersion/go-smtp, with STARTTLS and a password, which keeps
// the letters it takes.
package mailtest

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"tenure/internal/notify"
)

// Letter is one that was taken.
type Letter struct {
	From       string
	To         []string // of the envelope
	Raw        []byte
	Header     mail.Header
	Subject    string // decoded
	Text, HTML string
}

// Sink is the server.
type Sink struct {
	Port           int
	User, Password string // as the sender proved them

	t       testing.TB
	roots   *x509.CertPool
	mu      sync.Mutex
	letters []Letter
	answer  func(Letter) error
}

// New starts one, until the test ends.
func New(t testing.TB) *Sink {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cert := httptest.NewTLSServer(nil) // for its certificate
	cert.Close()
	k := &Sink{t: t, Port: l.Addr().(*net.TCPAddr).Port, roots: x509.NewCertPool()}
	k.roots.AddCert(cert.Certificate())
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{sink: k}, nil }))
	s.Domain, s.EnableSMTPUTF8, s.TLSConfig = "localhost", true, &tls.Config{Certificates: cert.TLS.Certificates}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return k
}

// Mail says how letters get here.
func (k *Sink) Mail() *notify.Mail {
	return &notify.Mail{Host: "127.0.0.1", Port: k.Port, Roots: k.roots, User: "tenure", Password: "s3cret", From: mail.Address{Name: "Access", Address: "access@corp.example"}}
}

// Answer lets fn say what is answered to each letter; a letter for which it gives an error is not taken. fn may do something else first.
func (k *Sink) Answer(fn func(Letter) error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.answer = fn
}

// Letters gives what was taken until now.
func (k *Sink) Letters() []Letter {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.letters)
}

type session struct {
	sink   *Sink
	letter Letter
}

func (s *session) Reset()        { s.letter = Letter{} }
func (s *session) Logout() error { return nil }

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.sink.mu.Lock()
		defer s.sink.mu.Unlock()
		s.sink.User, s.sink.Password = user, password
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.letter.From = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.letter.To = append(s.letter.To, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	l := s.letter
	l.Raw = raw
	if err := l.read(); err != nil {
		s.sink.t.Errorf("a letter cannot be read: %v\n%s", err, raw)
		return err
	}
	s.sink.mu.Lock()
	answer := s.sink.answer
	s.sink.mu.Unlock()
	if answer != nil {
		if err := answer(l); err != nil {
			return err
		}
	}
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.sink.letters = append(s.sink.letters, l)
	return nil
}

// read takes a letter apart: its header, and its text or its two parts.
func (l *Letter) read() error {
	m, err := mail.ReadMessage(bytes.NewReader(l.Raw))
	if err != nil {
		return err
	}
	l.Header = m.Header
	if l.Subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return err
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	if kind == "text/plain" {
		return l.part(kind, m.Header.Get("Content-Transfer-Encoding"), m.Body)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := l.part(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); err != nil {
			return err
		}
	}
}

func (l *Letter) part(kind, encoding string, body io.Reader) error {
	if encoding == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	b, err := io.ReadAll(body)
	if strings.HasPrefix(kind, "text/html") {
		l.HTML = string(b)
	} else {
		l.Text = strings.ReplaceAll(string(b), "\r\n", "\n")
	}
	return err
}
