package awserr_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/awserr"
)

// marker stands for a secret in an answer.
const marker = "K7MDENGsecret"

// operation wraps err as the SDK does with every error of a call.
func operation(err error) error {
	return &smithy.OperationError{ServiceID: "IAM", OperationName: "CreateAccessKey", Err: err}
}

// answered is the SDK's error for an answer with the status.
func answered(status int, err error) error {
	return operation(&awshttp.ResponseError{
		RequestID: "req-1",
		ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err,
		},
	})
}

// unsent is the SDK's error for a request that got no answer.
func unsent(err error) error {
	return operation(&smithyhttp.RequestSendError{Err: &url.Error{Op: "Post", URL: "https://iam.amazonaws.com/", Err: err}})
}

// marked is the SDK's error for a call that got no credentials.
func marked(t *testing.T, err error) error {
	t.Helper()
	_, failure := awserr.Credentials(failing(err)).Retrieve(t.Context())
	return operation(fmt.Errorf("get identity: %w", failure))
}

// failing has no credentials, for the reason given.
func failing(err error) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, err })
}

// timeoutError is an error as http.Client returns it for its own timeout, which is a context.DeadlineExceeded, too.
type timeoutError struct{}

func (timeoutError) Error() string {
	return "request canceled (Client.Timeout exceeded while awaiting headers)"
}

func (timeoutError) Timeout() bool { return true }

func (timeoutError) Temporary() bool { return true }

func (timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

func TestReduce(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	certificate := &tls.CertificateVerificationError{Err: errors.New("unknown authority")}
	noSuchUser := &smithy.GenericAPIError{Code: "NoSuchEntity", Message: "The user ci cannot be found.\n\n" + marker}
	broken := &smithy.DeserializationError{Err: errors.New(marker), Snapshot: []byte(marker)}
	const from = "no answer from https://iam.amazonaws.com/"
	for name, tc := range map[string]struct {
		err  error
		want awserr.Parts
	}{
		"an error code": {
			answered(404, noSuchUser),
			awserr.Parts{
				Outcome: awserr.Answered, HTTPStatus: 404, RequestID: "req-1", Code: "NoSuchEntity", Message: "The user ci cannot be found.",
			},
		},
		"an answer that breaks off": {
			answered(200, broken),
			awserr.Parts{Outcome: awserr.Unreadable, HTTPStatus: 200, RequestID: "req-1", Message: "the answer cannot be read"},
		},
		"an error code without an answer": {operation(noSuchUser), awserr.Parts{}},
		"no answer, connection refused": {
			unsent(refused),
			awserr.Parts{Outcome: awserr.NoAnswer, Message: from + ": dial tcp: connection refused", Cause: refused},
		},
		"no answer, unknown authority": {
			unsent(certificate),
			awserr.Parts{Outcome: awserr.NoAnswer, Message: from + ": " + certificate.Error(), Cause: certificate},
		},
		"no answer, timeout of the client": {
			unsent(timeoutError{}),
			awserr.Parts{Outcome: awserr.NoAnswer, Message: from + ": " + timeoutError{}.Error(), Cause: timeoutError{}},
		},
		"no answer, context canceled": {
			unsent(fmt.Errorf("%s: %w", marker, context.Canceled)),
			awserr.Parts{Outcome: awserr.NoAnswer, Message: from + ": context canceled", Cause: context.Canceled},
		},
		"no answer, deadline of the context": {
			unsent(fmt.Errorf("%s: %w", marker, context.DeadlineExceeded)),
			awserr.Parts{Outcome: awserr.NoAnswer, Message: from + ": context deadline exceeded", Cause: context.DeadlineExceeded},
		},
		"no answer, connection closed": {
			unsent(fmt.Errorf("%s: %w", marker, io.EOF)),
			awserr.Parts{Outcome: awserr.NoAnswer, Message: from + ": EOF", Cause: io.EOF},
		},
		"no answer, not TLS": {
			unsent(http.ErrSchemeMismatch),
			awserr.Parts{Outcome: awserr.NoAnswer, Message: from + ": " + http.ErrSchemeMismatch.Error(), Cause: http.ErrSchemeMismatch},
		},
		"no answer, not HTTP": {
			unsent(errors.New("malformed HTTP response " + marker)),
			awserr.Parts{Outcome: awserr.NoAnswer, Message: from},
		},
		"no answer, no URL": {
			operation(&smithyhttp.RequestSendError{Err: errors.New(marker)}),
			awserr.Parts{Outcome: awserr.NoAnswer, Message: "no answer"},
		},
		"no answer, status 0": {
			answered(0, &smithyhttp.RequestSendError{Err: io.EOF}),
			awserr.Parts{Outcome: awserr.NoAnswer, Message: "no answer: EOF", Cause: io.EOF},
		},
		"context canceled": {
			operation(&smithy.CanceledError{Err: fmt.Errorf("%s: %w", marker, context.Canceled)}),
			awserr.Parts{Outcome: awserr.Canceled, Message: "context canceled", Cause: context.Canceled},
		},
		"deadline of the context": {
			operation(&smithy.CanceledError{Err: context.DeadlineExceeded}),
			awserr.Parts{Outcome: awserr.Canceled, Message: "context deadline exceeded", Cause: context.DeadlineExceeded},
		},
		"not sent": {operation(errors.New(marker)), awserr.Parts{}},
		"no credentials": {
			marked(t, errors.New("no role found\n"+marker)),
			awserr.Parts{Outcome: awserr.NoCredentials, Message: "no role found"},
		},
		"no credentials, by an answer of STS": {
			marked(t, answered(403, &smithy.GenericAPIError{Code: "AccessDenied", Message: "not authorized"})),
			awserr.Parts{
				Outcome: awserr.NoCredentials,
				Message: "operation error IAM: CreateAccessKey, https response error StatusCode: 403, RequestID: req-1, " +
					"api error AccessDenied: not authorized",
			},
		},
		"no credentials, by an answer that breaks off": {
			marked(t, answered(200, broken)),
			awserr.Parts{Outcome: awserr.NoCredentials, Message: "the answer with the credentials cannot be read"},
		},
		"no credentials, context canceled": {
			marked(t, context.Canceled),
			awserr.Parts{Outcome: awserr.NoCredentials, Message: "context canceled", Cause: context.Canceled},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := awserr.Reduce(tc.err)
			if strings.Contains(fmt.Sprintf("%+v %#v", got, got), marker) {
				t.Fatal("the parts show the answer")
			}
			if got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"no role found": errors.New(" no role found \n\nquoted: " + marker),
		"the answer with the credentials cannot be read": fmt.Errorf("assume role: %w", &smithy.DeserializationError{Err: errors.New(marker)}),
	} {
		if got := awserr.Text(err); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
