package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/awserr"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/trail"
)

func TestDescribeUsage(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.April, 9, 12, 0, 0, 0, time.UTC)
	call := func(ip, agent, action string, failed bool) trail.Event {
		return trail.Event{At: at, SourceIP: ip, UserAgent: agent, Service: "ec2", Action: action, Failed: failed}
	}
	failed := func(parts awserr.Parts) error {
		return errors.Join(nil, &trail.Error{Region: "eu-west-1", Parts: parts})
	}
	const (
		none = "CloudTrail has no management event of the key in the last 8d in us-east-1. Data events, such as reads of S3 objects, are not " +
			"among these, and an event appears about five minutes after the call."
		shows   = "CloudTrail shows who has used the key in the last 8d in us-east-1:"
		unknown = "CloudTrail does not say who uses the key. cloudtrail:LookupEvents (eu-west-1)"
		last    = "the last at 2026-04-09 12:00:00 UTC)"
	)
	for name, test := range map[string]struct {
		found trail.Result
		err   error
		want  string
	}{
		"nothing": {want: none},
		"errors and many actions": {
			found: trail.Result{Events: []trail.Event{
				call("10.0.0.1", "cli", "A", false), call("10.0.0.1", "cli", "A", true), call("10.0.0.1", "cli", "B", true),
				call("10.0.0.1", "cli", "C", false), call("10.0.0.1", "cli", "D", false),
			}},
			want: shows + "\n  10.0.0.1, cli: ec2:A, ec2:B, ec2:C and 1 action more (5 calls, 2 with an error, " + last,
		},
		"a long user agent": {
			found: trail.Result{Events: []trail.Event{call("10.0.0.1", strings.Repeat("ä", 101), "A", false)}},
			want:  shows + "\n  10.0.0.1, " + strings.Repeat("ä", 100) + "...: ec2:A (1 call, " + last,
		},
		"neither address nor user agent": {
			found: trail.Result{Events: []trail.Event{call("", "", "A", false)}},
			want:  shows + "\n  unknown address, no user agent: ec2:A (1 call, " + last,
		},
		"this provider comes last": {
			found: trail.Result{Events: []trail.Event{
				call("10.0.0.1", "a", "A", false), call("10.0.0.2", "terraform-provider-iamkeys/1", "A", false),
				call("10.0.0.3", "b", "A", false),
			}},
			want: shows + "\n  10.0.0.1, a: ec2:A (1 call, " + last + "\n  10.0.0.3, b: ec2:A (1 call, " + last +
				"\n  10.0.0.2, this provider: ec2:A (1 call, " + last,
		},
		"more": {
			found: trail.Result{Truncated: true, Events: []trail.Event{
				call("1", "a", "A", false), call("2", "a", "A", false), call("3", "a", "A", false), call("4", "a", "A", false),
				call("5", "a", "A", false),
			}},
			want: shows + "\n  1, a: ec2:A (1 call, " + last + "\n  2, a: ec2:A (1 call, " + last + "\n  3, a: ec2:A (1 call, " + last +
				"\n  and 2 callers more\nOnly the latest 100 events of each Region were read.",
		},
		"one Region fails": {
			found: trail.Result{Events: []trail.Event{call("1", "a", "A", false)}},
			err:   failed(awserr.Parts{Outcome: awserr.Answered, HTTPStatus: 400, Code: "ThrottlingException", Message: "Rate exceeded"}),
			want: shows + "\n  1, a: ec2:A (1 call, " + last + "\nOne Region did not answer. cloudtrail:LookupEvents (eu-west-1): " +
				"ThrottlingException: Rate exceeded (HTTP 400). CloudTrail answers two requests a second in a Region, to the whole account. " +
				"Run again later.",
		},
		"denied": {
			err:  failed(awserr.Parts{Outcome: awserr.Answered, HTTPStatus: 400, Code: "AccessDeniedException", Message: "No."}),
			want: unknown + ": AccessDeniedException: No. (HTTP 400). Allow cloudtrail:LookupEvents for the credentials of this provider.",
		},
		"Region not enabled": {
			err: failed(awserr.Parts{Outcome: awserr.Answered, HTTPStatus: 400, Code: "UnrecognizedClientException", RequestID: "r-1"}),
			want: unknown + ": UnrecognizedClientException (HTTP 400, request id r-1). AWS does not accept the credentials of this provider in " +
				"eu-west-1. Check that the account has enabled that Region.",
		},
		"no credentials": {
			err: failed(awserr.Parts{Outcome: awserr.NoCredentials, Message: "none"}),
			want: unknown + ": none. Set credentials for this provider: profile, access_key and secret_key, assume_role, or the AWS_* " +
				"environment variables.",
		},
		"no answer": {
			err:  failed(awserr.Parts{Outcome: awserr.NoAnswer, Message: "no answer"}),
			want: unknown + ": no answer. Check the name of the Region, the network, proxy settings and the endpoints block of this provider.",
		},
		"too late": {
			err: failed(awserr.Parts{Outcome: awserr.Canceled, Message: "context deadline exceeded", Cause: context.DeadlineExceeded}),
			want: unknown + ": no answer within 10s. CloudTrail answers two requests a second in a Region, to the whole account, so that many " +
				"lookups take long.",
		},
		"failure": {
			err:  failed(awserr.Parts{Outcome: awserr.Answered, HTTPStatus: 500, Code: "InternalFailure"}),
			want: unknown + ": InternalFailure (HTTP 500). Run again later.",
		},
	} {
		asked := trail.Query{Regions: []string{"us-east-1"}, Since: 8 * 24 * time.Hour, MaxPages: 2}
		if got := describeUsage(asked, test.found, test.err); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, test.want)
		}
	}
}

// What CloudTrail shows belongs to one warning, that of the retirement if there is one.
func TestUsageOf(t *testing.T) {
	t.Parallel()
	used := &rotation.Obstacle{Cause: rotation.CauseUsed, Key: "k1"}
	also := &rotation.Obstacle{Cause: rotation.CauseUsed, Key: "k1"}
	other := &rotation.Obstacle{Cause: rotation.CauseHeld, Key: "k1"}
	for i, test := range []struct {
		blocked, retirement *rotation.Obstacle
		want                string
	}{
		{nil, used, `"" "\n\nx"`},
		{also, used, `"" "\n\nx"`},
		{used, other, `"\n\nx" ""`},
		{other, other, `"" ""`},
	} {
		d := rotation.Decision{Blocked: test.blocked, RetirementBlocked: test.retirement}
		got := fmt.Sprintf("%q %q", usageOf(d.Blocked, d, "x"), usageOf(d.RetirementBlocked, d, "x"))
		if got != test.want {
			t.Errorf("%d: %s, want %s", i, got, test.want)
		}
		if usageOf(d.RetirementBlocked, d, "") != "" {
			t.Errorf("%d: an empty usage is shown", i)
		}
	}
}
