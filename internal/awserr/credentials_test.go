package awserr_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/awserr"
)

// sourced is a provider of credentials that names its sources.
type sourced struct{ aws.CredentialsProvider }

func (sourced) ProviderSources() []aws.CredentialSource {
	return []aws.CredentialSource{aws.CredentialSourceProfile, aws.CredentialSourceSSO}
}

func TestCredentials_Retrieve(t *testing.T) {
	t.Parallel()
	want := aws.Credentials{
		AccessKeyID: "AKIA1", SecretAccessKey: "not-a-secret", SessionToken: "token", Source: credentials.StaticCredentialsName,
	}
	got, err := awserr.Credentials(credentials.NewStaticCredentialsProvider("AKIA1", "not-a-secret", "token")).Retrieve(t.Context())
	if err != nil || got != want {
		t.Errorf("got the credentials %s, %s and %v, want %s", got.AccessKeyID, got.Source, err, want.AccessKeyID)
	}
}

func TestCredentials_errors(t *testing.T) {
	t.Parallel()
	noRole := errors.New("no role found")
	_, err := awserr.Credentials(failing(noRole)).Retrieve(t.Context())
	if !errors.Is(err, noRole) || err.Error() != "no role found" {
		t.Errorf("got %v, want %v", err, noRole)
	}
	_, err = awserr.Credentials(nil).Retrieve(t.Context())
	want := awserr.Parts{Outcome: awserr.NoCredentials, Message: "no AWS credentials are configured"}
	if got := awserr.Reduce(err); got != want {
		t.Errorf("without a provider: got %+v, want %+v", got, want)
	}
}

func TestCredentials_ProviderSources(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		inner aws.CredentialsProvider
		want  []aws.CredentialSource
	}{
		"sources":    {sourced{}, []aws.CredentialSource{aws.CredentialSourceProfile, aws.CredentialSourceSSO}},
		"no sources": {failing(errors.New("unused")), nil},
		"none":       {nil, nil},
	} {
		source, ok := awserr.Credentials(tc.inner).(aws.CredentialProviderSource)
		if !ok {
			t.Fatalf("%s: no aws.CredentialProviderSource", name)
		}
		if got := source.ProviderSources(); !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %v, want %v", name, got, tc.want)
		}
	}
}
