package iamgate_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const (
	getReport      = "GetCredentialReport"
	generateReport = "GenerateCredentialReport"
)

// reportOf are settings for reports with this content.
func reportOf(content string, pending int) iamsim.CredentialReports {
	return iamsim.CredentialReports{Pending: pending, Content: []byte(content)}
}

func TestCredentialReport(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{CredentialReports: reportOf("first", 0)})
	g, clock := newGateway(t, sim)
	for _, step := range []struct {
		name        string
		age         time.Duration
		want        string
		generatedAt time.Time
		calls       []string
	}{
		{"none yet", 0, "first", day0, []string{getReport, generateReport, getReport}},
		{"young", 4*time.Hour - time.Second, "first", day0, []string{getReport}},
		{"expired", time.Second, "second", day0.Add(4 * time.Hour), []string{getReport, generateReport, getReport}},
	} {
		sim.Advance(step.age)
		sim.ResetLog()
		content, generatedAt, err := g.CredentialReport(t.Context())
		noError(t, err)
		if string(content) != step.want || !generatedAt.Equal(step.generatedAt) {
			t.Errorf("%s: got %q of %v, want %q of %v", step.name, content, generatedAt, step.want, step.generatedAt)
		}
		wantCalls(t, sim, step.calls...)
		sim.SetCredentialReports(reportOf("second", 0))
	}
	if slept := clock.total(); slept > 2*time.Second {
		t.Errorf("slept %v", slept)
	}
}

// TestCredentialReport_inProgress waits for a report, here one that somebody else has started, and shows what is logged.
func TestCredentialReport_inProgress(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		started bool
		calls   []string
		log     []string
	}{
		"by us": {
			false, slices.Concat([]string{getReport, generateReport}, repeat(getReport, 4)),
			[]string{"info: generate a credential report ReportNotPresent"},
		},
		"by another": {true, repeat(getReport, 4), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, iamsim.Options{CredentialReports: reportOf("report", 3)})
			g, clock := newGateway(t, sim)
			if test.started {
				other := iamgate.New(newConfig(sim), iamgate.Options{Clock: canceledClock{}})
				_, _, err := other.CredentialReport(t.Context())
				wantKind(t, err, iamgate.KindCanceled)
				sim.ResetLog()
			}
			var log bytes.Buffer
			content, _, err := g.CredentialReport(tflogtest.RootLogger(t.Context(), &log))
			noError(t, err)
			if string(content) != "report" {
				t.Errorf("got %q", content)
			}
			wantCalls(t, sim, test.calls...)
			if clock.total() == 0 {
				t.Error("did not wait")
			}
			want := slices.Concat(test.log, slices.Repeat([]string{"debug: AWS still generates the credential report, ask again"}, 3))
			if got := logLines(t, &log); !slices.Equal(got, want) {
				t.Errorf("logged %q, want %q", got, want)
			}
		})
	}
}

// canceledClock ends every wait at once, as Ctrl-C does.
type canceledClock struct{}

func (canceledClock) Now() time.Time { return day0 }

func (canceledClock) Sleep(context.Context, time.Duration) error { return context.Canceled }

// logLines returns the level, the message and the cause of each line.
func logLines(t *testing.T, log *bytes.Buffer) []string {
	t.Helper()
	entries, err := tflogtest.MultilineJSONDecode(log)
	noError(t, err)
	var lines []string
	for _, entry := range entries {
		line := fmt.Sprintf("%s: %s", entry["@level"], entry["@message"])
		if cause, ok := entry["cause"]; ok {
			line += fmt.Sprintf(" %s", cause)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestCredentialReport_neverCompletes(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{CredentialReports: reportOf("", -1)})
	g, clock := newGateway(t, sim)
	content, generatedAt, err := g.CredentialReport(t.Context())
	failure := wantError(t, err, iamgate.KindReportPending)
	want := "iam:GetCredentialReport: ReportInProgress: no report within 2m0s: The request was rejected because the credential report is " +
		"still being generated. (HTTP 404, request id " + failure.RequestID + ")"
	if failure.Error() != want || failure.Action != "iam:GetCredentialReport" {
		t.Errorf("got  %v\nwant %s", failure, want)
	}
	if content != nil || !generatedAt.IsZero() {
		t.Errorf("got %q of %v with an error", content, generatedAt)
	}
	if slept := clock.total(); slept != 2*time.Minute {
		t.Errorf("slept %v, want 2m", slept)
	}
	if calls := len(sim.Log()); calls > 100 {
		t.Errorf("%d calls", calls)
	}
}

func TestCredentialReport_errors(t *testing.T) {
	t.Parallel()
	deny := func(action string) func(*iamsim.Server) {
		return func(sim *iamsim.Server) { sim.Deny("admin", action) }
	}
	fail := func(action string, kind iamsim.FaultKind) func(*iamsim.Server) {
		return func(sim *iamsim.Server) { sim.AddFault(iamsim.Fault{Action: action, Kind: kind}) }
	}
	for name, test := range map[string]struct {
		given  func(*iamsim.Server)
		kind   iamgate.Kind
		action string
		calls  []string
	}{
		"denied to get": {deny("iam:GetCredentialReport"), iamgate.KindAccessDenied, "iam:GetCredentialReport", repeat(getReport, 1)},
		"denied to generate": {
			deny("iam:GenerateCredentialReport"), iamgate.KindAccessDenied, "iam:GenerateCredentialReport",
			[]string{getReport, generateReport},
		},
		"throttled": {fail(getReport, iamsim.Throttled), iamgate.KindThrottled, "iam:GetCredentialReport", repeat(getReport, attempts)},
		"throttled to generate": {
			fail(generateReport, iamsim.Throttled), iamgate.KindThrottled, "iam:GenerateCredentialReport",
			slices.Concat(repeat(getReport, 1), repeat(generateReport, attempts)),
		},
		"empty answer": {fail(getReport, iamsim.Empty200), iamgate.KindBadAnswer, "iam:GetCredentialReport", repeat(getReport, 1)},
		"failure": {
			fail(getReport, iamsim.ErrorBeforeCommit), iamgate.KindServiceFailure, "iam:GetCredentialReport", repeat(getReport, attempts),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, iamsim.Options{})
			test.given(sim)
			g, clock := newGateway(t, sim)
			_, _, err := g.CredentialReport(t.Context())
			if failure := wantError(t, err, test.kind); failure.Action != test.action || failure.Resource != "" {
				t.Errorf("got %+v", *failure)
			}
			wantCalls(t, sim, test.calls...)
			if slept := clock.total(); slept != 0 {
				t.Errorf("slept %v", slept)
			}
		})
	}
}

// TestCredentialReport_throttled goes on after AWS asked for fewer requests, also in the middle of a wait.
func TestCredentialReport_throttled(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{CredentialReports: reportOf("report", 1)})
	sim.AddFault(iamsim.Fault{Action: getReport, Nth: 2, Times: 2, Kind: iamsim.Throttled})
	sim.AddFault(iamsim.Fault{Action: generateReport, Nth: 1, Kind: iamsim.Throttled})
	g, _ := newGateway(t, sim)
	content, _, err := g.CredentialReport(t.Context())
	noError(t, err)
	if string(content) != "report" {
		t.Errorf("got %q", content)
	}
	wantCalls(t, sim, slices.Concat(repeat(getReport, 1), repeat(generateReport, 2), repeat(getReport, 4))...)
}

func TestCredentialReport_badAnswer(t *testing.T) {
	t.Parallel()
	for name, result := range map[string]string{
		"no content":       `<GeneratedTime>2026-11-01T12:00:00Z</GeneratedTime>`,
		"no content in it": `<Content></Content><GeneratedTime>2026-11-01T12:00:00Z</GeneratedTime>`,
		"no time":          `<Content>cmVwb3J0</Content>`,
		"no base64":        `<Content>report!</Content><GeneratedTime>2026-11-01T12:00:00Z</GeneratedTime>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newCannedGateway(t, newClock(day0), func(*http.Request) (*http.Response, error) {
				return answer(http.StatusOK, "", `<R><GetCredentialReportResult>`+result+`</GetCredentialReportResult></R>`), nil
			})
			_, _, err := g.CredentialReport(t.Context())
			if failure := wantError(t, err, iamgate.KindBadAnswer); strings.Contains(failure.Error(), "report!") {
				t.Errorf("the error shows the answer: %v", failure)
			}
		})
	}
}
