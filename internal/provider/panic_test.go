package provider_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// brittleClock is the machine's clock, until the look at it that makes it break.
type brittleClock struct {
	sim *iamsim.Server

	mu sync.Mutex
	// armed reports whether looks are counted, so that look number breaks panics.
	armed         bool
	looks, breaks int
}

func (c *brittleClock) arm(armed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed = armed
}

func (c *brittleClock) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.looks
}

// Now returns the machine's time.
func (c *brittleClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.armed {
		if c.looks++; c.looks == c.breaks {
			panic("the clock broke")
		}
	}
	return clock.System().Now()
}

// Sleep moves the clock of the simulator.
func (c *brittleClock) Sleep(ctx context.Context, d time.Duration) error {
	c.sim.Advance(d)
	return ctx.Err()
}

// TestAccRotatingAccessKey_panic has the provider panic at every place from the creation of a key on where it looks at the
// clock. The new key is in the state then, or deleted again, or named, and the next apply goes on.
func TestAccRotatingAccessKey_panic(t *testing.T) {
	t.Parallel()
	looks := panics(t, 0)
	if looks < 3 {
		t.Fatalf("%d looks at the clock after the creation: there is nothing to test", looks)
	}
	for at := 1; at <= looks; at++ {
		t.Run(fmt.Sprintf("look %d", at), func(t *testing.T) {
			t.Parallel()
			panics(t, at)
		})
	}
}

// panics rotates with a clock that breaks at that look after the arrival of CreateAccessKey, and returns how many looks there
// were.
func panics(t *testing.T, at int) int {
	t.Helper()
	s := acctest.NewStory(t).SkipWaits()
	s.WithKey(acctest.Unmanaged("delete_unused"))
	s.Advance("90d")
	brittle := &brittleClock{sim: s.Sim, breaks: at}
	s.Clock = brittle
	s.Sim.OnCall(func(call iamsim.Call) {
		if call.Action == "CreateAccessKey" {
			brittle.arm(true)
		}
	})
	if at > 0 {
		s.Apply(acctest.Fails(`The provider failed while it changed the keys of user "ci"`))
	} else {
		s.Apply()
	}
	s.Sim.OnCall(nil)
	brittle.arm(false)
	if n := len(s.Sim.Keys("ci")); n > 2 {
		t.Errorf("the user has %d keys", n)
	}
	s.ResetCalls()
	// Whether the plan names the new key depends on where the clock broke.
	s.WantNoSecrets(s.CLI.Apply())
	s.CLI.Want(0)
	if err := s.CheckConsumers(nil); err != nil {
		t.Error(s.Normalize(err.Error()))
	}
	if id := s.Value("access_key_id"); !s.Sim.Authenticates(id, secret.New(s.Value("secret_access_key"))) {
		t.Errorf("key %s of the state does not work with the secret of the state", id)
	}
	s.ResetCalls()
	s.PlanEmpty()
	return brittle.count()
}
