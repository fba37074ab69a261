package rotator

import (
	"context"
	"slices"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// ClaimPlan records what is planned for the resource with that record, which the plan keeps. The error is a *TakenError where two
// resources that plans of this process keep want one key: one of them adopts, deactivates or deletes a key of the other, or has adopted
// the current key of the other in an apply that did not know it. Where a create is planned that takes a key of this resource, the error
// depends on the Read: a create that replaces a resource is planned after that was read, and takes no key of it.
func (c *Client) ClaimPlan(user string, record rotation.Record, steps []rotation.Step) error {
	var taken *TakenError
	c.claims.with(user, func(u *userClaims) {
		own := u.hold(record.Current.ID)
		own.set(record)
		own.takes, own.planned = takenBy(steps), true
		for _, h := range u.held {
			if h == own || !h.planned || taken != nil {
				continue
			}
			if taken = own.takesFrom(h); taken == nil {
				taken = h.takesFrom(own)
			}
		}
		if taken == nil && own.read {
			taken = own.takenByCreate(u.takes)
		}
	})
	if taken == nil {
		return nil
	}
	return taken
}

// takesFrom returns which key of owner the resource takes, nil when it takes none.
func (c *claim) takesFrom(owner *claim) *TakenError {
	if c.previous == owner.current {
		return &TakenError{Key: c.previous, Owner: owner.current, By: c.current, Adopted: true}
	}
	if i := slices.IndexFunc(c.takes, owner.has); i >= 0 {
		return &TakenError{Key: c.takes[i], Owner: owner.current, By: c.current}
	}
	return nil
}

// takenByCreate returns which of the keys that planned creates take is one of the resource, nil when none is.
func (c *claim) takenByCreate(keys []string) *TakenError {
	if i := slices.IndexFunc(keys, c.has); i >= 0 {
		return &TakenError{Key: keys[i], Owner: c.current}
	}
	return nil
}

// takenBy are the keys that steps adopt, deactivate or delete.
func takenBy(steps []rotation.Step) []string {
	var keys []string
	for _, s := range steps {
		switch s.Kind { //nolint:exhaustive // the other kinds take no key
		case rotation.Adopt, rotation.Deactivate, rotation.DeletePrevious, rotation.DeleteUnmanaged:
			keys = append(keys, s.Key)
		}
	}
	return keys
}

// refuseTaken refuses steps that take a key that another resource of this process manages.
func (c *claims) refuseTaken(user, current string, steps []rotation.Step) error {
	var taken *TakenError
	c.with(user, func(u *userClaims) {
		for _, key := range takenBy(steps) {
			if owner := u.owner(current, key); owner != "" && taken == nil {
				taken = &TakenError{Key: key, Owner: owner, By: current}
			}
		}
	})
	if taken == nil {
		return nil
	}
	return taken
}

// plan records that a create is planned for user, and returns the current key of a resource that manages the user.
func (c *claims) plan(user string) (other string) {
	c.with(user, func(u *userClaims) {
		u.planned = true
		other = u.other("")
	})
	return other
}

// planCreate records the steps of a planned create, by a list in which keys of resources were marked that had been read before. The
// error is a *TakenError where a resource was read and planned since that has one of the keys.
func (c *claims) planCreate(user string, steps []rotation.Step) error {
	var taken *TakenError
	c.with(user, func(u *userClaims) {
		keys := takenBy(steps)
		u.takes = append(u.takes, keys...)
		for _, h := range u.held {
			if h.read && h.planned && taken == nil {
				taken = h.takenByCreate(keys)
			}
		}
	})
	if taken == nil {
		return nil
	}
	return taken
}

// replaceable are the resources of user that were read in this process and whose keys a replacement deletes. One that the plan keeps, as
// far as that is known by now, is not among them.
func (c *claims) replaceable(user string) (found []claim) {
	c.with(user, func(u *userClaims) {
		for _, h := range u.held {
			if h.read && !h.planned && !h.kept && h.record.Current.ID != "" {
				found = append(found, *h)
			}
		}
	})
	return found
}

// addReplaceable adds the keys that a replacement of a resource of this process would delete.
func (p *Preview) addReplaceable(ctx context.Context, c *Client, user string) {
	for _, h := range c.claims.replaceable(user) {
		p.Replaceable = append(p.Replaceable, OwnKeys(h.record)...)
		p.InUse = append(p.InUse, c.OwnKeysInUse(ctx, h.record, Evidence{SignedAt: h.signedAt})...)
	}
}
