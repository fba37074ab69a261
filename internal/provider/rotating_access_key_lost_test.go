package provider_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// firstFails makes the first attempt of an action fail, and AWS deny the second one.
func firstFails(s *acctest.Story, action string, kind iamsim.FaultKind) {
	s.Sim.AddFault(iamsim.Fault{Action: action, Nth: 1, Kind: kind})
	s.Sim.AddFault(iamsim.Fault{Action: action, Nth: 2, Kind: iamsim.Denied})
}

// The answer to a deactivation is lost, and its repetition is denied: the list shows that it was done, so it is ours, and a rollback
// takes it back.
func TestAccRotatingAccessKey_lostDeactivation(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
	s.UseKey("k2")
	s.Advance("8d")
	firstFails(s, "UpdateAccessKey", iamsim.AnswerLost)
	s.Apply()
	s.WantChanges("deactivate k1", "deactivate k1: AccessDenied")
	s.WantState(map[string]any{"previous.status": "Inactive", "previous.deactivated_by": "iamkeys"})
	s.PlanEmpty()

	s.Write(acctest.Held(), acctest.ConsumerHCL)
	s.Step("activate k1")
}

// A change that was not made: the error says what IAM lists.
func TestAccRotatingAccessKey_unknownDeactivation(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits().WithPrevious(acctest.ByAge(nil))
	s.UseKey("k2")
	s.Advance("8d")
	firstFails(s, "UpdateAccessKey", iamsim.CutBeforeCommit)
	s.Apply(acctest.NotDeactivated("k1"))
	s.WantDetail("AccessDenied", "An attempt may have taken effect. IAM lists key k1 as Active", "The next plan shows what is true.")
	s.WantChanges("deactivate k1", "deactivate k1: AccessDenied")
	s.WantKeys("k1 Active", "k2 Active")

	s.Step("deactivate k1")
	s.Advance("8d")
	firstFails(s, "DeleteAccessKey", iamsim.CutBeforeCommit)
	s.Apply(acctest.NotDeleted("k1"))
	s.WantDetail("AccessDenied", "An attempt may have taken effect. IAM still lists key k1", "The next plan shows what is true.")
	s.WantChanges("delete k1", "delete k1: AccessDenied")
	firstFails(s, "DeleteAccessKey", iamsim.AnswerLost)
	s.Apply()
	s.WantChanges("delete k1", "delete k1: AccessDenied")
	s.WantKeys("k2 Active")
	s.PlanEmpty()
}
