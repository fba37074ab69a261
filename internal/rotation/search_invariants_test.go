package rotation_test

import (
	"fmt"
	"slices"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// The invariants. Each is judged from the world alone: nothing here asks the code under test whether a step is right.
const (
	// consumerAuthenticates: who holds the key published at the last successful apply can use it, unless somebody else or a
	// revoke broke it.
	consumerAuthenticates = "consumer-authenticates"
	// lastActiveKeyKept: the only Active key of the user is never deactivated or deleted; what an interrupted revoke left aside.
	lastActiveKeyKept = "last-active-key-kept"
	// usedKeyKept: an Active previous that was used within require_unused_for stays as it is, revoke aside.
	usedKeyKept = "used-key-kept"
	// overlapKept: an Active previous stays as it is during its overlap, revoke aside.
	overlapKept = "overlap-kept"
	// graceBeforeDelete: a deletion follows the grace of Inactive; rule 4's exception, a request and rule 6's dead user aside.
	graceBeforeDelete = "grace-before-delete"
	// inactiveStaysInactive: nothing is reactivated, but by the apply that sets hold, and only what we had deactivated.
	inactiveStaysInactive = "inactive-stays-inactive"
	// holdRetiresNothing: under hold previous stays as it is, revoke aside.
	holdRetiresNothing = "hold-retires-nothing"
	// atMostTwoKeys: AWS would refuse a third key.
	atMostTwoKeys = "at-most-two-keys"
	// onlyOurKeys: nothing happens to a key that is not ours, rule 7 aside.
	onlyOurKeys = "only-our-keys"
	// managedKeyNotLost: a key that we made stays current or previous for as long as it exists.
	managedKeyNotLost = "managed-key-not-lost"
	// fixedPoint: right after an apply that did not change the policy there is nothing to do.
	fixedPoint = "fixed-point"
	// editTakesNoClockStep: a plan that changes the policy takes the steps of requests alone.
	editTakesNoClockStep = "edit-takes-no-clock-step"
	// planEqualsApply: an apply takes the planned steps and no others, and time alone makes no plan stale.
	planEqualsApply = "plan-equals-apply"
	// dueNeverForgotten: a due rotation is planned or said to be blocked; a request makes a key or is refused.
	dueNeverForgotten = "due-never-forgotten"
	// noNeedlessRotation: no key is made unless one is due or asked for.
	noNeedlessRotation = "no-needless-rotation"
	// retirementFinishes: with consumers gone and time passing, previous leaves and a due rotation comes.
	retirementFinishes = "retirement-finishes"
	// signerKept: the key that signs our requests stays as it is.
	signerKept = "signer-kept"
	// pausedStopsClock: under paused nothing happens that only time calls for.
	pausedStopsClock = "paused-stops-clock"
	// revokeCompletes: after a revoke no older managed key is Active.
	revokeCompletes = "revoke-completes"
	// revokeConverges: under delete_unused a revoke that died after it made its key is not refused the next time.
	revokeConverges = "revoke-converges"
	// waitNamesFuture: a wait never ends in the past.
	waitNamesFuture = "wait-names-future"
	// noNeedlessDeletion: what goes before its time to make room goes only with the rotation that needs it.
	noNeedlessDeletion = "no-needless-deletion"
	// validRecipients: no key is made whose secret nobody could read, since a recipient has expired.
	validRecipients = "valid-recipients"
	// sealedToRecipients: recipients are recorded only with a secret that is sealed to them, an imported key aside.
	sealedToRecipients = "sealed-to-recipients"
)

var invariants = []string{
	consumerAuthenticates, lastActiveKeyKept, usedKeyKept, overlapKept, graceBeforeDelete, inactiveStaysInactive,
	holdRetiresNothing, atMostTwoKeys, onlyOurKeys, managedKeyNotLost, fixedPoint, editTakesNoClockStep, planEqualsApply,
	dueNeverForgotten, noNeedlessRotation, retirementFinishes, signerKept, pausedStopsClock, revokeCompletes,
	revokeConverges, waitNamesFuture, noNeedlessDeletion, validRecipients, sealedToRecipients,
}

// violation is an invariant that broke, and how; its zero value is none.
type violation struct {
	invariant, detail string
}

func broken(invariant, format string, args ...any) violation {
	return violation{invariant, fmt.Sprintf(format, args...)}
}

// and is both violations, named in lines of their own.
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

// due tells that the clock or drift calls for a rotation.
func (l *laws) due(w *world) bool {
	if !w.rec.known {
		return false
	}
	k := w.find(current)
	if k == nil {
		return w.recreated || w.rec.made >= 5*minute
	}
	after := l.termsOf(w.want).rotateAfter
	return k.status == inactive || after > 0 && k.made >= after
}

// judge looks at a step that was carried out.
func (a *apply) judge(step rotation.Step, before world) violation {
	if w := &a.w; !w.excused && w.rec.exists && !w.publishedWorks() {
		return broken(consumerAuthenticates, "after %+v", step)
	}
	switch {
	case step.Kind == rotation.Rotate && before.want.expired():
		return broken(validRecipients, "by %+v", step)
	case a.rec.Current.Sealed != (a.w.rec.sealed != 0):
		return broken(sealedToRecipients, "recorded as sealed: %v, after %+v", a.rec.Current.Sealed, step)
	}
	for i, old := range before.keys {
		k := a.w.keys[i]
		if k.status != gone && a.ids[i] != freshKey && old.role != unmanaged && k.role == unmanaged {
			return broken(managedKeyNotLost, "after %+v", step)
		}
		var v violation
		switch {
		case old.status == gone:
		case old.status == inactive && k.status == active:
			v = a.judgeReactivation(old, before)
		case old.status != k.status:
			v = a.judgeLoss(old, k.status, before)
		}
		if v != (violation{}) {
			v.detail += fmt.Sprintf(" by %+v", step)
			return v
		}
	}
	return violation{}
}

func (w *world) publishedWorks() bool {
	return slices.ContainsFunc(w.keys[:], func(k iamKey) bool { return k.published && k.status == active })
}

func (a *apply) judgeReactivation(k iamKey, before world) violation {
	setsHold := before.rec.known && !before.rec.setting.hold && before.want.hold
	if !setsHold || k.role != previous || !k.byUs || k.leaked || a.asked.revoke {
		return broken(inactiveStaysInactive, "a key became Active")
	}
	return violation{}
}

// judgeLoss looks at a key that became Inactive or was deleted.
func (a *apply) judgeLoss(k iamKey, to status, before world) violation {
	actives := 0
	for _, other := range before.keys {
		if other.status == active {
			actives++
		}
	}
	switch {
	case k.signs:
		return broken(signerKept, "the signing key was retired")
	case k.status == active && actives == 1 && (to != gone || !a.leftByRevoke(k, before)):
		return broken(lastActiveKeyKept, "the only Active key was retired")
	case k.role == unmanaged:
		return a.judgeUnmanaged(k, to, before)
	case k.role == current:
		return a.judgeCurrent(k, to, before)
	case to == inactive && k.leaked, to == gone && a.asked.revoke && !before.rec.adopted:
		return violation{}
	case a.w.want.hold && !a.asked.revoke:
		return broken(holdRetiresNothing, "previous was retired")
	case k.status == inactive:
		return a.judgeDeletion(k, before)
	}
	return a.judgeRetirement(k, to, before)
}

// leftByRevoke tells that a key may be what a revoke made before it deactivated current and died: the revoke is asked for again,
// current is Inactive, and nobody manages the key, which is newer.
func (a *apply) leftByRevoke(k iamKey, before world) bool {
	cur := before.find(current)
	return a.asked.revoke && k.role == unmanaged && k.newer && cur != nil && cur.status == inactive
}

// judgeCrash looks at the world after a death in the middle of a revoke. With current gone the key that it made may be the only
// Active one for other reasons; one made at the very instant of current's creation is not newer.
func (a *apply) judgeCrash(w world) violation {
	if !a.asked.revoke || a.laws.modes[w.want.mode] != rotation.DeleteUnused || a.laws.blind || !w.olderCurrent() {
		return violation{}
	}
	next := a.laws.look(w)
	if d := rotation.Decide(next.policy, next.rec, next.seen, now); d.Refused != nil {
		return broken(revokeConverges, "refused %+v", *d.Refused)
	}
	return violation{}
}

// judgeUnmanaged allows rule 7: an unused key goes when a rotation needs its place.
func (a *apply) judgeUnmanaged(k iamKey, to status, before world) violation {
	allowed := a.laws.modes[before.want.mode] == rotation.DeleteUnused && to == gone && k.untouched() &&
		before.count() == 2 && a.plans(rotation.Rotate)
	if !allowed {
		return broken(onlyOurKeys, "an unmanaged key was retired")
	}
	return violation{}
}

// judgeCurrent allows rule 6: an Inactive current makes room while an Active previous stays.
func (a *apply) judgeCurrent(k iamKey, to status, before world) violation {
	switch {
	case k.status == active:
		return broken(consumerAuthenticates, "an Active current was retired")
	case to != gone || !before.active(previous) || !a.plans(rotation.Rotate) || k.dark < a.laws.termsOf(before.want).grace:
		return broken(graceBeforeDelete, "an Inactive current was deleted")
	}
	return violation{}
}

// judgeDeletion allows an Inactive previous to be deleted by rule 4, or before its time by rule 6.
func (a *apply) judgeDeletion(k iamKey, before world) violation {
	grace := a.laws.termsOf(before.want).grace
	byRule4 := k.status == inactive && k.dark >= grace && (k.used == never || k.used >= grace)
	byRule6 := !before.rec.adopted && (a.asked.key() || !before.active(current)) && a.plans(rotation.Rotate)
	switch {
	case byRule4, byRule6:
		return violation{}
	case before.rec.adopted && a.asked.key():
		return broken(onlyOurKeys, "an adopted key was deleted before its time")
	}
	return broken(graceBeforeDelete, "an Inactive previous was deleted")
}

// judgeRetirement looks at an Active previous that was deactivated, or deleted while it was Active.
func (a *apply) judgeRetirement(k iamKey, to status, before world) violation {
	t := a.laws.termsOf(before.want)
	switch {
	case t.guard > 0 && k.silent() < t.guard:
		return broken(usedKeyKept, "previous was used %v ago", k.silent().duration())
	case k.over < t.overlap || k.over == 0:
		return broken(overlapKept, "the overlap began %v ago", k.over.duration())
	case to == inactive:
		return violation{}
	case a.asked.key() && !before.rec.adopted:
		return violation{}
	}
	quiet := k.used == never || k.used >= k.over-t.overlap
	byRule4 := (a.laws.due(&before) || a.asked.key()) && a.plans(rotation.Rotate) && k.over >= t.overlap+t.grace && quiet
	switch {
	case byRule4:
		return violation{}
	case a.asked.key():
		return broken(onlyOurKeys, "an adopted key was deleted before its time")
	}
	return broken(graceBeforeDelete, "an Active previous was deleted")
}

func (a *apply) plans(kind rotation.Kind) bool {
	return slices.ContainsFunc(a.planned, func(s rotation.Step) bool { return s.Kind == kind })
}

// judgePlan looks at a decision.
func (a *apply) judgePlan(d rotation.Decision) violation {
	w := &a.w
	makes := d.Has(rotation.Rotate)
	due := a.laws.due(w)
	young := w.rec.known && w.find(current) == nil && !due
	switch {
	case d.Refused != nil && len(d.Steps) > 0:
		return broken(dueNeverForgotten, "steps of a refused request: %+v", d.Steps)
	case a.asked.key() && makes == (d.Refused != nil):
		return broken(dueNeverForgotten, "a request: steps %+v, refused %+v", d.Steps, d.Refused)
	case !a.asked.key() && d.Refused != nil:
		return broken(dueNeverForgotten, "refused %+v without a request", *d.Refused)
	case !w.edited() && (due || young) && makes == (d.Blocked != nil):
		return broken(dueNeverForgotten, "due: steps %+v, blocked %+v", d.Steps, d.Blocked)
	case makes && !a.asked.key() && !due:
		return broken(noNeedlessRotation, "steps %+v", d.Steps)
	case d.Blocked != nil && !due && !young:
		return broken(noNeedlessRotation, "blocked %+v, and nothing is due", *d.Blocked)
	}
	for _, step := range d.Steps {
		if !makes && a.makesRoom(step, d) {
			return broken(noNeedlessDeletion, "steps %+v", d.Steps)
		}
		if !w.edited() && w.want.paused && !a.revokes(step) {
			return broken(pausedStopsClock, "step %+v", step)
		}
		if w.edited() && !a.answers(step) {
			return broken(editTakesNoClockStep, "step %+v", step)
		}
	}
	return judgeWaits(d)
}

// makesRoom tells that the step deletes what would not go without a rotation.
func (a *apply) makesRoom(step rotation.Step, d rotation.Decision) bool {
	switch step.Kind {
	case rotation.DeleteCurrent, rotation.DeleteUnmanaged:
		return true
	case rotation.DeletePrevious:
		return a.w.active(previous) && !d.Has(rotation.Deactivate)
	case rotation.Adopt, rotation.RecordDeactivated, rotation.RecordReactivated, rotation.Reactivate, rotation.Deactivate, rotation.Rotate:
	}
	return false
}

// revokes tells that the step deactivates a key because of a revoke, an earlier one or the one asked for.
func (a *apply) revokes(step rotation.Step) bool {
	return step.Kind == rotation.Deactivate && (a.w.rec.revoked || a.asked.revoke)
}

// answers tells that a request explains the step.
func (a *apply) answers(step rotation.Step) bool {
	switch step.Kind {
	case rotation.Adopt:
		return a.asked.create
	case rotation.RecordDeactivated, rotation.RecordReactivated:
		return false
	case rotation.Reactivate:
		return a.w.want.hold
	case rotation.Deactivate:
		return a.revokes(step)
	case rotation.DeletePrevious, rotation.DeleteCurrent, rotation.DeleteUnmanaged:
		return a.asked.key() && a.w.count() == 2
	case rotation.Rotate:
		return a.asked.key()
	}
	return false
}

func judgeWaits(d rotation.Decision) violation {
	waits := d.Waiting
	for _, w := range []*rotation.Obstacle{d.Blocked, d.Refused} {
		if w != nil {
			waits = append(waits, *w)
		}
	}
	for _, w := range waits {
		if !w.Until.IsZero() && w.Until.Before(now) {
			return broken(waitNamesFuture, "%+v", w)
		}
	}
	return violation{}
}

// judgeEnd looks at the world after a successful apply, before it is recorded. A change of recipients with only the
// ciphertext at hand has made a new key. A revoke has left no older key Active; an event after the plan can make a key Active that the plan did
// not know as such: it has to be marked then, so that the next apply deactivates it.
func (a *apply) judgeEnd(late bool) violation {
	if sealed := a.w.rec.sealed; sealed != 0 && sealed != a.w.want.recipients {
		return broken(sealedToRecipients, "the secret stays sealed to the recipients before")
	}
	if marked := late && a.w.rec.revoked; a.asked.revoke && a.w.active(previous) && !marked {
		return broken(revokeCompletes, "previous is Active")
	}
	return violation{}
}

// judgeFuture looks at what would be decided if nothing happened for a long time.
func (a *apply) judgeFuture() violation {
	if a.w.edited() || a.w.want.paused {
		return violation{}
	}
	l, at := a.laws, now.Add(far.duration())
	a.reload(at)
	later := rotation.Decide(a.policy, a.rec, a.seen, at)
	w := a.w
	w.wait(far)
	rotates := l.due(&w) && !w.want.expired()
	switch {
	case rotates && w.count() < 2 && !later.Has(rotation.Rotate),
		rotates && l.roomComes(&w) && len(later.Steps) == 0:
		return broken(retirementFinishes, "the rotation: steps %+v, blocked %+v", later.Steps, later.Blocked)
	case w.active(current) && l.leaves(&w) && len(later.Steps) == 0:
		return broken(retirementFinishes, "previous: blocked %+v, waiting %+v", later.Blocked, later.Waiting)
	}
	return violation{}
}

// leaves tells that nothing but time keeps previous.
func (l *laws) leaves(w *world) bool {
	k := w.find(previous)
	return k != nil && !w.want.hold && !k.signs && (!l.blind || k.status == active && l.termsOf(w.want).guard == 0)
}

// roomComes tells that a rotation gets its place sooner or later, without anybody's help.
func (l *laws) roomComes(w *world) bool {
	prev, cur := w.find(previous), w.find(current)
	switch {
	case prev == nil && l.modes[w.want.mode] == rotation.RetireUnmanaged:
		return true
	case prev == nil:
		return l.unusedComes(w)
	case w.active(current):
		return l.leaves(w)
	case prev.status == inactive:
		return !w.want.hold && !prev.signs && !l.blind
	}
	return cur != nil && !cur.signs && w.rec.inactiveSince != never
}

// unusedComes tells that delete_unused gives up an unmanaged key.
func (l *laws) unusedComes(w *world) bool {
	if l.modes[w.want.mode] != rotation.DeleteUnused || l.blind {
		return false
	}
	for i, k := range w.keys {
		other := w.keys[1-i]
		if k.role == unmanaged && k.untouched() && !k.signs && (k.status == inactive || other.status == active) {
			return true
		}
	}
	return false
}
