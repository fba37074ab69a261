package e2e_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// recreateUser deletes the user ci and creates another one of that name.
func recreateUser(s *acctest.Story) {
	s.Sim.DeleteUser("ci")
	s.Sim.CreateUser("ci")
}

// Another tool creates a key between the read of an apply and its create.
func TestRivals_slotTaken(t *testing.T) {
	t.Parallel()
	t.Run("of the first key", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t)
		s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
		s.Plan(2)
		s.ApplyPlanAround("CreateAccessKey", 1, func() { s.CreateForeignKey("theirs") }, acctest.UnexpectedKey("theirs", acctest.FirstDay))
		s.WantChanges("create k1")
		s.WantKeys("theirs Active", "k1 Active")
		s.PlanEmpty(willBlock("theirs"))
	})
	t.Run("both", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t)
		s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
		s.Plan(2)
		s.ApplyPlanAround("CreateAccessKey", 1, func() { s.CreateForeignKey("theirs"); s.Advance("1s"); s.CreateForeignKey("others") },
			acctest.NoNewKey())
		s.WantDetail("LimitExceeded", "No key was created", "theirs (Active", "others (Active")
		s.WantChanges("create: LimitExceeded")
		s.WantKeys("theirs Active", "others Active")
		s.Plan(2, acctest.Warns(acctest.NoFreeSlot(
			"theirs", acctest.NeverUsed(acctest.FirstDay), "others", acctest.NeverUsed("2026-01-01 00:00:01 UTC"))))
		s.DeleteKey("others")
		s.Apply(acctest.FoundLeftover("theirs", acctest.NeverUsed(acctest.FirstDay)))
		s.WantChanges("create k1")
		s.PlanEmpty(willBlock("theirs"))
		s.WantKeys("theirs Active", "k1 Active")
	})
	t.Run("of a rotation", func(t *testing.T) {
		t.Parallel()
		eachSealing(t, func(t *testing.T, args acctest.Args, consumer string) {
			t.Helper()
			s := acctest.NewStory(t)
			s.Write(args, consumer)
			s.Step("create k1")
			s.Advance("90d")
			s.Plan(2)
			s.ApplyPlanAround("CreateAccessKey", 1, func() { s.CreateForeignKey("theirs") }, acctest.NoNewKey())
			s.WantDetail("LimitExceeded", "No key was created", "k1 (Active", "theirs (Active, created "+acctest.RotationDay,
				"Key theirs was created meanwhile, by somebody else or another resource; it was not touched", acctest.DeleteCommand("theirs"))
			s.WantChanges("create: LimitExceeded")
			s.WantKeys("k1 Active", "theirs Active")
			s.WantState(map[string]any{"access_key_id": "k1", "previous": nil})
			s.PlanEmpty(acctest.RotationWaits(acctest.SlotTaken("theirs")))
			s.WantDetail(acctest.DeleteCommand("theirs"))
			s.DeleteKey("theirs")
			s.Step("create k2")
			s.WantHandovers("k1", "k1 to k2")
		})
	})
	t.Run("that was freed", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t, atOnce).WithPrevious(acctest.Distinct(nil))
		s.UseKey("k2")
		s.Advance("90d")
		s.Plan(2, acctest.DeletesActive("k1"))
		s.ApplyPlanAround("CreateAccessKey", 2, func() { s.CreateForeignKey("theirs") },
			acctest.DeletesActive("k1"), acctest.NoNewKey())
		s.WantDetail("LimitExceeded", "No key was created", "k2 (Active", "theirs (Active",
			"Key theirs was created meanwhile, by somebody else or another resource; it was not touched")
		s.WantChanges("delete k1", "create: LimitExceeded")
		s.WantKeys("k2 Active", "theirs Active")
		s.WantState(map[string]any{"access_key_id": "k2", "previous": nil})
		s.PlanEmpty(acctest.RotationWaits(acctest.SlotTaken("theirs")))
		s.DeleteKey("theirs")
		s.Step("create k3")
		s.WantHandovers("k1", "k1 to k2", "k2 to k3")
	})
}

// Another tool changes the previous key between the look of an apply and its call.
func TestRivals_previousChanged(t *testing.T) {
	t.Parallel()
	// due is a story whose plan deactivates k1.
	due := func(t *testing.T) *acctest.Story {
		t.Helper()
		s := acctest.NewStory(t).WithPrevious(acctest.Distinct(nil))
		s.UseKey("k2")
		s.Advance("7d")
		s.Plan(2)
		return s
	}
	t.Run("deactivated before its deactivation", func(t *testing.T) {
		t.Parallel()
		s := due(t)
		s.ApplyPlanAround("UpdateAccessKey", 1, func() { s.SetStatus("k1", "Inactive") })
		s.WantChanges("deactivate k1")
		s.WantState(map[string]any{"previous.status": "Inactive"})
		s.PlanEmpty()
	})
	t.Run("deleted before its deactivation", func(t *testing.T) {
		t.Parallel()
		s := due(t)
		s.ApplyPlanAround("UpdateAccessKey", 1, func() { s.DeleteKey("k1") }, acctest.DeletedBeforeInactive("k1"))
		s.WantChanges("deactivate k1: NoSuchEntity")
		s.WantKeys("k2 Active")
		s.Step()
		s.WantState(map[string]any{"access_key_id": "k2", "previous": nil})
	})
	t.Run("deleted before its reactivation", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithInactivePrevious()
		s.Write(acctest.Held(), acctest.ConsumerHCL)
		s.Plan(2)
		s.ApplyPlanAround("UpdateAccessKey", 1, func() { s.DeleteKey("k1") },
			acctest.Fails(`Key k1 of user "ci" is gone, so it can't be reactivated`))
		s.WantDetail("It was deleted after the plan. Plan again")
		s.WantChanges("activate k1: NoSuchEntity")
		s.Step()
		s.WantState(map[string]any{"hold_previous": true, "previous": nil})
	})
	t.Run("deleted before its deletion", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithInactivePrevious()
		s.Advance("7d")
		s.Plan(2)
		s.ApplyPlanAround("DeleteAccessKey", 1, func() { s.DeleteKey("k1") })
		s.WantChanges("delete k1: NoSuchEntity")
		s.WantState(map[string]any{"previous": nil})
		s.PlanEmpty()
	})
	t.Run("deleted before it is revoked", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithKey(acctest.Distinct(nil))
		s.Advance("1d")
		s.Write(acctest.Distinct(acctest.Args{"revoke_when_changed": `{ incident = "1" }`}), acctest.ConsumerHCL)
		s.Plan(2, acctest.Revokes("k1"))
		s.Consumed = false
		s.ApplyPlanAround("UpdateAccessKey", 1, func() { s.DeleteKey("k1") },
			acctest.Revokes("k1"), acctest.DeletedBeforeInactive("k1"))
		s.WantChanges("create k2", "deactivate k1: NoSuchEntity")
		s.WantKeys("k2 Active")
		s.Step()
		s.WantState(map[string]any{"access_key_id": "k2", "previous": nil})
	})
}

// Another tool changes the current key between the look of an apply and its call. No rule can help against the one who
// deactivates the key that replaced the one that goes; the next apply creates another.
func TestRivals_currentChanged(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.Distinct(nil))
	s.UseKey("k2")
	s.Advance("7d")
	s.Plan(2)
	s.Consumed = false
	s.ApplyPlanAround("UpdateAccessKey", 1, func() { s.SetStatus("k2", "Inactive") })
	s.WantChanges("deactivate k1")
	s.WantKeys("k1 Inactive", "k2 Inactive")
	s.Apply(acctest.DeletesInactive("k1"))
	s.WantChanges("delete k1", "create k3")
	s.PlanEmpty()
	s.WantKeys("k2 Inactive", "k3 Active")
}

// Another tool takes the new key away before it is proved, or before it is counted.
func TestRivals_newKeyChanged(t *testing.T) {
	t.Parallel()
	deleted := func(s *acctest.Story) { s.DeleteKey("k2") }
	useless := []acctest.Option{acctest.NewKeyUseless("k2")}
	for name, test := range map[string]struct {
		// before is the call of the rotation before which k2 is changed.
		before string
		change func(*acctest.Story)
		// shows and changes are those of the rotation, and nextShows those of the next apply, which creates k3.
		shows, nextShows []acctest.Option
		changes          []string
	}{
		"deleted before its proof": {
			before: "GetCallerIdentity", change: deleted, shows: useless, changes: []string{"create k2", "delete k2: NoSuchEntity"},
		},
		"deactivated before its proof": {
			before: "GetCallerIdentity", change: func(s *acctest.Story) { s.SetStatus("k2", "Inactive") },
			shows: useless, changes: []string{"create k2", "delete k2"},
		},
		"deleted before it is counted": {
			before: "ListAccessKeys", change: deleted,
			shows: []acctest.Option{acctest.NewKeyNotConfirmed("k2")}, nextShows: []acctest.Option{acctest.CurrentNotListed("k2")},
			changes: []string{"create k2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t, atOnce).SkipWaits()
			s.Write(acctest.Distinct(nil))
			s.Apply()
			s.WantChanges("create k1")
			s.Advance("90d")
			var created, changed bool
			s.Sim.OnCall(func(call iamsim.Call) {
				if created && !changed && call.Action == test.before {
					changed = true
					test.change(s)
				}
				created = created || call.Action == "CreateAccessKey"
			})
			s.Apply(test.shows...)
			s.WantChanges(test.changes...)
			s.Sim.OnCall(nil)
			s.Advance(acctest.TenMinutes)
			s.Apply(test.nextShows...)
			s.WantChanges("create k3")
			s.WantKeys("k1 Active", "k3 Active")
			s.PlanEmpty()
		})
	}
}

// Another user gets the name of the one that was planned for.
func TestRivals_recreatedUser(t *testing.T) {
	t.Parallel()
	t.Run("before the first key", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t)
		s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
		s.Plan(2)
		recreateUser(s)
		s.ApplyPlanAround("CreateAccessKey", 1, func() { recreateUser(s) })
		s.WantChanges("create k1")
		user, _ := s.Sim.User("ci")
		s.WantState(map[string]any{"access_key_id": "k1", "user_unique_id": user.ID})
		s.PlanEmpty()
	})
	for _, usable := range []string{"true", "false"} {
		t.Run("before a rotation, wait_until_usable = "+usable, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			s.Write(acctest.Distinct(acctest.Args{"wait_until_usable": usable}))
			s.Step("create k1")
			s.Advance("90d")
			s.Plan(2)
			s.ApplyPlanAround("CreateAccessKey", 1, func() { recreateUser(s) },
				acctest.Fails(`User "ci" was deleted and created again meanwhile: new key k2 is not kept`))
			s.WantDetail("The new key was deleted again")
			s.WantChanges("create k2", "delete k2")
			s.WantState(map[string]any{"access_key_id": "k1", "previous": nil})
			s.Advance("1m") // no server of AWS accepts k1 any more
			s.Apply(acctest.UserRecreated())
			s.WantChanges("create k3")
			user, _ := s.Sim.User("ci")
			s.WantState(map[string]any{"access_key_id": "k3", "user_unique_id": user.ID, "previous": nil})
			s.PlanEmpty()
		})
	}
	t.Run("before a deactivation", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithPrevious(acctest.Distinct(nil))
		s.UseKey("k2")
		s.Advance("7d")
		s.Plan(2)
		s.Consumed = false
		s.ApplyPlanAround("UpdateAccessKey", 1, func() { recreateUser(s) }, acctest.DeletedBeforeInactive("k1"))
		s.WantChanges("deactivate k1: NoSuchEntity")
		s.Advance("1m")
		s.Apply(acctest.UserRecreated())
		s.WantChanges("create k3")
		s.PlanEmpty()
	})
	t.Run("before a deletion", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithInactivePrevious()
		s.Advance("7d")
		s.Plan(2)
		s.Consumed = false
		s.ApplyPlanAround("DeleteAccessKey", 1, func() { recreateUser(s) })
		s.WantChanges("delete k1: NoSuchEntity")
		s.Advance("1m")
		s.Apply(acctest.UserRecreated())
		s.WantChanges("create k3")
		s.PlanEmpty()
	})
}

// The user gets another name between the look of an apply and its call.
func TestRivals_renamedUser(t *testing.T) {
	t.Parallel()
	rename := func(s *acctest.Story) func() { return func() { s.Sim.RenameUser("ci", "web") } }
	t.Run("before a create", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithKey(acctest.Distinct(nil))
		s.Advance("90d")
		s.Plan(2)
		s.ApplyPlanAround("CreateAccessKey", 1, rename(s), acctest.NoNewKey())
		s.WantDetail("NoSuchEntity", "No key was created")
		s.WantChanges("create: NoSuchEntity")
		s.Write(acctest.Distinct(acctest.Args{"user": `"web"`}), acctest.ConsumerHCL)
		s.Apply()
		s.WantChanges("create k2")
		s.WantKeysOf("web", "k1 Active", "k2 Active")
	})
	t.Run("before a deactivation", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithPrevious(acctest.Distinct(nil))
		s.UseKey("k2")
		s.Advance("7d")
		s.Plan(2)
		s.ApplyPlanAround("UpdateAccessKey", 1, rename(s))
		s.WantChanges("deactivate k1: NoSuchEntity", "deactivate k1")
		s.WantKeysOf("web", "k1 Inactive", "k2 Active")
		s.Write(acctest.Distinct(acctest.Args{"user": `"web"`}), acctest.ConsumerHCL)
		s.Step()
		s.WantState(map[string]any{"user": "web", "previous.status": "Inactive"})
	})
	t.Run("before a deletion", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithInactivePrevious()
		s.Advance("7d")
		s.Plan(2)
		s.ApplyPlanAround("DeleteAccessKey", 1, rename(s))
		s.WantChanges("delete k1: NoSuchEntity", "delete k1")
		s.WantKeysOf("web", "k2 Active")
		s.Write(acctest.OfUser("web"), acctest.ConsumerHCL)
		s.Step()
		s.WantState(map[string]any{"user": "web", "previous": nil})
	})
}

// A destroy deletes the keys of its state, whatever appears or goes meanwhile.
func TestRivals_destroy(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.Distinct(nil))
	s.Plan(2, acctest.Flags("-destroy"))
	s.Consumed = false
	s.ApplyPlanAround("DeleteAccessKey", 2, func() {
		s.CreateForeignKey("theirs")
		s.DeleteKey("k2")
	})
	s.WantChanges("delete k1", "delete k2: NoSuchEntity")
	s.WantKeys("theirs Active")
}
