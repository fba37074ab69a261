package rotation_test

import (
	"slices"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// keyIDs are the ids of the keys in the two slots. createdKey is the key that the running apply has created.
var keyIDs = [2]string{"first", "second"}

const (
	createdKey = "fresh"
	lostKey    = "lost"
)

// names are the user's recorded name, and another.
const (
	userName = "user"
	newName  = "renamed"
)

// pendingRequest is what the record holds of a request.
func (p pending) pendingRequest() rotation.Request {
	switch {
	case p.rotate && p.recipients:
		return `rotate_when_changed["value"], encrypted_output`
	case p.rotate:
		return `rotate_when_changed["value"]`
	case p.recipients:
		return "encrypted_output"
	default:
		return ""
	}
}

// pendingOf reads what a record holds of a request. The bool is false for any other text.
func pendingOf(r rotation.Request) (pending, bool) {
	for _, p := range []pending{{}, {rotate: true}, {recipients: true}, {true, true}} {
		if p.pendingRequest() == r {
			return p, true
		}
	}
	return pending{}, false
}

// observe translates the simulation into the types of the code under test, and looks up last uses at that instant, as far as policy
// needs them.
func (a *apply) observe(policy rotation.Policy, at time.Time) {
	sim := &a.sim
	a.seen = rotation.Observation{
		User: userName, Recreated: sim.recreated, UserUnknown: sim.unknown, SignedAt: sim.signed.at(), Keys: make([]rotation.Key, 0, 2),
	}
	if sim.renamed {
		a.seen.User = newName
	}
	a.rec = rotation.Record{User: userName, UniqueID: uniqueIDs[sim.rec.id]}
	if sim.rec.exists {
		a.rec.ManagedSince, a.rec.Request = sim.rec.managed.at(), sim.rec.request.pendingRequest()
		a.rec.Current = rotation.Current{
			ID: lostKey, CreatedAt: sim.rec.created.at(), InactiveSince: sim.rec.inactiveSince.at(), Sealed: sim.rec.sealed != 0,
			SealedTo: recipients[sim.rec.sealed],
		}
	}
	if sim.rec.previous {
		a.rec.Previous = &rotation.Previous{
			ID: lostKey, ReplacedAt: sim.rec.replaced.at(), DeactivatedAt: sim.rec.deactivated.at(),
			DeactivatedByUs: sim.rec.deactivatedByUs, Adopted: sim.rec.adopted, Revoked: sim.rec.revoked,
		}
	}
	if sim.rec.known {
		p := a.env.policy(sim.rec.config)
		a.rec.Policy = &p
	}
	for i, k := range sim.keys {
		if k.status != gone {
			a.addKey(a.ids[i], k)
		}
	}
	for _, id := range a.rec.KeysNeedingLastUse(policy, a.seen, at) {
		a.lookUp(id)
	}
	a.seen.Settling = a.rec.Settling(a.seen, at)
}

func (a *apply) addKey(id string, k simKey) {
	k = a.env.observed(&a.sim, k)
	seen := rotation.Key{ID: id, Status: rotation.Active, CreatedAt: k.created.at(), Other: k.other}
	if k.listed() == inactive {
		seen.Status = rotation.Inactive
	}
	if k.signs {
		a.seen.Signers = append(a.seen.Signers, id)
	}
	switch k.role {
	case current:
		a.rec.Current.ID, a.rec.Current.CreatedAt = id, seen.CreatedAt
	case previous:
		a.rec.Previous.ID, a.rec.Previous.CreatedAt = id, seen.CreatedAt
	case unmanaged:
	}
	a.seen.Keys = append(a.seen.Keys, seen)
}

// lookUp asks for the last use of a key.
func (a *apply) lookUp(id string) {
	k := a.env.observed(&a.sim, a.sim.keys[slices.Index(a.ids[:], id)])
	if k.useDenied {
		return
	}
	use := &rotation.Use{At: k.used.at(), Service: "s3"}
	if k.usedSTS {
		use.Service = "sts"
	}
	a.seen.Find(id).LastUse = use
}
