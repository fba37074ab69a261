package provider_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/provider"
)

// planRow is a row of the tables of what a plan shows. Keys have short names: k1, k2 and so on for those that the provider
// created, in this order.
type planRow struct {
	name string
	// before runs the commands, and changes IAM, before the plan. Nil: the user ci has no key and there is no state.
	before func(ws *workspace)
	// config is what the configuration sets besides user = "ci" and rotate_after = "90d".
	config attributes
	// noRefresh plans with -refresh=false.
	noRefresh bool
	// destroy plans with -destroy.
	destroy bool

	// refreshed are the attributes that the refresh changes in the state, and refreshSays are its diagnostics.
	refreshed   changes
	refreshSays []string
	// gone is set where the refresh removes the resource from the state.
	gone bool
	// changes are the attributes that the plan changes, with the new values. All others stay.
	changes changes
	// replaces are the attributes that force a replacement.
	replaces []string
	// says are the diagnostics of the plan, such as "Warning: " and a summary, and after " | " parts of the detail.
	says []string
	// atApply are the values at apply of what the plan does not know.
	atApply attributes
	// applySays are the diagnostics of the apply.
	applySays []string
}

// saying returns the row with these diagnostics of the plan.
func (r planRow) saying(diagnostics ...string) planRow {
	r.says = diagnostics
	return r
}

// changes are new values of attributes as text, by names such as "previous.status".
type changes map[string]string

// with returns the changes with those of more in their place.
func (c changes) with(more changes) changes {
	merged := maps.Clone(c)
	maps.Copy(merged, more)
	return merged
}

// without returns the changes without some attributes and what is in them.
func (c changes) without(names ...string) changes {
	rest := maps.Clone(c)
	maps.DeleteFunc(rest, func(name, _ string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return name == n || strings.HasPrefix(name, n+".") })
	})
	return rest
}

// testPlans runs rows. Beside what a row says it checks of each that
//
//   - planning again gives the same plan, in the same process and in those of an apply, which have not read the resource and
//     whose machine has a wrong clock,
//   - no plan changes anything in IAM,
//   - the apply leads to what the plan showed.
func testPlans(t *testing.T, rows []planRow) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			ws := newWorkspace(t)
			if row.before != nil {
				row.before(ws)
			}
			ws.checkPlan(row)
		})
	}
}

// workspace is a configuration of one resource, and what earlier commands of Terraform have left of it.
type workspace struct {
	*acctest.World
	t *testing.T
	// signer signs the requests of the provider.
	signer iamsim.Credentials
	// terraform is the version of Terraform.
	terraform string
	// resource is the resource in the state.
	resource instance
	// codec reads states.
	codec *protocol
	// names are short names, by what they stand for.
	names map[string]string
	// created is how many keys of the provider have a name.
	created int
}

func newWorkspace(t *testing.T) *workspace {
	t.Helper()
	w := acctest.New(t)
	user := w.Sim.CreateUser("ci")
	ws := &workspace{World: w, t: t, signer: w.Sim.Root(), terraform: "1.12.0", names: map[string]string{user.ID: "unique id of ci"}}
	ws.codec = ws.process(machineAhead)
	ws.resource = ws.codec.none()
	return ws
}

// byDefault is the configuration of ci with more.
func byDefault(more attributes) attributes {
	return attributes{"user": "ci", "rotate_after": "90d"}.with(more)
}

// machineClock is the clock of a machine, frozen like AWS's, by which it is wrong. It moves AWS's instead of waiting.
type machineClock struct {
	sim   *iamsim.Server
	wrong time.Duration
}

const (
	machineAhead  = 1000 * 24 * time.Hour
	machineBehind = -machineAhead
)

func (c machineClock) Now() time.Time { return c.sim.Now().Add(c.wrong) }

func (c machineClock) Sleep(ctx context.Context, d time.Duration) error {
	c.sim.Advance(d)
	return ctx.Err()
}

// process starts a process of the provider on a machine with a wrong clock. Each command of Terraform has its own.
func (ws *workspace) process(wrong time.Duration) *protocol {
	ws.t.Helper()
	server, err := providerserver.NewProtocol6WithError(provider.New("test", provider.Options{Clock: machineClock{ws.Sim, wrong}})())()
	if err != nil {
		ws.t.Fatal(err)
	}
	return newProtocolAs(ws.t, ws.World, server, ws.signer, ws.terraform)
}

// apply runs terraform apply with a configuration of ci and more.
func (ws *workspace) apply(more attributes) {
	ws.t.Helper()
	p, config := ws.process(machineAhead), byDefault(more)
	prior := ws.resource
	if !p.unmarshal(prior.state).IsNull() {
		prior = p.read(prior)
	}
	plan := p.planChange(prior, config)
	if plan.fails() {
		ws.t.Fatalf("plan: %s", ws.normalize(strings.Join(plan.says, "\n")))
	}
	after, says := p.applyPlan(prior, config, plan)
	if (planned{says: says}).fails() {
		ws.t.Fatalf("apply: %s", ws.normalize(strings.Join(says, "\n")))
	}
	ws.resource = after
	ws.nameKeys()
}

// refresh runs terraform apply -refresh-only.
func (ws *workspace) refresh() {
	ws.t.Helper()
	ws.resource = ws.process(machineAhead).read(ws.resource)
}

// importID imports an id, in which keys have their short names.
func (ws *workspace) importID(id string) {
	ws.t.Helper()
	for key, name := range ws.names {
		id = strings.ReplaceAll(id, "/"+name, "/"+key)
	}
	p := ws.process(machineAhead)
	imported, failure := p.importing(id, nil)
	if failure != nil {
		ws.t.Fatalf("%s: %s", failure.Summary, failure.Detail)
	}
	ws.resource = imported
}

// createForeignKey creates a key of ci outside Terraform.
func (ws *workspace) createForeignKey(name string) iamsim.Credentials {
	created := ws.Sim.CreateAccessKey("ci")
	ws.names[created.AccessKeyID] = name
	return created
}

// useKey sets the last use of a key to now.
func (ws *workspace) useKey(name string) {
	ws.Sim.SetLastUsed(ws.keyID(name), ws.Sim.Now(), "s3", "eu-west-1")
}

// clearLastUse makes IAM forget that a key was ever used.
func (ws *workspace) clearLastUse(name string) {
	ws.Sim.SetLastUsed(ws.keyID(name), time.Time{}, "", "")
}

// setStatus sets the status of a key outside Terraform.
func (ws *workspace) setStatus(name, status string) { ws.Sim.SetStatus(ws.keyID(name), status) }

// deleteKey deletes a key outside Terraform.
func (ws *workspace) deleteKey(name string) { ws.Sim.DeleteAccessKey(ws.keyID(name)) }

// signWith makes the provider sign with a key of ci, from the next command on.
func (ws *workspace) signWith(name string) {
	ws.signer = iamsim.Credentials{AccessKeyID: ws.keyID(name), Secret: ws.Sim.Secret(ws.keyID(name))}
}

// keyID is the id of a key.
func (ws *workspace) keyID(name string) string {
	for id, known := range ws.names {
		if known == name {
			return id
		}
	}
	ws.t.Fatalf("there is no key %s", name)
	return ""
}

// nameKeys gives short names to the keys that the provider created since the last call, and to the ciphertexts in the state.
func (ws *workspace) nameKeys() {
	for _, call := range ws.Sim.Log() {
		if call.Action == "CreateAccessKey" && call.KeyID != "" && ws.names[call.KeyID] == "" {
			ws.created++
			ws.names[call.KeyID] = fmt.Sprintf("k%d", ws.created)
		}
	}
	state := ws.codec.leaves(ws.resource.state)
	for _, prefix := range []string{"", "previous."} {
		if sealed := state[prefix+"encrypted_secret"]; sealed != "" && sealed != null {
			ws.names[sealed] = "encrypted secret of " + ws.names[state[prefix+"access_key_id"]]
		}
	}
}

// normalize returns a text with short names for ids and secrets.
func (ws *workspace) normalize(in string) string {
	for id, name := range ws.names {
		if strings.HasPrefix(id, "AKIA") {
			in = strings.ReplaceAll(in, ws.Sim.Secret(id).Reveal(), "secret of "+name)
		}
		in = strings.ReplaceAll(in, id, name)
	}
	return in
}

// checkPlan plans, compares the plan with the row, and applies it.
func (ws *workspace) checkPlan(row planRow) {
	t := ws.t
	t.Helper()
	p, config, prior := ws.process(machineAhead), byDefault(row.config), ws.resource
	if exists := !p.unmarshal(prior.state).IsNull(); exists && !row.noRefresh {
		var says []string
		prior, says = p.refresh(ws.resource)
		ws.sameTexts("refresh: diagnostics", says, row.refreshSays)
		if gone := p.unmarshal(prior.state).IsNull(); gone != row.gone {
			t.Fatalf("refresh: the resource is gone: %t, want %t", gone, row.gone)
		}
		if !row.gone {
			ws.sameChanges("refresh", p.changesOf(ws.resource.state, prior.state), row.refreshed)
		}
	}
	ws.nameKeys()
	ws.ResetCalls()
	plan := func(p *protocol) planned {
		if row.destroy {
			return p.planDestroy(prior)
		}
		return p.planChange(prior, config)
	}
	got := plan(p)
	ws.sameTexts("plan: diagnostics", got.says, row.says)
	ws.same("plan: replaces", got.replaces, row.replaces)
	if !got.fails() && !row.destroy {
		ws.sameChanges("plan", p.changesOf(prior.state, got.state), row.changes)
	}
	if again := plan(p); !p.samePlan(again, got) || !slices.Equal(again.replaces, got.replaces) {
		t.Errorf("the second plan in the same process differs: %s", ws.difference(p, got, again))
	}
	ws.noMutation()
	// Terraform plans the two halves of a replacement as a destroy and a create.
	if got.fails() || got.replaces != nil || t.Failed() {
		return
	}
	applying := ws.process(machineBehind)
	for _, q := range []*protocol{ws.process(machineAhead), applying} {
		if again := plan(q); !p.samePlan(again, got) {
			t.Errorf("the plan in the process of the apply differs: %s", ws.difference(p, got, again))
		}
	}
	ws.noMutation()
	if row.destroy || t.Failed() {
		return
	}
	ws.checkApply(applying, prior, row, got)
}

// checkApply applies a plan, and checks that it leads to what the plan showed.
func (ws *workspace) checkApply(p *protocol, prior instance, row planRow, plan planned) {
	ws.t.Helper()
	config := byDefault(row.config)
	if row.atApply != nil {
		config = config.with(row.atApply)
		shown := plan
		plan = p.planChange(prior, config)
		ws.keeps("the plan at apply", p.leaves(shown.state), p.leaves(plan.state))
	}
	after, says := p.applyPlan(prior, config, plan)
	ws.sameTexts("apply: diagnostics", says, row.applySays)
	if (planned{says: says}).fails() {
		return
	}
	ws.keeps("the apply", p.leaves(plan.state), p.leaves(after.state))
}

// keeps checks that every value of shown that is known is in got.
func (ws *workspace) keeps(what string, shown, got map[string]string) {
	ws.t.Helper()
	for name, value := range shown {
		if value != knownAfterApply && got[name] != value {
			ws.t.Errorf("%s changes %s, shown as %s, to %s", what, name, ws.normalize(value), ws.normalize(got[name]))
		}
	}
}

// noMutation checks that no call has changed anything.
func (ws *workspace) noMutation() {
	ws.t.Helper()
	reads := []string{"ListAccessKeys", "GetAccessKeyLastUsed", "GetUser", "GetCallerIdentity"}
	for _, action := range ws.CallList() {
		if !slices.Contains(reads, action) {
			ws.t.Errorf("a plan called %s", action)
		}
	}
}

// sameTexts compares diagnostics. Of a detail those parts must be there that a row names.
func (ws *workspace) sameTexts(what string, got, want []string) {
	ws.t.Helper()
	shown := slices.Clone(got)
	for i, expected := range want {
		if i >= len(shown) {
			break
		}
		summary, detail, _ := strings.Cut(ws.normalize(shown[i]), " | ")
		parts := strings.Split(expected, " | ")
		lacks := slices.ContainsFunc(parts[1:], func(part string) bool { return !strings.Contains(detail, part) })
		if summary == parts[0] && !lacks {
			shown[i] = expected
		}
	}
	ws.same(what, shown, want)
}

// same compares lists of texts.
func (ws *workspace) same(what string, got, want []string) {
	ws.t.Helper()
	texts := make([]string, len(got))
	for i, text := range got {
		texts[i] = ws.normalize(text)
	}
	if !slices.Equal(texts, want) {
		ws.t.Errorf("%s\n  %s\nwant\n  %s", what, strings.Join(texts, "\n  "), strings.Join(want, "\n  "))
	}
}

// sameChanges compares changed attributes.
func (ws *workspace) sameChanges(what string, got, want changes) {
	ws.t.Helper()
	names := slices.Collect(maps.Keys(got.with(want)))
	slices.Sort(names)
	for _, name := range names {
		value, changed := got[name]
		expected, ok := want[name]
		switch value = ws.normalize(value); {
		case !changed:
			ws.t.Errorf("%s: %s stays, want %q", what, name, expected)
		case !ok:
			ws.t.Errorf("%s: %s becomes %q, want no change", what, name, value)
		case value != expected:
			ws.t.Errorf("%s: %s becomes %q, want %q", what, name, value, expected)
		}
	}
}

// difference says what differs between two plans.
func (ws *workspace) difference(p *protocol, one, other planned) string {
	var lines []string
	for name, value := range p.changesOf(one.state, other.state) {
		lines = append(lines, name+" becomes "+value)
	}
	slices.Sort(lines)
	lines = append(lines, fmt.Sprintf("diagnostics %q, then %q", one.says, other.says))
	if string(one.private) != string(other.private) {
		lines = append(lines, "another private state")
	}
	return "\n  " + ws.normalize(strings.Join(lines, "\n  "))
}
