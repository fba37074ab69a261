package rotation

import (
	"testing"
	"time"
)

// BenchmarkDecide measures one decision in the situations that are most frequent in Read.
func BenchmarkDecide(b *testing.B) {
	for _, bench := range []struct {
		name  string
		setup setup
		now   time.Time
	}{
		{"steady", settled(), day(30)},
		{"overlap", overlapping(), day(3)},
		{"deactivate", overlapping(), day(7)},
		{"grace", retiring(), day(10)},
		{"delete", retiring(used(prev, day(-3))), day(14)},
		{"rotate", settled(), day(90)},
		{"delete and rotate", overlapping(used(prev, day(-3))), day(90)},
		{"blocked", settled(listed(other, active, day(1))), day(90)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			s := bench.setup
			b.ReportAllocs()
			for b.Loop() {
				Decide(s.policy, s.record, s.seen, bench.now)
			}
		})
	}
}
