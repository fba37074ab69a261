package provider_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// otherUsersKey creates the user victim with a key called theirs.
func otherUsersKey(s *acctest.Story) {
	s.Sim.CreateUser("victim")
	s.NameKey(s.Sim.CreateAccessKey("victim").AccessKeyID, "theirs")
}

// A state that was edited to the name and key of another user: that key is neither rotated nor retired, a request is pending, a revoke is
// refused, and a destroy leaves the key.
func TestAccRotatingAccessKey_editedToAnotherUser(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits()
	s.Write(acctest.ByAge(nil))
	s.Step("create k1")
	otherUsersKey(s)
	s.Advance("91d") // a rotation is due as well
	s.EditState(map[string]any{"id": "victim", "access_key_id": s.KeyID("theirs")})
	foreign := acctest.BelongsToAnother(`user "victim" has the unique id AIDA`, `key theirs belongs to user "victim"`,
		"neither rotated nor retired", "restore it")
	s.PlanEmpty(foreign)

	unknown := whoseUserIsUnknown("theirs")
	s.Write(acctest.Asking(`{ ask = "1" }`))
	s.Apply(foreign, acctest.RotationPending(unknown))
	s.WantChanges()
	s.WantState(map[string]any{"access_key_id": "theirs", "rotation_requested": `rotate_when_changed["ask"]`, "rotation_blocked": unknown})
	s.PlanEmpty(foreign)
	s.Write(acctest.Revoking(`{ incident = "1" }`))
	refused := acctest.Fails(`Rotation of user "victim" was asked for and is not possible: ` + unknown)
	for _, refresh := range []string{"-refresh=true", "-refresh=false"} {
		says := []acctest.Option{acctest.Flags(refresh), refused}
		if refresh == "-refresh=true" {
			says = append(says, foreign)
		}
		s.Apply(says...)
		s.WantChanges()
	}
	s.WantKeysOf("victim", "theirs Active")

	s.Write(acctest.ByAge(nil))
	s.Destroy(acctest.BelongsToAnother(`Key theirs belongs to user "victim", who is not the user that the state speaks of`, "not deleted"))
	s.WantChanges()
	s.WantKeysOf("victim", "theirs Active")
	s.WantKeys("k1 Active")
}

// As above, where nothing has refreshed since the edit: the apply finds out.
func TestAccRotatingAccessKey_editedToAnotherUserUnrefreshed(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits()
	s.Write(acctest.ByAge(nil))
	s.Step("create k1")
	otherUsersKey(s)
	s.Advance("1d")
	s.EditState(map[string]any{"id": "victim", "access_key_id": s.KeyID("theirs")})
	s.Write(acctest.Asking(`{ ask = "1" }`))
	s.Apply(acctest.Flags("-refresh=false"), acctest.UserRenamed("ci", "victim"),
		acctest.Fails(`Key theirs belongs to user "victim", who is not the user that the state speaks of`))
	s.WantDetail("Nothing was changed.")
	s.WantChanges()
	s.WantKeysOf("victim", "theirs Active")
}

// As above, where nothing refreshes before the destroy, and where AWS does not say whose the key is.
func TestAccRotatingAccessKey_editedToAnotherUserDestroyed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		deny []string
		left acctest.Option
	}{
		"owner known": {left: acctest.BelongsToAnother(`Key theirs belongs to user "victim"`)},
		"owner unknown": {
			deny: []string{"iam:GetAccessKeyLastUsed", "iam:ListUsers"},
			left: acctest.Warns("Access key may still exist", `User "victim" is not the user that the state speaks of`,
				"no answer proves what became of key theirs"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			s.Write(acctest.ByAge(nil))
			s.Step("create k1")
			otherUsersKey(s)
			s.Advance(acctest.TenMinutes)
			s.EditState(map[string]any{"user": "victim", "id": "victim", "access_key_id": s.KeyID("theirs")})
			for _, action := range tc.deny {
				s.Sim.Deny("*", action)
			}
			s.Destroy(acctest.Flags("-refresh=false"), tc.left)
			s.WantChanges()
			s.WantKeysOf("victim", "theirs Active")
		})
	}
}

// A user who was followed to another name is compared in every plan. Where nothing proves who has that name now, nothing is planned until
// the configuration names it.
func TestAccRotatingAccessKey_followedUnread(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits().WithPrevious(acctest.ByAge(nil))
	s.UseKey("k2")
	s.Advance(acctest.TenMinutes)
	s.Sim.RenameUser("ci", "web")
	renamed := acctest.UserRenamed("ci", "web")
	s.Apply(renamed)
	s.WantState(map[string]any{"user": "ci", "id": "web"})
	s.PlanEmpty(renamed)
	s.ResetCalls()
	s.Plan(0, renamed)
	s.WantCalls("ListAccessKeys", "GetUser", "GetAccessKeyLastUsed", "GetAccessKeyLastUsed")

	for _, action := range []string{"iam:GetUser", "iam:ListUsers"} {
		s.Sim.Deny("*", action)
	}
	s.Advance("8d")
	s.UseKey("k2")
	unknown := acctest.UserUnknown()
	s.PlanEmpty(unknown)
	s.WantDetail(`IAM lists key k2 under user "web", the name that an earlier apply has found`, `Allow iam:GetUser`,
		`Or set user = "web" and apply, if that is the user.`)
	s.Write(acctest.OfUser("web"), acctest.ConsumerHCL)
	s.Apply(unknown)
	s.WantChanges()
	s.Step("deactivate k1")
}

// Only the key of the state was edited: it is not among those of the user.
func TestAccRotatingAccessKey_editedKey(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits()
	s.Write(acctest.ByAge(nil))
	s.Step("create k1")
	otherUsersKey(s)
	s.Advance(acctest.TenMinutes)
	s.EditState(map[string]any{"access_key_id": s.KeyID("theirs")})
	s.Destroy(acctest.Flags("-refresh=false"), acctest.BelongsToAnother(`Key theirs belongs to user "victim"`))
	s.WantChanges("delete theirs: NoSuchEntity")
	s.WantKeysOf("victim", "theirs Active")
}

// An edited previous key that is another user's is not listed, so it is forgotten; one that is an unmanaged key of the same user is a
// previous key by that edit, and the plans name it: they deactivate it, and later delete it.
func TestAccRotatingAccessKey_editedPrevious(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits().WithPrevious(acctest.ByAge(nil))
	s.UseKey("k2")
	otherUsersKey(s)
	s.Advance("91d")
	s.EditState(map[string]any{"previous.access_key_id": s.KeyID("theirs"), "previous_access_key_id": s.KeyID("theirs")})
	s.Plan(2, acctest.RotationWaits(acctest.SlotTaken("k1")))
	s.WantPlanned(map[string]any{"action": "update", "last_change": "record theirs: no longer exists", "previous": nil})
	s.WantKeysOf("victim", "theirs Active")

	s.DeleteKey("k1")
	s.CreateForeignKey("mine")
	s.EditState(map[string]any{"previous.access_key_id": s.KeyID("mine"), "previous_access_key_id": s.KeyID("mine")})
	s.Advance("8d")
	s.UseKey("k2")
	s.Plan(2, acctest.DeletesActive("mine"))
	s.WantPlanned(map[string]any{
		"action":      "update",
		"last_change": "delete mine: Active, never used, to make room; rotate k2: created 2026-04-01, reached 90d",
	})
}

// The date of a key is that of IAM, whatever an edited state says.
func TestAccRotatingAccessKey_editedCreatedAt(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.Distinct(nil))
	s.UseKey("k2")
	created, previous := s.Value("created_at"), s.Value("previous.created_at")
	s.EditState(map[string]any{"created_at": "2026-09-01T00:00:00Z", "previous.created_at": "2026-08-01T00:00:00Z"})
	s.Refresh()
	s.WantState(map[string]any{"created_at": created, "previous.created_at": previous, "rotate_at": "2026-06-30T00:00:00Z"})

	s.Advance("90d")
	s.EditState(map[string]any{"created_at": "2026-09-01T00:00:00Z"})
	s.Apply(acctest.DeletesActive("k1"))
	s.WantChanges("delete k1", "create k3")
}
