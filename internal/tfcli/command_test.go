//go:build unix

package tfcli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// newWorkDir returns a working directory whose CLI is a shell script, and its home directory.
func newWorkDir(t *testing.T, script string) (w *WorkDir, home string) {
	t.Helper()
	home = t.TempDir()
	w, err := NewWorkDir(CLI{Path: writeScript(t, t.TempDir(), "terraform", script)}, home, "/built")
	if err != nil {
		t.Fatal(err)
	}
	return w, home
}

// TestNewWorkDir_environment checks that commands inherit what a program needs, and no setting for AWS or Terraform.
func TestNewWorkDir_environment(t *testing.T) {
	t.Setenv("AWS_PROFILE", "prod")
	for name, value := range map[string]string{
		"PATH": os.Getenv("PATH"), "TMPDIR": "/tmp", "SYSTEMROOT": "/windows", "COMSPEC": "cmd", "TEMP": "/t1", "TMP": "/t2",
		"AWS_REGION": "eu-central-1", "TF_LOG": "TRACE", "TF_VAR_x": "1", "TF_CLI_ARGS": "-no-color",
		"TF_CLI_CONFIG_FILE": "/home/user/cli.tfrc", "TF_WORKSPACE": "prod", "HOME": "/home/user",
	} {
		t.Setenv(name, value)
	}
	w, home := newWorkDir(t, "env")
	w.Setenv("TF_VAR_deploy", "first")
	w.Setenv("TF_VAR_deploy", "second")
	w.Setenv("TF_INPUT", "1")
	result, err := w.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The shell adds variables of its own.
	got := slices.DeleteFunc(strings.Split(strings.TrimSpace(result.Stdout), "\n"), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains([]string{"PWD", "OLDPWD", "SHLVL", "_"}, name)
	})
	slices.Sort(got)
	want := []string{
		"AWS_EC2_METADATA_DISABLED=true", "CHECKPOINT_DISABLE=1", "COMSPEC=cmd", "GOGC=400", "HOME=" + home, "PATH=" + os.Getenv("PATH"),
		"SYSTEMROOT=/windows", "TEMP=/t1", "TF_CLI_CONFIG_FILE=" + filepath.Join(home, "cli.tfrc"), "TF_INPUT=1", "TF_IN_AUTOMATION=1",
		"TF_VAR_deploy=second", "TMP=/t2", "TMPDIR=/tmp",
	}
	if !slices.Equal(got, want) {
		t.Errorf("environment:\n%q\nwant\n%q", got, want)
	}
}

func TestNewWorkDir_config(t *testing.T) {
	t.Parallel()
	_, home := newWorkDir(t, "")
	got, err := os.ReadFile(filepath.Join(home, "cli.tfrc"))
	if err != nil {
		t.Fatal(err)
	}
	want := `provider_installation {
  dev_overrides {
    "registry.terraform.io/iamkeys/iamkeys" = "/built"
    "registry.terraform.io/hashicorp/iamkeys" = "/built"
    "registry.opentofu.org/iamkeys/iamkeys" = "/built"
    "registry.opentofu.org/hashicorp/iamkeys" = "/built"
  }
}
`
	if string(got) != want {
		t.Errorf("CLI configuration:\n%s\nwant\n%s", got, want)
	}
}

func TestNewWorkDir_twice(t *testing.T) {
	t.Parallel()
	w, home := newWorkDir(t, "")
	if _, err := NewWorkDir(w.CLI, home, "/built"); !errors.Is(err, os.ErrExist) {
		t.Errorf("error %v for a home directory in use, want %v", err, os.ErrExist)
	}
	if _, err := NewWorkDir(w.CLI, filepath.Join(home, "missing"), "/built"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v for a missing home directory, want %v", err, os.ErrNotExist)
	}
}

func TestWorkDir_Run(t *testing.T) {
	t.Parallel()
	w, _ := newWorkDir(t, `pwd -P; echo "$@" >&2; exit 2`)
	dir, err := filepath.EvalSymlinks(w.Path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.Run(t.Context(), "plan", "-json")
	if want := (Result{ExitCode: 2, Stdout: dir + "\n", Stderr: "plan -json\n"}); err != nil || got != want {
		t.Errorf("got %+v, error %v, want %+v", got, err, want)
	}

	w.CLI.Path = filepath.Join(w.Path, "missing")
	if _, err := w.Run(t.Context(), "plan"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v without a CLI, want %v", err, os.ErrNotExist)
	}
}

// TestWorkDir_Run_canceled checks that the end of the context interrupts a command, which may then end in its own way.
func TestWorkDir_Run_canceled(t *testing.T) {
	t.Parallel()
	w, _ := newWorkDir(t, `trap 'echo interrupted; exit 7' INT; touch started; while :; do sleep 0.05; done`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		waitForFile(t, filepath.Join(w.Path, "started"))
		cancel()
	}()
	got, err := w.Run(ctx, "plan")
	if want := (Result{ExitCode: 7, Stdout: "interrupted\n"}); got != want || !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, error %v, want %+v and %v", got, err, want, context.Canceled)
	}
}

// blocking is a CLI that ends only by a signal, and so does its child. It writes the child's process id to a file.
const blocking = `sleep 600 >/dev/null 2>&1 & echo $! >child.new; mv child.new child; wait`

// startBlocking starts a command and returns the process id of its child, too.
func startBlocking(ctx context.Context, t *testing.T) (p *Process, child int) {
	t.Helper()
	w, _ := newWorkDir(t, blocking)
	p, err := w.Start(ctx, "apply")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(w.Path, "child")
	waitForFile(t, file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if child, err = strconv.Atoi(strings.TrimSpace(string(text))); err != nil {
		t.Fatal(err)
	}
	return p, child
}

func TestProcess_Kill(t *testing.T) {
	t.Parallel()
	p, child := startBlocking(t.Context(), t)
	if group, err := syscall.Getpgid(child); err != nil || group != p.Pid() {
		t.Errorf("process group of the child: %d, error %v, want %d", group, err, p.Pid())
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := p.Wait(); err != nil || got.ExitCode != -1 {
			t.Errorf("exit code %d, error %v, want -1", got.ExitCode, err)
		}
	}
	waitForExit(t, child)
}

// TestProcess_Stop checks that no child survives the end of the context.
func TestProcess_Stop(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p, child := startBlocking(ctx, t)
	cancel()
	p.Stop()
	waitForExit(t, child)
	p.Stop()
}

func waitForFile(t *testing.T, path string) {
	t.Helper()
	waitFor(t, "file "+path, func() bool {
		_, err := os.Stat(path)
		return err == nil
	})
}

// waitForExit waits until a process that is not a child of the test is gone, or a zombie that nobody reaps.
func waitForExit(t *testing.T, pid int) {
	t.Helper()
	waitFor(t, "the end of the child", func() bool {
		if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
			return true
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err == nil && strings.Contains(string(stat), ") Z ")
	})
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond) //nolint:forbidigo // waits for a process of the machine
	defer tick.Stop()
	for range 3000 {
		if done() {
			return
		}
		<-tick.C
	}
	t.Errorf("no %s after 30 s", what)
}
