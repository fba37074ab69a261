package provider_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// TestAccRotatingAccessKey_opensWithTools takes the encrypted secret out of the state and opens it with the tool of the
// method, for each format. The key that comes out signs a call.
func TestAccRotatingAccessKey_opensWithTools(t *testing.T) {
	t.Parallel()
	for method, prepare := range map[string]func(s *acctest.Story) (output acctest.Args, open func(sealed string) []byte){
		"age":     openWithAge,
		"openpgp": openWithGPG,
		"kms":     openWithAWS,
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			output, open := prepare(s)
			version := ""
			for _, format := range sealing.Formats() {
				// Another format rotates; what stands in the way of that is not what this is about.
				s.Write(acctest.SealedBy(output.With(acctest.Args{"format": acctest.HCLString(string(format))}),
					acctest.Args{"revoke_when_changed": "{ format = " + acctest.HCLString(string(format)) + " }"}))
				var revokes []acctest.Option
				if version != "" {
					revokes = append(revokes, acctest.Revokes(s.KeyName(s.Value("access_key_id"))))
				}
				if previous := s.Value("previous_access_key_id"); version != "" && previous != "<nil>" {
					revokes = append(revokes, acctest.DeletesInactive(s.KeyName(previous)))
				}
				s.Apply(revokes...)
				if s.Value("version") == version {
					t.Fatalf("%s: no key was created", format)
				}
				version = s.Value("version")
				id := s.Value("access_key_id")
				found, err := sealing.Parse(secret.New(string(open(s.Value("encrypted_secret")))))
				if err != nil {
					t.Fatalf("%s: %v", format, err)
				}
				if format != sealing.FormatSecret && found.AccessKeyID != id {
					t.Errorf("%s: key id %q, want %q", format, found.AccessKeyID, id)
				}
				if !s.Sim.Authenticates(id, found.Secret) {
					t.Errorf("%s: the key that was opened does not sign", format)
				}
			}
		})
	}
}

// command runs a program. Its output may be a secret, and is shown in no failure.
func command(t *testing.T, environment []string, input, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stdin = strings.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, stderr.String())
	}
	return stdout.Bytes()
}

// file writes a file for a tool and returns its path.
func file(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func openWithAge(s *acctest.Story) (output acctest.Args, open func(sealed string) []byte) {
	program := foreign.Require(s.T, "age", "age")
	identity, recipient := acctest.AgeKey(s.T)
	path := file(s.T, s.T.TempDir(), "identity.txt", identity+"\n")
	return acctest.AgeRecipients(recipient), func(sealed string) []byte {
		return command(s.T, nil, sealed, program, "-d", "-i", path)
	}
}

func openWithGPG(s *acctest.Story) (output acctest.Args, open func(sealed string) []byte) {
	program := foreign.Require(s.T, "gnupg", "gpg")
	// The socket of the agent has a path of its own, which must be short.
	home, err := os.MkdirTemp("", "gpg")
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() {
		_ = exec.CommandContext(context.WithoutCancel(s.T.Context()), "gpgconf", "--homedir", home, "--kill", "all").Run()
		_ = os.RemoveAll(home)
	})
	key := acctest.NewPGPKey(s.T)
	command(s.T, nil, key.Private(), program, "--batch", "--quiet", "--homedir", home, "--import")
	return acctest.PGPRecipients(key.Public()), func(sealed string) []byte {
		return command(s.T, nil, sealed, program, "--batch", "--quiet", "--homedir", home, "--decrypt")
	}
}

func openWithAWS(s *acctest.Story) (output acctest.Args, open func(sealed string) []byte) {
	program := foreign.Require(s.T, "awscli", "aws")
	s.Sim.CreateKMSKey("us-east-1", "alias/secrets")
	dir := s.T.TempDir()
	root := s.Sim.Root()
	environment := []string{
		"AWS_ACCESS_KEY_ID=" + root.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + root.Secret.Reveal(),
		"AWS_CONFIG_FILE=" + filepath.Join(dir, "none"), "AWS_EC2_METADATA_DISABLED=true",
	}
	output = acctest.Args{"kms_key_id": `"alias/secrets"`, "kms_encryption_context": `{ purpose = "ci" }`}
	return output, func(sealed string) []byte {
		parts := strings.Split(sealed, ":")
		var header struct{ Region string }
		text, err := base64.RawURLEncoding.DecodeString(parts[2])
		if err == nil {
			err = json.Unmarshal(text, &header)
		}
		if err != nil {
			s.T.Fatal(err)
		}
		blob, err := base64.StdEncoding.DecodeString(parts[3])
		if err != nil {
			s.T.Fatal(err)
		}
		encoded := command(s.T, environment, "", program, "kms", "decrypt", "--endpoint-url", s.Sim.URL(), "--region", header.Region,
			"--ciphertext-blob", "fileb://"+file(s.T, dir, "blob", string(blob)), "--encryption-context", "purpose=ci",
			"--query", "Plaintext", "--output", "text")
		plaintext, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(encoded)))
		if err != nil {
			s.T.Fatal("what was decrypted is not in base64")
		}
		return plaintext
	}
}
