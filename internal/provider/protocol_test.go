package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// What a plan shows for an attribute that has no text: Terraform's own words.
const (
	knownAfterApply = "(known after apply)"
	null            = "null"
	// removed is an element that a map has no more.
	removed = "(removed)"
)

// attributes are the values that a configuration sets: string, bool, []string for a set, attributes for a map or an object.
// Nil is not set, and knownAfterApply is a value that is not known yet.
type attributes map[string]any

// with returns the attributes with those of more in their place.
func (a attributes) with(more attributes) attributes {
	merged := maps.Clone(a)
	maps.Copy(merged, more)
	return merged
}

// planned is the answer of a provider to a plan.
type planned struct {
	state    *tfprotov6.DynamicValue
	private  []byte
	identity *tfprotov6.ResourceIdentityData
	// replaces are the attributes whose change replaces the resource.
	replaces []string
	// says are the diagnostics: severity, summary and detail, such as "Warning: Rotation is due and waits | User ...".
	says []string
}

func (p planned) fails() bool {
	return slices.ContainsFunc(p.says, func(d string) bool { return strings.HasPrefix(d, "Error: ") })
}

// samePlan reports whether two plans do the same.
func (p *protocol) samePlan(one, other planned) bool {
	p.t.Helper()
	return p.unmarshal(one.state).Equal(p.unmarshal(other.state)) && bytes.Equal(one.private, other.private) &&
		one.fails() == other.fails()
}

// planChange validates a configuration and plans it as Terraform does, without a read before it.
func (p *protocol) planChange(prior instance, config attributes) planned {
	p.t.Helper()
	kind := p.schema.ValueType()
	configured := p.value(kind, config)
	proposed := p.proposed(p.schema.Block.Attributes, p.unmarshal(prior.state), configured)
	validated, err := p.server.ValidateResourceConfig(p.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: rotatingAccessKeyType, Config: p.dynamic(kind, configured),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.clean(validated.Diagnostics)
	return p.planProposed(prior, p.dynamic(kind, configured), p.dynamic(kind, tftypes.NewValue(kind, proposed)))
}

// planDestroy plans a destroy.
func (p *protocol) planDestroy(prior instance) planned {
	p.t.Helper()
	return p.planProposed(prior, p.none().state, p.none().state)
}

func (p *protocol) planProposed(prior instance, config, proposed *tfprotov6.DynamicValue) planned {
	p.t.Helper()
	resp, err := p.server.PlanResourceChange(p.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: rotatingAccessKeyType, PriorState: prior.state, PriorPrivate: prior.private, PriorIdentity: prior.identity,
		ProposedNewState: proposed, Config: config,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	plan := planned{state: resp.PlannedState, private: resp.PlannedPrivate, identity: resp.PlannedIdentity, says: texts(resp.Diagnostics)}
	for _, at := range resp.RequiresReplace {
		plan.replaces = append(plan.replaces, strings.TrimSuffix(strings.TrimPrefix(at.String(), `AttributeName("`), `")`))
	}
	return plan
}

// proposed is the state that Terraform proposes: the configuration, and the prior value of what the provider computes.
func (p *protocol) proposed(schema []*tfprotov6.SchemaAttribute, prior, config tftypes.Value) map[string]tftypes.Value {
	p.t.Helper()
	before, after := p.children(prior), p.children(config)
	values := map[string]tftypes.Value{}
	for _, a := range schema {
		value, old := after[a.Name], tftypes.NewValue(a.ValueType(), nil)
		if v, ok := before[a.Name]; ok {
			old = v
		}
		switch {
		case a.Computed && value.IsNull():
			value = old
		case a.NestedType != nil && value.IsKnown() && !value.IsNull():
			value = tftypes.NewValue(a.ValueType(), p.proposed(a.NestedType.Attributes, old, value))
		}
		values[a.Name] = value
	}
	return values
}

// applyPlan applies a plan of config.
func (p *protocol) applyPlan(prior instance, config attributes, plan planned) (after instance, says []string) {
	p.t.Helper()
	kind := p.schema.ValueType()
	resp, err := p.server.ApplyResourceChange(p.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: rotatingAccessKeyType, PriorState: prior.state, PlannedState: plan.state, Config: p.dynamic(kind, p.value(kind, config)),
		PlannedPrivate: plan.private, PlannedIdentity: plan.identity,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return instance{state: resp.NewState, identity: resp.NewIdentity, private: resp.Private}, texts(resp.Diagnostics)
}

// refresh reads the resource, and returns the diagnostics as well.
func (p *protocol) refresh(prior instance) (after instance, says []string) {
	p.t.Helper()
	resp, err := p.server.ReadResource(p.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: rotatingAccessKeyType, CurrentState: prior.state, Private: prior.private, CurrentIdentity: prior.identity,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return instance{state: resp.NewState, identity: resp.NewIdentity, private: resp.Private}, texts(resp.Diagnostics)
}

// stored is a resource as a state file holds it: its attributes as JSON, and the values of its private state by name.
func (p *protocol) stored(state json.RawMessage, private map[string]json.RawMessage) instance {
	p.t.Helper()
	resp, err := p.server.UpgradeResourceState(p.t.Context(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: rotatingAccessKeyType, Version: p.schema.Version, RawState: &tfprotov6.RawState{JSON: state},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.clean(resp.Diagnostics)
	return instance{state: resp.UpgradedState, private: p.privateState(private)}
}

// privateState is the private state with these values, in the encoding of the framework.
func (p *protocol) privateState(private map[string]json.RawMessage) []byte {
	p.t.Helper()
	values := map[string][]byte{}
	for name, value := range private {
		values[name] = value
	}
	data, err := json.Marshal(values)
	if err != nil {
		p.t.Fatal(err)
	}
	return data
}

func texts(diagnostics []*tfprotov6.Diagnostic) []string {
	var out []string
	for _, d := range diagnostics {
		severity := "Warning: "
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			severity = "Error: "
		}
		out = append(out, severity+d.Summary+" | "+d.Detail)
	}
	return out
}

func (p *protocol) unmarshal(value *tfprotov6.DynamicValue) tftypes.Value {
	p.t.Helper()
	out, err := value.Unmarshal(p.schema.ValueType())
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// children are the attributes of an object or the elements of a map; none where it is null or unknown.
func (p *protocol) children(value tftypes.Value) map[string]tftypes.Value {
	p.t.Helper()
	var out map[string]tftypes.Value
	if !value.IsKnown() || value.IsNull() {
		return nil
	}
	if err := value.As(&out); err != nil {
		p.t.Fatal(err)
	}
	return out
}

// value is v as a value of Terraform.
func (p *protocol) value(kind tftypes.Type, v any) tftypes.Value {
	p.t.Helper()
	if v == knownAfterApply {
		return tftypes.NewValue(kind, tftypes.UnknownValue)
	}
	switch v := v.(type) {
	case []string:
		set, ok := kind.(tftypes.Set)
		if !ok {
			p.t.Fatalf("%s is no set", kind)
		}
		elements := make([]tftypes.Value, len(v))
		for i, element := range v {
			elements[i] = p.value(set.ElementType, element)
		}
		return tftypes.NewValue(kind, elements)
	case attributes:
		values := map[string]tftypes.Value{}
		if of, ok := kind.(tftypes.Map); ok {
			for name, element := range v {
				values[name] = p.value(of.ElementType, element)
			}
			return tftypes.NewValue(kind, values)
		}
		types := attributeTypes(p.t, kind)
		for name, attribute := range v {
			if types[name] == nil {
				p.t.Fatalf("no attribute %s", name)
			}
			values[name] = p.value(types[name], attribute)
		}
		return p.object(kind, values)
	default:
		return tftypes.NewValue(kind, v)
	}
}

// leaves are the values in a state or plan as text, by names such as "previous.status".
func (p *protocol) leaves(value *tfprotov6.DynamicValue) map[string]string {
	p.t.Helper()
	out := map[string]string{}
	for name, child := range p.children(p.unmarshal(value)) {
		p.addLeaves(out, name, child)
	}
	return out
}

func (p *protocol) addLeaves(out map[string]string, name string, value tftypes.Value) {
	p.t.Helper()
	if text, ok := p.scalar(value); ok {
		out[name] = text
		return
	}
	children := p.children(value)
	for inner, child := range children {
		p.addLeaves(out, name+"."+inner, child)
	}
	if len(children) == 0 {
		out[name] = "{}"
	}
}

// scalar is the text of a value that has no children with names: a set is the list of its elements.
func (p *protocol) scalar(value tftypes.Value) (text string, ok bool) {
	p.t.Helper()
	var err error
	switch {
	case !value.IsKnown():
		return knownAfterApply, true
	case value.IsNull():
		return null, true
	case value.Type().Is(tftypes.String):
		err = value.As(&text)
	case value.Type().Is(tftypes.Bool):
		var b bool
		err = value.As(&b)
		text = fmt.Sprint(b)
	case value.Type().Is(tftypes.Number):
		text = value.String()
		text = strings.TrimSuffix(strings.TrimPrefix(text, `tftypes.Number<"`), `">`)
	case value.Type().Is(tftypes.Set{}):
		var elements []tftypes.Value
		err = value.As(&elements)
		texts := make([]string, len(elements))
		for i, element := range elements {
			texts[i], _ = p.scalar(element)
		}
		slices.Sort(texts)
		text = strings.Join(texts, ", ")
	default:
		return "", false
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return text, true
}

// changesOf are the attributes that differ between two states, with the value that they have in the second one.
func (p *protocol) changesOf(before, after *tfprotov6.DynamicValue) changes {
	p.t.Helper()
	old, now := p.leaves(before), p.leaves(after)
	out := changes{}
	for name, value := range now {
		if was, ok := old[name]; !ok || was != value {
			out[name] = value
		}
	}
	for name := range old {
		inside := func(other string) bool {
			return strings.HasPrefix(name, other+".") || strings.HasPrefix(other, name+".")
		}
		if _, ok := now[name]; !ok && !slices.ContainsFunc(slices.Collect(maps.Keys(now)), inside) {
			out[name] = removed
		}
	}
	return out
}
