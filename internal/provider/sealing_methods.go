package provider

import (
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/age"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/openpgp"
)

// sealingMethod is one way to encrypt a secret, with the attributes that belong to it.
type sealingMethod struct {
	method sealing.Method
	// name is what people call the method.
	name string
	// prefix is how every text that the method seals begins.
	prefix string
	// product is what such a text is called in a sentence.
	product string

	// attributes are the attributes of the method in encrypted_output.
	attributes map[string]schema.Attribute
	// recipients is that of them which has the recipients: a set of strings or a string.
	recipients string
	// context is that of them which has the encryption context, a map of strings; empty if the method has none.
	context string
	// parse reads recipients and context. Without a service the result may have no sealer.
	parse func(to []string, context map[string]string, service *kms.Service) (recipients, error)
	// trialAtPlan reports whether a plan encrypts a test text, to find recipients that can't be encrypted to.
	trialAtPlan bool

	// identity is the attribute of the ephemeral resource iamkeys_secret_access_key that has the private keys; empty if the
	// method needs none.
	identity string
	// hasIdentity reports whether there is a private key in the configuration; nil if the method needs none.
	hasIdentity func(*secretAccessKeyModel) bool
	// opener returns what decrypts with the private keys in the configuration. It returns nil if the method needs a service
	// and there is none.
	opener func(*secretAccessKeyModel, *kms.Service) sealing.Opener
}

// recipients are the parsed recipients of a method.
type recipients struct {
	// fingerprints identify the recipients, in order and without duplicates.
	fingerprints []string
	// until is the first instant at which a recipient has expired; zero if none ever does.
	until  time.Time
	sealer sealing.Sealer
}

// sealingMethods are all methods. Every message and every check that depends on the method reads this table.
var sealingMethods = []*sealingMethod{
	{
		method: sealing.Age, name: age.Name, prefix: age.Prefix, product: "age armor",
		recipients: "age_recipients",
		attributes: map[string]schema.Attribute{
			"age_recipients": schema.SetAttribute{
				MarkdownDescription: "Recipients of [age](https://age-encryption.org): `age1...`, `age1pq1...`, `ssh-ed25519 ...` or " +
					"`ssh-rsa ...`. Any one of them can open the secret.",
				ElementType: types.StringType,
				Optional:    true,
			},
		},
		parse: func(to []string, _ map[string]string, _ *kms.Service) (recipients, error) {
			parsed, err := age.ParseRecipients(to)
			if err != nil {
				return recipients{}, err
			}
			return recipients{fingerprints: parsed.Fingerprints(), sealer: parsed}, nil
		},
		trialAtPlan: true,
		identity:    "age_identities",
		hasIdentity: func(m *secretAccessKeyModel) bool { return len(m.ageIdentities()) > 0 },
		opener: func(m *secretAccessKeyModel, _ *kms.Service) sealing.Opener {
			return age.NewOpener(m.ageIdentities(), secretValue(m.Passphrase))
		},
	},
	{
		method: sealing.OpenPGP, name: openpgp.Name, prefix: openpgp.Prefix, product: "an armored OpenPGP message",
		recipients: "openpgp_public_keys",
		attributes: map[string]schema.Attribute{
			"openpgp_public_keys": schema.SetAttribute{
				MarkdownDescription: "OpenPGP public keys, armored or in base64. Any one of their owners can open the secret. " +
					"A key that is revoked or can't encrypt is refused; one that has expired blocks rotations.",
				ElementType: types.StringType,
				Optional:    true,
			},
		},
		parse: func(to []string, _ map[string]string, _ *kms.Service) (recipients, error) {
			parsed, err := openpgp.ParseRecipients(to)
			if err != nil {
				return recipients{}, err
			}
			return recipients{fingerprints: parsed.Fingerprints(), until: parsed.SealableUntil(), sealer: parsed}, nil
		},
		trialAtPlan: true,
		identity:    "openpgp_private_key",
		hasIdentity: func(m *secretAccessKeyModel) bool { return !m.OpenPGPPrivateKey.IsNull() },
		opener: func(m *secretAccessKeyModel, _ *kms.Service) sealing.Opener {
			return openpgp.NewOpener(m.OpenPGPPrivateKey.ValueString(), secretValue(m.Passphrase))
		},
	},
	{
		method: sealing.KMS, name: kms.Name, prefix: kms.Prefix, product: "the output of this provider for AWS KMS",
		recipients: "kms_key_id",
		context:    "kms_encryption_context",
		attributes: map[string]schema.Attribute{
			"kms_key_id": schema.StringAttribute{
				MarkdownDescription: "AWS KMS key: its id, its ARN, or an alias such as `alias/secrets`. The apply needs `kms:Encrypt` on it, " +
					"a plan does not. A key that is not named by an ARN is in the region of the provider.",
				Optional: true,
			},
			"kms_encryption_context": schema.MapAttribute{
				MarkdownDescription: "Encryption context for `kms_key_id`. It is not secret: CloudTrail records it.",
				ElementType:         types.StringType,
				Optional:            true,
			},
		},
		parse: parseKMSRecipient,
		// The role of a plan need not be allowed to encrypt.
		trialAtPlan: false,
		opener: func(_ *secretAccessKeyModel, service *kms.Service) sealing.Opener {
			if service == nil {
				return nil
			}
			return service.Opener()
		},
	},
}

func parseKMSRecipient(to []string, context map[string]string, service *kms.Service) (recipients, error) {
	parsed, err := kms.ParseRecipient(strings.Join(to, ""), context)
	if err != nil {
		return recipients{}, err
	}
	result := recipients{fingerprints: parsed.Fingerprints()}
	if service == nil {
		return result, nil
	}
	sealer, err := service.Sealer(parsed)
	if err != nil {
		return recipients{}, err
	}
	result.sealer = sealer
	return result, nil
}

// sealingMethodOf returns the entry of a method; nil for another value.
func sealingMethodOf(method sealing.Method) *sealingMethod {
	return findMethod(func(m *sealingMethod) bool { return m.method == method })
}

// methodOfSealed returns the method by which a text is encrypted, judging by its beginning; nil for another text.
func methodOfSealed(text string) *sealingMethod {
	return findMethod(func(m *sealingMethod) bool { return strings.HasPrefix(text, m.prefix) })
}

func findMethod(match func(*sealingMethod) bool) *sealingMethod {
	if i := slices.IndexFunc(sealingMethods, match); i >= 0 {
		return sealingMethods[i]
	}
	return nil
}

// recipientsPath is the path of the recipients of a method.
func recipientsPath(m *sealingMethod) path.Path {
	if m == nil {
		return path.Root("encrypted_output")
	}
	return path.Root("encrypted_output").AtName(m.recipients)
}

// eachMethod lists a text of each method in a sentence.
func eachMethod(conjunction string, text func(*sealingMethod) string) string {
	texts := make([]string, len(sealingMethods))
	for i, m := range sealingMethods {
		texts[i] = text(m)
	}
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " " + conjunction + " " + texts[last]
}

// recipientAttributes lists the attributes that have recipients.
func recipientAttributes() string {
	return eachMethod("and", func(m *sealingMethod) string { return m.recipients })
}
