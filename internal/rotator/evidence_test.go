package rotator_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// persistedEvidence is what the private state and saved plans of a released version hold. It must never change.
const persistedEvidence = `{"seen":{"keys":[` +
	`{"id":"AKIAPREVIOUS","status":"Inactive","created_at":"2026-01-02T03:04:05Z",` +
	`"last_use":{"at":"2026-02-03T04:05:06Z","service":"s3","region":"eu-west-1"}},` +
	`{"id":"AKIACURRENT","status":"Active","created_at":"2026-03-04T05:06:07Z","last_use":{"at":"0001-01-01T00:00:00Z"}}],` +
	`"user":"ci","recreated":true,"signers":["AKIASIGNER"],"signed_at":"2026-05-06T07:08:09Z"},` +
	`"steps":[{"kind":"delete_previous","key":"AKIAPREVIOUS"},` +
	`{"kind":"rotate","key":"AKIACURRENT","replaced":"Active","reason":"revoked","revoke":true}],` +
	`"blocked":"unmanaged","retirement_blocked":"handover",` +
	`"room":{"step":{"kind":"delete_previous","key":"AKIAPREVIOUS"},"cause":"used","key":"AKIAPREVIOUS","settling":true},` +
	`"sealed_to":"age1","changed_at":"2026-04-05T06:07:08Z","removed":["AKIAREMOVED"],` +
	`"looked_at":"2026-06-07T08:09:10Z","signed_at":"2026-07-08T09:10:11Z"}`

func TestEvidence_persisted(t *testing.T) {
	t.Parallel()
	at := func(month time.Month, n int) time.Time {
		return time.Date(2026, month, n+1, n+2, n+3, n+4, 0, time.UTC)
	}
	for _, c := range []struct {
		name, text string
		want       rotator.Evidence
	}{
		{
			name: "every field", text: persistedEvidence,
			want: rotator.Evidence{
				Seen: rotation.Observation{
					Keys: []rotation.Key{
						{
							ID: "AKIAPREVIOUS", Status: rotation.Inactive, CreatedAt: at(time.January, 1),
							LastUse: &rotation.Use{At: at(time.February, 2), Service: "s3", Region: "eu-west-1"},
						},
						{ID: "AKIACURRENT", Status: rotation.Active, CreatedAt: at(time.March, 3), LastUse: &rotation.Use{}},
					},
					User: "ci", Recreated: true, Signers: []string{"AKIASIGNER"}, SignedAt: at(time.May, 5),
				},
				Steps: []rotation.Step{
					{Kind: rotation.DeletePrevious, Key: "AKIAPREVIOUS"},
					{
						Kind: rotation.Rotate, Key: "AKIACURRENT", Replaced: rotation.Active, Reason: rotation.ReasonRevoked, Revoke: true,
					},
				},
				Blocked: rotation.CauseUnmanaged, RetirementBlocked: rotation.CauseHandover,
				Room: rotation.Room{
					Step:  rotation.Step{Kind: rotation.DeletePrevious, Key: "AKIAPREVIOUS"},
					Cause: rotation.CauseUsed, Key: "AKIAPREVIOUS", Settling: true,
				},
				SealedTo: "age1", ChangedAt: at(time.April, 4), Removed: []string{"AKIAREMOVED"},
				LookedAt: at(time.June, 6), SignedAt: at(time.July, 7),
			},
		},
		{name: "no field", text: `{"seen":{"keys":null}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			decoder := json.NewDecoder(strings.NewReader(c.text))
			decoder.DisallowUnknownFields()
			var got rotator.Evidence
			if err := decoder.Decode(&got); err != nil {
				t.Fatal(err)
			}
			if want := encode(t, c.want); encode(t, got) != want || want != c.text {
				t.Errorf("decoded %s\nfrom    %s\nwant    %s", encode(t, got), c.text, want)
			}
			if !got.ChangedAt.Equal(c.want.ChangedAt) || len(got.Seen.Keys) != len(c.want.Seen.Keys) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func encode(t *testing.T, e rotator.Evidence) string {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEvidence_unblockedBy shows for each cause which edits of the policy take it away, of a blocked rotation and of a blocked
// retirement.
func TestEvidence_unblockedBy(t *testing.T) {
	t.Parallel()
	// edits change one attribute each. Paused and hold_previous are taken back.
	edits := map[string]func(before, after *rotation.Policy){
		"paused":             func(before, _ *rotation.Policy) { before.Paused = true },
		"hold_previous":      func(before, _ *rotation.Policy) { before.HoldPrevious = true },
		"unmanaged_keys":     func(_, after *rotation.Policy) { after.UnmanagedKeys = rotation.RetireUnmanaged },
		"overlap":            func(_, after *rotation.Policy) { after.Overlap = 0 },
		"grace":              func(_, after *rotation.Policy) { after.Grace = 0 },
		"require_unused_for": func(_, after *rotation.Policy) { after.RequireUnusedFor = 0 },
		"wait_for_handover":  func(_, after *rotation.Policy) { after.WaitForHandover = !after.WaitForHandover },
		"max_age":            func(_, after *rotation.Policy) { after.MaxAge = 400 * day },
		"apply_every":        func(_, after *rotation.Policy) { after.ApplyEvery = 5 * day },
		"rotation_spread":    func(_, after *rotation.Policy) { after.RotationSpread = day },
		"recipients":         func(_, after *rotation.Policy) { after.Recipients = "age1" },
		"expiry":             func(_, after *rotation.Policy) { after.SealableUntil = start },
		"rotate_after":       func(_, after *rotation.Policy) { after.RotateAfter = 30 * day },
		"still paused":       func(before, after *rotation.Policy) { before.Paused, after.Paused = true, true },
		"still held":         func(before, after *rotation.Policy) { before.HoldPrevious, after.HoldPrevious = true, true },
		"nothing":            func(_, _ *rotation.Policy) {},
	}
	// A policy that does not pause, or hold, is never what blocks: any edit takes these causes away.
	always := func(except string) []string {
		return slices.DeleteFunc(slices.Collect(maps.Keys(edits)), func(name string) bool { return name == except })
	}
	waits := []string{"overlap", "grace", "require_unused_for"}
	uses := append([]string{"wait_for_handover", "max_age", "apply_every", "rotate_after"}, waits...)
	// Another date of the next rotation may mean that none is due.
	dates := []string{"rotate_after", "rotation_spread"}
	for cause, by := range map[rotation.Cause][]string{
		rotation.CausePaused:        always("still paused"),
		rotation.CauseHeld:          always("still held"),
		rotation.CauseUnmanaged:     {"unmanaged_keys"},
		rotation.CauseAdopted:       {"unmanaged_keys"},
		rotation.CauseUsed:          waits,
		rotation.CauseOverlap:       waits,
		rotation.CauseGrace:         waits,
		rotation.CauseHandover:      uses,
		rotation.CauseUnknownUse:    uses,
		rotation.CauseExpired:       {"recipients", "expiry"},
		rotation.CauseSigner:        nil,
		rotation.CauseOnlyActive:    nil,
		rotation.CauseYoung:         nil,
		rotation.CauseNotOurs:       nil,
		rotation.CauseRevoked:       nil,
		rotation.CauseSettling:      nil,
		rotation.CauseRevokedActive: nil,
		"":                          nil,
	} {
		for name, edit := range edits {
			t.Run(string(cause)+" by "+name, func(t *testing.T) {
				t.Parallel()
				before, after := standard(), standard()
				edit(&before, &after)
				retires := slices.Contains(by, name)
				rotates := retires || cause != "" && slices.Contains(dates, name)
				e := rotator.Evidence{Blocked: cause, RetirementBlocked: cause}
				if got, other := e.UnblockedBy(before, after); got != rotates || other != retires {
					t.Errorf("got %v and %v, want %v and %v", got, other, rotates, retires)
				}
			})
		}
	}
}
