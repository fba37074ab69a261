package provider

import (
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// TestObstacleRemedy_unmanaged shows that the advice about a key in the way never is the value that is configured already.
func TestObstacleRemedy_unmanaged(t *testing.T) {
	t.Parallel()
	const commands = "If nobody needs the key, delete it:\n" +
		"  aws iam update-access-key --user-name ci --access-key-id AKIA1 --status Inactive\n" +
		"  aws iam delete-access-key --user-name ci --access-key-id AKIA1\n"
	for mode, want := range map[rotation.UnmanagedKeys]string{
		rotation.RefuseUnmanaged: `Or set unmanaged_keys to "retire" (it is adopted and leaves after overlap, require_unused_for and grace) or ` +
			`"delete_unused" (it is deleted if nobody ever used it).`,
		rotation.RetireUnmanaged: `unmanaged_keys = "retire" adopts it once there is no previous key.`,
		rotation.DeleteUnused:    `unmanaged_keys = "delete_unused" leaves it, since somebody has used it or it is the only Active key.`,
	} {
		got := obstacleRemedy(rotation.Obstacle{Cause: rotation.CauseUnmanaged, Key: "AKIA1"}, "ci", mode)
		if rest, ok := strings.CutPrefix(got, commands); !ok || rest != want {
			t.Errorf("%s:\n got %q\nwant %q", mode, got, commands+want)
		}
	}
}
