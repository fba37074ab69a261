//go:build live

package e2e_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
)

const (
	// livePath and livePrefix mark the users that these tests make, so that a policy can be limited to them.
	livePath   = "/iamkeys-live/"
	livePrefix = "iamkeys-live-"
	// liveAge is how old a user must be for the sweeper: no live test takes longer, so nobody works with it any more.
	liveAge = 30 * time.Minute
	// liveSlack is how long a date may be past before its step must show in a plan.
	liveSlack = 30 * time.Second
)

// liveEnvironment is what acctest.Main takes out of the environment.
var liveEnvironment = os.Environ()

// live is a real account, or the emulator that AWS_ENDPOINT_URL names.
type live struct {
	t     *testing.T
	clock clock.Clock
	aws   aws.Config
	iam   *iam.Client
}

// newLive gives the test back the environment's settings for AWS. The tests change an account, so that a build tag alone
// is not enough to run them.
func newLive(t *testing.T) *live {
	t.Helper()
	for _, name := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"} {
		t.Setenv(name, "")
	}
	for name, value := range liveSettings() {
		t.Setenv(name, value)
	}
	if os.Getenv("IAMKEYS_LIVE") != "1" {
		t.Fatal("this test makes and deletes IAM users, named " + livePrefix + "*, in the account of your AWS credentials, or in the " +
			"emulator that AWS_ENDPOINT_URL names: set IAMKEYS_LIVE=1 to allow it")
	}
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithDefaultRegion("us-east-1"))
	if err != nil {
		t.Fatal(err)
	}
	return &live{t: t, clock: clock.System(), aws: cfg, iam: iam.NewFromConfig(cfg)}
}

// liveSettings are the variables that lead to AWS.
func liveSettings() map[string]string {
	settings := map[string]string{}
	for _, entry := range liveEnvironment {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "AWS_") || name == "HOME" || name == "HTTPS_PROXY" || name == "NO_PROXY" {
			settings[name] = value
		}
	}
	return settings
}

// TestLive_cycle takes a key through its life in real time: about a minute and a half, and somewhat more on AWS itself.
func TestLive_cycle(t *testing.T) { //nolint:paralleltest // newLive sets the environment.
	l := newLive(t)
	user := l.createUser()
	s := acctest.NewBinaryStory(t)
	s.CLI.Setenv("AWS_EC2_METADATA_DISABLED", "")
	for name, value := range liveSettings() {
		s.CLI.Setenv(name, value)
	}
	s.ProviderHCL = `provider "iamkeys" {}`
	s.Write(acctest.Shortest().With(acctest.Args{"user": fmt.Sprintf("%q", user)}))

	l.step(s, "created")
	first, firstSecret := s.Value("access_key_id"), s.Value("secret_access_key")
	l.wantKeys(user, first+" Active")

	l.due(s, "rotate_at")
	l.step(s, "rotated")
	second := s.Value("access_key_id")
	if second == first {
		t.Fatal("the key was not rotated")
	}
	l.wantKeys(user, first+" Active", second+" Active")
	l.wantWorks(first, firstSecret, true)

	l.due(s, "previous.deactivate_at")
	l.step(s, "deactivated the previous key")
	l.wantKeys(user, first+" Inactive", second+" Active")
	l.wantWorks(first, firstSecret, false)

	l.due(s, "previous.delete_at")
	l.step(s, "deleted the previous key")
	l.wantKeys(user, second+" Active")

	l.due(s, "rotate_at")
	l.step(s, "rotated again")
	l.wantKeys(user, second+" Active", s.Value("access_key_id")+" Active")

	s.Destroy()
	l.wantKeys(user)
}

// step applies, and fails the test unless the published secret works and nothing is left to do.
func (l *live) step(s *acctest.Story, what string) {
	l.t.Helper()
	s.CLI.Apply()
	s.CLI.Want(0)
	l.t.Logf("%s: %s", s.Value("access_key_id"), what)
	l.wantWorks(s.Value("access_key_id"), s.Value("secret_access_key"), true)
}

// due waits for a date of the state. Before it a plan must be empty, and soon after it not.
func (l *live) due(s *acctest.Story, date string) {
	l.t.Helper()
	at, err := time.Parse(time.RFC3339, s.Value(date))
	if err != nil {
		l.t.Fatalf("%s: %v", date, err)
	}
	// Two clocks may differ by a little, and a plan takes its time.
	if l.clock.Now().Before(at.Add(-5 * time.Second)) {
		s.CLI.Plan()
		s.CLI.Want(0)
	}
	l.sleep(at.Sub(l.clock.Now()))
	for {
		if s.CLI.Plan().ExitCode == 2 {
			return
		}
		s.CLI.Want(0)
		if l.clock.Now().After(at.Add(liveSlack)) {
			l.t.Fatalf("no step is planned %v after %s", liveSlack, date)
		}
		l.sleep(time.Second)
	}
}

func (l *live) sleep(d time.Duration) {
	l.t.Helper()
	if err := l.clock.Sleep(l.t.Context(), max(d, 0)); err != nil {
		l.t.Fatal(err)
	}
}

// wantWorks fails the test unless a key authenticates, or does not. AWS takes seconds for both.
func (l *live) wantWorks(id, secret string, want bool) {
	l.t.Helper()
	client := sts.NewFromConfig(l.aws, func(o *sts.Options) {
		o.Credentials = awscredentials.NewStaticCredentialsProvider(id, secret, "")
	})
	end := l.clock.Now().Add(liveSlack)
	for {
		_, err := client.GetCallerIdentity(l.t.Context(), &sts.GetCallerIdentityInput{})
		if (err == nil) == want {
			return
		}
		if l.clock.Now().After(end) {
			l.t.Fatalf("key %s authenticates: %t, want %t (%v)", id, err == nil, want, err)
		}
		l.sleep(time.Second)
	}
}

// wantKeys fails the test unless the user has these keys, each as id and status, within the time that a list may take.
func (l *live) wantKeys(user string, want ...string) {
	l.t.Helper()
	end := l.clock.Now().Add(liveSlack)
	for {
		got := map[string]bool{}
		for _, key := range l.keys(l.t.Context(), user) {
			got[key] = true
		}
		matched := len(got) == len(want)
		for _, key := range want {
			matched = matched && got[key]
		}
		if matched {
			return
		}
		if l.clock.Now().After(end) {
			l.t.Fatalf("keys of %s: %v, want %q", user, got, want)
		}
		l.sleep(time.Second)
	}
}

// keys are those of a user, each as id and status.
func (l *live) keys(ctx context.Context, user string) []string {
	l.t.Helper()
	listed, err := l.iam.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: &user})
	if err != nil {
		l.t.Fatal(err)
	}
	var keys []string
	for _, key := range listed.AccessKeyMetadata {
		keys = append(keys, aws.ToString(key.AccessKeyId)+" "+string(key.Status))
	}
	return keys
}

// createUser creates a user with a name of its own, for the length of the test.
func (l *live) createUser() string {
	l.t.Helper()
	user := livePrefix + strings.ToLower(rand.Text()[:12])
	if _, err := l.iam.CreateUser(l.t.Context(), &iam.CreateUserInput{UserName: &user, Path: aws.String(livePath)}); err != nil {
		l.t.Fatal(err)
	}
	ctx := context.WithoutCancel(l.t.Context())
	l.t.Cleanup(func() { l.deleteUser(ctx, user) })
	return user
}

// deleteUser deletes a user with its keys.
func (l *live) deleteUser(ctx context.Context, user string) {
	l.t.Helper()
	for _, key := range l.keys(ctx, user) {
		id, _, _ := strings.Cut(key, " ")
		if _, err := l.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: &user, AccessKeyId: &id}); err != nil {
			l.t.Error(err)
		}
	}
	if _, err := l.iam.DeleteUser(ctx, &iam.DeleteUserInput{UserName: &user}); err != nil {
		l.t.Error(err)
	}
}

// TestSweep_users deletes the users that live tests left behind when they were killed.
func TestSweep_users(t *testing.T) { //nolint:paralleltest // newLive sets the environment.
	l := newLive(t)
	pages := iam.NewListUsersPaginator(l.iam, &iam.ListUsersInput{PathPrefix: aws.String(livePath)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, user := range page.Users {
			name := aws.ToString(user.UserName)
			if !strings.HasPrefix(name, livePrefix) || l.clock.Now().Sub(aws.ToTime(user.CreateDate)) < liveAge {
				continue
			}
			t.Logf("sweep %s", name)
			l.deleteUser(t.Context(), name)
		}
	}
}
