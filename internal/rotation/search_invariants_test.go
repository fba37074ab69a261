package rotation_test

import (
	"fmt"
	"slices"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// The invariants. Each is judged from the simulation alone, without asking the code under test whether a step is right.
const (
	// consumerAuthenticates: a consumer can use the key that was published at the last successful apply, unless somebody else or a
	// revoke disabled it.
	consumerAuthenticates = "consumer-authenticates"
	// lastActiveKeyKept: the only Active key of the user is never deactivated or deleted, except for one that an
	// interrupted revoke left.
	lastActiveKeyKept = "last-active-key-kept"
	// usedKeyKept: an Active previous that was used within require_unused_for is not retired, except by a revoke.
	usedKeyKept = "used-key-kept"
	// overlapKept: an Active previous is not retired during its overlap, except by a revoke.
	overlapKept = "overlap-kept"
	// graceBeforeDelete: a key is deleted after it was Inactive for the grace, except by the exception of rule 4, for a request, and
	// when no key is Active (rule 6).
	graceBeforeDelete = "grace-before-delete"
	// inactiveStaysInactive: only the apply that sets hold_previous reactivates a key, and only one that we had deactivated.
	inactiveStaysInactive = "inactive-stays-inactive"
	// holdRetiresNothing: a held previous is not retired, except by a revoke.
	holdRetiresNothing = "hold-retires-nothing"
	// atMostTwoKeys: no third key is created, which AWS would refuse.
	atMostTwoKeys = "at-most-two-keys"
	// onlyOurKeys: a key that is not ours is not touched, except by rule 7.
	onlyOurKeys = "only-our-keys"
	// managedKeyNotLost: a key that we created stays current or previous while it exists.
	managedKeyNotLost = "managed-key-not-lost"
	// fixedPoint: right after an apply that did not change the policy there is no step.
	fixedPoint = "fixed-point"
	// editTakesNoClockStep: a plan that changes the policy takes no clock-driven step.
	editTakesNoClockStep = "edit-takes-no-clock-step"
	// planEqualsApply: an apply takes the planned steps and no others, and time alone makes no plan stale.
	planEqualsApply = "plan-equals-apply"
	// dueNeverForgotten: a due rotation is planned or reported as blocked; a request creates a key or is refused.
	dueNeverForgotten = "due-never-forgotten"
	// noNeedlessRotation: no key is created unless one is due or requested.
	noNeedlessRotation = "no-needless-rotation"
	// retirementFinishes: if nobody uses previous any more, it is retired, and a due rotation happens, as time passes.
	retirementFinishes = "retirement-finishes"
	// signerKept: the key that signs our requests is not retired.
	signerKept = "signer-kept"
	// pausedStopsClock: paused stops clock-driven steps.
	pausedStopsClock = "paused-stops-clock"
	// revokeCompletes: after a revoke no older managed key is Active.
	revokeCompletes = "revoke-completes"
	// revokeConverges: under delete_unused a revoke that was killed after it created its key is not refused the next time.
	revokeConverges = "revoke-converges"
	// waitNamesFuture: the Until of an obstacle is not in the past.
	waitNamesFuture = "wait-names-future"
	// noNeedlessDeletion: a key that is deleted early to make room is deleted only by a plan that also rotates.
	noNeedlessDeletion = "no-needless-deletion"
	// validRecipients: no key is created while a recipient has expired.
	validRecipients = "valid-recipients"
	// sealedToRecipients: recipients are recorded only with a secret that is encrypted to them, or with an imported key.
	sealedToRecipients = "sealed-to-recipients"
)

// violation is an invariant that does not hold, and how; the zero value is none.
type violation struct {
	invariant, detail string
}

func violated(invariant, format string, args ...any) violation {
	return violation{invariant, fmt.Sprintf(format, args...)}
}

// and returns both violations, on lines of their own.
func (v violation) and(other violation) violation {
	switch {
	case v == violation{}:
		return other
	case other != violation{}:
		v.detail += "\n" + other.String()
	}
	return v
}

func (v violation) String() string { return v.invariant + ": " + v.detail }

// due reports whether a clock-driven rotation is due.
func (env *environment) due(sim *simulation) bool {
	if !sim.rec.known {
		return false
	}
	k := sim.find(current)
	if k == nil {
		return sim.recreated || sim.rec.created >= 5*minute
	}
	after := env.durationsOf(sim.config).rotateAfter
	return k.status == inactive || after > 0 && k.created >= after
}

// judge judges a step that was done.
func (a *apply) judge(step rotation.Step, before simulation) violation {
	if sim := &a.sim; !sim.brokenByOthers && sim.rec.exists && !sim.publishedWorks() {
		return violated(consumerAuthenticates, "after %+v", step)
	}
	switch {
	case step.Kind == rotation.Rotate && before.config.expired():
		return violated(validRecipients, "by %+v", step)
	case a.rec.Current.Sealed != (a.sim.rec.sealed != 0):
		return violated(sealedToRecipients, "recorded as sealed: %v, after %+v", a.rec.Current.Sealed, step)
	}
	for i, old := range before.keys {
		k := a.sim.keys[i]
		if k.status != gone && a.ids[i] != createdKey && old.role != unmanaged && k.role == unmanaged {
			return violated(managedKeyNotLost, "after %+v", step)
		}
		var v violation
		switch {
		case old.status == gone:
		case old.status == inactive && k.status == active:
			v = a.judgeReactivation(old, before)
		case old.status != k.status:
			v = a.judgeRetired(old, k.status, before)
		}
		if v != (violation{}) {
			v.detail += fmt.Sprintf(" by %+v", step)
			return v
		}
	}
	return violation{}
}

func (sim *simulation) publishedWorks() bool {
	return slices.ContainsFunc(sim.keys[:], func(k simKey) bool { return k.published && k.status == active })
}

func (a *apply) judgeReactivation(k simKey, before simulation) violation {
	setsHold := before.rec.known && !before.rec.config.hold && before.config.hold
	if !setsHold || k.role != previous || !k.deactivatedByUs || k.revoked || a.requests.revoke {
		return violated(inactiveStaysInactive, "a key became Active")
	}
	return violation{}
}

// judgeRetired judges that a key became Inactive or was deleted.
func (a *apply) judgeRetired(k simKey, to status, before simulation) violation {
	actives := 0
	for _, other := range before.keys {
		if other.status == active {
			actives++
		}
	}
	switch {
	case k.signs:
		return violated(signerKept, "the signing key was retired")
	case k.status == active && actives == 1 && (to != gone || !a.leftByRevoke(k, before)):
		return violated(lastActiveKeyKept, "the only Active key was retired")
	case k.role == unmanaged:
		return a.judgeUnmanaged(k, to, before)
	case k.role == current:
		return a.judgeCurrent(k, to, before)
	case to == inactive && k.revoked, to == gone && a.requests.revoke && !before.rec.adopted:
		return violation{}
	case a.sim.config.hold && !a.requests.revoke:
		return violated(holdRetiresNothing, "previous was retired")
	case k.status == inactive:
		return a.judgeInactivePrevious(k, before)
	}
	return a.judgeActivePrevious(k, to, before)
}

// leftByRevoke reports whether a revoke may have created the key before it deactivated current and was killed: the revoke is
// requested again, current is Inactive, and the key is unmanaged and newer.
func (a *apply) leftByRevoke(k simKey, before simulation) bool {
	cur := before.find(current)
	return a.requests.revoke && k.role == unmanaged && k.newerThanCurrent && cur != nil && cur.status == inactive
}

// judgeCrash judges the simulation after a revoke was killed. If current is gone, the key that the revoke created may be the only
// Active one for other reasons; a key created at the same instant as current is not newer.
func (a *apply) judgeCrash(sim simulation) violation {
	if !a.requests.revoke || a.env.modes[sim.config.mode] != rotation.DeleteUnused || a.env.lastUseDenied || !sim.hasOlderCurrent() {
		return violation{}
	}
	next := a.env.newApply(sim)
	if d := rotation.Decide(next.policy, next.rec, next.seen, now); d.Refused != nil {
		return violated(revokeConverges, "refused %+v", *d.Refused)
	}
	return violation{}
}

// judgeUnmanaged allows rule 7: an unused key is deleted when a rotation needs its slot.
func (a *apply) judgeUnmanaged(k simKey, to status, before simulation) violation {
	allowed := a.env.modes[before.config.mode] == rotation.DeleteUnused && to == gone && k.neverUsed() &&
		before.count() == 2 && a.plans(rotation.Rotate)
	if !allowed {
		return violated(onlyOurKeys, "an unmanaged key was retired")
	}
	return violation{}
}

// judgeCurrent allows rule 6: an Inactive current makes room while an Active previous stays.
func (a *apply) judgeCurrent(k simKey, to status, before simulation) violation {
	switch {
	case k.status == active:
		return violated(consumerAuthenticates, "an Active current was retired")
	case to != gone || !before.active(previous) || !a.plans(rotation.Rotate) || k.inactiveFor < a.env.durationsOf(before.config).grace:
		return violated(graceBeforeDelete, "an Inactive current was deleted")
	}
	return violation{}
}

// judgeInactivePrevious allows an Inactive previous to be deleted by rule 4, or earlier by rule 6.
func (a *apply) judgeInactivePrevious(k simKey, before simulation) violation {
	grace := a.env.durationsOf(before.config).grace
	byRule4 := k.status == inactive && k.inactiveFor >= grace && (k.used == never || k.used >= grace)
	byRule6 := !before.rec.adopted && (a.requests.newKey() || !before.active(current)) && a.plans(rotation.Rotate)
	switch {
	case byRule4, byRule6:
		return violation{}
	case before.rec.adopted && a.requests.newKey():
		return violated(onlyOurKeys, "an adopted key was deleted early")
	}
	return violated(graceBeforeDelete, "an Inactive previous was deleted")
}

// judgeActivePrevious judges that an Active previous was deactivated or deleted.
func (a *apply) judgeActivePrevious(k simKey, to status, before simulation) violation {
	t := a.env.durationsOf(before.config)
	switch {
	case t.unusedFor > 0 && k.unusedFor() < t.unusedFor:
		return violated(usedKeyKept, "previous was used %v ago", k.unusedFor().duration())
	case k.overlapFor < t.overlap || k.overlapFor == 0:
		return violated(overlapKept, "the overlap began %v ago", k.overlapFor.duration())
	case to == inactive:
		return violation{}
	case a.requests.newKey() && !before.rec.adopted:
		return violation{}
	}
	quiet := k.used == never || k.used >= k.overlapFor-t.overlap
	byRule4 := (a.env.due(&before) || a.requests.newKey()) && a.plans(rotation.Rotate) && k.overlapFor >= t.overlap+t.grace && quiet
	switch {
	case byRule4:
		return violation{}
	case a.requests.newKey():
		return violated(onlyOurKeys, "an adopted key was deleted early")
	}
	return violated(graceBeforeDelete, "an Active previous was deleted")
}

func (a *apply) plans(kind rotation.Kind) bool {
	return slices.ContainsFunc(a.planned, func(s rotation.Step) bool { return s.Kind == kind })
}

// judgePlan judges a decision.
func (a *apply) judgePlan(d rotation.Decision) violation {
	sim := &a.sim
	creates := d.Has(rotation.Rotate)
	due := a.env.due(sim)
	young := sim.rec.known && sim.find(current) == nil && !due
	switch {
	case d.Refused != nil && len(d.Steps) > 0:
		return violated(dueNeverForgotten, "steps of a refused request: %+v", d.Steps)
	case a.requests.newKey() && creates == (d.Refused != nil):
		return violated(dueNeverForgotten, "a request: steps %+v, refused %+v", d.Steps, d.Refused)
	case !a.requests.newKey() && d.Refused != nil:
		return violated(dueNeverForgotten, "refused %+v without a request", *d.Refused)
	case !sim.edited() && (due || young) && creates == (d.Blocked != nil):
		return violated(dueNeverForgotten, "due: steps %+v, blocked %+v", d.Steps, d.Blocked)
	case creates && !a.requests.newKey() && !due:
		return violated(noNeedlessRotation, "steps %+v", d.Steps)
	case d.Blocked != nil && !due && !young:
		return violated(noNeedlessRotation, "blocked %+v, and nothing is due", *d.Blocked)
	}
	for _, step := range d.Steps {
		if !creates && a.makesRoom(step, d) {
			return violated(noNeedlessDeletion, "steps %+v", d.Steps)
		}
		if !sim.edited() && sim.config.paused && !a.revokes(step) {
			return violated(pausedStopsClock, "step %+v", step)
		}
		if sim.edited() && !a.requested(step) {
			return violated(editTakesNoClockStep, "step %+v", step)
		}
	}
	return judgeObstacles(d)
}

// makesRoom reports whether the step deletes a key that would not be deleted without a rotation.
func (a *apply) makesRoom(step rotation.Step, d rotation.Decision) bool {
	switch step.Kind {
	case rotation.DeleteCurrent, rotation.DeleteUnmanaged:
		return true
	case rotation.DeletePrevious:
		return a.sim.active(previous) && !d.Has(rotation.Deactivate)
	case rotation.Adopt, rotation.RecordDeactivated, rotation.RecordReactivated, rotation.Reactivate, rotation.Deactivate, rotation.Rotate:
	}
	return false
}

// revokes reports whether the step deactivates a key because of a revoke, an earlier one or the requested one.
func (a *apply) revokes(step rotation.Step) bool {
	return step.Kind == rotation.Deactivate && (a.sim.rec.revoked || a.requests.revoke)
}

// requested reports whether a request explains the step.
func (a *apply) requested(step rotation.Step) bool {
	switch step.Kind {
	case rotation.Adopt:
		return a.requests.create
	case rotation.RecordDeactivated, rotation.RecordReactivated:
		return false
	case rotation.Reactivate:
		return a.sim.config.hold
	case rotation.Deactivate:
		return a.revokes(step)
	case rotation.DeletePrevious, rotation.DeleteCurrent, rotation.DeleteUnmanaged:
		return a.requests.newKey() && a.sim.count() == 2
	case rotation.Rotate:
		return a.requests.newKey()
	}
	return false
}

func judgeObstacles(d rotation.Decision) violation {
	obstacles := slices.Clone(d.Waiting)
	for _, o := range []*rotation.Obstacle{d.Blocked, d.Refused} {
		if o != nil {
			obstacles = append(obstacles, *o)
		}
	}
	for _, o := range obstacles {
		if !o.Until.IsZero() && o.Until.Before(now) {
			return violated(waitNamesFuture, "%+v", o)
		}
	}
	return violation{}
}

// judgeEnd judges the simulation after a successful apply, before it is recorded. If the recipients changed while only the ciphertext
// was known, there is a new key. After a revoke no older key is Active. If somebody reactivated one after the plan, it is marked as
// revoked instead, so that the next apply deactivates it.
func (a *apply) judgeEnd(late bool) violation {
	if sealed := a.sim.rec.sealed; sealed != 0 && sealed != a.sim.config.recipients {
		return violated(sealedToRecipients, "the secret is still encrypted to the former recipients")
	}
	if marked := late && a.sim.rec.revoked; a.requests.revoke && a.sim.active(previous) && !marked {
		return violated(revokeCompletes, "previous is Active")
	}
	return violation{}
}

// judgeFuture judges what would be decided if nothing happened for a long time.
func (a *apply) judgeFuture() violation {
	if a.sim.edited() || a.sim.config.paused {
		return violation{}
	}
	env, at := a.env, now.Add(farFuture.duration())
	a.observe(at)
	later := rotation.Decide(a.policy, a.rec, a.seen, at)
	sim := a.sim
	sim.wait(farFuture)
	rotates := env.due(&sim) && !sim.config.expired()
	switch {
	case rotates && sim.count() < 2 && !later.Has(rotation.Rotate),
		rotates && env.getsSlot(&sim) && len(later.Steps) == 0:
		return violated(retirementFinishes, "the rotation: steps %+v, blocked %+v", later.Steps, later.Blocked)
	case sim.active(current) && env.retires(&sim) && len(later.Steps) == 0:
		return violated(retirementFinishes, "previous: blocked %+v, waiting %+v", later.Blocked, later.Waiting)
	}
	return violation{}
}

// retires reports whether previous is retired as time passes, if nothing else happens.
func (env *environment) retires(sim *simulation) bool {
	k := sim.find(previous)
	return k != nil && !sim.config.hold && !k.signs && (!env.lastUseDenied || k.status == active && env.durationsOf(sim.config).unusedFor == 0)
}

// getsSlot reports whether a rotation gets a slot as time passes, if nothing else happens.
func (env *environment) getsSlot(sim *simulation) bool {
	prev, cur := sim.find(previous), sim.find(current)
	switch {
	case prev == nil && env.modes[sim.config.mode] == rotation.RetireUnmanaged:
		return true
	case prev == nil:
		return env.freesUnmanaged(sim)
	case sim.active(current):
		return env.retires(sim)
	case prev.status == inactive:
		return !sim.config.hold && !prev.signs && !env.lastUseDenied
	}
	return cur != nil && !cur.signs && sim.rec.inactiveSince != never
}

// freesUnmanaged reports whether delete_unused deletes an unmanaged key for a rotation.
func (env *environment) freesUnmanaged(sim *simulation) bool {
	if env.modes[sim.config.mode] != rotation.DeleteUnused || env.lastUseDenied {
		return false
	}
	for i, k := range sim.keys {
		other := sim.keys[1-i]
		if k.role == unmanaged && k.neverUsed() && !k.signs && (k.status == inactive || other.status == active) {
			return true
		}
	}
	return false
}
