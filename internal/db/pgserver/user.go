package pgserver

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"tenure/internal/errs"
)

// account is the system user that PostgreSQL runs as.
type account struct {
	Name string
	UID  int
	GID  int
}

// serverAccount is ourselves; or, because PostgreSQL refuses to run as root, for root the owner of the cluster if there is
// one, else postgres, else nobody.
func serverAccount(data string) (account, error) {
	me := os.Geteuid()
	owner := -1
	if info, err := os.Stat(data); err == nil {
		owner = int(info.Sys().(*syscall.Stat_t).Uid)
	}
	if me != 0 {
		if owner >= 0 && owner != me {
			return account{}, errs.Invalid("%s belongs to %s, and you are %s: run Tenure as %[2]s, or choose another data folder.",
				data, userName(owner), userName(me))
		}
		return account{Name: userName(me), UID: me, GID: os.Getegid()}, nil
	}
	names := []string{"postgres", "nobody"}
	if owner > 0 {
		names = []string{userName(owner)}
	}
	for _, name := range names {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.Atoi(u.Uid)
			gid, _ := strconv.Atoi(u.Gid)
			return account{Name: name, UID: uid, GID: gid}, nil
		}
	}
	return account{}, errs.Invalid("PostgreSQL does not run as root and there is no user named %v to run it as: "+
		"create the user postgres, or run Tenure as an ordinary user.", names)
}

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return "user " + strconv.Itoa(uid)
}

// foreign says that the account is not our own, so that files have to be given to it.
func (a account) foreign() bool { return a.UID != os.Geteuid() }

// give makes the account the owner of an opened file or folder.
func (a account) give(f *os.File) error {
	if !a.foreign() {
		return nil
	}
	return f.Chown(a.UID, a.GID)
}

// command prepares a program that runs as the account, with nothing of our environment that could change its ways.
func (a account) command(program string) *exec.Cmd {
	cmd := exec.Command(program)
	cmd.Dir = "/"
	cmd.Env = append(passedOn(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if a.foreign() {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.UID), Gid: uint32(a.GID)}
	}
	return cmd
}

// hand gives the program the use of a folder and returns the name by which it can open it. done closes our side of it,
// after the program has started.
func (a account) hand(cmd *exec.Cmd, dir string) (name string, done func(), err error) {
	if !a.foreign() || !canHand {
		return dir, func() {}, nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return "", nil, err
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, f)
	return fmt.Sprintf("/proc/self/fd/%d", 2+len(cmd.ExtraFiles)), func() { f.Close() }, nil
}

// folder makes sure that dir exists, belongs to the account and is closed to everybody else.
func (a account) folder(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		return err
	}
	f, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := a.give(f); err != nil {
		return err
	}
	return f.Chmod(0o700)
}

// write puts a file for the account into its folder. The folder is the account's and we may be root: os.Root and the rename
// keep a link planted there from leading us elsewhere.
func (a account) write(dir, name, text string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	next := name + ".next"
	if err := root.Remove(next); err != nil && !os.IsNotExist(err) {
		return err
	}
	f, err := root.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := a.give(f); err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return root.Rename(next, name)
}

// passedOn is the part of our environment that says where programs and libraries are.
func passedOn() []string {
	var env []string
	for _, name := range []string{"PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// clusterDir is where the cluster of a data folder lives.
func clusterDir(dir string) string { return filepath.Join(dir, "postgres") }
