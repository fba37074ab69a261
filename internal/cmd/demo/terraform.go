package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/tfcli"
)

const (
	region       = "us-east-1"
	resourceType = "iamkeys_rotating_access_key"
	// planFile is the saved plan between plan and apply.
	planFile = "saved.tfplan"
)

// tools are what every part needs.
type tools struct {
	cli tfcli.CLI
	// examples is the directory of the configurations, and provider that of the binary.
	examples, provider string
}

// prepare finds the CLI and builds the provider into dir.
func prepare(ctx context.Context, dir string) (tools, error) {
	cli, err := tfcli.Find(ctx)
	if err != nil {
		return tools{}, err
	}
	root, err := tfcli.ModuleDir(ctx)
	if err != nil {
		return tools{}, err
	}
	if err := tfcli.BuildProvider(ctx, dir, "."); err != nil {
		return tools{}, err
	}
	return tools{cli: cli, examples: filepath.Join(root, "examples"), provider: dir}, nil
}

// terraform runs the CLI in a working directory with an example.
type terraform struct {
	*tfcli.WorkDir

	// consumerFile is the file of the fileConsumer.
	consumerFile string
	// outputFile is a file to which the output of commands is appended; empty for none.
	outputFile string
}

// newTerraform copies an example to a working directory below dir, and sets sim as the endpoint of the provider.
func newTerraform(with tools, dir string, sim *iamsim.Server, example string) (*terraform, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	work, err := tfcli.NewWorkDir(with.cli, dir, with.provider)
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(work.Path, os.DirFS(filepath.Join(with.examples, example))); err != nil {
		return nil, err
	}
	t := &terraform{WorkDir: work, consumerFile: filepath.Join(dir, "consumer.json")}
	root := sim.Root()
	t.Setenv("AWS_ACCESS_KEY_ID", root.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", root.Secret.Reveal())
	t.Setenv("AWS_ENDPOINT_URL", sim.URL())
	t.Setenv("AWS_REGION", region)
	t.Setenv(consumerFileVariable, t.consumerFile)
	t.Setenv("TF_VAR_deploy", `"`+self+`"`)
	return t, nil
}

// outcome is the outcome of a command.
type outcome struct {
	exitCode int
	// changes is the line that counts the changes.
	changes  string
	warnings []tfcli.Diagnostic
	errors   []string
	// outputs are those of the configuration that are strings, after an apply.
	outputs map[string]string
}

// run runs a command with -json and waits for it.
func (t *terraform) run(ctx context.Context, command string, args ...string) (outcome, error) {
	result, err := t.Run(ctx, append([]string{command, "-json"}, args...)...)
	if err != nil {
		return outcome{}, fmt.Errorf("terraform %s: %w", command, err)
	}
	if err := t.appendOutput(result); err != nil {
		return outcome{}, err
	}
	report, err := result.Report()
	if err != nil {
		return outcome{}, fmt.Errorf("terraform %s: %w", command, err)
	}
	o := outcome{exitCode: result.ExitCode, changes: report.Changes, outputs: map[string]string{}}
	for _, d := range report.Diagnostics {
		if d.Severity == "error" {
			o.errors = append(o.errors, d.Summary+"\n"+d.Detail)
		} else {
			o.warnings = append(o.warnings, d)
		}
	}
	if result.Stderr != "" {
		o.errors = append(o.errors, result.Stderr)
	}
	for name, value := range report.Outputs {
		var text string
		if err := json.Unmarshal(value, &text); err == nil {
			o.outputs[name] = text
		}
	}
	return o, nil
}

// attribute is an attribute of the resource in a plan.
type attribute struct{ name, text string }

// decisive are the attributes that say what a plan does with the keys, and what is due and not done.
var decisive = []string{"last_change", "rotation_requested", "rotation_blocked", "retirement_blocked"}

// planned returns the decisive attributes of the saved plan: last_change if the plan changes it, the others if they are not null.
func (t *terraform) planned(ctx context.Context) ([]attribute, error) {
	result, err := t.Run(ctx, "show", "-json", planFile)
	if err != nil {
		return nil, fmt.Errorf("terraform show: %w", err)
	}
	plan, err := result.Plan()
	if err != nil {
		return nil, err
	}
	var attributes []attribute
	for _, resource := range plan.ResourceChanges {
		if resource.Type != resourceType {
			continue
		}
		// Before is null at the create, and after at a destroy.
		before, _ := resource.Change.Before.(map[string]any)
		after, _ := resource.Change.After.(map[string]any)
		for _, name := range decisive {
			text, ok := after[name].(string)
			if ok && (name != "last_change" || text != before[name]) {
				attributes = append(attributes, attribute{name: name, text: text})
			}
		}
	}
	return attributes, nil
}

func (o *outcome) warningSummaries() []string {
	var summaries []string
	for _, w := range o.warnings {
		summaries = append(summaries, w.Summary)
	}
	return summaries
}

// appendOutput appends the output of a command to outputFile.
func (t *terraform) appendOutput(result tfcli.Result) error {
	if t.outputFile == "" {
		return nil
	}
	file, err := os.OpenFile(t.outputFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(result.Stdout + result.Stderr)
	return errors.Join(err, file.Close())
}

// expect returns an error with the errors of the command unless it ended with this exit code.
func (o *outcome) expect(command string, exitCode int) error {
	if o.exitCode == exitCode {
		return nil
	}
	return fmt.Errorf("terraform %s: exit code %d, want %d: %s\n%s", command, o.exitCode, exitCode, o.changes, strings.Join(o.errors, "\n"))
}
