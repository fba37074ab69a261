package iamsim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
	"time"

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
	requireClient(t, "python3-boto3", pythonPath, "-c", "import boto3")
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	key := s.CreateAccessKey("ann").AccessKeyID
	addEvents(s, key, 120)

	script := filepath.Join("testdata", "boto3_cloudtrail.py")
	command := exec.CommandContext(t.Context(), pythonPath, script)
	command.Env = foreignEnv(t, s.Root(), "SIM_URL="+s.URL(), "SIM_KEY="+key)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var got map[string]any
	noError(t, json.Unmarshal(out, &got))
	want := map[string]any{
		"pages":        []any{50.0, 50.0, 20.0},
		"first":        []any{"Describe119", "ec2.amazonaws.com", "ann", key, "true", "2026-01-01T00:01:59+00:00"},
		"client":       []any{"10.1.2.3", "Boto3/1.26"},
		"since":        []any{"Describe119", "Describe118"},
		"other region": 0.0,
		"bad token":    []any{"InvalidNextTokenException", 400.0},
	}
	for name := range want {
		if !reflect.DeepEqual(got[name], want[name]) {
			t.Errorf("%s: %v, want %v", name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d results, want %d", len(got), len(want))
	}
}

func TestForeign_awsCLICloudTrail(t *testing.T) {
	t.Parallel()
	requireClient(t, "awscli", awsPath, "--version")
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
