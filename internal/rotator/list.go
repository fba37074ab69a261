package rotator

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// listFunc lists the keys of a user.
type listFunc func(ctx context.Context, user string) ([]rotation.Key, error)

// List lists the keys of user, oldest first.
func (c *Client) List(ctx context.Context, user string) ([]rotation.Key, error) {
	listed, err := c.gateway.ListAccessKeys(ctx, user)
	if err != nil {
		return nil, err
	}
	return rotationKeys(listed), nil
}

func findKey(keys []rotation.Key, id string) *rotation.Key {
	return rotation.Observation{Keys: keys}.Find(id)
}

func rotationKeys(listed []iamgate.AccessKey) []rotation.Key {
	keys := make([]rotation.Key, len(listed))
	for i, k := range listed {
		keys[i] = rotation.Key{ID: k.ID, Status: rotation.Status(k.Status), CreatedAt: k.CreatedAt}
	}
	return keys
}

// aheadLists pass a list of keys from ModifyPlan to the Create or Update that follows it at once in the same apply, so
// that one call serves both. A list is handed on once, and only within aheadFor.
type aheadLists struct {
	mu    sync.Mutex
	lists map[string]aheadList
}

type aheadList struct {
	keys []rotation.Key
	at   time.Time
}

const aheadFor = 5 * time.Second

// listAhead lists the keys of user and keeps the list for listAfterPlan.
func (c *Client) listAhead(ctx context.Context, user string) ([]rotation.Key, error) {
	keys, err := c.List(ctx, user)
	if err != nil {
		return nil, err
	}
	c.ahead.mu.Lock()
	defer c.ahead.mu.Unlock()
	if c.ahead.lists == nil {
		c.ahead.lists = map[string]aheadList{}
	}
	c.ahead.lists[user] = aheadList{keys: keys, at: c.clock.Now()}
	return keys, nil
}

// listAfterPlan lists the keys of user, or takes the list that listAhead has kept a moment ago.
func (c *Client) listAfterPlan(ctx context.Context, user string) ([]rotation.Key, error) {
	c.ahead.mu.Lock()
	list, ok := c.ahead.lists[user]
	delete(c.ahead.lists, user)
	c.ahead.mu.Unlock()
	if ok && c.clock.Now().Sub(list.at) < aheadFor {
		return list.keys, nil
	}
	return c.List(ctx, user)
}

// SyncTime asks AWS for its time, by a list of the user's keys. Where that fails, Now stays as it is. In an apply the
// Update that follows uses the same list.
func (c *Client) SyncTime(ctx context.Context, user string) {
	if _, err := c.listAhead(ctx, user); err != nil {
		tflog.Debug(ctx, "AWS's time is not known: the keys can't be listed", map[string]any{"user": user, "error": err.Error()})
	}
}

// listAgainFor is how long after an apply a list that does not show what it did is asked for again.
const listAgainFor = 5 * time.Minute

// The pauses before IAM is asked again, each twice as long as the one before: less than four seconds in all for a list that
// does not show what we did, less than eight for a user who may have been created a moment ago.
const (
	firstPause    = 250 * time.Millisecond
	lastListPause = 2 * time.Second
	lastUserPause = 4 * time.Second
)

// listSettled lists the keys of a user, again and again for some seconds where the list may be a stale read: one that does
// not show what an apply did a moment ago, be it the last one or the one that created the current key, or that does not know
// the new name of a user whom the same apply may have renamed. In the end IAM's last answer counts, as far as it does not
// contradict that apply.
func (c *Client) listSettled(ctx context.Context, s Subject, known Evidence, list listFunc) ([]rotation.Key, error) {
	keys, err := list(ctx, s.User)
	last := known.ChangedAt
	if s.Current.CreatedAt.After(last) {
		last = s.Current.CreatedAt
	}
	recent := c.gateway.Now().Sub(last) < listAgainFor
	if recent || s.User != s.RecordedUser {
		err = c.retryWhileNoSuchUser(ctx, s.User, err, func() (err error) {
			keys, err = c.List(ctx, s.User)
			return err
		})
	}
	for pause := firstPause; recent && err == nil && pause <= lastListPause && !known.shownBy(keys); pause *= 2 {
		tflog.Debug(ctx, "stale read: the list does not show the last change, list again", map[string]any{
			"user": s.User, "pause": pause.String(),
		})
		err = c.clock.Sleep(ctx, pause)
		if err == nil {
			keys, err = c.List(ctx, s.User)
		}
	}
	if err != nil {
		return nil, err
	}
	return known.corrected(keys, s, c.gateway.Now()), nil
}

// listUntil finds out what a change whose answer was lost has done to a key: it reports whether a list shows what is wanted, and how
// it lists the key; nil where it does not, or where the keys can't be listed. It lists again for some seconds, since a list may be a
// stale read.
func (c *Client) listUntil(
	ctx context.Context, user, id string, wanted func(*rotation.Key) bool,
) (listed *rotation.Key, shown bool) {
	for pause := firstPause; ; pause *= 2 {
		keys, err := c.List(ctx, user)
		if err != nil {
			return nil, false
		}
		listed = findKey(keys, id)
		if shown = wanted(listed); shown || pause > lastListPause || c.clock.Sleep(ctx, pause) != nil {
			return listed, shown
		}
	}
}

// retryNoSuchUser reads, and again while IAM says that the user does not exist: a user who was created a moment ago is not
// known everywhere at once.
func (c *Client) retryNoSuchUser(ctx context.Context, user string, read func() error) error {
	return c.retryWhileNoSuchUser(ctx, user, read(), read)
}

// retryWhileNoSuchUser is retryNoSuchUser after a first read that ended with err.
func (c *Client) retryWhileNoSuchUser(ctx context.Context, user string, err error, read func() error) error {
	for pause := firstPause; pause <= lastUserPause && iamgate.IsKind(err, iamgate.KindNoSuchEntity); pause *= 2 {
		tflog.Debug(ctx, "IAM knows no such user yet, ask again", map[string]any{"user": user, "pause": pause.String()})
		err = c.clock.Sleep(ctx, pause)
		if err == nil {
			err = read()
		}
	}
	return err
}
