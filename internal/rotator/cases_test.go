package rotator_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// applyCase is a Create or an Update, and how it ends.
type applyCase struct {
	name string
	// create and update prepare IAM and return the task; one of them is set.
	create, update func(f *fixture) rotator.Task
	err, notices   string
	// saved is the state that was saved last, iam what IAM has, and evidence what the next Read finds.
	saved, iam, evidence string
	// calls are all calls, adjacent equal ones once.
	calls string
}

func runApplyCases(t *testing.T, cases []applyCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			var report rotator.Report
			if c.create != nil {
				report = f.create(c.create(f))
			} else {
				task := c.update(f)
				report = f.update(task)
				f.tookAll(task)
			}
			f.reported(report, c.err, c.notices)
			f.savedLast(c.saved)
			f.equal("IAM", f.inIAM("ci")+f.inIAM("deploy"), c.iam)
			f.equal("evidence", f.describeEvidence(report.Evidence), c.evidence)
			f.equal("calls", strings.Join(slices.Compact(f.calls()), ", "), c.calls)
			if done := f.saved().Done; done != (report.Err == nil) {
				t.Errorf("the error is %v, and done %v was saved", report.Err, done)
			}
		})
	}
}
