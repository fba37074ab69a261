package e2e_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// mostRequests is how many requests may be sent for each one that is needed.
const mostRequests = 1.5

// throttledRate is how many requests a second IAM lets through in TestAccRotatingAccessKey_throttled. AWS publishes no rate,
// and 5 is a low one. The SDK's retries wait in real time, so a hundred resources take more than two minutes then. By
// default the test runs at five times that rate, with five times as many requests in flight: a request competes with as
// many others for as long.
func throttledRate(t *testing.T) int {
	t.Helper()
	const name, byDefault = "IAMKEYS_THROTTLED_RATE", 25
	value, ok := os.LookupEnv(name)
	if !ok {
		return byDefault
	}
	rate, err := strconv.Atoi(value)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return rate
}

// wantRequests checks the requests of the last command: so many were needed and answered. It returns how many more were throttled.
func wantRequests(f *acctest.Fleet, needed int) (throttled int) {
	f.T.Helper()
	sent := 0
	for _, call := range f.Sim.Log() {
		sent++
		if call.Code == "Throttling" {
			throttled++
		}
	}
	f.ResetCalls()
	ratio := float64(sent) / float64(needed)
	f.T.Logf("%d requests sent, %d needed: %.2f", sent, needed, ratio)
	if sent-throttled != needed {
		f.T.Errorf("%d requests were answered, want %d", sent-throttled, needed)
	}
	if ratio > mostRequests {
		f.T.Errorf("%.2f requests for each one that is needed, want at most %v", ratio, mostRequests)
	}
	return throttled
}

// A hundred resources meet an IAM that throttles: no command fails, and none sends many more requests than it needs.
func TestAccRotatingAccessKey_throttled(t *testing.T) {
	t.Parallel()
	const users = 100
	rate := throttledRate(t)
	f := acctest.NewFleet(acctest.NewBinaryStory(t, iamsim.Options{RatePerSecond: float64(rate)}), users)
	// Terraform works on ten resources at a time by default, which is twice the rate of 5.
	inFlight := fmt.Sprintf("-parallelism=%d", 2*rate)
	f.CLI.Setenv("TF_CLI_ARGS_plan", inFlight)
	f.CLI.Setenv("TF_CLI_ARGS_apply", inFlight)
	f.Plan(2)
	throttled := wantRequests(f, users)
	f.ApplyPlan()
	throttled += wantRequests(f, 4*users)
	f.Plan(0)
	throttled += wantRequests(f, users)
	if throttled == 0 {
		t.Error("nothing was throttled")
	}
	for i := range users {
		if got := len(f.Sim.Keys(acctest.FleetUser(i))); got != 1 {
			t.Errorf("%d keys of %s, want 1", got, acctest.FleetUser(i))
		}
	}
}
