package provider_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
)

// foreignKey is what a client that is not ours says of a key. Used is empty for a key that was never used.
type foreignKey struct {
	ID      string    `json:"id"`
	User    string    `json:"user"`
	Status  string    `json:"status"`
	Created time.Time `json:"created"`
	Used    string    `json:"used"`
	Service string    `json:"service"`
	Region  string    `json:"region"`
	Account string    `json:"account"`
}

// foreignClients return the keys of users, in the order that IAM lists them.
var foreignClients = map[string]func(t *testing.T, w *acctest.World, users []string) map[string][]foreignKey{
	"boto3":   boto3Keys,
	"AWS CLI": awsKeys,
}

// TestAccAudit_foreign compares the data sources, field by field, with what boto3 and the AWS CLI say of the same account.
func TestAccAudit_foreign(t *testing.T) {
	t.Parallel()
	for name, keysOf := range foreignClients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			users := []string{"ann", "bob", "eve"}
			for _, user := range users {
				w.Sim.CreateUser(user)
			}
			first, second := w.Sim.CreateAccessKey("ann"), w.Sim.CreateAccessKey("bob")
			w.Advance("40d")
			w.Sim.CreateAccessKey("ann") // never used
			w.Sim.SetLastUsed(first.AccessKeyID, w.Sim.Now(), "s3", "N/A")
			w.Advance("12h")
			w.Sim.SetLastUsed(second.AccessKeyID, w.Sim.Now(), "ses-smtp", "eu-west-1")
			w.Sim.SetStatus(second.AccessKeyID, "Inactive")
			w.Advance("10d13h")

			keys := keysOf(t, w, users)
			if len(keys["ann"]) != 2 || len(keys["bob"]) != 1 || len(keys["eve"]) != 0 {
				t.Fatalf("keys %+v", keys)
			}
			c := w.CLI(t)
			c.Write("main.tf", w.ProviderConfig()+auditConfig(keys))
			c.Apply()
			c.Want(0)
			for user, ofUser := range keys {
				wantAudited(t, w, c, user, ofUser)
			}
			wantListed(t, w, c, slices.Concat(keys["ann"], keys["bob"], keys["eve"]))
		})
	}
}

// auditConfig has each data source for each user and each key.
func auditConfig(keys map[string][]foreignKey) string {
	var users, ids []string
	for user, ofUser := range keys {
		users = append(users, user)
		for _, key := range ofUser {
			ids = append(ids, key.ID)
		}
	}
	block := func(dataSource, name, argument string, values []string) string {
		return fmt.Sprintf("data \"iamkeys_access_key_%s\" %q {\n  for_each = toset(%s)\n  %s = each.key\n}\n",
			dataSource, name, hclList(values), argument)
	}
	return block("age", "user", "user", users) + block("last_used", "user", "user", users) +
		block("age", "key", "access_key_id", ids) + block("last_used", "key", "access_key_id", ids) +
		block("owner", "key", "access_key_id", ids) + "data \"iamkeys_access_keys\" \"all\" {\n  users = " + hclList(users) + "\n}\n"
}

// hclList is a list of strings in HCL.
func hclList(values []string) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // strings always encode
	}
	return string(text)
}

// wantAudited compares each data source about a user, and about each key of the user, with a foreign client.
func wantAudited(t *testing.T, w *acctest.World, c *acctest.CLI, user string, keys []foreignKey) {
	t.Helper()
	ages, uses := []any{}, []any{}
	var oldestAge, oldestUse map[string]any
	for _, key := range keys {
		age, use := key.age(w.Sim.Now()), key.use(w.Sim.Now())
		ages = append(ages, age)
		uses = append(uses, with(use, map[string]any{"status": key.Status}))
		if key.Status == "Active" && oldestAge == nil {
			oldestAge, oldestUse = age, use
		}
		at := func(dataSource string) string {
			return fmt.Sprintf("data.iamkeys_access_key_%s.key[%q]", dataSource, key.ID)
		}
		wantData(t, c, at("age"), with(age, map[string]any{"user": key.User, "max_age": nil, "keys": nil}))
		wantData(t, c, at("last_used"), with(use, map[string]any{"user": key.User, "keys": nil}))
		wantData(t, c, at("owner"), map[string]any{
			"access_key_id": key.ID, "user": key.User, "account_id": key.Account, "same_account": true, "type": "long_term",
		})
	}
	if oldestAge == nil {
		oldestAge = map[string]any{
			"access_key_id": nil, "age_days": nil, "created_at": nil, "status": nil, "overdue": nil, "rotate_by": nil,
		}
		oldestUse = map[string]any{
			"access_key_id": nil, "never_used": nil, "last_used_at": nil, "days_since_last_used": nil, "service_name": nil, "region": nil,
		}
	}
	of := func(dataSource string) string {
		return fmt.Sprintf("data.iamkeys_access_key_%s.user[%q]", dataSource, user)
	}
	wantData(t, c, of("age"), with(oldestAge, map[string]any{"user": user, "max_age": nil, "keys": ages}))
	wantData(t, c, of("last_used"), with(oldestUse, map[string]any{"user": user, "keys": uses}))
}

// wantListed compares iamkeys_access_keys, as far as a foreign client has it, with the keys of all users: Active ones first, then the
// oldest.
func wantListed(t *testing.T, w *acctest.World, c *acctest.CLI, keys []foreignKey) {
	t.Helper()
	listed, ok := dataAttributes(t, c, "data.iamkeys_access_keys.all")["keys"].([]any)
	if !ok || len(listed) != len(keys) {
		t.Fatalf("keys %v", listed)
	}
	slices.SortStableFunc(keys, func(a, b foreignKey) int {
		return cmp.Or(cmp.Compare(a.Status, b.Status), a.Created.Compare(b.Created))
	})
	for i, key := range keys {
		got, ok := listed[i].(map[string]any)
		if !ok {
			t.Fatalf("key %v", listed[i])
		}
		want := with(key.use(w.Sim.Now()), map[string]any{
			"user": key.User, "status": key.Status, "created_at": key.Created.UTC().Format(time.RFC3339),
			"age_days": int(w.Sim.Now().Sub(key.Created).Hours()) / 24,
		})
		for _, name := range []string{"description", "user_arn", "user_path"} {
			want[name] = got[name]
		}
		if toJSON(t, got) != toJSON(t, want) {
			t.Errorf("got  %s\nwant %s", toJSON(t, got), toJSON(t, want))
		}
	}
}

// age is the key as iamkeys_access_key_age has it.
func (k foreignKey) age(now time.Time) map[string]any {
	return map[string]any{
		"access_key_id": k.ID, "age_days": int(now.Sub(k.Created).Hours()) / 24, "created_at": k.Created.UTC().Format(time.RFC3339),
		"status": k.Status, "overdue": nil, "rotate_by": nil,
	}
}

// use is the key as iamkeys_access_key_last_used has it.
func (k foreignKey) use(now time.Time) map[string]any {
	at, err := time.Parse(time.RFC3339, k.Used)
	if err != nil {
		return map[string]any{
			"access_key_id": k.ID, "never_used": true, "last_used_at": nil, "days_since_last_used": nil, "service_name": nil, "region": nil,
		}
	}
	return map[string]any{
		"access_key_id": k.ID, "never_used": false, "last_used_at": at.UTC().Format(time.RFC3339),
		"days_since_last_used": int(now.Sub(at).Hours()) / 24, "service_name": k.Service, "region": k.Region,
	}
}

func boto3Keys(t *testing.T, w *acctest.World, users []string) map[string][]foreignKey {
	t.Helper()
	foreign.RequireBoto3(t)
	var keys map[string][]foreignKey
	runForeign(t, w, &keys, foreign.Python, append([]string{filepath.Join("testdata", "boto3_audit.py")}, users...)...)
	return keys
}

func awsKeys(t *testing.T, w *acctest.World, users []string) map[string][]foreignKey {
	t.Helper()
	foreign.RequireAWS(t)
	run := func(out any, args ...string) {
		t.Helper()
		runForeign(t, w, out, foreign.AWS, append([]string{"--endpoint-url", w.Sim.URL(), "--output", "json"}, args...)...)
	}
	keys := map[string][]foreignKey{}
	for _, user := range users {
		keys[user] = nil
		var listed struct {
			AccessKeyMetadata []struct {
				AccessKeyId, Status string //nolint:revive,staticcheck // the names of the API
				CreateDate          time.Time
			}
		}
		run(&listed, "iam", "list-access-keys", "--user-name", user)
		for _, key := range listed.AccessKeyMetadata {
			var used struct {
				UserName          string
				AccessKeyLastUsed struct{ LastUsedDate, ServiceName, Region string }
			}
			run(&used, "iam", "get-access-key-last-used", "--access-key-id", key.AccessKeyId)
			var info struct{ Account string }
			run(&info, "sts", "get-access-key-info", "--access-key-id", key.AccessKeyId)
			keys[user] = append(keys[user], foreignKey{
				ID: key.AccessKeyId, User: used.UserName, Status: key.Status, Created: key.CreateDate,
				Used: used.AccessKeyLastUsed.LastUsedDate, Service: used.AccessKeyLastUsed.ServiceName,
				Region: used.AccessKeyLastUsed.Region, Account: info.Account,
			})
		}
	}
	return keys
}

// runForeign runs a client with the credentials of the simulator's administrator, and decodes its output.
func runForeign(t *testing.T, w *acctest.World, out any, path string, args ...string) {
	t.Helper()
	root := w.Sim.Root()
	foreign.JSON(t, out, foreign.Env(t, root.AccessKeyID, root.Secret.Reveal(), "AWS_DEFAULT_REGION=us-east-1", "SIM_URL="+w.Sim.URL()),
		path, args...)
}
