package acctest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/tfcli"
)

// CLI runs Terraform commands in a working directory of its own. It runs the provider iamkeys as the binary that users get,
// which uses the machine's clock and really waits, and the provider iamkeystest inside the test process. Neither needs
// terraform init, so configurations can use no other provider but the one that is part of Terraform.
//
// Its methods fail the test if a command cannot be started. They only report an exit code.
type CLI struct {
	// Dir is the working directory, with configuration and state.
	Dir string

	t    testing.TB
	work *tfcli.WorkDir
	last Result
	// inProcess is the content of TF_REATTACH_PROVIDERS: the providers that run inside the test process, by address.
	inProcess map[string]any
	// outputDir is where Record writes the output of commands, and outputs counts the commands written so far.
	outputDir string
	outputs   int
}

// Result is the outcome of a command.
type Result = tfcli.Result

// CLI returns a CLI with an empty working directory. The first call in a process builds the provider.
func (w *World) CLI(tb testing.TB) *CLI {
	tb.Helper()
	bin, err := buildProvider(tb.Context())
	if err != nil {
		tb.Fatalf("acctest: %v", err)
	}
	work, err := tfcli.NewWorkDir(process.cli, tb.TempDir(), bin)
	if err != nil {
		tb.Fatalf("acctest: %v", err)
	}
	c := &CLI{Dir: work.Path, t: tb, work: work, inProcess: map[string]any{}}
	c.serveInProcess("iamkeystest", w.consumerServer())
	return c
}

// Setenv sets an environment variable of later commands.
func (c *CLI) Setenv(name, value string) { c.work.Setenv(name, value) }

// Write writes a file into the working directory.
func (c *CLI) Write(name, content string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.Dir, name), []byte(content), 0o600); err != nil { //nolint:gosec // tests choose the name
		c.t.Fatalf("acctest: %v", err)
	}
}

// Record writes the output of later commands to dir, which is relative to the working directory: two files for each command.
func (c *CLI) Record(dir string) {
	c.t.Helper()
	c.outputDir = filepath.Join(c.Dir, dir)
	if err := os.MkdirAll(c.outputDir, 0o700); err != nil {
		c.t.Fatalf("acctest: %v", err)
	}
}

// Run runs a command and waits for it.
func (c *CLI) Run(args ...string) Result {
	c.t.Helper()
	return c.Start(args...).Wait()
}

// Process is a running command.
type Process struct {
	*tfcli.Process

	c *CLI
}

// Start starts a command. The end of the test interrupts it.
func (c *CLI) Start(args ...string) *Process {
	c.t.Helper()
	p, err := c.work.Start(c.t.Context(), args...)
	if err != nil {
		c.t.Fatalf("acctest: %v", err)
	}
	c.t.Cleanup(p.Stop)
	return &Process{Process: p, c: c}
}

// Wait waits for the end of the command. The exit code of a killed command is -1.
func (p *Process) Wait() Result {
	p.c.t.Helper()
	result, err := p.Process.Wait()
	if err != nil {
		p.c.t.Fatalf("acctest: %v", err)
	}
	p.c.last = result
	if p.c.outputDir != "" {
		p.c.writeOutput(result)
	}
	return result
}

// writeOutput writes the output of a command to the directory that Record named.
func (c *CLI) writeOutput(result Result) {
	c.t.Helper()
	c.outputs++
	name := filepath.Join(c.outputDir, fmt.Sprintf("%03d.", c.outputs))
	for stream, text := range map[string]string{"stdout": result.Stdout, "stderr": result.Stderr} {
		if err := os.WriteFile(name+stream, []byte(text), 0o600); err != nil {
			c.t.Fatalf("acctest: %v", err)
		}
	}
}
