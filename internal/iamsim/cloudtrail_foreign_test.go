package iamsim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// addEvents adds n calls of EC2, one in a second.
func addEvents(s *iamsim.Server, keyID string, n int) {
	for i := range n {
		s.AddEvent(iamsim.Event{
			At: start.Add(time.Duration(i) * time.Second), Region: "eu-west-1", Source: "ec2.amazonaws.com",
			Name: fmt.Sprintf("Describe%d", i), SourceIP: "10.1.2.3", UserAgent: "Boto3/1.26", AccessKeyID: keyID,
		})
	}
	s.Advance(time.Hour)
}

func TestForeign_boto3CloudTrail(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	key := s.CreateAccessKey("ann").AccessKeyID
	addEvents(s, key, 120)

	want := map[string]any{
		"pages":        []any{50.0, 50.0, 20.0},
		"first":        []any{"Describe119", "ec2.amazonaws.com", "ann", key, "true", "2026-01-01T00:01:59+00:00"},
		"client":       []any{"10.1.2.3", "Boto3/1.26"},
		"since":        []any{"Describe119", "Describe118"},
		"other region": 0.0,
		"bad token":    []any{"InvalidNextTokenException", 400.0},
	}
	wantOfBoto3(t, s, "boto3_cloudtrail.py", want, "SIM_KEY="+key)
}

func TestForeign_awsCLICloudTrail(t *testing.T) {
	t.Parallel()
	foreign.RequireAWS(t)
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	key := s.CreateAccessKey("ann")
	addEvents(s, key.AccessKeyID, 60)
	lookup := []string{"cloudtrail", "lookup-events", "--lookup-attributes", "AttributeKey=AccessKeyId,AttributeValue=" + key.AccessKeyID}

	// The CLI requests all pages.
	admin := newCLI(t, s, s.Root())
	admin.want(60.0, "n", append(lookup, "--query", "{n: length(Events)}")...)
	admin.want("Describe59", "name", append(lookup, "--query", "{name: Events[0].EventName}")...)
	s.Deny("ann", "cloudtrail:LookupEvents")
	newCLI(t, s, key).want("AccessDeniedException", "", lookup...)
}
