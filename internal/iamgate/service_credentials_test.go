package iamgate_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const listServiceCredentials = "ListServiceSpecificCredentials"

func TestServiceCredentials(t *testing.T) {
	t.Parallel()
	const codecommit, bedrock = "codecommit.amazonaws.com", "bedrock.amazonaws.com"
	sim := newSim(t, iamsim.Options{PageSize: 2})
	sim.CreateUser("ann")
	first := sim.CreateServiceCredential(userName, codecommit, time.Time{})
	second := sim.CreateServiceCredential("ann", bedrock, day0.Add(time.Hour))
	sim.Advance(time.Hour)
	third := sim.CreateServiceCredential("ann", codecommit, time.Time{})
	sim.SetServiceCredentialStatus(third.ID, "Inactive")
	sim.Advance(time.Hour)
	fourth := sim.CreateServiceCredential("ann", bedrock, day0.AddDate(0, 0, 30))
	fifth := sim.CreateServiceCredential(userName, bedrock, time.Time{})

	g, _ := newGateway(t, sim)
	got, err := g.ServiceCredentials(t.Context())
	noError(t, err)
	later := day0.Add(2 * time.Hour)
	want := []iamgate.ServiceCredential{
		{ID: second.ID, UserName: "ann", Service: bedrock, Status: "Expired", CreatedAt: day0, ExpiresAt: day0.Add(time.Hour)},
		{ID: third.ID, UserName: "ann", Service: codecommit, Status: "Inactive", CreatedAt: day0.Add(time.Hour)},
		{ID: fourth.ID, UserName: "ann", Service: bedrock, Status: "Active", CreatedAt: later, ExpiresAt: day0.AddDate(0, 0, 30)},
		{ID: first.ID, UserName: userName, Service: codecommit, Status: "Active", CreatedAt: day0},
		{ID: fifth.ID, UserName: userName, Service: bedrock, Status: "Active", CreatedAt: later},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	wantCalls(t, sim, repeat(listServiceCredentials, 3)...)
	for _, call := range sim.Log() {
		if call.Params["AllUsers"] != "true" || call.Params["MaxItems"] != "1000" {
			t.Errorf("call %d has %v", call.N, call.Params)
		}
	}
}

func TestServiceCredentials_none(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	g, _ := newGateway(t, sim)
	got, err := g.ServiceCredentials(t.Context())
	noError(t, err)
	if len(got) != 0 {
		t.Errorf("got %+v", got)
	}
	wantCalls(t, sim, listServiceCredentials)
}

func TestServiceCredentials_denied(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	sim.Deny("admin", "iam:"+listServiceCredentials)
	g, _ := newGateway(t, sim)
	_, err := g.ServiceCredentials(t.Context())
	failure := wantError(t, err, iamgate.KindAccessDenied)
	if failure.Action != "iam:ListServiceSpecificCredentials" || failure.Resource != "" {
		t.Errorf("got %+v", *failure)
	}
}

// No part of the list passes for the whole, nor does an answer without what AWS always sends.
func TestServiceCredentials_badAnswer(t *testing.T) {
	t.Parallel()
	const whole = `<member><UserName>ann</UserName><Status>Active</Status><CreateDate>2026-11-01T12:00:00Z</CreateDate>` +
		`<ServiceSpecificCredentialId>ACCA1</ServiceSpecificCredentialId><ServiceName>codecommit.amazonaws.com</ServiceName></member>`
	const noUser = `<member><Status>Active</Status><CreateDate>2026-11-01T12:00:00Z</CreateDate>` +
		`<ServiceSpecificCredentialId>ACCA1</ServiceSpecificCredentialId><ServiceName>codecommit.amazonaws.com</ServiceName></member>`
	list := func(members, end string) string {
		return `<ServiceSpecificCredentials>` + members + `</ServiceSpecificCredentials>` + end
	}
	for name, result := range map[string]string{
		"no list":           `<IsTruncated>false</IsTruncated>`,
		"no marker":         list(whole, `<IsTruncated>true</IsTruncated>`),
		"the marker before": list(whole, `<IsTruncated>true</IsTruncated><Marker>m</Marker>`),
		"no user":           list(noUser, `<IsTruncated>false</IsTruncated>`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newCannedGateway(t, newClock(day0), func(*http.Request) (*http.Response, error) {
				return answer(http.StatusOK, "", `<R><ListServiceSpecificCredentialsResult>`+result+`</ListServiceSpecificCredentialsResult></R>`), nil
			})
			_, err := g.ServiceCredentials(t.Context())
			wantKind(t, err, iamgate.KindBadAnswer)
		})
	}
}
