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

// scene is a client of the user ann, whose keys are called by the order in which they were made.
type scene struct {
	*iamsim.Server
	t   *testing.T
	api client
	ids []string
}

func newScene(t *testing.T, opts iamsim.Options) *scene {
	t.Helper()
	opts.Users = []string{"ann"}
	s := startServer(t, opts)
	s.Advance(time.Hour) // the user is nothing new
	return &scene{Server: s, t: t, api: newClient(s, s.Root())}
}

func (s *scene) create() {
	s.t.Helper()
	user := "ann"
	out, err := s.api.iam.CreateAccessKey(s.t.Context(), &iam.CreateAccessKeyInput{UserName: &user})
	noError(s.t, err)
	s.ids = append(s.ids, *out.AccessKey.AccessKeyId)
}

func (s *scene) update(key int, status types.StatusType) {
	s.t.Helper()
	user := "ann"
	_, err := s.api.iam.UpdateAccessKey(s.t.Context(), &iam.UpdateAccessKeyInput{UserName: &user, AccessKeyId: &s.ids[key], Status: status})
	noError(s.t, err)
}

func (s *scene) remove(key int) {
	s.t.Helper()
	noError(s.t, remove(s.t.Context(), s.api, s.ids[key]))
}

func remove(ctx context.Context, c client, id string) error {
	user := "ann"
	_, err := c.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: &user, AccessKeyId: &id})
	return err
}

// lists checks what ListAccessKeys shows, such as "0 Active".
func (s *scene) lists(want ...string) {
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

// signs checks whether a call signed by a key is let in, and that Authenticates says the same.
func (s *scene) signs(key int, want bool) {
	s.t.Helper()
	id := s.ids[key]
	made := iamsim.Credentials{AccessKeyID: id, Secret: s.Secret(id)}
	if got := s.Authenticates(id, made.Secret); got != want {
		s.t.Errorf("key %d authenticates: %t, want %t", key, got, want)
	}
	if err := whoAmI(s.t.Context(), newClient(s.Server, made)); !want {
		wantError(s.t, err, 403, "InvalidClientTokenId")
	} else {
		noError(s.t, err)
	}
}

func TestReadLag(t *testing.T) {
	t.Parallel()
	s := newScene(t, iamsim.Options{ReadLag: 5 * time.Second})
	s.create()
	s.lists()
	s.Advance(5*time.Second - 1)
	s.lists()
	s.Advance(1)
	s.lists("0 Active")

	s.update(0, types.StatusTypeInactive)
	s.create()
	s.lists("0 Active")
	s.Advance(2 * time.Second)
	s.update(0, types.StatusTypeActive)
	s.remove(1)
	s.Advance(3 * time.Second)
	// What was true between the two changes.
	s.lists("0 Inactive", "1 Active")
	s.Advance(2 * time.Second)
	s.lists("0 Active")

	s.remove(0)
	s.lists("0 Active")
	// Changes know the present: a listed key is gone, and there is room for two more.
	wantError(t, remove(t.Context(), s.api, s.ids[0]), 404, "NoSuchEntity")
	s.create()
	s.create()
	wantError(t, create(t.Context(), s.api, "ann"), 409, "LimitExceeded")
	s.lists("0 Active")
	s.SetReadLag(0, 0)
	s.lists("2 Active", "3 Active")
}

// Out of band or not, a change is heard of late.
func TestReadLag_scene(t *testing.T) {
	t.Parallel()
	s := newScene(t, iamsim.Options{})
	s.ids = []string{s.CreateAccessKey("ann").AccessKeyID, s.CreateAccessKey("ann").AccessKeyID}
	s.Advance(time.Minute)
	s.SetReadLag(time.Minute, 0)
	s.SetStatus(s.ids[0], "Inactive")
	s.DeleteAccessKey(s.ids[1])
	s.lists("0 Active", "1 Active")
	s.Advance(time.Minute)
	s.lists("0 Inactive")
}

func TestReadLag_someServers(t *testing.T) {
	t.Parallel()
	s := newScene(t, iamsim.Options{ReadLag: 5 * time.Second, ReadLagEvery: 3})
	s.create()
	for range 2 {
		s.lists("0 Active")
		s.lists("0 Active")
		s.lists()
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
	s.lists("0 Active")
	s.SetReadLag(5*time.Second, 2)
	s.lists("0 Active")
	s.lists()
	s.lists("0 Active")
	s.Advance(5 * time.Second)
	s.lists("0 Active")
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

func TestRetiredKeys(t *testing.T) {
	t.Parallel()
	s := newScene(t, iamsim.Options{RetiredKeyDelay: 10 * time.Second})
	s.create()
	s.create()
	s.update(0, types.StatusTypeInactive)
	s.remove(1)
	s.lists("0 Inactive")
	s.Advance(10*time.Second - 1)
	s.signs(0, true)
	s.signs(1, true)
	// Deleting an Inactive key gives it no more time, and neither does deactivating it again.
	s.update(0, types.StatusTypeInactive)
	s.remove(0)
	s.Advance(1)
	s.signs(0, false)
	s.signs(1, false)

	s.create()
	s.SetRetiredKeyDelay(0)
	s.update(2, types.StatusTypeInactive)
	s.signs(2, false)
	s.update(2, types.StatusTypeActive)
	s.signs(2, true)
	s.DeleteUser("ann")
	s.signs(2, false)
}

// A key that was deleted before it worked: a server may have heard of its creation and not yet of its end.
func TestRetiredKeys_new(t *testing.T) {
	t.Parallel()
	s := newScene(t, iamsim.Options{RetiredKeyDelay: 10 * time.Second})
	s.SetNewKeyDelay(8 * time.Second)
	s.create()
	s.remove(0)
	s.signs(0, false)
	s.Advance(8 * time.Second)
	s.signs(0, true)
	s.Advance(2 * time.Second)
	s.signs(0, false)
}
