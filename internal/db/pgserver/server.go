package pgserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tenure/internal/errs"
)

// startWait is how long a client waits for a server that starts, stops or recovers.
const startWait = 2 * time.Minute

// watchEvery is how often a client looks whether the keeper is alive.
const watchEvery = time.Second

// Options say which server to use. When it already runs, it goes on with the options it was started with.
type Options struct {
	// Dir is the data folder, made when missing. The cluster lives in Dir/postgres.
	Dir string
	// BinDir is the folder with postgres and initdb; empty: TENURE_PG_BIN, PATH and the usual folders are searched.
	BinDir string
	// Fast does not wait for the disk: no safety against a crash of the machine, but all against the kill of a process. For
	// tests only.
	Fast bool
	// Settings are added to, or replace, the lines of postgresql.conf.
	Settings map[string]string
	// TCP has the server listen on a free port of 127.0.0.1 as well as on its Unix socket.
	TCP bool
}

// Server is a use of the private PostgreSQL. The server runs at least until Release or until this process ends.
type Server struct {
	options  Options
	state    state
	password string
	lease    *os.File
	cancel   context.CancelFunc
	watching sync.WaitGroup
}

// Acquire gives the use of the private PostgreSQL in o.Dir, which it makes and starts as needed; the server accepts
// connections when Acquire returns. Any number of processes may do this at the same time. It fails with errs.KindInvalid
// when the server programs are missing or the data folder is another user's, and with errs.KindConflict, quoting PostgreSQL's
// log, when the server does not start.
func Acquire(ctx context.Context, o Options) (*Server, error) {
	if !asked.Load() {
		return nil, errors.New("pgserver: main (or TestMain) must call KeepIfAsked before Acquire")
	}
	for name := range o.Settings {
		if !settingName.MatchString(name) {
			return nil, errs.Invalid("%q is not the name of a PostgreSQL setting.", name)
		}
	}
	var err error
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	// One path for one folder, so that two processes agree on it, and on what the server is told.
	if o.Dir, err = filepath.EvalSymlinks(o.Dir); err != nil {
		return nil, err
	}
	ctx, cancelWait := patience(ctx, o.Dir)
	defer cancelWait()
	s := &Server{options: o}
	if s.lease, err = lock(ctx, o.Dir, leaseLock, shared); err != nil {
		return nil, fmt.Errorf("data folder of the private PostgreSQL: %w", err)
	}
	if err := s.ensure(ctx); err != nil {
		s.lease.Close()
		return nil, err
	}
	if o.TCP && !s.state.TCP {
		s.lease.Close()
		return nil, errs.Conflict("The PostgreSQL in %s already runs, without TCP: stop its users first.", o.Dir)
	}
	watch, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.watching.Go(func() { s.watch(watch) })
	return s, nil
}

// Release ends the use; it may be called more than once. The last one out has the server stopped, which Release does not
// wait for (Wait does). Connections should be closed before.
func (s *Server) Release() error {
	s.cancel()
	s.watching.Wait()
	if err := s.lease.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// Wait returns when the private PostgreSQL in dir has stopped, including all its processes: the folder may then be removed.
func Wait(ctx context.Context, dir string) error {
	for _, name := range []string{keeperLock, runLock} {
		f, err := lock(ctx, dir, name, shared)
		if err != nil {
			return err
		}
		f.Close()
	}
	return nil
}

// URL is the connection string, over the Unix socket, for a user and a database, which may be "postgres" to begin with. It
// contains the password of the superuser tenure_owner, and so is a secret; another user must have been created with
// Password as its password.
func (s *Server) URL(user, database string) string {
	return s.state.url(user, s.password, database)
}

// NetURL is URL over TCP, for a server acquired with Options.TCP.
func (s *Server) NetURL(user, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, s.password), Host: s.Addr(), Path: "/" + database,
		RawQuery: "sslmode=disable"}
	return u.String()
}

// Password is the password of the superuser tenure_owner.
func (s *Server) Password() string { return s.password }

// SocketDir is the folder of the Unix socket, for the libpq parameter host.
func (s *Server) SocketDir() string { return s.state.Socket }

// Port is the port number: part of the name of the Unix socket, and the TCP port if the server listens on one.
func (s *Server) Port() int { return s.state.Port }

// Addr is the TCP address, host and port; empty when the server does not listen on TCP.
func (s *Server) Addr() string {
	if !s.state.TCP {
		return ""
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.state.Port))
}

func (st state) url(user, password, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Path: "/" + database}
	query := url.Values{"host": {st.Socket}, "port": {strconv.Itoa(st.Port)}, "sslmode": {"disable"}}.Encode()
	u.RawQuery = strings.ReplaceAll(query, "+", "%20") // pgx decodes as libpq does: a plus is a plus
	return u.String()
}

// watch starts a new keeper when the present one was killed. It does so for as long as the data folder is there.
func (s *Server) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if alive, err := held(s.options.Dir, keeperLock); err == nil && !alive {
			_ = s.revive(ctx) // the keeper has logged why; the next tick tries again
		}
	}
}

// revive is ensure for a server that clients know already: the address must stay.
func (s *Server) revive(ctx context.Context) error {
	again := &Server{options: s.options}
	again.options.TCP = s.state.TCP
	ctx, cancel := patience(ctx, s.options.Dir)
	defer cancel()
	return again.ensure(ctx)
}

// patience bounds the waiting for a server. A keeper that is still recovering data goes on without us, so trying again helps.
func patience(ctx context.Context, dir string) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, startWait, errs.Conflict(
		"The PostgreSQL in %s did not answer within %s: see %s.", dir, startWait, filepath.Join(dir, "postgres.log")))
}

// ensure returns when a server runs and answers. Holding the start lock, it finds either a keeper whose server is or will
// soon be there, or none, and starts one.
func (s *Server) ensure(ctx context.Context) error {
	dir := s.options.Dir
	starting, err := lock(ctx, dir, startLock, exclusive)
	if err != nil {
		return err
	}
	defer starting.Close()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		alive, err := held(dir, keeperLock)
		if err != nil {
			return err
		}
		if !alive {
			if err := s.startKeeper(ctx, starting); err != nil {
				return err
			}
		}
		answered, err := s.connect(ctx)
		if answered {
			return err
		}
		select { // its keeper is starting it again, or stopping it at a signal
		case <-ctx.Done():
			return fmt.Errorf("%w (%w)", context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}

// connect tries the server that the state file tells of. answered is false while it makes sense to try again.
func (s *Server) connect(ctx context.Context) (answered bool, err error) {
	if s.state, err = readState(s.options.Dir); err != nil {
		return false, err
	}
	if s.password, err = password(s.options.Dir); err != nil {
		return false, err
	}
	c, err := pgconn.ParseConfig(s.state.url(Owner, s.password, "postgres"))
	if err != nil {
		return true, err
	}
	conn, err := pgconn.ConnectConfig(ctx, c)
	if err == nil {
		return true, conn.Close(ctx)
	}
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) {
		return false, err
	}
	switch refusal.Code {
	case "57P03", "57P01", "57P02": // starting up, shutting down, in recovery
		return false, err
	case "53300": // busy, so it runs
		return true, nil
	}
	return true, err
}

// startKeeper starts the keeper and waits for its report. The keeper shares our start lock until its server is ready, so
// that our own death does not let another starter in between.
func (s *Server) startKeeper(ctx context.Context, starting *os.File) error {
	o := s.options
	major, err := clusterVersion(o.Dir)
	if err != nil {
		return err
	}
	as, err := serverAccount(clusterDir(o.Dir))
	if err != nil {
		return err
	}
	bin, err := findBinaries(o, as, major)
	if err != nil {
		return err
	}
	text, err := json.Marshal(order{Dir: o.Dir, Bin: bin, As: as, Fast: o.Fast, TCP: o.TCP, Settings: o.Settings})
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd := exec.Command(self, "keeps-postgres-in", o.Dir) // for who looks at the process list
	cmd.Dir = "/"
	cmd.Env = append(passedOn(), keeperEnv+"="+string(text))
	cmd.ExtraFiles = []*os.File{starting, w} // startLockFD, reportFD
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	w.Close()
	if err != nil {
		return err
	}
	go cmd.Wait() // it outlives us as a rule; if not, this clears it from the process table
	defer context.AfterFunc(ctx, func() { r.SetReadDeadline(time.Now()) })()
	report, err := io.ReadAll(r)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	case string(report) == ready:
		return nil
	case len(report) == 0:
		report = []byte("its keeper was killed")
	}
	return errs.Conflict("The PostgreSQL in %s did not start: %s\nIts log is %s.", o.Dir, report, filepath.Join(o.Dir, "postgres.log"))
}
