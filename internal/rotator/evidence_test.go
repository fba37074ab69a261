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

// persistedEvidence is what the private state and saved plans hold. Once a version is released, it must never change.
const persistedEvidence = `{"seen":{"keys":[` +
	`{"id":"AKIAPREVIOUS","status":"Inactive","created_at":"2026-01-02T03:04:05Z",` +
	`"last_use":{"at":"2026-02-03T04:05:06Z","service":"s3","region":"eu-west-1"},"other":true},` +
	`{"id":"AKIACURRENT","status":"Active","created_at":"2026-03-04T05:06:07Z","last_use":{"at":"0001-01-01T00:00:00Z"}}],` +
	`"user":"deploy","recreated":true,"user_unknown":true,"signers":["AKIASIGNER","AKIASOURCE"],` +
	`"signed_at":"2026-07-08T09:10:11Z","settling":true},` +
	`"steps":[{"kind":"delete_previous","key":"AKIAPREVIOUS"},` +
	`{"kind":"rotate","key":"AKIACURRENT","replaced":"Active","reason":"revoked","revoke":true},` +
	`{"kind":"record_request","key":"AKIACURRENT","request":"encrypted_output"}],` +
	`"blocked":"unmanaged","retirement_blocked":"handover",` +
	`"room":{"step":{"kind":"delete_previous","key":"AKIAPREVIOUS"},"cause":"held","key":"AKIAPREVIOUS"},` +
	`"owner":"web","sealed_to":"age1","changed_at":"2026-04-05T06:07:08Z","removed":["AKIAREMOVED"],` +
	`"looked_at":"2026-05-06T07:08:09Z","signed_at":"2026-06-07T08:09:10Z"}`

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
							LastUse: &rotation.Use{At: at(time.February, 2), Service: "s3", Region: "eu-west-1"}, Other: true,
						},
						{ID: "AKIACURRENT", Status: rotation.Active, CreatedAt: at(time.March, 3), LastUse: &rotation.Use{}},
					},
					User: "deploy", Recreated: true, UserUnknown: true, Signers: []string{"AKIASIGNER", "AKIASOURCE"},
					SignedAt: at(time.July, 7), Settling: true,
				},
				Steps: []rotation.Step{
					{Kind: rotation.DeletePrevious, Key: "AKIAPREVIOUS"},
					{
						Kind: rotation.Rotate, Key: "AKIACURRENT", Replaced: rotation.Active, Reason: rotation.ReasonRevoked, Revoke: true,
					},
					{Kind: rotation.RecordRequest, Key: "AKIACURRENT", Request: "encrypted_output"},
				},
				Blocked: rotation.CauseUnmanaged, RetirementBlocked: rotation.CauseHandover,
				Room: rotation.Room{
					Step: rotation.Step{Kind: rotation.DeletePrevious, Key: "AKIAPREVIOUS"}, Cause: rotation.CauseHeld, Key: "AKIAPREVIOUS",
				},
				Owner: "web", SealedTo: "age1", ChangedAt: at(time.April, 4), Removed: []string{"AKIAREMOVED"},
				LookedAt: at(time.May, 5), SignedAt: at(time.June, 6),
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

// TestEvidence_unblockedBy shows for each cause of a blocked rotation, and of a blocked retirement, which edits of the policy take it
// away.
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
		"wait_for_handover":  func(before, _ *rotation.Policy) { before.WaitForHandover = true },
		"recipients":         func(_, after *rotation.Policy) { after.Recipients = "age1" },
		"expiry":             func(_, after *rotation.Policy) { after.SealableUntil = start },
		"rotate_after":       func(_, after *rotation.Policy) { after.RotateAfter = 30 * day },
		"max_age":            func(_, after *rotation.Policy) { after.MaxAge = 120 * day },
		"apply_every":        func(_, after *rotation.Policy) { after.ApplyEvery = 2 * day },
		"rotation_spread":    func(_, after *rotation.Policy) { after.RotationSpread = day },
		"still paused":       func(before, after *rotation.Policy) { before.Paused, after.Paused = true, true },
		"still held":         func(before, after *rotation.Policy) { before.HoldPrevious, after.HoldPrevious = true, true },
		"nothing":            func(_, _ *rotation.Policy) {},
	}
	// A policy that does not pause, or hold, is never what blocks: any edit takes these causes away.
	always := func(except string) []string {
		return slices.DeleteFunc(slices.Collect(maps.Keys(edits)), func(name string) bool { return name == except })
	}
	waits := []string{"overlap", "grace", "require_unused_for"}
	handover := append([]string{"wait_for_handover", "max_age", "rotate_after", "apply_every"}, waits...)
	for cause, by := range map[rotation.Cause][]string{
		rotation.CausePaused:        always("still paused"),
		rotation.CauseHeld:          always("still held"),
		rotation.CauseUnmanaged:     {"unmanaged_keys"},
		rotation.CauseAdopted:       {"unmanaged_keys"},
		rotation.CauseUsed:          waits,
		rotation.CauseOverlap:       waits,
		rotation.CauseGrace:         waits,
		rotation.CauseHandover:      handover,
		rotation.CauseUnknownUse:    handover,
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
				// A rotation whose date moves may not be due any more.
				moved := cause != "" && (name == "rotate_after" || name == "rotation_spread")
				rotates, retires := rotator.Evidence{Blocked: cause}.UnblockedBy(before, after)
				if want := moved || slices.Contains(by, name); rotates != want || retires {
					t.Errorf("as the cause of a rotation: got %v and %v, want %v and false", rotates, retires, want)
				}
				rotates, retires = rotator.Evidence{RetirementBlocked: cause}.UnblockedBy(before, after)
				if want := slices.Contains(by, name); retires != want || rotates {
					t.Errorf("as the cause of a retirement: got %v and %v, want false and %v", rotates, retires, want)
				}
			})
		}
	}
}

// TestEvidence_unblockedByName shows that the name of a user who is unknown takes that cause away, and no edit of the policy does.
func TestEvidence_unblockedByName(t *testing.T) {
	t.Parallel()
	e := rotator.Evidence{
		Seen:    rotation.Observation{User: "ci", UserUnknown: true},
		Blocked: rotation.CauseUnknownUser, RetirementBlocked: rotation.CauseUnknownUser,
	}
	edited := standard()
	edited.Overlap, edited.Grace, edited.RequireUnusedFor, edited.UnmanagedKeys = 0, 0, 0, rotation.RetireUnmanaged
	if rotates, retires := e.UnblockedBy(standard(), edited); rotates || retires {
		t.Errorf("by an edit: got %v and %v, want false and false", rotates, retires)
	}
	e.NameUser("deploy")
	if rotates, retires := e.UnblockedBy(standard(), standard()); !rotates || !retires || e.Seen.User != "deploy" {
		t.Errorf("by the name %s: got %v and %v, want true and true", e.Seen.User, rotates, retires)
	}
}

// TestEvidence_unblockedByMaxAge shows that the durations that an interval is counted with move it, too.
func TestEvidence_unblockedByMaxAge(t *testing.T) {
	t.Parallel()
	before := standard()
	before.RotateAfter, before.MaxAge, before.ApplyEvery = 0, 90*day, day
	for name, edit := range map[string]func(*rotation.Policy){
		"max_age":            func(p *rotation.Policy) { p.MaxAge = 100 * day },
		"apply_every":        func(p *rotation.Policy) { p.ApplyEvery = 2 * day },
		"overlap":            func(p *rotation.Policy) { p.Overlap = day },
		"require_unused_for": func(p *rotation.Policy) { p.RequireUnusedFor = 2 * day },
	} {
		after := before
		edit(&after)
		if rotates, retires := (rotator.Evidence{Blocked: rotation.CauseSigner}).UnblockedBy(before, after); !rotates || retires {
			t.Errorf("%s: got %v and %v, want true and false", name, rotates, retires)
		}
	}
}
