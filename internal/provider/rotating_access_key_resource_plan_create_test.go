package provider_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// Recipients of age; carol's is an SSH public key.
const (
	alice = "age10wrh7z2h3wkf39c77kely56hg28zd6lz2zwf05hzlw3exkwnef0qdax7u8"
	bob   = "age1exhmguzc3plgwywczd97alh0fl6xwv3zksfxgwhcuteva9zjpy3sar3je4"
	carol = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIeXcaG0kTOW0Hv6cO9EejZBvSyP3k/NzgWowhrbOM6O"
)

// encryptedTo is an encrypted_output with age recipients.
func encryptedTo(recipients ...string) attributes {
	return attributes{"encrypted_output": attributes{"age_recipients": recipients}}
}

// created is what the plan of a create shows with the default configuration.
var created = changes{
	"user": "ci", "max_age": null, "rotate_after": "90d", "apply_every": "1d", "rotation_spread": "0s", "wait_for_handover": "true",
	"overlap": "7d", "grace": "7d", "require_unused_for": "8d", "rotate_when_changed": null,
	"revoke_when_changed": null, "hold_previous": "false", "paused": "false", "unmanaged_keys": "refuse", "wait_until_usable": "true",
	"description": null, "encrypted_output": null, "explain_usage": "false", "skip_destroy": "false",
	"id": "ci", "account_id": knownAfterApply, "user_unique_id": knownAfterApply, "access_key_id": knownAfterApply,
	"secret_access_key": knownAfterApply, "encrypted_secret": null, "status": "Active", "created_at": knownAfterApply,
	"inactive_since": null, "rotate_at": knownAfterApply, "managed_since": knownAfterApply, "compliant_until": null,
	"last_change": knownAfterApply, "rotation_requested": null, "retirement_blocked": null, "previous_access_key_id": null,
	"rotation_blocked": null,
	"version":          knownAfterApply, "previous": null,
}

// createdToAlice is created with a secret that is encrypted to alice.
var createdToAlice = created.without("encrypted_output").with(changes{
	"encrypted_output.age_recipients": alice, "encrypted_output.openpgp_public_keys": null, "encrypted_output.kms_key_id": null,
	"encrypted_output.kms_encryption_context": null, "encrypted_output.format": "secret",
	"secret_access_key": null, "encrypted_secret": knownAfterApply,
})

func TestModifyPlan_create(t *testing.T) {
	t.Parallel()
	expired := acctest.NewPGPKey(t)
	expired.Expire(time.Date(2025, time.December, 31, 0, 0, 0, 0, time.UTC))
	testPlans(t, []planRow{
		{name: "defaults", changes: created},
		{
			name:   "all arguments",
			before: func(ws *workspace) { ws.Sim.CreateUser("cd") },
			config: attributes{
				"user": "cd", "rotate_after": "12w", "overlap": "1d", "grace": "2d", "require_unused_for": "36h",
				"rotate_when_changed": attributes{"quarter": "2026-Q1"}, "revoke_when_changed": attributes{"incident": "none"},
				"hold_previous": true, "paused": true, "unmanaged_keys": "delete_unused", "wait_until_usable": false,
				"description": "cd deployer", "explain_usage": true, "skip_destroy": true,
			},
			changes: created.without("rotate_when_changed", "revoke_when_changed").with(changes{
				"user": "cd", "id": "cd", "rotate_after": "12w", "overlap": "1d", "grace": "2d", "require_unused_for": "36h",
				"rotate_when_changed.quarter": "2026-Q1", "revoke_when_changed.incident": "none", "hold_previous": "true", "paused": "true",
				"unmanaged_keys": "delete_unused", "wait_until_usable": "false", "description": "cd deployer", "explain_usage": "true",
				"skip_destroy": "true",
			}),
		},
		{
			name:   "never by age",
			config: attributes{"rotate_after": nil, "rotate_when_changed": attributes{"quarter": "2026-Q1"}},
			changes: created.without("rotate_when_changed").with(changes{
				"rotate_after": null, "rotate_when_changed.quarter": "2026-Q1", "rotate_at": null,
			}),
		},
		{
			name:      "user does not exist yet",
			config:    attributes{"user": "new"},
			changes:   created.with(changes{"user": "new", "id": "new"}),
			applySays: []string{`Error: Access keys of user "new" can't be read`},
		},
		{
			name:      "access keys can't be read",
			before:    func(ws *workspace) { ws.Sim.Deny("*", "iam:ListAccessKeys") },
			changes:   created,
			says:      []string{`Warning: Access keys of user "ci" can't be read`},
			applySays: []string{`Error: Access keys of user "ci" can't be read`},
		},
		{name: "encrypted", config: encryptedTo(alice), changes: createdToAlice},
		{
			name:   "encrypted to an expired OpenPGP key",
			config: attributes{"encrypted_output": attributes{"openpgp_public_keys": []string{expired.Public()}}},
			says:   []string{"Error: Recipient " + expired.Fingerprint() + " in encrypted_output.openpgp_public_keys expired on 2025-12-31"},
		},
		{
			name:    "encrypted to an unknown recipient",
			config:  encryptedTo(knownAfterApply),
			changes: createdToAlice.with(changes{"encrypted_output.age_recipients": knownAfterApply, "secret_access_key": null}),
			atApply: encryptedTo(alice),
		},
		{
			name:    "encryption unknown",
			config:  attributes{"encrypted_output": knownAfterApply},
			changes: created.with(changes{"encrypted_output": knownAfterApply, "encrypted_secret": knownAfterApply}),
			atApply: encryptedTo(alice),
		},
		{
			name:    "user unknown",
			config:  attributes{"user": knownAfterApply},
			changes: created.with(changes{"user": knownAfterApply, "id": knownAfterApply}),
			atApply: attributes{"user": "ci"},
		},
		{
			name:    "trigger unknown",
			config:  attributes{"rotate_when_changed": attributes{"release": knownAfterApply}},
			changes: created.without("rotate_when_changed").with(changes{"rotate_when_changed.release": knownAfterApply}),
			atApply: attributes{"rotate_when_changed": attributes{"release": "1"}},
		},
		{
			name:    "rotate_after unknown",
			config:  attributes{"rotate_after": knownAfterApply},
			changes: created.with(changes{"rotate_after": knownAfterApply}),
			atApply: attributes{"rotate_after": "30d"},
		},
		{
			name:   "unmanaged_keys unknown",
			before: func(ws *workspace) { ws.createForeignKey("theirs") },
			config: attributes{"unmanaged_keys": knownAfterApply},
			changes: created.with(changes{
				"unmanaged_keys": knownAfterApply, "previous_access_key_id": knownAfterApply,
				"previous": knownAfterApply,
			}),
			atApply: attributes{"unmanaged_keys": "retire"},
		},
	})
}

func TestModifyPlan_createBesideKeys(t *testing.T) {
	t.Parallel()
	oneKey := func(ws *workspace) { ws.createForeignKey("theirs") }
	twoKeys := func(ws *workspace) {
		ws.createForeignKey("theirs")
		ws.Advance("1d")
		ws.createForeignKey("others")
	}
	twoUsedKeys := func(ws *workspace) {
		twoKeys(ws)
		ws.useKey("theirs")
		ws.useKey("others")
	}
	const noSlot = `User "ci" already has 2 access keys, and no slot is free: ` +
		"theirs (Active, created 2026-01-01 00:00:00 UTC, last used at 2026-01-02 00:00:00 UTC by s3 in eu-west-1); " +
		"others (Active, created 2026-01-02 00:00:00 UTC, last used at 2026-01-02 00:00:00 UTC by s3 in eu-west-1)"
	testPlans(t, []planRow{
		{
			name:    "refuse, one key that nobody used",
			before:  oneKey,
			changes: created,
			says: []string{"Warning: User already has an access key | " +
				`User "ci" already has key theirs (Active, created 2026-01-01 00:00:00 UTC, never used)`},
		},
		{
			name: "refuse, one key in use",
			before: func(ws *workspace) {
				oneKey(ws)
				ws.useKey("theirs")
			},
			changes: created,
			says: []string{"Warning: User already has an access key | " +
				`User "ci" already has key theirs (Active, created 2026-01-01 00:00:00 UTC, ` +
				"last used at 2026-01-01 00:00:00 UTC by s3 in eu-west-1)"},
		},
		{
			name:      "refuse, two keys",
			before:    twoUsedKeys,
			changes:   created,
			says:      []string{"Warning: " + noSlot},
			applySays: []string{"Error: " + noSlot},
		},
		{
			name:    "retire, no key",
			config:  attributes{"unmanaged_keys": "retire"},
			changes: created.with(changes{"unmanaged_keys": "retire", "previous_access_key_id": knownAfterApply, "previous": knownAfterApply}),
		},
		{
			name:    "retire, one key",
			before:  oneKey,
			config:  attributes{"unmanaged_keys": "retire"},
			changes: created.with(changes{"unmanaged_keys": "retire", "previous_access_key_id": knownAfterApply, "previous": knownAfterApply}),
			says:    []string{"Warning: Unmanaged access key is adopted | Key theirs (Active"},
		},
		{
			name:      "retire, two keys",
			before:    twoUsedKeys,
			config:    attributes{"unmanaged_keys": "retire"},
			changes:   created.with(changes{"unmanaged_keys": "retire", "previous_access_key_id": knownAfterApply, "previous": knownAfterApply}),
			says:      []string{"Warning: " + noSlot},
			applySays: []string{"Error: " + noSlot},
		},
		{
			name:    "delete_unused, one key that nobody used",
			before:  oneKey,
			config:  attributes{"unmanaged_keys": "delete_unused"},
			changes: created.with(changes{"unmanaged_keys": "delete_unused"}),
		},
		{
			name: "delete_unused, two keys, one of them in use",
			before: func(ws *workspace) {
				twoKeys(ws)
				ws.useKey("theirs")
			},
			config:  attributes{"unmanaged_keys": "delete_unused"},
			changes: created.with(changes{"unmanaged_keys": "delete_unused"}),
			says: []string{"Warning: Unmanaged access key is deleted to make room for a new one | " +
				"Key others (Active, created 2026-01-02 00:00:00 UTC, never used)"},
		},
		{
			name:      "delete_unused, two keys in use",
			before:    twoUsedKeys,
			config:    attributes{"unmanaged_keys": "delete_unused"},
			changes:   created.with(changes{"unmanaged_keys": "delete_unused"}),
			says:      []string{"Warning: " + noSlot},
			applySays: []string{"Error: " + noSlot},
		},
	})
}
