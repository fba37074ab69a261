package provider

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// lookError says that the keys of a user can't be read.
func lookError(user string, err error) diag.Diagnostic {
	var wrong *wrongAccountError
	if errors.As(err, &wrong) {
		return diag.NewAttributeErrorDiagnostic(path.Root("account_id"), fmt.Sprintf("Wrong AWS account %s", wrong.credentials),
			fmt.Sprintf("The keys of user %q are in account %s, but the credentials of this provider belong to account %s. Nothing was concluded "+
				"and nothing was changed. Configure the provider for account %s.", user, wrong.state, wrong.credentials, wrong.state))
	}
	return diag.NewErrorDiagnostic(fmt.Sprintf("Access keys of user %q can't be read", user), awsErrorDetail(err)+"\n\nNothing was changed.")
}

// staleSummary says which planned step is no longer right, and why.
func staleSummary(user string, stale *rotation.StaleError, seen rotation.Observation) string {
	what := map[rotation.Kind]string{
		rotation.Adopt: "adopt key", rotation.RecordDeactivated: "record the deactivation of key", rotation.RecordReactivated: "record the reactivation of key",
		rotation.Reactivate: "reactivate key", rotation.Deactivate: "deactivate key", rotation.DeletePrevious: "delete key",
		rotation.DeleteCurrent: "delete key", rotation.DeleteUnmanaged: "delete key", rotation.Rotate: "rotate key",
	}[stale.Step.Kind]
	why := "the keys in IAM have changed since the plan"
	if stale.Obstacle.Cause != "" {
		why = waitFact(stale.Obstacle, seen)
	}
	return fmt.Sprintf("Plan for user %q is out of date: it would %s %s, but %s", user, what, stale.Step.Key, why)
}

// staleDetail says what is true now.
func staleDetail(user string, stale *rotation.StaleError, seen rotation.Observation) string {
	keys := describeKeys(seen.Keys)
	if keys == "" {
		keys = "no keys"
	}
	detail := fmt.Sprintf("User %q has now: %s. Nothing was changed. Plan again, and read the new plan.", user, keys)
	if remedy := waitRemedy(stale.Obstacle, user); remedy != "" {
		detail += "\n\n" + remedy
	}
	return detail
}

// createRefusedSummary names the keys in the way of a create.
func createRefusedSummary(user string, seen rotation.Observation) string {
	return fmt.Sprintf("User %q already has %d access keys, and no slot is free: %s", user, len(seen.Keys), describeKeys(seen.Keys))
}

// createRefusedDetail says how to go on when a create finds no free slot.
func createRefusedDetail(user string, w rotation.Obstacle, seen rotation.Observation) string {
	var commands []string
	for _, k := range seen.Keys {
		commands = append(commands, statusCommand(user, k.ID, rotation.Inactive), deleteCommand(user, k.ID))
	}
	return "No key is made and none is touched: " + waitFact(w, seen) + ". To go on, import the keys of this user instead:\n  terraform import ADDRESS " +
		importExample(user, seen) + "\nor delete a key that nobody needs, with:\n  " + strings.Join(commands, "\n  ") +
		"\nor set unmanaged_keys = \"delete_unused\" if one of them was never used. A -replace with create_before_destroy meets this while " +
		"a previous key exists; rotate_when_changed rotates without replacing."
}

// sharedUserWarning says that two resources want the slots of one user.
func sharedUserWarning(user, one, other string) diag.Diagnostic {
	return diag.NewWarningDiagnostic(fmt.Sprintf("Two resources manage the access keys of user %q: current keys %s and %s", user, one, other),
		"A user has two key slots, and one iamkeys_rotating_access_key needs both. Keep one of the resources and remove the other "+
			"with a removed block, or from the state. While a resource is being replaced, this is expected.")
}
