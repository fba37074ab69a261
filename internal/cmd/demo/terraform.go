package main

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
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const (
	region = "us-east-1"
	// planFile is where a plan waits for its apply.
	planFile = "saved.tfplan"
	// stopGrace is how long an interrupted CLI may take to stop by itself.
	stopGrace = 10 * time.Second
	// overridesSummary is the CLI's warning that the provider is not an installed release.
	overridesSummary = "Provider development overrides are in effect"
)

var errNoCLI = errors.New("the demo needs a Terraform CLI: install Terraform 1.8 or later " +
	"(https://developer.hashicorp.com/terraform/install)\nor OpenTofu 1.7 or later (https://opentofu.org/docs/intro/install) on PATH, " +
	"or set IAMKEYS_TERRAFORM to the path of its binary")

// findCLI returns the path of the Terraform or OpenTofu CLI.
func findCLI() (string, error) {
	for _, name := range []string{"TF_ACC_TERRAFORM_PATH", "IAMKEYS_TERRAFORM"} {
		if value := os.Getenv(name); value != "" {
			path, err := exec.LookPath(value)
			if err != nil {
				return "", fmt.Errorf("%s names no Terraform CLI: %w", name, err)
			}
			return filepath.Abs(path)
		}
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", errNoCLI
}

// tools are what every story needs.
type tools struct {
	// cli is the path of the Terraform or OpenTofu CLI, and version its version, as major and minor.
	cli     string
	version [2]int
	// examples is the directory of the configurations, and provider that of the binary.
	examples, provider string
}

// prepare finds the CLI and builds the provider into dir.
func prepare(ctx context.Context, dir string) (tools, error) {
	cli, err := findCLI()
	if err != nil {
		return tools{}, err
	}
	version, err := cliVersion(ctx, cli)
	if err != nil {
		return tools{}, err
	}
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return tools{}, fmt.Errorf("go env GOMOD: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(mod)))
	binary := filepath.Join(dir, "terraform-provider-iamkeys")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if printed, err := cmd.CombinedOutput(); err != nil {
		return tools{}, fmt.Errorf("go build: %w\n%s", err, printed)
	}
	return tools{cli: cli, version: version, examples: filepath.Join(root, "examples"), provider: dir}, nil
}

// cliVersion returns major and minor version of the CLI. OpenTofu has its own numbers under the same name.
func cliVersion(ctx context.Context, cli string) (version [2]int, err error) {
	printed, err := exec.CommandContext(ctx, cli, "version", "-json").Output()
	if err != nil {
		return version, fmt.Errorf("%s version: %w", cli, err)
	}
	var answer struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(printed, &answer); err != nil {
		return version, fmt.Errorf("%s version: %w", cli, err)
	}
	if _, err := fmt.Sscanf(answer.Version, "%d.%d", &version[0], &version[1]); err != nil {
		return version, fmt.Errorf("%s version: %q: %w", cli, answer.Version, err)
	}
	return version, nil
}

// terraform runs the CLI in a directory of its own, on the provider that prepare built.
type terraform struct {
	cli, dir string
	version  [2]int
	env      []string
	// consumerFile is where the deploy command keeps its key.
	consumerFile string
	// printed is a file that gets whatever commands print; empty for none.
	printed string
}

// newTerraform puts an example into dir, and leads the provider to sim.
func newTerraform(with tools, dir string, sim *iamsim.Server, example string) (*terraform, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	t := &terraform{cli: with.cli, version: with.version, dir: filepath.Join(dir, "work"), consumerFile: filepath.Join(dir, "consumer.json")}
	if err := os.CopyFS(t.dir, os.DirFS(filepath.Join(with.examples, example))); err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "cli.tfrc")
	overrides := fmt.Sprintf("provider_installation {\n  dev_overrides {\n"+
		"    \"registry.terraform.io/iamkeys/iamkeys\" = %[1]q\n    \"registry.opentofu.org/iamkeys/iamkeys\" = %[1]q\n  }\n}\n", with.provider)
	if err := os.WriteFile(config, []byte(overrides), 0o600); err != nil {
		return nil, err
	}
	// Nothing of the machine's own set-up of AWS and Terraform may change the story.
	for _, name := range []string{"PATH", "TMPDIR", "SYSTEMROOT", "COMSPEC", "TEMP", "TMP"} {
		if value, ok := os.LookupEnv(name); ok {
			t.env = append(t.env, name+"="+value)
		}
	}
	root := sim.Root()
	t.env = append(t.env,
		"AWS_ACCESS_KEY_ID="+root.AccessKeyID,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_ENDPOINT_URL="+sim.URL(),
		"AWS_REGION="+region,
		"AWS_SECRET_ACCESS_KEY="+root.Secret.Reveal(),
		"CHECKPOINT_DISABLE=1",
		consumerFileVariable+"="+t.consumerFile,
		"HOME="+dir,
		"TF_CLI_CONFIG_FILE="+config,
		"TF_IN_AUTOMATION=1",
		"TF_INPUT=0",
		`TF_VAR_deploy="`+self+`"`,
	)
	return t, nil
}

// outcome is what a command said.
type outcome struct {
	exitCode int
	// summary is its one line about changes.
	summary  string
	warnings []string
	errors   []string
	// outputs are those of the configuration, after an apply.
	outputs map[string]string
}

// message is one line of what the CLI prints with -json.
// https://developer.hashicorp.com/terraform/internals/machine-readable-ui
type message struct {
	Type       string `json:"type"`
	Message    string `json:"@message"`
	Diagnostic struct {
		Severity string `json:"severity"`
		Summary  string `json:"summary"`
		Detail   string `json:"detail"`
	} `json:"diagnostic"`
	Outputs map[string]struct {
		Value json.RawMessage `json:"value"`
	} `json:"outputs"`
}

// run runs a command that knows -json to its end.
func (t *terraform) run(ctx context.Context, command string, args ...string) (outcome, error) {
	var stdout, stderr bytes.Buffer
	args = append([]string{command, "-json"}, args...)
	cmd := exec.CommandContext(ctx, t.cli, args...) //nolint:gosec // the CLI that the user chose
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = t.dir, t.env, &stdout, &stderr
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(os.Interrupt) }, stopGrace
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return outcome{}, fmt.Errorf("terraform %s: %w", command, err)
	}
	if err := t.record(stdout.Bytes(), stderr.Bytes()); err != nil {
		return outcome{}, err
	}
	o := outcome{exitCode: cmd.ProcessState.ExitCode(), outputs: map[string]string{}}
	for line := range strings.Lines(stdout.String()) {
		var m message
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			return o, fmt.Errorf("terraform %s: exit code %d: %s%s", command, o.exitCode, stdout.String(), stderr.String())
		}
		o.add(m)
	}
	if stderr.Len() > 0 {
		o.errors = append(o.errors, stderr.String())
	}
	return o, nil
}

// record adds what a command printed to the file that keeps it.
func (t *terraform) record(printed ...[]byte) (err error) {
	if t.printed == "" {
		return nil
	}
	file, err := os.OpenFile(t.printed, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(bytes.Join(printed, nil))
	return errors.Join(err, file.Close())
}

func (o *outcome) add(m message) {
	switch m.Type {
	case "change_summary":
		o.summary = m.Message
	case "diagnostic":
		switch {
		case m.Diagnostic.Severity == "error":
			o.errors = append(o.errors, m.Diagnostic.Summary+"\n"+m.Diagnostic.Detail)
		case m.Diagnostic.Summary != overridesSummary:
			o.warnings = append(o.warnings, m.Diagnostic.Summary)
		}
	case "outputs":
		for name, output := range m.Outputs {
			var text string
			if err := json.Unmarshal(output.Value, &text); err == nil {
				o.outputs[name] = text
			}
		}
	}
}

// expect fails with the errors of the command unless it ended with this exit code.
func (o *outcome) expect(command string, exitCode int) error {
	if o.exitCode == exitCode {
		return nil
	}
	return fmt.Errorf("terraform %s: exit code %d, want %d: %s\n%s", command, o.exitCode, exitCode, o.summary, strings.Join(o.errors, "\n"))
}
