package acctest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// interruptGrace is how long a command that outlived its test may take to stop by itself.
const interruptGrace = 10 * time.Second

// CLI runs Terraform commands in a directory of its own, with the provider iamkeys as the binary that users get and the
// provider iamkeystest inside the test process. Neither needs terraform init, so no other provider but the one that is
// built into Terraform may be used. The binary has the machine's time and really waits.
//
// Its methods fail the test when a command can't be started; an exit code they only report.
type CLI struct {
	// Dir is the working directory, with configuration and state.
	Dir string

	t    testing.TB
	env  []string
	last Result
	// reattach is the value of TF_REATTACH_PROVIDERS that leads to iamkeystest alone.
	reattach string
	// printed is where the output of commands is kept, and runs how many there were.
	printed string
	runs    int
}

// Result is the outcome of a command.
type Result struct {
	ExitCode int
	Stdout   string
	Stderr   string
}

// CLI builds the provider, once in a process, and makes an empty working directory.
func (w *World) CLI(tb testing.TB) *CLI {
	tb.Helper()
	bin, err := providerBinary(tb.Context())
	if err != nil {
		tb.Fatalf("acctest: %v", err)
	}
	dir := tb.TempDir()
	config := filepath.Join(dir, "cli.tfrc")
	if err := os.WriteFile(config, []byte(overrides(bin)), 0o600); err != nil {
		tb.Fatalf("acctest: %v", err)
	}
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o700); err != nil {
		tb.Fatalf("acctest: %v", err)
	}
	reattach := w.serveConsumer(tb)
	return &CLI{Dir: work, t: tb, reattach: reattach, env: append(inherited(),
		"AWS_EC2_METADATA_DISABLED=true",
		"CHECKPOINT_DISABLE=1",
		// Thousands of short commands spend a fifth of their time on garbage that ends with them.
		"GOGC=400",
		"HOME="+dir,
		"TF_CLI_CONFIG_FILE="+config,
		"TF_IN_AUTOMATION=1",
		"TF_INPUT=0",
		"TF_REATTACH_PROVIDERS="+reattach,
	)}
}

// overrides is a CLI configuration that takes the provider from dir, whether or not a configuration says where it is from.
func overrides(dir string) string {
	return fmt.Sprintf(`
provider_installation {
  dev_overrides {
    "%[1]s/iamkeys/iamkeys"   = %[2]q
    "%[1]s/hashicorp/iamkeys" = %[2]q
  }
}
`, process.host, dir)
}

// inherited are the variables that a program needs to run at all.
func inherited() []string {
	var env []string
	for _, name := range []string{"PATH", "TMPDIR", "SYSTEMROOT", "TEMP", "TMP"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// serveConsumer serves iamkeystest until the test ends, and returns the value of TF_REATTACH_PROVIDERS that leads to it.
func (w *World) serveConsumer(tb testing.TB) string {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	reattach, closed, err := w.serve(ctx, process.host, tf6server.WithLoggingSink(loggingSink{tb}))
	tb.Cleanup(func() {
		cancel()
		if closed != nil {
			<-closed
		}
	})
	if err != nil {
		tb.Fatalf("acctest: %v", err)
	}
	return reattach
}

// loggingSink is a test or benchmark that logs what a provider does.
type loggingSink struct{ testing.TB }

// Parallel makes loggingSink what the sink of a plugin server must be. Nobody calls it.
func (loggingSink) Parallel() {}

// Setenv adds a variable to the environment of the commands to come.
func (c *CLI) Setenv(name, value string) { c.env = append(c.env, name+"="+value) }

// Write puts a file into the working directory.
func (c *CLI) Write(name, content string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.Dir, name), []byte(content), 0o600); err != nil {
		c.t.Fatalf("acctest: %v", err)
	}
}

// Record keeps what the commands to come print in files below dir, which is relative to the working directory: two for each.
func (c *CLI) Record(dir string) {
	c.t.Helper()
	c.printed = filepath.Join(c.Dir, dir)
	if err := os.MkdirAll(c.printed, 0o700); err != nil {
		c.t.Fatalf("acctest: %v", err)
	}
}

// Run runs a command to its end.
func (c *CLI) Run(args ...string) Result {
	c.t.Helper()
	return c.Start(args...).Wait()
}

// Process is a command under way.
type Process struct {
	c              *CLI
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	// wait is cmd.Wait, which must be called only once: a test may fail while another goroutine waits.
	wait  func() error
	ended atomic.Bool
}

// Start starts a command. What still runs at the end of the test is interrupted.
func (c *CLI) Start(args ...string) *Process {
	c.t.Helper()
	p := &Process{c: c, cmd: exec.CommandContext(c.t.Context(), process.cli, args...)} //nolint:gosec // the CLI that the developer chose
	p.cmd.Dir, p.cmd.Env = c.Dir, slices.Clone(c.env)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.Cancel, p.cmd.WaitDelay = p.Interrupt, interruptGrace
	setGroup(p.cmd)
	p.wait = sync.OnceValue(func() error {
		defer p.ended.Store(true)
		return p.cmd.Wait()
	})
	if err := p.cmd.Start(); err != nil {
		c.t.Fatalf("acctest: %v", err)
	}
	c.t.Cleanup(func() {
		if !p.ended.Load() {
			_ = p.wait()
			_ = killGroup(p.cmd)
		}
	})
	return p
}

// Interrupt does what one Ctrl-C does: the CLI asks the provider to stop and waits for it.
func (p *Process) Interrupt() error { return p.cmd.Process.Signal(os.Interrupt) }

// Kill ends the CLI and the provider at once, as when a CI job is killed.
func (p *Process) Kill() error { return killGroup(p.cmd) }

// Pid is the id of the CLI's process.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Wait waits for the end of the command. A killed one has the exit code -1.
func (p *Process) Wait() Result {
	p.c.t.Helper()
	var exit *exec.ExitError
	// What outlives a command may hold on to its output.
	if err := p.wait(); err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		p.c.t.Fatalf("acctest: %s: %v", strings.Join(p.cmd.Args, " "), err)
	}
	p.c.last = Result{ExitCode: p.cmd.ProcessState.ExitCode(), Stdout: p.stdout.String(), Stderr: p.stderr.String()}
	if p.c.printed != "" {
		p.c.keep()
	}
	return p.c.last
}

// keep writes what the last command printed to its files.
func (c *CLI) keep() {
	c.t.Helper()
	c.runs++
	name := filepath.Join(c.printed, fmt.Sprintf("%03d.", c.runs))
	for stream, text := range map[string]string{"stdout": c.last.Stdout, "stderr": c.last.Stderr} {
		if err := os.WriteFile(name+stream, []byte(text), 0o600); err != nil {
			c.t.Fatalf("acctest: %v", err)
		}
	}
}

func exeSuffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}
