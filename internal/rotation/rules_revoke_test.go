package rotation

import "testing"

// Rule 8: a revoke creates a key, then deactivates every older managed key.
func TestDecide_revoke(t *testing.T) {
	t.Parallel()
	alone := does(revoking(rotate(ReasonRevoked)), deactivate(cur))
	both := does(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur))
	values := func(values map[string]string) setting {
		return func(p *Policy) { p.RevokeWhenChanged = values }
	}
	checkRows(t, []row{
		{"no previous", settled(edit(incident)), day(3), alone},
		{"no previous, paused and held", settled(set(pause, hold), edit(incident)), day(3), alone},
		{"a value was added", settled(edit(values(map[string]string{"incident": "none", "second": "leak"}))), day(3), alone},
		{"a value was lost", settled(edit(values(nil))), day(3), nothing()},
		{"the first apply after an import", settled(imported, edit(incident)), day(3), nothing()},
		{"with rotate_when_changed", settled(edit(incident, quarter)), day(3), alone},
		{"at the age of rotate_after", settled(edit(incident)), day(90), alone},
		{"seconds after current was created", settled(edit(incident)), day(0).Add(second), alone},
		{"without grace nothing more in the same plan", settled(set(overlap(0), grace(0), unusedFor(0)), edit(incident)), day(3), alone},
		{"previous in its overlap", overlapping(edit(incident)), day(3), both},
		{"previous at the instant of its replacement", overlapping(edit(incident)), day(0), both},
		{"previous in use", overlapping(edit(incident), used(prev, day(3))), day(3), both},
		{"previous's last use unknown", overlapping(edit(incident), lastUseUnknown(prev)), day(3), both},
		{"previous past its overlap", overlapping(edit(incident)), day(30), both},
		{"previous in its grace", retiring(edit(incident)), day(8), both},
		{"previous past its grace", retiring(edit(incident)), day(30), both},
		{
			"previous deactivated by somebody", overlapping(edit(incident), is(prev, inactive)), day(3),
			does(recordDeactivated(prev), deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{"previous held", overlapping(set(hold), edit(incident)), day(3), both},
		{"previous held in its grace", retiring(set(hold), edit(incident)), day(8), both},
		{"previous held by the same edit", overlapping(edit(hold, incident)), day(3), both},
		{"paused", overlapping(set(pause), edit(incident)), day(3), both},
		{
			"an adopted previous past overlap and grace", overlapping(adopted, edit(incident)), day(14), both,
		},
		{
			"a held adopted previous past its grace", retiring(adopted, set(hold), edit(incident)), day(14), both,
		},
		{
			"a held adopted previous past overlap and grace", overlapping(adopted, set(hold), edit(incident)), day(14), both,
		},
		{
			"a held adopted previous in its overlap", overlapping(adopted, set(hold), edit(incident)), day(3),
			refused(obstacle(CauseAdopted, prev)),
		},
		{"an unmanaged key in the slot", settled(unmanagedKey(active), edit(incident)), day(3), refused(obstacle(CauseUnmanaged, other))},
		{
			"current Inactive, no previous", settled(is(cur, inactive), edit(incident)), day(3),
			does(revoking(rotateInactive(ReasonRevoked))),
		},
		{
			"current Inactive, previous Inactive", retiring(is(cur, inactive), edit(incident)), day(8),
			does(deletePrevious(prev), revoking(rotateInactive(ReasonRevoked))),
		},
		{
			"current Inactive, previous the only Active key", overlapping(is(cur, inactive), edit(incident)), day(3),
			does(deleteCurrent(), revoking(createKey(ReasonRevoked)), deactivate(prev)),
		},
		{
			"current gone, previous the only Active key", overlapping(gone(cur), edit(incident)), day(3),
			does(revoking(createKey(ReasonRevoked)), deactivate(prev)),
		},
		{
			"current gone, a held previous", overlapping(set(hold), gone(cur), edit(incident)), day(3),
			does(revoking(createKey(ReasonRevoked)), deactivate(prev)),
		},
		{
			"current gone, an adopted previous", overlapping(adopted, gone(cur), edit(incident)), day(3),
			does(revoking(createKey(ReasonRevoked)), deactivate(prev)),
		},
		{
			"current gone, previous Inactive", retiring(gone(cur), edit(incident)), day(8),
			does(revoking(createKey(ReasonRevoked))),
		},
		{
			"current gone, previous Active in its overlap, another Active key in the slot",
			overlapping(gone(cur), unmanagedKey(active), edit(incident)), day(3),
			does(deletePrevious(prev), revoking(createKey(ReasonRevoked))),
		},
		{
			"current and previous gone", overlapping(gone(cur, prev), edit(incident)), day(3),
			does(recordDeleted(prev), revoking(createKey(ReasonRevoked))),
		},
		{
			"again, while the last revoke left a key Active", overlapping(revoked, edit(incident)), day(3),
			does(deactivate(prev), deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
	})
}

// Rule 8: a revoked key that is still Active is deactivated by the next apply.
func TestDecide_revokedKeyStillActive(t *testing.T) {
	t.Parallel()
	pending := func(changes ...change) setup {
		return overlapping(revoked, used(prev, day(3))).with(changes...)
	}
	again := does(deactivate(prev))
	checkRows(t, []row{
		{"in use, in its overlap", pending(), day(3), again},
		{"at the instant of its replacement", pending(), day(0), again},
		{"its last use unknown", pending(lastUseUnknown(prev)), day(3), again},
		{"held", pending(set(hold)), day(3), again},
		{"paused", pending(set(pause)), day(3), again},
		{"an edit", pending(edit(overlap(days(30)))), day(3), again},
		{"hold set by the edit", pending(edit(hold)), day(3), does(deactivate(prev)).waiting(obstacle(CauseRevoked, prev))},
		{"the incident no longer set", pending(edit(func(p *Policy) { p.RevokeWhenChanged = nil })), day(3), again},
		{"reactivated by somebody", retiring(revoked, is(prev, active)), day(9), again},
		{"current gone: deactivated after the new key exists", pending(gone(cur)), day(3), does(createKey(ReasonMissing), deactivate(prev))},
		{
			"current Inactive: the only Active key stays", pending(is(cur, inactive)), day(3),
			does(recordCurrentInactive()).blocked(obstacleUntil(CauseGrace, cur, day(10))).kept(obstacle(CauseRevokedActive, prev)),
		},
		{
			"with a request", pending(edit(quarter)), day(3),
			does(deactivate(prev), deletePrevious(prev), rotate(ReasonChanged)),
		},
		{
			"when the next rotation is due", pending(), day(90),
			does(deactivate(prev)).blocked(obstacleUntil(CauseGrace, prev, day(97))),
		},
		{"gone", pending(gone(prev)), day(3), does(recordDeleted(prev))},
	})
	checkBoundaries(t, []boundary{
		{"once Inactive, deleted after the grace", retiring(revoked, deactivated(day(3))), day(10), nothing(), does(deletePrevious(prev))},
	})
}

// Rule 11: the key that signs our own requests is never deactivated or deleted.
func TestDecide_signer(t *testing.T) {
	t.Parallel()
	checkBoundaries(t, []boundary{
		{"current rotates", settled(signedBy(cur)), day(90), nothing(), does(rotate(ReasonAge))},
		{"current, and previous retires", overlapping(signedBy(cur)), day(7), nothing(), does(deactivate(prev))},
		{
			"previous at the end of its overlap", overlapping(signedBy(prev)), day(7),
			nothing(), nothing().kept(obstacle(CauseSigner, prev)),
		},
		{
			"previous in use: by our own requests", overlapping(signedBy(prev), used(prev, day(6))), day(7),
			nothing(), nothing().kept(obstacle(CauseSigner, prev)),
		},
		{
			"previous when a rotation is due", overlapping(signedBy(prev)), day(90),
			nothing().kept(obstacle(CauseSigner, prev)),
			blocked(obstacle(CauseSigner, prev)).kept(obstacle(CauseSigner, prev)),
		},
		{
			"an Inactive previous", retiring(signedBy(prev)), day(14),
			nothing(), nothing().kept(obstacle(CauseSigner, prev)),
		},
		{
			"an Inactive current that would make room",
			overlapping(signedBy(cur), is(cur, inactive), inactiveSince(day(3))), day(10),
			blocked(obstacle(CauseSigner, cur)), blocked(obstacle(CauseSigner, cur)),
		},
	})
	checkRows(t, []row{
		{"current, requested", settled(signedBy(cur), edit(quarter)), day(3), does(rotate(ReasonChanged))},
		{"current, revoked", settled(signedBy(cur), edit(incident)), day(3), refused(obstacle(CauseSigner, cur))},
		{"current, revoked beside previous", overlapping(signedBy(cur), edit(incident)), day(3), refused(obstacle(CauseSigner, cur))},
		{"previous, revoked", overlapping(signedBy(prev), edit(incident)), day(3), refused(obstacle(CauseSigner, prev))},
		{
			"previous, revoked with current gone", overlapping(signedBy(prev), gone(cur), edit(incident)), day(3),
			refused(obstacle(CauseSigner, prev)),
		},
		{"previous, requested", overlapping(signedBy(prev), edit(quarter)), day(30), pends(obstacle(CauseSigner, prev))},
		{"previous, Inactive, requested", retiring(signedBy(prev), edit(quarter)), day(8), pends(obstacle(CauseSigner, prev))},
		{
			"previous, Inactive beside an Inactive current", retiring(signedBy(prev), is(cur, inactive)), day(8),
			does(recordCurrentInactive()).blocked(obstacle(CauseSigner, prev)),
		},
		{"previous, with current gone", overlapping(signedBy(prev), gone(cur)), day(30), does(createKey(ReasonMissing))},
		{"previous, held", overlapping(signedBy(prev), set(hold)), day(30), nothing().kept(obstacle(CauseSigner, prev))},
		{"previous, still Active after a revoke", overlapping(revoked, signedBy(prev)), day(3), nothing().kept(obstacle(CauseSigner, prev))},
		{
			"previous, still Active after a revoke, paused", overlapping(revoked, set(pause), signedBy(prev)), day(3),
			nothing().kept(obstacle(CauseSigner, prev)),
		},
		{"previous, Active, to be held", retiring(signedBy(prev), is(prev, active), edit(hold)), day(8), does(recordReactivated(prev))},
		{
			"an unmanaged key is adopted", settled(set(unmanagedKeys(RetireUnmanaged)), unmanagedKey(active), signedBy(other)), day(3),
			does(adopt(other)),
		},
		{
			"an unmanaged key that nobody used",
			settled(set(unmanagedKeys(DeleteUnused)), unmanagedKey(active), neverUsed(other), signedBy(other)), day(90),
			blocked(obstacle(CauseUnmanaged, other)),
		},
		{
			"an unmanaged key of this user, revoked", settled(unmanagedKey(active), gone(cur), signedBy(other), edit(incident)), day(3),
			does(revoking(createKey(ReasonRevoked))),
		},
		{"a key of another user", overlapping(signedBy("AKIASOMEBODYELSE")), day(7), does(deactivate(prev))},
	})
}
