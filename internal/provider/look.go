package provider

import (
	"context"
	"sync"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// lookahead passes a list of keys from ModifyPlan to the Create or Update that follows it at once in the same apply, so
// that one look serves both. A list is handed on once, and only within lookaheadFor.
type lookahead struct {
	mu    sync.Mutex
	lists map[string]lookaheadList
}

type lookaheadList struct {
	keys []rotation.Key
	at   time.Time
}

const lookaheadFor = 5 * time.Second

// peek lists the keys of user and keeps the list for fresh.
func (c *Client) peek(ctx context.Context, user string) ([]rotation.Key, error) {
	keys, err := c.list(ctx, user)
	if err != nil {
		return nil, err
	}
	c.ahead.mu.Lock()
	defer c.ahead.mu.Unlock()
	if c.ahead.lists == nil {
		c.ahead.lists = map[string]lookaheadList{}
	}
	c.ahead.lists[user] = lookaheadList{keys: keys, at: c.Clock.Now()}
	return keys, nil
}

// fresh lists the keys of user, or takes the list that peek made a moment ago.
func (c *Client) fresh(ctx context.Context, user string) ([]rotation.Key, error) {
	c.ahead.mu.Lock()
	list, ok := c.ahead.lists[user]
	delete(c.ahead.lists, user)
	c.ahead.mu.Unlock()
	if ok && c.Clock.Now().Sub(list.at) < lookaheadFor {
		return list.keys, nil
	}
	return c.list(ctx, user)
}

func (c *Client) list(ctx context.Context, user string) ([]rotation.Key, error) {
	listed, err := c.Gateway.ListAccessKeys(ctx, user)
	if err != nil {
		return nil, err
	}
	return rotationKeys(listed), nil
}

// surely lists the keys of a user, again and again for some seconds where the answer may come from a server of IAM that is
// behind: one that does not show what an apply did a moment ago, be it the last one or the one that made the current key
// at born. In the end it is true what IAM says.
func (c *Client) surely(ctx context.Context, user string, born time.Time, known evidence,
	list func(context.Context, string) ([]rotation.Key, error),
) ([]rotation.Key, error) {
	keys, err := list(ctx, user)
	last := known.ChangedAt
	if born.After(last) {
		last = born
	}
	if c.Gateway.Now().Sub(last) >= listAgainFor {
		return keys, err
	}
	if iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		err = c.patiently(ctx, func() (err error) {
			keys, err = c.list(ctx, user)
			return err
		})
	}
	for pause := firstPause; err == nil && pause <= lastListPause && !known.agrees(keys); pause *= 2 {
		if err = c.Clock.Sleep(ctx, pause); err == nil {
			keys, err = c.list(ctx, user)
		}
	}
	return keys, err
}

// listAgainFor is how long after an apply a list that does not show what it did is asked for again.
const listAgainFor = 5 * time.Minute

// The pauses before IAM is asked again, each twice as long as the one before: less than four seconds in all for a list that
// does not show what we did, less than eight for a user who may have been made a moment ago.
const (
	firstPause    = 250 * time.Millisecond
	lastListPause = 2 * time.Second
	lastUserPause = 4 * time.Second
)

// patiently reads again while IAM says that the user does not exist: not every server knows a user who was made a moment ago.
func (c *Client) patiently(ctx context.Context, read func() error) error {
	err := read()
	for pause := firstPause; pause <= lastUserPause && iamgate.IsKind(err, iamgate.KindNoSuchEntity); pause *= 2 {
		if err := c.Clock.Sleep(ctx, pause); err != nil {
			return err
		}
		err = read()
	}
	return err
}

func rotationKeys(listed []iamgate.AccessKey) []rotation.Key {
	keys := make([]rotation.Key, len(listed))
	for i, k := range listed {
		keys[i] = rotation.Key{ID: k.ID, Status: rotation.Status(k.Status), CreatedAt: k.CreatedAt}
	}
	return keys
}

// observe completes a list of keys to an observation: who signs, and the last uses that the rules ask for.
func (c *Client) observe(ctx context.Context, keys []rotation.Key, record rotation.Record, policy rotation.Policy) (rotation.Observation, error) {
	signer, err := c.Gateway.SigningKeyID(ctx)
	if err != nil {
		return rotation.Observation{}, err
	}
	seen := rotation.Observation{Keys: keys, Signer: signer}
	for _, id := range record.KeysNeedingLastUse(policy, seen, c.Gateway.Now()) {
		use, err := c.lastUse(ctx, id)
		if err != nil && !iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
			return seen, err
		}
		if err == nil {
			seen.Find(id).LastUse = use
		}
	}
	return seen, nil
}

func (c *Client) lastUse(ctx context.Context, id string) (*rotation.Use, error) {
	used, err := c.Gateway.LastUsed(ctx, id)
	if err != nil {
		return nil, err
	}
	return &rotation.Use{At: used.At, Service: used.Service, Region: used.Region}, nil
}

// subject is the user that a state speaks of.
type subject struct {
	name, accountID, uniqueID, keyID string
}

// findings are what is true of a subject whose current key was not listed under its name.
type findings struct {
	// gone tells that neither the user nor the key exists any more.
	gone bool
	// recreated tells that the name belongs to another user now; uniqueID is that user's.
	recreated bool
	uniqueID  string
	// user and keys are where the key was found after all, or the recorded name and what it lists.
	user string
	keys []rotation.Key
}

// wrongAccountError tells that the credentials belong to another account than the state.
type wrongAccountError struct{ state, credentials string }

// Error implements error.
func (e *wrongAccountError) Error() string {
	return "the credentials belong to account " + e.credentials + ", the state to account " + e.state
}

// find concludes what happened to a current key that is not listed, rule 2: first the account, then the user, then who
// owns the key now. The keys are those listed under the recorded name; exists tells whether that name exists.
func (c *Client) find(ctx context.Context, s subject, keys []rotation.Key, exists bool) (findings, error) {
	found := findings{user: s.name, keys: keys, uniqueID: s.uniqueID}
	if err := c.checkAccount(ctx, s.accountID); err != nil {
		return found, err
	}
	if exists {
		user, err := c.Gateway.GetUser(ctx, s.name)
		switch {
		case iamgate.IsKind(err, iamgate.KindNoSuchEntity):
			exists = false
		case err != nil:
			return found, err
		case s.uniqueID == "" || user.ID == s.uniqueID:
			// The same user: keys do not move between users, so the key is gone.
			found.uniqueID = user.ID
			return found, nil
		default:
			found.recreated, found.uniqueID = true, user.ID
		}
	}
	owner, owned, err := c.owner(ctx, s.keyID)
	if err != nil {
		return found, err
	}
	for _, k := range owned {
		if k.ID == s.keyID {
			return findings{user: owner, keys: owned, uniqueID: s.uniqueID}, nil
		}
	}
	// A key that has an owner exists, whatever server said that the user does not.
	found.gone = !exists && owner == ""
	return found, nil
}

// owner is the user whom a key belongs to, with the keys listed for that user; empty when the key does not exist. AWS denies the
// access to the last use of a key that does not exist, so a credential that may not ask at all can't find a renamed user.
func (c *Client) owner(ctx context.Context, id string) (string, []rotation.Key, error) {
	used, err := c.Gateway.LastUsed(ctx, id)
	if iamgate.IsKind(err, iamgate.KindNoSuchEntity) || iamgate.IsKind(err, iamgate.KindAccessDenied) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	keys, err := c.list(ctx, used.UserName)
	if iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		return used.UserName, nil, nil
	}
	return used.UserName, keys, err
}

// checkAccount compares the account of the credentials with the one of the state, if the state has one.
func (c *Client) checkAccount(ctx context.Context, accountID string) error {
	if accountID == "" {
		return nil
	}
	identity, err := c.Gateway.CallerIdentity(ctx)
	if err != nil {
		return err
	}
	if identity.AccountID != accountID {
		return &wrongAccountError{state: accountID, credentials: identity.AccountID}
	}
	return nil
}
