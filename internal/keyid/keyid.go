// Package keyid knows the form of AWS access key ids.
package keyid

import "regexp"

var (
	form = regexp.MustCompile(`^[A-Z0-9]{16,128}$`)
	// temporary has the prefix of AWS's own temporary credentials, and the one that LocalStack has instead.
	temporary = regexp.MustCompile(`^[AL]SIA`)
)

// IsLongTerm reports whether id has the form of the id of a long-term access key. Those of AWS begin with AKIA, those of
// emulators with LKIA or anything else, so every prefix but that of temporary credentials is accepted.
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html.
func IsLongTerm(id string) bool { return form.MatchString(id) && !temporary.MatchString(id) }

// IsTemporary reports whether id has the form of the access key id of temporary credentials, such as those of an assumed role.
func IsTemporary(id string) bool { return form.MatchString(id) && temporary.MatchString(id) }
