package rotator_test

import (
	"encoding/json"
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
	`"user":"deploy","recreated":true,"signers":["AKIASIGNER","AKIASOURCE"],"signed_at":"2026-07-08T09:10:11Z"},` +
	`"steps":[{"kind":"delete_previous","key":"AKIAPREVIOUS"},` +
	`{"kind":"rotate","key":"AKIACURRENT","replaced":"Active","reason":"revoked","revoke":true},` +
	`{"kind":"record_request","key":"AKIACURRENT","request":"encrypted_output"}],` +
	`"blocked":"unmanaged","retirement_blocked":"handover",` +
	`"room":{"step":{"kind":"delete_previous","key":"AKIAPREVIOUS"},"cause":"held","key":"AKIAPREVIOUS","settling":true},` +
	`"sealed_to":"age1","changed_at":"2026-04-05T06:07:08Z","removed":["AKIAREMOVED"],` +
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
					User: "deploy", Recreated: true, Signers: []string{"AKIASIGNER", "AKIASOURCE"}, SignedAt: at(time.July, 7),
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
					Settling: true,
				},
				SealedTo: "age1", ChangedAt: at(time.April, 4), Removed: []string{"AKIAREMOVED"},
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
