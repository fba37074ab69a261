package provider_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// foreignEvents return the records of the events of a key in some Regions.
var foreignEvents = map[string]func(t *testing.T, w *acctest.World, keyID string, regions []string) []string{
	"boto3":   boto3Events,
	"AWS CLI": awsEvents,
}

// TestAccAccessKeyUsage_foreign compares the callers of a key with the events that boto3 and the AWS CLI look up: some that were added,
// on two pages, and the calls that the clients themselves sign with the key.
func TestAccAccessKeyUsage_foreign(t *testing.T) {
	t.Parallel()
	for name, eventsOf := range foreignEvents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newUsageWorld(t, iamsim.Options{})
			w.Advance("30d")
			for i := range 60 {
				w.use(fmt.Sprintf("-%dh", 3+i%5), fmt.Sprintf("10.1.2.%d", i%3), "Boto3/1.34", "ec2:DescribeInstances"+[]string{"", "!"}[i%2])
			}
			w.use("-1h", "cloudformation.amazonaws.com", "cloudformation.amazonaws.com", "eu-west-1/kms:Decrypt")
			w.use("-720h", "10.9.9.9", "", "eu-west-1/ec2:RunInstances!")
			w.use("-30m", "10.0.0.1", "APN/1.0 terraform-provider-iamkeys/1.2.3", "sts:GetCallerIdentity")
			w.use("-20m", "10.0.0.1", "aws-cli/1.27", "ap-south-1/ses:SendEmail") // a Region that is not asked
			regions := []string{"eu-west-1", "us-east-1"}

			records := eventsOf(t, w.World, w.key, regions)
			if len(records) != 63 {
				t.Fatalf("%d events, want 63: %q", len(records), records)
			}
			got := w.apply("regions = " + hclList(regions))
			wantValue(t, "event_count", got["event_count"], len(records))
			wantValue(t, "truncated", got["truncated"], false)
			wantValue(t, "callers", got["callers"], callersOf(t, records))
		})
	}
}

// callersOf groups records as iamkeys_access_key_usage does.
func callersOf(t *testing.T, records []string) []map[string]any {
	t.Helper()
	type call struct {
		SourceIPAddress, UserAgent, EventSource, EventName string
	}
	type calls struct {
		call

		count, errors int
		first, last   time.Time
	}
	var groups []*calls
	for _, record := range records {
		var event struct {
			call

			ErrorCode string
			EventTime time.Time
		}
		if err := json.Unmarshal([]byte(record), &event); err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(groups, func(g *calls) bool { return g.call == event.call })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &calls{call: event.call, first: event.EventTime, last: event.EventTime})
		}
		group := groups[i]
		group.count++
		if event.ErrorCode != "" {
			group.errors++
		}
		if event.EventTime.Before(group.first) {
			group.first = event.EventTime
		}
		if event.EventTime.After(group.last) {
			group.last = event.EventTime
		}
	}
	slices.SortFunc(groups, func(a, b *calls) int {
		return cmp.Or(b.last.Compare(a.last), b.count-a.count, strings.Compare(a.SourceIPAddress, b.SourceIPAddress))
	})
	callers := make([]map[string]any, len(groups))
	for i, group := range groups {
		callers[i] = map[string]any{
			"source_ip": group.SourceIPAddress, "user_agent": group.UserAgent,
			"this_provider": strings.Contains(group.UserAgent, "terraform-provider-iamkeys/"),
			"service":       strings.TrimSuffix(group.EventSource, ".amazonaws.com"), "action": group.EventName,
			"count": group.count, "error_count": group.errors,
			"first_seen": group.first.UTC().Format(time.RFC3339), "last_seen": group.last.UTC().Format(time.RFC3339),
		}
		if group.UserAgent == "" {
			callers[i]["user_agent"] = nil
		}
	}
	return callers
}

func boto3Events(t *testing.T, w *acctest.World, keyID string, regions []string) (records []string) {
	t.Helper()
	foreign.RequireBoto3(t)
	runForeign(t, w, &records, foreign.Python, append([]string{filepath.Join("testdata", "boto3_events.py"), keyID}, regions...)...)
	return records
}

func awsEvents(t *testing.T, w *acctest.World, keyID string, regions []string) (records []string) {
	t.Helper()
	foreign.RequireAWS(t)
	for _, region := range regions {
		var found []string
		runForeign(t, w, &found, foreign.AWS, "--endpoint-url", w.Sim.URL(), "--region", region, "--output", "json",
			"cloudtrail", "lookup-events", "--lookup-attributes", "AttributeKey=AccessKeyId,AttributeValue="+keyID,
			"--query", "Events[].CloudTrailEvent")
		records = append(records, found...)
	}
	return records
}
