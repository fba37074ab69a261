package provider_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// A destroy deletes the keys that the resource created, previous first, whatever state they are in, and nothing else.
func TestAccRotatingAccessKey_destroy(t *testing.T) {
	t.Parallel()
	twoKeys := []string{"delete k1", "delete k2"}
	for name, tc := range map[string]struct {
		// setUp leads from day 90, when k2 has replaced k1, to the state in which the destroy begins.
		setUp func(s *acctest.Story)
		// rotated is false for a setup that begins with k1 alone on its first day.
		rotated bool
		// diagnostics are those of the destroy. Terraform shows no warnings of the plan that it begins with.
		diagnostics []acctest.Option
		did         []string
		// left are the keys that stay.
		left []string
	}{
		"steady":  {did: twoKeys[:1]},
		"overlap": {rotated: true, did: twoKeys},
		"Inactive previous": {rotated: true, setUp: func(s *acctest.Story) {
			s.UseKey("k2")
			s.Advance("8d")
			s.Apply()
			s.WantKeys("k1 Inactive", "k2 Active")
		}, did: twoKeys},
		"held": {rotated: true, setUp: func(s *acctest.Story) {
			s.Write(acctest.Held(), acctest.ConsumerHCL)
			s.Apply()
		}, did: twoKeys},
		"paused": {setUp: func(s *acctest.Story) {
			s.Write(acctest.ByAge(acctest.Args{"paused": "true"}), acctest.ConsumerHCL)
			s.Apply()
			s.Advance("91d")
			s.Refresh(acctest.RotationWaits("paused is set"), acctest.LongFreeze())
		}, did: twoKeys[:1]},
		"blocked by an unmanaged key": {setUp: func(s *acctest.Story) {
			s.CreateForeignKey("theirs")
			s.Advance("91d")
			s.Refresh(acctest.RotationWaits(acctest.SlotTakenByTheirs))
		}, did: twoKeys[:1], left: []string{"theirs Active"}},
		"adopted previous": {setUp: func(s *acctest.Story) {
			s.CreateForeignKey("theirs")
			s.Write(acctest.Unmanaged("retire"), acctest.ConsumerHCL)
			s.Apply(acctest.Warns("Unmanaged access key will block the rotation"))
			s.Apply(acctest.Adopts("theirs"))
			s.WantState(map[string]any{"previous.adopted": true})
		}, diagnostics: []acctest.Option{acctest.AdoptedLeft("theirs")}, did: twoKeys[:1], left: []string{"theirs Active"}},
		"current Inactive": {rotated: true, setUp: func(s *acctest.Story) {
			s.SetStatus("k2", "Inactive")
			s.Apply(acctest.RotationWaits("the grace of key k2 is not over"))
		}, did: twoKeys},
		"rotation due": {setUp: func(s *acctest.Story) { s.Advance("91d") }, did: twoKeys[:1]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			if tc.rotated {
				s.WithPrevious(acctest.ByAge(nil))
			} else {
				s.WithKey(acctest.ByAge(nil))
			}
			if tc.setUp != nil {
				tc.setUp(s)
			}
			s.ResetCalls()
			s.Destroy(tc.diagnostics...)
			s.WantChanges(tc.did...)
			s.WantKeys(tc.left...)
		})
	}
}

// What is gone already is no obstacle.
func TestAccRotatingAccessKey_destroyGone(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		before func(s *acctest.Story)
		// user is who owns what is left before the destroy.
		user string
	}{
		"current":  {before: func(s *acctest.Story) { s.DeleteKey("k2") }, user: "ci"},
		"previous": {before: func(s *acctest.Story) { s.DeleteKey("k1") }, user: "ci"},
		"both": {
			before: func(s *acctest.Story) {
				s.DeleteKey("k1")
				s.DeleteKey("k2")
			},
			user: "ci",
		},
		"user":                    {before: func(s *acctest.Story) { s.Sim.DeleteUser("ci") }, user: "ci"},
		"user under its old name": {before: func(s *acctest.Story) { s.Sim.RenameUser("ci", "web") }, user: "web"},
		"user under its old name, which another has now": {
			before: func(s *acctest.Story) {
				s.Sim.RenameUser("ci", "web")
				s.Sim.CreateUser("ci")
			},
			user: "web",
		},
	} {
		for _, refresh := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, refresh %t", name, refresh), func(t *testing.T) {
				t.Parallel()
				s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
				s.Advance(acctest.TenMinutes)
				tc.before(s)
				s.Destroy(acctest.Flags(fmt.Sprintf("-refresh=%t", refresh)))
				s.WantKeysOf(tc.user)
				if s.Calls("CreateAccessKey", "UpdateAccessKey") != 0 {
					t.Errorf("calls %q: a destroy only deletes", s.CallList())
				}
			})
		}
	}
}

// A revoke that can't be done fails the plan with which terraform destroy begins. Its text says how to destroy all the same, and
// that works. A request to rotate fails no plan.
func TestAccRotatingAccessKey_destroyRefusedRequest(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	s.CreateForeignKey("theirs")
	s.UseKey("theirs")
	s.Write(acctest.Revoking(`{ incident = "1" }`), acctest.ConsumerHCL)
	refused := acctest.RequestRefused(acctest.SlotTakenByTheirs)
	blocks := acctest.Warns("Unmanaged access key will block the rotation")
	s.Plan(1, refused, blocks)
	s.WantDetail("terraform destroy -refresh=false", "take the changed value back", "not recorded as done", acctest.StatusCommand("k1",
		"Inactive"))
	s.Destroy(refused, blocks)
	s.WantChanges()
	s.WantKeys("k1 Active", "theirs Active")

	s.Write(acctest.Asking(`{ ask = "1" }`), acctest.ConsumerHCL)
	s.Plan(2, acctest.RotationPending(acctest.SlotTakenByTheirs), blocks)
	s.Destroy()
	s.WantChanges("delete k1")
	s.WantKeys("theirs Active")
}

func TestAccRotatingAccessKey_skipDestroy(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
	s.Write(acctest.ByAge(acctest.Args{"skip_destroy": "true"}), acctest.ConsumerHCL)
	s.Step()
	s.Destroy()
	s.WantChanges()
	s.WantKeys("k1 Active", "k2 Active")
}

// A key that can't be deleted keeps the resource in the state, and the error says what to allow.
func TestAccRotatingAccessKey_destroyDenied(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
	s.Sim.Deny("admin", "iam:DeleteAccessKey")
	s.Destroy(acctest.NotDeleted("k1"))
	s.WantDetail("iam:DeleteAccessKey", "Destroy again")
	s.WantChanges("delete k1: AccessDenied")

	s.Sim.ClearDenials()
	s.Destroy()
	s.WantChanges("delete k1", "delete k2")
	s.WantKeys()
}

// Without permission to list the keys a plan fails, and says how to destroy all the same: the keys are deleted, though nothing confirms
// it.
func TestAccRotatingAccessKey_destroyUnlisted(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
	s.Sim.Deny("admin", "iam:ListAccessKeys")
	s.Destroy(acctest.Fails(`Access keys of user "ci" can't be read`))
	s.WantDetail("Allow iam:ListAccessKeys", "To destroy the resource without reading it, run terraform destroy -refresh=false.")
	s.WantChanges()

	s.Destroy(acctest.Flags("-refresh=false"), acctest.NotConfirmed("k1", "gone"), acctest.NotConfirmed("k2", "gone"))
	s.WantChanges("delete k1", "delete k2")
	s.WantKeys()
}

// A destroy without a refresh makes no plan of the resource, so an error of that plan does not stop it. Terraform validates the
// configuration all the same: without the resource in it, an apply destroys it.
func TestAccRotatingAccessKey_destroyInvalid(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		edit acctest.Args
		// invalid are the diagnostics of a destroy with a refresh, and validated reports whether they come without one, too.
		invalid   []acctest.Option
		validated bool
	}{
		"validation": {
			edit:      acctest.ByAge(acctest.Args{"rotate_after": `"1d"`}),
			invalid:   []acctest.Option{acctest.Fails(`rotate_after "1d" is too short: it must be more than 15d`)},
			validated: true,
		},
		"plan": {
			edit: acctest.Revoking(`{ incident = "1" }`),
			invalid: []acctest.Option{
				acctest.RequestRefused(acctest.SlotTakenByTheirs), acctest.Warns("Unmanaged access key will block the rotation"),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
			s.CreateForeignKey("theirs")
			s.UseKey("theirs")
			s.Advance("2d")
			s.Write(tc.edit)
			s.Destroy(tc.invalid...)
			s.WantChanges()
			if tc.validated {
				s.Destroy(append(tc.invalid, acctest.Flags("-refresh=false"))...)
				s.CLI.Write("main.tf", s.ProviderHCL)
				s.Apply(acctest.Warns("Unmanaged access key will block the rotation"))
			} else {
				s.Destroy(acctest.Flags("-refresh=false"))
			}
			s.WantChanges("delete k1")
			s.WantKeys("theirs Active")
		})
	}
}

// A description that goes in the apply that rotates goes from the key that was replaced, too.
func TestAccRotatingAccessKey_descriptionRemovedWithRotation(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.Write(acctest.Asking(`{ ask = "1" }`).With(acctest.Args{"description": `"ci"`}), acctest.ConsumerHCL)
	s.Step("create k1", "tag k1")
	s.Write(acctest.Asking(`{ ask = "2" }`), acctest.ConsumerHCL)
	s.Step("create k2", "untag k1")
	if user, _ := s.Sim.User("ci"); len(user.Tags) > 0 {
		t.Errorf("%d tags are left", len(user.Tags))
	}
}

// The description of a key goes with the key.
func TestAccRotatingAccessKey_description(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	write := func(ask, description string) {
		s.Write(acctest.Asking(`{ ask = "`+ask+`" }`).With(acctest.Args{"description": description}), acctest.ConsumerHCL)
	}
	// tags checks those of a user: the short name of a key and its description.
	tags := func(user string, want map[string]string) {
		t.Helper()
		found, _ := s.Sim.User(user)
		got := map[string]string{}
		for id, text := range found.Tags {
			got[s.Normalize(id)] = text
		}
		if !maps.Equal(got, want) {
			t.Errorf("tags %v, want %v", got, want)
		}
	}

	s.Sim.Deny("admin", "iam:TagUser")
	write("1", `"ci"`)
	s.Apply(acctest.DescriptionNotWritten("k1"))
	s.WantChanges("create k1", "tag k1: AccessDenied")
	tags("ci", nil)
	s.PlanEmpty()
	s.Sim.ClearDenials()

	write("1", `"ci deployer"`)
	s.Apply()
	s.WantChanges("tag k1")
	tags("ci", map[string]string{"k1": "ci deployer"})
	s.Plan(0)
	s.WantCalls("ListAccessKeys") // the description is never read back

	s.Advance("1d")
	write("2", `"ci deployer"`)
	s.Step("create k2", "tag k2")
	tags("ci", map[string]string{"k1": "ci deployer", "k2": "ci deployer"})

	write("2", `"cd deployer"`)
	s.Plan(2)
	s.WantPlanned(map[string]any{"action": "update", "access_key_id": "k2", "version": 1767312000, "description": "cd deployer"})
	s.ApplyPlan()
	s.WantChanges("tag k2", "tag k1")
	tags("ci", map[string]string{"k1": "cd deployer", "k2": "cd deployer"})
	s.PlanEmpty()

	s.UseKey("k2")
	s.Advance("8d")
	s.Apply()
	s.WantChanges("deactivate k1")
	s.Advance("7d")
	s.Step("delete k1", "untag k1")
	tags("ci", map[string]string{"k2": "cd deployer"})

	write("2", "")
	s.Step("untag k2")
	tags("ci", nil)

	// A description that can't be written is no reason to fail.
	s.Sim.Deny("admin", "iam:TagUser")
	write("3", `"ci deployer"`)
	s.Apply(acctest.DescriptionNotWritten("k3"), acctest.DescriptionNotWritten("k2"))
	s.WantDetail("iam:TagUser")
	s.WantChanges("create k3", "tag k3: AccessDenied", "tag k2: AccessDenied")
	s.WantKeys("k2 Active", "k3 Active")
	tags("ci", nil)
	s.PlanEmpty()

	s.Sim.ClearDenials()
	write("3", `"cd deployer"`)
	s.Apply()
	s.WantChanges("tag k3", "tag k2")
	tags("ci", map[string]string{"k2": "cd deployer", "k3": "cd deployer"})

	// They go with the keys, even when the user got another name that the state does not know.
	s.Sim.RenameUser("ci", "web")
	s.Destroy(acctest.Flags("-refresh=false"), acctest.DestroysKeyInUse())
	s.WantKeysOf("web")
	tags("web", nil)
}
