package provider

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/duration"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/trail"
)

// How much of what CloudTrail shows a warning shows.
const (
	shownCallers = 3
	shownActions = 3
	shownAgent   = 100
)

// usageOf is what CloudTrail shows, in a paragraph of its own, for the one warning about an obstacle that it belongs to.
func usageOf(o *rotation.Obstacle, decision rotation.Decision, usage string) string {
	if usage == "" || o != usedKey(decision) {
		return ""
	}
	return "\n\n" + usage
}

// describeUsage says who has used a key, or why that is not known.
func describeUsage(asked trail.Query, found trail.Result, err error) string {
	failures := trail.Failures(err)
	where := fmt.Sprintf("in the last %s in %s", duration.Format(min(asked.Since, trail.Retention)), strings.Join(asked.Regions, ", "))
	callers := trail.Callers(trail.Uses(found.Events))
	// The calls of this provider do not tell who must move. They come last, but are shown: anybody can send its user agent.
	slices.SortStableFunc(callers, func(a, b trail.Caller) int {
		switch {
		case a.IsProvider() == b.IsProvider():
			return 0
		case a.IsProvider():
			return 1
		}
		return -1
	})
	if len(callers) == 0 && len(failures) > 0 {
		return "CloudTrail does not say who uses the key. " + failureLine(failures[0])
	}
	if len(callers) == 0 {
		return fmt.Sprintf("CloudTrail has no management event of the key %s. Data events, such as reads of S3 objects, are not among these, "+
			"and an event appears about five minutes after the call.", where)
	}
	lines := []string{fmt.Sprintf("CloudTrail shows who has used the key %s:", where)}
	for _, c := range callers[:min(len(callers), shownCallers)] {
		lines = append(lines, "  "+describeCaller(c))
	}
	if more := len(callers) - shownCallers; more > 0 {
		lines = append(lines, fmt.Sprintf("  and %s more", counted(more, "caller")))
	}
	if found.Truncated {
		lines = append(lines, fmt.Sprintf("Only the latest %d events of each Region were read.", asked.MaxPages*trail.PageSize))
	}
	if len(failures) > 0 {
		lines = append(lines, "One Region did not answer. "+failureLine(failures[0]))
	}
	return strings.Join(lines, "\n")
}

func describeCaller(c trail.Caller) string {
	ip, agent := c.SourceIP, c.UserAgent
	if ip == "" {
		ip = "unknown address"
	}
	if shown := []rune(agent); len(shown) > shownAgent {
		agent = string(shown[:shownAgent]) + "..."
	}
	switch {
	case c.IsProvider():
		agent = "this provider"
	case agent == "":
		agent = "no user agent"
	}
	calls := counted(c.Count, "call")
	if c.ErrorCount > 0 {
		calls += fmt.Sprintf(", %d with an error", c.ErrorCount)
	}
	actions := strings.Join(c.Actions[:min(len(c.Actions), shownActions)], ", ")
	if more := len(c.Actions) - shownActions; more > 0 {
		actions += fmt.Sprintf(" and %s more", counted(more, "action"))
	}
	return fmt.Sprintf("%s, %s: %s (%s, the last at %s)", ip, agent, actions, calls, formatDate(c.LastSeen))
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// failureLine is a failure of the lookup for a warning.
func failureLine(failure *trail.Error) string {
	if failure.Kind() == trail.KindCanceled {
		late := *failure
		late.Message = fmt.Sprintf("no answer within %v", explainTimeout)
		failure = &late
	}
	return failure.Error() + ". " + trailHint(failure)
}

// usageFailure is the error of a lookup. Nothing of what other Regions have answered is shown: it would pass for the whole.
func usageFailure(keyID string, err error) diag.Diagnostic {
	var lines, hints []string
	for _, failure := range trail.Failures(err) {
		lines = append(lines, failure.Error())
		if hint := trailHint(failure); !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
	}
	return problem{
		at: path.Root("access_key_id"), summary: "Unable to look up the callers of access key " + keyID,
		cause: strings.Join(lines, "\n"), next: strings.Join(hints, " "),
	}.asError()
}

// trailHint is what to do about a failed lookup.
func trailHint(failure *trail.Error) string {
	switch failure.Kind() {
	case trail.KindAccessDenied:
		return fmt.Sprintf("Allow %s for the credentials of this provider.", trail.Action)
	case trail.KindThrottled:
		return "CloudTrail answers two requests a second in a Region, to the whole account. Run again later."
	case trail.KindInvalidCredentials:
		return fmt.Sprintf("AWS does not accept the credentials of this provider in %s. Check that the account has enabled that Region.",
			failure.Region)
	case trail.KindNoCredentials:
		return "Set credentials for this provider: profile, access_key and secret_key, assume_role, or the AWS_* environment variables."
	case trail.KindUnreachable:
		return "Check the name of the Region, the network, proxy settings and the endpoints block of this provider."
	case trail.KindCanceled:
		return "CloudTrail answers two requests a second in a Region, to the whole account, so that many lookups take long."
	case trail.KindOther:
	}
	return "Run again later."
}

// badRegion says that a value can't be the name of a Region.
func badRegion(at path.Path, name string) diag.Diagnostic {
	return problem{
		at: at, summary: fmt.Sprintf("Invalid AWS Region in regions: %q", name),
		next: "Set regions to names of AWS Regions, such as us-east-1.",
	}.asError()
}
