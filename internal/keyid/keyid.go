// Package keyid knows the form of AWS access key ids.
package keyid

import "regexp"

var longTerm = regexp.MustCompile(`^AKIA[A-Z0-9]{12,124}$`)

// IsLongTerm reports whether id has the form of the id of a long-term access key, as far as AWS says.
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html.
func IsLongTerm(id string) bool { return longTerm.MatchString(id) }
