package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// plainPort is part of the socket's name when the server does not listen on TCP.
const plainPort = 5432

// How long to wait for the remains of a killed server, for a fast stop, and for an immediate one.
const (
	remainsWait = 30 * time.Second
	fastWait    = time.Minute
	abortWait   = 10 * time.Second
)

// postgres is the running server.
type postgres struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed at its end
}

// start brings the server up and returns when it accepts connections.
func (k *keeper) start() error {
	if err := k.waitForRemains(); err != nil {
		return err
	}
	// From here on nobody but this keeper uses the data folder. PostgreSQL and its children inherit the lock, and once they
	// run we let go of it: it is then free when the last of them has ended.
	defer func() {
		k.run.Close()
		k.run = nil
	}()
	v, err := clusterVersion(k.Dir)
	if err == nil && v == 0 {
		err = k.makeCluster()
	}
	if err != nil {
		return err
	}
	if err := k.configure(); err != nil {
		return err
	}
	if err := k.placeSocket(); err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := k.startOn(k.state.Port)
		if err == nil || attempt == 3 || !strings.Contains(err.Error(), "could not create any TCP/IP sockets") {
			return err
		}
		if k.state.Port, err = freePort(); err != nil { // somebody else took the port
			return err
		}
	}
}

// waitForRemains takes the run lock: after kill -9 of the postmaster its children need a moment to notice.
func (k *keeper) waitForRemains() error {
	pid, _ := readPidFile(clusterDir(k.Dir))
	ctx, cancel := context.WithTimeoutCause(context.Background(), remainsWait, fmt.Errorf(
		"a former PostgreSQL, or a child of it, still uses %s: end it (its process was %d)", clusterDir(k.Dir), pid))
	defer cancel()
	var err error
	k.run, err = lock(ctx, k.Dir, runLock, exclusive)
	return err
}

func (k *keeper) startOn(port int) error {
	data := clusterDir(k.Dir)
	if err := clearPidFile(data); err != nil {
		return err
	}
	logged, err := k.log.Seek(0, 2)
	if err != nil {
		return err
	}
	cmd := k.As.command(filepath.Join(k.Bin, "postgres"))
	dieWithParent(cmd.SysProcAttr, syscall.SIGINT)
	dataName, doneData, err := k.As.hand(cmd, data)
	if err != nil {
		return err
	}
	defer doneData()
	socketName, doneSocket, err := k.As.hand(cmd, k.state.Socket)
	if err != nil {
		return err
	}
	defer doneSocket()
	listen := ""
	if k.TCP {
		listen = "127.0.0.1"
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, k.run)
	cmd.Args = append(cmd.Args, "-D", dataName, "-p", strconv.Itoa(port), "-c", "listen_addresses="+listen,
		"-c", "unix_socket_permissions=0700",
		"-c", `unix_socket_directories="`+strings.ReplaceAll(socketName, `"`, `""`)+`"`)
	cmd.Stdout, cmd.Stderr = k.log, k.log
	if err := cmd.Start(); err != nil {
		return err
	}
	k.pg = &postgres{cmd: cmd, exited: make(chan struct{})}
	go func(pg *postgres) {
		_ = pg.cmd.Wait() // how it ended is in its log
		close(pg.exited)
	}(k.pg)
	return k.waitReady(logged)
}

// waitReady reads the last line of the postmaster's pid file, which is its own word on how far it is (as pg_ctl does).
func (k *keeper) waitReady(logged int64) error {
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-k.pg.exited:
			return fmt.Errorf("it ended while starting: %s", k.logTail(logged))
		case s := <-k.signals:
			k.stop()
			return fmt.Errorf("its keeper was told to end (%v)", s)
		case <-tick.C:
		}
		if pid, status := readPidFile(clusterDir(k.Dir)); pid == k.pg.cmd.Process.Pid && status == "ready" {
			return nil
		}
	}
}

// stop ends the server: connections are cut, everything committed is on disk. One that does not manage it is aborted, and
// recovers at its next start.
func (k *keeper) stop() {
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, fastWait}, {syscall.SIGQUIT, abortWait}, {syscall.SIGKILL, abortWait}} {
		if err := k.pg.cmd.Process.Signal(step.signal); errors.Is(err, os.ErrProcessDone) {
			return
		}
		select {
		case <-k.pg.exited:
			return
		case <-time.After(step.wait):
		}
	}
}

// placeSocket makes the folder for the socket: in the data folder, or, because the name of a socket may have only 103 bytes
// (macOS; 107 on Linux) and pgx reads a comma as the end of the name, in a folder for temporary files. The folder of a former
// run is used again, because clients that outlived their keeper still know it.
func (k *keeper) placeSocket() error {
	folder := filepath.Join(k.Dir, "socket")
	if len(folder)+len("/.s.PGSQL.65535") > 103 || strings.Contains(folder, ",") {
		folder = k.state.Socket
		if k.As.folder(folder) != nil {
			var err error
			if folder, err = os.MkdirTemp("", "tenure-"); err != nil {
				return err
			}
		}
	}
	if err := k.As.folder(folder); err != nil {
		return err
	}
	k.state.Socket = folder
	left, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, f := range left { // of a server that was killed; its pid may be another program's by now
		if err := os.Remove(filepath.Join(folder, f.Name())); err != nil {
			return err
		}
	}
	if !k.TCP {
		k.state.Port = plainPort
	} else if k.state.Port == 0 || k.state.Port == plainPort {
		k.state.Port, err = freePort()
	}
	return err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// clearPidFile removes what a killed server left. PostgreSQL would refuse to start when its old pid belongs to any other process
// of its user, which is usual in a container. A PostgreSQL that somebody started by hand in this folder is left in peace,
// and so is its pid file: our own start then fails with its message.
func clearPidFile(data string) error {
	pid, _ := readPidFile(data)
	if pid == 0 || runsIn(pid, data) {
		return nil
	}
	return os.Remove(filepath.Join(data, "postmaster.pid"))
}

// readPidFile gives the pid and the status of the postmaster, lines 1 and 8 of its pid file; 0 when there is none.
func readPidFile(data string) (pid int, status string) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0, ""
	}
	lines := strings.Split(string(text), "\n")
	pid, _ = strconv.Atoi(strings.TrimSpace(lines[0]))
	if len(lines) > 7 {
		status = strings.TrimSpace(lines[7])
	}
	return pid, status
}
