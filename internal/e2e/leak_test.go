package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// unusedForADay returns the arguments of ByAge with a require_unused_for of a day.
func unusedForADay(more acctest.Args) acctest.Args {
	return acctest.ByAge(acctest.Args{"require_unused_for": `"1d"`}).With(more)
}

// TestLeak_life goes through the whole life of a key, and that of an imported one.
func TestLeak_life(t *testing.T) {
	t.Parallel()
	l := newLeakStory(t, ageEncryption(t))
	l.writeKey(unusedForADay(nil))
	l.applySaved("create k1")
	l.show()
	l.Advance("90d")
	l.applySaved("create k2")
	l.UseKey("k2")
	l.Advance("7d")
	l.applySaved("deactivate k1")
	l.writeKey(unusedForADay(acctest.Args{"hold_previous": "true"}))
	l.applySaved("activate k1")
	l.show()
	l.writeKey(unusedForADay(nil))
	l.Apply()
	l.Advance("7d")
	l.UseKey("k2") // the rollback began a new overlap
	l.applySaved("deactivate k1")
	l.Advance("7d")
	l.applySaved("delete k1")

	revoked := acctest.Args{"revoke_when_changed": `{ incident = "2026-05" }`}
	l.writeKey(unusedForADay(revoked))
	l.applyShowing([]acctest.Option{acctest.Revokes("k2")}, "create k3", "deactivate k2")
	l.encryptWith(ageEncryption(t))
	l.writeKey(unusedForADay(revoked))
	l.applyShowing([]acctest.Option{acctest.DeletesInactive("k2")}, "delete k2", "create k4")
	l.show()
	l.wantGivenKeys(4)

	// A key that somebody else created has no secret here, until it is rotated.
	l.Sim.CreateUser("old")
	l.NameKey(l.Sim.CreateAccessKey("old").AccessKeyID, "theirs")
	imported := func(round string) string {
		return acctest.KeyHCL("imported", unusedForADay(acctest.Args{
			"user": `"old"`, "encrypted_output": l.encryption.recipients, "rotate_when_changed": `{ round = "` + round + `" }`,
		}))
	}
	l.writeKey(unusedForADay(revoked), imported("1"), acctest.ImportHCL("iamkeys_rotating_access_key.imported", "old"))
	l.applySaved()
	l.writeKey(unusedForADay(revoked), imported("2"))
	l.applySaved("create k5")

	l.Destroy()
	l.WantKeys()

	// A new key that can't be kept.
	l.Sim.Deny("*", "iam:GetUser")
	l.writeKey(unusedForADay(acctest.Args{"wait_until_usable": "false"}))
	l.ResetCalls()
	l.command(1, "apply", "-auto-approve")
	l.WantChanges("create k6", "delete k6")
	l.wantNoLeaks()
	l.wantLogged("[TRACE] statemgr.Filesystem", "provider.terraform-provider-iamkeys: Calling provider defined Resource Update")
}

// TestLeak_opening has what can't be opened: with another key, and cut in two.
func TestLeak_opening(t *testing.T) {
	t.Parallel()
	for name, newEncryption := range map[string]func(*testing.T) encryption{"age": ageEncryption, "OpenPGP": openPGPEncryption} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			right := newEncryption(t)
			l := newLeakStory(t, right.with(`format = "json"`))
			l.writeKey(unusedForADay(nil))
			l.applySaved("create k1")
			l.Advance("90d")
			l.applySaved("create k2")
			l.show()
			l.wantGivenKeys(2)

			l.setVariables(newEncryption(t))
			l.command(1, "plan")
			l.command(1, "plan", "-json")
			l.setVariables(right)
			const ciphertext = "iamkeys_rotating_access_key.test.encrypted_secret"
			for _, damaged := range []string{
				fmt.Sprintf(`join("", [substr(%[1]s, 0, 300), "AAAA", substr(%[1]s, 304, -1)])`, ciphertext),
				fmt.Sprintf(`substr(%s, 0, 300)`, ciphertext),
				// Somebody might take the one for the other.
				`"` + l.Sim.Secret(l.KeyID("k2")).Reveal()[:8] + `"`,
			} {
				l.writeOpening(damaged, unusedForADay(nil))
				l.command(1, "plan")
				l.command(1, "plan", "-json")
			}
			l.writeKey(unusedForADay(nil))
			l.Destroy(acctest.DestroysKeyInUse())
			l.wantNoLeaks()
		})
	}
}

// manyUsers is as many as there are kinds of faults, so that each meets another one.
var manyUsers = []string{"m1", "m2", "m3", "m4", "m5", "m6", "m7"}

// manyHCL is a key for each of manyUsers. Another round rotates all of them; nothing keeps a previous key.
func manyHCL(e encryption, round int) string {
	return acctest.KeyHCL("many", acctest.Args{
		"for_each": `toset(["` + strings.Join(manyUsers, `", "`) + `"])`, "user": "each.key",
		"rotate_when_changed": fmt.Sprintf(`{ round = "%d" }`, round), "unmanaged_keys": `"delete_unused"`,
		"overlap": `"0s"`, "grace": `"0s"`, "require_unused_for": `"0s"`, "wait_for_handover": "false",
		"encrypted_output": e.recipients,
	}, fmt.Sprintf(`
ephemeral "iamkeys_secret_access_key" "many" {
  for_each         = iamkeys_rotating_access_key.many
  encrypted_secret = each.value.encrypted_secret
  %s
}
`, e.opener))
}

// newManyStory has manyUsers, and a log in JSON.
func newManyStory(t *testing.T, e encryption) *leakStory {
	t.Helper()
	l := newLeakStory(t, e)
	l.record("JSON")
	for _, user := range manyUsers {
		l.Sim.CreateUser(user)
	}
	return l
}

// requestRound asks for a rotation of all keys, a day after the last one.
func (l *leakStory) requestRound(n int) {
	l.T.Helper()
	l.Advance("1d")
	l.CLI.Write("main.tf", l.ProviderHCL+manyHCL(l.encryption, n))
}

// TestLeak_faults has every call fail in every way.
func TestLeak_faults(t *testing.T) {
	t.Parallel()
	l := newManyStory(t, ageEncryption(t).with(`format = "credentials_file"`))
	apply := []string{"apply", "-auto-approve"}
	l.requestRound(1)
	l.runWithFaults("CreateAccessKey", apply...)
	l.runWithFaults("GetCallerIdentity", apply...)
	l.requestRound(2)
	l.runWithFaults("CreateAccessKey", append(apply, "-json")...)
	l.command(0, apply...)
	l.requestRound(3)
	l.runWithFaults("GetCallerIdentity", apply...)
	l.runWithFaults("ListAccessKeys", apply...)
	l.requestRound(4)
	l.runWithFaults("DeleteAccessKey", apply...)
	l.Sim.Deny("*", "iam:CreateAccessKey")
	l.requestRound(5)
	l.command(1, apply...)
	l.Sim.Deny("*", "iam:*")
	l.command(1, "plan", "-json")
	l.Sim.ClearDenials()
	l.command(0, apply...)
	l.command(0, "plan", "-detailed-exitcode", "-out="+acctest.SavedPlan)
	l.wantNoLeaks()
}
