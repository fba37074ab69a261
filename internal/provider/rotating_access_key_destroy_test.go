package provider_test

import (
	"fmt"
	"maps"
	"testing"
)

// A destroy deletes the keys that the resource made, previous first, whatever state they are in, and nothing else.
func TestAccRotatingAccessKey_destroy(t *testing.T) {
	t.Parallel()
	twoKeys := []string{"delete k1", "delete k2"}
	for name, tc := range map[string]struct {
		// scene leads from day 90, when k2 has replaced k1, to the state in which the destroy begins.
		scene func(s *story)
		// rotated is false for a scene that begins with k1 alone on its first day.
		rotated bool
		// diagnostics are those of the destroy. Terraform shows no warnings of the plan that it begins with.
		diagnostics []string
		did         []string
		// left are the keys that stay.
		left []string
	}{
		"steady":  {did: twoKeys[:1]},
		"overlap": {rotated: true, did: twoKeys},
		"Inactive previous": {rotated: true, scene: func(s *story) {
			s.Advance("8d")
			s.applyNow(unproven("k2", "k1"))
			s.keys("k1 Inactive", "k2 Active")
		}, did: twoKeys},
		"held": {rotated: true, scene: func(s *story) {
			s.write(held(), consumerHCL)
			s.applyNow()
		}, did: twoKeys},
		"paused": {scene: func(s *story) {
			s.write(byAge(keyArgs{"paused": "true"}), consumerHCL)
			s.applyNow()
			s.Advance("91d")
			s.refresh(blockedBy("paused is set"))
		}, did: twoKeys[:1]},
		"blocked by an unmanaged key": {scene: func(s *story) {
			s.foreign("theirs")
			s.Advance("91d")
			s.refresh(blockedBy(takenByTheirs))
		}, did: twoKeys[:1], left: []string{"theirs Active"}},
		"adopted previous": {scene: func(s *story) {
			s.foreign("theirs")
			s.write(unmanaged("retire"), consumerHCL)
			s.applyNow()
			s.applyNow()
			s.state(map[string]any{"previous.adopted": true})
		}, diagnostics: []string{`warning: Adopted key theirs of user "ci" was left in IAM`}, did: twoKeys[:1], left: []string{"theirs Active"}},
		"current Inactive": {rotated: true, scene: func(s *story) {
			s.setStatus("k2", "Inactive")
			s.refresh(blockedBy("Inactive key k2 is in its grace until 2026-04-08 00:00:00 UTC"))
		}, did: twoKeys},
		"rotation due": {scene: func(s *story) { s.Advance("91d") }, did: twoKeys[:1]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := newSteadyStory
			if tc.rotated {
				begin = newRotatedStory
			}
			s := begin(t, byAge(nil))
			if tc.scene != nil {
				tc.scene(s)
			}
			s.ResetCalls()
			s.destroy(tc.diagnostics...)
			s.did(tc.did...)
			s.keys(tc.left...)
		})
	}
}

// What is gone already is no obstacle.
func TestAccRotatingAccessKey_destroyGone(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		before func(s *story)
		// user is who owns what is left before the destroy.
		user string
	}{
		"current":  {before: func(s *story) { s.remove("k2") }, user: "ci"},
		"previous": {before: func(s *story) { s.remove("k1") }, user: "ci"},
		"both": {
			before: func(s *story) {
				s.remove("k1")
				s.remove("k2")
			},
			user: "ci",
		},
		"user":                    {before: func(s *story) { s.Sim.DeleteUser("ci") }, user: "ci"},
		"user under its old name": {before: func(s *story) { s.Sim.RenameUser("ci", "web") }, user: "web"},
		"user under its old name, which another has now": {
			before: func(s *story) {
				s.Sim.RenameUser("ci", "web")
				s.Sim.CreateUser("ci")
			},
			user: "web",
		},
	} {
		for _, refresh := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, refresh %t", name, refresh), func(t *testing.T) {
				t.Parallel()
				s := newRotatedStory(t, byAge(nil))
				s.Advance(minutes)
				tc.before(s)
				s.destroy(fmt.Sprintf("-refresh=%t", refresh))
				s.keysOf(tc.user)
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
	s := newRotatedStory(t, byAge(nil))
	s.write(asking(`{ ask = "1" }`), consumerHCL)
	refused := refusal("previous key k1 still has its place until 2026-04-08 00:00:00 UTC")
	s.plan(1, refused)
	s.says("terraform destroy -refresh=false", "take the changed value back", "not recorded as done")
	s.destroy(refused)
	s.did()
	s.keys("k1 Active", "k2 Active")

	s.destroy("-refresh=false")
	s.did("delete k1", "delete k2")
	s.keys()
}

func TestAccRotatingAccessKey_skipDestroy(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, byAge(nil))
	s.write(byAge(keyArgs{"skip_destroy": "true"}), consumerHCL)
	s.step()
	s.destroy()
	s.did()
	s.keys("k1 Active", "k2 Active")
}

// A key that can't be deleted keeps the resource in the state, and the error says what to allow.
func TestAccRotatingAccessKey_destroyDenied(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, byAge(nil))
	s.Sim.Deny("admin", "iam:DeleteAccessKey")
	s.destroy(`error: Key k1 of user "ci" could not be deleted`)
	s.says("iam:DeleteAccessKey", "Destroy again")
	s.did("delete k1: AccessDenied")

	s.Sim.ClearDenials()
	s.destroy()
	s.did("delete k1", "delete k2")
	s.keys()
}

// A description that goes in the apply that rotates goes from the key that was replaced, too.
func TestAccRotatingAccessKey_descriptionRemovedWithRotation(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(asking(`{ ask = "1" }`).with(keyArgs{"description": `"ci"`}), consumerHCL)
	s.step("create k1", "tag k1")
	s.write(asking(`{ ask = "2" }`), consumerHCL)
	s.step("create k2", "untag k1")
	if user, _ := s.Sim.User("ci"); len(user.Tags) > 0 {
		t.Errorf("%d tags are left", len(user.Tags))
	}
}

// The description of a key goes with the key.
func TestAccRotatingAccessKey_description(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	write := func(ask, description string) {
		s.write(asking(`{ ask = "`+ask+`" }`).with(keyArgs{"description": description}), consumerHCL)
	}
	// tags checks those of a user: the short name of a key and its description.
	tags := func(user string, want map[string]string) {
		t.Helper()
		found, _ := s.Sim.User(user)
		got := map[string]string{}
		for id, text := range found.Tags {
			got[s.text(id)] = text
		}
		if !maps.Equal(got, want) {
			t.Errorf("tags %v, want %v", got, want)
		}
	}
	unwritten := func(key string) string { return "warning: Description of key " + key + " could not be written" }

	s.Sim.Deny("admin", "iam:TagUser")
	write("1", `"ci"`)
	s.applyNow(unwritten("k1"))
	s.did("create k1", "tag k1: AccessDenied")
	tags("ci", nil)
	s.steady()
	s.Sim.ClearDenials()

	write("1", `"ci deployer"`)
	s.applyNow()
	s.did("tag k1")
	tags("ci", map[string]string{"k1": "ci deployer"})
	s.plan(0)
	s.called("ListAccessKeys") // the description is never read back

	s.Advance("1d")
	write("2", `"ci deployer"`)
	s.step("create k2", "tag k2")
	tags("ci", map[string]string{"k1": "ci deployer", "k2": "ci deployer"})

	write("2", `"cd deployer"`)
	s.plan(2)
	s.planned(map[string]any{"action": "update", "access_key_id": "k2", "version": 1767312000, "description": "cd deployer"})
	s.apply()
	s.did("tag k2", "tag k1")
	tags("ci", map[string]string{"k1": "cd deployer", "k2": "cd deployer"})
	s.steady()

	s.use("k2")
	s.Advance("8d")
	s.applyNow()
	s.did("deactivate k1")
	s.Advance("7d")
	s.step("delete k1", "untag k1")
	tags("ci", map[string]string{"k2": "cd deployer"})

	write("2", "")
	s.step("untag k2")
	tags("ci", nil)

	// A description that can't be written is no reason to fail.
	s.Sim.Deny("admin", "iam:TagUser")
	write("3", `"ci deployer"`)
	s.applyNow(unwritten("k3"), unwritten("k2"))
	s.says("iam:TagUser")
	s.did("create k3", "tag k3: AccessDenied", "tag k2: AccessDenied")
	s.keys("k2 Active", "k3 Active")
	tags("ci", nil)
	s.steady()

	s.Sim.ClearDenials()
	write("3", `"cd deployer"`)
	s.applyNow()
	s.did("tag k3", "tag k2")
	tags("ci", map[string]string{"k2": "cd deployer", "k3": "cd deployer"})

	// They go with the keys, even when the user got another name that the state does not know.
	s.Sim.RenameUser("ci", "web")
	s.destroy("-refresh=false")
	s.keysOf("web")
	tags("web", nil)
}
