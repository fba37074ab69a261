//go:build !unix

package acctest

import "os/exec"

// setGroup does nothing: there are no process groups here.
func setGroup(*exec.Cmd) {}

// killGroup ends a started command. What it has started may live on.
func killGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }
