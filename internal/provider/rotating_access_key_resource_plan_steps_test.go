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
	"previous_access_key_id": "k1", "previous.access_key_id": "k1", "previous.secret_access_key": "secret of k1", "previous.encrypted_secret": null,
	"previous.status": "Active", "previous.created_at": "2026-01-01T00:00:00Z", "previous.replaced_at": knownAfterApply,
	"previous.deactivate_at": knownAfterApply, "previous.deactivated_at": null, "previous.deactivated_by": null,
	"previous.delete_at": null, "previous.adopted": "false", "previous.revoked": "false",
}

// previousK2 is what a plan changes of previous when k2 becomes previous in the place of k1, which was Active until then.
var previousK2 = changes{
	"previous_access_key_id": "k2", "previous.access_key_id": "k2", "previous.secret_access_key": "secret of k2", "previous.created_at": "2026-04-01T00:00:00Z",
	"previous.replaced_at": knownAfterApply, "previous.deactivate_at": knownAfterApply,
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
			changes: changes{
				"previous.status": "Inactive", "previous.deactivated_at": knownAfterApply, "previous.deactivated_by": "iamkeys",
				"previous.delete_at": knownAfterApply,
			},
		},
		{
			name: "deactivation due, current never used",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("7d")
			},
			refreshSays: []string{"Warning: Current key k2 has not been used yet, and previous key k1 is due for deactivation"},
			changes: changes{
				"previous.status": "Inactive", "previous.deactivated_at": knownAfterApply, "previous.deactivated_by": "iamkeys",
				"previous.delete_at": knownAfterApply,
			},
		},
		{
			name: "previous still in use",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("7d")
				ws.useKey("k1")
			},
			refreshSays: []string{`Warning: Previous key k1 of user "ci" is not retired yet: key k1 was used at 2026-04-08 00:00:00 UTC ` +
				"by s3 in eu-west-1; require_unused_for keeps it until 2026-04-16 00:00:00 UTC"},
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
			changes: changes{"previous_access_key_id": null, "previous": null},
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
			changes: changes{"previous_access_key_id": null, "previous": null},
		},
		{
			name: "deletion and rotation due",
			before: func(ws *workspace) {
				deactivate(ws)
				ws.Advance("83d")
			},
			changes: newKey.with(previousK2).with(changes{
				"last_change":     "rotate k2: created 2026-04-01, reached 90d",
				"previous.status": "Active", "previous.deactivated_at": null, "previous.deactivated_by": null, "previous.delete_at": null,
			}),
		},
		{
			name: "next rotation due, previous Active and long unused",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("90d")
			},
			changes: newKey.with(previousK2).with(changes{
				"last_change": "rotate k2: created 2026-04-01, reached 90d",
			}),
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
				ws.setStatus("k1", "Inactive")
			},
			refreshed: changes{"previous.status": "Inactive"},
			changes: changes{
				"previous.deactivated_at": knownAfterApply, "previous.deactivated_by": "other", "previous.delete_at": knownAfterApply,
			},
		},
		{
			name: "previous reactivated",
			before: func(ws *workspace) {
				deactivate(ws)
				ws.setStatus("k1", "Active")
			},
			refreshed: changes{"previous.status": "Active"},
			changes: changes{
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
			refreshed: changes{"previous_access_key_id": null, "previous": null},
		},
		{
			name: "current deleted",
			before: func(ws *workspace) {
				createAndWait("10m")(ws)
				ws.deleteKey("k1")
			},
			refreshed:   changes{"status": "Missing"},
			refreshSays: []string{gone},
			changes:     newKey.with(changes{"status": "Active", "last_change": "rotate k1: deleted by somebody else"}),
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
				"status": "Active", "last_change": "rotate k2: deleted by somebody else",
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
				"status": "Active", "last_change": "rotate k2: deleted by somebody else", "previous.replaced_at": knownAfterApply,
				"previous.deactivate_at": knownAfterApply, "previous.deactivated_at": knownAfterApply, "previous.delete_at": knownAfterApply,
			}),
		},
		{
			name: "current deactivated",
			before: func(ws *workspace) {
				createAndWait("1d")(ws)
				ws.setStatus("k1", "Inactive")
			},
			refreshed: changes{"status": "Inactive", "inactive_since": "2026-01-02T00:00:00Z"},
			changes: newKey.with(previousK1).with(changes{
				"status": "Active", "inactive_since": null, "last_change": "rotate k1: deactivated by somebody else",
				"previous.status": "Inactive", "previous.deactivated_at": knownAfterApply, "previous.deactivated_by": "other",
				"previous.delete_at": knownAfterApply,
			}),
		},
		{
			name: "current deactivated in the overlap, its grace over",
			before: func(ws *workspace) {
				rotate(ws)
				ws.setStatus("k2", "Inactive")
				ws.refresh()
				ws.Advance("7d")
			},
			refreshed: changes{"rotation_blocked": null},
			changes: newKey.with(changes{
				"status": "Active", "inactive_since": null, "last_change": "rotate k2: deactivated by somebody else",
				"previous.replaced_at": knownAfterApply, "previous.deactivate_at": knownAfterApply,
			}),
		},
		{
			name: "current and previous deactivated",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("1d")
				ws.setStatus("k1", "Inactive")
				ws.setStatus("k2", "Inactive")
			},
			refreshed: changes{"status": "Inactive", "inactive_since": "2026-04-02T00:00:00Z", "previous.status": "Inactive"},
			changes: newKey.with(previousK2).with(changes{
				"status": "Active", "inactive_since": null, "last_change": "rotate k2: deactivated by somebody else",
				"previous.deactivated_at": knownAfterApply, "previous.deactivated_by": "other", "previous.delete_at": knownAfterApply,
			}),
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
				"previous_access_key_id": "theirs", "previous.access_key_id": "theirs", "previous.secret_access_key": null, "previous.created_at": "2026-01-02T00:00:00Z",
				"previous.adopted": "true",
			}),
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
				"previous_access_key_id": "theirs", "previous.access_key_id": "theirs", "previous.secret_access_key": null, "previous.created_at": "2026-01-02T00:00:00Z",
				"previous.adopted": "true", "previous.status": "Inactive", "previous.deactivated_at": knownAfterApply,
				"previous.deactivated_by": "other", "previous.delete_at": knownAfterApply,
			}),
		},
		{
			name: "key probably left by an interrupted apply",
			before: func(ws *workspace) {
				createAndWait("1d")(ws)
				ws.createForeignKey("orphan")
			},
			refreshSays: []string{`Warning: Key orphan of user "ci" was probably left by an interrupted apply at 2026-01-02 00:00:00 UTC, ` +
				"never used"},
		},
		{
			name: "rotation due, unmanaged key that nobody used is deleted",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.apply(attributes{"unmanaged_keys": "delete_unused"})
				ws.Advance("90d")
			},
			config:  attributes{"unmanaged_keys": "delete_unused"},
			changes: rotated,
			says: []string{`Warning: Unmanaged key theirs (Active, created 2026-01-01 00:00:00 UTC, never used) of user "ci" is deleted ` +
				"to make room for a new one"},
		},
	})
}

func TestModifyPlan_blocked(t *testing.T) {
	t.Parallel()
	// blocked is a row in which a rotation is due, and does not happen.
	blocked := func(name, cause string, before func(ws *workspace), config attributes) planRow {
		return planRow{
			name: name, before: before, config: config, refreshed: changes{"rotation_blocked": cause},
			refreshSays: []string{"Warning: Rotation is due and waits | " + cause},
		}
	}
	const used = "key k1 was used at 2026-06-30 00:00:00 UTC by s3 in eu-west-1; require_unused_for keeps it until 2026-07-08 00:00:00 UTC"
	const signer = "key k1 signs the requests of this provider"
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
			"the slot is taken by key theirs (Active, created 2026-01-01 00:00:00 UTC, never used), which this resource did not create",
			func(ws *workspace) {
				ws.createForeignKey("theirs")
				createAndWait("90d")(ws)
			}, nil,
		),
		blocked("overlap", "the overlap of previous key old is not over until 2026-04-10 00:00:00 UTC", importBoth("Active"), nil),
		blocked("grace", "Inactive key old is in its grace until 2026-04-03 00:00:00 UTC", importBoth("Inactive"), nil),
		blocked("paused", "paused is set", func(ws *workspace) {
			ws.apply(attributes{"paused": true})
			ws.Advance("90d")
		}, attributes{"paused": true}),
		blocked("held", "hold_previous keeps key k1", func(ws *workspace) {
			rotate(ws)
			ws.apply(attributes{"hold_previous": true})
			ws.Advance("90d")
		}, attributes{"hold_previous": true}),
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
				"status": "Inactive", "inactive_since": "2026-01-02T00:00:00Z",
				"rotation_blocked": "adopted key theirs leaves only when its overlap, require_unused_for and grace have passed",
			},
			refreshSays: []string{
				"Warning: Rotation is due and waits | adopted key theirs leaves only when its overlap, " +
					"require_unused_for and grace have passed",
			},
		},
		{
			name: "current deactivated in the overlap",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("1d")
				ws.setStatus("k2", "Inactive")
			},
			refreshed: changes{
				"status": "Inactive", "inactive_since": "2026-04-02T00:00:00Z",
				"rotation_blocked": "Inactive key k2 is in its grace until 2026-04-09 00:00:00 UTC",
			},
			refreshSays: []string{
				"Warning: Rotation is due and waits | Inactive key k2 is in its grace until 2026-04-09 00:00:00 UTC",
			},
		},
		{
			name: "used",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("90d")
				ws.useKey("k1")
			},
			refreshed: changes{"rotation_blocked": used},
			refreshSays: []string{
				"Warning: Rotation is due and waits | " + used,
				`Warning: Previous key k1 of user "ci" is not retired yet: ` + used,
			},
		},
		{
			name: "signer",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("90d")
				ws.signWith("k1")
			},
			refreshed: changes{"rotation_blocked": signer},
			refreshSays: []string{
				"Warning: Rotation is due and waits | " + signer,
				`Warning: Previous key k1 of user "ci" is not retired yet: ` + signer,
			},
		},
		{
			name: "deactivation due of the key that signs",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("7d")
				ws.signWith("k1")
			},
			refreshSays: []string{`Warning: Previous key k1 of user "ci" is not retired yet: ` + signer},
		},
		{
			name: "recipient expired",
			before: func(ws *workspace) {
				ws.apply(expiring)
				ws.Advance("60d")
			},
			config: expiring,
			refreshSays: []string{"Warning: A recipient of encrypted_output expired at 2026-03-02 00:00:00 UTC: " +
				`the next rotation of user "ci" will wait for another`},
		},
		blocked("recipient expired, rotation due", "a recipient of encrypted_output has expired", func(ws *workspace) {
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
				"rotation_blocked": "key k1 was created minutes ago and IAM does not list it yet until 2026-01-01 00:05:00 UTC",
			},
			refreshSays: []string{"Warning: Current access key is not listed by IAM | key k1 "},
		},
	})
}
