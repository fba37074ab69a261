package acctest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// leakForm is a reversible encoding that needs no key.
type leakForm struct {
	name string
	// write returns every encoded text that an encoder may produce, without quotes or padding.
	write func(text string) []string
}

// leakForms are the forms that a scan finds. A piece that two forms have in common belongs to the first.
var leakForms = []leakForm{
	{"plain", func(text string) []string { return []string{text} }},
	{"JSON-escaped", jsonForms},
	{"URL path", func(text string) []string { return percentForms(url.PathEscape(text)) }},
	{"URL query", func(text string) []string {
		return percentForms(url.QueryEscape(text), strings.ReplaceAll(url.QueryEscape(text), "%2F", "/"))
	}},
	{"base64", func(text string) []string { return base64Forms(base64.RawStdEncoding, text) }},
	{"base64url", func(text string) []string { return base64Forms(base64.RawURLEncoding, text) }},
	{"hex", func(text string) []string {
		lower := hex.EncodeToString([]byte(text))
		return []string{lower, strings.ToUpper(lower)}
	}},
}

// base64Forms returns the base64 encodings of a text inside a longer text: for each of the three alignments, the characters that
// depend on the text alone.
func base64Forms(encoding *base64.Encoding, text string) []string {
	var forms []string
	for before := range 3 {
		encoded := encoding.EncodeToString(append(make([]byte, before), text...))
		first, last := (8*before+5)/6, (8*(before+len(text)))/6
		forms = append(forms, encoded[first:last])
	}
	return forms
}

var percentEscape = regexp.MustCompile(`%[0-9A-F]{2}`)

// percentForms returns the texts, and the same with lower-case hex digits.
func percentForms(escaped ...string) []string {
	for _, text := range escaped {
		escaped = append(escaped, percentEscape.ReplaceAllStringFunc(text, strings.ToLower))
	}
	return escaped
}

// jsonForms returns the encodings of JSON encoders: some escape the slash, some the plus sign, some all characters that are
// special in HTML, some everything but letters and digits.
func jsonForms(text string) []string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(fmt.Sprintf("acctest: encode a string as JSON: %v", err)) // json.Marshal accepts every string
	}
	encoded := string(quoted[1 : len(quoted)-1])
	forms := []string{encoded, strings.ReplaceAll(encoded, "/", `\/`)}
	for _, format := range []string{`\u%04x`, `\u%04X`} {
		for _, special := range []string{"/", "+", "=", "/+", "+=", "/=", "/+="} {
			forms = append(forms, escapeCharacters(text, special, format))
		}
		plus := escapeCharacters(text, "+=", format)
		forms = append(forms, strings.ReplaceAll(plus, "/", `\/`), escapeCharacters(text, "", format))
	}
	return forms
}

// escapeCharacters replaces the special characters of a text by their code in the given format. If special is empty, it replaces
// all characters but letters and digits.
func escapeCharacters(text, special, format string) string {
	var out strings.Builder
	for _, r := range text {
		letter := r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if special == "" && !letter || strings.ContainsRune(special, r) {
			fmt.Fprintf(&out, format, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}
