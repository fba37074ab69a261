package iamsim_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const kmsRegion = "eu-central-1"

// newKMS is the Go SDK for KMS, without retries.
func newKMS(s *iamsim.Server, c iamsim.Credentials, region string) *kms.Client {
	return kms.NewFromConfig(aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(s.URL()),
		Credentials:  credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.Secret.Reveal(), ""),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
	})
}

// kmsServer is a server with one KMS key, and a client of the administrator.
type kmsServer struct {
	*iamsim.Server
	*kms.Client
	arn, id string
}

func newKMSServer(t *testing.T) kmsServer {
	t.Helper()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	arn := s.CreateKMSKey(kmsRegion, "alias/secrets")
	_, id, _ := strings.Cut(arn, "key/")
	return kmsServer{s, newKMS(s, s.Root(), kmsRegion), arn, id}
}

func (v kmsServer) encrypt(t *testing.T, keyID string, context map[string]string) *kms.EncryptOutput {
	t.Helper()
	out, err := v.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String(keyID), Plaintext: []byte("text"), EncryptionContext: context})
	noError(t, err)
	return out
}

func TestKMS_keyNames(t *testing.T) {
	t.Parallel()
	v := newKMSServer(t)
	for _, name := range []string{v.id, v.arn, "alias/secrets", "arn:aws:kms:eu-central-1:123456789012:alias/secrets"} {
		sealed := v.encrypt(t, name, nil)
		if aws.ToString(sealed.KeyId) != v.arn || sealed.EncryptionAlgorithm != kmstypes.EncryptionAlgorithmSpecSymmetricDefault {
			t.Errorf("%s: encrypted by %s with %s", name, aws.ToString(sealed.KeyId), sealed.EncryptionAlgorithm)
		}
		for _, keyID := range []*string{nil, aws.String(name)} {
			opened, err := v.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, KeyId: keyID})
			noError(t, err)
			if string(opened.Plaintext) != "text" || aws.ToString(opened.KeyId) != v.arn {
				t.Errorf("%s: another plaintext, or by %s", name, aws.ToString(opened.KeyId))
			}
		}
	}
}

func TestKMS_movedAndDeleted(t *testing.T) {
	t.Parallel()
	v := newKMSServer(t)
	sealed := v.encrypt(t, "alias/secrets", nil)
	other := v.CreateKMSKey(kmsRegion, "")
	v.MoveKMSAlias("alias/secrets", other)
	if got := aws.ToString(v.encrypt(t, "alias/secrets", nil).KeyId); got != other {
		t.Errorf("the alias points to %s", got)
	}
	_, err := v.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, KeyId: aws.String("alias/secrets")})
	wantError(t, err, 400, "IncorrectKeyException")
	_, err = v.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob})
	noError(t, err)

	v.DeleteKMSKey(v.arn)
	_, err = v.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob})
	wantError(t, err, 400, "InvalidCiphertextException")
	v.DeleteKMSKey(other)
	_, err = v.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/secrets")})
	wantError(t, err, 400, "NotFoundException")
}

func TestKMS_refused(t *testing.T) {
	t.Parallel()
	v := newKMSServer(t)
	v.CreateKMSSigningKey(kmsRegion, "alias/signs")
	there := v.CreateKMSKey("us-east-1", "alias/there")
	_, thereID, _ := strings.Cut(there, "key/")
	const missing = "00000000-0000-4000-8000-000000000000"
	text := func(n int) []byte { return bytes.Repeat([]byte("x"), n) }
	for name, tt := range map[string]struct {
		input kms.EncryptInput
		code  string
	}{
		"no key":               {kms.EncryptInput{KeyId: aws.String(missing), Plaintext: text(1)}, "NotFoundException"},
		"no alias":             {kms.EncryptInput{KeyId: aws.String("alias/other"), Plaintext: text(1)}, "NotFoundException"},
		"no name":              {kms.EncryptInput{KeyId: aws.String("secrets"), Plaintext: text(1)}, "NotFoundException"},
		"empty name":           {kms.EncryptInput{KeyId: aws.String(""), Plaintext: text(1)}, "ValidationException"},
		"overlong name":        {kms.EncryptInput{KeyId: aws.String(strings.Repeat("x", 2049)), Plaintext: text(1)}, "ValidationException"},
		"other region's ARN":   {kms.EncryptInput{KeyId: aws.String(there), Plaintext: text(1)}, "NotFoundException"},
		"other region's id":    {kms.EncryptInput{KeyId: aws.String(thereID), Plaintext: text(1)}, "NotFoundException"},
		"other region's alias": {kms.EncryptInput{KeyId: aws.String("alias/there"), Plaintext: text(1)}, "NotFoundException"},
		"other account's key": {
			kms.EncryptInput{KeyId: aws.String(strings.Replace(v.arn, "123456789012", "999999999999", 1)), Plaintext: text(1)},
			"AccessDeniedException",
		},
		"ARN without key/": {
			kms.EncryptInput{KeyId: aws.String("arn:aws:kms:eu-central-1:123456789012:" + v.id), Plaintext: text(1)},
			"NotFoundException",
		},
		"signing key": {kms.EncryptInput{KeyId: aws.String("alias/signs"), Plaintext: text(1)}, "InvalidKeyUsageException"},
		"nothing":     {kms.EncryptInput{KeyId: aws.String(v.arn), Plaintext: text(0)}, "ValidationException"},
		"4096 bytes":  {kms.EncryptInput{KeyId: aws.String(v.arn), Plaintext: text(4096)}, ""},
		"4097 bytes":  {kms.EncryptInput{KeyId: aws.String(v.arn), Plaintext: text(4097)}, "ValidationException"},
		"another algorithm": {
			kms.EncryptInput{KeyId: aws.String(v.arn), Plaintext: text(1), EncryptionAlgorithm: "RSAES_OAEP_SHA_256"},
			"InvalidKeyUsageException",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := v.Encrypt(t.Context(), &tt.input)
			if tt.code == "" {
				noError(t, err)
				return
			}
			wantError(t, err, 400, tt.code)
		})
	}
}

func TestKMS_context(t *testing.T) {
	t.Parallel()
	v := newKMSServer(t)
	context := map[string]string{"app": "ci", "stage": "prod", "a": ""}
	sealed := v.encrypt(t, v.arn, context).CiphertextBlob
	decrypt := func(blob []byte, context map[string]string) error {
		_, err := v.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob, EncryptionContext: context})
		return err
	}
	for range 20 { // the order of a map changes each time
		noError(t, decrypt(sealed, maps.Clone(context)))
	}
	for name, other := range map[string]map[string]string{
		"none": nil, "another value": {"app": "ci", "stage": "test", "a": ""}, "one less": {"app": "ci", "stage": "prod"},
		"one more": {"app": "ci", "stage": "prod", "a": "", "b": ""}, "case": {"App": "ci", "stage": "prod", "a": ""},
	} {
		if err := decrypt(sealed, other); err == nil {
			t.Errorf("%s: decrypted", name)
		} else {
			wantError(t, err, 400, "InvalidCiphertextException")
		}
	}
	noError(t, decrypt(v.encrypt(t, v.arn, map[string]string{}).CiphertextBlob, nil))

	for _, at := range []int{0, 4, 5, 36, 37, len(sealed) / 2, len(sealed) - 1} {
		damaged := slices.Clone(sealed)
		damaged[at] ^= 1
		wantError(t, decrypt(damaged, context), 400, "InvalidCiphertextException")
	}
	for _, n := range []int{1, 4, 36, 37, 48, len(sealed) - 1} {
		wantError(t, decrypt(sealed[:n], context), 400, "InvalidCiphertextException")
	}
	wantError(t, decrypt(nil, nil), 400, "ValidationException")
	wantError(t, decrypt(make([]byte, 6145), nil), 400, "ValidationException")
}

func TestKMS_otherKeyOrRegion(t *testing.T) {
	t.Parallel()
	v := newKMSServer(t)
	sealed := v.encrypt(t, v.arn, nil).CiphertextBlob
	other := v.CreateKMSKey(kmsRegion, "")
	_, err := v.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed, KeyId: aws.String(other)})
	wantError(t, err, 400, "IncorrectKeyException")
	_, err = newKMS(v.Server, v.Root(), "us-east-1").Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed})
	wantError(t, err, 400, "AccessDeniedException")
}

func TestKMS_state(t *testing.T) {
	t.Parallel()
	v := newKMSServer(t)
	sealed := v.encrypt(t, v.arn, nil).CiphertextBlob
	describe := func() *kmstypes.KeyMetadata {
		out, err := v.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/secrets")})
		noError(t, err)
		return out.KeyMetadata
	}
	for state, code := range map[string]string{"Disabled": "DisabledException", "PendingDeletion": "KMSInvalidStateException"} {
		v.SetKMSState(v.arn, state)
		_, err := v.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String(v.arn), Plaintext: []byte("x")})
		wantError(t, err, 400, code)
		_, err = v.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed})
		wantError(t, err, 400, code)
		if got := describe(); string(got.KeyState) != state || got.Enabled || (got.DeletionDate != nil) != (state == "PendingDeletion") {
			t.Errorf("%s: %s, enabled %v, deleted %v", state, got.KeyState, got.Enabled, got.DeletionDate)
		}
	}
	v.SetKMSState(v.arn, "Enabled")
	_, err := v.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed})
	noError(t, err)

	got := describe()
	if aws.ToString(got.Arn) != v.arn || aws.ToString(got.KeyId) != v.id || aws.ToString(got.AWSAccountId) != "123456789012" || !got.Enabled ||
		!got.CreationDate.Equal(start) || got.KeyUsage != "ENCRYPT_DECRYPT" || got.KeySpec != "SYMMETRIC_DEFAULT" || got.DeletionDate != nil {
		t.Errorf("described as %+v", got)
	}
	signs, err := v.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(v.CreateKMSSigningKey(kmsRegion, ""))})
	noError(t, err)
	if signs.KeyMetadata.KeyUsage != "SIGN_VERIFY" || len(signs.KeyMetadata.EncryptionAlgorithms) != 0 ||
		len(signs.KeyMetadata.SigningAlgorithms) != 1 {
		t.Errorf("a signing key is described as %+v", signs.KeyMetadata)
	}
}

func TestKMS_permission(t *testing.T) {
	t.Parallel()
	v := newKMSServer(t)
	sealed := v.encrypt(t, v.arn, nil).CiphertextBlob
	key := v.CreateAccessKey("ann")
	ann := newKMS(v.Server, key, kmsRegion)
	encrypt := func(c *kms.Client) error {
		_, err := c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String("alias/secrets"), Plaintext: []byte("x")})
		return err
	}
	decrypt := func(c *kms.Client, keyID *string) error {
		_, err := c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed, KeyId: keyID})
		return err
	}
	describe := func(c *kms.Client) error {
		_, err := c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(v.arn)})
		return err
	}
	noError(t, encrypt(ann))
	noError(t, decrypt(ann, nil))

	v.SetKMSPolicy(v.arn, map[string][]string{"kms:Encrypt": {v.Root().AccessKeyID}, "kms:Decrypt": {key.AccessKeyID}, "kms:DescribeKey": nil})
	noError(t, encrypt(v.Client))
	wantError(t, encrypt(ann), 400, "AccessDeniedException")
	noError(t, decrypt(ann, nil))
	wantError(t, decrypt(v.Client, nil), 400, "AccessDeniedException")
	wantError(t, decrypt(v.Client, aws.String(v.arn)), 400, "AccessDeniedException")
	wantError(t, describe(ann), 400, "AccessDeniedException")

	v.SetKMSPolicy(v.arn, nil)
	noError(t, describe(ann))
	v.Deny("ann", "kms:*")
	wantError(t, encrypt(ann), 400, "AccessDeniedException")
	wantError(t, decrypt(ann, nil), 400, "AccessDeniedException")
	wantError(t, describe(ann), 400, "AccessDeniedException")
	noError(t, encrypt(v.Client))
}

func TestKMS_sharedBehaviour(t *testing.T) {
	t.Parallel()
	v := newKMSServer(t)
	key := v.CreateAccessKey("ann")
	ann := newKMS(v.Server, key, kmsRegion)
	encrypt := func(c *kms.Client) error {
		_, err := c.Encrypt(t.Context(), &kms.EncryptInput{
			KeyId: aws.String(v.arn), Plaintext: []byte("x"), EncryptionContext: map[string]string{"app": "ci"},
		})
		return err
	}
	v.Advance(time.Hour)
	noError(t, encrypt(ann))
	used := v.Keys("ann")[0]
	if used.LastUsedService != "kms" || used.LastUsedRegion != kmsRegion || !used.LastUsedAt.Equal(start.Add(time.Hour)) {
		t.Errorf("last used %+v", used)
	}
	call := v.Log()[0]
	if call.Service != "kms" || call.Action != "Encrypt" || call.SigningKeyID != key.AccessKeyID || call.Status != 200 ||
		!maps.Equal(call.Params, map[string]string{"KeyId": v.arn, "EncryptionContext.app": "ci"}) {
		t.Errorf("logged %+v", call)
	}

	v.AddFault(iamsim.Fault{Action: "Encrypt", Nth: 1, Kind: iamsim.Throttled})
	wantError(t, encrypt(ann), 400, "ThrottlingException")
	v.AddFault(iamsim.Fault{Action: "Encrypt", Nth: 1, Kind: iamsim.ErrorBeforeCommit})
	wantError(t, encrypt(ann), 500, "KMSInternalException")
	v.AddFault(iamsim.Fault{Action: "Encrypt", Nth: 1, Kind: iamsim.Empty200})
	out, err := ann.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String(v.arn), Plaintext: []byte("x")})
	noError(t, err)
	if out.CiphertextBlob != nil || out.KeyId != nil {
		t.Error("an empty answer has content")
	}

	for id, code := range map[string]string{key.AccessKeyID: "InvalidSignatureException", "unknown": "UnrecognizedClientException"} {
		forged := iamsim.Credentials{AccessKeyID: id, Secret: secret.New("x")}
		wantError(t, encrypt(newKMS(v.Server, forged, kmsRegion)), 400, code)
	}
	v.SetStatus(key.AccessKeyID, "Inactive")
	wantError(t, encrypt(ann), 400, "UnrecognizedClientException")
}
