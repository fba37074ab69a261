package credreport_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/credreport"
)

func TestParse_columnErrors(t *testing.T) {
	t.Parallel()
	for _, missing := range essential {
		t.Run(missing, func(t *testing.T) {
			t.Parallel()
			_, err := credreport.Parse([]byte(strings.Replace(wholeReport, missing, "other_"+missing, 1)))
			want := &credreport.ColumnsError{Missing: []string{missing}}
			if !reflect.DeepEqual(err, want) || err.Error() != "the header lacks "+missing {
				t.Errorf("error %v, want %v", err, want)
			}
		})
	}
	_, err := credreport.Parse([]byte("user,arn,user,new,new,mfa_active\n"))
	want := &credreport.ColumnsError{Missing: essential[2:], Repeated: []string{"user", "new"}}
	text := "the header lacks user_creation_time, access_key_1_active, access_key_1_last_rotated, access_key_1_last_used_date, " +
		"access_key_2_active, access_key_2_last_rotated, access_key_2_last_used_date; the header repeats [\"user\" \"new\"]"
	if !reflect.DeepEqual(err, want) || err.Error() != text {
		t.Errorf("error %v, want %v", err, want)
	}
}

func TestParse_errors(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("9", 100)
	for name, tc := range map[string]struct {
		content string
		want    error
		text    string
	}{
		"empty":                  {"", credreport.ErrEmpty, "the report is empty"},
		"only a byte order mark": {"\ufeff\n", credreport.ErrEmpty, "the report is empty"},
		"only a header":          {header, credreport.ErrNoRoot, "the report has no row for the root user <root_account>"},
		"row of the root user missing": {
			header + "\n" + aliceRow + "\n" + botRow, credreport.ErrNoRoot, "the report has no row for the root user <root_account>",
		},
		"HTML": {
			`<html lang="en">`, &credreport.RowError{Line: 1, Err: credreport.ErrQuote}, "line 1: a misplaced quote",
		},
		"row cut off between fields": {
			header + "\n" + rootRow + "\n" + aliceRow[:120],
			&credreport.RowError{Line: 3, Err: credreport.ErrFieldCount}, "line 3: more or fewer fields than the header",
		},
		"row cut off in the last field": {
			strings.TrimSuffix(wholeReport, "/A"),
			&credreport.RowError{Line: 4, Err: &credreport.ValueError{Column: "cert_2_last_rotated", Value: "N"}},
			`line 4: cert_2_last_rotated cannot be "N"`,
		},
		"row cut off before the last field": {
			strings.TrimSuffix(wholeReport, "N/A"),
			&credreport.RowError{Line: 4, Err: &credreport.ValueError{Column: "cert_2_last_rotated"}},
			`line 4: cert_2_last_rotated cannot be ""`,
		},
		"one field too many": {
			header + "\n" + rootRow + ",x\n" + botRow,
			&credreport.RowError{Line: 2, Err: credreport.ErrFieldCount}, "line 2: more or fewer fields than the header",
		},
		"open quote": {
			header + "\n" + rootRow + "\n\"" + botRow,
			&credreport.RowError{Line: 3, Err: credreport.ErrQuote}, "line 3: a misplaced quote",
		},
		"long row": {
			header + "\n" + rootRow + "\n" + strings.Repeat("x", 64<<10) + "\n",
			&credreport.RowError{Line: 3, Err: credreport.ErrFieldCount}, "line 3: more or fewer fields than the header",
		},
		"row too long": {
			header + "\n" + rootRow + "\n" + strings.Repeat("x", 64<<10+1) + "\n",
			&credreport.RowError{Line: 3, Err: credreport.ErrTooLarge}, "line 3: the report is too large",
		},
		"quotes over too many lines": {
			header + "\n" + rootRow + "\n\"" + strings.Repeat("\n", 64<<10) + "\"",
			&credreport.RowError{Line: 3, Err: credreport.ErrQuote}, "line 3: a misplaced quote",
		},
		"end of a quoted row too far": {
			header + "\n" + rootRow + "\n\"" + strings.Repeat("\n", 64<<10-3) + "\",x",
			&credreport.RowError{Line: 3, Err: credreport.ErrQuote}, "line 3: a misplaced quote",
		},
		"repeated user": {
			wholeReport + "\n" + aliceRow,
			&credreport.RowError{Line: 5, Err: &credreport.RepeatedUserError{User: "Alice", FirstLine: 3}},
			`line 5: user "Alice" has a row in line 3, too`,
		},
		"repeated user in another case": {
			wholeReport + "\nBOT" + strings.TrimPrefix(botRow, "bot"),
			&credreport.RowError{Line: 5, Err: &credreport.RepeatedUserError{User: "BOT", FirstLine: 4}},
			`line 5: user "BOT" has a row in line 4, too`,
		},
		"repeated root user": {
			wholeReport + "\n" + rootRow,
			&credreport.RowError{Line: 5, Err: &credreport.RepeatedUserError{User: "<root_account>", FirstLine: 2}},
			`line 5: user "<root_account>" has a row in line 2, too`,
		},
		"no name": {
			header + "\n" + strings.TrimPrefix(botRow, "bot"),
			&credreport.RowError{Line: 2, Err: &credreport.ValueError{Column: "user"}}, `line 2: user cannot be ""`,
		},
		"no ARN": {
			header + "\n" + strings.Replace(botRow, "arn:", "urn:", 1),
			&credreport.RowError{Line: 2, Err: &credreport.ValueError{Column: "arn", Value: "urn:aws:iam::123456789012:user/bot"}},
			`line 2: arn cannot be "urn:aws:iam::123456789012:user/bot"`,
		},
		"no date": {
			header + "\n" + strings.Replace(botRow, "2022-01-01T00:00:00Z", "yesterday\x1b[0m", 1),
			&credreport.RowError{Line: 2, Err: &credreport.ValueError{Column: "user_creation_time", Value: "yesterday\x1b[0m"}},
			`line 2: user_creation_time cannot be "yesterday\x1b[0m"`,
		},
		"the zero date": {
			header + "\n" + strings.Replace(botRow, "2022-01-01T00:00:00Z", "0001-01-01T00:00:00Z", 1),
			&credreport.RowError{Line: 2, Err: &credreport.ValueError{Column: "user_creation_time", Value: "0001-01-01T00:00:00Z"}},
			`line 2: user_creation_time cannot be "0001-01-01T00:00:00Z"`,
		},
		"no flag": {
			header + "\n" + strings.Replace(aliceRow, ",true,no_information", ",yes,no_information", 1),
			&credreport.RowError{Line: 2, Err: &credreport.ValueError{Column: "password_enabled", Value: "yes"}},
			`line 2: password_enabled cannot be "yes"`,
		},
		"status of a key left open": {
			header + "\n" + strings.Replace(botRow, ",true,2026", ",not_supported,2026", 1),
			&credreport.RowError{Line: 2, Err: &credreport.ValueError{Column: "access_key_1_active", Value: "not_supported"}},
			`line 2: access_key_1_active cannot be "not_supported"`,
		},
		"long value": {
			header + "\n" + strings.Replace(botRow, "2022-01-01T00:00:00Z", long, 1),
			&credreport.RowError{Line: 2, Err: &credreport.ValueError{Column: "user_creation_time", Value: long[:64]}},
			`line 2: user_creation_time cannot be "` + long[:64] + `"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := credreport.Parse([]byte(tc.content))
			if !reflect.DeepEqual(err, tc.want) || err.Error() != tc.text {
				t.Errorf("error %#v (%v), want %#v (%s)", err, err, tc.want, tc.text)
			}
			if report.Users != nil {
				t.Errorf("users with an error: %+v", report.Users)
			}
		})
	}
}

func TestRowError_unwrap(t *testing.T) {
	t.Parallel()
	_, err := credreport.Parse([]byte(header + "\n" + rootRow[:50]))
	if !errors.Is(err, credreport.ErrFieldCount) {
		t.Errorf("error %v does not wrap ErrFieldCount", err)
	}
}

func TestParse_tooLarge(t *testing.T) {
	t.Parallel()
	if _, err := credreport.Parse(make([]byte, credreport.MaxSize+1)); !errors.Is(err, credreport.ErrTooLarge) {
		t.Errorf("one byte too many: error %v", err)
	}
	var content bytes.Buffer
	content.WriteString(columnsOf(header+"\n"+rootRow, essential...))
	for i := 1; i < credreport.MaxUsers; i++ {
		writeRow(&content, i)
	}
	report, err := credreport.Parse(content.Bytes())
	if err != nil || len(report.Users) != credreport.MaxUsers {
		t.Fatalf("%d users, error %v, want %d", len(report.Users), err, credreport.MaxUsers)
	}
	writeRow(&content, credreport.MaxUsers)
	if _, err := credreport.Parse(content.Bytes()); !errors.Is(err, credreport.ErrTooLarge) {
		t.Errorf("one user too many: error %v", err)
	}
}

// writeRow writes the row of user i in the essential columns.
func writeRow(content *bytes.Buffer, i int) {
	fmt.Fprintf(content, "\nu%d,arn:aws:iam::123456789012:user/u%d,2022-01-01T00:00:00Z,false,N/A,N/A,false,N/A,N/A", i, i)
}
