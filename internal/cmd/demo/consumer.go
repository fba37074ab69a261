package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// consumerFileVariable names the file of the consumer. Where it is set, this program is the deploy command of
// examples/demo: it runs inside the apply of the dependant, once for each new key.
const consumerFileVariable = "IAMKEYS_DEMO_CONSUMER_FILE"

// consumer is whoever the published key is for.
type consumer interface {
	// handovers returns how many keys it was given, and how the last one came.
	handovers() (int, handover, error)
	// signs fails unless a call that is signed with the key that it holds is let in.
	signs(ctx context.Context) error
}

// handover is how a key came to its consumer.
type handover struct {
	KeyID string `json:"key_id"`
	// OldWorked and NewWorked tell whether a call signed with the old and with the new key was let in meanwhile.
	OldWorked bool `json:"old_worked"`
	NewWorked bool `json:"new_worked"`
}

// kept is what the deploy command keeps between two deployments. The file holds the secret in plain text, in a directory
// that only its owner can read and that the demo removes.
type kept struct {
	handover

	Secret    string `json:"secret"`
	Handovers int    `json:"handovers"`
}

// String implements fmt.Stringer, so that no secret is printed by mistake.
func (k kept) String() string { return "consumer of key " + k.KeyID }

// GoString implements fmt.GoStringer.
func (k kept) GoString() string { return k.String() }

// fileConsumer is the consumer of examples/demo: what its deploy command left.
type fileConsumer struct{ file, endpoint string }

// handovers implements consumer.
func (c fileConsumer) handovers() (int, handover, error) {
	k, err := readKept(c.file)
	return k.Handovers, k.handover, err
}

// signs implements consumer.
func (c fileConsumer) signs(ctx context.Context) error {
	k, err := readKept(c.file)
	if err != nil {
		return err
	}
	works, err := k.call(ctx, c.endpoint)
	if err == nil && !works {
		err = fmt.Errorf("the consumer holds key %s, which does not work", k.KeyID)
	}
	return err
}

// takeOver takes the key of the environment into file. It fails if the new key does not work.
func takeOver(ctx context.Context, file string) error {
	old, err := readKept(file)
	if err != nil {
		return err
	}
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	next := kept{Secret: os.Getenv("AWS_SECRET_ACCESS_KEY"), Handovers: old.Handovers + 1}
	next.KeyID = os.Getenv("AWS_ACCESS_KEY_ID")
	if old.KeyID != "" {
		if next.OldWorked, err = old.call(ctx, endpoint); err != nil {
			return err
		}
	}
	if next.NewWorked, err = next.call(ctx, endpoint); err != nil {
		return err
	}
	if !next.NewWorked {
		return fmt.Errorf("key %s does not work at its handover", next.KeyID)
	}
	content, err := json.Marshal(next) //nolint:gosec // the file is the consumer's own
	if err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o600) //nolint:gosec // the demo chose its name
}

// readKept reads what takeOver wrote; it is zero before the first handover.
func readKept(file string) (kept, error) {
	var k kept
	content, err := os.ReadFile(file) //nolint:gosec // the demo chose its name
	if errors.Is(err, os.ErrNotExist) {
		return k, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &k)
	}
	return k, err
}

// call reports whether a call signed with the key that was kept is let in.
func (k kept) call(ctx context.Context, endpoint string) (bool, error) {
	return signedCall(ctx, endpoint, k.KeyID, secret.New(k.Secret))
}

// signedCall reports whether sts:GetCallerIdentity, signed with a key and sent once, is let in. A refusal is no error.
func signedCall(ctx context.Context, endpoint, keyID string, key secret.Secret) (bool, error) {
	client := sts.New(sts.Options{
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(keyID, key.Reveal(), ""),
		Region:       region,
		Retryer:      aws.NopRetryer{},
	})
	_, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	var refused smithy.APIError
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &refused):
		return false, nil
	default:
		return false, fmt.Errorf("a call signed with key %s got no answer: %w", keyID, err)
	}
}
