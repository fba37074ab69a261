package rotation

import (
	"maps"
	"slices"
	"time"
)

// UnmanagedKeys says what to do with the user's keys that this resource did not create.
type UnmanagedKeys string

// The values of unmanaged_keys.
const (
	// RefuseUnmanaged never touches such a key; a rotation that needs its slot is blocked.
	RefuseUnmanaged UnmanagedKeys = "refuse"
	// RetireUnmanaged adopts such a key as previous, so that it is deactivated and deleted like any previous.
	RetireUnmanaged UnmanagedKeys = "retire"
	// DeleteUnused deletes such a key when its slot is needed, if nobody ever used it.
	DeleteUnused UnmanagedKeys = "delete_unused"
)

// Policy is what the configuration asks for.
type Policy struct {
	// RotateAfter is the age at which current is rotated; zero leaves it to MaxAge.
	RotateAfter time.Duration
	// MaxAge is the age at which no managed key may be Active any more; zero means no limit. Without RotateAfter the age at
	// which current is rotated is counted backwards from it, see Interval.
	MaxAge time.Duration
	// ApplyEvery is how often applies run: the margin that dates are counted with.
	ApplyEvery time.Duration
	// RotationSpread is by how much a rotation may come earlier, so that the keys of a fleet rotate on different days.
	RotationSpread time.Duration
	// Overlap is how long previous stays Active after a rotation.
	Overlap time.Duration
	// Grace is how long previous stays Inactive before it is deleted.
	Grace time.Duration
	// RequireUnusedFor is how long previous must have been unused before it is deactivated; zero means that use does not count.
	RequireUnusedFor time.Duration
	// WaitForHandover keeps previous until somebody has used current.
	WaitForHandover bool
	// RotateWhenChanged asks for a rotation when a value is added or changed.
	RotateWhenChanged map[string]string
	// RevokeWhenChanged asks to revoke every older managed key when a value is added or changed.
	RevokeWhenChanged map[string]string
	// HoldPrevious keeps previous as it is. When it is set, previous is reactivated.
	HoldPrevious bool
	// Paused stops every clock-driven step.
	Paused bool
	// UnmanagedKeys says what to do with keys that this resource did not create.
	UnmanagedKeys UnmanagedKeys
	// Recipients names whom secrets are encrypted to: method, format, context and fingerprints, in one canonical text. It is
	// empty for plaintext.
	Recipients string
	// SealableUntil is the first instant at which some recipient has expired; zero means never.
	SealableUntil time.Time
}

// Equal reports whether p and q ask for the same.
func (p Policy) Equal(q Policy) bool {
	return p.RotateAfter == q.RotateAfter && p.MaxAge == q.MaxAge && p.ApplyEvery == q.ApplyEvery &&
		p.RotationSpread == q.RotationSpread && p.Overlap == q.Overlap && p.Grace == q.Grace &&
		p.RequireUnusedFor == q.RequireUnusedFor && p.WaitForHandover == q.WaitForHandover &&
		p.HoldPrevious == q.HoldPrevious && p.Paused == q.Paused && p.UnmanagedKeys == q.UnmanagedKeys &&
		maps.Equal(p.RotateWhenChanged, q.RotateWhenChanged) && maps.Equal(p.RevokeWhenChanged, q.RevokeWhenChanged) &&
		p.Recipients == q.Recipients && p.SealableUntil.Equal(q.SealableUntil)
}

// Changed returns the names whose value was added or changed between before and after. A removed value is no change. The
// names are in order.
func Changed(before, after map[string]string) []string {
	var names []string
	for name, value := range after {
		if old, ok := before[name]; !ok || old != value {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
