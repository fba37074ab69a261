package acctest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
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
	return &CLI{Dir: work, t: tb, env: append(inherited(),
		"AWS_EC2_METADATA_DISABLED=true",
		"CHECKPOINT_DISABLE=1",
		"HOME="+dir,
		"TF_CLI_CONFIG_FILE="+config,
		"TF_IN_AUTOMATION=1",
		"TF_INPUT=0",
		"TF_REATTACH_PROVIDERS="+w.serveConsumer(tb),
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
	address := process.host + "/hashicorp/iamkeystest"
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	reattach, closed := make(chan *goplugin.ReattachConfig, 1), make(chan struct{})
	served := make(chan error, 1)
	go func() {
		served <- tf6server.Serve(address, providerserver.NewProtocol6(&consumerProvider{world: w}),
			tf6server.WithDebug(ctx, reattach, closed), tf6server.WithGoPluginLogger(hclog.NewNullLogger()), tf6server.WithLoggingSink(loggingSink{tb}))
	}()
	tb.Cleanup(func() {
		cancel()
		<-closed
	})

	var config *goplugin.ReattachConfig
	select {
	case config = <-reattach:
	case err := <-served:
		tb.Fatalf("acctest: serve iamkeystest: %v", err)
	}
	value, err := json.Marshal(map[string]any{address: map[string]any{
		"Protocol":        string(config.Protocol),
		"ProtocolVersion": config.ProtocolVersion,
		"Pid":             config.Pid,
		"Test":            config.Test,
		"Addr":            map[string]string{"Network": config.Addr.Network(), "String": config.Addr.String()},
	}})
	if err != nil {
		tb.Fatalf("acctest: %v", err)
	}
	return string(value)
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
}

// Start starts a command. What still runs at the end of the test is interrupted.
func (c *CLI) Start(args ...string) *Process {
	c.t.Helper()
	p := &Process{c: c, cmd: exec.CommandContext(c.t.Context(), process.cli, args...)} //nolint:gosec // the CLI that the developer chose
	p.cmd.Dir, p.cmd.Env = c.Dir, slices.Clone(c.env)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.Cancel, p.cmd.WaitDelay = p.Interrupt, interruptGrace
	setGroup(p.cmd)
	if err := p.cmd.Start(); err != nil {
		c.t.Fatalf("acctest: %v", err)
	}
	c.t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Wait()
			_ = killGroup(p.cmd)
		}
	})
	return p
}

// Interrupt does what one Ctrl-C does: the CLI asks the provider to stop and waits for it.
func (p *Process) Interrupt() error { return p.cmd.Process.Signal(os.Interrupt) }

// Kill ends the CLI and the provider at once, as when a CI job is killed.
func (p *Process) Kill() error { return killGroup(p.cmd) }

// Wait waits for the end of the command. A killed one has the exit code -1.
func (p *Process) Wait() Result {
	p.c.t.Helper()
	var exit *exec.ExitError
	// What outlives a command may hold on to its output.
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		p.c.t.Fatalf("acctest: %s: %v", strings.Join(p.cmd.Args, " "), err)
	}
	p.c.last = Result{ExitCode: p.cmd.ProcessState.ExitCode(), Stdout: p.stdout.String(), Stderr: p.stderr.String()}
	return p.c.last
}

func exeSuffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}
