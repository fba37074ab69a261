package rotator

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// Subject is the user that a state speaks of.
type Subject struct {
	// User is the name to look under. It differs from RecordedUser, the name in the state, where the configuration names
	// another user.
	User, RecordedUser string
	// Followed reports whether User is not the configured name, but one under which the user was found: whoever edits a state can write
	// any name there.
	Followed bool
	// AccountID and UniqueID are empty after an import, before they are known.
	AccountID, UniqueID string
	Current             rotation.Current
	// Previous is the id of the previous key; empty when there is none.
	Previous string
	// Secret is the secret of the current key where the state holds it in plain text.
	Secret secret.Secret
}

// WithKeys returns the subject with the keys of a record. Secrets are those that the state holds in plain text, by key id.
func (s Subject) WithKeys(record rotation.Record, secrets map[string]secret.Secret) Subject {
	s.Current, s.Secret, s.Previous = record.Current, secrets[record.Current.ID], ""
	if record.Previous != nil {
		s.Previous = record.Previous.ID
	}
	return s
}

// Outcome is what became of the user and of the current key.
type Outcome int

// The outcomes of Locate.
const (
	// CurrentListed means that the current key is listed under Location.User, which is the name that was looked under.
	CurrentListed Outcome = iota
	// CurrentGone means that account and user are the right ones and that the user does not have the key.
	CurrentGone
	// UserRenamed means that the user has another name, Location.User. Where the key is not among Location.Keys, it is gone.
	UserRenamed
	// UserRecreated means that the name belongs to another user now, whose id is Location.UniqueID.
	UserRecreated
	// UserGone means that neither the user nor the key exists.
	UserGone
	// NewUserMissing means that the name is not the recorded one and that no user has it.
	NewUserMissing
	// NewUserAnother means that the name is not the recorded one and that its user does not have the key.
	NewUserAnother
	// UserUnknown means that the key is not listed under the recorded name, and that nobody who could be asked said what became
	// of user and key. It proves nothing: the key may be alive under another name.
	UserUnknown
)

// String names the outcome in log lines.
func (o Outcome) String() string {
	return [...]string{
		"current listed", "current gone", "user renamed", "user recreated", "user gone", "new user missing", "new user is another one",
		"user unknown",
	}[o]
}

// Location is where the keys of a Subject are.
type Location struct {
	Outcome Outcome
	// User is the name that Keys are listed under.
	User     string
	UniqueID string
	Keys     []rotation.Key
	// Owner is, for UserUnknown, the present name of the key's owner if AWS told it, and Unproved is why that was no proof, or what
	// could not be asked.
	Owner    string
	Unproved []error
	// Foreign reports, for UserUnknown, whether the owner is proved to be another user than the recorded one, and Listed whether IAM lists
	// the key under User, which is not proved to be the recorded user.
	Foreign, Listed bool
	// SignedAt is when the current key signed a call that asked whose it is; zero when it did not.
	SignedAt time.Time
}

// Locate lists the keys of a user, and finds out what happened when the current one is not among them: first the account,
// then the user, then who owns the key now (rule 2 of package rotation). A listed key counts under a name that is not the configured one
// only while its user has the recorded unique id. Known is the evidence of the last Read or apply. What
// can't be found out is no error but the outcome UserUnknown. The error is a *WrongAccountError or a *ReadError.
func (c *Client) Locate(ctx context.Context, s Subject, known Evidence) (Location, error) {
	return c.locate(ctx, s, known, c.List)
}

func (c *Client) locate(ctx context.Context, s Subject, known Evidence, list listFunc) (Location, error) {
	keys, err := c.listSettled(ctx, s, known, list)
	exists := !iamgate.IsKind(err, iamgate.KindNoSuchEntity)
	location := Location{User: s.User, Keys: keys, UniqueID: s.UniqueID}
	switch {
	case err != nil && exists:
		location, err = c.findDenied(ctx, s, known, err)
	case findKey(keys, s.Current.ID) != nil:
		location.Outcome = CurrentListed
		location, err = c.compareListed(ctx, s, location)
	case s.User != s.RecordedUser && !exists:
		location.Outcome, err = NewUserMissing, nil
	case s.User != s.RecordedUser:
		location.Outcome, err = NewUserAnother, nil
	default:
		location, err = c.find(ctx, s, known, location, exists)
	}
	if err != nil {
		return Location{}, readError(ReadKeys, s.User, err)
	}
	tflog.Debug(ctx, "located the keys", map[string]any{
		"user": s.User, "outcome": location.Outcome.String(), "listed_under": location.User, "keys": len(location.Keys),
	})
	return location, nil
}

// find concludes what happened to a current key that is not listed. Exists reports whether IAM knows the user's name.
func (c *Client) find(ctx context.Context, s Subject, known Evidence, listed Location, exists bool) (Location, error) {
	listed.Outcome = CurrentGone
	if err := c.checkAccount(ctx, s.AccountID); err != nil {
		return listed, err
	}
	var found ownership
	if exists {
		user, err := c.gateway.GetUser(ctx, s.User)
		switch {
		case iamgate.IsKind(err, iamgate.KindNoSuchEntity):
			exists = false
		case err == nil && (s.UniqueID == "" || user.ID == s.UniqueID):
			// The same user: keys do not move between users, so the key is gone.
			return listed, nil
		case err == nil:
			found.reusedBy, listed.UniqueID = user.ID, user.ID
		default:
			if err := found.unproved(err); err != nil {
				return listed, err
			}
		}
	}
	if err := c.askOwner(ctx, s, s.Current.ID, &found); err != nil {
		return listed, err
	}
	if err := c.proveUser(ctx, s, s.Current.ID, &found); err != nil {
		return listed, err
	}
	listed.SignedAt = found.signedAt
	switch gone := (found.keyGone || found.userGone) && !found.alive; {
	case found.name != "":
		return c.follow(ctx, s, known, found)
	case found.reusedBy != "" && (gone || found.rejected):
		listed.Outcome = UserRecreated
		return listed, nil
	case gone && !exists:
		listed.Outcome = UserGone
		return listed, nil
	case found.keyGone:
		return listed, nil
	default:
		return unknownUser(s, found), nil
	}
}

// findDenied locates the keys of a user who can't be listed under the recorded name: where the user was renamed together with
// the policy of our credentials, AWS denies access to the old name. Failure is the error of the list.
func (c *Client) findDenied(ctx context.Context, s Subject, known Evidence, failure error) (Location, error) {
	var found ownership
	if !iamgate.IsKind(failure, iamgate.KindAccessDenied) || s.User != s.RecordedUser {
		return Location{}, failure
	}
	if err := c.askOwner(ctx, s, s.Current.ID, &found); err != nil {
		return Location{}, err
	}
	if found.name == "" || found.name == s.User {
		return Location{}, failure
	}
	return c.follow(ctx, s, known, found)
}

// follow lists the keys of the recorded user under the name that was proved to be the user's.
func (c *Client) follow(ctx context.Context, s Subject, known Evidence, found ownership) (Location, error) {
	keys, err := c.List(ctx, found.name)
	if err != nil {
		if err := found.unproved(err); err != nil {
			return Location{}, err
		}
		return unknownUser(s, found), nil
	}
	keys = known.corrected(keys, s, c.gateway.Now())
	location := Location{Outcome: UserRenamed, User: found.name, UniqueID: s.UniqueID, Keys: keys, SignedAt: found.signedAt}
	listed := findKey(keys, s.Current.ID) != nil
	switch {
	case found.alive && !listed:
		// The key has an owner whose list lacks it: one of the two is a stale read.
		return unknownUser(s, found), nil
	case found.name == s.User && listed:
		location.Outcome = CurrentListed
	case found.name == s.User:
		location.Outcome = CurrentGone
	}
	return location, nil
}

func unknownUser(s Subject, found ownership) Location {
	return Location{
		Outcome: UserUnknown, User: s.User, UniqueID: s.UniqueID, SignedAt: found.signedAt, Owner: found.owner, Foreign: found.foreign,
		Unproved: found.failures,
	}
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
