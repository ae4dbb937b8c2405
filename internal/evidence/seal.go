package evidence

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/hkdf"
)

// Keeper seals and opens values under the installation's key, which never enters the database. Every value is bound to the
// place it belongs to (its associated data), so a ciphertext copied into another row or column does not open.
type Keeper struct{ root []byte }

// ErrSealed says that a sealed value does not open: another key, another place, or changed bytes.
var ErrSealed = errors.New("a sealed value does not open: it was written under another key, or changed, or moved")

// NewKeeper makes a keeper from the installation's key of 32 bytes.
func NewKeeper(root []byte) (*Keeper, error) {
	if len(root) != 32 {
		return nil, fmt.Errorf("the installation key must have 32 bytes, not %d", len(root))
	}
	return &Keeper{root: root}, nil
}

// Seal encrypts plain with AES-256-GCM under a key derived for the place ("application/3/token").
func (k *Keeper) Seal(place string, plain []byte) ([]byte, error) {
	aead, err := k.aead(place)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, plain, []byte(place)), nil
}

// Open decrypts what Seal made for the same place.
func (k *Keeper) Open(place string, sealed []byte) ([]byte, error) {
	aead, err := k.aead(place)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, nil, sealed, []byte(place))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

func (k *Keeper) aead(place string) (cipher.AEAD, error) {
	key := make([]byte, 32)
	if _, err := io.ReadFull(hkdf.New(sha256.New, k.root, nil, []byte("tenure/v1/"+place)), key); err != nil {
		return nil, err
	}
	return newAEAD(key)
}

// PersonKey is the key of one person: everything personal in the log about them is sealed under it.
type PersonKey struct{ aead cipher.AEAD }

// wrapper is the place under which person keys are wrapped: one derivation for all of them, since there are many.
const wrapper = "identity_key"

// Wrapper wraps and unwraps many person keys with one derived key.
type Wrapper struct{ aead cipher.AEAD }

// Wrapper gives the wrapper of person keys.
func (k *Keeper) Wrapper() (*Wrapper, error) {
	a, err := k.aead(wrapper)
	if err != nil {
		return nil, err
	}
	return &Wrapper{aead: a}, nil
}

// New makes a person's key and its wrapped form for the row with this id.
func (w *Wrapper) New(id int) (*PersonKey, []byte, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, nil, err
	}
	a, err := newAEAD(key)
	if err != nil {
		return nil, nil, err
	}
	return &PersonKey{aead: a}, w.aead.Seal(nil, nil, key, placeOf(id)), nil
}

// Open unwraps the key of the row with this id.
func (w *Wrapper) Open(id int, wrapped []byte) (*PersonKey, error) {
	key, err := w.aead.Open(nil, nil, wrapped, placeOf(id))
	if err != nil {
		return nil, ErrSealed
	}
	a, err := newAEAD(key)
	return &PersonKey{aead: a}, err
}

// Seal encrypts personal values for the log.
func (p *PersonKey) Seal(plain []byte) []byte { return p.aead.Seal(nil, nil, plain, nil) }

// Open decrypts them.
func (p *PersonKey) Open(sealed []byte) ([]byte, error) {
	plain, err := p.aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func placeOf(id int) []byte { return fmt.Appendf(nil, "%s/%d", wrapper, id) }

// Places of marks: what was erased is known again by them.
const (
	PlaceErasedNumber = "erased_number"
	PlaceErasedName   = "erased_name"
)

// Marker makes marks of texts under the installation's key (HMAC-SHA-256, RFC 2104): the same text gives the same mark, and without the key
// nobody finds out which text it was, however few there are.
type Marker struct {
	key   []byte
	place string
}

// Marker gives the marker of a place.
func (k *Keeper) Marker(place string) (*Marker, error) {
	key := make([]byte, 32)
	_, err := io.ReadFull(hkdf.New(sha256.New, k.root, nil, []byte("tenure/v1/mark/"+place)), key)
	return &Marker{key: key, place: place}, err
}

// Mark gives the mark of a text that belongs to something with an id, 32 bytes.
func (m *Marker) Mark(of int, text string) []byte {
	h := hmac.New(sha256.New, m.key)
	_, _ = fmt.Fprintf(h, "%s/%d/%s", m.place, of, text) // never fails
	return h.Sum(nil)
}
