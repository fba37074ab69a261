package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// The values of include.
const (
	includeDescriptions       = "descriptions"
	includeServiceCredentials = "service_specific_credentials"
)

func accessKeysSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "The access keys of all IAM users of the account, of the users below a path, or of some users, with age and last " +
			"use, the worst first. Filters combine: a key must pass all that are set. Users without such a key are not in the result, nor is " +
			"the root user: `iamkeys_credential_report` has its keys.\n\n" +
			"The result is whole or there is none: if the keys of a user can't be read, the error names the user and what is missing. " +
			"IAM records a use about once in 15 minutes, so a use of the last minutes may be missing.\n\n" +
			"## Cost\n\n" +
			"Listing costs one request for each thousand users, one for each user and one for each key that passes `status` and `older_than`. " +
			"With `older_than` or `unused_for` and without `users`, the [credential report](https://docs.aws.amazon.com/IAM/latest/UserGuide/" +
			"id_credentials_getting-report.html) says which users can be left out, for two to five requests: then only the others have their " +
			"keys listed and asked for the last use. The result is the same as that of the listing:\n\n" +
			"- A last use in the report that is recent enough leaves the key out of `unused_for`. An old one, or none, is asked for again.\n" +
			"- What the report calls `last_rotated` is when a key was created *or its status changed*. If that is within the time of the " +
			"filters, the key may still be an old one, so that its user is listed, unless `trust_report` is set.\n" +
			"- Users and keys that are younger than the report don't matter: the report is used only if the filters are about a longer time " +
			"than its age and four hours more, so for `unused_for = \"1h\"` it is not.\n" +
			"- The report names users, and has no unique ids. A user that was deleted, renamed or created anew since the report is found by " +
			"a list of all users. Only if a user that the report knows has taken the name of another one since, a key can be missed: the " +
			"report is at most about four hours old.\n" +
			"- The number of rows must be the number of users that IAM has, which costs one of these requests. If it is not, since a row is " +
			"missing or a user came or went, all users are listed, for a request for each thousand, and those without a row have their keys " +
			"listed. Only a missing row beside a user that was deleted since the report can go unnoticed.\n" +
			"- A row that is cut off or repeated, and a report without the root user, make it a listing, with a warning.\n\n" +
			"`status` alone costs a whole listing: the report does not know what was changed since.\n\n" +
			"Needs `iam:ListUsers` (not with `users`), `iam:ListAccessKeys` and `iam:GetAccessKeyLastUsed`, `iam:GetUser` with `users` and for " +
			"descriptions, and `iam:ListServiceSpecificCredentials` for service-specific credentials. With `iam:GetCredentialReport` and " +
			"`iam:GenerateCredentialReport` it can use the report; without them all users have their keys listed. With `iam:GetAccountSummary` it " +
			"knows the number of users; without it a request for each thousand lists them. All keys of the result are kept in the state, at " +
			"about half a kilobyte each.",
		Attributes: map[string]schema.Attribute{
			"users": schema.SetAttribute{
				MarkdownDescription: "Names of the users whose keys are wanted. Each must exist. An empty set is no user. Null: all users, or those " +
					"below `path_prefix`.",
				ElementType: types.StringType,
				Optional:    true,
				Validators:  []validator.Set{setvalidator.NoNullValues(), setvalidator.ValueStringsAre(userNameValidator())},
			},
			"path_prefix": schema.StringAttribute{
				MarkdownDescription: "Beginning of the path of the users whose keys are wanted, such as `/service/`. It is compared as text: " +
					"`/service` is also the beginning of `/services/`. Null: any path. Conflicts with `users`.",
				Optional: true,
				Validators: []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^/[\x21-\x7f]{0,511}$`),
					"must be the beginning of a path: a slash, then up to 511 characters without spaces, such as /service/")},
			},
			"status": schema.StringAttribute{
				MarkdownDescription: "Status of the keys that are wanted: `Active` or `Inactive`. Null: both.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.OneOf(string(rotation.Active), string(rotation.Inactive))},
			},
			"older_than": schema.StringAttribute{
				MarkdownDescription: "Age of the keys that are wanted, such as `90d` or `12w`: those that are as old or older. It is " +
					durationUnitsText + ". Null: any age.",
				CustomType: durationType{},
				Optional:   true,
				Validators: []validator.String{durationValidator{}},
			},
			"unused_for": schema.StringAttribute{
				MarkdownDescription: "For how long the keys that are wanted were not used, such as `45d`: for as long or longer. It is " +
					durationUnitsText + ". A key that was never used counts from its creation. Null: any time.",
				CustomType: durationType{},
				Optional:   true,
				Validators: []validator.String{durationValidator{}},
			},
			"trust_report": schema.BoolAttribute{
				MarkdownDescription: "`true`: take what the credential report calls the last rotation of a key for its creation, and list no user " +
					"because of it. This saves a request for each user whose keys are younger than `older_than` or `unused_for`, and **misses an old " +
					"key whose status was changed within that time**: a deactivated key that somebody reactivated last week passes for one of last " +
					"week. It has an effect only if the report is used. Null: `false`.",
				Optional: true,
			},
			"include": schema.SetAttribute{
				MarkdownDescription: "What the result has besides: `descriptions` for the description of each key, which costs a request for each " +
					"user with a key in the result, and `service_specific_credentials` for those of the same users. Null: neither.",
				ElementType: types.StringType,
				Optional:    true,
				Validators: []validator.Set{setvalidator.NoNullValues(), setvalidator.ValueStringsAre(
					stringvalidator.OneOf(includeDescriptions, includeServiceCredentials),
				)},
			},
			"keys": schema.ListNestedAttribute{
				MarkdownDescription: "The keys that pass the filters, the worst first: Active before Inactive ones, then the oldest, then by user " +
					"and id. Empty if there is none. Never null.",
				Computed:     true,
				NestedObject: schema.NestedAttributeObject{Attributes: auditedKeyAttributes()},
			},
			"service_specific_credentials": schema.ListNestedAttribute{
				MarkdownDescription: "The service-specific credentials of the users, such as API keys for Amazon Bedrock, in the same order. They " +
					"are long-term credentials that the credential report omits. `status` and `older_than` apply to them; `unused_for` does not, " +
					"since IAM records no last use of them. Null unless `include` has it.",
				Computed:     true,
				NestedObject: schema.NestedAttributeObject{Attributes: auditedCredentialAttributes()},
			},
			"method": computedText("How the users were found whose keys were listed: `report` or `listing`. Never null."),
			"listing_reason": computedText("Why all users were listed instead of those that the credential report does not rule out. Null if " +
				"`method` is `report`."),
			"report_generated_at": computedText("When AWS generated the credential report, in RFC 3339. Null if `method` is `listing`."),
			"report_age": computedText("How old the credential report was, in days, hours and minutes, such as `1h12m`. An output of it changes " +
				"in every plan. Null if `method` is `listing`."),
			"users_listed": computedNumber("Number of users whose keys were listed. Never null."),
		},
	}
}

func auditedKeyAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"access_key_id": computedText("Id of the key. Never null."),
		"user":          computedText("Name of the user. Never null."),
		"user_path": computedText("Path of the user, such as `/` or `/service/`. Found by the report and without `path_prefix`, it is as old " +
			"as the report, unless `include` has `descriptions`. Never null."),
		"user_arn":             computedText("ARN of the user, as old as `user_path`. Never null."),
		"status":               computedText(statusText + " Never null."),
		"created_at":           computedText("When the key was created, in RFC 3339. Never null."),
		"age_days":             computedNumber("Whole days of 24 hours since the key was created, rounded down. Never null."),
		"never_used":           computedBool(neverUsedText + " Never null."),
		"last_used_at":         computedText(lastUsedAtText + neverUsedNull + "."),
		"days_since_last_used": computedNumber(daysSinceLastUsedText + neverUsedNull + "."),
		"service_name":         computedText(serviceNameText + neverUsedNull + "."),
		"region":               computedText(usedRegionText + neverUsedNull + "."),
		"description": computedText("Description of the key: the value of the user's tag whose name is the id of the key, as the IAM console " +
			"writes it. Null if there is none, and unless `include` has `descriptions`."),
	}
}

func auditedCredentialAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id":           computedText("Id of the credential (ACCA...). Never null."),
		"user":         computedText("Name of the user. Never null."),
		"service_name": computedText("AWS service that it is for, such as `bedrock.amazonaws.com`. Never null."),
		"status":       computedText("`Active`, `Inactive` or `Expired`. Never null."),
		"created_at":   computedText("When it was created, in RFC 3339. Never null."),
		"age_days":     computedNumber("Whole days of 24 hours since it was created, rounded down. Never null."),
		"expires_at":   computedText("When it expires or expired, in RFC 3339. Null if it does not expire."),
	}
}

// usersOrPath refuses a configuration with both users and path_prefix.
type usersOrPath struct{}

var _ datasource.ConfigValidator = usersOrPath{}

func (usersOrPath) Description(context.Context) string {
	return "at most one of users and path_prefix may be set"
}

func (v usersOrPath) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (usersOrPath) ValidateDataSource(
	ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse,
) {
	var users types.Set
	var pathPrefix types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("users"), &users)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("path_prefix"), &pathPrefix)...)
	if resp.Diagnostics.HasError() || users.IsUnknown() || pathPrefix.IsUnknown() {
		return
	}
	if !users.IsNull() && !pathPrefix.IsNull() {
		resp.Diagnostics.Append(usersAndPathAskedFor())
	}
}
