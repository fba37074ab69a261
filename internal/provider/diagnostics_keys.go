package provider

import (
	"fmt"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// formatDate prints an instant for a person.
func formatDate(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// describeLastUse prints the last use of a key for a person.
func describeLastUse(k rotation.Key) string {
	switch {
	case k.LastUse == nil:
		return "last use unknown"
	case k.LastUse.At.IsZero():
		return "never used"
	default:
		return "last used " + describeUse(*k.LastUse)
	}
}

func describeUse(u rotation.Use) string {
	return fmt.Sprintf("at %s by %s in %s", formatDate(u.At), u.Service, u.Region)
}

// describeKey says what an operator asks first about a key that is in the way.
func describeKey(k rotation.Key) string {
	return fmt.Sprintf("%s (%s, created %s, %s)", k.ID, k.Status, formatDate(k.CreatedAt), describeLastUse(k))
}

func describeKeys(keys []rotation.Key) string { return joinKeys(keys, describeKey) }

// describeKeysBriefly leaves out the last use, where nobody has asked for it.
func describeKeysBriefly(keys []rotation.Key) string {
	return joinKeys(keys, func(k rotation.Key) string {
		return fmt.Sprintf("%s (%s, created %s)", k.ID, k.Status, formatDate(k.CreatedAt))
	})
}

func joinKeys(keys []rotation.Key, describe func(rotation.Key) string) string {
	if len(keys) == 0 {
		return "no keys"
	}
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = describe(k)
	}
	return strings.Join(texts, "; ")
}

func deleteCommand(user, id string) string {
	return fmt.Sprintf("aws iam delete-access-key --user-name %s --access-key-id %s", user, id)
}

func statusCommand(user, id string, status rotation.Status) string {
	return fmt.Sprintf("aws iam update-access-key --user-name %s --access-key-id %s --status %s", user, id, status)
}

func listCommand(user string) string { return "aws iam list-access-keys --user-name " + user }

// commands shows commands, each on a line of its own.
func commands(lines ...string) string { return "\n  " + strings.Join(lines, "\n  ") }
