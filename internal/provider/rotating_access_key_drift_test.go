package provider_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

func TestAccRotatingAccessKey_disappears(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	s.Advance(acctest.TenMinutes)
	s.DeleteKey("k1")
	s.Plan(2, acctest.CurrentNotListed("k1"))
	s.WantCalls("ListAccessKeys", "GetCallerIdentity", "GetUser") // account and user are proved before anything is concluded
	s.WantPlanned(map[string]any{
		"action": "update", "access_key_id": acctest.Unknown, "secret_access_key": acctest.Unknown, "version": acctest.Unknown,
		"last_change": "rotate k1: no longer exists", "status": "Active", "previous": nil,
	})

	s.ApplyPlan()
	s.WantChanges("create k2")
	s.WantKeys("k2 Active")
	s.WantHandovers("k1", "k1 (dead) to k2")
	s.PlanEmpty()
	s.WantState(map[string]any{
		"created_at": "2026-01-01T00:10:00Z", "rotate_at": "2026-04-01T00:10:00Z", "version": 1767226200, "previous": nil,
	})
}

// A key that was just created and is not listed may only be slow to appear: it is reported, and nothing is created.
func TestAccRotatingAccessKey_currentDeletedYoung(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	s.Advance("4m59s")
	s.DeleteKey("k1")
	s.Plan(0, acctest.CurrentNotListed("k1"))
	if got := s.Calls("ListAccessKeys"); got != 5 {
		t.Errorf("%d lists, want 5: a young key is looked for again, for some seconds", got)
	}
	s.Refresh(acctest.CurrentNotListed("k1"))
	s.WantState(map[string]any{
		"access_key_id": "k1", "status": "Missing",
		"rotation_blocked": "key k1 was created minutes ago and IAM does not list it yet",
	})

	s.Advance("1s")
	s.Apply(acctest.CurrentNotListed("k1"))
	s.WantChanges("create k2")
	s.PlanEmpty()
	s.WantState(map[string]any{"status": "Active", "rotation_blocked": nil, "last_change": "rotate k1: no longer exists"})
}

func TestAccRotatingAccessKey_currentDeactivated(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	s.Advance("1d")
	s.SetStatus("k1", "Inactive")
	s.Plan(2)
	s.WantPlanned(map[string]any{
		"action": "update", "last_change": "rotate k1: deactivated by somebody else", "access_key_id": acctest.Unknown,
		"status": "Active", "inactive_since": nil, "previous.access_key_id": "k1", "previous.status": "Inactive",
		"previous.deactivated_by": "other",
	})
	s.ApplyPlan()
	s.WantChanges("create k2")
	s.WantKeys("k1 Inactive", "k2 Active")
	s.WantHandovers("k1", "k1 (dead) to k2")
	s.WantState(map[string]any{
		"previous.status": "Inactive", "previous.deactivated_at": "2026-01-02T00:00:00Z", "previous.delete_at": "2026-01-09T00:00:00Z",
		"previous.deactivated_by": "other", "previous.revoked": false, "previous.adopted": false,
	})
	s.PlanEmpty()

	s.Advance("7d-1s")
	s.PlanEmpty()
	s.Advance("1s")
	s.Step("delete k1")
	s.WantState(map[string]any{"previous": nil, "access_key_id": "k2"})
}

// With an Active previous there is no slot for a rotation: it is the Inactive current that makes room, after the grace.
func TestAccRotatingAccessKey_currentDeactivatedInOverlap(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
	s.Advance("1d")
	s.SetStatus("k2", "Inactive")
	const fact = "the grace of key k2 is not over"
	s.Apply(acctest.RotationWaits(fact))
	s.WantChanges()
	s.PlanEmpty(acctest.RotationWaits(fact))
	s.WantState(map[string]any{
		"status": "Inactive", "inactive_since": "2026-04-02T00:00:00Z", "rotation_blocked": fact, "previous.status": "Active",
	})

	s.Advance("7d-1s")
	s.PlanEmpty(acctest.RotationWaits(fact))
	s.Advance("1s")
	s.Plan(2, acctest.DeletesInactive("k2"))
	s.WantPlanned(map[string]any{
		"action": "update", "rotation_blocked": nil,
		"last_change":            "delete k2: Inactive since 2026-04-02, to make room; rotate k2: deactivated by somebody else",
		"previous.access_key_id": "k1", "previous.status": "Active", "previous.replaced_at": acctest.Unknown,
	})
	s.ApplyPlan(acctest.DeletesInactive("k2"))
	s.WantChanges("delete k2", "create k3")
	s.WantKeys("k1 Active", "k3 Active")
	s.WantHandovers("k1", "k1 to k2", "k2 (dead) to k3")
	s.WantState(map[string]any{
		"previous.access_key_id": "k1", "previous.replaced_at": "2026-04-09T00:00:00Z", "previous.deactivate_at": "2026-04-16T00:00:00Z",
	})
	s.PlanEmpty()
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
			s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
			s.UseKey("k2")
			s.Advance("8d")
			if status == "Inactive" {
				s.Step("deactivate k1")
			}
			s.WantKeys("k1 "+status, "k2 Active")
			s.Advance("2d")
			s.DeleteKey("k2")
			s.Apply(acctest.CurrentNotListed("k2"))
			s.WantChanges("create k3")
			s.WantKeys("k1 "+status, "k3 Active")
			s.WantState(want)
			s.WantHandovers("k1", "k1 to k2", "k2 (dead) to k3")
			s.PlanEmpty()
		})
	}
}

func TestAccRotatingAccessKey_bothDeactivated(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
	s.Advance("1d")
	s.SetStatus("k1", "Inactive")
	s.SetStatus("k2", "Inactive")
	s.Plan(2, acctest.DeletesInactive("k1"))
	s.WantPlanned(map[string]any{
		"action": "update", "previous.access_key_id": "k2", "previous.status": "Inactive",
		"last_change": "record k1: deactivated by somebody else; delete k1: Inactive, to make room; rotate k2: deactivated by somebody else",
	})
	s.ApplyPlan(acctest.DeletesInactive("k1"))
	s.WantChanges("delete k1", "create k3")
	s.WantKeys("k2 Inactive", "k3 Active")
	s.WantHandovers("k1", "k1 to k2", "k2 (dead) to k3")
	s.PlanEmpty()
}

func TestAccRotatingAccessKey_previousDeleted(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
	s.Advance("1d")
	s.DeleteKey("k1")
	s.Plan(2)
	s.WantCalls("ListAccessKeys")
	s.WantPlanned(map[string]any{"previous": nil, "last_change": "record k1: no longer exists"})
	s.ApplyPlan()
	s.WantChanges()
	s.WantState(map[string]any{"access_key_id": "k2", "previous": nil, "previous_access_key_id": nil})
	s.PlanEmpty()
}

func TestAccRotatingAccessKey_previousDeactivated(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
	s.Advance("1d")
	s.SetStatus("k1", "Inactive")
	s.Plan(2)
	s.WantPlanned(map[string]any{
		"action": "update", "access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Inactive",
		"previous.deactivated_at": acctest.Unknown, "previous.delete_at": acctest.Unknown, "previous.deactivated_by": "other",
	})
	s.ApplyPlan()
	s.WantChanges()
	s.WantState(map[string]any{
		"previous.status": "Inactive", "previous.deactivated_at": "2026-04-02T00:00:00Z", "previous.delete_at": "2026-04-09T00:00:00Z",
		"previous.deactivated_by": "other",
	})
	s.PlanEmpty()

	s.Advance("7d-1s")
	s.PlanEmpty()
	s.Advance("1s")
	s.Step("delete k1")
	s.WantState(map[string]any{"access_key_id": "k2", "previous": nil})
}

func TestAccRotatingAccessKey_previousReactivated(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
	s.UseKey("k2")
	s.Advance("8d")
	s.Apply()
	s.WantChanges("deactivate k1")
	s.WantKeys("k1 Inactive", "k2 Active")
	s.PlanEmpty()

	s.Advance("1d")
	s.SetStatus("k1", "Active")
	s.Plan(2)
	s.WantPlanned(map[string]any{
		"action": "update", "access_key_id": "k2", "previous.status": "Active", "previous.replaced_at": acctest.Unknown,
		"previous.deactivate_at": acctest.Unknown, "previous.deactivated_at": nil, "previous.deactivated_by": nil, "previous.delete_at": nil,
	})
	s.ApplyPlan()
	s.WantChanges()
	s.WantState(map[string]any{
		"previous.status": "Active", "previous.replaced_at": "2026-04-10T00:00:00Z", "previous.deactivate_at": "2026-04-17T00:00:00Z",
		"previous.deactivated_at": nil, "previous.delete_at": nil,
	})
	s.PlanEmpty()

	s.UseKey("k2")
	s.Advance("7d-1s")
	s.PlanEmpty()
	s.Advance("1s")
	s.Step("deactivate k1")
}

// TestAccRotatingAccessKey_statusSettles has IAM list a previous key for a minute as it was before our own step: the state keeps what the
// step made of it, also where a last use can't be read.
func TestAccRotatingAccessKey_statusSettles(t *testing.T) {
	t.Parallel()
	for name, denied := range map[string]bool{"last use known": false, "last use denied": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t).SkipWaits()
			args := acctest.ByAge(acctest.Args{"rotate_after": "", "max_age": `"90d"`})
			s.Write(args, acctest.ConsumerHCL)
			s.Step("create k1")
			s.Advance("72d")
			s.Step("create k2")
			s.ClearLastUse("k1")
			s.UseKey("k2")
			s.Advance("8d")
			s.Apply()
			s.WantChanges("deactivate k1")
			var says []acctest.Option
			if denied {
				s.Sim.Deny("admin", "iam:GetAccessKeyLastUsed")
				says = append(says, acctest.Warns("Last use of access keys unknown"))
			}
			s.Sim.SetReadLag(time.Minute, 1)
			s.Refresh(says...)
			s.WantState(map[string]any{
				"previous.status": "Inactive", "previous.deactivated_by": "iamkeys", "compliant_until": "2026-06-12T00:00:00Z",
			})
			s.Sim.SetReadLag(0, 1)
			s.PlanEmpty()

			// The other direction: a rollback, which hold_previous asks for.
			s.Sim.ClearDenials()
			held := args.With(acctest.Args{"hold_previous": "true"})
			s.Write(held, acctest.ConsumerHCL)
			s.Apply()
			s.WantChanges("activate k1")
			s.Sim.SetReadLag(time.Minute, 1)
			if denied {
				s.Sim.Deny("admin", "iam:GetAccessKeyLastUsed")
			}
			s.Refresh(says...)
			s.WantState(map[string]any{"previous.status": "Active", "previous.deactivated_at": nil, "compliant_until": "2026-04-01T00:00:00Z"})
		})
	}
}
