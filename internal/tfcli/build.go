package tfcli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// ModuleDir returns the root directory of the Go module that the working directory belongs to.
func ModuleDir(ctx context.Context) (string, error) {
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(mod))), nil
}

// BuildProvider builds a main package of the module into dir, under the name that the CLI looks for. The package is relative to
// the module's root; the provider is ".". Flags are those of go build.
func BuildProvider(ctx context.Context, dir, pkg string, flags ...string) error {
	root, err := ModuleDir(ctx)
	if err != nil {
		return err
	}
	binary := filepath.Join(dir, "terraform-provider-iamkeys")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	//nolint:gosec // the arguments come from this module
	build := exec.CommandContext(ctx, "go", slices.Concat([]string{"build", "-o", binary}, flags, []string{pkg})...)
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}
