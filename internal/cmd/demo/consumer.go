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

// consumer is what a consumer keeps between two deployments, and what it saw during the last one. The file holds the
// secret in plain text, in a directory that only its owner can read and that the demo removes.
type consumer struct {
	KeyID  string `json:"key_id"`
	Secret string `json:"secret"`
	// Handovers counts the keys that it was given.
	Handovers int `json:"handovers"`
	// OldWorked and NewWorked tell whether a call signed with the old and with the new key was let in during the last
	// handover.
	OldWorked bool `json:"old_worked"`
	NewWorked bool `json:"new_worked"`
}

// String implements fmt.Stringer, so that no secret is printed by mistake.
func (c consumer) String() string { return "consumer of key " + c.KeyID }

// GoString implements fmt.GoStringer.
func (c consumer) GoString() string { return c.String() }

// takeOver takes the key of the environment into file. It fails if the new key does not work.
func takeOver(ctx context.Context, file string) error {
	old, err := readConsumer(file)
	if err != nil {
		return err
	}
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	next := consumer{KeyID: os.Getenv("AWS_ACCESS_KEY_ID"), Secret: os.Getenv("AWS_SECRET_ACCESS_KEY"), Handovers: old.Handovers + 1}
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

// readConsumer reads what takeOver wrote; it is the zero consumer before the first handover.
func readConsumer(file string) (consumer, error) {
	var c consumer
	content, err := os.ReadFile(file) //nolint:gosec // the demo chose its name
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &c)
	}
	return c, err
}

// call reports whether a call signed with the key of c is let in.
func (c consumer) call(ctx context.Context, endpoint string) (bool, error) {
	return signedCall(ctx, endpoint, c.KeyID, secret.New(c.Secret))
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
