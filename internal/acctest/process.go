package acctest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/tfcli"
)

// process is what all tests of a process share. Main fills it before the first one runs.
var process struct {
	// dir is a directory that Main removes at the end.
	dir string
	// cli is the Terraform CLI, unless cliErr says why there is none.
	cli    tfcli.CLI
	cliErr error

	// options are those of a World without options.
	options iamsim.Options

	build    sync.Once
	buildErr error
}

// Main runs the tests of a package and returns the exit code. It first removes the user's settings for AWS and Terraform from
// the environment, so that no test reaches a real account. Tests that need one belong in a package that does not call Main.
// Opts, at most one, are the options of a World whose test gives none.
func Main(m *testing.M, opts ...iamsim.Options) int {
	if len(opts) == 1 {
		process.options = opts[0]
	}
	dir, err := os.MkdirTemp("", "iamkeys-acctest")
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := prepare(dir); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// prepare fills process and sets up the environment.
func prepare(dir string) error {
	process.dir = dir
	process.cli, process.cliErr = tfcli.Find(context.Background())

	emptyConfig := filepath.Join(dir, "empty.tfrc")
	if err := os.WriteFile(emptyConfig, nil, 0o600); err != nil {
		return err
	}
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if isUserSetting(name) {
			if err := os.Unsetenv(name); err != nil {
				return err
			}
		}
	}
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE":             filepath.Join(dir, "no-aws-config"),
		"AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "no-aws-credentials"),
		"AWS_EC2_METADATA_DISABLED":   "true",
		"CHECKPOINT_DISABLE":          "1",
		"TF_CLI_CONFIG_FILE":          emptyConfig,
		"TF_ACC_TEMP_DIR":             dir,
		"TF_ACC_TERRAFORM_PATH":       process.cli.Path,
		"TF_ACC_PROVIDER_HOST":        process.cli.Host,
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// isUserSetting reports whether an environment variable is a user's setting for AWS or Terraform, which must not change the
// result of a test.
func isUserSetting(name string) bool {
	for _, prefix := range []string{"AWS_", "TF_AWS_", "TF_CLI_", "TF_VAR_", "TF_PLUGIN_", "TF_REGISTRY_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	others := []string{"TF_DATA_DIR", "TF_WORKSPACE", "TF_REATTACH_PROVIDERS", "TF_ACC_PROVIDER_NAMESPACE", "TF_ACC_TERRAFORM_VERSION"}
	return slices.Contains(others, name)
}

// buildProvider builds the provider, once in a process, and returns the directory of the binary.
func buildProvider(ctx context.Context) (string, error) {
	dir := filepath.Join(process.dir, "bin")
	process.build.Do(func() { process.buildErr = tfcli.BuildProvider(ctx, dir, ".") })
	return dir, process.buildErr
}
