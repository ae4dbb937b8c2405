package trail

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"tenure/internal/db"
	"tenure/internal/evidence"
)

// Anchor brings the heads of the log out of the database's reach.
type Anchor struct {
	DB        *db.DB
	File      string // signed heads are added to it; "" for none
	Witnesses []WitnessAt
	// Mail sends one to an auditor, once a day; nil for nobody.
	Mail func(ctx context.Context, subject, text string) error
	HTTP *http.Client
	// Every is how often; 0: as often as the constant of that name says.
	Every time.Duration
}

// WitnessAt is where a witness is, and its public key.
type WitnessAt struct{ URL, Key string }

// Names of the sinks that are no witness; a witness is named by its public key.
const (
	SinkFile = "file"
	SinkMail = "mail"
)

// Every is how often the heads are brought out; the promise is a minute.
const (
	Every     = 15 * time.Second
	everyMail = 24 * time.Hour
)

// head is the last sealed head.
type sealed struct {
	size   int64
	signed []byte
}

// Run does it from time to time until ctx ends.
func (a *Anchor) Run(ctx context.Context) {
	tick := time.NewTicker(cmp.Or(a.Every, Every))
	defer tick.Stop()
	for {
		_ = a.Once(ctx) // noted as trouble, and tried again
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// lockAnchor keeps processes that anchor one after the other.
const lockAnchor = 7234531

// Once brings the last head to each sink that does not have it. What stands in the way of one does not stop the others, and is noted.
func (a *Anchor) Once(ctx context.Context) error {
	conn, err := a.DB.Pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	var mine bool
	if err := conn.QueryRow(ctx, `select pg_try_advisory_lock($1)`, lockAnchor).Scan(&mine); err != nil || !mine {
		return err
	}
	defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), `select pg_advisory_unlock($1)`, lockAnchor) }()
	var h sealed
	err = conn.QueryRow(ctx, `select size, note from checkpoint order by size desc limit 1`).Scan(&h.size, &h.signed)
	if errors.Is(err, pgx.ErrNoRows) || h.size == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	var all []error
	for sink, bring := range a.sinks(h) {
		var have bool
		recent := time.Duration(0)
		if sink == SinkMail {
			recent = everyMail
		}
		if err := conn.QueryRow(ctx, `select exists (select from anchor where sink = $1 and (size = $2 or at > clock_timestamp() - $3::interval))`,
			sink, h.size, recent).Scan(&have); err != nil {
			return err
		}
		if have {
			continue
		}
		signed, err := bring(ctx)
		if err == nil {
			_, err = conn.Exec(ctx, `insert into anchor (size, sink, signed) values ($1, $2, $3)`, h.size, sink, signed)
		}
		if err == nil {
			err = Clear(ctx, a.DB, sink)
		} else {
			err = errors.Join(err, Trouble(ctx, a.DB, sink, err))
		}
		all = append(all, err)
	}
	return errors.Join(all...)
}

// sinks are what brings a head out, by name.
func (a *Anchor) sinks(h sealed) map[string]func(context.Context) ([]byte, error) {
	out := map[string]func(context.Context) ([]byte, error){}
	if a.File != "" {
		out[SinkFile] = func(context.Context) ([]byte, error) { return nil, addTo(a.File, h.signed) }
	}
	for _, w := range a.Witnesses {
		out[w.Key] = func(ctx context.Context) ([]byte, error) { return a.show(ctx, w, h) }
	}
	if a.Mail != nil {
		out[SinkMail] = func(ctx context.Context) ([]byte, error) {
			return nil, a.Mail(ctx, fmt.Sprintf("Head of the evidence log: %d events", h.size),
				"Keep this letter. With it you can show later that the log was not changed before today:\n\n"+string(h.signed)+
					"\nSave the lines above, from tenure/ to the last one, as a file and run: tenure verify --database --checkpoint FILE\n")
		}
	}
	return out
}

// addTo adds a head to a file, and never writes over what is there.
func addTo(file string, signed []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // the operator says where
	if err != nil {
		return err
	}
	_, err = f.Write(append(bytes.Clone(signed), '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

// LastOf gives the last of the heads in a file that was written so.
func LastOf(text []byte) []byte {
	parts := bytes.Split(bytes.TrimSpace(text), []byte("\n\n"))
	if len(parts) < 2 {
		return text
	}
	return append(append(append(append([]byte{}, parts[len(parts)-2]...), "\n\n"...), bytes.TrimSpace(parts[len(parts)-1])...), '\n')
}

// show shows a head to a witness (C2SP tlog-witness, add-checkpoint), with the proof that it continues the last one that it signed.
func (a *Anchor) show(ctx context.Context, w WitnessAt, h sealed) ([]byte, error) {
	verifier, err := evidence.NewVerifier(w.Key)
	if err != nil {
		return nil, fmt.Errorf("the witness's public key: %w", err)
	}
	var old int64
	if err := a.DB.Pool.QueryRow(ctx, `select coalesce(max(size), 0) from anchor where sink = $1`, w.Key).Scan(&old); err != nil {
		return nil, err
	}
	for again := range 2 {
		status, body, err := a.post(ctx, w, h, old)
		switch {
		case err != nil:
			return nil, err
		case status == http.StatusConflict && again == 0:
			// It has seen another head than we remember: a reply was lost.
			if old, err = strconv.ParseInt(strings.TrimSpace(string(body)), 10, 64); err != nil || old > h.size {
				return nil, fmt.Errorf("the witness signed %d events of this log, and there are %d: an earlier state of the database was put back", old, h.size)
			}
			continue
		case status != http.StatusOK:
			return nil, fmt.Errorf("the witness refuses the log (%d): %s", status, strings.TrimSpace(string(body)))
		}
		if _, err := note.Open(append(bytes.Clone(h.signed), body...), note.VerifierList(verifier)); err != nil {
			return nil, fmt.Errorf("the witness's answer is not signed under its key: %w", err)
		}
		return body, nil
	}
	return nil, errors.New("the witness has signed another log under this name")
}

func (a *Anchor) post(ctx context.Context, w WitnessAt, h sealed, old int64) (int, []byte, error) {
	body := fmt.Appendf(nil, "old %d\n", old)
	if old > 0 && old < h.size {
		err := a.DB.Read(ctx, func(tx *db.Tx) error {
			proof, err := tlog.ProveTree(h.size, old, Store(tx))
			for _, p := range proof {
				body = append(base64.StdEncoding.AppendEncode(body, p[:]), '\n')
			}
			return err
		})
		if err != nil {
			return 0, nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL+"/add-checkpoint", bytes.NewReader(append(append(body, '\n'), h.signed...)))
	if err != nil {
		return 0, nil, err
	}
	client := a.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("the witness does not answer: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 16<<10))
	return res.StatusCode, answer, err
}
