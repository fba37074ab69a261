package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// TestAccRotatingAccessKey_ownKeyBehindRole has a role sign our requests whose source is the managed key. A revoke or a destroy
// would cut off the role, and is refused as if the key signed itself.
func TestAccRotatingAccessKey_ownKeyBehindRole(t *testing.T) {
	t.Parallel()
	const (
		rotation = "arn:aws:iam::123456789012:role/rotation"
		middle   = "arn:aws:iam::123456789012:role/middle"
	)
	assume := fmt.Sprintf("assume_role {\n role_arn = %q\n session_name = \"run\"\n}", rotation)
	for _, source := range []struct {
		name  string
		story func(*testing.T, ...iamsim.Options) *acctest.Story
		// block returns the arguments of the provider block that lead to the key.
		block func(s *acctest.Story, own iamsim.Credentials) string
	}{
		{"provider block", acctest.NewStory, func(_ *acctest.Story, own iamsim.Credentials) string {
			return fmt.Sprintf("access_key = %q\nsecret_key = %q\n%s", own.AccessKeyID, own.Secret.Reveal(), assume)
		}},
		{"environment", acctest.NewBinaryStory, func(s *acctest.Story, own iamsim.Credentials) string {
			s.CLI.Setenv("AWS_ACCESS_KEY_ID", own.AccessKeyID)
			s.CLI.Setenv("AWS_SECRET_ACCESS_KEY", own.Secret.Reveal())
			return assume
		}},
		{"chain of profiles", acctest.NewStory, func(_ *acctest.Story, own iamsim.Credentials) string {
			config := filepath.Join(t.TempDir(), "config")
			text := fmt.Sprintf("[profile ci]\nrole_arn = %s\nsource_profile = middle\n[profile middle]\nrole_arn = %s\n"+
				"source_profile = base\n[profile base]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
				rotation, middle, own.AccessKeyID, own.Secret.Reveal())
			if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return fmt.Sprintf("profile = \"ci\"\nshared_config_files = [%q]\nshared_credentials_files = [%q]", config, os.DevNull)
		}},
	} {
		t.Run(source.name, func(t *testing.T) {
			t.Parallel()
			s := source.story(t)
			own := s.CreateForeignKey("own")
			s.ProviderHCL = fmt.Sprintf("provider \"iamkeys\" {\nregion = \"us-east-1\"\n%[2]s\nendpoints {\niam = %[1]q\nsts = %[1]q\n}\n}\n",
				s.Sim.URL(), source.block(s, own))
			s.Write(acctest.Asking(`{ ask = "1" }`), acctest.ImportHCL(acctest.KeyAddress, "ci"))
			s.Apply()
			for _, call := range s.Sim.Log() {
				if call.Action != "AssumeRole" && call.SigningKeyID == own.AccessKeyID {
					t.Fatalf("the managed key itself signs %s", call.Action)
				}
			}
			s.WantChanges()

			s.Destroy(acctest.SignerNotDestroyed("own"))
			s.WantDetail("other credentials")
			s.Write(acctest.Asking(`{ ask = "2" }`))
			s.Step("create k1")
			s.Write(acctest.Asking(`{ ask = "2" }`).With(acctest.Args{"revoke_when_changed": `{ incident = "1" }`}))
			s.Plan(1, acctest.RequestRefused(acctest.SignsRequests("own")))
			s.Apply(acctest.RequestRefused(acctest.SignsRequests("own")))
			s.Write(acctest.Asking(`{ ask = "2" }`))
			s.Destroy(acctest.SignerNotDestroyed("own"))
			s.WantChanges()
			s.WantKeys("own Active", "k1 Active")
		})
	}
}
