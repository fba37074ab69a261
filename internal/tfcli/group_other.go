//go:build !unix

package tfcli

import "os/exec"

// setGroup does nothing: this system has no process groups.
func setGroup(*exec.Cmd) {}

// killGroup kills a started command. Its children may survive.
func killGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }
