package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/tfcli"
)

// providerName is the file name by which the CLI finds the provider.
const providerName = "terraform-provider-iamkeys"

// TestBinary_stderr has Terraform start the provider by way of a script that writes down its standard error, which Terraform would
// read and parse. Unless a TF_LOG variable asks for logs, the provider must write nothing there.
func TestBinary_stderr(t *testing.T) {
	t.Parallel()
	built := t.TempDir()
	if err := tfcli.BuildProvider(t.Context(), built, "."); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		variable, value string
		wantLogs        bool
	}{
		"no TF_LOG variable": {},
		"empty TF_LOG":       {variable: "TF_LOG"},
		"TF_LOG_PATH":        {variable: "TF_LOG_PATH", value: filepath.Join(t.TempDir(), "log")},
		"TF_LOG":             {variable: "TF_LOG", value: "TRACE", wantLogs: true},
		"TF_LOG_SDK":         {variable: "TF_LOG_SDK", value: "TRACE", wantLogs: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewBinaryStory(t)
			stderr := filepath.Join(t.TempDir(), "stderr")
			s.CLI.Setenv("TF_CLI_CONFIG_FILE", scriptedProvider(t, fmt.Sprintf("exec '%s' 2>>'%s'\n", filepath.Join(built, providerName), stderr)))
			if tc.variable != "" {
				s.CLI.Setenv(tc.variable, tc.value)
			}
			s.Write(acctest.ByAge(nil))
			s.Apply()
			logs, err := os.ReadFile(stderr)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(string(logs), "ApplyResourceChange"); got != tc.wantLogs {
				t.Errorf("the apply is in the logs: %t, want %t", got, tc.wantLogs)
			}
			if !tc.wantLogs && len(logs) > 0 {
				t.Errorf("the provider wrote %d bytes to its standard error", len(logs))
			}
		})
	}
}

// scriptedProvider writes a shell script that Terraform starts as the provider, and returns a file for TF_CLI_CONFIG_FILE.
func scriptedProvider(tb testing.TB, script string) string {
	tb.Helper()
	dir := tb.TempDir()
	//nolint:gosec // a script must be executable
	if err := os.WriteFile(filepath.Join(dir, providerName), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		tb.Fatal(err)
	}
	config := filepath.Join(dir, "cli.tfrc")
	if err := tfcli.WriteConfig(config, dir); err != nil {
		tb.Fatal(err)
	}
	return config
}
