package provider_test

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/provider"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// brittleClock is the machine's clock, until the look at it that makes it break.
type brittleClock struct {
	sim *iamsim.Server

	mu sync.Mutex
	// armed tells that looks are counted, and that the one that was told breaks the clock.
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

// Now implements clock.Clock.
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

// Sleep implements clock.Clock.
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
	s := acctest.NewStory(t)
	brittle := &brittleClock{sim: s.Sim, breaks: at}
	factories := s.Factories()
	factories["iamkeys"] = providerserver.NewProtocol6WithError(provider.New("test", provider.Options{Clock: brittle})())
	config := s.Config(acctest.Unmanaged("delete_unused"), acctest.ConsumerHCL)
	lists := 0
	failing := resource.TestStep{
		Config: config,
		PreConfig: func() {
			s.Advance("90d")
			s.Sim.OnCall(func(call iamsim.Call) {
				switch call.Action {
				case "CreateAccessKey":
					brittle.arm(true)
				case "ListAccessKeys":
					// The second one is that of the next plan: the apply is over.
					if brittle.count() > 0 {
						lists++
					}
					if lists > 1 {
						brittle.arm(false)
					}
				}
			})
		},
	}
	if at > 0 {
		failing.ExpectError = regexp.MustCompile("The provider failed while it changed the keys")
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: factories, Steps: []resource.TestStep{
		{Config: config},
		failing,
		{
			PreConfig: func() {
				s.Sim.OnCall(nil)
				brittle.arm(false)
				if n := len(s.Sim.Keys("ci")); n > 2 {
					t.Errorf("the user has %d keys", n)
				}
				if err := s.CheckConsumers(nil); err != nil {
					t.Error(s.Normalize(err.Error()))
				}
			},
			Config: config, Check: func(state *terraform.State) error { return checkPublished(s, state) },
		},
		{Config: config, ConfigPlanChecks: acctest.EmptyPlan},
	}})
	return brittle.count()
}

// checkPublished checks that the secret in the state works.
func checkPublished(s *acctest.Story, state *terraform.State) error {
	attributes := state.RootModule().Resources[acctest.KeyAddress].Primary.Attributes
	if id := attributes["access_key_id"]; !s.Sim.Authenticates(id, secret.New(attributes["secret_access_key"])) {
		return fmt.Errorf("key %s of the state does not work with the secret of the state", id)
	}
	return nil
}
