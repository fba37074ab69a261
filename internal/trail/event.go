package trail

import (
	"encoding/json"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// serviceSuffix ends the name of every AWS service in an event.
const serviceSuffix = ".amazonaws.com"

// Event is a use of a key.
type Event struct {
	At time.Time
	// SourceIP is the address of the client or, for a call that an AWS service made for it, the name of that service. It and
	// UserAgent, which the client chooses, are empty where CloudTrail has none.
	SourceIP, UserAgent string
	// Service is such as "ec2", and Action such as "DescribeInstances".
	Service, Action string
	// Failed reports whether AWS answered with an error.
	Failed bool
}

// parseEvent returns what matters of an event; ok is false where it lacks what AWS always sends.
func parseEvent(e types.Event) (event Event, ok bool) {
	if e.EventTime == nil || e.EventName == nil || e.EventSource == nil {
		return Event{}, false
	}
	event = Event{
		At: e.EventTime.UTC(), Service: strings.TrimSuffix(printable(*e.EventSource), serviceSuffix), Action: printable(*e.EventName),
	}
	ok = event.addRecord(aws.ToString(e.CloudTrailEvent))
	return event, ok
}

// addRecord adds what only the record of the event has, and reports whether it is one.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
func (e *Event) addRecord(text string) bool {
	var record struct {
		SourceIP  string `json:"sourceIPAddress"`
		UserAgent string `json:"userAgent"`
		ErrorCode string `json:"errorCode"`
	}
	if err := json.Unmarshal([]byte(text), &record); err != nil {
		return false
	}
	e.SourceIP, e.UserAgent, e.Failed = printable(record.SourceIP), printable(record.UserAgent), record.ErrorCode != ""
	return true
}

// printable returns text without control characters, among them those that reverse the direction of a line. Any space becomes a
// simple one.
func printable(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		default:
			return -1
		}
	}, text))
}
