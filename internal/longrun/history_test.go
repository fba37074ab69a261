package longrun_test

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"pgregory.net/rapid"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	agesealing "github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/age"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const (
	day       = 24 * time.Hour
	twoYears  = 730 * day
	otherUser = "other"
)

// dayZero is the start of every history.
var dayZero = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// history is one random history: the simulator, the configuration, the state, and what the checks must remember.
type history struct {
	ctx  context.Context //nolint:containedctx // a history lives as long as its test
	t    *rapid.T
	sim  *iamsim.Server
	core *core
	kms  *kms.Service

	// user is the name of the user as it is configured, named the one in IAM.
	user, named string
	want        settings
	state       object
	// cadence is the time between two applies.
	cadence   time.Duration
	consumers []*consumer
	// outage and denied are the runs that the outage and the denial will still last, and deniedActions the actions denied.
	outage        int
	outageKind    iamsim.FaultKind
	outageOf      string
	denied        int
	deniedActions []string

	memory

	log       []string
	violation string
	// counts are the numbers of applies, creations and so on, by name. noops counts the runs with nothing to do.
	counts         map[string]int
	noops          int
	nextDisruption disruption
	// renameUnconfigured reports whether the configuration still has the old name of the user.
	renameUnconfigured bool
}

// memory is what the checks know about keys beyond IAM and the state.
type memory struct {
	// names are the names of the keys in the log, by id.
	names map[string]string
	// ours are the keys that the provider created.
	ours map[string]bool
	// published is the key of the last successful apply.
	published credential
	// excused are the keys that a revoke or somebody else deactivated or deleted, and that need not work.
	excused map[string]bool
	// inactive is when a key became Inactive; replaced is when the overlap of a previous key started.
	inactive, replaced map[string]time.Time
	// byUs are the Inactive keys that the provider itself deactivated.
	byUs map[string]bool
	// sealedTo is encrypted_output as it was when a ciphertext was made, for those that a request for other recipients waits for.
	sealedTo map[string]tftypes.Value
	// version is the version of the newest key.
	version int64
	// unsettled reports whether something happened since the last run that succeeded.
	unsettled bool
	// planFails reports whether the last plan failed. It will fail again as long as nothing happens.
	planFails bool
}

// credential is a key with its secret.
type credential struct {
	id     string
	secret secret.Secret
}

// simulatedClock is the clock of a machine that is ahead of AWS by skew. Sleep moves AWS's time.
type simulatedClock struct {
	sim  *iamsim.Server
	skew time.Duration
}

// Now returns the machine's time.
func (c simulatedClock) Now() time.Time { return c.sim.Now().Add(c.skew) }

// Sleep takes two seconds, whatever the pause: the provider's pauses are random, and a seed must always give the same history.
func (c simulatedClock) Sleep(ctx context.Context, _ time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.sim.Advance(2 * time.Second)
	return nil
}

// newHistory draws the options of the simulator and a configuration.
func newHistory(t *rapid.T) *history {
	var options iamsim.Options
	// Only one history in eight has an IAM that agrees at once. Some of the others answer from the past for a time, too.
	if rapid.IntRange(0, 7).Draw(t, "consistency") != 1 {
		options = iamsim.EventuallyConsistent()
		// Time passes here, so that a new key begins to work by itself.
		options.NewKeyRejects = 0
		options.NewKeyDelay = rapid.SampledFrom([]time.Duration{5 * time.Second, 0}).Draw(t, "new_key_delay")
		options.ReadLag = rapid.SampledFrom([]time.Duration{5 * time.Second, 0}).Draw(t, "read_lag")
		options.ReadLagEvery = rapid.SampledFrom([]int{0, 2, 3}).Draw(t, "one_in")
	}
	options.LastUsedGranularity = rapid.SampledFrom([]time.Duration{0, 15 * time.Minute}).Draw(t, "granularity")
	options.PageSize = rapid.SampledFrom([]int{0, 1}).Draw(t, "page_size")
	skew := rapid.SampledFrom([]time.Duration{0, 0, -400 * day, 400 * day, 40 * time.Minute}).Draw(t, "skew")
	h := emptyHistory(t, options, skew)
	h.t = t
	h.want = drawSettings(t)
	h.cadence = time.Duration(rapid.SampledFrom([]int{7, 1, 30, 91}).Draw(t, "cadence")) * day
	h.logf("config: %s; an apply every %d days; clock %v ahead; a new key works after %v", h.want, h.cadence/day, skew, options.NewKeyDelay)
	if options.StaleReads > 0 {
		h.logf("%d reads after a change do not show it; IAM lists keys as of %v ago (one time in %d; 0: always), in any order: %t; "+
			"retired keys work for %v", options.StaleReads, options.ReadLag, options.ReadLagEvery, options.ShuffleLists, options.RetiredKeyDelay)
	}
	h.addConsumers(rapid.IntRange(0, 3).Draw(t, "consumers"))
	return h
}

// testingT is what *testing.T and *rapid.T have in common.
type testingT interface {
	Context() context.Context
	Cleanup(func())
	Errorf(format string, args ...any)
}

// emptyHistory returns a history without a configuration. The machine's clock is ahead by skew.
func emptyHistory(t testingT, options iamsim.Options, skew time.Duration) *history {
	options.Start, options.Users, options.KMSAliases = dayZero, []string{"ci", otherUser}, []string{kmsAlias}
	sim := must(iamsim.Start(options))
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Errorf("close the simulator: %v", err)
		}
	})
	return &history{
		counts: map[string]int{},
		ctx:    t.Context(), sim: sim, user: "ci", named: "ci", state: object{value: null(keyType())},
		core: &core{clock: simulatedClock{sim, skew}, provider: providerBlock(sim)},
		kms: kms.New(aws.Config{
			Credentials: credentials.NewStaticCredentialsProvider(sim.Root().AccessKeyID, sim.Root().Secret.Reveal(), ""),
		}, "us-east-1", kms.Options{Endpoint: sim.URL()}),
		memory: memory{
			names: map[string]string{}, ours: map[string]bool{}, excused: map[string]bool{}, inactive: map[string]time.Time{},
			replaced: map[string]time.Time{}, byUs: map[string]bool{}, sealedTo: map[string]tftypes.Value{}, unsettled: true,
		},
	}
}

func providerBlock(sim *iamsim.Server) map[string]tftypes.Value {
	endpoints := map[string]tftypes.Value{}
	for _, service := range []string{"iam", "kms", "sts"} {
		endpoints[service] = stringValue(sim.URL())
	}
	return map[string]tftypes.Value{
		"region":     stringValue("us-east-1"),
		"access_key": stringValue(sim.Root().AccessKeyID), "secret_key": stringValue(sim.Root().Secret.Reveal()),
		// The SDK would wait in real time before it tries again.
		"retry_mode":  stringValue("standard"),
		"max_retries": tftypes.NewValue(tftypes.Number, big.NewFloat(1)),
		"endpoints":   objectValue(attributeType(providerType(), "endpoints"), endpoints),
	}
}

// logf adds a line to the log, with the names of keys instead of their ids.
func (h *history) logf(format string, args ...any) {
	text := h.withNames(fmt.Sprintf(format, args...))
	h.log = append(h.log, fmt.Sprintf("day %3d %s: %s", h.sim.Now().Sub(dayZero)/day, h.sim.Now().Format("15:04:05"), text))
}

// withNames replaces the ids of keys by their names.
func (h *history) withNames(text string) string {
	for id, name := range h.names {
		text = strings.ReplaceAll(text, id, name)
	}
	return text
}

// violate records the violation of an invariant, which ends the history.
func (h *history) violate(invariant, format string, args ...any) {
	if h.violation == "" {
		h.violation = invariant + ": " + h.withNames(fmt.Sprintf(format, args...))
	}
}

// keys returns the keys of the user, oldest first.
func (h *history) keys() []iamsim.Key { return h.sim.Keys(h.named) }

func find(keys []iamsim.Key, id string) (iamsim.Key, bool) {
	i := slices.IndexFunc(keys, func(k iamsim.Key) bool { return k.ID == id })
	if i < 0 || id == "" {
		return iamsim.Key{}, false
	}
	return keys[i], true
}

// nameKey gives a key without a name one that starts with letter.
func (h *history) nameKey(id, letter string) {
	if h.names[id] == "" {
		h.names[id] = fmt.Sprintf("%s%d", letter, len(h.names)+1)
	}
}

// publishedWorks reports whether the published secret authenticates, or need not.
func (h *history) publishedWorks() bool {
	p := h.published
	return p.id == "" || h.excused[p.id] || h.sim.Authenticates(p.id, p.secret)
}

// openSecret returns the secret of a key from the attributes of the state, decrypted if need be. ok is false if the state has
// none.
func (h *history) openSecret(plain, sealed string) (opened secret.Secret, ok bool) {
	switch {
	case plain != "":
		return secret.New(plain), true
	case sealed == "":
		return secret.Secret{}, false
	}
	var opener sealing.Opener = h.kms.Opener()
	if strings.Contains(sealed, "AGE ENCRYPTED FILE") {
		opener = agesealing.NewOpener([]string{ann.String()}, secret.Secret{})
	}
	plaintext, err := opener.Open(h.ctx, sealed)
	if err != nil {
		h.violate("secret-in-state", "the encrypted secret can't be opened: %v", err)
		return secret.Secret{}, false
	}
	parsed, err := sealing.Parse(plaintext)
	if err != nil {
		h.violate("secret-in-state", "the secret can't be parsed: %v", err)
		return secret.Secret{}, false
	}
	return parsed.Secret, true
}
