//go:build mutants

package rotation_test

// requestMutants change what becomes of requests, recordings and edited policies.
var requestMutants = []mutant{
	{"adopt a key in a plan that edits configuration", "adopted", editTakesNoClockStep, one(
		"decide.go", "if (e.clockDriven || e.requests.create) && !e.roomMade", "if !e.policy.Paused && !e.roomMade")},
	{"clock-driven step in a plan that edits configuration", "hold and pause", judgeIsTimeless, one(
		"decide.go", "e.clockDriven = !e.edited && !policy.Paused", "e.clockDriven = !policy.Paused")},
	{"ignore paused", "hold and pause", pausedStopsClock, one(
		"decide.go", "e.clockDriven = !e.edited && !policy.Paused", "e.clockDriven = !e.edited")},
	{"report no blocked rotation while paused", "hold and pause", blockedIsSaid, one(
		"obstacles.go", "if e.policy.Paused {", "if false {")},
	{"record a refused request", "unmanaged", dueNeverForgotten, one(
		"decide.go", "d.Steps, d.Refused = nil, obstacle\n", "_ = obstacle\n")},
	{"stop after a recorded deactivation", "durations", fixedPoint, one(
		"decide.go", "\t\te.advance(step)\n\t}\n",
		"\t\te.advance(step)\n\t\tif step.Kind == RecordDeactivated && e.dueReason() == \"\" {\n\t\t\tbreak\n\t\t}\n\t}\n")},
	{"ignore changed recipients", "recipients", sealedToRecipients, one(
		"decide.go", "e.requests.recipients = before.Recipients != policy.Recipients &&", "e.requests.recipients = false &&")},
	{"rotate although the plaintext is known", "recipients", noNeedlessRotation, one(
		"record.go", "return c.Sealed && (", "return (")},

	{"plan a step while the user is unknown", "unknown user", unknownProvesNothing, one(
		"decide.go", "if e.seen.UserUnknown {", "if false {")},
	{"record no request while the user is unknown", "unknown user", dueNeverForgotten, one(
		"decide.go", "return e.requestStep(e.unknownUser())", "return Step{}, false")},
	{"take a step although the user is unknown at apply", "unknown user", unknownProvesNothing, one(
		"confirm.go", "if e.seen.UserUnknown && step.Kind != RecordRequest {", "if false {")},
	{"refuse to record a request while the user is unknown", "unknown user", planEqualsApply, one(
		"confirm.go", "if e.seen.UserUnknown && step.Kind != RecordRequest {", "if e.seen.UserUnknown {")},
	{"take a key for deleted while the user is unknown", "", "TestConfirm_unknownUser", one(
		"confirm.go", "step.deletes() && !seen.UserUnknown && ", "step.deletes() && ")},
	{"revoke the key of an unknown user", "unknown user", dueNeverForgotten, one(
		"obstacles.go", "if e.seen.UserUnknown {\n\t\treturn e.unknownUser()", "if false {\n\t\treturn e.unknownUser()")},
	{"report no rotation blocked by an unknown user", "unknown user", blockedIsSaid, one(
		"obstacles.go", "unknown = e.unknownUser()", "unknown = nil")},
	{"report no retirement blocked by an unknown user", "unknown user", blockedIsSaid, one(
		"obstacles.go", "case e.seen.UserUnknown:", "case false:")},
	{"report another cause than an unknown user", "unknown user", causeIsTrue, []edit{
		{"obstacles.go", "CauseUnknownUser, CauseSigner, CauseExpired,", "CauseSigner, CauseExpired,"},
		{"obstacles.go", "CauseUnknownUse, CauseUsed, CauseHandover,\n}", "CauseUnknownUse, CauseUsed, CauseHandover, CauseUnknownUser,\n}"},
	}},
	{"drop a rollback of an unknown user", "unknown user, held", holdReactivates, one(
		"obstacles.go", "case e.mayReactivate():", "case false:")},

	{"drop a request that can't be met", "rotations", dueNeverForgotten, one(
		"decide.go", "e.pending = obstacle\n\t\treturn step, true", "return Step{}, false")},
	{"forget a pending request for another", "pending recipients", pendingNeverLost, one(
		"decide.go", "return e.record.Request.remaining(e.policy, e.record.Current).with(e.asked)",
		"if e.asked != \"\" {\n\t\treturn e.asked\n\t}\n\treturn e.record.Request.remaining(e.policy, e.record.Current)")},
	{"keep a request that a new key has answered", "rotations", pendingNeverLost, one(
		"after.go", "r.Request = \"\"\n", "")},
	{"never withdraw a request", "rotations", pendingNeverLost, one(
		"decide.go", "return step, step.Request != e.record.Request", "return step, false")},
	{"keep a request whose entry is gone", "rotations", pendingNeverLost, one(
		"request.go", "return !remains\n", "return remains && !remains\n")},
	{"keep a request for recipients that are back", "pending recipients", pendingNeverLost, one(
		"request.go", "recipients && current.sealedToOthers(policy)", "recipients")},
	{"never take up a pending request", "rotations", blockedIsSaid, one(
		"due.go", "asked != \"\" {", "asked == \"?\" {")},
	{"delete previous for a request during the overlap", "rotations", overlapKept, one(
		"room.go", "case !e.overlapOver():", "case false:")},
	{"delete previous for a request while it is used", "rotations", usedKeyKept, one(
		"room.go", "case use != nil:", "case false && use != nil:")},
	{"delete previous for a request before the handover", "handover", handoverKept, one(
		"room.go", "case handover != nil:", "case false && handover != nil:")},

	{"judge room by the time of the plan", "rotations", judgeIsTimeless, one(
		"due.go", "if e.room != nil && e.requests.deferrable() && !e.requests.revoke {", "if false {")},
	{"judge a young current by the time of the plan", "rotations", judgeIsTimeless, one(
		"obstacles.go", "if e.room != nil && e.requests.deferrable() && !e.requests.revoke {", "if false {")},
	{"judge a list by the time of the plan", "lists behind", judgeIsTimeless, one(
		"decide.go", "e.seen.settling(*e.record.Previous)", "e.record.Settling(e.seen, e.now)")},
	{"judge room before a pending revocation", "", "TestDecide_roomAfterPendingRevocation", one(
		"due.go", "if probe.revocationPending() {", "if false {")},
	{"delete what is held from now on", "held rotations", holdRetiresNothing, []edit{{
		"room.go", "step.Key == p.ID && e.held():", "step.Key == p.ID && false:",
	}, {
		"retire.go", "return e.policy.HoldPrevious && !e.requests.revoke", "return e.policy.HoldPrevious && !e.requests.newKey()",
	}}},
	{"plan to delete what is held from now on", "held rotations", planEqualsApply, one(
		"room.go", "step.Key == p.ID && e.held():", "step.Key == p.ID && false:")},

	{"forget that previous is gone", "durations", changesRecorded, one(
		"decide.go", "e.previousGone, e.record.Previous = p.ID, nil", "e.record.Previous = nil")},
	{"forget a new name", "renames", changesRecorded, one(
		"decide.go", "return e.record.User != \"\" && e.seen.User != \"\" && ", "return false && ")},
	{"forget that current was deactivated", "durations", changesRecorded, one(
		"decide.go", "case k.Status == Inactive && since.IsZero():", "case false:")},
	{"forget that current was reactivated", "durations", changesRecorded, one(
		"decide.go", "case k.Status == Active && !since.IsZero():", "case false:")},
	{"forget that previous was deactivated", "durations", changesRecorded, one(
		"decide.go", "case k.Status == Inactive && p.DeactivatedAt.IsZero():", "case false:")},
	{"forget that previous was reactivated", "durations", changesRecorded, one(
		"decide.go", "case k.Status == Active && !p.DeactivatedAt.IsZero() && !p.Revoked:", "case false:")},
	{"rotate before recordings", "durations", managedKeyNotLost, one(
		"decide.go", "if step, ok := e.recording(); ok {", "if step, ok := e.recording(); ok && !e.rotates() {")},
	{"record a new name after the edits alone", "renames", planEqualsApply, one(
		"confirm.go", "ok = e.renamed()", "ok = e.edited")},
	{"delete a proved key at create", "", "TestDecide_unmanagedAtCreate", one(
		"room.go", "if e.requests.create && k.usedAtAll() {", "if false {")},
	{"withdraw a request first", "", "TestDecide_recordsRequestLast", one(
		"decide.go", "if step, ok := e.recording(); ok {",
		"if step, ok := e.requestStep(nil); ok && step.Request == \"\" {\n\t\treturn step, true\n\t}\n"+
			"\tif step, ok := e.recording(); ok {")},
}
