package provider_test

import (
	"slices"
	"strings"
	"testing"
)

const minutes = "10m" // longer than a key counts as young

func TestAccRotatingAccessKey_currentDeleted(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(managedKey("app", rotateByAge), consumedKey)
	s.apply(0)
	first := s.text("access_key_id")
	s.plan(0)

	s.Advance(minutes)
	s.Sim.DeleteAccessKey(first)
	s.ResetCalls()
	s.planOut(2, "warning: Current key "+first+` of user "app" is not listed by IAM`)
	if got, want := s.CallList(), []string{"ListAccessKeys", "GetCallerIdentity", "GetUser"}; !slices.Equal(got, want) {
		t.Errorf("calls %q, want %q: account and user are proved before anything is concluded", got, want)
	}
	s.shows(map[string]any{
		"action": "update", "access_key_id": plannedUnknown, "secret_access_key": plannedUnknown, "version": plannedUnknown,
		"rotation_reason": "key " + first + " is gone from IAM", "status": "Active", "previous": nil,
	})

	s.ResetCalls()
	s.applySaved(0)
	second := s.text("access_key_id")
	s.mutations("create " + second)
	s.keys("app", second+" Active")
	s.handedOver(first, false, second)
	s.plan(0)
	s.holds(map[string]any{"created_at": "2026-01-01T00:10:00Z", "rotate_at": "2026-04-01T00:10:00Z", "version": 1767226200, "previous": nil})
}

// A key that was just made and is not listed may only be slow to appear: it is reported, and nothing is made.
func TestAccRotatingAccessKey_currentDeletedYoung(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(managedKey("app", rotateByAge))
	s.apply(0)
	first := s.text("access_key_id")

	s.Advance("4m59s")
	s.Sim.DeleteAccessKey(first)
	s.ResetCalls()
	s.plan(0, "warning: Current key "+first+` of user "app" is not listed by IAM`)
	if got := s.Calls("ListAccessKeys"); got != 2 {
		t.Errorf("%d lists, want 2: a young key is looked for again", got)
	}
	s.mutations()
	s.apply(0, "warning: is not listed by IAM")
	s.mutations()
	s.holds(map[string]any{
		"access_key_id": first, "status": "Missing",
		"rotation_blocked": "key " + first + " was made minutes ago and IAM does not list it yet until 2026-01-01 00:05:00 UTC",
	})

	s.Advance("1s")
	s.plan(2, "warning: is not listed by IAM")
	s.apply(0, "warning: is not listed by IAM")
	s.plan(0)
	s.mutations("create " + s.text("access_key_id"))
	s.holds(map[string]any{"status": "Active", "rotation_blocked": nil, "rotation_reason": "key " + first + " is gone from IAM"})
}

func TestAccRotatingAccessKey_currentDeactivated(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(managedKey("app", rotateByAge), consumedKey)
	s.apply(0)
	first := s.text("access_key_id")

	s.Advance("1d")
	s.Sim.SetStatus(first, "Inactive")
	s.planOut(2)
	s.shows(map[string]any{
		"action": "update", "rotation_reason": "key " + first + " was deactivated by somebody else", "access_key_id": plannedUnknown,
		"status": "Active", "inactive_since": nil, "previous.access_key_id": first, "previous.status": "Inactive", "previous.deactivated_by": "other",
	})
	s.ResetCalls()
	s.applySaved(0)
	second := s.text("access_key_id")
	s.mutations("create " + second)
	s.keys("app", first+" Inactive", second+" Active")
	s.handedOver(first, false, second)
	s.holds(map[string]any{
		"previous.status": "Inactive", "previous.deactivated_at": "2026-01-02T00:00:00Z", "previous.delete_at": "2026-01-09T00:00:00Z",
		"previous.deactivated_by": "other", "previous.revoked": false, "previous.adopted": false,
	})
	s.plan(0)

	s.Advance("7d-1s")
	s.plan(0)
	s.Advance("1s")
	s.plan(2)
	s.ResetCalls()
	s.apply(0)
	s.mutations("delete " + first)
	s.plan(0)
	s.holds(map[string]any{"previous": nil, "access_key_id": second})
}

// With an Active previous there is no slot for a rotation: it is the Inactive current that makes room, after the grace.
func TestAccRotatingAccessKey_currentDeactivatedInOverlap(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first, second := s.rotated(consumedKey)

	s.Advance("1d")
	s.Sim.SetStatus(second, "Inactive")
	s.ResetCalls()
	blocked := "Inactive key " + second + " is in its grace until 2026-01-10 00:00:00 UTC"
	s.plan(0, "warning: "+blocked)
	s.apply(0, "warning: "+blocked)
	s.mutations()
	s.holds(map[string]any{"status": "Inactive", "inactive_since": "2026-01-03T00:00:00Z", "rotation_blocked": blocked, "previous.status": "Active"})

	s.Advance("7d-1s")
	s.plan(0, "warning: "+blocked)
	s.Advance("1s")
	s.planOut(2)
	s.shows(map[string]any{
		"action": "update", "rotation_blocked": nil, "rotation_reason": "key " + second + " was deactivated by somebody else",
		"previous.access_key_id": first, "previous.status": "Active", "previous.replaced_at": plannedUnknown,
	})
	s.applySaved(0)
	third := s.text("access_key_id")
	s.mutations("delete "+second, "create "+third)
	s.keys("app", first+" Active", third+" Active")
	s.handedOver(second, false, third)
	s.holds(map[string]any{"previous.access_key_id": first, "previous.replaced_at": "2026-01-10T00:00:00Z", "previous.deactivate_at": "2026-01-17T00:00:00Z"})
	s.plan(0)
}

// When current is gone, previous stays previous, and the time that it has left starts again.
func TestAccRotatingAccessKey_currentDeletedInOverlap(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]map[string]any{
		"Active": {
			"previous.status": "Active", "previous.replaced_at": "2026-01-12T00:00:00Z", "previous.deactivate_at": "2026-01-19T00:00:00Z",
			"previous.deactivated_at": nil, "previous.delete_at": nil,
		},
		"Inactive": {
			"previous.status": "Inactive", "previous.replaced_at": "2026-01-12T00:00:00Z", "previous.deactivated_at": "2026-01-12T00:00:00Z",
			"previous.delete_at": "2026-01-19T00:00:00Z",
		},
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			first, second := s.rotated(consumedKey)
			s.Advance("8d")
			if status == "Inactive" {
				s.Sim.SetLastUsed(second, s.Sim.Now(), "s3", "eu-west-1")
				s.apply(0)
			}
			s.keys("app", first+" "+status, second+" Active")
			s.Advance("2d")
			s.Sim.DeleteAccessKey(second)
			s.ResetCalls()
			s.apply(0, "warning: Current key "+second+` of user "app" is not listed by IAM`)
			third := s.text("access_key_id")
			s.mutations("create " + third)
			s.keys("app", first+" "+status, third+" Active")
			want["previous.access_key_id"] = first
			s.holds(want)
			s.handedOver(second, false, third)
			s.plan(0)
		})
	}
}

func TestAccRotatingAccessKey_bothDeactivated(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first, second := s.rotated(consumedKey)

	s.Advance("1d")
	s.Sim.SetStatus(first, "Inactive")
	s.Sim.SetStatus(second, "Inactive")
	s.planOut(2)
	s.shows(map[string]any{
		"action": "update", "rotation_reason": "key " + second + " was deactivated by somebody else",
		"previous.access_key_id": second, "previous.status": "Inactive",
	})
	s.ResetCalls()
	s.applySaved(0)
	third := s.text("access_key_id")
	s.mutations("delete "+first, "create "+third)
	s.keys("app", second+" Inactive", third+" Active")
	s.handedOver(second, false, third)
	s.plan(0)
}

func TestAccRotatingAccessKey_previousDeleted(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first, second := s.rotated(consumedKey)

	s.Advance("1d")
	s.Sim.DeleteAccessKey(first)
	s.ResetCalls()
	s.plan(0)
	if got, want := s.CallList(), []string{"ListAccessKeys"}; !slices.Equal(got, want) {
		t.Errorf("calls %q, want %q", got, want)
	}
	s.apply(0)
	s.mutations()
	s.holds(map[string]any{"access_key_id": second, "previous": nil})
	s.plan(0)
}

func TestAccRotatingAccessKey_previousDeactivated(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first, second := s.rotated(consumedKey)

	s.Advance("1d")
	s.Sim.SetStatus(first, "Inactive")
	s.planOut(2)
	s.shows(map[string]any{
		"action": "update", "access_key_id": second, "previous.access_key_id": first, "previous.status": "Inactive",
		"previous.deactivated_at": plannedUnknown, "previous.delete_at": plannedUnknown, "previous.deactivated_by": "other",
	})
	s.ResetCalls()
	s.applySaved(0)
	s.mutations()
	s.holds(map[string]any{
		"previous.status": "Inactive", "previous.deactivated_at": "2026-01-03T00:00:00Z", "previous.delete_at": "2026-01-10T00:00:00Z",
		"previous.deactivated_by": "other",
	})
	s.plan(0)

	s.Advance("7d-1s")
	s.plan(0)
	s.Advance("1s")
	s.plan(2)
	s.apply(0)
	s.mutations("delete " + first)
	s.holds(map[string]any{"access_key_id": second, "previous": nil})
	s.plan(0)
}

func TestAccRotatingAccessKey_previousReactivated(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first, second := s.rotated("")
	s.Advance("8d")
	s.apply(0, "warning: Current key "+second+" has not been used yet")
	s.keys("app", first+" Inactive", second+" Active")
	s.plan(0)

	s.Advance("1d")
	s.Sim.SetStatus(first, "Active")
	s.planOut(2)
	s.shows(map[string]any{
		"action": "update", "access_key_id": second, "previous.status": "Active", "previous.replaced_at": plannedUnknown,
		"previous.deactivate_at": plannedUnknown, "previous.deactivated_at": nil, "previous.deactivated_by": nil, "previous.delete_at": nil,
	})
	s.ResetCalls()
	s.applySaved(0)
	s.mutations()
	s.holds(map[string]any{
		"previous.status": "Active", "previous.replaced_at": "2026-01-11T00:00:00Z", "previous.deactivate_at": "2026-01-18T00:00:00Z",
		"previous.deactivated_at": nil, "previous.delete_at": nil,
	})
	s.plan(0)

	s.Advance("7d-1s")
	s.plan(0)
	s.Advance("1s")
	s.plan(2, "warning: Current key "+second+" has not been used yet")
	s.apply(0, "warning: Current key "+second+" has not been used yet")
	s.mutations("make " + first + " Inactive")
	s.plan(0)
}

// rotated creates a key on the first of January, at midnight, and rotates it a day later. It returns both ids.
func (s *scene) rotated(more string) (first, second string) {
	s.t.Helper()
	s.write(managedKey("app", rotateByAge), more)
	s.apply(0)
	first = s.text("access_key_id")
	s.Advance("1d")
	s.write(managedKey("app", rotateByAge+"\n"+`rotate_when_changed = { ask = "1" }`), more)
	s.apply(0)
	second = s.text("access_key_id")
	if first == second {
		s.t.Fatal("the key was not rotated")
	}
	s.plan(0)
	if strings.Contains(more, sceneConsumerType) {
		s.handedOver(first, true, second)
	}
	return first, second
}
