package longrun_test

import (
	"fmt"
	"slices"
	"strconv"

	"filippo.io/age"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"pgregory.net/rapid"
)

const (
	refuse       = "refuse"
	retire       = "retire"
	deleteUnused = "delete_unused"

	kmsAlias = "alias/secrets"
)

// The recipients of encrypted secrets.
var ann, bob = must(age.GenerateX25519Identity()), must(age.GenerateX25519Identity())

// settings are the configuration of the resource. Durations are in days.
type settings struct {
	// rotateAfter is zero if it is not set.
	rotateAfter, overlap, grace, unusedFor int
	// rotate and revoke are the values in rotate_when_changed and revoke_when_changed; zero if not set.
	rotate, revoke int
	hold, paused   bool
	mode           string
	// sealed is an element of sealings; empty for plain text.
	sealed    string
	described bool
}

// sealings are names of values of encrypted_output.
var sealings = []string{"", "KMS", "ann", "ann and bob", "ann in JSON"}

// policyAttributes are the attributes that the rules use.
var policyAttributes = []string{
	"rotate_after", "overlap", "grace", "require_unused_for", "rotate_when_changed", "revoke_when_changed", "hold_previous", "paused",
	"unmanaged_keys", "encrypted_output",
}

func drawSettings(t *rapid.T) settings {
	w := settings{mode: rapid.SampledFrom([]string{refuse, deleteUnused, retire}).Draw(t, "unmanaged_keys")}
	w.drawDurations(t)
	w.sealed = rapid.SampledFrom(append([]string{"", "", "", ""}, sealings...)).Draw(t, "encrypted_output")
	w.described = rapid.IntRange(0, 4).Draw(t, "described") == 1
	return w
}

// drawDurations draws only values that the provider accepts: the least rotate_after exceeds the longest sum of the others.
func (w *settings) drawDurations(t *rapid.T) {
	w.rotateAfter = rapid.SampledFrom([]int{60, 90, 0, 180, 365}).Draw(t, "rotate_after")
	w.overlap = rapid.SampledFrom([]int{7, 0, 1, 14}).Draw(t, "overlap")
	w.grace = rapid.SampledFrom([]int{7, 0, 1, 14}).Draw(t, "grace")
	w.unusedFor = rapid.SampledFrom([]int{8, 0, 1, 30}).Draw(t, "require_unused_for")
	if w.rotateAfter == 0 && w.rotate == 0 {
		w.rotate = 1
	}
}

// value returns the configuration as a value.
func (w settings) value(user string) tftypes.Value {
	values := map[string]tftypes.Value{
		"user":    stringValue(user),
		"overlap": days(w.overlap), "grace": days(w.grace), "require_unused_for": days(w.unusedFor),
		"unmanaged_keys": stringValue(w.mode),
	}
	if w.rotateAfter > 0 {
		values["rotate_after"] = days(w.rotateAfter)
	}
	for name, n := range map[string]int{"rotate_when_changed": w.rotate, "revoke_when_changed": w.revoke} {
		if n > 0 {
			entries := map[string]tftypes.Value{"n": stringValue(strconv.Itoa(n))}
			values[name] = tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, entries)
		}
	}
	for name, on := range map[string]bool{"hold_previous": w.hold, "paused": w.paused} {
		values[name] = tftypes.NewValue(tftypes.Bool, on)
	}
	if w.described {
		values["description"] = stringValue("a story")
	}
	if w.sealed != "" {
		values["encrypted_output"] = w.encryptedOutput()
	}
	return objectValue(keyType(), values)
}

func (w settings) encryptedOutput() tftypes.Value {
	values := map[string]tftypes.Value{"format": stringValue("secret")}
	switch w.sealed {
	case "KMS":
		values["kms_key_id"] = stringValue(kmsAlias)
	case "ann":
		values["age_recipients"] = recipients(ann)
	case "ann and bob":
		values["age_recipients"] = recipients(ann, bob)
	case "ann in JSON":
		values["age_recipients"], values["format"] = recipients(ann), stringValue("json")
	}
	return objectValue(attributeType(keyType(), "encrypted_output"), values)
}

func recipients(people ...*age.X25519Identity) tftypes.Value {
	var values []tftypes.Value
	for _, p := range people {
		values = append(values, stringValue(p.Recipient().String()))
	}
	return tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, values)
}

func days(n int) tftypes.Value { return stringValue(strconv.Itoa(n) + "d") }

// String returns the configuration in words.
func (w settings) String() string {
	text := fmt.Sprintf("overlap %dd, grace %dd, require_unused_for %dd, unmanaged_keys %s", w.overlap, w.grace, w.unusedFor, w.mode)
	if w.rotateAfter > 0 {
		text = fmt.Sprintf("rotate_after %dd, ", w.rotateAfter) + text
	}
	for _, part := range []struct {
		on   bool
		text string
	}{
		{w.rotate > 0, fmt.Sprintf("rotate_when_changed %d", w.rotate)},
		{w.revoke > 0, fmt.Sprintf("revoke_when_changed %d", w.revoke)},
		{w.hold, "hold_previous"},
		{w.paused, "paused"},
		{w.sealed != "", "encrypted to " + w.sealed},
		{w.described, "described"},
	} {
		if part.on {
			text += ", " + part.text
		}
	}
	return text
}

// requests are what a change from a state to a configuration requests. edit: the policy changes at all.
type requests struct{ edit, rotate, recipients, revoke, hold bool }

// newKey reports whether a new key is requested.
func (r requests) newKey() bool { return r.rotate || r.recipients || r.revoke }

// requestsOf compares a state with a configuration, which sets every attribute that has a default.
func requestsOf(prior, configured tftypes.Value) requests {
	was, want := fields(prior), fields(configured)
	if prior.IsNull() || was["overlap"].IsNull() {
		return requests{edit: true}
	}
	changed := func(name string) bool { return !was[name].Equal(want[name]) }
	return requests{
		edit:       slices.ContainsFunc(policyAttributes, changed),
		rotate:     changed("rotate_when_changed") && !want["rotate_when_changed"].IsNull(),
		revoke:     changed("revoke_when_changed") && !want["revoke_when_changed"].IsNull(),
		recipients: changed("encrypted_output") && was["secret_access_key"].IsNull() && !was["encrypted_secret"].IsNull(),
		hold:       changed("hold_previous") && boolAt(want["hold_previous"]),
	}
}
