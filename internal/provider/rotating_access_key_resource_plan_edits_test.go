package provider_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// anythingMayChange is what a plan shows where a value is unknown that may ask for a rotation.
var anythingMayChange = changes{
	"account_id": knownAfterApply, "user_unique_id": knownAfterApply, "access_key_id": knownAfterApply, "secret_access_key": knownAfterApply,
	"encrypted_secret": knownAfterApply, "status": knownAfterApply, "created_at": knownAfterApply, "inactive_since": knownAfterApply,
	"rotate_at": knownAfterApply, "compliant_until": knownAfterApply, "last_change": knownAfterApply, "rotation_requested": knownAfterApply,
	"retirement_blocked": knownAfterApply, "previous_access_key_id": knownAfterApply, "rotation_blocked": knownAfterApply,
	"version":  knownAfterApply,
	"previous": knownAfterApply,
}

func TestModifyPlan_durations(t *testing.T) {
	t.Parallel()
	const dueSince = "Warning: Changed configuration makes a rotation due | Key k1 of user \"ci\" is rotated at 30d | since " +
		"2026-01-31 00:00:00 UTC"
	testPlans(t, []planRow{
		{
			name: "spelled anew", before: rotate,
			config: attributes{"rotate_after": "2160h", "overlap": "168h", "grace": "1w", "require_unused_for": "1w1d"},
		},
		{
			name: "rotate_after longer", before: createAndWait("30d"), config: attributes{"rotate_after": "180d"},
			changes: changes{"rotate_after": "180d", "rotate_at": "2026-06-30T00:00:00Z"},
		},
		{
			name: "rotate_after shorter", before: createAndWait("30d-1s"), config: attributes{"rotate_after": "30d"},
			changes: changes{"rotate_after": "30d", "rotate_at": "2026-01-31T00:00:00Z"},
		},
		{
			name: "rotate_after shorter, already reached", before: createAndWait("30d"), config: attributes{"rotate_after": "30d"},
			changes: changes{"rotate_after": "30d", "rotate_at": "2026-01-31T00:00:00Z"},
			says:    []string{dueSince},
		},
		{
			name: "rotate_after removed", before: create(release("1")), config: release("1").with(attributes{"rotate_after": nil}),
			changes: changes{"rotate_after": null, "rotate_at": null},
		},
		{
			name: "rotate_after added", before: create(release("1").with(attributes{"rotate_after": nil})), config: release("1"),
			changes: changes{"rotate_after": "90d", "rotate_at": "2026-04-01T00:00:00Z"},
		},
		{
			name: "overlap, no previous", before: create(nil), config: attributes{"overlap": "1d"},
			changes: changes{"overlap": "1d"},
		},
		{
			name: "overlap", before: rotate, config: attributes{"overlap": "169h"},
			changes: changes{"overlap": "169h", "previous.deactivate_at": "2026-04-08T01:00:00Z"},
		},
		{
			name: "grace, previous Active", before: rotate, config: attributes{"grace": "1d"},
			changes: changes{"grace": "1d"},
		},
		{
			name: "grace, previous Inactive", before: deactivate, config: attributes{"grace": "1d"},
			changes: changes{"grace": "1d", "previous.delete_at": "2026-04-09T00:00:00Z"},
		},
		{
			name: "require_unused_for", before: rotate, config: attributes{"require_unused_for": "1d"},
			changes: changes{"require_unused_for": "1d"},
		},
		{
			name: "default spelled out", before: create(nil), config: attributes{"overlap": "7d", "unmanaged_keys": "refuse", "paused": false},
		},
	})
}

// A plan that changes the policy takes no step that only time calls for, and says so. What only changes the record is done.
func TestModifyPlan_policyChangedWhileDue(t *testing.T) {
	t.Parallel()
	const left = "Warning: Due step is left to the next plan | "
	testPlans(t, []planRow{
		{
			name: "rotation due", before: createAndWait("90d"), config: attributes{"overlap": "1d"},
			changes: changes{"overlap": "1d"},
			says:    []string{left + "rotate k1: created 2026-01-01, reached 90d"},
		},
		{
			name: "rotation due, rotate_when_changed", before: createAndWait("90d"), config: release("1"),
			changes: rotatedBy("asked by rotate_when_changed (release)").with(changes{"rotate_when_changed.release": "1"}),
		},
		{
			name: "deactivation due",
			before: func(ws *workspace) {
				rotate(ws)
				ws.useKey("k2")
				ws.Advance("7d")
			},
			config:  attributes{"grace": "1d"},
			changes: changes{"grace": "1d"},
			says:    []string{left + "deactivate k1: overlap over, never used, current in use | The next plan takes"},
		},
		{
			name: "deletion due",
			before: func(ws *workspace) {
				deactivate(ws)
				ws.Advance("7d")
			},
			config:  attributes{"paused": true},
			changes: changes{"paused": "true"},
			says:    []string{left + "delete k1: Inactive since 2026-04-08, grace over | While paused is set"},
		},
		{
			name: "previous deactivated by hand",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("10m")
				ws.setStatus("k1", "Inactive")
			},
			config:    attributes{"overlap": "1d"},
			refreshed: changes{"previous.status": "Inactive"},
			changes: changes{
				"overlap": "1d", "previous.deactivate_at": "2026-04-02T00:00:00Z", "previous.deactivated_at": knownAfterApply,
				"previous.deactivated_by": "other", "previous.delete_at": knownAfterApply,
				"last_change": "record k1: deactivated by somebody else",
			},
		},
		{
			name: "previous deactivated by hand, while the list may be stale",
			before: func(ws *workspace) {
				rotate(ws)
				ws.setStatus("k1", "Inactive")
			},
			config:  attributes{"overlap": "1d"},
			changes: changes{"overlap": "1d", "previous.deactivate_at": "2026-04-02T00:00:00Z"},
		},
		{
			name: "previous deleted by hand, paused",
			before: func(ws *workspace) {
				rotate(ws)
				ws.deleteKey("k1")
			},
			config:    attributes{"paused": true},
			refreshed: changes{"previous.status": "Missing"},
			changes:   deleted("record k1: no longer exists").with(changes{"paused": "true"}),
		},
		{
			name: "adoption, by the plan that sets retire",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.apply(nil)
			},
			config: attributes{"unmanaged_keys": "retire"},
			refreshSays: []string{"Warning: Unmanaged access key will block the rotation | Key theirs (Active | " +
				`of user "ci" will block the rotation of 2026-04-01 00:00:00 UTC, as configured so far.`},
			changes: changes{"unmanaged_keys": "retire"},
		},
	})
}

// What blocks a rotation or a retirement and may be taken away is unknown in the plan that does it, so that a postcondition on
// rotation_blocked or retirement_blocked does not forbid the remedy.
func TestModifyPlan_unblocked(t *testing.T) {
	t.Parallel()
	waits := func(cause string) []string {
		return []string{`Warning: Rotation is due and waits | User "ci", as configured so far: ` + cause}
	}
	const unmanagedKey = "the slot is taken by key theirs, which this resource does not manage"
	const usedKey = "key k1 is still in use"
	blockedByUse := func(ws *workspace) {
		rotate(ws)
		ws.useKey("k2")
		ws.Advance("90d")
		ws.useKey("k1")
	}
	usedSays := append(waits(usedKey), `Warning: Previous access key is still in use | User "ci", as configured so far: `+usedKey)
	blockedByTheirs := func(ws *workspace) {
		ws.createForeignKey("theirs")
		createAndWait("90d")(ws)
	}
	key := acctest.NewPGPKey(t)
	key.Expire(acctest.Start.AddDate(0, 0, 60))
	expired := attributes{"encrypted_output": attributes{"openpgp_public_keys": []string{key.Public()}}}
	key.Expire(acctest.Start.AddDate(10, 0, 0))
	prolonged := key.Public()
	testPlans(t, []planRow{
		{
			name: "paused unset",
			before: func(ws *workspace) {
				ws.apply(attributes{"paused": true})
				ws.Advance("90d")
			},
			refreshed: changes{"rotation_blocked": "paused is set"},
			refreshSays: append(waits("paused is set"), "Warning: Change freeze has lasted for more than 30 days | "+
				"paused has been set since 2026-01-01 00:00:00 UTC. As long as it is, no step is taken that only time calls for."),
			changes: changes{"paused": "false", "rotation_blocked": knownAfterApply},
		},
		{
			name: "hold_previous unset",
			before: func(ws *workspace) {
				rotate(ws)
				ws.apply(attributes{"hold_previous": true})
				ws.Advance("90d")
			},
			refreshed: changes{
				"rotation_blocked": "hold_previous keeps key k1", "retirement_blocked": "hold_previous keeps key k1",
			},
			refreshSays: append(waits("hold_previous keeps key k1"), "Warning: Rollback has lasted for more than 30 days | "+
				"hold_previous has been set since 2026-04-01 00:00:00 UTC. As long as it is, previous key k1 is not retired"),
			changes: changes{"hold_previous": "false", "rotation_blocked": knownAfterApply, "retirement_blocked": knownAfterApply},
		},
		{
			name: "unmanaged_keys changed", before: blockedByTheirs, config: attributes{"unmanaged_keys": "delete_unused"},
			refreshed: changes{"rotation_blocked": unmanagedKey}, refreshSays: waits(unmanagedKey),
			changes: changes{"unmanaged_keys": "delete_unused", "rotation_blocked": knownAfterApply},
		},
		{
			name: "require_unused_for changed", before: blockedByUse, config: attributes{"require_unused_for": "0s"},
			refreshed: changes{"rotation_blocked": usedKey, "retirement_blocked": usedKey}, refreshSays: usedSays,
			changes: changes{"require_unused_for": "0s", "rotation_blocked": knownAfterApply, "retirement_blocked": knownAfterApply},
		},
		{
			name: "recipient prolonged",
			before: func(ws *workspace) {
				ws.apply(expired)
				ws.Advance("90d")
			},
			config:      attributes{"encrypted_output": attributes{"openpgp_public_keys": []string{prolonged}}},
			refreshed:   changes{"rotation_blocked": "a recipient of encrypted_output has expired"},
			refreshSays: waits("a recipient of encrypted_output has expired"),
			changes:     changes{"encrypted_output.openpgp_public_keys": prolonged, "rotation_blocked": knownAfterApply},
		},
		{
			// The plan does what the Read says is blocked.
			name: "revoked", before: blockedByUse, config: attributes{"revoke_when_changed": attributes{"incident": "1"}},
			refreshed: changes{"rotation_blocked": usedKey, "retirement_blocked": usedKey}, refreshSays: usedSays,
			changes: newKey.with(previousK2).with(changes{
				"revoke_when_changed.incident": "1", "rotation_blocked": knownAfterApply, "retirement_blocked": knownAfterApply,
				"previous.status": "Inactive", "previous.revoked": "true", "previous.deactivated_at": knownAfterApply,
				"previous.deactivated_by": "iamkeys", "previous.delete_at": knownAfterApply,
				"last_change": "delete k1: Active, unused since 2026-06-30, to make room; rotate k2: asked by revoke_when_changed (incident); " +
					"deactivate k2: revoked",
			}),
			says: []string{
				"Warning: Active access key is deleted to make room for a new one | Key k1 (Active",
				"Warning: Access key is revoked | Key k2 (Active | stops working in this apply",
			},
		},
		{
			name: "recipient replaced before a rotation is due",
			before: func(ws *workspace) {
				ws.apply(expired)
				ws.Advance("60d")
			},
			config: attributes{"encrypted_output": attributes{"openpgp_public_keys": []string{prolonged}}},
			refreshSays: []string{`Warning: Recipient of encrypted_output has expired | User "ci", as configured so far: it expired at ` +
				"2026-03-02 00:00:00 UTC, and the next rotation will wait for another."},
			changes: changes{"encrypted_output.openpgp_public_keys": prolonged},
		},
		{
			name: "another setting changed", before: blockedByTheirs, config: attributes{"overlap": "1d"},
			refreshed: changes{"rotation_blocked": unmanagedKey}, refreshSays: waits(unmanagedKey),
			changes: changes{"overlap": "1d"},
		},
	})
}

func TestModifyPlan_noPolicy(t *testing.T) {
	t.Parallel()
	testPlans(t, []planRow{
		{
			name: "description set", before: create(nil), config: attributes{"description": "ci deployer"},
			changes: changes{"description": "ci deployer"},
		},
		{
			name: "description removed", before: create(attributes{"description": "ci deployer"}),
			changes: changes{"description": null},
		},
		{
			name: "wait_until_usable", before: create(nil), config: attributes{"wait_until_usable": false},
			changes: changes{"wait_until_usable": "false"},
		},
		{
			name: "skip_destroy", before: create(nil), config: attributes{"skip_destroy": true},
			changes: changes{"skip_destroy": "true"},
		},
		{
			name: "description while a rotation is due", before: createAndWait("90d"), config: attributes{"description": "ci deployer"},
			changes: rotated.with(changes{"description": "ci deployer"}),
		},
		{
			name: "description unknown", before: create(nil), config: attributes{"description": knownAfterApply},
			changes: changes{"description": knownAfterApply},
			atApply: attributes{"description": "ci deployer"},
		},
		{
			name: "explain_usage", before: create(nil), config: attributes{"explain_usage": true},
			changes: changes{"explain_usage": "true"},
		},
		{
			name: "skip_destroy unknown", before: create(nil), config: attributes{"skip_destroy": knownAfterApply},
			changes: changes{"skip_destroy": knownAfterApply},
			atApply: attributes{"skip_destroy": true},
		},
		{
			name: "wait_until_usable unknown while a rotation is due", before: createAndWait("90d"),
			config:  attributes{"wait_until_usable": knownAfterApply},
			changes: rotated.with(changes{"wait_until_usable": knownAfterApply}),
			atApply: attributes{"wait_until_usable": true},
		},
	})
}

// notKnownYet begins the warning that it depends on an unknown value what happens to keys.
const notKnownYet = "Warning: What happens to the access keys depends on a value that is not known yet | "

func TestModifyPlan_unknown(t *testing.T) {
	t.Parallel()
	// unknownValue is a row in which the value of an attribute is not known in the plan. At apply it is atApply.
	unknownValue := func(name string, atApply any) planRow {
		return planRow{
			name: name, before: create(nil), config: attributes{name: knownAfterApply},
			changes: anythingMayChange.with(changes{name: knownAfterApply}), atApply: attributes{name: atApply},
		}
	}
	testPlans(t, []planRow{
		unknownValue("rotate_after", "90d"),
		unknownValue("max_age", "120d"),
		unknownValue("apply_every", "2d"),
		unknownValue("rotation_spread", "1d"),
		unknownValue("wait_for_handover", false),
		unknownValue("overlap", "1d"),
		unknownValue("grace", "1d"),
		unknownValue("require_unused_for", "1d"),
		unknownValue("rotate_when_changed", attributes{"release": "1"}),
		unknownValue("revoke_when_changed", attributes{"incident": "1"}).saying(notKnownYet + "stop current key k1"),
		unknownValue("hold_previous", true),
		unknownValue("paused", true),
		unknownValue("unmanaged_keys", "retire"),
		unknownValue("encrypted_output", nil),
		{
			name: "element of rotate_when_changed, the same at apply", before: create(release("1")), config: release(knownAfterApply),
			changes: anythingMayChange.with(changes{"rotate_when_changed.release": knownAfterApply}),
			atApply: release("1"),
		},
		{
			name: "element of rotate_when_changed, another at apply", before: create(release("1")), config: release(knownAfterApply),
			changes: anythingMayChange.with(changes{"rotate_when_changed.release": knownAfterApply}),
			atApply: release("2"),
		},
		{
			name: "element of rotate_when_changed, a rotation due", before: func(ws *workspace) {
				ws.apply(release("1"))
				ws.Advance("90d")
			},
			config:  release(knownAfterApply),
			changes: anythingMayChange.with(changes{"rotate_when_changed.release": knownAfterApply}),
			says:    []string{notKnownYet + "the apply does what is due: rotate k1: created 2026-01-01, reached 90d."},
			atApply: release("1"),
		},
		{
			name: "element of rotate_when_changed, a previous", before: func(ws *workspace) {
				rotateWith(release("1"))(ws)
				ws.useKey("k2")
				ws.Advance("7d")
			},
			config:  release(knownAfterApply),
			changes: anythingMayChange.with(changes{"rotate_when_changed.release": knownAfterApply}),
			says: []string{notKnownYet + "deactivate, reactivate or delete previous key k1 (Active" +
				" | the apply does what is due: deactivate k1: overlap over, never used, current in use."},
			atApply: release("2"),
		},
		{
			name: "recipient, the same at apply", before: create(encryptedTo(alice)), config: encryptedTo(knownAfterApply),
			changes: anythingMayChange.with(changes{"encrypted_output.age_recipients": knownAfterApply}),
			atApply: encryptedTo(alice),
		},
		{
			name: "recipient, another at apply", before: create(encryptedTo(alice)), config: encryptedTo(knownAfterApply),
			changes: anythingMayChange.with(changes{"encrypted_output.age_recipients": knownAfterApply}),
			atApply: encryptedTo(bob),
		},
		{
			name: "encrypted_output, set at apply", before: create(nil), config: attributes{"encrypted_output": knownAfterApply},
			changes: anythingMayChange.with(changes{"encrypted_output": knownAfterApply}),
			atApply: encryptedTo(alice),
		},
		{
			name: "user", before: create(nil), config: attributes{"user": knownAfterApply},
			changes: changes{"user": knownAfterApply, "id": knownAfterApply},
			atApply: attributes{"user": "ci"},
		},
		{
			name: "user, a rotation due", before: createAndWait("90d"), config: attributes{"user": knownAfterApply},
			changes: rotated.with(changes{"user": knownAfterApply, "id": knownAfterApply}),
			atApply: attributes{"user": "ci"},
		},
	})
}
