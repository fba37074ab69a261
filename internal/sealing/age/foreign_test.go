package age_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/age"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// The paths of the programs in Debian.
const (
	agePath       = "/usr/bin/age"
	sshKeygenPath = "/usr/bin/ssh-keygen"
)

// run runs a program and returns its output, which no failure shows: it may be the secret.
func run(t *testing.T, stdin, path string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), path, args...)
	command.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + t.TempDir()}
	command.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", path, err, stderr.String())
	}
	return string(out)
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	noError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	noError(t, err)
	return string(content)
}

// classicPairs returns one pair of each type that age 1.1 knows. It does not know hybrid ones.
func classicPairs(t *testing.T) map[string]pair {
	t.Helper()
	return map[string]pair{"X25519": newX25519(t), "ssh-ed25519": newEd25519(t, ""), "ssh-rsa": newRSA(t, "")}
}

func TestForeign_ageOpensWhatIsSealed(t *testing.T) {
	t.Parallel()
	foreign.Require(t, "age", agePath)
	pairs := classicPairs(t)
	var all []string
	for _, p := range pairs {
		all = append(all, p.recipient)
	}
	for kind, p := range pairs {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			identity := writeFile(t, "identity", p.identity)
			for _, recipients := range [][]string{{p.recipient}, all} {
				if run(t, mustSeal(t, recipients...), agePath, "--decrypt", "--identity", identity) != plaintext {
					t.Errorf("the secret sealed to %d recipients differs", len(recipients))
				}
			}
		})
	}
}

func TestForeign_ageSealsWhatIsOpened(t *testing.T) {
	t.Parallel()
	foreign.Require(t, "age", agePath)
	pairs := classicPairs(t)
	var all []string
	for _, p := range pairs {
		all = append(all, "--recipient", p.recipient)
	}
	for kind, p := range pairs {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			mustOpen(t, run(t, plaintext, agePath, "--armor", "--recipient", p.recipient), p.identity)
			mustOpen(t, run(t, plaintext, agePath, append([]string{"--armor"}, all...)...), p.identity)
		})
	}
}

// TestForeign_sshKeygen creates keys with ssh-keygen in each format that it writes, and compares their fingerprints.
func TestForeign_sshKeygen(t *testing.T) {
	t.Parallel()
	foreign.Require(t, "openssh-client", sshKeygenPath)
	for _, test := range []struct {
		name, passphrase string
		args             []string
	}{
		{"ed25519", "", []string{"-t", "ed25519"}},
		{"ed25519 protected", passphrase, []string{"-t", "ed25519"}},
		{"rsa", "", []string{"-t", "rsa", "-b", "2048"}},
		{"rsa protected", passphrase, []string{"-t", "rsa", "-b", "2048"}},
		{"rsa PEM", "", []string{"-t", "rsa", "-b", "2048", "-m", "PEM"}},
		{"rsa PEM protected", passphrase, []string{"-t", "rsa", "-b", "2048", "-m", "PEM"}},
		{"rsa PKCS 8", "", []string{"-t", "rsa", "-b", "2048", "-m", "PKCS8"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "key")
			run(t, "", sshKeygenPath, append(test.args, "-q", "-N", test.passphrase, "-C", "ann's key", "-f", path)...)
			line := readFile(t, path+".pub")

			printed := strings.Fields(run(t, "", sshKeygenPath, "-l", "-f", path+".pub"))
			if got := mustParse(t, line).Fingerprints()[0]; got != printed[1] {
				t.Errorf("the fingerprint is %s, and ssh-keygen -l prints %s", got, printed[1])
			}
			opened, err := age.NewOpener([]string{readFile(t, path)}, secret.New(test.passphrase)).Open(t.Context(), mustSeal(t, line))
			noError(t, err)
			if opened.Reveal() != plaintext {
				t.Error("the opened secret differs from the sealed one")
			}
			if test.passphrase == "" {
				return
			}
			opened, err = open(t, mustSeal(t, line), readFile(t, path))
			if bad := refused(t, opened, err); bad.Detail != "identity 1 is protected by a passphrase, and none is given" {
				t.Error("a missing passphrase is not reported")
			}
		})
	}
}
