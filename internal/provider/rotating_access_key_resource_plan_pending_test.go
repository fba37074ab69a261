package provider_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// pending is what a plan shows that records a request by rotate_when_changed which has to wait.
func pending(current string) changes {
	return changes{
		"rotate_when_changed.release": "1", "rotation_requested": `rotate_when_changed["release"]`, "rotation_blocked": knownAfterApply,
		"last_change": "record " + current + ": rotation pending, asked by rotate_when_changed (release)",
	}
}

// A request to rotate that can't be done now does not fail the plan. It is recorded, and done later.
func TestModifyPlan_requestPending(t *testing.T) {
	t.Parallel()
	const waits = "Warning: Rotation was asked for and has to wait | "
	retire := attributes{"unmanaged_keys": "retire"}
	hold := attributes{"hold_previous": true}
	key := acctest.NewPGPKey(t)
	key.Expire(acctest.Start.AddDate(0, 0, 60))
	expiring := attributes{"encrypted_output": attributes{"openpgp_public_keys": []string{key.Public()}}}
	testPlans(t, []planRow{
		{
			name: "unmanaged key",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.apply(nil)
			},
			config: release("1"), changes: pending("k1"),
			refreshSays: []string{"Warning: Unmanaged access key will block the rotation | Key theirs (Active"},
			says: []string{waits + "the slot is taken by key theirs, which this resource does not manage (Active, created 2026-01-01 " +
				"00:00:00 UTC, " +
				"never used) | rotation_requested | aws iam delete-access-key --user-name ci --access-key-id theirs"},
		},
		{
			name: "other recipients, unmanaged key",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.apply(encryptedTo(alice))
			},
			config:      encryptedTo(bob),
			refreshSays: []string{"Warning: Unmanaged access key will block the rotation | Key theirs (Active"},
			changes: changes{
				"encrypted_output.age_recipients": bob, "rotation_requested": "encrypted_output", "rotation_blocked": knownAfterApply,
				"last_change": "record k1: rotation pending, asked by encrypted_output (other recipients)",
			},
			says: []string{waits + "the slot is taken by key theirs"},
		},
		{
			name: "overlap",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("7d-1s")
			},
			config: release("1"), changes: pending("k2"), says: []string{waits + "the overlap of previous key k1 is not over"},
		},
		{
			name: "used",
			before: func(ws *workspace) {
				rotate(ws)
				ws.useKey("k1")
				ws.useKey("k2")
				ws.Advance("7d")
			},
			config:    release("1"),
			refreshed: changes{"retirement_blocked": "key k1 is still in use"},
			refreshSays: []string{"Warning: Previous access key is still in use | key k1 is still in use (Active, " +
				"created 2026-01-01 00:00:00 UTC, last used at 2026-04-01 00:00:00 UTC by s3 in eu-west-1), not before 2026-04-09 00:00:00 UTC"},
			changes: pending("k2").with(changes{"retirement_blocked": knownAfterApply}), says: []string{waits + "key k1 is still in use"},
		},
		{
			name: "no handover",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("8d")
			},
			config:      release("1"),
			refreshed:   changes{"retirement_blocked": "nobody has used the current key since the overlap of key k1 began"},
			refreshSays: []string{"Warning: Previous access key waits for a use of the current one | wait_for_handover"},
			changes:     pending("k2").with(changes{"retirement_blocked": knownAfterApply}),
			says:        []string{waits + "nobody has used the current key since the overlap of key k1 began"},
		},
		{
			name: "held",
			before: func(ws *workspace) {
				rotate(ws)
				ws.apply(hold)
				ws.Advance("30d")
			},
			config:    hold.with(release("1")),
			refreshed: changes{"retirement_blocked": "hold_previous keeps key k1"},
			changes:   pending("k2").with(changes{"retirement_blocked": knownAfterApply}), says: []string{waits + "hold_previous keeps key k1"},
		},
		{
			name: "held from now on, previous in its grace", before: deactivate, config: hold.with(release("1")),
			changes: pending("k2").with(changes{
				"hold_previous": "true", "previous.status": "Active", "previous.replaced_at": knownAfterApply,
				"previous.deactivate_at": knownAfterApply, "previous.deactivated_at": null, "previous.deactivated_by": null,
				"previous.delete_at": null,
				"last_change":        "reactivate k1: hold_previous is set; record k2: rotation pending, asked by rotate_when_changed (release)",
			}),
			says: []string{waits + "hold_previous keeps key k1"},
		},
		{
			name: "adopted",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.apply(retire)
				ws.useKey("k1")
				ws.Advance("8d")
				ws.apply(retire)
			},
			config: retire.with(release("1")), changes: pending("k1"),
			says: []string{waits + "adopted key theirs leaves only when its overlap, require_unused_for and grace have passed"},
		},
		{
			name: "previous signs",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("7d")
				ws.signWith("k1")
			},
			config:      release("1"),
			refreshed:   changes{"retirement_blocked": "the credentials of this provider depend on key k1"},
			refreshSays: []string{"Warning: Credentials of this provider depend on the previous access key | key k1 "},
			changes:     pending("k2").with(changes{"retirement_blocked": knownAfterApply}),
			says:        []string{waits + "the credentials of this provider depend on key k1"},
		},
		{
			name: "recipient expired",
			before: func(ws *workspace) {
				ws.apply(expiring)
				ws.Advance("90d")
				ws.refresh()
			},
			config:      expiring.with(release("1")),
			refreshSays: []string{"Warning: Rotation is due and waits | a recipient of encrypted_output has expired"},
			changes:     pending("k1"), says: []string{waits + "a recipient of encrypted_output has expired"},
		},
		{
			name: "young current not listed",
			before: func(ws *workspace) {
				createAndWait("4m")(ws)
				ws.deleteKey("k1")
				ws.refresh()
			},
			config:      release("1"),
			refreshSays: []string{"Warning: Current access key is not listed by IAM | key k1 "},
			changes:     pending("k1"), says: []string{waits + "key k1 was created minutes ago and IAM does not list it yet"},
		},
		{
			name: "pending, a slot free again",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.apply(nil)
				ws.apply(release("1"))
				ws.deleteKey("theirs")
			},
			config:    release("1"),
			refreshed: changes{"rotation_blocked": null},
			changes:   rotatedBy("asked by rotate_when_changed (release)").with(changes{"rotation_requested": null}),
		},
		{
			name: "pending, value taken back",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.apply(nil)
				ws.apply(release("1"))
			},
			refreshSays: []string{"Warning: Rotation is due and waits | the slot is taken by key theirs"},
			changes: changes{
				"rotate_when_changed": null, "rotation_requested": null, "rotation_blocked": knownAfterApply,
				"last_change": "record k1: no rotation is asked for any more",
			},
		},
		{
			name: "other recipients pending, taken back",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.apply(encryptedTo(alice))
				ws.apply(encryptedTo(bob))
			},
			config:      encryptedTo(alice),
			refreshSays: []string{"Warning: Rotation is due and waits | the slot is taken by key theirs"},
			changes: changes{
				"encrypted_output.age_recipients": alice, "rotation_requested": null, "rotation_blocked": knownAfterApply,
				"last_change": "record k1: no rotation is asked for any more",
			},
		},
		{
			name: "other recipients pending, a slot free again",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.apply(encryptedTo(alice))
				ws.apply(encryptedTo(bob))
				ws.deleteKey("theirs")
			},
			config:    encryptedTo(bob),
			refreshed: changes{"rotation_blocked": null},
			changes: rotatedBy("asked by encrypted_output (other recipients)").without("secret_access_key").with(changes{
				"rotation_requested": null, "encrypted_secret": knownAfterApply, "previous.secret_access_key": null,
				"previous.encrypted_secret": "encrypted secret of k1",
			}),
		},
	})
}

// A revoke that can't be done fails the plan, and says how to cut off the leaked key all the same.
func TestModifyPlan_revokeRefused(t *testing.T) {
	t.Parallel()
	const refused = `Error: Rotation of user "ci" was asked for and is not possible: `
	testPlans(t, []planRow{
		{
			name: "current signs",
			before: func(ws *workspace) {
				ws.apply(nil)
				ws.signWith("k1")
			},
			config: incident("1"),
			says: []string{refused + "the credentials of this provider depend on key k1 | " +
				"aws iam update-access-key --user-name ci --access-key-id k1 --status Inactive"},
		},
		{
			name: "unmanaged key in use",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.useKey("theirs")
				ws.apply(nil)
			},
			config:      incident("1"),
			refreshSays: []string{"Warning: Unmanaged access key will block the rotation | Key theirs (Active"},
			says: []string{refused + "the slot is taken by key theirs, which this resource does not manage | " +
				"aws iam update-access-key --user-name ci --access-key-id k1 --status Inactive"},
		},
	})
}

// The key that security deactivated makes room for the new key of a revoke.
func TestModifyPlan_revokeBesideInactive(t *testing.T) {
	t.Parallel()
	testPlans(t, []planRow{{
		name: "current Inactive in its grace, previous Active",
		before: func(ws *workspace) {
			rotate(ws)
			ws.setStatus("k2", "Inactive")
			ws.Advance("1d")
			ws.refresh()
		},
		config:      incident("1"),
		refreshSays: []string{"Warning: Rotation is due and waits | the grace of key k2 is not over (Inactive"},
		changes: newKey.with(revoked).with(changes{
			"revoke_when_changed.incident": "1", "status": "Active", "rotation_blocked": knownAfterApply,
			"previous.replaced_at": knownAfterApply, "previous.deactivate_at": knownAfterApply,
			"last_change": "delete k2: Inactive, to make room; rotate k2: asked by revoke_when_changed (incident); deactivate k1: revoked",
		}),
		says: []string{
			"Warning: Inactive access key is deleted to make room for a new one | Key k2 (Inactive",
			`Warning: Access key is revoked | Key k1 (Active, created 2026-01-01 00:00:00 UTC, never used) of user "ci" stops working`,
		},
	}})
}
