package iamsim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
)

const serviceCloudTrail = "cloudtrail"

// maxLookupResults is the size of a page of LookupEvents, and the default.
const maxLookupResults = 50

// cloudTrailProtocol is the JSON protocol of CloudTrail. The log holds the lookup attribute.
var cloudTrailProtocol = jsonProtocol{
	target:       "CloudTrail_20131101.",
	operations:   cloudTrailOperations,
	internalCode: "InternalFailure",
	params: func(body []byte) url.Values {
		params := url.Values{}
		var input lookupInput
		_ = json.Unmarshal(body, &input) // the operation reports the error
		for _, a := range input.LookupAttributes {
			params.Set(a.AttributeKey, a.AttributeValue)
		}
		return params
	},
}

// cloudTrailOperations are the actions of CloudTrail.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
var cloudTrailOperations = map[string]operation{
	"LookupEvents": {
		service: serviceCloudTrail, resource: func(*invocation) string { return noResource }, run: (*invocation).lookupEvents,
	},
}

// lookupThrottles limits LookupEvents in each region.
type lookupThrottles struct {
	perSecond float64
	clock     clock.Clock
	byRegion  map[string]*throttle
}

func (t *lookupThrottles) allow(region string) bool {
	if t.byRegion[region] == nil {
		t.byRegion[region] = newThrottle(t.perSecond, t.clock)
	}
	return t.byRegion[region].allow()
}

// lookupInput is the request of LookupEvents. Times are in seconds since 1970.
type lookupInput struct {
	LookupAttributes   []lookupAttribute
	StartTime, EndTime *float64
	EventCategory      string
	MaxResults         *int
	NextToken          string
}

type lookupAttribute struct{ AttributeKey, AttributeValue string }

type lookupResult struct {
	Events    []eventElement
	NextToken string `json:",omitempty"`
}

// eventElement is an event in an answer. EventTime is in seconds since 1970.
type eventElement struct {
	EventID         string `json:"EventId"`
	EventName       string
	ReadOnly        string
	AccessKeyID     string `json:"AccessKeyId"`
	EventTime       int64
	EventSource     string
	Username        string `json:",omitempty"`
	Resources       []string
	CloudTrailEvent string
}

// lookupEvents returns events of the region that the call is signed for.
func (in *invocation) lookupEvents() (any, error) {
	if !in.lookups.allow(in.who.region) {
		return nil, errThrottled()
	}
	var input lookupInput
	if err := json.Unmarshal(in.body, &input); err != nil {
		return nil, errLookup("SerializationException", "")
	}
	matches, err := input.filter()
	if err != nil {
		return nil, err
	}
	after, err := input.position()
	if err != nil {
		return nil, err
	}
	limit := maxLookupResults
	if input.MaxResults != nil {
		limit = *input.MaxResults
	}
	if limit < 1 || limit > maxLookupResults {
		return nil, errLookup("InvalidMaxResultsException", "MaxResults must be between 1 and 50.")
	}
	if in.opts.PageSize > 0 {
		limit = min(limit, in.opts.PageSize)
	}

	result := lookupResult{Events: []eventElement{}}
	skip := after != 0
	for _, e := range in.visible(in.who.region) {
		switch {
		case !matches(&e):
		case skip:
			skip = e.serial != after
		case len(result.Events) == limit:
			result.NextToken = input.token(after)
			return result, nil
		default:
			after = e.serial
			result.Events = append(result.Events, eventElement{
				EventID: e.id(), EventName: e.Name, ReadOnly: strconv.FormatBool(e.readOnly()), AccessKeyID: e.AccessKeyID,
				EventTime: e.At.Unix(), EventSource: e.Source, Username: e.UserName, Resources: []string{},
				CloudTrailEvent: e.document(in.account.id),
			})
		}
	}
	return result, nil
}

// filter returns a function that reports whether the request asks for an event. No event has resources.
func (in *lookupInput) filter() (func(*recordedEvent) bool, error) {
	if in.EventCategory != "" && in.EventCategory != "insight" {
		return nil, errLookup("InvalidEventCategoryException", "Event category %s is not valid.", in.EventCategory)
	}
	if in.StartTime != nil && in.EndTime != nil && *in.StartTime > *in.EndTime {
		return nil, errLookup("InvalidTimeRangeException", "Start time is after end time.")
	}
	if len(in.LookupAttributes) > 1 {
		return nil, errLookup("InvalidLookupAttributesException", "You can only specify one lookup attribute.")
	}
	values := func(*recordedEvent) map[string]string { return nil }
	wanted := lookupAttribute{}
	if len(in.LookupAttributes) == 1 {
		wanted = in.LookupAttributes[0]
		values = func(e *recordedEvent) map[string]string {
			return map[string]string{
				"AccessKeyId": e.AccessKeyID, "EventId": e.id(), "EventName": e.Name, "EventSource": e.Source,
				"ReadOnly": strconv.FormatBool(e.readOnly()), "Username": e.UserName, "ResourceName": "", "ResourceType": "",
			}
		}
		if _, ok := values(&recordedEvent{})[wanted.AttributeKey]; !ok || wanted.AttributeValue == "" {
			return nil, errLookup("InvalidLookupAttributesException", "Lookup attribute %s is not valid.", wanted.AttributeKey)
		}
	}
	return func(e *recordedEvent) bool {
		at := float64(e.At.Unix())
		return in.EventCategory == "" && values(e)[wanted.AttributeKey] == wanted.AttributeValue &&
			(in.StartTime == nil || at >= *in.StartTime) && (in.EndTime == nil || at <= *in.EndTime)
	}, nil
}

// token returns the NextToken for the page after the event with that serial number. It is valid only with the same parameters.
func (in *lookupInput) token(serial int) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", serial, in.parameters()))
}

// position returns the serial number in NextToken, or zero for the first page.
func (in *lookupInput) position() (int, error) {
	if in.NextToken == "" {
		return 0, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(in.NextToken)
	number, parameters, _ := strings.Cut(string(text), " ")
	serial, err2 := strconv.Atoi(number)
	if err != nil || err2 != nil || parameters != in.parameters() {
		return 0, errLookup("InvalidNextTokenException", "The NextToken is not valid, or was used with other parameters.")
	}
	return serial, nil
}

// parameters is a text of what a page has in common with the one before it.
func (in *lookupInput) parameters() string {
	at := func(seconds *float64) string {
		if seconds == nil {
			return "-"
		}
		return time.Unix(int64(*seconds), 0).UTC().Format(time.RFC3339)
	}
	return fmt.Sprint(in.LookupAttributes, at(in.StartTime), at(in.EndTime), in.EventCategory)
}

// errLookup returns an error of CloudTrail. They all have the status 400.
func errLookup(code, format string, args ...any) error {
	return &apiError{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}
