package longrun_test

import (
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// requests are what a change from a state to a configuration requests. edit: the policy changes at all.
type requests struct{ edit, rotate, recipients, revoke, hold bool }

// newKey reports whether a new key is requested.
func (r requests) newKey() bool { return r.rotate || r.recipients || r.revoke }

// requestsOf compares a state with a configuration, which sets every attribute that has a default.
func (h *history) requestsOf(prior, configured tftypes.Value) requests {
	was, want := fields(prior), fields(configured)
	if prior.IsNull() || was["overlap"].IsNull() {
		return requests{edit: true}
	}
	changed := func(name string) bool { return !was[name].Equal(want[name]) }
	return requests{
		edit:       slices.ContainsFunc(policyAttributes, changed),
		rotate:     changed("rotate_when_changed") && !want["rotate_when_changed"].IsNull(),
		revoke:     changed("revoke_when_changed") && !want["revoke_when_changed"].IsNull(),
		recipients: changed("encrypted_output") && h.sealedToOthers(prior, configured),
		hold:       changed("hold_previous") && boolAt(want["hold_previous"]),
	}
}

const (
	// rotateEntry is how rotation_requested names the only entry of rotate_when_changed.
	rotateEntry = `rotate_when_changed["n"]`
	// sealingEntry is how it names the recipients.
	sealingEntry = "encrypted_output"
)

// pendingIn reports what rotation_requested of a state names.
func pendingIn(state tftypes.Value) (rotate, recipients bool) {
	text := stringAt(state, "rotation_requested")
	return strings.Contains(text, rotateEntry), strings.Contains(text, sealingEntry)
}

// sealedToOthers reports whether the secret of the current key is known as ciphertext alone, to other recipients than the configured
// ones.
func (h *history) sealedToOthers(state, configured tftypes.Value) bool {
	was := fields(state)
	if !was["secret_access_key"].IsNull() || was["encrypted_secret"].IsNull() {
		return false
	}
	to, known := was["encrypted_output"], true
	if _, pending := pendingIn(state); pending {
		to, known = h.sealedTo[stringAt(state, "encrypted_secret")]
	}
	return !known || !to.Equal(fields(configured)["encrypted_output"])
}

// rememberRecipients remembers whom the current secret is encrypted to when a request for others becomes pending.
func (h *history) rememberRecipients(prior, state tftypes.Value) {
	_, was := pendingIn(prior)
	if _, is := pendingIn(state); is && !was {
		h.sealedTo[stringAt(state, "encrypted_secret")] = fields(prior)["encrypted_output"]
	}
}

// wantedRequest returns rotation_requested after a change from a state to a configuration that creates no key: what was pending or is
// asked for, and is still configured.
func (h *history) wantedRequest(prior, configured tftypes.Value) string {
	asked := h.requestsOf(prior, configured)
	rotate, recipients := pendingIn(prior)
	var parts []string
	if (rotate || asked.rotate) && !fields(configured)["rotate_when_changed"].IsNull() {
		parts = append(parts, rotateEntry)
	}
	if (recipients || asked.recipients) && h.sealedToOthers(prior, configured) {
		parts = append(parts, sealingEntry)
	}
	return strings.Join(parts, ", ")
}
