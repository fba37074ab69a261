package kms_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestForeign_shell opens a sealed secret with the commands of the package comment.
func TestForeign_shell(t *testing.T) {
	t.Parallel()
	const aws = "/usr/bin/aws"
	if err := exec.CommandContext(t.Context(), aws, "--version").Run(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s does not run (%v): install the Debian package awscli", aws, err)
		}
		t.Skipf("%s does not run (%v): install the Debian package awscli to run this test", aws, err)
	}
	f := newFixture(t)
	dir := t.TempDir()
	sealed := f.seal(t, "alias/secrets", map[string]string{"app": "ci", "stage": "prod"})
	if err := os.WriteFile(filepath.Join(dir, "sealed"), []byte(sealed+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "/bin/sh", "-ec", `
cut -d: -f4 sealed | base64 -d >blob
`+aws+` kms decrypt --endpoint-url "$SIM_URL" --region eu-central-1 --ciphertext-blob fileb://blob \
	--encryption-context stage=prod,app=ci --query Plaintext --output text | base64 -d`)
	command.Dir = dir
	command.Env = []string{
		"PATH=/usr/bin:/bin", "HOME=" + dir, "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "SIM_URL=" + f.URL(),
		"AWS_ACCESS_KEY_ID=" + f.ann.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + f.ann.Secret.Reveal(),
	}
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if string(out) != plaintext.Reveal() {
		t.Error("secret differs")
	}
}
