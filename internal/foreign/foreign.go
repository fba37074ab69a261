// Package foreign finds and runs programs that this project did not write, for tests that compare with them. It knows the standard
// library alone, so that a test of any package can use it.
package foreign

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The paths of Debian's packages. Another Python on PATH may lack boto3.
const (
	Python = "/usr/bin/python3"
	AWS    = "/usr/bin/aws"
)

// RequireBoto3 is Require for boto3, which Python runs.
func RequireBoto3(t *testing.T) {
	t.Helper()
	Require(t, "python3-boto3", Python, "-c", "import boto3")
}

// RequireAWS is Require for the AWS CLI.
func RequireAWS(t *testing.T) {
	t.Helper()
	Require(t, "awscli", AWS, "--version")
}

// Require returns the path of a program. If it is not there, or fails with the arguments, if any, the test fails in CI, which installs
// the Debian package, and is skipped elsewhere.
func Require(t *testing.T, debianPackage, program string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil && len(args) > 0 {
		err = exec.CommandContext(t.Context(), path, args...).Run()
	}
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("%s does not run (%v): install the Debian package %s", program, err, debianPackage)
	default:
		t.Skipf("%s does not run (%v): install the Debian package %s to run this test", program, err, debianPackage)
	}
	return path
}

// Env returns an environment with the credentials of a key and more, and without the machine's own AWS settings.
func Env(t *testing.T, accessKeyID, secretAccessKey string, more ...string) []string {
	t.Helper()
	home := t.TempDir()
	return append([]string{
		"PATH=/usr/bin:/bin",
		"HOME=" + home,
		"AWS_CONFIG_FILE=" + filepath.Join(home, "config"),
		"AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(home, "credentials"),
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_PAGER=",
		"PYTHONDONTWRITEBYTECODE=1",
		"AWS_ACCESS_KEY_ID=" + accessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + secretAccessKey,
	}, more...)
}

// JSON runs a program and decodes what it prints into out.
func JSON(t *testing.T, out any, env []string, path string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), path, args...)
	command.Env = env
	text, err := command.Output()
	if err != nil {
		var stderr []byte
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			stderr = exit.Stderr
		}
		t.Fatalf("%s %q: %v: %s", path, args, err, stderr)
	}
	if err := json.Unmarshal(text, out); err != nil {
		t.Fatalf("%s %q: %v", path, args, err)
	}
}
