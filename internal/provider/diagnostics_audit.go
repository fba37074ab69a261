package provider

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/audit"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// mostNamed is how many users a diagnostic names.
const mostNamed = 10

func usersAndPathAskedFor() diag.Diagnostic {
	return problem{
		at: path.Root("path_prefix"), summary: "Both users and path_prefix are set",
		next: "Remove path_prefix for the keys of the named users, or users for those of all users below the path.",
	}.asError()
}

// listingReason is why an audit was not guided by the credential report; empty if it was.
func listingReason(result audit.Result) string {
	switch result.Reason {
	case audit.NoReason:
	case audit.NamedUsers:
		return "users names the users"
	case audit.NoWindow:
		return "neither older_than nor unused_for is set"
	case audit.ShortWindow:
		return "older_than and unused_for are not longer than the age of the credential report and four hours"
	case audit.ReportDenied:
		if failure, ok := errors.AsType[*iamgate.Error](result.ReportErr); ok {
			return failure.Action + " is denied"
		}
		return "the credential report is denied"
	case audit.ReportFailed:
		return "the credential report can't be read"
	}
	return ""
}

// reportNotUsed says that all users were listed because of a failure.
func reportNotUsed(err error) diag.Diagnostic {
	return problem{
		summary: "Credential report was not used", cause: awsErrorDetail(err),
		truth: "All users were listed instead: the result is whole, and cost a request for each user.",
	}.asWarning()
}

// auditFailed says why there is no result. Describe returns the detail of a failed call.
func auditFailed(err error, describe func(error) string) diag.Diagnostic {
	unread, ok := errors.AsType[*audit.UnreadError](err)
	if !ok {
		p := problem{summary: "Unable to audit access keys", cause: describe(err)}
		if failure, ok := errors.AsType[*iamgate.Error](err); ok {
			p.summary += ": " + failure.Action + " failed"
			if failure.Kind == iamgate.KindAccessDenied {
				p.summary = strings.TrimSuffix(p.summary, " failed") + " is denied"
			}
		}
		return p.asError()
	}
	p := problem{
		summary: fmt.Sprintf("Access keys of %d IAM users can't be read", len(unread.Users)),
		cause:   describe(unread.Users[0].Err),
		truth:   strings.Join(failuresByCause(unread.Users), " "),
		next:    "There is no result, since a part of it could pass for the whole. Resolve this, or choose users with users or path_prefix.",
	}
	switch {
	case unread.NotTried > 0:
		p.summary = strings.Replace(p.summary, " of ", " of at least ", 1)
		p.truth += fmt.Sprintf(" %d more users were not tried.", unread.NotTried)
	case len(unread.Users) == 1:
		p.summary = fmt.Sprintf("Access keys of IAM user %q can't be read", unread.Users[0].User)
	}
	return p.asError()
}

// failuresByCause returns a sentence for each cause, with its users.
func failuresByCause(failures []audit.UserError) []string {
	var causes []string
	users := map[string][]string{}
	for _, f := range failures {
		cause := unreadCause(f.Err)
		if !slices.Contains(causes, cause) {
			causes = append(causes, cause)
		}
		users[cause] = append(users[cause], f.User)
	}
	for i, cause := range causes {
		causes[i] = fmt.Sprintf("%s: %s.", cause, firstOf(users[cause]))
	}
	return causes
}

// unreadCause is what several users may have failed by.
func unreadCause(err error) string {
	failure, ok := errors.AsType[*iamgate.Error](err)
	switch {
	case !ok:
		return err.Error()
	case failure.Kind == iamgate.KindAccessDenied:
		return failure.Action + " is denied on"
	case failure.Kind == iamgate.KindNoSuchEntity:
		return "No IAM user has the name"
	case failure.Code != "":
		return failure.Action + " failed with " + failure.Code + " for"
	default:
		return failure.Action + " failed for"
	}
}

// firstOf names the first of some users, and the number of the others.
func firstOf(users []string) string {
	if len(users) <= mostNamed {
		return strings.Join(users, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(users[:mostNamed], ", "), len(users)-mostNamed)
}

// keysNotStored says that the state is not of the form that the schema has.
func keysNotStored(err error) diag.Diagnostic {
	return problem{summary: "Access keys can't be stored in the state", cause: err.Error(), next: "This is a bug in the provider."}.asError()
}
