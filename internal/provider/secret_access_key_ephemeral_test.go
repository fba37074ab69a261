package provider_test

import (
	"slices"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// newOpenWorld returns a world with the user ci, and its key, which the tests encrypt.
func newOpenWorld(t *testing.T) (*acctest.World, sealing.Credential) {
	t.Helper()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	key := w.Sim.CreateAccessKey("ci")
	return w, sealing.Credential{AccessKeyID: key.AccessKeyID, Secret: key.Secret}
}

// openMethods create a holder of each type.
var openMethods = map[string]func(t *testing.T, w *acctest.World) holder{
	"age":     func(t *testing.T, _ *acctest.World) holder { t.Helper(); return ageHolder(t) },
	"ssh":     func(t *testing.T, _ *acctest.World) holder { t.Helper(); return sshHolder(t) },
	"openpgp": func(t *testing.T, _ *acctest.World) holder { t.Helper(); return openPGPHolder(t) },
	"kms":     kmsHolder,
}

// TestAccSecretAccessKey_results opens every format of every method, and a consumer signs with the result.
func TestAccSecretAccessKey_results(t *testing.T) {
	t.Parallel()
	for method, newHolder := range openMethods {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			w, key := newOpenWorld(t)
			to := newHolder(t, w)
			config := w.ProviderConfig()
			for _, format := range sealing.Formats() {
				plaintext, err := format.Render(key)
				if err != nil {
					t.Fatal(err)
				}
				id := "self.access_key_id == " + acctest.HCLString(key.AccessKeyID)
				if format == sealing.FormatSecret {
					id = "self.access_key_id == null"
				}
				config += openHCL(string(format), acctest.HCLString(to.seal(t, plaintext)), to.arguments,
					expectHCL(id, equals("self.secret_access_key", key.Secret), equals("self.plaintext", plaintext))) +
					openConsumerHCL(string(format), key.AccessKeyID)
			}
			w.ResetCalls()
			c := w.CLI(t)
			c.Write("main.tf", config)
			hidesAll(t, c.Apply(), key.Secret)
			c.Want(0)
			for _, entry := range w.Journal() {
				if !entry.NewWorked {
					t.Error("the secret of a consumer does not work")
				}
			}
			if got, want := len(w.Journal()), len(sealing.Formats()); got != want {
				t.Errorf("%d handovers, want %d", got, want)
			}
			for _, action := range w.CallList() {
				if method != "kms" || action != "Decrypt" {
					t.Errorf("call of %s", action)
				}
			}
			hidesAll(t, c.Plan(), key.Secret)
			c.Want(0)
			stateHides(t, c, key.Secret)
		})
	}
}

// TestAccSecretAccessKey_unknown opens a ciphertext that the same apply creates.
func TestAccSecretAccessKey_unknown(t *testing.T) {
	t.Parallel()
	w, key := newOpenWorld(t)
	to := ageHolder(t)
	c := w.CLI(t)
	c.Write("main.tf", w.ProviderConfig()+`
resource "terraform_data" "sealed" {
  input = `+acctest.HCLString(to.seal(t, key.Secret))+`
}
`+openHCL("test", "terraform_data.sealed.output", to.arguments)+openConsumerHCL("test", key.AccessKeyID))
	c.PlanOut("saved.tfplan")
	c.Want(2)
	c.ApplyPlan("saved.tfplan")
	c.Want(0)
	if got := w.Journal(); len(got) != 1 || !got[0].NewWorked {
		t.Errorf("journal %+v, want one handover of a key that works", got)
	}
	c.Plan()
	c.Want(0)
	c.Destroy()
	c.Want(0)
}

// TestAccSecretAccessKey_null checks that a key without a secret, such as an imported one, fails no plan.
func TestAccSecretAccessKey_null(t *testing.T) {
	t.Parallel()
	w, _ := newOpenWorld(t)
	c := w.CLI(t)
	for _, arguments := range []acctest.Args{nil, {"age_identities": "[]"}} {
		c.Write("main.tf", w.ProviderConfig()+openHCL("test", "null", arguments,
			expectHCL("self.access_key_id == null", "self.secret_access_key == null", "self.plaintext == null")))
		c.Plan()
		c.Want(0)
		got := c.Diagnostics()
		if len(got) != 1 || got[0].Severity != "warning" || got[0].Summary != "There is no encrypted secret to open: encrypted_secret is null" {
			t.Errorf("diagnostics %+v, want the warning that there is no secret", got)
		}
	}
}

// TestAccSecretAccessKey_identities gives several private keys, one of which opens.
func TestAccSecretAccessKey_identities(t *testing.T) {
	t.Parallel()
	w, key := newOpenWorld(t)
	one, other, pgp := ageHolder(t), ageHolder(t), openPGPHolder(t)
	file := "# for a test\n\n" + one.identity + "\n" + other.identity + "\n"
	for name, test := range map[string]struct {
		to        holder
		arguments acctest.Args
	}{
		"the second of two": {one, acctest.Args{"age_identities": acctest.HCLList(other.identity, one.identity)}},
		"beside a null":     {one, acctest.Args{"age_identities": "[null, " + acctest.HCLString(one.identity) + "]"}},
		"in a file":         {other, acctest.Args{"age_identities": acctest.HCLList(file)}},
		"of two methods: age": {one, acctest.Args{
			"age_identities": acctest.HCLList(one.identity), "openpgp_private_key": acctest.HCLString(pgp.identity),
			"passphrase": acctest.HCLString("-"),
		}},
		"of two methods: PGP": {pgp, acctest.Args{
			"age_identities": acctest.HCLList("-"), "openpgp_private_key": acctest.HCLString(pgp.identity),
			"passphrase": acctest.HCLString(openPassphrase),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := w.CLI(t)
			sealed := "\n  " + test.to.seal(t, key.Secret) + "\n\n"
			c.Write("main.tf", w.ProviderConfig()+
				openHCL("test", acctest.HCLString(sealed), test.arguments, expectHCL(equals("self.plaintext", key.Secret))))
			c.Plan()
			c.Want(0)
			if got := c.Diagnostics(); !slices.Equal(got, nil) {
				t.Errorf("diagnostics %+v, want none", got)
			}
		})
	}
}

// TestAccSecretAccessKey_foreign opens a plaintext that is not in the form of this provider.
func TestAccSecretAccessKey_foreign(t *testing.T) {
	t.Parallel()
	w, key := newOpenWorld(t)
	to := ageHolder(t)
	text := secret.New("export AWS_ACCESS_KEY_ID=\"" + key.AccessKeyID + "\"\r\n" +
		"export AWS_SECRET_ACCESS_KEY=\"" + key.Secret.Reveal() + "\"\r\n")
	c := w.CLI(t)
	c.Write("main.tf", w.ProviderConfig()+openHCL("test", acctest.HCLString(to.seal(t, text)), to.arguments, expectHCL(
		"self.access_key_id == "+acctest.HCLString(key.AccessKeyID), equals("self.secret_access_key", key.Secret),
		equals("self.plaintext", text))))
	c.Plan()
	c.Want(0)
}
