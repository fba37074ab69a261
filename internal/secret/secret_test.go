package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// text is not a real secret. The tests search for its middle part, so that they also find a quoted or escaped form.
const (
	text   = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	marker = "K7MDENG"
)

// hexMarker is the marker as %x prints it.
var hexMarker = fmt.Sprintf("%x", marker)

type holder struct {
	Name    string
	Secret  secret.Secret
	private secret.Secret
	Pointer *secret.Secret
	List    []secret.Secret
	Map     map[string]secret.Secret
	Any     any
}

type embedding struct {
	secret.Secret

	Name string
}

func newHolder() holder {
	s := secret.New(text)
	return holder{
		Name: "ci", Secret: s, private: s, Pointer: &s,
		List: []secret.Secret{s}, Map: map[string]secret.Secret{"k": s}, Any: s,
	}
}

// shows reports whether out contains the secret. Callers never print out itself.
func shows(out string) bool {
	return strings.Contains(out, marker) || strings.Contains(strings.ToLower(out), hexMarker)
}

func values() map[string]any {
	s, h := secret.New(text), newHolder()
	return map[string]any{
		"value": s, "pointer": &s, "struct": h, "struct pointer": &h, "embedding": embedding{Secret: s, Name: "ci"},
		"slice": []secret.Secret{s}, "array": [1]secret.Secret{s}, "map": map[string]secret.Secret{"k": s},
		"map of structs": map[string]holder{"k": h}, "unexported only": struct{ s secret.Secret }{s}, "any": []any{s, h},
	}
}

func TestReveal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		secret secret.Secret
		text   string
		zero   bool
	}{
		{"absent", secret.Secret{}, "", true},
		{"empty", secret.New(""), "", false},
		{"text", secret.New(text), text, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.secret.Reveal() != test.text {
				t.Error("Reveal does not give the text that New took")
			}
			if got := test.secret.IsZero(); got != test.zero {
				t.Errorf("IsZero() = %v, want %v", got, test.zero)
			}
		})
	}
}

func TestNoVerbShowsTheText(t *testing.T) {
	t.Parallel()
	for name, value := range values() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, verb := range "vTtbcoOqxXUeEfFgGspdw" {
				for _, flags := range []string{"", "+", "#", "+#", " ", "0", "-", "60", "-60.40", ".3", "# ", "[1]"} {
					format := "%" + flags + string(verb)
					if shows(fmt.Sprintf(format, value)) {
						t.Errorf("%s shows the text", format)
					}
				}
			}
			if shows(fmt.Sprint(value)) || shows(fmt.Sprintln(value)) {
				t.Error("Sprint or Sprintln shows the text")
			}
			if shows(fmt.Sprintf("%d %s", 1, value)) || shows(fmt.Sprintf("%*v", 3, value)) {
				t.Error("a call with several arguments shows the text")
			}
		})
	}
}

func TestErrorsDoNotShowTheText(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("create: %v: %w", newHolder(), errors.Join(fmt.Errorf("key %+v", secret.New(text)), fmt.Errorf("key %#v", newHolder())))
	if shows(err.Error()) || shows(fmt.Sprintf("%+v %#v", err, err)) {
		t.Error("an error shows the text")
	}
}

func TestPlaceholder(t *testing.T) {
	t.Parallel()
	const want = "(redacted)"
	s := secret.New(text)
	for name, got := range map[string]string{
		"%v": fmt.Sprintf("%v", s), "%+v": fmt.Sprintf("%+v", s), "%#v": fmt.Sprintf("%#v", s),
		"%s": fmt.Sprintf("%s", s), "%q": fmt.Sprintf("%q", s),
		"%x": fmt.Sprintf("%x", s), "%d": fmt.Sprintf("%d", s), "String": s.String(), "GoString": s.GoString(), "LogValue": s.LogValue().String(),
		"absent": fmt.Sprint(secret.Secret{}),
	} {
		if got != want {
			if shows(got) {
				got = "the text itself"
			}
			t.Errorf("%s gives %s, want %s", name, got, want)
		}
	}
	if _, err := fmt.Sscan("x", &s); err == nil {
		t.Error("a Secret can be scanned")
	}
}

func TestJSONDoesNotShowTheText(t *testing.T) {
	t.Parallel()
	for name, value := range values() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := json.Marshal(value)
			if err != nil {
				t.Fatalf("Marshal: %v", err)
			}
			if shows(string(out)) {
				t.Error("JSON shows the text")
			}
		})
	}
	out, err := json.Marshal(map[string]any{"a": secret.New(text), "b": map[secret.Secret]int{secret.New(text): 1}})
	if err != nil {
		t.Fatalf("Marshal: %v", err)
	}
	if got, want := string(out), `{"a":"(redacted)","b":{"(redacted)":1}}`; got != want {
		t.Errorf("JSON is not %s", want)
	}
}

func TestSlogDoesNotShowTheText(t *testing.T) {
	t.Parallel()
	for name, newHandler := range map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			log := slog.New(newHandler(&out))
			for key, value := range values() {
				log.InfoContext(t.Context(), "made", key, value, slog.Group("group", key, value))
				log.With(key, value).InfoContext(t.Context(), "made")
			}
			if out.Len() == 0 {
				t.Fatal("nothing was logged")
			}
			if shows(out.String()) {
				t.Error("the log shows the text")
			}
		})
	}
}
