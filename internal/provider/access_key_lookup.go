package provider

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/duration"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/keyid"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// userKeys returns the keys of the user that the attribute user names, oldest first.
func (c *Client) userKeys(ctx context.Context, user string) ([]iamgate.AccessKey, diag.Diagnostics) {
	keys, err := c.Gateway.ListAccessKeys(ctx, user)
	if err != nil {
		return nil, diag.Diagnostics{keysUnlistable(path.Root("user"), user, c.lookupFailure(ctx, err))}
	}
	return keys, nil
}

// accessKeyLastUsed returns the last use of the key that the attribute access_key_id names. The owner is never empty.
func (c *Client) accessKeyLastUsed(ctx context.Context, id string) (iamgate.LastUsed, diag.Diagnostics) {
	used, err := c.Gateway.LastUsed(ctx, id)
	if err != nil {
		return used, diag.Diagnostics{keyNotFound(id, err, c.lookupFailure(ctx, err))}
	}
	if used.UserName == "" {
		return used, diag.Diagnostics{keyOfNoUser(id)}
	}
	return used, nil
}

// lookupFailure is awsErrorDetail and, where the wrong account could be the cause, whose credentials asked.
func (c *Client) lookupFailure(ctx context.Context, err error) string {
	detail := awsErrorDetail(err)
	if !iamgate.IsKind(err, iamgate.KindNoSuchEntity) && !iamgate.IsKind(err, iamgate.KindAccessDenied) {
		return detail
	}
	identity, err := c.Gateway.CallerIdentity(ctx)
	if err != nil {
		return detail
	}
	return detail + "\n\n" + askedAs(identity)
}

// oldestActive returns the oldest Active one of a user's keys, which are in the order of their creation, or nil.
func oldestActive(keys []iamgate.AccessKey) *iamgate.AccessKey {
	for i := range keys {
		if keys[i].Status == string(rotation.Active) {
			return &keys[i]
		}
	}
	return nil
}

// wholeDays is d in days of 24 hours, rounded down. It is zero for a time that seems to be in the future.
func wholeDays(d time.Duration) int64 { return int64(max(d, 0) / duration.Day) }

// askedUser and askedAccessKeyID are the arguments of a data source about the keys of a user, or about one key.
func askedUser() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "Name of the IAM user whose keys are wanted. With `access_key_id`: the user that the key belongs to. Exactly one " +
			"of `user` and `access_key_id` must be set. Never null in the result.",
		Optional:   true,
		Computed:   true,
		Validators: []validator.String{userNameValidator()},
	}
}

func askedAccessKeyID() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "Id of the key that is wanted, Active or Inactive. With `user`: the id of that user's oldest Active key, null " +
			"without one.",
		Optional:   true,
		Computed:   true,
		Validators: []validator.String{accessKeyIDValidator{}},
	}
}

// durationUnitsText describes the values of a durationType.
const durationUnitsText = "a duration in days (`d`), weeks (`w`), hours (`h`), minutes (`m`) and seconds (`s`)"

func computedText(description string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: description, Computed: true}
}

func computedNumber(description string) schema.Int64Attribute {
	return schema.Int64Attribute{MarkdownDescription: description, Computed: true}
}

func computedBool(description string) schema.BoolAttribute {
	return schema.BoolAttribute{MarkdownDescription: description, Computed: true}
}

// userNameValidator refuses what can't be the name of an IAM user.
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html.
func userNameValidator() validator.String {
	return stringvalidator.RegexMatches(regexp.MustCompile(`^[\w+=,.@-]{1,128}$`),
		"must be the name of an IAM user: 1 to 128 letters, digits and characters of _+=,.@-")
}

// userOrKeyID refuses a configuration with both user and access_key_id, and one with neither.
type userOrKeyID struct{}

var _ datasource.ConfigValidator = userOrKeyID{}

func (userOrKeyID) Description(context.Context) string {
	return "exactly one of user and access_key_id must be set"
}

func (v userOrKeyID) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (userOrKeyID) ValidateDataSource(
	ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse,
) {
	var user, keyID types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("user"), &user)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("access_key_id"), &keyID)...)
	if resp.Diagnostics.HasError() || user.IsUnknown() || keyID.IsUnknown() {
		return
	}
	switch {
	case user.IsNull() && keyID.IsNull():
		resp.Diagnostics.Append(noKeyAskedFor())
	case !user.IsNull() && !keyID.IsNull():
		resp.Diagnostics.Append(userAndKeyAskedFor())
	}
}

// accessKeyIDValidator refuses what can't be the id of an access key and, unless allowTemporary is set, that of temporary
// credentials.
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html.
type accessKeyIDValidator struct{ allowTemporary bool }

var _ validator.String = accessKeyIDValidator{}

func (v accessKeyIDValidator) Description(context.Context) string {
	if v.allowTemporary {
		return "the id of an access key, long-term or temporary"
	}
	return "the id of a long-term access key"
}

func (v accessKeyIDValidator) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

func (v accessKeyIDValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	id := req.ConfigValue.ValueString()
	switch {
	case keyid.Entity(id) != "":
		resp.Diagnostics.Append(idOfEntity(req.Path, id, keyid.Entity(id)))
	case keyid.IsTemporary(id) && !v.allowTemporary:
		resp.Diagnostics.Append(idOfTemporaryKey(req.Path, id))
	case keyid.IsAccessKey(id):
	case keyid.IsAccessKey(strings.TrimSpace(id)):
		resp.Diagnostics.Append(spaceAroundKeyID(req.Path, strings.TrimSpace(id)))
	default:
		resp.Diagnostics.Append(noKeyID(req.Path, id))
	}
}
