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

// apply is a running apply: the simulation, and the same in the types of the code under test.
type apply struct {
	env *environment
	sim simulation
	ids [2]string

	policy   rotation.Policy
	rec      rotation.Record
	seen     rotation.Observation
	requests requests
	// planned are the steps that the plan showed.
	planned []rotation.Step
}

// requests is what changed values ask for, found by comparing the configuration with the recorded one.
type requests struct {
	create, rotate, recipients, revoke bool
}

func (a requests) newKey() bool { return a.create || a.rotate || a.recipients || a.revoke }

func (sim *simulation) requests() requests {
	gained := func(recorded, wanted uint8) bool { return sim.rec.known && wanted != 0 && wanted != recorded }
	return requests{
		create:     !sim.rec.exists,
		rotate:     sim.rec.exists && gained(sim.rec.config.rotate, sim.config.rotate),
		revoke:     sim.rec.exists && gained(sim.rec.config.revoke, sim.config.revoke),
		recipients: sim.rec.known && sim.rec.sealed != 0 && sim.config.recipients != sim.rec.config.recipients,
	}
}

// newApply begins an apply, as Read and the plan do.
func (env *environment) newApply(sim simulation) *apply {
	a := &apply{env: env, sim: sim, ids: keyIDs, requests: sim.requests()}
	a.observe(now)
	return a
}

// observe translates the simulation into the types of the code under test, and looks up last uses at that instant.
func (a *apply) observe(at time.Time) {
	sim := &a.sim
	a.policy = a.env.policy(sim.config)
	a.rec, a.seen = rotation.Record{}, rotation.Observation{Recreated: sim.recreated, Keys: make([]rotation.Key, 0, 2)}
	if sim.rec.exists {
		a.rec.Current = rotation.Current{
			ID: lostKey, CreatedAt: sim.rec.created.at(), InactiveSince: sim.rec.inactiveSince.at(), Sealed: sim.rec.sealed != 0,
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
	a.lookUpLastUses(at)
}

func (a *apply) addKey(id string, k simKey) {
	seen := rotation.Key{ID: id, Status: rotation.Active, CreatedAt: a.sim.observed(k).created.at()}
	if k.status == inactive {
		seen.Status = rotation.Inactive
	}
	if k.signs {
		a.seen.Signer = id
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

// lookUpLastUses adds the last uses that the provider would look up at that instant.
func (a *apply) lookUpLastUses(at time.Time) {
	if a.env.lastUseDenied {
		return
	}
	policy := a.policy
	if a.rec.Policy != nil {
		policy = *a.rec.Policy
	}
	for _, id := range a.rec.KeysNeedingLastUse(policy, a.seen, at) {
		k := a.sim.observed(a.sim.keys[slices.Index(a.ids[:], id)])
		use := &rotation.Use{At: k.used.at(), Service: "s3"}
		if k.usedSTS {
			use.Service = "sts"
		}
		a.seen.Find(id).LastUse = use
	}
}

// refresh adds to the record what Read finds without a step.
func (a *apply) refresh() {
	a.rec = a.rec.Reconcile(a.seen, now)
	a.readBack()
}

// carryOut does a step, as the provider does, and returns the invariant that it violates, if any.
func (a *apply) carryOut(step rotation.Step) violation {
	before := a.sim
	created := rotation.Key{ID: createdKey, Status: rotation.Active, CreatedAt: now, LastUse: &rotation.Use{}}
	out := rotation.Outcome{At: now, NewKey: created, Sealed: a.sim.config.recipients != 0}
	a.rec, a.seen = a.rec.After(step, a.seen, out), a.seen.After(step, out)
	if len(a.seen.Keys) > len(a.sim.keys) {
		return violated(atMostTwoKeys, "step %+v", step)
	}
	a.readBack()
	a.updateHistory(step, before)
	return a.judge(step, before)
}

// readBack copies the statuses, the roles and the record into the simulation.
func (a *apply) readBack() {
	sim := &a.sim
	for i := range sim.keys {
		k := &sim.keys[i]
		seen := a.seen.Find(a.ids[i])
		switch {
		case seen == nil && k.status != gone:
			if k.role == current {
				sim.rec.created = k.created
			}
			*k = simKey{}
		case seen != nil && seen.Status == rotation.Active:
			k.status = active
		case seen != nil:
			k.status = inactive
		}
	}
	if a.seen.Find(createdKey) != nil && !a.holds(createdKey) {
		i := sim.free()
		a.ids[i] = createdKey
		sim.keys[i] = simKey{status: active, used: never, inactiveFor: never}
		if a.env.proof {
			sim.keys[i].used, sim.keys[i].usedSTS = 0, true
		}
	}
	for i := range sim.keys {
		sim.keys[i].role = a.role(a.ids[i])
	}
	sim.recreated = a.seen.Recreated
	rec := &sim.rec
	rec.exists, rec.previous = a.rec.Current.ID != "", a.rec.Previous != nil
	rec.inactiveSince = ageOf(a.rec.Current.InactiveSince)
	rec.replaced, rec.deactivated = 0, never
	rec.deactivatedByUs, rec.adopted, rec.revoked = false, false, false
	if p := a.rec.Previous; p != nil {
		rec.replaced, rec.deactivated = ageOf(p.ReplacedAt), ageOf(p.DeactivatedAt)
		rec.deactivatedByUs, rec.adopted, rec.revoked = p.DeactivatedByUs, p.Adopted, p.Revoked
	}
}

func (a *apply) holds(id string) bool { return a.ids[0] == id || a.ids[1] == id }

func (a *apply) role(id string) role {
	switch {
	case a.seen.Find(id) == nil:
		return unmanaged
	case id == a.rec.Current.ID:
		return current
	case a.rec.Previous != nil && id == a.rec.Previous.ID:
		return previous
	default:
		return unmanaged
	}
}

// updateHistory notes what is true after a step, independently of the record: when a key became Inactive and by whom, when an
// overlap began, which keys were revoked, and to whom a secret was encrypted.
func (a *apply) updateHistory(step rotation.Step, before simulation) {
	if step.Kind == rotation.Rotate {
		a.sim.rec.sealed, a.sim.rec.imported = a.sim.config.recipients, false
	}
	for i := range a.sim.keys {
		k, old := &a.sim.keys[i], before.keys[i]
		switch {
		case k.status == inactive && old.status == active:
			k.inactiveFor, k.deactivatedByUs = 0, true
		case k.status == active && old.status == inactive:
			k.inactiveFor, k.deactivatedByUs, k.overlapFor = never, false, 0
		}
		if k.status == gone || a.ids[i] == createdKey {
			continue
		}
		switch step.Kind {
		case rotation.Rotate:
			k.overlapFor, k.newerThanCurrent = 0, false
			switch {
			case k.status == active:
				k.inactiveFor, k.deactivatedByUs = never, false
			case old.role == previous:
				k.inactiveFor = 0
			}
			if a.requests.revoke && old.role != unmanaged {
				k.revoked = true
				a.sim.brokenByOthers = a.sim.brokenByOthers || k.published
			}
		case rotation.Adopt, rotation.RecordReactivated:
			k.overlapFor = 0
		case rotation.RecordDeactivated, rotation.Reactivate, rotation.Deactivate, rotation.DeletePrevious,
			rotation.DeleteCurrent, rotation.DeleteUnmanaged:
		}
	}
}

// cannotSeal reports whether a known plaintext would have to be encrypted to recipients that have expired. The apply fails then,
// whatever the rules of rotation say.
func (a *apply) cannotSeal() bool {
	return a.sim.rec.exists && !a.sim.rec.imported && a.sim.rec.sealed == 0 && a.sim.config.expired()
}

// finish returns the simulation after a successful apply: the configured policy is recorded, a known plaintext is encrypted, and
// current is published.
func (a *apply) finish() simulation {
	sim := a.sim
	sim.rec.known, sim.rec.config = true, sim.config
	if !sim.rec.imported {
		sim.rec.sealed = sim.config.recipients
	}
	for i := range sim.keys {
		k := &sim.keys[i]
		k.published = k.status != gone && k.role == current
		if k.published && a.ids[i] == createdKey {
			sim.brokenByOthers = false
		}
	}
	return sim
}

// fail returns the simulation after a failure that the state shows. A request whose key was created is done, whatever failed later.
func (a *apply) fail() simulation {
	sim := a.sim
	switch {
	case a.holds(createdKey):
		sim.rec.known, sim.rec.config = true, sim.config
	case !sim.rec.exists:
		sim.dropRecord()
	}
	return sim
}

// dropRecord leaves no state, as a create that created no key does.
func (sim *simulation) dropRecord() {
	sim.rec.previous, sim.rec.sealed = false, 0
	sim.keys[0].role, sim.keys[1].role = unmanaged, unmanaged
}

// crash returns the simulation after the process was killed: IAM is as it is now, the state is the one of recorded. A key that this
// apply created is unmanaged.
func (a *apply) crash(recorded *apply) simulation {
	sim := a.sim
	sim.rec, sim.recreated, sim.brokenByOthers = recorded.sim.rec, recorded.sim.recreated, recorded.sim.brokenByOthers
	for i := range sim.keys {
		k := &sim.keys[i]
		k.role = unmanaged
		if k.published && k.status != active {
			sim.brokenByOthers = a.sim.brokenByOthers
		}
		if k.status == gone {
			if old := recorded.sim.keys[i]; old.status != gone && old.role == current {
				sim.rec.created = old.created
			}
			continue
		}
		if old := recorded.sim.keys[i]; a.ids[i] == recorded.ids[i] {
			k.role, k.revoked, k.overlapFor, k.newerThanCurrent = old.role, old.revoked, old.overlapFor, old.newerThanCurrent
			if k.status == old.status || k.status == active || sim.recordedInactive(*k) {
				k.inactiveFor, k.deactivatedByUs = old.inactiveFor, old.deactivatedByUs
			}
		} else {
			k.newerThanCurrent = recorded.sim.hasOlderCurrent()
		}
	}
	if !sim.rec.exists {
		sim.dropRecord()
	}
	return sim
}
