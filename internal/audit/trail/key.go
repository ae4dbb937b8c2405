package trail

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// Origin names the log of a database.
func Origin(d *db.DB) string { return "tenure/" + d.ID }

// Signer reads the key of the log from its file, and makes one there at first use, readable by its owner only.
func Signer(d *db.DB, file string) (note.Signer, string, error) {
	private, _, err := evidence.NewLogKey(Origin(d))
	if err != nil {
		return nil, "", err
	}
	if err := makeOnce(file, private+"\n"); err != nil {
		return nil, "", fmt.Errorf("making the key of the log: %w", err)
	}
	return readKey(file)
}

// next is what the name of the file ends in where a new key waits for the commit.
const next = ".next"

func readKey(file string) (note.Signer, string, error) {
	if i, err := os.Stat(file); err != nil {
		return nil, "", errs.Invalid("cannot read the key of the log: %v", err)
	} else if i.Mode().Perm()&0o077 != 0 {
		return nil, "", errs.Invalid("others than its owner may read the key of the log, %s: set its mode to 0600", file)
	}
	body, err := os.ReadFile(file) //nolint:gosec // the operator says where
	if err != nil {
		return nil, "", errs.Invalid("cannot read the key of the log: %v", err)
	}
	private := strings.TrimSpace(string(body))
	s, err := note.NewSigner(private)
	if err != nil {
		return nil, "", errs.Invalid("%s holds no key of a log", file)
	}
	public, err := evidence.PublicOf(private)
	return s, public, err
}

// makeOnce writes a file where there is none; of several processes that start together one wins.
func makeOnce(path, text string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := writeBeside(path, text)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp) }()
	if err := os.Link(tmp, path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

// replace writes a file so that it is there whole or not at all.
func replace(path, text string) error {
	tmp, err := writeBeside(path, text)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return nil
}

func writeBeside(path, text string) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// Rotate gives the log a new key: a statement signed under the old one is stored, and the new one takes the old one's place in the file.
func Rotate(ctx context.Context, d *db.DB, file string) (string, error) {
	old, was, err := Signer(d, file)
	if err != nil {
		return "", err
	}
	private, public, err := evidence.NewLogKey(Origin(d))
	if err != nil {
		return "", err
	}
	statement, err := evidence.Rotation(Origin(d), public, old)
	if err != nil {
		return "", err
	}
	err = d.Do(ctx, db.Operator, func(tx *db.Tx) error {
		if err := ours(tx, was); err != nil {
			return err
		}
		if _, err := tx.Exec(`insert into log_key (public, statement) values ($1, $2)`, public, statement); err != nil {
			return err
		}
		tx.Record(evidence.Event{Kind: "log.key_rotated", Facts: map[string]any{"public": public, "before": was}})
		// Written before the commit, and put in its place after it: whoever finds both knows which one is the log's.
		return replace(file+next, private+"\n")
	})
	if err != nil {
		return "", err
	}
	if err := os.Rename(file+next, file); err != nil && !errors.Is(err, os.ErrNotExist) { // a sealer was faster
		return "", err
	}
	return public, nil
}

// ours says whether a public key is the log's; the first one is.
func ours(tx *db.Tx, public string) error {
	if _, err := tx.Exec(`insert into log_key (public) select $1 where not exists (select from log_key)`, public); err != nil {
		return err
	}
	var now string
	if err := tx.QueryRow(`select public from log_key order by id desc limit 1`).Scan(&now); err != nil {
		return err
	}
	if now != public {
		return errs.Conflict("the key in the file is not the key of this log: the log is signed under %s", now)
	}
	return nil
}

// Keys are the public keys of the log, the first one first, and the statements about the later ones.
type Keys struct {
	Public     []string
	Statements [][]byte
}

// ReadKeys reads them.
func ReadKeys(tx *db.Tx) (k Keys, err error) {
	rows, err := tx.Query(`select public, statement from log_key order by id`)
	if err != nil {
		return k, err
	}
	defer rows.Close()
	for rows.Next() {
		var public string
		var statement []byte
		if err := rows.Scan(&public, &statement); err != nil {
			return k, err
		}
		k.Public = append(k.Public, public)
		if statement != nil {
			k.Statements = append(k.Statements, statement)
		}
	}
	return k, rows.Err()
}
