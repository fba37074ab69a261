package provider_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// writeOnlyHCL is a dependant of keyAddress that takes the secret through a write-only argument, and hence only when version
// has changed.
const writeOnlyHCL = `
resource "iamkeystest_consumer" "write_only" {
  access_key_id     = iamkeys_rotating_access_key.test.access_key_id
  secret_wo         = iamkeys_rotating_access_key.test.secret_access_key
  secret_wo_version = iamkeys_rotating_access_key.test.version
}
`

// versionHCL is a dependant that watches nothing but version.
const versionHCL = `
resource "iamkeystest_consumer" "version_only" {
  access_key_id     = "not looked at"
  secret_wo         = iamkeys_rotating_access_key.test.secret_access_key
  secret_wo_version = iamkeys_rotating_access_key.test.version
}
`

// createFirst has a replacement make the new key before the old one is destroyed.
var createFirst = keyArgs{"lifecycle": "{ create_before_destroy = true }"}

const (
	replace = "-replace=" + keyAddress
	twoKeys = `User "ci" already has 2 access keys, and no slot is free: k1 (Active, created 2026-01-01 00:00:00 UTC, never used); ` +
		"k2 (Active, created 2026-04-01 00:00:00 UTC, last used at 2026-04-01 00:00:00 UTC by sts in us-east-1)"
)

// shared is how the warning begins that two resources have the same user. Which of the two comes first is a matter of chance.
const shared = `warning: Two resources manage the access keys of user "ci": `

// saysOnly checks that the last command had one diagnostic, which begins like that.
func (s *story) saysOnly(beginning string) {
	s.t.Helper()
	if all := s.cli.Diagnostics(); len(all) != 1 || !strings.HasPrefix(all[0].Severity+": "+all[0].Summary, beginning) {
		s.t.Fatalf("diagnostics %s, want one: %s", s.text(fmt.Sprintf("%+v", all)), beginning)
	}
}

func TestAccRotatingAccessKey_replace(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args   keyArgs
		action string
		did    []string
		// handover is one of a key to the next.
		handover string
		// meets tells that the new object finds the key of the old one, which no consumer has used yet.
		meets bool
	}{
		"destroy first": {byAge(nil), "delete create", []string{"delete k%[1]d", "create k%[2]d"}, "k%[1]d (dead) to k%[2]d", false},
		"create first":  {byAge(createFirst), "create delete", []string{"create k%[2]d", "delete k%[1]d"}, "k%[1]d to k%[2]d", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			s.write(tc.args, consumerHCL, writeOnlyHCL)
			s.step("create k1")
			handovers := []string{"k1", "k1"}
			for n := range 2 {
				s.Advance("1s")
				s.plan(2, replace)
				s.planned(map[string]any{"action": tc.action, "version": unknown, "access_key_id": unknown, "rotation_reason": "created"})
				var said []string
				if tc.meets {
					said = []string{leftover(fmt.Sprintf("k%d", n+1), proven(fmt.Sprintf("2026-01-01 00:00:%02d UTC", n)))}
				}
				s.apply(said...)
				did := make([]string, len(tc.did))
				for i, format := range tc.did {
					did[i] = fmt.Sprintf(format, n+1, n+2)
				}
				s.did(did...)
				s.keys(fmt.Sprintf("k%d Active", n+2))
				s.state(map[string]any{"version": s.Sim.Now().Unix(), "previous": nil})
				handover := fmt.Sprintf(tc.handover, n+1, n+2)
				handovers = append(handovers, handover, handover)
				s.handovers(handovers...)
				s.steady()
			}
		})
	}
}

// A dependant that watches version alone is told of each new key: by rotation, and by replacement a second later.
func TestAccRotatingAccessKey_replaceVersion(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	asked := func(ask int) keyArgs { return asking(fmt.Sprintf(`{ ask = "%d" }`, ask)).with(createFirst) }
	handed := func(want, version int) {
		t.Helper()
		if got := len(s.Journal()); got != want {
			t.Errorf("%d handovers, want %d", got, want)
		}
		s.state(map[string]any{"version": version})
		s.steady()
	}
	s.write(asked(1), versionHCL)
	s.applyNow()
	s.did("create k1")
	handed(1, 1767225600)

	// Within the same second: one more than the last.
	s.write(asked(2), versionHCL)
	s.applyNow()
	s.did("create k2")
	handed(2, 1767225601)

	// The previous key is gone, and the replacement follows the rotation at once.
	s.remove("k1")
	s.Advance("2s")
	s.applyNow(replace, leftover("k2", proven(firstDay)))
	s.says("While this resource is being replaced, it is the key of the old object, which deletes it.")
	s.did("create k3", "delete k2")
	handed(3, 1767225602)
}

// While a previous key exists there is no slot for the new object: nothing is touched, and the text says what to do.
func TestAccRotatingAccessKey_replaceWithPrevious(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, byAge(createFirst))
	before := s.attributes()
	s.plan(2, replace) // Terraform drops the warnings of the second half of a replacement
	s.apply("warning: "+twoKeys, "error: "+twoKeys)
	s.says("create_before_destroy", "rotate_when_changed")
	s.did()
	s.keys("k1 Active", "k2 Active")
	if !reflect.DeepEqual(s.attributes(), before) {
		t.Error("the state has changed")
	}
	s.handovers("k1", "k1 to k2")
	s.steady()

	// Without create_before_destroy both keys make room.
	s.write(byAge(nil), consumerHCL)
	s.refresh()
	s.Advance("1s")
	s.applyNow(replace)
	s.did("delete k1", "delete k2", "create k3")
	s.handovers("k1", "k1 to k2", "k2 (dead) to k3")
	s.steady()
}

// The old object can't be destroyed once the new one is there: the next apply does it, and nobody notices.
func TestAccRotatingAccessKey_replaceInterrupted(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(byAge(createFirst), consumerHCL, writeOnlyHCL)
	s.step("create k1")
	s.Advance("1h")
	s.Sim.Deny("admin", "iam:DeleteAccessKey")
	s.applyNow(replace, leftover("k1", proven(firstDay)), `error: Key k1 of user "ci" could not be deleted`)
	s.did("create k2", "delete k1: AccessDenied")
	s.keys("k1 Active", "k2 Active")
	s.handovers("k1", "k1", "k1 to k2", "k1 to k2")

	s.Sim.ClearDenials()
	s.cli.Apply()
	s.cli.Want(0)
	s.saysOnly(shared)
	s.did("delete k1")
	s.keys("k2 Active")
	s.steady()
}

// The new object adopts the key of the old one, which goes in the same apply.
func TestAccRotatingAccessKey_replaceRetire(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(unmanaged("retire").with(createFirst), consumerHCL, writeOnlyHCL)
	s.step("create k1")
	s.Advance("1h")
	s.applyNow(replace)
	s.did("create k2", "delete k1")
	s.handovers("k1", "k1", "k1 to k2", "k1 to k2")
	s.steady()
	s.refresh()
	s.state(map[string]any{"access_key_id": "k2", "previous": nil})
}

// Two resources fight for the slots of one user: the second one of a process makes no key. It looks when the first has made
// its key, and does not call that key a leftover.
func TestAccRotatingAccessKey_twoCreates(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(byAge(nil), keyHCL("twin", byAge(nil)))
	bothLook, isMade := make(chan struct{}), make(chan struct{})
	var lists atomic.Int32
	made := sync.OnceFunc(func() { close(isMade) })
	s.Sim.OnCall(func(call iamsim.Call) {
		switch call.Action {
		case "GetCallerIdentity":
			made()
		case "ListAccessKeys":
			switch lists.Add(1) { // the first two make the plan
			case 3:
				<-bothLook
			case 4:
				close(bothLook)
				<-isMade
			}
		}
	})
	s.cli.Apply()
	s.Sim.OnCall(nil)
	s.cli.Want(1)
	s.saysOnly(`error: Another resource manages the access keys of user "ci": current key `)
	s.says("No key was made")
	s.did("create k1")
	s.keys("k1 Active")
}

// A second resource for a user who has one already is noticed when it is planned.
func TestAccRotatingAccessKey_twoPlanned(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(byAge(nil))
	s.applyNow()
	// A key that nobody has used could have been left by an interrupted create.
	s.use("k1")
	s.write(byAge(nil), keyHCL("twin", byAge(nil)))
	s.cli.Plan()
	s.cli.Want(2)
	s.saysOnly(shared)
}

// Two resources that are there already are told of each other.
func TestAccRotatingAccessKey_twoReads(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	one := s.foreign("one").AccessKeyID
	s.Advance("1s")
	two := s.foreign("two").AccessKeyID
	// A key that nobody has used could have been left by an interrupted apply.
	s.use("two")
	s.write(byAge(nil), keyHCL("twin", byAge(nil)), importHCL(keyAddress, "ci/"+one), importHCL("iamkeys_rotating_access_key.twin", "ci/"+two))
	s.cli.Apply()
	s.cli.Want(0)
	s.cli.Plan()
	s.cli.Want(0)
	s.saysOnly(shared)
	s.did()
	s.keys("one Active", "two Active")
}
