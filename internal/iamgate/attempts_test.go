package iamgate_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// TestAmbiguousAttempts is about changes and deletions that the SDK sends again: whether they may have taken effect depends on each
// attempt, and not on what the last one was answered.
func TestAmbiguousAttempts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		// faults are those of the attempts, in order; the last one repeats.
		faults    []iamsim.FaultKind
		kind      iamgate.Kind
		ambiguous bool
		calls     int
	}{
		{"denied", []iamsim.FaultKind{iamsim.Denied}, iamgate.KindAccessDenied, false, 1},
		{"throttled for good", []iamsim.FaultKind{iamsim.Throttled}, iamgate.KindThrottled, false, attempts},
		{"throttled, then denied", []iamsim.FaultKind{iamsim.Throttled, iamsim.Denied}, iamgate.KindAccessDenied, false, 2},
		{"answer lost for good", []iamsim.FaultKind{iamsim.AnswerLost}, iamgate.KindUnreachable, true, attempts},
		{"answer lost, then denied", []iamsim.FaultKind{iamsim.AnswerLost, iamsim.Denied}, iamgate.KindAccessDenied, true, 2},
		{"cut, then denied", []iamsim.FaultKind{iamsim.CutBeforeCommit, iamsim.Denied}, iamgate.KindAccessDenied, true, 2},
		{"error after commit, then denied", []iamsim.FaultKind{iamsim.ErrorAfterCommit, iamsim.Denied}, iamgate.KindAccessDenied, true, 2},
		{"answer lost, then throttled", []iamsim.FaultKind{iamsim.AnswerLost, iamsim.Throttled}, iamgate.KindThrottled, true, attempts},
	} {
		for _, action := range []string{"UpdateAccessKey", "DeleteAccessKey"} {
			for _, first := range []bool{false, true} {
				name := test.name + " " + action
				if first {
					name += " with a retryer of the first version"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					sim := newSim(t, iamsim.Options{})
					cfg := newConfig(sim)
					if first {
						cfg.Retryer = func() aws.Retryer { return struct{ aws.Retryer }{newRetryer()} }
					}
					g := iamgate.New(cfg, iamgate.Options{Clock: newClock(sim.Now())})
					id := sim.CreateAccessKey(userName).AccessKeyID
					for i, kind := range test.faults {
						fault := iamsim.Fault{Action: action, Nth: i + 1, Kind: kind}
						if i == len(test.faults)-1 {
							fault.Times = attempts
						}
						sim.AddFault(fault)
					}
					var err error
					if action == "UpdateAccessKey" {
						err = g.UpdateAccessKey(t.Context(), userName, id, "Inactive")
					} else {
						err = g.DeleteAccessKey(t.Context(), userName, id)
					}
					failure := wantError(t, err, test.kind)
					if failure.Ambiguous != test.ambiguous || iamgate.IsAmbiguous(err) != test.ambiguous {
						t.Errorf("ambiguous %v, want %v", failure.Ambiguous, test.ambiguous)
					}
					if refused := failure.HTTPStatus == 400 || failure.HTTPStatus == 403; iamgate.IsRefused(err) != (refused && !test.ambiguous) {
						t.Errorf("refused %v with status %d, and ambiguous %v", iamgate.IsRefused(err), failure.HTTPStatus, test.ambiguous)
					}
					wantCalls(t, sim, repeat(action, test.calls)...)
				})
			}
		}
	}
}

// TestDeleteAccessKey_ambiguousNoSuchEntity shows that a key which does not exist at the second attempt may have been deleted by the
// first one.
func TestDeleteAccessKey_ambiguousNoSuchEntity(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	g, _ := newGateway(t, sim)
	id := sim.CreateAccessKey(userName).AccessKeyID
	sim.AddFault(iamsim.Fault{Action: "DeleteAccessKey", Nth: 1, Kind: iamsim.AnswerLost})
	failure := wantError(t, g.DeleteAccessKey(t.Context(), userName, id), iamgate.KindNoSuchEntity)
	if !failure.Ambiguous {
		t.Error("the error is not ambiguous")
	}
	failure = wantError(t, g.DeleteAccessKey(t.Context(), userName, id), iamgate.KindNoSuchEntity)
	if failure.Ambiguous {
		t.Error("the error of a key that did not exist before is ambiguous")
	}
}
