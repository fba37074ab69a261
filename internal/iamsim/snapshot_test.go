package iamsim_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// Restore returns to the same state each time, whatever happened since.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann", "bob"}})
	c := newClient(s, s.Root())
	created := s.CreateAccessKey("ann")
	deleted := s.CreateAccessKey("ann")
	s.DeleteAccessKey(deleted.AccessKeyID)
	snapshot := s.Snapshot()
	keys, user := s.Keys("ann"), func() iamsim.User { u, _ := s.User("ann"); return u }
	before := user()

	for range 2 {
		_, err := c.iam.TagUser(t.Context(), &iam.TagUserInput{
			UserName: aws.String("ann"),
			Tags:     []iamtypes.Tag{{Key: aws.String("color"), Value: aws.String("red")}},
		})
		noError(t, err)
		s.Advance(time.Hour)
		s.SetStatus(created.AccessKeyID, "Inactive")
		s.SetLastUsed(created.AccessKeyID, s.Now(), "s3", "eu-west-1")
		s.CreateAccessKey("ann")
		s.RenameUser("ann", "anna")
		s.DeleteUser("bob")
		s.CreateUser("bea")
		s.Deny("*", "iam:*")
		s.AddFault(iamsim.Fault{Kind: iamsim.Throttled})
		s.OnCall(func(iamsim.Call) { t.Error("Restore left the OnCall function in place") })
		s.Restore(snapshot)

		if !s.Now().Equal(start) {
			t.Errorf("the time is %v, want %v", s.Now(), start)
		}
		if got := s.Keys("ann"); !slices.Equal(got, keys) {
			t.Errorf("keys %v, want %v", got, keys)
		}
		if got := user(); got.ID != before.ID || len(got.Tags) != 0 {
			t.Errorf("user %v, want %v", got, before)
		}
		_, bob := s.User("bob")
		_, bea := s.User("bea")
		if !bob || bea {
			t.Errorf("bob is there: %t, bea is there: %t", bob, bea)
		}
		if log := s.Log(); len(log) != 0 {
			t.Errorf("%d calls in the log", len(log))
		}
		if !s.Authenticates(created.AccessKeyID, created.Secret) {
			t.Error("the key does not work any more")
		}
		_, err = c.iam.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: aws.String("ann")})
		noError(t, err)
		s.ResetLog()
	}
	if got := len(s.IssuedSecrets()); got != 4 {
		t.Errorf("%d secrets were issued, want 4: two before the snapshot, and one each time after it", got)
	}
}

// Settle waits for a call whose client has gone.
func TestSettle(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	noError(t, s.Settle(t.Context()))

	arrived, resume := make(chan struct{}), make(chan struct{})
	s.OnCall(func(iamsim.Call) { close(arrived); <-resume })
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() { gone <- create(ctx, newClient(s, s.Root()), "ann") }()
	<-arrived
	cancel()
	if err := <-gone; err == nil {
		t.Error("the client has its answer")
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := s.Settle(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v for a call in flight, want that of the context", err)
	}
	close(resume)
	noError(t, s.Settle(t.Context()))
	if n := len(s.Keys("ann")); n != 1 {
		t.Errorf("%d keys, want 1", n)
	}

	// A call whose answer was lost is not in flight.
	s.OnCall(nil)
	s.AddFault(iamsim.Fault{Kind: iamsim.AnswerLost})
	if err := create(t.Context(), newClient(s, s.Root()), "ann"); err == nil {
		t.Error("the client has its answer")
	}
	noError(t, s.Settle(t.Context()))
}
