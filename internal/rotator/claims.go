package rotator

import "sync"

// Creating stands for the current key of a resource that has none yet.
const Creating = "(being created)"

// claims remember which resource of this process manages which user, by its current key. Two resources on one user fight
// for its two slots. Across states that can't be seen, within a process it can.
type claims struct {
	mu   sync.Mutex
	keys map[string]string
	// planned are the users for whom a create is planned. A create that replaces a resource is planned after that was read,
	// so one that is planned before a read belongs to another resource.
	planned map[string]bool
}

// ClaimRead records that the resource whose current key is keyID manages user and was read. It returns the current key
// of another resource of this process that manages the user, or Creating, or an empty string.
func (c *Client) ClaimRead(user, keyID string) (other string) {
	c.reads.add(user)
	c.claims.mu.Lock()
	defer c.claims.mu.Unlock()
	if c.claims.keys == nil {
		c.claims.keys = map[string]string{}
	}
	other, ok := c.claims.keys[user]
	if ok && other != keyID {
		return other
	}
	c.claims.keys[user] = keyID
	if c.claims.planned[user] {
		return Creating
	}
	return ""
}

// plan records that a create is planned for user, and returns the current key of a resource that manages the user.
func (c *claims) plan(user string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.planned == nil {
		c.planned = map[string]bool{}
	}
	c.planned[user] = true
	return c.keys[user]
}

// has reports whether a resource that manages user was read or created in this process.
func (c *claims) has(user string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.keys[user]
	return ok
}

// create records that a resource is about to create its first key for user. It returns the key of another resource of
// this process that manages the user, if there is one.
func (c *claims) create(user string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if other, ok := c.keys[user]; ok {
		return other
	}
	if c.keys == nil {
		c.keys = map[string]string{}
	}
	c.keys[user] = Creating
	return ""
}

// replace records that the resource whose current key was old has a new one.
func (c *claims) replace(user, old, keyID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys[user] == old {
		c.keys[user] = keyID
	}
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
