package provider_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// checkout is another working directory with a copy of configuration and state, such as that of a second pipeline.
func (s *story) checkout() *acctest.CLI {
	s.t.Helper()
	other := s.CLI(s.t)
	s.copyTo(other, "main.tf")
	s.copyTo(other, "terraform.tfstate")
	return other
}

// copyTo copies a file, if there is one, to another working directory.
func (s *story) copyTo(other *acctest.CLI, name string) {
	s.t.Helper()
	content, err := os.ReadFile(filepath.Join(s.cli.Dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		s.t.Fatal(err)
	}
	other.Write(name, string(content))
}

// in tells what happens in another working directory.
func (s *story) in(other *acctest.CLI, tell func()) {
	own, last := s.cli, s.last
	s.cli = other
	tell()
	s.cli, s.last = own, last
}

// meets applies the plan that was made last, and lets others act between two of its calls: after its nth call of an
// action, or with no action its nth call of all, has left, and before IAM has done anything about it.
func (s *story) meets(action string, nth int, act func(), diagnostics ...string) {
	s.t.Helper()
	arrived, acted := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(acted) })
	defer release()
	var seen atomic.Int32
	s.Sim.OnCall(func(call iamsim.Call) {
		if (action == "" || call.Action == action) && int(seen.Add(1)) == nth {
			close(arrived)
			<-acted
		}
	})
	s.run(exitCode(diagnostics), diagnostics, func() acctest.Result {
		s.t.Helper()
		ended := make(chan acctest.Result, 1)
		p := s.cli.Start("apply", "-json", savedPlan)
		go func() { ended <- p.Wait() }()
		select {
		case <-arrived:
			act()
			release()
		case <-ended:
			s.t.Fatalf("the apply ended before call %d of %q", nth, action)
		}
		return <-ended
	})
	s.Sim.OnCall(nil)
}

// eachSealing tells a story with secrets in plain text, and again with sealed ones.
func eachSealing(t *testing.T, tell func(t *testing.T, args keyArgs, consumer string)) {
	t.Helper()
	t.Run("plain", func(t *testing.T) {
		t.Parallel()
		tell(t, apart(nil), consumerHCL)
	})
	t.Run("sealed", func(t *testing.T) {
		t.Parallel()
		identity, recipient := ageKey(t)
		tell(t, apart(keyArgs{"encrypted_output": object(keyArgs{"age_recipients": list(recipient)})}),
			sealedConsumerHCL(keyArgs{"age_identities": list(identity)}))
	})
}

// proven is what is told of a key that was made at an instant, such as "2026-01-01 00:00:00 UTC", and proved at once.
func proven(at string) string {
	return fmt.Sprintf("Active, created %[1]s, last used at %[1]s by sts in us-east-1", at)
}

// unexpected is the warning about the key that others made during an apply, at an instant.
func unexpected(key, at string) string {
	return fmt.Sprintf(`warning: User "ci" has 2 keys, and one that this apply did not expect: %s (Active, created %s, last use unknown)`, key, at)
}

// outdated is the error of an apply whose plan is no longer right.
func outdated(reason string) string { return `error: Plan for user "ci" is out of date: ` + reason }

const (
	firstDay = "2026-01-01 00:00:00 UTC"
	// rotationDay is the first day plus 90.
	rotationDay = "2026-04-01 00:00:00 UTC"
	noNewKey    = `error: No new key for user "ci"`
)

// applyCalls are the calls of an apply of this configuration, without its plan.
func applyCalls(t *testing.T, tell func(s *story)) []string {
	t.Helper()
	s := newStory(t)
	tell(s)
	s.plan(2)
	s.ResetCalls()
	s.apply()
	return s.CallList()
}

// Two pipelines without a state apply the same configuration, the second one between any two calls of the first.
func TestAccRivals_twoCreates(t *testing.T) {
	t.Parallel()
	eachSealing(t, func(t *testing.T, args keyArgs, consumer string) {
		t.Helper()
		for i, action := range applyCalls(t, func(s *story) { s.write(args) }) {
			t.Run(fmt.Sprintf("%d %s", i+1, action), func(t *testing.T) {
				t.Parallel()
				s := newStory(t)
				s.write(args, consumer)
				other := s.checkout()
				s.plan(2)
				s.in(other, func() { s.plan(2) })
				mine, mineAt, theirs, theirsAt := "k2", "2026-01-01 00:00:02 UTC", "k1", "2026-01-01 00:00:01 UTC"
				if i > 1 {
					mine, mineAt, theirs = "k1", firstDay, "k2"
				}
				// What the list showed before the first step is no surprise.
				said, othersSaid := []string{unexpected(theirs, theirsAt)}, []string(nil)
				switch i {
				case 0:
					said = []string{leftover(theirs, proven(theirsAt))}
				case 1:
				case 2:
					othersSaid = []string{leftover(mine, "Active, created "+mineAt+", never used")}
				default:
					othersSaid = []string{leftover(mine, proven(mineAt))}
				}
				s.meets("", i+1, func() {
					s.Advance("1s")
					s.in(other, func() { s.apply(othersSaid...) })
					s.Advance("1s")
				}, said...)
				if i == 1 {
					s.did("create k2", "create k1")
				} else {
					s.did("create k1", "create k2")
				}
				s.handovers(theirs, mine)

				// Each key was proved, so that none looks to the other pipeline as if an interrupted apply had left it.
				s.state(map[string]any{"access_key_id": mine, "previous": nil})
				s.steady()
				s.in(other, func() {
					s.state(map[string]any{"access_key_id": theirs, "previous": nil})
					s.steady()
				})
				if i != 1 {
					return
				}

				// None can rotate, and each learns which key is in the way. Once one has gone, the other goes on.
				s.Advance("90d")
				s.steady(blockedBy(taken(theirs, proven(theirsAt))))
				s.says(deletion(theirs))
				s.in(other, func() {
					s.steady(blockedBy(taken(mine, proven(mineAt))))
					s.says(deletion(mine))
					s.destroy()
				})
				s.did("delete " + theirs)
				s.step("create k3")
				s.keys(mine+" Active", "k3 Active")
			})
		}
	})
}

// Two pipelines compete for the one slot that somebody else has left free.
func TestAccRivals_twoCreatesOneSlot(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.foreign("theirs")
	s.Advance("1s")
	const at = "2026-01-01 00:00:01 UTC"
	s.write(apart(nil), consumerHCL)
	other := s.checkout()
	left := leftover("theirs", "Active, created "+firstDay+", never used")
	s.plan(2, left)
	s.in(other, func() { s.plan(2, left) })
	s.meets("CreateAccessKey", 1, func() { s.in(other, func() { s.apply(left) }) }, left, noNewKey)
	s.says("LimitExceeded", "No key was made", "theirs (Active, created "+firstDay, "k1 (Active, created "+at, "Somebody else made key k1 meanwhile; it was not touched", deletion("k1"))
	s.did("create: LimitExceeded", "create k1")
	s.keys("theirs Active", "k1 Active")
	s.handovers("k1")

	full := `User "ci" already has 2 access keys, and no slot is free: theirs (Active, created ` + firstDay + ", never used); " +
		"k1 (" + proven(at) + ")"
	s.plan(2, "warning: "+full)
	s.apply("warning: "+full, "error: "+full)
	s.says("terraform import ADDRESS ci/", deletion("theirs"), deletion("k1"))
	s.did()
	s.in(other, func() {
		s.steady()
		s.destroy()
	})
	s.did("delete k1")
	s.applyNow(left)
	s.did("create k2")
	s.steady()
	s.keys("theirs Active", "k2 Active")
}

// Two pipelines hold copies of one state, from which a rotation is due. The second one applies between any two calls of
// the first. One of them rotates, and the other one says why it does not.
func TestAccRivals_twoRotations(t *testing.T) {
	t.Parallel()
	eachSealing(t, func(t *testing.T, args keyArgs, consumer string) {
		t.Helper()
		due := func(s *story, more ...string) {
			s.write(args, more...)
			s.applyNow()
			s.did("create k1")
			s.Advance("90d")
		}
		slot := taken("k2", proven(rotationDay))
		for i, action := range applyCalls(t, func(s *story) { due(s) }) {
			t.Run(fmt.Sprintf("%d %s", i+1, action), func(t *testing.T) {
				t.Parallel()
				s := newStory(t)
				due(s, consumer)
				other := s.checkout()
				s.plan(2)
				s.in(other, func() { s.plan(2) })
				late := outdated("it would rotate key k1, but " + slot)
				winner, loser := s.cli, other
				switch i {
				case 0:
					winner, loser = other, s.cli
					s.meets("", i+1, func() { s.in(other, func() { s.apply() }) }, late)
					s.says("k1 (Active", "k2 (Active", "Nothing was changed. Plan again", deletion("k2"))
					s.did("create k2")
				case 1:
					winner, loser = other, s.cli
					s.meets("", i+1, func() { s.in(other, func() { s.apply() }) }, noNewKey)
					s.says("LimitExceeded", "No key was made", "k1 (Active, created "+firstDay, "k2 (Active, created "+rotationDay,
						"Somebody else made key k2 meanwhile; it was not touched", deletion("k2"))
					s.did("create: LimitExceeded", "create k2")
				default:
					s.meets("", i+1, func() {
						s.in(other, func() {
							// Who asks before the first proof finds a key that nobody has used.
							if i == 2 {
								late = outdated("it would rotate key k1, but " + taken("k2", "Active, created "+rotationDay+", never used"))
							}
							s.apply(late)
							s.says("Nothing was changed. Plan again", deletion("k2"))
						})
					})
					s.did("create k2")
				}
				s.keys("k1 Active", "k2 Active")
				s.handovers("k1", "k1 to k2")
				s.in(loser, func() {
					s.state(map[string]any{"access_key_id": "k1", "previous": nil})
					s.steady(blockedBy(slot))
					s.says(deletion("k2"))
				})
				s.in(winner, func() {
					s.state(map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Active"})
					s.steady()
					s.copyTo(loser, "terraform.tfstate")
				})
				s.in(loser, func() { s.steady() })
			})
		}
	})
}

// Three pipelines race, with nothing that orders their calls: for a user without keys, and to rotate by copies of one state.
func TestAccRivals_race(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before func(*story)
		// did are the mutations, those that IAM refuses aside, and losers how many of the three fail, with such an error.
		did    []string
		losers int
		loses  string
	}{
		"create": {
			before: func(s *story) { s.write(apart(nil), consumerHCL) },
			did:    []string{"create k1", "create k2"}, losers: 1,
			loses: `error: (No new key for user "ci"|User "ci" already has 2 access keys, and no slot is free: .*)`,
		},
		"rotation": {
			before: func(s *story) {
				s.write(apart(nil), consumerHCL)
				s.step("create k1")
				s.Advance("90d")
			},
			did: []string{"create k2"}, losers: 2,
			loses: `error: (No new key for user "ci"|Plan for user "ci" is out of date: it would rotate key k1, but the slot is taken by key k2 .*)`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			test.before(s)
			pipelines := []*acctest.CLI{s.cli, s.checkout(), s.checkout()}
			var running []*acctest.Process
			for _, cli := range pipelines {
				s.in(cli, func() { s.plan(2) })
			}
			for _, cli := range pipelines {
				running = append(running, cli.Start("apply", "-json", savedPlan))
			}
			lost := 0
			for i, p := range running {
				result := p.Wait()
				s.hides(result)
				if result.ExitCode == 0 {
					continue
				}
				lost++
				s.in(pipelines[i], func() { s.saysOne(test.loses) })
			}
			if lost != test.losers {
				t.Errorf("%d of 3 failed, want %d", lost, test.losers)
			}
			made := slices.DeleteFunc(s.mutations(), func(m string) bool { return m == "create: LimitExceeded" })
			if !slices.Equal(slices.Sorted(slices.Values(made)), test.did) {
				t.Errorf("did %q, want %q", made, test.did)
			}
			if err := s.CheckConsumers(nil); err != nil {
				t.Error(s.text(err.Error()))
			}
			s.keys("k1 Active", "k2 Active")
		})
	}
}

// saysOne checks that an error of the last command matches.
func (s *story) saysOne(pattern string) {
	s.t.Helper()
	var said []string
	for _, d := range s.cli.Diagnostics() {
		said = append(said, d.Severity+": "+s.text(d.Summary))
	}
	matches := regexp.MustCompile("^" + pattern + "$").MatchString
	if !slices.ContainsFunc(said, matches) {
		s.t.Errorf("diagnostics %q, want %s", said, pattern)
	}
}

// The answer to a create gets lost, while another pipeline makes a key. That one is used already, if only to prove it, and
// so nobody else's to clear away. What the lost create has made is cleared away, and made again.
func TestAccRivals_lostAnswer(t *testing.T) {
	t.Parallel()
	for kind, test := range map[iamsim.FaultKind]struct{ said, did, then []string }{
		iamsim.ErrorBeforeCommit: {said: []string{noNewKey}, did: []string{"create: ServiceFailure", "create k1"}, then: []string{"create k2"}},
		iamsim.CutBeforeCommit:   {said: []string{noNewKey}, did: []string{"create", "create k1"}, then: []string{"create k2"}},
		iamsim.AnswerLost: {
			said: []string{`warning: Key k2 of user "ci" was made and deleted again: the answer with its secret was lost`, unexpected("k1", firstDay)},
			did:  []string{"create k2", "create k1", "delete k2", "create k3"},
		},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			s.write(apart(keyArgs{"unmanaged_keys": `"delete_unused"`}), consumerHCL)
			other := s.checkout()
			s.plan(2)
			s.in(other, func() { s.plan(2) })
			s.meets("CreateAccessKey", 1, func() {
				s.in(other, func() { s.apply() })
				s.Sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Kind: kind})
			}, test.said...)
			if exitCode(test.said) != 0 {
				s.says("Key k1 appeared meanwhile and is used already, so somebody else made it; it was not touched.")
			}
			s.did(test.did...)
			s.Sim.ClearFaults()
			if len(test.then) > 0 {
				s.applyNow()
				s.did(test.then...)
			}
			s.steady()
			s.in(other, func() { s.steady() })
		})
	}
}

// Both retire the previous key by copies of one state: what the other one has done already is no failure.
func TestAccRivals_twoRetirements(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, apart(nil))
	s.Advance("90d")
	s.step("create k2")
	s.use("k2")
	for _, step := range []struct{ wait, action, did, state string }{
		{"8d", "UpdateAccessKey", "deactivate k1", "Inactive"},
		{"5d", "DeleteAccessKey", "delete k1", ""},
	} {
		s.Advance(step.wait)
		other := s.checkout()
		s.plan(2)
		s.in(other, func() { s.plan(2) })
		s.meets(step.action, 1, func() { s.in(other, func() { s.apply() }) })
		if step.state == "" {
			s.did(step.did+": NoSuchEntity", step.did)
			s.state(map[string]any{"previous": nil})
		} else {
			s.did(step.did, step.did)
			s.state(map[string]any{"previous.status": step.state, "previous.deactivated_by": "iamkeys"})
		}
		s.steady()
		s.in(other, func() { s.steady() })
	}
	s.keys("k2 Active")
	s.handovers("k1", "k1 to k2")
}

// Two pipelines of different mind: what one publishes, the other one would clear away.
func TestAccRivals_modes(t *testing.T) {
	t.Parallel()
	// A copy of the state from before a rotation takes the key of the other one for unmanaged. What somebody uses stays.
	t.Run("delete_unused", func(t *testing.T) {
		t.Parallel()
		s := newSteadyStory(t, apart(keyArgs{"unmanaged_keys": `"delete_unused"`}))
		s.Advance("90d")
		other := s.checkout()
		s.plan(2)
		s.in(other, func() { s.plan(2) })
		s.meets("ListAccessKeys", 1, func() { s.in(other, func() { s.apply() }) },
			outdated("it would rotate key k1, but "+moved))
		s.says("k2 ("+proven(rotationDay)+")", "Nothing was changed")
		s.did("create k2")
		s.use("k2")
		s.steady(blockedBy(taken("k2", "Active, created "+rotationDay+", last used at "+rotationDay+" by s3 in eu-west-1")))
	})
	// Each adopts the key of the other one, and the guard keeps both for as long as they are used.
	t.Run("retire", func(t *testing.T) {
		t.Parallel()
		s := newStory(t)
		s.write(apart(keyArgs{"unmanaged_keys": `"retire"`}), consumerHCL)
		other := s.checkout()
		s.plan(2)
		s.in(other, func() { s.plan(2) })
		s.meets("CreateAccessKey", 1, func() { s.in(other, func() { s.apply() }) }, unexpected("k1", firstDay))
		s.did("create k2", "create k1")
		s.handovers("k1", "k2")
		s.step()
		s.state(map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "previous.adopted": true})
		s.in(other, func() {
			s.step()
			s.state(map[string]any{"access_key_id": "k1", "previous.access_key_id": "k2", "previous.adopted": true})
		})
		s.Advance("7d")
		s.use("k1")
		s.use("k2")
		const at, until = "2026-01-08 00:00:00 UTC", "2026-01-09 00:00:00 UTC"
		s.steady(waits("k1", kept("k1", at+" by s3 in eu-west-1", until)))
		s.in(other, func() {
			s.steady(waits("k2", kept("k2", at+" by s3 in eu-west-1", until)))
			s.destroy(`warning: Adopted key k2 of user "ci" was left in IAM`)
		})
		s.did("delete k1")
		s.refresh()
		s.state(map[string]any{"access_key_id": "k2", "previous": nil})
		s.keys("k2 Active")
	})
}
