package provider_test

import (
	"fmt"
	"slices"
	"testing"
)

// A destroy deletes the keys that the resource made, previous first, whatever state they are in, and nothing else.
func TestAccRotatingAccessKey_destroy(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		// scene leads to the state in which the destroy begins, and returns the keys that it has to delete, in order.
		scene func(s *scene) []string
		// diagnostics are those of the destroy. Terraform shows no warnings of the plan that it begins with.
		diagnostics []string
		// left is how many keys of the user stay.
		left int
	}{
		"steady": {scene: func(s *scene) []string {
			s.write(managedKey("app", rotateByAge), consumedKey)
			s.apply(0)
			return []string{s.text("access_key_id")}
		}},
		"overlap": {scene: func(s *scene) []string {
			first, second := s.rotated(consumedKey)
			return []string{first, second}
		}},
		"Inactive previous": {scene: func(s *scene) []string {
			first, second := s.rotated("")
			s.Advance("8d")
			s.apply(0, "warning: has not been used yet")
			s.keys("app", first+" Inactive", second+" Active")
			return []string{first, second}
		}},
		"held": {scene: func(s *scene) []string {
			first, second := s.rotated("")
			s.write(managedKey("app", `
  rotate_after        = "90d"
  rotate_when_changed = { ask = "1" }
  hold_previous       = true`))
			s.apply(0)
			return []string{first, second}
		}},
		"paused": {scene: func(s *scene) []string {
			s.write(managedKey("app", rotateByAge+"\npaused = true"))
			s.apply(0)
			s.Advance("91d")
			s.apply(0, "warning: paused is set")
			return []string{s.text("access_key_id")}
		}},
		"blocked by an unmanaged key": {scene: func(s *scene) []string {
			s.write(managedKey("app", rotateByAge))
			s.apply(0)
			stranger := s.Sim.CreateAccessKey("app")
			s.Advance("91d")
			s.apply(0, "warning: the slot is taken by key "+stranger.AccessKeyID)
			return []string{s.text("access_key_id")}
		}, left: 1},
		"adopted previous": {scene: func(s *scene) []string {
			s.Sim.CreateAccessKey("app")
			s.write(managedKey("app", rotateByAge+"\nunmanaged_keys = \"retire\""))
			s.apply(0)
			s.holds(map[string]any{"previous.adopted": true})
			return []string{s.text("access_key_id")}
		}, diagnostics: []string{"warning: was left in IAM"}, left: 1},
		"current Inactive": {scene: func(s *scene) []string {
			first, second := s.rotated("")
			s.Sim.SetStatus(second, "Inactive")
			s.apply(0, "warning: is in its grace")
			return []string{first, second}
		}},
		"rotation due": {scene: func(s *scene) []string {
			s.write(managedKey("app", rotateByAge))
			s.apply(0)
			s.Advance("91d")
			return []string{s.text("access_key_id")}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			own := tc.scene(s)
			s.ResetCalls()
			s.destroy(0, tc.diagnostics...)
			var deletions []string
			for _, id := range own {
				deletions = append(deletions, "delete "+id)
			}
			s.mutations(deletions...)
			if got := len(s.Sim.Keys("app")); got != tc.left {
				t.Errorf("%d keys are left, want %d", got, tc.left)
			}
		})
	}
}

// What is gone already is no obstacle.
func TestAccRotatingAccessKey_destroyGone(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		before func(s *scene, first, second string)
		// user is who owns what is left before the destroy.
		user string
	}{
		"current":  {before: func(s *scene, _, second string) { s.Sim.DeleteAccessKey(second) }, user: "app"},
		"previous": {before: func(s *scene, first, _ string) { s.Sim.DeleteAccessKey(first) }, user: "app"},
		"both": {
			before: func(s *scene, first, second string) {
				s.Sim.DeleteAccessKey(first)
				s.Sim.DeleteAccessKey(second)
			},
			user: "app",
		},
		"user":                    {before: func(s *scene, _, _ string) { s.Sim.DeleteUser("app") }, user: "app"},
		"user under its old name": {before: func(s *scene, _, _ string) { s.Sim.RenameUser("app", "web") }, user: "web"},
		"user under its old name, which another has now": {
			before: func(s *scene, _, _ string) {
				s.Sim.RenameUser("app", "web")
				s.Sim.CreateUser("app")
			},
			user: "web",
		},
	} {
		for _, refresh := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, refresh %t", name, refresh), func(t *testing.T) {
				t.Parallel()
				s := newScene(t)
				first, second := s.rotated("")
				s.Advance(minutes)
				tc.before(s, first, second)
				s.ResetCalls()
				s.Destroy(fmt.Sprintf("-refresh=%t", refresh))
				s.Want(0)
				s.diagnosed()
				if s.attributes() != nil {
					t.Error("the resource is still in the state")
				}
				s.keys(tc.user)
				if s.Calls("CreateAccessKey", "UpdateAccessKey") != 0 {
					t.Errorf("calls %q: a destroy only deletes", s.CallList())
				}
			})
		}
	}
}

// A request that can't be met fails the plan with which terraform destroy begins. Its text says how to destroy all the
// same, and that works.
func TestAccRotatingAccessKey_destroyRefusedRequest(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first, second := s.rotated("")
	s.write(managedKey("app", rotateByAge+"\n"+`rotate_when_changed = { ask = "2" }`))
	s.ResetCalls()
	s.plan(1, `error: Rotation of user "app" was asked for and is not possible: previous key `+first+" still has its place until 2026-01-09 00:00:00 UTC")
	s.detailed("asked for and is not possible", "terraform destroy -refresh=false", "take the changed value back", "not recorded as done")
	s.destroyRefused("error: was asked for and is not possible")
	s.mutations()
	s.keys("app", first+" Active", second+" Active")

	s.Destroy("-refresh=false")
	s.Want(0)
	s.diagnosed()
	s.mutations("delete "+first, "delete "+second)
	s.keys("app")
}

func TestAccRotatingAccessKey_skipDestroy(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first, second := s.rotated(consumedKey)
	s.write(managedKey("app", `
  rotate_after        = "90d"
  rotate_when_changed = { ask = "1" }
  skip_destroy        = true`), consumedKey)
	s.ResetCalls()
	s.apply(0)
	s.plan(0)
	s.destroy(0)
	s.mutations()
	s.keys("app", first+" Active", second+" Active")
}

// A key that can't be deleted keeps the resource in the state, and the error says what to allow.
func TestAccRotatingAccessKey_destroyDenied(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first, second := s.rotated("")
	s.Sim.Deny("admin", "iam:DeleteAccessKey")
	s.ResetCalls()
	s.destroyRefused("error: Key " + first + ` of user "app" could not be deleted`)
	s.detailed("could not be deleted", "iam:DeleteAccessKey", "Destroy again")
	s.mutations("delete " + first + " AccessDenied")

	s.Sim.ClearDenials()
	s.destroy(0)
	s.keys("app")
	if got := s.Sim.IssuedSecrets(); len(got) != 2 {
		t.Errorf("%d keys were made in all, want %s and %s alone", len(got), first, second)
	}
}

// The description of a key goes with the key.
func TestAccRotatingAccessKey_description(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	policy := func(ask, more string) string {
		return managedKey("app", fmt.Sprintf("rotate_after = \"90d\"\nrotate_when_changed = { ask = %q }\n%s", ask, more))
	}
	tags := func(want map[string]string) {
		t.Helper()
		user, _ := s.Sim.User("app")
		if len(user.Tags) != len(want) {
			t.Errorf("tags %v, want %v", user.Tags, want)
			return
		}
		for id, text := range want {
			if user.Tags[id] != text {
				t.Errorf("tags %v, want %v", user.Tags, want)
			}
		}
	}

	s.Sim.Deny("admin", "iam:TagUser")
	s.write(policy("1", `description = "ci"`))
	s.apply(0, "warning: could not be written")
	first := s.text("access_key_id")
	tags(nil)
	s.plan(0)
	s.Sim.ClearDenials()

	s.write(policy("1", `description = "ci deployer"`))
	s.apply(0)
	tags(map[string]string{first: "ci deployer"})
	s.ResetCalls()
	s.plan(0)
	if got, want := s.CallList(), []string{"ListAccessKeys"}; !slices.Equal(got, want) {
		t.Errorf("calls %q of a steady plan, want %q: the description is never read back", got, want)
	}

	s.Advance("1d")
	s.write(policy("2", `description = "ci deployer"`))
	s.apply(0)
	second := s.text("access_key_id")
	tags(map[string]string{first: "ci deployer", second: "ci deployer"})
	s.plan(0)

	s.write(policy("2", `description = "cd deployer"`))
	s.planOut(2)
	s.shows(map[string]any{"action": "update", "access_key_id": second, "version": s.attributes()["version"], "description": "cd deployer"})
	s.ResetCalls()
	s.applySaved(0)
	tags(map[string]string{first: "cd deployer", second: "cd deployer"})
	s.mutations("tag app", "tag app")
	s.plan(0)

	s.Advance("7d")
	s.apply(0, "warning: has not been used yet")
	s.Advance("7d")
	s.ResetCalls()
	s.apply(0)
	s.mutations("delete "+first, "untag app")
	tags(map[string]string{second: "cd deployer"})
	s.plan(0)

	s.write(policy("2", ""))
	s.apply(0)
	tags(nil)
	s.plan(0)

	// A description that can't be written is no reason to fail.
	s.Sim.Deny("admin", "iam:TagUser")
	s.write(policy("3", `description = "ci deployer"`))
	s.apply(0, "warning: could not be written", "warning: could not be written") // of the new key and of the previous one
	s.detailed("could not be written", "iam:TagUser")
	third := s.text("access_key_id")
	s.keys("app", second+" Active", third+" Active")
	tags(nil)
	s.plan(0)

	s.Sim.ClearDenials()
	s.write(policy("3", `description = "cd deployer"`))
	s.apply(0)
	tags(map[string]string{second: "cd deployer", third: "cd deployer"})

	// They go with the keys, even when the user got another name that the state does not know.
	s.Sim.RenameUser("app", "web")
	s.Destroy("-refresh=false")
	s.Want(0)
	s.diagnosed()
	s.keys("web")
	if user, _ := s.Sim.User("web"); len(user.Tags) != 0 {
		t.Errorf("tags %v are left after a destroy", user.Tags)
	}
}
