package provider_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const rotatingAccessKeyType = "iamkeys_rotating_access_key"

// protocol is a configured provider that is spoken to as Terraform 1.12 and later do: they know resource identities, and
// older ones don't.
type protocol struct {
	t        *testing.T
	server   tfprotov6.ProviderServer
	schema   *tfprotov6.Schema
	identity tftypes.Type
}

// instance is a resource as Terraform holds it between calls.
type instance struct {
	state    *tfprotov6.DynamicValue
	identity *tfprotov6.ResourceIdentityData
	private  []byte
}

func newProtocol(t *testing.T, w *acctest.World) *protocol {
	t.Helper()
	server, err := w.Factories()["iamkeys"]()
	if err != nil {
		t.Fatal(err)
	}
	return newProtocolAs(t, w, server, w.Sim.Root(), "1.12.0")
}

// newProtocolAs configures server to sign with creds, for a Terraform of that version.
func newProtocolAs(
	t *testing.T, w *acctest.World, server tfprotov6.ProviderServer, creds iamsim.Credentials, terraform string,
) *protocol {
	t.Helper()
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	identities, err := server.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	p := &protocol{
		t: t, server: server, schema: schemas.ResourceSchemas[rotatingAccessKeyType],
		identity: identities.IdentitySchemas[rotatingAccessKeyType].ValueType(),
	}
	text := func(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }
	block := schemas.Provider.ValueType()
	endpoints, ok := attributeTypes(t, block)["endpoints"]
	if !ok {
		t.Fatal("the provider has no endpoints")
	}
	configured, err := server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: terraform,
		Config: p.dynamic(block, p.object(block, map[string]tftypes.Value{
			"region": text("us-east-1"), "access_key": text(creds.AccessKeyID), "secret_key": text(creds.Secret.Reveal()),
			"endpoints": p.object(endpoints, map[string]tftypes.Value{
				"iam": text(w.Sim.URL()), "kms": text(w.Sim.URL()), "sts": text(w.Sim.URL()),
			}),
		})),
	})
	if err != nil {
		t.Fatal(err)
	}
	p.clean(configured.Diagnostics)
	return p
}

func attributeTypes(t *testing.T, of tftypes.Type) map[string]tftypes.Type {
	t.Helper()
	object, ok := of.(tftypes.Object)
	if !ok {
		t.Fatalf("%s is no object", of)
	}
	return object.AttributeTypes
}

// object is an object of which only some attributes are set: the others are null, and so are blocks, lists being empty.
func (p *protocol) object(of tftypes.Type, set map[string]tftypes.Value) tftypes.Value {
	p.t.Helper()
	values := map[string]tftypes.Value{}
	for name, kind := range attributeTypes(p.t, of) {
		values[name] = tftypes.NewValue(kind, nil)
		if list, ok := kind.(tftypes.List); ok && list.ElementType.Is(tftypes.Object{}) {
			values[name] = tftypes.NewValue(kind, []tftypes.Value{})
		}
	}
	maps.Copy(values, set)
	return tftypes.NewValue(of, values)
}

func (p *protocol) dynamic(of tftypes.Type, value tftypes.Value) *tfprotov6.DynamicValue {
	p.t.Helper()
	dynamic, err := tfprotov6.NewDynamicValue(of, value)
	if err != nil {
		p.t.Fatal(err)
	}
	return &dynamic
}

// clean fails the test on any error.
func (p *protocol) clean(diagnostics []*tfprotov6.Diagnostic) {
	p.t.Helper()
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			p.t.Fatalf("%s: %s", d.Summary, d.Detail)
		}
	}
}

// texts are the string attributes of a value that are known and not null.
func (p *protocol) texts(value *tfprotov6.DynamicValue, of tftypes.Type) map[string]string {
	p.t.Helper()
	object, err := value.Unmarshal(of)
	if err != nil {
		p.t.Fatal(err)
	}
	var all map[string]tftypes.Value
	if err := object.As(&all); err != nil {
		p.t.Fatal(err)
	}
	texts := map[string]string{}
	for name, v := range all {
		var text *string
		if v.IsKnown() && v.As(&text) == nil && text != nil {
			texts[name] = *text
		}
	}
	return texts
}

// none is a resource that does not exist yet.
func (p *protocol) none() instance {
	p.t.Helper()
	return instance{state: p.dynamic(p.schema.ValueType(), tftypes.NewValue(p.schema.ValueType(), nil))}
}

// apply plans and applies a configuration of user and rotate_after.
func (p *protocol) apply(prior instance, user, rotateAfter string) instance {
	p.t.Helper()
	kind := p.schema.ValueType()
	set := map[string]tftypes.Value{
		"user": tftypes.NewValue(tftypes.String, user), "rotate_after": tftypes.NewValue(tftypes.String, rotateAfter),
	}
	config := p.dynamic(kind, p.object(kind, set))
	proposed, err := prior.state.Unmarshal(kind)
	if err != nil {
		p.t.Fatal(err)
	}
	values := map[string]tftypes.Value{}
	if proposed.IsNull() {
		for _, attribute := range p.schema.Block.Attributes {
			if attribute.Computed {
				values[attribute.Name] = tftypes.NewValue(attribute.ValueType(), tftypes.UnknownValue)
			}
		}
	} else if err := proposed.As(&values); err != nil {
		p.t.Fatal(err)
	}
	maps.Copy(values, set)
	planned, err := p.server.PlanResourceChange(p.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: rotatingAccessKeyType, PriorState: prior.state, PriorPrivate: prior.private, PriorIdentity: prior.identity,
		ProposedNewState: p.dynamic(kind, p.object(kind, values)), Config: config,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.clean(planned.Diagnostics)
	applied, err := p.server.ApplyResourceChange(p.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: rotatingAccessKeyType, PriorState: prior.state, PlannedState: planned.PlannedState, Config: config,
		PlannedPrivate: planned.PlannedPrivate, PlannedIdentity: planned.PlannedIdentity,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.clean(applied.Diagnostics)
	return instance{state: applied.NewState, identity: applied.NewIdentity, private: applied.Private}
}

func (p *protocol) read(prior instance) instance {
	p.t.Helper()
	read, err := p.server.ReadResource(p.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: rotatingAccessKeyType, CurrentState: prior.state, Private: prior.private, CurrentIdentity: prior.identity,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.clean(read.Diagnostics)
	return instance{state: read.NewState, identity: read.NewIdentity, private: read.Private}
}

// importing imports by an id, or by the identity where there is one, and returns the error if it fails.
func (p *protocol) importing(id string, identity map[string]string) (instance, *tfprotov6.Diagnostic) {
	p.t.Helper()
	req := &tfprotov6.ImportResourceStateRequest{TypeName: rotatingAccessKeyType, ID: id}
	if identity != nil {
		values := map[string]tftypes.Value{}
		for name, value := range identity {
			values[name] = tftypes.NewValue(tftypes.String, value)
		}
		req.Identity = &tfprotov6.ResourceIdentityData{IdentityData: p.dynamic(p.identity, p.object(p.identity, values))}
	}
	resp, err := p.server.ImportResourceState(p.t.Context(), req)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, d := range resp.Diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return instance{}, d
		}
	}
	if len(resp.ImportedResources) != 1 {
		p.t.Fatalf("%d resources were imported, want 1", len(resp.ImportedResources))
	}
	imported := resp.ImportedResources[0]
	return instance{state: imported.State, identity: imported.Identity, private: imported.Private}, nil
}

// identified checks the identity of an instance.
func (p *protocol) identified(step string, i instance, want map[string]string) {
	p.t.Helper()
	if i.identity == nil || i.identity.IdentityData == nil {
		p.t.Errorf("%s: no identity", step)
		return
	}
	if got := p.texts(i.identity.IdentityData, p.identity); !maps.Equal(got, want) {
		p.t.Errorf("%s: identity %v, want %v", step, got, want)
	}
}

func TestAccRotatingAccessKey_identity(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("app")
	p := newProtocol(t, w)
	want := map[string]string{"user": "app", "account_id": "123456789012"}

	created := p.apply(p.none(), "app", "90d")
	p.identified("create", created, want)
	read := p.read(created)
	p.identified("read", read, want)
	updated := p.apply(read, "app", "180d")
	p.identified("update", updated, want)

	// A state that Terraform before 1.12 wrote has no identity: each of the calls gives it one.
	old := created
	old.identity = nil
	p.identified("read of an old state", p.read(old), want)
	p.identified("update of an old state", p.apply(old, "app", "180d"), want)

	w.Sim.RenameUser("app", "web")
	// A planned step records the new name.
	renamed := p.read(updated)
	p.identified("read of a renamed user", renamed, want)
	want["user"] = "web"
	p.identified("update of a renamed user", p.apply(renamed, "web", "90d"), want)
	if got := w.Calls("CreateAccessKey"); got != 1 {
		t.Errorf("%d keys were created, want 1", got)
	}
}

func TestAccRotatingAccessKey_importIdentity(t *testing.T) {
	t.Parallel()
	w := acctest.New(t, iamsim.Options{Users: []string{"app"}})
	key := w.Sim.CreateAccessKey("app")
	p := newProtocol(t, w)
	whole := map[string]string{"user": "app", "account_id": "123456789012"}

	for name, identity := range map[string]map[string]string{
		"user": {"user": "app"}, "user and account": whole, "id": nil,
	} {
		id := ""
		if identity == nil {
			id = "app"
		}
		imported, failure := p.importing(id, identity)
		if failure != nil {
			t.Fatalf("%s: %s: %s", name, failure.Summary, failure.Detail)
		}
		read := p.read(imported)
		p.identified("read after an import by "+name, read, whole)
		got := p.texts(read.state, p.schema.ValueType())
		if got["access_key_id"] != key.AccessKeyID || got["account_id"] != "123456789012" || got["user"] != "app" {
			t.Errorf("import by %s: key %s of user %s in account %s", name, got["access_key_id"], got["user"], got["account_id"])
		}
		settled := p.apply(read, "app", "90d")
		p.identified("update after an import by "+name, settled, whole)
	}

	w.ResetCalls()
	_, failure := p.importing("", map[string]string{"user": "app", "account_id": "210987654321"})
	if failure == nil {
		t.Fatal("an import with the id of another account passed")
	}
	if failure.Summary != "Wrong AWS account 123456789012" || !strings.Contains(failure.Detail, "210987654321") {
		t.Errorf("%s: %s", failure.Summary, failure.Detail)
	}
	if got := w.CallList(); len(got) > 1 {
		t.Errorf("calls %q: the account is compared before anything else", got)
	}
}

// What is no import id fails before IAM is asked.
func TestAccRotatingAccessKey_importMalformed(t *testing.T) {
	t.Parallel()
	w := acctest.New(t, iamsim.Options{Users: []string{"app"}})
	one, two := w.Sim.CreateAccessKey("app").AccessKeyID, w.Sim.CreateAccessKey("app").AccessKeyID
	p := newProtocol(t, w)
	for _, id := range []string{
		"/", "/" + one, "app/", "app//" + one, "app/" + one + "/", "app/" + strings.ToLower(one), "app/ASIA" + one[4:], "app/AKIA",
		"app/" + one + "/ASIA" + two[4:], "app/ASIA",
		"app/" + one + "/" + two + "/" + one, one + "/app",
	} {
		_, failure := p.importing(id, nil)
		switch {
		case failure == nil:
			t.Errorf("import id %q was taken", id)
		case strings.Contains(id, "/ASIA"+one[4:]) || strings.Contains(id, "/ASIA"+two[4:]):
			if failure.Summary != `Import id "`+id+`" names temporary credentials` {
				t.Errorf("import id %q: %s", id, failure.Summary)
			}
		case failure.Summary != `Import id "`+id+`" is not of the form user, user/CURRENT or user/CURRENT/PREVIOUS`:
			t.Errorf("import id %q: %s", id, failure.Summary)
		}
	}
	if got := w.CallList(); !slices.Equal(got, nil) {
		t.Errorf("calls %q, want none", got)
	}
}
