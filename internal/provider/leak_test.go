package provider_test

import (
	"fmt"
	"strings"
	"testing"
)

// sparing are byAge's arguments for keys that no guard keeps for long.
func sparing(more keyArgs) keyArgs { return byAge(keyArgs{"require_unused_for": `"1d"`}).with(more) }

// TestLeak_life goes through the whole life of a key, and that of an imported one.
func TestLeak_life(t *testing.T) {
	t.Parallel()
	l := newLeakStory(t, ageLock(t))
	l.write(sparing(nil))
	l.saved("create k1")
	l.show()
	l.Advance("90d")
	l.saved("create k2")
	l.use("k2")
	l.Advance("7d")
	l.saved("deactivate k1")
	l.write(sparing(keyArgs{"hold_previous": "true"}))
	l.saved("activate k1")
	l.show()
	l.write(sparing(nil))
	l.applyNow()
	l.Advance("7d")
	l.saved("deactivate k1")
	l.Advance("7d")
	l.saved("delete k1")

	revoked := keyArgs{"revoke_when_changed": `{ incident = "2026-05" }`}
	l.write(sparing(revoked))
	l.saved("create k3", "deactivate k2")
	l.lockWith(ageLock(t))
	l.write(sparing(revoked))
	l.saved("delete k2", "create k4")
	l.show()
	l.handedOver(4)

	// What was made by somebody else has no secret here, until it is rotated.
	l.Sim.CreateUser("old")
	l.names[l.Sim.CreateAccessKey("old").AccessKeyID] = "theirs"
	imported := func(round string) string {
		return keyHCL("imported", sparing(keyArgs{"user": `"old"`, "encrypted_output": l.lock.recipients, "rotate_when_changed": `{ round = "` + round + `" }`}))
	}
	l.write(sparing(revoked), imported("1"), importHCL("iamkeys_rotating_access_key.imported", "old"))
	l.saved()
	l.write(sparing(revoked), imported("2"))
	l.saved("create k5")

	l.destroy()
	l.keys()

	// A new key that can't be kept.
	l.Sim.Deny("*", "iam:GetUser")
	l.write(sparing(keyArgs{"wait_until_usable": "false"}))
	l.ResetCalls()
	l.command(1, "apply", "-auto-approve")
	l.did("create k6", "delete k6")
	l.tight()
	l.logged("[TRACE] statemgr.Filesystem", "provider.terraform-provider-iamkeys: Calling provider defined Resource Update")
}

// TestLeak_opening has what can't be opened: with another key, and cut in two.
func TestLeak_opening(t *testing.T) {
	t.Parallel()
	for name, newLock := range map[string]func(*testing.T) lock{"age": ageLock, "OpenPGP": openPGPLock} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			right := newLock(t)
			l := newLeakStory(t, right.with(`format = "json"`))
			l.write(sparing(nil))
			l.saved("create k1")
			l.Advance("90d")
			l.saved("create k2")
			l.show()
			l.handedOver(2)

			l.setVariables(newLock(t))
			l.command(1, "plan")
			l.command(1, "plan", "-json")
			l.setVariables(right)
			const ciphertext = "iamkeys_rotating_access_key.test.encrypted_secret"
			for _, damaged := range []string{
				fmt.Sprintf(`join("", [substr(%[1]s, 0, 300), "AAAA", substr(%[1]s, 304, -1)])`, ciphertext),
				fmt.Sprintf(`substr(%s, 0, 300)`, ciphertext),
				// Somebody might take the one for the other.
				`"` + l.Sim.Secret(l.id("k2")).Reveal()[:8] + `"`,
			} {
				l.writeOpening(damaged, sparing(nil))
				l.command(1, "plan")
				l.command(1, "plan", "-json")
			}
			l.write(sparing(nil))
			l.destroy()
			l.tight()
		})
	}
}

// manyUsers is as many as there are kinds of faults, so that each meets another one.
var manyUsers = []string{"m1", "m2", "m3", "m4", "m5", "m6", "m7"}

// manyHCL is a key for each of manyUsers. Another round rotates all of them; nothing keeps a previous key.
func manyHCL(k lock, round int) string {
	return keyHCL("many", keyArgs{
		"for_each": `toset(["` + strings.Join(manyUsers, `", "`) + `"])`, "user": "each.key",
		"rotate_when_changed": fmt.Sprintf(`{ round = "%d" }`, round), "unmanaged_keys": `"delete_unused"`,
		"overlap": `"0s"`, "grace": `"0s"`, "require_unused_for": `"0s"`, "encrypted_output": k.recipients,
	}, fmt.Sprintf(`
ephemeral "iamkeys_secret_access_key" "many" {
  for_each         = iamkeys_rotating_access_key.many
  encrypted_secret = each.value.encrypted_secret
  %s
}
`, k.opener))
}

// newManyStory has manyUsers, and a log in JSON.
func newManyStory(t *testing.T, k lock) *leakStory {
	t.Helper()
	l := newLeakStory(t, k)
	l.record("JSON")
	for _, user := range manyUsers {
		l.Sim.CreateUser(user)
	}
	return l
}

// round asks for a rotation of all keys, a day after the last one.
func (l *leakStory) round(n int) {
	l.t.Helper()
	l.Advance("1d")
	l.cli.Write("main.tf", l.provider+manyHCL(l.lock, n))
}

// TestLeak_faults has every call fail in every way.
func TestLeak_faults(t *testing.T) {
	t.Parallel()
	l := newManyStory(t, ageLock(t).with(`format = "credentials_file"`))
	apply := []string{"apply", "-auto-approve"}
	l.round(1)
	l.failing("CreateAccessKey", apply...)
	l.failing("GetCallerIdentity", apply...)
	l.round(2)
	l.failing("CreateAccessKey", append(apply, "-json")...)
	l.command(0, apply...)
	l.round(3)
	l.failing("GetCallerIdentity", apply...)
	l.failing("ListAccessKeys", apply...)
	l.round(4)
	l.failing("DeleteAccessKey", apply...)
	l.Sim.Deny("*", "iam:CreateAccessKey")
	l.round(5)
	l.command(1, apply...)
	l.Sim.Deny("*", "iam:*")
	l.command(1, "plan", "-json")
	l.Sim.ClearDenials()
	l.command(0, apply...)
	l.command(0, "plan", "-detailed-exitcode", "-out="+savedPlan)
	l.tight()
}
