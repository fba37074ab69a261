package trail

import (
	"testing"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

func TestParseEvent(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	sent := func(source, record string) types.Event {
		return types.Event{
			EventTime: aws.Time(at), EventName: aws.String("Call"), EventSource: aws.String(source), CloudTrailEvent: aws.String(record),
		}
	}
	for name, test := range map[string]struct {
		in   types.Event
		want *Event
	}{
		"a call": {
			sent("ec2.amazonaws.com", `{"sourceIPAddress": "10.0.0.1", "userAgent": "Boto3/1.34"}`),
			&Event{At: at, Service: "ec2", Action: "Call", SourceIP: "10.0.0.1", UserAgent: "Boto3/1.34"},
		},
		"an error": {
			sent("ec2.amazonaws.com", `{"errorCode": "Client.UnauthorizedOperation"}`),
			&Event{At: at, Service: "ec2", Action: "Call", Failed: true},
		},
		"by a service": {
			sent("kms.amazonaws.com", `{"sourceIPAddress": "cloudformation.amazonaws.com", "userAgent": null}`),
			&Event{At: at, Service: "kms", Action: "Call", SourceIP: "cloudformation.amazonaws.com"},
		},
		"control characters": {
			sent("ec2.amazonaws.com", `{"userAgent": " a\u001b[2J\nb\u202ec\u0000\u007f\u2028 "}`),
			&Event{At: at, Service: "ec2", Action: "Call", UserAgent: "a[2J bc"},
		},
		"another source": {sent("signin.example", `{}`), &Event{At: at, Service: "signin.example", Action: "Call"}},
		"no record":      {sent("ec2.amazonaws.com", ""), nil},
		"no object":      {sent("ec2.amazonaws.com", `[]`), nil},
		"another type":   {sent("ec2.amazonaws.com", `{"userAgent": 1}`), nil},
		"no time":        {types.Event{EventName: aws.String("Call"), EventSource: aws.String("x"), CloudTrailEvent: aws.String("{}")}, nil},
		"no name":        {types.Event{EventTime: aws.Time(at), EventSource: aws.String("x"), CloudTrailEvent: aws.String("{}")}, nil},
		"no source":      {types.Event{EventTime: aws.Time(at), EventName: aws.String("Call"), CloudTrailEvent: aws.String("{}")}, nil},
	} {
		got, ok := parseEvent(test.in)
		if ok != (test.want != nil) || ok && got != *test.want {
			t.Errorf("%s: got %+v, %t", name, got, ok)
		}
	}
}

// Whatever a record holds, no control character comes out of it.
func FuzzEvent_addRecord(f *testing.F) {
	f.Add(`{"sourceIPAddress": "10.0.0.1", "userAgent": "a\u001bb", "errorCode": "AccessDenied"}`)
	f.Add("{\"userAgent\": \"\xff\"}")
	f.Add(`{"useragent": "x", "USERAGENT": "\u202e"}`)
	f.Fuzz(func(t *testing.T, text string) {
		var e Event
		e.addRecord(text)
		for _, shown := range []string{e.SourceIP, e.UserAgent} {
			for _, r := range shown {
				if !unicode.IsPrint(r) {
					t.Errorf("%q has %q", shown, r)
				}
			}
		}
	})
}
