package provider_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"golang.org/x/crypto/ssh"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	sealingage "github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/age"
	sealingkms "github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
	sealingopenpgp "github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/openpgp"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const (
	openAddress = "ephemeral.iamkeys_secret_access_key.test"
	// openPassphrase protects private keys.
	openPassphrase = "correct horse battery staple"
)

// holder is a recipient with its private key.
type holder struct {
	to sealing.Sealer
	// name is the fingerprint.
	name string
	// identity is the private key as a text, and arguments are those of an ephemeral resource that opens, as expressions.
	identity  string
	arguments acctest.Args
}

func (h holder) seal(t *testing.T, plaintext secret.Secret) string {
	t.Helper()
	sealed, err := h.to.Seal(t.Context(), acctest.Start, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func ageHolder(t *testing.T) holder {
	t.Helper()
	identity, public := acctest.AgeKey(t)
	return ageHolderOf(t, public, identity, acctest.Args{"age_identities": acctest.HCLList(identity)})
}

// sshHolder is an age recipient whose private key is an SSH key with a passphrase.
func sshHolder(t *testing.T) holder {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(private, "ci", []byte(openPassphrase))
	if err != nil {
		t.Fatal(err)
	}
	identity := string(pem.EncodeToMemory(block))
	return ageHolderOf(t, string(ssh.MarshalAuthorizedKey(public)), identity, acctest.Args{
		"age_identities": acctest.HCLList(identity), "passphrase": acctest.HCLString(openPassphrase),
	})
}

func ageHolderOf(t *testing.T, public, identity string, arguments acctest.Args) holder {
	t.Helper()
	to, err := sealingage.ParseRecipients([]string{public})
	if err != nil {
		t.Fatal(err)
	}
	return holder{to, to.Fingerprints()[0], identity, arguments}
}

// openPGPHolder has a private key with a passphrase.
func openPGPHolder(t *testing.T) holder {
	t.Helper()
	key := acctest.NewPGPKey(t)
	to, err := sealingopenpgp.ParseRecipients([]string{key.Public()})
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Entity.EncryptPrivateKeys([]byte(openPassphrase), key.Config); err != nil {
		t.Fatal(err)
	}
	return holder{to, key.Fingerprint(), key.Private(), acctest.Args{
		"openpgp_private_key": acctest.HCLString(key.Private()), "passphrase": acctest.HCLString(openPassphrase),
	}}
}

// kmsHolder is a KMS key of the simulator.
func kmsHolder(t *testing.T, w *acctest.World) holder {
	t.Helper()
	arn := w.Sim.CreateKMSKey("eu-west-1", "")
	root := w.Sim.Root()
	service := sealingkms.New(aws.Config{
		Credentials: awscredentials.NewStaticCredentialsProvider(root.AccessKeyID, root.Secret.Reveal(), ""),
	}, "us-east-1", sealingkms.Options{Endpoint: w.Sim.URL()})
	to, err := sealingkms.ParseRecipient(arn, acctest.Args{"purpose": "ci"})
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := service.Sealer(to)
	if err != nil {
		t.Fatal(err)
	}
	return holder{sealer, arn, "", nil}
}

// openHCL is an ephemeral resource that opens a text, given as an expression. All values are locals, since an error quotes the
// line of the configuration with the attribute.
func openHCL(name, encrypted string, arguments acctest.Args, more ...string) string {
	locals := fmt.Sprintf("%s_encrypted_secret = %s\n", name, encrypted)
	lines := fmt.Sprintf("encrypted_secret = local.%s_encrypted_secret\n", name)
	for argument, value := range arguments {
		locals += fmt.Sprintf("%s_%s = sensitive(%s)\n", name, argument, value)
		lines += fmt.Sprintf("%[2]s = local.%[1]s_%[2]s\n", name, argument)
	}
	return fmt.Sprintf("\nlocals {\n%s}\nephemeral \"iamkeys_secret_access_key\" %q {\n%s%s\n}\n",
		locals, name, lines, strings.Join(more, "\n"))
}

// openConsumerHCL is a consumer of the key that an ephemeral resource of this name opens.
func openConsumerHCL(name, keyID string) string {
	return fmt.Sprintf(`
resource "iamkeystest_consumer" %[1]q {
  access_key_id     = %[2]q
  secret_wo         = ephemeral.iamkeys_secret_access_key.%[1]s.secret_access_key
  secret_wo_version = 1
}
`, name, keyID)
}

// expectHCL is a lifecycle block that checks the results by conditions about self.
func expectHCL(conditions ...string) string {
	text := "lifecycle {\n"
	for _, condition := range conditions {
		text += fmt.Sprintf("postcondition {\ncondition = %s\nerror_message = %q\n}\n", condition, condition)
	}
	return text + "}"
}

// equals is the condition that an expression has this value. It contains only a hash of the value, so that no failure shows it.
func equals(expression string, want secret.Secret) string {
	sum := sha256.Sum256([]byte(want.Reveal()))
	return fmt.Sprintf("sha256(%s) == %q", expression, hex.EncodeToString(sum[:]))
}

// hidesAll checks that a command printed none of the secrets.
func hidesAll(t *testing.T, result acctest.Result, secrets ...secret.Secret) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(result.Stdout+result.Stderr, s.Reveal()) {
			t.Error("the command printed a secret")
		}
	}
}

// stateHides checks that the state has a consumer and none of the secrets.
func stateHides(t *testing.T, c *acctest.CLI, secrets ...secret.Secret) {
	t.Helper()
	state, err := os.ReadFile(filepath.Join(c.Dir, "terraform.tfstate"))
	if err != nil || !bytes.Contains(state, []byte("iamkeystest_consumer")) {
		t.Fatalf("the state has no consumer: %v", err)
	}
	for _, s := range secrets {
		if bytes.Contains(state, []byte(s.Reveal())) {
			t.Error("the state contains a secret")
		}
	}
}
