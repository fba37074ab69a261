package e2e_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sessmtp"
)

// encryption is a way to encrypt secrets, and to open what was encrypted.
type encryption struct {
	// recipients are an expression for encrypted_output; empty leaves the secrets in plain text.
	recipients string
	// opener are the arguments of the ephemeral resource beside the ciphertext.
	opener string
	// variables are what opener takes its secrets from, by name.
	variables map[string]secret.Secret
	// private is what of them nobody else may see, without what every such text has or the public key shares with it.
	private secret.Secret
}

// with returns the encryption with more in encrypted_output.
func (e encryption) with(more string) encryption {
	e.recipients = strings.Replace(e.recipients, "{", "{\n"+more+"\n", 1)
	return e
}

func ageEncryption(t *testing.T) encryption {
	t.Helper()
	identity, recipient := acctest.AgeKey(t)
	return encryption{
		recipients: acctest.HCLObject(acctest.AgeRecipients(recipient)),
		opener:     "age_identities = [var.identity]",
		variables:  map[string]secret.Secret{"identity": secret.New(identity)},
		private:    secret.New(strings.TrimPrefix(identity, "AGE-SECRET-KEY-1")),
	}
}

func openPGPEncryption(t *testing.T) encryption {
	t.Helper()
	const passphrase = "correct horse battery staple"
	key := acctest.NewPGPKey(t)
	public := key.Public()
	if err := key.Entity.EncryptPrivateKeys([]byte(passphrase), key.Config); err != nil {
		t.Fatal(err)
	}
	return encryption{
		recipients: acctest.HCLObject(acctest.PGPRecipients(public)),
		opener:     "openpgp_private_key = var.identity\n  passphrase = var.passphrase",
		variables:  map[string]secret.Secret{"identity": secret.New(key.Private()), "passphrase": secret.New(passphrase)},
		private:    secret.New(passphrase),
	}
}

// leakRegions are those whose SMTP passwords are looked for. The first one's is what the consumer gets.
var leakRegions = []string{"eu-west-1", "us-east-1", "ap-southeast-2"}

const (
	// traceLog is the file of Terraform's and the provider's own logs.
	traceLog = "trace.log"
	// printed is the directory of what the commands print.
	printed = "printed"
)

// leakStory is a story that keeps all that Terraform and the provider write, to find secrets in it. The secret reaches a
// consumer through the ephemeral resource, and another consumer takes the SMTP password that is derived from it.
type leakStory struct {
	*acctest.Story
	encryption encryption
	// own are secrets that Terraform was given: credentials and private keys.
	own []acctest.Sought
}

// newLeakStory starts a story. The provider's credentials and the variables of the encryption come from the environment.
func newLeakStory(t *testing.T, e encryption) *leakStory {
	t.Helper()
	l := &leakStory{Story: acctest.NewBinaryStory(t)}
	root := l.Sim.Root()
	l.ProviderHCL = fmt.Sprintf(`
terraform {
  required_providers {
    iamkeys = { source = "iamkeys/iamkeys" }
  }
}
variable "identity" {
  type      = string
  default   = null
  ephemeral = true
}
variable "passphrase" {
  type      = string
  default   = null
  ephemeral = true
}
provider "iamkeys" {
  region = "us-east-1"
  endpoints {
    iam = %[1]q
    kms = %[1]q
    sts = %[1]q
  }
}
`, l.Sim.URL())
	l.CLI.Setenv("AWS_ACCESS_KEY_ID", root.AccessKeyID)
	l.CLI.Setenv("AWS_SECRET_ACCESS_KEY", root.Secret.Reveal())
	l.own = append(l.own, acctest.Sought{Name: "secret of the operator", Text: root.Secret})
	l.encryptWith(e)
	l.record("TRACE")
	return l
}

// encryptWith encrypts in another way from the next write on, and opens in that way from the next command on.
func (l *leakStory) encryptWith(e encryption) {
	l.encryption = e
	l.setVariables(e)
}

// setVariables opens with the private keys of an encryption from the next command on.
func (l *leakStory) setVariables(e encryption) {
	for _, name := range slices.Sorted(maps.Keys(e.variables)) {
		l.CLI.Setenv("TF_VAR_"+name, e.variables[name].Reveal())
	}
	if !e.private.IsZero() {
		l.own = append(l.own, acctest.Sought{Name: "private key or passphrase", Text: e.private})
	}
}

// record keeps what is printed and logged from now on.
func (l *leakStory) record(level string) {
	l.CLI.Record(printed)
	l.CLI.Setenv("TF_LOG", level)
	l.CLI.Setenv("TF_LOG_PATH", filepath.Join(l.CLI.Dir, traceLog))
}

// writeKey configures a key with these arguments, and its consumers. More is added as it is.
func (l *leakStory) writeKey(args acctest.Args, more ...string) {
	l.T.Helper()
	l.writeOpening("iamkeys_rotating_access_key.test.encrypted_secret", args, more...)
}

// writeOpening is writeKey with another expression for what the ephemeral resource is to open.
func (l *leakStory) writeOpening(ciphertext string, args acctest.Args, more ...string) {
	l.T.Helper()
	given := "iamkeys_rotating_access_key.test.secret_access_key"
	if l.encryption.recipients != "" {
		given = "ephemeral.iamkeys_secret_access_key.test.secret_access_key"
		more = append(more, fmt.Sprintf(`
ephemeral "iamkeys_secret_access_key" "test" {
  encrypted_secret = %s
  %s
}
`, ciphertext, l.encryption.opener))
	}
	l.Write(args.With(acctest.Args{"encrypted_output": l.encryption.recipients}), append(more, fmt.Sprintf(`
resource "iamkeystest_consumer" "test" {
  access_key_id     = iamkeys_rotating_access_key.test.access_key_id
  secret_wo         = %[1]s
  secret_wo_version = iamkeys_rotating_access_key.test.version
}
resource "iamkeystest_consumer" "smtp" {
  access_key_id     = "smtp"
  secret_wo         = provider::iamkeys::ses_smtp_password(%[1]s, %[2]q)
  secret_wo_version = iamkeys_rotating_access_key.test.version
}
`, given, leakRegions[0]))...)
}

// command runs a command that must end with this exit code.
func (l *leakStory) command(code int, args ...string) {
	l.T.Helper()
	if l.Last = l.CLI.Run(args...); l.Last.ExitCode == code {
		return
	}
	said := l.Normalize(l.Last.Stderr)
	if found, err := acctest.NewLeakScan(l.sought()...).Reader("stderr", strings.NewReader(l.Last.Stderr)); err != nil || len(found) > 0 {
		said = fmt.Sprint("not shown, because of ", found, err)
	}
	l.T.Fatalf("%q: exit code %d, want %d\n%s", args, l.Last.ExitCode, code, said)
}

// applySaved plans, applies the saved plan, and checks the changes in IAM.
func (l *leakStory) applySaved(did ...string) {
	l.T.Helper()
	l.applyShowing(nil, did...)
}

// applyShowing is applySaved for a plan and an apply that show diagnostics.
func (l *leakStory) applyShowing(shows []acctest.Option, did ...string) {
	l.T.Helper()
	l.Plan(2, shows...)
	l.ApplyPlan(shows...)
	l.WantChanges(did...)
}

// show prints state and saved plan in every way there is.
func (l *leakStory) show() {
	l.T.Helper()
	for _, args := range [][]string{
		{"show"},
		{"show", "-json"},
		{"show", acctest.SavedPlan},
		{"show", "-json", acctest.SavedPlan},
		{"state", "pull"},
		{"state", "show", acctest.KeyAddress},
	} {
		l.command(0, args...)
	}
}

// wantGivenKeys checks that each key that the consumer was given worked, and how many keys it was given.
func (l *leakStory) wantGivenKeys(want int) {
	l.T.Helper()
	got := 0
	for _, h := range l.Journal() {
		if h.NewKeyID == "smtp" {
			continue
		}
		if got++; !h.NewWorked {
			l.T.Errorf("the consumer was given a secret of %s that does not work", l.KeyName(h.NewKeyID))
		}
	}
	if got != want {
		l.T.Errorf("the consumer was given %d keys, want %d", got, want)
	}
}

// sought are all secrets that the simulator ever issued, the SMTP passwords derived from them, and those of the operator.
func (l *leakStory) sought() []acctest.Sought {
	l.T.Helper()
	sought := slices.Clone(l.own)
	for i, issued := range l.Sim.IssuedSecrets() {
		sought = append(sought, acctest.Sought{Name: fmt.Sprintf("secret %d", i+1), Text: issued})
		for _, region := range leakRegions {
			password, err := sessmtp.Password(issued, region)
			if err != nil {
				l.T.Fatal(err)
			}
			sought = append(sought, acctest.Sought{Name: fmt.Sprintf("SMTP password of secret %d in %s", i+1, region), Text: password})
		}
	}
	return sought
}

// leaks are the secrets in the working directory.
func (l *leakStory) leaks() []acctest.Finding {
	l.T.Helper()
	found, err := acctest.NewLeakScan(l.sought()...).Dir(l.CLI.Dir)
	if err != nil {
		l.T.Fatal(err)
	}
	return found
}

// wantNoLeaks checks that there is no secret in anything that was written, and that there was enough to look at.
func (l *leakStory) wantNoLeaks() {
	l.T.Helper()
	for _, name := range []string{"terraform.tfstate", "terraform.tfstate.backup", acctest.SavedPlan, traceLog, printed} {
		if info, err := os.Stat(filepath.Join(l.CLI.Dir, name)); err != nil || info.Size() == 0 {
			l.T.Errorf("there is nothing in %s: %v", name, err)
		}
	}
	if found := l.leaks(); len(found) > 0 {
		l.T.Errorf("%d leaks", len(found))
		for _, f := range found[:min(len(found), 20)] {
			l.T.Error(f)
		}
	}
}

// wantLogged checks that the log has these texts.
func (l *leakStory) wantLogged(texts ...string) {
	l.T.Helper()
	log, err := os.ReadFile(filepath.Join(l.CLI.Dir, traceLog))
	if err != nil {
		l.T.Fatal(err)
	}
	for _, text := range texts {
		if !bytes.Contains(log, []byte(text)) {
			l.T.Errorf("the log has no %q", text)
		}
	}
}

// faultKinds are all the ways for a call to go wrong, Throttled last: its retry is one more call.
var faultKinds = []iamsim.FaultKind{
	iamsim.ErrorBeforeCommit, iamsim.AnswerLost, iamsim.Empty200, iamsim.ErrorAfterCommit, iamsim.Slow, iamsim.CutBeforeCommit,
	iamsim.Throttled,
}

// runWithFaults lets the next calls of an action go wrong, each in another way, runs a command, and checks that all did.
func (l *leakStory) runWithFaults(action string, args ...string) {
	l.T.Helper()
	for i, kind := range faultKinds {
		l.Sim.AddFault(iamsim.Fault{Action: action, Nth: i + 1, Kind: kind, Delay: 50 * time.Millisecond})
	}
	l.ResetCalls()
	l.Last = l.CLI.Run(args...)
	l.Sim.ClearFaults()
	var met []string
	for _, call := range l.Sim.Log() {
		if call.Action == action && call.Fault != "" {
			met = append(met, call.Fault)
		}
	}
	for _, kind := range faultKinds {
		if !slices.Contains(met, string(kind)) {
			l.T.Errorf("no call of %s met the fault %s: %q", action, kind, met)
		}
	}
}
