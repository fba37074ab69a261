package provider_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const (
	// keyAddress is the resource that a story is about.
	keyAddress = "iamkeys_rotating_access_key.test"
	// savedPlan is the file of the plan that was made last.
	savedPlan = "saved.tfplan"
)

// story tells what the provider, as users run it, does with the keys of the user ci while time goes by. In its texts a key
// has a short name instead of its id: k1, k2 and so on for those that the provider made, in their order.
//
// Where a command takes words, one with a dash in front is a flag, and all others are the diagnostics that the command
// must show, such as "error: Wrong AWS account", whole summaries and nothing besides them, in any order.
type story struct {
	*acctest.World
	t   *testing.T
	cli *acctest.CLI
	// provider is the provider block of the configuration.
	provider string
	// consumed tells that the configuration has a consumer.
	consumed bool
	// last is the outcome of the last command.
	last  acctest.Result
	names map[string]string
	made  int
}

// newStory starts a simulator with the user ci. It configures nothing yet.
func newStory(t *testing.T, opts ...iamsim.Options) *story {
	t.Helper()
	w := acctest.New(t, opts...)
	w.Sim.CreateUser("ci")
	return &story{World: w, t: t, cli: w.CLI(t), provider: w.ProviderConfig(), names: map[string]string{}}
}

// newSteadyStory is newStory with a consumer and with k1 made.
func newSteadyStory(t *testing.T, args keyArgs) *story {
	t.Helper()
	s := newStory(t)
	s.write(args, consumerHCL)
	s.applyNow()
	s.did("create k1")
	return s
}

// newRotatedStory is newSteadyStory with k1 replaced by k2 on day 90, and k1 never used.
func newRotatedStory(t *testing.T, args keyArgs) *story {
	t.Helper()
	s := newSteadyStory(t, args)
	s.Advance("90d")
	s.applyNow()
	s.did("create k2")
	s.unused("k1")
	return s
}

// newInactiveStory is newRotatedStory with k2 in use and k1 deactivated on day 97.
func newInactiveStory(t *testing.T) *story {
	t.Helper()
	s := newRotatedStory(t, byAge(nil))
	s.use("k2")
	s.Advance("7d")
	s.applyNow()
	s.did("deactivate k1")
	return s
}

// signAs has the provider sign with other credentials, from the next write on.
func (s *story) signAs(creds iamsim.Credentials) { s.provider = s.ProviderConfigAs(creds, "") }

// config is a configuration of keyAddress and more.
func (s *story) config(args keyArgs, more ...string) string {
	return s.provider + keyHCL("test", args, more...)
}

// write puts a configuration into the place of the last one.
func (s *story) write(args keyArgs, more ...string) {
	s.t.Helper()
	s.cli.Write("main.tf", s.config(args, more...))
	s.consumed = strings.Contains(strings.Join(more, ""), "iamkeystest_consumer")
}

// foreign makes a key of ci out of band and gives it a name.
func (s *story) foreign(name string) iamsim.Credentials {
	made := s.Sim.CreateAccessKey("ci")
	s.names[made.AccessKeyID] = name
	return made
}

// use sets the last use of a key to now, by S3 in eu-west-1.
func (s *story) use(name string) {
	s.t.Helper()
	s.Sim.SetLastUsed(s.id(name), s.Sim.Now(), "s3", "eu-west-1")
}

// unused makes a key never used.
func (s *story) unused(name string) {
	s.t.Helper()
	s.Sim.SetLastUsed(s.id(name), time.Time{}, "", "")
}

// setStatus makes a key Active or Inactive out of band.
func (s *story) setStatus(name, status string) {
	s.t.Helper()
	s.Sim.SetStatus(s.id(name), status)
}

// remove deletes a key out of band.
func (s *story) remove(name string) {
	s.t.Helper()
	s.Sim.DeleteAccessKey(s.id(name))
}

// plan plans and keeps the plan for apply. No plan changes anything in IAM.
func (s *story) plan(code int, words ...string) {
	s.t.Helper()
	flags, diagnostics := split(words)
	before := len(s.mutations())
	s.run(code, diagnostics, func() acctest.Result { return s.cli.PlanOut(savedPlan, flags...) })
	if after := s.mutations(); len(after) != before {
		s.t.Fatalf("a plan changed something: %q", after[before:])
	}
}

// apply applies the plan that was made last. It fails where one of the diagnostics is an error, and only there.
func (s *story) apply(diagnostics ...string) {
	s.t.Helper()
	s.run(exitCode(diagnostics), diagnostics, func() acctest.Result { return s.cli.ApplyPlan(savedPlan) })
}

// applyNow is plan and apply in one command. Something must be planned.
func (s *story) applyNow(words ...string) {
	s.t.Helper()
	if changes := s.planAndApply(words); !changes && s.last.ExitCode == 0 {
		s.t.Fatal("nothing was planned")
	}
}

// refresh is an apply that has nothing to do, and after which the state tells what a plan sees.
func (s *story) refresh(words ...string) {
	s.t.Helper()
	if changes := s.planAndApply(words); changes {
		s.t.Fatal("something was planned")
	}
	s.did()
}

func (s *story) planAndApply(words []string) (changes bool) {
	s.t.Helper()
	flags, diagnostics := split(words)
	s.run(exitCode(diagnostics), diagnostics, func() acctest.Result { return s.cli.Apply(flags...) })
	return strings.Contains(s.last.Stdout, `"type":"planned_change"`)
}

// destroy destroys everything, consumers first. The resource is gone from the state afterwards, or still there if the
// command must fail.
func (s *story) destroy(words ...string) {
	s.t.Helper()
	flags, diagnostics := split(words)
	code, consumed := exitCode(diagnostics), s.consumed
	s.consumed = false
	s.run(code, diagnostics, func() acctest.Result { return s.cli.Destroy(flags...) })
	s.consumed = consumed
	if kept := s.attributes() != nil; kept != (code != 0) {
		s.t.Fatalf("the resource is in the state after a destroy with exit code %d: %t", code, kept)
	}
}

// step applies what does these things in IAM, in this order. There is nothing more to do then, and nobody is warned.
func (s *story) step(did ...string) {
	s.t.Helper()
	s.did()
	s.applyNow()
	s.did(did...)
	s.steady()
}

// steady checks that there is nothing to do, and that nothing was done that no test has asked about.
func (s *story) steady(diagnostics ...string) {
	s.t.Helper()
	s.plan(0, diagnostics...)
	s.did()
}

// run runs a command. Whatever it is, it prints no secret, and every consumer whose key worked before has one that works.
func (s *story) run(code int, diagnostics []string, command func() acctest.Result) {
	s.t.Helper()
	worked := s.CheckConsumers(nil) == nil
	s.last = command()
	s.learn()
	s.hides(s.last)
	s.cli.Want(code)
	s.diagnosed(diagnostics)
	if err := s.CheckConsumers(nil); err != nil && worked && s.consumed {
		s.t.Fatal(s.text(err.Error()))
	}
}

// split tells flags from diagnostics.
func split(words []string) (flags, diagnostics []string) {
	for _, word := range words {
		if strings.HasPrefix(word, "-") {
			flags = append(flags, word)
		} else {
			diagnostics = append(diagnostics, word)
		}
	}
	return flags, diagnostics
}

// exitCode is that of an apply with these diagnostics.
func exitCode(diagnostics []string) int {
	if slices.ContainsFunc(diagnostics, func(d string) bool { return strings.HasPrefix(d, "error: ") }) {
		return 1
	}
	return 0
}
