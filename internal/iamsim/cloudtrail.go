package iamsim

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	defaultEventDelay = 5 * time.Minute
	// eventRetention is how long the event history of CloudTrail reaches back.
	// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
	eventRetention = 90 * 24 * time.Hour
	// globalRegion is where the events of services without regions are.
	globalRegion = "us-east-1"
	sourceSuffix = ".amazonaws.com"
)

// Event is a management event, as CloudTrail records it for a call that was authenticated.
type Event struct {
	// At is the time of the call, in whole seconds.
	At time.Time
	// Region is where CloudTrail shows the event.
	Region string
	// Source is the service, such as "ec2.amazonaws.com", and Name the action, such as "DescribeInstances".
	Source, Name string
	// SourceIP and UserAgent are those of the client. For a call that an AWS service makes for it, SourceIP is the name of the service.
	SourceIP, UserAgent string
	// ErrorCode is empty for a success.
	ErrorCode string
	// AccessKeyID is the key or session that signed, and UserName the name of the user or session.
	AccessKeyID, UserName string
}

// recordedEvent is an event with what identifies its caller.
type recordedEvent struct {
	Event

	serial      int
	principalID string
	arn         string
}

// eventHistory holds the events of all regions, in the order in which they were recorded.
type eventHistory struct {
	events []recordedEvent
	serial int
}

// add records an event, and drops those that nobody can look up any more.
func (h *eventHistory) add(e recordedEvent, now time.Time) {
	h.serial++
	e.serial, e.At = h.serial, e.At.UTC().Truncate(time.Second)
	for len(h.events) > 0 && now.Sub(h.events[0].At) > eventRetention {
		h.events = h.events[1:]
	}
	h.events = append(h.events, e)
}

// AddEvent adds a management event of any service, as a consumer's call would. A zero At stands for now, an empty Region for
// us-east-1, and an empty UserName for the owner of the key. It panics if service, name or key is missing.
func (s *Server) AddEvent(e Event) {
	if e.Source == "" || e.Name == "" || e.AccessKeyID == "" {
		panic("iamsim: AddEvent: the event has no source, name or key")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.time.now()
	if e.At.IsZero() {
		e.At = now
	}
	if e.Region == "" {
		e.Region = globalRegion
	}
	recorded := recordedEvent{Event: e}
	if k, ok := s.account.signingKey(e.AccessKeyID); ok {
		recorded.principalID, recorded.arn = k.owner.ID, s.account.arn(k.owner)
		if e.UserName == "" {
			recorded.UserName = k.owner.Name
		}
	}
	s.account.trail.add(recorded, now)
}

// recordCall records a call of the caller of in that ended with err, as CloudTrail does: IAM in us-east-1, STS and KMS in the
// region that the call was signed for.
func (s *Server) recordCall(r *http.Request, service string, in *invocation, err error) {
	e := recordedEvent{
		Event: Event{
			At: s.time.now(), Region: in.who.region, Source: service + sourceSuffix, Name: in.call.Action, UserAgent: r.UserAgent(),
			ErrorCode: eventErrorCode(err), AccessKeyID: in.who.keyID,
		},
		principalID: in.who.userID, arn: in.who.arn,
	}
	if service == serviceIAM {
		e.Region = globalRegion
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		e.SourceIP = host
	}
	if in.who.user != nil {
		e.UserName = in.who.user.Name
	} else {
		e.UserName = in.who.userID[strings.LastIndex(in.who.userID, ":")+1:]
	}
	s.account.trail.add(e, s.time.now())
}

// eventErrorCode is the name of an error in an event: that of the exception in AWS's SDKs, such as NoSuchEntityException, but
// AccessDenied without that word.
func eventErrorCode(err error) string {
	failed, ok := err.(*apiError) //nolint:errorlint // operations return nothing else
	switch {
	case !ok:
		return ""
	case failed.code == "AccessDenied" || strings.HasSuffix(failed.code, "Exception"):
		return failed.code
	}
	return failed.code + "Exception"
}

// visible returns the events that CloudTrail shows in a region, the newest first.
func (s *Server) visible(region string) []recordedEvent {
	now, delay := s.time.now(), s.opts.EventDelay
	if delay == 0 {
		delay = defaultEventDelay
	}
	var events []recordedEvent
	for _, e := range s.account.trail.events {
		if age := now.Sub(e.At); e.Region == region && age >= delay && age <= eventRetention {
			events = append(events, e)
		}
	}
	slices.SortStableFunc(events, func(a, b recordedEvent) int {
		if order := b.At.Compare(a.At); order != 0 {
			return order
		}
		return b.serial - a.serial
	})
	return events
}

// id is the id of the event.
func (e *recordedEvent) id() string { return fmt.Sprintf("%08x-0000-4000-8000-000000000000", e.serial) }

// readOnly reports whether the action changes nothing.
func (e *recordedEvent) readOnly() bool {
	return slices.ContainsFunc([]string{"Get", "List", "Describe", "Lookup", "AssumeRole", "Encrypt", "Decrypt"}, func(prefix string) bool {
		return strings.HasPrefix(e.Name, prefix)
	})
}

// eventIdentity is the element userIdentity of an event.
type eventIdentity struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId,omitempty"`
	ARN         string `json:"arn,omitempty"`
	AccountID   string `json:"accountId"`
	AccessKeyID string `json:"accessKeyId"`
	UserName    string `json:"userName,omitempty"`
}

// document returns the event in CloudTrail's format.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
func (e *recordedEvent) document(account string) string {
	who := eventIdentity{
		Type: "IAMUser", PrincipalID: e.principalID, ARN: e.arn, AccountID: account, AccessKeyID: e.AccessKeyID, UserName: e.UserName,
	}
	if strings.Contains(e.arn, ":assumed-role/") {
		who.Type, who.UserName = "AssumedRole", ""
	}
	text, err := json.Marshal(struct {
		EventVersion string        `json:"eventVersion"`
		UserIdentity eventIdentity `json:"userIdentity"`
		EventTime    string        `json:"eventTime"`
		EventSource  string        `json:"eventSource"`
		EventName    string        `json:"eventName"`
		Region       string        `json:"awsRegion"`
		SourceIP     string        `json:"sourceIPAddress"`
		UserAgent    string        `json:"userAgent,omitempty"`
		ErrorCode    string        `json:"errorCode,omitempty"`
		Request      any           `json:"requestParameters"`
		Response     any           `json:"responseElements"`
		EventID      string        `json:"eventID"`
		ReadOnly     bool          `json:"readOnly"`
		EventType    string        `json:"eventType"`
		Management   bool          `json:"managementEvent"`
		Recipient    string        `json:"recipientAccountId"`
		Category     string        `json:"eventCategory"`
	}{
		EventVersion: "1.11", UserIdentity: who, EventTime: isoDate(e.At), EventSource: e.Source, EventName: e.Name, Region: e.Region,
		SourceIP: e.SourceIP, UserAgent: e.UserAgent, ErrorCode: e.ErrorCode, EventID: e.id(), ReadOnly: e.readOnly(),
		EventType: "AwsApiCall", Management: true, Recipient: account, Category: "Management",
	})
	must(err)
	return string(text)
}
