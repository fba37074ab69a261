package e2e_test

import (
	"fmt"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// The life cycle with the shortest useful durations, in steps of 1 to 10 seconds: each step comes at its second, and
// nothing in between. TestLive_cycle runs it in real time.
func TestAccRotatingAccessKey_realTime(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Shortest())
	s.UseKey("k1")
	elapsed := 0
	for _, step := range []struct {
		// second is the time since the start, and did is what an apply does then; with nothing to do a plan is empty.
		second int
		did    []string
		// use is a new key, which somebody uses from then on.
		use string
	}{
		{second: 10},
		{second: 20},
		{second: 29},
		{second: 30, did: []string{"create k2"}, use: "k2"},
		{second: 31},
		{second: 39},
		{second: 40, did: []string{"deactivate k1"}},
		{second: 41},
		{second: 49},
		{second: 50, did: []string{"delete k1"}},
		{second: 51},
		{second: 60, did: []string{"create k3"}, use: "k3"},
		// An apply that comes late moves the dates that follow from it.
		{second: 75, did: []string{"deactivate k2"}},
		{second: 84},
		{second: 85, did: []string{"delete k2"}},
		{second: 90, did: []string{"create k4"}},
		{second: 91},
	} {
		s.Advance(fmt.Sprintf("%ds", step.second-elapsed))
		elapsed = step.second
		if len(step.did) == 0 {
			s.PlanEmpty()
			continue
		}
		s.Apply()
		s.WantChanges(step.did...)
		if step.use != "" {
			s.UseKey(step.use)
		}
	}
	s.WantHandovers("k1", "k1 to k2", "k2 to k3", "k3 to k4")
	s.Destroy()
	s.WantKeys()
}
