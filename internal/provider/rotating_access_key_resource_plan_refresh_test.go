package provider_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// settled is what the first plan after an import shows: the configuration, and nothing else.
var settled = changes{
	"rotate_after": "90d", "apply_every": "1d", "rotation_spread": "0s", "wait_for_handover": "true", "overlap": "7d", "grace": "7d",
	"require_unused_for": "8d", "hold_previous": "false", "paused": "false",
	"unmanaged_keys": "refuse", "wait_until_usable": "true", "explain_usage": "false", "skip_destroy": "false",
	"rotate_at": "2026-04-01T00:00:00Z",
}

func TestModifyPlan_import(t *testing.T) {
	t.Parallel()
	identified := changes{"account_id": "123456789012", "user_unique_id": "unique id of ci"}
	importOne := func(ws *workspace) {
		ws.createForeignKey("theirs")
		ws.Advance("30d")
		ws.importID("ci")
	}
	testPlans(t, []planRow{
		{name: "one key", before: importOne, refreshed: identified, changes: settled},
		{
			name: "with triggers", before: importOne, config: release("1").with(incident("1")), refreshed: identified,
			changes: settled.with(changes{"rotate_when_changed.release": "1", "revoke_when_changed.incident": "1"}),
			says: []string{"Warning: revoke_when_changed revokes nothing at the first apply after an import | key theirs (Active | " +
				"aws iam update-access-key --user-name ci --access-key-id theirs --status Inactive"},
		},
		{
			name: "encrypted", before: importOne, config: encryptedTo(alice), refreshed: identified,
			changes: settled.with(changes{
				"encrypted_output.age_recipients": alice, "encrypted_output.openpgp_public_keys": null, "encrypted_output.kms_key_id": null,
				"encrypted_output.kms_encryption_context": null, "encrypted_output.format": "secret",
			}),
		},
		{
			name: "held", before: importOne, config: attributes{"hold_previous": true}, refreshed: identified,
			changes: settled.with(changes{"hold_previous": "true"}),
		},
		{
			name: "key older than rotate_after",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.Advance("400d")
				ws.importID("ci")
			},
			refreshed: identified,
			changes:   settled.with(changes{"rotate_at": "2027-02-05T00:00:00Z"}),
			says:      []string{"Warning: Changed configuration makes a rotation due | Key theirs of user \"ci\" | since 2027-02-05 00:00:00 UTC"},
		},
		{
			name: "Inactive key",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.setStatus("theirs", "Inactive")
				ws.Advance("1d")
				ws.importID("ci")
			},
			refreshed: identified,
			changes:   settled,
		},
		{
			name: "current and previous",
			before: func(ws *workspace) {
				ws.createForeignKey("old")
				ws.createForeignKey("new")
				ws.Advance("30d")
				ws.importID("ci/new/old")
			},
			refreshed: identified,
			changes:   settled.with(changes{"previous.deactivate_at": "2026-02-07T00:00:00Z"}),
		},
		{
			name: "one of two keys",
			before: func(ws *workspace) {
				ws.createForeignKey("old")
				ws.createForeignKey("new")
				ws.importID("ci/new")
			},
			refreshed: identified,
			changes:   settled,
			says:      []string{"Warning: Unmanaged access key will block the rotation | Key old (Active | 2026-04-01 00:00:00 UTC"},
		},
	})
}

// Without a refresh a plan knows what the last Read or apply that reached the state saw, and no more.
func TestModifyPlan_withoutRefresh(t *testing.T) {
	t.Parallel()
	testPlans(t, []planRow{
		{name: "after an apply", before: create(nil), noRefresh: true},
		{
			name: "after an apply, rotation due since", before: createAndWait("90d"), noRefresh: true,
			says: []string{"Warning: A step is due, and nothing has looked at IAM | Key k1 of user \"ci\": its rotation is due"},
		},
		{
			name: "after a refresh that found a rotation due",
			before: func(ws *workspace) {
				createAndWait("90d")(ws)
				ws.refresh()
			},
			noRefresh: true,
			changes:   rotated,
		},
		{
			name: "after an apply, rotate_when_changed", before: create(nil), noRefresh: true, config: release("1"),
			changes: rotatedBy("asked by rotate_when_changed (release)").with(changes{"rotate_when_changed.release": "1"}),
		},
		{
			name: "after an apply, overlap changed", before: rotate, noRefresh: true, config: attributes{"overlap": "1d"},
			changes: changes{"overlap": "1d", "previous.deactivate_at": "2026-04-02T00:00:00Z"},
		},
		{
			name: "no private state",
			before: func(ws *workspace) {
				createAndWait("90d")(ws)
				ws.resource.private = nil
			},
			noRefresh: true,
			says:      []string{"Warning: A step is due, and nothing has looked at IAM | Key k1 of user \"ci\": its rotation is due"},
		},
		{
			name: "no private state, rotate_when_changed",
			before: func(ws *workspace) {
				ws.apply(nil)
				ws.resource.private = nil
			},
			noRefresh: true, config: release("1"),
			changes: rotatedBy("asked by rotate_when_changed (release)").with(changes{"rotate_when_changed.release": "1"}),
		},
		{
			name: "no private state, rotate_when_changed, previous beyond its overlap",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("30d")
				ws.resource.private = nil
			},
			noRefresh: true, config: release("1"),
			changes: pending("k2"),
			says:    []string{"Warning: Rotation was asked for and has to wait | the last use of key k1 is unknown"},
		},
		{
			name: "private state that can't be read",
			before: func(ws *workspace) {
				ws.apply(nil)
				ws.resource.private = ws.codec.privateState(map[string]json.RawMessage{"evidence": json.RawMessage(`"text"`)})
			},
			noRefresh: true,
			says:      []string{"Error: Private state can't be read"},
		},
	})
}

// TestModifyPlan_storedState plans from a state that an older version has left, whose values must stay readable. IAM does not
// know its keys, so that no apply can succeed.
func TestModifyPlan_storedState(t *testing.T) {
	t.Parallel()
	stored := func(ws *workspace) {
		ws.Advance("98d")
		data, err := os.ReadFile(filepath.Join("testdata", "state_deactivation_due.json"))
		if err != nil {
			ws.t.Fatal(err)
		}
		var file struct {
			Attributes json.RawMessage
			Private    map[string]json.RawMessage
		}
		if err := json.Unmarshal(data, &file); err != nil {
			ws.t.Fatal(err)
		}
		ws.resource = ws.codec.stored(file.Attributes, file.Private)
	}
	testPlans(t, []planRow{
		{
			name: "deactivation due", before: stored, noRefresh: true, config: attributes{"wait_for_handover": false},
			changes: deactivated("deactivate AKIAEXAMPLEPREVIOUS1: overlap over, unused since 2026-03-31, current not used"),
			applySays: []string{
				`Error: Plan for user "ci" is out of date: it would deactivate key AKIAEXAMPLEPREVIOUS1, but the keys in IAM have ` +
					"changed since the plan",
			},
		},
		{
			name: "rotate_when_changed", before: stored, noRefresh: true,
			config: release("1").with(attributes{"wait_for_handover": false}),
			changes: newKey.with(changes{ //nolint:gosec // ids of the state file, and no secrets
				"rotate_when_changed.release": "1", "previous_access_key_id": "AKIAEXAMPLECURRENT02",
				"last_change": "delete AKIAEXAMPLEPREVIOUS1: Active, unused since 2026-03-31, to make room; " +
					"rotate AKIAEXAMPLECURRENT02: asked by rotate_when_changed (release)",
				"previous.access_key_id":     "AKIAEXAMPLECURRENT02",
				"previous.secret_access_key": "secret of the current key",
				"previous.created_at":        "2026-04-01T00:00:00Z", "previous.replaced_at": knownAfterApply,
				"previous.deactivate_at": knownAfterApply,
			}),
			says: []string{"Warning: Active access key is deleted to make room for a new one | Key AKIAEXAMPLEPREVIOUS1 (Active"},
			applySays: []string{
				`Error: Plan for user "ci" is out of date: it would rotate key AKIAEXAMPLECURRENT02, but the keys in IAM have ` +
					"changed since the plan",
			},
		},
	})
}

func TestModifyPlan_destroy(t *testing.T) {
	t.Parallel()
	const undestroyed = "Error: Credentials of this provider depend on key k1, so it is not destroyed"
	testPlans(t, []planRow{
		{name: "one key", before: create(nil), destroy: true},
		{name: "two keys", before: rotate, destroy: true},
		{
			name: "current signs",
			before: func(ws *workspace) {
				ws.apply(nil)
				ws.signWith("k1")
			},
			destroy: true,
			says:    []string{undestroyed},
		},
		{
			name: "previous signs",
			before: func(ws *workspace) {
				rotate(ws)
				ws.signWith("k1")
			},
			destroy: true,
			says:    []string{undestroyed},
		},
		{
			name: "current signs, skip_destroy",
			before: func(ws *workspace) {
				ws.apply(attributes{"skip_destroy": true})
				ws.signWith("k1")
			},
			destroy: true,
		},
		{
			name: "adopted previous signs",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.apply(attributes{"unmanaged_keys": "retire"})
				ws.signWith("theirs")
			},
			destroy: true,
		},
		{
			name: "without a refresh", before: create(nil), destroy: true, noRefresh: true,
		},
	})
}

// A second resource for a user is noticed when it is planned.
func TestModifyPlan_sharedUser(t *testing.T) {
	t.Parallel()
	ws := newWorkspace(t)
	ws.apply(nil)
	ws.useKey("k1")
	p := ws.process(machineAhead)
	read := p.read(ws.resource)
	const shared = "Warning: Two resources manage the access keys of one user | current keys k1 and (being created)"
	plan := p.planChange(p.none(), byDefault(nil))
	ws.sameTexts("tainted, or another resource: diagnostics", plan.says, []string{
		shared, `Warning: Access key in use is deleted if its resource is replaced | Key k1 of user "ci" was last used at`,
	})
	p.planChange(read, byDefault(nil))
	plan = p.planChange(p.none(), byDefault(nil))
	ws.sameTexts("another resource: diagnostics", plan.says, []string{shared})
}

// Secrets are sensitive, and nothing else is.
func TestModifyPlan_sensitive(t *testing.T) {
	t.Parallel()
	var sensitive []string
	var add func(prefix string, attributes []*tfprotov6.SchemaAttribute)
	add = func(prefix string, attributes []*tfprotov6.SchemaAttribute) {
		for _, a := range attributes {
			if a.Sensitive {
				sensitive = append(sensitive, prefix+a.Name)
			}
			if a.NestedType != nil {
				add(prefix+a.Name+".", a.NestedType.Attributes)
			}
		}
	}
	add("", newWorkspace(t).codec.schema.Block.Attributes)
	slices.Sort(sensitive)
	if want := []string{"previous.secret_access_key", "secret_access_key"}; !slices.Equal(sensitive, want) {
		t.Errorf("sensitive attributes %q, want %q", sensitive, want)
	}
}
