package iamgate_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/logging"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestListAccessKeys(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{PageSize: 1})
	g, _ := newGateway(t, sim)

	keys, err := g.ListAccessKeys(t.Context(), userName)
	noError(t, err)
	if len(keys) != 0 {
		t.Fatalf("got %v, want no keys", keys)
	}

	first := sim.CreateAccessKey(userName).AccessKeyID
	sim.Advance(time.Hour)
	second := sim.CreateAccessKey(userName).AccessKeyID
	sim.SetStatus(first, "Inactive")
	sim.ResetLog()
	keys, err = g.ListAccessKeys(t.Context(), userName)
	noError(t, err)
	want := []iamgate.AccessKey{
		{ID: first, UserName: userName, Status: "Inactive", CreatedAt: day0},
		{ID: second, UserName: userName, Status: "Active", CreatedAt: day0.Add(time.Hour)},
	}
	if !slices.Equal(keys, want) {
		t.Errorf("got %v, want %v", keys, want)
	}
	wantCalls(t, sim, "ListAccessKeys", "ListAccessKeys")
}

func TestListAccessKeys_sortedByIDWithinASecond(t *testing.T) {
	t.Parallel()
	g := newCannedGateway(t, newClock(day0), func(*http.Request) (*http.Response, error) {
		member := func(id string) string {
			return `<member><UserName>ci</UserName><AccessKeyId>` + id + `</AccessKeyId><Status>Active</Status>` +
				`<CreateDate>2026-11-01T12:00:00Z</CreateDate></member>`
		}
		return answer(http.StatusOK, "", `<ListAccessKeysResponse><ListAccessKeysResult><IsTruncated>false</IsTruncated><AccessKeyMetadata>`+
			member("AKIAB")+member("AKIAA")+`</AccessKeyMetadata></ListAccessKeysResult></ListAccessKeysResponse>`), nil
	})
	keys, err := g.ListAccessKeys(t.Context(), userName)
	noError(t, err)
	if len(keys) != 2 || keys[0].ID != "AKIAA" || keys[1].ID != "AKIAB" {
		t.Errorf("got %v, want AKIAA before AKIAB", keys)
	}
}

func TestUpdateAccessKey(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	g, clock := newGateway(t, sim)
	id := sim.CreateAccessKey(userName).AccessKeyID
	for _, status := range []string{"Inactive", "Active"} {
		sim.ResetLog()
		noError(t, g.UpdateAccessKey(t.Context(), userName, id, status))
		if got := sim.Keys(userName)[0].Status; got != status {
			t.Errorf("got status %s, want %s", got, status)
		}
		wantCalls(t, sim, "UpdateAccessKey", "ListAccessKeys")
	}
	if clock.total() != 0 {
		t.Errorf("slept %v although the list was right at once", clock.total())
	}

	failure := wantError(t, g.UpdateAccessKey(t.Context(), userName, "AKIANONEXISTENT00000", "Active"), iamgate.KindNoSuchEntity)
	if failure.Action != "iam:UpdateAccessKey" || failure.Resource != "AKIANONEXISTENT00000" {
		t.Errorf("got %q of %q", failure.Action, failure.Resource)
	}
}

func TestDeleteAccessKey(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	g, _ := newGateway(t, sim)
	id := sim.CreateAccessKey(userName).AccessKeyID

	noError(t, g.DeleteAccessKey(t.Context(), userName, id))
	if keys := sim.Keys(userName); len(keys) != 0 {
		t.Errorf("%d keys still exist", len(keys))
	}
	wantCalls(t, sim, "DeleteAccessKey")
	wantKind(t, g.DeleteAccessKey(t.Context(), userName, id), iamgate.KindNoSuchEntity)
}

func TestDeleteAccessKey_retriedAfterLostAnswer(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	g, _ := newGateway(t, sim)
	id := sim.CreateAccessKey(userName).AccessKeyID
	sim.AddFault(iamsim.Fault{Action: "DeleteAccessKey", Nth: 1, Kind: iamsim.ErrorAfterCommit})

	wantKind(t, g.DeleteAccessKey(t.Context(), userName, id), iamgate.KindNoSuchEntity)
	wantCalls(t, sim, "DeleteAccessKey", "DeleteAccessKey")
}

func TestLastUsed(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	g, _ := newGateway(t, sim)
	id := sim.CreateAccessKey(userName).AccessKeyID

	used, err := g.LastUsed(t.Context(), id)
	noError(t, err)
	if want := (iamgate.LastUsed{UserName: userName}); used != want {
		t.Errorf("never used: got %+v, want %+v", used, want)
	}

	sim.SetLastUsed(id, day0.Add(time.Minute), "s3", "us-west-2")
	sim.RenameUser(userName, "renamed")
	used, err = g.LastUsed(t.Context(), id)
	noError(t, err)
	if want := (iamgate.LastUsed{UserName: "renamed", At: day0.Add(time.Minute), Service: "s3", Region: "us-west-2"}); used != want {
		t.Errorf("used: got %+v, want %+v", used, want)
	}
}

func TestGetUser_tags(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{AccountID: "210987654321"})
	g, _ := newGateway(t, sim)

	user, err := g.GetUser(t.Context(), userName)
	noError(t, err)
	created, _ := sim.User(userName)
	if user.Name != userName || user.ID != created.ID || user.ARN != "arn:aws:iam::210987654321:user/ci" ||
		user.AccountID != "210987654321" || !user.CreatedAt.Equal(day0) || user.Tags == nil || len(user.Tags) != 0 {
		t.Errorf("got %+v", user)
	}

	noError(t, g.TagUser(t.Context(), userName, "AKIA1", "ci deployer"))
	noError(t, g.TagUser(t.Context(), userName, "team", "ops"))
	noError(t, g.TagUser(t.Context(), userName, "AKIA1", "deployer"))
	user, err = g.GetUser(t.Context(), userName)
	noError(t, err)
	if want := map[string]string{"AKIA1": "deployer", "team": "ops"}; !maps.Equal(user.Tags, want) {
		t.Errorf("got tags %v, want %v", user.Tags, want)
	}

	noError(t, g.UntagUser(t.Context(), userName, "AKIA1"))
	noError(t, g.UntagUser(t.Context(), userName, "AKIA1"))
	user, err = g.GetUser(t.Context(), userName)
	noError(t, err)
	if want := map[string]string{"team": "ops"}; !maps.Equal(user.Tags, want) {
		t.Errorf("got tags %v, want %v", user.Tags, want)
	}
}

func TestGetUser_malformedARN(t *testing.T) {
	t.Parallel()
	g := newCannedGateway(t, newClock(day0), func(*http.Request) (*http.Response, error) {
		return answer(http.StatusOK, "", `<GetUserResponse><GetUserResult><User><UserName>ci</UserName><UserId>AIDA1</UserId><Arn>user/ci</Arn>`+
			`<CreateDate>2026-11-01T12:00:00Z</CreateDate></User></GetUserResult></GetUserResponse>`), nil
	})
	_, err := g.GetUser(t.Context(), userName)
	wantKind(t, err, iamgate.KindBadAnswer)
}

func TestNew_endpoints(t *testing.T) {
	t.Parallel()
	iamSim, stsSim := newSim(t, iamsim.Options{}), newSim(t, iamsim.Options{})
	cfg := newConfig(iamSim)
	cfg.BaseEndpoint = aws.String("http://127.0.0.1:1")
	g := iamgate.New(cfg, iamgate.Options{IAMEndpoint: iamSim.URL(), STSEndpoint: stsSim.URL()})

	_, err := g.ListAccessKeys(t.Context(), userName)
	noError(t, err)
	_, err = g.CallerIdentity(t.Context())
	wantKind(t, err, iamgate.KindInvalidCredentials)
	wantCalls(t, iamSim, "ListAccessKeys")
	wantCalls(t, stsSim, "GetCallerIdentity")
}

func TestListAccessKeys_retriedAsConfigured(t *testing.T) {
	t.Parallel()
	for _, kind := range []iamsim.FaultKind{iamsim.Throttled, iamsim.ErrorBeforeCommit, iamsim.CutBeforeCommit} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, iamsim.Options{})
			g, _ := newGateway(t, sim)
			sim.AddFault(iamsim.Fault{Action: "ListAccessKeys", Nth: 1, Kind: kind, Times: attempts - 1})
			_, err := g.ListAccessKeys(t.Context(), userName)
			noError(t, err)
			wantCalls(t, sim, repeat("ListAccessKeys", attempts)...)
		})
	}
}

func TestNew_logsNoBody(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	var log strings.Builder
	cfg := newConfig(sim)
	cfg.Logger = logging.NewStandardLogger(&log)
	cfg.ClientLogMode = aws.LogRequestWithBody | aws.LogResponseWithBody | aws.LogSigning | aws.LogRetries
	g := iamgate.New(cfg, iamgate.Options{Clock: newClock(day0)})

	key, err := g.CreateAccessKey(t.Context(), userName)
	noError(t, err)
	_, err = g.WaitUsable(t.Context(), key)
	noError(t, err)
	if log.Len() != 0 {
		t.Errorf("%d bytes were logged", log.Len())
	}
}
