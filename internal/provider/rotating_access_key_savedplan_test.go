package provider_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAccRotatingAccessKey_savedPlanRotation(t *testing.T) {
	t.Parallel()
	s := newStory(t, storyPolicy)
	s.late("10d", "CreateAccessKey")
	first := s.currentID()
	s.wantText(map[string]string{
		"status": "Active", "created_at": "2026-01-11T00:00:00Z", "rotate_at": "2026-04-11T00:00:00Z", "rotation_reason": "created",
		"version": "1768089600", "previous.access_key_id": "",
	})
	s.plans(0)

	s.idle("90d")
	s.late("10d", "CreateAccessKey")
	s.checkConsumers()
	s.wantText(map[string]string{
		"created_at": "2026-04-21T00:00:01Z", "rotation_reason": "key " + first + " of 2026-01-11 00:00:00 UTC reached rotate_after 90d",
		"previous.access_key_id": first, "previous.status": "Active", "previous.replaced_at": "2026-04-21T00:00:01Z",
		"previous.deactivate_at": "2026-04-28T00:00:01Z", "previous.deactivated_at": "", "previous.delete_at": "",
	})
	if journal := s.w.Journal(); len(journal) != 2 || journal[1].OldKeyID != first || journal[1].NewKeyID != s.currentID() {
		t.Errorf("journal %+v, want a handover from %s to %s", journal, first, s.currentID())
	}
	s.plans(0)

	// Applied past the date of the next rotation, which was not in the plan.
	s.idle("7d")
	s.late("90d", "UpdateAccessKey "+first+" Inactive")
	s.wantText(map[string]string{
		"previous.access_key_id": first, "previous.status": "Inactive", "previous.deactivated_at": "2026-07-27T00:00:02Z",
		"previous.deactivated_by": "iamkeys", "previous.delete_at": "2026-08-01T00:00:02Z",
	})
	s.checkConsumers()
	// The rotation is due by now, and has no slot before the grace is over.
	s.plans(0)
	s.apply()
	if blocked := s.text("rotation_blocked"); blocked != "Inactive key "+first+" is in its grace until 2026-08-01 00:00:02 UTC" {
		t.Errorf("rotation_blocked %q, want the grace of %s", blocked, first)
	}
}

func TestAccRotatingAccessKey_savedPlanDeletion(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, storyPolicy)
	first := s.currentID()
	s.after("90d")
	second := s.currentID()
	s.after("7d")

	// Applied past the date of the next rotation.
	s.idle("5d")
	s.late("90d", "DeleteAccessKey "+first)
	s.wantText(map[string]string{"access_key_id": second, "previous.access_key_id": ""})

	s.late("10d", "CreateAccessKey")
	s.wantText(map[string]string{"previous.access_key_id": second, "previous.status": "Active"})
	s.plans(0)
	third := s.currentID()

	// Nobody applies for a whole period: the old key leaves without the Inactive step, and a new one comes.
	s.w.Advance("200d")
	s.late("10d", "DeleteAccessKey "+second, "CreateAccessKey")
	s.wantText(map[string]string{"previous.access_key_id": third, "previous.replaced_at": s.now(), "previous.status": "Active"})
	s.checkConsumers()
	s.plans(0)

	s.c.PlanOut("destroy.tfplan", "-destroy")
	s.c.Want(2)
	fourth := s.currentID()
	s.w.Advance("10d")
	s.w.ResetCalls()
	s.c.ApplyPlan("destroy.tfplan")
	s.c.Want(0)
	if got, want := s.mutations(), []string{"DeleteAccessKey " + third, "DeleteAccessKey " + fourth}; !slices.Equal(got, want) {
		t.Errorf("mutations of destroy %q, want %q", got, want)
	}
	if keys := s.w.Sim.Keys("ci"); len(keys) != 0 {
		t.Errorf("keys %+v left after destroy", keys)
	}
}

func TestAccRotatingAccessKey_savedPlanRequests(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, storyPolicy)
	first := s.currentID()

	// By request, applied past rotate_at: one rotation answers both.
	s.configure(storyPolicy + `
  rotate_when_changed = { quarter = "2026-Q2" }`)
	s.late("100d", "CreateAccessKey")
	second := s.currentID()
	s.wantText(map[string]string{
		"rotation_reason": "rotate_when_changed: quarter", "rotate_when_changed.quarter": "2026-Q2",
		"previous.access_key_id": first, "previous.replaced_at": s.now(),
	})
	s.checkConsumers()
	s.plans(0)
	s.after("8d")

	// A rollback, planned in the grace and applied after it.
	s.configure(storyPolicy + `
  rotate_when_changed = { quarter = "2026-Q2" }
  hold_previous       = true`)
	s.late("10d", "UpdateAccessKey "+first+" Active")
	s.wantText(map[string]string{
		"previous.access_key_id": first, "previous.status": "Active", "previous.replaced_at": s.now(), "previous.deactivated_at": "",
		"previous.deactivated_by": "",
	})
	s.plans(0)

	// A leaked key: previous makes room whatever hold says, and the old current is deactivated.
	s.configure(storyPolicy + `
  rotate_when_changed = { quarter = "2026-Q2" }
  revoke_when_changed = { incident = "2026-04" }
  hold_previous       = true`)
	s.late("10d", "DeleteAccessKey "+first, "CreateAccessKey", "UpdateAccessKey "+second+" Inactive")
	s.wantText(map[string]string{
		"rotation_reason": "revoke_when_changed: incident", "previous.access_key_id": second, "previous.status": "Inactive",
		"previous.revoked": "true", "previous.deactivated_at": s.now(), "previous.deactivated_by": "iamkeys",
	})
	if err := s.w.CheckConsumers(nil); err != nil {
		t.Error(err)
	}
	s.plans(0)
}

func TestAccRotatingAccessKey_savedPlanRecords(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, storyPolicy+`
  unmanaged_keys = "retire"`)
	first := s.currentID()

	// A key of somebody else is adopted; a plan from before it came does not know it.
	s.c.PlanOut("before.tfplan")
	s.c.Want(0)
	foreign := s.w.Sim.CreateAccessKey("ci").AccessKeyID
	s.c.ApplyPlan("before.tfplan")
	s.c.Want(0)
	s.wantText(map[string]string{"previous.access_key_id": ""})
	s.late("10d")
	s.wantText(map[string]string{
		"access_key_id": first, "previous.access_key_id": foreign, "previous.adopted": "true", "previous.status": "Active",
		"previous.replaced_at": s.now(), "previous.deactivate_at": "2026-01-18T00:00:00Z",
	})
	s.plans(0)

	// Somebody deactivates it: recorded, and its grace begins with the apply that records it.
	s.c.PlanOut("before.tfplan")
	s.c.Want(0)
	s.w.Sim.SetStatus(foreign, "Inactive")
	s.c.ApplyPlan("before.tfplan")
	s.c.Want(0)
	s.late("10d")
	s.wantText(map[string]string{
		"previous.access_key_id": foreign, "previous.status": "Inactive", "previous.deactivated_at": "2026-01-21T00:00:00Z",
		"previous.deactivated_by": "other", "previous.delete_at": "2026-01-26T00:00:00Z",
	})
	s.plans(0)

	// Somebody reactivates it: a new overlap begins.
	s.w.Sim.SetStatus(foreign, "Active")
	s.late("10d")
	s.wantText(map[string]string{
		"previous.access_key_id": foreign, "previous.status": "Active", "previous.replaced_at": "2026-01-31T00:00:00Z",
		"previous.deactivated_at": "", "previous.deactivated_by": "",
	})
	s.plans(0)
	s.checkConsumers()
	if calls := s.w.Calls("CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey"); calls != 0 {
		t.Errorf("%d mutating calls, want none", calls)
	}
}

// Without a refresh a plan knows what the last Read that reached the state decided, and no more.
func TestAccRotatingAccessKey_savedPlanWithoutRefresh(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, storyPolicy)
	first := s.currentID()
	s.w.Advance("90d")
	s.w.ResetCalls()
	s.c.Plan("-refresh=false")
	s.c.Want(0)
	// A plan decides too, but its Read does not reach the state.
	s.plans(2)
	s.c.Plan("-refresh=false")
	s.c.Want(0)
	if calls := s.w.CallList(); !slices.Equal(calls, []string{"ListAccessKeys"}) {
		t.Errorf("calls %q, want those of the one plan that refreshed", calls)
	}

	s.c.Apply("-refresh-only")
	s.c.Want(0)
	s.w.ResetCalls()
	s.c.PlanOut("kept.tfplan", "-refresh=false")
	s.c.Want(2)
	if calls := s.w.CallList(); len(calls) > 0 {
		t.Errorf("a plan without refresh called %q", calls)
	}
	s.w.Advance("10d")
	s.c.ApplyPlan("kept.tfplan")
	s.c.Want(0)
	s.checkConsumers()
	s.wantText(map[string]string{"previous.access_key_id": first, "previous.replaced_at": s.now()})
	s.c.Plan("-refresh=false")
	s.c.Want(0)
	s.plans(0)
}

// An apply with nothing to do leaves the state as it is, also while there is a previous key.
func TestAccRotatingAccessKey_savedPlanNothingToDo(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, storyPolicy)
	unchanged := func(spans ...string) {
		t.Helper()
		content := s.content()
		for _, span := range spans {
			s.after(span)
			if s.content() != content {
				t.Errorf("an apply with nothing to do, %s later, changed the state", span)
			}
		}
	}
	unchanged("0s", "1s", "30d")
	// The Read after a step keeps other last uses in the evidence than the step had.
	s.after("60d")
	s.after("1h")
	unchanged("1s", "3d")
	s.after("4d")
	s.after("1h")
	unchanged("1d")
}

// What a saved plan shows hides the secrets.
func TestAccRotatingAccessKey_savedPlanHidesSecrets(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, storyPolicy)
	s.w.Advance("90d")
	s.c.PlanOut("rotate.tfplan")
	s.c.Want(2)
	text := s.c.Run("show", "rotate.tfplan").Stdout
	if !strings.Contains(text, "(sensitive value)") {
		t.Error("the plan shows no sensitive value")
	}
	for _, secret := range s.w.Sim.IssuedSecrets() {
		if strings.Contains(text, secret.Reveal()) {
			t.Error("the plan shows a secret")
		}
	}
}

func TestAccRotatingAccessKey_stalePlanOfRotation(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, storyPolicy)
	first := s.currentID()
	s.w.Advance("90d")

	// Somebody else takes the slot. The next plan waits, and says for which key.
	foreign := ""
	s.refused(func() { foreign = s.w.Sim.CreateAccessKey("ci").AccessKeyID }, "rotate key "+first+", but the slot is taken by key AKIA")
	s.plans(0)
	if warnings := s.diagnostics("warning"); len(warnings) != 1 ||
		!strings.Contains(warnings[0].Summary, "the slot is taken by key "+foreign) || !strings.Contains(warnings[0].Detail, "--access-key-id "+foreign) {
		t.Errorf("warnings %+v, want one that names %s and the command", warnings, foreign)
	}
	s.w.Sim.DeleteAccessKey(foreign)

	// Somebody deactivates the key. The next plan rotates for that reason.
	s.refused(func() { s.w.Sim.SetStatus(first, "Inactive") }, "rotate key "+first+", but the keys in IAM have changed")
	s.plans(2)
	s.w.Sim.SetStatus(first, "Active")

	// The user is renamed.
	s.refused(func() { s.w.Sim.RenameUser("ci", "deployer") }, "")
	s.w.Sim.RenameUser("deployer", "ci")

	// The key is deleted, and the next plan makes another one.
	s.refused(func() { s.w.Sim.DeleteAccessKey(first) }, "rotate key "+first+", but the keys in IAM have changed")
	s.late("0s", "CreateAccessKey")
	s.wantText(map[string]string{"rotation_reason": "key " + first + " is gone from IAM", "previous.access_key_id": ""})
	if err := s.w.CheckConsumers(nil); err != nil {
		t.Error(err)
	}
	s.plans(0)

	// The user is deleted and made again under the same name, and then deleted for good.
	s.w.Advance("90d")
	s.refused(func() {
		s.w.Sim.DeleteUser("ci")
		s.w.Sim.CreateUser("ci")
	}, "")
	s.late("0s", "CreateAccessKey")
	s.wantText(map[string]string{"rotation_reason": "the user was deleted and created again"})
	s.w.Advance("90d")
	s.refused(func() { s.w.Sim.DeleteUser("ci") }, "")
	s.plans(2)
}

func TestAccRotatingAccessKey_stalePlanOfDeactivation(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, storyPolicy)
	first := s.currentID()
	s.after("90d")
	second := s.currentID()
	s.w.Advance("8d")

	// Somebody works with the old key, and the next plan waits for the guard.
	s.refused(func() { s.w.Sim.SetLastUsed(first, s.w.Sim.Now(), "s3", "eu-west-1") },
		"deactivate key "+first+", but key "+first+" was used at 2026-04-09 00:00:00 UTC by s3 in eu-west-1; require_unused_for keeps it until 2026-04-10 00:00:00 UTC")
	s.plans(0)
	s.w.Sim.SetLastUsed(first, s.w.Sim.Now().Add(-48*time.Hour), "s3", "eu-west-1")

	// The new key does not work any more: the old one is the only one left.
	s.refused(func() { s.w.Sim.SetStatus(second, "Inactive") }, "key "+first+" is the only Active key of the user")
	s.w.Sim.SetStatus(second, "Active")

	// Somebody else was faster. The next plan records it.
	s.refused(func() { s.w.Sim.SetStatus(first, "Inactive") }, "deactivate key "+first+", but the keys in IAM have changed")
	s.w.ResetCalls()
	s.late("0s")
	s.wantText(map[string]string{"previous.status": "Inactive", "previous.deactivated_by": "other", "previous.deactivated_at": s.now()})
	s.w.Sim.SetStatus(first, "Active")
	s.late("0s")
	s.w.Advance("8d")

	// The old key is deleted. There is nothing left to do.
	s.refused(func() { s.w.Sim.DeleteAccessKey(first) }, "deactivate key "+first+", but the keys in IAM have changed")
	s.plans(0)
	s.checkConsumers()
}

func TestAccRotatingAccessKey_stalePlanOfDeletion(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, storyPolicy)
	first := s.currentID()
	s.after("90d")
	s.after("7d")
	s.w.Advance("5d")

	// Somebody reactivates the key, and somebody uses it.
	s.refused(func() { s.w.Sim.SetStatus(first, "Active") }, "delete key "+first+", but the keys in IAM have changed")
	s.w.Sim.SetStatus(first, "Inactive")
	s.refused(func() { s.w.Sim.SetLastUsed(first, s.w.Sim.Now().Add(-time.Hour), "sts", "us-east-1") }, "delete key "+first)
	s.plans(0)
	s.w.Sim.SetLastUsed(first, s.w.Sim.Now().Add(-240*time.Hour), "sts", "us-east-1")

	// The key is gone already: that is what the plan wanted.
	s.c.PlanOut("gone.tfplan")
	s.c.Want(2)
	s.w.Sim.DeleteAccessKey(first)
	s.w.ResetCalls()
	s.c.ApplyPlan("gone.tfplan")
	s.c.Want(0)
	if got := s.mutations(); len(got) > 0 {
		t.Errorf("mutations %q, want none for a key that is gone", got)
	}
	s.wantText(map[string]string{"previous.access_key_id": ""})
	s.plans(0)
	s.checkConsumers()
}

func TestAccRotatingAccessKey_stalePlanOfRollback(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, storyPolicy)
	first := s.currentID()
	s.after("90d")
	s.after("7d")
	s.configure(storyPolicy + `
  hold_previous = true`)
	s.refused(func() { s.w.Sim.SetStatus(first, "Active") }, "reactivate key "+first+", but the keys in IAM have changed")
	s.w.Sim.SetStatus(first, "Inactive")
	s.refused(func() { s.w.Sim.DeleteAccessKey(first) }, "reactivate key "+first+", but the keys in IAM have changed")
	s.late("0s")
	s.wantText(map[string]string{"hold_previous": "true", "previous.access_key_id": ""})
	s.plans(0)

	// A request that was planned with a free slot finds it taken.
	s.configure(storyPolicy + `
  hold_previous       = true
  rotate_when_changed = { quarter = "2026-Q2" }`)
	foreign := ""
	s.refused(func() { foreign = s.w.Sim.CreateAccessKey("ci").AccessKeyID }, "but the slot is taken by key AKIA")
	s.c.Plan()
	s.c.Want(1)
	if d := s.onlyError(); !strings.Contains(d.Summary, "was asked for and is not possible: the slot is taken by key "+foreign) {
		t.Errorf("summary %q, want that key %s is in the way", d.Summary, foreign)
	}
	s.w.Sim.DeleteAccessKey(foreign)
	s.late("0s", "CreateAccessKey")
	s.wantText(map[string]string{"rotation_reason": "rotate_when_changed: quarter"})
	s.checkConsumers()
}

// An adoption and a create meet a world that has moved, too.
func TestAccRotatingAccessKey_stalePlanOfCreate(t *testing.T) {
	t.Parallel()
	s := newStory(t, storyPolicy)
	s.c.PlanOut("create.tfplan")
	s.c.Want(2)
	one, two := s.w.Sim.CreateAccessKey("ci").AccessKeyID, s.w.Sim.CreateAccessKey("ci").AccessKeyID
	s.w.ResetCalls()
	s.c.ApplyPlan("create.tfplan")
	s.c.Want(1)
	if got := s.mutations(); len(got) > 0 {
		t.Errorf("mutations %q, want none", got)
	}
	if d := s.onlyError(); !strings.HasPrefix(d.Summary, `User "ci" already has 2 access keys`) || !strings.Contains(d.Summary, one) || !strings.Contains(d.Summary, two) {
		t.Errorf("summary %q, want both keys", d.Summary)
	}
	s.w.Sim.DeleteAccessKey(one)
	s.w.Sim.DeleteAccessKey(two)
	s.apply()

	s.configure(storyPolicy + `
  unmanaged_keys = "retire"`)
	s.apply()
	foreign := s.w.Sim.CreateAccessKey("ci").AccessKeyID
	s.refused(func() { s.w.Sim.DeleteAccessKey(foreign) }, "adopt key "+foreign+", but the keys in IAM have changed")
	s.plans(0)

	s.c.PlanOut("destroy.tfplan", "-destroy")
	s.c.Want(2)
	key := s.currentID()
	s.w.Sim.RenameUser("ci", "deployer")
	s.w.ResetCalls()
	s.c.ApplyPlan("destroy.tfplan")
	s.c.Want(0)
	if got, want := s.mutations(), []string{"DeleteAccessKey " + key + " NoSuchEntity", "DeleteAccessKey " + key}; !slices.Equal(got, want) {
		t.Errorf("mutations %q, want a deletion under the new name", got)
	}
	if keys := s.w.Sim.Keys("deployer"); len(keys) != 0 {
		t.Errorf("keys %+v left", keys)
	}
}
