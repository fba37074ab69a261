package iamsim_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// annKeys changes and checks the keys of the user ann. A key is named by its index in the order of creation.
type annKeys struct {
	*iamsim.Server
	t   *testing.T
	api client
	ids []string
}

func newAnnKeys(t *testing.T, opts iamsim.Options) *annKeys {
	t.Helper()
	opts.Users = []string{"ann"}
	s := startServer(t, opts)
	s.Advance(time.Hour) // so that no read lag hides the user
	return &annKeys{Server: s, t: t, api: newClient(s, s.Root())}
}

func (s *annKeys) create() {
	s.t.Helper()
	user := "ann"
	out, err := s.api.iam.CreateAccessKey(s.t.Context(), &iam.CreateAccessKeyInput{UserName: &user})
	noError(s.t, err)
	s.ids = append(s.ids, *out.AccessKey.AccessKeyId)
}

func (s *annKeys) update(key int, status types.StatusType) {
	s.t.Helper()
	user := "ann"
	_, err := s.api.iam.UpdateAccessKey(s.t.Context(), &iam.UpdateAccessKeyInput{UserName: &user, AccessKeyId: &s.ids[key], Status: status})
	noError(s.t, err)
}

func (s *annKeys) delete(key int) {
	s.t.Helper()
	noError(s.t, deleteKey(s.t.Context(), s.api, s.ids[key]))
}

func deleteKey(ctx context.Context, c client, id string) error {
	user := "ann"
	_, err := c.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: &user, AccessKeyId: &id})
	return err
}

// wantList checks what ListAccessKeys returns, such as "0 Active".
func (s *annKeys) wantList(want ...string) {
	s.t.Helper()
	user := "ann"
	out, err := s.api.iam.ListAccessKeys(s.t.Context(), &iam.ListAccessKeysInput{UserName: &user})
	noError(s.t, err)
	var got []string
	for _, k := range out.AccessKeyMetadata {
		got = append(got, fmt.Sprint(slices.Index(s.ids, *k.AccessKeyId), " ", k.Status))
	}
	if !slices.Equal(got, want) {
		s.t.Fatalf("listed %q, want %q", got, want)
	}
}

// wantSigns checks whether a call signed with a key is accepted, and that Authenticates agrees.
func (s *annKeys) wantSigns(key int, want bool) {
	s.t.Helper()
	id := s.ids[key]
	credentials := iamsim.Credentials{AccessKeyID: id, Secret: s.Secret(id)}
	if got := s.Authenticates(id, credentials.Secret); got != want {
		s.t.Errorf("key %d authenticates: %t, want %t", key, got, want)
	}
	if err := whoAmI(s.t.Context(), newClient(s.Server, credentials)); !want {
		wantError(s.t, err, 403, "InvalidClientTokenId")
	} else {
		noError(s.t, err)
	}
}

func TestReadLag(t *testing.T) {
	t.Parallel()
	s := newAnnKeys(t, iamsim.Options{ReadLag: 5 * time.Second})
	s.create()
	s.wantList()
	s.Advance(5*time.Second - 1)
	s.wantList()
	s.Advance(1)
	s.wantList("0 Active")

	s.update(0, types.StatusTypeInactive)
	s.create()
	s.wantList("0 Active")
	s.Advance(2 * time.Second)
	s.update(0, types.StatusTypeActive)
	s.delete(1)
	s.Advance(3 * time.Second)
	// The state between the two changes.
	s.wantList("0 Inactive", "1 Active")
	s.Advance(2 * time.Second)
	s.wantList("0 Active")

	s.delete(0)
	s.wantList("0 Active")
	// Changes use the present state: the listed key is gone, and there is room for two more.
	wantError(t, deleteKey(t.Context(), s.api, s.ids[0]), 404, "NoSuchEntity")
	s.create()
	s.create()
	wantError(t, create(t.Context(), s.api, "ann"), 409, "LimitExceeded")
	s.wantList("0 Active")
	s.SetReadLag(0, 0)
	s.wantList("2 Active", "3 Active")
}

// Changes out of band are seen late, too.
func TestReadLag_outOfBand(t *testing.T) {
	t.Parallel()
	s := newAnnKeys(t, iamsim.Options{})
	s.ids = []string{s.CreateAccessKey("ann").AccessKeyID, s.CreateAccessKey("ann").AccessKeyID}
	s.Advance(time.Minute)
	s.SetReadLag(time.Minute, 0)
	s.SetStatus(s.ids[0], "Inactive")
	s.DeleteAccessKey(s.ids[1])
	s.wantList("0 Active", "1 Active")
	s.Advance(time.Minute)
	s.wantList("0 Inactive")
}

func TestReadLag_everyNth(t *testing.T) {
	t.Parallel()
	s := newAnnKeys(t, iamsim.Options{ReadLag: 5 * time.Second, ReadLagEvery: 3})
	s.create()
	for range 2 {
		s.wantList("0 Active")
		s.wantList("0 Active")
		s.wantList()
	}
	var stale []bool
	for _, call := range s.Log() {
		if call.Action == "ListAccessKeys" {
			stale = append(stale, call.Stale)
		}
	}
	if !slices.Equal(stale, []bool{false, false, true, false, false, true}) {
		t.Errorf("stale %v", stale)
	}
	s.wantList("0 Active")
	s.SetReadLag(5*time.Second, 2)
	s.wantList("0 Active")
	s.wantList()
	s.wantList("0 Active")
	s.Advance(5 * time.Second)
	s.wantList("0 Active")
}

func TestReadLag_newUser(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{ReadLag: 5 * time.Second})
	s.Advance(time.Hour)
	c := newClient(s, s.Root())
	user := "bob"
	_, err := c.iam.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &user})
	noError(t, err)
	list := func() error {
		_, err := c.iam.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: &user})
		return err
	}
	get := func() error {
		_, err := c.iam.GetUser(t.Context(), &iam.GetUserInput{UserName: &user})
		return err
	}
	users := func() int {
		out, err := c.iam.ListUsers(t.Context(), &iam.ListUsersInput{})
		noError(t, err)
		return len(out.Users)
	}
	noError(t, create(t.Context(), c, user))
	s.Advance(5*time.Second - 1)
	wantError(t, get(), 404, "NoSuchEntity")
	wantError(t, list(), 404, "NoSuchEntity")
	if got := users(); got != 1 {
		t.Errorf("%d users listed, want admin alone", got)
	}
	s.Advance(1)
	noError(t, get())
	noError(t, list())
	if got := users(); got != 2 {
		t.Errorf("%d users listed, want 2", got)
	}
}

func TestRetiredKeyDelay(t *testing.T) {
	t.Parallel()
	s := newAnnKeys(t, iamsim.Options{RetiredKeyDelay: 10 * time.Second})
	s.create()
	s.create()
	s.update(0, types.StatusTypeInactive)
	s.delete(1)
	s.wantList("0 Inactive")
	s.Advance(10*time.Second - 1)
	s.wantSigns(0, true)
	s.wantSigns(1, true)
	// Neither deleting an Inactive key nor deactivating it again restarts the delay.
	s.update(0, types.StatusTypeInactive)
	s.delete(0)
	s.Advance(1)
	s.wantSigns(0, false)
	s.wantSigns(1, false)

	s.create()
	s.SetRetiredKeyDelay(0)
	s.update(2, types.StatusTypeInactive)
	s.wantSigns(2, false)
	s.update(2, types.StatusTypeActive)
	s.wantSigns(2, true)
	s.DeleteUser("ann")
	s.wantSigns(2, false)
}

// A key that was deleted before it worked may start to work after its deletion: both changes are propagated with a delay.
func TestRetiredKeyDelay_newKey(t *testing.T) {
	t.Parallel()
	s := newAnnKeys(t, iamsim.Options{RetiredKeyDelay: 10 * time.Second})
	s.SetNewKeyDelay(8 * time.Second)
	s.create()
	s.delete(0)
	s.wantSigns(0, false)
	s.Advance(8 * time.Second)
	s.wantSigns(0, true)
	s.Advance(2 * time.Second)
	s.wantSigns(0, false)
}
