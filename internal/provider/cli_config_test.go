package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// keyArgs are arguments of an iamkeys_rotating_access_key, as HCL expressions by name. That of lifecycle is a block.
type keyArgs map[string]string

// with returns the arguments with those of more in their place. An empty expression leaves an argument out.
func (a keyArgs) with(more keyArgs) keyArgs {
	merged := maps.Clone(a)
	maps.Copy(merged, more)
	maps.DeleteFunc(merged, func(_, expression string) bool { return expression == "" })
	return merged
}

// byAge are the arguments of a key of the user ci that is rotated after 90 days, with the default durations.
func byAge(more keyArgs) keyArgs {
	return keyArgs{"user": `"ci"`, "rotate_after": `"90d"`}.with(more)
}

// asking are byAge's arguments with a rotate_when_changed.
func asking(values string) keyArgs { return byAge(keyArgs{"rotate_when_changed": values}) }

// revoking are byAge's arguments with a revoke_when_changed.
func revoking(values string) keyArgs { return byAge(keyArgs{"revoke_when_changed": values}) }

// held are byAge's arguments with hold_previous.
func held() keyArgs { return byAge(keyArgs{"hold_previous": "true"}) }

// unmanaged are byAge's arguments with a mode of unmanaged_keys.
func unmanaged(mode string) keyArgs { return byAge(keyArgs{"unmanaged_keys": `"` + mode + `"`}) }

// apart are byAge's arguments with another length for each duration, so that no two dates fall together.
func apart(more keyArgs) keyArgs {
	return byAge(keyArgs{"overlap": `"7d"`, "grace": `"5d"`, "require_unused_for": `"1d"`}).with(more)
}

// shortest goes through the whole cycle within a minute.
func shortest() keyArgs {
	return keyArgs{"user": `"ci"`, "rotate_after": `"30s"`, "overlap": `"10s"`, "grace": `"10s"`, "require_unused_for": `"0s"`}
}

// keyHCL is a resource with that name. More is added as it is.
func keyHCL(name string, args keyArgs, more ...string) string {
	var lines strings.Builder
	for _, argument := range slices.Sorted(maps.Keys(args)) {
		equals := "= "
		if argument == "lifecycle" {
			equals = ""
		}
		fmt.Fprintf(&lines, "  %s %s%s\n", argument, equals, args[argument])
	}
	return fmt.Sprintf("\nresource \"iamkeys_rotating_access_key\" %q {\n%s}\n%s", name, lines.String(), strings.Join(more, "\n"))
}

// consumerHCL is a dependant of keyAddress.
const consumerHCL = `
resource "iamkeystest_consumer" "test" {
  access_key_id     = iamkeys_rotating_access_key.test.access_key_id
  secret_access_key = iamkeys_rotating_access_key.test.secret_access_key
}
`

// dataHCL is a resource "terraform_data" "test", whose output is known once it was applied. Another generation replaces it.
func dataHCL(output, generation string) string {
	return fmt.Sprintf(`
resource "terraform_data" "test" {
  input            = %q
  triggers_replace = %q
}
`, output, generation)
}

// importHCL imports an id to an address.
func importHCL(to, id string) string {
	return fmt.Sprintf(`
import {
  to = %s
  id = %q
}
`, to, id)
}

// kept is the fact that a key was used too recently to be retired. The use is such as "2026-04-01 00:00:00 UTC by s3 in
// eu-west-1".
func kept(key, use, until string) string {
	return fmt.Sprintf("key %s was used at %s; require_unused_for keeps it until %s", key, use, until)
}

// taken is the fact that a key of somebody else has the slot. The state is such as "Active, created 2026-01-01 00:00:00 UTC,
// never used".
func taken(key, state string) string {
	return fmt.Sprintf("the slot is taken by key %s (%s), which this resource did not make", key, state)
}

// takenByTheirs is taken for a key of the first of January that was never used.
var takenByTheirs = taken("theirs", "Active, created 2026-01-01 00:00:00 UTC, never used")

// displaced is the warning that a key of somebody else is deleted to make room. The state is as for taken.
func displaced(key, state string) string {
	return fmt.Sprintf(`warning: Unmanaged key %s (%s) of user "ci" is deleted to make room for a new one`, key, state)
}

// leftover is the warning that a create finds a key that nobody has used. The state is as for taken.
func leftover(key, state string) string {
	return fmt.Sprintf(`warning: User "ci" already has key %s (%s), which an interrupted create may have left`, key, state)
}

// waits is the warning that a previous key is not retired yet.
func waits(key, fact string) string {
	return fmt.Sprintf(`warning: Previous key %s of user "ci" is not retired yet: %s`, key, fact)
}

// blockedBy is the warning that a rotation waits.
func blockedBy(fact string) string {
	return `warning: Rotation of user "ci" is due and waits: ` + fact
}

// refusal is the error that a request meets.
func refusal(fact string) string {
	return `error: Rotation of user "ci" was asked for and is not possible: ` + fact
}

// unlisted is the warning that the current key is gone.
func unlisted(key string) string {
	return fmt.Sprintf(`warning: Current key %s of user "ci" is not listed by IAM`, key)
}

// unproven is the warning that nobody has used the current key while the previous one is due.
func unproven(current, previous string) string {
	return fmt.Sprintf("warning: Current key %s has not been used yet, and previous key %s is due for deactivation", current, previous)
}

// notReactivated is the warning of a hold_previous that can't bring a key back.
func notReactivated(key, fact string) string {
	return fmt.Sprintf("warning: Previous key %s is not reactivated: %s", key, fact)
}

// deletion is the command that deletes a key of ci.
func deletion(key string) string {
	return "aws iam delete-access-key --user-name ci --access-key-id " + key
}

// update is the command that gives a key of ci a status.
func update(key, status string) string {
	return fmt.Sprintf("aws iam update-access-key --user-name ci --access-key-id %s --status %s", key, status)
}
