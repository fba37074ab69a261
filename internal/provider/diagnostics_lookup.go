package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// longestShownID limits the malformed ids that are shown. What is longer may be a secret access key, which has 40 characters.
const longestShownID = 24

// noKeyAskedFor and userAndKeyAskedFor say that a data source needs exactly one of user and access_key_id.
func noKeyAskedFor() diag.Diagnostic {
	return problem{
		at: path.Root("user"), summary: "Neither user nor access_key_id is set",
		next: "Set user for all keys of an IAM user, or access_key_id for one key.",
	}.asError()
}

func userAndKeyAskedFor() diag.Diagnostic {
	return problem{
		at: path.Root("access_key_id"), summary: "Both user and access_key_id are set",
		next: "Remove access_key_id for all keys of the user, or user for one key: the user is part of the result then.",
	}.asError()
}

// noKeyID says that a value is no access key id. It does not show what may be a secret.
func noKeyID(at path.Path, value string) diag.Diagnostic {
	p := problem{
		at: at, summary: fmt.Sprintf("Invalid access key id in %s: %q", at, value),
		next: fmt.Sprintf("Set %s to the id of an access key: at least 16 capital letters and digits, such as AKIAIOSFODNN7EXAMPLE.", at),
	}
	if len(value) > longestShownID {
		p.summary = fmt.Sprintf("Invalid access key id in %s", at)
		p.truth = fmt.Sprintf("The value has %d characters and is not shown, since it may be a secret. If it is one, remove it from the "+
			"configuration.", len(value))
	}
	return p.asError()
}

func spaceAroundKeyID(at path.Path, id string) diag.Diagnostic {
	return problem{
		at: at, summary: fmt.Sprintf("White space around the access key id in %s: %s", at, id), next: "Remove it, as trimspace() does.",
	}.asError()
}

// idOfEntity says that an id is that of something else than an access key.
func idOfEntity(at path.Path, id, entity string) diag.Diagnostic {
	return problem{
		at: at, summary: fmt.Sprintf("Invalid access key id in %s: %s", at, id),
		truth: fmt.Sprintf("By its first four letters it is the id of %s.", entity),
		next:  fmt.Sprintf("Set %s to the id of an access key, such as AKIAIOSFODNN7EXAMPLE.", at),
	}.asError()
}

// idOfTemporaryKey says that IAM keeps no record of temporary credentials.
func idOfTemporaryKey(at path.Path, id string) diag.Diagnostic {
	return problem{
		at: at, summary: fmt.Sprintf("Access key id of temporary credentials in %s: %s", at, id),
		truth: "IAM records neither the age nor the last use of temporary credentials, which expire by themselves.",
		next: fmt.Sprintf("Set %s to the id of a long-term key, such as AKIAIOSFODNN7EXAMPLE. The data source iamkeys_access_key_owner "+
			"returns the account of temporary credentials.", at),
	}.asError()
}

// askedAs says whose credentials had the answer that a diagnostic is about.
func askedAs(identity iamgate.Identity) string {
	return fmt.Sprintf("The credentials are those of %s in account %s.", identity.ARN, identity.AccountID)
}

// keysUnlistable says that the keys of a user can't be listed.
func keysUnlistable(at path.Path, user, cause string) diag.Diagnostic {
	return problem{at: at, summary: fmt.Sprintf("Unable to list the access keys of IAM user %q", user), cause: cause}.asError()
}

// keyNotFound says that IAM does not answer for the key that access_key_id names. Cause is what AWS said in err, and who asked.
func keyNotFound(id string, err error, cause string) diag.Diagnostic {
	p := problem{at: path.Root("access_key_id"), summary: "Unable to look up access key " + id, cause: cause}
	switch {
	case iamgate.IsKind(err, iamgate.KindAccessDenied):
		p.summary = "Access key not found, or access denied: " + id
		p.truth = "AWS also answers so for a key id that the account does not have, such as that of a deleted key or of a key of another " +
			"account."
		p.next = "Check access_key_id. The data source iamkeys_access_key_owner returns the account of any key."
	case iamgate.IsKind(err, iamgate.KindNoSuchEntity):
		p.summary = "Access key not found: " + id
	}
	return p.asError()
}

func keyOfNoUser(id string) diag.Diagnostic {
	return problem{
		at: path.Root("access_key_id"), summary: "Access key of no IAM user: " + id, truth: "IAM names no user for this key.",
		next: "Set access_key_id to the key of an IAM user.",
	}.asError()
}

// keyNotListed says that IAM lists no key under the user that it named as the owner.
func keyNotListed(id, user string) diag.Diagnostic {
	return problem{
		at: path.Root("access_key_id"), summary: "Access key not found: " + id,
		truth: fmt.Sprintf("IAM says that the key belongs to user %q, but does not list it there. It may have been deleted just now.", user),
		next:  "Plan again.",
	}.asError()
}

// lastUseUnreadable says that the last use of a listed key can't be read.
func lastUseUnreadable(id, user string, err error, cause string) diag.Diagnostic {
	p := problem{
		at: path.Root("user"), summary: fmt.Sprintf("Unable to look up the last use of access key %s", id), cause: cause,
		truth: fmt.Sprintf("IAM lists the key for user %q.", user),
	}
	if iamgate.IsKind(err, iamgate.KindAccessDenied) {
		p.next = "AWS gives the same answer for a key that was deleted a moment ago: if you deleted it, plan again."
	}
	return p.asError()
}

// accountUnknown says that AWS does not name the account of a key.
func accountUnknown(id string, err error) diag.Diagnostic {
	p := problem{
		at: path.Root("access_key_id"), summary: "Unable to look up the account of access key " + id, cause: awsErrorDetail(err),
	}
	if iamgate.IsKind(err, iamgate.KindInvalidInput) || iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		p = problem{
			at: p.at, summary: "AWS does not know access key " + id, cause: err.Error(),
			truth: "The id is mistyped, or the key was deleted: AWS may answer so for a deleted key.",
			next: "Copy access_key_id again, such as from the log that has it. For a deleted key, CloudTrail has what it did:" +
				lookUpEvents(id),
		}
	}
	return p.asError()
}

func callerUnknown(err error) diag.Diagnostic {
	return problem{summary: "Unable to look up the account of the credentials", cause: awsErrorDetail(err)}.asError()
}

// ownerUnknown says that IAM does not name the user of a key of the account that the credentials belong to.
func ownerUnknown(id, account string, err error) diag.Diagnostic {
	p := problem{
		at: path.Root("access_key_id"), summary: "User of an access key is unknown",
		truth: fmt.Sprintf("Key %s is one of account %s, which the credentials belong to. No IAM user has it now: it was deleted, or is that "+
			"of the root user. So user is null.", id, account),
		next: "CloudTrail has what the key did in the last 90 days, in each Region:" + lookUpEvents(id),
	}
	if err != nil {
		p.cause = awsErrorDetail(err)
	}
	if iamgate.IsKind(err, iamgate.KindAccessDenied) {
		p.truth = fmt.Sprintf("Key %s is one of account %s, which the credentials belong to. AWS gives the same answer for a key that was "+
			"deleted and without permission for iam:GetAccessKeyLastUsed on its user, so user is null.", id, account)
		p.next = "If the credentials may call iam:GetAccessKeyLastUsed on every user, the key was deleted. " + p.next
	}
	return p.asWarning()
}

// lookUpEvents is the command that shows the calls that a key has signed.
func lookUpEvents(id string) string {
	return commands("aws cloudtrail lookup-events --lookup-attributes AttributeKey=AccessKeyId,AttributeValue=" + id)
}
