package e2e_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const kmsAlias = "alias/secrets"

// kmsEncryption is an encryption with a KMS key, which needs no variables to open.
var kmsEncryption = encryption{recipients: acctest.HCLObject(acctest.Args{
	"kms_key_id": acctest.HCLString(kmsAlias), "kms_encryption_context": `{ team = "ops" }`,
})}

// TestLeak_kms goes through the life of a key whose secret KMS encrypts, and through each failure of KMS.
func TestLeak_kms(t *testing.T) {
	t.Parallel()
	l := newManyStory(t, kmsEncryption.with(`format = "dotenv"`))
	key := l.Sim.CreateKMSKey("us-east-1", kmsAlias)
	l.writeKey(unusedForADay(nil))
	l.applySaved("create k1")
	l.Advance("90d")
	l.applySaved("create k2")
	l.show()
	l.wantGivenKeys(2)

	l.Sim.SetKMSState(key, "Disabled")
	l.command(1, "plan")
	l.Sim.SetKMSState(key, "Enabled")
	l.Sim.SetKMSPolicy(key, map[string][]string{"kms:Decrypt": {}})
	l.command(1, "plan")
	l.Sim.SetKMSPolicy(key, map[string][]string{"kms:Encrypt": {}})
	revoked := unusedForADay(acctest.Args{"revoke_when_changed": `{ incident = "1" }`})
	l.writeKey(revoked)
	l.command(1, "apply", "-auto-approve")
	l.WantChanges()
	// The trial is let in, and the secret is not: the new key goes again.
	l.Sim.SetKMSPolicy(key, nil)
	l.denySecond("Encrypt", key)
	l.command(1, "apply", "-auto-approve")
	l.WantChanges("delete k1", "create k3", "delete k3")
	l.Sim.OnCall(nil)
	l.Sim.SetKMSPolicy(key, nil)
	l.Destroy()

	apply := []string{"apply", "-auto-approve"}
	l.requestRound(1)
	l.runWithFaults("Encrypt", apply...)
	l.command(0, apply...)
	l.runWithFaults("Decrypt", append(apply, "-json")...)
	l.requestRound(2)
	l.runWithFaults("Decrypt", apply...)
	l.command(0, apply...)
	l.command(0, "plan", "-detailed-exitcode", "-out="+acctest.SavedPlan)
	l.wantNoLeaks()
}

// denySecond takes an action on a KMS key away from everybody once it was called.
func (l *leakStory) denySecond(action, key string) {
	calls := 0
	l.Sim.OnCall(func(call iamsim.Call) {
		if call.Action != action {
			return
		}
		if calls++; calls == 2 {
			l.Sim.SetKMSPolicy(key, map[string][]string{"kms:" + action: {}})
		}
	})
}
