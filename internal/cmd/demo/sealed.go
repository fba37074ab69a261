package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

var errOldCLI = errors.New("part three needs write-only arguments: Terraform 1.11 or OpenTofu 1.11, or later")

// sealedSteps are the steps of examples/demo-sealed.
var sealedSteps = []step{
	{
		day: 0, title: "the first key: its secret is passed to the consumer, and is in no file",
		exitCode: 2, keys: []string{"1 Active"}, handover: true,
	},
	{
		day: 30, title: "nothing to do",
		keys: []string{"1 Active"},
	},
	{
		day: 72, title: "rotation, opening and handover in one apply",
		exitCode: 2, plan: []string{"last_change: rotate {1}: created 2026-01-01, reached 72d"},
		keys: []string{"1 Active", "2 Active"}, handover: true, oldWorks: true,
	},
	{
		day: 80, title: "the overlap is over, and key 1 is unused for 8 days: deactivation",
		exitCode: 2, plan: []string{"last_change: deactivate {1}: overlap over, unused since 2026-03-14, current in use"},
		keys: []string{"1 Inactive", "2 Active"},
	},
	{
		day: 87, title: "the grace is over: deletion",
		exitCode: 2, plan: []string{"last_change: delete {1}: Inactive since 2026-03-22, grace over"}, keys: []string{"2 Active"},
	},
	{
		day: 120, title: "terraform destroy", destroy: true,
	},
}

// sealedConsumer is the consumer of examples/demo-sealed, a resource with a write-only argument for the secret.
type sealedConsumer struct {
	world *acctest.World
	// dir is Terraform's working directory.
	dir string
	// identity opens the secrets.
	identity *age.X25519Identity
}

// newSealedConsumer generates an identity, passes it to the configuration through the environment, and serves the consumer until
// ctx ends.
func newSealedConsumer(ctx context.Context, sim *iamsim.Server, tf *terraform) (*sealedConsumer, error) {
	if cli := tf.CLI; !cli.AtLeast(1, 11) {
		return nil, fmt.Errorf("%w: %s is %d.%d", errOldCLI, cli.Path, cli.Major, cli.Minor)
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	// The consumer runs in this process, and its libraries would log to standard error.
	if err := os.Setenv("TF_LOG_SDK", "OFF"); err != nil {
		return nil, err
	}
	world := acctest.NewForProgram(sim)
	reattach, err := world.Serve(ctx, tf.CLI.Host)
	if err != nil {
		return nil, err
	}
	tf.Setenv("TF_LOG", "TRACE")
	tf.Setenv("TF_LOG_PATH", filepath.Join(tf.Path, "trace.log"))
	tf.Setenv("TF_REATTACH_PROVIDERS", reattach)
	tf.Setenv("TF_VAR_age_recipients", fmt.Sprintf("[%q]", identity.Recipient()))
	tf.Setenv("TF_VAR_age_identity", identity.String())
	tf.outputFile = filepath.Join(tf.Path, "printed.log")
	return &sealedConsumer{world: world, dir: tf.Path, identity: identity}, nil
}

func (c *sealedConsumer) handovers() (int, handover, error) {
	journal := c.world.Journal()
	if len(journal) == 0 {
		return 0, handover{}, nil
	}
	last := journal[len(journal)-1]
	return len(journal), handover{KeyID: last.NewKeyID, OldWorked: last.OldWorked, NewWorked: last.NewWorked}, nil
}

func (c *sealedConsumer) checkKey(ctx context.Context) error { return c.world.VerifyConsumerKeys(ctx) }

// checkSealed checks that the published encrypted_secret has the secret of the newest key. It opens it without the provider.
func (d *demo) checkSealed(published string) error {
	newest := len(d.seen)
	opened, err := d.sealed.open(published)
	switch {
	case err != nil:
		return fmt.Errorf("encrypted_secret: %w", err)
	case opened.Reveal() != d.sim.Secret(d.seen[newest-1]).Reveal():
		return fmt.Errorf("encrypted_secret does not hold the secret of key %d", newest)
	}
	fmt.Fprintf(d.out, "  Sealed: the age identity opens encrypted_secret, the secret of key %d.\n", newest)
	return nil
}

// searchFiles searches the files of the working directory for secrets.
func (d *demo) searchFiles() error {
	issued := d.sim.IssuedSecrets()
	files, err := d.sealed.search(issued)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "  Files: looked for %s in %d files, and found nothing.\n", describeSecrets(len(issued)), files)
	return nil
}

func describeSecrets(n int) string {
	if n == 1 {
		return "the 1 secret issued"
	}
	return fmt.Sprintf("the %d secrets issued", n)
}

// open decrypts an armored age file, as age --decrypt does.
func (c *sealedConsumer) open(sealed string) (secret.Secret, error) {
	plain, err := age.Decrypt(armor.NewReader(strings.NewReader(sealed)), c.identity)
	if err != nil {
		return secret.Secret{}, err
	}
	text, err := io.ReadAll(plain)
	return secret.New(string(text)), err
}

// search searches the files of Terraform's working directory for the secrets and the identity, and returns the number of files.
func (c *sealedConsumer) search(issued []secret.Secret) (int, error) {
	sought := []acctest.Sought{{Name: "the age identity", Text: secret.New(c.identity.String())}}
	for i, text := range issued {
		sought = append(sought, acctest.Sought{Name: fmt.Sprintf("the secret of key %d", i+1), Text: text})
	}
	found, err := acctest.NewLeakScan(sought...).Dir(c.dir)
	if err != nil {
		return 0, err
	}
	if len(found) > 0 {
		return 0, fmt.Errorf("a secret is in a file: %s, and %d more", found[0], len(found)-1)
	}
	files := 0
	err = filepath.WalkDir(c.dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files++
		}
		return err
	})
	if err == nil && files == 0 {
		err = errors.New("there are no files to search")
	}
	return files, err
}
