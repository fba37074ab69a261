package provider

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// keyInTheWay is the warning about an unmanaged key that will block a rotation.
func keyInTheWay(user, summary string, mode rotation.UnmanagedKeys, k rotation.Key, truth string) diag.Diagnostic {
	if k.NeverUsed() {
		truth += "; an interrupted create may have left it, and nobody has its secret then"
	}
	return problem{
		at: path.Root("unmanaged_keys"), summary: summary, truth: truth + ".",
		next: "If nobody needs it, " + deactivateFirst + commands(statusCommand(user, k.ID, rotation.Inactive)) +
			"\n" + unmanagedChoice[mode],
	}.asWarning()
}

// blocksRotation says which rotation a key will block. At is zero where that has no date, or one in the past.
func blocksRotation(at time.Time) string {
	if at.IsZero() {
		return "will block the next rotation"
	}
	return "will block the rotation of " + formatDate(at)
}

// soFar qualifies what Read says, which has no configuration: the plan may change it.
const soFar = ", as configured so far"

// keysInTheWay name the unmanaged keys that will block the rotation of an existing resource. Qualified is soFar, or empty.
func keysInTheWay(user string, mode rotation.UnmanagedKeys, keys []rotation.Key, at time.Time, qualified string) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, k := range keys {
		diags.Append(keyInTheWay(user, "Unmanaged access key will block the rotation", mode, k, fmt.Sprintf(
			"Key %s of user %q %s%s. If another resource manages it, leave it alone", describeKey(k), user, blocksRotation(at), qualified)))
	}
	return diags
}

// foundKeys name the keys that a create finds and that may block its rotation. One may be the key of an object that is being
// replaced: in the apply of a replacement nothing distinguishes them.
func foundKeys(user string, policy rotation.Policy, seen rotation.Observation, now time.Time) diag.Diagnostics {
	var at time.Time
	if interval := policy.Interval(); interval > 0 {
		at = now.Add(interval - policy.RotationSpread)
	}
	var diags diag.Diagnostics
	for _, k := range seen.Keys {
		if !k.Other && !seen.Signs(k.ID) {
			diags.Append(keyInTheWay(user, "User already has an access key", policy.UnmanagedKeys, k, fmt.Sprintf("User %q already has key %s. "+
				"If this apply replaces a resource, that is the key of the old object, and is deleted with it unless skip_destroy is set: leave it "+
				"alone. Otherwise it %s",
				user, describeKey(k), blocksRotation(at))))
		}
	}
	return diags
}

// freezeWarnings say that hold_previous or paused has been set for a long time.
func freezeWarnings(user string, record rotation.Record, known rotator.Evidence, now time.Time) diag.Diagnostics {
	var diags diag.Diagnostics
	held, paused := known.LongSince(now)
	if held {
		keeps := "no previous key is retired."
		if p := record.Previous; p != nil {
			keeps = fmt.Sprintf("previous key %s is not retired, and a rotation that needs its slot waits.", p.ID)
		}
		diags.Append(problem{
			at: path.Root("hold_previous"), summary: "Rollback has lasted for more than 30 days",
			truth: fmt.Sprintf("User %q: hold_previous has been set since %s. As long as it is, %s", user, formatDate(known.HeldSince), keeps),
			next:  obstacleRemedy(rotation.Obstacle{Cause: rotation.CauseHeld}, user, ""),
		}.asWarning())
	}
	if paused {
		diags.Append(problem{
			at: path.Root("paused"), summary: "Change freeze has lasted for more than 30 days",
			truth: fmt.Sprintf("User %q: paused has been set since %s. As long as it is, no step is taken that only time calls for.",
				user, formatDate(known.PausedSince)),
			next: obstacleRemedy(rotation.Obstacle{Cause: rotation.CausePaused}, user, ""),
		}.asWarning())
	}
	return diags
}
