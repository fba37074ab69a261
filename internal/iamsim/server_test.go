package iamsim_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestStart_addresses(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "[::]:0", "example.com:0"} {
		if _, err := iamsim.Start(iamsim.Options{Addr: addr}); !errors.Is(err, iamsim.ErrNotLoopback) {
			t.Errorf("%s: %v, want ErrNotLoopback", addr, err)
		}
	}
	for _, addr := range []string{"127.0.0.1:0", "127.0.0.2:0", "localhost:0"} {
		s, err := iamsim.Start(iamsim.Options{Addr: addr})
		noError(t, err)
		if !strings.HasPrefix(s.URL(), "http://127.0.0.") && !strings.HasPrefix(s.URL(), "http://[::1]:") {
			t.Errorf("%s: %s", addr, s.URL())
		}
		noError(t, s.Close())
		noError(t, s.Close())
	}
}

func TestStart_badOptions(t *testing.T) {
	t.Parallel()
	for _, opts := range []iamsim.Options{
		{AccountID: "12345"}, {AccountID: "12345678901x"}, {Users: []string{"a b"}}, {Users: []string{"Admin"}}, {Addr: "nowhere"},
	} {
		if s, err := iamsim.Start(opts); err == nil {
			t.Errorf("%+v: started", opts)
			noError(t, s.Close())
		}
	}
}

func TestServer_panicsOnMisuse(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"full"}})
	s.CreateAccessKey("full")
	s.CreateAccessKey("full")
	for name, do := range map[string]func(){
		"taken name":    func() { s.CreateUser("FULL") },
		"missing user":  func() { s.RenameUser("missing", "x") },
		"deleted user":  func() { s.DeleteUser("missing") },
		"third key":     func() { s.CreateAccessKey("full") },
		"status":        func() { s.SetStatus(s.Keys("full")[0].ID, "inactive") },
		"missing key":   func() { s.DeleteAccessKey("AKIAIOSFODNN7EXAMPLE") },
		"no last use":   func() { s.SetLastUsed("AKIAIOSFODNN7EXAMPLE", start, "s3", "us-east-1") },
		"no secret":     func() { s.Secret("AKIAIOSFODNN7EXAMPLE") },
		"no such fault": func() { s.AddFault(iamsim.Fault{Kind: "Broken"}) },
		"bad pattern":   func() { s.Deny("*", "iam:[") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			do()
		})
	}
	if keys := s.Keys("missing"); keys != nil {
		t.Errorf("keys of a user that does not exist: %v", keys)
	}
	if _, ok := s.User("missing"); ok {
		t.Error("found a user that does not exist")
	}
}

// ask calls the admin API and checks the status; a 200 is decoded into out.
func ask(t *testing.T, s *iamsim.Server, method, path, body string, status int, out any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, http.NoBody)
	noError(t, err)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	got := (&request{r, body}).send(t)
	if got.status != status {
		t.Fatalf("%s %s: %d %s", method, path, got.status, got.body)
	}
	if status == http.StatusOK {
		noError(t, json.Unmarshal([]byte(got.body), out))
	}
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Admin: true})
	var moved struct{ Now time.Time }
	ask(t, s, "POST", "/_admin/advance", `{"by":"24h"}`, 200, &moved)
	if !moved.Now.Equal(start.AddDate(0, 0, 1)) || !s.Now().Equal(moved.Now) {
		t.Errorf("moved to %v", moved.Now)
	}

	var created iamsim.User
	ask(t, s, "POST", "/_admin/users", `{"name":"ann"}`, 200, &created)
	if ann, ok := s.User("ann"); !ok || ann.ID != created.ID || created.ARN != ann.ARN {
		t.Errorf("created %+v", created)
	}

	var keys []iamsim.Key
	ask(t, s, "GET", "/_admin/keys?user=ann", "", 200, &keys)
	if keys == nil || len(keys) != 0 {
		t.Errorf("keys %v", keys)
	}
	id := s.CreateAccessKey("ann").AccessKeyID
	var used iamsim.Key
	use := `{"access_key_id":"` + id + `","at":"2026-01-01T12:00:00Z","service":"s3","region":"us-west-2"}`
	ask(t, s, "POST", "/_admin/last-used", use, 200, &used)
	ask(t, s, "GET", "/_admin/keys?user=ann", "", 200, &keys)
	if len(keys) != 1 || keys[0] != used || used != s.Keys("ann")[0] ||
		!used.LastUsedAt.Equal(start.Add(12*time.Hour)) || used.LastUsedService != "s3" {
		t.Errorf("keys %+v", keys)
	}

	wantError(t, create(t.Context(), newClient(s, s.Root()), "nobody"), 404, "NoSuchEntity")
	var log []iamsim.Call
	ask(t, s, "GET", "/_admin/log", "", 200, &log)
	if len(log) != 1 || log[0].Action != "CreateAccessKey" || log[0].Status != 404 || log[0].User != "nobody" {
		t.Errorf("log %+v", log)
	}

	var set map[string]any
	ask(t, s, "POST", "/_admin/consistency", `{"read_lag":"5s","read_lag_every":2,"new_key_delay":"8s","retired_key_delay":"10s"}`, 200, &set)
	if len(set) != 4 || set["read_lag"] != "5s" {
		t.Errorf("set %v", set)
	}
	young := s.CreateAccessKey("ann")
	if s.Authenticates(young.AccessKeyID, young.Secret) {
		t.Error("a new key works at once")
	}
	s.Advance(8 * time.Second)
	s.DeleteAccessKey(young.AccessKeyID)
	if !s.Authenticates(young.AccessKeyID, young.Secret) {
		t.Error("a deleted key does not work any more")
	}
	for range 2 {
		_, err := newClient(s, s.Root()).iam.GetUser(t.Context(), &iam.GetUserInput{UserName: aws.String("ann")})
		noError(t, err)
	}
	if log := s.Log(); log[len(log)-2].Stale || !log[len(log)-1].Stale {
		t.Error("not every second read is stale")
	}
	ask(t, s, "POST", "/_admin/consistency", `{}`, 200, &set)

	for _, bad := range [][2]string{
		{"/_admin/consistency", `{"read_lag":"5"}`},
		{"/_admin/advance", `{"by":"1 day"}`},
		{"/_admin/advance", `{"days":1}`},
		{"/_admin/users", `{"name":"ANN"}`},
		{"/_admin/users", `not json`},
		{"/_admin/last-used", `{"access_key_id":"AKIAIOSFODNN7EXAMPLE"}`},
	} {
		ask(t, s, "POST", bad[0], bad[1], 400, nil)
	}
}

// A page in a browser on the same machine can send requests to loopback, under a name of its own that resolves to it, or as a form.
func TestAdmin_foreignPage(t *testing.T) {
	t.Parallel()
	const advance, keys = "POST /_admin/advance", "GET /_admin/keys"
	for name, test := range map[string]struct {
		request, host, contentType string
		want                       int
	}{
		"address":              {advance, "127.0.0.1:80", "application/json", 200},
		"IPv6 address":         {advance, "[::1]:8080", "application/json", 200},
		"localhost":            {advance, "LocalHost", "application/json", 200},
		"read":                 {keys, "localhost:1", "", 200},
		"another name":         {advance, "pages.example", "application/json", 403},
		"loopback in a name":   {advance, "127.0.0.1.pages.example", "application/json", 403},
		"localhost in a name":  {advance, "localhost.pages.example:80", "application/json", 403},
		"another address":      {advance, "192.0.2.1", "application/json", 403},
		"read of another name": {keys, "pages.example:80", "", 403},
		"form":                 {advance, "localhost", "application/x-www-form-urlencoded", 415},
		"text":                 {advance, "localhost", "text/plain; charset=application/json", 415},
		"no type":              {advance, "localhost", "", 415},
		"malformed type":       {advance, "localhost", "application/json;;", 415},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, iamsim.Options{Admin: true})
			method, path, _ := strings.Cut(test.request, " ")
			r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, http.NoBody)
			noError(t, err)
			r.Host = test.host
			if test.contentType != "" {
				r.Header.Set("Content-Type", test.contentType)
			}
			got := (&request{r, `{"by":"24h"}`}).send(t)
			if got.status != test.want {
				t.Errorf("%d %s, want %d", got.status, got.body, test.want)
			}
			if moved := !s.Now().Equal(start); moved != (test.want == 200 && method == http.MethodPost) {
				t.Errorf("the clock moved: %t", moved)
			}
		})
	}
}
