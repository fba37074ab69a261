package e2e_test

import (
	"slices"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// TestExamples_credentialReport checks that the checks of the example warn of what they are for.
func TestExamples_credentialReport(t *testing.T) {
	t.Parallel()
	const users = "user,arn,user_creation_time,password_enabled,mfa_active,access_key_1_active,access_key_1_last_rotated," +
		"access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,password_last_used," +
		"password_last_changed,password_next_rotation,access_key_1_last_used_region,access_key_1_last_used_service," +
		"access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n" +
		"<root_account>,arn:aws:iam::123456789012:root,2020-01-01T00:00:00Z,not_supported,false,false,2020-01-01T00:00:00Z,N/A," +
		"false,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n" +
		"ann,arn:aws:iam::123456789012:user/ann,2020-01-01T00:00:00Z,true,false,true,2020-01-01T00:00:00Z,N/A," +
		"false,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n" +
		"bob,arn:aws:iam::123456789012:user/bob,2020-01-01T00:00:00Z,true,true,false,N/A,N/A," +
		"false,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
	w := acctest.New(t, iamsim.Options{CredentialReports: iamsim.CredentialReports{Content: []byte(users)}})
	c := exampleCLI(t, w)
	copyExample(t, c, "data-sources/iamkeys_credential_report", "")
	c.Apply()
	c.Want(0)
	var got []string
	for _, d := range c.Diagnostics() {
		got = append(got, d.Severity+": "+d.Detail)
	}
	slices.Sort(got)
	want := []string{
		"warning: The root user has 1 access key(s), as of 2026-01-01T00:00:00Z.",
		"warning: The root user has no MFA, as of 2026-01-01T00:00:00Z.",
		"warning: Users with a password and without MFA: ann.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("diagnostics %q, want %q", got, want)
	}
	unused, ok := c.State().Values.Outputs["users_with_unused_keys"].Value.([]any)
	if !ok || len(unused) != 1 || unused[0] != "ann" {
		t.Errorf("users with unused keys: %v, want ann", unused)
	}
}
