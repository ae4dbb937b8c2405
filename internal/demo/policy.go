package demo

import (
	"context"
	"embed"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tenure/internal/app"
	"tenure/internal/change"
	"tenure/internal/db"
)

//go:embed policy/*.yaml
var policyFiles embed.FS

// writePolicy writes the policy files into the folder, where a visitor may read, change and apply them. Owners are people, so
// they are named once there are people.
func (d *Demo) writePolicy(owners bool) error {
	dir := filepath.Join(d.dir, "policy")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return fs.WalkDir(policyFiles, "policy", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		body, err := policyFiles.ReadFile(path)
		if err != nil {
			return err
		}
		text := strings.ReplaceAll(string(body), "${TARGETS}", filepath.Join(d.dir, "targets"))
		if !owners {
			text = withoutOwners(text)
		}
		return os.WriteFile(filepath.Join(dir, filepath.Base(path)), []byte(text), 0o600)
	})
}

func withoutOwners(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "  owner:") {
			continue
		}
		if head, tail, cut := strings.Cut(line, `, owner: "`); cut {
			_, tail, _ = strings.Cut(tail, `"`)
			line = head + tail
		}
		out = append(out, line)
	}
	return strings.Join(out, "")
}

// apply applies the policy files in the folder.
func (d *Demo) apply(ctx context.Context, note string) (*change.Files, error) {
	files, err := change.Read(filepath.Join(d.dir, "policy"))
	if err != nil {
		return nil, err
	}
	deps := app.ChangeDeps()
	deps.Note = note
	return files, d.App.DB.Do(ctx, db.Operator, func(tx *db.Tx) error {
		_, err := change.Apply(tx, files, deps)
		return err
	})
}
