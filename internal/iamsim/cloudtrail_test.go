package iamsim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// newCloudTrail is the Go SDK for CloudTrail, without retries.
func newCloudTrail(s *iamsim.Server, c iamsim.Credentials, region string) *cloudtrail.Client {
	return cloudtrail.NewFromConfig(aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(s.URL()),
		Credentials:  credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.Secret.Reveal(), ""),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:   plainBodies{},
	})
}

// plainBodies sends requests whose bodies can't write themselves. A closed body of the SDK that is asked to returns io.EOF, and net/http
// then closes the connection under an answer that has come already. Nothing tries again here.
type plainBodies struct{}

// Do sends a request.
func (plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return http.DefaultClient.Do(r) //nolint:gosec // the address is that of the simulator
}

// byKey is the request for the events of a key.
func byKey(keyID string) *cloudtrail.LookupEventsInput {
	return by(trailtypes.LookupAttributeKeyAccessKeyId, keyID)
}

func by(attribute trailtypes.LookupAttributeKey, value string) *cloudtrail.LookupEventsInput {
	return &cloudtrail.LookupEventsInput{
		LookupAttributes: []trailtypes.LookupAttribute{{AttributeKey: attribute, AttributeValue: aws.String(value)}},
	}
}

// eventNames are the names of the events in one page.
func eventNames(t *testing.T, c *cloudtrail.Client, in *cloudtrail.LookupEventsInput) []string {
	t.Helper()
	out, err := c.LookupEvents(t.Context(), in)
	noError(t, err)
	names := []string{}
	for _, e := range out.Events {
		names = append(names, aws.ToString(e.EventName))
	}
	return names
}

func wantNames(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: events %q, want %q", what, got, want)
	}
}

// Calls of IAM are in us-east-1, those of other services in the region that they were signed for, five minutes later.
func TestCloudTrail_recordsCalls(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	key := s.CreateAccessKey("ann")
	ann := newClient(s, key) // in eu-central-1
	noError(t, create(t.Context(), ann, "ann"))
	s.Advance(time.Second)
	noError(t, whoAmI(t.Context(), ann))
	s.Advance(time.Second)
	_, err := newKMS(s, key, kmsRegion).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/none")})
	wantError(t, err, 400, "NotFoundException")

	global, local := newCloudTrail(s, s.Root(), "us-east-1"), newCloudTrail(s, s.Root(), "eu-central-1")
	s.Advance(5*time.Minute - 3*time.Second)
	wantNames(t, "early", eventNames(t, global, byKey(key.AccessKeyID)))
	s.Advance(time.Second)
	wantNames(t, "us-east-1", eventNames(t, global, byKey(key.AccessKeyID)), "CreateAccessKey")
	wantNames(t, "eu-central-1 after 4:59", eventNames(t, local, byKey(key.AccessKeyID)))
	s.Advance(2 * time.Second)
	wantNames(t, "eu-central-1", eventNames(t, local, byKey(key.AccessKeyID)), "DescribeKey", "GetCallerIdentity")
	s.Advance(90*24*time.Hour - 5*time.Minute)
	wantNames(t, "after 90 days", eventNames(t, local, byKey(key.AccessKeyID)), "DescribeKey")
	wantNames(t, "us-east-1 after 90 days", eventNames(t, global, byKey(key.AccessKeyID)))
}

// A page and its CloudTrailEvent have the caller, the client and the error.
func TestCloudTrail_event(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}, EventDelay: -1})
	key := s.CreateAccessKey("ann")
	user, _ := s.User("ann")
	_, err := newClient(s, key).iam.GetUser(t.Context(), &iam.GetUserInput{UserName: aws.String("bob")})
	wantError(t, err, 404, "NoSuchEntity")

	out, err := newCloudTrail(s, s.Root(), "us-east-1").LookupEvents(t.Context(), byKey(key.AccessKeyID))
	noError(t, err)
	if len(out.Events) != 1 || out.NextToken != nil {
		t.Fatalf("%d events", len(out.Events))
	}
	e := out.Events[0]
	if aws.ToString(e.EventName) != "GetUser" || aws.ToString(e.EventSource) != "iam.amazonaws.com" || !e.EventTime.Equal(start) ||
		aws.ToString(e.AccessKeyId) != key.AccessKeyID || aws.ToString(e.Username) != "ann" || aws.ToString(e.ReadOnly) != "true" {
		t.Errorf("event %+v", e)
	}
	var document map[string]any
	noError(t, json.Unmarshal([]byte(aws.ToString(e.CloudTrailEvent)), &document))
	identity := map[string]any{
		"type": "IAMUser", "principalId": user.ID, "arn": user.ARN, "accountId": "123456789012",
		"accessKeyId": key.AccessKeyID, "userName": "ann",
	}
	if got := fmt.Sprint(document["userIdentity"]); got != fmt.Sprint(identity) {
		t.Errorf("identity %s, want %v", got, identity)
	}
	for name, want := range map[string]any{
		"eventTime": "2026-01-01T00:00:00Z", "eventSource": "iam.amazonaws.com", "eventName": "GetUser", "awsRegion": "us-east-1",
		"sourceIPAddress": "127.0.0.1", "errorCode": "NoSuchEntityException", "eventID": aws.ToString(e.EventId), "readOnly": true,
	} {
		if document[name] != want {
			t.Errorf("%s: %v, want %v", name, document[name], want)
		}
	}
	if agent, ok := document["userAgent"].(string); !ok || !strings.HasPrefix(agent, "aws-sdk-go-v2/") {
		t.Errorf("userAgent %v", document["userAgent"])
	}
}

// Refused calls are recorded with their code if they were authenticated, and otherwise not at all.
func TestCloudTrail_refusedCalls(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}, EventDelay: -1})
	key := s.CreateAccessKey("ann")
	s.Deny("ann", "iam:CreateAccessKey")
	wantError(t, create(t.Context(), newClient(s, key), "ann"), 403, "AccessDenied")
	s.SetStatus(key.AccessKeyID, "Inactive")
	wantError(t, whoAmI(t.Context(), newClient(s, key)), 403, "InvalidClientTokenId")

	for region, want := range map[string][]string{"us-east-1": {"CreateAccessKey AccessDenied"}, "eu-central-1": nil} {
		out, err := newCloudTrail(s, s.Root(), region).LookupEvents(t.Context(), byKey(key.AccessKeyID))
		noError(t, err)
		var got []string
		for _, e := range out.Events {
			var document struct{ ErrorCode string }
			noError(t, json.Unmarshal([]byte(aws.ToString(e.CloudTrailEvent)), &document))
			got = append(got, aws.ToString(e.EventName)+" "+document.ErrorCode)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", region, got, want)
		}
	}
}

// A session has events of its own.
func TestCloudTrail_session(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}, EventDelay: -1})
	session, err := newClient(s, s.Root()).sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String(roleARN), RoleSessionName: aws.String("run"),
	})
	noError(t, err)
	noError(t, whoAmI(t.Context(), inSession(s, session.Credentials)))
	out, err := newCloudTrail(s, s.Root(), "eu-central-1").LookupEvents(t.Context(), byKey(aws.ToString(session.Credentials.AccessKeyId)))
	noError(t, err)
	if len(out.Events) != 1 || aws.ToString(out.Events[0].Username) != "run" ||
		!strings.Contains(aws.ToString(out.Events[0].CloudTrailEvent), `"type":"AssumedRole"`) {
		t.Errorf("events %+v", out.Events)
	}
}

func TestCloudTrail_attributes(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}, EventDelay: -1})
	key := s.CreateAccessKey("ann").AccessKeyID
	s.AddEvent(iamsim.Event{Source: "ec2.amazonaws.com", Name: "DescribeInstances", AccessKeyID: key})
	s.AddEvent(iamsim.Event{Source: "ses.amazonaws.com", Name: "SendEmail", AccessKeyID: key, At: start.Add(-time.Hour)})
	s.AddEvent(iamsim.Event{Source: "ec2.amazonaws.com", Name: "RunInstances", AccessKeyID: key, Region: "eu-west-1"})
	c := newCloudTrail(s, s.Root(), "us-east-1")
	all, err := c.LookupEvents(t.Context(), byKey(key))
	noError(t, err)
	hourAgo := aws.Time(start.Add(-time.Hour))
	for _, test := range []struct {
		in   *cloudtrail.LookupEventsInput
		want []string
	}{
		{byKey(key), []string{"DescribeInstances", "SendEmail"}},
		{by(trailtypes.LookupAttributeKeyUsername, "ann"), []string{"DescribeInstances", "SendEmail"}},
		{by(trailtypes.LookupAttributeKeyEventName, "SendEmail"), []string{"SendEmail"}},
		{by(trailtypes.LookupAttributeKeyEventSource, "ec2.amazonaws.com"), []string{"DescribeInstances"}},
		{by(trailtypes.LookupAttributeKeyReadOnly, "false"), []string{"SendEmail"}},
		{by(trailtypes.LookupAttributeKeyEventId, aws.ToString(all.Events[1].EventId)), []string{"SendEmail"}},
		{by(trailtypes.LookupAttributeKeyResourceName, "x"), []string{}},
		{&cloudtrail.LookupEventsInput{EndTime: aws.Time(start.Add(-time.Second))}, []string{"SendEmail"}},
		{&cloudtrail.LookupEventsInput{StartTime: hourAgo, EndTime: hourAgo}, []string{"SendEmail"}},
		{&cloudtrail.LookupEventsInput{EventCategory: trailtypes.EventCategoryInsight}, []string{}},
	} {
		wantNames(t, fmt.Sprintf("%+v", test.in), eventNames(t, c, test.in), test.want...)
	}
}

// Pages do not depend on what is recorded between them.
func TestCloudTrail_pages(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}, EventDelay: -1})
	key := s.CreateAccessKey("ann").AccessKeyID
	var want []string
	for i := range 101 {
		name := fmt.Sprintf("Get%d", i)
		s.AddEvent(iamsim.Event{Source: "ec2.amazonaws.com", Name: name, AccessKeyID: key, At: start.Add(time.Duration(i) * time.Second)})
		want = append([]string{name}, want...)
	}
	s.Advance(time.Hour)
	c := newCloudTrail(s, s.Root(), "us-east-1")
	var got []string
	in := byKey(key)
	for _, size := range []int{50, 50, 1} {
		out, err := c.LookupEvents(t.Context(), in)
		noError(t, err)
		if len(out.Events) != size {
			t.Fatalf("a page of %d events, want %d", len(out.Events), size)
		}
		for _, e := range out.Events {
			got = append(got, aws.ToString(e.EventName))
		}
		in.NextToken = out.NextToken
		s.AddEvent(iamsim.Event{Source: "ec2.amazonaws.com", Name: "Later", AccessKeyID: key})
	}
	wantNames(t, "all pages", got, want...)
	if in.NextToken != nil {
		t.Error("the last page has a NextToken")
	}
	first, err := c.LookupEvents(t.Context(), byKey(key))
	noError(t, err)
	in.NextToken, in.EndTime = first.NextToken, aws.Time(start)
	_, err = c.LookupEvents(t.Context(), in)
	wantError(t, err, 400, "InvalidNextTokenException")
}

func TestCloudTrail_errors(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	s.Deny("ann", "cloudtrail:LookupEvents")
	c := newCloudTrail(s, s.Root(), "us-east-1")
	two := byKey("AKIAIOSFODNN7EXAMPLE")
	two.LookupAttributes = append(two.LookupAttributes, two.LookupAttributes...)
	for code, in := range map[string]*cloudtrail.LookupEventsInput{
		"InvalidLookupAttributesException": two,
		"InvalidMaxResultsException":       {MaxResults: aws.Int32(51)},
		"InvalidTimeRangeException":        {StartTime: aws.Time(start), EndTime: aws.Time(start.Add(-time.Second))},
		"InvalidNextTokenException":        {NextToken: aws.String("x")},
		"InvalidEventCategoryException":    {EventCategory: "x"},
	} {
		_, err := c.LookupEvents(t.Context(), in)
		wantError(t, err, 400, code)
	}
	_, err := newCloudTrail(s, s.CreateAccessKey("ann"), "us-east-1").LookupEvents(t.Context(), byKey("AKIAIOSFODNN7EXAMPLE"))
	wantError(t, err, 400, "AccessDeniedException")
	if !strings.Contains(err.Error(), "arn:aws:iam::123456789012:user/ann is not authorized to perform: cloudtrail:LookupEvents because") {
		t.Errorf("message %v", err)
	}
	_, err = c.ListTrails(t.Context(), &cloudtrail.ListTrailsInput{})
	wantError(t, err, 400, "UnknownOperationException")
	s.AddFault(iamsim.Fault{Action: "LookupEvents", Kind: iamsim.ErrorBeforeCommit})
	_, err = c.LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{})
	wantError(t, err, 500, "InternalFailure")
}

// A policy can allow the lookup only on every resource.
func TestCloudTrail_policies(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	ann := newCloudTrail(s, s.CreateAccessKey("ann"), "us-east-1")
	policy := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "cloudtrail:LookupEvents", "Resource": %q}]}`
	for resource, allowed := range map[string]bool{"*": true, "arn:aws:cloudtrail:us-east-1:123456789012:*": false} {
		s.SetPolicies("ann", fmt.Sprintf(policy, resource))
		_, err := ann.LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{})
		if allowed {
			noError(t, err)
		} else {
			wantError(t, err, 400, "AccessDeniedException")
		}
	}
}

// Each region has its own limit.
func TestCloudTrail_throttled(t *testing.T) {
	t.Parallel()
	machine := &fakeClock{now: start}
	s := startServer(t, iamsim.Options{LookupsPerSecond: 2, Clock: machine})
	a, b := newCloudTrail(s, s.Root(), "us-east-1"), newCloudTrail(s, s.Root(), "eu-west-1")
	lookup := func(c *cloudtrail.Client) error {
		_, err := c.LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{})
		return err
	}
	noError(t, lookup(a))
	noError(t, lookup(a))
	wantError(t, lookup(a), 400, "ThrottlingException")
	noError(t, lookup(b))
	noError(t, machine.Sleep(t.Context(), 500*time.Millisecond))
	noError(t, lookup(a))
	wantError(t, lookup(a), 400, "ThrottlingException")
}

// The log has the key that is looked up, and the region.
func TestCloudTrail_log(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{})
	key := s.Root().AccessKeyID
	eventNames(t, newCloudTrail(s, s.Root(), "eu-west-1"), byKey(key))
	call := s.Log()[0]
	if call.Action != "LookupEvents" || call.Service != "cloudtrail" || call.KeyID != key || call.Region != "eu-west-1" {
		t.Errorf("call %+v", call)
	}
}

// A snapshot has the events of its time.
func TestCloudTrail_snapshot(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{EventDelay: -1})
	c, key := newCloudTrail(s, s.Root(), "us-east-1"), s.Root().AccessKeyID
	event := func(name string) { s.AddEvent(iamsim.Event{Source: "ec2.amazonaws.com", Name: name, AccessKeyID: key}) }
	names := func() []string {
		return slices.DeleteFunc(eventNames(t, c, byKey(key)), func(name string) bool { return name == "LookupEvents" })
	}
	for _, name := range []string{"A", "B", "C"} {
		event(name)
	}
	snapshot := s.Snapshot()
	event("D")
	wantNames(t, "later", names(), "D", "C", "B", "A")
	s.Restore(snapshot)
	event("E")
	wantNames(t, "restored", names(), "E", "C", "B", "A")
	s.Restore(snapshot)
	wantNames(t, "restored again", names(), "C", "B", "A")
}

func TestAddEvent_panics(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{})
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	s.AddEvent(iamsim.Event{Source: "ec2.amazonaws.com", Name: "DescribeInstances"})
}
