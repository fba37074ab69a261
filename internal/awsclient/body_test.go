package awsclient

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/middleware"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// doer is an HTTP client that is one function.
type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// TestPlainBody looks at the body of each attempt of a request: it is whole, and once it is closed it has just ended.
func TestPlainBody(t *testing.T) {
	t.Parallel()
	var bodies []string
	gateway := iamgate.New(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(testKeyID, testSecret, ""),
		APIOptions:  []func(*middleware.Stack) error{plainBody},
		HTTPClient: doer(func(r *http.Request) (*http.Response, error) {
			if _, ok := r.Body.(io.WriterTo); ok {
				t.Error("the body is an io.WriterTo")
			}
			content, err := io.ReadAll(r.Body)
			if err != nil || int64(len(content)) != r.ContentLength {
				t.Errorf("body %q, %v, want %d bytes", content, err, r.ContentLength)
			}
			bodies = append(bodies, string(content))
			if err := r.Body.Close(); err != nil {
				t.Error(err)
			}
			if n, err := io.Copy(io.Discard, r.Body); n != 0 || err != nil {
				t.Errorf("%d bytes of a closed body, %v", n, err)
			}
			return &http.Response{StatusCode: http.StatusInternalServerError, Body: http.NoBody, Header: http.Header{}}, nil
		}),
	}, iamgate.Options{})
	if _, err := gateway.ListAccessKeys(t.Context(), "ci"); err == nil {
		t.Error("no error")
	}
	if len(bodies) < 2 || bodies[0] != bodies[1] || !strings.Contains(bodies[0], "Action=ListAccessKeys&UserName=ci") {
		t.Errorf("bodies %q, want the same in each attempt", bodies)
	}
}

// TestNew_largeAnswers has a server whose answers are so large that they are still read when the request has ended. None may be asked
// for again.
func TestNew_largeAnswers(t *testing.T) {
	t.Parallel()
	const user = `<member><UserName>ann</UserName><Path>/</Path><UserId>AIDA2</UserId><Arn>arn:aws:iam::123456789012:user/ann</Arn>` +
		`<CreateDate>2026-11-01T12:00:00Z</CreateDate></member>`
	list := `<R><ListUsersResult><Users>` + strings.Repeat(user, 1000) + `</Users></ListUsersResult></R>`
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, list)
	}))
	t.Cleanup(server.Close)
	s := exampleSettings()
	s.Endpoints.IAM, s.MaxRetries = server.URL, aws.Int64(5)
	clients := mustNew(t, s, Options{})
	const lists = 50
	for range lists {
		for _, err := range clients.Gateway.Users(t.Context(), "/") {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := requests.Load(); n != lists {
		t.Errorf("%d requests for %d lists", n, lists)
	}
}
