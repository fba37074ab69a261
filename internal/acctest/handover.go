package acctest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// consumerMark is a request parameter that IAM and STS ignore. It marks the calls of consumers in the simulator's log.
const consumerMark = "Consumer"

var errNoConsumer = errors.New("there is no consumer")

// Handover is one apply of an iamkeystest_consumer: whether its old key and its new key worked meanwhile.
type Handover struct {
	// Step is "create" or "update".
	Step string
	// OldKeyID is the id of the key that the consumer had; empty for "create".
	OldKeyID string
	// OldWorked reports whether a request signed with the old key was accepted.
	OldWorked bool
	// NewKeyID is the id of the key that the consumer was given.
	NewKeyID string
	// NewWorked reports whether a request signed with the new key was accepted.
	NewWorked bool
}

// credentials are the key that a consumer was given.
type credentials struct {
	accessKeyID string
	secret      secret.Secret
}

// Journal returns the handovers so far, in the order in which they ended.
func (w *World) Journal() []Handover {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.journal)
}

// CheckConsumers is a check for test steps. It returns an error unless there is a consumer and the key of each one
// authenticates. It is not a use of the key that IAM records.
func (w *World) CheckConsumers(*terraform.State) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.held) == 0 {
		return errNoConsumer
	}
	for id, held := range w.held {
		if !w.Sim.Authenticates(held.accessKeyID, held.secret) {
			return fmt.Errorf("consumer %s holds key %s, which does not authenticate", id, held.accessKeyID)
		}
	}
	return nil
}

func (w *World) newConsumerID() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serial++
	return "consumer-" + strconv.Itoa(w.serial)
}

// giveKey gives a consumer its key, and adds to the journal whether the old key and the new one work.
func (w *World) giveKey(ctx context.Context, step, consumerID string, given credentials) error {
	w.mu.Lock()
	old := w.held[consumerID]
	w.mu.Unlock()

	entry := Handover{Step: step, OldKeyID: old.accessKeyID, NewKeyID: given.accessKeyID}
	var oldErr, newErr error
	if old.accessKeyID != "" {
		entry.OldWorked, oldErr = w.keyWorks(ctx, old)
	}
	entry.NewWorked, newErr = w.keyWorks(ctx, given)
	if err := errors.Join(oldErr, newErr); err != nil {
		return err
	}

	w.mu.Lock()
	defer w.mu.Unlock()
	w.held[consumerID] = given
	w.journal = append(w.journal, entry)
	return nil
}

func (w *World) removeConsumer(consumerID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.held, consumerID)
}

func (w *World) keyWorks(ctx context.Context, c credentials) (bool, error) {
	return KeyWorks(ctx, w.Sim.URL(), c.accessKeyID, c.secret)
}

// KeyWorks sends one call of sts:GetCallerIdentity, signed with an access key, and reports whether it was accepted. A refusal is
// not an error. World.Calls does not count the call.
func KeyWorks(ctx context.Context, endpoint, accessKeyID string, key secret.Secret) (bool, error) {
	client := sts.New(sts.Options{
		APIOptions:   []func(*middleware.Stack) error{markConsumer},
		BaseEndpoint: aws.String(endpoint),
		Credentials:  awscredentials.NewStaticCredentialsProvider(accessKeyID, key.Reveal(), ""),
		Region:       "us-east-1",
		Retryer:      aws.NopRetryer{},
	})
	_, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err == nil {
		return true, nil
	}
	if _, refused := errors.AsType[smithy.APIError](err); refused {
		return false, nil
	}
	return false, fmt.Errorf("no answer to a call signed with key %s: %w", accessKeyID, err)
}

// markConsumer adds consumerMark to the parameters of each call.
func markConsumer(stack *middleware.Stack) error {
	return stack.Serialize.Add(middleware.SerializeMiddlewareFunc("MarkConsumer", func(
		ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler,
	) (middleware.SerializeOutput, middleware.Metadata, error) {
		request, ok := in.Request.(*smithyhttp.Request)
		if !ok {
			return middleware.SerializeOutput{}, middleware.Metadata{}, fmt.Errorf("unexpected request %T", in.Request)
		}
		marked, err := request.SetStream(strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15&" + consumerMark + "=true"))
		if err != nil {
			return middleware.SerializeOutput{}, middleware.Metadata{}, err
		}
		in.Request = marked
		return next.HandleSerialize(ctx, in)
	}), middleware.After)
}
