package acctest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// TenMinutes is longer than a key counts as young.
const TenMinutes = "10m"

// Args are arguments of an iamkeys_rotating_access_key, as HCL expressions by name. That of lifecycle is a block.
type Args map[string]string

// With returns the arguments with those of more in their place. An empty expression leaves an argument out.
func (a Args) With(more Args) Args {
	merged := maps.Clone(a)
	maps.Copy(merged, more)
	maps.DeleteFunc(merged, func(_, expression string) bool { return expression == "" })
	return merged
}

// ByAge returns the arguments of a key of the user ci that is rotated after 90 days, with the default durations.
func ByAge(more Args) Args {
	return Args{"user": `"ci"`, "rotate_after": `"90d"`}.With(more)
}

// Asking returns the arguments of ByAge with a rotate_when_changed.
func Asking(values string) Args { return ByAge(Args{"rotate_when_changed": values}) }

// Revoking returns the arguments of ByAge with a revoke_when_changed.
func Revoking(values string) Args { return ByAge(Args{"revoke_when_changed": values}) }

// Held returns the arguments of ByAge with hold_previous.
func Held() Args { return ByAge(Args{"hold_previous": "true"}) }

// Unmanaged returns the arguments of ByAge with a mode of unmanaged_keys.
func Unmanaged(mode string) Args { return ByAge(Args{"unmanaged_keys": `"` + mode + `"`}) }

// Distinct returns the arguments of ByAge with another length for each duration, so that no two dates fall together.
func Distinct(more Args) Args {
	return ByAge(Args{"overlap": `"7d"`, "grace": `"5d"`, "require_unused_for": `"1d"`}).With(more)
}

// OfUser returns the arguments of ByAge for another user.
func OfUser(user string) Args { return ByAge(Args{"user": fmt.Sprintf("%q", user)}) }

// Shortest returns the arguments of a key that goes through its whole life within a minute.
func Shortest() Args {
	return Args{"user": `"ci"`, "rotate_after": `"30s"`, "overlap": `"10s"`, "grace": `"10s"`, "require_unused_for": `"0s"`}
}

// KeyHCL returns the HCL of an iamkeys_rotating_access_key with that name. More is added as it is.
func KeyHCL(name string, args Args, more ...string) string {
	var lines strings.Builder
	for _, argument := range slices.Sorted(maps.Keys(args)) {
		equals := "= "
		if argument == "lifecycle" {
			equals = ""
		}
		fmt.Fprintf(&lines, "  %s %s%s\n", argument, equals, args[argument])
	}
	return fmt.Sprintf("\nresource \"iamkeys_rotating_access_key\" %q {\n%s}\n%s", name, lines.String(), strings.Join(more, "\n"))
}

// ConsumerHCL is a consumer of the key at KeyAddress.
const ConsumerHCL = `
resource "iamkeystest_consumer" "test" {
  access_key_id     = iamkeys_rotating_access_key.test.access_key_id
  secret_access_key = iamkeys_rotating_access_key.test.secret_access_key
}
`

// DataHCL returns the HCL of a terraform_data called test, whose output is known once it was applied. Another generation replaces it.
func DataHCL(output, generation string) string {
	return fmt.Sprintf(`
resource "terraform_data" "test" {
  input            = %q
  triggers_replace = %q
}
`, output, generation)
}

// ImportHCL returns an import block.
func ImportHCL(to, id string) string {
	return fmt.Sprintf(`
import {
  to = %s
  id = %q
}
`, to, id)
}
