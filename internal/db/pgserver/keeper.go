package pgserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// keeperEnv carries the order to a process that is to be a keeper.
const keeperEnv = "TENURE_PG_KEEPER"

// The files that a client hands to its keeper.
const (
	startLockFD = 3
	reportFD    = 4
)

// A server that ends this often within a minute is not started again by its keeper.
const maxRestarts = 5

// logLimit is the size in bytes at which a start puts the log aside.
const logLimit = 10 << 20

// order says what a keeper is to keep.
type order struct {
	Dir      string
	Bin      string
	As       account
	Fast     bool
	TCP      bool
	Settings map[string]string
}

// state is what clients have to know about the running server; it stays in the data folder.
type state struct {
	Socket string `json:"socket"`
	Port   int    `json:"port"`
	TCP    bool   `json:"tcp"`
}

const stateFile = "postgres.state"

type keeper struct {
	order
	state   state
	run     *os.File // the run lock, during a start
	log     *os.File
	pg      *postgres
	signals chan os.Signal
}

var asked atomic.Bool

// KeepIfAsked turns this process into the keeper of a private PostgreSQL when it was started as one, and then does not
// return. A program that calls Acquire calls this first thing in main, a test package in TestMain: the keeper is the same
// executable, started again.
func KeepIfAsked() {
	asked.Store(true)
	text, ok := os.LookupEnv(keeperEnv)
	if !ok {
		return
	}
	os.Exit(keep(text))
}

func keep(text string) int {
	runtime.LockOSThread() // PostgreSQL gets its signal when the thread that started it ends
	syscall.Umask(0o077)
	syscall.CloseOnExec(startLockFD)
	syscall.CloseOnExec(reportFD)
	starting, report := os.NewFile(startLockFD, startLock), os.NewFile(reportFD, "report")
	signal.Ignore(syscall.SIGHUP)
	k := &keeper{signals: make(chan os.Signal, 1)}
	signal.Notify(k.signals, syscall.SIGTERM, syscall.SIGINT)

	err := json.Unmarshal([]byte(text), &k.order)
	if err == nil {
		err = k.open()
	}
	if err == nil {
		err = k.start()
	}
	if err == nil {
		err = k.publish()
	}
	if err != nil {
		k.note("not started: %v", err)
		fmt.Fprint(report, err)
		return 1
	}
	fmt.Fprint(report, ready)
	report.Close()
	starting.Close()
	return k.hold()
}

// ready is the keeper's report to the client that started it; anything else says why it is not.
const ready = "ready"

// open takes the keeper's lock and reads what a former keeper left.
func (k *keeper) open() error {
	// The lock lasts as long as this process: nothing closes the file, and this variable keeps the collector from it.
	var err error
	if keeperLockFile, err = lock(context.Background(), k.Dir, keeperLock, exclusive); err != nil {
		return err
	}
	if former, err := readState(k.Dir); err == nil {
		k.state = former
	}
	name := filepath.Join(k.Dir, "postgres.log")
	if info, err := os.Stat(name); err == nil && info.Size() > logLimit {
		if err := os.Rename(name, name+".1"); err != nil {
			return err
		}
	}
	k.log, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
	return err
}

// keeperLockFile keeps the lock for as long as the process lives: a file that nothing refers to would be closed.
var keeperLockFile *os.File //nolint:unused // held, never read

// hold keeps the server running until the last client has gone or a signal says to stop.
func (k *keeper) hold() int {
	left := make(chan error, 1)
	go func() {
		_, err := lock(context.Background(), k.Dir, leaseLock, exclusive)
		left <- err
	}()
	var restarts []time.Time
	for {
		select {
		case err := <-left:
			if err != nil {
				k.note("%s: %v", leaseLock, err)
			}
			k.note("stopping: the last client has gone")
			k.end()
			return 0
		case s := <-k.signals:
			k.note("stopping: %v", s)
			k.end()
			return 0
		case <-k.pg.exited:
		}
		now := time.Now()
		for len(restarts) > 0 && now.Sub(restarts[0]) > time.Minute {
			restarts = restarts[1:]
		}
		if restarts = append(restarts, now); len(restarts) > maxRestarts {
			k.note("PostgreSQL ended %d times within a minute: giving up", len(restarts))
			return 1
		}
		k.note("PostgreSQL ended by itself: starting it again")
		if err := k.start(); err != nil {
			k.note("not started again: %v", err)
			return 1
		}
		if err := k.publish(); err != nil {
			k.note("%v", err)
		}
	}
}

// end stops the server and removes a socket folder outside the data folder.
func (k *keeper) end() {
	k.stop()
	if filepath.Dir(k.state.Socket) != k.Dir {
		os.RemoveAll(k.state.Socket)
	}
}

func (k *keeper) publish() error {
	k.state.TCP = k.TCP
	text, err := json.Marshal(k.state)
	if err != nil {
		return err
	}
	name := filepath.Join(k.Dir, stateFile)
	if err := os.WriteFile(name+".next", text, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".next", name)
}

func readState(dir string) (state, error) {
	var s state
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	return s, err
}

// note writes a line of the keeper's own into PostgreSQL's log.
func (k *keeper) note(format string, a ...any) {
	if k.log == nil {
		return
	}
	at := time.Now().UTC().Format("2006-01-02 15:04:05.000 UTC")
	fmt.Fprintf(k.log, "%s [%d] KEEPER:  %s\n", at, os.Getpid(), fmt.Sprintf(format, a...))
}

// logTail is what PostgreSQL logged since the given place, at most its last lines.
func (k *keeper) logTail(from int64) string {
	info, err := k.log.Stat()
	if err != nil {
		return err.Error()
	}
	from = max(from, info.Size()-4096)
	text := make([]byte, info.Size()-from)
	n, _ := k.log.ReadAt(text, from)
	return tail(text[:n])
}

// tail is the last ten lines of a text.
func tail(text []byte) string {
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-10):], []byte("\n")))
}
