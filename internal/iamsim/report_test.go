package iamsim_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const reportHeader = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation," +
	"mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region," +
	"access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date," +
	"access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated"

// generate calls GenerateCredentialReport and returns the state.
func generate(t *testing.T, c client) string {
	t.Helper()
	out, err := c.iam.GenerateCredentialReport(t.Context(), &iam.GenerateCredentialReportInput{})
	noError(t, err)
	return string(out.State)
}

// getReport calls GetCredentialReport and returns the rows below the header.
func getReport(t *testing.T, c client) []string {
	t.Helper()
	out, err := c.iam.GetCredentialReport(t.Context(), &iam.GetCredentialReportInput{})
	noError(t, err)
	if out.ReportFormat != "text/csv" {
		t.Errorf("format %q", out.ReportFormat)
	}
	rows := strings.Split(string(out.Content), "\n")
	if rows[0] != reportHeader {
		t.Errorf("header %q", rows[0])
	}
	return rows[1:]
}

// newReport creates a report and returns the rows below the header.
func newReport(t *testing.T, s *iamsim.Server, c client) []string {
	t.Helper()
	s.Advance(4 * time.Hour)
	if state := generate(t, c); state != "STARTED" {
		t.Fatalf("state %s", state)
	}
	return getReport(t, c)
}

func wantReportError(t *testing.T, c client, status int, code, message string) {
	t.Helper()
	_, err := c.iam.GetCredentialReport(t.Context(), &iam.GetCredentialReportInput{})
	wantError(t, err, status, code)
	var api smithy.APIError
	if errors.As(err, &api); api.ErrorMessage() != message {
		t.Errorf("message %q, want %q", api.ErrorMessage(), message)
	}
}

const (
	notPresent = "The request was rejected because the credential report does not exist. To generate a credential report, use " +
		"GenerateCredentialReport."
	stillGenerated = "The request was rejected because the credential report is still being generated."
	expired        = "The request was rejected because the most recent credential report has expired. To generate a new credential " +
		"report, use GenerateCredentialReport."
)

func TestCredentialReport_states(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{CredentialReports: iamsim.CredentialReports{Pending: 2}})
	c := newClient(s, s.Root())
	wantReportError(t, c, 410, "ReportNotPresent", notPresent)
	out, err := c.iam.GenerateCredentialReport(t.Context(), &iam.GenerateCredentialReportInput{})
	noError(t, err)
	if out.State != "STARTED" || *out.Description != "No report exists. Starting a new report generation task" {
		t.Errorf("%s: %s", out.State, *out.Description)
	}
	if state := generate(t, c); state != "INPROGRESS" {
		t.Errorf("state %s, want INPROGRESS", state)
	}
	wantReportError(t, c, 404, "ReportInProgress", stillGenerated)
	if state := generate(t, c); state != "COMPLETE" {
		t.Errorf("state %s, want COMPLETE", state)
	}
	getReport(t, c)

	s.SetCredentialReports(iamsim.CredentialReports{Pending: 1})
	s.Advance(4*time.Hour - time.Second)
	if state := generate(t, c); state != "COMPLETE" {
		t.Errorf("state %s of a report younger than four hours", state)
	}
	getReport(t, c)
	s.Advance(time.Second)
	wantReportError(t, c, 410, "ReportExpired", expired)
	if state := generate(t, c); state != "STARTED" {
		t.Errorf("state %s, want STARTED", state)
	}
	wantReportError(t, c, 404, "ReportInProgress", stillGenerated)
	getReport(t, c)
}

func TestCredentialReport_neverCompletes(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{CredentialReports: iamsim.CredentialReports{Pending: -1}})
	c := newClient(s, s.Root())
	generate(t, c)
	for range 3 {
		s.Advance(24 * time.Hour)
		wantReportError(t, c, 404, "ReportInProgress", stillGenerated)
		if state := generate(t, c); state != "INPROGRESS" {
			t.Errorf("state %s, want INPROGRESS", state)
		}
	}
	s.SetTime(start)
	s.SetCredentialReports(iamsim.CredentialReports{Pending: 1})
	wantReportError(t, c, 404, "ReportInProgress", stillGenerated)
	getReport(t, c)
}

// TestCredentialReport_rows follows the two slots of a user over changes.
func TestCredentialReport_rows(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"bob", "Zoe", "ann"}})
	c := newClient(s, s.Root())
	const (
		rootRow = "<root_account>,arn:aws:iam::123456789012:root,2026-01-01T00:00:00Z,not_supported,no_information,not_supported," +
			"not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
		noKeys = ",arn:aws:iam::123456789012:user/%,2026-01-01T00:00:00Z,false,N/A,N/A,N/A,false," +
			"false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
		bob = "bob,arn:aws:iam::123456789012:user/bob,2026-01-01T00:00:00Z,false,N/A,N/A,N/A,false,"
		end = ",false,N/A,false,N/A"
	)
	admin := "admin,arn:aws:iam::123456789012:user/admin,2026-01-01T00:00:00Z,false,N/A,N/A,N/A,false," +
		"true,2026-01-01T00:00:00Z,2026-01-01T04:00:00Z,eu-central-1,iam,false,N/A,N/A,N/A,N/A" + end
	rows := newReport(t, s, c)
	want := []string{
		rootRow, admin, "ann" + strings.Replace(noKeys, "%", "ann", 1), "bob" + strings.Replace(noKeys, "%", "bob", 1),
		"Zoe" + strings.Replace(noKeys, "%", "Zoe", 1),
	}
	if strings.Join(rows, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}

	first, second := s.CreateAccessKey("bob"), s.CreateAccessKey("bob") // at 04:00
	s.SetLastUsed(second.AccessKeyID, start.Add(time.Hour), "s3", "")
	for _, step := range []struct {
		name   string
		change func()
		want   string
	}{
		{
			"two keys", func() {},
			"true,2026-01-01T04:00:00Z,N/A,N/A,N/A,true,2026-01-01T04:00:00Z,2026-01-01T01:00:00Z,N/A,s3",
		},
		{
			"first deactivated at 08:00", func() { s.SetStatus(first.AccessKeyID, "Inactive") },
			"false,2026-01-01T08:00:00Z,N/A,N/A,N/A,true,2026-01-01T04:00:00Z,2026-01-01T01:00:00Z,N/A,s3",
		},
		{
			"first deleted", func() { s.DeleteAccessKey(first.AccessKeyID) },
			"false,N/A,N/A,N/A,N/A,true,2026-01-01T04:00:00Z,2026-01-01T01:00:00Z,N/A,s3",
		},
		{
			"another key, in the free slot, at 16:00", func() { s.CreateAccessKey("bob") },
			"true,2026-01-01T16:00:00Z,N/A,N/A,N/A,true,2026-01-01T04:00:00Z,2026-01-01T01:00:00Z,N/A,s3",
		},
		{
			"second deactivated, and activated again at 20:00", func() {
				s.SetStatus(second.AccessKeyID, "Inactive")
				s.SetStatus(second.AccessKeyID, "Active")
			},
			"true,2026-01-01T16:00:00Z,N/A,N/A,N/A,true,2026-01-01T20:00:00Z,2026-01-01T01:00:00Z,N/A,s3",
		},
	} {
		step.change()
		if got := newReport(t, s, c)[3]; got != bob+step.want+end {
			t.Errorf("%s:\ngot  %s\nwant %s", step.name, got, bob+step.want+end)
		}
	}
}

// TestCredentialReport_asGenerated changes the account after the report was started, and goes back to before.
func TestCredentialReport_asGenerated(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}, CredentialReports: iamsim.CredentialReports{Pending: 1}})
	c := newClient(s, s.Root())
	key := s.CreateAccessKey("ann")
	s.SetLastUsed(key.AccessKeyID, start, "s3", "eu-west-1")
	before := s.Snapshot()
	generate(t, c)
	s.Advance(time.Hour)
	s.SetLastUsed(key.AccessKeyID, s.Now(), "ec2", "eu-west-1")
	s.DeleteUser("ann")
	wantReportError(t, c, 404, "ReportInProgress", stillGenerated)
	out, err := c.iam.GetCredentialReport(t.Context(), &iam.GetCredentialReportInput{})
	noError(t, err)
	if !out.GeneratedTime.Equal(start) {
		t.Errorf("generated at %s, want %s", out.GeneratedTime, start)
	}
	if got := string(out.Content); !strings.Contains(got, "\nann,") || !strings.Contains(got, ",2026-01-01T00:00:00Z,eu-west-1,s3,") {
		t.Errorf("report\n%s", got)
	}
	s.Restore(before)
	wantReportError(t, c, 410, "ReportNotPresent", notPresent)
}

func TestCredentialReport_settings(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{})
	c := newClient(s, s.Root())
	s.SetCredentialReports(iamsim.CredentialReports{RootKeys: 1, RootWithoutMFA: true})
	got := newReport(t, s, c)[0]
	if want := "false,true,2026-01-01T00:00:00Z,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"; !strings.HasSuffix(got, want) {
		t.Errorf("root user %s, want the end %s", got, want)
	}
	s.SetCredentialReports(iamsim.CredentialReports{Content: []byte{}})
	s.Advance(4 * time.Hour)
	generate(t, c)
	out, err := c.iam.GetCredentialReport(t.Context(), &iam.GetCredentialReportInput{})
	noError(t, err)
	if len(out.Content) != 0 {
		t.Errorf("content %q, want none", out.Content)
	}
}

func TestCredentialReport_denied(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{})
	c := newClient(s, s.Root())
	s.Deny("admin", "iam:GenerateCredentialReport")
	_, err := c.iam.GenerateCredentialReport(t.Context(), &iam.GenerateCredentialReportInput{})
	wantError(t, err, 403, "AccessDenied")
	if !strings.Contains(err.Error(), "iam:GenerateCredentialReport on resource: * because") {
		t.Errorf("error %v", err)
	}
	s.Deny("admin", "iam:GetCredentialReport")
	_, err = c.iam.GetCredentialReport(t.Context(), &iam.GetCredentialReportInput{})
	wantError(t, err, 403, "AccessDenied")
}

// TestForeign_credentialReport has the AWS CLI follow a report to its end, as a script would.
func TestForeign_credentialReport(t *testing.T) {
	t.Parallel()
	foreign.RequireAWS(t)
	s := startServer(t, iamsim.Options{CredentialReports: iamsim.CredentialReports{Pending: 1, Content: []byte("user,arn\nx,y")}})
	admin := newCLI(t, s, s.Root())
	admin.want("ReportNotPresent", "", "iam", "get-credential-report")
	admin.want("STARTED", "State", "iam", "generate-credential-report")
	admin.want("ReportInProgress", "", "iam", "get-credential-report")
	admin.want("COMPLETE", "State", "iam", "generate-credential-report")
	report, _ := admin.run("iam", "get-credential-report")
	want := map[string]any{"Content": "dXNlcixhcm4KeCx5", "ReportFormat": "text/csv", "GeneratedTime": "2026-01-01T00:00:00+00:00"}
	if !reflect.DeepEqual(report, want) {
		t.Errorf("report %v, want %v", report, want)
	}
	s.Advance(4 * time.Hour)
	admin.want("ReportExpired", "", "iam", "get-credential-report")
}
