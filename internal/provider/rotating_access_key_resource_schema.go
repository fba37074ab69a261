package provider

import (
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// The defaults of the durations. max_age and rotate_after have none: a silent one would surprise.
const (
	defaultApplyEvery       = "1d"
	defaultRotationSpread   = "0s"
	defaultOverlap          = "7d"
	defaultGrace            = "7d"
	defaultRequireUnusedFor = "8d"
)

func rotatingAccessKeySchema() schema.Schema {
	attributes := policyAttributes()
	for name, attribute := range keyAttributes() {
		attributes[name] = attribute
	}
	return schema.Schema{
		MarkdownDescription: "Owns both access key slots of an IAM user: creates a key, rotates it without an outage, and retires the old one " +
			"in the order that AWS recommends. A rotation takes three applies: one creates the new key, one deactivates the old key when its " +
			"overlap is over and nobody uses it any more, and one deletes it after the grace. So applies must run regularly.",
		Attributes: attributes,
	}
}

func policyAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"user": schema.StringAttribute{
			MarkdownDescription: "Name of the IAM user. A renamed user is followed in place; another user replaces the resource.",
			Required:            true,
			Validators:          []validator.String{userNameValidator()},
		},
		"max_age": durationAttribute("The age at which no key of this resource may be Active any more, such as `90d`. Without "+
			"`rotate_after` the "+
			"key is rotated `overlap`, `require_unused_for` and three times `apply_every` before that: with the defaults `90d` rotates at 72 days. "+
			"Not set: no limit.", "", false),
		"apply_every": durationAttribute("How often applies run: the margin that dates are counted with.", defaultApplyEvery, false),
		"rotate_after": durationAttribute("Rotate when the current key is this old. It decides in the place of `max_age`, and must fit into it. "+
			"It must exceed the larger of `overlap` and `require_unused_for`, plus `grace`, plus `rotation_spread`.", "", false),
		"rotation_spread": durationAttribute("Rotate up to this much earlier, by a hash of the user's unique id, so that the keys of a fleet "+
			"do not rotate in one apply. Keys that are overdue at import are rotated within this time after it.", defaultRotationSpread, true),
		"overlap": durationAttribute("After a rotation, how long the previous key stays Active, so that consumers can move over.",
			defaultOverlap, true),
		"grace": durationAttribute("After its deactivation, how long the previous key stays Inactive before it is deleted: the time in "+
			"which a rollback is possible.", defaultGrace, true),
		"require_unused_for": durationAttribute("The previous key is not deactivated while IAM saw it used within this time. The default "+
			"is a week, for weekly jobs, and a day. IAM records a use once per 15 minutes, so less than that says little.",
			defaultRequireUnusedFor, true),
		"wait_for_handover": flag(true, "The previous key is not deactivated or deleted before somebody has used the current one, until the "+
			"next rotation or `max_age` is near. This protects a rare job while it is the only consumer. For such a job among others, or with "+
			"`max_age`, set `overlap` to its longest pause."),
		"rotate_when_changed": schema.MapAttribute{
			MarkdownDescription: "An added or changed value rotates, with the usual overlap. A removed value does not, and neither does the first " +
				"apply after an import. A rotation that has to wait for a free slot is pending: see `rotation_requested`.",
			ElementType: types.StringType,
			Optional:    true,
		},
		"revoke_when_changed": schema.MapAttribute{
			MarkdownDescription: "An added or changed value says that the key has leaked: the same apply creates a new key and deactivates every " +
				"older managed key, regardless of `overlap`, `require_unused_for`, `hold_previous` and `paused`. Consumers of the old key fail " +
				"from then on. The first apply after an import takes its values as they are and revokes nothing.",
			ElementType: types.StringType,
			Optional:    true,
		},
		"hold_previous": flag(false, "Set it to roll back: the previous key is kept, it is reactivated if this resource had deactivated it, and "+
			"its retirement waits."),
		"paused": flag(false, "Change freeze: no step that only time calls for, nor the replacement of a deleted or Inactive current key."),
		"unmanaged_keys": schema.StringAttribute{
			MarkdownDescription: "What to do with a key of the user that this resource did not create. `refuse` leaves it alone, and a rotation " +
				"that needs its slot is blocked. `retire` adopts it as the previous key, so that it leaves after `overlap`, `require_unused_for` and " +
				"`grace`. `delete_unused` deletes it when its slot is needed, if nobody ever used it.",
			Optional: true, Computed: true, Default: stringdefault.StaticString(string(rotation.RefuseUnmanaged)),
			Validators: []validator.String{stringvalidator.OneOf(
				string(rotation.RefuseUnmanaged), string(rotation.RetireUnmanaged), string(rotation.DeleteUnused))},
		},
		"wait_until_usable": flag(true, "Publish a new key only after it has really authenticated, by `sts:GetCallerIdentity`. A key that "+
			"does not is deleted again."),
		"description": schema.StringAttribute{
			MarkdownDescription: "Description of the keys, written as the IAM console does: a tag of the user with the key id as its name. It is " +
				"removed with the key and never read back, and a failure to write it only warns. An adopted key keeps the one that it has. It " +
				"shows as drift in an `aws_iam_user` that manages tags.",
			Optional:   true,
			Validators: []validator.String{stringvalidator.UTF8LengthAtMost(256), descriptionValidator()},
		},
		"encrypted_output": encryptedOutputAttribute(),
		"explain_usage": flag(false, "The warning that the previous key is still in use names its last callers, so that you know whom to ask: "+
			"from CloudTrail in the Region of the last use, in that of the provider, and in the one with the events of IAM. Only a plan with this "+
			"warning asks CloudTrail, for ten seconds at most. It counts from the plan after the apply that sets it. Needs "+
			"`cloudtrail:LookupEvents`; without it the warning says so, and nothing fails."),
		"skip_destroy": flag(false, "Leave the keys in IAM when the resource is destroyed."),
	}
}

// descriptionValidator refuses what IAM does not take as the value of a tag.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html
func descriptionValidator() validator.String {
	return stringvalidator.RegexMatches(regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`),
		"must be letters, digits, spaces and characters of _.:/=+-@, as IAM wants for the value of a tag")
}

// flag is a setting that is on or off.
func flag(initial bool, description string) schema.BoolAttribute {
	return schema.BoolAttribute{
		MarkdownDescription: description, Optional: true, Computed: true, Default: booldefault.StaticBool(initial),
	}
}

func durationAttribute(description, defaultValue string, allowZero bool) schema.StringAttribute {
	attribute := schema.StringAttribute{
		CustomType:          durationType{},
		MarkdownDescription: description,
		Optional:            true,
		Validators:          []validator.String{durationValidator{allowZero: allowZero}},
		PlanModifiers:       []planmodifier.String{keepDurationSpelling()},
	}
	if defaultValue != "" {
		attribute.Computed = true
		attribute.Default = stringdefault.StaticString(defaultValue)
		attribute.MarkdownDescription += " Default: `" + defaultValue + "`."
	}
	return attribute
}

func keyAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id": computedString("Name under which the user was last found. It differs from `user` where the user was renamed and the " +
			"configuration still has the old name."),
		"account_id": computedString("Id of the AWS account of the user."),
		"user_unique_id": computedString("Unique id of the user (`AIDA...`). A user that was deleted and created again under the same name " +
			"has another."),
		"access_key_id": computedString("Id of the current key: the one that users should use now."),
		"secret_access_key": schema.StringAttribute{
			MarkdownDescription: "Secret of the current key; null when it is encrypted or the key was imported.",
			Computed:            true, Sensitive: true,
		},
		"encrypted_secret": computedString("Secret of the current key, encrypted as `encrypted_output` says; null without " +
			"`encrypted_output`, and when the key was imported. The ephemeral resource `iamkeys_secret_access_key` opens it, and so do the " +
			"tools of the method."),
		"status":     computedString("Status of the current key: `Active`, `Inactive`, or `Missing` when IAM does not list it."),
		"created_at": computedString("When the current key was created, RFC 3339."),
		"inactive_since": computedString("When an apply recorded that the current key is Inactive; null while it is Active. An " +
			"Inactive current " +
			"key is replaced, never reactivated."),
		"managed_since": computedString("When this resource created or imported its first key, RFC 3339."),
		"rotate_at":     computedString("When the current key is due for rotation by age; null without `max_age` and `rotate_after`."),
		"compliant_until": computedString("When the oldest Active key of this resource reaches `max_age`; null without `max_age`, " +
			"and when no key " +
			"is Active."),
		"last_change": computedString("What the last apply that changed something did to the keys and why, with the id of every key that it " +
			"replaced, deactivated, reactivated, deleted, adopted or recorded."),
		"rotation_requested": computedString("Null, or the changed values that ask for a rotation which has to wait."),
		"rotation_blocked": computedString("Null, or why a rotation that is due does not happen: for outputs, alerts and `check` blocks. The " +
			"text stays the same while the cause does."),
		"retirement_blocked": computedString("Null, or why the previous key is neither deactivated nor deleted though its time has come, as " +
			"`rotation_blocked`. Null also while the current key is deleted or Inactive, since the previous one is kept then."),
		"version": schema.Int64Attribute{
			MarkdownDescription: "A number that grows with every new key and never repeats, also when the resource is replaced: the Unix time of " +
				"`created_at`, at least the old number plus one. Made for the `*_wo_version` arguments of write-only consumers.",
			Computed: true,
		},
		"previous_access_key_id": computedString("Id of the previous key, not sensitive, for outputs; null when there is none."),
		"previous":               previousAttribute(),
	}
}

func previousAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "The key that the current one replaced, while IAM still has it; otherwise null.",
		Computed:            true,
		Attributes: map[string]schema.Attribute{
			"access_key_id": computedString("Id of the previous key."),
			"secret_access_key": schema.StringAttribute{
				MarkdownDescription: "Secret of the previous key; null when it is encrypted, or the key was imported or adopted.",
				Computed:            true, Sensitive: true,
			},
			"encrypted_secret": computedString("Secret of the previous key, encrypted to the recipients of its time; otherwise null."),
			"status": computedString("Status of the previous key: `Active`, `Inactive`, or `Missing` until an apply has " +
				"recorded that it is gone. For five minutes after an apply, what IAM shows counts only as far as it does not contradict that apply."),
			"created_at":  computedString("When the previous key was created, RFC 3339."),
			"replaced_at": computedString("When its overlap began: at its replacement, adoption or reactivation."),
			"deactivate_at": computedString("When its overlap ends. It is deactivated by the first apply from then on that finds it unused for " +
				"`require_unused_for`."),
			"deactivated_at": computedString("When its grace began; null while it is Active."),
			"deactivated_by": computedString("`iamkeys` when this resource deactivated it, otherwise `other`; null while it is Active. " +
				"Only a key that this resource deactivated is reactivated by `hold_previous`."),
			"delete_at": computedString("When its grace ends; null while it is Active."),
			"adopted": schema.BoolAttribute{
				MarkdownDescription: "Whether it was an unmanaged key that `unmanaged_keys = \"retire\"` adopted.", Computed: true,
			},
			"revoked": schema.BoolAttribute{MarkdownDescription: "Whether `revoke_when_changed` revoked it.", Computed: true},
		},
	}
}

func computedString(description string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: description, Computed: true}
}
