package provider_test

import "testing"

// maxAge is a configuration with max_age alone, which rotates at 72 days.
var maxAge = attributes{"rotate_after": nil, "max_age": "90d"}

func TestModifyPlan_maxAge(t *testing.T) {
	t.Parallel()
	at72d := rotated.with(changes{"last_change": "rotate k1: created 2026-01-01, reached 72d"})
	secondKey := func(ws *workspace) {
		ws.apply(maxAge)
		ws.Advance("72d")
		ws.apply(maxAge)
		ws.useKey("k2")
		ws.clearLastUse("k1")
	}
	testPlans(t, []planRow{
		{
			name: "create", config: maxAge,
			changes: created.with(changes{"rotate_after": null, "max_age": "90d", "compliant_until": knownAfterApply}),
		},
		{
			name: "a second before the rotation",
			before: func(ws *workspace) {
				ws.apply(maxAge)
				ws.Advance("72d-1s")
			},
			config: maxAge,
		},
		{
			// The older key stays Active, so the date by which one is too old stays.
			name: "rotation due",
			before: func(ws *workspace) {
				ws.apply(maxAge)
				ws.Advance("72d")
			},
			config: maxAge, changes: at72d,
		},
		{
			name: "deactivation due",
			before: func(ws *workspace) {
				secondKey(ws)
				ws.Advance("7d")
			},
			config: maxAge,
			changes: deactivated("deactivate k1: overlap over, never used, current in use").with(changes{
				"compliant_until": "2026-06-12T00:00:00Z",
			}),
		},
		{
			name: "set", before: create(nil), config: attributes{"max_age": "120d"},
			changes: changes{"max_age": "120d", "compliant_until": "2026-05-01T00:00:00Z"},
		},
		{
			name: "in the place of rotate_after, already reached", before: createAndWait("72d"), config: maxAge,
			changes: changes{
				"rotate_after": null, "max_age": "90d", "compliant_until": "2026-04-01T00:00:00Z", "rotate_at": "2026-03-14T00:00:00Z",
			},
			says: []string{"Warning: Changed configuration makes a rotation due | is rotated at 72d | due since 2026-03-14 00:00:00 UTC"},
		},
		{
			name: "removed", before: create(attributes{"max_age": "120d"}),
			changes: changes{"max_age": null, "compliant_until": null},
		},
		{
			name: "current deactivated by hand",
			before: func(ws *workspace) {
				ws.apply(attributes{"max_age": "120d"})
				ws.Advance("1d")
				ws.setStatus("k1", "Inactive")
			},
			config:    attributes{"max_age": "120d"},
			refreshed: changes{"status": "Inactive", "compliant_until": null},
			changes: newKey.with(previousK1).with(changes{
				"status": "Active", "compliant_until": knownAfterApply, "last_change": "rotate k1: deactivated by somebody else",
				"previous.status": "Inactive", "previous.deactivated_at": knownAfterApply, "previous.deactivated_by": "other",
				"previous.delete_at": knownAfterApply,
			}),
		},
	})
}
