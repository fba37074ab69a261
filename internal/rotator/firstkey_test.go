package rotator_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// TestCreate_awaitsSlot has a slot become free while a Create lists the keys again.
func TestCreate_awaitsSlot(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.newKey("A")
	f.newKey("B")
	f.sim.ResetLog()
	f.clock.onSleep = func(d time.Duration) {
		if d == time.Second {
			f.sim.DeleteAccessKey(a)
		}
	}
	f.reported(f.create(createTask(standard())), "", "")
	f.equal("IAM", f.inIAM("ci"), "B Active, new 1 Active")
	f.calledExactly("ListAccessKeys ci", "GetAccessKeyLastUsed A", "GetAccessKeyLastUsed B", "ListAccessKeys ci", "ListAccessKeys ci",
		"ListAccessKeys ci", "GetAccessKeyLastUsed B", "CreateAccessKey ci", "GetCallerIdentity", "ListAccessKeys ci")
}

// TestCreate_noSlot shows how long a Create waits for a slot where no Delete runs.
func TestCreate_noSlot(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.newKey("A")
	f.newKey("B")
	f.reported(f.create(createTask(standard())), "RefusedError{unmanaged A, A Active, B Active}", "")
	if f.clock.slept < 30*time.Second || f.clock.slept > 34*time.Second {
		t.Errorf("waited %v, want 30 s and at most a pause", f.clock.slept)
	}
}

// TestCreate_interruptedWait is about Ctrl-C while a Create waits for a slot.
func TestCreate_interruptedWait(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.newKey("A")
	f.newKey("B")
	ctx, cancel := context.WithCancel(f.ctx())
	defer cancel()
	f.clock.onSleep = func(time.Duration) { cancel() }
	f.reported(f.run(ctx, f.client.Create, createTask(standard())), "InterruptedError{}", "")
	f.equal("IAM", f.inIAM("ci"), "A Active, B Active")
}

// TestCreate_besideDelete runs the Delete of another resource of the user beside a Create, for longer than a Create waits alone, under
// each mode. The new key is the one that is left, and none of those that leave is adopted or deleted by the Create.
func TestCreate_besideDelete(t *testing.T) {
	t.Parallel()
	for _, mode := range []rotation.UnmanagedKeys{rotation.RefuseUnmanaged, rotation.RetireUnmanaged, rotation.DeleteUnused} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			record := f.pair(day)
			deletes, goOn := make(chan struct{}), make(chan struct{})
			release := sync.OnceFunc(func() { close(goOn) })
			defer release()
			f.before("DeleteAccessKey", 1, func() {
				close(deletes)
				<-goOn
			})
			f.clock.onSleep = func(time.Duration) {
				if f.sim.Now().Sub(f.began) > 2*time.Minute {
					release()
				}
			}
			f.sim.ResetLog()
			f.began = f.sim.Now()
			var destroy sync.WaitGroup
			destroy.Go(func() {
				if _, err := f.client.Destroy(f.ctx(), f.subject(record), record, false); err != nil {
					t.Error("the keys were not deleted")
				}
			})
			<-deletes
			policy := standard()
			policy.UnmanagedKeys = mode
			f.reported(f.create(createTask(policy)), "", "")
			destroy.Wait()
			f.equal("IAM", f.inIAM("ci"), "new 1 Active")
			deleted := 0
			for _, call := range f.calls() {
				if call == "DeleteAccessKey P" || call == "DeleteAccessKey C" {
					deleted++
				}
			}
			if deleted != 2 {
				t.Errorf("%d deletions, want those of the Delete: %v", deleted, f.calls())
			}
			if p := f.saved().Record.Previous; p != nil {
				t.Errorf("adopted %s", f.name(p.ID))
			}
			if !slices.Contains(f.calls(), "CreateAccessKey ci") {
				t.Error("no key was created")
			}
		})
	}
}
