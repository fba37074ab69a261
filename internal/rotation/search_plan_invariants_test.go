package rotation_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// judgePlan judges a decision.
func (a *apply) judgePlan(d rotation.Decision) violation {
	sim := &a.sim
	creates := d.Has(rotation.Rotate)
	due := a.env.due(sim)
	young := sim.rec.known && sim.find(current) == nil && !due
	switch {
	case sim.unknown && slices.ContainsFunc(d.Steps, func(s rotation.Step) bool { return s.Kind != rotation.RecordRequest }):
		return violated(unknownProvesNothing, "the user is unknown: steps %+v", d.Steps)
	case d.Refused != nil && len(d.Steps) > 0:
		return violated(dueNeverForgotten, "steps of a refused request: %+v", d.Steps)
	case a.requests.refusable() && creates == (d.Refused != nil), d.Refused != nil && !a.requests.refusable():
		return violated(dueNeverForgotten, "steps %+v, refused %+v", d.Steps, d.Refused)
	case d.Refused != nil && a.requests.revoke && a.hasInactiveKey() && keepsSlot(d.Refused.Cause):
		return violated(revokeMakesRoom, "refused %+v", *d.Refused)
	case a.requests.onlyDeferrable() && creates == d.Has(rotation.RecordRequest):
		return violated(dueNeverForgotten, "a request to rotate: steps %+v", d.Steps)
	case !sim.edited() && (due || young) && creates == (d.Blocked != nil):
		return violated(blockedIsSaid, "a rotation is due: steps %+v, blocked %+v", d.Steps, d.Blocked)
	case creates && !a.requests.newKey() && !due:
		return violated(noNeedlessRotation, "steps %+v", d.Steps)
	case d.Blocked != nil && !due && !young:
		return violated(blockedIsSaid, "blocked %+v, and nothing is due", *d.Blocked)
	}
	for _, step := range d.Steps {
		if !creates && a.deletesEarly(step, d) {
			return violated(noNeedlessDeletion, "steps %+v", d.Steps)
		}
		if !sim.edited() && sim.config.paused && !records(step) && !a.revokes(step) {
			return violated(pausedStopsClock, "step %+v", step)
		}
		if sim.edited() && !a.requested(step) {
			return violated(editTakesNoClockStep, "step %+v", step)
		}
	}
	return a.judgeRetirement(d).and(a.judgeObstacles(d))
}

// judgeUnknown judges that what is planned for an unknown user does not depend on what an earlier look showed of the keys.
func (a *apply) judgeUnknown(read, d rotation.Decision) violation {
	if !a.sim.unknown {
		return violation{}
	}
	others := slices.Clone(a.seen.Keys)
	for i := range others {
		if others[i].Status == rotation.Active {
			others[i].Status = rotation.Inactive
		} else {
			others[i].Status = rotation.Active
		}
	}
	for _, keys := range [][]rotation.Key{nil, others} {
		b := a.clone()
		b.seen.Keys = keys
		again := rotation.Decide(b.policy, b.rec, b.seen, now)
		if b.sim.edited() {
			again = rotation.Judge(b.policy, b.rec, b.seen, read.Room, now)
		}
		if !slices.Equal(d.Steps, again.Steps) || (d.Refused == nil) != (again.Refused == nil) {
			return violated(unknownProvesNothing, "steps %+v, refused %+v; from other keys %+v, %+v", d.Steps, d.Refused, again.Steps, again.Refused)
		}
	}
	return violation{}
}

// hasInactiveKey reports whether a managed key is known to be Inactive, and does not sign.
func (a *apply) hasInactiveKey() bool {
	sim := &a.sim
	return slices.ContainsFunc(sim.keys[:], func(k simKey) bool {
		return k.status != gone && k.role != unmanaged && k.listed() == inactive && !k.signs && !sim.settles(k)
	})
}

// keepsSlot reports whether the cause is that a key occupies a slot.
func keepsSlot(cause rotation.Cause) bool {
	switch cause { //nolint:exhaustive // the other causes are the default
	case rotation.CauseUnmanaged, rotation.CauseAdopted, rotation.CauseHeld, rotation.CauseGrace:
		return true
	default:
		return false
	}
}

// deletesEarly reports whether the step deletes a key that would not be deleted without a rotation.
func (a *apply) deletesEarly(step rotation.Step, d rotation.Decision) bool {
	switch step.Kind { //nolint:exhaustive // the other kinds are the default
	case rotation.DeleteCurrent, rotation.DeleteUnmanaged:
		return true
	case rotation.DeletePrevious:
		return a.sim.active(previous) && !d.Has(rotation.Deactivate)
	default:
		return false
	}
}

// records reports whether the step writes down what IAM shows, and does nothing else. An adoption is the beginning of a retirement.
func records(step rotation.Step) bool {
	switch step.Kind { //nolint:exhaustive // the other kinds are the default
	case rotation.RecordDeactivated, rotation.RecordReactivated, rotation.RecordDeleted, rotation.RecordCurrentInactive,
		rotation.RecordCurrentActive, rotation.RecordRenamed, rotation.RecordRequest:
		return true
	default:
		return false
	}
}

// revokes reports whether the step deactivates a key because of a revoke, an earlier one or the requested one.
func (a *apply) revokes(step rotation.Step) bool {
	return step.Kind == rotation.Deactivate && (a.sim.rec.revoked || a.requests.revoke)
}

// requested reports whether a request explains the step, or none is needed.
func (a *apply) requested(step rotation.Step) bool {
	switch step.Kind { //nolint:exhaustive // the other kinds are the default
	case rotation.Adopt:
		return a.requests.create
	case rotation.Reactivate:
		return a.sim.config.hold
	case rotation.Deactivate:
		return a.revokes(step)
	case rotation.DeletePrevious, rotation.DeleteCurrent, rotation.DeleteUnmanaged:
		return a.requests.newKey() && a.sim.count() == 2
	case rotation.Rotate:
		return a.requests.newKey()
	default:
		return records(step)
	}
}

// judgeRetirement judges whether a retirement that is due is planned or reported as blocked.
func (a *apply) judgeRetirement(d rotation.Decision) violation {
	sim := &a.sim
	changes := slices.ContainsFunc(d.Steps, func(s rotation.Step) bool {
		return !records(s) || s.Kind == rotation.RecordDeactivated || s.Kind == rotation.RecordReactivated || s.Kind == rotation.RecordDeleted
	})
	if sim.edited() || changes || sim.rec.replaced == 0 {
		return violation{}
	}
	if due := a.env.retirementDue(sim); due != (d.RetirementBlocked != nil) {
		return violated(blockedIsSaid, "a retirement is due: %v, steps %+v, blocked %+v", due, d.Steps, d.RetirementBlocked)
	}
	return violation{}
}

// retirementDue reports whether the time of previous has come, whatever else stands in the way.
func (env *environment) retirementDue(sim *simulation) bool {
	k, t := sim.find(previous), env.timing(sim)
	switch {
	case k == nil || sim.settles(*k):
		return false
	case k.listed() == active:
		// A reactivation that is not recorded yet begins another overlap.
		return sim.rec.revoked || sim.active(current) && sim.rec.replaced >= t.overlap && sim.rec.deactivated == never
	default:
		return sim.rec.deactivated != never && sim.rec.deactivated >= t.grace && (k.useDenied || k.used == never || k.used >= t.grace)
	}
}

// judgeObstacles judges that what a decision says is true.
func (a *apply) judgeObstacles(d rotation.Decision) violation {
	obstacles := slices.Clone(d.Waiting)
	for _, o := range []*rotation.Obstacle{d.Blocked, d.RetirementBlocked, d.Refused} {
		if o == nil {
			continue
		}
		if obstacles = append(obstacles, *o); a.sim.unknown != (o.Cause == rotation.CauseUnknownUser) {
			return violated(causeIsTrue, "the user is unknown: %v, and %+v", a.sim.unknown, o)
		}
	}
	for _, o := range obstacles {
		switch {
		case !o.Until.IsZero() && o.Until.Before(now):
			return violated(waitNamesFuture, "%+v", o)
		case len(d.Steps) == 0 && !a.isTrue(o):
			return violated(causeIsTrue, "%+v", o)
		}
	}
	return violation{}
}

// isTrue reports whether the cause of an obstacle is there.
func (a *apply) isTrue(o rotation.Obstacle) bool {
	sim := &a.sim
	var k simKey
	if i := slices.Index(a.ids[:], o.Key); i >= 0 {
		k = sim.keys[i]
	}
	if a.requests.create && k.role == unmanaged {
		// It would be adopted.
		k.role = previous
	}
	cur, t := sim.find(current), a.env.timing(sim)
	switch o.Cause {
	case rotation.CauseUnknownUser:
		return sim.unknown
	case rotation.CauseUsed:
		return k.role == previous && k.unusedFor() < t.unusedFor
	case rotation.CauseUnknownUse:
		return k.useDenied
	case rotation.CauseHandover:
		return t.handover && k.role == previous && (!sim.handedOver() || cur.usedSTS)
	case rotation.CauseSettling:
		return sim.settles(k)
	case rotation.CauseRevokedActive:
		return sim.rec.revoked && k.role == previous && k.listed() == active
	case rotation.CauseOverlap:
		return k.role == previous && k.listed() == active && (sim.rec.replaced < t.overlap || sim.rec.replaced == 0)
	case rotation.CauseGrace:
		return k.role != unmanaged
	case rotation.CauseHeld:
		return sim.config.hold && k.role == previous
	case rotation.CausePaused:
		return sim.config.paused
	case rotation.CauseUnmanaged:
		return k.status != gone && (k.role == unmanaged || a.requests.create)
	case rotation.CauseAdopted:
		return (sim.rec.adopted || a.requests.create) && k.role == previous
	case rotation.CauseSigner:
		return k.signs
	case rotation.CauseOnlyActive:
		return k.status == active
	case rotation.CauseYoung:
		return cur == nil && sim.rec.created < 5*minute && sim.rec.inactiveSince == never && !sim.recreated
	case rotation.CauseNotOurs:
		return !sim.rec.deactivatedByUs
	case rotation.CauseRevoked:
		return sim.rec.revoked
	case rotation.CauseExpired:
		return sim.config.expired()
	}
	return false
}

// judgeTime judges that a plan of an edited policy, made again at apply from what Read saw, is the same. A revoke asks for the time,
// and then only an expired recipient can take away what was possible.
func (a *apply) judgeTime(read, d rotation.Decision) violation {
	if !a.sim.rec.exists || !a.sim.edited() {
		return violation{}
	}
	for _, later := range []time.Duration{time.Second, 5 * time.Minute, time.Hour, farFuture.duration()} {
		again := rotation.Judge(a.policy, a.rec, a.seen, read.Room, now.Add(later))
		switch {
		case a.requests.revoke && (d.Refused != nil || again.Refused != nil && again.Refused.Cause == rotation.CauseExpired):
		case !slices.Equal(d.Steps, again.Steps), (d.Refused == nil) != (again.Refused == nil):
			return violated(judgeIsTimeless, "steps %+v, refused %+v; after %v %+v, %+v", d.Steps, d.Refused, later, again.Steps, again.Refused)
		}
	}
	return violation{}
}

// judgeShown judges that the steps lead to the same record at the time of the plan and later, and to the one that the plan shows, dates
// aside.
func (a *apply) judgeShown(steps []rotation.Step) violation {
	shown := a.shape(steps, farFuture.duration())
	for _, later := range []time.Duration{0, 5 * time.Minute, time.Hour} {
		if got := a.shape(steps, later); got != shown {
			return violated(planShowsResult, "steps %+v: shown %s, after %v %s", steps, shown, later, got)
		}
	}
	return violation{}
}

// shape describes the record after the steps without its dates.
func (a *apply) shape(steps []rotation.Step, later time.Duration) string {
	out := a.outcome()
	out.At = out.At.Add(later)
	rec, _ := rotation.Project(a.policy, a.rec, a.seen, steps, out)
	text := fmt.Sprintf("%s %s %s %v", rec.User, rec.Current.ID, rec.Request, rec.Current.InactiveSince.IsZero())
	if p := rec.Previous; p != nil {
		text += fmt.Sprintf(" %s %v %v %v %v", p.ID, p.DeactivatedAt.IsZero(), p.DeactivatedByUs, p.Adopted, p.Revoked)
	}
	return text
}

// judgeAges judges the ages of the managed keys, where applies run often enough.
func (a *apply) judgeAges(d rotation.Decision) violation {
	sim, limit := &a.sim, a.env.timing(&a.sim).maxAge
	handover := d.RetirementBlocked == nil || d.RetirementBlocked.Cause == rotation.CauseHandover
	if !a.env.appliesOften || limit == 0 || d.Blocked != nil || !handover {
		return violation{}
	}
	for _, k := range sim.keys {
		if k.status == active && k.role != unmanaged && !k.excused && k.created >= limit {
			return violated(maxAgeKept, "a key is Active %v after its creation", k.created)
		}
	}
	return violation{}
}

// judgeFuture judges what would be decided if nothing happened for a long time.
func (a *apply) judgeFuture() violation {
	if a.sim.edited() || a.sim.config.paused {
		return violation{}
	}
	env, at := a.env, now.Add(farFuture.duration())
	a.sim.keys[0].stale, a.sim.keys[1].stale, a.sim.unknown = false, false, false
	a.observe(a.policy, at)
	later := rotation.Decide(a.policy, a.rec, a.seen, at)
	sim := a.sim
	sim.wait(farFuture)
	rotates := env.due(&sim) && !sim.config.expired()
	switch {
	case rotates && sim.count() < 2 && !later.Has(rotation.Rotate),
		rotates && env.getsSlot(&a.sim) && len(later.Steps) == 0:
		return violated(retirementFinishes, "the rotation: steps %+v, blocked %+v", later.Steps, later.Blocked)
	case sim.active(current) && env.retires(&a.sim) && len(later.Steps) == 0:
		return violated(retirementFinishes, "previous: blocked %+v, %+v", later.Blocked, later.RetirementBlocked)
	}
	return violation{}
}

// retires reports whether previous is retired as time passes, if nothing else happens and current is Active.
func (env *environment) retires(sim *simulation) bool {
	k, cur, t := sim.find(previous), sim.find(current), env.timing(sim)
	switch {
	case k == nil || k.signs:
		return false
	case k.status == active && sim.rec.revoked:
		return true
	case sim.config.hold || k.useDenied:
		return false
	case k.status == inactive || !t.handover:
		return true
	}
	_, rotates := env.untilRotation(sim)
	used := sim.handedOver() && !cur.useDenied && !cur.usedSTS
	return used || rotates || t.old() > 0 && !env.wasOld(sim, *k)
}

// getsSlot reports whether a rotation gets a slot as time passes, if nothing else happens.
func (env *environment) getsSlot(sim *simulation) bool {
	prev, cur := sim.find(previous), sim.find(current)
	switch {
	case prev == nil && cur != nil && cur.status == inactive && !cur.signs:
		return true
	case prev == nil && env.modes[sim.config.mode] == rotation.RetireUnmanaged:
		return slices.ContainsFunc(sim.keys[:], func(k simKey) bool { return k.role == unmanaged && k.status != gone && !k.other })
	case prev == nil:
		return env.freesUnmanaged(sim)
	case sim.active(current):
		return env.retires(sim)
	case prev.status == inactive:
		return !sim.config.hold && !prev.signs && (!sim.rec.adopted || !prev.useDenied)
	}
	return cur != nil && !cur.signs
}

// freesUnmanaged reports whether delete_unused deletes an unmanaged key for a rotation.
func (env *environment) freesUnmanaged(sim *simulation) bool {
	if env.modes[sim.config.mode] != rotation.DeleteUnused {
		return false
	}
	for i, k := range sim.keys {
		other := sim.keys[1-i]
		if k.role == unmanaged && k.neverUsed() && !k.signs && !k.other && !k.useDenied && (k.status == inactive || other.status == active) {
			return true
		}
	}
	return false
}
