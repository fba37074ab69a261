package iamsim

import (
	"maps"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of a tag, in characters.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html
const (
	maxTagKey   = 128
	maxTagValue = 256
)

// tagPattern is that of AWS's own message.
var tagPattern = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// validTagKey checks a tag key, which a call has at member.
func validTagKey(member, key string) error {
	if key == "" {
		return errConstraint(key, member, "Member must have length greater than or equal to 1")
	}
	return validTagText(member, key, maxTagKey)
}

func validTagValue(member, value string) error { return validTagText(member, value, maxTagValue) }

func validTagText(member, text string, longest int) error {
	switch {
	case utf8.RuneCountInString(text) > longest:
		return errConstraint(text, member, "Member must have length less than or equal to "+strconv.Itoa(longest))
	case !tagPattern.MatchString(text):
		return errConstraint(text, member, `Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*`)
	}
	return nil
}

// tag sets tags on the user. As in IAM, keys are compared without case, and the newer spelling replaces the older.
func (u *user) tag(tags map[string]string) error {
	next := maps.Clone(u.Tags)
	for key, value := range tags {
		maps.DeleteFunc(next, func(k, _ string) bool { return strings.EqualFold(k, key) })
		next[key] = value
	}
	if len(next) > maxTagsPerUser {
		return errQuota("TagsPerUser", maxTagsPerUser)
	}
	u.Tags = next
	return nil
}

// untag removes tags from the user. It ignores keys that the user does not have.
func (u *user) untag(keys []string) {
	for _, key := range keys {
		maps.DeleteFunc(u.Tags, func(k, _ string) bool { return strings.EqualFold(k, key) })
	}
}
