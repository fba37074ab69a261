package kms_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
)

// TestForeign_shell opens a sealed secret with the commands of the package comment.
func TestForeign_shell(t *testing.T) {
	t.Parallel()
	foreign.RequireAWS(t)
	f := newFixture(t)
	dir := t.TempDir()
	sealed := f.seal(t, "alias/secrets", map[string]string{"app": "ci", "stage": "prod"})
	if err := os.WriteFile(filepath.Join(dir, "sealed"), []byte(sealed+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	script := `
cut -d: -f4 sealed | base64 -d >blob
` + foreign.AWS + ` kms decrypt --endpoint-url "$SIM_URL" --region eu-central-1 --ciphertext-blob fileb://blob \
	--encryption-context stage=prod,app=ci --query Plaintext --output text | base64 -d`
	command := exec.CommandContext(t.Context(), "/bin/sh", "-ec", script)
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
