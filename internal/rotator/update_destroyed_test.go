package rotator_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// TestUpdate_destroyedResource is about a plan that takes a key of a resource which the same apply destroys. Update and Delete come in no
// order. Before the Delete, while it runs and after it, the steps are right, and the next Read finds that the key is gone.
func TestUpdate_destroyedResource(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		update func(f *fixture) rotator.Task
		// saved is the state that was saved last, and iam what IAM has at the end.
		saved, iam string
		// notices are those of an Update after the Delete.
		notices string
	}{
		{
			name: "adopt",
			update: func(f *fixture) rotator.Task {
				record, policy := f.single(day), standard()
				policy.UnmanagedKeys = rotation.RetireUnmanaged
				record.Policy = &policy
				return f.task(record, policy, rotation.Step{Kind: rotation.Adopt, Key: f.newKey("X")})
			},
			saved: "current C; previous X replaced now adopted | C Active, X Active | configured, done",
			iam:   "C Active",
		},
		{
			name: "record a deactivation",
			update: func(f *fixture) rotator.Task {
				record := f.pair(8 * day)
				f.deactivate(record.Previous.ID)
				return f.task(record, standard(), rotation.Step{Kind: rotation.RecordDeactivated, Key: record.Previous.ID})
			},
			saved: "current C; previous P replaced -8d deactivated now | P Inactive, C Active | configured, done",
			iam:   "C Active",
		},
		{
			name:    "deactivate",
			update:  deactivating(),
			saved:   "current C; previous P replaced -8d deactivated now by us | P Inactive, C Active | configured, done",
			iam:     "C Active",
			notices: "DeletedMeanwhile{P}",
		},
		{
			name:   "delete",
			update: deleting(),
			saved:  "current C | C Active | configured, done",
			iam:    "C Active",
		},
		{
			name: "delete to make room",
			update: func(f *fixture) rotator.Task {
				task, _ := f.unmanagedTask()
				return task
			},
			saved: "current new 1; previous C replaced now | C Active, new 1 Active | created with secret for age (current C), configured, done",
			iam:   "C Active, new 1 Active",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, when := range []string{"before", "while", "after"} {
				t.Run(when, func(t *testing.T) {
					t.Parallel()
					f := newFixture(t)
					task := c.update(f)
					f.sim.ResetLog()
					update := func(notices string) {
						f.reported(f.update(task), "", notices)
						f.savedLast(c.saved)
					}
					destroy := func() {
						record := rotation.Record{User: "ci", Current: rotation.Current{ID: task.Planned[0].Key}}
						_, err := f.client.Destroy(f.ctx(), f.subject(record), record, false)
						f.fatal(err)
					}
					switch when {
					case "before":
						update("")
						destroy()
					case "while":
						f.before("DeleteAccessKey", 1, func() {
							f.sim.OnCall(nil)
							update("")
						})
						destroy()
					case "after":
						destroy()
						update(c.notices)
					}
					f.equal("IAM", f.inIAM("ci"), c.iam)
				})
			}
		})
	}
}
