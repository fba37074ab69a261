package provider_test

import "testing"

// lookPlanned is what a plan shows that looks at IAM only at apply.
var lookPlanned = changes{"rotation_blocked": knownAfterApply}

// From Terraform 1.17 on a plan may come before the Read. One that would be empty although a date has passed asks for a look. The
// apply changes nothing in IAM, and the next plan shows what is due.
func TestModifyPlan_look(t *testing.T) {
	t.Parallel()
	for _, terraform := range []string{"1.17.0", "1.17.0-dev", "2.0.0"} {
		ws := newWorkspace(t)
		ws.terraform = terraform
		createAndWait("90d")(ws)
		prior := ws.resource
		ws.ResetCalls()
		p := ws.process(machineAhead)
		plan := p.planChange(prior, byDefault(nil))
		ws.sameChanges(terraform+": plan", p.changesOf(prior.state, plan.state), lookPlanned)
		ws.sameTexts(terraform+": plan", plan.says, []string{"Warning: A step is due, and nothing has looked at IAM | Key k1 of user \"ci\": " +
			"its rotation is due, as far as the state tells. | An apply of this plan looks at IAM and changes nothing there"})
		applying := ws.process(machineAhead)
		if again := applying.planChange(prior, byDefault(nil)); !p.samePlan(again, plan) {
			t.Errorf("%s: the plan at apply differs: %s", terraform, ws.difference(p, plan, again))
		}
		after, says := applying.applyPlan(prior, byDefault(nil), plan)
		ws.sameTexts(terraform+": apply", says, nil)
		ws.sameChanges(terraform+": apply", p.changesOf(prior.state, after.state), nil)
		ws.noMutation()

		next := ws.process(machineAhead)
		shown := next.planChange(after, byDefault(nil))
		ws.sameTexts(terraform+": next plan", shown.says, nil)
		ws.sameChanges(terraform+": next plan", p.changesOf(after.state, shown.state), rotated)
		ws.noMutation()

		// Terraform reads where a plan asks for a look, and plans again.
		reading := ws.process(machineAhead)
		read := reading.read(prior)
		shown = reading.planChange(read, byDefault(nil))
		ws.sameChanges(terraform+": plan after a Read", p.changesOf(read.state, shown.state), rotated)
	}
}

// A plan with a change of its own, one before the date, and one after a Read ask for no look.
func TestModifyPlan_noLook(t *testing.T) {
	t.Parallel()
	ws := newWorkspace(t)
	ws.terraform = "1.17.0"
	createAndWait("89d")(ws)
	p := ws.process(machineAhead)
	plan := p.planChange(ws.resource, byDefault(nil))
	ws.sameChanges("before the date", p.changesOf(ws.resource.state, plan.state), nil)
	ws.Advance("1d")
	p = ws.process(machineAhead)
	plan = p.planChange(ws.resource, byDefault(attributes{"overlap": "1d"}))
	ws.sameChanges("with a change of its own", p.changesOf(ws.resource.state, plan.state), changes{"overlap": "1d"})

	// A look finds what the state does not show.
	ws.apply(attributes{"paused": true})
	p = ws.process(machineAhead)
	plan = p.planChange(ws.resource, byDefault(attributes{"paused": true}))
	ws.sameChanges("what the state shows to be blocked", p.changesOf(ws.resource.state, plan.state), nil)
}
