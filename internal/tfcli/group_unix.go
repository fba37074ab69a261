//go:build unix

package tfcli

import (
	"os/exec"
	"syscall"
)

// setGroup puts the command into a process group of its own, which its children join.
func setGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills a started command and its children.
func killGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
