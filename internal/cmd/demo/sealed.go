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

var errOldCLI = errors.New("act two needs write-only arguments, and so Terraform 1.11 or OpenTofu 1.11, or later")

// tooOld reports whether a version of Terraform or OpenTofu, as major and minor, is one without write-only arguments.
func tooOld(version [2]int) bool { return version[0] < 1 || version[0] == 1 && version[1] < 11 }

var sealedStory = []step{
	{
		day: 0, title: "a first key: its secret reaches the consumer, and no file",
		exitCode: 2, keys: []string{"1 Active"}, handover: true,
	},
	{
		day: 30, title: "nothing to do",
		keys: []string{"1 Active"},
	},
	{
		day: 90, title: "rotation, opening and handover in one apply",
		exitCode: 2, keys: []string{"1 Active", "2 Active"}, handover: true, oldWorks: true,
	},
	{
		day: 97, title: "the overlap is over: deactivation",
		exitCode: 2, keys: []string{"1 Inactive", "2 Active"},
	},
	{
		day: 104, title: "the grace is over: deletion",
		exitCode: 2, keys: []string{"2 Active"},
	},
	{
		day: 120, title: "terraform destroy", destroy: true,
	},
}

// seal is what a sealed act has beside the demo: who can open the secrets, and a consumer with a write-only argument.
type seal struct {
	world    *acctest.World
	dir      string
	identity *age.X25519Identity
}

// newSeal makes an identity for the length of the act, hands it to the configuration through the environment, and
// serves the consumer until ctx ends.
func newSeal(ctx context.Context, sim *iamsim.Server, tf *terraform) (*seal, error) {
	if tooOld(tf.version) {
		return nil, fmt.Errorf("%w: %s is %d.%d", errOldCLI, tf.cli, tf.version[0], tf.version[1])
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	// The consumer runs in this process. What its libraries log belongs to nobody.
	if err := os.Setenv("TF_LOG_SDK", "OFF"); err != nil {
		return nil, err
	}
	world := acctest.Around(sim)
	reattach, err := world.Serve(ctx, tf.cli)
	if err != nil {
		return nil, err
	}
	tf.env = append(tf.env,
		"TF_LOG=TRACE",
		"TF_LOG_PATH="+filepath.Join(tf.dir, "trace.log"),
		"TF_REATTACH_PROVIDERS="+reattach,
		fmt.Sprintf("TF_VAR_age_recipients=[%q]", identity.Recipient()),
		"TF_VAR_age_identity="+identity.String(),
	)
	tf.printed = filepath.Join(tf.dir, "printed.log")
	return &seal{world: world, dir: tf.dir, identity: identity}, nil
}

// handovers implements consumer.
func (s *seal) handovers() (int, handover, error) {
	journal := s.world.Journal()
	if len(journal) == 0 {
		return 0, handover{}, nil
	}
	last := journal[len(journal)-1]
	return len(journal), handover{KeyID: last.NewKeyID, OldWorked: last.OldWorked, NewWorked: last.NewWorked}, nil
}

// signs implements consumer.
func (s *seal) signs(ctx context.Context) error { return s.world.ConsumersSign(ctx) }

// openByHand opens what the resource publishes as its recipient would, without the provider.
func (d *demo) openByHand(published string) error {
	newest := len(d.seen)
	opened, err := d.seal.open(published)
	switch {
	case err != nil:
		return fmt.Errorf("encrypted_secret: %w", err)
	case opened.Reveal() != d.sim.Secret(d.seen[newest-1]).Reveal():
		return fmt.Errorf("encrypted_secret does not hold the secret of key %d", newest)
	}
	fmt.Fprintf(d.out, "  By hand: the age identity opens encrypted_secret, the secret of key %d.\n", newest)
	return nil
}

// searchFiles looks for every secret in every file.
func (d *demo) searchFiles() error {
	issued := d.sim.IssuedSecrets()
	files, err := d.seal.search(issued)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "  Files: looked for %s in %d files, and found nothing.\n", secrets(len(issued)), files)
	return nil
}

func secrets(n int) string {
	if n == 1 {
		return "the 1 secret issued"
	}
	return fmt.Sprintf("the %d secrets issued", n)
}

// open decrypts an armored age file, as age --decrypt does.
func (s *seal) open(sealed string) (secret.Secret, error) {
	plain, err := age.Decrypt(armor.NewReader(strings.NewReader(sealed)), s.identity)
	if err != nil {
		return secret.Secret{}, err
	}
	text, err := io.ReadAll(plain)
	return secret.New(string(text)), err
}

// search looks for the secrets, and for the identity, in the files of Terraform's working directory, and returns how many
// there are.
func (s *seal) search(issued []secret.Secret) (int, error) {
	sought := []acctest.Sought{{Name: "the age identity", Text: secret.New(s.identity.String())}}
	for i, text := range issued {
		sought = append(sought, acctest.Sought{Name: fmt.Sprintf("the secret of key %d", i+1), Text: text})
	}
	found, err := acctest.NewLeakScan(sought...).Dir(s.dir)
	if err != nil {
		return 0, err
	}
	if len(found) > 0 {
		return 0, fmt.Errorf("a secret is in a file: %s, and %d more", found[0], len(found)-1)
	}
	files := 0
	err = filepath.WalkDir(s.dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files++
		}
		return err
	})
	if err == nil && files == 0 {
		err = errors.New("there are no files to look at")
	}
	return files, err
}
