package rotation_test

import (
	"slices"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
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
	// before is the simulation of the plan.
	before simulation
	// decided is the decision of the plan.
	decided rotation.Decision
	// planned are the steps that the plan showed.
	planned []rotation.Step
	// room are the planned deletions that make room for the rotation, not done yet.
	room []rotation.Step
	// answered reports whether IAM has answered our creation of a key: with a key, or that there is no room.
	answered bool
}

// requests is what changed values ask for, found by comparing the configuration with the recorded one.
type requests struct {
	create, rotate, recipients, revoke bool
}

func (a requests) newKey() bool { return a.refusable() || a.deferrable() }

// refusable reports whether a new key is asked for now or never.
func (a requests) refusable() bool { return a.create || a.revoke }

// deferrable reports whether a rotation is asked for that may be pending.
func (a requests) deferrable() bool { return a.rotate || a.recipients }

// onlyDeferrable reports whether nothing but such a rotation is asked for.
func (a requests) onlyDeferrable() bool { return a.deferrable() && !a.refusable() }

func (sim *simulation) requests() requests {
	gained := func(recorded, wanted uint8) bool { return sim.rec.known && wanted != 0 && wanted != recorded }
	return requests{
		create: !sim.rec.exists,
		rotate: sim.rec.exists && gained(sim.rec.config.rotate, sim.config.rotate),
		revoke: sim.rec.exists && gained(sim.rec.config.revoke, sim.config.revoke),
		recipients: sim.rec.known && sim.rec.sealed != 0 && sim.config.recipients != sim.rec.config.recipients &&
			sim.config.recipients != sim.rec.sealed,
	}
}

// setsHold reports whether this apply sets hold_previous, and no revoke overrides it.
func (a *apply) setsHold() bool {
	return a.before.rec.known && !a.before.rec.config.hold && a.before.config.hold && !a.requests.revoke
}

// read looks at IAM and decides by the recorded policy, as Read does. The policy is the configured one from then on.
func (env *environment) read(sim simulation) (*apply, rotation.Decision) {
	a := &apply{env: env, sim: sim, before: sim, ids: keyIDs, requests: sim.requests()}
	policy := env.policy(sim.config)
	switch {
	case sim.rec.known:
		policy = env.policy(sim.rec.config)
	case sim.rec.exists:
		policy = rotation.Policy{}
	}
	a.observe(policy, now)
	d := rotation.Decide(policy, a.rec, a.seen, now)
	a.policy = env.policy(sim.config)
	return a, d
}

// plan returns what the apply is planned to do: what Read decided, or what an edited policy asks for by the evidence of Read.
func (a *apply) plan(read rotation.Decision) rotation.Decision {
	if !a.sim.rec.exists || !a.sim.edited() {
		return read
	}
	return rotation.Judge(a.policy, a.rec, a.seen, read.Room, now)
}

func (a *apply) clone() *apply {
	b := *a
	return &b
}

// perform does a step in IAM, if it changes something there, and in the record, and returns the invariant that it violates, if any.
func (a *apply) perform(step rotation.Step) violation {
	before := *a
	if v := a.call(step); v != (violation{}) {
		return v
	}
	out := a.outcome()
	a.rec, a.seen = a.rec.After(step, a.seen, out), a.seen.After(step, out)
	a.readBack()
	a.updateHistory(step, before.sim)
	return a.judge(step, before.sim)
}

func (a *apply) outcome() rotation.Outcome {
	to := a.sim.config.recipients
	return rotation.Outcome{
		At: now, NewKey: rotation.Key{ID: createdKey, Status: rotation.Active, CreatedAt: now, LastUse: &rotation.Use{}},
		Sealed: to != 0, SealedTo: recipients[to],
	}
}

// call does what a step asks IAM for.
func (a *apply) call(step rotation.Step) violation {
	sim := &a.sim
	at := slices.Index(a.ids[:], step.Key)
	if at >= 0 && sim.keys[at].status == gone {
		at = -1
	}
	switch step.Kind {
	case rotation.Rotate:
		i := sim.free()
		if i < 0 {
			return violated(atMostTwoKeys, "step %+v", step)
		}
		a.ids[i] = createdKey
		sim.keys[i] = simKey{status: active, used: never, inactiveFor: never}
		if a.env.proof {
			sim.keys[i].use(true)
			sim.keys[i].usedByUs = true
		}
	case rotation.Reactivate, rotation.Deactivate:
		if at < 0 {
			break
		}
		sim.keys[at].status, sim.keys[at].stale = active, false
		if step.Kind == rotation.Deactivate {
			sim.keys[at].status = inactive
		}
	case rotation.DeletePrevious, rotation.DeleteCurrent, rotation.DeleteUnmanaged:
		if at < 0 {
			break
		}
		k := sim.keys[at]
		if !a.answered && a.plans(rotation.Rotate) && !a.retired(k) {
			return violated(createFirst, "step %+v", step)
		}
		if k.role == current {
			sim.rec.created = k.created
		}
		sim.keys[at] = simKey{}
	case rotation.Adopt, rotation.RecordDeactivated, rotation.RecordReactivated, rotation.RecordDeleted,
		rotation.RecordCurrentInactive, rotation.RecordCurrentActive, rotation.RecordRenamed, rotation.RecordRequest:
	}
	return violation{}
}

// retired reports whether the key is deleted by rule 4 alone, room or not.
func (a *apply) retired(k simKey) bool {
	grace := a.env.timing(&a.sim).grace
	return k.role == previous && k.status == inactive && k.inactiveFor >= grace && (k.used == never || k.used >= grace)
}

// readBack copies the roles and the record into the simulation.
func (a *apply) readBack() {
	sim := &a.sim
	for i := range sim.keys {
		sim.keys[i].role = a.role(i)
	}
	sim.recreated, sim.renamed = a.seen.Recreated, a.rec.User != a.seen.User
	rec := &sim.rec
	rec.exists, rec.previous = a.rec.Current.ID != "", a.rec.Previous != nil
	rec.inactiveSince, rec.managed = ageOf(a.rec.Current.InactiveSince), ageOf(a.rec.ManagedSince)
	rec.request, _ = pendingOf(a.rec.Request)
	rec.replaced, rec.deactivated = 0, never
	rec.deactivatedByUs, rec.adopted, rec.revoked = false, false, false
	if p := a.rec.Previous; p != nil {
		rec.replaced, rec.deactivated = ageOf(p.ReplacedAt), ageOf(p.DeactivatedAt)
		rec.deactivatedByUs, rec.adopted, rec.revoked = p.DeactivatedByUs, p.Adopted, p.Revoked
	}
}

func (a *apply) holds(id string) bool {
	i := slices.Index(a.ids[:], id)
	return i >= 0 && a.sim.keys[i].status != gone
}

func (a *apply) role(i int) role {
	switch {
	case a.sim.keys[i].status == gone:
		return unmanaged
	case a.ids[i] == a.rec.Current.ID:
		return current
	case a.rec.Previous != nil && a.ids[i] == a.rec.Previous.ID:
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
		if before.recreated {
			a.sim.rec.id = 1 - a.sim.rec.id
		}
	}
	for i := range a.sim.keys {
		k, old := &a.sim.keys[i], before.keys[i]
		switch {
		case k.status == inactive && old.status == active:
			k.inactiveFor, k.deactivatedByUs = 0, true
		case k.status == active && old.status == inactive:
			k.inactiveFor, k.deactivatedByUs = never, false
		}
		if k.status == gone {
			continue
		}
		if a.ids[i] == createdKey && step.Kind == rotation.Rotate {
			k.usedSinceReplaced = k.used == 0
			continue
		}
		switch step.Kind {
		case rotation.Rotate:
			k.newerThanCurrent = false
			a.beginOverlap(k)
			// Somebody deleted its successor, and it waits for the handover to the next one.
			k.excused = k.excused || old.role == previous && k.oldAtReplaced
			switch {
			case k.status == active && before.settles(old) && before.recordedInactive(old):
				// It is still recorded as Inactive, and like one that somebody deactivates again before the next look.
				k.inactiveFor = 0
			case k.status == active:
				k.inactiveFor, k.deactivatedByUs = never, false
			case old.role == previous:
				k.inactiveFor = 0
			}
			if a.requests.revoke && old.role != unmanaged {
				k.revoked = true
				a.sim.brokenByOthers = a.sim.brokenByOthers || k.published
			}
		case rotation.Adopt, rotation.RecordReactivated, rotation.Reactivate:
			a.beginOverlap(k)
			k.excused = k.excused || step.Kind == rotation.Adopt && k.role == previous
		case rotation.RecordDeactivated, rotation.RecordDeleted, rotation.RecordCurrentInactive, rotation.RecordCurrentActive,
			rotation.RecordRenamed, rotation.RecordRequest, rotation.Deactivate, rotation.DeletePrevious, rotation.DeleteCurrent,
			rotation.DeleteUnmanaged:
		}
	}
}

// excuse notes which keys max_age does not bind, since a rotation or retirement that was due did not happen and the plan said so.
func (sim *simulation) excuse(d rotation.Decision) {
	kept := d.RetirementBlocked != nil && d.RetirementBlocked.Cause != rotation.CauseHandover
	for i := range sim.keys {
		k := &sim.keys[i]
		k.excused = k.excused || k.role != unmanaged && d.Blocked != nil || k.role == previous && kept
	}
}

// beginOverlap notes, for one of both keys, that the overlap of previous begins.
func (a *apply) beginOverlap(k *simKey) {
	old := a.env.timing(&a.before).old()
	k.overlapFor, k.oldAtReplaced, k.usedSinceReplaced = 0, old > 0 && k.created >= old, k.used == 0
}

// cannotSeal reports whether a secret would have to be encrypted to recipients that have expired, a known plaintext or the secret of a
// new key that an edit asks for. The apply fails then, whatever the rules of rotation say.
func (a *apply) cannotSeal(steps []rotation.Step) bool {
	sim := &a.sim
	rotates := slices.ContainsFunc(steps, func(s rotation.Step) bool { return s.Kind == rotation.Rotate })
	return sim.rec.exists && sim.config.expired() && (!sim.rec.imported && sim.rec.sealed == 0 || sim.edited() && rotates)
}

// finish returns the simulation after a successful apply: the configured policy is recorded, a known plaintext is encrypted, and
// current is published.
func (a *apply) finish() simulation {
	sim := a.sim
	if !a.before.edited() {
		sim.behind = 0
	}
	sim.rec.known, sim.rec.config = true, sim.config
	if !sim.rec.imported && sim.rec.sealed == 0 {
		sim.rec.sealed = sim.config.recipients
	}
	for i := range sim.keys {
		k := &sim.keys[i]
		k.published = k.status != gone && k.role == current
		if k.published && a.ids[i] == createdKey {
			sim.brokenByOthers = false
		}
	}
	sim.brokenByOthers = sim.brokenByOthers || !sim.publishedWorks()
	sim.excuse(a.decided)
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
	sim.rec, sim.recreated, sim.renamed = recorded.fail().rec, recorded.sim.recreated, recorded.sim.renamed
	for i := range sim.keys {
		k := &sim.keys[i]
		k.role = unmanaged
		old := recorded.sim.keys[i]
		if k.status == gone {
			if old.status != gone && old.role == current {
				sim.rec.created = old.created
			}
			continue
		}
		if a.ids[i] == recorded.ids[i] {
			k.role, k.revoked, k.overlapFor, k.newerThanCurrent = old.role, old.revoked, old.overlapFor, old.newerThanCurrent
			k.usedSinceReplaced, k.oldAtReplaced, k.excused = old.usedSinceReplaced, old.oldAtReplaced, old.excused
			k.stale = k.stale && k.status == old.status
			if k.status == old.status || k.status == active || sim.recordedInactive(*k) {
				k.inactiveFor, k.deactivatedByUs = old.inactiveFor, old.deactivatedByUs
			}
		} else {
			k.newerThanCurrent = recorded.sim.hasOlderCurrent()
			if old.status != gone && old.role == current {
				sim.rec.created = old.created
			}
		}
	}
	sim.brokenByOthers = recorded.sim.brokenByOthers || a.sim.brokenByOthers && !sim.publishedWorks()
	if !sim.rec.exists {
		sim.dropRecord()
	}
	return sim
}
