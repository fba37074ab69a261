package provider_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// The rows of a report that AWS could send, with every value that a column can have.
const (
	reportHeader = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation," +
		"mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region," +
		"access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date," +
		"access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
	reportRoot = "<root_account>,arn:aws:iam::123456789012:root,2020-01-02T03:04:05Z,not_supported,no_information,not_supported," +
		"not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
	reportAnn = "ann,arn:aws:iam::123456789012:user/staff/ann,2021-05-06T07:08:09Z,true,2025-12-31T08:00:00Z,2025-06-01T00:00:00Z," +
		"2026-03-01T00:00:00Z,false,true,2025-10-01T00:00:00Z,2025-12-30T10:15:00Z,eu-central-1,ec2," +
		"false,2025-01-01T00:00:00Z,2025-12-01T00:00:00Z,N/A,s3,true,2024-02-03T00:00:00Z,false,2023-02-03T00:00:00Z"
	reportBob = "bob,arn:aws:iam::123456789012:user/bob,2022-01-01T00:00:00Z,true,no_information,2022-01-01T00:00:00Z,N/A,true," +
		"false,N/A,N/A,N/A,N/A,true,2025-12-01T00:00:00Z,N/A,N/A,N/A,false,N/A,false,N/A"
	reportCat = "cat,arn:aws:iam::123456789012:user/cat,2022-02-01T00:00:00Z,false,N/A,N/A,N/A,false," +
		"false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
)

// reportRows joins the rows of a report as AWS does.
func reportRows(rows ...string) string { return strings.Join(rows, "\n") }

// object is an object of a state.
type object = map[string]any

// reportStory is a story with one iamkeys_credential_report in an account that has these reports.
func reportStory(t *testing.T, reports iamsim.CredentialReports) *acctest.Story {
	t.Helper()
	s := acctest.NewStory(t, iamsim.Options{CredentialReports: reports}).SkipWaits()
	s.CLI.Write("main.tf", s.ProviderHCL+`data "iamkeys_credential_report" "test" {}`)
	return s
}

// reportOf is a story whose report has these rows.
func reportOf(t *testing.T, rows ...string) *acctest.Story {
	t.Helper()
	return reportStory(t, iamsim.CredentialReports{Content: []byte(reportRows(rows...))})
}

// applied applies, plans without a change, and returns the data source.
func applied(s *acctest.Story) object {
	s.T.Helper()
	s.CLI.Apply()
	s.CLI.Want(0)
	for _, resource := range s.CLI.State().Values.RootModule.Resources {
		if resource.Address == "data.iamkeys_credential_report.test" {
			s.CLI.Plan()
			s.CLI.Want(0)
			return resource.AttributeValues
		}
	}
	s.T.Fatal("no data source in the state")
	return nil
}

// wantValue compares a value of a state as JSON.
func wantValue(t *testing.T, name string, got, want any) {
	t.Helper()
	texts := [2]string{}
	for i, value := range []any{got, want} {
		text, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
	}
	if texts[0] != texts[1] {
		t.Errorf("%s: got %s\nwant %s", name, texts[0], texts[1])
	}
}

// reportUser returns a user without a password, MFA and keys, with these attributes in addition.
func reportUser(name, arn, createdAt string, attributes object) object {
	user := object{
		"user": name, "arn": "arn:aws:iam::123456789012:" + arn, "is_root": false, "created_at": createdAt,
		"password_enabled": false, "password_last_used_at": nil, "password_last_changed_at": nil, "password_next_rotation_at": nil,
		"mfa_active": false, "access_keys": []any{}, "certificates": []any{}, "additional_credentials_info": nil,
	}
	for name, value := range attributes {
		user[name] = value
	}
	return user
}

// reportKey returns a key that was never used.
func reportKey(slot int, status, lastRotatedAt string) object {
	return object{
		"slot": slot, "status": status, "last_rotated_at": lastRotatedAt,
		"last_used_at": nil, "last_used_region": nil, "last_used_service": nil,
	}
}

// usedKey returns a key that was used in us-east-1.
func usedKey(slot int, status, lastRotatedAt, lastUsedAt, service string) object {
	key := reportKey(slot, status, lastRotatedAt)
	key["last_used_at"], key["last_used_region"], key["last_used_service"] = lastUsedAt, "us-east-1", service
	return key
}

// TestAccCredentialReport_basic follows a simulated account over two reports.
func TestAccCredentialReport_basic(t *testing.T) {
	t.Parallel()
	s := reportStory(t, iamsim.CredentialReports{})
	first := s.Sim.CreateAccessKey("ci")
	s.Sim.CreateUser("Bob")
	const day0 = "2026-01-01T00:00:00Z"
	root := reportUser("<root_account>", "root", day0, object{"is_root": true, "password_enabled": nil, "mfa_active": true})
	admin := func(lastUsedAt string) object {
		return reportUser("admin", "user/admin", day0, object{
			"access_keys": []any{usedKey(1, "Active", day0, lastUsedAt, "iam")},
		})
	}
	bob := reportUser("Bob", "user/Bob", day0, nil)
	ci := func(keys ...any) object { return reportUser("ci", "user/ci", day0, object{"access_keys": keys}) }

	got := applied(s)
	want := []any{root, admin(day0), bob, ci(reportKey(1, "Active", day0))}
	wantValue(t, "users", got["users"], want)
	wantValue(t, "unknown_columns", got["unknown_columns"], []any{})
	wantValue(t, "generated_at", got["generated_at"], day0)
	wantValue(t, "report_age", got["report_age"], "0s")
	if calls := s.CallList(); !slices.Equal(calls[:3], []string{"GetCredentialReport", "GenerateCredentialReport", "GetCredentialReport"}) {
		t.Errorf("calls %q", calls)
	}

	// What is new is in no report until AWS generates another one.
	s.Sim.SetTime(acctest.Start.Add(time.Hour + 12*time.Minute + 59*time.Second))
	s.Sim.SetStatus(first.AccessKeyID, "Inactive")
	s.Sim.CreateAccessKey("ci")
	s.ResetCalls()
	got = applied(s)
	wantValue(t, "users of the same report", got["users"], want)
	wantValue(t, "generated_at", got["generated_at"], day0)
	wantValue(t, "report_age", got["report_age"], "1h12m")
	if s.Calls("GenerateCredentialReport") != 0 {
		t.Error("asked for another report within four hours")
	}

	s.Sim.SetTime(acctest.Start.Add(4 * time.Hour))
	got = applied(s)
	const changed, later = "2026-01-01T01:12:59Z", "2026-01-01T04:00:00Z"
	wantValue(t, "users of the next report", got["users"], []any{
		root, admin(later), bob, ci(reportKey(1, "Inactive", changed), reportKey(2, "Active", changed)),
	})
	wantValue(t, "generated_at", got["generated_at"], later)
}

// TestAccCredentialReport_columns has every kind of value.
func TestAccCredentialReport_columns(t *testing.T) {
	t.Parallel()
	got := applied(reportOf(t, reportHeader, reportRoot, reportAnn, reportBob, reportCat))
	annsKeys := []any{
		usedKey(1, "Active", "2025-10-01T00:00:00Z", "2025-12-30T10:15:00Z", "ec2"),
		usedKey(2, "Inactive", "2025-01-01T00:00:00Z", "2025-12-01T00:00:00Z", "s3"),
	}
	for i, region := range []any{"eu-central-1", nil} {
		if key, ok := annsKeys[i].(object); ok {
			key["last_used_region"] = region
		}
	}
	wantValue(t, "users", got["users"], []any{
		reportUser("<root_account>", "root", "2020-01-02T03:04:05Z", object{
			"is_root": true, "password_enabled": nil, "mfa_active": true,
		}),
		reportUser("ann", "user/staff/ann", "2021-05-06T07:08:09Z", object{ //nolint:gosec // dates are no passwords
			"password_enabled": true, "password_last_used_at": "2025-12-31T08:00:00Z", "password_last_changed_at": "2025-06-01T00:00:00Z",
			"password_next_rotation_at": "2026-03-01T00:00:00Z", "access_keys": annsKeys,
			"certificates": []any{
				object{"slot": 1, "status": "Active", "last_rotated_at": "2024-02-03T00:00:00Z"},
				object{"slot": 2, "status": "Inactive", "last_rotated_at": "2023-02-03T00:00:00Z"},
			},
		}),
		reportUser("bob", "user/bob", "2022-01-01T00:00:00Z", object{ //nolint:gosec // dates are no passwords
			"password_enabled": true, "password_last_changed_at": "2022-01-01T00:00:00Z", "mfa_active": true,
			"access_keys": []any{reportKey(2, "Active", "2025-12-01T00:00:00Z")},
		}),
		reportUser("cat", "user/cat", "2022-02-01T00:00:00Z", nil),
	})
}

// TestAccCredentialReport_root finds the keys of the root user, by the check that the documentation shows.
func TestAccCredentialReport_root(t *testing.T) {
	t.Parallel()
	s := reportStory(t, iamsim.CredentialReports{RootKeys: 2, RootWithoutMFA: true})
	s.CLI.Write("check.tf", `
locals {
  root = one([for u in data.iamkeys_credential_report.test.users : u if u.is_root])
}
check "root" {
  assert {
    condition     = length(local.root.access_keys) == 0 || local.root.mfa_active
    error_message = "root has ${length(local.root.access_keys)} keys, MFA: ${local.root.mfa_active}"
  }
}
`)
	s.CLI.Plan()
	s.CLI.Want(0)
	if got := s.CLI.Diagnostics(); len(got) != 1 || got[0].Severity != "warning" || got[0].Detail != "root has 2 keys, MFA: false" {
		t.Errorf("diagnostics %+v", got)
	}

	s.Sim.SetCredentialReports(iamsim.CredentialReports{})
	s.Advance("4h")
	s.CLI.Plan()
	s.CLI.Want(0)
	if got := s.CLI.Diagnostics(); len(got) != 0 {
		t.Errorf("diagnostics %+v", got)
	}
}

func TestAccCredentialReport_unknownColumn(t *testing.T) {
	t.Parallel()
	got := applied(reportOf(t, "passkeys,"+reportHeader+",additional_credentials_info,last_login",
		"2,"+reportRoot+",N/A,never", "0,"+reportCat+",1 more access key,never"))
	wantValue(t, "unknown_columns", got["unknown_columns"], []any{"passkeys", "last_login"})
	wantValue(t, "users", got["users"], []any{
		reportUser("<root_account>", "root", "2020-01-02T03:04:05Z", object{
			"is_root": true, "password_enabled": nil, "mfa_active": true,
		}),
		reportUser("cat", "user/cat", "2022-02-01T00:00:00Z", object{"additional_credentials_info": "1 more access key"}),
	})
}

// TestAccCredentialReport_missingColumns warns of what the report does not say.
func TestAccCredentialReport_missingColumns(t *testing.T) {
	t.Parallel()
	cut := func(row string) string {
		fields := strings.Split(row, ",")
		return strings.Join(slices.Concat(fields[:7], fields[8:19]), ",")
	}
	s := reportOf(t, cut(reportHeader), cut(reportRoot), cut(reportAnn))
	s.CLI.Apply()
	s.CLI.Want(0)
	got := s.CLI.Diagnostics()
	const detail = "AWS documents these columns, but the report does not have them: mfa_active, cert_1_last_rotated, cert_2_active, " +
		"cert_2_last_rotated."
	if len(got) != 1 || got[0].Severity != "warning" || got[0].Summary != "Credential report lacks columns" ||
		!strings.HasPrefix(folded(got[0].Detail), detail) {
		t.Errorf("diagnostics %+v", got)
	}
	users, ok := applied(s)["users"].([]any)
	if !ok || len(users) != 2 {
		t.Fatalf("users %v", users)
	}
	ann, ok := users[1].(object)
	if !ok || ann["mfa_active"] != nil {
		t.Errorf("user %v, want mfa_active null", ann)
	}
	wantValue(t, "certificates", ann["certificates"], []any{object{"slot": 1, "status": "Active", "last_rotated_at": nil}})
}

// folded returns a detail in one line: the CLI folds long ones.
func folded(detail string) string { return regexp.MustCompile(`\s+`).ReplaceAllString(detail, " ") }

const reportAddress = "data.iamkeys_credential_report.test"

func TestAccCredentialReport_denied(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"iam:GetCredentialReport", "iam:GenerateCredentialReport"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			s := reportStory(t, iamsim.CredentialReports{})
			s.Sim.Deny("admin", action)
			s.CLI.Plan()
			s.CLI.Want(1)
			wantOneError(t, s.CLI, reportAddress, "Credential report can't be read: "+action+" is denied",
				"is not authorized to perform: "+action+" on resource: *", `Allow `+action+` on "*" for the credentials of this provider.`,
				"The credentials are those of arn:aws:iam::123456789012:user/admin in account 123456789012.")
		})
	}
}

func TestAccCredentialReport_neverCompletes(t *testing.T) {
	t.Parallel()
	s := reportStory(t, iamsim.CredentialReports{Pending: -1})
	s.CLI.Plan()
	s.CLI.Want(1)
	wantOneError(t, s.CLI, reportAddress, "Credential report is not ready",
		"iam:GetCredentialReport: ReportInProgress: no report within 2m0s: The request was rejected because the credential report is still "+
			"being generated.",
		"AWS goes on with the report: apply again in some minutes. To watch it, run aws iam generate-credential-report until it answers "+
			"COMPLETE.")
	if waited := s.Sim.Now().Sub(acctest.Start); waited != 2*time.Minute {
		t.Errorf("waited %v, want 2m", waited)
	}

	s.Sim.SetCredentialReports(iamsim.CredentialReports{})
	wantValue(t, "generated_at", applied(s)["generated_at"], "2026-01-01T00:00:00Z")
}

func TestAccCredentialReport_broken(t *testing.T) {
	t.Parallel()
	const next = "AWS generates another report from 2026-01-01T04:00:00Z on: plan again then."
	for name, test := range map[string]struct {
		rows            []string
		summary, detail string
	}{
		"cut off": {
			[]string{reportHeader, reportRoot, reportAnn[:150]},
			": line 3 is wrong",
			"The report of 2026-01-01T00:00:00Z: line 3: more or fewer fields than the header. " +
				"No part of it is used, since users may be missing. " + next,
		},
		"cut off in the last field": {
			[]string{reportHeader, reportRoot, strings.TrimSuffix(reportAnn, "0Z")},
			": line 3 is wrong",
			`line 3: cert_2_last_rotated cannot be "2023-02-03T00:00:0".`,
		},
		"row doubled": {
			[]string{reportHeader, reportRoot, reportAnn, reportBob, reportAnn},
			": line 5 is wrong",
			`line 5: user "ann" has a row in line 3, too.`,
		},
		"row missing": {
			[]string{reportHeader, reportAnn},
			": the root user is missing",
			"the report has no row for the root user <root_account>. No part of it is used, since users may be missing. " + next,
		},
		"essential column missing": {
			[]string{strings.Replace(reportHeader, "access_key_2_active", "access_key_2", 1), reportRoot},
			": its columns are not those that AWS documents",
			"the header lacks access_key_2_active. If AWS has changed the report, a newer version of this provider may read it.",
		},
		"no CSV": {[]string{"<html>"}, ": its columns are not those that AWS documents", "the header lacks user, arn, user_creation_time,"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := reportOf(t, test.rows...)
			s.CLI.Plan()
			s.CLI.Want(1)
			wantOneError(t, s.CLI, reportAddress, "Credential report can't be used"+test.summary, test.detail)
		})
	}
}
