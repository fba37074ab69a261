package iamsim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func newKMSRequest(t *testing.T, s *iamsim.Server, target, body string) *request {
	t.Helper()
	r := newRequest(t, s, nil)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", target)
	r.body = body
	return r
}

// TestKMS_wire asserts whole documents. Requests are signed for us-east-1.
func TestKMS_wire(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{KMSAliases: []string{"alias/secrets"}})
	root := s.Root()
	denied := s.CreateKMSKey("us-east-1", "alias/denied")
	s.SetKMSPolicy(denied, map[string][]string{"kms:DescribeKey": nil})
	const noKey = "00000000-0000-4000-8000-000000000000"
	for name, tt := range map[string]struct {
		target, service, body string
		status                int
		want                  string
	}{
		"no such key": {
			"TrentService.DescribeKey", "kms", `{"KeyId":"` + noKey + `"}`, 400,
			`{"__type":"NotFoundException","message":"Key 'arn:aws:kms:us-east-1:123456789012:key/` + noKey + `' does not exist"}`,
		},
		"no message": {
			"TrentService.Decrypt", "kms", `{"CiphertextBlob":"eA=="}`, 400,
			`{"__type":"InvalidCiphertextException"}`,
		},
		"access denied": {
			"TrentService.DescribeKey", "kms", `{"KeyId":"alias/denied"}`, 400,
			`{"Message":"User: arn:aws:iam::123456789012:user/admin is not authorized to perform: kms:DescribeKey on resource: ` + denied +
				` because no resource-based policy allows the kms:DescribeKey action","__type":"AccessDeniedException"}`,
		},
		"no JSON": {"TrentService.Encrypt", "kms", `KeyId=x`, 400, `{"__type":"SerializationException"}`},
		"no base64": {
			"TrentService.Encrypt", "kms", `{"KeyId":"alias/secrets","Plaintext":"?"}`, 400,
			`{"__type":"SerializationException"}`,
		},
		"context of number": {"TrentService.Encrypt", "kms", `{"EncryptionContext":{"a":1}}`, 400, `{"__type":"SerializationException"}`},
		"unknown action":    {"TrentService.ListKeys", "kms", `{}`, 400, `{"__type":"UnknownOperationException"}`},
		"action of IAM":     {"TrentService.ListUsers", "kms", `{}`, 400, `{"__type":"UnknownOperationException"}`},
		"another service": {
			"DynamoDB_20120810.Encrypt", "dynamodb", `{}`, 400,
			`{"__type":"UnknownOperationException"}`,
		},
		"signed for another service": {
			"TrentService.Encrypt", "iam", `{}`, 400,
			`{"__type":"InvalidSignatureException","message":"Credential should be scoped to correct service: 'kms'. "}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newKMSRequest(t, s, tt.target, tt.body).sign(t, root, tt.service).send(t)
			if got.status != tt.status || got.body != tt.want {
				t.Errorf("%d %s\nwant %d %s", got.status, got.body, tt.status, tt.want)
			}
			if got.header.Get("Content-Type") != "application/x-amz-json-1.1" || !requestIDPattern.MatchString(got.header.Get("X-Amzn-Requestid")) ||
				got.header.Get("Date") != "Thu, 01 Jan 2026 00:00:00 GMT" {
				t.Errorf("headers %v", got.header)
			}
		})
	}

	got := newKMSRequest(t, s, "TrentService.Encrypt", `{"KeyId":"alias/secrets","Plaintext":"dGV4dA=="}`).sign(t, root, "kms").send(t)
	if got.status != http.StatusOK || !strings.HasPrefix(got.body, `{"CiphertextBlob":"AQICAH`) ||
		!strings.Contains(got.body, `","EncryptionAlgorithm":"SYMMETRIC_DEFAULT","KeyId":"arn:aws:kms:us-east-1:123456789012:key/`) {
		t.Errorf("%d %s", got.status, got.body)
	}

	unsigned := newKMSRequest(t, s, "TrentService.Encrypt", `{}`).send(t)
	if unsigned.status != http.StatusBadRequest || !strings.Contains(unsigned.body, `"MissingAuthenticationTokenException"`) {
		t.Errorf("unsigned: %d %s", unsigned.status, unsigned.body)
	}
	// The Query protocol does not know the actions of KMS.
	query := newRequest(t, s, iamParams("Encrypt")).sign(t, root, "kms").send(t)
	if query.status != http.StatusBadRequest || !strings.Contains(query.body, "<Code>InvalidAction</Code>") {
		t.Errorf("as a form: %d %s", query.status, query.body)
	}
	for _, call := range s.Log() {
		if call.Params["Plaintext"] != "" || call.Params["CiphertextBlob"] != "" {
			t.Error("a payload was logged")
		}
	}
}

func TestKMS_admin(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Admin: true})
	var created struct{ ARN string }
	ask(t, s, "POST", "/_admin/kms-keys", `{"region":"eu-west-1","alias":"alias/x"}`, 200, &created)
	if !strings.HasPrefix(created.ARN, "arn:aws:kms:eu-west-1:123456789012:key/") {
		t.Errorf("created %s", created.ARN)
	}
	s.SetKMSState(created.ARN, "Disabled")
	ask(t, s, "POST", "/_admin/kms-keys", `{"region":"eu-west-1"}`, 200, &created)
	for _, bad := range []string{`{"region":"eu-west-1","alias":"alias/x"}`, `{"region":"eu-west-1","alias":"x"}`, `{"alias":"alias/y"}`} {
		ask(t, s, "POST", "/_admin/kms-keys", bad, 400, nil)
	}
}

func TestKMS_panicsOnMisuse(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{})
	arn := s.CreateKMSKey("eu-west-1", "alias/x")
	s.CreateKMSKey("eu-west-2", "alias/x")
	for name, do := range map[string]func(){
		"taken alias": func() { s.CreateKMSKey("eu-west-1", "alias/x") },
		"bad alias":   func() { s.MoveKMSAlias("x", arn) },
		"bad region":  func() { s.CreateKMSKey("Europe", "") },
		"no key":      func() { s.DeleteKMSKey("arn:aws:kms:eu-west-1:123456789012:key/x") },
		"bad state":   func() { s.SetKMSState(arn, "Off") },
		"bad action":  func() { s.SetKMSPolicy(arn, map[string][]string{"Encrypt": nil}) },
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
	if other, err := iamsim.Start(iamsim.Options{KMSAliases: []string{"secrets"}}); err == nil {
		t.Error("started with a bad alias")
		noError(t, other.Close())
	}
}
