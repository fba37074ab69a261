package sessmtp_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sessmtp"
)

// exampleKey is the secret of AWS's own examples.
const exampleKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

// published are the test values of ses_smtp_password_v4 in the hashicorp/aws provider, which works with SES.
var published = []struct{ key, region, password string }{
	{"some+secret+key", "eu-central-1", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"},
	{"another+secret+key", "eu-central-1", "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh"},
	{"some+secret+key", "us-west-1", "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"},
	{"another+secret+key", "us-west-1", "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF"},
}

func TestPassword_published(t *testing.T) {
	t.Parallel()
	for _, test := range published {
		got, err := sessmtp.Password(secret.New(test.key), test.region)
		if err != nil {
			t.Fatalf("%s: %v", test.region, err)
		}
		if got.Reveal() != test.password {
			t.Errorf("%s: the password differs from the published one", test.region)
		}
	}
}

// TestPassword_openSSL signs step by step with openssl, as AWS describes it.
func TestPassword_openSSL(t *testing.T) {
	t.Parallel()
	foreign.Require(t, "openssl", "openssl", "version")
	for _, region := range []string{"us-east-1", "ap-southeast-3", "us-gov-west-1", "eusc-de-east-1"} {
		t.Run(region, func(t *testing.T) {
			t.Parallel()
			signature := []byte("AWS4" + exampleKey)
			for _, part := range []string{"11111111", region, "ses", "aws4_request", "SendRawEmail"} {
				signature = opensslHMAC(t, signature, part)
			}
			got, err := sessmtp.Password(secret.New(exampleKey), region)
			if err != nil {
				t.Fatal(err)
			}
			if want := base64.StdEncoding.EncodeToString(append([]byte{4}, signature...)); got.Reveal() != want {
				t.Error("the password differs from openssl's")
			}
		})
	}
}

// opensslHMAC returns the HMAC-SHA256 of text, computed by openssl.
func opensslHMAC(t *testing.T, key []byte, text string) []byte {
	t.Helper()
	hexKey := "hexkey:" + hex.EncodeToString(key)
	command := exec.CommandContext(t.Context(), "openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", hexKey, "-binary")
	command.Stdin = strings.NewReader(text)
	var out, stderr bytes.Buffer
	command.Stdout, command.Stderr = &out, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("openssl: %v: %s", err, stderr.String())
	}
	return out.Bytes()
}

func TestPassword_form(t *testing.T) {
	t.Parallel()
	passwords := map[string]bool{}
	for _, region := range []string{
		"us-east-1", "us-west-2", "ap-northeast-3", "af-south-1", "il-central-1", "mx-central-1", "us-gov-east-1", "us-iso-east-1",
		"us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "cn-northwest-1", "eusc-de-east-1",
	} {
		got, err := sessmtp.Password(secret.New(exampleKey), region)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := base64.StdEncoding.DecodeString(got.Reveal())
		if err != nil || len(raw) != 33 || raw[0] != 4 {
			t.Errorf("%s: the password is not 33 bytes in base64 that begin with 4", region)
		}
		if passwords[got.Reveal()] {
			t.Errorf("%s: the password is that of another region", region)
		}
		passwords[got.Reveal()] = true
	}
}

func TestPassword_regions(t *testing.T) {
	t.Parallel()
	for _, region := range []string{
		"", "us", "us-east", "us-east-", "us-east-1a", "US-EAST-1", " us-east-1", "us-east-1\n", "us_east_1", "aws-global",
		"email-smtp.us-east-1.amazonaws.com",
		"us-east-100", "u-east-1", "us--1", "us-1", "us-a-b-c-d-1", "us-éast-1", "us-" + strings.Repeat("east", 30) + "-1",
	} {
		got, err := sessmtp.Password(secret.New(exampleKey), region)
		var wrong *sessmtp.RegionError
		if !errors.As(err, &wrong) || wrong.Region != region || !got.IsZero() {
			t.Errorf("region %q: error %v, want a *RegionError that names it, and no password", region, err)
		}
		if err != nil && strings.Contains(err.Error(), exampleKey) {
			t.Errorf("region %q: the error shows the secret", region)
		}
	}
	if got, want := (&sessmtp.RegionError{Region: "x"}).Error(), `not an AWS Region: "x"`; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
}

func TestPassword_secrets(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]secret.Secret{
		"absent":    {},
		"empty":     secret.New(""),
		"line end":  secret.New(exampleKey + "\n"),
		"blank":     secret.New(" " + exampleKey),
		"JSON":      secret.New(`{"SecretAccessKey":"` + exampleKey + `"}`),
		"encrypted": secret.New("-----BEGIN AGE ENCRYPTED FILE-----"),
		"two lines": secret.New(exampleKey + "\n" + exampleKey),
	} {
		got, err := sessmtp.Password(key, "us-east-1")
		if !errors.Is(err, sessmtp.ErrNotASecret) || !got.IsZero() {
			t.Errorf("%s: error %v, want ErrNotASecret and no password", name, err)
		}
	}
	if text := sessmtp.ErrNotASecret.Error(); text != "not a secret access key" {
		t.Errorf("error %q", text)
	}
}
