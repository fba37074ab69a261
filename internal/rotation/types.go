package rotation

import (
	"maps"
	"time"
)

// Status is the status of an access key as IAM gives it.
type Status string

// The statuses of an access key, https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyMetadata.html.
const (
	Active   Status = "Active"
	Inactive Status = "Inactive"
)

// UnmanagedKeys says what to do with a key of the user that this resource did not make.
type UnmanagedKeys string

// The values of unmanaged_keys.
const (
	// RefuseUnmanaged leaves it alone; a rotation that needs its slot is blocked.
	RefuseUnmanaged UnmanagedKeys = "refuse"
	// RetireUnmanaged adopts it as previous, so that it leaves by the usual deactivation and deletion.
	RetireUnmanaged UnmanagedKeys = "retire"
	// DeleteUnused deletes it when its slot is needed, if nobody ever used it.
	DeleteUnused UnmanagedKeys = "delete_unused"
)

// Policy is what the configuration asks for.
type Policy struct {
	// RotateAfter is the age at which current is rotated; zero means never by age.
	RotateAfter time.Duration
	// Overlap is how long previous stays Active after a rotation.
	Overlap time.Duration
	// Grace is how long previous stays Inactive before it is deleted.
	Grace time.Duration
	// RequireUnusedFor is how long previous must have been unused before it is deactivated; zero turns the guard off.
	RequireUnusedFor time.Duration
	// RotateWhenChanged rotates when it gains or changes a value.
	RotateWhenChanged map[string]string
	// RevokeWhenChanged revokes every older managed key when it gains or changes a value.
	RevokeWhenChanged map[string]string
	// HoldPrevious keeps previous as it is, and reactivates it when it is set.
	HoldPrevious bool
	// Paused stops every clock-driven step.
	Paused bool
	// UnmanagedKeys says what to do with keys that this resource did not make.
	UnmanagedKeys UnmanagedKeys
	// Recipients names whom secrets are sealed to: method, format, context and fingerprints, in one canonical text; empty
	// for plain text.
	Recipients string
	// SealableUntil is the first instant at which some recipient has expired; zero means never.
	SealableUntil time.Time
}

// MinimumRotateAfter is the age that RotateAfter must exceed, so that previous can leave before the next rotation.
func (p Policy) MinimumRotateAfter() time.Duration {
	return max(p.Overlap, p.RequireUnusedFor) + p.Grace
}

// Equal reports whether p and q ask for the same.
func (p Policy) Equal(q Policy) bool {
	return p.RotateAfter == q.RotateAfter && p.Overlap == q.Overlap && p.Grace == q.Grace &&
		p.RequireUnusedFor == q.RequireUnusedFor && p.HoldPrevious == q.HoldPrevious && p.Paused == q.Paused &&
		p.UnmanagedKeys == q.UnmanagedKeys && maps.Equal(p.RotateWhenChanged, q.RotateWhenChanged) &&
		maps.Equal(p.RevokeWhenChanged, q.RevokeWhenChanged) &&
		p.Recipients == q.Recipients && p.SealableUntil.Equal(q.SealableUntil)
}

// Changed lists the names under which after has a value that before has not, or has another. A value that was lost is no
// change. The order is not defined.
func Changed(before, after map[string]string) []string {
	var names []string
	for name, value := range after {
		if old, ok := before[name]; !ok || old != value {
			names = append(names, name)
		}
	}
	return names
}

// Record is what the state holds of a user's keys.
type Record struct {
	// Policy is the policy of the last apply; nil before the first apply after create or import.
	Policy *Policy
	// Current is the key that users should use; its ID is empty before create.
	Current Current
	// Previous is the key that Current replaced; nil when there is none.
	Previous *Previous
}

// Current is the recorded current key.
type Current struct {
	ID        string
	CreatedAt time.Time
	// InactiveSince is when the key was first seen Inactive; zero while it is Active or gone.
	InactiveSince time.Time
	// Sealed tells that only the ciphertext of its secret is at hand, so that it can't be sealed to anybody else. It is
	// false when the secret is at hand, and when it never was.
	Sealed bool
}

// Previous is the recorded previous key.
type Previous struct {
	ID        string
	CreatedAt time.Time
	// ReplacedAt is when its overlap began: its replacement, adoption or reactivation.
	ReplacedAt time.Time
	// DeactivatedAt is when its grace began; zero while it is Active.
	DeactivatedAt time.Time
	// DeactivatedByUs tells that this resource deactivated it, and nobody else.
	DeactivatedByUs bool
	// Adopted tells that this resource did not make it.
	Adopted bool
	// Revoked tells that a revoke asked for its deactivation.
	Revoked bool
}

// DeactivateAt is the end of the overlap.
func (p Previous) DeactivateAt(policy Policy) time.Time { return p.ReplacedAt.Add(policy.Overlap) }

// Observation is what IAM showed of a user's keys.
type Observation struct {
	// Keys are all keys that IAM lists for the user.
	Keys []Key `json:"keys"`
	// Recreated tells that the name now belongs to another user than the recorded one.
	Recreated bool `json:"recreated,omitempty"`
	// Signer is the id of the key that signs our own requests.
	Signer string `json:"signer,omitempty"`
}

// Key is one key that IAM listed.
type Key struct {
	ID        string    `json:"id"`
	Status    Status    `json:"status"`
	CreatedAt time.Time `json:"created_at"`
	// LastUse is nil when IAM was not asked for it.
	LastUse *Use `json:"last_use,omitempty"`
}

// Use is the last use of a key.
type Use struct {
	// At is zero for a key that was never used.
	At      time.Time `json:"at"`
	Service string    `json:"service,omitempty"`
	Region  string    `json:"region,omitempty"`
}

// proofWindow is how long after its creation a use by STS counts as the proof that the key works. IAM records a last use
// once per 15 minutes.
const proofWindow = 15 * time.Minute

// NeverUsed reports whether nobody has used the key, or nothing but the proof that it works. It is false when IAM was not
// asked.
func (k Key) NeverUsed() bool {
	if k.LastUse == nil {
		return false
	}
	return k.LastUse.At.IsZero() ||
		k.LastUse.Service == "sts" && !k.LastUse.At.After(k.CreatedAt.Add(proofWindow))
}

// unusedSince is the instant since which IAM shows no use; ok is false when IAM was not asked.
func (k Key) unusedSince() (at time.Time, ok bool) {
	if k.LastUse == nil {
		return time.Time{}, false
	}
	if k.LastUse.At.IsZero() {
		return k.CreatedAt, true
	}
	return k.LastUse.At, true
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
