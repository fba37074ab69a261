package rotator

import (
	"slices"
	"sync"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// Creating stands for the current key of a resource that has none yet.
const Creating = "(being created)"

// claims remember which resource of this process manages which keys of which user. Two resources on one user fight for its two
// slots. Across states that can't be seen, within a process it can, as far as the resources were read or planned in it.
type claims struct {
	mu    sync.Mutex
	users map[string]*userClaims
}

// userClaims are what is known about one user.
type userClaims struct {
	// held are the resources that manage the user, in the order in which they became known.
	held []*claim
	// creating reports that the Create of a resource runs.
	creating bool
	// planned reports that a create is planned. A create that replaces a resource is planned after that was read, so one that is
	// planned before a read belongs to another resource.
	planned bool
	// takes are the keys that planned creates adopt or delete.
	takes []string
	// deletions is how many Deletes run, and leaving are the keys that they delete.
	deletions int
	leaving   []string
}

// claim is one resource, known by its current key.
type claim struct {
	current, previous string
	// read reports that its Read has ended, or that its first key was created.
	read bool
	// record is what its state holds, and signedAt when its current key last signed a call of ours. Both are empty before they are
	// known.
	record   rotation.Record
	signedAt time.Time
	// kept reports that skip_destroy is set, so that a replacement leaves the keys.
	kept bool
	// planned reports that a plan keeps the resource. One that a plan destroys, replaces or forgets is only read.
	planned bool
	// takes are the keys that its plan adopts, deactivates or deletes.
	takes []string
}

func (c *claim) has(keyID string) bool {
	return keyID != "" && (c.current == keyID || c.previous == keyID)
}

// with runs f on the claims of a user, one caller at a time.
func (c *claims) with(user string, f func(*userClaims)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users == nil {
		c.users = map[string]*userClaims{}
	}
	if c.users[user] == nil {
		c.users[user] = &userClaims{}
	}
	f(c.users[user])
}

// hold returns the claim of the resource with that current key, which it adds if there is none.
func (u *userClaims) hold(current string) *claim {
	for _, h := range u.held {
		if h.current == current {
			return h
		}
	}
	h := &claim{current: current}
	u.held = append(u.held, h)
	return h
}

// owner returns the current key of the resource that manages a key, the one with the current key own aside. It is empty when no
// other resource does.
func (u *userClaims) owner(own, keyID string) string {
	for _, h := range u.held {
		if h.current != own && h.has(keyID) {
			return h.current
		}
	}
	return ""
}

// other returns the current key of the first resource that was read, or created its key, the one with the current key own aside.
func (u *userClaims) other(own string) string {
	for _, h := range u.held {
		if h.read && h.current != own {
			return h.current
		}
	}
	return ""
}

// ClaimRead records that the resource whose current key is keyID manages user and was read. It returns the current key
// of another resource of this process that manages the user, or Creating, or an empty string.
func (c *Client) ClaimRead(user, keyID string) (other string) {
	c.reads.add(user)
	c.claims.with(user, func(u *userClaims) {
		u.hold(keyID).read = true
		if other = u.other(keyID); other == "" && (u.planned || u.creating) {
			other = Creating
		}
	})
	return other
}

// ClaimKept records that skip_destroy is set for the resource of user whose current key is keyID: if it is replaced, its keys stay.
func (c *Client) ClaimKept(user, keyID string) {
	c.claims.with(user, func(u *userClaims) { u.hold(keyID).kept = true })
}

// record records the keys of a resource, and when its current key last signed a call of ours.
func (c *claims) record(user string, record rotation.Record, signedAt time.Time) {
	c.with(user, func(u *userClaims) {
		own := u.hold(record.Current.ID)
		own.set(record)
		own.signedAt = signedAt
	})
}

func (c *claim) set(record rotation.Record) {
	c.record, c.previous = record, ""
	if p := record.Previous; p != nil {
		c.previous = p.ID
	}
}

// mark sets Other on the keys that another resource manages, or that a Delete is about to delete. Current is that of the resource
// that asks, empty before create.
func (c *claims) mark(user, current string, keys []rotation.Key) []rotation.Key {
	keys = slices.Clone(keys)
	c.with(user, func(u *userClaims) {
		for i := range keys {
			keys[i].Other = u.owner(current, keys[i].ID) != "" || slices.Contains(u.leaving, keys[i].ID)
		}
	})
	return keys
}

// has reports whether a resource that manages user was read or created in this process, or is about to be created.
func (c *claims) has(user string) (has bool) {
	c.with(user, func(u *userClaims) { has = len(u.held) > 0 || u.creating })
	return has
}

// keptKeys are the keys that a replacement leaves because of skip_destroy.
func (c *claims) keptKeys(user string) (keys []string) {
	c.with(user, func(u *userClaims) {
		for _, h := range u.held {
			if h.kept && h.previous != "" {
				keys = append(keys, h.previous)
			}
			if h.kept {
				keys = append(keys, h.current)
			}
		}
	})
	return keys
}

// beginCreate records that a resource is about to create its first key for user. It returns the key of another resource of
// this process that manages the user, if there is one.
func (c *claims) beginCreate(user string) (other string) {
	c.with(user, func(u *userClaims) {
		switch other = u.other(""); {
		case other != "":
		case u.creating:
			other = Creating
		default:
			u.creating = true
		}
	})
	return other
}

// endCreate records that a Create has ended. One that has created a key has a claim by that.
func (c *claims) endCreate(user string) {
	c.with(user, func(u *userClaims) { u.creating = false })
}

// replace records that the resource whose current key was old, empty before create, has a new one.
func (c *claims) replace(user, old string, record rotation.Record) {
	c.with(user, func(u *userClaims) {
		own := u.hold(record.Current.ID)
		own.read = true
		own.set(record)
		if old != "" {
			u.held = slices.DeleteFunc(u.held, func(h *claim) bool { return h.current == old })
		}
	})
}

// beginDelete records that the keys of a resource are about to be deleted, so that they are no claim any more. The end of the
// Delete must be recorded by the returned function.
func (c *claims) beginDelete(user string, keys []string) (end func()) {
	c.with(user, func(u *userClaims) {
		u.deletions++
		u.leaving = append(u.leaving, keys...)
		u.held = slices.DeleteFunc(u.held, func(h *claim) bool { return slices.Contains(keys, h.current) })
	})
	return func() { c.with(user, func(u *userClaims) { u.deletions-- }) }
}

// leavingKeys are the keys of user that a Delete of this process deletes or has deleted.
func (c *claims) leavingKeys(user string) (keys []string) {
	c.with(user, func(u *userClaims) { keys = slices.Clone(u.leaving) })
	return keys
}

// deleting reports whether a Delete of keys of user runs.
func (c *claims) deleting(user string) (runs bool) {
	c.with(user, func(u *userClaims) { runs = u.deletions > 0 })
	return runs
}

// readUsers are the users whose resource was read in this process. A plan reads a resource before it plans it. An apply
// runs in a process of its own, which plans each resource again and reads none.
type readUsers struct {
	mu    sync.Mutex
	names map[string]bool
}

func (r *readUsers) add(user string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.names == nil {
		r.names = map[string]bool{}
	}
	r.names[user] = true
}

// WasRead reports whether a resource of user was read in this process. It is false in an apply, and in a plan without a
// refresh.
func (c *Client) WasRead(user string) bool {
	c.reads.mu.Lock()
	defer c.reads.mu.Unlock()
	return c.reads.names[user]
}
