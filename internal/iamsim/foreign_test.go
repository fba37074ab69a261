package iamsim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// foreignEnv is the environment of a client that uses a key of the simulator.
func foreignEnv(t *testing.T, c iamsim.Credentials, more ...string) []string {
	t.Helper()
	return foreign.Env(t, c.AccessKeyID, c.Secret.Reveal(), more...)
}

// wantOfBoto3 runs a script of testdata as the simulator's administrator, and checks all that it prints.
func wantOfBoto3(t *testing.T, s *iamsim.Server, script string, want map[string]any, env ...string) {
	t.Helper()
	foreign.RequireBoto3(t)
	var got map[string]any
	foreign.JSON(t, &got, foreignEnv(t, s.Root(), append(env, "SIM_URL="+s.URL())...), foreign.Python, filepath.Join("testdata", script))
	for name := range want {
		if !reflect.DeepEqual(got[name], want[name]) {
			t.Errorf("%s: %v, want %v", name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d results, want %d", len(got), len(want))
	}
}

func TestForeign_boto3(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann", "denied"}})
	denied := s.CreateAccessKey("denied")
	s.Deny("denied", "iam:CreateAccessKey")

	want := map[string]any{
		"empty":        []any{},
		"third":        []any{"LimitExceeded", 409.0},
		"denied third": []any{"AccessDenied", 403.0},
		"unknown key": []any{"AccessDenied", 403.0, "User: arn:aws:iam::123456789012:user/admin is not authorized to perform " +
			"iam:GetAccessKeyLastUsed on resource: access key AKIAIOSFODNN7EXAMPLE"},
		"tag with a newline": []any{"ValidationError", 400.0},
		"tag 51":             []any{"LimitExceeded", 409.0},
		"tags":               []any{50.0, "2"},
		"user ids":           true,
		"pages":              true,
		"never used":         []any{"ann", "N/A", "N/A", nil},
		"identity":           "arn:aws:iam::123456789012:user/ann",
		"used":               []any{"ann", "sts", "eu-west-1", "2026-01-01T00:00:00+00:00"},
		"wrong signature":    []any{"SignatureDoesNotMatch", 403.0},
		"statuses":           []any{"Inactive", "Active"},
		"inactive":           []any{"InvalidClientTokenId", 403.0},
		"deleted again":      []any{"NoSuchEntity", 404.0},
		"no user":            []any{"NoSuchEntity", 404.0},
		"left":               true,
		"role":               "arn:aws:sts::123456789012:assumed-role/deploy/run",
	}
	wantOfBoto3(t, s, "boto3_client.py", want, "SIM_USER=ann", "SIM_DENIED_ID="+denied.AccessKeyID,
		"SIM_DENIED_SECRET="+denied.Secret.Reveal())
}

// cli is the AWS CLI with one set of credentials.
type cli struct {
	t   *testing.T
	url string
	env []string
}

func newCLI(t *testing.T, s *iamsim.Server, c iamsim.Credentials) cli {
	t.Helper()
	return cli{t, s.URL(), foreignEnv(t, c, "AWS_DEFAULT_REGION=eu-west-1", "AWS_MAX_ATTEMPTS=1")}
}

// run returns the decoded answer or, for a call that AWS refused, the code in the CLI's message.
func (c cli) run(args ...string) (answer map[string]any, code string) {
	c.t.Helper()
	args = append([]string{"--endpoint-url", c.url, "--output", "json"}, args...)
	command := exec.CommandContext(c.t.Context(), foreign.AWS, args...) //nolint:gosec // the path is a constant
	command.Env = c.env
	out, err := command.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		// An error occurred (NoSuchEntity) when calling the ListAccessKeys operation: ...
		_, rest, _ := strings.Cut(string(exit.Stderr), "An error occurred (")
		code, _, ok := strings.Cut(rest, ") when calling")
		if !ok {
			c.t.Fatalf("aws %v: %s", args, exit.Stderr)
		}
		return nil, code
	}
	noError(c.t, err)
	if len(out) > 0 {
		noError(c.t, json.Unmarshal(out, &answer))
	}
	return answer, ""
}

// want runs a call and compares one value, found by its path in the answer, or the code.
func (c cli) want(want any, path string, args ...string) {
	c.t.Helper()
	answer, code := c.run(args...)
	if code != "" {
		if code != want {
			c.t.Errorf("aws %s: %s, want %v", args[1], code, want)
		}
		return
	}
	var got any = answer
	for name := range strings.SplitSeq(path, ".") {
		if object, ok := got.(map[string]any); ok {
			got = object[name]
		}
	}
	if !reflect.DeepEqual(got, want) {
		c.t.Errorf("aws %s: %s is %v, want %v", args[1], path, got, want)
	}
}

func TestForeign_awsCLI(t *testing.T) {
	t.Parallel()
	foreign.RequireAWS(t)
	s := startServer(t, iamsim.Options{Users: []string{"ann"}, PageSize: 1})
	admin := newCLI(t, s, s.Root())

	created, _ := admin.run("iam", "create-access-key", "--user-name", "ann")
	first, ok := created["AccessKey"].(map[string]any)
	if !ok {
		t.Fatal("no key in the answer")
	}
	key := iamsim.Credentials{AccessKeyID: fmt.Sprint(first["AccessKeyId"]), Secret: secret.New(fmt.Sprint(first["SecretAccessKey"]))}
	if key.Secret.Reveal() != s.Secret(key.AccessKeyID).Reveal() {
		t.Fatal("the client has another secret than the server")
	}
	second := s.CreateAccessKey("ann")
	admin.want("LimitExceeded", "", "iam", "create-access-key", "--user-name", "ann")
	s.Deny("ann", "iam:CreateAccessKey")
	newCLI(t, s, second).want("AccessDenied", "", "iam", "create-access-key", "--user-name", "ann")
	s.SetLastUsed(second.AccessKeyID, time.Time{}, "", "")
	admin.want("AccessDenied", "", "iam", "get-access-key-last-used", "--access-key-id", "AKIAIOSFODNN7EXAMPLE")
	admin.want("ValidationError", "", "iam", "tag-user", "--user-name", "ann", "--tags", "Key=team,Value=a;b")
	s.AddFault(iamsim.Fault{Action: "TagUser", Nth: 1, Kind: iamsim.ConcurrentModification})
	admin.want("ConcurrentModification", "", "iam", "tag-user", "--user-name", "ann", "--tags", "Key=team,Value=a b")
	ann, _ := s.User("ann")
	users, _ := admin.run("iam", "list-users", "--query", "{ids: Users[?UserName=='ann'].UserId}")
	if ids, ok := users["ids"].([]any); !ok || len(ids) != 1 || ids[0] != ann.ID {
		t.Errorf("unique id %v, want %s", users["ids"], ann.ID)
	}

	listed, _ := admin.run("iam", "list-access-keys", "--user-name", "ann") // the CLI requests all pages
	if keys, ok := listed["AccessKeyMetadata"].([]any); !ok || len(keys) != 2 {
		t.Errorf("listed %v", listed)
	}

	own := newCLI(t, s, key)
	admin.want("N/A", "AccessKeyLastUsed.ServiceName", "iam", "get-access-key-last-used", "--access-key-id", key.AccessKeyID)
	s.Advance(24 * time.Hour)
	own.want("arn:aws:iam::123456789012:user/ann", "Arn", "sts", "get-caller-identity")
	admin.want(map[string]any{"LastUsedDate": "2026-01-02T00:00:00+00:00", "ServiceName": "sts", "Region": "eu-west-1"},
		"AccessKeyLastUsed", "iam", "get-access-key-last-used", "--access-key-id", key.AccessKeyID)
	newCLI(t, s, iamsim.Credentials{AccessKeyID: key.AccessKeyID, Secret: second.Secret}).
		want("SignatureDoesNotMatch", "", "sts", "get-caller-identity")

	admin.want(nil, "x", "iam", "update-access-key", "--user-name", "ann", "--access-key-id", key.AccessKeyID, "--status", "Inactive")
	if keys := s.Keys("ann"); keys[0].Status != "Inactive" || keys[1].Status != "Active" {
		t.Errorf("keys %+v", keys)
	}
	own.want("InvalidClientTokenId", "", "sts", "get-caller-identity")
	admin.want(nil, "x", "iam", "delete-access-key", "--user-name", "ann", "--access-key-id", key.AccessKeyID)
	admin.want("NoSuchEntity", "", "iam", "delete-access-key", "--user-name", "ann", "--access-key-id", key.AccessKeyID)
	admin.want("NoSuchEntity", "", "iam", "list-access-keys", "--user-name", "nobody")
	if keys := s.Keys("ann"); len(keys) != 1 || keys[0].ID != second.AccessKeyID {
		t.Errorf("left: %+v", keys)
	}
}
