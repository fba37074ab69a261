package credreport_test

import (
	"reflect"
	"slices"
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
		Password:     credreport.Password{Enabled: credreport.Unknown, LastUsed: at("2026-03-01T09:00:00Z")},
		MFAActive:    credreport.True,
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
		"quoted":               strings.NewReplacer("\nAlice,", "\n\"Alice\",", ",N/A", `,"N/A"`).Replace(wholeReport),
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

// TestParse_quotedNames has a user whose name and path need quotes, and a line break in an unknown column.
func TestParse_quotedNames(t *testing.T) {
	t.Parallel()
	name, arn := "a,b", `arn:aws:iam::123456789012:user/"x"/a,b`
	rows := []string{
		header + ",\"note\nof\"", rootRow + ",\"1\n2\"",
		`"a,b","arn:aws:iam::123456789012:user/""x""/a,b"` + strings.TrimPrefix(botRow, "bot,arn:aws:iam::123456789012:user/bot") + ",",
		"carl" + strings.TrimPrefix(botRow, "bot") + ",x", "dora,x",
	}
	got, err := credreport.Parse([]byte(strings.Join(rows[:4], "\n")))
	if err != nil || len(got.Users) != 3 {
		t.Fatalf("Parse = %+v, %v", got, err)
	}
	want := bot()
	want.Name, want.ARN = name, arn
	if got.Users[0] != root() || got.Users[1] != want {
		t.Errorf("users %+v, want %+v and %+v", got.Users[:2], root(), want)
	}
	if got.Users[2].Name != "carl" || got.Users[2].ARN != bot().ARN {
		t.Errorf("user %+v, want carl with another user's ARN", got.Users[2])
	}
	_, err = credreport.Parse([]byte(strings.Join(rows, "\n")))
	if want := (&credreport.RowError{Line: 7, Err: credreport.ErrFieldCount}); !reflect.DeepEqual(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func TestParse_root(t *testing.T) {
	t.Parallel()
	withKey := strings.Replace(rootRow, "true,false,N/A,N/A,N/A,N/A,", "false,true,2020-02-01T00:00:00Z,2026-01-01T00:00:00Z,us-east-1,s3,", 1)
	report, err := credreport.Parse([]byte(header + "\n" + botRow + "\n" + withKey))
	if err != nil {
		t.Fatal(err)
	}
	want := root()
	want.MFAActive = credreport.False
	want.Keys[0] = credreport.Key{
		Active: true, LastRotated: at("2020-02-01T00:00:00Z"), LastUsed: at("2026-01-01T00:00:00Z"),
		LastUsedRegion: "us-east-1", LastUsedService: "s3",
	}
	if got := report.Root(); got != want {
		t.Errorf("Root = %+v, want %+v", got, want)
	}
	if got := (credreport.Report{}).Root(); got != (credreport.User{}) {
		t.Errorf("Root of no report = %+v", got)
	}
}

func TestKey_exists(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		key  credreport.Key
		want bool
	}{
		"no key":                    {credreport.Key{}, false},
		"Active":                    {credreport.Key{Active: true, LastRotated: at("2026-01-01T00:00:00Z")}, true},
		"Inactive":                  {credreport.Key{LastRotated: at("2026-01-01T00:00:00Z")}, true},
		"Active without a rotation": {credreport.Key{Active: true}, true},
	} {
		if got := tc.key.Exists(); got != tc.want {
			t.Errorf("%s: Exists = %t, want %t", name, got, tc.want)
		}
	}
}

// columnsOf returns the report with these columns, in this order. A column that the report lacks has the value "x".
func columnsOf(report string, names ...string) string {
	rows := strings.Split(report, "\n")
	var out []string
	for _, row := range rows {
		values := map[string]string{}
		for i, name := range strings.Split(header, ",") {
			values[name] = strings.Split(row, ",")[i]
		}
		var fields []string
		for _, name := range names {
			value, ok := values[name]
			switch {
			case !ok && row == rows[0]:
				value = name
			case !ok:
				value = "x"
			}
			fields = append(fields, value)
		}
		out = append(out, strings.Join(fields, ","))
	}
	return strings.Join(out, "\n")
}

func TestParse_columnOrder(t *testing.T) {
	t.Parallel()
	names := strings.Split(header, ",")
	slices.Reverse(names)
	got, err := credreport.Parse([]byte(columnsOf(wholeReport, names...)))
	if want := []credreport.User{root(), alice(), bot()}; err != nil || !reflect.DeepEqual(got.Users, want) {
		t.Errorf("Parse = %+v, %v, want %+v", got, err, want)
	}
}

func TestParse_otherColumns(t *testing.T) {
	t.Parallel()
	names := slices.Concat([]string{"passkeys"}, strings.Split(header, ","), []string{"additional_credentials_info", "last_login"})
	got, err := credreport.Parse([]byte(columnsOf(wholeReport, names...)))
	if err != nil {
		t.Fatal(err)
	}
	want := alice()
	want.Additional = "x"
	if got.Users[1] != want {
		t.Errorf("user %+v, want %+v", got.Users[1], want)
	}
	if unknown := []string{"passkeys", "last_login"}; !slices.Equal(got.UnknownColumns, unknown) {
		t.Errorf("unknown columns %q, want %q", got.UnknownColumns, unknown)
	}
	if got.MissingColumns != nil {
		t.Errorf("missing columns %q, want none", got.MissingColumns)
	}
}

func TestParse_noAdditionalCredentials(t *testing.T) {
	t.Parallel()
	content := header + ",additional_credentials_info\n" + rootRow + ",N/A"
	got, err := credreport.Parse([]byte(content))
	if err != nil || got.Users[0] != root() {
		t.Errorf("Parse = %+v, %v, want %+v", got, err, root())
	}
}

// essential are the columns that Parse cannot do without.
var essential = []string{
	"user", "arn", "user_creation_time", "access_key_1_active", "access_key_1_last_rotated", "access_key_1_last_used_date",
	"access_key_2_active", "access_key_2_last_rotated", "access_key_2_last_used_date",
}

func TestParse_onlyEssentialColumns(t *testing.T) {
	t.Parallel()
	got, err := credreport.Parse([]byte(columnsOf(wholeReport, essential...)))
	if err != nil {
		t.Fatal(err)
	}
	want := alice()
	want.Password, want.MFAActive, want.Certificates = credreport.Password{}, credreport.Unknown, [2]credreport.Certificate{}
	want.Keys[0].LastUsedRegion, want.Keys[0].LastUsedService, want.Keys[1].LastUsedService = "", "", ""
	if got.Users[1] != want {
		t.Errorf("user %+v, want %+v", got.Users[1], want)
	}
	missing := []string{
		"password_enabled", "password_last_used", "password_last_changed", "password_next_rotation", "mfa_active",
		"access_key_1_last_used_region", "access_key_1_last_used_service", "access_key_2_last_used_region",
		"access_key_2_last_used_service", "cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated",
	}
	if !slices.Equal(got.MissingColumns, missing) {
		t.Errorf("missing columns %q, want %q", got.MissingColumns, missing)
	}
}

// TestParse_keepsNothing changes the content after it was parsed.
func TestParse_keepsNothing(t *testing.T) {
	t.Parallel()
	content := []byte(header + ",new\n" + rootRow + ",1\n" + aliceRow + ",2")
	got, err := credreport.Parse(content)
	if err != nil {
		t.Fatal(err)
	}
	clear(content)
	want := credreport.Report{Users: []credreport.User{root(), alice()}, UnknownColumns: []string{"new"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
