package acctest

import "fmt"

// This file has the texts of the provider that more than one test expects: facts about keys, the diagnostics that are made of
// them, and the commands that a detail gives. Key ids are short names (see Story).

const (
	// FirstDay is Start as texts spell it.
	FirstDay = "2026-01-01 00:00:00 UTC"
	// RotationDay is FirstDay plus the 90 days of ByAge.
	RotationDay = "2026-04-01 00:00:00 UTC"
	// KeysChanged is the reason why a plan is out of date whose step is not right any more.
	KeysChanged = "the keys in IAM have changed since the plan"
)

// NeverUsed describes an Active key that was created at a time such as FirstDay and that nobody has used.
func NeverUsed(created string) string { return "Active, created " + created + ", never used" }

// ProvedAt describes an Active key that was created at a time such as FirstDay and proved to work at once.
func ProvedAt(created string) string {
	return fmt.Sprintf("Active, created %[1]s, used only by sts at %[1]s, to prove that it works", created)
}

// StillInUse is the fact that a key was used too recently to be retired.
func StillInUse(key string) string { return "key " + key + " is still in use" }

// OverlapNotOver is the fact that a previous key is in its overlap.
func OverlapNotOver(key string) string {
	return fmt.Sprintf("the overlap of previous key %s is not over", key)
}

// SlotTaken is the fact that an unmanaged key has the slot.
func SlotTaken(key string) string {
	return fmt.Sprintf("the slot is taken by key %s, which this resource does not manage", key)
}

// SlotTakenByTheirs is SlotTaken for a key called theirs.
var SlotTakenByTheirs = SlotTaken("theirs")

// SignsRequests is the fact that a key, or a role that was assumed with it, signs the requests of the provider.
func SignsRequests(key string) string {
	return "the credentials of this provider depend on key " + key
}

// NoFreeSlot is the summary about a user with two keys. The descriptions are such as that of NeverUsed.
func NoFreeSlot(older, olderDescription, newer, newerDescription string) string {
	return fmt.Sprintf(`User "ci" already has 2 access keys, and no slot is free: %s (%s); %s (%s)`,
		older, olderDescription, newer, newerDescription)
}

// DeletesUnmanaged is the warning that an unmanaged key is deleted to make room.
func DeletesUnmanaged(key, description string) Option {
	return Warns("Unmanaged access key is deleted to make room for a new one", fmt.Sprintf(`Key %s (%s) of user "ci"`, key, description))
}

// DeletesActive is the warning that an Active previous key is deleted to make room.
func DeletesActive(key string) Option {
	return Warns("Active access key is deleted to make room for a new one", "Key "+key+" (Active")
}

// DeletesInactive is the warning that an Inactive key is deleted to make room.
func DeletesInactive(key string) Option {
	return Warns("Inactive access key is deleted to make room for a new one", "Key "+key+" (Inactive")
}

// Adopts is the warning that an unmanaged key becomes the previous one.
func Adopts(key string) Option { return Warns("Unmanaged access key is adopted", "Key "+key+" (") }

// NotKnownYet is the warning that it depends on an unknown value what happens to keys.
func NotKnownYet(may ...string) Option {
	return Warns("What happens to the access keys depends on a value that is not known yet", may...)
}

// Revokes is the warning that a revoke stops a key.
func Revokes(key string) Option {
	return Warns("Access key is revoked", "Key "+key+" (Active", "stops working in this apply")
}

// RotationPending is the warning that a rotation was asked for and has to wait because of a fact.
func RotationPending(fact string) Option {
	return Warns("Rotation was asked for and has to wait", fact)
}

// LeftToNextPlan is the warning that a plan which changes the configuration leaves these steps, in the words of last_change.
func LeftToNextPlan(steps string) Option {
	return Warns("Due step is left to the next plan", "this is due: "+steps+".")
}

// FoundLeftover is the warning of a create that finds a key.
func FoundLeftover(key, description string) Option {
	return Warns("User already has an access key", fmt.Sprintf(`User "ci" already has key %s (%s).`, key, description))
}

// WillBlock is the warning that an unmanaged key will block the rotation of a time such as RotationDay.
func WillBlock(key, description, rotation string) Option {
	return Warns("Unmanaged access key will block the rotation",
		fmt.Sprintf(`Key %s (%s) of user "ci" will block the rotation of %s`, key, description, rotation))
}

// DestroysInUse is the warning of a destroy, or of another user, about a key that was used within a day. The use is such as
// "2026-04-01 00:00:00 UTC by s3 in eu-west-1".
func DestroysInUse(key, use string) Option {
	return Warns(destroysInUse, fmt.Sprintf(`Key %s of user "ci" was last used at %s.`, key, use))
}

// DestroysKeyInUse is DestroysInUse for any key: the consumer of a Story uses its key.
func DestroysKeyInUse() Option { return Warns(destroysInUse) }

const destroysInUse = "Access key in use is destroyed"

// ReplacementDeletes is the warning of a create that may replace a resource whose key was used within a day.
func ReplacementDeletes(key, use string) Option {
	return Warns("Access key in use is deleted if its resource is replaced", fmt.Sprintf(`Key %s of user "ci" was last used at %s.`, key, use))
}

// SkipDestroyTooLate is the warning that a skip_destroy of the same plan keeps no key, such as "keys k1 and k2".
func SkipDestroyTooLate(keys string) Option {
	return Warns("skip_destroy keeps no key in the plan that sets it", "deletes "+keys+` of user "ci"`)
}

// TwoResources is the warning that two resources have the user ci. Their keys are named in either order.
func TwoResources(keys ...string) Option {
	return Warns("Two resources manage the access keys of one user", keys...)
}

// LongRollback is the warning that hold_previous has been set for more than 30 days.
func LongRollback() Option { return Warns("Rollback has lasted for more than 30 days") }

// LongFreeze is the warning that paused has been set for more than 30 days.
func LongFreeze() Option { return Warns("Change freeze has lasted for more than 30 days") }

// ProbablyLeft is the warning that an interrupted apply has probably left a key at that time.
func ProbablyLeft(key, created string) Option {
	return Warns("Unmanaged access key was probably left by an interrupted apply",
		fmt.Sprintf(`Key %s of user "ci" was probably left by an interrupted apply at %s, never used`, key, created))
}

// NotRetiredYet is the warning that a previous key is still in use. The use is such as "2026-04-01 00:00:00 UTC by s3 in eu-west-1".
func NotRetiredYet(key, use, until string) Option {
	return Warns("Previous access key is still in use", StillInUse(key), "last used at "+use+"), not before "+until)
}

// SignerNotRetired is the warning that a previous key which signs the requests of the provider is not retired.
func SignerNotRetired(key string) Option {
	return Warns("Credentials of this provider depend on the previous access key", SignsRequests(key))
}

// UseUnknown is the warning that a previous key waits, since the last use of a key is unknown.
func UseUnknown(key string) Option {
	return Warns("Previous access key waits, since a last use is unknown", "the last use of key "+key+" is unknown")
}

// WaitsForHandover is the warning that a previous key waits until somebody has used the current one.
func WaitsForHandover(key string) Option {
	return Warns("Previous access key waits for a use of the current one", NoHandover(key))
}

// NoHandover is the fact that nobody has used the current key since the overlap of another began.
func NoHandover(key string) string {
	return "nobody has used the current key since the overlap of key " + key + " began"
}

// RotationWaits is the warning that a rotation is due and waits because of a fact.
func RotationWaits(fact string) Option { return Warns("Rotation is due and waits", fact) }

// RequestRefused is the error that a request is not possible because of a fact.
func RequestRefused(fact string) Option {
	return Fails(`Rotation of user "ci" was asked for and is not possible: ` + fact)
}

// CurrentNotListed is the warning that the current key is gone.
func CurrentNotListed(key string) Option {
	return Warns("Current access key is not listed by IAM", "key "+key+" ")
}

// CurrentUnused is the warning that nobody has used the current key while the previous one is due for deactivation.
func CurrentUnused(current, previous string) Option {
	return Warns("Previous access key is deactivated without a handover", "Key "+previous+" (", "key "+current)
}

// NotReactivated is the warning that hold_previous does not reactivate a key because of a fact.
func NotReactivated(fact string) Option { return Warns("Previous access key is not reactivated", fact) }

// RevokedNotHeld is the warning that hold_previous does not bring back a revoked key, with these parts.
func RevokedNotHeld(key string, parts ...string) Option {
	return Warns("hold_previous does not bring back a revoked access key", append(parts, "key "+key+" was revoked")...)
}

// PlanOutdated is the error of an apply whose plan is no longer right.
func PlanOutdated(reason string) Option { return Fails(`Plan for user "ci" is out of date: ` + reason) }

// NoNewKey is the error that no key was created.
func NoNewKey() Option { return Fails(`No new key for user "ci"`) }

// NewKeyNotConfirmed is the warning that IAM does not list a new key yet.
func NewKeyNotConfirmed(key string) Option {
	return Warns("IAM has not confirmed a new access key yet", "New key "+key+" ")
}

// NewKeyUseless is the error that a new key could not be proved to work.
func NewKeyUseless(key string) Option {
	return Fails(fmt.Sprintf(`New key %s of user "ci" does not work`, key))
}

// CreatedAndDeleted is the warning that a key was deleted again because its secret was lost.
func CreatedAndDeleted(key string) Option {
	return Warns("New access key was deleted again, since the answer with its secret was lost", fmt.Sprintf(`key %s of user "ci"`, key))
}

// NotDeactivated is the error that a key is still Active.
func NotDeactivated(key string) Option {
	return Fails(fmt.Sprintf(`Key %s of user "ci" could not be made Inactive`, key))
}

// NotDeleted is the error that a key still exists.
func NotDeleted(key string) Option {
	return Fails(fmt.Sprintf(`Key %s of user "ci" could not be deleted`, key))
}

// SignerNotDestroyed is the error of a destroy that would delete the key which signs the requests of the provider.
func SignerNotDestroyed(key string) Option {
	return Fails("Credentials of this provider depend on key " + key + ", so it is not destroyed")
}

// AdoptedLeft is the warning of a destroy that leaves an adopted key.
func AdoptedLeft(key string) Option {
	return Warns("Adopted access key was left in IAM", fmt.Sprintf(`key %s of user "ci"`, key))
}

// DeletedBeforeInactive is the warning that somebody has deleted a key that was to be deactivated.
func DeletedBeforeInactive(key string) Option {
	return Warns("Access key was deleted before it could be made Inactive", "Key "+key+` of user "ci"`)
}

// DescriptionNotWritten is the warning that the tag of a key is missing.
func DescriptionNotWritten(key string) Option {
	return Warns("Description of an access key could not be written", "key "+key+" ")
}

// UserRenamed is the warning that a user has another name.
func UserRenamed(from, to string) Option {
	return Warns("IAM user was renamed", fmt.Sprintf("User %q is called %q now", from, to), fmt.Sprintf("Set user = %q", to))
}

// UserUnknown is the warning that nothing proves what became of a user.
func UserUnknown() Option { return Warns("IAM user not found under its name") }

// BelongsToAnother is the warning that a key of the state is that of another user.
func BelongsToAnother(details ...string) Option {
	return Warns("Access key belongs to another user", details...)
}

// KeyMayExist is the warning of a destroy that can't find a key, and can't prove that it is gone.
func KeyMayExist() Option { return Warns("Access key may still exist") }

// LastUseUnknown is the warning that the last use of a key can't be read.
func LastUseUnknown() Option { return Warns("Last use of access keys unknown") }

// UserGone is the warning that the user ci does not exist any more.
func UserGone() Option { return Warns("IAM user no longer exists", `user "ci"`) }

// WrongAccount is the error that the credentials belong to another account.
func WrongAccount(id string) Option { return Fails("Wrong AWS account " + id) }

// KeysUnreadable is the error that the keys of ci can't be listed.
func KeysUnreadable() Option { return Fails(keysUnreadable) }

// KeysUnreadableAtCreate is the warning of a plan which creates a key and can't list those that exist.
func KeysUnreadableAtCreate() Option { return Warns(keysUnreadable) }

const keysUnreadable = `Access keys of user "ci" can't be read`

// DueAtOnce is the warning that a plan sets an interval by which a key is due since that time.
func DueAtOnce(interval, key, since string) Option {
	return Warns("Changed configuration makes a rotation due", "Key "+key+" ", "is rotated at "+interval+",", "due since "+since)
}

// NotConfirmed is the warning that IAM does not show yet what a key is after a step, such as "Inactive" or "gone".
func NotConfirmed(key, state string) Option {
	return Warns("IAM has not confirmed a change yet", fmt.Sprintf(`key %s of user "ci" is %s`, key, state))
}

// UserRecreated is the warning that another user has the name ci.
func UserRecreated() Option { return Warns("IAM user was deleted and created again", `user "ci"`) }

// DeleteCommand is the command that deletes a key of ci.
func DeleteCommand(key string) string {
	return "aws iam delete-access-key --user-name ci --access-key-id " + key
}

// StatusCommand is the command that gives a key of ci a status.
func StatusCommand(key, status string) string {
	return fmt.Sprintf("aws iam update-access-key --user-name ci --access-key-id %s --status %s", key, status)
}
