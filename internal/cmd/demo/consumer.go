package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// consumerFileVariable is the environment variable with the file of the fileConsumer. If it is set, this program is the deploy
// command of examples/demo: each apply with a new key runs it.
const consumerFileVariable = "IAMKEYS_DEMO_CONSUMER_FILE"

// consumer is the program that the published key is for.
type consumer interface {
	// handovers returns the number of keys that the consumer was given, and the handover of the last one.
	handovers() (int, handover, error)
	// checkKey returns an error unless a call signed with the consumer's key is accepted.
	checkKey(ctx context.Context) error
}

// handover is the replacement of a consumer's key by a new one.
type handover struct {
	KeyID string `json:"key_id"`
	// OldWorked and NewWorked report whether calls signed with the old and with the new key were accepted meanwhile.
	OldWorked bool `json:"old_worked"`
	NewWorked bool `json:"new_worked"`
}

// deployed is the content of a fileConsumer's file: its key and the last handover. The secret is in plain text, in a directory
// that only its owner can read and that the demo removes.
type deployed struct {
	handover

	Secret    string `json:"secret"`
	Handovers int    `json:"handovers"`
}

// String returns the id of the key, so that the secret is not printed by mistake.
func (d deployed) String() string { return "consumer of key " + d.KeyID }

// GoString is String.
func (d deployed) GoString() string { return d.String() }

// fileConsumer is the consumer of examples/demo. The deploy command writes its file.
type fileConsumer struct{ file, endpoint string }

func (c fileConsumer) handovers() (int, handover, error) {
	d, err := readDeployed(c.file)
	return d.Handovers, d.handover, err
}

func (c fileConsumer) checkKey(ctx context.Context) error {
	d, err := readDeployed(c.file)
	if err != nil {
		return err
	}
	works, err := d.keyWorks(ctx, c.endpoint)
	if err == nil && !works {
		err = fmt.Errorf("the consumer holds key %s, which does not work", d.KeyID)
	}
	return err
}

// deploy writes the key in the environment to file. It fails if the key does not work.
func deploy(ctx context.Context, file string) error {
	old, err := readDeployed(file)
	if err != nil {
		return err
	}
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	next := deployed{Secret: os.Getenv("AWS_SECRET_ACCESS_KEY"), Handovers: old.Handovers + 1}
	next.KeyID = os.Getenv("AWS_ACCESS_KEY_ID")
	if old.KeyID != "" {
		if next.OldWorked, err = old.keyWorks(ctx, endpoint); err != nil {
			return err
		}
	}
	if next.NewWorked, err = next.keyWorks(ctx, endpoint); err != nil {
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

// readDeployed reads the file that deploy writes. Before the first handover the result is zero.
func readDeployed(file string) (deployed, error) {
	var d deployed
	content, err := os.ReadFile(file) //nolint:gosec // the demo chose its name
	if errors.Is(err, os.ErrNotExist) {
		return d, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &d)
	}
	return d, err
}

// keyWorks reports whether a call signed with the deployed key is accepted.
func (d deployed) keyWorks(ctx context.Context, endpoint string) (bool, error) {
	return acctest.KeyWorks(ctx, endpoint, d.KeyID, secret.New(d.Secret))
}
