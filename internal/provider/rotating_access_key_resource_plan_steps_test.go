package provider_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// rotated is what the plan of a rotation by age shows for k1, a key in plain text that nobody replaced before.
var rotated = newKey.with(previousK1).with(changes{
	"last_change": "rotate k1: created 2026-01-01, reached 90d",
})

// newKey is what a plan shows of a new key in plain text.
var newKey = changes{
	"access_key_id": knownAfterApply, "secret_access_key": knownAfterApply, "created_at": knownAfterApply, "rotate_at": knownAfterApply,
	"version": knownAfterApply,
}

// previousK1 is what a plan shows of k1 when it becomes previous.
var previousK1 = changes{
	"previous_access_key_id": "k1", "previous.access_key_id": "k1", "previous.secret_access_key": "secret of k1",
	"previous.encrypted_secret": null,
	"previous.status":           "Active", "previous.created_at": "2026-01-01T00:00:00Z", "previous.replaced_at": knownAfterApply,
	"previous.deactivate_at": knownAfterApply, "previous.deactivated_at": null, "previous.deactivated_by": null,
	"previous.delete_at": null, "previous.adopted": "false", "previous.revoked": "false",
}

// previousK2 is what a plan changes of previous when k2 becomes previous in the place of k1, which was Active until then.
var previousK2 = changes{
	"previous_access_key_id": "k2", "previous.access_key_id": "k2", "previous.secret_access_key": "secret of k2",
	"previous.created_at":  "2026-04-01T00:00:00Z",
	"previous.replaced_at": knownAfterApply, "previous.deactivate_at": knownAfterApply,
}

// deleted is what a plan shows of a previous that it deletes, or records as deleted.
func deleted(lastChange string) changes {
	return changes{"previous_access_key_id": null, "previous": null, "last_change": lastChange}
}

// create creates k1 on 2026-01-01 with a configuration of more.
func create(more attributes) func(ws *workspace) { return func(ws *workspace) { ws.apply(more) } }

// createAndWait creates k1 with the default configuration and lets time pass.
func createAndWait(span string) func(ws *workspace) {
	return func(ws *workspace) {
		ws.apply(nil)
		ws.Advance(span)
	}
}

// rotate creates k1, which nobody ever uses, and replaces it by k2 on 2026-04-01, by age.
func rotate(ws *workspace) { rotateWith(nil)(ws) }

// rotateWith is rotate with a configuration of more.
func rotateWith(more attributes) func(ws *workspace) {
	return func(ws *workspace) {
		ws.apply(more)
		ws.Advance("90d")
		ws.apply(more)
		ws.clearLastUse("k1")
	}
}

// deactivate rotates, lets consumers use k2, and deactivates k1 on 2026-04-08.
func deactivate(ws *workspace) {
	rotate(ws)
	ws.useKey("k2")
	ws.Advance("7d")
	ws.apply(nil)
}

// deletesTheirs is the warning that an unmanaged key is deleted to make room.
const deletesTheirs = "Warning: Unmanaged access key is deleted to make room for a new one | " +
	`Key theirs (Active, created 2026-01-01 00:00:00 UTC, never used) of user "ci"`

// deactivated is what a plan shows of a previous that it deactivates.
func deactivated(lastChange string) changes {
	return changes{
		"previous.status": "Inactive", "previous.deactivated_at": knownAfterApply, "previous.deactivated_by": "iamkeys",
		"previous.delete_at": knownAfterApply, "last_change": lastChange,
	}
}

func TestModifyPlan_steps(t *testing.T) {
	t.Parallel()
	testPlans(t, []planRow{
		{name: "steady", before: create(nil)},
		{name: "a second before the rotation", before: createAndWait("90d-1s")},
		{name: "rotation due", before: createAndWait("90d"), changes: rotated},
		{
			name: "rotation due, description set",
			before: func(ws *workspace) {
				ws.apply(attributes{"description": "ci deployer"})
				ws.Advance("90d")
			},
			config:  attributes{"description": "ci deployer"},
			changes: rotated,
		},
		{
			name: "encrypted, rotation due",
			before: func(ws *workspace) {
				ws.apply(encryptedTo(alice))
				ws.Advance("90d")
			},
			config: encryptedTo(alice),
			changes: rotated.without("secret_access_key").with(changes{
				"encrypted_secret": knownAfterApply, "previous.secret_access_key": null, "previous.encrypted_secret": "encrypted secret of k1",
			}),
		},
		{name: "overlap not over", before: func(ws *workspace) {
			rotate(ws)
			ws.Advance("7d-1s")
		}},
		{
			name: "deactivation due",
			before: func(ws *workspace) {
				rotate(ws)
				ws.useKey("k2")
				ws.Advance("7d")
			},
			changes: deactivated("deactivate k1: overlap over, never used, current in use"),
		},
		{
			name: "deactivation due, current never used",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("7d")
			},
			refreshed: changes{"retirement_blocked": "nobody has used the current key since the overlap of key k1 began"},
			refreshSays: []string{"Warning: Previous access key waits for a use of the current one | User \"ci\", as configured so far: nobody " +
				"has used the current key since the overlap of key k1 began; key k1 is Active, created 2026-01-01 00:00:00 UTC, never used."},
		},
		{
			name: "deactivation due, current never used, without wait_for_handover",
			before: func(ws *workspace) {
				rotateWith(attributes{"wait_for_handover": false})(ws)
				ws.Advance("7d")
			},
			config:  attributes{"wait_for_handover": false},
			changes: deactivated("deactivate k1: overlap over, never used, current not used"),
			says:    []string{"Warning: Previous access key is deactivated without a handover | Key k1 (Active | current key k2"},
		},
		{
			name: "deactivation due, current never used, next rotation near",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("81d")
			},
			refreshed: changes{},
			changes:   deactivated("deactivate k1: overlap over, never used, current not used"),
			says:      []string{"Warning: Previous access key is deactivated without a handover | Key k1 (Active"},
		},
		{
			name: "previous still in use",
			before: func(ws *workspace) {
				rotate(ws)
				ws.useKey("k2")
				ws.Advance("7d")
				ws.useKey("k1")
			},
			refreshed: changes{"retirement_blocked": "key k1 is still in use"},
			refreshSays: []string{"Warning: Previous access key is still in use | key k1 is still in use | last used at 2026-04-08 00:00:00 UTC " +
				"by s3 in eu-west-1), not before 2026-04-16 00:00:00 UTC"},
		},
		{name: "grace not over", before: func(ws *workspace) {
			deactivate(ws)
			ws.Advance("7d-1s")
		}},
		{
			name: "deletion due",
			before: func(ws *workspace) {
				deactivate(ws)
				ws.Advance("7d")
			},
			changes: deleted("delete k1: Inactive since 2026-04-08, grace over"),
		},
		{
			name: "deletion put off by a late use",
			before: func(ws *workspace) {
				deactivate(ws)
				ws.Advance("1d")
				ws.useKey("k1")
				ws.Advance("6d")
			},
			refreshed: changes{"previous.delete_at": "2026-04-16T00:00:00Z"},
		},
		{
			name: "deactivation and deletion due, without a grace",
			before: func(ws *workspace) {
				rotateWith(attributes{"grace": "0s"})(ws)
				ws.useKey("k2")
				ws.Advance("7d")
			},
			config:  attributes{"grace": "0s"},
			changes: deleted("deactivate k1: overlap over, never used, current in use; delete k1: Inactive, grace over"),
		},
		{
			name: "deletion and rotation due",
			before: func(ws *workspace) {
				deactivate(ws)
				ws.Advance("83d")
			},
			changes: newKey.with(previousK2).with(changes{
				"last_change":     "delete k1: Inactive since 2026-04-08, grace over; rotate k2: created 2026-04-01, reached 90d",
				"previous.status": "Active", "previous.deactivated_at": null, "previous.deactivated_by": null, "previous.delete_at": null,
			}),
		},
		{
			name: "next rotation due, previous Active and long unused",
			before: func(ws *workspace) {
				rotate(ws)
				ws.useKey("k2")
				ws.Advance("90d")
			},
			changes: newKey.with(previousK2).with(changes{
				"last_change": "delete k1: Active, never used, to make room; rotate k2: created 2026-04-01, reached 90d",
			}),
			says: []string{"Warning: Active access key is deleted to make room for a new one | Key k1 (Active"},
		},
	})
}

func TestModifyPlan_changedByHand(t *testing.T) {
	t.Parallel()
	const gone = "Warning: Current access key is not listed by IAM | key k1 "
	testPlans(t, []planRow{
		{
			name: "previous deactivated",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("10m")
				ws.setStatus("k1", "Inactive")
			},
			refreshed: changes{"previous.status": "Inactive"},
			changes: changes{
				"last_change":             "record k1: deactivated by somebody else",
				"previous.deactivated_at": knownAfterApply, "previous.deactivated_by": "other", "previous.delete_at": knownAfterApply,
			},
		},
		{
			name: "previous reactivated",
			before: func(ws *workspace) {
				deactivate(ws)
				ws.Advance("10m")
				ws.setStatus("k1", "Active")
			},
			refreshed: changes{"previous.status": "Active"},
			changes: changes{
				"last_change":          "record k1: reactivated by somebody else",
				"previous.replaced_at": knownAfterApply, "previous.deactivate_at": knownAfterApply, "previous.deactivated_at": null,
				"previous.deactivated_by": null, "previous.delete_at": null,
			},
		},
		{
			name: "previous deleted",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("10m")
				ws.deleteKey("k1")
			},
			refreshed: changes{"previous.status": "Missing"},
			changes:   deleted("record k1: no longer exists"),
		},
		{
			name: "current deleted",
			before: func(ws *workspace) {
				createAndWait("10m")(ws)
				ws.deleteKey("k1")
			},
			refreshed:   changes{"status": "Missing"},
			refreshSays: []string{gone},
			changes:     newKey.with(changes{"status": "Active", "last_change": "rotate k1: no longer exists"}),
		},
		{
			name: "current deleted, previous Active",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("10m")
				ws.deleteKey("k2")
			},
			refreshed:   changes{"status": "Missing"},
			refreshSays: []string{"Warning: Current access key is not listed by IAM | key k2 "},
			changes: newKey.with(changes{
				"status": "Active", "last_change": "rotate k2: no longer exists",
				"previous.replaced_at": knownAfterApply, "previous.deactivate_at": knownAfterApply,
			}),
		},
		{
			name: "current deleted, previous Inactive",
			before: func(ws *workspace) {
				deactivate(ws)
				ws.Advance("1d")
				ws.deleteKey("k2")
			},
			refreshed:   changes{"status": "Missing"},
			refreshSays: []string{"Warning: Current access key is not listed by IAM | key k2 "},
			changes: newKey.with(changes{
				"status": "Active", "last_change": "rotate k2: no longer exists", "previous.replaced_at": knownAfterApply,
				"previous.deactivate_at": knownAfterApply, "previous.deactivated_at": knownAfterApply, "previous.delete_at": knownAfterApply,
			}),
		},
		{
			name: "current deactivated",
			before: func(ws *workspace) {
				createAndWait("1d")(ws)
				ws.setStatus("k1", "Inactive")
			},
			refreshed: changes{"status": "Inactive"},
			changes: newKey.with(previousK1).with(changes{
				"status": "Active", "last_change": "rotate k1: deactivated by somebody else",
				"previous.status": "Inactive", "previous.deactivated_at": knownAfterApply, "previous.deactivated_by": "other",
				"previous.delete_at": knownAfterApply,
			}),
		},
		{
			name: "current deactivated in the overlap, its grace over",
			before: func(ws *workspace) {
				rotate(ws)
				ws.setStatus("k2", "Inactive")
				ws.apply(nil)
				ws.Advance("7d")
			},
			refreshed: changes{"rotation_blocked": null},
			changes: newKey.with(changes{
				"status": "Active", "inactive_since": null,
				"last_change":          "delete k2: Inactive since 2026-04-01, to make room; rotate k2: deactivated by somebody else",
				"previous.replaced_at": knownAfterApply, "previous.deactivate_at": knownAfterApply,
			}),
			says: []string{"Warning: Inactive access key is deleted to make room for a new one | Key k2 (Inactive"},
		},
		{
			name: "current and previous deactivated",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("1d")
				ws.setStatus("k1", "Inactive")
				ws.setStatus("k2", "Inactive")
			},
			refreshed: changes{"status": "Inactive", "previous.status": "Inactive"},
			changes: newKey.with(previousK2).with(changes{
				"status": "Active", "last_change": "record k1: deactivated by somebody else; delete k1: Inactive, to make room; " +
					"rotate k2: deactivated by somebody else",
				"previous.deactivated_at": knownAfterApply, "previous.deactivated_by": "other", "previous.delete_at": knownAfterApply,
			}),
			says: []string{"Warning: Inactive access key is deleted to make room for a new one | Key k1 (Inactive"},
		},
		{
			name: "key created by hand, adopted",
			before: func(ws *workspace) {
				ws.apply(attributes{"unmanaged_keys": "retire"})
				ws.Advance("1d")
				ws.createForeignKey("theirs")
			},
			config: attributes{"unmanaged_keys": "retire"},
			changes: previousK1.with(changes{
				"previous_access_key_id": "theirs", "previous.access_key_id": "theirs", "previous.secret_access_key": null,
				"previous.created_at": "2026-01-02T00:00:00Z",
				"previous.adopted":    "true", "last_change": "adopt theirs: unmanaged_keys is retire",
			}),
			says: []string{"Warning: Unmanaged access key is adopted | Key theirs (Active"},
		},
		{
			name: "Inactive key created by hand, adopted",
			before: func(ws *workspace) {
				ws.apply(attributes{"unmanaged_keys": "retire"})
				ws.Advance("1d")
				ws.createForeignKey("theirs")
				ws.setStatus("theirs", "Inactive")
			},
			config: attributes{"unmanaged_keys": "retire"},
			changes: previousK1.with(changes{
				"previous_access_key_id": "theirs", "previous.access_key_id": "theirs", "previous.secret_access_key": null,
				"previous.created_at": "2026-01-02T00:00:00Z",
				"last_change":         "adopt theirs: unmanaged_keys is retire",
				"previous.adopted":    "true", "previous.status": "Inactive", "previous.deactivated_at": knownAfterApply,
				"previous.deactivated_by": "other", "previous.delete_at": knownAfterApply,
			}),
			says: []string{"Warning: Unmanaged access key is adopted | Key theirs (Inactive"},
		},
		{
			name: "key probably left by an interrupted apply",
			before: func(ws *workspace) {
				createAndWait("1d")(ws)
				ws.createForeignKey("orphan")
			},
			refreshSays: []string{"Warning: Unmanaged access key was probably left by an interrupted apply | " +
				`Key orphan of user "ci" was probably left by an interrupted apply at 2026-01-02 00:00:00 UTC, never used`},
		},
		{
			name: "rotation due, unmanaged key that nobody used is deleted",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.apply(attributes{"unmanaged_keys": "delete_unused"})
				ws.Advance("90d")
			},
			config: attributes{"unmanaged_keys": "delete_unused"},
			changes: rotated.with(changes{
				"last_change": "delete theirs: unmanaged, never used, to make room; rotate k1: created 2026-01-01, reached 90d",
			}),
			says: []string{deletesTheirs},
		},
	})
}

func TestModifyPlan_blocked(t *testing.T) {
	t.Parallel()
	// blocked is a row in which a rotation is due, and does not happen.
	blocked := func(name, cause, detail string, before func(ws *workspace), config attributes) planRow {
		return planRow{
			name: name, before: before, config: config, refreshed: changes{"rotation_blocked": cause},
			refreshSays: []string{"Warning: Rotation is due and waits | " + cause + detail},
		}
	}
	const used = "key k1 is still in use"
	const lastUsed = used + " (Active, created 2026-01-01 00:00:00 UTC, last used at 2026-06-30 00:00:00 UTC by s3 in eu-west-1), " +
		"not before 2026-07-08 00:00:00 UTC"
	const signer = "the credentials of this provider depend on key k1"
	paused := blocked("paused", "paused is set", ".", func(ws *workspace) {
		ws.apply(attributes{"paused": true})
		ws.Advance("90d")
	}, attributes{"paused": true})
	paused.refreshSays = append(paused.refreshSays, "Warning: Change freeze has lasted for more than 30 days | 2026-01-01 00:00:00 UTC")
	// importBoth imports two keys of the same day as current and previous, on 2026-03-27.
	importBoth := func(statusOfPrevious string) func(ws *workspace) {
		return func(ws *workspace) {
			ws.createForeignKey("old")
			ws.createForeignKey("new")
			ws.setStatus("old", statusOfPrevious)
			ws.Advance("85d")
			ws.importID("ci/new/old")
			ws.apply(nil)
			ws.Advance("5d")
		}
	}
	key := acctest.NewPGPKey(t)
	key.Expire(acctest.Start.AddDate(0, 0, 60))
	expiring := attributes{"encrypted_output": attributes{"openpgp_public_keys": []string{key.Public()}}}
	retire := attributes{"unmanaged_keys": "retire"}
	testPlans(t, []planRow{
		blocked(
			"unmanaged key",
			"the slot is taken by key theirs, which this resource does not manage",
			" (Active, created 2026-01-01 00:00:00 UTC, never used)",
			func(ws *workspace) {
				ws.createForeignKey("theirs")
				createAndWait("90d")(ws)
			}, nil,
		),
		blocked("overlap", "the overlap of previous key old is not over",
			" (Active, created 2026-01-01 00:00:00 UTC, never used), not before 2026-04-10 00:00:00 UTC", importBoth("Active"), nil),
		blocked("grace", "the grace of key old is not over",
			" (Inactive, created 2026-01-01 00:00:00 UTC), not before 2026-04-03 00:00:00 UTC", importBoth("Inactive"), nil),
		paused,
		{
			name: "held",
			before: func(ws *workspace) {
				rotate(ws)
				ws.apply(attributes{"hold_previous": true})
				ws.Advance("90d")
			},
			config: attributes{"hold_previous": true},
			refreshed: changes{
				"rotation_blocked": "hold_previous keeps key k1", "retirement_blocked": "hold_previous keeps key k1",
			},
			refreshSays: []string{
				"Warning: Rotation is due and waits | hold_previous keeps key k1 (Active", "Warning: Rollback has lasted for more than 30 days",
			},
		},
		{
			name: "retirement paused",
			before: func(ws *workspace) {
				rotate(ws)
				ws.useKey("k2")
				ws.apply(attributes{"paused": true})
				ws.Advance("7d")
			},
			config:    attributes{"paused": true},
			refreshed: changes{"retirement_blocked": "paused is set"},
		},
		{
			name: "adopted",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.setStatus("theirs", "Inactive")
				ws.apply(retire)
				ws.Advance("1d")
				ws.setStatus("k1", "Inactive")
			},
			config: retire,
			refreshed: changes{
				"status":           "Inactive",
				"rotation_blocked": "adopted key theirs leaves only when its overlap, require_unused_for and grace have passed",
			},
			refreshSays: []string{
				"Warning: Rotation is due and waits | adopted key theirs leaves only when its overlap, require_unused_for and grace have passed",
			},
			changes: changes{"inactive_since": knownAfterApply, "last_change": "record k1: deactivated by somebody else"},
		},
		{
			name: "current deactivated in the overlap",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("1d")
				ws.setStatus("k2", "Inactive")
			},
			refreshed: changes{
				"status":           "Inactive",
				"rotation_blocked": "the grace of key k2 is not over",
			},
			refreshSays: []string{"Warning: Rotation is due and waits | the grace of key k2 is not over (Inactive"},
			changes:     changes{"inactive_since": knownAfterApply, "last_change": "record k2: deactivated by somebody else"},
		},
		{
			name: "used",
			before: func(ws *workspace) {
				rotate(ws)
				ws.useKey("k2")
				ws.Advance("90d")
				ws.useKey("k1")
			},
			refreshed: changes{"rotation_blocked": used, "retirement_blocked": used},
			refreshSays: []string{
				"Warning: Rotation is due and waits | " + lastUsed,
				"Warning: Previous access key is still in use | " + lastUsed,
			},
		},
		{
			name: "signer",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("90d")
				ws.signWith("k1")
			},
			refreshed: changes{"rotation_blocked": signer, "retirement_blocked": signer},
			refreshSays: []string{
				"Warning: Rotation is due and waits | " + signer,
				"Warning: Credentials of this provider depend on the previous access key | " + signer,
			},
		},
		{
			name: "deactivation due of the key that signs",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("7d")
				ws.signWith("k1")
			},
			refreshed:   changes{"retirement_blocked": signer},
			refreshSays: []string{"Warning: Credentials of this provider depend on the previous access key | " + signer},
		},
		{
			name: "recipient expired",
			before: func(ws *workspace) {
				ws.apply(expiring)
				ws.Advance("60d")
			},
			config: expiring,
			refreshSays: []string{"Warning: Recipient of encrypted_output has expired | User \"ci\", as configured so far: it expired " +
				"at 2026-03-02 00:00:00 UTC, and the next rotation will wait for another."},
		},
		blocked("recipient expired, rotation due", "a recipient of encrypted_output has expired", ".", func(ws *workspace) {
			ws.apply(expiring)
			ws.Advance("90d")
		}, expiring),
		{
			name: "young current not listed",
			before: func(ws *workspace) {
				createAndWait("4m")(ws)
				ws.deleteKey("k1")
			},
			refreshed: changes{
				"status":           "Missing",
				"rotation_blocked": "key k1 was created minutes ago and IAM does not list it yet",
			},
			refreshSays: []string{"Warning: Current access key is not listed by IAM | key k1 "},
		},
	})
}
