package acctest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestNew_Time(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	if got := w.Sim.Now(); !got.Equal(acctest.Start) {
		t.Errorf("time at start: %s, want %s", got, acctest.Start)
	}
	other := acctest.Start.AddDate(1, 0, 0)
	if got := acctest.New(t, iamsim.Options{Start: other}).Sim.Now(); !got.Equal(other) {
		t.Errorf("time at start with an option: %s, want %s", got, other)
	}

	for _, step := range []struct {
		by   string
		want time.Duration
	}{
		{"90d", 90 * 24 * time.Hour},
		{"1d12h", 36 * time.Hour},
		{"11d-1s", 11*24*time.Hour - time.Second},
		{"1s", time.Second},
		{"-1s", -time.Second},
		{"-1d1h", -25 * time.Hour},
	} {
		before := w.Sim.Now()
		w.Advance(step.by)
		if got := w.Sim.Now().Sub(before); got != step.want {
			t.Errorf("Advance(%q) moved the clock by %s, want %s", step.by, got, step.want)
		}
	}
	for _, bad := range []string{"", "90", "d", "1w", "1d2d"} {
		if !panics(func() { w.Advance(bad) }) {
			t.Errorf("Advance(%q) did not panic", bad)
		}
	}
}

func panics(f func()) (panicked bool) {
	defer func() { panicked = recover() != nil }()
	f()
	return false
}

// consumer returns the configuration of a consumer that holds a key of the simulator.
func consumer(key iamsim.Credentials) string {
	return fmt.Sprintf(`
resource "iamkeystest_consumer" "app" {
  access_key_id     = %q
  secret_access_key = %q
}
`, key.AccessKeyID, key.Secret.Reveal())
}

func TestConsumer_Handover(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("app")
	first, second := w.Sim.CreateAccessKey("app"), w.Sim.CreateAccessKey("app")
	if err := w.CheckConsumers(nil); err == nil {
		t.Error("no error of CheckConsumers without a consumer")
	}

	w.Test(t,
		resource.TestStep{Config: consumer(first), Check: w.CheckConsumers},
		resource.TestStep{
			Config: consumer(second),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction("iamkeystest_consumer.app", plancheck.ResourceActionUpdate),
			}},
			Check: w.CheckConsumers,
		},
		resource.TestStep{
			PreConfig: func() {
				w.Sim.SetStatus(second.AccessKeyID, "Inactive")
				if err := w.CheckConsumers(nil); err == nil {
					t.Error("no error of CheckConsumers for a consumer with an Inactive key")
				}
			},
			Config: consumer(first),
		},
	)

	want := []acctest.Handover{
		{Step: "create", NewKeyID: first.AccessKeyID, NewWorked: true},
		{Step: "update", OldKeyID: first.AccessKeyID, OldWorked: true, NewKeyID: second.AccessKeyID, NewWorked: true},
		{Step: "update", OldKeyID: second.AccessKeyID, OldWorked: false, NewKeyID: first.AccessKeyID, NewWorked: true},
	}
	if got := w.Journal(); !slices.Equal(got, want) {
		t.Errorf("journal:\n%+v\nwant\n%+v", got, want)
	}
	if got := w.CallList(); len(got) != 0 {
		t.Errorf("calls %q, want none: those of consumers do not count", got)
	}
	if got := len(w.Sim.Log()); got != 5 {
		t.Errorf("%d calls reached the simulator, want 5", got)
	}
	if used := w.Sim.Keys("app")[0]; used.LastUsedService != "sts" {
		t.Errorf("service of the last use: %q, want sts", used.LastUsedService)
	}
}

// TestConsumer_Failure checks that a call without an answer is an error, unlike a refusal, which is an entry of the journal.
func TestConsumer_Failure(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("app")
	key := w.Sim.CreateAccessKey("app")
	w.Sim.AddFault(iamsim.Fault{Action: "GetCallerIdentity", Nth: 1, Kind: iamsim.CutBeforeCommit})

	c := w.CLI(t)
	c.Write("main.tf", consumer(key))
	c.Apply()
	c.Want(1)
	if got := c.Diagnostics(); len(got) != 1 || got[0].Summary != "The handover could not be tried" {
		t.Errorf("diagnostics %+v", got)
	}
	if got := w.Journal(); len(got) != 0 {
		t.Errorf("journal %+v, want none", got)
	}
}
