package iamsim_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestForeign_boto3KMS(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{})
	arn := s.CreateKMSKey("eu-west-1", "alias/secrets")

	want := map[string]any{
		"key":            []any{true, true, true},
		"plaintext":      "text",
		"algorithm":      "SYMMETRIC_DEFAULT",
		"created":        float64(start.Unix()),
		"state":          []any{"Enabled", true, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"},
		"context":        []any{"InvalidCiphertextException", 400.0},
		"damaged":        []any{"InvalidCiphertextException", 400.0},
		"too long":       []any{"ValidationException", 400.0},
		"no key":         []any{"NotFoundException", 400.0},
		"another region": []any{"NotFoundException", 400.0},
	}
	wantOfBoto3(t, s, "boto3_kms.py", want, "SIM_KMS_KEY="+arn)
}

func TestForeign_awsCLIKMS(t *testing.T) {
	t.Parallel()
	foreign.RequireAWS(t)
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	arn := s.CreateKMSKey("eu-west-1", "alias/secrets")
	admin, key := newCLI(t, s, s.Root()), s.CreateAccessKey("ann")
	ann := newCLI(t, s, key)
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		noError(t, os.WriteFile(path, content, 0o600))
		return "fileb://" + path
	}

	sealed, code := admin.run("kms", "encrypt", "--key-id", "alias/secrets", "--plaintext", file("plaintext", []byte("text")),
		"--encryption-context", "app=ci,stage=prod")
	if code != "" || sealed["KeyId"] != arn {
		t.Fatalf("encrypt: %s, by %v", code, sealed["KeyId"])
	}
	blob, err := base64.StdEncoding.DecodeString(fmt.Sprint(sealed["CiphertextBlob"]))
	noError(t, err)
	decrypt := []string{"kms", "decrypt", "--ciphertext-blob", file("blob", blob)}
	admin.want("dGV4dA==", "Plaintext", append(decrypt, "--encryption-context", "stage=prod,app=ci")...)
	admin.want("InvalidCiphertextException", "", append(decrypt, "--encryption-context", "app=ci")...)

	admin.want(arn, "KeyMetadata.Arn", "kms", "describe-key", "--key-id", "alias/secrets")
	admin.want("NotFoundException", "", "kms", "describe-key", "--key-id", "alias/other")
	s.SetKMSPolicy(arn, map[string][]string{"kms:Decrypt": {s.Root().AccessKeyID}})
	ann.want("AccessDeniedException", "", append(decrypt, "--encryption-context", "app=ci,stage=prod")...)
	s.SetKMSState(arn, "Disabled")
	admin.want("DisabledException", "", append(decrypt, "--encryption-context", "app=ci,stage=prod")...)
	s.SetStatus(key.AccessKeyID, "Inactive")
	ann.want("UnrecognizedClientException", "", "kms", "describe-key", "--key-id", arn)
}
