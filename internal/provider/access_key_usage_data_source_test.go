package provider_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// unrecordedKey has the form of an access key id, and no simulator creates one like it.
const unrecordedKey = "LKIAIOSFODNN7EXAMPLE"

const usageAddress = "data.iamkeys_access_key_usage.test"

// usageWorld is a simulator with a key of the user ci, and a CLI.
type usageWorld struct {
	*acctest.World
	*acctest.CLI

	t   *testing.T
	key string
}

func newUsageWorld(t *testing.T, opts iamsim.Options) usageWorld {
	t.Helper()
	w := acctest.New(t, opts)
	w.Sim.CreateUser("ci")
	return usageWorld{w, w.CLI(t), t, w.Sim.CreateAccessKey("ci").AccessKeyID}
}

// use adds a call at a time such as "-1h", counted from now. The call is such as "ec2:DescribeInstances", and in us-east-1 unless it is
// such as "eu-west-1/ec2:DescribeInstances"; one with an error ends in "!".
func (w usageWorld) use(at, ip, agent, call string) {
	d, err := time.ParseDuration(at)
	if err != nil {
		w.t.Fatal(err)
	}
	e := iamsim.Event{At: w.Sim.Now().Add(d), SourceIP: ip, UserAgent: agent, AccessKeyID: w.key}
	if region, rest, ok := strings.Cut(call, "/"); ok {
		e.Region, call = region, rest
	}
	if name, ok := strings.CutSuffix(call, "!"); ok {
		e.ErrorCode, call = "AccessDenied", name
	}
	service, action, _ := strings.Cut(call, ":")
	e.Source, e.Name = service+".amazonaws.com", action
	w.Sim.AddEvent(e)
}

func (w usageWorld) write(arguments string) {
	w.Write("main.tf", w.ProviderConfig()+fmt.Sprintf("\ndata \"iamkeys_access_key_usage\" \"test\" {\n%s\n}\n", arguments))
}

// apply applies a configuration with one data source, which has no other arguments for its key, and returns its attributes.
func (w usageWorld) apply(arguments string) map[string]any {
	w.t.Helper()
	w.write(fmt.Sprintf("access_key_id = %q\n%s", w.key, arguments))
	w.Apply()
	w.Want(0)
	for _, r := range w.State().Values.RootModule.Resources {
		if r.Address == usageAddress {
			return r.AttributeValues
		}
	}
	w.t.Fatal("the data source is not in the state")
	return nil
}

// want compares attributes, by name, with JSON.
func (w usageWorld) want(got map[string]any, want map[string]string) {
	w.t.Helper()
	for name, text := range want {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			w.t.Fatalf("%s: %v", name, err)
		}
		shown, err := json.Marshal(got[name])
		if err != nil {
			w.t.Fatal(err)
		}
		var plain any
		if err := json.Unmarshal(shown, &plain); err != nil || !reflect.DeepEqual(plain, value) {
			w.t.Errorf("%s: %s\nwant %s", name, shown, text)
		}
	}
}

// lookups are the regions of the lookups, in order. One that was throttled, so soon after the command before, is left out.
func (w usageWorld) lookups() []string {
	var regions []string
	for _, call := range w.Sim.Log() {
		if call.Action == "LookupEvents" && call.Code != "ThrottlingException" {
			regions = append(regions, call.Region)
		}
	}
	slices.Sort(regions)
	return regions
}

// caller is one of callers, as JSON.
func caller(client, call string, count, errorCount int, first, last string) string {
	return fmt.Sprintf(`{%s, %s, "count": %d, "error_count": %d, "first_seen": %q, "last_seen": %q}`,
		client, call, count, errorCount, first, last)
}

func TestAccAccessKeyUsage_basic(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, iamsim.Options{})
	w.Advance("30d")
	w.use("-72h", "10.1.2.3", "Boto3/1.34", "ec2:DescribeInstances")
	w.use("-1h", "10.1.2.3", "Boto3/1.34", "ec2:DescribeInstances!")
	w.use("-2h", "10.1.2.3", "Boto3/1.34", "ec2:DescribeInstances")
	w.use("-1h", "10.1.2.3", "Boto3/1.34", "ec2:RunInstances")
	w.use("-10m", "10.9.9.9", "aws-cli/2.15\x1b[31m", "eu-west-1/ses:SendEmail") // a region that is not asked by default
	w.use("-5m", "cloudformation.amazonaws.com", "cloudformation.amazonaws.com", "kms:Decrypt")
	w.use("-720h", "10.9.9.9", "", "iam:GetUser")
	w.use("-30m", "10.0.0.1", "APN/1.0 iamkeys/1.0 terraform-provider-iamkeys/1.2.3 aws-sdk-go-v2/1.47", "sts:GetCallerIdentity")
	w.use("-1m", "10.1.2.3", "Boto3/1.34", "ec2:TooYoung")
	const (
		boto = `"source_ip": "10.1.2.3", "user_agent": "Boto3/1.34", "this_provider": false`
		ec2  = `"service": "ec2", "action": `
	)
	want := map[string]string{
		"access_key_id": fmt.Sprintf("%q", w.key), "regions": `["us-east-1"]`, "since": "null", "max_events": "null",
		"event_count": "7", "truncated": "false",
		"callers": "[" + strings.Join([]string{
			caller(`"source_ip": "cloudformation.amazonaws.com", "user_agent": "cloudformation.amazonaws.com", "this_provider": false`,
				`"service": "kms", "action": "Decrypt"`, 1, 0, "2026-01-30T23:55:00Z", "2026-01-30T23:55:00Z"),
			caller(`"source_ip": "10.0.0.1", "user_agent": "APN/1.0 iamkeys/1.0 terraform-provider-iamkeys/1.2.3 aws-sdk-go-v2/1.47",
				"this_provider": true`, `"service": "sts", "action": "GetCallerIdentity"`, 1, 0, "2026-01-30T23:30:00Z", "2026-01-30T23:30:00Z"),
			caller(boto, ec2+`"DescribeInstances"`, 3, 1, "2026-01-28T00:00:00Z", "2026-01-30T23:00:00Z"),
			caller(boto, ec2+`"RunInstances"`, 1, 0, "2026-01-30T23:00:00Z", "2026-01-30T23:00:00Z"),
			caller(`"source_ip": "10.9.9.9", "user_agent": null, "this_provider": false`, `"service": "iam", "action": "GetUser"`, 1, 0,
				"2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
		}, ",") + "]",
	}
	w.want(w.apply(""), want)
	w.ResetCalls()
	w.Plan()
	w.Want(0)
	if got, wantCalls := w.CallList(), []string{"LookupEvents"}; !slices.Equal(got, wantCalls) {
		t.Errorf("calls of a plan: %q, want %q", got, wantCalls)
	}
}

// TestAccAccessKeyUsage_since leaves out what is older, to the second.
func TestAccAccessKeyUsage_since(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, iamsim.Options{})
	w.Advance("80d")
	w.use("-168h", "10.1.2.3", "Boto3/1.34", "ec2:DescribeInstances")
	w.use("-167h59m59s", "10.1.2.3", "Boto3/1.34", "ec2:RunInstances")
	w.want(w.apply(`since = "7d"`), map[string]string{"event_count": "2", "since": `"7d"`})
	w.Advance("1s")
	w.want(w.apply(`since = "168h"`), map[string]string{"event_count": "1", "since": `"168h"`})
	w.want(w.apply(`since = "90d"`), map[string]string{"event_count": "2"})
}

func TestAccAccessKeyUsage_regions(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, iamsim.Options{})
	for _, region := range []string{"us-east-1", "eu-west-1", "ap-south-1"} {
		w.use("0s", "10.1.2.3", "Boto3/1.34", region+"/ec2:DescribeInstances")
	}
	w.Advance("1d")
	for _, test := range []struct {
		arguments string
		want      map[string]string
		lookups   []string
	}{
		{"", map[string]string{"event_count": "1", "regions": `["us-east-1"]`}, []string{"us-east-1"}},
		{
			`regions = ["eu-west-1", "us-east-1"]`,
			map[string]string{"event_count": "2", "regions": `["eu-west-1", "us-east-1"]`},
			[]string{"eu-west-1", "us-east-1"},
		},
		{`regions = ["ap-northeast-1"]`, map[string]string{"event_count": "0", "callers": "[]"}, []string{"ap-northeast-1"}},
	} {
		w.ResetCalls()
		w.want(w.apply(test.arguments), test.want)
		if got := w.lookups(); !slices.Equal(got, test.lookups) {
			t.Errorf("%s: lookups %q, want %q", test.arguments, got, test.lookups)
		}
	}

	// The provider's own Region is asked, and the one of the global services.
	w.Write("main.tf", strings.Replace(w.ProviderConfig(), `"us-east-1"`, `"eu-west-1"`, 1)+fmt.Sprintf(`
data "iamkeys_access_key_usage" "test" {
  access_key_id = %q
}
output "asked" {
  value = data.iamkeys_access_key_usage.test.regions
}
`, w.key))
	w.ResetCalls()
	w.Apply()
	w.Want(0)
	if got, want := w.lookups(), []string{"eu-west-1", "us-east-1"}; !slices.Equal(got, want) {
		t.Errorf("lookups %q, want %q", got, want)
	}
	if got := fmt.Sprint(w.State().Values.Outputs["asked"].Value); got != "[eu-west-1 us-east-1]" {
		t.Errorf("regions %s", got)
	}
}

// TestAccAccessKeyUsage_pages reads as many pages as max_events needs, under the quota of CloudTrail.
func TestAccAccessKeyUsage_pages(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, iamsim.Options{LookupsPerSecond: 2})
	for i := range 130 {
		w.use(fmt.Sprintf("-%dm", 10+i), "10.1.2.3", "Boto3/1.34", "ec2:DescribeInstances")
	}
	for _, test := range []struct {
		arguments string
		want      map[string]string
		lookups   int
	}{
		{"", map[string]string{"event_count": "130", "truncated": "false"}, 3},
		{"max_events = 100", map[string]string{"event_count": "100", "truncated": "true", "max_events": "100"}, 2},
		{"max_events = 51", map[string]string{"event_count": "100", "truncated": "true"}, 2},
		{"max_events = 50", map[string]string{"event_count": "50", "truncated": "true"}, 1},
	} {
		w.ResetCalls()
		got := w.apply(test.arguments)
		w.want(got, test.want)
		if len(w.lookups()) != test.lookups {
			t.Errorf("%q: %d lookups, want %d", test.arguments, len(w.lookups()), test.lookups)
		}
	}
}

// TestAccAccessKeyUsage_unknownKey finds nothing about a key that CloudTrail does not know, and says so by an empty list.
func TestAccAccessKeyUsage_unknownKey(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, iamsim.Options{})
	w.key = unrecordedKey
	w.want(w.apply(""), map[string]string{"callers": "[]", "event_count": "0", "truncated": "false", "regions": `["us-east-1"]`})
}

func TestAccAccessKeyUsage_denied(t *testing.T) {
	t.Parallel()
	w := newUsageWorld(t, iamsim.Options{})
	w.Sim.Deny("admin", "cloudtrail:LookupEvents")
	w.write(fmt.Sprintf("access_key_id = %q\nregions = [\"us-east-1\", \"eu-west-1\"]", w.key))
	w.Plan()
	w.Want(1)
	wantOneError(t, w.CLI, usageAddress, "Unable to look up the callers of access key "+w.key,
		"cloudtrail:LookupEvents (eu-west-1): AccessDeniedException: User: arn:aws:iam::123456789012:user/admin is not authorized to "+
			"perform: cloudtrail:LookupEvents because no identity-based policy allows the cloudtrail:LookupEvents action (HTTP 400, request id",
		"cloudtrail:LookupEvents (us-east-1): AccessDeniedException",
		"Allow cloudtrail:LookupEvents for the credentials of this provider.")
	if detail := w.Diagnostics()[0].Detail; strings.Count(detail, "Allow cloudtrail:LookupEvents") != 1 {
		t.Errorf("the remedy is there more than once: %s", detail)
	}
}

func TestAccAccessKeyUsage_errors(t *testing.T) {
	t.Parallel()
	withKey := func(more string) string { return fmt.Sprintf("access_key_id = %q\n%s", unrecordedKey, more) }
	for name, test := range map[string]struct {
		scene     func(w usageWorld)
		arguments string
		summary   string
		detail    []string
	}{
		"bad key id": {
			arguments: `access_key_id = "akiaiosfodnn7example"`,
			summary:   `Invalid access key id in access_key_id: "akiaiosfodnn7example"`,
			detail:    []string{"Set access_key_id to the id of an access key: at least 16 capital letters and digits"},
		},
		"bad region": {
			arguments: withKey(`regions = ["us-east-1.example.com"]`),
			summary:   `Invalid AWS Region in regions: "us-east-1.example.com"`,
			detail:    []string{"Set regions to names of AWS Regions, such as us-east-1."},
		},
		"null region": {
			arguments: withKey(`regions = [null]`), summary: "Null Set Value", detail: []string{"null"},
		},
		"no region": {
			arguments: withKey(`regions = []`), summary: "Invalid Attribute Value", detail: []string{"regions set must contain at least 1 elements"},
		},
		"since too long": {
			arguments: withKey(`since = "91d"`), summary: `Duration too long in since: "91d"`, detail: []string{"Set since to at most 90d."},
		},
		"since zero": {
			arguments: withKey(`since = "0s"`), summary: `Duration of zero in since: "0s"`, detail: []string{"longer than zero"},
		},
		"max_events zero": {
			arguments: withKey(`max_events = 0`), summary: "Invalid number in max_events: 0",
			detail: []string{"Set max_events to a whole number from 1 to 100000."},
		},
		"max_events above the limit": {
			arguments: withKey(`max_events = 100001`), summary: "Invalid number in max_events: 100001",
			detail: []string{"Set max_events to a whole number from 1 to 100000."},
		},
		"max_events fractional": {
			arguments: withKey(`max_events = 1.5`), summary: "Invalid number in max_events: 1.5",
			detail: []string{"Set max_events to a whole number from 1 to 100000."},
		},
		"max_events beyond an int64": {
			arguments: withKey(`max_events = 1e30`), summary: "Invalid number in max_events: 1e+30",
			detail: []string{"Set max_events to a whole number from 1 to 100000."},
		},
		"one region fails": {
			scene: func(w usageWorld) {
				w.Sim.AddFault(iamsim.Fault{Action: "LookupEvents", Kind: iamsim.Empty200, Nth: 1})
			},
			arguments: withKey(`regions = ["us-east-1", "eu-west-1"]`),
			summary:   "Unable to look up the callers of access key " + unrecordedKey,
			detail:    []string{"the answer lacks what AWS always sends", "Run again later."},
		},
		"no such key": {
			scene:     func(w usageWorld) { w.Sim.SetStatus(w.Sim.Root().AccessKeyID, "Inactive") },
			arguments: withKey(""),
			summary:   "Unable to look up the callers of access key " + unrecordedKey,
			detail: []string{
				"UnrecognizedClientException", "does not accept the credentials of this provider in us-east-1",
				"Check that the account has enabled that Region.",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newUsageWorld(t, iamsim.Options{})
			if test.scene != nil {
				test.scene(w)
			}
			w.write(test.arguments)
			w.Plan()
			w.Want(1)
			wantOneError(t, w.CLI, usageAddress, test.summary, test.detail...)
		})
	}
}

// callersOfKey asks who uses a key.
func callersOfKey(r *policyRun) {
	key := r.CreateForeignKey("theirs")
	r.CLI.Write("main.tf", r.ProviderHCL+fmt.Sprintf(`
data "iamkeys_access_key_usage" "test" {
  access_key_id = %q
}
`, key.AccessKeyID))
	r.apply(nil)
}
