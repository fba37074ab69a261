package rotator

import (
	"context"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// Subject is the user that a state speaks of.
type Subject struct {
	// User is the name to look under. It differs from RecordedUser, the name in the state, where the configuration names
	// another user.
	User, RecordedUser string
	// AccountID and UniqueID are empty after an import, before they are known.
	AccountID, UniqueID string
	Current             rotation.Current
}

// Outcome is what became of the user and of the current key.
type Outcome int

// The outcomes of Locate.
const (
	// CurrentListed means that the current key is listed under Location.User, which is the name that was looked under.
	CurrentListed Outcome = iota
	// CurrentGone means that account and user are the right ones and that the user does not have the key.
	CurrentGone
	// UserRenamed means that the key is listed under another name, Location.User.
	UserRenamed
	// UserRecreated means that the name belongs to another user now, whose id is Location.UniqueID.
	UserRecreated
	// UserGone means that neither the user nor the key exists.
	UserGone
	// NewUserMissing means that the name is not the recorded one and that no user has it.
	NewUserMissing
	// NewUserAnother means that the name is not the recorded one and that its user does not have the key.
	NewUserAnother
)

// String names the outcome in log lines.
func (o Outcome) String() string {
	return [...]string{
		"current listed", "current gone", "user renamed", "user recreated", "user gone", "new user missing", "new user is another one",
	}[o]
}

// Location is where the keys of a Subject are.
type Location struct {
	Outcome Outcome
	// User is the name that Keys are listed under.
	User     string
	UniqueID string
	Keys     []rotation.Key
}

// Locate lists the keys of a user, and finds out what happened when the current one is not among them: first the account,
// then the user, then who owns the key now (rule 2 of package rotation). Known is the evidence of the last Read or apply.
// The error is a *WrongAccountError or a *ReadError.
func (c *Client) Locate(ctx context.Context, s Subject, known Evidence) (Location, error) {
	return c.locate(ctx, s, known, c.List)
}

func (c *Client) locate(ctx context.Context, s Subject, known Evidence, list listFunc) (Location, error) {
	keys, err := c.listSettled(ctx, s.User, s.Current.CreatedAt, known, list)
	exists := !iamgate.IsKind(err, iamgate.KindNoSuchEntity)
	if err != nil && exists {
		return Location{}, readError(ReadKeys, s.User, err)
	}
	location := Location{User: s.User, Keys: keys, UniqueID: s.UniqueID}
	switch {
	case rotation.Observation{Keys: keys}.Find(s.Current.ID) != nil:
		location.Outcome = CurrentListed
	case s.User != s.RecordedUser && !exists:
		location.Outcome = NewUserMissing
	case s.User != s.RecordedUser:
		location.Outcome = NewUserAnother
	default:
		if location, err = c.find(ctx, s, location, exists); err != nil {
			return Location{}, readError(ReadKeys, s.User, err)
		}
	}
	tflog.Debug(ctx, "located the keys", map[string]any{
		"user": s.User, "outcome": location.Outcome.String(), "listed_under": location.User, "keys": len(location.Keys),
	})
	return location, nil
}

// find concludes what happened to a current key that is not listed. Exists reports whether IAM knows the user's name.
func (c *Client) find(ctx context.Context, s Subject, listed Location, exists bool) (Location, error) {
	listed.Outcome = CurrentGone
	if err := c.checkAccount(ctx, s.AccountID); err != nil {
		return listed, err
	}
	if exists {
		user, err := c.gateway.GetUser(ctx, s.User)
		switch {
		case iamgate.IsKind(err, iamgate.KindNoSuchEntity):
			exists = false
		case err != nil:
			return listed, err
		case s.UniqueID == "" || user.ID == s.UniqueID:
			// The same user: keys do not move between users, so the key is gone.
			return listed, nil
		default:
			listed.Outcome, listed.UniqueID = UserRecreated, user.ID
		}
	}
	owner, owned, err := c.owner(ctx, s.Current.ID)
	if err != nil {
		return listed, err
	}
	if (rotation.Observation{Keys: owned}).Find(s.Current.ID) != nil {
		found := Location{Outcome: UserRenamed, User: owner, UniqueID: s.UniqueID, Keys: owned}
		if owner == s.User {
			found.Outcome = CurrentListed
		}
		return found, nil
	}
	// A key that has an owner exists, whatever IAM said of the user.
	if !exists && owner == "" {
		listed.Outcome = UserGone
	}
	return listed, nil
}

// owner is the user whom a key belongs to, with the keys listed for that user; empty when the key does not exist. AWS
// answers AccessDenied for a key that does not exist, so credentials that may not ask at all can't find a renamed user.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
func (c *Client) owner(ctx context.Context, id string) (string, []rotation.Key, error) {
	used, err := c.gateway.LastUsed(ctx, id)
	if iamgate.IsKind(err, iamgate.KindNoSuchEntity) || iamgate.IsKind(err, iamgate.KindAccessDenied) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	keys, err := c.List(ctx, used.UserName)
	return used.UserName, keys, ignoreNoSuchEntity(err)
}

// withOwner changes a key under the recorded name of its user, or, where IAM knows no such user or key, under the name of
// who owns the key now, and returns that name. Gone reports that the key does not exist in the recorded account.
func (c *Client) withOwner(
	ctx context.Context, user, id, accountID string, change func(user string) error,
) (owner string, gone bool, err error) {
	if err = change(user); !iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		return user, false, err
	}
	if err := c.checkAccount(ctx, accountID); err != nil {
		return user, false, err
	}
	owner, _, err = c.owner(ctx, id)
	if err != nil || owner == "" {
		return user, err == nil, err
	}
	err = change(owner)
	return owner, iamgate.IsKind(err, iamgate.KindNoSuchEntity), ignoreNoSuchEntity(err)
}

func ignoreNoSuchEntity(err error) error {
	if iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		return nil
	}
	return err
}

// checkAccount compares the account of the credentials with a recorded one, if there is one. The error is a
// *WrongAccountError, or that of the question.
func (c *Client) checkAccount(ctx context.Context, accountID string) error {
	if accountID == "" {
		return nil
	}
	identity, err := c.gateway.CallerIdentity(ctx)
	if err != nil {
		return err
	}
	if identity.AccountID != accountID {
		return &WrongAccountError{Recorded: accountID, Credentials: identity.AccountID}
	}
	return nil
}

// User is what IAM says of a user.
type User struct{ AccountID, UniqueID string }

// GetUser returns what IAM says of the user with that name. The error is a *ReadError.
func (c *Client) GetUser(ctx context.Context, name string) (User, error) {
	user, err := c.gateway.GetUser(ctx, name)
	if err != nil {
		return User{}, readError(ReadUser, name, err)
	}
	return User{AccountID: user.AccountID, UniqueID: user.ID}, nil
}

// IsNoSuchUser reports whether the error of GetUser says that no user has the name.
func IsNoSuchUser(err error) bool { return iamgate.IsKind(err, iamgate.KindNoSuchEntity) }
