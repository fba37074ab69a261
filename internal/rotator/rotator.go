// Package rotator does what package rotation decides: it locates the keys of a user, observes them, takes the planned
// steps in IAM, and reports what became of each.
//
// It promises:
//
//   - Nothing is concluded from a list that lacks the current key before account, user and owner were compared with the
//     record (Locate). An answer that denies access proves nothing, and a key is followed to another name only if the user of
//     that name has the recorded unique id.
//   - A state that was edited touches no key of another user: a name that is not the configured one counts only while its user has the
//     recorded unique id, a Destroy that may read the user compares the two first, and dates of keys are those that IAM lists.
//   - A last use that can't be read is unknown, and no error.
//   - Before the first change of an Update the planned steps are confirmed by a fresh look. If one is no longer right, none
//     is taken.
//   - No key is deleted to make room for another before IAM has answered that no slot is free, which it answers only who may
//     create one.
//   - A key that another resource of the process manages is never taken (Client.ClaimPlan).
//   - From the moment at which a key exists in IAM, neither the end of the context nor a panic loses it: its secret is in
//     the saved state, or the key is deleted again, or the Report names it.
//   - A change whose answer was lost is no failure if a list shows it, and no error says that nothing was changed unless AWS has refused
//     each attempt.
//   - Every failure is a typed error and every remark a typed notice, with the facts that a diagnostic needs. There is no
//     text for users in here, no Terraform type, and no secret in any error, notice or log line.
package rotator

import (
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// Client works on the keys of users with one set of credentials. It is safe for concurrent use.
type Client struct {
	gateway *iamgate.Gateway
	clock   clock.Clock
	ahead   aheadLists
	claims  claims
	reads   readUsers
}

// New returns a Client that works through gateway and waits by clock.
func New(gateway *iamgate.Gateway, clock clock.Clock) *Client {
	return &Client{gateway: gateway, clock: clock}
}

// Now is AWS's time, see iamgate.Gateway.Now.
func (c *Client) Now() time.Time { return c.gateway.Now() }

// Synced reports whether Now rests on an answer of AWS and not on the machine's clock alone.
func (c *Client) Synced() bool { return c.gateway.Synced() }
