package provider

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// lastUseUnknown says that nothing is retired for want of a last use.
func lastUseUnknown(user string, u rotator.LastUseUnknown) diag.Diagnostic {
	p := problem{
		summary: "Last use of access keys unknown", cause: awsErrorDetail(u.Err),
		truth: fmt.Sprintf("User %q: the last use of %s can't be read, so %s counts as used: time alone neither deactivates nor deletes "+
			"it. All else goes on.", user, strings.Join(u.Keys, " and "), each(u.Keys)),
	}
	if iamgate.IsKind(u.Err, iamgate.KindAccessDenied) {
		p.next = "AWS gives the same answer for a key that was deleted a moment ago: if you deleted it, plan again in a minute."
	}
	return p.asWarning()
}

// each names one of these keys.
func each(keys []string) string {
	if len(keys) == 1 {
		return "the key"
	}
	return "each key"
}

// userUnknown says that nothing is known of a key whose user is not found.
func userUnknown(user, key string, l rotator.Location) problem {
	p := problem{
		summary: "IAM user not found under its name", cause: failures(l.Unproved),
		truth: fmt.Sprintf("IAM does not list key %s under user %q, and no answer proves what became of the two. The key may be alive under "+
			"another name, so it stays in the state, and is neither rotated nor retired.", key, user),
	}
	switch {
	case l.Foreign:
		return problem{
			summary: "Access key belongs to another user", cause: p.cause,
			truth: fmt.Sprintf("AWS says that key %s belongs to user %q, who is not the user that the state speaks of. So the key stays in the "+
				"state, and is neither rotated nor retired.", key, l.Owner),
			next: "If the state was edited, restore it. Otherwise remove the resource from the state, and import the keys of the right user.",
		}
	case l.Listed:
		p.truth = fmt.Sprintf("IAM lists key %s under user %q, the name that an earlier apply has found, but no answer proves that this is "+
			"still the same user. So the key stays in the state, and is neither rotated nor retired.", key, user)
		p.next = settle(l.Owner, l.Unproved) + fmt.Sprintf(" Or set user = %q and apply, if that is the user.", user)
		return p
	case l.Owner != "":
		p.truth = fmt.Sprintf("AWS says that key %s of user %q belongs to user %q now, but no answer proves that this is the same user, or "+
			"its keys can't be listed. So the key stays in the state, and is neither rotated nor retired.", key, user, l.Owner)
	}
	p.next = settle(l.Owner, l.Unproved) + " If you know that the key is gone, remove the resource from the state."
	return p
}

// keyLeft is the warning of a destroy that leaves a key.
func keyLeft(e *rotator.OwnerError) diag.Diagnostic {
	p := problem{
		summary: "Access key may still exist", cause: failures(e.Unproved),
		truth: fmt.Sprintf("IAM does not know key %s under user %q, and no answer proves what became of the two. The resource is removed from "+
			"the state. If the user was renamed, the key is alive under the new name.", e.Key, e.User),
		next: "Look for its user, and delete it there:" + commands(ownerCommand(e.Key)),
	}
	if e.ReusedBy != "" {
		p.truth = fmt.Sprintf("User %q is not the user that the state speaks of, so no key was deleted under that name, and no answer proves "+
			"what became of key %s. The resource is removed from the state. If the user was renamed, the key is alive under the new name.",
			e.User, e.Key)
	}
	if e.Foreign {
		p.summary = "Access key belongs to another user"
		p.truth = fmt.Sprintf("Key %s belongs to user %q, who is not the user that the state speaks of, so it was not deleted. The resource is "+
			"removed from the state.", e.Key, e.Owner)
		p.next = "If the key should go, delete it:" + commands(deleteCommand(e.Owner, e.Key))
	}
	return p.asWarning()
}

// failures are AWS's own messages, each on a line.
func failures(errs []error) string {
	lines := make([]string, len(errs))
	for i, err := range errs {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// settle names the permissions that would prove what became of a user. Owner is the name that AWS told, if it did.
func settle(owner string, errs []error) string {
	var denied []string
	for _, err := range errs {
		if failure, ok := errors.AsType[*iamgate.Error](err); ok && failure.Kind == iamgate.KindAccessDenied {
			denied = append(denied, failure.Action)
		}
	}
	denied = slices.Compact(slices.Sorted(slices.Values(denied)))
	switch {
	case len(denied) == 0:
		return "Plan again in a few minutes."
	case owner != "":
		return fmt.Sprintf("Allow %s on user %q for the credentials of this provider, and plan again.", strings.Join(denied, " and "), owner)
	default:
		return fmt.Sprintf("One of these would prove it for the credentials of this provider: %s, on the present name of the user; "+
			"iam:ListUsers is on all users.", strings.Join(denied, ", "))
	}
}
