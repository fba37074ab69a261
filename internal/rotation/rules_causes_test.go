package rotation

import (
	"testing"
	"time"
)

// ordered is a setup with every cause of a list, and the same with fewer.
type ordered struct {
	cause string
	given setup
	want  expected
}

func checkOrder(t *testing.T, now time.Time, rows []ordered) {
	t.Helper()
	for _, o := range rows {
		t.Run(o.cause, func(t *testing.T) {
			t.Parallel()
			o.given.check(t, now, o.want)
		})
	}
}

// rotation_blocked names the first of several causes: unknown user, signer, expired recipients, young current, only Active key, hold,
// paused, unmanaged, adopted, overlap, grace, unknown use, use. Each row has the cause that it names, and later ones.
func TestDecide_rotationBlockedOrder(t *testing.T) {
	t.Parallel()
	kept := func(cause Cause) expected { return blocked(obstacle(cause, prev)).kept(obstacle(cause, prev)) }
	inOverlap := func(changes ...change) setup {
		return overlapping(set(recipients(alice)), replaced(day(96)), lastUseUnknown(prev)).with(changes...)
	}
	expired, signer := set(sealableUntil(expiry)), signedBy(prev)
	held, paused := set(hold), set(pause)
	t.Run("current Active", func(t *testing.T) {
		t.Parallel()
		checkOrder(t, day(100), []ordered{
			{"unknown user", inOverlap(userUnknown, signer, expired, held, paused), blocked(unknownUser(cur))},
			{"signer", inOverlap(signer, expired, held, paused), blocked(obstacle(CauseSigner, prev))},
			{"expired", inOverlap(expired, held, paused), blocked(unsealable())},
			{"hold", inOverlap(held, paused), blocked(obstacle(CauseHeld, prev))},
			{"paused", inOverlap(paused), blocked(obstacle(CausePaused, cur))},
			{"overlap", inOverlap(), blocked(obstacleUntil(CauseOverlap, prev, day(110)))},
			{"unknown use", overlapping(lastUseUnknown(prev)), kept(CauseUnknownUse)},
			{"use", overlapping(used(prev, day(99))), blocked(inUse(prev, day(99), day(107))).kept(inUse(prev, day(99), day(107)))},
			{"settling before grace", retiring(is(prev, active), deactivated(day(100))), blocked(obstacle(CauseSettling, prev))},
		})
	})
	t.Run("current Inactive or gone", func(t *testing.T) {
		t.Parallel()
		unmanaged, deadCurrent := unmanagedKey(active), is(cur, inactive)
		recorded := inactiveSince(day(8))
		checkOrder(t, day(9), []ordered{
			{"signer", retiring(adopted, signedBy(prev), held, paused, unmanaged, gone(cur)), blocked(obstacle(CauseSigner, prev))},
			{"hold", retiring(adopted, held, paused, unmanaged, gone(cur)), blocked(obstacle(CauseHeld, prev))},
			{"paused", retiring(adopted, paused, unmanaged, gone(cur)), blocked(obstacle(CausePaused, cur))},
			{"unmanaged", retiring(adopted, unmanaged, gone(cur)), blocked(obstacle(CauseUnmanaged, other))},
			{"adopted", retiring(adopted, deadCurrent, recorded), blocked(obstacleUntil(CauseAdopted, prev, day(14)))},
			{"grace", overlapping(deadCurrent, recorded, set(unusedFor(days(30)))), blocked(obstacleUntil(CauseGrace, cur, day(15)))},
			// Neither hold nor the adoption stand in its way: previous is the only Active key, so the Inactive current goes.
			{"grace of current", overlapping(adopted, held, deadCurrent, recorded), blocked(obstacleUntil(CauseGrace, cur, day(15)))},
			// Previous is the only Active key and stays. Whoever wants a new key has to remove the unmanaged one.
			{
				"the only Active key beside an unmanaged one", overlapping(held, gone(cur), unmanagedKey(inactive)),
				blocked(obstacle(CauseUnmanaged, other)),
			},
		})
	})
	t.Run("current young", func(t *testing.T) {
		t.Parallel()
		young := obstacleUntil(CauseYoung, cur, day(0).Add(5*minute))
		expiredThen := set(recipients(alice), sealableUntil(day(0)))
		missing := func(changes ...change) setup { return settled(gone(cur)).with(changes...) }
		checkOrder(t, day(0).Add(minute), []ordered{
			{"unknown user", missing(userUnknown, expiredThen, paused, unmanagedKey(active)), blocked(unknownUser(cur))},
			{"expired", missing(expiredThen, paused, unmanagedKey(active)), blocked(unsealable())},
			{"young", missing(paused, unmanagedKey(active), listed(third, active, day(-9))), blocked(young)},
			{"young alone", missing(), blocked(young)},
		})
	})
	t.Run("a pending request", func(t *testing.T) {
		t.Parallel()
		pending := func(changes ...change) setup {
			return handing(requested(byQuarter)).with(changes...)
		}
		checkOrder(t, day(30), []ordered{
			{
				"unknown use before the handover", pending(lastUseUnknown(prev)),
				blocked(obstacle(CauseUnknownUse, prev)).kept(obstacle(CauseHandover, prev)),
			},
			{
				"use before the handover", pending(used(prev, day(29))),
				blocked(inUse(prev, day(29), day(37))).kept(obstacle(CauseHandover, prev)),
			},
			{"handover", pending(), blocked(obstacle(CauseHandover, prev)).kept(obstacle(CauseHandover, prev))},
		})
	})
}

// retirement_blocked names the first of several causes: unknown user, signer, revoked key still Active, hold, paused, handover, unknown
// use, use.
func TestDecide_retirementBlockedOrder(t *testing.T) {
	t.Parallel()
	held, paused := set(hold), set(pause)
	kept := func(cause Cause) expected { return nothing().kept(obstacle(cause, prev)) }
	t.Run("deactivation", func(t *testing.T) {
		t.Parallel()
		checkOrder(t, day(30), []ordered{
			{"unknown user", handing(userUnknown, signedBy(prev), revoked, held, paused), kept(CauseUnknownUser)},
			{"signer", handing(signedBy(prev), held, paused, lastUseUnknown(prev)), kept(CauseSigner)},
			{"signer, revoked", handing(signedBy(prev), revoked, held, paused, lastUseUnknown(prev)), kept(CauseSigner)},
			{"hold", handing(held, paused, lastUseUnknown(prev)), kept(CauseHeld)},
			{"paused", handing(paused, lastUseUnknown(prev)), kept(CausePaused)},
			{"handover", handing(lastUseUnknown(prev)), kept(CauseHandover)},
			{"unknown use of current", handing(lastUseUnknown(cur), used(prev, day(29))), nothing().kept(obstacle(CauseUnknownUse, cur))},
			{"unknown use", handing(used(cur, day(3)), lastUseUnknown(prev)), kept(CauseUnknownUse)},
			{"use", handing(used(cur, day(3)), used(prev, day(29))), nothing().kept(inUse(prev, day(29), day(37)))},
			{"none", handing(used(cur, day(3))), does(deactivate(prev))},
		})
	})
	t.Run("deactivation of a revoked key beside an Inactive current", func(t *testing.T) {
		t.Parallel()
		dead := func(changes ...change) setup {
			return handing(revoked, is(cur, inactive), inactiveSince(day(28))).with(changes...)
		}
		grace := blocked(obstacleUntil(CauseGrace, cur, day(35)))
		checkOrder(t, day(30), []ordered{
			{"signer", dead(signedBy(prev), held), grace.kept(obstacle(CauseSigner, prev))},
			{"revoked key still Active", dead(held), grace.kept(obstacle(CauseRevokedActive, prev))},
			{
				"revoked key still Active, paused", dead(held, paused),
				blocked(obstacle(CausePaused, cur)).kept(obstacle(CauseRevokedActive, prev)),
			},
		})
	})
	t.Run("deletion", func(t *testing.T) {
		t.Parallel()
		checkOrder(t, day(30), []ordered{
			{"unknown user", retiring(userUnknown, signedBy(prev), held, paused), kept(CauseUnknownUser)},
			{"signer", retiring(signedBy(prev), held, paused, lastUseUnknown(prev)), kept(CauseSigner)},
			{"hold", retiring(held, paused, lastUseUnknown(prev)), kept(CauseHeld)},
			{"paused", retiring(paused, lastUseUnknown(prev)), kept(CausePaused)},
			{"unknown use", retiring(lastUseUnknown(prev)), kept(CauseUnknownUse)},
			{"none", retiring(), does(deletePrevious(prev))},
			{"not due: used after its deactivation", retiring(used(prev, day(28))), nothing()},
		})
	})
}
