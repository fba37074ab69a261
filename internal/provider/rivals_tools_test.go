package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// goneMeanwhile is the warning that somebody has deleted a key that was to be deactivated.
func goneMeanwhile(key string) string {
	return "warning: Key " + key + ` of user "ci" was deleted before it could be made Inactive`
}

// recreate deletes the user ci and creates another one of that name.
func (s *story) recreate() {
	s.Sim.DeleteUser("ci")
	s.Sim.CreateUser("ci")
}

// Another tool makes a key between the look of an apply and its create.
func TestAccRivals_slotTaken(t *testing.T) {
	t.Parallel()
	t.Run("of the first key", func(t *testing.T) {
		t.Parallel()
		s := newStory(t)
		s.write(apart(nil), consumerHCL)
		s.plan(2)
		s.meets("CreateAccessKey", 1, func() { s.foreign("theirs") }, unexpected("theirs", firstDay))
		s.did("create k1")
		s.keys("theirs Active", "k1 Active")
		s.steady()
	})
	t.Run("both", func(t *testing.T) {
		t.Parallel()
		s := newStory(t)
		s.write(apart(nil), consumerHCL)
		s.plan(2)
		s.meets("CreateAccessKey", 1, func() { s.foreign("theirs"); s.Advance("1s"); s.foreign("others") }, noNewKey)
		s.says("LimitExceeded", "No key was made", "theirs (Active", "others (Active")
		s.did("create: LimitExceeded")
		s.keys("theirs Active", "others Active")
		s.plan(2, `warning: User "ci" already has 2 access keys, and no slot is free: theirs (Active, created `+firstDay+", never used); "+
			"others (Active, created 2026-01-01 00:00:01 UTC, never used)")
		s.remove("others")
		s.applyNow(leftover("theirs", "Active, created "+firstDay+", never used"))
		s.did("create k1")
		s.steady()
		s.keys("theirs Active", "k1 Active")
	})
	t.Run("of a rotation", func(t *testing.T) {
		t.Parallel()
		eachSealing(t, func(t *testing.T, args keyArgs, consumer string) {
			t.Helper()
			s := newStory(t)
			s.write(args, consumer)
			s.step("create k1")
			s.Advance("90d")
			s.plan(2)
			s.meets("CreateAccessKey", 1, func() { s.foreign("theirs") }, noNewKey)
			s.says("LimitExceeded", "No key was made", "k1 (Active", "theirs (Active, created "+rotationDay,
				"Somebody else made key theirs meanwhile; it was not touched", deletion("theirs"))
			s.did("create: LimitExceeded")
			s.keys("k1 Active", "theirs Active")
			s.state(map[string]any{"access_key_id": "k1", "previous": nil})
			s.steady(blockedBy(taken("theirs", "Active, created "+rotationDay+", never used")))
			s.says(deletion("theirs"))
			s.remove("theirs")
			s.step("create k2")
			s.handovers("k1", "k1 to k2")
		})
	})
	t.Run("that was freed", func(t *testing.T) {
		t.Parallel()
		s := newRotatedStory(t, apart(nil))
		s.use("k2")
		s.Advance("90d")
		s.plan(2)
		s.meets("CreateAccessKey", 1, func() { s.foreign("theirs") }, noNewKey)
		s.says("LimitExceeded", "No key was made", "k2 (Active", "theirs (Active", "Somebody else made key theirs meanwhile; it was not touched")
		s.did("delete k1", "create: LimitExceeded")
		s.keys("k2 Active", "theirs Active")
		s.state(map[string]any{"access_key_id": "k2", "previous": nil})
		s.steady(blockedBy(taken("theirs", "Active, created 2026-06-30 00:00:00 UTC, never used")))
		s.remove("theirs")
		s.step("create k3")
		s.handovers("k1", "k1 to k2", "k2 to k3")
	})
}

// Another tool changes the previous key between the look of an apply and its call.
func TestAccRivals_previousChanged(t *testing.T) {
	t.Parallel()
	// due is a story whose plan deactivates k1.
	due := func(t *testing.T) *story {
		t.Helper()
		s := newRotatedStory(t, apart(nil))
		s.use("k2")
		s.Advance("7d")
		s.plan(2)
		return s
	}
	t.Run("deactivated before its deactivation", func(t *testing.T) {
		t.Parallel()
		s := due(t)
		s.meets("UpdateAccessKey", 1, func() { s.setStatus("k1", "Inactive") })
		s.did("deactivate k1")
		s.state(map[string]any{"previous.status": "Inactive"})
		s.steady()
	})
	t.Run("deleted before its deactivation", func(t *testing.T) {
		t.Parallel()
		s := due(t)
		s.meets("UpdateAccessKey", 1, func() { s.remove("k1") }, goneMeanwhile("k1"))
		s.did("deactivate k1: NoSuchEntity")
		s.keys("k2 Active")
		s.refresh()
		s.state(map[string]any{"access_key_id": "k2", "previous": nil})
	})
	t.Run("deleted before its reactivation", func(t *testing.T) {
		t.Parallel()
		s := newInactiveStory(t)
		s.write(held(), consumerHCL)
		s.plan(2)
		s.meets("UpdateAccessKey", 1, func() { s.remove("k1") }, `error: Key k1 of user "ci" is gone, so it can't be reactivated`)
		s.says("Somebody deleted it meanwhile. Plan again")
		s.did("activate k1: NoSuchEntity")
		s.step()
		s.state(map[string]any{"hold_previous": true, "previous": nil})
	})
	t.Run("deleted before its deletion", func(t *testing.T) {
		t.Parallel()
		s := newInactiveStory(t)
		s.Advance("7d")
		s.plan(2)
		s.meets("DeleteAccessKey", 1, func() { s.remove("k1") })
		s.did("delete k1: NoSuchEntity")
		s.state(map[string]any{"previous": nil})
		s.steady()
	})
	t.Run("deleted before it is revoked", func(t *testing.T) {
		t.Parallel()
		s := newSteadyStory(t, apart(nil))
		s.Advance("1d")
		s.write(apart(keyArgs{"revoke_when_changed": `{ incident = "1" }`}), consumerHCL)
		s.plan(2)
		s.consumed = false
		s.meets("UpdateAccessKey", 1, func() { s.remove("k1") }, goneMeanwhile("k1"))
		s.did("create k2", "deactivate k1: NoSuchEntity")
		s.keys("k2 Active")
		s.refresh()
		s.state(map[string]any{"access_key_id": "k2", "previous": nil})
	})
}

// Another tool changes the current key between the look of an apply and its call. No rule can help against the one who
// deactivates the key that replaced the one that goes; the next apply makes another.
func TestAccRivals_currentChanged(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, apart(nil))
	s.use("k2")
	s.Advance("7d")
	s.plan(2)
	s.consumed = false
	s.meets("UpdateAccessKey", 1, func() { s.setStatus("k2", "Inactive") })
	s.did("deactivate k1")
	s.keys("k1 Inactive", "k2 Inactive")
	s.step("delete k1", "create k3")
	s.keys("k2 Inactive", "k3 Active")
}

// Another tool takes the new key away before it is proved, or before it is counted. The provider serves in this process,
// where it need not really wait.
func TestAccRivals_newKeyChanged(t *testing.T) {
	t.Parallel()
	useless := regexp.MustCompile(`New key AKIA\w+ of user "ci" does not work`)
	for name, test := range map[string]struct {
		// before is the call of the rotation before which k2 is changed.
		before string
		change func(*story)
		fails  *regexp.Regexp
		did    []string
	}{
		"deleted before its proof": {
			before: "GetCallerIdentity", change: func(s *story) { s.remove("k2") }, fails: useless,
			did: []string{"create k2", "delete k2: NoSuchEntity"},
		},
		"deactivated before its proof": {
			before: "GetCallerIdentity", change: func(s *story) { s.setStatus("k2", "Inactive") }, fails: useless,
			did: []string{"create k2", "delete k2"},
		},
		"deleted before it is counted": {
			before: "ListAccessKeys", change: func(s *story) { s.remove("k2") },
			did: []string{"create k2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			due := func() {
				s.did("create k1")
				s.Advance("90d")
				var made, changed bool
				s.Sim.OnCall(func(call iamsim.Call) {
					if made && !changed && call.Action == test.before {
						changed = true
						test.change(s)
					}
					made = made || call.Action == "CreateAccessKey"
				})
			}
			again := func() {
				s.did(test.did...)
				s.Sim.OnCall(nil)
				s.Advance(minutes)
			}
			step := resource.TestStep{Config: s.config(apart(nil))}
			rotation, next := step, step
			rotation.PreConfig, rotation.ExpectError = due, test.fails
			next.PreConfig = again
			next.Check = func(*terraform.State) error {
				s.did("create k3")
				s.keys("k1 Active", "k3 Active")
				return nil
			}
			s.Test(t, step, rotation, next)
		})
	}
}

// Another user gets the name of the one that was planned for.
func TestAccRivals_recreatedUser(t *testing.T) {
	t.Parallel()
	t.Run("before the first key", func(t *testing.T) {
		t.Parallel()
		s := newStory(t)
		s.write(apart(nil), consumerHCL)
		s.plan(2)
		s.recreate()
		s.meets("CreateAccessKey", 1, s.recreate)
		s.did("create k1")
		user, _ := s.Sim.User("ci")
		s.state(map[string]any{"access_key_id": "k1", "user_unique_id": user.ID})
		s.steady()
	})
	for _, usable := range []string{"true", "false"} {
		t.Run("before a rotation, wait_until_usable = "+usable, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			s.write(apart(keyArgs{"wait_until_usable": usable}))
			s.step("create k1")
			s.Advance("90d")
			s.plan(2)
			s.meets("CreateAccessKey", 1, s.recreate, `error: User "ci" was deleted and created again meanwhile: new key k2 is not kept`)
			s.says("The new key was deleted again")
			s.did("create k2", "delete k2")
			s.state(map[string]any{"access_key_id": "k1", "previous": nil})
			s.applyNow(`warning: IAM user "ci" was deleted and created again`)
			s.did("create k3")
			user, _ := s.Sim.User("ci")
			s.state(map[string]any{"access_key_id": "k3", "user_unique_id": user.ID, "previous": nil})
			s.steady()
		})
	}
	t.Run("before a deactivation", func(t *testing.T) {
		t.Parallel()
		s := newRotatedStory(t, apart(nil))
		s.use("k2")
		s.Advance("7d")
		s.plan(2)
		s.consumed = false
		s.meets("UpdateAccessKey", 1, s.recreate, goneMeanwhile("k1"))
		s.did("deactivate k1: NoSuchEntity")
		s.applyNow(`warning: IAM user "ci" was deleted and created again`)
		s.did("create k3")
		s.steady()
	})
	t.Run("before a deletion", func(t *testing.T) {
		t.Parallel()
		s := newInactiveStory(t)
		s.Advance("7d")
		s.plan(2)
		s.consumed = false
		s.meets("DeleteAccessKey", 1, s.recreate)
		s.did("delete k1: NoSuchEntity")
		s.applyNow(`warning: IAM user "ci" was deleted and created again`)
		s.did("create k3")
		s.steady()
	})
}

// The user gets another name between the look of an apply and its call.
func TestAccRivals_renamedUser(t *testing.T) {
	t.Parallel()
	rename := func(s *story) func() { return func() { s.Sim.RenameUser("ci", "web") } }
	t.Run("before a create", func(t *testing.T) {
		t.Parallel()
		s := newSteadyStory(t, apart(nil))
		s.Advance("90d")
		s.plan(2)
		s.meets("CreateAccessKey", 1, rename(s), noNewKey)
		s.says("NoSuchEntity", "No key was made")
		s.did("create: NoSuchEntity")
		s.write(apart(keyArgs{"user": `"web"`}), consumerHCL)
		s.applyNow(renamed("ci", "web"))
		s.did("create k2")
		s.keysOf("web", "k1 Active", "k2 Active")
	})
	t.Run("before a deactivation", func(t *testing.T) {
		t.Parallel()
		s := newRotatedStory(t, apart(nil))
		s.use("k2")
		s.Advance("7d")
		s.plan(2)
		s.meets("UpdateAccessKey", 1, rename(s))
		s.did("deactivate k1: NoSuchEntity", "deactivate k1")
		s.keysOf("web", "k1 Inactive", "k2 Active")
		s.write(apart(keyArgs{"user": `"web"`}), consumerHCL)
		s.refresh(renamed("ci", "web"))
		s.state(map[string]any{"user": "web", "previous.status": "Inactive"})
	})
	t.Run("before a deletion", func(t *testing.T) {
		t.Parallel()
		s := newInactiveStory(t)
		s.Advance("7d")
		s.plan(2)
		s.meets("DeleteAccessKey", 1, rename(s))
		s.did("delete k1: NoSuchEntity", "delete k1")
		s.keysOf("web", "k2 Active")
		s.write(of("web"), consumerHCL)
		s.refresh(renamed("ci", "web"))
		s.state(map[string]any{"user": "web", "previous": nil})
	})
}

// A destroy deletes the keys of its state, whatever appears or goes meanwhile.
func TestAccRivals_destroy(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, apart(nil))
	s.plan(2, "-destroy")
	s.consumed = false
	s.meets("DeleteAccessKey", 2, func() {
		s.foreign("theirs")
		s.remove("k2")
	})
	s.did("delete k1", "delete k2: NoSuchEntity")
	s.keys("theirs Active")
}
