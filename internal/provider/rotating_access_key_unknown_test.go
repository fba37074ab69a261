package provider_test

import (
	"fmt"
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
	s.WantState(map[string]any{"access_key_id": "k1", "user": "ci", "rotation_blocked": whoseUserIsUnknown("k1")})

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

// whoseUserIsUnknown is the fact that nothing proves what became of the user of a key.
func whoseUserIsUnknown(key string) string {
	return "nobody who could be asked said what became of the user of key " + key
}

// renamedUnderPolicyForOldName is a user with key k1 who is renamed while the policy covers only the old name.
func renamedUnderPolicyForOldName(t *testing.T, args acctest.Args) *acctest.Story {
	t.Helper()
	s := acctest.NewStory(t).SkipWaits()
	s.Write(args)
	s.Step("create k1")
	s.Advance(acctest.TenMinutes)
	s.Sim.RenameUser("ci", "deploy")
	allowOnly(s, "ci")
	return s
}

// A rotation that is asked for while nothing proves what became of the user is pending. It is done once the user is found.
func TestAccRotatingAccessKey_requestOfUnknownUser(t *testing.T) {
	t.Parallel()
	s := renamedUnderPolicyForOldName(t, acctest.Asking(`{ a = "1" }`))
	s.Write(acctest.Asking(`{ a = "2" }`))
	s.Plan(2, acctest.UserUnknown(), acctest.Warns("Rotation was asked for and has to wait",
		`User "ci": `+whoseUserIsUnknown("k1")+". The apply records the request in rotation_requested",
		"iam:ListAccessKeys, iam:GetAccessKeyLastUsed and iam:GetUser on the present name of the user"))
	s.WantPlanned(map[string]any{
		"action": "update", "access_key_id": "k1", "rotation_requested": `rotate_when_changed["a"]`, "rotation_blocked": acctest.Unknown,
	})
	s.ApplyPlan(acctest.RotationPending(whoseUserIsUnknown("k1")))
	pending := map[string]any{
		"rotate_when_changed.a": "2", "access_key_id": "k1", "status": "Active", "user": "ci", "id": "ci", "previous": nil,
		"rotation_requested": `rotate_when_changed["a"]`, "rotation_blocked": whoseUserIsUnknown("k1"), "retirement_blocked": nil,
		"last_change": "record k1: rotation pending, asked by rotate_when_changed (a)",
	}
	s.WantState(pending)
	s.PlanEmpty(acctest.UserUnknown())
	s.Refresh(acctest.UserUnknown())
	s.WantState(pending)

	// It is withdrawn, and asked for again.
	s.Write(acctest.Asking(`{}`))
	s.Apply(acctest.UserUnknown())
	s.WantState(map[string]any{
		"rotation_requested": nil, "rotation_blocked": nil, "last_change": "record k1: no rotation is asked for any more",
	})
	s.PlanEmpty(acctest.UserUnknown())
	s.Write(acctest.Asking(`{ a = "2" }`))
	s.Apply(acctest.UserUnknown(), acctest.RotationPending(whoseUserIsUnknown("k1")))
	s.WantState(pending)

	allowAll(s)
	s.Plan(2, acctest.UserRenamed("ci", "deploy"))
	s.WantPlanned(map[string]any{
		"last_change": "record k1: user ci is called deploy now; rotate k1: asked by rotate_when_changed (a)",
	})
	s.ApplyPlan(acctest.UserRenamed("ci", "deploy"))
	s.WantChanges("create k2")
	s.WantState(map[string]any{
		"id": "deploy", "access_key_id": "k2", "previous.access_key_id": "k1", "rotation_requested": nil, "rotation_blocked": nil,
	})
	s.PlanEmpty(acctest.UserRenamed("ci", "deploy"))
	s.WantKeysOf("deploy", "k1 Active", "k2 Active")
}

// A revoke is refused while nothing proves what became of the user. The error has the command that deactivates the leaked key: under
// the name that AWS told, where the key itself says whose it is, or under one to find out. A destroy works all the same.
func TestAccRotatingAccessKey_revokeOfUnknownUser(t *testing.T) {
	t.Parallel()
	_, recipient := acctest.AgeKey(t)
	const stop = "aws iam update-access-key --user-name %s --access-key-id k1 --status Inactive"
	for name, tc := range map[string]struct {
		sealed   acctest.Args
		commands []string
		destroy  acctest.Option
	}{
		"told by the key": {
			commands: []string{fmt.Sprintf(stop, "deploy")},
			destroy:  acctest.NotDeleted("k1"),
		},
		"told by nobody": {
			sealed: acctest.Args{"encrypted_output": acctest.HCLObject(acctest.AgeRecipients(recipient))},
			commands: []string{
				"aws iam get-access-key-last-used --access-key-id k1 " + fmt.Sprintf(stop, "NAME") + " The first one shows NAME.",
			},
			destroy: acctest.KeyMayExist(),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := renamedUnderPolicyForOldName(t, acctest.ByAge(tc.sealed))
			args := acctest.Revoking(`{ incident = "1" }`).With(tc.sealed)
			s.Write(args)
			for range 2 {
				s.Apply(acctest.UserUnknown(), acctest.RequestRefused(whoseUserIsUnknown("k1")))
				s.WantDetail(append(tc.commands, "the request is not recorded as done", "terraform destroy -refresh=false")...)
				s.WantChanges()
				s.WantState(map[string]any{"access_key_id": "k1", "revoke_when_changed": nil, "rotation_requested": nil})
			}
			s.Destroy(acctest.Flags("-refresh=false"), tc.destroy)
			s.WantKeysOf("deploy", "k1 Active")
		})
	}
}

// The error of a refused revoke has a command for each key that the revoke is about.
func TestAccRotatingAccessKey_revokeOfUnknownUserWithPrevious(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits()
	s.Write(acctest.Asking(`{ a = "1" }`))
	s.Step("create k1")
	s.Write(acctest.Asking(`{ a = "2" }`))
	s.Step("create k2")
	s.Advance(acctest.TenMinutes)
	s.Sim.RenameUser("ci", "deploy")
	allowOnly(s, "ci")
	s.Write(acctest.Asking(`{ a = "2" }`).With(acctest.Args{"revoke_when_changed": `{ incident = "1" }`}))
	s.Apply(acctest.UserUnknown(), acctest.RequestRefused(whoseUserIsUnknown("k2")))
	s.WantDetail("--access-key-id k2 --status Inactive", "--access-key-id k1 --status Inactive", "The first one shows NAME.")
	s.WantKeysOf("deploy", "k1 Active", "k2 Active")
}

// What needs no step is edited as ever while nothing proves what became of the user. A rollback is said to be left undone.
func TestAccRotatingAccessKey_editOfUnknownUser(t *testing.T) {
	t.Parallel()
	_, recipient := acctest.AgeKey(t)
	s := acctest.NewStory(t).SkipWaits().WithInactivePrevious()
	s.Advance(acctest.TenMinutes)
	s.Sim.RenameUser("ci", "deploy")
	allowOnly(s, "ci")
	args := acctest.ByAge(acctest.Args{"overlap": `"3d"`, "paused": "true"})
	edit := func(more acctest.Args, says ...acctest.Option) {
		t.Helper()
		args = args.With(more)
		s.Write(args)
		s.Apply(append(says, acctest.UserUnknown())...)
		s.PlanEmpty(acctest.UserUnknown())
	}
	edit(nil)
	s.WantState(map[string]any{"overlap": "3d", "paused": true, "access_key_id": "k2", "previous.status": "Inactive"})
	edit(acctest.Args{"hold_previous": "true"}, acctest.Warns("Previous access key is not reactivated", whoseUserIsUnknown("k1"),
		"aws iam update-access-key --user-name NAME --access-key-id k1 --status Active"))
	edit(acctest.Args{"encrypted_output": acctest.HCLObject(acctest.AgeRecipients(recipient))}, acctest.EncryptedFromNowOn("k2 and k1"))
	s.WantState(map[string]any{"hold_previous": true, "secret_access_key": nil, "previous.status": "Inactive"})
	s.Write(args.With(acctest.Args{"description": `"deploys"`}))
	s.Apply(acctest.UserUnknown(), acctest.DescriptionNotWritten("k2"), acctest.DescriptionNotWritten("k1"))
	s.WantChanges("tag k2: NoSuchEntity", "tag k1: NoSuchEntity")
	s.PlanEmpty(acctest.UserUnknown())
	// The grace is over. That nothing is known of the user is said first.
	s.Advance("30d")
	s.Refresh(acctest.UserUnknown())
	s.WantState(map[string]any{"retirement_blocked": whoseUserIsUnknown("k1"), "rotation_blocked": nil})

	s.Destroy(slices.Repeat([]acctest.Option{acctest.KeyMayExist()}, 2)...)
	s.WantKeysOf("deploy", "k1 Inactive", "k2 Active")
}

// The present name of the user in the configuration is a way out that needs no more permissions than a rotation does.
func TestAccRotatingAccessKey_nameOfUnknownUser(t *testing.T) {
	t.Parallel()
	_, recipient := acctest.AgeKey(t)
	sealed := acctest.SealedBy(acctest.AgeRecipients(recipient), nil)
	s := renamedUnderPolicyForOldName(t, sealed)
	s.Advance("91d")
	s.PlanEmpty(acctest.UserUnknown())
	s.Refresh(acctest.UserUnknown())
	s.WantState(map[string]any{"rotation_blocked": whoseUserIsUnknown("k1")})
	allowAll(s)
	for _, action := range []string{"GetAccessKeyLastUsed", "GetUser", "ListUsers"} {
		s.Sim.Deny("*", "iam:"+action)
	}
	s.Write(sealed.With(acctest.Args{"user": `"deploy"`}))
	s.Plan(2, acctest.UserUnknown(), acctest.Warns("User can't be read, so it is planned as a renaming"))
	s.WantPlanned(map[string]any{"user": "deploy", "id": "deploy", "access_key_id": "k1", "rotation_blocked": acctest.Unknown})
	s.ApplyPlan()
	s.WantChanges()
	s.WantState(map[string]any{"user": "deploy", "id": "deploy", "access_key_id": "k1", "rotation_blocked": nil})
	s.Plan(2)
	s.WantPlanned(map[string]any{"last_change": "rotate k1: created 2026-01-01, reached 90d"})
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
