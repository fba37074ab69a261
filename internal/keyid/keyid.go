// Package keyid knows the form of AWS access key ids.
package keyid

import "regexp"

var (
	form = regexp.MustCompile(`^[A-Z0-9]{16,128}$`)
	// longTerm and temporary have the prefixes of AWS, and those that LocalStack has instead.
	longTerm  = regexp.MustCompile(`^[AL]KIA`)
	temporary = regexp.MustCompile(`^[AL]SIA`)
)

// entities are what ids of AWS identify that look like those of access keys, by their prefix.
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html.
var entities = map[string]string{
	"ACCA": "a service-specific credential",
	"AGPA": "an IAM group",
	"AIDA": "an IAM user",
	"AIPA": "an instance profile",
	"ANPA": "a managed policy",
	"ANVA": "a version of a managed policy",
	"APKA": "a public key",
	"AROA": "an IAM role",
	"ASCA": "a certificate",
}

// IsLongTerm reports whether id has the form of the id of a long-term access key. Those of AWS begin with AKIA, those of
// emulators with LKIA or anything else, so every prefix but that of temporary credentials is accepted.
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html.
func IsLongTerm(id string) bool { return form.MatchString(id) && !temporary.MatchString(id) }

// HasLongTermPrefix reports whether id has the form and the prefix of a long-term access key of AWS, AKIA, or LocalStack, LKIA.
// See https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html.
func HasLongTermPrefix(id string) bool { return form.MatchString(id) && longTerm.MatchString(id) }

// IsTemporary reports whether id has the form of the access key id of temporary credentials, such as those of an assumed role.
func IsTemporary(id string) bool { return form.MatchString(id) && temporary.MatchString(id) }

// IsAccessKey reports whether id can be the id of an access key, long-term or temporary: by its form, and not by its prefix that
// of something else.
func IsAccessKey(id string) bool { return form.MatchString(id) && Entity(id) == "" }

// Entity returns what id identifies, such as "an IAM user", if it has the prefix of an id that is not an access key's; otherwise
// nothing.
func Entity(id string) string {
	if !form.MatchString(id) {
		return ""
	}
	return entities[id[:4]]
}
