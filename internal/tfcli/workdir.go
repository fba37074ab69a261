package tfcli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// WorkDir is a working directory, and the environment of the commands that run in it.
type WorkDir struct {
	// Path holds configuration and state.
	Path string
	// CLI runs the commands.
	CLI CLI

	env []string
}

// NewWorkDir creates an empty working directory below home, which is also the home directory of the commands. They take the
// provider iamkeys from providerDir.
func NewWorkDir(cli CLI, home, providerDir string) (*WorkDir, error) {
	config := filepath.Join(home, "cli.tfrc")
	if err := WriteConfig(config, providerDir); err != nil {
		return nil, err
	}
	path := filepath.Join(home, "work")
	if err := os.Mkdir(path, 0o700); err != nil {
		return nil, err
	}
	return &WorkDir{Path: path, CLI: cli, env: append(inheritedEnv(),
		"AWS_EC2_METADATA_DISABLED=true",
		"CHECKPOINT_DISABLE=1",
		// Garbage collection takes a fifth of the time of a short command, and nothing runs long enough to need it.
		"GOGC=400",
		"HOME="+home,
		"TF_CLI_CONFIG_FILE="+config,
		"TF_IN_AUTOMATION=1",
		"TF_INPUT=0",
	)}, nil
}

// Setenv sets an environment variable of later commands.
func (w *WorkDir) Setenv(name, value string) {
	w.env = slices.DeleteFunc(w.env, func(entry string) bool { return strings.HasPrefix(entry, name+"=") })
	w.env = append(w.env, name+"="+value)
}

// WriteConfig writes a CLI configuration file that takes the provider iamkeys from providerDir, also for configurations that
// do not declare its source.
func WriteConfig(file, providerDir string) error {
	var overrides strings.Builder
	for _, host := range []string{terraformHost, opentofuHost} {
		for _, namespace := range []string{"iamkeys", "hashicorp"} {
			fmt.Fprintf(&overrides, "    %q = %q\n", host+"/"+namespace+"/iamkeys", providerDir)
		}
	}
	text := "provider_installation {\n  dev_overrides {\n" + overrides.String() + "  }\n}\n"
	return os.WriteFile(file, []byte(text), 0o600)
}

// inheritedEnv returns the variables that a program needs to run at all.
func inheritedEnv() []string {
	var env []string
	for _, name := range []string{"PATH", "TMPDIR", "SYSTEMROOT", "COMSPEC", "TEMP", "TMP"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
