package rotator

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// ownership is what was found out about a key that is not listed under the recorded name of its user. An answer that denies
// access proves nothing (rule 0 of package rotation).
type ownership struct {
	// name is the present name of the recorded user, proved by the unique id or by the key; empty where it is not proved.
	name string
	// owner is who has the key, if AWS told it, and alive reports whether the key was thereby proved to exist.
	owner string
	alive bool
	// foreign reports whether the owner is proved to be another user than the recorded one.
	foreign bool
	// keyGone and userGone report whether key and user were proved not to exist.
	keyGone, userGone bool
	// reusedBy is the unique id of another user to whom the recorded name belongs now; empty where that is not proved.
	reusedBy string
	// rejected reports whether AWS rejected a call that the key signed: the key is gone or Inactive.
	rejected bool
	signedAt time.Time
	// failures are what could not be asked or proved.
	failures []error
}

// unproved keeps the error of a call that would have proved more. It returns the error if the context ended.
func (o *ownership) unproved(err error) error {
	if iamgate.IsKind(err, iamgate.KindCanceled) {
		return err
	}
	o.failures = append(o.failures, err)
	return nil
}

// denied reports whether AWS denied all that could have proved more. Asked again, it would say the same.
func (o *ownership) denied() bool {
	for _, err := range o.failures {
		if _, ok := errors.AsType[*iamgate.Error](err); ok && !iamgate.IsKind(err, iamgate.KindAccessDenied) && !iamgate.IsUnknownKey(err) {
			return false
		}
	}
	return true
}

// proofError is why an answer of AWS is no proof.
type proofError string

func (e proofError) Error() string { return string(e) }

func otherID(user, uniqueID string, s Subject) proofError {
	return proofError(fmt.Sprintf("user %q has the unique id %s, and the state has %s", user, uniqueID, s.UniqueID))
}

// askOwner asks who owns a key. AWS answers AccessDenied for a key that does not exist, also to an administrator.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
func (c *Client) askOwner(ctx context.Context, s Subject, id string, found *ownership) error {
	used, err := c.gateway.LastUsed(ctx, id)
	switch {
	case iamgate.IsKind(err, iamgate.KindNoSuchEntity) && !c.isYoung(s):
		found.keyGone = true
		return nil
	case err != nil:
		return found.unproved(err)
	}
	found.owner, found.alive = used.UserName, true
	if used.UserName == s.User && found.reusedBy != "" {
		found.foreign = true
		return found.unproved(otherID(s.User, found.reusedBy, s))
	}
	if used.UserName == s.User && !s.needsProof() {
		found.name = s.User
		return nil
	}
	if s.UniqueID == "" {
		return found.unproved(proofError("the state has no user_unique_id to compare with that of user " + used.UserName))
	}
	user, err := c.gateway.GetUser(ctx, used.UserName)
	if err != nil {
		return found.unproved(err)
	}
	if user.ID != s.UniqueID {
		found.foreign = true
		return found.unproved(otherID(used.UserName, user.ID, s))
	}
	found.name = used.UserName
	return nil
}

// proveUser finds the recorded user where askOwner did not: by a call that the current key signs itself, where its secret is at
// hand and no previous key could be meant, and then among all users.
func (c *Client) proveUser(ctx context.Context, s Subject, id string, found *ownership) error {
	if found.name != "" || found.foreign || found.keyGone || s.UniqueID == "" {
		return nil
	}
	if id == s.Current.ID && s.Previous == "" && !s.Secret.IsZero() {
		if err := c.proveByKey(ctx, s, found); err != nil || found.name != "" {
			return err
		}
	}
	user, ok, err := c.gateway.UserByID(ctx, s.UniqueID)
	switch {
	case err != nil:
		return found.unproved(err)
	case ok:
		found.name = user.Name
	case c.isYoung(s) && found.reusedBy == "":
		return found.unproved(proofError("the key was created less than five minutes ago, and IAM may not list its user yet"))
	default:
		found.userGone = true
	}
	return nil
}

// proveByKey asks AWS whom the current key authenticates.
func (c *Client) proveByKey(ctx context.Context, s Subject, found *ownership) error {
	tflog.Debug(ctx, "the current key signs a call that tells whose it is", map[string]any{"user": s.User, "access_key_id": s.Current.ID})
	identity, err := c.gateway.IdentityOf(ctx, s.Current.ID, s.Secret)
	if iamgate.IsWrongSecret(err) {
		return found.unproved(proofError(fmt.Sprintf("the secret in the state is not that of key %s", s.Current.ID)))
	}
	if err != nil {
		found.rejected = iamgate.IsUnknownKey(err)
		return found.unproved(err)
	}
	name := identity.ARN[strings.LastIndex(identity.ARN, "/")+1:]
	found.owner, found.alive, found.signedAt = name, true, c.gateway.Now()
	if identity.UserID != s.UniqueID {
		found.foreign = true
		return found.unproved(otherID(name, identity.UserID, s))
	}
	found.name = name
	return nil
}

// isYoung reports whether IAM may not know everywhere yet that the current key and its user exist.
func (c *Client) isYoung(s Subject) bool {
	return c.gateway.Now().Sub(s.Current.CreatedAt) < listAgainFor
}

// withOwner changes a key under the name of its user, or, where IAM knows no such user or key, under the name that the user
// has now, and returns that name. Gone reports that the key does not exist in the recorded account. The error is that of the
// change, a *WrongAccountError or an *OwnerError.
func (c *Client) withOwner(ctx context.Context, s Subject, id string, change func(user string) error) (owner string, gone bool, err error) {
	if err = change(s.User); !iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		return s.User, false, err
	}
	owner, gone, elsewhere := c.withOwnerElsewhere(ctx, s, id, ownership{}, change)
	if elsewhere != nil && iamgate.IsAmbiguous(err) {
		// IAM may not know the key under that name because this change has deleted it, and the answer was lost.
		return s.User, false, err
	}
	return owner, gone, elsewhere
}

// withOwnerElsewhere is withOwner for a key that IAM does not know under the name of its user. Found is what is known before.
func (c *Client) withOwnerElsewhere(
	ctx context.Context, s Subject, id string, found ownership, change func(user string) error,
) (owner string, gone bool, err error) {
	if err := c.checkAccount(ctx, s.AccountID); err != nil {
		return "", false, err
	}
	if err := c.askOwner(ctx, s, id, &found); err != nil {
		return "", false, err
	}
	if found.keyGone {
		return "", true, nil
	}
	if !found.alive {
		// Keys do not move between users, so a key is gone that the same user does not have.
		same, err := c.isSameUser(ctx, s, id, &found)
		if err != nil || same {
			return s.User, same, err
		}
	}
	if err := c.proveUser(ctx, s, id, &found); err != nil {
		return "", false, err
	}
	switch {
	case found.name != "":
		err := change(found.name)
		return found.name, iamgate.IsKind(err, iamgate.KindNoSuchEntity), ignoreNoSuchEntity(err)
	case found.userGone && !found.alive:
		return "", true, nil
	}
	return "", false, &OwnerError{
		Key: id, User: s.User, Owner: found.owner, Foreign: found.foreign, ReusedBy: found.reusedBy, Denied: found.denied(),
		Unproved: found.failures,
	}
}

// isSameUser reports whether the recorded name is proved to belong to the recorded user, by the unique id or, for the sake of
// another key, by a list that has the current one. The error is that of a context that ended.
func (c *Client) isSameUser(ctx context.Context, s Subject, id string, found *ownership) (bool, error) {
	if found.reusedBy != "" {
		return false, nil
	}
	user, err := c.gateway.GetUser(ctx, s.User)
	switch {
	case iamgate.IsKind(err, iamgate.KindNoSuchEntity):
		return false, nil
	case err == nil && s.UniqueID != "" && user.ID != s.UniqueID:
		found.reusedBy = user.ID
		return false, nil
	case err == nil && s.UniqueID != "":
		return true, nil
	case err != nil:
		if err := found.unproved(err); err != nil {
			return false, err
		}
	}
	if id == s.Current.ID {
		return false, nil
	}
	keys, err := c.List(ctx, s.User)
	if err != nil {
		return false, found.unproved(err)
	}
	return findKey(keys, s.Current.ID) != nil, nil
}

// OwnerError reports that IAM does not know a key under the name of its user, and that nobody who could be asked proved what
// became of the user. The key was not changed.
type OwnerError struct {
	// User is the name in the state. Owner is who has the key if AWS told it, so that the key exists, and Foreign reports whether
	// that is proved to be another user.
	Key, User, Owner string
	Foreign          bool
	// ReusedBy is the unique id of another user to whom the name in the state belongs now; empty where that is not proved.
	ReusedBy string
	// Denied reports whether AWS denied access to all that could have proved more.
	Denied bool
	// Unproved is what could not be asked, or proved nothing.
	Unproved []error
}

func (e *OwnerError) Error() string {
	text := fmt.Sprintf("key %s is not found under user %q, and what became of that user is not known", e.Key, e.User)
	for _, err := range e.Unproved {
		text += "\n" + err.Error()
	}
	return text
}

// Unwrap gives the errors of the calls.
func (e *OwnerError) Unwrap() []error { return e.Unproved }
