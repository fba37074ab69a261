package rotator

import (
	"context"
	"fmt"
)

// needsProof reports whether the name counts only if its user has the recorded unique id: it is neither the configured name nor the
// one in the state at once, so a state that was edited may name the user and the key of somebody else (rule 11 of package rotation).
func (s Subject) needsProof() bool {
	return s.UniqueID != "" && (s.Followed || s.User != s.RecordedUser)
}

// compareListed compares the unique id of the user under whose name the current key is listed, where the name needs a proof. A name
// that the configuration gives counts also where the user can't be read.
func (c *Client) compareListed(ctx context.Context, s Subject, listed Location) (Location, error) {
	if !s.needsProof() {
		return listed, nil
	}
	found := ownership{owner: s.User, alive: true}
	user, err := c.gateway.GetUser(ctx, s.User)
	switch {
	case err == nil && user.ID == s.UniqueID:
		return listed, nil
	case !s.Followed && err == nil:
		listed.Outcome = NewUserAnother
		return listed, nil
	case err == nil:
		found.foreign, found.failures = true, []error{otherID(s.User, user.ID, s)}
		return listedUnknown(s, found), nil
	}
	if err := found.unproved(err); err != nil || !s.Followed {
		return listed, err
	}
	if err := c.proveUser(ctx, s, s.Current.ID, &found); err != nil {
		return listed, err
	}
	switch {
	case found.name == s.User:
		listed.SignedAt = found.signedAt
		return listed, nil
	case found.name != "":
		found.foreign = true
		found.failures = append(found.failures, proofError(fmt.Sprintf("the user with the recorded unique id is called %q", found.name)))
	}
	return listedUnknown(s, found), nil
}

func listedUnknown(s Subject, found ownership) Location {
	l := unknownUser(s, found)
	l.Listed = true
	return l
}
