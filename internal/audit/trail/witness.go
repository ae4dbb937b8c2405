package trail

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// Witness is shown the heads of logs and signs each that continues the one it signed before (C2SP tlog-witness). It runs by itself, best as
// another user or on another machine: it keeps its own key and, of each log, the last head, and knows neither database nor events. A log that
// shows it a head which contradicts the last one is refused, and both are kept as proof.
type Witness struct {
	dir  string
	sign *evidence.Witness
	logs map[string][]note.Verifier // by origin
	mu   sync.Mutex
}

// OpenWitness opens the witness of a folder, whose key is made there at first use, for the logs of these public keys.
func OpenWitness(dir, name string, logs []string) (*Witness, error) {
	seed := make([]byte, 32)
	_, _ = rand.Read(seed) // never fails
	file := filepath.Join(dir, "witness.key")
	if err := makeOnce(file, hex.EncodeToString(seed)+"\n"); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator says where
	if err != nil {
		return nil, err
	}
	if seed, err = hex.DecodeString(strings.TrimSpace(string(text))); err != nil {
		return nil, errs.Invalid("%s holds no key of a witness", file)
	}
	w := &Witness{dir: dir, logs: map[string][]note.Verifier{}}
	if w.sign, err = evidence.NewWitness(name, seed); err != nil {
		return nil, errs.Invalid("%v", err)
	}
	for _, public := range logs {
		v, err := note.NewVerifier(public)
		if err != nil {
			return nil, errs.Invalid("%q is not the public key of a log", public)
		}
		w.logs[v.Name()] = append(w.logs[v.Name()], v)
	}
	return w, nil
}

// Public is the witness's public key.
func (w *Witness) Public() string { return w.sign.Public() }

// ServeHTTP answers POST /add-checkpoint.
func (w *Witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/add-checkpoint" || r.Method != http.MethodPost {
		http.NotFound(rw, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, 64<<10))
	if err != nil {
		http.Error(rw, "too large", http.StatusBadRequest)
		return
	}
	a := w.add(body, time.Now())
	if a.status == http.StatusConflict {
		rw.Header().Set("Content-Type", "text/x.tlog.size")
	}
	rw.WriteHeader(a.status)
	_, _ = rw.Write(a.body)
}

type witnessed struct {
	status int
	body   []byte
}

func refuse(status int, text string) witnessed { return witnessed{status, []byte(text + "\n")} }

// add judges one head: "old SIZE", lines of a consistency proof, an empty line, the signed head.
func (w *Witness) add(body []byte, now time.Time) witnessed {
	front, signed, ok := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(front), "\n")
	old, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
	if !ok || err != nil || old < 0 || !strings.HasPrefix(lines[0], "old ") || len(lines) > 64 {
		return refuse(http.StatusBadRequest, "this is no request to add a checkpoint")
	}
	var proof []evidence.Hash
	for _, l := range lines[1:] {
		h, err := base64.StdEncoding.DecodeString(l)
		if err != nil || len(h) != 32 {
			return refuse(http.StatusBadRequest, "this is no proof")
		}
		proof = append(proof, evidence.Hash(h))
	}
	head, err := evidence.ParseCheckpoint(beforeSignatures(signed))
	if err != nil {
		return refuse(http.StatusBadRequest, err.Error())
	}
	known := w.logs[head.Origin]
	if known == nil {
		return refuse(http.StatusNotFound, "this witness does not know the log "+head.Origin)
	}
	if _, _, err := evidence.OpenCheckpoint(signed, known...); err != nil {
		return refuse(http.StatusForbidden, "not signed under a key of the log that this witness knows")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	file := filepath.Join(w.dir, hex.EncodeToString(hashOf(head.Origin))[:16]+".checkpoint")
	last, lastSigned, err := w.last(file, head.Origin)
	switch {
	case err != nil:
		return refuse(http.StatusInternalServerError, "the witness cannot read what it signed before")
	case old > head.Size:
		return refuse(http.StatusBadRequest, "the old size is larger than the new one")
	case old != last.Size:
		if head.Size < last.Size || head.Size == last.Size && head.Root != last.Root {
			w.keep(lastSigned, signed, nil) // a log that forgot some of itself; the very same head is shown again where an answer was lost
		}
		return refuse(http.StatusConflict, strconv.FormatInt(last.Size, 10))
	case head.Size == last.Size && head.Root != last.Root && last.Size > 0:
		w.keep(lastSigned, signed, proof)
		return refuse(http.StatusConflict, strconv.FormatInt(last.Size, 10))
	}
	if err := evidence.CheckGrowth(proof, last, head); err != nil {
		w.keep(lastSigned, signed, proof)
		return refuse(http.StatusUnprocessableEntity, err.Error())
	}
	// Kept before it is signed: a witness that is killed in between never signs two that contradict each other.
	if err := replace(file, string(signed)); err != nil {
		return refuse(http.StatusInternalServerError, "the witness cannot keep what it signs")
	}
	return witnessed{http.StatusOK, w.sign.Cosign(head.Text(), now)}
}

// last gives the head of a log that was signed last.
func (w *Witness) last(file, origin string) (evidence.Checkpoint, []byte, error) {
	signed, err := os.ReadFile(file) //nolint:gosec // its own folder
	if errors.Is(err, os.ErrNotExist) {
		return evidence.Checkpoint{Origin: origin}, nil, nil
	}
	if err != nil {
		return evidence.Checkpoint{}, nil, err
	}
	c, err := evidence.ParseCheckpoint(beforeSignatures(signed))
	return c, signed, err
}

// keep keeps two heads that contradict each other: both are signed by the log, so that it cannot deny either.
func (w *Witness) keep(last, shown []byte, proof []evidence.Hash) {
	text := fmt.Sprintf("This head was signed before:\n\n%s\nThis one was shown afterwards, and was refused:\n\n%s\nWith the proof %v\n", last, shown, proof)
	_ = makeOnce(filepath.Join(w.dir, "fork-"+hex.EncodeToString(hashOf(text))[:16]+".txt"), text)
}

func hashOf(text string) []byte {
	h := sha256.Sum256([]byte(text))
	return h[:]
}
