package provider_test

import (
	"reflect"
	"testing"
	"time"
)

// idle saves a plan a second before a date, when it is empty, and applies it a second after the date: nothing happens.
// The span leads to the date.
func (s *story) idle(span string) {
	s.t.Helper()
	s.Advance(span + "-1s")
	s.steady()
	before := s.attributes()
	s.Advance("2s")
	s.apply()
	s.called()
	if !reflect.DeepEqual(s.attributes(), before) {
		s.t.Error("an empty plan that was applied after the date changed the state")
	}
}

// late saves a plan and applies it a span later: it does these things and no other, and what it showed as known is then in
// the state.
func (s *story) late(span string, did ...string) {
	s.t.Helper()
	s.plan(2)
	s.did()
	shown := s.shown()
	s.Advance(span)
	s.apply()
	s.did(did...)
	s.state(shown)
}

// shown are the attributes that the plan shows as known and not null.
func (s *story) shown() map[string]any {
	s.t.Helper()
	for _, change := range s.cli.ShowJSON(savedPlan).ResourceChanges {
		if change.Address == keyAddress {
			if after, ok := change.Change.After.(map[string]any); ok {
				return leaves(after)
			}
		}
	}
	s.t.Fatal("the plan shows nothing of the key")
	return nil
}

// leaves are the values in an object, by names such as "previous.status", without those that are null.
func leaves(object map[string]any) map[string]any {
	all := map[string]any{}
	for name, value := range object {
		switch value := value.(type) {
		case nil:
		case map[string]any:
			for inner, leaf := range leaves(value) {
				all[name+"."+inner] = leaf
			}
		default:
			all[name] = value
		}
	}
	return all
}

// now is the simulator's time as the state spells it.
func (s *story) now() string { return s.Sim.Now().Format(time.RFC3339) }

func TestAccRotatingAccessKey_savedPlanRotation(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(apart(nil), consumerHCL)
	s.late("10d", "create k1")
	s.steady()
	s.state(map[string]any{
		"status": "Active", "created_at": "2026-01-11T00:00:00Z", "rotate_at": "2026-04-11T00:00:00Z", "rotation_reason": "created",
		"version": 1768089600, "previous": nil,
	})

	s.idle("90d")
	s.late("10d", "create k2")
	s.steady()
	s.state(map[string]any{
		"created_at": "2026-04-21T00:00:01Z", "rotation_reason": "key k1 of 2026-01-11 00:00:00 UTC reached rotate_after 90d",
		"previous.access_key_id": "k1", "previous.status": "Active", "previous.replaced_at": "2026-04-21T00:00:01Z",
		"previous.deactivate_at": "2026-04-28T00:00:01Z", "previous.deactivated_at": nil, "previous.delete_at": nil,
	})
	s.handovers("k1", "k1 to k2")

	// Applied past the date of the next rotation, which was not in the plan.
	s.use("k2")
	s.idle("7d")
	s.late("90d", "deactivate k1")
	s.state(map[string]any{
		"previous.access_key_id": "k1", "previous.status": "Inactive", "previous.deactivated_at": "2026-07-27T00:00:02Z",
		"previous.deactivated_by": "iamkeys", "previous.delete_at": "2026-08-01T00:00:02Z",
	})
	// The rotation is due by now, and has no slot before the grace is over.
	const grace = "Inactive key k1 is in its grace until 2026-08-01 00:00:02 UTC"
	s.refresh(blockedBy(grace))
	s.state(map[string]any{"rotation_blocked": grace})
}

func TestAccRotatingAccessKey_savedPlanDeletion(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, apart(nil))
	s.Advance("90d")
	s.step("create k2")
	s.use("k2")
	s.Advance("8d")
	s.step("deactivate k1")

	// Applied past the date of the next rotation.
	s.idle("5d")
	s.late("90d", "delete k1")
	s.state(map[string]any{"access_key_id": "k2", "previous": nil})

	s.late("10d", "create k3")
	s.steady()
	s.state(map[string]any{"previous.access_key_id": "k2", "previous.status": "Active"})

	// Nobody applies for a whole period: the old key leaves without the Inactive step, and a new one comes.
	s.Advance("200d")
	s.late("10d", "delete k2", "create k4")
	s.steady()
	s.state(map[string]any{"previous.access_key_id": "k3", "previous.replaced_at": s.now(), "previous.status": "Active"})
	s.handovers("k1", "k1 to k2", "k2 to k3", "k3 to k4")

	s.plan(2, "-destroy")
	s.Advance("10d")
	s.consumed = false
	s.apply()
	s.did("delete k3", "delete k4")
	s.keys()
}

func TestAccRotatingAccessKey_savedPlanRequests(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, apart(nil))

	// By request, applied past rotate_at: one rotation answers both.
	asked := apart(keyArgs{"rotate_when_changed": `{ quarter = "2026-Q2" }`})
	s.write(asked, consumerHCL)
	s.late("100d", "create k2")
	s.steady()
	s.state(map[string]any{
		"rotation_reason": "rotate_when_changed: quarter", "rotate_when_changed.quarter": "2026-Q2",
		"previous.access_key_id": "k1", "previous.replaced_at": s.now(),
	})
	s.handovers("k1", "k1 to k2")
	s.use("k2")
	s.Advance("8d")
	s.step("deactivate k1")

	// A rollback, planned in the grace and applied after it.
	asked = asked.with(keyArgs{"hold_previous": "true"})
	s.write(asked, consumerHCL)
	s.late("10d", "activate k1")
	s.steady()
	s.state(map[string]any{
		"previous.access_key_id": "k1", "previous.status": "Active", "previous.replaced_at": s.now(), "previous.deactivated_at": nil,
		"previous.deactivated_by": nil,
	})

	// A leaked key: previous makes room whatever hold says, and the old current is deactivated.
	s.write(asked.with(keyArgs{"revoke_when_changed": `{ incident = "2026-04" }`}), consumerHCL)
	s.late("10d", "delete k1", "create k3", "deactivate k2")
	s.steady()
	s.state(map[string]any{
		"rotation_reason": "revoke_when_changed: incident", "previous.access_key_id": "k2", "previous.status": "Inactive",
		"previous.revoked": true, "previous.deactivated_at": s.now(), "previous.deactivated_by": "iamkeys",
	})
}

func TestAccRotatingAccessKey_savedPlanRecords(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, apart(keyArgs{"unmanaged_keys": `"retire"`}))

	// A key of somebody else is adopted; a plan from before it came does not know it.
	s.steady()
	s.foreign("theirs")
	s.apply()
	s.state(map[string]any{"previous": nil})
	s.late("10d")
	s.steady()
	s.state(map[string]any{
		"access_key_id": "k1", "previous.access_key_id": "theirs", "previous.adopted": true, "previous.status": "Active",
		"previous.replaced_at": s.now(), "previous.deactivate_at": "2026-01-18T00:00:00Z",
	})

	// Somebody deactivates it: recorded, and its grace begins with the apply that records it. The plan is the last one.
	s.setStatus("theirs", "Inactive")
	s.apply()
	s.late("10d")
	s.steady()
	s.state(map[string]any{
		"previous.access_key_id": "theirs", "previous.status": "Inactive", "previous.deactivated_at": "2026-01-21T00:00:00Z",
		"previous.deactivated_by": "other", "previous.delete_at": "2026-01-26T00:00:00Z",
	})

	// Somebody reactivates it: a new overlap begins.
	s.setStatus("theirs", "Active")
	s.late("10d")
	s.steady()
	s.state(map[string]any{
		"previous.access_key_id": "theirs", "previous.status": "Active", "previous.replaced_at": "2026-01-31T00:00:00Z",
		"previous.deactivated_at": nil, "previous.deactivated_by": nil,
	})
	s.handovers("k1")
}

// Without a refresh a plan knows what the last Read that reached the state decided, and no more.
func TestAccRotatingAccessKey_savedPlanWithoutRefresh(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, apart(nil))
	s.Advance("90d")
	s.plan(0, "-refresh=false")
	// A plan decides too, but its Read does not reach the state.
	s.plan(2)
	s.plan(0, "-refresh=false")
	s.called("ListAccessKeys")

	s.refresh("-refresh-only")
	s.plan(2, "-refresh=false")
	s.called()
	s.Advance("10d")
	s.apply()
	s.did("create k2")
	s.state(map[string]any{"previous.access_key_id": "k1", "previous.replaced_at": s.now()})
	s.plan(0, "-refresh=false")
	s.steady()
	s.handovers("k1", "k1 to k2")
}

// An apply with nothing to do leaves the state as it is, also while there is a previous key.
func TestAccRotatingAccessKey_savedPlanNothingToDo(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, apart(nil))
	unchanged := func(spans ...string) {
		t.Helper()
		content := s.instance()
		for _, span := range spans {
			s.Advance(span)
			s.refresh()
			if !reflect.DeepEqual(s.instance(), content) {
				t.Errorf("an apply with nothing to do, %s later, changed the state", span)
			}
		}
	}
	unchanged("0s", "1s", "30d")
	// The Read after a step keeps other last uses in the evidence than the step had.
	s.Advance("60d")
	s.applyNow()
	s.did("create k2")
	s.use("k2")
	s.Advance("1h")
	s.refresh()
	unchanged("1s", "3d")
	s.Advance("4d")
	s.applyNow()
	s.did("deactivate k1")
	s.Advance("1h")
	s.refresh()
	unchanged("1d")
}
