package provider_test

import (
	"fmt"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sessmtp"
)

// requiredHCL is what a configuration needs to call the functions of the provider.
const requiredHCL = `
terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}
`

// smtpHCL is a call of the function. The arguments are expressions.
func smtpHCL(key, region string) string {
	return fmt.Sprintf("provider::iamkeys::ses_smtp_password(%s, %s)", key, region)
}

// TestAccSESSMTPPassword has no provider configuration: the function sends no request to AWS.
func TestAccSESSMTPPassword(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	c := w.CLI(t)
	// A test value of the hashicorp/aws provider.
	c.Write("main.tf", requiredHCL+`
output "password" {
  value = `+smtpHCL(`"some+secret+key"`, `"eu-central-1"`)+`
}
`)
	c.Apply()
	c.Want(0)
	if got := c.State().Values.Outputs["password"]; got.Value != "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2" || got.Sensitive {
		t.Error("the password differs from the published one, or is sensitive though the secret is not")
	}
	if got := w.Calls(); got != 0 {
		t.Errorf("%d calls, want none", got)
	}

	c.Write("main.tf", requiredHCL+`
output "password" {
  value = `+smtpHCL(`sensitive("some+secret+key")`, `"eu-central-1"`)+`
}
`)
	c.Plan()
	c.Want(1)
	wantOneError(t, c, "", "Output refers to sensitive values")
}

func TestAccSESSMTPPassword_errors(t *testing.T) {
	t.Parallel()
	const key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	w := acctest.New(t)
	c := w.CLI(t)
	for name, test := range map[string]struct {
		key, region string
		detail      []string
	}{
		"region": {acctest.HCLString(key), `"us-east-1a"`, []string{
			`Invalid value for "region" parameter: "us-east-1a" is not an AWS Region.`, "such as us-east-1.",
		}},
		"no region": {
			acctest.HCLString(key), "null", []string{`Invalid value for "region" parameter: argument must not be null.`},
		},
		"no secret": {"null", `"us-east-1"`, []string{
			`Invalid value for "secret" parameter: there is no secret.`,
			"open its encrypted_secret with the ephemeral resource iamkeys_secret_access_key",
		}},
		"line end": {acctest.HCLString(key + "\n"), `"us-east-1"`, []string{
			`Invalid value for "secret" parameter: this is not a secret access key`, "without a line end",
		}},
		"another format": {
			acctest.HCLString("AWS_SECRET_ACCESS_KEY=" + key), `"us-east-1"`,
			[]string{`Invalid value for "secret" parameter: this is not a secret access key`},
		},
	} {
		// An error quotes the line of the configuration with the secret, so the secret is in a local.
		c.Write("main.tf", requiredHCL+"locals {\nkey = sensitive("+test.key+")\n}\n"+`
output "password" {
  value     = `+smtpHCL("local.key", test.region)+`
  sensitive = true
}
`)
		result := c.Plan()
		if result.ExitCode != 1 {
			t.Errorf("%s: exit code %d, want 1", name, result.ExitCode)
			continue
		}
		wantOneError(t, c, "", "Invalid function argument", test.detail...)
		hidesAll(t, result, secret.New(key))
	}
}

// TestAccSESSMTPPassword_ephemeral opens a secret and passes the password to a write-only argument. Neither is stored.
func TestAccSESSMTPPassword_ephemeral(t *testing.T) {
	t.Parallel()
	w, key := newOpenWorld(t)
	to := ageHolder(t)
	password, err := sessmtp.Password(key.Secret, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	call := smtpHCL("ephemeral.iamkeys_secret_access_key.test.secret_access_key", `"us-east-1"`)
	c := w.CLI(t)
	c.Write("main.tf", requiredHCL+w.ProviderConfig()+openHCL("test", acctest.HCLString(to.seal(t, key.Secret)), to.arguments)+`
resource "iamkeystest_consumer" "test" {
  access_key_id     = `+acctest.HCLString(key.AccessKeyID)+`
  secret_wo         = `+call+`
  secret_wo_version = 1
  lifecycle {
    precondition {
      condition     = `+equals(call, password)+`
      error_message = "Another password."
    }
  }
}
`)
	hidesAll(t, c.PlanOut("saved.tfplan"), key.Secret, password)
	c.Want(2)
	hidesAll(t, c.ApplyPlan("saved.tfplan"), key.Secret, password)
	c.Want(0)
	if got := len(w.Journal()); got != 1 {
		t.Errorf("%d handovers, want 1", got)
	}
	stateHides(t, c, key.Secret, password)
}
