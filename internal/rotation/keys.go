package rotation

// currentKey returns the recorded current as IAM listed it, or nil.
func (e *evaluation) currentKey() *Key { return e.seen.Find(e.record.Current.ID) }

func (e *evaluation) currentActive() bool {
	k := e.currentKey()
	return k != nil && k.Status == Active
}

func (e *evaluation) currentInactive() bool {
	k := e.currentKey()
	return k != nil && k.Status == Inactive
}

// previousKey returns the recorded previous as IAM listed it, or nil. It is never nil when the record of the evaluation has a
// previous, since one that is gone was taken out of it.
func (e *evaluation) previousKey() *Key {
	if e.record.Previous == nil {
		return nil
	}
	return e.seen.Find(e.record.Previous.ID)
}

// oldestUnmanaged returns the oldest key that is neither current nor previous, or nil.
func (e *evaluation) oldestUnmanaged() *Key {
	return e.oldest(func(k Key) bool { return !e.record.Manages(k.ID) })
}

// oldestAdoptable returns the oldest unmanaged key that no other resource manages, or nil.
func (e *evaluation) oldestAdoptable() *Key {
	return e.oldest(func(k Key) bool { return !e.record.Manages(k.ID) && !k.Other })
}

// oldest returns the oldest of the keys for which include is true, or nil.
func (e *evaluation) oldest(include func(Key) bool) *Key {
	var oldest *Key
	for i := range e.seen.Keys {
		k := &e.seen.Keys[i]
		if !include(*k) {
			continue
		}
		if oldest == nil || k.CreatedAt.Before(oldest.CreatedAt) {
			oldest = k
		}
	}
	return oldest
}

// otherKeyActive reports whether a key other than the one with that id is Active. A previous whose listed status may be a stale read is
// not: it may be the one that a step of ours has made Inactive.
func (e *evaluation) otherKeyActive(id string) bool {
	for _, k := range e.seen.Keys {
		settles := e.settling() && k.ID == e.record.Previous.ID
		if k.ID != id && k.Status == Active && !settles {
			return true
		}
	}
	return false
}

// HandedOver reports whether somebody has used current since it replaced previous. A use that is our own proof is nobody's. Known is
// false when the last use of current is unknown.
func (r Record) HandedOver(seen Observation) (handedOver, known bool) {
	k := seen.Find(r.Current.ID)
	if k == nil || k.LastUse == nil || r.Previous == nil {
		return false, false
	}
	return seen.UsedByOthers(*k) && !k.LastUse.At.Before(r.Previous.ReplacedAt), true
}

// UsedByOthers reports whether the last use of the key is known and is none of our own proofs.
func (o Observation) UsedByOthers(k Key) bool {
	return k.LastUse != nil && !k.NeverUsed() && !k.LastUse.isProof(o.SignedAt)
}
