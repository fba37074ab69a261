package kms

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
)

// maxAlias is the length of the longest alias, its "alias/" included.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
const maxAlias = 256

// maxContext is the largest size of an encryption context: names and values together, in bytes. AWS documents no limit;
// this one is far above normal use.
const maxContext = 8192

// managedAlias is the prefix of the aliases of AWS managed keys, which only AWS services may use.
const managedAlias = "alias/aws/"

// The forms of KeyId, and of a region in it.
// https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id
var (
	keyIDPattern  = regexp.MustCompile(`^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$`)
	aliasPattern  = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]+$`)
	arnPattern    = regexp.MustCompile(`^arn:aws[a-z-]{0,20}:kms:([^:]*):[0-9]{12}:(?:key/(.*)|(alias/.*))$`)
	regionPattern = regexp.MustCompile(`^[a-z]{2,8}(?:-[a-z]{2,16}){1,3}-[0-9]{1,2}$`)
)

// keyName is what can be read from a KeyId.
type keyName struct {
	// region is empty unless the name is an ARN.
	region string
	// alias reports whether the name is an alias or the ARN of one.
	alias bool
}

// parseKeyName reads any of the four forms of KeyId: key id, key ARN, alias and alias ARN.
func parseKeyName(text string) (name keyName, ok bool) {
	id, alias := text, text
	if arn := arnPattern.FindStringSubmatch(text); arn != nil {
		if !regionPattern.MatchString(arn[1]) {
			return keyName{}, false
		}
		name.region, id, alias = arn[1], arn[2], arn[3]
	}
	switch {
	case keyIDPattern.MatchString(id):
		return name, true
	case aliasPattern.MatchString(alias) && len(alias) <= maxAlias:
		name.alias = true
		return name, true
	}
	return keyName{}, false
}

// isKeyARN reports whether text is the ARN of a key in region. KMS names the key that it used in this form.
func isKeyARN(text, region string) bool {
	name, ok := parseKeyName(text)
	return ok && !name.alias && name.region != "" && name.region == region
}

// refuseKeyName returns why a text is not the name of a key that a caller may use, or nil.
func refuseKeyName(text string) *sealing.RecipientError {
	const remedy = "Give the id or ARN of a symmetric KMS key, or an alias such as alias/secrets or its ARN."
	refused := func(problem, remedy string) *sealing.RecipientError {
		return &sealing.RecipientError{Name: shown(text), Problem: problem, Remedy: remedy}
	}
	_, ok := parseKeyName(text)
	switch {
	case text == "":
		return refused("is empty", remedy)
	case strings.ContainsFunc(text, unicode.IsSpace):
		return refused("has white space in it", remedy)
	case strings.HasPrefix(text, managedAlias), ok && strings.Contains(text, ":"+managedAlias):
		return refused("is an AWS managed key, which only AWS services may use", "Create a KMS key of your own, and give its ARN or alias.")
	case strings.HasPrefix(text, "arn:") && !strings.Contains(text, ":kms:"):
		return refused("is an ARN, but not that of a KMS key", remedy)
	case !ok:
		return refused("is not a key id, key ARN, alias or alias ARN", remedy)
	}
	return nil
}

// shown returns a text as a message may show it. It is empty unless the text begins like the name of a key: another text
// may be private.
func shown(text string) string {
	const maxShown = 100
	if !strings.HasPrefix(text, "arn:") && !strings.HasPrefix(text, "alias/") && !keyIDPattern.MatchString(text) {
		return ""
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
	if runes := []rune(text); len(runes) > maxShown {
		text = string(runes[:maxShown]) + "..."
	}
	return text
}

// refuseContext returns the problem of an encryption context, as the end of a sentence; it is empty for a good one.
// https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
func refuseContext(context map[string]string) (problem string) {
	size := 0
	for name, value := range context {
		switch {
		case name == "":
			return "has an encryption context with an empty name"
		case !utf8.ValidString(name), !utf8.ValidString(value):
			return "has an encryption context that is not UTF-8"
		}
		size += len(name) + len(value)
	}
	if size > maxContext {
		return "has an encryption context of more than 8192 bytes"
	}
	return ""
}
