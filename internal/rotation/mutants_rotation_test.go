//go:build mutants

package rotation_test

// rotationMutants change when a key is created, and what makes room for it.
var rotationMutants = []mutant{
	{"skip a due rotation", "durations", blockedIsSaid, one(
		"due.go", "if at := e.record.RotateAt(e.policy); ", "if at := e.record.RotateAt(e.policy); e.record.Previous == nil && ")},
	{"rotate a current that IAM does not list yet", "durations", noNeedlessRotation, one(
		"due.go", "return c.ID != \"\" &&", "return c.ID == \"\" &&")},
	{"wait for a current that was listed before", "durations", causeIsTrue, one(
		"due.go", "c.InactiveSince.IsZero() && ", "")},
	{"wait for a current of another user of the same name", "re-created user", causeIsTrue, []edit{
		{"due.go", "case e.seen.Recreated:", "case false:"}, {"due.go", " && !e.seen.Recreated", ""},
	}},
	{"create a third key", "durations", atMostTwoKeys, one(
		"due.go", "if len(e.seen.Keys) >= KeysPerUser {", "if len(e.seen.Keys) > KeysPerUser {")},
	{"lose previous when current is gone", "durations", managedKeyNotLost, one(
		"after.go", "case r.Previous != nil:\n\t\tp = *r.Previous\n", "case r.Previous != nil:\n\t\tr.Previous = nil\n\t\treturn r\n")},
	{"create a key for expired recipients", "recipients", validRecipients, one(
		"obstacles.go", "return !until.IsZero() && !e.now.Before(until)", "return until.IsZero() && e.now.IsZero()")},
	{"delete previous for a rotation that expired recipients prevent", "recipients", noNeedlessDeletion, one(
		"decide.go", "e.dueReason() != \"\" && e.newKeyObstacle() == nil && e.mayDeleteActive()",
		"e.dueReason() != \"\" && e.mayDeleteActive()")},
	{"forget that a secret is sealed", "recipients", sealedToRecipients, one(
		"after.go", ", Sealed: out.Sealed, SealedTo: out.SealedTo}", "}")},

	{"leave max_age no margin", "max_age", blockedIsSaid, one(
		"schedule.go", "return p.MaxAge - p.afterRotation()", "return p.MaxAge")},
	{"leave max_age no margin for applies", "max_age, applies often", blockedIsSaid, one(
		"schedule.go", "return p.Overlap + p.RequireUnusedFor + marginApplies*p.ApplyEvery", "return p.Overlap + p.RequireUnusedFor")},
	{"let max_age decide beside rotate_after", "max_age, applies often", blockedIsSaid, one(
		"schedule.go", "if p.RotateAfter > 0 || p.MaxAge <= 0 {", "if p.MaxAge <= 0 {")},
	{"ignore the spread", "spread", blockedIsSaid, one(
		"schedule.go", "latest.Add(-spread(r.UniqueID, policy.RotationSpread))", "latest")},
	{"spread all users alike", "spread", blockedIsSaid, one(
		"schedule.go", "sha256.Sum256([]byte(uniqueID))", "sha256.Sum256(nil)")},
	{"rotate at once what was due before it was managed", "spread", noNeedlessRotation, one(
		"schedule.go", "if !at.Before(r.ManagedSince) {", "if !at.IsZero() {")},
	{"rotate an overdue key at its import", "spread", noNeedlessRotation, one(
		"schedule.go", "left = policy.RotationSpread", "left = 0")},
	{"spread over more than is left", "spread", blockedIsSaid, one(
		"schedule.go", "if left <= 0 {", "if left != 0 {")},

	{"delete an unmanaged key", "unmanaged", onlyOurKeys, one(
		"room.go", "if e.policy.UnmanagedKeys != DeleteUnused {", "if e.policy.UnmanagedKeys == RetireUnmanaged {")},
	{"delete an unmanaged key in use", "unmanaged", onlyOurKeys, one(
		"room.go", "k.Other || !k.NeverUsed() ||", "k.Other ||")},
	{"delete the only Active key, which is unmanaged", "unmanaged", lastActiveKeyKept, one(
		"room.go", "if k.Status == Inactive || e.otherKeyActive(k.ID) {", "if k.ID != \"\" {")},
	{
		"delete the only Active key beside a previous that a stale list shows as Active", "lists behind, delete_unused", lastActiveKeyKept,
		one("keys.go", "settles := e.settling() && k.ID == e.record.Previous.ID", "settles := false"),
	},
	{"delete an unmanaged key for a revoke", "revocations", onlyOurKeys, one(
		"room.go", "if e.policy.UnmanagedKeys != DeleteUnused {", "if e.policy.UnmanagedKeys != DeleteUnused && !e.requests.revoke {")},
	{"delete the key of another resource", "other resources", otherResourceKept, one(
		"room.go", "k.Other || ", "")},
	{"adopt the key of another resource", "other resources", otherResourceKept, one(
		"keys.go", "!e.record.Manages(k.ID) && !k.Other", "!e.record.Manages(k.ID)")},
	{"delete an adopted key for a request", "adopted", onlyOurKeys, one(
		"room.go", "case p.Adopted && (requested || !e.currentActive()):", "case p == nil:")},
	{"remove the only Active key to make room", "durations", lastActiveKeyKept, one(
		"room.go", "case obstacle == nil:", "case obstacle == nil || obstacle.Cause == CauseOnlyActive:")},
	{"keep a dead current beside an unmanaged key", "unmanaged", retirementFinishes, one(
		"room.go", "case p == nil && e.currentInactive():", "case false:")},
	{"delete a dead current at once", "durations", graceBeforeDelete, one(
		"room.go", "if at := since.Add(e.policy.Grace); e.now.Before(at) {", "if at := since; e.now.Before(at) {")},
	{"delete a current of which nobody recorded that it is dead", "durations", graceBeforeDelete, one(
		"room.go", "if since.IsZero() {", "if false {")},
	{"adopt a key between a deletion and the creation", "adopted", createFirst, one(
		"decide.go", "e.roomMade = step.deletes() && e.rotates()", "e.roomMade = false")},
	{"adopt a key at a rotation", "unmanaged", stepsAnnounced, one(
		"after.go", "default:\n\t\treturn r\n\t}\n\tr.Previous = &p",
		"default:\n\t\ti := slices.IndexFunc(seen.Keys, func(k Key) bool { return k.ID != old.ID })\n\t\tif i < 0 {\n\t\t\treturn r\n\t\t}\n"+
			"\t\tp = Previous{ID: seen.Keys[i].ID, CreatedAt: seen.Keys[i].CreatedAt, ReplacedAt: out.At}\n\t}\n\tr.Previous = &p")},

	{"revoke leaves the old key Active", "revocations", revokeCompletes, one(
		"retire.go", "p.Revoked && e.previousKey().Status == Active", "p.Revoked && e.previousKey().Status == Inactive")},
	{"revoke marks no key", "revocations", revokeCompletes, one(
		"after.go", ", Revoked: step.Revoke}", "}")},
	{"revoke with current gone marks no key", "revocations", revokeCompletes, one(
		"after.go", "p.Revoked || step.Revoke", "p.Revoked")},
	{"revoke believes a list that shows its key as Active", "lists behind", unknownProvesNothing, one(
		"after.go", "(inactive || !step.Revoke)", "(inactive || step.Revoke)")},
	{"revoke deletes an Active current", "revocations", consumerAuthenticates, one(
		"room.go", "return e.requests.revoke && e.currentInactive() &&", "return e.requests.revoke && e.currentKey() != nil &&")},
	{"revoke keeps a dead current", "interrupted revocations", revokeConverges, one(
		"room.go", "return e.requests.revoke && e.currentInactive() &&", "return false &&")},
	{"revoke keeps an Inactive adopted key", "held adoptions", revokeMakesRoom, one(
		"room.go", "case e.requests.revoke && p != nil &&", "case false && p != nil &&")},

	{"late apply not confirmed", "durations", usedKeyKept, one(
		"confirm.go",
		"obstacle := e.stepObstacle(step); obstacle != nil {",
		"obstacle := e.stepObstacle(step); obstacle != nil && obstacle.Cause != CauseUsed {")},
	{"saved plan stale since a grace is over", "unmanaged", planEqualsApply, one(
		"confirm.go", "case allowed.deletes() && unused != nil && ", "case unused != nil && false && ")},
	{"saved plan stale since a list can be believed", "", "TestConfirm_revokeDeletesCurrentWhenListSettles", one(
		"confirm.go", "case allowed.deletes() && e.revokeDeletesCurrent() && ", "case false && ")},
}
