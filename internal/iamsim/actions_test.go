package iamsim_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

func TestUsers(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{AccountID: "000000000042"})
	c := newClient(s, s.Root()).iam
	ctx := t.Context()

	created, err := c.CreateUser(ctx, &iam.CreateUserInput{
		UserName: aws.String("Ann"),
		Path:     aws.String("/r&d/"),
		Tags:     []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("a + b")}},
	})
	noError(t, err)
	if got := aws.ToString(created.User.Arn); got != "arn:aws:iam::000000000042:user/r&d/Ann" {
		t.Errorf("arn %s", got)
	}
	if got := aws.ToString(created.User.UserId); !regexp.MustCompile(`^AIDA[A-Z2-7]{17}$`).MatchString(got) {
		t.Errorf("user id %s", got)
	}
	if !aws.ToTime(created.User.CreateDate).Equal(start) || aws.ToString(created.User.Path) != "/r&d/" {
		t.Errorf("created %v below %s", created.User.CreateDate, aws.ToString(created.User.Path))
	}

	// IAM compares names without case, and answers with the name as it was given.
	got, err := c.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("ANN")})
	noError(t, err)
	if aws.ToString(got.User.UserName) != "Ann" || aws.ToString(got.User.UserId) != aws.ToString(created.User.UserId) {
		t.Errorf("got %s %s", aws.ToString(got.User.UserName), aws.ToString(got.User.UserId))
	}
	if len(got.User.Tags) != 1 || aws.ToString(got.User.Tags[0].Value) != "a + b" {
		t.Errorf("tags %v", got.User.Tags)
	}

	_, err = c.UpdateUser(ctx, &iam.UpdateUserInput{UserName: aws.String("Ann"), NewUserName: aws.String("Bea"), NewPath: aws.String("/")})
	noError(t, err)
	_, err = c.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("Ann")})
	wantError(t, err, 404, "NoSuchEntity")
	bea, ok := s.User("bea")
	if !ok || bea.ID != aws.ToString(created.User.UserId) || bea.ARN != "arn:aws:iam::000000000042:user/Bea" {
		t.Errorf("renamed user: %+v", bea)
	}

	_, err = c.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("Bea")})
	noError(t, err)
	again := s.CreateUser("Bea")
	if again.ID == bea.ID {
		t.Error("a user created again has the old id")
	}
}

func TestGetUser_caller(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	got, err := newClient(s, s.CreateAccessKey("ann")).iam.GetUser(t.Context(), &iam.GetUserInput{})
	noError(t, err)
	if aws.ToString(got.User.UserName) != "ann" {
		t.Errorf("caller %s", aws.ToString(got.User.UserName))
	}
	if calls := s.Log(); calls[0].User != "ann" {
		t.Errorf("logged for %q", calls[0].User)
	}
}

func TestListUsers(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{})
	c := newClient(s, s.Root()).iam
	for i := range 5 {
		_, err := c.CreateUser(t.Context(), &iam.CreateUserInput{
			UserName: aws.String(fmt.Sprintf("u%d", i)),
			Path:     aws.String([]string{"/even/", "/odd/"}[i%2]),
		})
		noError(t, err)
	}

	tests := map[string]struct {
		prefix *string
		max    *int32
		want   []string
		pages  int
	}{
		"all":            {nil, nil, []string{"admin", "u0", "u1", "u2", "u3", "u4"}, 1},
		"by two":         {nil, aws.Int32(2), []string{"admin", "u0", "u1", "u2", "u3", "u4"}, 3},
		"exactly a page": {nil, aws.Int32(6), []string{"admin", "u0", "u1", "u2", "u3", "u4"}, 1},
		"below a path":   {aws.String("/even/"), aws.Int32(2), []string{"u0", "u2", "u4"}, 2},
		"part of a path": {aws.String("/od"), nil, []string{"u1", "u3"}, 1},
		"none":           {aws.String("/none/"), nil, nil, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			pages := 0
			p := iam.NewListUsersPaginator(c, &iam.ListUsersInput{PathPrefix: tt.prefix, MaxItems: tt.max})
			for p.HasMorePages() {
				out, err := p.NextPage(t.Context())
				noError(t, err)
				pages++
				for _, u := range out.Users {
					got = append(got, aws.ToString(u.UserName))
				}
			}
			if !slices.Equal(got, tt.want) || pages != tt.pages {
				t.Errorf("%v in %d pages, want %v in %d", got, pages, tt.want, tt.pages)
			}
		})
	}
}

func TestListUsers_deletedBetweenPages(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"b", "c", "d"}, PageSize: 2})
	c := newClient(s, s.Root()).iam
	first, err := c.ListUsers(t.Context(), &iam.ListUsersInput{})
	noError(t, err)
	s.DeleteUser("b") // the last one of the first page
	rest, err := c.ListUsers(t.Context(), &iam.ListUsersInput{Marker: first.Marker})
	noError(t, err)
	if len(rest.Users) != 2 || aws.ToString(rest.Users[0].UserName) != "c" || rest.IsTruncated {
		t.Errorf("second page: %d users", len(rest.Users))
	}
}

func TestAccessKeys(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}, PageSize: 1})
	c := newClient(s, s.Root()).iam
	ctx, ann := t.Context(), aws.String("ann")

	first, err := c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: ann})
	noError(t, err)
	id := aws.ToString(first.AccessKey.AccessKeyId)
	if !regexp.MustCompile(`^AKIA[A-Z2-7]{16}$`).MatchString(id) {
		t.Errorf("key id %s", id)
	}
	sec := secret.New(aws.ToString(first.AccessKey.SecretAccessKey))
	if !regexp.MustCompile(`^[A-Za-z0-9+/]{40}$`).MatchString(sec.Reveal()) ||
		!strings.Contains(sec.Reveal(), "+") || !strings.Contains(sec.Reveal(), "/") {
		t.Error("the secret is not like AWS's")
	}
	if s.Secret(id).Reveal() != sec.Reveal() || !s.Authenticates(id, sec) || s.Authenticates(id, secret.New("other")) {
		t.Error("the server does not know the secret that it returned")
	}

	s.Advance(90*24*time.Hour + 500*time.Millisecond)
	second := s.CreateAccessKey("ann")
	_, err = c.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: ann, AccessKeyId: &id, Status: iamtypes.StatusTypeInactive})
	noError(t, err)

	var listed []iamtypes.AccessKeyMetadata
	p := iam.NewListAccessKeysPaginator(c, &iam.ListAccessKeysInput{UserName: ann})
	for p.HasMorePages() {
		out, err := p.NextPage(ctx)
		noError(t, err)
		if len(out.AccessKeyMetadata) != 1 {
			t.Fatalf("a page of %d", len(out.AccessKeyMetadata))
		}
		listed = append(listed, out.AccessKeyMetadata...)
	}
	if len(listed) != 2 || aws.ToString(listed[0].AccessKeyId) != id || aws.ToString(listed[1].AccessKeyId) != second.AccessKeyID {
		t.Fatalf("listed %d keys, or in the wrong order", len(listed))
	}
	if listed[0].Status != "Inactive" || listed[1].Status != "Active" || !aws.ToTime(listed[1].CreateDate).Equal(start.AddDate(0, 0, 90)) {
		t.Errorf("statuses %s %s, second created %v", listed[0].Status, listed[1].Status, listed[1].CreateDate)
	}

	_, err = c.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: ann, AccessKeyId: &id})
	noError(t, err)
	want := []iamsim.Key{{ID: second.AccessKeyID, User: "ann", Status: "Active", CreatedAt: start.AddDate(0, 0, 90)}}
	if got := s.Keys("ann"); !slices.Equal(got, want) {
		t.Errorf("keys %+v, want %+v", got, want)
	}
	if s.Secret(id).Reveal() != sec.Reveal() || len(s.IssuedSecrets()) != 2 {
		t.Error("secrets of deleted keys are forgotten, or Root's is among them")
	}
}

func TestAccessKeys_renamedUser(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	key := s.CreateAccessKey("ann")
	s.RenameUser("ann", "bea")
	c := newClient(s, s.Root()).iam
	_, err := c.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{UserName: aws.String("ann"), AccessKeyId: &key.AccessKeyID})
	wantError(t, err, 404, "NoSuchEntity")
	used, err := c.GetAccessKeyLastUsed(t.Context(), &iam.GetAccessKeyLastUsedInput{AccessKeyId: &key.AccessKeyID})
	noError(t, err)
	if aws.ToString(used.UserName) != "bea" || s.Keys("bea")[0].User != "bea" {
		t.Errorf("owner %s", aws.ToString(used.UserName))
	}
	identity, err := newClient(s, key).sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	noError(t, err)
	if aws.ToString(identity.Arn) != "arn:aws:iam::123456789012:user/bea" {
		t.Errorf("identity %s", aws.ToString(identity.Arn))
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	c := newClient(s, s.Root()).iam
	ctx, ann := t.Context(), aws.String("ann")
	tag := func(key, value string) iamtypes.Tag { return iamtypes.Tag{Key: &key, Value: &value} }

	_, err := c.TagUser(ctx, &iam.TagUserInput{UserName: ann, Tags: []iamtypes.Tag{tag("b", "1"), tag("a", ""), tag("c", "3")}})
	noError(t, err)
	_, err = c.TagUser(ctx, &iam.TagUserInput{UserName: ann, Tags: []iamtypes.Tag{tag("B", "2")}})
	noError(t, err)
	_, err = c.UntagUser(ctx, &iam.UntagUserInput{UserName: ann, TagKeys: []string{"C", "not there"}})
	noError(t, err)
	out, err := c.ListUserTags(ctx, &iam.ListUserTagsInput{UserName: ann, MaxItems: aws.Int32(1)})
	noError(t, err)
	if len(out.Tags) != 1 || aws.ToString(out.Tags[0].Key) != "a" || !out.IsTruncated {
		t.Errorf("first page %v", out.Tags)
	}
	u, _ := s.User("ann")
	if want := map[string]string{"a": "", "B": "2"}; !maps.Equal(u.Tags, want) {
		t.Errorf("tags %v, want %v", u.Tags, want)
	}

	many := make([]iamtypes.Tag, 49)
	for i := range many {
		many[i] = tag(fmt.Sprint(i), "")
	}
	_, err = c.TagUser(ctx, &iam.TagUserInput{UserName: ann, Tags: many})
	wantError(t, err, 409, "LimitExceeded")
	if u, _ := s.User("ann"); len(u.Tags) != 2 {
		t.Errorf("%d tags after a refused call, want 2", len(u.Tags))
	}
	_, err = c.TagUser(ctx, &iam.TagUserInput{UserName: ann, Tags: many[:48]})
	noError(t, err)
	_, err = c.TagUser(ctx, &iam.TagUserInput{UserName: ann, Tags: []iamtypes.Tag{tag("b", "new"), tag("one more", "")}})
	wantError(t, err, 409, "LimitExceeded")
	_, err = c.TagUser(ctx, &iam.TagUserInput{UserName: ann, Tags: []iamtypes.Tag{tag("b", "3")}}) // replaces B
	noError(t, err)
	if u, _ := s.User("ann"); len(u.Tags) != 50 || u.Tags["b"] != "3" {
		t.Errorf("%d tags, b is %q", len(u.Tags), u.Tags["b"])
	}
	_, err = c.TagUser(ctx, &iam.TagUserInput{UserName: ann, Tags: []iamtypes.Tag{tag("x", ""), tag("X", "")}})
	wantError(t, err, 400, "InvalidInput")
}

func TestTags_characters(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	const tooLong = "failed to satisfy constraint: Member must have length less than or equal to "
	const pattern = `Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*`
	for _, tt := range []struct{ key, value, want string }{
		{"Ab0 _.:/=+-@é日 Ⅷ", "Ab0 _.:/=+-@é日 Ⅷ", ""},
		{strings.Repeat("é", 128), strings.Repeat("é", 256), ""},
		{"k", "", ""},
		{"", "v", "'' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{strings.Repeat("k", 129), "v", "' at 'tags.1.member.key' " + tooLong + "128"},
		{"k", strings.Repeat("v", 257), "' at 'tags.1.member.value' " + tooLong + "256"},
		{"a,b", "v", "'a,b' at 'tags.1.member.key' failed to satisfy constraint: " + pattern},
		{"k", "a\nb", "'a\nb' at 'tags.1.member.value' failed to satisfy constraint: " + pattern},
		{"k", "a\tb", "'a\tb' at 'tags.1.member.value' failed to satisfy constraint: " + pattern},
		{"k", "(a)", "'(a)' at 'tags.1.member.value' failed to satisfy constraint: " + pattern},
		{"k", "🔑", "'🔑' at 'tags.1.member.value' failed to satisfy constraint: " + pattern},
	} {
		_, err := newClient(s, s.Root()).iam.TagUser(t.Context(), &iam.TagUserInput{
			UserName: aws.String("ann"), Tags: []iamtypes.Tag{{Key: &tt.key, Value: &tt.value}},
		})
		if tt.want == "" {
			noError(t, err)
			continue
		}
		wantError(t, err, 400, "ValidationError")
		if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q = %q: %v, want %s", tt.key, tt.value, err, tt.want)
		}
	}
	if u, _ := s.User("ann"); len(u.Tags) != 3 {
		t.Errorf("tags %v, want 3", u.Tags)
	}
}

func TestLastUsed(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	key := s.CreateAccessKey("ann")
	admin, own := newClient(s, s.Root()), newClient(s, key)
	ask := func() (string, string, *time.Time) {
		t.Helper()
		out, err := admin.iam.GetAccessKeyLastUsed(t.Context(), &iam.GetAccessKeyLastUsedInput{AccessKeyId: &key.AccessKeyID})
		noError(t, err)
		used := out.AccessKeyLastUsed
		return aws.ToString(used.ServiceName), aws.ToString(used.Region), used.LastUsedDate
	}

	if service, region, at := ask(); service != "N/A" || region != "N/A" || at != nil {
		t.Errorf("never used: %s %s %v", service, region, at)
	}
	if !s.Authenticates(key.AccessKeyID, key.Secret) || !s.Keys("ann")[0].LastUsedAt.IsZero() {
		t.Error("Authenticates returned false, or recorded a use")
	}

	s.Advance(36 * time.Hour)
	_, err := own.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	noError(t, err)
	if service, region, at := ask(); service != "sts" || region != "eu-central-1" || !aws.ToTime(at).Equal(start.Add(36*time.Hour)) {
		t.Errorf("after a call: %s %s %v", service, region, at)
	}

	// As in IAM, a denied call is a use, and a call that does not authenticate is none.
	s.Advance(time.Hour)
	s.Deny("ann", "iam:*")
	_, err = own.iam.GetUser(t.Context(), &iam.GetUserInput{})
	wantError(t, err, 403, "AccessDenied")
	used := start.Add(37 * time.Hour)
	if service, _, at := ask(); service != "iam" || !aws.ToTime(at).Equal(used) {
		t.Errorf("after a denied call: %s %v", service, at)
	}
	s.Advance(time.Hour)
	forged := newClient(s, iamsim.Credentials{AccessKeyID: key.AccessKeyID, Secret: secret.New("guess")})
	_, err = forged.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantError(t, err, 403, "SignatureDoesNotMatch")
	if got := s.Keys("ann")[0].LastUsedAt; !got.Equal(used) {
		t.Errorf("after a forged call: %v", got)
	}

	s.SetLastUsed(key.AccessKeyID, start, "s3", "us-west-2")
	if service, region, at := ask(); service != "s3" || region != "us-west-2" || !aws.ToTime(at).Equal(start) {
		t.Errorf("set: %s %s %v", service, region, at)
	}
	s.SetLastUsed(key.AccessKeyID, time.Time{}, "", "")
	if service, _, at := ask(); service != "N/A" || at != nil {
		t.Errorf("set to never: %s %v", service, at)
	}
}

func TestLastUsed_granularity(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}, LastUsedGranularity: 15 * time.Minute})
	key := s.CreateAccessKey("ann")
	c := newClient(s, key).sts
	for _, step := range []struct{ advance, want time.Duration }{{0, 0}, {15*time.Minute - time.Second, 0}, {time.Second, 15 * time.Minute}} {
		s.Advance(step.advance)
		_, err := c.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		noError(t, err)
		if got := s.Keys("ann")[0].LastUsedAt; !got.Equal(start.Add(step.want)) {
			t.Errorf("at %v: last used %v, want %v after the start", s.Now(), got, step.want)
		}
	}
}
