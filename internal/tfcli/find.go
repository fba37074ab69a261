package tfcli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// Registry hosts of providers whose source names no host.
const (
	terraformHost = "registry.terraform.io"
	opentofuHost  = "registry.opentofu.org"
)

// ErrNotFound is returned by Find where there is no CLI. It says what to install.
var ErrNotFound = errors.New("no Terraform CLI found: install Terraform 1.8 or later " +
	"(https://developer.hashicorp.com/terraform/install) or " +
	"OpenTofu 1.7 or later (https://opentofu.org/docs/intro/install) on PATH, or set IAMKEYS_TERRAFORM to the path of its binary")

// CLI is an installed Terraform or OpenTofu.
type CLI struct {
	// Path is the absolute path of the binary.
	Path string
	// Host is the registry host of a provider whose source names none.
	Host string
	// Major and Minor are the first two numbers of the version. OpenTofu has versions of its own.
	Major, Minor int
}

// AtLeast reports whether the version is major.minor or later.
func (c CLI) AtLeast(major, minor int) bool {
	return c.Major > major || c.Major == major && c.Minor >= minor
}

// Find returns the CLI that TF_ACC_TERRAFORM_PATH or IAMKEYS_TERRAFORM names, or else the terraform or tofu on PATH.
func Find(ctx context.Context) (CLI, error) {
	path, err := findPath()
	if err != nil {
		return CLI{}, err
	}
	return inspect(ctx, path)
}

func findPath() (string, error) {
	for _, variable := range []string{"TF_ACC_TERRAFORM_PATH", "IAMKEYS_TERRAFORM"} {
		value := os.Getenv(variable)
		if value == "" {
			continue
		}
		path, err := exec.LookPath(value)
		if err != nil {
			return "", fmt.Errorf("%s names no Terraform CLI: %w", variable, err)
		}
		return filepath.Abs(path)
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", ErrNotFound
}

var versionLine = regexp.MustCompile(`(?m)^(Terraform|OpenTofu) v(\d+)\.(\d+)\.`)

// inspect asks the binary at path for its product and version. With -json, OpenTofu would call itself Terraform.
func inspect(ctx context.Context, path string) (CLI, error) {
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(inheritedEnv(), "CHECKPOINT_DISABLE=1")
	out, err := cmd.Output()
	if err != nil {
		return CLI{}, fmt.Errorf("%s version: %w", path, err)
	}
	match := versionLine.FindSubmatch(out)
	if match == nil {
		return CLI{}, fmt.Errorf("%s version: the output is neither Terraform's nor OpenTofu's", path)
	}
	cli := CLI{Path: path, Host: terraformHost}
	if string(match[1]) == "OpenTofu" {
		cli.Host = opentofuHost
	}
	var majorErr, minorErr error
	cli.Major, majorErr = strconv.Atoi(string(match[2]))
	cli.Minor, minorErr = strconv.Atoi(string(match[3]))
	if err := errors.Join(majorErr, minorErr); err != nil {
		return CLI{}, fmt.Errorf("%s version: %w", path, err)
	}
	return cli, nil
}
