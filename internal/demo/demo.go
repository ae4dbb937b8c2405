package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"tenure/internal/app"
	"tenure/internal/config"
	"tenure/internal/db"
	"tenure/internal/db/pgserver"
	"tenure/internal/errs"
)

// Demo is the running demo company: Tenure, its HR system and its targets.
type Demo struct {
	App     *app.App
	Feed    *Feed
	Targets *Targets

	dir  string
	lock *os.File
	say  func(format string, a ...any)
}

// Options say how to open a demo.
type Options struct {
	Reset bool                          // throw away what the folder holds, and begin anew
	Size  Size                          // of the history, when it is made; the zero value is Full
	Say   func(format string, a ...any) // tells a person what is going on; nil for nobody
}

// marker is the file that says that a folder is a demo's.
const marker = "demo.json"

// State of a folder.
const (
	making = "making" // the history is under way, or was interrupted
	ready  = "ready"
)

// Open starts the demo in the folder c.Data, and makes it first if there is none: company, targets and a year of history. A
// making that was interrupted is begun anew. It fails with errs.KindConflict when the folder is in use or holds something else.
func Open(ctx context.Context, c *config.Config, o Options) (*Demo, error) {
	if o.Size == (Size{}) {
		o.Size = Full
	}
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	if c.DatabaseURL != "" {
		return nil, errs.Invalid("The demo runs on a private database only: unset DATABASE_URL.")
	}
	d := &Demo{dir: c.Data, say: o.Say}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, err
	}
	if err := d.take(); err != nil {
		return nil, err
	}
	if err := d.open(ctx, c, o); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Demo) open(ctx context.Context, c *config.Config, o Options) error {
	state, err := d.state()
	if err != nil {
		return err
	}
	if state == making || state != "" && o.Reset {
		d.say("Throwing away the demo in %s ...", d.dir)
		if err := d.clear(ctx); err != nil {
			return err
		}
		state = ""
	}
	if state == "" {
		if err := d.mark(making); err != nil {
			return err
		}
	}
	var moved bool
	if d.Targets, moved, err = startTargets(ctx, filepath.Join(d.dir, "targets")); err != nil {
		return err
	}
	if err := app.Migrate(ctx, c, db.Demo); err != nil {
		return err
	}
	if d.App, err = app.Open(ctx, c); err != nil {
		return err
	}
	d.Feed = &Feed{dir: filepath.Join(d.dir, "feed"), hr: d.App.HR}
	if state == ready {
		if moved {
			_, err = d.apply(ctx, "the targets have new addresses")
		}
		return err
	}
	if err := d.make(ctx, History(here(time.Now()), o.Size)); err != nil {
		return fmt.Errorf("making the demo: %w", err)
	}
	return d.mark(ready)
}

// Close stops the targets and the databases. Whoever serves or works must have stopped before.
func (d *Demo) Close() error {
	var all []error
	if d.App != nil {
		all = append(all, d.App.Close())
	}
	if d.Targets != nil {
		all = append(all, d.Targets.Close())
	}
	return errors.Join(append(all, d.lock.Close())...)
}

// take makes sure that one process at a time runs the demo of a folder: its targets have one set of addresses.
func (d *Demo) take() (err error) {
	if d.lock, err = os.OpenFile(filepath.Join(d.dir, "demo.lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	if err := syscall.Flock(int(d.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errors.Join(errs.Conflict("The demo in %s is running already: stop it, or choose another --data folder.", d.dir), d.lock.Close())
	}
	return nil
}

// state reads the marker: "" for an empty folder.
func (d *Demo) state() (string, error) {
	body, err := os.ReadFile(filepath.Join(d.dir, marker))
	if errors.Is(err, os.ErrNotExist) {
		found, err := os.ReadDir(d.dir)
		if err == nil && len(found) > 1 { // beside the lock
			err = errs.Conflict("%s holds something that is not a demo: choose another --data folder.", d.dir)
		}
		return "", err
	}
	if err != nil {
		return "", err
	}
	var m struct{ State string }
	if err := json.Unmarshal(body, &m); err != nil || m.State != making && m.State != ready {
		return "", errs.Conflict("%s cannot be read: remove the folder to begin anew.", filepath.Join(d.dir, marker))
	}
	return m.State, nil
}

func (d *Demo) mark(state string) error {
	return os.WriteFile(filepath.Join(d.dir, marker), fmt.Appendf(nil, "{\"state\": %q}\n", state), 0o600)
}

// stopWait is how long the servers of a folder may take to stop before it is cleared.
const stopWait = 20 * time.Second

// clear removes what the folder holds, once nobody uses it.
func (d *Demo) clear(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopWait)
	defer cancel()
	for _, dir := range []string{d.dir, filepath.Join(d.dir, "targets", "warehouse")} {
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err != nil {
			continue
		}
		if err := pgserver.Wait(ctx, dir); err != nil {
			return errs.Conflict("The database in %s is in use: stop the other programs on it first.", dir)
		}
	}
	found, err := os.ReadDir(d.dir)
	if err != nil {
		return err
	}
	// The marker goes last: an interrupted clearing is gone on with.
	for _, e := range found {
		if e.Name() == marker || e.Name() == filepath.Base(d.lock.Name()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(d.dir, e.Name())); err != nil {
			return err
		}
	}
	return os.Remove(filepath.Join(d.dir, marker))
}
