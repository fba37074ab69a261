package provider_test

import "testing"

const minutes = "10m" // longer than a key counts as young

func TestAccRotatingAccessKey_currentDeleted(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, byAge(nil))
	s.Advance(minutes)
	s.remove("k1")
	s.plan(2, unlisted("k1"))
	s.called("ListAccessKeys", "GetCallerIdentity", "GetUser") // account and user are proved before anything is concluded
	s.planned(map[string]any{
		"action": "update", "access_key_id": unknown, "secret_access_key": unknown, "version": unknown,
		"rotation_reason": "key k1 is gone from IAM", "status": "Active", "previous": nil,
	})

	s.apply()
	s.did("create k2")
	s.keys("k2 Active")
	s.handovers("k1", "k1 (dead) to k2")
	s.steady()
	s.state(map[string]any{"created_at": "2026-01-01T00:10:00Z", "rotate_at": "2026-04-01T00:10:00Z", "version": 1767226200, "previous": nil})
}

// A key that was just made and is not listed may only be slow to appear: it is reported, and nothing is made.
func TestAccRotatingAccessKey_currentDeletedYoung(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, byAge(nil))
	s.Advance("4m59s")
	s.remove("k1")
	s.plan(0, unlisted("k1"))
	if got := s.Calls("ListAccessKeys"); got != 5 {
		t.Errorf("%d lists, want 5: a young key is looked for again, for some seconds", got)
	}
	s.refresh(unlisted("k1"))
	s.state(map[string]any{
		"access_key_id": "k1", "status": "Missing",
		"rotation_blocked": "key k1 was made minutes ago and IAM does not list it yet until 2026-01-01 00:05:00 UTC",
	})

	s.Advance("1s")
	s.applyNow(unlisted("k1"))
	s.did("create k2")
	s.steady()
	s.state(map[string]any{"status": "Active", "rotation_blocked": nil, "rotation_reason": "key k1 is gone from IAM"})
}

func TestAccRotatingAccessKey_currentDeactivated(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, byAge(nil))
	s.Advance("1d")
	s.setStatus("k1", "Inactive")
	s.plan(2)
	s.planned(map[string]any{
		"action": "update", "rotation_reason": "key k1 was deactivated by somebody else", "access_key_id": unknown,
		"status": "Active", "inactive_since": nil, "previous.access_key_id": "k1", "previous.status": "Inactive", "previous.deactivated_by": "other",
	})
	s.apply()
	s.did("create k2")
	s.keys("k1 Inactive", "k2 Active")
	s.handovers("k1", "k1 (dead) to k2")
	s.state(map[string]any{
		"previous.status": "Inactive", "previous.deactivated_at": "2026-01-02T00:00:00Z", "previous.delete_at": "2026-01-09T00:00:00Z",
		"previous.deactivated_by": "other", "previous.revoked": false, "previous.adopted": false,
	})
	s.steady()

	s.Advance("7d-1s")
	s.steady()
	s.Advance("1s")
	s.step("delete k1")
	s.state(map[string]any{"previous": nil, "access_key_id": "k2"})
}

// With an Active previous there is no slot for a rotation: it is the Inactive current that makes room, after the grace.
func TestAccRotatingAccessKey_currentDeactivatedInOverlap(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, byAge(nil))
	s.Advance("1d")
	s.setStatus("k2", "Inactive")
	const fact = "Inactive key k2 is in its grace until 2026-04-09 00:00:00 UTC"
	s.steady(blockedBy(fact))
	s.refresh(blockedBy(fact))
	s.state(map[string]any{"status": "Inactive", "inactive_since": "2026-04-02T00:00:00Z", "rotation_blocked": fact, "previous.status": "Active"})

	s.Advance("7d-1s")
	s.steady(blockedBy(fact))
	s.Advance("1s")
	s.plan(2)
	s.planned(map[string]any{
		"action": "update", "rotation_blocked": nil, "rotation_reason": "key k2 was deactivated by somebody else",
		"previous.access_key_id": "k1", "previous.status": "Active", "previous.replaced_at": unknown,
	})
	s.apply()
	s.did("delete k2", "create k3")
	s.keys("k1 Active", "k3 Active")
	s.handovers("k1", "k1 to k2", "k2 (dead) to k3")
	s.state(map[string]any{"previous.access_key_id": "k1", "previous.replaced_at": "2026-04-09T00:00:00Z", "previous.deactivate_at": "2026-04-16T00:00:00Z"})
	s.steady()
}

// When current is gone, previous stays previous, and the time that it has left starts again.
func TestAccRotatingAccessKey_currentDeletedInOverlap(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]map[string]any{
		"Active": {
			"previous.access_key_id": "k1", "previous.status": "Active", "previous.replaced_at": "2026-04-11T00:00:00Z",
			"previous.deactivate_at": "2026-04-18T00:00:00Z", "previous.deactivated_at": nil, "previous.delete_at": nil,
		},
		"Inactive": {
			"previous.access_key_id": "k1", "previous.status": "Inactive", "previous.replaced_at": "2026-04-11T00:00:00Z",
			"previous.deactivated_at": "2026-04-11T00:00:00Z", "previous.delete_at": "2026-04-18T00:00:00Z",
		},
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			s := newRotatedStory(t, byAge(nil))
			s.use("k2")
			s.Advance("8d")
			if status == "Inactive" {
				s.step("deactivate k1")
			}
			s.keys("k1 "+status, "k2 Active")
			s.Advance("2d")
			s.remove("k2")
			s.applyNow(unlisted("k2"))
			s.did("create k3")
			s.keys("k1 "+status, "k3 Active")
			s.state(want)
			s.handovers("k1", "k1 to k2", "k2 (dead) to k3")
			s.steady()
		})
	}
}

func TestAccRotatingAccessKey_bothDeactivated(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, byAge(nil))
	s.Advance("1d")
	s.setStatus("k1", "Inactive")
	s.setStatus("k2", "Inactive")
	s.plan(2)
	s.planned(map[string]any{
		"action": "update", "rotation_reason": "key k2 was deactivated by somebody else", "previous.access_key_id": "k2", "previous.status": "Inactive",
	})
	s.apply()
	s.did("delete k1", "create k3")
	s.keys("k2 Inactive", "k3 Active")
	s.handovers("k1", "k1 to k2", "k2 (dead) to k3")
	s.steady()
}

func TestAccRotatingAccessKey_previousDeleted(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, byAge(nil))
	s.Advance("1d")
	s.remove("k1")
	s.plan(0)
	s.called("ListAccessKeys")
	s.refresh()
	s.state(map[string]any{"access_key_id": "k2", "previous": nil})
	s.steady()
}

func TestAccRotatingAccessKey_previousDeactivated(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, byAge(nil))
	s.Advance("1d")
	s.setStatus("k1", "Inactive")
	s.plan(2)
	s.planned(map[string]any{
		"action": "update", "access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Inactive",
		"previous.deactivated_at": unknown, "previous.delete_at": unknown, "previous.deactivated_by": "other",
	})
	s.apply()
	s.did()
	s.state(map[string]any{
		"previous.status": "Inactive", "previous.deactivated_at": "2026-04-02T00:00:00Z", "previous.delete_at": "2026-04-09T00:00:00Z",
		"previous.deactivated_by": "other",
	})
	s.steady()

	s.Advance("7d-1s")
	s.steady()
	s.Advance("1s")
	s.step("delete k1")
	s.state(map[string]any{"access_key_id": "k2", "previous": nil})
}

func TestAccRotatingAccessKey_previousReactivated(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, byAge(nil))
	s.Advance("8d")
	s.applyNow(unproven("k2", "k1"))
	s.did("deactivate k1")
	s.keys("k1 Inactive", "k2 Active")
	s.steady()

	s.Advance("1d")
	s.setStatus("k1", "Active")
	s.plan(2)
	s.planned(map[string]any{
		"action": "update", "access_key_id": "k2", "previous.status": "Active", "previous.replaced_at": unknown,
		"previous.deactivate_at": unknown, "previous.deactivated_at": nil, "previous.deactivated_by": nil, "previous.delete_at": nil,
	})
	s.apply()
	s.did()
	s.state(map[string]any{
		"previous.status": "Active", "previous.replaced_at": "2026-04-10T00:00:00Z", "previous.deactivate_at": "2026-04-17T00:00:00Z",
		"previous.deactivated_at": nil, "previous.delete_at": nil,
	})
	s.steady()

	s.Advance("7d-1s")
	s.steady()
	s.Advance("1s")
	s.applyNow(unproven("k2", "k1"))
	s.did("deactivate k1")
	s.steady()
}
