package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const (
	ownerAddress = "data.iamkeys_access_key_owner.test"
	// The example ids of AWS's documentation, which are of exampleAccount.
	exampleKey          = "AKIAIOSFODNN7EXAMPLE" //nolint:gosec // nobody has its secret
	exampleTemporaryKey = "ASIAIOSFODNN7EXAMPLE" //nolint:gosec // nobody has its secret
	exampleAccount      = "581039954779"
)

// ownerConfig is a configuration with one iamkeys_access_key_owner.
func ownerConfig(w *acctest.World, keyID string) string {
	return w.ProviderConfig() + fmt.Sprintf(`
data "iamkeys_access_key_owner" "test" {
  access_key_id = %q
}
`, keyID)
}

// owner is what the data source returns. A nil user or type is null.
func owner(keyID, account string, same bool, keyType, user any) map[string]any {
	return map[string]any{
		"access_key_id": keyID, "account_id": account, "same_account": same, "type": keyType, "user": user,
	}
}

func TestAccAccessKeyOwner_basic(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	key := w.Sim.CreateAccessKey("ci").AccessKeyID
	c := w.CLI(t)
	c.Write("main.tf", ownerConfig(w, key))
	w.ResetCalls()
	c.Plan()
	c.Want(0)
	if got, want := w.CallList(), []string{"GetAccessKeyInfo", "GetCallerIdentity", "GetAccessKeyLastUsed"}; !slices.Equal(got, want) {
		t.Errorf("calls of a plan: %q, want %q", got, want)
	}
	wantApplied(t, c, ownerAddress, owner(key, "123456789012", true, "long_term", "ci"))

	// Neither the status nor the age of the key matters, and a renamed user has the new name.
	w.Sim.SetStatus(key, "Inactive")
	w.Sim.RenameUser("ci", "deploy")
	w.Advance("400d")
	wantApplied(t, c, ownerAddress, owner(key, "123456789012", true, "long_term", "deploy"))
}

func TestAccAccessKeyOwner_otherAccount(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	c := w.CLI(t)
	c.Write("main.tf", ownerConfig(w, exampleKey))
	wantApplied(t, c, ownerAddress, owner(exampleKey, exampleAccount, false, "long_term", nil))
	if w.Calls("GetAccessKeyLastUsed") != 0 {
		t.Error("IAM was asked about a key of another account")
	}
}

// A key that was deleted, and one that never existed, have an account and no user.
func TestAccAccessKeyOwner_deleted(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	key := w.Sim.CreateAccessKey("ci").AccessKeyID
	w.Sim.DeleteAccessKey(key)
	c := w.CLI(t)
	c.Write("main.tf", ownerConfig(w, key))
	c.Apply()
	c.Want(0)
	wantOneWarning(t, c, ownerAddress, "User of an access key is unknown",
		"iam:GetAccessKeyLastUsed ("+key+"): AccessDenied", "Key "+key+" is one of account 123456789012, which the credentials belong to.",
		"AWS gives the same answer for a key that was deleted and without permission for iam:GetAccessKeyLastUsed on its user, so user is null.",
		"aws cloudtrail lookup-events --lookup-attributes AttributeKey=AccessKeyId,AttributeValue="+key)
	wantData(t, c, ownerAddress, owner(key, "123456789012", true, "long_term", nil))
	c.Plan()
	c.Want(0)
}

// TestAccAccessKeyOwner_noUser has the answers that leave no doubt: that of an emulator, and one that names no user.
func TestAccAccessKeyOwner_noUser(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		cause  string
	}{
		"NoSuchEntity": {
			http.StatusNotFound, `<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no such key</Message></Error></ErrorResponse>`,
			"iam:GetAccessKeyLastUsed (KEY): NoSuchEntity: no such key (HTTP 404) ",
		},
		"empty": {
			http.StatusOK, `<R><GetAccessKeyLastUsedResult><AccessKeyLastUsed><Region>N/A</Region><ServiceName>N/A</ServiceName>` +
				`</AccessKeyLastUsed></GetAccessKeyLastUsedResult></R>`, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			w.Sim.CreateUser("ci")
			key := w.Sim.CreateAccessKey("ci").AccessKeyID
			iam := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) {
				response.WriteHeader(test.status)
				_, _ = response.Write([]byte(test.body))
			}))
			t.Cleanup(iam.Close)
			c := w.CLI(t)
			c.Write("main.tf", strings.Replace(ownerConfig(w, key), w.Sim.URL(), iam.URL, 1)) // the first endpoint is that of IAM
			c.Apply()
			c.Want(0)
			wantOneWarning(t, c, ownerAddress, "User of an access key is unknown", strings.ReplaceAll(test.cause, "KEY", key),
				"Key "+key+" is one of account 123456789012, which the credentials belong to. No IAM user has it now: it was deleted, or is "+
					"that of the root user. So user is null.")
			wantData(t, c, ownerAddress, owner(key, "123456789012", true, "long_term", nil))
		})
	}
}

func TestAccAccessKeyOwner_temporary(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	c := w.CLI(t)
	own := strings.Replace(w.Sim.Root().AccessKeyID, "AKIA", "ASIA", 1)
	c.Write("main.tf", ownerConfig(w, own))
	wantApplied(t, c, ownerAddress, owner(own, "123456789012", true, "temporary", nil))
	c.Write("main.tf", ownerConfig(w, exampleTemporaryKey))
	wantApplied(t, c, ownerAddress, owner(exampleTemporaryKey, exampleAccount, false, "temporary", nil))
	c.Write("main.tf", ownerConfig(w, "ABIAIOSFODNN7EXAMPLE"))
	wantApplied(t, c, ownerAddress, owner("ABIAIOSFODNN7EXAMPLE", exampleAccount, false, nil, nil))
	if w.Calls("GetAccessKeyLastUsed") != 0 {
		t.Error("IAM was asked about temporary credentials")
	}
}

func TestAccAccessKeyOwner_denied(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	key := w.Sim.CreateAccessKey("ci").AccessKeyID
	c := w.CLI(t)
	c.Write("main.tf", ownerConfig(w, key))

	// Without iam:GetAccessKeyLastUsed the account is still known.
	w.Sim.Deny("admin", "iam:GetAccessKeyLastUsed")
	c.Apply()
	c.Want(0)
	wantOneWarning(t, c, ownerAddress, "User of an access key is unknown",
		"not authorized to perform: iam:GetAccessKeyLastUsed", "Allow iam:GetAccessKeyLastUsed on the user of key "+key,
		"AWS gives the same answer for a key that was deleted")
	wantData(t, c, ownerAddress, owner(key, "123456789012", true, "long_term", nil))

	w.Sim.Deny("admin", "sts:GetAccessKeyInfo")
	c.Plan()
	c.Want(1)
	wantOneError(t, c, ownerAddress, "Unable to look up the account of access key "+key,
		"not authorized to perform: sts:GetAccessKeyInfo", `Allow sts:GetAccessKeyInfo on "*"`)
}

func TestAccAccessKeyOwner_failures(t *testing.T) {
	t.Parallel()
	for action, summary := range map[string]string{
		"GetAccessKeyInfo":     "Unable to look up the account of access key KEY",
		"GetCallerIdentity":    "Unable to look up the account of the credentials",
		"GetAccessKeyLastUsed": "Unable to look up access key KEY",
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			w.Sim.CreateUser("ci")
			key := w.Sim.CreateAccessKey("ci").AccessKeyID
			w.Sim.AddFault(iamsim.Fault{Action: action, Kind: iamsim.Empty200})
			c := w.CLI(t)
			c.Write("main.tf", ownerConfig(w, key))
			c.Plan()
			c.Want(1)
			wantOneError(t, c, ownerAddress, strings.Replace(summary, "KEY", key, 1), "the answer lacks what AWS always sends")
		})
	}
}

func TestAccAccessKeyOwner_malformed(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("wJalrXUtnF", 4)
	w := acctest.New(t)
	c := w.CLI(t)
	for _, test := range []struct {
		id, summary string
		detail      []string
	}{
		{
			"AKIA-CURRENT-EXAMPLE", `Invalid access key id in access_key_id: "AKIA-CURRENT-EXAMPLE"`,
			[]string{"Set access_key_id to the id of an access key: at least 16 capital letters and digits, such as AKIAIOSFODNN7EXAMPLE."},
		},
		{"", `Invalid access key id in access_key_id: ""`, []string{"Set access_key_id to the id of an access key"}},
		{"akiaiosfodnn7example", `Invalid access key id in access_key_id: "akiaiosfodnn7example"`, []string{"capital letters"}},
		{" AKIAIOSFODNN7EXAMPLE\n", "White space around the access key id in access_key_id: AKIAIOSFODNN7EXAMPLE", []string{"trimspace()"}},
		{
			secret, "Invalid access key id in access_key_id",
			[]string{"The value has 40 characters and is not shown, since it may be a secret."},
		},
		{
			"AIDAIOSFODNN7EXAMPLE0", "Invalid access key id in access_key_id: AIDAIOSFODNN7EXAMPLE0",
			[]string{"By its first four letters it is the id of an IAM user.", "such as AKIAIOSFODNN7EXAMPLE"},
		},
		// Its form is right, but no key id of AWS has a 0.
		{
			nobodysKey, "AWS does not know access key " + nobodysKey,
			[]string{"ValidationError", "The id is mistyped, or the key was deleted", "Copy access_key_id again", "aws cloudtrail lookup-events"},
		},
	} {
		c.Write("main.tf", ownerConfig(w, test.id))
		w.ResetCalls()
		c.Plan()
		c.Want(1)
		wantOneError(t, c, ownerAddress, test.summary, test.detail...)
		if d := c.Diagnostics()[0]; strings.Contains(d.Summary+d.Detail, secret) {
			t.Error("the diagnostic shows what may be a secret")
		}
		if calls := w.Calls(); test.id != nobodysKey && calls != 0 {
			t.Errorf("%q: %d calls", test.id, calls)
		}
	}
}
