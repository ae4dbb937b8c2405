// Package passkeytest is a security key in software, for tests: it makes one passkey and answers for it, honestly or not.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"
)

// Flags of what an authenticator says about its user (WebAuthn 6.1).
const (
	Present  = 0x01
	Verified = 0x04
	attested = 0x40 // a new key follows
)

// Stick is one security key in somebody's hand, at a browser that shows a page of Origin.
type Stick struct {
	Origin, Host string
	Key          *ecdsa.PrivateKey
	ID, User     []byte
	Count        uint32 // how often it signed
	Still        bool   // it has no counter: it always says 0, as passkeys that are kept in an account do
	t            testing.TB
}

// Said is what an answer says. A lie changes it before it is signed.
type Said struct {
	Type, Challenge, Origin, Host string
	Embedded                      bool // the page is within a page of somebody else
	Flags                         byte
	Count                         uint32
	ID, User                      []byte
	Key                           *ecdsa.PrivateKey
}

// New gives a stick that has no passkey yet.
func New(t testing.TB, origin, host string) *Stick {
	s := &Stick{Origin: origin, Host: host, Key: NewKey(t), ID: make([]byte, 32), t: t}
	_, _ = rand.Read(s.ID) // never fails
	return s
}

// NewKey makes a key of the kind that all authenticators have (ES256).
func NewKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// options is what is of interest here in what a page asks.
type options struct {
	Challenge string
	User      struct{ ID string }
}

func (s *Stick) read(asked string) (o options) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(asked), &o); err != nil || o.Challenge == "" {
		s.t.Fatalf("this asks no passkey: %q (%v)", asked, err)
	}
	return o
}

// Make answers a page that asks for a new passkey.
func (s *Stick) Make(asked string, lie func(*Said)) string {
	s.t.Helper()
	o := s.read(asked)
	user, err := base64.RawURLEncoding.DecodeString(o.User.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	s.User = user
	x := s.say("webauthn.create", o, lie)
	data := append(x.data(attested), make([]byte, 16)...) // of no make
	data = binary.BigEndian.AppendUint16(data, uint16(len(x.ID)))
	data = append(append(data, x.ID...), cose(x.Key)...)
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"), byte(len(data)>>8), byte(len(data)))
	return s.send(x, map[string]any{"attestationObject": text(append(object, data...)), "transports": []string{"usb"}})
}

// Answer answers a page that asks for a proof.
func (s *Stick) Answer(asked string, lie func(*Said)) string {
	s.t.Helper()
	if !s.Still {
		s.Count++
	}
	x := s.say("webauthn.get", s.read(asked), lie)
	data := x.data(0)
	client := sha256.Sum256(x.client())
	sum := sha256.Sum256(append(append([]byte{}, data...), client[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, x.Key, sum[:])
	if err != nil {
		s.t.Fatal(err)
	}
	return s.send(x, map[string]any{"authenticatorData": text(data), "signature": text(signature), "userHandle": text(x.User)})
}

func (s *Stick) say(kind string, o options, lie func(*Said)) *Said {
	x := &Said{Type: kind, Challenge: o.Challenge, Origin: s.Origin, Host: s.Host, Flags: Present | Verified, Count: s.Count, ID: s.ID, User: s.User, Key: s.Key}
	if lie != nil {
		lie(x)
	}
	return x
}

// client is what the browser says.
func (x *Said) client() []byte {
	out, _ := json.Marshal(map[string]any{"type": x.Type, "challenge": x.Challenge, "origin": x.Origin, "crossOrigin": x.Embedded}) // of strings
	return out
}

// data is what the authenticator says.
func (x *Said) data(flags byte) []byte {
	host := sha256.Sum256([]byte(x.Host))
	return binary.BigEndian.AppendUint32(append(host[:], x.Flags|flags), x.Count)
}

func (s *Stick) send(x *Said, response map[string]any) string {
	s.t.Helper()
	response["clientDataJSON"] = text(x.client())
	out, err := json.Marshal(map[string]any{"id": text(x.ID), "rawId": text(x.ID), "type": "public-key", "authenticatorAttachment": "cross-platform",
		"clientExtensionResults": map[string]any{}, "response": response})
	if err != nil {
		s.t.Fatal(err)
	}
	return string(out)
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// cose writes a public key in CBOR (RFC 9053, 7.1.1).
func cose(k *ecdsa.PrivateKey) []byte {
	x, y := make([]byte, 32), make([]byte, 32)
	out := append([]byte("\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20"), k.X.FillBytes(x)...)
	return append(append(out, "\x22\x58\x20"...), k.Y.FillBytes(y)...)
}
