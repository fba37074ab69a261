package rotation

import (
	"slices"
	"time"
)

// KeysPerUser is AWS's quota of access keys. It can't be raised, and Inactive keys count.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const KeysPerUser = 2

// proofWindow is how long after a key's creation a use by STS counts as our own proof that the key works. IAM records a last use
// once per 15 minutes.
const proofWindow = 15 * time.Minute

// lastUseSlack is how much earlier than the call a last use may be dated: IAM's times have whole seconds, and its servers do not agree
// on the time exactly.
const lastUseSlack = time.Minute

// Status is the status of an access key in IAM.
//
// Persisted: private states hold these values, which must stay readable.
type Status string

// The statuses of an access key, https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyMetadata.html.
const (
	Active   Status = "Active"
	Inactive Status = "Inactive"
)

// Observation is what IAM showed about a user's keys.
//
// Persisted: private states hold it, so the JSON form must stay readable.
type Observation struct {
	// Keys are all keys that IAM lists for the user.
	Keys []Key `json:"keys"`
	// User is the name that the keys are listed under; empty stands for the recorded one.
	User string `json:"user,omitempty"`
	// Recreated reports whether the name now belongs to another user than the recorded one.
	Recreated bool `json:"recreated,omitempty"`
	// UserUnknown reports whether the user was not found and nothing proves what became of it. The rest is what an earlier look showed.
	UserUnknown bool `json:"user_unknown,omitempty"`
	// Signers are the ids of the keys that sign our own requests, or that a role which does was assumed with.
	Signers []string `json:"signers,omitempty"`
	// SignedAt is when this resource last signed a call to STS with current, besides the proof of a new key.
	SignedAt time.Time `json:"signed_at,omitzero"`
	// Settling is Record.Settling at the time of the look. What settles then does so in a plan and in its apply, however much later
	// they are made.
	Settling bool `json:"settling,omitempty"`
}

// Key is one key that IAM listed.
//
// Persisted: private states hold it, so the JSON form must stay readable.
type Key struct {
	ID        string    `json:"id"`
	Status    Status    `json:"status"`
	CreatedAt time.Time `json:"created_at"`
	// LastUse is nil when the last use is unknown.
	LastUse *Use `json:"last_use,omitempty"`
	// Other reports whether another resource manages the key.
	Other bool `json:"other,omitempty"`
}

// Use is the last use of a key.
//
// Persisted: private states hold it, so the JSON form must stay readable.
type Use struct {
	// At is zero for a key that was never used.
	At      time.Time `json:"at"`
	Service string    `json:"service,omitempty"`
	Region  string    `json:"region,omitempty"`
}

// Find returns the listed key with that id, or nil.
func (o Observation) Find(id string) *Key {
	if id == "" {
		return nil
	}
	for i := range o.Keys {
		if o.Keys[i].ID == id {
			return &o.Keys[i]
		}
	}
	return nil
}

// settling reports whether the listed status of previous contradicts a step of the minutes before the look. It proves nothing then.
func (o Observation) settling(p Previous) bool {
	k := o.Find(p.ID)
	return o.Settling && k != nil && !p.contradicted(k.Status).IsZero()
}

// Signs reports whether the key with that id signs our own requests.
func (o Observation) Signs(id string) bool { return slices.Contains(o.Signers, id) }

// usedAtAll reports whether IAM shows a use of the key, be it a proof that it works.
func (k Key) usedAtAll() bool { return k.LastUse != nil && !k.LastUse.At.IsZero() }

// NeverUsed reports whether nobody has used the key, our own proof that it works aside. It is false when the last use is unknown.
func (k Key) NeverUsed() bool {
	if k.LastUse == nil {
		return false
	}
	return k.LastUse.At.IsZero() || k.LastUse.isProof(k.CreatedAt)
}

// isProof reports whether the use is a call to STS that we signed at that time. It may be recorded up to 15 minutes later.
func (u Use) isProof(signedAt time.Time) bool {
	return u.Service == "sts" && !u.At.Before(signedAt.Add(-lastUseSlack)) && !u.At.After(signedAt.Add(proofWindow))
}

// unusedSince returns the instant since which IAM shows no use; ok is false when the last use is unknown.
func (k Key) unusedSince() (at time.Time, ok bool) {
	if k.LastUse == nil {
		return time.Time{}, false
	}
	if k.LastUse.At.IsZero() {
		return k.CreatedAt, true
	}
	return k.LastUse.At, true
}
