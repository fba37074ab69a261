package provider_test

import (
	"slices"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// allowOnly denies every call of IAM that is not about one of these users, as a policy that names their ARNs does.
func allowOnly(s *acctest.Story, users ...string) {
	s.Sim.OnCall(func(call iamsim.Call) {
		s.Sim.ClearDenials()
		allowed := slices.ContainsFunc(users, func(user string) bool {
			return user == call.User || slices.ContainsFunc(s.Sim.Keys(user), func(k iamsim.Key) bool {
				return call.Action == "GetAccessKeyLastUsed" && k.ID == call.KeyID
			})
		})
		if !allowed {
			s.Sim.Deny("*", "iam:"+call.Action)
		}
	})
}

func allowAll(s *acctest.Story) {
	s.Sim.OnCall(nil)
	s.Sim.ClearDenials()
}

// A user is renamed, and the policy of our credentials covers only the old name. The secret is in the state, so the key itself says
// whose it is. Nothing is dropped, and a destroy does not pretend.
func TestAccRotatingAccessKey_renamedUnderNarrowPolicy(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits().WithKey(acctest.ByAge(nil))
	s.Advance("91d") // a rotation is due as well
	s.Sim.RenameUser("ci", "deploy")
	allowOnly(s, "ci")
	s.PlanEmpty(acctest.UserUnknown())
	s.WantDetail("iam:GetAccessKeyLastUsed (k1): AccessDenied: User: arn:aws:iam::123456789012:user/admin is not authorized to perform",
		`key k1 of user "ci" belongs to user "deploy" now`, "stays in the state", `iam:ListAccessKeys on user "deploy"`)
	s.Refresh(acctest.UserUnknown())
	s.WantState(map[string]any{"access_key_id": "k1", "user": "ci"})

	s.Destroy(acctest.NotDeleted("k1"))
	s.WantChanges("delete k1: NoSuchEntity", "delete k1: AccessDenied")
	s.WantKeysOf("deploy", "k1 Active")

	allowAll(s)
	s.Destroy()
	s.WantKeysOf("deploy")
}

// As above, but only the ciphertext of the secret is in the state, so that nothing says whose key it is.
func TestAccRotatingAccessKey_renamedUnderNarrowPolicySealed(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits()
	_, recipient := acctest.AgeKey(t)
	s.Write(acctest.SealedBy(acctest.AgeRecipients(recipient), nil))
	s.Step("create k1")
	s.Advance("91d")
	s.Sim.RenameUser("ci", "deploy")
	allowOnly(s, "ci")
	s.PlanEmpty(acctest.UserUnknown())
	s.WantDetail("iam:ListUsers", `does not list key k1 under user "ci"`, "may be alive under another name",
		"One of these would prove it for the credentials of this provider: iam:GetAccessKeyLastUsed, iam:ListUsers")
	s.Destroy(acctest.KeyMayExist())
	s.WantDetail(`key k1 under user "ci"`, "aws iam get-access-key-last-used --access-key-id k1")
	s.WantKeysOf("deploy", "k1 Active")
}

// A user that was really deleted leaves the state where that can be known, and stays where it can't.
func TestAccRotatingAccessKey_deletedUnderNarrowPolicy(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits()
	s.Write(acctest.ByAge(nil))
	s.Step("create k1")
	s.Advance(acctest.TenMinutes)
	s.Sim.DeleteUser("ci")
	allowOnly(s, "ci")
	s.PlanEmpty(acctest.UserUnknown())
	allowAll(s)
	s.Sim.Deny("*", "iam:GetAccessKeyLastUsed")
	s.Plan(2, acctest.UserGone())
	s.WantPlanned(map[string]any{"action": "create"})
}

// A last use that can't be read stops nothing but the retirement that depends on it: plans, a rotation, a revoke and a destroy go on.
func TestAccRotatingAccessKey_lastUseUnknown(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		given  func(s *acctest.Story)
		detail []string
	}{
		"denied": {
			given: func(s *acctest.Story) { s.Sim.Deny("*", "iam:GetAccessKeyLastUsed") },
			detail: []string{
				"iam:GetAccessKeyLastUsed (k1): AccessDenied: User: arn:aws:iam::123456789012:user/admin is not authorized to perform",
				"Allow iam:GetAccessKeyLastUsed on the user of key k1",
			},
		},
		"failing": {
			given: func(s *acctest.Story) {
				s.Sim.AddFault(iamsim.Fault{Action: "GetAccessKeyLastUsed", Kind: iamsim.ErrorBeforeCommit})
			},
			detail: []string{"iam:GetAccessKeyLastUsed (k1): ServiceFailure"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			s.ProviderHCL = s.ProviderConfigAs(s.Sim.Root(), "max_retries = 0")
			s.WithPrevious(acctest.ByAge(nil))
			s.UseKey("k2")
			tc.given(s)
			s.PlanEmpty(acctest.LastUseUnknown())
			s.WantDetail(append(tc.detail, `User "ci": the last use of k1 and k2 can't be read`)...)

			s.Advance("8d")
			s.ApplyAny(acctest.LastUseUnknown(), acctest.UseUnknown("k2"))
			s.WantKeys("k1 Active", "k2 Active")

			s.Write(acctest.Revoking(`{ incident = "1" }`), acctest.ConsumerHCL)
			s.Apply(acctest.LastUseUnknown(), acctest.UseUnknown("k2"), acctest.Revokes("k2"), acctest.DeletesActive("k1"))
			s.WantKeys("k2 Inactive", "k3 Active")
			s.Destroy()
			s.WantKeys()
		})
	}
}
