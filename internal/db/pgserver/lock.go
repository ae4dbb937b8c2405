package pgserver

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// The lock files of a data folder; doc.go says who holds which.
const (
	leaseLock  = "pg.lock"
	startLock  = "pg.start.lock"
	keeperLock = "pg.keeper.lock"
	runLock    = "pg.run.lock"
)

const (
	shared    = syscall.LOCK_SH
	exclusive = syscall.LOCK_EX
)

// lock opens the lock file and waits until it has it. Closing the file gives the lock back, unless another process
// inherited it; nothing here ever unlocks explicitly, because that would take the lock from the heirs as well.
func lock(ctx context.Context, dir, name string, how int) (*os.File, error) {
	f, err := openLock(dir, name)
	if err != nil {
		return nil, err
	}
	err = flock(f, how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		got := make(chan error, 1)
		go func() { got <- flock(f, how) }()
		select {
		case err = <-got:
		case <-ctx.Done():
			go func() { // the system call cannot be called off: give back what it gets
				<-got
				f.Close()
			}()
			return nil, context.Cause(ctx)
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// held says whether somebody holds the lock exclusively.
func held(dir, name string) (bool, error) {
	f, err := openLock(dir, name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = flock(f, shared|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

func openLock(dir, name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
}

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
