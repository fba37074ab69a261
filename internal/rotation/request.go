package rotation

import (
	"slices"
	"strconv"
	"strings"
)

// Request is a rotation that changed values ask for and that could not be done yet. It names the values by their addresses
// in the configuration, such as `rotate_when_changed["quarter"], encrypted_output`; empty means none.
//
// Persisted: the state holds it as rotation_requested.
type Request string

const (
	requestedByValue      = "rotate_when_changed["
	requestedByRecipients = "encrypted_output"
	requestSeparator      = ", "
)

// newRequest names what asks for a rotation: entries of RotateWhenChanged, and Recipients.
func newRequest(entries []string, recipients bool) Request {
	parts := make([]string, 0, len(entries)+1)
	for _, name := range entries {
		parts = append(parts, requestedByValue+strconv.Quote(name)+"]")
	}
	if recipients {
		parts = append(parts, requestedByRecipients)
	}
	return Request(strings.Join(parts, requestSeparator))
}

// Parts returns the entries of RotateWhenChanged that ask for the rotation, and whether Recipients does. Text of another form asks for
// nothing.
func (r Request) Parts() (entries []string, recipients bool) {
	rest := string(r)
	for rest != "" {
		if after, ok := strings.CutPrefix(rest, requestedByValue); ok {
			quoted, err := strconv.QuotedPrefix(after)
			if err != nil {
				return entries, recipients
			}
			name, _ := strconv.Unquote(quoted) // QuotedPrefix has checked it.
			entries, rest = append(entries, name), strings.TrimPrefix(after[len(quoted):], "]")
		} else if after, ok := strings.CutPrefix(rest, requestedByRecipients); ok {
			recipients, rest = true, after
		} else {
			return entries, recipients
		}
		rest = strings.TrimPrefix(rest, requestSeparator)
	}
	return entries, recipients
}

// with returns the request with what another asks for, too.
func (r Request) with(other Request) Request {
	entries, recipients := r.Parts()
	more, moreRecipients := other.Parts()
	for _, name := range more {
		if !slices.Contains(entries, name) {
			entries = append(entries, name)
		}
	}
	slices.Sort(entries)
	return newRequest(entries, recipients || moreRecipients)
}

// remaining returns what still asks for the rotation under policy: entries that remain, and Recipients while current's secret is
// encrypted to others.
func (r Request) remaining(policy Policy, current Current) Request {
	entries, recipients := r.Parts()
	entries = slices.DeleteFunc(entries, func(name string) bool {
		_, remains := policy.RotateWhenChanged[name]
		return !remains
	})
	return newRequest(entries, recipients && current.sealedToOthers(policy))
}

// reason is why a key is created for the request.
func (r Request) reason() Reason {
	if entries, _ := r.Parts(); len(entries) > 0 {
		return ReasonChanged
	}
	return ReasonRecipients
}
