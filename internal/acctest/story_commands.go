package acctest

import "strings"

// Option is a flag of a command of a Story, or a diagnostic that it must show.
type Option func(*expectation)

// expectation is what the options of a command say.
type expectation struct {
	flags []string
	// diagnostics are of the form "warning: summary" or "error: summary".
	diagnostics []string
	// details are parts that the details of diagnostics must have, by the diagnostic.
	details map[string][]string
	// fails reports whether one of them is an error.
	fails bool
}

// Flags adds flags to a command.
func Flags(flags ...string) Option {
	return func(e *expectation) { e.flags = append(e.flags, flags...) }
}

// Warns expects a warning with this whole summary, and with these parts in its detail.
func Warns(summary string, details ...string) Option {
	return func(e *expectation) { e.add("warning: "+summary, details) }
}

func (e *expectation) add(diagnostic string, details []string) {
	e.diagnostics = append(e.diagnostics, diagnostic)
	if e.details == nil {
		e.details = map[string][]string{}
	}
	e.details[diagnostic] = append(e.details[diagnostic], details...)
}

// Fails expects an error with this whole summary, and that the command fails.
func Fails(summary string) Option {
	return func(e *expectation) {
		e.diagnostics, e.fails = append(e.diagnostics, "error: "+summary), true
	}
}

func expect(opts []Option) expectation {
	var e expectation
	for _, opt := range opts {
		opt(&e)
	}
	return e
}

// exitCode is that of an apply which meets the expectation.
func (e expectation) exitCode() int {
	if e.fails {
		return 1
	}
	return 0
}

// Plan plans, and saves the plan for ApplyPlan. The exit code is 0 for an empty plan, 2 for one with changes, and 1 for an error.
// No plan may change anything in IAM.
func (s *Story) Plan(code int, opts ...Option) {
	s.T.Helper()
	flags := expect(opts).flags
	before := len(s.Changes())
	s.Run(code, func() Result { return s.CLI.PlanOut(SavedPlan, flags...) }, opts...)
	if after := s.Changes(); len(after) != before {
		s.T.Fatalf("a plan changed something: %q", after[before:])
	}
}

// PlanEmpty checks that a plan is empty, and that nothing changed in IAM that no WantChanges has named.
func (s *Story) PlanEmpty(opts ...Option) {
	s.T.Helper()
	s.Plan(0, opts...)
	s.WantChanges()
}

// ApplyPlan applies the plan that was saved last. It fails if the options name an error, and only then.
func (s *Story) ApplyPlan(opts ...Option) {
	s.T.Helper()
	s.Run(expect(opts).exitCode(), func() Result { return s.CLI.ApplyPlan(SavedPlan) }, opts...)
}

// Apply plans and applies in one command. Something must be planned, unless the command fails.
func (s *Story) Apply(opts ...Option) {
	s.T.Helper()
	if changes := s.ApplyAny(opts...); !changes && s.Last.ExitCode == 0 {
		s.T.Fatal("nothing was planned")
	}
}

// Refresh is an apply that has nothing to do and changes nothing in IAM. The state then has what a plan sees.
func (s *Story) Refresh(opts ...Option) {
	s.T.Helper()
	if changes := s.ApplyAny(opts...); changes {
		s.T.Fatal("something was planned")
	}
	s.WantChanges()
}

// ApplyAny plans and applies in one command, and reports whether something was planned.
func (s *Story) ApplyAny(opts ...Option) bool {
	s.T.Helper()
	e := expect(opts)
	s.Run(e.exitCode(), func() Result { return s.CLI.Apply(e.flags...) }, opts...)
	return strings.Contains(s.Last.Stdout, `"type":"planned_change"`)
}

// Step applies, checks the changes in IAM as WantChanges does, and that the next plan is empty. Nothing shows a diagnostic.
func (s *Story) Step(changes ...string) {
	s.T.Helper()
	s.WantChanges()
	s.Apply()
	s.WantChanges(changes...)
	s.PlanEmpty()
}

// Destroy destroys everything, consumers first. The resource must then be gone from the state, or still be there if the command
// fails.
func (s *Story) Destroy(opts ...Option) {
	s.T.Helper()
	e := expect(opts)
	consumed := s.Consumed
	s.Consumed = false
	s.Run(e.exitCode(), func() Result { return s.CLI.Destroy(e.flags...) }, opts...)
	s.Consumed = consumed
	if kept := s.Attributes() != nil; kept != e.fails {
		s.T.Fatalf("the resource is in the state after a destroy with exit code %d: %t", e.exitCode(), kept)
	}
}

// Run runs a command that must end with this exit code, and makes the checks that follow each command. Flags in the options have
// no effect.
func (s *Story) Run(code int, command func() Result, opts ...Option) {
	s.T.Helper()
	worked := s.CheckConsumers(nil) == nil
	s.Last = command()
	s.nameKeys()
	s.WantNoSecrets(s.Last)
	s.CLI.Want(code)
	s.wantDiagnostics(expect(opts))
	if err := s.CheckConsumers(nil); err != nil && worked && s.Consumed {
		s.T.Fatal(s.Normalize(err.Error()))
	}
}
