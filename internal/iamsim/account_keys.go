package iamsim

import (
	"slices"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// The two statuses of an access key in IAM, and the one of a deleted key in this package.
const (
	statusActive   = "Active"
	statusInactive = "Inactive"
	statusDeleted  = ""
)

type accessKey struct {
	Key
	owner  *user
	secret secret.Secret
	serial int // orders keys that were created within one second
	slot   int // in the credential report: 0 or 1
	// usableAt and rejects delay the first use of a new key.
	usableAt      time.Time
	rejects       int
	statusChanges []statusChange
	// worksUntil is when a deactivated or deleted key stops authenticating.
	worksUntil time.Time
}

// statusChange is the status of a key from an instant on.
type statusChange struct {
	at     time.Time
	status string
}

// createKey creates a key of a user, within the quota.
func (a *account) createKey(u *user, now time.Time) (*accessKey, error) {
	if len(a.keysOf(u)) >= maxKeysPerUser {
		return nil, errQuota("AccessKeysPerUser", maxKeysPerUser)
	}
	a.createdKeys++
	k := &accessKey{
		Key:      Key{ID: newAccessKeyID("AKIA", a.id), CreatedAt: now.Truncate(time.Second)},
		owner:    u,
		secret:   newSecret(),
		serial:   a.createdKeys,
		slot:     freeSlot(a.keysOf(u)),
		usableAt: now.Add(a.newKeyDelay),
		rejects:  a.newKeyRejects,
	}
	k.setStatus(statusActive, now, a.retiredKeyDelay)
	a.keys[k.ID] = k
	u.keys = append(u.keys, k)
	a.issued = append(a.issued, Credentials{AccessKeyID: k.ID, Secret: k.secret})
	return k, nil
}

// keysOf returns a user's keys, oldest first.
func (a *account) keysOf(u *user) []*accessKey { return slices.Clone(u.keys) }

// key returns a key of u or, if u is nil, of any user.
func (a *account) key(u *user, id string) (*accessKey, error) {
	k, ok := a.keys[id]
	if !ok || (u != nil && k.owner != u) {
		return nil, errNoSuchKey(id)
	}
	return k, nil
}

// signingKey returns a key by id, deleted ones included: those may still work for a while.
func (a *account) signingKey(id string) (*accessKey, bool) {
	if k, ok := a.keys[id]; ok {
		return k, true
	}
	k, ok := a.deleted[id]
	return k, ok
}

func (a *account) setStatus(u *user, id, status string, now time.Time) error {
	if err := validStatus(status); err != nil {
		return err
	}
	k, err := a.key(u, id)
	if err != nil {
		return err
	}
	k.setStatus(status, now, a.retiredKeyDelay)
	return nil
}

func validStatus(status string) error {
	if status != statusActive && status != statusInactive {
		return errConstraint(status, "status", "Member must satisfy enum value set: [Active, Inactive]")
	}
	return nil
}

func (a *account) deleteKey(u *user, id string, now time.Time) error {
	k, err := a.key(u, id)
	if err != nil {
		return err
	}
	k.setStatus(statusDeleted, now, a.retiredKeyDelay)
	delete(a.keys, id)
	k.owner.keys = slices.DeleteFunc(k.owner.keys, func(other *accessKey) bool { return other == k })
	a.deleted[id] = k
	return nil
}

func (a *account) setLastUsed(keyID string, at time.Time, service, region string) error {
	k, err := a.key(nil, keyID)
	if err != nil {
		return err
	}
	if at.IsZero() {
		service, region = "", ""
	}
	k.LastUsedAt, k.LastUsedService, k.LastUsedRegion = at.UTC().Truncate(time.Second), service, region
	return nil
}

// setStatus records a status. A key that ceases to be Active goes on authenticating for retiredKeyDelay.
func (k *accessKey) setStatus(status string, now time.Time, retiredKeyDelay time.Duration) {
	if k.Status == statusActive && status != statusActive {
		k.worksUntil = now.Add(retiredKeyDelay)
	}
	k.Status = status
	k.statusChanges = append(k.statusChanges, statusChange{now, status})
}

// statusAt returns the status at an instant: statusDeleted before the key's creation and after its deletion.
func (k *accessKey) statusAt(at time.Time) string {
	status := statusDeleted
	for _, change := range k.statusChanges {
		if !change.at.After(at) {
			status = change.status
		}
	}
	return status
}

// recordUse records a use, unless the recorded one is younger than granularity.
func (k *accessKey) recordUse(now time.Time, service, region string, granularity time.Duration) {
	if !k.LastUsedAt.IsZero() && now.Sub(k.LastUsedAt) < granularity {
		return
	}
	k.LastUsedAt, k.LastUsedService, k.LastUsedRegion = now.Truncate(time.Second), service, region
}

// authenticates reports whether a call signed with the key's secret is accepted.
func (k *accessKey) authenticates(now time.Time) bool {
	works := k.Status == statusActive || now.Before(k.worksUntil)
	return works && !now.Before(k.usableAt) && k.rejects == 0
}

// export returns the key without its secret, with its owner's present name.
func (k *accessKey) export() Key {
	out := k.Key
	out.User = k.owner.Name
	return out
}

func bySerial(a, b *accessKey) int { return a.serial - b.serial }
