package provider_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// idle saves a plan a second before a date, when it is empty, and applies it a second after the date: nothing happens.
// The span leads to the date.
func idle(s *acctest.Story, span string) {
	s.T.Helper()
	s.Advance(span + "-1s")
	s.PlanEmpty()
	before := s.Attributes()
	s.Advance("2s")
	s.ApplyPlan()
	s.WantCalls()
	if !reflect.DeepEqual(s.Attributes(), before) {
		s.T.Error("an empty plan that was applied after the date changed the state")
	}
}

// late saves a plan and applies it a span later: it does these things and no other, and what it showed as known is then in
// the state.
func late(s *acctest.Story, span string, did ...string) {
	s.T.Helper()
	lateWarning(s, span, nil, did...)
}

// lateWarning is late with a plan that warns.
func lateWarning(s *acctest.Story, span string, warnings []acctest.Option, did ...string) {
	s.T.Helper()
	s.Plan(2, warnings...)
	s.WantChanges()
	shown := shown(s)
	s.Advance(span)
	s.ApplyPlan(warnings...)
	s.WantChanges(did...)
	s.WantState(shown)
}

// shown are the attributes that the plan shows as known and not null.
func shown(s *acctest.Story) map[string]any {
	s.T.Helper()
	for _, change := range s.CLI.ShowJSON(acctest.SavedPlan).ResourceChanges {
		if change.Address == acctest.KeyAddress {
			if after, ok := change.Change.After.(map[string]any); ok {
				return leaves(after)
			}
		}
	}
	s.T.Fatal("the plan shows nothing of the key")
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
func now(s *acctest.Story) string { return s.Sim.Now().Format(time.RFC3339) }

func TestAccRotatingAccessKey_savedPlanRotation(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
	late(s, "10d", "create k1")
	s.PlanEmpty()
	s.WantState(map[string]any{
		"status": "Active", "created_at": "2026-01-11T00:00:00Z", "rotate_at": "2026-04-11T00:00:00Z", "last_change": "create k1",
		"version": 1768089600, "previous": nil,
	})

	idle(s, "90d")
	late(s, "10d", "create k2")
	s.PlanEmpty()
	s.WantState(map[string]any{
		"created_at": "2026-04-21T00:00:01Z", "last_change": "rotate k1: created 2026-01-11, reached 90d",
		"previous.access_key_id": "k1", "previous.status": "Active", "previous.replaced_at": "2026-04-21T00:00:01Z",
		"previous.deactivate_at": "2026-04-28T00:00:01Z", "previous.deactivated_at": nil, "previous.delete_at": nil,
	})
	s.WantHandovers("k1", "k1 to k2")

	// Applied past the date of the next rotation, which was not in the plan.
	s.UseKey("k2")
	idle(s, "7d")
	late(s, "90d", "deactivate k1")
	s.WantState(map[string]any{
		"previous.access_key_id": "k1", "previous.status": "Inactive", "previous.deactivated_at": "2026-07-27T00:00:02Z",
		"previous.deactivated_by": "iamkeys", "previous.delete_at": "2026-08-01T00:00:02Z",
	})
	// The rotation is due by now, and has no slot before the grace is over.
	const grace = "the grace of key k1 is not over"
	s.Refresh(acctest.RotationWaits(grace))
	s.WantState(map[string]any{"rotation_blocked": grace})
}

func TestAccRotatingAccessKey_savedPlanDeletion(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Distinct(nil))
	s.Advance("90d")
	s.Step("create k2")
	s.UseKey("k2")
	s.Advance("8d")
	s.Step("deactivate k1")

	// Applied past the date of the next rotation.
	idle(s, "5d")
	late(s, "90d", "delete k1")
	s.WantState(map[string]any{"access_key_id": "k2", "previous": nil})

	late(s, "10d", "create k3")
	s.PlanEmpty()
	s.WantState(map[string]any{"previous.access_key_id": "k2", "previous.status": "Active"})

	// Nobody applies for a whole period: the old key leaves without the Inactive step, and a new one comes.
	s.UseKey("k3")
	s.Advance("200d")
	lateWarning(s, "10d", []acctest.Option{acctest.DeletesActive("k2")}, "delete k2", "create k4")
	s.PlanEmpty()
	s.WantState(map[string]any{"previous.access_key_id": "k3", "previous.replaced_at": now(s), "previous.status": "Active"})
	s.WantHandovers("k1", "k1 to k2", "k2 to k3", "k3 to k4")

	s.Plan(2, acctest.Flags("-destroy"), acctest.DestroysKeyInUse())
	s.Advance("10d")
	s.Consumed = false
	s.ApplyPlan()
	s.WantChanges("delete k3", "delete k4")
	s.WantKeys()
}

func TestAccRotatingAccessKey_savedPlanRequests(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Distinct(nil))

	// By request, applied past rotate_at: one rotation answers both.
	asked := acctest.Distinct(acctest.Args{"rotate_when_changed": `{ quarter = "2026-Q2" }`})
	s.Write(asked, acctest.ConsumerHCL)
	late(s, "100d", "create k2")
	s.PlanEmpty()
	s.WantState(map[string]any{
		"last_change": "rotate k1: asked by rotate_when_changed (quarter)", "rotate_when_changed.quarter": "2026-Q2",
		"previous.access_key_id": "k1", "previous.replaced_at": now(s),
	})
	s.WantHandovers("k1", "k1 to k2")
	s.UseKey("k2")
	s.Advance("8d")
	s.Step("deactivate k1")

	// A rollback, planned in the grace and applied after it.
	asked = asked.With(acctest.Args{"hold_previous": "true"})
	s.Write(asked, acctest.ConsumerHCL)
	late(s, "10d", "activate k1")
	s.PlanEmpty()
	s.WantState(map[string]any{
		"previous.access_key_id": "k1", "previous.status": "Active", "previous.replaced_at": now(s), "previous.deactivated_at": nil,
		"previous.deactivated_by": nil,
	})

	// A leaked key: previous makes room whatever hold says, and the old current is deactivated.
	s.Write(asked.With(acctest.Args{"revoke_when_changed": `{ incident = "2026-04" }`}), acctest.ConsumerHCL)
	lateWarning(s, "10d", []acctest.Option{acctest.Revokes("k2"), acctest.DeletesActive("k1")}, "delete k1", "create k3", "deactivate k2")
	s.PlanEmpty()
	s.WantState(map[string]any{
		"last_change": "delete k1: Active, unused since 2026-04-11, to make room; rotate k2: asked by revoke_when_changed (incident); " +
			"deactivate k2: revoked",
		"previous.access_key_id": "k2", "previous.status": "Inactive",
		"previous.revoked": true, "previous.deactivated_at": now(s), "previous.deactivated_by": "iamkeys",
	})
}

func TestAccRotatingAccessKey_savedPlanRecords(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Distinct(acctest.Args{"unmanaged_keys": `"retire"`}))

	// A key of somebody else is adopted; a plan from before it came does not know it.
	s.PlanEmpty()
	s.CreateForeignKey("theirs")
	s.ApplyPlan()
	s.WantState(map[string]any{"previous": nil})
	lateWarning(s, "10d", []acctest.Option{acctest.Adopts("theirs")})
	s.PlanEmpty()
	s.WantState(map[string]any{
		"access_key_id": "k1", "previous.access_key_id": "theirs", "previous.adopted": true, "previous.status": "Active",
		"previous.replaced_at": now(s), "previous.deactivate_at": "2026-01-18T00:00:00Z",
	})

	// Somebody deactivates it: recorded, and its grace begins with the apply that records it. The plan is the last one.
	s.Advance("1d")
	s.SetStatus("theirs", "Inactive")
	s.ApplyPlan()
	late(s, "10d")
	s.PlanEmpty()
	s.WantState(map[string]any{
		"previous.access_key_id": "theirs", "previous.status": "Inactive", "previous.deactivated_at": "2026-01-22T00:00:00Z",
		"previous.deactivated_by": "other", "previous.delete_at": "2026-01-27T00:00:00Z",
	})

	// Somebody reactivates it: a new overlap begins.
	s.SetStatus("theirs", "Active")
	late(s, "10d")
	s.PlanEmpty()
	s.WantState(map[string]any{
		"previous.access_key_id": "theirs", "previous.status": "Active", "previous.replaced_at": "2026-02-01T00:00:00Z",
		"previous.deactivated_at": nil, "previous.deactivated_by": nil,
	})
	s.WantHandovers("k1")
}

// Without a refresh a plan knows what the last Read that reached the state decided, and no more.
func TestAccRotatingAccessKey_savedPlanWithoutRefresh(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Distinct(nil))
	s.Advance("90d")
	unseen := acctest.Warns("A step is due, and nothing has looked at IAM", "Key k1 ")
	s.Plan(0, acctest.Flags("-refresh=false"), unseen)
	s.ResetCalls()
	// A plan decides too, but its Read does not reach the state.
	s.Plan(2)
	s.WantCalls("ListAccessKeys")
	s.Plan(0, acctest.Flags("-refresh=false"), unseen)
	s.ResetCalls()

	s.Refresh(acctest.Flags("-refresh-only"))
	s.Plan(2, acctest.Flags("-refresh=false"))
	s.WantCalls()
	s.Advance("10d")
	s.ApplyPlan()
	s.WantChanges("create k2")
	s.WantState(map[string]any{"previous.access_key_id": "k1", "previous.replaced_at": now(s)})
	s.Plan(0, acctest.Flags("-refresh=false"))
	s.PlanEmpty()
	s.WantHandovers("k1", "k1 to k2")
}

// An apply with nothing to do leaves the state as it is, also while there is a previous key.
func TestAccRotatingAccessKey_savedPlanNothingToDo(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Distinct(nil))
	unchanged := func(spans ...string) {
		t.Helper()
		content := s.Instance()
		for _, span := range spans {
			s.Advance(span)
			s.Refresh()
			if !reflect.DeepEqual(s.Instance(), content) {
				t.Errorf("an apply with nothing to do, %s later, changed the state", span)
			}
		}
	}
	unchanged("0s", "1s", "30d")
	// The Read after a step keeps other last uses in the evidence than the step had.
	s.Advance("60d")
	s.Apply()
	s.WantChanges("create k2")
	s.UseKey("k2")
	s.Advance("1h")
	s.Refresh()
	unchanged("1s", "3d")
	s.Advance("4d")
	s.Apply()
	s.WantChanges("deactivate k1")
	s.Advance("1h")
	s.Refresh()
	unchanged("1d")
}
