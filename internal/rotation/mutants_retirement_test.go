//go:build mutants

package rotation_test

// retirementMutants change when a key is deactivated, reactivated or deleted.
var retirementMutants = []mutant{
	{"ignore the last use", "durations", usedKeyKept, one(
		"retire.go", "return ok && (d == 0 || !e.now.Before(since.Add(d)))", "return ok && (d == 0 || !since.IsZero())")},
	{"delete before deactivation", "durations", graceBeforeDelete, []edit{{
		"decide.go",
		"if e.clockDriven && e.deactivationObstacle() == nil {\n\t\treturn Step{Kind: Deactivate,",
		"if e.clockDriven && e.deactivationObstacle() == nil {\n\t\treturn Step{Kind: DeletePrevious,",
	}, {
		"confirm.go", "if e.clockDriven && e.mayDeleteInactive() {", "if e.clockDriven {",
	}}},
	{"count the grace from the replacement", "durations", graceBeforeDelete, one(
		"after.go", "p.DeactivatedAt, p.DeactivatedByUs = out.At, true", "p.DeactivatedAt, p.DeactivatedByUs = p.ReplacedAt, true")},
	{"retire at the instant of the rotation", "durations", fixedPoint, one(
		"retire.go", "!e.now.Before(p.DeactivateAt(e.policy)) && e.now.After(p.ReplacedAt)", "!e.now.Before(p.DeactivateAt(e.policy))")},
	{"ignore the overlap", "last use denied", overlapKept, one(
		"retire.go", "!e.now.Before(p.DeactivateAt(e.policy)) && e.now.After(p.ReplacedAt)", "e.now.After(p.ReplacedAt)")},
	{"wait until the last use", "durations", waitNamesFuture, one(
		"retire.go", "Until: since.Add(e.policy.RequireUnusedFor), Use", "Until: since, Use")},
	{"never deactivate an adopted key", "adopted", causeIsTrue, one(
		"retire.go", "case e.policy.HoldPrevious:", "case e.policy.HoldPrevious || p.Adopted:")},
	{"keep previous while recipients are expired", "recipients", retirementFinishes, one(
		"retire.go", "case e.policy.HoldPrevious:", "case e.policy.HoldPrevious || e.recipientsExpired():")},

	{"delete an Active previous before the grace", "durations", graceBeforeDelete, one(
		"retire.go", "!e.now.Before(end.Add(e.policy.Grace)) &&", "")},
	{"delete an Active previous that was used after the overlap", "durations", graceBeforeDelete, one(
		"retire.go", "!k.LastUse.At.After(end) && ", "")},
	{"delete an Active previous before the handover", "handover", handoverKept, one(
		"retire.go", " &&\n\t\te.handoverObstacle() == nil", "")},
	{"delete an Active previous for a clock-driven rotation", "durations", graceBeforeDelete, one(
		"room.go", "case !requested:", "case false:")},
	{"delete an Inactive previous for a clock-driven rotation", "durations", graceBeforeDelete, one(
		"room.go", "case k.Status == Inactive && (requested || !e.currentActive()):",
		"case k.Status == Inactive:\n\t\treturn nil\n\tcase false:")},

	{"ignore the handover", "handover", handoverKept, one(
		"retire.go", "case !handedOver:", "case false && !handedOver:")},
	{"wait for the handover though the next rotation is near", "handover", retirementFinishes, one(
		"retire.go", " && !e.nextRotationNear()", "")},
	{"wait for the handover though max_age is near", "max_age before the handover", maxAgeKept, one(
		"retire.go", " && !e.reachesMaxAge()", "")},
	{"retire at once what was old when it was replaced", "", "TestDecide_handoverMaxAge", one(
		"schedule.go", "return p.ReplacedAt.Before(at) && ", "return ")},
	{"take the proof of a new key for a handover", "handover", handoverKept, one(
		"keys.go", "!k.NeverUsed() && ", "")},
	{"take a later call of our own for a handover", "handover by proofs", handoverKept, one(
		"keys.go", " && !k.LastUse.isProof(o.SignedAt)", "")},
	{"take a use before the overlap for a handover", "handover by proofs", handoverKept, one(
		"keys.go", " && !k.LastUse.At.Before(r.Previous.ReplacedAt)", "")},
	{"never ask for the last use of current", "handover", causeIsTrue, one(
		"record.go", "case k.ID == r.Current.ID && (previous == nil || previous.Status == Inactive):",
		"case k.ID == r.Current.ID && previous == previous:")},

	{"ignore hold", "hold and pause", holdRetiresNothing, one(
		"retire.go", "case e.policy.HoldPrevious:", "case false:")},
	{"ignore hold before a deletion", "hold and pause", holdRetiresNothing, one(
		"retire.go", "return e.policy.HoldPrevious && !e.requests.revoke", "return false")},
	{"reactivate nothing", "hold and pause", holdReactivates, one(
		"decide.go", "e.requests.reactivate = policy.HoldPrevious && !before.HoldPrevious && !e.requests.revoke",
		"e.requests.reactivate = false")},
	{"believe that a list is up to date before a reactivation", "", "TestDecide_holdReactivatesWhileListIsStale", one(
		"decide.go", "(k.Status == Inactive || e.settling())", "k.Status == Inactive")},
	{"reactivate an Inactive current", "durations", inactiveStaysInactive, []edit{{
		"decide.go",
		"if step, ok := e.recording(); ok {",
		"if k := e.currentKey(); e.clockDriven && k != nil && k.Status == Inactive {\n" +
			"\t\treturn Step{Kind: Reactivate, Key: k.ID}, true\n\t}\n\tif step, ok := e.recording(); ok {",
	}, {
		"confirm.go", "ok = e.mayReactivate()", "ok = true",
	}, {
		"decision.go",
		"case RecordDeactivated, RecordReactivated, Reactivate, Deactivate, DeletePrevious:",
		"case RecordDeactivated, RecordReactivated, Deactivate, DeletePrevious:",
	}, {
		"after.go",
		"\tswitch step.Kind {\n\tcase Adopt:\n",
		"\tif step.Key == r.Current.ID && step.Kind == Reactivate {\n\t\treturn r\n\t}\n\tswitch step.Kind {\n\tcase Adopt:\n",
	}}},
	{"reactivate what somebody else deactivated", "hold and pause", inactiveStaysInactive, one(
		"decide.go", "p.DeactivatedByUs && !p.Revoked && (", "!p.Revoked && (")},
	{"reactivate a revoked key", "held revocations", inactiveStaysInactive, one(
		"decide.go", "p.DeactivatedByUs && !p.Revoked && (", "p.DeactivatedByUs && (")},

	{"retire the signer", "signer", signerKept, one(
		"retire.go", "case e.seen.Signs(p.ID):", "case false:")},
	{"delete the signer", "signer", signerKept, one(
		"retire.go", "k.Status != Inactive || e.held() || e.settling() || e.seen.Signs(p.ID)",
		"k.Status != Inactive || e.held() || e.settling()")},
	{"delete a current that signs", "signer", revokeConverges, one(
		"room.go", "if e.seen.Signs(k.ID) {\n\t\treturn Step{}", "if false {\n\t\treturn Step{}")},
	{"revoke the signer", "signer", revokeCompletes, one(
		"obstacles.go", "k.Status == Active && e.seen.Signs(k.ID)", "k.Status == Inactive && e.seen.Signs(k.ID)")},
	{"deactivate a revoked key that signs by now", "signer", signerKept, one(
		"retire.go", " && !e.seen.Signs(e.record.Previous.ID)", "")},
	{"know one signer only", "signer", signerKept, one(
		"observation.go", "return slices.Contains(o.Signers, id)", "return slices.Index(o.Signers, id) == 0")},

	{"retire a key of unknown last use", "last use denied, unused required", unknownProvesNothing, one(
		"observation.go", "return time.Time{}, false\n\t}\n\tif k.LastUse.At.IsZero()",
		"return time.Time{}, true\n\t}\n\tif k.LastUse.At.IsZero()")},
	{"delete an Inactive key of unknown last use", "last use denied", unknownProvesNothing, one(
		"retire.go", "// The grace is over unless the key was used since, and its last use is unknown.\n\t\treturn time.Time{}, false",
		"return p.DeleteAt(e.policy, Use{}), true")},
	{"delete an unmanaged key of unknown last use", "last use denied, unused required", unknownProvesNothing, one(
		"observation.go", "if k.LastUse == nil {\n\t\treturn false", "if k.LastUse == nil {\n\t\treturn true")},
	{"take an unknown last use of current for a handover", "handover of denied uses", handoverKept, one(
		"keys.go", "return false, false", "return true, true")},

	{"record a deactivation that a list may not show yet", "lists behind", unknownProvesNothing, one(
		"record.go", "return p.ReplacedAt\n\tcase", "return time.Time{}\n\tcase")},
	{"record a reactivation that a list shows though we deactivated", "lists behind", unknownProvesNothing, one(
		"record.go", "return p.DeactivatedAt\n\tdefault", "return time.Time{}\n\tdefault")},
	{"believe a list after two minutes", "lists behind for minutes", unknownProvesNothing, one(
		"due.go", "const settlesWithin = 5 * time.Minute", "const settlesWithin = 2 * time.Minute")},
	{"delete by a list that may be behind", "lists behind", unknownProvesNothing, one(
		"room.go", "case e.settling():", "case false:")},
	{"record what a list shows at a rotation", "lists behind", unknownProvesNothing, one(
		"after.go", "if k != nil && seen.settling(p) &&", "if k != nil && false &&")},
	{"record what settles by the time of the apply", "lists behind", planShowsResult, one(
		"after.go", "if k != nil && seen.settling(p) &&", "if k != nil && r.Settling(seen, out.At) &&")},
	{"begin the grace of an Active key", "durations", graceBeforeDelete, one(
		"confirm.go", "return inactive(earlier) && !inactive(seen)", "return false && inactive(earlier)")},
	{"never believe a list", "lists behind", changesRecorded, one(
		"record.go", "return !since.IsZero() && at.Before(since.Add(settlesWithin))", "return !since.IsZero()")},

	{"report no blocked retirement while current is unused", "handover", blockedIsSaid, one(
		"obstacles.go", "default:\n\t\treturn e.deactivationObstacle()", "default:\n\t\treturn nil")},
	{"report no blocked retirement while paused", "hold and pause", blockedIsSaid, one(
		"obstacles.go", "case e.policy.Paused:\n\t\treturn &Obstacle{Cause: CausePaused, Key: p.ID}", "case e.policy.Paused:\n\t\treturn nil")},
	{"report no blocked retirement under hold", "hold and pause", blockedIsSaid, one(
		"obstacles.go", "case e.policy.HoldPrevious:\n\t\treturn &Obstacle{Cause: CauseHeld, Key: p.ID}",
		"case e.policy.HoldPrevious:\n\t\treturn nil")},
	{"report no blocked deletion of unknown last use", "last use denied", blockedIsSaid, one(
		"obstacles.go", "case deletes && k.LastUse == nil:", "case false:")},
	{"report a blocked retirement before its time", "last use denied", blockedIsSaid, one(
		"obstacles.go", "e.currentActive() && e.overlapOver())", "e.currentActive())")},
	{"name somebody else for a key that was revoked", "held revocations", causeIsTrue, one(
		"obstacles.go", "case p.Revoked:", "case false:")},
}
