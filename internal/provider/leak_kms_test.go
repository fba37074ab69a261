package provider_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const kmsAlias = "alias/secrets"

// kmsLock is a lock with a KMS key, which needs no variables to open.
var kmsLock = lock{recipients: object(keyArgs{"kms_key_id": quote(kmsAlias), "kms_encryption_context": `{ team = "ops" }`})}

// TestLeak_kms goes through the life of a key whose secret KMS encrypts, and through each failure of KMS.
func TestLeak_kms(t *testing.T) {
	t.Parallel()
	l := newManyStory(t, kmsLock.with(`format = "dotenv"`))
	key := l.Sim.CreateKMSKey("us-east-1", kmsAlias)
	l.write(sparing(nil))
	l.saved("create k1")
	l.Advance("90d")
	l.saved("create k2")
	l.show()
	l.handedOver(2)

	l.Sim.SetKMSState(key, "Disabled")
	l.command(1, "plan")
	l.Sim.SetKMSState(key, "Enabled")
	l.Sim.SetKMSPolicy(key, map[string][]string{"kms:Decrypt": {}})
	l.command(1, "plan")
	l.Sim.SetKMSPolicy(key, map[string][]string{"kms:Encrypt": {}})
	revoked := sparing(keyArgs{"revoke_when_changed": `{ incident = "1" }`})
	l.write(revoked)
	l.command(1, "apply", "-auto-approve")
	l.did()
	// The trial is let in, and the secret is not: the new key goes again.
	l.Sim.SetKMSPolicy(key, nil)
	l.denySecond("Encrypt", key)
	l.command(1, "apply", "-auto-approve")
	l.did("delete k1", "create k3", "delete k3")
	l.Sim.OnCall(nil)
	l.Sim.SetKMSPolicy(key, nil)
	l.destroy()

	apply := []string{"apply", "-auto-approve"}
	l.round(1)
	l.failing("Encrypt", apply...)
	l.command(0, apply...)
	l.failing("Decrypt", append(apply, "-json")...)
	l.round(2)
	l.failing("Decrypt", apply...)
	l.command(0, apply...)
	l.command(0, "plan", "-detailed-exitcode", "-out="+savedPlan)
	l.tight()
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
