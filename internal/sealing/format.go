package sealing

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// Format is the form of a plaintext.
type Format string

// The formats.
const (
	// FormatSecret is the secret access key alone, without a line end.
	FormatSecret Format = "secret"
	// FormatJSON is the output of a credential_process: one line of JSON. See
	// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html.
	FormatJSON Format = "json"
	// FormatDotenv is the two environment variables that AWS tools read, one a line: for sh, docker --env-file and
	// dotenv libraries.
	FormatDotenv Format = "dotenv"
	// FormatCredentialsFile is a shared credentials file with the profile "default". See
	// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html.
	FormatCredentialsFile Format = "credentials_file"
	// FormatCSV has the columns of the file that the IAM console offers for a new key, as one header line and one row. Some
	// files of the console have a byte order mark, which hides the first column from Terraform's csvdecode, and CR LF, which
	// leaves a CR in what cut or awk read as the secret. This format has neither.
	FormatCSV Format = "csv"
)

// Formats returns every format, the default first.
func Formats() []Format {
	return []Format{FormatSecret, FormatJSON, FormatDotenv, FormatCredentialsFile, FormatCSV}
}

// formatNames lists the formats in a sentence.
func formatNames() string {
	formats := Formats()
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = string(f)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// Credential is the access key in a plaintext.
type Credential struct {
	// AccessKeyID is empty when the plaintext is the secret alone.
	AccessKeyID string
	Secret      secret.Secret
}

// The errors of Render and Parse. They hold nothing of an access key id, a secret or a plaintext.
var (
	// ErrUnknownFormat means that a Format is none of Formats.
	ErrUnknownFormat = errors.New("the format is none of " + formatNames())
	// ErrKeyText means that an access key id or a secret can't be written in every format without quotes.
	ErrKeyText = fmt.Errorf("it must have 1 to %d characters, letters, digits, /, + and = only", maxKeyText)
	// ErrNoCredential means that a plaintext is in none of the formats.
	ErrNoCredential = errors.New("the plaintext is not an access key in one of the formats " + formatNames())
)

// maxKeyText limits an access key id and a secret, in bytes, so that every rendering is far below MaxPlaintext. IAM
// limits an id to 128 characters and documents no limit for a secret, which has 40. See
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html.
const maxKeyText = 1024

// credentialProcessVersion is the only version of the output of a credential_process.
const credentialProcessVersion = 1

// Render returns the plaintext of c. FormatSecret ignores the access key id. The error wraps ErrUnknownFormat or
// ErrKeyText.
func (f Format) Render(c Credential) (secret.Secret, error) {
	id, key := c.AccessKeyID, c.Secret.Reveal()
	if !isKeyText(key) {
		return secret.Secret{}, fmt.Errorf("secret access key: %w", ErrKeyText)
	}
	if f != FormatSecret && !isKeyText(id) {
		return secret.Secret{}, fmt.Errorf("access key id: %w", ErrKeyText)
	}
	// No format escapes any character of a key text.
	switch f {
	case FormatSecret:
		return secret.New(key), nil
	case FormatJSON:
		return secret.New(fmt.Sprintf(`{"Version":%d,"AccessKeyId":"%s","SecretAccessKey":"%s"}`+"\n", credentialProcessVersion, id, key)), nil
	case FormatDotenv:
		return secret.New("AWS_ACCESS_KEY_ID=" + id + "\nAWS_SECRET_ACCESS_KEY=" + key + "\n"), nil
	case FormatCredentialsFile:
		return secret.New("[default]\naws_access_key_id = " + id + "\naws_secret_access_key = " + key + "\n"), nil
	case FormatCSV:
		return secret.New("Access key ID,Secret access key\n" + id + "," + key + "\n"), nil
	}
	return secret.Secret{}, ErrUnknownFormat
}

// isKeyText reports whether s can be written in every format without quotes.
func isKeyText(s string) bool {
	if s == "" || len(s) > maxKeyText {
		return false
	}
	for _, r := range s {
		switch {
		case r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '/', r == '+', r == '=':
		default:
			return false
		}
	}
	return true
}

// Parse detects the format of a plaintext of at most MaxPlaintext bytes and returns the access key in it. It reads what
// Render writes, and the variations of other tools: other line ends, a byte order mark, comments, quotes and export in
// dotenv, another profile, more JSON fields, variables or columns. A plaintext with several keys is refused, since nothing
// says which one is meant. The error wraps ErrNoCredential.
func Parse(plaintext secret.Secret) (Credential, error) {
	text := plaintext.Reveal()
	if len(text) > MaxPlaintext {
		return Credential{}, fmt.Errorf("%w: it has more than %d bytes", ErrNoCredential, MaxPlaintext)
	}
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	if isKeyText(text) {
		return Credential{Secret: secret.New(text)}, nil
	}
	for _, parse := range []func(string) (id, key string){parseJSON, parseLines, parseCSV} {
		if id, key := parse(text); isKeyText(id) && isKeyText(key) {
			return Credential{AccessKeyID: id, Secret: secret.New(key)}, nil
		}
	}
	return Credential{}, ErrNoCredential
}

// parseJSON reads FormatJSON. Its results are empty if the text is something else.
func parseJSON(text string) (id, key string) {
	var output struct {
		Version         int
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
	}
	if json.Unmarshal([]byte(text), &output) != nil || output.Version != credentialProcessVersion {
		return "", ""
	}
	return output.AccessKeyID, output.SecretAccessKey
}

// parseLines reads FormatCredentialsFile, which has one profile, and FormatDotenv, which has none. Its results are empty
// if the text is something else.
func parseLines(text string) (id, key string) {
	values := map[string]string{}
	inProfile := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' {
			if len(values) > 0 || !strings.HasSuffix(line, "]") {
				return "", ""
			}
			inProfile = true
			continue
		}
		name, value, found := strings.Cut(line, "=")
		name = strings.TrimSpace(strings.TrimPrefix(name, "export "))
		if _, twice := values[name]; twice || !found {
			return "", ""
		}
		values[name] = unquote(strings.TrimSpace(value))
	}
	if inProfile {
		return values["aws_access_key_id"], values["aws_secret_access_key"]
	}
	return values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"]
}

// unquote removes a pair of equal quotes around a value; a key text has nothing to unescape.
func unquote(value string) string {
	if n := len(value); n >= 2 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
		return value[1 : n-1]
	}
	return value
}

// parseCSV reads FormatCSV by the names of the columns, in upper or lower case: the console has changed the case over the
// years. Its results are empty if the text is something else.
func parseCSV(text string) (id, key string) {
	reader := csv.NewReader(strings.NewReader(text))
	reader.TrimLeadingSpace = true
	rows, err := reader.ReadAll()
	if err != nil || len(rows) != 2 {
		return "", ""
	}
	for i, column := range rows[0] {
		switch value := strings.TrimSpace(rows[1][i]); strings.ToLower(strings.TrimSpace(column)) {
		case "access key id":
			id = value
		case "secret access key":
			key = value
		}
	}
	return id, key
}
