package provider_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// Nothing is deleted for a new key before IAM has shown that it may be created. Once it may, the next apply rotates.
func TestAccRotatingAccessKey_createDenied(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		// given brings ci to the keys k1 and k2, and a rotation that needs the slot of k1.
		given func(s *acctest.Story)
		keys  []string
		// deletes is the warning of the plan about k1.
		deletes acctest.Option
	}{
		// The exception of rule 4: k1 is Active past its overlap and grace, and unused.
		"due by age": {
			func(s *acctest.Story) {
				s.WithPrevious(acctest.ByAge(nil))
				s.Advance("6d")
				s.UseKey("k1")
				s.UseKey("k2")
				s.Advance("84d")
			},
			[]string{"k1 Active", "k2 Active"},
			acctest.DeletesActive("k1"),
		},
		"asked for in the grace": {
			func(s *acctest.Story) {
				s.WithInactivePrevious()
				s.Write(acctest.ByAge(acctest.Args{"rotate_when_changed": `{ quarter = "2026-Q2" }`}), acctest.ConsumerHCL)
			},
			[]string{"k1 Inactive", "k2 Active"},
			acctest.DeletesInactive("k1"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			tc.given(s)
			before := s.Attributes()
			s.Sim.Deny("*", "iam:CreateAccessKey")
			s.Apply(tc.deletes, acctest.NoNewKey())
			s.WantDetail("AccessDenied", "No key was created. 2 keys exist; none was deleted: k1 (")
			s.WantChanges("create: AccessDenied")
			s.WantKeys(tc.keys...)
			if got := s.Attributes()["access_key_id"]; got != before["access_key_id"] {
				t.Errorf("access_key_id %v, want %v", got, before["access_key_id"])
			}

			s.Sim.ClearDenials()
			s.Apply(tc.deletes)
			s.WantChanges("delete k1", "create k3")
			s.WantKeys("k2 Active", "k3 Active")
			s.PlanEmpty()
		})
	}
}

// A key was deleted to make room, and then no key could be created: the error names it, and the state forgets it. The next apply has a
// free slot.
func TestAccRotatingAccessKey_madeRoomInVain(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		given func(s *acctest.Story)
		err   acctest.Option
		next  string
		// changes are those of the apply that fails, and created is the key that the next one creates.
		changes []string
		created string
	}{
		"denied": {
			given: func(s *acctest.Story) {
				s.Sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 2, Kind: iamsim.Denied})
			},
			err:  acctest.NoNewKey(),
			next: "Apply again once a key can be created.",

			changes: []string{"delete k1", "create: AccessDenied"}, created: "k3",
		},
		"useless": {
			given: func(s *acctest.Story) { s.Sim.SetNewKeyDelay(time.Hour) },
			err:   acctest.NewKeyUseless("k3"),
			next:  "The new key was deleted again.",

			changes: []string{"delete k1", "create k3", "delete k3"}, created: "k4",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t).SkipWaits().WithPrevious(acctest.ByAge(nil))
			s.UseKey("k2")
			s.Advance("90d")
			tc.given(s)
			s.Apply(acctest.DeletesActive("k1"), tc.err)
			s.WantDetail("Key k1 was deleted before, to make room.", tc.next)
			s.WantChanges(tc.changes...)
			s.WantKeys("k2 Active")
			s.WantState(map[string]any{"access_key_id": "k2", "previous": nil, "last_change": "delete k1: Active, never used, to make room"})
			s.Sim.SetNewKeyDelay(0)
			s.Step("create " + tc.created)
		})
	}
}
