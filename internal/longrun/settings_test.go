package longrun_test

import (
	"fmt"
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
	// rotateAfter and maxAge are zero if they are not set.
	rotateAfter, maxAge, applyEvery, spread, overlap, grace, unusedFor int
	// noHandover sets wait_for_handover to false.
	noHandover bool
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
	"rotate_after", "max_age", "apply_every", "rotation_spread", "overlap", "grace", "require_unused_for", "wait_for_handover",
	"rotate_when_changed", "revoke_when_changed", "hold_previous", "paused", "unmanaged_keys", "encrypted_output",
}

func drawSettings(t *rapid.T) settings {
	w := settings{mode: rapid.SampledFrom([]string{refuse, deleteUnused, retire}).Draw(t, "unmanaged_keys")}
	w.drawDurations(t)
	w.sealed = rapid.SampledFrom(append([]string{"", "", "", ""}, sealings...)).Draw(t, "encrypted_output")
	w.described = rapid.IntRange(0, 4).Draw(t, "described") == 1
	return w
}

// drawDurations draws only values that the provider accepts. The least rotate_after exceeds the longest sum of overlap,
// require_unused_for and grace; what does not fit besides is left out.
func (w *settings) drawDurations(t *rapid.T) {
	w.rotateAfter = rapid.SampledFrom([]int{60, 90, 0, 180, 365}).Draw(t, "rotate_after")
	w.overlap = rapid.SampledFrom([]int{7, 0, 1, 14}).Draw(t, "overlap")
	w.grace = rapid.SampledFrom([]int{7, 0, 1, 14}).Draw(t, "grace")
	w.unusedFor = rapid.SampledFrom([]int{8, 0, 1, 30}).Draw(t, "require_unused_for")
	w.maxAge = rapid.SampledFrom([]int{0, 0, 90, 120, 365}).Draw(t, "max_age")
	w.applyEvery = rapid.SampledFrom([]int{1, 7}).Draw(t, "apply_every")
	w.spread = rapid.SampledFrom([]int{0, 0, 10, 30}).Draw(t, "rotation_spread")
	w.noHandover = rapid.IntRange(0, 3).Draw(t, "wait_for_handover") == 1
	least := max(w.overlap, w.unusedFor) + w.grace
	afterRotation := w.overlap + w.unusedFor + 3*w.applyEvery
	if w.rotateAfter > 0 && w.maxAge < w.rotateAfter+afterRotation || w.rotateAfter == 0 && w.maxAge-afterRotation <= least {
		w.maxAge = 0
	}
	interval := w.rotateAfter
	if interval == 0 && w.maxAge > 0 {
		interval = w.maxAge - afterRotation
	}
	if interval > 0 && interval-w.spread <= least {
		w.spread = 0
	}
	if interval == 0 && w.rotate == 0 {
		w.rotate = 1
	}
}

// value returns the configuration as a value.
func (w settings) value(user string) tftypes.Value {
	values := map[string]tftypes.Value{
		"user":        stringValue(user),
		"apply_every": days(w.applyEvery), "rotation_spread": days(w.spread),
		"overlap": days(w.overlap), "grace": days(w.grace), "require_unused_for": days(w.unusedFor),
		"unmanaged_keys": stringValue(w.mode),
	}
	for name, n := range map[string]int{"rotate_after": w.rotateAfter, "max_age": w.maxAge} {
		if n > 0 {
			values[name] = days(n)
		}
	}
	for name, n := range map[string]int{"rotate_when_changed": w.rotate, "revoke_when_changed": w.revoke} {
		if n > 0 {
			entries := map[string]tftypes.Value{"n": stringValue(strconv.Itoa(n))}
			values[name] = tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, entries)
		}
	}
	for name, on := range map[string]bool{"hold_previous": w.hold, "paused": w.paused, "wait_for_handover": !w.noHandover} {
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
	for _, d := range []struct {
		name string
		days int
	}{{"rotation_spread", w.spread}, {"apply_every", w.applyEvery}, {"max_age", w.maxAge}, {"rotate_after", w.rotateAfter}} {
		if d.days > 0 {
			text = fmt.Sprintf("%s %dd, ", d.name, d.days) + text
		}
	}
	for _, part := range []struct {
		on   bool
		text string
	}{
		{w.noHandover, "no wait_for_handover"},
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
