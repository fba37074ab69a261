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

// dayZero is where every story begins.
var dayZero = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// story is one random story: the world, what is configured and recorded, and what a judge must remember.
type story struct {
	ctx  context.Context //nolint:containedctx // a story is as long as the test that it is told in
	t    *rapid.T
	sim  *iamsim.Server
	core *core
	kms  *kms.Service

	// user is the name of the user as it is configured, named the one in IAM.
	user, named string
	want        settings
	state       object
	// cadence is how often somebody applies.
	cadence   time.Duration
	consumers []*consumer
	// outage lasts for that many more runs.
	outage     int
	outageKind iamsim.FaultKind
	outageOf   string
	denied     int

	memory

	words  []string
	broken string
	// counts are what happened, by name; quiet are the applies in a row that had nothing to do.
	counts map[string]int
	quiet  int
	// ahead is the trouble of the next apply with a step.
	ahead trouble
	// followed tells that the configuration has still the old name of the user.
	followed bool
}

// memory is what a judge knows of keys beyond what IAM and the state tell.
type memory struct {
	// names are what the story calls the keys, by id.
	names map[string]string
	made  int
	// ours are the keys that the provider made.
	ours map[string]bool
	// published is the key of the last successful apply.
	published credential
	// excused are keys that are cut off by a revoke or by somebody else.
	excused map[string]bool
	// inactive is since when a key is Inactive, replaced when the overlap of a previous key began.
	inactive, replaced map[string]time.Time
	// byUs are the Inactive keys that the provider deactivated.
	byUs map[string]bool
	// version is that of the newest key.
	version int64
	// uneasy tells that something happened since the last clean run.
	uneasy bool
	// stuck tells that the last plan failed, and will fail again as long as nothing happens.
	stuck bool
}

// credential is a key with its secret.
type credential struct {
	id     string
	secret secret.Secret
}

// storyClock is the clock of a machine that is skew ahead of AWS. To wait moves AWS's time.
type storyClock struct {
	sim  *iamsim.Server
	skew time.Duration
}

// Now implements clock.Clock.
func (c storyClock) Now() time.Time { return c.sim.Now().Add(c.skew) }

// Sleep implements clock.Clock. It takes two seconds however long the pause, since the provider's pauses are random and
// a story must come out the same when it is told again.
func (c storyClock) Sleep(ctx context.Context, _ time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.sim.Advance(2 * time.Second)
	return nil
}

// begin draws a world and a configuration.
func begin(t *rapid.T) *story {
	options := iamsim.Options{
		Start: dayZero, Users: []string{"ci", otherUser}, KMSAliases: []string{kmsAlias},
		NewKeyDelay:         rapid.SampledFrom([]time.Duration{0, 5 * time.Second}).Draw(t, "new_key_delay"),
		LastUsedGranularity: rapid.SampledFrom([]time.Duration{0, 15 * time.Minute}).Draw(t, "granularity"),
		PageSize:            rapid.SampledFrom([]int{0, 1}).Draw(t, "page_size"),
	}
	if rapid.IntRange(0, 3).Draw(t, "consistency") == 1 {
		options.ReadLag, options.RetiredKeyDelay = 5*time.Second, 10*time.Second
		options.ReadLagEvery = rapid.SampledFrom([]int{0, 2, 3}).Draw(t, "one_in")
	}
	sim := must(iamsim.Start(options))
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Errorf("close the simulator: %v", err)
		}
	})
	s := &story{
		counts: map[string]int{},
		ctx:    t.Context(), t: t, sim: sim, user: "ci", named: "ci", state: object{value: null(keyType())},
		memory: memory{
			names: map[string]string{}, ours: map[string]bool{}, excused: map[string]bool{}, inactive: map[string]time.Time{},
			replaced: map[string]time.Time{}, byUs: map[string]bool{}, uneasy: true,
		},
	}
	skew := rapid.SampledFrom([]time.Duration{0, 0, -400 * day, 400 * day, 40 * time.Minute}).Draw(t, "skew")
	s.core = &core{clock: storyClock{sim, skew}, provider: providerBlock(sim)}
	s.kms = kms.New(aws.Config{
		Credentials: credentials.NewStaticCredentialsProvider(sim.Root().AccessKeyID, sim.Root().Secret.Reveal(), ""),
	}, "us-east-1", kms.Options{Endpoint: sim.URL()})
	s.want = drawSettings(t)
	s.cadence = time.Duration(rapid.SampledFrom([]int{7, 1, 30, 91}).Draw(t, "cadence")) * day
	s.say("config: %s; an apply every %d days; clock %v ahead; a new key works after %v", s.want, s.cadence/day, skew, options.NewKeyDelay)
	if options.ReadLag > 0 {
		s.say("IAM lists keys as of %v ago (one time in %d; 0: always), and retired keys work for %v",
			options.ReadLag, options.ReadLagEvery, options.RetiredKeyDelay)
	}
	s.hire(rapid.IntRange(0, 3).Draw(t, "consumers"))
	return s
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
		"endpoints":   record(attributeType(providerType(), "endpoints"), endpoints),
	}
}

// say adds a sentence to the story. Keys go by their names.
func (s *story) say(format string, args ...any) {
	text := s.plain(fmt.Sprintf(format, args...))
	s.words = append(s.words, fmt.Sprintf("day %3d %s: %s", s.sim.Now().Sub(dayZero)/day, s.sim.Now().Format("15:04:05"), text))
}

// plain puts the names of keys in the place of their ids.
func (s *story) plain(text string) string {
	for id, name := range s.names {
		text = strings.ReplaceAll(text, id, name)
	}
	return text
}

// violate ends the story: an invariant broke.
func (s *story) violate(invariant, format string, args ...any) {
	if s.broken == "" {
		s.broken = invariant + ": " + s.plain(fmt.Sprintf(format, args...))
	}
}

// keys are the keys of the user, oldest first.
func (s *story) keys() []iamsim.Key { return s.sim.Keys(s.named) }

func find(keys []iamsim.Key, id string) (iamsim.Key, bool) {
	i := slices.IndexFunc(keys, func(k iamsim.Key) bool { return k.ID == id })
	if i < 0 || id == "" {
		return iamsim.Key{}, false
	}
	return keys[i], true
}

// name gives a key that has none a name with that letter.
func (s *story) name(id, letter string) {
	if s.names[id] == "" {
		s.made++
		s.names[id] = fmt.Sprintf("%s%d", letter, s.made)
	}
}

// works tells that the published secret authenticates, or that it is no wonder that it does not.
func (s *story) works() bool {
	p := s.published
	return p.id == "" || s.excused[p.id] || s.sim.Authenticates(p.id, p.secret)
}

// open is the secret of a key in the state, whether encrypted or not; ok is false where the state has none.
func (s *story) open(plain, sealed string) (opened secret.Secret, ok bool) {
	switch {
	case plain != "":
		return secret.New(plain), true
	case sealed == "":
		return secret.Secret{}, false
	}
	var opener sealing.Opener = s.kms.Opener()
	if strings.Contains(sealed, "AGE ENCRYPTED FILE") {
		opener = agesealing.NewOpener([]string{ann.String()}, secret.Secret{})
	}
	plaintext, err := opener.Open(s.ctx, sealed)
	if err != nil {
		s.violate("secret-in-state", "the encrypted secret can't be opened: %v", err)
		return secret.Secret{}, false
	}
	parsed, err := sealing.Parse(plaintext)
	if err != nil {
		s.violate("secret-in-state", "the secret can't be parsed: %v", err)
		return secret.Secret{}, false
	}
	return parsed.Secret, true
}

// consumer is somebody who uses keys.
type consumer struct {
	// delay is how long the consumer takes to move to a new key; negative: for ever.
	delay time.Duration
	// every is how often it uses the key.
	every time.Duration
	held  credential
	moves time.Time
	uses  time.Time
}

// hire draws consumers.
func (s *story) hire(n int) {
	for range n {
		c := &consumer{
			delay: time.Duration(rapid.SampledFrom([]int{0, 3, 10, 40, -1}).Draw(s.t, "delay")) * day,
			every: time.Duration(rapid.SampledFrom([]int{1, 6, 20}).Draw(s.t, "every")) * day,
			held:  s.published,
			uses:  s.sim.Now(),
		}
		s.consumers = append(s.consumers, c)
		s.say("a consumer that moves after %d days (-1: never) and uses its key every %d days", c.delay/day, c.every/day)
	}
}

// publish tells the consumers of a new key.
func (s *story) publish(p credential) {
	if p.id == s.published.id {
		return
	}
	s.published = p
	for _, c := range s.consumers {
		if c.held.id == "" {
			c.held, c.uses = p, s.sim.Now()
		} else if c.delay >= 0 {
			c.moves = s.sim.Now().Add(c.delay)
		}
	}
}

// pass lets time go by. The consumers use their keys, and move over in their time.
func (s *story) pass(d time.Duration) {
	until := s.sim.Now().Add(d)
	used := map[string]time.Time{}
	for _, c := range s.consumers {
		for c.held.id != "" {
			if !c.moves.IsZero() && !c.moves.After(until) && !c.moves.After(c.uses) {
				c.held, c.uses, c.moves = s.published, c.moves, time.Time{}
			}
			if c.uses.After(until) {
				break
			}
			if s.sim.Authenticates(c.held.id, c.held.secret) && c.uses.After(used[c.held.id]) {
				used[c.held.id] = c.uses
			}
			c.uses = c.uses.Add(c.every)
		}
	}
	s.sim.Advance(d)
	for id, at := range used {
		s.use(id, at)
	}
}

// use sets the last use of a key by somebody else than the provider.
func (s *story) use(id string, at time.Time) {
	for _, k := range s.keys() {
		if k.ID == id && at.After(k.LastUsedAt) {
			s.sim.SetLastUsed(id, at, "s3", "eu-west-1")
		}
	}
}
