package sealing_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// keyID and keyText are the examples of AWS. The secret has every character that a reader may get wrong.
const (
	keyID   = "AKIAIOSFODNN7EXAMPLE" //nolint:gosec // AWS documents it as an example
	keyText = "=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLE=="
)

func credential() sealing.Credential {
	return sealing.Credential{AccessKeyID: keyID, Secret: secret.New(keyText)}
}

// render returns the plaintext of the example in a format.
func render(t *testing.T, format sealing.Format) string {
	t.Helper()
	plaintext, err := format.Render(credential())
	if err != nil {
		t.Fatalf("Render: %v", err)
	}
	return plaintext.Reveal()
}

// plaintextFile writes the plaintext of the example to a file of its own.
func plaintextFile(t *testing.T, format sealing.Format) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plaintext")
	if err := os.WriteFile(path, []byte(render(t, format)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFormats(t *testing.T) {
	t.Parallel()
	want := []sealing.Format{"secret", "json", "dotenv", "credentials_file", "csv"}
	if got := sealing.Formats(); !slices.Equal(got, want) {
		t.Errorf("Formats() = %q, want %q", got, want)
	}
	const names = "secret, json, dotenv, credentials_file and csv"
	for _, err := range []error{sealing.ErrUnknownFormat, sealing.ErrNoCredential} {
		if !strings.HasSuffix(err.Error(), " "+names) {
			t.Errorf("%q does not list the formats as %q", err, names)
		}
	}
}

func TestRender(t *testing.T) {
	t.Parallel()
	for format, want := range map[sealing.Format]string{
		sealing.FormatSecret:          keyText,
		sealing.FormatJSON:            `{"Version":1,"AccessKeyId":"` + keyID + `","SecretAccessKey":"` + keyText + `"}` + "\n",
		sealing.FormatDotenv:          "AWS_ACCESS_KEY_ID=" + keyID + "\nAWS_SECRET_ACCESS_KEY=" + keyText + "\n",
		sealing.FormatCredentialsFile: "[default]\naws_access_key_id = " + keyID + "\naws_secret_access_key = " + keyText + "\n",
		sealing.FormatCSV:             "Access key ID,Secret access key\n" + keyID + "," + keyText + "\n",
	} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			if render(t, format) != want {
				t.Error("the plaintext differs from the documented one")
			}
		})
	}
}

func TestRender_refused(t *testing.T) {
	t.Parallel()
	good := credential()
	bad := map[string]string{"empty": "", "too long": strings.Repeat("A", 1025)}
	for _, char := range []string{
		" ", "\n", "\r", "\t", "\x00", `"`, "'", `\`, "$", "`", ",", "#", ";", "-", "_", ":", "[", "\ufeff", "é", "\xff",
	} {
		bad["with "+char] = "marker" + char + "marker"
	}
	for name, text := range bad {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, format := range sealing.Formats() {
				refuses(t, format, sealing.Credential{AccessKeyID: keyID, Secret: secret.New(text)}, sealing.ErrKeyText)
				if format != sealing.FormatSecret {
					refuses(t, format, sealing.Credential{AccessKeyID: text, Secret: good.Secret}, sealing.ErrKeyText)
				}
			}
		})
	}
	for _, format := range sealing.Formats() {
		refuses(t, format, sealing.Credential{AccessKeyID: keyID}, sealing.ErrKeyText)
	}
	for _, format := range []sealing.Format{"", "JSON", "yaml"} {
		refuses(t, format, good, sealing.ErrUnknownFormat)
	}
}

// refuses fails the test unless Render gives the error, shows nothing of the credential and returns nothing.
func refuses(t *testing.T, format sealing.Format, c sealing.Credential, want error) {
	t.Helper()
	plaintext, err := format.Render(c)
	if !errors.Is(err, want) {
		t.Fatalf("%s: error %v, want %v", format, err, want)
	}
	if !plaintext.IsZero() {
		t.Errorf("%s: a plaintext comes with the error", format)
	}
	if strings.Contains(err.Error(), "marker") || strings.Contains(err.Error(), keyID) || strings.Contains(err.Error(), keyText) {
		t.Errorf("%s: the error shows the credential", format)
	}
}

func TestRender_longest(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("+", 1024)
	for _, format := range sealing.Formats() {
		plaintext, err := format.Render(sealing.Credential{AccessKeyID: long, Secret: secret.New(long)})
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		// AWS KMS encrypts at most 4096 bytes.
		if size := len(plaintext.Reveal()); size > 4096 {
			t.Errorf("%s: %d bytes", format, size)
		}
	}
}

func TestRender_secretNeedsNoID(t *testing.T) {
	t.Parallel()
	plaintext, err := sealing.FormatSecret.Render(sealing.Credential{Secret: secret.New(keyText)})
	if err != nil {
		t.Fatal(err)
	}
	if plaintext.Reveal() != keyText {
		t.Error("secret differs")
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	type forms map[string]string
	for format, texts := range map[sealing.Format]forms{
		sealing.FormatSecret: {"line end": keyText + "\n", "lines": "\n" + keyText + "\n\n", "padded": "  " + keyText + " "},
		sealing.FormatJSON: {
			"indented": "{\n  \"Version\": 1,\n  \"AccessKeyId\": \"" + keyID + "\",\n  \"SecretAccessKey\": \"" + keyText + "\"\n}",
			"more fields": `{"SecretAccessKey":"` + keyText + `","Expiration":"2026-11-01T00:00:00Z","More":{"Version":2},"AccessKeyId":"` + keyID +
				`","Version":1}`,
			"escaped slash": `{"Version":1,"AccessKeyId":"` + keyID + `","SecretAccessKey":"` + strings.ReplaceAll(keyText, "/", `\/`) + `"}`,
		},
		sealing.FormatDotenv: {
			"no last line end": "AWS_ACCESS_KEY_ID=" + keyID + "\nAWS_SECRET_ACCESS_KEY=" + keyText,
			"double quotes":    "AWS_ACCESS_KEY_ID=\"" + keyID + "\"\nAWS_SECRET_ACCESS_KEY=\"" + keyText + "\"\n",
			"single quotes":    "AWS_ACCESS_KEY_ID='" + keyID + "'\nAWS_SECRET_ACCESS_KEY='" + keyText + "'\n",
			"export":           "export AWS_ACCESS_KEY_ID=" + keyID + "\n  export  AWS_SECRET_ACCESS_KEY=" + keyText + "\n",
			"spaces":           "AWS_ACCESS_KEY_ID = " + keyID + " \nAWS_SECRET_ACCESS_KEY = " + keyText + "\t\n",
			"other order":      "AWS_SECRET_ACCESS_KEY=" + keyText + "\nAWS_ACCESS_KEY_ID=" + keyID + "\n",
			"more": "# the deployer\n\nAWS_REGION=eu-west-1\nAWS_ACCESS_KEY_ID=" + keyID + "\nNOTE=\"a=b # c\"\nAWS_SECRET_ACCESS_KEY=" +
				keyText + "\n",
		},
		sealing.FormatCredentialsFile: {
			"other profile": "[ci deployer]\naws_access_key_id=" + keyID + "\naws_secret_access_key=" + keyText + "\n",
			"more": "# a\n; b\n\n[default]\nregion = eu-west-1\naws_secret_access_key = " + keyText + "\n# c\naws_access_key_id = " + keyID +
				"\n\n",
			"quotes": "[default]\naws_access_key_id = '" + keyID + "'\naws_secret_access_key = \"" + keyText + "\"\n",
		},
		sealing.FormatCSV: {
			"no last line end": "Access key ID,Secret access key\n" + keyID + "," + keyText,
			"user name":        "User name,Access key ID,Secret access key\nci,\"" + keyID + "\"," + keyText + "\n",
			"aws configure import": "User Name,Access Key ID,Secret Access key\nci," + keyID + "," + keyText +
				"\n",
			"new user": "User name,Password,Access key ID,Secret access key,Console login link\nci,\"a,\"\"b\"," + keyID + "," + keyText +
				",https://123456789012.signin.aws.amazon.com/console\n",
			"other order":         "Secret access key,Access key ID\n" + keyText + "," + keyID + "\n",
			"spaces":              "Access key ID, Secret access key \n" + keyID + " , " + keyText + "\n",
			"quoted after spaces": "Access key ID, \"Secret access key\"\n" + keyID + ", \"" + keyText + "\"\n",
			"all quoted":          "\"Access key ID\",\"Secret access key\"\n\"" + keyID + "\",\"" + keyText + "\"\n",
		},
	} {
		texts["as rendered"] = render(t, format)
		for name, text := range texts {
			t.Run(string(format)+"/"+name, func(t *testing.T) {
				t.Parallel()
				want := keyID
				if format == sealing.FormatSecret {
					want = ""
				}
				parses(t, text, want)
				parses(t, "\ufeff"+text, want)
				parses(t, strings.ReplaceAll(text, "\n", "\r\n"), want)
				parses(t, "\ufeff"+strings.ReplaceAll(text, "\n", "\r\n")+"\r\n", want)
			})
		}
	}
}

// parses fails the test unless Parse reads the secret of the example and the id from the text.
func parses(t *testing.T, text, id string) {
	t.Helper()
	got, err := sealing.Parse(secret.New(text))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	if got.AccessKeyID != id {
		t.Errorf("access key id %q, want %q", got.AccessKeyID, id)
	}
	if got.Secret.Reveal() != keyText {
		t.Error("secret differs")
	}
}

func TestParse_refused(t *testing.T) {
	t.Parallel()
	const (
		dotenv  = "AWS_ACCESS_KEY_ID=" + keyID + "\nAWS_SECRET_ACCESS_KEY=" + keyText + "\n"
		profile = "aws_access_key_id = " + keyID + "\naws_secret_access_key = " + keyText + "\n"
		row     = keyID + "," + keyText + "\n"
	)
	for name, text := range map[string]string{
		"nothing":                  "",
		"space":                    " \r\n",
		"byte order mark":          "\ufeff",
		"two marks":                "\ufeff\ufeff" + keyText,
		"UTF-16":                   "\xff\xfea\x00b\x00",
		"words":                    "correct horse battery staple",
		"two lines":                keyText + "\n" + keyText + "\n",
		"quoted secret":            `"` + keyText + `"`,
		"armor":                    "-----BEGIN AGE ENCRYPTED FILE-----\nYWJj\n-----END AGE ENCRYPTED FILE-----\n",
		"long secret":              strings.Repeat("A", 1025),
		"JSON cut off":             `{"Version":1,"AccessKeyId":"` + keyID + `","SecretAccessKey":"` + keyText,
		"JSON with more after":     `{"Version":1,"AccessKeyId":"` + keyID + `","SecretAccessKey":"` + keyText + `"} {}`,
		"JSON without version":     `{"AccessKeyId":"` + keyID + `","SecretAccessKey":"` + keyText + `"}`,
		"JSON of another version":  `{"Version":2,"AccessKeyId":"` + keyID + `","SecretAccessKey":"` + keyText + `"}`,
		"JSON without secret":      `{"Version":1,"AccessKeyId":"` + keyID + `"}`,
		"JSON without id":          `{"Version":1,"SecretAccessKey":"` + keyText + `"}`,
		"JSON null":                `{"Version":1,"AccessKeyId":"` + keyID + `","SecretAccessKey":null}`,
		"JSON number":              `{"Version":1,"AccessKeyId":"` + keyID + `","SecretAccessKey":1}`,
		"JSON list":                `[{"Version":1,"AccessKeyId":"` + keyID + `","SecretAccessKey":"` + keyText + `"}]`,
		"JSON string":              `"AWS_ACCESS_KEY_ID"`,
		"dotenv without secret":    "AWS_ACCESS_KEY_ID=" + keyID + "\n",
		"dotenv without id":        "AWS_SECRET_ACCESS_KEY=" + keyText + "\n",
		"dotenv with a bare line":  dotenv + "more\n",
		"dotenv twice":             dotenv + dotenv,
		"dotenv with a comment":    "AWS_ACCESS_KEY_ID=" + keyID + "\nAWS_SECRET_ACCESS_KEY=" + keyText + " # c\n",
		"dotenv in lower case":     profile,
		"dotenv unclosed quote":    "AWS_ACCESS_KEY_ID=" + keyID + "\nAWS_SECRET_ACCESS_KEY=\"" + keyText + "\n",
		"dotenv one quote":         "AWS_ACCESS_KEY_ID=\"\nAWS_SECRET_ACCESS_KEY=" + keyText + "\n",
		"dotenv then profile":      dotenv + "[default]\n",
		"profile with dotenv":      "[default]\n" + dotenv,
		"profile without keys":     "[default]\nregion = eu-west-1\n",
		"two profiles":             "[default]\n" + profile + "[ci]\n" + profile,
		"a profile for each half":  "[a]\naws_access_key_id = " + keyID + "\n[b]\naws_secret_access_key = " + keyText + "\n",
		"keys before profile":      profile + "[default]\n",
		"profile with empty id":    "[default]\naws_access_key_id =\naws_secret_access_key = " + keyText + "\n",
		"profile with cut heading": "[default\n" + profile,
		"CSV without header":       row,
		"CSV without row":          "Access key ID,Secret access key\n",
		"CSV with two rows":        "Access key ID,Secret access key\n" + row + row,
		"CSV of root's old file":   "AWSAccessKeyId,AWSSecretKey\n" + row,
		"CSV with a short row":     "User name,Access key ID,Secret access key\n" + row,
		"CSV with a bad quote":     "Access key ID,Secret access key\n" + keyID + ",\"" + keyText + "\n",
		"CSV with semicolons":      "Access key ID;Secret access key\n" + keyID + ";" + keyText + "\n",
		"CSV with an empty field":  "Access key ID,Secret access key\n" + keyID + ",\n",
		"comments only":            "# AWS_ACCESS_KEY_ID=" + keyID + "\n# AWS_SECRET_ACCESS_KEY=" + keyText + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refusesText(t, text, sealing.ErrNoCredential.Error())
		})
	}
}

// refusesText fails the test unless Parse refuses the text with that message, which is a constant.
func refusesText(t *testing.T, text, message string) {
	t.Helper()
	got, err := sealing.Parse(secret.New(text))
	if !errors.Is(err, sealing.ErrNoCredential) {
		t.Fatalf("error %v, want %v", err, sealing.ErrNoCredential)
	}
	if err.Error() != message {
		t.Errorf("the error is %q, want %q", err, message)
	}
	if got != (sealing.Credential{}) {
		t.Error("a credential comes with the error")
	}
}

func TestParse_limits(t *testing.T) {
	t.Parallel()
	text := render(t, sealing.FormatDotenv)
	text += "#" + strings.Repeat(" ", sealing.MaxPlaintext-len(text)-1)
	parses(t, text, keyID)
	refusesText(t, text+" ", sealing.ErrNoCredential.Error()+": it has more than 16384 bytes")
	parses(t, strings.TrimSpace(render(t, sealing.FormatJSON)), keyID)
	if _, err := sealing.Parse(secret.New(strings.Repeat("A", 1024))); err != nil {
		t.Errorf("the longest secret: %v", err)
	}
	refusesText(t, strings.Repeat(`{"a":`, sealing.MaxPlaintext/5), sealing.ErrNoCredential.Error())
	if _, err := sealing.Parse(secret.Secret{}); !errors.Is(err, sealing.ErrNoCredential) {
		t.Errorf("an absent plaintext: %v", err)
	}
}

// fromSDK fails the test unless the default chain of the Go SDK reads the example from a config and a credentials file. A
// profile that is set in code takes precedence over the environment of the test.
func fromSDK(t *testing.T, profile, configFile, credentialsFile string) {
	t.Helper()
	loaded, err := config.LoadDefaultConfig(t.Context(), config.WithSharedConfigProfile(profile), config.WithRegion("eu-west-1"),
		config.WithSharedConfigFiles([]string{configFile}), config.WithSharedCredentialsFiles([]string{credentialsFile}))
	if err != nil {
		t.Fatal(err)
	}
	got, err := loaded.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.AccessKeyID != keyID || got.SecretAccessKey != keyText || got.SessionToken != "" {
		t.Error("the SDK reads another credential")
	}
}

func TestRender_credentialsFileInSDK(t *testing.T) {
	t.Parallel()
	path := plaintextFile(t, sealing.FormatCredentialsFile)
	fromSDK(t, "default", filepath.Join(t.TempDir(), "none"), path)
	got, err := config.LoadSharedConfigProfile(t.Context(), "default", func(o *config.LoadSharedConfigOptions) {
		o.CredentialsFiles, o.ConfigFiles = []string{path}, []string{}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Credentials.AccessKeyID != keyID || got.Credentials.SecretAccessKey != keyText {
		t.Error("the SDK reads another credential")
	}
}

func TestRender_jsonInSDK(t *testing.T) {
	t.Parallel()
	foreign.Require(t, "coreutils", "cat")
	dir := t.TempDir()
	configFile := filepath.Join(dir, "config")
	text := "[profile sealed]\ncredential_process = cat '" + plaintextFile(t, sealing.FormatJSON) + "'\n"
	if err := os.WriteFile(configFile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	fromSDK(t, "sealed", configFile, filepath.Join(dir, "none"))
}

func TestRender_json(t *testing.T) {
	t.Parallel()
	var got map[string]any
	if err := json.Unmarshal([]byte(render(t, sealing.FormatJSON)), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, map[string]any{"Version": 1.0, "AccessKeyId": keyID, "SecretAccessKey": keyText}) {
		t.Error("JSON reads another credential")
	}
}

func TestRender_csv(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(strings.NewReader(render(t, sealing.FormatCSV))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(rows, [][]string{{"Access key ID", "Secret access key"}, {keyID, keyText}}) {
		t.Error("the CSV reader reads another credential")
	}
}

func TestRender_shell(t *testing.T) {
	t.Parallel()
	foreign.Require(t, "dash", "sh")
	const compare = `; test "$AWS_ACCESS_KEY_ID" = "$WANT_ID" && test "$AWS_SECRET_ACCESS_KEY" = "$WANT_SECRET"`
	for format, script := range map[sealing.Format]string{
		sealing.FormatDotenv: `. "$1"` + compare,
		sealing.FormatSecret: `AWS_ACCESS_KEY_ID=$WANT_ID AWS_SECRET_ACCESS_KEY=$(cat "$1")` + compare,
		sealing.FormatCSV: `AWS_ACCESS_KEY_ID=$(tail -n 1 "$1" | cut -d , -f 1) AWS_SECRET_ACCESS_KEY=$(tail -n 1 "$1" | cut -d , -f 2)` +
			compare,
	} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			path := plaintextFile(t, format)
			runShell(t, script, path, keyText, true)
			runShell(t, script, path, "another", false)
		})
	}
}

// runShell runs a script that compares what it reads from the file with the wanted secret.
func runShell(t *testing.T, script, path, want string, succeeds bool) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script, "sh", path)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "WANT_ID=" + keyID, "WANT_SECRET=" + want}
	if err := command.Run(); (err == nil) != succeeds {
		t.Errorf("the shell's comparison ends with %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, format := range sealing.Formats() {
		plaintext, err := format.Render(credential())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(plaintext.Reveal())
		f.Add("\ufeff" + strings.ReplaceAll(plaintext.Reveal(), "\n", "\r\n"))
	}
	for _, text := range []string{
		"", "\n", "{", `{"Version":1}`, "[", "[]", "[a]\n=", "=", "export =", "export AWS_ACCESS_KEY_ID='a'\nAWS_SECRET_ACCESS_KEY=\"b\"",
		"Access key ID,Secret access key\n,", "User name,Access key ID,Secret access key\na,b,c", "\"", "\"\n", "a,b\nc", "\xff",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := sealing.Parse(secret.New(text))
		if err != nil {
			if !errors.Is(err, sealing.ErrNoCredential) {
				t.Error("the error is not ErrNoCredential")
			}
			message := strings.TrimPrefix(err.Error(), sealing.ErrNoCredential.Error())
			if message != "" && message != ": it has more than 16384 bytes" {
				t.Error("the error shows the text")
			}
			if parsed != (sealing.Credential{}) {
				t.Error("a credential comes with the error")
			}
			return
		}
		for _, format := range sealing.Formats() {
			if format != sealing.FormatSecret && parsed.AccessKeyID == "" {
				continue
			}
			roundTrip(t, format, parsed)
		}
	})
}

// roundTrip fails the test unless Parse reads the rendering of c as c, without the id where the format has none.
func roundTrip(t *testing.T, format sealing.Format, c sealing.Credential) {
	t.Helper()
	plaintext, err := format.Render(c)
	if err != nil {
		t.Fatalf("%s: Render of what Parse gave: %v", format, err)
	}
	again, err := sealing.Parse(plaintext)
	if err != nil {
		t.Fatalf("%s: Parse of what Render gave: %v", format, err)
	}
	want := c.AccessKeyID
	if format == sealing.FormatSecret {
		want = ""
	}
	if again.AccessKeyID != want || again.Secret.Reveal() != c.Secret.Reveal() {
		t.Errorf("%s: the credential differs after a round trip", format)
	}
}
