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
	// lastActiveKeyKept: the only Active key of the user is never deactivated or deleted.
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
	// dueNeverForgotten: a create and a revoke create a key or are refused; a request to rotate creates one or becomes pending.
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
	// revokeConverges: a revoke that was killed is not refused the next time, unless an unmanaged or adopted key, or the one that
	// signs, is in the way.
	revokeConverges = "revoke-converges"
	// revokeMakesRoom: no unmanaged, adopted or held key refuses a revoke while a managed key is Inactive, unless that one signs.
	revokeMakesRoom = "revoke-makes-room"
	// waitNamesFuture: the Until of an obstacle is not in the past.
	waitNamesFuture = "wait-names-future"
	// noNeedlessDeletion: a key that is deleted early to make room is deleted only by a plan that also rotates.
	noNeedlessDeletion = "no-needless-deletion"
	// validRecipients: no key is created while a recipient has expired.
	validRecipients = "valid-recipients"
	// sealedToRecipients: recipients are recorded only with a secret that is encrypted to them, with a pending request, or with an
	// imported key.
	sealedToRecipients = "sealed-to-recipients"
	// handoverKept: an Active previous is not retired before somebody used current, unless the next rotation or max_age is near, or
	// by a revoke.
	handoverKept = "handover-kept"
	// maxAgeKept: with applies at least every apply_every and consumers that move within the overlap, no managed key is Active at
	// max_age, unless it was adopted, overdue at import, or reported as blocked.
	maxAgeKept = "max-age-kept"
	// unknownProvesNothing: a stale or a denied answer leads to no recording, retirement or deletion of the key that it is about. While
	// the user is unknown nothing but a request is recorded.
	unknownProvesNothing = "unknown-proves-nothing"
	// stepsAnnounced: each key that an apply deactivates, reactivates, adopts or deletes is in the planned steps.
	stepsAnnounced = "steps-announced"
	// pendingNeverLost: a request to rotate is met, pending or withdrawn.
	pendingNeverLost = "pending-never-lost"
	// blockedIsSaid: a due rotation or retirement is planned or reported as blocked, and nothing else is reported as blocked.
	blockedIsSaid = "blocked-is-said"
	// otherResourceKept: a key that another resource manages is neither adopted nor deleted.
	otherResourceKept = "other-resource-kept"
	// judgeIsTimeless: a plan of an edited policy does not depend on the time at which it is made from what Read saw.
	judgeIsTimeless = "judge-is-timeless"
	// planShowsResult: the record that a plan shows for after its steps is the one that an apply leaves, however much later.
	planShowsResult = "plan-shows-result"
	// createFirst: no key is deleted before IAM has answered that a key may be created.
	createFirst = "create-first"
	// changesRecorded: after a successful apply the record has what others changed.
	changesRecorded = "changes-recorded"
	// holdReactivates: the apply that sets hold_previous reactivates a previous that we had deactivated, unless it was revoked.
	holdReactivates = "hold-reactivates"
	// causeIsTrue: an obstacle names a cause that is there.
	causeIsTrue = "cause-is-true"
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

// judge judges a step that was done.
func (a *apply) judge(step rotation.Step, before simulation) violation {
	if sim := &a.sim; !sim.brokenByOthers && sim.rec.exists && !sim.publishedWorks() {
		return violated(consumerAuthenticates, "after %+v", step)
	}
	switch {
	case before.unknown && step.Kind != rotation.RecordRequest:
		return violated(unknownProvesNothing, "the user is unknown, and yet %+v", step)
	case step.Kind == rotation.Rotate && before.config.expired():
		return violated(validRecipients, "by %+v", step)
	case a.rec.Current.SealedTo != recipients[a.sim.rec.sealed], a.rec.Current.Sealed != (a.sim.rec.sealed != 0):
		return violated(sealedToRecipients, "recorded as sealed: %v, after %+v", a.rec.Current.Sealed, step)
	}
	for i, old := range before.keys {
		k := a.sim.keys[i]
		if k.status != gone && a.ids[i] != createdKey && old.role != unmanaged && k.role == unmanaged && !a.makesRoomWith(a.ids[i]) {
			return violated(managedKeyNotLost, "after %+v", step)
		}
		var v violation
		switch {
		case old.status == gone:
		case old.stale && a.ids[i] == step.Key && !a.requests.revoke && step.Kind != rotation.Reactivate && step.Kind != rotation.Rotate:
			v = violated(unknownProvesNothing, "a key whose listed status is stale was changed")
		case old.status == inactive && k.status == active:
			v = a.judgeReactivation(old)
		case old.status != k.status:
			v = a.judgeRetired(old, k.status, before)
		case old.role == unmanaged && k.role == previous && old.other:
			v = violated(otherResourceKept, "it was adopted")
		}
		if old.status != gone && (old.status != k.status || old.role == unmanaged && k.role != unmanaged) && !a.announced(i, step.Kind) {
			v = v.and(violated(stepsAnnounced, "planned %+v", a.planned))
		}
		if v != (violation{}) {
			v.detail += fmt.Sprintf(" by %+v", step)
			return v
		}
	}
	return violation{}
}

// makesRoomWith reports whether a deletion of the key is left to do, since there was room for the new key beside it.
func (a *apply) makesRoomWith(id string) bool {
	return slices.ContainsFunc(a.room, func(s rotation.Step) bool { return s.Key == id })
}

// announced reports whether the plan showed a step of that kind on the key.
func (a *apply) announced(i int, kind rotation.Kind) bool {
	return slices.ContainsFunc(a.planned, func(s rotation.Step) bool { return s.Key == a.ids[i] && s.Kind == kind })
}

func (sim *simulation) publishedWorks() bool {
	return slices.ContainsFunc(sim.keys[:], func(k simKey) bool { return k.published && k.status == active })
}

func (a *apply) judgeReactivation(k simKey) violation {
	if !a.setsHold() || k.role != previous || !k.deactivatedByUs || k.revoked {
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
	case k.other:
		return violated(otherResourceKept, "it was retired")
	case k.status == active && actives == 1 && (!k.stale || !a.requests.revoke):
		return violated(lastActiveKeyKept, "the only Active key was retired")
	case k.role == unmanaged:
		return a.judgeUnmanaged(k, to, before)
	case k.role == current:
		return a.judgeCurrent(k, to, before)
	case to == inactive && k.revoked, to == gone && a.requests.revoke && (!before.rec.adopted || k.status == inactive):
		return violation{}
	case a.sim.config.hold && !a.requests.revoke:
		return violated(holdRetiresNothing, "previous was retired")
	case k.status == inactive:
		return a.judgeInactivePrevious(k, before)
	}
	return a.judgeActivePrevious(k, to, before)
}

// judgeCrash judges the simulation after a revoke was killed.
func (a *apply) judgeCrash(sim simulation) violation {
	if !a.requests.revoke {
		return violation{}
	}
	next, read := a.env.read(sim)
	d := next.plan(read)
	if d.Refused == nil {
		return violation{}
	}
	switch d.Refused.Cause { //nolint:exhaustive // the other causes are no excuse
	case rotation.CauseUnmanaged:
		if sim.find(unmanaged) != nil {
			return violation{}
		}
	case rotation.CauseAdopted:
		if sim.rec.adopted {
			return violation{}
		}
	case rotation.CauseSigner:
		if sim.keys[0].signs || sim.keys[1].signs {
			return violation{}
		}
	case rotation.CauseYoung:
		return violation{}
	default:
	}
	return violated(revokeConverges, "refused %+v", *d.Refused)
}

// judgeUnmanaged allows rule 7: an unused key is deleted when a rotation needs its slot.
func (a *apply) judgeUnmanaged(k simKey, to status, before simulation) violation {
	allowed := a.env.modes[before.config.mode] == rotation.DeleteUnused && to == gone && k.neverUsed() &&
		before.count() == 2 && a.plans(rotation.Rotate)
	switch {
	case !allowed:
		return violated(onlyOurKeys, "an unmanaged key was retired")
	case k.useDenied:
		return violated(unknownProvesNothing, "an unmanaged key was deleted")
	}
	return violation{}
}

// judgeCurrent allows rule 6: an Inactive current makes room, at once under a revoke.
func (a *apply) judgeCurrent(k simKey, to status, before simulation) violation {
	switch {
	case k.status == active:
		return violated(consumerAuthenticates, "an Active current was retired")
	case to == gone && a.plans(rotation.Rotate) && (a.requests.revoke || k.inactiveFor >= a.env.timing(&before).grace):
		return violation{}
	}
	return violated(graceBeforeDelete, "an Inactive current was deleted")
}

// judgeInactivePrevious allows an Inactive previous to be deleted by rule 4, or earlier by rule 6.
func (a *apply) judgeInactivePrevious(k simKey, before simulation) violation {
	grace := a.env.timing(&before).grace
	byRule4 := k.inactiveFor >= grace && (k.used == never || k.used >= grace)
	byRule6 := !before.rec.adopted && (a.requests.newKey() || !before.active(current)) && a.plans(rotation.Rotate)
	switch {
	case byRule6:
		return violation{}
	case k.useDenied:
		return violated(unknownProvesNothing, "an Inactive previous was deleted")
	case byRule4:
		return violation{}
	case before.rec.adopted && a.requests.newKey():
		return violated(onlyOurKeys, "an adopted key was deleted early")
	}
	return violated(graceBeforeDelete, "an Inactive previous was deleted")
}

// judgeActivePrevious judges that an Active previous was deactivated or deleted.
func (a *apply) judgeActivePrevious(k simKey, to status, before simulation) violation {
	t := a.env.timing(&before)
	cur := before.find(current)
	waived := to == inactive && (a.env.near(&before) || a.env.reachesMaxAge(&before, k))
	switch {
	case k.useDenied:
		return violated(unknownProvesNothing, "an Active previous was retired")
	case t.unusedFor > 0 && k.unusedFor() < t.unusedFor:
		return violated(usedKeyKept, "previous was used %v ago", k.unusedFor().duration())
	case k.overlapFor < t.overlap || k.overlapFor == 0:
		return violated(overlapKept, "the overlap began %v ago", k.overlapFor.duration())
	case t.handover && !waived && (!before.handedOver() || cur == nil || cur.useDenied):
		return violated(handoverKept, "nobody is known to have used current")
	case to == inactive:
		return violation{}
	case a.requests.newKey() && !before.rec.adopted:
		return violation{}
	}
	quiet := k.used == never || k.used >= k.overlapFor-t.overlap
	byRule4 := (a.env.due(&a.before) || a.requests.newKey()) && a.plans(rotation.Rotate) && k.overlapFor >= t.overlap+t.grace && quiet
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

// judgeEnd judges the simulation after a successful apply, before it is recorded. If the recipients changed while only the ciphertext
// was known, there is a new key, or a request is pending. After a revoke no older key is Active. If somebody reactivated one after the
// plan, it is marked as revoked instead, so that the next apply deactivates it.
func (a *apply) judgeEnd(late bool) violation {
	sim := &a.sim
	if sealed := sim.rec.sealed; sealed != 0 && sealed != sim.config.recipients && !sim.rec.request.recipients {
		return violated(sealedToRecipients, "the secret is still encrypted to the former recipients")
	}
	before := a.before.find(previous)
	if marked := (late || before != nil && before.stale) && sim.rec.revoked; a.requests.revoke && sim.active(previous) && !marked {
		return violated(revokeCompletes, "previous is Active")
	}
	ours := before != nil && a.before.rec.deactivatedByUs && !a.before.rec.revoked
	if p := sim.find(previous); !late && a.setsHold() && ours && (p == nil || p.status != active) && !a.isSaidToWait(p) {
		return violated(holdReactivates, "previous is not Active")
	}
	return violation{}
}

// isSaidToWait reports whether the user is unknown, and the plan said of a previous that is there that it is not reactivated for that.
func (a *apply) isSaidToWait(p *simKey) bool {
	return a.sim.unknown && (p == nil || slices.ContainsFunc(a.decided.Waiting, func(o rotation.Obstacle) bool {
		return o.Cause == rotation.CauseUnknownUser
	}))
}

// judgeRecorded judges that a successful apply recorded what somebody else changed, as far as it found the user.
func (a *apply) judgeRecorded() violation {
	sim := &a.sim
	cur, prev := sim.find(current), sim.find(previous)
	switch {
	case sim.unknown:
		return violation{}
	case sim.renamed:
		return violated(changesRecorded, "the user's name")
	case sim.rec.previous && prev == nil:
		return violated(changesRecorded, "previous is gone")
	case cur != nil && (cur.status == inactive) != (sim.rec.inactiveSince != never):
		return violated(changesRecorded, "the status of current")
	case prev != nil && !sim.settles(*prev) && !sim.rec.revoked && (prev.listed() == inactive) != (sim.rec.deactivated != never):
		return violated(changesRecorded, "the status of previous")
	}
	return violation{}
}

// judgePending judges what a successful apply left of the requests to rotate.
func (a *apply) judgePending() violation {
	before, sim := a.before.rec.request, &a.sim
	created := a.holds(createdKey)
	want := pending{
		rotate:     !created && (before.rotate || a.requests.rotate) && sim.config.rotate != 0,
		recipients: !created && (before.recipients || a.requests.recipients) && sim.rec.sealed != 0 && sim.rec.sealed != sim.config.recipients,
	}
	if a.rec.Request != want.pendingRequest() {
		return violated(pendingNeverLost, "pending is %q, want %q", a.rec.Request, want.pendingRequest())
	}
	return violation{}
}
