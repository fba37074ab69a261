package e2e_test

import (
	"fmt"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// BenchmarkPlan plans keys that need nothing, with the CLI and the provider as users run them.
func BenchmarkPlan(b *testing.B) {
	for _, users := range []int{1, 100, 300} {
		b.Run(fmt.Sprint(users), func(b *testing.B) {
			w := acctest.New(b)
			for i := range users {
				w.Sim.CreateUser(acctest.FleetUser(i))
			}
			c := w.CLI(b)
			c.Write("main.tf", w.ProviderConfig()+acctest.KeyHCL("test", acctest.FleetArgs(users)))
			c.Apply("-parallelism=50")
			c.Want(0)
			w.ResetCalls()
			for b.Loop() {
				c.Plan()
				c.Want(0)
			}
			b.ReportMetric(float64(w.Calls())/float64(b.N), "calls/op")
		})
	}
}
