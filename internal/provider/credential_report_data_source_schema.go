package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func credentialReportSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "AWS's credential report: the password, the MFA, the access keys and the certificates of the root user and of " +
			"every IAM user of the account, for the cost of two or three requests.\n\n" +
			"If the account has no report, or the last one is older than four hours, the provider has AWS generate one, and waits for it up " +
			"to two minutes. AWS generates a report at most every four hours, so what was changed since `generated_at` is not in it.\n\n" +
			"The report has no key ids, and `last_rotated_at` is when a key was created *or its status changed*: a key may be older than that. " +
			"Service-specific credentials are not in it.\n\n" +
			"A report with a row that is cut off or repeated, or without the root user, is an error: no part of it is used. Whether AWS " +
			"left out the row of another user is not checked. All users are kept in the state, at about a kilobyte each.\n\n" +
			"Needs `iam:GetCredentialReport` and `iam:GenerateCredentialReport`, which can't be restricted to a user.",
		Attributes: map[string]schema.Attribute{
			"generated_at": computedText("When AWS generated the report, in RFC 3339. Never null."),
			"report_age": computedText("How old the report is, in days, hours and minutes, such as `1h12m`; `0s` for less than a minute. An " +
				"output of it changes in every plan. Never null."),
			"users": schema.ListNestedAttribute{
				MarkdownDescription: "The root user and all IAM users, in the order of the report: the root user first, then by name without regard " +
					"to case. Never null.",
				Computed:     true,
				NestedObject: schema.NestedAttributeObject{Attributes: reportUserAttributes()},
			},
			"unknown_columns": schema.ListAttribute{
				MarkdownDescription: "Names of the columns of the report that this version of the provider does not know. Empty if it knows all. " +
					"Never null.",
				ElementType: types.StringType,
				Computed:    true,
			},
		},
	}
}

func reportUserAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"user":    computedText("Name of the IAM user; `<root_account>` for the root user. Never null."),
		"arn":     computedText("ARN of the user. Never null."),
		"is_root": computedBool("Whether it is the root user of the account. Never null."),
		"created_at": computedText("When the user was created, in RFC 3339. For the root user: when the account was. Null if the " +
			"report does not say."),
		"password_enabled": computedBool("Whether the user has a password for the console. Null where AWS does not say, as for the root user " +
			"of most accounts (`not_supported`)."),
		"password_last_used_at": computedText("When the password was last used, in RFC 3339. Null without a password (`N/A`), and for one that " +
			"was never used, or not since October 2014 (`no_information`): `password_enabled` distinguishes them."),
		"password_last_changed_at": computedText("When the password was last set, in RFC 3339. Null without a password (`N/A`), and for the " +
			"root user (`not_supported`)."),
		"password_next_rotation_at": computedText("When the user must set a new password, in RFC 3339. Null without a password, if the " +
			"password policy of the account does not let passwords expire (`N/A`), and for the root user (`not_supported`)."),
		"mfa_active": computedBool("Whether the user has a device for multi-factor authentication. Null if the report does not say."),
		"access_keys": schema.ListNestedAttribute{
			MarkdownDescription: "The access keys of the user, Active and Inactive: none, one or two. The first is not always the older one. " +
				"Never null.",
			Computed:     true,
			NestedObject: schema.NestedAttributeObject{Attributes: reportKeyAttributes()},
		},
		"certificates": schema.ListNestedAttribute{
			MarkdownDescription: "The X.509 signing certificates of the user: none, one or two. Never null.",
			Computed:            true,
			NestedObject:        schema.NestedAttributeObject{Attributes: reportCertificateAttributes()},
		},
		"additional_credentials_info": computedText("AWS's note about access keys and certificates beyond two, which the report does not show. " +
			"Null if there are none."),
	}
}

func reportKeyAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"slot": schema.Int64Attribute{
			MarkdownDescription: "Which of the report's two keys of a user it is: 1 or 2. Never null.",
			Computed:            true,
		},
		"status": computedText("`Active` or `Inactive`. Never null."),
		"last_rotated_at": computedText("When the key was created or its status last changed, whichever came last, in RFC 3339. Null if the " +
			"report does not say."),
		"last_used_at": computedText("When the key was last used, in RFC 3339. Null if it was never used, or not since April 2015 (`N/A`)."),
		"last_used_region": computedText("AWS Region that the key was last used in. Null if it was never used, and for a service without " +
			"Regions (`N/A`)."),
		"last_used_service": computedText("AWS service that the key was last used for, such as `s3`. Null if it was never used (`N/A`)."),
	}
}

func reportCertificateAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"slot": schema.Int64Attribute{
			MarkdownDescription: "Which of the report's two certificates of a user it is: 1 or 2. Never null.",
			Computed:            true,
		},
		"status":          computedText("`Active` or `Inactive`. Null if the report does not say."),
		"last_rotated_at": computedText("When the certificate was created or last changed, in RFC 3339. Null if the report does not say."),
	}
}
