package rotation

import (
	"slices"
	"time"
)

// Outcome is what the world answered to a step.
type Outcome struct {
	// At is when the step was done.
	At time.Time
	// NewKey is the key that a Rotate made.
	NewKey Key
	// Sealed tells, for Rotate, that the secret of NewKey was sealed.
	Sealed bool
}

// DeleteAt is the end of the grace of a deactivated previous, given its last use.
func (p Previous) DeleteAt(policy Policy, use Use) time.Time {
	from := p.DeactivatedAt
	if use.At.After(from) {
		from = use.At
	}
	return from.Add(policy.Grace)
}

// Manages reports whether the key with that id is current or previous.
func (r Record) Manages(id string) bool {
	return id == r.Current.ID || r.Previous != nil && id == r.Previous.ID
}

// Reconcile returns the record with what needs no step: a previous that is gone is forgotten, and a current that is
// Inactive has been so since now at the latest.
func (r Record) Reconcile(seen Observation, now time.Time) Record {
	if r.Previous != nil && seen.Find(r.Previous.ID) == nil {
		r.Previous = nil
	}
	switch k := seen.Find(r.Current.ID); {
	case k == nil || k.Status == Active:
		r.Current.InactiveSince = time.Time{}
	case r.Current.InactiveSince.IsZero():
		r.Current.InactiveSince = now
	}
	return r
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
	case DeletePrevious:
		r.Previous = nil
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
	r.Current = Current{ID: out.NewKey.ID, CreatedAt: out.NewKey.CreatedAt, Sealed: out.Sealed}
	var p Previous
	switch {
	case step.Key != "":
		p = Previous{ID: old.ID, CreatedAt: old.CreatedAt, ReplacedAt: out.At, Revoked: step.Revoke}
		if step.Replaced == Inactive {
			p.DeactivatedAt = out.At
		}
	case r.Previous != nil:
		p = *r.Previous
		p.ReplacedAt, p.Revoked = out.At, p.Revoked || step.Revoke
		if k := seen.Find(p.ID); k != nil && k.Status == Inactive {
			p.DeactivatedAt = out.At
		} else {
			// Somebody may have reactivated it since, and its new overlap is all that counts now.
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
	case Adopt, RecordDeactivated, RecordReactivated:
	}
	return o
}

// KeysNeedingLastUse lists the keys whose last use Decide needs to know: an Active previous, an Inactive one whose grace is over
// or not recorded yet, and every key that is unmanaged. A steady user thus costs no question.
func (r Record) KeysNeedingLastUse(policy Policy, seen Observation, now time.Time) []string {
	var ids []string
	for _, k := range seen.Keys {
		p := r.Previous
		switch {
		case k.ID == r.Current.ID:
		case p != nil && k.ID == p.ID && k.Status == Inactive && !p.DeactivatedAt.IsZero() && now.Before(p.DeactivatedAt.Add(policy.Grace)):
		default:
			ids = append(ids, k.ID)
		}
	}
	return ids
}
