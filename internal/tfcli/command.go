package tfcli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// stopTimeout is how long an interrupted command may take to end by itself.
const stopTimeout = 10 * time.Second

// Result is the outcome of a command.
type Result struct {
	// ExitCode is -1 for a command that a signal ended.
	ExitCode int
	Stdout   string
	Stderr   string
}

// Process is a running command.
type Process struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	// wait calls cmd.Wait once, which does not allow a second call, and may be called by several goroutines.
	wait  func() error
	ended atomic.Bool
}

// Run runs a command and waits for it. Any exit code is a result; an error means that the command did not run to its end. The
// end of ctx interrupts it.
func (w *WorkDir) Run(ctx context.Context, args ...string) (Result, error) {
	p, err := w.Start(ctx, args...)
	if err != nil {
		return Result{}, err
	}
	result, err := p.Wait()
	return result, errors.Join(err, ctx.Err())
}

// Start starts a command. The end of ctx interrupts it.
func (w *WorkDir) Start(ctx context.Context, args ...string) (*Process, error) {
	p := &Process{cmd: exec.CommandContext(ctx, w.CLI.Path, args...)} //nolint:gosec // the CLI that the user chose
	p.cmd.Dir, p.cmd.Env = w.Path, slices.Clone(w.env)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.Cancel, p.cmd.WaitDelay = p.Interrupt, stopTimeout
	setGroup(p.cmd)
	p.wait = sync.OnceValue(func() error {
		defer p.ended.Store(true)
		return p.cmd.Wait()
	})
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", w.CLI.Path, err)
	}
	return p, nil
}

// Interrupt asks the CLI to stop, as one Ctrl-C does. The CLI then stops the provider and waits for it.
func (p *Process) Interrupt() error { return p.cmd.Process.Signal(os.Interrupt) }

// Kill kills the CLI and the provider, as the end of a CI job does.
func (p *Process) Kill() error { return killGroup(p.cmd) }

// Pid returns the process id of the CLI.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Wait waits for the end of the command.
func (p *Process) Wait() (Result, error) {
	err := p.wait()
	result := Result{ExitCode: p.cmd.ProcessState.ExitCode(), Stdout: p.stdout.String(), Stderr: p.stderr.String()}
	if _, exited := errors.AsType[*exec.ExitError](err); err == nil || exited || errors.Is(err, exec.ErrWaitDelay) {
		// ErrWaitDelay: a child of the command still had its output open.
		return result, nil
	}
	return result, fmt.Errorf("wait for %s: %w", p.cmd.Path, err)
}

// Stop waits for the end of the command, and kills its children that are left. It does nothing if Wait has returned. The
// context of Start must have ended, or the command must be one that ends by itself.
func (p *Process) Stop() {
	if p.ended.Load() {
		return
	}
	_ = p.wait()
	_ = p.Kill()
}
