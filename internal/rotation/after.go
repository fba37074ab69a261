package rotation

import (
	"slices"
	"time"
)

// Outcome is the result of a step.
type Outcome struct {
	// At is when the step was done.
	At time.Time
	// NewKey is the key that a Rotate created.
	NewKey Key
	// Sealed reports, for Rotate, whether the secret of NewKey was encrypted, and SealedTo to whom, as Policy.Recipients does.
	Sealed   bool
	SealedTo string
}

// After returns the record after a step that was done while IAM showed seen.
func (r Record) After(step Step, seen Observation, out Outcome) Record {
	p := Previous{}
	if r.Previous != nil {
		p = *r.Previous
	}
	switch step.Kind {
	case Adopt:
		p = Previous{ID: step.Key, ReplacedAt: out.At, Adopted: true}
		if k := seen.Find(step.Key); k != nil {
			p.CreatedAt = k.CreatedAt
			if k.Status == Inactive {
				p.DeactivatedAt = out.At
			}
		}
	case RecordDeactivated:
		p.DeactivatedAt, p.DeactivatedByUs = out.At, false
	case RecordReactivated, Reactivate:
		p.ReplacedAt, p.DeactivatedAt, p.DeactivatedByUs = out.At, time.Time{}, false
	case Deactivate:
		p.DeactivatedAt, p.DeactivatedByUs = out.At, true
	case DeletePrevious, RecordDeleted:
		r.Previous = nil
		return r
	case RecordCurrentInactive:
		r.Current.InactiveSince = out.At
		return r
	case RecordCurrentActive:
		r.Current.InactiveSince = time.Time{}
		return r
	case RecordRenamed:
		r.User = seen.User
		return r
	case RecordRequest:
		r.Request = step.Request
		return r
	case DeleteCurrent, DeleteUnmanaged:
		return r
	case Rotate:
		return r.afterRotate(step, seen, out)
	}
	r.Previous = &p
	return r
}

func (r Record) afterRotate(step Step, seen Observation, out Outcome) Record {
	old := r.Current
	r.Current = Current{ID: out.NewKey.ID, CreatedAt: out.NewKey.CreatedAt, Sealed: out.Sealed, SealedTo: out.SealedTo}
	r.Request = ""
	if r.ManagedSince.IsZero() {
		r.ManagedSince = out.NewKey.CreatedAt
	}
	var p Previous
	switch {
	case step.Key != "":
		p = Previous{ID: old.ID, CreatedAt: old.CreatedAt, ReplacedAt: out.At, Revoked: step.Revoke}
		if step.Replaced == Inactive {
			p.DeactivatedAt = out.At
		}
	case r.Previous != nil:
		p = *r.Previous
		k := seen.Find(p.ID)
		inactive := k != nil && k.Status == Inactive
		if k != nil && seen.settling(p) && (inactive || !step.Revoke) {
			// What a list shows that may be a stale read is not recorded. A revoke deactivates what is listed as Active once more.
			inactive = !inactive
		}
		p.ReplacedAt, p.Revoked = out.At, p.Revoked || step.Revoke
		if inactive {
			p.DeactivatedAt = out.At
		} else {
			// Somebody may have reactivated it. The new overlap counts then, and not the old deactivation.
			p.DeactivatedAt, p.DeactivatedByUs = time.Time{}, false
		}
	default:
		return r
	}
	r.Previous = &p
	return r
}

// After returns what IAM shows after a step.
func (o Observation) After(step Step, out Outcome) Observation {
	o.Keys = slices.Clone(o.Keys)
	switch step.Kind {
	case Reactivate:
		o.Find(step.Key).Status = Active
	case Deactivate:
		o.Find(step.Key).Status = Inactive
	case DeletePrevious, DeleteCurrent, DeleteUnmanaged:
		o.Keys = slices.DeleteFunc(o.Keys, func(k Key) bool { return k.ID == step.Key })
	case Rotate:
		o.Keys, o.Recreated = append(o.Keys, out.NewKey), false
	case Adopt, RecordDeactivated, RecordReactivated, RecordDeleted, RecordCurrentInactive, RecordCurrentActive, RecordRenamed,
		RecordRequest:
	}
	return o
}
