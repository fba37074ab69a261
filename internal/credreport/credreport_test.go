package credreport_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/credreport"
)

// header has the columns of AWS's own reports, in their order.
const header = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active," +
	"access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service," +
	"access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service," +
	"cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated"

const (
	rootRow = "<root_account>,arn:aws:iam::123456789012:root,2020-01-02T03:04:05Z,not_supported,2026-03-01T09:00:00Z,not_supported," +
		"not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
	aliceRow = "Alice,arn:aws:iam::123456789012:user/staff/Alice,2021-05-06T07:08:09+02:00,true,no_information,2021-05-07T00:00:00Z," +
		"2026-08-05T00:00:00Z,false,true,2026-01-02T00:00:00Z,2026-03-31T10:15:00Z,eu-central-1,ec2," +
		"true,2025-01-02T00:00:00Z,2026-03-30T00:00:00Z,N/A,s3,true,2025-02-03T00:00:00Z,false,2024-02-03T00:00:00Z"
	botRow = "bot,arn:aws:iam::123456789012:user/bot,2022-01-01T00:00:00Z,false,N/A,N/A,N/A,false,true,2026-01-01T00:00:00Z,N/A,N/A,N/A," +
		"false,2025-12-01T00:00:00Z,2025-12-31T23:59:59Z,us-east-1,iam,false,N/A,false,N/A"
)

// wholeReport is a report as AWS sends it, without a final newline.
const wholeReport = header + "\n" + rootRow + "\n" + aliceRow + "\n" + botRow

func at(text string) time.Time {
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return parsed
}

func root() credreport.User {
	return credreport.User{
		Name: credreport.RootName, ARN: "arn:aws:iam::123456789012:root", Root: true, CreatedAt: at("2020-01-02T03:04:05Z"),
		Password:  credreport.Password{Enabled: credreport.Unknown, LastUsed: at("2026-03-01T09:00:00Z")},
		MFAActive: credreport.True,
		Certificates: [2]credreport.Certificate{{Active: credreport.False}, {Active: credreport.False}},
	}
}

func alice() credreport.User {
	return credreport.User{
		Name: "Alice", ARN: "arn:aws:iam::123456789012:user/staff/Alice", CreatedAt: at("2021-05-06T05:08:09Z"),
		Password: credreport.Password{
			Enabled: credreport.True, LastChanged: at("2021-05-07T00:00:00Z"), NextRotation: at("2026-08-05T00:00:00Z"),
		},
		MFAActive: credreport.False,
		Keys: [2]credreport.Key{
			{
				Active: true, LastRotated: at("2026-01-02T00:00:00Z"), LastUsed: at("2026-03-31T10:15:00Z"),
				LastUsedRegion: "eu-central-1", LastUsedService: "ec2",
			},
			{Active: true, LastRotated: at("2025-01-02T00:00:00Z"), LastUsed: at("2026-03-30T00:00:00Z"), LastUsedService: "s3"},
		},
		Certificates: [2]credreport.Certificate{
			{Active: credreport.True, LastRotated: at("2025-02-03T00:00:00Z")},
			{Active: credreport.False, LastRotated: at("2024-02-03T00:00:00Z")},
		},
	}
}

func bot() credreport.User {
	return credreport.User{
		Name: "bot", ARN: "arn:aws:iam::123456789012:user/bot", CreatedAt: at("2022-01-01T00:00:00Z"),
		Password:  credreport.Password{Enabled: credreport.False},
		MFAActive: credreport.False,
		Keys: [2]credreport.Key{
			{Active: true, LastRotated: at("2026-01-01T00:00:00Z")},
			{
				LastRotated: at("2025-12-01T00:00:00Z"), LastUsed: at("2025-12-31T23:59:59Z"),
				LastUsedRegion: "us-east-1", LastUsedService: "iam",
			},
		},
		Certificates: [2]credreport.Certificate{{Active: credreport.False}, {Active: credreport.False}},
	}
}

func TestParse_whole(t *testing.T) {
	t.Parallel()
	want := credreport.Report{Users: []credreport.User{root(), alice(), bot()}}
	for name, content := range map[string]string{
		"as AWS sends it":      wholeReport,
		"with a final newline": wholeReport + "\n",
		"CRLF":                 strings.ReplaceAll(wholeReport, "\n", "\r\n"),
		"byte order mark":      "\ufeff" + wholeReport,
		"upper case":           strings.NewReplacer(",true", ",TRUE", ",false", ",FALSE").Replace(wholeReport),
		"quoted":               strings.Replace(wholeReport, "Alice,arn:aws:iam::123456789012:user/staff/Alice,", `"Alice","arn:aws:iam::123456789012:user/staff/Alice",`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := credreport.Parse([]byte(content))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("Parse = %+v, %v, want %+v", got, err, want)
			}
		})
	}
}
