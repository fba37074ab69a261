package iamsim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestStaleReads(t *testing.T) {
	t.Parallel()
	s := newAnnKeys(t, iamsim.Options{StaleReads: 2})
	s.create()
	s.wantList()
	s.wantList()
	s.wantList("0 Active")

	// A second change while reads are stale: they still return what was there before the first.
	s.update(0, types.StatusTypeInactive)
	s.wantList("0 Active")
	s.create()
	s.wantList("0 Active")
	s.wantList("0 Active")
	s.wantList("0 Inactive", "1 Active")

	s.delete(0)
	s.wantList("0 Inactive", "1 Active")
	wantError(t, deleteKey(t.Context(), s.api, s.ids[0]), 404, "NoSuchEntity")
	s.wantList("0 Inactive", "1 Active")
	s.wantList("1 Active")
	last := s.Log()
	if n := len(last); last[n-1].Stale || !last[n-2].Stale {
		t.Error("the log does not say which read was stale")
	}

	// No read is stale for longer than a minute.
	s.update(1, types.StatusTypeInactive)
	s.Advance(time.Minute - 1)
	s.wantList("1 Active")
	s.Advance(1)
	s.wantList("1 Inactive")
	s.update(1, types.StatusTypeActive)
	s.wantList("1 Inactive")
	s.Advance(time.Minute)

	// Changes of the test itself are seen at once.
	s.SetStatus(s.ids[1], "Inactive")
	s.wantList("1 Inactive")

	// A snapshot includes the reads that are still stale.
	s.update(1, types.StatusTypeActive)
	at := s.Snapshot()
	for range 2 {
		s.wantList("1 Inactive")
		s.wantList("1 Inactive")
		s.wantList("1 Active")
		s.Restore(at)
	}
	s.RenameUser("ann", "bea")
	out, err := s.api.iam.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: aws.String("bea")})
	noError(t, err)
	if got := aws.ToString(out.AccessKeyMetadata[0].UserName); got != "bea" {
		t.Errorf("the key of a stale read is that of %s", got)
	}
}

func TestStaleReads_newUser(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{StaleReads: 1})
	c := newClient(s, s.Root()).iam
	bob := aws.String("bob")
	for _, read := range []func() (found bool){
		func() bool { _, err := c.GetUser(t.Context(), &iam.GetUserInput{UserName: bob}); return err == nil },
		func() bool {
			_, err := c.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: bob})
			return err == nil
		},
		func() bool {
			out, err := c.ListUsers(t.Context(), &iam.ListUsersInput{})
			noError(t, err)
			return len(out.Users) == 2
		},
	} {
		_, err := c.CreateUser(t.Context(), &iam.CreateUserInput{UserName: bob})
		noError(t, err)
		if read() {
			t.Error("the first read shows the new user")
		}
		if !read() {
			t.Error("the second read does not show the new user")
		}
		s.DeleteUser("bob")
	}
}

func TestShuffleLists(t *testing.T) {
	t.Parallel()
	orders := func(opts iamsim.Options) map[string]int {
		opts.Users = []string{"ann", "bob"}
		s := startServer(t, opts)
		first, second := s.CreateAccessKey("ann"), s.CreateAccessKey("ann")
		names := strings.NewReplacer(first.AccessKeyID, "1", second.AccessKeyID, "2")
		c := newClient(s, s.Root()).iam
		seen := map[string]int{}
		for range 50 {
			var keys, users strings.Builder
			p := iam.NewListAccessKeysPaginator(c, &iam.ListAccessKeysInput{UserName: aws.String("ann")})
			for p.HasMorePages() {
				page, err := p.NextPage(t.Context())
				noError(t, err)
				for _, k := range page.AccessKeyMetadata {
					keys.WriteString(names.Replace(aws.ToString(k.AccessKeyId)))
				}
			}
			out, err := c.ListUsers(t.Context(), &iam.ListUsersInput{})
			noError(t, err)
			for _, u := range out.Users {
				users.WriteString(aws.ToString(u.UserName)[:2] + " ")
			}
			seen[keys.String()]++
			seen[users.String()]++
		}
		return seen
	}
	if seen := orders(iamsim.Options{}); seen["12"] != 50 || seen["ad an bo "] != 50 {
		t.Errorf("not shuffled: %v", seen)
	}
	if seen := orders(iamsim.Options{ShuffleLists: true}); len(seen) != 8 || seen["12"] < 10 || seen["21"] < 10 {
		t.Errorf("shuffled: %v, want both orders of the keys and all six of the users", seen)
	}
	// A marker still leads to every key once.
	if seen := orders(iamsim.Options{ShuffleLists: true, PageSize: 1}); seen["12"] != 50 {
		t.Errorf("a key in a page: %v", seen)
	}
}

func TestEventuallyConsistent(t *testing.T) {
	t.Parallel()
	s := newAnnKeys(t, iamsim.EventuallyConsistent())
	s.create()
	s.wantList()
	s.wantList("0 Active")
	s.wantSigns(0, false)
	s.wantSigns(0, true)
	s.update(0, types.StatusTypeInactive)
	s.wantSigns(0, true)
	s.Advance(10 * time.Second)
	s.wantSigns(0, false)
}
