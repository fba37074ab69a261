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

// consumerMark is a parameter that IAM and STS ignore. It tells the calls of consumers from those of the provider.
const consumerMark = "Consumer"

var errNoConsumer = errors.New("there is no consumer")

// Handover is one apply of an iamkeystest_consumer: what its old key and its new key were worth while it ran.
type Handover struct {
	// Step is "create" or "update".
	Step string
	// OldKeyID is the key that the consumer had; empty at create.
	OldKeyID string
	// OldWorked and NewWorked tell whether a request signed with that key was let in.
	OldWorked bool
	// NewKeyID is the key that the consumer was given.
	NewKeyID  string
	NewWorked bool
}

// credentials are what a consumer was given.
type credentials struct {
	accessKeyID string
	secret      secret.Secret
}

// Journal lists the handovers so far, in the order in which they ended.
func (w *World) Journal() []Handover {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.journal)
}

// CheckConsumers is a check for test steps: what every consumer was given last authenticates now, and there is at least
// one consumer. It leaves no trace in IAM.
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

// hand gives a consumer its credentials, and writes into the journal what old and new ones are worth.
func (w *World) hand(ctx context.Context, step, consumerID string, given credentials) error {
	w.mu.Lock()
	old := w.held[consumerID]
	w.mu.Unlock()

	entry := Handover{Step: step, OldKeyID: old.accessKeyID, NewKeyID: given.accessKeyID}
	var oldErr, newErr error
	if old.accessKeyID != "" {
		entry.OldWorked, oldErr = w.signedCall(ctx, old)
	}
	entry.NewWorked, newErr = w.signedCall(ctx, given)
	if err := errors.Join(oldErr, newErr); err != nil {
		return err
	}

	w.mu.Lock()
	defer w.mu.Unlock()
	w.held[consumerID] = given
	w.journal = append(w.journal, entry)
	return nil
}

func (w *World) drop(consumerID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.held, consumerID)
}

// signedCall reports whether sts:GetCallerIdentity, signed with c and sent once, was let in. A refusal is no error.
func (w *World) signedCall(ctx context.Context, c credentials) (bool, error) {
	client := sts.New(sts.Options{
		APIOptions:   []func(*middleware.Stack) error{markConsumer},
		BaseEndpoint: aws.String(w.Sim.URL()),
		Credentials:  awscredentials.NewStaticCredentialsProvider(c.accessKeyID, c.secret.Reveal(), ""),
		Region:       "us-east-1",
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
		return false, fmt.Errorf("a call signed with key %s got no answer: %w", c.accessKeyID, err)
	}
}

// markConsumer adds consumerMark to the parameters of a call.
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
