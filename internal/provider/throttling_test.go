package provider_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// stormAbove is the most requests that may be sent for each one that is needed.
const stormAbove = 1.5

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

// frugal checks the requests of the last command by the call log: this many were needed, that is answered, and those that
// were throttled, whose number it returns, came on top.
func (f *fleet) frugal(needed int) (throttled int) {
	f.t.Helper()
	sent := 0
	for _, call := range f.Sim.Log() {
		sent++
		if call.Code == "Throttling" {
			throttled++
		}
	}
	f.ResetCalls()
	ratio := float64(sent) / float64(needed)
	f.t.Logf("%d requests sent, %d needed: %.2f", sent, needed, ratio)
	if sent-throttled != needed {
		f.t.Errorf("%d requests were answered, want %d", sent-throttled, needed)
	}
	if ratio > stormAbove {
		f.t.Errorf("%.2f requests for each one that is needed, want at most %v", ratio, stormAbove)
	}
	return throttled
}

// A hundred resources meet an IAM that throttles: no command fails, and none makes a storm of it.
func TestAccRotatingAccessKey_throttled(t *testing.T) {
	t.Parallel()
	const users = 100
	rate := throttledRate(t)
	f := newFleet(t, users, iamsim.Options{RatePerSecond: float64(rate)})
	// Terraform works on ten resources at a time by default, which is twice the rate of 5.
	inFlight := fmt.Sprintf("-parallelism=%d", 2*rate)
	f.cli.Setenv("TF_CLI_ARGS_plan", inFlight)
	f.cli.Setenv("TF_CLI_ARGS_apply", inFlight)
	f.plan(2)
	throttled := f.frugal(users)
	f.apply()
	throttled += f.frugal(4 * users)
	f.plan(0)
	throttled += f.frugal(users)
	if throttled == 0 {
		t.Error("nothing was throttled")
	}
	for i := range users {
		if got := len(f.Sim.Keys(fleetUser(i))); got != 1 {
			t.Errorf("%d keys of %s, want 1", got, fleetUser(i))
		}
	}
}
