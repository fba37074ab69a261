package provider

import (
	"errors"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// TestObstacleRemedy_unmanaged shows that the advice about a key in the way never is the value that is configured already.
func TestObstacleRemedy_unmanaged(t *testing.T) {
	t.Parallel()
	const commands = "If nobody needs the key, delete it:\n" +
		"  aws iam update-access-key --user-name ci --access-key-id AKIA1 --status Inactive\n" +
		"  aws iam delete-access-key --user-name ci --access-key-id AKIA1\n"
	for mode, want := range map[rotation.UnmanagedKeys]string{
		rotation.RefuseUnmanaged: `Or set unmanaged_keys to "retire" (it is adopted and leaves after overlap, require_unused_for and grace) or ` +
			`"delete_unused" (it is deleted if it was never used).`,
		rotation.RetireUnmanaged: `unmanaged_keys = "retire" adopts it once there is no previous key.`,
		rotation.DeleteUnused:    `unmanaged_keys = "delete_unused" leaves it, since it was used, or is the only Active key.`,
	} {
		got := obstacleRemedy(rotation.Obstacle{Cause: rotation.CauseUnmanaged, Key: "AKIA1"}, "ci", mode)
		if rest, ok := strings.CutPrefix(got, commands); !ok || rest != want {
			t.Errorf("%s:\n got %q\nwant %q", mode, got, commands+want)
		}
	}
}

// TestObstacleRemedy_overlap shows that a shorter overlap is no advice for the plan that waits.
func TestObstacleRemedy_overlap(t *testing.T) {
	t.Parallel()
	const want = "Wait until it is over. A shorter overlap counts only from the plan after the apply that sets it. For a leaked key change " +
		"revoke_when_changed, which does not wait."
	if got := obstacleRemedy(rotation.Obstacle{Cause: rotation.CauseOverlap, Key: "AKIA1"}, "ci", rotation.RefuseUnmanaged); got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

// TestObstacleFact_signer holds for the key that signs our requests and for the source of a role that does.
func TestObstacleFact_signer(t *testing.T) {
	t.Parallel()
	o := rotation.Obstacle{Cause: rotation.CauseSigner, Key: "AKIA1"}
	if got, want := obstacleFact(o), "the credentials of this provider depend on key AKIA1"; got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	const remedy = "Configure this provider with other credentials, such as the new key of the user or a role that does not depend on " +
		"this key, and apply again."
	if got := obstacleRemedy(o, "ci", rotation.RefuseUnmanaged); got != remedy {
		t.Errorf("\n got %q\nwant %q", got, remedy)
	}
}

// TestCreateFailure_intruder shows that no command deletes the key of another resource of the configuration.
func TestCreateFailure_intruder(t *testing.T) {
	t.Parallel()
	texts := applyTexts{user: "ci"}
	failure := func(other bool) string {
		keys := []rotation.Key{{ID: "AKIA1", Status: rotation.Active}, {ID: "AKIA2", Status: rotation.Active, Other: other}}
		return texts.createFailure(&rotator.CreateError{Keys: keys, Full: true, Intruder: "AKIA2", Err: errors.New("no slot")}).detail()
	}
	const deletes = "delete-access-key --user-name ci --access-key-id AKIA2"
	const ours = "Another resource of this configuration created key AKIA2."
	if got := failure(true); strings.Contains(got, deletes) || !strings.Contains(got, ours) {
		t.Errorf("of another resource:\n%s", got)
	}
	if got := failure(false); !strings.Contains(got, deletes) || !strings.Contains(got, "by somebody else or another resource") {
		t.Errorf("of somebody else, as far as is known:\n%s", got)
	}
}
