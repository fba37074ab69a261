package rotation

import "time"

// Project returns record and observation after steps that are not taken yet. Out is what each of them is assumed to lead to;
// its Sealed and SealedTo are set from policy.
func Project(policy Policy, record Record, seen Observation, steps []Step, out Outcome) (Record, Observation) {
	out.Sealed, out.SealedTo = policy.Recipients != "", policy.Recipients
	for _, step := range steps {
		record, seen = record.After(step, seen, out), seen.After(step, out)
	}
	return record, seen
}

// LastPolicy returns the policy of the last apply, the zero policy before the first one.
func (r Record) LastPolicy() Policy {
	if r.Policy == nil {
		return Policy{}
	}
	return *r.Policy
}

// IsOrphan reports whether an interrupted apply has probably left the key: it is not managed, was created after current, and
// nobody has used it, or nothing but the proof that it works.
func (r Record) IsOrphan(k Key) bool {
	return !r.Manages(k.ID) && k.NeverUsed() && k.CreatedAt.After(r.Current.CreatedAt)
}

// Asks names what asks for a rotation under policy: what is left of the pending request, and what the policy changes.
func (r Record) Asks(policy Policy) Request {
	return newEvaluation(policy, r, Observation{}, time.Time{}).wantedRequest()
}

// CompliantUntil returns when the oldest managed key that is Active reaches MaxAge. It is zero without MaxAge, and when no managed
// key is Active.
func (r Record) CompliantUntil(policy Policy, seen Observation) time.Time {
	var until time.Time
	add := func(status Status, createdAt time.Time) {
		if status != Active {
			return
		}
		if at := createdAt.Add(policy.MaxAge); until.IsZero() || at.Before(until) {
			until = at
		}
	}
	if policy.MaxAge <= 0 {
		return until
	}
	if k := seen.Find(r.Current.ID); k != nil {
		add(k.Status, r.Current.CreatedAt)
	}
	if p := r.Previous; p != nil {
		add(p.StatusIn(seen), p.CreatedAt)
	}
	return until
}

// StatusIn returns the status of previous as IAM shows it or, while that may be a stale read, as this resource left it. It is empty where
// IAM does not list the key.
func (p Previous) StatusIn(seen Observation) Status {
	switch k := seen.Find(p.ID); {
	case k == nil:
		return ""
	case !seen.settling(p):
		return k.Status
	case k.Status == Active:
		return Inactive
	default:
		return Active
	}
}
