package pgserver

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// canHand: a process may name a folder it has open, without a right to walk the path to it.
const canHand = true

// dieWithParent has the child signalled when the thread that starts it ends; the caller has locked itself to that thread.
func dieWithParent(attr *syscall.SysProcAttr, sig syscall.Signal) { attr.Pdeathsig = sig }

// runsIn says whether the process is a PostgreSQL working in dir. When it cannot be known the answer is yes.
func runsIn(pid int, dir string) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // pid (name) state ...: proc(5)
	if err != nil {
		return !os.IsNotExist(err)
	}
	_, rest, _ := strings.Cut(string(stat), "(")
	name, rest, _ := strings.Cut(rest, ") ")
	if name != "postgres" || strings.HasPrefix(rest, "Z") { // Z: ended, but nobody has asked how
		return false
	}
	cwd, err := os.Stat(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return true
	}
	data, err := os.Stat(dir)
	return err != nil || os.SameFile(cwd, data)
}
