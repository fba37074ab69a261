package provider_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// stillUsed is the detail of the warning that k1 is still in use, without what CloudTrail shows.
const stillUsed = `User "ci", as configured so far: key k1 is still in use (Active, created 2026-01-01 00:00:00 UTC, last used at ` +
	`2026-04-09 12:00:00 UTC by ec2 in eu-west-1), not before 2026-04-17 12:00:00 UTC. Move the ` +
	`consumers that still use this key to the current one; or, if that use does not matter, lower require_unused_for.`

var explains = acctest.Args{"explain_usage": "true"}

// newUsedPrevious is a story on day 99 with the previous key k1, which somebody has used for EC2 half a day ago, and the current key k2,
// which is in use.
func newUsedPrevious(t *testing.T, args acctest.Args) *acctest.Story {
	t.Helper()
	s := acctest.NewStory(t).WithPrevious(acctest.ByAge(args))
	s.UseKey("k2")
	s.Advance("9d")
	s.Sim.SetLastUsed(s.KeyID("k1"), s.Sim.Now().Add(-12*time.Hour), "ec2", "eu-west-1")
	s.ResetCalls()
	return s
}

// callWith adds an event of k1 in a region, some hours ago.
func callWith(s *acctest.Story, hours int, region, ip, agent, service, action string) {
	s.Sim.AddEvent(iamsim.Event{
		At: s.Sim.Now().Add(-time.Duration(hours) * time.Hour), Region: region, SourceIP: ip, UserAgent: agent,
		Source: service + ".amazonaws.com", Name: action, AccessKeyID: s.KeyID("k1"),
	})
}

// stillInUse expects the warning that k1 is still in use.
func stillInUse() acctest.Option { return acctest.Warns("Previous access key is still in use") }

// wantDetailOf compares the whole detail of a warning. Request ids are left out.
func wantDetailOf(s *acctest.Story, summary, want string) {
	s.T.Helper()
	for _, d := range s.CLI.Diagnostics() {
		if d.Summary == summary {
			got := strings.ReplaceAll(d.Detail, s.KeyID("k1"), "k1")
			if got = regexp.MustCompile(`request id [0-9a-f-]{36}`).ReplaceAllString(got, "request id"); got != want {
				s.T.Errorf("detail\n%s\nwant\n%s", got, want)
			}
			return
		}
	}
	s.T.Errorf("no warning %q", summary)
}

// TestAccRotatingAccessKey_explainUsage names the callers of a previous key that is still in use, the last three of them. One
// lookup in each Region serves a plan; an apply of it makes none.
func TestAccRotatingAccessKey_explainUsage(t *testing.T) {
	t.Parallel()
	s := newUsedPrevious(t, explains)
	callWith(s, 12, "eu-west-1", "10.1.2.3", "Boto3/1.34 \x1b[31mred", "ec2", "DescribeInstances")
	callWith(s, 14, "eu-west-1", "10.1.2.3", "Boto3/1.34 \x1b[31mred", "ec2", "DescribeInstances")
	callWith(s, 13, "us-east-1", "10.1.2.3", "Boto3/1.34 \x1b[31mred", "iam", "GetUser")
	callWith(s, 12, "us-east-1", "10.0.0.9", "APN/1.0 terraform-provider-iamkeys/1.2.3", "sts", "GetCallerIdentity")
	callWith(s, 20, "us-east-1", "10.4.4.4", "aws-cli/2.15", "ses", "SendEmail")
	callWith(s, 8*24-1, "us-east-1", "10.5.5.5", "aws-sdk-go/1.50", "ses", "SendEmail")
	callWith(s, 8*24+1, "us-east-1", "10.6.6.6", "too old", "ses", "SendEmail")
	callWith(s, 1, "ap-south-1", "10.7.7.7", "elsewhere", "ses", "SendEmail")
	s.PlanEmpty(stillInUse())
	wantDetailOf(s, "Previous access key is still in use", stillUsed+`

CloudTrail shows who has used the key in the last 8d in eu-west-1, us-east-1:
  10.1.2.3, Boto3/1.34 [31mred: ec2:DescribeInstances, iam:GetUser (3 calls, the last at 2026-04-09 12:00:00 UTC)
  10.4.4.4, aws-cli/2.15: ses:SendEmail (1 call, the last at 2026-04-09 04:00:00 UTC)
  10.5.5.5, aws-sdk-go/1.50: ses:SendEmail (1 call, the last at 2026-04-02 01:00:00 UTC)
  and 1 caller more`)

	// A plan that changes something else asks once, too, and its apply never does.
	s.Write(acctest.ByAge(explains.With(acctest.Args{"wait_until_usable": "false"})), acctest.ConsumerHCL)
	s.Plan(2, stillInUse())
	s.WantCalls("ListAccessKeys", "GetAccessKeyLastUsed", "GetAccessKeyLastUsed", "LookupEvents", "LookupEvents")
	s.ApplyPlan()
	if calls := strings.Join(s.CallList(), " "); strings.Contains(calls, "LookupEvents") {
		t.Errorf("calls of the apply: %s", calls)
	}
	s.ResetCalls()
	s.Plan(0, acctest.Flags("-refresh=false"), acctest.Warns("A step is due, and nothing has looked at IAM"))
	s.WantCalls("ListAccessKeys")
}

// TestAccRotatingAccessKey_explainUsageNothing says so where CloudTrail has no event.
func TestAccRotatingAccessKey_explainUsageNothing(t *testing.T) {
	t.Parallel()
	s := newUsedPrevious(t, explains)
	s.PlanEmpty(stillInUse())
	wantDetailOf(s, "Previous access key is still in use", stillUsed+`

CloudTrail has no management event of the key in the last 8d in eu-west-1, us-east-1. Data events, such as reads of S3 objects, are not `+
		`among these, and an event appears about five minutes after the call.`)
}

// TestAccRotatingAccessKey_explainUsageDenied says what is missing, and nothing fails.
func TestAccRotatingAccessKey_explainUsageDenied(t *testing.T) {
	t.Parallel()
	s := newUsedPrevious(t, explains)
	callWith(s, 12, "us-east-1", "10.1.2.3", "Boto3/1.34", "ec2", "DescribeInstances")
	s.Sim.Deny("*", "cloudtrail:LookupEvents")
	s.PlanEmpty(stillInUse())
	const denied = `cloudtrail:LookupEvents (eu-west-1): AccessDeniedException: User: arn:aws:iam::123456789012:user/admin is not ` +
		`authorized to perform: cloudtrail:LookupEvents because no identity-based policy allows the cloudtrail:LookupEvents action ` +
		`(HTTP 400, request id). Allow cloudtrail:LookupEvents for the credentials of this provider.`
	wantDetailOf(s, "Previous access key is still in use", stillUsed+"\n\nCloudTrail does not say who uses the key. "+denied)

	// Where one Region answers, its callers are shown.
	s.Sim.ClearDenials()
	callWith(s, 12, "eu-west-1", "10.1.2.3", "Boto3/1.34", "ec2", "DescribeInstances")
	s.Sim.AddFault(iamsim.Fault{Action: "LookupEvents", Kind: iamsim.Empty200, Nth: 1})
	s.PlanEmpty(acctest.Warns("Previous access key is still in use", "10.1.2.3, Boto3/1.34: ec2:DescribeInstances (1 call, the last at",
		"One Region did not answer. cloudtrail:LookupEvents (", "): the answer lacks what AWS always sends (HTTP 200"))
}

// TestAccRotatingAccessKey_explainUsageOff asks CloudTrail nothing unless it is asked to, and nothing while no warning needs it.
func TestAccRotatingAccessKey_explainUsageOff(t *testing.T) {
	t.Parallel()
	s := newUsedPrevious(t, nil)
	s.PlanEmpty(stillInUse())
	wantDetailOf(s, "Previous access key is still in use", stillUsed)
	// The setting itself changes nothing else, and counts from the next plan on.
	s.Write(acctest.ByAge(explains), acctest.ConsumerHCL)
	s.ResetCalls()
	s.Plan(2, stillInUse())
	s.WantPlanned(map[string]any{"action": "update", "explain_usage": true, "last_change": s.Value("last_change")})
	s.ApplyPlan()
	if calls := strings.Join(s.CallList(), " "); strings.Contains(calls, "LookupEvents") {
		t.Errorf("calls: %s", calls)
	}
	s.WantChanges()
	s.PlanEmpty(stillInUse())

	s.Advance("8d")
	s.ResetCalls()
	s.Plan(2)
	s.WantCalls("ListAccessKeys", "GetAccessKeyLastUsed", "GetAccessKeyLastUsed")
	s.ApplyPlan()
	s.WantChanges("deactivate k1")
}

// TestAccRotatingAccessKey_explainUsageBlocked explains a rotation that waits for a key in use, in one of the two warnings about it.
func TestAccRotatingAccessKey_explainUsageBlocked(t *testing.T) {
	t.Parallel()
	s := newUsedPrevious(t, explains)
	s.Advance("81d")
	s.Sim.SetLastUsed(s.KeyID("k1"), s.Sim.Now(), "ec2", "eu-west-1")
	callWith(s, 1, "eu-west-1", "10.1.2.3", "Boto3/1.34", "ec2", "DescribeInstances")
	s.Plan(0, acctest.RotationWaits(acctest.StillInUse("k1")), stillInUse())
	s.WantCalls("ListAccessKeys", "GetAccessKeyLastUsed", "GetAccessKeyLastUsed", "LookupEvents", "LookupEvents")
	shown := 0
	for _, d := range s.CLI.Diagnostics() {
		shown += strings.Count(d.Detail, "10.1.2.3")
	}
	if shown != 1 {
		t.Errorf("the caller is shown %d times", shown)
	}
}
