package provider

import (
	"context"
	"regexp"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/policydoc"
)

var _ datasource.DataSourceWithValidateConfig = (*policyDocumentDataSource)(nil)

func newPolicyDocumentDataSource() datasource.DataSource { return &policyDocumentDataSource{} }

// policyDocumentDataSource is iamkeys_policy_document: the IAM policy for what a configuration uses. It has no client: it asks nobody.
type policyDocumentDataSource struct{}

type policyDocumentModel struct {
	Features             types.Set    `tfsdk:"features"`
	Users                types.Set    `tfsdk:"users"`
	UserPaths            types.Set    `tfsdk:"user_paths"`
	OwnUser              types.Bool   `tfsdk:"own_user"`
	AccountID            types.String `tfsdk:"account_id"`
	Partition            types.String `tfsdk:"partition"`
	KMSKeyARNs           types.Set    `tfsdk:"kms_key_arns"`
	KMSEncryptionContext types.Map    `tfsdk:"kms_encryption_context"`
	JSON                 types.String `tfsdk:"json"`
}

func (d *policyDocumentDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_policy_document"
}

func (d *policyDocumentDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The least-privilege IAM policy for the features of this provider that a configuration uses: it has no action " +
			"that they do not call. Attach it to the role or the user whose credentials the provider gets.\n\n" +
			"The scope is the same for all features. For two scopes, such as keys of one user that are rotated and keys of all users that " +
			"are audited, use two data sources and two policies. `sts:GetCallerIdentity` needs no permission and is in none.\n\n" +
			"No request is sent to AWS.",
		Attributes: map[string]schema.Attribute{
			"features": schema.SetAttribute{
				MarkdownDescription: policyFeaturesDescription, Required: true, ElementType: types.StringType,
				Validators: []validator.Set{
					setvalidator.SizeAtLeast(1), setvalidator.NoNullValues(),
					setvalidator.ValueStringsAre(stringvalidator.OneOf(policyFeatureNames()...)),
				},
			},
			"users": policyStrings("IAM users whose keys are meant: names, with the path if a user has one as in `service/ci`, or ARNs, which "+
				"have the path. Write names as IAM has them: policies distinguish capital letters. Null or empty: none.",
				policydoc.UserForm, acceptsUser),
			"user_paths": policyStrings("Paths of IAM users whose keys are meant, with all paths below them, such as `/service/`; `/` means all "+
				"users of the account. Null or empty: none.", policydoc.PathForm, acceptsPath),
			"own_user": schema.BoolAttribute{
				MarkdownDescription: "Whether the user that the policy is attached to is meant, by `${aws:username}`: whoever has the policy may " +
					"work on own keys only. A role has no user name, so this is for policies of users and groups. Null: `false`.",
				Optional: true,
			},
			"account_id": schema.StringAttribute{
				MarkdownDescription: "Account of `users`, `user_paths` and `own_user`, 12 digits. Null: `*`, which grants nothing more, since a " +
					"policy of an account can't allow access to users of another.",
				Optional:   true,
				Validators: []validator.String{formValidator{form: "an AWS account id: 12 digits", accepts: accountIDPattern.MatchString}},
			},
			"partition": schema.StringAttribute{
				MarkdownDescription: "Partition of `users`, `user_paths` and `own_user`: `aws`, `aws-cn`, `aws-us-gov` or another. Null: `*`, " +
					"which fits every partition.",
				Optional: true,
				Validators: []validator.String{
					formValidator{form: "an AWS partition, such as aws or aws-us-gov", accepts: partitionPattern.MatchString},
				},
			},
			"kms_key_arns": policyStrings("ARNs of the KMS keys for `kms_encrypt` and `kms_decrypt`. A policy can't name a key by an alias. The "+
				"key policy must delegate access to IAM, as the default one does. Null or empty: none.", policydoc.KeyForm, policydoc.IsKMSKeyARN),
			"kms_encryption_context": schema.MapAttribute{
				MarkdownDescription: "Restricts `kms_encrypt` and `kms_decrypt` to secrets with this encryption context: the " +
					"`kms_encryption_context` of `encrypted_output`, or a part of it. Null or empty: any.",
				Optional:    true,
				ElementType: types.StringType,
			},
			"json": computedText("The policy as JSON. Its order does not depend on the order of the arguments, and it has no date, so it changes " +
				"only with them and with a release that needs other permissions. Never null."),
		},
	}
}

// ValidateConfig refuses features without what they are for, and restrictions that restrict nothing, as far as values are known.
// Terraform calls it again before a Read, when they are.
func (d *policyDocumentDataSource) ValidateConfig(
	ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse,
) {
	var m policyDocumentModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !fullyKnown(ctx, m.Features) {
		return
	}
	resp.Diagnostics.Append(m.checkScope(ctx, policyUserScope(&m), policydoc.Feature.NeedsUsers, policyWithoutUsers)...)
	resp.Diagnostics.Append(m.checkScope(ctx, policyKeyScope(&m), policydoc.Feature.NeedsKMSKeys, policyWithoutKeys)...)
	resp.Diagnostics.Append(m.checkAccounts()...)
}

func (d *policyDocumentDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m policyDocumentModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.JSON = types.StringValue(policydoc.Build(m.request()).JSON())
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// policyScope is an argument that says what features are allowed to touch.
type policyScope struct {
	name  string
	value attr.Value
	// optional marks one that restricts the others and can't stand for them.
	optional bool
}

func policyUserScope(m *policyDocumentModel) []policyScope {
	return []policyScope{{name: "users", value: m.Users}, {name: "user_paths", value: m.UserPaths}, {name: "own_user", value: m.OwnUser}}
}

func policyKeyScope(m *policyDocumentModel) []policyScope {
	return []policyScope{
		{name: "kms_key_arns", value: m.KMSKeyARNs}, {name: "kms_encryption_context", value: m.KMSEncryptionContext, optional: true},
	}
}

// checkScope checks that one of the arguments is set if a feature needs it, and none otherwise.
func (m *policyDocumentModel) checkScope(
	ctx context.Context, scope []policyScope, needs func(policydoc.Feature) bool, missing func(needing []policydoc.Feature) diag.Diagnostic,
) diag.Diagnostics {
	unneeding := func(f policydoc.Feature) bool { return !needs(f) }
	needing := slices.DeleteFunc(m.features(), unneeding)
	var diags diag.Diagnostics
	given := false
	for _, s := range scope {
		switch set := isSet(ctx, s.value); {
		case set && len(needing) == 0:
			diags.Append(policyScopeWithoutFeature(s.name, slices.DeleteFunc(policydoc.Features(), unneeding)))
		case set && !s.optional:
			given = true
		}
	}
	if len(needing) > 0 && !given {
		diags.Append(missing(needing))
	}
	return diags
}

// isSet reports whether an argument has a value other than false and the empty collection. One that is not known counts as set.
func isSet(ctx context.Context, value attr.Value) bool {
	switch v := value.(type) {
	case types.Bool:
		return v.IsUnknown() || v.ValueBool()
	case types.Map:
		return v.IsUnknown() || len(v.Elements()) > 0
	case types.Set:
		return !fullyKnown(ctx, v) || len(elements(v)) > 0
	}
	return false
}

// checkAccounts checks that ARNs of users do not contradict account_id and partition.
func (m *policyDocumentModel) checkAccounts() diag.Diagnostics {
	var diags diag.Diagnostics
	for _, text := range elements(m.Users) {
		u, _ := policydoc.ParseUser(text)
		if id := m.AccountID.ValueString(); id != "" && u.Account.ID != "" && u.Account.ID != id {
			diags.Append(policyUserElsewhere(text, "account_id", id))
		}
		if p := m.Partition.ValueString(); p != "" && u.Account.Partition != "" && u.Account.Partition != p {
			diags.Append(policyUserElsewhere(text, "partition", p))
		}
	}
	return diags
}

func (m *policyDocumentModel) features() []policydoc.Feature {
	var features []policydoc.Feature
	for _, name := range elements(m.Features) {
		features = append(features, policydoc.Feature(name))
	}
	return features
}

func (m *policyDocumentModel) request() policydoc.Request {
	r := policydoc.Request{
		Features: m.features(), Account: policydoc.Account{Partition: m.Partition.ValueString(), ID: m.AccountID.ValueString()},
		KMSKeys: elements(m.KMSKeyARNs), EncryptionContext: stringElements(m.KMSEncryptionContext),
	}
	for _, text := range elements(m.Users) {
		u, _ := policydoc.ParseUser(text)
		r.Users = append(r.Users, u)
	}
	for _, text := range elements(m.UserPaths) {
		u, _ := policydoc.ParsePath(text)
		r.Users = append(r.Users, u)
	}
	if m.OwnUser.ValueBool() {
		r.Users = append(r.Users, policydoc.OwnUser())
	}
	return r
}

var (
	accountIDPattern = regexp.MustCompile(`^\d{12}$`)
	partitionPattern = regexp.MustCompile(`^aws(-[a-z]+)*$`)
)

func acceptsUser(text string) bool {
	_, ok := policydoc.ParseUser(text)
	return ok
}

func acceptsPath(text string) bool {
	_, ok := policydoc.ParsePath(text)
	return ok
}

// policyFeatureNames are the names of all features.
func policyFeatureNames() []string {
	var names []string
	for _, f := range policydoc.Features() {
		names = append(names, string(f))
	}
	return names
}

// policyStrings is a set of texts of one form.
func policyStrings(description, form string, accepts func(string) bool) schema.SetAttribute {
	return schema.SetAttribute{
		MarkdownDescription: description, Optional: true, ElementType: types.StringType,
		Validators: []validator.Set{setvalidator.NoNullValues(), setvalidator.ValueStringsAre(formValidator{form: form, accepts: accepts})},
	}
}

// formValidator refuses a text that is not of a form.
type formValidator struct {
	form    string
	accepts func(string) bool
}

var _ validator.String = formValidator{}

func (v formValidator) Description(context.Context) string { return "must be " + v.form }

func (v formValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v formValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsUnknown() || req.ConfigValue.IsNull() || v.accepts(req.ConfigValue.ValueString()) {
		return
	}
	resp.Diagnostics.Append(policyValueOfOtherForm(req.Path, req.ConfigValue.ValueString(), v.form))
}
