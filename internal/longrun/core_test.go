package longrun_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/provider"
)

const resourceType = "iamkeys_rotating_access_key"

// core calls the provider as Terraform core does: each plan and each apply uses its own process of the provider. It checks the
// answers as docs/resource-instance-change-lifecycle.md of hashicorp/terraform requires.
type core struct {
	clock    clock.Clock
	provider map[string]tftypes.Value
	// valid is the last configuration that the provider accepted. It is not validated again, which saves time.
	valid tftypes.Value
}

// schemas returns the schemas of the provider.
var schemas = sync.OnceValues(func() (*tfprotov6.GetProviderSchemaResponse, error) {
	server := providerserver.NewProtocol6(provider.New("test", provider.Options{})())()
	return server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
})

// object is the resource in the state.
type object struct {
	// value is null if the resource does not exist.
	value    tftypes.Value
	private  []byte
	identity *tfprotov6.ResourceIdentityData
	tainted  bool
}

func (o object) exists() bool { return !o.value.IsNull() }

// action is what a plan does to the resource.
type action int

const (
	noop action = iota
	create
	update
	replace
	destroy
)

// plan is a saved plan.
type plan struct {
	action action
	// prior is the state after the refresh.
	prior   object
	config  tftypes.Value
	planned tftypes.Value
	diags   diagnostics
}

// diagnostics are the messages of a command. bugs are violations of the protocol, which Terraform reports as bugs of the
// provider.
type diagnostics struct {
	errors, warnings []string
	bugs             []string
}

func (d *diagnostics) add(from []*tfprotov6.Diagnostic) {
	for _, diag := range from {
		text := diag.Summary + "\n" + diag.Detail
		if diag.Severity == tfprotov6.DiagnosticSeverityWarning {
			d.warnings = append(d.warnings, text)
		} else {
			d.errors = append(d.errors, text)
		}
	}
}

func (d *diagnostics) failed() bool { return len(d.errors) > 0 || len(d.bugs) > 0 }

func (d *diagnostics) bug(format string, args ...any) {
	d.bugs = append(d.bugs, fmt.Sprintf(format, args...))
}

// process starts a process of the provider and configures it.
func (c *core) process(ctx context.Context, d *diagnostics) tfprotov6.ProviderServer {
	server := providerserver.NewProtocol6(provider.New("test", provider.Options{Clock: c.clock})())()
	resp, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.11.4", Config: toDynamic(providerType(), objectValue(providerType(), c.provider)),
	})
	if err != nil {
		d.bug("ConfigureProvider: %v", err)
		return server
	}
	d.add(resp.Diagnostics)
	return server
}

// plan refreshes the state and plans.
func (c *core) plan(ctx context.Context, state object, config tftypes.Value) plan {
	p := plan{prior: state, config: config}
	server := c.process(ctx, &p.diags)
	if p.diags.failed() {
		return p
	}
	if !config.IsNull() && !config.Equal(c.valid) {
		valid, err := server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{
			TypeName: resourceType, Config: toDynamic(keyType(), config),
		})
		if err != nil {
			p.diags.bug("ValidateResourceConfig: %v", err)
			return p
		}
		if p.diags.add(valid.Diagnostics); !p.diags.failed() {
			c.valid = config
		}
	}
	if state.exists() && !p.diags.failed() {
		p.prior = c.read(ctx, server, state, &p.diags)
	}
	if p.diags.failed() {
		return p
	}
	proposal := c.propose(ctx, server, &p)
	p.action, p.planned = proposal.action, proposal.planned
	return p
}

// read refreshes the state.
func (c *core) read(ctx context.Context, server tfprotov6.ProviderServer, state object, d *diagnostics) object {
	resp, err := server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: resourceType, CurrentState: toDynamic(keyType(), state.value), Private: state.private, CurrentIdentity: state.identity,
	})
	if err != nil {
		d.bug("ReadResource: %v", err)
		return state
	}
	if d.add(resp.Diagnostics); d.failed() {
		return state
	}
	read := object{value: fromDynamic(keyType(), resp.NewState), private: resp.Private, identity: resp.NewIdentity, tainted: state.tainted}
	if !read.value.IsFullyKnown() {
		d.bug("Provider returned invalid result object after refresh")
	}
	return read
}

// importState imports by id.
func (c *core) importState(ctx context.Context, id string) object {
	var d diagnostics
	server := c.process(ctx, &d)
	resp := must(server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: resourceType, ID: id}))
	if d.add(resp.Diagnostics); d.failed() {
		panic(fmt.Sprint(d))
	}
	r := resp.ImportedResources[0]
	return object{value: fromDynamic(keyType(), r.State), private: r.Private, identity: r.Identity}
}

// proposal is the provider's answer to a plan.
type proposal struct {
	action   action
	planned  tftypes.Value
	private  []byte
	identity *tfprotov6.ResourceIdentityData
}

// propose returns the provider's plan of a change from p.prior to p.config. It runs at plan and again at apply.
func (c *core) propose(ctx context.Context, server tfprotov6.ProviderServer, p *plan) proposal {
	prior := p.prior
	nothing := proposal{planned: prior.value}
	if p.config.IsNull() && !prior.exists() {
		return nothing
	}
	if prior.tainted && !p.config.IsNull() {
		// Terraform replaces a tainted object, whatever the provider plans.
		prior = object{value: null(keyType())}
	}
	proposed := p.config
	if !p.config.IsNull() {
		proposed = proposedNew(prior.value, p.config)
	}
	resp, err := server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: resourceType, PriorState: toDynamic(keyType(), prior.value), ProposedNewState: toDynamic(keyType(), proposed),
		Config: toDynamic(keyType(), p.config), PriorPrivate: prior.private, PriorIdentity: prior.identity,
	})
	if err != nil {
		p.diags.bug("PlanResourceChange: %v", err)
		return nothing
	}
	if p.diags.add(resp.Diagnostics); p.diags.failed() {
		return nothing
	}
	answer := proposal{update, fromDynamic(keyType(), resp.PlannedState), resp.PlannedPrivate, resp.PlannedIdentity}
	switch {
	case p.config.IsNull():
		answer.action = destroy
		return answer
	case len(resp.RequiresReplace) > 0 && prior.exists():
		answer.action = replace
		return answer
	case p.prior.tainted:
		answer.action = replace
	case !prior.exists():
		answer.action = create
	case answer.planned.Equal(prior.value):
		answer.action = noop
	}
	p.diags.bugs = append(p.diags.bugs, planProblems(prior.value, p.config, answer.planned)...)
	return answer
}

// apply applies a plan, and returns the new state and the messages.
func (c *core) apply(ctx context.Context, p plan) (object, diagnostics) {
	if p.action == noop {
		return p.prior, diagnostics{}
	}
	again := plan{prior: p.prior, config: p.config}
	server := c.process(ctx, &again.diags)
	if again.diags.failed() {
		return p.prior, again.diags
	}
	if p.action == replace {
		destroyed := c.change(ctx, server, &plan{prior: p.prior, config: null(keyType())}, null(keyType()))
		if destroyed.diags.failed() {
			return destroyed.prior, destroyed.diags
		}
		again.prior = object{value: null(keyType())}
	}
	done := c.change(ctx, server, &again, p.planned)
	return done.prior, done.diags
}

// change plans again, compares the result with the shown plan, and applies it. The prior of the returned plan is the new state.
func (c *core) change(ctx context.Context, server tfprotov6.ProviderServer, p *plan, shown tftypes.Value) *plan {
	final := c.propose(ctx, server, p)
	if p.diags.failed() {
		return p
	}
	if problems := incompatible("", shown, final.planned); len(problems) > 0 {
		p.diags.bug("Provider produced inconsistent final plan: %s", strings.Join(problems, ", "))
		return p
	}
	if final.action == noop {
		return p
	}
	resp, err := server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: resourceType, PriorState: toDynamic(keyType(), p.prior.value), PlannedState: toDynamic(keyType(), final.planned),
		Config: toDynamic(keyType(), p.config), PlannedPrivate: final.private, PlannedIdentity: final.identity,
	})
	if err != nil {
		p.diags.bug("ApplyResourceChange: %v", err)
		return p
	}
	p.diags.add(resp.Diagnostics)
	applied := object{value: fromDynamic(keyType(), resp.NewState), private: resp.Private, identity: resp.NewIdentity}
	if !applied.value.IsFullyKnown() {
		p.diags.bug("Provider returned invalid result object after apply")
		return p
	}
	switch failed := p.diags.failed(); {
	case !failed:
		if problems := incompatible("", final.planned, applied.value); len(problems) > 0 {
			p.diags.bug("Provider produced inconsistent result after apply: %s", strings.Join(problems, ", "))
		}
	case !applied.exists() && p.prior.exists():
		// Terraform keeps the prior state in this case.
		applied.value, applied.identity = p.prior.value, p.prior.identity
	case !p.prior.exists():
		applied.tainted = applied.exists()
	}
	p.prior = applied
	return p
}

func keyType() tftypes.Type { return keySchema().ValueType() }

func keySchema() *tfprotov6.Schema {
	all, err := schemas()
	if err != nil {
		panic(err)
	}
	return all.ResourceSchemas[resourceType]
}

func providerType() tftypes.Type {
	all, err := schemas()
	if err != nil {
		panic(err)
	}
	return all.Provider.ValueType()
}

// proposedNew returns the state that Terraform proposes: the configuration, with prior values for computed attributes.
func proposedNew(prior, config tftypes.Value) tftypes.Value {
	return merge(keySchema().Block.Attributes, keyType(), prior, config)
}

func merge(attributes []*tfprotov6.SchemaAttribute, typ tftypes.Type, prior, config tftypes.Value) tftypes.Value {
	was, want, merged := fields(prior), fields(config), map[string]tftypes.Value{}
	for _, a := range attributes {
		switch v := want[a.Name]; {
		case v.IsNull() && a.Computed && !prior.IsNull():
			merged[a.Name] = was[a.Name]
		case a.NestedType != nil && !v.IsNull():
			inner := null(a.ValueType())
			if !prior.IsNull() {
				inner = was[a.Name]
			}
			merged[a.Name] = merge(a.NestedType.Attributes, a.ValueType(), inner, v)
		default:
			merged[a.Name] = v
		}
	}
	return tftypes.NewValue(typ, merged)
}

// planProblems returns Terraform's complaints about a plan: a configured value must be planned as configured or as it was before.
func planProblems(prior, config, planned tftypes.Value) []string {
	was, want, shown := fields(prior), fields(config), fields(planned)
	var problems []string
	for _, a := range keySchema().Block.Attributes {
		p, w := shown[a.Name], want[a.Name]
		switch {
		case p.Equal(w), w.IsNull() && a.Computed, !w.IsNull() && !prior.IsNull() && p.Equal(was[a.Name]):
		case a.NestedType != nil && !w.IsNull() && !p.IsNull():
			// A nested object has computed attributes.
		default:
			problems = append(problems, "Provider produced invalid plan: "+a.Name)
		}
	}
	return problems
}

// incompatible returns the paths of values that are known in before and differ in after.
func incompatible(path string, before, after tftypes.Value) []string {
	switch {
	case !before.IsKnown(), before.Equal(after):
		return nil
	case before.IsFullyKnown(), before.IsNull(), after.IsNull(), !before.Type().Is(tftypes.Object{}):
		return []string{path}
	}
	var problems []string
	was, is := fields(before), fields(after)
	for name := range was {
		problems = append(problems, incompatible(strings.TrimPrefix(path+"."+name, "."), was[name], is[name])...)
	}
	slices.Sort(problems)
	return problems
}
