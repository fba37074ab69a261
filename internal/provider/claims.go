package provider

import (
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// claims remember which resource of this process manages which user, by its current key. Two resources on one user fight
// for its two slots; across states that can't be seen, within a process it can.
type claims struct {
	mu   sync.Mutex
	keys map[string]string
	// planned are the users for whom a create is planned. A create that replaces a resource is planned after that was read,
	// so one that is planned before a read belongs to another resource.
	planned map[string]bool
}

// take records that the resource whose current key is keyID manages user, and returns the current key of another resource
// that does so too, if there is one.
func (c *claims) take(user, keyID string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil {
		c.keys = map[string]string{}
	}
	other, ok := c.keys[user]
	if ok && other != keyID {
		return other
	}
	c.keys[user] = keyID
	if c.planned[user] {
		return creating
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

// has reports whether a resource that manages user was read or made in this process.
func (c *claims) has(user string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.keys[user]
	return ok
}

// creating is the claim of a resource that has no key yet.
const creating = "(being created)"

// create records that a resource is about to make its first key for user. It returns the key of another resource of this
// process that manages the user, if there is one.
func (c *claims) create(user string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if other, ok := c.keys[user]; ok {
		return other
	}
	if c.keys == nil {
		c.keys = map[string]string{}
	}
	c.keys[user] = creating
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

// claim warns when another resource of this process manages the same user.
func (c *Client) claim(user, keyID string) diag.Diagnostics {
	var diags diag.Diagnostics
	if other := c.claims.take(user, keyID); other != "" {
		diags.Append(sharedUserWarning(user, other, keyID))
	}
	return diags
}
