package credreport_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/credreport"
)

// largeReport returns a report of users with one key each, every fifth with two.
func largeReport(users int) []byte {
	day := func(i int) string {
		return at("2026-01-01T00:00:00Z").Add(-time.Duration(i) * time.Hour).Format(time.RFC3339)
	}
	var content bytes.Buffer
	content.WriteString(header + "\n" + rootRow)
	for i := range users {
		second := "false,N/A,N/A,N/A,N/A"
		if i%5 == 0 {
			second = "true," + day(i) + ",N/A,N/A,N/A"
		}
		fmt.Fprintf(&content, "\nservice-%05d,arn:aws:iam::123456789012:user/services/service-%05d,%s,false,N/A,N/A,N/A,false,"+
			"true,%s,%s,eu-central-1,s3,%s,false,N/A,false,N/A", i, i, day(i+9000), day(i), day(i/10), second)
	}
	return content.Bytes()
}

// BenchmarkParse parses reports of accounts of three sizes. AWS allows 5,000 users in an account.
func BenchmarkParse(b *testing.B) {
	for _, users := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprint(users), func(b *testing.B) {
			content := largeReport(users)
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := credreport.Parse(content); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCSV is the measure of BenchmarkParse: encoding/csv alone, which throws the rows away.
func BenchmarkCSV(b *testing.B) {
	content := largeReport(10_000)
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		rows := csv.NewReader(bytes.NewReader(content))
		rows.ReuseRecord = true
		for {
			if _, err := rows.Read(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// TestParse_memory holds what 10,000 users cost: less than 10 MB of allocations in all, for a report of 2.2 MB.
//
//nolint:paralleltest // it counts the allocations of the process
func TestParse_memory(t *testing.T) {
	content := largeReport(10_000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := credreport.Parse(content); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 10<<20 {
		t.Errorf("%d bytes allocated for a report of %d", got, len(content))
	}
}

// quoteAll returns the rows as encoding/csv reads them, with quotes around each field.
func quoteAll(t *testing.T, content []byte) []byte {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatalf("encoding/csv: %v", err)
	}
	var quoted strings.Builder
	for _, row := range rows {
		for i, field := range row {
			if i > 0 {
				quoted.WriteByte(',')
			}
			quoted.WriteString(`"` + strings.ReplaceAll(field, `"`, `""`) + `"`)
		}
		quoted.WriteByte('\n')
	}
	return []byte(quoted.String())
}

// FuzzParse holds that what is parsed has one root user and no user twice, and that quotes make no difference.
func FuzzParse(f *testing.F) {
	f.Add([]byte(wholeReport))
	f.Add([]byte(header))
	f.Add([]byte(columnsOf(wholeReport, essential...)))
	f.Add([]byte(columnsOf(wholeReport, append([]string{"new", "additional_credentials_info"}, essential...)...)))
	f.Add([]byte(strings.ReplaceAll("\ufeff"+wholeReport, "\n", "\r\n\r\n")))
	f.Add([]byte(`"user","arn"` + "\n\"a\"\"b\nc\",x"))
	f.Fuzz(func(t *testing.T, content []byte) {
		report, err := credreport.Parse(content)
		if err != nil {
			if report.Users != nil || len(err.Error()) > 2*len(content)+1000 {
				t.Errorf("error %v with %d users", err, len(report.Users))
			}
			return
		}
		names := map[string]bool{}
		for _, user := range report.Users {
			name := strings.ToLower(user.Name)
			if user.Name == "" || names[name] || user.Root != (user.Name == credreport.RootName) || !strings.HasPrefix(user.ARN, "arn:") {
				t.Errorf("user %+v", user)
			}
			names[name] = true
		}
		if !report.Root().Root {
			t.Error("no root user")
		}
		again, err := credreport.Parse(quoteAll(t, content))
		if err != nil || !reflect.DeepEqual(again, report) {
			t.Errorf("with all fields quoted: %+v, %v, want %+v", again, err, report)
		}
	})
}
