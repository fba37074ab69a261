package rotator_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const (
	// accountID is the account of the simulator.
	accountID = "123456789012"
	day       = 24 * time.Hour
)

// start is where simulated time starts.
var start = time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)

// fixture is a simulator with the user "ci", a client that works on it as its administrator, and what a task saved.
type fixture struct {
	*testing.T

	sim    *iamsim.Server
	clock  *simClock
	client *rotator.Client
	log    *logBuffer
	sealer *fakeSealer
	// saves are the states that the last task saved.
	saves []rotator.State
	// onSave runs at each save, after the state was kept.
	onSave func(rotator.State)
	// began is when the last task began; expectations count time from it.
	began time.Time
	// names are what expectations call keys, by key id.
	names map[string]string
	// cancel ends the context of a call that is under way, where a test sets it.
	cancel context.CancelFunc
	// printed is everything that the reports of all tasks say, in each format.
	printed strings.Builder
}

// newFixture starts a simulator whose clock stands still but for what is slept. At the end of the test neither the log
// nor an error nor a notice may hold a secret.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	sim, err := iamsim.Start(iamsim.Options{Start: start, Users: []string{"ci"}})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{
		T: t, sim: sim, clock: &simClock{sim: sim}, log: &logBuffer{}, sealer: &fakeSealer{}, began: start, names: map[string]string{},
	}
	f.newClient()
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		if holdsSecret(sim, f.log.String()) {
			t.Error("the log holds a secret")
		}
		if holdsSecret(sim, f.printed.String()) {
			t.Error("an error or a notice holds a secret")
		}
	})
	return f
}

// ctx is the context of the test, whose log lines f.log collects.
func (f *fixture) ctx() context.Context { return tflogtest.RootLogger(f.Context(), f.log) }

// newClient replaces the client by one that has seen nothing, as in another process.
func (f *fixture) newClient() {
	f.Helper()
	f.client = f.clientAs(f.sim.Root())
}

// clientAs is a client with the credentials of a key, after the changes to its configuration.
func (f *fixture) clientAs(key iamsim.Credentials, changes ...func(*aws.Config)) *rotator.Client {
	f.Helper()
	cfg := f.config(key)
	for _, change := range changes {
		change(&cfg)
	}
	return rotator.New(iamgate.New(cfg, iamgate.Options{Clock: f.clock}), f.clock)
}

// config reaches the simulator with the credentials of a key, and tries twice without a pause.
func (f *fixture) config(key iamsim.Credentials) aws.Config {
	return aws.Config{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String(f.sim.URL()),
		Credentials:  credentials.NewStaticCredentialsProvider(key.AccessKeyID, key.Secret.Reveal(), ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 2
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}
}

// newKey creates a key of the user ci, as another tool would, and names it. It is a second younger than any other key.
func (f *fixture) newKey(name string) string {
	f.Helper()
	return f.newKeyOf("ci", name)
}

func (f *fixture) newKeyOf(user, name string) string {
	f.Helper()
	f.sim.Advance(time.Second)
	id := f.sim.CreateAccessKey(user).AccessKeyID
	f.names[id] = name
	return id
}

// deactivate deactivates a key, as somebody else would.
func (f *fixture) deactivate(id string) { f.sim.SetStatus(id, "Inactive") }

// use records a use of a key now.
func (f *fixture) use(id string) { f.sim.SetLastUsed(id, f.sim.Now(), "s3", "eu-west-1") }

// deny takes an action of IAM away from everybody.
func (f *fixture) deny(actions ...string) {
	for _, action := range actions {
		f.sim.Deny("*", "iam:"+action)
	}
}

// allowOnly denies every call of IAM that is not about one of these users, as a policy that names their ARNs does.
func (f *fixture) allowOnly(users ...string) {
	f.sim.OnCall(func(call iamsim.Call) {
		f.sim.ClearDenials()
		allowed := slices.ContainsFunc(users, func(user string) bool {
			return user == call.User || slices.ContainsFunc(f.sim.Keys(user), func(k iamsim.Key) bool {
				return call.Action == "GetAccessKeyLastUsed" && k.ID == call.KeyID
			})
		})
		if !allowed && call.Action != "GetCallerIdentity" {
			f.deny(call.Action)
		}
	})
}

// subject is the user ci with the keys of a record.
func (f *fixture) subject(record rotation.Record) rotator.Subject {
	user, _ := f.sim.User("ci")
	return rotator.Subject{User: "ci", RecordedUser: "ci", AccountID: accountID, UniqueID: user.ID}.WithKeys(record, nil)
}

// before runs change when the nth call of an action arrives, before IAM does anything about it.
func (f *fixture) before(action string, nth int, change func()) {
	f.beforeEach(action, func(n int) {
		if n == nth {
			change()
		}
	})
}

// beforeEach runs change at each call of an action, with its number.
func (f *fixture) beforeEach(action string, change func(n int)) {
	var mu sync.Mutex
	seen := 0
	f.sim.OnCall(func(call iamsim.Call) {
		if call.Action != action {
			return
		}
		mu.Lock()
		seen++
		n := seen
		mu.Unlock()
		change(n)
	})
}

// observe is what IAM shows of the user ci now, with the calls for it forgotten.
func (f *fixture) observe(record rotation.Record, policy rotation.Policy) rotation.Observation {
	f.Helper()
	keys, err := f.client.List(f.ctx(), "ci")
	f.fatal(err)
	seen, _, err := f.client.Observe(f.ctx(), "ci", keys, record, policy)
	f.fatal(err)
	f.sim.ResetLog()
	return seen
}

// single creates the key C, which is as old as that, and the record of it under the standard policy.
func (f *fixture) single(age time.Duration) rotation.Record {
	f.Helper()
	id := f.newKey("C")
	policy := standard()
	record := rotation.Record{Policy: &policy, User: "ci", Current: rotation.Current{ID: id, CreatedAt: f.sim.Now()}}
	f.sim.Advance(age)
	return record
}

// pair creates the keys P and C, of which C replaced P that long ago, and the record of it under the standard policy.
func (f *fixture) pair(ago time.Duration) rotation.Record {
	f.Helper()
	id := f.newKey("P")
	previous := &rotation.Previous{ID: id, CreatedAt: f.sim.Now()}
	f.sim.Advance(90 * day)
	record := f.single(ago)
	previous.ReplacedAt = record.Current.CreatedAt
	record.Previous = previous
	return record
}

// task is an Update of the user ci with these steps, which must be the ones that a plan shows now.
func (f *fixture) task(record rotation.Record, policy rotation.Policy, steps ...rotation.Step) rotator.Task {
	f.Helper()
	user, _ := f.sim.User("ci")
	seen := f.observe(record, policy)
	if planned := rotator.Decide(f.ctx(), "ci", policy, record, seen, f.client.Now()).Steps; !slices.Equal(planned, steps) {
		f.Fatalf("the plan has the steps %v, want %v", planned, steps)
	}
	return rotator.Task{
		User: "ci", RecordedUser: "ci", AccountID: accountID, UniqueID: user.ID, Record: record, Policy: policy,
		Known: rotator.Evidence{Seen: seen, Steps: steps}, Planned: steps, WaitUntilUsable: true,
	}
}

// createTask is a Create for the user ci.
func createTask(policy rotation.Policy) rotator.Task {
	return rotator.Task{User: "ci", Policy: policy, WaitUntilUsable: true}
}

// update runs an Update and keeps what it saves.
func (f *fixture) update(task rotator.Task) rotator.Report {
	f.Helper()
	return f.run(f.ctx(), f.client.Update, task)
}

// create runs a Create and keeps what it saves.
func (f *fixture) create(task rotator.Task) rotator.Report {
	f.Helper()
	return f.run(f.ctx(), f.client.Create, task)
}

func (f *fixture) run(
	ctx context.Context, do func(context.Context, rotator.Task) rotator.Report, task rotator.Task,
) rotator.Report {
	f.Helper()
	f.saves, f.began = nil, f.sim.Now()
	task.Save = func(_ context.Context, s rotator.State) {
		f.saves = append(f.saves, s)
		f.nameNewKeys()
		if f.onSave != nil {
			f.onSave(s)
		}
	}
	report := do(ctx, task)
	f.nameNewKeys()
	f.print(report.Err)
	for _, n := range report.Notices {
		f.print(n)
	}
	return report
}

// saved is the state that was saved last.
func (f *fixture) saved() rotator.State {
	f.Helper()
	if len(f.saves) == 0 {
		return rotator.State{}
	}
	return f.saves[len(f.saves)-1]
}

// nameNewKeys names the keys that calls to IAM have created: new 1, new 2 and so on.
func (f *fixture) nameNewKeys() {
	n := 0
	for _, call := range f.sim.Log() {
		if call.Action != "CreateAccessKey" || call.KeyID == "" {
			continue
		}
		n++
		if _, ok := f.names[call.KeyID]; !ok {
			f.names[call.KeyID] = "new " + string(rune('0'+n))
		}
	}
}

// fatal ends the test on an error.
func (f *fixture) fatal(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// equal compares a text with what is expected.
func (f *fixture) equal(what, got, want string) {
	f.Helper()
	if got != want {
		f.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

// calledExactly compares the calls since the last ResetLog, as f.calls gives them.
func (f *fixture) calledExactly(want ...string) {
	f.Helper()
	f.equal("calls", strings.Join(f.calls(), "\n     "), strings.Join(want, "\n     "))
}

// calls are the calls since the last ResetLog: the action, and the key or the user that it is about.
func (f *fixture) calls() []string {
	var calls []string
	for _, call := range f.sim.Log() {
		object := call.User
		if id := call.KeyID; id != "" && call.Action != "CreateAccessKey" {
			object = f.name(id)
			if call.User != "" && call.User != "ci" {
				object += " of " + call.User
			}
		}
		calls = append(calls, strings.TrimSpace(call.Action+" "+object))
	}
	return calls
}

// simClock has the simulator's time, and moves it instead of waiting.
type simClock struct {
	sim *iamsim.Server

	mu    sync.Mutex
	looks int
	// panicAt is the look that panics; zero for none.
	panicAt int
	slept   time.Duration
	// onSleep runs before each sleep.
	onSleep func(time.Duration)
}

// errPanic is what a simClock panics with.
var errPanic = errors.New("the clock fell off the wall")

func (c *simClock) Now() time.Time {
	c.look()
	return c.sim.Now()
}

func (c *simClock) Sleep(ctx context.Context, d time.Duration) error {
	c.look()
	if c.onSleep != nil {
		c.onSleep(d)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	c.slept += d
	c.mu.Unlock()
	c.sim.Advance(d)
	return nil
}

func (c *simClock) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks++
	if c.looks == c.panicAt {
		panic(errPanic)
	}
}

// panicNext makes the next look panic.
func (c *simClock) panicNext() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.panicAt = c.looks + 1
}

// fakeSealer puts "sealed " before a key id instead of encrypting the secret.
type fakeSealer struct {
	failSeal, failTry error
	onTry, onSeal     func()
	// calls are what was asked for, such as "seal AKIA..." and "try".
	calls []string
}

// errSealer is the failure of a fakeSealer.
var errSealer = errors.New("the recipient has expired")

func (s *fakeSealer) Seal(_ context.Context, _ time.Time, keyID string, plaintext secret.Secret) (string, error) {
	s.calls = append(s.calls, "seal "+keyID)
	if s.onSeal != nil {
		s.onSeal()
	}
	if plaintext.IsZero() {
		return "", errors.New("no secret to seal")
	}
	if s.failSeal != nil {
		return "", s.failSeal
	}
	return "sealed " + keyID, nil
}

func (s *fakeSealer) Check(context.Context, time.Time) error {
	s.calls = append(s.calls, "try")
	if s.onTry != nil {
		s.onTry()
	}
	return s.failTry
}

// logBuffer collects log lines.
type logBuffer struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lines.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lines.String()
}

// holdsSecret reports whether a text holds a secret that the simulator has issued.
func holdsSecret(sim *iamsim.Server, text string) bool {
	secrets := append(sim.IssuedSecrets(), sim.Root().Secret)
	return slices.ContainsFunc(secrets, func(s secret.Secret) bool { return strings.Contains(text, s.Reveal()) })
}
