//go:build unix && !linux

package pgserver

import "syscall"

// canHand: there is no name for an opened folder, so the server's user must be able to walk the path.
const canHand = false

// dieWithParent can do nothing here: after kill -9 of the keeper the server goes on, and whoever comes next is told to
// end it, and its pid.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}

// runsIn cannot be known here; PostgreSQL makes its own check of the process in its pid file.
func runsIn(int, string) bool { return true }
