package iamgate_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const callers = 50

// askAll asks for the identity from many goroutines and gives what each got.
func askAll(t *testing.T, g *iamgate.Gateway) (identities [callers]iamgate.Identity, errs [callers]error) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() { identities[i], errs[i] = g.CallerIdentity(t.Context()) })
	}
	wg.Wait()
	return identities, errs
}

func TestCallerIdentityIsAskedOnce(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{AccountID: "210987654321"})
	g, _ := newGateway(t, sim)
	admin, ok := sim.User("admin")
	if !ok {
		t.Fatal("the simulator has no user admin")
	}
	want := iamgate.Identity{AccountID: "210987654321", ARN: admin.ARN, UserID: admin.ID}
	identities, errs := askAll(t, g)
	for i := range callers {
		if errs[i] != nil || identities[i] != want {
			t.Fatalf("caller %d got %+v and %v, want %+v", i, identities[i], errs[i], want)
		}
	}
	wantCalls(t, sim, whoami)
}

func TestCallerIdentityForgetsAnError(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	g, _ := newGateway(t, sim)
	sim.AddFault(iamsim.Fault{Action: whoami, Nth: 1, Times: attempts, Kind: iamsim.ErrorBeforeCommit})
	_, err := g.CallerIdentity(t.Context())
	if failure := wantError(t, err, iamgate.KindServiceFailure); failure.Action != "sts:GetCallerIdentity" {
		t.Errorf("got action %q", failure.Action)
	}
	identity, err := g.CallerIdentity(t.Context())
	noError(t, err)
	if identity.AccountID != "123456789012" {
		t.Errorf("got %+v", identity)
	}
	wantCalls(t, sim, repeat(whoami, attempts+1)...)
}

func TestCallerIdentityWhenTheOneWhoAskedGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		g := newCannedGateway(t, newClock(day0), func(r *http.Request) (*http.Response, error) {
			if calls.Add(1) == 1 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return answer(http.StatusOK, "", identityAnswer), nil
		})
		var errs [3]error
		var cancels [3]context.CancelFunc
		for i := range errs {
			var ctx context.Context
			ctx, cancels[i] = context.WithCancel(t.Context())
			t.Cleanup(cancels[i])
			go func() { _, errs[i] = g.CallerIdentity(ctx) }()
			synctest.Wait()
		}
		cancels[1]()
		synctest.Wait()
		wantKind(t, errs[1], iamgate.KindCanceled)
		cancels[0]()
		synctest.Wait()
		wantKind(t, errs[0], iamgate.KindCanceled)
		noError(t, errs[2])
		if calls.Load() != 2 {
			t.Errorf("%d calls, want 2", calls.Load())
		}
	})
}

func TestCallerIdentityErrorIsShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		released := make(chan struct{})
		g := newCannedGateway(t, newClock(day0), func(*http.Request) (*http.Response, error) {
			calls.Add(1)
			<-released
			return answer(http.StatusForbidden, "", `<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>`), nil
		})
		var errs [3]error
		for i := range errs {
			go func() { _, errs[i] = g.CallerIdentity(t.Context()) }()
		}
		synctest.Wait()
		close(released)
		synctest.Wait()
		for _, err := range errs {
			wantKind(t, err, iamgate.KindInvalidCredentials)
		}
		if calls.Load() != 1 {
			t.Errorf("%d calls, want 1", calls.Load())
		}
	})
}

func TestKeyAccount(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{AccountID: "000987654321"})
	g, _ := newGateway(t, sim)
	deleted := sim.CreateAccessKey(userName).AccessKeyID
	sim.DeleteAccessKey(deleted)
	// The example id of AWS's documentation is one of this account.
	for id, want := range map[string]string{
		deleted: "000987654321", "AKIAIOSFODNN7EXAMPLE": "581039954779", "ASIAIOSFODNN7EXAMPLE": "581039954779",
	} {
		account, err := g.KeyAccount(t.Context(), id)
		noError(t, err)
		if account != want {
			t.Errorf("%s: account %s, want %s", id, account, want)
		}
	}

	_, err := g.KeyAccount(t.Context(), "AKIA0000000000000000")
	wantKind(t, err, iamgate.KindInvalidInput)
	sim.AddFault(iamsim.Fault{Action: "GetAccessKeyInfo", Kind: iamsim.Empty200})
	_, err = g.KeyAccount(t.Context(), deleted)
	wantKind(t, err, iamgate.KindBadAnswer)
	sim.ClearFaults()
	sim.Deny("admin", "sts:GetAccessKeyInfo")
	_, err = g.KeyAccount(t.Context(), deleted)
	if failure := wantError(t, err, iamgate.KindAccessDenied); failure.Action != "sts:GetAccessKeyInfo" || failure.Resource != deleted {
		t.Errorf("got %+v", *failure)
	}
}

func TestSigningKeyIDs(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	root := sim.Root().AccessKeyID
	for name, test := range map[string]struct {
		sources func() []string
		want    []string
	}{
		"no sources":         {nil, []string{root}},
		"the key itself":     {func() []string { return []string{root} }, []string{root}},
		"a key below a role": {func() []string { return []string{"AKIA1", root, "AKIA2"} }, []string{root, "AKIA1", "AKIA2"}},
	} {
		g := iamgate.New(newConfig(sim), iamgate.Options{SourceKeyIDs: test.sources})
		ids, err := g.SigningKeyIDs(t.Context())
		noError(t, err)
		if !slices.Equal(ids, test.want) {
			t.Errorf("%s: got %q, want %q", name, ids, test.want)
		}
	}
	wantCalls(t, sim)
}

func TestNoCredentials(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		provider aws.CredentialsProvider
		kind     iamgate.Kind
		message  string
	}{
		{"none", nil, iamgate.KindNoCredentials, "no AWS credentials are configured"},
		{"failing", aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("no role found\nmore")
		}), iamgate.KindNoCredentials, "no role found"},
		{"canceled", aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, context.Canceled
		}), iamgate.KindCanceled, "context canceled"},
		{"unreadable", aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, fmt.Errorf("assume role: %w", &smithy.DeserializationError{Err: errors.New(marker), Snapshot: []byte(marker)})
		}), iamgate.KindNoCredentials, "the answer with the credentials cannot be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, iamsim.Options{})
			cfg := newConfig(sim)
			cfg.Credentials = test.provider
			g := iamgate.New(cfg, iamgate.Options{Clock: newClock(day0)})
			_, signErr := g.SigningKeyIDs(t.Context())
			_, listErr := g.ListAccessKeys(t.Context(), userName)
			for _, err := range []error{signErr, listErr} {
				if failure := wantError(t, err, test.kind); failure.Message != test.message {
					t.Errorf("got message %q, want %q", failure.Message, test.message)
				}
				if strings.Contains(texts(err), marker) {
					t.Error("the error shows an answer")
				}
			}
			wantCalls(t, sim)
		})
	}
}

// A role that cannot be assumed is an answer of STS, but not to the call that needed the role.
func TestCredentialsRefused(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	inner := iam.NewFromConfig(newConfig(sim))
	cfg := newConfig(sim)
	cfg.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		_, err := inner.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("nobody")})
		return aws.Credentials{}, err
	})
	_, err := iamgate.New(cfg, iamgate.Options{}).ListAccessKeys(t.Context(), userName)
	failure := wantError(t, err, iamgate.KindNoCredentials)
	if failure.HTTPStatus != 0 || failure.Code != "" || failure.Action != "iam:ListAccessKeys" ||
		!strings.Contains(failure.Message, "NoSuchEntity") {
		t.Errorf("got %+v", *failure)
	}
}
