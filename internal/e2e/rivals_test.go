package e2e_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// atOnce are the options of an IAM that agrees at once, for tests in which each row is one call: a stale read would add calls,
// and hide from one pipeline what the other has just done.
var atOnce = iamsim.Options{}

// eachSealing runs a test with secrets in plain text, and again with sealed ones.
func eachSealing(t *testing.T, test func(t *testing.T, args acctest.Args, consumer string)) {
	t.Helper()
	t.Run("plain", func(t *testing.T) {
		t.Parallel()
		test(t, acctest.Distinct(nil), acctest.ConsumerHCL)
	})
	t.Run("sealed", func(t *testing.T) {
		t.Parallel()
		identity, recipient := acctest.AgeKey(t)
		test(t, acctest.Distinct(acctest.Args{"encrypted_output": acctest.HCLObject(acctest.AgeRecipients(recipient))}),
			acctest.SealedConsumerHCL(acctest.AgeIdentities(identity)))
	})
}

// wantApplyCalls checks the calls of an apply, without those of its plan: a test must have a row for each.
func wantApplyCalls(t *testing.T, want []string, setUp func(s *acctest.Story)) {
	t.Helper()
	s := acctest.NewStory(t, atOnce)
	setUp(s)
	s.Plan(2)
	s.ResetCalls()
	s.ApplyPlan()
	s.WantCalls(want...)
}

// willBlock is the warning that an unmanaged key will block the next rotation.
func willBlock(key string) acctest.Option {
	return acctest.Warns("Unmanaged access key will block the rotation", "Key "+key+" (Active")
}

// Two pipelines without a state apply the same configuration, the second one between any two calls of the first.
func TestRivals_twoCreates(t *testing.T) {
	t.Parallel()
	const (
		at0 = "2026-01-01 00:00:00 UTC"
		at1 = "2026-01-01 00:00:01 UTC"
		at2 = "2026-01-01 00:00:02 UTC"
	)
	type shows = []acctest.Option
	// test is a call of the first pipeline, and what happens if the second applies before IAM handles it.
	type test struct {
		call string
		// first and second are the keys of the two, and firstShows and secondShows what their applies show.
		first, second           string
		firstShows, secondShows shows
		changes                 []string
	}
	tests := []test{
		{
			// What the list showed before the first step is no surprise.
			call: "ListAccessKeys", first: "k2", second: "k1",
			firstShows: shows{acctest.FoundLeftover("k1", acctest.ProvedAt(at1))},
			changes:    []string{"create k1", "create k2"},
		},
		{
			call: "CreateAccessKey", first: "k2", second: "k1",
			firstShows: shows{acctest.UnexpectedKey("k1", at1)},
			changes:    []string{"create k2", "create k1"},
		},
		{
			call: "GetCallerIdentity", first: "k1", second: "k2",
			firstShows:  shows{acctest.UnexpectedKey("k2", at1)},
			secondShows: shows{acctest.FoundLeftover("k1", acctest.NeverUsed(at0))},
			changes:     []string{"create k1", "create k2"},
		},
		{
			call: "ListAccessKeys", first: "k1", second: "k2",
			firstShows:  shows{acctest.UnexpectedKey("k2", at1)},
			secondShows: shows{acctest.FoundLeftover("k1", acctest.ProvedAt(at0))},
			changes:     []string{"create k1", "create k2"},
		},
	}
	eachSealing(t, func(t *testing.T, args acctest.Args, consumer string) {
		t.Helper()
		var calls []string
		for i, test := range tests {
			calls = append(calls, test.call)
			t.Run(fmt.Sprintf("%d %s", i+1, test.call), func(t *testing.T) {
				t.Parallel()
				s := acctest.NewStory(t, atOnce)
				s.Write(args, consumer)
				other := s.Checkout()
				s.Plan(2)
				s.In(other, func() { s.Plan(2) })
				s.ApplyPlanAround("", i+1, func() {
					s.Advance("1s")
					s.In(other, func() { s.ApplyPlan(test.secondShows...) })
					s.Advance("1s")
				}, test.firstShows...)
				s.WantChanges(test.changes...)
				s.WantHandovers(test.second, test.first)

				// Each key was proved, so that none looks to the other pipeline as if an interrupted apply had left it: k2 may be
				// what replaces k1, and k1 is in the way of k2.
				shows := map[string]shows{"k2": {willBlock("k1")}}
				s.WantState(map[string]any{"access_key_id": test.first, "previous": nil})
				s.PlanEmpty(shows[test.first]...)
				s.In(other, func() {
					s.WantState(map[string]any{"access_key_id": test.second, "previous": nil})
					s.PlanEmpty(shows[test.second]...)
				})
			})
		}
		wantApplyCalls(t, calls, func(s *acctest.Story) { s.Write(args) })
	})

	// No pipeline can rotate, and each learns which key is in the way. Once one of them is destroyed, the other rotates.
	t.Run("rotation", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t, atOnce)
		s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
		other := s.Checkout()
		s.Plan(2)
		s.In(other, func() { s.Plan(2) })
		s.ApplyPlanAround("CreateAccessKey", 1, func() {
			s.Advance("1s")
			s.In(other, func() { s.ApplyPlan() })
			s.Advance("1s")
		}, acctest.UnexpectedKey("k1", at1))
		s.WantChanges("create k2", "create k1")

		s.Advance("90d")
		s.PlanEmpty(acctest.RotationWaits(acctest.SlotTaken("k1")))
		s.WantDetail(acctest.DeleteCommand("k1"))
		s.In(other, func() {
			s.PlanEmpty(acctest.RotationWaits(acctest.SlotTaken("k2")))
			s.WantDetail(acctest.DeleteCommand("k2"))
			s.Destroy()
		})
		s.WantChanges("delete k1")
		s.Step("create k3")
		s.WantKeys("k2 Active", "k3 Active")
	})
}

// Two pipelines compete for the one slot that somebody else has left free.
func TestRivals_twoCreatesOneSlot(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t, atOnce).SkipWaits()
	s.CreateForeignKey("theirs")
	s.Advance("1s")
	const at = "2026-01-01 00:00:01 UTC"
	s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
	other := s.Checkout()
	left := acctest.FoundLeftover("theirs", acctest.NeverUsed(acctest.FirstDay))
	s.Plan(2, left)
	s.In(other, func() { s.Plan(2, left) })
	s.ApplyPlanAround("CreateAccessKey", 1, func() { s.In(other, func() { s.ApplyPlan(left) }) }, left, acctest.NoNewKey())
	s.WantDetail("LimitExceeded", "No key was created", "theirs (Active, created "+acctest.FirstDay, "k1 (Active, created "+at,
		"Key k1 was created meanwhile, by somebody else or another resource; it was not touched", acctest.DeleteCommand("k1"))
	s.WantChanges("create: LimitExceeded", "create k1")
	s.WantKeys("theirs Active", "k1 Active")
	s.WantHandovers("k1")

	full := acctest.NoFreeSlot("theirs", acctest.NeverUsed(acctest.FirstDay), "k1", acctest.ProvedAt(at))
	s.Plan(2, acctest.Warns(full))
	s.ApplyPlan(acctest.Warns(full), acctest.Fails(full))
	s.WantDetail("terraform import ADDRESS ci/", acctest.StatusCommand("theirs", "Inactive"), acctest.StatusCommand("k1", "Inactive"))
	s.WantChanges()
	s.In(other, func() {
		s.PlanEmpty(willBlock("theirs"))
		s.Destroy()
	})
	s.WantChanges("delete k1")
	s.Apply(left)
	s.WantChanges("create k2")
	s.PlanEmpty(willBlock("theirs"))
	s.WantKeys("theirs Active", "k2 Active")
}

// Two pipelines hold copies of one state, from which a rotation is due. The second one applies between any two calls of
// the first. One of them rotates, and the other one shows why it does not.
func TestRivals_twoRotations(t *testing.T) {
	t.Parallel()
	proved := acctest.SlotTaken("k2")
	unproved := acctest.SlotTaken("k2")
	outdated := func(fact string) acctest.Option { return acctest.PlanOutdated("it would rotate key k1, but " + fact) }
	type test struct {
		// call is the call of the first pipeline before which the second one applies.
		call string
		// firstWins reports whether the first pipeline rotates. loses is the error of the other one, and details are in it.
		firstWins bool
		loses     acctest.Option
		details   []string
		changes   []string
	}
	tests := []test{
		{
			call: "ListAccessKeys", loses: outdated(proved), changes: []string{"create k2"},
			details: []string{"k1 (Active", "k2 (Active", "Nothing was changed. Plan again", acctest.DeleteCommand("k2")},
		},
		{
			call: "CreateAccessKey", loses: acctest.NoNewKey(), changes: []string{"create: LimitExceeded", "create k2"},
			details: []string{
				"LimitExceeded", "No key was created", "k1 (Active, created " + acctest.FirstDay, "k2 (Active, created " + acctest.RotationDay,
				"Key k2 was created meanwhile, by somebody else or another resource; it was not touched", acctest.DeleteCommand("k2"),
			},
		},
		{
			// The first pipeline has not proved its key yet, so nobody has used it.
			call: "GetCallerIdentity", firstWins: true, loses: outdated(unproved), changes: []string{"create k2"},
			details: []string{"Nothing was changed. Plan again", acctest.DeleteCommand("k2")},
		},
		{
			call: "ListAccessKeys", firstWins: true, loses: outdated(proved), changes: []string{"create k2"},
			details: []string{"Nothing was changed. Plan again", acctest.DeleteCommand("k2")},
		},
	}
	eachSealing(t, func(t *testing.T, args acctest.Args, consumer string) {
		t.Helper()
		due := func(s *acctest.Story, more ...string) {
			s.Write(args, more...)
			s.Apply()
			s.WantChanges("create k1")
			s.Advance("90d")
		}
		var calls []string
		for i, test := range tests {
			calls = append(calls, test.call)
			t.Run(fmt.Sprintf("%d %s", i+1, test.call), func(t *testing.T) {
				t.Parallel()
				s := acctest.NewStory(t, atOnce)
				due(s, consumer)
				other := s.Checkout()
				s.Plan(2)
				s.In(other, func() { s.Plan(2) })
				winner, loser := other, s.CLI
				if test.firstWins {
					winner, loser = s.CLI, other
					s.ApplyPlanAround("", i+1, func() {
						s.In(other, func() {
							s.ApplyPlan(test.loses)
							s.WantDetail(test.details...)
						})
					})
				} else {
					s.ApplyPlanAround("", i+1, func() { s.In(other, func() { s.ApplyPlan() }) }, test.loses)
					s.WantDetail(test.details...)
				}
				s.WantChanges(test.changes...)
				s.WantKeys("k1 Active", "k2 Active")
				s.WantHandovers("k1", "k1 to k2")
				s.In(loser, func() {
					s.WantState(map[string]any{"access_key_id": "k1", "previous": nil})
					s.PlanEmpty(acctest.RotationWaits(proved))
					s.WantDetail(acctest.DeleteCommand("k2"))
				})
				s.In(winner, func() {
					s.WantState(map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Active"})
					s.PlanEmpty()
					s.CopyTo(loser, "terraform.tfstate")
				})
				s.In(loser, func() { s.PlanEmpty() })
			})
		}
		wantApplyCalls(t, calls, func(s *acctest.Story) { due(s) })
	})
}

// Three pipelines race, with nothing that orders their calls: for a user without keys, and to rotate by copies of one state.
func TestRivals_race(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before func(*acctest.Story)
		// changes are those that IAM did not refuse, in no order.
		changes []string
		// losers is how many of the three applies fail, and loses matches the summary of an error of each.
		losers int
		loses  string
	}{
		"create": {
			before:  func(s *acctest.Story) { s.Write(acctest.Distinct(nil), acctest.ConsumerHCL) },
			changes: []string{"create k1", "create k2"}, losers: 1,
			loses: `No new key for user "ci"|User "ci" already has 2 access keys, and no slot is free: .*`,
		},
		"rotation": {
			before: func(s *acctest.Story) {
				s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
				s.Step("create k1")
				s.Advance("90d")
			},
			changes: []string{"create k2"}, losers: 2,
			loses: `No new key for user "ci"|` +
				`Plan for user "ci" is out of date: it would rotate key k1, but the slot is taken by key k2, .*`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewBinaryStory(t)
			test.before(s)
			pipelines := []*acctest.CLI{s.CLI, s.Checkout(), s.Checkout()}
			var running []*acctest.Process
			for _, cli := range pipelines {
				s.In(cli, func() { s.Plan(2) })
			}
			for _, cli := range pipelines {
				running = append(running, cli.Start("apply", "-json", acctest.SavedPlan))
			}
			lost := 0
			for i, p := range running {
				result := p.Wait()
				s.WantNoSecrets(result)
				if result.ExitCode == 0 {
					continue
				}
				lost++
				s.In(pipelines[i], func() { wantError(s, test.loses) })
			}
			if lost != test.losers {
				t.Errorf("%d of 3 failed, want %d", lost, test.losers)
			}
			changes := slices.DeleteFunc(s.Changes(), func(change string) bool { return change == "create: LimitExceeded" })
			if !slices.Equal(slices.Sorted(slices.Values(changes)), test.changes) {
				t.Errorf("changes %q, want %q", changes, test.changes)
			}
			if err := s.CheckConsumers(nil); err != nil {
				t.Error(s.Normalize(err.Error()))
			}
			s.WantKeys("k1 Active", "k2 Active")
		})
	}
}

// wantError checks that a pattern matches the whole summary of an error of the last command.
func wantError(s *acctest.Story, pattern string) {
	s.T.Helper()
	matches := regexp.MustCompile("^error: (" + pattern + ")$").MatchString
	if got := s.Summaries(); !slices.ContainsFunc(got, matches) {
		s.T.Errorf("diagnostics %q, want an error that matches %s", got, pattern)
	}
}

// The answer to a create gets lost, while another pipeline creates a key. That one is used already, if only to prove it, so it is
// not touched. The key of the lost create is deleted, and another one created.
func TestRivals_lostAnswer(t *testing.T) {
	t.Parallel()
	for kind, test := range map[iamsim.FaultKind]struct {
		// fails reports whether the apply fails, and the next one creates k2. If not, it shows warnings.
		fails    bool
		warnings []acctest.Option
		changes  []string
	}{
		iamsim.ErrorBeforeCommit: {fails: true, changes: []string{"create: ServiceFailure", "create k1"}},
		iamsim.CutBeforeCommit:   {fails: true, changes: []string{"create", "create k1"}},
		iamsim.AnswerLost: {
			warnings: []acctest.Option{acctest.CreatedAndDeleted("k2"), acctest.UnexpectedKey("k1", acctest.FirstDay)},
			changes:  []string{"create k2", "create k1", "delete k2", "create k3"},
		},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t, atOnce)
			s.Write(acctest.Distinct(acctest.Args{"unmanaged_keys": `"delete_unused"`}), acctest.ConsumerHCL)
			other := s.Checkout()
			s.Plan(2)
			s.In(other, func() { s.Plan(2) })
			shows := test.warnings
			if test.fails {
				shows = []acctest.Option{acctest.NoNewKey()}
			}
			s.ApplyPlanAround("CreateAccessKey", 1, func() {
				s.In(other, func() { s.ApplyPlan() })
				s.Sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Kind: kind})
			}, shows...)
			if test.fails {
				s.WantDetail("Key k1 appeared meanwhile and is used already, so somebody else created it; it was not touched.")
			}
			s.WantChanges(test.changes...)
			s.Sim.ClearFaults()
			if test.fails {
				s.Apply()
				s.WantChanges("create k2")
			}
			s.PlanEmpty()
			s.In(other, func() { s.PlanEmpty() })
		})
	}
}

// Both retire the previous key by copies of one state: what the other one has done already is no failure.
func TestRivals_twoRetirements(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Distinct(nil))
	s.Advance("90d")
	s.Step("create k2")
	s.UseKey("k2")
	for _, step := range []struct{ wait, action, did, state string }{
		{"8d", "UpdateAccessKey", "deactivate k1", "Inactive"},
		{"5d", "DeleteAccessKey", "delete k1", ""},
	} {
		s.Advance(step.wait)
		other := s.Checkout()
		s.Plan(2)
		s.In(other, func() { s.Plan(2) })
		s.ApplyPlanAround(step.action, 1, func() { s.In(other, func() { s.ApplyPlan() }) })
		if step.state == "" {
			s.WantChanges(step.did+": NoSuchEntity", step.did)
			s.WantState(map[string]any{"previous": nil})
		} else {
			s.WantChanges(step.did, step.did)
			s.WantState(map[string]any{"previous.status": step.state, "previous.deactivated_by": "iamkeys"})
		}
		s.PlanEmpty()
		s.In(other, func() { s.PlanEmpty() })
	}
	s.WantKeys("k2 Active")
	s.WantHandovers("k1", "k1 to k2")
}

// Two pipelines of different mind: what one publishes, the other one would clear away.
func TestRivals_modes(t *testing.T) {
	t.Parallel()
	// A copy of the state from before a rotation takes the key of the other one for unmanaged. What somebody uses stays.
	t.Run("delete_unused", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithKey(acctest.Distinct(acctest.Args{"unmanaged_keys": `"delete_unused"`}))
		s.Advance("90d")
		other := s.Checkout()
		s.Plan(2)
		s.In(other, func() { s.Plan(2) })
		s.ApplyPlanAround("ListAccessKeys", 1, func() { s.In(other, func() { s.ApplyPlan() }) },
			acctest.PlanOutdated("it would rotate key k1, but "+acctest.KeysChanged))
		s.WantDetail("k2 ("+acctest.ProvedAt(acctest.RotationDay)+")", "Nothing was changed")
		s.WantChanges("create k2")
		s.UseKey("k2")
		s.PlanEmpty(acctest.RotationWaits(acctest.SlotTaken("k2")))
	})
	// Each adopts the key of the other one, and require_unused_for keeps both for as long as they are used.
	t.Run("retire", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t)
		s.Write(acctest.Distinct(acctest.Args{"unmanaged_keys": `"retire"`}), acctest.ConsumerHCL)
		other := s.Checkout()
		s.Plan(2)
		s.In(other, func() { s.Plan(2) })
		s.ApplyPlanAround("CreateAccessKey", 1, func() { s.In(other, func() { s.ApplyPlan() }) }, acctest.UnexpectedKey("k1", acctest.FirstDay))
		s.WantChanges("create k2", "create k1")
		s.WantHandovers("k1", "k2")
		s.Apply(acctest.Adopts("k1"))
		s.PlanEmpty()
		s.WantState(map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "previous.adopted": true})
		s.In(other, func() {
			s.Apply(acctest.Adopts("k2"))
			s.PlanEmpty()
			s.WantState(map[string]any{"access_key_id": "k1", "previous.access_key_id": "k2", "previous.adopted": true})
		})
		s.Advance("7d")
		s.UseKey("k1")
		s.UseKey("k2")
		const at, until = "2026-01-08 00:00:00 UTC", "2026-01-09 00:00:00 UTC"
		s.PlanEmpty(acctest.NotRetiredYet("k1", at+" by s3 in eu-west-1", until))
		s.In(other, func() {
			s.PlanEmpty(acctest.NotRetiredYet("k2", at+" by s3 in eu-west-1", until))
			s.Destroy(acctest.AdoptedLeft("k2"), acctest.DestroysInUse("k1", at+" by s3 in eu-west-1"))
		})
		s.WantChanges("delete k1")
		s.Step()
		s.WantState(map[string]any{"access_key_id": "k2", "previous": nil})
		s.WantKeys("k2 Active")
	})
}
