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

// The people to whom secrets are encrypted.
var ann, bob = must(age.GenerateX25519Identity()), must(age.GenerateX25519Identity())

// settings are the configuration of the resource. Durations are in days.
type settings struct {
	// rotateAfter is zero where it is not set.
	rotateAfter, overlap, grace, guard int
	// rotate and revoke are the values of rotate_when_changed and revoke_when_changed; zero where they are not set.
	rotate, revoke int
	hold, paused   bool
	mode           string
	// sealed names an element of sealings; empty for plain text.
	sealed    string
	described bool
}

// sealings are the values of encrypted_output.
var sealings = []string{"", "KMS", "ann", "ann and bob", "ann in JSON"}

// policyAttributes are what the rules go by.
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

// drawDurations keeps rotate_after longer than the least that is allowed.
func (w *settings) drawDurations(t *rapid.T) {
	w.rotateAfter = rapid.SampledFrom([]int{60, 90, 0, 180, 365}).Draw(t, "rotate_after")
	w.overlap = rapid.SampledFrom([]int{7, 0, 1, 14}).Draw(t, "overlap")
	w.grace = rapid.SampledFrom([]int{7, 0, 1, 14}).Draw(t, "grace")
	w.guard = rapid.SampledFrom([]int{8, 0, 1, 30}).Draw(t, "require_unused_for")
	if w.rotateAfter == 0 && w.rotate == 0 {
		w.rotate = 1
	}
}

// value is the configuration.
func (w settings) value(user string) tftypes.Value {
	values := map[string]tftypes.Value{
		"user":    stringValue(user),
		"overlap": days(w.overlap), "grace": days(w.grace), "require_unused_for": days(w.guard),
		"unmanaged_keys": stringValue(w.mode),
	}
	if w.rotateAfter > 0 {
		values["rotate_after"] = days(w.rotateAfter)
	}
	for name, n := range map[string]int{"rotate_when_changed": w.rotate, "revoke_when_changed": w.revoke} {
		if n > 0 {
			values[name] = tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{"n": stringValue(strconv.Itoa(n))})
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
	return record(keyType(), values)
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
	return record(attributeType(keyType(), "encrypted_output"), values)
}

func recipients(people ...*age.X25519Identity) tftypes.Value {
	var values []tftypes.Value
	for _, p := range people {
		values = append(values, stringValue(p.Recipient().String()))
	}
	return tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, values)
}

func days(n int) tftypes.Value { return stringValue(strconv.Itoa(n) + "d") }

// String is the configuration in words.
func (w settings) String() string {
	text := fmt.Sprintf("overlap %dd, grace %dd, guard %dd, unmanaged_keys %s", w.overlap, w.grace, w.guard, w.mode)
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

// asked are the requests that a change from a state to a configuration makes.
type asked struct{ edit, rotate, recipients, revoke, hold bool }

// key tells that a new key is asked for.
func (a asked) key() bool { return a.rotate || a.recipients || a.revoke }

// asks compares a state with what is configured. The configuration of a story leaves nothing to a default.
func asks(prior, configured tftypes.Value) asked {
	was, want := fields(prior), fields(configured)
	if prior.IsNull() || was["overlap"].IsNull() {
		return asked{edit: true}
	}
	changed := func(name string) bool { return !was[name].Equal(want[name]) }
	return asked{
		edit:       slices.ContainsFunc(policyAttributes, changed),
		rotate:     changed("rotate_when_changed") && !want["rotate_when_changed"].IsNull(),
		revoke:     changed("revoke_when_changed") && !want["revoke_when_changed"].IsNull(),
		recipients: changed("encrypted_output") && was["secret_access_key"].IsNull() && !was["encrypted_secret"].IsNull(),
		hold:       changed("hold_previous") && truth(want["hold_previous"]),
	}
}
