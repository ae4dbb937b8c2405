package evidence

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is the head of a log: how many events it has and the root of their tree (C2SP tlog-checkpoint).
type Checkpoint struct {
	Origin string // names the log
	Size   int64
	Root   Hash
}

// Text is what is signed.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// ErrCheckpoint says that a text is no checkpoint.
var ErrCheckpoint = errors.New("this is no checkpoint of a log")

// ParseCheckpoint reads what is signed. Lines after the root are extensions, which a reader passes over.
func ParseCheckpoint(text string) (c Checkpoint, err error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) != 4 || lines[0] == "" {
		return c, ErrCheckpoint
	}
	c.Origin = lines[0]
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 || strconv.FormatInt(c.Size, 10) != lines[1] {
		return c, ErrCheckpoint
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != len(c.Root) {
		return c, ErrCheckpoint
	}
	copy(c.Root[:], root)
	return c, nil
}

// Sign gives the checkpoint as a signed note.
func (c Checkpoint) Sign(by ...note.Signer) ([]byte, error) {
	return note.Sign(&note.Note{Text: c.Text()}, by...)
}

// OpenCheckpoint reads a signed checkpoint of a log and gives who of those known signed it: at least one who speaks for the log,
// that is, whose name is the log's origin.
func OpenCheckpoint(signed []byte, known ...note.Verifier) (Checkpoint, []note.Signature, error) {
	n, err := note.Open(signed, note.VerifierList(known...))
	if err != nil {
		return Checkpoint{}, nil, err
	}
	c, err := ParseCheckpoint(n.Text)
	if err != nil {
		return c, nil, err
	}
	for _, s := range n.Sigs {
		if s.Name == c.Origin {
			return c, n.Sigs, nil
		}
	}
	return c, nil, fmt.Errorf("the checkpoint is not signed by the log %s", c.Origin)
}

// NewLogKey makes a key under which checkpoints of a log are signed. The private one is kept outside of the database.
func NewLogKey(origin string) (private, public string, err error) {
	return note.GenerateKey(rand.Reader, origin)
}

// PublicOf gives the public form of a private key of note's.
func PublicOf(private string) (string, error) {
	part := strings.Split(private, "+")
	if len(part) < 5 || part[0] != "PRIVATE" {
		return "", errors.New("this is no key of a log")
	}
	seed, err := base64.StdEncoding.DecodeString(strings.Join(part[4:], "+"))
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return "", errors.New("this is no key of a log")
	}
	return note.NewEd25519VerifierKey(part[2], ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey))
}

// rotated begins the statement that a log has a new key.
const rotated = "tenure log key rotation v1"

// Rotation is the statement, signed under the old key, that a log is signed under another from now on.
func Rotation(origin, public string, old note.Signer) ([]byte, error) {
	return note.Sign(&note.Note{Text: rotated + "\n" + origin + "\n" + public + "\n"}, old)
}

// OpenRotation gives the new public key, if the statement is signed under a known one.
func OpenRotation(signed []byte, known ...note.Verifier) (public string, err error) {
	n, err := note.Open(signed, note.VerifierList(known...))
	if err != nil {
		return "", err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != rotated || lines[1] != n.Sigs[0].Name {
		return "", errors.New("this is no statement about the key of a log")
	}
	return lines[2], nil
}

// Chain gives the verifiers of a log from public keys that are trusted and statements about later ones. Whoever trusts a later key cannot judge
// the statements before it: they are passed over, and add nothing. From the first one that is signed under a known key on, all must be.
func Chain(trusted []string, rotations [][]byte) ([]note.Verifier, error) {
	var known []note.Verifier
	add := func(public string) error {
		v, err := note.NewVerifier(public)
		if err == nil {
			for _, k := range known {
				if k.Name() == v.Name() && k.KeyHash() == v.KeyHash() {
					return nil
				}
			}
			known = append(known, v)
		}
		return err
	}
	for _, p := range trusted {
		if err := add(p); err != nil {
			return nil, err
		}
	}
	judged := false
	for _, r := range rotations {
		public, err := OpenRotation(r, known...)
		var unknown *note.UnverifiedNoteError
		if !judged && errors.As(err, &unknown) {
			continue
		}
		judged = true
		if err == nil {
			err = add(public)
		}
		if err != nil {
			return known, fmt.Errorf("a later key of the log: %w", err)
		}
	}
	return known, nil
}

// A witness says that it saw a checkpoint at a time, and no other one of that log that would contradict it (C2SP
// tlog-cosignature, cosignature/v1).
const cosignature = 4

// Witness signs so.
type Witness struct {
	name string
	key  ed25519.PrivateKey
}

// NewWitness gives the witness of a name whose key has this seed.
func NewWitness(name string, seed []byte) (*Witness, error) {
	if len(seed) != ed25519.SeedSize || name == "" || strings.ContainsAny(name, " +\n\t") {
		return nil, errors.New("a witness has a name without spaces or plus signs and a key of 32 bytes")
	}
	return &Witness{name: name, key: ed25519.NewKeyFromSeed(seed)}, nil
}

// Public is the public key in the form of a verifier key.
func (w *Witness) Public() string {
	public := append([]byte{cosignature}, w.key.Public().(ed25519.PublicKey)...)
	return fmt.Sprintf("%s+%08x+%s", w.name, keyHash(w.name, public), base64.StdEncoding.EncodeToString(public))
}

// Cosign gives the line that is added to a signed checkpoint, for its text.
func (w *Witness) Cosign(text string, at time.Time) []byte {
	sig := make([]byte, 4, 76)
	binary.BigEndian.PutUint32(sig, keyHash(w.name, append([]byte{cosignature}, w.key.Public().(ed25519.PublicKey)...)))
	sig = binary.BigEndian.AppendUint64(sig, uint64(at.Unix())) //nolint:gosec // after 1970
	sig = append(sig, ed25519.Sign(w.key, cosigned(text, at.Unix()))...)
	return fmt.Appendf(nil, "— %s %s\n", w.name, base64.StdEncoding.EncodeToString(sig))
}

func cosigned(text string, at int64) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text)
}

func keyHash(name string, public []byte) uint32 {
	h := sha256.Sum256(append(append([]byte(name), '\n'), public...))
	return binary.BigEndian.Uint32(h[:])
}

// cosigner verifies cosignatures.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

// NewVerifier gives the verifier of a log's or a witness's public key.
func NewVerifier(public string) (note.Verifier, error) {
	name, rest, _ := strings.Cut(public, "+")
	hash, b64, _ := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.DecodeString(b64)
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != cosignature {
		return note.NewVerifier(public)
	}
	if id := keyHash(name, key); fmt.Sprintf("%08x", id) == hash {
		return &cosigner{name, id, key[1:]}, nil
	}
	return nil, errors.New("malformed verifier key")
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }
func (c *cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	return ed25519.Verify(c.key, cosigned(string(msg), int64(binary.BigEndian.Uint64(sig))), sig[8:]) //nolint:gosec // as it was put
}

// SeenAt gives when a witness saw what it signed.
func SeenAt(s note.Signature) (time.Time, bool) {
	raw, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil || len(raw) != 4+8+ed25519.SignatureSize {
		return time.Time{}, false
	}
	return time.Unix(int64(binary.BigEndian.Uint64(raw[4:])), 0).UTC(), true //nolint:gosec // as it was put
}

// CheckGrowth says whether a tree of a later checkpoint begins with the tree of an earlier one.
func CheckGrowth(proof []Hash, earlier, later Checkpoint) error {
	switch {
	case earlier.Origin != later.Origin:
		return errors.New("the checkpoints are of two logs")
	case earlier.Size > later.Size:
		return fmt.Errorf("the log has shrunk from %d to %d events", earlier.Size, later.Size)
	case earlier.Size == later.Size:
		if earlier.Root != later.Root {
			return fmt.Errorf("two different logs of %d events are signed", later.Size)
		}
		return nil
	case earlier.Size == 0:
		return nil
	}
	return tlog.CheckTree(proof, later.Size, later.Root, earlier.Size, earlier.Root)
}
