package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// The address of a resource with two keys changes without a moved block: one apply deletes both keys and creates another, in no
// order. However they meet, the user has a key at the end, and the state has it.
func TestAccRotatingAccessKey_addressChanged(t *testing.T) {
	t.Parallel()
	for run := range 8 {
		t.Run(fmt.Sprint(run), func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			s.Write(acctest.ByAge(nil))
			s.Apply()
			s.Advance("90d")
			s.Apply()
			s.WantKeys("k1 Active", "k2 Active")
			s.Sim.OnCall(func(iamsim.Call) { _ = clock.System().Sleep(t.Context(), 60*time.Millisecond) })
			s.CLI.Write("main.tf", s.ProviderHCL+acctest.KeyHCL("renamed", acctest.ByAge(nil)))
			s.CLI.Apply()
			s.Sim.OnCall(nil)
			s.CLI.Want(0)
			s.WantKeys("k3 Active")
			s.WantStateOf("iamkeys_rotating_access_key.renamed", map[string]any{"access_key_id": "k3", "previous": nil})
			s.CLI.Plan()
			s.CLI.Want(0)
		})
	}
}

// Two resources have one user: neither adopts or deletes the key of the other, whatever unmanaged_keys says, also when a rotation
// needs its slot. Where one was planned before the other was read, a plan fails and names both.
func TestAccRotatingAccessKey_sharedUser(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"retire", "delete_unused"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t).SkipWaits()
			one := s.CreateForeignKey("one").AccessKeyID
			s.Advance("1s")
			two := s.CreateForeignKey("two").AccessKeyID
			s.Write(acctest.Unmanaged(mode), acctest.KeyHCL("twin", acctest.Unmanaged(mode)),
				acctest.ImportHCL(acctest.KeyAddress, "ci/"+one), acctest.ImportHCL("iamkeys_rotating_access_key.twin", "ci/"+two))
			s.CLI.Apply()
			s.CLI.Want(0)
			for range 4 {
				s.CLI.Apply()
				for _, d := range s.CLI.Diagnostics() {
					names := strings.Contains(d.Summary+d.Detail, one) && strings.Contains(d.Summary+d.Detail, two)
					if d.Severity == "error" && (!strings.Contains(d.Summary, "belongs to another resource") || !names) {
						t.Errorf("%s", s.Normalize(fmt.Sprintf("%+v", d)))
					}
				}
				s.WantKeys("one Active", "two Active")
				if changes := s.Changes(); slices.ContainsFunc(changes, func(c string) bool { return !strings.HasPrefix(c, "create: ") }) {
					t.Errorf("changes %v", changes)
				}
				s.WantState(map[string]any{"access_key_id": "one", "previous": nil})
				s.WantStateOf("iamkeys_rotating_access_key.twin", map[string]any{"access_key_id": "two", "previous": nil})
				s.Advance("31d")
			}
		})
	}
}
