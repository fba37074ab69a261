package provider_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// foreignReport is a credential report that a client of another project had generated, with the rows as Python's csv reads them.
type foreignReport struct {
	Generated time.Time           `json:"generated"`
	Rows      []map[string]string `json:"rows"`
}

var foreignReports = map[string]func(t *testing.T, w *acctest.World) foreignReport{
	"boto3":   boto3Report,
	"AWS CLI": awsReport,
}

// TestAccCredentialReport_foreign compares each attribute of each user with the report that boto3 and the AWS CLI get of the same
// account, as Python's csv reads it.
func TestAccCredentialReport_foreign(t *testing.T) {
	t.Parallel()
	for client, reportOf := range foreignReports {
		for name, account := range map[string]struct {
			world func(t *testing.T) *acctest.World
			users int
		}{
			"keys":      {worldOfKeys, 6},
			"passwords": {worldOfPasswords, 6},
		} {
			t.Run(client+"/"+name, func(t *testing.T) {
				t.Parallel()
				w := account.world(t)
				report := reportOf(t, w)
				if len(report.Rows) != account.users || report.Generated.IsZero() {
					t.Fatalf("report %+v", report)
				}
				w.Advance("72m59s")
				users := []any{}
				for _, row := range report.Rows {
					users = append(users, reportedUser(t, row))
				}
				c := w.CLI(t)
				c.Write("main.tf", w.ProviderConfig()+`data "iamkeys_credential_report" "test" {}`)
				w.ResetCalls()
				wantApplied(t, c, reportAddress, map[string]any{
					"generated_at": report.Generated.UTC().Format(time.RFC3339), "report_age": "1h12m", "unknown_columns": []any{}, "users": users,
				})
				if w.Calls("GenerateCredentialReport") != 0 {
					t.Error("the provider had another report generated")
				}
			})
		}
	}
}

// worldOfKeys has keys in both slots, in one and in none; Active, Inactive and changed; used in a Region, without one, and never.
func worldOfKeys(t *testing.T) *acctest.World {
	t.Helper()
	w := acctest.New(t, iamsim.Options{CredentialReports: iamsim.CredentialReports{RootKeys: 1, RootWithoutMFA: true}})
	inactive := keyOf(300, 21)
	inactive.DeactivatedAt = before(20)
	changed := keyOf(200, -1)
	changed.DeactivatedAt, changed.ReactivatedAt = before(30), before(10)
	withoutRegion := keyOf(100, 2)
	withoutRegion.Region = "N/A"
	ids := w.Sim.AddUsers(
		iamsim.SeedUser{Name: "ann", Path: "/staff/", CreatedAt: before(400), Keys: []iamsim.SeedKey{inactive, withoutRegion}},
		seed("bob", changed), seed("cid", keyOf(90, 3), keyOf(9, -1)), seed("dan"),
	)
	w.Sim.DeleteAccessKey(ids[3]) // the first slot of cid
	return w
}

// worldOfPasswords has passwords with and without MFA, used and not, that expire and do not; certificates; and a user whose name needs
// quotes. Dates end in Z, as AWS's do, or have an offset, as the guide shows them.
func worldOfPasswords(t *testing.T) *acctest.World {
	t.Helper()
	const moreAndNone, one = "N/A", "1 more access key"
	content := reportRows(
		reportHeader+",additional_credentials_info", reportRoot+","+moreAndNone, reportAnn+","+one, reportBob+","+moreAndNone,
		reportCat+","+moreAndNone, strings.ReplaceAll(strings.Replace(reportAnn, "ann", "dan", 2), "00Z", "00+00:00")+","+moreAndNone,
		strings.Replace(reportBob, "bob,arn:aws:iam::123456789012:user/bob", `"e,v",arn:aws:iam::123456789012:user/`+`e=v`, 1)+","+one,
	)
	return acctest.New(t, iamsim.Options{CredentialReports: iamsim.CredentialReports{Content: []byte(content)}})
}

func boto3Report(t *testing.T, w *acctest.World) (report foreignReport) {
	t.Helper()
	foreign.RequireBoto3(t)
	runForeign(t, w, &report, foreign.Python, filepath.Join("testdata", "boto3_report.py"))
	return report
}

func awsReport(t *testing.T, w *acctest.World) (report foreignReport) {
	t.Helper()
	foreign.RequireAWS(t)
	var answer struct{ State, Content, GeneratedTime string }
	for _, command := range []string{"generate-credential-report", "get-credential-report"} {
		runForeign(t, w, &answer, foreign.AWS, "--endpoint-url", w.Sim.URL(), "--output", "json", "iam", command)
	}
	runForeign(t, w, &report, foreign.Python, filepath.Join("testdata", "boto3_report.py"), answer.GeneratedTime, answer.Content)
	return report
}

// reportedUser is a row as iamkeys_credential_report has it: null for each of the values by which a report says nothing.
func reportedUser(t *testing.T, row map[string]string) map[string]any {
	t.Helper()
	text := func(column string) any {
		if value := row[column]; !slices.Contains([]string{"", "N/A", "no_information", "not_supported"}, value) {
			return value
		}
		return nil
	}
	date := func(column string) any {
		value, ok := text(column).(string)
		if !ok {
			return nil
		}
		at, err := time.Parse(time.RFC3339, value)
		if err != nil {
			t.Fatalf("%s: %v", column, err)
		}
		return at.UTC().Format(time.RFC3339)
	}
	flag := func(column string) any {
		if value := text(column); value != nil {
			return value == "true"
		}
		return nil
	}
	// of returns what the report has of a kind of credential: those that are active, or were once changed.
	of := func(kind string, attributes func(prefix string) map[string]any) []any {
		list := []any{}
		for slot, prefix := range []string{kind + "_1_", kind + "_2_"} {
			active := row[prefix+"active"] == "true"
			if !active && date(prefix+"last_rotated") == nil {
				continue
			}
			list = append(list, with(attributes(prefix), map[string]any{
				"slot": slot + 1, "status": map[bool]string{true: "Active", false: "Inactive"}[active],
				"last_rotated_at": date(prefix + "last_rotated"),
			}))
		}
		return list
	}
	return map[string]any{
		"user": row["user"], "arn": row["arn"], "is_root": row["user"] == "<root_account>", "created_at": date("user_creation_time"),
		"password_enabled": flag("password_enabled"), "password_last_used_at": date("password_last_used"),
		"password_last_changed_at": date("password_last_changed"), "password_next_rotation_at": date("password_next_rotation"),
		"mfa_active": flag("mfa_active"), "additional_credentials_info": text("additional_credentials_info"),
		"access_keys": of("access_key", func(prefix string) map[string]any {
			return map[string]any{
				"last_used_at": date(prefix + "last_used_date"), "last_used_region": text(prefix + "last_used_region"),
				"last_used_service": text(prefix + "last_used_service"),
			}
		}),
		"certificates": of("cert", func(string) map[string]any { return map[string]any{} }),
	}
}
