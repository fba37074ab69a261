package iamsim_test

import (
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestAccountSummary(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann", "bob"}})
	c := newClient(s, s.Root())
	want := map[string]int32{
		"Users": 3, "UsersQuota": 5000, "AccessKeysPerUserQuota": 2, "AccountAccessKeysPresent": 0, "AccountMFAEnabled": 1,
		"AccountSigningCertificatesPresent": 0,
	}
	check := func() {
		t.Helper()
		out, err := c.iam.GetAccountSummary(t.Context(), &iam.GetAccountSummaryInput{})
		noError(t, err)
		if !maps.Equal(out.SummaryMap, want) {
			t.Errorf("got  %v\nwant %v", out.SummaryMap, want)
		}
	}
	check()
	s.DeleteUser("ann")
	s.SetCredentialReports(iamsim.CredentialReports{RootKeys: 2, RootWithoutMFA: true})
	want["Users"], want["AccountAccessKeysPresent"], want["AccountMFAEnabled"] = 2, 1, 0
	check()

	s.Deny("admin", "iam:GetAccountSummary")
	_, err := c.iam.GetAccountSummary(t.Context(), &iam.GetAccountSummaryInput{})
	wantError(t, err, 403, "AccessDenied")
	if !strings.Contains(err.Error(), "iam:GetAccountSummary on resource: * because") {
		t.Errorf("error %v", err)
	}
}

func TestForeign_accountSummary(t *testing.T) {
	t.Parallel()
	foreign.RequireAWS(t)
	s := startServer(t, iamsim.Options{Users: []string{"ann"}, CredentialReports: iamsim.CredentialReports{RootKeys: 1}})
	admin := newCLI(t, s, s.Root())
	summary, _ := admin.run("iam", "get-account-summary")
	want := map[string]any{"SummaryMap": map[string]any{
		"Users": 2.0, "UsersQuota": 5000.0, "AccessKeysPerUserQuota": 2.0, "AccountAccessKeysPresent": 1.0, "AccountMFAEnabled": 1.0,
		"AccountSigningCertificatesPresent": 0.0,
	}}
	if !reflect.DeepEqual(summary, want) {
		t.Errorf("got  %v\nwant %v", summary, want)
	}
	s.Deny("admin", "iam:GetAccountSummary")
	admin.want("AccessDenied", "", "iam", "get-account-summary")
}
