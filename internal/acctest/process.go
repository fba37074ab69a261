package acctest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const (
	terraformHost = "registry.terraform.io"
	opentofuHost  = "registry.opentofu.org"
)

// errNoCLI says what to install.
var errNoCLI = errors.New("no Terraform CLI found: install Terraform 1.8 or later (https://developer.hashicorp.com/terraform/install) or " +
	"OpenTofu 1.7 or later (https://opentofu.org/docs/intro/install) on PATH, or set IAMKEYS_TERRAFORM to the path of its binary")

// process is what all tests of a process share. Main fills it before the first one runs.
var process struct {
	// dir is a directory for the whole run.
	dir string
	// cli is the path of the Terraform CLI, and host the provider registry that it takes for its own. They are empty
	// where cliErr says why there is none.
	cli, host string
	cliErr    error

	build    sync.Once
	buildErr error
}

// Main runs the tests of a package and returns the exit code. It takes what the machine's owner has set up for AWS and
// Terraform out of the environment first, so that no test reaches a real account; tests against a real one therefore
// belong in a package without it.
func Main(m *testing.M) int {
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

func prepare(dir string) error {
	process.dir = dir
	process.cli, process.host, process.cliErr = findCLI(context.Background())

	emptyConfig := filepath.Join(dir, "empty.tfrc")
	if err := os.WriteFile(emptyConfig, nil, 0o600); err != nil {
		return err
	}
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if personal(name) {
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
		"TF_ACC_TERRAFORM_PATH":       process.cli,
		"TF_ACC_PROVIDER_HOST":        process.host,
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// personal reports whether an environment variable says how its owner works with AWS or Terraform, which must not
// change what a test sees.
func personal(name string) bool {
	for _, prefix := range []string{"AWS_", "TF_AWS_", "TF_CLI_", "TF_VAR_", "TF_PLUGIN_", "TF_REGISTRY_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	switch name {
	case "TF_DATA_DIR", "TF_WORKSPACE", "TF_REATTACH_PROVIDERS", "TF_ACC_PROVIDER_NAMESPACE", "TF_ACC_TERRAFORM_VERSION":
		return true
	}
	return false
}

// findCLI returns the path of the Terraform or OpenTofu CLI and the registry host of its providers.
func findCLI(ctx context.Context) (path, host string, err error) {
	for _, name := range []string{os.Getenv("TF_ACC_TERRAFORM_PATH"), os.Getenv("IAMKEYS_TERRAFORM"), "terraform", "tofu"} {
		if name == "" {
			continue
		}
		if path, err = exec.LookPath(name); err == nil {
			break
		}
		if name != "terraform" && name != "tofu" {
			return "", "", fmt.Errorf("the Terraform CLI that the environment names: %w", err)
		}
	}
	if err != nil {
		return "", "", errNoCLI
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", "", err
	}
	host, err = registryHost(ctx, path)
	return path, host, err
}

// registryHost returns the registry host of the providers of the CLI at path.
func registryHost(ctx context.Context, path string) (string, error) {
	out, err := exec.CommandContext(ctx, path, "version").Output() //nolint:gosec // the CLI that the developer chose
	if err != nil {
		return "", fmt.Errorf("%s version: %w", path, err)
	}
	if strings.Contains(string(out), "OpenTofu") {
		return opentofuHost, nil
	}
	return terraformHost, nil
}

// providerBinary builds the provider, once in a process, and returns the directory that holds it.
func providerBinary(ctx context.Context) (string, error) {
	dir := filepath.Join(process.dir, "bin")
	process.build.Do(func() {
		mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
		if err != nil {
			process.buildErr = fmt.Errorf("go env GOMOD: %w", err)
			return
		}
		binary := filepath.Join(dir, "terraform-provider-iamkeys")
		//nolint:gosec // both names are ours
		build := exec.CommandContext(ctx, "go", "build", "-o", binary+exeSuffix(), ".")
		build.Dir = filepath.Dir(strings.TrimSpace(string(mod)))
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			process.buildErr = fmt.Errorf("go build: %w\n%s", err, out)
		}
	})
	return dir, process.buildErr
}
