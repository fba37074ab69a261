package provider_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// release is a rotate_when_changed with one value, and incident a revoke_when_changed.
func release(value any) attributes {
	return attributes{"rotate_when_changed": attributes{"release": value}}
}

func incident(value string) attributes {
	return attributes{"revoke_when_changed": attributes{"incident": value}}
}

// rotatedBy is what the plan of a rotation of k1 shows that something else than age asks for.
func rotatedBy(reason string) changes {
	return rotated.with(changes{"last_change": "rotate k1: " + reason})
}

// revoked is what a plan shows of a previous that it revokes.
var revoked = changes{
	"previous.status": "Inactive", "previous.deactivated_at": knownAfterApply, "previous.deactivated_by": "iamkeys",
	"previous.delete_at": knownAfterApply, "previous.revoked": "true",
}

func TestModifyPlan_rotateWhenChanged(t *testing.T) {
	t.Parallel()
	byRelease := rotatedBy("asked by rotate_when_changed (release)")
	testPlans(t, []planRow{
		{
			name: "set", before: create(nil), config: release("1"),
			changes: byRelease.with(changes{"rotate_when_changed.release": "1"}),
		},
		{
			name: "value added", before: create(release("1")),
			config: attributes{"rotate_when_changed": attributes{"release": "1", "z": "1", "a": "1"}},
			changes: rotatedBy("asked by rotate_when_changed (a, z)").with(changes{
				"rotate_when_changed.a": "1", "rotate_when_changed.z": "1",
			}),
		},
		{
			name: "value changed", before: create(release("1")), config: release("2"),
			changes: byRelease.with(changes{"rotate_when_changed.release": "2"}),
		},
		{
			name: "value removed", before: create(attributes{"rotate_when_changed": attributes{"release": "1", "a": "1"}}),
			config:  release("1"),
			changes: changes{"rotate_when_changed.a": removed},
		},
		{
			name: "all removed", before: create(release("1")),
			changes: changes{"rotate_when_changed": null},
		},
		{
			name: "null element added", before: create(release("1")),
			config:  attributes{"rotate_when_changed": attributes{"release": "1", "a": nil}},
			changes: changes{"rotate_when_changed.a": null},
		},
		{
			name: "value becomes null", before: create(release("1")), config: release(nil),
			changes: changes{"rotate_when_changed.release": null},
		},
		{
			name: "null element gets a value", before: create(release(nil)), config: release("1"),
			changes: byRelease.with(changes{"rotate_when_changed.release": "1"}),
		},
		{
			name: "never by age", before: create(release("1").with(attributes{"rotate_after": nil})),
			config:  release("2").with(attributes{"rotate_after": nil}),
			changes: byRelease.without("rotate_at").with(changes{"rotate_when_changed.release": "2"}),
		},
		{
			name: "while a rotation by age is due", before: createAndWait("90d"), config: release("1"),
			changes: byRelease.with(changes{"rotate_when_changed.release": "1"}),
		},
		{
			name:    "paused",
			before:  create(attributes{"paused": true}),
			config:  release("1").with(attributes{"paused": true}),
			changes: byRelease.with(changes{"rotate_when_changed.release": "1"}),
		},
		{
			name: "paused, a rotation by age due",
			before: func(ws *workspace) {
				ws.apply(attributes{"paused": true})
				ws.Advance("90d")
			},
			config:    release("1").with(attributes{"paused": true}),
			refreshed: changes{"rotation_blocked": "paused is set"},
			refreshSays: []string{
				`Warning: Rotation is due and waits | User "ci", as configured so far: paused is set.`,
				"Warning: Change freeze has lasted for more than 30 days | 2026-01-01 00:00:00 UTC",
			},
			changes: byRelease.with(changes{"rotate_when_changed.release": "1", "rotation_blocked": knownAfterApply}),
		},
		{
			name: "encrypted", before: create(encryptedTo(alice)),
			config: release("1").with(encryptedTo(alice)),
			changes: byRelease.without("secret_access_key").with(changes{
				"rotate_when_changed.release": "1", "encrypted_secret": knownAfterApply, "previous.secret_access_key": null,
				"previous.encrypted_secret": "encrypted secret of k1",
			}),
		},
		{
			name: "previous in its grace", before: deactivate, config: release("1"),
			changes: newKey.with(previousK2).with(changes{
				"rotate_when_changed.release": "1",
				"last_change":                 "delete k1: Inactive since 2026-04-08, to make room; rotate k2: asked by rotate_when_changed (release)",
				"previous.status":             "Active", "previous.deactivated_at": null, "previous.deactivated_by": null, "previous.delete_at": null,
			}),
			says: []string{"Warning: Inactive access key is deleted to make room for a new one | Key k1 (Inactive"},
		},
		{
			name: "previous beyond its overlap",
			before: func(ws *workspace) {
				rotate(ws)
				ws.useKey("k2")
				ws.Advance("7d")
			},
			config: release("1"),
			changes: newKey.with(previousK2).with(changes{
				"rotate_when_changed.release": "1",
				"last_change":                 "delete k1: Active, never used, to make room; rotate k2: asked by rotate_when_changed (release)",
			}),
			says: []string{"Warning: Active access key is deleted to make room for a new one | Key k1 (Active | hold_previous"},
		},
		{
			name: "unmanaged key that nobody used",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.apply(attributes{"unmanaged_keys": "delete_unused"})
			},
			config: release("1").with(attributes{"unmanaged_keys": "delete_unused"}),
			changes: rotated.with(changes{
				"rotate_when_changed.release": "1",
				"last_change":                 "delete theirs: unmanaged, never used, to make room; rotate k1: asked by rotate_when_changed (release)",
			}),
			says: []string{deletesTheirs},
		},
		{
			name: "current deleted",
			before: func(ws *workspace) {
				createAndWait("10m")(ws)
				ws.deleteKey("k1")
			},
			config:      release("1"),
			refreshed:   changes{"status": "Missing"},
			refreshSays: []string{"Warning: Current access key is not listed by IAM | key k1 "},
			changes: newKey.with(changes{
				"rotate_when_changed.release": "1", "last_change": "rotate k1: asked by rotate_when_changed (release)", "status": "Active",
			}),
		},
	})
}

func TestModifyPlan_revokeWhenChanged(t *testing.T) {
	t.Parallel()
	revokedK1 := rotatedBy("asked by revoke_when_changed (incident); deactivate k1: revoked").with(revoked)
	revokedK2 := func(k1 string) changes {
		return newKey.with(previousK2).with(revoked).with(changes{
			"last_change": "delete k1: " + k1 + ", to make room; rotate k2: asked by revoke_when_changed (incident); deactivate k2: revoked",
		})
	}
	says := func(id string) string {
		return "Warning: Access key is revoked | Key " + id + ` (Active | of user "ci" stops working in this apply`
	}
	const deletesActive = "Warning: Active access key is deleted to make room for a new one | Key k1 (Active"
	testPlans(t, []planRow{
		{
			name: "set", before: create(nil), config: incident("1"),
			changes: revokedK1.with(changes{"revoke_when_changed.incident": "1"}),
			says:    []string{says("k1")},
		},
		{
			name: "value changed", before: create(incident("1")), config: incident("2"),
			changes: revokedK1.with(changes{"revoke_when_changed.incident": "2"}),
			says:    []string{says("k1")},
		},
		{
			name: "value removed", before: create(incident("1")),
			changes: changes{"revoke_when_changed": null},
		},
		{
			name: "with rotate_when_changed", before: create(nil), config: incident("1").with(release("1")),
			changes: revokedK1.with(changes{"revoke_when_changed.incident": "1", "rotate_when_changed.release": "1"}),
			says:    []string{says("k1")},
		},
		{
			name: "previous Active and just used",
			before: func(ws *workspace) {
				rotate(ws)
				ws.useKey("k1")
			},
			config:  incident("1"),
			changes: revokedK2("Active, unused since 2026-04-01").with(changes{"revoke_when_changed.incident": "1"}),
			says:    []string{deletesActive, says("k2")},
		},
		{
			name: "previous Inactive", before: deactivate, config: incident("1"),
			changes: revokedK2("Inactive since 2026-04-08").without("previous.status", "previous.deactivated_by").with(
				changes{"revoke_when_changed.incident": "1"}),
			says: []string{"Warning: Inactive access key is deleted to make room for a new one | Key k1 (Inactive", says("k2")},
		},
		{
			name: "held and paused",
			before: func(ws *workspace) {
				rotate(ws)
				ws.apply(attributes{"hold_previous": true, "paused": true})
			},
			config:  incident("1").with(attributes{"hold_previous": true, "paused": true}),
			changes: revokedK2("Active, never used").with(changes{"revoke_when_changed.incident": "1"}),
			says:    []string{deletesActive, says("k2")},
		},
	})
}

func TestModifyPlan_holdPrevious(t *testing.T) {
	t.Parallel()
	hold := attributes{"hold_previous": true}
	reactivated := changes{
		"last_change":   "reactivate k1: hold_previous is set",
		"hold_previous": "true", "previous.status": "Active", "previous.replaced_at": knownAfterApply,
		"previous.deactivate_at": knownAfterApply, "previous.deactivated_at": null, "previous.deactivated_by": null,
		"previous.delete_at": null,
	}
	testPlans(t, []planRow{
		{name: "set without a previous", before: create(nil), config: hold, changes: changes{"hold_previous": "true"}},
		{name: "set, previous Active", before: rotate, config: hold, changes: changes{"hold_previous": "true"}},
		{name: "set, previous Inactive", before: deactivate, config: hold, changes: reactivated},
		{
			name: "set, its deletion due",
			before: func(ws *workspace) {
				deactivate(ws)
				ws.Advance("7d")
			},
			config: hold, changes: reactivated,
		},
		{
			name: "set, deactivated by somebody else",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("10m")
				ws.setStatus("k1", "Inactive")
				ws.apply(nil)
			},
			config:  hold,
			changes: changes{"hold_previous": "true"},
			says:    []string{"Warning: Previous access key is not reactivated | key k1 was deactivated by somebody else"},
		},
		{
			name: "set, revoked",
			before: func(ws *workspace) {
				ws.apply(nil)
				ws.apply(incident("1"))
			},
			config:  incident("1").with(hold),
			changes: changes{"hold_previous": "true"},
			says:    []string{"Warning: hold_previous does not bring back a revoked access key | key k1 was revoked"},
		},
		{
			name:    "set, with rotate_when_changed and a slot free",
			before:  func(ws *workspace) { ws.apply(nil) },
			config:  hold.with(release("1")),
			changes: rotatedBy("asked by rotate_when_changed (release)").with(changes{"hold_previous": "true", "rotate_when_changed.release": "1"}),
		},
		{
			name: "held, deactivation would be due",
			before: func(ws *workspace) {
				rotate(ws)
				ws.apply(hold)
				ws.Advance("30d")
			},
			config:    hold,
			refreshed: changes{"retirement_blocked": "hold_previous keeps key k1"},
		},
		{
			name: "unset",
			before: func(ws *workspace) {
				rotate(ws)
				ws.apply(hold)
				ws.Advance("30d")
			},
			refreshed: changes{"retirement_blocked": "hold_previous keeps key k1"},
			changes:   changes{"hold_previous": "false", "retirement_blocked": knownAfterApply},
		},
	})
}

func TestModifyPlan_encryptedOutput(t *testing.T) {
	t.Parallel()
	plainTextRemains := func(keys string) string {
		return "Warning: Older state versions and this saved plan hold a secret in plain text | secret of key " + keys + " is encrypted"
	}
	setToAlice := changes{
		"encrypted_output.age_recipients": alice, "encrypted_output.openpgp_public_keys": null, "encrypted_output.kms_key_id": null,
		"encrypted_output.kms_encryption_context": null, "encrypted_output.format": "secret",
	}
	json := attributes{"encrypted_output": attributes{"age_recipients": []string{alice}, "format": "json"}}
	toKey := func(key string) attributes { return attributes{"encrypted_output": attributes{"kms_key_id": key}} }
	rotatedSealed := func(reason string) changes {
		return rotatedBy("asked by encrypted_output (" + reason + ")").without("secret_access_key").with(changes{
			"encrypted_secret": knownAfterApply, "previous.secret_access_key": null, "previous.encrypted_secret": "encrypted secret of k1",
		})
	}
	expiring := acctest.NewPGPKey(t)
	expiring.Expire(acctest.Start.AddDate(1, 0, 0))
	expiringRecipient := attributes{"encrypted_output": attributes{"openpgp_public_keys": []string{expiring.Public()}}}
	expiringKey := expiring.Public()
	expiring.Expire(time.Time{})
	extended := expiring.Public()
	extendedRecipient := attributes{"encrypted_output": attributes{"openpgp_public_keys": []string{extended}}}
	testPlans(t, []planRow{
		{
			name: "set, plain text in the state", before: create(nil), config: encryptedTo(alice),
			changes: setToAlice.with(changes{"secret_access_key": null, "encrypted_secret": knownAfterApply}),
			says:    []string{plainTextRemains("k1")},
		},
		{
			name: "set, plain text of both keys in the state", before: rotate, config: encryptedTo(alice),
			changes: setToAlice.with(changes{
				"secret_access_key": null, "encrypted_secret": knownAfterApply,
				"previous.secret_access_key": null, "previous.encrypted_secret": knownAfterApply,
			}),
			says: []string{plainTextRemains("k2 and k1")},
		},
		{
			name: "set, with rotate_when_changed", before: create(nil), config: encryptedTo(alice).with(release("1")),
			changes: rotatedBy("asked by rotate_when_changed (release)").without("secret_access_key").with(setToAlice).with(changes{
				"rotate_when_changed.release": "1", "secret_access_key": null, "encrypted_secret": knownAfterApply,
				"previous.secret_access_key": null, "previous.encrypted_secret": knownAfterApply,
			}),
			says: []string{plainTextRemains("k1")},
		},
		{
			name: "set to an OpenPGP key that expires later, machine with a wrong clock", before: create(nil), config: expiringRecipient,
			changes: setToAlice.with(changes{
				"encrypted_output.age_recipients": null, "encrypted_output.openpgp_public_keys": expiringKey,
				"secret_access_key": null, "encrypted_secret": knownAfterApply,
			}),
			says: []string{plainTextRemains("k1")},
		},
		{
			name: "rotate_when_changed, OpenPGP key that expires later, machine with a wrong clock", before: create(expiringRecipient),
			config: expiringRecipient.with(release("1")),
			changes: rotatedBy("asked by rotate_when_changed (release)").without("secret_access_key").with(changes{
				"rotate_when_changed.release": "1", "encrypted_secret": knownAfterApply, "previous.secret_access_key": null,
				"previous.encrypted_secret": "encrypted secret of k1",
			}),
		},
		{
			name: "recipient added", before: create(encryptedTo(alice)), config: encryptedTo(alice, bob),
			changes: rotatedSealed("other recipients").with(changes{"encrypted_output.age_recipients": alice + ", " + bob}),
		},
		{
			name: "recipient replaced", before: create(encryptedTo(alice)), config: encryptedTo(bob),
			changes: rotatedSealed("other recipients").with(changes{"encrypted_output.age_recipients": bob}),
		},
		{
			name: "recipient removed", before: create(encryptedTo(alice, bob)), config: encryptedTo(alice),
			changes: rotatedSealed("other recipients").with(changes{"encrypted_output.age_recipients": alice}),
		},
		{
			name: "recipient and format", before: create(encryptedTo(bob)), config: json,
			changes: rotatedSealed("other recipients, format json instead of secret").with(changes{
				"encrypted_output.age_recipients": alice, "encrypted_output.format": "json",
			}),
		},
		{name: "order of recipients", before: create(encryptedTo(alice, bob)), config: encryptedTo(bob, alice)},
		{
			name: "comment of an SSH key", before: create(encryptedTo(carol + " carol@old")), config: encryptedTo(carol + " carol@new"),
			changes: changes{"encrypted_output.age_recipients": carol + " carol@new"},
		},
		{
			name: "SSH key named twice", before: create(encryptedTo(carol)), config: encryptedTo(carol, carol+" carol"),
			changes: changes{"encrypted_output.age_recipients": carol + ", " + carol + " carol"},
		},
		{
			name: "OpenPGP key extended", before: create(expiringRecipient), config: extendedRecipient,
			changes: changes{"encrypted_output.openpgp_public_keys": extended},
		},
		{
			name: "format", before: create(encryptedTo(alice)), config: json,
			changes: rotatedSealed("format json instead of secret").with(changes{"encrypted_output.format": "json"}),
		},
		{
			name: "default format", before: create(encryptedTo(alice)),
			config: attributes{"encrypted_output": attributes{"age_recipients": []string{alice}, "format": "secret"}},
		},
		{
			name: "method",
			before: func(ws *workspace) {
				ws.Sim.CreateKMSKey("us-east-1", "alias/secrets")
				ws.apply(encryptedTo(alice))
			},
			config: toKey("alias/secrets"),
			changes: rotatedSealed("method kms instead of age").with(changes{
				"encrypted_output.age_recipients": null, "encrypted_output.kms_key_id": "alias/secrets",
			}),
		},
		{
			name: "KMS key",
			before: func(ws *workspace) {
				ws.Sim.CreateKMSKey("us-east-1", "alias/secrets")
				ws.Sim.CreateKMSKey("us-east-1", "alias/others")
				ws.apply(toKey("alias/secrets"))
			},
			config:  toKey("alias/others"),
			changes: rotatedSealed("other recipients").with(changes{"encrypted_output.kms_key_id": "alias/others"}),
		},
		{
			name: "encryption context",
			before: func(ws *workspace) {
				ws.Sim.CreateKMSKey("us-east-1", "alias/secrets")
				ws.apply(toKey("alias/secrets"))
			},
			config: attributes{"encrypted_output": attributes{
				"kms_key_id": "alias/secrets", "kms_encryption_context": attributes{"team": "ops"},
			}},
			changes: rotatedSealed("another encryption context").with(changes{"encrypted_output.kms_encryption_context.team": "ops"}),
		},
		{
			name: "removed", before: create(encryptedTo(alice)),
			changes: rotatedBy("asked by encrypted_output (no longer set)").with(changes{
				"encrypted_output": null, "encrypted_secret": null, "previous.secret_access_key": null,
				"previous.encrypted_secret": "encrypted secret of k1",
			}),
		},
		{
			name: "rotation due of an imported key",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.importID("ci")
				ws.apply(encryptedTo(alice))
				ws.Advance("90d")
			},
			config: encryptedTo(alice),
			changes: newKey.without("secret_access_key").with(previousK1).with(changes{
				"last_change": "rotate theirs: created 2026-01-01, reached 90d", "encrypted_secret": knownAfterApply,
				"previous_access_key_id": "theirs", "previous.access_key_id": "theirs", "previous.secret_access_key": null,
			}),
		},
		{
			name: "changed, of an imported key",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.importID("ci")
				ws.apply(encryptedTo(alice))
			},
			config:  encryptedTo(bob),
			changes: changes{"encrypted_output.age_recipients": bob},
		},
	})
}
