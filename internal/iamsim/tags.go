package iamsim

import (
	"maps"
	"strings"
	"unicode/utf8"
)

// tag sets tags on the user. As in IAM, keys are compared without case, and the newer spelling replaces the older.
func (u *user) tag(tags map[string]string) error {
	next := maps.Clone(u.Tags)
	for key, value := range tags {
		if n := utf8.RuneCountInString(key); n < 1 || n > 128 || utf8.RuneCountInString(value) > 256 {
			return errInvalidInput("A tag key has 1 to 128 characters, a tag value up to 256.")
		}
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
